//! From JSON to conditions, by hand: an untagged enum would answer every mistake with "did not match any
//! variant".

use super::bucket::Bucket;
use super::consents::Consent;
use super::contacts::{Messages, Runs};
use super::dates::Calendar;
use super::did::{Did, End, EventPick};
use super::orders::{OrderPick, Orders};
use super::{Condition, DEPTH_MAX, EventLeaf, EventPattern, Op, Operand, Problem, PropertyFilter, Test};
use serde_json::{Map, Value};

const KEYS: [&str; 20] = [
    "all",
    "any",
    "none",
    "attribute",
    "tag",
    "list",
    "segment",
    "consent",
    "did",
    "first",
    "last",
    "orders",
    "first_order",
    "last_order",
    "message",
    "journey",
    "bucket",
    "event",
    "awaited",
    "seen",
];
/// Documents nested deeper than this are refused while they are read, so that no later walk can exhaust the
/// stack.
const READ_DEPTH_MAX: usize = 4 * DEPTH_MAX;

pub(super) fn problem(path: &str, code: &'static str, message: impl Into<String>) -> Problem {
    Problem { path: path.to_string(), code, message: message.into() }
}

pub(crate) fn join(path: &str, part: impl std::fmt::Display) -> String {
    if path.is_empty() { part.to_string() } else { format!("{path}.{part}") }
}

/// A JSON object with the path it stands at, for readers that name the place of a mistake.
pub(super) type KeyedMap<'a> = &'a Map<String, Value>;

/// The object at `path` when it has no keys but `known`.
pub(super) fn keyed_map<'a>(value: &'a Value, path: &str, known: &[&str]) -> Result<KeyedMap<'a>, Problem> {
    let object = value.as_object().ok_or_else(|| problem(path, "json.type", "expected an object"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(problem(
            &join(path, key),
            "json.unknown_key",
            format!("unknown key \"{key}\"; known here: {}", known.join(", ")),
        )),
        None => Ok(object),
    }
}

pub(super) fn condition(value: &Value, path: &str) -> Result<Condition, Problem> {
    condition_at(value, path, 0)
}

fn condition_at(value: &Value, path: &str, depth: usize) -> Result<Condition, Problem> {
    if depth > READ_DEPTH_MAX {
        return Err(problem(path, "condition.too_deep", format!("conditions nest at most {DEPTH_MAX} deep")));
    }
    let object =
        value.as_object().ok_or_else(|| problem(path, "json.type", "expected a condition: an object"))?;
    let mut kinds = KEYS.iter().filter(|key| object.contains_key(**key));
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        let found: Vec<&str> = object.keys().map(String::as_str).collect();
        return Err(problem(
            path,
            "condition.kind",
            format!("a condition has exactly one of: {}; found: {}", KEYS.join(", "), found.join(", ")),
        ));
    };
    let inner = join(path, kind);
    match *kind {
        "attribute" => {
            let object = keyed_map(value, path, &["attribute", "op", "value", "calendar"])?;
            Ok(Condition::Attribute { path: text(object, "attribute", path)?, test: test(object, path)? })
        }
        "all" | "any" | "none" => {
            let object = keyed_map(value, path, &[kind])?;
            let parts = object[*kind]
                .as_array()
                .ok_or_else(|| problem(&inner, "json.type", "expected a list of conditions"))?
                .iter()
                .enumerate()
                .map(|(i, part)| condition_at(part, &join(&inner, i), depth + 1))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(match *kind {
                "all" => Condition::All(parts),
                "any" => Condition::Any(parts),
                _ => Condition::None(parts),
            })
        }
        "tag" => Ok(Condition::Tag(text(keyed_map(value, path, &["tag"])?, "tag", path)?)),
        "seen" => {
            keyed_map(value, path, &["seen"])?;
            let object = keyed_map(&object["seen"], &inner, &["event", "where", "at_least"])?;
            let at_least = match object.get("at_least") {
                None => 1,
                Some(count) => {
                    count.as_u64().and_then(|count| u32::try_from(count).ok()).ok_or_else(|| {
                        problem(&join(&inner, "at_least"), "json.type", "expected a whole number from 1")
                    })?
                }
            };
            let event = text(object, "event", &inner)?;
            let pattern = EventPattern { event, filters: filters(object, &inner)? };
            Ok(Condition::Seen { pattern, at_least })
        }
        "list" => Ok(Condition::List(text(keyed_map(value, path, &["list"])?, "list", path)?)),
        "segment" => Ok(Condition::Segment(text(keyed_map(value, path, &["segment"])?, "segment", path)?)),
        kind @ ("event" | "awaited") => {
            keyed_map(value, path, &[kind])?;
            let object = keyed_map(&object[kind], &inner, &["name", "where"])?;
            let name = match object.contains_key("name") {
                true => Some(text(object, "name", &inner)?),
                false => None,
            };
            let leaf = EventLeaf { name, filters: filters(object, &inner)? };
            Ok(if kind == "event" { Condition::Event(leaf) } else { Condition::Awaited(leaf) })
        }
        kind => {
            keyed_map(value, path, &[kind])?;
            let (value, path) = (&object[kind], inner.as_str());
            Ok(match kind {
                "consent" => Condition::Consent(Consent::read(value, path)?),
                "did" => Condition::Did(Did::read(value, path)?),
                "first" => Condition::EventPick(EventPick::read(End::First, value, path)?),
                "last" => Condition::EventPick(EventPick::read(End::Last, value, path)?),
                "orders" => Condition::Orders(Orders::read(value, path)?),
                "first_order" => Condition::OrderPick(OrderPick::read(End::First, value, path)?),
                "last_order" => Condition::OrderPick(OrderPick::read(End::Last, value, path)?),
                "message" => Condition::Messages(Messages::read(value, path)?),
                "journey" => Condition::Runs(Runs::read(value, path)?),
                _ => Condition::Bucket(Bucket::read(value, path)?),
            })
        }
    }
}

pub(super) fn property_filter(value: &Value, path: &str) -> Result<PropertyFilter, Problem> {
    let object = keyed_map(value, path, &["property", "op", "value", "calendar"])?;
    Ok(PropertyFilter { property: text(object, "property", path)?, test: test(object, path)? })
}

pub(super) fn filters(object: KeyedMap<'_>, path: &str) -> Result<Vec<PropertyFilter>, Problem> {
    object.get("where").map_or(Ok(Vec::new()), |list| read_filters(list, &join(path, "where")))
}

/// The list of a `where`.
pub(crate) fn read_filters(list: &Value, path: &str) -> Result<Vec<PropertyFilter>, Problem> {
    list.as_array()
        .ok_or_else(|| problem(path, "json.type", "expected a list of property filters"))?
        .iter()
        .enumerate()
        .map(|(i, filter)| property_filter(filter, &join(path, i)))
        .collect()
}

pub(super) fn text(object: KeyedMap<'_>, key: &str, path: &str) -> Result<String, Problem> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(problem(&join(path, key), "json.type", "expected text")),
        None => Err(problem(path, "json.missing_key", format!("\"{key}\" is missing"))),
    }
}

pub(super) fn test(object: KeyedMap<'_>, path: &str) -> Result<Test, Problem> {
    let name = text(object, "op", path)?;
    let op = Op::from_name(&name).ok_or_else(|| {
        let known: Vec<&str> = Op::ALL.iter().map(|op| op.name()).collect();
        problem(
            &join(path, "op"),
            "condition.op",
            format!("unknown operator \"{name}\"; known: {}", known.join(", ")),
        )
    })?;
    let operand = match object.get("value") {
        None => None,
        Some(Value::Object(reference)) => match (reference.len(), reference.get("from")) {
            (1, Some(Value::String(reference))) => Some(Operand::From(reference.clone())),
            _ => {
                return Err(problem(
                    &join(path, "value"),
                    "condition.operand",
                    "expected a literal or { \"from\": \"event.properties.x\" }",
                ));
            }
        },
        Some(literal) => Some(Operand::Literal(literal.clone())),
    };
    let calendar = match object.get("calendar") {
        None => Calendar::Solar,
        Some(name) => name.as_str().and_then(Calendar::from_name).ok_or_else(|| {
            problem(&join(path, "calendar"), "condition.operand", "expected \"solar\" or \"lunar\"")
        })?,
    };
    Ok(Test { op, operand, calendar })
}
