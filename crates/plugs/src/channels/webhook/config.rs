use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Channel, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// The key of the signature; without it requests are not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// For the connection, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Until the answer begins, and again for its body, in milliseconds.
    pub timeout_ms: u64,
    /// Requests at once.
    pub concurrency: usize,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        WebhookConfig { secret: None, connect_timeout_ms: 5_000, timeout_ms: 15_000, concurrency: 16 }
    }
}

impl Provider for WebhookConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Webhook];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        match &self.secret {
            Some(secret) if secret.is_mask() => problem("secret", "still masked: enter it"),
            Some(secret) if secret.expose().len() < 16 => problem("secret", "at least 16 characters"),
            _ => {}
        }
        for (field, value) in
            [("connect_timeout_ms", self.connect_timeout_ms), ("timeout_ms", self.timeout_ms)]
        {
            if !(1..=120_000).contains(&value) {
                problem(field, "between 1 and 120000");
            }
        }
        if !(1..=256).contains(&self.concurrency) {
            problem("concurrency", "between 1 and 256");
        }
        problems
    }

    fn redacted(&self) -> WebhookConfig {
        WebhookConfig { secret: self.secret.as_ref().map(|_| Secret::new(MASK)), ..self.clone() }
    }

    fn merged(mut self, stored: &WebhookConfig) -> WebhookConfig {
        // The secret is never sent, only used: it can stay whatever else changes.
        self.secret = secret::merged(self.secret, stored.secret.as_ref());
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::WebhookChannel::new(self, &surroundings.egress)?))
    }
}
