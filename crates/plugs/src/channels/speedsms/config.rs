use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Channel, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeedsmsConfig {
    /// The API access token, from the account's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// The brandname, or the device of type 5; empty for a number of theirs.
    #[serde(default)]
    pub sender: String,
    /// `sms_type` of what customers are told about their orders: 2 a number of theirs, 3 a brandname of the shop, 4 a
    /// brandname of SpeedSMS, 5 a phone of the shop.
    #[serde(default = "SpeedsmsConfig::care_type")]
    pub care_type: u8,
    /// `sms_type` of advertisements, as agreed with SpeedSMS; without it none are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advertising_type: Option<u8>,
    #[serde(default = "SpeedsmsConfig::base_url")]
    pub base_url: String,
    /// Until the answer, in milliseconds.
    #[serde(default = "SpeedsmsConfig::timeout_ms")]
    pub timeout_ms: u64,
}

impl SpeedsmsConfig {
    fn care_type() -> u8 {
        3
    }

    fn base_url() -> String {
        "https://api.speedsms.vn".to_owned()
    }

    fn timeout_ms() -> u64 {
        20_000
    }

    pub(super) fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }
}

impl Provider for SpeedsmsConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Sms];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        match &self.token {
            None => problem(
                "token",
                "needed: it is in the account's settings at SpeedSMS; after a change of the address it is asked for again",
            ),
            Some(token) if token.is_mask() => problem("token", "still masked: enter it"),
            Some(_) => {}
        }
        if !(2..=5).contains(&self.care_type) {
            problem("care_type", "2, 3, 4 or 5");
        }
        if !(1..=9).contains(&self.advertising_type.unwrap_or(1)) {
            problem("advertising_type", "the number that SpeedSMS gave for advertising, or nothing");
        }
        let needs_sender = self.care_type == 3 || self.care_type == 5;
        if (needs_sender && self.sender.trim().is_empty()) || self.sender.len() > 100 {
            problem("sender", "the brandname as registered through SpeedSMS, or the device of type 5");
        }
        if crate::http::base_of(&self.base_url).is_none() {
            problem("base_url", "an address that starts with https:// or http://, without a path");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        problems
    }

    fn redacted(&self) -> SpeedsmsConfig {
        SpeedsmsConfig { token: self.token.as_ref().map(|_| Secret::new(MASK)), ..self.clone() }
    }

    fn merged(mut self, stored: &SpeedsmsConfig) -> SpeedsmsConfig {
        let stays = self.base() == stored.base();
        self.token = secret::merged(self.token, stored.token.as_ref().filter(|_| stays));
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::SpeedsmsChannel::new(self, &surroundings.egress)?))
    }
}
