//! What is due is decided: asked of the gate, priced, paced, and marked in the ledger before it is handed over.

use super::fate::Fate;
use super::{Dispatcher, Outgoing, address_of, context_with, plan_of, suppression_of};
use crate::budgets::Booked;
use crate::habits::stated_channel;
use crate::pace::Counted;
use crate::render::order_named;
use crate::turns::{Rank, Turns};
use crate::{EngineError, devices};
use domain::commerce::Order;
use domain::consent::{Channel, Purpose};
use domain::delivery::Content;
use domain::gate::{Reason, Suppression};
use domain::hook::Topic;
use domain::price::{Priced, price_of};
use domain::profile::Profile;
use domain::sending::Attention;
use domain::ways::{Choose, Plan, Results, Way};
use kit::{HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeMap;
use store::access::Workspace;
use store::devices::DeviceRow;
use store::messages::MessageRow;
use store::{Changeset, ReadTx, StoreError};

/// A message that is due, with what was read for it.
pub(crate) struct DueMessage {
    pub(crate) row: MessageRow,
    pub(super) context: Value,
    pub(crate) address: Option<String>,
    pub(super) suppression: Option<Suppression>,
    /// That the event is about.
    pub(super) order: Option<Order>,
    /// Where it can travel several ways.
    pub(super) plan: Option<Plan>,
    /// What became of the person's messages, where the plan asks for it.
    pub(super) results: BTreeMap<Channel, Results>,
    /// Of a notification: the device that it goes to.
    pub(super) device: Option<DeviceRow>,
}

/// Messages that are due, and what decides on them.
struct Due {
    messages: Vec<DueMessage>,
    profiles: FxHashMap<(WorkspaceId, ProfileNo), Profile>,
    turns: Turns,
}

impl Dispatcher {
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
                        journey_id: message.journey_id.clone(),
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
}

/// Puts the ways of a message into their order for the person, once; the first of them where that is not the
/// message's own channel.
fn settle_ways(asked: &mut DueMessage, profile: Option<&Profile>) -> Option<Way> {
    let plan = asked.plan.as_mut().filter(|plan| !plan.is_settled)?;
    let preferred = profile.and_then(stated_channel);
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
