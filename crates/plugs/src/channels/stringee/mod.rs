//! Text messages through Stringee, by a brandname.
//!
//! Each request carries a JSON Web Token that the key's secret signs (HS256). Stringee does not know our key, names no
//! message and documents no callbacks: what may have been taken is not sent again, and there are no receipts. Nor can
//! a key be tried without sending, and of its answers only `r = 0`, success, is documented: any other is a refusal.

mod client;
mod config;
mod wire;

pub use client::StringeeChannel;
pub use config::StringeeConfig;
pub use wire::token;

pub const KIND: &str = "stringee";
