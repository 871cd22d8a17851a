//! Lists that people are put on and taken off by name.

use crate::caller::{Reader, Writer};
use crate::endpoints::profiles::{ProfileView, by_identifier, identifier};
use crate::endpoints::templates::{check_id, id_from};
use crate::listing::{Page, Paging, iso};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::normalise::text;
use engine::Note;
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::segments::ListRow;
use store::{Changeset, ReadTx, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, change, remove))
        .routes(routes!(members, set_members))
}

/// Lists of one workspace.
const LISTS_MAX: usize = 1_000;
const NAME_CHARS_MAX: usize = 200;
const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// People put on and taken off in one call.
const CALL_MAX: usize = 1_000;

#[derive(Debug, Serialize, ToSchema)]
struct ListView {
    id: String,
    name: String,
    description: String,
    /// Profiles on it; not in the list of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    created_at: String,
    updated_at: String,
}

impl ListView {
    fn of(row: ListRow, count: Option<usize>) -> ListView {
        ListView {
            id: row.list_id,
            name: row.name,
            description: row.description,
            count,
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewList {
    /// A word of your own, by which conditions name it; made from the name when not given.
    id: Option<String>,
    name: String,
    description: Option<String>,
}

/// What is not given stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ListChanges {
    name: Option<String>,
    description: Option<String>,
}

fn checked_name(told: &str) -> Answer<String> {
    let name = text::clean(told, NAME_CHARS_MAX + 1);
    match name.chars().count() {
        1..=NAME_CHARS_MAX => Ok(name),
        _ => Err(Problem::field("name", format!("from 1 to {NAME_CHARS_MAX} characters"))),
    }
}

async fn row_of(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<ListRow> {
    let id = id.to_owned();
    let found = services.read(move |tx| tx.list(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the list"))
}

fn all_on(tx: &mut ReadTx<'_>, workspace: WorkspaceId, list_id: &str) -> Result<Vec<ProfileNo>, StoreError> {
    tx.list_members(workspace, list_id, ProfileNo(0), i64::MAX)
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<Json<ListView>> {
    let row = row_of(services, workspace, id).await?;
    let id = id.to_owned();
    let count = services.read(move |tx| Ok(all_on(tx, workspace, &id)?.len())).await?;
    Ok(Json(ListView::of(row, Some(count))))
}

/// The lists of the workspace
#[utoipa::path(get, path = "/lists", tag = "segments", responses((status = 200, body = Page<ListView>)))]
async fn list(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<Page<ListView>>> {
    let workspace = caller.workspace;
    let rows = services.read(move |tx| tx.lists(workspace)).await?;
    Ok(Json(Page::whole(rows.into_iter().map(|row| ListView::of(row, None)).collect())))
}

/// Make a list
#[utoipa::path(post, path = "/lists", tag = "segments", request_body = NewList, responses((status = 201, body = ListView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<NewList>,
) -> Answer<(StatusCode, Json<ListView>)> {
    let workspace = caller.workspace;
    let name = checked_name(&told.name)?;
    let id = told.id.unwrap_or_else(|| id_from(&name));
    check_id(&id)?;
    let rows = services.read(move |tx| tx.lists(workspace)).await?;
    if rows.len() >= LISTS_MAX {
        let detail = format!("a workspace has at most {LISTS_MAX} lists; delete some");
        return Err(Problem::conflict("too_many_lists", detail));
    }
    if let Some(other) = rows.iter().find(|row| row.name.to_lowercase() == name.to_lowercase()) {
        let detail = format!("list \"{}\" has this name; take another one", other.list_id);
        return Err(Problem::conflict("name_taken", detail));
    }
    let now = services.now();
    let description = text::clean_lines(&told.description.unwrap_or_default(), DESCRIPTION_CHARS_MAX);
    let row = ListRow { list_id: id.clone(), name, description, created_at: now, updated_at: now };
    let mut changes = Changeset::new();
    changes.insert_list(workspace, row);
    services.apply(changes).await?;
    Ok((StatusCode::CREATED, shown(&services, workspace, &id).await?))
}

/// Read a list
#[utoipa::path(get, path = "/lists/{id}", tag = "segments", params(("id" = String, Path)), responses((status = 200, body = ListView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<ListView>> {
    shown(&services, caller.workspace, &id).await
}

/// Rename or describe a list
#[utoipa::path(patch, path = "/lists/{id}", tag = "segments", params(("id" = String, Path)), request_body = ListChanges, responses((status = 200, body = ListView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<ListChanges>,
) -> Answer<Json<ListView>> {
    let workspace = caller.workspace;
    let mut row = row_of(&services, workspace, &id).await?;
    if let Some(name) = &told.name {
        row.name = checked_name(name)?;
        let rows = services.read(move |tx| tx.lists(workspace)).await?;
        let folded = row.name.to_lowercase();
        if let Some(other) = rows.iter().find(|o| o.list_id != id && o.name.to_lowercase() == folded) {
            let detail = format!("list \"{}\" has this name; take another one", other.list_id);
            return Err(Problem::conflict("name_taken", detail));
        }
    }
    if let Some(description) = &told.description {
        row.description = text::clean_lines(description, DESCRIPTION_CHARS_MAX);
    }
    row.updated_at = services.now();
    let mut changes = Changeset::new();
    changes.update_list(workspace, row);
    services.apply(changes).await?;
    shown(&services, workspace, &id).await
}

/// Whether a condition asks for a list.
fn names_list(value: &Value, list_id: &str) -> bool {
    match value {
        Value::Array(parts) => parts.iter().any(|part| names_list(part, list_id)),
        Value::Object(object) => object.iter().any(|(key, value)| {
            (key == "list" && value.as_str() == Some(list_id)) || names_list(value, list_id)
        }),
        _ => false,
    }
}

/// Delete a list
///
/// Everybody is taken off it first. Refused while a segment asks for it.
#[utoipa::path(delete, path = "/lists/{id}", tag = "segments", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let workspace = caller.workspace;
    row_of(&services, workspace, &id).await?;
    let segments = services.read(move |tx| tx.segments(workspace)).await?;
    let asks = segments.iter().find(|row| {
        row.state != "archived"
            && serde_json::from_str(&row.definition).is_ok_and(|definition| names_list(&definition, &id))
    });
    if let Some(segment) = asks {
        let detail = format!("segment \"{}\" asks for this list; change it first", segment.name);
        return Err(Problem::conflict("list_in_use", detail));
    }
    loop {
        let off = id.clone();
        let some = services
            .read(move |tx| {
                let numbers = tx.list_members(workspace, &off, ProfileNo(0), 500)?;
                let of: Vec<_> = numbers.into_iter().map(|no| (workspace, no)).collect();
                tx.profiles(&of)
            })
            .await?;
        if some.is_empty() {
            break;
        }
        let ids: Vec<String> = some.iter().map(|(_, stored)| stored.profile.id.to_string()).collect();
        tell(&services, workspace, &id, &[], &ids, &caller.source).await?;
    }
    let mut changes = Changeset::new();
    changes.delete_list(workspace, &id);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is on a list
///
/// In the order in which the profiles were made.
#[utoipa::path(get, path = "/lists/{id}/members", tag = "segments", params(("id" = String, Path), Paging), responses((status = 200, body = Page<ProfileView>)))]
async fn members(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<ProfileView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let after = ProfileNo(paging.after_number()?.unwrap_or(0));
    row_of(&services, workspace, &id).await?;
    let now = services.now();
    let (rows, currency) = services
        .read(move |tx| {
            let numbers = tx.list_members(workspace, &id, after, limit + 1)?;
            let of: Vec<_> = numbers.into_iter().map(|no| (workspace, no)).collect();
            Ok((tx.profiles(&of)?, workspace_of(tx, workspace)?.settings.currency))
        })
        .await?;
    let behind = |(_, row): &(WorkspaceId, store::people::StoredProfile)| [row.profile.no.0.to_string()];
    Ok(Json(Page::of(rows, limit, behind, |(_, row)| ProfileView::of(&row.profile, &currency, now))))
}

/// People by the ids of their profiles, or by identifiers such as `email:an@example.com`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MembersCall {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MembersAnswer {
    /// Profiles named that are on the list now.
    added: usize,
    /// Profiles named that are off it now.
    removed: usize,
    /// What named nobody.
    unknown: Vec<String>,
}

/// Put people on a list, take them off
///
/// At most 1,000 in one call. Somebody who is on it already stays.
#[utoipa::path(post, path = "/lists/{id}/members", tag = "segments", params(("id" = String, Path)), request_body = MembersCall, responses((status = 200, body = MembersAnswer)))]
async fn set_members(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<MembersCall>,
) -> Answer<Json<MembersAnswer>> {
    let workspace = caller.workspace;
    row_of(&services, workspace, &id).await?;
    if told.add.len() + told.remove.len() > CALL_MAX {
        return Err(Problem::field("add", format!("at most {CALL_MAX} people in one call")));
    }
    for text in told.add.iter().chain(&told.remove).filter(|text| text.contains(':')) {
        identifier(text)?;
    }
    let (add, remove, unknown) = services
        .read(move |tx| {
            let mut unknown = Vec::new();
            let add = resolve(tx, workspace, told.add, &mut unknown)?;
            Ok((add, resolve(tx, workspace, told.remove, &mut unknown)?, unknown))
        })
        .await?;
    tell(&services, workspace, &id, &add, &remove, &caller.source).await?;
    Ok(Json(MembersAnswer { added: add.len(), removed: remove.len(), unknown }))
}

/// The ids of the profiles that are named, each once.
fn resolve(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    named: Vec<String>,
    unknown: &mut Vec<String>,
) -> Result<Vec<String>, StoreError> {
    let mut ids = BTreeSet::new();
    for text in named {
        let found = if text.contains(':') {
            match text.parse() {
                Ok(identifier) => by_identifier(tx, workspace, &identifier)?,
                Err(_) => None,
            }
        } else {
            match text.parse::<Id>() {
                Ok(id) => tx.profile_by_id(workspace, id)?,
                Err(_) => None,
            }
        };
        match found {
            Some(stored) => drop(ids.insert(stored.profile.id.to_string())),
            None => unknown.push(text),
        }
    }
    Ok(ids.into_iter().collect())
}

async fn tell(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    list_id: &str,
    add: &[String],
    remove: &[String],
    source: &str,
) -> Answer<()> {
    let at: Timestamp = services.now();
    let note = |profile_id: &String, on: bool| {
        let named = |wanted: bool| if on == wanted { vec![list_id.to_owned()] } else { Vec::new() };
        Note::Change {
            profile_id: profile_id.clone(),
            at: at.into(),
            attributes: Default::default(),
            tags_added: Vec::new(),
            tags_removed: Vec::new(),
            lists_added: named(true),
            lists_removed: named(false),
            source: source.to_owned(),
        }
    };
    let notes: Vec<Note> =
        add.iter().map(|id| note(id, true)).chain(remove.iter().map(|id| note(id, false))).collect();
    match services.append_all(workspace, &notes).await? {
        Some(seq) => services.processed_up_to(seq).await,
        None => Ok(()),
    }
}
