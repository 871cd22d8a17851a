//! A message as it was sent: in a customer's browser (`/e/v`), and for staff.

use super::layout::{self, Sign, letter, sign};
use super::visit::{Refusal, message_of, offer};
use super::written::fill;
use crate::Services;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use engine::{Link, TokenKey};
use kit::WorkspaceId;
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

/// The message for staff: nothing that they do with it counts as the customer's. Links lead straight to where they
/// led, and the ways to say no lead nowhere.
pub fn for_staff(
    html: String,
    links: &[String],
    key: &TokenKey,
    workspace: WorkspaceId,
    message_no: i64,
) -> String {
    let mut html = without_picture(html, &key.path(Link::Open, workspace, message_no));
    for (number, link) in links.iter().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        html = readdressed(html, &key.path(Link::Click(number), workspace, message_no), link);
    }
    for link in [Link::Honeypot, Link::Unsubscribe, Link::Preferences, Link::View] {
        html = readdressed(html, &key.path(link, workspace, message_no), "#");
    }
    // Links open beside the preview, not inside it.
    match html.find("<head>") {
        Some(at) => html.insert_str(at + "<head>".len(), "<base target=\"_blank\">"),
        None => html.insert_str(0, "<base target=\"_blank\">"),
    }
    html
}

/// Puts `target` in the place of every attribute value that ends in `path`.
fn readdressed(html: String, path: &str, target: &str) -> String {
    let escaped = html! { (target) }.into_string().replace('\'', "&#39;");
    let mut made = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some(at) = rest.find(path) {
        let end = at + path.len();
        let start = rest[..at].rfind(['"', '\'', ' ', '>', '(']).map_or(0, |quote| quote + 1);
        made.push_str(&rest[..start]);
        made.push_str(&escaped);
        rest = &rest[end..];
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_count_for_nothing() {
        let key = TokenKey::from_secret(b"s");
        let path = |link| key.path(link, WorkspaceId(1), 5);
        let html = format!(
            "<html><head></head><body><a href=\"https://m.vn{}\">A</a><a href=\"https://m.vn{}\">B</a>\
             <a href='https://m.vn{}'>no</a><img alt=\"\" src=\"https://m.vn{}\"></body></html>",
            path(Link::Click(0)),
            path(Link::Click(1)),
            path(Link::Unsubscribe),
            path(Link::Open),
        );
        let links = ["https://shop.vn/a?x=1&y=\"2".to_owned(), "https://shop.vn/b".to_owned()];
        let shown = for_staff(html, &links, &key, WorkspaceId(1), 5);
        assert_eq!(
            shown,
            "<html><head><base target=\"_blank\"></head><body><a href=\"https://shop.vn/a?x=1&amp;y=&quot;2\">A</a>\
             <a href=\"https://shop.vn/b\">B</a><a href='#'>no</a></body></html>"
        );
    }
}
