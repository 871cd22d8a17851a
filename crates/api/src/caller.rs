//! Who asks, and what they may: a secret key with its scopes, or the session of somebody with a role. What an endpoint
//! needs stands in `domain::roles` and is checked before the handler runs; every handler under `/api/v1` takes one of
//! [`Reader`], [`Writer`], [`Sending`], [`Admin`] and [`Member`], and learns its workspace from it alone.

use crate::keys::KeyKind;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::{audit, session, tracking};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::roles::{Need, Permission, Role, Scope, need_of};
use kit::WorkspaceId;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Caller {
    pub workspace: WorkspaceId,
    /// Written beside what it changes: `key:...` or `account:...`.
    pub source: String,
    /// The role, or the scopes of the key, under which it acts.
    pub role: String,
    /// Of somebody who is signed in.
    pub seat: Option<SignedIn>,
    permissions: Vec<Permission>,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub account_id: String,
    pub login_id: String,
    pub role: Role,
}

/// May see.
pub struct Reader(pub Caller);
/// May change profiles, orders, products, journeys and templates.
pub struct Writer(pub Caller);
/// May send messages, publish and trigger journeys.
pub struct Sending(pub Caller);
/// May change keys, channels, settings, staff, and handle what people ask about their data.
pub struct Admin(pub Caller);
/// Has what the table asks for, whatever that is.
pub struct Member(pub Caller);

/// Finds out who asks, before anything is read of the body.
pub async fn authenticate(
    State(services): State<Arc<Services>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let path = path.unwrap_or_default();
    let path = path.strip_prefix("/api/v1").unwrap_or(&path);
    let need = need_of(request.method().as_str(), path).unwrap_or(Need::Permission(Permission::Unlisted));
    let admitted = caller_of(&services, request.method(), request.headers()).await;
    match admitted.and_then(|caller| caller.with(need)) {
        Ok(caller) => {
            request.extensions_mut().insert(need);
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

pub(crate) async fn caller_of(
    services: &Arc<Services>,
    method: &Method,
    headers: &HeaderMap,
) -> Answer<Caller> {
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
        tracking::note_use(services, &row, services.now());
        let scopes = scopes_of(&row.scopes);
        let source = format!("key:{}", row.key_id);
        let permissions = Permission::ALL.iter().copied().filter(|p| scopes.contains(&p.scope())).collect();
        let role = audit::role_of_key(&row);
        return Ok(Caller { workspace: row.workspace, source, role, seat: None, permissions });
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
    let role: Role = account.role.parse().map_err(|error: String| Problem::internal(&error))?;
    Ok(Caller {
        workspace: login.workspace,
        source: format!("account:{}", account.account_id),
        role: account.role,
        seat: Some(SignedIn { account_id: account.account_id, login_id: login.login_id, role }),
        permissions: role.permissions().to_vec(),
    })
}

/// The scopes that a key was given; none named means all.
pub fn scopes_of(text: &str) -> Vec<Scope> {
    let named: Vec<Scope> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    if text.trim().is_empty() { Scope::ALL.to_vec() } else { named }
}

impl Caller {
    /// The caller, if it holds what is needed.
    fn with(self, need: Need) -> Answer<Caller> {
        let Need::Permission(permission) = need else { return Ok(self) };
        if self.permissions.contains(&permission) {
            return Ok(self);
        }
        let (code, detail) = match &self.seat {
            Some(seat) => (
                "role_lacks_permission",
                format!(
                    "the role {} lacks the permission {permission}; an owner can change the role",
                    seat.role
                ),
            ),
            None => ("scope_missing", format!("this key lacks the scope {}", permission.scope())),
        };
        Err(Problem::new(StatusCode::FORBIDDEN, code, detail))
    }

    /// Refuses a caller without a permission that an endpoint's table asks of some of its calls only.
    pub fn needs(&self, permission: Permission) -> Answer<()> {
        self.clone().with(Need::Permission(permission)).map(|_| ())
    }

    /// What the caller is when it makes or changes staff. A key is no owner, or whoever makes keys could make owners.
    pub fn rank(&self) -> Role {
        self.seat.as_ref().map_or(Role::Admin, |seat| seat.role)
    }

    /// The session that a handler needs, which no key has.
    pub fn signed_in(&self) -> Answer<&SignedIn> {
        let detail = "this is about your own account: sign in instead of using a key";
        self.seat.as_ref().ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, "session_needed", detail))
    }

    fn of(parts: &Parts, scope: Option<Scope>) -> Answer<Caller> {
        let caller = parts.extensions.get::<Caller>();
        let caller = caller.ok_or_else(|| Problem::internal("a route is not behind authentication"))?;
        // The table decided; a handler that says otherwise shows that one of the two is wrong.
        let agrees = match (parts.extensions.get::<Need>(), scope) {
            (_, None) | (Some(Need::Permission(Permission::Unlisted)), _) => true,
            (Some(Need::Permission(permission)), Some(scope)) => scope == permission.scope(),
            (_, Some(_)) => false,
        };
        if !agrees {
            let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
            return Err(Problem::internal(&format!(
                "domain::roles asks something else of {} {path} than its handler does",
                parts.method
            )));
        }
        Ok(caller.clone())
    }
}

macro_rules! with_scope {
    ($($name:ident => $scope:expr),+ $(,)?) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                Caller::of(parts, $scope).map($name)
            }
        }
    )+};
}

with_scope! {
    Reader => Some(Scope::Read),
    Writer => Some(Scope::Write),
    Sending => Some(Scope::Send),
    Admin => Some(Scope::Admin),
    Member => None,
}
