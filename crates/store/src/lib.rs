//! All SQL of Quaylai, and nothing else: named queries, migrations, consistent reads and changesets on SQLite and
//! PostgreSQL.
//!
//! It must never decide anything about customers, read a clock, or show a caller which database it runs on.
//! Start with [`Store`]; what can be written is a [`Changeset`], what can be read are the methods of [`ReadTx`]
//! in the modules by subject: [`inbox`], [`people`], [`history`], [`journeys`], [`messages`], [`access`].

pub mod access;
mod backend;
mod changeset;
pub mod history;
pub mod inbox;
pub mod journeys;
pub mod messages;
mod migrate;
pub mod people;
mod queries;
mod sql;

pub use backend::{
    Committed, Expect, Leadership, Pending, PostgresOptions, ReadTx, SqliteOptions, Store, StoreError, Write,
};
pub use changeset::Changeset;
pub use migrate::Migration;
pub use sql::{Catalog, Queries, Row, Stmt, Val};

pub(crate) use queries as q;

/// The queries and migrations of this version of Quaylai.
pub const CATALOG: Catalog = Catalog { queries: queries::QUERIES, migrations: &[INIT] };

const INIT: Migration =
    Migration { version: 1, name: "init", sql: include_str!("../sql/migrations/0001_init.sql") };

impl Store {
    /// Stores a changeset, see [`Store::commit`].
    pub fn apply(&self, changes: Changeset) -> Result<Committed, StoreError> {
        self.commit(changes.writes)
    }

    /// Queues a changeset, see [`Store::submit`].
    pub fn enqueue(&self, changes: Changeset) -> Pending {
        self.submit(changes.writes)
    }
}
