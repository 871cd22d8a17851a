//! What is now: what somebody has to see to, what comes next, and how sending is doing.

use crate::caller::{Caller, Reader};
use crate::endpoints::budgets::{is_near, spent_of};
use crate::endpoints::register_source::unread;
use crate::endpoints::returns::last_visit;
use crate::listing::{iso, iso_opt};
use crate::problem::Answer;
use crate::services::{Services, workspace_of};
use axum::Json;
use axum::extract::State;
use domain::consent::Channel;
use domain::local_time::local_date;
use domain::roles::Permission;
use engine::segments::people_count;
use kit::{DAY_MS, MINUTE_MS, Timestamp, WorkspaceId};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::home::Span;
use store::journeys::JourneyRow;
use store::{ReadTx, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(attention))
}

/// Messages that are counted when they wait; there may be more.
const WAITING_MAX: i64 = 10_000;
const NEXT_MAX: i64 = 8;
/// Jobs that are looked at, and for how long one that went wrong is told of.
const JOBS_MAX: i64 = 30;
const JOB_DAYS: i64 = 7;
/// Requests that are due so soon are told of.
const REQUEST_DAYS: i64 = 3;
/// A queue or an inbox that waits longer than this lags.
const LAG_MS: i64 = 15 * MINUTE_MS;
/// Rates are told of when there are so many messages to reckon them by.
const RATE_MESSAGES_MIN: i64 = 200;
/// What mail providers take for a sign of spam, in ten-thousandths.
const COMPLAINTS_MAX: i64 = 10;
const BOUNCES_MAX: i64 = 200;
const FAILURES_MAX: i64 = 1_000;
const HEALTH_DAYS: i64 = 7;

#[derive(Debug, Serialize, ToSchema)]
struct Attention {
    made_at: String,
    /// The most urgent first.
    alerts: Vec<Alert>,
    next: Vec<NextThing>,
    health: Health,
    shop: ShopFacts,
}

/// Something that somebody has to see to.
#[derive(Debug, Serialize, ToSchema)]
struct Alert {
    /// `channel_not_set_up`, `channel_misconfigured`, `queue_lags`, `inbox_lags`, `failures_high`, `bounces_high`,
    /// `complaints_high`, `set_aside`, `requests_overdue`, `requests_due`, `import_failed`, `import_rejected`,
    /// `export_failed`, `campaign_stopped`, `journey_stopped`, `register_failed`, `journeys_paused`, `journeys_draft`, `campaigns_draft`,
    /// `address_missing`, `returns_unread`, `budget_near`, `budget_spent`.
    kind: String,
    /// `error`, `warning` or `info`.
    level: String,
    /// How many of them.
    count: i64,
    /// The one that it is about, or the first of them.
    id: Option<String>,
    name: Option<String>,
    /// In the words of whoever refused, where there are some.
    detail: Option<String>,
    channel: Option<String>,
    /// When it is due, or since when it is so.
    at: Option<String>,
}

impl Alert {
    fn new(kind: &str, level: &str, count: i64) -> Alert {
        Alert {
            kind: kind.into(),
            level: level.into(),
            count,
            id: None,
            name: None,
            detail: None,
            channel: None,
            at: None,
        }
    }

    fn about(mut self, id: &str, name: &str) -> Alert {
        self.id = Some(id.to_owned());
        self.name = Some(name.to_owned());
        self
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct NextThing {
    /// `campaign` or `request`.
    kind: String,
    id: String,
    name: String,
    at: String,
    channel: Option<String>,
    state: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    channels: Vec<ChannelHealth>,
    /// Of the last seven days; null with fewer than 200 messages. From 0 to 1.
    failure_rate: Option<f64>,
    bounce_rate: Option<f64>,
    complaint_rate: Option<f64>,
    /// Messages that channels took in the last seven days.
    sent: i64,
    failed: i64,
    bounced: i64,
    complained: i64,
    /// What clients told and is not processed yet, of all workspaces.
    inbox: i64,
    inbox_oldest_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ChannelHealth {
    channel: String,
    is_set_up: bool,
    enabled: bool,
    /// Messages that are due and wait, up to 10,000, and since when the first one does.
    waiting: i64,
    waits_since: Option<String>,
    /// Why messages wait, by code; empty: their time has not come.
    reasons: BTreeMap<String, i64>,
    sent: i64,
    failed: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ShopFacts {
    name: String,
    people: u64,
    journeys_active: i64,
    journeys_draft: i64,
    segments: i64,
    campaigns_under_way: i64,
}

/// Show what needs attention
///
/// What is wrong or waits for a decision, what comes next, and how sending does. It depends on what the caller may see.
#[utoipa::path(get, path = "/reports/attention", tag = "reports", responses((status = 200, body = Attention)))]
async fn attention(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<Attention>> {
    let now = services.now();
    Ok(Json(services.read(move |tx| look(tx, &caller, now)).await?))
}

fn look(tx: &mut ReadTx<'_>, caller: &Caller, now: Timestamp) -> Result<Attention, StoreError> {
    let workspace = caller.workspace;
    let shop = workspace_of(tx, workspace)?;
    let mut alerts = Vec::new();
    let health = health(tx, workspace, now, &mut alerts)?;
    let (journeys_active, journeys_draft) = journeys(tx, workspace, &mut alerts)?;
    let mut next = campaigns(tx, workspace, &mut alerts)?;
    if caller.needs(Permission::HandleRequests).is_ok() {
        requests(tx, workspace, now, &mut alerts)?;
    }
    jobs(tx, workspace, now, &mut alerts)?;
    if caller.needs(Permission::ManageWorkspace).is_ok()
        && let Some(row) = tx.register_source(workspace)?
    {
        let fault = if row.fault.is_empty() { unread(tx, workspace, &row.job_id)? } else { Some(row.fault) };
        if fault.is_some() {
            let mut alert = Alert::new("register_failed", "warning", 1);
            (alert.detail, alert.at) = (fault, iso_opt(row.fetched_at));
            alerts.push(alert);
        }
    }
    if !tx.set_aside_page(workspace, i64::MAX, 1)?.is_empty() {
        let count = tx.set_aside_page(workspace, i64::MAX, 100)?.len() as i64;
        alerts.push(Alert::new("set_aside", "warning", count));
    }
    if shop.settings.shop.address.trim().is_empty() && journeys_active > 0 {
        alerts.push(Alert::new("address_missing", "warning", 1));
    }
    if let Some((_, Some(visit))) = last_visit(tx, workspace)?
        && !visit.fault.is_empty()
    {
        let mut alert = Alert::new("returns_unread", "warning", 1);
        (alert.detail, alert.at) = (Some(visit.fault), iso_opt(Some(visit.visited_at)));
        alerts.push(alert);
    }
    let today = local_date(now, &shop.settings.zone());
    for budget in tx.budgets_of(workspace)? {
        let spent = spent_of(tx, &budget, today)?.amount;
        if is_near(budget.amount, spent) {
            // Nothing more fits in, as far as whole amounts tell.
            let is_over = spent >= budget.amount;
            let (kind, level) = if is_over { ("budget_spent", "error") } else { ("budget_near", "warning") };
            let mut alert = Alert::new(kind, level, 1).about(&budget.scope, &budget.scope);
            alert.detail = Some(format!("{spent}/{}", budget.amount));
            alerts.push(alert);
        }
    }
    let weight = |alert: &Alert| match alert.level.as_str() {
        "error" => 0,
        "warning" => 1,
        _ => 2,
    };
    alerts.sort_by_key(weight);
    let campaigns_under_way = next.iter().filter(|thing| thing.state == "sending").count() as i64;
    next.sort_by(|a, b| a.at.cmp(&b.at));
    let segments = tx.segments(workspace)?.iter().filter(|row| row.state != "archived").count() as i64;
    let name = match shop.settings.shop.name.trim() {
        "" => shop.name.clone(),
        name => name.to_owned(),
    };
    Ok(Attention {
        made_at: iso(now),
        alerts,
        next,
        health,
        shop: ShopFacts {
            name,
            people: people_count(tx, workspace)?,
            journeys_active,
            journeys_draft,
            segments,
            campaigns_under_way,
        },
    })
}

/// `part` of `whole` in ten-thousandths.
fn share(part: i64, whole: i64) -> i64 {
    if whole > 0 { part.saturating_mul(10_000) / whole } else { 0 }
}

fn health(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
    alerts: &mut Vec<Alert>,
) -> Result<Health, StoreError> {
    let span = Span { from: now.plus_ms(-HEALTH_DAYS * DAY_MS), to: now.plus_ms(1) };
    let mut sent: BTreeMap<String, i64> = BTreeMap::new();
    for row in tx.sent(workspace, span)? {
        *sent.entry(row.channel).or_default() += row.count;
    }
    let mut failed: BTreeMap<String, i64> = BTreeMap::new();
    for row in tx.not_sent(workspace, span)? {
        if row.state == "failed" || row.state == "unknown" {
            *failed.entry(row.channel).or_default() += row.count;
        }
    }
    let (mut bounced, mut complained) = (0, 0);
    for (_, reason, count) in tx.suppressed(workspace, span)? {
        match reason.as_str() {
            "hard_bounce" => bounced += count,
            "complaint" => complained += count,
            _ => {}
        }
    }
    let set_up = tx.channels()?;
    let mut channels = Vec::new();
    for channel in Channel::ALL.iter().filter(|channel| !matches!(channel, Channel::Webhook)) {
        let name = channel.as_str();
        let row = set_up.iter().find(|row| row.workspace == workspace && row.channel == name);
        let (waiting, oldest) = tx.overdue(workspace, name, now, WAITING_MAX)?;
        let reasons = tx.waiting_reasons(workspace, name, WAITING_MAX)?;
        for (reason, kind) in
            [("channel_not_set_up", "channel_not_set_up"), ("channel_misconfigured", "channel_misconfigured")]
        {
            if let Some(count) = reasons.get(reason) {
                let mut alert = Alert::new(kind, "error", *count);
                alert.channel = Some(name.to_owned());
                alert.at = iso_opt(oldest);
                alerts.push(alert);
            }
        }
        let lags = oldest.is_some_and(|oldest| now.since_ms(oldest) > LAG_MS);
        let is_explained = reasons.keys().any(|reason| reason.starts_with("channel_"));
        if lags && !is_explained {
            let mut alert = Alert::new("queue_lags", "warning", waiting);
            alert.channel = Some(name.to_owned());
            alert.at = iso_opt(oldest);
            alerts.push(alert);
        }
        channels.push(ChannelHealth {
            channel: name.to_owned(),
            is_set_up: row.is_some(),
            enabled: row.is_some_and(|row| row.enabled),
            waiting,
            waits_since: iso_opt(oldest),
            reasons,
            sent: sent.get(name).copied().unwrap_or(0),
            failed: failed.get(name).copied().unwrap_or(0),
        });
    }
    let (sent, failed): (i64, i64) = (sent.values().sum(), failed.values().sum());
    let tried = sent + failed;
    if tried >= RATE_MESSAGES_MIN {
        for (kind, count, whole, max) in [
            ("complaints_high", complained, sent, COMPLAINTS_MAX),
            ("bounces_high", bounced, tried, BOUNCES_MAX),
            ("failures_high", failed, tried, FAILURES_MAX),
        ] {
            if share(count, whole) > max {
                alerts.push(Alert::new(kind, "error", count));
            }
        }
    }
    let rate = |count: i64, whole: i64| (whole >= RATE_MESSAGES_MIN).then(|| count as f64 / whole as f64);
    let backlog = tx.backlog()?;
    if backlog.oldest_at.is_some_and(|oldest| now.since_ms(oldest) > LAG_MS) {
        let mut alert = Alert::new("inbox_lags", "warning", backlog.items);
        alert.at = iso_opt(backlog.oldest_at);
        alerts.push(alert);
    }
    Ok(Health {
        channels,
        failure_rate: rate(failed, tried),
        bounce_rate: rate(bounced, tried),
        complaint_rate: rate(complained, sent),
        sent,
        failed,
        bounced,
        complained,
        inbox: backlog.items,
        inbox_oldest_at: iso_opt(backlog.oldest_at),
    })
}

fn journeys(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    alerts: &mut Vec<Alert>,
) -> Result<(i64, i64), StoreError> {
    let rows = tx.journeys(workspace)?;
    let of = |status: &str| rows.iter().filter(|row| row.status == status).collect::<Vec<_>>();
    let is_stopped = |row: &JourneyRow| row.status == "paused" && !row.detail.is_empty();
    for row in rows.iter().filter(|row| is_stopped(row)) {
        let mut alert = Alert::new("journey_stopped", "warning", 1).about(&row.journey_id, &row.name);
        alert.detail = Some(row.detail.clone());
        alerts.push(alert);
    }
    for (status, kind, level) in
        [("paused", "journeys_paused", "warning"), ("draft", "journeys_draft", "info")]
    {
        let some: Vec<_> = of(status).into_iter().filter(|row| !is_stopped(row)).collect();
        if let Some(first) = some.iter().max_by_key(|row| row.updated_at) {
            alerts.push(Alert::new(kind, level, some.len() as i64).about(&first.journey_id, &first.name));
        }
    }
    Ok((of("active").len() as i64, of("draft").len() as i64))
}

fn campaigns(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    alerts: &mut Vec<Alert>,
) -> Result<Vec<NextThing>, StoreError> {
    use store::campaigns::CampaignFilter;
    let mut of = |state: &str| {
        let filter = CampaignFilter { state, ..CampaignFilter::default() };
        tx.campaign_page(workspace, (Timestamp::MAX, ""), 50, filter)
    };
    let drafts = of("draft")?;
    if let Some(first) = drafts.first() {
        let alert = Alert::new("campaigns_draft", "info", drafts.len() as i64);
        alerts.push(alert.about(&first.campaign_id, &first.name));
    }
    let mut next = Vec::new();
    for state in ["sending", "scheduled", "paused"] {
        for row in of(state)? {
            if !row.detail.is_empty() {
                let mut alert =
                    Alert::new("campaign_stopped", "warning", 1).about(&row.campaign_id, &row.name);
                alert.detail = Some(row.detail.clone());
                alerts.push(alert);
            }
        }
    }
    for row in tx.scheduled_campaigns(workspace, NEXT_MAX)? {
        next.push(NextThing {
            kind: "campaign".into(),
            id: row.campaign_id,
            name: row.name,
            at: iso(row.next_at),
            channel: Some(row.channel),
            state: row.state,
        });
    }
    Ok(next)
}

fn requests(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
    alerts: &mut Vec<Alert>,
) -> Result<(), StoreError> {
    let soon = now.plus_ms(REQUEST_DAYS * DAY_MS);
    let rows = tx.open_requests(workspace, soon, (Timestamp::MIN, ""), 100)?;
    let (over, due): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.due_at < now);
    for (rows, kind, level) in [(over, "requests_overdue", "error"), (due, "requests_due", "warning")] {
        if let Some(first) = rows.first() {
            let mut alert = Alert::new(kind, level, rows.len() as i64);
            alert.id = Some(first.request_id.clone());
            alert.at = Some(iso(first.due_at));
            alerts.push(alert);
        }
    }
    Ok(())
}

fn jobs(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
    alerts: &mut Vec<Alert>,
) -> Result<(), StoreError> {
    let since = now.plus_ms(-JOB_DAYS * DAY_MS);
    for job in tx.job_page(workspace, (Timestamp::MAX, ""), "", JOBS_MAX)? {
        if job.updated_at < since {
            continue;
        }
        let progress: Value = serde_json::from_str(&job.progress).unwrap_or_default();
        let rejected = progress["rows_rejected"].as_i64().unwrap_or(0);
        let (kind, level, count) = match (job.kind.as_str(), job.state.as_str()) {
            ("import", "failed") => ("import_failed", "error", 1),
            ("export", "failed") => ("export_failed", "warning", 1),
            ("import", "completed") if rejected > 0 => ("import_rejected", "warning", rejected),
            _ => continue,
        };
        let mut alert = Alert::new(kind, level, count).about(&job.job_id, &job.name);
        alert.at = Some(iso(job.updated_at));
        alert.detail = progress["error"].as_str().map(str::to_owned);
        alerts.push(alert);
    }
    Ok(())
}
