use std::sync::Arc;

use domain::consent::Channel as Way;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::fcm::ServiceAccount;
use super::web::VapidKey;
use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{Channel, Secret};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushConfig {
    /// Browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<WebPushConfig>,
    /// The shop's own app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fcm: Option<FcmConfig>,
    /// Until an answer has come, in milliseconds.
    pub timeout_ms: u64,
    /// Requests at once.
    pub concurrency: usize,
}

#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebPushConfig {
    /// Whom push services turn to when something is wrong: `mailto:..` or `https://..`.
    pub subject: String,
    /// The pair of VAPID in base64url. Where neither half is given the server makes a pair. Browsers subscribe for
    /// the public one: with another pair every subscription is worthless.
    pub public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key: Option<Secret>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FcmConfig {
    /// The JSON file of the service account, as Google's console gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<Secret>,
    /// Where messages go; another one for a proxy.
    pub base_url: String,
    /// Where access tokens come from.
    pub auth_url: String,
}

impl Default for PushConfig {
    fn default() -> Self {
        PushConfig { web: None, fcm: None, timeout_ms: 20_000, concurrency: 16 }
    }
}

impl Default for FcmConfig {
    fn default() -> Self {
        FcmConfig {
            service_account: None,
            base_url: "https://fcm.googleapis.com".into(),
            auth_url: "https://oauth2.googleapis.com".into(),
        }
    }
}

impl Provider for PushConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = &[Way::Push];

    fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        if self.web.is_none() && self.fcm.is_none() {
            problem("web", "set up browsers (web), the app (fcm) or both");
        }
        if let Some(web) = &self.web {
            if !is_contact(&web.subject) {
                let told = "how push services reach you: mailto: and an e-mail address, or https:// and a page of yours";
                problem("web.subject", told);
            }
            match &web.private_key {
                None => problem(
                    "web.private_key",
                    "needed with this public key; leave both out to have a pair made",
                ),
                Some(key) if key.is_mask() => problem("web.private_key", "still masked: enter it"),
                Some(key) => {
                    if let Err((field, message)) = VapidKey::new(&web.public_key, key) {
                        problem(&format!("web.{field}"), &message);
                    }
                }
            }
        }
        if let Some(fcm) = &self.fcm {
            match &fcm.service_account {
                None => problem(
                    "fcm.service_account",
                    "paste the JSON file of the service account; it is asked for again when an address changes",
                ),
                Some(account) if account.is_mask() => {
                    problem("fcm.service_account", "still masked: enter it")
                }
                Some(account) => {
                    if let Err(message) = ServiceAccount::read(account) {
                        problem("fcm.service_account", &message);
                    }
                }
            }
            for (field, url) in [("fcm.base_url", &fcm.base_url), ("fcm.auth_url", &fcm.auth_url)] {
                if !is_address(url) {
                    problem(field, "an address that starts with https:// or http://");
                }
            }
        }
        if !(1..=120_000).contains(&self.timeout_ms) {
            problem("timeout_ms", "between 1 and 120000");
        }
        if !(1..=256).contains(&self.concurrency) {
            problem("concurrency", "between 1 and 256");
        }
        problems
    }

    fn redacted(&self) -> PushConfig {
        let mask = |secret: &Option<Secret>| secret.as_ref().map(|_| Secret::new(MASK));
        let mut shown = self.clone();
        if let Some(web) = &mut shown.web {
            web.private_key = mask(&web.private_key);
        }
        if let Some(fcm) = &mut shown.fcm {
            fcm.service_account = mask(&fcm.service_account);
        }
        shown
    }

    fn merged(mut self, stored: &PushConfig) -> PushConfig {
        if let (Some(web), Some(old)) = (&mut self.web, &stored.web) {
            // Subscriptions hang on the pair: who does not speak of it keeps it.
            let says_nothing =
                web.public_key.is_empty() && web.private_key.as_ref().is_none_or(Secret::is_mask);
            if says_nothing {
                web.public_key.clone_from(&old.public_key);
            }
            let kept = old.private_key.as_ref().filter(|_| web.public_key == old.public_key);
            web.private_key = secret::merged(web.private_key.take(), kept);
        }
        if let (Some(fcm), Some(old)) = (&mut self.fcm, &stored.fcm) {
            // The account signs what goes to `auth_url`, and the token of that goes to `base_url`.
            let same = fcm.base_url == old.base_url && fcm.auth_url == old.auth_url;
            let kept = old.service_account.as_ref().filter(|_| same);
            fcm.service_account = secret::merged(fcm.service_account.take(), kept);
        }
        self
    }

    fn completed(mut self) -> Result<PushConfig, String> {
        if let Some(web) = &mut self.web
            && web.public_key.is_empty()
            && web.private_key.is_none()
        {
            let (public, private) = VapidKey::generate()?;
            web.public_key = public;
            web.private_key = Some(private);
        }
        Ok(self)
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::PushChannel::new(self, &surroundings.egress)?))
    }
}

fn is_address(text: &str) -> bool {
    let url = Url::parse(text);
    url.is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.host_str().is_some() && url.query().is_none()
    })
}

/// RFC 8292, section 2.1. Apple refuses tokens that name this machine itself.
fn is_contact(subject: &str) -> bool {
    match subject.strip_prefix("mailto:") {
        Some(address) => {
            domain::normalise::email::normalise(address).is_ok() && !address.ends_with("@localhost")
        }
        None => {
            subject.starts_with("https://")
                && Url::parse(subject).is_ok_and(|url| url.host_str().is_some_and(|host| host != "localhost"))
        }
    }
}
