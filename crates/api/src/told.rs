//! Reading bodies and queries, so that what is wrong with them is told in the same form as everything else.

use crate::idempotency::BODY_BYTES_MAX;
use crate::problem::Problem;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// A JSON body.
pub struct Told<T>(pub T);

/// A query string.
pub struct Asked<T>(pub T);

pub fn too_large() -> Problem {
    let detail = format!("the body has more than {BODY_BYTES_MAX} bytes; send it in parts");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let body =
            axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| too_large())?;
        let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(body).map(Told).map_err(|error| {
            use serde_json::error::Category;
            let detail = format!("the body cannot be read: {error}");
            match error.classify() {
                Category::Data => Problem::unusable("invalid_body", detail),
                Category::Io | Category::Syntax | Category::Eof => {
                    Problem::bad_request("invalid_json", detail)
                }
            }
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Asked(asked)),
            Err(error) => Err(Problem::bad_request("invalid_query", error.body_text())),
        }
    }
}
