//! The two databases behind one face: consistent reads, and closed lists of writes that are stored whole or not
//! at all.

mod dump;
mod postgres;
mod sqlite;

pub use dump::Piece;
pub use postgres::{PostgresOptions, PostgresStore};
pub use sqlite::{SqliteOptions, SqliteStore};

use crate::sql::{Catalog, Registry, Row, Stmt, Val};
use kit::Timestamp;
use std::fs::File;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// Why the store refused or failed. The texts hold names of queries, tables and constraints, never a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// A write did not touch the rows that it expected, or the database could not order two changesets one after
    /// the other. Nothing was stored: read again, compute again, commit again.
    #[error("the data changed meanwhile (query {stmt})")]
    Conflict { stmt: &'static str },
    /// A unique key is taken. `key` is what the database calls it: columns on SQLite, the constraint on PostgreSQL.
    #[error("a row with this key exists already (query {stmt}, key {key})")]
    Duplicate { stmt: &'static str, key: String },
    /// A value that one of the databases cannot hold, see [`Val`].
    #[error("query {stmt}: {what}")]
    Invalid { stmt: &'static str, what: String },
    /// No room: the disk, the size limit of the database, or the queue of waiting writes.
    #[error("the store is full: {0}")]
    Full(String),
    /// The database cannot be reached or read now. Nothing was stored; a later try may succeed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The connection broke while the changeset was being committed: it may or may not be stored.
    #[error("the outcome of a commit is unknown: {0}")]
    Uncertain(String),
    /// [`Store::close`] came first. Nothing was stored.
    #[error("the store is closed")]
    Closed,
    /// The database and this program do not belong together; the text says what to do.
    #[error("{0}")]
    Migration(String),
    /// A mistake in a query or in how it is used. Worth a report.
    #[error("bug in the store: {0}")]
    Bug(String),
}

/// How many rows a write must touch for its changeset to be stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    Any,
    /// Exactly so many: inserted, updated or deleted, or returned where the statement has a RETURNING clause.
    Rows(u64),
}

/// One statement of a changeset.
#[derive(Clone, PartialEq, Debug)]
pub struct Write {
    pub stmt: Stmt,
    pub params: Vec<Val<'static>>,
    pub expect: Expect,
}

impl Write {
    /// A write that is content with any number of rows: `Write::new(q::EVENT_INSERT, vals![workspace, no])`.
    pub fn new(stmt: Stmt, params: impl Into<Vec<Val<'static>>>) -> Self {
        Write { stmt, params: params.into(), expect: Expect::Any }
    }

    /// A write that must touch exactly one row, such as an update of a row at the version that was read.
    pub fn one(stmt: Stmt, params: impl Into<Vec<Val<'static>>>) -> Self {
        Write { stmt, params: params.into(), expect: Expect::Rows(1) }
    }

    pub fn expecting(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }
}

/// A changeset is stored and will survive a crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Committed {
    /// The first column of the last row that a statement with a RETURNING clause gave, when it is an integer.
    pub returned: Option<i64>,
}

/// The answer to [`Store::submit`] that is still to come. A handler awaits it; a plain thread calls
/// [`Pending::wait`]. Dropping it does not take the changeset back.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Committed, StoreError>>);

impl Pending {
    /// Blocks until the outcome is known. Not for async code, where it panics: await it there.
    pub fn wait(self) -> Result<Committed, StoreError> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(unanswered()))
    }
}

impl Future for Pending {
    type Output = Result<Committed, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or_else(|_| Err(unanswered())))
    }
}

fn unanswered() -> StoreError {
    StoreError::Uncertain("the store ended before it answered".into())
}

/// A changeset on its way to the writer.
struct Job {
    writes: Vec<Write>,
    /// Approximate memory, counted against [`QUEUE_BYTES_MAX`] until the writer takes the job.
    bytes: usize,
    reply: oneshot::Sender<Result<Committed, StoreError>>,
}

/// Changesets waiting for the writer, at most; beyond it `submit` answers [`StoreError::Full`] at once.
const QUEUE_JOBS_MAX: usize = 8_192;
/// Memory of the changesets waiting for the writer, at most.
const QUEUE_BYTES_MAX: usize = 128 << 20;
/// Changesets that one transaction stores together, at most.
const GROUP_JOBS_MAX: usize = 1_024;
/// Statements after which a group takes no further changeset, so that the first in it does not wait for long.
const GROUP_WRITES_MAX: usize = 16_384;

/// Also after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks guard is never left half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(reply: oneshot::Sender<Result<Committed, StoreError>>, answer: Result<Committed, StoreError>) {
    // The caller may have gone away; the changeset counts all the same.
    let _ = reply.send(answer);
}

/// Checks every write of a changeset and answers its approximate memory.
fn check_writes(registry: &Registry, writes: &[Write]) -> Result<usize, StoreError> {
    let mut bytes = 0;
    for write in writes {
        registry.check(write.stmt, &write.params)?;
        bytes += size_of::<Write>() + write.params.len() * size_of::<Val<'_>>();
        bytes += write.params.iter().map(Val::heap_bytes).sum::<usize>();
    }
    Ok(bytes)
}

/// Everything Quaylai remembers. Share it by `Arc`; every method may be called from any number of threads at
/// once. All but [`Store::submit`] block, so async code calls them through `spawn_blocking`.
#[derive(Debug)]
pub enum Store {
    Sqlite(SqliteStore),
    Postgres(Box<PostgresStore>),
}

impl Store {
    /// Opens or creates the database file, applies the migrations that it lacks (`now` is recorded with them),
    /// and prepares every query once, so that a bad one fails here.
    pub fn open_sqlite(
        options: &SqliteOptions,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Store, StoreError> {
        SqliteStore::open(options, catalog, now).map(Store::Sqlite)
    }

    /// The same for PostgreSQL. The store runs its own small async runtime for the connections.
    pub fn open_postgres(
        options: &PostgresOptions,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Store, StoreError> {
        PostgresStore::open(options, catalog, now).map(|store| Store::Postgres(Box::new(store)))
    }

    /// Runs `f` on one snapshot: all its queries see the same state, whatever is written meanwhile. Keep it
    /// short, since it holds one of few connections; do not read or commit inside it on the same thread.
    pub fn read<T>(&self, f: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let inner = match self {
            Store::Sqlite(store) => ReadInner::Sqlite(store.snapshot()?),
            Store::Postgres(store) => ReadInner::Postgres(store.snapshot()?),
        };
        f(&mut ReadTx(inner))
    }

    /// One query by itself: cheaper than [`Store::read`], which has to hold a snapshot for a second one.
    pub fn query(&self, stmt: Stmt, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Store::Sqlite(store) => store.query(stmt, params),
            Store::Postgres(store) => store.query(stmt, params),
        }
    }

    /// [`Store::query`] for at most one row; more are a [`StoreError::Bug`].
    pub fn query_opt(&self, stmt: Stmt, params: &[Val<'_>]) -> Result<Option<Row>, StoreError> {
        at_most_one(stmt, self.query(stmt, params)?)
    }

    /// Stores the writes in their order as one transaction, or none of them, and blocks until they are durable.
    /// An empty list is stored at once.
    pub fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        match self {
            Store::Sqlite(store) => store.commit(writes),
            Store::Postgres(store) => store.commit(&writes),
        }
    }

    /// Queues the writes and answers at once: for handlers that append. Changesets of many callers share one
    /// transaction and its fsync, each still whole or not at all. Jobs of one caller are stored in their order.
    pub fn submit(&self, writes: Vec<Write>) -> Pending {
        let (reply, pending) = oneshot::channel();
        match self {
            Store::Sqlite(store) => store.submit(writes, reply),
            Store::Postgres(store) => store.submit(writes, reply),
        }
        Pending(pending)
    }

    /// Claims the engine role, which one process at a time may hold. `None`: another one has it. On SQLite
    /// other processes may still read and write the database, such as the command line.
    pub fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        match self {
            Store::Sqlite(store) => store.try_lead(),
            Store::Postgres(store) => store.try_lead(),
        }
    }

    /// Bytes on disk, indexes and write-ahead log of SQLite included.
    pub fn size_bytes(&self) -> Result<u64, StoreError> {
        match self {
            Store::Sqlite(store) => store.size_bytes(),
            Store::Postgres(store) => store.size_bytes(),
        }
    }

    /// Copies the SQLite database as it is now into a new file while reads and writes go on. `progress` gets
    /// the pages copied and the pages in all. PostgreSQL has its own tools: [`StoreError::Unavailable`].
    pub fn backup_to(&self, path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        match self {
            Store::Sqlite(store) => store.backup_to(path, progress),
            Store::Postgres(_) => {
                Err(StoreError::Unavailable("a PostgreSQL database is backed up with pg_dump".into()))
            }
        }
    }

    /// Stores what is queued, folds SQLite's log into its file, and refuses everything afterwards. A second call
    /// does nothing. Dropping the store does the same, but on PostgreSQL drops what is still queued.
    pub fn close(&self) -> Result<(), StoreError> {
        match self {
            Store::Sqlite(store) => store.close(),
            Store::Postgres(store) => store.close(),
        }
    }
}

/// One snapshot of the store, see [`Store::read`].
pub struct ReadTx<'t>(ReadInner<'t>);

enum ReadInner<'t> {
    Sqlite(sqlite::Read<'t>),
    Postgres(postgres::Read<'t>),
}

impl ReadTx<'_> {
    pub fn query(&mut self, stmt: Stmt, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        match &mut self.0 {
            ReadInner::Sqlite(tx) => tx.query(stmt, params),
            ReadInner::Postgres(tx) => tx.query(stmt, params),
        }
    }

    /// At most one row; more are a [`StoreError::Bug`].
    pub fn query_opt(&mut self, stmt: Stmt, params: &[Val<'_>]) -> Result<Option<Row>, StoreError> {
        at_most_one(stmt, self.query(stmt, params)?)
    }

    /// The same query for many sets of parameters, answered in their order; on PostgreSQL in one round trip or
    /// few. For what a batch of events needs to know of its profiles.
    pub fn query_many<'v, P>(&mut self, stmt: Stmt, params: &[P]) -> Result<Vec<Vec<Row>>, StoreError>
    where
        P: AsRef<[Val<'v>]>,
    {
        match &mut self.0 {
            ReadInner::Sqlite(tx) => tx.query_many(stmt, params),
            ReadInner::Postgres(tx) => tx.query_many(stmt, params),
        }
    }

    /// Hands the rows of a large result to `each` one by one; the row is filled anew for every call. An error
    /// of `each` ends it and is answered.
    pub fn for_each(
        &mut self,
        stmt: Stmt,
        params: &[Val<'_>],
        each: &mut dyn FnMut(&mut Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match &mut self.0 {
            ReadInner::Sqlite(tx) => tx.for_each(stmt, params, each),
            ReadInner::Postgres(tx) => tx.for_each(stmt, params, each),
        }
    }
}

fn at_most_one(stmt: Stmt, mut rows: Vec<Row>) -> Result<Option<Row>, StoreError> {
    let row = rows.pop();
    if rows.is_empty() { Ok(row) } else { Err(StoreError::Bug(format!("{stmt:?} gave more than one row"))) }
}

/// The engine role of [`Store::try_lead`], given back when it is dropped or its process ends.
#[derive(Debug)]
pub struct Leadership(Lead);

#[derive(Debug)]
enum Lead {
    File { _locked: File },
    Session(tokio_postgres::Client),
}

impl Leadership {
    /// False once the connection that held the role on PostgreSQL is lost: stop, since another process may lead.
    pub fn is_held(&self) -> bool {
        match &self.0 {
            Lead::File { .. } => true,
            Lead::Session(client) => !client.is_closed(),
        }
    }
}
