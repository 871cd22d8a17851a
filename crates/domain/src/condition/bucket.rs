//! A stable part of all people, drawn by a hash of their id: for tests, holdouts and gradual beginnings.

use super::parse::{keyed_map, problem, text};
use super::validate::check_text;
use super::{Context, Problem, Trace, join, note, number};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Hundredths of a percent in all.
const PARTS: i64 = 10_000;

/// The people whose place under this name lies from `from` up to but without `to`. Places under different names
/// have nothing to do with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub name: String,
    /// In hundredths of a percent, 0 to 10,000.
    pub from: i64,
    pub to: i64,
}

/// The place of a profile under a name, in hundredths of a percent: 0 to 9,999, the same for ever.
pub fn place(name: &str, profile_id: &str) -> i64 {
    let hash = Sha256::new().chain_update(name).chain_update(":bucket:").chain_update(profile_id).finalize();
    let chance = hash[..8].iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    ((u128::from(chance) * PARTS as u128) >> 64) as i64
}

fn percent(parts: i64) -> Value {
    number::shown(i128::from(parts) * 100, 1)
}

impl Bucket {
    pub(super) fn read(value: &Value, path: &str) -> Result<Bucket, Problem> {
        let object = keyed_map(value, path, &["name", "from", "to"])?;
        let part = |key: &str| {
            let value = object
                .get(key)
                .ok_or_else(|| problem(path, "json.missing_key", format!("\"{key}\" is missing")))?;
            let exact = value.as_number().and_then(number::exactly);
            exact
                .filter(|exact| (0..=100 * PARTS).contains(exact) && exact % 100 == 0)
                .map(|exact| exact / 100)
                .ok_or_else(|| {
                    let message = "a percentage from 0 to 100 with at most two decimals";
                    problem(&join(path, key), "condition.operand", message)
                })
        };
        Ok(Bucket { name: text(object, "name", path)?, from: part("from")?, to: part("to")? })
    }

    pub(super) fn json(&self) -> Value {
        json!({ "name": self.name, "from": percent(self.from), "to": percent(self.to) })
    }

    pub(super) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_text(&self.name, &join(path, "name"), problems);
        if self.from >= self.to {
            let message = "nobody is in it: \"to\" is not above \"from\"";
            problems.push(problem(&join(path, "to"), "condition.operand", message));
        }
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        let id = context.facts.value("id");
        let place = id.as_ref().and_then(Value::as_str).map(|id| place(&self.name, id));
        let holds = place.is_some_and(|place| self.from <= place && place < self.to);
        if trace.is_some() {
            let expected = json!([percent(self.from), percent(self.to)]);
            let actual = place.map_or(Value::Null, percent);
            note(trace, &format!("bucket {}", self.name), "between", &expected, actual, holds);
        }
        holds
    }
}
