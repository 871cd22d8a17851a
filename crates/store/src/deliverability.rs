//! What keeps mail out of spam folders: addresses that bounce again and again, how much goes out under a plan, and
//! how far the mailbox of returns was read.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// Soft bounces of an address since a message last arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SoftBounces {
    pub count: i64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// What went out of a sending domain in an hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendingCount {
    /// The domain of a receiver with a limit of its own; empty: all together.
    pub receiver: String,
    /// Hours since 1970.
    pub hour: i64,
    pub sent: i64,
}

/// How much may go out of a sending domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendingPlanRow {
    pub workspace: WorkspaceId,
    /// In lower case, as it stands in addresses.
    pub domain: String,
    /// JSON of the plan.
    pub doc: String,
    pub updated_at: Timestamp,
}

/// How far the mailbox of returns was read, and what became of the last visit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailboxVisit {
    /// The server's name of its numbering.
    pub validity: i64,
    /// Mail up to this number was looked at.
    pub uid: i64,
    pub visited_at: Timestamp,
    /// Why the last visit failed, in words for the shop; empty: it did not.
    pub fault: String,
}

fn read_plan(mut row: Row) -> Result<SendingPlanRow, StoreError> {
    Ok(SendingPlanRow {
        workspace: row.workspace(0)?,
        domain: row.take_text(1)?,
        doc: row.take_text(2)?,
        updated_at: row.at(3)?,
    })
}

impl Changeset {
    /// One more soft bounce of an address. Those before it count no more when the last was before `since`.
    pub fn count_soft_bounce(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        address: &str,
        at: Timestamp,
        since: Timestamp,
    ) {
        self.any(q::SOFT_BOUNCE_COUNT, vals![workspace, channel.to_owned(), address.to_owned(), at, since]);
    }

    /// A message arrived, or nothing is to be known of the address any more.
    pub fn clear_soft_bounces(&mut self, workspace: WorkspaceId, channel: &str, address: &str) {
        self.any(q::SOFT_BOUNCE_CLEAR, vals![workspace, channel.to_owned(), address.to_owned()]);
    }

    /// Counts what goes out of a sending domain.
    pub fn count_sending(&mut self, workspace: WorkspaceId, domain: &str, more: SendingCount) {
        let SendingCount { receiver, hour, sent } = more;
        self.any(q::SENDING_COUNT_ADD, vals![workspace, domain.to_owned(), receiver, hour, sent]);
    }

    /// Counts of hours before this one are forgotten.
    pub fn expire_sending_counts(&mut self, workspace: WorkspaceId, domain: &str, hour: i64) {
        self.any(q::SENDING_COUNT_EXPIRE, vals![workspace, domain.to_owned(), hour]);
    }

    pub fn set_sending_plan(&mut self, row: SendingPlanRow) {
        let SendingPlanRow { workspace, domain, doc, updated_at } = row;
        self.one(q::SENDING_PLAN_SET, vals![workspace, domain, doc, updated_at]);
    }

    pub fn delete_sending_plan(&mut self, workspace: WorkspaceId, domain: &str) {
        self.any(q::SENDING_PLAN_DELETE, vals![workspace, domain.to_owned()]);
    }

    pub fn set_mailbox_visit(&mut self, workspace: WorkspaceId, visit: MailboxVisit) {
        let MailboxVisit { validity, uid, visited_at, fault } = visit;
        self.one(q::MAILBOX_VISIT_SET, vals![workspace, validity, uid, visited_at, fault]);
    }
}

impl ReadTx<'_> {
    pub fn soft_bounces(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        address: &str,
    ) -> Result<Option<SoftBounces>, StoreError> {
        let row = self.query_opt(q::SOFT_BOUNCE_FIND, &vals![workspace, channel, address])?;
        row.map(|row| Ok(SoftBounces { count: row.int(0)?, first_at: row.at(1)?, last_at: row.at(2)? }))
            .transpose()
    }

    /// How many advertisements by e-mail somebody got since an instant, and when a person last opened one of them for
    /// the first time, or clicked in it.
    pub fn attention(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
        since: Timestamp,
    ) -> Result<(i64, Option<Timestamp>), StoreError> {
        let rows = self.query(q::ATTENTION_FIND, &vals![workspace, profile, since])?;
        let Some(row) = rows.first() else { return Ok((0, None)) };
        Ok((row.int(0)?, row.opt_at(1)?.max(row.opt_at(2)?)))
    }

    /// What went out of a sending domain from an hour on, in no order.
    pub fn sending_counts(
        &mut self,
        workspace: WorkspaceId,
        domain: &str,
        hour: i64,
    ) -> Result<Vec<SendingCount>, StoreError> {
        let rows = self.query(q::SENDING_COUNT_LIST, &vals![workspace, domain, hour])?;
        let read = |mut row: Row| {
            Ok(SendingCount { receiver: row.take_text(0)?, hour: row.int(1)?, sent: row.int(2)? })
        };
        rows.into_iter().map(read).collect()
    }

    /// Of all workspaces.
    pub fn sending_plans(&mut self) -> Result<Vec<SendingPlanRow>, StoreError> {
        self.query(q::SENDING_PLAN_LIST, &[])?.into_iter().map(read_plan).collect()
    }

    pub fn sending_plan(
        &mut self,
        workspace: WorkspaceId,
        domain: &str,
    ) -> Result<Option<SendingPlanRow>, StoreError> {
        self.query_opt(q::SENDING_PLAN_FIND, &vals![workspace, domain])?.map(read_plan).transpose()
    }

    pub fn mailbox_visit(&mut self, workspace: WorkspaceId) -> Result<Option<MailboxVisit>, StoreError> {
        let row = self.query_opt(q::MAILBOX_VISIT_FIND, &vals![workspace])?;
        let read = |mut row: Row| {
            Ok(MailboxVisit {
                validity: row.int(0)?,
                uid: row.int(1)?,
                visited_at: row.at(2)?,
                fault: row.take_text(3)?,
            })
        };
        row.map(read).transpose()
    }
}
