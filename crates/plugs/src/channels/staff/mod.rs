//! Messages to the shop's own people where they talk to each other: a Telegram chat, a Slack or Discord channel, any
//! incoming webhook, Zalo.
//!
//! No customer is reached here, so it is no provider of a channel's: the contacts stand beside the channel of
//! webhooks, and a message for one of them names it as its address, such as `telegram:ops`. What is not addressed goes
//! on to the webhook.

mod client;
mod config;
mod wire;

pub use client::StaffChannel;
pub use config::StaffContact;
