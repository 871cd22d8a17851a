use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::Secret;
use crate::channels::Problem;
use crate::secret::{self, MASK};

/// A way to people of the shop. Which one its name says too: `telegram:ops`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum StaffContact {
    /// A bot that writes into a chat where it is a member.
    Telegram {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bot_token: Option<Secret>,
        /// A number (of groups a negative one), or `@name` of a public channel.
        chat_id: String,
        #[serde(default = "telegram")]
        base_url: String,
    },
    /// An incoming webhook of Slack, or of what speaks the same: Mattermost, Rocket.Chat, Google Chat.
    Slack {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<Secret>,
    },
    Discord {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<Secret>,
    },
    /// Any address that takes `{"text": ..}`.
    Webhook {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<Secret>,
    },
    /// Somebody who follows the shop's Official Account, by the shop's Zalo channel.
    Zalo { user_id: String },
}

fn telegram() -> String {
    "https://api.telegram.org".to_owned()
}

impl StaffContact {
    pub fn kind(&self) -> &'static str {
        match self {
            StaffContact::Telegram { .. } => "telegram",
            StaffContact::Slack { .. } => "slack",
            StaffContact::Discord { .. } => "discord",
            StaffContact::Webhook { .. } => "webhook",
            StaffContact::Zalo { .. } => "zalo",
        }
    }

    /// Everything that is wrong with it as it stands.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: &str| problems.push(Problem::new(field, message));
        match self {
            StaffContact::Telegram { bot_token, chat_id, base_url } => {
                match bot_token {
                    None => problem(
                        "bot_token",
                        "the token that @BotFather gave the bot; it is asked for again when base_url changes",
                    ),
                    Some(token) if token.is_mask() => problem("bot_token", "still masked: enter it"),
                    Some(token) if !is_bot_token(token.expose()) => {
                        problem("bot_token", "digits, a colon and letters, as @BotFather gave it");
                    }
                    Some(_) => {}
                }
                let digits = chat_id.strip_prefix('-').unwrap_or(chat_id);
                let is_number =
                    (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
                let is_name = chat_id.strip_prefix('@').is_some_and(|name| {
                    (1..=64).contains(&name.len())
                        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                });
                if !is_number && !is_name {
                    problem(
                        "chat_id",
                        "the number of the chat, of groups with a minus, or @name of a channel",
                    );
                }
                if !is_address(base_url) {
                    problem("base_url", "an address that starts with https:// or http://");
                }
            }
            StaffContact::Slack { url } | StaffContact::Discord { url } | StaffContact::Webhook { url } => {
                match url {
                    None => problem("url", "the address of the incoming webhook"),
                    Some(url) if url.is_mask() => problem("url", "still masked: enter it"),
                    Some(url) if !is_address(url.expose()) => {
                        problem("url", "an address that starts with https:// or http://");
                    }
                    Some(_) => {}
                }
            }
            StaffContact::Zalo { user_id } => {
                if !(1..=40).contains(&user_id.len()) || !user_id.bytes().all(|b| b.is_ascii_digit()) {
                    problem("user_id", "the number by which your Official Account knows the person");
                }
            }
        }
        problems
    }

    /// For people: every secret that is set reads `***`.
    pub fn redacted(&self) -> StaffContact {
        let mut shown = self.clone();
        if let Some(secret) = shown.secret_mut() {
            *secret = secret.as_ref().map(|_| Secret::new(MASK));
        }
        shown
    }

    /// As an update of `stored`: a secret that is left out or masked stays, but never goes to another server.
    pub fn merged(mut self, stored: &StaffContact) -> StaffContact {
        let same = match (&self, stored) {
            (StaffContact::Telegram { base_url, .. }, StaffContact::Telegram { base_url: old, .. }) => {
                base_url == old
            }
            (update, stored) => update.kind() == stored.kind(),
        };
        let mut stored = stored.clone();
        let kept = if same { stored.secret_mut().and_then(|secret| secret.clone()) } else { None };
        if let Some(secret) = self.secret_mut() {
            *secret = secret::merged(secret.take(), kept.as_ref());
        }
        self
    }

    fn secret_mut(&mut self) -> Option<&mut Option<Secret>> {
        match self {
            StaffContact::Telegram { bot_token, .. } => Some(bot_token),
            StaffContact::Slack { url } | StaffContact::Discord { url } | StaffContact::Webhook { url } => {
                Some(url)
            }
            StaffContact::Zalo { .. } => None,
        }
    }
}

/// It becomes a part of a path.
fn is_bot_token(token: &str) -> bool {
    token.split_once(':').is_some_and(|(number, rest)| {
        !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
            && (20..=100).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.host_str().is_some())
}
