//! The same answers as [`Model`]'s for very many customers at once, whose times are whole days.

use super::special::{Dual, incomplete_beta, is_above_0, ln_beta, ln_tail, sigmoid};
use super::{Customer, Kind, Model, WEEK_DAYS};

/// Numbers of repeat purchases and ages (days) up to which answers are kept.
const COUNTS: usize = 64;
const DAYS: usize = 4_096;

/// A model asked about many customers for one horizon. What depends on a day or on a number of purchases is computed
/// once, so that a customer costs some ten nanoseconds; at most 4 MB are kept.
pub struct Bulk<'a> {
    model: &'a Model,
    weeks: f64,
    /// By days: ln(alpha + weeks).
    ln_ages: Vec<f64>,
    /// By number of purchases and age: expected purchases of somebody who is still a customer; NaN until asked for.
    expected: Vec<f64>,
    /// Pareto/NBD: by number of purchases and days, the integral of [`ln_tail`].
    tails: Vec<f64>,
    /// MBG/CNBD-k: by number of purchases, r + k x and ln B(r + k x, k).
    shapes: Vec<(f64, f64)>,
}

impl Model {
    /// To be asked about many customers, for the next `weeks`.
    pub fn bulk(&self, weeks: f64) -> Bulk<'_> {
        let [r, alpha, _, _, k] = self.values;
        let shape = |x: usize| (r + k * x as f64, ln_beta(r + k * x as f64, k));
        Bulk {
            model: self,
            weeks,
            ln_ages: (0..DAYS).map(|day| (alpha + day as f64 / WEEK_DAYS).ln()).collect(),
            expected: vec![f64::NAN; COUNTS * DAYS],
            tails: if self.kind == Kind::ParetoNbd { vec![f64::NAN; COUNTS * DAYS] } else { Vec::new() },
            shapes: (0..COUNTS).map(shape).collect(),
        }
    }
}

impl Bulk<'_> {
    /// [`Model::p_alive`] of `x` repeat purchases, days from the first to the last, and days from the first to now.
    pub fn p_alive(&mut self, x: u32, tx_days: u32, t_days: u32) -> f64 {
        let [r, alpha, a, b, k] = self.model.values;
        let (at, tx, t) = (x as usize, tx_days as usize, t_days as usize);
        if at >= COUNTS || t >= DAYS || tx > t || (x == 0 && tx > 0) {
            return self.model.p_alive(&customer(x, tx_days, t_days));
        }
        let count = f64::from(x);
        match self.model.kind {
            Kind::BgNbd if x == 0 => 1.0,
            Kind::BgNbd | Kind::MbgNbd => {
                let kept = if self.model.kind == Kind::BgNbd { b + count - 1.0 } else { b + count };
                let rise = (r + count) * (self.ln_ages[t] - self.ln_ages[tx]);
                // kept / (kept + a e^rise), which ends at 0 where the exponential is beyond all numbers.
                kept / (kept + a * rise.exp())
            }
            Kind::MbgCnbdK => {
                let (m, ln_beta) = self.shapes[at];
                let (near, silence) =
                    (alpha + f64::from(tx_days) / WEEK_DAYS, f64::from(t_days - tx_days) / WEEK_DAYS);
                let of = Dual::<0>::constant;
                let odds = (near / (near + silence), silence / (near + silence));
                let kept =
                    (b + count) * incomplete_beta(odds, of(m), of(k), of(ln_beta)).value.clamp(0.0, 1.0);
                kept / (a + kept)
            }
            Kind::ParetoNbd if t == tx => 1.0,
            Kind::ParetoNbd => {
                let (s, beta) = (a, b);
                let (early, late) = (self.tail(at, tx), self.tail(at, t));
                let gone = s.ln() + early + (-((late - early).min(0.0).exp_m1())).ln();
                let here = -(r + count) * self.ln_ages[t] - s * (beta + f64::from(t_days) / WEEK_DAYS).ln();
                sigmoid(here - gone)
            }
        }
    }

    /// [`Model::expected`] in the horizon.
    pub fn expected(&mut self, x: u32, tx_days: u32, t_days: u32) -> f64 {
        let (at, t) = (x as usize, t_days as usize);
        if at >= COUNTS || t >= DAYS || tx_days > t_days || !is_above_0(self.weeks) {
            return self.model.expected(&customer(x, tx_days, t_days), self.weeks);
        }
        let held = &mut self.expected[at * DAYS + t];
        if held.is_nan() {
            *held = self.model.expected_alive(&customer(x, tx_days, t_days), self.weeks);
        }
        let held = *held;
        held * self.p_alive(x, tx_days, t_days)
    }

    fn tail(&mut self, x: usize, day: usize) -> f64 {
        let [r, alpha, s, beta, _] = self.model.values;
        let held = &mut self.tails[x * DAYS + day];
        if held.is_nan() {
            let of = Dual::<0>::constant;
            let from = day as f64 / WEEK_DAYS;
            *held = ln_tail((of(alpha), of(r + x as f64)), (of(beta), of(s + 1.0)), from).value;
        }
        *held
    }
}

fn customer(x: u32, tx_days: u32, t_days: u32) -> Customer {
    Customer::new(x, f64::from(tx_days) / WEEK_DAYS, f64::from(t_days) / WEEK_DAYS)
}
