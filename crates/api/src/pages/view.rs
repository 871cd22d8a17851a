//! A message as it was sent, in a customer's browser (`/e/v`).

use super::layout::{self, Sign, letter, sign};
use super::visit::{Refusal, message_of, offer};
use super::written::fill;
use crate::Services;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use engine::Link;
use maud::html;
use std::sync::Arc;
use store::messages::Body;

/// `GET /e/v/{token}`.
pub async fn view(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "v", &token, &parts).await?;
    let (workspace, message_no) = visit.message_ref();
    let body = offer(&services, visit.language, move |tx| tx.body(workspace, message_no)).await?;
    let t = visit.language.texts();
    match body {
        Some(Body { html: Some(html), .. }) => {
            let html = without_picture(html, &services.token_key.path(Link::Open, workspace, message_no));
            Ok(letter(html, "'none'"))
        }
        Some(Body { text: Some(text), subject, .. }) => {
            let inside = html! {
                @if !subject.is_empty() { h1 { (subject) } }
                pre { (text) }
            };
            Ok(layout::card(visit.language, StatusCode::OK, visit.shop_front(), t.view_title, inside))
        }
        _ => {
            let days = visit.workspace.settings.body_retention_days.to_string();
            let inside = html! {
                (sign(Sign::Letter))
                h1 { (t.expired_heading) }
                p.soft { (fill(t.expired_text, &[("shop", visit.shop_name()), ("days", &days)])) }
            };
            Ok(layout::card(visit.language, StatusCode::GONE, visit.shop_front(), t.view_title, inside))
        }
    }
}

/// The message without the picture that counts opens: whoever reads it in a browser has been counted by their click.
fn without_picture(mut html: String, path: &str) -> String {
    while let Some(at) = html.find(path) {
        let tag = html[..at].rfind('<').zip(html[at..].find('>').map(|end| at + end + 1));
        match tag {
            Some((start, end)) => html.replace_range(start..end, ""),
            None => html.replace_range(at..at + path.len(), ""),
        }
    }
    html
}
