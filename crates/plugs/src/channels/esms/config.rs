use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use super::wire;
use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Callback, CallbackRefusal, Channel, Received, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EsmsConfig {
    /// From the account's page at eSMS, with `secret_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<Secret>,
    /// The sender's name that people see, as registered with the networks through eSMS.
    pub brandname: String,
    /// Another one for advertisements, where the shop has registered two; the same when empty.
    #[serde(default)]
    pub advertising_brandname: String,
    /// eSMS takes messages, sends nothing and bills nothing.
    #[serde(default)]
    pub sandbox: bool,
    #[serde(default = "EsmsConfig::base_url")]
    pub base_url: String,
    /// Until the answer, in milliseconds.
    #[serde(default = "EsmsConfig::timeout_ms")]
    pub timeout_ms: u64,
}

impl EsmsConfig {
    fn base_url() -> String {
        "https://rest.esms.vn".to_owned()
    }

    fn timeout_ms() -> u64 {
        20_000
    }

    pub(super) fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }

    pub(super) fn brand(&self, is_advertising: bool) -> &str {
        if is_advertising && !self.advertising_brandname.is_empty() {
            &self.advertising_brandname
        } else {
            &self.brandname
        }
    }
}

impl Provider for EsmsConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Sms];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        for (field, key) in [("api_key", &self.api_key), ("secret_key", &self.secret_key)] {
            match key {
                None => problem(
                    field,
                    "needed: it is on the account's page at eSMS; after a change of the other key or of the address it is asked for again",
                ),
                Some(key) if key.is_mask() => problem(field, "still masked: enter it"),
                Some(_) => {}
            }
        }
        if self.brandname.trim().is_empty() || self.brandname.len() > 50 {
            problem("brandname", "the sender's name as registered through eSMS");
        }
        if self.advertising_brandname.len() > 50 {
            problem("advertising_brandname", "the sender's name as registered through eSMS, or nothing");
        }
        if crate::http::base_of(&self.base_url).is_none() {
            problem("base_url", "an address that starts with https:// or http://, without a path");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        problems
    }

    fn redacted(&self) -> EsmsConfig {
        let mask = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        EsmsConfig { api_key: mask(&self.api_key), secret_key: mask(&self.secret_key), ..self.clone() }
    }

    fn merged(mut self, stored: &EsmsConfig) -> EsmsConfig {
        let stays = self.base() == stored.base();
        self.api_key = secret::merged(self.api_key, stored.api_key.as_ref().filter(|_| stays));
        // Another key is another account.
        let stays = stays && self.api_key == stored.api_key;
        self.secret_key = secret::merged(self.secret_key, stored.secret_key.as_ref().filter(|_| stays));
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::EsmsChannel::new(self, surroundings)?))
    }

    fn receive(&self, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
        wire::received(callback)
    }
}
