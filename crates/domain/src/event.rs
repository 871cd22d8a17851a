//! One thing that a client told us: the Segment HTTP API's messages, read strictly where it matters and mildly
//! where real clients differ.

use crate::identifier::{Identifier, IdentifierError, IdentifierKind};
use kit::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Largest single message, in bytes of JSON.
pub const ITEM_BYTES_MAX: usize = 32 * 1024;
/// Largest batch, in bytes after decompression.
pub const BATCH_BYTES_MAX: usize = 500 * 1024;
/// Messages in one batch.
pub const BATCH_ITEMS_MAX: usize = 2_500;
/// Longest event name and message id, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
pub const MESSAGE_ID_BYTES_MAX: usize = 100;

/// Nothing this software records can be older: an earlier instant is a clock that was never set.
const EARLIEST: Timestamp = Timestamp::from_ms(946_684_800_000); // 2000-01-01

/// The property whose number the store keeps beside an event of this name, because conditions add it up most.
pub fn measure_of(_event_name: &str) -> &'static str {
    "value"
}

/// That number in ten-thousandths: of a number, or of a text that is wholly one. A list has none.
pub fn amount_of(event_name: &str, properties: &Map<String, Value>) -> Option<i64> {
    crate::condition::ten_thousandths(properties.get(measure_of(event_name))?)
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

impl ItemKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            ItemKind::Identify => "identify",
            ItemKind::Track => "track",
            ItemKind::Page => "page",
            ItemKind::Screen => "screen",
            ItemKind::Group => "group",
            ItemKind::Alias => "alias",
        }
    }

    /// The full word or the browser library's first letter.
    pub fn parse(text: &str) -> Option<ItemKind> {
        Some(match text {
            "identify" | "i" => ItemKind::Identify,
            "track" | "t" => ItemKind::Track,
            "page" | "p" => ItemKind::Page,
            "screen" | "s" => ItemKind::Screen,
            "group" | "g" => ItemKind::Group,
            "alias" | "a" => ItemKind::Alias,
            _ => return None,
        })
    }
}

/// A message as the engine takes it in.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    pub kind: ItemKind,
    pub message_id: String,
    /// The event's name; a page's or screen's name; the kind's own word otherwise.
    pub name: String,
    pub user_id: Option<String>,
    pub anonymous_id: Option<String>,
    /// The other id of an alias, the group's of a group call.
    pub other_id: Option<String>,
    pub properties: Map<String, Value>,
    pub traits: Map<String, Value>,
    pub context: Map<String, Value>,
    /// When it happened, corrected for the client's clock.
    pub at: Timestamp,
    pub received_at: Timestamp,
    /// Stored and counted, but starts no journey and sends no message.
    pub historical: bool,
}

/// Why a message was not taken. It was acknowledged, so it is kept with its code for the shop to see.
#[derive(Clone, PartialEq, Debug)]
pub struct Rejection {
    pub code: &'static str,
    pub detail: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

fn reject(code: &'static str, detail: impl Into<String>) -> Rejection {
    Rejection { code, detail: detail.into() }
}

/// What surrounds a message: its request, and the batch's own fields.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    pub received_at: Timestamp,
    /// From the path; an item's own `type` comes first.
    pub kind: Option<ItemKind>,
    pub sent_at: Option<&'a Value>,
    pub context: Option<&'a Value>,
    pub historical: bool,
    /// Names a message that brings no id of its own; the same bytes in the same place give the same name.
    pub fallback_id: &'a str,
}

/// An ISO 8601 instant, with or without a zone (then UTC), or a plain date.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_ms(at.as_millisecond()));
    }
    let civil = text.parse::<jiff::civil::DateTime>().or_else(|_| {
        text.parse::<jiff::civil::Date>().map(|date| date.to_datetime(jiff::civil::Time::midnight()))
    });
    let zoned = civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_ms(zoned.timestamp().as_millisecond()))
}

fn instant(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::String(text) => parse_instant(text),
        // Some clients send epoch milliseconds, some seconds; no event of ours is from before 2001 in ms.
        Value::Number(number) => {
            let number = number.as_f64()?;
            let ms = if number.abs() < 1e11 { number * 1000.0 } else { number };
            (ms.abs() < 1e15).then_some(Timestamp::from_ms(ms as i64))
        }
        _ => None,
    }
}

/// When it happened by our clock. With the client's own time of sending its clock's error cancels out (Segment's
/// rule: receivedAt - (sentAt - originalTimestamp)); a result in the future or from before 2000 is a broken
/// clock, and the instant of arrival stands in.
pub fn corrected(received_at: Timestamp, told: Option<Timestamp>, sent_at: Option<Timestamp>) -> Timestamp {
    let Some(told) = told else { return received_at };
    let at = match sent_at {
        // A client that sends old events on purpose names the same instant for both.
        Some(sent_at) if sent_at >= told || sent_at.since_ms(told) > -DAY_MS => {
            received_at.plus_ms(-(sent_at.since_ms(told)))
        }
        _ => told,
    };
    if at > received_at || at < EARLIEST { received_at } else { at }
}

fn id_text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Takes what PostgreSQL cannot store (NUL) out of every text, on the way in, so that both stores hold the same.
fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => text.retain(|c| c != '\0'),
        Value::Array(list) => list.iter_mut().for_each(without_nul),
        Value::Object(map) => {
            if map.keys().any(|key| key.contains('\0')) {
                *map = std::mem::take(map).into_iter().map(|(key, v)| (key.replace('\0', ""), v)).collect();
            }
            map.values_mut().for_each(without_nul);
        }
        _ => {}
    }
}

impl Item {
    pub fn read(mut raw: Value, envelope: &Envelope<'_>) -> Result<Item, Rejection> {
        without_nul(&mut raw);
        let Value::Object(mut raw) = raw else {
            return Err(reject("not_an_object", "a message is a JSON object"));
        };
        let kind = match raw.get("type").and_then(Value::as_str) {
            Some(word) => ItemKind::parse(word)
                .ok_or_else(|| reject("type_unknown", format!("{word:.40} is no message type")))?,
            None => {
                envelope.kind.ok_or_else(|| reject("type_missing", "a message in a batch needs a type"))?
            }
        };
        let message_id = match id_text(raw.get("messageId")) {
            Some(id) if id.len() > MESSAGE_ID_BYTES_MAX => {
                return Err(reject("message_id_too_long", "messageId has at most 100 bytes"));
            }
            Some(id) => id,
            None => envelope.fallback_id.to_owned(),
        };
        let mut context = object(envelope.context);
        if let Some(Value::Object(own)) = raw.remove("context") {
            context.extend(own);
        }
        let mut traits = match raw.remove("traits") {
            Some(Value::Object(traits)) => traits,
            _ => Map::new(),
        };
        // rudder-sdk-python's identify carries the traits in the context only.
        if kind == ItemKind::Identify
            && let Some(Value::Object(more)) = context.remove("traits")
        {
            for (key, value) in more {
                traits.entry(key).or_insert(value);
            }
        }
        let properties = match raw.remove("properties") {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        let user_id = id_text(raw.get("userId"));
        let anonymous_id = id_text(raw.get("anonymousId"));
        let other_id = match kind {
            ItemKind::Alias => id_text(raw.get("previousId")),
            ItemKind::Group => id_text(raw.get("groupId")),
            _ => None,
        };
        let name = match kind {
            ItemKind::Track => match raw.get("event") {
                Some(Value::String(name)) if !name.trim().is_empty() => name.trim().to_owned(),
                _ => return Err(reject("event_missing", "a track message needs an event name")),
            },
            ItemKind::Page | ItemKind::Screen => {
                let named = |key: &str| raw.get(key).or_else(|| properties.get(key)).and_then(Value::as_str);
                let name =
                    [named("category"), named("name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
                if name.is_empty() { kind.as_str().to_owned() } else { name }
            }
            _ => kind.as_str().to_owned(),
        };
        if name.len() > NAME_BYTES_MAX {
            return Err(reject("name_too_long", "an event name has at most 200 bytes"));
        }
        if kind == ItemKind::Alias && (other_id.is_none() || user_id.is_none()) {
            return Err(reject("alias_incomplete", "an alias needs previousId and userId"));
        }
        // A shop's own program may know no more than an address or a marketplace's number of the person.
        let named_otherwise =
            context.get("externalIds").and_then(Value::as_array).is_some_and(|ids| !ids.is_empty());
        if user_id.is_none() && anonymous_id.is_none() && !named_otherwise && kind != ItemKind::Alias {
            return Err(reject("identity_missing", "a message needs userId or anonymousId"));
        }
        let historical = envelope.historical || context.get("historical") == Some(&Value::Bool(true));
        let told = instant(raw.get("originalTimestamp")).or_else(|| instant(raw.get("timestamp")));
        let sent_at = instant(raw.get("sentAt")).or_else(|| instant(envelope.sent_at));
        // History brings its own instants; there is no clock to correct.
        let sent_at = if historical { None } else { sent_at };
        Ok(Item {
            kind,
            message_id,
            name,
            user_id,
            anonymous_id,
            other_id,
            properties,
            traits,
            context,
            at: corrected(envelope.received_at, told, sent_at),
            received_at: envelope.received_at,
            historical,
        })
    }

    /// The identifiers that the message brings, the surest first, and what could not be used as one.
    pub fn identifiers(&self) -> (Vec<Identifier>, Vec<IdentifierError>) {
        let mut found = Vec::new();
        let mut refused = Vec::new();
        let mut add = |kind: IdentifierKind, raw: &str| match Identifier::new(kind, raw) {
            Ok(identifier) if !found.contains(&identifier) => found.push(identifier),
            Ok(_) | Err(IdentifierError::Empty) => {}
            Err(error) => refused.push(error),
        };
        if let Some(user_id) = &self.user_id {
            add(IdentifierKind::UserId, user_id);
        }
        if self.kind == ItemKind::Identify {
            let named = |keys: &[&str]| keys.iter().find_map(|key| id_text(self.traits.get(*key)));
            if let Some(email) = named(&["email"]) {
                add(IdentifierKind::Email, &email);
            }
            if let Some(phone) = named(&["phone", "phoneNumber", "phone_number"]) {
                add(IdentifierKind::Phone, &phone);
            }
            if let Some(zalo) = named(&["zalo_id", "zaloId"]) {
                add(IdentifierKind::ZaloId, &zalo);
            }
        }
        if let Some(Value::Array(list)) = self.context.get("externalIds") {
            for external in list.iter().filter_map(Value::as_object) {
                let kind = external.get("type").and_then(Value::as_str);
                let (Some(kind), Some(id)) = (kind, id_text(external.get("id"))) else { continue };
                let text = match kind {
                    "user_id" | "email" | "phone" | "zalo_id" | "anonymous_id" | "push" => {
                        format!("{kind}:{id}")
                    }
                    _ if kind.starts_with("buyer:") || kind.starts_with("custom:") => format!("{kind}:{id}"),
                    _ => format!("custom:{}:{id}", kind.to_lowercase().replace([' ', '.'], "_")),
                };
                match text.parse::<Identifier>() {
                    Ok(identifier) if !found.contains(&identifier) => found.push(identifier),
                    Ok(_) => {}
                    Err(error) => refused.push(error),
                }
            }
        }
        if let Some(anonymous_id) = &self.anonymous_id {
            match Identifier::new(IdentifierKind::Anonymous, anonymous_id) {
                Ok(identifier) => found.push(identifier),
                Err(error) => refused.push(error),
            }
        }
        (found, refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    fn read(raw: Value) -> Result<Item, Rejection> {
        Item::read(
            raw,
            &Envelope {
                received_at: NOW,
                kind: None,
                sent_at: None,
                context: None,
                historical: false,
                fallback_id: "f",
            },
        )
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |raw: Value, expect: &str| assert_eq!(read(raw).unwrap_err().code, expect);
        check(json!([]), "not_an_object");
        check(json!({"userId": "u"}), "type_missing");
        check(json!({"type": "nudge", "userId": "u"}), "type_unknown");
        check(json!({"type": "track", "userId": "u"}), "event_missing");
        check(json!({"type": "track", "event": "x"}), "identity_missing");
        check(json!({"type": "track", "event": "x", "userId": " "}), "identity_missing");
        check(json!({"type": "alias", "userId": "u"}), "alias_incomplete");
        check(json!({"type": "track", "event": "x".repeat(201), "userId": "u"}), "name_too_long");
        check(
            json!({"type": "track", "event": "x", "userId": "u", "messageId": "m".repeat(101)}),
            "message_id_too_long",
        );
    }

    #[test]
    fn a_wrong_clock_is_corrected() {
        let at = |ms: i64| Some(Timestamp::from_ms(NOW.ms() + ms));
        let check = |told: Option<Timestamp>, sent: Option<Timestamp>, expect_ms: i64| {
            assert_eq!(corrected(NOW, told, sent).since_ms(NOW), expect_ms, "{told:?} {sent:?}");
        };
        check(None, None, 0);
        check(at(-5_000), None, -5_000);
        check(at(-5_000), at(0), -5_000);
        let years = 3 * 365 * DAY_MS;
        check(at(years - 2_000), at(years), -2_000);
        check(at(-years - 2_000), at(-years), -2_000);
        check(Some(Timestamp::from_ms(0)), None, 0);
        check(at(74 * 365 * DAY_MS), None, 0);
        check(at(5_000), at(0), 0);
    }

    #[test]
    fn identifiers_come_surest_first_and_bad_ones_are_told() {
        let item = read(json!({"type": "identify", "userId": 7, "anonymousId": "a1",
            "traits": {"email": "An@Example.com", "phone": "******12"},
            "context": {"externalIds": [{"type": "buyer:shopee", "id": 99}]}}))
        .unwrap();
        let (found, refused) = item.identifiers();
        let text: Vec<String> = found.iter().map(Identifier::to_string).collect();
        assert_eq!(text, ["user_id:7", "email:an@example.com", "buyer:shopee:99", "anonymous_id:a1"]);
        assert_eq!(refused, [IdentifierError::Masked]);
    }

    #[test]
    fn traits_in_the_context_of_an_identify_count() {
        let item =
            read(json!({"type": "identify", "userId": "u", "context": {"traits": {"city": "Huế"}}})).unwrap();
        assert_eq!(item.traits.get("city"), Some(&json!("Huế")));
    }

    #[test]
    fn nul_bytes_are_left_at_the_door() {
        let item = read(
            json!({"type": "track", "event": "a\u{0}b", "userId": "u", "properties": {"x\u{0}": ["\u{0}"]}}),
        )
        .unwrap();
        assert_eq!((item.name.as_str(), item.properties.get("x")), ("ab", Some(&json!([""]))));
    }
}
