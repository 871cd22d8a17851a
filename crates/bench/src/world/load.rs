//! Rows into the tables of a database that the product's own migrations made: without its indexes while they come,
//! and with no care for a crash, since a half-made world is thrown away.

use anyhow::{Context, Result, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::fmt::Write;
use std::path::Path;
use tokio::runtime::Runtime;

/// What is filled: table and columns.
pub const TABLES: [(&str, &str); 10] = [
    (
        "event",
        "event_no, workspace_id, profile_no, name_no, at, received_at, historical, message_id, body, amount",
    ),
    (
        "shop_order",
        "workspace_id, source, order_id, profile_no, placed_at, status, currency, net, refunded, counts, cancelled, doc",
    ),
    ("order_line", "workspace_id, source, order_id, product_id, profile_no, placed_at"),
    ("profile", "workspace_id, profile_no, id, version, doc"),
    ("profile_search", "workspace_id, profile_no, text"),
    ("identifier", "workspace_id, identifier, profile_no"),
    ("consent_record", "record_no, workspace_id, profile_no, at, doc"),
    ("event_name", "workspace_id, name_no, name"),
    ("product", "workspace_id, product_id, doc"),
    ("list", "workspace_id, list_id, name, description, created_at, updated_at"),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    Event,
    Order,
    Line,
    Profile,
    Search,
    Identifier,
    Consent,
    EventName,
    Product,
    List,
}

#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Bool(bool),
    Text(&'a str),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(text)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Cell::Int(number)
    }
}

impl From<bool> for Cell<'_> {
    fn from(yes: bool) -> Self {
        Cell::Bool(yes)
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Cell::Null, Cell::Int)
    }
}

impl rusqlite::ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Int(x) => ValueRef::Integer(*x),
            Cell::Bool(x) => ValueRef::Integer(i64::from(*x)),
            Cell::Text(x) => ValueRef::Text(x.as_bytes()),
        }))
    }
}

pub enum Loader {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Loader {
    /// Opens a database without events or profiles, and drops the indexes of the tables that are filled.
    pub fn open(sqlite: &Path, postgres: Option<&str>) -> Result<Loader> {
        match postgres {
            None => Sqlite::open(sqlite).map(Loader::Sqlite),
            Some(url) => Postgres::open(url).map(Loader::Postgres),
        }
    }

    pub fn put(&mut self, table: Table, cells: &[Cell<'_>]) -> Result<()> {
        match self {
            Loader::Sqlite(to) => to.put(table, cells),
            Loader::Postgres(to) => to.put(table, cells),
        }
    }

    /// The rows are in.
    pub fn flush(&mut self) -> Result<()> {
        match self {
            Loader::Sqlite(to) => Ok(to.connection.execute_batch("COMMIT")?),
            Loader::Postgres(to) => (0..TABLES.len()).try_for_each(|at| to.send(at)),
        }
    }

    /// Makes the indexes again, as they were, and leaves the database as the product would.
    pub fn finish(self) -> Result<()> {
        match self {
            Loader::Sqlite(from) => from.finish(),
            Loader::Postgres(from) => from.finish(),
        }
    }
}

pub struct Sqlite {
    connection: Connection,
    inserts: Vec<String>,
    indexes: Vec<String>,
}

impl Sqlite {
    fn open(path: &Path) -> Result<Sqlite> {
        let connection = Connection::open(path).with_context(|| format!("opening {}", path.display()))?;
        let held: i64 = connection.query_row(
            "SELECT (SELECT count(*) FROM profile) + (SELECT count(*) FROM event)",
            [],
            |row| row.get(0),
        )?;
        ensure!(held == 0, "{} holds people already: a world is made in an empty folder", path.display());
        for (name, value) in [
            ("journal_mode", "delete"),
            ("locking_mode", "exclusive"),
            ("journal_mode", "off"),
            ("synchronous", "off"),
            ("cache_size", "-600000"),
            ("threads", "2"),
        ] {
            connection.pragma_update(None, name, value)?;
        }
        connection.set_prepared_statement_cache_capacity(2 * TABLES.len());
        let mut indexes = Vec::new();
        for (table, _) in TABLES {
            let mut found = connection.prepare(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
            )?;
            let rows = found.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let rows: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
            drop(found);
            for (name, sql) in rows {
                connection.execute_batch(&format!("DROP INDEX {name}"))?;
                indexes.push(sql);
            }
        }
        connection.execute_batch("BEGIN")?;
        let insert = |(table, columns): &(&str, &str)| {
            let marks = vec!["?"; columns.split(',').count()].join(", ");
            format!("INSERT INTO {table} ({columns}) VALUES ({marks})")
        };
        Ok(Sqlite { connection, inserts: TABLES.iter().map(insert).collect(), indexes })
    }

    fn put(&mut self, table: Table, cells: &[Cell<'_>]) -> Result<()> {
        let mut insert = self.connection.prepare_cached(&self.inserts[table as usize])?;
        for (at, cell) in cells.iter().enumerate() {
            insert.raw_bind_parameter(at + 1, cell)?;
        }
        insert.raw_execute()?;
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let connection = self.connection;
        for sql in &self.indexes {
            connection.execute_batch(sql)?;
        }
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "locking_mode", "normal")?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.execute_batch("SELECT count(*) FROM workspace")?;
        let path = connection.path().map(std::path::PathBuf::from);
        connection.close().map_err(|(_, error)| error)?;
        // What was written without care is on the disk before anything is measured.
        if let Some(path) = path {
            std::fs::File::open(path)?.sync_all()?;
        }
        Ok(())
    }
}

/// Bytes of one COPY.
const COPY_BYTES: usize = 8 << 20;

pub struct Postgres {
    runtime: Runtime,
    client: tokio_postgres::Client,
    waiting: Vec<String>,
    indexes: Vec<String>,
}

impl Postgres {
    fn open(url: &str) -> Result<Postgres> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, tokio_postgres::NoTls))?;
        runtime.spawn(connection);
        let indexes = runtime.block_on(async {
            let held: i64 = client
                .query_one("SELECT (SELECT count(*) FROM profile) + (SELECT count(*) FROM event)", &[])
                .await?
                .get(0);
            ensure!(held == 0, "the database holds people already: a world is made in an empty one");
            client
                .batch_execute(
                    "SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; \
                     SET max_parallel_maintenance_workers = 2",
                )
                .await?;
            let tables: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
            let found = client
                .query(
                    "SELECT indexname::text, indexdef FROM pg_indexes i WHERE schemaname = current_schema() \
                     AND tablename::text = ANY($1) \
                     AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
                    &[&tables],
                )
                .await?;
            let mut indexes = Vec::new();
            for row in found {
                let (name, definition): (String, String) = (row.get(0), row.get(1));
                client.batch_execute(&format!("DROP INDEX {name}")).await?;
                indexes.push(definition);
            }
            Ok(indexes)
        })?;
        Ok(Postgres { runtime, client, waiting: vec![String::new(); TABLES.len()], indexes })
    }

    fn put(&mut self, table: Table, cells: &[Cell<'_>]) -> Result<()> {
        let line = &mut self.waiting[table as usize];
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                line.push('\t');
            }
            match cell {
                Cell::Null => line.push_str("\\N"),
                // Writing to a text cannot fail.
                Cell::Int(number) => drop(write!(line, "{number}")),
                Cell::Bool(yes) => line.push(if *yes { 't' } else { 'f' }),
                Cell::Text(text) => escape(text, line),
            }
        }
        line.push('\n');
        if line.len() >= COPY_BYTES {
            self.send(table as usize)?;
        }
        Ok(())
    }

    fn send(&mut self, at: usize) -> Result<()> {
        let rows = std::mem::take(&mut self.waiting[at]);
        if rows.is_empty() {
            return Ok(());
        }
        let (table, columns) = TABLES[at];
        let client = &self.client;
        self.runtime.block_on(async {
            let copy = client.copy_in(&format!("COPY {table} ({columns}) FROM STDIN")).await?;
            let mut copy = Box::pin(copy);
            let mut rows = BytesMut::from(rows.as_bytes()).freeze();
            while !rows.is_empty() {
                let part: Bytes = rows.split_to(rows.len().min(256 << 10));
                copy.feed(part).await?;
            }
            copy.as_mut().finish().await?;
            Ok(())
        })
    }

    fn finish(self) -> Result<()> {
        let Postgres { runtime, client, indexes, .. } = self;
        runtime.block_on(async {
            for sql in &indexes {
                client.batch_execute(sql).await?;
            }
            for (table, _) in TABLES {
                client.batch_execute(&format!("VACUUM (ANALYZE) {table}")).await?;
            }
            // Only some may; a server that is not told to does it in its own time.
            let _ = client.batch_execute("CHECKPOINT").await;
            Ok(())
        })
    }
}

/// As the text form of COPY wants it.
fn escape(text: &str, line: &mut String) {
    if !text.contains(['\\', '\t', '\n', '\r']) {
        return line.push_str(text);
    }
    for c in text.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            c => line.push(c),
        }
    }
}
