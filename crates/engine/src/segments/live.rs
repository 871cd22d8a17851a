//! Keeps leaves true while the batch is folded: what a person did or time did to them turns leaves, leaves turn
//! segments, and that somebody entered or left is written down with what caused it.

use super::members::{Held, LeafKey, Population, bit, chunk_of, combine, serialise};
use super::past::{properties_of, since};
use super::plan::{EVERYBODY, Plan, Touch};
use crate::EngineError;
use crate::facts::{ProfileFacts, zone_of};
use crate::leads::Rank;
use crate::world::{Person, ProfileKey, World, timer_kind};
use domain::commerce::OrderTotals;
use domain::condition::{Context, Evaluation, Past, PastEvent, Wants};
use domain::hook::Topic;
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use store::Changeset;
use store::membership::TransitionRow;
use store::people::StoredProfile;

/// Profiles that one changeset computes new leaves for.
const SLICE: i64 = 2_000;

/// A version of a segment that is computed: its id and number, and how many members it has, won and lost.
type Computed = (WorkspaceId, String, i64, (i64, i64, i64));

/// What this batch does to leaves and segments.
#[derive(Default)]
pub struct Turning {
    /// Verdicts that differ from those of [`super::Members`].
    turned: FxHashMap<LeafKey, BTreeMap<u32, bool>>,
    /// How far new leaves are computed, and whether that is all.
    scanned: BTreeMap<LeafKey, (i64, bool)>,
    transitions: Vec<(WorkspaceId, TransitionRow)>,
    computed: Vec<Computed>,
    dropped: Vec<LeafKey>,
    /// What happened to whom since leaves were last asked.
    touched: BTreeMap<ProfileKey, Touch>,
    /// The same of history, which turns leaves without anybody entering or leaving; asked at the end of the batch.
    later: BTreeMap<ProfileKey, Touch>,
    /// When the timers of profiles of this batch are due in the store.
    timers: FxHashMap<ProfileKey, Option<Timestamp>>,
}

impl Turning {
    /// Takes note of when the timers of some profiles are due in the store.
    pub fn know_timers(&mut self, timers: impl Iterator<Item = (ProfileKey, Option<Timestamp>)>) {
        self.timers.extend(timers);
    }
}

/// What [`super::Members`] becomes once the changeset is stored.
#[derive(Default)]
pub struct Turned {
    chunks: Vec<(LeafKey, u32, RoaringBitmap)>,
    scanned: BTreeMap<LeafKey, (i64, bool)>,
}

impl Turned {
    pub fn install(self, members: &mut super::Members) {
        for (key, chunk, bitmap) in self.chunks {
            if let Some(held) = members.0.get_mut(&key) {
                held.members.set_chunk(chunk, bitmap);
            }
        }
        for (key, (scanned_to, live)) in self.scanned {
            if let Some(held) = members.0.get_mut(&key) {
                held.scanned_to = scanned_to;
                held.live = live;
            }
        }
    }
}

impl World<'_> {
    fn plan(&self, workspace: WorkspaceId) -> Arc<Plan> {
        match self.directory.workspaces.get(&workspace) {
            Some(shop) => Arc::clone(&shop.segments),
            None => Arc::default(),
        }
    }

    fn held(&self, workspace: WorkspaceId, no: i64) -> Option<&Held> {
        self.members.0.get(&(workspace, no))
    }

    pub(crate) fn leaf_holds(&self, workspace: WorkspaceId, leaf: i64, no: ProfileNo) -> bool {
        let turned = self.turning.turned.get(&(workspace, leaf)).and_then(|turned| turned.get(&bit(no)));
        turned
            .copied()
            .unwrap_or_else(|| self.held(workspace, leaf).is_some_and(|held| held.members.contains(no)))
    }

    /// Whether the verdict of a leaf on a profile is kept up to date already.
    fn knows(&self, workspace: WorkspaceId, leaf: i64, no: ProfileNo) -> bool {
        match self.turning.scanned.get(&(workspace, leaf)) {
            Some((scanned_to, live)) => *live || no.0 <= *scanned_to,
            None => self.held(workspace, leaf).is_some_and(|held| held.knows(no)),
        }
    }

    /// Whether a profile is in a segment at this point of the batch; `None` for a segment that is not in force.
    pub fn in_segment(&self, key: ProfileKey, segment_id: &str) -> Option<bool> {
        let plan = self.plan(key.0);
        let formula = plan.segment(segment_id)?.in_force.as_ref()?;
        Some(formula.holds(&mut |at| self.leaf_holds(key.0, plan.leaves[at].no, key.1)))
    }

    /// Something happened to a person that leaves may want to know. `quiet`: it is history, and nobody enters or
    /// leaves by it.
    pub fn touch(&mut self, key: ProfileKey, quiet: bool, tell: impl FnOnce(&mut Touch)) {
        let list = if quiet { &mut self.turning.later } else { &mut self.turning.touched };
        tell(list.entry(key).or_default());
    }

    /// Takes in what history did to a person before something live happens to them, so that the one is not taken
    /// for the work of the other.
    pub fn settle_history(&mut self, key: ProfileKey) -> Result<(), EngineError> {
        match self.turning.later.remove(&key) {
            Some(touch) => self.reconsider(key, &touch, true),
            None => Ok(()),
        }
    }

    /// Asks the leaves that may have turned, until nothing turns any more.
    pub fn tell_segments(&mut self) -> Result<(), EngineError> {
        while let Some((key, touch)) = self.turning.touched.pop_first() {
            self.reconsider(key, &touch, false)?;
        }
        Ok(())
    }

    /// The same for what history did in this batch.
    pub fn tell_segments_of_history(&mut self) -> Result<(), EngineError> {
        while let Some((key, touch)) = self.turning.later.pop_first() {
            self.reconsider(key, &touch, true)?;
        }
        Ok(())
    }

    fn reconsider(&mut self, key: ProfileKey, touch: &Touch, quiet: bool) -> Result<(), EngineError> {
        let plan = self.plan(key.0);
        let mut places = plan.touched(touch);
        places.retain(|at| self.knows(key.0, plan.leaves[*at].no, key.1));
        if places.is_empty() {
            return Ok(());
        }
        let Some(key) = self.current(key)? else { return Ok(()) };
        let mut wants = Wants::default();
        places.iter().for_each(|at| wants.merge(&plan.leaves[*at].wants));
        let past = self.past(key, &wants)?;
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let verdicts = self.verdicts(key.0, &plan, &places, &person.profile, &past)?;
        let rank = self.rank_of(key.0, &plan, &places, &person.profile, &past)?;
        let listed = rank.filter(|_| self.is_listed(key, &plan)).map(|_| Rank::UNKNOWN);
        self.take_verdicts(key, &plan, &places, &verdicts, quiet)?;
        self.take_rank(key, rank, listed)
    }

    fn take_rank(
        &mut self,
        key: ProfileKey,
        rank: Option<(Rank, Option<Timestamp>)>,
        listed: Option<i64>,
    ) -> Result<(), EngineError> {
        let Some((rank, ask_at)) = rank else { return Ok(()) };
        self.put_rank(key, rank, listed);
        match ask_at {
            Some(at) => self.wake_segments(key, at),
            None => Ok(()),
        }
    }

    fn verdicts(
        &self,
        workspace: WorkspaceId,
        plan: &Plan,
        places: &[usize],
        profile: &Profile,
        past: &Past,
    ) -> Result<Vec<Evaluation>, EngineError> {
        let shop = self.shop(workspace)?;
        let zone = zone_of(profile, &shop.zone);
        let facts = ProfileFacts {
            profile,
            zone: &zone,
            now: self.at,
            currency: shop.currency,
            past,
            insight: &shop.insight,
            segments: None,
        };
        let context = Context::of_profile(&facts, self.at);
        Ok(places.iter().map(|at| plan.leaves[*at].condition.evaluate(&context)).collect())
    }

    fn take_verdicts(
        &mut self,
        key: ProfileKey,
        plan: &Plan,
        places: &[usize],
        verdicts: &[Evaluation],
        quiet: bool,
    ) -> Result<(), EngineError> {
        let (workspace, no) = key;
        let turns: Vec<(usize, bool)> = places
            .iter()
            .zip(verdicts)
            .filter(|(at, verdict)| self.leaf_holds(workspace, plan.leaves[**at].no, no) != verdict.holds)
            .map(|(at, verdict)| (*at, verdict.holds))
            .collect();
        // Before anything is told, so that what follows finds the timer set.
        if let Some(due_at) = verdicts.iter().filter_map(|verdict| verdict.changes_at).min() {
            self.wake_segments(key, due_at.max(self.at.plus_ms(1)))?;
        }
        if turns.is_empty() {
            return Ok(());
        }
        let affected: BTreeSet<usize> =
            turns.iter().flat_map(|(at, _)| plan.leaves[*at].used_by.iter().copied()).collect();
        let before = self.memberships(key, plan, &affected);
        let is_watched = |(at, _): &(usize, bool)| plan.watch.0.contains(&Some(*at));
        let reached = turns.iter().any(is_watched).then(|| self.lead_reached(key));
        for (at, holds) in turns {
            let leaf = (workspace, plan.leaves[at].no);
            self.turning.turned.entry(leaf).or_default().insert(bit(no), holds);
        }
        let reached = reached.map(|before| (before, self.lead_reached(key)));
        if quiet {
            return match reached {
                Some((before, after)) => self.lead_turned(key, &before, &after, true),
                None => Ok(()),
            };
        }
        let after = self.memberships(key, plan, &affected);
        let at = self.at;
        for ((segment, was), is) in affected.iter().zip(before).zip(after) {
            if was == is {
                continue;
            }
            let segment_id = plan.segments[*segment].id.clone();
            self.numbers.transition += 1;
            let row = TransitionRow {
                transition_no: self.numbers.transition,
                segment_id: segment_id.clone(),
                profile: no,
                at,
                entered: is,
            };
            self.turning.transitions.push((workspace, row));
            let topic = if is { Topic::SegmentEntered } else { Topic::SegmentLeft };
            self.tell_hooks(key, topic, at, || serde_json::json!({ "segment_id": segment_id }));
            self.segment_turned(key, &segment_id, is, self.done_at(at))?;
        }
        match reached {
            Some((before, after)) => self.lead_turned(key, &before, &after, false),
            None => Ok(()),
        }
    }

    fn memberships(&self, key: ProfileKey, plan: &Plan, segments: &BTreeSet<usize>) -> Vec<bool> {
        let holds = |at: &usize| {
            plan.segments[*at].in_force.as_ref().is_some_and(|formula| {
                formula.holds(&mut |leaf| self.leaf_holds(key.0, plan.leaves[leaf].no, key.1))
            })
        };
        segments.iter().map(holds).collect()
    }

    /// Sees to it that the person's leaves are asked again at this instant at the latest. A timer that is due before
    /// stays: when it fires, all timed leaves are asked and it is set anew.
    fn wake_segments(&mut self, key: ProfileKey, due_at: Timestamp) -> Result<(), EngineError> {
        let held = match self.timer_of_batch(key, timer_kind::SEGMENT, "") {
            Some(held) => held,
            None => match self.turning.timers.get(&key) {
                Some(held) => *held,
                None => {
                    let stored = self.stored_as(key).contains(&key);
                    let held = if stored {
                        let store = self.store;
                        let found = store.read(|tx| tx.timers_of(timer_kind::SEGMENT, "", &[key]))?;
                        found.into_iter().next().flatten()
                    } else {
                        None
                    };
                    self.turning.timers.insert(key, held);
                    held
                }
            },
        };
        if held.is_none_or(|held| due_at < held) {
            self.set_timer(key, timer_kind::SEGMENT, "", Some(due_at));
        }
        Ok(())
    }

    /// The instant has come at which a leaf of this person may turn by itself.
    pub fn segments_are_due(&mut self, key: ProfileKey) {
        self.turning.timers.insert(key, None);
        self.touch(key, false, |touch| touch.time = true);
    }

    /// Lets go of somebody who is no more: no leaf holds for them, and they left every segment without a word.
    pub fn forget(&mut self, key: ProfileKey) {
        let (workspace, no) = key;
        self.turning.touched.remove(&key);
        self.turning.later.remove(&key);
        self.turning.timers.remove(&key);
        self.lead_ranks.remove(&key);
        self.pasts.remove(&key);
        let leaves: Vec<i64> = self.plan(workspace).leaves.iter().map(|leaf| leaf.no).collect();
        for leaf in leaves {
            if self.leaf_holds(workspace, leaf, no) {
                self.turning.turned.entry((workspace, leaf)).or_default().insert(bit(no), false);
            }
        }
    }

    /// Computes new leaves for the next profiles, and puts segments in force whose leaves are all computed.
    pub fn compute_leaves(&mut self) -> Result<(), EngineError> {
        let workspaces: Vec<WorkspaceId> = self.directory.workspaces.keys().copied().collect();
        for workspace in workspaces {
            let plan = self.plan(workspace);
            let mut pending: Vec<(usize, i64)> = Vec::new();
            for (at, leaf) in plan.leaves.iter().enumerate() {
                if let Some(held) = self.held(workspace, leaf.no).filter(|held| !held.live) {
                    pending.push((at, held.scanned_to));
                }
            }
            self.tick.computed |= !pending.is_empty();
            if let Some(from) = pending.iter().map(|(_, scanned_to)| *scanned_to).min() {
                let places: Vec<usize> =
                    pending.iter().filter(|(_, to)| *to == from).map(|(at, _)| *at).collect();
                // Where others have got further already, they are caught up with first.
                let bound = pending.iter().map(|(_, to)| *to).filter(|to| *to > from).min();
                self.compute_slice(workspace, &plan, &places, from, bound)?;
            }
            self.put_in_force(workspace, &plan);
        }
        Ok(())
    }

    fn compute_slice(
        &mut self,
        workspace: WorkspaceId,
        plan: &Plan,
        places: &[usize],
        from: i64,
        bound: Option<i64>,
    ) -> Result<(), EngineError> {
        let store = self.store;
        let mut wants = Wants::default();
        places.iter().for_each(|at| wants.merge(&plan.leaves[*at].wants));
        let last = self.numbers.profiles.get(&workspace).copied().unwrap_or(0);
        let mut page = store.read(|tx| tx.profiles_after(workspace, ProfileNo(from), SLICE))?;
        let full = page.len() as i64 == SLICE;
        let mut to = if full { page.last().map_or(last, |stored| stored.profile.no.0) } else { last };
        if let Some(bound) = bound.filter(|bound| *bound < to) {
            to = bound;
            page.retain(|stored| stored.profile.no.0 <= bound);
        }
        for at in places {
            let live = to >= last;
            self.turning.scanned.insert((workspace, plan.leaves[*at].no), (to, live));
        }
        let mut pasts = self.load_pasts(workspace, (ProfileNo(from), ProfileNo(to)), &wants)?;
        let of: Vec<ProfileKey> = page.iter().map(|stored| (workspace, stored.profile.no)).collect();
        if wants.time {
            let timers = store.read(|tx| tx.timers_of(timer_kind::SEGMENT, "", &of))?;
            for (key, due_at) in of.iter().zip(timers) {
                self.turning.timers.entry(*key).or_insert(due_at);
            }
        }
        if places.iter().any(|at| plan.leaves[*at].no == EVERYBODY) {
            self.recount_orders(workspace, &page)?;
        }
        // By other settings nobody enters or leaves anything; by a newer model they do, as by time.
        let quiet = places.iter().any(|at| plan.leaves[*at].no == EVERYBODY);
        let listed = self.ranks_between(workspace, plan, places, (from, to))?;
        let listed_as =
            |no: ProfileNo| listed.binary_search_by_key(&no, |(no, _)| *no).ok().map(|at| listed[at].1);
        for stored in page {
            let key = (workspace, stored.profile.no);
            if stored.profile.lead.is_some() && plan.tells_of_leads(places) {
                // What a score does to somebody whom sales have is kept with the person.
                self.current(key)?;
            }
            // Those whom this batch touches are read as it leaves them.
            if self.people.contains_key(&key) {
                continue;
            }
            let mut past = pasts.remove(&stored.profile.no).unwrap_or_default();
            if wants.messages || wants.runs {
                let more = Wants { messages: wants.messages, runs: wants.runs, ..Wants::default() };
                self.people.insert(key, Person::stored(stored.profile.clone(), stored.version));
                let rest = self.past(key, &more)?;
                self.people.remove(&key);
                past.messages.clone_from(&rest.messages);
                past.runs.clone_from(&rest.runs);
            }
            let verdicts = self.verdicts(workspace, plan, places, &stored.profile, &past)?;
            let rank = self.rank_of(workspace, plan, places, &stored.profile, &past)?;
            self.take_verdicts(key, plan, places, &verdicts, quiet)?;
            self.take_rank(key, rank, listed_as(key.1))?;
        }
        let here: Vec<ProfileKey> = self
            .people
            .keys()
            .copied()
            .filter(|key| key.0 == workspace && key.1.0 > from && key.1.0 <= to && self.is_kept(*key))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for key in here {
            let past = self.past(key, &wants)?;
            let Some(person) = self.people.get(&key) else { continue };
            let verdicts = self.verdicts(workspace, plan, places, &person.profile, &past)?;
            let rank = self.rank_of(workspace, plan, places, &person.profile, &past)?;
            self.take_verdicts(key, plan, places, &verdicts, quiet)?;
            self.take_rank(key, rank, listed_as(key.1))?;
        }
        Ok(())
    }

    /// Adds the orders of people up anew: the pass over everybody comes when the shop's currency was changed too, and
    /// only orders in it count in their totals.
    fn recount_orders(&mut self, workspace: WorkspaceId, page: &[StoredProfile]) -> Result<(), EngineError> {
        let store = self.store;
        let shop = self.directory.shop(workspace)?;
        let (currency, zone) = (shop.workspace.settings.currency.clone(), shop.zone.clone());
        let of: Vec<ProfileKey> = page.iter().map(|stored| (workspace, stored.profile.no)).collect();
        let summaries = store.read(|tx| tx.order_summaries(&of))?;
        for ((key, stored), orders) in of.into_iter().zip(page).zip(summaries) {
            if !self.is_kept(key) {
                continue;
            }
            let totals = match self.people.contains_key(&key) {
                true => self.totals(key)?,
                false => OrderTotals::of(orders.iter(), &currency, &zone),
            };
            let held = self.people.get(&key).map_or(&stored.profile.totals, |person| &person.profile.totals);
            if *held != totals {
                let person = || Person::stored(stored.profile.clone(), stored.version);
                let person = self.people.entry(key).or_insert_with(person);
                person.profile.totals = totals;
                person.dirty = true;
            }
        }
        Ok(())
    }

    /// Events and orders of the stored profiles behind the first number up to the last.
    fn load_pasts(
        &self,
        workspace: WorkspaceId,
        range: (ProfileNo, ProfileNo),
        wants: &Wants,
    ) -> Result<FxHashMap<ProfileNo, Past>, EngineError> {
        let mut pasts: FxHashMap<ProfileNo, Past> = FxHashMap::default();
        let since = since(wants, self.at);
        let mut plain: FxHashMap<i64, &str> = FxHashMap::default();
        let mut whole: Vec<(i64, &str)> = Vec::new();
        for (name, want) in &wants.events {
            match self.known_name_no(workspace, name) {
                Some(no) if want.properties => whole.push((no, name)),
                Some(no) => drop(plain.insert(no, name)),
                None => {}
            }
        }
        let mut add = |no: ProfileNo, name: &str, event: PastEvent| {
            pasts.entry(no).or_default().events.entry(name.to_owned()).or_default().push(event);
        };
        let orders = self.store.read(|tx| {
            if !plain.is_empty() {
                for mark in tx.past_events_between(workspace, range, since)? {
                    if let Some(name) = plain.get(&mark.name_no) {
                        let event =
                            PastEvent { no: mark.event_no, at: mark.at, properties: serde_json::Value::Null };
                        add(mark.profile, name, event);
                    }
                }
            }
            for (name_no, name) in &whole {
                for event in tx.past_event_bodies_between(workspace, range, since, *name_no)? {
                    let properties = properties_of(&event.body);
                    add(event.profile, name, PastEvent { no: event.event_no, at: event.at, properties });
                }
            }
            if wants.orders { tx.past_orders_between(workspace, range) } else { Ok(Vec::new()) }
        })?;
        for (no, order) in orders {
            pasts.entry(no).or_default().orders.push(order);
        }
        for past in pasts.values_mut() {
            past.events.values_mut().for_each(|events| events.sort_by_key(|event| (event.at, event.no)));
        }
        Ok(pasts)
    }

    /// The members of a leaf at this point of the batch.
    fn population(&self, leaf: LeafKey) -> Population {
        let mut population = self.members.0.get(&leaf).map(|held| held.members.clone()).unwrap_or_default();
        for (chunk, members) in self.turned_chunks(leaf) {
            population.set_chunk(chunk, members);
        }
        population
    }

    fn turned_chunks(&self, leaf: LeafKey) -> BTreeMap<u32, RoaringBitmap> {
        let mut chunks: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
        let held = self.members.0.get(&leaf);
        for (bit, holds) in self.turning.turned.get(&leaf).into_iter().flatten() {
            let chunk = chunk_of(*bit);
            let members = chunks.entry(chunk).or_insert_with(|| {
                held.and_then(|held| held.members.chunk(chunk)).cloned().unwrap_or_default()
            });
            if *holds {
                members.insert(bit & 0xffff);
            } else {
                members.remove(bit & 0xffff);
            }
        }
        chunks
    }

    fn put_in_force(&mut self, workspace: WorkspaceId, plan: &Plan) {
        let is_live = |leaf: i64| match self.turning.scanned.get(&(workspace, leaf)) {
            Some((_, live)) => *live,
            None => self.held(workspace, leaf).is_some_and(|held| held.live),
        };
        let everybody_is_known = is_live(EVERYBODY);
        let mut computed = Vec::new();
        for segment in &plan.segments {
            let Some(next) = &segment.next else { continue };
            let mut ready = everybody_is_known;
            next.leaves(&mut |at| ready &= is_live(plan.leaves[at].no));
            if !ready {
                continue;
            }
            let everybody = self.population((workspace, EVERYBODY));
            let members = |formula| {
                let leaf =
                    &mut |at: usize| Ok::<_, Infallible>(self.population((workspace, plan.leaves[at].no)));
                combine(formula, &everybody, leaf).unwrap_or_default()
            };
            let (after, before) = (members(next), segment.in_force.as_ref().map(members).unwrap_or_default());
            let size = |population: &Population| i64::try_from(population.len()).unwrap_or(i64::MAX);
            let counts = (size(&after), size(&after.clone().without(&before)), size(&before.without(&after)));
            computed.push((workspace, segment.id.clone(), segment.version, counts));
        }
        let nothing_waits = plan.segments.iter().all(|segment| segment.next.is_none());
        if nothing_waits {
            self.turning.dropped.extend(plan.unused.iter().map(|no| (workspace, *no)));
        }
        self.turning.computed.extend(computed);
        self.tick.computed |= !self.turning.computed.is_empty() || !self.turning.dropped.is_empty();
    }

    /// Writes down what turned. Returns what the bitmaps in memory become once that is stored.
    pub fn finish_segments(&mut self, changes: &mut Changeset) -> Turned {
        let turning = std::mem::take(&mut self.turning);
        let leaves: BTreeSet<LeafKey> = turning.turned.keys().copied().collect();
        self.turning.turned = turning.turned;
        let mut turned = Turned { chunks: Vec::new(), scanned: turning.scanned };
        for leaf in leaves {
            if turning.dropped.contains(&leaf) {
                continue;
            }
            for (chunk, members) in self.turned_chunks(leaf) {
                changes.set_members(leaf.0, leaf.1, i64::from(chunk), serialise(&members));
                turned.chunks.push((leaf, chunk, members));
            }
        }
        for ((workspace, leaf), (scanned_to, live)) in &turned.scanned {
            changes.set_condition_scanned(*workspace, *leaf, *scanned_to, *live);
        }
        for (workspace, mut row) in turning.transitions {
            row.profile = self.final_no((workspace, row.profile));
            changes.insert_transition(workspace, row);
        }
        if !turning.computed.is_empty() || !turning.dropped.is_empty() {
            // Whoever saves a segment at this moment may count on a leaf that goes, or change one that is computed.
            changes.expect_configuration(self.directory.generation);
        }
        for (workspace, segment_id, version, counts) in turning.computed {
            changes.segment_computed(workspace, &segment_id, version, self.now, counts);
        }
        for (workspace, leaf) in turning.dropped {
            changes.delete_condition(workspace, leaf);
        }
        turned
    }
}
