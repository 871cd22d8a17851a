//! JSON to a URL of the shop's choice, signed.
//!
//! Every request carries `Idempotency-Key: <key>`, the same for every attempt at a message, and, when the channel
//! has a secret, `Quaylai-Signature: t=<ms>,v1=<hex>`: `t` is the instant of the attempt in milliseconds since 1970,
//! and `hex` the lower-case HMAC-SHA256, keyed with the secret's bytes, of `<ms>.<body>` with the body exactly as it
//! came. A receiver computes the same, compares in constant time, refuses a `t` more than five minutes away, and
//! answers 2xx also to a key that it has seen before. More `v1` values may follow one day; one that fits is enough.

mod client;
mod config;
mod wire;

pub use client::WebhookChannel;
pub use config::WebhookConfig;
pub use wire::signature;

pub const KIND: &str = "webhook";
