//! An e-mail as bytes: MIME, headers and signature, without any sending. Pure: the same delivery gives the same bytes.

mod dkim;
mod key;
pub mod mailbox;
pub mod returned;
pub(crate) mod status;

use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{Date, HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use sha2::{Digest, Sha256};

pub use dkim::DkimSigner;
pub use key::DkimKey;

use crate::{Delivery, EmailContent};

/// A composed e-mail with its envelope.
#[derive(Clone)]
pub struct Composed {
    /// The envelope sender; empty for the null sender.
    pub return_path: String,
    pub recipient: String,
    /// Headers, an empty line and the body; lines end in CRLF. Dots are not yet stuffed.
    pub message: Vec<u8>,
}

impl Composed {
    /// Whether the envelope or the message needs SMTPUTF8 (RFC 6531): only an address with a local part beyond
    /// ASCII does, everything else is encoded.
    pub fn needs_utf8(&self) -> bool {
        !self.return_path.is_ascii() || !self.recipient.is_ascii() || !self.message.is_ascii()
    }
}

/// Headers that the message sets itself, or that would change who gets it or how it is read.
const OWN_HEADERS: [&str; 16] = [
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "dkim-signature",
    "return-path",
    "received",
];

/// Composes `content` for `delivery.to`: `multipart/alternative` when there is HTML, plain text otherwise.
/// Errors say, without quoting it, which part can't be sent as it is: a malformed address, a header that is not
/// allowed or holds a line break, a signature that fails.
pub fn compose(
    delivery: &Delivery,
    content: &EmailContent,
    dkim: Option<&DkimSigner>,
) -> Result<Composed, String> {
    let from = address("the sender's address", &content.from.address)?;
    let to = address("the recipient's address", &delivery.to)?;
    let return_path = match content.return_path.as_deref() {
        Some("") => None,
        Some(path) => Some(address("the return path", path)?),
        None => Some(from.clone()),
    };
    if content.message_id.is_empty()
        || !content.message_id.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b))
    {
        return Err("the message id is not one word of ASCII".to_owned());
    }
    let date_s = u64::try_from(content.date_ms / 1_000).map_err(|_| "the date lies before 1970")?;
    let envelope = Envelope::new(return_path.clone(), vec![to.clone()]).map_err(|error| error.to_string())?;
    let mut builder = Message::builder()
        .envelope(envelope)
        .header(Date::new(SystemTime::UNIX_EPOCH + Duration::from_secs(date_s)))
        .from(Mailbox::new(display_name(Some(&content.from.name)), from))
        .to(Mailbox::new(display_name(content.to_name.as_deref()), to.clone()))
        .subject(one_line(&content.subject))
        .header(MessageId::from(format!("<{}>", content.message_id)));
    if let Some(reply_to) = &content.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address("the reply address", reply_to)?));
    }
    for (name, value) in &content.headers {
        builder = builder.raw_header(header(name, value)?);
    }
    let message = match &content.html {
        Some(html) => builder.multipart(
            MultiPart::alternative()
                .boundary(boundary(&delivery.key))
                .singlepart(SinglePart::plain(with_crlf(&content.text)))
                .singlepart(SinglePart::html(with_crlf(html))),
        ),
        None => builder.singlepart(SinglePart::plain(with_crlf(&content.text))),
    };
    let mut message = message.map_err(|error| error.to_string())?.formatted();
    if let Some(dkim) = dkim {
        let text = std::str::from_utf8(&message).map_err(|_| "the message is not text")?;
        let signature = dkim.sign(text, content.date_ms / 1_000)?;
        message.splice(0..0, signature.into_bytes());
    }
    Ok(Composed {
        return_path: return_path.map_or_else(String::new, |path| path.to_string()),
        recipient: to.to_string(),
        message,
    })
}

/// An address fit for an envelope: no spaces, controls or angle brackets even where quoting would allow them, and
/// the domain in ASCII.
fn address(what: &str, text: &str) -> Result<Address, String> {
    let malformed = || format!("{what} is malformed");
    let text = text.trim();
    if text.len() > 254
        || text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"\\(),;:".contains(c))
    {
        return Err(malformed());
    }
    let (local, domain) = text.rsplit_once('@').ok_or_else(malformed)?;
    let domain =
        if domain.is_ascii() { domain.to_owned() } else { ascii_domain(domain).ok_or_else(malformed)? };
    Address::new(local, domain).map_err(|_| malformed())
}

/// An internationalised domain in its ASCII form (RFC 5891), by the rules that URLs use.
fn ascii_domain(domain: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://{domain}/")).ok()?;
    url.host_str().filter(|host| host.is_ascii()).map(str::to_owned)
}

fn display_name(name: Option<&str>) -> Option<String> {
    name.map(one_line).filter(|name| !name.is_empty())
}

/// Line breaks and other controls become spaces: a name or a subject with one in it must not become a header.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// Every line end as CRLF. The builder would do this too, but in a time that grows with the square of the lines.
fn with_crlf(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 32);
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        lines.push_str(&rest[..at]);
        lines.push_str("\r\n");
        rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
    }
    lines.push_str(rest);
    lines
}

fn header(name: &str, value: &str) -> Result<HeaderValue, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty()
        || !name.bytes().all(plain)
        || OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str())
    {
        return Err("a header with a name that is not allowed".to_owned());
    }
    if value.chars().any(char::is_control) || value.len() > 2_000 {
        return Err(format!("the header {name} holds a line break or is too long"));
    }
    let parsed = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| error.to_string())?;
    Ok(HeaderValue::new(parsed, value.to_owned()))
}

/// The same for every attempt at a message; `=_` never occurs in quoted-printable or base64 text (RFC 2045, 6.7).
fn boundary(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("=_{hex}")
}
