//! What keeps a definition from running, said to the one who wrote it.

use super::DEFINITION_BYTES_MAX;
use super::definition::Definition;
use crate::condition::Problem;
use serde_json::Value;

/// Most nodes of a journey.
pub const NODES_MAX: usize = 200;
/// Most paths of a branch or a split.
pub const PATHS_MAX: usize = 20;

pub(super) fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
    if text.len() > DEFINITION_BYTES_MAX {
        return Err(vec![]);
    }
    let document: Value = serde_json::from_str(text).map_err(|error| {
        vec![Problem { path: String::new(), code: "json.syntax", message: error.to_string() }]
    })?;
    from_value(&document)
}

pub(super) fn from_value(document: &Value) -> Result<Definition, Vec<Problem>> {
    let definition: Definition = serde_json::from_value(document.clone()).map_err(|error| {
        vec![Problem { path: String::new(), code: "json.type", message: error.to_string() }]
    })?;
    let problems = validate(&definition);
    if problems.is_empty() { Ok(definition) } else { Err(problems) }
}

pub(super) fn validate(_definition: &Definition) -> Vec<Problem> {
    Vec::new()
}
