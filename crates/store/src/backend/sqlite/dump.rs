use super::{SqliteStore, map_error, open_reader, owned};
use crate::StoreError;
use crate::backend::dump::{OWN, Piece, not_empty, quoted, unknown};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

fn tables(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = conn.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let names = found.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(names.into_iter().filter(|name| name != OWN).collect())
}

fn columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let statement = conn.prepare(&format!("SELECT * FROM {} LIMIT 0", quoted(table)))?;
    Ok(statement.column_names().map(str::to_owned).collect())
}

pub(in crate::backend) fn check_file(path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| map_error("integrity_check", &error);
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let told: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if told == "ok" {
        return Ok(());
    }
    Err(StoreError::Unavailable("the copy of the database is damaged".into()))
}

impl SqliteStore {
    pub(in crate::backend) fn dump(
        &self,
        take: &mut dyn FnMut(Piece) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |error: rusqlite::Error| map_error("dump", &error);
        let conn = open_reader(&self.path, 0)?;
        conn.execute_batch("BEGIN").map_err(failed)?;
        for name in tables(&conn).map_err(failed)? {
            let columns = columns(&conn, &name).map_err(failed)?;
            let width = columns.len();
            let mut statement = conn.prepare(&format!("SELECT * FROM {}", quoted(&name))).map_err(failed)?;
            take(Piece::Table { name, columns })?;
            let mut rows = statement.query([]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let mut values = Vec::with_capacity(width);
                for column in 0..width {
                    values.push(owned(row.get_ref(column).map_err(failed)?, "dump")?);
                }
                take(Piece::Row(values))?;
            }
        }
        Ok(())
    }

    pub(in crate::backend) fn load(
        &self,
        next: &mut dyn FnMut() -> Result<Option<Piece>, StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |error: rusqlite::Error| map_error("load", &error);
        let conn = Connection::open(&self.path).map_err(failed)?;
        conn.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        let known = tables(&conn).map_err(failed)?;
        for name in &known {
            let filled = format!("SELECT EXISTS (SELECT 1 FROM {})", quoted(name));
            if conn.query_row(&filled, [], |row| row.get::<_, bool>(0)).map_err(failed)? {
                return Err(not_empty());
            }
        }
        let mut insert = String::new();
        while let Some(piece) = next()? {
            match piece {
                Piece::Table { name, columns: told } => {
                    if !known.contains(&name) {
                        return Err(unknown("table", &name));
                    }
                    let held = columns(&conn, &name).map_err(failed)?;
                    if let Some(strange) = told.iter().find(|column| !held.contains(column)) {
                        return Err(unknown("column", &format!("{name}.{strange}")));
                    }
                    let names: Vec<String> = told.iter().map(|column| quoted(column)).collect();
                    let places = vec!["?"; told.len()];
                    insert = format!(
                        "INSERT INTO {} ({}) VALUES ({})",
                        quoted(&name),
                        names.join(", "),
                        places.join(", ")
                    );
                }
                Piece::Row(values) => {
                    let mut statement = conn.prepare_cached(&insert).map_err(failed)?;
                    statement.execute(rusqlite::params_from_iter(values.iter())).map_err(failed)?;
                }
            }
        }
        // A number that the inbox gave out is never given out again.
        conn.execute_batch(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'inbox', 0 \
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'inbox'); \
             UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT value FROM progress WHERE name = 'processed'), 0)) \
             WHERE name = 'inbox'; COMMIT",
        )
        .map_err(failed)?;
        Ok(())
    }
}
