//! One list from many hints: how what was learned, what is popular and the customer's own past weigh against each
//! other. The weights are learned on what was held out: the conditional logit model (McFadden, 1974) of which of the
//! candidates were bought.

use super::content::COLD;
use super::people::Past;
use super::taste::Taste;
use super::{Kind, Recommender};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

const HINTS: usize = 17;
/// Where the hints of what the customer did begin.
const OWN_HINTS: usize = 4;
/// Where the hints of what the catalogue tells begin.
const KIN_HINTS: usize = 13;
type Hints = [f32; HINTS];

/// Candidates that each taste names.
const NAMED: usize = 60;
/// Candidates that the catalogue names, and those of few buyers beside them.
const KIN_NAMED: usize = 25;
const COLD_NAMED: usize = 10;
/// Of the own past, the latest.
const OWN: usize = 200;

/// How much each hint counts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Weights(Vec<f32>);

/// What may be shown to one customer, with what speaks for it.
pub(crate) struct Candidates {
    pub items: Vec<u32>,
    hints: Vec<Hints>,
}

/// Which candidates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rail {
    /// Not bought before.
    New,
    /// Bought before, and bought again.
    Again,
    /// Bought before or not.
    All,
    /// Not bought before, of items that few bought at all.
    Cold,
}

/// The `limit` highest of `scores` above the lowest number that are allowed.
pub(crate) fn highest(scores: &[f32], limit: usize, allowed: &dyn Fn(u32) -> bool) -> Vec<u32> {
    let limit = limit.min(scores.len());
    if limit == 0 {
        return Vec::new();
    }
    let mut found: Vec<u32> = Vec::with_capacity(4 * limit + 1);
    let order = |a: &u32, b: &u32| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b));
    let mut least = 0.0f32;
    for (item, score) in scores.iter().enumerate() {
        if *score > least && score.is_finite() && allowed(item as u32) {
            found.push(item as u32);
            if found.len() >= 4 * limit {
                found.select_nth_unstable_by(limit - 1, order);
                found.truncate(limit);
                least = found.iter().map(|item| scores[*item as usize]).fold(f32::INFINITY, f32::min);
            }
        }
    }
    found.sort_unstable_by(order);
    found.truncate(limit);
    found
}

impl Candidates {
    pub fn of(
        shop: &Recommender,
        taste: Option<&Taste>,
        history: &[Past],
        now: i64,
        rail: Rail,
        allowed: &dyn Fn(u32) -> bool,
    ) -> Candidates {
        let own: FxHashSet<u32> = history.iter().map(|past| past.item).collect();
        let new = |item: u32| !own.contains(&item) && allowed(item);
        let mut scores = vec![0.0; shop.items()];
        if let Some(taste) = taste {
            taste.score(history, now, &mut scores);
        }
        let mut top = scores.iter().copied().fold(0.0, f32::max);
        let alike = taste.map(|taste| taste.alike(history, shop.items())).unwrap_or_default();
        let mut kin = alike.clone();
        shop.weigh_by_buyers(&mut kin);
        let kin_top = kin.iter().copied().fold(0.0, f32::max);
        let alike_top = alike.iter().copied().fold(0.0, f32::max);
        let is_cold = |item: u32| shop.buyers(item) <= COLD;
        let mut items: Vec<u32> = Vec::new();
        if rail != Rail::Again {
            items = highest(&scores, NAMED, &new);
            top = items.first().map_or(0.0, |best| scores[*best as usize]);
            let named = shop.popular_list().iter().copied().filter(|item| new(*item));
            items.extend(named.take(NAMED / 2));
            items.extend(highest(&kin, KIN_NAMED, &new));
            let cold_named = if rail == Rail::Cold { NAMED } else { COLD_NAMED };
            items.extend(highest(&alike, cold_named, &|item| is_cold(item) && new(item)));
        }
        items.sort_unstable();
        items.dedup();
        let mut hints: Vec<Hints> = Vec::with_capacity(items.len() + history.len());
        let common = |item: u32| {
            let mut hints: Hints = [0.0; HINTS];
            if top > 0.0 {
                let share = (scores[item as usize] / top).clamp(-2.0, 2.0);
                hints[0] = share;
                hints[1] = (0.02 + share.max(0.0)).ln();
            }
            let (popularity, trend) = shop.popular_hints(item, now);
            hints[2] = popularity;
            hints[3] = trend;
            if kin_top > 0.0 {
                let share = kin[item as usize] / kin_top;
                hints[KIN_HINTS] = share;
                hints[KIN_HINTS + 1] = (0.02 + share).ln();
                if is_cold(item) {
                    hints[KIN_HINTS + 2] = 1.0;
                    hints[KIN_HINTS + 3] = alike[item as usize] / alike_top;
                }
            }
            hints
        };
        for item in &items {
            hints.push(common(*item));
        }
        {
            let of_rail = |past: &&Past| {
                let fits = match rail {
                    Rail::All => true,
                    Rail::Again => past.purchases > 0,
                    Rail::New | Rail::Cold => past.purchases == 0,
                };
                fits && allowed(past.item)
            };
            let mut latest: Vec<&Past> = history.iter().filter(of_rail).collect();
            latest.sort_by_key(|past| (std::cmp::Reverse(past.last().unwrap_or(i64::MIN)), past.item));
            for past in latest.into_iter().take(OWN) {
                let mut row = common(past.item);
                own_hints(&mut row[OWN_HINTS..], past, history.len(), now, shop.again_half_life());
                items.push(past.item);
                hints.push(row);
            }
        }
        Candidates { items, hints }
    }

    /// Items with their scores, best first.
    pub fn ranked(&self, weights: &Weights) -> Vec<(u32, f32)> {
        let scored = self.items.iter().zip(&self.hints).map(|(item, hints)| (*item, weights.of(hints)));
        let mut scored: Vec<(u32, f32)> = scored.filter(|(_, score)| score.is_finite()).collect();
        scored.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scored
    }
}

fn own_hints(row: &mut [f32], past: &Past, items: usize, now: i64, half_life: f32) {
    let purchases = f32::from(past.purchases);
    let age = past.age_days(now).map_or(0.0, |days| (1.0 + days).ln());
    if past.purchases > 0 {
        row[0] = 1.0;
        row[1] = purchases.ln();
        row[2] = (0.02 + past.fresh_purchases(now, half_life)).ln();
        row[3] = age;
        row[4] = (1.0 + items as f32).ln();
        row[5] = f32::from(u8::from(past.carts > 0 || past.views > 0));
    } else {
        let wants = f32::from(u8::from(past.strongest() == Kind::Cart));
        row[6] = wants;
        row[7] = 1.0 - wants;
        row[8] = age;
    }
}

impl Weights {
    fn of(&self, hints: &Hints) -> f32 {
        self.0.iter().zip(hints).map(|(weight, hint)| weight * hint).sum()
    }

    /// Learns from candidates and what was bought of them; `None` where nothing was.
    pub(crate) fn learn(cases: &[(Candidates, &FxHashSet<u32>)]) -> Option<Weights> {
        let mut weights = vec![0.0f64; HINTS];
        let of_use = cases
            .iter()
            .any(|(candidates, bought)| candidates.items.iter().any(|item| bought.contains(item)));
        if !of_use {
            return None;
        }
        let mut penalty = 1.0;
        let mut held = likelihood(cases, &weights, penalty);
        for _ in 0..25 {
            let (gradient, curvature) = slopes(cases, &weights, penalty);
            let Some(step) = solve(curvature, gradient) else {
                penalty *= 10.0;
                continue;
            };
            let mut size = 1.0;
            loop {
                let next: Vec<f64> =
                    weights.iter().zip(&step).map(|(weight, step)| weight + size * step).collect();
                let reached = likelihood(cases, &next, penalty);
                if reached > held {
                    let gained = reached - held;
                    (weights, held) = (next, reached);
                    if gained < 1e-6 * held.abs() {
                        return Some(Weights(weights.iter().map(|weight| *weight as f32).collect()));
                    }
                    break;
                }
                size *= 0.5;
                if size < 1e-3 {
                    return Some(Weights(weights.iter().map(|weight| *weight as f32).collect()));
                }
            }
        }
        Some(Weights(weights.iter().map(|weight| *weight as f32).collect()))
    }
}

/// Shares of the candidates, and the mean of the hints of what was bought; `None` where nothing of them was.
fn shares(
    candidates: &Candidates,
    bought: &FxHashSet<u32>,
    weights: &[f64],
) -> Option<(Vec<f64>, f64, Vec<usize>)> {
    let hits: Vec<usize> =
        (0..candidates.items.len()).filter(|place| bought.contains(&candidates.items[*place])).collect();
    if hits.is_empty() {
        return None;
    }
    let score = |hints: &Hints| {
        hints.iter().zip(weights).map(|(hint, weight)| f64::from(*hint) * weight).sum::<f64>()
    };
    let scores: Vec<f64> = candidates.hints.iter().map(score).collect();
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - top).exp()).sum();
    let ln_sum = top + sum.ln();
    let told = hits.iter().map(|place| scores[*place] - ln_sum).sum::<f64>() / hits.len() as f64;
    Some((scores.iter().map(|score| (score - ln_sum).exp()).collect(), told, hits))
}

fn likelihood(cases: &[(Candidates, &FxHashSet<u32>)], weights: &[f64], penalty: f64) -> f64 {
    let told = cases.iter().filter_map(|(candidates, bought)| shares(candidates, bought, weights));
    told.map(|(_, told, _)| told).sum::<f64>()
        - penalty / 2.0 * weights.iter().map(|weight| weight * weight).sum::<f64>()
}

type Square = Vec<Vec<f64>>;

fn slopes(cases: &[(Candidates, &FxHashSet<u32>)], weights: &[f64], penalty: f64) -> (Vec<f64>, Square) {
    let mut gradient: Vec<f64> = weights.iter().map(|weight| -penalty * weight).collect();
    let mut curvature: Square = vec![vec![0.0; HINTS]; HINTS];
    for (place, row) in curvature.iter_mut().enumerate() {
        row[place] = penalty;
    }
    for (candidates, bought) in cases {
        let Some((shares, _, hits)) = shares(candidates, bought, weights) else { continue };
        let mut mean = [0.0f64; HINTS];
        for (hints, share) in candidates.hints.iter().zip(&shares) {
            for (mean, hint) in mean.iter_mut().zip(hints) {
                *mean += share * f64::from(*hint);
            }
        }
        for place in 0..HINTS {
            let seen = hits.iter().map(|hit| f64::from(candidates.hints[*hit][place])).sum::<f64>()
                / hits.len() as f64;
            gradient[place] += seen - mean[place];
        }
        for (hints, share) in candidates.hints.iter().zip(&shares) {
            if *share < 1e-9 {
                continue;
            }
            let off: [f64; HINTS] = std::array::from_fn(|place| f64::from(hints[place]) - mean[place]);
            for place in 0..HINTS {
                let scaled = share * off[place];
                for (to, off) in curvature[place][..=place].iter_mut().zip(&off) {
                    *to += scaled * off;
                }
            }
        }
    }
    (gradient, curvature)
}

/// Solves a symmetric positive system of which the lower half is given (Cholesky).
fn solve(mut square: Square, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for row in 0..size {
        for column in 0..=row {
            let done = square[row].iter().zip(&square[column]).take(column);
            let sum = square[row][column] - done.map(|(a, b)| a * b).sum::<f64>();
            if row == column {
                if sum.is_nan() || sum <= 1e-12 {
                    return None;
                }
                square[row][row] = sum.sqrt();
            } else {
                square[row][column] = sum / square[column][column];
            }
        }
    }
    for row in 0..size {
        for inner in 0..row {
            right[row] -= square[row][inner] * right[inner];
        }
        right[row] /= square[row][row];
    }
    for row in (0..size).rev() {
        for inner in row + 1..size {
            right[row] -= square[inner][row] * right[inner];
        }
        right[row] /= square[row][row];
    }
    Some(right)
}
