//! The mailbox to which undeliverable mail returns, over IMAP.
//!
//! A visit reads what came since the last one, by the numbers that the server gives (UIDs), and marks what was taken
//! only when it is told that it is kept for good. Every step has a limit of time, so a server that hangs ends a visit
//! and nothing else.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_imap::{Client, Session, error};
use futures_util::TryStreamExt as _;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::returned::MAIL_BYTES_MAX;
use crate::channels::Problem;
use crate::channels::smtp::Security;
use crate::detail::quoted;
use crate::secret::{self, MASK};
use crate::{Egress, Secret, tls};

/// For a connection, a login, one answer.
const STEP_WAIT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailboxConfig {
    /// A host name, or an address.
    pub host: String,
    /// Commonly 993 with `tls`, 143 with `starttls`.
    #[serde(default = "MailboxConfig::port")]
    pub port: u16,
    #[serde(default = "MailboxConfig::security")]
    pub security: Security,
    pub username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    #[serde(default = "MailboxConfig::folder")]
    pub folder: String,
    /// Where mail goes that was taken; without it, it stays where it is, marked as read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_folder: Option<String>,
    /// Believe any certificate: for a server in one's own network.
    #[serde(default)]
    pub allow_invalid_certificates: bool,
    /// Further certificate authorities to believe, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificates_pem: Option<String>,
}

impl MailboxConfig {
    fn port() -> u16 {
        993
    }

    fn security() -> Security {
        Security::Tls
    }

    fn folder() -> String {
        "INBOX".to_owned()
    }

    fn trust(&self) -> tls::Trust<'_> {
        tls::Trust {
            authorities_pem: self.ca_certificates_pem.as_deref(),
            anything: self.allow_invalid_certificates,
        }
    }

    /// Everything that is wrong with the settings as they stand.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        if self.host.is_empty() || self.host.len() > 253 || !self.host.bytes().all(plain) {
            problem("host", "a host name or an address, without a scheme or a port");
        }
        if self.port == 0 {
            problem("port", "between 1 and 65535");
        }
        let is_name = |text: &str| (1..=250).contains(&text.len()) && !text.chars().any(char::is_control);
        if !is_name(&self.username) {
            problem("username", "the name by which the mailbox is opened");
        }
        match &self.password {
            None => {
                problem("password", "needed; it is asked for again when the host or the user name changes")
            }
            Some(password) if password.is_mask() => problem("password", "still masked: enter it"),
            Some(_) => {}
        }
        if self.security == Security::None && !crate::channels::smtp::is_nearby(&self.host) {
            problem(
                "security",
                "a password is only sent to another network when the connection is encrypted",
            );
        }
        if !is_name(&self.folder) {
            problem("folder", "the name of a folder; INBOX where mail arrives");
        }
        if self.done_folder.as_ref().is_some_and(|folder| !is_name(folder) || *folder == self.folder) {
            problem("done_folder", "the name of another folder");
        }
        if let Err(message) = tls::client_config(self.trust()) {
            problem("ca_certificates_pem", &message);
        }
        problems
    }

    /// The settings for people: a password that is set reads `***`.
    pub fn redacted(&self) -> MailboxConfig {
        MailboxConfig { password: self.password.as_ref().map(|_| Secret::new(MASK)), ..self.clone() }
    }

    /// These settings as an update of `stored`: the password does not follow to another server or name, or into the
    /// open.
    pub fn merged(mut self, stored: &MailboxConfig) -> MailboxConfig {
        let same = self.host.eq_ignore_ascii_case(&stored.host)
            && self.username == stored.username
            && (self.security == stored.security || self.security != Security::None)
            && (!self.allow_invalid_certificates || stored.allow_invalid_certificates)
            && self.ca_certificates_pem == stored.ca_certificates_pem;
        self.password = secret::merged(self.password, stored.password.as_ref().filter(|_| same));
        self
    }
}

/// How far a mailbox was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cursor {
    /// The server's name of this numbering; when it changes, all numbers do.
    pub validity: u32,
    /// Mail up to this number was looked at.
    pub uid: u32,
}

/// A mail as it lies in the mailbox.
pub struct Mail {
    pub uid: u32,
    /// Its first MiB.
    pub raw: Vec<u8>,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Wire for T {}

/// An open mailbox. Dropping it closes the connection.
pub struct Visit {
    session: Session<Box<dyn Wire>>,
    done_folder: Option<String>,
    can_move: bool,
    /// Numbers of the mail that was not yet looked at, the newest first.
    waiting: Vec<u32>,
    pub cursor: Cursor,
}

/// Opens the mailbox behind the guard and asks what came since the cursor. Errors: in words for the shop, without
/// secrets.
pub async fn open(config: &MailboxConfig, egress: &Egress, cursor: Cursor) -> Result<Visit, String> {
    let tls = TlsConnector::from(Arc::new(tls::client_config(config.trust())?));
    let host = config.host.trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned()).map_err(|_| "the host is no host name".to_owned())?;
    let stream = step("while connecting", dial(config, egress)).await?;
    let mut wire: Box<dyn Wire> = Box::new(stream);
    let unsafe_line =
        |_| "the server's certificate is not valid, or it speaks no TLS on this port".to_owned();
    if config.security == Security::Tls {
        let stream = step("while setting up encryption", async {
            tls.connect(name.clone(), wire).await.map_err(unsafe_line)
        });
        wire = Box::new(stream.await?);
    }
    let mut client = Client::new(wire);
    step("before its greeting", async {
        match client.read_response().await {
            Ok(Some(_)) => Ok(()),
            _ => Err("the server closed the connection before its greeting".to_owned()),
        }
    })
    .await?;
    if config.security == Security::Starttls {
        step("to STARTTLS", async { client.run_command_and_check_ok("STARTTLS", None).await.map_err(words) })
            .await?;
        let stream = step("while setting up encryption", async {
            tls.connect(name, client.into_inner()).await.map_err(unsafe_line)
        });
        client = Client::new(Box::new(stream.await?));
    }
    let password = config.password.as_ref().map_or("", |password| password.expose());
    let mut session = step("to the login", async {
        client.login(&config.username, password).await.map_err(|(error, _)| words(error))
    })
    .await?;
    let capabilities = step("to CAPABILITY", async { session.capabilities().await.map_err(words) }).await?;
    let can_move = capabilities.has_str("MOVE");
    let folder = step("to SELECT", async { session.select(&config.folder).await.map_err(words) }).await?;
    let validity = folder.uid_validity.ok_or("the server numbers no mail (UIDVALIDITY)")?;
    // Another numbering: everything is looked at anew, and what was taken before counts once by its name.
    let cursor = if cursor.validity == validity { cursor } else { Cursor { validity, uid: 0 } };
    let query = format!("UID {}:* UNDELETED", cursor.uid.saturating_add(1));
    let found = step("to SEARCH", async { session.uid_search(&query).await.map_err(words) }).await?;
    // `n:*` names the newest mail even when its number is lower.
    let mut waiting: Vec<u32> = found.into_iter().filter(|uid| *uid > cursor.uid).collect();
    waiting.sort_unstable_by(|a, b| b.cmp(a));
    Ok(Visit { session, done_folder: config.done_folder.clone(), can_move, waiting, cursor })
}

impl Visit {
    /// How many mails are waiting.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The oldest mail that was not yet looked at. One that is gone by now is passed over.
    pub async fn next(&mut self) -> Result<Option<Mail>, String> {
        while let Some(uid) = self.waiting.pop() {
            let session = &mut self.session;
            let fetched = step("to FETCH", async {
                let items = format!("(UID BODY.PEEK[]<0.{MAIL_BYTES_MAX}>)");
                let stream = session.uid_fetch(uid.to_string(), items).await.map_err(words)?;
                stream.try_collect::<Vec<_>>().await.map_err(words)
            })
            .await?;
            self.cursor.uid = uid;
            let raw = fetched.iter().filter(|mail| mail.uid == Some(uid)).find_map(|mail| mail.body());
            if let Some(raw) = raw {
                return Ok(Some(Mail { uid, raw: raw.to_vec() }));
            }
        }
        Ok(None)
    }

    /// Marks mail that is kept for good now.
    pub async fn done(&mut self, uids: &[u32]) -> Result<(), String> {
        if uids.is_empty() {
            return Ok(());
        }
        let set = uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let session = &mut self.session;
        let flags = if self.done_folder.is_some() && !self.can_move {
            r"+FLAGS.SILENT (\Seen \Deleted)"
        } else {
            r"+FLAGS.SILENT (\Seen)"
        };
        if let (Some(folder), false) = (&self.done_folder, self.can_move) {
            step("to COPY", async { session.uid_copy(&set, folder).await.map_err(words) }).await?;
        }
        step("to STORE", async {
            let stream = session.uid_store(&set, flags).await.map_err(words)?;
            stream.try_collect::<Vec<_>>().await.map_err(words)
        })
        .await?;
        if let (Some(folder), true) = (&self.done_folder, self.can_move) {
            step("to MOVE", async { session.uid_mv(&set, folder).await.map_err(words) }).await?;
        }
        Ok(())
    }

    /// Says goodbye. A server that does not answer is left alone.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_secs(5), self.session.logout()).await;
    }
}

async fn dial(config: &MailboxConfig, egress: &Egress) -> Result<TcpStream, String> {
    let addresses = egress.resolve(&config.host, config.port).await.map_err(|error| error.to_string())?;
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
    }
    Err(format!("no connection to {}:{}", config.host, config.port))
}

async fn step<T>(when: &str, doing: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match timeout(STEP_WAIT, doing).await {
        Ok(done) => done,
        Err(_) => Err(format!("the server did not answer in time {when}")),
    }
}

/// The other side's words, without addresses.
fn words(error: error::Error) -> String {
    match error {
        error::Error::No(said) => quoted(&format!("the server said no: {said}")),
        error::Error::Bad(said) => quoted(&format!("the server did not understand: {said}")),
        error::Error::ConnectionLost | error::Error::Io(_) => {
            "the connection to the mailbox broke".to_owned()
        }
        _ => "the server said something that is not IMAP".to_owned(),
    }
}
