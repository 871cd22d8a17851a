//! What a shop has set for itself.

use crate::audit::Audit;
use crate::caller::{Admin, Reader};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::State;
use domain::settings::Settings;
use kit::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;
use store::Changeset;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(find, change))
}

/// Read the settings
#[utoipa::path(get, path = "/settings", tag = "workspace", responses((status = 200, body = Object)))]
async fn find(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<Settings>> {
    let workspace = caller.workspace;
    let row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    Ok(Json(row.settings))
}

fn json_of(settings: &Settings) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

/// RFC 7396: objects are merged, everything else replaces, null removes.
fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert_with(|| Value::Object(Map::new())), value);
                }
            }
        }
        (into, patch) => *into = patch,
    }
}

/// Writes into each override of the law's rules who made it and when; one that was there keeps what it says.
fn acknowledge(settings: &mut Settings, before: &Settings, by: &str, now: Timestamp) {
    for held in &mut settings.policy.overrides {
        let known =
            before.policy.overrides.iter().find(|old| old.rule == held.rule && old.reason == held.reason);
        match known {
            Some(known) => *held = known.clone(),
            None => (held.by, held.at) = (by.to_owned(), now.into()),
        }
    }
}

/// Change settings
///
/// A rule of the law that leaves room is set aside by naming it in `policy.overrides` with a reason; the audit log
/// keeps who did so. What the law forbids outright stays forbidden.
///
/// A JSON merge patch (RFC 7396): only what is named changes; null takes a setting back to its default.
#[utoipa::path(patch, path = "/settings", tag = "workspace", request_body(content = Object), responses((status = 200, body = Object)))]
async fn change(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    audit: Audit,
    Told(told): Told<Value>,
) -> Answer<Json<Settings>> {
    let workspace = caller.workspace;
    if !told.is_object() {
        return Err(Problem::field("body", "a JSON object"));
    }
    let mut row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let mut document =
        serde_json::to_value(&row.settings).map_err(|error| Problem::internal(&error.to_string()))?;
    merge(&mut document, told);
    let settings: Settings = serde_json::from_value(document).map_err(|error| {
        Problem::unusable("invalid_settings", format!("the settings cannot be used: {error}"))
    })?;
    let mut settings = settings;
    acknowledge(&mut settings, &row.settings, &caller.source, services.now());
    let problems = settings.problems();
    if let Some(first) = problems.first() {
        let detail = format!("the settings cannot be used: {}: {}", first.path, first.message);
        return Err(Problem::unusable("invalid_settings", detail).with_problems(problems));
    }
    if settings != row.settings {
        audit.difference(&json_of(&row.settings), &json_of(&settings));
        row.settings = settings;
        let mut changes = Changeset::new();
        changes.update_workspace(&row);
        services.configure(changes).await?;
    }
    Ok(Json(row.settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_changes_what_it_names() {
        let mut document = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1, 2] });
        merge(&mut document, json!({ "a": null, "b": { "c": 5 }, "e": [3], "f": { "g": null, "h": 1 } }));
        assert_eq!(document, json!({ "b": { "c": 5, "d": 3 }, "e": [3], "f": { "h": 1 } }));
    }
}
