//! The step: from one rest of a run to the next.

use super::definition::{Definition, Node, Reentry};
use super::log::{Code, Declined, LogEntry};
use super::run::{Action, Effect, KeptEvent, Run, RunState};
use super::trigger::{Trigger, Turn};
use super::{RUNS_AT_ONCE_DEFAULT, local};
use crate::condition::{
    Compared, Condition, Context, EventPattern, EventView, Facts, Operand, Past, PropertyFilter, Sightings,
    shown,
};
use crate::local_time::Zone;
use kit::{Id, ProfileNo, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Nodes that one step enters at most; validation refuses a journey that could need more.
pub const NODES_PER_STEP_MAX: usize = 100;
/// Nodes that one run enters at most, over its whole life.
pub const VISITS_MAX: u32 = 10_000;

/// Comparisons that the log of one branch keeps.
const COMPARED_MAX: usize = 24;

/// The names of a run that is to start.
#[derive(Clone, Copy, Debug)]
pub struct NewRun {
    pub run_id: Id,
    pub journey_id: Id,
    pub version: u32,
    pub profile: ProfileNo,
    /// How many runs of journeys led to it, each by what it did; 0 for what the profile or the calendar started.
    pub depth: u32,
}

/// Longest chain of journeys that start one another.
pub const JOURNEYS_IN_A_ROW_MAX: u32 = 8;

/// Why a run is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// An event that is not historical.
    Event(EventView<'a>),
    /// The profile's date has come: an instant that [`super::DateTrigger::next_occurrence`] gave.
    Date,
    /// A call, with what it brings as the run's event.
    Api(EventView<'a>),
    /// The profile entered or left a segment; `existing`: it was a member when the journey was published.
    Segment { segment: &'a str, entered: bool, existing: bool },
    /// A feast or a schedule has come.
    Occasion,
    /// A number of the profile passed the threshold.
    Threshold,
    /// A run of another journey ended so, with the event that it was about.
    Journey { journey: &'a str, state: &'a RunState, event: Option<EventView<'a>> },
}

impl<'a> Cause<'a> {
    fn event(&self) -> Option<EventView<'a>> {
        match self {
            Cause::Event(event) | Cause::Api(event) => Some(*event),
            Cause::Journey { event, .. } => *event,
            _ => None,
        }
    }

    /// Whether `trigger` asks for this, but for the filters of events.
    fn is_of(&self, trigger: &Trigger) -> bool {
        match (self, trigger) {
            (
                Cause::Event(_),
                Trigger::Event(_) | Trigger::Message(_) | Trigger::Form(_) | Trigger::Score(_),
            ) => true,
            (Cause::Date, Trigger::Date(_) | Trigger::Anniversary(_)) => true,
            (Cause::Api(_), Trigger::Api(_)) => true,
            (Cause::Segment { segment, entered, existing }, Trigger::Segment(wanted)) => {
                wanted.segment == *segment
                    && (wanted.on == Turn::Entered) == *entered
                    && (!existing || wanted.existing)
            }
            (Cause::Occasion, Trigger::Feast(_) | Trigger::Schedule(_)) => true,
            (Cause::Threshold, Trigger::Threshold(_)) => true,
            (Cause::Journey { journey, state, .. }, Trigger::Journey(wanted)) => {
                wanted.journey == *journey && wanted.on.is(state)
            }
            _ => false,
        }
    }
}

/// What a profile's earlier runs of the same journey, of any version, were.
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    /// Runs ever started.
    pub started: u32,
    /// Runs that are not over.
    pub active: u32,
    pub last_started_at: Option<Timestamp>,
}

/// What makes a run move.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// [`Run::due_at`] has come. Before that nothing happens.
    Due,
    /// An event of the profile's that is named in [`super::Wants::to_step`], and is not historical; other
    /// events do no harm. It goes to the runs that there are before it starts new ones; the triggering event
    /// is known again by its id.
    Event(EventView<'a>),
    /// The profile changed otherwise than by an event: an attribute, a tag, a consent, an order, what became of a
    /// message or of a run. Ends the run if an exit rule without an event holds now, and goes on from a wait whose
    /// condition does; needed where [`super::Wants::changes`] says so.
    Changed,
    /// The journey goes on after a pause. Feed it the events of the pause first, in order; then this does
    /// what `Due` does.
    Resume,
    /// Ends the run from outside, with a reason: the journey was archived, an operator took the profile out.
    Stop(&'a str),
}

/// A run after a step, what has to be done for it, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    pub run: Run,
    pub effects: Vec<Effect>,
    pub log: Vec<LogEntry>,
}

/// Starts a run and takes it to its first rest.
///
/// # Errors
/// [`Declined`] is not a fault: it says why this profile does not begin now. In this order: the cause is not
/// the trigger's, its filter, too many journeys in a row, re-entry, cooldown, the entry condition, an exit condition
/// that holds already.
pub fn start(
    definition: &Definition,
    new: NewRun,
    cause: Cause<'_>,
    history: History,
    facts: &dyn Facts,
    now: Timestamp,
) -> Result<Stepped, Declined> {
    let event = cause.event();
    let decline = |code: Code, params: Value| Err(Declined { reason: entry(now, None, code, params) });
    let context = Context { facts, now, event, awaited: None, seen: None };

    if !cause.is_of(&definition.trigger) {
        return decline(Code::DeclinedByTrigger, json!({ "expected": definition.trigger.kind() }));
    }
    if let (Some(pattern), Cause::Event(event)) = (definition.trigger.pattern(), &cause) {
        if pattern.event != event.name {
            return decline(Code::DeclinedByTrigger, json!({ "expected": pattern.event, "got": event.name }));
        }
        let verdict = pattern.explain(event, &context);
        if !verdict.holds {
            let params = json!({ "event": event.name, "compared": verdict.compared });
            return decline(Code::DeclinedByFilter, params);
        }
    }
    if new.depth > JOURNEYS_IN_A_ROW_MAX {
        return decline(Code::DeclinedByDepth, json!({ "depth": new.depth }));
    }

    let rules = &definition.entry;
    match rules.reentry {
        Reentry::Once if history.started > 0 => return decline(Code::DeclinedOnce, json!({})),
        Reentry::WhenNotRunning if history.active > 0 => return decline(Code::DeclinedRunning, json!({})),
        Reentry::Always => {
            let most = rules.max_runs_at_once.unwrap_or(RUNS_AT_ONCE_DEFAULT);
            if history.active >= most {
                return decline(Code::DeclinedTooMany, json!({ "active": history.active, "most": most }));
            }
        }
        Reentry::Once | Reentry::WhenNotRunning => {}
    }
    if let (Some(cooldown), Some(last)) = (rules.cooldown, history.last_started_at) {
        let until = last.plus_ms(cooldown.ms());
        if now < until {
            let until = local::written(until, facts.time_zone());
            return decline(Code::DeclinedByCooldown, json!({ "until": until }));
        }
    }
    if let Some(condition) = &rules.when {
        let verdict = condition.explain(&context);
        if !verdict.holds {
            return decline(Code::DeclinedByEntry, json!({ "compared": verdict.compared }));
        }
    }

    let run = Run {
        id: new.run_id,
        journey_id: new.journey_id,
        version: new.version,
        profile: new.profile,
        started_at: now,
        since: event.map_or(now, |event| event.at.min(now)),
        event: event.as_ref().map(KeptEvent::new),
        awaited: None,
        node: None,
        visits: 0,
        waiting: None,
        variants: BTreeMap::new(),
        depth: new.depth,
        seen: BTreeMap::new(),
        state: RunState::Active,
        ended_at: None,
    };
    let mut walk = Walk::new(definition, run, facts, now);
    if let Some((reason, compared)) = walk.exit_due(None) {
        return decline(Code::DeclinedByExit, json!({ "reason": reason, "compared": compared }));
    }
    let cause = match (&cause, event) {
        (Cause::Event(_), Some(event)) => json!({ "cause": definition.trigger.kind(), "event": event.name }),
        (Cause::Journey { journey, state, .. }, _) => {
            json!({ "cause": "journey", "journey": journey, "state": state.as_str() })
        }
        (Cause::Segment { segment, existing: true, .. }, _) => {
            json!({ "cause": "segment", "segment": segment, "existing": true })
        }
        (Cause::Segment { segment, .. }, _) => json!({ "cause": "segment", "segment": segment }),
        _ => json!({ "cause": definition.trigger.kind() }),
    };
    walk.note(None, Code::Started, cause);
    walk.go(Some(definition.start.clone()));
    Ok(walk.done())
}

/// Takes a run on. `now` is the logical time of everything that follows: a delay begun in this step is
/// counted from it, so that after an outage messages keep their distance instead of coming all at once.
///
/// On an event, in this order: it is counted; the goal; the exit rules as they are listed; then a `wait_for`
/// whose event it is. So an event that is awaited and also an exit ends the run. An event that happened up to
/// the very end of a wait is in time as long as the run still waits: of an event and a due time at the same
/// instant the engine gives the event first.
///
/// A run that is over stays as it is. `definition` must be the run's own version.
pub fn step(
    definition: &Definition,
    run: Run,
    input: Input<'_>,
    facts: &dyn Facts,
    now: Timestamp,
) -> Stepped {
    let mut walk = Walk::new(definition, run, facts, now);
    if walk.run.is_over() {
        return walk.done();
    }
    match input {
        Input::Due => walk.due(),
        Input::Resume => {
            if walk.run.due_at().is_none_or(|due| due <= now) {
                walk.note(None, Code::Resumed, json!({}));
            }
            walk.due();
        }
        Input::Event(event) => walk.event(&event),
        Input::Changed => {
            if let Some((reason, compared)) = walk.exit_due(None) {
                walk.exit(reason.clone(), json!({ "reason": reason, "compared": compared }));
            } else {
                walk.look();
            }
        }
        Input::Stop(reason) => walk.exit(reason.to_string(), json!({ "reason": reason })),
    }
    walk.done()
}

fn entry(at: Timestamp, node: Option<&str>, code: Code, params: Value) -> LogEntry {
    let params = match params {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    LogEntry { at, node: node.map(str::to_string), code, params }
}

/// The profile as the effects of this step leave it: the engine applies them only afterwards, and the next
/// node of the same step must see them already.
pub(super) struct Overlay<'a> {
    facts: &'a dyn Facts,
    attributes: BTreeMap<String, Value>,
    tags: BTreeMap<String, bool>,
    lists: BTreeMap<String, bool>,
}

impl Facts for Overlay<'_> {
    fn value(&self, path: &str) -> Option<Value> {
        let name = path.strip_prefix("attributes.").unwrap_or(path);
        if let Some(value) = self.attributes.get(name) {
            return Some(value.clone()).filter(|value| !value.is_null());
        }
        if path != "tags" || self.tags.is_empty() {
            return self.facts.value(path);
        }
        let stored = self.facts.value(path);
        let stored = stored.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        let mut tags: Vec<&str> = stored.filter(|tag| !self.tags.contains_key(*tag)).collect();
        tags.extend(self.tags.iter().filter(|(_, on)| **on).map(|(tag, _)| tag.as_str()));
        Some(json!(tags))
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.tags.get(tag).copied().unwrap_or_else(|| self.facts.has_tag(tag))
    }

    fn in_list(&self, list: &str) -> bool {
        self.lists.get(list).copied().unwrap_or_else(|| self.facts.in_list(list))
    }

    fn in_segment(&self, segment: &str) -> Option<bool> {
        self.facts.in_segment(segment)
    }

    fn past(&self) -> &Past {
        self.facts.past()
    }

    fn time_zone(&self) -> &Zone {
        self.facts.time_zone()
    }
}

/// Where a node leads.
pub(super) enum Onward {
    To(Option<String>),
    /// The run waits, or is over.
    Rest,
}

pub(super) struct Walk<'a> {
    pub(super) definition: &'a Definition,
    pub(super) run: Run,
    pub(super) facts: Overlay<'a>,
    pub(super) now: Timestamp,
    effects: Vec<Effect>,
    log: Vec<LogEntry>,
}

impl<'a> Walk<'a> {
    fn new(definition: &'a Definition, run: Run, facts: &'a dyn Facts, now: Timestamp) -> Self {
        let facts =
            Overlay { facts, attributes: BTreeMap::new(), tags: BTreeMap::new(), lists: BTreeMap::new() };
        Walk { definition, run, facts, now, effects: Vec::new(), log: Vec::new() }
    }

    fn done(self) -> Stepped {
        Stepped { run: self.run, effects: self.effects, log: self.log }
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            facts: &self.facts,
            now: self.now,
            event: self.run.event.as_ref().map(KeptEvent::view),
            awaited: self.run.awaited.as_ref().map(KeptEvent::view),
            seen: Some(&self.run.seen),
        }
    }

    pub(super) fn note(&mut self, node: Option<&str>, code: Code, params: Value) {
        self.log.push(entry(self.now, node, code, params));
    }

    fn end(&mut self, state: RunState) {
        self.run.state = state;
        self.run.waiting = None;
        self.run.ended_at = Some(self.now);
    }

    pub(super) fn exit(&mut self, reason: String, params: Value) {
        let node = self.run.node.clone();
        self.note(node.as_deref(), Code::Exited, params);
        self.end(RunState::Exited { reason });
    }

    pub(super) fn fail(&mut self, reason: String) {
        let node = self.run.node.clone();
        self.note(node.as_deref(), Code::Failed, json!({ "reason": reason }));
        self.end(RunState::Failed { reason });
    }

    fn event(&mut self, event: &EventView<'_>) {
        let is_trigger = self.run.event.as_ref().is_some_and(|trigger| trigger.id == event.id);
        if is_trigger || event.at < self.run.since {
            // It is not the run's; but a condition on what the profile did may hold by it.
            return self.look();
        }
        self.count(event);
        if self.goal_is(event) {
            let node = self.run.node.clone();
            self.note(node.as_deref(), Code::GoalReached, json!({ "event": event.name }));
            return self.end(RunState::GoalReached);
        }
        if let Some((reason, compared)) = self.exit_due(Some(event)) {
            return self.exit(reason.clone(), json!({ "reason": reason, "compared": compared }));
        }
        self.heard(event);
    }

    fn count(&mut self, event: &EventView<'_>) {
        let patterns = self.definition.seen_patterns();
        // Two conditions on the same pattern share one count.
        let mut keys: Vec<String> = patterns
            .filter(|pattern| pattern.matches(event, &self.context()))
            .map(EventPattern::key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let first = Sightings { count: 0, first_at: event.at, last_at: event.at };
            let seen = self.run.seen.entry(key).or_insert(first);
            seen.count = seen.count.saturating_add(1);
            seen.first_at = seen.first_at.min(event.at);
            seen.last_at = seen.last_at.max(event.at);
        }
    }

    pub(super) fn is(&self, event: &EventView<'_>, name: &str, filters: &[PropertyFilter]) -> bool {
        name == event.name && crate::condition::filters_match(filters, event, &self.context())
    }

    fn goal_is(&self, event: &EventView<'_>) -> bool {
        self.definition.goal.as_ref().is_some_and(|goal| {
            let in_time = goal.within.is_none_or(|within| event.at <= self.run.since.plus_ms(within.ms()));
            in_time && self.is(event, &goal.event, &goal.filters)
        })
    }

    /// The first exit rule that ends the run now: of those with an event when there is one, of those without
    /// always.
    fn exit_due(&self, event: Option<&EventView<'_>>) -> Option<(String, Vec<Compared>)> {
        self.definition.exit_when.iter().find_map(|rule| {
            match (&rule.event, event) {
                (Some(_), None) => return None,
                (Some(name), Some(event)) if !self.is(event, name, &rule.filters) => return None,
                _ => {}
            }
            let compared = match &rule.when {
                None => Vec::new(),
                // Most often it does not hold, and then nobody reads why.
                Some(condition) if !condition.holds(&self.context()) => return None,
                Some(condition) => condition.explain(&self.context()).compared,
            };
            let reason = match (&rule.reason, &rule.event) {
                (Some(reason), _) => reason.clone(),
                (None, Some(event)) => event.clone(),
                (None, None) => "exit condition".to_string(),
            };
            Some((reason, compared))
        })
    }

    /// Enters `next` and what follows, up to the next rest.
    pub(super) fn go(&mut self, mut next: Option<String>) {
        for _ in 0..NODES_PER_STEP_MAX {
            let Some(id) = next else {
                let node = self.run.node.clone();
                self.note(node.as_deref(), Code::Completed, json!({}));
                return self.end(RunState::Completed);
            };
            if let Some((reason, compared)) = self.exit_due(None) {
                return self.exit(reason.clone(), json!({ "reason": reason, "compared": compared }));
            }
            let Some(node) = self.definition.nodes.get(&id) else {
                return self.fail(format!("there is no node \"{id}\" in version {}", self.run.version));
            };
            if self.run.visits >= VISITS_MAX {
                return self.fail(format!("has entered {VISITS_MAX} nodes"));
            }
            self.run.visits += 1;
            self.run.node = Some(id.clone());
            match self.enter(&id, node) {
                Onward::To(onward) => next = onward,
                Onward::Rest => return,
            }
        }
        self.fail(format!("would enter more than {NODES_PER_STEP_MAX} nodes at one time"));
    }

    fn act(&mut self, id: &str, action: Action) {
        let key = format!("{}:{id}:{}", self.run.id, self.run.visits);
        self.effects.push(Effect { key, node: id.to_string(), action });
    }

    fn enter(&mut self, id: &str, node: &Node) -> Onward {
        match node {
            Node::Send(send) => {
                let params =
                    json!({ "channel": send.channel, "template": send.template, "purpose": send.purpose });
                self.note(Some(id), Code::SendAsked, params);
                let (channel, template, purpose) = (send.channel, send.template.clone(), send.purpose);
                self.act(id, Action::Send { channel, template, purpose, ways: send.ways.clone() });
                Onward::To(send.next.clone())
            }
            Node::Delay(delay) => self.delay(id, delay),
            Node::WaitFor(wait) => self.wait_for(id, wait),
            Node::Branch(branch) => {
                let mut compared = Vec::new();
                let mut taken = None;
                for (i, path) in branch.paths.iter().enumerate() {
                    let verdict = self.explain(&path.when);
                    compared.extend(verdict.1);
                    compared.truncate(COMPARED_MAX);
                    if verdict.0 {
                        taken = Some((i, &path.next));
                        break;
                    }
                }
                let (path, next) = match taken {
                    Some((i, next)) => (json!(i + 1), next),
                    None => (json!("otherwise"), &branch.otherwise),
                };
                self.note(
                    Some(id),
                    Code::BranchTaken,
                    json!({ "path": path, "next": next, "compared": compared }),
                );
                Onward::To(next.clone())
            }
            Node::Split(split) => {
                let weights: Vec<u32> = split.paths.iter().map(|path| path.weight).collect();
                let i = drawn(&weights, &format!("{}:{id}:{}", self.run.journey_id, self.run.id));
                let next = split.paths.get(i).and_then(|path| path.next.clone());
                let params = json!({ "path": i + 1, "paths": split.paths.len(), "next": next });
                self.note(Some(id), Code::SplitTaken, params);
                Onward::To(next)
            }
            Node::SetAttribute(set) => {
                let value = self.resolved(&set.value);
                self.note(Some(id), Code::AttributeSet, json!({ "name": set.name, "value": shown(&value) }));
                self.facts.attributes.insert(set.name.clone(), value.clone());
                self.act(id, Action::SetAttribute { name: set.name.clone(), value });
                Onward::To(set.next.clone())
            }
            Node::AddTag(change) => {
                self.note(Some(id), Code::TagAdded, json!({ "tag": change.tag }));
                self.facts.tags.insert(change.tag.clone(), true);
                self.act(id, Action::AddTag { tag: change.tag.clone() });
                Onward::To(change.next.clone())
            }
            Node::RemoveTag(change) => {
                self.note(Some(id), Code::TagRemoved, json!({ "tag": change.tag }));
                self.facts.tags.insert(change.tag.clone(), false);
                self.act(id, Action::RemoveTag { tag: change.tag.clone() });
                Onward::To(change.next.clone())
            }
            Node::Webhook(hook) => {
                self.note(Some(id), Code::WebhookAsked, json!({ "url": hook.url }));
                let (url, headers, body) = (hook.url.clone(), hook.headers.clone(), hook.body.clone());
                self.act(id, Action::Webhook { url, headers, body });
                Onward::To(hook.next.clone())
            }
            Node::NotifyStaff(notice) => {
                self.note(Some(id), Code::StaffNotified, json!({ "to": notice.to }));
                let (to, subject, message) =
                    (notice.to.clone(), notice.subject.clone(), notice.message.clone());
                self.act(id, Action::NotifyStaff { to, subject, message });
                Onward::To(notice.next.clone())
            }
            Node::Experiment(experiment) => {
                // By the profile, not by the run: whoever comes again, or by another journey, sees the same.
                let whose = self.facts.value("id").and_then(|id| id.as_str().map(str::to_owned));
                let whose = whose.unwrap_or_else(|| self.run.profile.0.to_string());
                let weights: Vec<u32> = experiment.variants.iter().map(|variant| variant.weight).collect();
                let i = drawn(&weights, &format!("experiment:{}:{whose}", experiment.name));
                let Some(variant) = experiment.variants.get(i) else { return Onward::To(None) };
                let params =
                    json!({ "name": experiment.name, "variant": variant.name, "next": variant.next });
                self.note(Some(id), Code::ExperimentDrawn, params);
                let (name, variant_name) = (experiment.name.clone(), variant.name.clone());
                self.run.variants.insert(name.clone(), variant_name.clone());
                self.act(id, Action::Assign { experiment: name, variant: variant_name });
                Onward::To(variant.next.clone())
            }
            Node::AddToList(change) => {
                self.note(Some(id), Code::ListJoined, json!({ "list": change.list }));
                self.facts.lists.insert(change.list.clone(), true);
                self.act(id, Action::AddToList { list: change.list.clone() });
                Onward::To(change.next.clone())
            }
            Node::RemoveFromList(change) => {
                self.note(Some(id), Code::ListLeft, json!({ "list": change.list }));
                self.facts.lists.insert(change.list.clone(), false);
                self.act(id, Action::RemoveFromList { list: change.list.clone() });
                Onward::To(change.next.clone())
            }
            Node::StartJourney(other) => {
                self.note(Some(id), Code::JourneyStarted, json!({ "journey": other.journey }));
                let properties = other.properties.iter();
                let properties = properties.map(|(name, value)| (name.clone(), self.resolved(value)));
                let properties = Value::Object(properties.collect());
                self.act(id, Action::StartJourney { journey: other.journey.clone(), properties });
                Onward::To(other.next.clone())
            }
            Node::StopJourney(other) => {
                self.note(Some(id), Code::JourneyStopped, json!({ "journey": other.journey }));
                let reason = other.reason.clone().unwrap_or_else(|| "stopped by another journey".to_owned());
                self.act(id, Action::StopJourney { journey: other.journey.clone(), reason });
                Onward::To(other.next.clone())
            }
            Node::Exit(exit) => {
                let reason = exit.reason.clone().unwrap_or_else(|| id.to_string());
                self.note(Some(id), Code::ExitCome, json!({}));
                self.exit(reason.clone(), json!({ "reason": reason }));
                Onward::Rest
            }
        }
    }

    fn resolved(&self, operand: &Operand) -> Value {
        match operand {
            Operand::Literal(value) => value.clone(),
            Operand::From(reference) => self.context().resolve(reference).unwrap_or(Value::Null),
        }
    }

    pub(super) fn explain(&self, condition: &Condition) -> (bool, Vec<Compared>) {
        let verdict = condition.explain(&self.context());
        (verdict.holds, verdict.compared)
    }

    pub(super) fn written(&self, at: Timestamp) -> String {
        local::written(at, self.facts.time_zone())
    }
}

/// Which of the weights `text` falls on: by its hash, not by a draw, so that a replay and a second machine choose the
/// same.
fn drawn(weights: &[u32], text: &str) -> usize {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let hash = Sha256::digest(text.as_bytes());
    let chance = hash[..8].iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    let mut drawn = ((u128::from(chance) * u128::from(total)) >> 64) as u64;
    for (i, weight) in weights.iter().enumerate() {
        if drawn < u64::from(*weight) {
            return i;
        }
        drawn -= u64::from(*weight);
    }
    0
}
