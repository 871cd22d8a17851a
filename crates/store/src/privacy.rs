//! What people ask about their own data, erasing them, and what is kept no longer.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::identifier::Identifier;
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// A request of a person; `doc` is the JSON of all that is not asked for by queries.
#[derive(Clone, PartialEq, Debug)]
pub struct RequestRow {
    pub request_id: String,
    pub kind: String,
    /// `received`, `acknowledged`, `completed` or `refused`.
    pub state: String,
    pub received_at: Timestamp,
    pub due_at: Timestamp,
    pub profile_id: Option<String>,
    pub revision: i64,
    pub doc: String,
}

/// That somebody was erased. `doc` is JSON without personal data.
#[derive(Clone, PartialEq, Debug)]
pub struct ErasureRow {
    pub profile: ProfileNo,
    pub profile_id: String,
    pub at: Timestamp,
    /// When nothing was left to erase.
    pub finished_at: Option<Timestamp>,
    /// The highest number that the profile or one that it absorbed ever had.
    pub number_last: i64,
    pub doc: String,
}

/// An inbox row that was set aside, with what could name a person.
#[derive(Clone, PartialEq, Debug)]
pub struct QuarantineRow {
    pub seq: i64,
    pub meta: String,
    pub payload: Vec<u8>,
    pub error: String,
}

impl Changeset {
    /// Takes a request in; its revision is 1, whatever `row` says.
    pub fn insert_request(&mut self, workspace: WorkspaceId, row: RequestRow) {
        let r = row;
        self.one(
            q::REQUEST_INSERT,
            vals![workspace, r.request_id, r.kind, r.state, r.received_at, r.due_at, r.profile_id, r.doc],
        );
    }

    /// Stores a request over the revision in `row`.
    pub fn update_request(&mut self, workspace: WorkspaceId, row: RequestRow) {
        let r = row;
        self.one(
            q::REQUEST_UPDATE,
            vals![workspace, r.request_id, r.revision, r.state, r.due_at, r.profile_id, r.doc],
        );
    }

    /// Notes that somebody is being erased; one that is noted already stays as it is.
    pub fn insert_erasure(&mut self, workspace: WorkspaceId, row: ErasureRow) {
        self.any(
            q::ERASURE_INSERT,
            vals![workspace, row.profile, row.profile_id, row.at, row.number_last, row.doc],
        );
    }

    pub fn finish_erasure(&mut self, workspace: WorkspaceId, no: ProfileNo, at: Timestamp) {
        self.any(q::ERASURE_FINISH, vals![workspace, no, at]);
    }

    /// Deletes the profile itself and everything by which it could be found.
    pub fn erase_profile(&mut self, workspace: WorkspaceId, no: ProfileNo, identifiers: &[Identifier]) {
        self.touched.push((workspace, no));
        for identifier in identifiers {
            self.any(q::ERASE_IDENTIFIER, vals![workspace, identifier.key(), no]);
        }
        for stmt in [
            q::ERASE_PROFILE,
            q::ERASE_ALIASES,
            q::SEARCH_DELETE,
            q::ERASE_TIMERS,
            q::DEVICE_ERASE,
            q::ONSITE_ERASE,
            q::SEEN_ERASE,
            q::LEAD_DELETE,
        ] {
            self.any(stmt, vals![workspace, no]);
        }
    }

    /// Deletes up to `limit` rows of each kind of what belongs to a profile, and takes the person out of as many of
    /// its messages: the ledger keeps that one was decided, when and why, and nothing of whom.
    pub fn erase_slice(&mut self, workspace: WorkspaceId, no: ProfileNo, limit: i64) {
        for stmt in [
            q::ERASE_EVENTS,
            q::ERASE_CHANGES,
            q::ERASE_CONSENTS,
            q::ERASE_MERGES,
            q::ERASE_MERGES_OF_OTHERS,
            q::ERASE_STEPS,
            q::ERASE_RUNS,
            q::ERASE_TRANSITIONS,
            q::ERASE_MESSAGE_LOGS,
            q::ERASE_BODIES,
            q::ERASE_MESSAGES,
        ] {
            self.any(stmt, vals![workspace, no, limit]);
        }
    }

    /// Deletes the orders of a profile, which otherwise stay for the books under its number alone.
    pub fn erase_orders(&mut self, workspace: WorkspaceId, no: ProfileNo) {
        self.any(q::ERASE_ORDERS, vals![workspace, no]);
        self.any(q::ERASE_ORDER_LINES, vals![workspace, no]);
    }

    pub fn delete_rejection(&mut self, workspace: WorkspaceId, rejection_no: i64) {
        self.any(q::REJECTION_DELETE, vals![workspace, rejection_no]);
    }

    pub fn delete_quarantined(&mut self, workspace: WorkspaceId, seq: i64) {
        self.any(q::QUARANTINE_DELETE, vals![workspace, seq]);
    }

    pub fn forget_answer(&mut self, workspace: WorkspaceId, key: &str) {
        self.any(q::IDEMPOTENCY_DELETE, vals![workspace, key.to_owned()]);
    }

    pub fn delete_old_event(&mut self, workspace: WorkspaceId, event_no: i64) {
        self.any(q::OLD_EVENT_DELETE, vals![workspace, event_no]);
    }

    /// Deletes up to `limit` of the oldest rejections from before the instant.
    pub fn expire_rejections(&mut self, workspace: WorkspaceId, before: Timestamp, limit: i64) {
        self.any(q::OLD_REJECTIONS_DELETE, vals![workspace, before, limit]);
    }
}

fn read_request(mut row: Row) -> Result<RequestRow, StoreError> {
    Ok(RequestRow {
        request_id: row.take_text(0)?,
        kind: row.take_text(1)?,
        state: row.take_text(2)?,
        received_at: row.at(3)?,
        due_at: row.at(4)?,
        profile_id: row.opt_text(5)?.map(str::to_owned),
        revision: row.int(6)?,
        doc: row.take_text(7)?,
    })
}

fn read_erasure(mut row: Row) -> Result<ErasureRow, StoreError> {
    Ok(ErasureRow {
        profile: row.profile(0)?,
        profile_id: row.take_text(1)?,
        at: row.at(2)?,
        finished_at: row.opt_at(3)?,
        number_last: row.int(4)?,
        doc: row.take_text(5)?,
    })
}

impl ReadTx<'_> {
    pub fn request(
        &mut self,
        workspace: WorkspaceId,
        request_id: &str,
    ) -> Result<Option<RequestRow>, StoreError> {
        self.query_opt(q::REQUEST_FIND, &vals![workspace, request_id])?.map(read_request).transpose()
    }

    /// Newest first, from below an id; an empty filter lets everything through.
    pub fn request_page(
        &mut self,
        workspace: WorkspaceId,
        before: &str,
        state: &str,
        kind: &str,
        limit: i64,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let rows = self.query(q::REQUEST_PAGE, &vals![workspace, before, state, kind, limit])?;
        rows.into_iter().map(read_request).collect()
    }

    /// What is not done and due before the instant, most urgent first, from behind the last one seen.
    pub fn open_requests(
        &mut self,
        workspace: WorkspaceId,
        due_before: Timestamp,
        behind: (Timestamp, &str),
        limit: i64,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let rows = self.query(q::REQUEST_OPEN, &vals![workspace, due_before, behind.0, behind.1, limit])?;
        rows.into_iter().map(read_request).collect()
    }

    /// Oldest first; at most 500.
    pub fn requests_of_profile(
        &mut self,
        workspace: WorkspaceId,
        profile_id: &str,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let rows = self.query(q::REQUEST_OF_PROFILE, &vals![workspace, profile_id])?;
        rows.into_iter().map(read_request).collect()
    }

    pub fn erasure(
        &mut self,
        workspace: WorkspaceId,
        profile_id: &str,
    ) -> Result<Option<ErasureRow>, StoreError> {
        self.query_opt(q::ERASURE_FIND, &vals![workspace, profile_id])?.map(read_erasure).transpose()
    }

    pub fn erasure_of(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
    ) -> Result<Option<ErasureRow>, StoreError> {
        self.query_opt(q::ERASURE_BY_NO, &vals![workspace, no])?.map(read_erasure).transpose()
    }

    /// In the order of their numbers.
    pub fn erasure_page(
        &mut self,
        workspace: WorkspaceId,
        after: ProfileNo,
        limit: i64,
    ) -> Result<Vec<ErasureRow>, StoreError> {
        let rows = self.query(q::ERASURE_PAGE, &vals![workspace, after, limit])?;
        rows.into_iter().map(read_erasure).collect()
    }

    /// Whether anything of a profile is left that [`Changeset::erase_slice`] would take.
    pub fn is_left_to_erase(&mut self, workspace: WorkspaceId, no: ProfileNo) -> Result<bool, StoreError> {
        let left = self.query_opt(q::ERASE_LEFT, &vals![workspace, no])?;
        left.map_or(Ok(false), |row| Ok(row.int(0)? != 0))
    }

    pub fn quarantine_page(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<QuarantineRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(QuarantineRow {
                seq: row.int(0)?,
                meta: row.take_text(1)?,
                payload: row.take_bytes(2)?,
                error: row.take_text(3)?,
            })
        };
        self.query(q::QUARANTINE_PAGE, &vals![workspace, after, limit])?.into_iter().map(read).collect()
    }

    /// Remembered answers by their key, with their bodies.
    pub fn answer_page(
        &mut self,
        workspace: WorkspaceId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let read = |mut row: Row| Ok((row.take_text(0)?, row.take_text(1)?));
        self.query(q::IDEMPOTENCY_PAGE, &vals![workspace, after, limit])?.into_iter().map(read).collect()
    }

    /// When the owner of an address was erased. `hash` is the keyed hash that stands in its place on the list.
    pub fn erased_address(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        hash: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let row = self.query_opt(q::SUPPRESSION_ERASED, &vals![workspace, channel, hash])?;
        row.map(|row| row.at(0)).transpose()
    }

    /// The oldest events of one name from before the instant: their number, whose they are, and when they happened.
    pub fn old_events(
        &mut self,
        workspace: WorkspaceId,
        name_no: i64,
        before: Timestamp,
        limit: i64,
    ) -> Result<Vec<(i64, ProfileNo, Timestamp)>, StoreError> {
        let read = |row: Row| Ok((row.int(0)?, row.profile(1)?, row.at(2)?));
        let rows = self.query(q::OLD_EVENTS, &vals![workspace, name_no, before, limit])?;
        rows.into_iter().map(read).collect()
    }

    pub fn old_event_count(
        &mut self,
        workspace: WorkspaceId,
        name_no: i64,
        before: Timestamp,
    ) -> Result<i64, StoreError> {
        let row = self.query_opt(q::OLD_EVENTS_COUNT, &vals![workspace, name_no, before])?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    pub fn old_rejection_count(
        &mut self,
        workspace: WorkspaceId,
        before: Timestamp,
    ) -> Result<i64, StoreError> {
        let row = self.query_opt(q::OLD_REJECTIONS_COUNT, &vals![workspace, before])?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Messages whose words are from before the instant.
    pub fn old_body_count(&mut self, workspace: WorkspaceId, before: Timestamp) -> Result<i64, StoreError> {
        let row = self.query_opt(q::OLD_BODIES_COUNT, &vals![workspace, before])?;
        row.map_or(Ok(0), |row| row.int(0))
    }
}
