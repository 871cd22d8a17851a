//! Asks the machine's name servers for the records of a domain (RFC 1035): what a sending domain is checked by.
//!
//! A question goes to each server in turn over UDP, and over TCP where the answer is cut short; nothing is cached.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// For one server, by either way.
const SERVER_WAIT: Duration = Duration::from_secs(3);
/// What we take over UDP (RFC 6891; the size that no network on the way breaks into parts).
const UDP_BYTES_MAX: u16 = 1_232;
const RECORDS_MAX: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordType {
    Cname = 5,
    Mx = 15,
    Txt = 16,
}

/// Why there is no answer. An empty list is one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DnsError {
    #[error("this machine names no name server")]
    NoServer,
    #[error("no name server answered in time")]
    Silent,
    #[error("the name server could not answer (code {0})")]
    Refused(u8),
    #[error("the name is no host name")]
    BadName,
}

#[derive(Clone, Debug)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
}

impl Resolver {
    pub fn new(servers: Vec<SocketAddr>) -> Resolver {
        Resolver { servers }
    }

    /// The servers of `/etc/resolv.conf`.
    pub fn of_system() -> Resolver {
        let told = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Resolver::new(servers_of(&told))
    }

    /// The records of a name, as text: of TXT the strings joined, of CNAME the name, of MX the host. A name that
    /// does not exist has none.
    pub async fn lookup(&self, name: &str, kind: RecordType) -> Result<Vec<String>, DnsError> {
        let mut id = [0; 2];
        let random = ring::rand::SystemRandom::new();
        ring::rand::SecureRandom::fill(&random, &mut id).map_err(|_| DnsError::Silent)?;
        let question = question(u16::from_be_bytes(id), name, kind).ok_or(DnsError::BadName)?;
        let mut failed = DnsError::NoServer;
        for server in &self.servers {
            match timeout(SERVER_WAIT, ask(*server, &question, kind)).await {
                Ok(Ok(Ok(records))) => return Ok(records),
                Ok(Ok(Err(code))) => failed = DnsError::Refused(code),
                Ok(Err(_)) | Err(_) => failed = DnsError::Silent,
            }
        }
        Err(failed)
    }
}

fn servers_of(told: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
    };
    told.lines().filter_map(address).take(3).map(|ip| SocketAddr::new(ip, 53)).collect()
}

async fn ask(
    server: SocketAddr,
    question: &[u8],
    kind: RecordType,
) -> std::io::Result<Result<Vec<String>, u8>> {
    let unreadable = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let own: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; usize::from(UDP_BYTES_MAX) + 1];
    loop {
        let bytes = socket.recv(&mut answer).await?;
        // Something else than the answer to this question may come by: it is passed over.
        if bytes >= 12 && answer[..2] == question[..2] && answer[2] & 0x80 != 0 {
            answer.truncate(bytes);
            break;
        }
    }
    let is_cut = answer[2] & 0x02 != 0;
    if is_cut {
        let mut stream = TcpStream::connect(server).await?;
        stream.write_all(&(question.len() as u16).to_be_bytes()).await?;
        stream.write_all(question).await?;
        let mut length = [0; 2];
        stream.read_exact(&mut length).await?;
        answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).await?;
        if answer.len() < 12 || answer[..2] != question[..2] {
            return Err(unreadable());
        }
    }
    read(&answer, kind).ok_or_else(unreadable)
}

/// A question with room for large answers; `None` when the name is none.
fn question(id: u16, name: &str, kind: RecordType) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(64);
    out.extend(id.to_be_bytes());
    // Recursion is wanted; one question, and one additional record: EDNS.
    out.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.trim_end_matches('.').split('.') {
        let bytes = label.as_bytes();
        if !(1..=63).contains(&bytes.len()) || !bytes.is_ascii() {
            return None;
        }
        out.push(bytes.len() as u8);
        out.extend(bytes);
    }
    if out.len() > 12 + 254 {
        return None;
    }
    out.push(0);
    out.extend((kind as u16).to_be_bytes());
    out.extend([0, 1]);
    out.extend([0, 0, 41]);
    out.extend(UDP_BYTES_MAX.to_be_bytes());
    out.extend([0; 6]);
    Some(out)
}

/// The records of a kind in an answer, or the server's code of failure; `None` when it cannot be read.
fn read(answer: &[u8], kind: RecordType) -> Option<Result<Vec<String>, u8>> {
    let code = *answer.get(3)? & 0x0f;
    match code {
        0 => {}
        // No such name.
        3 => return Some(Ok(Vec::new())),
        code => return Some(Err(code)),
    }
    let number = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    let mut at = 12;
    for _ in 0..number(4)? {
        at = name_at(answer, at)?.1 + 4;
    }
    let mut records = Vec::new();
    for _ in 0..usize::from(number(6)?).min(RECORDS_MAX) {
        at = name_at(answer, at)?.1;
        let (found, length) = (number(at)?, usize::from(number(at + 8)?));
        let start = at + 10;
        let data = answer.get(start..start + length)?;
        at = start + length;
        if found != kind as u16 {
            continue;
        }
        records.push(match kind {
            RecordType::Txt => {
                let (mut text, mut rest) = (Vec::new(), data);
                while let Some((length, more)) = rest.split_first() {
                    text.extend(more.get(..usize::from(*length))?);
                    rest = &more[usize::from(*length)..];
                }
                String::from_utf8_lossy(&text).into_owned()
            }
            RecordType::Cname => name_at(answer, start)?.0,
            RecordType::Mx => name_at(answer, start + 2)?.0,
        });
    }
    Some(Ok(records))
}

/// The name that begins at a place, and where it ends there.
fn name_at(answer: &[u8], start: usize) -> Option<(String, usize)> {
    let (mut name, mut at, mut end) = (String::new(), start, None);
    // A pointer leads to what came before; one that does not would go on for ever.
    for _ in 0..128 {
        let length = usize::from(*answer.get(at)?);
        match length {
            0 => return Some((name, end.unwrap_or(at + 1))),
            1..64 => {
                let label = answer.get(at + 1..at + 1 + length)?;
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
                at += 1 + length;
            }
            192.. => {
                end.get_or_insert(at + 2);
                at = (length & 63) << 8 | usize::from(*answer.get(at + 1)?);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_as_the_standard_has_it() {
        let asked = question(0x1234, "a.shop.vn.", RecordType::Txt).unwrap();
        let expect = [
            &[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1][..],
            b"\x01a\x04shop\x02vn\0",
            &[0, 16, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        assert_eq!(asked, expect);
        for name in ["", "a..vn", "đào.vn", &"a".repeat(64), &"abcdefgh.".repeat(40)] {
            assert_eq!(question(1, name, RecordType::Txt), None, "{name}");
        }
    }

    /// An answer to `shop.vn` with records whose name is a pointer to the question's.
    fn answer(code: u8, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut out = vec![0, 1, 0x81, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0];
        out.extend(b"\x04shop\x02vn\0\0\x10\0\x01");
        for (kind, data) in records {
            out.extend([0xc0, 12]);
            out.extend(kind.to_be_bytes());
            out.extend([0, 1, 0, 0, 0, 60]);
            out.extend((data.len() as u16).to_be_bytes());
            out.extend(*data);
        }
        out
    }

    #[test]
    fn answers_are_read() {
        let txt = answer(0, &[(16, b"\x07v=spf1 \x04-all"), (5, b"\x01x\0"), (16, b"\x03abc")]);
        assert_eq!(read(&txt, RecordType::Txt), Some(Ok(vec!["v=spf1 -all".into(), "abc".into()])));
        let cname = answer(0, &[(5, b"\x04MAIL\xc0\x0c")]);
        assert_eq!(read(&cname, RecordType::Cname), Some(Ok(vec!["mail.shop.vn".into()])));
        let mx = answer(0, &[(15, b"\0\x0a\x02mx\xc0\x11")]);
        assert_eq!(read(&mx, RecordType::Mx), Some(Ok(vec!["mx.vn".into()])));
        assert_eq!(read(&answer(3, &[]), RecordType::Txt), Some(Ok(vec![])), "no such name");
        assert_eq!(read(&answer(2, &[]), RecordType::Txt), Some(Err(2)));
        // Cut off anywhere, or with a pointer in a circle, it is no answer and no panic.
        for length in 0..txt.len() {
            let _ = read(&txt[..length], RecordType::Txt);
        }
        let circle = answer(0, &[(5, b"\xc0\x25")]);
        assert_eq!(read(&circle, RecordType::Cname), None);
    }

    #[test]
    fn servers_come_from_the_systems_list() {
        let told = "# x\nsearch lan\nnameserver 10.0.0.1\nnameserver ::1\nnameserver nonsense\n";
        let servers = servers_of(told);
        assert_eq!(servers, ["10.0.0.1:53".parse().unwrap(), "[::1]:53".parse().unwrap()]);
    }

    #[tokio::test]
    async fn a_server_is_asked_over_udp_and_then_over_tcp() {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = udp.local_addr().unwrap();
        let tcp = tokio::net::TcpListener::bind(address).await.unwrap();
        let full = answer(0, &[(16, b"\x03yes")]);
        let served = tokio::spawn(async move {
            let mut asked = [0; 512];
            let (bytes, from) = udp.recv_from(&mut asked).await.unwrap();
            udp.send_to(b"noise", from).await.unwrap();
            let mut cut = asked[..bytes].to_vec();
            cut[2] = 0x83;
            udp.send_to(&cut, from).await.unwrap();
            let (mut stream, _) = tcp.accept().await.unwrap();
            let mut asked = vec![0; bytes + 2];
            stream.read_exact(&mut asked).await.unwrap();
            let mut reply = full;
            reply[..2].copy_from_slice(&asked[2..4]);
            stream.write_all(&(reply.len() as u16).to_be_bytes()).await.unwrap();
            stream.write_all(&reply).await.unwrap();
        });
        let resolver = Resolver::new(vec![address]);
        assert_eq!(resolver.lookup("shop.vn", RecordType::Txt).await, Ok(vec!["yes".to_owned()]));
        served.await.unwrap();
        assert_eq!(Resolver::new(vec![]).lookup("shop.vn", RecordType::Txt).await, Err(DnsError::NoServer));
    }
}
