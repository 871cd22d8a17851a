//! Finding a maximum: BFGS between bounds, and small dense matrices.

use super::likelihood::{MOST, Slope};
use super::special::is_above_0;

pub type Matrix = [[f64; MOST]; MOST];

/// Logarithms of parameters stay within this of 0; that of the evenness of gaps within 4, which is a spread of an
/// eighth of the gap: more even than any customer, and beyond it digits are lost.
pub const BOUND: f64 = 8.0;
const BOUNDS: [f64; MOST] = [BOUND, BOUND, BOUND, BOUND, 4.0];

/// The nearest point between the bounds.
pub fn bounded(at: [f64; MOST]) -> [f64; MOST] {
    std::array::from_fn(|n| at[n].clamp(-BOUNDS[n], BOUNDS[n]))
}

/// Which variables lie at a bound.
pub fn is_at_bound(at: &[f64; MOST]) -> [bool; MOST] {
    std::array::from_fn(|n| at[n].abs() >= BOUNDS[n])
}

/// What a search found, and how.
#[derive(Clone, Debug)]
pub struct Found {
    pub at: [f64; MOST],
    pub slope: Slope,
    pub iterations: u32,
    pub evaluations: u32,
}

impl Found {
    /// The largest slope that is left, leaving out what pushes against a bound.
    pub fn gradient(&self) -> f64 {
        let held = is_held(&self.at, &self.slope);
        (0..MOST).filter(|n| !held[*n]).map(|n| self.slope.by[n].abs()).fold(0.0, f64::max)
    }
}

/// Which variables lie at a bound and would leave it.
pub fn is_held(at: &[f64; MOST], slope: &Slope) -> [bool; MOST] {
    std::array::from_fn(|n| at[n].abs() >= BOUNDS[n] && slope.by[n] * at[n] > 0.0)
}

/// Climbs from `start` until no slope is above `enough`. Of the variables the first `n` move; `inverse` is the inverse
/// of the negative matrix of second derivatives, where it is known about.
pub fn climb(
    mut value: impl FnMut(&[f64; MOST]) -> Slope,
    start: [f64; MOST],
    is_free: [bool; MOST],
    inverse: Option<Matrix>,
    enough: f64,
) -> Found {
    let unit: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 }));
    let fresh = inverse.unwrap_or(unit);
    let mut matrix = fresh;
    let at = bounded(start);
    let mut slope = value(&at);
    mask(&mut slope, &is_free);
    let mut found = Found { at, slope, iterations: 0, evaluations: 1 };
    let mut is_fresh = true;
    while found.iterations < 300 && found.gradient() > enough {
        found.iterations += 1;
        let held = is_held(&found.at, &found.slope);
        let live: [bool; MOST] = std::array::from_fn(|n| is_free[n] && !held[n]);
        let up: [f64; MOST] = std::array::from_fn(|n| if live[n] { found.slope.by[n] } else { 0.0 });
        let mut way: [f64; MOST] =
            std::array::from_fn(
                |i| if live[i] { (0..MOST).map(|j| matrix[i][j] * up[j]).sum() } else { 0.0 },
            );
        let rise = |way: &[f64; MOST]| (0..MOST).map(|n| way[n] * up[n]).sum::<f64>();
        if !is_above_0(rise(&way)) {
            way = up;
            matrix = unit;
        }
        let longest = way.iter().map(|step| step.abs()).fold(0.0, f64::max);
        let mut size = if longest > 2.0 { 2.0 / longest } else { 1.0 };
        let mut next = None;
        for _ in 0..40 {
            let to = bounded(std::array::from_fn(|n| found.at[n] + size * way[n]));
            let moved: [f64; MOST] = std::array::from_fn(|n| to[n] - found.at[n]);
            let hoped = rise(&moved);
            let mut slope = value(&to);
            mask(&mut slope, &is_free);
            found.evaluations += 1;
            let gained = slope.value - found.slope.value;
            // What is below the last digits of the value counts as level.
            let level = 4e-16 * found.slope.value.abs().max(1.0) * 8.0;
            if slope.value.is_finite() && gained >= 1e-4 * hoped - level {
                next = Some((to, moved, slope));
                break;
            }
            // The top of the parabola through both ends.
            let top = hoped / (2.0 * (hoped - gained));
            size *= if top.is_finite() { top.clamp(0.1, 0.5) } else { 0.1 };
        }
        let Some((to, moved, slope)) = next else {
            if is_fresh {
                break;
            }
            (matrix, is_fresh) = (fresh, true);
            continue;
        };
        let turned: [f64; MOST] = std::array::from_fn(|n| found.slope.by[n] - slope.by[n]);
        let stalled = moved.iter().all(|step| step.abs() < 1e-13);
        found.at = to;
        found.slope = slope;
        if stalled {
            break;
        }
        update(&mut matrix, &moved, &turned);
        is_fresh = false;
    }
    found
}

fn mask(slope: &mut Slope, is_free: &[bool; MOST]) {
    for (by, is_free) in slope.by.iter_mut().zip(is_free) {
        if !is_free {
            *by = 0.0;
        }
    }
}

/// The update of Broyden, Fletcher, Goldfarb and Shanno, where the curvature is that of a maximum.
fn update(matrix: &mut Matrix, moved: &[f64; MOST], turned: &[f64; MOST]) {
    let dot = |a: &[f64; MOST], b: &[f64; MOST]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let curve = dot(moved, turned);
    if !is_above_0(curve - 1e-12 * (dot(moved, moved) * dot(turned, turned)).sqrt()) {
        return;
    }
    let bent: [f64; MOST] = std::array::from_fn(|i| dot(&matrix[i], turned));
    let factor = (1.0 + dot(turned, &bent) / curve) / curve;
    for i in 0..MOST {
        for j in 0..MOST {
            matrix[i][j] += factor * moved[i] * moved[j] - (bent[i] * moved[j] + moved[i] * bent[j]) / curve;
        }
    }
}

/// The negative second derivatives at a point by central differences of slopes.
pub fn curvature(
    mut value: impl FnMut(&[f64; MOST]) -> Slope,
    at: &[f64; MOST],
    is_free: &[bool; MOST],
) -> Matrix {
    const STEP: f64 = 1e-4;
    let mut held = [[0.0; MOST]; MOST];
    for i in (0..MOST).filter(|i| is_free[*i]) {
        let mut beside = |by: f64| {
            let mut to = *at;
            to[i] += by;
            value(&to).by
        };
        let (above, below) = (beside(STEP), beside(-STEP));
        held[i] =
            std::array::from_fn(|j| if is_free[j] { (below[j] - above[j]) / (2.0 * STEP) } else { 0.0 });
    }
    std::array::from_fn(|i| std::array::from_fn(|j| (held[i][j] + held[j][i]) / 2.0))
}

/// The inverse over the free variables, with noughts elsewhere; `None` unless it is positive definite.
pub fn inverse(matrix: &Matrix, is_free: &[bool; MOST]) -> Option<Matrix> {
    // Cholesky, row by row; what is not free is a unit of its own.
    let entry = |i: usize, j: usize| {
        if is_free[i] && is_free[j] { matrix[i][j] } else { f64::from(u8::from(i == j)) }
    };
    let mut lower = [[0.0; MOST]; MOST];
    for i in 0..MOST {
        for j in 0..=i {
            let rest = entry(i, j) - (0..j).map(|n| lower[i][n] * lower[j][n]).sum::<f64>();
            if i == j {
                if !is_above_0(rest - 1e-12 * entry(i, i).abs()) || !rest.is_finite() {
                    return None;
                }
                lower[i][i] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    let mut inverse = [[0.0; MOST]; MOST];
    for column in (0..MOST).filter(|column| is_free[*column]) {
        let mut y = [0.0; MOST];
        for i in 0..MOST {
            let unit = if i == column { 1.0 } else { 0.0 };
            y[i] = (unit - (0..i).map(|n| lower[i][n] * y[n]).sum::<f64>()) / lower[i][i];
        }
        for i in (0..MOST).rev() {
            let rest = (i + 1..MOST).map(|n| lower[n][i] * inverse[n][column]).sum::<f64>();
            inverse[i][column] = (y[i] - rest) / lower[i][i];
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [bool; MOST] = [true; MOST];

    /// A curved ridge with its top where every x is 1.
    fn ridge(x: &[f64; MOST]) -> Slope {
        let mut slope = Slope::default();
        for n in 0..MOST - 1 {
            let (off, short) = (x[n + 1] - x[n] * x[n], 1.0 - x[n]);
            slope.value -= 100.0 * off * off + short * short;
            slope.by[n] += 400.0 * off * x[n] + 2.0 * short;
            slope.by[n + 1] -= 200.0 * off;
        }
        slope
    }

    #[test]
    fn climbs_a_curved_ridge() {
        let found = climb(ridge, [-1.2, 1.0, -0.5, 0.7, 2.0], ALL, None, 1e-9);
        assert!(found.gradient() <= 1e-9, "{found:?}");
        assert!(found.at.iter().all(|x| (x - 1.0).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn stops_at_the_bounds_and_leaves_alone_what_is_not_free() {
        let slope = |x: &[f64; MOST]| Slope {
            value: x[0] - x[1] * x[1] + x[2],
            by: [1.0, -2.0 * x[1], 1.0, 0.0, 0.0],
        };
        let found = climb(slope, [0.0, 3.0, 0.5, 0.0, 0.0], [true, true, false, false, false], None, 1e-9);
        assert_eq!((found.at[0], found.at[2]), (BOUND, 0.5));
        assert!(found.at[1].abs() < 1e-8 && found.gradient() < 1e-8, "{found:?}");
    }

    #[test]
    fn inverts_what_is_positive_definite() {
        let at = [1.0; MOST];
        let curved = curvature(ridge, &at, &ALL);
        let inverse = inverse(&curved, &ALL).expect("a maximum");
        for (i, row) in curved.iter().enumerate() {
            for j in 0..MOST {
                let product: f64 = row.iter().zip(inverse).map(|(held, other)| held * other[j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-6, "{i} {j} {product}");
            }
        }
        let mut flat = curved;
        flat[2] = [0.0; MOST];
        assert!(super::inverse(&flat, &ALL).is_none());
    }
}
