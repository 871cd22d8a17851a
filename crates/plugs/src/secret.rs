use std::fmt;

use serde::{Deserialize, Serialize};

/// A password or key in a channel's settings. It prints as `***`; it is serialised in full, for the encrypted store
/// alone. What leaves through the API goes through [`crate::ChannelConfig::redacted`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// What stands for a secret in redacted settings. Settings that come back with it mean "as before".
pub(crate) const MASK: &str = "***";

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself: for the wire only, never for a message or a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_mask(&self) -> bool {
        self.0 == MASK
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The secret after an update: one that is left out or still masked stays, an empty one is taken away.
pub(crate) fn merged(update: Option<Secret>, stored: Option<&Secret>) -> Option<Secret> {
    match update {
        None => stored.cloned(),
        Some(secret) if secret.is_mask() => stored.cloned(),
        Some(secret) if secret.0.is_empty() => None,
        Some(secret) => Some(secret),
    }
}
