use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::config::{Security, SmtpConfig};
use super::wire::{self, Capabilities, Reply, Stage, judged};
use crate::email::Composed;
use crate::{Egress, EgressError, Outcome, RejectClass, RetryClass};

/// How far one attempt got, readable from outside when its deadline cuts it off.
#[derive(Default)]
pub(super) struct Progress {
    stage: AtomicU8,
    /// Whether the server has said anything since this attempt began.
    heard: AtomicBool,
}

impl Progress {
    pub fn reached(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    pub fn stage(&self) -> Stage {
        Stage::from_u8(self.stage.load(Ordering::Relaxed))
    }

    fn heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// What silence means at this stage.
    pub fn silent(&self) -> Outcome {
        let stage = self.stage();
        let detail = format!("no answer {} in time", stage.words());
        if stage == Stage::Reply {
            // The server has the whole message and may still deliver it: a second copy is worse than a question.
            return Outcome::Unknown { detail };
        }
        Outcome::Retry { class: RetryClass::Timeout, after_ms: None, detail }
    }

    /// What the loss of the connection means at this stage.
    ///
    /// After the final dot, with no reply at all: the server has not taken responsibility, and the client has to
    /// keep the message and try again (RFC 5321, sections 4.2.5 and 6.1). In the rare case that it did keep it, the
    /// second copy has the same Message-ID. Once a part of a positive reply arrived, it is as good as accepted.
    fn lost(&self, broken: &Broken) -> Outcome {
        let stage = self.stage();
        let detail = match broken {
            Broken::Closed { .. } => format!("the server closed the connection {}", stage.words()),
            Broken::Failed(kind) => format!("the connection broke {}: {kind}", stage.words()),
            Broken::Garbled => format!("the server sent something that is not SMTP {}", stage.words()),
        };
        match broken {
            Broken::Garbled | Broken::Closed { partial: true } if stage == Stage::Reply => {
                Outcome::Unknown { detail }
            }
            _ => Outcome::Retry { class: RetryClass::Network, after_ms: None, detail },
        }
    }
}

/// Why no reply could be read, or nothing be written.
#[derive(Debug)]
enum Broken {
    /// By the server; `partial` when the beginning of a reply had arrived.
    Closed {
        partial: bool,
    },
    Failed(io::ErrorKind),
    Garbled,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // TLS reports an end without its own farewell like this.
            io::ErrorKind::UnexpectedEof => Broken::Closed { partial: false },
            kind => Broken::Failed(kind),
        }
    }
}

/// How the transaction on a connection ended.
pub(super) enum Sent {
    /// With an outcome; `reusable` when the connection can carry another message.
    Done { outcome: Outcome, reusable: bool },
    /// The connection, kept from before, was dead already: the server said nothing but a farewell to it, and no part
    /// of the message was written.
    Stale,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Apart, so that the server can be heard while a message is written.
type Halves = (ReadHalf<Box<dyn Stream>>, WriteHalf<Box<dyn Stream>>);

/// Replies are short; a server that goes on and on has a fault.
const REPLY_BYTES_MAX: usize = 64 * 1_024;

/// A connection that has said hello and, where asked to, logged in.
pub(super) struct Session {
    // None only while STARTTLS swaps the stream.
    halves: Option<Halves>,
    /// Bytes read and not yet part of a reply.
    unread: Vec<u8>,
    capabilities: Capabilities,
    command_timeout: Duration,
    /// Messages sent over it, the refused ones included.
    pub carried: u32,
    /// `TLSv1_3` and the like; `None` without encryption.
    pub encryption: Option<String>,
}

/// What a connection is made from.
pub(super) struct Connector {
    pub config: SmtpConfig,
    pub egress: Egress,
    pub tls: Arc<ClientConfig>,
}

impl Connector {
    /// Connects, encrypts and logs in as the settings say. The error is the outcome for the message that wanted it.
    pub async fn connect(&self, progress: &Progress) -> Result<Session, Outcome> {
        progress.reached(Stage::Connection);
        let config = &self.config;
        let connect_timeout = Duration::from_millis(config.timeouts.connect_ms);
        let stream = match timeout(connect_timeout, self.dial()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(outcome)) => return Err(outcome),
            Err(_) => return Err(progress.silent()),
        };
        let hello = config
            .hello_name
            .clone()
            .unwrap_or_else(|| stream.local_addr().map_or_else(|_| "localhost".into(), address_literal));
        let mut session = Session::over(Box::new(stream), Duration::from_millis(config.timeouts.command_ms));
        if config.security == Security::Tls {
            session.encrypt(self, progress).await?;
        }
        progress.reached(Stage::Greeting);
        let greeting = session.reply(progress).await?;
        if !greeting.is_positive() {
            return Err(judged(Stage::Greeting, &greeting));
        }
        session.hello(&hello, progress).await?;
        if config.security == Security::Starttls {
            if !session.capabilities.starttls {
                let detail = "the server offers no encryption (STARTTLS) on this port".to_owned();
                return Err(Outcome::Misconfigured { detail });
            }
            progress.reached(Stage::Tls);
            let reply = session.command("STARTTLS\r\n", progress).await?;
            if !reply.is_positive() {
                return Err(judged(Stage::Tls, &reply));
            }
            // Whatever came before the handshake was not protected by it: somebody on the way may have put it there.
            if !session.unread.is_empty() {
                let detail = "the server spoke on before the encryption began".to_owned();
                return Err(Outcome::Misconfigured { detail });
            }
            session.encrypt(self, progress).await?;
            session.hello(&hello, progress).await?;
        }
        if let (Some(username), Some(password)) = (&config.username, &config.password) {
            session.login(username, password.expose(), progress).await?;
        }
        Ok(session)
    }

    /// A TCP connection to one of the addresses that are allowed, tried in order.
    async fn dial(&self) -> Result<TcpStream, Outcome> {
        let SmtpConfig { host, port, .. } = &self.config;
        let network = |detail| Outcome::Retry { class: RetryClass::Network, after_ms: None, detail };
        let addresses = self.egress.resolve(host, *port).await.map_err(|error| match error {
            EgressError::Unresolved { .. } => network(error.to_string()),
            EgressError::Private { .. } | EgressError::Special { .. } => {
                Outcome::Misconfigured { detail: error.to_string() }
            }
        })?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // The final dot is a write of its own and must not wait for the message's acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = Some(error.kind()),
            }
        }
        let why = last.map_or_else(String::new, |kind| format!(": {kind}"));
        Err(network(format!("no connection to {host}:{port}{why}")))
    }
}

/// The name of a host without one (RFC 5321, section 4.1.3).
fn address_literal(address: SocketAddr) -> String {
    match address.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => format!("[{ip}]"),
        std::net::IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}

impl Session {
    fn over(stream: Box<dyn Stream>, command_timeout: Duration) -> Session {
        Session {
            halves: Some(tokio::io::split(stream)),
            unread: Vec::new(),
            capabilities: Capabilities::default(),
            command_timeout,
            carried: 0,
            encryption: None,
        }
    }

    /// Puts TLS over the stream, for the name in the settings and not for the address that was dialled.
    async fn encrypt(&mut self, connector: &Connector, progress: &Progress) -> Result<(), Outcome> {
        progress.reached(Stage::Tls);
        let misconfigured = |detail: String| Outcome::Misconfigured { detail };
        let host = connector.config.host.trim_end_matches('.');
        let host =
            crate::egress::literal(host).map_or_else(|| host.to_owned(), |address| address.to_string());
        let name = ServerName::try_from(host)
            .map_err(|_| misconfigured("the host is no name for TLS".to_owned()))?;
        let Some((reader, writer)) = self.halves.take() else {
            return Err(progress.lost(&Broken::Closed { partial: false }));
        };
        let handshake = TlsConnector::from(connector.tls.clone()).connect(name, reader.unsplit(writer));
        match timeout(Duration::from_millis(connector.config.timeouts.connect_ms), handshake).await {
            Err(_) => Err(progress.silent()),
            Ok(Err(error)) => {
                Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                    Some(error) => misconfigured(format!("no encrypted connection: {error}")),
                    None => progress.lost(&error.into()),
                })
            }
            Ok(Ok(stream)) => {
                self.encryption = stream.get_ref().1.protocol_version().map(|version| format!("{version:?}"));
                self.halves = Some(tokio::io::split(Box::new(stream)));
                Ok(())
            }
        }
    }

    async fn hello(&mut self, name: &str, progress: &Progress) -> Result<(), Outcome> {
        progress.reached(Stage::Hello);
        let reply = self.command(&format!("EHLO {name}\r\n"), progress).await?;
        if !reply.is_positive() {
            return Err(judged(Stage::Hello, &reply));
        }
        self.capabilities = Capabilities::of(&reply);
        Ok(())
    }

    /// AUTH PLAIN (RFC 4616), or LOGIN where the server has nothing better.
    async fn login(&mut self, username: &str, password: &str, progress: &Progress) -> Result<(), Outcome> {
        progress.reached(Stage::Auth);
        let mut lines = if self.capabilities.auth_plain {
            vec![format!("AUTH PLAIN {}\r\n", STANDARD.encode(format!("\0{username}\0{password}")))]
        } else if self.capabilities.auth_login {
            vec![
                "AUTH LOGIN\r\n".to_owned(),
                format!("{}\r\n", STANDARD.encode(username)),
                format!("{}\r\n", STANDARD.encode(password)),
            ]
        } else {
            let detail = "the server offers no login with a password on this connection".to_owned();
            return Err(Outcome::Misconfigured { detail });
        }
        .into_iter();
        while let Some(line) = lines.next() {
            let reply = self.command(&line, progress).await?;
            match (reply.code, lines.len()) {
                (200..300, _) => return Ok(()),
                (334, 1..) => {}
                (300..400, _) => {
                    return Err(Outcome::Misconfigured {
                        detail: "the server asks for another kind of login".into(),
                    });
                }
                _ => return Err(judged(Stage::Auth, &reply)),
            }
        }
        Err(Outcome::Misconfigured { detail: "the login did not come to an end".into() })
    }

    /// One message. `reused`: the connection has carried another one before, and may have died since.
    pub async fn send(
        &mut self,
        mail: &Composed,
        reused: bool,
        config: &SmtpConfig,
        progress: &Progress,
    ) -> Sent {
        progress.heard.store(false, Ordering::Relaxed);
        self.carried += 1;
        match self.envelope(mail, reused, progress).await {
            Ok(()) => {}
            Err(Refusal::Spoken(outcome)) => return Sent::Done { outcome, reusable: true },
            Err(Refusal::Final(outcome)) => return Sent::Done { outcome, reusable: false },
            Err(Refusal::Dead) if reused => return Sent::Stale,
            Err(Refusal::Dead) => {
                let outcome = progress.lost(&Broken::Closed { partial: false });
                return Sent::Done { outcome, reusable: false };
            }
        }
        progress.reached(Stage::Body);
        let body = wire::stuffed(&mail.message);
        match timeout(Duration::from_millis(config.timeouts.body_ms), self.write_watching(&body)).await {
            Ok(Ok(())) => {}
            // It did not wait for the end: a refusal, whose words matter, or a breakdown. Nothing is accepted
            // before the final dot, and after this the two sides no longer agree on where they are.
            Ok(Err(Interruption::Spoke)) => {
                let outcome = match self.reply(progress).await {
                    Ok(reply) if reply.code >= 400 => judged(Stage::Body, &reply),
                    Ok(_) => progress.lost(&Broken::Garbled),
                    Err(outcome) => outcome,
                };
                return Sent::Done { outcome, reusable: false };
            }
            Ok(Err(Interruption::Broke(broken))) => {
                return Sent::Done { outcome: progress.lost(&broken), reusable: false };
            }
            Err(_) => return Sent::Done { outcome: progress.silent(), reusable: false },
        }
        progress.reached(Stage::Reply);
        if let Err(broken) = self.write(b".\r\n").await {
            return Sent::Done { outcome: progress.lost(&broken), reusable: false };
        }
        match timeout(Duration::from_millis(config.timeouts.reply_ms), self.read_reply()).await {
            Ok(Ok(reply)) => Sent::Done {
                outcome: judged(Stage::Reply, &reply),
                reusable: reply.code != 421 && reply.code != 354,
            },
            Ok(Err(broken)) => Sent::Done { outcome: progress.lost(&broken), reusable: false },
            Err(_) => Sent::Done { outcome: progress.silent(), reusable: false },
        }
    }

    /// Everything up to the server's 354. In one go where it allows that (PIPELINING, RFC 2920): one round trip
    /// instead of three or four.
    async fn envelope(&mut self, mail: &Composed, reused: bool, progress: &Progress) -> Result<(), Refusal> {
        let invalid = |detail: &str| {
            let detail = detail.to_owned();
            Refusal::Spoken(Outcome::Rejected { class: RejectClass::Invalid, detail })
        };
        let mut parameters = String::new();
        if mail.needs_utf8() {
            if !self.capabilities.smtputf8 || !self.capabilities.eight_bit {
                return Err(invalid("the relay can't send to an address with letters beyond ASCII"));
            }
            parameters.push_str(" BODY=8BITMIME SMTPUTF8");
        }
        if let Some(size_max) = self.capabilities.size_max {
            if size_max > 0 && mail.message.len() as u64 > size_max {
                let detail = format!("the relay takes messages of at most {size_max} bytes");
                let class = RejectClass::TooLarge;
                return Err(Refusal::Spoken(Outcome::Rejected { class, detail }));
            }
            parameters.push_str(&format!(" SIZE={}", mail.message.len()));
        }
        let mut commands: Vec<(Stage, String)> = vec![
            (Stage::Mail, format!("MAIL FROM:<{}>{parameters}\r\n", mail.return_path)),
            (Stage::Rcpt, format!("RCPT TO:<{}>\r\n", mail.recipient)),
            (Stage::Data, "DATA\r\n".to_owned()),
        ];
        if reused {
            commands.insert(0, (Stage::Hello, "RSET\r\n".to_owned()));
        }
        let together = self.capabilities.pipelining;
        if together {
            let all: String = commands.iter().map(|(_, line)| line.as_str()).collect();
            progress.reached(commands[0].0);
            self.write(all.as_bytes()).await.map_err(|broken| self.gone(&broken, progress))?;
        }
        let mut refused = None;
        for (stage, line) in &commands {
            progress.reached(*stage);
            if !together {
                self.write(line.as_bytes()).await.map_err(|broken| self.gone(&broken, progress))?;
            }
            let reply = match timeout(self.command_timeout, self.read_reply()).await {
                Ok(Ok(reply)) => reply,
                Ok(Err(broken)) => return Err(refused.unwrap_or_else(|| self.gone(&broken, progress))),
                Err(_) => return Err(refused.unwrap_or_else(|| Refusal::Final(progress.silent()))),
            };
            // A farewell in answer to the first command was for the idle connection, not for the message.
            if reply.code == 421 && !progress.heard() && reused {
                return Err(Refusal::Dead);
            }
            progress.heard.store(true, Ordering::Relaxed);
            let welcome = match stage {
                Stage::Data => reply.code == 354,
                _ => reply.is_positive(),
            };
            match (&refused, welcome) {
                (None, true) => {}
                (None, false) if reply.code == 421 => return Err(Refusal::Final(judged(*stage, &reply))),
                // A connection that refuses RSET is of no use, and its answer is not about this message.
                (None, false) if *stage == Stage::Hello => return Err(Refusal::Dead),
                (None, false) if together => refused = Some(Refusal::Spoken(judged(*stage, &reply))),
                (None, false) => return Err(Refusal::Spoken(judged(*stage, &reply))),
                // Only the replies to what was sent ahead are left to read. A server that wants the data of a
                // message without a recipient gets none of it: the connection is closed instead.
                (Some(Refusal::Spoken(outcome)), true) if *stage == Stage::Data => {
                    return Err(Refusal::Final(outcome.clone()));
                }
                (Some(_), _) => {}
            }
        }
        refused.map_or(Ok(()), Err)
    }

    fn gone(&self, broken: &Broken, progress: &Progress) -> Refusal {
        if progress.heard() || matches!(broken, Broken::Garbled) {
            Refusal::Final(progress.lost(broken))
        } else {
            Refusal::Dead
        }
    }

    /// Whether every word of the server was asked for; after an unasked one, answers would no longer fit questions.
    pub fn is_in_step(&self) -> bool {
        self.unread.is_empty()
    }

    /// Says goodbye without waiting for the answer.
    pub async fn quit(mut self) {
        let patience = self.command_timeout.min(Duration::from_secs(1));
        let farewell = async {
            let _ = self.write(b"QUIT\r\n").await;
            if let Some((_, writer)) = &mut self.halves {
                let _ = writer.shutdown().await;
            }
        };
        let _ = timeout(patience, farewell).await;
    }

    async fn command(&mut self, line: &str, progress: &Progress) -> Result<Reply, Outcome> {
        self.write(line.as_bytes()).await.map_err(|broken| progress.lost(&broken))?;
        self.reply(progress).await
    }

    async fn reply(&mut self, progress: &Progress) -> Result<Reply, Outcome> {
        match timeout(self.command_timeout, self.read_reply()).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(broken)) => Err(progress.lost(&broken)),
            Err(_) => Err(progress.silent()),
        }
    }

    async fn read_reply(&mut self) -> Result<Reply, Broken> {
        let mut reply = Reply::default();
        let mut bytes = 0;
        loop {
            while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                bytes += line.len();
                let line = String::from_utf8_lossy(&line);
                let (code, more, text) = wire::reply_line(line.trim_end()).ok_or(Broken::Garbled)?;
                if !reply.lines.is_empty() && code != reply.code {
                    return Err(Broken::Garbled);
                }
                reply.code = code;
                reply.lines.push(text.to_owned());
                if !more {
                    return Ok(reply);
                }
            }
            if bytes + self.unread.len() > REPLY_BYTES_MAX {
                return Err(Broken::Garbled);
            }
            let (reader, _) = self.halves.as_mut().ok_or(Broken::Closed { partial: false })?;
            // Only the beginning of a yes makes a difference, see `Progress::lost`.
            let partial = reply.code / 100 == 2 || self.unread.first() == Some(&b'2');
            match reader.read_buf(&mut self.unread).await {
                Ok(1..) => {}
                Ok(0) => return Err(Broken::Closed { partial }),
                Err(_) if partial => return Err(Broken::Closed { partial }),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let (_, writer) = self.halves.as_mut().ok_or(Broken::Closed { partial: false })?;
        let write = async {
            writer.write_all(bytes).await?;
            writer.flush().await
        };
        // Commands are small: a socket that does not even take them is as good as broken.
        match timeout(self.command_timeout, write).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(Broken::Failed(io::ErrorKind::TimedOut)),
        }
    }

    /// Writes `bytes`, and stops as soon as the server says something or goes away.
    async fn write_watching(&mut self, bytes: &[u8]) -> Result<(), Interruption> {
        let closed = || Interruption::Broke(Broken::Closed { partial: false });
        if !self.unread.is_empty() {
            return Err(Interruption::Spoke);
        }
        let (reader, writer) = self.halves.as_mut().ok_or_else(closed)?;
        let mut rest = bytes;
        loop {
            let done = rest.is_empty();
            let wrote =
                async { if done { writer.flush().await.map(|()| 0) } else { writer.write(rest).await } };
            tokio::select! {
                biased;
                read = reader.read_buf(&mut self.unread) => return Err(match read {
                    Ok(1..) => Interruption::Spoke,
                    Ok(0) => closed(),
                    Err(error) => Interruption::Broke(error.into()),
                }),
                wrote = wrote => match wrote {
                    Ok(_) if done => return Ok(()),
                    Ok(0) => return Err(closed()),
                    Ok(count) => rest = &rest[count..],
                    // What the server said before it closed may be there to read.
                    Err(error) => return Err(match reader.read_buf(&mut self.unread).await {
                        Ok(1..) => Interruption::Spoke,
                        _ => Interruption::Broke(error.into()),
                    }),
                },
            }
        }
    }
}

/// Why the envelope led to no 354.
enum Refusal {
    /// By a reply; the connection is in order.
    Spoken(Outcome),
    /// The connection is of no further use.
    Final(Outcome),
    /// The connection ended before the server said a word about this message.
    Dead,
}

enum Interruption {
    Spoke,
    Broke(Broken),
}
