//! When somebody needs a thing again.

use super::key_of;
use super::norms::Norms;
use crate::commerce::{Day, Order, day_of};
use crate::local_time::Zone;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Once so many of those who come back at all would have come back, somebody is no longer expected.
pub const LATE: f64 = 0.95;
/// Nobody is expected later than this after their purchase, in days.
pub const AHEAD_DAYS_MAX: f64 = 1_096.0;

/// The next purchase of a category that is expected of somebody.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Due {
    pub category: String,
    /// Days on which it was bought.
    pub purchases: u32,
    /// The day by which half of the people like this one would have bought it again.
    pub due: Day,
    /// 80 % of them buy between these.
    pub low: Day,
    pub high: Day,
    /// From this day on it is not expected any more.
    pub over: Day,
}

/// The days on which each category was bought, by its key.
pub fn days_by_category(orders: &[&Order], zone: &Zone) -> BTreeMap<String, BTreeSet<Day>> {
    let mut found: BTreeMap<String, BTreeSet<Day>> = BTreeMap::new();
    for order in orders {
        let mut day = None;
        for line in order.contents.lines.iter().filter(|line| line.quantity > 0) {
            if let Some(category) = line.category.as_deref().filter(|name| !name.trim().is_empty()) {
                let day = *day.get_or_insert_with(|| day_of(order.placed_at.0, zone));
                found.entry(key_of(category)).or_default().insert(day);
            }
        }
    }
    found
}

/// What somebody is expected to buy again, whether due or over by now, by the key of its category. Days are those of
/// the shop's calendar.
pub fn dues(orders: &[&Order], norms: &Norms, zone: &Zone) -> BTreeMap<String, Due> {
    let mut found = BTreeMap::new();
    for (key, days) in days_by_category(orders, zone) {
        let Some(shop) = norms.replenishment.get(&key) else { continue };
        let days: Vec<Day> = days.into_iter().collect();
        let (Some(first), Some(last)) = (days.first(), days.last()) else { continue };
        let gaps = u32::try_from(days.len() - 1).unwrap_or(u32::MAX);
        if gaps == 0 && !shop.returns {
            continue;
        }
        let days = f64::from(last - first);
        let after = |share: f64| shop.quantile(gaps, days, share).filter(|days| *days <= AHEAD_DAYS_MAX);
        let (Some(half), Some(low)) = (after(0.5), after(0.1)) else { continue };
        let (high, over) = (after(0.9).unwrap_or(AHEAD_DAYS_MAX), after(LATE).unwrap_or(AHEAD_DAYS_MAX));
        let day = |days: f64| -> Day { last.saturating_add(days.round().clamp(1.0, AHEAD_DAYS_MAX) as Day) };
        let due = Due {
            category: shop.name.clone(),
            purchases: gaps.saturating_add(1),
            due: day(half),
            low: day(low),
            high: day(high),
            over: day(over).saturating_add(1),
        };
        found.insert(key, due);
    }
    found
}
