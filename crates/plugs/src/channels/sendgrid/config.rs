use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use super::events;
use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Callback, CallbackRefusal, Channel, Received, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendgridConfig {
    /// With the right `mail.send`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// The verification key of the signed event webhook, as SendGrid shows it. Without it events are not believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_public_key: Option<String>,
    /// Messages a second.
    #[serde(default = "SendgridConfig::per_second")]
    pub per_second: u32,
    /// `https://api.eu.sendgrid.com` for accounts in the EU.
    #[serde(default = "SendgridConfig::base_url")]
    pub base_url: String,
    /// Until the answer, in milliseconds.
    #[serde(default = "SendgridConfig::timeout_ms")]
    pub timeout_ms: u64,
}

impl SendgridConfig {
    fn per_second() -> u32 {
        50
    }

    fn base_url() -> String {
        "https://api.sendgrid.com".to_owned()
    }

    fn timeout_ms() -> u64 {
        20_000
    }

    pub(super) fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }
}

impl Provider for SendgridConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Email];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        match &self.api_key {
            None => problem("api_key", "needed; it is asked for again when the address changes"),
            Some(key) if key.is_mask() => problem("api_key", "still masked: enter it"),
            Some(_) => {}
        }
        if self.webhook_public_key.as_deref().is_some_and(|key| events::point_of(key).is_none()) {
            problem("webhook_public_key", "the verification key as SendGrid shows it, in one line");
        }
        if !(1..=10_000).contains(&self.per_second) {
            problem("per_second", "between 1 and 10000");
        }
        if crate::http::base_of(&self.base_url).is_none() {
            problem("base_url", "an address that starts with https:// or http://, without a path");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        problems
    }

    fn redacted(&self) -> SendgridConfig {
        SendgridConfig { api_key: self.api_key.as_ref().map(|_| Secret::new(MASK)), ..self.clone() }
    }

    fn merged(mut self, stored: &SendgridConfig) -> SendgridConfig {
        let kept = stored.api_key.as_ref().filter(|_| self.base() == stored.base());
        self.api_key = secret::merged(self.api_key, kept);
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::SendgridChannel::new(self, &surroundings.egress)?))
    }

    fn receive(&self, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
        events::received(self.webhook_public_key.as_deref(), callback)
    }
}
