//! What the API says when it cannot do what it was asked: RFC 9457 documents with a stable code and what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use store::StoreError;

/// An answer that is not the one hoped for. Handlers return it as their error.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    /// Each thing that is wrong with a document, where there can be several.
    pub problems: Vec<Value>,
    pub retry_after_s: Option<u32>,
}

/// The shape of a [`Problem`] in the OpenAPI document.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// `urn:quaylai:problem:` and the code.
    pub r#type: String,
    /// The code in words.
    pub title: String,
    pub status: u16,
    /// Stable, for programs.
    pub code: String,
    /// What happened and what to do, for people.
    pub detail: String,
    /// Each thing that is wrong with a document: its place and a message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Value>,
}

pub type Answer<T> = Result<T, Problem>;

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into(), problems: Vec::new(), retry_after_s: None }
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub fn not_found(what: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not_found", format!("{what} does not exist in this workspace"))
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, code, detail)
    }

    pub fn unusable(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub fn with_problems<T: Serialize>(mut self, problems: impl IntoIterator<Item = T>) -> Problem {
        self.problems.extend(problems.into_iter().filter_map(|problem| serde_json::to_value(problem).ok()));
        self
    }

    /// For one field of a body or a query.
    pub fn field(field: &str, message: impl Into<String>) -> Problem {
        let message = message.into();
        Problem::unusable("invalid_field", format!("{field}: {message}"))
            .with_problems([json!({ "field": field, "message": message })])
    }

    pub fn internal(what: &str) -> Problem {
        tracing::error!(detail = what, "the API cannot answer");
        let detail = "something is wrong on our side; the server's log has the reason";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// What was asked for is stored and will be done, but the engine has not come to it yet.
    pub fn late() -> Problem {
        let detail = "stored, and takes effect as soon as the engine has caught up; ask again to see it";
        Problem::new(StatusCode::ACCEPTED, "accepted_for_later", detail)
    }

    pub fn too_many(detail: impl Into<String>, retry_after_s: u32) -> Problem {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        Problem { retry_after_s: Some(retry_after_s), ..problem }
    }

    /// The code in words: `not_found` is "Not found".
    fn title(&self) -> String {
        let mut title = self.code.replace('_', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        title
    }

    /// The answer that tracking clients read: `{code, message}`.
    pub fn for_tracking(self) -> Response {
        let body = json!({ "success": false, "code": self.code, "message": self.detail });
        let mut response = (self.status, Json(body)).into_response();
        set_retry_after(&mut response, self.retry_after_s);
        response
    }
}

fn set_retry_after(response: &mut Response, retry_after_s: Option<u32>) {
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.title();
        let mut body = json!({
            "type": format!("urn:quaylai:problem:{}", self.code),
            "title": title,
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if !self.problems.is_empty() {
            body["problems"] = Value::Array(self.problems);
        }
        let mut response = (self.status, Json(body)).into_response();
        if !self.status.is_success() {
            let kind = HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        set_retry_after(&mut response, self.retry_after_s);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Conflict { .. } => Problem::conflict(
                "changed_meanwhile",
                "somebody else changed this at the same moment; read it again and repeat",
            ),
            StoreError::Duplicate { .. } => {
                Problem::conflict("exists_already", "there is one with this id already")
            }
            StoreError::Invalid { .. } => Problem::unusable(
                "value_not_storable",
                "a value cannot be stored, such as text with a NUL character",
            ),
            StoreError::Full(_) => {
                tracing::error!(error = %error, "the store is full");
                let detail = "the server has no room left; nothing was stored";
                let problem = Problem::new(StatusCode::INSUFFICIENT_STORAGE, "store_full", detail);
                Problem { retry_after_s: Some(30), ..problem }
            }
            StoreError::Unavailable(_) | StoreError::Uncertain(_) | StoreError::Closed => {
                tracing::warn!(error = %error, "the store is unavailable");
                let detail = "the server cannot reach its database now; try again in a moment";
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", detail);
                Problem { retry_after_s: Some(5), ..problem }
            }
            StoreError::Migration(_) | StoreError::Bug(_) => Problem::internal(&error.to_string()),
        }
    }
}
