//! What a shop does to a journey as a whole: puts a version in force, halts it, lets it go on.

use crate::campaigns::{definition_of, pause_because};
use crate::world::timer_kind;
use crate::{Draft, EngineError, Note, configure};
use domain::consent::Channel;
use domain::journey::{Definition, Trigger};
use domain::template::design::Design;
use kit::{Timestamp, WorkspaceId};
use serde_json::Value;
use std::collections::BTreeSet;
use store::audit::AuditEntry;
use store::campaigns::CampaignFilter;
use store::journeys::{JourneyRow, TimerRow};
use store::messages::TemplateRow;
use store::{Changeset, ReadTx, Store, StoreError};

/// How often a journey is stopped anew when somebody writes it at the same moment.
const STOP_TRIES: u32 = 20;
/// Campaigns read at once.
const CAMPAIGNS_PAGE: i64 = 200;

/// A template of which a provider sends nothing any more.
pub(crate) struct RefusedTemplate {
    pub workspace: WorkspaceId,
    pub channel: Channel,
    /// The provider's number of it.
    pub template_id: String,
    /// What the provider said, for the shop.
    pub why: String,
}

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

/// Halts the journeys and campaigns that send a template which its provider refuses from now on, as a refused message
/// of it would. What stands still already is left as it is.
///
/// # Errors
/// The store's.
pub(crate) fn stop_senders(
    store: &Store,
    refused: &RefusedTemplate,
    now: Timestamp,
) -> Result<(), EngineError> {
    let RefusedTemplate { workspace, why, .. } = refused;
    let (journeys, campaigns) = store.read(|tx| senders_of(tx, refused))?;
    for id in journeys {
        stop_journey(store, *workspace, &id, why, now)?;
    }
    for id in campaigns {
        // One that has ended meanwhile has nothing to stop.
        drop(pause_because(store, *workspace, &id, why, now)?);
    }
    Ok(())
}

/// Active journeys and campaigns on their way that a template of the provider's is sent by.
fn senders_of(
    tx: &mut ReadTx<'_>,
    refused: &RefusedTemplate,
) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let (workspace, channel) = (refused.workspace, refused.channel);
    let templates = tx.templates(workspace)?;
    let own: BTreeSet<&str> = templates
        .iter()
        .filter(|row| row.channel == channel.as_str() && is_of(row, &refused.template_id))
        .map(|row| row.template_id.as_str())
        .collect();
    let mut found = (Vec::new(), Vec::new());
    if own.is_empty() {
        return Ok(found);
    }
    let sends = |way: (Channel, &str)| {
        let by_id = templates.iter().find(|row| row.template_id == way.1);
        let named = by_id.or_else(|| templates.iter().find(|row| row.name == way.1));
        way.0 == channel && named.is_some_and(|row| own.contains(row.template_id.as_str()))
    };
    let under_way = tx.journey_active_totals(workspace)?;
    for journey in tx.journeys(workspace)?.into_iter().filter(|journey| journey.status == "active") {
        // Runs stay with the version with which they began.
        let older =
            under_way.iter().filter(|(id, ..)| *id == journey.journey_id).map(|(_, version, _)| *version);
        for version in older.chain([journey.published]).collect::<BTreeSet<i64>>() {
            let text = tx.journey_version(workspace, &journey.journey_id, version)?;
            let definition = text.and_then(|(text, _)| Definition::parse(&text).ok());
            if definition.is_some_and(|definition| definition.templates().into_iter().any(sends)) {
                found.0.push(journey.journey_id);
                break;
            }
        }
    }
    for state in ["scheduled", "sending"] {
        let mut before = (Timestamp::MAX, String::new());
        loop {
            let filter = CampaignFilter { state, ..CampaignFilter::default() };
            let page = tx.campaign_page(workspace, (before.0, &before.1), CAMPAIGNS_PAGE, filter)?;
            let Some(last) = page.last() else { break };
            before = (last.created_at, last.campaign_id.clone());
            for row in page {
                let Ok(definition) = definition_of(&row) else { continue };
                let also = definition.ways.also.iter().map(|way| (way.channel, way.template.as_str()));
                let first = (definition.channel, definition.template.as_str());
                if also.chain([first]).any(sends) {
                    found.1.push(row.campaign_id);
                }
            }
        }
    }
    Ok(found)
}

/// Whether a template of the shop's is sent as this one of the provider's.
fn is_of(row: &TemplateRow, provider_id: &str) -> bool {
    let draft = serde_json::from_str::<Draft>(&row.source);
    matches!(draft.map(|draft| draft.design), Ok(Some(Design::Zns(zns))) if zns.template_id == provider_id)
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
