//! What the gate counts: advertisements of late, those that wait, and numbers that nobody may advertise to.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use sha2::{Digest, Sha256};

/// An advertisement that was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentRow {
    pub message_no: i64,
    pub channel: String,
    pub purpose: String,
    pub at: Timestamp,
}

/// An advertisement that is due and waits for its turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingRow {
    pub message_no: i64,
    pub channel: String,
    pub purpose: String,
    pub decided_at: Timestamp,
    pub context: String,
}

/// How a number stands on the register: nobody can read the register from the database. `number` is E.164.
fn number_hash(workspace: WorkspaceId, number: &str) -> Vec<u8> {
    let hash = Sha256::new()
        .chain_update(b"quaylai do not call v1")
        .chain_update(workspace.0.to_be_bytes())
        .chain_update(number)
        .finalize();
    hash.iter().copied().take(16).collect()
}

fn read_sent(row: &Row) -> Result<SentRow, StoreError> {
    Ok(SentRow {
        message_no: row.int(0)?,
        channel: row.text(1)?.to_owned(),
        purpose: row.text(2)?.to_owned(),
        at: row.at(3)?,
    })
}

/// Where the do-not-call register is fetched every day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterSourceRow {
    pub workspace: WorkspaceId,
    /// The address and the header that opens it.
    pub sealed: Vec<u8>,
    /// Of the shop's day, 0 to 23.
    pub hour: i64,
    pub next_at: Timestamp,
    /// Failures in a row.
    pub failures: i64,
    pub fetched_at: Option<Timestamp>,
    /// Why the last fetch failed; empty: it did not.
    pub fault: String,
    /// The job that read what was fetched last; empty: nothing was yet.
    pub job_id: String,
    /// When the shop wrote it last.
    pub updated_at: Timestamp,
}

fn read_source(mut row: Row) -> Result<RegisterSourceRow, StoreError> {
    Ok(RegisterSourceRow {
        workspace: row.workspace(0)?,
        sealed: row.take_bytes(1)?,
        hour: row.int(2)?,
        next_at: row.at(3)?,
        failures: row.int(4)?,
        fetched_at: row.opt_at(5)?,
        fault: row.take_text(6)?,
        job_id: row.take_text(7)?,
        updated_at: row.at(8)?,
    })
}

impl Changeset {
    /// Where the register is fetched from now on.
    pub fn set_register_source(&mut self, row: RegisterSourceRow) {
        let r = row;
        self.one(
            q::REGISTER_SOURCE_SET,
            vals![
                r.workspace,
                r.sealed,
                r.hour,
                r.next_at,
                r.failures,
                r.fetched_at,
                r.fault,
                r.job_id,
                r.updated_at
            ],
        );
    }

    /// What a fetch came to; nothing happens where the shop has written the source anew meanwhile.
    pub fn register_fetched(&mut self, row: &RegisterSourceRow) {
        let r = row.clone();
        self.any(
            q::REGISTER_SOURCE_FETCHED,
            vals![r.workspace, r.updated_at, r.next_at, r.failures, r.fetched_at, r.fault, r.job_id],
        );
    }

    /// It is not fetched any more.
    pub fn drop_register_source(&mut self, workspace: WorkspaceId) {
        self.any(q::REGISTER_SOURCE_DROP, vals![workspace]);
    }

    /// Puts a number, as E.164, on the register as of a listing; of two listings the later one counts.
    pub fn list_do_not_call(&mut self, workspace: WorkspaceId, number: &str, listing: Timestamp) {
        self.one(q::DO_NOT_CALL_SET, vals![workspace, number_hash(workspace, number), listing]);
    }

    /// Takes off the register what no listing since the instant holds.
    pub fn drop_do_not_call(&mut self, workspace: WorkspaceId, before: Timestamp) {
        self.any(q::DO_NOT_CALL_DROP_OLDER, vals![workspace, before]);
    }
}

impl ReadTx<'_> {
    /// Advertisements that were handed over to each person after the instant, oldest first; trials do not count.
    pub fn recent_marketing(
        &mut self,
        of: &[(WorkspaceId, ProfileNo, Timestamp)],
    ) -> Result<Vec<Vec<SentRow>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no, since)| vals![*workspace, *no, *since]).collect();
        let found = self.query_many(q::MESSAGE_RECENT, &params)?;
        found.iter().map(|rows| rows.iter().map(read_sent).collect()).collect()
    }

    /// The same by channel and address, whoever they were meant for.
    pub fn recent_marketing_to(
        &mut self,
        of: &[(WorkspaceId, &str, &str, Timestamp)],
    ) -> Result<Vec<Vec<SentRow>>, StoreError> {
        let params: Vec<_> = of
            .iter()
            .map(|(workspace, channel, address, since)| vals![*workspace, *channel, *address, *since])
            .collect();
        let found = self.query_many(q::MESSAGE_RECENT_TO, &params)?;
        found.iter().map(|rows| rows.iter().map(read_sent).collect()).collect()
    }

    /// Advertisements to each person that are due, on every channel; at most 100 of one person.
    pub fn waiting_marketing(
        &mut self,
        of: &[(WorkspaceId, ProfileNo)],
        now: Timestamp,
    ) -> Result<Vec<Vec<WaitingRow>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no, now]).collect();
        let found = self.query_many(q::MESSAGE_WAITING, &params)?;
        let read = |row: &Row| {
            Ok(WaitingRow {
                message_no: row.int(0)?,
                channel: row.text(1)?.to_owned(),
                purpose: row.text(2)?.to_owned(),
                decided_at: row.at(3)?,
                context: row.text(4)?.to_owned(),
            })
        };
        found.iter().map(|rows| rows.iter().map(read).collect()).collect()
    }

    /// Whether each number, as E.164, is on the workspace's register.
    pub fn do_not_call(&mut self, of: &[(WorkspaceId, &str)]) -> Result<Vec<bool>, StoreError> {
        let params: Vec<_> =
            of.iter().map(|(workspace, number)| vals![*workspace, number_hash(*workspace, number)]).collect();
        Ok(self.query_many(q::DO_NOT_CALL_FIND, &params)?.iter().map(|rows| !rows.is_empty()).collect())
    }

    pub fn register_source(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Option<RegisterSourceRow>, StoreError> {
        self.query_opt(q::REGISTER_SOURCE_FIND, &vals![workspace])?.map(read_source).transpose()
    }

    /// Those of all workspaces.
    pub fn register_sources(&mut self) -> Result<Vec<RegisterSourceRow>, StoreError> {
        self.query(q::REGISTER_SOURCES, &vals![])?.into_iter().map(read_source).collect()
    }

    /// How many numbers are on the register, and when its newest listing was made.
    pub fn do_not_call_count(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<(i64, Option<Timestamp>), StoreError> {
        let Some(row) = self.query_opt(q::DO_NOT_CALL_COUNT, &vals![workspace])? else {
            return Ok((0, None));
        };
        Ok((row.int(0)?, Some(row.at(1)?).filter(|at| at.ms() > 0)))
    }
}
