//! Counting before saving, and comparing: previews, differences, overlaps.

use super::members::population;
use super::{expanded, row_of};
use crate::caller::Reader;
use crate::problem::{Answer, Problem};
use crate::scans::{Found, FoundPeople, PersonInBrief, Running};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::condition::Condition;
use domain::consent::Purpose;
use domain::identifier::IdentifierKind;
use engine::segments::people_count;
use engine::segments::reach::{self, OnChannel, Reach};
use engine::segments::{Population, scan};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(preview))
        .routes(routes!(preview_state, cancel_preview))
        .routes(routes!(diff))
        .routes(routes!(overlap))
}

/// How long an estimate looks at profiles, in milliseconds.
const ESTIMATE_MS: i64 = 60;
/// How long a request waits for an exact count before it is told where to ask for it.
const EXACT_WAIT: Duration = Duration::from_secs(20);
/// Profiles shown of what a difference adds and removes.
const SAMPLE: usize = 10;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewCall {
    #[schema(value_type = Object)]
    definition: Value,
    /// Count everybody instead of estimating by a sample.
    #[serde(default)]
    exact: bool,
    /// With `exact`: show a few of them too, and on which channels they can be reached.
    #[serde(default)]
    people: bool,
}

/// How many members a definition has.
#[derive(Debug, Default, Serialize, ToSchema)]
struct PreviewView {
    /// Whether everybody was looked at.
    exact: bool,
    /// The exact number; null for an estimate, and while it is counted.
    count: Option<u64>,
    estimate: Option<u64>,
    /// From here to `high` lies the true number in 95 of 100 cases.
    low: Option<u64>,
    high: Option<u64>,
    /// Profiles looked at.
    sample: Option<u64>,
    /// Profiles that there are.
    profiles: Option<u64>,
    took_ms: Option<i64>,
    /// While it is counted: ask for it at `/segments/preview/{preview_id}`.
    preview_id: Option<String>,
    /// From 0 to 1.
    progress: Option<f64>,
    /// A few of the members, where `people` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Vec<PersonView>>,
    /// Where the members can be reached, where `people` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reach: Option<SegmentReach>,
}

/// On which channels an advertisement would get to the members.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentReach {
    members: u64,
    /// Whether everybody was looked at; else 2,000 members, evenly spread, stand for all.
    exact: bool,
    channels: Vec<SegmentChannel>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SegmentChannel {
    /// `email`, `sms`, `zalo` or `push`.
    channel: String,
    reachable: u64,
    /// The others by why not, most first.
    refused: Vec<SegmentRefusal>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SegmentRefusal {
    /// `no_address`, `no_consent`, `consent_pending`, `consent_denied`, `suppressed`, `restricted`, `holdout`.
    reason: String,
    people: u64,
}

impl SegmentReach {
    pub fn of(reach: &Reach, members: u64) -> SegmentReach {
        // Of a sample: as many of all.
        let scale = |people: u64| match reach.looked_at {
            0 => 0,
            looked_at => {
                let of_all = u128::from(people) * u128::from(members) / u128::from(looked_at);
                u64::try_from(of_all).unwrap_or(members)
            }
        };
        let channel = |on: &OnChannel| {
            let refusal = |(reason, people): (&&str, &u64)| SegmentRefusal {
                reason: (*reason).to_owned(),
                people: scale(*people),
            };
            let mut refused: Vec<_> = on.refused.iter().map(refusal).collect();
            refused.sort_by_key(|one| std::cmp::Reverse(one.people));
            SegmentChannel {
                channel: on.channel.as_str().to_owned(),
                reachable: scale(on.reachable),
                refused,
            }
        };
        let channels = reach.channels.iter().map(channel).collect();
        SegmentReach { members, exact: reach.looked_at == members, channels }
    }
}

impl PreviewView {
    fn counted(found: &Found) -> PreviewView {
        PreviewView {
            exact: true,
            count: Some(found.count),
            estimate: Some(found.count),
            low: Some(found.count),
            high: Some(found.count),
            sample: Some(found.profiles),
            profiles: Some(found.profiles),
            took_ms: Some(found.took_ms),
            progress: Some(1.0),
            people: found.people.as_ref().map(|people| people.sample.iter().map(PersonView::of).collect()),
            reach: found.people.as_ref().map(|people| SegmentReach::of(&people.reach, found.count)),
            ..PreviewView::default()
        }
    }

    fn under_way(running: &Running, id: &str) -> PreviewView {
        PreviewView {
            exact: true,
            preview_id: Some(id.to_owned()),
            progress: Some((running.progress.share() * 1_000.0).round() / 1_000.0),
            ..PreviewView::default()
        }
    }
}

pub async fn condition_of(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    definition: Value,
) -> Answer<Condition> {
    let condition = services.read(move |tx| Ok(expanded(tx, workspace, &definition))).await?;
    Ok(condition?)
}

/// Count before saving
///
/// An estimate at once, from a sample of profiles. With `exact`, everybody: an answer within seconds, or 202 with a
/// `preview_id` at which to ask on.
#[utoipa::path(post, path = "/segments/preview", tag = "segments", request_body = PreviewCall, responses((status = 200, body = PreviewView), (status = 202, body = PreviewView)))]
async fn preview(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<PreviewCall>,
) -> Answer<(StatusCode, Json<PreviewView>)> {
    let workspace = caller.workspace;
    let condition = condition_of(&services, workspace, told.definition).await?;
    if told.exact {
        return exact(&services, workspace, condition, told.people).await;
    }
    let view = services
        .aside(move |services| {
            let now = services.now();
            let mut seed = [0u8; 8];
            (services.fill_random)(&mut seed);
            let enough = || services.now().since_ms(now) >= ESTIMATE_MS;
            let seed = u64::from_le_bytes(seed);
            let told = scan::estimate(&services.store, workspace, &condition, now, seed, &enough)?;
            Ok(PreviewView {
                exact: told.sample == told.profiles,
                count: (told.sample == told.profiles).then_some(told.estimate),
                estimate: Some(told.estimate),
                low: Some(told.low),
                high: Some(told.high),
                sample: Some(told.sample),
                profiles: Some(told.profiles),
                took_ms: Some(services.now().since_ms(now)),
                ..PreviewView::default()
            })
        })
        .await?;
    Ok((StatusCode::OK, Json(view)))
}

async fn exact(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    condition: Condition,
    with_people: bool,
) -> Answer<(StatusCode, Json<PreviewView>)> {
    let id = services.new_id().to_string();
    let running = services.memory.scans.begin(workspace, &id).ok_or_else(|| {
        Problem::too_many("as many counts are under way as this server does at once; try again soon", 2)
    })?;
    let (counting, services_of_count) = (Arc::clone(&running), Arc::clone(services));
    // It goes on when the client does not wait.
    let work = tokio::task::spawn_blocking(move || {
        let services = services_of_count;
        let now = services.now();
        let found = scan::scan(&services.store, workspace, &condition, now, &counting.progress);
        let took_ms = services.now().since_ms(now);
        let told = found.and_then(|members| {
            let Some(members) = members else { return Ok(None) };
            services.store.read(|tx| {
                let people = with_people.then(|| people_of(tx, workspace, &members, now)).transpose()?;
                let people = people.map(Arc::new);
                let profiles = people_count(tx, workspace)?;
                Ok(Some(Found { count: members.len(), took_ms, profiles, people }))
            })
        });
        counting.finish(match told {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(Problem::conflict("cancelled", "the count was cancelled")),
            Err(error) => Err(error.into()),
        });
    });
    let done = tokio::time::timeout(EXACT_WAIT, work).await.is_ok();
    match running.outcome() {
        Some(Ok(found)) => {
            services.memory.scans.forget(&id);
            Ok((StatusCode::OK, Json(PreviewView::counted(&found))))
        }
        Some(Err(problem)) => {
            services.memory.scans.forget(&id);
            Err(problem)
        }
        // A thread that ended without an answer.
        None if done => Err(Problem::internal("a count ended without a result")),
        None => Ok((StatusCode::ACCEPTED, Json(PreviewView::under_way(&running, &id)))),
    }
}

fn running_of(services: &Services, workspace: WorkspaceId, id: &str) -> Answer<Arc<Running>> {
    services.memory.scans.find(workspace, id).ok_or_else(|| Problem::not_found("the count"))
}

/// How far a count is
#[utoipa::path(get, path = "/segments/preview/{id}", tag = "segments", params(("id" = String, Path)), responses((status = 200, body = PreviewView)))]
async fn preview_state(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<PreviewView>> {
    let running = running_of(&services, caller.workspace, &id)?;
    Ok(Json(match running.outcome() {
        None => PreviewView::under_way(&running, &id),
        Some(found) => PreviewView { preview_id: Some(id), ..PreviewView::counted(&found?) },
    }))
}

/// Stop a count
#[utoipa::path(delete, path = "/segments/preview/{id}", tag = "segments", params(("id" = String, Path)), responses((status = 204)))]
async fn cancel_preview(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    running_of(&services, caller.workspace, &id)?.progress.cancel();
    services.memory.scans.forget(&id);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DiffCall {
    #[schema(value_type = Object)]
    definition: Value,
}

/// A profile in brief.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonInBrief)]
struct PersonView {
    profile_id: String,
    name: Option<String>,
    email: Option<String>,
}

impl PersonView {
    fn of(person: &PersonInBrief) -> PersonView {
        let PersonInBrief { profile_id, name, email } = person.clone();
        PersonView { profile_id, name, email }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SegmentDiffPart)]
struct PartView {
    count: u64,
    /// A few of them.
    sample: Vec<PersonView>,
}

/// What another definition would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SegmentDiff)]
struct DiffView {
    before: u64,
    after: u64,
    added: PartView,
    removed: PartView,
}

/// A few of them, evenly spread.
fn some_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    members: &Population,
) -> Result<Vec<PersonInBrief>, StoreError> {
    let step = (usize::try_from(members.len()).unwrap_or(usize::MAX) / SAMPLE).max(1);
    let of: Vec<(WorkspaceId, ProfileNo)> =
        members.iter().step_by(step).take(SAMPLE).map(|no| (workspace, no)).collect();
    let person = |(_, stored): (WorkspaceId, store::people::StoredProfile)| PersonInBrief {
        profile_id: stored.profile.id.to_string(),
        name: stored.profile.full_name(),
        email: stored.profile.address(&IdentifierKind::Email).map(str::to_owned),
    };
    Ok(tx.profiles(&of)?.into_iter().map(person).collect())
}

fn people_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    members: &Population,
    now: Timestamp,
) -> Result<FoundPeople, StoreError> {
    let shop = workspace_of(tx, workspace)?;
    Ok(FoundPeople {
        sample: some_of(tx, workspace, members)?,
        reach: reach::reach(tx, &shop, members, Purpose::Marketing, now)?,
    })
}

fn part(tx: &mut ReadTx<'_>, workspace: WorkspaceId, part: &Population) -> Result<PartView, StoreError> {
    let sample = some_of(tx, workspace, part)?;
    Ok(PartView { count: part.len(), sample: sample.iter().map(PersonView::of).collect() })
}

/// Compare with another definition
///
/// The members now and those that the definition would have: how many it adds and removes, and a few of them.
#[utoipa::path(post, path = "/segments/{id}/diff", tag = "segments", params(("id" = String, Path)), request_body = DiffCall, responses((status = 200, body = DiffView)))]
async fn diff(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Told(told): Told<DiffCall>,
) -> Answer<Json<DiffView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let before = population(&services, workspace, &row).await?;
    let condition = condition_of(&services, workspace, told.definition).await?;
    let scan_id = services.new_id().to_string();
    let running = services.memory.scans.begin(workspace, &scan_id).ok_or_else(|| {
        Problem::too_many("as many counts are under way as this server does at once; try again soon", 2)
    })?;
    let view = services
        .aside(move |services| {
            let now = services.now();
            let scanned = scan::scan(&services.store, workspace, &condition, now, &running.progress);
            // Also when nobody waits for the answer any more.
            services.memory.scans.forget(&scan_id);
            let after = scanned?.unwrap_or_default();
            Ok(services.store.read(|tx| {
                Ok(DiffView {
                    before: before.len(),
                    after: after.len(),
                    added: part(tx, workspace, &after.clone().without(&before))?,
                    removed: part(tx, workspace, &before.clone().without(&after))?,
                })
            })?)
        })
        .await?;
    Ok(Json(view))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OverlapQuery {
    /// Id of a segment.
    a: String,
    /// Id of another one.
    b: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct OverlapView {
    a: u64,
    b: u64,
    only_a: u64,
    both: u64,
    only_b: u64,
}

/// Who is in two segments
#[utoipa::path(get, path = "/segments/overlap", tag = "segments", params(OverlapQuery), responses((status = 200, body = OverlapView)))]
async fn overlap(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<OverlapQuery>,
) -> Answer<Json<OverlapView>> {
    let workspace = caller.workspace;
    let (a, b) =
        (row_of(&services, workspace, &query.a).await?, row_of(&services, workspace, &query.b).await?);
    let (a, b) = (population(&services, workspace, &a).await?, population(&services, workspace, &b).await?);
    let both = a.clone().and(&b).len();
    Ok(Json(OverlapView { a: a.len(), b: b.len(), only_a: a.len() - both, both, only_b: b.len() - both }))
}
