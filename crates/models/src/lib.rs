//! What is learned from a shop's own history: when customers buy again and for how much, what they may like, who of
//! the others will buy, which carts come back by themselves. Pure: it takes values and gives values, reads no clock and
//! no store, and the same input gives the same output.

pub mod boosted;
pub mod carts;
pub mod forecast;
pub mod hours;
pub mod leads;
pub mod logistic;
pub mod measure;
pub mod parts;
pub mod recommend;
pub mod standalone;
pub mod table;
