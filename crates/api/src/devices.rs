//! `/v1/push` and `/v1/onsite`: what pages and apps of a shop ask for with its write key, which everybody can read in
//! the page. docs/push.md and docs/onsite.md have the page's side.
//!
//! Who holds the key alone must learn nothing of a person. So a user id counts only with the hash by which the shop's
//! own server vouches for it, once the shop has a secret for such hashes; what waits for a page is given to a device
//! that names its own long random id, and without such a hash it is advertisements alone.

use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::tracking;
use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::consent::{Channel, Purpose};
use domain::identifier::{Identifier, IdentifierKind};
use engine::devices::DeviceTold;
use engine::{Note, ShownOnPage};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use store::access::KeyRow;

/// Messages that a page gets at once.
const PENDING_MAX: i64 = 10;
/// An id of a device that is shorter could be guessed.
pub(crate) const DEVICE_ID_CHARS_MIN: usize = 16;
const BODY_BYTES_MAX: usize = 16 * 1_024;

pub fn router() -> Router<Arc<Services>> {
    Router::new()
        .route("/v1/push/key", get(push_key))
        .route("/v1/push/subscribe", post(subscribe))
        .route("/v1/push/unsubscribe", post(unsubscribe))
        .route("/v1/onsite", get(pending))
        .route("/v1/onsite/{id}/{what}", post(tell))
        .layer(tracking::cors())
}

/// Somebody on a page: a device, or somebody for whom the shop vouches.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Whom {
    pub write_key: Option<String>,
    pub anonymous_id: Option<String>,
    pub user_id: Option<String>,
    pub user_hash: Option<String>,
}

impl Whom {
    pub fn given(text: &Option<String>) -> Option<&str> {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscribeTold {
    #[serde(flatten)]
    whom: Whom,
    /// A browser's, as `JSON.stringify` writes it.
    subscription: Option<Value>,
    /// An app's.
    token: Option<String>,
    wording: Option<String>,
    #[serde(default)]
    prompted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnsubscribeTold {
    write_key: Option<String>,
    endpoint: Option<String>,
    token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageTold {
    write_key: Option<String>,
    url: Option<String>,
}

fn answered(services: &Arc<Services>, answer: Answer<Value>) -> Response {
    match answer {
        Ok(told) => {
            let mut response = axum::Json(told).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(problem) => {
            services.metrics.refused();
            problem.for_tracking()
        }
    }
}

/// The key of a request, within its limits.
pub(crate) async fn key_of(
    services: &Arc<Services>,
    headers: &HeaderMap,
    told: Option<&str>,
) -> Answer<KeyRow> {
    let key =
        tracking::key_of_headers(headers).or_else(|| told.map(str::to_owned)).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| {
        let detail =
            "the write key is missing: send it by Basic authentication, as a bearer token or as writeKey";
        Problem::new(StatusCode::UNAUTHORIZED, "write_key_missing", detail)
    })?;
    let key = tracking::find_key(services, &key).await?.ok_or_else(|| {
        let detail = "no such write key, or it was revoked";
        Problem::new(StatusCode::UNAUTHORIZED, "invalid_write_key", detail)
    })?;
    if let Err(retry_after_s) = services.memory.tracking.take(&key.key_id, services.now()) {
        return Err(Problem::too_many("more requests a second than one key may send", retry_after_s));
    }
    tracking::note_use(services, &key, services.now());
    Ok(key)
}

/// The JSON of a body, whatever its type: `sendBeacon` sends plain text.
async fn body_of<T: serde::de::DeserializeOwned>(request: Request) -> Answer<(Parts, T)> {
    let (parts, body) = request.into_parts();
    let wire = tracking::read_body(body).await?;
    if wire.len() > BODY_BYTES_MAX {
        let detail = format!("the body has more than {BODY_BYTES_MAX} bytes");
        return Err(Problem::bad_request("body_too_large", detail));
    }
    let bytes: &[u8] = if wire.is_empty() { b"{}" } else { &wire };
    let told = serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request("invalid_json", format!("the body cannot be read: {error}")))?;
    Ok((parts, told))
}

/// The set-up of a channel that is switched on.
pub(crate) async fn sealed_of(
    services: &Arc<Services>,
    key: &KeyRow,
    channel: Channel,
) -> Answer<Option<Vec<u8>>> {
    let workspace = key.workspace;
    let row = services.read(move |tx| tx.channel(workspace, channel.as_str())).await?;
    Ok(row.filter(|row| row.enabled).map(|row| row.sealed))
}

/// Whether the shop's server vouches for the user id; `None` where the shop has no secret for it.
pub(crate) fn vouched(
    services: &Services,
    onsite: Option<&[u8]>,
    user_id: &str,
    hash: Option<&str>,
) -> Option<bool> {
    services.desk.vouches(onsite?, user_id, hash.unwrap_or_default())
}

pub(crate) fn unvouched() -> Problem {
    let detail = "userHash does not fit userId: it is the hexadecimal HMAC-SHA256 of the user id, made by your server with the secret of the on-site channel";
    Problem::new(StatusCode::FORBIDDEN, "user_hash_invalid", detail)
}

async fn push_key(
    State(services): State<Arc<Services>>,
    Query(whom): Query<Whom>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let key = key_of(&services, &headers, whom.write_key.as_deref()).await?;
        let sealed = sealed_of(&services, &key, Channel::Push).await?;
        let public = sealed.and_then(|sealed| services.desk.push_key(&sealed));
        let public = public.ok_or_else(|| {
            let detail = "the shop has not set up notifications in browsers";
            Problem::conflict("push_not_set_up", detail)
        })?;
        Ok(json!({ "key": public }))
    };
    let answer = answer.await;
    answered(&services, answer)
}

async fn subscribe(State(services): State<Arc<Services>>, request: Request) -> Response {
    let answer = subscribed(&services, request).await;
    answered(&services, answer)
}

async fn subscribed(services: &Arc<Services>, request: Request) -> Answer<Value> {
    let (parts, told) = body_of::<SubscribeTold>(request).await?;
    let key = key_of(services, &parts.headers, told.whom.write_key.as_deref()).await?;
    if sealed_of(services, &key, Channel::Push).await?.is_none() {
        let detail = "the shop has not set up notifications, or has switched them off";
        return Err(Problem::conflict("push_not_set_up", detail));
    }
    let device = match (&told.subscription, Whom::given(&told.token)) {
        (Some(subscription), None) => services.desk.device(&subscription.to_string()),
        (None, Some(token)) => services.desk.device(&format!("fcm:{token}")),
        _ => Err("subscription (a browser's) or token (an app's), one of the two".into()),
    };
    let device = device.map_err(|detail| Problem::bad_request("subscription_invalid", detail))?;
    let (anonymous_id, user_id) = (Whom::given(&told.whom.anonymous_id), Whom::given(&told.whom.user_id));
    if anonymous_id.is_none() && user_id.is_none() {
        return Err(Problem::bad_request("id_missing", "anonymousId or userId: whose device it is"));
    }
    if let Some(user_id) = user_id {
        let onsite = sealed_of(services, &key, Channel::Onsite).await?;
        if vouched(services, onsite.as_deref(), user_id, told.whom.user_hash.as_deref()) == Some(false) {
            return Err(unvouched());
        }
    }
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let now = services.now();
    let device = DeviceTold {
        address: device.address,
        keys: device.keys,
        user_id: user_id.map(str::to_owned),
        anonymous_id: anonymous_id.map(str::to_owned),
        user_agent: user_agent.map(|agent| agent.chars().take(300).collect()),
        ip: services.client_ip(&parts.headers, &parts.extensions),
        wording: told.wording.map(|words| words.chars().take(2_000).collect()),
        prompted: told.prompted,
    };
    services.append(key.workspace, &Note::DeviceAdded { device, at: now.into() }).await?;
    Ok(json!({ "success": true }))
}

async fn unsubscribe(State(services): State<Arc<Services>>, request: Request) -> Response {
    let answer = async {
        let (parts, told) = body_of::<UnsubscribeTold>(request).await?;
        let key = key_of(&services, &parts.headers, told.write_key.as_deref()).await?;
        let address = match (Whom::given(&told.endpoint), Whom::given(&told.token)) {
            (Some(endpoint), None) => endpoint.to_owned(),
            (None, Some(token)) => format!("fcm:{token}"),
            _ => {
                let detail = "endpoint (a browser's) or token (an app's), one of the two";
                return Err(Problem::bad_request("subscription_invalid", detail));
            }
        };
        let (workspace, at) = (key.workspace, services.now().into());
        let known = address.clone();
        // What is not known is as good as gone, and fills no inbox.
        if services.read(move |tx| tx.device(workspace, &known)).await?.is_some() {
            services.append(workspace, &Note::DeviceGone { address, withdrawn: true, at }).await?;
        }
        Ok(json!({ "success": true }))
    };
    let answer = answer.await;
    answered(&services, answer)
}

async fn pending(
    State(services): State<Arc<Services>>,
    Query(whom): Query<Whom>,
    headers: HeaderMap,
) -> Response {
    let answer = waiting(&services, &whom, &headers).await;
    answered(&services, answer)
}

async fn waiting(services: &Arc<Services>, whom: &Whom, headers: &HeaderMap) -> Answer<Value> {
    let key = key_of(services, headers, whom.write_key.as_deref()).await?;
    let Some(onsite) = sealed_of(services, &key, Channel::Onsite).await? else {
        return Ok(json!({ "messages": [] }));
    };
    let (kind, id, is_vouched) = match (Whom::given(&whom.user_id), Whom::given(&whom.anonymous_id)) {
        (Some(user_id), _) if Whom::given(&whom.user_hash).is_some() => {
            if vouched(services, Some(&onsite), user_id, whom.user_hash.as_deref()) != Some(true) {
                return Err(unvouched());
            }
            (IdentifierKind::UserId, user_id, true)
        }
        (_, Some(device)) if device.chars().count() < DEVICE_ID_CHARS_MIN => {
            let detail = format!(
                "an anonymousId of at least {DEVICE_ID_CHARS_MIN} random characters, such as a UUID: a shorter one can be guessed"
            );
            return Err(Problem::bad_request("anonymous_id_guessable", detail));
        }
        (_, Some(device)) => (IdentifierKind::Anonymous, device, false),
        _ => {
            let detail = "anonymousId, or userId with userHash: whose messages they are";
            return Err(Problem::bad_request("id_missing", detail));
        }
    };
    let Ok(identifier) = Identifier::new(kind, id) else {
        return Ok(json!({ "messages": [] }));
    };
    let (workspace, now) = (key.workspace, services.now());
    let rows = services
        .read(move |tx| {
            match tx.find_identifiers(&[(workspace, &identifier)])?.into_iter().next().flatten() {
                Some(no) => tx.onsite_pending(workspace, no, now, PENDING_MAX),
                None => Ok(Vec::new()),
            }
        })
        .await?;
    let messages = rows.into_iter().filter(|row| is_vouched || row.purpose == Purpose::Marketing.as_str());
    let messages = messages.map(|row| {
        let mut told: Value = serde_json::from_str(&row.content).unwrap_or_default();
        told["id"] = json!(row.message_id);
        told["expiresAt"] = json!(row.expires_at.ms());
        told["shown"] = json!(row.shown_at.is_some());
        told
    });
    Ok(json!({ "messages": messages.collect::<Vec<_>>() }))
}

async fn tell(
    State(services): State<Arc<Services>>,
    Path((id, what)): Path<(String, String)>,
    request: Request,
) -> Response {
    let answer = async {
        let what = match what.as_str() {
            "shown" => ShownOnPage::Shown,
            "clicked" => ShownOnPage::Clicked,
            "closed" => ShownOnPage::Closed,
            _ => return Err(Problem::bad_request("call_unknown", "shown, clicked or closed")),
        };
        let (parts, told) = body_of::<PageTold>(request).await?;
        let key = key_of(&services, &parts.headers, told.write_key.as_deref()).await?;
        let (workspace, message_id) = (key.workspace, id.clone());
        let Some(row) = services.read(move |tx| tx.onsite(workspace, &message_id)).await? else {
            return Err(Problem::not_found("the message"));
        };
        // Told again it counts no more.
        let counted = match what {
            ShownOnPage::Shown => row.shown_at,
            ShownOnPage::Clicked | ShownOnPage::Closed => row.closed_at,
        };
        if counted.is_none() {
            let url = told.url.map(|url| url.chars().take(2_000).collect());
            let note = Note::Onsite { message_id: id, what, url, at: services.now().into() };
            services.append(workspace, &note).await?;
        }
        Ok(json!({ "success": true }))
    };
    let answer = answer.await;
    answered(&services, answer)
}
