//! Lists taken out, and backups.

use super::jobs::{self, JobView, hand_out, job};
use crate::caller::Member;
use crate::listing::{Page, Paging, instant};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use store::Changeset;
use transfer::export::{ExportFormat, ExportSpec, List};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, remove))
        .routes(routes!(download))
        .routes(routes!(list_backups, create_backup))
        .routes(routes!(remove_backup))
        .routes(routes!(download_backup))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExport {
    /// `profiles`, `orders`, `events`, `products`, `messages`, `consents`, `segments`, `segment-members`, `journeys`,
    /// or `everything` (a ZIP of JSON Lines).
    list: String,
    /// `csv` or `jsonl`, which is the default.
    format: Option<String>,
    /// Orders, events, messages and consents from this instant on.
    since: Option<String>,
    /// Only members of this segment.
    segment: Option<String>,
    /// Columns of a CSV file, `attribute:city` among them.
    #[serde(default)]
    columns: Vec<String>,
}

/// List exports
///
/// Newest first.
#[utoipa::path(get, path = "/exports", tag = "data", params(Paging), responses((status = 200, body = Page<JobView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<JobView>>> {
    jobs::page(&services, caller.workspace, "export".into(), paging).await
}

/// Export a list
///
/// The file is written in the background; download it when the state is `completed`.
#[utoipa::path(post, path = "/exports", tag = "data", request_body = NewExport, responses((status = 201, body = JobView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Told(told): Told<NewExport>,
) -> Answer<(StatusCode, Json<JobView>)> {
    let list = told.list.parse::<List>().map_err(|message| Problem::field("list", message))?;
    let format = match told.format.as_deref() {
        None | Some("jsonl") => ExportFormat::Jsonl,
        Some("csv") => ExportFormat::Csv,
        Some(_) => return Err(Problem::field("format", "csv or jsonl")),
    };
    let since = told.since.as_deref().map(|text| instant("since", text)).transpose()?;
    let spec = ExportSpec {
        list,
        format,
        since: since.map(|at| at.ms()),
        segment: told.segment,
        columns: told.columns,
        chosen: false,
    };
    spec.check().map_err(|message| Problem::unusable("export_unusable", message))?;
    let job_id = services.new_id().to_string();
    let (workspace, by) = (caller.workspace, caller.source);
    let job = services
        .aside(move |services| {
            let now = services.now();
            transfer::export::begin_export(&services.store, workspace, job_id, &spec, &by, now)
                .map_err(Problem::from)
        })
        .await?;
    services.jobs_bell.ring();
    Ok((StatusCode::CREATED, Json(JobView::of(job))))
}

/// Show an export
#[utoipa::path(get, path = "/exports/{id}", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    Ok(Json(JobView::of(job(&services, caller.workspace, &id, "export").await?)))
}

async fn remove_job(
    services: &Arc<Services>,
    caller: crate::caller::Caller,
    id: &str,
    kind: &str,
) -> Answer<StatusCode> {
    let job = job(services, caller.workspace, id, kind).await?;
    if matches!(job.state.as_str(), "waiting" | "running" | "cancelling") {
        return Err(Problem::conflict("still_under_way", "cancel it first, at /jobs/{id}/cancel"));
    }
    services
        .aside(move |services| {
            let mut changes = Changeset::new();
            changes.delete_job(job.workspace, &job.job_id);
            services.store.apply(changes)?;
            // What cannot be removed now is swept up with the rest of the folder.
            let _ = std::fs::remove_dir_all(services.data.join("transfer").join(&job.job_id));
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Delete an export
#[utoipa::path(delete, path = "/exports/{id}", tag = "data", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    remove_job(&services, caller, &id, "export").await
}

async fn file_of(
    services: &Arc<Services>,
    caller: crate::caller::Caller,
    id: &str,
    kind: &str,
) -> Answer<Response> {
    let job = job(services, caller.workspace, id, kind).await?;
    if job.state != "completed" {
        let detail = format!("it is {}; the file is there when it is completed", job.state);
        return Err(Problem::conflict("not_completed", detail));
    }
    let path = services.data.join("transfer").join(&job.job_id).join(&job.name);
    let content = match job.name.rsplit('.').next() {
        Some("csv") => "text/csv; charset=utf-8",
        Some("jsonl") => "application/x-ndjson",
        _ => "application/zip",
    };
    hand_out(path, &job.name, content).await
}

/// Download an export
#[utoipa::path(get, path = "/exports/{id}/download", tag = "data", params(("id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn download(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Response> {
    file_of(&services, caller, &id, "export").await
}

/// List backups
///
/// Newest first.
#[utoipa::path(get, path = "/backups", tag = "data", params(Paging), responses((status = 200, body = Page<JobView>)))]
async fn list_backups(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<JobView>>> {
    jobs::page(&services, caller.workspace, "backup".into(), paging).await
}

/// Make a backup
///
/// Of the whole installation, while it goes on. Restore it with `quaylai restore`.
#[utoipa::path(post, path = "/backups", tag = "data", responses((status = 201, body = JobView)))]
async fn create_backup(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
) -> Answer<(StatusCode, Json<JobView>)> {
    let job_id = services.new_id().to_string();
    let (workspace, by) = (caller.workspace, caller.source);
    let job = services
        .aside(move |services| {
            let now = services.now();
            transfer::backup::begin_backup(&services.store, workspace, job_id, &by, now)
                .map_err(Problem::from)
        })
        .await?;
    services.jobs_bell.ring();
    Ok((StatusCode::CREATED, Json(JobView::of(job))))
}

/// Delete a backup
#[utoipa::path(delete, path = "/backups/{id}", tag = "data", params(("id" = String, Path)), responses((status = 204)))]
async fn remove_backup(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    remove_job(&services, caller, &id, "backup").await
}

/// Download a backup
#[utoipa::path(get, path = "/backups/{id}/download", tag = "data", params(("id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
async fn download_backup(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Response> {
    file_of(&services, caller, &id, "backup").await
}
