//! Factors of customers and items by alternating least squares on what was and was not taken (Hu, Koren, Volinsky,
//! "Collaborative filtering for implicit feedback datasets", 2008), each solved by a few steps of conjugate gradients
//! (Takács, Pilászy, Tikk, 2011).

use super::matrix::{Sparse, in_pieces};
use kit::Rng;

/// How many factors.
pub(crate) const WIDTH: usize = 64;
type Row = [f32; WIDTH];

#[derive(Clone, Debug)]
pub(crate) struct Factors {
    pub items: Vec<Row>,
    /// Items' factors times themselves, summed, with the penalty on its diagonal.
    gram: Vec<Row>,
    alpha: f32,
}

const PENALTY: f32 = 0.01;

fn dot(a: &Row, b: &Row) -> f32 {
    // Eight sums side by side, which the compiler keeps in wide registers.
    let mut sums = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

fn add(to: &mut Row, from: &Row, times: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from * times;
    }
}

fn gram(rows: &[Row], threads: usize) -> Vec<Row> {
    let mut sum = vec![[0.0f32; WIDTH]; WIDTH];
    let pieces: Vec<Vec<Row>> = in_pieces(rows.len(), threads.min(1), |range| {
        let mut sum = vec![[0.0f32; WIDTH]; WIDTH];
        for row in &rows[range] {
            for (place, value) in row.iter().enumerate() {
                add(&mut sum[place], row, *value);
            }
        }
        vec![sum]
    });
    for piece in pieces {
        for (to, from) in sum.iter_mut().zip(&piece) {
            add(to, from, 1.0);
        }
    }
    for (place, row) in sum.iter_mut().enumerate() {
        row[place] += PENALTY;
    }
    sum
}

/// Minimises over x: sum over all items of c (p - x.y)^2 + penalty x.x, where c = 1 + alpha v for what was taken.
fn solve(x: &mut Row, gram: &[Row], others: &[Row], taken: (&[u32], &[f32]), alpha: f32, steps: usize) {
    let taken = || taken.0.iter().map(|other| &others[*other as usize]).zip(taken.1);
    let apply = |x: &Row| {
        let mut out: Row = [0.0; WIDTH];
        for (row, value) in gram.iter().zip(x) {
            add(&mut out, row, *value);
        }
        for (y, value) in taken() {
            add(&mut out, y, alpha * value * dot(x, y));
        }
        out
    };
    let mut residual: Row = apply(x).map(|value| -value);
    for (y, value) in taken() {
        add(&mut residual, y, 1.0 + alpha * value);
    }
    let mut direction = residual;
    let mut size = dot(&residual, &residual);
    for _ in 0..steps {
        if size < 1e-12 {
            return;
        }
        let applied = apply(&direction);
        let step = size / dot(&direction, &applied).max(1e-12);
        add(x, &direction, step);
        add(&mut residual, &applied, -step);
        let next = dot(&residual, &residual);
        let keep = next / size;
        for (to, from) in direction.iter_mut().zip(&residual) {
            *to = from + keep * *to;
        }
        size = next;
    }
}

impl Factors {
    /// `taken`: customers by items. The same seed gives the same factors, with any number of threads.
    pub fn fit(taken: &Sparse, alpha: f32, rounds: usize, threads: usize) -> Factors {
        let by_item = taken.transposed();
        let mut rng = Rng::seeded(64);
        let mut start = |rows: usize| -> Vec<Row> {
            (0..rows).map(|_| std::array::from_fn(|_| (rng.unit() as f32 - 0.5) * 0.02)).collect()
        };
        let (mut customers, mut items) = (start(taken.rows()), start(taken.width));
        let half = |own: &[Row], others: &[Row], by: &Sparse| -> Vec<Row> {
            let gram = gram(others, threads);
            in_pieces(own.len(), threads, |range| {
                range
                    .map(|place| {
                        let mut x = own[place];
                        solve(&mut x, &gram, others, by.parts(place), alpha, 3);
                        x
                    })
                    .collect()
            })
        };
        for _ in 0..rounds {
            customers = half(&customers, &items, taken);
            items = half(&items, &customers, &by_item);
        }
        let gram = gram(&items, threads);
        Factors { items, gram, alpha }
    }

    /// The factors of somebody who took these.
    pub fn customer(&self, taken: (&[u32], &[f32])) -> Row {
        let mut x = [0.0; WIDTH];
        solve(&mut x, &self.gram, &self.items, taken, self.alpha, 10);
        x
    }

    pub fn score(&self, customer: &Row, item: u32) -> f32 {
        self.items.get(item as usize).map_or(0.0, |factors| dot(customer, factors))
    }

    pub fn bytes(&self) -> usize {
        (self.items.len() + WIDTH) * std::mem::size_of::<Row>()
    }
}
