use hmac::{Hmac, KeyInit, Mac};
use kit::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use sha2::Sha256;

use crate::detail::quoted;
use crate::http::retry_after_ms;
use crate::{Delivery, Outcome, RejectClass, RetryClass, Secret, WebhookContent};

const BODY_BYTES_MAX: usize = 1_024 * 1_024;

/// Headers that are ours, or that decide how the request travels.
const OWN_HEADERS: [&str; 12] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "user-agent",
    "idempotency-key",
    "quaylai-signature",
];

pub(super) struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The value of `Quaylai-Signature` for `body`; see the module's documentation.
pub fn signature(secret: &Secret, at: Timestamp, body: &[u8]) -> String {
    // HMAC takes keys of any length; the error is for other kinds of keyed hashes.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{}.", at.ms()).as_bytes());
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={},v1={hex}", at.ms())
}

pub(super) fn encode(
    delivery: &Delivery,
    content: &WebhookContent,
    secret: Option<&Secret>,
) -> Result<Request, Outcome> {
    let rejected = |class, detail: &str| Outcome::Rejected { class, detail: detail.to_owned() };
    let invalid = |detail: &str| rejected(RejectClass::Invalid, detail);
    let method = match content.method.as_str() {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        _ => return Err(invalid("the method is none of POST, PUT and PATCH")),
    };
    let url = Url::parse(&content.url).map_err(|_| invalid("the URL is malformed"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(invalid("the URL does not start with https:// or http://"));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &content.headers {
        if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(invalid("a header that is not the shop's to set"));
        }
        let name =
            HeaderName::try_from(name.as_str()).map_err(|_| invalid("a header with a malformed name"))?;
        let value = HeaderValue::from_str(value).map_err(|_| invalid("a header with a malformed value"))?;
        headers.append(name, value);
    }
    let body = serde_json::to_vec(&content.body).map_err(|_| invalid("the body is no JSON"))?;
    if body.len() > BODY_BYTES_MAX {
        return Err(rejected(RejectClass::TooLarge, "the body is larger than 1 MiB"));
    }
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("user-agent", HeaderValue::from_static("Quaylai/1"));
    let key = HeaderValue::from_str(&delivery.key).map_err(|_| invalid("the key is no header value"))?;
    headers.insert("idempotency-key", key);
    if let Some(secret) = secret {
        let value = HeaderValue::from_str(&signature(secret, delivery.attempted_at, &body))
            .map_err(|_| invalid("the signature is no header value"))?;
        headers.insert("quaylai-signature", value);
    }
    Ok(Request { method, url, headers, body })
}

/// What an answer means. `retry_after` is the header, `body` the beginning of the body.
pub(super) fn judged(status: u16, retry_after: Option<&str>, body: &str, now: Timestamp) -> Outcome {
    let detail = if (200..300).contains(&status) || body.is_empty() {
        format!("HTTP {status}")
    } else {
        quoted(&format!("HTTP {status}: {body}"))
    };
    let retry = |class, after_ms| Outcome::Retry { class, after_ms, detail: detail.clone() };
    match status {
        200..300 => Outcome::Accepted { provider_id: None, detail },
        // Following it could lead anywhere, and a signed request is meant for one place.
        300..400 => Outcome::Rejected {
            class: RejectClass::Refused,
            detail: format!("HTTP {status}: redirects are not followed, enter the final URL"),
        },
        429 => retry(RetryClass::Throttled, retry_after_ms(retry_after, now)),
        503 => retry(RetryClass::Temporary, retry_after_ms(retry_after, now)),
        408 | 425 | 500.. => retry(RetryClass::Temporary, None),
        413 => Outcome::Rejected { class: RejectClass::TooLarge, detail },
        _ => Outcome::Rejected { class: RejectClass::Refused, detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_as_documented() {
        // printf '1700000000000.{"a":1}' | openssl dgst -sha256 -hmac 'a-secret-of-the-shop'
        let secret = Secret::new("a-secret-of-the-shop");
        assert_eq!(
            signature(&secret, Timestamp::from_ms(1_700_000_000_000), br#"{"a":1}"#),
            "t=1700000000000,v1=5bfa3ae45bfd9cec5f42e93abc2dacdee2bacf6d1f1813813da9d73e1ab8126c"
        );
    }
}
