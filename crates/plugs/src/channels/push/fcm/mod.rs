//! Firebase Cloud Messaging, HTTP v1: the way to the shop's own app on Android and iOS.
//!
//! The service account signs for an access token, which is kept in memory until a minute before its end.

mod account;
mod client;
mod wire;

pub(super) use account::ServiceAccount;
pub(super) use client::Fcm;
