//! The special functions of the models, in forms that neither overflow nor cancel, and numbers that carry their
//! derivatives.

use std::ops::{Add, Div, Mul, Neg, Sub};

pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The derivative of [`ln_gamma`], for `x > 0`.
pub fn digamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let tail = y
        * (1.0 / 12.0
            - y * (1.0 / 120.0
                - y * (1.0 / 252.0
                    - y * (1.0 / 240.0 - y * (1.0 / 132.0 - y * (691.0 / 32_760.0 - y / 12.0))))));
    x.ln() - 0.5 / x - tail - shift
}

/// `ln Γ(x + d) - ln Γ(x)` for `x > 0`, `d >= 0`, without the cancellation of two large numbers.
pub fn ln_gamma_rise(x: f64, d: f64) -> f64 {
    if x < 16.0 {
        return ln_gamma(x + d) - ln_gamma(x);
    }
    // Stirling's series; its next term is below 1e-14 here.
    let tail = |z: f64| {
        let z2 = 1.0 / (z * z);
        (1.0 / 12.0 - z2 * (1.0 / 360.0 - z2 * (1.0 / 1260.0 - z2 / 1680.0))) / z
    };
    (x - 0.5) * (d / x).ln_1p() + d * (x + d).ln() - d + tail(x + d) - tail(x)
}

pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    ln_gamma(small) - ln_gamma_rise(large, small)
}

/// `1 / (1 + e^-x)`
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// `ln(e^a + e^b)`
pub fn ln_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// Above 0, and known.
pub fn is_above_0(x: f64) -> bool {
    x > 0.0
}

/// A number with its derivatives by `N` variables; with `N = 0` just a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dual<const N: usize> {
    pub value: f64,
    pub by: [f64; N],
}

impl<const N: usize> Dual<N> {
    pub fn constant(value: f64) -> Self {
        Dual { value, by: [0.0; N] }
    }

    /// The `at`th of the variables.
    pub fn variable(value: f64, at: usize) -> Self {
        let mut by = [0.0; N];
        by[at] = 1.0;
        Dual { value, by }
    }

    /// A function of this number, given its value and its slope there.
    pub fn mapped(self, value: f64, slope: f64) -> Self {
        Dual { value, by: self.by.map(|by| by * slope) }
    }

    pub fn ln(self) -> Self {
        self.mapped(self.value.ln(), 1.0 / self.value)
    }

    pub fn exp(self) -> Self {
        let value = self.value.exp();
        self.mapped(value, value)
    }

    pub fn recip(self) -> Self {
        let value = 1.0 / self.value;
        self.mapped(value, -value * value)
    }
}

impl<const N: usize> Add for Dual<N> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Dual { value: self.value + other.value, by: std::array::from_fn(|n| self.by[n] + other.by[n]) }
    }
}

impl<const N: usize> Sub for Dual<N> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Dual { value: self.value - other.value, by: std::array::from_fn(|n| self.by[n] - other.by[n]) }
    }
}

impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    fn neg(self) -> Self {
        self.mapped(-self.value, -1.0)
    }
}

#[expect(clippy::suspicious_arithmetic_impl, reason = "the rule of products")]
impl<const N: usize> Mul for Dual<N> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Dual {
            value: self.value * other.value,
            by: std::array::from_fn(|n| self.by[n] * other.value + self.value * other.by[n]),
        }
    }
}

#[expect(clippy::suspicious_arithmetic_impl, reason = "the rule of quotients")]
impl<const N: usize> Div for Dual<N> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Dual { value, by: std::array::from_fn(|n| (self.by[n] - value * other.by[n]) / other.value) }
    }
}

impl<const N: usize> Add<f64> for Dual<N> {
    type Output = Self;
    fn add(self, other: f64) -> Self {
        Dual { value: self.value + other, ..self }
    }
}

impl<const N: usize> Mul<f64> for Dual<N> {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        self.mapped(self.value * other, other)
    }
}

/// `2F1(a + b, 1; a + 1; x)` for `a > 0`, `a + b > 0` and `0 <= x < 1`: the continued fraction of the incomplete beta
/// function, by Lentz's method. Quick for `x < (a + 1) / (a + b + 2)`, and right elsewhere.
pub fn beta_fraction<const N: usize>(a: Dual<N>, b: Dual<N>, x: Dual<N>) -> Dual<N> {
    const TINY: f64 = 1e-300;
    let kept = |mut value: Dual<N>| {
        if value.value.abs() < TINY {
            value.value = TINY;
        }
        value
    };
    let sum = a + b;
    let mut c = Dual::constant(1.0);
    let mut d = kept(-(sum * x / (a + 1.0)) + 1.0).recip();
    let mut product = d;
    for n in 1..20_000 {
        let n = f64::from(n);
        let even = (b + -n) * x * n / ((a + (2.0 * n - 1.0)) * (a + 2.0 * n));
        d = kept(even * d + 1.0).recip();
        c = kept(even / c + 1.0);
        product = product * d * c;
        let odd = -((a + n) * (sum + n) * x / ((a + 2.0 * n) * (a + (2.0 * n + 1.0))));
        d = kept(odd * d + 1.0).recip();
        c = kept(odd / c + 1.0);
        let step = d * c;
        product = product * step;
        if (step.value - 1.0).abs() < 4e-16 && step.by.iter().all(|by| by.abs() < 1e-14) {
            break;
        }
    }
    product
}

/// The regularised incomplete beta function `I_u(m, k)`, where `v = 1 - u` and `ln_beta = ln B(m, k)`; the derivatives
/// are by whatever `m`, `k` and `ln_beta` carry, at a fixed `u`.
pub fn incomplete_beta<const N: usize>(
    (u, v): (f64, f64),
    m: Dual<N>,
    k: Dual<N>,
    ln_beta: Dual<N>,
) -> Dual<N> {
    if u <= 0.0 {
        return Dual::constant(0.0);
    }
    if v <= 0.0 {
        return Dual::constant(1.0);
    }
    let front = (m * u.ln() + k * v.ln() - ln_beta).exp();
    if front.value == 0.0 {
        return Dual::constant(if u < m.value / (m.value + k.value) { 0.0 } else { 1.0 });
    }
    if u < (m.value + 1.0) / (m.value + k.value + 2.0) {
        front / m * beta_fraction(m, k, Dual::constant(u))
    } else {
        -(front / k * beta_fraction(k, m, Dual::constant(v))) + 1.0
    }
}

/// `(1 - u) / u` where `I_u(m, k) = share`, with `rest = 1 - share`: the odds are exact where `u` is near 0 or 1.
/// `None` where `share` is not inside (0, 1), or the odds are above 1e299.
pub fn incomplete_beta_odds(share: f64, rest: f64, m: f64, k: f64) -> Option<f64> {
    if !(share > 0.0 && rest > 0.0) {
        return None;
    }
    let ln_b = ln_beta(m, k);
    let beta = |odds: (f64, f64), m: f64, k: f64| {
        incomplete_beta::<0>(odds, Dual::constant(m), Dual::constant(k), Dual::constant(ln_b)).value
    };
    // Newton's steps in w = ln(u / (1 - u)), kept inside a bracket; on the smaller side's logarithm.
    let from_low = share <= rest;
    let target = if from_low { share.ln() } else { rest.ln() };
    let (mut low, mut high) = (-700.0, 700.0);
    let mut w = (m / k).ln();
    for _ in 0..200 {
        let (u, v) = (sigmoid(w), sigmoid(-w));
        let held = if from_low { beta((u, v), m, k) } else { beta((v, u), k, m) };
        let gap = if held > 0.0 { held.ln() - target } else { -1e3 };
        // The share grows with u, and the rest falls.
        if (gap > 0.0) == from_low {
            high = w;
        } else {
            low = w;
        }
        let slope = (m * u.ln() + k * v.ln() - ln_b).exp() / held;
        let step = if from_low { -gap / slope } else { gap / slope };
        let next =
            if step.is_finite() && w + step > low && w + step < high { w + step } else { (low + high) / 2.0 };
        let moved = (next - w).abs();
        w = next;
        if moved <= 1e-15 * w.abs().max(1.0) {
            break;
        }
    }
    // Further out than a number can hold.
    (w > -690.0).then(|| (-w).exp())
}

/// `ln ∫ (alpha + u)^-p (beta + u)^-q du` from `from` to infinity, for `p + q > 1` and `alpha + from`, `beta + from` > 0.
pub fn ln_tail<const N: usize>(
    (alpha, p): (Dual<N>, Dual<N>),
    (beta, q): (Dual<N>, Dual<N>),
    from: f64,
) -> Dual<N> {
    let ((lo, by_lo), (hi, by_hi)) =
        if alpha.value < beta.value { ((alpha, p), (beta, q)) } else { ((beta, q), (alpha, p)) };
    let (near, far) = (lo + from, hi + from);
    // Euler's transformation makes all terms positive, and 2F1(1, by_hi; p + q; z) is a fraction of the beta function.
    let all = by_lo + by_hi + -1.0;
    let fraction = beta_fraction(all, -by_lo + 1.0, (hi - lo) / far);
    (-by_lo + 1.0) * (near.ln() - far.ln()) + fraction.ln() - all * far.ln() - all.ln()
}

/// Nodes and weights of the Gauss-Legendre rule with 32 points on [0, 1].
pub fn gauss() -> &'static [(f64, f64); 32] {
    static RULE: std::sync::OnceLock<[(f64, f64); 32]> = std::sync::OnceLock::new();
    RULE.get_or_init(|| {
        std::array::from_fn(|i| {
            let n = 32.0;
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut before, mut value) = (1.0, x);
                for j in 2..=32 {
                    let j = f64::from(j);
                    (before, value) = (value, ((2.0 * j - 1.0) * x * value - (j - 1.0) * before) / j);
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(held: f64, wanted: f64, relative: f64) {
        assert!((held - wanted).abs() <= relative * wanted.abs(), "{held} is not {wanted}");
    }

    #[test]
    fn differences_of_log_gammas_keep_their_digits() {
        // mpmath, 50 digits
        close(ln_gamma_rise(1e6, 1e-3), 0.013_815_510_058_464_191, 1e-14);
        close(digamma(0.25), -4.227_453_533_376_265, 1e-15);
        close(digamma(10.0), 2.251_752_589_066_721, 1e-15);
        close(ln_gamma_rise(20.0, 3.5), 10.693_609_917_819_658, 1e-14);
        close(ln_beta(0.25, 2.5), ln_gamma(0.25) + ln_gamma(2.5) - ln_gamma(2.75), 1e-14);
    }

    #[test]
    fn incomplete_beta_is_the_closed_form_where_there_is_one() {
        for (u, m) in [(0.2f64, 3.0), (0.9, 0.4), (0.5, 40.0), (1e-9, 0.01)] {
            let beta = |m: f64, k: f64, u: (f64, f64)| {
                let of = Dual::<0>::constant;
                incomplete_beta(u, of(m), of(k), of(ln_beta(m, k))).value
            };
            close(beta(m, 1.0, (u, 1.0 - u)), u.powf(m), 1e-13);
            close(1.0 - beta(1.0, m, (u, 1.0 - u)), (1.0 - u).powf(m), 1e-13);
        }
    }

    #[test]
    fn the_odds_invert_the_incomplete_beta() {
        for (m, k) in [(0.3, 1.0), (5.0, 2.4), (900.0, 1.3), (0.02, 20.0), (40.0, 0.1)] {
            for share in [1e-250, 1e-9, 0.03, 0.5, 0.97] {
                let odds = incomplete_beta_odds(share, 1.0 - share, m, k);
                // I_u is about u^m here.
                assert_eq!(odds.is_some(), share.ln() / m > -690.0, "{m} {k} {share}");
                let Some(odds) = odds else { continue };
                let (u, v) = (1.0 / (1.0 + odds), odds / (1.0 + odds));
                let of = Dual::<0>::constant;
                let held = incomplete_beta((u, v), of(m), of(k), of(ln_beta(m, k))).value;
                assert!((held.ln() - share.ln()).abs() < 1e-9, "{m} {k} {share}: {held}");
            }
        }
        assert_eq!(incomplete_beta_odds(0.0, 1.0, 1.0, 1.0), None);
        assert_eq!(incomplete_beta_odds(f64::NAN, 1.0, 1.0, 1.0), None);
    }

    #[test]
    fn the_rule_integrates_polynomials() {
        close(gauss().iter().map(|(_, weight)| weight).sum(), 1.0, 1e-14);
        close(gauss().iter().map(|(x, weight)| weight * x.powi(63)).sum(), 1.0 / 64.0, 1e-13);
    }
}
