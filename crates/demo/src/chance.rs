use kit::Rng;

/// A draw from the exponential distribution with mean 1, by inversion (Devroye 1986, II.2).
pub fn exponential(rng: &mut Rng) -> f64 {
    // 1 - u is in (0, 1], so the logarithm is finite.
    -(1.0 - rng.unit()).ln()
}

/// A draw from the standard normal distribution by Box and Muller (1958).
pub fn normal(rng: &mut Rng) -> f64 {
    let radius = (2.0 * exponential(rng)).sqrt();
    radius * (std::f64::consts::TAU * rng.unit()).cos()
}

/// A draw from the gamma distribution with this `shape` (> 0) and mean `shape`, by Marsaglia and Tsang, "A simple
/// method for generating gamma variables" (ACM TOMS 26, 2000); shapes below 1 by the boost of its section 6.
pub fn gamma(rng: &mut Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = (1.0 - rng.unit()).powf(1.0 / shape);
        return gamma(rng, shape + 1.0) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v <= 0.0 {
            continue;
        }
        let log_u = (1.0 - rng.unit()).ln();
        if log_u < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A draw from the Poisson distribution by multiplying uniforms (Knuth, TAOCP 2, 3.4.1, algorithm Q). The work grows
/// with `mean`, which is held to 0..=60: enough for counts of views and lines.
pub fn poisson(rng: &mut Rng, mean: f64) -> u32 {
    let floor = (-mean.clamp(0.0, 60.0)).exp();
    let mut product = rng.unit();
    let mut count = 0;
    while product > floor {
        product *= rng.unit();
        count += 1;
    }
    count
}

/// A whole number in `low..=high`.
pub fn between(rng: &mut Rng, low: i64, high: i64) -> i64 {
    low + rng.below((high - low).max(0) as u64 + 1) as i64
}

/// A fixed choice of things with weights, drawn by bisecting the running sums.
#[derive(Clone, Debug)]
pub struct Weighted {
    running: Vec<f64>,
}

impl Weighted {
    /// `weights` are relative and not negative; at least one is above 0.
    pub fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let running = weights.into_iter().map(|weight| {
            sum += weight;
            sum
        });
        Weighted { running: running.collect() }
    }

    /// The index of the thing drawn.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let at = rng.unit() * self.running.last().copied().unwrap_or(0.0);
        self.running.partition_point(|sum| *sum <= at).min(self.running.len().saturating_sub(1))
    }
}

/// One 64-bit value out of two (the finaliser of splitmix64): seeds of independent streams.
pub fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample mean and variance against the distribution's own, within `tolerance` of each.
    fn check(name: &str, mean: f64, variance: f64, tolerance: f64, mut draw: impl FnMut(&mut Rng) -> f64) {
        let mut rng = Rng::seeded(11);
        let draws: Vec<f64> = (0..40_000).map(|_| draw(&mut rng)).collect();
        let got_mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let got_variance = draws.iter().map(|x| (x - got_mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!((got_mean - mean).abs() < tolerance, "{name}: mean {got_mean}, not {mean}");
        assert!(
            (got_variance - variance).abs() < 4.0 * tolerance,
            "{name}: variance {got_variance}, not {variance}"
        );
    }

    #[test]
    fn samplers_have_their_moments() {
        check("exponential", 1.0, 1.0, 0.03, exponential);
        check("normal", 0.0, 1.0, 0.03, normal);
        for shape in [0.3, 1.0, 2.5, 9.0] {
            check("gamma", shape, shape, 0.03 * shape.max(1.0), |rng| gamma(rng, shape));
        }
        for mean in [0.2, 1.5, 7.0] {
            check("poisson", mean, mean, 0.05, |rng| f64::from(poisson(rng, mean)));
        }
    }

    #[test]
    fn weights_decide_how_often() {
        let weighted = Weighted::new([1.0, 0.0, 3.0]);
        let mut rng = Rng::seeded(5);
        let mut seen = [0; 3];
        (0..20_000).for_each(|_| seen[weighted.draw(&mut rng)] += 1);
        assert_eq!(seen[1], 0);
        assert!((14_600..15_400).contains(&seen[2]), "{seen:?}");
    }
}
