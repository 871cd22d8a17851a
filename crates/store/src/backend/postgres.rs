//! PostgreSQL: a few connections with their prepared statements, every changeset in one or two round trips.

mod dump;

use super::{
    Committed, Expect, GROUP_JOBS_MAX, GROUP_WRITES_MAX, Job, Lead, Leadership, QUEUE_BYTES_MAX,
    QUEUE_JOBS_MAX, StoreError, Write, answer, check_writes, lock,
};
use crate::migrate;
use crate::sql::{Catalog, Dialect, Registry, Row, Stmt, Val};
use crate::topics::Topics;
use bytes::BytesMut;
use futures_util::future::{MaybeDone, maybe_done};
use futures_util::{FutureExt, StreamExt};
use kit::Timestamp;
use postgres_types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller waits for a free connection.
const LEASE_TIMEOUT: Duration = Duration::from_secs(30);
/// After so long without an answer from its host a connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Statements sent before their answers are read, at most.
const PIPELINE_MAX: usize = 512;
/// Rows of a streamed result that are handed over at a time, at most.
const STREAM_ROWS: usize = 512;

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`, or the keyword form of libpq. `sslmode=require` speaks
    /// TLS and checks the server's certificate; anything else does not speak TLS.
    pub url: String,
    /// The schema that holds the tables; made when it is missing. Lower-case letters, digits and `_`.
    pub schema: String,
    /// Connections, at most, besides one for appends and one for the engine role.
    pub connections_max: usize,
    /// Certificates (PEM) to trust for TLS instead of the public authorities.
    pub ca_file: Option<PathBuf>,
}

impl PostgresOptions {
    pub fn new(url: impl Into<String>) -> Self {
        PostgresOptions { url: url.into(), schema: "public".into(), connections_max: 8, ca_file: None }
    }
}

#[derive(Debug)]
pub struct PostgresStore {
    shared: Arc<Shared>,
    appends: Mutex<Option<(mpsc::Sender<Job>, JoinHandle<()>)>>,
    queued_bytes: Arc<AtomicUsize>,
    /// Drives the connections. `None` only while the store is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

struct Shared {
    config: tokio_postgres::Config,
    tls: Tls,
    schema: String,
    registry: Registry,
    idle: Mutex<Vec<Conn>>,
    permits: Arc<Semaphore>,
    topics: Topics,
}

/// Without the configuration, which holds the password.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("schema", &self.schema).finish_non_exhaustive()
    }
}

enum Tls {
    None,
    Checked(MakeRustlsConnect),
}

struct Conn {
    client: Client,
    /// Prepared when first used, by [`Stmt`] index.
    statements: Vec<Option<Statement>>,
    /// Not to be used again although it is still open.
    spoilt: bool,
}

/// A connection, returned to its pool on drop unless it broke.
struct Lease {
    conn: Option<Conn>,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take()
            && !conn.spoilt
            && !conn.client.is_closed()
            && !self.shared.permits.is_closed()
        {
            lock(&self.shared.idle).push(conn);
        }
    }
}

impl Lease {
    fn conn(&mut self) -> Result<&mut Conn, StoreError> {
        self.conn.as_mut().ok_or(StoreError::Closed)
    }
}

impl PostgresStore {
    pub(super) fn open(
        options: &PostgresOptions,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let registry = Registry::load(&catalog.queries, Dialect::Postgres)?;
        let steps = migrate::steps(catalog.migrations, Dialect::Postgres)?;
        let (config, tls) = configure(options)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("store-postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Unavailable(format!("cannot start threads: {error}")))?;
        let handle = runtime.handle().clone();
        let shared = Arc::new(Shared {
            config,
            tls,
            schema: options.schema.clone(),
            topics: Topics::new(registry.iter().map(|(_, query)| query.name)),
            registry,
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(options.connections_max.max(1))),
        });
        let opened = handle.block_on(async {
            apply_missing(&shared, &steps, now).await?;
            let mut lease = shared.lease().await?;
            lease.conn()?.prepare(&shared.registry, shared.registry.iter().map(|(stmt, _)| stmt)).await?;
            check_types(&shared.registry, lease.conn()?)
        });
        if let Err(error) = opened {
            runtime.shutdown_background();
            return Err(error);
        }
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let (sender, jobs) = mpsc::channel(QUEUE_JOBS_MAX);
        let task = handle.spawn(run_appends(shared.clone(), jobs, queued_bytes.clone()));
        Ok(PostgresStore {
            shared,
            appends: Mutex::new(Some((sender, task))),
            queued_bytes,
            runtime: Some(runtime),
            handle,
        })
    }

    pub(super) fn commit(&self, writes: &[Write]) -> Result<Committed, StoreError> {
        check_writes(&self.shared.registry, writes)?;
        if writes.is_empty() {
            return Ok(Committed::default());
        }
        self.handle.block_on(async {
            let mut lease = self.shared.lease().await?;
            let committed = lease.conn()?.store(&self.shared.registry, &[writes]).await?;
            self.shared.topics.count(writes);
            Ok(committed.first().copied().unwrap_or_default())
        })
    }

    pub(crate) fn topics(&self) -> &Topics {
        &self.shared.topics
    }

    pub(super) fn submit(&self, writes: Vec<Write>, reply: oneshot::Sender<Result<Committed, StoreError>>) {
        let bytes = match check_writes(&self.shared.registry, &writes) {
            Ok(_) if writes.is_empty() => return answer(reply, Ok(Committed::default())),
            Ok(bytes) => bytes,
            Err(error) => return answer(reply, Err(error)),
        };
        if self.queued_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > QUEUE_BYTES_MAX {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return answer(reply, Err(StoreError::Full("too many writes are waiting".into())));
        }
        let job = Job { writes, bytes, reply };
        let refused = match &*lock(&self.appends) {
            Some((sender, _)) => match sender.try_send(job) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(job)) => {
                    (job, StoreError::Full("too many writes are waiting".into()))
                }
                Err(mpsc::error::TrySendError::Closed(job)) => (job, StoreError::Closed),
            },
            None => (job, StoreError::Closed),
        };
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        answer(refused.0.reply, Err(refused.1));
    }

    pub(super) fn snapshot(&self) -> Result<Read<'_>, StoreError> {
        Ok(Read { lease: self.lease()?, handle: &self.handle, transaction: Transaction::Wanted })
    }

    pub(super) fn query(&self, stmt: Stmt, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        Read { lease: self.lease()?, handle: &self.handle, transaction: Transaction::None }
            .query(stmt, params)
    }

    fn lease(&self) -> Result<Lease, StoreError> {
        self.handle.block_on(self.shared.lease())
    }

    pub(super) fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        self.handle.block_on(async {
            if self.shared.permits.is_closed() {
                return Err(StoreError::Closed);
            }
            let client = self.shared.connect().await?;
            let row = client
                .query_one("SELECT pg_try_advisory_lock($1)", &[&lock_key("lead", &self.shared.schema)])
                .await
                .map_err(|error| map_error("lead", &error))?;
            Ok(row.get::<_, bool>(0).then_some(Leadership(Lead::Session(client))))
        })
    }

    pub(super) fn size_bytes(&self) -> Result<u64, StoreError> {
        self.handle.block_on(async {
            let mut lease = self.shared.lease().await?;
            let row = lease
                .conn()?
                .client
                .query_one(
                    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c \
                     JOIN pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'm')",
                    &[],
                )
                .await
                .map_err(|error| map_error("size", &error))?;
            Ok(row.get::<_, i64>(0).max(0) as u64)
        })
    }

    pub(super) fn close(&self) -> Result<(), StoreError> {
        // Without its sender the task stores what is queued and ends.
        let Some((sender, task)) = lock(&self.appends).take() else { return Ok(()) };
        drop(sender);
        let ended = self.handle.block_on(task);
        self.shared.permits.close();
        lock(&self.shared.idle).clear();
        ended.map_err(|_| StoreError::Bug("the task that appends panicked".into()))
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.shared.permits.close();
        // Waiting here would panic on a thread of an async runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    async fn connect(&self) -> Result<Client, StoreError> {
        let failed = |error: tokio_postgres::Error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            StoreError::Unavailable(format!("cannot connect to PostgreSQL: {error}{cause}"))
        };
        match &self.tls {
            Tls::None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
                tokio::spawn(drive(connection));
                Ok(client)
            }
            Tls::Checked(connector) => {
                let (client, connection) = self.config.connect(connector.clone()).await.map_err(failed)?;
                tokio::spawn(drive(connection));
                Ok(client)
            }
        }
    }

    async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let permit = tokio::time::timeout(LEASE_TIMEOUT, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| StoreError::Unavailable("all connections are in use".into()))?
            .map_err(|_| StoreError::Closed)?;
        let mut lease = Lease { conn: None, shared: self.clone(), _permit: permit };
        loop {
            let idle = lock(&self.idle).pop();
            match idle {
                Some(conn) if conn.client.is_closed() => {}
                Some(conn) => {
                    lease.conn = Some(conn);
                    return Ok(lease);
                }
                None => {
                    lease.conn = Some(self.new_conn().await?);
                    return Ok(lease);
                }
            }
        }
    }

    async fn new_conn(&self) -> Result<Conn, StoreError> {
        Ok(Conn { client: self.connect().await?, statements: vec![None; self.registry.len()], spoilt: false })
    }
}

async fn drive<C>(connection: C)
where
    C: Future<Output = Result<(), tokio_postgres::Error>>,
{
    if let Err(error) = connection.await {
        tracing::warn!(%error, "database connection lost");
    }
}

/// A statement that failed, or a transaction command under its own name.
struct Failed {
    stmt: &'static str,
    error: tokio_postgres::Error,
}

impl Failed {
    fn store_error(&self) -> StoreError {
        map_error(self.stmt, &self.error)
    }

    /// Whether the server said so itself, and thus knows what became of the transaction.
    fn is_answer(&self) -> bool {
        self.error.as_db_error().is_some()
    }
}

/// One request of a pipeline.
enum Step<'w> {
    Command(&'static str),
    Write(&'w Write, &'w Statement, &'static str),
}

#[derive(Default)]
struct Done {
    rows: u64,
    returned: Option<i64>,
}

async fn run_step(client: &Client, step: Step<'_>) -> Result<Done, Failed> {
    let (write, statement, stmt) = match step {
        Step::Command(sql) => {
            return match client.batch_execute(sql).await {
                Ok(()) => Ok(Done::default()),
                Err(error) => Err(Failed { stmt: sql, error }),
            };
        }
        Step::Write(write, statement, stmt) => (write, statement, stmt),
    };
    let failed = |error| Failed { stmt, error };
    let params = write.params.iter();
    if statement.columns().is_empty() {
        let rows = client.execute_raw(statement, params).await.map_err(failed)?;
        return Ok(Done { rows, returned: None });
    }
    let mut done = Done::default();
    let mut stream = std::pin::pin!(client.query_raw(statement, params).await.map_err(failed)?);
    while let Some(row) = stream.next().await {
        let row = row.map_err(failed)?;
        done.rows += 1;
        done.returned = match row.try_get::<_, Column>(0).map_err(failed)?.0 {
            Val::Int(x) => Some(x),
            _ => None,
        };
    }
    Ok(done)
}

/// Sends all requests in their order, then waits for their answers in that order. The first poll of a request
/// is what sends it, so nothing here may poll a later one first.
async fn pipeline<F: Future>(requests: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<Pin<Box<MaybeDone<F>>>> =
        requests.map(|request| Box::pin(maybe_done(request))).collect();
    std::future::poll_fn(|cx| {
        for request in &mut pending {
            let _ = request.as_mut().poll(cx);
        }
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(pending.len());
    for mut request in pending {
        request.as_mut().await;
        answers.extend(request.as_mut().take_output());
    }
    answers
}

impl Conn {
    async fn prepare(
        &mut self,
        registry: &Registry,
        stmts: impl Iterator<Item = Stmt>,
    ) -> Result<(), StoreError> {
        let mut missing: Vec<Stmt> = stmts.filter(|stmt| self.statements[stmt.index()].is_none()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let mut queries = Vec::with_capacity(missing.len());
        for stmt in &missing {
            queries.push(registry.get(*stmt)?);
        }
        let prepared = pipeline(queries.iter().map(|query| self.client.prepare(&query.sql))).await;
        for ((stmt, query), statement) in missing.into_iter().zip(queries).zip(prepared) {
            let statement = statement.map_err(|error| match map_error(query.name, &error) {
                StoreError::Bug(what) => StoreError::Bug(format!("cannot prepare {what}")),
                other => other,
            })?;
            self.statements[stmt.index()] = Some(statement);
        }
        Ok(())
    }

    fn statement(&self, stmt: Stmt) -> Result<&Statement, StoreError> {
        self.statements[stmt.index()]
            .as_ref()
            .ok_or_else(|| StoreError::Bug(format!("{stmt:?} is used before it is prepared")))
    }

    /// Stores all changesets in one transaction, or none of them.
    ///
    /// Where no write expects anything the COMMIT travels with the writes, in one round trip: the server turns
    /// it into a ROLLBACK when one of them failed. Else it waits for the counts, in a second one.
    async fn store(&mut self, registry: &Registry, sets: &[&[Write]]) -> Result<Vec<Committed>, StoreError> {
        let stored = self.store_once(registry, sets).await;
        // What a connection has prepared may be worthless after somebody changed the tables.
        if matches!(&stored, Err(StoreError::Bug(_) | StoreError::Unavailable(_) | StoreError::Uncertain(_)))
        {
            self.spoilt = true;
        }
        stored
    }

    async fn store_once(
        &mut self,
        registry: &Registry,
        sets: &[&[Write]],
    ) -> Result<Vec<Committed>, StoreError> {
        self.prepare(registry, sets.iter().flat_map(|set| set.iter()).map(|write| write.stmt)).await?;
        let mut flat = Vec::with_capacity(sets.iter().map(|set| set.len()).sum());
        for (at, set) in sets.iter().enumerate() {
            for write in *set {
                let (statement, name) = (self.statement(write.stmt)?, registry.get(write.stmt)?.name);
                // A value that cannot be encoded would be left out, and the COMMIT behind it sent all the same.
                for (no, (value, ty)) in write.params.iter().zip(statement.params()).enumerate() {
                    if !fits(value, ty) {
                        return Err(StoreError::Bug(format!(
                            "query {name}: parameter {} does not fit {ty}",
                            no + 1
                        )));
                    }
                }
                flat.push((at, write, statement, name));
            }
        }
        let unconditional = flat.iter().all(|(_, write, ..)| write.expect == Expect::Any);
        // One statement is a transaction by itself.
        let alone = unconditional && flat.len() == 1;
        let mut committed = vec![Committed::default(); sets.len()];
        let mut chunks = flat.chunks(PIPELINE_MAX).enumerate().peekable();
        while let Some((at, chunk)) = chunks.next() {
            let begin = (at == 0 && !alone).then_some(Step::Command("BEGIN"));
            let end = (chunks.peek().is_none() && unconditional && !alone).then_some(Step::Command("COMMIT"));
            let (begins, ends) = (usize::from(begin.is_some()), end.is_some());
            let writes = chunk.iter().map(|(_, write, statement, name)| Step::Write(write, statement, name));
            let steps = begin.into_iter().chain(writes).chain(end);
            let answers = pipeline(steps.map(|step| run_step(&self.client, step))).await;
            let mut error = None;
            for (step, answered) in answers.into_iter().enumerate() {
                let write = step.checked_sub(begins).and_then(|at| chunk.get(at));
                match (answered, write) {
                    (Ok(done), Some((set, write, _, name))) => {
                        if let Expect::Rows(expected) = write.expect
                            && expected != done.rows
                        {
                            error = Some(StoreError::Conflict { stmt: name });
                            break;
                        }
                        committed[*set].returned = done.returned.or(committed[*set].returned);
                    }
                    (Ok(_), None) => {}
                    (Err(failed), _) => {
                        // Everything after the first failure fails because of it.
                        error = Some(if (ends || alone) && !failed.is_answer() && self.client.is_closed() {
                            StoreError::Uncertain(failed.error.to_string())
                        } else {
                            failed.store_error()
                        });
                        break;
                    }
                }
            }
            if let Some(error) = error {
                if !ends && !alone {
                    self.command_unanswered("ROLLBACK");
                }
                return Err(error);
            }
        }
        if !unconditional && let Err(error) = self.client.batch_execute("COMMIT").await {
            return Err(match error.as_db_error() {
                Some(_) => map_error("COMMIT", &error),
                None => StoreError::Uncertain(error.to_string()),
            });
        }
        Ok(committed)
    }

    /// Sends a command that nobody waits for: what the connection does next comes after it anyway.
    fn command_unanswered(&self, sql: &'static str) {
        let _ = self.client.batch_execute(sql).now_or_never();
    }
}

/// Stores what is submitted, as much at a time as has come in meanwhile.
async fn run_appends(shared: Arc<Shared>, mut jobs: mpsc::Receiver<Job>, queued_bytes: Arc<AtomicUsize>) {
    let mut conn: Option<Conn> = None;
    let mut taken: Vec<Job> = Vec::new();
    while jobs.recv_many(&mut taken, GROUP_JOBS_MAX).await > 0 {
        queued_bytes.fetch_sub(taken.iter().map(|job| job.bytes).sum(), Ordering::Relaxed);
        while !taken.is_empty() {
            let mut writes = 0;
            let fitting = taken.iter().take_while(|job| {
                writes += job.writes.len();
                writes <= GROUP_WRITES_MAX
            });
            let count = fitting.count().max(1);
            let group: Vec<Job> = taken.drain(..count).collect();
            let outcomes = store_group(&shared, &mut conn, &group).await;
            for (job, outcome) in group.into_iter().zip(outcomes) {
                if outcome.is_ok() {
                    shared.topics.count(&job.writes);
                }
                answer(job.reply, outcome);
            }
        }
    }
}

async fn store_group(
    shared: &Shared,
    slot: &mut Option<Conn>,
    group: &[Job],
) -> Vec<Result<Committed, StoreError>> {
    let all = |error: StoreError| group.iter().map(|_| Err(error.clone())).collect();
    let sets: Vec<&[Write]> = group.iter().map(|job| job.writes.as_slice()).collect();
    let conn = match usable(shared, slot).await {
        Ok(conn) => conn,
        Err(error) => return all(error),
    };
    match conn.store(&shared.registry, &sets).await {
        Ok(committed) => committed.into_iter().map(Ok).collect(),
        Err(error @ (StoreError::Unavailable(_) | StoreError::Uncertain(_) | StoreError::Full(_))) => {
            all(error)
        }
        Err(error) if group.len() == 1 => vec![Err(error)],
        // One changeset is to blame: each for itself, which is rare enough to be slow.
        Err(_) => {
            let mut outcomes = Vec::with_capacity(group.len());
            for set in sets {
                let stored = match usable(shared, slot).await {
                    Ok(conn) => conn.store(&shared.registry, &[set]).await,
                    Err(error) => Err(error),
                };
                outcomes.push(stored.map(|committed| committed.first().copied().unwrap_or_default()));
            }
            outcomes
        }
    }
}

async fn usable<'c>(shared: &Shared, slot: &'c mut Option<Conn>) -> Result<&'c mut Conn, StoreError> {
    let conn = match slot.take() {
        Some(conn) if !conn.spoilt && !conn.client.is_closed() => conn,
        _ => shared.new_conn().await?,
    };
    Ok(slot.insert(conn))
}

/// Whether the queries of a [`Read`] share a snapshot.
#[derive(PartialEq, Eq)]
enum Transaction {
    /// They need not: there is only one.
    None,
    /// It begins in the same round trip as the first query.
    Wanted,
    Begun,
}

pub(super) struct Read<'s> {
    lease: Lease,
    handle: &'s Handle,
    transaction: Transaction,
}

impl Drop for Read<'_> {
    fn drop(&mut self) {
        if self.transaction == Transaction::Begun
            && let Ok(conn) = self.lease.conn()
        {
            conn.command_unanswered("COMMIT");
        }
    }
}

impl Read<'_> {
    pub(super) fn query(&mut self, stmt: Stmt, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        Ok(self.query_many(stmt, &[params])?.pop().unwrap_or_default())
    }

    pub(super) fn query_many<'v, P>(&mut self, stmt: Stmt, sets: &[P]) -> Result<Vec<Vec<Row>>, StoreError>
    where
        P: AsRef<[Val<'v>]>,
    {
        let shared = self.lease.shared.clone();
        let name = shared.registry.get(stmt)?.name;
        for params in sets {
            shared.registry.check(stmt, params.as_ref())?;
        }
        let begin = self.begin();
        let conn = self.lease.conn()?;
        let found = self.handle.block_on(async {
            conn.prepare(&shared.registry, std::iter::once(stmt)).await?;
            let statement = conn.statement(stmt)?;
            let mut results = Vec::with_capacity(sets.len());
            for (at, chunk) in sets.chunks(PIPELINE_MAX).enumerate() {
                let begin = begin.filter(|_| at == 0);
                let asks = begin
                    .map(Ask::Command)
                    .into_iter()
                    .chain(chunk.iter().map(|set| Ask::Query(set.as_ref())));
                let answers = pipeline(asks.map(|ask| run_ask(&conn.client, statement, name, ask))).await;
                for answered in answers.into_iter().skip(usize::from(begin.is_some())) {
                    results.push(answered?);
                }
            }
            Ok(results)
        });
        self.spoil_on_error(found)
    }

    pub(super) fn for_each(
        &mut self,
        stmt: Stmt,
        params: &[Val<'_>],
        each: &mut dyn FnMut(&mut Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let shared = self.lease.shared.clone();
        let name = shared.registry.check(stmt, params)?.name;
        let begin = self.begin();
        let handle = self.handle;
        let conn = self.lease.conn()?;
        let streamed = (|| {
            let failed = |error| map_error(name, &error);
            let mut stream = handle.block_on(async {
                conn.prepare(&shared.registry, std::iter::once(stmt)).await?;
                if let Some(begin) = begin {
                    conn.command_unanswered(begin);
                }
                let stream = conn.client.query_raw(conn.statement(stmt)?, params.iter()).await;
                Ok::<_, StoreError>(Box::pin(stream.map_err(failed)?))
            })?;
            let mut chunk = Vec::with_capacity(STREAM_ROWS);
            loop {
                // Rows are handed over outside of the runtime, so that `each` may block as it likes.
                let ended = handle.block_on(async {
                    let Some(first) = stream.next().await else { return true };
                    chunk.push(first);
                    while chunk.len() < STREAM_ROWS {
                        match stream.next().now_or_never() {
                            Some(Some(row)) => chunk.push(row),
                            Some(None) => return true,
                            None => break,
                        }
                    }
                    false
                });
                for row in chunk.drain(..) {
                    each(&mut decode(name, &row.map_err(failed)?)?)?;
                }
                if ended {
                    return Ok(());
                }
            }
        })();
        self.spoil_on_error(streamed)
    }

    fn begin(&mut self) -> Option<&'static str> {
        (self.transaction == Transaction::Wanted).then(|| {
            self.transaction = Transaction::Begun;
            BEGIN_READ
        })
    }

    /// After an error the transaction is over, rows may still be under way, and what is prepared may be worthless.
    fn spoil_on_error<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.is_err()
            && let Some(conn) = &mut self.lease.conn
        {
            conn.spoilt = true;
        }
        result
    }
}

enum Ask<'q, 'v> {
    Command(&'static str),
    Query(&'q [Val<'v>]),
}

async fn run_ask(
    client: &Client,
    statement: &Statement,
    stmt: &'static str,
    ask: Ask<'_, '_>,
) -> Result<Vec<Row>, StoreError> {
    let params = match ask {
        Ask::Command(sql) => {
            return client
                .batch_execute(sql)
                .await
                .map(|()| Vec::new())
                .map_err(|error| map_error(sql, &error));
        }
        Ask::Query(params) => params,
    };
    let failed = |error| map_error(stmt, &error);
    let mut stream = std::pin::pin!(client.query_raw(statement, params.iter()).await.map_err(failed)?);
    let mut rows = Vec::new();
    while let Some(row) = stream.next().await {
        rows.push(decode(stmt, &row.map_err(failed)?)?);
    }
    Ok(rows)
}

fn decode(stmt: &'static str, found: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let mut row = Row::new(stmt, found.len());
    for column in 0..found.len() {
        row.push(found.try_get::<_, Column>(column).map_err(|error| map_error(stmt, &error))?.0);
    }
    Ok(row)
}

/// A column as PostgreSQL sends it.
struct Column(Val<'static>);

impl<'r> FromSql<'r> for Column {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Column(match *ty {
            Type::INT8 => Val::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Val::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Val::Int(i16::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Val::Real(f64::from_sql(ty, raw)?),
            Type::BOOL => Val::Bool(bool::from_sql(ty, raw)?),
            Type::BYTEA => Val::Bytes(Cow::Owned(raw.to_vec())),
            _ => Val::Text(Cow::Owned(String::from_sql(ty, raw)?)),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Column(Val::Null))
    }

    fn accepts(ty: &Type) -> bool {
        is_known(ty)
    }
}

fn is_known(ty: &Type) -> bool {
    matches!(
        *ty,
        Type::INT8
            | Type::INT4
            | Type::INT2
            | Type::FLOAT8
            | Type::BOOL
            | Type::BYTEA
            | Type::TEXT
            | Type::VARCHAR
    )
}

fn fits(value: &Val<'_>, ty: &Type) -> bool {
    match (value, ty.clone()) {
        (Val::Null, _)
        | (Val::Int(_), Type::INT8 | Type::FLOAT8)
        | (Val::Real(_), Type::FLOAT8)
        | (Val::Bool(_), Type::BOOL)
        | (Val::Text(_), Type::TEXT | Type::VARCHAR)
        | (Val::Bytes(_), Type::BYTEA) => true,
        (Val::Int(x), Type::INT4) => i32::try_from(*x).is_ok(),
        (Val::Int(x), Type::INT2) => i16::try_from(*x).is_ok(),
        _ => false,
    }
}

impl ToSql for Val<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        if !fits(self, ty) {
            return Err(format!("the query wants {ty}").into());
        }
        match (self, ty.clone()) {
            (Val::Null, _) => Ok(IsNull::Yes),
            (Val::Int(x), Type::INT4) => i32::try_from(*x)?.to_sql(ty, out),
            (Val::Int(x), Type::INT2) => i16::try_from(*x)?.to_sql(ty, out),
            (Val::Int(x), Type::FLOAT8) => (*x as f64).to_sql(ty, out),
            (Val::Int(x), _) => x.to_sql(ty, out),
            (Val::Real(x), _) => x.to_sql(ty, out),
            (Val::Bool(x), _) => x.to_sql(ty, out),
            (Val::Text(x), _) => x.as_ref().to_sql(ty, out),
            (Val::Bytes(x), _) => x.as_ref().to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Fails for a query whose parameters or columns [`Val`] has no word for, such as the numeric that PostgreSQL
/// makes of a sum of bigints.
fn check_types(registry: &Registry, conn: &Conn) -> Result<(), StoreError> {
    for (stmt, query) in registry.iter() {
        let statement = conn.statement(stmt)?;
        for (at, ty) in statement.params().iter().enumerate() {
            if !is_known(ty) {
                return Err(StoreError::Bug(format!(
                    "query {}: cast ${}, which is {ty}",
                    query.name,
                    at + 1
                )));
            }
        }
        for column in statement.columns() {
            if !is_known(column.type_()) {
                return Err(StoreError::Bug(format!(
                    "query {}: cast column {}, which is {}",
                    query.name,
                    column.name(),
                    column.type_()
                )));
            }
        }
    }
    Ok(())
}

fn configure(options: &PostgresOptions) -> Result<(tokio_postgres::Config, Tls), StoreError> {
    let named = |c: char| c.is_ascii_lowercase() || c == '_';
    let schema = &options.schema;
    if !schema.starts_with(named)
        || schema.len() > 63
        || !schema.chars().all(|c| named(c) || c.is_ascii_digit())
    {
        return Err(StoreError::Unavailable(
            "the name of a PostgreSQL schema has up to 63 of a-z, 0-9 and _, and no digit first".into(),
        ));
    }
    // The text of the error could show a part of the address, which holds the password.
    let mut config: tokio_postgres::Config = options.url.parse().map_err(|_| {
        StoreError::Unavailable("the address of the PostgreSQL database cannot be read".into())
    })?;
    let given = config.get_options().map(|given| format!("{given} ")).unwrap_or_default();
    config.options(format!("{given}-c search_path={schema}"));
    config.application_name(format!("quaylai {schema}"));
    config.connect_timeout(CONNECT_TIMEOUT);
    config.keepalives_idle(SILENCE_MAX);
    config.tcp_user_timeout(SILENCE_MAX);
    let tls = match config.get_ssl_mode() {
        SslMode::Require => Tls::Checked(connector(options.ca_file.as_deref())?),
        // To prefer TLS would be to fall back to none whenever somebody in between says so, and to fail on the
        // self-signed certificate that Linux distributions give a server on the same machine.
        _ => {
            config.ssl_mode(SslMode::Disable);
            Tls::None
        }
    };
    Ok((config, tls))
}

fn connector(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let unreadable = |why: &dyn std::fmt::Display| {
                StoreError::Unavailable(format!("cannot read the certificates in {}: {why}", path.display()))
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
            if roots.is_empty() {
                return Err(unreadable(&"there are none"));
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Bug(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The number under which a schema's advisory lock of one purpose is known in its database.
fn lock_key(purpose: &str, schema: &str) -> i64 {
    let hash = Sha256::digest(format!("quaylai {purpose} {schema}"));
    hash.iter().take(8).fold(0, |key, byte| (key << 8) | i64::from(*byte))
}

async fn apply_missing(shared: &Shared, steps: &[migrate::Step], now: Timestamp) -> Result<(), StoreError> {
    let fail = |error: tokio_postgres::Error| match map_error("schema_migration", &error) {
        StoreError::Bug(what) => StoreError::Migration(format!("cannot migrate the database: {what}")),
        other => other,
    };
    let client = shared.connect().await?;
    // Several processes may start at once. The lock ends with this connection.
    client
        .execute("SELECT pg_advisory_lock($1)", &[&lock_key("migrate", &shared.schema)])
        .await
        .map_err(fail)?;
    // Looked up first, because IF NOT EXISTS asks for the right to create even where there is nothing to create.
    let exists = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)";
    if !client.query_one(exists, &[&shared.schema]).await.map_err(fail)?.get::<_, bool>(0) {
        client.batch_execute(&format!("CREATE SCHEMA {}", shared.schema)).await.map_err(fail)?;
    }
    let exists = "SELECT to_regclass('schema_migration') IS NOT NULL";
    if !client.query_one(exists, &[]).await.map_err(fail)?.get::<_, bool>(0) {
        client.batch_execute(migrate::CREATE_TABLE).await.map_err(fail)?;
    }
    let applied: Vec<migrate::Applied> = client
        .query(migrate::SELECT_APPLIED, &[])
        .await
        .map_err(fail)?
        .iter()
        .map(|row| migrate::Applied { version: row.get(0), name: row.get(1), checksum: row.get(2) })
        .collect();
    for step in migrate::missing(steps, &applied)? {
        client.batch_execute("BEGIN").await.map_err(fail)?;
        client.batch_execute(&step.sql).await.map_err(|error| match fail(error) {
            StoreError::Migration(what) => {
                StoreError::Migration(format!("migration {} ({}): {what}", step.version, step.name))
            }
            other => other,
        })?;
        client
            .execute(
                "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                &[&step.version, &step.name, &step.checksum, &now.ms()],
            )
            .await
            .map_err(fail)?;
        client.batch_execute("COMMIT").await.map_err(fail)?;
    }
    Ok(())
}

fn map_error(stmt: &'static str, error: &tokio_postgres::Error) -> StoreError {
    let Some(answer) = error.as_db_error() else {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        let broken = error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>());
        return if broken {
            StoreError::Unavailable(format!("the connection to PostgreSQL is lost: {error}{cause}"))
        } else {
            StoreError::Bug(format!("query {stmt}: {error}{cause}"))
        };
    };
    // The message and the detail of some errors show values; codes and names of constraints do not.
    let code = answer.code();
    match code.code() {
        _ if *code == SqlState::UNIQUE_VIOLATION => {
            StoreError::Duplicate { stmt, key: answer.constraint().unwrap_or_default().to_owned() }
        }
        _ if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
            StoreError::Conflict { stmt }
        }
        _ if *code == SqlState::DISK_FULL => StoreError::Full(answer.message().to_owned()),
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            StoreError::Unavailable(answer.message().to_owned())
        }
        // Connection, authorisation, resources, intervention by an operator, failures of the system.
        class if ["08", "28", "53", "57", "58"].iter().any(|known| class.starts_with(known)) => {
            StoreError::Unavailable(answer.message().to_owned())
        }
        // Data: the message would show what could not be read as a number and the like.
        class if class.starts_with("22") => {
            StoreError::Bug(format!("query {stmt}: a value is refused ({class})"))
        }
        class => StoreError::Bug(format!("query {stmt}: {} ({class})", answer.message())),
    }
}
