//! How much goes out of a sending domain: its warm-up and the limits of its receivers. What is claimed is counted at
//! once, whatever becomes of it, because an attempt is what a receiver sees.

use domain::sending::{Allowance, Counts, SendingPlan, hour_of, receiver_of};
use kit::{Timestamp, WorkspaceId};
use std::collections::BTreeMap;
use store::deliverability::SendingCount;
use store::{Changeset, ReadTx, StoreError};

/// Counts are kept for this long, in hours: as long as the progress of a warm-up is looked at.
const KEPT_HOURS: i64 = 24 * 32;

type DomainKey = (WorkspaceId, String);

/// Until when a message waits, the code of why, and a word for the shop.
type Hold = (Timestamp, &'static str, String);

/// The plans of all shops, and what one round of decisions adds to what went out.
#[derive(Default)]
pub(crate) struct Pace {
    plans: BTreeMap<DomainKey, SendingPlan>,
    /// As read and added to in this round.
    counts: BTreeMap<DomainKey, Counts>,
}

/// What a message adds to the counts of its domain.
pub(crate) struct Counted {
    domain: String,
    /// Empty where the receiver has no limit of its own.
    receiver: String,
    hour: i64,
}

impl Counted {
    pub fn write(&self, changes: &mut Changeset, workspace: WorkspaceId) {
        let mut one = |receiver: &str| {
            let more = SendingCount { receiver: receiver.to_owned(), hour: self.hour, sent: 1 };
            changes.count_sending(workspace, &self.domain, more);
        };
        one("");
        if !self.receiver.is_empty() {
            one(&self.receiver);
        }
        if self.hour % 24 == 0 {
            changes.expire_sending_counts(workspace, &self.domain, self.hour - KEPT_HOURS);
        }
    }
}

fn domain_of(address: &str) -> String {
    address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase()
}

/// What went out of a domain, as a plan looks at it.
pub fn counts_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    domain: &str,
    plan: &SendingPlan,
    now: Timestamp,
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    for count in tx.sending_counts(workspace, domain, plan.counts_from(now))? {
        let sent = u64::try_from(count.sent).unwrap_or_default();
        if count.receiver.is_empty() {
            counts.all.push((count.hour, sent));
        } else if count.hour == hour_of(now) {
            counts.receivers.push((count.receiver, sent));
        }
    }
    Ok(counts)
}

impl Pace {
    pub fn read(tx: &mut ReadTx<'_>) -> Result<Pace, StoreError> {
        let mut pace = Pace::default();
        for row in tx.sending_plans()? {
            // The API writes no other form.
            if let Ok(plan) = serde_json::from_str(&row.doc) {
                pace.plans.insert((row.workspace, row.domain), plan);
            }
        }
        Ok(pace)
    }

    /// What went out is read anew in each round.
    pub fn forget(&mut self) {
        self.counts.clear();
    }

    /// Counts an advertisement, or tells when to ask again and why. `None` within: the domain has no plan.
    pub fn take(
        &mut self,
        tx: &mut ReadTx<'_>,
        workspace: WorkspaceId,
        from: &str,
        to: &str,
        now: Timestamp,
    ) -> Result<Result<Option<Counted>, Hold>, StoreError> {
        let key = (workspace, domain_of(from));
        let Some(plan) = self.plans.get(&key) else { return Ok(Ok(None)) };
        let receiver = receiver_of(to);
        if !self.counts.contains_key(&key) {
            let counts = counts_of(tx, workspace, &key.1, plan, now)?;
            self.counts.insert(key.clone(), counts);
        }
        let Some(counts) = self.counts.get_mut(&key) else { return Ok(Ok(None)) };
        let allowance = plan.allowance(&receiver, counts, now);
        if let Some((until, reason)) = allowance.wait() {
            let detail = match allowance {
                Allowance::Throttled(_) => receiver,
                _ => key.1,
            };
            return Ok(Err((until, reason, detail)));
        }
        let hour = hour_of(now);
        match counts.all.iter_mut().find(|(own, _)| *own == hour) {
            Some((_, sent)) => *sent += 1,
            None => counts.all.push((hour, 1)),
        }
        let limited = plan.limit_of(&receiver).is_some();
        if limited {
            match counts.receivers.iter_mut().find(|(own, _)| *own == receiver) {
                Some((_, sent)) => *sent += 1,
                None => counts.receivers.push((receiver.clone(), 1)),
            }
        }
        let receiver = if limited { receiver } else { String::new() };
        Ok(Ok(Some(Counted { domain: key.1, receiver, hour })))
    }
}
