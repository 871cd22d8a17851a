//! What stands around every answer: a request id, a line in the log, figures, and headers that browsers heed.

use crate::metrics::Surface;
use crate::problem::Problem;
use crate::services::Services;
use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::sync::Arc;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

const SMALL_BODY_BYTES: usize = 64 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub fn around(router: Router<Arc<Services>>, services: &Arc<Services>) -> Router<Arc<Services>> {
    router.layer(CatchPanicLayer::custom(panicked)).layer(from_fn_with_state(Arc::clone(services), watch))
}

fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default();
    Problem::internal(&format!("a handler panicked: {text}")).into_response()
}

#[expect(clippy::disallowed_methods, reason = "how long an answer took is measured, and decides nothing")]
fn monotonic() -> Instant {
    Instant::now()
}

async fn watch(State(services): State<Arc<Services>>, request: Request, next: Next) -> Response {
    let began = monotonic();
    let surface = Surface::of_path(request.uri().path());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let id = request_id(&services, request.headers());
    let mut response = match with_small_body(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let took = began.elapsed();
    let status = response.status();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    services.metrics.answered(surface, route, &method, status.as_u16(), took);
    let duration_ms = took.as_secs_f64() * 1_000.0;
    let shown = id.to_str().unwrap_or_default();
    if status.is_server_error() {
        tracing::warn!(http.method = %method, http.route = route, http.status = status.as_u16(), duration_ms, request.id = shown, "answered");
    } else if surface == Surface::Tracking {
        // Hundreds a second in a busy shop; the figures say how many.
        tracing::debug!(http.method = %method, http.route = route, http.status = status.as_u16(), duration_ms, request.id = shown, "answered");
    } else {
        tracing::info!(http.method = %method, http.route = route, http.status = status.as_u16(), duration_ms, request.id = shown, "answered");
    }
    dress(response.headers_mut(), surface, services.config.secure_cookies);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Reads a small body before anything is decided. A refusal that leaves it unread ends the connection, and the
/// client's next request on it is lost.
async fn with_small_body(request: Request) -> Result<Request, Problem> {
    let told = request.headers().get(header::CONTENT_LENGTH);
    let bytes = told.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()).unwrap_or(0);
    if bytes == 0 || bytes > SMALL_BODY_BYTES {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    match axum::body::to_bytes(body, SMALL_BODY_BYTES).await {
        Ok(bytes) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Err(_) => Err(Problem::bad_request("body_unreadable", "the body of the request broke off")),
    }
}

/// The client's own id where it is a plain word, so that a chain of programs shares one.
fn request_id(services: &Services, headers: &HeaderMap) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        (1..=64).contains(&value.len())
            && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match headers.get(REQUEST_ID).filter(plain) {
        Some(told) => told.clone(),
        None => HeaderValue::from_str(&services.new_id().to_string())
            .unwrap_or_else(|_| HeaderValue::from_static("none")),
    }
}

/// Sets what a handler did not set itself.
fn dress(headers: &mut HeaderMap, surface: Surface, is_secure: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    if is_secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    match surface {
        Surface::Public => set(header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        Surface::Tracking | Surface::Api => {
            set(header::X_FRAME_OPTIONS, "DENY");
            set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
            set(header::CACHE_CONTROL, "no-store");
        }
    }
}
