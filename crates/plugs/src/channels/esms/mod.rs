//! Text messages through eSMS.vn, by the sender names (brandnames) that a shop has registered there.
//!
//! Customer care goes one by one, with our key as `RequestId`: eSMS refuses a second request of one id for 24 hours
//! (124), which here counts as accepted, so what was lost on the way is sent again without a second message.
//!
//! Advertising goes to 30 to 5,000 numbers a request, all with one text, and people at eSMS approve each request before
//! it goes out. Messages of the class are therefore delivered in batches; fewer than 30 wait for others, and texts that
//! differ from person to person, as with links of one's own, cannot go.
//!
//! Callbacks are not signed: the endpoint believes whoever knows its address. They tell what became of a care message
//! and what it cost, in đồng. Of a batch they tell sums alone, so its numbers are asked for one by one
//! ([`crate::Channel::ask`]); eSMS keeps them for seven days.

mod client;
mod config;
mod wire;

pub use client::EsmsChannel;
pub use config::EsmsConfig;

pub const KIND: &str = "esms";
/// Numbers of one request of advertising.
pub const BATCH_MIN: usize = 30;
pub const BATCH_MAX: usize = 5_000;
