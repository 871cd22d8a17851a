//! One's own account: name, language, second factor.

use crate::audit::Audit;
use crate::caller::{Caller, Member};
use crate::endpoints::users::name_told;
use crate::idempotency::NotRemembered;
use crate::listing::{iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::second_factor;
use crate::services::Services;
use crate::session::{self, Visitor};
use crate::told::Told;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::accounts::{AccountRow, Personal};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(find, change))
        .routes(routes!(begin))
        .routes(routes!(confirm))
        .routes(routes!(turn_off))
        .routes(routes!(renew_codes))
}

#[derive(Debug, Serialize, ToSchema)]
struct OwnAccountView {
    id: String,
    email: String,
    name: String,
    /// The role in the workspace of the session.
    role: String,
    /// `vi` or `en`; null: what the browser says.
    language: Option<String>,
    created_at: String,
    /// Since when a second factor is asked for at the sign-in.
    second_factor_since: Option<String>,
    /// Recovery codes that were not used.
    recovery_codes_left: i64,
}

impl OwnAccountView {
    fn of(account: AccountRow, personal: Personal) -> OwnAccountView {
        OwnAccountView {
            id: account.account_id,
            email: account.email,
            name: account.name,
            role: account.role,
            language: Some(personal.language).filter(|language| !language.is_empty()),
            created_at: iso(personal.created_at),
            second_factor_since: iso_opt(personal.second_factor_since),
            recovery_codes_left: personal.recovery_codes,
        }
    }
}

async fn own(services: &Arc<Services>, caller: &Caller) -> Answer<(AccountRow, Personal)> {
    let (workspace, id) = (caller.workspace, caller.signed_in()?.account_id.clone());
    let found = services.read(move |tx| Ok((tx.account(workspace, &id)?, tx.personal(&id)?))).await?;
    match found {
        (Some(account), Some(personal)) => Ok((account, personal)),
        _ => Err(Problem::not_found("your account")),
    }
}

/// Read your account
#[utoipa::path(get, path = "/account", tag = "staff", responses((status = 200, body = OwnAccountView)))]
async fn find(State(services): State<Arc<Services>>, Member(caller): Member) -> Answer<Json<OwnAccountView>> {
    let (account, personal) = own(&services, &caller).await?;
    Ok(Json(OwnAccountView::of(account, personal)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountChanges {
    name: Option<String>,
    /// `vi`, `en`, or empty for what the browser says.
    language: Option<String>,
}

/// Change your account
#[utoipa::path(patch, path = "/account", tag = "staff", request_body = AccountChanges, responses((status = 200, body = OwnAccountView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    Told(told): Told<AccountChanges>,
) -> Answer<Json<OwnAccountView>> {
    let (mut account, mut personal) = own(&services, &caller).await?;
    audit.object("users", &account.account_id);
    let mut changes = Changeset::new();
    if let Some(name) = told.name.as_deref().map(name_told).transpose()?
        && name != account.name
    {
        changes.rename_account(&account.account_id, &name);
        account.name = name;
    }
    if let Some(language) = told.language
        && language != personal.language
    {
        if !["", "vi", "en"].contains(&language.as_str()) {
            return Err(Problem::field("language", "vi or en, or empty for what the browser says"));
        }
        changes.set_account_language(&account.account_id, &language);
        personal.language = language;
    }
    if !changes.is_empty() {
        services.apply(changes).await?;
    }
    Ok(Json(OwnAccountView::of(account, personal)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordAgain {
    /// Your password, so that nobody does this at a screen that was left alone.
    password: String,
}

/// The account of the session, once its password was given again.
async fn proved(
    services: &Arc<Services>,
    caller: &Caller,
    audit: &Audit,
    request: Request,
) -> Answer<AccountRow> {
    let (account, _) = own(services, caller).await?;
    audit.object("users", &account.account_id);
    let visitor = Visitor::of(services, request.headers(), request.extensions());
    let Told(told) =
        <Told<PasswordAgain> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    session::may_try(services, &visitor, &format!("password of {}", account.account_id), services.now())?;
    if !session::compare(services, &told.password, Some(account.password_hash.clone())).await? {
        return Err(Problem::new(StatusCode::FORBIDDEN, "wrong_credentials", "the password is wrong"));
    }
    session::tried(services, &visitor, &format!("password of {}", account.account_id));
    Ok(account)
}

/// A second factor as an authenticator app is told of it.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactorBegun {
    /// To be typed where no picture can be read.
    secret: String,
    /// `otpauth://totp/...`.
    uri: String,
    /// The picture of `uri` as the path of an SVG; its sides are `qr_size` units, the quiet margin not counted.
    qr_path: String,
    qr_size: i32,
}

/// Begin with a second factor
///
/// Answers the secret for an authenticator app. Nothing is asked for until a code of it was confirmed; beginning
/// again replaces the secret.
#[utoipa::path(post, path = "/account/second-factor", tag = "staff", request_body = PasswordAgain, responses((status = 200, body = SecondFactorBegun)))]
async fn begin(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    request: Request,
) -> Answer<(Extension<NotRemembered>, Json<SecondFactorBegun>)> {
    let account = proved(&services, &caller, &audit, request).await?;
    let begun = second_factor::begin(&services, &account).await?;
    let view = SecondFactorBegun {
        secret: begun.secret,
        uri: begun.uri,
        qr_path: begun.picture.path,
        qr_size: begun.picture.size,
    };
    Ok((Extension(NotRemembered), Json(view)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FirstCode {
    /// Six digits.
    code: String,
}

/// What opens the account when the device with the authenticator app is lost.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryCodes {
    /// Each works once. Shown this once.
    recovery_codes: Vec<String>,
}

/// Turn the second factor on
///
/// With a code of the app that was told the secret. Answers ten recovery codes, shown this once.
#[utoipa::path(post, path = "/account/second-factor/confirm", tag = "staff", request_body = FirstCode, responses((status = 200, body = RecoveryCodes)))]
async fn confirm(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    Told(told): Told<FirstCode>,
) -> Answer<(Extension<NotRemembered>, Json<RecoveryCodes>)> {
    let id = &caller.signed_in()?.account_id;
    audit.object("users", id);
    let recovery_codes = second_factor::confirm(&services, id, &told.code).await?;
    Ok((Extension(NotRemembered), Json(RecoveryCodes { recovery_codes })))
}

/// Turn the second factor off
#[utoipa::path(post, path = "/account/second-factor/off", tag = "staff", request_body = PasswordAgain, responses((status = 204)))]
async fn turn_off(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    request: Request,
) -> Answer<StatusCode> {
    let account = proved(&services, &caller, &audit, request).await?;
    let mut changes = Changeset::new();
    changes.delete_second_factor(&account.account_id);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes
///
/// Those before no longer work.
#[utoipa::path(post, path = "/account/second-factor/recovery-codes", tag = "staff", request_body = PasswordAgain, responses((status = 200, body = RecoveryCodes)))]
async fn renew_codes(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    request: Request,
) -> Answer<(Extension<NotRemembered>, Json<RecoveryCodes>)> {
    let account = proved(&services, &caller, &audit, request).await?;
    let recovery_codes = second_factor::renew_recovery_codes(&services, &account.account_id).await?;
    Ok((Extension(NotRemembered), Json(RecoveryCodes { recovery_codes })))
}
