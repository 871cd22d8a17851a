//! The models on a file, without a server: what a shop, or anybody else, judges them by.

mod orders;
mod predict;

pub use orders::{Columns, DateOrder, Orders, Problem, Told, Unreadable, day};
pub use predict::{
    Asked, Head, Holdout, Impossible, Judged, On, Parameters, Predicted, SpendParameters, Worth, predict,
    written,
};
