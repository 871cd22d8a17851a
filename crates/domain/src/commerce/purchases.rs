//! When a customer bought, as the models of buying read it.

use super::OrderSummary;
use crate::local_time::{Zone, local_date};
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A day of the shop's calendar, counted from 1970-01-01.
pub type Day = i32;

/// Purchases that are kept day by day; of earlier ones only sums are.
pub const LATEST_MAX: usize = 8;

/// The day on the shop's calendar.
pub fn day_of(at: Timestamp, zone: &Zone) -> Day {
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    local_date(at, zone).since(epoch).map_or(0, |span| span.get_days())
}

/// The days on which a customer bought something and kept it, each once: orders of one day are one purchase.
///
/// Orders that were cancelled or wholly given back are not there. What was paid is net of refunds and in the
/// shop's currency; purchases in another one count as purchases without an amount.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PurchaseHistory {
    /// The first day.
    #[serde(rename = "f")]
    pub first: Day,
    /// How many days.
    #[serde(rename = "n")]
    pub days: u32,
    /// The last [`LATEST_MAX`] of the days, ascending, the newest last. Never empty.
    #[serde(rename = "l")]
    pub latest: Vec<Day>,
    /// The sum over all gaps between neighbouring days of the natural logarithm of their length in days.
    #[serde(rename = "g")]
    pub ln_gaps: f64,
    /// On how many of the days something was paid in the shop's currency.
    #[serde(rename = "p")]
    pub paid_days: u32,
    /// What was paid on them together, in minor units.
    #[serde(rename = "v")]
    pub paid: i64,
}

impl PurchaseHistory {
    /// `None` for who never bought anything.
    pub fn of<'a>(
        orders: impl IntoIterator<Item = &'a OrderSummary>,
        currency: &str,
        zone: &Zone,
    ) -> Option<PurchaseHistory> {
        let counting = orders.into_iter().filter(|order| order.counts);
        PurchaseHistory::of_days(counting.map(|order| {
            let paid = if order.currency == currency { order.net } else { 0 };
            (day_of(order.placed_at, zone), paid)
        }))
    }

    /// Of purchases by day, in any order, with what was paid in minor units; those of one day are one.
    pub fn of_days(purchases: impl IntoIterator<Item = (Day, i64)>) -> Option<PurchaseHistory> {
        let mut by_day: BTreeMap<Day, i64> = BTreeMap::new();
        for (day, paid) in purchases {
            let held = by_day.entry(day).or_default();
            *held = held.saturating_add(paid);
        }
        let days: Vec<Day> = by_day.keys().copied().collect();
        let paid = by_day.values().filter(|paid| **paid > 0);
        Some(PurchaseHistory {
            first: *days.first()?,
            days: u32::try_from(days.len()).unwrap_or(u32::MAX),
            ln_gaps: days.windows(2).map(|pair| f64::from(pair[1] - pair[0]).ln()).sum(),
            paid_days: u32::try_from(paid.clone().count()).unwrap_or(u32::MAX),
            paid: paid.fold(0, |sum: i64, paid| sum.saturating_add(*paid)),
            latest: days[days.len().saturating_sub(LATEST_MAX)..].to_vec(),
        })
    }

    /// The day of the newest purchase.
    pub fn last(&self) -> Day {
        self.latest.last().copied().unwrap_or(self.first)
    }

    /// Purchases after the first.
    pub fn repeats(&self) -> u32 {
        self.days.saturating_sub(1)
    }

    /// Mean of what was paid a purchase day in minor units, over the days on which something was.
    pub fn mean_paid(&self) -> Option<f64> {
        (self.paid_days > 0).then(|| self.paid as f64 / f64::from(self.paid_days))
    }

    /// Mean length of the gaps between purchases in days; `None` before the second purchase.
    pub fn mean_gap(&self) -> Option<f64> {
        (self.days > 1).then(|| f64::from(self.last() - self.first) / f64::from(self.days - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(at_ms: i64, net: i64, currency: &str, counts: bool) -> OrderSummary {
        OrderSummary {
            source: "site".into(),
            order_id: at_ms.to_string(),
            placed_at: Timestamp::from_ms(at_ms),
            currency: currency.into(),
            net,
            refunded: 0,
            counts,
            cancelled: !counts,
        }
    }

    #[test]
    fn orders_of_one_day_are_one_purchase_on_the_shops_calendar() {
        let (day, half_hour) = (20_000, 1_800_000);
        let at = |half_hours: i64| i64::from(day) * 48 * half_hour + half_hours * half_hour;
        // 16:30 and 17:30 UTC are two days in Hanoi.
        let orders = [
            order(at(33), 100, "VND", true),
            order(at(35), 250, "VND", true),
            order(at(36), 50, "VND", true),
            order(at(480), 900, "USD", true),
            order(at(960), 900, "VND", false),
        ];
        let held = PurchaseHistory::of(&orders, "VND", &Zone::vietnam()).expect("bought");
        assert_eq!((held.first, held.days, held.latest.as_slice()), (day, 3, &[day, day + 1, day + 10][..]));
        assert_eq!((held.paid_days, held.paid, held.repeats()), (2, 400, 2));
        assert!((held.ln_gaps - 9f64.ln()).abs() < 1e-12);
        assert_eq!((held.mean_gap(), held.mean_paid()), (Some(5.0), Some(200.0)));
    }

    #[test]
    fn who_kept_nothing_has_no_history() {
        assert_eq!(PurchaseHistory::of(&[order(0, 0, "VND", false)], "VND", &Zone::vietnam()), None);
        assert_eq!(PurchaseHistory::of_days([]), None);
    }

    #[test]
    fn only_the_latest_days_are_kept_one_by_one() {
        let held = PurchaseHistory::of_days((0..1_000).map(|n| (n * 3, 7))).expect("bought");
        assert_eq!((held.days, held.latest.len(), held.last(), held.paid), (1_000, LATEST_MAX, 2_997, 7_000));
        assert!((held.ln_gaps - 999.0 * 3f64.ln()).abs() < 1e-9);
    }
}
