//! PostgreSQL.
use super::{Committed, Leadership, StoreError, Write};
use crate::sql::{Catalog, Row, Stmt, Val};
use kit::Timestamp;
use tokio::sync::oneshot;

#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database?sslmode=disable`, or the keyword form of libpq.
    pub url: String,
    /// The schema that holds the tables; made when it is missing. Lower-case letters, digits and `_`.
    pub schema: String,
    /// Connections, at most, besides one for appends and one for the engine role.
    pub connections_max: usize,
}

impl PostgresOptions {
    pub fn new(url: impl Into<String>) -> Self {
        PostgresOptions { url: url.into(), schema: "public".into(), connections_max: 8 }
    }
}

#[derive(Debug)]
pub struct PostgresStore {}

fn soon<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("PostgreSQL is not built yet".into()))
}

impl PostgresStore {
    pub(super) fn open(_: &PostgresOptions, _: &Catalog, _: Timestamp) -> Result<Self, StoreError> {
        soon()
    }
    pub(super) fn commit(&self, _: &[Write]) -> Result<Committed, StoreError> {
        soon()
    }
    pub(super) fn submit(&self, _: Vec<Write>, _: oneshot::Sender<Result<Committed, StoreError>>) {}
    pub(super) fn snapshot(&self) -> Result<Read<'_>, StoreError> {
        soon()
    }
    pub(super) fn query(&self, _: Stmt, _: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        soon()
    }
    pub(super) fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        soon()
    }
    pub(super) fn size_bytes(&self) -> Result<u64, StoreError> {
        soon()
    }
    pub(super) fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

pub(super) struct Read<'s>(&'s ());

impl Read<'_> {
    pub(super) fn query(&mut self, _: Stmt, _: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        soon()
    }
    pub(super) fn query_many<'v, P>(&mut self, _: Stmt, _: &[P]) -> Result<Vec<Vec<Row>>, StoreError>
    where
        P: AsRef<[Val<'v>]>,
    {
        soon()
    }
    pub(super) fn for_each(
        &mut self,
        _: Stmt,
        _: &[Val<'_>],
        _: &mut dyn FnMut(&mut Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        soon()
    }
}
