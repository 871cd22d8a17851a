//! A database of its own for every world, on either backend, that can be torn from under its store.

use kit::Timestamp;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{CATALOG, PostgresOptions, SqliteOptions, Store};

static CREATED: AtomicU32 = AtomicU32::new(0);

/// An empty place for a store, removed with all it holds when it is dropped.
#[derive(Debug)]
pub enum Database {
    /// Every crash begins the file of the next generation.
    Sqlite {
        folder: PathBuf,
        generation: u32,
    },
    Postgres {
        options: PostgresOptions,
    },
}

/// The PostgreSQL server to test on, if there is one: `QUAYLAI_TEST_POSTGRES`.
#[expect(clippy::disallowed_methods, reason = "the one place where the simulator reads the environment")]
pub fn postgres_url() -> Option<String> {
    std::env::var("QUAYLAI_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

fn unique() -> String {
    format!("quaylai_sim_{}_{}", std::process::id(), CREATED.fetch_add(1, Ordering::SeqCst))
}

impl Database {
    pub fn sqlite() -> Database {
        // Memory, where there is such a place: thousands of commits that each wait for a disk prove nothing more.
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = base.join(unique());
        std::fs::create_dir_all(&folder).expect("a folder for the store");
        Database::Sqlite { folder, generation: 0 }
    }

    pub fn postgres(url: &str) -> Database {
        let mut options = PostgresOptions::new(url);
        options.schema = unique();
        options.connections_max = 2;
        Database::Postgres { options }
    }

    pub fn open(&self, now: Timestamp) -> Store {
        let opened = match self {
            Database::Sqlite { folder, generation } => {
                Store::open_sqlite(&SqliteOptions::new(file(folder, *generation)), &CATALOG, now)
            }
            Database::Postgres { options } => Store::open_postgres(options, &CATALOG, now),
        };
        opened.expect("the store opens")
    }

    /// Leaves what a process that was killed now would leave. Call it while the old store is still open and idle,
    /// and open the next one after the old one is gone.
    ///
    /// On SQLite that is the file as it stands and its log. The log is copied first: what is folded from it into
    /// the file meanwhile is then written twice, which changes nothing, and never missed.
    pub fn tear(&mut self) {
        let Database::Sqlite { folder, generation } = self else { return };
        let (old, new) = (file(folder, *generation), file(folder, *generation + 1));
        let log = |path: &PathBuf| PathBuf::from(format!("{}-wal", path.display()));
        if log(&old).exists() {
            std::fs::copy(log(&old), log(&new)).expect("the log is copied");
        }
        std::fs::copy(&old, &new).expect("the file is copied");
        *generation += 1;
    }

    /// Removes the files that earlier crashes left behind.
    pub fn sweep(&self) {
        let Database::Sqlite { folder, generation } = self else { return };
        for past in 0..*generation {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", file(folder, past).display()));
            }
        }
    }
}

fn file(folder: &std::path::Path, generation: u32) -> PathBuf {
    folder.join(format!("store-{generation}.db"))
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Database::Sqlite { folder, .. } => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Database::Postgres { options } => {
                let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", options.schema);
                let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                    return;
                };
                runtime.block_on(async {
                    let Ok((client, connection)) =
                        tokio_postgres::connect(&options.url, tokio_postgres::NoTls).await
                    else {
                        return;
                    };
                    tokio::spawn(connection);
                    let _ = client.batch_execute(&sql).await;
                });
            }
        }
    }
}
