//! What recommendations are made of: who looked at what, what of the range changed, and the rules of the shop's
//! places.

use crate::changeset::unreadable;
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::commerce::Product;
use kit::{ProfileNo, Timestamp, WorkspaceId};

/// That somebody looked at a product or put it into a cart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenRow {
    pub product_id: String,
    pub viewed_at: Option<Timestamp>,
    pub carted_at: Option<Timestamp>,
    pub views: i64,
}

/// That somebody bought a product, in an order that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoughtRow {
    pub product_id: String,
    pub at: Timestamp,
    pub source: String,
    pub order_id: String,
}

/// A version of the places where a shop recommends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookRow {
    pub version: i64,
    pub at: Timestamp,
    /// Who made it: `account:<id>` or `key:<id>`.
    pub who: String,
    /// JSON.
    pub doc: String,
}

fn instant(ms: i64) -> Option<Timestamp> {
    (ms > 0).then(|| Timestamp::from_ms(ms))
}

fn stored(at: Option<Timestamp>) -> i64 {
    at.map_or(0, |at| at.ms().max(1))
}

impl Changeset {
    /// Notes that somebody looked at a product: the later instants and all views together hold.
    pub fn note_seen(&mut self, workspace: WorkspaceId, no: ProfileNo, seen: SeenRow) {
        let (viewed, carted) = (stored(seen.viewed_at), stored(seen.carted_at));
        self.any(q::SEEN_SET, vals![workspace, no, seen.product_id, viewed, carted, seen.views]);
    }

    /// Forgets that somebody looked at a product.
    pub fn forget_seen(&mut self, workspace: WorkspaceId, no: ProfileNo, product_id: &str) {
        self.any(q::SEEN_FORGET, vals![workspace, no, product_id.to_owned()]);
    }

    /// Forgets what people with numbers behind one up to another last looked at before an instant.
    pub fn trim_seen(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        before: Timestamp,
    ) {
        self.any(q::SEEN_TRIM, vals![workspace, after, to, before]);
    }

    /// Stores a version of the places; a version that is there already is a conflict.
    pub fn insert_book(&mut self, workspace: WorkspaceId, book: BookRow) {
        self.one(q::BOOK_INSERT, vals![workspace, book.version, book.at, book.who, book.doc]);
    }

    /// Forgets versions up to one.
    pub fn prune_books(&mut self, workspace: WorkspaceId, up_to: i64) {
        self.any(q::BOOK_PRUNE, vals![workspace, up_to]);
    }
}

fn read_seen(row: &mut Row, from: usize) -> Result<SeenRow, StoreError> {
    Ok(SeenRow {
        product_id: row.take_text(from)?,
        viewed_at: instant(row.int(from + 1)?),
        carted_at: instant(row.int(from + 2)?),
        views: row.int(from + 3)?,
    })
}

fn read_bought(row: &mut Row, from: usize) -> Result<BoughtRow, StoreError> {
    Ok(BoughtRow {
        product_id: row.take_text(from)?,
        at: row.at(from + 1)?,
        source: row.take_text(from + 2)?,
        order_id: row.take_text(from + 3)?,
    })
}

fn read_book(mut row: Row) -> Result<BookRow, StoreError> {
    Ok(BookRow { version: row.int(0)?, at: row.at(1)?, who: row.take_text(2)?, doc: row.take_text(3)? })
}

impl ReadTx<'_> {
    /// What people looked at, one answer for each of them.
    pub fn seen_of(&mut self, of: &[(WorkspaceId, ProfileNo)]) -> Result<Vec<Vec<SeenRow>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no].to_vec()).collect();
        let found = self.query_many(q::SEEN_OF, &params)?;
        found
            .into_iter()
            .map(|rows| rows.into_iter().map(|mut row| read_seen(&mut row, 0)).collect())
            .collect()
    }

    /// What people bought in orders that count, the oldest first, one answer for each of them.
    pub fn bought_of(&mut self, of: &[(WorkspaceId, ProfileNo)]) -> Result<Vec<Vec<BoughtRow>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no, true].to_vec()).collect();
        let found = self.query_many(q::BOUGHT_OF, &params)?;
        let read = |rows: Vec<Row>| -> Result<Vec<BoughtRow>, StoreError> {
            let mut bought = rows
                .into_iter()
                .map(|mut row| read_bought(&mut row, 0))
                .collect::<Result<Vec<BoughtRow>, StoreError>>()?;
            bought.sort_unstable_by(|a, b| {
                (a.at, &a.source, &a.order_id, &a.product_id).cmp(&(
                    b.at,
                    &b.source,
                    &b.order_id,
                    &b.product_id,
                ))
            });
            Ok(bought)
        };
        found.into_iter().map(read).collect()
    }

    /// What people with numbers behind one up to another looked at, by person.
    pub fn scan_seen(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        each: &mut dyn FnMut(ProfileNo, SeenRow),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_SEEN, &vals![workspace, after, to], &mut |row| {
            let seen = SeenRow {
                product_id: row.text(1)?.to_owned(),
                viewed_at: instant(row.int(2)?),
                carted_at: instant(row.int(3)?),
                views: row.int(4)?,
            };
            each(row.profile(0)?, seen);
            Ok(())
        })
    }

    /// What people with numbers behind one up to another bought in orders that count, by person, the oldest first.
    pub fn scan_bought(
        &mut self,
        workspace: WorkspaceId,
        (after, to): (ProfileNo, ProfileNo),
        each: &mut dyn FnMut(ProfileNo, BoughtRow),
    ) -> Result<(), StoreError> {
        self.for_each(q::SCAN_BOUGHT, &vals![workspace, after, to, true], &mut |row| {
            let bought = BoughtRow {
                product_id: row.text(1)?.to_owned(),
                at: row.at(2)?,
                source: row.text(3)?.to_owned(),
                order_id: row.text(4)?.to_owned(),
            };
            each(row.profile(0)?, bought);
            Ok(())
        })
    }

    /// Who looked at a product, put it into a cart or bought it since an instant: up to `limit` of those behind a
    /// number, ascending.
    pub fn interested_in(
        &mut self,
        workspace: WorkspaceId,
        product_id: &str,
        after: ProfileNo,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<ProfileNo>, StoreError> {
        let mut found: Vec<ProfileNo> = Vec::new();
        for stmt in [q::SEEN_OF_PRODUCT, q::BOUGHT_OF_PRODUCT] {
            for row in self.query(stmt, &vals![workspace, product_id, after, since, limit])? {
                found.push(row.profile(0)?);
            }
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(found)
    }

    /// Products that changed behind a number, with the numbers of their changes, ascending.
    pub fn products_changed(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(Product, i64)>, StoreError> {
        let rows = self.query(q::PRODUCT_CHANGED, &vals![workspace, after, limit])?;
        let read = |row: &Row| {
            let product =
                serde_json::from_str(row.text(0)?).map_err(|error| unreadable("a product", error))?;
            Ok((product, row.int(1)?))
        };
        rows.iter().map(read).collect()
    }

    /// The number of the newest change of a product.
    pub fn last_product_change(&mut self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        self.query_opt(q::PRODUCT_CHANGE_LAST, &vals![workspace])?.map_or(Ok(0), |row| row.int(0))
    }

    /// The version of the places that holds.
    pub fn book(&mut self, workspace: WorkspaceId) -> Result<Option<BookRow>, StoreError> {
        self.query_opt(q::BOOK_LAST, &vals![workspace])?.map(read_book).transpose()
    }

    /// Versions below one, the newest first.
    pub fn books(
        &mut self,
        workspace: WorkspaceId,
        below: i64,
        limit: i64,
    ) -> Result<Vec<BookRow>, StoreError> {
        self.query(q::BOOK_PAGE, &vals![workspace, below, limit])?.into_iter().map(read_book).collect()
    }
}
