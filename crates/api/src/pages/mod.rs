//! The pages that the server renders itself: public links of messages (`/e`). Old addresses lead to the web app.
//!
//! They must work without scripts, hold nothing personal in an address or a title, and load nothing from elsewhere.
//! Start with [`router`]; the words are in `texts` and `reasons`, the look in `look.css`.

mod consent;
mod language;
mod layout;
mod link;
mod reasons;
mod recent;
mod texts;
mod view;
mod visit;
mod ways;
mod written;

use crate::Services;
use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use language::Language;
use recent::Recent;
use std::sync::Arc;
use visit::{Refusal, asked_language};

/// Forms of these pages are a few fields.
const FORM_BYTES_MAX: usize = 16 * 1024;

pub fn router() -> Router<Arc<Services>> {
    ways::router()
        .route("/e/o/{token}", get(link::open))
        .route("/e/c/{token}", get(link::click))
        .route("/e/h/{token}", get(link::honeypot))
        .route("/e/u/{token}", get(consent::ask_to_stop).post(consent::stop))
        .route("/e/p/{token}", get(consent::preferences).post(consent::choose))
        .route("/e/k/{token}", get(consent::ask_to_confirm).post(consent::confirm))
        .route("/e/v/{token}", get(view::view))
        .route("/e/-/{name}", get(layout::file))
        .route("/e/{*rest}", get(nothing))
        .layer(Extension(Arc::new(Recent::default())))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// A public link that never was one.
async fn nothing(parts: Parts) -> impl IntoResponse {
    let asked = asked_language(&parts);
    Refusal::Missing(Language::of_visitor(asked.as_deref(), &parts.headers, "vi"))
}
