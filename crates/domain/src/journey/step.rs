//! The step: from one rest of a run to the next.

use super::definition::{
    Definition, Delay, Node, Otherwise, Reentry, Split, Trigger, Until, UntilAttribute, WaitFor,
};
use super::log::{Code, Declined, LogEntry};
use super::run::{Action, Effect, KeptEvent, Run, RunState, Waiting};
use super::{RUNS_AT_ONCE_DEFAULT, local};
use crate::condition::{
    Compared, Condition, Context, EventPattern, EventView, Facts, Operand, Past, PropertyFilter, Sightings,
    look_up, shown,
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
}

/// Why a run is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// An event that is not historical.
    Event(EventView<'a>),
    /// The profile's date has come: an instant that [`super::DateTrigger::next_occurrence`] gave.
    Date,
    /// A call, with what it brings as the run's event.
    Api(EventView<'a>),
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
    /// The profile changed otherwise than by an event: an attribute, a tag, a consent. Ends the run if an
    /// exit rule without an event holds now; needed where [`super::Wants::changes`] says so.
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
/// the trigger's, its filter, re-entry, cooldown, the entry condition, an exit condition that holds already.
pub fn start(
    definition: &Definition,
    new: NewRun,
    cause: Cause<'_>,
    history: History,
    facts: &dyn Facts,
    now: Timestamp,
) -> Result<Stepped, Declined> {
    let event = match cause {
        Cause::Event(event) | Cause::Api(event) => Some(event),
        Cause::Date => None,
    };
    let decline = |code: Code, params: Value| Err(Declined { reason: entry(now, None, code, params) });
    let context = Context { facts, now, event, awaited: None, seen: None };

    match (&definition.trigger, &cause) {
        (Trigger::Event(pattern), Cause::Event(event)) => {
            let verdict = pattern.explain(event, &context);
            if pattern.event != event.name {
                return decline(
                    Code::DeclinedByTrigger,
                    json!({ "expected": pattern.event, "got": event.name }),
                );
            }
            if !verdict.holds {
                let params = json!({ "event": event.name, "compared": verdict.compared });
                return decline(Code::DeclinedByFilter, params);
            }
        }
        (Trigger::Date(_), Cause::Date) | (Trigger::Api(_), Cause::Api(_)) => {}
        (trigger, _) => return decline(Code::DeclinedByTrigger, json!({ "expected": kind_of(trigger) })),
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
        seen: BTreeMap::new(),
        state: RunState::Active,
        ended_at: None,
    };
    let mut walk = Walk::new(definition, run, facts, now);
    if let Some((reason, compared)) = walk.exit_due(None) {
        return decline(Code::DeclinedByExit, json!({ "reason": reason, "compared": compared }));
    }
    let cause = match (&cause, event) {
        (Cause::Event(_), Some(event)) => json!({ "cause": "event", "event": event.name }),
        (Cause::Date, _) => json!({ "cause": "date" }),
        _ => json!({ "cause": "api" }),
    };
    walk.note(None, Code::Started, cause);
    walk.go(Some(definition.start.clone()));
    Ok(walk.done())
}

fn kind_of(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Event(_) => "event",
        Trigger::Date(_) => "date",
        Trigger::Api(_) => "api",
    }
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
struct Overlay<'a> {
    facts: &'a dyn Facts,
    attributes: BTreeMap<String, Value>,
    tags: BTreeMap<String, bool>,
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
        self.facts.in_list(list)
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
enum Onward {
    To(Option<String>),
    /// The run waits, or is over.
    Rest,
}

struct Walk<'a> {
    definition: &'a Definition,
    run: Run,
    facts: Overlay<'a>,
    now: Timestamp,
    effects: Vec<Effect>,
    log: Vec<LogEntry>,
}

impl<'a> Walk<'a> {
    fn new(definition: &'a Definition, run: Run, facts: &'a dyn Facts, now: Timestamp) -> Self {
        let facts = Overlay { facts, attributes: BTreeMap::new(), tags: BTreeMap::new() };
        Walk { definition, run, facts, now, effects: Vec::new(), log: Vec::new() }
    }

    fn done(self) -> Stepped {
        Stepped { run: self.run, effects: self.effects, log: self.log }
    }

    fn context(&self) -> Context<'_> {
        Context {
            facts: &self.facts,
            now: self.now,
            event: self.run.event.as_ref().map(KeptEvent::view),
            awaited: self.run.awaited.as_ref().map(KeptEvent::view),
            seen: Some(&self.run.seen),
        }
    }

    fn note(&mut self, node: Option<&str>, code: Code, params: Value) {
        self.log.push(entry(self.now, node, code, params));
    }

    fn end(&mut self, state: RunState) {
        self.run.state = state;
        self.run.waiting = None;
        self.run.ended_at = Some(self.now);
    }

    fn exit(&mut self, reason: String, params: Value) {
        let node = self.run.node.clone();
        self.note(node.as_deref(), Code::Exited, params);
        self.end(RunState::Exited { reason });
    }

    fn fail(&mut self, reason: String) {
        let node = self.run.node.clone();
        self.note(node.as_deref(), Code::Failed, json!({ "reason": reason }));
        self.end(RunState::Failed { reason });
    }

    fn due(&mut self) {
        let Some(node) = self.run.node.clone() else {
            return self.fail("is active and at no node".to_string());
        };
        let next = match (self.run.waiting.take(), self.definition.nodes.get(&node)) {
            (Some(waiting @ (Waiting::Until { until } | Waiting::ForEvent { until, .. })), _)
                if self.now < until =>
            {
                self.run.waiting = Some(waiting);
                return;
            }
            (Some(Waiting::Until { until }), Some(Node::Delay(delay))) => {
                let params = json!({ "until": self.written(until) });
                self.note(Some(&node), Code::DelayOver, params);
                delay.next.clone()
            }
            (Some(Waiting::ForEvent { until, .. }), Some(Node::WaitFor(wait))) => {
                let params = json!({ "event": wait.event, "until": self.written(until) });
                self.note(Some(&node), Code::WaitTimedOut, params);
                wait.on_timeout.clone()
            }
            _ => {
                return self.fail(format!(
                    "waits at \"{node}\", which is no such node of version {}",
                    self.run.version
                ));
            }
        };
        self.go(next);
    }

    fn event(&mut self, event: &EventView<'_>) {
        let is_trigger = self.run.event.as_ref().is_some_and(|trigger| trigger.id == event.id);
        if is_trigger || event.at < self.run.since {
            return;
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
        let Some(node) = self.run.node.clone() else { return };
        let (Some(Waiting::ForEvent { until, .. }), Some(Node::WaitFor(wait))) =
            (&self.run.waiting, self.definition.nodes.get(&node))
        else {
            return;
        };
        if event.at > *until || !self.is(event, &wait.event, &wait.filters) {
            return;
        }
        self.run.awaited = Some(KeptEvent::new(event));
        self.run.waiting = None;
        self.note(Some(&node), Code::WaitMet, json!({ "event": event.name }));
        self.go(wait.on_event.clone());
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

    fn is(&self, event: &EventView<'_>, name: &str, filters: &[PropertyFilter]) -> bool {
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
    fn go(&mut self, mut next: Option<String>) {
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
                self.act(id, Action::Send { channel, template, purpose });
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
                let i = drawn(split, &self.run, id);
                let next = split.paths.get(i).and_then(|path| path.next.clone());
                let params = json!({ "path": i + 1, "paths": split.paths.len(), "next": next });
                self.note(Some(id), Code::SplitTaken, params);
                Onward::To(next)
            }
            Node::SetAttribute(set) => {
                let value = match &set.value {
                    Operand::Literal(value) => value.clone(),
                    Operand::From(reference) => self.context().resolve(reference).unwrap_or(Value::Null),
                };
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
            Node::Exit(exit) => {
                let reason = exit.reason.clone().unwrap_or_else(|| id.to_string());
                self.note(Some(id), Code::ExitCome, json!({}));
                self.exit(reason.clone(), json!({ "reason": reason }));
                Onward::Rest
            }
        }
    }

    fn explain(&self, condition: &Condition) -> (bool, Vec<Compared>) {
        let verdict = condition.explain(&self.context());
        (verdict.holds, verdict.compared)
    }

    fn written(&self, at: Timestamp) -> String {
        local::written(at, self.facts.time_zone())
    }

    fn delay(&mut self, id: &str, delay: &Delay) -> Onward {
        let (now, zone) = (self.now, self.facts.time_zone());
        let until = match &delay.until {
            Until::For(duration) => Ok(now.plus_ms(duration.ms())),
            Until::Time(time) => Ok(time.next(zone, now)),
            Until::Weekday { weekday, time } => Ok(time.next_on(*weekday, zone, now)),
            Until::Attribute(until) => self.until_attribute(until),
        };
        match until {
            Ok(until) if until > now => {
                let params = json!({ "until": self.written(until) });
                self.note(Some(id), Code::DelayBegun, params);
                self.run.waiting = Some(Waiting::Until { until });
                Onward::Rest
            }
            Ok(until) => {
                let reason = format!("it is already {}", self.written(until));
                self.note(Some(id), Code::DelayPassed, json!({ "reason": reason }));
                Onward::To(delay.next.clone())
            }
            Err((reason, otherwise)) => {
                self.note(Some(id), Code::DelayPassed, json!({ "reason": reason }));
                match otherwise {
                    Otherwise::Continue => Onward::To(delay.next.clone()),
                    Otherwise::Exit => {
                        self.exit(reason.clone(), json!({ "reason": reason }));
                        Onward::Rest
                    }
                }
            }
        }
    }

    fn until_attribute(&self, until: &UntilAttribute) -> Result<Timestamp, (String, Otherwise)> {
        let (zone, name) = (self.facts.time_zone(), &until.attribute);
        let missing = |what: &str| (format!("{name} {what}"), until.when_missing);
        let value = look_up(&self.facts, name).ok_or_else(|| missing("is not set"))?;
        let at = match until.yearly {
            true => local::next_anniversary(&value, until.time, until.offset, zone, self.now),
            false => local::named_instant(&value, until.time, until.offset, zone),
        };
        let at = at.ok_or_else(|| missing("is no date"))?;
        if at < self.now {
            return Err((format!("{name} is past: {}", self.written(at)), until.when_past));
        }
        Ok(at)
    }

    fn wait_for(&mut self, id: &str, wait: &WaitFor) -> Onward {
        let until = self.now.plus_ms(wait.timeout.ms());
        let params = json!({ "event": wait.event, "until": self.written(until) });
        self.note(Some(id), Code::WaitBegun, params.clone());
        if until <= self.now {
            self.note(Some(id), Code::WaitTimedOut, params);
            return Onward::To(wait.on_timeout.clone());
        }
        self.run.waiting = Some(Waiting::ForEvent { event: wait.event.clone(), until });
        Onward::Rest
    }
}

/// The path that a run takes at a split: by its hash, not by a draw, so that a replay and a second machine
/// take the same.
fn drawn(split: &Split, run: &Run, node: &str) -> usize {
    let total: u64 = split.paths.iter().map(|path| u64::from(path.weight)).sum();
    let text = format!("{}:{node}:{}", run.journey_id, run.id);
    let hash = Sha256::digest(text.as_bytes());
    let chance = hash[..8].iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    let mut drawn = ((u128::from(chance) * u128::from(total)) >> 64) as u64;
    for (i, path) in split.paths.iter().enumerate() {
        if drawn < u64::from(path.weight) {
            return i;
        }
        drawn -= u64::from(path.weight);
    }
    0
}
