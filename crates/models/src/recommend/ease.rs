//! EASE^R (Steck, "Embarrassingly shallow autoencoders for sparse data", 2019): each item's weight for each other one by
//! ridge regression on all the rest, in closed form.

use super::beside::top;
use super::matrix::{Sparse, in_pieces};
use faer::linalg::solvers::{DenseSolveCore, Llt};

/// Row i holds what having taken i says for each other item, the `keep` largest by size. `lambda` above 0.
/// `None` where the matrix cannot be inverted (it can, but for what rounding does).
///
/// Needs `8 n^2` bytes and about `n^3` operations for n items.
pub(crate) fn fit(taken: &Sparse, lambda: f32, keep: usize, threads: usize) -> Option<Sparse> {
    let items = taken.width;
    let by_item = taken.transposed();
    let rows: Vec<Vec<f32>> = in_pieces(items, threads, |range| {
        range
            .map(|item| {
                let mut row = vec![0.0f32; items];
                for (customer, own) in by_item.row(item) {
                    for (other, value) in taken.row(customer as usize) {
                        row[other as usize] += own * value;
                    }
                }
                row[item] += lambda;
                row
            })
            .collect()
    });
    let gram = faer::Mat::from_fn(items, items, |row, column| rows[column][row]);
    drop(rows);
    let factor = Llt::new(gram.as_ref(), faer::Side::Lower).ok()?;
    drop(gram);
    let inverse = factor.inverse();
    drop(factor);
    // Having taken i tells for j: -P_ij / P_jj; the inverse is symmetric, so row i is column i.
    let rows = in_pieces(items, threads, |range| {
        range
            .map(|item| {
                let column = inverse.col(item);
                let weights = (0..items).filter(|other| *other != item);
                let mut row: Vec<(u32, f32)> =
                    weights.map(|other| (other as u32, -column[other] / inverse[(other, other)])).collect();
                row.retain(|(_, weight)| weight.is_finite() && weight.abs() > 1e-6);
                top(&mut row, keep);
                row
            })
            .collect()
    });
    Some(Sparse::new(rows, items))
}
