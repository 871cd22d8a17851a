//! The same answers as [`Model`]'s from curves that are computed once.
//!
//! For one number of purchases, what the costly functions give depends on one number alone: the share that is still
//! silent on how long the silence is beside all the time before it, and expected purchases in a fixed horizon on the
//! age. Both are smooth in a logarithm of that number, so that a few dozen short polynomials tell them to eleven digits,
//! and a customer costs some ten nanoseconds a question instead of a continued fraction or a series.

use super::special::{Dual, incomplete_beta, is_above_0, ln_beta};
use super::{Customer, Kind, Model};
use std::sync::OnceLock;

/// Numbers of repeat purchases up to which there are curves; others are answered by the model itself.
const COUNTS: usize = 256;
/// Ages, in weeks, up to which there are curves: thirty years.
const AGE_MAX: f64 = 1_600.0;
/// Of the logarithm of (all the time before a silence / the silence).
const ODDS: (f64, f64) = (-8.0, 12.0);
/// By how much a curve may be off, as a share of what it tells.
const OFF: f64 = 2e-11;

/// Polynomials over neighbouring stretches of [`Curve::WIDTH`].
#[derive(Debug)]
struct Curve {
    from: f64,
    /// Coefficients of 1, v, v^2 ...; v is -1 at the beginning of a stretch and 1 at its end.
    cells: Vec<[f64; Curve::TERMS]>,
}

impl Curve {
    const WIDTH: f64 = 0.5;
    const TERMS: usize = 10;

    /// Through a function from `to` downwards until `from`, or until it is below `least`. `None` where polynomials do not
    /// follow it; `is_log` says that it is a logarithm, whose own size does not matter.
    fn of((from, to): (f64, f64), least: f64, is_log: bool, of: impl Fn(f64) -> f64) -> Option<Curve> {
        let count = ((to - from) / Curve::WIDTH).ceil() as usize;
        let mut cells = Vec::with_capacity(count);
        for cell in 0..count {
            let middle = to - Curve::WIDTH * (cell as f64 + 0.5);
            let at = |v: f64| of(middle + v * Curve::WIDTH / 2.0);
            let values = nodes().map(at);
            if values.iter().any(|value| !value.is_finite() || *value < least) {
                break;
            }
            let cell = polynomial(&values);
            let near = |v: f64| {
                let (held, wanted) = (horner(&cell, v), at(v));
                (held - wanted).abs() <= OFF * if is_log { 1.0 } else { wanted.abs() }
            };
            if ![-1.0, 0.05, 0.9].into_iter().all(near) {
                return None;
            }
            cells.push(cell);
        }
        let from = to - Curve::WIDTH * cells.len() as f64;
        cells.reverse();
        (!cells.is_empty()).then_some(Curve { from, cells })
    }

    /// `None` outside of what it covers.
    fn at(&self, x: f64) -> Option<f64> {
        let at = (x - self.from) * (1.0 / Curve::WIDTH);
        if !is_above_0(at) {
            return None;
        }
        let cell = at as usize;
        let v = (at - cell as f64) * 2.0 - 1.0;
        self.cells.get(cell).map(|cell| horner(cell, v))
    }

    /// Where a curve that rises has a value; `None` where that is outside of what it covers.
    fn solve(&self, value: f64) -> Option<f64> {
        let first = self.cells.partition_point(|cell| horner(cell, 1.0) < value);
        let cell = self.cells.get(first)?;
        let (low, high) = (horner(cell, -1.0), horner(cell, 1.0));
        // Between two stretches there is a gap of a few last digits.
        if first == 0 && value < low {
            return None;
        }
        let mut v =
            if high > low { (2.0 * (value - low) / (high - low) - 1.0).clamp(-1.0, 1.0) } else { 0.0 };
        for _ in 0..40 {
            let (mut held, mut slope) = (0.0, 0.0);
            for term in cell.iter().rev() {
                slope = slope * v + held;
                held = held * v + term;
            }
            let next = (v - (held - value) / slope).clamp(-1.0, 1.0);
            let moved = (next - v).abs();
            v = if next.is_nan() { v } else { next };
            if moved <= 1e-14 || next.is_nan() {
                break;
            }
        }
        Some(self.from + Curve::WIDTH * (first as f64 + (v + 1.0) / 2.0))
    }
}

fn horner(cell: &[f64; Curve::TERMS], v: f64) -> f64 {
    cell.iter().rev().fold(0.0, |sum, term| sum * v + term)
}

/// The nodes of Chebyshev's polynomial of that order.
fn nodes() -> &'static [f64; Curve::TERMS] {
    static NODES: OnceLock<[f64; Curve::TERMS]> = OnceLock::new();
    let angle = |n: usize| std::f64::consts::PI * (n as f64 + 0.5) / Curve::TERMS as f64;
    NODES.get_or_init(|| std::array::from_fn(|n| angle(n).cos()))
}

/// The polynomial with these values at the nodes.
fn polynomial(values: &[f64; Curve::TERMS]) -> [f64; Curve::TERMS] {
    const N: usize = Curve::TERMS;
    static WEIGHTS: OnceLock<[[f64; N]; N]> = OnceLock::new();
    let weights = WEIGHTS.get_or_init(|| {
        // Chebyshev's polynomials in powers, one from the two before it.
        let mut held = [[0.0; N]; N];
        let (mut before, mut row) = ([0.0; N], [0.0; N]);
        row[0] = 1.0;
        for order in 0..N {
            let share = if order == 0 { 1.0 } else { 2.0 } / N as f64;
            for (term, of) in held.iter_mut().zip(row) {
                for (n, weight) in term.iter_mut().enumerate() {
                    let angle = std::f64::consts::PI * order as f64 * (n as f64 + 0.5) / N as f64;
                    *weight += share * of * angle.cos();
                }
            }
            let factor = if order == 0 { 1.0 } else { 2.0 };
            let mut next: [f64; N] = std::array::from_fn(|n| if n > 0 { factor * row[n - 1] } else { 0.0 });
            if order > 0 {
                next.iter_mut().zip(before).for_each(|(next, before)| *next -= before);
            }
            (before, row) = (row, next);
        }
        held
    });
    std::array::from_fn(|term| weights[term].iter().zip(values).map(|(weight, value)| weight * value).sum())
}

/// Three functions of one number that are computed together: [`Curve`]s over the same stretches.
#[derive(Debug)]
pub(super) struct Curves {
    from: f64,
    cells: Vec<[[f64; Curve::TERMS]; 3]>,
}

impl Curves {
    /// How often the functions are asked for so long a stretch.
    pub(super) fn cost((from, to): (f64, f64)) -> usize {
        ((to - from) / Curve::WIDTH).ceil() as usize * (Curve::TERMS + 2)
    }

    /// `None` where polynomials do not follow them.
    pub(super) fn of((from, to): (f64, f64), of: impl Fn(f64) -> [f64; 3]) -> Option<Curves> {
        let count = ((to - from) / Curve::WIDTH).ceil() as usize;
        let mut cells = Vec::with_capacity(count);
        for cell in 0..count {
            let middle = from + Curve::WIDTH * (cell as f64 + 0.5);
            let at = |v: f64| of(middle + v * Curve::WIDTH / 2.0);
            let values = nodes().map(at);
            let cell: [[f64; Curve::TERMS]; 3] =
                std::array::from_fn(|which| polynomial(&values.map(|value| value[which])));
            for v in [-1.0, 0.05] {
                let wanted = at(v);
                let near =
                    |n: usize| (horner(&cell[n], v) - wanted[n]).abs() <= OFF * (1.0 + wanted[n].abs());
                if !(0..3).all(near) {
                    return None;
                }
            }
            cells.push(cell);
        }
        Some(Curves { from, cells })
    }

    /// `None` outside of what they cover.
    pub(super) fn at(&self, x: f64) -> Option<[f64; 3]> {
        let at = (x - self.from) * (1.0 / Curve::WIDTH);
        if !is_above_0(at) {
            return None;
        }
        let cell = at as usize;
        let v = (at - cell as f64) * 2.0 - 1.0;
        self.cells.get(cell).map(|cell| std::array::from_fn(|n| horner(&cell[n], v)))
    }
}

/// Of one number of purchases.
#[derive(Debug, Default)]
struct Count {
    /// [`Kind::MbgCnbdK`]: the logarithm of the share that is still silent.
    silent: OnceLock<Option<Curve>>,
    /// By horizon: expected purchases of somebody who is a customer, by the logarithm of the age with alpha.
    expected: Box<[OnceLock<Option<Curve>>]>,
}

/// A model with curves for some horizons; they are computed when somebody asks for what they tell. What it answers is
/// the model's to ten digits, whoever asked before, from any number of threads.
#[derive(Debug)]
pub struct Tables {
    model: Model,
    /// In weeks.
    horizons: Vec<f64>,
    counts: Vec<OnceLock<Count>>,
}

impl Tables {
    /// `horizons`, in weeks, are those of which [`Seen::expected`] has curves; for others the model is asked.
    pub fn new(model: Model, horizons: impl IntoIterator<Item = f64>) -> Tables {
        let mut held: Vec<f64> = Vec::new();
        for horizon in horizons.into_iter().filter(|weeks| is_above_0(*weeks)) {
            if !held.contains(&horizon) {
                held.push(horizon);
            }
        }
        Tables { model, horizons: held, counts: (0..COUNTS).map(|_| OnceLock::new()).collect() }
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    fn count(&self, x: u32) -> Option<&Count> {
        let fresh = || Count {
            silent: OnceLock::new(),
            expected: self.horizons.iter().map(|_| OnceLock::new()).collect(),
        };
        self.counts.get(x as usize).map(|count| count.get_or_init(fresh))
    }

    /// A customer, to be asked several things.
    pub fn see(&self, customer: &Customer) -> Seen<'_> {
        let count = self.count(customer.x());
        let mut seen = Seen { tables: self, customer: *customer, count, ln_silent: 0.0, alive: 0.0 };
        if self.model.kind() == Kind::MbgCnbdK {
            seen.ln_silent = seen.ln_silent_after(customer.silence());
            let [_, _, a, b, _] = self.model.values;
            let kept = (b + f64::from(customer.x())) * seen.ln_silent.exp();
            seen.alive = kept / (a + kept);
        } else {
            seen.alive = self.model.p_alive(customer);
        }
        seen
    }
}

/// A customer as [`Tables`] tell of them.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    tables: &'a Tables,
    customer: Customer,
    count: Option<&'a Count>,
    /// [`Kind::MbgCnbdK`]: of those who stay, the logarithm of the share that is silent for so long.
    ln_silent: f64,
    alive: f64,
}

impl Seen<'_> {
    /// [`Model::p_alive`].
    pub fn alive(&self) -> f64 {
        self.alive
    }

    /// [`Model::expected`].
    pub fn expected(&self, weeks: f64) -> f64 {
        if !is_above_0(weeks) {
            return 0.0;
        }
        let model = &self.tables.model;
        let alpha = model.values[1];
        let place = self.tables.horizons.iter().position(|held| *held == weeks);
        let curve = place.zip(self.count).and_then(|(place, count)| {
            let x = self.customer.x();
            let make = || {
                Curve::of((alpha.ln(), (alpha + AGE_MAX).ln() + 1e-9), f64::MIN, false, |ln| {
                    model.expected_alive(&Customer::new(x, 0.0, ln.exp() - alpha), weeks)
                })
            };
            count.expected[place].get_or_init(make).as_ref()
        });
        let held = curve.and_then(|curve| curve.at((alpha + self.customer.t()).ln()));
        self.alive * held.unwrap_or_else(|| model.expected_alive(&self.customer, weeks))
    }

    /// [`Model::p_buy_within`].
    pub fn p_buy_within(&self, weeks: f64) -> f64 {
        if !is_above_0(weeks) {
            return 0.0;
        }
        if self.tables.model.kind() != Kind::MbgCnbdK || self.ln_silent < LEAST {
            return self.tables.model.p_buy_within(&self.customer, weeks);
        }
        let later = self.ln_silent_after(self.customer.silence() + weeks.min(1e6));
        (self.alive * -(later - self.ln_silent).min(0.0).exp_m1()).clamp(0.0, 1.0)
    }

    /// [`Model::next_purchase`] by each of the shares.
    pub fn next_purchase<const N: usize>(&self, shares: [f64; N]) -> [Option<f64>; N] {
        let model = &self.tables.model;
        let curve = match model.kind() {
            Kind::MbgCnbdK => self.curve(),
            _ => None,
        };
        let begun = model.values[1] + self.customer.tx();
        shares.map(|share| {
            let known = share > 0.0 && share < 1.0;
            let at = curve.filter(|_| known).and_then(|curve| curve.solve(self.ln_silent + (-share).ln_1p()));
            match at {
                Some(at) => {
                    let weeks = begun * (-at).exp() - self.customer.silence();
                    (weeks <= super::model::NEVER).then_some(weeks.max(0.0))
                }
                None => model.next_purchase(&self.customer, share),
            }
        })
    }

    fn curve(&self) -> Option<&Curve> {
        let count = self.count?;
        let [r, _, _, _, k] = self.tables.model.values;
        let m = r + k * f64::from(self.customer.x());
        let make = || {
            let of = Dual::<0>::constant;
            let ln_b = ln_beta(m, k);
            Curve::of(ODDS, LEAST, true, |ln_odds| {
                let (u, v) = (1.0 / (1.0 + (-ln_odds).exp()), 1.0 / (1.0 + ln_odds.exp()));
                if k == 1.0 {
                    return -m * (-ln_odds).exp().ln_1p();
                }
                incomplete_beta((u, v), of(m), of(k), of(ln_b)).value.clamp(0.0, 1.0).ln()
            })
        };
        count.silent.get_or_init(make).as_ref()
    }

    fn ln_silent_after(&self, silence: f64) -> f64 {
        if !is_above_0(silence) {
            return 0.0;
        }
        let begun = self.tables.model.values[1] + self.customer.tx();
        let held = self.curve().and_then(|curve| curve.at((begun / silence).ln()));
        held.unwrap_or_else(|| self.tables.model.silent(&self.customer, silence).ln())
    }
}

/// Below it the share that is still silent is left to the model.
const LEAST: f64 = -600.0;
