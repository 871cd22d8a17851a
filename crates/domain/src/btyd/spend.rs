//! What customers spend an order: Gamma-Gamma.
//!
//! Each customer's orders are spread around a mean of their own (gamma with shape `p`), and the means over the shop's
//! customers so that few are large. Amounts are in whatever unit they are given in; `v` is in the same. The model takes
//! for granted that how much somebody spends an order has nothing to do with how often they buy: [`independence`] says
//! whether that holds.

use super::likelihood::{MOST, Slope};
use super::search::{climb, curvature, inverse, is_at_bound};
use super::special::{digamma, ln_gamma, ln_gamma_rise};
use serde::{Deserialize, Serialize};

/// What is known of customers' orders: how many each made and what they paid a time. It is fitted on **all** orders,
/// the first too, which ranked customers of real shops better than repeat orders alone.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// Different numbers of orders, ascending, and where their customers begin in `totals`.
    counts: Vec<(u32, usize)>,
    /// What each customer paid in all, sorted by number of orders.
    totals: Vec<f64>,
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
        let held: Vec<(u32, f64)> = known.map(|(n, mean)| (n, mean * f64::from(n))).collect();
        // By number of orders, and as they came among those of one number.
        let mut sizes: std::collections::BTreeMap<u32, usize> = std::collections::BTreeMap::new();
        let mut few = [0; 64];
        for (n, _) in &held {
            match few.get_mut(*n as usize) {
                Some(size) => *size += 1,
                None => *sizes.entry(*n).or_default() += 1,
            }
        }
        sizes
            .extend(few.iter().enumerate().filter(|(_, size)| **size > 0).map(|(n, size)| (n as u32, *size)));
        let mut orders = Orders { counts: Vec::new(), totals: vec![0.0; held.len()] };
        let mut from = 0;
        for (n, size) in &mut sizes {
            orders.counts.push((*n, from));
            from += std::mem::replace(size, from);
        }
        for (n, size) in few.iter_mut().enumerate() {
            *size = sizes.get(&(n as u32)).copied().unwrap_or(0);
        }
        for (n, total) in held {
            let next = match few.get_mut(n as usize) {
                Some(next) => Some(next),
                None => sizes.get_mut(&n),
            };
            if let Some(next) = next {
                orders.totals[*next] = total;
                *next += 1;
            }
        }
        orders
    }

    /// Every `step`th customer.
    fn thinned(&self, step: usize) -> Orders {
        let mut orders = Orders::default();
        let mut at = step / 2;
        for (n, from) in &self.counts {
            let to = self.counts.iter().map(|group| group.1).find(|start| start > from);
            let to = to.unwrap_or(self.totals.len());
            let start = orders.totals.len();
            while at < to {
                orders.totals.push(self.totals[at]);
                at += step;
            }
            if orders.totals.len() > start {
                orders.counts.push((*n, start));
            }
        }
        orders
    }

    pub fn customers(&self) -> usize {
        self.totals.len()
    }

    /// (orders, what was paid in all of each customer) by number of orders.
    fn groups(&self) -> impl Iterator<Item = (u32, &[f64])> {
        let ends = self.counts.iter().skip(1).map(|group| group.1).chain([self.totals.len()]);
        self.counts.iter().zip(ends).map(|((n, from), to)| (*n, &self.totals[*from..to]))
    }
}

impl Spend {
    /// `None` where a parameter is unknown or out of range.
    pub fn new(p: f64, q: f64, v: f64) -> Option<Spend> {
        [p, q, v].iter().all(|value| (1e-6..=1e12).contains(value)).then_some(Spend { p, q, v })
    }

    /// The natural logarithm of the likelihood of the mean values of these customers' orders.
    pub fn log_likelihood(&self, orders: &Orders) -> f64 {
        Groups::of(orders, 1.0).log_likelihood(self.p, self.q, self.v).value
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
/// normal with standard deviation 2 around p = 4, q = 4, and a mean that is that of the orders), without which a handful
/// of customers may have no maximum.
pub fn fit(orders: &Orders, is_weak: bool) -> Option<SpendFit> {
    let customers = orders.customers();
    if customers == 0 {
        return None;
    }
    // In units of the mean order, so that dong and dollars are alike.
    let all: f64 = orders.groups().map(|(n, totals)| totals.len() as f64 * f64::from(n)).sum();
    let unit = orders.totals.iter().sum::<f64>() / all;
    let is_free = [true, true, true, false, false];
    let few = orders.thinned(customers.div_ceil(COARSE));
    let mut of_few = mean(&few, unit, customers, is_weak);
    let coarse = climb(&mut of_few, [1.0, 1.0, 0.0, 0.0, 0.0], is_free, None, 1e-7);
    let near = inverse(&curvature(&mut of_few, &coarse.at, &is_free), &is_free);
    let mut of_all = mean(orders, unit, customers, is_weak);
    let mut found = climb(&mut of_all, coarse.at, is_free, near, 1e-9);
    found.iterations += coarse.iterations;
    let at_bound = is_at_bound(&found.at);
    let live: [bool; MOST] = std::array::from_fn(|n| is_free[n] && !at_bound[n]);
    let spread = inverse(&curvature(&mut of_all, &found.at, &is_free), &live);
    let [p, q, v] = std::array::from_fn(|n| found.at[n].exp());
    let model = Spend::new(p, q, v * unit)?;
    let error = |n: usize, value: f64| {
        let spread = spread.filter(|_| live[n])?;
        Some((spread[n][n] / customers as f64).sqrt() * value).filter(|error| error.is_finite())
    };
    let scaled = Groups::of(orders, unit).log_likelihood(p, q, v).value;
    let gradient = found.gradient();
    Some(SpendFit {
        model,
        errors: [error(0, p), error(1, q), error(2, model.v)],
        log_likelihood: scaled - customers as f64 * unit.ln(),
        customers: customers as u64,
        iterations: found.iterations,
        evaluations: found.evaluations,
        gradient,
        converged: gradient <= 1e-6 * (1.0 + found.slope.value.abs()),
    })
}

/// The mean of log-likelihood and prior a customer, by the logarithms of p, q and v in units.
fn mean(orders: &Orders, unit: f64, all: usize, is_weak: bool) -> impl FnMut(&[f64; MOST]) -> Slope + '_ {
    let groups = Groups::of(orders, unit);
    // A sample of the customers takes its share of the prior.
    let share = if is_weak { groups.customers / all as f64 } else { 0.0 };
    move |at| {
        let mut slope = groups.log_likelihood(at[0].exp(), at[1].exp(), at[2].exp());
        for (n, usual) in [4.0f64, 4.0, 0.75].into_iter().enumerate() {
            let off = (at[n] - usual.ln()) / 2.0;
            slope.value -= share * off * off / 2.0;
            slope.by[n] -= share * off / 2.0;
        }
        slope.value /= groups.customers;
        slope.by = slope.by.map(|by| by / groups.customers);
        slope
    }
}

/// Customers that the search begins with.
const COARSE: usize = 20_000;

/// Customers by number of orders, with the sums that a likelihood needs.
struct Groups<'a> {
    /// Orders, the sum of the logarithms of mean values, and what each paid in all.
    groups: Vec<(f64, f64, &'a [f64])>,
    unit: f64,
    customers: f64,
}

impl Groups<'_> {
    fn of(orders: &Orders, unit: f64) -> Groups<'_> {
        let group = |(n, totals): (u32, &'_ [f64])| {
            let over = 1.0 / (f64::from(n) * unit);
            totals.chunks(8).map(|eight| sum_of_logs(eight, |total| total * over)).sum::<f64>()
        };
        let groups = orders.groups().map(|(n, totals)| (f64::from(n), group((n, totals)), totals));
        Groups { groups: groups.collect(), unit, customers: orders.customers() as f64 }
    }

    /// Of all customers, with derivatives by the logarithms of p, q and v (in units of the mean order).
    fn log_likelihood(&self, p: f64, q: f64, v: f64) -> Slope {
        let mut sum = Slope::default();
        let psi_q = digamma(q);
        let over_unit = 1.0 / self.unit;
        for (n, ln_means, totals) in &self.groups {
            let (shape, count) = (p * n, totals.len() as f64);
            let (mut ln_sum, mut over_sum) = (0.0, 0.0);
            for eight in totals.chunks(8) {
                over_sum += eight.iter().map(|total| 1.0 / (total * over_unit + v)).sum::<f64>();
                ln_sum += sum_of_logs(eight, |total| total * over_unit + v);
            }
            let both = digamma(shape + q);
            sum.value += count * (ln_gamma_rise(shape, q) - ln_gamma(q) + q * v.ln() + shape * n.ln())
                + (shape - 1.0) * ln_means
                - (shape + q) * ln_sum;
            sum.by[0] += p * n * (count * (both - digamma(shape) + n.ln()) + ln_means - ln_sum);
            sum.by[1] += q * (count * (both - psi_q + v.ln()) - ln_sum);
            sum.by[2] += count * q - (shape + q) * v * over_sum;
        }
        sum
    }
}

/// The sum of logarithms of a few numbers, by one logarithm where their product can be held.
fn sum_of_logs(few: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let product: f64 = few.iter().map(|value| of(*value)).product();
    if product > 1e-290 && product < 1e290 {
        product.ln()
    } else {
        few.iter().map(|value| of(*value).ln()).sum()
    }
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
