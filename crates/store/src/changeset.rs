use crate::{Expect, Stmt};
use crate::{StoreError, Val, Write};
use kit::{ProfileNo, WorkspaceId};

/// A closed list of writes that is stored whole or not at all, with the versions that it expects to find. The
/// domain's words for each write are methods in the modules of this crate.
#[derive(Debug, Default)]
pub struct Changeset {
    pub(crate) writes: Vec<Write>,
    /// Profiles that it writes: the feed of changes tells of them.
    pub(crate) touched: Vec<(WorkspaceId, ProfileNo)>,
}

impl Changeset {
    pub fn new() -> Self {
        Changeset::default()
    }

    pub fn len(&self) -> usize {
        self.writes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Puts another list of writes behind this one.
    pub fn extend(&mut self, other: Changeset) {
        self.writes.extend(other.writes);
        self.touched.extend(other.touched);
    }

    pub(crate) fn any(&mut self, stmt: Stmt, params: impl Into<Vec<Val<'static>>>) {
        self.writes.push(Write::new(stmt, params));
    }

    pub(crate) fn one(&mut self, stmt: Stmt, params: impl Into<Vec<Val<'static>>>) {
        self.writes.push(Write::new(stmt, params).expecting(Expect::Rows(1)));
    }
}

/// A document that does not read back is a fault of ours or of the disk; it must not be taken for an empty one.
pub(crate) fn unreadable(what: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Bug(format!("{what} in the store cannot be read: {error}"))
}

pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    // Our documents have text keys and finite numbers only, so writing them cannot fail.
    serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"unwritable\":\"{error}\"}}"))
}
