use crate::detail::quoted;
use crate::email::status;
use crate::{Outcome, RejectClass, RetryClass};

/// How far an attempt got. The order matters: from [`Stage::Reply`] on the message may have been accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(super) enum Stage {
    Connection,
    Tls,
    Greeting,
    Hello,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    /// The final dot was, or is being, written.
    Reply,
}

impl Stage {
    pub fn from_u8(value: u8) -> Stage {
        use Stage::*;
        let all = [Connection, Tls, Greeting, Hello, Auth, Mail, Rcpt, Data, Body, Reply];
        all.into_iter().find(|stage| *stage as u8 == value).unwrap_or(Reply)
    }

    /// The stage in words that go after "no answer" and the like.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Connection => "while connecting",
            Stage::Tls => "while setting up encryption",
            Stage::Greeting => "before its greeting",
            Stage::Hello => "to EHLO",
            Stage::Auth => "to the login",
            Stage::Mail => "to MAIL FROM",
            Stage::Rcpt => "to RCPT TO",
            Stage::Data => "to DATA",
            Stage::Body => "while taking the message",
            Stage::Reply => "after the message",
        }
    }
}

/// A reply of one or more lines (RFC 5321, section 4.2).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Reply {
    pub code: u16,
    /// The texts of the lines, without codes.
    pub lines: Vec<String>,
}

/// One line of a reply: its code, whether more follow, its text. `None`: not a reply.
pub(super) fn reply_line(line: &str) -> Option<(u16, bool, &str)> {
    let code = line.get(..3)?;
    if !code.bytes().all(|b| b.is_ascii_digit()) || !matches!(code.as_bytes()[0], b'2'..=b'5') {
        return None;
    }
    let more = match line.as_bytes().get(3) {
        None | Some(b' ') => false,
        Some(b'-') => true,
        Some(_) => return None,
    };
    Some((code.parse().ok()?, more, line.get(4..).unwrap_or("")))
}

impl Reply {
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The enhanced status (RFC 3463) at the start of the first line, such as `(5, 1, 1)`.
    pub fn enhanced(&self) -> Option<(u16, u16, u16)> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
        match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
            (class @ (2 | 4 | 5), subject, detail, None) if class == self.code / 100 => {
                Some((class, subject, detail))
            }
            _ => None,
        }
    }

    /// The reply in one line, addresses masked.
    pub fn detail(&self) -> String {
        quoted(&format!("{} {}", self.code, self.lines.join(" ")))
    }

    /// The relay's name for the message, as the common ones tell it: `queued as 4Fx` (Postfix), `id=1oX-..` (Exim),
    /// `Ok 0100018c..` (Amazon SES).
    fn provider_id(&self) -> Option<String> {
        let text = self.lines.join(" ");
        let word_at =
            |at: usize| text[at..].split([' ', '>', ';', ',', ')']).next().filter(|word| !word.is_empty());
        let after = |mark: &str| text.find(mark).and_then(|at| word_at(at + mark.len()));
        let id = after("queued as ").or_else(|| after("id=")).or_else(|| {
            let word = text.strip_prefix("Ok ").or_else(|| text.strip_prefix("2.0.0 Ok "))?;
            let word = word.split(' ').next()?;
            (word.len() >= 16 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then_some(word)
        })?;
        (!id.contains('@')).then(|| id.chars().take(120).collect())
    }
}

/// What a server says it can do (RFC 5321, section 4.1.1.1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Capabilities {
    pub pipelining: bool,
    pub starttls: bool,
    pub smtputf8: bool,
    pub eight_bit: bool,
    /// The largest message in bytes; `Some(0)` when there is no fixed limit.
    pub size_max: Option<u64>,
    pub auth_plain: bool,
    pub auth_login: bool,
}

impl Capabilities {
    pub fn of(ehlo: &Reply) -> Capabilities {
        let mut found = Capabilities::default();
        for line in ehlo.lines.iter().skip(1) {
            // Old servers write `AUTH=PLAIN LOGIN`.
            let upper = line.to_ascii_uppercase().replacen('=', " ", 1);
            let mut words = upper.split_whitespace();
            match words.next().unwrap_or("") {
                "PIPELINING" => found.pipelining = true,
                "STARTTLS" => found.starttls = true,
                "SMTPUTF8" => found.smtputf8 = true,
                "8BITMIME" => found.eight_bit = true,
                "SIZE" => found.size_max = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                "AUTH" => {
                    for word in words {
                        found.auth_plain |= word == "PLAIN";
                        found.auth_login |= word == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// What a reply means for the message, by RFC 3463 where the server gives an enhanced status and by RFC 5321 where
/// it does not. `stage` is what the reply answers.
pub(super) fn judged(stage: Stage, reply: &Reply) -> Outcome {
    let detail = reply.detail();
    let enhanced = reply.enhanced();
    let retry = |class| Outcome::Retry { class, after_ms: None, detail: detail.clone() };
    let rejected = |class| Outcome::Rejected { class, detail: detail.clone() };
    match (stage, reply.code / 100) {
        (Stage::Reply, 2) => {
            return Outcome::Accepted { provider_id: reply.provider_id(), detail };
        }
        // Neither yes nor no to a message that is there as a whole.
        (Stage::Reply, 3) => return Outcome::Unknown { detail },
        (_, 2 | 3) => return retry(RetryClass::Temporary),
        (_, 4) => {
            return retry(match (reply.code, enhanced) {
                (_, Some((_, 2, 2))) => RetryClass::MailboxFull,
                (421, _) | (_, Some((_, 7, _))) => RetryClass::Throttled,
                _ => RetryClass::Temporary,
            });
        }
        _ => {}
    }
    // From here on 5xx. Before MAIL no message is concerned: the relay won't have us at all.
    if stage < Stage::Mail {
        return Outcome::Misconfigured { detail };
    }
    match (reply.code, enhanced) {
        // Login needed or failed (RFC 4954), encryption needed (RFC 3207).
        (530 | 534 | 535 | 538, _) | (_, Some((5, 7, 8 | 9 | 11))) => Outcome::Misconfigured { detail },
        // Full: the address is good.
        (_, Some((5, 2, 2))) => retry(RetryClass::MailboxFull),
        (_, Some((5, 2, 3) | (5, 3, 4))) => rejected(RejectClass::TooLarge),
        (_, Some((5, 7, _))) => rejected(RejectClass::Policy),
        // x.1.7 and x.1.8 speak of the sender's address, as does every x.1.y in answer to MAIL.
        (_, Some((5, 1, 7 | 8))) => rejected(RejectClass::Policy),
        (_, Some((5, 1, _))) if stage == Stage::Mail => rejected(RejectClass::Policy),
        // No such mailbox, no such system, malformed, moved away, null MX.
        (_, Some((5, 1, 1 | 2 | 3 | 6 | 10))) => rejected(RejectClass::HardBounce),
        // Switched off.
        (_, Some((5, 2, 1))) => rejected(RejectClass::HardBounce),
        (_, Some((_, subject, _))) if subject != 0 => rejected(RejectClass::Refused),
        // Without a status that says something. 552 at RCPT is a quota; later on, or at MAIL, it is the size.
        (552, _) if stage == Stage::Rcpt => retry(RetryClass::MailboxFull),
        (552, _) => rejected(RejectClass::TooLarge),
        _ if speaks_of_policy(&detail) => rejected(RejectClass::Policy),
        (550 | 551 | 553, _) if stage == Stage::Rcpt => rejected(RejectClass::HardBounce),
        _ => rejected(RejectClass::Refused),
    }
}

/// A bare 550 at RCPT is "no such mailbox, or no access, or policy" (RFC 5321, section 4.2.3). Taking policy for a
/// missing mailbox would suppress a good address for ever, so these words win.
fn speaks_of_policy(detail: &str) -> bool {
    status::speaks_of_policy(detail) || detail.to_ascii_lowercase().contains("ptr")
}

/// `message` as DATA carries it: a line that starts with a dot gets another one (RFC 5321, section 4.5.2), bare CR
/// and LF become line ends, and the last line is ended. The final dot is not part of it.
pub(super) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + message.len() / 64 + 2);
    let mut line_starts = true;
    let mut bytes = message.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                wire.extend_from_slice(b"\r\n");
                line_starts = true;
            }
            _ => {
                if line_starts && byte == b'.' {
                    wire.push(b'.');
                }
                wire.push(byte);
                line_starts = false;
            }
        }
    }
    if !line_starts {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(line: &str) -> Reply {
        let (code, _, text) = reply_line(line).unwrap();
        Reply { code, lines: vec![text.to_owned()] }
    }

    #[test]
    fn replies_are_judged() {
        let name = |outcome: Outcome| match outcome {
            Outcome::Accepted { .. } => "accepted".to_owned(),
            Outcome::Retry { class, .. } => format!("retry {class:?}"),
            Outcome::Rejected { class, .. } => format!("rejected {class:?}"),
            Outcome::Unknown { .. } => "unknown".to_owned(),
            Outcome::Misconfigured { .. } => "misconfigured".to_owned(),
        };
        let table = [
            (Stage::Reply, "250 2.0.0 Ok: queued as 4Fx", "accepted"),
            (Stage::Reply, "354 go on", "unknown"),
            (Stage::Greeting, "421 4.3.2 shutting down", "retry Throttled"),
            (Stage::Greeting, "554 5.7.1 go away", "misconfigured"),
            (Stage::Auth, "454 4.7.0 temporary authentication failure", "retry Throttled"),
            (Stage::Auth, "535 5.7.8 bad credentials", "misconfigured"),
            (Stage::Mail, "530 5.7.0 must issue STARTTLS first", "misconfigured"),
            (Stage::Mail, "550 5.1.8 sender address rejected", "rejected Policy"),
            (Stage::Mail, "553 5.1.3 bad sender", "rejected Policy"),
            (Stage::Mail, "552 5.3.4 message size exceeds limit", "rejected TooLarge"),
            (Stage::Mail, "552 message too big", "rejected TooLarge"),
            (Stage::Rcpt, "450 4.2.2 mailbox full", "retry MailboxFull"),
            (Stage::Rcpt, "450 4.2.1 try later", "retry Temporary"),
            (Stage::Rcpt, "451 4.7.1 greylisted", "retry Throttled"),
            (Stage::Rcpt, "452 too many recipients", "retry Temporary"),
            (Stage::Rcpt, "552 5.2.2 over quota", "retry MailboxFull"),
            (Stage::Rcpt, "552 over quota", "retry MailboxFull"),
            (Stage::Rcpt, "550 5.1.1 no such user", "rejected HardBounce"),
            (Stage::Rcpt, "550 5.1.2 no such domain", "rejected HardBounce"),
            (Stage::Rcpt, "556 5.1.10 null MX", "rejected HardBounce"),
            (Stage::Rcpt, "550 5.2.1 mailbox disabled", "rejected HardBounce"),
            (Stage::Rcpt, "550 5.4.4 unrouteable", "rejected Refused"),
            (Stage::Rcpt, "550 no such user here", "rejected HardBounce"),
            (Stage::Rcpt, "550 relaying denied", "rejected Policy"),
            (Stage::Rcpt, "554 5.7.1 blocked", "rejected Policy"),
            (Stage::Rcpt, "501 5.5.4 syntax", "rejected Refused"),
            // A status of another class than the code is no status.
            (Stage::Rcpt, "550 2.1.1 what", "rejected HardBounce"),
            (Stage::Data, "554 no valid recipients", "rejected Refused"),
            (Stage::Reply, "550 5.7.515 access denied", "rejected Policy"),
            (Stage::Reply, "552 5.2.3 too long", "rejected TooLarge"),
            (Stage::Reply, "550 mystery", "rejected Refused"),
            (Stage::Reply, "451 4.3.0 queue file", "retry Temporary"),
        ];
        for (stage, line, expect) in table {
            assert_eq!(name(judged(stage, &reply(line))), expect, "{stage:?} {line}");
        }
    }

    #[test]
    fn other_lines_are_no_replies() {
        for bad in ["", "25", "250_x", "ok", "150 wait", "950 x", "2é0 x", "25x ok"] {
            assert_eq!(reply_line(bad), None, "{bad}");
        }
        assert_eq!(reply_line("250-SIZE 5"), Some((250, true, "SIZE 5")));
        assert_eq!(reply_line("250"), Some((250, false, "")));
    }

    #[test]
    fn the_relays_name_for_a_message_is_found() {
        let check = |line: &str, expect: Option<&str>| {
            assert_eq!(reply(line).provider_id().as_deref(), expect, "{line}")
        };
        check("250 2.0.0 Ok: queued as 4FxQ7z", Some("4FxQ7z"));
        check("250 OK id=1oXyz-0001-AB", Some("1oXyz-0001-AB"));
        check("250 Ok 0100018c2f6f9a5e-6d7c-000000", Some("0100018c2f6f9a5e-6d7c-000000"));
        check("250 Ok", None);
        check("250 2.0.0 Ok", None);
        check("250 queued as an@example.vn", None);
    }

    #[test]
    fn capabilities_are_read() {
        let lines =
            ["relay.example", "SIZE 1000", "pipelining", "AUTH=LOGIN", "AUTH PLAIN XOAUTH2", "STARTTLS"];
        let ehlo = Reply { code: 250, lines: lines.map(str::to_owned).to_vec() };
        let found = Capabilities::of(&ehlo);
        assert!(
            found.pipelining && found.starttls && found.auth_login && found.auth_plain && !found.smtputf8
        );
        assert_eq!(found.size_max, Some(1_000));
    }

    #[test]
    fn dots_are_stuffed_and_lines_ended() {
        let check =
            |text: &str, expect: &str| assert_eq!(stuffed(text.as_bytes()), expect.as_bytes(), "{text:?}");
        check(".a\r\n..b\r\nc.d\r\n.\r\n", "..a\r\n...b\r\nc.d\r\n..\r\n");
        check("a\n.b\rc", "a\r\n..b\r\nc\r\n");
        check("a\r\n", "a\r\n");
        check("", "");
    }
}
