//! Views that staff keep of a list: filters, columns and order under a name, their own or for everybody.

use crate::caller::{Caller, Member};
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::normalise::text;
use domain::roles::{Permission, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use store::Changeset;
use store::grid::ViewRow;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(change, remove))
}

const VIEWS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 60;
const DOC_BYTES_MAX: usize = 32 << 10;

/// A view of a list.
#[derive(Debug, Serialize, ToSchema)]
struct SavedView {
    id: String,
    /// Which list it is of: `customers`.
    area: String,
    name: String,
    /// Everybody in the workspace sees it.
    shared: bool,
    /// Whether it is the caller's own.
    own: bool,
    /// Filters, columns and order, in the words of the list.
    #[schema(value_type = Object)]
    doc: Value,
    place: i64,
    updated_at: String,
}

impl SavedView {
    fn of(row: ViewRow, caller: &Caller) -> SavedView {
        SavedView {
            own: row.owner == caller.source,
            id: row.view_id,
            area: row.area,
            name: row.name,
            shared: row.shared,
            doc: serde_json::from_str(&row.doc).unwrap_or_default(),
            place: row.place,
            updated_at: iso(row.updated_at),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Which list: `customers`.
    area: Option<String>,
}

/// List saved views
///
/// One's own and those that are shared, by their place.
#[utoipa::path(get, path = "/views", tag = "workspace", params(ListQuery), responses((status = 200, body = Page<SavedView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<SavedView>>> {
    let workspace = caller.workspace;
    let rows = services.read(move |tx| tx.views(workspace)).await?;
    let seen = rows.into_iter().filter(|row| {
        (row.shared || row.owner == caller.source) && query.area.as_ref().is_none_or(|area| *area == row.area)
    });
    Ok(Json(Page::whole(seen.map(|row| SavedView::of(row, &caller)).collect())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewView {
    /// `customers` when not given.
    area: Option<String>,
    name: String,
    #[serde(default)]
    shared: bool,
    #[schema(value_type = Object)]
    doc: Value,
}

/// What is not given stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct ViewChanges {
    name: Option<String>,
    shared: Option<bool>,
    #[schema(value_type = Option<Object>)]
    doc: Option<Value>,
    place: Option<i64>,
}

fn checked_name(told: &str) -> Answer<String> {
    let name = text::clean(told, NAME_CHARS_MAX + 1);
    match name.chars().count() {
        1..=NAME_CHARS_MAX => Ok(name),
        _ => Err(Problem::field("name", format!("from 1 to {NAME_CHARS_MAX} characters"))),
    }
}

fn checked_doc(doc: &Value) -> Answer<String> {
    let written = doc.to_string();
    if !doc.is_object() || written.len() > DOC_BYTES_MAX {
        return Err(Problem::field("doc", format!("an object of at most {DOC_BYTES_MAX} bytes")));
    }
    Ok(written)
}

/// Sharing changes what others see.
fn may_share(caller: &Caller, shared: bool) -> Answer<()> {
    if shared { caller.needs(Permission::ChangeSetup) } else { Ok(()) }
}

/// Save a view
///
/// A shared one needs the permission to change the setup.
#[utoipa::path(post, path = "/views", tag = "workspace", request_body = NewView, responses((status = 201, body = SavedView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Told(told): Told<NewView>,
) -> Answer<(StatusCode, Json<SavedView>)> {
    let workspace = caller.workspace;
    let area = told.area.unwrap_or_else(|| "customers".into());
    if area.is_empty() || area.len() > 40 || !area.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        return Err(Problem::field("area", "a word of small letters"));
    }
    may_share(&caller, told.shared)?;
    let rows = services.read(move |tx| tx.views(workspace)).await?;
    if rows.len() >= VIEWS_MAX {
        let detail = format!("a workspace has at most {VIEWS_MAX} saved views; delete some");
        return Err(Problem::conflict("too_many_views", detail));
    }
    let now = services.now();
    let row = ViewRow {
        view_id: services.new_id().to_string(),
        area,
        owner: caller.source.clone(),
        shared: told.shared,
        name: checked_name(&told.name)?,
        doc: checked_doc(&told.doc)?,
        place: rows.iter().map(|row| row.place).max().unwrap_or(0) + 1,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let mut changes = Changeset::new();
    changes.insert_view(workspace, row.clone());
    services.apply(changes).await?;
    Ok((StatusCode::CREATED, Json(SavedView::of(row, &caller))))
}

/// A view that the caller may change: one's own, and for owners and admins every shared one.
async fn changeable(services: &Arc<Services>, caller: &Caller, id: &str) -> Answer<ViewRow> {
    let (workspace, id) = (caller.workspace, id.to_owned());
    let found = services.read(move |tx| tx.view(workspace, &id)).await?;
    let found = found.filter(|row| row.shared || row.owner == caller.source);
    let row = found.ok_or_else(|| Problem::not_found("the view"))?;
    let manages = caller.seat.as_ref().is_none_or(|seat| matches!(seat.role, Role::Owner | Role::Admin));
    if row.owner != caller.source && !manages {
        let detail = "this view is somebody else's; save one of your own";
        return Err(Problem::new(StatusCode::FORBIDDEN, "view_of_another", detail));
    }
    Ok(row)
}

/// Change a view
#[utoipa::path(patch, path = "/views/{id}", tag = "workspace", params(("id" = String, Path)), request_body = ViewChanges, responses((status = 200, body = SavedView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
    Told(told): Told<ViewChanges>,
) -> Answer<Json<SavedView>> {
    let mut row = changeable(&services, &caller, &id).await?;
    if let Some(name) = &told.name {
        row.name = checked_name(name)?;
    }
    if let Some(doc) = &told.doc {
        row.doc = checked_doc(doc)?;
    }
    if let Some(shared) = told.shared {
        may_share(&caller, shared)?;
        row.shared = shared;
    }
    row.place = told.place.unwrap_or(row.place).clamp(0, 10_000);
    row.updated_at = services.now();
    let mut changes = Changeset::new();
    changes.update_view(caller.workspace, row.clone());
    services.apply(changes).await?;
    Ok(Json(SavedView::of(row, &caller)))
}

/// Delete a view
#[utoipa::path(delete, path = "/views/{id}", tag = "workspace", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let row = changeable(&services, &caller, &id).await?;
    let mut changes = Changeset::new();
    changes.delete_view(caller.workspace, &row.view_id);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}
