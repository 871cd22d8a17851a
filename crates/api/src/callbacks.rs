//! `/hooks/{token}`: where the servers of providers tell what became of messages.
//!
//! The token names a workspace and a channel and is signed, so that a provider which signs nothing is believed by its
//! knowledge of the address alone. What is told is answered with 200 when it is durable; the engine makes of it what
//! it is worth. Nobody learns from an answer whether an address exists.

use crate::services::{ProviderCall, ProviderFault, Services};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::consent::Channel;
use engine::Note;
use kit::WorkspaceId;
use std::sync::Arc;
use std::time::Duration;

/// Providers send at most some hundred kilobytes at once.
const BODY_BYTES_MAX: usize = 1_024 * 1_024;
/// A provider that takes longer to send its body is not listened to; Zalo wants its answer within two seconds.
const BODY_WAIT: Duration = Duration::from_secs(10);
const HEADERS_MAX: usize = 100;

pub fn router() -> Router<Arc<Services>> {
    Router::new().route("/hooks/{token}", get(take).post(take))
}

/// Where a provider reaches this server with what it has to tell about a channel.
pub(crate) fn callback_url(
    services: &Services,
    workspace: WorkspaceId,
    own: &str,
    channel: Channel,
) -> String {
    let base = if own.is_empty() { services.config.public_url.as_str() } else { own };
    format!("{}{}", base.trim_end_matches('/'), services.token_key.callback_path(workspace, channel))
}

async fn take(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let Some((workspace, channel)) = services.token_key.read_callback(&token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let found = services
        .read(move |tx| {
            let own = tx.workspaces()?.into_iter().find(|own| own.workspace == workspace);
            Ok(tx.channel(workspace, channel.as_str())?.zip(own))
        })
        .await;
    let (row, own) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_WAIT, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let mut url = callback_url(&services, workspace, &own.settings.public_url, channel);
    if !query.is_empty() {
        url = format!("{url}?{query}");
    }
    let headers = parts
        .headers
        .iter()
        .take(HEADERS_MAX)
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let now = services.now();
    let call = ProviderCall {
        method: parts.method.as_str().to_owned(),
        url,
        query,
        headers: headers.collect(),
        body: body.to_vec(),
        now,
    };
    match services.desk.receive(workspace, channel, &row.sealed, call).await {
        Ok(heard) => {
            if !heard.receipts.is_empty() {
                let note = Note::Receipts {
                    channel,
                    provider: heard.provider,
                    receipts: heard.receipts,
                    at: now.into(),
                };
                if services.append(workspace, &note).await.is_err() {
                    // The provider tells again.
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                }
            }
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from(heard.answer)).into_response()
        }
        Err(fault) => {
            services.metrics.refused();
            let (status, word) = match &fault {
                ProviderFault::Unsigned => (StatusCode::UNAUTHORIZED, "its signature does not fit"),
                ProviderFault::Stale => (StatusCode::UNAUTHORIZED, "it is too old"),
                ProviderFault::Malformed(word) => (StatusCode::BAD_REQUEST, word.as_str()),
                ProviderFault::Unexpected => (StatusCode::NOT_FOUND, "the provider is not known to call"),
                ProviderFault::Trouble => (StatusCode::SERVICE_UNAVAILABLE, "it cannot be checked now"),
            };
            tracing::warn!(workspace = workspace.0, %channel, why = word, "a provider's callback was refused");
            status.into_response()
        }
    }
}
