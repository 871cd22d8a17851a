use domain::sms::{Alphabet, measure};
use kit::{SECOND_MS, Timestamp};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::{BATCH_MAX, EsmsConfig};
use crate::detail::quoted;
use crate::http::Reply;
use crate::sms::{digits_of, pairs_of, rejected, value_of};
use crate::{
    About, Callback, CallbackRefusal, Delivery, Outcome, Paid, Receipt, Received, RejectClass, RetryClass,
    Secret, TextContent, Told,
};

/// Of `RequestId`.
const ID_CHARS_MAX: usize = 50;

pub(super) fn keys(config: &EsmsConfig) -> Map<String, Value> {
    let secret = |key: &Option<Secret>| Value::from(key.as_ref().map(Secret::expose).unwrap_or_default());
    let mut body = Map::new();
    body.insert("ApiKey".into(), secret(&config.api_key));
    body.insert("SecretKey".into(), secret(&config.secret_key));
    body
}

pub(super) fn care(
    config: &EsmsConfig,
    callback_url: &str,
    delivery: &Delivery,
    text: &TextContent,
) -> Result<Value, Outcome> {
    let number = digits_of(&delivery.to)?;
    if delivery.key.chars().count() > ID_CHARS_MAX {
        return Err(rejected(RejectClass::Invalid, "the key is longer than eSMS takes"));
    }
    let mut body = keys(config);
    body.extend(fields([
        ("Phone", number),
        ("Content", &text.body),
        ("Brandname", config.brand(false)),
        ("SmsType", "2"),
        ("IsUnicode", if measure(&text.body).alphabet == Alphabet::Ucs2 { "1" } else { "0" }),
        ("RequestId", &delivery.key),
        ("Sandbox", if config.sandbox { "1" } else { "0" }),
    ]));
    if !callback_url.is_empty() {
        body.insert("CallbackUrl".into(), callback_url.into());
    }
    Ok(body.into())
}

pub(super) fn advertising(config: &EsmsConfig, id: &str, text: &str, numbers: &[&str]) -> Value {
    let mut body = keys(config);
    body.extend(fields([
        ("Content", text),
        ("Brandname", config.brand(true)),
        ("SmsType", "1"),
        ("RequestId", id),
        ("Sandbox", if config.sandbox { "1" } else { "0" }),
    ]));
    body.insert("Phones".into(), json!(numbers));
    body.into()
}

fn fields<const N: usize>(of: [(&str, &str); N]) -> impl Iterator<Item = (String, Value)> {
    of.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter()
}

/// A name of the batch that is the same when the same messages are tried again.
pub(super) fn batch_id<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    let digest = digest(&SHA256, keys.join("\n").as_bytes());
    digest.as_ref()[..24].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// eSMS names a batch; the ledger names each message of it.
pub(super) fn place_in_batch(id: &str, place: usize) -> String {
    format!("{id}#{place}")
}

pub(super) fn batch_of(provider_id: &str) -> &str {
    provider_id.split_once('#').map_or(provider_id, |(id, _)| id)
}

/// The last nine digits: eSMS tells `0901888484` for what it was given as `84901888484`.
pub(super) fn national(number: &str) -> Option<&str> {
    let start = number.len().checked_sub(9)?;
    number.get(start..).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whose codes are judged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Care,
    Advertising,
}

pub(super) fn judged(reply: &Reply, now: Timestamp, words: Words) -> Outcome {
    let told = reply.json();
    let code = word(&told["CodeResult"]);
    let said = told["ErrorMessage"].as_str().or(told["error"].as_str()).unwrap_or_default();
    if !code.is_empty() {
        let id = told["SMSID"].as_str().filter(|id| !id.is_empty());
        return outcome_of(&code, said, id, words);
    }
    let detail =
        quoted(&format!("HTTP {}: {}", reply.status, if said.is_empty() { &reply.text } else { said }));
    let retry = |class| Outcome::Retry { class, after_ms: reply.retry_after_ms(now), detail: detail.clone() };
    match reply.status {
        429 => retry(RetryClass::Throttled),
        408 | 500.. => retry(RetryClass::Temporary),
        401 | 403 | 404 => Outcome::Misconfigured { detail },
        // `{"error":"Invalid request"}` comes without a code.
        200 if said.is_empty() => retry(RetryClass::Temporary),
        _ => rejected(RejectClass::Refused, detail),
    }
}

fn outcome_of(code: &str, said: &str, id: Option<&str>, words: Words) -> Outcome {
    let detail =
        quoted(format!("eSMS {code}: {}", if said.is_empty() { meaning(code) } else { said }).trim_end());
    let misconfigured = || Outcome::Misconfigured { detail: detail.clone() };
    let reject = |class| rejected(class, detail.clone());
    match code {
        "100" => {
            let detail = match words {
                Words::Care => "taken by eSMS",
                Words::Advertising => "taken by eSMS, which approves advertising before it goes out",
            };
            Outcome::Accepted { provider_id: id.map(str::to_owned), detail: detail.to_owned() }
        }
        "124" => Outcome::Accepted {
            provider_id: id.map(str::to_owned),
            detail: "eSMS had taken it before (124)".to_owned(),
        },
        // A blocked number, or a network that the brandname is not registered with: others can be reached.
        "99" | "177" => reject(RejectClass::Recipient),
        "101" | "102" | "103" | "104" | "118" | "140" | "143" => misconfigured(),
        // Fewer distinct, valid numbers than were counted here. (119 is told from memory.)
        "107" | "119" => Outcome::Retry {
            class: RetryClass::Rescheduled,
            after_ms: Some(900 * SECOND_MS),
            detail: detail.clone(),
        },
        "108" | "110" | "210" | "300" => reject(RejectClass::Invalid),
        "120" | "163" | "687" => reject(RejectClass::TooLarge),
        "146" | "789" | "790" => reject(RejectClass::Template),
        "160" => {
            Outcome::Retry { class: RetryClass::Throttled, after_ms: Some(SECOND_MS), detail: detail.clone() }
        }
        "201" => reject(RejectClass::Policy),
        // Of Zalo through eSMS: the official account or its rights.
        "204" | "791" | "799" | "801" | "802" => misconfigured(),
        _ => reject(RejectClass::Refused),
    }
}

/// For codes that come without words.
fn meaning(code: &str) -> &'static str {
    match code {
        "99" => "the number is blocked at eSMS",
        "101" => "the keys are wrong",
        "102" => "the account has no price list",
        "103" => "the balance is too small: top it up",
        "104" => "the brandname does not exist or is not active",
        "107" => "fewer than 30 numbers",
        "108" => "the phone number is wrong",
        "118" => "the account may not send this type of message",
        "120" => "too many numbers",
        "140" => "this server's address is not on the account's list: give it to eSMS",
        "143" => "the account is not active or is locked",
        "146" => "the text does not follow a template that is registered for customer care",
        "160" => "too many requests a second",
        "177" => "the brandname is not registered with the recipient's network",
        "201" => "the text holds a word that is not allowed",
        _ => "",
    }
}

/// A text or a number as text.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn balance(reply: &Reply) -> Result<String, String> {
    let told = reply.json();
    let code = word(&told["CodeResponse"]);
    match code.as_str() {
        "100" => Ok(format!("the keys are good; the balance is {} đồng", word(&told["Balance"]))),
        "" => Err(quoted(&format!("HTTP {}: {}", reply.status, reply.text))),
        code => {
            let said = told["ErrorMessage"].as_str().filter(|said| !said.is_empty()).unwrap_or(meaning(code));
            Err(quoted(&format!("eSMS {code}: {said}")))
        }
    }
}

/// Whether eSMS wants fewer requests for a while.
pub(super) fn is_throttled(reply: &Reply) -> bool {
    reply.status == 429 || word(&reply.json()["CodeResult"]) == "160"
}

/// What became of one number of a message.
pub(super) struct Fate {
    /// Its last nine digits.
    pub national: String,
    /// Nothing while it is on its way.
    pub arrived: Option<bool>,
    pub detail: String,
}

/// Of `GetSmsReceiverStatus_get`. Errors: words for the shop.
pub(super) fn fates(reply: &Reply) -> Result<Vec<Fate>, String> {
    let told = reply.json();
    match word(&told["CodeResult"]).as_str() {
        "100" => {}
        // It was taken a moment ago.
        "105" => return Ok(Vec::new()),
        "" => return Err(quoted(&format!("HTTP {}: {}", reply.status, reply.text))),
        code => {
            return Err(quoted(&format!(
                "eSMS {code}: {}",
                told["ErrorMessage"].as_str().unwrap_or(meaning(code))
            )));
        }
    }
    let flag = |value: &Value| match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    let fate = |one: &Value| {
        let national = national(one["Phone"].as_str()?)?.to_owned();
        let is_sent = flag(&one["IsSent"]).unwrap_or(false);
        let arrived = flag(&one["SentResult"]).filter(|_| is_sent);
        let network = one["NetworkName"].as_str().unwrap_or_default();
        Some(Fate { national, arrived, detail: quoted(network) })
    };
    Ok(told["ReceiverList"].as_array().into_iter().flatten().filter_map(fate).collect())
}

/// `SendStatus`: 1 waits for approval, 2 waits to be sent, 4 refused, 5 done, 7 sent and not reported yet.
pub(super) fn received(callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
    if callback.method != "GET" {
        return Err(CallbackRefusal::Malformed("eSMS calls with GET".to_owned()));
    }
    let pairs = pairs_of(callback.query);
    let told = |name: &str| value_of(&pairs, name);
    let (id, status) = (told("SMSID"), told("SendStatus"));
    if id.is_empty() || status.is_empty() {
        return Err(CallbackRefusal::Malformed("neither SMSID nor SendStatus".to_owned()));
    }
    let count = |name: &str| told(name).parse::<usize>().ok();
    let event_id = format!("{id} {status} {} {}", told("SendSuccess"), told("SendFailed"));
    let receipt = |about, what, detail: String, price: Option<i64>| Receipt {
        about,
        what,
        at: None,
        detail,
        event_id: Some(event_id.clone()),
        price: price.map(Paid::vnd),
    };
    match told("TypeId") {
        "2" | "" => {}
        // Of a batch only sums are told: nothing about one message but that none of them goes out.
        "1" if status == "4" => {
            let places = count("TotalReceiver").unwrap_or(0).min(BATCH_MAX);
            let of = |place| {
                let mut receipt = receipt(
                    About::Provider(place_in_batch(id, place)),
                    Told::Failed { class: RejectClass::Policy },
                    "eSMS did not approve the advertisement".to_owned(),
                    None,
                );
                receipt.event_id = Some(format!("{event_id} {place}"));
                receipt
            };
            return Ok(Received::of((0..places).map(of).collect()));
        }
        // Advertising that is on its way, and what another product of the account sent.
        _ => return Ok(Received::default()),
    }
    // Our key came along where the request had one.
    let about = match told("RequestId") {
        "" => About::Provider(id.to_owned()),
        key => About::Key(key.to_owned()),
    };
    let network = match told("telcoid") {
        "1" => "Viettel",
        "2" => "Mobifone",
        "3" => "Vinaphone",
        "4" => "Vietnamobile",
        "5" => "Gtel",
        "6" => "Itel",
        "7" => "Reddi",
        _ => "",
    };
    let receipts = match (status, count("SendSuccess"), count("SendFailed")) {
        ("4", _, _) => vec![receipt(
            about,
            Told::Failed { class: RejectClass::Policy },
            "eSMS refused it".to_owned(),
            None,
        )],
        ("5", Some(1..), _) | ("5", None, None) => {
            vec![receipt(about, Told::Delivered, network.to_owned(), price(told("TotalPrice")))]
        }
        ("5", _, Some(1..)) => {
            let detail = format!("the network did not deliver it: {network}");
            let detail = detail.trim_end_matches(": ").to_owned();
            vec![receipt(
                about,
                Told::Failed { class: RejectClass::Refused },
                detail,
                price(told("TotalPrice")),
            )]
        }
        ("1" | "2", _, _) => vec![receipt(about, Told::Delayed, "it waits at eSMS".to_owned(), None)],
        _ => Vec::new(),
    };
    Ok(Received::of(receipts))
}

/// `850.0000`: đồng, rounded.
fn price(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || whole.len() > 12 {
        return None;
    }
    Some(whole.parse::<i64>().ok()? + i64::from(part.as_bytes().first().is_some_and(|b| *b >= b'5')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply { status: 200, headers: Vec::new(), text: text.to_owned() }
    }

    fn named(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Accepted { provider_id, .. } => {
                format!("accepted {}", provider_id.as_deref().unwrap_or("-"))
            }
            Outcome::Retry { class, .. } => format!("retry {class:?}"),
            Outcome::Rejected { class, .. } => format!("rejected {class:?}"),
            Outcome::Unknown { .. } => "unknown".to_owned(),
            Outcome::Misconfigured { .. } => "misconfigured".to_owned(),
        }
    }

    #[test]
    fn every_code_has_its_outcome() {
        let now = Timestamp::from_ms(0);
        for (codes, expect) in [
            ("100", "accepted abc"),
            ("124", "accepted abc"),
            ("99 177", "rejected Recipient"),
            ("101 102 103 104 118 140 143 204 791 799 801 802", "misconfigured"),
            ("107 119", "retry Rescheduled"),
            ("108 110 210 300", "rejected Invalid"),
            ("120 163 687", "rejected TooLarge"),
            ("146 789 790", "rejected Template"),
            ("160", "retry Throttled"),
            ("201", "rejected Policy"),
            ("105 106 115 171 199 301 851 854 12345", "rejected Refused"),
        ] {
            for code in codes.split(' ') {
                for told in [json!(code), json!(code.parse::<i64>().unwrap())] {
                    let body =
                        json!({ "CodeResult": told, "SMSID": "abc", "ErrorMessage": "84901234567 said" });
                    let outcome = judged(&reply(&body.to_string()), now, Words::Care);
                    assert_eq!(named(&outcome), expect, "{code}");
                    assert!(
                        !outcome.detail().is_empty() && !outcome.detail().contains("901234567"),
                        "{outcome:?}"
                    );
                }
            }
        }
        let check = |status, text: &str, expect: &str| {
            let reply = Reply { status, ..reply(text) };
            assert_eq!(named(&judged(&reply, now, Words::Care)), expect, "{status} {text}");
        };
        check(200, r#"{"error":"Invalid request"}"#, "rejected Refused");
        check(200, "<html>", "retry Temporary");
        check(502, "<html>", "retry Temporary");
        check(429, "", "retry Throttled");
        check(403, "", "misconfigured");
        check(404, "", "misconfigured");
        check(400, "", "rejected Refused");
        check(500, r#"{"CodeResult":"103"}"#, "misconfigured");
    }

    #[test]
    fn a_batch_is_named_by_its_messages() {
        let id = batch_id(["b", "a"].into_iter());
        assert_eq!(id, batch_id(["a", "b"].into_iter()));
        assert_ne!(id, batch_id(["a", "c"].into_iter()));
        assert!(id.len() <= ID_CHARS_MAX);
        assert_eq!((batch_of(&place_in_batch("x1", 7)), batch_of("x1")), ("x1", "x1"));
    }

    #[test]
    fn prices_are_whole() {
        for (text, expect) in [
            ("850.0000", Some(850)),
            ("0.0000", Some(0)),
            ("849.6", Some(850)),
            ("", None),
            ("-1", None),
            ("NaN", None),
        ] {
            assert_eq!(price(text), expect, "{text}");
        }
    }
}
