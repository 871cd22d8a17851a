//! Inviting somebody to a workspace, and what an invited person does with the link.

use crate::audit::Happened;
use crate::caller::Admin;
use crate::endpoints::users::{UserView, may_manage, name_told, role_told};
use crate::idempotency::NotRemembered;
use crate::keys::{hash_key, random_text};
use crate::listing::{Page, iso, iso_opt};
use crate::password::hash_password;
use crate::problem::{Answer, Problem};
use crate::second_factor::{self, Proof};
use crate::services::{Services, workspace_of};
use crate::session::{self, Visitor};
use crate::staff_mail::{self, Letter};
use crate::told::Told;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use kit::{DAY_MS, HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::accounts::{AccountRow, InvitationRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// An invitation works for so long.
const INVITATION_MS: i64 = 7 * DAY_MS;
/// A way to a new password that somebody asked for at the sign-in works for so long.
const RESET_MS: i64 = HOUR_MS;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(resend)).routes(routes!(revoke))
}

/// What is done with a token instead of a key.
pub fn open() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(look))
        .routes(routes!(accept))
        .routes(routes!(look_at_reset))
        .routes(routes!(ask_reset))
        .routes(routes!(confirm_reset))
}

#[derive(Debug, Serialize, ToSchema)]
struct InvitationView {
    id: String,
    email: String,
    role: String,
    /// `open`, `accepted`, `revoked` or `expired`.
    state: String,
    invited_by: String,
    created_at: String,
    expires_at: String,
    accepted_at: Option<String>,
}

impl InvitationView {
    fn of(row: InvitationRow, now: Timestamp) -> InvitationView {
        let state = match &row {
            row if row.accepted_at.is_some() => "accepted",
            row if row.revoked_at.is_some() => "revoked",
            row if row.expires_at <= now => "expired",
            _ => "open",
        };
        InvitationView {
            id: row.invitation_id,
            email: row.email,
            role: row.role,
            state: state.to_owned(),
            invited_by: row.invited_by,
            created_at: iso(row.created_at),
            expires_at: iso(row.expires_at),
            accepted_at: iso_opt(row.accepted_at),
        }
    }
}

/// An invitation with its link.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationLink {
    #[serde(flatten)]
    view: InvitationView,
    /// Where the invitation is accepted. Shown this once; hand it on where no e-mail went out.
    url: String,
    mailed: bool,
    /// Why no e-mail went out.
    mail_problem: Option<String>,
}

type Linked = (Extension<NotRemembered>, Json<InvitationLink>);

/// List invitations
///
/// The newest 500.
#[utoipa::path(get, path = "/invitations", tag = "staff", responses((status = 200, body = Page<InvitationView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
) -> Answer<Json<Page<InvitationView>>> {
    let (workspace, now) = (caller.workspace, services.now());
    let rows = services.read(move |tx| tx.invitations(workspace)).await?;
    Ok(Json(Page::whole(rows.into_iter().map(|row| InvitationView::of(row, now)).collect())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    email: String,
    /// `owner`, `admin`, `marketer`, `analyst` or `support`.
    role: String,
}

pub fn email_told(email: &str) -> Answer<String> {
    let email = email.trim().to_lowercase();
    let parts = email.split_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if email.len() > 254 || parts.is_none() || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Problem::field("email", "an e-mail address"));
    }
    Ok(email)
}

/// Mails the link, and shows it.
async fn linked(services: &Arc<Services>, row: InvitationRow, token: &str) -> InvitationLink {
    let url = format!("{}/app/invitation/{token}", services.config.public_url);
    let posted = staff_mail::post(services, row.workspace, &row.email, Letter::Invitation, &url).await;
    InvitationLink {
        view: InvitationView::of(row, services.now()),
        url,
        mailed: posted.is_ok(),
        mail_problem: posted.err(),
    }
}

/// Invite somebody
///
/// The link in the answer works once, for seven days; it also goes out by e-mail when the shop's channel is set up.
/// Only an owner invites owners.
#[utoipa::path(post, path = "/invitations", tag = "staff", request_body = NewInvitation, responses((status = 201, body = InvitationLink)))]
async fn create(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Told(told): Told<NewInvitation>,
) -> Answer<(StatusCode, Extension<NotRemembered>, Json<InvitationLink>)> {
    let email = email_told(&told.email)?;
    let role = role_told(&told.role)?;
    may_manage(&caller, role)?;
    let (workspace, now) = (caller.workspace, services.now());
    let asked = email.clone();
    let (accounts, invitations) =
        services.read(move |tx| Ok((tx.accounts(workspace)?, tx.invitations(workspace)?))).await?;
    if accounts.iter().any(|account| account.email == asked) {
        let detail = "this person is in the workspace already; change their role instead";
        return Err(Problem::conflict("user_exists", detail));
    }
    let is_open = |row: &InvitationRow| {
        row.email == asked && row.accepted_at.is_none() && row.revoked_at.is_none() && row.expires_at > now
    };
    if invitations.iter().any(is_open) {
        let detail = "this person has an open invitation; send that one again or revoke it first";
        return Err(Problem::conflict("invitation_exists", detail));
    }
    let token = random_text(services.fill_random);
    let row = InvitationRow {
        workspace,
        invitation_id: services.new_id().to_string(),
        email,
        role: role.as_str().to_owned(),
        invited_by: caller.source,
        created_at: now,
        expires_at: now.plus_ms(INVITATION_MS),
        accepted_at: None,
        revoked_at: None,
    };
    let mut changes = Changeset::new();
    changes.insert_invitation(&row, hash_key(&token).to_vec());
    services.apply(changes).await?;
    let link = linked(&services, row, &token).await;
    Ok((StatusCode::CREATED, Extension(NotRemembered), Json(link)))
}

async fn find(services: &Arc<Services>, caller: &crate::caller::Caller, id: String) -> Answer<InvitationRow> {
    let workspace = caller.workspace;
    let found = services.read(move |tx| tx.invitation(workspace, &id)).await?;
    let row = found.ok_or_else(|| Problem::not_found("the invitation"))?;
    may_manage(caller, role_told(&row.role)?)?;
    if row.accepted_at.is_some() || row.revoked_at.is_some() {
        let detail = "this invitation was accepted or revoked; make a new one";
        return Err(Problem::conflict("invitation_closed", detail));
    }
    Ok(row)
}

/// Send an invitation again
///
/// With a new link for another seven days; the link before no longer works.
#[utoipa::path(post, path = "/invitations/{id}/resend", tag = "staff", params(("id" = String, Path)), responses((status = 200, body = InvitationLink)))]
async fn resend(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<Linked> {
    let mut row = find(&services, &caller, id).await?;
    let token = random_text(services.fill_random);
    row.expires_at = services.now().plus_ms(INVITATION_MS);
    let mut changes = Changeset::new();
    changes.renew_invitation(row.workspace, &row.invitation_id, hash_key(&token).to_vec(), row.expires_at);
    services.apply(changes).await?;
    Ok((Extension(NotRemembered), Json(linked(&services, row, &token).await)))
}

/// Revoke an invitation
#[utoipa::path(delete, path = "/invitations/{id}", tag = "staff", params(("id" = String, Path)), responses((status = 204)))]
async fn revoke(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let row = find(&services, &caller, id).await?;
    let mut changes = Changeset::new();
    changes.revoke_invitation(row.workspace, &row.invitation_id, services.now());
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn worn_out() -> Problem {
    let detail = "this link is wrong, was used, or is too old; ask for a new one";
    Problem::new(StatusCode::NOT_FOUND, "link_worn_out", detail)
}

/// The open invitation of a token.
pub async fn invitation_of(services: &Arc<Services>, token: &str) -> Answer<InvitationRow> {
    let (hash, now) = (hash_key(token), services.now());
    let found = services.read(move |tx| tx.invitation_by_token(&hash)).await?;
    let is_open =
        |row: &InvitationRow| row.accepted_at.is_none() && row.revoked_at.is_none() && row.expires_at > now;
    found.filter(is_open).ok_or_else(worn_out)
}

/// Whether the invited person has an account in another workspace, whose password counts then.
pub async fn has_account(services: &Arc<Services>, email: &str) -> Answer<bool> {
    let email = email.to_owned();
    let found = services.read(move |tx| tx.account_of_email(&email)).await?;
    Ok(found.is_some())
}

pub async fn hashed(services: &Arc<Services>, password: String) -> Answer<String> {
    let permit = services.memory.comparisons.acquire().await;
    let hash = services
        .aside(move |services| {
            hash_password(&password, services.fill_random).map_err(|error| Problem::field("password", error))
        })
        .await;
    drop(permit);
    hash
}

/// Takes an invitation up: makes the account, or lets one that exists into the workspace after its password was
/// checked; begins a session.
pub async fn take_up(
    services: &Arc<Services>,
    token: &str,
    name: &str,
    password: String,
    proof: Proof<'_>,
    visitor: &Visitor,
) -> Answer<(AccountRow, HeaderValue)> {
    let now = services.now();
    session::may_try(services, visitor, &format!("invitation {:?}", &hash_key(token)[..8]), now)?;
    let row = invitation_of(services, token).await?;
    let name = name_told(name)?;
    let email = row.email.clone();
    let known = services.read(move |tx| tx.account_of_email(&email)).await?;
    let mut changes = Changeset::new();
    changes.accept_invitation(row.workspace, &row.invitation_id, now);
    let account = match known {
        Some(known) => {
            if !session::compare(services, &password, Some(known.password_hash.clone())).await? {
                let detail = "you have an account already: give its password";
                return Err(Problem::new(StatusCode::UNAUTHORIZED, "wrong_credentials", detail));
            }
            changes.insert_member(row.workspace, &known.account_id, &row.role, now);
            let account = AccountRow {
                account_id: known.account_id,
                workspace: row.workspace,
                email: known.email,
                name: known.name,
                role: row.role,
                password_hash: known.password_hash,
            };
            second_factor::demand(services, &account, proof, visitor).await?;
            account
        }
        None => {
            let account = AccountRow {
                account_id: services.new_id().to_string(),
                workspace: row.workspace,
                email: row.email,
                name,
                role: row.role,
                password_hash: hashed(services, password).await?,
            };
            changes.insert_account(account.clone(), now);
            account
        }
    };
    let actor = format!("account:{}", account.account_id);
    Happened::to_account(&account, "invitation_accepted", &actor, visitor).add_to(&mut changes, now);
    services.apply(changes).await?;
    let (_, cookie) = session::begin(services, &account, visitor, now).await?;
    Ok((account, cookie))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkToken {
    /// The last part of the link.
    token: String,
}

/// What an invitation is to.
#[derive(Debug, Serialize, ToSchema)]
struct Invited {
    /// The shop.
    shop: String,
    email: String,
    role: String,
    /// Whether the address has an account here already, whose password counts then.
    is_known: bool,
    expires_at: String,
}

/// Look at an invitation
///
/// Before it is accepted, by the token of its link.
#[utoipa::path(post, path = "/invitations/look", tag = "staff", security(()), request_body = LinkToken, responses((status = 200, body = Invited)))]
async fn look(State(services): State<Arc<Services>>, request: Request) -> Answer<Json<Invited>> {
    check_origin(&services, &request)?;
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) = <Told<LinkToken> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    may_look(&services, &visitor, &told.token)?;
    let row = invitation_of(&services, &told.token).await?;
    let workspace = row.workspace;
    let found = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let shop = if found.settings.shop.name.is_empty() { found.name } else { found.settings.shop.name };
    let is_known = has_account(&services, &row.email).await?;
    Ok(Json(Invited { shop, email: row.email, role: row.role, is_known, expires_at: iso(row.expires_at) }))
}

/// Who opens a page with a link in it looks more often than they try.
fn may_look(services: &Services, visitor: &Visitor, token: &str) -> Answer<()> {
    let from = format!("look {}", visitor.ip.as_deref().unwrap_or("unknown"));
    let taken = services.memory.sign_ins_of_account.take(&from, services.now());
    taken
        .map_err(|seconds| Problem::too_many("too many links were looked at; wait and try again", seconds))?;
    if token.len() > 200 { Err(worn_out()) } else { Ok(()) }
}

/// Look at a way to a new password
///
/// Whether its link still works.
#[utoipa::path(post, path = "/password-resets/look", tag = "staff", security(()), request_body = LinkToken, responses((status = 204)))]
async fn look_at_reset(State(services): State<Arc<Services>>, request: Request) -> Answer<StatusCode> {
    check_origin(&services, &request)?;
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) = <Told<LinkToken> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    may_look(&services, &visitor, &told.token)?;
    reset_of(&services, &told.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// The last part of the invitation's link.
    token: String,
    #[serde(default)]
    name: String,
    /// At least ten characters; of somebody who has an account already, its password.
    password: String,
    /// Of somebody whose account has a second factor: a code of the authenticator app.
    code: Option<String>,
    /// Where the app is lost.
    recovery_code: Option<String>,
}

/// Accept an invitation
///
/// Sets a session cookie.
#[utoipa::path(post, path = "/invitations/accept", tag = "staff", security(()), request_body = Acceptance, responses((status = 200, body = UserView)))]
async fn accept(State(services): State<Arc<Services>>, request: Request) -> Answer<Response> {
    check_origin(&services, &request)?;
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) = <Told<Acceptance> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    let proof = Proof { code: told.code.as_deref(), recovery_code: told.recovery_code.as_deref() };
    let (account, cookie) =
        take_up(&services, &told.token, &told.name, told.password, proof, &visitor).await?;
    let is_secured = proof.code.is_some() || proof.recovery_code.is_some();
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(UserView::of(account, is_secured)))
        .into_response())
}

fn check_origin(services: &Services, request: &Request) -> Answer<()> {
    let names_origin = request.headers().contains_key(header::ORIGIN);
    if names_origin && !session::is_from_our_pages(services, request.headers()) {
        let detail = "this is done from our own pages";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross_site_request", detail));
    }
    Ok(())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetWanted {
    email: String,
}

/// Sends a way to a new password to an address, if it has an account and the shop an e-mail channel. Says nothing of
/// either, and takes as long whatever is so: the mail goes out aside.
pub async fn send_reset(services: &Arc<Services>, email: &str, visitor: &Visitor) -> Answer<()> {
    let email = email.trim().to_lowercase();
    let now = services.now();
    session::may_try(services, visitor, &format!("reset {email:.300}"), now)?;
    let asked = email.clone();
    let account = services.read(move |tx| tx.account_by_email(&asked)).await?;
    if let Some(account) = account {
        let services = Arc::clone(services);
        tokio::spawn(async move {
            let url =
                super::users::new_reset(&services, &account.account_id, now, now.plus_ms(RESET_MS)).await;
            let Ok(url) = url else { return };
            let posted =
                staff_mail::post(&services, account.workspace, &email, Letter::NewPassword, &url).await;
            if let Err(error) = posted {
                tracing::warn!(%error, "a way to a new password could not be mailed");
            }
        });
    }
    Ok(())
}

/// Ask for a new password
///
/// Where the address has an account, a link is mailed to it. The answer is the same for every address.
#[utoipa::path(post, path = "/password-resets", tag = "staff", security(()), request_body = ResetWanted, responses((status = 202)))]
async fn ask_reset(State(services): State<Arc<Services>>, request: Request) -> Answer<StatusCode> {
    check_origin(&services, &request)?;
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) =
        <Told<ResetWanted> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    send_reset(&services, &told.email, &visitor).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Whose password a token may set.
pub async fn reset_of(services: &Arc<Services>, token: &str) -> Answer<String> {
    let (hash, now) = (hash_key(token), services.now());
    let found = services.read(move |tx| tx.reset(&hash)).await?;
    found.filter(|(_, expires_at)| *expires_at > now).map(|(id, _)| id).ok_or_else(worn_out)
}

/// Sets a new password by a token, which ends all sessions of the account.
pub async fn use_reset(
    services: &Arc<Services>,
    token: &str,
    password: String,
    visitor: &Visitor,
) -> Answer<()> {
    let now = services.now();
    session::may_try(services, visitor, &format!("new password {:?}", &hash_key(token)[..8]), now)?;
    let account_id = reset_of(services, token).await?;
    let hash = hashed(services, password).await?;
    let mut changes = Changeset::new();
    changes.use_reset(hash_key(token).to_vec());
    changes.set_password(&account_id, hash);
    let id = account_id.clone();
    let memberships = services.read(move |tx| tx.memberships(&id)).await?;
    for membership in memberships {
        let account = AccountRow {
            account_id: account_id.clone(),
            workspace: membership.workspace,
            email: String::new(),
            name: String::new(),
            role: membership.role,
            password_hash: String::new(),
        };
        let actor = format!("account:{account_id}");
        Happened::to_account(&account, "password_reset", &actor, visitor).add_to(&mut changes, now);
    }
    services.apply(changes).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The last part of the link.
    token: String,
    /// At least ten characters.
    password: String,
}

/// Choose a new password
///
/// With a link that was mailed or handed over. Ends every session of the account.
#[utoipa::path(post, path = "/password-resets/confirm", tag = "staff", security(()), request_body = NewPassword, responses((status = 204)))]
async fn confirm_reset(State(services): State<Arc<Services>>, request: Request) -> Answer<StatusCode> {
    check_origin(&services, &request)?;
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) =
        <Told<NewPassword> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    use_reset(&services, &told.token, told.password, &visitor).await?;
    Ok(StatusCode::NO_CONTENT)
}
