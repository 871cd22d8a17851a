//! The way out: asks the gate, makes the words, writes down that a message is being handed over, and afterwards
//! what became of it. The hand-over itself is the caller's.

mod asks;
mod claim;
mod fate;
mod settle;

pub use asks::take_fates;
pub(crate) use claim::DueMessage;

use crate::EngineError;
use crate::budgets::{Booked, Purse};
use crate::hooks::Hooks;
use crate::insight::Insights;
use crate::note::Note;
use crate::pace::Pace;
use crate::render::Composer;
use domain::consent::{Channel, Purpose};
use domain::delivery::{Delivery, RejectClass, Sender};
use domain::gate::{Decision, Request, Sent, Suppression, decide, holdout_bucket};
use domain::hook::Topic;
use domain::identifier::IdentifierKind;
use domain::local_time::Zone;
use domain::profile::Profile;
use domain::ways::Plan;
use kit::{MINUTE_MS, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::access::Workspace;
use store::messages::{MessageRow, TemplateRow};
use store::{Changeset, ReadTx, Store, StoreError};

/// Attempts at one message before it is given up: with the waits between them about nine hours.
pub const RETRY_ATTEMPTS_MAX: i64 = 12;
/// Messages whose next way is asked for in one changeset.
const FALL_BACKS_AT_ONCE: i64 = 500;
/// Where a message keeps its ways.
const WAYS: &str = "ways";
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
    journey_id: Option<String>,
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
    /// Whether its provider tells what became of a message when it is asked, and not always by itself.
    pub asks: bool,
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
    insights: Insights,
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

impl Dispatcher {
    pub fn new(store: Arc<Store>, composer: Composer) -> Dispatcher {
        Dispatcher {
            composer: composer.remembering(Arc::clone(&store)),
            store,
            identities: BTreeMap::new(),
            workspaces: BTreeMap::new(),
            templates: FxHashMap::default(),
            watched: BTreeSet::new(),
            hooks: BTreeMap::new(),
            purse: Purse::default(),
            pace: Pace::default(),
            insights: Insights::default(),
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
            self.insights = self.store.read(|tx| self.insights.follow(tx))?;
            self.watched = watched;
            self.purse = purse;
            self.hooks = hooks;
            self.workspaces = workspaces.into_iter().map(|w| (w.workspace, w)).collect();
            self.templates.clear();
            self.generation = generation;
        }
        Ok(())
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
            let (fall_back, ask) = (tx.next_fall_back()?, tx.next_ask()?);
            Ok(next.into_iter().chain(fall_back).chain(ask).min())
        })?)
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

/// Why an address is on the list, from the store's word.
pub(crate) fn suppression_of(reason: &str) -> Suppression {
    match reason {
        "hard_bounce" => Suppression::HardBounce,
        "complaint" => Suppression::Complaint,
        "do_not_call" => Suppression::DoNotCall,
        _ => Suppression::Manual,
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
