use kit::{DAY_MS, SECOND_MS, Timestamp};
use serde_json::{Value, json};

use super::SpeedsmsConfig;
use crate::detail::quoted;
use crate::http::Reply;
use crate::sms::{digits_of, rejected};
use crate::{Delivery, MessageClass, Outcome, RejectClass, RetryClass, TextContent};

pub(super) fn body(
    config: &SpeedsmsConfig,
    delivery: &Delivery,
    text: &TextContent,
) -> Result<Value, Outcome> {
    let kind = match text.class {
        MessageClass::Care => config.care_type,
        MessageClass::Advertising => config.advertising_type.ok_or_else(|| {
            let detail =
                "no type for advertising is set: ask SpeedSMS for its number and enter it in the channel";
            rejected(RejectClass::Invalid, detail)
        })?,
    };
    let number = digits_of(&delivery.to)?;
    Ok(json!({ "to": [number], "content": text.body, "sms_type": kind, "sender": config.sender }))
}

pub(super) fn judged(reply: &Reply, now: Timestamp) -> Outcome {
    let told = reply.json();
    let said = told["message"].as_str().unwrap_or(&reply.text);
    let detail = quoted(&format!("HTTP {}: {said}", reply.status));
    let retry = |class, after_ms| Outcome::Retry { class, after_ms, detail: detail.clone() };
    match reply.status {
        200 | 201 => answer(&told, &reply.text),
        429 => {
            let wait_ms = reset_ms(reply.header("x-rate-limit-reset"), now).or(reply.retry_after_ms(now));
            retry(RetryClass::Throttled, wait_ms)
        }
        401 | 403 | 404 => Outcome::Misconfigured { detail },
        500 | 503 => retry(RetryClass::Temporary, reply.retry_after_ms(now)),
        // Somebody in between lost the answer.
        408 | 502 | 504 => Outcome::Unknown { detail },
        400..500 => rejected(RejectClass::Refused, detail),
        _ => Outcome::Unknown { detail },
    }
}

fn answer(told: &Value, text: &str) -> Outcome {
    let code = word(&told["code"]);
    match told["status"].as_str() {
        Some("success") => {
            // `invalidPhone` is told from memory; of one number it says that nothing was sent.
            if told["data"]["invalidPhone"].as_array().is_some_and(|numbers| !numbers.is_empty()) {
                return rejected(RejectClass::Invalid, "SpeedSMS does not take the phone number");
            }
            let id = word(&told["data"]["tranId"]);
            Outcome::Accepted {
                provider_id: (!id.is_empty()).then_some(id),
                detail: "taken by SpeedSMS".to_owned(),
            }
        }
        Some(_) => refused(&code, told["message"].as_str().unwrap_or_default()),
        None => Outcome::Unknown { detail: quoted(&format!("an answer that is not SpeedSMS's: {text}")) },
    }
}

fn refused(code: &str, said: &str) -> Outcome {
    let said = if said.is_empty() { meaning(code) } else { said };
    let detail = quoted(format!("SpeedSMS {code}: {said}").trim_end());
    match code {
        "007" | "008" | "009" | "300" => Outcome::Misconfigured { detail },
        "101" | "105" | "110" => rejected(RejectClass::Invalid, detail),
        "113" => rejected(RejectClass::TooLarge, detail),
        // "Internal error, please try again".
        "500" => Outcome::Retry { class: RetryClass::Temporary, after_ms: None, detail },
        _ => rejected(RejectClass::Refused, detail),
    }
}

fn meaning(code: &str) -> &'static str {
    match code {
        "007" => "this server's address is locked",
        "008" => "the account is blocked",
        "009" => "the account may not use the API",
        "105" => "the phone number is wrong",
        "113" => "the text is too long",
        "300" => "the balance is too small: top it up",
        _ => "",
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Seconds, or an instant in seconds since 1970: the documentation names the header alone. At most a day.
fn reset_ms(header: Option<&str>, now: Timestamp) -> Option<i64> {
    let seconds = i64::from(header?.trim().parse::<u32>().ok()?);
    let ms = seconds * SECOND_MS;
    let wait_ms = if seconds > 1_000_000_000 { Timestamp::from_ms(ms).since_ms(now) } else { ms };
    Some(wait_ms.clamp(0, DAY_MS))
}

pub(super) fn balance(reply: &Reply) -> Result<String, String> {
    let told = reply.json();
    let word_of = |name: &str| word(&told["data"][name]);
    match told["status"].as_str() {
        Some("success") => Ok(quoted(&format!(
            "the token is good; the balance is {} {}",
            word_of("balance"),
            word_of("currency")
        ))),
        Some(_) => Err(refused(&word(&told["code"]), told["message"].as_str().unwrap_or_default())
            .detail()
            .to_owned()),
        None => Err(quoted(&format!("HTTP {}: {}", reply.status, reply.text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, headers: &[(&str, &str)], body: &Value, expect: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let outcome =
            judged(&Reply { status, headers, text: body.to_string() }, Timestamp::from_ms(1_700_000_000_000));
        let named = match &outcome {
            Outcome::Accepted { provider_id, .. } => {
                format!("accepted {}", provider_id.as_deref().unwrap_or("-"))
            }
            Outcome::Retry { class, after_ms: Some(ms), .. } => format!("retry {class:?} {ms}"),
            Outcome::Retry { class, .. } => format!("retry {class:?}"),
            Outcome::Rejected { class, .. } => format!("rejected {class:?}"),
            Outcome::Unknown { .. } => "unknown".to_owned(),
            Outcome::Misconfigured { .. } => "misconfigured".to_owned(),
        };
        assert_eq!(named, expect, "{status} {body}");
        assert!(!outcome.detail().contains("901234567"), "{outcome:?}");
    }

    #[test]
    fn every_code_has_its_outcome() {
        for (codes, expect) in [
            ("007 008 009 300", "misconfigured"),
            ("101 105 110", "rejected Invalid"),
            ("113", "rejected TooLarge"),
            ("500", "retry Temporary"),
            ("999", "rejected Refused"),
        ] {
            for code in codes.split(' ') {
                let body = json!({ "status": "error", "code": code, "message": "0901234567: no" });
                check(200, &[], &body, expect);
                check(200, &[], &json!({ "status": "error", "code": code }), expect);
            }
        }
        let taken = json!({ "status": "success", "code": "00", "data": { "tranId": 12345, "totalSMS": 1 } });
        check(200, &[], &taken, "accepted 12345");
        let invalid = json!({ "status": "success", "code": "00", "data": { "tranId": 1, "invalidPhone": ["84901234567"] } });
        check(200, &[], &invalid, "rejected Invalid");
        check(200, &[], &Value::Null, "unknown");
        check(401, &[], &json!({ "message": "no" }), "misconfigured");
        check(500, &[], &Value::Null, "retry Temporary");
        check(504, &[], &Value::Null, "unknown");
    }

    #[test]
    fn a_rate_ends_when_it_says() {
        let body = json!({ "name": "Too Many Requests", "message": "Rate limit exceeded.", "code": 0, "status": 429 });
        check(429, &[("x-rate-limit-reset", "7")], &body, "retry Throttled 7000");
        check(429, &[("x-rate-limit-reset", "1700000012")], &body, "retry Throttled 12000");
        check(429, &[("retry-after", "3")], &body, "retry Throttled 3000");
        check(429, &[], &body, "retry Throttled");
    }
}
