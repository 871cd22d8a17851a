//! Notifications in browsers and in the shop's own app.
//!
//! One channel holds both ways, since a shop says "push" and means whichever the person has: the form of
//! `Delivery.to` chooses. A browser is the JSON of its `PushSubscription`
//! (`{"endpoint": .., "keys": {"p256dh": .., "auth": ..}}`) and is reached by [`web`]; an app is `fcm:<token>` and is
//! reached by [`fcm`].

mod client;
mod config;
mod device;
mod fcm;
mod jwt;
mod web;

pub use client::PushChannel;
pub use config::{FcmConfig, PushConfig, WebPushConfig};
pub use device::{Device, Subscription};

pub const KIND: &str = "push";
