//! What is to be done next: rows of the inbox, and what is due.

use crate::{BATCH_ITEMS, BATCH_TIMERS, EngineError};
use kit::Timestamp;
use store::inbox::InboxRow;
use store::journeys::{DueRun, TimerRow};
use store::{Changeset, Store};

/// Inbox rows that one changeset takes, at most.
const BATCH_ROWS: i64 = 512;

/// What came in and what is due, before anything is computed.
pub struct Batch {
    pub(super) rows: Vec<InboxRow>,
    pub(super) runs: Vec<DueRun>,
    pub(super) timers: Vec<TimerRow>,
    /// Rows of the inbox are left for the next batch.
    pub more: bool,
}

impl Batch {
    /// `careful`: only the one thing that comes first, so that what fails is known.
    pub fn gather(store: &Store, now: Timestamp, careful: bool) -> Result<Batch, EngineError> {
        let timers_max = if careful { 1 } else { BATCH_TIMERS };
        let (mut rows, mut inbox_is_drained, mut runs, mut timers) = store.read(|tx| {
            // Rows hold from one to 2,500 messages each, so their counts decide how many are read.
            let outline = tx.inbox_outline(if careful { 1 } else { BATCH_ROWS })?;
            let (mut items, mut taken) = (0, 0);
            for count in &outline {
                if taken > 0 && items + count > BATCH_ITEMS {
                    break;
                }
                items += count;
                taken += 1;
            }
            let drained = !careful && taken == outline.len() as i64 && taken < BATCH_ROWS;
            let rows = if taken > 0 { tx.inbox_peek(taken)? } else { Vec::new() };
            Ok((rows, drained, tx.due_runs(now, timers_max)?, tx.due_timers(now, timers_max)?))
        })?;
        // What comes later than the last of a list that was cut waits for the batch that holds the rest of it.
        let cuts = [
            runs.last().map(|run| run.due_at).filter(|_| runs.len() as i64 == timers_max),
            timers.last().map(|timer| timer.due_at).filter(|_| timers.len() as i64 == timers_max),
        ];
        let due_cut = cuts.into_iter().flatten().min();
        if let Some(cut) = due_cut {
            let early = rows.iter().take_while(|row| row.arrival.received_at <= cut).count();
            inbox_is_drained &= early == rows.len();
            rows.truncate(early);
        }
        // Not the rows by their own end: they come in the order of arrival, and a clock that was put back between
        // two of them must not leave a batch without any.
        let row_cut = rows.last().map(|row| row.arrival.received_at).filter(|_| !inbox_is_drained);
        if let Some(cut) = [due_cut, row_cut].into_iter().flatten().min() {
            runs.retain(|run| run.due_at <= cut);
            timers.retain(|timer| timer.due_at <= cut);
        }
        if careful {
            // What came from outside goes first, as in a whole batch.
            if !rows.is_empty() {
                runs.clear();
                timers.clear();
            } else if !timers.is_empty() {
                runs.clear();
            }
        }
        Ok(Batch { rows, runs, timers, more: !careful && !inbox_is_drained })
    }

    /// Takes the one thing of a careful batch out of the way, for good and with a trace.
    pub fn set_aside(self, now: Timestamp, error: &str) -> Changeset {
        let mut changes = Changeset::new();
        for row in self.rows {
            tracing::error!(inbox.seq = row.seq, %error, "an inbox row cannot be processed; it is set aside");
            changes.set_progress(crate::PROCESSED, row.seq);
            changes.quarantine(row, now, error.to_owned());
        }
        for timer in self.timers {
            tracing::error!(timer.kind = %timer.kind, %error, "a timer cannot be fired; it is dropped");
            changes.finish_timer(timer);
        }
        for run in self.runs {
            tracing::error!(run.id = %run.run_id, %error, "a run cannot be stepped; it is held");
            changes.silence_run(run.workspace, &run.run_id);
        }
        changes
    }

    /// What the rows counted for at the door, and the number of the last.
    pub fn taken(&self) -> (i64, Option<i64>) {
        (self.rows.iter().map(|row| row.arrival.items).sum(), self.rows.last().map(|row| row.seq))
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.runs.is_empty() && self.timers.is_empty()
    }
}
