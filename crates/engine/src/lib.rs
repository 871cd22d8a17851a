//! The shell around the pure domain: takes what arrived, computes one changeset, stores it; then hands messages to
//! channels and writes down what became of them.
//!
//! It must never read a clock or chance by itself (`now` and a seed are arguments), never write outside a
//! changeset, and never call a provider: what is to be sent is returned as [`Outgoing`]. Start with
//! [`Engine::tick`]; production, simulation and tests call the same function.

mod bell;
pub mod budgets;
pub mod campaigns;
mod conduct;
mod contents;
pub mod devices;
mod directory;
mod dispatch;
mod door;
mod erasure;
mod facts;
pub mod foreseen;
pub mod grid;
pub mod habits;
pub mod hooks;
pub mod imports;
mod insight;
pub mod install;
mod journeys;
pub mod leads;
pub mod learning;
mod note;
pub mod occasions;
pub mod pace;
mod person;
mod receipts;
pub mod rehearsal;
mod render;
mod retention;
pub mod segments;
pub mod shelf;
mod starts;
mod stops;
mod token;
mod turns;
mod world;

pub use bell::Bell;
pub use conduct::{pause_journey, publish_journey, resume_journey};
pub use dispatch::{Dispatcher, Identity, Outgoing, RETRY_ATTEMPTS_MAX, SettleReport, take_fates};
pub use door::{Accepted, Door, DoorError, Durable, Request};
pub use erasure::{Erased, Orders as ErasedOrders, erased_hash, erasures_of, reapply_erasures};
pub use facts::{ProfileFacts, zone_of};
pub use insight::{Insight, Insights, NO_INSIGHT};
pub use note::{Note, Response, ShownOnPage, machine_of};
pub use render::{Composed, Composer, Draft, Occasion, RenderFailure, order_of_context};
pub use retention::{cutoff as retention_cutoff, notes as retention_notes};
pub use starts::Pass;
pub use token::{Link, TokenKey};

use directory::Directory;
use kit::{Id, Rng, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use store::people::LastNumbers;
use store::{Changeset, Store, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("workspace {} does not exist", .0.0)]
    UnknownWorkspace(WorkspaceId),
    #[error("there is no journey {0}, or not this version of it")]
    UnknownJourney(String),
    #[error("a campaign cannot be read: {0}")]
    UnreadableCampaign(String),
}

/// The name under which the engine stores how far it has come in the inbox.
pub const PROCESSED: &str = "processed";

/// Messages taken from the inbox in one changeset, about: rows are taken whole.
const BATCH_ITEMS: i64 = 4_000;
/// Timers and runs that fire in one changeset.
const BATCH_TIMERS: i64 = 1_000;
/// A changeset that meets a change made beside the engine is computed anew this often.
const CONFLICTS_MAX: u32 = 8;
/// After a batch failed by itself, so many are done one thing at a time.
const CAREFUL_STEPS: u32 = 1_024;

/// What one tick did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tick {
    /// Messages of clients that were taken from the inbox and could be read.
    pub items: u64,
    /// What the rows taken counted for at the door.
    pub taken: i64,
    /// Runs and timers that fired.
    pub fired: u64,
    /// Messages written to the ledger.
    pub decided: u64,
    /// Messages for the shop's own systems.
    pub told: u64,
    /// Leaves of segments were computed for some people, or segments put in force.
    pub computed: bool,
    /// The last inbox row that was processed, if any.
    pub processed: Option<i64>,
}

impl Tick {
    pub fn did_nothing(&self) -> bool {
        self.items == 0 && self.fired == 0 && self.processed.is_none() && !self.computed
    }
}

/// Counters that go forward with each changeset, and back when one could not be stored.
#[derive(Clone, Debug)]
struct Numbers {
    last: LastNumbers,
    transition: i64,
    profiles: FxHashMap<WorkspaceId, i64>,
    names: FxHashMap<WorkspaceId, i64>,
    seed: u64,
}

impl Numbers {
    /// The id of what has this number: the same on every try, whether the process died in between or not.
    fn id_of(&self, kind: Kind, workspace: WorkspaceId, no: i64, at: Timestamp) -> Id {
        let place = ((kind as u64) << 62) ^ ((workspace.0 as u64) << 44) ^ no as u64;
        Id::new(at, &mut Rng::seeded(self.seed ^ place))
    }
}

/// What is numbered and has an id beside.
#[derive(Clone, Copy)]
enum Kind {
    Profile = 1,
    Message = 2,
}

/// The one writer of profiles, events, orders, runs and new messages. One process at a time may drive it, see
/// [`Store::try_lead`].
pub struct Engine {
    store: Arc<Store>,
    directory: Arc<Directory>,
    numbers: Numbers,
    event_names: FxHashMap<(WorkspaceId, String), i64>,
    /// Batches still to be done one thing at a time.
    careful: u32,
    /// Unpacked by this directory.
    ahead: world::Ahead,
    members: segments::Members,
}

impl Engine {
    /// Reads where an earlier engine stopped. `seed` decides ids and nothing else.
    pub fn open(store: Arc<Store>, seed: u64) -> Result<Engine, EngineError> {
        let (directory, missing, last, names, profiles, transition, members) = store.read(|tx| {
            let directory = Directory::read(tx, &Insights::default())?;
            let missing = segments::without_everybody(&directory, &tx.conditions()?);
            let mut profiles = FxHashMap::default();
            for workspace in directory.workspaces.keys() {
                profiles.insert(*workspace, tx.last_profile_no(*workspace)?.0);
            }
            let members = segments::Members::read(tx)?;
            Ok((
                directory,
                missing,
                tx.last_numbers()?,
                tx.event_names()?,
                profiles,
                tx.last_transition_no()?,
                members,
            ))
        })?;
        if !missing.is_empty() {
            // The first tick finds another configuration than the one that was read, and reads it.
            segments::follow_everybody(&store, &missing)?;
        }
        let mut highest: FxHashMap<WorkspaceId, i64> = FxHashMap::default();
        let mut event_names = FxHashMap::default();
        for (workspace, no, name) in names {
            let slot = highest.entry(workspace).or_default();
            *slot = (*slot).max(no);
            event_names.insert((workspace, name), no);
        }
        let mut engine = Engine {
            store,
            directory: Arc::new(directory),
            numbers: Numbers { last, transition, profiles, names: highest, seed },
            event_names,
            careful: 0,
            ahead: Default::default(),
            members,
        };
        engine.follow_settings()?;
        Ok(engine)
    }

    /// Has every verdict made anew when the settings that verdicts depend on are others than those they were made by.
    fn follow_settings(&mut self) -> Result<(), EngineError> {
        let mark = segments::settings_mark(&self.directory);
        let learned = segments::learned_mark(&self.directory);
        let (held, held_learned) =
            self.store.read(|tx| Ok((tx.progress(segments::SETTINGS)?, tx.progress(segments::LEARNED)?)))?;
        let is_other = held.is_some_and(|held| held != mark);
        let is_refitted = held_learned.is_some_and(|held| held != learned);
        if held == Some(mark) && held_learned == Some(learned) {
            return Ok(());
        }
        let anew: Vec<(WorkspaceId, i64)> = self
            .members
            .0
            .keys()
            .filter(|(workspace, leaf)| is_other || (is_refitted && self.is_learned(*workspace, *leaf)))
            .copied()
            .collect();
        let mut changes = Changeset::new();
        changes.set_progress(segments::SETTINGS, mark);
        changes.set_progress(segments::LEARNED, learned);
        for (workspace, leaf) in &anew {
            changes.set_condition_scanned(*workspace, *leaf, 0, false);
        }
        self.store.apply(changes)?;
        for key in anew {
            if let Some(leaf) = self.members.0.get_mut(&key) {
                leaf.scanned_to = 0;
                leaf.live = false;
            }
        }
        Ok(())
    }

    /// Whether a leaf reads what a model tells.
    fn is_learned(&self, workspace: WorkspaceId, leaf: i64) -> bool {
        let shop = self.directory.workspaces.get(&workspace);
        shop.is_some_and(|shop| shop.segments.leaves.iter().any(|held| held.no == leaf && held.wants.learned))
    }

    /// Takes in what arrived, fires what is due at `now`, and stores the effects as one changeset. Call it until
    /// it [did nothing](Tick::did_nothing); then nothing changes before something arrives or [`Engine::next_due`].
    ///
    /// A batch that fails by itself (a fault of ours, a value that the store refuses, even a panic) is done again
    /// one thing at a time, and the one that fails is set aside, so that it holds up nothing behind it. Errors are
    /// those of the store being out of reach or full; the same call can be made again.
    pub fn tick(&mut self, now: Timestamp) -> Result<Tick, EngineError> {
        self.refresh()?;
        let mut conflicts = 0;
        loop {
            let careful = self.careful > 0;
            let before = self.numbers.clone();
            let batch = world::Batch::gather(&self.store, now, careful)?;
            if batch.is_empty() {
                self.careful = 0;
                if !self.leaves_wait() {
                    return Ok(Tick::default());
                }
            }
            let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.attempt(batch, now)));
            let failed = match tried {
                Ok(Ok(tick)) => {
                    self.careful = self.careful.saturating_sub(1);
                    return Ok(tick);
                }
                Ok(Err(error)) => {
                    self.numbers = before;
                    match &error {
                        EngineError::Store(StoreError::Conflict { .. } | StoreError::Duplicate { .. })
                            if conflicts < CONFLICTS_MAX =>
                        {
                            // Somebody else (a journey paused, another process) was faster: compute again.
                            conflicts += 1;
                            self.refresh()?;
                            continue;
                        }
                        EngineError::Store(
                            StoreError::Full(_)
                            | StoreError::Unavailable(_)
                            | StoreError::Uncertain(_)
                            | StoreError::Closed
                            | StoreError::Migration(_),
                        ) => return Err(error),
                        _ => error.to_string(),
                    }
                }
                Err(panic) => {
                    self.numbers = before;
                    let told = panic.downcast_ref::<String>().map(String::as_str);
                    let told = told.or_else(|| panic.downcast_ref::<&str>().copied());
                    format!("panic: {}", told.unwrap_or("without a message"))
                }
            };
            conflicts = 0;
            if !careful {
                tracing::error!(error = %failed, "a batch failed; it is done again one thing at a time");
                self.careful = CAREFUL_STEPS;
                continue;
            }
            let batch = world::Batch::gather(&self.store, now, true)?;
            let (taken, processed) = batch.taken();
            self.store.apply(batch.set_aside(now, &failed))?;
            return Ok(Tick { taken, processed, fired: 1, ..Tick::default() });
        }
    }

    fn attempt(&mut self, batch: world::Batch, now: Timestamp) -> Result<Tick, EngineError> {
        let store = Arc::clone(&self.store);
        let ahead = std::mem::take(&mut self.ahead);
        let directory = Arc::clone(&self.directory);
        let more = batch.more;
        let mut world = world::World::load(&store, Arc::clone(&directory), batch, ahead, self)?;
        world.run(now)?;
        world.gather_hooks()?;
        // Before the telling is used up: after a crash in between it is taken again, and finds them halted.
        for refused in &world.refused_templates {
            conduct::stop_senders(&store, refused, now)?;
        }
        let world::Finished { changes, tick, new_names, turned } = world.finish();
        let processed = tick.processed;
        let (store, directory) = (&store, &directory);
        let (applied, ahead) = std::thread::scope(|scope| {
            // While the store writes this batch, the messages of the next are read: neither needs the other.
            let reading = processed
                .filter(|_| more)
                .map(|seq| scope.spawn(move || world::Ahead::read(store, directory, seq)));
            let applied = store.apply(changes);
            // What fails here fails again, and is dealt with, when the row has its turn.
            (applied, reading.and_then(|reading| reading.join().ok()?.ok()))
        });
        applied?;
        self.ahead = ahead.unwrap_or_default();
        self.event_names.extend(new_names);
        turned.install(&mut self.members);
        Ok(tick)
    }

    /// When something happens by itself next; messages that wait to be sent are [`Dispatcher::next_due`]'s.
    pub fn next_due(&self) -> Result<Option<Timestamp>, EngineError> {
        Ok(self.store.read(|tx| tx.next_due())?)
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Whether leaves of segments are still to be computed, or segments to be put in force.
    fn leaves_wait(&self) -> bool {
        let to_compute = self.members.0.values().any(|held| !held.live);
        let shops = || self.directory.workspaces.values();
        to_compute
            || shops().any(|shop| shop.segments.segments.iter().any(|segment| segment.next.is_some()))
            || shops().any(|shop| !shop.segments.unused.is_empty())
    }

    fn refresh(&mut self) -> Result<(), EngineError> {
        let generation = self.store.read(|tx| tx.progress(store::inbox::CONFIGURATION))?.unwrap_or(0);
        if generation != self.directory.generation || self.directory.workspaces.is_empty() {
            let held = self.directory.insights.clone();
            let (directory, conditions) =
                self.store.read(|tx| Ok((Directory::read(tx, &held)?, tx.conditions()?)))?;
            self.members.follow(&conditions);
            for unreadable in &directory.unreadable {
                tracing::error!(journey = %unreadable, "a definition cannot be read; what follows it is held");
            }
            for workspace in directory.workspaces.keys() {
                self.numbers.profiles.entry(*workspace).or_insert(0);
            }
            let missing = segments::without_everybody(&directory, &conditions);
            self.directory = Arc::new(directory);
            self.ahead = Default::default();
            if !missing.is_empty() {
                segments::follow_everybody(&self.store, &missing)?;
                return self.refresh();
            }
            self.follow_settings()?;
        }
        Ok(())
    }
}

/// The id of a thing that is named by text, the same on every try.
pub fn derived_id(parts: &[&str]) -> Id {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    Id::from_u128(u128::from_be_bytes(bytes))
}

/// The id of a journey that is named by its id, or by the word of the shop's own under which it was put.
pub fn journey_id_of(told: &str) -> String {
    match told.parse::<Id>() {
        Ok(id) => id.to_string(),
        Err(_) => derived_id(&["journey", told]).to_string(),
    }
}

/// Stores a changeset of configuration and tells every process of it.
pub fn configure(store: &Store, mut changes: Changeset) -> Result<(), StoreError> {
    changes.touch_configuration();
    store.apply(changes).map(|_| ())
}
