//! The providers, and the settings that choose one.

pub mod blackhole;
pub mod file;
pub mod memory;
pub mod smtp;
pub mod webhook;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Channel, Egress};

/// The settings of one channel, as stored: `{"provider": "smtp", "host": ..}`.
///
/// What is stored holds secrets in full. The API shows [`ChannelConfig::redacted`] and takes updates through
/// [`ChannelConfig::merged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a workspace has a handful of channels")]
pub enum ChannelConfig {
    Smtp(smtp::SmtpConfig),
    Webhook(webhook::WebhookConfig),
    File(file::FileConfig),
    Memory(memory::MemoryConfig),
    Blackhole(blackhole::BlackholeConfig),
}

/// Something about a setting that the shop has to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The setting's name in the JSON, with dots: `dkim.private_key_pem`.
    pub field: String,
    pub message: String,
}

impl Problem {
    pub(crate) fn new(field: &str, message: impl Into<String>) -> Problem {
        Problem { field: field.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl ChannelConfig {
    /// The provider's name, as in the JSON.
    pub fn provider(&self) -> &'static str {
        match self {
            ChannelConfig::Smtp(_) => smtp::KIND,
            ChannelConfig::Webhook(_) => webhook::KIND,
            ChannelConfig::File(_) => file::KIND,
            ChannelConfig::Memory(_) => memory::KIND,
            ChannelConfig::Blackhole(_) => blackhole::KIND,
        }
    }

    /// Everything that is wrong with the settings as they stand; empty when a channel can be built from them.
    /// Whether the other side exists is a matter of [`Channel::check`].
    pub fn validate(&self) -> Vec<Problem> {
        match self {
            ChannelConfig::Smtp(config) => config.validate(),
            ChannelConfig::Webhook(config) => config.validate(),
            ChannelConfig::File(config) => config.validate(),
            ChannelConfig::Memory(config) => config.validate(),
            ChannelConfig::Blackhole(config) => config.validate(),
        }
    }

    /// The settings for people: every secret that is set reads `***`.
    pub fn redacted(&self) -> ChannelConfig {
        match self {
            ChannelConfig::Smtp(config) => ChannelConfig::Smtp(config.redacted()),
            ChannelConfig::Webhook(config) => ChannelConfig::Webhook(config.redacted()),
            other => other.clone(),
        }
    }

    /// These settings as an update of `stored`: a secret that is left out, or reads `***`, stays as it was; an empty
    /// one is taken away. A password does not stay when it would go to another server or another user name, lest
    /// somebody who may edit a channel sends its password to a server of their own.
    pub fn merged(self, stored: &ChannelConfig) -> ChannelConfig {
        match (self, stored) {
            (ChannelConfig::Smtp(update), ChannelConfig::Smtp(stored)) => {
                ChannelConfig::Smtp(update.merged(stored))
            }
            (ChannelConfig::Webhook(update), ChannelConfig::Webhook(stored)) => {
                ChannelConfig::Webhook(update.merged(stored))
            }
            (update, _) => update,
        }
    }
}

/// The channel that `config` describes. Connects nowhere yet. Errors: the first problem of the settings, or an
/// address that `egress` does not allow.
pub fn build(config: &ChannelConfig, egress: &Egress) -> Result<Arc<dyn Channel>, String> {
    if let Some(problem) = config.validate().first() {
        return Err(problem.to_string());
    }
    Ok(match config {
        ChannelConfig::Smtp(config) => Arc::new(smtp::SmtpChannel::new(config, egress)?),
        ChannelConfig::Webhook(config) => Arc::new(webhook::WebhookChannel::new(config, egress)?),
        ChannelConfig::File(config) => Arc::new(file::FileChannel::new(config, egress)?),
        ChannelConfig::Memory(config) => {
            Arc::new(memory::MemoryChannel::new(config, memory::Outbox::default()))
        }
        ChannelConfig::Blackhole(config) => Arc::new(blackhole::BlackholeChannel::new(config)),
    })
}
