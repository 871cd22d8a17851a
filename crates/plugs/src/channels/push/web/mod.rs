//! Web push: a message to the push service that the browser named (RFC 8030), sealed so that only the browser reads
//! it (RFC 8291), with a token by which the service knows the shop (VAPID, RFC 8292).

mod client;
mod seal;
mod vapid;
mod wire;

pub(super) use client::WebPush;
pub(super) use vapid::VapidKey;
pub(super) use wire::{TTL_S, is_servable};
