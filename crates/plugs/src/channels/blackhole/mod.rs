//! Accepts everything and keeps nothing: benchmarks, dry runs.

use std::future::ready;
use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::channels::{Problem, Provider, Surroundings};
use crate::{BoxFuture, Channel, Delivery, Outcome};

pub const KIND: &str = "blackhole";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlackholeConfig {}

impl Provider for BlackholeConfig {
    const KIND: &'static str = KIND;
    const CARRIES: &'static [Way] = Way::ALL;

    fn validate(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn redacted(&self) -> BlackholeConfig {
        self.clone()
    }

    fn merged(self, _stored: &BlackholeConfig) -> BlackholeConfig {
        self
    }

    fn build(&self, _surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(BlackholeChannel::new(self)))
    }
}

pub struct BlackholeChannel;

impl BlackholeChannel {
    pub fn new(_config: &BlackholeConfig) -> BlackholeChannel {
        BlackholeChannel
    }
}

impl Channel for BlackholeChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, _delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(ready(Outcome::Accepted { provider_id: None, detail: "discarded".to_owned() }))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(ready(Ok("every message is discarded".to_owned())))
    }
}
