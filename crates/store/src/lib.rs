//! All SQL of Quaylai, and nothing else: named queries, migrations, consistent reads and changesets on SQLite and
//! PostgreSQL.
//!
//! It must never decide anything about customers, read a clock, or show a caller which database it runs on.
//! Start with [`Store`].

mod backend;
mod migrate;
mod sql;

pub use backend::{
    Committed, Expect, Leadership, Pending, PostgresOptions, ReadTx, SqliteOptions, Store, StoreError, Write,
};
pub use migrate::Migration;
pub use sql::{Catalog, Queries, Row, Stmt, Val};
