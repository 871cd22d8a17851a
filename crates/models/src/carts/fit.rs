//! Learns from a shop's past carts.
//!
//! Carts whose owner was written to are not "alone" from then on, and most are written to within an hour, so those
//! that were not are few and have to speak for the others: an outcome that was seen counts `1 / G`, with `G` the share
//! of carts to which nobody had written by then (inverse probability of censoring weighting, Robins and Finkelstein
//! 2000; `G` by Kaplan and Meier). What makes this true is that some people are left alone by chance: the holdout.

use super::seen::{FEATURES, Seen};
use super::{FADES_MINUTES, LANDMARKS, Model, WASTE_COST, WINDOW_MINUTES};
use crate::logistic::{Logistic, Row, log_loss};
use crate::measure::{Group, Isotonic, calibration_error};
use kit::MINUTE_MS;
use serde::{Deserialize, Serialize};

/// Rests of carts below which nothing is learned.
pub const MODEL_CARTS_MIN: usize = 300;
/// Of them bought alone, and effective observations an hour after the touch, below which nothing is learned.
const BOUGHT_MIN: usize = 50;
const EFFECTIVE_MIN: f64 = 100.0;
/// Rests that are learned from at most, spread evenly over all.
const RESTS_MAX: usize = 20_000;
/// No observation stands for more than so many.
const WEIGHT_MAX: f64 = 20.0;
const FOLDS: u64 = 5;
const RIDGE: f64 = 2.0;
/// Features have to take off at least this share of the log-loss of silence alone.
const GAIN_MIN: f64 = 0.002;
/// Carts that were written to in a stretch of time below which its effect is not told.
const HELPED_MIN: usize = 100;
const GROUPS: usize = 10;

/// A cart that was touched and what came of it; all times in milliseconds after the touch, which is at least
/// [`WINDOW_MINUTES`] ago.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rest {
    /// Keeps the carts of one person together: a number that has nothing to do with what they did.
    pub person: u64,
    pub seen: Seen,
    /// When the person did something with the cart again.
    pub touched_ms: Option<i64>,
    /// When the person bought.
    pub bought_ms: Option<i64>,
    /// When the first advertisement went to the person.
    pub helped_ms: Option<i64>,
}

/// How good probabilities were on carts of people that they were not learned from.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Quality {
    /// In nats; lower is better.
    pub log_loss: Option<f64>,
    /// 0.5 is chance.
    pub auc: Option<f64>,
    pub brier: Option<f64>,
    /// Of ten groups, as a share of what came; 0 is perfect.
    pub calibration_error: Option<f64>,
}

/// What was learned, from how much, and how good it is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Rests of carts, people, and rests that an advertisement came into.
    pub rests: usize,
    pub people: usize,
    pub helped: usize,
    /// Rests that ended in a purchase with nobody's help.
    pub bought_alone: usize,
    /// As how many carts that nobody wrote to the weighted ones count, an hour after the touch.
    pub effective_after_an_hour: f64,
    pub window_minutes: i64,
    /// Bought alone, by minutes of silence.
    pub by_silence: Vec<(i64, f64)>,
    /// With features and calibration.
    pub model: Quality,
    /// The share by silence alone.
    pub recency: Quality,
    /// One share for all.
    pub base: Quality,
    pub calibration: Vec<Group>,
    /// `model`: the features serve; `recency`: they were not better than silence alone, which serves; `nothing`.
    pub serves: String,
    /// Why nothing was learned: `too_few_carts`, `too_few_bought`, `too_few_left_alone`.
    pub why: Option<String>,
    /// Names of the columns and what one of each adds to the log-odds.
    pub weights: Vec<(String, f64)>,
    pub fades_minutes: f64,
    /// Whether that was learned, or is the value that comes with Quaylai.
    pub fades_learned: bool,
    pub waste_cost: f64,
    /// Share of carts by the best delay that they get, in minutes.
    pub delays: Vec<(i64, f64)>,
}

/// What came of learning.
#[derive(Clone, PartialEq, Debug)]
pub struct Fitted {
    /// `None` where there was too little to learn from.
    pub model: Option<Model>,
    pub report: Report,
}

/// One row of the regression and where it comes from.
struct Judged {
    row: Row,
    rest: usize,
    landmark: usize,
    fold: u64,
}

pub(super) fn inputs(seen: &Seen, landmark: usize, typical_value: f64) -> Vec<f64> {
    let columns = seen.columns(typical_value);
    let minutes = (LANDMARKS.get(landmark).copied().unwrap_or(0) as f64).ln_1p();
    let (checkout, before) = (columns[4], columns[7]);
    let mut all = Vec::with_capacity(columns.len() + LANDMARKS.len() + 1);
    all.extend(columns);
    all.extend((1..LANDMARKS.len()).map(|place| f64::from(u8::from(place == landmark))));
    all.extend([checkout * minutes, before * minutes]);
    all
}

fn names() -> Vec<String> {
    let mut all: Vec<String> = FEATURES.iter().map(|name| (*name).to_owned()).collect();
    all.extend(LANDMARKS[1..].iter().map(|minutes| format!("silent_{minutes}m")));
    all.extend(["checkout_by_silence".to_owned(), "bought_before_by_silence".to_owned()]);
    all
}

/// The first of two instants, of which each may never come.
fn by(at: Option<i64>, end: i64) -> Option<i64> {
    at.filter(|at| *at <= end)
}

/// Share to which nobody had written yet, as a falling step function `(from this instant on, share)`.
struct LeftAlone(Vec<(i64, f64)>);

impl LeftAlone {
    /// From the ends of rests: when, and whether by a message.
    fn of(mut ends: Vec<(i64, bool)>) -> LeftAlone {
        ends.sort_unstable();
        let (mut at_risk, mut share, mut steps) = (ends.len() as f64, 1.0, Vec::new());
        for group in ends.chunk_by(|a, b| a.0 == b.0) {
            let written = group.iter().filter(|(_, written)| *written).count() as f64;
            if written > 0.0 {
                share *= 1.0 - written / at_risk;
                steps.push((group[0].0, share));
            }
            at_risk -= group.len() as f64;
        }
        LeftAlone(steps)
    }

    /// Just before an instant.
    fn before(&self, at: i64) -> f64 {
        let passed = self.0.partition_point(|(from, _)| *from < at);
        passed.checked_sub(1).map_or(1.0, |place| self.0[place].1)
    }
}

fn rows_of(rests: &[Rest], typical_value: f64) -> Vec<Judged> {
    let window = WINDOW_MINUTES * MINUTE_MS;
    let mut rows = Vec::new();
    for (landmark, minutes) in LANDMARKS.iter().enumerate() {
        let from = minutes * MINUTE_MS;
        let later = |at: Option<i64>| at.is_none_or(|at| at > from);
        let open: Vec<usize> = (0..rests.len())
            .filter(|at| {
                let rest = &rests[*at];
                later(rest.touched_ms) && later(rest.bought_ms) && later(rest.helped_ms)
            })
            .collect();
        // When each ended: bought, written to, or the window was over.
        let end = |rest: &Rest| match (by(rest.bought_ms, window), by(rest.helped_ms, window)) {
            (Some(bought), helped) if helped.is_none_or(|helped| helped >= bought) => (bought, false, true),
            (_, Some(helped)) => (helped, true, false),
            _ => (window, false, false),
        };
        let left_alone = LeftAlone::of(
            open.iter().map(|at| end(&rests[*at])).map(|(at, written, _)| (at, written)).collect(),
        );
        for at in open {
            let rest = &rests[at];
            let (ended, written, came) = end(rest);
            if written {
                continue;
            }
            let weight = (1.0 / left_alone.before(ended).max(1e-9)).min(WEIGHT_MAX);
            let x = inputs(&rest.seen, landmark, typical_value);
            rows.push(Judged { row: Row { x, came, weight }, rest: at, landmark, fold: rest.person % FOLDS });
        }
    }
    rows
}

/// The shares by silence, eased by two carts of the landmark before.
fn shares_of<'a>(rows: impl Iterator<Item = &'a Judged>) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); LANDMARKS.len()];
    for judged in rows {
        let slot = &mut sums[judged.landmark];
        slot.0 += judged.row.weight * f64::from(u8::from(judged.row.came));
        slot.1 += judged.row.weight;
    }
    let (came, total) = sums.first().copied().unwrap_or((0.0, 0.0));
    let mut before = if total > 0.0 { came / total } else { 0.0 };
    sums.into_iter()
        .map(|(came, total)| {
            before = (came + 2.0 * before) / (total + 2.0);
            before
        })
        .collect()
}

/// Weighted, with ties counting half.
fn auc(probability: &[f64], rows: &[Row]) -> Option<f64> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| probability[*a].total_cmp(&probability[*b]));
    let (mut below, mut sum, mut came, mut not) = (0.0, 0.0, 0.0, 0.0);
    for group in order.chunk_by(|a, b| probability[*a] == probability[*b]) {
        let weigh = |wanted: bool| -> f64 {
            group.iter().filter(|at| rows[**at].came == wanted).map(|at| rows[*at].weight).sum()
        };
        let (yes, no) = (weigh(true), weigh(false));
        sum += yes * (below + no / 2.0);
        below += no;
        came += yes;
        not += no;
    }
    (came > 0.0 && not > 0.0).then(|| sum / (came * not))
}

fn groups(probability: &[f64], rows: &[Row]) -> Vec<Group> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| probability[*a].total_cmp(&probability[*b]));
    (0..GROUPS)
        .filter_map(|group| {
            let members = &order[order.len() * group / GROUPS..order.len() * (group + 1) / GROUPS];
            let total: f64 = members.iter().map(|at| rows[*at].weight).sum();
            let mean = |of: &dyn Fn(usize) -> f64| {
                members.iter().map(|at| rows[*at].weight * of(*at)).sum::<f64>() / total
            };
            (total > 0.0).then(|| Group {
                customers: members.len(),
                forecast: mean(&|at| probability[at]),
                actual: mean(&|at| f64::from(u8::from(rows[at].came))),
            })
        })
        .collect()
}

impl Quality {
    /// Of probabilities for weighted rows.
    pub fn of(probability: &[f64], rows: &[Row]) -> Quality {
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        let off = |(p, row): (&f64, &Row)| row.weight * (p - f64::from(u8::from(row.came))).powi(2);
        let squares: f64 = probability.iter().zip(rows).map(off).sum();
        Quality {
            log_loss: log_loss(probability, rows),
            auc: auc(probability, rows),
            brier: (total > 0.0).then(|| squares / total),
            calibration_error: calibration_error(&groups(probability, rows)),
        }
    }
}

fn typical_value(rests: &[Rest]) -> f64 {
    let mut values: Vec<i64> = rests.iter().map(|rest| rest.seen.value).filter(|value| *value > 0).collect();
    values.sort_unstable();
    values.get(values.len() / 2).map_or(1.0, |value| *value as f64)
}

/// Learns, and judges what was learned on people whom it was not learned from.
pub fn fit(all: &[Rest]) -> Fitted {
    let step = all.len().div_ceil(RESTS_MAX).max(1);
    let rests: Vec<Rest> = all.iter().step_by(step).copied().collect();
    let window = WINDOW_MINUTES * MINUTE_MS;
    let mut people: Vec<u64> = rests.iter().map(|rest| rest.person).collect();
    people.sort_unstable();
    people.dedup();
    let alone = |rest: &&Rest| {
        by(rest.bought_ms, window).is_some_and(|bought| rest.helped_ms.is_none_or(|helped| helped >= bought))
    };
    let helped = |rest: &&Rest| by(rest.helped_ms, window).is_some() && !alone(rest);
    let mut report = Report {
        rests: rests.len(),
        people: people.len(),
        helped: rests.iter().filter(helped).count(),
        bought_alone: rests.iter().filter(alone).count(),
        window_minutes: WINDOW_MINUTES,
        fades_minutes: FADES_MINUTES,
        waste_cost: WASTE_COST,
        serves: "nothing".to_owned(),
        ..Report::default()
    };
    let typical_value = typical_value(&rests);
    let judged = rows_of(&rests, typical_value);
    let weights = judged.iter().filter(|one| LANDMARKS[one.landmark] == 60).map(|one| one.row.weight);
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), one| (sum + one, squares + one * one));
    report.effective_after_an_hour = if squares > 0.0 { sum * sum / squares } else { 0.0 };
    let why = match () {
        () if rests.len() < MODEL_CARTS_MIN => Some("too_few_carts"),
        () if report.bought_alone < BOUGHT_MIN => Some("too_few_bought"),
        () if report.effective_after_an_hour < EFFECTIVE_MIN => Some("too_few_left_alone"),
        () => None,
    };
    if let Some(why) = why {
        report.why = Some(why.to_owned());
        return Fitted { model: None, report };
    }
    let by_silence = shares_of(judged.iter());
    report.by_silence = LANDMARKS.iter().copied().zip(by_silence.iter().copied()).collect();
    let crossed = Crossed::of(&judged);
    let rows: Vec<Row> = judged.iter().map(|one| one.row.clone()).collect();
    report.recency = Quality::of(&crossed.recency, &rows);
    report.base = Quality::of(&crossed.base, &rows);
    report.model = Quality::of(&crossed.calibrated, &rows);
    let better = match (report.model.log_loss, report.recency.log_loss, report.base.log_loss) {
        (Some(model), Some(recency), Some(base)) => model < recency * (1.0 - GAIN_MIN) && model < base,
        _ => false,
    };
    let features = if better { Logistic::fit(&rows, RIDGE) } else { None };
    let served = if features.is_some() { &crossed.calibrated } else { &crossed.recency };
    report.calibration = groups(served, &rows);
    report.serves = if features.is_some() { "model" } else { "recency" }.to_owned();
    if let Some(features) = &features {
        report.weights = names().into_iter().zip(features.coefficients.iter().copied()).collect();
    }
    let calibration = Isotonic::rising(
        crossed.raw.iter().zip(&rows).map(|(p, row)| (*p, f64::from(u8::from(row.came)), row.weight)),
    );
    let mut model = Model {
        typical_value,
        by_silence,
        features,
        calibration: thinned(calibration),
        fades_minutes: FADES_MINUTES,
        waste_cost: WASTE_COST,
    };
    if let Some(fades) = fades_of(&model, &rests) {
        (model.fades_minutes, report.fades_minutes, report.fades_learned) = (fades, fades, true);
    }
    report.delays = delays_of(&model, &judged, &rests);
    Fitted { model: Some(model), report }
}

/// What each row was given by models that did not see its person.
struct Crossed {
    raw: Vec<f64>,
    calibrated: Vec<f64>,
    recency: Vec<f64>,
    base: Vec<f64>,
}

impl Crossed {
    fn of(judged: &[Judged]) -> Crossed {
        let count = judged.len();
        let mut crossed = Crossed {
            raw: vec![0.5; count],
            calibrated: vec![0.5; count],
            recency: vec![0.5; count],
            base: vec![0.5; count],
        };
        for fold in 0..FOLDS {
            let others = || judged.iter().filter(|one| one.fold != fold);
            let shares = shares_of(others());
            let (came, total) = others().fold((0.0, 0.0), |(came, total), one| {
                (came + one.row.weight * f64::from(u8::from(one.row.came)), total + one.row.weight)
            });
            let base = if total > 0.0 { came / total } else { 0.5 };
            let rows: Vec<Row> = others().map(|one| one.row.clone()).collect();
            let features = Logistic::fit(&rows, RIDGE);
            for (at, one) in judged.iter().enumerate().filter(|(_, one)| one.fold == fold) {
                crossed.recency[at] = shares[one.landmark];
                crossed.base[at] = base;
                crossed.raw[at] = features.as_ref().map_or(shares[one.landmark], |fit| fit.at(&one.row.x));
            }
        }
        for fold in 0..FOLDS {
            let points = judged.iter().zip(&crossed.raw).filter(|(one, _)| one.fold != fold);
            let curve = Isotonic::rising(
                points.map(|(one, raw)| (*raw, f64::from(u8::from(one.row.came)), one.row.weight)),
            );
            for (at, _) in judged.iter().enumerate().filter(|(_, one)| one.fold == fold) {
                let raw = crossed.raw[at];
                crossed.calibrated[at] = curve.at(raw).unwrap_or(raw);
            }
        }
        crossed
    }
}

/// A curve of thousands of blocks says no more than one of a hundred.
fn thinned(curve: Isotonic) -> Isotonic {
    let count = curve.blocks.len();
    if count <= 200 {
        return curve;
    }
    let mut blocks: Vec<(f64, f64)> = curve.blocks.iter().copied().step_by(count.div_ceil(199)).collect();
    blocks.extend(curve.blocks.last().filter(|last| blocks.last() != Some(*last)).copied());
    Isotonic { blocks }
}

/// How fast a reminder loses its effect, from what it won beyond what would have been bought alone, by its delay.
/// `None` where too few carts were written to after different delays.
fn fades_of(model: &Model, rests: &[Rest]) -> Option<f64> {
    let window = WINDOW_MINUTES * MINUTE_MS;
    // By stretch of time: carts written to, bought after it, expected to be bought alone, minutes.
    let mut bins = vec![(0usize, 0.0, 0.0, 0.0); LANDMARKS.len()];
    for rest in rests {
        let Some(helped) = by(rest.helped_ms, window - 1) else { continue };
        if rest.bought_ms.is_some_and(|bought| bought <= helped)
            || rest.touched_ms.is_some_and(|at| at < helped)
        {
            continue;
        }
        let minutes = helped / MINUTE_MS;
        let (Some(landmark), Some((alone, _))) =
            (Model::landmark(minutes), model.buys_alone(&rest.seen, minutes))
        else {
            continue;
        };
        let bin = &mut bins[landmark];
        bin.0 += 1;
        bin.1 += f64::from(u8::from(by(rest.bought_ms, window).is_some()));
        bin.2 += alone;
        bin.3 += minutes as f64;
    }
    let points: Vec<(f64, f64, f64)> = bins
        .into_iter()
        .filter(|(count, ..)| *count >= HELPED_MIN)
        .filter_map(|(count, bought, alone, minutes)| {
            let n = count as f64;
            let won = (bought - alone) / n;
            (won > 0.0).then(|| (minutes / n, won.ln(), n))
        })
        .collect();
    if points.len() < 2 {
        return None;
    }
    let total: f64 = points.iter().map(|(_, _, n)| n).sum();
    let mean =
        |of: fn(&(f64, f64, f64)) -> f64| points.iter().map(|one| one.2 * of(one)).sum::<f64>() / total;
    let (x, y) = (mean(|one| one.0), mean(|one| one.1));
    let across: f64 = points.iter().map(|one| one.2 * (one.0 - x) * (one.1 - y)).sum();
    let along: f64 = points.iter().map(|one| one.2 * (one.0 - x).powi(2)).sum();
    let slope = if along > 0.0 { across / along } else { 0.0 };
    // An effect that does not fade would wait for ever.
    (slope < 0.0).then(|| (-1.0 / slope).clamp(120.0, 14.0 * 1_440.0)).filter(|fades| fades.is_finite())
}

fn delays_of(model: &Model, judged: &[Judged], rests: &[Rest]) -> Vec<(i64, f64)> {
    let mut counts = vec![0usize; LANDMARKS.len()];
    let mut all = 0usize;
    for one in judged.iter().filter(|one| one.landmark == 0) {
        let minutes = model.best_delay_minutes(&rests[one.rest].seen);
        if let Some(place) = LANDMARKS.iter().position(|edge| *edge == minutes) {
            counts[place] += 1;
            all += 1;
        }
    }
    let told = LANDMARKS.iter().zip(counts).filter(|(_, count)| *count > 0);
    told.map(|(minutes, count)| (*minutes, count as f64 / all as f64)).collect()
}
