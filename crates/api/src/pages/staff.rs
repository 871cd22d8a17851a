//! Who of the shop's staff asks, and what the pages for them have in common.

use super::language::Language;
use super::layout::{self, Place, Staff};
use super::reasons;
use super::texts::Texts;
use super::visit::{Refusal, asked_language, offer};
use super::written;
use crate::services::workspace_of;
use crate::{Services, session};
use axum::extract::MatchedPath;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use domain::local_time::Zone;
use domain::roles::{Role, need_of_page};
use kit::{Timestamp, WorkspaceId};
use maud::{Markup, html};
use std::sync::Arc;
use store::access::Workspace;
use store::messages::MessageRow;

/// A request of somebody who is signed in.
pub struct Seat {
    pub workspace: Workspace,
    pub language: Language,
    pub zone: Zone,
    pub now: Timestamp,
    uri: Uri,
    /// The language was chosen by this very request.
    has_chosen: bool,
}

/// The session of a request; without one the way leads to the sign-in.
pub async fn seat(services: &Arc<Services>, parts: &Parts) -> Result<Seat, Refusal> {
    let asked = asked_language(parts);
    let stranger = Language::of_staff(asked.as_deref(), &parts.headers, "vi");
    let found =
        session::of_request(services, &parts.headers).await.map_err(|_| Refusal::Trouble(stranger))?;
    let Some((account, login)) = found else {
        return Err(Refusal::Instead(Box::new(Redirect::to("/app/sign-in").into_response())));
    };
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if !account.role.parse::<Role>().is_ok_and(|role| role.may(need_of_page(path))) {
        return Err(Refusal::Missing(stranger));
    }
    let workspace = offer(services, stranger, move |tx| workspace_of(tx, login.workspace)).await?;
    Ok(Seat {
        language: Language::of_staff(asked.as_deref(), &parts.headers, &workspace.settings.language),
        zone: workspace.settings.zone(),
        now: services.now(),
        uri: parts.uri.clone(),
        has_chosen: asked.as_deref().is_some_and(|code| Language::from_code(code).is_some()),
        workspace,
    })
}

/// The address of a request with one value of its query set, or taken out.
fn address_with(uri: &Uri, name: &str, value: Option<&str>) -> String {
    let query = uri.query().unwrap_or_default();
    let mut kept: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
        .map(str::to_owned)
        .collect();
    kept.extend(value.map(|value| format!("{name}={value}")));
    if kept.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), kept.join("&")) }
}

impl Seat {
    pub fn id(&self) -> WorkspaceId {
        self.workspace.workspace
    }

    pub fn texts(&self) -> &'static Texts {
        self.language.texts()
    }

    /// This page with one value of its query set, or taken out. `value` is of letters and digits.
    pub fn here_with(&self, name: &str, value: Option<&str>) -> String {
        address_with(&self.uri, name, value)
    }

    pub fn number(&self, value: i64) -> String {
        written::count(value, self.language.pick('.', ','))
    }

    /// An instant on the shop's wall clock.
    pub fn time(&self, at: Timestamp) -> Markup {
        html! {
            time.number.nowrap datetime=(written::machine_readable(at, &self.zone)) {
                (written::date_time(at, &self.zone))
            }
        }
    }

    pub fn page(&self, place: Place, title: &str, is_live: bool, inside: Markup) -> Response {
        let name = &self.workspace.settings.shop.name;
        let frame = Staff {
            language: self.language,
            workspace: if name.is_empty() { &self.workspace.name } else { name },
            place,
            other_language: self.here_with("lang", Some(self.language.other().code())),
            is_live,
        };
        let mut response = layout::staff(&frame, title, inside);
        if self.has_chosen
            && let Ok(cookie) = HeaderValue::from_str(&self.language.cookie())
        {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    /// The chip of a message's state, and why it is so.
    pub fn state(&self, message: &MessageRow) -> Markup {
        let class = match message.state.as_str() {
            "accepted" => "chip good",
            "queued" | "held" | "sending" => "chip wait",
            "failed" => "chip bad",
            "unknown" => "chip odd",
            _ => "chip calm",
        };
        let waits = message.state == "queued" && message.due_at > self.now;
        html! {
            span class=(class) {
                (reasons::state(&message.state, self.language))
                @if waits {
                    " " (self.language.pick("đến", "until")) " " (written::date_time(message.due_at, &self.zone))
                }
            }
            @if !message.reason.is_empty() {
                span.small.soft { (reasons::reason(&message.reason, self.language)) }
            }
        }
    }
}

/// What to show where there is nothing yet.
pub fn empty(heading: &str, text: &str) -> Markup {
    html! {
        div.empty {
            (layout::mark())
            h2 { (heading) }
            p { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_of_an_address_is_set() {
        let check = |uri: &str, name, value, expect: &str| {
            assert_eq!(address_with(&uri.parse().unwrap(), name, value), expect);
        };
        check("/outbox", "lang", Some("en"), "/outbox?lang=en");
        check("/outbox?lang=vi&q=a%20b", "lang", Some("en"), "/outbox?q=a%20b&lang=en");
        check("/outbox?live=1", "live", None, "/outbox");
        check("/outbox?language=1&lang=vi", "lang", None, "/outbox?language=1");
    }
}
