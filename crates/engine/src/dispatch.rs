//! The way out: asks the gate, makes the words, writes down that a message is being handed over, and afterwards
//! what became of it. The hand-over itself is the caller's.

use crate::EngineError;
use crate::budgets::{Booked, Purse};
use crate::contents::{self, Parts, Unfit};
use crate::devices;
use crate::facts::zone_of;
use crate::hooks::Hooks;
use crate::note::Note;
use crate::pace::{Counted, Pace};
use crate::render::{Composer, Occasion, RenderFailure, order_named};
use crate::turns::{Rank, Turns, topic_of};
use domain::commerce::Order;
use domain::consent::{Channel, Purpose};
use domain::delivery::{
    About, Content, Delivery, MessageClass, Outcome, Receipt, RejectClass, RetryClass, Sender, TextContent,
    Told, WebhookContent,
};
use domain::gate::{Decision, Reason, Request, Sent, Suppression, decide, holdout_bucket};
use domain::hook::Topic;
use domain::identifier::IdentifierKind;
use domain::local_time::Zone;
use domain::price::{Priced, price_of};
use domain::profile::Profile;
use domain::sending::Attention;
use domain::template::design::Design;
use domain::ways::{Choose, Plan, Results, Way};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, ProfileNo, SECOND_MS, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::access::Workspace;
use store::devices::DeviceRow;
use store::messages::{MessageRow, SuppressionRow, TemplateRow};
use store::{Changeset, ReadTx, Store, StoreError};

/// Attempts at one message before it is given up: with the waits between them about nine hours.
pub const RETRY_ATTEMPTS_MAX: i64 = 12;
/// Messages whose next way is asked for in one changeset.
const FALL_BACKS_AT_ONCE: i64 = 500;
/// Where a message keeps its ways.
const WAYS: &str = "ways";
/// The attribute in which a customer's preferred channel stands: `zalo`, `sms`, `email` or `push`.
const PREFERRED_CHANNEL: &str = "preferred_channel";
/// A message that finds no working channel asks again after this time.
const CHANNEL_WAIT_MS: i64 = 5 * MINUTE_MS;

/// A message that is marked as being handed over. It must be [settled](Dispatcher::settle), whatever happens.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub workspace: WorkspaceId,
    pub message_no: i64,
    pub channel: Channel,
    pub delivery: Delivery,
    attempts: i64,
    decided_at: Timestamp,
    wait_ms_max: i64,
    /// For the shop's own systems; null where nobody there wants it.
    brief: Value,
    /// What it costs, as far as that is known.
    booked: Option<Booked>,
    /// Where it can travel several ways.
    plan: Option<Plan>,
    context: Value,
    /// Of a notification: the device that it goes to, by its address.
    device: Option<String>,
    campaign_id: Option<String>,
}

/// What a round of outcomes came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SettleReport {
    pub accepted: u64,
    pub again: u64,
    pub failed: u64,
    pub unknown: u64,
}

/// Who a channel's messages come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    pub from: Option<Sender>,
    pub reply_to: Option<String>,
    pub return_path: Option<String>,
    /// Where mail that cannot be delivered is read: each message gets an address of its own there, such as
    /// `bounce+TOKEN@mail.shop.vn` for `bounce@mail.shop.vn`. It goes before `return_path`.
    pub returns: Option<String>,
}

pub struct Dispatcher {
    store: Arc<Store>,
    pub composer: Composer,
    /// Channels that are set up and switched on.
    identities: BTreeMap<(WorkspaceId, Channel), Identity>,
    workspaces: BTreeMap<WorkspaceId, Workspace>,
    templates: FxHashMap<(WorkspaceId, String), Arc<TemplateRow>>,
    /// Workspaces where a segment or a journey wants to know what became of messages.
    watched: BTreeSet<WorkspaceId>,
    /// Where the shop's own systems are told of messages.
    hooks: BTreeMap<WorkspaceId, Hooks>,
    /// What messages may cost.
    purse: Purse,
    /// How much goes out of sending domains.
    pace: Pace,
    generation: i64,
}

/// A message as the shop's own systems are told of it.
pub(crate) fn message_in_brief(message: &MessageRow) -> Value {
    json!({
        "message_id": message.id,
        "channel": message.channel,
        "purpose": message.purpose,
        "journey_id": message.journey_id,
        "campaign_id": message.campaign_id,
        "template_id": message.template_id,
    })
}

/// A message that is due, with what was read for it.
pub(crate) struct DueMessage {
    pub(crate) row: MessageRow,
    context: Value,
    pub(crate) address: Option<String>,
    suppression: Option<Suppression>,
    /// That the event is about.
    order: Option<Order>,
    /// Where it can travel several ways.
    plan: Option<Plan>,
    /// What became of the person's messages, where the plan asks for it.
    results: BTreeMap<Channel, Results>,
    /// Of a notification: the device that it goes to.
    device: Option<DeviceRow>,
}

/// Messages that are due, and what decides on them.
struct Due {
    messages: Vec<DueMessage>,
    profiles: FxHashMap<(WorkspaceId, ProfileNo), Profile>,
    turns: Turns,
}

enum Fate {
    Go(Box<Delivery>, store::messages::Body),
    Wait(Timestamp, &'static str, String),
    Refuse(&'static str, String),
}

impl Dispatcher {
    pub fn new(store: Arc<Store>, composer: Composer) -> Dispatcher {
        Dispatcher {
            store,
            composer,
            identities: BTreeMap::new(),
            workspaces: BTreeMap::new(),
            templates: FxHashMap::default(),
            watched: BTreeSet::new(),
            hooks: BTreeMap::new(),
            purse: Purse::default(),
            pace: Pace::default(),
            generation: -1,
        }
    }

    pub fn set_channels(&mut self, identities: BTreeMap<(WorkspaceId, Channel), Identity>) {
        self.identities = identities;
    }

    /// Settles what a process that died left half handed over: nobody can say whether the other side took it, and
    /// sending again could reach somebody twice. To be called once, by the process that leads, before it sends.
    pub fn recover(&mut self, now: Timestamp) -> Result<u64, EngineError> {
        let mut recovered = 0;
        self.refresh()?;
        loop {
            let stranded = self.store.read(|tx| tx.stranded_messages(1_000))?;
            if stranded.is_empty() {
                return Ok(recovered);
            }
            let mut changes = Changeset::new();
            for message in &stranded {
                let detail =
                    "the process ended during the hand-over; not sent again, so that nobody gets it twice";
                changes.turn_message(
                    message.message_no,
                    "sending",
                    "unknown",
                    "interrupted",
                    detail.to_owned(),
                    message.due_at,
                    None,
                );
                changes.log_message(message.workspace, message.message_no, now, "unknown", detail.to_owned());
                if self.hooks.contains_key(&message.workspace) {
                    let profile = self.store.read(|tx| tx.profile(message.workspace, message.profile))?;
                    let brief = self.brief_of(message, profile.as_ref().map(|stored| &stored.profile));
                    let workspace = message.workspace;
                    self.tell_hooks(&mut changes, workspace, Topic::MessageFailed, brief, "interrupted", now);
                }
            }
            recovered += stranded.len() as u64;
            self.store.apply(changes)?;
        }
    }

    fn refresh(&mut self) -> Result<(), EngineError> {
        let generation = self.store.read(|tx| tx.progress(store::inbox::CONFIGURATION))?.unwrap_or(0);
        if generation != self.generation {
            let (workspaces, watched, hooks, purse) = self.store.read(|tx| {
                Ok((tx.workspaces()?, watching_workspaces(tx)?, Hooks::read(tx)?, Purse::read(tx)?))
            })?;
            self.pace = self.store.read(Pace::read)?;
            self.watched = watched;
            self.purse = purse;
            self.hooks = hooks;
            self.workspaces = workspaces.into_iter().map(|w| (w.workspace, w)).collect();
            self.templates.clear();
            self.generation = generation;
        }
        Ok(())
    }

    /// Decides on messages of a channel that are due, `limit` at a time, and returns those that are to be handed over
    /// now; they are marked in the ledger before. An empty answer means that none is due any more. Channels are
    /// asked for one by one, so that one which hangs holds up no other.
    pub fn claim(
        &mut self,
        channel: Channel,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Outgoing>, EngineError> {
        self.claim_of(channel, None, now, limit)
    }

    /// As [`Dispatcher::claim`], of one workspace: its provider may take only so many in a time.
    pub fn claim_of(
        &mut self,
        channel: Channel,
        workspace: Option<WorkspaceId>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Outgoing>, EngineError> {
        self.refresh()?;
        loop {
            let Some(due) = self.gather(channel, workspace, now, limit)? else { return Ok(Vec::new()) };
            let (changes, outgoing) = self.decide_all(due, now)?;
            if changes.is_empty() {
                return Ok(outgoing);
            }
            match self.store.apply(changes) {
                Ok(_) if outgoing.is_empty() => continue,
                Ok(_) => return Ok(outgoing),
                // A message was called off meanwhile: look again.
                Err(StoreError::Conflict { .. }) => continue,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Every workspace there is.
    pub fn workspaces(&self) -> Vec<WorkspaceId> {
        self.workspaces.keys().copied().collect()
    }

    /// Channels with a message that is due: one look instead of a claim for each that exists.
    pub fn due_channels(&self, now: Timestamp) -> Result<Vec<Channel>, EngineError> {
        Ok(self.store.read(|tx| {
            let mut due = Vec::new();
            for channel in Channel::ALL {
                if tx.next_message_due(*channel)?.is_some_and(|at| at <= now) {
                    due.push(*channel);
                }
            }
            Ok(due)
        })?)
    }

    /// When the next message of any channel is due.
    pub fn next_due(&self) -> Result<Option<Timestamp>, EngineError> {
        Ok(self.store.read(|tx| {
            let mut next = None;
            for channel in Channel::ALL {
                if let Some(at) = tx.next_message_due(*channel)? {
                    next = Some(next.map_or(at, |earlier: Timestamp| earlier.min(at)));
                }
            }
            let fall_back = tx.next_fall_back()?;
            Ok(next.into_iter().chain(fall_back).min())
        })?)
    }

    /// What is due with the people it goes to, all of one moment: the engine may merge profiles meanwhile, and a
    /// message of one that is gone would be refused. `None` when nothing is due.
    fn gather(
        &self,
        channel: Channel,
        workspace: Option<WorkspaceId>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Option<Due>, EngineError> {
        Ok(self.store.read(|tx| {
            let messages = tx.due_messages(channel, workspace, now, limit)?;
            if messages.is_empty() {
                return Ok(None);
            }
            let mut keys: Vec<(WorkspaceId, ProfileNo)> =
                messages.iter().map(|m| (m.workspace, m.profile)).collect();
            keys.sort_unstable();
            keys.dedup();
            let profiles = tx.profiles(&keys)?;
            let profiles: FxHashMap<_, _> =
                profiles.into_iter().map(|(w, stored)| ((w, stored.profile.no), stored.profile)).collect();
            let messages = read_for(tx, messages, channel, &profiles)?;
            let reach_ms = |workspace: WorkspaceId| {
                self.workspaces.get(&workspace).map_or(0, |w| w.settings.policy.longest_cap_ms())
            };
            let turns = Turns::read(tx, &messages, channel, &profiles, now, reach_ms)?;
            Ok(Some(Due { messages, profiles, turns }))
        })?)
    }

    fn decide_all(&mut self, due: Due, now: Timestamp) -> Result<(Changeset, Vec<Outgoing>), EngineError> {
        let Due { messages: mut due, profiles, mut turns } = due;
        due.sort_by_cached_key(|one| Rank::of(&one.row, &one.context));
        let mut changes = Changeset::new();
        let mut outgoing = Vec::new();
        let mut turned = Vec::new();
        self.purse.forget();
        self.pace.forget();
        for mut asked in due {
            let key = (asked.row.workspace, asked.row.profile);
            let Some(workspace) = self.workspaces.get(&asked.row.workspace).cloned() else { continue };
            if let Some(way) = settle_ways(&mut asked, profiles.get(&key)) {
                let detail = format!("{} first", way.channel);
                switch(&mut changes, &asked, "queued", &way, "way_chosen", detail, now);
                continue;
            }
            let message = &asked.row;
            let wait_ms_max = i64::from(workspace.settings.policy.wait_hours_max) * HOUR_MS;
            let channel = message.channel.parse::<Channel>().ok();
            let purpose = message.purpose.parse::<Purpose>().unwrap_or(Purpose::Marketing);
            let fate = match channel {
                None => Fate::Refuse("channel_unknown", format!("{} is no channel", message.channel)),
                Some(channel) => {
                    self.fate(&mut asked, &workspace, channel, purpose, profiles.get(&key), &turns, now)?
                }
            };
            let (fate, booked) = self.priced(fate, &asked.row, &workspace, now)?;
            let (fate, counted) =
                self.paced(fate, &asked.row, purpose, &workspace, profiles.get(&key), now)?;
            if let Fate::Refuse(reason, detail) = &fate
                && may_go_another_way(reason)
                && let Some(way) = asked.plan.as_mut().and_then(Plan::give_up)
            {
                let detail = format!("{}: {reason} {detail}", asked.row.channel);
                switch(&mut changes, &asked, "queued", &way, "fell_back", detail, now);
                continue;
            }
            let plan = asked.plan;
            let message = asked.row;
            let no = message.message_no;
            let brief = self.brief_of(&message, profiles.get(&key));
            match (fate, channel) {
                (Fate::Go(mut delivery, body), Some(channel)) => {
                    turns.goes(&message, channel, purpose, &delivery.to, now);
                    changes.claim_message(&message, &delivery.to, now);
                    changes.set_body(message.workspace, no, now, &body);
                    if let Some(counted) = &counted {
                        counted.write(&mut changes, message.workspace);
                    }
                    if let Some(booked) = &booked {
                        booked.write(&mut changes, message.workspace);
                        changes.set_message_price(no, Some(booked.amount));
                    }
                    if channel == Channel::Onsite {
                        // There is nobody to hand it over to: it waits for a page from this transaction on.
                        devices::let_wait(&mut changes, &message, &delivery.content, now);
                        turned.push((message.workspace, no));
                        let workspace = message.workspace;
                        self.tell_hooks(&mut changes, workspace, Topic::MessageAccepted, brief, "", now);
                        continue;
                    }
                    if let Some(device) = &asked.device {
                        delivery.to = devices::place_of(device);
                    }
                    outgoing.push(Outgoing {
                        workspace: message.workspace,
                        message_no: no,
                        channel,
                        delivery: *delivery,
                        attempts: message.attempts + 1,
                        decided_at: message.decided_at,
                        wait_ms_max,
                        brief,
                        booked,
                        plan,
                        context: asked.context,
                        device: asked.device.map(|device| device.address),
                        campaign_id: message.campaign_id.clone(),
                    });
                }
                (Fate::Wait(until, reason, detail), _) => {
                    changes.turn_message(no, "queued", "queued", reason, detail.clone(), until, None);
                    if message.reason != reason {
                        changes.log_message(message.workspace, no, now, reason, detail);
                    }
                }
                (Fate::Refuse(reason, detail), _) => {
                    turned.push((message.workspace, no));
                    self.tell_hooks(
                        &mut changes,
                        message.workspace,
                        Topic::MessageWithheld,
                        brief,
                        reason,
                        now,
                    );
                    changes.turn_message(
                        no,
                        "queued",
                        "refused",
                        reason,
                        detail.clone(),
                        message.due_at,
                        None,
                    );
                    changes.log_message(message.workspace, no, now, "refused", format!("{reason} {detail}"));
                }
                (Fate::Go(..), None) => {}
            }
        }
        self.tell_turned(&mut changes, &turned, now);
        Ok((changes, outgoing))
    }

    /// Books what a message costs; one that would pass a budget waits.
    fn priced(
        &mut self,
        fate: Fate,
        message: &MessageRow,
        workspace: &Workspace,
        now: Timestamp,
    ) -> Result<(Fate, Option<Booked>), EngineError> {
        let Fate::Go(delivery, body) = fate else { return Ok((fate, None)) };
        let settings = &workspace.settings;
        let price = Priced::of(&delivery.content, &delivery.to).and_then(|p| price_of(&p, &settings.texting));
        let Some(price) = price else { return Ok((Fate::Go(delivery, body), None)) };
        let (store, purse) = (&self.store, &mut self.purse);
        let zone = settings.zone();
        Ok(match purse.book(store, message, price, &zone, now)? {
            Ok(booked) => (Fate::Go(delivery, body), Some(booked)),
            Err((until, budget)) => {
                let wait_ms_max = i64::from(settings.policy.wait_hours_max) * HOUR_MS;
                if until.since_ms(message.decided_at) > wait_ms_max {
                    (Fate::Refuse("over_budget", budget), None)
                } else {
                    (Fate::Wait(until, "over_budget", budget), None)
                }
            }
        })
    }

    /// The address to which this message returns when it cannot be delivered.
    fn return_path(&self, message: &MessageRow, identity: &Identity) -> Option<String> {
        let Some((local, domain)) = identity.returns.as_deref().and_then(|address| address.split_once('@'))
        else {
            return identity.return_path.clone();
        };
        let token = self.composer.key.return_token(message.workspace, message.message_no);
        Some(format!("{local}+{token}@{domain}"))
    }

    /// An advertisement by e-mail waits where its domain has sent enough for now, and ends with who never looks.
    fn paced(
        &mut self,
        fate: Fate,
        message: &MessageRow,
        purpose: Purpose,
        workspace: &Workspace,
        profile: Option<&Profile>,
        now: Timestamp,
    ) -> Result<(Fate, Option<Counted>), EngineError> {
        let from = match &fate {
            Fate::Go(delivery, _) => match &delivery.content {
                Content::Email(content) => content.from.address.clone(),
                _ => return Ok((fate, None)),
            },
            _ => return Ok((fate, None)),
        };
        let is_trial = matches!(message.origin.as_str(), "test" | "staff");
        if is_trial || purpose == Purpose::Transactional {
            return Ok((fate, None));
        }
        if let (Some(rule), Some(profile)) = (&workspace.settings.deliverability.sunset, profile) {
            let begins = now.plus_ms(-i64::from(rule.days) * kit::DAY_MS);
            let seen = profile.last_seen_at.0;
            // Who was here of late needs no look at the ledger.
            if seen < begins {
                let (sent, looked) =
                    self.store.read(|tx| tx.attention(message.workspace, message.profile, begins))?;
                let sent = u32::try_from(sent).unwrap_or(u32::MAX);
                if rule.ends(&Attention { sent, last_seen_at: looked.max(Some(seen)) }, now) {
                    let detail = format!("{sent} messages in {} days", rule.days);
                    return Ok((Fate::Refuse("sunset", detail), None));
                }
            }
        }
        let to = match &fate {
            Fate::Go(delivery, _) => delivery.to.clone(),
            _ => String::new(),
        };
        let pace = &mut self.pace;
        match self.store.read(|tx| pace.take(tx, message.workspace, &from, &to, now))? {
            Ok(counted) => Ok((fate, counted)),
            Err((until, reason, detail)) => {
                let wait_ms_max = i64::from(workspace.settings.policy.wait_hours_max) * HOUR_MS;
                if until.since_ms(message.decided_at) > wait_ms_max {
                    let detail = format!("{reason} {detail}");
                    return Ok((Fate::Refuse(Reason::WaitedTooLong.code(), detail), None));
                }
                Ok((Fate::Wait(until, reason, detail), None))
            }
        }
    }

    /// What the shop's own systems may be told of a message; null where nobody wants it.
    fn brief_of(&self, message: &MessageRow, profile: Option<&Profile>) -> Value {
        let topics = [Topic::MessageAccepted, Topic::MessageFailed, Topic::MessageWithheld];
        let wanted = |hooks: &Hooks| topics.iter().any(|topic| hooks.wants(*topic));
        let is_trial = matches!(message.origin.as_str(), "test" | "staff");
        match profile {
            Some(profile) if !is_trial && self.hooks.get(&message.workspace).is_some_and(wanted) => {
                let mut brief = message_in_brief(message);
                brief["profile_id"] = json!(profile.id.to_string());
                brief
            }
            _ => Value::Null,
        }
    }

    fn tell_hooks(
        &self,
        changes: &mut Changeset,
        workspace: WorkspaceId,
        topic: Topic,
        mut brief: Value,
        reason: &str,
        now: Timestamp,
    ) {
        if let (false, Some(hooks)) = (brief.is_null(), self.hooks.get(&workspace)) {
            if !reason.is_empty() {
                brief["reason"] = json!(reason);
            }
            hooks.tell(changes, workspace, topic, now, now, &brief);
        }
    }

    /// Tells the engine of messages that will not change their state any more, where somebody wants to know.
    fn tell_turned(&self, changes: &mut Changeset, turned: &[(WorkspaceId, i64)], now: Timestamp) {
        for workspace in &self.watched {
            let of = turned.iter().filter(|(turned, _)| turned == workspace);
            let messages: Vec<i64> = of.map(|(_, message_no)| *message_no).collect();
            if !messages.is_empty() {
                changes.append(Note::MessagesTurned { messages }.arrival(*workspace, now));
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that a decision depends on, each once")]
    fn fate(
        &mut self,
        asked: &mut DueMessage,
        workspace: &Workspace,
        channel: Channel,
        purpose: Purpose,
        profile: Option<&Profile>,
        turns: &Turns,
        now: Timestamp,
    ) -> Result<Fate, EngineError> {
        let Some(profile) = profile else {
            return Ok(Fate::Refuse("profile_gone", "the profile no longer exists".into()));
        };
        let DueMessage { row: message, context, address, suppression, order, plan, .. } = asked;
        let (context, address) = (&*context, address.take());
        if channel != Channel::Webhook && !matches!(message.origin.as_str(), "staff" | "test") {
            let zone = zone_of(profile, &workspace.settings.zone());
            let topic = self.topic(message, context)?;
            let recent = turns.recent(message, channel, address.as_deref());
            let sends_by = |channel| self.identities.contains_key(&(message.workspace, channel));
            let ahead = turns.ahead(message, Rank::of(message, context), now, sends_by);
            let about = Asked {
                topic: topic.as_deref(),
                suppression: *suppression,
                recent: &recent,
                ahead: &ahead,
                ..Asked::of(channel, purpose, &zone)
            };
            match ask_gate(workspace, profile, &about, message.decided_at, now) {
                Decision::Send => {}
                Decision::Wait(until, reason) => return Ok(Fate::Wait(until, reason.code(), String::new())),
                Decision::Refuse(reason) => return Ok(Fate::Refuse(reason.code(), String::new())),
            }
        }
        let Some(address) = address else { return Ok(Fate::Refuse(Reason::NoAddress.code(), String::new())) };
        let identity = self.identities.get(&(message.workspace, channel)).cloned();
        let identity = match (identity, channel) {
            (Some(identity), _) => identity,
            // A webhook needs no set-up: its node says where it goes.
            (None, Channel::Webhook) => Identity::default(),
            (None, _) if plan.as_ref().is_some_and(Plan::has_another) => {
                return Ok(Fate::Refuse(
                    "channel_not_set_up",
                    format!("the channel {channel} is not set up"),
                ));
            }
            (None, _) => {
                let wait_ms_max = i64::from(workspace.settings.policy.wait_hours_max) * HOUR_MS;
                if now.since_ms(message.decided_at) > wait_ms_max {
                    return Ok(Fate::Refuse(
                        Reason::WaitedTooLong.code(),
                        "the channel was never set up".into(),
                    ));
                }
                let detail = format!("the channel {channel} is not set up");
                return Ok(Fate::Wait(now.plus_ms(CHANNEL_WAIT_MS), "channel_not_set_up", detail));
            }
        };
        let occasion = Occasion {
            workspace,
            message_no: message.message_no,
            channel: channel.as_str(),
            purpose,
            campaign: "",
            context,
            order: order.as_ref(),
            now,
            preview: false,
        };
        if channel == Channel::Webhook && context.get("staff").is_none() {
            let told = context["webhook"]["body"].as_str();
            let filled = told.map(|text| self.composer.fill_in("", text, profile, &occasion)).transpose();
            return Ok(match filled {
                Ok(filled) => self.webhook(message, profile, context, filled.map(|(_, text)| text), now),
                Err(failure) => Fate::Refuse(failure.code(), failure.detail()),
            });
        }
        if let Some(staff) = context.get("staff").or_else(|| context.get("notice")) {
            let word = |key: &str| staff[key].as_str().unwrap_or_default();
            // A notice with a gap tells staff more than none.
            let occasion = Occasion { preview: true, ..occasion };
            let filled = self.composer.fill_in(word("subject"), word("message"), profile, &occasion);
            let (subject, text) = match filled {
                Ok(filled) => filled,
                Err(failure) => return Ok(Fate::Refuse(failure.code(), failure.detail())),
            };
            let body = store::messages::Body { subject, html: None, text: Some(text), links: Vec::new() };
            let parts = Parts {
                message,
                identity: &identity,
                to_name: None,
                unsubscribe_url: None,
                return_path: self.return_path(message, &identity),
                now,
            };
            let content = match channel {
                Channel::Email => contents::email(&parts, &body),
                Channel::Webhook => Some(contents::notice(&body)),
                _ => Some(Content::Text(TextContent {
                    body: body.text.clone().unwrap_or_default(),
                    class: MessageClass::Care,
                })),
            };
            return Ok(handed_over(message, address, content, body, channel, now));
        }
        let template_id = message.template_id.clone().unwrap_or_default();
        let Some(template) = self.template(message.workspace, &template_id)? else {
            let missing = RenderFailure::TemplateMissing;
            return Ok(Fate::Refuse(missing.code(), missing.detail()));
        };
        message.template_version = Some(template.version);
        let occasion = Occasion { campaign: &template.template_id, ..occasion };
        let composed = match self.composer.compose(&template, profile, &occasion) {
            Err(failure) => return Ok(Fate::Refuse(failure.code(), failure.detail())),
            Ok(composed) => composed,
        };
        let mut body = composed.body;
        let parts = Parts {
            message,
            identity: &identity,
            to_name: profile.full_name(),
            unsubscribe_url: (purpose == Purpose::Marketing).then_some(composed.unsubscribe_url),
            return_path: self.return_path(message, &identity),
            now,
        };
        // The document is read again only where what is sent depends on its design: that of an e-mail can be long.
        let is_designed = matches!(channel, Channel::Push | Channel::Onsite | Channel::Zalo);
        let design = is_designed.then(|| contents::design_of(&template)).flatten();
        let content = match (channel, design) {
            (Channel::Email, _) => Ok(contents::email(&parts, &body)),
            (Channel::Push | Channel::Onsite, design) => {
                let push = match &design {
                    Some(Design::Push(push)) => Some(push),
                    _ => None,
                };
                contents::push(&self.composer, push, &mut body, profile, &occasion, message).map(Some)
            }
            (Channel::Zalo, Some(Design::Zns(zns))) => {
                contents::zns(&self.composer, &zns, profile, &occasion).map(Some)
            }
            // What is no approved template goes to those alone whom the account knows.
            (Channel::Zalo, _) if address.starts_with('+') => {
                let detail =
                    "without a template that Zalo approved, only to who follows the account".to_owned();
                Err(Unfit { code: Reason::NoAddress.code(), detail })
            }
            _ => contents::text(&occasion, &template, &mut body).map(Some),
        };
        Ok(match content {
            Ok(content) => handed_over(message, address, content, body, channel, now),
            Err(Unfit { code, detail }) => Fate::Refuse(code, detail),
        })
    }

    /// `filled` is the text that the journey's author wrote; without it the run is told as JSON.
    fn webhook(
        &self,
        message: &MessageRow,
        profile: &Profile,
        context: &Value,
        filled: Option<String>,
        now: Timestamp,
    ) -> Fate {
        let told = &context["webhook"];
        let headers = told["headers"].as_object().into_iter().flatten();
        let headers =
            headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let body = match filled {
            Some(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            None => serde_json::json!({
                "message_id": message.id,
                "journey_id": message.journey_id,
                "run_id": message.run_id,
                "node": message.node,
                "profile": profile_told(profile),
                "event": context.get("event"),
            }),
        };
        let url = told["url"].as_str().unwrap_or_default().to_owned();
        let kept = store::messages::Body {
            subject: url.clone(),
            html: None,
            text: Some(body.to_string()),
            links: Vec::new(),
        };
        let content =
            Content::Webhook(WebhookContent { url, method: "POST".into(), headers: headers.collect(), body });
        let delivery = Delivery {
            key: message.id.clone(),
            channel: Channel::Webhook.to_string(),
            to: String::new(),
            content,
            attempt: u32::try_from(message.attempts + 1).unwrap_or(u32::MAX),
            attempted_at: now,
        };
        Fate::Go(Box::new(delivery), kept)
    }

    /// What a message is about: as its sender says, else as its template does.
    fn topic(&mut self, message: &MessageRow, context: &Value) -> Result<Option<String>, EngineError> {
        if let Some(topic) = topic_of(context) {
            return Ok(Some(topic.to_owned()));
        }
        let Some(named) = message.template_id.as_deref().filter(|_| message.purpose != "transactional")
        else {
            return Ok(None);
        };
        let template = self.template(message.workspace, named)?;
        Ok(template.and_then(|template| self.composer.topic(message.workspace, &template)))
    }

    /// By its id, else by its name.
    fn template(
        &mut self,
        workspace: WorkspaceId,
        named: &str,
    ) -> Result<Option<Arc<TemplateRow>>, EngineError> {
        let key = (workspace, named.to_owned());
        if let Some(row) = self.templates.get(&key) {
            return Ok(Some(Arc::clone(row)));
        }
        let found = self.store.read(|tx| match tx.template(workspace, named)? {
            Some(row) => Ok(Some(row)),
            None => Ok(tx.templates(workspace)?.into_iter().find(|row| row.name == named)),
        })?;
        let found = found.map(Arc::new);
        if let Some(row) = &found {
            self.templates.insert(key, Arc::clone(row));
        }
        Ok(found)
    }

    /// Asks the engine to try the next way of messages that were not delivered in their time. Returns how many.
    pub fn fall_back(&mut self, now: Timestamp) -> Result<usize, EngineError> {
        let due = self.store.read(|tx| tx.fall_backs_due(now, FALL_BACKS_AT_ONCE))?;
        let mut changes = Changeset::new();
        for (message_no, workspace) in &due {
            changes.set_fall_back(*message_no, None);
            changes
                .append(Note::FallBack { message_no: *message_no, at: now.into() }.arrival(*workspace, now));
        }
        if !due.is_empty() {
            self.store.apply(changes)?;
        }
        Ok(due.len())
    }

    /// Whether the person of a notification has a device beside the one that it went to.
    fn has_another_device(&self, outgoing: &Outgoing) -> Result<bool, EngineError> {
        let Some(address) = &outgoing.device else { return Ok(false) };
        if outgoing.attempts >= RETRY_ATTEMPTS_MAX {
            return Ok(false);
        }
        let workspace = outgoing.workspace;
        Ok(self.store.read(|tx| devices::others(tx, workspace, address))? > 0)
    }

    /// Writes down what became of messages that were handed over.
    pub fn settle(
        &mut self,
        outcomes: &[(Outgoing, Outcome)],
        now: Timestamp,
    ) -> Result<SettleReport, EngineError> {
        let mut report = SettleReport::default();
        let mut changes = Changeset::new();
        let mut turned = Vec::new();
        // Campaigns whose template the other side does not accept, with its words.
        let mut stopped: BTreeMap<(WorkspaceId, String), String> = BTreeMap::new();
        for (outgoing, outcome) in outcomes {
            let (no, workspace) = (outgoing.message_no, outgoing.workspace);
            let detail = outcome.detail().to_owned();
            let (state, reason, due_at) = match outcome {
                Outcome::Accepted { provider_id, .. } => {
                    report.accepted += 1;
                    turned.push((workspace, no));
                    changes.accept_message(no, detail.clone(), now, provider_id.clone());
                    changes.log_message(workspace, no, now, "accepted", detail);
                    let waits = outgoing.plan.as_ref().filter(|plan| plan.has_another());
                    if let Some(minutes) = waits.and_then(|plan| plan.fall_back_after_minutes) {
                        changes.set_fall_back(no, Some(now.plus_ms(i64::from(minutes) * MINUTE_MS)));
                    }
                    let brief = outgoing.brief.clone();
                    self.tell_hooks(&mut changes, workspace, Topic::MessageAccepted, brief, "", now);
                    continue;
                }
                Outcome::Retry { class: RetryClass::Rescheduled, after_ms, .. } => {
                    let until = now.plus_ms(after_ms.unwrap_or(HOUR_MS).clamp(MINUTE_MS, DAY_MS));
                    if until.since_ms(outgoing.decided_at) > outgoing.wait_ms_max {
                        ("failed", "waited_too_long", now)
                    } else {
                        changes.uncount_attempt(no);
                        ("queued", retry_code(RetryClass::Rescheduled), until)
                    }
                }
                Outcome::Retry { class, after_ms, .. } => {
                    if outgoing.attempts >= RETRY_ATTEMPTS_MAX {
                        if *class == RetryClass::MailboxFull {
                            changes.append(soft_bounce(outgoing, &detail, now).arrival(workspace, now));
                        }
                        ("failed", "gave_up", now)
                    } else {
                        let wait_ms = after_ms.unwrap_or(0).clamp(0, 6 * HOUR_MS).max(backoff_ms(outgoing));
                        ("queued", retry_code(*class), now.plus_ms(wait_ms))
                    }
                }
                Outcome::Misconfigured { .. } => {
                    if now.since_ms(outgoing.decided_at) > outgoing.wait_ms_max {
                        ("failed", "channel_misconfigured", now)
                    } else {
                        ("queued", "channel_misconfigured", now.plus_ms(CHANNEL_WAIT_MS))
                    }
                }
                Outcome::Rejected { class, .. } => {
                    if let (RejectClass::HardBounce, Some(address)) = (class, &outgoing.device) {
                        devices::dies(&mut changes, workspace, address, now);
                    } else if let Some(reason) = suppression_of_class(*class) {
                        changes.suppress(
                            workspace,
                            SuppressionRow {
                                channel: outgoing.channel.to_string(),
                                address: outgoing.delivery.to.clone(),
                                reason: reason.into(),
                                detail: detail.clone(),
                                at: now,
                            },
                        );
                    }
                    if *class == RejectClass::Stopped {
                        // The person said so to the provider; the engine writes it into their consents.
                        let receipt = Receipt {
                            about: About::Key(outgoing.delivery.key.clone()),
                            what: Told::Stopped,
                            at: None,
                            detail: detail.clone(),
                            event_id: None,
                            price: None,
                        };
                        let note = Note::Receipts {
                            channel: outgoing.channel,
                            provider: "provider".into(),
                            receipts: vec![receipt],
                            at: now.into(),
                        };
                        changes.append(note.arrival(workspace, now));
                    }
                    if *class == RejectClass::HardBounce && self.has_another_device(outgoing)? {
                        ("queued", "device_gone", now)
                    } else {
                        if let (RejectClass::Template, Some(id)) = (class, &outgoing.campaign_id) {
                            stopped.insert((workspace, id.clone()), detail.clone());
                        }
                        ("failed", reject_code(*class), now)
                    }
                }
                Outcome::Unknown { .. } => ("unknown", "no_answer", now),
            };
            if let Some(booked) = outgoing.booked.as_ref().filter(|_| state != "unknown") {
                booked.give_back(&mut changes, workspace);
                changes.set_message_price(no, None);
            }
            if state == "failed"
                && let Some(mut plan) = outgoing.plan.clone()
                && let Some(way) = plan.give_up()
            {
                report.again += 1;
                let told = format!("{}: {reason} {detail}", outgoing.channel);
                let context = context_with(&outgoing.context, Some(&plan));
                changes.switch_message(
                    no,
                    "sending",
                    way.channel,
                    &way.template,
                    context,
                    "fell_back",
                    told.clone(),
                    now,
                );
                changes.log_message(workspace, no, now, "fell_back", told);
                continue;
            }
            if state == "unknown"
                && let Some(plan) = outgoing.plan.as_ref().filter(|plan| plan.has_another())
                && let Some(minutes) = plan.fall_back_after_minutes
            {
                // It may have been taken: only when no sign of delivery comes the next way is tried.
                changes.set_fall_back(no, Some(now.plus_ms(i64::from(minutes) * MINUTE_MS)));
            }
            if state != "queued" {
                turned.push((workspace, no));
                let brief = outgoing.brief.clone();
                self.tell_hooks(&mut changes, workspace, Topic::MessageFailed, brief, reason, now);
            }
            match state {
                "queued" => report.again += 1,
                "unknown" => report.unknown += 1,
                _ => report.failed += 1,
            }
            changes.turn_message(no, "sending", state, reason, detail.clone(), due_at, None);
            changes.log_message(workspace, no, now, reason, detail);
        }
        self.tell_turned(&mut changes, &turned, now);
        if !changes.is_empty() {
            self.store.apply(changes)?;
        }
        for ((workspace, campaign_id), why) in stopped {
            // What one message of the template was refused for, every other would be. A campaign that has ended
            // meanwhile has nothing to stop, and says so.
            drop(crate::campaigns::pause_because(&self.store, workspace, &campaign_id, &why, now)?);
        }
        Ok(report)
    }
}

/// `None` of a content: the channel lacks what it takes.
fn handed_over(
    message: &MessageRow,
    to: String,
    content: Option<Content>,
    body: store::messages::Body,
    channel: Channel,
    now: Timestamp,
) -> Fate {
    let Some(content) = content else {
        let detail = "the e-mail channel names no sender".to_owned();
        return Fate::Wait(now.plus_ms(CHANNEL_WAIT_MS), "channel_not_set_up", detail);
    };
    let delivery = Delivery {
        key: message.id.clone(),
        channel: channel.to_string(),
        to,
        content,
        attempt: u32::try_from(message.attempts + 1).unwrap_or(u32::MAX),
        attempted_at: now,
    };
    Fate::Go(Box::new(delivery), body)
}

/// Puts the ways of a message into their order for the person, once; the first of them where that is not the
/// message's own channel.
fn settle_ways(asked: &mut DueMessage, profile: Option<&Profile>) -> Option<Way> {
    let plan = asked.plan.as_mut().filter(|plan| !plan.is_settled)?;
    let preferred = profile.and_then(|profile| {
        profile.attributes.get(PREFERRED_CHANNEL)?.value.as_str()?.to_lowercase().parse::<Channel>().ok()
    });
    plan.settle(preferred, &asked.results);
    let first = plan.current().cloned()?;
    (first.channel.as_str() != asked.row.channel).then_some(first)
}

/// Whether a message that is refused for this reason may reach the person on another channel.
fn may_go_another_way(reason: &str) -> bool {
    matches!(
        reason,
        "no_address"
            | "suppressed"
            | "do_not_call"
            | "no_consent"
            | "consent_pending"
            | "consent_denied"
            | "channel_not_set_up"
            | "template_missing"
            | "template_broken"
            | "value_missing"
            | "render_stopped"
            | "too_long"
    )
}

/// Queues a message anew, another way.
fn switch(
    changes: &mut Changeset,
    asked: &DueMessage,
    from: &'static str,
    way: &Way,
    reason: &str,
    detail: String,
    now: Timestamp,
) {
    let context = context_with(&asked.context, asked.plan.as_ref());
    let (no, workspace) = (asked.row.message_no, asked.row.workspace);
    changes.switch_message(no, from, way.channel, &way.template, context, reason, detail.clone(), now);
    changes.log_message(workspace, no, now, reason, detail);
}

/// What a message keeps, with its ways as they stand.
pub(crate) fn context_with(context: &Value, plan: Option<&Plan>) -> String {
    let mut context = context.clone();
    if let (Some(plan), Value::Object(kept)) = (plan, &mut context) {
        kept.insert(WAYS.to_owned(), json!(plan));
    }
    context.to_string()
}

/// The ways of a message, where it has several.
pub(crate) fn plan_of(context: &Value) -> Option<Plan> {
    serde_json::from_value(context.get(WAYS)?.clone()).ok()
}

/// Where the state of messages can turn a segment or move a journey.
fn watching_workspaces(tx: &mut ReadTx<'_>) -> Result<BTreeSet<WorkspaceId>, StoreError> {
    // The leaf, and not the text of a notice to staff.
    let reads = |document: &str| document.contains("\"message\":{");
    let mut watching = BTreeSet::new();
    watching.extend(tx.conditions()?.iter().filter(|row| reads(&row.leaf)).map(|row| row.workspace));
    watching
        .extend(tx.live_journeys()?.iter().filter(|live| reads(&live.definition)).map(|live| live.workspace));
    Ok(watching)
}

/// Where a channel reaches a person.
pub(crate) fn address_of(profile: &Profile, channel: Channel) -> Option<String> {
    let kind = match channel {
        Channel::Email => IdentifierKind::Email,
        Channel::Sms => IdentifierKind::Phone,
        // Zalo takes a user of the account, and for approved templates a phone number.
        Channel::Zalo => {
            let known = profile.address(&IdentifierKind::ZaloId);
            return known.or_else(|| profile.address(&IdentifierKind::Phone)).map(str::to_owned);
        }
        Channel::Push => IdentifierKind::PushEndpoint,
        Channel::Webhook | Channel::Onsite => return Some(String::new()),
    };
    profile.address(&kind).map(str::to_owned)
}

/// What the gate is told beside the person.
pub(crate) struct Asked<'a> {
    pub channel: Channel,
    pub purpose: Purpose,
    pub topic: Option<&'a str>,
    pub suppression: Option<Suppression>,
    /// Advertisements that went to the person, or to the address, of late.
    pub recent: &'a [Sent],
    /// More important ones that are due.
    pub ahead: &'a [Sent],
    pub zone: &'a Zone,
}

impl<'a> Asked<'a> {
    /// With nothing else known.
    pub fn of(channel: Channel, purpose: Purpose, zone: &'a Zone) -> Asked<'a> {
        Asked { channel, purpose, topic: None, suppression: None, recent: &[], ahead: &[], zone }
    }
}

/// Asks the gate about a message to a person at their own address.
pub(crate) fn ask_gate(
    workspace: &Workspace,
    profile: &Profile,
    asked: &Asked<'_>,
    decided_at: Timestamp,
    now: Timestamp,
) -> Decision {
    let request = Request {
        channel: asked.channel,
        purpose: asked.purpose,
        topic: asked.topic,
        has_address: address_of(profile, asked.channel).is_some(),
        suppression: asked
            .suppression
            .or_else(|| crate::erasure::stopped(profile, asked.channel, asked.purpose)),
        consent: profile.consents.current(asked.channel, asked.purpose),
        wishes: &profile.wishes,
        recent: asked.recent,
        ahead: asked.ahead,
        holdout_bucket: holdout_bucket(&workspace.salt, profile.id),
        time_zone: asked.zone,
        decided_at,
    };
    decide(&workspace.settings.policy, &request, now)
}

/// The reason on the list of addresses after such a refusal; `None` where the address is as good as before.
pub(crate) fn suppression_of_class(class: RejectClass) -> Option<&'static str> {
    (class == RejectClass::HardBounce).then_some("hard_bounce")
}

/// A mailbox that was full until the message was given up.
fn soft_bounce(outgoing: &Outgoing, detail: &str, now: Timestamp) -> Note {
    let receipt = Receipt {
        about: About::Address(outgoing.delivery.to.clone()),
        what: Told::SoftBounced,
        at: Some(now.ms()),
        detail: detail.to_owned(),
        event_id: Some(format!("{} gave up", outgoing.delivery.key)),
        price: None,
    };
    let provider = "attempts".to_owned();
    Note::Receipts { channel: outgoing.channel, provider, receipts: vec![receipt], at: now.into() }
}

/// Why an address is on the list, from the store's word.
pub(crate) fn suppression_of(reason: &str) -> Suppression {
    match reason {
        "hard_bounce" => Suppression::HardBounce,
        "complaint" => Suppression::Complaint,
        "do_not_call" => Suppression::DoNotCall,
        _ => Suppression::Manual,
    }
}

/// Reads in few queries what the decisions on messages of a channel need beside the people.
fn read_for(
    tx: &mut ReadTx<'_>,
    messages: Vec<MessageRow>,
    channel: Channel,
    profiles: &FxHashMap<(WorkspaceId, ProfileNo), Profile>,
) -> Result<Vec<DueMessage>, StoreError> {
    let mut due: Vec<DueMessage> = Vec::with_capacity(messages.len());
    let mut named = Vec::new();
    for row in messages {
        // Staff and test messages name their address; what goes to a person goes to the person's newest one.
        let address = match (&row.address, row.origin.as_str()) {
            (Some(address), "staff" | "test") => Some(address.clone()),
            _ => profiles.get(&(row.workspace, row.profile)).and_then(|profile| address_of(profile, channel)),
        };
        let device = match channel {
            Channel::Push => devices::device_of(tx, &row, address.as_deref())?,
            _ => None,
        };
        // A notification goes to a device that lives, whatever the profile says.
        let address =
            if channel == Channel::Push { device.as_ref().map(|one| one.address.clone()) } else { address };
        let context: Value = serde_json::from_str(&row.context).unwrap_or_default();
        named.push(order_named(&context));
        let plan = plan_of(&context);
        let asks = plan.as_ref().is_some_and(|plan| !plan.is_settled && plan.choose == Choose::Best);
        let results = if asks { tx.channel_results(row.workspace, row.profile)? } else { BTreeMap::new() };
        due.push(DueMessage { row, context, address, suppression: None, order: None, plan, results, device });
    }
    let to = |one: &DueMessage| one.address.clone().unwrap_or_default();
    let addresses: Vec<String> = due.iter().map(to).collect();
    let asked: Vec<_> = due
        .iter()
        .zip(&addresses)
        .map(|(one, to)| (one.row.workspace, channel.as_str(), to.as_str()))
        .collect();
    let listed = tx.suppressions_of(&asked)?;
    let orders: Vec<_> = due
        .iter()
        .zip(&named)
        .filter_map(|(one, named)| {
            let (source, order_id) = named.as_ref()?;
            Some((one.row.workspace, source.as_str(), order_id.as_str()))
        })
        .collect();
    let mut orders = tx.orders_named(&orders)?.into_iter();
    for ((one, listed), named) in due.iter_mut().zip(listed).zip(&named) {
        one.suppression = listed.as_deref().map(suppression_of);
        if named.is_some() {
            one.order = orders.next().flatten().map(|row| row.order);
        }
    }
    Ok(due)
}

/// A profile as a webhook tells it.
fn profile_told(profile: &Profile) -> Value {
    let identifiers: Vec<String> =
        profile.identifiers.iter().map(|known| known.identifier.to_string()).collect();
    let attributes = profile.attributes.iter().filter(|(_, held)| !held.value.is_null());
    let attributes: serde_json::Map<String, Value> =
        attributes.map(|(name, held)| (name.clone(), held.value.clone())).collect();
    serde_json::json!({
        "id": profile.id.to_string(),
        "identifiers": identifiers,
        "attributes": attributes,
        "tags": profile.active_tags().collect::<Vec<_>>(),
    })
}

/// 30 seconds, doubled with every attempt, at most two hours; spread by up to a quarter, always the same for one
/// message, so that a server that comes back is not met by all at once.
fn backoff_ms(outgoing: &Outgoing) -> i64 {
    let doubled = (30 * SECOND_MS) << (outgoing.attempts - 1).clamp(0, 8);
    let base = doubled.min(2 * HOUR_MS);
    base + base / 4 * (outgoing.message_no % 16) / 16
}

fn retry_code(class: RetryClass) -> &'static str {
    match class {
        RetryClass::Network => "retry_network",
        RetryClass::Timeout => "retry_timeout",
        RetryClass::Throttled => "retry_throttled",
        RetryClass::MailboxFull => "retry_mailbox_full",
        RetryClass::Temporary => "retry_temporary",
        RetryClass::Rescheduled => "rescheduled",
    }
}

pub(crate) fn reject_code(class: RejectClass) -> &'static str {
    match class {
        RejectClass::HardBounce => "hard_bounce",
        RejectClass::Policy => "rejected_by_policy",
        RejectClass::TooLarge => "too_large",
        RejectClass::Invalid => "invalid",
        RejectClass::Refused => "refused_by_provider",
        RejectClass::Recipient => "recipient_unreachable",
        RejectClass::Stopped => "recipient_stopped",
        RejectClass::Template => "template_refused",
    }
}
