//! The document that a marketer authors. Its grammar, with an example of everything, is docs/journeys.md.

use super::trigger::Trigger;
use super::wait::{Awaited, Delay, Until, WaitFor};
use crate::condition::{Condition, Duration, EventPattern, Operand, Problem};
use crate::consent::{Channel, Purpose};
use crate::gate::Priority;
use crate::ways::Ways;
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
    /// How important its messages are beside others to the same person: 1 goes first, 5 last, 3 when not given.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// The id of the first node.
    pub start: String,
    pub nodes: BTreeMap<String, Node>,
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
    Experiment(Experiment),
    AddToList(ListChange),
    RemoveFromList(ListChange),
    StartJourney(StartJourney),
    StopJourney(StopJourney),
    Exit(Exit),
}

impl Node {
    /// Known by name, with what they come with.
    pub const KINDS_TO_COME: [(&'static str, &'static str); 2] =
        [("issue_voucher", "vouchers"), ("award_points", "loyalty points")];

    pub const KINDS: [&'static str; 16] = [
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
        "experiment",
        "add_to_list",
        "remove_from_list",
        "start_journey",
        "stop_journey",
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
            Node::Experiment(_) => "experiment",
            Node::AddToList(_) => "add_to_list",
            Node::RemoveFromList(_) => "remove_from_list",
            Node::StartJourney(_) => "start_journey",
            Node::StopJourney(_) => "stop_journey",
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
                let mut ways = match &node.what {
                    Awaited::Event { on_event, .. } => one("on_event", on_event),
                    Awaited::AnyOf { events, on_event } => {
                        let each = events.iter().enumerate();
                        let mut ways: Vec<_> = each
                            .flat_map(|(i, event)| one(&format!("any_of.{i}.next"), &event.next))
                            .collect();
                        ways.extend(one("on_event", on_event));
                        ways
                    }
                    Awaited::Condition { on_met, .. } => one("on_met", on_met),
                };
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
            Node::Experiment(node) => {
                let variants = node.variants.iter().enumerate();
                variants.flat_map(|(i, variant)| one(&format!("variants.{i}.next"), &variant.next)).collect()
            }
            Node::AddToList(node) | Node::RemoveFromList(node) => one("next", &node.next),
            Node::StartJourney(node) => one("next", &node.next),
            Node::StopJourney(node) => one("next", &node.next),
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
    /// What of the shop's topics it is about, when not what its template says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// Further ways for the same message.
    #[serde(default, skip_serializing_if = "Ways::is_single")]
    pub ways: Ways,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl SendMessage {
    /// Every channel and template that it may use, its own first.
    pub fn each_way(&self) -> impl Iterator<Item = (Channel, &str)> {
        let also = self.ways.also.iter().map(|way| (way.channel, way.template.as_str()));
        std::iter::once((self.channel, self.template.as_str())).chain(also)
    }
}

fn marketing() -> Purpose {
    Purpose::Marketing
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

/// A named comparison of ways: a profile is given one variant, and has the same wherever the experiment of this name
/// is met again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    pub name: String,
    pub variants: Vec<Variant>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub name: String,
    /// 1 to 1,000,000.
    pub weight: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListChange {
    pub list: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Starts another journey, one of the trigger `api`, for the same profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartJourney {
    pub journey: String,
    /// What the other run sees as `event.properties`: literals or `{ "from": ... }`.
    #[serde(default, with = "operands", skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Operand>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Ends the profile's runs of another journey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopJourney {
    pub journey: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
        Value::deserialize(deserializer).map(super::operand_of)
    }
}

mod operands {
    use crate::condition::Operand;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;
    use std::collections::BTreeMap;

    pub fn serialize<S: Serializer>(
        operands: &BTreeMap<String, Operand>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        operands.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Operand>, D::Error> {
        let values = BTreeMap::<String, Value>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|(name, value)| (name, super::operand_of(value))).collect())
    }
}

/// `{ "from": reference }`, or any literal.
fn operand_of(value: Value) -> Operand {
    match value.as_object().map(|object| (object.len(), object.get("from"))) {
        Some((1, Some(Value::String(reference)))) => Operand::From(reference.clone()),
        _ => Operand::Literal(value),
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

/// Whether a recipient of [`NotifyStaff`] is a contact of the shop's by its name, such as `telegram:ops`, and no e-mail
/// address: the kind, a colon, and 1 to 40 of `a-z`, `0-9`, `_` and `-`.
pub fn is_staff_contact(to: &str) -> bool {
    const KINDS: [&str; 5] = ["telegram", "slack", "discord", "webhook", "zalo"];
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    to.split_once(':').is_some_and(|(kind, name)| {
        KINDS.contains(&kind) && (1..=40).contains(&name.len()) && name.bytes().all(plain)
    })
}

/// A message to people of the shop, which no consent of the profile's governs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyStaff {
    /// E-mail addresses, and contacts by their names: `telegram:ops`.
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

/// The events that a journey has to be told of, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wants {
    /// For [`super::start`].
    pub to_start: BTreeSet<String>,
    /// For [`super::step`], as long as a profile has a run that is not over: awaited, goals, exits and what
    /// branches count.
    pub to_step: BTreeSet<String>,
    /// Whether a change of the profile can move a run: [`super::Input::Changed`].
    pub changes: bool,
    /// What of the profile's past its conditions read when a run starts, and when it moves.
    pub past_to_start: crate::condition::Wants,
    pub past_to_step: crate::condition::Wants,
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
        wants.to_start.extend(self.trigger.pattern().map(|pattern| pattern.event));
        let mut add = |name: &str| {
            wants.to_step.insert(name.to_string());
        };
        self.goal.iter().for_each(|goal| add(&goal.event));
        self.exit_when.iter().filter_map(|rule| rule.event.as_deref()).for_each(&mut add);
        self.seen_patterns().for_each(|pattern| add(&pattern.event));
        // What is looked at whenever something happens, and not at a node alone.
        let mut watched: Vec<&Condition> = self.standing_exits().collect();
        for node in self.nodes.values() {
            let Node::WaitFor(node) = node else { continue };
            node.events().iter().for_each(|(name, ..)| add(name));
            if let Awaited::Condition { when, .. } = &node.what {
                watched.push(when);
            }
        }
        for condition in &watched {
            condition.wants().events.keys().for_each(|name| add(name));
        }
        wants.changes = !watched.is_empty();
        if let Some(when) = &self.entry.when {
            wants.past_to_start.merge(&when.wants());
        }
        for condition in self.conditions() {
            wants.past_to_step.merge(&condition.wants());
        }
        for node in self.nodes.values() {
            match node {
                Node::Delay(Delay { until: Until::BestHour(_), .. }) => {
                    wants.past_to_step.merge(&crate::condition::Wants::of_path("best_time"));
                }
                Node::Delay(Delay { until: Until::Attribute(until), .. }) => {
                    wants.past_to_step.merge(&crate::condition::Wants::of_path(&until.attribute));
                }
                _ => {}
            }
        }
        // A start goes on to the first rest.
        wants.past_to_start.merge(&wants.past_to_step);
        wants
    }

    /// The conditions of exit rules that need no event.
    fn standing_exits(&self) -> impl Iterator<Item = &Condition> {
        self.exit_when.iter().filter(|rule| rule.event.is_none()).filter_map(|rule| rule.when.as_ref())
    }

    /// Every condition that a run may look at.
    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        fn of_node(node: &Node) -> Vec<&Condition> {
            match node {
                Node::Branch(branch) => branch.paths.iter().map(|path| &path.when).collect(),
                Node::WaitFor(WaitFor { what: Awaited::Condition { when, .. }, .. }) => vec![when],
                _ => Vec::new(),
            }
        }
        let exits = self.exit_when.iter().filter_map(|rule| rule.when.as_ref());
        self.nodes.values().flat_map(of_node).chain(exits)
    }

    /// The segments that it reads, by id: of its trigger and of its conditions.
    pub fn segments(&self) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = self.trigger.segment().map(str::to_owned).into_iter().collect();
        for condition in self.entry.when.iter().chain(self.conditions()) {
            segments_in(&serde_json::to_value(condition).unwrap_or_default(), &mut found);
        }
        found
    }

    /// The journeys that it starts, stops or follows, by id, each with whether it has to be one of the trigger `api`.
    pub fn journeys(&self) -> BTreeSet<(String, bool)> {
        let mut found = BTreeSet::new();
        if let Trigger::Journey(trigger) = &self.trigger {
            found.insert((trigger.journey.clone(), false));
        }
        for node in self.nodes.values() {
            match node {
                Node::StartJourney(node) => drop(found.insert((node.journey.clone(), true))),
                Node::StopJourney(node) => drop(found.insert((node.journey.clone(), false))),
                _ => {}
            }
        }
        found
    }

    /// Puts ids in the place of the words under which its author names other journeys.
    pub fn resolve_journeys(&mut self, id_of: &dyn Fn(&str) -> String) {
        match &mut self.trigger {
            Trigger::Journey(trigger) => trigger.journey = id_of(&trigger.journey),
            Trigger::Message(trigger) => trigger.journey = trigger.journey.as_deref().map(id_of),
            _ => {}
        }
        for node in self.nodes.values_mut() {
            match node {
                Node::StartJourney(node) => node.journey = id_of(&node.journey),
                Node::StopJourney(node) => node.journey = id_of(&node.journey),
                _ => {}
            }
        }
    }

    /// The channels on which it sends marketing.
    pub fn marketing_channels(&self) -> BTreeSet<Channel> {
        let sends = self.nodes.values().filter_map(|node| match node {
            Node::Send(send) if send.purpose == Purpose::Marketing => Some(send.each_way()),
            _ => None,
        });
        sends.flatten().map(|(channel, _)| channel).collect()
    }

    /// What a node that sends is about; empty where it does not say.
    pub fn topic_of(&self, node: &str) -> &str {
        match self.nodes.get(node) {
            Some(Node::Send(send)) => &send.topic,
            _ => "",
        }
    }

    /// The templates that its nodes send, so that an engine can refuse a journey whose template is missing.
    pub fn templates(&self) -> BTreeSet<(Channel, &str)> {
        let sends = self.nodes.values().filter_map(|node| match node {
            Node::Send(send) => Some(send.each_way()),
            _ => None,
        });
        sends.flatten().collect()
    }

    /// What a run must count because a branch or an exit rule asks for it.
    pub(crate) fn seen_patterns(&self) -> impl Iterator<Item = &EventPattern> {
        let mut patterns = Vec::new();
        for condition in self.conditions() {
            condition.seen_patterns(&mut |pattern| patterns.push(pattern));
        }
        patterns.into_iter()
    }
}

/// The ids in every `{ "segment": id }`.
fn segments_in(condition: &Value, found: &mut BTreeSet<String>) {
    match condition {
        Value::Object(object) => {
            found.extend(object.get("segment").and_then(Value::as_str).map(str::to_owned));
            for key in ["all", "any", "none"] {
                object.get(key).into_iter().for_each(|parts| segments_in(parts, found));
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| segments_in(part, found)),
        _ => {}
    }
}
