//! How addresses are written on pages, and sentences with places filled.

use domain::consent::Channel;

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
    fn places_are_filled() {
        assert_eq!(fill("{a} and {b}, {c} {", &[("a", "{b}"), ("b", "2")]), "{b} and 2, {c} {");
    }
}
