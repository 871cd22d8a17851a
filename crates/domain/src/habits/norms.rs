//! What is usual in a shop: learned from everybody, and what a single person's habits are shrunk to.

use crate::btyd::{Customer, Model, WEEK_DAYS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The document that is learned of a shop (kind `hours` of its models). Whatever is missing in it is not known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Norms {
    /// ISO 4217; prices of another currency say nothing.
    pub currency: String,
    /// By the [key](super::key_of) of a category: the unit prices, in minor units, between which its middle third of
    /// lines lies.
    pub prices: BTreeMap<String, (i64, i64)>,
    /// The same over everything that is sold, for lines of other categories.
    pub any_price: Option<(i64, i64)>,
    /// How many purchases have something taken off.
    pub discounts: Option<Share>,
    /// By the key of a category.
    pub replenishment: BTreeMap<String, Gaps>,
    /// By the name of a channel.
    pub reads: BTreeMap<String, Clock>,
}

/// A share of the shop's, and how many own observations outweigh it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Share {
    /// 0 to 1.
    pub share: f64,
    /// As many own observations weigh as much as the shop's share.
    pub strength: f64,
}

/// How long people take between two purchases of a category.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Gaps {
    /// The category as the shop writes it.
    pub name: String,
    /// Of the purchases of this category, each person's days of it their purchases.
    pub model: Model,
    /// Whether most people who bought it once did so again: only then somebody with one purchase is expected back.
    pub returns: bool,
    /// Whether a person's own gaps were found to tell more than the shop's alone.
    pub own: bool,
}

impl Gaps {
    /// The length in days that this share of the next gaps of somebody does not exceed, who had so many gaps that were
    /// so many days long together, and who comes back. `None` where that is further off than can be told.
    pub fn quantile(&self, gaps: u32, days: f64, share: f64) -> Option<f64> {
        let weeks = days / WEEK_DAYS;
        let customer = if self.own { Customer::new(gaps, weeks, weeks) } else { Customer::NEW };
        self.model.next_purchase(&customer, share).map(|weeks| weeks * WEEK_DAYS)
    }
}

/// When people read messages of a channel.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Clock {
    /// By hour of the day from 0 to 23.
    pub hours: Blend,
    /// From Monday to Sunday.
    pub weekdays: Blend,
}

/// How the shop's distribution and a person's own counts make one: `(own + weak * purchases + strength * shop) / total`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Blend {
    /// Of all people; sums to 1.
    pub shop: Vec<f64>,
    /// As many own reads weigh as much as the shop.
    pub strength: f64,
    /// What a purchase at that time weighs beside a read.
    pub purchases: f64,
    /// Whether own reads were found to tell more than the shop's distribution alone.
    pub own: bool,
}

/// The [strength](Blend::strength) where a shop's own cannot be learned yet: about what was measured on public data.
pub const STRENGTH: f64 = 30.0;

impl Blend {
    /// The probabilities for somebody, from what was counted of them; they sum to 1.
    pub fn of(&self, reads: &[f64], purchases: &[f64]) -> Vec<f64> {
        if !self.own {
            return self.shop.clone();
        }
        let at = |counts: &[f64], slot: usize| counts.get(slot).copied().unwrap_or(0.0);
        let weigh = |slot: usize, shop: f64| {
            at(reads, slot) + self.purchases * at(purchases, slot) + self.strength * shop
        };
        let all: Vec<f64> = self.shop.iter().enumerate().map(|(slot, shop)| weigh(slot, *shop)).collect();
        let total: f64 = all.iter().sum();
        if total > 0.0 { all.into_iter().map(|one| one / total).collect() } else { self.shop.clone() }
    }
}
