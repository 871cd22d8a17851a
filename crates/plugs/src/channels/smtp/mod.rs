//! E-mail through an SMTP relay.
//!
//! The connection is our own rather than a library's for one reason: what may be sent again depends on whether the
//! final dot of a message was written, on whether a reply came after it, and on whether the server spoke up while
//! the message was still on its way. `client` keeps that apart, and `wire` judges the replies.

mod client;
mod config;
mod pool;
mod session;
mod wire;

pub use client::SmtpChannel;
pub(crate) use config::is_nearby;
pub use config::{DkimConfig, Security, SmtpConfig, SmtpTimeouts};

pub const KIND: &str = "smtp";
