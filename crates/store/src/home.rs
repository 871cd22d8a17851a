//! What the home screen, the search and the first-run wizard read.

use crate::{Changeset, ReadTx, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use std::collections::BTreeMap;

/// Numbers come by the quarter of an hour, on which the days of every zone begin.
pub const QUARTER_MS: i64 = 900_000;

/// From an instant on, and before another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// An order that counts, in the currency asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sale {
    pub at: Timestamp,
    pub profile: ProfileNo,
    /// Minor units.
    pub net: i64,
}

/// Something that a person did with a message, as it stands in the timeline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deed {
    pub at: Timestamp,
    pub profile: ProfileNo,
    pub event_no: i64,
}

/// Messages that channels took in a quarter of an hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentRow {
    pub at: Timestamp,
    pub channel: String,
    pub count: i64,
    pub first_no: i64,
}

/// Who had messages sent: a journey, a campaign, or neither.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SenderRow {
    pub journey_id: Option<String>,
    pub campaign_id: Option<String>,
    pub count: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotSentRow {
    pub channel: String,
    pub state: String,
    pub reason: String,
    pub count: i64,
}

/// What people did with messages for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Opened,
    Clicked,
    Unsubscribed,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScheduledRow {
    pub campaign_id: String,
    pub name: String,
    pub state: String,
    pub channel: String,
    pub next_at: Timestamp,
}

/// A campaign whose name fits a search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundCampaign {
    pub campaign_id: String,
    pub name: String,
    pub state: String,
    pub channel: String,
}

fn quarter(n: i64) -> Timestamp {
    Timestamp::from_ms(n.saturating_mul(QUARTER_MS))
}

impl Changeset {
    /// What the first-run wizard was told, as JSON.
    pub fn set_setup(&mut self, workspace: WorkspaceId, doc: String) {
        self.one(q::SETUP_SET, vals![workspace, doc]);
    }
}

impl ReadTx<'_> {
    pub fn setup(&mut self, workspace: WorkspaceId) -> Result<Option<String>, StoreError> {
        self.query_opt(q::SETUP_FIND, &vals![workspace])?.map(|row| row.into_text(0)).transpose()
    }

    /// The newest profiles behind a number and up to another whose search text holds `part`.
    pub fn search_range(
        &mut self,
        workspace: WorkspaceId,
        after: ProfileNo,
        to: ProfileNo,
        part: &str,
        limit: i64,
    ) -> Result<Vec<ProfileNo>, StoreError> {
        let rows = self.query(q::SEARCH_RANGE, &vals![workspace, after, to, part, limit])?;
        rows.iter().map(|row| row.profile(0)).collect()
    }

    /// Orders that count, oldest first.
    pub fn sales(
        &mut self,
        workspace: WorkspaceId,
        span: Span,
        currency: &str,
    ) -> Result<Vec<Sale>, StoreError> {
        let mut sales = Vec::new();
        self.for_each(q::OVERVIEW_ORDERS, &vals![workspace, span.from, span.to, currency], &mut |row| {
            sales.push(Sale { at: row.at(0)?, profile: row.profile(1)?, net: row.int(2)? });
            Ok(())
        })?;
        Ok(sales)
    }

    /// Which of these people had an order that counts before an instant.
    pub fn bought_before(
        &mut self,
        workspace: WorkspaceId,
        people: &[(ProfileNo, Timestamp)],
    ) -> Result<Vec<bool>, StoreError> {
        let params: Vec<_> = people.iter().map(|(no, at)| vals![workspace, *no, *at]).collect();
        let found = self.query_many(q::OVERVIEW_BOUGHT_BEFORE, &params)?;
        Ok(found.iter().map(|rows| !rows.is_empty()).collect())
    }

    /// When the shop's first order was placed.
    pub fn first_sale_at(&mut self, workspace: WorkspaceId) -> Result<Option<Timestamp>, StoreError> {
        self.query_opt(q::OVERVIEW_FIRST_ORDER, &vals![workspace])?.map(|row| row.at(0)).transpose()
    }

    /// When a channel first took a message.
    pub fn first_sent_at(&mut self, workspace: WorkspaceId) -> Result<Option<Timestamp>, StoreError> {
        self.query_opt(q::OVERVIEW_FIRST_SENT, &vals![workspace])?.map(|row| row.at(0)).transpose()
    }

    /// Events of a name, oldest first.
    pub fn deeds(&mut self, workspace: WorkspaceId, name: &str, span: Span) -> Result<Vec<Deed>, StoreError> {
        let mut deeds = Vec::new();
        self.for_each(q::OVERVIEW_TOUCHES, &vals![workspace, name, span.from, span.to], &mut |row| {
            deeds.push(Deed { at: row.at(0)?, profile: row.profile(1)?, event_no: row.int(2)? });
            Ok(())
        })?;
        Ok(deeds)
    }

    /// How many profiles have an id in each range: ids begin with the time at which they were made.
    pub fn people_between(
        &mut self,
        workspace: WorkspaceId,
        ranges: &[(String, String)],
    ) -> Result<Vec<i64>, StoreError> {
        let params: Vec<_> =
            ranges.iter().map(|(from, to)| vals![workspace, from.as_str(), to.as_str()]).collect();
        let found = self.query_many(q::OVERVIEW_PEOPLE, &params)?;
        found.iter().map(|rows| rows.first().map_or(Ok(0), |row| row.int(0))).collect()
    }

    pub fn sent(&mut self, workspace: WorkspaceId, span: Span) -> Result<Vec<SentRow>, StoreError> {
        let rows = self.query(q::OVERVIEW_SENT, &vals![workspace, span.from, span.to])?;
        let read = |mut row: crate::Row| {
            Ok(SentRow {
                at: quarter(row.int(0)?),
                channel: row.take_text(1)?,
                count: row.int(2)?,
                first_no: row.int(3)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    pub fn senders(&mut self, workspace: WorkspaceId, span: Span) -> Result<Vec<SenderRow>, StoreError> {
        let rows = self.query(q::OVERVIEW_SENDERS, &vals![workspace, span.from, span.to])?;
        let read = |row: crate::Row| {
            Ok(SenderRow {
                journey_id: row.opt_text(0)?.map(str::to_owned),
                campaign_id: row.opt_text(1)?.map(str::to_owned),
                count: row.int(2)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Messages decided on in the span that did not go.
    pub fn not_sent(&mut self, workspace: WorkspaceId, span: Span) -> Result<Vec<NotSentRow>, StoreError> {
        let rows = self.query(q::OVERVIEW_NOT_SENT, &vals![workspace, span.from, span.to])?;
        let read = |mut row: crate::Row| {
            Ok(NotSentRow {
                channel: row.take_text(0)?,
                state: row.take_text(1)?,
                reason: row.take_text(2)?,
                count: row.int(3)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Messages with which people did something for the first time, by the quarter of an hour.
    pub fn answers(
        &mut self,
        workspace: WorkspaceId,
        answer: Answer,
        span: Span,
    ) -> Result<Vec<(Timestamp, i64)>, StoreError> {
        let stmt = match answer {
            Answer::Opened => q::OVERVIEW_OPENED,
            Answer::Clicked => q::OVERVIEW_CLICKED,
            Answer::Unsubscribed => q::OVERVIEW_LEFT,
        };
        let rows = self.query(stmt, &vals![workspace, span.from, span.to])?;
        rows.iter().map(|row| Ok((quarter(row.int(0)?), row.int(1)?))).collect()
    }

    /// Messages from a number on, taken in the span, that machines opened and followed links of.
    pub fn machine_answers(
        &mut self,
        workspace: WorkspaceId,
        first_no: i64,
        span: Span,
    ) -> Result<(i64, i64), StoreError> {
        let found = self.query_opt(q::OVERVIEW_MACHINES, &vals![workspace, first_no, span.from, span.to])?;
        found.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }

    /// Messages of a channel that are due and wait, counted up to `limit`, and since when the first one does.
    pub fn overdue(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        now: Timestamp,
        limit: i64,
    ) -> Result<(i64, Option<Timestamp>), StoreError> {
        let found = self.query_opt(q::OVERVIEW_QUEUE, &vals![workspace, channel, now, limit])?;
        found.map_or(Ok((0, None)), |row| Ok((row.int(0)?, row.opt_at(1)?)))
    }

    /// Why messages of a channel wait; of the first `limit` of them.
    pub fn waiting_reasons(
        &mut self,
        workspace: WorkspaceId,
        channel: &str,
        limit: i64,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let rows = self.query(q::OVERVIEW_WAITING, &vals![workspace, channel, limit])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.int(1)?))).collect()
    }

    /// Addresses that were suppressed in the span, by channel and reason.
    pub fn suppressed(
        &mut self,
        workspace: WorkspaceId,
        span: Span,
    ) -> Result<Vec<(String, String, i64)>, StoreError> {
        let rows = self.query(q::OVERVIEW_SUPPRESSED, &vals![workspace, span.from, span.to])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?))).collect()
    }

    /// Campaigns whose next run is known, soonest first.
    pub fn scheduled_campaigns(
        &mut self,
        workspace: WorkspaceId,
        limit: i64,
    ) -> Result<Vec<ScheduledRow>, StoreError> {
        let rows = self.query(q::CAMPAIGN_SCHEDULED, &vals![workspace, limit])?;
        let read = |mut row: crate::Row| {
            Ok(ScheduledRow {
                campaign_id: row.take_text(0)?,
                name: row.take_text(1)?,
                state: row.take_text(2)?,
                channel: row.take_text(3)?,
                next_at: row.at(4)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Campaigns whose name holds `part` (without marks, in lower case), newest first.
    pub fn find_campaigns(
        &mut self,
        workspace: WorkspaceId,
        part: &str,
        limit: i64,
    ) -> Result<Vec<FoundCampaign>, StoreError> {
        let rows = self.query(q::CAMPAIGN_FOUND, &vals![workspace, part, limit])?;
        let read = |mut row: crate::Row| {
            Ok(FoundCampaign {
                campaign_id: row.take_text(0)?,
                name: row.take_text(1)?,
                state: row.take_text(2)?,
                channel: row.take_text(3)?,
            })
        };
        rows.into_iter().map(read).collect()
    }
}
