//! How likely somebody who never bought is to buy within a month, learned from those who did and did not.
//!
//! A person is looked at as they were known at an instant ([`as_of`] takes away what was learned since), and whether
//! they bought within [`HORIZON_DAYS`] after it is what came of it. [`learn`] fits a logistic regression to earlier
//! instants, calibrates it on people whom it was not fitted to, and judges it on the latest instant, beside the rate of
//! all and the shop's own rules. What people of today are told by it is [`Model::probability`].

mod signals;
#[cfg(test)]
mod tests;

pub use signals::{Signal, as_of, signals, source};

use crate::logistic::{Logistic, Row, log_loss};
use crate::measure::{self, Group, auc, brier, calibration};
use serde::{Deserialize, Serialize};

/// Days within which an order has to come.
pub const HORIZON_DAYS: i64 = 30;
/// Buyers without whom nothing is learned, among those it is fitted to, and among those it is judged on.
pub const BUYERS_TO_FIT: usize = 40;
pub const BUYERS_TO_JUDGE: usize = 15;
/// Parts of the people, of which each is judged by a fit to the others.
const FOLDS: u64 = 5;
/// Penalties that are tried, in squared standard units.
const RIDGES: [f64; 3] = [1.0, 10.0, 100.0];
/// A source of people that has this many of the examples is a signal of its own.
const SOURCE_SHARE: f64 = 0.02;
const SOURCES_MAX: usize = 8;

/// Somebody at an instant, and what came of it.
#[derive(Clone, Debug)]
pub struct Example {
    /// Tells people apart; the same person has the same number at every instant.
    pub person: u64,
    /// Counts up with time; the highest is judged on.
    pub snapshot: u32,
    pub signals: Vec<Signal>,
    /// Where the person came from, as the shop calls it.
    pub source: Option<String>,
    /// By the shop's rules; `None` without rules.
    pub score: Option<i64>,
    /// The place of the grade, best first.
    pub grade: Option<usize>,
    pub bought: bool,
}

/// What serves.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Model {
    pub horizon_days: i64,
    /// The signals in the order of the coefficients, and what they are on average.
    pub codes: Vec<String>,
    pub means: Vec<f64>,
    pub logistic: Logistic,
    /// From the log-odds of the fit to calibrated ones.
    pub calibration: Logistic,
    /// The share of all examples that bought.
    pub base_rate: f64,
}

/// One reason of a probability: a signal, what it is, and by how much it moves the log-odds beside an average person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cause {
    pub code: String,
    /// In its own unit: a count, days, 1 for yes.
    pub value: f64,
    pub effect: f64,
}

/// How good something is at telling who buys.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Quality {
    /// Chance that a buyer stands above somebody who did not buy; 0.5 is a coin.
    pub auc: Option<f64>,
    /// Mean squared error of the probability; lower is better.
    pub brier: Option<f64>,
    /// Mean logarithmic loss in nats; lower is better.
    pub log_loss: Option<f64>,
}

/// What became of those who had a grade.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GradeOutcome {
    /// `None`: those below every grade.
    pub grade: Option<String>,
    pub people: usize,
    pub bought: usize,
}

/// What the comparison says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Too few bought to say anything.
    TooFew,
    /// The model tells no better than the rate of all; it does not serve.
    NotBetterThanBase,
    /// The model serves, but the rules put people in at least as good an order.
    RulesAsGood,
    /// The model is better than the rate of all, and than the rules where there are any.
    ModelBetter,
}

/// How good the model is, on people of the latest instant.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    pub verdict: Verdict,
    pub horizon_days: i64,
    /// Fitted to.
    pub fitted_examples: usize,
    pub fitted_buyers: usize,
    /// Judged on.
    pub judged_people: usize,
    pub judged_buyers: usize,
    pub model: Quality,
    /// The rate of those it was fitted to, told of everybody.
    pub base: Quality,
    /// The rules; as probabilities the rates that each grade had among those that the model was fitted to.
    pub rules: Option<Quality>,
    /// Up to ten groups by probability, lowest first: how many, what was said, what came.
    pub deciles: Vec<Group>,
    pub grades: Vec<GradeOutcome>,
    /// The signals by how much they move people apart, strongest first: what one standard deviation does to the
    /// log-odds.
    pub weights: Vec<(String, f64)>,
}

/// What a fit came to. Without a model there is nothing that could serve.
#[derive(Clone, PartialEq, Debug)]
pub struct Learned {
    pub model: Option<Model>,
    pub report: Report,
}

impl Model {
    fn x(&self, signals: &[Signal], source: Option<&str>) -> Vec<f64> {
        columns(&self.codes, signals, source)
    }

    fn calibrated(&self, x: &[f64]) -> f64 {
        self.calibration.at(&[self.logistic.logit(x)])
    }

    /// From 0 to 1, neither of which it reaches.
    pub fn probability(&self, signals: &[Signal], source: Option<&str>) -> f64 {
        self.calibrated(&self.x(signals, source))
    }

    /// What moves the probability of this person most, strongest first.
    pub fn causes(&self, signals: &[Signal], source: Option<&str>, most: usize) -> Vec<Cause> {
        let x = self.x(signals, source);
        let slope = self.calibration.coefficients.first().copied().unwrap_or(1.0);
        let mut causes: Vec<Cause> = self
            .codes
            .iter()
            .enumerate()
            .map(|(at, code)| Cause {
                code: code.clone(),
                value: signals.iter().find(|one| one.code == code).map_or(x[at], |one| one.value),
                effect: slope * self.logistic.coefficients[at] * (x[at] - self.means[at]),
            })
            .filter(|cause| cause.effect.abs() > 1e-3)
            .collect();
        causes.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()).then_with(|| a.code.cmp(&b.code)));
        causes.truncate(most);
        causes
    }
}

/// The numbers of one person by the order of the codes; what is not known of them is 0.
fn columns(codes: &[String], signals: &[Signal], source: Option<&str>) -> Vec<f64> {
    let one = |code: &String| match code.strip_prefix(SOURCE) {
        Some(name) => f64::from(u8::from(source == Some(name))),
        None => signals.iter().find(|signal| signal.code == code).map_or(0.0, |signal| signal.x),
    };
    codes.iter().map(one).collect()
}

/// Before the name of a source in the code of its signal.
pub const SOURCE: &str = "source:";

/// The signals of the examples, and the sources that many of them have.
fn codes_of(examples: &[&Example]) -> Vec<String> {
    let signals = examples.first().map(|one| one.signals.as_slice()).unwrap_or_default();
    let mut codes: Vec<String> = signals.iter().map(|signal| signal.code.to_owned()).collect();
    let mut sources: std::collections::BTreeMap<&str, usize> = Default::default();
    for source in examples.iter().filter_map(|one| one.source.as_deref()) {
        *sources.entry(source).or_default() += 1;
    }
    let least = (SOURCE_SHARE * examples.len() as f64).max(20.0);
    let mut sources: Vec<(&str, usize)> =
        sources.into_iter().filter(|(_, count)| *count as f64 >= least).collect();
    sources.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    codes.extend(sources.into_iter().take(SOURCES_MAX).map(|(name, _)| format!("{SOURCE}{name}")));
    codes
}

fn rows_of(codes: &[String], examples: &[&Example]) -> Vec<Row> {
    let row = |one: &&Example| Row {
        x: columns(codes, &one.signals, one.source.as_deref()),
        came: one.bought,
        weight: 1.0,
    };
    examples.iter().map(row).collect()
}

/// The part of the people that somebody is in. All instants of one person are in one part, so that nobody is judged
/// by a fit that knew them.
fn fold_of(person: u64) -> u64 {
    // The finaliser of splitmix64, so that neighbouring numbers do not go together.
    let mut z = person.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % FOLDS
}

/// The log-odds of each by a fit to the people of the other parts.
fn out_of_fold(rows: &[Row], folds: &[u64], ridge: f64) -> Option<Vec<f64>> {
    let mut logits = vec![0.0; rows.len()];
    for fold in 0..FOLDS {
        let others: Vec<Row> =
            rows.iter().zip(folds).filter(|(_, own)| **own != fold).map(|(row, _)| row.clone()).collect();
        let fit = Logistic::fit(&others, ridge)?;
        for (at, row) in rows.iter().enumerate().filter(|(at, _)| folds[*at] == fold) {
            logits[at] = fit.logit(&row.x);
        }
    }
    Some(logits)
}

/// Fits and calibrates. `None` where the people do not have enough on either side.
fn fit(examples: &[&Example]) -> Option<Model> {
    let codes = codes_of(examples);
    let rows = rows_of(&codes, examples);
    let folds: Vec<u64> = examples.iter().map(|one| fold_of(one.person)).collect();
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for ridge in RIDGES {
        let logits = out_of_fold(&rows, &folds, ridge)?;
        let told: Vec<f64> = logits.iter().map(|logit| crate::logistic::probability(*logit)).collect();
        let loss = log_loss(&told, &rows)?;
        if best.as_ref().is_none_or(|(held, ..)| loss < *held) {
            best = Some((loss, ridge, logits));
        }
    }
    let (_, ridge, logits) = best?;
    let told: Vec<Row> = logits
        .iter()
        .zip(&rows)
        .map(|(logit, row)| Row { x: vec![*logit], came: row.came, weight: 1.0 })
        .collect();
    let calibration = Logistic::fit(&told, 1e-3)?;
    let logistic = Logistic::fit(&rows, ridge)?;
    let count = rows.len() as f64;
    let means = (0..codes.len()).map(|at| rows.iter().map(|row| row.x[at]).sum::<f64>() / count).collect();
    let base_rate = rows.iter().filter(|row| row.came).count() as f64 / count;
    // A fit that ranks the wrong way round has learned nothing.
    let rises = calibration.coefficients.first().is_some_and(|slope| *slope > 0.0);
    rises.then_some(Model { horizon_days: HORIZON_DAYS, codes, means, logistic, calibration, base_rate })
}

fn quality(told: &[f64], examples: &[&Example]) -> Quality {
    let bought: Vec<bool> = examples.iter().map(|one| one.bought).collect();
    let rows: Vec<Row> = bought.iter().map(|came| Row { x: Vec::new(), came: *came, weight: 1.0 }).collect();
    Quality { auc: auc(told, &bought), brier: brier(told, &bought), log_loss: log_loss(told, &rows) }
}

fn rate(of: impl Iterator<Item = bool>) -> Option<f64> {
    let (mut bought, mut all) = (0usize, 0usize);
    of.for_each(|came| (bought, all) = (bought + usize::from(came), all + 1));
    (all > 0).then(|| bought as f64 / all as f64)
}

/// Learns from examples, in any order. `grades` are the names of the shop's grades, best first.
pub fn learn(examples: &[Example], grades: &[String]) -> Learned {
    let last = examples.iter().map(|one| one.snapshot).max().unwrap_or(0);
    let mut all: Vec<&Example> = examples.iter().collect();
    all.sort_by_key(|one| (one.snapshot, one.person));
    let (fitted, judged): (Vec<&Example>, Vec<&Example>) =
        all.iter().copied().partition(|one| one.snapshot < last);
    let buyers = |of: &[&Example]| of.iter().filter(|one| one.bought).count();
    let mut report = Report {
        verdict: Verdict::TooFew,
        horizon_days: HORIZON_DAYS,
        fitted_examples: fitted.len(),
        fitted_buyers: buyers(&fitted),
        judged_people: judged.len(),
        judged_buyers: buyers(&judged),
        model: Quality::default(),
        base: Quality::default(),
        rules: None,
        deciles: Vec::new(),
        grades: outcomes(&judged, grades),
        weights: Vec::new(),
    };
    let has_others = |of: &[&Example]| buyers(of) < of.len();
    if report.fitted_buyers < BUYERS_TO_FIT
        || report.judged_buyers < BUYERS_TO_JUDGE
        || !has_others(&fitted)
        || !has_others(&judged)
    {
        return Learned { model: None, report };
    }
    let base = rate(fitted.iter().map(|one| one.bought)).unwrap_or_default();
    report.base = quality(&vec![base; judged.len()], &judged);
    report.rules = of_rules(&fitted, &judged, base, grades.len());
    let Some(model) = fit(&fitted) else {
        report.verdict = Verdict::NotBetterThanBase;
        return Learned { model: None, report };
    };
    let told: Vec<f64> =
        judged.iter().map(|one| model.probability(&one.signals, one.source.as_deref())).collect();
    report.model = quality(&told, &judged);
    let came: Vec<f64> = judged.iter().map(|one| f64::from(u8::from(one.bought))).collect();
    report.deciles = calibration(&told, &came, measure::DECILES);
    report.weights = weights(&model, &fitted);
    let is_lower = |a: Option<f64>, b: Option<f64>| a.zip(b).is_some_and(|(a, b)| a < b);
    let beats_base = is_lower(report.model.brier, report.base.brier)
        && is_lower(report.model.log_loss, report.base.log_loss)
        && is_lower(Some(0.5), report.model.auc);
    if !beats_base {
        report.verdict = Verdict::NotBetterThanBase;
        return Learned { model: None, report };
    }
    let rules_rank = report.rules.and_then(|rules| rules.auc);
    report.verdict = match rules_rank.zip(report.model.auc) {
        Some((rules, model)) if rules >= model => Verdict::RulesAsGood,
        _ => Verdict::ModelBetter,
    };
    // What is known of the latest instant is not left unused.
    Learned { model: fit(&all).or(Some(model)), report }
}

fn outcomes(judged: &[&Example], grades: &[String]) -> Vec<GradeOutcome> {
    let of = |grade: Option<usize>, name: Option<&String>| {
        let mut outcome = GradeOutcome { grade: name.cloned(), people: 0, bought: 0 };
        for one in judged.iter().filter(|one| one.score.is_some() && one.grade == grade) {
            outcome.people += 1;
            outcome.bought += usize::from(one.bought);
        }
        outcome
    };
    let mut outcomes: Vec<GradeOutcome> =
        grades.iter().enumerate().map(|(at, name)| of(Some(at), Some(name))).collect();
    outcomes.push(of(None, None));
    outcomes.retain(|outcome| outcome.grade.is_some() || outcome.people > 0);
    if judged.iter().all(|one| one.score.is_none()) { Vec::new() } else { outcomes }
}

/// The rules as a ranking by score, and as the rates that their grades had before.
fn of_rules(fitted: &[&Example], judged: &[&Example], base: f64, grades: usize) -> Option<Quality> {
    let scores: Option<Vec<f64>> = judged.iter().map(|one| one.score.map(|score| score as f64)).collect();
    let bought: Vec<bool> = judged.iter().map(|one| one.bought).collect();
    let rates: Vec<f64> = (0..=grades)
        .map(|place| {
            let grade = (place < grades).then_some(place);
            rate(fitted.iter().filter(|one| one.grade == grade).map(|one| one.bought)).unwrap_or(base)
        })
        .collect();
    let told: Vec<f64> = judged.iter().map(|one| rates[one.grade.unwrap_or(grades).min(grades)]).collect();
    let rows = quality(&told, judged);
    Some(Quality { auc: auc(&scores?, &bought), ..rows })
}

fn weights(model: &Model, fitted: &[&Example]) -> Vec<(String, f64)> {
    let rows = rows_of(&model.codes, fitted);
    let count = rows.len().max(1) as f64;
    let spread = |at: usize| {
        let mean = rows.iter().map(|row| row.x[at]).sum::<f64>() / count;
        (rows.iter().map(|row| (row.x[at] - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    let weight = |(at, code): (usize, &String)| (code.clone(), model.logistic.coefficients[at] * spread(at));
    let mut weights: Vec<(String, f64)> = model.codes.iter().enumerate().map(weight).collect();
    weights.retain(|(_, weight)| weight.abs() > 1e-6);
    weights.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
    weights
}
