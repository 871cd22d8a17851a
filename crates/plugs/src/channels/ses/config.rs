use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use super::sns;
use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Callback, CallbackRefusal, Channel, Received, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SesConfig {
    /// Such as `ap-southeast-1`.
    pub region: String,
    pub access_key_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<Secret>,
    /// Of temporary credentials; it ends with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Secret>,
    /// The one whose event destination is the SNS topic; without it only the identity's notifications come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_set: Option<String>,
    /// The SNS topic whose messages are believed; without it every topic that knows the secret address is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_arn: Option<String>,
    /// Messages a second, as the account's sending quota allows.
    #[serde(default = "SesConfig::per_second")]
    pub per_second: u32,
    /// Where the API is; the region's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Until the answer, in milliseconds.
    #[serde(default = "SesConfig::timeout_ms")]
    pub timeout_ms: u64,
}

impl SesConfig {
    fn per_second() -> u32 {
        10
    }

    fn timeout_ms() -> u64 {
        20_000
    }

    pub(super) fn base(&self) -> String {
        match &self.base_url {
            Some(base) => base.trim_end_matches('/').to_owned(),
            None => format!("https://email.{}.amazonaws.com", self.region),
        }
    }
}

impl Provider for SesConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Email];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        let word =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !word(&self.region) || self.region.len() > 40 {
            problem("region", "the region in which SES is set up, such as ap-southeast-1");
        }
        if !word(&self.access_key_id) || self.access_key_id.len() > 128 {
            problem("access_key_id", "the id of an access key that may send with SES");
        }
        match &self.secret_access_key {
            None => problem(
                "secret_access_key",
                "needed; it is asked for again when the region, the key's id or the address changes",
            ),
            Some(key) if key.is_mask() => problem("secret_access_key", "still masked: enter it"),
            Some(_) => {}
        }
        if self.session_token.as_ref().is_some_and(Secret::is_mask) {
            problem("session_token", "still masked: enter it");
        }
        let name = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if self
            .configuration_set
            .as_ref()
            .is_some_and(|set| !(1..=64).contains(&set.len()) || !set.bytes().all(name))
        {
            problem("configuration_set", "the name of a configuration set: letters, digits, - and _");
        }
        if self.topic_arn.as_ref().is_some_and(|arn| !arn.starts_with("arn:aws") || !arn.contains(":sns:")) {
            problem("topic_arn", "as SNS shows it: arn:aws:sns:...");
        }
        if !(1..=1_000).contains(&self.per_second) {
            problem("per_second", "between 1 and 1000");
        }
        if let Some(base) = &self.base_url
            && crate::http::base_of(base).is_none()
        {
            problem("base_url", "an address that starts with https:// or http://, without a path");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        problems
    }

    fn redacted(&self) -> SesConfig {
        let mask = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        SesConfig {
            secret_access_key: mask(&self.secret_access_key),
            session_token: mask(&self.session_token),
            ..self.clone()
        }
    }

    fn merged(mut self, stored: &SesConfig) -> SesConfig {
        let same = self.access_key_id == stored.access_key_id && self.base() == stored.base();
        let kept = |secret: &Option<Secret>| secret.clone().filter(|_| same);
        self.secret_access_key =
            secret::merged(self.secret_access_key, kept(&stored.secret_access_key).as_ref());
        self.session_token = secret::merged(self.session_token, kept(&stored.session_token).as_ref());
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::SesChannel::new(self, &surroundings.egress)?))
    }

    fn receive(&self, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
        sns::received(self.topic_arn.as_deref(), callback, None)
    }

    fn receive_with(&self, callback: &Callback<'_>, document: &str) -> Result<Received, CallbackRefusal> {
        sns::received(self.topic_arn.as_deref(), callback, Some(document))
    }
}
