//! All SQL of Quaylai, and nothing else: named queries, migrations, consistent reads and changesets on SQLite and
//! PostgreSQL.
//!
//! It must never decide anything about customers, read a clock, or show a caller which database it runs on.
//! Start with [`Store`]; what can be written is a [`Changeset`], what can be read are the methods of [`ReadTx`]
//! in the modules by subject: [`inbox`], [`people`], [`history`], [`journeys`], [`messages`], [`access`].

pub mod access;
pub mod accounts;
pub mod audit;
mod backend;
pub mod campaigns;
mod changeset;
pub mod content;
pub mod deliverability;
pub mod devices;
pub mod domains;
pub mod grants;
pub mod grid;
pub mod history;
pub mod home;
pub mod hooks;
pub mod inbox;
pub mod journeys;
pub mod leads;
pub mod limits;
pub mod membership;
pub mod messages;
mod migrate;
pub mod models;
pub mod people;
pub mod privacy;
mod queries;
pub mod scans;
pub mod segments;
pub mod shelf;
pub mod spending;
mod sql;
mod topics;
pub mod transfers;

pub use backend::{
    Committed, Expect, Leadership, Pending, Piece, PostgresOptions, ReadTx, SqliteOptions, Store, StoreError,
    Write,
};
pub use changeset::Changeset;
pub use migrate::Migration;
pub use sql::{Catalog, Queries, Row, Stmt, Val};
pub use topics::{Topic, TopicCounts};

pub(crate) use queries as q;

/// The queries and migrations of this version of Quaylai.
pub const CATALOG: Catalog = Catalog {
    queries: queries::QUERIES,
    migrations: &[
        Migration { version: 1, name: "init", sql: include_str!("../sql/migrations/0001_init.sql") },
        Migration { version: 2, name: "segments", sql: include_str!("../sql/migrations/0002_segments.sql") },
        Migration {
            version: 3,
            name: "campaigns",
            sql: include_str!("../sql/migrations/0003_campaigns.sql"),
        },
        Migration { version: 4, name: "journeys", sql: include_str!("../sql/migrations/0004_journeys.sql") },
        Migration { version: 5, name: "transfer", sql: include_str!("../sql/migrations/0005_transfer.sql") },
        Migration { version: 6, name: "people", sql: include_str!("../sql/migrations/0006_people.sql") },
        Migration { version: 7, name: "web_app", sql: include_str!("../sql/migrations/0007_web_app.sql") },
        Migration { version: 8, name: "channels", sql: include_str!("../sql/migrations/0008_channels.sql") },
        Migration {
            version: 9,
            name: "predictions",
            sql: include_str!("../sql/migrations/0009_predictions.sql"),
        },
    ],
};

impl Store {
    /// Stores a changeset, see [`Store::commit`].
    pub fn apply(&self, changes: Changeset) -> Result<Committed, StoreError> {
        self.commit(changes.told().writes)
    }

    /// Queues a changeset, see [`Store::submit`].
    pub fn enqueue(&self, changes: Changeset) -> Pending {
        self.submit(changes.told().writes)
    }
}
