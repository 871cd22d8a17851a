//! The audit log's one hook: what staff and keys change through `/api/v1` is written down here, after it was done.
//! Handlers only add what they know better than the request does.
//!
//! An entry names who, what, where and the ids of things; never an address, a name or a text of a customer.

use crate::caller::Caller;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::session::Visitor;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use domain::roles::Need;
use kit::{Timestamp, WorkspaceId};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use store::Changeset;
use store::access::KeyRow;
use store::accounts::AccountRow;
use store::audit::AuditEntry;

/// The detail of an entry, in bytes of JSON.
const DETAIL_BYTES_MAX: usize = 4 << 10;
/// Answers that are looked into for the id of what was made.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// What a handler adds to the entry of its request. Take it as an argument of the handler.
#[derive(Clone, Debug, Default)]
pub struct Audit(Arc<Mutex<Trace>>);

#[derive(Debug, Default)]
struct Trace {
    object: Option<String>,
    is_left_out: bool,
    detail: Map<String, Value>,
}

impl Audit {
    fn change(&self, change: impl FnOnce(&mut Trace)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What it was done to, where the path does not say it: `users` and an id.
    pub fn object(&self, kind: &str, id: &str) {
        self.change(|trace| trace.object = Some(format!("{kind}/{id}")));
    }

    /// That it says nothing new: the same draft, saved again as it is typed.
    pub fn leave_out(&self) {
        self.change(|trace| trace.is_left_out = true);
    }

    /// One thing to know about it, without personal data.
    pub fn detail(&self, name: &str, value: impl Into<Value>) {
        self.change(|trace| {
            trace.detail.insert(name.to_owned(), value.into());
        });
    }

    /// The fields of two documents that differ, before and after.
    pub fn difference(&self, before: &Value, after: &Value) {
        self.change(|trace| {
            let names = [before, after].into_iter().filter_map(Value::as_object).flat_map(Map::keys);
            for name in names {
                if before.get(name) != after.get(name) {
                    let pair = serde_json::json!({ "before": before.get(name), "after": after.get(name) });
                    trace.detail.insert(name.clone(), pair);
                }
            }
        });
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Audit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Audit>().cloned();
        Ok(found.unwrap_or_default())
    }
}

/// Something that happened outside the API's own writes: a sign-in, a command.
pub struct Happened {
    workspace: WorkspaceId,
    entry: AuditEntry,
}

impl Happened {
    pub fn to_account(account: &AccountRow, action: &str, actor: &str, visitor: &Visitor) -> Happened {
        let entry = AuditEntry {
            actor: actor.to_owned(),
            role: if actor == "nobody" { String::new() } else { account.role.clone() },
            action: action.to_owned(),
            object: format!("users/{}", account.account_id),
            detail: "{}".into(),
            ip: visitor.truncated_ip(),
            at: Timestamp::MIN,
        };
        Happened { workspace: account.workspace, entry }
    }

    pub fn add_to(self, changes: &mut Changeset, now: Timestamp) {
        changes.log_audit(self.workspace, AuditEntry { at: now, ..self.entry });
    }

    pub async fn log(self, services: &Arc<Services>, now: Timestamp) -> Answer<()> {
        let mut changes = Changeset::new();
        self.add_to(&mut changes, now);
        services.apply(changes).await
    }
}

/// Writes down what a request did, once it succeeded. Of requests that change nothing only exports of people are.
pub async fn record(State(services): State<Arc<Services>>, mut request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let need = request.extensions().get::<Need>().copied();
    let (Some(caller), Some(need)) = (caller, need) else { return next.run(request).await };
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let counts = match need {
        Need::Permission(permission) if is_safe => permission.is_always_logged(),
        Need::Permission(permission) => !permission.only_reads(),
        Need::Membership | Need::Nothing => !is_safe,
    };
    if !counts {
        return next.run(request).await;
    }
    let template = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let template = template.unwrap_or_default();
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let action = format!("{} {}", request.method(), below_api(&template));
    let mut object = object_of(below_api(&template), below_api(request.uri().path()));
    let audit = Audit::default();
    request.extensions_mut().insert(audit.clone());
    let mut response = next.run(request).await;
    if !response.status().is_success() || response.headers().contains_key("idempotency-replayed") {
        return response;
    }
    if response.status() == StatusCode::CREATED {
        let (parts, body) = response.into_parts();
        let (body, made) = looked_into(body).await;
        response = Response::from_parts(parts, body);
        if let Some(id) = made {
            object = format!("{object}/{id}");
        }
    }
    let trace = std::mem::take(&mut *audit.0.lock().unwrap_or_else(PoisonError::into_inner));
    if trace.is_left_out {
        return response;
    }
    let mut detail = Value::Object(trace.detail).to_string();
    if detail.len() > DETAIL_BYTES_MAX {
        detail = r#"{"shortened":true}"#.to_owned();
    }
    let entry = AuditEntry {
        at: services.now(),
        actor: caller.source,
        role: caller.role,
        action,
        object: trace.object.unwrap_or(object),
        detail,
        ip: visitor.truncated_ip(),
    };
    let mut changes = Changeset::new();
    changes.log_audit(caller.workspace, entry);
    if services.apply(changes).await.is_err() {
        // What was done is done and must be answered as done; the reason was logged where it arose.
        tracing::error!("a change could not be written into the audit log");
    }
    response
}

fn below_api(path: &str) -> &str {
    path.strip_prefix("/api/v1").unwrap_or(path)
}

/// The body as it is, and the id of what it says was made.
async fn looked_into(body: Body) -> (Body, Option<String>) {
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return (Body::empty(), None) };
    let made = (bytes.len() <= ANSWER_BYTES_MAX)
        .then(|| serde_json::from_slice::<Value>(&bytes).ok())
        .flatten()
        .and_then(|document| document.get("id").and_then(Value::as_str).map(str::to_owned))
        .filter(|id| id.len() <= 100);
    (Body::from(bytes), made)
}

/// `profiles/01H...` for `/profiles/{id}/merge`: all up to the last value in the path. A value that is no plain id,
/// such as an address, stands there as a hash.
fn object_of(template: &str, path: &str) -> String {
    let pairs: Vec<(&str, &str)> = template.split('/').zip(path.split('/')).skip(1).collect();
    let last = pairs.iter().rposition(|(named, _)| named.starts_with('{'));
    let kept = last.map_or(pairs.len().min(1), |last| last + 1);
    let words = pairs.into_iter().take(kept).map(|(named, value)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_id = named != "{address}" && value.len() <= 100 && value.chars().all(plain);
        if !named.starts_with('{') || is_id {
            return value.to_owned();
        }
        let hash = Sha256::digest(value.as_bytes());
        hash.iter().take(8).fold(String::from("#"), |text, byte| format!("{text}{byte:02x}"))
    });
    words.collect::<Vec<_>>().join("/")
}

/// The scopes of a key in one word for the log.
pub fn role_of_key(row: &KeyRow) -> String {
    if row.scopes.trim().is_empty() { "key: all".to_owned() } else { format!("key: {}", row.scopes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_by_ids_and_never_by_addresses() {
        let check = |template: &str, path: &str, expect: &str| {
            assert_eq!(object_of(template, path), expect);
        };
        check("/settings", "/settings", "settings");
        check("/profiles/{id}/merge", "/profiles/01H/merge", "profiles/01H");
        check("/journeys/{id}/versions/{version}", "/journeys/a/versions/2", "journeys/a/versions/2");
        check("/password-resets/confirm", "/password-resets/confirm", "password-resets");
        let of_address = object_of("/suppressions/{channel}/{address}", "/suppressions/email/an%40mail.vn");
        assert!(of_address.starts_with("suppressions/email/#") && !of_address.contains("mail.vn"));
        let of_number = object_of("/suppressions/{channel}/{address}", "/suppressions/sms/84901234567");
        assert!(!of_number.contains("8490"), "{of_number}");
    }

    #[test]
    fn only_what_differs_is_told() {
        let audit = Audit::default();
        audit.difference(
            &serde_json::json!({ "a": 1, "b": 2 }),
            &serde_json::json!({ "a": 1, "b": 3, "c": 4 }),
        );
        let trace = std::mem::take(&mut *audit.0.lock().unwrap());
        assert_eq!(
            Value::Object(trace.detail),
            serde_json::json!({ "b": { "before": 2, "after": 3 }, "c": { "before": null, "after": 4 } })
        );
    }
}
