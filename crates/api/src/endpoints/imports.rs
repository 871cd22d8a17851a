//! Files brought in: uploaded, looked at, started, followed, taken back.

use super::jobs::{self, JobView, hand_out, job, receive};
use crate::caller::Member;
use crate::listing::{Page, Paging};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use store::Changeset;
use store::transfers::JobRow;
use transfer::{Importer, Kind, Map, Spec};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, upload))
        .routes(routes!(find))
        .routes(routes!(preview))
        .routes(routes!(dry_run))
        .routes(routes!(start))
        .routes(routes!(cancel))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(undo))
        .routes(routes!(rejected))
}

/// Files that are read from end to end while the caller waits.
const DRY_RUN_BYTES_MAX: u64 = 100 << 20;
const UPLOAD: &str = "upload";

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Upload {
    /// `profiles`, `orders`, `products` or `events`.
    kind: String,
    /// The file's name, to tell imports apart.
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Mapped {
    /// What the columns hold, see docs/data.md; by the columns' names when not given.
    #[schema(value_type = Option<Object>)]
    map: Option<Map>,
}

/// What a file looks like, and how it could be read.
#[derive(Debug, Serialize, ToSchema)]
struct ImportPreview {
    /// `csv`, `xlsx` or `jsonl`.
    #[schema(value_type = String)]
    format: Value,
    encoding: String,
    separator: Option<String>,
    bytes: u64,
    /// The rows that this was found out from.
    rows_looked_at: usize,
    columns: Vec<ImportColumn>,
    /// A map by the names of the columns, see docs/data.md.
    #[schema(value_type = Object)]
    suggested: Map,
    /// What is wrong with the map given, or with the suggestion.
    problems: Vec<ImportRemark>,
    /// What is assumed, and worth knowing.
    warnings: Vec<ImportRemark>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ImportColumn {
    name: String,
    samples: Vec<String>,
    /// Of the rows looked at, those with something in it.
    filled: usize,
    /// What it is taken for, or would be by its name.
    suggestion: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ImportRemark {
    column: Option<String>,
    code: String,
    message: String,
}

impl ImportPreview {
    fn of(looked: transfer::Preview) -> ImportPreview {
        let remarks = |remarks: Vec<transfer::Remark>| {
            let view = |one: transfer::Remark| ImportRemark {
                column: one.column,
                code: one.code.to_owned(),
                message: one.message,
            };
            remarks.into_iter().map(view).collect()
        };
        let column = |one: transfer::SeenColumn| ImportColumn {
            name: one.name,
            samples: one.samples,
            filled: one.filled,
            suggestion: one.suggestion,
        };
        ImportPreview {
            format: serde_json::to_value(looked.format).unwrap_or_default(),
            encoding: looked.encoding,
            separator: looked.separator.map(String::from),
            bytes: looked.bytes,
            rows_looked_at: looked.rows_looked_at,
            columns: looked.columns.into_iter().map(column).collect(),
            suggested: looked.suggested,
            problems: remarks(looked.problems),
            warnings: remarks(looked.warnings),
        }
    }
}

/// What an import would do.
#[derive(Debug, Serialize, ToSchema)]
struct ImportTrial {
    rows_read: u64,
    rows_taken: u64,
    rows_rejected: u64,
    /// By the rules of the map, and why.
    rows_left_out: BTreeMap<String, u64>,
    /// Orders that the lines came to.
    orders: u64,
    /// Things of the file's kind that nobody knows yet.
    new: u64,
    /// And those that are known.
    updated: u64,
    /// The first rejected rows.
    rejected: Vec<RejectedRow>,
    warnings: Vec<String>,
    /// The first documents, as they would be taken in.
    #[schema(value_type = Vec<Object>)]
    sample: Vec<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RejectedRow {
    line: u64,
    code: String,
    column: Option<String>,
    /// What to do, in English and in Vietnamese.
    message: String,
    message_vi: String,
    cells: Vec<String>,
}

impl ImportTrial {
    fn of(done: transfer::DryRun) -> ImportTrial {
        let rejected = done.rejected.into_iter().map(|row| RejectedRow {
            line: row.line,
            code: row.code,
            column: row.column,
            message: row.message,
            message_vi: row.message_vi,
            cells: row.cells,
        });
        ImportTrial {
            rows_read: done.counts.rows_read,
            rows_taken: done.counts.rows_taken,
            rows_rejected: done.counts.rows_rejected,
            rows_left_out: done.counts.rows_left_out,
            orders: done.counts.orders,
            new: done.new,
            updated: done.updated,
            rejected: rejected.collect(),
            warnings: done.warnings,
            sample: done.sample,
        }
    }
}

fn kind_of(text: &str) -> Answer<Kind> {
    text.parse().map_err(|message: String| Problem::field("kind", message))
}

fn folder(services: &Services, id: &str) -> Answer<PathBuf> {
    transfer::work_folder(&services.data, id).map_err(|error| Problem::internal(&error.to_string()))
}

fn spec_of(job: &JobRow) -> Answer<Spec> {
    serde_json::from_str(&job.plan).map_err(|error| Problem::internal(&format!("a job's plan: {error}")))
}

/// List imports
///
/// Newest first.
#[utoipa::path(get, path = "/imports", tag = "data", params(Paging), responses((status = 200, body = Page<JobView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<JobView>>> {
    jobs::page(&services, caller.workspace, "import".into(), paging).await
}

/// Upload a file
///
/// The body is the file itself: CSV, XLSX or JSON Lines, at most 2 GB. Nothing is taken in before it is started.
#[utoipa::path(post, path = "/imports", tag = "data", params(Upload), request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = JobView)))]
async fn upload(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(told): Asked<Upload>,
    body: Body,
) -> Answer<(StatusCode, Json<JobView>)> {
    let kind = kind_of(&told.kind)?;
    let name: String =
        told.name.unwrap_or_else(|| format!("{}.csv", kind.as_str())).chars().take(200).collect();
    let job_id = services.new_id().to_string();
    let work = folder(&services, &job_id)?;
    let file = work.join(UPLOAD);
    let received = receive(body, file.clone(), transfer::reading::FILE_BYTES_MAX).await;
    let made = match received {
        Ok(0) => Err(Problem::bad_request("file_empty", "the body is the file; it is empty")),
        Ok(_) => {
            let (workspace, by) = (caller.workspace, caller.source);
            services
                .aside(move |services| {
                    let spec = Spec { kind, file, map: Map::default() };
                    let now = services.now();
                    let store = &services.store;
                    transfer::begin_import(
                        store, workspace, job_id, &spec, "server", &name, &by, "uploaded", now,
                    )
                    .map_err(Problem::from)
                })
                .await
        }
        Err(problem) => Err(problem),
    };
    match made {
        Ok(job) => Ok((StatusCode::CREATED, Json(JobView::of(job)))),
        Err(problem) => {
            // Half a file is of no use to anybody.
            let _ = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(work)).await;
            Err(problem)
        }
    }
}

/// Show an import
///
/// With its progress, and the first rejected rows.
#[utoipa::path(get, path = "/imports/{id}", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    Ok(Json(JobView::of(job(&services, caller.workspace, &id, "import").await?)))
}

/// Look at an uploaded file
///
/// Encoding, separator, the columns with samples, a suggested map, and what is wrong with the map given.
#[utoipa::path(post, path = "/imports/{id}/preview", tag = "data", params(("id" = String, Path)), request_body = Mapped,
    responses((status = 200, body = ImportPreview)))]
async fn preview(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
    Told(told): Told<Mapped>,
) -> Answer<Json<ImportPreview>> {
    let job = job(&services, caller.workspace, &id, "import").await?;
    let workspace = caller.workspace;
    services
        .aside(move |services| {
            let spec = spec_of(&job)?;
            let work = folder(services, &job.job_id)?;
            let map = told.map.as_ref();
            let looked = transfer::preview(&services.store, workspace, spec.kind, &spec.file, map, &work)?;
            Ok(Json(ImportPreview::of(looked)))
        })
        .await
}

fn with_map(services: &Services, job: &JobRow, map: Option<Map>) -> Answer<Spec> {
    let mut spec = spec_of(job)?;
    if let Some(map) = map {
        spec.map = map;
    }
    if spec.map.columns.is_empty() {
        let work = folder(services, &job.job_id)?;
        let given = Some(&spec.map);
        let looked = transfer::preview(&services.store, job.workspace, spec.kind, &spec.file, given, &work)?;
        spec.map.columns = looked.suggested.columns;
    }
    Ok(spec)
}

/// Try an import without writing
///
/// Reads the whole file: how many rows are good, new and known, the first rejected rows, and the first documents.
#[utoipa::path(post, path = "/imports/{id}/dry-run", tag = "data", params(("id" = String, Path)), request_body = Mapped,
    responses((status = 200, body = ImportTrial)))]
async fn dry_run(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
    Told(told): Told<Mapped>,
) -> Answer<Json<ImportTrial>> {
    let job = job(&services, caller.workspace, &id, "import").await?;
    if job.state != "uploaded" {
        return Err(Problem::conflict("import_started", "only what was not started yet can be tried"));
    }
    let workspace = caller.workspace;
    services
        .aside(move |services| {
            let spec = with_map(services, &job, told.map)?;
            let bytes = std::fs::metadata(&spec.file).map_or(0, |file| file.len());
            if bytes > DRY_RUN_BYTES_MAX {
                let detail = "files of more than 100 MB are tried with `quaylai import --dry-run`";
                return Err(Problem::unusable("file_too_large_to_wait_for", detail));
            }
            let work = folder(services, &job.job_id)?;
            let now = services.now();
            let done = transfer::dry_run(&services.store, workspace, &spec, &work, now, &mut |_| {})?;
            Ok(Json(ImportTrial::of(done)))
        })
        .await
}

/// Start an import
#[utoipa::path(post, path = "/imports/{id}/start", tag = "data", params(("id" = String, Path)), request_body = Mapped,
    responses((status = 200, body = JobView)))]
async fn start(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
    Told(told): Told<Mapped>,
) -> Answer<Json<JobView>> {
    let job = job(&services, caller.workspace, &id, "import").await?;
    if job.state != "uploaded" {
        let detail = format!("it is {} already", job.state);
        return Err(Problem::conflict("import_started", detail));
    }
    let started = services
        .aside(move |services| {
            let mut job = job;
            let spec = with_map(services, &job, told.map)?;
            let work = folder(services, &job.job_id)?;
            // What is wrong with the map is told now, not by a job that fails in a minute.
            let looked = transfer::preview(
                &services.store,
                job.workspace,
                spec.kind,
                &spec.file,
                Some(&spec.map),
                &work,
            )?;
            if !looked.problems.is_empty() {
                return Err(transfer::TransferError::Map(looked.problems).into());
            }
            job.plan = serde_json::to_string(&spec).unwrap_or_default();
            job.state = "waiting".into();
            job.updated_at = services.now();
            let mut changes = Changeset::new();
            changes.update_job(&job);
            services.store.apply(changes)?;
            Ok(job)
        })
        .await?;
    services.jobs_bell.ring();
    Ok(Json(JobView::of(started)))
}

/// Stop an import
///
/// What it took in stays until it is undone.
#[utoipa::path(post, path = "/imports/{id}/cancel", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn cancel(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    jobs::cancel_of(&services, caller.workspace, &id, "import").await
}

/// Pause an import
///
/// It rests where it is until it is resumed; what it took in stays.
#[utoipa::path(post, path = "/imports/{id}/pause", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn pause(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    let job = job(&services, caller.workspace, &id, "import").await?;
    turned(&services, job, transfer::request_pause).await
}

/// Resume an import
#[utoipa::path(post, path = "/imports/{id}/resume", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn resume(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    let job = job(&services, caller.workspace, &id, "import").await?;
    turned(&services, job, transfer::request_resume).await
}

type Turn = fn(&store::Store, JobRow, kit::Timestamp) -> Result<JobRow, transfer::TransferError>;

async fn turned(services: &Arc<Services>, job: JobRow, turn: Turn) -> Answer<Json<JobView>> {
    let changed = services
        .aside(move |services| turn(&services.store, job, services.now()).map_err(Problem::from))
        .await?;
    services.jobs_bell.ring();
    Ok(Json(JobView::of(changed)))
}

/// Take an import back
///
/// What it made is deleted, what it changed is restored, unless somebody else has changed it since.
#[utoipa::path(post, path = "/imports/{id}/undo", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn undo(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    let job = job(&services, caller.workspace, &id, "import").await?;
    let changed = services
        .aside(move |services| {
            transfer::request_undo(&services.store, job, services.now()).map_err(Problem::from)
        })
        .await?;
    services.jobs_bell.ring();
    Ok(Json(JobView::of(changed)))
}

/// Download the rejected rows
///
/// As they stood in the file, each with its line, a code, and what to do.
#[utoipa::path(get, path = "/imports/{id}/rejected.csv", tag = "data", params(("id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "text/csv")))]
async fn rejected(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Response> {
    let job = job(&services, caller.workspace, &id, "import").await?;
    let path = Importer::rejected_path(&folder(&services, &job.job_id)?);
    hand_out(path, &format!("rejected-{}.csv", job.job_id), "text/csv; charset=utf-8").await
}
