//! How good a forecast of counts, a ranking or a probability is.
//!
//! Every function takes pairs of what was forecast and what came, of equal length, and answers `None` where the measure
//! is not defined for them (nothing there, or nothing to tell apart), never a number that means nothing.

use serde::{Deserialize, Serialize};

/// Groups of a calibration.
pub const DECILES: usize = 10;

/// A forecast below this is taken for this by [`poisson_deviance`]: a forecast of nothing at all has no likelihood
/// once something comes.
pub const LEAST_MEAN: f64 = 1e-3;

/// Root of the mean squared error, in the unit of the forecast.
pub fn rmse(forecast: &[f64], actual: &[f64]) -> Option<f64> {
    let sum: f64 = pairs(forecast, actual).map(|(mean, came)| (mean - came).powi(2)).sum();
    (!actual.is_empty()).then(|| (sum / actual.len() as f64).sqrt())
}

/// Mean absolute error. Told, never a gate: where most customers do not come back, "nobody does" has the best one.
pub fn mae(forecast: &[f64], actual: &[f64]) -> Option<f64> {
    let sum: f64 = pairs(forecast, actual).map(|(mean, came)| (mean - came).abs()).sum();
    (!actual.is_empty()).then(|| sum / actual.len() as f64)
}

/// Mean over the customers of `2 (y ln(y / m) - (y - m))`, the deviance of the Poisson law; 0 is perfect. Forecasts are
/// taken for at least [`LEAST_MEAN`].
pub fn poisson_deviance(forecast: &[f64], actual: &[f64]) -> Option<f64> {
    let sum: f64 = pairs(forecast, actual).map(|(mean, came)| deviance(mean, came)).sum();
    (!actual.is_empty()).then(|| sum / actual.len() as f64)
}

fn deviance(mean: f64, came: f64) -> f64 {
    let mean = mean.max(LEAST_MEAN);
    let surprise = if came > 0.0 { came * (came / mean).ln() } else { 0.0 };
    2.0 * (surprise - (came - mean))
}

/// Chance that of two customers, one who bought and one who did not, the one who bought was ranked higher; ties count
/// half. 0.5 is no better than a coin.
pub fn auc(score: &[f64], bought: &[bool]) -> Option<f64> {
    let positive = bought.iter().filter(|bought| **bought).count();
    let negative = bought.len() - positive;
    if positive == 0 || negative == 0 || score.len() != bought.len() {
        return None;
    }
    let ranks = ranks(score);
    let sum: f64 = ranks.iter().zip(bought).filter(|(_, bought)| **bought).map(|(rank, _)| rank).sum();
    let (positive, negative) = (positive as f64, negative as f64);
    Some((sum - positive * (positive + 1.0) / 2.0) / (positive * negative))
}

/// Correlation of the ranks, ties sharing theirs: 1 for the same order, -1 for the reverse.
pub fn spearman(one: &[f64], other: &[f64]) -> Option<f64> {
    let (one, other) = (ranks(one), ranks(other));
    let mean = (one.len() as f64 + 1.0) / 2.0;
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in pairs(&one, &other) {
        both += (a - mean) * (b - mean);
        first += (a - mean).powi(2);
        second += (b - mean).powi(2);
    }
    (first > 0.0 && second > 0.0).then(|| both / (first * second).sqrt())
}

/// How well a score finds those with the most: the area between its cumulative curve and chance, over that of a perfect
/// order. 1 is perfect, 0 is chance. Amounts below zero count as nothing; equal scores share their amounts.
pub fn gini(score: &[f64], amount: &[f64]) -> Option<f64> {
    let area = |score: &[f64]| -> f64 {
        let mut order: Vec<usize> = (0..score.len()).collect();
        order.sort_by(|a, b| score[*b].total_cmp(&score[*a]));
        let total: f64 = amount.iter().map(|amount| amount.max(0.0)).sum();
        let (mut area, mut held, mut at) = (0.0, 0.0, 0);
        while at < order.len() {
            let mut end = at;
            let mut tied = 0.0;
            while end < order.len() && score[order[end]] == score[order[at]] {
                tied += amount[order[end]].max(0.0);
                end += 1;
            }
            area += (end - at) as f64 * (held + tied / 2.0);
            held += tied;
            at = end;
        }
        area / (total * score.len() as f64) - 0.5
    };
    if score.is_empty() || score.len() != amount.len() || !amount.iter().any(|amount| *amount > 0.0) {
        return None;
    }
    let (found, best) = (area(score), area(amount));
    (best > 0.0).then(|| found / best)
}

/// One group of customers with neighbouring forecasts.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Group {
    pub customers: usize,
    /// Mean of what was forecast.
    pub forecast: f64,
    /// Mean of what came.
    pub actual: f64,
}

/// The customers in up to `groups` groups of the same size by forecast, lowest first. Equal forecasts stay in the order
/// in which they came, which must have nothing to do with the outcome.
pub fn calibration(forecast: &[f64], actual: &[f64], groups: usize) -> Vec<Group> {
    let mut order: Vec<usize> = (0..forecast.len().min(actual.len())).collect();
    order.sort_by(|a, b| forecast[*a].total_cmp(&forecast[*b]));
    let count = order.len();
    (0..groups)
        .filter_map(|group| {
            let members = &order[count * group / groups..count * (group + 1) / groups];
            let mean =
                |values: &[f64]| members.iter().map(|at| values[*at]).sum::<f64>() / members.len() as f64;
            (!members.is_empty()).then(|| Group {
                customers: members.len(),
                forecast: mean(forecast),
                actual: mean(actual),
            })
        })
        .collect()
}

/// Sum over the groups of how far off their means are, over the sum of what came: 0 is perfectly calibrated.
pub fn calibration_error(groups: &[Group]) -> Option<f64> {
    let off: f64 =
        groups.iter().map(|group| (group.forecast - group.actual).abs() * group.customers as f64).sum();
    let came: f64 = groups.iter().map(|group| group.actual * group.customers as f64).sum();
    (came > 0.0).then(|| off / came)
}

/// Mean squared error of probabilities.
pub fn brier(probability: &[f64], came: &[bool]) -> Option<f64> {
    let sum: f64 =
        probability.iter().zip(came).map(|(p, came)| (p - f64::from(u8::from(*came))).powi(2)).sum();
    (!came.is_empty()).then(|| sum / came.len() as f64)
}

/// Everything that a forecast of how many purchases come is judged by.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Scores {
    pub rmse: Option<f64>,
    /// Mean Poisson deviance.
    pub deviance: Option<f64>,
    /// [`calibration_error`] of ten groups.
    pub calibration: Option<f64>,
    /// Of who buys at all.
    pub auc: Option<f64>,
    /// Told, never a gate.
    pub mae: Option<f64>,
    /// All that was forecast over all that came.
    pub bias: Option<f64>,
    pub spearman: Option<f64>,
}

impl Scores {
    /// Of forecasts of counts.
    pub fn of(forecast: &[f64], actual: &[f64]) -> Scores {
        let came: f64 = actual.iter().sum();
        Scores {
            rmse: rmse(forecast, actual),
            deviance: poisson_deviance(forecast, actual),
            calibration: calibration_error(&calibration(forecast, actual, DECILES)),
            auc: Scores::of_ranking(forecast, actual).auc,
            mae: mae(forecast, actual),
            bias: (came > 0.0).then(|| forecast.iter().sum::<f64>() / came),
            spearman: spearman(forecast, actual),
        }
    }

    /// Of a score that only ranks.
    pub fn of_ranking(score: &[f64], actual: &[f64]) -> Scores {
        let bought: Vec<bool> = actual.iter().map(|came| *came > 0.0).collect();
        Scores { auc: auc(score, &bought), spearman: spearman(score, actual), ..Scores::default() }
    }
}

/// The rank of each value from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    while at < order.len() {
        let mut end = at + 1;
        while end < order.len() && values[order[end]] == values[order[at]] {
            end += 1;
        }
        for member in &order[at..end] {
            ranks[*member] = (at + end + 1) as f64 / 2.0;
        }
        at = end;
    }
    ranks
}

fn pairs<'a>(one: &'a [f64], other: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    one.iter().copied().zip(other.iter().copied())
}

/// A function that never falls (or never rises), learned from points: pooled adjacent violators.
///
/// Between the means of two neighbouring blocks it goes straight; outside of what was seen it stays where it was.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Isotonic {
    /// Where each block is, ascending, and what was measured there.
    pub blocks: Vec<(f64, f64)>,
}

impl Isotonic {
    /// From points `(x, y, weight)`, rising with x. Points without a weight are left out.
    pub fn rising(points: impl IntoIterator<Item = (f64, f64, f64)>) -> Isotonic {
        let mut points: Vec<(f64, f64, f64)> = points
            .into_iter()
            .filter(|(x, y, weight)| x.is_finite() && y.is_finite() && *weight > 0.0)
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
        let merge = |last: &mut (f64, f64, f64), next: (f64, f64, f64)| {
            let weight = last.2 + next.2;
            *last = (
                (last.0 * last.2 + next.0 * next.2) / weight,
                (last.1 * last.2 + next.1 * next.2) / weight,
                weight,
            );
        };
        for point in points {
            match blocks.last_mut() {
                Some(last) if last.0 == point.0 => merge(last, point),
                _ => blocks.push(point),
            }
            while let [.., before, last] = blocks.as_mut_slice() {
                if before.1 < last.1 {
                    break;
                }
                let last = *last;
                merge(before, last);
                blocks.pop();
            }
        }
        Isotonic { blocks: blocks.into_iter().map(|(x, y, _)| (x, y)).collect() }
    }

    /// From points `(x, y, weight)`, falling with x.
    pub fn falling(points: impl IntoIterator<Item = (f64, f64, f64)>) -> Isotonic {
        let mut held = Isotonic::rising(points.into_iter().map(|(x, y, weight)| (x, -y, weight)));
        held.blocks.iter_mut().for_each(|block| block.1 = -block.1);
        held
    }

    /// `None` when it was learned from nothing.
    pub fn at(&self, x: f64) -> Option<f64> {
        let (first, last) = (self.blocks.first()?, self.blocks.last()?);
        let after = self.blocks.partition_point(|block| block.0 < x);
        Some(match after {
            0 => first.1,
            after if after == self.blocks.len() => last.1,
            after => {
                let ((x0, y0), (x1, y1)) = (self.blocks[after - 1], self.blocks[after]);
                y0 + (y1 - y0) * (x - x0) / (x1 - x0)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, wanted: f64) {
        let found = found.expect("defined");
        assert!((found - wanted).abs() < 1e-12, "{found} is not {wanted}");
    }

    #[test]
    fn errors_of_counts() {
        let (forecast, actual) = ([1.0, 2.0, 0.0], [1.0, 0.0, 2.0]);
        near(rmse(&forecast, &actual), (8.0f64 / 3.0).sqrt());
        near(mae(&forecast, &actual), 4.0 / 3.0);
        // 0, 2 * 2, and a forecast of nothing taken for the least mean.
        let third = 2.0 * (2.0 * (2.0 / LEAST_MEAN).ln() - (2.0 - LEAST_MEAN));
        near(poisson_deviance(&forecast, &actual), (4.0 + third) / 3.0);
        assert_eq!((rmse(&[], &[]), poisson_deviance(&[], &[])), (None, None));
    }

    #[test]
    fn ties_count_half_in_a_ranking() {
        near(auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), 0.75);
        near(auc(&[1.0, 1.0, 1.0], &[true, false, false]), 0.5);
        near(auc(&[2.0, 2.0, 1.0], &[true, false, false]), 0.75);
        assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    }

    #[test]
    fn correlation_of_ranks() {
        near(spearman(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), 1.0);
        near(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0);
        // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
        near(spearman(&[1.0, 2.0, 2.0, 9.0], &[1.0, 2.0, 3.0, 4.0]), 4.5 / (4.5f64 * 5.0).sqrt());
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn the_share_of_the_best_order_that_a_score_finds() {
        near(gini(&[3.0, 2.0, 1.0], &[30.0, 20.0, 10.0]), 1.0);
        near(gini(&[1.0, 2.0, 3.0], &[30.0, 20.0, 10.0]), -1.0);
        near(gini(&[5.0, 5.0, 5.0], &[30.0, 20.0, 10.0]), 0.0);
        assert_eq!(gini(&[1.0, 2.0], &[0.0, -5.0]), None);
    }

    #[test]
    fn groups_of_neighbouring_forecasts() {
        let forecast: Vec<f64> = (0..20).map(f64::from).collect();
        let actual: Vec<f64> = forecast.iter().map(|mean| mean + 1.0).collect();
        let groups = calibration(&forecast, &actual, 10);
        assert_eq!((groups.len(), groups[0].customers), (10, 2));
        assert_eq!((groups[9].forecast, groups[9].actual), (18.5, 19.5));
        near(calibration_error(&groups), 20.0 / actual.iter().sum::<f64>());
        assert_eq!(calibration(&forecast[..3], &actual[..3], 10).len(), 3);
        assert_eq!(calibration_error(&calibration(&[0.5], &[0.0], 10)), None);
    }

    #[test]
    fn violators_are_pooled() {
        let curve = Isotonic::rising([(1.0, 1.0, 1.0), (2.0, 3.0, 1.0), (3.0, 2.0, 1.0), (4.0, 5.0, 2.0)]);
        assert_eq!(curve.blocks, vec![(1.0, 1.0), (2.5, 2.5), (4.0, 5.0)]);
        assert_eq!((curve.at(0.0), curve.at(1.75), curve.at(9.0)), (Some(1.0), Some(1.75), Some(5.0)));
        assert_eq!(Isotonic::falling([(1.0, 1.0, 1.0), (2.0, 3.0, 1.0)]).blocks, vec![(1.5, 2.0)]);
        assert_eq!(Isotonic::rising([]).at(1.0), None);
        assert_eq!(Isotonic::rising([(1.0, 2.0, 1.0), (1.0, 4.0, 3.0)]).at(1.0), Some(3.5));
    }
}
