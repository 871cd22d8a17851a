//! Ways to the shops' own staff beside e-mail: kept sealed, and set beside the channel of webhooks.

use crate::secrets::Secret;
use anyhow::{Context, Result};
use api::FieldProblem;
use kit::WorkspaceId;
use plugs::channels::staff::{StaffChannel, StaffContact};
use plugs::{Channel as Way, Egress};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::devices::ContactRow;

/// Bound to the name: a secret does not open under another.
fn about(name: &str) -> String {
    format!("staff contact {name}")
}

pub fn unseal(secret: &Secret, name: &str, sealed: &[u8]) -> Result<StaffContact> {
    serde_json::from_slice(&secret.unseal(&about(name), sealed)?).context("a contact of another version")
}

pub fn prepare(
    secret: &Secret,
    name: &str,
    told: &Value,
    stored: Option<&[u8]>,
) -> Result<Vec<u8>, Vec<FieldProblem>> {
    let problem = |field: &str, message: String| FieldProblem { field: field.to_owned(), message };
    let Value::Object(mut told) = told.clone() else { return Err(vec![problem("", "an object".into())]) };
    // The name says it already.
    let kind = name.split(':').next().unwrap_or_default();
    told.entry("kind").or_insert_with(|| kind.into());
    let mut contact: StaffContact = serde_json::from_value(Value::Object(told))
        .map_err(|error| vec![problem("kind", error.to_string())])?;
    if contact.kind() != kind {
        return Err(vec![problem("kind", format!("{kind}, as the name says"))]);
    }
    if let Some(before) = stored.and_then(|sealed| unseal(secret, name, sealed).ok()) {
        contact = contact.merged(&before);
    }
    let problems = contact.validate();
    if !problems.is_empty() {
        return Err(problems.into_iter().map(|one| problem(&one.field, one.message)).collect());
    }
    let plain = serde_json::to_vec(&contact).map_err(|error| vec![problem("", error.to_string())])?;
    secret.seal(&about(name), &plain).map_err(|error| vec![problem("", error.to_string())])
}

pub fn shown(secret: &Secret, name: &str, sealed: &[u8]) -> Result<Value> {
    Ok(serde_json::to_value(unseal(secret, name, sealed)?.redacted())?)
}

/// The channel of webhooks with a workspace's contacts beside it. One that cannot be opened is told of and left out.
pub fn beside(
    secret: &Secret,
    rows: &[ContactRow],
    workspace: WorkspaceId,
    egress: &Egress,
    webhook: Arc<dyn Way>,
    zalo: Option<Arc<dyn Way>>,
) -> Result<Arc<dyn Way>, String> {
    let mut contacts = BTreeMap::new();
    for row in rows.iter().filter(|row| row.workspace == workspace) {
        match unseal(secret, &row.name, &row.sealed) {
            Ok(contact) => drop(contacts.insert(row.name.clone(), contact)),
            Err(error) => tracing::error!(contact = %row.name, %error, "a contact of staff cannot be opened"),
        }
    }
    Ok(Arc::new(StaffChannel::new(contacts, egress, webhook, zalo)?))
}
