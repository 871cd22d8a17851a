//! All tables of a database, row by row, in a form that either database takes: what a backup is made of.

use super::{Store, StoreError};
use crate::Val;
use std::path::Path;

/// One piece of a dump: a table, and behind it its rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Table { name: String, columns: Vec<String> },
    Row(Vec<Val<'static>>),
}

impl Store {
    /// Hands every row of every table to `take`, all of one snapshot, while others read and write.
    pub fn dump(&self, take: &mut dyn FnMut(Piece) -> Result<(), StoreError>) -> Result<(), StoreError> {
        match self {
            Store::Sqlite(store) => store.dump(take),
            Store::Postgres(store) => store.dump(take),
        }
    }

    /// Fills an empty database of the same version with what a dump holds, whole or not at all.
    pub fn load(
        &self,
        next: &mut dyn FnMut() -> Result<Option<Piece>, StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Store::Sqlite(store) => store.load(next),
            Store::Postgres(store) => store.load(next),
        }
    }

    /// Reads a database file from end to end and answers what is wrong with it, if anything is.
    pub fn check_sqlite_file(path: &Path) -> Result<(), StoreError> {
        super::sqlite::check_file(path)
    }
}

/// A name between quotation marks; of a table or a column that the database itself named.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The one table that tells what this program has made, and is made anew.
pub(super) const OWN: &str = "schema_migration";

pub(super) fn unknown(what: &str, name: &str) -> StoreError {
    StoreError::Migration(format!(
        "the backup has the {what} {name:.100}, which this database has not: restore it with the program version that \
         made it, and bring the program up to date afterwards"
    ))
}

pub(super) fn not_empty() -> StoreError {
    StoreError::Migration("the database is not empty; restore into an empty one".into())
}
