//! Boosted trees for counts and for yes or no.
//!
//! Newton boosting on histograms (Friedman 2001; Chen and Guestrin 2016): each tree of a few leaves is grown on the first
//! and second derivative of the loss and added with a small step, until customers who were held back say that it gets
//! worse. Each row may bring an offset, the logarithm of the mean (or the log-odds) that another model gave it: then the
//! trees learn only what that model gets wrong. Deterministic, one thread.

use kit::Rng;
use serde::{Deserialize, Serialize};

/// What is minimised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// Targets are counts, or rates from 0; the score is the logarithm of the mean.
    Poisson,
    /// Targets are 0 or 1; the score is the log-odds.
    Logistic,
}

impl Loss {
    /// Value, first and second derivative by the score.
    fn at(self, score: f64, target: f64) -> (f64, f64, f64) {
        let score = score.clamp(-30.0, 30.0);
        match self {
            Loss::Poisson => {
                let mean = score.exp();
                (mean - target * score, mean - target, mean)
            }
            Loss::Logistic => {
                let p = 1.0 / (1.0 + (-score).exp());
                let value = score.max(0.0) + (-score.abs()).exp().ln_1p() - target * score;
                (value, p - target, p * (1.0 - p))
            }
        }
    }
}

/// The rows to learn from.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Numbers of a row.
    pub columns: usize,
    /// Row by row; every number finite.
    pub values: &'a [f32],
    pub targets: &'a [f64],
    /// A score that each row starts from, or empty.
    pub offsets: &'a [f64],
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    pub trees_max: usize,
    pub depth: u32,
    /// Share of each tree's answer that is added.
    pub step: f64,
    /// Rows that a leaf needs.
    pub leaf_rows: u32,
    /// What is added to the second derivative of a leaf: pulls small leaves to nothing.
    pub pull: f64,
    /// Every so many-th row is held back to say when to stop; 0 for never.
    pub hold_back: usize,
    /// Trees without a gain for the rows held back before it stops.
    pub patience: usize,
    /// Share of the rows that each tree sees.
    pub rows_share: f64,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            trees_max: 200,
            depth: 3,
            step: 0.06,
            leaf_rows: 40,
            pull: 5.0,
            hold_back: 5,
            patience: 20,
            rows_share: 0.7,
            seed: 1,
        }
    }
}

/// Trees whose answers are added up. A node is a leaf where its column is [`LEAF`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Forest {
    pub base: f64,
    /// Where each tree begins.
    roots: Vec<u32>,
    column: Vec<u8>,
    /// Below it to `left`, else to the node after; of a leaf its answer.
    number: Vec<f32>,
    left: Vec<u32>,
}

const LEAF: u8 = u8::MAX;

impl Forest {
    /// The score of a row, its offset included by the caller. No allocation; finite for finite rows.
    pub fn score(&self, row: &[f32]) -> f64 {
        let mut sum = self.base;
        for root in &self.roots {
            let mut node = *root as usize;
            while let Some(value) = row.get(usize::from(self.column[node])) {
                node = self.left[node] as usize + usize::from(*value >= self.number[node]);
            }
            sum += f64::from(self.number[node]);
        }
        sum
    }

    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// Whether a document that was read makes sense for rows of so many columns: no walk leaves it or goes round.
    pub fn is_sound(&self, columns: usize) -> bool {
        let nodes = self.column.len();
        let fits = self.number.len() == nodes && self.left.len() == nodes && self.base.is_finite();
        fits && self.roots.iter().all(|root| (*root as usize) < nodes)
            && self.number.iter().all(|number| number.is_finite())
            && (0..nodes).all(|node| {
                let left = self.left[node] as usize;
                let inner = usize::from(self.column[node]) < columns && left > node && left + 1 < nodes;
                self.column[node] == LEAF || inner
            })
            && columns < usize::from(LEAF)
    }

    /// How often each column is asked.
    pub fn uses(&self, columns: usize) -> Vec<usize> {
        (0..columns)
            .map(|column| self.column.iter().filter(|used| usize::from(**used) == column).count())
            .collect()
    }

    fn truncate(&mut self, trees: usize) {
        if let Some(end) = self.roots.get(trees).map(|root| *root as usize) {
            self.roots.truncate(trees);
            self.column.truncate(end);
            self.number.truncate(end);
            self.left.truncate(end);
        }
    }
}

const BINS: usize = 32;

/// Each column's numbers in up to [`BINS`] classes of about the same size.
struct Binned {
    /// Column by column.
    codes: Vec<u8>,
    /// The smallest number of each class but the first.
    cuts: Vec<Vec<f32>>,
}

impl Binned {
    fn of(rows: &Rows<'_>) -> Binned {
        let count = rows.targets.len();
        // Quantiles of some tens of thousands of rows are those of all.
        let step = count.div_ceil(40_000).max(1);
        let mut codes = vec![0; count * rows.columns];
        let mut cuts = Vec::with_capacity(rows.columns);
        for column in 0..rows.columns {
            let at = |row: usize| rows.values[row * rows.columns + column];
            let mut seen: Vec<f32> = (0..count).step_by(step).map(at).collect();
            seen.sort_unstable_by(f32::total_cmp);
            let mut bounds: Vec<f32> =
                (1..BINS).filter_map(|n| seen.get(seen.len() * n / BINS).copied()).collect();
            bounds.dedup();
            if bounds.first() == seen.first() {
                bounds.remove(0);
            }
            for (row, code) in codes[column * count..(column + 1) * count].iter_mut().enumerate() {
                let value = at(row);
                *code = bounds.partition_point(|bound| *bound <= value) as u8;
            }
            cuts.push(bounds);
        }
        Binned { codes, cuts }
    }
}

#[derive(Clone, Copy, Default)]
struct Bin {
    slope: f64,
    curve: f64,
    rows: u32,
}

struct Split {
    gain: f64,
    column: usize,
    code: u8,
}

/// Learns a forest. Answers the constant when there is too little to learn from.
pub fn learn(loss: Loss, rows: &Rows<'_>, settings: &Settings) -> Forest {
    let count = rows.targets.len();
    let offset = |row: usize| rows.offsets.get(row).copied().unwrap_or(0.0);
    let mut forest = Forest { base: constant(loss, rows), ..Forest::default() };
    if count < 2 * settings.leaf_rows as usize || rows.columns == 0 || rows.columns >= usize::from(LEAF) {
        return forest;
    }
    let binned = Binned::of(rows);
    let mut scores: Vec<f64> = (0..count).map(|row| forest.base + offset(row)).collect();
    let held = |row: usize| settings.hold_back > 0 && row % settings.hold_back == settings.hold_back - 1;
    let judged: Vec<usize> = (0..count).filter(|row| held(*row)).collect();
    let taught: Vec<u32> = (0..count).filter(|row| !held(*row)).map(|row| row as u32).collect();
    let loss_of =
        |scores: &[f64]| judged.iter().map(|row| loss.at(scores[*row], rows.targets[*row]).0).sum::<f64>();
    let (mut best, mut best_trees) = (loss_of(&scores), 0);
    let mut rng = Rng::seeded(settings.seed);
    let mut slopes = vec![(0.0f32, 0.0f32); count];
    for tree in 1..=settings.trees_max {
        let mut seen: Vec<u32> =
            taught.iter().copied().filter(|_| rng.unit() < settings.rows_share).collect();
        for row in &seen {
            let row = *row as usize;
            let (_, slope, curve) = loss.at(scores[row], rows.targets[row]);
            slopes[row] = (slope as f32, curve as f32);
        }
        let root = forest.column.len();
        forest.roots.push(root as u32);
        forest.column.push(LEAF);
        forest.number.push(0.0);
        forest.left.push(0);
        grow(&mut forest, root, &mut seen, settings.depth, &slopes, &binned, count, settings);
        for (row, score) in scores.iter_mut().enumerate() {
            let mut node = root;
            while forest.column[node] != LEAF {
                let value = rows.values[row * rows.columns + usize::from(forest.column[node])];
                node = forest.left[node] as usize + usize::from(value >= forest.number[node]);
            }
            *score += f64::from(forest.number[node]);
        }
        if !judged.is_empty() {
            let now = loss_of(&scores);
            if now < best {
                (best, best_trees) = (now, tree);
            } else if tree - best_trees >= settings.patience {
                break;
            }
        } else {
            best_trees = tree;
        }
    }
    forest.truncate(best_trees);
    forest
}

/// The score that fits best when it is the same for all rows.
fn constant(loss: Loss, rows: &Rows<'_>) -> f64 {
    let came: f64 = rows.targets.iter().sum();
    let count = rows.targets.len() as f64;
    if count == 0.0 {
        return 0.0;
    }
    match loss {
        // Half a purchase more on both sides keeps it finite.
        Loss::Poisson => {
            let expected: f64 =
                if rows.offsets.is_empty() { count } else { rows.offsets.iter().map(|o| o.exp()).sum() };
            ((came + 0.5) / (expected + 0.5)).ln()
        }
        Loss::Logistic if rows.offsets.is_empty() => ((came + 0.5) / (count - came + 0.5)).ln(),
        Loss::Logistic => {
            let mut score = 0.0;
            for _ in 0..20 {
                let (mut slope, mut curve) = (0.0, 1e-9);
                for (target, offset) in rows.targets.iter().zip(rows.offsets) {
                    let (_, first, second) = loss.at(score + offset, *target);
                    slope += first;
                    curve += second;
                }
                score = (score - slope / curve).clamp(-30.0, 30.0);
            }
            score
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn grow(
    forest: &mut Forest,
    node: usize,
    rows: &mut [u32],
    depth: u32,
    slopes: &[(f32, f32)],
    binned: &Binned,
    count: usize,
    settings: &Settings,
) {
    let sum = rows.iter().fold((0.0, 0.0), |sum, row| {
        let (slope, curve) = slopes[*row as usize];
        (sum.0 + f64::from(slope), sum.1 + f64::from(curve))
    });
    let split = if depth > 0 { best_split(rows, sum, slopes, binned, count, settings) } else { None };
    let Some(split) = split else {
        // No single tree moves a score by more than this, however few rows say so.
        let answer = (-sum.0 / (sum.1 + settings.pull)).clamp(-4.0, 4.0);
        forest.number[node] = (settings.step * answer) as f32;
        return;
    };
    let codes = &binned.codes[split.column * count..(split.column + 1) * count];
    let mut middle = 0;
    for at in 0..rows.len() {
        if codes[rows[at] as usize] < split.code {
            rows.swap(at, middle);
            middle += 1;
        }
    }
    let left = forest.column.len();
    forest.column[node] = split.column as u8;
    forest.number[node] = binned.cuts[split.column][usize::from(split.code) - 1];
    forest.left[node] = left as u32;
    forest.column.extend([LEAF, LEAF]);
    forest.number.extend([0.0, 0.0]);
    forest.left.extend([0, 0]);
    let (below, above) = rows.split_at_mut(middle);
    grow(forest, left, below, depth - 1, slopes, binned, count, settings);
    grow(forest, left + 1, above, depth - 1, slopes, binned, count, settings);
}

fn best_split(
    rows: &[u32],
    sum: (f64, f64),
    slopes: &[(f32, f32)],
    binned: &Binned,
    count: usize,
    settings: &Settings,
) -> Option<Split> {
    let worth = |slope: f64, curve: f64| slope * slope / (curve + settings.pull);
    let mut best: Option<Split> = None;
    for (column, cuts) in binned.cuts.iter().enumerate() {
        if cuts.is_empty() {
            continue;
        }
        let codes = &binned.codes[column * count..(column + 1) * count];
        let mut bins = [Bin::default(); BINS];
        for row in rows {
            let bin = &mut bins[usize::from(codes[*row as usize]) % BINS];
            let (slope, curve) = slopes[*row as usize];
            bin.slope += f64::from(slope);
            bin.curve += f64::from(curve);
            bin.rows += 1;
        }
        let mut below = Bin::default();
        for (code, bin) in bins.iter().enumerate().take(cuts.len()) {
            below.slope += bin.slope;
            below.curve += bin.curve;
            below.rows += bin.rows;
            let above = rows.len() as u32 - below.rows;
            if below.rows < settings.leaf_rows || above < settings.leaf_rows {
                continue;
            }
            let gain = worth(below.slope, below.curve) + worth(sum.0 - below.slope, sum.1 - below.curve)
                - worth(sum.0, sum.1);
            if gain > 1e-9 && best.as_ref().is_none_or(|best| gain > best.gain) {
                best = Some(Split { gain, column, code: code as u8 + 1 });
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poisson(rng: &mut Rng, mean: f64) -> f64 {
        let (limit, mut product, mut count) = ((-mean).exp(), rng.unit(), 0.0);
        while product > limit {
            product *= rng.unit();
            count += 1.0;
        }
        count
    }

    /// Counts whose mean depends on three of five columns, and the means.
    fn counts(rows: usize, seed: u64) -> (Vec<f32>, Vec<f64>, Vec<f64>) {
        let mut rng = Rng::seeded(seed);
        let values: Vec<f32> = (0..rows * 5).map(|_| rng.unit() as f32).collect();
        let mean = |row: &[f32]| (f64::from(2.0 * row[0] + row[1] * row[2]) - 1.0).exp();
        let means: Vec<f64> = values.chunks(5).map(mean).collect();
        let targets = means.iter().map(|mean| poisson(&mut rng, *mean)).collect();
        (values, targets, means)
    }

    fn excess(forest: &Forest, values: &[f32], means: &[f64], offsets: &[f64]) -> f64 {
        let off = |(at, row): (usize, &[f32])| {
            let given = (forest.score(row) + offsets.get(at).copied().unwrap_or(0.0)).exp();
            2.0 * (means[at] * (means[at] / given).ln() - (means[at] - given))
        };
        values.chunks(5).enumerate().map(off).sum::<f64>() / means.len() as f64
    }

    #[test]
    fn it_learns_means_and_not_noise() {
        let (values, targets, _) = counts(6_000, 3);
        let (fresh, _, means) = counts(2_000, 4);
        let rows = Rows { columns: 5, values: &values, targets: &targets, offsets: &[] };
        let forest = learn(Loss::Poisson, &rows, &Settings::default());
        let flat = learn(Loss::Poisson, &rows, &Settings { trees_max: 0, ..Settings::default() });
        let (found, nothing) = (excess(&forest, &fresh, &means, &[]), excess(&flat, &fresh, &means, &[]));
        assert!(found < nothing / 8.0, "{found} of {nothing}");
        assert!(forest.is_sound(5) && forest.uses(5)[0] > forest.uses(5)[4]);
        assert_eq!(forest, learn(Loss::Poisson, &rows, &Settings::default()));
    }

    #[test]
    fn an_offset_that_is_right_leaves_nothing_to_learn() {
        let (values, targets, means) = counts(4_000, 5);
        let offsets: Vec<f64> = means.iter().map(|mean| mean.ln()).collect();
        let rows = Rows { columns: 5, values: &values, targets: &targets, offsets: &offsets };
        let forest = learn(Loss::Poisson, &rows, &Settings::default());
        let left = excess(&forest, &values, &means, &offsets);
        assert!(left < 0.02, "{left} with {} trees", forest.trees());
    }

    #[test]
    fn yes_or_no() {
        let (values, _, means) = counts(6_000, 6);
        let mut rng = Rng::seeded(9);
        let chance = |mean: &f64| 1.0 / (1.0 + (-(mean * 2.0 - 3.0)).exp());
        let targets: Vec<f64> =
            means.iter().map(|mean| f64::from(u8::from(rng.chance(chance(mean))))).collect();
        let rows = Rows { columns: 5, values: &values, targets: &targets, offsets: &[] };
        let forest = learn(Loss::Logistic, &rows, &Settings::default());
        let off: f64 = values
            .chunks(5)
            .zip(&means)
            .map(|(row, mean)| (1.0 / (1.0 + (-forest.score(row)).exp()) - chance(mean)).abs())
            .sum::<f64>()
            / 6_000.0;
        assert!(off < 0.05, "{off}");
    }

    #[test]
    fn too_little_gives_the_mean() {
        let rows = Rows { columns: 1, values: &[1.0, 2.0], targets: &[3.0, 1.0], offsets: &[] };
        let forest = learn(Loss::Poisson, &rows, &Settings::default());
        assert_eq!(forest.trees(), 0);
        assert!((forest.score(&[7.0]) - (4.5f64 / 2.5).ln()).abs() < 1e-12);
        let none = Rows { columns: 1, values: &[], targets: &[], offsets: &[] };
        assert!(learn(Loss::Logistic, &none, &Settings::default()).score(&[1.0]).is_finite());
    }

    #[test]
    fn it_is_the_same_after_it_was_written_down() {
        let (values, targets, _) = counts(2_000, 8);
        let rows = Rows { columns: 5, values: &values, targets: &targets, offsets: &[] };
        let forest =
            learn(Loss::Poisson, &rows, &Settings { hold_back: 0, trees_max: 9, ..Settings::default() });
        let text = serde_json::to_string(&forest).expect("written");
        let read: Forest = serde_json::from_str(&text).expect("read");
        assert_eq!((read.trees(), &read), (9, &forest));
        let mut broken = forest.clone();
        broken.left[0] = 0;
        assert!(!broken.is_sound(5) && !forest.is_sound(2));
    }
}
