//! What staff, keys and the command line did.

use crate::caller::Admin;
use crate::listing::{Page, Paging, instant, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::extract::State;
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::audit::{AuditFilter, AuditRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Serialize, ToSchema)]
struct AuditView {
    id: String,
    at: String,
    /// `account:<id>`, `key:<id>`, `command_line`, `system` or `nobody`.
    actor: String,
    /// The account's name, or the key's, as long as it exists.
    actor_name: Option<String>,
    /// The role or the scopes under which it was done.
    role: String,
    /// A method and a path, or `sign_in`, `sign_in_failed`, `sign_out` and the like.
    action: String,
    /// What it was done to: `settings`, `profiles/01H...`.
    object: String,
    /// Before and after in brief.
    #[schema(value_type = Object)]
    detail: Value,
    /// The network it came from.
    ip: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// `account:<id>` or `key:<id>`.
    actor: Option<String>,
    /// As an entry writes it: `POST /keys`, `sign_in_failed`.
    action: Option<String>,
    /// As an entry writes it: `profiles/01H...`. Without effect beside `actor`.
    object: Option<String>,
    /// What comes before the first `/` of an object: `journeys`, `settings`.
    kind: Option<String>,
    from: Option<String>,
    /// Not included.
    to: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Read the audit log
///
/// Newest first. It holds what staff and keys changed, sign-ins and failed ones, exports and erasures.
#[utoipa::path(get, path = "/audit", tag = "staff", params(AuditQuery), responses((status = 200, body = Page<AuditView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Asked(query): Asked<AuditQuery>,
) -> Answer<Json<Page<AuditView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let read = |field: &str, text: &Option<String>, otherwise: Timestamp| match text {
        Some(text) => instant(field, text),
        None => Ok(otherwise),
    };
    for (field, text) in
        [("actor", &query.actor), ("action", &query.action), ("object", &query.object), ("kind", &query.kind)]
    {
        if text.as_ref().is_some_and(|text| text.len() > 300) {
            return Err(Problem::field(field, "at most 300 bytes"));
        }
    }
    let filter = AuditFilter {
        before: paging.after_number()?.unwrap_or(i64::MAX),
        from: read("from", &query.from, Timestamp::MIN)?,
        to: read("to", &query.to, Timestamp::MAX)?,
        action: query.action.unwrap_or_default(),
        kind: query.kind.unwrap_or_default(),
        actor: query.actor,
        object: query.object,
    };
    let (rows, names) = services
        .read(move |tx| {
            let mut names = BTreeMap::new();
            for account in tx.accounts(workspace)? {
                let name = if account.name.is_empty() { account.email } else { account.name };
                names.insert(format!("account:{}", account.account_id), name);
            }
            for key in tx.keys(workspace)? {
                let name = if key.name.is_empty() { key.hint } else { key.name };
                names.insert(format!("key:{}", key.key_id), name);
            }
            Ok((tx.audit_page(workspace, &filter, limit + 1)?, names))
        })
        .await?;
    let page = Page::of(
        rows,
        limit,
        |row: &AuditRow| [row.audit_no.to_string()],
        |row| AuditView {
            id: row.audit_no.to_string(),
            at: iso(row.entry.at),
            actor_name: names.get(&row.entry.actor).cloned(),
            actor: row.entry.actor,
            role: row.entry.role,
            action: row.entry.action,
            object: row.entry.object,
            detail: serde_json::from_str(&row.entry.detail).unwrap_or_default(),
            ip: row.entry.ip,
        },
    );
    Ok(Json(page))
}
