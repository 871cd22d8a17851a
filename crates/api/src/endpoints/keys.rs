//! API keys of the workspace.

use crate::caller::{Admin, scopes_of};
use crate::idempotency::NotRemembered;
use crate::keys::{KeyKind, Scope, new_key};
use crate::listing::{Page, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Told;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::access::KeyRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

#[derive(Debug, Serialize, ToSchema)]
struct KeyView {
    id: String,
    /// `write` (may send events) or `secret`.
    kind: String,
    name: String,
    /// Of a secret key.
    scopes: Vec<String>,
    /// Its beginning and end.
    hint: String,
    created_at: String,
    revoked_at: Option<String>,
    /// To the minute; null: never.
    used_at: Option<String>,
}

impl KeyView {
    fn of(row: KeyRow) -> KeyView {
        let scopes = if row.kind == "secret" { scopes_of(&row.scopes) } else { Vec::new() };
        KeyView {
            id: row.key_id,
            kind: row.kind,
            name: row.name,
            scopes: scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect(),
            hint: row.hint,
            created_at: iso(row.created_at),
            revoked_at: iso_opt(row.revoked_at),
            used_at: None,
        }
    }
}

/// List keys
#[utoipa::path(get, path = "/keys", tag = "workspace", responses((status = 200, body = Page<KeyView>)))]
async fn list(State(services): State<Arc<Services>>, Admin(caller): Admin) -> Answer<Json<Page<KeyView>>> {
    let workspace = caller.workspace;
    let (rows, uses) = services.read(move |tx| Ok((tx.keys(workspace)?, tx.key_uses(workspace)?))).await?;
    let view = |row: KeyRow| {
        let used = uses.iter().find(|(id, _)| *id == row.key_id).map(|(_, at)| iso(*at));
        KeyView { used_at: used, ..KeyView::of(row) }
    };
    Ok(Json(Page::whole(rows.into_iter().map(view).collect())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKeyTold {
    /// `write` or `secret`.
    kind: String,
    #[serde(default)]
    name: String,
    /// Of a secret key: `read`, `write`, `send`, `admin`. None: all.
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CreatedKey {
    /// The key itself. It is shown this once.
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

type Created = (StatusCode, Extension<NotRemembered>, Json<CreatedKey>);

/// Make a key
///
/// The answer holds the key, which is not stored and cannot be shown again; so an Idempotency-Key is without effect.
#[utoipa::path(post, path = "/keys", tag = "workspace", request_body = NewKeyTold, responses((status = 201, body = CreatedKey)))]
async fn create(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Told(told): Told<NewKeyTold>,
) -> Answer<Created> {
    let kind: KeyKind = told.kind.parse().map_err(|error: String| Problem::field("kind", error))?;
    if told.name.len() > 200 {
        return Err(Problem::field("name", "at most 200 bytes"));
    }
    if kind == KeyKind::Write && !told.scopes.is_empty() {
        return Err(Problem::field("scopes", "a write key has none"));
    }
    let unknown = |word: &&String| !Scope::ALL.iter().any(|scope| scope.as_str() == word.as_str());
    if let Some(word) = told.scopes.iter().find(unknown) {
        return Err(Problem::field("scopes", format!("{word:?} is none of: read, write, send, admin")));
    }
    let made = new_key(kind, services.fill_random);
    let now = services.now();
    let row = KeyRow {
        key_id: services.new_id().to_string(),
        workspace: caller.workspace,
        kind: kind.as_str().to_owned(),
        name: told.name,
        scopes: told.scopes.join(" "),
        hint: made.hint,
        created_at: now,
        revoked_at: None,
    };
    let mut changes = Changeset::new();
    changes.insert_key(row.clone(), made.hash);
    services.configure(changes).await?;
    let created = CreatedKey { key: made.key, view: KeyView::of(row) };
    Ok((StatusCode::CREATED, Extension(NotRemembered), Json(created)))
}

/// Revoke a key
///
/// It stops working at once; in other processes within seconds.
#[utoipa::path(delete, path = "/keys/{id}", tag = "workspace", params(("id" = String, Path)), responses((status = 204)))]
async fn revoke(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let workspace = caller.workspace;
    let rows = services.read(move |tx| tx.keys(workspace)).await?;
    let row = rows.into_iter().find(|row| row.key_id == id).ok_or_else(|| Problem::not_found("the key"))?;
    if row.revoked_at.is_none() {
        let mut changes = Changeset::new();
        changes.revoke_key(workspace, &id, services.now());
        services.configure(changes).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
