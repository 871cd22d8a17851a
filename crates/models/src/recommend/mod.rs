//! What somebody may like, from what everybody bought and looked at.
//!
//! [`Recommender`] is live: it takes one [`Interaction`] after the other and answers at once from what it holds.
//! What a customer may like next is asked of a [`Taste`], which is learned from time to time (which method, says a
//! test on the shop's own past) and works on the customer's present history, so that it is live as well.
//!
//! Ids of customers and items are the caller's own small numbers. Nothing here reads a clock; instants are
//! milliseconds since 1970, as `kit::Timestamp::ms` gives them.

mod als;
mod beside;
mod choose;
mod content;
mod counters;
mod ease;
mod live;
mod matrix;
mod people;
mod rank;
pub mod standalone;
mod taste;
mod together;
mod trial;

pub use beside::Nearness;
pub use choose::{Choice, Chosen, NAIVE, Report, Tried, choose, choose_while};
pub use live::Recommender;
pub use people::Past;
pub use rank::{Rail, Weights};
pub use taste::{Ground, Kin, Method, Recipe, Taste};
pub use trial::{Case, HoldOut, Measures, Split};

use serde::{Deserialize, Serialize};

/// What a customer did with an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    View,
    Cart,
    Purchase,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::View, Kind::Cart, Kind::Purchase];

    /// How much it tells beside a purchase. Judgement, not measured: about one cart in three and one view in
    /// twenty ends in a purchase.
    pub const fn strength(self) -> f32 {
        match self {
            Kind::View => 0.1,
            Kind::Cart => 0.4,
            Kind::Purchase => 1.0,
        }
    }
}

/// One thing that a customer did with one item.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interaction {
    pub customer: u32,
    pub item: u32,
    /// Milliseconds since 1970; `None` where nobody knows.
    pub at: Option<i64>,
    /// Usually 1. A negative purchase is a return and takes one purchase back; what is no number counts as 1.
    pub weight: f32,
    pub kind: Kind,
}

/// An item of the catalogue; its number is its place in the list.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Item {
    pub title: String,
    pub category: Option<String>,
    pub brand: Option<String>,
    /// Minor units of the shop's currency.
    pub price: Option<i64>,
    /// When it came into the catalogue, milliseconds since 1970.
    pub created: Option<i64>,
}

/// An item for somebody.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Scored {
    pub item: u32,
    /// Higher is better; finite; comparable within one answer only.
    pub score: f32,
    pub why: Why,
}

/// Why an item is in an answer.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Why {
    /// `customers` bought this one and `item`; 0 where the method does not count them.
    BoughtWith { item: u32, customers: u32 },
    /// `customers` looked at (or put into the cart) this one and `item`.
    ViewedWith { item: u32, customers: u32 },
    /// Its title, category, brand and price are like those of `item`.
    SimilarTo { item: u32 },
    /// `last` in milliseconds since 1970, where known.
    YouBoughtBefore { times: u32, last: Option<i64> },
    /// Looked at or put into the cart, and not bought.
    YouWanted { kind: Kind, last: Option<i64> },
    /// Bought much lately by everybody.
    PopularNow,
    /// Bought much lately by the customers that were named.
    PopularInSegment,
    /// Bought more lately than usually.
    Trending,
    /// Popular in the category of `item`.
    SameCategory { item: u32 },
    /// Came into the catalogue lately.
    New,
}

/// What an answer may hold.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub limit: usize,
    /// Items that may be in the answer; asked for few more than `limit` of them.
    pub allowed: &'a dyn Fn(u32) -> bool,
}

impl<'a> Ask<'a> {
    pub fn new(limit: usize, allowed: &'a dyn Fn(u32) -> bool) -> Ask<'a> {
        Ask { limit, allowed }
    }

    /// Anything.
    pub fn any(limit: usize) -> Ask<'static> {
        Ask { limit, allowed: &|_| true }
    }
}

/// Limits and half-lives.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Items that are kept of one customer, the latest; more would be a robot's or a reseller's.
    pub items_per_customer: usize,
    /// Customers of one item that are looked through for what else they took, the latest.
    pub customers_per_item: usize,
    /// Items that are kept beside each item.
    pub neighbours: usize,
    /// Items that only so many customers share are weighed down: `n / (n + shrinkage)`.
    pub shrinkage: f32,
    /// Days after which a purchase counts half for buying again.
    pub again_half_life: f32,
    /// Days after which a purchase counts half for what is popular.
    pub popular_half_life: f32,
    /// Items that EASE looks at, those with the most customers: 12 bytes each pair of them while it is learned.
    pub ease_items: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            items_per_customer: 500,
            customers_per_item: 2_000,
            neighbours: 50,
            shrinkage: 3.0,
            again_half_life: 60.0,
            popular_half_life: 30.0,
            ease_items: 6_000,
        }
    }
}

/// The `limit` best, best first; equal scores by item, so that the same input gives the same answer.
pub(crate) fn best(mut found: Vec<Scored>, limit: usize) -> Vec<Scored> {
    found.retain(|scored| scored.score.is_finite());
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item));
    if found.len() > limit && limit > 0 {
        found.select_nth_unstable_by(limit - 1, order);
    }
    found.truncate(limit);
    found.sort_unstable_by(order);
    found
}
