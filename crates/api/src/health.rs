//! For those who keep the process running: is it up, is it ready, what are its figures. Nothing here is personal, and
//! nothing asks for a key.

use crate::services::Services;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;

pub fn router() -> Router<Arc<Services>> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// Ready when the store can be read and the engine is running.
async fn readyz(State(services): State<Arc<Services>>) -> Response {
    let engine = services.processed.has_changed().is_ok();
    let store = services.read(|tx| tx.progress(store::inbox::CONFIGURATION)).await.is_ok();
    let status = if engine && store { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": engine && store, "store": store, "engine": engine }))).into_response()
}

async fn metrics(State(services): State<Arc<Services>>) -> Response {
    let processed = *services.processed.borrow();
    let text = services.metrics.text(services.door.waiting(), processed);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
