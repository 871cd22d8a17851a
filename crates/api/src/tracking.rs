//! `/v1`: the HTTP API of Segment, so that its SDKs and those that speak the same work unchanged.
//!
//! A request is authenticated, unpacked, checked for size and form, made durable, and only then answered with 200.
//! What a message means is the engine's business; one that makes no sense is acknowledged and shows up under
//! `/api/v1/rejections`. A key that does not exist is answered with 401 where Segment answers 200, because silence
//! would lose a shop's data.

use crate::keys::hash_key;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use domain::event::{BATCH_BYTES_MAX, ItemKind};
use engine::Door;
use kit::SECOND_MS;
use serde_json::json;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use store::access::KeyRow;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

/// Bytes that are read of a request at all, packed or not. Beyond what a batch may have, so that a client that sends
/// somewhat too much gets its answer instead of a broken connection.
const WIRE_BYTES_MAX: usize = 4 * BATCH_BYTES_MAX;
/// A client that takes longer than this to send its body is not listened to.
const BODY_WAIT: Duration = Duration::from_secs(30);

/// Pages of every origin may call.
pub(crate) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        // A wildcard would not cover Authorization; libraries bring headers of their own, so what is asked is allowed.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static("x-ratelimit-reset")])
        .max_age(Duration::from_secs(86_400))
}

pub fn router() -> Router<Arc<Services>> {
    Router::new()
        .route("/v1/projects/{key}/settings", get(settings))
        .route("/v1/{call}", post(take))
        .route("/v1/{call}/", post(take))
        .method_not_allowed_fallback(async || {
            let detail = "messages are sent by POST";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).for_tracking()
        })
        .layer(cors())
}

/// What a path asks for.
enum Call {
    One(ItemKind),
    Batch {
        historical: bool,
    },
    /// Figures of analytics-next about itself, sent without a key.
    Figures,
}

impl Call {
    fn parse(word: &str) -> Option<Call> {
        match word {
            "batch" | "b" => Some(Call::Batch { historical: false }),
            "import" => Some(Call::Batch { historical: true }),
            "m" => Some(Call::Figures),
            word => ItemKind::parse(word).map(Call::One),
        }
    }
}

async fn take(State(services): State<Arc<Services>>, Path(word): Path<String>, request: Request) -> Response {
    match taken(&services, &word, request).await {
        Ok(()) => success(),
        Err(problem) => {
            services.metrics.refused();
            let retry_after_s = problem.retry_after_s;
            let limited = problem.status == StatusCode::TOO_MANY_REQUESTS;
            let mut response = problem.for_tracking();
            if let (true, Some(seconds)) = (limited, retry_after_s) {
                let resets_at = services.now().ms() / SECOND_MS + i64::from(seconds);
                let name = HeaderName::from_static("x-ratelimit-reset");
                response.headers_mut().insert(name, HeaderValue::from(resets_at));
            }
            response
        }
    }
}

fn success() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"success":true}"#).into_response()
}

async fn taken(services: &Arc<Services>, word: &str, request: Request) -> Answer<()> {
    let Some(call) = Call::parse(word) else {
        let detail = "no such call; there are identify, track, page, screen, group, alias, batch and import";
        return Err(Problem::new(StatusCode::NOT_FOUND, "call_unknown", detail));
    };
    let (parts, body) = request.into_parts();
    let wire = read_body(body).await?;
    let (kind, historical) = match call {
        Call::Figures => return Ok(()),
        Call::One(kind) => (Some(kind), false),
        Call::Batch { historical } => (None, historical),
    };
    let body = unpacked(&parts.headers, wire)?;
    let key = match key_of_headers(&parts.headers) {
        Some(key) => key,
        None => Door::write_key(&body).filter(|key| !key.is_empty()).ok_or_else(|| {
            // A body that cannot be read has no key either; its own fault is the one to tell.
            let unreadable = engine_would_refuse(&body);
            unreadable.unwrap_or_else(|| {
                let detail = "the write key is missing: send it by Basic authentication, as a bearer token or as writeKey";
                Problem::new(StatusCode::UNAUTHORIZED, "write_key_missing", detail)
            })
        })?,
    };
    let key = find_key(services, &key).await?.ok_or_else(|| {
        let detail = "no such write key, or it was revoked";
        Problem::new(StatusCode::UNAUTHORIZED, "invalid_write_key", detail)
    })?;
    if let Err(retry_after_s) = services.memory.tracking.take(&key.key_id, services.now()) {
        let detail = "more requests a second than one key may send; put more messages into each";
        return Err(Problem::too_many(detail, retry_after_s));
    }
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let request = engine::Request {
        kind,
        body,
        ip: services.client_ip(&parts.headers, &parts.extensions),
        user_agent: user_agent.map(|agent| agent.chars().take(300).collect()),
        historical,
    };
    let now = services.now();
    let word = kind.map(|kind| kind.as_str());
    // The door takes the body whole, so what is to be shown of it is copied before.
    let copy = services.memory.heard.listens(key.workspace.0, now).then(|| request.body.clone());
    let heard = |refused: Option<(&str, &str)>| {
        if let Some(body) = &copy {
            services.memory.heard.note(key.workspace.0, &key.key_id, word, body, refused, now);
        }
    };
    let accepted = match services.door.admit(key.workspace, request, now) {
        Ok(accepted) => accepted,
        Err(error) => {
            let problem = Problem::from(error);
            heard(Some((problem.code, &problem.detail)));
            return Err(problem);
        }
    };
    match accepted.pending.await {
        Ok(_) => {
            services.metrics.accepted(accepted.items);
            heard(None);
            note_use(services, &key, now);
            Ok(())
        }
        Err(error) => {
            services.door.left(accepted.items);
            Err(error.into())
        }
    }
}

/// Why the door would not take the body, if it is not even a JSON object.
fn engine_would_refuse(body: &[u8]) -> Option<Problem> {
    if std::str::from_utf8(body).is_err() {
        return Some(Problem::bad_request("invalid_utf8", "the body is not valid UTF-8"));
    }
    let read = serde_json::from_slice::<std::collections::BTreeMap<String, serde::de::IgnoredAny>>(body);
    read.err()
        .map(|error| Problem::bad_request("invalid_json", format!("the body is not a JSON object: {error}")))
}

pub(crate) async fn read_body(body: Body) -> Answer<axum::body::Bytes> {
    match tokio::time::timeout(BODY_WAIT, axum::body::to_bytes(body, WIRE_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let detail =
                format!("the body has more than {WIRE_BYTES_MAX} bytes, or the connection broke in it");
            Err(Problem::bad_request("body_too_large", detail))
        }
        Err(_) => {
            let detail = "the body did not come within 30 seconds";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail))
        }
    }
}

/// The body as it was before the client packed it; never more than a batch may have.
fn unpacked(headers: &HeaderMap, wire: axum::body::Bytes) -> Answer<Vec<u8>> {
    let encoding = headers.get(header::CONTENT_ENCODING).map_or("", |value| value.to_str().unwrap_or("?"));
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(wire.into()),
        "gzip" | "x-gzip" => {
            // A bomb is read no further than it takes to see that it is one.
            let mut plain = Vec::with_capacity((wire.len() * 4).min(BATCH_BYTES_MAX));
            let limit = BATCH_BYTES_MAX as u64 + 1;
            let unpacking = flate2::read::GzDecoder::new(&wire[..]).take(limit).read_to_end(&mut plain);
            unpacking.map_err(|error| {
                let truncated = error.kind() == std::io::ErrorKind::UnexpectedEof;
                let detail =
                    if truncated { "the gzip body ends too early" } else { "the body is not valid gzip" };
                Problem::bad_request("invalid_gzip", detail)
            })?;
            if plain.len() > BATCH_BYTES_MAX {
                let detail = format!("unpacked the body has more than {BATCH_BYTES_MAX} bytes");
                return Err(Problem::bad_request("batch_too_large", detail));
            }
            Ok(plain)
        }
        other => {
            let detail = format!("the content encoding {other:.20} is not known; send gzip or none");
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding_unknown", detail))
        }
    }
}

/// The key that the client names in a header: as the user of Basic authentication, or as a bearer token.
pub(crate) fn key_of_headers(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let key = if scheme.eq_ignore_ascii_case("basic") {
        let rest = rest.trim();
        let bytes = STANDARD.decode(rest).or_else(|_| STANDARD_NO_PAD.decode(rest)).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.split(':').next().unwrap_or_default().to_owned()
    } else if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().to_owned()
    } else {
        return None;
    };
    (!key.is_empty()).then_some(key)
}

/// Writes down that a key was used, now and then.
pub(crate) fn note_use(services: &Arc<Services>, key: &KeyRow, now: kit::Timestamp) {
    if !services.memory.heard.is_use_to_write(&key.key_id, now) {
        return;
    }
    let mut changes = store::Changeset::new();
    changes.key_was_used(key.workspace, &key.key_id, now);
    let services = Arc::clone(services);
    tokio::spawn(async move {
        if services.apply(changes).await.is_err() {
            tracing::warn!("when a key was used last could not be written down");
        }
    });
}

/// The key as it is stored, unless it is revoked. Remembered for a few seconds, since every request asks.
pub(crate) async fn find_key(services: &Arc<Services>, key: &str) -> Answer<Option<KeyRow>> {
    let hash = hash_key(key);
    let now = services.now();
    if let Some(known) = services.memory.keys.find(&hash, now) {
        return Ok(known);
    }
    let found = services.read(move |tx| tx.key_by_hash(&hash)).await?;
    let found = found.filter(|row| row.revoked_at.is_none());
    services.memory.keys.put(hash, found.clone(), now);
    Ok(found)
}

/// What analytics-next asks for before it sends anything: where to send, and that nothing else is switched on.
async fn settings(State(services): State<Arc<Services>>, Path(key): Path<String>) -> Response {
    let known = match find_key(&services, &key).await {
        Ok(known) => known,
        Err(problem) => return problem.for_tracking(),
    };
    if known.is_none() {
        let detail = "no such write key, or it was revoked";
        return Problem::new(StatusCode::NOT_FOUND, "invalid_write_key", detail).for_tracking();
    }
    let (protocol, host) = match services.config.public_url.split_once("://") {
        Some((protocol, host)) => (protocol, host),
        None => ("http", services.config.public_url.as_str()),
    };
    let everything = json!({ "__default": { "enabled": true, "integrations": {} } });
    let body = json!({
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": format!("{}/v1", host.trim_end_matches('/')),
                "protocol": protocol,
                "unbundledIntegrations": [],
                "addBundledMetadata": true,
                "maybeBundledConfigIds": {},
                "versionSettings": { "version": "4.4.7", "componentTypes": ["browser"] },
            }
        },
        "plan": { "track": everything, "identify": everything, "group": everything },
        "edgeFunction": {},
        "analyticsNextEnabled": true,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": { "sampleRate": 0 },
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    });
    let cache = [(header::CACHE_CONTROL, "public, max-age=60")];
    (cache, axum::Json(body)).into_response()
}
