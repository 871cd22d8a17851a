//! Trained before a day and judged after it: the candidates, the naive rules beside them, and which of them serves.

use super::features::{self, Told, known};
use super::naive::{Ranking, Rule};
use super::outlook::{Boosted, Serves};
use super::purchases::{Logarithms, Purchases, Summary};
use super::rfm::RfmBounds;
use crate::boosted::{self, Forest, Loss, Rows, Settings};
use crate::measure::{Isotonic, Scores, calibration};
use crate::parts::each;
use domain::btyd::{self, Fit, Kind, Model, Prior, Sample, Tables, WEEK_DAYS};
use domain::commerce::Day;

/// Customers as they stood at a cut, and what they did from then on.
#[derive(Clone, Debug)]
pub struct View {
    pub cut: Day,
    pub until: Day,
    pub customers: Vec<Summary>,
    /// Days with an order after the cut, until the end of `until`.
    pub orders: Vec<f64>,
    /// What was paid on them, in minor units, net.
    pub paid: Vec<f64>,
    /// Mean order before the cut.
    pub value_mean: f64,
}

impl View {
    pub fn of(purchases: &Purchases, cut: Day, until: Day, ln: &Logarithms) -> View {
        let mut view =
            View { cut, until, customers: Vec::new(), orders: Vec::new(), paid: Vec::new(), value_mean: 0.0 };
        for customer in 0..purchases.customers() {
            let Some(summary) = purchases.summary(customer, cut, ln) else { continue };
            let (orders, paid) = purchases.came(customer, cut, until);
            view.customers.push(summary);
            view.orders.push(f64::from(orders));
            view.paid.push(paid as f64);
        }
        view.value_mean = mean_order(&view.customers);
        view
    }

    pub fn horizon(&self) -> f64 {
        f64::from(self.until - self.cut) / WEEK_DAYS
    }

    /// How a model tells of every customer at the cut.
    pub fn told(&self, model: &Model, horizon: f64, threads: usize) -> Vec<Told> {
        let tables = Tables::new(*model, [horizon]);
        each(self.customers.len(), threads, |at| {
            Told::by(&tables.see(&known(&self.customers[at], self.cut)), horizon)
        })
    }

    pub fn fit(&self, kind: Kind, threads: usize) -> Option<Fit> {
        fit(&self.customers, self.cut, kind, threads)
    }
}

/// Mean order of all, in minor units; 0 where nothing was paid.
pub fn mean_order(customers: &[Summary]) -> f64 {
    let paid: f64 = customers.iter().map(|customer| customer.paid as f64).sum();
    let days: f64 = customers.iter().map(|customer| f64::from(customer.paid_days)).sum();
    if days > 0.0 { paid / days } else { 0.0 }
}

pub fn sample(customers: &[Summary], today: Day) -> Sample {
    let age = |from: Day, to: Day| u32::try_from(i64::from(to) - i64::from(from)).unwrap_or(0);
    Sample::of_days(customers.iter().map(|customer| {
        let first = customer.first;
        (customer.repeats(), age(first, customer.last), age(first, today), customer.ln_gaps)
    }))
}

/// Customers with a repeat order below which a shop is drawn towards what shops are like.
pub const REPEATERS_LEAST: usize = 300;

/// The prior by how much a shop tells.
pub fn prior(customers: &[Summary], kind: Kind) -> (Prior, &'static str) {
    let repeaters = customers.iter().filter(|customer| customer.repeats() > 0).count();
    if repeaters < REPEATERS_LEAST { (Prior::pooled(kind), "pooled") } else { (Prior::weak(kind), "weak") }
}

/// Fitted with the prior that suits the number of repeaters.
pub fn fit(customers: &[Summary], today: Day, kind: Kind, threads: usize) -> Option<Fit> {
    btyd::fit_on(kind, &sample(customers, today), &prior(customers, kind).0, threads)
}

/// Rows that boosted trees learn from: views with what the model told of their customers.
pub fn learn_trees(views: &[(&View, &[Told])], on_model: bool, settings: &Settings) -> Forest {
    let count: usize = views.iter().map(|(view, _)| view.customers.len()).sum();
    let step = count.div_ceil(TREE_ROWS_MAX).max(1);
    let (mut values, mut targets, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    for (view, told) in views {
        for (at, customer) in view.customers.iter().enumerate().step_by(step) {
            values.extend(features::of(customer, view.cut, &told[at], view.value_mean));
            targets.push(view.orders[at]);
            if on_model {
                offsets.push(told[at].mean.max(1e-4).ln());
            }
        }
    }
    let rows = Rows { columns: features::COUNT, values: &values, targets: &targets, offsets: &offsets };
    boosted::learn(Loss::Poisson, &rows, settings)
}

/// Customers of whom trees are learned; beyond that every so many-th.
pub const TREE_ROWS_MAX: usize = 40_000;

/// Of the trees alone.
pub fn ask_trees(view: &View, told: &[Told], forest: &Forest, on_model: bool, threads: usize) -> Vec<f64> {
    each(view.customers.len(), threads, |at| {
        let (customer, told) = (&view.customers[at], &told[at]);
        let start = if on_model { told.mean.max(1e-4) } else { 1.0 };
        let score = forest.score(&features::of(customer, view.cut, told, view.value_mean));
        (start * score.exp()).min(view.horizon() * WEEK_DAYS)
    })
}

pub fn blend(one: &[f64], other: &[f64], share: f64) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| one * (1.0 - share) + other * share).collect()
}

/// By what forecasts have to be multiplied, by their logarithm: neighbouring groups, never falling, drawn to 1 where
/// few orders came.
pub fn correction(forecast: &[f64], actual: &[f64]) -> Vec<(f64, f64)> {
    /// Orders that were forecast rightly, added to every group.
    const PULL: f64 = 10.0;
    let groups = (forecast.len() / 60).clamp(1, 20);
    let groups = calibration(forecast, actual, groups);
    let points = groups.iter().map(|group| {
        let count = group.customers as f64;
        let came = (group.actual * count + PULL) / (group.forecast * count + PULL) * group.forecast;
        (group.forecast.max(1e-6).ln(), came, count)
    });
    let rising = Isotonic::rising(points);
    let mut held: Vec<(f64, f64)> = Vec::new();
    for group in &groups {
        let x = group.forecast.max(1e-6).ln();
        if let Some(came) = rising.at(x).filter(|came| *came > 0.0) {
            let point = (x, (came.ln() - x).clamp(-3.0, 5.0));
            if held.last().is_none_or(|last| last.0 + 1e-6 < x) {
                held.push(point);
            }
        }
    }
    held
}

/// Applies it.
pub fn corrected(correction: &[(f64, f64)], forecast: &[f64]) -> Vec<f64> {
    forecast.iter().map(|mean| mean * super::outlook::factor(correction, *mean)).collect()
}

/// What the rules would have said, with their scores.
pub fn naive(view: &View) -> Vec<(&'static str, Option<Rule>, Vec<f64>, Scores)> {
    let mut held = Vec::new();
    for rule in Rule::ALL {
        let mean = |customer: &Summary| rule.mean(customer, view.cut, view.horizon());
        let forecast: Vec<f64> = view.customers.iter().map(mean).collect();
        let scores = Scores::of(&forecast, &view.orders);
        held.push((rule.name(), Some(rule), forecast, scores));
    }
    let bounds = RfmBounds::learn(&view.customers, view.cut);
    for ranking in Ranking::ALL {
        let score = |customer: &Summary| match ranking {
            Ranking::Recency => f64::from(customer.last),
            Ranking::RfmSum => {
                let rfm = bounds.of(customer, view.cut);
                f64::from(rfm.recency + rfm.frequency + rfm.monetary)
            }
        };
        let scored: Vec<f64> = view.customers.iter().map(score).collect();
        let scores = Scores::of_ranking(&scored, &view.orders);
        held.push((ranking.name(), None, scored, scores));
    }
    held
}

/// How clearly one forecast is better than another: measures won less measures lost, of RMSE, deviance, calibration and
/// AUC, each only beyond what chance makes; and the names of those lost.
pub fn compare(one: &Scores, other: &Scores) -> (i32, Vec<&'static str>, Vec<&'static str>) {
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    let mut judge = |name, one: Option<f64>, other: Option<f64>, off: f64| {
        if let (Some(one), Some(other)) = (one, other) {
            if one < other - off {
                won.push(name);
            } else if one > other + off {
                lost.push(name);
            }
        }
    };
    judge("rmse", one.rmse, other.rmse, other.rmse.unwrap_or(0.0) * 0.01);
    judge("deviance", one.deviance, other.deviance, other.deviance.unwrap_or(0.0) * 0.01);
    judge("calibration", one.calibration, other.calibration, 0.02);
    judge("auc", one.auc.map(|auc| -auc), other.auc.map(|auc| -auc), 0.005);
    (won.len() as i32 - lost.len() as i32, won, lost)
}

/// A candidate that can serve, with what it said at the cut.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub name: &'static str,
    pub serves: Serves,
    pub is_corrected: bool,
    pub forecast: Vec<f64>,
    pub scores: Scores,
}

/// The trees as they serve.
pub fn boosted(forest: Forest, on_model: bool, share: f64) -> Boosted {
    Boosted { forest, share, on_model }
}
