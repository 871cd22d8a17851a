//! The customers that a model is fitted to, those with the same numbers counted together.

use super::{Customer, WEEK_DAYS};
use crate::commerce::{Day, PurchaseHistory};

/// Customers who cannot be told apart by a model.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row {
    /// Repeat purchases.
    pub x: u32,
    /// Weeks from the first purchase to the last; 0 without a repeat purchase.
    pub tx: f64,
    /// Weeks from the first purchase to now, at least `tx`.
    pub t: f64,
    /// The sum over all gaps between neighbouring purchases of the natural logarithm of their length **in weeks**, of
    /// one customer. Only the sum over all customers enters a likelihood, so that rows are merged by the other three.
    pub ln_gaps: f64,
    /// How many they are. May be a share of one, where customers are weighted.
    pub weight: f64,
}

/// A sum of logarithms of `x` gaps that together are `length` long is largest when they are all alike.
fn possible(ln_gaps: f64, x: f64, length: f64) -> f64 {
    ln_gaps.min(x * (length / x).max(1e-6).ln())
}

/// One merged row: places in the tables of [`Sample`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub x: u32,
    pub tx: u32,
    pub t: u32,
    pub weight: f64,
}

/// The customers of a shop, as a fit reads them: each different row once, sorted, its numbers in tables of the
/// different ones, so that costly functions are computed once a number and not once a customer.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Different numbers of repeat purchases, ascending.
    pub(super) counts: Vec<u32>,
    /// Different times in weeks, ascending; 0 is among them when there is any row.
    pub(super) times: Vec<f64>,
    /// Sorted by `x`, `tx`, `t`.
    pub(super) places: Vec<Place>,
    /// Customers by place in `counts`.
    pub(super) by_count: Vec<f64>,
    customers: f64,
    repeats: f64,
    ln_gaps: f64,
    /// Customers of the sample that this one was thinned out of; 0 where it was not.
    thinned_from: f64,
}

impl Sample {
    /// The customers as they stand on a day; who bought first after it is left out, and so is a history that went on
    /// after it (it has to be cut first).
    pub fn of<'a>(histories: impl IntoIterator<Item = &'a PurchaseHistory>, today: Day) -> Sample {
        let known = histories.into_iter().filter(|held| held.last() <= today);
        Sample::of_days(known.map(|held| {
            let age = |day: Day| u32::try_from(i64::from(day) - i64::from(held.first)).unwrap_or(0);
            (held.repeats(), age(held.last()), age(today), held.ln_gaps)
        }))
    }

    /// Of (repeat purchases, days from the first purchase to the last, days from the first to now, sum of ln gaps
    /// **in days**) of each customer. This is the fast way for many.
    pub fn of_days(customers: impl IntoIterator<Item = (u32, u32, u32, f64)>) -> Sample {
        // In one number: 24 bits of purchases, 20 of each day (2,800 years).
        const DAY_MAX: u64 = (1 << 20) - 1;
        let mut ln_gaps = 0.0;
        let mut keys: Vec<u64> = Vec::new();
        for (x, tx, t, gaps) in customers {
            let x = u64::from(x).min((1 << 24) - 1);
            let tx = if x == 0 { 0 } else { u64::from(tx).min(DAY_MAX) };
            let t = u64::from(t).min(DAY_MAX).max(tx);
            keys.push(x << 40 | tx << 20 | t);
            if x > 0 {
                ln_gaps += possible(gaps, x as f64, tx as f64) - x as f64 * WEEK_DAYS.ln();
            }
        }
        keys.sort_unstable();
        let day_of = |key: u64, shift: u32| (key >> shift & DAY_MAX) as usize;
        let last = keys.iter().map(|key| day_of(*key, 0)).max().unwrap_or(0);
        let mut seen = vec![false; if keys.is_empty() { 0 } else { last + 1 }];
        for key in &keys {
            seen[day_of(*key, 0)] = true;
            seen[day_of(*key, 20)] = true;
        }
        let mut number = vec![0; seen.len()];
        let mut times = Vec::new();
        for (day, _) in seen.iter().enumerate().filter(|(_, seen)| **seen) {
            number[day] = times.len() as u32;
            times.push(day as f64 / WEEK_DAYS);
        }
        let rows = keys.chunk_by(|one, other| one == other).map(|same| {
            let key = same[0];
            ((key >> 40) as u32, number[day_of(key, 20)], number[day_of(key, 0)], same.len() as f64)
        });
        Sample::of_places(rows, times, ln_gaps)
    }

    /// Of rows with any numbers, in any order. Rows that are impossible (unknown, negative or infinite numbers, a
    /// weight that is not above 0) are left out; a customer younger than their last purchase counts as that old, and a sum
    /// of logarithms that no gaps can have as the largest that some can.
    pub fn of_rows(rows: impl IntoIterator<Item = Row>) -> Sample {
        let is_fine = |row: &Row| {
            [row.tx, row.t, row.ln_gaps, row.weight].iter().all(|value| value.is_finite())
                && row.tx >= 0.0
                && row.t >= 0.0
                && row.weight > 0.0
        };
        let mut ln_gaps = 0.0;
        let mut held: Vec<(u32, f64, f64, f64)> = Vec::new();
        for row in rows.into_iter().filter(is_fine) {
            let customer = Customer::new(row.x, row.tx, row.t);
            held.push((row.x, customer.tx(), customer.t(), row.weight));
            if row.x > 0 {
                ln_gaps += row.weight * possible(row.ln_gaps, f64::from(row.x), customer.tx());
            }
        }
        let mut times: Vec<f64> = held.iter().flat_map(|row| [row.1, row.2]).collect();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let number = |time: f64| times.partition_point(|other| *other < time) as u32;
        let mut rows: Vec<(u32, u32, u32, f64)> =
            held.iter().map(|(x, tx, t, weight)| (*x, number(*tx), number(*t), *weight)).collect();
        rows.sort_unstable_by_key(|row| (row.0, row.1, row.2));
        let merged = rows.chunk_by(|one, other| (one.0, one.1, one.2) == (other.0, other.1, other.2));
        let merged: Vec<_> = merged
            .map(|same| (same[0].0, same[0].1, same[0].2, same.iter().map(|row| row.3).sum::<f64>()))
            .collect();
        Sample::of_places(merged, times, ln_gaps)
    }

    /// Of merged rows sorted by `x`.
    fn of_places(
        rows: impl IntoIterator<Item = (u32, u32, u32, f64)>,
        times: Vec<f64>,
        ln_gaps: f64,
    ) -> Sample {
        let mut sample = Sample { times, ln_gaps, ..Sample::default() };
        for (x, tx, t, weight) in rows {
            if sample.counts.last() != Some(&x) {
                sample.counts.push(x);
                sample.by_count.push(0.0);
            }
            let at = sample.counts.len() - 1;
            sample.by_count[at] += weight;
            sample.customers += weight;
            sample.repeats += weight * f64::from(x);
            sample.places.push(Place { x: at as u32, tx, t, weight });
        }
        sample
    }

    /// Every `step`th of the merged rows, with the tables of all: a fit to it comes near to that of all.
    pub(super) fn thinned(&self, step: usize) -> Sample {
        let kept = self.places.iter().skip(step / 2).step_by(step.max(1)).copied();
        let mut sample = Sample {
            counts: self.counts.clone(),
            times: self.times.clone(),
            places: kept.collect(),
            by_count: vec![0.0; self.counts.len()],
            thinned_from: self.customers,
            ..Sample::default()
        };
        for place in &sample.places {
            sample.by_count[place.x as usize] += place.weight;
            sample.customers += place.weight;
            sample.repeats += place.weight * f64::from(self.counts[place.x as usize]);
        }
        // Of the gaps only the sum of all is known; a share of the repeat purchases has that share of it.
        sample.ln_gaps = if self.repeats > 0.0 { self.ln_gaps * sample.repeats / self.repeats } else { 0.0 };
        sample
    }

    /// How many customers a thinned sample speaks for.
    pub(super) fn stands_for(&self) -> f64 {
        if self.thinned_from > 0.0 { self.thinned_from } else { self.customers }
    }

    /// How many customers, by weight.
    pub fn customers(&self) -> f64 {
        self.customers
    }

    /// Repeat purchases of all of them.
    pub fn repeats(&self) -> f64 {
        self.repeats
    }

    /// Customers with a repeat purchase.
    pub fn repeaters(&self) -> f64 {
        let none = self.counts.first().filter(|x| **x == 0).and(self.by_count.first());
        self.customers - none.copied().unwrap_or(0.0)
    }

    /// The sum of the logarithms of all gaps in weeks.
    pub fn ln_gaps(&self) -> f64 {
        self.ln_gaps
    }

    /// How many different rows.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The different rows, sorted by `x`, `tx`, `t`: who they are and how many.
    pub fn rows(&self) -> impl Iterator<Item = (Customer, f64)> + '_ {
        self.places.iter().map(|place| {
            let at = |time: u32| self.times[time as usize];
            (Customer::new(self.counts[place.x as usize], at(place.tx), at(place.t)), place.weight)
        })
    }
}
