//! A shop's forecast of its customers' purchases: fitted, tested on its own past, and asked per customer.

pub mod answer;
pub mod backtest;
pub mod features;
mod learn;
pub mod naive;
mod outlook;
pub mod purchases;
mod ready;
mod replay;
mod report;
pub mod rfm;
mod shop;
#[cfg(test)]
mod tests;
pub mod winback;

pub use answer::{Churn, Expected, Forecast, Rfm, RfmGroup, SPANS};
pub use learn::{DAYS_MAX, Learned, Settings, Stopped, drift, is_better, learn};
pub use outlook::{Asked, Boosted, FORMAT, Outlook, Serves, Terms, Unreadable, Value};
pub use purchases::{Purchases, Summary};
pub use replay::{Point, WinBackReport};
pub use report::{BackTest, Data, Drift, Fitted, Judged, Reason, Report, ValueScores, Verdict};
pub use shop::{Ahead, Shop};
