//! Ways to the shop's own people beside e-mail: chats and webhooks that a journey's notice can name. Secrets go in and
//! never come out.

use crate::caller::{Admin, Reader};
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::journey::is_staff_contact;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use store::Changeset;
use store::devices::ContactRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const CONTACTS_MAX: usize = 100;
const TRIAL_WAIT: Duration = Duration::from_secs(30);

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove)).routes(routes!(trial))
}

/// A way to the shop's staff, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
struct StaffContactView {
    /// As a journey's notice names it: `telegram:ops`.
    name: String,
    updated_at: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

impl StaffContactView {
    fn of(services: &Services, row: &ContactRow) -> Answer<StaffContactView> {
        let mut settings = match services.desk.shown_contact(&row.name, &row.sealed) {
            Ok(Value::Object(shown)) => shown,
            Ok(_) => Map::new(),
            Err(error) => return Err(Problem::internal(&format!("a contact cannot be opened: {error}"))),
        };
        for name in ["name", "updated_at"] {
            settings.remove(name);
        }
        Ok(StaffContactView { name: row.name.clone(), updated_at: iso(row.updated_at), settings })
    }
}

/// List contacts of staff
#[utoipa::path(get, path = "/staff-contacts", tag = "channels", responses((status = 200, body = Page<StaffContactView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<StaffContactView>>> {
    let rows = services.read(|tx| tx.contacts()).await?;
    let own = rows.iter().filter(|row| row.workspace == caller.workspace);
    Ok(Json(Page::whole(own.map(|row| StaffContactView::of(&services, row)).collect::<Answer<_>>()?)))
}

/// Set up a contact of staff
///
/// The name says the kind and a word of your own, such as `telegram:ops`. A body has what the kind needs: `bot_token`
/// and `chat_id` of `telegram`; `url` of `slack`, `discord` and `webhook` (which gets `{"text": ..}`); `user_id` of
/// `zalo`, a follower of the Official Account. A secret that is left out stays as it is.
#[utoipa::path(put, path = "/staff-contacts/{name}", tag = "channels", params(("name" = String, Path)), request_body(content = Object), responses((status = 200, body = StaffContactView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(name): Path<String>,
    Told(told): Told<Value>,
) -> Answer<Json<StaffContactView>> {
    if !is_staff_contact(&name) {
        let told = "telegram, slack, discord, webhook or zalo, a colon, and up to 40 letters, digits, _ or -: telegram:ops";
        return Err(Problem::field("name", told));
    }
    let workspace = caller.workspace;
    let rows = services.read(|tx| tx.contacts()).await?;
    let own: Vec<&ContactRow> = rows.iter().filter(|row| row.workspace == workspace).collect();
    let stored = own.iter().find(|row| row.name == name).map(|row| row.sealed.clone());
    if stored.is_none() && own.len() >= CONTACTS_MAX {
        let detail = format!("a shop has at most {CONTACTS_MAX} contacts of staff; delete one first");
        return Err(Problem::conflict("contacts_too_many", detail));
    }
    let sealed = services.desk.prepare_contact(&name, &told, stored.as_deref()).map_err(|problems| {
        let first = problems.first();
        let first = first.map_or_else(String::new, |one| format!("{}: {}", one.field, one.message));
        Problem::unusable("invalid_contact", format!("the contact cannot be used: {first}"))
            .with_problems(problems)
    })?;
    let row = ContactRow { workspace, name, sealed, updated_at: services.now() };
    let mut changes = Changeset::new();
    changes.set_contact(row.clone());
    services.configure(changes).await?;
    Ok(Json(StaffContactView::of(&services, &row)?))
}

/// Delete a contact of staff
///
/// Notices of journeys that name it are not sent any more.
#[utoipa::path(delete, path = "/staff-contacts/{name}", tag = "channels", params(("name" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(name): Path<String>,
) -> Answer<StatusCode> {
    let workspace = caller.workspace;
    let known = name.clone();
    if services.read(move |tx| tx.contact(workspace, &known)).await?.is_none() {
        return Err(Problem::not_found("the contact"));
    }
    let mut changes = Changeset::new();
    changes.delete_contact(workspace, &name);
    services.configure(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, ToSchema)]
struct StaffContactTrial {
    ok: bool,
    /// What the other side said, or why it could not be reached.
    detail: String,
}

/// Try a contact of staff
///
/// Sends it a short text, past the ledger.
#[utoipa::path(post, path = "/staff-contacts/{name}/test", tag = "channels", params(("name" = String, Path)), responses((status = 200, body = StaffContactTrial)))]
async fn trial(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(name): Path<String>,
) -> Answer<Json<StaffContactTrial>> {
    let workspace = caller.workspace;
    let known = name.clone();
    let found = services
        .read(move |tx| {
            Ok((tx.contact(workspace, &known)?, crate::services::workspace_of(tx, workspace)?.settings))
        })
        .await?;
    let (Some(row), settings) = found else { return Err(Problem::not_found("the contact")) };
    if let Err(wait) = services.memory.trials.take(&format!("channel {}", workspace.0), services.now()) {
        return Err(Problem::too_many("contacts are tried at most 20 times an hour", wait));
    }
    let text = match settings.language.as_str() {
        "en" => "A test from Quaylai: this contact works.",
        _ => "Tin thử từ Quaylai: liên hệ này hoạt động.",
    };
    let sent = services.desk.try_contact(workspace, &name, &row.sealed, Some(text));
    let sent = tokio::time::timeout(TRIAL_WAIT, sent).await;
    let sent = sent.unwrap_or_else(|_| Err("no answer within 30 seconds".into()));
    let ok = sent.is_ok();
    Ok(Json(StaffContactTrial { ok, detail: sent.unwrap_or_else(|error| error) }))
}
