//! A shop in virtual time: a real store, the real engine, and a provider that never was.

use crate::database::Database;
use crate::provider::{Answer, Attempt, Provider};
use domain::consent::Channel;
use domain::delivery::Sender;
use domain::event::ItemKind;
use domain::settings::Settings;
use engine::{Bell, Composer, Dispatcher, Door, Engine, Identity, Note, Request, TokenKey};
use kit::{Rng, Timestamp, WorkspaceId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::access::Workspace;
use store::messages::TemplateRow;
use store::{Changeset, ReadTx, Store, StoreError};

/// What the shop does to a campaign as a whole.
pub type Conduct =
    fn(&Store, WorkspaceId, &str, Timestamp) -> Result<engine::campaigns::Conducted, engine::EngineError>;

pub const SHOP: WorkspaceId = WorkspaceId(1);
/// Messages that one claim takes: few, so that crashes fall between claims of one instant.
const CLAIM: i64 = 4;
/// Rounds that one instant may need before the world is taken to run in circles.
const ROUNDS_MAX: u32 = 10_000;

/// Where a process may die: between any two things that it does to the store or to the provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    /// Durable, and the client not yet told.
    Appended,
    BeforeTick,
    AfterTick,
    /// Marked as being handed over, and not yet handed over.
    Claimed,
    /// Handed over, and the answer not yet written down.
    Delivered,
    Settled,
}

impl Point {
    /// Between claim and settlement nobody can say afterwards whether a message went out.
    pub const fn strands_messages(self) -> bool {
        matches!(self, Point::Claimed | Point::Delivered)
    }
}

/// When the process dies.
#[derive(Clone, Debug)]
pub enum Crashes {
    Never,
    /// At every point that strands no message.
    AtEveryHarmlessPoint,
    /// By chance, in parts of a thousand at each point; ten times that where messages are under way.
    ByChance {
        per_mille: u64,
        rng: Rng,
    },
}

/// The parts that die with the process.
struct Process {
    store: Arc<Store>,
    engine: Engine,
    door: Door,
    dispatcher: Dispatcher,
}

pub struct World {
    database: Database,
    process: Option<Process>,
    seed: u64,
    pub now: Timestamp,
    pub crashes: Crashes,
    pub provider: Provider,
    /// Crashes so far.
    pub crashed: u64,
    /// Attempts that a crash cut off, and whether the provider had the message by then.
    pub interrupted: BTreeMap<Attempt, bool>,
    /// What was taken by the provider since [`World::newly_taken`] was asked.
    fresh: Vec<usize>,
    /// Whether [`crate::checks::after_drain`] looks at every rest.
    pub watched: bool,
}

impl World {
    pub fn new(database: Database, seed: u64, now: Timestamp, settings: Settings) -> World {
        let mut world = World {
            database,
            process: None,
            seed,
            now,
            crashes: Crashes::Never,
            provider: Provider { seed, ..Provider::default() },
            crashed: 0,
            interrupted: BTreeMap::new(),
            fresh: Vec::new(),
            watched: false,
        };
        let store = world.database.open(now);
        let mut changes = Changeset::new();
        let workspace = Workspace {
            workspace: SHOP,
            slug: "default".into(),
            name: "Simulated shop".into(),
            settings,
            salt: "salt".into(),
            version: 1,
        };
        changes.insert_workspace(&workspace, now);
        engine::configure(&store, changes).expect("the workspace is stored");
        drop(store);
        world.open();
        world
    }

    fn open(&mut self) {
        let store = Arc::new(self.database.open(self.now));
        let engine = Engine::open(Arc::clone(&store), self.seed).expect("the engine opens");
        let door = Door::open(Arc::clone(&store), Arc::new(Bell::default())).expect("the door opens");
        let composer = Composer::new(TokenKey::from_secret(b"simulated"), "https://mail.example.com");
        let mut dispatcher = Dispatcher::new(Arc::clone(&store), composer);
        let from = Sender { name: "Shop".into(), address: "shop@example.com".into() };
        let identity = Identity { from: Some(from), ..Identity::default() };
        let channels = [Channel::Email, Channel::Sms, Channel::Zalo, Channel::Push];
        dispatcher.set_channels(channels.map(|channel| ((SHOP, channel), identity.clone())).into());
        dispatcher.recover(self.now).expect("what was stranded is settled");
        self.process = Some(Process { store, engine, door, dispatcher });
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("a process runs")
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.process.as_ref().expect("a process runs").store
    }

    pub fn read<T>(&self, f: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError>) -> T {
        self.store().read(f).expect("the store answers")
    }

    /// The process dies without a warning, and another one starts at the same instant.
    pub fn crash(&mut self) {
        self.database.tear();
        self.process = None;
        self.database.sweep();
        self.crashed += 1;
        self.open();
    }

    fn dies_at(&mut self, point: Point) -> bool {
        let dies = match &mut self.crashes {
            Crashes::Never => false,
            Crashes::AtEveryHarmlessPoint => !point.strands_messages(),
            Crashes::ByChance { per_mille, rng } => {
                // Messages are few beside ticks, and the moments around them are the interesting ones.
                let times = if point.strands_messages() { 10 } else { 1 };
                rng.below(1_000) < *per_mille * times
            }
        };
        if dies {
            self.crash();
        }
        dies
    }

    /// Sends requests as one client does: each again until it is acknowledged, in their order.
    pub fn send(&mut self, requests: &[Request]) {
        for request in requests {
            let mut tries = 0;
            loop {
                let now = self.now;
                match self.process().door.admit(SHOP, request.clone(), now) {
                    Ok(accepted) => {
                        accepted.pending.wait().expect("the request is stored");
                    }
                    Err(error) => panic!("the door refuses a request of the simulator: {error}"),
                }
                tries += 1;
                // A client that got no answer sends the same again.
                let answered = !self.dies_at(Point::Appended);
                if answered || (tries == 2 && matches!(self.crashes, Crashes::AtEveryHarmlessPoint)) {
                    break;
                }
            }
        }
    }

    pub fn send_items(&mut self, items: Vec<Value>, historical: bool) {
        self.send(&[batch(&items, historical)]);
    }

    pub fn note(&mut self, note: &Note) {
        let now = self.now;
        self.process().door.note(SHOP, note, now).wait().expect("the note is stored");
        // Whoever left the note was told that it is durable; it is not left twice.
        self.dies_at(Point::Appended);
    }

    /// Does all that is to be done at this instant.
    pub fn drain(&mut self) {
        for _ in 0..ROUNDS_MAX {
            self.dies_at(Point::BeforeTick);
            let now = self.now;
            let tick = self.process().engine.tick(now).expect("the engine ticks");
            if !tick.did_nothing() {
                self.process().door.left(tick.taken);
                self.dies_at(Point::AfterTick);
                continue;
            }
            let mut claimed = false;
            for channel in Channel::ALL {
                claimed |= self.hand_over(*channel);
            }
            // A message that the gate refused may have left a word for the engine.
            if !claimed && self.read(|tx| tx.backlog()).rows == 0 {
                self.look();
                return;
            }
        }
        panic!("the world does not come to rest at {:?}", self.now);
    }

    fn look(&mut self) {
        if self.watched {
            let taken = self.newly_taken();
            if let Err(fault) = crate::checks::after_drain(self, &taken) {
                panic!("at {}: {fault}", crate::plan::written(self.now));
            }
        }
    }

    /// One round of messages to the provider. Returns whether there were any.
    fn hand_over(&mut self, channel: Channel) -> bool {
        let now = self.now;
        let outgoing = self.process().dispatcher.claim(channel, now, CLAIM).expect("messages are claimed");
        if outgoing.is_empty() {
            return false;
        }
        let attempts: Vec<Attempt> = outgoing.iter().map(|one| Attempt::of(&one.delivery)).collect();
        if self.dies_at(Point::Claimed) {
            self.interrupted.extend(attempts.into_iter().map(|attempt| (attempt, false)));
            return true;
        }
        let mut outcomes = Vec::with_capacity(outgoing.len());
        let mut took = Vec::with_capacity(outgoing.len());
        for one in outgoing {
            let (outcome, taken) = self.provider.deliver(&one.delivery);
            if taken {
                self.fresh.push(self.provider.taken.len() - 1);
            }
            took.push(taken);
            outcomes.push((one, outcome));
        }
        if self.dies_at(Point::Delivered) {
            self.interrupted.extend(attempts.into_iter().zip(took));
            return true;
        }
        self.process().dispatcher.settle(&outcomes, now).expect("outcomes are written down");
        self.dies_at(Point::Settled);
        true
    }

    /// The instant at which something happens by itself next.
    pub fn next_due(&mut self) -> Option<Timestamp> {
        let process = self.process();
        let engine = process.engine.next_due().expect("the engine knows what is next");
        let messages = process.dispatcher.next_due().expect("the dispatcher knows what is next");
        [engine, messages].into_iter().flatten().min()
    }

    /// Lives up to an instant, stepping from one due time to the next; never looks at a moment in between.
    pub fn advance_to(&mut self, until: Timestamp) {
        self.drain();
        while let Some(due) = self.next_due().filter(|due| *due <= until) {
            assert!(due > self.now, "what is due at {due:?} was not done at {:?}", self.now);
            self.now = due;
            self.drain();
        }
        self.now = self.now.max(until);
    }

    /// Places in [`Provider::taken`] that came since the last call.
    pub fn newly_taken(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.fresh)
    }

    /// What a crash during a hand-over is to the ledger: a provider that gave no answer.
    pub fn interruptions_as_silence(&self) -> BTreeMap<Attempt, Answer> {
        self.interrupted
            .iter()
            .map(|(attempt, taken)| (attempt.clone(), Answer::Silent { taken: *taken }))
            .collect()
    }

    pub fn settings(&self) -> Settings {
        self.workspace().settings
    }

    fn workspace(&self) -> Workspace {
        let found = self.read(|tx| tx.workspaces()).into_iter().find(|w| w.workspace == SHOP);
        found.expect("the workspace is there")
    }

    pub fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut workspace = self.workspace();
        change(&mut workspace.settings);
        let mut changes = Changeset::new();
        changes.update_workspace(&workspace);
        self.configure(changes);
    }

    fn configure(&mut self, changes: Changeset) {
        engine::configure(self.store(), changes).expect("the configuration is stored");
    }

    /// A template whose subject, or whose whole text where there is none, is its name unless `body` says otherwise.
    pub fn put_plain_template(&mut self, name: &str, channel: &str, body: &str) {
        let text = |source: &str| serde_json::json!({ "kind": "text", "source": source });
        let html = serde_json::json!({ "kind": "html", "source": format!("<p>{body}</p>") });
        let draft = match channel {
            "email" => serde_json::json!({ "subject": name, "body": html }),
            _ => serde_json::json!({ "subject": "", "body": text(body) }),
        };
        self.put_template(name, channel, &draft);
    }

    /// A new template, or a new version of it.
    pub fn put_template(&mut self, name: &str, channel: &str, draft: &Value) {
        let held = self.read(|tx| tx.template(SHOP, name));
        let row = TemplateRow {
            template_id: name.to_owned(),
            name: name.to_owned(),
            channel: channel.to_owned(),
            version: held.as_ref().map_or(1, |row| row.version),
            created_at: self.now,
            updated_at: self.now,
            source: draft.to_string(),
        };
        let mut changes = Changeset::new();
        match held {
            None => changes.insert_template(SHOP, &row),
            Some(_) => changes.update_template(SHOP, &row),
        }
        self.configure(changes);
    }

    /// Saves a segment under its name as its id.
    pub fn put_segment(&mut self, name: &str, definition: &Value) {
        use engine::segments::save::{Draft, Mode, save_segment};
        let draft =
            Draft { name: Some(name.to_owned()), definition: Some(definition.clone()), ..Draft::default() };
        save_segment(self.store(), SHOP, name, Mode::Put, &draft, "test", self.now)
            .unwrap_or_else(|error| panic!("the segment {name} is not saved: {error:?}"));
    }

    /// The id of a journey, from its name.
    pub fn journey_id(name: &str) -> String {
        engine::derived_id(&["journey", name]).to_string()
    }

    /// Publishes a definition: a new journey, or the next version of one.
    pub fn publish(&mut self, name: &str, definition: &Value) {
        let text = definition.to_string();
        if let Err(problems) = domain::journey::Definition::parse(&text) {
            panic!("the journey {name} is not valid: {problems:?}\n{text}");
        }
        let id = World::journey_id(name);
        let version = match self.read(|tx| tx.journey(SHOP, &id)) {
            None => {
                let mut changes = Changeset::new();
                changes.insert_journey(SHOP, &id, name, self.now);
                changes.insert_journey_version(SHOP, &id, 1, text, self.now);
                self.configure(changes);
                1
            }
            Some(row) => {
                let mut changes = Changeset::new();
                changes.insert_journey_version(SHOP, &id, row.latest + 1, text, self.now);
                self.configure(changes);
                row.latest + 1
            }
        };
        let now = self.now;
        engine::publish_journey(self.store(), SHOP, &id, version, now).expect("the journey is published");
    }

    /// The id of a campaign, from its name.
    pub fn campaign_id(name: &str) -> String {
        engine::derived_id(&["campaign", name]).to_string()
    }

    /// Makes a campaign and launches it.
    pub fn launch_campaign(&mut self, name: &str, definition: &Value) {
        let read = serde_json::from_value::<domain::campaign::Campaign>(definition.clone());
        let campaign = read.unwrap_or_else(|error| panic!("the campaign {name}: {error}\n{definition}"));
        assert_eq!((campaign.problems(), campaign.gaps()), (vec![], vec![]), "the campaign {name}");
        let row = store::campaigns::CampaignRow {
            campaign_id: World::campaign_id(name),
            name: campaign.name.clone(),
            state: "draft".into(),
            detail: String::new(),
            channel: campaign.channel.to_string(),
            definition: definition.to_string(),
            run_no: 0,
            next_at: None,
            revision: 1,
            created_at: self.now,
            updated_at: self.now,
            created_by: "test".into(),
            archived_at: None,
        };
        let mut changes = Changeset::new();
        changes.insert_campaign(SHOP, row);
        self.store().apply(changes).expect("the campaign is stored");
        self.conduct_campaign(engine::campaigns::launch, name);
    }

    /// Launches, pauses, resumes or cancels a campaign.
    pub fn conduct_campaign(&mut self, act: Conduct, name: &str) {
        let now = self.now;
        let conducted = act(self.store(), SHOP, &World::campaign_id(name), now).expect("the store answers");
        conducted.unwrap_or_else(|refused| panic!("the campaign {name}: {refused:?}"));
    }

    /// How a campaign stands: its state, and what became of the audience of its last run.
    pub fn campaign_told(&self, name: &str) -> String {
        let now = self.now;
        let (row, progress) = self.read(|tx| {
            let row = tx.campaign(SHOP, &World::campaign_id(name))?.expect("the campaign is there");
            let progress = engine::campaigns::progress(tx, SHOP, &row, now);
            Ok((row, progress))
        });
        let mut told = row.state;
        let Some(progress) = progress.expect("the campaign can be read") else { return told };
        let counts = &progress.counts;
        let mut tell = |what: &str, count: i64| {
            if count > 0 {
                told.push_str(&format!(" {what}={count}"));
            }
        };
        tell("run", progress.run_no);
        for (reason, count) in &counts.excluded {
            tell(reason, *count);
        }
        tell("merged", counts.merged);
        tell("audience", counts.audience);
        tell("accepted", counts.accepted);
        tell("unknown", counts.unknown);
        tell("queued", counts.queued);
        for (state, reasons) in
            [("refused", &counts.refused), ("failed", &counts.failed), ("cancelled", &counts.cancelled)]
        {
            for (reason, count) in reasons {
                tell(&format!("{state}:{reason}"), *count);
            }
        }
        let ended: i64 = [&counts.refused, &counts.failed, &counts.cancelled]
            .into_iter()
            .flat_map(|reasons| reasons.values())
            .sum();
        let sum = counts.accepted + counts.unknown + counts.queued + ended;
        assert_eq!(sum, counts.audience, "the numbers of {name} add up: {counts:?}");
        told
    }

    pub fn pause(&mut self, name: &str) {
        let now = self.now;
        engine::pause_journey(self.store(), SHOP, &World::journey_id(name), now)
            .expect("the journey is paused");
    }

    pub fn resume(&mut self, name: &str) {
        let now = self.now;
        engine::resume_journey(self.store(), SHOP, &World::journey_id(name), now)
            .expect("the journey goes on");
    }
}

/// A batch as a tracking library sends it.
pub fn batch(items: &[Value], historical: bool) -> Request {
    request(None, serde_json::json!({ "batch": items }).to_string().into_bytes(), historical)
}

pub fn request(kind: Option<ItemKind>, body: Vec<u8>, historical: bool) -> Request {
    Request { kind, body, ip: None, user_agent: None, historical }
}
