//! A write that carries an `Idempotency-Key` happens once: the same request again gets the answer of the first.

use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kit::DAY_MS;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::Changeset;
use store::access::RememberedAnswer;

/// Answers are remembered for this long.
const REMEMBERED_MS: i64 = DAY_MS;
const KEY_BYTES_MAX: usize = 200;
/// The body of any request to the API.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// Larger answers are not remembered: the request is done again, which our writes bear.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// An answer that holds a secret and must not be kept.
#[derive(Clone, Copy, Debug)]
pub struct NotRemembered;

/// The key of a request that carries one, for handlers that name what they do by it.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(pub String);

pub async fn once(State(services): State<Arc<Services>>, request: Request, next: Next) -> Response {
    let told = request.headers().get("idempotency-key").cloned();
    let caller = request.extensions().get::<Caller>().cloned();
    match (told, caller) {
        (Some(key), Some(caller)) if *request.method() == Method::POST => {
            run(services, key, caller, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn run(
    services: Arc<Services>,
    told: HeaderValue,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = told.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len())).map(str::to_owned);
    let key = key.ok_or_else(|| {
        Problem::bad_request(
            "invalid_idempotency_key",
            "an Idempotency-Key has 1 to 200 visible ASCII characters",
        )
    })?;
    let workspace = caller.workspace;
    let name = format!("{} {key}", workspace.0);
    let claimed = services.memory.claim(name).ok_or_else(|| {
        Problem::conflict(
            "still_under_way",
            "a request with this Idempotency-Key is being worked on; wait for it",
        )
    })?;
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| crate::told::too_large())?;
    let mut hash = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), parts.uri.to_string().as_bytes(), &body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let fingerprint = hash.finalize().to_vec();
    let now = services.now();
    let asked = key.clone();
    let found =
        services.read(move |tx| tx.remembered_answer(workspace, &asked, now.plus_ms(-REMEMBERED_MS))).await?;
    if let Some(answer) = found {
        if answer.fingerprint != fingerprint {
            let detail = "this Idempotency-Key was used for another request; take a new one";
            return Err(Problem::unusable("idempotency_key_reused", detail));
        }
        let status = u16::try_from(answer.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let kind = [
            (header::CONTENT_TYPE, "application/json"),
            (header::HeaderName::from_static("idempotency-replayed"), "true"),
        ];
        return Ok((status.unwrap_or(StatusCode::OK), kind, answer.body).into_response());
    }
    parts.extensions.insert(IdempotencyKey(key.clone()));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let status = response.status();
    // A refusal may be repaired and tried again; only what was done is remembered.
    if !status.is_success()
        || status == StatusCode::ACCEPTED
        || response.extensions().get::<NotRemembered>().is_some()
    {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|error| Problem::internal(&error.to_string()))?;
    if body.len() <= ANSWER_BYTES_MAX
        && let Ok(text) = std::str::from_utf8(&body)
    {
        let answer = RememberedAnswer { fingerprint, status: status.as_u16().into(), body: text.to_owned() };
        let mut changes = Changeset::new();
        changes.remember_answer(workspace, &key, answer, now);
        changes.forget_answers(now.plus_ms(-REMEMBERED_MS));
        services.apply(changes).await?;
    }
    drop(claimed);
    Ok(Response::from_parts(parts, Body::from(body)))
}
