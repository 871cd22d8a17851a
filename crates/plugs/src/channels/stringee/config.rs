use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Channel, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StringeeConfig {
    /// The API key's SID: `SK...`.
    pub key_sid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_secret: Option<Secret>,
    /// The brandname that customers see.
    pub brandname: String,
    /// Another one that is registered for advertisements; without it none are sent.
    #[serde(default)]
    pub advertising_brandname: String,
    #[serde(default = "StringeeConfig::base_url")]
    pub base_url: String,
    /// Until the answer, in milliseconds.
    #[serde(default = "StringeeConfig::timeout_ms")]
    pub timeout_ms: u64,
}

impl StringeeConfig {
    fn base_url() -> String {
        "https://api.stringee.com".to_owned()
    }

    fn timeout_ms() -> u64 {
        20_000
    }

    pub(super) fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }
}

impl Provider for StringeeConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Sms];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if !(1..=100).contains(&self.key_sid.len()) || !self.key_sid.bytes().all(plain) {
            problem("key_sid", "the SID of the API key, such as SK...");
        }
        match &self.key_secret {
            None => {
                problem("key_secret", "needed; it is asked for again when the key or the address changes")
            }
            Some(secret) if secret.is_mask() => problem("key_secret", "still masked: enter it"),
            Some(_) => {}
        }
        if self.brandname.trim().is_empty() || self.brandname.len() > 50 {
            problem("brandname", "the sender's name as registered through Stringee");
        }
        if self.advertising_brandname.len() > 50 {
            problem("advertising_brandname", "the name registered for advertisements, or nothing");
        }
        if crate::http::base_of(&self.base_url).is_none() {
            problem("base_url", "an address that starts with https:// or http://, without a path");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        problems
    }

    fn redacted(&self) -> StringeeConfig {
        StringeeConfig { key_secret: self.key_secret.as_ref().map(|_| Secret::new(MASK)), ..self.clone() }
    }

    fn merged(mut self, stored: &StringeeConfig) -> StringeeConfig {
        let stays = self.base() == stored.base() && self.key_sid == stored.key_sid;
        self.key_secret = secret::merged(self.key_secret, stored.key_secret.as_ref().filter(|_| stays));
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::StringeeChannel::new(self, &surroundings.egress)?))
    }
}
