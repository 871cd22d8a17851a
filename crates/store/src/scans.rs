//! Streaming reads for counting a segment before it is saved: each reads a range of one index from end to end and
//! hands over what a condition folds.

use crate::changeset::unreadable;
use crate::{ReadTx, StoreError, q, vals};
use domain::commerce::Order;
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// Events of one name with `from <= at < to`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRange {
    pub workspace: WorkspaceId,
    pub name_no: i64,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl ReadTx<'_> {
    /// The numbers of all profiles, ascending.
    pub fn scan_profile_numbers(
        &mut self,
        workspace: WorkspaceId,
        each: &mut dyn FnMut(ProfileNo),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_PROFILE_NUMBERS, &vals![workspace], &mut |row| {
            each(row.profile(0)?);
            Ok(())
        })
    }

    /// The documents of the profiles behind one number up to another, by number.
    pub fn scan_profile_docs(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        each: &mut dyn FnMut(ProfileNo, &str) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_PROFILE_DOCS, &vals![workspace, after, to], &mut |row| {
            each(row.profile(0)?, row.text(1)?)
        })
    }

    /// How many events: a profile comes once or often, and its counts add up.
    pub fn scan_event_counts(
        &mut self,
        range: EventRange,
        each: &mut dyn FnMut(ProfileNo, i64),
    ) -> Result<(), StoreError> {
        let EventRange { workspace, name_no, from, to } = range;
        self.for_each(q::SCAN_EVENT_COUNTS, &vals![workspace, name_no, from, to], &mut |row| {
            each(row.profile(0)?, row.int(1)?);
            Ok(())
        })
    }

    /// How many events carry an amount, and the sum of these in ten-thousandths: a profile comes once or often, and
    /// its counts and sums add up.
    pub fn scan_event_sums(
        &mut self,
        range: EventRange,
        each: &mut dyn FnMut(ProfileNo, i64, i64),
    ) -> Result<(), StoreError> {
        let EventRange { workspace, name_no, from, to } = range;
        self.for_each(q::SCAN_EVENT_SUMS, &vals![workspace, name_no, from, to], &mut |row| {
            each(row.profile(0)?, row.int(1)?, row.opt_int(2)?.unwrap_or(0));
            Ok(())
        })
    }

    /// The first and last instant of events: a profile comes once or often.
    pub fn scan_event_ends(
        &mut self,
        range: EventRange,
        each: &mut dyn FnMut(ProfileNo, Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let EventRange { workspace, name_no, from, to } = range;
        self.for_each(q::SCAN_EVENT_ENDS, &vals![workspace, name_no, from, to], &mut |row| {
            each(row.profile(0)?, row.at(1)?, row.at(2)?);
            Ok(())
        })
    }

    /// Events with their number, instant and body, oldest first.
    pub fn scan_event_bodies(
        &mut self,
        range: EventRange,
        each: &mut dyn FnMut(ProfileNo, i64, Timestamp, &str) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let EventRange { workspace, name_no, from, to } = range;
        self.for_each(q::SCAN_EVENT_BODIES, &vals![workspace, name_no, from, to], &mut |row| {
            each(row.profile(0)?, row.int(1)?, row.at(2)?, row.text(3)?)
        })
    }

    /// All orders, those of one profile behind each other in the order of their placing.
    pub fn scan_orders(
        &mut self,
        workspace: WorkspaceId,
        each: &mut dyn FnMut(ProfileNo, Order) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_ORDER_DOCS, &vals![workspace], &mut |row| {
            let order = serde_json::from_str(row.text(1)?).map_err(|error| unreadable("an order", error))?;
            each(row.profile(0)?, order)
        })
    }

    /// Profiles on a list, by number, from behind one.
    pub fn list_members(
        &mut self,
        workspace: WorkspaceId,
        list_id: &str,
        after: ProfileNo,
        limit: i64,
    ) -> Result<Vec<ProfileNo>, StoreError> {
        let (mark, path) = (format!("\"{list_id}\":{{"), format!("$.lists.\"{list_id}\".on"));
        self.query(q::SCAN_LIST, &vals![workspace, after, mark, path, limit])?
            .iter()
            .map(|row| row.profile(0))
            .collect()
    }
}
