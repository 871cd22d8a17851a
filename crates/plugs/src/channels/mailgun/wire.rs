use kit::Timestamp;
use ring::digest;

use super::KEY_VARIABLE;
use crate::detail::quoted;
use crate::email::Composed;
use crate::http::Reply;
use crate::{Delivery, Outcome, RejectClass, RetryClass};

/// Mailgun takes 25 MB; a mail of this size arrives nowhere.
const MESSAGE_BYTES_MAX: usize = 10 * 1_024 * 1_024;

/// `multipart/form-data` (RFC 7578): its type with the boundary, and the bytes.
pub(super) fn form(delivery: &Delivery, mail: &Composed) -> Result<(String, Vec<u8>), Outcome> {
    if mail.message.len() > MESSAGE_BYTES_MAX {
        let detail = "the message is larger than 10 MiB".to_owned();
        return Err(Outcome::Rejected { class: RejectClass::TooLarge, detail });
    }
    // Of the message itself, so nobody can write a message that holds it.
    let digest = digest::digest(&digest::SHA256, &mail.message);
    let boundary: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let variable = format!("v:{KEY_VARIABLE}");
    let mut body = Vec::with_capacity(mail.message.len() + 1_024);
    for (name, value) in [("to", mail.recipient.as_str()), (&variable, &delivery.key), ("o:tracking", "no")] {
        // An address and a key hold no line break; see `compose`.
        let value = value.replace(['\r', '\n'], " ");
        body.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .as_bytes(),
        );
    }
    body.extend_from_slice(
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.eml\"\r\n\
             Content-Type: message/rfc822\r\n\r\n"
        )
        .as_bytes(),
    );
    body.extend_from_slice(&mail.message);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok((format!("multipart/form-data; boundary={boundary}"), body))
}

fn said(reply: &Reply) -> String {
    let told = reply.json();
    // A refused key is answered with a word and no JSON.
    let said = told["message"].as_str().unwrap_or(&reply.text);
    quoted(&format!("HTTP {}: {said}", reply.status))
}

pub(super) fn judged(reply: &Reply, now: Timestamp) -> Outcome {
    if reply.status == 200 {
        let told = reply.json();
        let id = told["id"].as_str().map(|id| id.trim_matches(['<', '>']).to_owned());
        return match id {
            Some(id) => Outcome::Accepted { provider_id: Some(id), detail: "taken by Mailgun".to_owned() },
            None => Outcome::Unknown { detail: "Mailgun answered 200 without an id".to_owned() },
        };
    }
    let detail = said(reply);
    let rejected = |class| Outcome::Rejected { class, detail: detail.clone() };
    let retry = |class| Outcome::Retry { class, after_ms: reply.retry_after_ms(now), detail: detail.clone() };
    match reply.status {
        // The account has to be verified, or a domain of the sandbox has no such recipient: nothing goes.
        400 if speaks_of_the_account(&detail) => Outcome::Misconfigured { detail },
        400 => rejected(RejectClass::Invalid),
        413 => rejected(RejectClass::TooLarge),
        429 => retry(RetryClass::Throttled),
        408 | 500.. => retry(RetryClass::Temporary),
        // The key is not good, the account may not send, or there is no such domain.
        401..=404 => Outcome::Misconfigured { detail },
        405..=499 => rejected(RejectClass::Refused),
        _ => Outcome::Unknown { detail },
    }
}

fn speaks_of_the_account(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["account", "sandbox", "domain"].iter().any(|word| said.contains(word))
}

/// Whether the domain may send, in words for the shop.
pub(super) fn domain(reply: &Reply) -> Result<String, String> {
    if reply.status != 200 {
        return Err(said(reply));
    }
    let told = reply.json();
    match told["domain"]["state"].as_str() {
        Some("active") => Ok("the key is good and the domain may send".to_owned()),
        Some(state) => Err(quoted(&format!("Mailgun says that the domain is {state}: set its DNS records"))),
        None => Err("an answer that is not Mailgun's".to_owned()),
    }
}
