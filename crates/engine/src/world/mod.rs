//! The part of the store that one batch touches, in memory: loaded at once, folded in the order of time, written
//! back as one changeset.

use crate::directory::{Directory, Shop};
use crate::note::Response;
use crate::segments::{Loaded, Members, Touch, Turning};
use crate::{Engine, EngineError, Numbers, Tick};
use domain::commerce::{Order, OrderSummary, OrderTotals, Product};
use domain::condition::Wants;
use domain::consent::ConsentRecord;
use domain::hook::Topic;
use domain::identifier::Identifier;
use domain::journey::Run;
use domain::profile::{AttributeChange, Profile};
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use store::history::{MessageKey, NewEvent};
use store::inbox::Arrival;
use store::journeys::{RunRow, StepRow, TimerRow};
use store::messages::{MessageRow, Responses, SuppressionRow};
use store::{ReadTx, Store, StoreError};

mod batch;
mod changes;
mod imports;
mod part;
mod unpack;

pub use batch::Batch;
pub use changes::Finished;
pub use unpack::{Ahead, Incoming, Meta};

use unpack::{Work, unpack};

pub type ProfileKey = (WorkspaceId, ProfileNo);
type OrderKey = (WorkspaceId, String, String);

/// The kinds of timers, as the store knows them.
pub mod timer_kind {
    pub const CART: &str = "cart";
    pub const DATE: &str = "date";
    pub const RESUME: &str = "resume";
    pub const SEGMENT: &str = "segment";
    /// Looks once more whether anything is left of somebody who was erased.
    pub const ERASE: &str = "erase";
    /// Of a whole workspace: a feast or a schedule of a journey.
    pub const OCCASION: &str = "occasion";
    /// Of a whole workspace: a provider told of a message before our own bookkeeping knew it.
    pub const RECEIPT: &str = "receipt";
}

/// A lag that is still keeping up.
const HELD_UP_MS: i64 = 5 * kit::MINUTE_MS;
/// How much of a rejected message is kept to look at, in characters.
const SAMPLE_CHARS: usize = 500;

pub struct Person {
    pub profile: Profile,
    /// The version in the store; `None` for a profile of this batch.
    pub version: Option<i64>,
    pub dirty: bool,
    pub search_dirty: bool,
    pub new_identifiers: Vec<Identifier>,
}

pub struct RunEntry {
    pub run: Run,
    /// The revision in the store; `None` for a run of this batch.
    pub revision: Option<i64>,
    pub dirty: bool,
    pub next_step: i64,
}

struct Merge {
    workspace: WorkspaceId,
    at: Timestamp,
    kept: ProfileNo,
    other: Profile,
    other_version: Option<i64>,
    joined: bool,
    reason: String,
    link: String,
}

pub struct World<'e> {
    pub store: &'e Store,
    pub directory: Arc<Directory>,
    pub members: &'e Members,
    pub numbers: &'e mut Numbers,
    event_names: &'e FxHashMap<(WorkspaceId, String), i64>,
    queue: BinaryHeap<Reverse<(Timestamp, u64)>>,
    work: FxHashMap<u64, Work>,
    next_work: u64,
    horizon: Timestamp,
    /// The tick's own instant.
    pub now: Timestamp,
    /// The logical instant of what is being folded.
    pub at: Timestamp,
    seqs: Vec<i64>,

    pub people: FxHashMap<ProfileKey, Person>,
    pub owners: FxHashMap<(WorkspaceId, Identifier), Option<ProfileNo>>,
    /// Absorbed profiles of this batch and who has them now.
    merged_into: FxHashMap<ProfileKey, ProfileNo>,
    /// Profiles that became another's in this batch, by whose they became: in the store their runs are still theirs.
    absorbed: FxHashMap<ProfileKey, Vec<ProfileKey>>,
    /// Profiles that changed since runs were last asked whether that ends them.
    pub changed: BTreeSet<ProfileKey>,
    orders: FxHashMap<OrderKey, Option<(ProfileNo, Order)>>,
    /// Which of them are whose.
    orders_of: FxHashMap<ProfileKey, BTreeSet<OrderKey>>,
    /// What is being folded is history.
    pub quiet: bool,
    dirty_orders: std::collections::BTreeSet<OrderKey>,
    summaries: FxHashMap<ProfileKey, Vec<OrderSummary>>,
    products: FxHashMap<(WorkspaceId, String), Option<Product>>,
    dirty_products: std::collections::BTreeSet<(WorkspaceId, String)>,
    pub runs: FxHashMap<ProfileKey, Vec<RunEntry>>,
    pub histories: FxHashMap<(WorkspaceId, ProfileNo, String), (u32, Option<Timestamp>)>,
    seen: FxHashSet<(WorkspaceId, MessageKey)>,

    new_names: Vec<((WorkspaceId, String), i64)>,
    pub events: Vec<NewEvent>,
    /// Whose of them are which, by their places.
    pub batch_events: FxHashMap<ProfileKey, Vec<usize>>,
    pub pasts: FxHashMap<ProfileKey, Loaded>,
    pub turning: Turning,
    /// What people did with messages in this batch, by the message's id.
    pub heard: Vec<(WorkspaceId, String, Timestamp, Response)>,
    pub starts: crate::starts::Starts,
    pub erasures: crate::erasure::Erasures,
    attribute_changes: Vec<(WorkspaceId, ProfileNo, AttributeChange, String)>,
    pub(crate) consent_records: Vec<(WorkspaceId, ProfileNo, ConsentRecord)>,
    merges: Vec<Merge>,
    refusals: FxHashSet<(WorkspaceId, ProfileNo, ProfileNo, String)>,
    rejections: Vec<(WorkspaceId, Timestamp, &'static str, String, String)>,
    pub steps: Vec<(WorkspaceId, String, StepRow)>,
    pub counts: BTreeMap<(WorkspaceId, String, u32, String, String), i64>,
    pub messages: Vec<MessageRow>,
    pub cancelled_runs: Vec<(WorkspaceId, String, String)>,
    /// Due runs that could not be read: their alarm clock is taken away.
    pub silenced: Vec<(WorkspaceId, String)>,
    timers: BTreeMap<(WorkspaceId, ProfileNo, String, String), Option<Timestamp>>,
    finished_timers: Vec<TimerRow>,
    responses: Vec<(WorkspaceId, i64, Timestamp, Responses, String, String)>,
    suppressions: Vec<(WorkspaceId, SuppressionRow)>,
    /// What steps of campaigns write beside their messages.
    pub campaign_changes: store::Changeset,
    /// What receipts of providers write on messages.
    pub receipts: store::Changeset,
    /// Templates of which nothing goes out any more, as their providers tell.
    pub(crate) refused_templates: Vec<crate::conduct::RefusedTemplate>,
    /// Soft bounces that this batch counted: how many in a row, and when the first was.
    pub soft_bounced: BTreeMap<(WorkspaceId, domain::consent::Channel, String), (u32, Timestamp)>,
    /// What becomes of devices that take notifications.
    pub devices: Vec<crate::devices::DeviceWrite>,
    /// Identifiers that were taken from those who held them in the store.
    pub dropped_identifiers: Vec<(WorkspaceId, Identifier, ProfileNo)>,
    arrivals: Vec<Arrival>,
    /// What the shop's own systems are to be told.
    pub told: crate::hooks::Told,
    imports: imports::Imports,
    /// Whose standing with sales this batch moves, and whom it handed leads when.
    pub(crate) lead_rows: BTreeSet<ProfileKey>,
    pub(crate) lead_ranks: BTreeMap<ProfileKey, crate::leads::Rank>,
    pub(crate) lead_turns: BTreeMap<(WorkspaceId, String), Timestamp>,
    /// Which products people looked at.
    pub(crate) seen_products: crate::occasions::Seen,
    pub tick: Tick,
}

impl<'e> World<'e> {
    pub fn load(
        store: &'e Store,
        directory: Arc<Directory>,
        batch: Batch,
        mut ahead: Ahead,
        engine: &'e mut Engine,
    ) -> Result<World<'e>, EngineError> {
        let Engine { numbers, event_names, members, .. } = engine;
        let mut world = World {
            store,
            directory,
            members,
            numbers,
            event_names,
            queue: BinaryHeap::new(),
            work: FxHashMap::default(),
            next_work: 0,
            horizon: Timestamp::MIN,
            now: Timestamp::MIN,
            at: Timestamp::MIN,
            seqs: Vec::new(),
            people: FxHashMap::default(),
            owners: FxHashMap::default(),
            merged_into: FxHashMap::default(),
            absorbed: FxHashMap::default(),
            changed: BTreeSet::new(),
            orders: FxHashMap::default(),
            orders_of: FxHashMap::default(),
            quiet: false,
            dirty_orders: Default::default(),
            summaries: FxHashMap::default(),
            products: FxHashMap::default(),
            dirty_products: Default::default(),
            runs: FxHashMap::default(),
            histories: FxHashMap::default(),
            seen: FxHashSet::default(),
            new_names: Vec::new(),
            events: Vec::new(),
            batch_events: FxHashMap::default(),
            pasts: FxHashMap::default(),
            turning: Turning::default(),
            heard: Vec::new(),
            starts: Default::default(),
            erasures: Default::default(),
            attribute_changes: Vec::new(),
            consent_records: Vec::new(),
            merges: Vec::new(),
            refusals: FxHashSet::default(),
            rejections: Vec::new(),
            steps: Vec::new(),
            counts: BTreeMap::new(),
            messages: Vec::new(),
            cancelled_runs: Vec::new(),
            silenced: Vec::new(),
            timers: BTreeMap::new(),
            finished_timers: Vec::new(),
            responses: Vec::new(),
            suppressions: Vec::new(),
            campaign_changes: store::Changeset::new(),
            receipts: store::Changeset::new(),
            refused_templates: Vec::new(),
            soft_bounced: BTreeMap::new(),
            devices: Vec::new(),
            dropped_identifiers: Vec::new(),
            arrivals: Vec::new(),
            told: Default::default(),
            imports: Default::default(),
            lead_rows: BTreeSet::new(),
            lead_ranks: BTreeMap::new(),
            lead_turns: BTreeMap::new(),
            seen_products: Default::default(),
            tick: Tick::default(),
        };
        // Of things at one instant, what came from outside is folded before what happens by itself: somebody
        // who buys at the very second at which the reminder is due gets none.
        for row in batch.rows {
            world.horizon = world.horizon.max(row.arrival.received_at);
            world.seqs.push(row.seq);
            world.tick.taken += row.arrival.items;
            let at = row.arrival.received_at;
            let unpacked = match ahead.0.remove(&row.seq) {
                Some(unpacked) => unpacked,
                None => unpack(&world.directory, row.seq, row.arrival),
            };
            world.tick.items += unpacked.items;
            for work in unpacked.works {
                world.push(at, work);
            }
        }
        for timer in batch.timers {
            world.horizon = world.horizon.max(timer.due_at);
            world.push(timer.due_at, Work::Timer(timer));
        }
        for run in batch.runs {
            world.horizon = world.horizon.max(run.due_at);
            match run.run_id.parse() {
                Ok(run_id) => world.push(run.due_at, Work::Run { key: (run.workspace, run.profile), run_id }),
                Err(_) => world.silenced.push((run.workspace, run.run_id)),
            }
        }
        world.preload()?;
        let here: Vec<ProfileKey> = world.people.keys().copied().collect();
        for key in here {
            world.note_sides(key)?;
        }
        Ok(world)
    }

    fn push(&mut self, at: Timestamp, work: Work) {
        let no = self.next_work;
        self.next_work += 1;
        self.queue.push(Reverse((at, no)));
        self.work.insert(no, work);
    }

    /// Reads in few queries what the batch will need.
    fn preload(&mut self) -> Result<(), EngineError> {
        let mut identifiers: Vec<(WorkspaceId, Identifier)> = Vec::new();
        let mut wanted: Vec<ProfileKey> = Vec::new();
        let mut orders: Vec<OrderKey> = Vec::new();
        let mut products: Vec<(WorkspaceId, String)> = Vec::new();
        let mut messages: Vec<(WorkspaceId, MessageKey, Timestamp)> = Vec::new();
        let mut brings_orders = false;
        let mut numbers: Vec<u64> = self.work.keys().copied().collect();
        numbers.sort_unstable();
        for no in numbers {
            match &self.work[&no] {
                Work::Item { workspace, item: incoming, .. } => {
                    let item = &incoming.item;
                    messages.push((*workspace, MessageKey::of(&item.message_id), item.received_at));
                    identifiers.extend(incoming.identifiers.iter().map(|id| (*workspace, id.clone())));
                    identifiers
                        .extend(crate::person::alias_sources(item).into_iter().map(|id| (*workspace, id)));
                    if let Some(told) = &incoming.commerce {
                        if let Some(order) = &told.order {
                            orders.push((*workspace, order.source.clone(), order.order_id.clone()));
                        }
                        products.extend(told.products.iter().map(|p| (*workspace, p.product_id.clone())));
                    }
                }
                Work::Run { key, .. } => wanted.push(*key),
                Work::Timer(timer) => wanted.push((timer.workspace, timer.profile)),
                Work::Import { workspace, slice } => {
                    for row in &slice.rows {
                        let person = row.person().map(|person| person.identifiers.as_slice());
                        identifiers.extend(person.into_iter().flatten().map(|id| (*workspace, id.clone())));
                        if let Some((message_id, at)) = row.message() {
                            messages.push((*workspace, MessageKey::of(&message_id), at));
                        }
                        if let crate::imports::ImportedRow::Order { order, .. } = row {
                            orders.push((*workspace, order.source.clone(), order.order_id.clone()));
                            products
                                .extend(order.products.iter().map(|p| (*workspace, p.product_id.clone())));
                            brings_orders = true;
                        }
                        if let crate::imports::ImportedRow::Product(product) = row {
                            products.push((*workspace, product.product_id.clone()));
                        }
                    }
                }
                Work::Note { .. } | Work::ImportUndo { .. } | Work::Rejected { .. } => {}
            }
        }
        identifiers.sort_unstable();
        identifiers.dedup();
        orders.sort_unstable();
        orders.dedup();
        products.sort_unstable();
        products.dedup();
        let store = self.store;
        store.read(|tx| {
            for ((workspace, key, _), seen) in messages.iter().zip(tx.seen_messages(&messages)?) {
                if seen {
                    self.seen.insert((*workspace, *key));
                }
            }
            let of: Vec<_> = identifiers.iter().map(|(workspace, id)| (*workspace, id)).collect();
            let owners = tx.find_identifiers(&of)?;
            let of: Vec<_> = orders.iter().map(|(w, s, o)| (*w, s.as_str(), o.as_str())).collect();
            let found_orders = tx.orders_named(&of)?;
            let of: Vec<_> = products.iter().map(|(w, id)| (*w, id.as_str())).collect();
            let found_products = tx.products_named(&of)?;
            let mut with_orders: Vec<ProfileKey> = Vec::new();
            for ((workspace, identifier), owner) in identifiers.into_iter().zip(owners) {
                wanted.extend(owner.map(|no| (workspace, no)));
                with_orders.extend(owner.filter(|_| brings_orders).map(|no| (workspace, no)));
                self.owners.insert((workspace, identifier), owner);
            }
            for (key, found) in orders.into_iter().zip(found_orders) {
                if let Some(row) = &found {
                    wanted.push((key.0, row.profile));
                    with_orders.push((key.0, row.profile));
                }
                self.orders.insert(key, found.map(|row| (row.profile, row.order)));
            }
            self.products.extend(products.into_iter().zip(found_products));
            wanted.sort_unstable();
            wanted.dedup();
            for (workspace, stored) in tx.profiles(&wanted)? {
                let key = (workspace, stored.profile.no);
                self.people.insert(key, Person::stored(stored.profile, stored.version));
            }
            for (key, rows) in wanted.iter().zip(tx.active_runs(&wanted)?) {
                self.runs.insert(*key, rows.into_iter().filter_map(RunEntry::stored).collect());
            }
            // How often the journeys that may start were started before, for profiles that exist.
            let mut histories: Vec<(WorkspaceId, ProfileNo, String)> = Vec::new();
            for work in self.work.values() {
                let Work::Item { workspace, item: incoming, .. } = work else { continue };
                let Some(shop) = self.directory.workspaces.get(workspace) else { continue };
                let starts = shop.started_by.get(&incoming.item.name).filter(|_| !incoming.item.historical);
                for (journey, _) in starts.into_iter().flatten() {
                    let owners = incoming
                        .identifiers
                        .iter()
                        .filter_map(|id| self.owners.get(&(*workspace, id.clone())).copied().flatten());
                    histories.extend(owners.map(|no| (*workspace, no, journey.clone())));
                }
            }
            histories.sort_unstable();
            histories.dedup();
            let of: Vec<_> = histories.iter().map(|(w, no, journey)| (*w, *no, journey.as_str())).collect();
            for (key, (started, last)) in histories.iter().zip(tx.run_history(&of)?) {
                let started = u32::try_from(started).unwrap_or(u32::MAX);
                self.histories.insert(key.clone(), (started, last));
            }
            with_orders.sort_unstable();
            with_orders.dedup();
            let summaries = tx.order_summaries(&with_orders)?;
            self.summaries.extend(with_orders.into_iter().zip(summaries));
            self.preload_segments(tx)
        })?;
        Ok(())
    }

    /// What the leaves of segments will ask about people whom the batch touches.
    fn preload_segments(&mut self, tx: &mut ReadTx<'_>) -> Result<(), StoreError> {
        let Some(Reverse((at, _))) = self.queue.peek().copied() else { return Ok(()) };
        let mut asked: FxHashMap<ProfileKey, Wants> = FxHashMap::default();
        // Most items of a batch have one of few names.
        let mut of_name: FxHashMap<(WorkspaceId, &str, bool), Wants> = FxHashMap::default();
        for work in self.work.values() {
            match work {
                Work::Item { workspace, item: incoming, .. } => {
                    let Some(shop) = self.directory.workspaces.get(workspace) else { continue };
                    let orders = incoming.commerce.as_ref().is_some_and(|told| told.order.is_some());
                    let name = incoming.item.name.as_str();
                    let wants = of_name.entry((*workspace, name, orders)).or_insert_with(|| {
                        let events = BTreeSet::from([name.to_owned()]);
                        shop.segments.wants_of(&Touch { orders, events, ..Touch::default() })
                    });
                    if !wants.reads_past() && !wants.time {
                        continue;
                    }
                    for identifier in &incoming.identifiers {
                        let owner = self.owners.get(&(*workspace, identifier.clone())).copied().flatten();
                        if let Some(no) = owner {
                            asked.entry((*workspace, no)).or_default().merge(wants);
                        }
                    }
                }
                Work::Timer(timer) if timer.kind == timer_kind::SEGMENT => {
                    if let Some(shop) = self.directory.workspaces.get(&timer.workspace) {
                        let wants = shop.segments.wants_of(&Touch { time: true, ..Touch::default() });
                        asked.entry((timer.workspace, timer.profile)).or_default().merge(&wants);
                    }
                }
                _ => {}
            }
        }
        self.preload_pasts(tx, asked, at)
    }

    /// Folds everything in the order of its logical time, and what becomes due on the way with it.
    pub fn run(&mut self, now: Timestamp) -> Result<(), EngineError> {
        self.horizon = self.horizon.min(now);
        self.now = now;
        while let Some(Reverse((at, no))) = self.queue.pop() {
            let Some(work) = self.work.remove(&no) else { continue };
            self.at = at;
            self.quiet = false;
            self.starts.depth = 0;
            self.told.hushed = matches!(&work, Work::Item { item, .. } if item.item.historical);
            match work {
                Work::Item { workspace, item, meta } => self.take_item(workspace, *item, &meta)?,
                Work::Note { workspace, note } => self.take_note(workspace, *note, at)?,
                Work::Import { workspace, slice } => self.take_import(workspace, *slice, at)?,
                Work::ImportUndo { workspace, slice } => self.take_undo(workspace, slice)?,
                Work::Rejected { workspace, rejection, sample } => {
                    self.reject(workspace, at, rejection.code, rejection.detail, sample);
                }
                Work::Run { key, run_id } => {
                    self.tick.fired += 1;
                    self.run_is_due(key, run_id, self.done_at(at))?;
                }
                Work::Timer(timer) => {
                    self.tick.fired += 1;
                    self.timer_is_due(timer, self.done_at(at))?;
                }
            }
            // What runs do turns segments, and what turns moves runs.
            loop {
                self.tell_segments()?;
                if self.changed.is_empty() {
                    break;
                }
                self.tell_changes()?;
            }
        }
        self.at = self.at.max(self.now);
        self.tell_segments_of_history()?;
        self.compute_leaves()
    }

    /// When something that was due at an instant counts as done: then, as long as the engine keeps up; now, when it
    /// was held up. What follows is counted from there, so that after an outage it does not come all at once.
    pub fn done_at(&self, due_at: Timestamp) -> Timestamp {
        if self.now.since_ms(due_at) > HELD_UP_MS { self.now } else { due_at }
    }

    pub fn shop(&self, workspace: WorkspaceId) -> Result<&Shop, EngineError> {
        self.directory.shop(workspace)
    }

    /// Whether a message id was taken in before; remembers it.
    pub fn is_repeated(&mut self, workspace: WorkspaceId, message_id: &str) -> bool {
        !self.seen.insert((workspace, MessageKey::of(message_id)))
    }

    pub fn reject(
        &mut self,
        workspace: WorkspaceId,
        at: Timestamp,
        code: &'static str,
        detail: String,
        sample: String,
    ) {
        let cut = |text: String| text.chars().take(SAMPLE_CHARS).collect::<String>();
        self.rejections.push((workspace, at, code, cut(detail), cut(sample)));
    }

    /// The profile of a number, whoever it was merged into meanwhile, loaded when it is not yet here.
    pub fn current(&mut self, key: ProfileKey) -> Result<Option<ProfileKey>, EngineError> {
        let mut key = key;
        while let Some(kept) = self.merged_into.get(&key) {
            key = (key.0, *kept);
        }
        if self.erasures.gone.contains(&key) {
            return Ok(None);
        }
        if !self.people.contains_key(&key) {
            let store = self.store;
            let loaded = store.read(|tx| {
                let profile = tx.profile(key.0, key.1)?;
                let runs = tx.active_runs(&[key])?;
                Ok((profile, runs))
            })?;
            let (Some(stored), runs) = loaded else { return Ok(None) };
            self.people.insert(key, Person::stored(stored.profile, stored.version));
            let rows = runs.into_iter().flatten().filter_map(RunEntry::stored).collect();
            self.runs.insert(key, rows);
            self.note_sides(key)?;
        }
        Ok(Some(key))
    }

    /// Reads people who are not yet here, in few queries.
    pub fn read_people(&mut self, of: &[ProfileKey]) -> Result<(), EngineError> {
        let store = self.store;
        let (people, runs) = store.read(|tx| Ok((tx.profiles(of)?, tx.active_runs(of)?)))?;
        let mut runs: FxHashMap<ProfileKey, Vec<RunRow>> = of.iter().copied().zip(runs).collect();
        for (workspace, stored) in people {
            let key = (workspace, stored.profile.no);
            self.people.insert(key, Person::stored(stored.profile, stored.version));
            let rows = runs.remove(&key).unwrap_or_default();
            self.runs.insert(key, rows.into_iter().filter_map(RunEntry::stored).collect());
            self.note_sides(key)?;
        }
        Ok(())
    }

    pub fn by_id(&mut self, workspace: WorkspaceId, id: &str) -> Result<Option<ProfileKey>, EngineError> {
        let Ok(id) = id.parse::<Id>() else { return Ok(None) };
        let here = self.people.iter().find(|((w, _), person)| *w == workspace && person.profile.id == id);
        if let Some((key, _)) = here {
            // Whoever was absorbed in this batch is still held, under another's number.
            let key = *key;
            return self.current(key);
        }
        let store = self.store;
        match store.read(|tx| tx.profile_by_id(workspace, id))? {
            Some(stored) => self.current((workspace, stored.profile.no)),
            None => Ok(None),
        }
    }

    pub fn new_person(&mut self, workspace: WorkspaceId, at: Timestamp) -> ProfileKey {
        let counter = self.numbers.profiles.entry(workspace).or_insert(0);
        *counter += 1;
        let no = ProfileNo(*counter);
        let id = self.numbers.id_of(crate::Kind::Profile, workspace, no.0, at);
        let person = Person {
            profile: Profile::new(no, id, at),
            version: None,
            dirty: true,
            search_dirty: true,
            new_identifiers: Vec::new(),
        };
        self.people.insert((workspace, no), person);
        self.runs.insert((workspace, no), Vec::new());
        self.tell_hooks((workspace, no), Topic::ProfileCreated, at, || serde_json::json!({}));
        let quiet = self.quiet;
        self.touch((workspace, no), quiet, |touch| touch.all = true);
        (workspace, no)
    }

    /// The id of a message of the ledger.
    pub fn message_id(&self, workspace: WorkspaceId, message_no: i64, at: Timestamp) -> Id {
        self.numbers.id_of(crate::Kind::Message, workspace, message_no, at)
    }

    pub fn person(&mut self, key: ProfileKey) -> Option<&mut Person> {
        self.people.get_mut(&key)
    }

    #[expect(clippy::too_many_arguments, reason = "one column each")]
    pub fn log_merge(
        &mut self,
        key: ProfileKey,
        other: Profile,
        other_version: Option<i64>,
        joined: bool,
        reason: &str,
        link: String,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        if !joined {
            // The same refusal comes with every message of a shared device: once is enough to explain it.
            let refusal = (key.0, key.1, other.no, link.clone());
            if !self.refusals.insert(refusal) {
                return Ok(());
            }
            let store = self.store;
            if store.read(|tx| tx.refusal_is_logged(key.0, key.1, other.no, &link))? {
                return Ok(());
            }
        }
        if joined {
            self.merged_into.insert((key.0, other.no), key.1);
            let told = || serde_json::json!({ "absorbed_profile_id": other.id.to_string() });
            self.tell_hooks(key, Topic::ProfileMerged, at, told);
        }
        let reason = reason.to_owned();
        self.merges.push(Merge {
            workspace: key.0,
            at,
            kept: key.1,
            other,
            other_version,
            joined,
            reason,
            link,
        });
        Ok(())
    }

    pub fn log_change(&mut self, key: ProfileKey, change: AttributeChange, source: &str) {
        self.tell_hooks_of_attribute(key, &change.name, change.at);
        self.attribute_changes.push((key.0, key.1, change, source.to_owned()));
    }

    pub fn log_consent(&mut self, key: ProfileKey, record: ConsentRecord) {
        let told = || {
            serde_json::json!({
                "channel": record.channel,
                "purpose": record.purpose,
                "state": record.state,
                "source": record.source,
            })
        };
        self.tell_hooks(key, Topic::ConsentChanged, record.at.0, told);
        self.consent_records.push((key.0, key.1, record));
    }

    pub fn add_event(&mut self, key: ProfileKey, event: EventDraft<'_>) -> i64 {
        let (workspace, profile) = key;
        let name_no = self.name_no(workspace, event.name);
        self.numbers.last.event += 1;
        let event_no = self.numbers.last.event;
        let quiet = event.historical;
        self.touch(key, quiet, |touch| {
            touch.events.insert(event.name.to_owned());
        });
        self.past_event(key, event.name, event_no, event.at, &event.body);
        self.batch_events.entry(key).or_default().push(self.events.len());
        self.events.push(NewEvent {
            event_no,
            workspace,
            profile,
            name_no,
            at: event.at,
            received_at: event.received_at,
            historical: event.historical,
            message_id: event.message_id.to_owned(),
            body: event.body,
            amount: event.amount,
        });
        event_no
    }

    fn name_no(&mut self, workspace: WorkspaceId, name: &str) -> i64 {
        let key = (workspace, name.to_owned());
        if let Some(no) = self.event_names.get(&key) {
            return *no;
        }
        if let Some((_, no)) = self.new_names.iter().find(|(known, _)| *known == key) {
            return *no;
        }
        let counter = self.numbers.names.entry(workspace).or_insert(0);
        *counter += 1;
        let no = *counter;
        self.new_names.push((key, no));
        no
    }

    pub fn next_message_no(&mut self) -> i64 {
        self.numbers.last.message += 1;
        self.numbers.last.message
    }

    pub fn set_timer(
        &mut self,
        key: ProfileKey,
        kind: &'static str,
        subject: &str,
        due_at: Option<Timestamp>,
    ) {
        self.timers.insert((key.0, key.1, kind.to_owned(), subject.to_owned()), due_at);
        if let Some(due_at) = due_at.filter(|at| *at <= self.horizon) {
            let (workspace, profile) = key;
            let subject = subject.to_owned();
            self.push(
                due_at,
                Work::Timer(TimerRow { due_at, workspace, kind: kind.into(), profile, subject }),
            );
        }
    }

    /// Wakes a run again within this batch if it is due before the batch ends.
    pub fn wake_run(&mut self, key: ProfileKey, run_id: Id, due_at: Option<Timestamp>) {
        if let Some(due_at) = due_at.filter(|at| *at <= self.horizon) {
            self.push(due_at, Work::Run { key, run_id });
        }
    }

    /// The number of an event name, if it was ever seen.
    pub fn known_name_no(&self, workspace: WorkspaceId, name: &str) -> Option<i64> {
        let key = (workspace, name.to_owned());
        let new = || self.new_names.iter().find(|(known, _)| *known == key).map(|(_, no)| *no);
        self.event_names.get(&key).copied().or_else(new)
    }

    /// When a timer is due by what this batch did to it; `None`: it did nothing to it.
    pub fn timer_of_batch(&self, key: ProfileKey, kind: &str, subject: &str) -> Option<Option<Timestamp>> {
        self.timers.get(&(key.0, key.1, kind.to_owned(), subject.to_owned())).copied()
    }

    /// The orders of a profile that this batch read or changed.
    pub fn batch_orders(&self, key: ProfileKey) -> Vec<Order> {
        let own = self.orders_of.get(&key).into_iter().flatten();
        own.filter_map(|order| self.orders.get(order)?.as_ref())
            .filter(|(owner, _)| *owner == key.1)
            .map(|(_, order)| order.clone())
            .collect()
    }

    /// Whether the profile was not absorbed by another in this batch.
    pub fn is_kept(&self, key: ProfileKey) -> bool {
        !self.merged_into.contains_key(&key)
    }

    /// The person changed in what is not an event: runs and leaves are to be asked.
    pub fn profile_changed(&mut self, key: ProfileKey) {
        self.changed.insert(key);
        let quiet = self.quiet;
        self.touch(key, quiet, |touch| touch.profile = true);
    }

    /// Wakes a campaign at an instant, in a later batch however early that is: one step is one changeset.
    pub fn wake_campaign(&mut self, workspace: WorkspaceId, campaign_id: &str, due_at: Timestamp) {
        let timer = crate::campaigns::timer(workspace, campaign_id, due_at);
        self.timers.insert((workspace, timer.profile, timer.kind, timer.subject), Some(due_at));
    }

    /// The tick's own instant.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn timer_is_current(&self, timer: &TimerRow) -> bool {
        let key = (timer.workspace, timer.profile, timer.kind.clone(), timer.subject.clone());
        self.timers.get(&key).is_none_or(|due_at| *due_at == Some(timer.due_at))
    }

    pub fn finish_timer(&mut self, timer: TimerRow) {
        let key = (timer.workspace, timer.profile, timer.kind.clone(), timer.subject.clone());
        self.timers.remove(&key);
        self.finished_timers.push(timer);
    }

    pub fn respond(
        &mut self,
        workspace: WorkspaceId,
        message_no: i64,
        at: Timestamp,
        response: Response,
        machine: Option<&str>,
        url: Option<&str>,
    ) {
        let mut counted = Responses::default();
        let what = match (response, machine) {
            (Response::Opened, None) => {
                counted.opens = 1;
                counted.first_opened_at = Some(at);
                "opened"
            }
            (Response::Opened, Some(_)) => {
                counted.machine_opens = 1;
                "machine_opened"
            }
            (Response::Clicked, None) => {
                counted.clicks = 1;
                counted.first_clicked_at = Some(at);
                "clicked"
            }
            (Response::Clicked, Some(_)) => {
                counted.machine_clicks = 1;
                "machine_clicked"
            }
            (Response::Unsubscribed, _) => {
                counted.unsubscribed_at = Some(at);
                "unsubscribed"
            }
        };
        let detail = machine.or(url).unwrap_or_default().to_owned();
        self.responses.push((workspace, message_no, at, counted, what.to_owned(), detail));
    }

    /// What this batch has found so far that came of a message: when, the word of its log, and with what detail.
    pub fn responses_to(
        &self,
        workspace: WorkspaceId,
        message_no: i64,
    ) -> impl Iterator<Item = (Timestamp, &str, &str)> {
        let of = self.responses.iter().filter(move |one| (one.0, one.1) == (workspace, message_no));
        of.map(|(_, _, at, _, what, detail)| (*at, what.as_str(), detail.as_str()))
    }

    pub fn suppress(&mut self, workspace: WorkspaceId, row: SuppressionRow) {
        self.suppressions.push((workspace, row));
    }

    pub fn append(&mut self, arrival: Arrival) {
        self.arrivals.push(arrival);
    }

    pub fn order(&mut self, key: OrderKey) -> Result<Option<(ProfileNo, Order)>, EngineError> {
        if !self.orders.contains_key(&key) {
            let store = self.store;
            let found = store.read(|tx| tx.orders_named(&[(key.0, &key.1, &key.2)]))?;
            let found = found.into_iter().flatten().next().map(|row| (row.profile, row.order));
            self.orders.insert(key.clone(), found);
        }
        Ok(self.orders.get(&key).cloned().flatten())
    }

    pub fn put_order(&mut self, key: OrderKey, owner: ProfileNo, order: Order) {
        let person = (key.0, owner);
        let is_new = !matches!(self.orders.get(&key), Some(Some(_)));
        self.tell_hooks_of_order(key.0, owner, &order, is_new);
        let quiet = self.quiet;
        self.touch(person, quiet, |touch| touch.orders = true);
        self.past_order(person, &order);
        self.orders_of.entry(person).or_default().insert(key.clone());
        self.orders.insert(key.clone(), Some((owner, order)));
        self.dirty_orders.insert(key);
    }

    /// The orders of a profile in brief, as the store and this batch know them.
    pub fn summaries(&mut self, key: ProfileKey) -> Result<&mut Vec<OrderSummary>, EngineError> {
        if !self.summaries.contains_key(&key) {
            let loaded = if self.people.get(&key).is_some_and(|person| person.version.is_none()) {
                Vec::new()
            } else {
                let store = self.store;
                store.read(|tx| tx.order_summaries(&[key]))?.into_iter().flatten().collect()
            };
            self.summaries.insert(key, loaded);
        }
        Ok(self.summaries.entry(key).or_default())
    }

    /// What the orders of a profile come to.
    pub fn totals(&mut self, key: ProfileKey) -> Result<OrderTotals, EngineError> {
        let directory = Arc::clone(&self.directory);
        let shop = directory.shop(key.0)?;
        Ok(OrderTotals::of(self.summaries(key)?.iter(), &shop.workspace.settings.currency, &shop.zone))
    }

    /// Gives the absorbed profile's orders and runs to the one that stays.
    pub fn hand_over(&mut self, from: ProfileKey, to: ProfileKey) -> Result<(), EngineError> {
        let theirs = self.summaries(from)?.clone();
        self.summaries(to)?.extend(theirs);
        self.summaries.remove(&from);
        self.join_sides(from, to);
        for ((workspace, ..), order) in &mut self.orders {
            if let Some((owner, _)) = order
                && *workspace == from.0
                && *owner == from.1
            {
                *owner = to.1;
            }
        }
        let theirs = self.orders_of.remove(&from).unwrap_or_default();
        self.orders_of.entry(to).or_default().extend(theirs);
        let theirs = self.batch_events.remove(&from).unwrap_or_default();
        self.batch_events.entry(to).or_default().extend(theirs);
        self.pasts.remove(&to);
        self.forget(from);
        let quiet = self.quiet;
        self.touch(to, quiet, |touch| touch.all = true);
        let moved: Vec<RunEntry> = self.runs.remove(&from).unwrap_or_default();
        let ours = self.runs.entry(to).or_default();
        for mut entry in moved {
            entry.run.profile = to.1;
            entry.dirty = true;
            ours.push(entry);
        }
        ours.sort_by_key(|entry| entry.run.id);
        self.histories.retain(|(workspace, no, _), _| *workspace != from.0 || (*no != from.1 && *no != to.1));
        let mut theirs = self.absorbed.remove(&from).unwrap_or_default();
        theirs.push(from);
        self.absorbed.entry(to).or_default().extend(theirs);
        self.changed.remove(&from);
        self.changed.insert(to);
        let timers: Vec<_> = self.timers.keys().filter(|(w, no, ..)| (*w, *no) == from).cloned().collect();
        for key in timers {
            self.timers.remove(&key);
        }
        Ok(())
    }

    pub fn take_product(&mut self, workspace: WorkspaceId, told: Product) -> Result<(), EngineError> {
        if told.product_id.len() > 200 {
            return Ok(());
        }
        let key = (workspace, told.product_id.clone());
        if !self.products.contains_key(&key) {
            let store = self.store;
            let found = store.read(|tx| tx.products_named(&[(workspace, &told.product_id)]))?;
            self.products.insert(key.clone(), found.into_iter().flatten().next());
        }
        let occasions = self.shop(workspace)?.occasions.clone();
        let at = self.at;
        let mut turned = Vec::new();
        let slot = self.products.entry(key.clone()).or_default();
        let changed = match slot {
            Some(held) if told.from_catalogue => {
                let before = held.clone();
                let changed = held.apply(&told);
                turned = held.turned(&before, occasions.min_drop, at);
                changed
            }
            Some(held) => held.apply(&told),
            None => {
                *slot = Some(told);
                true
            }
        };
        self.tell_turned(workspace, &key.1, &turned, &occasions);
        if changed {
            self.dirty_products.insert(key);
        }
        Ok(())
    }

    /// Whose runs in the store are this profile's: its own, and those of whom it absorbed in this batch.
    pub fn stored_as(&self, key: ProfileKey) -> Vec<ProfileKey> {
        let own = self.people.get(&key).is_some_and(|person| person.version.is_some());
        let absorbed = self.absorbed.get(&key).into_iter().flatten().copied();
        own.then_some(key).into_iter().chain(absorbed).collect()
    }
}

/// An event on its way into the store.
pub struct EventDraft<'a> {
    pub name: &'a str,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub historical: bool,
    pub message_id: &'a str,
    pub body: String,
    /// Of `domain::event::amount_of`.
    pub amount: Option<i64>,
}

impl Person {
    pub fn stored(profile: Profile, version: i64) -> Person {
        Person {
            profile,
            version: Some(version),
            dirty: false,
            search_dirty: false,
            new_identifiers: Vec::new(),
        }
    }
}

impl RunEntry {
    fn stored(row: RunRow) -> Option<RunEntry> {
        // A run that does not read back is left alone and told of: guessing its place could send twice.
        match serde_json::from_str::<StoredRun<Run>>(&row.doc) {
            Ok(stored) => Some(RunEntry {
                run: stored.run,
                revision: Some(row.revision),
                dirty: false,
                next_step: stored.next_step,
            }),
            Err(error) => {
                tracing::error!(run.id = %row.run_id, %error, "a run cannot be read and is held");
                None
            }
        }
    }

    fn row(&self, profile: ProfileNo) -> RunRow {
        let stored = StoredRun { next_step: self.next_step, run: &self.run };
        RunRow {
            run_id: self.run.id.to_string(),
            journey_id: self.run.journey_id.to_string(),
            version: i64::from(self.run.version),
            profile,
            state: self.run.state.as_str().to_owned(),
            node: self.run.node.clone().unwrap_or_default(),
            due_at: self.run.due_at(),
            started_at: self.run.started_at,
            ended_at: self.run.ended_at,
            revision: self.revision.unwrap_or(0),
            doc: serde_json::to_string(&stored).unwrap_or_default(),
        }
    }
}

/// A run as its row holds it: with the number that its next log line takes.
#[derive(serde::Serialize, serde::Deserialize)]
struct StoredRun<R> {
    next_step: i64,
    #[serde(flatten)]
    run: R,
}
