use kit::Timestamp;
use serde_json::{Value, json};

use super::super::web::TTL_S;
use crate::detail::quoted;
use crate::http::Reply;
use crate::{Delivery, Outcome, PushContent, RejectClass, RetryClass, Urgency};

/// Of the notification and its data together.
const PAYLOAD_BYTES_MAX: usize = 4_096;
/// Four weeks: longer ones are refused.
const TTL_S_MAX: u32 = 28 * 86_400;

/// The body of `messages:send`.
pub(super) fn message(token: &str, delivery: &Delivery, content: &PushContent) -> Result<Value, Outcome> {
    let rejected = |class, detail: String| Outcome::Rejected { class, detail };
    if content.title.trim().is_empty() && content.body.trim().is_empty() {
        return Err(rejected(RejectClass::Invalid, "a notification without a title and a text".into()));
    }
    let mut notification = json!({ "title": content.title, "body": content.body });
    if !content.image_url.is_empty() {
        notification["image"] = Value::from(content.image_url.as_str());
    }
    // Values are texts: FCM refuses anything else.
    let mut data = json!({ "message_id": delivery.key });
    if !content.url.is_empty() {
        data["url"] = Value::from(content.url.as_str());
    }
    if !content.actions.is_empty() {
        let actions: Value =
            content.actions.iter().map(|(label, url)| json!({ "title": label, "url": url })).collect();
        data["actions"] = Value::from(actions.to_string());
    }
    let bytes = notification.to_string().len() + data.to_string().len();
    if bytes > PAYLOAD_BYTES_MAX {
        let detail = format!("the notification has {bytes} bytes where {PAYLOAD_BYTES_MAX} fit");
        return Err(rejected(RejectClass::TooLarge, detail));
    }
    let ttl_s = if content.ttl_s == 0 { TTL_S } else { content.ttl_s.min(TTL_S_MAX) };
    let is_urgent = content.urgency == Urgency::High;
    let mut android =
        json!({ "ttl": format!("{ttl_s}s"), "priority": if is_urgent { "HIGH" } else { "NORMAL" } });
    let mut apns = json!({
        "headers": {
            "apns-priority": if is_urgent { "10" } else { "5" },
            "apns-expiration": (delivery.attempted_at.ms() / kit::SECOND_MS + i64::from(ttl_s)).to_string(),
        },
    });
    if let Some(topic) = content.topic.as_deref().filter(|topic| !topic.is_empty()) {
        android["collapse_key"] = Value::from(topic);
        // Apple takes 64 bytes.
        if topic.len() <= 64 {
            apns["headers"]["apns-collapse-id"] = Value::from(topic);
        }
    }
    let mut message = json!({
        "token": token,
        "notification": notification,
        "data": data,
        "android": android,
        "apns": apns,
    });
    if content.url.starts_with("https://") {
        message["webpush"] = json!({ "fcm_options": { "link": content.url } });
    }
    Ok(json!({ "message": message }))
}

/// What an answer comes to.
pub(super) enum Judged {
    Outcome(Outcome),
    /// The access token is not good any more.
    TokenSpent(String),
}

/// The codes are Google's, in `error.details[].errorCode`.
pub(super) fn judged(reply: &Reply, token: &str, now: Timestamp) -> Judged {
    let told = reply.json();
    if (200..300).contains(&reply.status) {
        // `projects/../messages/..`
        let provider_id = told["name"].as_str().map(str::to_owned);
        return Judged::Outcome(Outcome::Accepted { provider_id, detail: format!("HTTP {}", reply.status) });
    }
    let error = &told["error"];
    let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let code = details.iter().find_map(|detail| detail["errorCode"].as_str());
    let code = code.or(error["status"].as_str()).unwrap_or_default();
    let said = error["message"].as_str().unwrap_or(&reply.text).replace(token, "***");
    let detail = quoted(&format!("HTTP {} {code}: {said}", reply.status));
    let retry = |class| Outcome::Retry { class, after_ms: reply.retry_after_ms(now), detail: detail.clone() };
    let rejected = |class| Outcome::Rejected { class, detail: detail.clone() };
    let misconfigured = || Outcome::Misconfigured { detail: detail.clone() };
    Judged::Outcome(match (code, reply.status) {
        ("UNREGISTERED", _) => rejected(RejectClass::HardBounce),
        // A token that is none is told as a wrong field of the message (from memory of the vendor's answers).
        ("INVALID_ARGUMENT", _) if details.iter().any(names_the_token) => rejected(RejectClass::HardBounce),
        ("INVALID_ARGUMENT", _) => rejected(RejectClass::Invalid),
        // The token is another project's. Devices register by themselves, so this says nothing of the settings.
        ("SENDER_ID_MISMATCH", _) => rejected(RejectClass::Recipient),
        ("QUOTA_EXCEEDED" | "RESOURCE_EXHAUSTED", _) | (_, 429) => retry(RetryClass::Throttled),
        // Apple refuses the certificate that is stored at Google.
        ("THIRD_PARTY_AUTH_ERROR", _) => misconfigured(),
        (_, 401) => return Judged::TokenSpent(detail),
        // The account may not send, the API is off, the project does not exist.
        (_, 403 | 404) => misconfigured(),
        ("UNAVAILABLE" | "INTERNAL", _) | (_, 408 | 500..) => retry(RetryClass::Temporary),
        (_, 413) => rejected(RejectClass::TooLarge),
        _ => rejected(RejectClass::Refused),
    })
}

fn names_the_token(detail: &Value) -> bool {
    let violations = detail["fieldViolations"].as_array().map(Vec::as_slice).unwrap_or_default();
    violations.iter().any(|violation| violation["field"] == "message.token")
}
