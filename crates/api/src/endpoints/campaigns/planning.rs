//! What helps to plan: how large an audience is, when the runs of a schedule are, and what goes on which day.

use super::{campaign_of, failed};
use crate::caller::Reader;
use crate::listing::{instant, iso};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::State;
use domain::campaign::{Campaign, Schedule};
use engine::campaigns::{self, Reach, ReachOf, definition_of};
use kit::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::campaigns::{Archived, CampaignFilter, CampaignRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Days that a calendar shows at once.
const CALENDAR_DAYS_MAX: i64 = 100;
/// Runs that a calendar shows, those past and those to come each.
const CALENDAR_RUNS_MAX: usize = 1_000;
/// Campaigns in force that a calendar looks at.
const IN_FORCE_MAX: i64 = 500;
/// Dates of a schedule that are told, and how far ahead they are looked for.
const UPCOMING_MAX: usize = 20;
const UPCOMING_DAYS: i64 = 366 * 5;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(reach)).routes(routes!(upcoming)).routes(routes!(calendar))
}

/// Why people would not get it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReasonCount)]
struct ReasonView {
    reason: String,
    people: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelReach)]
struct ChannelView {
    channel: String,
    /// Who has an address.
    address: u64,
    /// Whom the rules would let through, at once or after a wait.
    reachable: u64,
    refused: Vec<ReasonView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignReach)]
struct ReachView {
    /// Whom the audience names.
    named: u64,
    excluded: Vec<ReasonView>,
    /// Who is to get it.
    audience: u64,
    /// Whether everybody was looked at for the channels; else 2,000 people, evenly spread, stand for all.
    exact: bool,
    channels: Vec<ChannelView>,
    /// A segment that is still being computed, or is no more; then all numbers are 0.
    waits_for: Option<String>,
}

fn listed(reasons: BTreeMap<String, u64>, scale: impl Fn(u64) -> u64) -> Vec<ReasonView> {
    let mut all: Vec<ReasonView> =
        reasons.into_iter().map(|(reason, people)| ReasonView { reason, people: scale(people) }).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.people));
    all
}

impl ReachView {
    fn of(found: Reach) -> ReachView {
        let Reach { named, excluded, audience, looked_at, channels } = found;
        // Of a sample: as many of all.
        let scale = |people: u64| match looked_at {
            0 => 0,
            _ => u64::try_from(u128::from(people) * u128::from(audience) / u128::from(looked_at))
                .unwrap_or(audience),
        };
        let channel = |(channel, of): (String, ReachOf)| ChannelView {
            channel,
            address: scale(of.address),
            reachable: scale(of.reachable),
            refused: listed(of.refused, scale),
        };
        ReachView {
            named,
            excluded: listed(excluded, |people| people),
            audience,
            exact: looked_at == audience,
            channels: channels.into_iter().map(channel).collect(),
            waits_for: None,
        }
    }

    fn waiting(segment: String) -> ReachView {
        ReachView { waits_for: Some(segment), ..ReachView::of(Reach::default()) }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReachCall {
    /// As in a campaign.
    #[schema(value_type = Object)]
    audience: Value,
    /// As in a campaign.
    #[serde(default)]
    #[schema(value_type = Object)]
    exclude: Value,
    /// `marketing` when not given.
    purpose: Option<String>,
}

/// Count an audience
///
/// Before anything is saved: whom it names, who is left out, and on which channels those who stay can be reached.
#[utoipa::path(post, path = "/campaigns/reach", tag = "campaigns", request_body = ReachCall, responses((status = 200, body = ReachView)))]
async fn reach(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<ReachCall>,
) -> Answer<Json<ReachView>> {
    let workspace = caller.workspace;
    let mut whole = serde_json::json!({ "name": "-", "audience": told.audience });
    if !told.exclude.is_null() {
        whole["exclude"] = told.exclude;
    }
    if let Some(purpose) = told.purpose {
        whole["purpose"] = purpose.into();
    }
    let campaign = campaign_of(whole)?;
    let view = services
        .aside(move |services| {
            let settings = services.store.read(|tx| workspace_of(tx, workspace))?;
            let found =
                campaigns::reach(&services.store, &settings, &campaign, services.now()).map_err(failed)?;
            Ok(found.map_or_else(ReachView::waiting, ReachView::of))
        })
        .await?;
    Ok(Json(view))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpcomingCall {
    /// As in a campaign.
    #[schema(value_type = Object)]
    schedule: Value,
    /// Dates that are told at most, 1 to 20; 5 when not given.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UpcomingRun {
    /// When the run begins.
    starts_at: String,
    /// The wall-clock time at which each recipient gets it, where they have their own: `2027-03-08T09:00`.
    local: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UpcomingView {
    /// In plain words, in the language of the workspace.
    words: String,
    runs: Vec<UpcomingRun>,
}

/// Tell the dates of a schedule
///
/// The next runs, were it launched now. None when its time is over.
#[utoipa::path(post, path = "/campaigns/upcoming", tag = "campaigns", request_body = UpcomingCall, responses((status = 200, body = UpcomingView)))]
async fn upcoming(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<UpcomingCall>,
) -> Answer<Json<UpcomingView>> {
    let workspace = caller.workspace;
    let limit = told.limit.unwrap_or(5);
    if !(1..=UPCOMING_MAX).contains(&limit) {
        return Err(Problem::field("limit", "from 1 to 20"));
    }
    let whole = serde_json::json!({ "name": "-", "schedule": told.schedule });
    let schedule = campaign_of(whole)?.schedule;
    let now = services.now();
    let settings = services.read(move |tx| workspace_of(tx, workspace)).await?.settings;
    let planned = schedule.upcoming(now, now.plus_ms(UPCOMING_DAYS * DAY_MS), &settings.zone(), limit);
    let runs = planned
        .into_iter()
        .map(|planned| UpcomingRun {
            starts_at: iso(planned.starts_at),
            local: planned.local.map(|local| local.strftime("%Y-%m-%dT%H:%M").to_string()),
        })
        .collect();
    Ok(Json(UpcomingView { words: schedule.in_words(&settings.language), runs }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CalendarQuery {
    /// An instant.
    from: String,
    /// An instant, at most 100 days later.
    until: String,
}

/// A run of a campaign, past or to come.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarRun {
    campaign_id: String,
    name: String,
    channel: String,
    /// Of the campaign.
    state: String,
    at: String,
    /// The number of the run, if it began.
    run: Option<i64>,
    /// Whether it comes again and again.
    recurs: bool,
    /// Whom it was to reach, of a run that began.
    audience: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CalendarView {
    items: Vec<CalendarRun>,
    /// Whether there are more runs than are shown.
    cut: bool,
}

/// Read the calendar
///
/// Every run of every campaign that began or will begin in a time, in that order.
#[utoipa::path(get, path = "/campaigns/calendar", tag = "campaigns", params(CalendarQuery), responses((status = 200, body = CalendarView)))]
async fn calendar(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<CalendarQuery>,
) -> Answer<Json<CalendarView>> {
    let workspace = caller.workspace;
    let (from, until) = (instant("from", &query.from)?, instant("until", &query.until)?);
    if until < from || until.since_ms(from) > CALENDAR_DAYS_MAX * DAY_MS {
        return Err(Problem::field("until", "later than from, by at most 100 days"));
    }
    let now = services.now();
    let view = services
        .read(move |tx| {
            let zone = workspace_of(tx, workspace)?.settings.zone();
            let most = CALENDAR_RUNS_MAX as i64;
            let past = tx.campaign_runs_between(workspace, from, until, most + 1)?;
            let mut cut = past.len() > CALENDAR_RUNS_MAX;
            let mut items: Vec<(Timestamp, CalendarRun)> = Vec::new();
            let mut known: BTreeMap<String, CampaignRow> = BTreeMap::new();
            for (id, run) in past.into_iter().take(CALENDAR_RUNS_MAX) {
                if !known.contains_key(&id)
                    && let Some(row) = tx.campaign(workspace, &id)?
                {
                    known.insert(id.clone(), row);
                }
                let Some(row) = known.get(&id) else { continue };
                let doc = campaigns::Doc::read(&run.doc).unwrap_or_default();
                let shown = CalendarRun {
                    run: Some(run.run_no),
                    audience: Some(doc.audience),
                    ..entry(row, run.started_at)
                };
                items.push((run.started_at, shown));
            }
            for state in ["scheduled", "sending", "paused"] {
                let filter = CampaignFilter { state, archived: Archived::Too, ..CampaignFilter::default() };
                for row in tx.campaign_page(workspace, (Timestamp::MAX, ""), IN_FORCE_MAX, filter)? {
                    let Some(next_at) = row.next_at else { continue };
                    let Ok(Campaign { schedule, .. }) = definition_of(&row) else { continue };
                    let mut at = Some(next_at);
                    let mut left = CALENDAR_RUNS_MAX;
                    while let Some(next) = at.filter(|at| *at < until && left > 0) {
                        left -= 1;
                        if next >= from {
                            items.push((next, entry(&row, next)));
                        }
                        at = match &schedule {
                            Schedule::Recurring(_) => schedule.due(next, next.max(now), &zone).1,
                            _ => None,
                        }
                        .map(|planned| planned.starts_at);
                    }
                    cut |= left == 0;
                }
            }
            items.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
            Ok(CalendarView { items: items.into_iter().map(|(_, shown)| shown).collect(), cut })
        })
        .await?;
    Ok(Json(view))
}

fn entry(row: &CampaignRow, at: Timestamp) -> CalendarRun {
    let recurs = definition_of(row).is_ok_and(|campaign| campaign.schedule.recurs());
    CalendarRun {
        campaign_id: row.campaign_id.clone(),
        name: row.name.clone(),
        channel: row.channel.clone(),
        state: row.state.clone(),
        at: iso(at),
        run: None,
        recurs,
        audience: None,
    }
}
