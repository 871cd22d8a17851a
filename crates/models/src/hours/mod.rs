//! What is usual in a shop: prices by category, how often something is taken off, how soon things are bought again, when
//! people read. One pass over the people fills a [`Learner`]; what it learned is the document [`Norms`], to which
//! `domain::habits` shrinks what is known of one person.

mod clock;
mod gaps;

use domain::commerce::{Day, Order};
use domain::condition::PastMessage;
use domain::habits::{ANY_CHANNEL, Norms, STRENGTH, Share, is_discounted, key_of, read_at, slots};
use domain::local_time::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use clock::{ClockReport, SlotReport};
pub use gaps::{CategoryReport, GapReport};

/// Lines of a category below which its prices are not cut into thirds.
const LINES_MIN: usize = 30;
/// Orders below which the share of discounts is not told.
const ORDERS_MIN: u64 = 100;
/// Prices of a category and people of a clock that are kept at most.
const PRICES_MAX: usize = 20_000;
/// Categories that are learned of at most, the most sold first.
const CATEGORIES_MAX: usize = 300;

/// One person's past, as it is learned from.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// A number that has nothing to do with what they did: it decides which half of the people they are in.
    pub number: u64,
    pub orders: &'a [Order],
    pub messages: &'a [PastMessage],
    /// The person's own.
    pub zone: &'a Zone,
}

/// How often something is taken off, and how much people differ in it.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct DiscountReport {
    pub orders: u64,
    pub share: f64,
    pub strength: f64,
    /// Log-loss of whether the latest purchase of somebody was discounted: by the shop's share alone, by their own share
    /// of the earlier ones, and by the two blended.
    pub shop: Option<f64>,
    pub own: Option<f64>,
    pub shrunk: Option<f64>,
    pub judged: u64,
}

/// What was learned and how good it is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    pub people: u64,
    pub orders: u64,
    pub reads: u64,
    /// Categories whose prices were cut into thirds.
    pub priced_categories: usize,
    pub discounts: Option<DiscountReport>,
    pub replenishment: GapReport,
    pub clocks: Vec<ClockReport>,
}

/// Purchases of one category: the prices, and the days on which each person bought.
#[derive(Default)]
struct Category {
    name: String,
    lines: u64,
    prices: Vec<i64>,
    people: Vec<(u64, Vec<Day>)>,
}

/// Purchases of one person in sequence: discounted or not.
type Taken = Vec<bool>;

/// Gathers what is usual, person by person. The order of the people does not matter as long as all are kept.
pub struct Learner {
    currency: String,
    zone: Zone,
    today: Day,
    report: Report,
    categories: BTreeMap<String, Category>,
    any_price: Vec<i64>,
    taken: Vec<Taken>,
    clocks: clock::Clocks,
}

impl Learner {
    /// Of a shop with this currency and zone, on a day of its calendar.
    pub fn new(currency: &str, zone: &Zone, today: Day) -> Learner {
        Learner {
            currency: currency.to_owned(),
            zone: zone.clone(),
            today,
            report: Report::default(),
            categories: BTreeMap::new(),
            any_price: Vec::new(),
            taken: Vec::new(),
            clocks: clock::Clocks::default(),
        }
    }

    pub fn take(&mut self, person: &Person<'_>) {
        let mut orders: Vec<&Order> = person.orders.iter().filter(|order| order.counts()).collect();
        orders.sort_by(|a, b| (a.placed_at, &a.order_id).cmp(&(b.placed_at, &b.order_id)));
        self.report.people += 1;
        self.report.orders += orders.len() as u64;
        for order in &orders {
            self.take_prices(order);
        }
        if !orders.is_empty() {
            self.taken.push(orders.iter().map(|order| is_discounted(order)).collect());
        }
        for (key, days) in domain::habits::days_by_category(&orders, &self.zone) {
            let category = self.categories.entry(key).or_default();
            category
                .people
                .push((person.number, days.into_iter().filter(|day| *day <= self.today).collect()));
        }
        let bought: Vec<_> =
            orders.iter().map(|order| (order.placed_at.0, slots(order.placed_at.0, person.zone))).collect();
        let mut reads: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for message in person.messages {
            if let Some(at) = read_at(message) {
                reads.entry(&message.channel).or_default().push((at, slots(at, person.zone)));
            }
        }
        let any: Vec<_> = reads.values().flatten().copied().collect();
        self.report.reads += any.len() as u64;
        if !any.is_empty() {
            reads.insert(ANY_CHANNEL, any);
        }
        for (channel, mut reads) in reads {
            reads.sort_unstable();
            self.clocks.take(channel, person.number, &reads, &bought);
        }
    }

    fn take_prices(&mut self, order: &Order) {
        for line in order.contents.lines.iter().filter(|line| line.quantity > 0) {
            let is_priced = line.price > 0 && order.currency == self.currency;
            if is_priced && self.any_price.len() < 10 * PRICES_MAX {
                self.any_price.push(line.price);
            }
            let Some(name) = line.category.as_deref().map(str::trim).filter(|name| !name.is_empty()) else {
                continue;
            };
            let category = self.categories.entry(key_of(name)).or_default();
            category.lines += 1;
            // Of several spellings the first by alphabet, so that the order of people does not matter.
            if category.name.is_empty() || name < category.name.as_str() {
                name.clone_into(&mut category.name);
            }
            if is_priced && category.prices.len() < PRICES_MAX {
                category.prices.push(line.price);
            }
        }
    }

    /// What was learned, and how good it is.
    pub fn finish(mut self) -> (Norms, Report) {
        let mut norms = Norms { currency: self.currency.clone(), ..Norms::default() };
        norms.any_price = thirds(&mut self.any_price);
        let mut categories: Vec<(String, Category)> =
            std::mem::take(&mut self.categories).into_iter().collect();
        categories.sort_by(|(a, one), (b, other)| other.lines.cmp(&one.lines).then(a.cmp(b)));
        categories.truncate(CATEGORIES_MAX);
        for (key, category) in &mut categories {
            if let Some(cuts) = thirds(&mut category.prices) {
                norms.prices.insert(key.clone(), cuts);
            }
        }
        self.report.priced_categories = norms.prices.len();
        if let Some(told) = discounts(&self.taken) {
            norms.discounts = Some(Share { share: told.share, strength: told.strength });
            self.report.discounts = Some(told);
        }
        let people = categories.into_iter().map(|(key, category)| (key, category.name, category.people));
        let (replenishment, report) = gaps::learn(people, self.today);
        norms.replenishment = replenishment;
        self.report.replenishment = report;
        let (reads, report) = self.clocks.learn();
        norms.reads = reads;
        self.report.clocks = report;
        (norms, self.report)
    }
}

/// Whether the document holds anything that is not there without it.
pub fn is_worth_serving(norms: &Norms) -> bool {
    norms.any_price.is_some()
        || norms.discounts.is_some()
        || !norms.replenishment.is_empty()
        || !norms.reads.is_empty()
}

/// Up to where the lower and the middle third of prices go.
fn thirds(prices: &mut [i64]) -> Option<(i64, i64)> {
    if prices.len() < LINES_MIN {
        return None;
    }
    prices.sort_unstable();
    let at = |place: usize| prices[(prices.len() * place / 3).saturating_sub(1)];
    Some((at(1), at(2)))
}

/// Strengths that are tried.
pub(crate) const STRENGTHS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

fn discounts(taken: &[Taken]) -> Option<DiscountReport> {
    let orders: u64 = taken.iter().map(|taken| taken.len() as u64).sum();
    let discounted: u64 = taken.iter().flatten().filter(|taken| **taken).count() as u64;
    if orders < ORDERS_MIN {
        return None;
    }
    let share = discounted as f64 / orders as f64;
    let mut report = DiscountReport { orders, share, strength: STRENGTH, ..DiscountReport::default() };
    let loss = |p: f64, came: bool| {
        let p = p.clamp(1e-6, 1.0 - 1e-6);
        -(if came { p } else { 1.0 - p }).ln()
    };
    // The latest purchase of each person, forecast from the earlier ones.
    let mut judged: Vec<(f64, f64, bool)> = taken
        .iter()
        .filter(|taken| taken.len() > 1)
        .filter_map(|taken| {
            let (latest, before) = taken.split_last()?;
            Some((before.iter().filter(|one| **one).count() as f64, before.len() as f64, *latest))
        })
        .collect();
    // Sums of fractions depend on their order.
    judged.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    if judged.is_empty() || !(share > 0.0 && share < 1.0) {
        return Some(report);
    }
    let mean =
        |of: &dyn Fn(&(f64, f64, bool)) -> f64| judged.iter().map(of).sum::<f64>() / judged.len() as f64;
    let blended = |strength: f64| {
        mean(&|(hits, count, came)| loss((hits + strength * share) / (count + strength), *came))
    };
    let best = STRENGTHS.into_iter().map(|strength| (strength, blended(strength)));
    let best = best.reduce(|best, next| if next.1 < best.1 { next } else { best })?;
    report.strength = best.0;
    report.shop = Some(mean(&|(_, _, came)| loss(share, *came)));
    report.own = Some(mean(&|(hits, count, came)| loss((hits + 0.5) / (count + 1.0), *came)));
    report.shrunk = Some(best.1);
    report.judged = judged.len() as u64;
    Some(report)
}

#[cfg(test)]
mod tests;
