//! Counts a segment before it is saved: each leaf from the cheapest source there is, then bitmap algebra.
//!
//! A live leaf is read from its bitmap. What many conditions ask (how often, how much) is folded from one index of the
//! store. Everything else is evaluated profile by profile, the past of a slice of them loaded at once. Whatever the
//! source, the verdict is the domain's: [`Condition::evaluate`] or the very operators it is made of.

use super::members::{Population, combine, leaf_members, people_count};
use super::past::{properties_of, since};
use super::plan::{EVERYBODY, leaf_text};
use crate::facts::{ProfileFacts, zone_of};
use crate::insight::{Insight, NO_INSIGHT};
use domain::commerce::in_units;
use domain::condition::{
    Account, Compared, Condition, Context, Evaluation, Fold, FoldOf, Formula, Past, PastEvent, Wants,
    ten_thousandths,
};
use domain::local_time::Zone;
use domain::profile::Profile;
use kit::{Currency, DAY_MS, Id, ProfileNo, Rng, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use store::scans::EventRange;
use store::{ReadTx, Store, StoreError};

/// Profiles whose past is loaded at once. It divides 65,536, so that a slice never spans two chunks of a bitmap.
const SLICE: i64 = 4_096;
/// Threads of one scan; each holds one of the few connections for reading.
const THREADS: usize = 2;
/// Profiles that a fold leaves out and asks one by one, at most; with more the fold is not worth it.
const APART_MAX: i64 = 20_000;
/// Profiles of a sample that are loaded at once.
const SAMPLE_STEP: usize = 64;
/// Profiles of a sample at most; beyond it an estimate gets hardly better.
pub const SAMPLE_MAX: usize = 2_000;

/// What a scan needs to know of a workspace.
struct Shop {
    workspace: WorkspaceId,
    zone: Zone,
    currency: Currency,
    names: FxHashMap<String, i64>,
    last: ProfileNo,
    insight: Insight,
}

impl Shop {
    fn read(tx: &mut ReadTx<'_>, workspace: WorkspaceId, wants: &Wants) -> Result<Shop, StoreError> {
        let row = tx.workspaces()?.into_iter().find(|row| row.workspace == workspace);
        let row = row.ok_or_else(|| StoreError::Bug(format!("workspace {} does not exist", workspace.0)))?;
        let names = tx.event_names()?.into_iter().filter(|(of, ..)| *of == workspace);
        Ok(Shop {
            workspace,
            zone: row.settings.zone(),
            currency: row.settings.currency(),
            names: names.map(|(_, no, name)| (name, no)).collect(),
            last: tx.last_profile_no(workspace)?,
            insight: if wants.learned || wants.lead {
                Insight::read(tx, workspace)?
            } else {
                Insight::default()
            },
        })
    }

    /// The verdicts of leaves on one profile.
    fn verdicts<'a>(
        &'a self,
        profile: &'a Profile,
        past: &'a Past,
        now: Timestamp,
        leaves: &[&Condition],
    ) -> Vec<bool> {
        let zone = zone_of(profile, &self.zone);
        let facts = ProfileFacts {
            profile,
            zone: &zone,
            now,
            currency: self.currency,
            past,
            insight: &self.insight,
            segments: None,
        };
        let context = Context::of_profile(&facts, now);
        leaves.iter().map(|leaf| leaf.holds(&context)).collect()
    }
}

/// Whether a scan goes on, and how far it is.
#[derive(Debug, Default)]
pub struct Progress {
    cancelled: AtomicBool,
    done: AtomicI64,
    all: AtomicI64,
}

impl Progress {
    /// Ends the scan at its next step.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// From 0 to 1.
    pub fn share(&self) -> f64 {
        let all = self.all.load(Ordering::Relaxed);
        if all == 0 { 0.0 } else { self.done.load(Ordering::Relaxed) as f64 / all as f64 }
    }

    fn expect(&self, steps: i64) {
        self.all.fetch_add(steps, Ordering::Relaxed);
    }

    fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Everybody for whom `condition` holds at `now`. References to other segments are expanded before.
///
/// `None`: it was cancelled.
pub fn scan(
    store: &Store,
    workspace: WorkspaceId,
    condition: &Condition,
    now: Timestamp,
    progress: &Progress,
) -> Result<Option<Population>, StoreError> {
    let mut leaves = Vec::new();
    let formula = Formula::of(condition, &mut leaves);
    let (shop, mut found, live_everybody) = store.read(|tx| {
        let shop = Shop::read(tx, workspace, &condition.wants())?;
        let known = tx.conditions_of(workspace)?;
        let mut found: Vec<Option<Population>> = Vec::with_capacity(leaves.len());
        for leaf in &leaves {
            let text = leaf_text(leaf);
            let live = known.iter().find(|row| row.live && row.leaf == text);
            found.push(live.map(|row| leaf_members(tx, workspace, row.condition_no)).transpose()?);
        }
        let live = known.iter().any(|row| row.live && row.condition_no == EVERYBODY);
        let everybody = live.then(|| leaf_members(tx, workspace, EVERYBODY)).transpose()?;
        Ok((shop, found, everybody))
    })?;
    let everybody = match live_everybody {
        Some(everybody) => everybody,
        None => {
            let mut all = Population::default();
            store.read(|tx| tx.scan_profile_numbers(workspace, &mut |no| all.insert(no)))?;
            all
        }
    };
    let mut by_profile = Vec::new();
    for (at, leaf) in leaves.iter().enumerate() {
        if found[at].is_some() {
            continue;
        }
        match folded(store, &shop, leaf, now, &everybody)? {
            Some(population) => found[at] = Some(population),
            None => by_profile.push(at),
        }
        if progress.is_cancelled() {
            return Ok(None);
        }
    }
    let slow: Vec<&Condition> = by_profile.iter().map(|at| &leaves[*at]).collect();
    let Some(passed) = pass(store, &shop, &slow, now, progress)? else { return Ok(None) };
    for (at, population) in by_profile.into_iter().zip(passed) {
        found[at] = Some(population);
    }
    combine(&formula, &everybody, &mut |at| Ok::<_, StoreError>(found[at].clone().unwrap_or_default()))
        .map(|members| Some(members.and(&everybody)))
}

/// What was folded of each profile, by its number.
struct Folded {
    counts: Vec<u32>,
    /// In ten-thousandths; empty where nothing is added up.
    sums: Vec<i64>,
}

impl Folded {
    fn new(last: ProfileNo, sums: bool) -> Folded {
        let places = usize::try_from(last.0).unwrap_or(0) + 1;
        Folded { counts: vec![0; places], sums: if sums { vec![0; places] } else { Vec::new() } }
    }

    fn add(&mut self, no: ProfileNo, count: i64, sum: i64) {
        let place = usize::try_from(no.0).unwrap_or(usize::MAX);
        // A profile that was made after the scan began is not looked at.
        if let Some(slot) = self.counts.get_mut(place) {
            *slot = slot.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
        if let Some(slot) = self.sums.get_mut(place) {
            *slot = slot.saturating_add(sum);
        }
    }

    fn merge(mut self, other: Folded) -> Folded {
        self.counts.iter_mut().zip(other.counts).for_each(|(a, b)| *a = a.saturating_add(b));
        self.sums.iter_mut().zip(other.sums).for_each(|(a, b)| *a = a.saturating_add(b));
        self
    }
}

/// The members of a leaf that is decided by a count and a sum; `None` when it asks for more.
fn folded(
    store: &Store,
    shop: &Shop,
    leaf: &Condition,
    now: Timestamp,
    everybody: &Population,
) -> Result<Option<Population>, StoreError> {
    let Some(fold) = leaf.fold(now, &shop.zone) else { return Ok(None) };
    // Those for whom a day begins at another instant are asked one by one, if they are few.
    let apart = match fold.is_zoned {
        true => store.read(|tx| tx.scan_own_zones(shop.workspace, APART_MAX + 1))?,
        false => Vec::new(),
    };
    if apart.len() as i64 > APART_MAX {
        return Ok(None);
    }
    let folded = match halves(&fold, now) {
        None => store.read(|tx| fold_range(tx, shop, &fold, (fold.from, fold.to), now))?,
        Some(middle) => {
            let read = |from, to| store.read(|tx| fold_range(tx, shop, &fold, (from, to), now));
            let (early, late) = std::thread::scope(|scope| {
                let early = scope.spawn(|| read(fold.from, middle));
                let late = read(middle, fold.to);
                (early.join(), late)
            });
            let early = early.map_err(|_| StoreError::Bug("a thread of a scan panicked".into()))?;
            early?.merge(late?)
        }
    };
    // Most have nothing: their verdict is the same.
    let nothing = fold.holds(0, 0);
    let holds = |no: &ProfileNo| {
        let place = usize::try_from(no.0).unwrap_or(usize::MAX);
        let count = folded.counts.get(place).copied().unwrap_or(0);
        let sum = folded.sums.get(place).copied().unwrap_or(0);
        if count == 0 { nothing } else { fold.holds(i64::from(count), i128::from(sum)) }
    };
    let mut members: Population = if nothing {
        everybody.iter().filter(holds).collect()
    } else {
        let some = folded.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        some.map(|(no, _)| ProfileNo(i64::try_from(no).unwrap_or(i64::MAX))).filter(holds).collect()
    };
    if !apart.is_empty() {
        let own = store.read(|tx| one_by_one(tx, shop, leaf, &apart, now))?;
        members = members.without(&apart.iter().copied().collect()).or(&own);
    }
    Ok(Some(members))
}

/// Counts and adds up what happened in a part of a fold's range.
fn fold_range(
    tx: &mut ReadTx<'_>,
    shop: &Shop,
    fold: &Fold<'_>,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Folded, StoreError> {
    let workspace = shop.workspace;
    let mut folded = Folded::new(shop.last, !matches!(fold.of, FoldOf::Events(_) | FoldOf::Orders));
    let range_of = |name: &str| Some(EventRange { workspace, name_no: *shop.names.get(name)?, from, to });
    // Folds ask a context for its zone and its currency alone.
    let nobody = Profile::new(ProfileNo(0), Id::from_u128(0), now);
    let nothing = Past::default();
    let facts = ProfileFacts {
        profile: &nobody,
        zone: &shop.zone,
        now,
        currency: shop.currency,
        past: &nothing,
        insight: &NO_INSIGHT,
        segments: None,
    };
    let context = Context::of_profile(&facts, now);
    match fold.of {
        FoldOf::Events(name) => {
            if let Some(range) = range_of(name) {
                tx.scan_event_counts(range, &mut |no, count| folded.add(no, count, 0))?;
            }
        }
        FoldOf::Amounts(name) => {
            if let Some(range) = range_of(name) {
                tx.scan_event_sums(range, &mut |no, count, sum| folded.add(no, count, sum))?;
            }
        }
        FoldOf::Bodies(name) => {
            if let Some(range) = range_of(name) {
                tx.scan_event_bodies(range, &mut |no, _, at, body| {
                    if let Some((count, sum)) = fold.event(at, &properties_of(body), &context) {
                        folded.add(no, count, in_range(sum));
                    }
                    Ok(())
                })?;
            }
        }
        FoldOf::Orders => {
            tx.scan_order_counts(workspace, (from, to), &mut |no, count| folded.add(no, count, 0))?;
        }
        FoldOf::Net => {
            let currency = shop.currency;
            tx.scan_order_nets(workspace, (from, to), currency.code(), &mut |no, net| {
                // As the condition itself reads it, which leaves out what is too large to add.
                if let Some(sum) = ten_thousandths(&in_units(net, currency)) {
                    folded.add(no, 1, sum);
                }
            })?;
        }
        FoldOf::Documents(product) => {
            tx.scan_orders(workspace, (from, to), product, &mut |no, order| {
                if let Some((count, sum)) = fold.order(&order, &context) {
                    folded.add(no, count, in_range(sum));
                }
            })?;
        }
    }
    Ok(folded)
}

fn in_range(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

/// Those of some profiles for whom a leaf holds.
fn one_by_one(
    tx: &mut ReadTx<'_>,
    shop: &Shop,
    leaf: &Condition,
    profiles: &[ProfileNo],
    now: Timestamp,
) -> Result<Population, StoreError> {
    let mut wants = leaf.wants();
    wants.with_rules(shop.insight.rules_wants());
    let mut members = Population::default();
    for some in profiles.chunks(SAMPLE_STEP) {
        let of: Vec<_> = some.iter().map(|no| (shop.workspace, *no)).collect();
        let found = tx.profiles(&of)?;
        let there: Vec<ProfileNo> = found.iter().map(|(_, stored)| stored.profile.no).collect();
        let pasts = pasts_of(tx, shop, &there, &wants, now)?;
        for ((_, stored), past) in found.iter().zip(&pasts) {
            if shop.verdicts(&stored.profile, past, now, &[leaf]).contains(&true) {
                members.insert(stored.profile.no);
            }
        }
    }
    Ok(members)
}

/// Where a long range is cut in two for two threads. Most of the events of a shop are of its last two years.
fn halves(fold: &Fold<'_>, now: Timestamp) -> Option<Timestamp> {
    let long = fold.to.since_ms(fold.from.max(now.plus_ms(-730 * DAY_MS))) > 60 * DAY_MS;
    long.then(|| {
        let from = fold.from.max(now.plus_ms(-730 * DAY_MS));
        from.plus_ms(fold.to.since_ms(from) / 2)
    })
}

/// By the place of a leaf, some of the profiles for whom it holds.
type Passed = Vec<(usize, Vec<ProfileNo>)>;

/// Evaluates leaves profile by profile. `None`: it was cancelled.
fn pass(
    store: &Store,
    shop: &Shop,
    leaves: &[&Condition],
    now: Timestamp,
    progress: &Progress,
) -> Result<Option<Vec<Population>>, StoreError> {
    let mut passed = vec![Population::default(); leaves.len()];
    if leaves.is_empty() {
        return Ok(Some(passed));
    }
    let mut wants = Wants::default();
    leaves.iter().for_each(|leaf| wants.merge(&leaf.wants()));
    wants.with_rules(shop.insight.rules_wants());
    let last_seen = leaves.iter().any(|leaf| leaf_text(leaf).contains("last_seen_at"));
    let slices = shop.last.0 / SLICE + 1;
    progress.expect(slices);
    let next = AtomicI64::new(0);
    let gathered: Mutex<Result<Passed, StoreError>> = Mutex::new(Ok(Vec::new()));
    let gather = |more: Result<Passed, StoreError>| {
        let mut gathered = gathered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match (&mut *gathered, more) {
            (Ok(all), Ok(more)) => all.extend(more),
            (slot @ Ok(_), Err(error)) => *slot = Err(error),
            (Err(_), _) => {}
        }
        gathered.is_ok()
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let slice = next.fetch_add(1, Ordering::Relaxed);
                    if slice >= slices || progress.is_cancelled() {
                        return;
                    }
                    let range = (ProfileNo(slice * SLICE), ProfileNo((slice + 1) * SLICE));
                    let held = store.read(|tx| slice_of(tx, shop, range, leaves, &wants, last_seen, now));
                    if !gather(held.map(|held| held.into_iter().enumerate().collect())) {
                        return;
                    }
                    progress.step();
                }
            });
        }
    });
    if progress.is_cancelled() {
        return Ok(None);
    }
    for (leaf, held) in gathered.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)? {
        held.into_iter().for_each(|no| passed[leaf].insert(no));
    }
    Ok(Some(passed))
}

/// For each leaf the profiles behind the first number up to the last for whom it holds.
fn slice_of(
    tx: &mut ReadTx<'_>,
    shop: &Shop,
    range: (ProfileNo, ProfileNo),
    leaves: &[&Condition],
    wants: &Wants,
    last_seen: bool,
    now: Timestamp,
) -> Result<Vec<Vec<ProfileNo>>, StoreError> {
    let mut seen: FxHashMap<ProfileNo, Timestamp> = FxHashMap::default();
    if last_seen {
        tx.scan_last_seen(shop.workspace, range, &mut |no, at| {
            seen.insert(no, at);
        })?;
    }
    let pasts = pasts_between(tx, shop, range, wants, now)?;
    let nothing = Past::default();
    let mut held = vec![Vec::new(); leaves.len()];
    tx.scan_profile_docs(shop.workspace, range, &mut |no, doc| {
        let mut profile: Profile = serde_json::from_str(doc)
            .map_err(|error| StoreError::Bug(format!("a profile in the store cannot be read: {error}")))?;
        profile.no = no;
        profile.last_seen_at = seen.get(&no).map_or(profile.first_seen_at, |at| (*at).into());
        let past = pasts.get(&no).unwrap_or(&nothing);
        for (leaf, holds) in shop.verdicts(&profile, past, now, leaves).into_iter().enumerate() {
            if holds {
                held[leaf].push(no);
            }
        }
        Ok(())
    })?;
    Ok(held)
}

/// The names of the events that are wanted, by number: those without properties, and those with.
fn wanted_names<'w>(shop: &Shop, wants: &'w Wants) -> (FxHashMap<i64, &'w str>, Vec<(i64, &'w str)>) {
    let (mut plain, mut whole) = (FxHashMap::default(), Vec::new());
    for (name, want) in &wants.events {
        match shop.names.get(name) {
            Some(no) if want.properties => whole.push((*no, name.as_str())),
            Some(no) => drop(plain.insert(*no, name.as_str())),
            None => {}
        }
    }
    (plain, whole)
}

fn add_event(past: &mut Past, name: &str, event: PastEvent) {
    match past.events.get_mut(name) {
        Some(events) => events.push(event),
        None => drop(past.events.insert(name.to_owned(), vec![event])),
    }
}

fn in_order(past: &mut Past) {
    past.events.values_mut().for_each(|events| events.sort_by_key(|event| (event.at, event.no)));
}

/// The past of the profiles behind the first number up to the last, as far as it is wanted.
fn pasts_between(
    tx: &mut ReadTx<'_>,
    shop: &Shop,
    range: (ProfileNo, ProfileNo),
    wants: &Wants,
    now: Timestamp,
) -> Result<FxHashMap<ProfileNo, Past>, StoreError> {
    let workspace = shop.workspace;
    let mut pasts: FxHashMap<ProfileNo, Past> = FxHashMap::default();
    let (plain, whole) = wanted_names(shop, wants);
    let since = since(wants, now);
    if !plain.is_empty() {
        for mark in tx.past_events_between(workspace, range, since)? {
            if let Some(name) = plain.get(&mark.name_no) {
                let event = PastEvent { no: mark.event_no, at: mark.at, properties: Value::Null };
                add_event(pasts.entry(mark.profile).or_default(), name, event);
            }
        }
    }
    for (name_no, name) in whole {
        for event in tx.past_event_bodies_between(workspace, range, since, name_no)? {
            let properties = properties_of(&event.body);
            let held = PastEvent { no: event.event_no, at: event.at, properties };
            add_event(pasts.entry(event.profile).or_default(), name, held);
        }
    }
    if wants.orders {
        for (no, order) in tx.past_orders_between(workspace, range)? {
            pasts.entry(no).or_default().orders.push(order);
        }
    }
    if wants.messages {
        tx.scan_messages(workspace, range, &mut |no, message| {
            pasts.entry(no).or_default().messages.push(message);
        })?;
    }
    if wants.runs {
        tx.scan_runs(workspace, range, &mut |no, run| pasts.entry(no).or_default().runs.push(run))?;
    }
    pasts.values_mut().for_each(in_order);
    Ok(pasts)
}

/// The past of single profiles, in their order.
fn pasts_of(
    tx: &mut ReadTx<'_>,
    shop: &Shop,
    profiles: &[ProfileNo],
    wants: &Wants,
    now: Timestamp,
) -> Result<Vec<Past>, StoreError> {
    let workspace = shop.workspace;
    let of: Vec<_> = profiles.iter().map(|no| (workspace, *no)).collect();
    let mut pasts = vec![Past::default(); profiles.len()];
    let (plain, whole) = wanted_names(shop, wants);
    let since = since(wants, now);
    if !plain.is_empty() {
        for (past, marks) in pasts.iter_mut().zip(tx.past_events(&of, since)?) {
            for mark in marks {
                if let Some(name) = plain.get(&mark.name_no) {
                    let event = PastEvent { no: mark.event_no, at: mark.at, properties: Value::Null };
                    add_event(past, name, event);
                }
            }
        }
    }
    for (name_no, name) in &whole {
        let named: Vec<_> = profiles.iter().map(|no| (workspace, *no, *name_no)).collect();
        for (past, events) in pasts.iter_mut().zip(tx.past_event_bodies_of(&named, since)?) {
            for event in events {
                let properties = properties_of(&event.body);
                add_event(past, name, PastEvent { no: event.event_no, at: event.at, properties });
            }
        }
    }
    if wants.orders {
        for (past, orders) in pasts.iter_mut().zip(tx.past_orders_of(&of)?) {
            past.orders = orders;
        }
    }
    for (past, no) in pasts.iter_mut().zip(profiles) {
        if wants.messages {
            past.messages = tx.past_messages(workspace, *no)?;
        }
        if wants.runs {
            tx.scan_runs(workspace, (ProfileNo(no.0 - 1), *no), &mut |_, run| past.runs.push(run))?;
        }
        in_order(past);
    }
    Ok(pasts)
}

/// The past of one profile, as far as it is wanted.
pub fn past_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    profile: ProfileNo,
    wants: &Wants,
    now: Timestamp,
) -> Result<Past, StoreError> {
    Ok(pasts_of_profiles(tx, workspace, &[profile], wants, now)?.pop().unwrap_or_default())
}

/// The past of some profiles, in their order, as far as it is wanted.
pub fn pasts_of_profiles(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    profiles: &[ProfileNo],
    wants: &Wants,
    now: Timestamp,
) -> Result<Vec<Past>, StoreError> {
    let shop = Shop::read(tx, workspace, wants)?;
    let mut wants = wants.clone();
    wants.with_rules(shop.insight.rules_wants());
    pasts_of(tx, &shop, profiles, &wants, now)
}

/// How many members a definition has, told from a sample.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    pub estimate: u64,
    /// With the one above, holds the true number in 95 of 100 samples.
    pub low: u64,
    pub high: u64,
    /// Profiles looked at.
    pub sample: u64,
    pub profiles: u64,
}

/// Looks at profiles drawn by `seed` until `enough` says so (it is asked after every few), or at all of them where they
/// are no more than [`SAMPLE_MAX`].
pub fn estimate(
    store: &Store,
    workspace: WorkspaceId,
    condition: &Condition,
    now: Timestamp,
    seed: u64,
    enough: &dyn Fn() -> bool,
) -> Result<Estimate, StoreError> {
    let mut wants = condition.wants();
    store.read(|tx| {
        let shop = Shop::read(tx, workspace, &wants)?;
        wants.with_rules(shop.insight.rules_wants());
        let profiles = people_count(tx, workspace)?;
        let last = u64::try_from(shop.last.0).unwrap_or(0);
        let all = last <= SAMPLE_MAX as u64;
        let mut rng = Rng::seeded(seed);
        let mut drawn: BTreeSet<u64> = BTreeSet::new();
        let (mut sample, mut held) = (0u64, 0u64);
        loop {
            let mut numbers: Vec<ProfileNo> = Vec::with_capacity(SAMPLE_STEP);
            while numbers.len() < SAMPLE_STEP && drawn.len() < SAMPLE_MAX && (drawn.len() as u64) < last {
                let no = if all { drawn.len() as u64 + 1 } else { rng.below(last) + 1 };
                if drawn.insert(no) {
                    numbers.push(ProfileNo(i64::try_from(no).unwrap_or(i64::MAX)));
                }
            }
            if numbers.is_empty() {
                break;
            }
            let of: Vec<_> = numbers.iter().map(|no| (workspace, *no)).collect();
            let found = tx.profiles(&of)?;
            let there: Vec<ProfileNo> = found.iter().map(|(_, stored)| stored.profile.no).collect();
            let pasts = pasts_of(tx, &shop, &there, &wants, now)?;
            for ((_, stored), past) in found.iter().zip(&pasts) {
                sample += 1;
                let holds = shop.verdicts(&stored.profile, past, now, &[condition]);
                held += u64::from(holds.contains(&true));
            }
            if !all && enough() {
                break;
            }
        }
        Ok(of_sample(held, sample, profiles))
    })
}

/// The number of members with its 95 % interval of Wilson (1927), which stays sound where nobody or everybody of a
/// sample is a member, narrowed for a population that the sample is a good part of.
fn of_sample(held: u64, sample: u64, profiles: u64) -> Estimate {
    if sample >= profiles || sample == 0 {
        let high = if sample == 0 { profiles } else { held };
        return Estimate { estimate: held, low: held, high, sample, profiles };
    }
    let (n, all) = (sample as f64, profiles as f64);
    let share = held as f64 / n;
    let z = 1.96 * ((all - n) / (all - 1.0)).max(0.0).sqrt();
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let count = |share: f64| (share.clamp(0.0, 1.0) * all).round() as u64;
    Estimate {
        estimate: count(share),
        // What was seen is certain.
        low: count(middle - half).max(held),
        high: count(middle + half).min(profiles - (sample - held)),
        sample,
        profiles,
    }
}

/// Why a profile is in or out.
#[derive(Clone, PartialEq, Debug)]
pub struct Explained {
    pub evaluation: Evaluation,
    pub compared: Vec<Compared>,
    /// The verdicts of all parts.
    pub account: Account,
}

/// The verdict of a condition, with its references expanded, on one profile; `None` when there is no such profile.
pub fn explain(
    store: &Store,
    workspace: WorkspaceId,
    condition: &Condition,
    profile: ProfileNo,
    now: Timestamp,
) -> Result<Option<Explained>, StoreError> {
    store.read(|tx| {
        let mut wants = condition.wants();
        let shop = Shop::read(tx, workspace, &wants)?;
        wants.with_rules(shop.insight.rules_wants());
        let Some(stored) = tx.profile(workspace, profile)? else { return Ok(None) };
        let pasts = pasts_of(tx, &shop, &[profile], &wants, now)?;
        let zone = zone_of(&stored.profile, &shop.zone);
        let nothing = Past::default();
        let past = pasts.first().unwrap_or(&nothing);
        let facts = ProfileFacts {
            profile: &stored.profile,
            zone: &zone,
            now,
            currency: shop.currency,
            past,
            insight: &shop.insight,
            segments: None,
        };
        let context = Context::of_profile(&facts, now);
        let compared = condition.explain(&context).compared;
        let account = condition.account(&context);
        Ok(Some(Explained { evaluation: condition.evaluate(&context), compared, account }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_holds_what_was_seen_and_never_more_than_there_is() {
        let check = |held: u64, sample: u64, profiles: u64, expect: (u64, u64, u64)| {
            let told = of_sample(held, sample, profiles);
            assert_eq!((told.low, told.estimate, told.high), expect, "{told:?}");
        };
        check(0, 0, 0, (0, 0, 0));
        check(3, 10, 10, (3, 3, 3));
        check(0, 1_000, 1_000_000, (0, 0, 3_823));
        check(1_000, 1_000, 1_000_000, (996_177, 1_000_000, 1_000_000));
        check(500, 1_000, 1_000_000, (469_084, 500_000, 530_916));
        check(1, 999, 1_000, (1, 1, 1));
    }
}
