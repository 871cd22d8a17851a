//! Campaigns, their runs, who a run is still to reach, and what came of it.

use crate::messages::MessageRow;
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::consent::Channel;
use kit::{ProfileNo, Timestamp, WorkspaceId};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CampaignRow {
    pub campaign_id: String,
    pub name: String,
    /// `draft`, `scheduled`, `sending`, `paused`, `done` or `cancelled`.
    pub state: String,
    /// Why it stands still, when it does.
    pub detail: String,
    pub channel: String,
    /// JSON.
    pub definition: String,
    /// The last run that began; 0 when none did.
    pub run_no: i64,
    /// When the next run begins.
    pub next_at: Option<Timestamp>,
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: String,
    /// When it was put away; it is in no list but the archive then.
    pub archived_at: Option<Timestamp>,
}

/// Which campaigns a list shows; an empty filter lets everything through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CampaignFilter<'a> {
    pub state: &'a str,
    pub channel: &'a str,
    /// A part of the name without marks and in lower case.
    pub search: &'a str,
    pub archived: Archived,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Archived {
    #[default]
    No,
    Only,
    /// With the others.
    Too,
}

/// The messages of a run that go to one domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainRow {
    pub domain: String,
    /// Handed over at least once.
    pub tried: i64,
    pub accepted: i64,
    pub failed: i64,
    pub opened: i64,
    pub clicked: i64,
    pub unsubscribed: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CampaignRunRow {
    pub run_no: i64,
    /// `gathering`, `planning`, `sending`, `done` or `cancelled`.
    pub state: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Where it stands and what it counted, as JSON.
    pub doc: String,
}

/// People with one instant among 65,536 profile numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AudienceRow {
    /// Milliseconds; 0 while it is not known.
    pub wave: i64,
    pub chunk: i64,
    /// A serialised Roaring bitmap.
    pub members: Vec<u8>,
}

/// How many people did something with the messages of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Answers {
    pub opened: i64,
    pub clicked: i64,
    pub unsubscribed: i64,
    /// Only machines opened or clicked.
    pub machine: i64,
}

/// A link of a run's messages with the people and the clicks that it had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkRow {
    pub url: String,
    pub people: i64,
    pub clicks: i64,
}

/// An order of somebody who opened or clicked before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OrderMark {
    pub source: String,
    pub order_id: String,
    pub profile: ProfileNo,
    pub placed_at: Timestamp,
    /// Minor units.
    pub net: i64,
}

/// An open or a click of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touch {
    /// The campaign and its run; `None` when something else sent the message.
    pub campaign: Option<(String, i64)>,
    pub at: Timestamp,
}

/// Names a run of a campaign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunKey<'a> {
    pub workspace: WorkspaceId,
    pub campaign_id: &'a str,
    pub run_no: i64,
}

fn searched(name: &str) -> String {
    domain::normalise::text::search_key(name)
}

impl Changeset {
    /// A draft. Its state, its runs and its revision start from the beginning, whatever `row` says.
    pub fn insert_campaign(&mut self, workspace: WorkspaceId, row: CampaignRow) {
        let search = searched(&row.name);
        self.one(
            q::CAMPAIGN_INSERT,
            vals![
                workspace,
                row.campaign_id,
                row.name,
                search,
                row.channel,
                row.definition,
                row.created_at,
                row.created_by
            ],
        );
    }

    /// Stores a campaign over the revision in `row`.
    pub fn update_campaign(&mut self, workspace: WorkspaceId, row: &CampaignRow, now: Timestamp) {
        let search = searched(&row.name);
        let row = row.clone();
        self.one(
            q::CAMPAIGN_UPDATE,
            vals![
                workspace,
                row.campaign_id,
                row.revision,
                row.name,
                search,
                row.state,
                row.detail,
                row.channel,
                row.definition,
                row.run_no,
                row.next_at,
                now,
                row.archived_at
            ],
        );
    }

    /// Takes a draft away; it must be one, at this revision.
    pub fn delete_campaign(&mut self, workspace: WorkspaceId, campaign_id: &str, revision: i64) {
        self.one(q::CAMPAIGN_DELETE, vals![workspace, campaign_id.to_owned(), revision]);
    }

    pub fn insert_campaign_run(&mut self, workspace: WorkspaceId, campaign_id: &str, row: CampaignRunRow) {
        self.one(
            q::CAMPAIGN_RUN_INSERT,
            vals![workspace, campaign_id.to_owned(), row.run_no, row.state, row.started_at, row.doc],
        );
    }

    /// Whoever writes a run writes its campaign too, whose revision keeps two of them apart.
    pub fn update_campaign_run(&mut self, workspace: WorkspaceId, campaign_id: &str, row: CampaignRunRow) {
        self.one(
            q::CAMPAIGN_RUN_UPDATE,
            vals![workspace, campaign_id.to_owned(), row.run_no, row.state, row.ended_at, row.doc],
        );
    }

    pub fn set_audience(&mut self, run: RunKey<'_>, row: AudienceRow) {
        self.one(
            q::AUDIENCE_SET,
            vals![run.workspace, run.campaign_id.to_owned(), run.run_no, row.wave, row.chunk, row.members],
        );
    }

    pub fn clear_audience(&mut self, run: RunKey<'_>) {
        self.any(q::AUDIENCE_CLEAR, vals![run.workspace, run.campaign_id.to_owned(), run.run_no]);
    }

    pub fn clear_wave(&mut self, run: RunKey<'_>, wave: i64) {
        self.any(q::AUDIENCE_CLEAR_WAVE, vals![run.workspace, run.campaign_id.to_owned(), run.run_no, wave]);
    }

    /// Keeps back what a campaign has queued.
    pub fn hold_campaign_messages(&mut self, workspace: WorkspaceId, campaign_id: &str) {
        self.any(q::CAMPAIGN_HOLD, vals![workspace, campaign_id.to_owned()]);
    }

    /// Queues a message again that was held; its waiting counts from `now`.
    pub fn release_message(
        &mut self,
        workspace: WorkspaceId,
        message_no: i64,
        due_at: Timestamp,
        now: Timestamp,
    ) {
        self.one(q::CAMPAIGN_RELEASE, vals![workspace, message_no, due_at, now]);
    }

    /// Calls off what a campaign has not handed over.
    pub fn cancel_campaign_messages(&mut self, workspace: WorkspaceId, campaign_id: &str, reason: &str) {
        self.any(q::CAMPAIGN_CANCEL, vals![workspace, campaign_id.to_owned(), reason.to_owned()]);
    }

    /// Leaves a person who was two one message of each run.
    pub fn one_message_a_run(&mut self, workspace: WorkspaceId, profile: ProfileNo) {
        self.any(q::CAMPAIGN_ONCE, vals![workspace, profile]);
    }
}

fn read_campaign(mut row: Row) -> Result<CampaignRow, StoreError> {
    Ok(CampaignRow {
        campaign_id: row.take_text(0)?,
        name: row.take_text(1)?,
        state: row.take_text(2)?,
        detail: row.take_text(3)?,
        channel: row.take_text(4)?,
        definition: row.take_text(5)?,
        run_no: row.int(6)?,
        next_at: row.opt_at(7)?,
        revision: row.int(8)?,
        created_at: row.at(9)?,
        updated_at: row.at(10)?,
        created_by: row.take_text(11)?,
        archived_at: row.opt_at(12)?,
    })
}

fn read_run(mut row: Row) -> Result<CampaignRunRow, StoreError> {
    Ok(CampaignRunRow {
        run_no: row.int(0)?,
        state: row.take_text(1)?,
        started_at: row.at(2)?,
        ended_at: row.opt_at(3)?,
        doc: row.take_text(4)?,
    })
}

impl ReadTx<'_> {
    pub fn campaign(&mut self, workspace: WorkspaceId, id: &str) -> Result<Option<CampaignRow>, StoreError> {
        self.query_opt(q::CAMPAIGN_FIND, &vals![workspace, id])?.map(read_campaign).transpose()
    }

    /// Newest first, from behind an instant and an id.
    pub fn campaign_page(
        &mut self,
        workspace: WorkspaceId,
        before: (Timestamp, &str),
        limit: i64,
        filter: CampaignFilter<'_>,
    ) -> Result<Vec<CampaignRow>, StoreError> {
        let CampaignFilter { state, channel, search, archived } = filter;
        let archived = match archived {
            Archived::No => 0i64,
            Archived::Only => 1,
            Archived::Too => 2,
        };
        let params = vals![workspace, before.0, before.1, limit, state, search, channel, archived];
        self.query(q::CAMPAIGN_PAGE, &params)?.into_iter().map(read_campaign).collect()
    }

    pub fn campaign_run(&mut self, run: RunKey<'_>) -> Result<Option<CampaignRunRow>, StoreError> {
        self.query_opt(q::CAMPAIGN_RUN_FIND, &vals![run.workspace, run.campaign_id, run.run_no])?
            .map(read_run)
            .transpose()
    }

    /// Newest first, from below a number.
    pub fn campaign_runs(
        &mut self,
        workspace: WorkspaceId,
        campaign_id: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<CampaignRunRow>, StoreError> {
        let rows = self.query(q::CAMPAIGN_RUN_PAGE, &vals![workspace, campaign_id, before, limit])?;
        rows.into_iter().map(read_run).collect()
    }

    /// All of a run's audience that is stored, by wave and chunk.
    pub fn audience(&mut self, run: RunKey<'_>) -> Result<Vec<AudienceRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(AudienceRow { wave: row.int(0)?, chunk: row.int(1)?, members: row.take_bytes(2)? })
        };
        let rows = self.query(q::AUDIENCE_FIND, &vals![run.workspace, run.campaign_id, run.run_no])?;
        rows.into_iter().map(read).collect()
    }

    /// The instants of a run's audience, in ascending order.
    pub fn audience_waves(&mut self, run: RunKey<'_>) -> Result<Vec<i64>, StoreError> {
        let rows = self.query(q::AUDIENCE_WAVES, &vals![run.workspace, run.campaign_id, run.run_no])?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// The first chunk of a wave from a number on.
    pub fn audience_from(
        &mut self,
        run: RunKey<'_>,
        wave: i64,
        chunk: i64,
    ) -> Result<Option<AudienceRow>, StoreError> {
        let found = self
            .query_opt(q::AUDIENCE_CHUNK, &vals![run.workspace, run.campaign_id, run.run_no, wave, chunk])?;
        found
            .map(|mut row| Ok(AudienceRow { wave, chunk: row.int(0)?, members: row.take_bytes(1)? }))
            .transpose()
    }

    /// The members of one chunk of a wave, if there are any.
    pub fn audience_of_chunk(
        &mut self,
        run: RunKey<'_>,
        wave: i64,
        chunk: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.query_opt(
            q::AUDIENCE_OF_CHUNK,
            &vals![run.workspace, run.campaign_id, run.run_no, wave, chunk],
        )?;
        found.map(|mut row| row.take_bytes(0)).transpose()
    }

    /// The numbers of all profiles, in no order.
    pub fn profile_numbers(&mut self, workspace: WorkspaceId) -> Result<Vec<ProfileNo>, StoreError> {
        let mut numbers = Vec::new();
        self.for_each(q::PROFILE_NUMBERS, &vals![workspace], &mut |row| {
            numbers.push(row.profile(0)?);
            Ok(())
        })?;
        Ok(numbers)
    }

    /// Which of the numbers are profiles.
    pub fn profiles_exist(
        &mut self,
        workspace: WorkspaceId,
        of: &[ProfileNo],
    ) -> Result<Vec<bool>, StoreError> {
        let params: Vec<_> = of.iter().map(|no| vals![workspace, *no]).collect();
        let found = self.query_many(q::PROFILE_EXISTS, &params)?;
        Ok(found.iter().map(|rows| !rows.is_empty()).collect())
    }

    /// Whose a profile that was found to be another one is now.
    pub fn profile_became(
        &mut self,
        workspace: WorkspaceId,
        no: ProfileNo,
    ) -> Result<Option<ProfileNo>, StoreError> {
        self.query_opt(q::PROFILE_BECAME, &vals![workspace, no])?.map(|row| row.profile(0)).transpose()
    }

    /// Which of the profiles have a message of a run that reached them or still may.
    pub fn campaign_has(&mut self, run: RunKey<'_>, of: &[ProfileNo]) -> Result<Vec<bool>, StoreError> {
        let params: Vec<_> =
            of.iter().map(|no| vals![run.workspace, run.campaign_id, run.run_no, *no]).collect();
        let found = self.query_many(q::CAMPAIGN_HAS, &params)?;
        Ok(found.iter().map(|rows| !rows.is_empty()).collect())
    }

    /// Who got a message of any campaign since the instant, in no order and some of them more than once.
    pub fn campaign_people_since(
        &mut self,
        workspace: WorkspaceId,
        since: Timestamp,
    ) -> Result<Vec<ProfileNo>, StoreError> {
        let mut people = Vec::new();
        self.for_each(q::CAMPAIGN_PEOPLE_SINCE, &vals![workspace, since], &mut |row| {
            people.push(row.profile(0)?);
            Ok(())
        })?;
        Ok(people)
    }

    /// How many messages of a channel are due and not yet taken, counted up to `limit`.
    pub fn channel_backlog(
        &mut self,
        channel: Channel,
        until: Timestamp,
        limit: i64,
    ) -> Result<i64, StoreError> {
        let row = self.query_opt(q::CHANNEL_BACKLOG, &vals![channel.as_str(), until, limit])?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// How many messages of a run are still to come to an end, and when the first of them is due.
    pub fn campaign_open(&mut self, run: RunKey<'_>) -> Result<(i64, Option<Timestamp>), StoreError> {
        let row = self.query_opt(q::CAMPAIGN_OPEN, &vals![run.workspace, run.campaign_id, run.run_no])?;
        row.map_or(Ok((0, None)), |row| Ok((row.int(0)?, row.opt_at(1)?)))
    }

    /// The messages that are held, by number, and when they were due, in that order.
    pub fn held_messages(&mut self, run: RunKey<'_>) -> Result<Vec<(i64, Timestamp)>, StoreError> {
        let rows = self.query(q::CAMPAIGN_HELD, &vals![run.workspace, run.campaign_id, run.run_no])?;
        rows.iter().map(|row| Ok((row.int(0)?, row.at(1)?))).collect()
    }

    /// The messages of a run by state and reason.
    pub fn campaign_states(&mut self, run: RunKey<'_>) -> Result<Vec<(String, String, i64)>, StoreError> {
        let read = |mut row: Row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?));
        let rows = self.query(q::CAMPAIGN_STATES, &vals![run.workspace, run.campaign_id, run.run_no])?;
        rows.into_iter().map(read).collect()
    }

    /// The messages of a run by profile, from behind a profile and a message, by state, by reason, and by what was done
    /// with them (`opened`, `clicked`, `unsubscribed` by people, `machine` by machines only, `nothing` by people); an
    /// empty filter lets everything through.
    pub fn campaign_messages(
        &mut self,
        run: RunKey<'_>,
        after: (ProfileNo, i64),
        limit: i64,
        (state, reason, did): (&str, &str, &str),
    ) -> Result<Vec<MessageRow>, StoreError> {
        let rows = self.query(
            q::CAMPAIGN_MESSAGES,
            &vals![run.workspace, run.campaign_id, run.run_no, after.0, after.1, state, reason, limit, did],
        )?;
        rows.into_iter().map(crate::messages::read_message).collect()
    }

    pub fn campaign_answers(&mut self, run: RunKey<'_>) -> Result<Answers, StoreError> {
        let row = self.query_opt(q::CAMPAIGN_ANSWERS, &vals![run.workspace, run.campaign_id, run.run_no])?;
        row.map_or(Ok(Answers::default()), |row| {
            Ok(Answers {
                opened: row.int(0)?,
                clicked: row.int(1)?,
                unsubscribed: row.int(2)?,
                machine: row.int(3)?,
            })
        })
    }

    /// `accepted`, `opened` and `clicked` (each message's first) by the hour, in no order.
    pub fn campaign_hours(&mut self, run: RunKey<'_>) -> Result<Vec<(String, Timestamp, i64)>, StoreError> {
        let read = |mut row: Row| Ok((row.take_text(0)?, row.at(1)?, row.int(2)?));
        let rows = self.query(q::CAMPAIGN_HOURS, &vals![run.workspace, run.campaign_id, run.run_no])?;
        rows.into_iter().map(read).collect()
    }

    /// The domains to which most messages of a run went.
    pub fn campaign_domains(&mut self, run: RunKey<'_>, limit: i64) -> Result<Vec<DomainRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(DomainRow {
                domain: row.take_text(0)?,
                tried: row.int(1)?,
                accepted: row.int(2)?,
                failed: row.int(3)?,
                opened: row.int(4)?,
                clicked: row.int(5)?,
                unsubscribed: row.int(6)?,
            })
        };
        let rows =
            self.query(q::CAMPAIGN_DOMAINS, &vals![run.workspace, run.campaign_id, run.run_no, limit])?;
        rows.into_iter().map(read).collect()
    }

    /// The runs of all campaigns that began from an instant on and before another, in that order.
    pub fn campaign_runs_between(
        &mut self,
        workspace: WorkspaceId,
        from: Timestamp,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<(String, CampaignRunRow)>, StoreError> {
        let read = |mut row: Row| {
            let run = CampaignRunRow {
                run_no: row.int(1)?,
                state: row.take_text(2)?,
                started_at: row.at(3)?,
                ended_at: row.opt_at(4)?,
                doc: row.take_text(5)?,
            };
            Ok((row.take_text(0)?, run))
        };
        let rows = self.query(q::CAMPAIGN_RUNS_BETWEEN, &vals![workspace, from, until, limit])?;
        rows.into_iter().map(read).collect()
    }

    /// The links that most people clicked.
    pub fn campaign_links(&mut self, run: RunKey<'_>, limit: i64) -> Result<Vec<LinkRow>, StoreError> {
        let read =
            |mut row: Row| Ok(LinkRow { url: row.take_text(0)?, people: row.int(1)?, clicks: row.int(2)? });
        let rows =
            self.query(q::CAMPAIGN_LINKS, &vals![run.workspace, run.campaign_id, run.run_no, limit])?;
        rows.into_iter().map(read).collect()
    }

    /// Orders in a currency that were placed after their customer opened or clicked a message of a run; those that
    /// count for nothing left out.
    pub fn campaign_orders(&mut self, run: RunKey<'_>, currency: &str) -> Result<Vec<OrderMark>, StoreError> {
        let read = |mut row: Row| {
            Ok(OrderMark {
                source: row.take_text(0)?,
                order_id: row.take_text(1)?,
                profile: row.profile(2)?,
                placed_at: row.at(3)?,
                net: row.int(4)?,
            })
        };
        let rows =
            self.query(q::CAMPAIGN_ORDERS, &vals![run.workspace, run.campaign_id, run.run_no, currency])?;
        rows.into_iter().map(read).collect()
    }

    /// What each person opened and clicked, oldest first; trials and notices to staff left out.
    pub fn touches_of(
        &mut self,
        workspace: WorkspaceId,
        of: &[ProfileNo],
    ) -> Result<Vec<Vec<Touch>>, StoreError> {
        let params: Vec<_> = of.iter().map(|no| vals![workspace, *no]).collect();
        let found = self.query_many(q::TOUCHES_OF, &params)?;
        let read = |row: &Row| {
            let campaign = match (row.opt_text(0)?, row.opt_int(1)?) {
                (Some(id), Some(run_no)) => Some((id.to_owned(), run_no)),
                _ => None,
            };
            Ok(Touch { campaign, at: row.at(2)? })
        };
        found.iter().map(|rows| rows.iter().map(read).collect()).collect()
    }
}
