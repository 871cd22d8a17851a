//! Text messages through Twilio, or whoever speaks its API.
//!
//! Twilio does not know our key, so what may have been taken is not sent again. It calls back with what became of a
//! message (`StatusCallback`) and with what people answer, when the number's or the messaging service's webhook leads
//! to the same address. Callbacks are signed over the whole address and the form: with the auth token (HMAC-SHA1), or,
//! where the header `X-Twilio-Webhooks-Signature-Settings` says so, with a shared key of its own (HMAC-SHA256). The
//! address may have been signed with or without its port.

mod client;
mod config;
mod receive;
mod wire;

pub use client::TwilioChannel;
pub use config::TwilioConfig;
pub use receive::{Algorithm, signature};

pub const KIND: &str = "twilio";
