//! A fitted model and what it says of one customer.

use super::special::{
    Dual, gauss, incomplete_beta, incomplete_beta_odds, is_above_0, ln_beta, ln_tail, sigmoid,
};
use super::{Customer, Sample, WEEK_DAYS, likelihood, special};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A time further away than this is as good as never: a hundred years in weeks.
pub(super) const NEVER: f64 = 5_200.0;
/// Purchases in a horizon beyond which counts are not told apart.
const COUNT_MAX: u32 = 20_000;

/// Which model; the table in [`crate::btyd`] tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    BgNbd,
    MbgNbd,
    MbgCnbdK,
    ParetoNbd,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::BgNbd, Kind::MbgNbd, Kind::MbgCnbdK, Kind::ParetoNbd];

    /// `bg-nbd`, `mbg-nbd`, `mbg-cnbd-k` or `pareto-nbd`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::BgNbd => "bg-nbd",
            Kind::MbgNbd => "mbg-nbd",
            Kind::MbgCnbdK => "mbg-cnbd-k",
            Kind::ParetoNbd => "pareto-nbd",
        }
    }

    pub fn of(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The names of the parameters, in their order. `alpha` and `beta` are in weeks.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Kind::BgNbd | Kind::MbgNbd => &["r", "alpha", "a", "b"],
            Kind::MbgCnbdK => &["r", "alpha", "a", "b", "k"],
            Kind::ParetoNbd => &["r", "alpha", "s", "beta"],
        }
    }
}

/// A model with its parameters, all of them from 1e-6 to 1e6. As JSON:
/// `{"kind": "bg-nbd", "parameters": {"r": 0.24, ...}}`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Model {
    pub(super) kind: Kind,
    pub(super) values: [f64; 5],
}

#[derive(Serialize, Deserialize)]
struct Written {
    kind: Kind,
    parameters: BTreeMap<String, f64>,
}

impl TryFrom<Written> for Model {
    type Error = String;

    fn try_from(written: Written) -> Result<Model, String> {
        let value = |name: &&str| written.parameters.get(*name).copied().unwrap_or(f64::NAN);
        let values: Vec<f64> = written.kind.parameters().iter().map(value).collect();
        let wanted = written.kind.parameters().join(", ");
        Model::new(written.kind, &values)
            .ok_or_else(|| format!("{} needs {wanted}, each from 1e-6 to 1e6", written.kind.name()))
    }
}

impl From<Model> for Written {
    fn from(model: Model) -> Written {
        let named = model.named().map(|(name, value)| (name.to_owned(), value));
        Written { kind: model.kind, parameters: named.collect() }
    }
}

impl Model {
    /// The parameters in the order of [`Kind::parameters`]; `None` where one is missing, unknown or out of range.
    pub fn new(kind: Kind, parameters: &[f64]) -> Option<Model> {
        let fine = parameters.iter().all(|value| (1e-6..=1e6).contains(value));
        if !fine || parameters.len() != kind.parameters().len() {
            return None;
        }
        let mut values = [1.0; 5];
        values[..parameters.len()].copy_from_slice(parameters);
        Some(Model { kind, values })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// In the order of [`Kind::parameters`].
    pub fn parameters(&self) -> &[f64] {
        &self.values[..self.kind.parameters().len()]
    }

    pub fn named(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.kind.parameters().iter().copied().zip(self.values)
    }

    /// The natural logarithm of the likelihood of these customers.
    pub fn log_likelihood(&self, sample: &Sample) -> f64 {
        likelihood::log_likelihood(self.kind, sample, &self.values, 1).value
    }

    /// The probability that they are still a customer, after the silence so far: from 0 to 1.
    pub fn p_alive(&self, customer: &Customer) -> f64 {
        let [r, alpha, a, b, _] = self.values;
        let Customer { x, tx, t } = *customer;
        let count = f64::from(x);
        match self.kind {
            Kind::BgNbd if x == 0 => 1.0,
            Kind::BgNbd => {
                let rise = (r + count) * ((t - tx) / (alpha + tx)).ln_1p();
                sigmoid((b + count - 1.0).ln() - a.ln() - rise)
            }
            Kind::MbgNbd => {
                let rise = (r + count) * ((t - tx) / (alpha + tx)).ln_1p();
                sigmoid((b + count).ln() - a.ln() - rise)
            }
            Kind::MbgCnbdK => {
                let kept = (b + count) * self.silent(customer, t - tx);
                kept / (a + kept)
            }
            Kind::ParetoNbd => {
                let (s, beta) = (a, b);
                if t <= tx {
                    return 1.0;
                }
                let of = Dual::<0>::constant;
                let tail = |from| ln_tail((of(alpha), of(r + count)), (of(beta), of(s + 1.0)), from).value;
                let (early, late) = (tail(tx), tail(t));
                // Gone at some moment between the last purchase and now, or still here.
                let gone = s.ln() + early + (-((late - early).min(0.0).exp_m1())).ln();
                let here = -(r + count) * (alpha + t).ln() - s * (beta + t).ln();
                sigmoid(here - gone)
            }
        }
    }

    /// The share of those who stay that is still silent so many weeks after a purchase; [`Kind::MbgCnbdK`] only.
    pub(super) fn silent(&self, customer: &Customer, weeks: f64) -> f64 {
        let [r, alpha, _, _, k] = self.values;
        let m = r + k * f64::from(customer.x);
        let whole = alpha + customer.tx + weeks;
        if k == 1.0 {
            return (-m * (weeks / (alpha + customer.tx)).ln_1p()).exp();
        }
        let of = Dual::<0>::constant;
        let odds = ((alpha + customer.tx) / whole, weeks / whole);
        incomplete_beta(odds, of(m), of(k), of(ln_beta(m, k))).value.clamp(0.0, 1.0)
    }

    /// The shape and scale (weeks) of their rate of buying while they are a customer, purchases taken as random from
    /// now on: the mean rate is their quotient. Exact but for [`Kind::MbgCnbdK`] with `k` other than 1.
    fn pace(&self, customer: &Customer) -> (f64, f64) {
        let [r, alpha, _, _, k] = self.values;
        (r + k * f64::from(customer.x), k * (alpha + customer.t))
    }

    /// The `b` of the beta distribution of the chance to end after a purchase, of somebody who is a customer now.
    fn stayed(&self, customer: &Customer) -> f64 {
        let more = if self.kind == Kind::BgNbd { 0.0 } else { 1.0 };
        self.values[3] + f64::from(customer.x) + more
    }

    /// Expected purchases in the next `weeks`. Of [`Customer::NEW`]: repeat purchases in the first `weeks`.
    ///
    /// With `k` other than 1 an approximation: gaps as random as an exponential's with the same mean.
    pub fn expected(&self, customer: &Customer, weeks: f64) -> f64 {
        if !is_above_0(weeks) {
            return 0.0;
        }
        self.p_alive(customer) * self.expected_alive(customer, weeks)
    }

    /// Expected purchases in the next `weeks` if they are a customer now.
    pub(super) fn expected_alive(&self, customer: &Customer, weeks: f64) -> f64 {
        let weeks = weeks.min(1e6);
        let (shape, scale) = self.pace(customer);
        let most = shape / scale * weeks;
        let held = if self.kind == Kind::ParetoNbd {
            let [_, _, s, beta, _] = self.values;
            let log = -(weeks / (beta + customer.t)).ln_1p();
            let slope = ratio_expm1(s - 1.0, log);
            shape * (beta + customer.t) / scale * -slope
        } else {
            purchases_before_end((shape, scale), self.values[2], self.stayed(customer), weeks)
        };
        held.clamp(0.0, most)
    }

    /// The probability of at least one purchase in the next `weeks`, after the silence so far.
    pub fn p_buy_within(&self, customer: &Customer, weeks: f64) -> f64 {
        if !is_above_0(weeks) {
            return 0.0;
        }
        (self.p_alive(customer) * self.p_buy_alive(customer, weeks.min(1e6))).clamp(0.0, 1.0)
    }

    fn p_buy_alive(&self, customer: &Customer, weeks: f64) -> f64 {
        let (shape, scale) = self.pace(customer);
        match self.kind {
            Kind::BgNbd | Kind::MbgNbd => -(-shape * (weeks / scale).ln_1p()).exp_m1(),
            Kind::MbgCnbdK => {
                let silence = customer.silence();
                let (held, later) = (self.silent(customer, silence), self.silent(customer, silence + weeks));
                if held > 0.0 { 1.0 - later / held } else { self.p_buy_long_silent(customer, weeks) }
            }
            Kind::ParetoNbd => {
                let [_, _, s, beta, _] = self.values;
                let of = Dual::<0>::constant;
                let tail =
                    |from| ln_tail((of(scale), of(shape + 1.0)), (of(beta + customer.t), of(s)), from).value;
                let (early, late) = (tail(0.0), tail(weeks));
                let all = shape.ln() + shape * scale.ln() + s * (beta + customer.t).ln() + early;
                all.exp() * -((late - early).min(0.0).exp_m1())
            }
        }
    }

    /// Where the share that is still silent is below what a number can hold: its tail falls as a power of the age.
    fn p_buy_long_silent(&self, customer: &Customer, weeks: f64) -> f64 {
        let [_, alpha, _, _, _] = self.values;
        let (shape, _) = self.pace(customer);
        -(-shape * (weeks / (alpha + customer.t)).ln_1p()).exp_m1()
    }

    /// The probabilities of 0, 1, ... up to `most` purchases in the next `weeks`.
    ///
    /// Exact for BG/NBD and MBG/NBD, by a rule with 96 points over the moment of the end for Pareto/NBD. With `k` other than
    /// 1, none at all is exact, and the others are shared out as by an MBG/NBD of the same mean gap, which spreads
    /// them a little too widely.
    pub fn count_probabilities(&self, customer: &Customer, weeks: f64, most: u32) -> Vec<f64> {
        let mut held = Vec::new();
        self.each_count(customer, weeks, |count, probability, _| {
            held.push(probability);
            count < most
        });
        held
    }

    /// The smallest numbers of purchases in the next `weeks` that are reached or fallen short of with at least each of
    /// the given probabilities (ascending): `[0.1, 0.9]` gives an interval that holds 80 %.
    pub fn count_quantiles<const N: usize>(
        &self,
        customer: &Customer,
        weeks: f64,
        shares: [f64; N],
    ) -> [u32; N] {
        let mut quantiles = [COUNT_MAX; N];
        let mut at = 0;
        self.each_count(customer, weeks, |count, _, up_to| {
            while at < N && up_to >= shares[at] - 1e-12 {
                quantiles[at] = count;
                at += 1;
            }
            at < N
        });
        quantiles
    }

    /// Tells a count, its probability and that of no more than it, until `more` says no.
    fn each_count(&self, customer: &Customer, weeks: f64, mut more: impl FnMut(u32, f64, f64) -> bool) {
        let weeks = if weeks > 0.0 { weeks.min(1e6) } else { 0.0 };
        let alive = self.p_alive(customer);
        let mut counts = Counts::new(self, customer, weeks);
        let mut none = 1.0 - alive + alive * counts.next();
        // The model of even gaps knows the chance of none exactly; the rest is scaled to it.
        let mut scale = alive;
        if self.kind == Kind::MbgCnbdK && self.values[4] != 1.0 {
            let some = 1.0 - none;
            none = 1.0 - self.p_buy_within(customer, weeks);
            scale = if some > 0.0 { alive * (1.0 - none) / some } else { 0.0 };
        }
        let none = none.clamp(0.0, 1.0);
        let mut up_to = none;
        if !more(0, none, up_to) {
            return;
        }
        for count in 1..=COUNT_MAX {
            let probability = (scale * counts.next()).clamp(0.0, 1.0);
            up_to = (up_to + probability).min(1.0);
            if !more(count, probability, up_to) {
                return;
            }
        }
    }

    /// In how many weeks from now the next purchase is made with probability `share`, if they are a customer now and
    /// stay one until then. `None` where that is further away than a hundred years, or `share` is not inside (0, 1).
    ///
    /// For [`Customer::after_silence`] of 0 weeks it is their own rhythm.
    pub fn next_purchase(&self, customer: &Customer, share: f64) -> Option<f64> {
        if !(share > 0.0 && share < 1.0) {
            return None;
        }
        let (shape, scale) = self.pace(customer);
        let weeks = match self.kind {
            Kind::MbgCnbdK => {
                let [_, alpha, _, _, k] = self.values;
                let held = self.silent(customer, customer.silence());
                let later = held * (1.0 - share);
                let odds = incomplete_beta_odds(later, 1.0 - later, shape, k)?;
                (alpha + customer.tx) * odds - customer.silence()
            }
            _ => scale * (-(-share).ln_1p() / shape).exp_m1(),
        };
        (weeks <= NEVER).then_some(weeks.max(0.0))
    }

    /// How many weeks after the last purchase the probability that they are still a customer has fallen to
    /// `threshold`; 0 where it is not above it from the start. `None` where it never falls so far within a hundred
    /// years (for BG/NBD: never, before a repeat purchase), or `threshold` is not inside (0, 1).
    pub fn silence_until(&self, customer: &Customer, threshold: f64) -> Option<f64> {
        if !(threshold > 0.0 && threshold < 1.0) {
            return None;
        }
        let [r, alpha, a, b, k] = self.values;
        let count = f64::from(customer.x);
        // The share of those who stay that is silent until then.
        let silent = |kept: f64| a * threshold / (kept * (1.0 - threshold));
        let weeks = match self.kind {
            Kind::BgNbd if customer.x == 0 => return None,
            Kind::BgNbd | Kind::MbgNbd => {
                let kept = if self.kind == Kind::BgNbd { b + count - 1.0 } else { b + count };
                let share = silent(kept);
                if share >= 1.0 { 0.0 } else { (alpha + customer.tx) * (-share.ln() / (r + count)).exp_m1() }
            }
            Kind::MbgCnbdK => {
                let share = silent(b + count);
                if share >= 1.0 {
                    0.0
                } else {
                    (alpha + customer.tx) * incomplete_beta_odds(share, 1.0 - share, r + k * count, k)?
                }
            }
            Kind::ParetoNbd => {
                let alive = |weeks: f64| self.p_alive(&customer.after_silence(weeks));
                if alive(NEVER) > threshold {
                    return None;
                }
                let (mut low, mut high) = (0.0, NEVER);
                while high - low > 1e-9 * (1.0 + high) {
                    let middle = (low + high) / 2.0;
                    if alive(middle) > threshold { low = middle } else { high = middle }
                }
                high
            }
        };
        (weeks <= NEVER).then_some(weeks)
    }

    /// The same in whole days of the shop's calendar: the first day on which it is no longer above the threshold.
    pub fn due_day(&self, customer: &Customer, threshold: f64) -> Option<u32> {
        self.silence_until(customer, threshold).map(|weeks| (weeks * WEEK_DAYS - 1e-9).ceil().max(0.0) as u32)
    }

    /// The mean chance to end at a purchase; of [`Kind::ParetoNbd`] the mean rate a week.
    pub fn mean_drop_out(&self) -> f64 {
        let [_, _, a, b, _] = self.values;
        if self.kind == Kind::ParetoNbd { a / b } else { a / (a + b) }
    }
}

/// `(e^(c x) - 1) / c`, also near `c = 0`.
fn ratio_expm1(c: f64, x: f64) -> f64 {
    if (c * x).abs() < 1e-9 { x * (1.0 + c * x / 2.0) } else { (c * x).exp_m1() / c }
}

/// Expected purchases in `weeks` of somebody who buys at random with a rate gamma(shape, scale) and ends after each
/// purchase with a chance beta(a, b).
///
/// Euler's transformation of the papers' formula has no poles at a = 1 and a + b = 1; where it would cancel or crawl,
/// the mean over the chance to end is integrated.
fn purchases_before_end((shape, scale): (f64, f64), a: f64, b: f64, weeks: f64) -> f64 {
    let c = a + b - 1.0;
    let most = c - shape;
    let z = weeks / (scale + weeks);
    if most >= -50.0 && z < 0.999 {
        let log = -(weeks / scale).ln_1p();
        let eps = a - 1.0;
        let first = -c * ratio_expm1(eps, log);
        let (mut term, mut sum) = (most * z, most * z);
        let mut largest = term.abs();
        let mut n = 1.0;
        while n < 3_000.0 {
            term *= (a + n - 1.0) * (most + n) / ((c + n) * (n + 1.0)) * z;
            sum += term;
            largest = largest.max(term.abs());
            n += 1.0;
            if term.abs() <= 1e-17 * sum.abs() {
                break;
            }
        }
        let factor = (eps * log).exp();
        let held = first - factor * sum;
        // Enough digits are left of what was taken from each other.
        if n < 3_000.0 && held.is_finite() && held > 1e-4 * (first.abs() + factor * largest) {
            return held;
        }
    }
    mean_over_ends((shape, scale), a, b, weeks)
}

/// The same as an integral over w = ln(p / (1 - p)), p the chance to end, by the double exponential rule.
fn mean_over_ends((shape, scale): (f64, f64), a: f64, b: f64, weeks: f64) -> f64 {
    let ln_b = ln_beta(a, b);
    let centre = (a / b).ln();
    // As wide as the density of w is at its peak, and no wider than its own scale.
    let width = ((a + b) / (a * b)).sqrt().min(1.0);
    let given = |p: f64| {
        let reach = p * weeks / scale;
        let held = -(-shape * reach.ln_1p()).exp_m1();
        if p * weeks / scale * shape < 1e-12 { shape * weeks / scale } else { held / p }
    };
    let step = 1.0 / 32.0;
    let mut sum = 0.0;
    for side in [-1.0, 1.0] {
        let mut n = if side < 0.0 { 1 } else { 0 };
        loop {
            let v = side * step * f64::from(n);
            let w = centre + width * v.sinh();
            // ln p and ln(1 - p), exact on both sides.
            let (ln_p, ln_q) = (-ln_1p_exp(-w), -ln_1p_exp(w));
            let ln_density = a * ln_p + b * ln_q - ln_b + (width * v.cosh()).ln();
            if ln_density < -50.0 && n > 32 || n > 1_000 {
                break;
            }
            sum += ln_density.exp() * given(ln_p.exp());
            n += 1;
        }
    }
    sum * step
}

/// `ln(1 + e^x)`
fn ln_1p_exp(x: f64) -> f64 {
    special::ln_add(0.0, x)
}

/// The probabilities of 0, 1, ... purchases in a horizon of somebody who is a customer now.
struct Counts {
    n: f64,
    /// By node (one but for Pareto/NBD): weight, z = h / (scale + h), ln z, and the logarithm of the present term.
    nodes: Vec<(f64, f64, f64)>,
    shape: f64,
    /// The shares of [`Counts::nodes`] of those who made no more than `n - 1` purchases were nothing to end them.
    up_to: f64,
    /// BG: a, b, and the logarithm of the mean of (1 - p)^n over the chance to end p.
    ends: Option<(f64, f64, f64)>,
}

impl Counts {
    fn new(model: &Model, customer: &Customer, weeks: f64) -> Counts {
        let (shape, scale) = model.pace(customer);
        let node = |weight: f64, weeks: f64| {
            (weight, (weeks / (scale + weeks)).ln(), -shape * (weeks / scale).ln_1p())
        };
        let [_, _, s, beta, _] = model.values;
        let (nodes, ends) = if model.kind == Kind::ParetoNbd {
            let age = beta + customer.t;
            // Over v = ln((age + moment of the end) / age), whose density is s e^(-s v), in panels that grow.
            let all = (weeks / age).ln_1p();
            let reach = all.min(40.0 / s);
            let mut nodes = Vec::new();
            for (from, to) in [(0.0, 1.0 / 16.0), (1.0 / 16.0, 0.25), (0.25, 1.0)] {
                nodes.extend(gauss().iter().map(|(share, weight)| {
                    let v = reach * (from + (to - from) * share);
                    let until = (age * v.exp_m1()).min(weeks);
                    node(weight * reach * (to - from) * s * (-s * v).exp(), until)
                }));
            }
            nodes.push(node((-s * all).exp(), weeks));
            (nodes, None)
        } else {
            (vec![node(1.0, weeks)], Some((model.values[2], model.stayed(customer), 0.0)))
        };
        Counts { n: 0.0, nodes, shape, up_to: 0.0, ends }
    }

    fn next(&mut self) -> f64 {
        let mut random = 0.0;
        for (weight, ln_z, ln_term) in &mut self.nodes {
            random += *weight * ln_term.exp();
            *ln_term += ((self.shape + self.n) / (self.n + 1.0)).ln() + *ln_z;
        }
        let probability = match &mut self.ends {
            None => random,
            Some((a, b, ln_stays)) => {
                // All of the n purchases were survived, or the nth was the last of many more that would have come.
                let beyond = (1.0 - self.up_to).max(0.0);
                let ended =
                    if self.n > 0.0 { (*ln_stays).exp() * *a / (*b + self.n - 1.0) * beyond } else { 0.0 };
                let stayed = (*ln_stays).exp() * random;
                *ln_stays += ((*b + self.n) / (*a + *b + self.n)).ln();
                stayed + ended
            }
        };
        self.up_to += random;
        self.n += 1.0;
        probability
    }
}
