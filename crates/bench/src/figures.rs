//! Medians and percentiles of a few thousand samples: sorted vectors, nothing cleverer.

use serde_json::{Value, json};

/// Samples in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn push(&mut self, ms: f64) {
        self.0.push(ms);
    }

    pub fn extend(&mut self, other: Samples) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// `p50`, `p90`, `p99`, `p999`, `max` and `mean` in milliseconds, and `n`.
    pub fn summary(mut self) -> Value {
        self.0.sort_by(f64::total_cmp);
        let mean = self.0.iter().sum::<f64>() / self.0.len().max(1) as f64;
        json!({
            "n": self.0.len(),
            "p50": rounded(percentile(&self.0, 0.50)),
            "p90": rounded(percentile(&self.0, 0.90)),
            "p99": rounded(percentile(&self.0, 0.99)),
            "p999": rounded(percentile(&self.0, 0.999)),
            "max": rounded(percentile(&self.0, 1.0)),
            "mean": rounded(mean),
        })
    }
}

/// The smallest sample that at least the share `p` of all is not above; 0 without samples.
fn percentile(sorted: &[f64], p: f64) -> f64 {
    let rank = (p * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0.0)
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// Three places, so that the document stays readable.
pub fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let sorted: Vec<f64> = (1..=1_000).map(f64::from).collect();
        let check = |p, expect| assert_eq!(percentile(&sorted, p), expect, "{p}");
        check(0.5, 500.0);
        check(0.99, 990.0);
        check(0.999, 999.0);
        check(1.0, 1_000.0);
        check(0.0, 1.0);
        assert_eq!(percentile(&[], 0.5), 0.0);
        assert_eq!(percentile(&[7.0], 0.999), 7.0);
    }

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        assert_eq!(median(&[3.0, 1.0]), 2.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[]), 0.0);
    }
}
