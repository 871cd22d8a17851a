//! People who have a grade, and those whom sales have or had, to be listed by score and by how they stand. How they stand
//! is what the profile's document says; these rows are written with it.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// The score of who has none: below every other.
pub const NO_SCORE: i64 = i64::MIN;
/// Any status, or any assignee.
pub const ANY: &str = "*";

/// How a person stands with sales.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeadRow {
    pub profile: ProfileNo,
    /// Empty: sales never had them.
    pub status: String,
    pub status_at: Timestamp,
    /// An account's e-mail address or a contact of staff; empty: nobody.
    pub assignee: String,
    /// When the score handed it over last; 0 for never.
    pub handed_at: Timestamp,
    /// As it was told last; [`NO_SCORE`] for none. Writing how somebody stands leaves a score that is there.
    pub score: i64,
}

/// Which leads are counted or listed by their score: those from `low` to `high`, of a status ([`ANY`]; empty: whom sales
/// never had) and an assignee ([`ANY`]; empty: those of sales whom nobody has).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ranked<'a> {
    pub low: i64,
    pub high: i64,
    pub status: &'a str,
    pub assignee: &'a str,
}

impl Changeset {
    pub fn set_lead(&mut self, workspace: WorkspaceId, row: LeadRow) {
        let at = (row.status_at, row.handed_at);
        self.one(q::LEAD_SET, vals![workspace, row.profile, row.status, at.0, row.assignee, at.1, row.score]);
    }

    /// What somebody scores; [`NO_SCORE`] for one whom sales have.
    pub fn set_lead_score(&mut self, workspace: WorkspaceId, no: ProfileNo, score: i64) {
        self.any(q::LEAD_SCORE_SET, vals![workspace, no, score]);
    }

    /// Somebody is no lead any more, unless sales have or had them.
    pub fn drop_lead_score(&mut self, workspace: WorkspaceId, no: ProfileNo) {
        self.any(q::LEAD_SCORE_DROP, vals![workspace, no]);
    }

    /// Nobody has a score any more.
    pub fn drop_lead_scores(&mut self, workspace: WorkspaceId) {
        self.any(q::LEAD_SCORES_DROP, vals![workspace]);
        self.any(q::LEAD_SCORES_UNSET, vals![workspace, NO_SCORE]);
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
        score: row.int(5)?,
    })
}

impl ReadTx<'_> {
    pub fn lead(&mut self, workspace: WorkspaceId, no: ProfileNo) -> Result<Option<LeadRow>, StoreError> {
        self.query_opt(q::LEAD_FIND, &vals![workspace, no])?.map(read_lead).transpose()
    }

    /// Those of these people who are leads.
    pub fn leads_of(
        &mut self,
        workspace: WorkspaceId,
        people: &[ProfileNo],
    ) -> Result<Vec<LeadRow>, StoreError> {
        let params: Vec<_> = people.iter().map(|no| vals![workspace, *no]).collect();
        self.query_many(q::LEAD_FIND, &params)?.into_iter().flatten().map(read_lead).collect()
    }

    /// The scores of the leads behind one number up to another, in the order of their numbers.
    pub fn lead_scores_between(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
    ) -> Result<Vec<(ProfileNo, i64)>, StoreError> {
        let rows = self.query(q::LEAD_SCORES_BETWEEN, &vals![workspace, after, to])?;
        rows.iter().map(|row| Ok((row.profile(0)?, row.int(1)?))).collect()
    }

    /// Leads with their scores, the highest first and of equals the one who came last, from behind a number among those
    /// who score `wanted.high`.
    pub fn leads_ranked(
        &mut self,
        workspace: WorkspaceId,
        wanted: Ranked<'_>,
        before: ProfileNo,
        limit: i64,
    ) -> Result<Vec<(ProfileNo, i64)>, StoreError> {
        let Ranked { low, high, status, assignee } = wanted;
        let rows = match (status, assignee) {
            (ANY, ANY) => self.query(q::LEADS_RANKED, &vals![workspace, low, high, before, limit]),
            (_, ANY) => {
                self.query(q::LEADS_RANKED_BY_STATUS, &vals![workspace, status, low, high, before, limit])
            }
            _ => self.query(
                q::LEADS_RANKED_BY_ASSIGNEE,
                &vals![workspace, assignee, low, high, before, status, limit],
            ),
        }?;
        rows.iter().map(|row| Ok((row.profile(0)?, row.int(1)?))).collect()
    }

    /// How many leads there are of these.
    pub fn leads_counted(&mut self, workspace: WorkspaceId, wanted: Ranked<'_>) -> Result<i64, StoreError> {
        let Ranked { low, high, status, assignee } = wanted;
        let row = self.query_opt(q::LEADS_COUNTED, &vals![workspace, low, high, status, assignee])?;
        row.map_or(Ok(0), |row| row.int(0))
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

    /// Whom somebody has, of a status or [`ANY`], and since when they stand so; the latest first, from behind the last
    /// one seen.
    pub fn leads_by_assignee(
        &mut self,
        workspace: WorkspaceId,
        (assignee, status): (&str, &str),
        before: (Timestamp, ProfileNo),
        limit: i64,
    ) -> Result<Vec<(ProfileNo, Timestamp)>, StoreError> {
        let params = vals![workspace, assignee, before.0, before.1, status, limit];
        let rows = self.query(q::LEADS_BY_ASSIGNEE, &params)?;
        rows.iter().map(|row| Ok((row.profile(0)?, row.at(1)?))).collect()
    }

    /// Who scores at least so much and is with nobody of sales, and was never handed to any: from behind a number on.
    pub fn leads_waiting(
        &mut self,
        workspace: WorkspaceId,
        from: i64,
        after: ProfileNo,
        limit: i64,
    ) -> Result<Vec<ProfileNo>, StoreError> {
        let rows = self.query(q::LEADS_WAITING, &vals![workspace, after, from, limit])?;
        rows.iter().map(|row| row.profile(0)).collect()
    }

    /// How many they are.
    pub fn leads_waiting_counted(&mut self, workspace: WorkspaceId, from: i64) -> Result<i64, StoreError> {
        let row = self.query_opt(q::LEADS_WAITING_COUNTED, &vals![workspace, from])?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// How many stand how with whom: status, assignee, people.
    pub fn lead_counts(&mut self, workspace: WorkspaceId) -> Result<Vec<(String, String, i64)>, StoreError> {
        let rows = self.query(q::LEAD_COUNTS, &vals![workspace])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?))).collect()
    }

    /// When somebody was handed a lead last; 0 for never.
    pub fn lead_turn(&mut self, workspace: WorkspaceId, assignee: &str) -> Result<Timestamp, StoreError> {
        let row = self.query_opt(q::LEAD_TURN, &vals![workspace, assignee])?;
        row.map_or(Ok(Timestamp::from_ms(0)), |row| row.at(0))
    }
}
