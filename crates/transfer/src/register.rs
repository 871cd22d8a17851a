//! Lists of addresses that are not to be written to, brought in from a file: a number or an address a row, in any usual
//! writing, in the first column that holds one. They go on the do-not-call register, of which only hashes are kept, or
//! on the suppression list.

use crate::importer::{Step, TransferError};
use crate::jobs::{self, Held, Outcome};
use domain::consent::Channel;
use domain::identifier::{Identifier, IdentifierKind};
use engine::Note;
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
/// While more than this waits in the inbox, others go first.
const WAITING_MAX: i64 = 5_000;
/// Of the rejected rows, the lines that are told.
const LINES_TOLD: usize = 20;
/// What of a row is looked at; numbers stand at its beginning.
const ROW_BYTES_MAX: u64 = 4 << 10;
/// The uploaded file in the job's folder.
pub const REGISTER_FILE: &str = "numbers.csv";

/// The plan of a job that fills the register.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RegisterSpec {
    /// The file is the whole register: what it does not hold goes, once it was read to its end.
    pub replaces: bool,
    /// Of a file that nobody looked at: with fewer numbers than this it is taken for broken, and no number leaves the
    /// register.
    #[serde(default)]
    pub numbers_min: u64,
}

/// The plan of a job that fills the suppression list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SuppressionSpec {
    /// Of e-mail addresses or of phone numbers.
    pub channel: Channel,
    /// One of [`SUPPRESSION_REASONS`]; of rows that name none themselves.
    pub reason: String,
    pub detail: String,
}

/// Why an address may be suppressed by whoever brings it in.
pub const SUPPRESSION_REASONS: [&str; 3] = ["manual", "hard_bounce", "complaint"];

/// Where the addresses of a file go.
#[derive(Clone, PartialEq, Debug)]
pub enum Onto {
    DoNotCall(RegisterSpec),
    Suppressions(SuppressionSpec),
}

impl Onto {
    fn read(kind: &str, plan: &str) -> serde_json::Result<Onto> {
        Ok(match kind {
            "suppressions" => Onto::Suppressions(serde_json::from_str(plan)?),
            _ => Onto::DoNotCall(serde_json::from_str(plan)?),
        })
    }

    /// The kind of the job and its plan.
    fn written(&self) -> (&'static str, String) {
        let plan = match self {
            Onto::DoNotCall(spec) => serde_json::to_string(spec),
            Onto::Suppressions(spec) => serde_json::to_string(spec),
        };
        let kind = match self {
            Onto::DoNotCall(_) => "do_not_call",
            Onto::Suppressions(_) => "suppressions",
        };
        (kind, plan.unwrap_or_default())
    }

    fn address_kind(&self) -> IdentifierKind {
        match self {
            Onto::Suppressions(spec) if spec.channel == Channel::Email => IdentifierKind::Email,
            _ => IdentifierKind::Phone,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisterProgress {
    pub bytes_total: u64,
    pub bytes_done: u64,
    pub rows_read: u64,
    /// Rows with a number, or with an address.
    pub numbers: u64,
    /// Rows without one, the heading among them.
    pub rows_rejected: u64,
    /// The lines of the first of them, from 1.
    pub rejected_lines: Vec<u64>,
    /// What it put into the inbox has this number at most.
    pub last_seq: i64,
    /// The file was read to its end.
    pub is_read: bool,
    pub started_at: i64,
    pub ended_at: i64,
    pub error: Option<String>,
}

/// Writes a job down. Its folder holds [`REGISTER_FILE`] already, of so many bytes.
pub fn begin_register(
    store: &Store,
    workspace: WorkspaceId,
    job_id: String,
    onto: &Onto,
    bytes_total: u64,
    created_by: &str,
    now: Timestamp,
) -> Result<JobRow, StoreError> {
    let progress = RegisterProgress { bytes_total, ..RegisterProgress::default() };
    let (kind, plan) = onto.written();
    let progress = jobs::written(&progress);
    jobs::insert(store, JobRow { plan, progress, ..jobs::new_job(workspace, job_id, kind, created_by, now) })
}

/// What a row of a list is cut into.
fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.split([',', ';', '\t']).map(|cell| cell.trim().trim_matches(['"', '\'', '\u{feff}']).trim())
}

/// The address of a row, as it is stored.
fn address_of(row: &str, kind: &IdentifierKind) -> Option<String> {
    let mut found = cells(row).filter_map(|cell| Identifier::new(kind.clone(), cell).ok());
    found.next().map(|address| address.value)
}

/// The reason that a row names.
fn reason_of(row: &str) -> Option<&'static str> {
    cells(row).find_map(|cell| SUPPRESSION_REASONS.into_iter().find(|reason| *reason == cell))
}

/// Drives one job.
pub struct RegisterJob {
    held: Held,
    work: PathBuf,
    onto: Onto,
    progress: RegisterProgress,
}

impl RegisterJob {
    pub fn open(store: Arc<Store>, job: JobRow, work: PathBuf) -> Result<RegisterJob, TransferError> {
        let broken =
            |error: serde_json::Error| TransferError::State(format!("the job cannot be read: {error}"));
        let onto = Onto::read(&job.kind, &job.plan).map_err(broken)?;
        let progress = jobs::read(&job.progress)?;
        Ok(RegisterJob { held: Held { store, job }, work, onto, progress })
    }

    pub fn step(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let stepped = match self.held.job.state.as_str() {
            "waiting" => {
                self.held.job.state = "running".into();
                self.progress.started_at = now.ms();
                self.save(Changeset::new(), now).map(|()| Step::Worked)
            }
            "running" => self.run(now),
            "cancelling" => self.end(Changeset::new(), "cancelled", now),
            _ => return Ok(Step::Ended),
        };
        match self.held.outcome(stepped)? {
            Outcome::Stepped(step) => Ok(step),
            Outcome::Turned(job) => {
                *self = RegisterJob::open(Arc::clone(&self.held.store), job, self.work.clone())?;
                Ok(Step::Worked)
            }
            Outcome::Failed(error) => {
                self.progress.error = Some(error.to_string());
                self.end(Changeset::new(), "failed", now)
            }
        }
    }

    /// Whether the engine is so far behind, or, once all was read, has not yet taken all of it.
    fn waits(&self) -> Result<bool, StoreError> {
        match self.progress.is_read {
            true => Ok(!self.held.engine_has_taken(self.progress.last_seq)?),
            false => self.held.engine_lags(WAITING_MAX),
        }
    }

    /// Puts the address of a row where it belongs.
    fn take(&self, address: String, row: &str, changes: &mut Changeset, now: Timestamp) {
        let workspace = self.held.job.workspace;
        match &self.onto {
            Onto::DoNotCall(_) => changes.list_do_not_call(workspace, &address, self.held.job.created_at),
            Onto::Suppressions(spec) => {
                let note = Note::Suppress {
                    channel: spec.channel.to_string(),
                    address,
                    reason: reason_of(row).unwrap_or(&spec.reason).to_owned(),
                    detail: spec.detail.clone(),
                    at: self.held.job.created_at.into(),
                };
                changes.append(note.arrival(workspace, now));
            }
        }
    }

    fn run(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        if matches!(self.onto, Onto::Suppressions(_)) && self.waits()? {
            return Ok(Step::Waiting);
        }
        if self.progress.is_read {
            return self.end(Changeset::new(), "completed", now);
        }
        let kind = self.onto.address_kind();
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
            let text = String::from_utf8_lossy(&row);
            match address_of(&text, &kind) {
                Some(address) => {
                    self.take(address, &text, &mut changes, now);
                    self.progress.numbers += 1;
                }
                None => {
                    self.progress.rows_rejected += 1;
                    if self.progress.rejected_lines.len() < LINES_TOLD {
                        self.progress.rejected_lines.push(self.progress.rows_read + rows);
                    }
                }
            }
        }
        self.progress.rows_read += rows;
        if rows == STEP_ROWS {
            self.save(changes, now)?;
            return Ok(Step::Worked);
        }
        if self.progress.numbers == 0 {
            let what = if kind == IdentifierKind::Email { "e-mail address" } else { "phone number" };
            return Err(TransferError::State(format!("the file holds no {what}; nothing was changed")));
        }
        match &self.onto {
            Onto::DoNotCall(spec) => {
                if self.progress.numbers < spec.numbers_min {
                    // What the file holds is on the register now; that forbids more, and never less.
                    let detail = format!(
                        "the file holds {} numbers, fewer than half of what the register held; nothing left the register",
                        self.progress.numbers
                    );
                    self.save(changes, now)?;
                    return Err(TransferError::State(detail));
                }
                if spec.replaces {
                    changes.drop_do_not_call(self.held.job.workspace, self.held.job.created_at);
                }
                self.end(changes, "completed", now)
            }
            // It has ended once the engine has taken all.
            Onto::Suppressions(_) => {
                self.progress.is_read = true;
                self.save(changes, now)?;
                Ok(Step::Worked)
            }
        }
    }

    fn end(&mut self, changes: Changeset, state: &str, now: Timestamp) -> Result<Step, TransferError> {
        self.held.job.state = state.into();
        self.progress.ended_at = now.ms();
        self.save(changes, now)?;
        // The file itself is not kept. It may be gone already.
        let _ = std::fs::remove_file(self.work.join(REGISTER_FILE));
        Ok(Step::Ended)
    }

    fn save(&mut self, changes: Changeset, now: Timestamp) -> Result<(), TransferError> {
        if let Some(seq) = self.held.save(&self.progress, changes, now)? {
            self.progress.last_seq = seq;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_number_wherever_it_stands() {
        let check = |row: &str, expect: Option<&str>| {
            assert_eq!(address_of(row, &IdentifierKind::Phone).as_deref(), expect, "{row}");
        };
        check("0901234567\r\n", Some("+84901234567"));
        check("\u{feff}\"84901234567\";2026-11-01", Some("+84901234567"));
        check("12,An,+84 90 123 45 67", Some("+84901234567"));
        check("phone,registered_at", None);
        check("", None);
    }

    #[test]
    fn a_row_of_a_suppression_list_has_an_address_and_perhaps_a_reason() {
        let check = |row: &str, address: Option<&str>, reason: Option<&str>| {
            assert_eq!(address_of(row, &IdentifierKind::Email).as_deref(), address, "{row}");
            assert_eq!(reason_of(row), reason, "{row}");
        };
        check("An@Shop.vn\r\n", Some("an@shop.vn"), None);
        check("email,reason", None, None);
        check(
            "5.1.1,\"550 unknown: an@x.vn\",\"an@shop.vn\";hard_bounce",
            Some("an@shop.vn"),
            Some("hard_bounce"),
        );
        check("complaint\tan@shop.vn", Some("an@shop.vn"), Some("complaint"));
        check("0901234567,manual", None, Some("manual"));
    }
}
