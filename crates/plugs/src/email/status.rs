//! What a failed delivery means, by what the receiving server said: for reports that come back as mail, and for the
//! events of providers that quote it.

use crate::{RejectClass, Told};

/// An enhanced status (RFC 3463), such as `5.1.1`.
pub(crate) type Status = (u16, u16, u16);

/// The first enhanced status in a text. `4.2.2`, `550-5.1.1`, `(#5.1.1)`; not an address such as `10.5.1.1`, nor a
/// version.
pub(crate) fn status_in(text: &str) -> Option<Status> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let word = word.trim_end_matches('.');
        let mut parts = word.split('.');
        let class = parts.next().filter(|class| matches!(*class, "2" | "4" | "5"))?;
        let (subject, detail) = (parts.next()?, parts.next()?);
        if parts.next().is_some() || subject.len() > 3 || detail.len() > 3 {
            return None;
        }
        Some((class.parse().ok()?, subject.parse().ok()?, detail.parse().ok()?))
    })
}

/// A reply code of SMTP that stands as a word of its own: `550`, `smtp; 550-5.1.1 no`.
fn code_in(text: &str) -> Option<u16> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == ':')).find_map(|word| {
        let code = word.parse::<u16>().ok().filter(|_| word.len() == 3)?;
        (400..560).contains(&code).then_some(code)
    })
}

/// What a delivery that was given up means. `status` is what the report names, `said` the words of the server that
/// refused; both may be empty. A message that was given up after passing trouble is a soft bounce: the address may be
/// as good as before.
pub(crate) fn given_up(status: &str, said: &str) -> Told {
    // Reports often say 5.0.0 where the server's own words say more.
    let named = status_in(status).filter(|(_, subject, _)| *subject != 0);
    let status = named.or_else(|| status_in(said)).or_else(|| status_in(status));
    let failed = |class| Told::Failed { class };
    match status {
        Some((2, ..)) => return Told::Delivered,
        Some((_, 2, 2)) => return Told::SoftBounced,
        Some((_, 2, 3) | (_, 3, 4)) => return failed(RejectClass::TooLarge),
        // A policy that is put off for ever is one.
        Some((_, 7, _)) => return failed(RejectClass::Policy),
        Some((4, ..)) => return Told::SoftBounced,
        // x.1.7 and x.1.8 speak of the sender's address.
        Some((5, 1, 7 | 8)) => return failed(RejectClass::Policy),
        Some((5, 1, 1 | 2 | 3 | 6 | 10)) | Some((5, 2, 1)) => return failed(RejectClass::HardBounce),
        // No host of that name; the message went in circles or grew too old.
        Some((5, 4, 4)) if !is_policy(said) => return failed(RejectClass::HardBounce),
        Some((5, 4, 6 | 7 | 14)) => return Told::SoftBounced,
        _ => {}
    }
    if speaks_of(said, &FULL) {
        return Told::SoftBounced;
    }
    if is_policy(said) {
        return failed(RejectClass::Policy);
    }
    if speaks_of(said, &NOBODY) {
        return failed(RejectClass::HardBounce);
    }
    match code_in(said) {
        Some(400..500) => Told::SoftBounced,
        _ => failed(RejectClass::Refused),
    }
}

fn is_policy(said: &str) -> bool {
    speaks_of_policy(said) || speaks_of(said, &CONTENT)
}

/// Whether a server refuses by a rule of its own, and says nothing of the address.
pub(crate) fn speaks_of_policy(said: &str) -> bool {
    speaks_of(said, &POLICY)
}

fn speaks_of(said: &str, words: &[&str]) -> bool {
    let said = said.to_ascii_lowercase();
    words.iter().any(|word| said.contains(word))
}

const FULL: [&str; 6] =
    ["mailbox full", "mailbox is full", "inbox is full", "quota", "insufficient storage", "out of storage"];

/// Taking policy for a missing mailbox would suppress a good address for ever, so these words win.
const POLICY: [&str; 15] = [
    "spam",
    "block",
    "blacklist",
    "denied",
    "policy",
    "relay",
    "reputation",
    "dmarc",
    "spf",
    "dkim",
    "authenticat",
    "not permitted",
    "not allowed",
    "prohibited",
    "reverse dns",
];

/// What reports say besides: there the whole message was looked at.
const CONTENT: [&str; 2] = ["content rejected", "virus"];

const NOBODY: [&str; 20] = [
    "user unknown",
    "unknown user",
    "unknown recipient",
    "unknown address",
    "unknown local",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no mailbox",
    "no such address",
    "does not exist",
    "doesn't exist",
    "not exist",
    "invalid recipient",
    "recipient not found",
    "user not found",
    "unrouteable address",
    "host or domain name not found",
    "account is disabled",
    "address rejected",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_found_where_it_stands() {
        let check = |text: &str, expect| assert_eq!(status_in(text), expect, "{text}");
        check("5.1.1", Some((5, 1, 1)));
        check("smtp; 550-5.1.1 <x>: no", Some((5, 1, 1)));
        check("550 #5.1.10 RESOLVER.ADR.RecipientNotFound", Some((5, 1, 10)));
        check("connect to 10.5.1.1[10.5.1.1]:25", None);
        check("host mx.example.vn[5.1.1.9] said: 452 4.2.2.", Some((4, 2, 2)));
        check("9.1.1 3.2", None);
    }

    #[test]
    fn what_was_given_up_is_judged() {
        use RejectClass::*;
        let check = |status: &str, said: &str, expect: Told| {
            assert!(given_up(status, said) == expect, "{status} {said}: {:?}", given_up(status, said));
        };
        let failed = |class| Told::Failed { class };
        check("5.1.1", "smtp; 550 5.1.1 no such user", failed(HardBounce));
        check("5.2.1", "", failed(HardBounce));
        check("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", failed(HardBounce));
        check("5.4.4", "Host or domain name not found", failed(HardBounce));
        check("5.0.0", "smtp; 550 5.1.1 user unknown", failed(HardBounce));
        check("5.0.0", "smtp; 550 no such user here", failed(HardBounce));
        check("5.0.0", "Unrouteable address", failed(HardBounce));
        check("5.2.2", "smtp; 552 5.2.2 over quota", Told::SoftBounced);
        check("5.0.0", "552 mailbox is full", Told::SoftBounced);
        check("4.4.1", "connection timed out", Told::SoftBounced);
        check("4.4.7", "expired", Told::SoftBounced);
        check("5.4.6", "too many hops", Told::SoftBounced);
        check("5.0.0", "451 try later", Told::SoftBounced);
        check("5.7.1", "no such user as far as we tell you", failed(Policy));
        check("5.7.26", "unauthenticated", failed(Policy));
        check("4.7.0", "greylisted for ever", failed(Policy));
        check("5.0.0", "550 blocked by the list, user unknown", failed(Policy));
        check("5.1.8", "sender's domain", failed(Policy));
        check("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", failed(Policy));
        check("5.2.3", "", failed(TooLarge));
        check("5.3.4", "", failed(TooLarge));
        check("5.5.0", "554 transaction failed", failed(Refused));
        check("", "", failed(Refused));
    }
}
