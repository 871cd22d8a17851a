//! Journeys, their versions, their runs, and the instants at which something happens by itself.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{ProfileNo, Timestamp, WorkspaceId};

#[derive(Clone, PartialEq, Debug)]
pub struct JourneyRow {
    pub journey_id: String,
    pub name: String,
    /// `draft`, `active`, `paused` or `archived`.
    pub status: String,
    /// The version that new runs take; 0 when none was published.
    pub published: i64,
    pub latest: i64,
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Why it stands still, where nobody paused it by hand; else empty.
    pub detail: String,
}

/// A definition that is published, or that unfinished runs still follow.
#[derive(Clone, PartialEq, Debug)]
pub struct LiveVersion {
    pub workspace: WorkspaceId,
    pub journey_id: String,
    pub status: String,
    pub published: i64,
    pub version: i64,
    pub definition: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct RunRow {
    pub run_id: String,
    pub journey_id: String,
    pub version: i64,
    pub profile: ProfileNo,
    pub state: String,
    pub node: String,
    pub due_at: Option<Timestamp>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub revision: i64,
    /// The run as JSON.
    pub doc: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct StepRow {
    pub seq: i64,
    pub at: Timestamp,
    pub node: String,
    pub code: String,
    pub params: String,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CountRow {
    pub version: i64,
    pub node: String,
    pub code: String,
    pub count: i64,
}

/// What became of the messages of a node, for one state and reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeMessages {
    pub node: String,
    pub channel: String,
    pub state: String,
    pub reason: String,
    pub messages: i64,
    /// Of them, those that a person opened, followed a link of, unsubscribed by.
    pub opened: i64,
    pub clicked: i64,
    pub unsubscribed: i64,
}

/// What stands beside a journey's versions: no run reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CanvasRow {
    /// JSON: places and notes.
    pub document: String,
    /// A definition that may not be whole yet.
    pub draft: Option<String>,
    /// 0 before it was first written.
    pub revision: i64,
    pub updated_at: Timestamp,
    pub updated_by: String,
}

/// Runs from one id up to, and without, another. Ids begin with the time of the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunRange {
    pub from: String,
    pub to: String,
}

/// How many runs of a version are in a state at a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateRow {
    pub version: i64,
    pub node: String,
    pub state: String,
    pub count: i64,
}

/// Orders in one currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revenue {
    pub currency: String,
    pub orders: i64,
    pub buyers: i64,
    /// In minor units, after refunds.
    pub net: i64,
}

/// An instant at which something happens by itself to one profile.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TimerRow {
    pub due_at: Timestamp,
    pub workspace: WorkspaceId,
    pub kind: String,
    pub profile: ProfileNo,
    pub subject: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueRun {
    pub workspace: WorkspaceId,
    pub run_id: String,
    pub profile: ProfileNo,
    pub due_at: Timestamp,
}

impl Changeset {
    pub fn insert_journey(&mut self, workspace: WorkspaceId, journey_id: &str, name: &str, now: Timestamp) {
        self.one(q::JOURNEY_INSERT, vals![workspace, journey_id.to_owned(), name.to_owned(), now]);
    }

    /// Stores a changed journey over the revision in `row`.
    pub fn update_journey(&mut self, workspace: WorkspaceId, row: &JourneyRow, now: Timestamp) {
        let row = row.clone();
        self.one(
            q::JOURNEY_UPDATE,
            vals![
                workspace,
                row.journey_id,
                row.revision,
                row.name,
                row.status,
                row.published,
                row.latest,
                now,
                row.detail
            ],
        );
    }

    pub fn insert_journey_version(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        version: i64,
        definition: String,
        now: Timestamp,
    ) {
        self.one(
            q::JOURNEY_VERSION_INSERT,
            vals![workspace, journey_id.to_owned(), version, definition, now],
        );
    }

    pub fn insert_run(&mut self, workspace: WorkspaceId, run: RunRow) {
        self.one(
            q::RUN_INSERT,
            vals![
                workspace,
                run.run_id,
                run.journey_id,
                run.version,
                run.profile,
                run.state,
                run.node,
                run.due_at,
                run.started_at,
                run.ended_at,
                run.doc
            ],
        );
    }

    /// Stores a run over the revision in it.
    pub fn update_run(&mut self, workspace: WorkspaceId, run: RunRow) {
        self.one(
            q::RUN_UPDATE,
            vals![
                workspace,
                run.run_id,
                run.revision,
                run.state,
                run.node,
                run.due_at,
                run.ended_at,
                run.doc
            ],
        );
    }

    /// Takes the alarm clocks of a journey's unfinished runs away.
    pub fn hold_runs(&mut self, workspace: WorkspaceId, journey_id: &str) {
        self.any(q::RUN_HOLD, vals![workspace, journey_id.to_owned()]);
    }

    /// Takes one run's alarm clock away: it cannot be read or stepped, and must not be due for ever.
    pub fn silence_run(&mut self, workspace: WorkspaceId, run_id: &str) {
        self.any(q::RUN_SILENCE, vals![workspace, run_id.to_owned()]);
    }

    /// Gives one held run its alarm clock back.
    pub fn release_run(&mut self, workspace: WorkspaceId, run: &RunRow, due_at: Timestamp) {
        self.one(q::RUN_RELEASE, vals![workspace, run.run_id.clone(), run.revision, due_at]);
    }

    pub fn insert_step(&mut self, workspace: WorkspaceId, run_id: &str, step: StepRow) {
        self.one(
            q::STEP_INSERT,
            vals![workspace, run_id.to_owned(), step.seq, step.at, step.node, step.code, step.params],
        );
    }

    pub fn add_count(&mut self, workspace: WorkspaceId, journey_id: &str, count: CountRow) {
        self.any(
            q::COUNT_ADD,
            vals![workspace, journey_id.to_owned(), count.version, count.node, count.code, count.count],
        );
    }

    /// Stores a canvas over the revision in `row`.
    pub fn set_canvas(&mut self, workspace: WorkspaceId, journey_id: &str, row: CanvasRow) {
        self.one(
            q::CANVAS_SET,
            vals![
                workspace,
                journey_id.to_owned(),
                row.document,
                row.draft,
                row.revision,
                row.updated_at,
                row.updated_by
            ],
        );
    }

    /// Sets or moves the one timer of this kind and subject.
    pub fn set_timer(&mut self, timer: TimerRow) {
        self.any(
            q::TIMER_SET,
            vals![timer.workspace, timer.kind, timer.profile, timer.subject, timer.due_at],
        );
    }

    /// Removes a timer that fired; one that was moved meanwhile stays.
    pub fn finish_timer(&mut self, timer: TimerRow) {
        self.any(
            q::TIMER_DELETE,
            vals![timer.workspace, timer.kind, timer.profile, timer.subject, timer.due_at],
        );
    }

    pub fn clear_timer(
        &mut self,
        workspace: WorkspaceId,
        kind: &'static str,
        profile: ProfileNo,
        subject: &str,
    ) {
        self.any(q::TIMER_CLEAR, vals![workspace, kind, profile, subject.to_owned()]);
    }
}

fn read_journey(mut row: Row) -> Result<JourneyRow, StoreError> {
    Ok(JourneyRow {
        journey_id: row.take_text(0)?,
        name: row.take_text(1)?,
        status: row.take_text(2)?,
        published: row.int(3)?,
        latest: row.int(4)?,
        revision: row.int(5)?,
        created_at: row.at(6)?,
        updated_at: row.at(7)?,
        detail: row.take_text(8)?,
    })
}

fn read_run(mut row: Row) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        run_id: row.take_text(0)?,
        journey_id: row.take_text(1)?,
        version: row.int(2)?,
        profile: row.profile(3)?,
        state: row.take_text(4)?,
        node: row.take_text(5)?,
        due_at: row.opt_at(6)?,
        started_at: row.at(7)?,
        ended_at: row.opt_at(8)?,
        revision: row.int(9)?,
        doc: row.take_text(10)?,
    })
}

fn read_count(mut row: Row) -> Result<CountRow, StoreError> {
    Ok(CountRow {
        version: row.int(0)?,
        node: row.take_text(1)?,
        code: row.take_text(2)?,
        count: row.int(3)?,
    })
}

fn read_node_messages(mut row: Row) -> Result<NodeMessages, StoreError> {
    Ok(NodeMessages {
        node: row.opt_text(0)?.unwrap_or_default().to_owned(),
        channel: row.take_text(1)?,
        state: row.take_text(2)?,
        reason: row.take_text(3)?,
        messages: row.int(4)?,
        opened: row.int(5)?,
        clicked: row.int(6)?,
        unsubscribed: row.int(7)?,
    })
}

fn read_revenue(mut row: Row) -> Result<Revenue, StoreError> {
    Ok(Revenue { currency: row.take_text(0)?, orders: row.int(1)?, buyers: row.int(2)?, net: row.int(3)? })
}

impl ReadTx<'_> {
    pub fn canvas(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
    ) -> Result<Option<CanvasRow>, StoreError> {
        let row = self.query_opt(q::CANVAS_FIND, &vals![workspace, journey_id])?;
        let read = |mut row: Row| {
            Ok(CanvasRow {
                document: row.take_text(0)?,
                draft: row.opt_text(1)?.map(str::to_owned),
                revision: row.int(2)?,
                updated_at: row.at(3)?,
                updated_by: row.take_text(4)?,
            })
        };
        row.map(read).transpose()
    }

    /// Versions below one and when they were written, the newest first.
    pub fn journey_versions(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        below: i64,
        limit: i64,
    ) -> Result<Vec<(i64, Timestamp)>, StoreError> {
        let rows = self.query(q::JOURNEY_VERSION_PAGE, &vals![workspace, journey_id, below, limit])?;
        rows.into_iter().map(|row| Ok((row.int(0)?, row.at(1)?))).collect()
    }

    /// How often runs of each journey began and ended, and how: journey, code, count.
    pub fn journey_totals(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Vec<(String, String, i64)>, StoreError> {
        let rows = self.query(q::JOURNEY_TOTALS, &vals![workspace])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?))).collect()
    }

    /// Unfinished runs of each version of each journey.
    pub fn journey_active_totals(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let rows = self.query(q::JOURNEY_ACTIVE_TOTALS, &vals![workspace])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.int(1)?, row.int(2)?))).collect()
    }

    /// As [`Self::runs_of_journey`], of those that are or ended at a node and in a state; of all where it is empty.
    pub fn runs_of_journey_at(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        (node, state): (&str, &str),
        before: &str,
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        let rows =
            self.query(q::RUN_OF_JOURNEY_AT, &vals![workspace, journey_id, before, limit, node, state])?;
        rows.into_iter().map(read_run).collect()
    }

    /// Where the runs of a range are, or ended, and how.
    pub fn journey_run_states(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        range: &RunRange,
    ) -> Result<Vec<StateRow>, StoreError> {
        let (from, to) = (range.from.as_str(), range.to.as_str());
        let read = |mut row: Row| {
            Ok(StateRow {
                version: row.int(0)?,
                node: row.take_text(1)?,
                state: row.take_text(2)?,
                count: row.int(3)?,
            })
        };
        let rows = self.query(q::JOURNEY_RUN_STATES, &vals![workspace, journey_id, from, to])?;
        rows.into_iter().map(read).collect()
    }

    /// As [`Self::journey_counts`], of the runs of a range alone.
    pub fn journey_counts_of_runs(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        range: &RunRange,
    ) -> Result<Vec<CountRow>, StoreError> {
        let (from, to) = (range.from.as_str(), range.to.as_str());
        let rows = self.query(q::JOURNEY_STEP_COUNTS, &vals![workspace, journey_id, from, to])?;
        rows.into_iter().map(read_count).collect()
    }

    /// As [`Self::journey_messages`], of the runs of a range alone.
    pub fn journey_messages_of_runs(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        range: &RunRange,
    ) -> Result<Vec<NodeMessages>, StoreError> {
        let (from, to) = (range.from.as_str(), range.to.as_str());
        let rows = self.query(q::JOURNEY_MESSAGES_OF_RUNS, &vals![workspace, journey_id, from, to])?;
        rows.into_iter().map(read_node_messages).collect()
    }

    /// As [`Self::journey_revenue`], after messages of the runs of a range alone.
    pub fn journey_revenue_of_runs(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        within_ms: i64,
        range: &RunRange,
    ) -> Result<Vec<Revenue>, StoreError> {
        let (from, to) = (range.from.as_str(), range.to.as_str());
        let rows =
            self.query(q::JOURNEY_REVENUE_OF_RUNS, &vals![workspace, journey_id, within_ms, from, to])?;
        rows.into_iter().map(read_revenue).collect()
    }

    pub fn journey(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
    ) -> Result<Option<JourneyRow>, StoreError> {
        self.query_opt(q::JOURNEY_FIND, &vals![workspace, journey_id])?.map(read_journey).transpose()
    }

    pub fn journeys(&mut self, workspace: WorkspaceId) -> Result<Vec<JourneyRow>, StoreError> {
        self.query(q::JOURNEY_LIST, &vals![workspace])?.into_iter().map(read_journey).collect()
    }

    /// The definition of a version and when it was written.
    pub fn journey_version(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        version: i64,
    ) -> Result<Option<(String, Timestamp)>, StoreError> {
        let row = self.query_opt(q::JOURNEY_VERSION_FIND, &vals![workspace, journey_id, version])?;
        row.map(|mut row| Ok((row.take_text(0)?, row.at(1)?))).transpose()
    }

    pub fn live_journeys(&mut self) -> Result<Vec<LiveVersion>, StoreError> {
        let read = |mut row: Row| {
            Ok(LiveVersion {
                workspace: row.workspace(0)?,
                journey_id: row.take_text(1)?,
                status: row.take_text(2)?,
                published: row.int(3)?,
                version: row.int(4)?,
                definition: row.take_text(5)?,
            })
        };
        self.query(q::JOURNEY_LIVE, &vals![])?.into_iter().map(read).collect()
    }

    /// The unfinished runs of each profile, by id.
    pub fn active_runs(&mut self, of: &[(WorkspaceId, ProfileNo)]) -> Result<Vec<Vec<RunRow>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no]).collect();
        let found = self.query_many(q::RUN_ACTIVE, &params)?;
        found.into_iter().map(|rows| rows.into_iter().map(read_run).collect()).collect()
    }

    pub fn run(&mut self, workspace: WorkspaceId, run_id: &str) -> Result<Option<RunRow>, StoreError> {
        self.query_opt(q::RUN_FIND, &vals![workspace, run_id])?.map(read_run).transpose()
    }

    /// Runs of a journey, newest first, from below an id (26 times `Z` for the first page).
    pub fn runs_of_journey(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        let rows = self.query(q::RUN_OF_JOURNEY, &vals![workspace, journey_id, before, limit])?;
        rows.into_iter().map(read_run).collect()
    }

    /// The newest 200 runs of a profile.
    pub fn runs_of_profile(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
    ) -> Result<Vec<RunRow>, StoreError> {
        self.query(q::RUN_OF_PROFILE, &vals![workspace, profile])?.into_iter().map(read_run).collect()
    }

    /// How often a profile has been in each journey, and when it last came in.
    pub fn run_history(
        &mut self,
        of: &[(WorkspaceId, ProfileNo, &str)],
    ) -> Result<Vec<(i64, Option<Timestamp>)>, StoreError> {
        let params: Vec<_> =
            of.iter().map(|(workspace, no, journey)| vals![*workspace, *no, *journey]).collect();
        let found = self.query_many(q::RUN_HISTORY, &params)?;
        let read = |rows: Vec<Row>| match rows.first() {
            Some(row) => Ok((row.int(0)?, row.opt_at(1)?)),
            None => Ok((0, None)),
        };
        found.into_iter().map(read).collect()
    }

    /// Runs that are to act at or before the instant, the most overdue first.
    pub fn due_runs(&mut self, until: Timestamp, limit: i64) -> Result<Vec<DueRun>, StoreError> {
        let read = |mut row: Row| {
            Ok(DueRun {
                workspace: row.workspace(0)?,
                run_id: row.take_text(1)?,
                profile: row.profile(2)?,
                due_at: row.at(3)?,
            })
        };
        self.query(q::RUN_DUE, &vals![until, limit])?.into_iter().map(read).collect()
    }

    /// At most 500 unfinished runs of a journey without an alarm clock, from above an id.
    pub fn held_runs(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        after: &str,
    ) -> Result<Vec<(String, String, i64)>, StoreError> {
        let rows = self.query(q::RUN_HELD, &vals![workspace, journey_id, after])?;
        rows.into_iter().map(|mut row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?))).collect()
    }

    pub fn active_run_count(&mut self, workspace: WorkspaceId, journey_id: &str) -> Result<i64, StoreError> {
        let row = self.query_opt(q::RUN_ACTIVE_OF_JOURNEY, &vals![workspace, journey_id])?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    pub fn steps(&mut self, workspace: WorkspaceId, run_id: &str) -> Result<Vec<StepRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(StepRow {
                seq: row.int(0)?,
                at: row.at(1)?,
                node: row.take_text(2)?,
                code: row.take_text(3)?,
                params: row.take_text(4)?,
            })
        };
        self.query(q::STEP_LIST, &vals![workspace, run_id])?.into_iter().map(read).collect()
    }

    pub fn journey_counts(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
    ) -> Result<Vec<CountRow>, StoreError> {
        self.query(q::COUNT_LIST, &vals![workspace, journey_id])?.into_iter().map(read_count).collect()
    }

    /// How many unfinished runs of each version are at each node.
    pub fn journey_active_nodes(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
    ) -> Result<Vec<(i64, String, i64)>, StoreError> {
        let rows = self.query(q::JOURNEY_ACTIVE_NODES, &vals![workspace, journey_id])?;
        rows.into_iter().map(|mut row| Ok((row.int(0)?, row.take_text(1)?, row.int(2)?))).collect()
    }

    /// What became of a journey's messages, by node, channel, state and reason; those to staff are left out.
    pub fn journey_messages(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
    ) -> Result<Vec<NodeMessages>, StoreError> {
        let rows = self.query(q::JOURNEY_MESSAGES, &vals![workspace, journey_id])?;
        rows.into_iter().map(read_node_messages).collect()
    }

    /// Orders that count, placed up to `within_ms` after a message of the journey reached their profile: each once.
    pub fn journey_revenue(
        &mut self,
        workspace: WorkspaceId,
        journey_id: &str,
        within_ms: i64,
    ) -> Result<Vec<Revenue>, StoreError> {
        let rows = self.query(q::JOURNEY_REVENUE, &vals![workspace, journey_id, within_ms])?;
        rows.into_iter().map(read_revenue).collect()
    }

    pub fn due_timers(&mut self, until: Timestamp, limit: i64) -> Result<Vec<TimerRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(TimerRow {
                workspace: row.workspace(0)?,
                kind: row.take_text(1)?,
                profile: row.profile(2)?,
                subject: row.take_text(3)?,
                due_at: row.at(4)?,
            })
        };
        self.query(q::TIMER_DUE, &vals![until, limit])?.into_iter().map(read).collect()
    }

    /// The next instant at which a run or a timer is due, if any.
    pub fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        for stmt in [q::RUN_NEXT_DUE, q::TIMER_NEXT_DUE] {
            if let Some(at) = self.query_opt(stmt, &vals![])?.map(|row| row.opt_at(0)).transpose()?.flatten()
            {
                next = Some(next.map_or(at, |earlier: Timestamp| earlier.min(at)));
            }
        }
        Ok(next)
    }
}
