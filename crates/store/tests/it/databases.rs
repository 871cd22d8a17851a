//! A database of its own for every case, on every backend.

use kit::Timestamp;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{Catalog, PostgresOptions, SqliteOptions, Store, StoreError};

pub const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

/// An empty place for a store. It outlives the stores opened on it and is removed with all it holds.
pub enum Database {
    Sqlite { folder: PathBuf },
    Postgres { options: PostgresOptions },
}

static CREATED: AtomicU32 = AtomicU32::new(0);

fn unique() -> String {
    format!("quaylai_it_{}_{}", std::process::id(), CREATED.fetch_add(1, Ordering::SeqCst))
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests read the environment")]
fn postgres_url() -> Option<String> {
    std::env::var("QUAYLAI_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// Runs `case` on each database.
pub fn on_each(case: impl Fn(&Database)) {
    case(&Database::sqlite());
    match postgres_url() {
        Some(url) => case(&Database::postgres(url)),
        None => eprintln!("skipped on PostgreSQL: QUAYLAI_TEST_POSTGRES is not set"),
    }
}

/// Runs `case` on PostgreSQL alone, for what SQLite cannot do.
pub fn on_postgres(case: impl Fn(&Database)) {
    match postgres_url() {
        Some(url) => case(&Database::postgres(url)),
        None => eprintln!("skipped: QUAYLAI_TEST_POSTGRES is not set"),
    }
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder).unwrap();
        Database::Sqlite { folder }
    }

    fn postgres(url: String) -> Self {
        let mut options = PostgresOptions::new(url);
        options.schema = unique();
        options.connections_max = 4;
        Database::Postgres { options }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self, Database::Sqlite { .. })
    }

    pub fn sqlite_options(&self) -> SqliteOptions {
        match self {
            Database::Sqlite { folder } => SqliteOptions::new(folder.join("store.db")),
            Database::Postgres { .. } => panic!("not a SQLite database"),
        }
    }

    pub fn try_open(&self, catalog: &Catalog) -> Result<Store, StoreError> {
        match self {
            Database::Sqlite { .. } => Store::open_sqlite(&self.sqlite_options(), catalog, NOW),
            Database::Postgres { options } => Store::open_postgres(options, catalog, NOW),
        }
    }

    pub fn open(&self, catalog: &Catalog) -> Store {
        self.try_open(catalog).unwrap()
    }

    /// Runs SQL on PostgreSQL behind the store's back.
    pub fn postgres_batch(&self, sql: &str) {
        let Database::Postgres { options } = self else { panic!("not a PostgreSQL database") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&options.url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(sql).await.unwrap();
        });
    }

    /// The schema of PostgreSQL.
    pub fn schema(&self) -> &str {
        match self {
            Database::Postgres { options } => &options.schema,
            Database::Sqlite { .. } => panic!("not a PostgreSQL database"),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Database::Sqlite { folder } => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Database::Postgres { .. } if std::thread::panicking() => {}
            Database::Postgres { options } => {
                let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", options.schema);
                self.postgres_batch(&sql);
            }
        }
    }
}
