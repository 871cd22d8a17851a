//! E-mail through Amazon SES (the API of version 2, `SendEmail` with the whole message).
//!
//! SES signs for the domain itself (Easy DKIM) and writes its own `Message-ID` and `Date`, so a signature of ours
//! would not survive: the sending domain's key at SES has to be in the DNS. Events come through SNS, either as those
//! of a configuration set or as the notifications of an identity; both forms are read. Tags of a message come back
//! with the events of a configuration set, so each message carries our key as the tag `quaylai`.
//!
//! `sign` makes the signature of requests and is held against the vectors that AWS publishes; `sns` checks the
//! signature of what SNS posts. The envelope of SNS is written down here from its documentation, not from a live
//! account.

mod client;
mod config;
mod sign;
mod sns;
mod wire;

pub use client::SesChannel;
pub use config::SesConfig;

pub const KIND: &str = "ses";
/// The tag that holds our key of a message.
const KEY_TAG: &str = "quaylai";
