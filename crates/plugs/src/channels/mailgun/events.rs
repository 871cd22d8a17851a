//! What Mailgun's webhooks post, and their signature.

use kit::{MINUTE_MS, SECOND_MS, Timestamp};
use ring::hmac;
use serde_json::Value;

use super::KEY_VARIABLE;
use crate::detail::quoted;
use crate::email::status::given_up;
use crate::{About, Callback, CallbackRefusal, Receipt, Received, RejectClass, Secret, Told};

const AGE_MS_MAX: i64 = 5 * MINUTE_MS;

pub(super) fn received(key: Option<&Secret>, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
    let key = key.ok_or(CallbackRefusal::Unsigned)?;
    let told: Value = serde_json::from_slice(callback.body)
        .map_err(|_| CallbackRefusal::Malformed("Mailgun posts JSON".to_owned()))?;
    let signature = &told["signature"];
    // The instant is a word in what Mailgun posts; a number of its would be signed as it is written.
    let stamp = match &signature["timestamp"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(CallbackRefusal::Unsigned),
    };
    let token =
        signature["token"].as_str().filter(|token| !token.is_empty()).ok_or(CallbackRefusal::Unsigned)?;
    let tag = signature["signature"].as_str().and_then(unhex).ok_or(CallbackRefusal::Unsigned)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
    hmac::verify(&key, format!("{stamp}{token}").as_bytes(), &tag).map_err(|_| CallbackRefusal::Unsigned)?;
    let at = stamp.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(SECOND_MS));
    let at = Timestamp::from_ms(at.ok_or(CallbackRefusal::Stale)?);
    if callback.now.since_ms(at).abs() > AGE_MS_MAX {
        return Err(CallbackRefusal::Stale);
    }
    let event = &told["event-data"];
    if !event.is_object() {
        return Err(CallbackRefusal::Malformed(
            "this is not the form of Mailgun's webhooks: no event-data".into(),
        ));
    }
    Ok(Received::of(receipt(event, token).into_iter().collect()))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// The signature covers the token and not the event, so the token names the telling: one that was overheard can say
/// nothing new with it.
fn receipt(event: &Value, token: &str) -> Option<Receipt> {
    let word = |name: &str| event[name].as_str().unwrap_or_default();
    let about = match event["user-variables"][KEY_VARIABLE].as_str() {
        Some(key) => About::Key(key.to_owned()),
        None => About::Provider(event["message"]["headers"]["message-id"].as_str()?.to_owned()),
    };
    let failed = |class| Told::Failed { class };
    let status = &event["delivery-status"];
    let (message, description) = (&status["message"], &status["description"]);
    let said = [message, description].map(|text| text.as_str().unwrap_or_default());
    let code = status["code"].as_i64().map(|code| code.to_string()).unwrap_or_default();
    let enhanced = status["enhanced-code"].as_str().unwrap_or_default();
    let said = format!("{code} {} {}", said[0], said[1]);
    let client = &event["client-info"];
    let (user_agent, ip) = (client["user-agent"].as_str(), event["ip"].as_str());
    let (user_agent, ip) = (user_agent.map(str::to_owned), ip.map(str::to_owned));
    let what = match (word("event"), word("severity")) {
        ("delivered", _) => Told::Delivered,
        // Tried again.
        ("failed", "temporary") => Told::Delayed,
        ("failed", _) => match word("reason") {
            // Not tried, because of Mailgun's own lists.
            "suppress-bounce" => failed(RejectClass::HardBounce),
            "suppress-unsubscribe" | "suppress-complaint" => failed(RejectClass::Stopped),
            // Given up after hours of trying.
            "old" => match given_up(enhanced, &said) {
                told @ Told::Failed { class: RejectClass::Policy } => told,
                _ => Told::SoftBounced,
            },
            reason => match given_up(enhanced, &said) {
                Told::Failed { class: RejectClass::Refused } if reason == "bounce" => {
                    failed(RejectClass::HardBounce)
                }
                told => told,
            },
        },
        // By Mailgun itself, for what the message or the sender is.
        ("rejected", _) => failed(RejectClass::Policy),
        ("complained", _) => Told::Complained,
        ("unsubscribed", _) => Told::Stopped,
        ("opened", _) => Told::Opened { user_agent, ip },
        ("clicked", _) => Told::Clicked { url: event["url"].as_str().map(str::to_owned), user_agent, ip },
        // `accepted` and `stored` say what the answer said.
        _ => return None,
    };
    let detail = match (&what, said.trim()) {
        (Told::Failed { .. } | Told::SoftBounced | Told::Delayed, said) if !said.is_empty() => said,
        (Told::Failed { .. } | Told::SoftBounced, _) => word("reason"),
        _ => "",
    };
    Some(Receipt {
        about,
        what,
        // Seconds with a fraction.
        at: event["timestamp"].as_f64().map(|seconds| (seconds * 1_000.0) as i64),
        detail: quoted(detail),
        event_id: Some(token.to_owned()),
        price: None,
    })
}
