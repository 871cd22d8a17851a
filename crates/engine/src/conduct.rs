//! What a shop does to a journey as a whole: puts a version in force, halts it, lets it go on.

use crate::world::timer_kind;
use crate::{EngineError, Note, configure};
use domain::journey::{Definition, Trigger};
use kit::{Timestamp, WorkspaceId};
use serde_json::Value;
use store::audit::AuditEntry;
use store::journeys::{JourneyRow, TimerRow};
use store::{Changeset, Store, StoreError};

/// How often a journey is stopped anew when somebody writes it at the same moment.
const STOP_TRIES: u32 = 20;

/// Lets new runs of a journey take `version`; runs under way stay with theirs. A journey that was paused goes on.
///
/// # Errors
/// [`EngineError::UnknownJourney`] when there is no such journey or version; a conflict when somebody else
/// changed the journey meanwhile.
pub fn publish_journey(
    store: &Store,
    workspace: WorkspaceId,
    journey_id: &str,
    version: i64,
    now: Timestamp,
) -> Result<(), EngineError> {
    let mut row = find(store, workspace, journey_id)?;
    let Some((text, _)) = store.read(|tx| tx.journey_version(workspace, journey_id, version))? else {
        return Err(EngineError::UnknownJourney(journey_id.to_owned()));
    };
    let mut changes = Changeset::new();
    let was_paused = row.status == "paused";
    let paused_at = row.updated_at;
    row.status = "active".into();
    row.detail.clear();
    row.published = version;
    row.latest = row.latest.max(version);
    changes.update_journey(workspace, &row, now);
    start_clock(&mut changes, workspace, journey_id, &text, now);
    if was_paused {
        wake_runs(store, &mut changes, workspace, journey_id, paused_at, now)?;
    }
    Ok(configure(store, changes)?)
}

/// Halts a journey: it starts no run and moves none until it is resumed. Nothing to do for one that is not active.
///
/// # Errors
/// As [`publish_journey`].
pub fn pause_journey(
    store: &Store,
    workspace: WorkspaceId,
    journey_id: &str,
    now: Timestamp,
) -> Result<(), EngineError> {
    let mut row = find(store, workspace, journey_id)?;
    if row.status != "active" {
        return Ok(());
    }
    let mut changes = Changeset::new();
    halt(&mut changes, workspace, &mut row, now);
    Ok(configure(store, changes)?)
}

fn halt(changes: &mut Changeset, workspace: WorkspaceId, row: &mut JourneyRow, now: Timestamp) {
    row.status = "paused".into();
    changes.update_journey(workspace, row, now);
    changes.hold_runs(workspace, &row.journey_id);
}

/// Halts an active journey because the other side refuses its template, and says so in the audit log. `why` is what
/// the other side said, for the shop.
///
/// # Errors
/// The store's alone: a journey that is gone has nothing to stop.
pub(crate) fn stop_journey(
    store: &Store,
    workspace: WorkspaceId,
    journey_id: &str,
    why: &str,
    now: Timestamp,
) -> Result<(), EngineError> {
    let mut tries = 0;
    loop {
        let found = store.read(|tx| tx.journey(workspace, journey_id))?;
        let Some(mut row) = found.filter(|row| row.status == "active") else { return Ok(()) };
        row.detail = why.to_owned();
        let mut changes = Changeset::new();
        halt(&mut changes, workspace, &mut row, now);
        log_stop(&mut changes, workspace, format!("journeys/{journey_id}"), "journey_stopped", now);
        match configure(store, changes) {
            // Somebody wrote it at the same moment.
            Err(StoreError::Conflict { .. }) if tries < STOP_TRIES => tries += 1,
            done => return Ok(done?),
        }
    }
}

/// Writes into the audit log that something stands still because its template was refused.
pub(crate) fn log_stop(
    changes: &mut Changeset,
    workspace: WorkspaceId,
    object: String,
    action: &str,
    now: Timestamp,
) {
    let entry = AuditEntry {
        at: now,
        actor: "system".into(),
        action: action.into(),
        object,
        detail: r#"{"reason":"template_refused"}"#.into(),
        ..AuditEntry::default()
    };
    changes.log_audit(workspace, entry);
}

/// Lets a paused journey go on: its runs hear of what happened since its row was last written, which is when it
/// was paused as long as nothing else writes it, and then do what is overdue.
///
/// # Errors
/// As [`publish_journey`].
pub fn resume_journey(
    store: &Store,
    workspace: WorkspaceId,
    journey_id: &str,
    now: Timestamp,
) -> Result<(), EngineError> {
    let mut row = find(store, workspace, journey_id)?;
    if row.status != "paused" {
        return Ok(());
    }
    let paused_at = row.updated_at;
    row.status = "active".into();
    row.detail.clear();
    let mut changes = Changeset::new();
    changes.update_journey(workspace, &row, now);
    if let Some((text, _)) = store.read(|tx| tx.journey_version(workspace, journey_id, row.published))? {
        start_clock(&mut changes, workspace, journey_id, &text, now);
    }
    wake_runs(store, &mut changes, workspace, journey_id, paused_at, now)?;
    Ok(configure(store, changes)?)
}

fn find(store: &Store, workspace: WorkspaceId, journey_id: &str) -> Result<JourneyRow, EngineError> {
    let found = store.read(|tx| tx.journey(workspace, journey_id))?;
    found.ok_or_else(|| EngineError::UnknownJourney(journey_id.to_owned()))
}

/// A journey that starts at dates gives every profile its timer; one that the calendar starts winds up its own.
fn start_clock(
    changes: &mut Changeset,
    workspace: WorkspaceId,
    journey_id: &str,
    definition: &str,
    now: Timestamp,
) {
    let winds_up = |definition: Definition| match definition.trigger {
        Trigger::Segment(trigger) => trigger.existing,
        trigger => trigger.date().is_some() || trigger.is_occasion(),
    };
    if Definition::parse(definition).is_ok_and(winds_up) {
        let note = Note::ScanDates { journey_id: journey_id.to_owned(), after: 0, at: now.into() };
        changes.append(note.arrival(workspace, now));
    }
}

/// Gives every held run a timer, in the changeset that resumes the journey: a crash between the two would leave
/// runs asleep for ever.
fn wake_runs(
    store: &Store,
    changes: &mut Changeset,
    workspace: WorkspaceId,
    journey_id: &str,
    paused_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let held = store.read(|tx| tx.held_runs(workspace, journey_id, &after))?;
        let Some((last, ..)) = held.last() else { return Ok(()) };
        after.clone_from(last);
        for (run_id, doc, _) in held {
            let run: Value = serde_json::from_str(&doc).unwrap_or_default();
            let Some(profile) = run["profile"].as_i64().map(kit::ProfileNo) else { continue };
            changes.set_timer(TimerRow {
                due_at: now,
                workspace,
                kind: timer_kind::RESUME.into(),
                profile,
                subject: format!("{run_id}:{}", paused_at.ms()),
            });
        }
    }
}
