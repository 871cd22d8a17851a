//! How the shop's data does: what is heard at the tracking API, what could not be processed, how much there is.

use crate::audit::Audit;
use crate::caller::Member;
use crate::heard::by_key;
use crate::listing::{Page, Paging, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use store::Changeset;
use store::inbox::QuarantinedRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Of a row that was set aside no more is shown.
const SAMPLE_CHARS: usize = 500;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(recent))
        .routes(routes!(condition))
        .routes(routes!(set_aside))
        .routes(routes!(discard))
        .routes(routes!(release))
}

#[derive(Debug, Serialize, ToSchema)]
struct HeardView {
    /// Counts up.
    no: u64,
    at: String,
    key_id: String,
    /// `track`, `page`, `identify`...
    kind: String,
    /// Of the event, where it has one.
    name: String,
    /// The host of the page that it was sent from.
    host: String,
    /// The library that sent it, with its version.
    library: String,
    /// Why the request was refused: a stable code; null when it was taken.
    refused: Option<String>,
    detail: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct HeardOfKey {
    key_id: String,
    name: String,
    hint: String,
    /// When it was used last, at any server of this installation.
    last_at: Option<String>,
    /// Among what is remembered.
    count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct RecentlyHeard {
    /// Newest first, at most 100; remembered by the server that is asked, since it started.
    items: Vec<HeardView>,
    /// The write keys that are in force.
    keys: Vec<HeardOfKey>,
    now: String,
}

/// What was heard of late
///
/// The last messages of clients, without anything about people: what a page that helps to install a snippet asks
/// again and again. What was taken and could not be used shows up at `/rejections`.
#[utoipa::path(get, path = "/tracking/recent", tag = "events", responses((status = 200, body = RecentlyHeard)))]
async fn recent(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
) -> Answer<Json<RecentlyHeard>> {
    let workspace = caller.workspace;
    let (keys, uses) = services.read(move |tx| Ok((tx.keys(workspace)?, tx.key_uses(workspace)?))).await?;
    let items = services.memory.heard.recent(workspace.0);
    let counts = by_key(&items);
    let keys = keys.into_iter().filter(|key| key.kind == "write" && key.revoked_at.is_none()).map(|key| {
        let (count, heard) = counts.get(&key.key_id).map_or((0, None), |(count, at)| (*count, Some(*at)));
        let used = uses.iter().find(|(id, _)| *id == key.key_id).map(|(_, at)| *at);
        HeardOfKey {
            last_at: iso_opt(heard.max(used)),
            count,
            key_id: key.key_id,
            name: key.name,
            hint: key.hint,
        }
    });
    let view = |item: crate::heard::HeardItem| HeardView {
        no: item.no,
        at: iso(item.at),
        key_id: item.key_id,
        kind: item.kind,
        name: item.name,
        host: item.host,
        library: item.library,
        refused: Some(item.refused).filter(|code| !code.is_empty()),
        detail: item.detail,
    };
    Ok(Json(RecentlyHeard {
        keys: keys.collect(),
        items: items.into_iter().map(view).collect(),
        now: iso(services.now()),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
struct DataConditionView {
    /// Messages that wait for the engine, of all shops here.
    inbox_messages: i64,
    /// Since when the oldest waits.
    inbox_oldest_at: Option<String>,
    /// Rows that were set aside because they could not be processed, of all shops here.
    set_aside: i64,
    /// Messages that could not be used, of this shop, as far as they are kept.
    rejections: i64,
    /// Bytes of the database.
    storage_bytes: i64,
    /// Its name and version.
    database: String,
    version: String,
    commit: String,
    public_url: String,
    now: String,
}

/// Read how the data does
#[utoipa::path(get, path = "/condition", tag = "workspace", responses((status = 200, body = DataConditionView)))]
async fn condition(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
) -> Answer<Json<DataConditionView>> {
    let (workspace, now) = (caller.workspace, services.now());
    let (backlog, set_aside, rejections, (storage_bytes, database)) = services
        .read(move |tx| {
            let rejections = tx.old_rejection_count(workspace, kit::Timestamp::MAX)?;
            Ok((tx.backlog()?, tx.quarantined()?, rejections, tx.storage()?))
        })
        .await?;
    Ok(Json(DataConditionView {
        inbox_messages: backlog.items,
        inbox_oldest_at: iso_opt(backlog.oldest_at),
        set_aside,
        rejections,
        storage_bytes,
        database,
        version: services.build.version.clone(),
        commit: services.build.commit.clone(),
        public_url: services.config.public_url.clone(),
        now: iso(now),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
struct SetAsideView {
    /// Its number.
    id: String,
    /// When it came in.
    received_at: String,
    /// When it was set aside.
    at: String,
    /// `batch`, a kind of message, or `internal`.
    kind: String,
    /// Messages in it.
    items: i64,
    error: String,
    /// Its beginning. It may hold personal data.
    sample: String,
}

fn view(held: QuarantinedRow) -> SetAsideView {
    let arrival = held.row.arrival;
    SetAsideView {
        id: held.row.seq.to_string(),
        received_at: iso(arrival.received_at),
        at: iso(held.at),
        kind: arrival.kind,
        items: arrival.items,
        error: held.error,
        sample: String::from_utf8_lossy(&arrival.payload).chars().take(SAMPLE_CHARS).collect(),
    }
}

/// List what was set aside
///
/// Requests that no try could process; they are kept whole until somebody tries them again or drops them. Newest
/// first.
#[utoipa::path(get, path = "/set-aside", tag = "events", params(Paging), responses((status = 200, body = Page<SetAsideView>)))]
async fn set_aside(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<SetAsideView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    let rows = services.read(move |tx| tx.set_aside_page(workspace, before, limit + 1)).await?;
    Ok(Json(Page::of(rows, limit, |held| [held.row.seq.to_string()], view)))
}

async fn row_of(services: &Arc<Services>, workspace: kit::WorkspaceId, id: &str) -> Answer<QuarantinedRow> {
    let seq: i64 = id.parse().map_err(|_| Problem::not_found("the row"))?;
    let found = services.read(move |tx| tx.quarantined_row(workspace, seq)).await?;
    found.ok_or_else(|| Problem::not_found("the row"))
}

/// Drop what was set aside
///
/// For good.
#[utoipa::path(delete, path = "/set-aside/{id}", tag = "events", params(("id" = String, Path)), responses((status = 204)))]
async fn discard(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
    audit: Audit,
) -> Answer<StatusCode> {
    let held = row_of(&services, caller.workspace, &id).await?;
    audit.detail("items", held.row.arrival.items);
    let mut changes = Changeset::new();
    changes.discard_quarantined(caller.workspace, held.row.seq);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Process what was set aside once more
///
/// It goes behind all that waits now. What fails again is set aside again.
#[utoipa::path(post, path = "/set-aside/{id}/retry", tag = "events", params(("id" = String, Path)), responses((status = 204)))]
async fn release(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let held = row_of(&services, caller.workspace, &id).await?;
    let mut changes = Changeset::new();
    changes.release_quarantined(caller.workspace, held.row.seq);
    services.apply(changes).await?;
    // They count as waiting until the engine takes them.
    services.door.left(-held.row.arrival.items);
    services.door.wake();
    Ok(StatusCode::NO_CONTENT)
}
