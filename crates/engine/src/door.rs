//! Where messages of clients come in: checked for size and form, made durable, and only then acknowledged.

use crate::Bell;
use crate::world::Meta;
use domain::event::{BATCH_BYTES_MAX, BATCH_ITEMS_MAX, ITEM_BYTES_MAX, ItemKind};
use kit::{Timestamp, WorkspaceId};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use store::inbox::Arrival;
use store::{Changeset, Committed, Pending, Store, StoreError};

/// Messages that may wait in the inbox before clients are asked to come back later.
const WAITING_MAX: i64 = 400_000;

/// The pieces of a request that the door and the engine look at; the rest stays as it came. A name that stands
/// twice in an object counts as it stands last, as in every JSON parser of a browser.
pub struct Parts<'a> {
    pub items: Vec<&'a RawValue>,
    pub context: Option<&'a RawValue>,
    pub sent_at: Option<&'a RawValue>,
}

impl<'a> Parts<'a> {
    pub fn of(body: &'a [u8], is_batch: bool) -> Result<Parts<'a>, serde_json::Error> {
        let outer: BTreeMap<String, &RawValue> = serde_json::from_slice(body)?;
        if !is_batch {
            return Ok(Parts { items: vec![serde_json::from_slice(body)?], context: None, sent_at: None });
        }
        let items = match outer.get("batch") {
            Some(raw) => serde_json::from_str(raw.get())?,
            None => return Err(serde::de::Error::custom("a batch needs the list `batch`")),
        };
        Ok(Parts { items, context: outer.get("context").copied(), sent_at: outer.get("sentAt").copied() })
    }
}

/// Why a request is not taken. Nothing of it was stored.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum DoorError {
    #[error("the body is not valid UTF-8")]
    NotUtf8,
    #[error("the body is not valid JSON: {0}")]
    InvalidJson(String),
    #[error("message {index} has {bytes} bytes; at most {ITEM_BYTES_MAX} are taken")]
    ItemTooLarge { index: usize, bytes: usize },
    #[error("the batch has {0} bytes; at most {BATCH_BYTES_MAX} are taken")]
    BatchTooLarge(usize),
    #[error("the batch has {0} messages; at most {BATCH_ITEMS_MAX} are taken")]
    BatchTooLong(usize),
    #[error("more messages are waiting than can be taken in; try again later")]
    Overloaded { retry_after_s: u32 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request to take in; `kind` is `None` for a batch.
#[derive(Clone, Debug)]
pub struct Request {
    pub kind: Option<ItemKind>,
    /// Decompressed.
    pub body: Vec<u8>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// Stored and counted, but starts no journey.
    pub historical: bool,
}

/// A request that was found good and is being made durable: acknowledge it when `pending` has answered.
pub struct Accepted {
    pub items: i64,
    pub pending: Durable,
}

/// Answers when what was let in will survive a crash, and wakes the engine.
pub struct Durable {
    pending: Pending,
    bell: Arc<Bell>,
}

impl Durable {
    /// Blocks until the outcome is known; not for async code.
    pub fn wait(self) -> Result<Committed, StoreError> {
        let outcome = self.pending.wait();
        self.bell.ring();
        outcome
    }
}

impl Future for Durable {
    type Output = Result<Committed, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = Pin::new(&mut self.pending).poll(cx);
        if outcome.is_ready() {
            self.bell.ring();
        }
        outcome
    }
}

/// The way in for clients' messages. Share it by `Arc`.
pub struct Door {
    store: Arc<Store>,
    waiting: AtomicI64,
    bell: Arc<Bell>,
}

impl Door {
    /// `bell` wakes whoever drives the engine.
    pub fn open(store: Arc<Store>, bell: Arc<Bell>) -> Result<Door, StoreError> {
        let waiting = store.read(|tx| tx.backlog())?.items;
        Ok(Door { store, waiting: AtomicI64::new(waiting), bell })
    }

    /// The write key that the body names, if it can be read at all.
    pub fn write_key(body: &[u8]) -> Option<String> {
        let outer: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
        outer.get("writeKey").and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// Checks a request and sends it on its way to the inbox.
    pub fn admit(
        &self,
        workspace: WorkspaceId,
        request: Request,
        now: Timestamp,
    ) -> Result<Accepted, DoorError> {
        let is_batch = request.kind.is_none();
        let bytes = request.body.len();
        if bytes > BATCH_BYTES_MAX {
            return Err(match request.kind {
                None => DoorError::BatchTooLarge(bytes),
                Some(_) => DoorError::ItemTooLarge { index: 0, bytes },
            });
        }
        std::str::from_utf8(&request.body).map_err(|_| DoorError::NotUtf8)?;
        let parts =
            Parts::of(&request.body, is_batch).map_err(|error| DoorError::InvalidJson(error.to_string()))?;
        if parts.items.len() > BATCH_ITEMS_MAX {
            return Err(DoorError::BatchTooLong(parts.items.len()));
        }
        let too_large = parts.items.iter().enumerate().find(|(_, item)| item.get().len() > ITEM_BYTES_MAX);
        if let Some((index, item)) = too_large {
            return Err(DoorError::ItemTooLarge { index, bytes: item.get().len() });
        }
        if let Some(index) = parts.items.iter().position(|item| !item.get().starts_with('{')) {
            return Err(DoorError::InvalidJson(format!("message {index} is not an object")));
        }
        let items = parts.items.len() as i64;
        if self.waiting.load(Ordering::Relaxed) + items > WAITING_MAX {
            return Err(DoorError::Overloaded { retry_after_s: 5 });
        }
        let meta = Meta { ip: request.ip, user_agent: request.user_agent, historical: request.historical };
        self.waiting.fetch_add(items, Ordering::Relaxed);
        let mut changes = Changeset::new();
        changes.append(Arrival {
            workspace,
            received_at: now,
            kind: request.kind.map_or("batch", ItemKind::as_str).to_owned(),
            items,
            meta: serde_json::to_string(&meta).unwrap_or_default(),
            payload: request.body,
        });
        Ok(Accepted { items, pending: self.durable(changes) })
    }

    /// Appends a note of our own, which takes effect in its turn.
    pub fn note(&self, workspace: WorkspaceId, note: &crate::Note, now: Timestamp) -> Durable {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let mut changes = Changeset::new();
        changes.append(note.arrival(workspace, now));
        self.durable(changes)
    }

    fn durable(&self, changes: Changeset) -> Durable {
        Durable { pending: self.store.enqueue(changes), bell: Arc::clone(&self.bell) }
    }

    /// Wakes the engine after a change that was made beside the inbox.
    pub fn wake(&self) {
        self.bell.ring();
    }

    /// Messages that left the inbox, or that did not get into it. Those of other processes and of imports did not
    /// come through this door, so that there can be more than it knew of.
    pub fn left(&self, items: i64) {
        let fewer = |waiting: i64| Some((waiting - items).max(0));
        // The closure always answers.
        let _ = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
    }

    pub fn waiting(&self) -> i64 {
        self.waiting.load(Ordering::Relaxed).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_and_the_last_of_two_counts() {
        let body = br#"{"writeKey":"a","writeKey":"b","batch":[{"type":"track"},{"x":[1]}],"sentAt":"t"}"#;
        let parts = Parts::of(body, true).unwrap();
        assert_eq!(
            parts.items.iter().map(|raw| raw.get()).collect::<Vec<_>>(),
            [r#"{"type":"track"}"#, r#"{"x":[1]}"#]
        );
        assert_eq!(parts.sent_at.map(RawValue::get), Some("\"t\""));
        assert_eq!(Door::write_key(body).as_deref(), Some("b"));
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        let check = |body: &str| assert!(Parts::of(body.as_bytes(), true).is_err(), "{body}");
        check("[]");
        check("{}");
        check(r#"{"batch":{}}"#);
        check(r#"{"batch":[1"#);
    }
}
