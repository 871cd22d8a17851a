//! The running product: one loop that drives the engine, one that hands messages over.

use crate::channels::{Desk, Switchboard};
use crate::clock::until;
use anyhow::Result;
use domain::consent::Channel;
use domain::delivery::{Content, Delivery, MessageClass, Outcome, TextContent};
use engine::{Bell, Composer, Dispatcher, Door, Engine, Outgoing};
use kit::{Clock, WorkspaceId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use store::messages::AskRow;
use store::{Leadership, Store};
use tokio::sync::watch;

/// The engine looks at the store at least this often: other processes change settings without ringing.
const ENGINE_WAIT_MAX: Duration = Duration::from_secs(1);
/// The sender likewise.
const SENDER_WAIT_MAX: Duration = Duration::from_secs(1);
/// Other processes hear of changes this often.
const SPREAD_WAIT: Duration = Duration::from_secs(1);
/// After an error both loops wait before they try again.
const ERROR_WAIT: Duration = Duration::from_secs(1);
/// Messages of one channel under way at once, whatever its settings say.
const IN_FLIGHT_MAX: usize = 128;
/// Messages whose fate is asked for in one round.
const ASKED_MAX: i64 = 5_000;
/// Calls of a round by which a provider is asked, where it says nothing of how many it takes.
const ASK_CALLS_MAX: usize = 5;
/// Old bodies, sessions and answers are cleared this often.
const HOUSEKEEPING_MS: i64 = kit::HOUR_MS;

/// What the loops share with the rest of the process.
pub struct Shared {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    /// How fast the clock runs; 1 for the real one.
    pub speed: f64,
    pub door: Arc<Door>,
    /// Rung when something was appended to the inbox.
    pub engine_bell: Arc<Bell>,
    /// Rung when messages were decided, or a hand-over ended.
    pub sender_bell: Arc<Bell>,
    /// Rung when long work was asked for.
    pub jobs_bell: Arc<Bell>,
    /// Rung when the shop's own systems are to be told something.
    pub hooks_bell: Arc<Bell>,
    /// The last inbox row processed.
    pub processed: watch::Sender<i64>,
    /// Whether this process leads: it drives the engine and sends.
    pub leads: Arc<AtomicBool>,
    stop: AtomicBool,
}

impl Shared {
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, speed: f64) -> Result<Arc<Shared>> {
        let engine_bell = Arc::new(Bell::default());
        let door = Arc::new(Door::open(Arc::clone(&store), Arc::clone(&engine_bell))?);
        let processed = store.read(|tx| tx.progress(engine::PROCESSED))?.unwrap_or(0);
        Ok(Arc::new(Shared {
            store,
            clock,
            speed,
            door,
            engine_bell,
            sender_bell: Arc::new(Bell::default()),
            jobs_bell: Arc::new(Bell::default()),
            hooks_bell: Arc::new(Bell::default()),
            processed: watch::Sender::new(processed),
            leads: Arc::new(AtomicBool::new(false)),
            stop: AtomicBool::new(false),
        }))
    }

    pub fn stops(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// The threads of a running product. Stop it; dropping it leaves them running.
pub struct Running {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Starts the loops. `seed` decides ids only.
pub fn start(
    shared: &Arc<Shared>,
    services: &Arc<api::Services>,
    desk: Arc<Desk>,
    composer: Composer,
    seed: u64,
) -> Result<Running> {
    let runtime = tokio::runtime::Handle::current();
    if matches!(*shared.store, Store::Postgres(_)) {
        runtime.spawn(tell_others(Arc::clone(shared)));
    }
    let (leader, counted) = (Arc::clone(shared), Arc::clone(services));
    let engine =
        std::thread::Builder::new().name("engine".into()).spawn(move || lead(&leader, &counted, seed))?;
    let hooks = crate::hooks::Hooks::new(
        Arc::clone(shared),
        Arc::clone(services),
        Arc::clone(&desk),
        runtime.clone(),
    );
    let hooks = std::thread::Builder::new().name("webhooks".into()).spawn(move || hooks.run())?;
    let (sender_shared, counted) = (Arc::clone(shared), Arc::clone(services));
    let sender = std::thread::Builder::new()
        .name("sender".into())
        .spawn(move || Sender::new(sender_shared, counted, desk, composer, runtime).run())?;
    let (jobs_shared, data) = (Arc::clone(shared), services.data.clone());
    let version = services.build.version.clone();
    let jobs = std::thread::Builder::new()
        .name("jobs".into())
        .spawn(move || crate::transfers::run(&jobs_shared, &data, &version))?;
    Ok(Running { shared: Arc::clone(shared), threads: vec![engine, sender, jobs, hooks] })
}

/// Tells other processes what this one changed, for those who look at a screen there.
#[expect(clippy::disallowed_methods, reason = "how often others are told decides nothing about anybody")]
async fn tell_others(shared: Arc<Shared>) {
    let mut failed = false;
    while !shared.stops() {
        tokio::time::sleep(SPREAD_WAIT).await;
        let store = Arc::clone(&shared.store);
        let told = tokio::task::spawn_blocking(move || store.spread_topics()).await;
        let fails = !matches!(told, Ok(Ok(())));
        if fails && !failed {
            tracing::warn!("other processes cannot be told what changed; it is tried again");
        }
        failed = fails;
    }
}

impl Running {
    /// Lets what is under way end, then stops. Blocks.
    pub fn stop(self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.engine_bell.ring();
        self.shared.sender_bell.ring();
        self.shared.jobs_bell.ring();
        self.shared.hooks_bell.ring();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a loop ended by a panic");
            }
        }
    }
}

/// Waits for the engine role, then drives the engine for as long as it is held.
fn lead(shared: &Shared, services: &api::Services, seed: u64) {
    let mut told = false;
    while !shared.stops() {
        match shared.store.try_lead() {
            Ok(Some(leadership)) => {
                shared.leads.store(true, Ordering::SeqCst);
                shared.sender_bell.ring();
                drive(shared, services, &leadership, seed);
                shared.leads.store(false, Ordering::SeqCst);
                told = false;
            }
            Ok(None) => {
                if !told {
                    tracing::info!("another process drives the engine; this one takes over when it ends");
                    told = true;
                }
                shared.engine_bell.wait(ERROR_WAIT);
            }
            Err(error) => {
                tracing::error!(%error, "the engine role cannot be asked for");
                shared.engine_bell.wait(ERROR_WAIT);
            }
        }
    }
}

fn drive(shared: &Shared, services: &api::Services, leadership: &Leadership, seed: u64) {
    let mut engine = None;
    while !shared.stops() && leadership.is_held() {
        let driven = match &mut engine {
            Some(engine) => turn(shared, services, engine),
            none => Engine::open(Arc::clone(&shared.store), seed ^ shared.clock.now().ms().unsigned_abs())
                .map(|opened| *none = Some(opened)),
        };
        if let Err(error) = driven {
            tracing::error!(%error, "the engine could not go on; it tries again");
            engine = None;
            shared.engine_bell.wait(ERROR_WAIT);
        }
    }
}

fn turn(shared: &Shared, services: &api::Services, engine: &mut Engine) -> Result<(), engine::EngineError> {
    let now = shared.clock.now();
    let tick = engine.tick(now)?;
    if tick.did_nothing() {
        let due = engine.next_due()?;
        shared.engine_bell.wait(until(now, due, shared.speed, ENGINE_WAIT_MAX));
        return Ok(());
    }
    services.metrics.ticked(&tick);
    shared.door.left(tick.taken);
    if let Some(processed) = tick.processed {
        shared.processed.send_replace(processed);
    }
    if tick.told > 0 {
        shared.hooks_bell.ring();
    }
    if tick.decided > 0 {
        shared.sender_bell.ring();
    }
    Ok(())
}

/// An advertisement to nobody, by which a provider is asked whether it takes such only together with others.
fn advertisement(channel: Channel) -> Delivery {
    let content = TextContent { body: String::new(), class: MessageClass::Advertising };
    Delivery {
        key: String::new(),
        channel: channel.to_string(),
        to: String::new(),
        content: Content::Text(content),
        attempt: 1,
        attempted_at: kit::Timestamp::from_ms(0),
    }
}

/// How a provider's limit on messages in a time is kept.
struct Pace {
    rate: plugs::Rate,
    /// When the last ones were handed over, the oldest first; no more than the rate counts.
    went: VecDeque<kit::Timestamp>,
}

impl Pace {
    /// A rate with what is known of the channel's past.
    fn kept(rate: plugs::Rate, known: Option<&Pace>) -> Pace {
        Pace { rate, went: known.map(|known| known.went.clone()).unwrap_or_default() }
    }

    /// How many more may go now.
    fn free(&mut self, now: kit::Timestamp) -> usize {
        while self.went.front().is_some_and(|at| now.since_ms(*at) >= self.rate.per_ms) {
            self.went.pop_front();
        }
        (self.rate.count as usize).saturating_sub(self.went.len())
    }

    fn went(&mut self, now: kit::Timestamp) {
        self.went.push_back(now);
    }
}

/// Claims messages, hands them to their channels, and writes down what became of them.
struct Sender {
    shared: Arc<Shared>,
    services: Arc<api::Services>,
    desk: Arc<Desk>,
    dispatcher: Dispatcher,
    board: Switchboard,
    generation: Option<i64>,
    runtime: tokio::runtime::Handle,
    in_flight: BTreeMap<Channel, usize>,
    /// Where a provider takes only so many messages in a time.
    paces: BTreeMap<(WorkspaceId, Channel), Pace>,
    ended: Arc<Mutex<Vec<(Outgoing, Outcome)>>>,
    /// Channels whose provider is being asked what became of messages; the next round waits for them.
    asking: Arc<Mutex<BTreeSet<(WorkspaceId, Channel)>>>,
    recovered: bool,
    cleaned_at: kit::Timestamp,
}

impl Sender {
    fn new(
        shared: Arc<Shared>,
        services: Arc<api::Services>,
        desk: Arc<Desk>,
        composer: Composer,
        runtime: tokio::runtime::Handle,
    ) -> Sender {
        let dispatcher = Dispatcher::new(Arc::clone(&shared.store), composer);
        Sender {
            shared,
            services,
            desk,
            dispatcher,
            board: Switchboard::default(),
            generation: None,
            runtime,
            in_flight: BTreeMap::new(),
            paces: BTreeMap::new(),
            ended: Arc::default(),
            asking: Arc::default(),
            recovered: false,
            cleaned_at: kit::Timestamp::MIN,
        }
    }

    fn run(mut self) {
        while !self.shared.stops() {
            if !self.shared.leads.load(Ordering::SeqCst) {
                self.shared.sender_bell.wait(SENDER_WAIT_MAX);
                continue;
            }
            match self.turn() {
                Ok(true) => {}
                Ok(false) => {
                    let due = self.dispatcher.next_due().unwrap_or(None);
                    let now = self.shared.clock.now();
                    // What is due and could not be claimed waits for a free place, which rings.
                    let due = due.filter(|due| *due > now);
                    let wait = until(now, due, self.shared.speed, SENDER_WAIT_MAX);
                    self.shared.sender_bell.wait(wait);
                }
                Err(error) => {
                    tracing::error!(error = %error, "messages cannot be handed over now");
                    self.shared.sender_bell.wait(ERROR_WAIT);
                }
            }
        }
        // What was handed over before the end is settled, so that nothing is left unknown without need.
        for _ in 0..100 {
            if self.in_flight.values().sum::<usize>() == 0 || self.settle().is_err() {
                break;
            }
            self.shared.sender_bell.wait(Duration::from_millis(100));
        }
    }

    /// One round. Returns whether there was anything to do.
    fn turn(&mut self) -> Result<bool> {
        let now = self.shared.clock.now();
        if !self.recovered {
            let recovered = self.dispatcher.recover(now)?;
            if recovered > 0 {
                tracing::warn!(messages = recovered, "hand-overs were interrupted; they are marked unknown");
            }
            self.recovered = true;
        }
        self.refresh()?;
        let mut busy = self.settle()?;
        for channel in self.dispatcher.due_channels(now)? {
            let under_way = self.in_flight.get(&channel).copied().unwrap_or(0);
            let free = self.places(channel).saturating_sub(under_way);
            if free == 0 {
                continue;
            }
            for (workspace, limit) in self.shares(channel, free, now) {
                let claimed = self.dispatcher.claim_of(channel, workspace, now, i64::try_from(limit)?)?;
                busy |= !claimed.is_empty();
                let mut together: BTreeMap<WorkspaceId, Vec<Outgoing>> = BTreeMap::new();
                for outgoing in claimed {
                    let workspace = outgoing.workspace;
                    if let Some(pace) = self.paces.get_mut(&(workspace, channel)) {
                        pace.went(now);
                    }
                    let provider = self.board.channels.get(&(workspace, channel));
                    match provider.and_then(|provider| provider.batch(&outgoing.delivery)) {
                        Some(_) => together.entry(workspace).or_default().push(outgoing),
                        None => self.hand_over(outgoing),
                    }
                }
                for batch in together.into_values() {
                    self.hand_over_together(batch);
                }
            }
        }
        if self.dispatcher.fall_back(now)? > 0 {
            busy = true;
            self.shared.engine_bell.ring();
        }
        self.ask(now)?;
        if now.since_ms(self.cleaned_at) > HOUSEKEEPING_MS {
            self.cleaned_at = now;
            self.clean(now)?;
        }
        Ok(busy)
    }

    /// Whose messages of a channel may be claimed now, and how many: where a provider takes only so many in a time,
    /// each workspace by itself, else all together.
    fn shares(
        &mut self,
        channel: Channel,
        free: usize,
        now: kit::Timestamp,
    ) -> Vec<(Option<WorkspaceId>, usize)> {
        if !self.paces.keys().any(|(_, paced)| *paced == channel) {
            return vec![(None, free)];
        }
        let shares = self.dispatcher.workspaces().into_iter().map(|workspace| {
            let pace = self.paces.get_mut(&(workspace, channel));
            (Some(workspace), pace.map_or(free, |pace| pace.free(now).min(free)))
        });
        shares.filter(|(_, limit)| *limit > 0).collect()
    }

    /// How many messages of a channel may be under way: as many as its providers can use.
    fn places(&self, channel: Channel) -> usize {
        let of = |key: &(WorkspaceId, Channel)| key.1 == channel;
        // Where a provider wants many at once, so many are claimed.
        let at_once = |provider: &dyn plugs::Channel| match provider.batch(&advertisement(channel)) {
            Some(batch) => provider.concurrency().max(batch.max),
            None => provider.concurrency(),
        };
        let wanted: usize =
            self.board.channels.iter().filter(|(key, _)| of(key)).map(|(_, c)| at_once(c.as_ref())).sum();
        // Messages of a channel that is not set up are looked at too, so that the ledger says why they wait.
        wanted.clamp(4, IN_FLIGHT_MAX)
    }

    fn refresh(&mut self) -> Result<()> {
        let generation = self.shared.store.read(|tx| tx.progress(store::inbox::CONFIGURATION))?;
        if self.generation != Some(generation.unwrap_or(0)) {
            self.board = self.desk.switchboard(&self.shared.store)?;
            self.dispatcher.set_channels(self.board.identities.clone());
            let paces = std::mem::take(&mut self.paces);
            let rates = self.board.channels.iter().filter_map(|(key, channel)| Some((*key, channel.rate()?)));
            self.paces = rates.map(|(key, rate)| (key, Pace::kept(rate, paces.get(&key)))).collect();
            self.generation = Some(generation.unwrap_or(0));
        }
        Ok(())
    }

    fn hand_over(&mut self, outgoing: Outgoing) {
        let (workspace, channel) = (outgoing.workspace, outgoing.channel);
        *self.in_flight.entry(channel).or_insert(0) += 1;
        let provider = self.board.channels.get(&(workspace, channel)).cloned();
        let ended = Arc::clone(&self.ended);
        let bell = Arc::clone(&self.shared.sender_bell);
        self.runtime.spawn(async move {
            let outcome = match provider {
                Some(provider) => provider.deliver(&outgoing.delivery).await,
                None => Outcome::Misconfigured { detail: "the channel was switched off".into() },
            };
            ended.lock().unwrap_or_else(PoisonError::into_inner).push((outgoing, outcome));
            bell.ring();
        });
    }

    /// Hands messages of one workspace and channel over that its provider takes together.
    fn hand_over_together(&mut self, batch: Vec<Outgoing>) {
        let Some(first) = batch.first() else { return };
        let (workspace, channel) = (first.workspace, first.channel);
        *self.in_flight.entry(channel).or_insert(0) += batch.len();
        let provider = self.board.channels.get(&(workspace, channel)).cloned();
        let ended = Arc::clone(&self.ended);
        let bell = Arc::clone(&self.shared.sender_bell);
        self.runtime.spawn(async move {
            let deliveries: Vec<Delivery> = batch.iter().map(|outgoing| outgoing.delivery.clone()).collect();
            let mut outcomes = match provider {
                Some(provider) => provider.deliver_batch(&deliveries).await,
                None => Vec::new(),
            };
            // Each message has its end, whatever the provider's code has to say.
            let missing = || Outcome::Unknown { detail: "the channel did not say what became of it".into() };
            outcomes.resize_with(batch.len(), missing);
            let both = batch.into_iter().zip(outcomes);
            ended.lock().unwrap_or_else(PoisonError::into_inner).extend(both);
            bell.ring();
        });
    }

    /// Asks providers what became of messages that they accepted, where they tell that only when they are asked. They
    /// are asked no faster than they take messages.
    fn ask(&mut self, now: kit::Timestamp) -> Result<()> {
        if !self.asking.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Ok(());
        }
        let due = self.dispatcher.asks_due(now, ASKED_MAX)?;
        let mut by_channel: BTreeMap<(WorkspaceId, Channel), Vec<AskRow>> = BTreeMap::new();
        let mut silent = Vec::new();
        for row in due {
            match row.channel.parse::<Channel>() {
                Ok(channel) => by_channel.entry((row.workspace, channel)).or_default().push(row),
                Err(_) => silent.push(row),
            }
        }
        for (key, rows) in by_channel {
            let Some(provider) = self.board.channels.get(&key).filter(|provider| provider.asks()).cloned()
            else {
                // Switched off, or another one: it is asked at its next time, if it is there again.
                silent.extend(rows);
                continue;
            };
            let mut pace = self.paces.get_mut(&key);
            let free = pace.as_mut().map_or(ASK_CALLS_MAX, |pace| pace.free(now)).min(ASK_CALLS_MAX);
            let mut calls: BTreeSet<String> = BTreeSet::new();
            let mut asked = rows;
            asked.retain(|row| {
                let call = provider.asked_with(&row.provider_id);
                calls.contains(call) || calls.len() < free && calls.insert(call.to_owned())
            });
            if asked.is_empty() {
                continue;
            }
            if let Some(pace) = pace {
                calls.iter().for_each(|_| pace.went(now));
            }
            self.dispatcher.asks(&asked, now)?;
            self.call_for_fates(key, provider, &asked);
        }
        Ok(self.dispatcher.asks(&silent, now)?)
    }

    fn call_for_fates(
        &self,
        key: (WorkspaceId, Channel),
        provider: Arc<dyn plugs::Channel>,
        asked: &[AskRow],
    ) {
        let of = |row: &AskRow| plugs::Asked {
            key: row.id.clone(),
            provider_id: row.provider_id.clone(),
            to: row.address.clone(),
        };
        let messages: Vec<plugs::Asked> = asked.iter().map(of).collect();
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        let (asking, shared) = (Arc::clone(&self.asking), Arc::clone(&self.shared));
        self.runtime.spawn(async move {
            let told = provider.ask(&messages).await;
            let (kind, now) = (provider.kind(), shared.clock.now());
            let store = Arc::clone(&shared.store);
            let written = tokio::task::spawn_blocking(move || {
                let receipts = told.unwrap_or_else(|error| {
                    tracing::warn!(provider = kind, %error, "a provider does not say what became of messages");
                    Vec::new()
                });
                engine::take_fates(&store, key, kind, receipts, now)
            });
            match written.await {
                Ok(Ok(())) => shared.engine_bell.ring(),
                Ok(Err(error)) => tracing::error!(%error, "what a provider told cannot be written down"),
                Err(_) => tracing::error!("writing down what a provider told ended by a panic"),
            }
            asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            shared.sender_bell.ring();
        });
    }

    fn settle(&mut self) -> Result<bool> {
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        if ended.is_empty() {
            return Ok(false);
        }
        for (outgoing, _) in &ended {
            if let Some(count) = self.in_flight.get_mut(&outgoing.channel) {
                *count = count.saturating_sub(1);
            }
        }
        match self.dispatcher.settle(&ended, self.shared.clock.now()) {
            Ok(report) => {
                self.services.metrics.settled(&report);
                Ok(true)
            }
            Err(error) => {
                // The outcome is known and must not be lost: it is written down as soon as the store allows.
                for (outgoing, _) in &ended {
                    *self.in_flight.entry(outgoing.channel).or_insert(0) += 1;
                }
                self.ended.lock().unwrap_or_else(PoisonError::into_inner).extend(ended);
                Err(error.into())
            }
        }
    }

    fn clean(&self, now: kit::Timestamp) -> Result<()> {
        let workspaces = self.shared.store.read(|tx| tx.workspaces())?;
        let mut changes = store::Changeset::new();
        for workspace in workspaces {
            let days = i64::from(workspace.settings.body_retention_days);
            changes.expire_bodies(workspace.workspace, now.plus_ms(-days * kit::DAY_MS));
            api::expire(&mut changes, &workspace, now);
            let notes = engine::retention_notes(&workspace.settings, now);
            for note in notes.into_iter().chain(engine::occasions::daily_note(now)) {
                changes.append(note.arrival(workspace.workspace, now));
            }
        }
        changes.forget_answers(now.plus_ms(-kit::DAY_MS));
        self.shared.store.apply(changes)?;
        self.shared.engine_bell.ring();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use kit::Timestamp;

    #[test]
    fn a_provider_gets_no_more_than_it_takes_in_any_stretch_of_time() {
        let mut pace = Pace::kept(plugs::Rate { count: 3, per_ms: 1_000 }, None);
        let at = Timestamp::from_ms;
        assert_eq!(pace.free(at(0)), 3);
        pace.went(at(0));
        pace.went(at(400));
        pace.went(at(900));
        assert_eq!((pace.free(at(999)), pace.free(at(1_000)), pace.free(at(1_399))), (0, 1, 1));
        pace.went(at(1_399));
        let mut slower = Pace::kept(plugs::Rate { count: 2, per_ms: 1_000 }, Some(&pace));
        assert_eq!((slower.free(at(1_400)), slower.free(at(2_399))), (0, 2));
    }
}
