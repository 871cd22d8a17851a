//! The log-likelihood of a sample and its slopes.
//!
//! What depends on the number of purchases alone is computed once a number, what depends on one time once a time, and
//! a row costs an exponential and a logarithm (with even gaps: an incomplete beta function).

use super::special::{Dual, digamma, incomplete_beta, ln_beta, ln_gamma, ln_gamma_rise, ln_tail};
use super::tables::Curves;
use super::{Kind, Sample};
use std::ops::Range;

/// The most parameters that a model has.
pub const MOST: usize = 5;

/// A log-likelihood and its derivatives by the parameters.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Slope {
    pub value: f64,
    pub by: [f64; MOST],
}

impl Slope {
    fn add(&mut self, other: &Slope) {
        self.value += other.value;
        for (sum, by) in self.by.iter_mut().zip(other.by) {
            *sum += by;
        }
    }
}

/// Rows are summed up in so many parts, whatever the number of threads: the result does not depend on it.
const PARTS: usize = 16;
/// Fewer rows are one part.
const SMALL: usize = 4_096;

/// The log-likelihood of all customers.
pub fn log_likelihood(kind: Kind, sample: &Sample, parameters: &[f64; MOST], threads: usize) -> Slope {
    let parts = parts_of(sample.places.len());
    let even = (kind == Kind::MbgCnbdK).then(|| Even::new(sample, parameters, threads));
    let part = |range: &Range<usize>| match kind {
        Kind::BgNbd | Kind::MbgNbd => Random::new(kind, sample, parameters).rows(sample, range.clone()),
        Kind::MbgCnbdK => even.as_ref().map_or_else(Slope::default, |even| even.rows(sample, range.clone())),
        Kind::ParetoNbd => pareto_rows(sample, parameters, range.clone()),
    };
    let sums: Vec<Slope> = if threads < 2 || parts.len() < 2 {
        parts.iter().map(part).collect()
    } else {
        let size = parts.len().div_ceil(threads);
        std::thread::scope(|scope| {
            let run = |parts: &'_ [Range<usize>]| parts.iter().map(part).collect::<Vec<_>>();
            let working: Vec<_> = parts.chunks(size).map(|parts| scope.spawn(move || run(parts))).collect();
            // A panic of a part is this one's.
            working
                .into_iter()
                .flat_map(|part| part.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
                .collect()
        })
    };
    let mut all = by_counts(kind, sample, parameters);
    sums.iter().for_each(|sum| all.add(sum));
    all
}

fn parts_of(rows: usize) -> Vec<Range<usize>> {
    let count = if rows < SMALL { 1 } else { PARTS };
    (0..count).map(|part| rows * part / count..rows * (part + 1) / count).collect()
}

/// What depends on numbers of purchases alone.
fn by_counts(kind: Kind, sample: &Sample, parameters: &[f64; MOST]) -> Slope {
    let [r, alpha, a, b, k] = *parameters;
    let mut sum = Slope::default();
    let k = if kind == Kind::MbgCnbdK { k } else { 1.0 };
    let (psi_r, psi_ab, psi_b) = (digamma(r), digamma(a + b), digamma(b));
    for (x, weight) in sample.counts.iter().zip(&sample.by_count).filter(|(_, weight)| **weight > 0.0) {
        let x = f64::from(*x);
        let mut by = [digamma(r + k * x) - psi_r + alpha.ln(), r / alpha, 0.0, 0.0, 0.0];
        let mut value = ln_gamma_rise(r, k * x) + r * alpha.ln();
        match kind {
            Kind::ParetoNbd => {
                let (s, beta) = (a, b);
                value += s * beta.ln();
                by[2] += beta.ln();
                by[3] += s / beta;
            }
            _ => {
                // Survived purchases; in the modified models the first was one as well.
                let survived = if kind == Kind::BgNbd { x } else { x + 1.0 };
                value += ln_gamma_rise(b, survived) - ln_gamma_rise(a + b, survived);
                let both = psi_ab - digamma(a + b + survived);
                by[2] += both;
                by[3] += both + digamma(b + survived) - psi_b;
                by[4] += x * digamma(r + k * x);
            }
        }
        sum.value += weight * value;
        for (sum, by) in sum.by.iter_mut().zip(by) {
            *sum += weight * by;
        }
    }
    if kind == Kind::MbgCnbdK {
        sum.value += (k - 1.0) * sample.ln_gaps() - sample.repeats() * ln_gamma(k);
        sum.by[4] += sample.ln_gaps() - sample.repeats() * digamma(k);
    } else {
        sum.by[4] = 0.0;
    }
    sum
}

/// Tables of BG/NBD and MBG/NBD.
struct Random {
    is_bg: bool,
    a: f64,
    /// By number of purchases: r + x, ln of the odds to have ended with the last purchase, and 1 / its denominator.
    counts: Vec<(f64, f64, f64)>,
    /// By time: its logarithm and its inverse, alpha added.
    times: Vec<(f64, f64)>,
}

impl Random {
    fn new(kind: Kind, sample: &Sample, &[r, alpha, a, b, _]: &[f64; MOST]) -> Random {
        let is_bg = kind == Kind::BgNbd;
        let of_count = |x: &u32| {
            let x = f64::from(*x);
            let rest = if is_bg { b + x - 1.0 } else { b + x };
            (r + x, a.ln() - rest.ln(), 1.0 / rest)
        };
        Random {
            is_bg,
            a,
            counts: sample.counts.iter().map(of_count).collect(),
            times: sample.times.iter().map(|time| ((alpha + time).ln(), 1.0 / (alpha + time))).collect(),
        }
    }

    fn rows(&self, sample: &Sample, range: Range<usize>) -> Slope {
        let [mut value, mut by_r, mut by_alpha, mut ended, mut by_b] = [0.0; 5];
        for place in &sample.places[range] {
            let (m, ln_odds, over_rest) = self.counts[place.x as usize];
            let (ln_t, over_t) = self.times[place.t as usize];
            if self.is_bg && sample.counts[place.x as usize] == 0 {
                value -= place.weight * m * ln_t;
                by_r -= place.weight * ln_t;
                by_alpha -= place.weight * m * over_t;
                continue;
            }
            let (ln_tx, over_tx) = self.times[place.tx as usize];
            // How much likelier it is that they ended with the last purchase than that they are still there.
            let gap = ln_odds + m * (ln_t - ln_tx);
            let e = (-gap.abs()).exp();
            let share = 1.0 / (1.0 + e);
            let (here, gone) = if gap > 0.0 { (e * share, share) } else { (share, e * share) };
            value += place.weight * (gap.max(0.0) - m * ln_t + (1.0 + e).ln());
            by_r -= place.weight * (here * ln_t + gone * ln_tx);
            by_alpha -= place.weight * m * (here * over_t + gone * over_tx);
            ended += place.weight * gone;
            by_b -= place.weight * gone * over_rest;
        }
        Slope { value, by: [by_r, by_alpha, ended / self.a, by_b, 0.0] }
    }
}

/// Tables of MBG/CNBD-k.
struct Even {
    alpha: f64,
    a: f64,
    k: f64,
    /// By number of purchases: x, r + k x and ln B(r + k x, k) with derivatives by (r + k x, k), and b + x.
    counts: Vec<(f64, Dual<2>, Dual<2>, f64)>,
    ln_times: Vec<f64>,
    /// By number of purchases that many have: the logarithm of the share that is still silent and its derivatives by
    /// (r + k x, k), over the logarithm of (all the time before a silence / the silence).
    curves: Vec<Option<Curves>>,
}

impl Even {
    fn new(sample: &Sample, &[r, alpha, a, b, k]: &[f64; MOST], threads: usize) -> Even {
        let of_count = |x: &u32| {
            let x = f64::from(*x);
            let m = r + k * x;
            let both = digamma(m + k);
            let ln_beta = Dual { value: ln_beta(m, k), by: [digamma(m) - both, digamma(k) - both] };
            (x, Dual::variable(m, 0), ln_beta, b + x)
        };
        let mut even = Even {
            alpha,
            a,
            k,
            counts: sample.counts.iter().map(of_count).collect(),
            ln_times: sample.times.iter().map(|time| (alpha + time).ln()).collect(),
            curves: Vec::new(),
        };
        even.curves = even.learn(sample, threads);
        even
    }

    /// Curves where they cost less than half of asking for every row.
    fn learn(&self, sample: &Sample, threads: usize) -> Vec<Option<Curves>> {
        let most = sample.times.last().copied().unwrap_or_default();
        let Some(least) = sample.times.iter().copied().find(|time| *time > 0.0) else { return Vec::new() };
        let range = ((self.alpha / most).ln() - 0.01, ((self.alpha + most) / least).ln() + 0.01);
        let least_rows = 2 * Curves::cost(range);
        let mut rows = vec![0; sample.counts.len()];
        sample.places.iter().for_each(|place| rows[place.x as usize] += 1);
        let last = rows.iter().rposition(|rows| *rows > least_rows);
        let of = |count: usize| {
            let (_, m, ln_beta, _) = self.counts[count];
            let k = Dual::<2>::variable(self.k, 1);
            let at = |ln_odds: f64| {
                let (u, v) = (1.0 / (1.0 + (-ln_odds).exp()), 1.0 / (1.0 + ln_odds.exp()));
                let held = incomplete_beta((u, v), m, k, ln_beta).ln();
                [held.value, held.by[0], held.by[1]]
            };
            if rows[count] > least_rows { Curves::of(range, at) } else { None }
        };
        let count = last.map_or(0, |last| last + 1);
        let threads = threads.clamp(1, count.max(1));
        // Each thread takes every so many-th, because those of many purchases have few rows.
        std::thread::scope(|scope| {
            let run = |from: usize| (from..count).step_by(threads).map(of).collect::<Vec<_>>();
            let others: Vec<_> = (1..threads).map(|from| scope.spawn(move || run(from))).collect();
            let mut held = vec![run(0).into_iter()];
            for other in others {
                held.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).into_iter());
            }
            (0..count).map(|at| held[at % threads].next().flatten()).collect()
        })
    }

    fn rows(&self, sample: &Sample, range: Range<usize>) -> Slope {
        let mut sum = Slope::default();
        let k = Dual::<2>::variable(self.k, 1);
        for place in &sample.places[range] {
            let (x, m, ln_beta, rest) = self.counts[place.x as usize];
            let (t, tx) = (sample.times[place.t as usize], sample.times[place.tx as usize]);
            let ln_tx = self.ln_times[place.tx as usize];
            let (near, all, silence) = (self.alpha + tx, self.alpha + t, t - tx);
            let (mut silent, mut by_alpha) = (Dual::constant(1.0), 0.0);
            if silence > 0.0 {
                let (u, v) = (near / all, silence / all);
                let (ln_u, ln_v) = (ln_tx - self.ln_times[place.t as usize], v.ln());
                let curves = self.curves.get(place.x as usize).and_then(Option::as_ref);
                silent = match curves.and_then(|curves| curves.at(ln_u - ln_v)) {
                    Some([value, by_m, by_k]) => Dual { value, by: [by_m, by_k] }.exp(),
                    None => incomplete_beta((u, v), m, k, ln_beta),
                };
                let density = ((m.value - 1.0) * ln_u + (self.k - 1.0) * ln_v - ln_beta.value).exp();
                by_alpha = density * v / all;
            }
            let ended = self.a / rest;
            let both = ended + silent.value;
            let by_m = silent.by[0] / both - ln_tx;
            sum.value += place.weight * (both.ln() - m.value * ln_tx);
            let by = [
                by_m,
                by_alpha / both - m.value / near,
                1.0 / (rest * both),
                -ended / (rest * both),
                x * by_m + silent.by[1] / both,
            ];
            for (sum, by) in sum.by.iter_mut().zip(by) {
                *sum += place.weight * by;
            }
        }
        sum
    }
}

/// Pareto/NBD, with an integral a number of purchases and time.
fn pareto_rows(sample: &Sample, &[r, alpha, s, beta, _]: &[f64; MOST], range: Range<usize>) -> Slope {
    let mut sum = Slope::default();
    let of = |value: f64, at: usize| Dual::<4>::variable(value, at);
    let mut tails: Vec<Option<Dual<4>>> = Vec::new();
    let mut tails_of = u32::MAX;
    let places = &sample.places[range];
    for place in places {
        if place.x != tails_of {
            tails_of = place.x;
            tails.clear();
            tails.resize(sample.times.len(), None);
        }
        let x = f64::from(sample.counts[place.x as usize]);
        let t = sample.times[place.t as usize];
        let (ln_alpha, ln_beta) = ((alpha + t).ln(), (beta + t).ln());
        let here = Dual::<4> {
            value: -(r + x) * ln_alpha - s * ln_beta,
            by: [-ln_alpha, -(r + x) / (alpha + t), -ln_beta, -s / (beta + t)],
        };
        let mut both = here;
        if place.t != place.tx {
            let mut tail = |time: u32| {
                *tails[time as usize].get_or_insert_with(|| {
                    let from = sample.times[time as usize];
                    ln_tail((of(alpha, 1), of(r, 0) + x), (of(beta, 3), of(s, 2) + 1.0), from)
                })
            };
            let (early, late) = (tail(place.tx), tail(place.t));
            let lost = (late - early).exp();
            if lost.value < 1.0 {
                let gone = early + (-lost + 1.0).ln() + of(s, 2).ln();
                let share = super::special::sigmoid(gone.value - here.value);
                both = Dual {
                    value: super::special::ln_add(here.value, gone.value),
                    by: std::array::from_fn(|n| (1.0 - share) * here.by[n] + share * gone.by[n]),
                };
            }
        }
        sum.value += place.weight * both.value;
        for (sum, by) in sum.by.iter_mut().zip(both.by) {
            *sum += place.weight * by;
        }
    }
    sum
}
