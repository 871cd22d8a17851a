//! How much may go out of a sending domain: its warm-up, and limits of single receivers.

use super::domains::row_of;
use crate::caller::Member;
use crate::listing::{instant, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::sending::{ReceiverLimit, SendingPlan, suggested};
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::deliverability::SendingPlanRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(find, set, remove))
}

/// At most so many advertisements an hour to the addresses of a receiver.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReceiverLimitTold {
    /// Such as `gmail.com`, which stands for all domains of its owner.
    domain: String,
    per_hour: u32,
}

/// How far a warm-up is.
#[derive(Debug, Serialize, ToSchema)]
struct WarmUpProgress {
    /// From 1; 0 before it begins, and the last day when it is over.
    day: u32,
    days: u32,
    /// Advertisements that may go out today; null: as many as there are.
    today_max: Option<u32>,
    today_sent: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct SendingPlanView {
    domain: String,
    /// When the warm-up began or begins; null: there is none.
    starts_at: Option<String>,
    /// Advertisements on its first day, its second and so on; behind the last day there is no limit.
    daily: Vec<u32>,
    receivers: Vec<ReceiverLimitTold>,
    progress: WarmUpProgress,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct SendingPlanTold {
    /// When the warm-up begins; now when it is left out and there are volumes.
    starts_at: Option<String>,
    /// Advertisements on its first day, its second and so on. Empty: no warm-up.
    daily: Vec<u32>,
    /// Instead of `daily`: what goes out on a usual day. The volumes grow to it by half each day, from 50.
    daily_target: Option<u32>,
    receivers: Vec<ReceiverLimitTold>,
}

async fn view(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    domain: String,
    plan: SendingPlan,
) -> Answer<SendingPlanView> {
    let now = services.now();
    let (counted, asked) = (plan.clone(), domain.clone());
    let counts =
        services.read(move |tx| engine::pace::counts_of(tx, workspace, &asked, &counted, now)).await?;
    let progress = plan.progress(&counts, now);
    let receivers = plan.receivers.into_iter();
    Ok(SendingPlanView {
        domain,
        starts_at: plan.starts_at.map(|at| iso(Timestamp::from_ms(at))),
        daily: plan.daily,
        receivers: receivers
            .map(|limit| ReceiverLimitTold { domain: limit.domain, per_hour: limit.per_hour })
            .collect(),
        progress: WarmUpProgress {
            day: progress.day,
            days: progress.days,
            today_max: progress.today_max,
            today_sent: progress.today_sent,
        },
    })
}

/// Read how much may go out of a domain
///
/// Advertisements beyond the plan wait in the ledger with the reason `warm_up` or `domain_throttled`; what a person
/// did is told them without waiting.
#[utoipa::path(get, path = "/domains/{domain}/plan", tag = "channels", params(("domain" = String, Path)), responses((status = 200, body = SendingPlanView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(domain): Path<String>,
) -> Answer<Json<SendingPlanView>> {
    let workspace = caller.workspace;
    let domain = row_of(&services, workspace, &domain).await?.domain;
    let asked = domain.clone();
    let row = services.read(move |tx| tx.sending_plan(workspace, &asked)).await?;
    let plan = match row {
        Some(row) => serde_json::from_str(&row.doc)
            .map_err(|error| Problem::internal(&format!("a plan of a sending domain: {error}")))?,
        None => SendingPlan::default(),
    };
    Ok(Json(view(&services, workspace, domain, plan).await?))
}

/// Say how much may go out of a domain
#[utoipa::path(put, path = "/domains/{domain}/plan", tag = "channels", params(("domain" = String, Path)), request_body = SendingPlanTold, responses((status = 200, body = SendingPlanView)))]
async fn set(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(domain): Path<String>,
    Told(told): Told<SendingPlanTold>,
) -> Answer<Json<SendingPlanView>> {
    let workspace = caller.workspace;
    let domain = row_of(&services, workspace, &domain).await?.domain;
    let daily = match told.daily_target {
        Some(_) if !told.daily.is_empty() => {
            return Err(Problem::field("daily_target", "either this or daily"));
        }
        Some(target) => suggested(target),
        None => told.daily,
    };
    let starts_at = match told.starts_at {
        Some(text) => Some(instant("starts_at", &text)?.ms()),
        None => (!daily.is_empty()).then(|| services.now().ms()),
    };
    let receivers = told.receivers.into_iter();
    let receivers =
        receivers.map(|limit| ReceiverLimit { domain: limit.domain, per_hour: limit.per_hour }).collect();
    let plan = SendingPlan { starts_at, daily, receivers };
    if let Some(problem) = plan.problems().first() {
        return Err(Problem::field(problem.path, &problem.message));
    }
    let doc = serde_json::to_string(&plan).unwrap_or_default();
    let mut changes = Changeset::new();
    changes.set_sending_plan(SendingPlanRow {
        workspace,
        domain: domain.clone(),
        doc,
        updated_at: services.now(),
    });
    services.configure(changes).await?;
    Ok(Json(view(&services, workspace, domain, plan).await?))
}

/// Let as much go out of a domain as there is
#[utoipa::path(delete, path = "/domains/{domain}/plan", tag = "channels", params(("domain" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(domain): Path<String>,
) -> Answer<StatusCode> {
    let row = row_of(&services, caller.workspace, &domain).await?;
    let mut changes = Changeset::new();
    changes.delete_sending_plan(row.workspace, &row.domain);
    services.configure(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}
