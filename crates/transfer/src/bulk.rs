//! One change to many people: tags, lists, journeys, suppressions. Like an import it goes by the inbox, a slice at a
//! time; what it changed is noted, so that tags and lists can be taken back.

use crate::importer::{Step, TransferError};
use crate::jobs::{self, Held, Outcome};
use domain::consent::Channel;
use domain::identifier::IdentifierKind;
use domain::profile::Profile;
use engine::Note;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::transfers::JobRow;
use store::{Changeset, Store, StoreError};

/// People of one step.
const STEP_PEOPLE: usize = 500;
/// While more than this waits in the inbox, others go first.
const WAITING_MAX: i64 = 5_000;
/// The numbers of those whom it is about, four bytes each, the lowest byte first.
pub const PEOPLE_FILE: &str = "people.bin";
/// The numbers of those whom it changed.
const CHANGED_FILE: &str = "changed.bin";

/// What is done to each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    AddTag,
    RemoveTag,
    AddToList,
    RemoveFromList,
    StartJourney,
    Suppress,
}

impl Action {
    pub fn of(word: &str) -> Option<Action> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }

    pub fn can_be_undone(self) -> bool {
        !matches!(self, Action::StartJourney | Action::Suppress)
    }
}

/// The plan of a job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BulkSpec {
    pub action: Action,
    /// The tag, the id of the list or the journey, the channel.
    pub value: String,
    /// How people read the value.
    #[serde(default)]
    pub label: String,
    /// Whoever asked for it.
    pub source: String,
}

/// How far a job has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BulkProgress {
    pub total: u64,
    pub done: u64,
    /// Whom it changed; others were so already, have no address or are gone.
    pub changed: u64,
    /// Of those, taken back.
    pub undone: u64,
    pub can_undo: bool,
    pub started_at: i64,
    pub ended_at: i64,
    pub error: Option<String>,
    pub last_seq: i64,
}

pub fn write_people(path: &Path, people: &[u32]) -> std::io::Result<()> {
    let bytes: Vec<u8> = people.iter().flat_map(|no| no.to_le_bytes()).collect();
    std::fs::write(path, bytes)
}

pub fn read_people(path: &Path) -> std::io::Result<Vec<ProfileNo>> {
    let bytes = std::fs::read(path)?;
    let number = |four: &[u8]| <[u8; 4]>::try_from(four).map_or(0, u32::from_le_bytes);
    Ok(bytes.chunks_exact(4).map(|four| ProfileNo(i64::from(number(four)))).collect())
}

/// Writes a job down. Its folder holds [`PEOPLE_FILE`] already.
pub fn begin_bulk(
    store: &Store,
    workspace: WorkspaceId,
    job_id: String,
    spec: &BulkSpec,
    total: u64,
    now: Timestamp,
) -> Result<JobRow, StoreError> {
    let progress = BulkProgress { total, ..BulkProgress::default() };
    let job = JobRow {
        name: if spec.label.is_empty() { spec.value.clone() } else { spec.label.clone() },
        plan: jobs::written(spec),
        progress: jobs::written(&progress),
        ..jobs::new_job(workspace, job_id, "bulk", &spec.source, now)
    };
    jobs::insert(store, job)
}

/// Asks for what a job did to be taken back.
pub fn undo_bulk(store: &Store, job: JobRow, now: Timestamp) -> Result<JobRow, TransferError> {
    let progress: BulkProgress = serde_json::from_str(&job.progress).unwrap_or_default();
    if !matches!(job.state.as_str(), "completed" | "cancelled") || !progress.can_undo {
        let detail = format!("it is {}; tags and lists can be taken back once it has ended", job.state);
        return Err(TransferError::State(detail));
    }
    Ok(jobs::turn(store, job, "undoing", now)?)
}

/// Drives one job.
pub struct BulkJob {
    held: Held,
    work: PathBuf,
    spec: BulkSpec,
    progress: BulkProgress,
    people: Option<Vec<ProfileNo>>,
}

impl BulkJob {
    pub fn open(store: Arc<Store>, job: JobRow, work: PathBuf) -> Result<BulkJob, TransferError> {
        let (spec, progress) = (jobs::read(&job.plan)?, jobs::read(&job.progress)?);
        Ok(BulkJob { held: Held { store, job }, work, spec, progress, people: None })
    }

    pub fn step(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let stepped = match self.held.job.state.as_str() {
            "waiting" => {
                self.held.job.state = "running".into();
                self.progress.started_at = now.ms();
                self.save(Changeset::new(), now).map(|()| Step::Worked)
            }
            "running" => self.run(now),
            "cancelling" => self.end("cancelled", now),
            "undoing" => self.undo(now),
            _ => return Ok(Step::Ended),
        };
        match self.held.outcome(stepped)? {
            Outcome::Stepped(step) => Ok(step),
            Outcome::Turned(job) => {
                *self = BulkJob::open(Arc::clone(&self.held.store), job, self.work.clone())?;
                Ok(Step::Worked)
            }
            Outcome::Failed(error) => {
                self.progress.error = Some(error.to_string());
                self.end("failed", now)
            }
        }
    }

    /// The notes that change a person, none where nothing is to be changed.
    fn notes(&self, profile: &Profile, turned: bool, now: Timestamp) -> Vec<Note> {
        let value = &self.spec.value;
        let change = |tag: Option<bool>, list: Option<bool>| {
            let named = |wanted: bool, mark: Option<bool>| match mark {
                Some(on) if on == wanted => vec![value.clone()],
                _ => Vec::new(),
            };
            vec![Note::Change {
                profile_id: profile.id.to_string(),
                at: now.into(),
                attributes: Default::default(),
                tags_added: named(true, tag),
                tags_removed: named(false, tag),
                lists_added: named(true, list),
                lists_removed: named(false, list),
                source: self.spec.source.clone(),
            }]
        };
        match self.spec.action {
            Action::AddTag | Action::RemoveTag => {
                let on = (self.spec.action == Action::AddTag) != turned;
                if profile.has_tag(value) == on { Vec::new() } else { change(Some(on), None) }
            }
            Action::AddToList | Action::RemoveFromList => {
                let on = (self.spec.action == Action::AddToList) != turned;
                if profile.in_list(value) == on { Vec::new() } else { change(None, Some(on)) }
            }
            Action::StartJourney => vec![Note::Trigger {
                journey_id: value.clone(),
                profile_id: profile.id.to_string(),
                // The same job never starts it twice for one person.
                call_id: format!("bulk:{}:{}", self.held.job.job_id, profile.id),
                properties: serde_json::json!({}),
                at: now.into(),
            }],
            Action::Suppress => {
                let kind = match value.parse::<Channel>() {
                    Ok(Channel::Sms) => IdentifierKind::Phone,
                    Ok(Channel::Zalo) => IdentifierKind::ZaloId,
                    Ok(Channel::Email) => IdentifierKind::Email,
                    _ => IdentifierKind::PushEndpoint,
                };
                let addresses = profile.identifiers_of(&kind).map(|address| Note::Suppress {
                    channel: value.clone(),
                    address: address.to_owned(),
                    reason: "manual".into(),
                    detail: String::new(),
                    at: now.into(),
                });
                addresses.collect()
            }
        }
    }

    /// Lets the notes for some people in; answers the numbers of those whom they change.
    fn tell(
        &self,
        some: &[ProfileNo],
        turned: bool,
        changes: &mut Changeset,
        now: Timestamp,
    ) -> Result<Vec<u32>, TransferError> {
        let of: Vec<_> = some.iter().map(|no| (self.held.job.workspace, *no)).collect();
        let mut changed = Vec::new();
        for (workspace, stored) in self.held.store.read(|tx| tx.profiles(&of))? {
            let notes = self.notes(&stored.profile, turned, now);
            if !notes.is_empty() {
                changed.push(u32::try_from(stored.profile.no.0).unwrap_or(u32::MAX));
            }
            for note in notes {
                changes.append(note.arrival(workspace, now));
            }
        }
        Ok(changed)
    }

    fn run(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let done = usize::try_from(self.progress.done).unwrap_or(usize::MAX);
        if self.progress.done >= self.progress.total {
            return if self.held.engine_has_taken(self.progress.last_seq)? {
                self.end("completed", now)
            } else {
                Ok(Step::Waiting)
            };
        }
        if self.held.engine_lags(WAITING_MAX)? {
            return Ok(Step::Waiting);
        }
        if self.people.is_none() {
            self.people = Some(read_people(&self.work.join(PEOPLE_FILE))?);
        }
        let people = self.people.as_deref().unwrap_or_default();
        let some: Vec<ProfileNo> = people.iter().skip(done).take(STEP_PEOPLE).copied().collect();
        if some.is_empty() {
            return Err(TransferError::State("the list of people of this job is gone".into()));
        }
        let mut changes = Changeset::new();
        let changed = self.tell(&some, false, &mut changes, now)?;
        // What a try before wrote and did not bring in is overwritten.
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).open(self.work.join(CHANGED_FILE))?;
        file.set_len(self.progress.changed * 4)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
        file.write_all(&changed.iter().flat_map(|no| no.to_le_bytes()).collect::<Vec<_>>())?;
        file.sync_data()?;
        self.progress.done += some.len() as u64;
        self.progress.changed += changed.len() as u64;
        self.save(changes, now)?;
        Ok(Step::Worked)
    }

    fn undo(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        if !self.held.engine_has_taken(self.progress.last_seq)? {
            return Ok(Step::Waiting);
        }
        if self.progress.undone >= self.progress.changed {
            return self.end("undone", now);
        }
        let people = read_people(&self.work.join(CHANGED_FILE))?;
        let skip = usize::try_from(self.progress.undone).unwrap_or(usize::MAX);
        let some: Vec<ProfileNo> = people.into_iter().skip(skip).take(STEP_PEOPLE).collect();
        if some.is_empty() {
            return Err(TransferError::State("the list of changed people of this job is gone".into()));
        }
        let mut changes = Changeset::new();
        self.tell(&some, true, &mut changes, now)?;
        self.progress.undone += some.len() as u64;
        self.save(changes, now)?;
        Ok(Step::Worked)
    }

    fn end(&mut self, state: &str, now: Timestamp) -> Result<Step, TransferError> {
        self.held.job.state = state.into();
        self.progress.ended_at = now.ms();
        let ended = matches!(state, "completed" | "cancelled");
        self.progress.can_undo = ended && self.spec.action.can_be_undone() && self.progress.changed > 0;
        self.save(Changeset::new(), now)?;
        // It may be gone already.
        let _ = std::fs::remove_file(self.work.join(PEOPLE_FILE));
        Ok(Step::Ended)
    }

    /// Stores progress with whatever else is to be stored.
    fn save(&mut self, changes: Changeset, now: Timestamp) -> Result<(), TransferError> {
        if let Some(seq) = self.held.save(&self.progress, changes, now)? {
            self.progress.last_seq = seq;
        }
        Ok(())
    }
}
