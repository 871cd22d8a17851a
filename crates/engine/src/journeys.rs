//! Moves runs: tells journeys of events, fires what is due, and turns effects into writes.

use crate::EngineError;
use crate::directory::Live;
use crate::facts::{ProfileFacts, zone_of};
use crate::insight::Insight;
use crate::note::Note;
use crate::world::{ProfileKey, RunEntry, World, timer_kind};
use domain::condition::Wants;
use domain::consent::{Channel, Purpose};
use domain::journey::{
    Action, Cause, Code, EventView, History, Input, LogEntry, NewRun, Reentry, Run, RunState, Stepped,
    Trigger, start, step,
};
use domain::local_time::Zone;
use domain::ways::{Plan, Way};
use kit::{Id, Timestamp, WorkspaceId};
use serde_json::{Value, json};
use std::sync::Arc;
use store::journeys::StepRow;
use store::messages::MessageRow;

/// Profiles that one scan for a date journey looks at in one changeset.
const SCAN_PROFILES: i64 = 1_000;
/// Events of a pause that a resumed run is told of.
const MISSED_EVENTS_MAX: i64 = 1_000;

impl World<'_> {
    pub fn insight(&self, workspace: WorkspaceId) -> Result<Arc<Insight>, EngineError> {
        Ok(Arc::clone(&self.shop(workspace)?.insight))
    }

    pub fn zone(&self, key: ProfileKey) -> Result<Zone, EngineError> {
        let shop = self.shop(key.0)?;
        Ok(self
            .people
            .get(&key)
            .map_or_else(|| shop.zone.clone(), |person| zone_of(&person.profile, &shop.zone)))
    }

    fn live(&self, workspace: WorkspaceId, run: &Run) -> Option<Live> {
        let shop = self.directory.workspaces.get(&workspace)?;
        shop.journeys.get(&(run.journey_id.to_string(), run.version)).cloned()
    }

    /// Tells the person's runs of an event, and starts the journeys that it starts.
    pub fn tell_journeys(
        &mut self,
        key: ProfileKey,
        event: EventView<'_>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let depth = self.starts.depth;
        let ids: Vec<Id> = self.runs.get(&key).into_iter().flatten().map(|entry| entry.run.id).collect();
        for run_id in ids {
            let Some(run) = self.active(key, run_id) else { continue };
            let Some(live) = self.live(key.0, run) else { continue };
            if live.moving && live.to_step.contains(event.name) {
                self.advance(key, run_id, &live, Input::Event(event), now)?;
            }
        }
        let starts = match self.shop(key.0)?.started_by.get(event.name) {
            Some(starts) => starts.clone(),
            None => return Ok(()),
        };
        // Each is started by the event, not by what the one before it did.
        let mut deepest = self.starts.depth;
        for journey in starts {
            self.starts.depth = depth;
            self.begin(key, &journey, Cause::Event(event), event.id, now)?;
            deepest = deepest.max(self.starts.depth);
        }
        self.starts.depth = deepest;
        Ok(())
    }

    /// Asks the runs of profiles that changed otherwise than by an event of theirs whether that ends them.
    pub fn tell_changes(&mut self) -> Result<(), EngineError> {
        while let Some(key) = self.changed.pop_first() {
            if !self.directory.workspaces.get(&key.0).is_some_and(|shop| shop.watches_changes) {
                continue;
            }
            let Some(key) = self.current(key)? else { continue };
            let ids: Vec<Id> = self.runs.get(&key).into_iter().flatten().map(|entry| entry.run.id).collect();
            for run_id in ids {
                let Some(run) = self.active(key, run_id) else { continue };
                let Some(live) = self.live(key.0, run) else { continue };
                if live.moving && live.changes {
                    self.advance(key, run_id, &live, Input::Changed, self.done_at(self.at))?;
                }
            }
            self.tell_thresholds(key)?;
        }
        Ok(())
    }

    fn active(&self, key: ProfileKey, run_id: Id) -> Option<&Run> {
        let entries = self.runs.get(&key)?;
        entries.iter().map(|entry| &entry.run).find(|run| run.id == run_id && !run.is_over())
    }

    /// Starts a run if the journey's rules let it. The same cause gives the run the same id, so that doing it
    /// again cannot start a second one.
    pub fn begin(
        &mut self,
        key: ProfileKey,
        journey: &(String, u32),
        cause: Cause<'_>,
        cause_id: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(live) = self.shop(key.0)?.journeys.get(journey).cloned() else { return Ok(()) };
        let Ok(journey_id) = journey.0.parse::<Id>() else { return Ok(()) };
        // The rules that cost nothing first: most events start nothing.
        if let (Trigger::Event(pattern), Cause::Event(event)) = (&live.definition.trigger, &cause)
            && pattern.event != event.name
        {
            return Ok(());
        }
        // Of somebody who wants to be left alone nothing begins but what only tells them of their own orders.
        let is_restricted = self.people.get(&key).is_some_and(|p| p.profile.restricted_at.is_some());
        let serves =
            live.definition.marketing_channels().is_empty() && !live.definition.templates().is_empty();
        if is_restricted && !serves {
            return Ok(());
        }
        let (started, last_started_at) = self.history(key, &journey.0)?;
        let entries = self.runs.get(&key).into_iter().flatten();
        let active = entries.filter(|e| e.run.journey_id == journey_id && !e.run.is_over()).count() as u32;
        let history = History { started, active, last_started_at };
        let run_id = crate::derived_id(&["run", &journey.0, &key.0.0.to_string(), cause_id]);
        // The time part of the id says when the run began, so that lists come out in order.
        let run_id = Id::from_u128(
            ((now.ms().max(0) as u128 & ((1 << 48) - 1)) << 80) | (run_id.as_u128() & ((1 << 80) - 1)),
        );
        // What is no event of a client has no id that was looked up before.
        if !matches!(cause, Cause::Event(_)) && started > 0 {
            let here = self.runs.get(&key).into_iter().flatten().any(|entry| entry.run.id == run_id);
            let store = self.store;
            if here || store.read(|tx| tx.run(key.0, &run_id.to_string()))?.is_some() {
                return Ok(());
            }
        }
        let depth = self.starts.depth;
        let new = NewRun { run_id, journey_id, version: journey.1, profile: key.1, depth };
        let zone = self.zone(key)?;
        let (currency, insight) = (self.shop(key.0)?.currency, self.insight(key.0)?);
        let past = self.past(key, &live.past_to_start)?;
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let contains = |segment: &str| self.in_segment(key, segment) == Some(true);
        let facts = ProfileFacts {
            profile: &person.profile,
            zone: &zone,
            now,
            currency,
            past: &past,
            insight: &insight,
            segments: Some(&contains),
        };
        match start(&live.definition, new, cause, history, &facts, now) {
            Err(declined) => {
                *self.counts.entry(count_key(key.0, &journey.0, journey.1, &declined.reason)).or_insert(0) +=
                    1;
                Ok(())
            }
            Ok(stepped) => {
                let slot = self.histories.entry((key.0, key.1, journey.0.clone())).or_insert((started, None));
                slot.0 = slot.0.saturating_add(1);
                slot.1 = Some(now);
                let entry = RunEntry { run: stepped.run.clone(), revision: None, dirty: true, next_step: 1 };
                self.runs.entry(key).or_default().push(entry);
                let is_over = stepped.run.is_over();
                self.settle(key, stepped, now)?;
                if is_over { self.run_ended(key, run_id, now) } else { Ok(()) }
            }
        }
    }

    /// How often the profile has begun this journey, and when last.
    pub fn history(
        &mut self,
        key: ProfileKey,
        journey_id: &str,
    ) -> Result<(u32, Option<Timestamp>), EngineError> {
        let history_key = (key.0, key.1, journey_id.to_owned());
        if !self.histories.contains_key(&history_key) {
            let of: Vec<_> = self.stored_as(key).into_iter().map(|(w, no)| (w, no, journey_id)).collect();
            let (mut started, mut last) = (0i64, None);
            if !of.is_empty() {
                let store = self.store;
                for (count, at) in store.read(|tx| tx.run_history(&of))? {
                    started += count;
                    last = last.max(at);
                }
            }
            for entry in self.runs.get(&key).into_iter().flatten() {
                if entry.revision.is_none() && entry.run.journey_id.to_string() == journey_id {
                    started += 1;
                    last = last.max(Some(entry.run.started_at));
                }
            }
            let started = u32::try_from(started).unwrap_or(u32::MAX);
            self.histories.insert(history_key.clone(), (started, last));
        }
        Ok(self.histories.get(&history_key).copied().unwrap_or((0, None)))
    }

    fn advance(
        &mut self,
        key: ProfileKey,
        run_id: Id,
        live: &Live,
        input: Input<'_>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let zone = self.zone(key)?;
        let (currency, insight) = (self.shop(key.0)?.currency, self.insight(key.0)?);
        let past = self.past(key, &live.past_to_step)?;
        let Some(run) = self.active(key, run_id) else { return Ok(()) };
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let contains = |segment: &str| self.in_segment(key, segment) == Some(true);
        let facts = ProfileFacts {
            profile: &person.profile,
            zone: &zone,
            now,
            currency,
            past: &past,
            insight: &insight,
            segments: Some(&contains),
        };
        let is_stopped = matches!(input, Input::Stop(_));
        let stepped = step(&live.definition, run.clone(), input, &facts, now);
        if stepped.run == *run && stepped.log.is_empty() && stepped.effects.is_empty() {
            return Ok(());
        }
        let is_over = stepped.run.is_over();
        self.settle(key, stepped, now)?;
        // What was ended from outside has not come to its end.
        if is_over && !is_stopped { self.run_ended(key, run_id, now) } else { Ok(()) }
    }

    /// Takes in what a step did: the run, its log, its effects.
    fn settle(&mut self, key: ProfileKey, stepped: Stepped, now: Timestamp) -> Result<(), EngineError> {
        let Stepped { run, effects, log } = stepped;
        let (run_id, journey_id) = (run.id, run.journey_id.to_string());
        // Whatever starts because of what this run does comes after it in a row of journeys.
        self.starts.depth = self.starts.depth.max(run.depth.saturating_add(1));
        if run.is_over() || run.started_at == now {
            // Conditions of other runs may ask where the profile is and was.
            self.changed.insert(key);
        }
        // A run that comes to its end as it was drawn leaves its messages on their way.
        let before_the_end = log.iter().rev().nth(1).map(|line| line.code);
        let ends_by_itself = matches!(before_the_end, Some(Code::ExitCome | Code::DelayPassed));
        let mut next_step = 1;
        if let Some(entry) = self
            .runs
            .get_mut(&key)
            .and_then(|entries| entries.iter_mut().find(|entry| entry.run.id == run_id))
        {
            next_step = entry.next_step;
            entry.next_step += log.len() as i64;
            entry.run = run.clone();
            entry.dirty = true;
        }
        self.touch(key, false, |touch| touch.runs = true);
        for (offset, line) in log.into_iter().enumerate() {
            *self.counts.entry(count_key(key.0, &journey_id, run.version, &line)).or_insert(0) += 1;
            let row = StepRow {
                seq: next_step + offset as i64,
                at: line.at,
                node: line.node.clone().unwrap_or_default(),
                code: code_of(&line),
                params: Value::Object(line.params).to_string(),
            };
            self.steps.push((key.0, run_id.to_string(), row));
        }
        if matches!(run.state, RunState::Exited { .. } | RunState::GoalReached) && !ends_by_itself {
            // What it still had to say is called off; what it says now (an exit after a send) is not yet queued.
            let reason = if run.state == RunState::GoalReached { "goal_reached" } else { "run_exited" };
            if effects.is_empty() {
                let run_text = run_id.to_string();
                for message in &mut self.messages {
                    if message.run_id.as_deref() == Some(&run_text) && message.purpose == "marketing" {
                        message.state = "cancelled".into();
                        message.reason = reason.into();
                    }
                }
                self.cancelled_runs.push((key.0, run_id.to_string(), reason.to_owned()));
            }
        }
        for effect in effects {
            let source = format!("journey:{journey_id}");
            match effect.action {
                Action::SetAttribute { name, value } => {
                    let at = self.just_after(key, now, |profile| Some(profile.attributes.get(&name)?.at));
                    self.set_attribute(key, &name, value, at, &source)?
                }
                Action::AddTag { tag } => {
                    let at = self.just_after(key, now, |profile| Some(profile.tags.get(&tag)?.at));
                    self.set_tag(key, &tag, true, at);
                }
                Action::RemoveTag { tag } => {
                    let at = self.just_after(key, now, |profile| Some(profile.tags.get(&tag)?.at));
                    self.set_tag(key, &tag, false, at);
                }
                Action::Send { channel, template, purpose, ways } => {
                    let mut message = self.decision(key, &run, &effect.key, &effect.node, now);
                    let mut context = context_of_run(&run);
                    if let Some(live) = self.live(key.0, &run) {
                        let topic = live.definition.topic_of(&effect.node);
                        crate::turns::put_turn(&mut context, live.definition.priority, topic);
                    }
                    if let Some(plan) = Plan::of(Way { channel, template: template.clone() }, &ways) {
                        context["ways"] = json!(plan);
                    }
                    message.channel = channel.to_string();
                    message.purpose = purpose.to_string();
                    message.template_id = Some(template);
                    message.context = context.to_string();
                    self.messages.push(message);
                }
                action @ (Action::Assign { .. }
                | Action::AddToList { .. }
                | Action::RemoveFromList { .. }
                | Action::StartJourney { .. }
                | Action::StopJourney { .. }) => self.act(key, &run, &effect.key, action, now)?,
                Action::Webhook { url, headers, body } => {
                    let mut message = self.decision(key, &run, &effect.key, &effect.node, now);
                    message.channel = Channel::Webhook.to_string();
                    message.purpose = Purpose::Transactional.to_string();
                    let mut context = context_of_run(&run);
                    context["webhook"] = json!({ "url": url, "headers": headers, "body": body });
                    message.context = context.to_string();
                    self.messages.push(message);
                }
                Action::NotifyStaff { to, subject, message: text } => {
                    for (position, address) in to.into_iter().enumerate() {
                        let message_key = format!("{}:{position}", effect.key);
                        let mut message = self.decision(key, &run, &message_key, &effect.node, now);
                        // Contacts stand beside the channel of webhooks.
                        let is_contact = domain::journey::is_staff_contact(&address);
                        let channel = if is_contact { Channel::Webhook } else { Channel::Email };
                        message.channel = channel.to_string();
                        message.purpose = Purpose::Transactional.to_string();
                        message.origin = "staff".into();
                        message.address = Some(address);
                        let mut context = context_of_run(&run);
                        context["staff"] = json!({ "subject": subject, "message": text });
                        message.context = context.to_string();
                        self.messages.push(message);
                    }
                }
            }
        }
        self.wake_run(key, run_id, run.due_at());
        Ok(())
    }

    fn decision(
        &mut self,
        key: ProfileKey,
        run: &Run,
        message_key: &str,
        node: &str,
        now: Timestamp,
    ) -> MessageRow {
        let message = self.new_message(key, message_key, now);
        MessageRow {
            journey_id: Some(run.journey_id.to_string()),
            run_id: Some(run.id.to_string()),
            node: Some(node.to_owned()),
            ..message
        }
    }

    /// A row for the ledger that waits for the gate.
    pub fn new_message(&mut self, key: ProfileKey, message_key: &str, now: Timestamp) -> MessageRow {
        let message_no = self.next_message_no();
        let id = self.message_id(key.0, message_no, now);
        MessageRow {
            message_no,
            workspace: key.0,
            id: id.to_string(),
            key: message_key.to_owned(),
            profile: key.1,
            origin: "journey".into(),
            journey_id: None,
            run_id: None,
            node: None,
            campaign_id: None,
            campaign_run: None,
            template_id: None,
            template_version: None,
            channel: String::new(),
            purpose: String::new(),
            address: None,
            state: "queued".into(),
            reason: String::new(),
            detail: String::new(),
            decided_at: now,
            due_at: now,
            attempts: 0,
            attempted_at: None,
            accepted_at: None,
            provider_id: None,
            context: "{}".into(),
        }
    }

    pub fn run_is_due(&mut self, key: ProfileKey, run_id: Id, at: Timestamp) -> Result<(), EngineError> {
        let workspace = key.0;
        let active = match self.current(key)? {
            Some(key) => self.active(key, run_id).map(|run| (key, run)),
            None => None,
        };
        let Some((key, run)) = active else {
            // Ended within this batch, or not readable; in the store it must not be due for ever.
            let mut known = self.runs.iter().filter(|(key, _)| self.people.contains_key(key));
            let known = known.any(|(_, entries)| entries.iter().any(|entry| entry.run.id == run_id));
            if !known {
                self.silenced.push((workspace, run_id.to_string()));
            }
            return Ok(());
        };
        if run.due_at().is_none_or(|due_at| due_at > at) {
            return Ok(());
        }
        match self.live(key.0, run) {
            Some(live) if live.moving => self.advance(key, run_id, &live, Input::Due, at),
            // Paused or unreadable: storing it takes its alarm clock away.
            _ => {
                if let Some(entry) =
                    self.runs.get_mut(&key).into_iter().flatten().find(|e| e.run.id == run_id)
                {
                    entry.dirty = true;
                }
                Ok(())
            }
        }
    }

    /// Lets a held run go on: first it hears of what happened meanwhile. `subject` is the run's id and the
    /// instant of the pause.
    pub fn run_resumes(&mut self, key: ProfileKey, subject: &str, at: Timestamp) -> Result<(), EngineError> {
        let Some((run_id, since)) = subject.split_once(':') else { return Ok(()) };
        let (Ok(run_id), Ok(since)) = (run_id.parse::<Id>(), since.parse::<i64>()) else { return Ok(()) };
        let Some(run) = self.active(key, run_id) else { return Ok(()) };
        let Some(live) = self.live(key.0, run).filter(|live| live.moving) else { return Ok(()) };
        let store = self.store;
        let mut missed = store
            .read(|tx| tx.event_page(key.0, key.1, (Timestamp::MAX, i64::MAX), None, MISSED_EVENTS_MAX))?;
        missed.retain(|event| {
            event.received_at.ms() >= since && !event.historical && live.to_step.contains(&event.name)
        });
        for event in missed.iter().rev() {
            let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
            let view = EventView {
                id: &event.message_id,
                name: &event.name,
                at: event.at,
                properties: &body["properties"],
            };
            self.advance(key, run_id, &live, Input::Event(view), at)?;
        }
        if live.changes {
            self.advance(key, run_id, &live, Input::Changed, at)?;
        }
        self.advance(key, run_id, &live, Input::Resume, at)?;
        if let Some(entry) = self.runs.get_mut(&key).into_iter().flatten().find(|e| e.run.id == run_id) {
            entry.dirty = true;
        }
        Ok(())
    }

    /// A merge can bring two runs of one journey together. The older goes on; the person gets things once.
    pub fn one_run_a_journey(&mut self, key: ProfileKey, at: Timestamp) -> Result<(), EngineError> {
        let active: Vec<(Id, Id)> = self
            .runs
            .get(&key)
            .into_iter()
            .flatten()
            .filter(|entry| !entry.run.is_over())
            .map(|entry| (entry.run.journey_id, entry.run.id))
            .collect();
        for (journey_id, run_id) in &active {
            let Some(run) = self.active(key, *run_id) else { continue };
            // Where a person may have several runs at once, each is about something of its own: an order, say.
            if self.live(key.0, run).is_some_and(|live| live.definition.entry.reentry == Reentry::Always) {
                continue;
            }
            let first = active.iter().filter(|(journey, _)| journey == journey_id).map(|(_, run)| run).min();
            if first.is_some_and(|first| first < run_id) {
                self.stop(key, *run_id, "merged", at)?;
            }
        }
        Ok(())
    }

    pub fn stop(
        &mut self,
        key: ProfileKey,
        run_id: Id,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(run) = self.active(key, run_id) else { return Ok(()) };
        match self.live(key.0, run) {
            Some(live) => self.advance(key, run_id, &live, Input::Stop(reason), at),
            None => Ok(()),
        }
    }

    pub fn stop_run(
        &mut self,
        workspace: WorkspaceId,
        run_id: &str,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let store = self.store;
        let Some(row) = store.read(|tx| tx.run(workspace, run_id))? else { return Ok(()) };
        match (self.current((workspace, row.profile))?, run_id.parse::<Id>()) {
            (Some(key), Ok(run_id)) => self.stop(key, run_id, reason, at),
            _ => Ok(()),
        }
    }

    pub fn trigger(
        &mut self,
        key: ProfileKey,
        journey_id: &str,
        call_id: &str,
        properties: &Value,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let journeys = &self.shop(key.0)?.journeys;
        let Some(journey) = journeys
            .iter()
            .find(|((id, _), live)| id == journey_id && live.current)
            .map(|(key, _)| key.clone())
        else {
            return Ok(());
        };
        let event = EventView { id: call_id, name: "api", at, properties };
        self.begin(key, &journey, Cause::Api(event), call_id, at)
    }

    /// Sets the timers of date journeys that read the attribute (`None`: any).
    pub fn set_dates(&mut self, key: ProfileKey, name: Option<&str>) -> Result<(), EngineError> {
        if self.shop(key.0)?.dated.is_empty() {
            return Ok(());
        }
        // From now on, whenever the date was told: history must not bring back a birthday that is over.
        let at = self.done_at(self.at);
        // In another zone every date has another instant.
        let name = name.filter(|name| !matches!(*name, "timezone" | "time_zone"));
        for journey in self.shop(key.0)?.dated.clone() {
            let Some(live) = self.shop(key.0)?.journeys.get(&journey).cloned() else { continue };
            let Some(path) = live.definition.trigger.date() else { continue };
            let attribute = path.strip_prefix("attributes.").unwrap_or(path);
            let root = match attribute.split('.').next() {
                // Predicted from the orders.
                Some("predicted" | "replenish") => "orders",
                root => root.unwrap_or(attribute),
            };
            if name.is_some_and(|name| name != root) {
                continue;
            }
            self.set_date(key, &journey.0, &live.definition.trigger, at)?;
        }
        Ok(())
    }

    fn set_date(
        &mut self,
        key: ProfileKey,
        journey_id: &str,
        trigger: &Trigger,
        after: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(path) = trigger.date() else { return Ok(()) };
        let zone = self.zone(key)?;
        let (currency, insight) = (self.shop(key.0)?.currency, self.insight(key.0)?);
        let past = self.past(key, &Wants::of_path(path))?;
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let facts = ProfileFacts {
            profile: &person.profile,
            zone: &zone,
            now: after,
            currency,
            past: &past,
            insight: &insight,
            segments: None,
        };
        let value = domain::condition::look_up(&facts, path);
        let due_at = value.and_then(|value| trigger.next_date(&value, &zone, after));
        self.set_timer(key, timer_kind::DATE, journey_id, due_at);
        Ok(())
    }

    pub fn date_has_come(
        &mut self,
        key: ProfileKey,
        journey_id: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let journeys = &self.shop(key.0)?.journeys;
        let found = journeys.iter().find(|((id, _), live)| id == journey_id && live.current);
        let Some((journey, live)) = found.map(|(journey, live)| (journey.clone(), live.clone())) else {
            return Ok(());
        };
        let trigger = &live.definition.trigger;
        if matches!(trigger, Trigger::Feast(_)) {
            // In the zone of this profile it is the feast's hour.
            return self.begin_occasion(key, &journey, &live.definition, at, at);
        }
        if trigger.date().is_none() {
            return Ok(());
        }
        let cause_id = format!("date-{}-{}", key.1.0, at.ms());
        self.begin(key, &journey, Cause::Date, &cause_id, at)?;
        self.set_date(key, journey_id, trigger, at)
    }

    /// Gives the next profiles their timers for a date journey, and itself a note to go on. Journeys that the
    /// calendar or a segment starts are begun with here too.
    pub fn scan_dates(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        after: i64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(journey) = self.shop(workspace)?.dated.iter().find(|(id, _)| id == journey_id).cloned()
        else {
            return self.occasion_begins(workspace, journey_id, self.done_at(at));
        };
        let Some(live) = self.shop(workspace)?.journeys.get(&journey).cloned() else { return Ok(()) };
        let store = self.store;
        let before = kit::ProfileNo(if after == 0 { i64::MAX } else { after });
        let page = store.read(|tx| tx.profile_page(workspace, before, SCAN_PROFILES))?;
        let last = page.last().map(|stored| stored.profile.no.0);
        let full = page.len() as i64 == SCAN_PROFILES;
        for stored in page {
            if let Some(key) = self.current((workspace, stored.profile.no))? {
                self.set_date(key, journey_id, &live.definition.trigger, at)?;
            }
        }
        if let (true, Some(last)) = (full, last) {
            let note = Note::ScanDates { journey_id: journey_id.to_owned(), after: last, at: at.into() };
            self.append(note.arrival(workspace, at));
        }
        Ok(())
    }
}

fn code_of(line: &LogEntry) -> String {
    match serde_json::to_value(line.code) {
        Ok(Value::String(code)) => code,
        _ => String::new(),
    }
}

fn count_key(
    workspace: WorkspaceId,
    journey_id: &str,
    version: u32,
    line: &LogEntry,
) -> (WorkspaceId, String, u32, String, String) {
    (workspace, journey_id.to_owned(), version, line.node.clone().unwrap_or_default(), code_of(line))
}

/// What a template sees of the run beside the profile.
pub(crate) fn context_of_run(run: &Run) -> Value {
    let event = run
        .event
        .as_ref()
        .map(|event| json!({ "name": event.name, "at": event.at.ms(), "properties": event.properties }));
    let awaited = run
        .awaited
        .as_ref()
        .map(|event| json!({ "name": event.name, "at": event.at.ms(), "properties": event.properties }));
    json!({ "event": event, "awaited": awaited })
}
