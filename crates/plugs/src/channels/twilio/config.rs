use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use super::receive;
use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Callback, CallbackRefusal, Channel, Received, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwilioConfig {
    /// `AC...`.
    pub account_sid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_token: Option<Secret>,
    /// A number of the account (`+1...`), a short code or a sender's name; empty with a messaging service.
    #[serde(default)]
    pub from: String,
    /// `MG...`; empty with `from`.
    #[serde(default)]
    pub messaging_service_sid: String,
    /// The shared key that signs callbacks, where the account has one; otherwise the auth token signs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_key: Option<Secret>,
    #[serde(default = "TwilioConfig::base_url")]
    pub base_url: String,
    /// Until the answer, in milliseconds.
    #[serde(default = "TwilioConfig::timeout_ms")]
    pub timeout_ms: u64,
}

impl TwilioConfig {
    fn base_url() -> String {
        "https://api.twilio.com".to_owned()
    }

    fn timeout_ms() -> u64 {
        20_000
    }

    pub(super) fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }
}

impl Provider for TwilioConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Sms];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        let is_sid = |text: &str, start: &str| {
            text.starts_with(start) && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if !is_sid(&self.account_sid, "AC") {
            problem("account_sid", "the account's SID, which begins with AC");
        }
        match &self.auth_token {
            None => {
                problem("auth_token", "needed; it is asked for again when the account or the address changes")
            }
            Some(token) if token.is_mask() => problem("auth_token", "still masked: enter it"),
            Some(_) => {}
        }
        match (self.from.trim().is_empty(), self.messaging_service_sid.is_empty()) {
            (true, true) => {
                problem("from", "a number, a short code or a sender's name; or else a messaging service")
            }
            (false, false) => problem("from", "either this or a messaging service, not both"),
            (true, false) if !is_sid(&self.messaging_service_sid, "MG") => {
                problem("messaging_service_sid", "the service's SID, which begins with MG");
            }
            _ => {}
        }
        if self.from.len() > 50 || self.from.contains(char::is_control) {
            problem("from", "a number such as +12025550100, a short code or a sender's name");
        }
        if self.webhook_key.as_ref().is_some_and(Secret::is_mask) {
            problem("webhook_key", "still masked: enter it");
        }
        if crate::http::base_of(&self.base_url).is_none() {
            problem("base_url", "an address that starts with https:// or http://, without a path");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        problems
    }

    fn redacted(&self) -> TwilioConfig {
        let mask = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        TwilioConfig {
            auth_token: mask(&self.auth_token),
            webhook_key: mask(&self.webhook_key),
            ..self.clone()
        }
    }

    fn merged(mut self, stored: &TwilioConfig) -> TwilioConfig {
        let is_account = self.account_sid == stored.account_sid;
        let stays = is_account && self.base() == stored.base();
        self.auth_token = secret::merged(self.auth_token, stored.auth_token.as_ref().filter(|_| stays));
        // It is never sent, only used.
        self.webhook_key =
            secret::merged(self.webhook_key, stored.webhook_key.as_ref().filter(|_| is_account));
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::TwilioChannel::new(self, surroundings)?))
    }

    fn receive(&self, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
        receive::received(self.auth_token.as_ref(), self.webhook_key.as_ref(), callback)
    }
}
