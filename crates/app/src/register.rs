//! The do-not-call register, fetched every day from where a shop has it lying. What is fetched is read as a job, like a
//! file that somebody uploads; what goes wrong leaves the register as it was and is told to the shop.

use crate::channels::Desk;
use crate::runtime::Shared;
use anyhow::Result;
use api::{ChannelDesk, REGISTER_BYTES_MAX, REGISTER_SEALED_ABOUT, RegisterSource};
use domain::local_time::{Zone, next_time_of_day};
use kit::{HOUR_MS, Timestamp};
use plugs::Secret;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::Changeset;
use store::access::Workspace;
use store::limits::RegisterSourceRow;
use transfer::register::{Onto, REGISTER_FILE, RegisterSpec, begin_register};

const LOOK_AROUND: Duration = Duration::from_secs(1);
/// After a failure it is tried again in an hour, so often a day.
const TRIES: i64 = 4;

/// When it is fetched next. `failures` in a row, this one included; none: it worked.
fn next_at(hour: i64, failures: i64, zone: &Zone, now: Timestamp) -> Timestamp {
    if failures % TRIES != 0 {
        return now.plus_ms(HOUR_MS);
    }
    // Not the hour that is just now.
    let hour = u8::try_from(hour).unwrap_or_default();
    next_time_of_day(now.plus_ms(1), zone, hour, 0)
}

/// Fetches the registers of all workspaces for as long as the process runs.
#[expect(clippy::disallowed_methods, reason = "how often the store is asked decides nothing about anybody")]
pub async fn run(shared: Arc<Shared>, desk: Arc<Desk>, data: PathBuf) {
    while !shared.stops() {
        tokio::time::sleep(LOOK_AROUND).await;
        if !shared.leads.load(Ordering::SeqCst) {
            continue;
        }
        let store = Arc::clone(&shared.store);
        let read = tokio::task::spawn_blocking(move || {
            store.read(|tx| Ok((tx.register_sources()?, tx.workspaces()?)))
        });
        let Ok(Ok((sources, workspaces))) = read.await else { continue };
        for row in sources.into_iter().filter(|row| row.next_at <= shared.clock.now()) {
            let Some(own) = workspaces.iter().find(|own| own.workspace == row.workspace) else { continue };
            let fetched = tokio::select! {
                fetched = fetch(&shared, &desk, &data, &row, own) => fetched,
                () = stopped(&shared) => return,
            };
            let now = shared.clock.now();
            let (failures, fault, job_id) = match fetched {
                Ok(job_id) => (0, String::new(), job_id),
                Err(fault) => {
                    tracing::warn!(workspace = row.workspace.0, %fault, "the do-not-call register cannot be fetched");
                    (row.failures + 1, fault, row.job_id.clone())
                }
            };
            let next_at = next_at(row.hour, failures, &own.settings.zone(), now);
            let row = RegisterSourceRow { next_at, failures, fetched_at: Some(now), fault, job_id, ..row };
            let store = Arc::clone(&shared.store);
            let written = tokio::task::spawn_blocking(move || {
                let mut changes = Changeset::new();
                changes.register_fetched(&row);
                store.apply(changes)
            });
            if !matches!(written.await, Ok(Ok(_))) {
                tracing::error!("what came of fetching the do-not-call register cannot be written down");
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "only waits for the end")]
async fn stopped(shared: &Shared) {
    while !shared.stops() {
        tokio::time::sleep(LOOK_AROUND).await;
    }
}

/// Fetches one and has it read; the job's id. Errors: in words for the shop.
async fn fetch(
    shared: &Arc<Shared>,
    desk: &Desk,
    data: &Path,
    row: &RegisterSourceRow,
    own: &Workspace,
) -> Result<String, String> {
    let unopened = |_| "the address cannot be opened; enter it again".to_owned();
    let plain = desk.unseal(REGISTER_SEALED_ABOUT, &row.sealed).map_err(unopened)?;
    let source: RegisterSource = serde_json::from_slice(&plain)
        .map_err(|_| "the address cannot be read; enter it again".to_owned())?;
    let job_id = kit::Id::new(shared.clock.now(), &mut crate::installation::seeded_rng()).to_string();
    let unkept = |_| "the file cannot be kept on this server".to_owned();
    let work = transfer::work_folder(data, &job_id).map_err(unkept)?;
    let value = Secret::new(source.header_value);
    let header = (!source.header_name.is_empty()).then_some((source.header_name.as_str(), &value));
    let egress = desk.egress(own.settings.allow_private_networks);
    let path = work.join(REGISTER_FILE);
    let fetched = plugs::download(&egress, &source.url, header, &path, REGISTER_BYTES_MAX).await;
    let begun = match fetched {
        Ok(0) => Err("the file is empty".to_owned()),
        Ok(bytes) => {
            let (shared, workspace) = (Arc::clone(shared), row.workspace);
            let begun = tokio::task::spawn_blocking(move || {
                let (numbers, _) = shared.store.read(|tx| tx.do_not_call_count(workspace))?;
                let numbers_min = u64::try_from(numbers).unwrap_or_default() / 2;
                let onto = Onto::DoNotCall(RegisterSpec { replaces: true, numbers_min });
                let now = shared.clock.now();
                begin_register(&shared.store, workspace, job_id, &onto, bytes, "system", now)
            });
            match begun.await {
                Ok(Ok(job)) => Ok(job.job_id),
                _ => Err("the server's database did not take it".to_owned()),
            }
        }
        Err(fault) => Err(fault),
    };
    match begun {
        Ok(job_id) => {
            shared.jobs_bell.ring();
            Ok(job_id)
        }
        Err(fault) => {
            // Half a file is of no use to anybody.
            let _ = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(work)).await;
            Err(fault)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::local_time::format_datetime_vn;

    #[test]
    fn it_is_fetched_at_its_hour_and_after_a_failure_in_an_hour() {
        let zone = Zone::vietnam();
        // 2026-11-22 03:00 in Vietnam.
        let now = Timestamp::from_ms(1_795_291_200_000);
        assert_eq!(format_datetime_vn(now, &zone), "22/11/2026 03:00");
        let check = |failures, expect: &str| {
            assert_eq!(format_datetime_vn(next_at(3, failures, &zone, now), &zone), expect, "{failures}");
        };
        check(0, "23/11/2026 03:00");
        check(1, "22/11/2026 04:00");
        check(3, "22/11/2026 04:00");
        check(4, "23/11/2026 03:00");
        check(5, "22/11/2026 04:00");
    }
}
