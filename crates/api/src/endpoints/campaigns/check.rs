//! Who will not get a campaign, and why: asked for in the background, kept in memory.

use super::{failed, row_of, template_of};
use crate::caller::Reader;
use crate::listing::{iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use engine::Composer;
use engine::campaigns::{self, CheckProgress, Checked, Found};
use kit::{Timestamp, WorkspaceId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Checks that run at once: each reads everybody of an audience.
const RUNNING_MAX: usize = 2;
/// Answers that are kept; the oldest give way.
const KEPT_MAX: usize = 100;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(start, find, stop))
}

#[derive(Debug)]
enum Outcome {
    Done(Box<Checked>),
    Failed(String),
    Cancelled,
}

#[derive(Debug)]
struct Job {
    progress: CheckProgress,
    started_at: Timestamp,
    ended: Mutex<Option<(Timestamp, Outcome)>>,
}

/// The last check of each campaign. It may be lost: it can be asked for again.
#[derive(Debug, Default)]
pub struct Checks(Mutex<BTreeMap<(WorkspaceId, String), Arc<Job>>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is one assignment: a thread that panicked left nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Job {
    fn runs(&self) -> bool {
        lock(&self.ended).is_none()
    }
}

impl Checks {
    fn find(&self, workspace: WorkspaceId, id: &str) -> Option<Arc<Job>> {
        lock(&self.0).get(&(workspace, id.to_owned())).cloned()
    }

    /// A new job, or the one that runs already; `None` when too many run.
    fn begin(&self, workspace: WorkspaceId, id: &str, now: Timestamp) -> Option<(Arc<Job>, bool)> {
        let mut jobs = lock(&self.0);
        let key = (workspace, id.to_owned());
        if let Some(job) = jobs.get(&key).filter(|job| job.runs()) {
            return Some((Arc::clone(job), false));
        }
        if jobs.values().filter(|job| job.runs()).count() >= RUNNING_MAX {
            return None;
        }
        while jobs.len() >= KEPT_MAX {
            let oldest = jobs.iter().filter(|(_, job)| !job.runs()).min_by_key(|(_, job)| job.started_at);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { break };
            jobs.remove(&oldest);
        }
        let job =
            Arc::new(Job { progress: CheckProgress::default(), started_at: now, ended: Mutex::default() });
        jobs.insert(key, Arc::clone(&job));
        Some((job, true))
    }
}

/// Some of the people of one reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignCheckReason)]
struct ReasonView {
    reason: String,
    people: u64,
    /// Ids of up to five profiles.
    sample: Vec<String>,
}

/// Somebody for whom the words cannot be made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignCheckProblem)]
struct RenderView {
    profile_id: String,
    code: String,
    detail: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignCheckResult)]
struct ResultView {
    /// Whom the audience names.
    named: u64,
    excluded: Vec<ReasonView>,
    /// Who is to get it.
    audience: u64,
    /// Who would get it at its time.
    goes: u64,
    /// Who would get it later.
    delayed: Vec<ReasonView>,
    /// Who would not get it.
    refused: Vec<ReasonView>,
    /// For how many people the words were made.
    rendered: u64,
    problems: Vec<RenderView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignCheckView)]
struct CheckView {
    /// `running`, `done`, `failed` or `cancelled`.
    state: String,
    /// Why it failed.
    detail: String,
    done: u64,
    /// 0 while the audience is not known.
    total: u64,
    started_at: String,
    ended_at: Option<String>,
    result: Option<ResultView>,
}

fn reasons(found: &BTreeMap<String, Found>) -> Vec<ReasonView> {
    let mut views: Vec<ReasonView> = found
        .iter()
        .map(|(reason, found)| ReasonView {
            reason: reason.clone(),
            people: found.people,
            sample: found.sample.clone(),
        })
        .collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.people));
    views
}

impl CheckView {
    fn of(job: &Job) -> CheckView {
        let ended = lock(&job.ended);
        let (state, detail, result) = match ended.as_ref().map(|(_, outcome)| outcome) {
            None => ("running", "", None),
            Some(Outcome::Cancelled) => ("cancelled", "", None),
            Some(Outcome::Failed(why)) => ("failed", why.as_str(), None),
            Some(Outcome::Done(checked)) => {
                let result = ResultView {
                    named: checked.named,
                    excluded: reasons(&checked.excluded),
                    audience: checked.audience,
                    goes: checked.goes,
                    delayed: reasons(&checked.delayed),
                    refused: reasons(&checked.refused),
                    rendered: checked.rendered,
                    problems: checked
                        .problems
                        .iter()
                        .map(|problem| RenderView {
                            profile_id: problem.profile_id.clone(),
                            code: problem.code.clone(),
                            detail: problem.detail.clone(),
                        })
                        .collect(),
                };
                ("done", "", Some(result))
            }
        };
        CheckView {
            state: state.to_owned(),
            detail: detail.to_owned(),
            done: job.progress.done.load(Ordering::Relaxed),
            total: job.progress.total.load(Ordering::Relaxed),
            started_at: iso(job.started_at),
            ended_at: iso_opt(ended.as_ref().map(|(at, _)| *at)),
            result,
        }
    }
}

/// Does the work of a job; what goes wrong is its outcome.
fn run(services: &Services, workspace: WorkspaceId, id: &str, job: &Job) -> Answer<Outcome> {
    let now = services.now();
    let (row, template, settings) = services.store.read(|tx| {
        let Some(row) = tx.campaign(workspace, id)? else {
            return Ok((None, None, workspace_of(tx, workspace)?));
        };
        let named = campaigns::definition_of(&row).map(|campaign| campaign.template).unwrap_or_default();
        let template = template_of(tx, workspace, &named)?;
        Ok((Some(row), template, workspace_of(tx, workspace)?))
    })?;
    let row = row.ok_or_else(|| Problem::not_found("the campaign"))?;
    let campaign = campaigns::definition_of(&row).map_err(failed)?;
    let mut composer = Composer::new(services.token_key.clone(), &services.config.public_url)
        .recommending(Arc::clone(&services.shelves))
        .imagining()
        .remembering(Arc::clone(&services.store));
    let template = template.as_ref();
    let store = &services.store;
    let checked = campaigns::check(store, &settings, &campaign, template, &mut composer, now, &job.progress)
        .map_err(failed)?;
    Ok(match checked {
        None => Outcome::Cancelled,
        Some(Ok(checked)) => Outcome::Done(Box::new(checked)),
        Some(Err(segment)) => {
            Outcome::Failed(format!("the segment {segment} is not computed yet, or does not exist"))
        }
    })
}

/// Check a campaign
///
/// Asks for everybody of the audience whether they would get it at its time, and why not; sends nothing. The answer is
/// that it runs: read it again until it is `done`. One that runs already goes on.
#[utoipa::path(post, path = "/campaigns/{id}/check", tag = "campaigns", params(("id" = String, Path)), responses((status = 202, body = CheckView)))]
async fn start(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<(StatusCode, Json<CheckView>)> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let begun = services.memory.checks.begin(workspace, &row.campaign_id, services.now());
    let Some((job, is_new)) = begun else {
        return Err(Problem::too_many("other campaigns are being checked; wait for them", 5));
    };
    if is_new {
        let (services, job) = (Arc::clone(&services), Arc::clone(&job));
        tokio::task::spawn_blocking(move || {
            let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                run(&services, workspace, &row.campaign_id, &job)
            }));
            let outcome = match tried {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(problem)) => Outcome::Failed(problem.detail),
                Err(_) => {
                    Outcome::Failed("something is wrong on our side; the server's log has the reason".into())
                }
            };
            *lock(&job.ended) = Some((services.now(), outcome));
        });
    }
    Ok((StatusCode::ACCEPTED, Json(CheckView::of(&job))))
}

fn job_of(services: &Services, workspace: WorkspaceId, id: &str) -> Answer<Arc<Job>> {
    services.memory.checks.find(workspace, id).ok_or_else(|| Problem::not_found("a check of the campaign"))
}

/// Read a check
///
/// How far the last one is, and what it found. It is forgotten when the server restarts: ask for it again.
#[utoipa::path(get, path = "/campaigns/{id}/check", tag = "campaigns", params(("id" = String, Path)), responses((status = 200, body = CheckView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<CheckView>> {
    let row = row_of(&services, caller.workspace, &id).await?;
    Ok(Json(CheckView::of(&*job_of(&services, caller.workspace, &row.campaign_id)?)))
}

/// Stop a check
#[utoipa::path(delete, path = "/campaigns/{id}/check", tag = "campaigns", params(("id" = String, Path)), responses((status = 200, body = CheckView)))]
async fn stop(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<CheckView>> {
    let row = row_of(&services, caller.workspace, &id).await?;
    let job = job_of(&services, caller.workspace, &row.campaign_id)?;
    job.progress.cancelled.store(true, Ordering::Relaxed);
    Ok(Json(CheckView::of(&job)))
}
