//! For each item the items beside it, worked out for all items at once: the common form of what item-item methods and
//! EASE learn.

use super::matrix::{Sparse, in_pieces};
use serde::{Deserialize, Serialize};

/// How customers in common make two items near.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// Cosine of the items' customers, each weighed by the logarithm of the share of the catalogue not taken.
    TfIdf,
    /// Okapi BM25 with k1 = 1.2, b = 0.75: not normalised, favours the popular.
    Bm25,
    /// Shared customers by all customers of either, times n / (n + 3).
    Jaccard,
}

/// Of each row (a customer, or an item beside whom it stands) the best; `keep` of them.
pub(crate) fn top(row: &mut Vec<(u32, f32)>, keep: usize) {
    let order = |a: &(u32, f32), b: &(u32, f32)| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0));
    if row.len() > keep {
        row.select_nth_unstable_by(keep.max(1) - 1, order);
        row.truncate(keep);
    }
    row.sort_unstable_by(order);
}

/// The `keep` items nearest to each, nearest first, themselves not among them. `taken`: customers by items.
pub(crate) fn nearest(taken: &Sparse, nearness: Nearness, keep: usize, threads: usize) -> Sparse {
    let items = taken.width;
    let by_item = taken.transposed();
    let choosy: Vec<f32> = (0..taken.rows())
        .map(|customer| ((items as f32 + 1.0).ln() - (1.0 + taken.row(customer).len() as f32).ln()).max(0.0))
        .collect();
    let sizes: Vec<f32> = (0..items).map(|item| by_item.row(item).map(|(_, value)| value).sum()).collect();
    let mean_size = sizes.iter().sum::<f32>() / sizes.len().max(1) as f32;
    // The weight of a customer's having taken an item.
    let weight = |item: usize, customer: u32, value: f32| match nearness {
        Nearness::TfIdf => value.sqrt() * choosy[customer as usize],
        Nearness::Bm25 => {
            let length = 0.25 + 0.75 * sizes[item] / mean_size.max(f32::MIN_POSITIVE);
            value * 2.2 / (1.2 * length + value) * choosy[customer as usize]
        }
        Nearness::Jaccard => 1.0,
    };
    let lengths: Vec<f32> = (0..items)
        .map(|item| {
            by_item.row(item).map(|(customer, value)| weight(item, customer, value).powi(2)).sum::<f32>()
        })
        .collect();
    let rows = in_pieces(items, threads, |range| {
        let mut sums: Vec<(f32, u32)> = vec![(0.0, 0); items];
        let mut touched: Vec<u32> = Vec::new();
        range
            .map(|item| {
                for (customer, value) in by_item.row(item) {
                    let own = weight(item, customer, value);
                    for (other, value) in taken.row(customer as usize) {
                        let sum = &mut sums[other as usize];
                        if sum.1 == 0 {
                            touched.push(other);
                        }
                        sum.0 += own * weight(other as usize, customer, value);
                        sum.1 += 1;
                    }
                }
                let mut row: Vec<(u32, f32)> = Vec::with_capacity(touched.len());
                for other in touched.drain(..) {
                    let (sum, shared) = std::mem::take(&mut sums[other as usize]);
                    if other as usize == item {
                        continue;
                    }
                    let near = match nearness {
                        Nearness::TfIdf => sum / (lengths[item] * lengths[other as usize]).sqrt(),
                        Nearness::Bm25 => sum,
                        Nearness::Jaccard => {
                            let shared = shared as f32;
                            shared / (lengths[item] + lengths[other as usize] - shared) * shared
                                / (shared + 3.0)
                        }
                    };
                    if near.is_finite() && near > 0.0 {
                        row.push((other, near));
                    }
                }
                top(&mut row, keep);
                row
            })
            .collect()
    });
    Sparse::new(rows, items)
}
