use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::Timestamp;
use serde_json::{Value, json};

use super::{KEY_TAG, SesConfig};
use crate::detail::quoted;
use crate::email::Composed;
use crate::http::Reply;
use crate::{EmailContent, Outcome, RejectClass, RetryClass};

/// SES takes no more than 40 MiB; ours are far below, and a mail of this size arrives nowhere.
const MESSAGE_BYTES_MAX: usize = 10 * 1_024 * 1_024;
/// How long a day's quota may keep a message waiting, in milliseconds. SES counts over the last 24 hours, so there is
/// room again a little later.
const QUOTA_WAIT_MS: i64 = 60 * 60 * 1_000;

pub(super) const SEND_PATH: &str = "/v2/email/outbound-emails";
pub(super) const ACCOUNT_PATH: &str = "/v2/email/account";

pub(super) fn body(
    config: &SesConfig,
    key: &str,
    content: &EmailContent,
    mail: &Composed,
) -> Result<Vec<u8>, Outcome> {
    if mail.message.len() > MESSAGE_BYTES_MAX {
        let detail = "the message is larger than 10 MiB".to_owned();
        return Err(Outcome::Rejected { class: RejectClass::TooLarge, detail });
    }
    let mut body = json!({
        "FromEmailAddress": content.from.address,
        "Destination": { "ToAddresses": [mail.recipient] },
        "Content": { "Raw": { "Data": STANDARD.encode(&mail.message) } },
    });
    // A tag's value knows few characters; a key of ours has no others.
    if !key.is_empty()
        && key.len() <= 256
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b))
    {
        body["EmailTags"] = json!([{ "Name": KEY_TAG, "Value": key }]);
    }
    if let Some(set) = &config.configuration_set {
        body["ConfigurationSetName"] = json!(set);
    }
    // SES sends its reports there only where the address is verified: the sender's own domain and what is below it.
    let below = |path: &str| {
        let domain = |address: &str| address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        let (path, from) = (domain(path), domain(&content.from.address));
        path == from || path.strip_suffix(&from).is_some_and(|rest| rest.ends_with('.'))
    };
    if content.return_path.is_some() && below(&mail.return_path) {
        body["FeedbackForwardingEmailAddress"] = json!(mail.return_path);
    }
    serde_json::to_vec(&body).map_err(|_| Outcome::Rejected {
        class: RejectClass::Invalid,
        detail: "the message cannot be written as JSON".to_owned(),
    })
}

/// The name of an error: from the header, else from the body, without what may stand around it.
fn error_of(reply: &Reply, told: &Value) -> String {
    let named = reply.header("x-amzn-errortype").or(told["__type"].as_str()).or(told["code"].as_str());
    let named = named.unwrap_or_default();
    let named = named.split(':').next().unwrap_or_default();
    named.rsplit('#').next().unwrap_or_default().to_owned()
}

pub(super) fn judged(reply: &Reply, now: Timestamp) -> Outcome {
    let told = reply.json();
    if reply.status == 200 {
        let provider_id = told["MessageId"].as_str().map(str::to_owned);
        return match provider_id {
            Some(id) => Outcome::Accepted { provider_id: Some(id), detail: "taken by Amazon SES".to_owned() },
            None => Outcome::Unknown { detail: "Amazon SES answered 200 without an id".to_owned() },
        };
    }
    let error = error_of(reply, &told);
    let said = told["message"].as_str().or(told["Message"].as_str()).unwrap_or_default();
    let detail = quoted(&format!("HTTP {} {error}: {said}", reply.status));
    let lower = said.to_ascii_lowercase();
    let rejected = |class| Outcome::Rejected { class, detail: detail.clone() };
    let retry = |class, after_ms| Outcome::Retry { class, after_ms, detail: detail.clone() };
    let after_ms = reply.retry_after_ms(now);
    match (reply.status, error.as_str()) {
        (429, _)
        | (_, "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "LimitExceededException") => {
            if lower.contains("daily") || lower.contains("24 hour") {
                retry(RetryClass::Rescheduled, Some(QUOTA_WAIT_MS))
            } else {
                retry(RetryClass::Throttled, after_ms)
            }
        }
        (_, "MessageRejected") if lower.contains("not verified") => Outcome::Misconfigured { detail },
        (_, "MessageRejected") => rejected(RejectClass::Policy),
        (
            _,
            "AccountSuspendedException"
            | "SendingPausedException"
            | "MailFromDomainNotVerifiedException"
            | "NotFoundException",
        ) => Outcome::Misconfigured { detail },
        (413, _) => rejected(RejectClass::TooLarge),
        (400, "BadRequestException" | "ValidationException" | "SerializationException" | "") => {
            rejected(RejectClass::Invalid)
        }
        // A signature that does not fit, a token that ended, a key without the right to send.
        (400..500, _) => Outcome::Misconfigured { detail },
        (500.., _) => retry(RetryClass::Temporary, after_ms),
        _ => Outcome::Unknown { detail },
    }
}

/// What the account may do, in words for the shop.
pub(super) fn account(reply: &Reply) -> Result<String, String> {
    let told = reply.json();
    if reply.status != 200 {
        let said = told["message"].as_str().or(told["Message"].as_str()).unwrap_or_default();
        return Err(quoted(&format!("HTTP {} {}: {said}", reply.status, error_of(reply, &told))));
    }
    if told["SendingEnabled"] == false {
        return Err("sending is switched off for this account; Amazon SES says why in its console".to_owned());
    }
    let quota = &told["SendQuota"];
    let number = |name: &str| quota[name].as_f64().unwrap_or_default();
    let (day, sent, rate) = (number("Max24HourSend"), number("SentLast24Hours"), number("MaxSendRate"));
    let sandbox = match told["ProductionAccessEnabled"] == false {
        true => "; in the sandbox: only verified addresses get mail until production access is asked for",
        false => "",
    };
    Ok(format!("{sent:.0} of {day:.0} messages sent in 24 hours, {rate:.0} a second{sandbox}"))
}
