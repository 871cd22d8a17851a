//! What all long work has in common: a row in the store that says how far it is, and that is read again when somebody
//! asked for something else meanwhile.

use crate::importer::{Step, TransferError};
use kit::{Timestamp, WorkspaceId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use store::transfers::JobRow;
use store::{Changeset, Store, StoreError};

/// A job of the server that waits for its turn, to be filled in with what is its own and then to be [written](insert).
pub fn new_job(
    workspace: WorkspaceId,
    job_id: String,
    kind: &str,
    created_by: &str,
    now: Timestamp,
) -> JobRow {
    JobRow {
        workspace,
        job_id,
        kind: kind.into(),
        state: "waiting".into(),
        runner: "server".into(),
        name: String::new(),
        fingerprint: String::new(),
        plan: "{}".into(),
        progress: "{}".into(),
        created_by: created_by.into(),
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Writes a new job down.
///
/// # Errors
/// Those of the store.
pub fn insert(store: &Store, job: JobRow) -> Result<JobRow, StoreError> {
    let mut changes = Changeset::new();
    changes.insert_job(&job);
    store.apply(changes)?;
    Ok(job)
}

/// Puts a job into another state.
///
/// # Errors
/// Those of the store, a conflict where the job has gone on since it was read.
pub fn turn(store: &Store, mut job: JobRow, state: &str, now: Timestamp) -> Result<JobRow, StoreError> {
    job.state = state.into();
    job.updated_at = now;
    let mut changes = Changeset::new();
    changes.update_job(&job);
    store.apply(changes)?;
    job.revision += 1;
    Ok(job)
}

/// A plan or progress as it is stored. What is written there is ours and can be written.
pub fn written(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// A plan or progress as it was stored.
///
/// # Errors
/// One that this version cannot read.
pub fn read<T: DeserializeOwned>(document: &str) -> Result<T, TransferError> {
    serde_json::from_str(document)
        .map_err(|error| TransferError::State(format!("the job cannot be read: {error}")))
}

/// A job at work.
pub struct Held {
    pub store: Arc<Store>,
    pub job: JobRow,
}

/// What a step of a job came to.
pub enum Outcome {
    Stepped(Step),
    /// Somebody asked for something else meanwhile; this is the job now.
    Turned(JobRow),
    /// It cannot go on, and why.
    Failed(TransferError),
}

impl Held {
    /// Stores how far the job is, with whatever else is to be stored at once. Answers the number of the last item that
    /// went into the inbox, if any did.
    ///
    /// # Errors
    /// Those of the store, a conflict where somebody else wrote the job.
    pub fn save(
        &mut self,
        progress: &impl Serialize,
        mut changes: Changeset,
        now: Timestamp,
    ) -> Result<Option<i64>, TransferError> {
        self.job.progress = written(progress);
        self.job.updated_at = now;
        changes.update_job(&self.job);
        let committed = self.store.apply(changes)?;
        self.job.revision += 1;
        Ok(committed.returned)
    }

    /// Sorts what a step answered: errors of the store are answered as they are, and the step can be made again.
    ///
    /// # Errors
    /// Those of the store.
    pub fn outcome(&self, stepped: Result<Step, TransferError>) -> Result<Outcome, TransferError> {
        match stepped {
            Ok(step) => Ok(Outcome::Stepped(step)),
            Err(TransferError::Store(StoreError::Conflict { .. })) => {
                let found = self.store.read(|tx| tx.job(self.job.workspace, &self.job.job_id))?;
                Ok(found.map_or(Outcome::Stepped(Step::Ended), Outcome::Turned))
            }
            Err(TransferError::Store(error)) => Err(error.into()),
            Err(error) => Ok(Outcome::Failed(error)),
        }
    }

    /// Whether more than so many items wait in the inbox, so that more work for the engine has to wait too.
    ///
    /// # Errors
    /// Those of the store.
    pub fn engine_lags(&self, waiting_max: i64) -> Result<bool, StoreError> {
        Ok(self.store.read(|tx| tx.backlog())?.items > waiting_max)
    }

    /// Whether the engine has taken in every item of the inbox up to that one.
    ///
    /// # Errors
    /// Those of the store.
    pub fn engine_has_taken(&self, last_seq: i64) -> Result<bool, StoreError> {
        let processed = self.store.read(|tx| tx.progress(engine::PROCESSED))?.unwrap_or(0);
        Ok(processed >= last_seq)
    }
}
