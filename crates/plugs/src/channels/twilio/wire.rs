use kit::Timestamp;
use serde_json::Value;

use super::TwilioConfig;
use crate::detail::quoted;
use crate::http::Reply;
use crate::sms::{digits_of, form, rejected};
use crate::{Delivery, Outcome, RejectClass, RetryClass, TextContent};

/// The form of a message. Twilio has no classes: what it is for is a matter of the sender's registration.
pub(super) fn body(
    config: &TwilioConfig,
    callback_url: &str,
    delivery: &Delivery,
    text: &TextContent,
) -> Result<String, Outcome> {
    digits_of(&delivery.to)?;
    let mut pairs = vec![("To", delivery.to.as_str()), ("Body", text.body.as_str())];
    if config.messaging_service_sid.is_empty() {
        pairs.push(("From", config.from.trim()));
    } else {
        pairs.push(("MessagingServiceSid", config.messaging_service_sid.as_str()));
    }
    if !callback_url.is_empty() {
        pairs.push(("StatusCallback", callback_url));
    }
    Ok(form(&pairs))
}

/// What Twilio's numbers of errors mean for the address, where they mean something.
pub(super) fn class_of(code: &str) -> Option<RejectClass> {
    Some(match code {
        "21610" => RejectClass::Stopped,
        // No such number; an unknown destination; a fixed line.
        "21211" | "30005" | "30006" => RejectClass::HardBounce,
        // Switched off or out of reach.
        "30003" => RejectClass::Recipient,
        // Filtered by a carrier.
        "30007" => RejectClass::Policy,
        _ => return None,
    })
}

pub(super) fn judged(reply: &Reply, now: Timestamp) -> Outcome {
    let told = reply.json();
    if matches!(reply.status, 200 | 201) {
        return match told["sid"].as_str().filter(|sid| !sid.is_empty()) {
            Some(sid) => {
                Outcome::Accepted { provider_id: Some(sid.to_owned()), detail: "taken by Twilio".to_owned() }
            }
            None => Outcome::Unknown { detail: "Twilio answered without a SID".to_owned() },
        };
    }
    let code = word(&told["code"]);
    let detail = said(reply, &told, &code);
    if let (400..500, Some(class)) = (reply.status, class_of(&code)) {
        return rejected(class, detail);
    }
    let retry = |class| Outcome::Retry { class, after_ms: reply.retry_after_ms(now), detail: detail.clone() };
    match reply.status {
        401 | 403 | 404 => Outcome::Misconfigured { detail },
        429 => retry(RetryClass::Throttled),
        500 | 503 => retry(RetryClass::Temporary),
        // Somebody in between lost the answer.
        408 | 502 | 504 => Outcome::Unknown { detail },
        400..500 => rejected(RejectClass::Refused, detail),
        _ => Outcome::Unknown { detail },
    }
}

fn said(reply: &Reply, told: &Value, code: &str) -> String {
    let message = told["message"].as_str().unwrap_or(&reply.text);
    let status = reply.status;
    if code.is_empty() {
        quoted(&format!("HTTP {status}: {message}"))
    } else {
        quoted(&format!("Twilio {code}: {message}"))
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn balance(reply: &Reply) -> Result<String, String> {
    let told = reply.json();
    if reply.status != 200 {
        return Err(said(reply, &told, &word(&told["code"])));
    }
    let word = |name: &str| word(&told[name]);
    Ok(quoted(&format!("the account is good; its balance is {} {}", word("balance"), word("currency"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_code_has_its_outcome() {
        let check = |status, body: &Value, expect: &str| {
            let reply = Reply { status, headers: Vec::new(), text: body.to_string() };
            let outcome = judged(&reply, Timestamp::from_ms(0));
            let named = format!("{outcome:?}");
            assert!(named.starts_with(expect), "{status} {body}: {named}");
            assert!(!outcome.detail().contains("901234567"), "{named}");
        };
        for (code, expect) in [
            (21610, "Rejected { class: Stopped"),
            (21211, "Rejected { class: HardBounce"),
            (30003, "Rejected { class: Recipient"),
            (30005, "Rejected { class: HardBounce"),
            (30006, "Rejected { class: HardBounce"),
            (30007, "Rejected { class: Policy"),
            (99999, "Rejected { class: Refused"),
        ] {
            let body = json!({ "code": code, "message": "+84901234567 is not valid", "status": 400 });
            check(400, &body, expect);
        }
        check(201, &json!({ "sid": "SM1", "status": "queued" }), "Accepted { provider_id: Some(\"SM1\")");
        check(201, &json!({}), "Unknown");
        check(401, &json!({ "code": 20003, "message": "Authenticate" }), "Misconfigured");
        check(404, &json!({}), "Misconfigured");
        check(429, &json!({}), "Retry { class: Throttled");
        check(500, &json!({}), "Retry { class: Temporary");
        check(503, &json!({}), "Retry { class: Temporary");
        check(504, &json!({}), "Unknown");
    }
}
