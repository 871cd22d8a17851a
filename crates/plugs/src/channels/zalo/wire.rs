use std::collections::BTreeMap;

use domain::normalise::text::nfc;
use kit::{DAY_MS, HOUR_MS, Timestamp};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::ZaloConfig;
use super::oauth::address;
use crate::detail::quoted;
use crate::http::Reply;
use crate::{
    Content, Delivery, MessageClass, Outcome, RejectClass, RetryClass, RichContent, TemplateContent,
};

/// Zalo's clock: Vietnam knows no summer time.
const OFFSET_MS: i64 = 7 * HOUR_MS;
/// Messages of the night go out from this hour on.
const MORNING_MS: i64 = 6 * HOUR_MS;
const TRACKING_CHARS_MAX: usize = 48;
/// What a tracking id begins with that is the hash of a key and not the key.
const HASHED: &str = "h-";

const HEADER_CHARS: usize = 100;
const TEXT_CHARS: usize = 1_000;
const KEY_CHARS: usize = 25;
const VALUE_CHARS: usize = 100;
const TITLE_CHARS: usize = 35;
const ROWS_MAX: usize = 5;
const BUTTONS_MAX: usize = 4;

#[derive(Debug)]
pub(super) struct Call {
    pub url: Url,
    pub body: Value,
}

/// The lengths that a template's parameters may have, by their names.
pub(super) type Lengths = BTreeMap<String, usize>;

/// What an answer comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Judged {
    Outcome(Outcome),
    /// The access token is not accepted (any more): renew and call again.
    TokenRefused(String),
    /// A parameter is longer than its template allows: cut and call again.
    TooLong(String),
}

fn rejected(class: RejectClass, detail: &str) -> Outcome {
    Outcome::Rejected { class, detail: detail.to_owned() }
}

/// Our key as Zalo takes it: at most 48 characters, none of them special.
pub(super) fn tracking_id(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty()
        && key.len() <= TRACKING_CHARS_MAX
        && key.bytes().all(plain)
        && !key.starts_with(HASHED)
    {
        return key.to_owned();
    }
    let hex: String =
        Sha256::digest(key.as_bytes()).iter().take(20).map(|byte| format!("{byte:02x}")).collect();
    format!("{HASHED}{hex}")
}

/// The key that a tracking id stands for, if it is one.
pub(super) fn key_of(tracking_id: &str) -> Option<&str> {
    Some(tracking_id).filter(|id| !id.is_empty() && !id.starts_with(HASHED))
}

pub(super) fn encode(
    config: &ZaloConfig,
    delivery: &Delivery,
    lengths: Option<&Lengths>,
) -> Result<Call, Outcome> {
    let to = delivery.to.trim();
    let phone = to.strip_prefix('+');
    let is_number =
        |text: &str| !text.is_empty() && text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(phone.unwrap_or(to)) {
        return Err(rejected(RejectClass::Invalid, "neither a phone number nor a user id of Zalo"));
    }
    match (&delivery.content, phone) {
        (Content::Template(content), phone) => template(config, delivery, content, phone, to, lengths),
        (Content::Text(_) | Content::Rich(_), Some(_)) => {
            // A phone number says nothing about who follows the account.
            let detail =
                "the account's own messages go to people whose Zalo account it knows, not to phone numbers";
            Err(rejected(RejectClass::Recipient, detail))
        }
        (Content::Text(content), None) => {
            let rich =
                RichContent { class: content.class, text: content.body.clone(), ..RichContent::default() };
            account(config, to, &rich)
        }
        (Content::Rich(content), None) => account(config, to, content),
        (other, _) => {
            let detail = format!("this channel sends messages of Zalo and no {}", other.kind());
            Err(Outcome::Rejected { class: RejectClass::Invalid, detail })
        }
    }
}

fn template(
    config: &ZaloConfig,
    delivery: &Delivery,
    content: &TemplateContent,
    phone: Option<&str>,
    user: &str,
    lengths: Option<&Lengths>,
) -> Result<Call, Outcome> {
    if content.template_id.is_empty() {
        return Err(rejected(RejectClass::Template, "no template is chosen"));
    }
    let data: Map<String, Value> = content
        .parameters
        .iter()
        .map(|(name, value)| {
            let value = nfc(value.trim());
            let value = match lengths.and_then(|lengths| lengths.get(name)) {
                Some(most) => cut(&value, *most),
                None => value,
            };
            (name.clone(), Value::String(value))
        })
        .collect();
    let mut body = Map::new();
    match phone {
        Some(digits) => body.insert("phone".into(), digits.into()),
        None => body.insert("user_id".into(), user.into()),
    };
    body.insert("template_id".into(), content.template_id.as_str().into());
    body.insert("template_data".into(), Value::Object(data));
    body.insert("tracking_id".into(), tracking_id(&delivery.key).into());
    if config.development {
        body.insert("mode".into(), "development".into());
    }
    if config.over_quota_templates.contains(&content.template_id) {
        body.insert("sending_mode".into(), "3".into());
    }
    call(&config.business_base_url, "/message/template", Value::Object(body))
}

fn account(config: &ZaloConfig, user: &str, content: &RichContent) -> Result<Call, Outcome> {
    let plain = content.headline.is_empty()
        && content.image_url.is_empty()
        && content.rows.is_empty()
        && content.buttons.is_empty();
    let (kind, path) = match content.class {
        MessageClass::Care if plain => {
            if content.text.trim().is_empty() {
                return Err(rejected(RejectClass::Invalid, "the message is empty"));
            }
            let body =
                json!({ "recipient": { "user_id": user }, "message": { "text": nfc(content.text.trim()) } });
            return call(&config.openapi_base_url, "/v3.0/oa/message/cs", body);
        }
        MessageClass::Care => (config.transaction_type.as_str(), "/v3.0/oa/message/transaction"),
        MessageClass::Advertising => ("promotion", "/v3.0/oa/message/promotion"),
    };
    if content.rows.len() > ROWS_MAX {
        return Err(rejected(RejectClass::TooLarge, "Zalo takes at most 5 rows"));
    }
    if content.buttons.len() > BUTTONS_MAX {
        return Err(rejected(RejectClass::TooLarge, "Zalo takes at most 4 buttons"));
    }
    let mut elements = Vec::new();
    if !content.image_url.is_empty() {
        elements.push(json!({ "type": "banner", "image_url": content.image_url }));
    }
    if !content.headline.is_empty() {
        elements.push(json!({ "type": "header", "content": cut(&nfc(&content.headline), HEADER_CHARS) }));
    }
    if !content.text.is_empty() {
        let text = cut(&nfc(&content.text), TEXT_CHARS);
        elements.push(json!({ "type": "text", "align": "left", "content": text }));
    }
    if !content.rows.is_empty() {
        let row = |(key, value): &(String, String)| json!({ "key": cut(&nfc(key), KEY_CHARS), "value": cut(&nfc(value), VALUE_CHARS) });
        elements
            .push(json!({ "type": "table", "content": content.rows.iter().map(row).collect::<Vec<_>>() }));
    }
    if elements.is_empty() {
        return Err(rejected(RejectClass::Invalid, "the message is empty"));
    }
    let mut payload = Map::new();
    payload.insert("template_type".into(), kind.into());
    payload.insert("language".into(), "VI".into());
    payload.insert("elements".into(), elements.into());
    if !content.buttons.is_empty() {
        let button = |(title, url): &(String, String)| json!({ "title": cut(&nfc(title), TITLE_CHARS), "type": "oa.open.url", "payload": { "url": url }, "image_icon": "" });
        payload.insert("buttons".into(), content.buttons.iter().map(button).collect::<Vec<_>>().into());
    }
    let message = json!({ "attachment": { "type": "template", "payload": payload } });
    call(&config.openapi_base_url, path, json!({ "recipient": { "user_id": user }, "message": message }))
}

fn call(base: &str, path: &str, body: Value) -> Result<Call, Outcome> {
    let url = address(base, path).map_err(|detail| Outcome::Misconfigured { detail })?;
    Ok(Call { url, body })
}

/// At most so many characters, the last of them an ellipsis where something was left out. Zalo is taken to count
/// Unicode's, composed.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.truncate(kept.trim_end().len());
    if most > 0 {
        kept.push('…');
    }
    kept
}

/// The number in `error`; `None` when the answer is none of Zalo's.
pub(super) fn error_of(told: &Value) -> Option<i64> {
    match &told["error"] {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

/// What a message's answer means.
pub(super) fn judged(reply: &Reply, now: Timestamp) -> Judged {
    let told = reply.json();
    let Some(code) = error_of(&told) else { return Judged::Outcome(without_number(reply, now)) };
    let said = match told["message"].as_str() {
        Some(message) if code != 0 => quoted(&format!("{code} {message}")),
        _ => quoted(&format!("{code}")),
    };
    let is_own = |id: &&str| !id.is_empty();
    match code {
        0 => Judged::Outcome(Outcome::Accepted {
            provider_id: ["msg_id", "message_id"]
                .iter()
                .find_map(|name| told["data"][*name].as_str().filter(is_own))
                .map(str::to_owned),
            detail: "accepted by Zalo".to_owned(),
        }),
        -124 | -216 | -220 => Judged::TokenRefused(said),
        -1121 => Judged::TooLong(said),
        _ => Judged::Outcome(refused(code, said, now)),
    }
}

fn without_number(reply: &Reply, now: Timestamp) -> Outcome {
    let detail = match reply.text.is_empty() {
        true => format!("HTTP {}", reply.status),
        false => quoted(&format!("HTTP {}: {}", reply.status, reply.text)),
    };
    let retry = |class| Outcome::Retry { class, after_ms: reply.retry_after_ms(now), detail: detail.clone() };
    match reply.status {
        429 => retry(RetryClass::Throttled),
        // Something in between gave up waiting: the message may have gone through.
        502 | 504 => Outcome::Unknown { detail },
        500.. => retry(RetryClass::Temporary),
        // It said yes, and not to what.
        200..300 => Outcome::Unknown { detail },
        401 | 403 => Outcome::Misconfigured { detail },
        413 => Outcome::Rejected { class: RejectClass::TooLarge, detail },
        _ => Outcome::Rejected { class: RejectClass::Refused, detail },
    }
}

/// What a number other than 0 means for the message.
fn refused(code: i64, detail: String, now: Timestamp) -> Outcome {
    use RejectClass::{HardBounce, Invalid, Policy, Recipient, Refused, Stopped, Template, TooLarge};
    let rejected = |class, detail| Outcome::Rejected { class, detail };
    let later = |after_ms, detail| Outcome::Retry {
        class: RetryClass::Rescheduled,
        after_ms: Some(after_ms),
        detail,
    };
    let again = |class, detail| Outcome::Retry { class, after_ms: None, detail };
    match code {
        // The app, the account, its permissions, its money.
        -105..=-101 | -117 | -120 | -123 | -125 | -126 | -128 | -129 | -135 | -138 => {
            Outcome::Misconfigured { detail }
        }
        -115 | -136 | -137 | -320 | -321 => {
            Outcome::Misconfigured { detail: format!("{detail} (balance or quota of the account)") }
        }
        -204 | -205 | -209 | -212 | -219 | -221 | -224 | -240 | -242 => Outcome::Misconfigured { detail },
        // What sends it is to stop.
        -109 | -111 | -113 | -116 | -122 | -127 | -131 | -145 | -146 | -1122 => rejected(Template, detail),
        // This message.
        -106 | -107 | -112 | -121 | -132 | -150..=-148 | -201 => rejected(Invalid, detail),
        -130 => rejected(TooLarge, detail),
        // This person.
        -108 => rejected(HardBounce, detail),
        -110 | -114 | -118 | -119 | -134 | -139 | -140 | -213 | -227 | -230 | -244 => {
            rejected(Recipient, detail)
        }
        -141 => rejected(Stopped, detail),
        // Not now.
        -133 | -234 => later(until_morning(now), detail),
        -144 | -147 | -1472 | -211 | -218 => later(until_tomorrow(now), detail),
        -32 => again(RetryClass::Throttled, detail),
        -100 | -200 => again(RetryClass::Temporary, detail),
        -214 | -215 => rejected(Policy, detail),
        _ => rejected(Refused, detail),
    }
}

fn of_day(now: Timestamp) -> i64 {
    now.plus_ms(OFFSET_MS).ms().rem_euclid(DAY_MS)
}

/// Until six in the morning in Vietnam, in milliseconds.
fn until_morning(now: Timestamp) -> i64 {
    (MORNING_MS - of_day(now)).rem_euclid(DAY_MS).max(1)
}

/// Until six in the morning of the next day in Vietnam: when quotas of the day have begun anew and the night is over.
fn until_tomorrow(now: Timestamp) -> i64 {
    DAY_MS - of_day(now) + MORNING_MS
}

/// A template that Zalo has approved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub template_id: String,
    pub name: String,
    /// Zalo's word: `ENABLE`, `PENDING_REVIEW`, `REJECT`, `DISABLE`, ...
    pub status: String,
    /// Zalo's word: `HIGH`, `MEDIUM`, `LOW`, `UNDEFINED`; empty when not told.
    #[serde(default)]
    pub quality: String,
    /// `TRANSACTION`, `CUSTOMER_CARE`, `PROMOTION` or a number; empty when not told.
    #[serde(default)]
    pub tag: String,
    /// Where Zalo shows what it looks like; may be empty.
    #[serde(default)]
    pub preview_url: String,
    #[serde(default)]
    pub parameters: Vec<TemplateParameter>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateParameter {
    pub name: String,
    pub is_required: bool,
    /// Zalo's word: `STRING`, `NUMBER`, `DATE`, ...
    #[serde(default)]
    pub kind: String,
    /// In characters; 0: not told.
    #[serde(default)]
    pub min_length: usize,
    /// In characters; 0: not told.
    #[serde(default)]
    pub max_length: usize,
}

/// Text, or a number as text.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn count(value: &Value) -> usize {
    word(value).parse().unwrap_or(0)
}

/// One page of `GET /template/all`, and how many there are altogether where that is told.
pub(super) fn listed(told: &Value) -> (Vec<Template>, Option<usize>) {
    let total = told["metadata"]["total"].as_u64().and_then(|total| usize::try_from(total).ok());
    (told["data"].as_array().into_iter().flatten().filter_map(template_of).collect(), total)
}

/// A template, from the list or from `GET /template/info/v2`.
pub(super) fn template_of(told: &Value) -> Option<Template> {
    let template_id = word(&told["templateId"]);
    let parameters = told["listParams"].as_array().into_iter().flatten().map(|told| TemplateParameter {
        name: word(&told["name"]),
        is_required: told["require"].as_bool().unwrap_or(true),
        kind: word(&told["type"]),
        min_length: count(&told["minLength"]),
        max_length: count(&told["maxLength"]),
    });
    Some(Template {
        name: word(&told["templateName"]),
        status: word(&told["status"]),
        quality: word(&told["templateQuality"]),
        tag: word(&told["templateTag"]),
        preview_url: word(&told["previewUrl"]),
        parameters: parameters.filter(|one| !one.name.is_empty()).collect(),
        template_id,
    })
    .filter(|template| !template.template_id.is_empty())
}

pub(super) fn lengths_of(template: &Template) -> Lengths {
    let bounded = template.parameters.iter().filter(|one| one.max_length > 0);
    bounded.map(|one| (one.name.clone(), one.max_length)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_tracking_ids() {
        assert_eq!(tracking_id("01J8Z6N3Q5W7"), "01J8Z6N3Q5W7");
        assert_eq!(key_of(&tracking_id("01J8Z6N3Q5W7")), Some("01J8Z6N3Q5W7"));
        for odd in ["", "a:b", "h-a", &"x".repeat(49), "é"] {
            let id = tracking_id(odd);
            assert!(id.len() <= TRACKING_CHARS_MAX && id.starts_with(HASHED), "{id}");
            assert_eq!(key_of(&id), None);
        }
    }

    #[test]
    fn nights_and_days_end_in_vietnam() {
        // 2023-11-14T22:13:20Z is 05:13:20 of the next day in Vietnam.
        let now = Timestamp::from_ms(1_700_000_000_000);
        assert_eq!(until_morning(now), 2_800_000);
        assert_eq!(until_tomorrow(now), 2_800_000 + DAY_MS);
        let evening = now.plus_ms(17 * HOUR_MS); // 22:13:20
        assert_eq!(until_morning(evening), 2_800_000 + 7 * HOUR_MS);
        assert_eq!(until_tomorrow(evening), 2_800_000 + 7 * HOUR_MS);
        assert_eq!(until_morning(now.plus_ms(2_800_000)), 1, "six sharp");
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(cut("Nguyễn Văn An", 13), "Nguyễn Văn An");
        assert_eq!(cut("Nguyễn Văn An", 8), "Nguyễn…");
        assert_eq!(cut("ab", 1), "…");
        assert_eq!(cut("ab", 0), "");
    }

    #[test]
    fn every_number_has_its_class() {
        let now = Timestamp::from_ms(1_700_000_000_000);
        let check = |codes: &[i64], expect: &str| {
            for code in codes {
                let named = match refused(*code, "said".into(), now) {
                    Outcome::Misconfigured { .. } => "misconfigured".to_owned(),
                    Outcome::Rejected { class, .. } => format!("{class:?}"),
                    Outcome::Retry { class: RetryClass::Rescheduled, after_ms: Some(2_800_000), .. } => {
                        "morning".into()
                    }
                    Outcome::Retry { class: RetryClass::Rescheduled, after_ms: Some(_), .. } => {
                        "tomorrow".into()
                    }
                    Outcome::Retry { class, .. } => format!("{class:?}"),
                    other => format!("{other:?}"),
                };
                assert_eq!(named, expect, "{code}");
            }
        };
        check(
            &[-101, -102, -103, -104, -105, -115, -136, -137, -204, -205, -219, -221, -320, -321],
            "misconfigured",
        );
        check(&[-109, -111, -131, -146, -1122], "Template");
        check(&[-108], "HardBounce");
        check(&[-114, -118, -119, -139, -140, -213, -227, -230, -244], "Recipient");
        check(&[-141], "Stopped");
        check(&[-112, -132, -201], "Invalid");
        check(&[-133, -234], "morning");
        check(&[-144, -147, -1472, -211, -218], "tomorrow");
        check(&[-32], "Throttled");
        check(&[-100, -200], "Temporary");
        check(&[-99_999], "Refused");
    }
}
