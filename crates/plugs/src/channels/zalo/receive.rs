//! What Zalo's servers post: `X-ZEvent-Signature: mac=<hex>`, where `hex` is the SHA-256 of the app's number, the body
//! as it came, the `timestamp` in it and the account's key, one behind the other. It is no HMAC.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ZaloConfig, wire};
use crate::callback::{Callback, CallbackRefusal, Received};
use crate::detail::quoted;
use crate::{About, Receipt, Secret, Told};

/// Zalo tries again for an hour, with the body as it was: what is older, or from the future, is refused.
const PAST_MS: i64 = 2 * kit::HOUR_MS;
const AHEAD_MS: i64 = 5 * kit::MINUTE_MS;
/// Of the states of a template, those in which nothing of it goes out. One that waits for its review again is not
/// among them: it ends in one of these, or is as good as before.
const REFUSED: [&str; 3] = ["REJECT", "DISABLE", "DELETE"];

/// The value of `X-ZEvent-Signature` for a body.
pub fn signature(app_id: &str, body: &[u8], timestamp: &str, secret: &Secret) -> String {
    let hash = Sha256::new()
        .chain_update(app_id.as_bytes())
        .chain_update(body)
        .chain_update(timestamp.as_bytes())
        .chain_update(secret.expose().as_bytes())
        .finalize();
    format!("mac={}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A text, or a number as one.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Milliseconds since 1970, as text or as a number.
fn instant(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

pub(super) fn receive(config: &ZaloConfig, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
    let Some(secret) = &config.oa_secret_key else { return Err(CallbackRefusal::Unexpected) };
    let Some(given) = callback.header("x-zevent-signature") else { return Err(CallbackRefusal::Unsigned) };
    let malformed = |what: &str| CallbackRefusal::Malformed(what.to_owned());
    // The timestamp is in what it signs, so the body is read before it is believed.
    let told: Value = serde_json::from_slice(callback.body).map_err(|_| malformed("the body is no JSON"))?;
    let timestamp = match &told["timestamp"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(CallbackRefusal::Unsigned),
    };
    let own = signature(&config.app_id, callback.body, &timestamp, secret);
    let given = given.trim().to_ascii_lowercase();
    // Hashes of the two: how soon they differ tells nothing of the texts.
    if Sha256::digest(own.as_bytes()) != Sha256::digest(given.as_bytes()) {
        return Err(CallbackRefusal::Unsigned);
    }
    let Some(at) = instant(&told["timestamp"]) else { return Err(malformed("the timestamp is no number")) };
    let age_ms = callback.now.ms().saturating_sub(at);
    if !(-AHEAD_MS..=PAST_MS).contains(&age_ms) {
        return Err(CallbackRefusal::Stale);
    }
    // Not of an app that shares this one's key by mistake.
    if !text(&told, "app_id").is_empty() && text(&told, "app_id") != config.app_id {
        return Err(malformed("another app's event"));
    }
    Ok(Received::of(receipts(config, &told, at)))
}

fn receipts(config: &ZaloConfig, told: &Value, at: i64) -> Vec<Receipt> {
    let name = text(told, "event_name");
    let message = &told["message"];
    let sender = text(&told["sender"], "id");
    let oa_id = config.oa_id.as_str();
    let is_own_account = |id: &str| oa_id.is_empty() || id.is_empty() || id == oa_id;
    let one = |about: About, what: Told, at: i64, event_id: String| {
        vec![Receipt {
            about,
            what,
            at: Some(at),
            detail: String::new(),
            event_id: Some(event_id),
            price: None,
        }]
    };
    // Our own key where Zalo hands it back: it is known even when the answer to the call was lost.
    let about_message = |message: &Value| {
        let key = wire::key_of(text(message, "tracking_id")).map(|key| About::Key(key.to_owned()));
        let id = Some(text(message, "msg_id")).filter(|id| !id.is_empty());
        key.or_else(|| id.map(|id| About::Provider(id.to_owned())))
    };
    let id_of = |message: &Value| match text(message, "msg_id") {
        "" => text(message, "tracking_id").to_owned(),
        id => id.to_owned(),
    };
    let person = |id: &str| Some(About::Address(id.to_owned())).filter(|_| !id.is_empty() && id != oa_id);
    match name {
        "user_received_message" if is_own_account(sender) => {
            // Without a time of delivery it is a chat of the account's, not a report about a template.
            let delivered = instant(&message["delivery_time"]);
            match (delivered, about_message(message)) {
                (Some(at), Some(about)) => {
                    one(about, Told::Delivered, at, format!("delivered {}", id_of(message)))
                }
                _ => Vec::new(),
            }
        }
        "user_seen_message" => {
            // The vendor's field of several ids is `msg_ids`; one of them may stand alone.
            let several = message["msg_ids"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut seen: Vec<Receipt> = several
                .flat_map(|id| one(About::Provider(id.to_owned()), Told::Seen, at, format!("seen {id}")))
                .collect();
            if let (true, Some(about)) = (seen.is_empty(), about_message(message)) {
                seen = one(about, Told::Seen, at, format!("seen {}", id_of(message)));
            }
            seen
        }
        "follow" | "unfollow" => {
            let follower = text(&told["follower"], "id");
            let what = if name == "follow" { Told::Started } else { Told::Stopped };
            match person(follower).filter(|_| is_own_account(text(told, "oa_id"))) {
                Some(about) => one(about, what, at, format!("{name} {follower} {at}")),
                None => Vec::new(),
            }
        }
        "user_send_text" => match person(sender) {
            Some(about) => {
                let said = Told::Said { text: text(message, "text").to_owned() };
                let id = id_of(message);
                let id = if id.is_empty() { format!("{sender} {at}") } else { id };
                one(about, said, at, format!("said {id}"))
            }
            None => Vec::new(),
        },
        "change_template_status" if is_own_account(text(told, "oa_id")) => {
            let template_id = word(&told["template_id"]);
            let status = word(&told["status"]["new_status"]).to_ascii_uppercase();
            if template_id.is_empty() || status.is_empty() {
                return Vec::new();
            }
            let reason = word(&told["reason"]);
            let is_refused = REFUSED.contains(&status.as_str());
            let event_id = format!("template {template_id} {status} {at}");
            let mut turned = one(
                About::Template(template_id.clone()),
                Told::TemplateTurned { status: status.clone(), is_refused },
                at,
                event_id,
            );
            let colon = if reason.is_empty() { "" } else { ": " };
            turned[0].detail = quoted(&format!("Zalo {template_id} {status}{colon}{reason}"));
            turned
        }
        // Pictures, tags, the quality of templates and quotas: nothing about a message or a wish.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::Timestamp;

    const NOW: i64 = 1_700_000_000_000;

    fn config() -> ZaloConfig {
        ZaloConfig {
            app_id: "123".into(),
            oa_secret_key: Some(Secret::new("oasecret")),
            oa_id: "777".into(),
            ..ZaloConfig::default()
        }
    }

    fn took(body: &str, mac: Option<&str>, now: i64) -> Result<Vec<Receipt>, CallbackRefusal> {
        let secret = Secret::new("oasecret");
        let timestamp: Value = serde_json::from_str(body).unwrap_or_default();
        let timestamp = timestamp["timestamp"].as_str().unwrap_or_default().to_owned();
        let own = signature("123", body.as_bytes(), &timestamp, &secret);
        let mac = mac.map_or(own, str::to_owned);
        // The header that comes with another try of Zalo's changes nothing.
        let headers = [("num_retry".to_owned(), "2".to_owned()), ("x-zevent-signature".to_owned(), mac)];
        let callback = Callback {
            method: "POST",
            url: "https://shop.example/hooks/x",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
            now: Timestamp::from_ms(now),
        };
        receive(&config(), &callback).map(|received| received.receipts)
    }

    #[test]
    fn the_signature_is_as_production_code_has_it() {
        let body = br#"{"app_id":"123","event_name":"user_received_message","timestamp":"1700000000000"}"#;
        assert_eq!(
            signature("123", body, "1700000000000", &Secret::new("oasecret")),
            "mac=33e2aa1104e90c39c7f009480bb76ad6c5243536d872b8d9d2e4ccae6f20448f"
        );
    }

    #[test]
    fn what_is_not_signed_or_old_is_refused() {
        let body = r#"{"app_id":"123","event_name":"user_received_message","timestamp":"1700000000000"}"#;
        assert_eq!(took(body, None, NOW), Ok(vec![]));
        let upper = "MAC=33E2AA1104E90C39C7F009480BB76AD6C5243536D872B8D9D2E4CCAE6F20448F";
        assert_eq!(took(body, Some(upper), NOW), Ok(vec![]));
        assert_eq!(took(body, Some("mac=00"), NOW), Err(CallbackRefusal::Unsigned));
        assert_eq!(took(body, None, NOW + PAST_MS + 1), Err(CallbackRefusal::Stale));
        assert_eq!(took(body, None, NOW - AHEAD_MS - 1), Err(CallbackRefusal::Stale));
        assert!(matches!(took("{", None, NOW), Err(CallbackRefusal::Malformed(_))));
        let keyless = ZaloConfig { oa_secret_key: None, ..config() };
        let callback = Callback {
            method: "POST",
            url: "",
            query: "",
            headers: &[],
            body: body.as_bytes(),
            now: Timestamp::from_ms(NOW),
        };
        assert_eq!(receive(&keyless, &callback).err(), Some(CallbackRefusal::Unexpected));
        assert_eq!(receive(&config(), &callback).err(), Some(CallbackRefusal::Unsigned));
    }

    #[test]
    fn events_become_receipts() {
        let event = |name: &str, rest: &str| {
            format!(r#"{{"app_id":"123","event_name":"{name}",{rest},"timestamp":"1700000000000"}}"#)
        };
        let take = |name: &str, rest: &str| took(&event(name, rest), None, NOW).unwrap();
        let delivered = r#""sender":{"id":"777"},"recipient":{"id":""},"message":{"delivery_time":"1699999999000","msg_id":"m9","tracking_id":"01KEY"}"#;
        let receipts = take("user_received_message", delivered);
        assert!(receipts[0].about == About::Key("01KEY".into()) && receipts[0].what == Told::Delivered);
        assert_eq!(
            (receipts[0].at, receipts[0].event_id.as_deref()),
            (Some(1_699_999_999_000), Some("delivered m9"))
        );
        // The same again: told by the same name.
        assert_eq!(take("user_received_message", delivered)[0].event_id, receipts[0].event_id);
        let chat = r#""sender":{"id":"777"},"message":{"msg_id":"m9"}"#;
        assert!(take("user_received_message", chat).is_empty());
        let nameless = r#""message":{"delivery_time":"1699999999000","msg_id":"m9"}"#;
        assert!(take("user_received_message", nameless)[0].about == About::Provider("m9".into()));

        let seen = take("user_seen_message", r#""sender":{"id":"5"},"message":{"msg_ids":["m1","m2"]}"#);
        assert!(
            seen.len() == 2 && seen[1].about == About::Provider("m2".into()) && seen[1].what == Told::Seen
        );

        let follow = take("follow", r#""oa_id":"777","follower":{"id":"555"}"#);
        assert!(follow[0].about == About::Address("555".into()) && follow[0].what == Told::Started);
        assert!(take("unfollow", r#""oa_id":"777","follower":{"id":"555"}"#)[0].what == Told::Stopped);
        assert!(take("unfollow", r#""oa_id":"888","follower":{"id":"555"}"#).is_empty(), "another account");

        let said = take(
            "user_send_text",
            r#""sender":{"id":"555"},"recipient":{"id":"777"},"message":{"msg_id":"u1","text":"TC"}"#,
        );
        assert!(
            said[0].what == Told::Said { text: "TC".into() }
                && said[0].event_id.as_deref() == Some("said u1")
        );
        assert!(
            take("oa_send_text", r#""sender":{"id":"777"},"message":{"msg_id":"u2","text":"chào"}"#)
                .is_empty()
        );
        assert!(take("change_template_status", r#""template_id":"1""#).is_empty());
        let turned = |oa: &str, to: &str| {
            let rest = format!(
                r#""oa_id":"{oa}","template_id":"320131","reason":"Sai mục đích","status":{{"prev_status":"ENABLE","new_status":"{to}"}}"#
            );
            take("change_template_status", &rest)
        };
        for (status, is_refused) in [
            ("ENABLE", false),
            ("PENDING_REVIEW", false),
            ("REJECT", true),
            ("DISABLE", true),
            ("DELETE", true),
        ] {
            let receipts = turned("777", status);
            assert!(receipts[0].about == About::Template("320131".into()));
            assert!(
                receipts[0].what == Told::TemplateTurned { status: status.into(), is_refused },
                "{status} {receipts:?}"
            );
            assert_eq!(receipts[0].detail, format!("Zalo 320131 {status}: Sai mục đích"));
        }
        assert_eq!(turned("777", "REJECT")[0].event_id, turned("777", "REJECT")[0].event_id);
        assert!(turned("888", "REJECT").is_empty(), "another account");
    }
}
