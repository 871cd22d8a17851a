//! Fitting what is learned of a shop, as a job: when it is due, how far it is, and that it can be called off.

use crate::importer::{Step, TransferError};
use crate::jobs::{self, Held, Outcome};
use domain::local_time::{Zone, at_local, local_date};
use engine::EngineError;
use engine::learning::{self, KINDS};
use kit::{Id, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::transfers::JobRow;
use store::{Changeset, Store, StoreError};

/// The kind of these jobs.
pub const LEARN: &str = "learn";
/// On the shop's clock the hour of the night at which everything is fitted anew.
const HOUR: u8 = 3;
/// How far a fit goes between two looks at whether it is still wanted.
const SHARE: f64 = 0.02;

/// What is to be fitted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LearnSpec {
    pub kinds: Vec<String>,
}

impl LearnSpec {
    pub fn all() -> LearnSpec {
        LearnSpec { kinds: KINDS.iter().map(|(kind, _)| (*kind).to_owned()).collect() }
    }
}

/// How far it is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LearnProgress {
    /// Kinds that are done.
    #[serde(default)]
    pub done: usize,
    /// From 0 to 1, of everything.
    #[serde(default)]
    pub share: f64,
    /// What became of each: `serving`, `refused`, or `nothing` where there was nothing to learn from.
    #[serde(default)]
    pub outcomes: BTreeMap<String, String>,
    #[serde(default)]
    pub started_at: i64,
    #[serde(default)]
    pub ended_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Writes a job down that fits `spec`. Where one of the workspace is open already, that one is told instead.
///
/// # Errors
/// Those of the store.
pub fn begin_learning(
    store: &Store,
    workspace: WorkspaceId,
    job_id: String,
    spec: &LearnSpec,
    by: &str,
    now: Timestamp,
) -> Result<JobRow, StoreError> {
    let open = store.read(|tx| tx.open_jobs())?;
    if let Some(job) = open.into_iter().find(|job| job.workspace == workspace && job.kind == LEARN) {
        return Ok(job);
    }
    let job = JobRow {
        plan: jobs::written(spec),
        progress: jobs::written(&LearnProgress::default()),
        ..jobs::new_job(workspace, job_id, LEARN, by, now)
    };
    jobs::insert(store, job)
}

/// Writes jobs down for the workspaces whose time has come: every night, at first as soon as there are orders, and
/// after an import.
///
/// # Errors
/// Those of the store.
pub fn learn_what_is_due(
    store: &Store,
    now: Timestamp,
    new_id: &mut dyn FnMut() -> Id,
) -> Result<(), StoreError> {
    for row in store.read(|tx| tx.workspaces())? {
        let workspace = row.workspace;
        let newest = |kind: &'static str| {
            let page = store.read(|tx| tx.job_page(workspace, (Timestamp::MAX, ""), kind, 1))?;
            Ok::<_, StoreError>(page.into_iter().next())
        };
        let learned = newest(LEARN)?;
        let is_due = match &learned {
            None => store.read(|tx| tx.order_count(workspace, Timestamp::MIN))?.0 > 0,
            Some(job) => {
                let imported = newest("import")?.filter(|import| import.state == "completed");
                job.created_at < last_night(now, &row.settings.zone())
                    || imported.is_some_and(|import| import.updated_at > job.created_at)
            }
        };
        let is_open =
            learned.is_some_and(|job| matches!(job.state.as_str(), "waiting" | "running" | "cancelling"));
        if is_due && !is_open {
            begin_learning(store, workspace, new_id().to_string(), &LearnSpec::all(), "schedule", now)?;
        }
    }
    Ok(())
}

/// The newest instant at which everything was due.
fn last_night(now: Timestamp, zone: &Zone) -> Timestamp {
    let today = local_date(now, zone);
    let at = at_local(today, HOUR, 0, zone);
    match today.yesterday() {
        Ok(yesterday) if at > now => at_local(yesterday, HOUR, 0, zone),
        _ => at,
    }
}

pub struct LearnJob {
    held: Held,
    spec: LearnSpec,
    progress: LearnProgress,
}

impl LearnJob {
    /// # Errors
    /// A plan that cannot be read.
    pub fn open(store: Arc<Store>, job: JobRow) -> Result<LearnJob, TransferError> {
        let (spec, progress) = (jobs::read(&job.plan)?, jobs::read(&job.progress)?);
        Ok(LearnJob { held: Held { store, job }, spec, progress })
    }

    /// Fits the next kind. A fit that was broken off begins anew.
    ///
    /// # Errors
    /// Those of the store; the job stays as it is and can be opened again.
    pub fn step(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let stepped = match self.held.job.state.as_str() {
            "waiting" => {
                self.held.job.state = "running".into();
                self.progress.started_at = now.ms();
                self.save(now).map(|()| Step::Worked)
            }
            "running" => self.run(now),
            "cancelling" => self.end("cancelled", now),
            _ => return Ok(Step::Ended),
        };
        match self.held.outcome(stepped)? {
            Outcome::Stepped(step) => Ok(step),
            Outcome::Turned(job) => {
                *self = LearnJob::open(Arc::clone(&self.held.store), job)?;
                Ok(Step::Worked)
            }
            Outcome::Failed(error) => {
                self.progress.error = Some(error.to_string());
                self.end("failed", now)
            }
        }
    }

    fn run(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let Some(kind) = self.spec.kinds.get(self.progress.done).cloned() else {
            return self.end("completed", now);
        };
        let (store, workspace) = (Arc::clone(&self.held.store), self.held.job.workspace);
        let (done, all) = (self.progress.done as f64, self.spec.kinds.len() as f64);
        let mut told = 0.0;
        let mut failed = None;
        let mut going = |share: f64| {
            if share - told < SHARE {
                return true;
            }
            told = share;
            self.progress.share = (done + share.clamp(0.0, 1.0)) / all;
            match self.save(now) {
                Ok(()) => true,
                Err(error) => {
                    failed = Some(error);
                    false
                }
            }
        };
        let learned = learning::learn(&store, workspace, &kind, now, &mut going);
        // Called off, or another process has the job.
        if let Some(error) = failed {
            return Err(error);
        }
        let outcome = match learned {
            Ok(model) => model.map_or("nothing".into(), |model| model.state),
            Err(EngineError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(TransferError::State(error.to_string())),
        };
        self.progress.outcomes.insert(kind, outcome);
        self.progress.done += 1;
        self.progress.share = self.progress.done as f64 / all;
        self.save(now)?;
        Ok(Step::Worked)
    }

    fn end(&mut self, state: &str, now: Timestamp) -> Result<Step, TransferError> {
        self.held.job.state = state.into();
        self.progress.ended_at = now.ms();
        self.save(now)?;
        Ok(Step::Ended)
    }

    fn save(&mut self, now: Timestamp) -> Result<(), TransferError> {
        self.held.save(&self.progress, Changeset::new(), now)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_the_shops() {
        let check = |now: &str, expect: &str| {
            let at = |text: &str| {
                Timestamp::from_ms(text.parse::<jiff::Timestamp>().expect("an instant").as_millisecond())
            };
            assert_eq!(last_night(at(now), &Zone::vietnam()), at(expect), "{now}");
        };
        check("2026-11-22T19:59:59Z", "2026-11-21T20:00:00Z");
        check("2026-11-22T20:00:00Z", "2026-11-22T20:00:00Z");
        check("2026-11-23T05:00:00Z", "2026-11-22T20:00:00Z");
    }
}
