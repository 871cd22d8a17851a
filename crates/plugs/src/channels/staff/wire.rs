use kit::{DAY_MS, SECOND_MS, Timestamp};
use serde_json::{Value, json};

use super::StaffContact;
use crate::detail::quoted;
use crate::http::Reply;
use crate::{Outcome, RejectClass, RetryClass, Secret};

/// What Telegram takes, in characters.
const TELEGRAM_CHARS: usize = 4_096;
/// What Discord takes.
const DISCORD_CHARS: usize = 2_000;
/// Slack cuts longer ones off itself.
const TEXT_CHARS: usize = 40_000;

pub(super) struct Post {
    pub url: String,
    pub body: Value,
}

/// The request to a contact; `None` for one that is reached in another way.
pub(super) fn post(contact: &StaffContact, text: &str) -> Option<Post> {
    let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    Some(match contact {
        StaffContact::Telegram { bot_token, chat_id, base_url } => Post {
            url: telegram_url(base_url, bot_token.as_ref()?, "sendMessage"),
            // Without a parse mode: what customers wrote is no markup.
            body: json!({ "chat_id": chat_id, "text": cut(text, TELEGRAM_CHARS) }),
        },
        StaffContact::Slack { url } => {
            // The three characters that Slack reads as markup.
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            Post { url: exposed(url)?, body: json!({ "text": cut(&text, TEXT_CHARS) }) }
        }
        StaffContact::Webhook { url } => {
            Post { url: exposed(url)?, body: json!({ "text": cut(text, TEXT_CHARS) }) }
        }
        StaffContact::Discord { url } => Post {
            url: exposed(url)?,
            // A customer's name must not call everybody.
            body: json!({ "content": cut(text, DISCORD_CHARS), "allowed_mentions": { "parse": [] } }),
        },
        StaffContact::Zalo { .. } => return None,
    })
}

pub(super) fn telegram_url(base_url: &str, token: &Secret, method: &str) -> String {
    format!("{}/bot{}/{method}", base_url.trim_end_matches('/'), token.expose())
}

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max - 1) {
        Some((at, last)) if at + last.len_utf8() < text.len() => format!("{}…", &text[..at]),
        _ => text.to_owned(),
    }
}

/// What an answer means. One contact that does not work says nothing of the others, so nothing here stops the channel.
pub(super) fn judged(contact: &StaffContact, reply: &Reply, now: Timestamp) -> Outcome {
    let told = reply.json();
    let said = told["description"].as_str().or(told["message"].as_str()).unwrap_or(&reply.text);
    let detail = match reply.status {
        200..300 => format!("HTTP {}", reply.status),
        status if said.trim().is_empty() => format!("HTTP {status}"),
        status => quoted(&format!("HTTP {status}: {said}")),
    };
    let rejected = |class| Outcome::Rejected { class, detail: detail.clone() };
    let is_telegram = matches!(contact, StaffContact::Telegram { .. });
    match reply.status {
        200..300 if is_telegram && told["ok"] != true => rejected(RejectClass::Refused),
        200..300 => {
            let number = told["result"]["message_id"].as_i64();
            Outcome::Accepted { provider_id: number.map(|number| number.to_string()), detail }
        }
        300..400 => Outcome::Rejected {
            class: RejectClass::Refused,
            detail: format!("HTTP {}: redirects are not followed, enter the final URL", reply.status),
        },
        429 => {
            // Telegram and Discord tell seconds in the body too.
            let seconds = told["parameters"]["retry_after"].as_f64().or(told["retry_after"].as_f64());
            #[expect(clippy::cast_possible_truncation, reason = "bounded by a day")]
            let after_ms = seconds.map(|s| ((s * SECOND_MS as f64) as i64).clamp(0, DAY_MS));
            let after_ms = reply.retry_after_ms(now).or(after_ms);
            Outcome::Retry { class: RetryClass::Throttled, after_ms, detail }
        }
        408 | 425 | 500.. => {
            Outcome::Retry { class: RetryClass::Temporary, after_ms: reply.retry_after_ms(now), detail }
        }
        413 => rejected(RejectClass::TooLarge),
        // The bot was thrown out, the chat is gone, the token or the webhook was taken back.
        400 if is_telegram => rejected(RejectClass::Recipient),
        401 | 403 | 404 | 410 => rejected(RejectClass::Recipient),
        _ => rejected(RejectClass::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_to_what_fits() {
        assert_eq!(cut("chào", 4), "chào");
        assert_eq!(cut("chào bạn", 5), "chào…");
        assert_eq!(cut("", 5), "");
    }
}
