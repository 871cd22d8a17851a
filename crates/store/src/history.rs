//! What happened: events, orders and products.

use crate::changeset::{json, unreadable};
use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use domain::commerce::{Order, OrderSummary, Product};
use kit::{DAY_MS, ProfileNo, Timestamp, WorkspaceId};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// An event as the engine stores it; `body` is the JSON of its properties, traits and context.
#[derive(Clone, PartialEq, Debug)]
pub struct NewEvent {
    pub event_no: i64,
    pub workspace: WorkspaceId,
    pub profile: ProfileNo,
    pub name_no: i64,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub historical: bool,
    pub message_id: String,
    pub body: String,
    /// What `domain::event::measure_of` names, in ten-thousandths.
    pub amount: Option<i64>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct EventRow {
    pub event_no: i64,
    pub name: String,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub historical: bool,
    pub message_id: String,
    pub body: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct RejectionRow {
    pub rejection_no: i64,
    pub at: Timestamp,
    pub code: String,
    pub detail: String,
    pub sample: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct OrderRow {
    pub profile: ProfileNo,
    pub order: Order,
}

/// The name of a message id in the index of those taken in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageKey(pub [u8; 16]);

impl MessageKey {
    pub fn of(message_id: &str) -> MessageKey {
        let hash = Sha256::digest(message_id.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        MessageKey(key)
    }
}

/// Days of arrival that share a part of the index of message ids.
const BUCKET_DAYS: i64 = 32;

pub(crate) fn bucket(received_at: Timestamp) -> i64 {
    received_at.ms().div_euclid(BUCKET_DAYS * DAY_MS)
}

impl Changeset {
    pub fn insert_event(&mut self, event: NewEvent) {
        let key = MessageKey::of(&event.message_id);
        self.one(
            q::EVENT_MESSAGE_INSERT,
            vals![bucket(event.received_at), event.workspace, key.0.to_vec(), event.event_no],
        );
        self.one(
            q::EVENT_INSERT,
            vals![
                event.event_no,
                event.workspace,
                event.profile,
                event.name_no,
                event.at,
                event.received_at,
                event.historical,
                event.message_id,
                event.body,
                event.amount
            ],
        );
    }

    pub fn insert_event_name(&mut self, workspace: WorkspaceId, name_no: i64, name: &str) {
        self.one(q::EVENT_NAME_INSERT, vals![workspace, name_no, name.to_owned()]);
    }

    pub fn insert_rejection(
        &mut self,
        rejection_no: i64,
        workspace: WorkspaceId,
        at: Timestamp,
        code: &str,
        detail: String,
        sample: String,
    ) {
        self.one(q::REJECTION_INSERT, vals![rejection_no, workspace, at, code.to_owned(), detail, sample]);
    }

    /// Drops the rejections up to a number, so that a broken client cannot fill the disk.
    pub fn trim_rejections(&mut self, up_to: i64) {
        self.any(q::REJECTION_TRIM, vals![up_to]);
    }

    pub fn set_product(&mut self, workspace: WorkspaceId, product: &Product) {
        self.one(q::PRODUCT_SET, vals![workspace, product.product_id.clone(), json(product)]);
    }

    pub fn set_order(&mut self, workspace: WorkspaceId, profile: ProfileNo, order: &Order) {
        let summary = order.summary();
        self.one(
            q::ORDER_SET,
            vals![
                workspace,
                summary.source.clone(),
                summary.order_id.clone(),
                profile,
                summary.placed_at,
                order.status().to_owned(),
                summary.currency,
                summary.net,
                summary.refunded,
                summary.counts,
                summary.cancelled,
                json(order)
            ],
        );
        self.any(q::ORDER_LINE_DELETE, vals![workspace, order.source.clone(), order.order_id.clone()]);
        let products: BTreeSet<&str> =
            order.contents.lines.iter().map(|line| line.product_id.as_str()).collect();
        for product in products {
            self.one(
                q::ORDER_LINE_INSERT,
                vals![
                    workspace,
                    order.source.clone(),
                    order.order_id.clone(),
                    product.to_owned(),
                    profile,
                    summary.placed_at
                ],
            );
        }
    }
}

pub(crate) fn read_event(mut row: Row) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        event_no: row.int(0)?,
        name: row.take_text(1)?,
        at: row.at(2)?,
        received_at: row.at(3)?,
        historical: row.bool(4)?,
        message_id: row.take_text(5)?,
        body: row.take_text(6)?,
    })
}

fn read_order(doc: &str) -> Result<Order, StoreError> {
    serde_json::from_str(doc).map_err(|error| unreadable("an order", error))
}

fn read_product(doc: &str) -> Result<Product, StoreError> {
    serde_json::from_str(doc).map_err(|error| unreadable("a product", error))
}

impl ReadTx<'_> {
    /// For each message id whether it was taken in within the last 32 to 64 days before `received_at`.
    pub fn seen_messages(
        &mut self,
        messages: &[(WorkspaceId, MessageKey, Timestamp)],
    ) -> Result<Vec<bool>, StoreError> {
        let params: Vec<_> = messages
            .iter()
            .flat_map(|(workspace, key, received_at)| {
                let now = bucket(*received_at);
                [now, now - 1].map(|bucket| vals![bucket, *workspace, key.0.to_vec()])
            })
            .collect();
        let found = self.query_many(q::EVENT_MESSAGE_FIND, &params)?;
        Ok(found.chunks(2).map(|pair| pair.iter().any(|rows| !rows.is_empty())).collect())
    }

    /// Newest first, from below the instant and number of the last one seen.
    pub fn event_page(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
        before: (Timestamp, i64),
        name: Option<&str>,
        limit: i64,
    ) -> Result<Vec<EventRow>, StoreError> {
        let rows = match name {
            None => self.query(q::EVENT_PAGE, &vals![workspace, profile, before.0, before.1, limit])?,
            Some(name) => {
                self.query(q::EVENT_PAGE_NAMED, &vals![workspace, profile, before.0, before.1, limit, name])?
            }
        };
        rows.into_iter().map(read_event).collect()
    }

    pub fn event(&mut self, workspace: WorkspaceId, event_no: i64) -> Result<Option<EventRow>, StoreError> {
        self.query_opt(q::EVENT_BY_NO, &vals![workspace, event_no])?.map(read_event).transpose()
    }

    pub fn event_count(&mut self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        self.query_opt(q::EVENT_COUNT, &vals![workspace])?.map_or(Ok(0), |row| row.int(0))
    }

    pub fn event_count_named(&mut self, workspace: WorkspaceId, name: &str) -> Result<i64, StoreError> {
        self.query_opt(q::EVENT_COUNT_NAMED, &vals![workspace, name])?.map_or(Ok(0), |row| row.int(0))
    }

    /// How many events came under this message id, whenever: 0 or 1 unless it came again after months.
    pub fn message_id_count(&mut self, workspace: WorkspaceId, message_id: &str) -> Result<i64, StoreError> {
        let key = MessageKey::of(message_id).0.to_vec();
        self.query_opt(q::EVENT_MESSAGE_COUNT, &vals![workspace, key])?.map_or(Ok(0), |row| row.int(0))
    }

    pub fn event_names(&mut self) -> Result<Vec<(WorkspaceId, i64, String)>, StoreError> {
        let read = |mut row: Row| Ok((row.workspace(0)?, row.int(1)?, row.take_text(2)?));
        self.query(q::EVENT_NAMES, &vals![])?.into_iter().map(read).collect()
    }

    pub fn rejections(
        &mut self,
        workspace: WorkspaceId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<RejectionRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(RejectionRow {
                rejection_no: row.int(0)?,
                at: row.at(1)?,
                code: row.take_text(2)?,
                detail: row.take_text(3)?,
                sample: row.take_text(4)?,
            })
        };
        self.query(q::REJECTION_PAGE, &vals![workspace, before, limit])?.into_iter().map(read).collect()
    }

    pub fn products_named(&mut self, of: &[(WorkspaceId, &str)]) -> Result<Vec<Option<Product>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, id)| vals![*workspace, *id]).collect();
        let found = self.query_many(q::PRODUCT_FIND, &params)?;
        found.iter().map(|rows| rows.first().map(|row| read_product(row.text(0)?)).transpose()).collect()
    }

    pub fn product_page(
        &mut self,
        workspace: WorkspaceId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Product>, StoreError> {
        let rows = self.query(q::PRODUCT_PAGE, &vals![workspace, after, limit])?;
        rows.iter().map(|row| read_product(row.text(1)?)).collect()
    }

    pub fn product_count(&mut self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        self.query_opt(q::PRODUCT_COUNT, &vals![workspace])?.map_or(Ok(0), |row| row.int(0))
    }

    pub fn orders_named(
        &mut self,
        of: &[(WorkspaceId, &str, &str)],
    ) -> Result<Vec<Option<OrderRow>>, StoreError> {
        let params: Vec<_> =
            of.iter().map(|(workspace, source, id)| vals![*workspace, *source, *id]).collect();
        let found = self.query_many(q::ORDER_FIND, &params)?;
        let read = |row: &Row| Ok(OrderRow { profile: row.profile(0)?, order: read_order(row.text(1)?)? });
        found.iter().map(|rows| rows.first().map(read).transpose()).collect()
    }

    /// All orders of each profile in brief, oldest first.
    pub fn order_summaries(
        &mut self,
        of: &[(WorkspaceId, ProfileNo)],
    ) -> Result<Vec<Vec<OrderSummary>>, StoreError> {
        let params: Vec<_> = of.iter().map(|(workspace, no)| vals![*workspace, *no]).collect();
        let read = |row: &Row| {
            Ok(OrderSummary {
                source: row.text(0)?.to_owned(),
                order_id: row.text(1)?.to_owned(),
                placed_at: row.at(2)?,
                currency: row.text(3)?.to_owned(),
                net: row.int(4)?,
                refunded: row.int(5)?,
                counts: row.bool(6)?,
                cancelled: row.bool(7)?,
            })
        };
        let found = self.query_many(q::ORDER_SUMMARIES, &params)?;
        found.iter().map(|rows| rows.iter().map(read).collect()).collect()
    }

    /// Orders of one profile, newest first.
    pub fn order_page(
        &mut self,
        workspace: WorkspaceId,
        profile: ProfileNo,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<Order>, StoreError> {
        let rows = self.query(q::ORDER_PAGE, &vals![workspace, profile, limit, skip])?;
        rows.iter().map(|row| read_order(row.text(1)?)).collect()
    }

    /// Orders of all profiles, newest first, those of one instant by source and id; from behind the instant,
    /// source and id of the last one seen.
    pub fn recent_orders(
        &mut self,
        workspace: WorkspaceId,
        behind: (Timestamp, &str, &str),
        limit: i64,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let (at, source, order_id) = behind;
        let rows = self.query(q::ORDER_RECENT, &vals![workspace, at, source, order_id, limit])?;
        let read = |row: &Row| Ok(OrderRow { profile: row.profile(5)?, order: read_order(row.text(1)?)? });
        rows.iter().map(read).collect()
    }

    /// How many orders were placed since the instant, and their revenue net of refunds; a sum beyond the range of
    /// an `i64` is its end.
    pub fn order_count(
        &mut self,
        workspace: WorkspaceId,
        since: Timestamp,
    ) -> Result<(i64, i64), StoreError> {
        let row = self.query_opt(q::ORDER_COUNT, &vals![workspace, since])?;
        row.map_or(Ok((0, 0)), |row| {
            let net = i128::from(row.int(1)?) * 1_000_000 + i128::from(row.int(2)?);
            Ok((row.int(0)?, net.clamp(i64::MIN.into(), i64::MAX.into()) as i64))
        })
    }
}
