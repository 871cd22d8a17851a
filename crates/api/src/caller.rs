//! Who asks, and what they may: a secret key with its scopes, or the owner's session. Every handler under `/api/v1`
//! takes one of [`Reader`], [`Writer`], [`Sending`] and [`Admin`], and learns its workspace from it alone.

use crate::keys::{KeyKind, Scope};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::{session, tracking};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kit::WorkspaceId;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Caller {
    pub workspace: WorkspaceId,
    /// Written beside what it changes: `key:...` or `account:...`.
    pub source: String,
    scopes: Vec<Scope>,
}

/// May see everything.
pub struct Reader(pub Caller);
/// May change profiles, orders, products, journeys and templates.
pub struct Writer(pub Caller);
/// May send messages, publish and trigger journeys.
pub struct Sending(pub Caller);
/// May change keys, channels and settings.
pub struct Admin(pub Caller);

/// Finds out who asks, before anything is read of the body.
pub async fn authenticate(
    State(services): State<Arc<Services>>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller_of(&services, request.method(), request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => {
            let asks_for_key = problem.status == StatusCode::UNAUTHORIZED;
            let mut response = problem.into_response();
            if asks_for_key {
                let value = header::HeaderValue::from_static("Bearer realm=\"quaylai\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
            }
            response
        }
    }
}

async fn caller_of(services: &Arc<Services>, method: &Method, headers: &HeaderMap) -> Answer<Caller> {
    if let Some(told) = headers.get(header::AUTHORIZATION) {
        let told = told.to_str().unwrap_or_default().split_once(' ');
        let key = told.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
        let Some(key) = key else {
            let detail = "send a secret key as `Authorization: Bearer qs_...`";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "key_missing", detail));
        };
        let Some(row) = tracking::find_key(services, key).await? else {
            let detail = "no such key, or it was revoked";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "invalid_key", detail));
        };
        if row.kind != KeyKind::Secret.as_str() {
            let detail = "this is a write key, which may send events only; use a secret key";
            return Err(Problem::new(StatusCode::FORBIDDEN, "write_key_only_tracks", detail));
        }
        let scopes = scopes_of(&row.scopes);
        let source = format!("key:{}", row.key_id);
        return Ok(Caller { workspace: row.workspace, source, scopes });
    }
    let Some((account, login)) = session::of_request(services, headers).await? else {
        let detail = "send a secret key as `Authorization: Bearer qs_...`, or sign in";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "key_missing", detail));
    };
    let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe && !session::is_from_our_pages(services, headers) {
        let detail = "a write with a session comes from our own pages, or carries the header X-Quaylai-CSRF";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross_site_request", detail));
    }
    Ok(Caller {
        workspace: login.workspace,
        source: format!("account:{}", account.account_id),
        scopes: Scope::ALL.to_vec(),
    })
}

/// The scopes that a key was given; none named means all.
pub fn scopes_of(text: &str) -> Vec<Scope> {
    let named: Vec<Scope> = text
        .split_whitespace()
        .filter_map(|word| Scope::ALL.into_iter().find(|s| s.as_str() == word))
        .collect();
    if text.trim().is_empty() { Scope::ALL.to_vec() } else { named }
}

impl Caller {
    fn with(parts: &Parts, scope: Scope) -> Answer<Caller> {
        let caller = parts.extensions.get::<Caller>();
        let caller = caller.ok_or_else(|| Problem::internal("a route is not behind authentication"))?;
        if caller.scopes.contains(&scope) {
            return Ok(caller.clone());
        }
        let detail = format!("this key lacks the scope {}", scope.as_str());
        Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", detail))
    }
}

macro_rules! with_scope {
    ($($name:ident => $scope:ident),+ $(,)?) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                Caller::with(parts, Scope::$scope).map($name)
            }
        }
    )+};
}

with_scope! { Reader => Read, Writer => Write, Sending => Send, Admin => Admin }
