//! What SNS posts: its signature, its envelope, and the events of SES in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::{HOUR_MS, MINUTE_MS, Timestamp};
use reqwest::Url;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use serde_json::Value;
use x509_cert::Certificate;
use x509_cert::der::DecodePem;

use super::KEY_TAG;
use crate::detail::quoted;
use crate::email::status::given_up;
use crate::{About, Callback, CallbackRefusal, Receipt, Received, RejectClass, Told};

/// SNS tries again for a good while with the same instant; what comes twice is told apart by its id.
const AGE_MS_MAX: i64 = 26 * HOUR_MS;
const AHEAD_MS_MAX: i64 = 5 * MINUTE_MS;

/// `certificate` is the PEM from the address that the first call asked for.
pub(super) fn received(
    topic_arn: Option<&str>,
    callback: &Callback<'_>,
    certificate: Option<&str>,
) -> Result<Received, CallbackRefusal> {
    let malformed = |what: &str| CallbackRefusal::Malformed(what.to_owned());
    let envelope: Value =
        serde_json::from_slice(callback.body).map_err(|_| malformed("no message of SNS: it is not JSON"))?;
    let word = |name: &str| envelope[name].as_str().unwrap_or_default();
    let kind = word("Type");
    let signed: &[&str] = match kind {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
            &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        }
        _ => return Err(malformed("no message of SNS: it has no known Type")),
    };
    let signing_url = own_url(word("SigningCertURL")).filter(|url| url.path().ends_with(".pem"));
    let Some(signing_url) = signing_url else { return Err(CallbackRefusal::Unsigned) };
    if topic_arn.is_some_and(|arn| arn != word("TopicArn")) {
        return Err(CallbackRefusal::Unsigned);
    }
    let Some(certificate) = certificate else {
        return Ok(Received { needs_url: Some(signing_url.to_string()), ..Received::default() });
    };
    // A subject that is not there is left out of what is signed.
    let present = signed.iter().filter(|name| envelope[**name].is_string());
    let text: String = present.map(|name| format!("{name}\n{}\n", word(name))).collect();
    let signature = STANDARD.decode(word("Signature")).map_err(|_| CallbackRefusal::Unsigned)?;
    verify(certificate, word("SignatureVersion"), text.as_bytes(), &signature, callback.now)?;
    let at: jiff::Timestamp = word("Timestamp").parse().map_err(|_| malformed("the Timestamp is none"))?;
    let age_ms = callback.now.since_ms(Timestamp::from_ms(at.as_millisecond()));
    if !(-AHEAD_MS_MAX..=AGE_MS_MAX).contains(&age_ms) {
        return Err(CallbackRefusal::Stale);
    }
    match kind {
        "Notification" => {
            let message: Value = serde_json::from_str(word("Message")).map_err(|_| {
                malformed("the Message is not JSON: the topic carries something else than SES")
            })?;
            Ok(Received::of(receipts(&message, word("MessageId"))))
        }
        "SubscriptionConfirmation" => {
            let url =
                own_url(word("SubscribeURL")).ok_or_else(|| malformed("SubscribeURL is not one of SNS"))?;
            Ok(Received { confirm_url: Some(url.to_string()), ..Received::default() })
        }
        // Somebody took the subscription away; to ask for it again is not ours.
        _ => Ok(Received::default()),
    }
}

/// An address of SNS itself: `https://sns.<region>.amazonaws.com/..`.
fn own_url(told: &str) -> Option<Url> {
    let url = Url::parse(told).ok()?;
    let host = url.host_str()?;
    let region = host.strip_prefix("sns.")?;
    let region =
        region.strip_suffix(".amazonaws.com").or_else(|| region.strip_suffix(".amazonaws.com.cn"))?;
    let is_region = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_plain = url.scheme() == "https" && url.port().is_none() && url.username().is_empty();
    (is_region && is_plain && url.password().is_none()).then_some(url)
}

fn verify(
    certificate: &str,
    version: &str,
    text: &[u8],
    signature: &[u8],
    now: Timestamp,
) -> Result<(), CallbackRefusal> {
    let unreadable = |_| CallbackRefusal::Malformed("the certificate of SNS cannot be read".to_owned());
    let certificate = Certificate::from_pem(certificate).map_err(unreadable)?.tbs_certificate;
    let seconds = u64::try_from(now.ms() / 1_000).unwrap_or_default();
    let validity = certificate.validity;
    let lasts =
        validity.not_before.to_unix_duration().as_secs()..=validity.not_after.to_unix_duration().as_secs();
    if !lasts.contains(&seconds) {
        return Err(CallbackRefusal::Unsigned);
    }
    let key = certificate.subject_public_key_info.subject_public_key;
    let algorithm = match version {
        // What SNS signs with unless a topic is told otherwise.
        "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        "2" => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(CallbackRefusal::Unsigned),
    };
    let key = UnparsedPublicKey::new(algorithm, key.raw_bytes());
    key.verify(text, signature).map_err(|_| CallbackRefusal::Unsigned)
}

/// What SES says: an event of a configuration set (`eventType`) or a notification of an identity
/// (`notificationType`).
fn receipts(message: &Value, message_id: &str) -> Vec<Receipt> {
    let kind = message["eventType"].as_str().or(message["notificationType"].as_str()).unwrap_or_default();
    let mail = &message["mail"];
    let about = match mail["tags"][KEY_TAG][0].as_str() {
        Some(key) => About::Key(key.to_owned()),
        None => match mail["messageId"].as_str() {
            Some(id) => About::Provider(id.to_owned()),
            None => return Vec::new(),
        },
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (part, what, detail) = match kind {
        "Delivery" => ("delivery", Told::Delivered, text(&message["delivery"]["smtpResponse"])),
        "DeliveryDelay" => {
            let delay = &message["deliveryDelay"];
            let said = text(&delay["delayedRecipients"][0]["diagnosticCode"]);
            ("deliveryDelay", Told::Delayed, said.or_else(|| text(&delay["delayType"])))
        }
        "Bounce" => {
            let bounce = &message["bounce"];
            let recipient = &bounce["bouncedRecipients"][0];
            let said = text(&recipient["diagnosticCode"]);
            let sub = bounce["bounceSubType"].as_str().unwrap_or_default();
            let status = recipient["status"].as_str().unwrap_or_default();
            let judged = given_up(status, said.as_deref().unwrap_or_default());
            let what = match (bounce["bounceType"].as_str().unwrap_or_default(), sub) {
                // On the list of addresses that bounced, of all of SES or of the account, too.
                ("Permanent", "NoEmail" | "Suppressed" | "OnAccountSuppressionList") => {
                    Told::Failed { class: RejectClass::HardBounce }
                }
                (_, "MessageTooLarge") => Told::Failed { class: RejectClass::TooLarge },
                (_, "ContentRejected" | "AttachmentRejected") => Told::Failed { class: RejectClass::Policy },
                ("Permanent", "General") => match judged {
                    Told::Failed { class: RejectClass::Refused } => {
                        Told::Failed { class: RejectClass::HardBounce }
                    }
                    told => told,
                },
                // Somebody is out of office, most often.
                ("Transient", "General") if said.is_none() && status.is_empty() => Told::Delayed,
                ("Transient", _) => match judged {
                    told @ Told::Failed { class: RejectClass::Policy } => told,
                    _ => Told::SoftBounced,
                },
                _ => judged,
            };
            let named = format!("{} {sub}", bounce["bounceType"].as_str().unwrap_or_default());
            ("bounce", what, Some(said.unwrap_or(named)))
        }
        "Complaint" => {
            let complaint = &message["complaint"];
            // Taken back by the person.
            if complaint["complaintFeedbackType"] == "not-spam" {
                return Vec::new();
            }
            ("complaint", Told::Complained, text(&complaint["complaintFeedbackType"]))
        }
        "Reject" => {
            ("reject", Told::Failed { class: RejectClass::Policy }, text(&message["reject"]["reason"]))
        }
        "Open" => {
            let open = &message["open"];
            let what = Told::Opened { user_agent: text(&open["userAgent"]), ip: text(&open["ipAddress"]) };
            ("open", what, None)
        }
        "Click" => {
            let click = &message["click"];
            let what = Told::Clicked {
                url: text(&click["link"]),
                user_agent: text(&click["userAgent"]),
                ip: text(&click["ipAddress"]),
            };
            ("click", what, None)
        }
        "Subscription" => {
            // Through the link that SES itself puts into messages.
            let preferences = &message["subscription"]["newTopicPreferences"];
            if preferences["unsubscribeAll"] != true {
                return Vec::new();
            }
            ("subscription", Told::Stopped, None)
        }
        // `Send` says what its answer said already; `Rendering Failure` is of templates that we do not use.
        _ => return Vec::new(),
    };
    let at = message[part]["timestamp"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    vec![Receipt {
        about,
        what,
        at: at.map(|at| at.as_millisecond()),
        detail: quoted(&detail.unwrap_or_default()),
        event_id: Some(message_id.to_owned()),
        price: None,
    }]
}
