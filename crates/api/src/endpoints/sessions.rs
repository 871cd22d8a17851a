//! Signing in and out, the sessions of one's own account, and its password.

use crate::audit::Audit;
use crate::caller::Member;
use crate::endpoints::invitations::hashed;
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::second_factor::Proof;
use crate::services::Services;
use crate::session::{self, Visitor};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::roles::Role;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::accounts::{AccountRow, LoginRow, Membership};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(find, create, enter, end)).routes(routes!(door))
}

/// What somebody who is signed in does with their own account.
pub fn own() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(change_password)).routes(routes!(list)).routes(routes!(revoke))
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionView {
    id: String,
    account_id: String,
    email: String,
    name: String,
    role: String,
    /// The language that the account reads the app in, `vi` or `en`; null: what the browser says.
    language: Option<String>,
    /// What the role allows.
    permissions: Vec<String>,
    /// The workspace that this session works in.
    workspace: String,
    /// All workspaces of the account.
    workspaces: Vec<WorkspaceChoice>,
    expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct WorkspaceChoice {
    slug: String,
    name: String,
    role: String,
}

impl SessionView {
    fn of(
        account: AccountRow,
        login: &LoginRow,
        memberships: Vec<Membership>,
        language: String,
    ) -> SessionView {
        let permissions = account.role.parse::<Role>().map(Role::permissions).unwrap_or_default();
        let here = memberships.iter().find(|membership| membership.workspace == login.workspace);
        SessionView {
            id: login.login_id.clone(),
            account_id: account.account_id,
            email: account.email,
            name: account.name,
            role: account.role,
            language: Some(language).filter(|language| !language.is_empty()),
            permissions: permissions.iter().map(|permission| permission.as_str().to_owned()).collect(),
            workspace: here.map(|membership| membership.slug.clone()).unwrap_or_default(),
            workspaces: memberships
                .into_iter()
                .map(|m| WorkspaceChoice { slug: m.slug, name: m.name, role: m.role })
                .collect(),
            expires_at: iso(login.expires_at),
        }
    }

    async fn read(services: &Arc<Services>, account: AccountRow, login: &LoginRow) -> Answer<SessionView> {
        let id = account.account_id.clone();
        let read = move |tx: &mut store::ReadTx<'_>| Ok((tx.memberships(&id)?, tx.personal(&id)?));
        let (memberships, personal) = services.read(read).await?;
        let language = personal.map(|personal| personal.language).unwrap_or_default();
        Ok(SessionView::of(account, login, memberships, language))
    }
}

fn not_signed_in() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "not_signed_in", "nobody is signed in")
}

/// Who is signed in
#[utoipa::path(get, path = "/session", tag = "staff", security(()), responses((status = 200, body = SessionView)))]
async fn find(State(services): State<Arc<Services>>, headers: HeaderMap) -> Answer<Json<SessionView>> {
    let (account, login) = session::of_request(&services, &headers).await?.ok_or_else(not_signed_in)?;
    SessionView::read(&services, account, &login).await.map(Json)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: String,
    /// Six digits of the authenticator app, where the account has a second factor.
    code: Option<String>,
    /// One of the recovery codes, where the app is lost.
    recovery_code: Option<String>,
}

fn cross_site() -> Problem {
    let detail = "sign in from our own pages, or send the header X-Quaylai-CSRF";
    Problem::new(StatusCode::FORBIDDEN, "cross_site_request", detail)
}

/// Sign in
///
/// Sets a cookie that stands for the account. A page of ours, or a program that sends `X-Quaylai-CSRF`, may then use
/// the API as far as the account's role goes. After ten wrong attempts from one address the answer is 429 with
/// `Retry-After`.
///
/// An account with a second factor answers 401 and `second_factor_needed` to the right password alone: send the same
/// again with `code`, or with `recovery_code`. A code works once; a wrong one answers 401 and `wrong_code`.
#[utoipa::path(post, path = "/session", tag = "staff", security(()), request_body = Credentials, responses((status = 200, body = SessionView)))]
async fn create(State(services): State<Arc<Services>>, request: Request) -> Answer<Response> {
    // A foreign page must not sign its visitor in as somebody else.
    let names_origin = request.headers().contains_key(header::ORIGIN);
    if names_origin && !session::is_from_our_pages(&services, request.headers()) {
        return Err(cross_site());
    }
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) =
        <Told<Credentials> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    let proof = Proof { code: told.code.as_deref(), recovery_code: told.recovery_code.as_deref() };
    let signed_in = session::sign_in(&services, &told.email, &told.password, proof, &visitor).await;
    let (account, login, cookie) = signed_in?;
    let view = SessionView::read(&services, account, &login).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(view)).into_response())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WorkspaceWanted {
    /// The slug of one of the account's workspaces.
    workspace: String,
}

/// Go to another workspace
///
/// Of those that the account works in.
#[utoipa::path(put, path = "/session", tag = "staff", security(()), request_body = WorkspaceWanted, responses((status = 200, body = SessionView)))]
async fn enter(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    Told(told): Told<WorkspaceWanted>,
) -> Answer<Json<SessionView>> {
    let (account, mut login) = session::of_request(&services, &headers).await?.ok_or_else(not_signed_in)?;
    if !session::is_from_our_pages(&services, &headers) {
        return Err(cross_site());
    }
    let id = account.account_id.clone();
    let read = move |tx: &mut store::ReadTx<'_>| Ok((tx.memberships(&id)?, tx.personal(&id)?));
    let (memberships, personal) = services.read(read).await?;
    let wanted = memberships.iter().find(|membership| membership.slug == told.workspace);
    let wanted = wanted.ok_or_else(|| Problem::field("workspace", "none of the account's workspaces"))?;
    session::enter(&services, &headers, wanted.workspace).await?;
    login.workspace = wanted.workspace;
    let account = AccountRow { role: wanted.role.clone(), workspace: wanted.workspace, ..account };
    let language = personal.map(|personal| personal.language).unwrap_or_default();
    Ok(Json(SessionView::of(account, &login, memberships, language)))
}

/// What stands at the door: how one may sign in here.
#[derive(Debug, Serialize, ToSchema)]
struct DoorView {
    version: String,
    /// The demo shop offers its sign-in to everybody.
    demo: Option<DemoSignIn>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DemoSignIn {
    email: String,
    password: String,
}

/// Look at the sign-in
#[utoipa::path(get, path = "/session/door", tag = "staff", security(()), responses((status = 200, body = DoorView)))]
async fn door(State(services): State<Arc<Services>>) -> Json<DoorView> {
    let demo = services.config.demo_sign_in.clone().filter(|_| services.config.is_demo);
    Json(DoorView {
        version: services.build.version.clone(),
        demo: demo.map(|(email, password)| DemoSignIn { email, password }),
    })
}

/// Sign out
#[utoipa::path(delete, path = "/session", tag = "staff", security(()), responses((status = 204)))]
async fn end(State(services): State<Arc<Services>>, headers: HeaderMap) -> Answer<Response> {
    if !session::is_from_our_pages(&services, &headers) {
        return Err(cross_site());
    }
    let cookie = session::sign_out(&services, &headers).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])).into_response())
}

/// A session in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignInView {
    id: String,
    /// What the browser calls itself.
    device: String,
    /// The network that it was last used from, such as `113.161.77.0/24`.
    network: String,
    created_at: String,
    /// To five minutes.
    last_used_at: String,
    expires_at: String,
    /// Whether it is the one that asks.
    is_current: bool,
}

impl SignInView {
    pub fn of(login: LoginRow, current: Option<&str>) -> SignInView {
        SignInView {
            is_current: current == Some(login.login_id.as_str()),
            id: login.login_id,
            device: login.agent,
            network: login.ip,
            created_at: iso(login.created_at),
            last_used_at: iso(login.used_at),
            expires_at: iso(login.expires_at),
        }
    }
}

/// List your sessions
#[utoipa::path(get, path = "/sessions", tag = "staff", responses((status = 200, body = Page<SignInView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
) -> Answer<Json<Page<SignInView>>> {
    let seat = caller.signed_in()?.clone();
    let logins = services.read(move |tx| tx.logins(&seat.account_id)).await?;
    let current = caller.signed_in()?.login_id.as_str();
    Ok(Json(Page::whole(logins.into_iter().map(|login| SignInView::of(login, Some(current))).collect())))
}

/// End one of your sessions
///
/// Such as one on a device that was lost.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "staff", params(("id" = String, Path)), responses((status = 204)))]
async fn revoke(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let seat = caller.signed_in()?;
    let mut changes = Changeset::new();
    changes.end_session(&seat.account_id, &id);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    current: String,
    /// At least ten characters, and none of the first that anybody tries.
    new: String,
}

/// Change your password
///
/// Ends every session of the account and begins a new one here.
#[utoipa::path(put, path = "/session/password", tag = "staff", request_body = PasswordChange, responses((status = 204)))]
async fn change_password(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    request: Request,
) -> Answer<Response> {
    let seat = caller.signed_in()?.clone();
    audit.object("users", &seat.account_id);
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) =
        <Told<PasswordChange> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    let now = services.now();
    session::may_try(&services, &visitor, &format!("password of {}", seat.account_id), now)?;
    let (workspace, id) = (caller.workspace, seat.account_id.clone());
    let account = services.read(move |tx| tx.account(workspace, &id)).await?.ok_or_else(not_signed_in)?;
    if !session::compare(&services, &told.current, Some(account.password_hash.clone())).await? {
        let detail = "the current password is wrong";
        return Err(Problem::new(StatusCode::FORBIDDEN, "wrong_credentials", detail));
    }
    let mut changes = Changeset::new();
    changes.set_password(&account.account_id, hashed(&services, told.new).await?);
    services.apply(changes).await?;
    let (_, cookie) = session::begin(&services, &account, &visitor, now).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])).into_response())
}
