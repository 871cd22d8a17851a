//! What is kept for how long, and how much of it has been kept for long enough.

use crate::caller::Reader;
use crate::listing::iso;
use crate::problem::Answer;
use crate::services::{Services, workspace_of};
use axum::Json;
use axum::extract::State;
use engine::retention_cutoff;
use kit::{DAY_MS, ProfileNo, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use store::access::Workspace;
use store::{Changeset, ReadTx, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Rows of each kind that one round of housekeeping deletes.
const SLICE_ROWS: i64 = 10_000;
/// Profiles that are looked at to say how many visitors would go.
const VISITORS_LOOKED_AT: i64 = 20_000;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Deletes what is kept beside people: samples of refused messages, the oldest of the audit log. A slice a round.
pub fn expire(changes: &mut Changeset, workspace: &Workspace, now: Timestamp) {
    let before = |days: u32| now.plus_ms(-i64::from(days) * DAY_MS);
    let (id, settings) = (workspace.workspace, &workspace.settings);
    changes.expire_rejections(id, before(settings.rejection_retention_days), SLICE_ROWS);
    changes.expire_audit(id, before(settings.audit_retention_days), SLICE_ROWS);
    changes.expire_onsite(id, now);
}

#[derive(Debug, Serialize, ToSchema)]
struct RetentionView {
    /// What would go now, by event name; names without a rule are kept and not listed.
    events: Vec<EventsDue>,
    /// Messages whose words would be forgotten. The ledger stays.
    bodies: Due,
    /// Samples of messages that could not be taken in.
    rejections: Due,
    audit: Due,
    visitors: Visitors,
}

#[derive(Debug, Serialize, ToSchema)]
struct EventsDue {
    event: String,
    days: u32,
    /// Events from before this instant go.
    before: String,
    count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Due {
    days: u32,
    before: String,
    count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Visitors {
    /// 0: visitors are kept.
    days: u32,
    before: Option<String>,
    /// Among the newest profiles that were looked at.
    count: i64,
    looked_at: i64,
    /// Whether all profiles were looked at.
    is_exact: bool,
}

fn events_due(tx: &mut ReadTx<'_>, row: &Workspace, now: Timestamp) -> Result<Vec<EventsDue>, StoreError> {
    let mut due = Vec::new();
    for (workspace, name_no, event) in tx.event_names()? {
        if workspace != row.workspace {
            continue;
        }
        let Some(before) = retention_cutoff(&row.settings, &event, now) else { continue };
        let count = tx.old_event_count(workspace, name_no, before)?;
        let days = u32::try_from(now.since_ms(before) / DAY_MS).unwrap_or(u32::MAX);
        due.push(EventsDue { event, days, before: iso(before), count });
    }
    due.sort_by(|a, b| a.event.cmp(&b.event));
    Ok(due)
}

fn visitors_due(tx: &mut ReadTx<'_>, row: &Workspace, now: Timestamp) -> Result<Visitors, StoreError> {
    let days = row.settings.visitor_retention_days;
    if days == 0 {
        return Ok(Visitors { days, before: None, count: 0, looked_at: 0, is_exact: true });
    }
    let cutoff = now.plus_ms(-i64::from(days) * DAY_MS);
    let (mut count, mut looked_at, mut below) = (0, 0, ProfileNo(i64::MAX));
    loop {
        let page = tx.profile_page(row.workspace, below, 1_000)?;
        let Some(last) = page.last() else { break };
        below = last.profile.no;
        looked_at += page.len() as i64;
        let goes = |stored: &&store::people::StoredProfile| {
            let profile = &stored.profile;
            !profile.is_known() && profile.totals.orders == 0 && profile.last_seen_at.0 < cutoff
        };
        count += page.iter().filter(goes).count() as i64;
        if looked_at >= VISITORS_LOOKED_AT {
            return Ok(Visitors { days, before: Some(iso(cutoff)), count, looked_at, is_exact: false });
        }
    }
    Ok(Visitors { days, before: Some(iso(cutoff)), count, looked_at, is_exact: true })
}

/// Read what retention would delete
///
/// The rules are in the settings (`retention`, `body_retention_days`, `rejection_retention_days`,
/// `audit_retention_days`, `visitor_retention_days`). This counts what they would take now, and takes nothing;
/// housekeeping does so every hour, a little at a time.
#[utoipa::path(get, path = "/retention", tag = "workspace", responses((status = 200, body = RetentionView)))]
async fn show(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<RetentionView>> {
    let (workspace, now) = (caller.workspace, services.now());
    let view = services.read(move |tx| {
        let row = workspace_of(tx, workspace)?;
        let before = |days: u32| now.plus_ms(-i64::from(days) * DAY_MS);
        let due = |days: u32, count: i64| Due { days, before: iso(before(days)), count };
        let settings = row.settings.clone();
        let bodies = tx.old_body_count(workspace, before(settings.body_retention_days))?;
        let rejections = tx.old_rejection_count(workspace, before(settings.rejection_retention_days))?;
        let audit = tx.old_audit_count(workspace, before(settings.audit_retention_days))?;
        Ok(RetentionView {
            events: events_due(tx, &row, now)?,
            bodies: due(settings.body_retention_days, bodies),
            rejections: due(settings.rejection_retention_days, rejections),
            audit: due(settings.audit_retention_days, audit),
            visitors: visitors_due(tx, &row, now)?,
        })
    });
    view.await.map(Json)
}
