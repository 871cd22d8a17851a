//! Fitting: the most likely parameters of a shop's customers.

use super::likelihood::{MOST, Slope, log_likelihood};
use super::search::{BOUND, Found, bounded, climb, curvature, inverse, is_at_bound};
use super::{Kind, Model, Sample};
use serde::{Deserialize, Serialize};

/// What is known of the parameters before any customer is looked at: independent normal distributions of their
/// logarithms. Its weight against the customers' is that of one observation each.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Prior {
    /// Mean and standard deviation of the logarithm of each parameter, in the order of [`Kind::parameters`]; empty for
    /// no prior at all.
    pub logs: Vec<(f64, f64)>,
}

impl Prior {
    /// None: maximum likelihood.
    pub fn none() -> Prior {
        Prior::default()
    }

    /// So wide that a few hundred customers outweigh it, and narrow enough that a shop whose data say nothing of some
    /// parameter gets a sensible one.
    pub fn weak(kind: Kind) -> Prior {
        Prior::of(kind, 2.0)
    }

    /// What shops are like, for one with too few customers of its own: the usual values, off by a factor of about two
    /// either way. The values are those of public data sets (CDs, groceries, gifts); the width is a judgement.
    pub fn pooled(kind: Kind) -> Prior {
        Prior::of(kind, 0.7)
    }

    /// Around a fitted model, such as that of all shops together; `width` is the standard deviation of the logarithms.
    pub fn around(model: &Model, width: f64) -> Prior {
        Prior { logs: model.parameters().iter().map(|value| (value.ln(), width)).collect() }
    }

    fn of(kind: Kind, width: f64) -> Prior {
        let usual: &[f64] = match kind {
            Kind::BgNbd => &[0.4, 5.0, 0.8, 2.5],
            Kind::MbgNbd => &[0.8, 6.0, 0.7, 1.4],
            Kind::MbgCnbdK => &[0.9, 5.0, 0.7, 1.4, 1.3],
            Kind::ParetoNbd => &[0.7, 9.0, 0.6, 11.0],
        };
        Prior { logs: usual.iter().map(|value| (value.ln(), width)).collect() }
    }
}

/// A fitted model and how sure of it one can be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fit {
    pub model: Model,
    /// Standard errors in the order of the parameters, `None` where the customers (and the prior) do not determine it.
    pub errors: Vec<Option<f64>>,
    /// Correlations of the estimates, row by row; empty where they are not determined.
    pub correlations: Vec<Vec<f64>>,
    /// The natural logarithm of the likelihood of all customers, without the prior.
    pub log_likelihood: f64,
    /// Customers, by weight.
    pub customers: f64,
    /// Steps of the search, and how often the likelihood of all customers was computed for it.
    pub iterations: u32,
    pub evaluations: u32,
    /// The largest slope that was left, of the mean log-likelihood a customer by the logarithm of a parameter.
    pub gradient: f64,
    /// Whether the search ended because there was no slope left.
    pub converged: bool,
    /// Whether the purchases tell that customers end at all. Where they do not, the model's P(alive) says nothing: it
    /// is the prior's.
    pub drop_out_identified: bool,
}

/// The most likely parameters, given the prior; `None` without customers. One thread.
pub fn fit(kind: Kind, sample: &Sample, prior: &Prior) -> Option<Fit> {
    fit_on(kind, sample, prior, 1)
}

/// The same on several threads. The result does not depend on how many.
pub fn fit_on(kind: Kind, sample: &Sample, prior: &Prior, threads: usize) -> Option<Fit> {
    if sample.is_empty() {
        return None;
    }
    let count = kind.parameters().len();
    let is_free: [bool; MOST] = std::array::from_fn(|n| n < count);
    // Near the top by way of some of the rows, which costs little; the last steps by way of all.
    let few = thinned(sample, COARSE_ROWS);
    let of_few = few.as_ref().unwrap_or(sample);
    let coarse = climb(mean(kind, of_few, prior, threads), start(kind, sample), is_free, None, 1e-7);
    let some = thinned(sample, CURVATURE_ROWS);
    let of_some = some.as_ref().unwrap_or(sample);
    let shape = |at: &[f64; MOST]| curvature(mean(kind, of_some, prior, threads), at, &is_free);
    let (mut found, mut evaluations) = (coarse.clone(), coarse.evaluations);
    if few.is_some() {
        let near = inverse(&shape(&coarse.at), &is_free);
        found = climb(mean(kind, sample, prior, threads), coarse.at, is_free, near, ENOUGH);
        evaluations = found.evaluations;
        found.iterations += coarse.iterations;
    }
    let curved = shape(&found.at);
    let at_bound = is_at_bound(&found.at);
    let live: [bool; MOST] = std::array::from_fn(|n| is_free[n] && !at_bound[n]);
    let spread = inverse(&curved, &live);
    // Newton's step takes away what the search left.
    if let Some(spread) = spread.filter(|_| found.gradient() > 1e-12) {
        let by: [f64; MOST] = std::array::from_fn(|i| {
            (0..MOST).map(|j| if live[j] { spread[i][j] * found.slope.by[j] } else { 0.0 }).sum()
        });
        let at = bounded(std::array::from_fn(|n| found.at[n] + by[n]));
        let better = Found { slope: mean(kind, sample, prior, threads)(&at), at, ..found.clone() };
        evaluations += 1;
        if better.gradient() < found.gradient() {
            found = better;
        }
    }
    let values = found.at.map(f64::exp);
    let model = Model::new(kind, &values[..count])?;
    let log_likelihood = log_likelihood(kind, sample, &values, threads).value;
    // Of the mean likelihood a customer.
    let error = |n: usize| {
        let spread = spread.filter(|_| live[n])?;
        Some((spread[n][n] / sample.customers()).sqrt() * values[n]).filter(|error| error.is_finite())
    };
    let errors: Vec<Option<f64>> = (0..count).map(error).collect();
    let correlations = match spread.filter(|_| errors.iter().all(Option::is_some)) {
        Some(s) => {
            (0..count).map(|i| (0..count).map(|j| s[i][j] / (s[i][i] * s[j][j]).sqrt()).collect()).collect()
        }
        None => Vec::new(),
    };
    let gradient = found.gradient();
    Some(Fit {
        model,
        errors,
        correlations,
        log_likelihood,
        customers: sample.customers(),
        iterations: found.iterations,
        evaluations,
        gradient,
        converged: gradient <= 1e-6 * (1.0 + found.slope.value.abs()),
        drop_out_identified: ends_show(kind, of_few, &found.at, sample.customers(), threads),
    })
}

/// Different rows of the sample that the search begins with, and that second derivatives are taken of. Beyond them
/// standard errors are those of a systematic sample, scaled: off by a hundredth or two.
const COARSE_ROWS: usize = 20_000;
const CURVATURE_ROWS: usize = 40_000;
/// The slope of the mean log-likelihood at which the search ends; parameters are then off by less than a ten-millionth.
const ENOUGH: f64 = 1e-8;

fn thinned(sample: &Sample, rows: usize) -> Option<Sample> {
    let step = sample.len().div_ceil(rows);
    (step > 1).then(|| sample.thinned(step))
}

/// Purchases about as frequent as a quarter of the usual age suggests; everything else 1.
fn start(kind: Kind, sample: &Sample) -> [f64; MOST] {
    let ages = sample.rows().map(|(customer, weight)| customer.t() * weight).sum::<f64>();
    let age = (ages / sample.customers() / 4.0).clamp(0.05, 500.0);
    let mut start = [0.0; MOST];
    start[1] = age.ln();
    if kind == Kind::ParetoNbd {
        start[3] = age.ln();
    }
    start
}

/// The mean of log-likelihood and prior a customer, by the logarithms of the parameters.
fn mean<'a>(
    kind: Kind,
    sample: &'a Sample,
    prior: &'a Prior,
    threads: usize,
) -> impl FnMut(&[f64; MOST]) -> Slope + 'a {
    let customers = sample.customers();
    // A sample of the customers takes its share of the prior.
    let share = customers / sample.stands_for();
    move |at| {
        let values = at.map(f64::exp);
        let mut slope = log_likelihood(kind, sample, &values, threads);
        for (by, value) in slope.by.iter_mut().zip(values) {
            *by *= value;
        }
        for (n, (centre, width)) in prior.logs.iter().take(MOST).enumerate() {
            let off = (at[n] - centre) / width;
            slope.value -= share * off * off / 2.0;
            slope.by[n] -= share * off / width;
        }
        slope.value /= customers;
        slope.by = slope.by.map(|by| by / customers);
        slope
    }
}

/// Whether a model in which nobody ever ends fits clearly worse: by 4 in the log-likelihood (by chance one shop in
/// fifty), and customers end so often that it matters.
fn ends_show(kind: Kind, sample: &Sample, at: &[f64; MOST], customers: f64, threads: usize) -> bool {
    let none = Prior::none();
    let mut likelihood = mean(kind, sample, &none, threads);
    let held = likelihood(at).value;
    let values = at.map(f64::exp);
    let often =
        if kind == Kind::ParetoNbd { values[2] / values[3] } else { values[2] / (values[2] + values[3]) };
    let mut start = *at;
    (start[2], start[3]) = (-BOUND, BOUND);
    let mut is_free: [bool; MOST] = std::array::from_fn(|n| n < kind.parameters().len());
    (is_free[2], is_free[3]) = (false, false);
    let endless = climb(likelihood, start, is_free, None, 1e-5);
    often > 1e-3 && (held - endless.slope.value) * customers > 4.0
}
