//! Profiles, what identifies them, and how they came together.

use crate::changeset::{json, unreadable};
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::consent::ConsentRecord;
use domain::identifier::Identifier;
use domain::profile::{AttributeChange, Profile};
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};

/// A profile and the version at which it was read; an update names it.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredProfile {
    pub version: i64,
    pub profile: Profile,
}

/// A change of an attribute, for the history on a profile's page.
#[derive(Clone, PartialEq, Debug)]
pub struct ChangeRow {
    pub change_no: i64,
    pub name: String,
    pub at: Timestamp,
    /// JSON texts.
    pub old: Option<String>,
    pub new: String,
    pub source: String,
}

impl ChangeRow {
    pub(crate) fn read(mut row: Row) -> Result<ChangeRow, StoreError> {
        Ok(ChangeRow {
            change_no: row.int(0)?,
            name: row.take_text(1)?,
            at: row.at(2)?,
            old: row.opt_text(3)?.map(str::to_owned),
            new: row.take_text(4)?,
            source: row.take_text(5)?,
        })
    }
}

/// A join of two profiles, or one that was refused.
#[derive(Clone, PartialEq, Debug)]
pub struct MergeRow {
    pub at: Timestamp,
    pub other_no: ProfileNo,
    pub other_id: String,
    pub joined: bool,
    pub reason: String,
    pub link: String,
    pub other_doc: Option<String>,
}

/// The last number given out of each kind, read when an engine starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LastNumbers {
    pub event: i64,
    pub change: i64,
    pub consent: i64,
    pub merge: i64,
    pub message: i64,
    pub rejection: i64,
}

impl Changeset {
    pub fn insert_profile(&mut self, workspace: WorkspaceId, profile: &Profile) {
        self.touched.push((workspace, profile.no));
        self.one(q::PROFILE_INSERT, vals![workspace, profile.no, profile.id, json(profile)]);
    }

    pub fn update_profile(&mut self, workspace: WorkspaceId, version: i64, profile: &Profile) {
        self.touched.push((workspace, profile.no));
        self.one(q::PROFILE_UPDATE, vals![workspace, profile.no, version, json(profile)]);
    }

    pub fn set_search_text(&mut self, workspace: WorkspaceId, no: ProfileNo, text: String) {
        self.any(q::SEARCH_SET, vals![workspace, no, text]);
    }

    pub fn insert_identifier(&mut self, workspace: WorkspaceId, identifier: &Identifier, no: ProfileNo) {
        self.one(q::IDENTIFIER_INSERT, vals![workspace, identifier.key(), no]);
    }

    /// Takes an identifier from a profile.
    pub fn remove_identifier(&mut self, workspace: WorkspaceId, identifier: &Identifier, no: ProfileNo) {
        self.any(q::ERASE_IDENTIFIER, vals![workspace, identifier.key(), no]);
    }

    /// Moves all that belongs to `absorbed` to `kept`. The absorbed profile was stored at `version`.
    pub fn absorb_profile(
        &mut self,
        workspace: WorkspaceId,
        absorbed: &Profile,
        version: i64,
        kept: ProfileNo,
    ) {
        let no = absorbed.no;
        for known in &absorbed.identifiers {
            self.any(q::IDENTIFIER_MOVE, vals![workspace, known.identifier.key(), kept]);
        }
        // Before the orders, by which the lines are found.
        for stmt in [
            q::ORDER_LINE_MOVE,
            q::TRANSITION_MOVE,
            q::EVENT_MOVE,
            q::ATTRIBUTE_CHANGE_MOVE,
            q::CONSENT_MOVE,
            q::ORDER_MOVE,
            q::RUN_MOVE,
            q::MESSAGE_MOVE,
            q::MERGE_MOVE,
            q::DEVICE_MOVE,
            q::ONSITE_MOVE,
            q::PROFILE_ALIAS_MOVE,
            q::SEEN_TAKE_OVER,
        ] {
            self.any(stmt, vals![workspace, no, kept]);
        }
        // Carts and dates are set anew for who stays; a run that is to be woken after a pause must not be forgotten.
        self.any(q::TIMER_CLEAR_PROFILE, vals![workspace, no]);
        self.any(q::TIMER_MOVE, vals![workspace, no, kept]);
        self.any(q::SEARCH_DELETE, vals![workspace, no]);
        self.any(q::SEEN_ERASE, vals![workspace, no]);
        // What sales made of the two is one document now, which is written with the profile.
        self.any(q::LEAD_DELETE, vals![workspace, no]);
        self.touched.push((workspace, no));
        self.one(q::PROFILE_DELETE, vals![workspace, no, version]);
        self.one(q::PROFILE_ALIAS_INSERT, vals![workspace, absorbed.id, kept]);
    }

    #[expect(clippy::too_many_arguments, reason = "one column each")]
    pub fn log_merge(
        &mut self,
        merge_no: i64,
        workspace: WorkspaceId,
        at: Timestamp,
        kept: ProfileNo,
        other: &Profile,
        joined: bool,
        reason: &str,
        link: &str,
    ) {
        let other_doc = joined.then(|| json(other));
        let (reason, link) = (reason.to_owned(), link.to_owned());
        self.one(
            q::MERGE_INSERT,
            vals![merge_no, workspace, at, kept, other.no, other.id, joined, reason, link, other_doc],
        );
    }

    pub fn log_attribute_change(
        &mut self,
        change_no: i64,
        workspace: WorkspaceId,
        no: ProfileNo,
        change: &AttributeChange,
        source: &str,
    ) {
        let (name, source) = (change.name.clone(), source.to_owned());
        let (old, new) = (change.old.as_ref().map(json), json(&change.new));
        self.one(
            q::ATTRIBUTE_CHANGE_INSERT,
            vals![change_no, workspace, no, name, change.at, old, new, source],
        );
    }

    pub fn insert_consent(
        &mut self,
        record_no: i64,
        workspace: WorkspaceId,
        no: ProfileNo,
        record: &ConsentRecord,
    ) {
        self.one(q::CONSENT_INSERT, vals![record_no, workspace, no, record.at(), json(record)]);
    }
}

pub(crate) fn read_profile(mut row: Row) -> Result<StoredProfile, StoreError> {
    let (no, version) = (row.profile(0)?, row.int(1)?);
    let doc = row.take_text(2)?;
    let mut profile: Profile = serde_json::from_str(&doc).map_err(|error| unreadable("a profile", error))?;
    profile.no = no;
    profile.last_seen_at =
        row.opt_at(3)?.map(domain::profile::Ms).max(profile.seen_at).unwrap_or(profile.first_seen_at);
    Ok(StoredProfile { version, profile })
}

impl ReadTx<'_> {
    pub fn profile(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
    ) -> Result<Option<StoredProfile>, StoreError> {
        self.query_opt(q::PROFILE_BY_NO, &vals![workspace, no])?.map(read_profile).transpose()
    }

    /// The profiles of these numbers, in their order; a number that no longer exists is left out.
    pub fn profiles(
        &mut self,
        of: &[(WorkspaceId, ProfileNo)],
    ) -> Result<Vec<(WorkspaceId, StoredProfile)>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no]).collect();
        let found = self.query_many(q::PROFILE_BY_NO, &params)?;
        let mut profiles = Vec::with_capacity(of.len());
        for ((workspace, _), rows) in of.iter().zip(found) {
            for row in rows {
                profiles.push((*workspace, read_profile(row)?));
            }
        }
        Ok(profiles)
    }

    /// By its id, or by the id of a profile that it absorbed.
    pub fn profile_by_id(
        &mut self,
        workspace: WorkspaceId,
        id: Id,
    ) -> Result<Option<StoredProfile>, StoreError> {
        if let Some(row) = self.query_opt(q::PROFILE_BY_ID, &vals![workspace, id])? {
            return read_profile(row).map(Some);
        }
        match self.query_opt(q::PROFILE_ALIAS_FIND, &vals![workspace, id])? {
            Some(row) => self.profile(workspace, row.profile(0)?),
            None => Ok(None),
        }
    }

    pub fn find_identifiers(
        &mut self,
        identifiers: &[(WorkspaceId, &Identifier)],
    ) -> Result<Vec<Option<ProfileNo>>, StoreError> {
        let params: Vec<_> = identifiers.iter().map(|(workspace, id)| vals![*workspace, id.key()]).collect();
        let found = self.query_many(q::IDENTIFIER_FIND, &params)?;
        found.into_iter().map(|rows| rows.first().map(|row| row.profile(0)).transpose()).collect()
    }

    /// Newest first, from below `before`.
    pub fn profile_page(
        &mut self,
        workspace: WorkspaceId,
        before: ProfileNo,
        limit: i64,
    ) -> Result<Vec<StoredProfile>, StoreError> {
        self.query(q::PROFILE_PAGE, &vals![workspace, before, limit])?.into_iter().map(read_profile).collect()
    }

    /// Profiles whose search text contains `key` (already without marks and in lower case), newest first.
    pub fn search_profiles(
        &mut self,
        workspace: WorkspaceId,
        key: &str,
        before: ProfileNo,
        limit: i64,
    ) -> Result<Vec<StoredProfile>, StoreError> {
        let rows = self.query(q::SEARCH_FIND, &vals![workspace, before, key, limit])?;
        let of = rows
            .iter()
            .map(|row| Ok((workspace, row.profile(0)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(self.profiles(&of)?.into_iter().map(|(_, profile)| profile).collect())
    }

    pub fn profile_count(&mut self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        self.query_opt(q::PROFILE_COUNT, &vals![workspace])?.map_or(Ok(0), |row| row.int(0))
    }

    /// The highest number that a profile ever had, those that are another's by now included: a number is never given
    /// to a second person.
    pub fn last_profile_no(&mut self, workspace: WorkspaceId) -> Result<ProfileNo, StoreError> {
        self.query_opt(q::PROFILE_NO_LAST, &vals![workspace, true])?
            .map_or(Ok(ProfileNo(0)), |row| row.profile(0))
    }

    pub fn last_numbers(&mut self) -> Result<LastNumbers, StoreError> {
        let mut last = |stmt| self.query_opt(stmt, &vals![])?.map_or(Ok(0), |row| row.int(0));
        Ok(LastNumbers {
            event: last(q::EVENT_LAST)?,
            change: last(q::ATTRIBUTE_CHANGE_LAST)?,
            consent: last(q::CONSENT_LAST)?,
            merge: last(q::MERGE_LAST)?,
            message: last(q::MESSAGE_LAST)?,
            rejection: last(q::REJECTION_LAST)?,
        })
    }

    pub fn attribute_changes(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
        before: i64,
        limit: i64,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        let rows = self.query(q::ATTRIBUTE_CHANGE_PAGE, &vals![workspace, no, before, limit])?;
        rows.into_iter().map(ChangeRow::read).collect()
    }

    /// The proof of consent, newest first; at most 500.
    pub fn consents(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
    ) -> Result<Vec<ConsentRecord>, StoreError> {
        let read = |row: Row| {
            serde_json::from_str(&row.into_text(0)?).map_err(|error| unreadable("a consent", error))
        };
        self.query(q::CONSENT_LIST, &vals![workspace, no])?.into_iter().map(read).collect()
    }

    /// Newest first; at most 500.
    pub fn merges(&mut self, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<MergeRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(MergeRow {
                at: row.at(0)?,
                other_no: row.profile(1)?,
                other_id: row.take_text(2)?,
                joined: row.bool(3)?,
                reason: row.take_text(4)?,
                link: row.take_text(5)?,
                other_doc: row.opt_text(6)?.map(str::to_owned),
            })
        };
        self.query(q::MERGE_LIST, &vals![workspace, no])?.into_iter().map(read).collect()
    }

    /// Whether this refusal to join was logged before.
    pub fn refusal_is_logged(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
        other: ProfileNo,
        link: &str,
    ) -> Result<bool, StoreError> {
        Ok(!self.query(q::MERGE_REFUSED_FIND, &vals![workspace, no, other, false, link])?.is_empty())
    }
}
