//! What channels are called, in both languages.

use super::language::Language;

/// A code and what it says in Vietnamese and in English.
type Row = (&'static str, &'static str, &'static str);

const CHANNELS: &[Row] = &[
    ("email", "Email", "E-mail"),
    ("sms", "SMS", "SMS"),
    ("zalo", "Zalo", "Zalo"),
    ("push", "Thông báo đẩy", "Push"),
    ("onsite", "Trên trang", "On site"),
    ("webhook", "Webhook", "Webhook"),
];

const CHANNELS_WITHIN: &[Row] = &[
    ("email", "email", "e-mail"),
    ("sms", "tin nhắn SMS", "SMS"),
    ("zalo", "Zalo", "Zalo"),
    ("push", "thông báo đẩy", "push notification"),
    ("onsite", "trang của cửa hàng", "the shop's site"),
    ("webhook", "webhook", "webhook"),
];

fn say<'a>(rows: &[Row], code: &'a str, language: Language) -> &'a str {
    let found = rows.iter().find(|row| row.0 == code);
    found.map_or(code, |(_, vietnamese, english)| language.pick(vietnamese, english))
}

pub fn channel(code: &str, language: Language) -> &str {
    say(CHANNELS, code, language)
}

/// A channel inside a sentence.
pub fn channel_within(code: &str, language: Language) -> &str {
    say(CHANNELS_WITHIN, code, language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::consent::Channel;

    #[test]
    fn every_channel_has_words() {
        for channel in Channel::ALL {
            for rows in [CHANNELS, CHANNELS_WITHIN] {
                let (_, vietnamese, english) = rows.iter().find(|row| row.0 == channel.as_str()).unwrap();
                assert!(!vietnamese.is_empty() && !english.is_empty(), "{channel}");
            }
        }
    }
}
