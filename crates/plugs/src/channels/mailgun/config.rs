use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use super::events;
use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Callback, CallbackRefusal, Channel, Received, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailgunConfig {
    /// The sending domain as set up at Mailgun.
    pub domain: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// The key that signs what Mailgun calls back with. Without it events are not believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_signing_key: Option<Secret>,
    /// Messages a second.
    #[serde(default = "MailgunConfig::per_second")]
    pub per_second: u32,
    /// `https://api.eu.mailgun.net` for domains in the EU.
    #[serde(default = "MailgunConfig::base_url")]
    pub base_url: String,
    /// Until the answer, in milliseconds.
    #[serde(default = "MailgunConfig::timeout_ms")]
    pub timeout_ms: u64,
}

impl MailgunConfig {
    fn per_second() -> u32 {
        20
    }

    fn base_url() -> String {
        "https://api.mailgun.net".to_owned()
    }

    fn timeout_ms() -> u64 {
        20_000
    }

    pub(super) fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }
}

impl Provider for MailgunConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Email];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if !self.domain.contains('.') || self.domain.len() > 253 || !self.domain.bytes().all(plain) {
            problem("domain", "the sending domain as set up at Mailgun");
        }
        match &self.api_key {
            None => {
                problem("api_key", "needed; it is asked for again when the domain or the address changes")
            }
            Some(key) if key.is_mask() => problem("api_key", "still masked: enter it"),
            Some(_) => {}
        }
        if self.webhook_signing_key.as_ref().is_some_and(Secret::is_mask) {
            problem("webhook_signing_key", "still masked: enter it");
        }
        if !(1..=1_000).contains(&self.per_second) {
            problem("per_second", "between 1 and 1000");
        }
        if crate::http::base_of(&self.base_url).is_none() {
            problem("base_url", "an address that starts with https:// or http://, without a path");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        problems
    }

    fn redacted(&self) -> MailgunConfig {
        let mask = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        MailgunConfig {
            api_key: mask(&self.api_key),
            webhook_signing_key: mask(&self.webhook_signing_key),
            ..self.clone()
        }
    }

    fn merged(mut self, stored: &MailgunConfig) -> MailgunConfig {
        let same = self.domain == stored.domain && self.base() == stored.base();
        self.api_key = secret::merged(self.api_key, stored.api_key.as_ref().filter(|_| same));
        // It is never sent, only used.
        self.webhook_signing_key =
            secret::merged(self.webhook_signing_key, stored.webhook_signing_key.as_ref());
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::MailgunChannel::new(self, &surroundings.egress)?))
    }

    fn receive(&self, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
        events::received(self.webhook_signing_key.as_ref(), callback)
    }
}
