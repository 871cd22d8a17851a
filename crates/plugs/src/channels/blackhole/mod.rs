//! Accepts everything and keeps nothing: benchmarks, dry runs.

use std::future::ready;

use serde::{Deserialize, Serialize};

use crate::channels::Problem;
use crate::{BoxFuture, Channel, Delivery, Outcome};

pub const KIND: &str = "blackhole";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlackholeConfig {}

impl BlackholeConfig {
    pub fn validate(&self) -> Vec<Problem> {
        Vec::new()
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
