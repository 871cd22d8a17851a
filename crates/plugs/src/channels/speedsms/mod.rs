//! Text messages through SpeedSMS.vn.
//!
//! SpeedSMS tells messages apart by `sms_type`, and its public list names none for advertising (older sample code
//! names 1): a shop that sends advertisements enters the number that SpeedSMS gave it, and until then none go. It does
//! not know our key, so what may have been taken is not sent again. What it calls back with is not documented: there
//! are no receipts.

mod client;
mod config;
mod wire;

pub use client::SpeedsmsChannel;
pub use config::SpeedsmsConfig;

pub const KIND: &str = "speedsms";
