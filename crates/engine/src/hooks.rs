//! Tells the shop's own systems what happens. What is to be told is written in the changeset of its cause, so that
//! neither is stored without the other; [`Queue`] says what is due and writes down what became of it. The call
//! itself is the caller's.

use crate::EngineError;
use crate::world::{ProfileKey, World};
use domain::commerce::Order;
use domain::hook::{DISABLED_AFTER_MS, LOG_KEPT_MS, Subscription, Topic, body, next_attempt};
use domain::journey::RunState;
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::hooks::{HookDeliveryRow, HookRow};
use store::{Changeset, ReadTx, Store, StoreError};

/// Of one answer no more is kept.
pub const ANSWER_BYTES_MAX: usize = 1_024;
/// Attempts that the log of one message names; earlier ones give way.
const LOGGED_MAX: usize = 20;
/// Messages that one round of housekeeping deletes.
const SLICE_ROWS: i64 = 10_000;

/// Who wants to be told what, in one workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hooks(BTreeMap<Topic, Vec<String>>);

impl Hooks {
    /// Of all workspaces, without what is switched off.
    pub fn read(tx: &mut ReadTx<'_>) -> Result<BTreeMap<WorkspaceId, Hooks>, StoreError> {
        let mut all: BTreeMap<WorkspaceId, Hooks> = BTreeMap::new();
        for row in tx.hooks()?.into_iter().filter(|row| row.state == "active") {
            let Ok(subscription) = serde_json::from_str::<Subscription>(&row.doc) else {
                tracing::error!(webhook.id = %row.webhook_id, "a webhook cannot be read and is told nothing");
                continue;
            };
            let hooks = all.entry(row.workspace).or_default();
            for topic in subscription.topics {
                hooks.0.entry(topic).or_default().push(row.webhook_id.clone());
            }
        }
        Ok(all)
    }

    pub fn wants(&self, topic: Topic) -> bool {
        self.0.contains_key(&topic)
    }

    /// Writes a message for everybody who wants it.
    pub fn tell(
        &self,
        changes: &mut Changeset,
        workspace: WorkspaceId,
        topic: Topic,
        at: Timestamp,
        now: Timestamp,
        data: &Value,
    ) {
        let Some(ids) = self.0.get(&topic) else { return };
        let text = body(topic, at, data);
        for id in ids {
            changes.insert_hook_delivery(workspace, id, topic.as_str(), now, text.clone());
        }
    }
}

/// What a batch has to tell, before it is known whose profiles stay.
#[derive(Default)]
pub struct Told {
    list: Vec<(WorkspaceId, Topic, Option<ProfileNo>, Timestamp, Value)>,
    /// Attributes that changed, so that one batch tells of a person once.
    updated: BTreeMap<ProfileKey, (Timestamp, BTreeSet<String>)>,
    /// Orders by their place in the list.
    orders: FxHashMap<(WorkspaceId, String, String), usize>,
    /// What is folded now is history.
    pub(crate) hushed: bool,
    /// Ids of profiles that the batch did not load.
    ids: FxHashMap<ProfileKey, Id>,
}

/// An order in brief, without what was bought.
fn brief(order: &Order) -> Value {
    let summary = order.summary();
    json!({
        "source": summary.source,
        "order_id": summary.order_id,
        "status": order.status(),
        "currency": summary.currency,
        "revenue_minor": summary.net,
        "refunded_minor": summary.refunded,
    })
}

impl World<'_> {
    /// Whether somebody wants to be told of this; history is never told.
    pub fn hooks_want(&self, workspace: WorkspaceId, topic: Topic) -> bool {
        !self.quiet
            && !self.told.hushed
            && self.directory.workspaces.get(&workspace).is_some_and(|shop| shop.hooks.wants(topic))
    }

    /// Tells of something, of a profile or not. The profile's id is added when the batch is written.
    pub fn tell_hooks(&mut self, key: ProfileKey, topic: Topic, at: Timestamp, data: impl FnOnce() -> Value) {
        if self.hooks_want(key.0, topic) {
            self.told.list.push((key.0, topic, Some(key.1), at, data()));
        }
    }

    pub fn tell_hooks_of_attribute(&mut self, key: ProfileKey, name: &str, at: Timestamp) {
        if self.hooks_want(key.0, Topic::ProfileUpdated) {
            let (last, names) = self.told.updated.entry(key).or_insert_with(|| (at, BTreeSet::new()));
            *last = (*last).max(at);
            names.insert(name.to_owned());
        }
    }

    /// `is_new`: nobody had heard of the order before.
    pub fn tell_hooks_of_order(
        &mut self,
        workspace: WorkspaceId,
        owner: ProfileNo,
        order: &Order,
        is_new: bool,
    ) {
        let topic = if is_new { Topic::OrderCreated } else { Topic::OrderUpdated };
        if !self.hooks_want(workspace, topic) {
            return;
        }
        let key = (workspace, order.source.clone(), order.order_id.clone());
        let at = self.at;
        // One that changes often in a batch is told as it was left; one that is new stays new.
        match self.told.orders.get(&key) {
            Some(place) => self.told.list[*place].4 = brief(order),
            None => {
                self.told.orders.insert(key, self.told.list.len());
                self.told.list.push((workspace, topic, Some(owner), at, brief(order)));
            }
        }
    }

    /// Gathers what only the end of the batch shows, and the ids of profiles that it did not load.
    pub(crate) fn gather_hooks(&mut self) -> Result<(), EngineError> {
        if self.directory.workspaces.values().all(|shop| shop.hooks == Hooks::default()) {
            return Ok(());
        }
        (self.quiet, self.told.hushed) = (false, false);
        for (key, (at, names)) in std::mem::take(&mut self.told.updated) {
            self.told.list.push((
                key.0,
                Topic::ProfileUpdated,
                Some(key.1),
                at,
                json!({ "attributes": names }),
            ));
        }
        let mut runs = Vec::new();
        for (key, entries) in &self.runs {
            for entry in entries.iter().filter(|entry| entry.dirty) {
                let run = &entry.run;
                let about = json!({ "journey_id": run.journey_id.to_string(), "run_id": run.id.to_string() });
                if entry.revision.is_none() {
                    runs.push((run.id, *key, Topic::JourneyEntered, run.started_at, about.clone()));
                }
                if run.state != RunState::Active {
                    let mut about = about;
                    about["outcome"] = json!(run.state.as_str());
                    let at = run.ended_at.unwrap_or(self.at);
                    runs.push((run.id, *key, Topic::JourneyFinished, at, about));
                }
            }
        }
        runs.sort_by_key(|(id, _, topic, ..)| (*id, *topic));
        for (_, key, topic, at, about) in runs {
            self.tell_hooks(key, topic, at, || about);
        }
        let mut missing: Vec<ProfileKey> = Vec::new();
        for (workspace, _, profile, ..) in &self.told.list {
            if let Some(no) = profile {
                let key = (*workspace, self.final_no((*workspace, *no)));
                if !self.people.contains_key(&key) {
                    missing.push(key);
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let store = self.store;
            for (workspace, stored) in store.read(|tx| tx.profiles(&missing))? {
                self.told.ids.insert((workspace, stored.profile.no), stored.profile.id);
            }
        }
        Ok(())
    }

    /// Writes down what the batch has to tell.
    pub(crate) fn finish_hooks(&mut self, changes: &mut Changeset) {
        let Told { list, ids, .. } = std::mem::take(&mut self.told);
        let now = self.at;
        for (workspace, topic, profile, at, mut data) in list {
            if let Some(no) = profile {
                let key = (workspace, self.final_no((workspace, no)));
                let here = self.people.get(&key).map(|person| person.profile.id);
                // Somebody who was erased in this very batch is told of to nobody.
                let Some(id) = here.or_else(|| ids.get(&key).copied()) else { continue };
                data["profile_id"] = json!(id.to_string());
            }
            if let Some(shop) = self.directory.workspaces.get(&workspace) {
                shop.hooks.tell(changes, workspace, topic, at, now, &data);
                self.tick.told += 1;
            }
        }
    }
}

/// What came of one call.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Called {
    /// `None`: there was no answer.
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub answer: String,
    /// Why there was none.
    pub error: String,
    pub duration_ms: i64,
}

/// One attempt, as the log of a message tells of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// Milliseconds since 1970.
    pub at: i64,
    pub status: Option<u16>,
    pub duration_ms: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
}

impl Called {
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The receiver is gone for good (410), as it says itself.
    fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

/// The messages that wait to be delivered.
pub struct Queue {
    store: Arc<Store>,
}

impl Queue {
    pub fn new(store: Arc<Store>) -> Queue {
        Queue { store }
    }

    /// What is due at a webhook, the most urgent first.
    pub fn due(
        &self,
        hook: &HookRow,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<HookDeliveryRow>, EngineError> {
        Ok(self.store.read(|tx| tx.due_hook_deliveries(hook.workspace, &hook.webhook_id, now, limit))?)
    }

    pub fn next_due(&self, hooks: &[HookRow]) -> Result<Option<Timestamp>, EngineError> {
        Ok(self.store.read(|tx| {
            let mut next: Option<Timestamp> = None;
            for hook in hooks {
                let due = tx.next_hook_delivery(hook.workspace, &hook.webhook_id)?;
                next = [next, due].into_iter().flatten().min();
            }
            Ok(next)
        })?)
    }

    /// Writes down what became of messages. Answers the webhooks that were switched off by it.
    pub fn settle(
        &self,
        ended: &[(HookDeliveryRow, Called)],
        now: Timestamp,
    ) -> Result<Vec<(WorkspaceId, String)>, EngineError> {
        let mut changes = Changeset::new();
        let mut disabled = BTreeSet::new();
        for (row, called) in ended {
            let (workspace, id) = (row.workspace, row.webhook_id.as_str());
            let attempts = row.attempts + 1;
            let mut log: Vec<Attempt> = serde_json::from_str(&row.log).unwrap_or_default();
            log.push(Attempt {
                at: now.ms(),
                status: called.status,
                duration_ms: called.duration_ms,
                answer: cut(&called.answer, ANSWER_BYTES_MAX),
                error: cut(&called.error, ANSWER_BYTES_MAX),
            });
            let first = log.len().saturating_sub(LOGGED_MAX);
            let log = serde_json::to_string(&log[first..]).unwrap_or_else(|_| "[]".into());
            let next_at = next_attempt(row.delivery_no, attempts, now).filter(|_| !called.is_taken());
            let state = match (called.is_taken(), next_at) {
                (true, _) => "delivered",
                (false, Some(_)) => "waiting",
                (false, None) => "failed",
            };
            let status = called.status.map(i64::from);
            let row = HookDeliveryRow {
                state: state.into(),
                attempts,
                next_at,
                updated_at: now,
                status,
                log,
                ..row.clone()
            };
            changes.settle_hook_delivery(row);
            if called.is_taken() {
                changes.hook_is_well(workspace, id, now);
                continue;
            }
            changes.hook_fails(workspace, id, now);
            let since = self.store.read(|tx| tx.hook(workspace, id))?.and_then(|hook| hook.failing_since);
            let too_long = since.is_some_and(|since| now.since_ms(since) >= DISABLED_AFTER_MS);
            if too_long || called.is_gone() {
                disabled.insert((workspace, id.to_owned()));
            }
        }
        for (workspace, id) in &disabled {
            changes.disable_hook(*workspace, id, now);
        }
        if disabled.is_empty() {
            self.store.apply(changes)?;
        } else {
            // The engine stops writing for them.
            crate::configure(&self.store, changes)?;
        }
        Ok(disabled.into_iter().collect())
    }

    /// Deletes what was done with long ago, and what waits without end for a webhook that takes nothing.
    pub fn expire(changes: &mut Changeset, now: Timestamp) {
        changes.expire_hook_deliveries(now.plus_ms(-LOG_KEPT_MS), SLICE_ROWS);
    }
}

/// At most `bytes` of a text, at a character's end, without what no database stores.
fn cut(text: &str, bytes: usize) -> String {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].replace('\0', "")
}

/// What receivers know a message by: the same on every attempt, and another one after a restore from a backup.
pub fn message_id(row: &HookDeliveryRow) -> String {
    use sha2::{Digest, Sha256};
    let about = format!("{} {} {} {}", row.workspace.0, row.webhook_id, row.delivery_no, row.at.ms());
    let digest = Sha256::digest(about.as_bytes());
    let hex: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{hex}")
}
