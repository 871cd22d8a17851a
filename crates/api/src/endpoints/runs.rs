//! One profile's ways through journeys, each with its log.

use crate::caller::{Reader, Sending};
use crate::endpoints::journeys::journey_id;
use crate::endpoints::profiles::by_id;
use crate::listing::{Page, Paging, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use domain::identifier::IdentifierKind;
use domain::journey::{LogEntry, Run, RunState, Waiting};
use domain::profile::Profile;
use engine::Note;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::journeys::{RunRow, StepRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(of_profile))
        .routes(routes!(of_journey))
        .routes(routes!(find))
        .routes(routes!(stop))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    id: String,
    journey_id: String,
    version: i64,
    profile_id: String,
    /// The profile's name, else an address; in lists of a journey alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// `active`, `completed`, `exited`, `goal_reached` or `failed`.
    state: String,
    /// Why it was left or failed.
    reason: Option<String>,
    /// Where it is or ended.
    node: Option<String>,
    /// What it waits for, if it is not time alone: events by name, or `the condition`.
    waits_for: Option<String>,
    /// When it goes on by itself; null while its journey is paused.
    due_at: Option<String>,
    started_at: String,
    ended_at: Option<String>,
}

impl RunView {
    pub fn of(row: RunRow, profile_id: String) -> RunView {
        let run: Option<Run> = serde_json::from_str(&row.doc).ok();
        let reason = run.as_ref().and_then(|run| match &run.state {
            RunState::Exited { reason } | RunState::Failed { reason } => Some(reason.clone()),
            RunState::Active | RunState::Completed | RunState::GoalReached => None,
        });
        let waits_for = run.and_then(|run| match run.waiting {
            Some(Waiting::ForEvent { event, .. }) => Some(event),
            Some(Waiting::ForCondition { .. }) => Some("the condition".to_owned()),
            _ => None,
        });
        RunView {
            id: row.run_id,
            journey_id: row.journey_id,
            version: row.version,
            profile_id,
            person: None,
            waits_for: waits_for.filter(|_| row.state == "active"),
            state: row.state,
            reason,
            node: Some(row.node).filter(|node| !node.is_empty()),
            due_at: iso_opt(row.due_at),
            started_at: iso(row.started_at),
            ended_at: iso_opt(row.ended_at),
        }
    }
}

/// A line of a run's log.
#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    at: String,
    /// Null for the run as a whole.
    node: Option<String>,
    /// Stable: `branch.taken`.
    code: String,
    /// In words.
    text: String,
    /// What the text is made of.
    #[schema(value_type = Object)]
    params: Value,
}

impl StepView {
    fn of(row: StepRow) -> StepView {
        let params: Value = serde_json::from_str(&row.params).unwrap_or_default();
        let entry: Result<LogEntry, _> =
            serde_json::from_value(json!({ "at": row.at.ms(), "code": row.code, "params": params }));
        StepView {
            at: iso(row.at),
            node: Some(row.node).filter(|node| !node.is_empty()),
            text: entry.map_or_else(|_| row.code.clone(), |entry| entry.to_string()),
            code: row.code,
            params,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct RunWithLog {
    #[serde(flatten)]
    run: RunView,
    log: Vec<StepView>,
}

/// A profile's runs
///
/// The newest 200.
#[utoipa::path(get, path = "/profiles/{id}/runs", tag = "profiles", params(("id" = String, Path)), responses((status = 200, body = Page<RunView>)))]
async fn of_profile(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<RunView>>> {
    let workspace = caller.workspace;
    let profile = by_id(&services, workspace, &id).await?.profile;
    let rows = services.read(move |tx| tx.runs_of_profile(workspace, profile.no)).await?;
    let profile_id = profile.id.to_string();
    Ok(Json(Page::whole(rows.into_iter().map(|row| RunView::of(row, profile_id.clone())).collect())))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunsQuery {
    /// Only runs that are at this node, or ended there.
    node: Option<String>,
    /// Only `active`, `completed`, `exited`, `goal_reached` or `failed` ones.
    state: Option<String>,
    /// Items in a page, 1 to 500; 50 when not given.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The name of a profile, else where it can be reached.
fn name_of(profile: &Profile) -> Option<String> {
    let attribute = |name: &str| profile.attribute(name).and_then(Value::as_str).map(str::to_owned);
    let known = |kind: IdentifierKind| {
        let found = profile.identifiers.iter().find(|known| known.identifier.kind == kind);
        found.map(|known| known.identifier.value.clone())
    };
    let named = attribute("name").filter(|name| !name.trim().is_empty());
    named.or_else(|| known(IdentifierKind::Email)).or_else(|| known(IdentifierKind::Phone))
}

/// A journey's runs
///
/// Newest first.
#[utoipa::path(get, path = "/journeys/{id}/runs", tag = "journeys", params(("id" = String, Path), RunsQuery), responses((status = 200, body = Page<RunView>)))]
async fn of_journey(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(query): Asked<RunsQuery>,
) -> Answer<Json<Page<RunView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let (node, state) = (query.node.unwrap_or_default(), query.state.unwrap_or_default());
    if !matches!(state.as_str(), "" | "active" | "completed" | "exited" | "goal_reached" | "failed") {
        return Err(Problem::field("state", "active, completed, exited, goal_reached or failed"));
    }
    let before = paging.after::<1>()?.map_or_else(|| "Z".repeat(26), |[id]| id);
    let journey_id = journey_id(&id)?;
    let found = services
        .read(move |tx| {
            if tx.journey(workspace, &journey_id)?.is_none() {
                return Ok(None);
            }
            let rows = if node.is_empty() && state.is_empty() {
                tx.runs_of_journey(workspace, &journey_id, &before, limit + 1)?
            } else {
                tx.runs_of_journey_at(workspace, &journey_id, (&node, &state), &before, limit + 1)?
            };
            let keys: Vec<_> = rows.iter().map(|row| (workspace, row.profile)).collect();
            let ids: BTreeMap<_, _> = tx
                .profiles(&keys)?
                .into_iter()
                .map(|(_, stored)| {
                    (stored.profile.no, (stored.profile.id.to_string(), name_of(&stored.profile)))
                })
                .collect();
            Ok(Some((rows, ids)))
        })
        .await?;
    let (rows, ids) = found.ok_or_else(|| Problem::not_found("the journey"))?;
    let show = |row: RunRow| {
        let (profile_id, person) = ids.get(&row.profile).cloned().unwrap_or_default();
        RunView { person, ..RunView::of(row, profile_id) }
    };
    Ok(Json(Page::of(rows, limit, |row| [row.run_id.clone()], show)))
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<Json<RunWithLog>> {
    let id = id.to_uppercase();
    let found = services
        .read(move |tx| {
            let Some(row) = tx.run(workspace, &id)? else { return Ok(None) };
            let profile = tx.profile(workspace, row.profile)?;
            Ok(Some((profile.map(|stored| stored.profile.id.to_string()), tx.steps(workspace, &id)?, row)))
        })
        .await?;
    let (profile_id, steps, row) = found.ok_or_else(|| Problem::not_found("the run"))?;
    let run = RunView::of(row, profile_id.unwrap_or_default());
    Ok(Json(RunWithLog { run, log: steps.into_iter().map(StepView::of).collect() }))
}

/// Read a run
///
/// With its log: why it did what it did.
#[utoipa::path(get, path = "/runs/{id}", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = RunWithLog)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<RunWithLog>> {
    shown(&services, caller.workspace, &id).await
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Stop {
    /// Written into its log; `stopped_by_staff` when not given.
    reason: Option<String>,
}

/// Stop a run
///
/// Takes the profile out of the journey. A run that is over stays as it is.
#[utoipa::path(post, path = "/runs/{id}/stop", tag = "journeys", params(("id" = String, Path)), request_body = Stop, responses((status = 200, body = RunWithLog)))]
async fn stop(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
    Told(told): Told<Stop>,
) -> Answer<Json<RunWithLog>> {
    let reason = told.reason.unwrap_or_else(|| "stopped_by_staff".into());
    if reason.is_empty() || reason.len() > 200 {
        return Err(Problem::field("reason", "from 1 to 200 bytes"));
    }
    let before = shown(&services, caller.workspace, &id).await?;
    if before.run.state == "active" {
        let note = Note::StopRun { run_id: before.run.id.clone(), reason, at: services.now().into() };
        services.note(caller.workspace, &note).await?;
    }
    shown(&services, caller.workspace, &id).await
}
