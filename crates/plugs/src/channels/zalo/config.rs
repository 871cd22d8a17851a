use std::sync::Arc;

use domain::consent::Channel as Way;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::{ZaloChannel, receive};
use crate::callback::{Callback, CallbackRefusal, Received};
use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Channel, Secret};

pub const OAUTH: &str = "https://oauth.zaloapp.com";
pub const BUSINESS: &str = "https://business.openapi.zalo.me";
pub const OPENAPI: &str = "https://openapi.zalo.me";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZaloConfig {
    /// The number of the shop's app at developers.zalo.me.
    pub app_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_secret: Option<Secret>,
    /// The Official Account's number. Empty: the one that authorises the app.
    pub oa_id: String,
    /// The key by which Zalo signs what it calls back with; without it no callback is believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oa_secret_key: Option<Secret>,
    pub oauth_base_url: String,
    /// Of messages by template.
    pub business_base_url: String,
    /// Of the account's own messages.
    pub openapi_base_url: String,
    /// Messages by template reach only the people who administer the account or the app.
    pub development: bool,
    /// Templates that go out beyond the quota of the day. Zalo allows it to few accounts, and for tags of promotion.
    pub over_quota_templates: Vec<String>,
    /// The `template_type` of messages about an order or an account that are more than words.
    pub transaction_type: String,
    /// Until an answer begins, in milliseconds.
    pub timeout_ms: u64,
    /// Calls in a second.
    pub rate_per_second: u32,
    /// Calls at once.
    pub concurrency: usize,
}

impl Default for ZaloConfig {
    fn default() -> Self {
        ZaloConfig {
            app_id: String::new(),
            app_secret: None,
            oa_id: String::new(),
            oa_secret_key: None,
            oauth_base_url: OAUTH.to_owned(),
            business_base_url: BUSINESS.to_owned(),
            openapi_base_url: OPENAPI.to_owned(),
            development: false,
            over_quota_templates: Vec::new(),
            transaction_type: "transaction_order".to_owned(),
            timeout_ms: 20_000,
            rate_per_second: 20,
            concurrency: 8,
        }
    }
}

impl ZaloConfig {
    pub(super) fn secret(&self) -> &str {
        self.app_secret.as_ref().map_or("", Secret::expose)
    }

    /// Whom tokens are for: the app, and the servers that may see them.
    pub(super) fn place(&self) -> String {
        let [(_, oauth), (_, business), (_, openapi)] = self.bases();
        format!("{} {oauth} {business} {openapi}", self.app_id)
    }

    fn bases(&self) -> [(&'static str, &str); 3] {
        [
            ("oauth_base_url", &self.oauth_base_url),
            ("business_base_url", &self.business_base_url),
            ("openapi_base_url", &self.openapi_base_url),
        ]
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Provider for ZaloConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Zalo];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        if !is_number(&self.app_id) {
            problem("app_id", "the number of your app, from its settings at developers.zalo.me");
        }
        match &self.app_secret {
            None => problem(
                "app_secret",
                "the app's secret key, from developers.zalo.me; it is asked for again when the app or an address changes",
            ),
            Some(secret) if secret.is_mask() => problem("app_secret", "still masked: enter it"),
            Some(_) => {}
        }
        if !self.oa_id.is_empty() && !is_number(&self.oa_id) {
            problem("oa_id", "the number of your Official Account, or nothing");
        }
        if self.oa_secret_key.as_ref().is_some_and(Secret::is_mask) {
            problem("oa_secret_key", "still masked: enter it");
        }
        for (field, base) in self.bases() {
            let good = Url::parse(base).is_ok_and(|url| {
                matches!(url.scheme(), "https" | "http") && url.has_host() && url.query().is_none()
            });
            if !good {
                problem(field, "an address that begins with https://");
            }
        }
        if self.transaction_type.is_empty() {
            problem("transaction_type", "a type of Zalo's, such as transaction_order");
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        if !(1..=1_000).contains(&self.rate_per_second) {
            problem("rate_per_second", "between 1 and 1000");
        }
        if !(1..=64).contains(&self.concurrency) {
            problem("concurrency", "between 1 and 64");
        }
        problems
    }

    fn redacted(&self) -> ZaloConfig {
        let masked = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        ZaloConfig {
            app_secret: masked(&self.app_secret),
            oa_secret_key: masked(&self.oa_secret_key),
            ..self.clone()
        }
    }

    fn merged(mut self, stored: &ZaloConfig) -> ZaloConfig {
        let same = self.app_id == stored.app_id && self.bases() == stored.bases();
        self.app_secret = secret::merged(self.app_secret, stored.app_secret.as_ref().filter(|_| same));
        // It goes nowhere: it is only compared with.
        let same = self.app_id == stored.app_id && self.oa_id == stored.oa_id;
        self.oa_secret_key =
            secret::merged(self.oa_secret_key, stored.oa_secret_key.as_ref().filter(|_| same));
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(ZaloChannel::new(self, surroundings)?))
    }

    fn receive(&self, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
        receive::receive(self, callback)
    }
}
