//! Long work (imports, exports, backups), what an import touched, and lists to be exported.

use crate::changeset::{json, unreadable};
use crate::history::{EventRow, MessageKey};
use crate::people::{ChangeRow, StoredProfile};
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::commerce::Order;
use domain::consent::ConsentRecord;
use domain::identifier::Identifier;
use domain::profile::Profile;
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};

/// A piece of long work. `plan` and `progress` are documents of whoever does it.
#[derive(Clone, PartialEq, Debug)]
pub struct JobRow {
    pub workspace: WorkspaceId,
    pub job_id: String,
    /// `import`, `export`, `backup`.
    pub kind: String,
    pub state: String,
    /// `server` or `command`.
    pub runner: String,
    pub name: String,
    pub fingerprint: String,
    pub plan: String,
    pub progress: String,
    pub created_by: String,
    /// As it was read; an update names it.
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The kinds of things that an import touches, in the order in which they are undone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TouchKind {
    Order = 1,
    Product = 2,
    Profile = 3,
}

/// A thing that an import touched, as it was before.
#[derive(Clone, PartialEq, Debug)]
pub struct Touch {
    pub kind: TouchKind,
    /// An order's source and id as a JSON list, a product's id, a profile's number.
    pub subject: String,
    /// `None` for what the import made.
    pub before: Option<String>,
    /// What the import left: a profile's version, a digest of another document.
    pub stamp: i64,
    /// Somebody else wrote it between two writes of the import.
    pub shared: bool,
}

/// An order with whose it is.
#[derive(Clone, PartialEq, Debug)]
pub struct ExportedOrder {
    pub order: Order,
    pub profile: ProfileNo,
    pub profile_id: Option<Id>,
}

/// A row of an exported list: its columns by name; those in `_at` are milliseconds.
pub type ExportedRow = Vec<(&'static str, serde_json::Value)>;

impl Changeset {
    pub fn insert_job(&mut self, job: &JobRow) {
        self.one(
            q::JOB_INSERT,
            vals![
                job.workspace,
                job.job_id.clone(),
                job.kind.clone(),
                job.state.clone(),
                job.runner.clone(),
                job.name.clone(),
                job.fingerprint.clone(),
                job.plan.clone(),
                job.progress.clone(),
                job.created_by.clone(),
                job.created_at
            ],
        );
    }

    /// Writes state, plan and progress over the revision that was read.
    pub fn update_job(&mut self, job: &JobRow) {
        self.one(
            q::JOB_UPDATE,
            vals![
                job.workspace,
                job.job_id.clone(),
                job.state.clone(),
                job.revision,
                job.progress.clone(),
                job.plan.clone(),
                job.updated_at
            ],
        );
    }

    pub fn delete_job(&mut self, workspace: WorkspaceId, job_id: &str) {
        self.any(q::JOB_DELETE, vals![workspace, job_id.to_owned()]);
    }

    /// Notes what an import touched. Of several notes of one thing the first document stays. `found` is the stamp
    /// that the import came upon: another one than it left itself means that somebody else wrote in between.
    pub fn touch(&mut self, workspace: WorkspaceId, job_id: &str, touch: Touch, found: i64) {
        let Touch { kind, subject, before, stamp, shared } = touch;
        self.any(
            q::TOUCH_SET,
            vals![workspace, job_id.to_owned(), kind as i64, subject, before, stamp, found, shared],
        );
    }

    pub fn forget_touch(&mut self, workspace: WorkspaceId, job_id: &str, kind: TouchKind, subject: &str) {
        self.one(q::TOUCH_DELETE, vals![workspace, job_id.to_owned(), kind as i64, subject.to_owned()]);
    }

    /// Takes an event out, and its message id with it, so that it can come again.
    pub fn delete_event(&mut self, workspace: WorkspaceId, event: &EventRow) {
        let bucket = crate::history::bucket(event.received_at);
        let key = MessageKey::of(&event.message_id).0.to_vec();
        self.any(q::EVENT_MESSAGE_DELETE, vals![bucket, workspace, key]);
        self.one(q::EVENT_DELETE, vals![workspace, event.event_no]);
    }

    pub fn delete_order(&mut self, workspace: WorkspaceId, source: &str, order_id: &str) {
        let (source, order_id) = (source.to_owned(), order_id.to_owned());
        self.any(q::ORDER_LINE_DELETE, vals![workspace, source.clone(), order_id.clone()]);
        self.one(q::ORDER_DELETE, vals![workspace, source, order_id]);
    }

    pub fn delete_product(&mut self, workspace: WorkspaceId, product_id: &str) {
        self.one(q::PRODUCT_DELETE, vals![workspace, product_id.to_owned()]);
    }

    pub fn delete_identifier(&mut self, workspace: WorkspaceId, identifier: &Identifier, no: ProfileNo) {
        self.any(q::IDENTIFIER_DELETE, vals![workspace, identifier.key(), no]);
    }

    /// Takes a profile out with all that is told of it but events, orders, messages and runs, which it must not
    /// have any more.
    pub fn delete_profile(&mut self, workspace: WorkspaceId, profile: &Profile, version: i64) {
        let no = profile.no;
        for known in &profile.identifiers {
            self.delete_identifier(workspace, &known.identifier, no);
        }
        for stmt in [
            q::SEARCH_DELETE,
            q::ATTRIBUTE_CHANGE_DELETE,
            q::CONSENT_DELETE,
            q::MERGE_DELETE,
            q::PROFILE_ALIAS_DELETE,
            q::TIMER_DELETE_PROFILE,
            q::SEEN_ERASE,
            q::LEAD_DELETE,
        ] {
            self.any(stmt, vals![workspace, no]);
        }
        self.touched.push((workspace, no));
        self.one(q::PROFILE_DELETE, vals![workspace, no, version]);
    }

    /// Forgets the changes of attributes that came from one source.
    pub fn delete_changes_of(&mut self, workspace: WorkspaceId, no: ProfileNo, source: &str) {
        self.any(q::ATTRIBUTE_CHANGE_DELETE_SOURCE, vals![workspace, no, source.to_owned()]);
    }

    pub fn delete_consent_record(&mut self, workspace: WorkspaceId, record_no: i64) {
        self.one(q::CONSENT_DELETE_ONE, vals![workspace, record_no]);
    }
}

fn read_job(mut row: Row) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        workspace: row.workspace(0)?,
        job_id: row.take_text(1)?,
        kind: row.take_text(2)?,
        state: row.take_text(3)?,
        runner: row.take_text(4)?,
        name: row.take_text(5)?,
        fingerprint: row.take_text(6)?,
        plan: row.take_text(7)?,
        progress: row.take_text(8)?,
        created_by: row.take_text(9)?,
        revision: row.int(10)?,
        created_at: row.at(11)?,
        updated_at: row.at(12)?,
    })
}

impl ReadTx<'_> {
    pub fn job(&mut self, workspace: WorkspaceId, job_id: &str) -> Result<Option<JobRow>, StoreError> {
        self.query_opt(q::JOB_FIND, &vals![workspace, job_id])?.map(read_job).transpose()
    }

    /// Newest first, from behind the instant and id of the last one seen; `kind` empty for all.
    pub fn job_page(
        &mut self,
        workspace: WorkspaceId,
        before: (Timestamp, &str),
        kind: &str,
        limit: i64,
    ) -> Result<Vec<JobRow>, StoreError> {
        let rows = self.query(q::JOB_PAGE, &vals![workspace, before.0, before.1, kind, limit])?;
        rows.into_iter().map(read_job).collect()
    }

    /// Work of all workspaces that has not ended, the oldest first.
    pub fn open_jobs(&mut self) -> Result<Vec<JobRow>, StoreError> {
        self.query(q::JOB_OPEN, &vals![])?.into_iter().map(read_job).collect()
    }

    pub fn touches(
        &mut self,
        workspace: WorkspaceId,
        job_id: &str,
        limit: i64,
    ) -> Result<Vec<Touch>, StoreError> {
        let read = |mut row: Row| {
            Ok(Touch {
                kind: match row.int(0)? {
                    1 => TouchKind::Order,
                    2 => TouchKind::Product,
                    3 => TouchKind::Profile,
                    other => return Err(unreadable("a kind of touch", other)),
                },
                subject: row.take_text(1)?,
                before: row.opt_text(2)?.map(str::to_owned),
                stamp: row.int(3)?,
                shared: row.bool(4)?,
            })
        };
        self.query(q::TOUCH_PAGE, &vals![workspace, job_id, limit])?.into_iter().map(read).collect()
    }

    pub fn touch_count(&mut self, workspace: WorkspaceId, job_id: &str) -> Result<i64, StoreError> {
        self.query_opt(q::TOUCH_COUNT, &vals![workspace, job_id])?.map_or(Ok(0), |row| row.int(0))
    }

    pub fn has_touch(
        &mut self,
        workspace: WorkspaceId,
        job_id: &str,
        kind: TouchKind,
        subject: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.query_opt(q::TOUCH_FIND, &vals![workspace, job_id, kind as i64, subject])?.is_some())
    }

    /// Whether any message was decided for a profile, or any journey run.
    pub fn profile_is_used(&mut self, workspace: WorkspaceId, no: ProfileNo) -> Result<bool, StoreError> {
        Ok(self.query_opt(q::PROFILE_MESSAGES, &vals![workspace, no])?.is_some()
            || self.query_opt(q::PROFILE_RUNS, &vals![workspace, no])?.is_some())
    }

    /// The changes of attributes that came from one source, oldest first.
    pub fn changes_of(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
        source: &str,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        let rows = self.query(q::ATTRIBUTE_CHANGE_OF_SOURCE, &vals![workspace, no, source])?;
        rows.into_iter().map(ChangeRow::read).collect()
    }

    /// All consent records of a profile with their numbers, oldest first.
    pub fn consent_rows(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
    ) -> Result<Vec<(i64, ConsentRecord)>, StoreError> {
        let read = |row: Row| {
            let record = serde_json::from_str(row.text(1)?).map_err(|e| unreadable("a consent", e))?;
            Ok((row.int(0)?, record))
        };
        self.query(q::CONSENT_ROWS, &vals![workspace, no])?.into_iter().map(read).collect()
    }

    /// Profiles by number from behind one.
    pub fn export_profiles(
        &mut self,
        workspace: WorkspaceId,
        after: ProfileNo,
        limit: i64,
    ) -> Result<Vec<StoredProfile>, StoreError> {
        let rows = self.query(q::EXPORT_PROFILES, &vals![workspace, after, limit])?;
        rows.into_iter().map(crate::people::read_profile).collect()
    }

    /// Orders placed since an instant by source and id, from behind one.
    pub fn export_orders(
        &mut self,
        workspace: WorkspaceId,
        after: (&str, &str),
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<ExportedOrder>, StoreError> {
        let read = |row: Row| {
            Ok(ExportedOrder {
                order: serde_json::from_str(row.text(0)?).map_err(|e| unreadable("an order", e))?,
                profile: row.profile(1)?,
                profile_id: row.opt_id(2)?,
            })
        };
        let rows = self.query(q::EXPORT_ORDERS, &vals![workspace, after.0, after.1, since, limit])?;
        rows.into_iter().map(read).collect()
    }

    /// Events since an instant by number, from behind one, each with the id of its profile.
    pub fn export_events(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<(EventRow, Option<Id>)>, StoreError> {
        let rows = self.query(q::EXPORT_EVENTS, &vals![workspace, after, since, limit])?;
        let read = |row: Row| {
            let profile = row.opt_id(7)?;
            Ok((crate::history::read_event(row)?, profile))
        };
        rows.into_iter().map(read).collect()
    }

    /// Messages decided since an instant by number, from behind one.
    pub fn export_messages(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<(i64, ExportedRow)>, StoreError> {
        const COLUMNS: [&str; 22] = [
            "message_id",
            "profile_id",
            "origin",
            "journey_id",
            "run_id",
            "node",
            "template_id",
            "template_version",
            "channel",
            "purpose",
            "address",
            "state",
            "reason",
            "detail",
            "decided_at",
            "due_at",
            "accepted_at",
            "opens",
            "clicks",
            "first_opened_at",
            "first_clicked_at",
            "unsubscribed_at",
        ];
        let rows = self.query(q::EXPORT_MESSAGES, &vals![workspace, after, since, limit])?;
        rows.iter().map(|row| Ok((row.int(0)?, exported(row, 1, &COLUMNS)?))).collect()
    }

    /// Consent records since an instant by number, from behind one, each with the id of its profile.
    pub fn export_consents(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<(i64, ConsentRecord, Option<Id>)>, StoreError> {
        let rows = self.query(q::EXPORT_CONSENTS, &vals![workspace, after, since, limit])?;
        let read = |row: Row| {
            let record = serde_json::from_str(row.text(1)?).map_err(|e| unreadable("a consent", e))?;
            Ok((row.int(0)?, record, row.opt_id(2)?))
        };
        rows.into_iter().map(read).collect()
    }

    pub fn export_segments(&mut self, workspace: WorkspaceId) -> Result<Vec<ExportedRow>, StoreError> {
        const COLUMNS: [&str; 8] = [
            "segment_id",
            "name",
            "description",
            "state",
            "version",
            "definition",
            "created_at",
            "updated_at",
        ];
        let rows = self.query(q::EXPORT_SEGMENTS, &vals![workspace])?;
        rows.iter().map(|row| exported(row, 0, &COLUMNS)).collect()
    }

    /// Every version of every journey.
    pub fn export_journeys(&mut self, workspace: WorkspaceId) -> Result<Vec<ExportedRow>, StoreError> {
        const COLUMNS: [&str; 6] = ["journey_id", "name", "status", "published", "version", "definition"];
        let rows = self.query(q::EXPORT_JOURNEYS, &vals![workspace])?;
        rows.iter().map(|row| exported(row, 0, &COLUMNS)).collect()
    }
}

/// Columns from `first` on by their names.
fn exported(row: &Row, first: usize, columns: &[&'static str]) -> Result<ExportedRow, StoreError> {
    use crate::Val;
    use serde_json::Value;
    let mut named = Vec::with_capacity(columns.len());
    for (place, name) in columns.iter().enumerate() {
        let value = match row.get(first + place)? {
            Val::Null => Value::Null,
            Val::Int(number) => Value::from(*number),
            Val::Real(number) => Value::from(*number),
            Val::Text(text) => Value::String(text.to_string()),
            Val::Bool(flag) => Value::Bool(*flag),
            Val::Bytes(_) => return Err(unreadable("an exported column", name)),
        };
        named.push((*name, value));
    }
    Ok(named)
}

/// The stamp of a document other than a profile: the same as long as nobody changed it.
pub fn stamp_of<T: serde::Serialize>(document: &T) -> i64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(json(document).as_bytes());
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}
