//! Reads what inbox rows hold: a function of the row, so that it can be done ahead of its turn.

use super::ProfileKey;
use crate::directory::Directory;
use crate::imports::{IMPORT, IMPORT_UNDO, ImportSlice, UndoSlice};
use crate::note::Note;
use crate::{BATCH_ITEMS, EngineError};
use domain::commerce::CommerceEvent;
use domain::event::{Envelope, Item, ItemKind};
use domain::identifier::{Identifier, IdentifierError};
use kit::{Id, WorkspaceId};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::sync::Arc;
use store::Store;
use store::inbox::Arrival;
use store::journeys::TimerRow;

/// Inbox rows that are read ahead, at most: single messages come a few at a time, and batches are large.
const AHEAD_ROWS: i64 = 64;

/// One thing to fold, with the logical instant at which it takes effect.
pub(super) enum Work {
    Item { workspace: WorkspaceId, item: Box<Incoming>, meta: Arc<Meta> },
    Note { workspace: WorkspaceId, note: Box<Note> },
    Import { workspace: WorkspaceId, slice: Box<ImportSlice> },
    ImportUndo { workspace: WorkspaceId, slice: UndoSlice },
    Rejected { workspace: WorkspaceId, rejection: domain::event::Rejection, sample: String },
    Run { key: ProfileKey, run_id: Id },
    Timer(TimerRow),
}

/// A message with what is read out of it more than once, as the reading takes its time.
pub struct Incoming {
    pub item: Item,
    /// What the message brings, the surest first, and what of it cannot be used.
    pub identifiers: Vec<Identifier>,
    pub refused: Vec<IdentifierError>,
    pub commerce: Option<CommerceEvent>,
}

/// What the door knew of a request.
#[derive(Default, Debug, serde::Serialize, serde::Deserialize)]
pub struct Meta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub historical: bool,
}

/// What an inbox row holds, read and checked: a function of the row and of the shops' currencies.
pub(super) struct Unpacked {
    pub(super) works: Vec<Work>,
    /// Messages of clients that could be read.
    pub(super) items: u64,
}

/// Inbox rows that were unpacked before their turn, by their number.
#[derive(Default)]
pub struct Ahead(pub(super) FxHashMap<i64, Unpacked>);

impl Ahead {
    /// Unpacks what comes after `seq`, while the batch up to it is being stored.
    pub fn read(store: &Store, directory: &Directory, seq: i64) -> Result<Ahead, EngineError> {
        let mut items = 0;
        let mut ahead = Ahead::default();
        for row in store.read(|tx| tx.inbox_after(seq, AHEAD_ROWS))? {
            items += row.arrival.items;
            ahead.0.insert(row.seq, unpack(directory, row.seq, row.arrival));
            if items >= BATCH_ITEMS {
                break;
            }
        }
        Ok(ahead)
    }
}

fn commerce_of(directory: &Directory, workspace: WorkspaceId, item: &Item) -> Option<CommerceEvent> {
    if item.kind != ItemKind::Track {
        return None;
    }
    let currency = directory.workspaces.get(&workspace)?.currency;
    domain::commerce::read(&item.name, &item.properties, item.at, &item.message_id, currency)
}

pub(super) fn unpack(directory: &Directory, seq: i64, arrival: Arrival) -> Unpacked {
    let mut works = Vec::new();
    let mut items = 0;
    let workspace = arrival.workspace;
    let at = arrival.received_at;
    if matches!(arrival.kind.as_str(), "internal" | IMPORT | IMPORT_UNDO) {
        let read = match arrival.kind.as_str() {
            IMPORT => serde_json::from_slice::<ImportSlice>(&arrival.payload)
                .map(|slice| Work::Import { workspace, slice: Box::new(slice) }),
            IMPORT_UNDO => serde_json::from_slice::<UndoSlice>(&arrival.payload)
                .map(|slice| Work::ImportUndo { workspace, slice }),
            _ => serde_json::from_slice::<Note>(&arrival.payload)
                .map(|note| Work::Note { workspace, note: Box::new(note) }),
        };
        match read {
            Ok(work) => works.push(work),
            Err(error) => {
                let rejection =
                    domain::event::Rejection { code: "note_unreadable", detail: error.to_string() };
                works.push(Work::Rejected { workspace, rejection, sample: String::new() });
            }
        }
        return Unpacked { works, items };
    }
    let meta: Arc<Meta> = Arc::new(serde_json::from_str(&arrival.meta).unwrap_or_default());
    let refuse = |error: serde_json::Error| Work::Rejected {
        workspace,
        rejection: domain::event::Rejection { code: "invalid_json", detail: error.to_string() },
        sample: String::new(),
    };
    let parts = match crate::door::Parts::of(&arrival.payload, arrival.kind == "batch") {
        Ok(parts) => parts,
        Err(error) => {
            works.push(refuse(error));
            return Unpacked { works, items };
        }
    };
    let outer = |raw: Option<&serde_json::value::RawValue>| -> Option<Value> {
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
    };
    let (sent_at, context) = (outer(parts.sent_at), outer(parts.context));
    let kind = ItemKind::parse(&arrival.kind);
    for (position, raw) in parts.items.iter().enumerate() {
        // Each by itself: one that cannot be read must not take its neighbours with it.
        let raw: Value = match serde_json::from_str(raw.get()) {
            Ok(raw) => raw,
            Err(error) => {
                works.push(refuse(error));
                continue;
            }
        };
        let fallback = format!("inbox-{seq}-{position}");
        let envelope = Envelope {
            received_at: at,
            kind,
            sent_at: sent_at.as_ref(),
            context: context.as_ref(),
            historical: meta.historical,
            fallback_id: &fallback,
        };
        let named = raw.get("messageId").and_then(Value::as_str).map(str::to_owned);
        match Item::read(raw, &envelope) {
            Ok(item) => {
                items += 1;
                let (identifiers, refused) = item.identifiers();
                let commerce = commerce_of(directory, workspace, &item);
                let item = Box::new(Incoming { item, identifiers, refused, commerce });
                works.push(Work::Item { workspace, item, meta: Arc::clone(&meta) });
            }
            Err(rejection) => {
                let sample = format!("messageId={}", named.unwrap_or(fallback));
                works.push(Work::Rejected { workspace, rejection, sample });
            }
        }
    }
    Unpacked { works, items }
}
