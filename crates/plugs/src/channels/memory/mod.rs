//! Keeps what it is given in memory: tests and the demo.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::channels::{Problem, Provider, Surroundings};
use crate::{BoxFuture, Channel, Delivery, Outcome};

pub const KIND: &str = "memory";

/// Every attempt in the order of arrival, a repeated key twice: whoever looks for duplicates has to see them.
pub type Outbox = Arc<Mutex<Vec<Delivery>>>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// The newest deliveries that are kept.
    pub kept_max: usize,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        MemoryConfig { kept_max: 10_000 }
    }
}

impl Provider for MemoryConfig {
    const KIND: &'static str = KIND;
    const CARRIES: &'static [Way] = Way::ALL;

    fn validate(&self) -> Vec<Problem> {
        match self.kept_max {
            1..=1_000_000 => Vec::new(),
            _ => vec![Problem::new("kept_max", "between 1 and 1000000")],
        }
    }

    fn redacted(&self) -> MemoryConfig {
        self.clone()
    }

    fn merged(self, _stored: &MemoryConfig) -> MemoryConfig {
        self
    }

    fn build(&self, _surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(MemoryChannel::new(self, Outbox::default())))
    }
}

pub struct MemoryChannel {
    outbox: Outbox,
    kept_max: usize,
}

impl MemoryChannel {
    /// Writes into `outbox`, which the caller keeps a handle of.
    pub fn new(config: &MemoryConfig, outbox: Outbox) -> MemoryChannel {
        MemoryChannel { outbox, kept_max: config.kept_max.max(1) }
    }
}

impl Channel for MemoryChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        // Half goes at once: dropping the first of a full Vec on every push would move the rest every time.
        if outbox.len() >= self.kept_max.saturating_mul(2) {
            let surplus = outbox.len() + 1 - self.kept_max;
            outbox.drain(..surplus);
        }
        outbox.push(delivery.clone());
        Box::pin(ready(Outcome::Accepted {
            provider_id: Some(delivery.key.clone()),
            detail: "kept in memory".to_owned(),
        }))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(ready(Ok("messages are kept in memory until the server stops".to_owned())))
    }
}
