//! What somebody likes to buy, from what they bought.
//!
//! A purchase loses half its weight in [`HALF_LIFE_DAYS`]. All of a person's purchases lose it at the same pace, so what
//! is asked here (which has most of the weight, what share of it) does not change by time alone, only by purchases.

use super::key_of;
use super::norms::{Norms, Share};
use crate::commerce::{CartLine, Order};
use crate::words::words;
use kit::{DAY_MS, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// After so many days a purchase counts half.
pub const HALF_LIFE_DAYS: f64 = 180.0;
/// Something is a favourite when it was in at least so many purchases.
pub const PURCHASES_MIN: u32 = 2;
/// Favourites that are told of a person.
pub const LISTED_MAX: usize = 5;
/// Lines that a level of prices is told from.
const LINES_MIN: usize = 3;

words! {
    /// In which third of the shop's prices somebody buys.
    PriceLevel { Low = "low", Middle = "middle", High = "high" }
}

/// Something that is bought again and again.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Liked {
    pub name: String,
    /// Purchases that it was in.
    pub purchases: u32,
    /// The share of the person's purchases that it was in, recent ones counting more; 0 to 1.
    pub share: f64,
}

/// What a purchase weighs beside the latest of them.
fn weight(order: &Order, latest: Timestamp) -> f64 {
    let days = latest.since_ms(order.placed_at.0) as f64 / DAY_MS as f64;
    (-days.max(0.0) / HALF_LIFE_DAYS).exp2()
}

fn latest(orders: &[&Order]) -> Timestamp {
    orders.iter().map(|order| order.placed_at.0).max().unwrap_or(Timestamp::MIN)
}

/// What was in at least [`PURCHASES_MIN`] of the purchases, the favourite first.
pub fn liked(orders: &[&Order], of: fn(&CartLine) -> Option<&str>) -> Vec<Liked> {
    struct Held<'a> {
        name: &'a str,
        named_at: Timestamp,
        purchases: u32,
        weight: f64,
    }
    let latest = latest(orders);
    let mut held: BTreeMap<String, Held<'_>> = BTreeMap::new();
    let mut total = 0.0;
    for order in orders {
        let mut named: BTreeMap<String, &str> = BTreeMap::new();
        for line in &order.contents.lines {
            if let Some(name) = of(line).map(str::trim).filter(|name| !name.is_empty() && line.quantity > 0) {
                named.entry(key_of(name)).or_insert(name);
            }
        }
        if named.is_empty() {
            continue;
        }
        let weight = weight(order, latest);
        total += weight;
        let at = order.placed_at.0;
        for (key, name) in named {
            let slot = held.entry(key).or_insert(Held { name, named_at: at, purchases: 0, weight: 0.0 });
            slot.purchases += 1;
            slot.weight += weight;
            // The spelling of the latest purchase; of two at one instant the first by alphabet.
            if at > slot.named_at || (at == slot.named_at && name < slot.name) {
                (slot.name, slot.named_at) = (name, at);
            }
        }
    }
    let mut found: Vec<(String, Held<'_>)> =
        held.into_iter().filter(|(_, held)| held.purchases >= PURCHASES_MIN).collect();
    found.sort_by(|(key, a), (other, b)| {
        b.weight.total_cmp(&a.weight).then(b.named_at.cmp(&a.named_at)).then(key.cmp(other))
    });
    found.truncate(LISTED_MAX);
    let told = |(_, held): (String, Held<'_>)| Liked {
        name: held.name.to_owned(),
        purchases: held.purchases,
        share: (held.weight / total).clamp(0.0, 1.0),
    };
    found.into_iter().map(told).collect()
}

/// In which third of the shop's prices somebody buys, each line compared with its own category; eased by one line of
/// the middle. `None` with fewer than three lines or two purchases.
pub fn price_level(orders: &[&Order], norms: &Norms) -> Option<PriceLevel> {
    let latest = latest(orders);
    let (mut sum, mut total, mut lines, mut purchases) = (0.0, 0.0, 0, 0);
    for order in orders.iter().filter(|order| order.currency == norms.currency) {
        let weight = weight(order, latest);
        let before = lines;
        for line in order.contents.lines.iter().filter(|line| line.price > 0 && line.quantity > 0) {
            let own = line.category.as_deref().and_then(|category| norms.prices.get(&key_of(category)));
            let Some((low, high)) = own.or(norms.any_price.as_ref()) else { continue };
            let level = f64::from(u8::from(line.price > *low)) + f64::from(u8::from(line.price > *high));
            sum += weight * level;
            total += weight;
            lines += 1;
        }
        purchases += u32::from(lines > before);
    }
    if lines < LINES_MIN || purchases < PURCHASES_MIN {
        return None;
    }
    Some(match (sum + 1.0) / (total + 1.0) {
        mean if mean < 2.0 / 3.0 => PriceLevel::Low,
        mean if mean > 4.0 / 3.0 => PriceLevel::High,
        _ => PriceLevel::Middle,
    })
}

/// Whether something was taken off a purchase.
pub fn is_discounted(order: &Order) -> bool {
    let contents = &order.contents;
    let told = |coupon: &Option<String>| coupon.as_deref().is_some_and(|coupon| !coupon.trim().is_empty());
    contents.discount.is_some_and(|discount| discount > 0)
        || told(&contents.coupon)
        || contents.lines.iter().any(|line| line.discount > 0 || told(&line.coupon))
}

/// The share of somebody's purchases with something taken off, 0 to 1, shrunk to the shop's. `None` without a purchase,
/// and where the shop takes off nothing or always something.
pub fn discount_affinity(orders: &[&Order], shop: Share) -> Option<f64> {
    if orders.is_empty() || !(shop.share > 0.0 && shop.share < 1.0) {
        return None;
    }
    let latest = latest(orders);
    let (mut taken, mut total) = (0.0, 0.0);
    for order in orders {
        let weight = weight(order, latest);
        total += weight;
        taken += weight * f64::from(u8::from(is_discounted(order)));
    }
    Some(((taken + shop.strength * shop.share) / (total + shop.strength)).clamp(0.0, 1.0))
        .filter(|share| share.is_finite())
}
