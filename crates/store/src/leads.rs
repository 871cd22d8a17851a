//! People whom sales have or had, to be listed by how they stand. The profile's document is what holds; these rows are
//! written with it.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// How a person stands with sales.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeadRow {
    pub profile: ProfileNo,
    pub status: String,
    pub status_at: Timestamp,
    /// An account's e-mail address or a contact of staff; empty: nobody.
    pub assignee: String,
    /// When the score handed it over last; 0 for never.
    pub handed_at: Timestamp,
}

impl Changeset {
    pub fn set_lead(&mut self, workspace: WorkspaceId, row: LeadRow) {
        let values = vals![workspace, row.profile, row.status, row.status_at, row.assignee, row.handed_at];
        self.one(q::LEAD_SET, values);
    }

    pub fn delete_lead(&mut self, workspace: WorkspaceId, no: ProfileNo) {
        self.any(q::LEAD_DELETE, vals![workspace, no]);
    }
}

fn read_lead(mut row: Row) -> Result<LeadRow, StoreError> {
    Ok(LeadRow {
        profile: row.profile(0)?,
        status: row.take_text(1)?,
        status_at: row.at(2)?,
        assignee: row.take_text(3)?,
        handed_at: row.at(4)?,
    })
}

impl ReadTx<'_> {
    pub fn lead(&mut self, workspace: WorkspaceId, no: ProfileNo) -> Result<Option<LeadRow>, StoreError> {
        self.query_opt(q::LEAD_FIND, &vals![workspace, no])?.map(read_lead).transpose()
    }

    /// Who stands so, and since when, the latest first, from behind the last one seen.
    pub fn leads_by_status(
        &mut self,
        workspace: WorkspaceId,
        status: &str,
        before: (Timestamp, ProfileNo),
        limit: i64,
    ) -> Result<Vec<(ProfileNo, Timestamp)>, StoreError> {
        let rows = self.query(q::LEADS_BY_STATUS, &vals![workspace, status, before.0, before.1, limit])?;
        rows.iter().map(|row| Ok((row.profile(0)?, row.at(1)?))).collect()
    }

    /// Whom somebody has, since when they stand as they do, and how; the latest first, from behind the last one seen.
    pub fn leads_by_assignee(
        &mut self,
        workspace: WorkspaceId,
        assignee: &str,
        before: (Timestamp, ProfileNo),
        limit: i64,
    ) -> Result<Vec<(ProfileNo, Timestamp, String)>, StoreError> {
        let rows =
            self.query(q::LEADS_BY_ASSIGNEE, &vals![workspace, assignee, before.0, before.1, limit])?;
        rows.into_iter().map(|mut row| Ok((row.profile(0)?, row.at(1)?, row.take_text(2)?))).collect()
    }

    /// How many stand how with whom: status, assignee, people.
    pub fn lead_counts(&mut self, workspace: WorkspaceId) -> Result<Vec<(String, String, i64)>, StoreError> {
        let rows = self.query(q::LEAD_COUNTS, &vals![workspace])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?))).collect()
    }

    /// Everybody whom sales have or had.
    pub fn lead_numbers(&mut self, workspace: WorkspaceId) -> Result<Vec<ProfileNo>, StoreError> {
        self.query(q::LEAD_NUMBERS, &vals![workspace])?.iter().map(|row| row.profile(0)).collect()
    }

    /// When somebody was handed a lead last; 0 for never.
    pub fn lead_turn(&mut self, workspace: WorkspaceId, assignee: &str) -> Result<Timestamp, StoreError> {
        let row = self.query_opt(q::LEAD_TURN, &vals![workspace, assignee])?;
        row.map_or(Ok(Timestamp::from_ms(0)), |row| row.at(0))
    }
}
