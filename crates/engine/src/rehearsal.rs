//! A journey tried on one person with a virtual clock: what would happen, without anything being written.
//!
//! The same steps, gate and conditions as in earnest, over a copy of the person that changes as the script and the runs
//! say. Start with [`rehearse`].

use crate::dispatch::{Asked, ask_gate};
use crate::facts::{ProfileFacts, zone_of};
use crate::insight::Insight;
use domain::commerce::{self, Order, OrderSummary, OrderTotals};
use domain::condition::{Condition, Past, PastEvent, PastMessage, PastRun};
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::gate::{Decision, Sent, Suppression};
use domain::journey::{
    Action, Cause, Definition, Ending, EventView, History, Input, LogEntry, NewRun, Run, RunState, Stepped,
    Trigger, Turn, start, step,
};
use domain::profile::{Ms, Profile};
use kit::{Id, MINUTE_MS, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::access::Workspace;
use store::{ReadTx, StoreError};

/// Lines of a timeline, at most; what comes after is left out.
pub const LINES_MAX: usize = 2_000;
/// Runs that one rehearsal starts, at most.
const RUNS_MAX: usize = 200;

/// What a rehearsal is made of.
pub struct Rehearsal<'a> {
    pub workspace: &'a Workspace,
    pub journey_id: Id,
    pub definition: &'a Definition,
    pub profile: Profile,
    /// Whole as far as the definition wants it, and with all orders.
    pub past: Past,
    pub insight: Insight,
    /// The segments that the definition reads, with references to others replaced.
    pub segments: BTreeMap<String, Condition>,
    /// Why an address of the person is on the list, by channel.
    pub suppressed: BTreeMap<Channel, Suppression>,
    /// Advertisements that went to the person of late.
    pub recent: Vec<Sent>,
    pub start_at: Timestamp,
    pub horizon: Timestamp,
    /// The properties of what starts the first run.
    pub properties: Value,
    /// In the order of their instants.
    pub script: Vec<(Timestamp, Told)>,
}

/// What happens from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Event {
        name: String,
        properties: Map<String, Value>,
    },
    Change {
        attributes: Map<String, Value>,
        tags_added: Vec<String>,
        tags_removed: Vec<String>,
    },
    Consent {
        channel: Channel,
        state: ConsentState,
    },
    /// The person does something with the message that went out last.
    Response(crate::Response),
}

/// The words that a message would have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    pub subject: String,
    pub preheader: String,
    pub text: String,
    /// Values that the person lacks and that have no default: the message would be refused.
    pub missing: Vec<String>,
    /// Why it could not be made.
    pub refused: Option<(String, String)>,
}

/// What a message is made of.
pub struct Wanted<'a> {
    pub channel: Channel,
    pub purpose: Purpose,
    pub template: &'a str,
    pub profile: &'a Profile,
    pub context: &'a Value,
    pub order: Option<&'a Order>,
    pub now: Timestamp,
}

/// One line of what would happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub at: Timestamp,
    /// Which run it is about, from 1; `None` for what comes from outside.
    pub run: Option<usize>,
    pub node: Option<String>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// From outside: an event by its name, a change.
    Told(String),
    /// A line of the run's log.
    Logged(LogEntry),
    /// The gate's word on a message. `reason` is empty for one that goes out.
    Message {
        channel: Channel,
        purpose: Purpose,
        template: String,
        /// `sent`, `waits`, `refused` or `cancelled`.
        verdict: &'static str,
        reason: String,
        until: Option<Timestamp>,
        words: Option<Words>,
    },
    /// A call or a notice to staff, which no consent governs.
    Asked(Action),
}

/// What the store knows that a rehearsal needs: the person's past, the segments, what the gate asks.
pub struct Known {
    pub past: Past,
    pub insight: Insight,
    pub segments: BTreeMap<String, Condition>,
    pub suppressed: BTreeMap<Channel, Suppression>,
    pub recent: Vec<Sent>,
}

impl Known {
    /// `stored`: whether the profile is one of the store's, and not made up.
    pub fn read(
        tx: &mut ReadTx<'_>,
        workspace: &Workspace,
        definition: &Definition,
        profile: &Profile,
        stored: bool,
        now: Timestamp,
    ) -> Result<Known, StoreError> {
        let id = workspace.workspace;
        let rows = tx.segments(id)?;
        let kept = rows.iter().filter(|row| row.state != "archived");
        let texts = kept.map(|row| (row.segment_id.as_str(), row.definition.as_str()));
        let definitions = crate::segments::Definitions::of(texts);
        let expanded = |id: String| definitions.expanded(&id).ok().map(|condition| (id, condition));
        let segments: BTreeMap<_, _> = definition.segments().into_iter().filter_map(expanded).collect();
        let mut known = Known {
            past: Past::default(),
            insight: Insight::read(tx, id)?,
            segments,
            suppressed: BTreeMap::new(),
            recent: Vec::new(),
        };
        if stored {
            let mut wants = definition.wants().past_to_start;
            known.segments.values().for_each(|condition| wants.merge(&condition.wants()));
            wants.orders = true;
            known.past = crate::segments::scan::past_of(tx, id, profile.no, &wants, now)?;
            let since = now.plus_ms(-crate::turns::reach_ms(workspace, profile));
            let recent = tx.recent_marketing(&[(id, profile.no, since)])?.into_iter().flatten().collect();
            known.recent = crate::turns::sent_of(recent);
        }
        for channel in Channel::ALL.iter().copied() {
            let Some(address) = crate::dispatch::address_of(profile, channel) else { continue };
            let listed = tx.suppressions_of(&[(id, channel.as_str(), &address)])?;
            if let Some(reason) = listed.into_iter().flatten().next() {
                known.suppressed.insert(channel, crate::dispatch::suppression_of(&reason));
            }
        }
        Ok(known)
    }
}

struct Queued {
    due_at: Timestamp,
    decided_at: Timestamp,
    run: usize,
    node: String,
    channel: Channel,
    purpose: Purpose,
    template: String,
    context: Value,
}

struct Stage<'a, 'w> {
    given: Rehearsal<'a>,
    words: &'w mut dyn FnMut(&Wanted<'_>) -> Words,
    orders: BTreeMap<(String, String), Order>,
    runs: Vec<Run>,
    queued: Vec<Queued>,
    lines: Vec<Line>,
    now: Timestamp,
    events: i64,
    /// Whether the person was in the trigger's segment, or beyond its threshold.
    side: Option<bool>,
}

/// What would happen to the person, in the order of time, and whether lines were left out.
pub fn rehearse(given: Rehearsal<'_>, words: &mut dyn FnMut(&Wanted<'_>) -> Words) -> (Vec<Line>, bool) {
    let orders = given.past.orders.iter();
    let orders =
        orders.map(|order| ((order.source.clone(), order.order_id.clone()), order.clone())).collect();
    let script = given.script.clone();
    let (now, horizon) = (given.start_at, given.horizon);
    let mut stage = Stage {
        given,
        words,
        orders,
        runs: Vec::new(),
        queued: Vec::new(),
        lines: Vec::new(),
        now,
        events: 0,
        side: None,
    };
    stage.side = stage.side_now();
    stage.open();
    for (at, told) in script {
        stage.live_to(at.min(horizon), false);
        if at > horizon || stage.lines.len() >= LINES_MAX {
            break;
        }
        stage.now = at;
        stage.told(told);
    }
    stage.live_to(horizon, true);
    let cut = stage.lines.len() >= LINES_MAX;
    stage.lines.truncate(LINES_MAX);
    (stage.lines, cut)
}

impl Stage<'_, '_> {
    fn line(&mut self, run: Option<usize>, node: Option<String>, what: What) {
        self.lines.push(Line { at: self.now, run, node, what });
    }

    /// Calls `ask` with the person as they are now.
    fn facts<T>(&self, ask: impl FnOnce(&ProfileFacts<'_>) -> T) -> T {
        let settings = &self.given.workspace.settings;
        let zone = zone_of(&self.given.profile, &settings.zone());
        let plain = ProfileFacts {
            profile: &self.given.profile,
            zone: &zone,
            now: self.now,
            currency: settings.currency(),
            past: &self.given.past,
            insight: &self.given.insight,
            segments: None,
        };
        let contains = |id: &str| {
            let context = domain::condition::Context::of_profile(&plain, self.now);
            self.given.segments.get(id).is_some_and(|condition| condition.holds(&context))
        };
        ask(&ProfileFacts { segments: Some(&contains), ..plain })
    }

    /// The first run, as if what starts the journey happened now.
    fn open(&mut self) {
        let definition = self.given.definition;
        let properties = self.given.properties.clone();
        let ended = match &definition.trigger {
            Trigger::Journey(trigger) => match trigger.on {
                Ending::GoalReached => RunState::GoalReached,
                Ending::Exited => RunState::Exited { reason: String::new() },
                Ending::Completed | Ending::Any => RunState::Completed,
            },
            _ => RunState::Completed,
        };
        let pattern = definition.trigger.pattern();
        let name = pattern.as_ref().map_or("api", |pattern| pattern.event.as_str());
        if let (Some(pattern), Value::Object(properties)) = (&pattern, &properties) {
            // The event itself is there before the run that it starts.
            self.line(None, None, What::Told(pattern.event.clone()));
            self.fold(&pattern.event, properties, "rehearsal-start");
        }
        let event = EventView { id: "rehearsal-start", name, at: self.now, properties: &properties };
        let cause = match &definition.trigger {
            Trigger::Event(_) | Trigger::Message(_) | Trigger::Form(_) | Trigger::Score(_) => {
                Cause::Event(event)
            }
            Trigger::Date(_) | Trigger::Anniversary(_) => Cause::Date,
            Trigger::Api(_) => Cause::Api(event),
            Trigger::Segment(trigger) => Cause::Segment {
                segment: &trigger.segment,
                entered: trigger.on == Turn::Entered,
                existing: false,
            },
            Trigger::Feast(_) | Trigger::Schedule(_) => Cause::Occasion,
            Trigger::Threshold(_) => Cause::Threshold,
            Trigger::Journey(trigger) => {
                Cause::Journey { journey: &trigger.journey, state: &ended, event: Some(event) }
            }
        };
        self.begin(cause);
        self.changed();
    }

    fn begin(&mut self, cause: Cause<'_>) {
        if self.runs.len() >= RUNS_MAX {
            return;
        }
        let number = self.runs.len() + 1;
        let new = NewRun {
            run_id: crate::derived_id(&["rehearsal", &number.to_string()]),
            journey_id: self.given.journey_id,
            version: 1,
            profile: self.given.profile.no,
            depth: 0,
        };
        let history = History {
            started: self.runs.len() as u32,
            active: self.runs.iter().filter(|run| !run.is_over()).count() as u32,
            last_started_at: self.runs.iter().map(|run| run.started_at).max(),
        };
        let (definition, now) = (self.given.definition, self.now);
        match self.facts(|facts| start(definition, new, cause, history, facts, now)) {
            Ok(stepped) => {
                self.runs.push(stepped.run.clone());
                self.settle(number, stepped);
            }
            Err(declined) => self.line(None, None, What::Logged(declined.reason)),
        }
    }

    fn advance(&mut self, number: usize, input: Input<'_>) {
        let Some(run) = self.runs.get(number - 1).filter(|run| !run.is_over()).cloned() else { return };
        let (definition, now) = (self.given.definition, self.now);
        let stepped = self.facts(|facts| step(definition, run, input, facts, now));
        self.settle(number, stepped);
    }

    fn settle(&mut self, number: usize, stepped: Stepped) {
        let Stepped { run, effects, log } = stepped;
        let is_called_off = matches!(run.state, RunState::Exited { .. } | RunState::GoalReached)
            && effects.is_empty()
            && !matches!(
                log.iter().rev().nth(1).map(|line| line.code.as_str()),
                Some("exit.come" | "delay.passed")
            );
        for entry in log {
            self.line(Some(number), entry.node.clone(), What::Logged(entry));
        }
        let context = context_of(&run);
        if let Some(slot) = self.runs.get_mut(number - 1) {
            *slot = run;
        }
        if is_called_off {
            let (gone, kept) =
                std::mem::take(&mut self.queued).into_iter().partition::<Vec<_>, _>(|message| {
                    message.run == number && message.purpose == Purpose::Marketing
                });
            self.queued = kept;
            for message in gone {
                self.verdict(&message, "cancelled", "run_exited".into(), None, None);
            }
        }
        let now = self.now;
        for effect in effects {
            match effect.action {
                // A rehearsal goes the first way.
                Action::Send { channel, template, purpose, .. } => self.queued.push(Queued {
                    due_at: now,
                    decided_at: now,
                    run: number,
                    node: effect.node,
                    channel,
                    purpose,
                    template,
                    context: context.clone(),
                }),
                Action::SetAttribute { name, value } => {
                    let _ = self.given.profile.set_attribute(&name, value, now);
                }
                Action::AddTag { tag } => drop(self.given.profile.set_tag(&tag, true, now)),
                Action::RemoveTag { tag } => drop(self.given.profile.set_tag(&tag, false, now)),
                Action::AddToList { list } => drop(self.given.profile.set_list(&list, true, now)),
                Action::RemoveFromList { list } => drop(self.given.profile.set_list(&list, false, now)),
                Action::Assign { experiment, variant } => {
                    let told = json!({ "experiment_id": experiment, "variation_id": variant });
                    let told = told.as_object().cloned().unwrap_or_default();
                    self.fold("Experiment Viewed", &told, &format!("experiment-{}", effect.key));
                }
                // The log says that it was asked for; other journeys are not played.
                Action::StartJourney { .. } | Action::StopJourney { .. } => {}
                action @ (Action::Webhook { .. } | Action::NotifyStaff { .. }) => {
                    self.line(Some(number), Some(effect.node), What::Asked(action));
                }
            }
        }
        self.given.past.runs = self.runs.iter().map(past_run).collect();
    }

    /// Takes an event into the copy of the person.
    fn fold(&mut self, name: &str, properties: &Map<String, Value>, id: &str) {
        let now = self.now;
        self.events += 1;
        let event = PastEvent {
            no: i64::MAX / 2 + self.events,
            at: now,
            properties: Value::Object(properties.clone()),
        };
        self.given.past.events.entry(name.to_owned()).or_default().push(event);
        let currency = self.given.workspace.settings.currency();
        let Some(told) = commerce::read(name, properties, now, id, currency) else { return };
        let shop_currency = self.given.workspace.settings.currency.clone();
        if let Some(patch) = &told.order {
            let key = (patch.source.clone(), patch.order_id.clone());
            match self.orders.get_mut(&key) {
                Some(order) => drop(order.apply(patch)),
                None => drop(self.orders.insert(key, Order::new(patch, &shop_currency))),
            }
            let summaries: Vec<OrderSummary> = self.orders.values().map(Order::summary).collect();
            self.given.profile.totals =
                OrderTotals::of(summaries.iter(), &shop_currency, &self.given.workspace.settings.zone());
            let mut orders: Vec<Order> = self.orders.values().cloned().collect();
            orders.sort_by_key(|order| order.placed_at.0);
            self.given.past.orders = orders;
        }
        told.apply_to_cart(&mut self.given.profile, &shop_currency, now);
    }

    fn told(&mut self, told: Told) {
        let now = self.now;
        match told {
            Told::Event { name, properties } => {
                self.line(None, None, What::Told(name.clone()));
                self.happens(&name, properties);
            }
            Told::Change { attributes, tags_added, tags_removed } => {
                let named = attributes.keys().chain(&tags_added).chain(&tags_removed);
                self.line(None, None, What::Told(named.cloned().collect::<Vec<_>>().join(", ")));
                for (name, value) in attributes {
                    let _ = self.given.profile.set_attribute(&name, value, now);
                }
                for (tags, on) in [(tags_added, true), (tags_removed, false)] {
                    for tag in &tags {
                        self.given.profile.set_tag(tag, on, now);
                    }
                }
            }
            Told::Consent { channel, state } => {
                self.line(None, None, What::Told(format!("consent {channel} {}", state.as_str())));
                let record = ConsentRecord::new(channel, Purpose::Marketing, state, now, "rehearsal");
                self.given.profile.consents.apply(&record);
            }
            Told::Response(response) => self.responds(response),
        }
        self.changed();
    }

    fn responds(&mut self, response: crate::Response) {
        let now = self.now;
        let Some(message) = self.given.past.messages.iter_mut().rev().find(|m| m.state == "accepted") else {
            return;
        };
        let (name, slot) = match response {
            crate::Response::Opened => ("Email Opened", &mut message.opened_at),
            crate::Response::Clicked => ("Email Link Clicked", &mut message.clicked_at),
            crate::Response::Unsubscribed => ("Unsubscribed", &mut message.unsubscribed_at),
        };
        slot.get_or_insert(now);
        let properties = json!({
            "email_id": message.id,
            "channel": message.channel,
            "template_id": message.template_id,
            "journey_id": message.journey_id,
        });
        let channel = message.channel.parse::<Channel>().unwrap_or(Channel::Email);
        self.line(None, None, What::Told(name.to_owned()));
        if response == crate::Response::Unsubscribed {
            self.told(Told::Consent { channel, state: ConsentState::Denied });
        }
        self.happens(name, properties.as_object().cloned().unwrap_or_default());
    }

    /// An event: the runs hear of it, then it may start one.
    fn happens(&mut self, name: &str, properties: Map<String, Value>) {
        let id = format!("rehearsal-{}", self.events + 1);
        self.fold(name, &properties, &id);
        let properties = Value::Object(properties);
        let event = EventView { id: &id, name, at: self.now, properties: &properties };
        for number in 1..=self.runs.len() {
            self.advance(number, Input::Event(event));
        }
        if self.given.definition.trigger.pattern().is_some_and(|pattern| pattern.event == name) {
            self.begin(Cause::Event(event));
        }
    }

    /// Runs look at the changed person, and a segment or a threshold may start one.
    fn changed(&mut self) {
        for number in 1..=self.runs.len() {
            self.advance(number, Input::Changed);
        }
        let (before, after) = (self.side, self.side_now());
        self.side = after;
        let definition = self.given.definition;
        match &definition.trigger {
            Trigger::Segment(trigger) if before != after && after == Some(trigger.on == Turn::Entered) => {
                let (segment, entered) = (&trigger.segment, trigger.on == Turn::Entered);
                self.begin(Cause::Segment { segment, entered, existing: false });
            }
            Trigger::Threshold(trigger) if trigger.is_crossed(before, after) => self.begin(Cause::Threshold),
            _ => {}
        }
    }

    fn side_now(&self) -> Option<bool> {
        use domain::condition::Facts;
        match &self.given.definition.trigger {
            Trigger::Segment(trigger) => self.facts(|facts| facts.in_segment(&trigger.segment)),
            Trigger::Threshold(trigger) => self.facts(|facts| trigger.is_beyond(facts, self.now)),
            _ => None,
        }
    }

    /// Up to an instant; what is due at it is done only when it is `included`.
    fn live_to(&mut self, until: Timestamp, included: bool) {
        while self.lines.len() < LINES_MAX {
            let run = self.runs.iter().enumerate().filter_map(|(i, run)| Some((run.due_at()?, 0, i))).min();
            let left = self.cart_due().map(|at| (at, 1, 0));
            let message = self.queued.iter().enumerate().map(|(i, queued)| (queued.due_at, 2, i)).min();
            let Some((at, kind, place)) = [run, left, message].into_iter().flatten().min() else { return };
            if at > until || (at == until && !included && kind != 2) {
                return;
            }
            self.now = self.now.max(at);
            match kind {
                0 => self.advance(place + 1, Input::Due),
                1 => self.cart_is_left(),
                _ => self.ask(place),
            }
            if kind != 2 {
                self.changed();
            }
        }
    }

    fn cart_after_ms(&self) -> i64 {
        i64::from(self.given.workspace.settings.cart_abandoned_after_minutes) * MINUTE_MS
    }

    fn cart_due(&self) -> Option<Timestamp> {
        let waits =
            self.given.profile.carts.iter().filter(|c| !c.lines.is_empty() && c.abandoned_at.is_none());
        waits.map(|cart| cart.updated_at.0.plus_ms(self.cart_after_ms())).min()
    }

    fn cart_is_left(&mut self) {
        let (now, after_ms) = (self.now, self.cart_after_ms());
        let carts = self.given.profile.carts.iter_mut();
        let mut due = carts.filter(|cart| {
            !cart.lines.is_empty()
                && cart.abandoned_at.is_none()
                && cart.updated_at.0.plus_ms(after_ms) <= now
        });
        let Some(cart) = due.next() else { return };
        cart.abandoned_at = Some(Ms(now));
        let properties = json!({
            "cart_id": cart.cart_id, "currency": cart.currency, "cart_url": cart.url, "products": cart.lines,
        });
        self.line(None, None, What::Told("Cart Abandoned".into()));
        self.happens("Cart Abandoned", properties.as_object().cloned().unwrap_or_default());
    }

    /// Asks the gate about a queued message.
    fn ask(&mut self, place: usize) {
        let mut message = self.queued.remove(place);
        let zone = zone_of(&self.given.profile, &self.given.workspace.settings.zone());
        let asked = Asked {
            suppression: self.given.suppressed.get(&message.channel).copied(),
            recent: &self.given.recent,
            ..Asked::of(message.channel, message.purpose, &zone)
        };
        let decided =
            ask_gate(self.given.workspace, &self.given.profile, &asked, message.decided_at, self.now);
        match decided {
            Decision::Wait(until, reason) => {
                self.verdict(&message, "waits", reason.code().into(), Some(until), None);
                message.due_at = until.max(self.now.plus_ms(1));
                self.queued.push(message);
            }
            Decision::Refuse(reason) => self.verdict(&message, "refused", reason.code().into(), None, None),
            Decision::Send => {
                let named = message.context.pointer("/event/properties/order_id").and_then(Value::as_str);
                let order =
                    named.and_then(|id| self.orders.values().find(|order| order.order_id == id)).cloned();
                let words = (self.words)(&Wanted {
                    channel: message.channel,
                    purpose: message.purpose,
                    template: &message.template,
                    profile: &self.given.profile,
                    context: &message.context,
                    order: order.as_ref(),
                    now: self.now,
                });
                let (verdict, reason) = match &words.refused {
                    Some((code, _)) => ("refused", code.clone()),
                    None if !words.missing.is_empty() => ("refused", "value_missing".to_owned()),
                    None => ("sent", String::new()),
                };
                self.verdict(&message, verdict, reason, None, Some(words));
                if verdict == "sent" {
                    self.went_out(&message);
                    self.changed();
                }
            }
        }
    }

    fn went_out(&mut self, message: &Queued) {
        if message.purpose == Purpose::Marketing {
            self.given.recent.push(Sent { channel: message.channel, purpose: message.purpose, at: self.now });
        }
        self.given.past.messages.push(PastMessage {
            id: format!("rehearsal-{}", self.given.past.messages.len() + 1),
            channel: message.channel.to_string(),
            purpose: message.purpose.to_string(),
            template_id: Some(message.template.clone()),
            journey_id: Some(self.given.journey_id.to_string()),
            campaign_id: None,
            state: "accepted".into(),
            decided_at: message.decided_at,
            accepted_at: Some(self.now),
            delivered_at: None,
            opened_at: None,
            clicked_at: None,
            unsubscribed_at: None,
        });
    }

    fn verdict(
        &mut self,
        message: &Queued,
        verdict: &'static str,
        reason: String,
        until: Option<Timestamp>,
        words: Option<Words>,
    ) {
        let what = What::Message {
            channel: message.channel,
            purpose: message.purpose,
            template: message.template.clone(),
            verdict,
            reason,
            until,
            words,
        };
        self.line(Some(message.run), Some(message.node.clone()), what);
    }
}

fn past_run(run: &Run) -> PastRun {
    PastRun {
        journey_id: run.journey_id.to_string(),
        state: run.state.as_str().to_owned(),
        started_at: run.started_at,
        ended_at: run.ended_at,
    }
}

fn context_of(run: &Run) -> Value {
    crate::journeys::context_of_run(run)
}
