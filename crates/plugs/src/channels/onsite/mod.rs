//! Messages in the shop's own pages. There is no other side: the engine itself lets a message wait for a page, in the
//! transaction that decides on it, and pages fetch it from the API. What is here are the settings, and whether the
//! shop has switched it on.

use std::sync::Arc;

use domain::consent::Channel as Way;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::channels::{Problem, Provider, Surroundings};
use crate::secret::{self, MASK};
use crate::{BoxFuture, Channel, Delivery, Outcome, Secret};

pub const KIND: &str = "onsite";

#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnsiteConfig {
    /// With it a page may ask for what waits for somebody who is signed in: the shop's server shows by a hash of the
    /// user id that it is them. Without it pages ask for what waits for a device alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_hash_secret: Option<Secret>,
}

impl OnsiteConfig {
    /// Whether the shop's server has vouched for a user id: the lower-case HMAC-SHA256 of it, keyed with the secret.
    pub fn vouches(&self, user_id: &str, hash: &str) -> bool {
        let Some(secret) = &self.user_hash_secret else { return false };
        let bytes: Option<Vec<u8>> = (0..hash.len())
            .step_by(2)
            .map(|at| hash.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        let (Some(bytes), Ok(mut mac)) = (bytes, Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()))
        else {
            return false;
        };
        mac.update(user_id.as_bytes());
        mac.verify_slice(&bytes).is_ok()
    }
}

impl Provider for OnsiteConfig {
    const KIND: &'static str = KIND;
    const CARRIES: &'static [Way] = &[Way::Onsite];

    fn validate(&self) -> Vec<Problem> {
        match &self.user_hash_secret {
            Some(secret) if secret.is_mask() => {
                vec![Problem::new("user_hash_secret", "still masked: enter it")]
            }
            Some(secret) if secret.expose().len() < 16 => {
                vec![Problem::new("user_hash_secret", "at least 16 characters")]
            }
            _ => Vec::new(),
        }
    }

    fn redacted(&self) -> OnsiteConfig {
        OnsiteConfig { user_hash_secret: self.user_hash_secret.as_ref().map(|_| Secret::new(MASK)) }
    }

    fn merged(mut self, stored: &OnsiteConfig) -> OnsiteConfig {
        self.user_hash_secret = secret::merged(self.user_hash_secret, stored.user_hash_secret.as_ref());
        self
    }

    fn build(&self, _: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(OnsiteChannel))
    }
}

/// Nothing is handed to it.
struct OnsiteChannel;

impl Channel for OnsiteChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        1
    }

    fn deliver<'a>(&'a self, _: &'a Delivery) -> BoxFuture<'a, Outcome> {
        let detail = "messages in pages are handed out by the API".to_owned();
        let outcome = Outcome::Rejected { class: crate::RejectClass::Invalid, detail };
        Box::pin(std::future::ready(outcome))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(std::future::ready(Ok("ready, pages fetch what waits for them".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_vouches_for_its_user_alone() {
        let config = OnsiteConfig { user_hash_secret: Some(Secret::new("khoa-bi-mat-cua-tiem")) };
        // printf kh-1 | openssl dgst -sha256 -hmac khoa-bi-mat-cua-tiem
        let hash = "aacaac0d792509d575ee9877da6f12169d1b765684bd50cabcf9e06e6d2f3198";
        assert!(config.vouches("kh-1", hash));
        for (user, hash) in [("kh-2", hash), ("kh-1", ""), ("kh-1", "00"), ("kh-1", "zz"), ("kh-1", "ắ")] {
            assert!(!config.vouches(user, hash), "{user} {hash}");
        }
        assert!(!OnsiteConfig::default().vouches("kh-1", hash), "no secret, no word");
    }
}
