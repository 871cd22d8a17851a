//! What an import brings through the inbox: rows that were read and checked, a slice of them in one inbox row.

use domain::commerce::{Contents, OrderPatch, Product};
use domain::consent::ConsentRecord;
use domain::identifier::Identifier;
use domain::profile::Ms;
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::inbox::Arrival;

/// The kind of an inbox row that holds an [`ImportSlice`].
pub const IMPORT: &str = "import";
/// The kind of an inbox row that asks for the next slice of an import to be taken back.
pub const IMPORT_UNDO: &str = "import_undo";
/// Things that one inbox row takes back.
pub const UNDO_SLICE: i64 = 500;

/// Rows of one import.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportSlice {
    /// The import's id.
    pub job: String,
    /// When the shop told it: the instant of every value that has none of its own.
    pub told_at: Ms,
    pub rows: Vec<ImportedRow>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportedRow {
    Person(ImportedPerson),
    Order { person: ImportedPerson, order: Box<ImportedOrder> },
    Product(Box<Product>),
    Event { person: ImportedPerson, event: ImportedEvent },
}

/// Somebody, and what a row says of them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ImportedPerson {
    pub identifiers: Vec<Identifier>,
    /// The instant of the attributes: the import's own, or when the row's order was placed.
    pub at: Ms,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<ImportedConsent>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportedConsent {
    #[serde(flatten)]
    pub record: ConsentRecord,
    /// The file says when it was given. Otherwise nobody knows whether a refusal came later, and it stands.
    pub dated: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportedOrder {
    pub source: String,
    pub order_id: String,
    pub at: Ms,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    pub contents: Contents,
    /// Products that this import has not told of yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<Product>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportedEvent {
    pub message_id: String,
    pub name: String,
    pub at: Ms,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Map<String, Value>,
}

/// Asks for a slice of an import to be taken back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct UndoSlice {
    pub job: String,
    pub told_at: Ms,
    /// Numbers of people who stay: nothing is taken back, what holds for them is computed anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settle: Vec<i64>,
}

impl ImportSlice {
    pub fn arrival(&self, workspace: WorkspaceId, now: Timestamp) -> Arrival {
        Arrival {
            workspace,
            received_at: now,
            kind: IMPORT.into(),
            items: self.rows.len() as i64,
            meta: "{}".into(),
            payload: serde_json::to_vec(self).unwrap_or_default(),
        }
    }
}

impl UndoSlice {
    /// It counts for a whole batch, so that nothing else is folded beside it.
    pub fn arrival(&self, workspace: WorkspaceId, now: Timestamp) -> Arrival {
        Arrival {
            workspace,
            received_at: now,
            kind: IMPORT_UNDO.into(),
            items: crate::BATCH_ITEMS,
            meta: "{}".into(),
            payload: serde_json::to_vec(self).unwrap_or_default(),
        }
    }
}

impl ImportedRow {
    pub fn person(&self) -> Option<&ImportedPerson> {
        match self {
            ImportedRow::Person(person)
            | ImportedRow::Order { person, .. }
            | ImportedRow::Event { person, .. } => Some(person),
            ImportedRow::Product(_) => None,
        }
    }

    /// The message id of what the row puts into somebody's history, and its instant. Imported events count as
    /// received when they happened, so that the same row is known again however much later it comes.
    pub fn message(&self) -> Option<(String, Timestamp)> {
        match self {
            ImportedRow::Order { order, .. } => Some((order.message_id(), order.at.0)),
            ImportedRow::Event { event, .. } => Some((event.message_id.clone(), event.at.0)),
            ImportedRow::Person(_) | ImportedRow::Product(_) => None,
        }
    }
}

impl ImportedOrder {
    /// The name of the event that says that the order was placed.
    pub fn message_id(&self) -> String {
        let told = format!("import:order:{}:{}", self.source, self.order_id);
        if told.len() <= domain::event::MESSAGE_ID_BYTES_MAX {
            return told;
        }
        format!("import:order:{}", crate::derived_id(&[&self.source, &self.order_id]))
    }

    pub fn patch(&self) -> OrderPatch {
        OrderPatch {
            source: self.source.clone(),
            order_id: self.order_id.clone(),
            at: self.at.0,
            placed_at: Some(self.at.0),
            currency: self.currency.clone(),
            status: self.status.clone().or_else(|| Some("placed".into())),
            contents: Some(self.contents.clone()),
            refunds: Vec::new(),
        }
    }
}

/// What stands as the source of an attribute that an import set.
pub fn source_of(job: &str) -> String {
    format!("import:{job}")
}
