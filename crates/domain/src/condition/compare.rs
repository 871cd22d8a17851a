//! The operators: what each one means for text, numbers, truth values, lists and dates.

use super::dates::{self, Calendar};
use crate::local_time::{Zone, parse_date_in, parse_instant};
use crate::normalise::text::search_key;
use jiff::civil::Date;
use kit::Timestamp;
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

macro_rules! ops {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// How a value is compared with an operand. Every negative operator is exactly the negation of its
        /// positive one, so it also holds for a value that is missing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Op { $($(#[$doc])* $variant),+ }

        impl Op {
            pub const ALL: &'static [Op] = &[$(Op::$variant),+];

            pub const fn name(self) -> &'static str {
                match self { $(Op::$variant => $name),+ }
            }

            pub fn from_name(name: &str) -> Option<Op> {
                match name { $($name => Some(Op::$variant),)+ _ => None }
            }
        }
    };
}

ops! {
    Eq = "eq",
    Ne = "ne",
    Gt = "gt",
    Gte = "gte",
    Lt = "lt",
    Lte = "lte",
    /// Text has this part; a list has this element.
    Contains = "contains",
    NotContains = "not_contains",
    StartsWith = "starts_with",
    EndsWith = "ends_with",
    /// Text has this part when case and diacritics are not looked at.
    Like = "like",
    In = "in",
    NotIn = "not_in",
    Exists = "exists",
    NotExists = "not_exists",
    /// Of dates and instants.
    Before = "before",
    After = "after",
    On = "on",
    WithinLast = "within_last",
    WithinNext = "within_next",
    /// Of the past, and not within the last.
    OlderThan = "older_than",
    /// Of the future, and not within the next.
    FurtherThan = "further_than",
    /// An anniversary of the date falls on today or one of the next days.
    AnniversaryWithin = "anniversary_within",
    /// An anniversary of the date fell on yesterday or one of the days before.
    AnniversaryPassed = "anniversary_passed",
}

impl Op {
    pub fn is_negative(self) -> bool {
        matches!(self, Op::Ne | Op::NotContains | Op::NotIn | Op::NotExists)
    }

    fn positive(self) -> Op {
        match self {
            Op::Ne => Op::Eq,
            Op::NotContains => Op::Contains,
            Op::NotIn => Op::In,
            Op::NotExists => Op::Exists,
            op => op,
        }
    }

    /// Whether it takes no operand.
    pub fn stands_alone(self) -> bool {
        matches!(self, Op::Exists | Op::NotExists)
    }

    pub fn is_anniversary(self) -> bool {
        matches!(self, Op::AnniversaryWithin | Op::AnniversaryPassed)
    }

    /// Whether it compares with now, so that a verdict turns by time alone.
    pub fn is_relative(self) -> bool {
        matches!(self, Op::WithinLast | Op::WithinNext | Op::OlderThan | Op::FurtherThan)
            || self.is_anniversary()
    }

    /// Whether any of `values` compares so with the operand; for a negative operator, whether none does so
    /// positively.
    pub(super) fn holds(
        self,
        values: &[&Value],
        operand: Option<&Value>,
        calendar: Calendar,
        now: Timestamp,
        zone: &Zone,
    ) -> bool {
        if self.is_relative() {
            return operand
                .is_some_and(|operand| dates::of_values(self, calendar, values, operand, now, zone).holds);
        }
        let op = self.positive();
        let any = values.iter().any(|value| holds_positively(op, value, operand, zone));
        any != self.is_negative()
    }
}

fn holds_positively(op: Op, value: &Value, operand: Option<&Value>, zone: &Zone) -> bool {
    if op == Op::Exists {
        return !value.is_null();
    }
    let Some(operand) = operand else { return false };
    if let Value::Array(elements) = value {
        return match op {
            Op::Contains => elements.iter().any(|element| equal(element, operand)),
            _ => elements
                .iter()
                .any(|element| !element.is_array() && holds_positively(op, element, Some(operand), zone)),
        };
    }
    match op {
        Op::Eq => equal(value, operand),
        Op::Gt => order(value, operand) == Some(Ordering::Greater),
        Op::Gte => matches!(order(value, operand), Some(Ordering::Greater | Ordering::Equal)),
        Op::Lt => order(value, operand) == Some(Ordering::Less),
        Op::Lte => matches!(order(value, operand), Some(Ordering::Less | Ordering::Equal)),
        Op::In => operand.as_array().is_some_and(|list| list.iter().any(|one| equal(value, one))),
        Op::Contains => texts(value, operand).is_some_and(|(text, part)| text.contains(&*part)),
        Op::StartsWith => texts(value, operand).is_some_and(|(text, part)| text.starts_with(&*part)),
        Op::EndsWith => texts(value, operand).is_some_and(|(text, part)| text.ends_with(&*part)),
        Op::Like => match (value, operand) {
            (Value::String(text), Value::String(part)) => search_key(text).contains(&search_key(part)),
            _ => false,
        },
        Op::Before | Op::After | Op::On => {
            Moment::of(value, zone).is_some_and(|moment| moment.compares(op, operand, zone))
        }
        _ => false,
    }
}

pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

fn texts<'a>(value: &'a Value, operand: &'a Value) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    Some((nfc(value.as_str()?), nfc(operand.as_str()?)))
}

/// Text equals text in NFC, a truth value a truth value, a number a number or a text that is wholly one.
fn equal(value: &Value, operand: &Value) -> bool {
    match (value, operand) {
        (Value::String(_), Value::String(_)) => texts(value, operand).is_some_and(|(a, b)| a == b),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => order(value, operand) == Some(Ordering::Equal),
    }
}

/// The order of a value and a number. A text that is wholly a decimal number ("199000", "-2.5") counts as
/// that number, because that is how imports and some SDKs bring numbers; anything else has no order.
fn order(value: &Value, operand: &Value) -> Option<Ordering> {
    let Value::Number(operand) = operand else { return None };
    match value {
        Value::Number(value) => order_of_numbers(value, operand),
        Value::String(text) => order_of_numbers(&number_of(text)?, operand),
        _ => None,
    }
}

/// Whether a text is wholly a decimal number.
pub(super) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && fraction.is_none_or(all_digits)
}

fn number_of(text: &str) -> Option<Number> {
    if !is_decimal(text) {
        return None;
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(Number::from(whole)),
        Err(_) => Number::from_f64(text.parse().ok()?),
    }
}

fn order_of_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// Everything at a dotted path; a list on the way stands for each of its elements. A key that has the dots in
/// itself is found too.
pub(super) fn values_at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    gather(value, path, &mut found);
    found
}

fn gather<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| gather(element, path, found)),
        Value::Object(object) => {
            if let Some(value) = object.get(path) {
                found.push(value);
            } else if let Some((first, rest)) = path.split_once('.')
                && let Some(value) = object.get(first)
            {
                gather(value, rest, found);
            }
        }
        _ => {}
    }
}

/// A date, or an instant with its date, as a value or an operand names it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    /// On the calendar of the profile's zone.
    pub date: Date,
    /// Of a date its first instant in the zone.
    pub at: Timestamp,
    pub is_date_only: bool,
}

impl Moment {
    /// What [`parse_date_in`] and [`parse_instant`] read; numbers are not dates.
    pub(crate) fn of(value: &Value, zone: &Zone) -> Option<Moment> {
        let text = value.as_str()?.trim();
        let is_date_only = !text.contains(|c: char| c == 'T' || c == 't' || c.is_whitespace());
        Some(Moment { date: parse_date_in(text, zone)?, at: parse_instant(text, zone)?, is_date_only })
    }

    /// Before, after or on what the operand names: by instant; by local date where one of the two is a date only.
    pub(super) fn compares(&self, op: Op, operand: &Value, zone: &Zone) -> bool {
        let Some(other) = Moment::of(operand, zone) else { return false };
        let by_date = self.is_date_only || other.is_date_only;
        let order = if by_date { self.date.cmp(&other.date) } else { self.at.cmp(&other.at) };
        match op {
            Op::Before => order == Ordering::Less,
            Op::After => order == Ordering::Greater,
            _ => self.date == other.date,
        }
    }
}
