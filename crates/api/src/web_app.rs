//! `/app`: the web app. Its files have a hash in their names and are kept for good; its page is asked for anew each
//! time, and stands for every path that is no file, because the app routes by itself.

use crate::services::Services;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use std::sync::Arc;
use web::{Accepted, File, Packing};

/// Styles in line are what Mantine computes; scripts are ours alone. Pictures of e-mails that are previewed come from
/// wherever their author keeps them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' https: http: data: blob:; \
     font-src 'self' data:; frame-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// What has a hash in its name.
const HASHED: &str = "assets/";

pub fn router() -> Router<Arc<Services>> {
    Router::new()
        .route("/app", get(async || Redirect::permanent("/app/")))
        .route("/app/", get(page))
        .route("/app/{*path}", get(file_or_page))
}

async fn page(State(services): State<Arc<Services>>, headers: HeaderMap) -> Response {
    answer(&services, "index.html", &headers)
}

async fn file_or_page(
    State(services): State<Arc<Services>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    // Pages may have a dot in their address: a sending domain has one in its name.
    let is_file = path.starts_with(HASHED) || (!path.contains('/') && path.contains('.'));
    answer(&services, if is_file { &path } else { "index.html" }, &headers)
}

fn answer(services: &Services, path: &str, headers: &HeaderMap) -> Response {
    match services.config.web.find(path, accepted(headers)) {
        Some(file) => dressed(file, path, headers),
        None => (StatusCode::NOT_FOUND, "there is no such file").into_response(),
    }
}

fn accepted(headers: &HeaderMap) -> Accepted {
    let told = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |name: &str| {
        told.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            parts.next() == Some(name) && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0"))
        })
    };
    Accepted { brotli: takes("br"), gzip: takes("gzip") }
}

fn dressed(file: File, path: &str, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.hash);
    let is_known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(match file.bytes {
            std::borrow::Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
            std::borrow::Cow::Owned(bytes) => bytes.into(),
        }))
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, if path.starts_with(HASHED) { FOR_GOOD } else { ASK_AGAIN });
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    match file.packing {
        Packing::None => {}
        Packing::Gzip => _ = headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        Packing::Brotli => _ = headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br")),
    }
    if path == "index.html" {
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    response
}
