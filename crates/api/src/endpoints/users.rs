//! The shop's staff: who they are, what they may do, and the ways that an owner or admin has with their accounts.

use crate::audit::Audit;
use crate::caller::{Admin, Caller};
use crate::endpoints::sessions::SignInView;
use crate::idempotency::NotRemembered;
use crate::keys::{hash_key, random_text};
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::staff_mail::{self, Letter};
use crate::told::Told;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::roles::Role;
use kit::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::accounts::{AccountRow, Membership};
use store::{Changeset, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A link to a new password that an admin made works for so long.
const RESET_MS: i64 = DAY_MS;
const NAME_BYTES_MAX: usize = 200;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(roles))
        .routes(routes!(change, remove))
        .routes(routes!(reset_password))
        .routes(routes!(reset_second_factor))
        .routes(routes!(sessions, end_sessions))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    pub id: String,
    pub email: String,
    pub name: String,
    /// `owner`, `admin`, `marketer`, `analyst` or `support`.
    pub role: String,
    /// What the role allows.
    pub permissions: Vec<String>,
    /// Whether a second factor is asked for at the sign-in.
    pub second_factor: bool,
}

impl UserView {
    pub fn of(row: AccountRow, second_factor: bool) -> UserView {
        let permissions = row.role.parse::<Role>().map(Role::permissions).unwrap_or_default();
        UserView {
            id: row.account_id,
            email: row.email,
            name: row.name,
            permissions: permissions.iter().map(|permission| permission.as_str().to_owned()).collect(),
            role: row.role,
            second_factor,
        }
    }
}

pub fn role_told(text: &str) -> Answer<Role> {
    text.parse().map_err(|error: String| Problem::field("role", error))
}

pub fn name_told(name: &str) -> Answer<String> {
    let name = name.trim();
    if name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
        return Err(Problem::field("name", format!("one line of at most {NAME_BYTES_MAX} bytes")));
    }
    Ok(name.to_owned())
}

/// Refuses what only owners may do to owners.
pub fn may_manage(caller: &Caller, role: Role) -> Answer<()> {
    if caller.rank().may_manage(role) {
        return Ok(());
    }
    let detail = format!("only an owner who is signed in may make, change or remove an {role}");
    Err(Problem::new(StatusCode::FORBIDDEN, "owners_only", detail))
}

fn last_owner() -> Problem {
    let detail = "a workspace needs an owner: make somebody else an owner first";
    Problem::conflict("last_owner", detail)
}

async fn find(services: &Arc<Services>, caller: &Caller, id: &str) -> Answer<AccountRow> {
    let (workspace, id) = (caller.workspace, id.to_owned());
    let found = services.read(move |tx| tx.account(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the user"))
}

/// List users
#[utoipa::path(get, path = "/users", tag = "staff", responses((status = 200, body = Page<UserView>)))]
async fn list(State(services): State<Arc<Services>>, Admin(caller): Admin) -> Answer<Json<Page<UserView>>> {
    let workspace = caller.workspace;
    let (rows, secured) =
        services.read(move |tx| Ok((tx.accounts(workspace)?, tx.second_factors(workspace)?))).await?;
    let view = |row: AccountRow| {
        let is_secured = secured.contains(&row.account_id);
        UserView::of(row, is_secured)
    };
    Ok(Json(Page::whole(rows.into_iter().map(view).collect())))
}

#[derive(Debug, Serialize, ToSchema)]
struct RoleView {
    role: String,
    permissions: Vec<String>,
}

/// List roles
///
/// With what each of them allows.
#[utoipa::path(get, path = "/roles", tag = "staff", responses((status = 200, body = Page<RoleView>)))]
async fn roles(Admin(_): Admin) -> Json<Page<RoleView>> {
    let view = |role: &Role| RoleView {
        role: role.to_string(),
        permissions: role.permissions().iter().map(|permission| permission.as_str().to_owned()).collect(),
    };
    Json(Page::whole(Role::ALL.iter().map(view).collect()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserChanges {
    /// `owner`, `admin`, `marketer`, `analyst` or `support`.
    role: Option<String>,
    name: Option<String>,
}

/// Change a user
///
/// Only an owner makes owners and changes them; the last owner stays one.
#[utoipa::path(patch, path = "/users/{id}", tag = "staff", params(("id" = String, Path)), request_body = UserChanges, responses((status = 200, body = UserView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    audit: Audit,
    Told(told): Told<UserChanges>,
) -> Answer<Json<UserView>> {
    let mut row = find(&services, &caller, &id).await?;
    let mut changes = Changeset::new();
    let before: Role = row.role.parse().map_err(|error: String| Problem::internal(&error))?;
    may_manage(&caller, before)?;
    if let Some(role) = told.role.as_deref().map(role_told).transpose()?
        && role != before
    {
        may_manage(&caller, role)?;
        changes.change_role(caller.workspace, &row.account_id, before.as_str(), role.as_str());
        audit.detail("role", serde_json::json!({ "before": before, "after": role }));
        row.role = role.as_str().to_owned();
    }
    if let Some(name) = told.name.as_deref().map(name_told).transpose()?
        && name != row.name
    {
        changes.rename_account(&row.account_id, &name);
        row.name = name;
    }
    if !changes.is_empty() {
        match store_apply(&services, changes).await {
            Err(StoreError::Conflict { stmt: "member_role" }) if before == Role::Owner => {
                return Err(last_owner());
            }
            other => other?,
        }
    }
    let id = row.account_id.clone();
    let factor = services.read(move |tx| tx.second_factor(&id)).await?;
    Ok(Json(UserView::of(row, factor.is_some_and(|factor| factor.confirmed_at.is_some()))))
}

/// The store's own answer, for writes whose conflicts mean something.
pub async fn store_apply(services: &Arc<Services>, changes: Changeset) -> Result<(), StoreError> {
    let outcome = services.aside(move |services| Ok(services.store.apply(changes).map(|_| ()))).await;
    outcome.unwrap_or_else(|problem| Err(StoreError::Bug(problem.detail)))
}

/// Remove a user
///
/// Ends their sessions at once. The last owner cannot be removed.
#[utoipa::path(delete, path = "/users/{id}", tag = "staff", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    audit: Audit,
) -> Answer<StatusCode> {
    let row = find(&services, &caller, &id).await?;
    may_manage(&caller, role_told(&row.role)?)?;
    audit.detail("role", row.role.clone());
    let mut changes = Changeset::new();
    changes.remove_member(caller.workspace, &row.account_id);
    match store_apply(&services, changes).await {
        Err(StoreError::Conflict { stmt: "member_delete" }) if row.role == Role::Owner.as_str() => {
            Err(last_owner())
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(StatusCode::NO_CONTENT),
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ResetLink {
    /// Where a new password is chosen. Shown this once.
    url: String,
    expires_at: String,
    /// Whether it also went out by e-mail.
    mailed: bool,
    /// Why not.
    mail_problem: Option<String>,
}

/// Stores a single-use way to a new password; answers the link to it.
pub async fn new_reset(
    services: &Arc<Services>,
    account_id: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Answer<String> {
    let token = random_text(services.fill_random);
    let mut changes = Changeset::new();
    changes.insert_reset(hash_key(&token).to_vec(), account_id, now, expires_at);
    services.apply(changes).await?;
    Ok(format!("{}/app/new-password/{token}", services.config.public_url))
}

/// Refuses who manages somebody here, but not in every workspace that their account opens.
async fn manages_everywhere(services: &Arc<Services>, caller: &Caller, row: &AccountRow) -> Answer<()> {
    let (id, own) = (row.account_id.clone(), caller.seat.as_ref().map(|seat| seat.account_id.clone()));
    let read = move |tx: &mut store::ReadTx<'_>| {
        let own = own.map(|own| tx.memberships(&own)).transpose()?;
        Ok((tx.memberships(&id)?, own.unwrap_or_default()))
    };
    let (theirs, own) = services.read(read).await?;
    let manages = |place: &Membership| {
        let Ok(role) = place.role.parse::<Role>() else { return false };
        place.workspace == caller.workspace
            || own.iter().any(|held| {
                held.workspace == place.workspace
                    && held.role.parse::<Role>().is_ok_and(|held| held.may_manage(role))
            })
    };
    if theirs.iter().all(manages) {
        return Ok(());
    }
    let detail = "this account works in other workspaces too, which you do not manage; its owner asks for a new \
                  password at the sign-in";
    Err(Problem::new(StatusCode::FORBIDDEN, "shared_account", detail))
}

/// Turn a user's second factor off
///
/// For a colleague who has lost the device and the recovery codes. Ends their sessions.
#[utoipa::path(delete, path = "/users/{id}/second-factor", tag = "staff", params(("id" = String, Path)), responses((status = 204)))]
async fn reset_second_factor(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let row = find(&services, &caller, &id).await?;
    may_manage(&caller, role_told(&row.role)?)?;
    manages_everywhere(&services, &caller, &row).await?;
    if caller.seat.as_ref().is_some_and(|seat| seat.account_id == row.account_id) {
        let detail = "this is your own: turn it off in your account, with your password";
        return Err(Problem::conflict("own_second_factor", detail));
    }
    let mut changes = Changeset::new();
    changes.delete_second_factor(&row.account_id);
    changes.end_other_sessions(&row.account_id, "");
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a user choose a new password
///
/// Answers a link that works once, for a day, and sends it by e-mail when the shop's channel is set up. The password
/// before works until then.
#[utoipa::path(post, path = "/users/{id}/reset-password", tag = "staff", params(("id" = String, Path)), responses((status = 200, body = ResetLink)))]
async fn reset_password(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<(Extension<NotRemembered>, Json<ResetLink>)> {
    let row = find(&services, &caller, &id).await?;
    may_manage(&caller, role_told(&row.role)?)?;
    manages_everywhere(&services, &caller, &row).await?;
    let now = services.now();
    let expires_at = now.plus_ms(RESET_MS);
    let url = new_reset(&services, &row.account_id, now, expires_at).await?;
    let posted = staff_mail::post(&services, caller.workspace, &row.email, Letter::NewPassword, &url).await;
    let link =
        ResetLink { url, expires_at: iso(expires_at), mailed: posted.is_ok(), mail_problem: posted.err() };
    Ok((Extension(NotRemembered), Json(link)))
}

/// List a user's sessions
#[utoipa::path(get, path = "/users/{id}/sessions", tag = "staff", params(("id" = String, Path)), responses((status = 200, body = Page<SignInView>)))]
async fn sessions(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<Json<Page<SignInView>>> {
    let row = find(&services, &caller, &id).await?;
    let workspace = caller.workspace;
    let logins = services.read(move |tx| tx.logins(&row.account_id)).await?;
    let here = logins.into_iter().filter(|login| login.workspace == workspace);
    Ok(Json(Page::whole(here.map(|login| SignInView::of(login, None)).collect())))
}

/// End a user's sessions
///
/// All of them; the user signs in anew.
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "staff", params(("id" = String, Path)), responses((status = 204)))]
async fn end_sessions(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let row = find(&services, &caller, &id).await?;
    may_manage(&caller, role_told(&row.role)?)?;
    let mut changes = Changeset::new();
    changes.end_other_sessions(&row.account_id, "");
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}
