//! A register of numbers that nobody may advertise to, brought in from a file: a number a row, in any usual writing,
//! in the first column that holds one. Only hashes of the numbers are kept.

use crate::importer::{Step, TransferError};
use domain::identifier::{Identifier, IdentifierKind};
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use store::transfers::JobRow;
use store::{Changeset, Store, StoreError};

/// Rows of one step.
const STEP_ROWS: u64 = 5_000;
/// What of a row is looked at; numbers stand at its beginning.
const ROW_BYTES_MAX: u64 = 4 << 10;
/// The uploaded file in the job's folder.
pub const REGISTER_FILE: &str = "numbers.csv";

/// The plan of a job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RegisterSpec {
    /// The file is the whole register: what it does not hold goes, once it was read to its end.
    pub replaces: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisterProgress {
    pub bytes_total: u64,
    pub bytes_done: u64,
    pub rows_read: u64,
    pub numbers: u64,
    /// Rows without a number, the heading among them.
    pub rows_rejected: u64,
    pub started_at: i64,
    pub ended_at: i64,
    pub error: Option<String>,
}

/// Writes a job down. Its folder holds [`REGISTER_FILE`] already, of so many bytes.
pub fn begin_register(
    store: &Store,
    workspace: WorkspaceId,
    job_id: String,
    spec: &RegisterSpec,
    bytes_total: u64,
    created_by: &str,
    now: Timestamp,
) -> Result<JobRow, StoreError> {
    let progress = RegisterProgress { bytes_total, ..RegisterProgress::default() };
    let job = JobRow {
        workspace,
        job_id,
        kind: "do_not_call".into(),
        state: "waiting".into(),
        runner: "server".into(),
        name: String::new(),
        fingerprint: String::new(),
        plan: serde_json::to_string(spec).unwrap_or_default(),
        progress: serde_json::to_string(&progress).unwrap_or_default(),
        created_by: created_by.to_owned(),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let mut changes = Changeset::new();
    changes.insert_job(&job);
    store.apply(changes)?;
    Ok(job)
}

/// The number of a row, as E.164.
fn number_of(row: &str) -> Option<String> {
    let cells = row.split([',', ';', '\t']).map(|cell| cell.trim().trim_matches(['"', '\'', '\u{feff}']));
    let mut numbers = cells.filter_map(|cell| Identifier::new(IdentifierKind::Phone, cell).ok());
    numbers.next().map(|number| number.value)
}

/// Drives one job.
pub struct RegisterJob {
    store: Arc<Store>,
    job: JobRow,
    work: PathBuf,
    spec: RegisterSpec,
    progress: RegisterProgress,
}

impl RegisterJob {
    pub fn open(store: Arc<Store>, job: JobRow, work: PathBuf) -> Result<RegisterJob, TransferError> {
        let broken =
            |error: serde_json::Error| TransferError::State(format!("the job cannot be read: {error}"));
        let spec = serde_json::from_str(&job.plan).map_err(broken)?;
        let progress = serde_json::from_str(&job.progress).map_err(broken)?;
        Ok(RegisterJob { store, job, work, spec, progress })
    }

    pub fn step(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let outcome = match self.job.state.as_str() {
            "waiting" => {
                self.job.state = "running".into();
                self.progress.started_at = now.ms();
                self.save(Changeset::new(), now).map(|()| Step::Worked)
            }
            "running" => self.run(now),
            "cancelling" => self.end(Changeset::new(), "cancelled", now),
            _ => return Ok(Step::Ended),
        };
        match outcome {
            Err(TransferError::Store(StoreError::Conflict { .. })) => {
                let found = self.store.read(|tx| tx.job(self.job.workspace, &self.job.job_id))?;
                let Some(job) = found else { return Ok(Step::Ended) };
                *self = RegisterJob::open(Arc::clone(&self.store), job, self.work.clone())?;
                Ok(Step::Worked)
            }
            Err(TransferError::Store(error)) => Err(error.into()),
            Err(error) => {
                self.progress.error = Some(error.to_string());
                self.end(Changeset::new(), "failed", now)
            }
            done => done,
        }
    }

    fn run(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let mut file = File::open(self.work.join(REGISTER_FILE))?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(self.progress.bytes_done))?;
        let mut reader = BufReader::with_capacity(256 << 10, file);
        let mut changes = Changeset::new();
        let mut row = Vec::new();
        let mut rows = 0;
        while rows < STEP_ROWS {
            row.clear();
            let mut bytes = (&mut reader).take(ROW_BYTES_MAX).read_until(b'\n', &mut row)? as u64;
            if bytes == 0 {
                break;
            }
            if bytes == ROW_BYTES_MAX && !row.ends_with(b"\n") {
                bytes += reader.skip_until(b'\n')? as u64;
            }
            rows += 1;
            self.progress.bytes_done += bytes;
            match number_of(&String::from_utf8_lossy(&row)) {
                Some(number) => {
                    changes.list_do_not_call(self.job.workspace, &number, self.job.created_at);
                    self.progress.numbers += 1;
                }
                None => self.progress.rows_rejected += 1,
            }
        }
        self.progress.rows_read += rows;
        if rows == STEP_ROWS {
            self.save(changes, now)?;
            return Ok(Step::Worked);
        }
        if self.progress.numbers == 0 {
            return Err(TransferError::State("the file holds no phone number; nothing was changed".into()));
        }
        if self.spec.replaces {
            changes.drop_do_not_call(self.job.workspace, self.job.created_at);
        }
        self.end(changes, "completed", now)
    }

    fn end(&mut self, changes: Changeset, state: &str, now: Timestamp) -> Result<Step, TransferError> {
        self.job.state = state.into();
        self.progress.ended_at = now.ms();
        self.save(changes, now)?;
        // The numbers themselves are kept nowhere. It may be gone already.
        let _ = std::fs::remove_file(self.work.join(REGISTER_FILE));
        Ok(Step::Ended)
    }

    fn save(&mut self, mut changes: Changeset, now: Timestamp) -> Result<(), TransferError> {
        self.job.progress = serde_json::to_string(&self.progress).unwrap_or_default();
        self.job.updated_at = now;
        changes.update_job(&self.job);
        self.store.apply(changes)?;
        self.job.revision += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_number_wherever_it_stands() {
        let check = |row: &str, expect: Option<&str>| assert_eq!(number_of(row).as_deref(), expect, "{row}");
        check("0901234567\r\n", Some("+84901234567"));
        check("\u{feff}\"84901234567\";2026-11-01", Some("+84901234567"));
        check("12,An,+84 90 123 45 67", Some("+84901234567"));
        check("phone,registered_at", None);
        check("", None);
    }
}
