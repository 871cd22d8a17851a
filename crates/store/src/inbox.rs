//! What was acknowledged and waits to be processed.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

/// One request as it came in: a batch, a single message, or a note of our own. `payload` is JSON.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrival {
    pub workspace: WorkspaceId,
    pub received_at: Timestamp,
    /// `batch`, the word of a message kind, or `internal`.
    pub kind: String,
    /// Messages in it, as counted at the door.
    pub items: i64,
    /// JSON: the client's address and agent, the historical flag.
    pub meta: String,
    pub payload: Vec<u8>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct InboxRow {
    pub seq: i64,
    pub arrival: Arrival,
}

/// How much is waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Backlog {
    pub rows: i64,
    pub items: i64,
    pub oldest_at: Option<Timestamp>,
}

/// A row that was set aside.
#[derive(Clone, PartialEq, Debug)]
pub struct QuarantinedRow {
    pub row: InboxRow,
    /// When it was set aside.
    pub at: Timestamp,
    pub error: String,
}

/// Counts the changes of settings, journeys, templates and channels.
pub const CONFIGURATION: &str = "configuration";

impl Changeset {
    pub fn append(&mut self, arrival: Arrival) {
        self.one(
            q::INBOX_APPEND,
            vals![
                arrival.workspace,
                arrival.received_at,
                arrival.kind,
                arrival.items,
                arrival.meta,
                arrival.payload
            ],
        );
    }

    /// Takes a processed row out; it must still be there, so that no two processes apply it.
    pub fn take_from_inbox(&mut self, seq: i64) {
        self.one(q::INBOX_DELETE, vals![seq]);
    }

    /// Sets a row aside that no try could process, whole and with the error.
    pub fn quarantine(&mut self, row: InboxRow, at: Timestamp, error: String) {
        let InboxRow { seq, arrival } = row;
        self.one(
            q::QUARANTINE_INSERT,
            vals![
                seq,
                arrival.workspace,
                arrival.received_at,
                arrival.kind,
                arrival.items,
                arrival.meta,
                arrival.payload,
                at,
                // An error may quote what it stumbled over, and no database stores this character.
                error.replace('\0', "")
            ],
        );
        self.take_from_inbox(seq);
    }

    /// Puts a row that was set aside behind all that waits.
    pub fn release_quarantined(&mut self, workspace: WorkspaceId, seq: i64) {
        self.one(q::SET_ASIDE_RELEASE, vals![workspace, seq]);
        self.discard_quarantined(workspace, seq);
    }

    /// Drops a row that was set aside, for good.
    pub fn discard_quarantined(&mut self, workspace: WorkspaceId, seq: i64) {
        self.one(q::QUARANTINE_DELETE, vals![workspace, seq]);
    }

    /// Tells every process that settings, journeys, templates or channels changed.
    pub fn touch_configuration(&mut self) {
        self.any(q::PROGRESS_BUMP, vals![CONFIGURATION]);
    }

    /// As [`Changeset::touch_configuration`], for a changeset that was computed from the configuration of this
    /// generation and is wrong for any other.
    pub fn expect_configuration(&mut self, generation: i64) {
        self.one(q::PROGRESS_BUMP_EXPECTED, vals![CONFIGURATION, generation]);
    }

    pub fn set_progress(&mut self, name: &'static str, value: i64) {
        self.any(q::PROGRESS_SET, vals![name, value]);
    }
}

impl ReadTx<'_> {
    /// The oldest `limit` rows, in the order of their arrival.
    pub fn inbox_peek(&mut self, limit: i64) -> Result<Vec<InboxRow>, StoreError> {
        self.inbox_after(0, limit)
    }

    /// The same, of those that came after `seq`.
    pub fn inbox_after(&mut self, seq: i64, limit: i64) -> Result<Vec<InboxRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(InboxRow {
                seq: row.int(0)?,
                arrival: Arrival {
                    workspace: row.workspace(1)?,
                    received_at: row.at(2)?,
                    kind: row.take_text(3)?,
                    items: row.int(4)?,
                    meta: row.take_text(5)?,
                    payload: row.take_bytes(6)?,
                },
            })
        };
        self.query(q::INBOX_PEEK, &vals![seq, limit])?.into_iter().map(read).collect()
    }

    /// The message counts of the oldest `limit` rows, without their payload.
    pub fn inbox_outline(&mut self, limit: i64) -> Result<Vec<i64>, StoreError> {
        self.query(q::INBOX_OUTLINE, &vals![limit])?.iter().map(|row| row.int(1)).collect()
    }

    pub fn backlog(&mut self) -> Result<Backlog, StoreError> {
        match self.query_opt(q::INBOX_WAITING, &vals![])? {
            Some(row) => Ok(Backlog { rows: row.int(0)?, items: row.int(1)?, oldest_at: row.opt_at(2)? }),
            None => Ok(Backlog::default()),
        }
    }

    /// How many inbox rows were set aside.
    pub fn quarantined(&mut self) -> Result<i64, StoreError> {
        self.query_opt(q::QUARANTINE_COUNT, &vals![])?.map_or(Ok(0), |row| row.int(0))
    }

    /// Rows that were set aside, newest first, below a number.
    pub fn set_aside_page(
        &mut self,
        workspace: WorkspaceId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<QuarantinedRow>, StoreError> {
        let rows = self.query(q::SET_ASIDE_PAGE, &vals![workspace, before, limit])?;
        rows.into_iter().map(|row| read_quarantined(workspace, row)).collect()
    }

    pub fn quarantined_row(
        &mut self,
        workspace: WorkspaceId,
        seq: i64,
    ) -> Result<Option<QuarantinedRow>, StoreError> {
        let found = self.query_opt(q::SET_ASIDE_FIND, &vals![workspace, seq])?;
        found.map(|row| read_quarantined(workspace, row)).transpose()
    }

    /// The bytes of the whole database, and its name and version for people.
    pub fn storage(&mut self) -> Result<(i64, String), StoreError> {
        match self.query_opt(q::STORAGE_SIZE, &vals![])? {
            Some(mut row) => Ok((row.int(0)?, row.take_text(1)?)),
            None => Ok((0, String::new())),
        }
    }

    pub fn progress(&mut self, name: &str) -> Result<Option<i64>, StoreError> {
        self.query_opt(q::PROGRESS_GET, &vals![name])?.map(|row| row.int(0)).transpose()
    }
}

fn read_quarantined(workspace: WorkspaceId, mut row: Row) -> Result<QuarantinedRow, StoreError> {
    let arrival = Arrival {
        workspace,
        received_at: row.at(1)?,
        kind: row.take_text(2)?,
        items: row.int(3)?,
        meta: row.take_text(4)?,
        payload: row.take_bytes(5)?,
    };
    Ok(QuarantinedRow {
        row: InboxRow { seq: row.int(0)?, arrival },
        at: row.at(6)?,
        error: row.take_text(7)?,
    })
}
