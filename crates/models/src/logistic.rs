//! Logistic regression: a probability from numbers, each with a weight that can be read.

use serde::{Deserialize, Serialize};

/// One observation: what was seen, what came, and how much it counts.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub x: Vec<f64>,
    pub came: bool,
    /// 0 and more; 1 for one observation that stands for itself.
    pub weight: f64,
}

/// `ln(p / (1 - p)) = intercept + sum of coefficients * x`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Logistic {
    pub intercept: f64,
    pub coefficients: Vec<f64>,
}

const STEPS_MAX: usize = 50;
/// Log-odds beyond this are taken for this: a probability is never 0 nor 1.
const LOGIT_MAX: f64 = 30.0;

/// The probability of log-odds.
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit.clamp(-LOGIT_MAX, LOGIT_MAX)).exp())
}

/// Weighted mean of minus the logarithm of the probability that was given to what came, in nats.
pub fn log_loss(probability: &[f64], rows: &[Row]) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (p, row) in probability.iter().zip(rows) {
        let p = p.clamp(1e-9, 1.0 - 1e-9);
        sum -= row.weight * if row.came { p.ln() } else { (1.0 - p).ln() };
        total += row.weight;
    }
    (total > 0.0).then(|| sum / total)
}

impl Logistic {
    /// Fits by Newton's method with a penalty of `ridge` standard units on every coefficient but the intercept.
    ///
    /// `None` when the rows do not have one length, or nothing or everything of them came.
    pub fn fit(rows: &[Row], ridge: f64) -> Option<Logistic> {
        let width = rows.first()?.x.len();
        let lawful = |row: &Row| {
            row.x.len() == width
                && row.weight.is_finite()
                && row.weight >= 0.0
                && row.x.iter().all(|x| x.is_finite())
        };
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        let came: f64 = rows.iter().filter(|row| row.came).map(|row| row.weight).sum();
        let varies = came > 0.0 && came < total;
        if !(varies && rows.iter().all(lawful)) {
            return None;
        }
        let mean =
            |of: &dyn Fn(&Row) -> f64| rows.iter().map(|row| row.weight * of(row)).sum::<f64>() / total;
        let scales: Vec<(f64, f64)> = (0..width)
            .map(|at| {
                let middle = mean(&|row| row.x[at]);
                let spread = mean(&|row| (row.x[at] - middle).powi(2)).sqrt();
                (middle, if spread > 1e-12 { spread } else { 0.0 })
            })
            .collect();
        // Columns that tell nothing apart stay out, their coefficient 0.
        let scaled = |x: f64, at: usize| {
            let (middle, spread) = scales[at];
            if spread > 0.0 { (x - middle) / spread } else { 0.0 }
        };
        let size = width + 1;
        let mut beta = vec![0.0; size];
        beta[0] = (came / (total - came)).ln();
        let design: Vec<f64> = rows
            .iter()
            .flat_map(|row| {
                std::iter::once(1.0).chain(row.x.iter().enumerate().map(|(at, x)| scaled(*x, at)))
            })
            .collect();
        let penalty = |at: usize| if at == 0 { 1e-9 } else { ridge.max(1e-9) };
        let loss = |beta: &[f64]| -> f64 {
            let fit: f64 = design
                .chunks_exact(size)
                .zip(rows)
                .map(|(x, row)| {
                    let logit = dot(x, beta).clamp(-LOGIT_MAX, LOGIT_MAX);
                    let sign = if row.came { -logit } else { logit };
                    row.weight * sign.exp().ln_1p()
                })
                .sum();
            fit + beta.iter().enumerate().map(|(at, b)| 0.5 * penalty(at) * b * b).sum::<f64>()
        };
        let mut held = loss(&beta);
        for _ in 0..STEPS_MAX {
            let mut slope = vec![0.0; size];
            let mut bend = vec![0.0; size * size];
            for (x, row) in design.chunks_exact(size).zip(rows) {
                let p = probability(dot(x, &beta));
                let off = row.weight * (p - f64::from(u8::from(row.came)));
                let curve = row.weight * p * (1.0 - p);
                for i in 0..size {
                    slope[i] += off * x[i];
                    let scaled = curve * x[i];
                    for j in 0..=i {
                        bend[i * size + j] += scaled * x[j];
                    }
                }
            }
            for at in 0..size {
                slope[at] += penalty(at) * beta[at];
                bend[at * size + at] += penalty(at);
            }
            let step = solve(bend, slope)?;
            // Halved until it goes down.
            let mut length = 1.0;
            let (next, loss_there) = loop {
                let next: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b - length * s).collect();
                let there = loss(&next);
                if there <= held || length < 1e-4 {
                    break (next, there);
                }
                length *= 0.5;
            };
            let gained = held - loss_there;
            if loss_there <= held {
                (beta, held) = (next, loss_there);
            }
            if gained <= 1e-10 * held.abs().max(1.0) {
                break;
            }
        }
        let mut intercept = beta[0];
        let mut coefficients = Vec::with_capacity(width);
        for (at, (middle, spread)) in scales.iter().enumerate() {
            let coefficient = if *spread > 0.0 { beta[at + 1] / spread } else { 0.0 };
            intercept -= coefficient * middle;
            coefficients.push(coefficient);
        }
        let finite = intercept.is_finite() && coefficients.iter().all(|one| one.is_finite());
        finite.then_some(Logistic { intercept, coefficients })
    }

    pub fn logit(&self, x: &[f64]) -> f64 {
        (self.intercept + dot(x, &self.coefficients)).clamp(-LOGIT_MAX, LOGIT_MAX)
    }

    pub fn at(&self, x: &[f64]) -> f64 {
        probability(self.logit(x))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Solves `matrix * x = right`, of a positive definite matrix whose lower half is given (Cholesky).
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for i in 0..size {
        for j in 0..=i {
            let mut sum = matrix[i * size + j];
            for k in 0..j {
                sum -= matrix[i * size + k] * matrix[j * size + k];
            }
            if i == j {
                if !(sum > 0.0 && sum.is_finite()) {
                    return None;
                }
                matrix[i * size + i] = sum.sqrt();
            } else {
                matrix[i * size + j] = sum / matrix[j * size + j];
            }
        }
    }
    for i in 0..size {
        let done: f64 = (0..i).map(|k| matrix[i * size + k] * right[k]).sum();
        right[i] = (right[i] - done) / matrix[i * size + i];
    }
    for i in (0..size).rev() {
        let done: f64 = (i + 1..size).map(|k| matrix[k * size + i] * right[k]).sum();
        right[i] = (right[i] - done) / matrix[i * size + i];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::Rng;

    fn drawn(count: usize, seed: u64) -> Vec<Row> {
        let mut rng = Rng::seeded(seed);
        (0..count)
            .map(|_| {
                let x = vec![rng.unit() * 4.0 - 2.0, rng.unit() * 100.0, 7.0];
                let p = probability(-0.5 + 1.5 * x[0] - 0.02 * x[1]);
                Row { came: rng.chance(p), x, weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn what_it_was_drawn_from_is_found_again() {
        let fit = Logistic::fit(&drawn(40_000, 5), 1e-6).expect("fits");
        assert!((fit.coefficients[0] - 1.5).abs() < 0.06, "{fit:?}");
        assert!((fit.coefficients[1] + 0.02).abs() < 0.002, "{fit:?}");
        assert_eq!(fit.coefficients[2], 0.0, "what is always the same tells nothing");
        assert!((fit.intercept + 0.5).abs() < 0.1, "{fit:?}");
    }

    #[test]
    fn a_weight_of_two_is_the_row_twice() {
        let rows = drawn(300, 9);
        let doubled: Vec<Row> = rows.iter().map(|row| Row { weight: 2.0, ..row.clone() }).collect();
        let twice: Vec<Row> = rows.iter().chain(&rows).cloned().collect();
        let (a, b) = (Logistic::fit(&doubled, 1.0).unwrap(), Logistic::fit(&twice, 1.0).unwrap());
        assert!(
            (a.intercept - b.intercept).abs() < 1e-9 && (a.coefficients[0] - b.coefficients[0]).abs() < 1e-9
        );
    }

    #[test]
    fn what_is_told_apart_at_a_glance_stays_finite() {
        let rows: Vec<Row> =
            (0..40).map(|at| Row { x: vec![f64::from(at)], came: at >= 20, weight: 1.0 }).collect();
        let fit = Logistic::fit(&rows, 0.1).expect("fits");
        let (low, high) = (fit.at(&[0.0]), fit.at(&[39.0]));
        assert!(low > 0.0 && low < 0.05 && high > 0.95 && high < 1.0, "{low} {high}");
        assert_eq!(Logistic::fit(&rows[..20], 0.1), None, "nothing came");
        assert_eq!(Logistic::fit(&[], 0.1), None);
    }
}
