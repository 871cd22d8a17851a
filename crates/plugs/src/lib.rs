//! The ways in and out: channels that carry messages, and the guard on every outgoing connection.
//!
//! A channel makes one attempt at one message and tells what became of it; it must never retry what may have been
//! accepted, keep a queue, read a clock for anything that reaches a message, or let an address, a name or a secret
//! into a log. One folder a provider under [`channels`]: `config` (settings), `wire` (pure encoding and decoding),
//! `client` (input and output). Start with [`Channel`], then [`Outcome`], then [`channels::build`].

mod callback;
mod channel;
pub mod channels;
mod detail;
pub mod dns;
mod download;
mod egress;
pub mod email;
pub mod hook;
mod http;
mod secret;
mod sms;
mod tls;
mod vault;

pub use callback::{Callback, CallbackRefusal, Received};
pub use channel::{
    About, Asked, Batch, BoxFuture, Channel, Content, Delivery, EmailContent, MessageClass, Outcome, Paid,
    PushContent, Rate, Receipt, RejectClass, RetryClass, RichContent, Sender, TemplateContent, TextContent,
    Told, Urgency, WebhookContent,
};
pub use channels::{ChannelConfig, Problem, Provider, Surroundings, build};
pub use download::download;
pub use egress::{Allowed, Egress, EgressError};
pub use http::fetch;
pub use secret::Secret;
pub use vault::{Held, Vault};
