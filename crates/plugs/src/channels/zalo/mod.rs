//! An Official Account of Zalo: messages by approved templates (ZBS, once ZNS) to phone numbers and user ids, and the
//! account's own messages to people who follow it or wrote to it.
//!
//! Zalo answers nearly everything with HTTP 200 and a number in `error`; the number is the answer. Nothing is promised
//! to be recognised when it is sent twice, so what may have been accepted is unknown and is never sent again; the
//! report of its delivery may still arrive, with our own key in `tracking_id`.
//!
//! Access tokens live for a day and are renewed with refresh tokens that can be used once: see [`grant`]. Whoever
//! renews writes down first that it does, and is a process that outlives a server which dies.
//!
//! The vendor's documents could not be read when this was written; names of fields come from programs that use them.
//! Not confirmed are: the meaning of error numbers below -112 but -114, -115, -118, -124, -220, -1121, -1122 and
//! -1472; the hours of the night for templates; the shape of `transaction` messages; that 20 calls a second are
//! allowed; and when a quota of the day begins anew.

mod client;
mod config;
mod grant;
mod oauth;
mod receive;
mod wire;

pub use client::{Quota, ZaloChannel};
pub use config::ZaloConfig;
pub use grant::{Grant, Renewed, Standing};
pub use oauth::challenge;
pub use receive::signature;
pub use wire::{Template, TemplateParameter};

pub const KIND: &str = "zalo";
