//! What the gateways of text messages have in common: numbers, texts, forms and keyed hashes.

use reqwest::Url;
use ring::hmac;

use crate::{Content, Delivery, Outcome, RejectClass, TextContent};

pub(crate) fn rejected(class: RejectClass, detail: impl Into<String>) -> Outcome {
    Outcome::Rejected { class, detail: detail.into() }
}

/// The text of a delivery. Errors: something else, or nothing to say.
pub(crate) fn text_of(delivery: &Delivery) -> Result<&TextContent, Outcome> {
    match &delivery.content {
        Content::Text(text) if text.body.trim().is_empty() => {
            Err(rejected(RejectClass::Invalid, "the text is empty"))
        }
        Content::Text(text) => Ok(text),
        other => {
            let detail = format!("this channel sends text messages, not {}", other.kind());
            Err(rejected(RejectClass::Invalid, detail))
        }
    }
}

/// The digits of an E.164 number, with the country and without the plus, as gateways in Vietnam want them.
pub(crate) fn digits_of(to: &str) -> Result<&str, Outcome> {
    to.strip_prefix('+')
        .filter(|digits| (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(|| rejected(RejectClass::Invalid, "the phone number is not in the international form"))
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://form.invalid/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// What a form or a query holds, decoded, in its order.
pub(crate) fn pairs_of(form: &str) -> Vec<(String, String)> {
    let Ok(mut url) = Url::parse("http://form.invalid/") else { return Vec::new() };
    url.set_query(Some(form));
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// The first value of this name; empty when there is none.
pub(crate) fn value_of<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
}

pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_gateways_want_them() {
        assert_eq!(digits_of("+84901234567").unwrap(), "84901234567");
        for bad in ["", "+", "0901234567", "84901234567", "+8490", "+84 901234567", "+849012345671234567"] {
            assert!(digits_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn forms_are_encoded_and_read() {
        let encoded = form(&[("To", "+84901234567"), ("Body", "Giảm 20% & hơn = #1\n")]);
        assert_eq!(encoded, "To=%2B84901234567&Body=Gi%E1%BA%A3m+20%25+%26+h%C6%A1n+%3D+%231%0A");
        let pairs = pairs_of(&encoded);
        assert_eq!(value_of(&pairs, "Body"), "Giảm 20% & hơn = #1\n");
        assert_eq!((value_of(&pairs, "From"), pairs.len()), ("", 2));
        assert_eq!(pairs_of("a#b=1&c=%zz"), [("a#b".into(), "1".into()), ("c".into(), "%zz".into())]);
    }
}
