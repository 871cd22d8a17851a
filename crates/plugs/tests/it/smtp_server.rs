//! A small SMTP server that is strict with its client and misbehaves where its script says so.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// Where a script steps in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Rset,
    Mail,
    Rcpt,
    Data,
    /// When the first line of a message has arrived.
    Body,
    /// When the final dot has arrived.
    Dot,
    /// After the 250 to the final dot.
    Accepted,
}

/// What happens there instead of the right answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Do {
    Say(&'static str),
    SayAndClose(&'static str),
    /// Without a line end.
    SayHalfAndClose(&'static str),
    Close,
    /// Reads on and never answers.
    Hang,
    /// Stops reading too.
    Freeze,
}

#[derive(Clone, Default)]
pub struct Script {
    /// For the first connection, the second, ...; later ones behave.
    pub steps: Vec<Vec<(At, Do)>>,
    /// Lines of the EHLO answer; STARTTLS and its disappearance are added by the server.
    pub capabilities: Vec<&'static str>,
    pub starttls: bool,
    pub implicit_tls: bool,
    /// User name and password.
    pub account: Option<(&'static str, &'static str)>,
}

pub struct Received {
    pub from: String,
    pub to: String,
    pub data: String,
    pub login: bool,
    pub encrypted: bool,
}

#[derive(Default)]
pub struct Seen {
    pub connections: usize,
    pub open: usize,
    pub open_most: usize,
    pub messages: Vec<Received>,
    /// The verbs of each connection in their order.
    pub verbs: Vec<Vec<String>>,
    /// What a correct client never does.
    pub violations: Vec<String>,
}

pub struct SmtpServer {
    pub address: SocketAddr,
    pub seen: Arc<Mutex<Seen>>,
    /// Told about every connection that ends.
    pub ended: Arc<Notify>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub const AUTHORITY: &str = include_str!("fixtures/authority.pem");

impl SmtpServer {
    pub async fn start(script: Script) -> SmtpServer {
        let socket = TcpSocket::new_v4().unwrap();
        // A small window, so that a frozen server soon stops its client too.
        socket.set_recv_buffer_size(16 * 1_024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener: TcpListener = socket.listen(64).unwrap();
        let server = SmtpServer {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            ended: Arc::default(),
        };
        let (seen, ended) = (server.seen.clone(), server.ended.clone());
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.connections += 1;
                    seen.open += 1;
                    seen.open_most = seen.open_most.max(seen.open);
                    seen.verbs.push(Vec::new());
                    seen.connections - 1
                };
                let steps = script.steps.get(number).cloned().unwrap_or_default();
                let (seen, ended) = (seen.clone(), ended.clone());
                let connection = Connection { number, steps, script: script.clone(), seen: seen.clone() };
                tokio::spawn(async move {
                    connection.serve(Box::new(stream)).await;
                    seen.lock().unwrap().open -= 1;
                    ended.notify_one();
                });
            }
        });
        server
    }
}

struct Connection {
    number: usize,
    steps: Vec<(At, Do)>,
    script: Script,
    seen: Arc<Mutex<Seen>>,
}

/// The connection is over.
struct Over;

impl Connection {
    async fn serve(&self, stream: Box<dyn Stream>) {
        let mut stream = BufReader::new(stream);
        let mut encrypted = false;
        if self.script.implicit_tls {
            match acceptor().accept(stream.into_inner()).await {
                Ok(tls) => stream = BufReader::new(Box::new(tls) as Box<dyn Stream>),
                Err(_) => return,
            }
            encrypted = true;
        }
        if self.answer(&mut stream, At::Greeting, "220 relay.example ESMTP\r\n").await.is_err() {
            return;
        }
        loop {
            match self.dialogue(&mut stream, encrypted).await {
                Ok(true) => {
                    if !stream.buffer().is_empty() {
                        self.violation("spoke before the handshake");
                    }
                    match acceptor().accept(stream.into_inner()).await {
                        Ok(tls) => stream = BufReader::new(Box::new(tls) as Box<dyn Stream>),
                        Err(_) => return,
                    }
                    encrypted = true;
                }
                Ok(false) | Err(Over) => return,
            }
        }
    }

    /// Until the end, or until STARTTLS (`true`).
    async fn dialogue(&self, stream: &mut BufReader<Box<dyn Stream>>, encrypted: bool) -> Result<bool, Over> {
        let pipelining = self.script.capabilities.contains(&"PIPELINING");
        let (mut greeted, mut login) = (false, false);
        let (mut from, mut to): (Option<String>, Option<String>) = (None, None);
        loop {
            let line = read_line(stream).await?;
            let Some(line) = line.strip_suffix("\r\n") else {
                self.violation("a command that does not end in CRLF");
                return Err(Over);
            };
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            self.seen.lock().unwrap().verbs[self.number].push(verb.clone());
            let grouped = matches!(verb.as_str(), "RSET" | "MAIL" | "RCPT");
            let may_go_on = pipelining && grouped;
            if !stream.buffer().is_empty() && !may_go_on {
                self.violation(&format!("sent more after {verb} without waiting"));
            }
            if !greeted && verb != "EHLO" && verb != "QUIT" {
                self.violation(&format!("{verb} before EHLO"));
            }
            let out_of_order = "503 5.5.1 out of order\r\n";
            match verb.as_str() {
                "EHLO" => {
                    if line.len() < 6 {
                        self.violation("EHLO without a name");
                    }
                    greeted = true;
                    let mut lines = vec!["relay.example greets you".to_owned()];
                    lines.extend(self.script.capabilities.iter().map(|line| (*line).to_owned()));
                    if self.script.starttls && !encrypted {
                        lines.push("STARTTLS".to_owned());
                    }
                    let last = lines.len() - 1;
                    let answer: String = lines
                        .iter()
                        .enumerate()
                        .map(|(at, line)| format!("250{}{line}\r\n", if at == last { ' ' } else { '-' }))
                        .collect();
                    self.answer(stream, At::Ehlo, &answer).await?;
                }
                "STARTTLS" => {
                    self.answer(stream, At::StartTls, "220 2.0.0 go on\r\n").await?;
                    return Ok(true);
                }
                "AUTH" => {
                    let given = self.credentials(stream, line).await?;
                    login = self
                        .script
                        .account
                        .is_some_and(|(name, password)| given == format!("\0{name}\0{password}"));
                    let answer =
                        if login { "235 2.7.0 welcome\r\n" } else { "535 5.7.8 bad credentials\r\n" };
                    self.answer(stream, At::Auth, answer).await?;
                }
                "RSET" => {
                    (from, to) = (None, None);
                    self.answer(stream, At::Rset, "250 2.0.0 ok\r\n").await?;
                }
                "MAIL" => {
                    if from.is_some() {
                        self.violation("MAIL twice");
                    }
                    let spoken = self.answer(stream, At::Mail, "250 2.1.0 ok\r\n").await?;
                    from = spoken.then(|| path(line));
                }
                "RCPT" if from.is_none() => self.say(stream, out_of_order).await?,
                "RCPT" => {
                    let spoken = self.answer(stream, At::Rcpt, "250 2.1.5 ok\r\n").await?;
                    to = spoken.then(|| path(line));
                }
                "DATA" if to.is_none() => self.say(stream, "554 5.5.1 no valid recipients\r\n").await?,
                "DATA" => {
                    if !self.answer(stream, At::Data, "354 go on\r\n").await? {
                        continue;
                    }
                    let data = self.data(stream).await?;
                    let spoken = self.answer(stream, At::Dot, "250 2.0.0 Ok: queued as 4FxQ7z\r\n").await?;
                    if let (true, Some(from), Some(to)) = (spoken, from.take(), to.take()) {
                        self.seen.lock().unwrap().messages.push(Received {
                            from,
                            to,
                            data,
                            login,
                            encrypted,
                        });
                    }
                    (from, to) = (None, None);
                    self.answer(stream, At::Accepted, "").await?;
                }
                "QUIT" => {
                    self.say(stream, "221 2.0.0 bye\r\n").await?;
                    return Ok(false);
                }
                _ => {
                    self.violation(&format!("the verb {verb}"));
                    self.say(stream, "502 5.5.2 what\r\n").await?;
                }
            }
        }
    }

    async fn data(&self, stream: &mut BufReader<Box<dyn Stream>>) -> Result<String, Over> {
        let mut data = String::new();
        loop {
            let line = read_line(stream).await?;
            if !line.ends_with("\r\n")
                || line.trim_end_matches("\r\n").contains(['\r', '\n'])
                || line.len() > 1_000
            {
                self.violation("a line of the message that is too long or does not end in CRLF");
            }
            if line == ".\r\n" {
                return Ok(data);
            }
            if data.is_empty() {
                self.answer(stream, At::Body, "").await?;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }

    /// `\0name\0password`, whichever way they come.
    async fn credentials(&self, stream: &mut BufReader<Box<dyn Stream>>, line: &str) -> Result<String, Over> {
        use base64::Engine;
        let decode = |text: &str| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap_or_default();
            String::from_utf8(bytes).unwrap_or_default()
        };
        let mut words = line.split(' ').skip(1);
        match (words.next(), words.next()) {
            (Some("PLAIN"), Some(initial)) => Ok(decode(initial)),
            (Some("LOGIN"), None) => {
                self.say(stream, "334 VXNlcm5hbWU6\r\n").await?;
                let name = decode(&read_line(stream).await?);
                self.say(stream, "334 UGFzc3dvcmQ6\r\n").await?;
                let password = decode(&read_line(stream).await?);
                Ok(format!("\0{name}\0{password}"))
            }
            _ => {
                self.violation("an AUTH that was not offered");
                Ok(String::new())
            }
        }
    }

    /// Says `usual`, or does what the script has here. Whether the usual was said.
    async fn answer(
        &self,
        stream: &mut BufReader<Box<dyn Stream>>,
        at: At,
        usual: &str,
    ) -> Result<bool, Over> {
        match self.steps.iter().find(|(step, _)| *step == at).map(|(_, act)| *act) {
            None => {
                self.say(stream, usual).await?;
                Ok(true)
            }
            Some(Do::Say(line)) => {
                self.say(stream, &format!("{line}\r\n")).await?;
                Ok(false)
            }
            Some(Do::SayAndClose(line)) => {
                self.say(stream, &format!("{line}\r\n")).await?;
                let _ = stream.shutdown().await;
                drain(stream).await;
                Err(Over)
            }
            Some(Do::SayHalfAndClose(line)) => {
                self.say(stream, line).await?;
                Err(Over)
            }
            Some(Do::Close) => Err(Over),
            Some(Do::Hang) => {
                drain(stream).await;
                Err(Over)
            }
            Some(Do::Freeze) => std::future::pending().await,
        }
    }

    async fn say(&self, stream: &mut BufReader<Box<dyn Stream>>, line: &str) -> Result<(), Over> {
        stream.write_all(line.as_bytes()).await.map_err(|_| Over)?;
        stream.flush().await.map_err(|_| Over)
    }

    fn violation(&self, what: &str) {
        self.seen.lock().unwrap().violations.push(what.to_owned());
    }
}

async fn read_line(stream: &mut BufReader<Box<dyn Stream>>) -> Result<String, Over> {
    let mut line = Vec::new();
    match stream.read_until(b'\n', &mut line).await {
        Ok(1..) => String::from_utf8(line).map_err(|_| Over),
        _ => Err(Over),
    }
}

/// Until the client goes away.
async fn drain(stream: &mut BufReader<Box<dyn Stream>>) {
    let mut bytes = [0; 4_096];
    while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
}

fn path(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}

fn acceptor() -> TlsAcceptor {
    let certificates: Vec<CertificateDer> =
        CertificateDer::pem_slice_iter(include_bytes!("fixtures/localhost.pem"))
            .map(Result::unwrap)
            .collect();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/localhost_key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
