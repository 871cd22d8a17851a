//! Conditions are data: a tree of predicates on one profile and, inside a journey, on the events of its run.
//!
//! A condition never reads a clock or a store: [`Context`] brings everything it may look at, and the same
//! context always gives the same verdict, and the same instant at which it turns when nothing else happens. Start
//! with [`Condition`]; its JSON form is described in docs/segments.md.

mod account;
mod bucket;
mod compare;
mod consents;
mod contacts;
mod course;
mod dates;
mod did;
mod duration;
mod expand;
mod fold;
mod formula;
mod measure;
mod number;
mod orders;
mod parse;
mod past;
mod test;
mod tree;
mod validate;
mod window;
mod write;

use crate::local_time::Zone;
use kit::{Currency, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

pub use account::Account;
pub use bucket::{Bucket, place as bucket_place};
pub(crate) use compare::Moment;
pub use compare::Op;
pub use consents::Consent;
pub use contacts::{Happened, Messages, RunState, Runs};
pub use dates::{Calendar, Period};
pub(crate) use dates::{kept_in_year, yearless};
pub use did::{Ask, Did, End, EventPick, Followed};
pub use duration::{DURATION_DAYS_MAX, Duration};
pub use expand::{EXPANDED_MAX, SEGMENTS_DEEP_MAX};
pub use fold::{Fold, FoldOf};
pub use formula::Formula;
pub use measure::{Check, Measure};
pub use number::{TEN_THOUSANDTHS, ten_thousandths};
pub use orders::{LINE_FIELDS, ORDER_FIELDS, OrderFilter, OrderPick, Orders, values_of_order};

pub(crate) use parse::{join, read_filters};
pub use past::{EventWant, NO_PAST, Past, PastEvent, PastMessage, PastRun, Wants};
pub use validate::Scope;
pub(crate) use validate::{check_filters, check_reference};
pub use window::{Span, Window};

/// Deepest nesting of `all`, `any` and `none`.
pub const DEPTH_MAX: usize = 8;
/// Most predicates in one tree.
pub const PREDICATES_MAX: usize = 200;
/// Most property filters in one `where`.
pub const FILTERS_MAX: usize = 20;
/// Most values in the list of an `in` or `not_in`.
pub const LIST_MAX: usize = 1_000;
/// Longest text operand, path, tag or event name, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_000;
/// How much of a compared value a log keeps, in characters.
const SHOWN_CHARS_MAX: usize = 120;
/// Most comparisons a log keeps of one verdict.
const COMPARED_MAX: usize = 12;
/// Most turns of the leaves of a tree, and most instants of one date, that are looked at to find the next turn of
/// the whole. Beyond, the instant reached stands for it, which is too early and never too late.
pub const TURNS_MAX: usize = 2_000;
/// The same of a value that has to be computed for every day: the leaf is asked again when they are over.
const LEARNED_TURNS_MAX: usize = 45;
/// The same of a score, whose every turn has to be searched for.
const SCORE_TURNS_MAX: usize = 6;

/// What a condition or a journey may ask of the profile it runs for.
pub trait Facts {
    /// The value at a dotted path: `name`, `email`, `attributes.city`, `orders.count`, `cart.total`, `tags`,
    /// `lifecycle`, `consents.email.marketing`. `None` when there is none; a stored null is `None` too.
    fn value(&self, path: &str) -> Option<Value>;
    /// As [`Facts::value`] at an instant from now on when nothing else happens, and up to when it stays so.
    fn value_at(&self, path: &str, _at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        (self.value(path), None)
    }
    fn has_tag(&self, tag: &str) -> bool;
    fn in_list(&self, _list: &str) -> bool {
        false
    }
    /// Whether the profile is a member of a live segment; `None` where that is not known.
    fn in_segment(&self, _segment: &str) -> Option<bool> {
        None
    }
    /// What the profile did, as far as the condition [wants](Condition::wants) it.
    fn past(&self) -> &Past {
        &NO_PAST
    }
    /// The workspace's: money of another one is not added to sums.
    fn currency(&self) -> Currency {
        Currency::VND
    }
    /// The profile's own zone, or its workspace's where it has none.
    fn time_zone(&self) -> &Zone;
}

/// The value that a definition calls `path`: a standard field first, then the attribute of that name, so that
/// an author may write `city` for `attributes.city`.
pub fn look_up(facts: &dyn Facts, path: &str) -> Option<Value> {
    let found = facts.value(path).or_else(|| {
        if path.starts_with("attributes.") { None } else { facts.value(&format!("attributes.{path}")) }
    });
    found.filter(|value| !value.is_null())
}

/// As [`look_up`] at an instant from now on, with the instant up to which the value stays.
fn look_up_at(facts: &dyn Facts, path: &str, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
    let there =
        |(value, until): (Option<Value>, Option<Timestamp>)| (value.filter(|value| !value.is_null()), until);
    match there(facts.value_at(path, at)) {
        (None, until) if !path.starts_with("attributes.") => {
            let (value, other) = there(facts.value_at(&format!("attributes.{path}"), at));
            (value, course::earlier(until, other))
        }
        found => found,
    }
}

/// How many turns of the value at a path are looked at to find one of a leaf.
fn looks_at(path: &str) -> usize {
    let wants = Wants::of_path(path);
    match (wants.lead, wants.learned && wants.time) {
        (true, _) => SCORE_TURNS_MAX,
        (false, true) => LEARNED_TURNS_MAX,
        (false, false) => TURNS_MAX,
    }
}

/// An event as conditions and journeys see it.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a> {
    /// The event's own id: a run uses it to know its triggering event again.
    pub id: &'a str,
    pub name: &'a str,
    /// When it happened (not when it arrived).
    pub at: Timestamp,
    pub properties: &'a Value,
}

/// How often, first and last, an event was seen since a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sightings {
    pub count: u32,
    #[serde(with = "crate::journey::wire::timestamp")]
    pub first_at: Timestamp,
    #[serde(with = "crate::journey::wire::timestamp")]
    pub last_at: Timestamp,
}

/// Everything a condition may look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub facts: &'a dyn Facts,
    pub now: Timestamp,
    /// The event that started the run; `None` outside a run and for runs without one.
    pub event: Option<EventView<'a>>,
    /// The event that the last `wait_for` of the run was ended by.
    pub awaited: Option<EventView<'a>>,
    /// What was seen since the run began, by [`EventPattern::key`].
    pub seen: Option<&'a BTreeMap<String, Sightings>>,
}

impl<'a> Context<'a> {
    /// The context of a predicate on the profile alone.
    pub fn of_profile(facts: &'a dyn Facts, now: Timestamp) -> Self {
        Context { facts, now, event: None, awaited: None, seen: None }
    }

    /// The value of a reference such as `event.properties.order_id`, `awaited.at` or `profile.name`; `None`
    /// when there is no such thing here.
    pub fn resolve(&self, reference: &str) -> Option<Value> {
        let (root, rest) = reference.split_once('.')?;
        let event = match root {
            "profile" => return look_up(self.facts, rest),
            "event" => self.event?,
            "awaited" => self.awaited?,
            _ => return None,
        };
        match rest {
            "name" => Some(Value::from(event.name)),
            "at" => {
                jiff::Timestamp::from_millisecond(event.at.ms()).ok().map(|at| Value::from(at.to_string()))
            }
            _ => {
                let path = rest.strip_prefix("properties.")?;
                compare::values_at(event.properties, path).first().map(|value| (*value).clone())
            }
        }
        .filter(|value| !value.is_null())
    }
}

/// A predicate. As JSON it is an object with exactly one key, that of its kind; `attribute` has `op`, `value` and
/// `calendar` beside it. Equal conditions have equal JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Holds when every one does; an empty list is refused by validation.
    All(Vec<Condition>),
    /// Holds when at least one does.
    Any(Vec<Condition>),
    /// Holds when not one does.
    None(Vec<Condition>),
    /// A value of the profile against an operand.
    Attribute {
        path: String,
        test: Test,
    },
    /// The profile has this tag.
    Tag(String),
    /// The profile is on this list.
    List(String),
    /// The profile is in this segment.
    Segment(String),
    Consent(Consent),
    Did(Did),
    /// `first` and `last`.
    EventPick(EventPick),
    Orders(Orders),
    /// `first_order` and `last_order`.
    OrderPick(OrderPick),
    /// `message`.
    Messages(Messages),
    /// `journey`.
    Runs(Runs),
    Bucket(Bucket),
    /// The event that started the run.
    Event(EventLeaf),
    /// The event that ended the run's last `wait_for`.
    Awaited(EventLeaf),
    /// An event since the run began, its trigger not counted.
    Seen {
        pattern: EventPattern,
        at_least: u32,
    },
}

/// What `event` and `awaited` ask: `{ "name": ..., "where": [...] }`, both optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLeaf {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PropertyFilter>,
}

/// An event by name with filters on its properties: `{ "event": ..., "where": [...] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventPattern {
    pub event: String,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PropertyFilter>,
}

impl EventPattern {
    /// The name under which a run counts the events of this pattern: the event's name and, where there are
    /// filters, their JSON.
    pub fn key(&self) -> String {
        if self.filters.is_empty() {
            return self.event.clone();
        }
        let filters = serde_json::to_string(&self.filters).unwrap_or_default();
        format!("{} where {filters}", self.event)
    }

    /// Whether `event` is one of this pattern. References of its filters are read from `context`.
    pub fn matches(&self, event: &EventView<'_>, context: &Context<'_>) -> bool {
        self.event == event.name && filters_hold(&self.filters, event, context, &mut None)
    }

    /// As [`EventPattern::matches`], with the comparisons that decided.
    pub fn explain(&self, event: &EventView<'_>, context: &Context<'_>) -> Verdict {
        let mut trace = Some(Vec::new());
        let holds = self.event == event.name && filters_hold(&self.filters, event, context, &mut trace);
        Verdict { holds, compared: trace.unwrap_or_default() }
    }
}

/// One property of an event against an operand: `{ "property": "products.category", "op": "eq", "value": "áo
/// dài" }`. The path is dotted; through a list it means any element.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyFilter {
    pub property: String,
    pub test: Test,
}

/// An operator with its operand.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub op: Op,
    /// Absent for `exists` and `not_exists` alone.
    pub operand: Option<Operand>,
    /// Of anniversaries.
    pub calendar: Calendar,
}

/// What is compared with: a literal, or `{ "from": "event.properties.order_id" }`, which lets a run tell its
/// own order from another.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Literal(Value),
    From(String),
}

/// One comparison, for "why did An get this, why did Bình not".
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// What was looked at: `attributes.city`, `event.properties.value`, `tag`.
    pub what: String,
    pub op: &'static str,
    pub expected: Value,
    pub actual: Value,
    pub holds: bool,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds" } else { "does not hold" };
        match &self.expected {
            Value::Null => write!(f, "{} {} (is {}) {verdict}", self.what, self.op, self.actual),
            expected => write!(f, "{} {} {expected} (is {}) {verdict}", self.what, self.op, self.actual),
        }
    }
}

/// Whether a condition holds, and the comparisons made until that was certain.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub holds: bool,
    pub compared: Vec<Compared>,
}

/// Something wrong in an authored document, at a path such as `nodes.hello.next`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub path: String,
    /// Stable, for programs and translations: `node.unreachable`.
    pub code: &'static str,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// Whether a condition holds, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation {
    pub holds: bool,
    /// The next instant at which the verdict turns if nothing else happens; `None`: never.
    pub changes_at: Option<Timestamp>,
}

type Trace = Option<Vec<Compared>>;

impl Condition {
    /// Reads a condition from JSON.
    ///
    /// # Errors
    /// The first thing that is not of the grammar, at its path below `path`.
    pub fn from_value(value: &Value, path: &str) -> Result<Self, Problem> {
        parse::condition(value, path)
    }

    pub fn holds(&self, context: &Context<'_>) -> bool {
        self.test(context, &mut None)
    }

    /// As [`Condition::holds`], with the comparisons that decided.
    pub fn explain(&self, context: &Context<'_>) -> Verdict {
        let mut trace = Some(Vec::new());
        let holds = self.test(context, &mut trace);
        Verdict { holds, compared: trace.unwrap_or_default() }
    }

    fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.test(context, trace)),
            Condition::Any(parts) => parts.iter().any(|part| part.test(context, trace)),
            Condition::None(parts) => !parts.iter().any(|part| part.test(context, trace)),
            Condition::Attribute { path, test } => {
                let (value, _) = look_up_at(context.facts, path, context.now);
                let values: Vec<&Value> = value.iter().collect();
                test.holds(&values, path, context, trace)
            }
            Condition::Tag(tag) => {
                let holds = context.facts.has_tag(tag);
                note(trace, "tag", "has", &Value::from(tag.as_str()), Value::from(holds), holds);
                holds
            }
            Condition::List(list) => {
                let holds = context.facts.in_list(list);
                note(trace, "list", "has", &Value::from(list.as_str()), Value::from(holds), holds);
                holds
            }
            Condition::Segment(segment) => {
                let is_in = context.facts.in_segment(segment);
                let actual = is_in.map_or(Value::Null, Value::from);
                note(trace, "segment", "has", &Value::from(segment.as_str()), actual, is_in == Some(true));
                is_in == Some(true)
            }
            Condition::Consent(leaf) => leaf.test(context, trace),
            Condition::Did(leaf) => leaf.test(context, trace),
            Condition::EventPick(leaf) => leaf.test(context, trace),
            Condition::Orders(leaf) => leaf.test(context, trace),
            Condition::OrderPick(leaf) => leaf.test(context, trace),
            Condition::Messages(leaf) => leaf.test(context, trace),
            Condition::Runs(leaf) => leaf.test(context, trace),
            Condition::Bucket(leaf) => leaf.test(context, trace),
            Condition::Event(leaf) => leaf.test(context.event, "event", context, trace),
            Condition::Awaited(leaf) => leaf.test(context.awaited, "awaited", context, trace),
            Condition::Seen { pattern, at_least } => {
                let count =
                    context.seen.and_then(|seen| seen.get(&pattern.key())).map_or(0, |seen| seen.count);
                let holds = count >= *at_least;
                let what = format!("seen {}", pattern.key());
                note(trace, &what, "at_least", &json!(at_least), json!(count), holds);
                holds
            }
        }
    }

    /// Calls `visit` with every pattern that a run must count for this condition.
    pub fn seen_patterns<'a>(&'a self, visit: &mut dyn FnMut(&'a EventPattern)) {
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().for_each(|part| part.seen_patterns(visit));
            }
            Condition::Seen { pattern, .. } => visit(pattern),
            _ => {}
        }
    }
}

impl EventLeaf {
    fn test(
        &self,
        event: Option<EventView<'_>>,
        what: &str,
        context: &Context<'_>,
        trace: &mut Trace,
    ) -> bool {
        let Some(event) = event else {
            note(trace, what, "exists", &Value::Null, Value::Null, false);
            return false;
        };
        if let Some(name) = &self.name {
            let holds = name == event.name;
            note(trace, &format!("{what}.name"), "eq", &json!(name), json!(event.name), holds);
            if !holds {
                return false;
            }
        }
        filters_hold(&self.filters, &event, context, trace)
    }
}

/// Whether an event passes every filter. References are read from `context`.
pub(crate) fn filters_match(
    filters: &[PropertyFilter],
    event: &EventView<'_>,
    context: &Context<'_>,
) -> bool {
    filters_hold(filters, event, context, &mut None)
}

fn filters_hold(
    filters: &[PropertyFilter],
    event: &EventView<'_>,
    context: &Context<'_>,
    trace: &mut Trace,
) -> bool {
    filters.iter().all(|filter| {
        let values = compare::values_at(event.properties, &filter.property);
        let what = match trace {
            Some(_) => format!("{} {}", event.name, filter.property),
            None => String::new(),
        };
        filter.test.holds(&values, &what, context, trace)
    })
}

fn note(trace: &mut Trace, what: &str, op: &'static str, expected: &Value, actual: Value, holds: bool) {
    let Some(compared) = trace else { return };
    if compared.len() < COMPARED_MAX {
        let (expected, actual) = (shown(expected), shown(&actual));
        compared.push(Compared { what: shown_text(what), op, expected, actual, holds });
    }
}

/// A value as a log keeps it: short.
pub(crate) fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(shown_text(text)),
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            if text.chars().count() <= SHOWN_CHARS_MAX {
                value.clone()
            } else {
                Value::from(shown_text(&text))
            }
        }
        _ => value.clone(),
    }
}

fn shown_text(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

impl<'de> Deserialize<'de> for PropertyFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        parse::property_filter(&value, "").map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Condition::from_value(&value, "").map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
