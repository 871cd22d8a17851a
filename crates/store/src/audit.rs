//! What staff, keys and the command line did. Rows are added and, when they are old enough, deleted; never changed.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct AuditEntry {
    pub at: Timestamp,
    /// `account:<id>`, `key:<id>`, `command_line`, `system` or `nobody`.
    pub actor: String,
    /// The role or the scopes under which it was done.
    pub role: String,
    pub action: String,
    /// What it was done to: `settings`, `profiles/01H...`.
    pub object: String,
    /// A JSON object: before and after in brief. No personal data but ids.
    pub detail: String,
    /// Truncated.
    pub ip: String,
}

/// An entry with its place in the log.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditRow {
    pub audit_no: i64,
    pub entry: AuditEntry,
}

/// Which part of the log is wanted.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditFilter {
    /// Entries below this number.
    pub before: i64,
    pub from: Timestamp,
    /// Not included.
    pub to: Timestamp,
    /// Empty: any.
    pub action: String,
    /// What comes before the first `/` of an object; empty: any.
    pub kind: String,
    pub actor: Option<String>,
    /// Heeded when no actor is named.
    pub object: Option<String>,
}

impl Changeset {
    pub fn log_audit(&mut self, workspace: WorkspaceId, entry: AuditEntry) {
        let e = entry;
        self.one(
            q::AUDIT_INSERT,
            vals![workspace, e.at, e.actor, e.role, e.action, e.object, e.detail, e.ip],
        );
    }

    /// Deletes up to `limit` of the oldest entries from before the instant.
    pub fn expire_audit(&mut self, workspace: WorkspaceId, before: Timestamp, limit: i64) {
        self.any(q::AUDIT_EXPIRE, vals![workspace, before, limit]);
    }
}

impl ReadTx<'_> {
    /// Newest first.
    pub fn audit_page(
        &mut self,
        workspace: WorkspaceId,
        filter: &AuditFilter,
        limit: i64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let f = filter;
        let (stmt, named) = match (&f.actor, &f.object) {
            (Some(actor), _) => (q::AUDIT_PAGE_OF_ACTOR, Some(actor)),
            (None, Some(object)) => (q::AUDIT_PAGE_OF_OBJECT, Some(object)),
            (None, None) => (q::AUDIT_PAGE, None),
        };
        let mut params = vals![workspace, f.before, f.from, f.to, &f.action, limit, &f.kind].to_vec();
        params.extend(named.map(crate::Val::from));
        let read = |mut row: Row| {
            Ok(AuditRow {
                audit_no: row.int(0)?,
                entry: AuditEntry {
                    at: row.at(1)?,
                    actor: row.take_text(2)?,
                    role: row.take_text(3)?,
                    action: row.take_text(4)?,
                    object: row.take_text(5)?,
                    detail: row.take_text(6)?,
                    ip: row.take_text(7)?,
                },
            })
        };
        self.query(stmt, &params)?.into_iter().map(read).collect()
    }

    /// How many entries are from before the instant.
    pub fn old_audit_count(&mut self, workspace: WorkspaceId, before: Timestamp) -> Result<i64, StoreError> {
        self.query_opt(q::AUDIT_OLD_COUNT, &vals![workspace, before])?.map_or(Ok(0), |row| row.int(0))
    }
}
