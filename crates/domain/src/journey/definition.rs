//! The document that a marketer authors. Its grammar, with an example of everything, is docs/journeys.md.

use super::local::{ClockTime, DayOfWeek, Offset};
use crate::condition::{Condition, Duration, EventPattern, Operand, Problem};
use crate::consent::{Channel, Purpose};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The one version of the grammar that this code reads.
pub const SCHEMA: u32 = 1;
/// Largest definition as JSON text.
pub const DEFINITION_BYTES_MAX: usize = 256 * 1024;

/// A whole journey. `serde` reads the shape alone; [`Definition::parse`] also checks that it can run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub schema: u32,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub trigger: Trigger,
    #[serde(default)]
    pub entry: Entry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// Any of them ends a run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_when: Vec<ExitRule>,
    /// The id of the first node.
    pub start: String,
    pub nodes: BTreeMap<String, Node>,
}

/// What starts a run. Historical events (imports) never do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Trigger {
    Event(EventPattern),
    Date(DateTrigger),
    Api(ApiTrigger),
}

impl Trigger {
    pub const KINDS: [&'static str; 3] = ["event", "date", "api"];
}

/// Started by a call, with the properties that it brings as the run's event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiTrigger {}

/// Started at a date that the profile carries, in the profile's zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateTrigger {
    pub attribute: String,
    /// The time of day.
    pub at: ClockTime,
    /// Whole days before (`-7d`) or after the date.
    #[serde(default, skip_serializing_if = "Offset::is_zero")]
    pub offset: Offset,
    /// Every year from the year after the date's own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub yearly: bool,
}

/// Who may begin a run, and how often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    #[serde(default)]
    pub reentry: Reentry,
    /// Shortest time from one start to the next of the same profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<Duration>,
    /// Runs of one profile at the same time, with `always` alone; [`RUNS_AT_ONCE_DEFAULT`] when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_runs_at_once: Option<u32>,
}

pub const RUNS_AT_ONCE_DEFAULT: u32 = 10;
pub const RUNS_AT_ONCE_MAX: u32 = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reentry {
    /// Once in a profile's life.
    Once,
    /// Again as soon as the last run is over.
    #[default]
    WhenNotRunning,
    /// Beside runs that are not over: one run an order, say.
    Always,
}

/// The event that a journey is for: it ends the run as reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    pub event: String,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<crate::condition::PropertyFilter>,
    /// Counted up to this long after the run began; without it as long as the run lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
}

/// Ends a run early: on an event, while a condition holds, or on an event if a condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitRule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<crate::condition::PropertyFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// What the run's log and its end say; made from the rule when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A step of the journey. An absent `next` ends the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Node {
    Send(SendMessage),
    Delay(Delay),
    WaitFor(WaitFor),
    Branch(Branch),
    Split(Split),
    SetAttribute(SetAttribute),
    AddTag(TagChange),
    RemoveTag(TagChange),
    Webhook(Webhook),
    NotifyStaff(NotifyStaff),
    Exit(Exit),
}

impl Node {
    pub const KINDS: [&'static str; 11] = [
        "send",
        "delay",
        "wait_for",
        "branch",
        "split",
        "set_attribute",
        "add_tag",
        "remove_tag",
        "webhook",
        "notify_staff",
        "exit",
    ];

    pub fn kind(&self) -> &'static str {
        match self {
            Node::Send(_) => "send",
            Node::Delay(_) => "delay",
            Node::WaitFor(_) => "wait_for",
            Node::Branch(_) => "branch",
            Node::Split(_) => "split",
            Node::SetAttribute(_) => "set_attribute",
            Node::AddTag(_) => "add_tag",
            Node::RemoveTag(_) => "remove_tag",
            Node::Webhook(_) => "webhook",
            Node::NotifyStaff(_) => "notify_staff",
            Node::Exit(_) => "exit",
        }
    }

    /// Every way on, as (the path of the field below the node, the node it names).
    pub fn ways_on(&self) -> Vec<(String, &str)> {
        fn one<'a>(field: &str, next: &'a Option<String>) -> Vec<(String, &'a str)> {
            next.iter().map(|next| (field.to_string(), next.as_str())).collect()
        }
        match self {
            Node::Send(node) => one("next", &node.next),
            Node::Delay(node) => one("next", &node.next),
            Node::WaitFor(node) => {
                let mut ways = one("on_event", &node.on_event);
                ways.extend(one("on_timeout", &node.on_timeout));
                ways
            }
            Node::Branch(node) => {
                let paths = node.paths.iter().enumerate();
                let mut ways: Vec<_> =
                    paths.flat_map(|(i, path)| one(&format!("paths.{i}.next"), &path.next)).collect();
                ways.extend(one("otherwise", &node.otherwise));
                ways
            }
            Node::Split(node) => {
                let paths = node.paths.iter().enumerate();
                paths.flat_map(|(i, path)| one(&format!("paths.{i}.next"), &path.next)).collect()
            }
            Node::SetAttribute(node) => one("next", &node.next),
            Node::AddTag(node) | Node::RemoveTag(node) => one("next", &node.next),
            Node::Webhook(node) => one("next", &node.next),
            Node::NotifyStaff(node) => one("next", &node.next),
            Node::Exit(_) => Vec::new(),
        }
    }
}

/// Asks the gate for a message; the run goes on whatever the gate decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    pub channel: Channel,
    /// The name of the template.
    pub template: String,
    #[serde(default = "marketing")]
    pub purpose: Purpose,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

fn marketing() -> Purpose {
    Purpose::Marketing
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DelayDocument", into = "DelayDocument")]
pub struct Delay {
    pub until: Until,
    pub next: Option<String>,
}

/// When a delay is over.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// This long after the run came here.
    For(Duration),
    /// The next time that the profile's clock shows this, now included.
    Time(ClockTime),
    /// The next such day at this time, now included.
    Weekday { weekday: DayOfWeek, time: ClockTime },
    /// A date or an instant that the profile carries.
    Attribute(UntilAttribute),
}

#[derive(Clone, Debug, PartialEq)]
pub struct UntilAttribute {
    pub attribute: String,
    /// Days first, by the calendar; hours and minutes then exactly.
    pub offset: Offset,
    /// The time of day; without it that of the value, midnight for a date.
    pub time: Option<ClockTime>,
    /// The next anniversary instead of the date itself.
    pub yearly: bool,
    pub when_past: Otherwise,
    pub when_missing: Otherwise,
}

/// What a delay does when there is nothing to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Goes on at once.
    #[default]
    Continue,
    /// Ends the run.
    Exit,
}

/// The fields of a delay as they are written; [`Until`] is what they may say together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DelayDocument {
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    duration: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_time: Option<ClockTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_weekday: Option<DayOfWeek>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_attribute: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<ClockTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yearly: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when_past: Option<Otherwise>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when_missing: Option<Otherwise>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl TryFrom<DelayDocument> for Delay {
    type Error = String;

    fn try_from(document: DelayDocument) -> Result<Self, String> {
        let DelayDocument {
            duration,
            until_time,
            until_weekday,
            until_attribute,
            time,
            offset,
            yearly,
            when_past,
            when_missing,
            next,
        } = document;
        let of_attribute_alone =
            offset.is_some() || yearly.is_some() || when_past.is_some() || when_missing.is_some();
        let until = match (duration, until_time, until_weekday, until_attribute) {
            (None, None, None, Some(attribute)) => Until::Attribute(UntilAttribute {
                attribute,
                offset: offset.unwrap_or_default(),
                time,
                yearly: yearly.unwrap_or_default(),
                when_past: when_past.unwrap_or_default(),
                when_missing: when_missing.unwrap_or_default(),
            }),
            (Some(_), None, None, None) | (None, Some(_), None, None) | (None, None, Some(_), None)
                if of_attribute_alone =>
            {
                return Err("offset, yearly, when_past and when_missing go with until_attribute alone".into());
            }
            (None, None, Some(weekday), None) => {
                Until::Weekday { weekday, time: time.ok_or("until_weekday needs a time")? }
            }
            (Some(_), None, None, None) | (None, Some(_), None, None) if time.is_some() => {
                return Err("time goes with until_weekday and until_attribute alone".into());
            }
            (Some(duration), None, None, None) => Until::For(duration),
            (None, Some(time), None, None) => Until::Time(time),
            _ => {
                return Err(
                    "a delay has exactly one of: for, until_time, until_weekday, until_attribute".into()
                );
            }
        };
        Ok(Delay { until, next })
    }
}

impl From<Delay> for DelayDocument {
    fn from(delay: Delay) -> Self {
        let rest = DelayDocument { next: delay.next, ..DelayDocument::default() };
        match delay.until {
            Until::For(duration) => DelayDocument { duration: Some(duration), ..rest },
            Until::Time(time) => DelayDocument { until_time: Some(time), ..rest },
            Until::Weekday { weekday, time } => {
                DelayDocument { until_weekday: Some(weekday), time: Some(time), ..rest }
            }
            Until::Attribute(until) => DelayDocument {
                until_attribute: Some(until.attribute),
                time: until.time,
                offset: (!until.offset.is_zero()).then_some(until.offset),
                yearly: until.yearly.then_some(true),
                when_past: (until.when_past != Otherwise::default()).then_some(until.when_past),
                when_missing: (until.when_missing != Otherwise::default()).then_some(until.when_missing),
                ..rest
            },
        }
    }
}

/// Waits for an event, at most this long. An event that happened at the very end of the wait is in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitFor {
    pub event: String,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<crate::condition::PropertyFilter>,
    pub timeout: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<String>,
}

/// The first path whose condition holds, from the top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    pub paths: Vec<BranchPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchPath {
    pub when: Condition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One path by chance, in proportion to the weights: always the same one for the same run and node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    pub paths: Vec<SplitPath>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitPath {
    /// 1 to 1,000,000.
    pub weight: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAttribute {
    pub name: String,
    /// A literal or `{ "from": "event.properties.size" }`; null removes the attribute.
    #[serde(with = "operand")]
    pub value: Operand,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

mod operand {
    use crate::condition::Operand;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub fn serialize<S: Serializer>(operand: &Operand, serializer: S) -> Result<S::Ok, S::Error> {
        operand.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Operand, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(match value.as_object().map(|object| (object.len(), object.get("from"))) {
            Some((1, Some(Value::String(reference)))) => Operand::From(reference.clone()),
            _ => Operand::Literal(value),
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagChange {
    pub tag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A POST to a server of the shop's; the run does not wait for its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub url: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A Liquid text for the body; without it the run, its event and the profile as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An e-mail to people of the shop, which no consent of the profile's governs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyStaff {
    /// E-mail addresses.
    pub to: Vec<String>,
    /// Liquid texts.
    pub subject: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// The events that a journey has to be told of, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// For [`super::start`].
    pub to_start: BTreeSet<String>,
    /// For [`super::step`], as long as a profile has a run that is not over: awaited, goals, exits and what
    /// branches count.
    pub to_step: BTreeSet<String>,
    /// Whether a change of the profile can end a run: [`super::Input::Changed`].
    pub changes: bool,
}

impl Definition {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// Everything that is wrong with it, each at its path; a document that is not of the grammar is reported
    /// up to its first mistake in each part, and its meaning is not looked at.
    pub fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
        super::validate::parse(text)
    }

    /// As [`Definition::parse`] for JSON that is already read.
    ///
    /// # Errors
    /// The same.
    pub fn from_value(document: &Value) -> Result<Definition, Vec<Problem>> {
        super::validate::from_value(document)
    }

    /// Everything that keeps it from running; empty for a good definition.
    pub fn validate(&self) -> Vec<Problem> {
        super::validate::validate(self)
    }

    pub fn wants(&self) -> Wants {
        let mut wants = Wants::default();
        if let Trigger::Event(pattern) = &self.trigger {
            wants.to_start.insert(pattern.event.clone());
        }
        let mut add = |name: &str| {
            wants.to_step.insert(name.to_string());
        };
        self.goal.iter().for_each(|goal| add(&goal.event));
        self.exit_when.iter().filter_map(|rule| rule.event.as_deref()).for_each(&mut add);
        wants.changes = self.exit_when.iter().any(|rule| rule.event.is_none());
        for node in self.nodes.values() {
            if let Node::WaitFor(node) = node {
                add(&node.event);
            }
        }
        self.seen_patterns().for_each(|pattern| add(&pattern.event));
        wants
    }

    /// The templates that its nodes send, so that an engine can refuse a journey whose template is missing.
    pub fn templates(&self) -> BTreeSet<(Channel, &str)> {
        let sends = self.nodes.values().filter_map(|node| match node {
            Node::Send(send) => Some((send.channel, send.template.as_str())),
            _ => None,
        });
        sends.collect()
    }

    /// What a run must count because a branch or an exit rule asks for it.
    pub(crate) fn seen_patterns(&self) -> impl Iterator<Item = &EventPattern> {
        let mut patterns = Vec::new();
        let branches = self.nodes.values().filter_map(|node| match node {
            Node::Branch(branch) => Some(branch.paths.iter().map(|path| &path.when)),
            _ => None,
        });
        let exits = self.exit_when.iter().filter_map(|rule| rule.when.as_ref());
        for condition in branches.flatten().chain(exits) {
            condition.seen_patterns(&mut |pattern| patterns.push(pattern));
        }
        patterns.into_iter()
    }
}
