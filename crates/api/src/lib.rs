//! The HTTP surface: tracking as the Segment SDKs speak it (`/v1`), the API of a workspace (`/api/v1`), public links
//! (`/e`), health and metrics.
//!
//! It must never call a provider, write a profile beside the inbox, or show anybody what a log, an internal error or
//! another workspace holds. What concerns people goes in through the door and is answered when the engine has taken
//! it; configuration is written as changesets. Start with [`Services`] and [`router`].

mod address;
mod audit;
mod callbacks;
mod caller;
mod devices;
mod endpoints;
mod frame;
mod grids;
mod health;
mod heard;
mod idempotency;
mod keys;
mod listing;
mod memory;
mod metrics;
mod openapi;
mod pages;
mod password;
mod problem;
mod provider_accounts;
mod recommended;
mod scans;
mod second_factor;
mod services;
mod session;
mod staff_mail;
mod told;
mod tracking;
mod web_app;

pub use address::Network;
pub use endpoints::do_not_call::FILE_BYTES_MAX as REGISTER_BYTES_MAX;
pub use endpoints::domains::{DOMAIN_SEALED_ABOUT, signs_for};
pub use endpoints::hooks::hook_secrets;
pub use endpoints::register_source::{REGISTER_SEALED_ABOUT, RegisterSource};
pub use endpoints::retention::expire;
pub use keys::{KeyKind, NewKey, Scope, new_key};
pub use memory::Memory;
pub use metrics::Metrics;
pub use openapi::document;
pub use password::{PASSWORD_CHARS_MIN, hash_password};
pub use provider_accounts::{ProviderAccount, ProviderStanding, ProviderTemplate, ProviderTemplateParameter};
pub use services::{
    BoxFuture, Build, ChannelDesk, Config, DomainKey, FieldProblem, ProviderCall, ProviderFault,
    ProviderHeard, PushDevice, RecordKind, Services,
};

use axum::middleware::from_fn_with_state;
use std::sync::Arc;

/// Everything that the server answers.
pub fn router(services: Arc<Services>) -> axum::Router {
    let api = endpoints::router(&services);
    let everything = axum::Router::new()
        .merge(tracking::router())
        .merge(devices::router())
        .merge(recommended::router())
        .merge(health::router())
        .merge(callbacks::router())
        .merge(endpoints::zalo::public())
        .merge(endpoints::media::public())
        .merge(web_app::router())
        .merge(pages::router().layer(from_fn_with_state(Arc::clone(&services), session::keep)))
        .nest("/api/v1", api.layer(from_fn_with_state(Arc::clone(&services), session::keep)));
    frame::around(everything, &services).with_state(services)
}
