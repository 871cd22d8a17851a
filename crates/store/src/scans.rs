//! Streaming reads for counting a segment before it is saved: each reads a range of one index from end to end and
//! hands over what a condition folds.

use crate::changeset::unreadable;
use crate::{ReadTx, Row, StoreError, q, vals};
use domain::commerce::Order;
use domain::condition::{PastMessage, PastRun};
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// Events of one name with `from <= at < to`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRange {
    pub workspace: WorkspaceId,
    pub name_no: i64,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Takes the profile, the number, the instant and the body of an event.
pub type EachBody<'f> = &'f mut dyn FnMut(ProfileNo, i64, Timestamp, &str) -> Result<(), StoreError>;

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

    /// How many orders count that were placed in `from <= at < to`: a profile comes once or often, and its counts add
    /// up.
    pub fn scan_order_counts(
        &mut self,
        workspace: WorkspaceId,
        (from, to): (Timestamp, Timestamp),
        each: &mut dyn FnMut(ProfileNo, i64),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_ORDER_COUNTS, &vals![workspace, from, to, true], &mut |row| {
            each(row.profile(0)?, row.int(1)?);
            Ok(())
        })
    }

    /// What stays of each order of a currency that counts and was placed in `from <= at < to`, in its minor unit.
    pub fn scan_order_nets(
        &mut self,
        workspace: WorkspaceId,
        (from, to): (Timestamp, Timestamp),
        currency: &str,
        each: &mut dyn FnMut(ProfileNo, i64),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_ORDER_NETS, &vals![workspace, from, to, true, currency], &mut |row| {
            each(row.profile(0)?, row.int(1)?);
            Ok(())
        })
    }

    /// Whole orders placed in `from <= at < to`, in no order; only those that hold `product` where it is named.
    pub fn scan_orders(
        &mut self,
        workspace: WorkspaceId,
        (from, to): (Timestamp, Timestamp),
        product: Option<&str>,
        each: &mut dyn FnMut(ProfileNo, Order),
    ) -> Result<(), StoreError> {
        let mut read = |row: &mut Row| {
            let order = serde_json::from_str(row.text(1)?).map_err(|error| unreadable("an order", error))?;
            each(row.profile(0)?, order);
            Ok(())
        };
        match product {
            None => self.for_each(q::SCAN_ORDER_DOCS, &vals![workspace, from, to], &mut read),
            Some(product) => {
                let params = vals![workspace, from, to, product];
                self.for_each(q::SCAN_ORDER_DOCS_OF_PRODUCT, &params, &mut read)
            }
        }
    }

    /// At least those whose time zone is not the shop's, by number, and some more.
    pub fn scan_own_zones(
        &mut self,
        workspace: WorkspaceId,
        limit: i64,
    ) -> Result<Vec<ProfileNo>, StoreError> {
        let rows = self.query(q::SCAN_OWN_ZONES, &vals![workspace, limit])?;
        rows.iter().map(|row| row.profile(0)).collect()
    }

    /// Events with their number, instant and body, oldest first.
    pub fn scan_event_bodies(&mut self, range: EventRange, each: EachBody<'_>) -> Result<(), StoreError> {
        let EventRange { workspace, name_no, from, to } = range;
        self.for_each(q::SCAN_EVENT_BODIES, &vals![workspace, name_no, from, to], &mut |row| {
            each(row.profile(0)?, row.int(1)?, row.at(2)?, row.text(3)?)
        })
    }

    /// When the newest event of each profile happened, of those behind one number up to another; who has none is
    /// left out.
    pub fn scan_last_seen(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        each: &mut dyn FnMut(ProfileNo, Timestamp),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_LAST_SEEN, &vals![workspace, after, to], &mut |row| {
            each(row.profile(0)?, row.at(1)?);
            Ok(())
        })
    }

    /// [`ReadTx::past_messages`] of the profiles behind one number up to another, by profile.
    pub fn scan_messages(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        each: &mut dyn FnMut(ProfileNo, PastMessage),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_MESSAGES, &vals![workspace, after, to], &mut |row| {
            let some = |text: Option<&str>| text.map(str::to_owned);
            let message = PastMessage {
                id: row.text(1)?.to_owned(),
                channel: row.text(2)?.to_owned(),
                purpose: row.text(3)?.to_owned(),
                template_id: some(row.opt_text(4)?),
                journey_id: some(row.opt_text(5)?),
                campaign_id: some(row.opt_text(6)?),
                state: row.text(7)?.to_owned(),
                decided_at: row.at(8)?,
                accepted_at: row.opt_at(9)?,
                opened_at: row.opt_at(10)?,
                clicked_at: row.opt_at(11)?,
                unsubscribed_at: row.opt_at(12)?,
                delivered_at: row.opt_at(13)?,
            };
            each(row.profile(0)?, message);
            Ok(())
        })
    }

    /// [`ReadTx::past_runs`] of the profiles behind one number up to another, by profile.
    pub fn scan_runs(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        each: &mut dyn FnMut(ProfileNo, PastRun),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_RUNS, &vals![workspace, after, to], &mut |row| {
            let run = PastRun {
                journey_id: row.text(1)?.to_owned(),
                state: row.text(2)?.to_owned(),
                started_at: row.at(3)?,
                ended_at: row.opt_at(4)?,
            };
            each(row.profile(0)?, run);
            Ok(())
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

    /// When the newest event of a name up to `now` happened, and how many happened since; not more than `most` are
    /// counted.
    pub fn scan_event_pulse(
        &mut self,
        (workspace, name_no): (WorkspaceId, i64),
        (since, now): (Timestamp, Timestamp),
        most: i64,
    ) -> Result<(Option<Timestamp>, i64), StoreError> {
        let last = self.query_opt(q::SCAN_EVENT_LAST, &vals![workspace, name_no, now])?;
        let last = last.map_or(Ok(None), |row| row.opt_at(0))?;
        let row = self.query_opt(q::SCAN_EVENT_RECENT, &vals![workspace, name_no, since, now, most])?;
        Ok((last, row.map_or(Ok(0), |row| row.int(0))?))
    }

    /// The instants and bodies of the newest events of a name up to `now`.
    pub fn scan_event_sample(
        &mut self,
        (workspace, name_no): (WorkspaceId, i64),
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<(Timestamp, String)>, StoreError> {
        let rows = self.query(q::SCAN_EVENT_SAMPLE, &vals![workspace, name_no, now, limit])?;
        rows.into_iter().map(|mut row| Ok((row.at(0)?, row.take_text(1)?))).collect()
    }

    /// How many entered a segment and left it in `from <= at < to`, by quarters of an hour: the beginning of the
    /// quarter, whether they entered, how many.
    pub fn scan_transitions(
        &mut self,
        workspace: WorkspaceId,
        segment_id: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<(Timestamp, bool, i64)>, StoreError> {
        let rows = self.query(q::SCAN_TRANSITIONS, &vals![workspace, segment_id, from, to])?;
        let read = |row: &Row| Ok((Timestamp::from_ms(row.int(0)? * 900_000), row.bool(1)?, row.int(2)?));
        rows.iter().map(read).collect()
    }
}
