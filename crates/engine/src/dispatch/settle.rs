//! What became of messages that were handed over.

use super::asks::next_ask;
use super::{
    CHANNEL_WAIT_MS, Dispatcher, Outgoing, RETRY_ATTEMPTS_MAX, SettleReport, context_with, reject_code,
    suppression_of_class,
};
use crate::note::Note;
use crate::{EngineError, devices};
use domain::delivery::{About, Outcome, Receipt, RejectClass, RetryClass, Told};
use domain::hook::Topic;
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp, WorkspaceId};
use std::collections::BTreeMap;
use store::Changeset;
use store::messages::SuppressionRow;

/// What has messages sent.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Sender {
    Campaign(String),
    Journey(String),
}

/// What sends a message of the shop's own accord; a test and a call of the API are nobody's.
fn sender_of(outgoing: &Outgoing) -> Option<Sender> {
    let campaign = outgoing.campaign_id.clone().map(Sender::Campaign);
    campaign.or_else(|| outgoing.journey_id.clone().map(Sender::Journey))
}

impl Dispatcher {
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
        // Campaigns and journeys whose template the other side does not accept, with its words.
        let mut stopped: BTreeMap<(WorkspaceId, Sender), String> = BTreeMap::new();
        for (outgoing, outcome) in outcomes {
            let (no, workspace) = (outgoing.message_no, outgoing.workspace);
            let detail = outcome.detail().to_owned();
            let (state, reason, due_at) = match outcome {
                Outcome::Accepted { provider_id, .. } => {
                    report.accepted += 1;
                    turned.push((workspace, no));
                    changes.accept_message(no, detail.clone(), now, provider_id.clone());
                    changes.log_message(workspace, no, now, "accepted", detail);
                    let identity = self.identities.get(&(workspace, outgoing.channel));
                    if provider_id.is_some() && identity.is_some_and(|identity| identity.asks) {
                        changes.set_ask(no, next_ask(now, now));
                    }
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
                        if let (RejectClass::Template, Some(sender)) = (class, sender_of(outgoing)) {
                            stopped.insert((workspace, sender), detail.clone());
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
        for ((workspace, sender), why) in stopped {
            // What one message of the template was refused for, every other would be. What has ended meanwhile has
            // nothing to stop.
            match sender {
                Sender::Campaign(id) => {
                    drop(crate::campaigns::pause_because(&self.store, workspace, &id, &why, now)?);
                }
                Sender::Journey(id) => crate::conduct::stop_journey(&self.store, workspace, &id, &why, now)?,
            }
        }
        Ok(report)
    }
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
