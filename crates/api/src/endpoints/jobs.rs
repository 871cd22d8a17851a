//! Long work of a workspace, of every kind, and what imports, exports and backups share: files in and out.

use crate::caller::Member;
use crate::listing::{Page, Paging, bad_cursor, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use store::transfers::JobRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(find)).routes(routes!(cancel))
}

/// Pieces of a file on their way between a request and the disk.
const PIECES: usize = 16;
const PIECE_BYTES: usize = 128 << 10;

#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    pub id: String,
    /// `import`, `export`, `backup`, `bulk`, `do_not_call` or `suppressions`.
    pub kind: String,
    /// `uploaded`, `waiting`, `running`, `paused`, `cancelling`, `undoing`; `completed`, `cancelled`, `failed`, `undone`.
    pub state: String,
    pub name: String,
    /// How far it has come.
    pub progress: Value,
    /// What is done.
    pub plan: Value,
    pub created_by: String,
    pub created_at: String,
    pub updated_at: String,
}

impl JobView {
    pub fn of(job: JobRow) -> JobView {
        let mut plan: Value = serde_json::from_str(&job.plan).unwrap_or_default();
        if let Some(object) = plan.as_object_mut() {
            // A path of the server's disk is nobody's business.
            object.remove("file");
        }
        JobView {
            id: job.job_id,
            kind: job.kind,
            state: job.state,
            name: job.name,
            progress: serde_json::from_str(&job.progress).unwrap_or_default(),
            plan,
            created_by: job.created_by,
            created_at: iso(job.created_at),
            updated_at: iso(job.updated_at),
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct JobFilter {
    /// `import`, `export`, `backup`, `bulk`, `do_not_call` or `suppressions`.
    kind: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List long work
///
/// Imports, exports and backups, newest first.
#[utoipa::path(get, path = "/jobs", tag = "data", params(JobFilter), responses((status = 200, body = Page<JobView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(filter): Asked<JobFilter>,
) -> Answer<Json<Page<JobView>>> {
    let kind = filter.kind.unwrap_or_default();
    let paging = Paging { limit: filter.limit, cursor: filter.cursor };
    page(&services, caller.workspace, kind, paging).await
}

/// The jobs of a kind, or of all.
pub async fn page(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    kind: String,
    paging: Paging,
) -> Answer<Json<Page<JobView>>> {
    let limit = paging.limit()?;
    let (before, id) = match paging.after::<2>()? {
        None => (Timestamp::MAX, String::new()),
        Some([at, id]) => (Timestamp::from_ms(at.parse().map_err(|_| bad_cursor())?), id),
    };
    let rows = services.read(move |tx| tx.job_page(workspace, (before, &id), &kind, limit + 1)).await?;
    let behind = |row: &JobRow| [row.created_at.ms().to_string(), row.job_id.clone()];
    Ok(Json(Page::of(rows, limit, behind, JobView::of)))
}

/// A job of a kind; of any, where none is named.
pub async fn job(services: &Arc<Services>, workspace: WorkspaceId, id: &str, kind: &str) -> Answer<JobRow> {
    let wanted = id.to_owned();
    let found = services.read(move |tx| tx.job(workspace, &wanted)).await?;
    let found = found.filter(|job| kind.is_empty() || job.kind == kind);
    found.ok_or_else(|| Problem::not_found(&format!("the job {id:.60}")))
}

/// Show a piece of long work
#[utoipa::path(get, path = "/jobs/{id}", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    Ok(Json(JobView::of(job(&services, caller.workspace, &id, "").await?)))
}

/// Stop a piece of long work
///
/// What an import took in stays until the import is undone.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "data", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn cancel(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    cancel_of(&services, caller.workspace, &id, "").await
}

pub async fn cancel_of(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    id: &str,
    kind: &str,
) -> Answer<Json<JobView>> {
    let job = job(services, workspace, id, kind).await?;
    let changed = services
        .aside(move |services| {
            transfer::request_cancel(&services.store, job, services.now()).map_err(Problem::from)
        })
        .await?;
    services.jobs_bell.ring();
    Ok(Json(JobView::of(changed)))
}

impl From<transfer::TransferError> for Problem {
    fn from(error: transfer::TransferError) -> Problem {
        use transfer::TransferError;
        match error {
            TransferError::Store(error) => error.into(),
            TransferError::Read(error) => Problem::unusable("file_unusable", error.to_string()),
            TransferError::Map(remarks) => {
                let detail = "the map does not fit the file; `problems` says where";
                Problem::unusable("map_unusable", detail).with_problems(remarks)
            }
            TransferError::State(detail) => Problem::conflict("state_unsuitable", detail),
            TransferError::Io(error) => Problem::internal(&error.to_string()),
        }
    }
}

/// Writes a request's body to a file as it comes in.
pub async fn receive(body: Body, path: PathBuf, bytes_max: u64) -> Answer<u64> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<axum::body::Bytes>(PIECES);
    let target = path.clone();
    let writer = tokio::task::spawn_blocking(move || -> std::io::Result<u64> {
        let mut file = std::fs::File::create(&target)?;
        let mut bytes = 0;
        while let Some(piece) = receiver.blocking_recv() {
            bytes += piece.len() as u64;
            file.write_all(&piece)?;
        }
        file.sync_all()?;
        Ok(bytes)
    });
    let mut stream = body.into_data_stream();
    let mut taken = 0u64;
    let mut broken = None;
    while let Some(piece) = stream.next().await {
        let Ok(piece) = piece else {
            broken = Some(Problem::bad_request("upload_broken_off", "the upload ended early; send it again"));
            break;
        };
        taken += piece.len() as u64;
        if taken > bytes_max {
            let detail = format!("the file has more than {bytes_max} bytes; split it");
            broken = Some(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", detail));
            break;
        }
        if sender.send(piece).await.is_err() {
            break;
        }
    }
    drop(sender);
    let written = writer.await.map_err(|error| Problem::internal(&error.to_string()))?;
    match (broken, written) {
        (Some(problem), _) => Err(problem),
        (None, Ok(bytes)) => Ok(bytes),
        (None, Err(error)) => {
            tracing::error!(%error, "an upload cannot be written");
            let detail = "the server cannot write the file: is its disk full?";
            Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, "upload_not_written", detail))
        }
    }
}

/// Hands a file out as it is read.
pub async fn hand_out(path: PathBuf, name: &str, kind: &'static str) -> Answer<Response> {
    let opened = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&path)?;
        let bytes = file.metadata()?.len();
        Ok::<_, std::io::Error>((file, bytes))
    });
    let Ok(Ok((mut file, bytes))) = opened.await else {
        return Err(Problem::not_found("the file of this job"));
    };
    let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<axum::body::Bytes>>(PIECES);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let read = file.read(&mut piece);
            let last = !matches!(read, Ok(1..));
            let sent = match read {
                Ok(0) => break,
                Ok(read) => {
                    piece.truncate(read);
                    sender.blocking_send(Ok(piece.into()))
                }
                Err(error) => sender.blocking_send(Err(error)),
            };
            if sent.is_err() || last {
                break;
            }
        }
    });
    let stream = futures_util::stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{plain}\"")),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}
