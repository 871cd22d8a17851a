//! What starts runs beside events and calls: segments, feasts, schedules, thresholds and other journeys.
//!
//! Feasts and schedules are driven by one timer of the workspace (profile 0). When it fires, those who are meant are
//! gone through in the order of their numbers, a slice a changeset, by a note that names where to go on. Each is taken
//! once: by that order, and because nobody who began a run since the occasion begins another for it.

use crate::EngineError;
use crate::facts::{ProfileFacts, zone_of};
use crate::note::Note;
use crate::segments::{EVERYBODY, Population, combine};
use crate::world::{ProfileKey, World, timer_kind};
use domain::condition::NO_PAST;
use domain::consent::{ConsentState, Purpose};
use domain::journey::{Action, Cause, Definition, EventView, KeptEvent, Run, Trigger};
use domain::profile::{Ms, Profile};
use kit::{DAY_MS, HOUR_MS, Id, ProfileNo, SECOND_MS, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::json;
use std::collections::BTreeSet;

/// Profiles that one slice of an occasion looks at.
const SLICE: i64 = 1_000;
/// The largest distance between the clocks of two zones.
const ZONES_APART_MS: i64 = 26 * HOUR_MS;
/// A feast that is later than this, because no process ran, is over.
const FEAST_LATE_MAX_MS: i64 = DAY_MS;
/// Stands before the journey's id in the timer that comes before a feast for those in other zones.
const EVE: &str = "eve:";

type JourneyKey = (String, u32);

/// The current journeys of a shop by what starts them.
#[derive(Debug, Default)]
pub struct StartIndex {
    by_segment: FxHashMap<String, Vec<JourneyKey>>,
    thresholds: Vec<JourneyKey>,
    /// By the journey whose end they wait for.
    followers: FxHashMap<String, Vec<JourneyKey>>,
}

impl StartIndex {
    pub fn add(&mut self, key: &JourneyKey, definition: &Definition) {
        match &definition.trigger {
            Trigger::Segment(trigger) => {
                self.by_segment.entry(trigger.segment.clone()).or_default().push(key.clone());
            }
            Trigger::Threshold(_) => self.thresholds.push(key.clone()),
            Trigger::Journey(trigger) => {
                self.followers.entry(trigger.journey.clone()).or_default().push(key.clone());
            }
            _ => {}
        }
    }

    /// Whether a change of a profile can start a run.
    pub fn watches_changes(&self) -> bool {
        !self.thresholds.is_empty()
    }
}

/// What is remembered of starts while a batch is folded.
#[derive(Default)]
pub struct Starts {
    /// How many runs led to what is being folded, each by what it did.
    pub depth: u32,
    /// On which side of each threshold of the shop a profile was when it was last looked at.
    sides: FxHashMap<ProfileKey, Vec<Option<bool>>>,
}

/// Whom a slice is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Everybody who is meant, at the shop's instant.
    Main,
    /// Before a feast: those in other zones than the shop's get a timer of their own.
    Eve,
    /// The members of a segment when a journey that starts by entering it is published.
    Existing,
}

impl World<'_> {
    /// A profile entered or left a live segment: runs that wait for it hear of it, and journeys start.
    pub fn segment_turned(
        &mut self,
        key: ProfileKey,
        segment_id: &str,
        entered: bool,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        self.changed.insert(key);
        let Some(starts) = self.shop(key.0)?.starts.by_segment.get(segment_id).cloned() else {
            return Ok(());
        };
        let (depth, mut deepest) = (self.starts.depth, self.starts.depth);
        for journey in starts {
            let turn = if entered { "entered" } else { "left" };
            let cause_id = format!("segment-{segment_id}-{turn}-{}-{}", key.1.0, at.ms());
            let cause = Cause::Segment { segment: segment_id, entered, existing: false };
            self.starts.depth = depth;
            self.begin(key, &journey, cause, &cause_id, at)?;
            deepest = deepest.max(self.starts.depth);
        }
        self.starts.depth = deepest;
        Ok(())
    }

    fn sides_of(&self, key: ProfileKey) -> Result<Vec<Option<bool>>, EngineError> {
        let shop = self.shop(key.0)?;
        let Some(person) = self.people.get(&key) else { return Ok(Vec::new()) };
        let zone = zone_of(&person.profile, &shop.zone);
        let facts = ProfileFacts {
            profile: &person.profile,
            zone: &zone,
            now: self.at,
            currency: shop.currency,
            past: &NO_PAST,
            insight: &shop.insight,
            segments: None,
        };
        let side = |journey: &JourneyKey| match &shop.journeys.get(journey)?.definition.trigger {
            Trigger::Threshold(trigger) => trigger.is_beyond(&facts, self.at),
            _ => None,
        };
        Ok(shop.starts.thresholds.iter().map(side).collect())
    }

    /// Remembers on which sides of the thresholds a profile is, when it is read and when it is made.
    pub fn note_sides(&mut self, key: ProfileKey) -> Result<(), EngineError> {
        if self.shop(key.0)?.starts.watches_changes() {
            let sides = self.sides_of(key)?;
            self.starts.sides.insert(key, sides);
        }
        Ok(())
    }

    /// Who absorbs another who was beyond a threshold does not cross it by that.
    pub fn join_sides(&mut self, from: ProfileKey, to: ProfileKey) {
        let Some(theirs) = self.starts.sides.remove(&from) else { return };
        let Some(ours) = self.starts.sides.get_mut(&to) else { return };
        for (our, their) in ours.iter_mut().zip(theirs) {
            *our = match (*our, their) {
                (Some(a), Some(b)) => Some(a || b),
                (a, b) => a.or(b),
            };
        }
    }

    /// Starts the journeys whose threshold the profile crossed since it was last looked at. History crosses none.
    pub fn tell_thresholds(&mut self, key: ProfileKey) -> Result<(), EngineError> {
        if !self.shop(key.0)?.starts.watches_changes() {
            return Ok(());
        }
        let after = self.sides_of(key)?;
        let before = self.starts.sides.insert(key, after.clone());
        let Some(before) = before.filter(|_| !self.quiet) else { return Ok(()) };
        let at = self.done_at(self.at);
        let (depth, mut deepest) = (self.starts.depth, self.starts.depth);
        let thresholds = self.shop(key.0)?.starts.thresholds.clone();
        for ((journey, before), after) in thresholds.into_iter().zip(before).zip(after) {
            let Some(live) = self.shop(key.0)?.journeys.get(&journey).cloned() else { continue };
            let Trigger::Threshold(trigger) = &live.definition.trigger else { continue };
            if trigger.is_crossed(before, after) {
                let cause_id = format!("threshold-{}-{}", key.1.0, at.ms());
                self.starts.depth = depth;
                self.begin(key, &journey, Cause::Threshold, &cause_id, at)?;
                deepest = deepest.max(self.starts.depth);
            }
        }
        self.starts.depth = deepest;
        Ok(())
    }

    /// A run came to its end by itself: journeys that follow it start.
    pub fn run_ended(&mut self, key: ProfileKey, run_id: Id, at: Timestamp) -> Result<(), EngineError> {
        let entries = self.runs.get(&key).into_iter().flatten();
        let Some(run) = entries.map(|entry| &entry.run).find(|run| run.id == run_id && run.is_over()) else {
            return Ok(());
        };
        let journey_id = run.journey_id.to_string();
        let Some(followers) = self.shop(key.0)?.starts.followers.get(&journey_id).cloned() else {
            return Ok(());
        };
        let run = run.clone();
        let (depth, mut deepest) = (self.starts.depth, self.starts.depth);
        for journey in followers {
            let event = run.event.as_ref().map(KeptEvent::view);
            let cause = Cause::Journey { journey: &journey_id, state: &run.state, event };
            self.starts.depth = depth;
            self.begin(key, &journey, cause, &format!("journey-{run_id}"), at)?;
            deepest = deepest.max(self.starts.depth);
        }
        self.starts.depth = deepest;
        Ok(())
    }

    /// When a change by a run counts as made: now, and after what was told of the same thing at this very instant,
    /// since of two values with one time neither is the later.
    pub fn just_after(
        &self,
        key: ProfileKey,
        now: Timestamp,
        told_at: impl FnOnce(&Profile) -> Option<Ms>,
    ) -> Timestamp {
        let told_at = self.people.get(&key).and_then(|person| told_at(&person.profile));
        // Other runs may have stepped aside so already.
        let this_instant = now..now.plus_ms(SECOND_MS);
        match told_at {
            Some(told_at) if this_instant.contains(&told_at.0) => told_at.0.plus_ms(1),
            _ => now,
        }
    }

    /// Does what a run asks for beyond attributes, tags and messages.
    pub fn act(
        &mut self,
        key: ProfileKey,
        run: &Run,
        effect_key: &str,
        action: Action,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        match action {
            Action::AddToList { list } => {
                let at = self.just_after(key, now, |profile| Some(profile.lists.get(&list)?.at));
                self.set_list(key, &list, true, at);
            }
            Action::RemoveFromList { list } => {
                let at = self.just_after(key, now, |profile| Some(profile.lists.get(&list)?.at));
                self.set_list(key, &list, false, at);
            }
            Action::Assign { experiment, variant } => {
                let properties = json!({
                    "experiment_id": experiment,
                    "experiment_name": experiment,
                    "variation_id": variant,
                    "variation_name": variant,
                    "journey_id": run.journey_id.to_string(),
                });
                let message_id = format!("experiment-{effect_key}");
                self.happen(key, "Experiment Viewed", &message_id, properties, now)?;
            }
            Action::StartJourney { journey, properties } => {
                let current = |(id, version): &JourneyKey| *id == journey && *version > 0;
                let journeys = &self.shop(key.0)?.journeys;
                let found = journeys.iter().find(|(id, live)| current(id) && live.current);
                if let Some(target) = found.map(|(id, _)| id.clone()) {
                    let event = EventView { id: effect_key, name: "api", at: now, properties: &properties };
                    self.begin(key, &target, Cause::Api(event), effect_key, now)?;
                }
            }
            Action::StopJourney { journey, reason } => {
                let entries = self.runs.get(&key).into_iter().flatten();
                let theirs = |other: &Run| {
                    other.id != run.id && !other.is_over() && other.journey_id.to_string() == journey
                };
                let found: Vec<Id> =
                    entries.map(|entry| &entry.run).filter(|run| theirs(run)).map(|run| run.id).collect();
                for run_id in found {
                    self.stop(key, run_id, &reason, now)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Sets the workspace's timer for the next occasion of a journey after an instant.
    fn set_occasion(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        trigger: &Trigger,
        after: Timestamp,
    ) -> Result<(), EngineError> {
        let next = trigger.next_occasion(&self.shop(workspace)?.zone, after);
        let nobody = (workspace, ProfileNo(0));
        let Some(next) = next else { return Ok(()) };
        self.set_timer(nobody, timer_kind::OCCASION, journey_id, Some(next));
        if matches!(trigger, Trigger::Feast(_)) {
            let eve = next.plus_ms(-ZONES_APART_MS).max(after.plus_ms(1));
            self.set_timer(nobody, timer_kind::OCCASION, &format!("{EVE}{journey_id}"), Some(eve));
        }
        Ok(())
    }

    /// A timer of the workspace fired. `due_at` is the occasion, `at` when it counts as done.
    pub fn occasion_has_come(
        &mut self,
        workspace: WorkspaceId,
        subject: &str,
        due_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let (journey_id, is_eve) = match subject.strip_prefix(EVE) {
            Some(journey_id) => (journey_id, true),
            None => (subject, false),
        };
        let Some(live) = self.current_journey(workspace, journey_id)? else { return Ok(()) };
        let trigger = &live.1.definition.trigger;
        if !trigger.is_occasion() {
            return Ok(());
        }
        if is_eve {
            let zone = &self.shop(workspace)?.zone;
            let Some(occurs_at) = trigger.next_occasion(zone, due_at) else { return Ok(()) };
            return self.take_slice(workspace, journey_id, Pass::Eve, occurs_at, ProfileNo(0), due_at);
        }
        self.set_occasion(workspace, journey_id, trigger, at.max(due_at))?;
        if matches!(trigger, Trigger::Feast(_)) && at.since_ms(due_at) > FEAST_LATE_MAX_MS {
            return Ok(());
        }
        self.take_slice(workspace, journey_id, Pass::Main, due_at, ProfileNo(0), at)
    }

    /// A journey was published or goes on: winds up its clock, or begins with those who are in its segment.
    pub fn occasion_begins(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some((_, live)) = self.current_journey(workspace, journey_id)? else { return Ok(()) };
        match &live.definition.trigger {
            trigger if trigger.is_occasion() => self.set_occasion(workspace, journey_id, trigger, at),
            Trigger::Segment(trigger) if trigger.existing => {
                self.take_slice(workspace, journey_id, Pass::Existing, at, ProfileNo(0), at)
            }
            _ => Ok(()),
        }
    }

    fn current_journey(
        &self,
        workspace: WorkspaceId,
        journey_id: &str,
    ) -> Result<Option<(JourneyKey, crate::directory::Live)>, EngineError> {
        let journeys = &self.shop(workspace)?.journeys;
        let found = journeys.iter().find(|((id, _), live)| id == journey_id && live.current);
        Ok(found.map(|(key, live)| (key.clone(), live.clone())))
    }

    /// Starts the next profiles behind `after`, and leaves itself a note to go on.
    pub fn take_slice(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        pass: Pass,
        occurs_at: Timestamp,
        after: ProfileNo,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let Some((journey, live)) = self.current_journey(workspace, journey_id)? else { return Ok(()) };
        let trigger = &live.definition.trigger;
        let segment = trigger.segment().filter(|_| pass != Pass::Eve).map(str::to_owned);
        let numbers = match &segment {
            Some(segment) => self.members_after(workspace, segment, after)?,
            None => {
                let store = self.store;
                let page = store.read(|tx| tx.profiles_after(workspace, after, SLICE))?;
                page.iter().map(|stored| stored.profile.no).collect()
            }
        };
        let rest = (numbers.len() as i64 >= SLICE).then(|| numbers.last().copied()).flatten();
        self.preload_people(workspace, &numbers, journey_id)?;
        for no in numbers {
            // Somebody who was absorbed in this batch is met under the number of who has them.
            let Some(key) = self.current((workspace, no))?.filter(|key| key.1 == no) else { continue };
            self.take_one(key, &journey, &live.definition, pass, occurs_at, at)?;
        }
        if let Some(last) = rest {
            let note = Note::Occasion {
                journey_id: journey_id.to_owned(),
                pass,
                occurs_at: occurs_at.into(),
                after: last.0,
                at: at.into(),
            };
            self.append(note.arrival(workspace, self.at));
        }
        Ok(())
    }

    fn take_one(
        &mut self,
        key: ProfileKey,
        journey: &JourneyKey,
        definition: &Definition,
        pass: Pass,
        occurs_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let trigger = &definition.trigger;
        if let (Trigger::Feast(feast), Pass::Main | Pass::Eve) = (trigger, pass) {
            let (shop, zone) = (self.shop(key.0)?.zone.clone(), self.zone(key)?);
            if shop != zone {
                let there = feast.elsewhere(occurs_at, &shop, &zone);
                // Of an eve that is taken late, by its own instant: what was missed is made up for.
                if there > at {
                    self.set_timer(key, timer_kind::DATE, &journey.0, Some(there));
                }
                return Ok(());
            }
            if pass == Pass::Eve {
                return Ok(());
            }
        }
        if let Trigger::Segment(wanted) = trigger {
            if self.in_segment(key, &wanted.segment) != Some(true) || self.history(key, &journey.0)?.0 > 0 {
                return Ok(());
            }
            let cause = Cause::Segment { segment: &wanted.segment, entered: true, existing: true };
            return self.begin(key, journey, cause, &format!("existing-{}", key.1.0), at);
        }
        self.begin_occasion(key, journey, definition, occurs_at, at)
    }

    /// Starts a profile for an occasion if it is meant, and has not begun since.
    pub fn begin_occasion(
        &mut self,
        key: ProfileKey,
        journey: &JourneyKey,
        definition: &Definition,
        occurs_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let meant = match definition.trigger.segment() {
            Some(segment) => self.in_segment(key, segment) == Some(true),
            None => {
                let channels = definition.marketing_channels();
                let agreed = |person: &crate::world::Person| {
                    let state = |channel| person.profile.consents.state(channel, Purpose::Marketing);
                    channels.iter().any(|channel| state(*channel) == Some(ConsentState::Granted))
                };
                channels.is_empty() || self.people.get(&key).is_some_and(agreed)
            }
        };
        if !meant || self.history(key, &journey.0)?.1.is_some_and(|last| last >= occurs_at) {
            return Ok(());
        }
        let cause_id = format!("occasion-{}-{}", key.1.0, occurs_at.ms());
        self.begin(key, journey, Cause::Occasion, &cause_id, at)
    }

    /// The members of a segment behind a number, as far as a slice goes, in order.
    fn members_after(
        &self,
        workspace: WorkspaceId,
        segment: &str,
        after: ProfileNo,
    ) -> Result<Vec<ProfileNo>, EngineError> {
        let plan = &self.shop(workspace)?.segments;
        let Some(formula) = plan.segment(segment).and_then(|segment| segment.in_force.as_ref()) else {
            return Ok(Vec::new());
        };
        let held = |no: i64| self.members.0.get(&(workspace, no)).map(|held| held.members.clone());
        let everybody = held(EVERYBODY).unwrap_or_default();
        let leaf = &mut |at: usize| {
            Ok::<_, EngineError>(plan.leaves.get(at).and_then(|leaf| held(leaf.no)).unwrap_or_default())
        };
        let stored: Population = combine(formula, &everybody, leaf)?;
        // With those who are moved by this very batch.
        let mut numbers: BTreeSet<ProfileNo> = stored.after(after).take(SLICE as usize).collect();
        let here = self.people.keys().filter(|key| key.0 == workspace && key.1 > after).map(|key| key.1);
        numbers.extend(here.filter(|no| self.in_segment((workspace, *no), segment) == Some(true)));
        Ok(numbers.into_iter().take(SLICE as usize).collect())
    }

    /// Reads in few queries what a slice needs of its people.
    fn preload_people(
        &mut self,
        workspace: WorkspaceId,
        numbers: &[ProfileNo],
        journey_id: &str,
    ) -> Result<(), EngineError> {
        let absent = |no: &&ProfileNo| !self.people.contains_key(&(workspace, **no));
        let wanted: Vec<ProfileKey> = numbers.iter().filter(absent).map(|no| (workspace, *no)).collect();
        self.read_people(&wanted)?;
        let unknown = |key: &&ProfileKey| {
            !self.histories.contains_key(&(key.0, key.1, journey_id.to_owned()))
                && self.stored_as(**key) == [**key]
                && self.runs.get(*key).is_none_or(|runs| runs.iter().all(|run| run.revision.is_some()))
        };
        let keys: Vec<ProfileKey> = wanted.iter().filter(unknown).copied().collect();
        let of: Vec<_> = keys.iter().map(|key| (key.0, key.1, journey_id)).collect();
        let store = self.store;
        let found = store.read(|tx| tx.run_history(&of))?;
        for (key, (started, last)) in keys.into_iter().zip(found) {
            let started = u32::try_from(started).unwrap_or(u32::MAX);
            self.histories.insert((key.0, key.1, journey_id.to_owned()), (started, last));
        }
        Ok(())
    }
}
