//! SQLite: one file in WAL mode, one thread that writes, a few connections that read.

mod dump;

pub(super) use dump::check_file;

use super::{
    Committed, Expect, GROUP_JOBS_MAX, GROUP_WRITES_MAX, Job, Lead, Leadership, Pending, QUEUE_BYTES_MAX,
    QUEUE_JOBS_MAX, StoreError, Write, answer, check_writes, lock,
};
use crate::migrate;
use crate::sql::{Catalog, Dialect, Registry, Row, Stmt, Val};
use crate::topics::Topics;
use kit::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ffi};
use std::borrow::Cow;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long to wait for another process that writes, such as the command line beside a running server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a read waits for a free connection.
const LEASE_TIMEOUT: Duration = Duration::from_secs(30);
/// The writer folds the log into the file after so long without work.
const IDLE: Duration = Duration::from_millis(500);
/// Pages that a backup copies at a time, between two calls of its progress.
const BACKUP_PAGES: i32 = 2_048;

#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub path: PathBuf,
    /// Connections for reading, at most; they are opened when they are first needed.
    pub readers_max: usize,
    /// The file grows no larger than this; writes beyond it are refused as [`StoreError::Full`].
    pub size_max_bytes: Option<u64>,
}

impl SqliteOptions {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SqliteOptions { path: path.into(), readers_max: 4, size_max_bytes: None }
    }
}

#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    registry: Arc<Registry>,
    orders: SyncSender<Order>,
    queued_bytes: Arc<AtomicUsize>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Readers>,
    reader_returned: Condvar,
    topics: Arc<Topics>,
}

#[derive(Debug)]
struct Readers {
    idle: Vec<Connection>,
    leased: usize,
    max: usize,
    closed: bool,
}

enum Order {
    Store(Job),
    Close,
}

impl SqliteStore {
    pub(super) fn open(
        options: &SqliteOptions,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let registry = Arc::new(Registry::load(&catalog.queries, Dialect::Sqlite)?);
        let steps = migrate::steps(catalog.migrations, Dialect::Sqlite)?;
        let conn = open_writer(options)?;
        apply_missing(&conn, &steps, now)?;
        for (_, query) in registry.iter() {
            conn.prepare(&query.sql).map_err(|error| {
                StoreError::Bug(format!("query {} cannot be prepared: {error}", query.name))
            })?;
        }
        let (orders, inbox) = sync_channel(QUEUE_JOBS_MAX);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let topics = Arc::new(Topics::new(registry.iter().map(|(_, query)| query.name)));
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn({
                let (registry, queued_bytes) = (registry.clone(), queued_bytes.clone());
                let topics = topics.clone();
                move || run_writer(conn, &registry, &inbox, &queued_bytes, &topics)
            })
            .map_err(|error| StoreError::Unavailable(format!("cannot start the writer thread: {error}")))?;
        Ok(SqliteStore {
            path: options.path.clone(),
            registry,
            orders,
            queued_bytes,
            writer: Mutex::new(Some(writer)),
            readers: Mutex::new(Readers {
                idle: Vec::new(),
                leased: 0,
                max: options.readers_max.max(1),
                closed: false,
            }),
            reader_returned: Condvar::new(),
            topics,
        })
    }

    pub(crate) fn topics(&self) -> &Topics {
        &self.topics
    }

    pub(super) fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        let bytes = check_writes(&self.registry, &writes)?;
        if writes.is_empty() {
            return Ok(Committed::default());
        }
        let (reply, answer) = oneshot::channel();
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        // The caller waits for its turn when the queue is full: it has nothing better to do.
        if self.orders.send(Order::Store(Job { writes, bytes, reply })).is_err() {
            return Err(StoreError::Closed);
        }
        Pending(answer).wait()
    }

    pub(super) fn submit(&self, writes: Vec<Write>, reply: oneshot::Sender<Result<Committed, StoreError>>) {
        let bytes = match check_writes(&self.registry, &writes) {
            Ok(_) if writes.is_empty() => return answer(reply, Ok(Committed::default())),
            Ok(bytes) => bytes,
            Err(error) => return answer(reply, Err(error)),
        };
        if self.queued_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > QUEUE_BYTES_MAX {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return answer(reply, Err(StoreError::Full("too many writes are waiting".into())));
        }
        let (job, error) = match self.orders.try_send(Order::Store(Job { writes, bytes, reply })) {
            Ok(()) => return,
            Err(TrySendError::Full(job)) => (job, StoreError::Full("too many writes are waiting".into())),
            Err(TrySendError::Disconnected(job)) => (job, StoreError::Closed),
        };
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if let Order::Store(job) = job {
            answer(job.reply, Err(error));
        }
    }

    /// A read-only connection and a snapshot on it.
    pub(super) fn snapshot(&self) -> Result<Read<'_>, StoreError> {
        let lease = self.lease()?;
        run_cached(lease.conn()?, "BEGIN")?;
        Ok(Read { lease, registry: &self.registry })
    }

    pub(super) fn query(&self, stmt: Stmt, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        Read { lease: self.lease()?, registry: &self.registry }.query(stmt, params)
    }

    fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let mut readers = self
            .reader_returned
            .wait_timeout_while(lock(&self.readers), LEASE_TIMEOUT, |readers| {
                !readers.closed && readers.idle.is_empty() && readers.leased >= readers.max
            })
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        if readers.closed {
            return Err(StoreError::Closed);
        }
        if readers.idle.is_empty() && readers.leased >= readers.max {
            return Err(StoreError::Unavailable("all connections for reading are in use".into()));
        }
        readers.leased += 1;
        let mut lease = Lease { store: self, conn: readers.idle.pop() };
        drop(readers);
        if lease.conn.is_none() {
            lease.conn = Some(open_reader(&self.path, self.registry.len())?);
        }
        Ok(lease)
    }

    pub(super) fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        // A file beside the database and not the database itself, whose locks belong to SQLite.
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io_error)?;
        match File::try_lock(&file) {
            Ok(()) => Ok(Some(Leadership(Lead::File { _locked: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io_error(error)),
        }
    }

    pub(super) fn size_bytes(&self) -> Result<u64, StoreError> {
        let file = std::fs::metadata(&self.path).map_err(io_error)?.len();
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        Ok(file + std::fs::metadata(log).map_or(0, |metadata| metadata.len()))
    }

    pub(super) fn backup_to(
        &self,
        path: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), StoreError> {
        if path.exists() {
            return Err(StoreError::Unavailable("the file to back up to exists already".into()));
        }
        // A connection of its own, since a backup is long. Its snapshot keeps the copy from starting again
        // whenever somebody writes.
        let source = open_reader(&self.path, 0)?;
        source
            .execute_batch("BEGIN; SELECT count(*) FROM schema_migration")
            .map_err(|e| map_error("backup", &e))?;
        let copied = (|| {
            let mut target = Connection::open(path)?;
            let backup = rusqlite::backup::Backup::new(&source, &mut target)?;
            loop {
                let step = backup.step(BACKUP_PAGES)?;
                let now = backup.progress();
                progress((now.pagecount - now.remaining).max(0) as u64, now.pagecount.max(0) as u64);
                match step {
                    rusqlite::backup::StepResult::Done => break,
                    rusqlite::backup::StepResult::More => {}
                    _ => {
                        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None));
                    }
                }
            }
            drop(backup);
            target.close().map_err(|(_, error)| error)
        })();
        copied.map_err(|error| {
            // Half a copy must not be taken for a backup.
            let _ = std::fs::remove_file(path);
            map_error("backup", &error)
        })
    }

    pub(super) fn close(&self) -> Result<(), StoreError> {
        {
            let mut readers = lock(&self.readers);
            readers.closed = true;
            readers.idle.clear();
        }
        self.reader_returned.notify_all();
        let Some(writer) = lock(&self.writer).take() else { return Ok(()) };
        // An error means that the writer is gone already.
        let _ = self.orders.send(Order::Close);
        writer.join().map_err(|_| StoreError::Bug("the writer thread panicked".into()))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "store closed badly");
        }
    }
}

/// A connection for reading, returned to its pool on drop.
#[derive(Debug)]
struct Lease<'s> {
    store: &'s SqliteStore,
    conn: Option<Connection>,
}

impl Lease<'_> {
    fn conn(&self) -> Result<&Connection, StoreError> {
        self.conn.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // A connection that cannot end its snapshot would hold the log for ever: it is closed instead.
        let clean = self.conn.take().filter(|conn| {
            conn.is_autocommit() || (run_cached(conn, "COMMIT").is_ok() && conn.is_autocommit())
        });
        let mut readers = lock(&self.store.readers);
        readers.leased -= 1;
        if let Some(conn) = clean
            && !readers.closed
        {
            readers.idle.push(conn);
        }
        drop(readers);
        self.store.reader_returned.notify_one();
    }
}

/// One snapshot, or one query without a snapshot.
pub(super) struct Read<'s> {
    lease: Lease<'s>,
    registry: &'s Registry,
}

impl Read<'_> {
    pub(super) fn query(&mut self, stmt: Stmt, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.query_many(stmt, &[params])?;
        Ok(rows.pop().unwrap_or_default())
    }

    pub(super) fn query_many<'v, P>(&mut self, stmt: Stmt, sets: &[P]) -> Result<Vec<Vec<Row>>, StoreError>
    where
        P: AsRef<[Val<'v>]>,
    {
        let query = self.registry.get(stmt)?;
        let fail = |error: rusqlite::Error| map_error(query.name, &error);
        let mut statement = self.lease.conn()?.prepare_cached(&query.sql).map_err(fail)?;
        let columns = statement.column_count();
        let mut results = Vec::with_capacity(sets.len());
        for params in sets {
            let params = params.as_ref();
            self.registry.check(stmt, params)?;
            bind(&mut statement, params).map_err(fail)?;
            let mut rows = Vec::new();
            let mut cursor = statement.raw_query();
            while let Some(found) = cursor.next().map_err(fail)? {
                let mut row = Row::new(query.name, columns);
                for column in 0..columns {
                    row.push(owned(found.get_ref(column).map_err(fail)?, query.name)?);
                }
                rows.push(row);
            }
            results.push(rows);
        }
        Ok(results)
    }

    pub(super) fn for_each(
        &mut self,
        stmt: Stmt,
        params: &[Val<'_>],
        each: &mut dyn FnMut(&mut Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let query = self.registry.check(stmt, params)?;
        let fail = |error: rusqlite::Error| map_error(query.name, &error);
        let mut statement = self.lease.conn()?.prepare_cached(&query.sql).map_err(fail)?;
        let columns = statement.column_count();
        bind(&mut statement, params).map_err(fail)?;
        let mut row = Row::new(query.name, columns);
        let mut cursor = statement.raw_query();
        while let Some(found) = cursor.next().map_err(fail)? {
            for column in 0..columns {
                refill(row.slot(column), found.get_ref(column).map_err(fail)?, query.name)?;
            }
            each(&mut row)?;
        }
        Ok(())
    }
}

fn owned(value: ValueRef<'_>, stmt: &'static str) -> Result<Val<'static>, StoreError> {
    Ok(match value {
        ValueRef::Null => Val::Null,
        ValueRef::Integer(x) => Val::Int(x),
        ValueRef::Real(x) => Val::Real(x),
        ValueRef::Text(x) => Val::Text(Cow::Owned(utf8(x, stmt)?.to_owned())),
        ValueRef::Blob(x) => Val::Bytes(Cow::Owned(x.to_vec())),
    })
}

/// [`owned`] into the memory of the row before.
fn refill(slot: &mut Val<'static>, value: ValueRef<'_>, stmt: &'static str) -> Result<(), StoreError> {
    match (&mut *slot, value) {
        (Val::Text(Cow::Owned(old)), ValueRef::Text(new)) => {
            old.clear();
            old.push_str(utf8(new, stmt)?);
        }
        (Val::Bytes(Cow::Owned(old)), ValueRef::Blob(new)) => {
            old.clear();
            old.extend_from_slice(new);
        }
        (slot, value) => *slot = owned(value, stmt)?,
    }
    Ok(())
}

fn utf8<'t>(text: &'t [u8], stmt: &'static str) -> Result<&'t str, StoreError> {
    std::str::from_utf8(text).map_err(|_| StoreError::Bug(format!("query {stmt}: stored text is not UTF-8")))
}

impl rusqlite::ToSql for Val<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Val::Null => ValueRef::Null,
            Val::Int(x) => ValueRef::Integer(*x),
            Val::Real(x) => ValueRef::Real(*x),
            Val::Text(x) => ValueRef::Text(x.as_bytes()),
            Val::Bytes(x) => ValueRef::Blob(x),
            Val::Bool(x) => ValueRef::Integer(i64::from(*x)),
        }))
    }
}

fn bind(statement: &mut Statement<'_>, params: &[Val<'_>]) -> rusqlite::Result<()> {
    for (at, value) in params.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, value)?;
    }
    Ok(())
}

fn run_cached(conn: &Connection, sql: &'static str) -> Result<(), StoreError> {
    conn.prepare_cached(sql)
        .and_then(|mut statement| statement.raw_execute())
        .map(drop)
        .map_err(|error| map_error(sql, &error))
}

fn open_writer(options: &SqliteOptions) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&options.path, flags).map_err(|error| open_error(&error))?;
    let set =
        |name: &str, value: i64| conn.pragma_update(None, name, value).map_err(|error| open_error(&error));
    conn.busy_timeout(BUSY_TIMEOUT).map_err(|error| open_error(&error))?;
    let mode: String = conn
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| open_error(&error))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!(
            "the database cannot use a write-ahead log, only {mode}"
        )));
    }
    // FULL: a commit is on the disk before it is answered.
    set("synchronous", 2)?;
    set("foreign_keys", 0)?;
    keep_plans(&conn).map_err(|error| open_error(&error))?;
    // Negative: KiB instead of pages.
    set("cache_size", -64 * 1024)?;
    set("mmap_size", 128 << 20)?;
    set("temp_store", 2)?;
    set("wal_autocheckpoint", 4_000)?;
    set("journal_size_limit", 64 << 20)?;
    if let Some(bytes) = options.size_max_bytes {
        let page: i64 = conn
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .map_err(|error| open_error(&error))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page;
        conn.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
            .map_err(|error| open_error(&error))?;
    }
    conn.set_prepared_statement_cache_capacity(8);
    Ok(conn)
}

/// Plans a query once. Without this SQLite looks at the values of parameters that it could plan by, such as that of
/// a LIMIT, and compiles the statement anew at every execution.
fn keep_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn open_reader(path: &Path, queries: usize) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|error| open_error(&error))?;
    let prepared = (|| {
        conn.busy_timeout(BUSY_TIMEOUT)?;
        keep_plans(&conn)?;
        conn.pragma_update(None, "cache_size", -16 * 1024)?;
        conn.pragma_update(None, "mmap_size", 128 << 20)?;
        conn.pragma_update(None, "temp_store", 2)
    })();
    prepared.map_err(|error| open_error(&error))?;
    conn.set_prepared_statement_cache_capacity(queries + 8);
    Ok(conn)
}

fn apply_missing(conn: &Connection, steps: &[migrate::Step], now: Timestamp) -> Result<(), StoreError> {
    let fail = |error: rusqlite::Error| match map_error("schema_migration", &error) {
        StoreError::Bug(what) => StoreError::Migration(format!("cannot migrate the database: {what}")),
        other => other,
    };
    let applied = || -> rusqlite::Result<Vec<migrate::Applied>> {
        conn.prepare(migrate::SELECT_APPLIED)?
            .query_map([], |row| {
                Ok(migrate::Applied { version: row.get(0)?, name: row.get(1)?, checksum: row.get(2)? })
            })?
            .collect()
    };
    // Nothing to do is the usual case, and needs no wait for a process that writes.
    if conn.table_exists(None, "schema_migration").map_err(fail)?
        && migrate::missing(steps, &applied().map_err(fail)?)?.is_empty()
    {
        return Ok(());
    }
    conn.execute_batch(migrate::CREATE_TABLE).map_err(fail)?;
    loop {
        conn.execute_batch("BEGIN IMMEDIATE").map_err(fail)?;
        let done = (|| {
            // Read again inside the transaction: another process may have been faster.
            let Some(step) = migrate::missing(steps, &applied().map_err(fail)?)?.first() else {
                return Ok(true);
            };
            conn.execute_batch(&step.sql).map_err(|error| match fail(error) {
                StoreError::Migration(what) => {
                    StoreError::Migration(format!("migration {} ({}): {what}", step.version, step.name))
                }
                other => other,
            })?;
            conn.execute(
                "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
                (step.version, step.name, &step.checksum, now.ms()),
            )
            .map_err(fail)?;
            Ok(false)
        })();
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = conn.execute_batch(end);
        match done {
            Ok(_) => ended.map_err(fail)?,
            Err(error) => return Err(error),
        }
        if done == Ok(true) {
            return Ok(());
        }
    }
}

/// The body of the writer thread: stores groups of changesets until it is told to close.
fn run_writer(
    conn: Connection,
    registry: &Registry,
    orders: &Receiver<Order>,
    queued_bytes: &AtomicUsize,
    topics: &Topics,
) {
    let mut writer =
        Writer { conn: &conn, registry, statements: (0..registry.len()).map(|_| None).collect() };
    let mut logged = false;
    let mut open = true;
    while open {
        let first = if logged {
            match orders.recv_timeout(IDLE) {
                Ok(order) => order,
                Err(RecvTimeoutError::Timeout) => {
                    logged = false;
                    checkpoint(&conn, "PASSIVE");
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        } else {
            match orders.recv() {
                Ok(order) => order,
                Err(_) => break,
            }
        };
        let mut group = Vec::new();
        let mut writes = 0;
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Store(job) => {
                    queued_bytes.fetch_sub(job.bytes, Ordering::Relaxed);
                    writes += job.writes.len();
                    group.push(job);
                }
                Order::Close => {
                    // What was queued before is in the group or was stored already.
                    open = false;
                    break;
                }
            }
            next = if group.len() < GROUP_JOBS_MAX && writes < GROUP_WRITES_MAX {
                orders.try_recv().ok()
            } else {
                None
            };
        }
        if !group.is_empty() {
            logged = true;
            let outcomes = writer.store(&group);
            for (job, outcome) in group.into_iter().zip(outcomes) {
                if outcome.is_ok() {
                    topics.count(&job.writes);
                }
                answer(job.reply, outcome);
            }
        }
    }
    while let Ok(order) = orders.try_recv() {
        if let Order::Store(job) = order {
            answer(job.reply, Err(StoreError::Closed));
        }
    }
    drop(writer);
    checkpoint(&conn, "TRUNCATE");
    if let Err((_, error)) = conn.close() {
        tracing::error!(%error, "database closed badly");
    }
}

fn checkpoint(conn: &Connection, mode: &str) {
    // A failure costs disk space until the next one succeeds, and nothing else.
    if let Err(error) = conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())) {
        tracing::warn!(%error, "checkpoint failed");
    }
}

struct Writer<'c> {
    conn: &'c Connection,
    registry: &'c Registry,
    /// Prepared when first used, by [`Stmt`] index.
    statements: Vec<Option<Statement<'c>>>,
}

/// How storing a group failed.
enum Failure {
    /// One changeset is to blame.
    Job(StoreError),
    /// The database is: nothing of the group is stored.
    Group(StoreError),
}

impl Writer<'_> {
    /// Stores a group of changesets with one fsync and answers the outcome of each.
    fn store(&mut self, group: &[Job]) -> Vec<Result<Committed, StoreError>> {
        // A savepoint makes SQLite copy every page that is changed after it, so the group is tried without.
        // Failures are rare, and then the good changesets are stored a second time.
        let outcome = match self.store_whole(group) {
            Err(Failure::Job(error)) if group.len() == 1 => return vec![Err(error)],
            Err(Failure::Job(_)) => self.store_apart(group),
            other => other,
        };
        match outcome {
            Ok(outcomes) => outcomes,
            Err(Failure::Job(error) | Failure::Group(error)) => {
                group.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// All changesets or none.
    fn store_whole(&mut self, group: &[Job]) -> Result<Vec<Result<Committed, StoreError>>, Failure> {
        self.begin()?;
        let mut outcomes = Vec::with_capacity(group.len());
        for job in group {
            match self.run(&job.writes) {
                Ok(committed) => outcomes.push(Ok(committed)),
                Err(error) => {
                    self.rollback();
                    return Err(match error {
                        StoreError::Full(_) | StoreError::Unavailable(_) => Failure::Group(error),
                        _ => Failure::Job(error),
                    });
                }
            }
        }
        self.end(outcomes)
    }

    /// Each changeset behind a savepoint, so that a bad one takes back only itself.
    fn store_apart(&mut self, group: &[Job]) -> Result<Vec<Result<Committed, StoreError>>, Failure> {
        self.begin()?;
        let mut outcomes = Vec::with_capacity(group.len());
        for job in group {
            // One statement takes itself back when it fails; only a missed expectation needs more.
            let alone = matches!(job.writes.as_slice(), [write] if write.expect == Expect::Any);
            let outcome = if alone { self.run(&job.writes) } else { self.run_behind_savepoint(&job.writes) };
            // A full disk or a broken one may have ended the whole transaction.
            if let Err(error) = &outcome
                && (self.conn.is_autocommit()
                    || matches!(error, StoreError::Full(_) | StoreError::Unavailable(_)))
            {
                self.rollback();
                return Err(Failure::Group(error.clone()));
            }
            outcomes.push(outcome);
        }
        self.end(outcomes)
    }

    fn begin(&self) -> Result<(), Failure> {
        run_cached(self.conn, "BEGIN IMMEDIATE").map_err(Failure::Group)
    }

    fn end(
        &self,
        outcomes: Vec<Result<Committed, StoreError>>,
    ) -> Result<Vec<Result<Committed, StoreError>>, Failure> {
        match run_cached(self.conn, "COMMIT") {
            Ok(()) => Ok(outcomes),
            Err(error) => {
                self.rollback();
                Err(Failure::Group(error))
            }
        }
    }

    fn rollback(&self) {
        if !self.conn.is_autocommit()
            && let Err(error) = run_cached(self.conn, "ROLLBACK")
        {
            tracing::error!(%error, "rollback failed");
        }
    }

    fn run_behind_savepoint(&mut self, writes: &[Write]) -> Result<Committed, StoreError> {
        run_cached(self.conn, "SAVEPOINT job")?;
        let outcome = self.run(writes);
        if outcome.is_err() && !self.conn.is_autocommit() {
            run_cached(self.conn, "ROLLBACK TO job")?;
        }
        if !self.conn.is_autocommit() {
            run_cached(self.conn, "RELEASE job")?;
        }
        outcome
    }

    fn run(&mut self, writes: &[Write]) -> Result<Committed, StoreError> {
        let mut committed = Committed::default();
        for write in writes {
            let query = self.registry.get(write.stmt)?;
            let fail = |error: rusqlite::Error| map_error(query.name, &error);
            let slot = &mut self.statements[write.stmt.index()];
            let statement = match slot {
                Some(statement) => statement,
                None => slot.insert(self.conn.prepare(&query.sql).map_err(fail)?),
            };
            bind(statement, &write.params).map_err(fail)?;
            let rows = if statement.column_count() == 0 {
                statement.raw_execute().map_err(fail)? as u64
            } else {
                let mut rows = 0;
                let mut cursor = statement.raw_query();
                while let Some(row) = cursor.next().map_err(fail)? {
                    rows += 1;
                    committed.returned = row.get_ref(0).map_err(fail)?.as_i64_or_null().unwrap_or_default();
                }
                rows
            };
            if let Expect::Rows(expected) = write.expect
                && rows != expected
            {
                return Err(StoreError::Conflict { stmt: query.name });
            }
        }
        Ok(committed)
    }
}

fn io_error(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            StoreError::Full(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn open_error(error: &rusqlite::Error) -> StoreError {
    match map_error("open", error) {
        StoreError::Bug(what) => StoreError::Unavailable(format!("cannot open the database: {what}")),
        other => other,
    }
}

fn map_error(stmt: &'static str, error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return StoreError::Bug(format!("query {stmt}: {error}"));
    };
    // "UNIQUE constraint failed: profile.workspace, profile.no": names of columns, never their values.
    let text = message.clone().unwrap_or_else(|| code.to_string());
    match code.code {
        ErrorCode::ConstraintViolation
            if matches!(
                code.extended_code,
                ffi::SQLITE_CONSTRAINT_UNIQUE
                    | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                    | ffi::SQLITE_CONSTRAINT_ROWID
            ) =>
        {
            let key = text.rsplit(": ").next().unwrap_or_default().to_owned();
            StoreError::Duplicate { stmt, key }
        }
        ErrorCode::DiskFull => StoreError::Full(text),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::OutOfMemory
        | ErrorCode::ReadOnly
        | ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed => StoreError::Unavailable(text),
        _ => StoreError::Bug(format!("query {stmt}: {text}")),
    }
}
