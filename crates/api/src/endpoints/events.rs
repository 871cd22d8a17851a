//! How many events there are, and what could not be taken in.

use crate::caller::Reader;
use crate::listing::{Page, Paging, iso};
use crate::problem::Answer;
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(count)).routes(routes!(rejections))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CountQuery {
    /// Only the event that a client sent under this `messageId`.
    message_id: Option<String>,
    /// Only events of this name.
    name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Count {
    count: i64,
}

/// Count events
///
/// All, those of a name, or those of one message id (0 or 1). Counts what was processed.
#[utoipa::path(get, path = "/events/count", tag = "events", params(CountQuery), responses((status = 200, body = Count)))]
async fn count(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<CountQuery>,
) -> Answer<Json<Count>> {
    let workspace = caller.workspace;
    let count = services
        .read(move |tx| match (query.message_id, query.name) {
            (Some(id), _) => tx.message_id_count(workspace, &id),
            (None, Some(name)) => tx.event_count_named(workspace, &name),
            (None, None) => tx.event_count(workspace),
        })
        .await?;
    Ok(Json(Count { count }))
}

/// A message that was acknowledged and could not be used, or could only in part.
#[derive(Debug, Serialize, ToSchema)]
struct RejectionView {
    at: String,
    /// Stable: `identity_missing`, `event_missing`, `identifier_masked`.
    code: String,
    detail: String,
    /// The beginning of the message, to find it by.
    sample: String,
}

/// What could not be taken in
///
/// Newest first. Old ones are dropped when there are many.
#[utoipa::path(get, path = "/rejections", tag = "events", params(Paging), responses((status = 200, body = Page<RejectionView>)))]
async fn rejections(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<RejectionView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    let rows = services.read(move |tx| tx.rejections(workspace, before, limit + 1)).await?;
    let page = Page::of(
        rows,
        limit,
        |row| [row.rejection_no.to_string()],
        |row| RejectionView { at: iso(row.at), code: row.code, detail: row.detail, sample: row.sample },
    );
    Ok(Json(page))
}
