//! Hands messages over to the shop's own systems: a loop of its own, so that a slow receiver holds up nothing else.

use crate::channels::Desk;
use crate::clock::{SystemClock, until};
use crate::runtime::Shared;
use anyhow::Result;
use domain::consent::Channel;
use domain::hook::Subscription;
use engine::hooks::{Called, Queue, message_id};
use kit::{Clock, WorkspaceId};
use plugs::Secret;
use plugs::hook::Caller;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::hooks::{HookDeliveryRow, HookRow};
use store::{Changeset, audit::AuditEntry};

/// The store is looked at at least this often: other processes write without ringing.
const WAIT_MAX: Duration = Duration::from_secs(1);
const ERROR_WAIT: Duration = Duration::from_secs(1);
/// Calls of one receiver under way at once; of one that fails only one.
const IN_FLIGHT_MAX: usize = 8;
/// What was done with long ago is cleared this often.
const HOUSEKEEPING_MS: i64 = kit::HOUR_MS;
/// Who is told of a webhook that was switched off waits no longer for a mail server.
const POST_WAIT: Duration = Duration::from_secs(20);

type HookKey = (WorkspaceId, String);

pub struct Hooks {
    shared: Arc<Shared>,
    services: Arc<api::Services>,
    desk: Arc<Desk>,
    queue: Queue,
    runtime: tokio::runtime::Handle,
    /// Those that are not paused or switched off, and where they lead.
    hooks: Vec<(HookRow, Subscription)>,
    callers: BTreeMap<WorkspaceId, Caller>,
    generation: Option<i64>,
    /// Numbers of messages under way.
    in_flight: BTreeMap<HookKey, BTreeSet<i64>>,
    ended: Arc<Mutex<Vec<(HookDeliveryRow, Called)>>>,
    cleaned_at: kit::Timestamp,
}

impl Hooks {
    pub fn new(
        shared: Arc<Shared>,
        services: Arc<api::Services>,
        desk: Arc<Desk>,
        runtime: tokio::runtime::Handle,
    ) -> Hooks {
        Hooks {
            queue: Queue::new(Arc::clone(&shared.store)),
            shared,
            services,
            desk,
            runtime,
            hooks: Vec::new(),
            callers: BTreeMap::new(),
            generation: None,
            in_flight: BTreeMap::new(),
            ended: Arc::default(),
            cleaned_at: kit::Timestamp::MIN,
        }
    }

    /// Drives the queue for as long as this process leads. What is under way when it ends is called again by
    /// whoever leads next, under the same id.
    pub fn run(mut self) {
        while !self.shared.stops() {
            if !self.shared.leads.load(Ordering::SeqCst) {
                self.shared.hooks_bell.wait(WAIT_MAX);
                continue;
            }
            match self.turn() {
                Ok(true) => {}
                Ok(false) => {
                    let now = self.shared.clock.now();
                    let rows: Vec<HookRow> = self.hooks.iter().map(|(row, _)| row.clone()).collect();
                    let due = self.queue.next_due(&rows).unwrap_or(None).filter(|due| *due > now);
                    self.shared.hooks_bell.wait(until(now, due, self.shared.speed, WAIT_MAX));
                }
                Err(error) => {
                    tracing::error!(%error, "webhooks cannot be called now");
                    self.shared.hooks_bell.wait(ERROR_WAIT);
                }
            }
        }
    }

    /// One round. Returns whether there was anything to do.
    fn turn(&mut self) -> Result<bool> {
        let now = self.shared.clock.now();
        self.refresh()?;
        let mut busy = self.settle(now)?;
        for (hook, told) in self.hooks.clone() {
            let key = (hook.workspace, hook.webhook_id.clone());
            let under_way = self.in_flight.get(&key).cloned().unwrap_or_default();
            let places = if hook.failing_since.is_some() { 1 } else { IN_FLIGHT_MAX };
            let free = places.saturating_sub(under_way.len());
            if free == 0 {
                continue;
            }
            let due = self.queue.due(&hook, now, i64::try_from(free + under_way.len())?)?;
            let due: Vec<_> = due.into_iter().filter(|row| !under_way.contains(&row.delivery_no)).collect();
            if due.is_empty() {
                continue;
            }
            let wall = SystemClock.now();
            let secrets = match api::hook_secrets(&self.services, &hook.sealed, wall) {
                Ok(secrets) => secrets.into_iter().map(Secret::new).collect::<Vec<_>>(),
                Err(error) => {
                    tracing::error!(webhook.id = %hook.webhook_id, %error, "a webhook's secrets cannot be opened");
                    continue;
                }
            };
            let Some(caller) = self.callers.get(&hook.workspace).cloned() else { continue };
            for row in due.into_iter().take(free) {
                busy = true;
                self.in_flight.entry(key.clone()).or_default().insert(row.delivery_no);
                self.call(caller.clone(), told.url.clone(), secrets.clone(), row);
            }
        }
        if now.since_ms(self.cleaned_at) > HOUSEKEEPING_MS {
            self.cleaned_at = now;
            let mut changes = Changeset::new();
            Queue::expire(&mut changes, now);
            self.shared.store.apply(changes)?;
        }
        Ok(busy)
    }

    #[expect(clippy::disallowed_methods, reason = "how long an answer took is noted, and decides nothing")]
    fn call(&self, caller: Caller, url: String, secrets: Vec<Secret>, row: HookDeliveryRow) {
        let ended = Arc::clone(&self.ended);
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            let begun = Instant::now();
            let at_s = SystemClock.now().ms().div_euclid(kit::SECOND_MS);
            let answered = caller.call(&url, &secrets, &message_id(&row), at_s, row.body.clone()).await;
            let duration_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
            let called = match answered {
                Ok((status, answer)) => {
                    Called { status: Some(status), answer, error: String::new(), duration_ms }
                }
                Err(error) => Called { status: None, answer: String::new(), error, duration_ms },
            };
            ended.lock().unwrap_or_else(PoisonError::into_inner).push((row, called));
            shared.hooks_bell.ring();
        });
    }

    fn settle(&mut self, now: kit::Timestamp) -> Result<bool> {
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        if ended.is_empty() {
            return Ok(false);
        }
        match self.queue.settle(&ended, now) {
            Ok(disabled) => {
                for (row, called) in &ended {
                    let key = (row.workspace, row.webhook_id.clone());
                    if let Some(under_way) = self.in_flight.get_mut(&key) {
                        under_way.remove(&row.delivery_no);
                    }
                    let own = self
                        .hooks
                        .iter_mut()
                        .find(|(hook, _)| (hook.workspace, hook.webhook_id.as_str()) == (key.0, &key.1));
                    if let Some((hook, _)) = own {
                        hook.failing_since =
                            if called.is_taken() { None } else { hook.failing_since.or(Some(now)) };
                    }
                }
                for (workspace, webhook_id) in disabled {
                    self.tell_of_end(workspace, &webhook_id, now);
                }
                Ok(true)
            }
            Err(error) => {
                // The outcome is known: it is written down as soon as the store allows.
                self.ended.lock().unwrap_or_else(PoisonError::into_inner).extend(ended);
                Err(error.into())
            }
        }
    }

    /// A webhook was switched off: the audit log says so, and those who run the shop get a letter.
    fn tell_of_end(&self, workspace: WorkspaceId, webhook_id: &str, now: kit::Timestamp) {
        tracing::warn!(webhook.id = %webhook_id, "a webhook took nothing for too long and is switched off");
        let mut changes = Changeset::new();
        let entry = AuditEntry {
            at: now,
            actor: "system".into(),
            action: "webhook_disabled".into(),
            object: format!("webhooks/{webhook_id}"),
            detail: "{}".into(),
            ..AuditEntry::default()
        };
        changes.log_audit(workspace, entry);
        let told = self.shared.store.apply(changes).and_then(|_| {
            self.shared.store.read(|tx| {
                let row = tx.workspaces()?.into_iter().find(|row| row.workspace == workspace);
                Ok((row, tx.channel(workspace, Channel::Email.as_str())?, tx.accounts(workspace)?))
            })
        });
        let Ok((Some(row), Some(channel), accounts)) = told else { return };
        let name = self
            .hooks
            .iter()
            .find(|(hook, _)| hook.webhook_id == webhook_id)
            .map_or_else(String::new, |(_, told)| told.name.clone());
        let url = format!("{}/app/settings/webhooks/{webhook_id}", self.services.config.public_url);
        let (subject, text) = if row.settings.language == "en" {
            (
                format!("The webhook “{name}” is switched off"),
                format!(
                    "The webhook “{name}” took no message for five days, so it was switched off.\n\n{url}"
                ),
            )
        } else {
            (
                format!("Webhook “{name}” đã bị tắt"),
                format!("Webhook “{name}” không nhận được tin nào trong năm ngày nên đã bị tắt.\n\n{url}"),
            )
        };
        let desk = Arc::clone(&self.desk);
        let to: Vec<String> = accounts
            .into_iter()
            .filter(|account| {
                matches!(account.role.as_str(), "owner" | "admin") && account.email.contains('@')
            })
            .map(|account| account.email)
            .collect();
        self.runtime.spawn(async move {
            for to in to {
                let sent =
                    api::ChannelDesk::post_for(&*desk, workspace, &channel.sealed, &to, &subject, &text);
                if !matches!(tokio::time::timeout(POST_WAIT, sent).await, Ok(Ok(()))) {
                    tracing::warn!("staff could not be told of a webhook that was switched off");
                }
            }
        });
    }

    fn refresh(&mut self) -> Result<()> {
        let generation = self.shared.store.read(|tx| tx.progress(store::inbox::CONFIGURATION))?.unwrap_or(0);
        if self.generation == Some(generation) {
            return Ok(());
        }
        let (rows, workspaces) = self.shared.store.read(|tx| Ok((tx.hooks()?, tx.workspaces()?)))?;
        self.hooks.clear();
        self.callers.clear();
        for row in rows {
            // What waits for one that is paused goes on; only one that was switched off is left alone.
            if row.state == "disabled" {
                continue;
            }
            match serde_json::from_str::<Subscription>(&row.doc) {
                Ok(told) => self.hooks.push((row, told)),
                Err(error) => {
                    tracing::error!(webhook.id = %row.webhook_id, %error, "a webhook cannot be read")
                }
            }
        }
        for workspace in workspaces {
            if self.hooks.iter().any(|(hook, _)| hook.workspace == workspace.workspace) {
                let egress = self.desk.egress(workspace.settings.allow_private_networks);
                let caller = Caller::new(&egress).map_err(anyhow::Error::msg)?;
                self.callers.insert(workspace.workspace, caller);
            }
        }
        self.generation = Some(generation);
        Ok(())
    }
}
