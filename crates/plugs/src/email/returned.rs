//! Mail that comes back to the address of returns: reports of servers (RFC 3464), complaints of mailbox providers
//! (RFC 5965), automatic answers, and what people write.
//!
//! Pure, and made for what strangers send: at most 1 MiB, three messages inside one another, and no guess from an
//! address in a header that anybody may write. Which message a mail is about is told by the token in the address it
//! came to, which only we can make, or by the `Message-ID` of the message that it brings back.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use ring::digest;

use crate::detail::quoted;
use crate::email::status::given_up;
use crate::{About, Receipt, RejectClass, Told};

/// A mail that is longer is cut here: reports and their headers come first.
pub const MAIL_BYTES_MAX: usize = 1_024 * 1_024;
/// Of what a person wrote, in characters.
const WORDS_CHARS_MAX: usize = 1_000;
/// Recipients in one report; ours go to one each, and a list behind an address may have more.
const GROUPS_MAX: usize = 50;
/// Names that a mail may give for the message it is about.
const NAMES_MAX: usize = 10;
/// The shortest token in an address: that of the first message of the first workspace.
const TOKEN_CHARS_MIN: usize = 16;

/// What kind of mail it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A delivery status notification.
    Report,
    /// A complaint through a feedback loop.
    Complaint,
    /// A server says in words alone that a message did not arrive.
    OldReport,
    /// Out of office and the like: nothing follows from it.
    Automatic,
    /// Somebody wrote.
    Reply,
    /// Nothing that is known.
    Other,
}

/// What a mail says.
#[derive(Clone, PartialEq)]
pub struct Returned {
    pub kind: Kind,
    /// What the message in question came to; `None`: nothing follows.
    pub told: Option<Told>,
    /// One line for the shop, without addresses.
    pub detail: String,
    /// Tokens of the addresses that it came to, or that the message which it brings back was sent from. Lower case;
    /// only one that carries our signature says something.
    pub tokens: Vec<String>,
    /// `Message-ID`s of the message that it brings back or answers, without brackets.
    pub message_ids: Vec<String>,
    /// Names the mail: the same for the same bytes.
    pub id: String,
}

impl Returned {
    /// The receipt for the message that a token or an id led to.
    pub fn receipt(&self, key: &str) -> Option<Receipt> {
        Some(Receipt {
            about: About::Key(key.to_owned()),
            what: self.told.clone()?,
            at: None,
            detail: self.detail.clone(),
            event_id: Some(self.id.clone()),
            price: None,
        })
    }
}

impl std::fmt::Debug for Returned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Returned { kind, told, .. } = self;
        f.debug_struct("Returned").field("kind", kind).field("told", told).finish_non_exhaustive()
    }
}

/// Reads a mail as it came. `recipients` are the addresses of its envelope where they are known.
pub fn read(raw: &[u8], recipients: &[String]) -> Returned {
    let raw = &raw[..raw.len().min(MAIL_BYTES_MAX)];
    let id: String =
        digest::digest(&digest::SHA256, raw).as_ref()[..16].iter().map(|b| format!("{b:02x}")).collect();
    let mut mail = Returned {
        kind: Kind::Other,
        told: None,
        detail: String::new(),
        tokens: Vec::new(),
        message_ids: Vec::new(),
        id: format!("mail {id}"),
    };
    for recipient in recipients {
        mail.take_tokens(recipient);
    }
    let Some(message) = MessageParser::default().parse(raw) else { return mail };
    for (name, value) in message.headers_raw() {
        let name = name.to_ascii_lowercase();
        if matches!(name.as_str(), "delivered-to" | "x-original-to" | "envelope-to" | "x-envelope-to" | "to")
        {
            mail.take_tokens(value);
        }
    }
    if !mail.take_report(&message) {
        mail.take_words(&message);
    }
    mail
}

impl Returned {
    /// The tokens of all addresses in a text: what stands behind the last `+` of a local part.
    fn take_tokens(&mut self, text: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-_.=".contains(c);
        for (at, _) in text.match_indices('@').take(NAMES_MAX) {
            let start = text[..at].rfind(|c: char| !plain(c)).map_or(0, |found| found + 1);
            let Some((_, token)) = text.get(start..at).and_then(|local| local.rsplit_once('+')) else {
                continue;
            };
            let token = token.to_ascii_lowercase();
            if token.len() >= TOKEN_CHARS_MIN
                && self.tokens.len() < NAMES_MAX
                && !self.tokens.contains(&token)
            {
                self.tokens.push(token);
            }
        }
    }

    /// The ids between angle brackets.
    fn take_ids(&mut self, text: &str) {
        for piece in text.split('<').skip(1).take(NAMES_MAX) {
            let Some((id, _)) = piece.split_once('>') else { continue };
            let id = id.trim();
            let is_new = self.message_ids.len() < NAMES_MAX && !self.message_ids.iter().any(|own| own == id);
            if is_new && id.contains('@') && id.len() <= 250 && id.bytes().all(|b| b.is_ascii_graphic()) {
                self.message_ids.push(id.to_owned());
            }
        }
    }

    /// The message, or its headers, that a mail brings back.
    fn take_original(&mut self, headers: &str) {
        let headers = headers.split("\r\n\r\n").next().unwrap_or_default();
        let headers = headers.split("\n\n").next().unwrap_or_default();
        for (name, value) in fields(headers) {
            match name.as_str() {
                "message-id" => self.take_ids(&value),
                "return-path" => self.take_tokens(&value),
                _ => {}
            }
        }
    }

    /// Whether it was a report in a form for machines.
    fn take_report(&mut self, message: &Message<'_>) -> bool {
        let (mut status, mut feedback, mut said) = (None, None, None);
        for part in &message.parts {
            let kind = part.content_type().map(|kind| {
                let sub = kind.c_subtype.as_deref().unwrap_or_default();
                format!("{}/{sub}", kind.c_type).to_ascii_lowercase()
            });
            let text = || String::from_utf8_lossy(part.contents()).into_owned();
            match kind.as_deref() {
                Some("message/delivery-status" | "message/global-delivery-status") => status = Some(text()),
                Some("message/feedback-report") => feedback = Some(text()),
                Some("text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers") => {
                    self.take_original(&text())
                }
                _ => match &part.body {
                    PartType::Message(inner) => {
                        self.take_original(&String::from_utf8_lossy(inner.raw_message()));
                    }
                    PartType::Text(text) if said.is_none() => said = Some(text.clone().into_owned()),
                    _ => {}
                },
            }
        }
        if let Some(feedback) = feedback {
            self.kind = Kind::Complaint;
            let fields = fields(&feedback);
            let field =
                |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
            for name in ["original-mail-from", "original-envelope-id"] {
                self.take_tokens(field(name).unwrap_or_default());
            }
            let what = field("feedback-type").unwrap_or_default().to_ascii_lowercase();
            self.told = match what.as_str() {
                // Taken back; or about our signatures, and not about a person.
                "not-spam" | "auth-failure" | "dmarc" => None,
                "opt-out" | "opt-out-list" => Some(Told::Stopped),
                _ => Some(Told::Complained),
            };
            let by = field("user-agent").or(field("reporting-mta")).unwrap_or_default();
            self.detail = quoted(&format!("{what} {by}"));
            return true;
        }
        let Some(status) = status else { return false };
        self.kind = Kind::Report;
        let groups: Vec<_> = groups(&status);
        let told: Vec<(Told, String)> =
            groups.iter().skip(1).take(GROUPS_MAX).filter_map(|group| recipient(group)).collect();
        // One address may stand for several. When one of them got it, the address is good.
        let rank = |told: &Told| match told {
            Told::Delivered => 0,
            Told::Delayed => 1,
            Told::SoftBounced => 2,
            Told::Failed { class: RejectClass::HardBounce } => 4,
            _ => 3,
        };
        if let Some((told, detail)) = told.into_iter().min_by_key(|(told, _)| rank(told)) {
            self.told = Some(told);
            self.detail = detail;
        }
        true
    }

    /// A mail without a form: by its headers, then by its words.
    fn take_words(&mut self, message: &Message<'_>) {
        let headers: Vec<(String, String)> = message
            .headers_raw()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let header =
            |name: &str| headers.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
        let from = header("from").to_ascii_lowercase();
        let is_daemon = ["mailer-daemon", "postmaster@", "mail delivery sub", "mail delivery system"]
            .iter()
            .any(|name| from.contains(name))
            || !header("x-failed-recipients").is_empty();
        let text = message.body_text(0).unwrap_or_default();
        if is_daemon {
            self.kind = Kind::OldReport;
            // What is brought back stands in the text, behind a line of its own.
            let mut ids = text.lines().filter(|line| line.to_ascii_lowercase().starts_with("message-id:"));
            if let Some(line) = ids.next() {
                self.take_ids(line);
            }
            let (said, lower) = (reason_in(&text), text.to_ascii_lowercase());
            let subject = header("subject").to_ascii_lowercase();
            let waits = |text: &str| {
                text.contains("delayed") || text.contains("will be retried") || text.contains("warning")
            };
            self.told = Some(match given_up("", &said) {
                _ if waits(&subject) || lower.contains("not been delivered yet") => Told::Delayed,
                told @ Told::Failed { class: RejectClass::Policy } => told,
                // Words alone are no proof that an address is gone.
                _ => Told::SoftBounced,
            });
            self.detail = quoted(&said);
            return;
        }
        let sent = header("auto-submitted").to_ascii_lowercase();
        let precedence = header("precedence").to_ascii_lowercase();
        let subject = message.subject().unwrap_or_default().to_lowercase();
        let answers = [
            "out of office",
            "automatic reply",
            "auto reply",
            "auto-reply",
            "autoreply",
            "trả lời tự động",
            "tự động trả lời",
            "thư trả lời tự động",
            "vắng mặt",
        ];
        if (!sent.is_empty() && !sent.starts_with("no"))
            || ["x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"].iter().any(|name| !header(name).is_empty())
            || matches!(precedence.as_str(), "auto_reply" | "bulk" | "junk" | "list")
            || answers.iter().any(|words| subject.starts_with(words))
            // The null sender: a program that wants no answer.
            || header("return-path") == "<>"
        {
            self.kind = Kind::Automatic;
            self.detail = "an automatic answer".to_owned();
            return;
        }
        self.take_ids(header("in-reply-to"));
        let references = header("references");
        self.take_ids(references);
        let words = own_words(&text);
        if !words.is_empty() {
            self.kind = Kind::Reply;
            self.told = Some(Told::Said { text: words });
        }
    }
}

/// The groups of fields of a report, apart by empty lines: the first is about the message, each other about a
/// recipient.
fn groups(text: &str) -> Vec<Vec<(String, String)>> {
    let text = text.replace("\r\n", "\n");
    let mut groups = vec![Vec::new()];
    for block in text.trim_start_matches('\n').split("\n\n").filter(|block| !block.trim().is_empty()) {
        groups.push(fields(block));
    }
    // Some write no first group: then it is a recipient's.
    match groups.get(1).is_some_and(|first| first.iter().any(|(name, _)| name == "final-recipient")) {
        true => groups,
        false => groups.into_iter().skip(1).collect(),
    }
}

/// Fields of a header: names in lower case, values unfolded.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().take(1_000) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    fields
}

/// What a report says of one recipient.
fn recipient(fields: &[(String, String)]) -> Option<(Told, String)> {
    let field =
        |name: &str| fields.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
    let (status, said) = (field("status"), field("diagnostic-code"));
    let said = said.split_once(';').map_or(said, |(_, said)| said).trim();
    let told = match field("action").to_ascii_lowercase().split_whitespace().next()? {
        "failed" => given_up(status, said),
        "delayed" => Told::Delayed,
        "delivered" => Told::Delivered,
        // Handed on to where no reports come from: nothing is known.
        _ => return None,
    };
    let detail = if said.is_empty() { status.to_owned() } else { format!("{status} {said}") };
    Some((told, quoted(&detail)))
}

/// The line of a report in words that gives the reason: the first that has a code or a status in it.
fn reason_in(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(200);
    let has_code = |line: &&str| {
        crate::email::status::status_in(line).is_some()
            || line.split(|c: char| !c.is_ascii_digit()).any(|word| {
                word.len() == 3
                    && matches!(word.as_bytes()[0], b'4' | b'5')
                    && word.parse::<u16>().is_ok_and(|code| code < 560)
            })
    };
    lines.clone().find(has_code).or_else(|| lines.clone().next()).unwrap_or_default().to_owned()
}

/// What somebody wrote, without what they quote.
fn own_words(text: &str) -> String {
    let mut words = String::new();
    for line in text.lines().map(str::trim) {
        let is_quote = line.starts_with('>')
            || line.starts_with("-----Original Message")
            || line.starts_with("________________________________")
            || line == "--"
            // `On Mon, .. wrote:`, `Vào Th 2, .. đã viết:`
            || ((line.starts_with("On ") || line.starts_with("Vào ") || line.contains('@')) && line.ends_with(':'));
        if is_quote {
            break;
        }
        if !line.is_empty() {
            if !words.is_empty() {
                words.push('\n');
            }
            words.push_str(line);
        }
    }
    words.chars().take(WORDS_CHARS_MAX).collect()
}
