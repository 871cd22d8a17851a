//! What SendGrid's event webhook posts, and its signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::{MINUTE_MS, SECOND_MS, Timestamp};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::Value;
use x509_cert::der::Decode;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::KEY_ARGUMENT;
use crate::detail::quoted;
use crate::email::status::given_up;
use crate::{About, Callback, CallbackRefusal, Receipt, Received, RejectClass, Told};

/// SendGrid signs each post anew, the repeated ones too.
const AGE_MS_MAX: i64 = 5 * MINUTE_MS;

/// The point on the curve of a key as SendGrid shows it.
pub(super) fn point_of(key: &str) -> Option<Vec<u8>> {
    let der = STANDARD.decode(key.trim()).ok()?;
    let info = SubjectPublicKeyInfoRef::from_der(&der).ok()?;
    let point = info.subject_public_key.raw_bytes();
    (point.len() == 65 && point[0] == 4).then(|| point.to_vec())
}

pub(super) fn received(key: Option<&str>, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
    let header = |name: &str| callback.header(&format!("x-twilio-email-event-webhook-{name}"));
    let point = key.and_then(point_of).ok_or(CallbackRefusal::Unsigned)?;
    let stamp = header("timestamp").ok_or(CallbackRefusal::Unsigned)?;
    let signature = header("signature").and_then(|text| STANDARD.decode(text).ok());
    let signature = signature.ok_or(CallbackRefusal::Unsigned)?;
    // Over the body as it came, with the line end that SendGrid puts behind it.
    let signed = [stamp.as_bytes(), callback.body].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    key.verify(&signed, &signature).map_err(|_| CallbackRefusal::Unsigned)?;
    let at = stamp.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(SECOND_MS));
    let at = Timestamp::from_ms(at.ok_or(CallbackRefusal::Stale)?);
    if callback.now.since_ms(at).abs() > AGE_MS_MAX {
        return Err(CallbackRefusal::Stale);
    }
    let events: Vec<Value> = serde_json::from_slice(callback.body)
        .map_err(|_| CallbackRefusal::Malformed("SendGrid posts a list of events in JSON".to_owned()))?;
    Ok(Received::of(events.iter().filter_map(receipt).collect()))
}

fn receipt(event: &Value) -> Option<Receipt> {
    let word = |name: &str| event[name].as_str().unwrap_or_default();
    let about = match event[KEY_ARGUMENT].as_str() {
        Some(key) => About::Key(key.to_owned()),
        // The id of the API's answer, with the machine that sent it behind a dot.
        None => About::Provider(event["sg_message_id"].as_str()?.split('.').next()?.to_owned()),
    };
    let failed = |class| Told::Failed { class };
    let (user_agent, ip) = (event["useragent"].as_str(), event["ip"].as_str());
    let (user_agent, ip) = (user_agent.map(str::to_owned), ip.map(str::to_owned));
    let what = match word("event") {
        "delivered" => Told::Delivered,
        "deferred" => Told::Delayed,
        "bounce" => match (given_up(word("status"), word("reason")), word("type")) {
            // `blocked`: turned away for what the sender or the message is, or for the time being.
            (Told::Failed { class: RejectClass::HardBounce | RejectClass::Refused }, "blocked") => {
                failed(RejectClass::Policy)
            }
            (Told::Failed { class: RejectClass::Refused }, _) => failed(RejectClass::HardBounce),
            (told, _) => told,
        },
        // Not even tried, because of SendGrid's own lists or of the message.
        "dropped" => {
            let reason = word("reason").to_ascii_lowercase();
            match reason.as_str() {
                "invalid" => failed(RejectClass::HardBounce),
                reason if reason.contains("bounced") => failed(RejectClass::HardBounce),
                reason if reason.contains("unsubscribed") || reason.contains("spam report") => {
                    failed(RejectClass::Stopped)
                }
                reason if reason.contains("spam") => failed(RejectClass::Policy),
                _ => failed(RejectClass::Refused),
            }
        }
        "spamreport" => Told::Complained,
        "unsubscribe" | "group_unsubscribe" => Told::Stopped,
        "group_resubscribe" => Told::Started,
        // A mail program's own fetch, as SendGrid found out: nobody looked.
        "open" if event["sg_machine_open"] == true => return None,
        "open" => Told::Opened { user_agent, ip },
        "click" => Told::Clicked { url: event["url"].as_str().map(str::to_owned), user_agent, ip },
        // `processed` says what the answer said.
        _ => return None,
    };
    let said = [word("status"), word("reason"), word("response")];
    let said: Vec<&str> = said.into_iter().filter(|said| !said.is_empty()).collect();
    Some(Receipt {
        about,
        what,
        at: event["timestamp"].as_i64().and_then(|seconds| seconds.checked_mul(SECOND_MS)),
        detail: quoted(&said.join(" ")),
        event_id: event["sg_event_id"].as_str().map(str::to_owned),
        price: None,
    })
}
