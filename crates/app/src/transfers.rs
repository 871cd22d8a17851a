//! The thread that does long work which was asked for through the API: imports, exports, backups. One at a time, the
//! oldest first; after a restart it goes on where it was.

use crate::runtime::Shared;
use kit::{Id, MINUTE_MS, Rng, Timestamp};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::transfers::JobRow;
use transfer::bulk::BulkJob;
use transfer::export::ExportJob;
use transfer::learning::{LEARN, LearnJob, learn_what_is_due};
use transfer::register::RegisterJob;
use transfer::{Importer, Step, TransferError, backup};

/// Another process may have written a job down without ringing.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// On the shop's clock, between two looks at whether something is to be learned.
const LEARN_LOOK_MS: i64 = MINUTE_MS;
/// While the engine catches up.
const PAUSE: Duration = Duration::from_millis(20);

enum Work {
    Import(Box<Importer>),
    Export(Box<ExportJob>),
    Bulk(Box<BulkJob>),
    Register(Box<RegisterJob>),
    Learn(Box<LearnJob>),
    Backup(Box<JobRow>),
}

pub fn run(shared: &Shared, data: &Path, version: &str) {
    let bell = Arc::clone(&shared.jobs_bell);
    let mut current: Option<(String, Work)> = None;
    let mut asked_at = Timestamp::MIN;
    while !shared.stops() {
        if !shared.leads.load(Ordering::SeqCst) {
            current = None;
            bell.wait(LOOK_AGAIN);
            continue;
        }
        if current.is_none() {
            match next(shared, data) {
                Ok(Some(found)) => current = Some(found),
                Ok(None) => {
                    let now = shared.clock.now();
                    if now.since_ms(asked_at) >= LEARN_LOOK_MS {
                        asked_at = now;
                        if let Err(error) = learn_what_is_due(&shared.store, now, &mut || job_id(now)) {
                            tracing::error!(%error, "what is to be learned is not known");
                        }
                    } else {
                        bell.wait(LOOK_AGAIN);
                    }
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "long work cannot be begun");
                    bell.wait(LOOK_AGAIN);
                    continue;
                }
            }
        }
        let Some((job_id, work)) = &mut current else { continue };
        let now = shared.clock.now();
        let stepped = match work {
            Work::Import(importer) => importer.step(now),
            Work::Export(export) => export.step(now),
            Work::Bulk(bulk) => bulk.step(now),
            Work::Register(register) => register.step(now),
            Work::Learn(learn) => learn.step(now),
            Work::Backup(job) => {
                transfer::work_folder(data, job_id).map_err(TransferError::from).and_then(|folder| {
                    backup::run_backup(&shared.store, job.as_ref().clone(), data, &folder, version, now)
                })
            }
        };
        shared.engine_bell.ring();
        match stepped {
            Ok(Step::Worked) => {}
            Ok(Step::Waiting) => bell.wait(PAUSE),
            Ok(Step::Ended) => {
                tracing::info!(job.id = %job_id, "long work has ended");
                current = None;
            }
            Err(error) => {
                tracing::error!(job.id = %job_id, %error, "long work could not go on");
                current = None;
                bell.wait(LOOK_AGAIN);
            }
        }
    }
}

/// An id for a job that nobody asked for.
fn job_id(now: Timestamp) -> Id {
    let mut seed = [0; 8];
    // Without chance from the system the instant has to do: jobs are made one by one.
    if getrandom::fill(&mut seed).is_err() {
        seed = now.ms().to_le_bytes();
    }
    Id::new(now, &mut Rng::seeded(u64::from_le_bytes(seed)))
}

fn next(shared: &Shared, data: &Path) -> Result<Option<(String, Work)>, TransferError> {
    let open = shared.store.read(|tx| tx.open_jobs())?;
    let taken_back = |job: &JobRow| job.state == "undoing";
    let Some(job) = open.into_iter().find(|job| job.runner == "server" || taken_back(job)) else {
        return Ok(None);
    };
    let work = transfer::work_folder(data, &job.job_id)?;
    let (job_id, store) = (job.job_id.clone(), Arc::clone(&shared.store));
    let work = match job.kind.as_str() {
        "import" => Work::Import(Box::new(Importer::open(store, job, work)?)),
        "export" => Work::Export(Box::new(ExportJob::open(store, job, work))),
        "do_not_call" | "suppressions" => Work::Register(Box::new(RegisterJob::open(store, job, work)?)),
        LEARN => Work::Learn(Box::new(LearnJob::open(store, job)?)),
        "bulk" => Work::Bulk(Box::new(BulkJob::open(store, job, work)?)),
        _ => Work::Backup(Box::new(job)),
    };
    Ok(Some((job_id, work)))
}
