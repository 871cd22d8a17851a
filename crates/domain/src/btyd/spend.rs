//! What customers spend an order: Gamma-Gamma.
//!
//! Each customer's orders are spread around a mean of their own (gamma with shape `p`), and the means over the shop's
//! customers so that few are large. Amounts are in whatever unit they are given in; `v` is in the same. The model takes
//! for granted that how much somebody spends an order has nothing to do with how often they buy: [`independence`] says
//! whether that holds.

use serde::{Deserialize, Serialize};

/// What is known of customers' orders: how many each made and what they paid a time. It is fitted on **all** orders,
/// the first too, which ranked customers of real shops better than repeat orders alone.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// Different numbers of orders, ascending, and where their customers begin in `totals`.
    pub(super) counts: Vec<(u32, usize)>,
    /// What each customer paid in all, sorted by number of orders.
    pub(super) totals: Vec<f64>,
}

/// The three parameters, all of them from 1e-6 to 1e12.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spend {
    pub p: f64,
    pub q: f64,
    pub v: f64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SpendFit {
    pub model: Spend,
    /// Standard errors of p, q and v, where the orders determine them.
    pub errors: [Option<f64>; 3],
    /// The natural logarithm of the likelihood of all customers, without the prior.
    pub log_likelihood: f64,
    /// Customers who paid something.
    pub customers: u64,
    pub iterations: u32,
    pub evaluations: u32,
    /// The largest slope that was left, of the mean log-likelihood a customer by the logarithm of a parameter.
    pub gradient: f64,
    pub converged: bool,
}

/// Whether what customers spend an order goes with how often they buy.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Independence {
    /// Customers with two orders or more, of whom the correlations are.
    pub customers: u64,
    /// Of the number of orders and their mean value; `None` where one of them does not vary.
    pub correlation: Option<f64>,
    /// Of their logarithms, which a few wholesalers do not bend.
    pub correlation_of_logs: Option<f64>,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer than 30 customers with two orders: nobody can tell.
    TooFew,
    /// The correlation of logarithms is within 0.1 of nought, or no more than chance makes.
    Holds,
    /// Up to 0.3: predictions of frequent buyers are a little off.
    Strained,
    /// Above: what frequent buyers will spend is misjudged.
    Fails,
}

impl Orders {
    /// Of (orders, mean value of an order) of each customer; who made none, or paid nothing, is left out.
    pub fn of(customers: impl IntoIterator<Item = (u32, f64)>) -> Orders {
        let known = customers.into_iter().filter(|(n, mean)| *n > 0 && *mean > 0.0 && mean.is_finite());
        let mut held: Vec<(u32, f64)> = known.map(|(n, mean)| (n, mean * f64::from(n))).collect();
        held.sort_unstable_by(|one, other| {
            (one.0, one.1).partial_cmp(&(other.0, other.1)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut orders = Orders::default();
        for (n, total) in held {
            if orders.counts.last().is_none_or(|last| last.0 != n) {
                orders.counts.push((n, orders.totals.len()));
            }
            orders.totals.push(total);
        }
        orders
    }

    pub fn customers(&self) -> usize {
        self.totals.len()
    }

    /// (orders, what was paid in all of each customer) by number of orders.
    pub(super) fn groups(&self) -> impl Iterator<Item = (u32, &[f64])> {
        let ends = self.counts.iter().skip(1).map(|group| group.1).chain([self.totals.len()]);
        self.counts.iter().zip(ends).map(|((n, from), to)| (*n, &self.totals[*from..to]))
    }
}

impl Spend {
    /// `None` where a parameter is unknown or out of range.
    pub fn new(p: f64, q: f64, v: f64) -> Option<Spend> {
        [p, q, v].iter().all(|value| (1e-6..=1e12).contains(value)).then_some(Spend { p, q, v })
    }

    /// The mean value of an order over all customers. `None` where `q` is not above 1: then the means have no mean,
    /// because too many of them are too large.
    pub fn mean(&self) -> Option<f64> {
        self.expected_value(0, 0.0)
    }

    /// What an order of a customer is expected to be worth who has made `n` of them with that mean value; without
    /// orders, the mean of all customers. `None` where that expectation does not exist.
    pub fn expected_value(&self, n: u32, mean: f64) -> Option<f64> {
        let known = mean > 0.0 && mean.is_finite();
        let n = if known { f64::from(n) } else { 0.0 };
        let paid = if known { n * mean } else { 0.0 };
        let left = self.p * n + self.q - 1.0;
        let value = self.p * (self.v + paid) / left;
        (left > 0.0 && value.is_finite()).then_some(value)
    }
}

/// The most likely parameters; `None` without customers who paid something. `is_weak` adds a wide prior (logarithms
/// normal with standard deviation 2 around p = 4, q = 4, and v such that the mean is that of the orders), without which
/// a handful of customers may have no maximum.
pub fn fit(_orders: &Orders, _is_weak: bool) -> Option<SpendFit> {
    None
}

/// See [`Independence`]; of (orders, mean value of an order) of each customer.
pub fn independence(customers: impl IntoIterator<Item = (u32, f64)>) -> Independence {
    let mut sums = [[0.0; 5]; 2];
    let mut n = 0.0;
    for (orders, mean) in customers.into_iter().filter(|(n, mean)| *n >= 2 && *mean > 0.0 && mean.is_finite())
    {
        n += 1.0;
        let plain = (f64::from(orders), mean);
        for (sums, (x, y)) in sums.iter_mut().zip([plain, (plain.0.ln(), plain.1.ln())]) {
            // Welford's updates: two means, two spreads, and how they go together.
            let (by_x, by_y) = (x - sums[0], y - sums[1]);
            sums[0] += by_x / n;
            sums[1] += by_y / n;
            sums[2] += by_x * (x - sums[0]);
            sums[3] += by_y * (y - sums[1]);
            sums[4] += by_x * (y - sums[1]);
        }
    }
    let correlation = |sums: &[f64; 5]| {
        let spread = (sums[2] * sums[3]).sqrt();
        (spread > 0.0 && spread.is_finite()).then(|| (sums[4] / spread).clamp(-1.0, 1.0))
    };
    let of_logs = correlation(&sums[1]);
    let by_chance = 2.0 / f64::max(n, 1.0).sqrt();
    let verdict = match of_logs.map(f64::abs) {
        _ if n < 30.0 => Verdict::TooFew,
        None => Verdict::Holds,
        Some(size) if size <= f64::max(0.1, by_chance) => Verdict::Holds,
        Some(size) if size <= 0.3 => Verdict::Strained,
        Some(_) => Verdict::Fails,
    };
    Independence {
        customers: n as u64,
        correlation: correlation(&sums[0]),
        correlation_of_logs: of_logs,
        verdict,
    }
}
