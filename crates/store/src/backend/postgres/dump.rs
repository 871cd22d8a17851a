use super::{BEGIN_READ, PostgresStore, decode, map_error, pipeline};
use crate::backend::dump::{OWN, Piece, not_empty, quoted, unknown};
use crate::{StoreError, Val};
use futures_util::StreamExt;
use postgres_types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

/// Rows that are sent before their answers are read.
const ROWS_AHEAD: usize = 256;

async fn tables(client: &Client) -> Result<Vec<String>, tokio_postgres::Error> {
    let found = client
        .query(
            "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY c.relname COLLATE \"C\"",
            &[],
        )
        .await?;
    Ok(found.iter().map(|row| row.get::<_, String>(0)).filter(|name| name != OWN).collect())
}

async fn columns(client: &Client, table: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let statement = client.prepare(&format!("SELECT * FROM {} LIMIT 0", quoted(table))).await?;
    Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
}

async fn store_rows(
    client: &Client,
    insert: &Statement,
    rows: &[Vec<Val<'static>>],
) -> Result<(), StoreError> {
    let params: Vec<Vec<&(dyn ToSql + Sync)>> =
        rows.iter().map(|row| row.iter().map(|value| value as &(dyn ToSql + Sync)).collect()).collect();
    let requests = params.iter().map(|row| client.execute(insert, row));
    for done in pipeline(requests).await {
        done.map_err(|error| map_error("load", &error))?;
    }
    Ok(())
}

impl PostgresStore {
    pub(in crate::backend) fn dump(
        &self,
        take: &mut dyn FnMut(Piece) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |error: tokio_postgres::Error| map_error("dump", &error);
        self.handle.block_on(async {
            let client = self.shared.connect().await?;
            client.batch_execute(BEGIN_READ).await.map_err(failed)?;
            for name in tables(&client).await.map_err(failed)? {
                let columns = columns(&client, &name).await.map_err(failed)?;
                let select = format!("SELECT * FROM {}", quoted(&name));
                take(Piece::Table { name, columns })?;
                let none: [&(dyn ToSql + Sync); 0] = [];
                let rows = client.query_raw(&select, none).await.map_err(failed)?;
                let mut rows = std::pin::pin!(rows);
                while let Some(row) = rows.next().await {
                    let row = decode("dump", &row.map_err(failed)?)?;
                    take(Piece::Row(
                        (0..row.len()).map(|at| row.get(at).cloned()).collect::<Result<_, _>>()?,
                    ))?;
                }
            }
            client.batch_execute("COMMIT").await.map_err(failed)
        })
    }

    pub(in crate::backend) fn load(
        &self,
        next: &mut dyn FnMut() -> Result<Option<Piece>, StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |error: tokio_postgres::Error| map_error("load", &error);
        self.handle.block_on(async {
            let client = self.shared.connect().await?;
            client.batch_execute("BEGIN").await.map_err(failed)?;
            let known = tables(&client).await.map_err(failed)?;
            for name in &known {
                let filled = format!("SELECT EXISTS (SELECT 1 FROM {})", quoted(name));
                if client.query_one(&filled, &[]).await.map_err(failed)?.get::<_, bool>(0) {
                    return Err(not_empty());
                }
            }
            let mut insert: Option<Statement> = None;
            let mut rows: Vec<Vec<Val<'static>>> = Vec::new();
            loop {
                let piece = next()?;
                let full = rows.len() >= ROWS_AHEAD || !matches!(piece, Some(Piece::Row(_)));
                if let (true, Some(insert)) = (full && !rows.is_empty(), &insert) {
                    store_rows(&client, insert, &rows).await?;
                    rows.clear();
                }
                match piece {
                    None => break,
                    Some(Piece::Table { name, columns: told }) => {
                        if !known.contains(&name) {
                            return Err(unknown("table", &name));
                        }
                        let held = columns(&client, &name).await.map_err(failed)?;
                        if let Some(strange) = told.iter().find(|column| !held.contains(column)) {
                            return Err(unknown("column", &format!("{name}.{strange}")));
                        }
                        let names: Vec<String> = told.iter().map(|column| quoted(column)).collect();
                        let places: Vec<String> = (1..=told.len()).map(|at| format!("${at}")).collect();
                        let text = format!(
                            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
                            quoted(&name),
                            names.join(", "),
                            places.join(", ")
                        );
                        insert = Some(client.prepare(&text).await.map_err(failed)?);
                    }
                    Some(Piece::Row(mut values)) => {
                        let types = insert.as_ref().map(Statement::params).unwrap_or_default();
                        for (value, ty) in values.iter_mut().zip(types) {
                            // SQLite keeps yes and no as numbers.
                            if let (Val::Int(flag), &Type::BOOL) = (&*value, ty) {
                                *value = Val::Bool(*flag != 0);
                            }
                        }
                        rows.push(values);
                    }
                }
            }
            // Numbers that the database gives out go on behind those that were loaded, and one that the inbox gave out is
            // never given out again.
            client
                .batch_execute(
                    "DO $$ DECLARE numbered record; BEGIN \
                       FOR numbered IN SELECT table_name AS t, column_name AS c FROM information_schema.columns \
                         WHERE table_schema = current_schema() AND is_identity = 'YES' LOOP \
                         EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), \
                           greatest(1, coalesce((SELECT max(%I) FROM %I), 0)))', \
                           quote_ident(numbered.t), numbered.c, numbered.c, numbered.t); \
                       END LOOP; END $$; \
                     SELECT setval(pg_get_serial_sequence('inbox', 'seq'), greatest(1, \
                     (SELECT max(seq) FROM inbox), (SELECT max(value) FROM progress WHERE name = 'processed'))); COMMIT",
                )
                .await
                .map_err(failed)
        })
    }
}
