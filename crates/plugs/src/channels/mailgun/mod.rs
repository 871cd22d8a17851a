//! E-mail through Mailgun (the whole message, `messages.mime`).
//!
//! Mailgun signs for its domain itself, so its key has to be in the DNS. Its own tracking is switched off for each
//! message, because links lead through this server already. Its webhooks are signed with the account's webhook
//! signing key, which is another one than the API's.

mod client;
mod config;
mod events;
mod wire;

pub use client::MailgunChannel;
pub use config::MailgunConfig;

pub const KIND: &str = "mailgun";
/// The variable that holds our key of a message; it comes back with each event.
const KEY_VARIABLE: &str = "quaylai_key";
