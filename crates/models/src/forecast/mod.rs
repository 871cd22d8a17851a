//! A shop's forecast of its customers' purchases: fitted, tested on its own past, and asked per customer.

pub mod answer;
pub mod backtest;
pub mod features;
pub mod naive;
mod outlook;
pub mod purchases;
mod replay;
pub mod rfm;
pub mod winback;

pub use answer::{Churn, Expected, Forecast, Rfm, RfmGroup, SPANS};
pub use outlook::{Boosted, FORMAT, Outlook, Serves, Terms, Unreadable, Value};
pub use purchases::{Purchases, Summary};
