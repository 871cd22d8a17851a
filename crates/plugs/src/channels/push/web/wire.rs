use base64::Engine;
use kit::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::device::BASE64URL;
use super::seal::PLAIN_BYTES_MAX;
use crate::detail::quoted;
use crate::http::{Reply, out_of_bounds};
use crate::{Delivery, Egress, Outcome, PushContent, RejectClass, RetryClass, Urgency};

/// Four weeks: what push services keep at most.
const TTL_S_MAX: u32 = 28 * 86_400;
/// Where the message does not say.
pub(in super::super) const TTL_S: u32 = 86_400;

fn rejected(class: RejectClass, detail: &str) -> Outcome {
    Outcome::Rejected { class, detail: detail.to_owned() }
}

/// The address of the push service, if it may be called. Browsers gave it, and whoever runs a page can give any, so
/// it is https, and plain http only on this machine and where the shop allows private networks (for tests).
pub(super) fn endpoint(text: &str, egress: &Egress) -> Result<Url, Outcome> {
    let url = parsed(text).map_err(|detail| rejected(RejectClass::Invalid, &detail))?;
    egress.permits_host(url.host_str().unwrap_or_default()).map_err(|error| out_of_bounds(&error))?;
    Ok(url)
}

/// Whether it could be an endpoint. Errors: why not.
pub(in super::super) fn is_servable(text: &str) -> Result<(), String> {
    parsed(text).map(|_| ())
}

fn parsed(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "the endpoint is malformed")?;
    let host = url.host_str().unwrap_or_default();
    let is_here = host == "localhost" || crate::egress::literal(host).is_some_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" if !host.is_empty() => {}
        "http" if is_here => {}
        _ => return Err("the endpoint does not start with https://".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the endpoint holds a user name".into());
    }
    Ok(url)
}

/// What the service worker gets; docs/push.md has its form.
pub(super) fn payload(delivery: &Delivery, content: &PushContent) -> Result<Vec<u8>, Outcome> {
    if content.title.trim().is_empty() && content.body.trim().is_empty() {
        return Err(rejected(RejectClass::Invalid, "a notification without a title and a text"));
    }
    let mut told = json!({
        "title": content.title,
        "body": content.body,
        // Of two notifications with one tag the browser shows the later.
        "tag": content.topic.as_deref().unwrap_or(&delivery.key),
    });
    for (name, value) in [("url", &content.url), ("icon", &content.icon_url), ("image", &content.image_url)] {
        if !value.is_empty() {
            told[name] = Value::from(value.as_str());
        }
    }
    if !content.actions.is_empty() {
        let actions = content.actions.iter().map(|(label, url)| json!({ "title": label, "url": url }));
        told["actions"] = actions.collect();
    }
    let bytes = told.to_string().into_bytes();
    if bytes.len() > PLAIN_BYTES_MAX {
        let detail = format!("the notification has {} bytes where {PLAIN_BYTES_MAX} fit", bytes.len());
        return Err(rejected(RejectClass::TooLarge, &detail));
    }
    Ok(bytes)
}

/// Headers beside the token.
pub(super) fn headers(content: &PushContent) -> Vec<(&'static str, String)> {
    let urgency = match content.urgency {
        Urgency::VeryLow => "very-low",
        Urgency::Low => "low",
        Urgency::Normal => "normal",
        Urgency::High => "high",
    };
    let ttl_s = if content.ttl_s == 0 { TTL_S } else { content.ttl_s.min(TTL_S_MAX) };
    let mut headers = vec![
        ("TTL", ttl_s.to_string()),
        ("Content-Encoding", "aes128gcm".to_owned()),
        ("Content-Type", "application/octet-stream".to_owned()),
        ("Urgency", urgency.to_owned()),
    ];
    if let Some(topic) = content.topic.as_deref().filter(|topic| !topic.is_empty()) {
        headers.push(("Topic", topic_of(topic)));
    }
    headers
}

/// At most 32 characters of base64url (RFC 8030, section 5.4); other words become their hash, which is as good, since
/// only sameness counts.
fn topic_of(topic: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if topic.len() <= 32 && topic.bytes().all(plain) {
        return topic.to_owned();
    }
    let mut hash = BASE64URL.encode(Sha256::digest(topic.as_bytes()));
    hash.truncate(32);
    hash
}

/// What an answer means (RFC 8030, and what services are known to do).
pub(super) fn judged(reply: &Reply, endpoint: &str, now: Timestamp) -> Outcome {
    let status = reply.status;
    let said = reply.text.replace(endpoint, "***");
    let detail = match status {
        200..300 => format!("HTTP {status}"),
        _ if said.trim().is_empty() => format!("HTTP {status}"),
        _ => quoted(&format!("HTTP {status}: {said}")),
    };
    let retry = |class| Outcome::Retry { class, after_ms: reply.retry_after_ms(now), detail: detail.clone() };
    let class = match status {
        200..300 => return Outcome::Accepted { provider_id: None, detail },
        408 | 425 | 500.. => return retry(RetryClass::Temporary),
        429 => return retry(RetryClass::Throttled),
        // The subscription is over.
        404 | 410 => RejectClass::HardBounce,
        413 => RejectClass::TooLarge,
        // The token or the key does not suit this subscription: one made for another key, as after a change of
        // keys. The address comes from a browser, so what it answers must not stop the channel for everybody.
        400 | 401 | 403 => RejectClass::Policy,
        _ => RejectClass::Refused,
    };
    Outcome::Rejected { class, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_that_may_not_be_called_are_refused() {
        let open = Egress { allow_private: true, ..Egress::default() };
        let check = |text: &str, egress: &Egress, expect: bool| {
            assert_eq!(endpoint(text, egress).is_ok(), expect, "{text}");
        };
        check("https://updates.push.services.mozilla.com/wpush/v2/abc", &Egress::default(), true);
        check("https://127.0.0.1/x", &Egress::default(), false);
        check("https://10.0.0.1/x", &Egress::default(), false);
        check("https://169.254.169.254/x", &open, false);
        check("https://u:p@push.example/x", &Egress::default(), false);
        check("http://push.example/x", &open, false);
        check("http://10.0.0.1/x", &open, false);
        check("http://127.0.0.1:9/x", &open, true);
        check("http://127.0.0.1:9/x", &Egress::default(), false);
        check("http://[::1]/x", &open, true);
        check("file:///etc/passwd", &open, false);
        check("nothing", &open, false);
    }

    #[test]
    fn topics_fit_the_header() {
        assert_eq!(topic_of("cart"), "cart");
        let long = topic_of("giỏ hàng của bạn");
        assert!(long.len() == 32 && long == topic_of("giỏ hàng của bạn") && long != topic_of("giỏ"));
    }
}
