//! The Official Account behind the Zalo channel: its authorisation, what is left of its quota, and its templates.
//!
//! The shop authorises its app in Zalo's own pages. What Zalo brings back is bound to the session and the workspace
//! that began it, counts once, and for a quarter of an hour.

use crate::audit::Audit;
use crate::caller::{Admin, Reader};
use crate::listing::{Page, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::provider_accounts::{
    ProviderAccount, ProviderStanding, ProviderTemplate, ProviderTemplateParameter,
};
use crate::services::Services;
use crate::session;
use crate::told::Told;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::consent::Channel;
use kit::{MINUTE_MS, WorkspaceId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::grants::{AuthorisationRow, ProviderTemplateRow};
use store::{Changeset, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Zalo's codes are good for ten minutes; somebody has to sign in there first.
const AUTHORISATION_MS: i64 = 15 * MINUTE_MS;
const PROVIDER_WAIT: Duration = Duration::from_secs(30);
/// Templates are asked for one by one.
const TEMPLATES_WAIT: Duration = Duration::from_secs(120);
const WHY_CHARS_MAX: usize = 300;
const CODE_CHARS_MAX: usize = 4_000;
const PARAMETERS_MAX: usize = 100;
const PATH: &str = "/hooks/zalo/authorised";

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(authorise))
        .routes(routes!(templates))
        .routes(routes!(sync))
        .routes(routes!(trial))
}

/// What Zalo brings a browser back to.
pub(crate) fn public() -> Router<Arc<Services>> {
    Router::new().route(PATH, get(authorised))
}

fn redirect_url(services: &Services) -> String {
    format!("{}{PATH}", services.config.public_url.trim_end_matches('/'))
}

fn sealed_about(workspace: WorkspaceId) -> String {
    format!("authorisation {} zalo", workspace.0)
}

async fn account_of(
    services: &Arc<Services>,
    workspace: WorkspaceId,
) -> Answer<Option<Box<dyn ProviderAccount>>> {
    services
        .aside(move |services| {
            let Some(row) = services.store.read(|tx| tx.channel(workspace, Channel::Zalo.as_str()))? else {
                return Ok(None);
            };
            let account = services.desk.account(workspace, &row.sealed);
            account.map_err(|error| Problem::internal(&format!("the channel zalo cannot be opened: {error}")))
        })
        .await
}

/// The account, where there is one to work with.
async fn own_account(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<Box<dyn ProviderAccount>> {
    account_of(services, workspace).await?.ok_or_else(|| {
        let detail = "set the channel zalo up with the provider zalo first: PUT /api/v1/channels/zalo";
        Problem::conflict("channel_not_set_up", detail)
    })
}

fn said(error: String) -> Problem {
    Problem::conflict("provider_refused", error)
}

async fn in_time<T>(wait: Duration, asked: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let late = || Err(format!("no answer from Zalo within {} seconds", wait.as_secs()));
    tokio::time::timeout(wait, asked).await.unwrap_or_else(|_| late())
}

#[derive(Debug, Serialize, ToSchema)]
struct ZaloStatusView {
    /// Whether the channel is set up with an Official Account of its own.
    is_set_up: bool,
    authorisation: ZaloAuthorisationView,
    /// Messages by template, as Zalo tells now; null: it did not.
    quota: Option<ZaloQuotaView>,
    /// Why there is no quota.
    quota_problem: Option<String>,
    /// Enter this as the callback address of the app at developers.zalo.me.
    redirect_url: String,
    /// Enter this as the webhook address of the app at developers.zalo.me.
    webhook_url: String,
}

#[derive(Debug, Default, Serialize, ToSchema)]
struct ZaloAuthorisationView {
    /// `missing`: nobody has authorised the app yet. `good`. `lapsed`: it is worth nothing any more, authorise again.
    state: String,
    /// The Official Account's number.
    account_id: Option<String>,
    /// When the access token ends; it is renewed long before.
    expires_at: Option<String>,
    /// When the shop has to authorise again if nothing is renewed until then.
    refresh_expires_at: Option<String>,
    /// Why it lapsed, or why the last renewal did not work.
    problem: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ZaloQuotaView {
    /// Messages of a day.
    daily: i64,
    /// Messages left for today.
    remaining: i64,
}

impl ZaloAuthorisationView {
    fn of(standing: ProviderStanding) -> ZaloAuthorisationView {
        match standing {
            ProviderStanding::Missing => {
                ZaloAuthorisationView { state: "missing".into(), ..Default::default() }
            }
            ProviderStanding::Lapsed { account_id, why } => ZaloAuthorisationView {
                state: "lapsed".into(),
                account_id: Some(account_id),
                problem: Some(why),
                ..Default::default()
            },
            ProviderStanding::Good { account_id, expires_at, refresh_expires_at, fault } => {
                ZaloAuthorisationView {
                    state: "good".into(),
                    account_id: Some(account_id),
                    expires_at: iso_opt(Some(expires_at)),
                    refresh_expires_at: iso_opt(Some(refresh_expires_at)),
                    problem: fault,
                }
            }
        }
    }
}

/// See how the Official Account stands
///
/// Its authorisation, and how many messages by template are left for today.
#[utoipa::path(get, path = "/channels/zalo/status", tag = "channels", responses((status = 200, body = ZaloStatusView)))]
async fn status(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<ZaloStatusView>> {
    let workspace = caller.workspace;
    let own = services.read(move |tx| crate::services::workspace_of(tx, workspace)).await?;
    let webhook_url =
        crate::callbacks::callback_url(&services, workspace, &own.settings.public_url, Channel::Zalo);
    let mut view = ZaloStatusView {
        is_set_up: false,
        authorisation: ZaloAuthorisationView::of(ProviderStanding::Missing),
        quota: None,
        quota_problem: None,
        redirect_url: redirect_url(&services),
        webhook_url,
    };
    let Some(account) = account_of(&services, workspace).await? else { return Ok(Json(view)) };
    view.is_set_up = true;
    let standing = account.standing().await;
    let standing =
        standing.map_err(|error| Problem::internal(&format!("the tokens cannot be read: {error}")))?;
    if matches!(standing, ProviderStanding::Good { .. }) {
        match in_time(PROVIDER_WAIT, account.quota()).await {
            Ok((daily, remaining)) => view.quota = Some(ZaloQuotaView { daily, remaining }),
            Err(why) => view.quota_problem = Some(why),
        }
    }
    // Asking may have found out that the authorisation has lapsed.
    let after = account.standing().await.unwrap_or(standing);
    view.authorisation = ZaloAuthorisationView::of(after);
    Ok(Json(view))
}

#[derive(Debug, Serialize, ToSchema)]
struct ZaloAuthoriseView {
    /// Open this in the same browser.
    url: String,
    /// Until then it can be brought to its end, once.
    expires_at: String,
    /// What has to be entered as the app's callback address at developers.zalo.me.
    redirect_url: String,
}

/// Begin to authorise the Official Account
///
/// Answers where its administrator lets the app in. Zalo then brings the browser back here, which ends at the channel's
/// page of the web app with `authorised=yes`, or with `authorised=no` and `why`.
#[utoipa::path(post, path = "/channels/zalo/authorise", tag = "channels", responses((status = 200, body = ZaloAuthoriseView)))]
async fn authorise(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
) -> Answer<Json<ZaloAuthoriseView>> {
    let workspace = caller.workspace;
    let account = own_account(&services, workspace).await?;
    let secret = || {
        let mut bytes = [0u8; 32];
        (services.fill_random)(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let (state, verifier, redirect_url) = (secret(), secret(), redirect_url(&services));
    let url = account.authorise_url(&redirect_url, &state, &verifier).map_err(said)?;
    let now = services.now();
    let expires_at = now.plus_ms(AUTHORISATION_MS);
    let sealed = services.desk.seal(&sealed_about(workspace), verifier.as_bytes());
    let mut changes = Changeset::new();
    changes.expire_authorisations(now);
    changes.insert_authorisation(AuthorisationRow {
        state_hash: Sha256::digest(state.as_bytes()).to_vec(),
        workspace,
        channel: Channel::Zalo.to_string(),
        login_id: caller.seat.map(|seat| seat.login_id),
        sealed: sealed.map_err(|error| Problem::internal(&error))?,
        expires_at,
    });
    services.apply(changes).await?;
    Ok(Json(ZaloAuthoriseView { url, expires_at: iso(expires_at), redirect_url }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Brought {
    code: String,
    state: String,
    oa_id: String,
    error: String,
    error_description: String,
}

/// `GET /hooks/zalo/authorised`: Zalo brings back the browser of whoever authorised the app, or did not.
async fn authorised(
    State(services): State<Arc<Services>>,
    Query(brought): Query<Brought>,
    headers: HeaderMap,
) -> Response {
    let query = match take(&services, brought, &headers).await {
        Ok(()) => "authorised=yes".to_owned(),
        Err(why) => {
            let why: String = why.chars().take(WHY_CHARS_MAX).collect();
            format!("authorised=no&why={}", escaped(&why))
        }
    };
    let to = format!("{}/settings/channels/zalo?{query}", services.config.public_url.trim_end_matches('/'));
    // What was in the address is used up; it is nobody's business all the same.
    let headers = [(header::REFERRER_POLICY, "no-referrer"), (header::CACHE_CONTROL, "no-store")];
    (headers, Redirect::to(&to)).into_response()
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

async fn take(services: &Arc<Services>, brought: Brought, headers: &HeaderMap) -> Result<(), String> {
    let again =
        || "this authorisation was not begun here, is over or was used already; begin again".to_owned();
    let trouble = |_| "it could not be written down; begin again".to_owned();
    if brought.state.is_empty() || brought.state.len() > CODE_CHARS_MAX || brought.code.len() > CODE_CHARS_MAX
    {
        return Err(again());
    }
    let state_hash = Sha256::digest(brought.state.as_bytes()).to_vec();
    let asked = state_hash.clone();
    let row = services.read(move |tx| tx.authorisation(&asked)).await.map_err(trouble)?.ok_or_else(again)?;
    let now = services.now();
    if row.expires_at < now || row.channel != Channel::Zalo.as_str() {
        return Err(again());
    }
    if let Some(login_id) = &row.login_id {
        // Somebody else's browser would authorise an account into a shop that is not theirs.
        let session = session::of_request(services, headers).await.map_err(trouble)?;
        let is_own =
            session.is_some_and(|(_, login)| login.login_id == *login_id && login.workspace == row.workspace);
        if !is_own {
            return Err("sign in with the browser that began the authorisation, and begin again".to_owned());
        }
    }
    let taken = services
        .aside(move |services| {
            let mut changes = Changeset::new();
            changes.take_authorisation(state_hash);
            match services.store.apply(changes) {
                Ok(_) => Ok(true),
                Err(StoreError::Conflict { .. }) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
        .map_err(trouble)?;
    if !taken {
        return Err(again());
    }
    if brought.code.is_empty() {
        let word = [brought.error_description, brought.error].into_iter().find(|word| !word.is_empty());
        return Err(word.unwrap_or_else(|| "Zalo brought no code: the app was not let in".to_owned()));
    }
    let verifier = services.desk.unseal(&sealed_about(row.workspace), &row.sealed);
    let verifier = verifier.ok().and_then(|plain| String::from_utf8(plain).ok()).ok_or_else(again)?;
    let account = account_of(services, row.workspace).await.map_err(trouble)?.ok_or_else(again)?;
    in_time(PROVIDER_WAIT, account.authorise(&brought.code, &brought.oa_id, &verifier)).await?;
    // What waited for an authorisation is tried again.
    services.configure(Changeset::new()).await.map_err(trouble)
}

/// A template as Zalo has it.
#[derive(Debug, Serialize, ToSchema)]
struct ZaloTemplateView {
    template_id: String,
    name: String,
    /// Zalo's word: `ENABLE`, `PENDING_REVIEW`, `REJECT`, `DISABLE`, ... Only what reads `ENABLE` can be sent.
    status: String,
    /// Zalo's word, such as `HIGH`, `MEDIUM`, `LOW`; empty when not told.
    quality: String,
    /// Zalo's word, such as `TRANSACTION`, `CUSTOMER_CARE`, `PROMOTION`; empty when not told.
    tag: String,
    /// Where Zalo shows what it looks like; may be empty.
    preview_url: String,
    /// Of templates that can be sent.
    parameters: Vec<ZaloParameterView>,
    synced_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ZaloParameterView {
    name: String,
    is_required: bool,
    /// Zalo's word: `STRING`, `NUMBER`, `DATE`, ...
    kind: String,
    /// In characters; 0: not told.
    min_length: i64,
    /// In characters; 0: not told.
    max_length: i64,
}

/// What of a template is kept as a document.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    quality: String,
    tag: String,
    preview_url: String,
    parameters: Vec<KeptParameter>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct KeptParameter {
    name: String,
    is_required: bool,
    kind: String,
    min_length: i64,
    max_length: i64,
}

impl ZaloTemplateView {
    fn of(row: ProviderTemplateRow) -> ZaloTemplateView {
        let kept: Kept = serde_json::from_str(&row.doc).unwrap_or_default();
        let parameter = |one: KeptParameter| {
            let KeptParameter { name, is_required, kind, min_length, max_length } = one;
            ZaloParameterView { name, is_required, kind, min_length, max_length }
        };
        ZaloTemplateView {
            template_id: row.template_id,
            name: row.name,
            status: row.status,
            quality: kept.quality,
            tag: kept.tag,
            preview_url: kept.preview_url,
            parameters: kept.parameters.into_iter().map(parameter).collect(),
            synced_at: iso(row.synced_at),
        }
    }
}

async fn listed(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<Json<Page<ZaloTemplateView>>> {
    let rows = services.read(move |tx| tx.provider_templates(workspace, Channel::Zalo.as_str())).await?;
    Ok(Json(Page::whole(rows.into_iter().map(ZaloTemplateView::of).collect())))
}

/// List the templates of the Official Account
///
/// As they were when Zalo was asked last: `POST /channels/zalo/templates/sync` asks again.
#[utoipa::path(get, path = "/channels/zalo/templates", tag = "channels", responses((status = 200, body = Page<ZaloTemplateView>)))]
async fn templates(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<ZaloTemplateView>>> {
    listed(&services, caller.workspace).await
}

/// Ask Zalo for the templates of the Official Account
#[utoipa::path(post, path = "/channels/zalo/templates/sync", tag = "channels", responses((status = 200, body = Page<ZaloTemplateView>)))]
async fn sync(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    audit: Audit,
) -> Answer<Json<Page<ZaloTemplateView>>> {
    let workspace = caller.workspace;
    let account = own_account(&services, workspace).await?;
    let found = in_time(TEMPLATES_WAIT, account.templates()).await.map_err(said)?;
    let synced_at = services.now();
    let parameter = |one: ProviderTemplateParameter| {
        let ProviderTemplateParameter { name, is_required, kind, min_length, max_length } = one;
        KeptParameter { name, is_required, kind, min_length, max_length }
    };
    // A template that Zalo lists twice is one.
    let mut rows: BTreeMap<String, ProviderTemplateRow> = BTreeMap::new();
    for one in found {
        let ProviderTemplate { template_id, name, status, quality, tag, preview_url, parameters } = one;
        let kept =
            Kept { quality, tag, preview_url, parameters: parameters.into_iter().map(parameter).collect() };
        let doc = serde_json::to_string(&kept).map_err(|error| Problem::internal(&error.to_string()))?;
        rows.insert(template_id.clone(), ProviderTemplateRow { template_id, name, status, doc, synced_at });
    }
    audit.detail("templates", rows.len());
    let mut changes = Changeset::new();
    changes.set_provider_templates(workspace, Channel::Zalo.as_str(), rows.into_values().collect());
    services.apply(changes).await?;
    listed(&services, workspace).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ZaloTrialTold {
    /// A phone number, such as 0901234567, or a user id of Zalo.
    to: String,
    /// The template's parameters by their names.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ZaloTrialView {
    ok: bool,
    /// What Zalo said.
    detail: String,
}

/// Send yourself a template
///
/// In Zalo's development mode, which reaches nobody but the people who administer the account or the app. It costs
/// nothing and is written into no ledger.
#[utoipa::path(post, path = "/channels/zalo/templates/{template}/test", tag = "channels", params(("template" = String, Path)), request_body = ZaloTrialTold, responses((status = 200, body = ZaloTrialView)))]
async fn trial(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(template): Path<String>,
    Told(told): Told<ZaloTrialTold>,
) -> Answer<Json<ZaloTrialView>> {
    let workspace = caller.workspace;
    let to = told.to.trim();
    let to = match domain::normalise::phone::normalise(to, domain::normalise::phone::Region::VN) {
        Ok(phone) => phone.to_string(),
        Err(_) if to.len() > 12 && to.bytes().all(|byte| byte.is_ascii_digit()) => to.to_owned(),
        Err(_) => {
            return Err(Problem::field("to", "a phone number such as 0901234567, or a user id of Zalo"));
        }
    };
    if told.parameters.len() > PARAMETERS_MAX {
        return Err(Problem::field("parameters", "at most 100"));
    }
    let account = own_account(&services, workspace).await?;
    if let Err(wait) = services.memory.trials.take(&format!("channel {}", workspace.0), services.now()) {
        return Err(Problem::too_many("a channel is tried at most 20 times an hour", wait));
    }
    let sent = in_time(PROVIDER_WAIT, account.try_template(&to, &template, told.parameters)).await;
    Ok(Json(match sent {
        Ok(detail) => ZaloTrialView { ok: true, detail },
        Err(detail) => ZaloTrialView { ok: false, detail },
    }))
}
