//! What a shop does to a campaign as a whole.

use super::{Doc, NOBODY, TIMER, definition_of, run_key, timer};
use crate::EngineError;
use crate::conduct::log_stop;
use domain::campaign::{Campaign, Schedule};
use kit::{Timestamp, WorkspaceId};
use store::campaigns::CampaignRow;
use store::{Changeset, Store, StoreError};

/// A step of the engine at the same moment makes a changeset of ours conflict; then it is computed anew, this often.
const TRIES: u32 = 20;

/// What came of asking.
pub type Conducted = Result<CampaignRow, Refused>;

/// Why a campaign cannot be treated so now.
#[derive(Clone, PartialEq, Debug)]
pub enum Refused {
    NotFound,
    /// The state in which it is.
    State(String),
    /// Its time is over before it began.
    Past,
}

/// Does something to a campaign at the revision that is read for it.
fn conduct(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
    act: impl Fn(&mut CampaignRow, &mut Changeset) -> Result<Result<(), Refused>, EngineError>,
) -> Result<Conducted, EngineError> {
    let mut tries = 0;
    loop {
        let Some(mut row) = store.read(|tx| tx.campaign(workspace, id))? else {
            return Ok(Err(Refused::NotFound));
        };
        let mut changes = Changeset::new();
        let before = row.clone();
        if let Err(refused) = act(&mut row, &mut changes)? {
            return Ok(Err(refused));
        }
        if row == before && changes.is_empty() {
            return Ok(Ok(row));
        }
        changes.update_campaign(workspace, &row, now);
        match store.apply(changes) {
            Ok(_) => {
                row.revision += 1;
                row.updated_at = now;
                return Ok(Ok(row));
            }
            Err(StoreError::Conflict { .. }) if tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Lets a draft go at its time, or a scheduled one at the time that its definition says now.
pub fn launch(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<Conducted, EngineError> {
    launch_after(store, workspace, id, now, 0)
}

/// As [`launch`]; one that is to go at once waits for so long, in which it can be taken back.
pub fn launch_after(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
    grace_ms: i64,
) -> Result<Conducted, EngineError> {
    let zone = zone_of(store, workspace)?;
    conduct(store, workspace, id, now, |row, changes| {
        if !matches!(row.state.as_str(), "draft" | "scheduled") {
            return Ok(Err(Refused::State(row.state.clone())));
        }
        let mut definition = definition_of(row)?;
        definition.schedule = definition.schedule.anchored(now, &zone);
        let Some(planned) = definition.schedule.first(now, &zone) else { return Ok(Err(Refused::Past)) };
        let starts_at = match definition.schedule {
            Schedule::Now => planned.starts_at.plus_ms(grace_ms.max(0)),
            _ => planned.starts_at,
        };
        row.definition = serde_json::to_string(&definition)
            .map_err(|error| EngineError::UnreadableCampaign(error.to_string()))?;
        row.state = "scheduled".into();
        row.detail.clear();
        row.archived_at = None;
        row.next_at = Some(starts_at);
        changes.set_timer(timer(workspace, id, starts_at));
        Ok(Ok(()))
    })
}

/// Makes a draft again of a campaign that is scheduled and of which no run began.
pub fn recall(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<Conducted, EngineError> {
    conduct(store, workspace, id, now, |row, changes| {
        match row.state.as_str() {
            "draft" => return Ok(Ok(())),
            "scheduled" | "paused" if row.run_no == 0 => {}
            _ => return Ok(Err(Refused::State(row.state.clone()))),
        }
        changes.clear_timer(workspace, TIMER, NOBODY, id);
        row.state = "draft".into();
        row.detail.clear();
        row.next_at = None;
        Ok(Ok(()))
    })
}

/// Puts a campaign away that is a draft or over, or takes it out again.
pub fn put_away(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
    away: bool,
) -> Result<Conducted, EngineError> {
    conduct(store, workspace, id, now, |row, _| {
        if away && !matches!(row.state.as_str(), "draft" | "done" | "cancelled") {
            return Ok(Err(Refused::State(row.state.clone())));
        }
        if away != row.archived_at.is_some() {
            row.archived_at = away.then_some(now);
        }
        Ok(Ok(()))
    })
}

fn zone_of(store: &Store, workspace: WorkspaceId) -> Result<domain::local_time::Zone, EngineError> {
    let found = store.read(|tx| tx.workspaces())?.into_iter().find(|found| found.workspace == workspace);
    found.map(|found| found.settings.zone()).ok_or(EngineError::UnknownWorkspace(workspace))
}

/// Whether a run is under way: then only the name may change.
fn is_under_way(store: &Store, workspace: WorkspaceId, row: &CampaignRow) -> Result<bool, EngineError> {
    let run = store.read(|tx| tx.campaign_run(run_key(workspace, row)))?;
    Ok(run.is_some_and(|run| run.ended_at.is_none()))
}

/// Writes a campaign anew. One that is launched goes at the time that it says now.
pub fn edit(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    told: &Campaign,
    now: Timestamp,
) -> Result<Conducted, EngineError> {
    let zone = zone_of(store, workspace)?;
    conduct(store, workspace, id, now, |row, changes| {
        let held = definition_of(row)?;
        let mut told = told.clone();
        let renamed = Campaign { name: told.name.clone(), ..held.clone() };
        let is_open = match row.state.as_str() {
            "draft" | "scheduled" => true,
            "paused" => !is_under_way(store, workspace, row)?,
            _ => false,
        };
        if told != renamed {
            if !is_open {
                return Ok(Err(Refused::State(row.state.clone())));
            }
            if row.state != "draft" && told.schedule != held.schedule {
                told.schedule = told.schedule.anchored(now, &zone);
                let Some(planned) = told.schedule.first(now, &zone) else {
                    return Ok(Err(Refused::Past));
                };
                row.next_at = Some(planned.starts_at);
                if row.state == "scheduled" {
                    changes.set_timer(timer(workspace, id, planned.starts_at));
                }
            }
        }
        row.name.clone_from(&told.name);
        row.channel = told.channel.to_string();
        row.definition = serde_json::to_string(&told)
            .map_err(|error| EngineError::UnreadableCampaign(error.to_string()))?;
        Ok(Ok(()))
    })
}

/// Halts a campaign: what is queued is kept back, nothing more is decided, no run begins.
pub fn pause(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<Conducted, EngineError> {
    pause_because(store, workspace, id, "", now)
}

/// As [`pause`], with a word for the shop on what made it stop.
pub fn pause_because(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    why: &str,
    now: Timestamp,
) -> Result<Conducted, EngineError> {
    conduct(store, workspace, id, now, |row, changes| {
        match row.state.as_str() {
            "paused" => return Ok(Ok(())),
            "scheduled" | "sending" => {}
            _ => return Ok(Err(Refused::State(row.state.clone()))),
        }
        row.state = "paused".into();
        row.detail = why.to_owned();
        if !why.is_empty() {
            log_stop(changes, workspace, format!("campaigns/{id}"), "campaign_stopped", now);
        }
        changes.hold_campaign_messages(workspace, id);
        changes.clear_timer(workspace, TIMER, NOBODY, id);
        Ok(Ok(()))
    })
}

/// Lets a paused campaign go on where it stood. What was kept back takes new places in line, so that the rate is kept;
/// runs that a pause swallowed are not made up for.
pub fn resume(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<Conducted, EngineError> {
    let zone = zone_of(store, workspace)?;
    conduct(store, workspace, id, now, |row, changes| {
        match row.state.as_str() {
            "scheduled" | "sending" => return Ok(Ok(())),
            "paused" => {}
            _ => return Ok(Err(Refused::State(row.state.clone()))),
        }
        let definition = definition_of(row)?;
        let key = run_key(workspace, row);
        let (run, held) = store.read(|tx| Ok((tx.campaign_run(key)?, tx.held_messages(key)?)))?;
        match run.filter(|run| run.ended_at.is_none()) {
            Some(mut run) => {
                let mut doc = Doc::read(&run.doc)?;
                for (place, (message_no, due_at)) in held.iter().enumerate() {
                    let slot = match definition.rate {
                        Some(rate) => rate.due_at(now, place as i64),
                        None => now,
                    };
                    changes.release_message(workspace, *message_no, slot.max(*due_at), now);
                }
                doc.rate_from = Some(now.ms());
                doc.placed = held.len() as i64;
                run.doc = serde_json::to_string(&doc)
                    .map_err(|error| EngineError::UnreadableCampaign(error.to_string()))?;
                changes.update_campaign_run(workspace, id, run);
                row.state = "sending".into();
                changes.set_timer(timer(workspace, id, now));
            }
            None => {
                if definition.schedule.recurs() {
                    row.next_at = definition.schedule.first(now, &zone).map(|planned| planned.starts_at);
                }
                match row.next_at {
                    Some(next_at) => {
                        row.state = "scheduled".into();
                        changes.set_timer(timer(workspace, id, next_at.max(now)));
                    }
                    None => row.state = "done".into(),
                }
            }
        }
        Ok(Ok(()))
    })
}

/// Ends a campaign: what was not handed over will not be, and the ledger says so.
pub fn cancel(
    store: &Store,
    workspace: WorkspaceId,
    id: &str,
    now: Timestamp,
) -> Result<Conducted, EngineError> {
    conduct(store, workspace, id, now, |row, changes| {
        match row.state.as_str() {
            "cancelled" => return Ok(Ok(())),
            "scheduled" | "sending" | "paused" => {}
            _ => return Ok(Err(Refused::State(row.state.clone()))),
        }
        let key = run_key(workspace, row);
        if let Some(mut run) = store.read(|tx| tx.campaign_run(key))?.filter(|run| run.ended_at.is_none()) {
            let mut doc = Doc::read(&run.doc)?;
            doc.called_off = doc.to_come();
            run.state = "cancelled".into();
            run.ended_at = Some(now);
            run.doc = serde_json::to_string(&doc)
                .map_err(|error| EngineError::UnreadableCampaign(error.to_string()))?;
            changes.cancel_campaign_messages(workspace, id, "campaign_cancelled");
            changes.clear_audience(key);
            changes.update_campaign_run(workspace, id, run);
        }
        changes.clear_timer(workspace, TIMER, NOBODY, id);
        row.state = "cancelled".into();
        row.detail.clear();
        row.next_at = None;
        Ok(Ok(()))
    })
}
