//! One request for a public link: which message it is about, who asks, and in which language to answer.

use super::language::Language;
use super::layout::{self, ShopFront};
use super::recent::MessageRef;
use crate::Services;
use crate::address::client_address;
use axum::extract::Query;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use engine::Link;
use kit::Timestamp;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use store::access::Workspace;
use store::messages::MessageRow;
use store::{ReadTx, StoreError};

/// Longest user agent that is kept as proof, in characters.
const USER_AGENT_CHARS_MAX: usize = 300;

/// Why a page cannot be shown.
#[derive(Debug)]
pub enum Refusal {
    /// No such thing, or not for this visitor: both look the same.
    Missing(Language),
    /// The store does not answer.
    Trouble(Language),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Missing(language) => layout::missing(language, ShopFront::default()),
            Refusal::Trouble(language) => layout::trouble(language),
        }
    }
}

/// Reads from the store; a store that does not answer is a page that says so.
pub async fn offer<T: Send + 'static>(
    services: &Arc<Services>,
    language: Language,
    ask: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    // The cause was logged where the problem was made.
    services.read(ask).await.map_err(|_| Refusal::Trouble(language))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    lang: Option<String>,
}

/// The language that the address asks for.
pub fn asked_language(parts: &Parts) -> Option<String> {
    Query::<Asked>::try_from_uri(&parts.uri).ok().and_then(|Query(asked)| asked.lang)
}

pub struct Visit {
    pub workspace: Workspace,
    pub message: MessageRow,
    pub language: Language,
    /// The address itself names the language.
    asks_language: bool,
    pub now: Timestamp,
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
}

impl Visit {
    pub fn message_ref(&self) -> MessageRef {
        (self.workspace.workspace, self.message.message_no)
    }

    /// In the language that the person chose, unless the address asks for one.
    pub fn prefer(&mut self, chosen: Option<Language>) {
        if let (false, Some(chosen)) = (self.asks_language, chosen) {
            self.language = chosen;
        }
    }

    pub fn missing(&self) -> Refusal {
        Refusal::Missing(self.language)
    }

    pub fn shop_front(&self) -> ShopFront<'_> {
        let shop = &self.workspace.settings.shop;
        ShopFront {
            name: if shop.name.is_empty() { &self.workspace.name } else { &shop.name },
            url: &shop.url,
        }
    }

    /// The shop's name as it stands in a sentence.
    pub fn shop_name(&self) -> &str {
        let name = self.shop_front().name;
        if name.is_empty() { self.language.texts().the_shop } else { name }
    }
}

/// What the token of a public link names. A token that is forged, of another kind of link, or of a message that no
/// longer exists is [`Refusal::Missing`].
pub async fn message_of(
    services: &Arc<Services>,
    letter: &str,
    token: &str,
    parts: &Parts,
) -> Result<(Link, Visit), Refusal> {
    let asked = asked_language(parts);
    let stranger = Language::of_visitor(asked.as_deref(), &parts.headers, "vi");
    let Some((link, workspace_id, message_no)) = services.token_key.read(letter, token) else {
        return Err(Refusal::Missing(stranger));
    };
    let found = offer(services, stranger, move |tx| {
        let workspace = tx.workspaces()?.into_iter().find(|w| w.workspace == workspace_id);
        Ok((workspace, tx.message_by_no(workspace_id, message_no)?))
    });
    let (Some(workspace), Some(message)) = found.await? else { return Err(Refusal::Missing(stranger)) };
    let language = Language::of_visitor(asked.as_deref(), &parts.headers, &workspace.settings.language);
    let user_agent = parts.headers.get(USER_AGENT).map(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .chars()
            .filter(|c| !c.is_control())
            .take(USER_AGENT_CHARS_MAX)
            .collect()
    });
    let visit = Visit {
        workspace,
        message,
        language,
        asks_language: asked.as_deref().and_then(Language::from_code).is_some(),
        now: services.now(),
        ip: client_address(&services.config.trusted_proxies, &parts.headers, &parts.extensions),
        user_agent,
    };
    Ok((link, visit))
}
