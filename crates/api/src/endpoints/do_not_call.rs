//! Numbers that nobody may advertise to: a register of the state, brought in as a file. Only hashes are kept, so it can
//! be asked about a number and cannot be listed.

use super::jobs::{JobView, receive};
use super::register_source::RegisterSourceView;
use crate::caller::{Member, Reader};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use domain::identifier::{Identifier, IdentifierKind};
use domain::roles::Permission;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use transfer::register::{Onto, REGISTER_FILE, RegisterSpec, begin_register};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(bring_in)).routes(routes!(check))
}

/// The largest file: about thirty million numbers.
pub const FILE_BYTES_MAX: u64 = 500 << 20;

#[derive(Debug, Serialize, ToSchema)]
struct DoNotCallRegister {
    numbers: i64,
    /// When its newest listing was brought in; null while there is none.
    listed_at: Option<String>,
    /// Where it is fetched every day, for those who manage the shop; null: nowhere.
    source: Option<RegisterSourceView>,
}

/// Show the do-not-call register
#[utoipa::path(get, path = "/do-not-call", tag = "workspace", responses((status = 200, body = DoNotCallRegister)))]
async fn show(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<DoNotCallRegister>> {
    let workspace = caller.workspace;
    let (numbers, listed_at) = services.read(move |tx| tx.do_not_call_count(workspace)).await?;
    // Its address may hold a key.
    let source = match caller.needs(Permission::ManageWorkspace) {
        Ok(()) => super::register_source::shown(&services, workspace).await?,
        Err(_) => None,
    };
    Ok(Json(DoNotCallRegister { numbers, listed_at: listed_at.map(crate::listing::iso), source }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RegisterUpload {
    /// The file is the whole register: numbers that it does not hold leave it. True when not given.
    replaces: Option<bool>,
}

/// Bring in the do-not-call register
///
/// The body is a CSV file with a number a row, in any usual writing, of at most 500 MB. It is read as a job of the kind
/// `do_not_call`; from the first row on no advertisement goes to its numbers by SMS.
#[utoipa::path(post, path = "/do-not-call/imports", tag = "workspace", params(RegisterUpload), request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 201, body = JobView)))]
async fn bring_in(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(told): Asked<RegisterUpload>,
    body: Body,
) -> Answer<(StatusCode, Json<JobView>)> {
    let onto = Onto::DoNotCall(RegisterSpec { replaces: told.replaces.unwrap_or(true), numbers_min: 0 });
    let job = list_brought(&services, caller.workspace, caller.source, onto, body, FILE_BYTES_MAX).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// Takes a file of addresses, and writes the job down that reads it.
pub async fn list_brought(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    by: String,
    onto: Onto,
    body: Body,
    bytes_max: u64,
) -> Answer<JobView> {
    let job_id = services.new_id().to_string();
    let work = transfer::work_folder(&services.data, &job_id)
        .map_err(|error| Problem::internal(&error.to_string()))?;
    let made = match receive(body, work.join(REGISTER_FILE), bytes_max).await {
        Ok(0) => Err(Problem::bad_request("file_empty", "the body is the file; it is empty")),
        Ok(bytes) => {
            services
                .aside(move |services| {
                    let (store, now) = (&services.store, services.now());
                    begin_register(store, workspace, job_id, &onto, bytes, &by, now).map_err(Problem::from)
                })
                .await
        }
        Err(problem) => Err(problem),
    };
    match made {
        Ok(job) => {
            services.jobs_bell.ring();
            Ok(JobView::of(job))
        }
        Err(problem) => {
            // Half a file is of no use to anybody.
            let _ = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(work)).await;
            Err(problem)
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NumberAsked {
    /// In any usual writing.
    number: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct NumberListed {
    /// As E.164.
    number: String,
    listed: bool,
}

/// Ask about a number
#[utoipa::path(post, path = "/do-not-call/check", tag = "workspace", request_body = NumberAsked, responses((status = 200, body = NumberListed)))]
async fn check(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<NumberAsked>,
) -> Answer<Json<NumberListed>> {
    let number = Identifier::new(IdentifierKind::Phone, &told.number)
        .map_err(|error| Problem::field("number", error.to_string()))?
        .value;
    let asked = number.clone();
    let listed = services.read(move |tx| tx.do_not_call(&[(caller.workspace, &asked)])).await?;
    Ok(Json(NumberListed { number, listed: listed.contains(&true) }))
}
