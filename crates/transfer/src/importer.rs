//! One import from its file to its last effect, a step at a time, so that it can be driven by a thread of the server
//! or by a command, stopped anywhere, and gone on with.
//!
//! Where it stands is stored in the changeset that appends rows to the inbox. A file is always read in the same
//! sequence, so a broken off import reads it again and lets go by what was appended before.

use crate::feed::{Counts, Fed, Feed, ShownFault};
use crate::jobs::{self, Held, Outcome};
use crate::map::{Kind, Map};
use crate::plan::{Home, Plan, Remark, Seen, SeenColumn};
use crate::reading::{ReadError, Table};
use engine::imports::{IMPORT, ImportedRow, UndoSlice};
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::inbox::Arrival;
use store::transfers::JobRow;
use store::{Changeset, Store, StoreError};

/// Messages that may wait in the inbox while an import adds to it: a few batches of the engine.
const WAITING_MAX: i64 = 20_000;
/// Rows and bytes of one inbox row.
const SLICE_ROWS: usize = 1_000;
const SLICE_BYTES: usize = 1 << 20;
/// Progress is stored at least this often while nothing is appended.
const TELL_EVERY_MS: i64 = 1_000;

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The map cannot be used, with all that is wrong with it.
    #[error("the map cannot be used: {}", told(.0))]
    Map(Vec<Remark>),
    #[error("{0}")]
    State(String),
}

fn told(remarks: &[Remark]) -> String {
    let one = |remark: &Remark| match &remark.column {
        Some(column) => format!("column {column:?}: {}", remark.message),
        None => remark.message.clone(),
    };
    remarks.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What is to be imported: the plan of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    pub kind: Kind,
    pub file: PathBuf,
    pub map: Map,
}

/// How far a job has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// sorting, reading, taking, undoing; empty when there is nothing to do.
    pub phase: String,
    #[serde(flatten)]
    pub counts: Counts,
    /// Rows or orders that were appended to the inbox.
    pub appended: u64,
    /// The last inbox row of the job.
    pub last_seq: i64,
    pub started_at: i64,
    pub ended_at: i64,
    pub error: Option<String>,
    pub rejected: Vec<ShownFault>,
    pub warnings: Vec<String>,
    /// Things that were touched, when the undoing began, and those that are left.
    pub undo_total: i64,
    pub undo_left: i64,
}

/// What one step came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// There is more to do at once.
    Worked,
    /// The engine has to catch up first.
    Waiting,
    Ended,
}

/// The zone and currency of a workspace.
pub fn home_of(store: &Store, workspace: WorkspaceId) -> Result<Home, StoreError> {
    let found = store.read(|tx| tx.workspaces())?.into_iter().find(|row| row.workspace == workspace);
    let settings = found.ok_or_else(|| StoreError::Bug("the workspace of a job is gone".into()))?.settings;
    Ok(Home { zone: settings.time_zone.clone(), currency: settings.currency() })
}

/// SHA-256 of a file, with its map and kind: the same for the same work.
fn fingerprint(spec: &Spec) -> Result<String, TransferError> {
    let mut hash = Sha256::new();
    let mut file = File::open(&spec.file)?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    hash.update(spec.kind.as_str());
    hash.update(serde_json::to_vec(&spec.map).unwrap_or_default());
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[expect(clippy::too_many_arguments, reason = "one column each, and the clock")]
/// Writes a new import down, or finds the same one of the same runner that was broken off.
pub fn begin_import(
    store: &Store,
    workspace: WorkspaceId,
    job_id: String,
    spec: &Spec,
    runner: &str,
    name: &str,
    created_by: &str,
    state: &str,
    now: Timestamp,
) -> Result<JobRow, TransferError> {
    let fingerprint = fingerprint(spec)?;
    if runner == "command" {
        let open = store.read(|tx| tx.open_jobs())?.into_iter().find(|job| {
            job.workspace == workspace
                && job.kind == "import"
                && job.runner == runner
                && job.fingerprint == fingerprint
        });
        if let Some(job) = open {
            return Ok(job);
        }
    }
    let job = JobRow {
        state: state.into(),
        runner: runner.into(),
        name: name.to_owned(),
        fingerprint,
        plan: jobs::written(spec),
        progress: jobs::written(&Progress::default()),
        ..jobs::new_job(workspace, job_id, "import", created_by, now)
    };
    Ok(jobs::insert(store, job)?)
}

/// Asks a job to stop where it is. What it took in stays, until it is undone.
pub fn request_cancel(store: &Store, job: JobRow, now: Timestamp) -> Result<JobRow, TransferError> {
    match job.state.as_str() {
        "uploaded" => Ok(jobs::turn(store, job, "cancelled", now)?),
        "waiting" | "running" | "paused" => Ok(jobs::turn(store, job, "cancelling", now)?),
        other => Err(TransferError::State(format!("it is {other}; only what is under way can be cancelled"))),
    }
}

/// Asks an import to rest where it is, so that the shop has the machine to itself.
pub fn request_pause(store: &Store, job: JobRow, now: Timestamp) -> Result<JobRow, TransferError> {
    match job.state.as_str() {
        "waiting" | "running" if job.kind == "import" && job.runner == "server" => {
            Ok(jobs::turn(store, job, "paused", now)?)
        }
        other => {
            Err(TransferError::State(format!("it is {other}; an import that is under way can be paused")))
        }
    }
}

/// Lets an import that rests go on.
pub fn request_resume(store: &Store, job: JobRow, now: Timestamp) -> Result<JobRow, TransferError> {
    match job.state.as_str() {
        "paused" => Ok(jobs::turn(store, job, "waiting", now)?),
        other => Err(TransferError::State(format!("it is {other}; only what is paused goes on"))),
    }
}

/// Asks for everything that an import brought to be taken back.
pub fn request_undo(store: &Store, job: JobRow, now: Timestamp) -> Result<JobRow, TransferError> {
    match job.state.as_str() {
        "completed" | "cancelled" | "failed" if job.kind == "import" => {
            Ok(jobs::turn(store, job, "undoing", now)?)
        }
        other => Err(TransferError::State(format!("it is {other}; an import that has ended can be undone"))),
    }
}

/// Drives one job.
pub struct Importer {
    held: Held,
    progress: Progress,
    work: PathBuf,
    feed: Option<Feed>,
    /// Things that the feed gave so far.
    fed: u64,
    /// All of the file is in the inbox.
    poured: bool,
    undo_asked: bool,
    stored_at: Timestamp,
}

impl Importer {
    /// Goes on with a job where it stands. `work` is its folder, see [`crate::work_folder`].
    pub fn open(store: Arc<Store>, job: JobRow, work: PathBuf) -> Result<Importer, TransferError> {
        let progress = jobs::read(&job.progress)?;
        Ok(Importer {
            held: Held { store, job },
            progress,
            work,
            feed: None,
            fed: 0,
            poured: false,
            undo_asked: false,
            stored_at: Timestamp::MIN,
        })
    }

    pub fn job(&self) -> &JobRow {
        &self.held.job
    }

    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The file of rejected rows.
    pub fn rejected_path(work: &Path) -> PathBuf {
        work.join("rejected.csv")
    }

    /// Does a piece of the work. An error of reading ends the job as failed; an error of the store is answered and
    /// the step can be made again.
    pub fn step(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let stepped = match self.held.job.state.as_str() {
            "waiting" => self.begin(now),
            "running" => self.run(now),
            "cancelling" => self.end("cancelled", now),
            "undoing" => self.undo(now),
            _ => return Ok(Step::Ended),
        };
        match self.held.outcome(stepped)? {
            Outcome::Stepped(step) => Ok(step),
            Outcome::Turned(job) if job.state == self.held.job.state => {
                Err(TransferError::State("another process works on this job".into()))
            }
            Outcome::Turned(job) => {
                self.held.job = job;
                Ok(Step::Worked)
            }
            Outcome::Failed(error) => {
                self.progress.error = Some(error.to_string());
                self.end("failed", now)?;
                Err(error)
            }
        }
    }

    fn begin(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        self.held.job.state = "running".into();
        self.progress.started_at = now.ms();
        self.save(Changeset::new(), now)?;
        Ok(Step::Worked)
    }

    fn end(&mut self, state: &str, now: Timestamp) -> Result<Step, TransferError> {
        self.held.job.state = state.into();
        self.progress.phase = String::new();
        self.progress.ended_at = now.ms();
        self.feed = None;
        self.save(Changeset::new(), now)?;
        if state != "failed" {
            self.clear();
        }
        Ok(Step::Ended)
    }

    /// An uploaded file, and what was unpacked from one, is full of people and of no more use. A file of the command
    /// line is whose it is.
    fn clear(&self) {
        let Ok(spec) = serde_json::from_str::<Spec>(&self.held.job.plan) else { return };
        for path in [spec.file, self.work.join("sheet.csv")] {
            if path.starts_with(&self.work) {
                // It may be gone already.
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Stores progress with whatever else is to be stored.
    fn save(&mut self, changes: Changeset, now: Timestamp) -> Result<(), TransferError> {
        if let Some(seq) = self.held.save(&self.progress, changes, now)? {
            self.progress.last_seq = seq;
        }
        self.stored_at = now;
        Ok(())
    }

    fn run(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        if self.poured {
            if !self.held.engine_has_taken(self.progress.last_seq)? {
                return Ok(Step::Waiting);
            }
            return self.end("completed", now);
        }
        if self.feed.is_none() {
            let spec: Spec = serde_json::from_str(&self.held.job.plan)
                .map_err(|error| TransferError::State(format!("the job's plan cannot be read: {error}")))?;
            let feed = open_feed(
                &self.held.store,
                self.held.job.workspace,
                &spec,
                &self.held.job.job_id,
                self.held.job.created_at,
                &self.work,
            )?;
            self.progress.warnings =
                feed.plan.warnings.iter().map(|w| told(std::slice::from_ref(w))).collect();
            self.feed = Some(feed);
            self.fed = 0;
        }
        if self.held.engine_lags(WAITING_MAX)? {
            return Ok(Step::Waiting);
        }
        let Some(feed) = &mut self.feed else { return Ok(Step::Worked) };
        let mut payload = head(&self.held.job.job_id, self.held.job.created_at);
        let (mut rows, mut ended) = (0usize, false);
        while rows < SLICE_ROWS && payload.len() < SLICE_BYTES {
            match feed.advance()? {
                Fed::Row(row) => {
                    self.fed += 1;
                    if self.fed <= self.progress.appended {
                        continue;
                    }
                    if rows > 0 {
                        payload.push(b',');
                    }
                    serde_json::to_writer(&mut payload, &row).map_err(std::io::Error::from)?;
                    rows += 1;
                }
                Fed::Working if rows == 0 && now.since_ms(self.stored_at) >= TELL_EVERY_MS => break,
                Fed::Working if feed.is_sorting() => break,
                Fed::Working => {}
                Fed::End => {
                    ended = true;
                    break;
                }
            }
        }
        self.progress.phase = if feed.is_sorting() { "sorting" } else { "reading" }.into();
        self.progress.counts = feed.counts.clone();
        self.progress.rejected = feed.shown.clone();
        let mut changes = Changeset::new();
        if rows > 0 || ended {
            // The last one may be empty: behind its number, all of the import is done.
            payload.extend_from_slice(b"]}");
            self.progress.appended = self.fed;
            changes.append(Arrival {
                workspace: self.held.job.workspace,
                received_at: now,
                kind: IMPORT.into(),
                items: rows as i64,
                meta: "{}".into(),
                payload,
            });
        }
        if ended {
            self.progress.phase = "taking".into();
        }
        if rows > 0 || ended || now.since_ms(self.stored_at) >= TELL_EVERY_MS {
            self.save(changes, now)?;
        }
        if ended {
            self.poured = true;
            self.feed = None;
        }
        Ok(Step::Worked)
    }

    fn undo(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        if !self.held.engine_has_taken(self.progress.last_seq)? {
            return Ok(Step::Waiting);
        }
        let (workspace, job_id) = (self.held.job.workspace, self.held.job.job_id.clone());
        let left = self.held.store.read(|tx| tx.touch_count(workspace, &job_id))?;
        if self.progress.phase != "undoing" {
            self.progress.phase = "undoing".into();
            self.progress.undo_total = left;
        }
        if !self.undo_asked {
            // Unconditionally: rows of the import may still stand before it in the inbox.
            self.undo_asked = true;
            return self.ask_undo(now);
        }
        self.progress.undo_left = left;
        if left == 0 {
            return self.end("undone", now);
        }
        self.ask_undo(now)
    }

    fn ask_undo(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let job = self.held.job.job_id.clone();
        let slice = UndoSlice { job, told_at: self.held.job.created_at.into(), settle: Vec::new() };
        let mut changes = Changeset::new();
        changes.append(slice.arrival(self.held.job.workspace, now));
        self.save(changes, now)?;
        Ok(Step::Waiting)
    }
}

fn head(job_id: &str, told_at: Timestamp) -> Vec<u8> {
    format!("{{\"job\":{},\"told_at\":{},\"rows\":[", Value::from(job_id), told_at.ms()).into_bytes()
}

fn open_feed(
    store: &Store,
    workspace: WorkspaceId,
    spec: &Spec,
    job_id: &str,
    told_at: Timestamp,
    work: &Path,
) -> Result<Feed, TransferError> {
    let home = home_of(store, workspace)?;
    let mut looked_at = Table::open(&spec.file, &spec.map.file, work)?;
    let seen = Seen::of(&mut looked_at)?;
    let plan = Plan::of(spec.kind, spec.map.clone(), &looked_at.columns, &seen, &home)
        .map_err(TransferError::Map)?;
    let table = Table::open(&spec.file, &spec.map.file, work)?;
    Ok(Feed::new(plan, table, job_id, told_at, &Importer::rejected_path(work), work)?)
}

/// What a file looks like and how it could be read.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    pub format: crate::reading::Format,
    pub encoding: String,
    pub separator: Option<char>,
    pub bytes: u64,
    pub rows_looked_at: usize,
    pub columns: Vec<SeenColumn>,
    /// By the names of the columns.
    pub suggested: Map,
    /// What is wrong with the map given, or with the suggestion, and what is assumed.
    pub problems: Vec<Remark>,
    pub warnings: Vec<Remark>,
}

/// Looks at a file without taking anything in.
pub fn preview(
    store: &Store,
    workspace: WorkspaceId,
    kind: Kind,
    file: &Path,
    map: Option<&Map>,
    work: &Path,
) -> Result<Preview, TransferError> {
    let home = home_of(store, workspace)?;
    let choices = map.map(|map| map.file.clone()).unwrap_or_default();
    let mut table = Table::open(file, &choices, work)?;
    let seen = Seen::of(&mut table)?;
    let suggested = Map::suggested(kind, &table.columns);
    let used = map.filter(|map| !map.columns.is_empty()).unwrap_or(&suggested);
    let (problems, warnings) = match Plan::of(kind, used.clone(), &table.columns, &seen, &home) {
        Ok(plan) => (Vec::new(), plan.warnings),
        Err(problems) => (problems, Vec::new()),
    };
    Ok(Preview {
        format: table.sniffed.format,
        encoding: table.sniffed.encoding.name().to_lowercase(),
        separator: table.sniffed.separator,
        bytes: std::fs::metadata(file)?.len(),
        rows_looked_at: seen.rows,
        columns: seen.columns(&table, used),
        suggested,
        problems,
        warnings,
    })
}

/// What an import would do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DryRun {
    #[serde(flatten)]
    pub counts: Counts,
    /// Things of the file's kind that nobody knows yet, and those that are known.
    pub new: u64,
    pub updated: u64,
    pub rejected: Vec<ShownFault>,
    pub warnings: Vec<String>,
    /// The first documents, as they would be taken in.
    pub sample: Vec<Value>,
}

/// Reads a file to its end, checks everything, and writes nothing but the file of rejected rows in `work`.
pub fn dry_run(
    store: &Store,
    workspace: WorkspaceId,
    spec: &Spec,
    work: &Path,
    now: Timestamp,
    tell: &mut dyn FnMut(&Counts),
) -> Result<DryRun, TransferError> {
    let mut feed = open_feed(store, workspace, spec, "dry-run", now, work)?;
    let warnings = feed.plan.warnings.iter().map(|w| told(std::slice::from_ref(w))).collect();
    let mut done = DryRun { warnings, ..DryRun::default() };
    let mut met: HashSet<u64> = HashSet::new();
    let mut rows: Vec<ImportedRow> = Vec::new();
    loop {
        let fed = feed.advance()?;
        let ended = matches!(fed, Fed::End);
        if let Fed::Row(row) = fed {
            if done.sample.len() < 3 {
                done.sample.push(serde_json::to_value(&row).unwrap_or_default());
            }
            rows.push(*row);
        }
        if rows.len() >= SLICE_ROWS || ended {
            count_known(store, workspace, &rows, &mut met, &mut done)?;
            rows.clear();
            tell(&feed.counts);
        }
        if ended {
            break;
        }
    }
    done.counts = feed.counts;
    done.rejected = feed.shown;
    Ok(done)
}

fn count_known(
    store: &Store,
    workspace: WorkspaceId,
    rows: &[ImportedRow],
    met: &mut HashSet<u64>,
    done: &mut DryRun,
) -> Result<(), StoreError> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let digest = |text: &str| {
        let mut hash = DefaultHasher::new();
        text.hash(&mut hash);
        hash.finish()
    };
    store.read(|tx| {
        for row in rows {
            // By whatever one of its names a row is known, by the store or from an earlier row.
            let (names, known) = match row {
                ImportedRow::Person(person) => {
                    let of: Vec<_> = person.identifiers.iter().map(|id| (workspace, id)).collect();
                    let known = tx.find_identifiers(&of)?.iter().any(Option::is_some);
                    (person.identifiers.iter().map(|id| id.key()).collect::<Vec<_>>(), known)
                }
                ImportedRow::Order { order, .. } => {
                    let found = tx.orders_named(&[(workspace, &order.source, &order.order_id)])?;
                    (vec![order.message_id()], found.iter().any(Option::is_some))
                }
                ImportedRow::Product(product) => {
                    let found = tx.products_named(&[(workspace, &product.product_id)])?;
                    (vec![product.product_id.clone()], found.iter().any(Option::is_some))
                }
                ImportedRow::Event { event, .. } => {
                    let key = store::history::MessageKey::of(&event.message_id);
                    let seen = tx.seen_messages(&[(workspace, key, event.at.0)])?;
                    (vec![event.message_id.clone()], seen.contains(&true))
                }
            };
            let met_before = names.iter().map(|name| !met.insert(digest(name))).fold(false, |a, b| a | b);
            if known || met_before {
                done.updated += 1;
            } else {
                done.new += 1;
            }
        }
        Ok(())
    })
}
