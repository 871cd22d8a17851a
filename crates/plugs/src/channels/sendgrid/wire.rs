use kit::{DAY_MS, SECOND_MS, Timestamp};
use serde_json::{Value, json};

use super::KEY_ARGUMENT;
use crate::detail::quoted;
use crate::email::Composed;
use crate::http::Reply;
use crate::{Delivery, EmailContent, Outcome, RejectClass, RetryClass};

/// SendGrid takes 30 MB; a mail of this size arrives nowhere.
const MESSAGE_BYTES_MAX: usize = 10 * 1_024 * 1_024;

/// The message in SendGrid's parts. `mail` is the same message as composed here: what it could not hold is refused
/// before.
pub(super) fn body(delivery: &Delivery, content: &EmailContent, mail: &Composed) -> Result<Value, Outcome> {
    if mail.message.len() > MESSAGE_BYTES_MAX {
        let detail = "the message is larger than 10 MiB".to_owned();
        return Err(Outcome::Rejected { class: RejectClass::TooLarge, detail });
    }
    let named = |address: &str, name: &str| match name.trim() {
        "" => json!({ "email": address }),
        name => json!({ "email": address, "name": name }),
    };
    let mut headers: serde_json::Map<String, Value> =
        content.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    headers.insert("Message-ID".to_owned(), json!(format!("<{}>", content.message_id)));
    let mut parts = vec![json!({ "type": "text/plain", "value": content.text })];
    if let Some(html) = &content.html {
        parts.push(json!({ "type": "text/html", "value": html }));
    }
    // An empty part is refused.
    parts.retain(|part| part["value"].as_str().is_some_and(|text| !text.is_empty()));
    let off = json!({ "enable": false });
    let mut body = json!({
        "personalizations": [{
            "to": [named(&mail.recipient, content.to_name.as_deref().unwrap_or_default())],
            "custom_args": { KEY_ARGUMENT: delivery.key },
        }],
        "from": named(&content.from.address, &content.from.name),
        "subject": content.subject,
        "content": parts,
        "headers": headers,
        "tracking_settings": {
            "click_tracking": { "enable": false, "enable_text": false },
            "open_tracking": off,
            "subscription_tracking": off,
        },
    });
    if let Some(reply_to) = &content.reply_to {
        body["reply_to"] = json!({ "email": reply_to });
    }
    Ok(body)
}

/// SendGrid's errors: `{"errors": [{"message": .., "field": .., "help": ..}]}`.
fn said(reply: &Reply) -> (String, String) {
    let told = reply.json();
    let first = &told["errors"][0];
    let message = first["message"].as_str().unwrap_or_default().to_owned();
    (message, first["field"].as_str().unwrap_or_default().to_owned())
}

pub(super) fn judged(reply: &Reply, now: Timestamp) -> Outcome {
    if matches!(reply.status, 200 | 202) {
        let provider_id = reply.header("x-message-id").map(str::to_owned);
        return Outcome::Accepted { provider_id, detail: "taken by SendGrid".to_owned() };
    }
    let (message, field) = said(reply);
    let detail = quoted(&format!("HTTP {} {field} {message}", reply.status));
    let rejected = |class| Outcome::Rejected { class, detail: detail.clone() };
    match reply.status {
        // The sender is not verified, or not well-formed: nothing goes until the shop has mended it.
        400 if field.starts_with("from") => Outcome::Misconfigured { detail },
        400 => rejected(RejectClass::Invalid),
        413 => rejected(RejectClass::TooLarge),
        // Also "Maximum credits exceeded".
        401..=406 => Outcome::Misconfigured { detail },
        429 => {
            let reset = reply.header("x-ratelimit-reset").and_then(|at| at.trim().parse::<i64>().ok());
            let reset = reset.and_then(|seconds| seconds.checked_mul(SECOND_MS));
            let until_reset = reset.map(|at| Timestamp::from_ms(at).since_ms(now).clamp(0, DAY_MS));
            let after_ms = reply.retry_after_ms(now).or(until_reset);
            Outcome::Retry { class: RetryClass::Throttled, after_ms, detail }
        }
        408 | 500.. => {
            Outcome::Retry { class: RetryClass::Temporary, after_ms: reply.retry_after_ms(now), detail }
        }
        407..=499 => rejected(RejectClass::Refused),
        _ => Outcome::Unknown { detail },
    }
}

/// What the key may do, in words for the shop.
pub(super) fn scopes(reply: &Reply) -> Result<String, String> {
    if reply.status != 200 {
        let (message, _) = said(reply);
        return Err(quoted(&format!("HTTP {}: {message}", reply.status)));
    }
    let told = reply.json();
    let scopes: Vec<&str> =
        told["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if scopes.contains(&"mail.send") {
        Ok("the key is good and may send".to_owned())
    } else {
        Err("the key is good but may not send: give it the right Mail Send".to_owned())
    }
}
