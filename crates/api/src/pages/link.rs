//! The public links of messages: `/e/o` opened, `/e/c` clicked, `/e/h` the link that only programs see.
//!
//! Everybody is answered alike; who asked only decides what is counted. Nothing waits for the store to write: a
//! count that is lost in a crash is a smaller loss than a shopper who waits.

use super::layout::{self, Sign, is_web, sign};
use super::recent::Recent;
use super::visit::{Refusal, Visit, message_of, offer};
use crate::Services;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::bots::{Kind, Method as Asked, OpenOrClick, Verdict, classify};
use engine::{Link, Note, Response as Act, machine_of};
use maud::html;
use std::sync::Arc;
use store::messages::Body;

/// One transparent pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\
\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

const PURPOSE_HEADERS: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Who is behind a request for a picture or a link of a message.
fn verdict(visit: &Visit, parts: &Parts, kind: Kind, links_within_burst: u32, honeypot_hit: bool) -> Verdict {
    let purposes: Vec<&str> = PURPOSE_HEADERS
        .iter()
        .filter_map(|name| parts.headers.get(*name).and_then(|value| value.to_str().ok()))
        .collect();
    let sent_at = visit.message.accepted_at.or(visit.message.attempted_at);
    classify(&OpenOrClick {
        kind,
        method: match parts.method {
            Method::GET => Asked::Get,
            Method::HEAD => Asked::Head,
            _ => Asked::Other,
        },
        user_agent: visit.user_agent.as_deref().unwrap_or_default(),
        purpose: &purposes.join(" "),
        ip: visit.ip,
        ms_since_sent: sent_at.map(|at| visit.now.since_ms(at)),
        links_within_burst,
        honeypot_hit,
    })
}

/// Sends a count on its way without waiting for it.
fn note(services: &Arc<Services>, visit: &Visit, act: Act, machine: Option<String>, url: Option<String>) {
    let message_no = visit.message.message_no;
    let note = Note::Response { message_no, response: act, at: visit.now.into(), machine, url };
    let (services, workspace) = (Arc::clone(services), visit.workspace.workspace);
    tokio::spawn(async move {
        if services.append(workspace, &note).await.is_err() {
            tracing::warn!(message.no = message_no, "a response was not counted");
        }
    });
}

/// `GET /e/o/{token}`, with or without `.gif` at its end.
pub async fn open(
    State(services): State<Arc<Services>>,
    Extension(recent): Extension<Arc<Recent>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let token = token.strip_suffix(".gif").unwrap_or(&token);
    let (_, visit) = message_of(&services, "o", token, &parts).await?;
    let honeypot_hit = recent.honeypot_was_hit(visit.message_ref(), visit.now);
    let verdict = verdict(&visit, &parts, Kind::Open, 0, honeypot_hit);
    if recent.open_counts(visit.message_ref(), verdict.is_person(), visit.now) {
        note(&services, &visit, Act::Opened, machine_of(verdict), None);
    }
    let response = ([(header::CONTENT_TYPE, "image/gif")], PIXEL).into_response();
    Ok(layout::guarded("default-src 'none'", response))
}

/// `GET /e/c/{token}`: leads on to where the message's link led, and nowhere else.
pub async fn click(
    State(services): State<Arc<Services>>,
    Extension(recent): Extension<Arc<Recent>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (link, visit) = message_of(&services, "c", &token, &parts).await?;
    let Link::Click(number) = link else { return Err(visit.missing()) };
    let (workspace, message_no) = visit.message_ref();
    let body = offer(&services, visit.language, move |tx| tx.body(workspace, message_no)).await?;
    let links = body.map(|body: Body| body.links).unwrap_or_default();
    let target = links.get(number as usize).filter(|url| is_web(url)).cloned();
    let (links_within_burst, honeypot_hit) = recent.click(visit.message_ref(), number, visit.now);
    let verdict = verdict(&visit, &parts, Kind::Click, links_within_burst, honeypot_hit);
    note(&services, &visit, Act::Clicked, machine_of(verdict), target.clone());
    let shop = Some(visit.workspace.settings.shop.url.clone()).filter(|url| is_web(url));
    match target.or(shop).and_then(|url| location(&url)) {
        Some(location) => {
            let response = (StatusCode::FOUND, [(header::LOCATION, location)]).into_response();
            Ok(layout::guarded("default-src 'none'", response))
        }
        None => {
            let t = visit.language.texts();
            let inside = html! { (sign(Sign::Question)) h1 { (t.link_heading) } p.soft { (t.link_text) } };
            Ok(layout::card(
                visit.language,
                StatusCode::NOT_FOUND,
                visit.shop_front(),
                t.missing_title,
                inside,
            ))
        }
    }
}

/// An address as a header may carry it: what is not ASCII is written as percent and its bytes.
fn location(url: &str) -> Option<HeaderValue> {
    let mut ascii = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_graphic() {
            ascii.push(char::from(byte));
        } else {
            ascii.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::from_str(&ascii).ok()
}

/// `GET /e/h/{token}`: nobody sees this link, so whoever follows it is a program, and so are the clicks around it.
pub async fn honeypot(
    State(services): State<Arc<Services>>,
    Extension(recent): Extension<Arc<Recent>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "h", &token, &parts).await?;
    if recent.honeypot(visit.message_ref(), visit.now) {
        let reason = domain::bots::Reason::Honeypot.as_str().to_owned();
        note(&services, &visit, Act::Clicked, Some(reason), None);
    }
    let t = visit.language.texts();
    let inside = html! { h1 { (t.hidden_heading) } p.soft { (t.hidden_text) } };
    Ok(layout::card(visit.language, StatusCode::OK, visit.shop_front(), t.hidden_heading, inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_headers() {
        let check = |url: &str, expect: &str| {
            assert_eq!(location(url).as_ref().and_then(|value| value.to_str().ok()), Some(expect));
        };
        check("https://a.vn/áo?q=1&b=%20", "https://a.vn/%C3%A1o?q=1&b=%20");
        check("https://a.vn/\r\nSet-Cookie: a=b", "https://a.vn/%0D%0ASet-Cookie:%20a=b");
    }

    #[test]
    fn the_pixel_is_a_picture() {
        assert_eq!(PIXEL.len(), 43);
        assert!(PIXEL.starts_with(b"GIF89a") && PIXEL.ends_with(b";"));
    }
}
