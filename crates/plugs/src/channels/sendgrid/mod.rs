//! E-mail through SendGrid (the API of version 3).
//!
//! SendGrid composes the message from its parts, signs it for the domain that was authenticated there, and tells
//! events to the shop's address of callbacks: "Event Webhook", with "Signed Event Webhook" switched on. Its own open
//! and click tracking is switched off for each message, because links lead through this server already.

mod client;
mod config;
mod events;
mod wire;

pub use client::SendgridChannel;
pub use config::SendgridConfig;

pub const KIND: &str = "sendgrid";
/// The custom argument that holds our key of a message; it comes back with each event.
const KEY_ARGUMENT: &str = "quaylai_key";
