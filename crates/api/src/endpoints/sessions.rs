//! Signing in and out. The only endpoints that ask for no key.

use crate::listing::iso;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::session;
use crate::told::Told;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::access::{AccountRow, LoginRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(find, create, end))
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionView {
    email: String,
    name: String,
    role: String,
    expires_at: String,
}

impl SessionView {
    fn of(account: AccountRow, login: &LoginRow) -> SessionView {
        SessionView {
            email: account.email,
            name: account.name,
            role: account.role,
            expires_at: iso(login.expires_at),
        }
    }
}

/// Who is signed in
#[utoipa::path(get, path = "/session", tag = "workspace", security(()), responses((status = 200, body = SessionView)))]
async fn find(State(services): State<Arc<Services>>, headers: HeaderMap) -> Answer<Json<SessionView>> {
    match session::of_request(&services, &headers).await? {
        Some((account, login)) => Ok(Json(SessionView::of(account, &login))),
        None => Err(Problem::new(StatusCode::UNAUTHORIZED, "not_signed_in", "nobody is signed in")),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: String,
}

fn cross_site() -> Problem {
    let detail = "sign in from our own pages, or send the header X-Quaylai-CSRF";
    Problem::new(StatusCode::FORBIDDEN, "cross_site_request", detail)
}

/// Sign in
///
/// Sets a cookie that stands for the owner. A page of ours, or a program that sends `X-Quaylai-CSRF`, may then use the
/// whole API without a key.
#[utoipa::path(post, path = "/session", tag = "workspace", security(()), request_body = Credentials, responses((status = 200, body = SessionView)))]
async fn create(State(services): State<Arc<Services>>, request: Request) -> Answer<Response> {
    // A foreign page must not sign its visitor in as somebody else.
    let names_origin = request.headers().contains_key(header::ORIGIN);
    if names_origin && !session::is_from_our_pages(&services, request.headers()) {
        return Err(cross_site());
    }
    let ip = services.client_ip(request.headers(), request.extensions());
    let Told(told) =
        <Told<Credentials> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    let (account, login, cookie) =
        session::sign_in(&services, &told.email, &told.password, ip.as_deref()).await?;
    let view = SessionView::of(account, &login);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(view)).into_response())
}

/// Sign out
#[utoipa::path(delete, path = "/session", tag = "workspace", security(()), responses((status = 204)))]
async fn end(State(services): State<Arc<Services>>, headers: HeaderMap) -> Answer<Response> {
    if !session::is_from_our_pages(&services, &headers) {
        return Err(cross_site());
    }
    let cookie = session::sign_out(&services, &headers).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])).into_response())
}
