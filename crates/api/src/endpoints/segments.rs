//! Segments: written, counted, explained, archived. docs/segments.md is the grammar of definitions.

mod counting;
mod growth;
mod members;

use crate::caller::{Reader, Writer};
use crate::endpoints::templates::{check_id, id_from};
use crate::listing::{Page, Paging, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::condition::Condition;
use domain::normalise::text::search_key;
use engine::segments::Census;
use engine::segments::save::{self, Draft, Mode, SaveError, Trees, Use};
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::segments::{SegmentRow, SegmentVersionRow};
use store::{ReadTx, Store};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use counting::condition_of;
pub use members::{SegmentOfProfile, segments_of_profile};

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, put, change, archive))
        .routes(routes!(restore))
        .routes(routes!(versions))
        .routes(routes!(usage))
        .merge(members::router())
        .merge(counting::router())
        .merge(growth::router())
}

#[derive(Debug, Serialize, ToSchema)]
struct SegmentView {
    id: String,
    name: String,
    description: String,
    /// `computing`, `live` or `archived`. While a new version is computed the one before stays in force.
    state: String,
    /// From 0 to 1 while it is computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    /// Members now; null while it is computed for the first time, and of an archived one.
    count: Option<u64>,
    version: i64,
    /// As it was written; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    definition: Option<Value>,
    created_at: String,
    updated_at: String,
    /// When the version in force became so.
    computed_at: Option<String>,
    /// Where it is used; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_by: Option<Vec<UseView>>,
}

/// Something that refers to a segment.
#[derive(Debug, Serialize, ToSchema)]
struct UseView {
    /// `segment`, `journey` or `campaign`.
    kind: String,
    id: String,
    name: String,
    state: String,
    /// Whether the segment cannot be archived before this is changed.
    holds: bool,
}

impl UseView {
    fn of(one: Use) -> UseView {
        UseView { kind: one.kind.to_owned(), id: one.id, name: one.name, state: one.state, holds: one.holds }
    }
}

impl SegmentView {
    fn of(row: SegmentRow, count: Option<u64>, progress: f64) -> SegmentView {
        SegmentView {
            progress: (row.state == "computing").then_some((progress * 1_000.0).round() / 1_000.0),
            id: row.segment_id,
            name: row.name,
            description: row.description,
            state: row.state,
            count,
            version: row.version,
            definition: None,
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            computed_at: iso_opt(row.computed_at),
            used_by: None,
        }
    }
}

/// What a segment's author writes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSegment {
    /// A word of your own by which other documents name it; made from the name when not given.
    id: Option<String>,
    name: String,
    description: Option<String>,
    /// A condition, see docs/segments.md.
    #[schema(value_type = Object)]
    definition: Value,
}

/// What is not given stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SegmentChanges {
    name: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<Object>)]
    definition: Option<Value>,
}

impl From<SaveError> for Problem {
    fn from(error: SaveError) -> Problem {
        let detail = error.to_string();
        match error {
            SaveError::Definition(problems) => {
                let first = problems.first().map_or_else(String::new, ToString::to_string);
                Problem::unusable("invalid_definition", format!("{detail}: {first}")).with_problems(problems)
            }
            SaveError::Field(field, message) => Problem::field(field, message),
            SaveError::NameTaken(id) => {
                let detail = format!("segment \"{id}\" has this name; take another one");
                Problem::conflict("name_taken", detail)
            }
            SaveError::TooMany => Problem::conflict("too_many_segments", detail),
            SaveError::Exists => Problem::conflict("exists_already", detail),
            SaveError::Unknown => Problem::not_found("the segment"),
            SaveError::Archived => Problem::conflict("segment_archived", detail),
            SaveError::InUse(uses) => {
                let named: Vec<String> =
                    uses.iter().map(|one| format!("{} \"{}\"", one.kind, one.name)).collect();
                let detail = format!("the segment is used by {}; change these first", named.join(", "));
                Problem::conflict("segment_in_use", detail).with_problems(uses.into_iter().map(UseView::of))
            }
            SaveError::Store(error) => error.into(),
        }
    }
}

/// Checks and expands a definition that is not saved.
fn expanded(tx: &mut ReadTx<'_>, workspace: WorkspaceId, definition: &Value) -> Result<Condition, SaveError> {
    let condition = save::read_definition(definition)?;
    Trees::of(&tx.segments(workspace)?).expand(&condition)
}

async fn row_of(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<SegmentRow> {
    let id = id.to_owned();
    let found = services.read(move |tx| tx.segment(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the segment"))
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<Json<SegmentView>> {
    let id = id.to_owned();
    let found = services
        .read(move |tx| {
            let Some(row) = tx.segment(workspace, &id)? else { return Ok(None) };
            let mut census = Census::read(tx, workspace)?;
            let members = census.members(tx, &id)?;
            let uses = save::usage(tx, workspace, &id)?;
            Ok(Some((row, members, census.progress(&id), uses)))
        })
        .await?;
    let (row, members, progress, uses) = found.ok_or_else(|| Problem::not_found("the segment"))?;
    let definition = serde_json::from_str(&row.definition).ok();
    let view = SegmentView::of(row, members.map(|members| members.len()), progress);
    let used_by = Some(uses.into_iter().map(UseView::of).collect());
    Ok(Json(SegmentView { definition, used_by, ..view }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of a name or an id; tone marks do not matter.
    search: Option<String>,
    /// `computing`, `live` or `archived`; those that are not archived when not given.
    state: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List segments
///
/// By name.
#[utoipa::path(get, path = "/segments", tag = "segments", params(ListQuery), responses((status = 200, body = Page<SegmentView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<SegmentView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let after = paging.after::<2>()?;
    if query.search.as_ref().is_some_and(|search| search.len() > 200) {
        return Err(Problem::field("search", "at most 200 bytes"));
    }
    if let Some(state) = &query.state
        && !["computing", "live", "archived"].contains(&state.as_str())
    {
        return Err(Problem::field("state", "computing, live or archived"));
    }
    let search = query.search.as_deref().map(search_key).unwrap_or_default();
    let state = query.state;
    let views = services
        .read(move |tx| {
            let mut rows: Vec<([String; 2], SegmentRow)> = Vec::new();
            for row in tx.segments(workspace)? {
                let wanted = match &state {
                    Some(state) => row.state == *state,
                    None => row.state != "archived",
                };
                let name = search_key(&row.name);
                if wanted && (name.contains(&search) || search_key(&row.segment_id).contains(&search)) {
                    rows.push(([name, row.segment_id.clone()], row));
                }
            }
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            rows.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
            rows.truncate(usize::try_from(limit + 1).unwrap_or(0));
            let mut census = Census::read(tx, workspace)?;
            let mut views = Vec::with_capacity(rows.len());
            for (key, row) in rows {
                let members = census.members(tx, &row.segment_id)?.map(|members| members.len());
                let progress = census.progress(&row.segment_id);
                views.push((key, SegmentView::of(row, members, progress)));
            }
            Ok(views)
        })
        .await?;
    Ok(Json(Page::of(views, limit, |(key, _)| key.clone(), |(_, view)| view)))
}

/// Does what the engine knows how to do with a segment, and wakes it.
async fn conduct(
    services: &Arc<Services>,
    act: impl FnOnce(&Store, kit::Timestamp) -> Result<SegmentRow, SaveError> + Send + 'static,
) -> Answer<SegmentRow> {
    let acted = move |services: &Services| Ok(act(&services.store, services.now())?);
    let row = services.aside(acted).await?;
    services.door.wake();
    Ok(row)
}

/// Make a segment
///
/// Its members are computed in the background and follow every event from then on. When all its conditions are known
/// from other segments, it is live at once.
#[utoipa::path(post, path = "/segments", tag = "segments", request_body = NewSegment, responses((status = 201, body = SegmentView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<NewSegment>,
) -> Answer<(StatusCode, Json<SegmentView>)> {
    let workspace = caller.workspace;
    let id = match &told.id {
        Some(id) => id.clone(),
        None => free_id(&services, workspace, &told.name).await?,
    };
    check_id(&id)?;
    let draft =
        Draft { name: Some(told.name), description: told.description, definition: Some(told.definition) };
    let (made, by) = (id.clone(), caller.source);
    conduct(&services, move |store, now| {
        save::save_segment(store, workspace, &made, Mode::Make, &draft, &by, now)
    })
    .await?;
    Ok((StatusCode::CREATED, shown(&services, workspace, &id).await?))
}

/// Paths of the API that an id would hide.
const RESERVED: [&str; 4] = ["preview", "overlap", "growth", "uses"];

/// An id made of a name that no segment has, archived ones included.
async fn free_id(services: &Arc<Services>, workspace: WorkspaceId, name: &str) -> Answer<String> {
    let word = match id_from(name) {
        word if word.is_empty() => "segment".to_owned(),
        word => word,
    };
    let rows = services.read(move |tx| tx.segments(workspace)).await?;
    let is_free =
        |id: &String| !RESERVED.contains(&id.as_str()) && rows.iter().all(|row| row.segment_id != *id);
    let numbered = (2..).map(|n| format!("{word}-{n}"));
    let found = std::iter::once(word.clone()).chain(numbered).find(is_free);
    Ok(found.unwrap_or(word))
}

/// Read a segment
#[utoipa::path(get, path = "/segments/{id}", tag = "segments", params(("id" = String, Path)), responses((status = 200, body = SegmentView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<SegmentView>> {
    shown(&services, caller.workspace, &id).await
}

/// Write a segment
///
/// Makes it, or changes it. Another definition is a new version; the one before stays in force until the new one is
/// computed. The same again changes nothing.
#[utoipa::path(put, path = "/segments/{id}", tag = "segments", params(("id" = String, Path)), request_body = NewSegment, responses((status = 200, body = SegmentView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<NewSegment>,
) -> Answer<Json<SegmentView>> {
    check_id(&id)?;
    if told.id.as_ref().is_some_and(|inner| *inner != id) {
        return Err(Problem::field("id", "differs from the one in the path"));
    }
    let draft = Draft {
        name: Some(told.name),
        description: Some(told.description.unwrap_or_default()),
        definition: Some(told.definition),
    };
    write(&services, caller.workspace, id, Mode::Put, draft, caller.source).await
}

/// Change a segment
#[utoipa::path(patch, path = "/segments/{id}", tag = "segments", params(("id" = String, Path)), request_body = SegmentChanges, responses((status = 200, body = SegmentView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<SegmentChanges>,
) -> Answer<Json<SegmentView>> {
    let draft = Draft { name: told.name, description: told.description, definition: told.definition };
    write(&services, caller.workspace, id, Mode::Change, draft, caller.source).await
}

async fn write(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    id: String,
    mode: Mode,
    draft: Draft,
    by: String,
) -> Answer<Json<SegmentView>> {
    let written = id.clone();
    conduct(services, move |store, now| {
        save::save_segment(store, workspace, &written, mode, &draft, &by, now)
    })
    .await?;
    shown(services, workspace, &id).await
}

/// Archive a segment
///
/// It has no members from then on. Refused while another segment, a running journey or a campaign that is not done
/// uses it; the answer says which. Its history stays, and it can be restored.
#[utoipa::path(delete, path = "/segments/{id}", tag = "segments", params(("id" = String, Path)), responses((status = 200, body = SegmentView)))]
async fn archive(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<Json<SegmentView>> {
    let (workspace, archived) = (caller.workspace, id.clone());
    conduct(&services, move |store, now| save::archive_segment(store, workspace, &archived, now)).await?;
    shown(&services, workspace, &id).await
}

/// Restore an archived segment
///
/// It is computed anew.
#[utoipa::path(post, path = "/segments/{id}/restore", tag = "segments", params(("id" = String, Path)), responses((status = 200, body = SegmentView)))]
async fn restore(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<Json<SegmentView>> {
    let (workspace, restored) = (caller.workspace, id.clone());
    conduct(&services, move |store, now| save::restore_segment(store, workspace, &restored, now)).await?;
    shown(&services, workspace, &id).await
}

#[derive(Debug, Serialize, ToSchema)]
struct SegmentVersionView {
    version: i64,
    name: String,
    #[schema(value_type = Object)]
    definition: Value,
    created_at: String,
    /// The key or the account that wrote it.
    created_by: String,
    /// Members once it was computed, and how many it added and removed.
    members: Option<i64>,
    added: Option<i64>,
    removed: Option<i64>,
}

/// The versions of a segment
///
/// Newest first.
#[utoipa::path(get, path = "/segments/{id}/versions", tag = "segments", params(("id" = String, Path), Paging), responses((status = 200, body = Page<SegmentVersionView>)))]
async fn versions(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<SegmentVersionView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    row_of(&services, workspace, &id).await?;
    let rows = services.read(move |tx| tx.segment_versions(workspace, &id, before, limit + 1)).await?;
    let show = |row: SegmentVersionRow| SegmentVersionView {
        version: row.version,
        name: row.name,
        definition: serde_json::from_str(&row.definition).unwrap_or_else(|_| json!({})),
        created_at: iso(row.created_at),
        created_by: row.created_by,
        members: row.change.map(|change| change.0),
        added: row.change.map(|change| change.1),
        removed: row.change.map(|change| change.2),
    };
    Ok(Json(Page::of(rows, limit, |row| [row.version.to_string()], show)))
}

/// Where a segment is used
#[utoipa::path(get, path = "/segments/{id}/usage", tag = "segments", params(("id" = String, Path)), responses((status = 200, body = Page<UseView>)))]
async fn usage(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<UseView>>> {
    let workspace = caller.workspace;
    row_of(&services, workspace, &id).await?;
    let uses = services.read(move |tx| save::usage(tx, workspace, &id)).await?;
    Ok(Json(Page::whole(uses.into_iter().map(UseView::of).collect())))
}
