//! How instants, money, addresses and numbers are written on pages.

use domain::consent::Channel;
use domain::local_time::{Zone, local_date, minute_of_day};
use kit::{Currency, Money, Timestamp};

/// `21/11/2026 09:05`, on the zone's wall clock.
pub fn date_time(at: Timestamp, zone: &Zone) -> String {
    let minute = minute_of_day(at, zone);
    format!("{} {:02}:{:02}", date(at, zone), minute / 60, minute % 60)
}

/// `21/11/2026`.
pub fn date(at: Timestamp, zone: &Zone) -> String {
    let date = local_date(at, zone);
    format!("{:02}/{:02}/{}", date.day(), date.month(), date.year())
}

/// The instant for the `datetime` attribute, `2026-11-21T09:05+07:00` without the offset: local, as shown.
pub fn machine_readable(at: Timestamp, zone: &Zone) -> String {
    let (date, minute) = (local_date(at, zone), minute_of_day(at, zone));
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", date.year(), date.month(), date.day(), minute / 60, minute % 60)
}

pub fn money(minor: i64, currency: Currency) -> String {
    Money { minor, currency }.display()
}

/// `12.345`, as Vietnamese people write it, or `12,345`.
pub fn count(value: i64, separator: char) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    if value < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// An address of which its owner recognises their own and nobody else learns much: `a•••@example.com`,
/// `+84•••••678`.
pub fn masked(channel: Channel, address: &str) -> String {
    match channel {
        Channel::Email => match address.rsplit_once('@') {
            Some((local, domain)) => format!("{}•••@{domain}", local.chars().take(1).collect::<String>()),
            None => "•••".to_owned(),
        },
        Channel::Sms if address.chars().count() > 6 => {
            let digits: Vec<char> = address.chars().collect();
            let (start, end) = (&digits[..3], &digits[digits.len() - 3..]);
            let hidden = "•".repeat(digits.len().saturating_sub(6).min(8));
            format!("{}{hidden}{}", start.iter().collect::<String>(), end.iter().collect::<String>())
        }
        _ => "•••".to_owned(),
    }
}

/// Fills the places `{name}` of a text. A place that nothing fills stays, so that a test can find it.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        filled.push_str(&rest[..open]);
        let name = &rest[open + 1..open + close];
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_the_zone() {
        let at = Timestamp::from_ms(1_795_107_900_000);
        assert_eq!(date_time(at, &Zone::vietnam()), "20/11/2026 00:05");
        assert_eq!(date_time(at, &Zone::UTC), "19/11/2026 17:05");
        assert_eq!(machine_readable(at, &Zone::vietnam()), "2026-11-20T00:05");
    }

    #[test]
    fn addresses_are_masked() {
        let check = |channel, address: &str, expect: &str| assert_eq!(masked(channel, address), expect);
        check(Channel::Email, "an@example.com", "a•••@example.com");
        check(Channel::Email, "ẩn@example.com", "ẩ•••@example.com");
        check(Channel::Email, "broken", "•••");
        check(Channel::Sms, "+84901234678", "+84••••••678");
        check(Channel::Sms, "123", "•••");
        check(Channel::Zalo, "8812345", "•••");
    }

    #[test]
    fn counts_and_places() {
        assert_eq!(count(1_234_567, '.'), "1.234.567");
        assert_eq!(count(-12, ','), "-12");
        assert_eq!(count(123, '.'), "123");
        assert_eq!(fill("{a} and {b}, {c} {", &[("a", "{b}"), ("b", "2")]), "{b} and 2, {c} {");
    }
}
