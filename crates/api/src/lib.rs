//! The HTTP surface: tracking as the Segment SDKs speak it (`/v1`), the API of a workspace (`/api/v1`), public links
//! (`/e`), health and metrics.
//!
//! It must never call a provider, write a profile beside the inbox, or show anybody what a log, an internal error or
//! another workspace holds. What concerns people goes in through the door and is answered when the engine has taken
//! it; configuration is written as changesets. Start with [`Services`] and [`router`].

mod pages;

use domain::consent::Channel;
use engine::{Composer, Door, TokenKey};
use kit::Clock;
use serde_json::Value;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use store::Store;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A field of a document that cannot be used, and what it should be.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct FieldProblem {
    pub field: String,
    pub message: String,
}

/// What the API needs of channels without knowing any provider.
pub trait ChannelDesk: Send + Sync {
    /// Checks what a shop told of a channel, takes secrets that were left out from what is stored, and seals it.
    fn prepare(
        &self,
        channel: Channel,
        told: &Value,
        stored: Option<&[u8]>,
    ) -> Result<Vec<u8>, Vec<FieldProblem>>;

    /// The set-up of a channel without its secrets.
    fn shown(&self, sealed: &[u8]) -> Result<Value, String>;

    /// Tries whether the provider answers and takes the credentials, without sending anything.
    fn check<'a>(&'a self, channel: Channel, sealed: &'a [u8]) -> BoxFuture<'a, Result<String, String>>;
}

/// What is running.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    pub version: String,
    pub commit: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Where browsers and mail programs reach this server, without a slash at its end.
    pub public_url: String,
    /// The demo shop: its sign-in is shown, its outbox is open.
    pub is_demo: bool,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Session cookies travel over TLS only.
    pub secure_cookies: bool,
}

/// An address or a block of addresses: `10.0.0.0/8`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    address: std::net::IpAddr,
    prefix: u8,
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: std::net::IpAddr = address.parse().map_err(|_| format!("{text:?} is no IP address"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => match prefix.parse::<u8>() {
                Ok(prefix) if prefix <= longest => prefix,
                _ => return Err(format!("{text:?}: the prefix is from 0 to {longest}")),
            },
        };
        Ok(Network { address, prefix })
    }
}

/// What the engine and the sender report of themselves, and what the API counts.
#[derive(Debug, Default)]
pub struct Metrics {}

impl Metrics {
    pub fn ticked(&self, _tick: &engine::Tick) {}

    pub fn settled(&self, _report: &engine::SettleReport) {}
}

/// What one process remembers between requests: keys seen lately, counters of limits.
#[derive(Debug, Default)]
pub struct Memory {}

/// All that handlers work with. The server must be started with
/// `into_make_service_with_connect_info::<SocketAddr>()`, so that the address of a client is known.
pub struct Services {
    pub store: Arc<Store>,
    pub door: Arc<Door>,
    pub clock: Arc<dyn Clock>,
    pub token_key: TokenKey,
    /// The number of the last inbox row that the engine has processed. When its sender is dropped, the engine has
    /// ended and this process is no longer ready.
    pub processed: tokio::sync::watch::Receiver<i64>,
    pub desk: Arc<dyn ChannelDesk>,
    /// Fills the slice from the operating system's source of chance.
    pub fill_random: fn(&mut [u8]),
    pub build: Build,
    pub config: Config,
    /// Makes previews.
    pub composer: Mutex<Composer>,
    pub metrics: Metrics,
    pub memory: Memory,
}

/// Everything that the server answers.
pub fn router(services: Arc<Services>) -> axum::Router {
    axum::Router::new().merge(pages::router()).with_state(services)
}

/// A key as it is shown once, and what is stored of it.
pub struct NewKey {
    /// `qw_...` or `qs_...`.
    pub key: String,
    /// SHA-256.
    pub hash: Vec<u8>,
    /// The first and last characters, to recognise it by.
    pub hint: String,
}

/// Makes a key of the kind `write` or `secret`.
pub fn new_key(_kind: KeyKind, _fill_random: fn(&mut [u8])) -> NewKey {
    NewKey { key: String::new(), hash: Vec::new(), hint: String::new() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Write,
    Secret,
}

/// The Argon2id hash of a password, to be stored. Takes tens of milliseconds and 19 MiB.
pub fn hash_password(_password: &str, _fill_random: fn(&mut [u8])) -> Result<String, String> {
    Err(String::new())
}
