//! What is in a sample of documents: the paths, the kinds and the most frequent values at each.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Paths that are kept; a shop that puts ids into keys has no end of them.
const PATHS_MAX: usize = 400;
/// Different values that are kept of one path.
const VALUES_MAX: usize = 1_000;
/// A longer text is no value to pick.
const TEXT_CHARS_MAX: usize = 200;
const DEEP_MAX: usize = 5;
const ELEMENTS_MAX: usize = 50;
const EXAMPLES: usize = 5;

#[derive(Default)]
struct Slot {
    documents: usize,
    list: bool,
    kinds: BTreeMap<&'static str, usize>,
    /// By the value's JSON.
    values: BTreeMap<String, usize>,
}

#[derive(Default)]
pub struct Tally {
    documents: usize,
    slots: BTreeMap<String, Slot>,
}

#[derive(Debug, PartialEq)]
pub struct Field {
    pub path: String,
    pub kinds: Vec<&'static str>,
    pub list: bool,
    pub share: f64,
    pub examples: Vec<Value>,
}

/// `2026-02-28`, with or without a time behind it.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    bytes.len() >= 10
        && digits(&bytes[..4])
        && bytes[4] == b'-'
        && digits(&bytes[5..7])
        && bytes[7] == b'-'
        && digits(&bytes[8..10])
        && (bytes.len() == 10 || matches!(bytes[10], b'T' | b' '))
}

fn kind_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(text) if is_date(text) => Some("date"),
        Value::String(_) => Some("text"),
        Value::Number(_) => Some("number"),
        Value::Bool(_) => Some("truth"),
        _ => None,
    }
}

impl Tally {
    /// Adds a document: an object.
    pub fn add(&mut self, document: &Value) {
        self.documents += 1;
        let mut seen = BTreeSet::new();
        if let Value::Object(object) = document {
            for (key, value) in object {
                self.walk(value, key.clone(), false, 1, &mut seen);
            }
        }
        for path in seen {
            if let Some(slot) = self.slots.get_mut(&path) {
                slot.documents += 1;
            }
        }
    }

    /// Adds a document of which nothing but some values at one path is looked at.
    pub fn add_at(&mut self, path: &str, values: &[Value]) {
        self.documents += 1;
        let mut seen = BTreeSet::new();
        let list = values.len() > 1;
        values.iter().for_each(|value| self.walk(value, path.to_owned(), list, DEEP_MAX, &mut seen));
        if let (false, Some(slot)) = (seen.is_empty(), self.slots.get_mut(path)) {
            slot.documents += 1;
        }
    }

    fn walk(&mut self, value: &Value, path: String, list: bool, deep: usize, seen: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) if deep < DEEP_MAX => {
                for (key, value) in object {
                    self.walk(value, format!("{path}.{key}"), list, deep + 1, seen);
                }
            }
            Value::Array(elements) => {
                for element in elements.iter().take(ELEMENTS_MAX).filter(|element| !element.is_array()) {
                    self.walk(element, path.clone(), true, deep, seen);
                }
            }
            _ => {
                let Some(kind) = kind_of(value) else { return };
                if !self.slots.contains_key(&path) && self.slots.len() >= PATHS_MAX {
                    return;
                }
                let slot = self.slots.entry(path.clone()).or_default();
                slot.list |= list;
                *slot.kinds.entry(kind).or_default() += 1;
                seen.insert(path);
                let text = value.to_string();
                let short = value
                    .as_str()
                    .is_none_or(|text| !text.is_empty() && text.chars().count() <= TEXT_CHARS_MAX);
                if short && (slot.values.contains_key(&text) || slot.values.len() < VALUES_MAX) {
                    *slot.values.entry(text).or_default() += 1;
                }
            }
        }
    }

    /// The values at a path, the most frequent first.
    pub fn values(&self, path: &str) -> Vec<(Value, usize)> {
        self.slots.get(path).map(Slot::ranked).unwrap_or_default()
    }

    /// Every path, the most frequent first.
    pub fn fields(self) -> Vec<Field> {
        let all = self.documents.max(1) as f64;
        let mut fields: Vec<Field> = self
            .slots
            .into_iter()
            .map(|(path, slot)| {
                let mut kinds: Vec<_> = slot.kinds.iter().map(|(kind, n)| (*kind, *n)).collect();
                kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
                Field {
                    kinds: kinds.into_iter().map(|(kind, _)| kind).collect(),
                    list: slot.list,
                    share: slot.documents as f64 / all,
                    examples: slot.ranked().into_iter().take(EXAMPLES).map(|(value, _)| value).collect(),
                    path,
                }
            })
            .collect();
        fields.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.path.cmp(&b.path)));
        fields
    }
}

impl Slot {
    fn ranked(&self) -> Vec<(Value, usize)> {
        let mut ranked: Vec<_> = self.values.iter().collect();
        ranked.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        ranked.into_iter().filter_map(|(text, n)| Some((serde_json::from_str(text).ok()?, *n))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_kinds_and_values_are_told_by_how_often_they_are() {
        let mut tally = Tally::default();
        tally.add(&json!({
            "city": "Huế", "price": 5, "at": "2026-02-28",
            "products": [{ "category": "Áo", "n": [1, 2] }, { "category": "Quần" }, { "category": "Áo" }],
            "nothing": null, "empty": "", "deep": { "a": { "b": { "c": { "d": { "e": 1 } } } } },
        }));
        tally.add(&json!({ "city": "Huế", "price": "5", "at": "2026-02-28T09:00:00+07:00" }));
        tally.add(&json!({ "city": "Đà Nẵng" }));
        tally.add(&json!("no object"));
        assert_eq!(tally.values("products.category"), [(json!("Áo"), 2), (json!("Quần"), 1)]);
        assert_eq!(tally.values("nowhere"), []);
        let fields = tally.fields();
        let named = |path: &str| fields.iter().find(|field| field.path == path).unwrap();
        assert_eq!(fields[0].path, "city");
        assert_eq!((named("city").share, named("city").list), (0.75, false));
        assert_eq!(named("city").examples, [json!("Huế"), json!("Đà Nẵng")]);
        assert_eq!(named("at").kinds, ["date"]);
        assert_eq!(named("price").kinds.len(), 2);
        assert!(named("products.category").list && named("products.n").list);
        assert_eq!(named("empty").examples, Vec::<Value>::new());
        assert!(!fields.iter().any(|field| field.path == "nothing" || field.path.ends_with(".e")));
    }

    #[test]
    fn a_shop_that_puts_ids_into_keys_is_cut_off() {
        let mut tally = Tally::default();
        for n in 0..2 * PATHS_MAX {
            tally.add(&json!({ format!("key-{n}"): n, "value": format!("text {n}") }));
        }
        assert_eq!(tally.values("value").len(), 2 * PATHS_MAX);
        assert!(tally.fields().len() <= PATHS_MAX);
    }
}
