use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Timestamp;
use serde_json::{Value, json};

use super::StringeeConfig;
use crate::detail::quoted;
use crate::http::Reply;
use crate::sms::{digits_of, hmac_sha256, rejected};
use crate::{Delivery, MessageClass, Outcome, RejectClass, RetryClass, Secret, TextContent};

/// How long a token is good for, in seconds.
const TOKEN_S: i64 = 300;

/// The value of `X-STRINGEE-AUTH`: a token (RFC 7515, HS256) for one request.
pub fn token(key_sid: &str, key_secret: &Secret, now: Timestamp) -> String {
    let seconds = now.ms().div_euclid(1_000);
    let header = r#"{"typ":"JWT","alg":"HS256","cty":"stringee-api;v=1"}"#;
    let claims = json!({
        "exp": seconds + TOKEN_S, "iss": key_sid, "jti": format!("{key_sid}_{seconds}"), "rest_api": true,
    });
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = hmac_sha256(key_secret.expose().as_bytes(), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(super) fn body(
    config: &StringeeConfig,
    delivery: &Delivery,
    text: &TextContent,
) -> Result<Value, Outcome> {
    let from = match text.class {
        MessageClass::Care => &config.brandname,
        MessageClass::Advertising if config.advertising_brandname.trim().is_empty() => {
            let detail = "no brandname for advertising is set: register one through Stringee and enter it in the channel";
            return Err(rejected(RejectClass::Invalid, detail));
        }
        MessageClass::Advertising => &config.advertising_brandname,
    };
    let number = digits_of(&delivery.to)?;
    Ok(json!({ "sms": [{ "from": from, "to": number, "text": text.body }] }))
}

pub(super) fn judged(reply: &Reply, now: Timestamp) -> Outcome {
    let told = reply.json();
    let one = if told["result"][0].is_object() { &told["result"][0] } else { &told };
    let said = one["msg"].as_str().or(told["message"].as_str()).unwrap_or(&reply.text);
    let detail = quoted(&format!("HTTP {}: {said}", reply.status));
    let retry = |class| Outcome::Retry { class, after_ms: reply.retry_after_ms(now), detail: detail.clone() };
    match (reply.status, number(&one["r"])) {
        // Stringee names no message.
        (200 | 201, Some(0)) if one["r"] == told["result"][0]["r"] => {
            Outcome::Accepted { provider_id: None, detail: "taken by Stringee".to_owned() }
        }
        (200..300, Some(code)) if code != 0 => {
            rejected(RejectClass::Refused, quoted(&format!("Stringee {code}: {said}")))
        }
        (401 | 403 | 404, _) => Outcome::Misconfigured { detail },
        (429, _) => retry(RetryClass::Throttled),
        (500 | 503, _) => retry(RetryClass::Temporary),
        // Somebody in between lost the answer.
        (408 | 502 | 504, _) => Outcome::Unknown { detail },
        (400..500, _) => rejected(RejectClass::Refused, detail),
        _ => Outcome::Unknown { detail },
    }
}

/// The documentation has numbers where its samples have texts.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with another implementation of HS256, and read by PyJWT 2.10.1.
    #[test]
    fn a_token_is_signed_as_others_sign_it() {
        let token = token("SK.0.test", &Secret::new("khoa-bi-mat"), Timestamp::from_ms(1_700_000_000_999));
        assert_eq!(
            token,
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImN0eSI6InN0cmluZ2VlLWFwaTt2PTEifQ.\
             eyJleHAiOjE3MDAwMDAzMDAsImlzcyI6IlNLLjAudGVzdCIsImp0aSI6IlNLLjAudGVzdF8xNzAwMDAwMDAwIiwicmVzdF9hcGkiOnRydWV9.\
             4usihmyMns5CXgFxJuVFh3nWe8VHUU8OzSugC369MtA"
        );
    }

    #[test]
    fn answers_have_their_outcomes() {
        let check = |status, text: &str, expect: &str| {
            let reply = Reply { status, headers: Vec::new(), text: text.to_owned() };
            let outcome = judged(&reply, Timestamp::from_ms(0));
            let named = format!("{outcome:?}");
            assert!(named.starts_with(expect), "{status} {text}: {named}");
            assert!(!outcome.detail().contains("901234567"), "{named}");
        };
        check(
            200,
            r#"{"smsSent":"1","result":[{"price":"830","smsType":1,"r":0,"msg":"Success"}]}"#,
            "Accepted",
        );
        check(200, r#"{"smsSent":1,"result":[{"r":"0","msg":"Success"}]}"#, "Accepted");
        check(
            200,
            r#"{"smsSent":0,"result":[{"r":7,"msg":"84901234567 not allowed"}]}"#,
            "Rejected { class: Refused",
        );
        check(200, r#"{"r":4,"msg":"Token expired"}"#, "Rejected { class: Refused");
        // Success of what? Nothing was told about the message.
        check(200, r#"{"r":0,"msg":"Success"}"#, "Unknown");
        check(200, "<html>", "Unknown");
        check(401, "", "Misconfigured");
        check(429, "", "Retry { class: Throttled");
        check(500, "", "Retry { class: Temporary");
        check(502, "", "Unknown");
        check(400, "", "Rejected { class: Refused");
    }
}
