//! The providers, and the settings that choose one.
//!
//! A provider is one folder with a type of settings that implements [`Provider`], and its line in [`providers!`].

pub mod blackhole;
pub mod esms;
pub mod file;
pub mod mailgun;
pub mod memory;
pub mod onsite;
pub mod push;
pub mod sendgrid;
pub mod ses;
pub mod smtp;
pub mod speedsms;
pub mod staff;
pub mod stringee;
pub mod twilio;
pub mod webhook;
pub mod zalo;

use std::fmt;
use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::callback::{Callback, CallbackRefusal, Received};
use crate::{Channel, Egress, Vault};

/// The settings of a provider.
pub trait Provider {
    /// The provider's stable name, as in the JSON.
    const KIND: &'static str;
    /// The ways that it carries messages.
    const CARRIES: &'static [Way];

    /// Everything that is wrong with the settings as they stand; empty when a channel can be built from them.
    fn validate(&self) -> Vec<Problem>;

    /// The settings for people: every secret that is set reads `***`.
    fn redacted(&self) -> Self;

    /// These settings as an update of `stored`; see [`ChannelConfig::merged`].
    fn merged(self, stored: &Self) -> Self;

    /// These settings with what the server makes by itself where nothing was given, such as keys. Called once, when
    /// settings are stored, on what [`Provider::merged`] gave. Errors: it cannot be made.
    fn completed(self) -> Result<Self, String>
    where
        Self: Sized,
    {
        Ok(self)
    }

    /// Connects nowhere yet. Errors: what the settings or the guard do not allow.
    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String>;

    /// Reads what the provider's servers post to the shop's address of callbacks: checks the signature and the age,
    /// and tells what it says. Pure: what is to be fetched or answered stands in [`Received`].
    fn receive(&self, _callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
        Err(CallbackRefusal::Unexpected)
    }

    /// The same with the document that [`Received::needs_url`] asked for.
    fn receive_with(&self, callback: &Callback<'_>, _document: &str) -> Result<Received, CallbackRefusal> {
        self.receive(callback)
    }
}

/// What a channel is given to work with.
#[derive(Clone)]
pub struct Surroundings {
    pub egress: Egress,
    /// Where tokens live that change by being used; `None` where nothing can be kept, such as a check of settings.
    pub vault: Option<Arc<dyn Vault>>,
    /// Where the provider's servers reach this one with callbacks for this channel; empty: nowhere.
    pub callback_url: String,
}

impl Surroundings {
    /// With nothing but the guard.
    pub fn bare(egress: &Egress) -> Surroundings {
        Surroundings { egress: egress.clone(), vault: None, callback_url: String::new() }
    }
}

macro_rules! providers {
    ($($variant:ident($config:ty)),* $(,)?) => {
        /// The settings of one channel, as stored: `{"provider": "smtp", "host": ..}`.
        ///
        /// What is stored holds secrets in full. The API shows [`ChannelConfig::redacted`] and takes updates through
        /// [`ChannelConfig::merged`].
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "provider", rename_all = "snake_case")]
        pub enum ChannelConfig {
            $($variant($config)),*
        }

        impl ChannelConfig {
            /// Every provider with the ways that it carries.
            pub const ALL: &'static [(&'static str, &'static [Way])] =
                &[$((<$config as Provider>::KIND, <$config as Provider>::CARRIES)),*];

            /// The provider's name, as in the JSON.
            pub fn provider(&self) -> &'static str {
                match self {
                    $(ChannelConfig::$variant(_) => <$config as Provider>::KIND),*
                }
            }

            /// The ways that the provider carries messages.
            pub fn carries(&self) -> &'static [Way] {
                match self {
                    $(ChannelConfig::$variant(_) => <$config as Provider>::CARRIES),*
                }
            }

            /// Everything that is wrong with the settings as they stand; empty when a channel can be built from
            /// them. Whether the other side exists is a matter of [`Channel::check`].
            pub fn validate(&self) -> Vec<Problem> {
                match self {
                    $(ChannelConfig::$variant(config) => Provider::validate(config)),*
                }
            }

            /// The settings for people: every secret that is set reads `***`.
            pub fn redacted(&self) -> ChannelConfig {
                match self {
                    $(ChannelConfig::$variant(config) => ChannelConfig::$variant(Provider::redacted(config))),*
                }
            }

            /// These settings as an update of `stored`: a secret that is left out, or reads `***`, stays as it was;
            /// an empty one is taken away. A password does not stay when it would go to another server or another
            /// user name, lest somebody who may edit a channel sends its password to a server of their own.
            pub fn merged(self, stored: &ChannelConfig) -> ChannelConfig {
                match (self, stored) {
                    $((ChannelConfig::$variant(update), ChannelConfig::$variant(stored)) => {
                        ChannelConfig::$variant(Provider::merged(update, stored))
                    })*
                    (update, _) => update,
                }
            }

            /// With what the server makes by itself; see [`Provider::completed`].
            pub fn completed(self) -> Result<ChannelConfig, String> {
                Ok(match self {
                    $(ChannelConfig::$variant(config) => ChannelConfig::$variant(Provider::completed(config)?)),*
                })
            }

            /// What the provider's servers say; see [`Provider::receive`].
            pub fn receive(&self, callback: &Callback<'_>) -> Result<Received, CallbackRefusal> {
                match self {
                    $(ChannelConfig::$variant(config) => Provider::receive(config, callback)),*
                }
            }

            /// What the provider's servers say; see [`Provider::receive_with`].
            pub fn receive_with(
                &self,
                callback: &Callback<'_>,
                document: &str,
            ) -> Result<Received, CallbackRefusal> {
                match self {
                    $(ChannelConfig::$variant(config) => Provider::receive_with(config, callback, document)),*
                }
            }

            fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
                match self {
                    $(ChannelConfig::$variant(config) => Provider::build(config, surroundings)),*
                }
            }
        }
    };
}

// A new provider is its folder and a line here.
providers! {
    Smtp(smtp::SmtpConfig),
    Ses(ses::SesConfig),
    Sendgrid(sendgrid::SendgridConfig),
    Mailgun(mailgun::MailgunConfig),
    Esms(esms::EsmsConfig),
    Speedsms(speedsms::SpeedsmsConfig),
    Stringee(stringee::StringeeConfig),
    Twilio(twilio::TwilioConfig),
    Webhook(webhook::WebhookConfig),
    Zalo(zalo::ZaloConfig),
    Push(push::PushConfig),
    Onsite(onsite::OnsiteConfig),
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

/// The channel that `config` describes. Connects nowhere yet. Errors: the first problem of the settings, or an
/// address that the guard does not allow.
pub fn build(config: &ChannelConfig, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
    match config.validate().first() {
        Some(problem) => Err(problem.to_string()),
        None => config.build(surroundings),
    }
}
