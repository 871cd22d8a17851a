use super::cart::CartLine;
use super::purchases::PurchaseHistory;
use crate::local_time::Zone;
use crate::profile::Ms;
use kit::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One order of one source, whatever number of messages told of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Order {
    pub source: String,
    pub order_id: String,
    /// When it was placed; the first that was heard of it where nothing said so.
    pub placed_at: Ms,
    /// Whether `placed_at` was told rather than assumed.
    #[serde(default)]
    pub placed_known: bool,
    pub currency: String,
    #[serde(default)]
    pub contents: Contents,
    /// The instant of the message that told the contents.
    pub contents_at: Ms,
    /// Oldest first.
    #[serde(default)]
    pub history: Vec<StatusChange>,
    #[serde(default)]
    pub refunds: Vec<Refund>,
}

/// What was ordered and what it cost. `None`: not told.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Contents {
    #[serde(default)]
    pub lines: Vec<CartLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<i64>,
    /// What the goods cost the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
    /// Without shipping and tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue: Option<i64>,
    /// All that the customer pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct StatusChange {
    pub at: Ms,
    pub status: String,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Refund {
    pub at: Ms,
    /// The shop's id of the refund, else the id of the message that told it: the same one counts once.
    pub refund_id: String,
    /// `None`: all of it.
    pub amount: Option<i64>,
}

/// The word for a status, from the words of shops: `placed`, `paid`, `packed`, `shipped`, `delivered`,
/// `completed`, `cancelled`, `returned`; another word stays as it is, in lower case.
pub fn order_status(told: &str) -> String {
    let told = told.trim().to_lowercase().replace([' ', '-'], "_");
    match told.as_str() {
        "" | "new" | "created" | "pending" | "placed" | "open" | "unpaid" | "on_hold" => "placed".into(),
        "confirmed" | "processing" | "processed" | "authorized" => "confirmed".into(),
        "paid" | "payment_received" => "paid".into(),
        "packing" | "packed" | "ready_to_ship" | "awaiting_shipment" => "packed".into(),
        "shipping" | "shipped" | "fulfilled" | "in_transit" | "out_for_delivery" => "shipped".into(),
        "delivered" | "received" => "delivered".into(),
        "success" | "complete" | "completed" | "closed" => "completed".into(),
        "canceled" | "cancelled" | "voided" | "failed" => "cancelled".into(),
        "returned" | "refunded" => "returned".into(),
        _ => told,
    }
}

/// An amount as conditions and templates see it: in the currency's own unit (đồng, dollars).
pub fn in_units(minor: i64, currency: Currency) -> Value {
    match currency.exponent() {
        0 => json!(minor),
        _ => json!(Money { minor, currency }.to_f64()),
    }
}

/// What one message says of an order; `None` is silence.
#[derive(Clone, PartialEq, Debug)]
pub struct OrderPatch {
    pub source: String,
    pub order_id: String,
    pub at: Timestamp,
    pub placed_at: Option<Timestamp>,
    pub currency: Option<String>,
    pub status: Option<String>,
    pub contents: Option<Contents>,
    pub refunds: Vec<Refund>,
}

/// Statuses and refunds that one order keeps.
const HISTORY_MAX: usize = 200;

impl Order {
    pub fn new(patch: &OrderPatch, shop_currency: &str) -> Order {
        let mut order = Order {
            source: patch.source.clone(),
            order_id: patch.order_id.clone(),
            placed_at: patch.at.into(),
            placed_known: false,
            currency: patch.currency.clone().unwrap_or_else(|| shop_currency.to_owned()),
            contents: Contents::default(),
            contents_at: Ms(Timestamp::MIN),
            history: Vec::new(),
            refunds: Vec::new(),
        };
        order.apply(patch);
        order
    }

    /// Folds in one message. The result is the same in whatever order messages arrive, and a message that is
    /// repeated changes nothing. Returns whether anything changed.
    pub fn apply(&mut self, patch: &OrderPatch) -> bool {
        let before = self.clone();
        match patch.placed_at {
            Some(at) if !self.placed_known || self.placed_at.0 > at => {
                self.placed_at = at.into();
                self.placed_known = true;
            }
            None if !self.placed_known => self.placed_at = self.placed_at.min(patch.at.into()),
            _ => {}
        }
        if let Some(contents) = &patch.contents
            && patch.at >= self.contents_at.0
        {
            let told = contents.clone();
            let held = std::mem::take(&mut self.contents);
            self.contents = Contents {
                lines: if told.lines.is_empty() { held.lines } else { told.lines },
                subtotal: told.subtotal.or(held.subtotal),
                discount: told.discount.or(held.discount),
                shipping: told.shipping.or(held.shipping),
                tax: told.tax.or(held.tax),
                cost: told.cost.or(held.cost),
                revenue: told.revenue.or(held.revenue),
                total: told.total.or(held.total),
                coupon: told.coupon.or(held.coupon),
            };
            self.contents_at = patch.at.into();
            if let Some(currency) = &patch.currency {
                self.currency.clone_from(currency);
            }
        }
        if let Some(status) = &patch.status {
            let change = StatusChange { at: patch.at.into(), status: status.clone() };
            if let Err(at) = self.history.binary_search(&change)
                && self.history.len() < HISTORY_MAX
            {
                self.history.insert(at, change);
            }
        }
        for refund in &patch.refunds {
            if !self.refunds.iter().any(|held| held.refund_id == refund.refund_id)
                && self.refunds.len() < HISTORY_MAX
            {
                self.refunds.push(refund.clone());
                self.refunds.sort();
            }
        }
        *self != before
    }

    /// The latest status; `placed` while none was told.
    pub fn status(&self) -> &str {
        self.history.last().map_or("placed", |change| change.status.as_str())
    }

    pub fn is_cancelled(&self) -> bool {
        self.status() == "cancelled"
    }

    /// What counts as earned before refunds: the revenue told, else the total, else the sum of the lines.
    pub fn gross(&self) -> i64 {
        let lines = || self.contents.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.total()));
        self.contents.revenue.or(self.contents.total).unwrap_or_else(lines)
    }

    /// What was paid back, at most what was paid. A refund that names no amount gives all back.
    pub fn refunded(&self) -> i64 {
        let paid = self.contents.total.unwrap_or_else(|| self.gross()).max(self.gross());
        let told =
            self.refunds.iter().fold(0i64, |sum, refund| sum.saturating_add(refund.amount.unwrap_or(paid)));
        let returned = if self.status() == "returned" && self.refunds.is_empty() { paid } else { 0 };
        told.saturating_add(returned).min(paid)
    }

    /// Revenue that stays: none of a cancelled order, else what is left after refunds.
    pub fn net(&self) -> i64 {
        if self.is_cancelled() { 0 } else { (self.gross() - self.refunded()).max(0) }
    }

    /// Neither cancelled nor wholly given back.
    pub fn counts(&self) -> bool {
        !self.is_cancelled() && (self.refunded() <= 0 || self.net() > 0)
    }

    pub fn summary(&self) -> OrderSummary {
        let given_back = self.refunded();
        OrderSummary {
            source: self.source.clone(),
            order_id: self.order_id.clone(),
            placed_at: self.placed_at.0,
            currency: self.currency.clone(),
            net: self.net(),
            refunded: if self.is_cancelled() { 0 } else { given_back },
            counts: self.counts(),
            cancelled: self.is_cancelled(),
        }
    }
}

/// What a profile's totals need to know of one order.
#[derive(Clone, PartialEq, Debug)]
pub struct OrderSummary {
    pub source: String,
    pub order_id: String,
    pub placed_at: Timestamp,
    pub currency: String,
    pub net: i64,
    pub refunded: i64,
    /// Neither cancelled nor wholly refunded.
    pub counts: bool,
    pub cancelled: bool,
}

/// A profile's orders in sum, net of refunds, in the workspace's currency. Orders in another currency count as
/// orders; their money is not added to a sum of another unit.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct OrderTotals {
    #[serde(default)]
    pub orders: u32,
    #[serde(default)]
    pub revenue: i64,
    #[serde(default)]
    pub refunded: i64,
    #[serde(default)]
    pub cancelled: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Ms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Ms>,
    /// By the day of the shop's calendar; `None` without a purchase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<PurchaseHistory>,
}

impl OrderTotals {
    pub fn of<'a>(
        orders: impl IntoIterator<Item = &'a OrderSummary, IntoIter: Clone>,
        currency: &str,
        zone: &Zone,
    ) -> OrderTotals {
        let orders = orders.into_iter();
        let history = PurchaseHistory::of(orders.clone(), currency, zone);
        let mut totals = OrderTotals { history, ..OrderTotals::default() };
        for order in orders {
            totals.cancelled += u32::from(order.cancelled);
            if order.currency == currency {
                totals.revenue = totals.revenue.saturating_add(order.net);
                totals.refunded = totals.refunded.saturating_add(order.refunded);
            }
            if order.counts {
                totals.orders += 1;
                let placed = Ms(order.placed_at);
                totals.first_at = Some(totals.first_at.map_or(placed, |first| first.min(placed)));
                totals.last_at = Some(totals.last_at.map_or(placed, |last| last.max(placed)));
            }
        }
        totals
    }

    /// Average order value, rounded down to the minor unit; `None` without orders.
    pub fn average(&self) -> Option<i64> {
        (self.orders > 0).then(|| self.revenue / i64::from(self.orders))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patch(at: i64) -> OrderPatch {
        OrderPatch {
            source: "site".into(),
            order_id: "D1".into(),
            at: Timestamp::from_ms(at),
            placed_at: None,
            currency: None,
            status: None,
            contents: None,
            refunds: vec![],
        }
    }

    fn completed(at: i64, total: i64) -> OrderPatch {
        OrderPatch {
            placed_at: Some(Timestamp::from_ms(at)),
            status: Some("placed".into()),
            contents: Some(Contents { total: Some(total), ..Contents::default() }),
            ..patch(at)
        }
    }

    fn refund(at: i64, id: &str, amount: Option<i64>) -> OrderPatch {
        OrderPatch {
            refunds: vec![Refund { at: Ms::from_ms(at), refund_id: id.into(), amount }],
            ..patch(at)
        }
    }

    #[test]
    fn money_is_net_of_refunds_and_cancellations() {
        let check = |patches: &[OrderPatch], net: i64, counts: bool| {
            let mut order = Order::new(&patches[0], "VND");
            patches.iter().for_each(|patch| {
                order.apply(patch);
            });
            let summary = order.summary();
            assert_eq!((summary.net, summary.counts), (net, counts), "{patches:?}");
        };
        check(&[completed(1, 500_000)], 500_000, true);
        check(&[completed(1, 500_000), refund(2, "r1", Some(100_000))], 400_000, true);
        check(&[refund(2, "r1", Some(100_000)), completed(1, 500_000)], 400_000, true);
        check(
            &[completed(1, 500_000), refund(2, "r1", Some(100_000)), refund(3, "r2", Some(100_000))],
            300_000,
            true,
        );
        check(&[completed(1, 500_000), refund(2, "r1", None)], 0, false);
        check(&[completed(1, 500_000), refund(2, "r1", Some(900_000))], 0, false);
        check(
            &[completed(1, 500_000), OrderPatch { status: Some("cancelled".into()), ..patch(5) }],
            0,
            false,
        );
        check(&[completed(1, 0)], 0, true);
    }

    proptest! {
        #[test]
        fn order_and_repetition_of_messages_do_not_matter(
            seed in proptest::collection::vec((0..5u8, 1..6i64), 1..8),
            shuffle in any::<prop::sample::Index>(),
        ) {
            // Distinct instants: two tellings of the contents at one instant have no order to respect.
            let patches: Vec<OrderPatch> = seed.iter().enumerate().map(|(n, (kind, amount))| {
                let at = 10 + n as i64;
                match kind {
                    0 | 1 => completed(at, amount * 1_000),
                    2 => refund(at, &format!("r{amount}"), Some(100)),
                    3 => OrderPatch { status: Some("shipped".into()), ..patch(at) },
                    _ => OrderPatch { status: Some("cancelled".into()), ..patch(at) },
                }
            }).collect();
            let fold = |list: &[OrderPatch]| {
                let mut order = Order::new(&list[0], "VND");
                for patch in list { order.apply(patch); }
                for patch in list { order.apply(patch); }
                (order.net(), order.placed_at, order.status().to_owned(), order.refunds.len())
            };
            let mut other = patches.clone();
            let at = shuffle.index(other.len());
            other.rotate_left(at);
            prop_assert_eq!(fold(&patches), fold(&other));
        }
    }
}
