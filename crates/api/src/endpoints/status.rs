//! How the installation is doing, for scripts.

use crate::caller::Reader;
use crate::listing::iso_opt;
use crate::problem::Answer;
use crate::services::{Services, workspace_of};
use axum::Json;
use axum::extract::State;
use engine::segments::people_count;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(status))
}

#[derive(Debug, Serialize, ToSchema)]
struct Status {
    workspace: WorkspaceView,
    inbox: InboxView,
    /// The number of the last inbox row that was processed.
    processed: i64,
    build: BuildView,
    /// Of this workspace.
    profiles: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct WorkspaceView {
    slug: String,
    name: String,
    currency: String,
    time_zone: String,
}

/// What was acknowledged and waits, of all workspaces.
#[derive(Debug, Serialize, ToSchema)]
struct InboxView {
    /// Messages.
    length: i64,
    /// Requests.
    rows: i64,
    oldest_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct BuildView {
    version: String,
    commit: String,
}

/// Read the status
///
/// The inbox is empty when everything acknowledged was processed.
#[utoipa::path(get, path = "/status", tag = "workspace", responses((status = 200, body = Status)))]
async fn status(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<Status>> {
    let workspace = caller.workspace;
    let (row, backlog, profiles) = services
        .read(move |tx| Ok((workspace_of(tx, workspace)?, tx.backlog()?, people_count(tx, workspace)?)))
        .await?;
    let processed = *services.processed.borrow();
    Ok(Json(Status {
        workspace: WorkspaceView {
            slug: row.slug,
            name: row.name,
            currency: row.settings.currency,
            time_zone: row.settings.time_zone,
        },
        inbox: InboxView { length: backlog.items, rows: backlog.rows, oldest_at: iso_opt(backlog.oldest_at) },
        processed,
        build: BuildView { version: services.build.version.clone(), commit: services.build.commit.clone() },
        profiles,
    }))
}
