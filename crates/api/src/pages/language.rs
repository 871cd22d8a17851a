//! The languages of the pages, and which of them a visitor gets.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    Vietnamese,
    English,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::Vietnamese, Language::English];

    pub const fn code(self) -> &'static str {
        match self {
            Language::Vietnamese => "vi",
            Language::English => "en",
        }
    }

    pub const fn other(self) -> Language {
        match self {
            Language::Vietnamese => Language::English,
            Language::English => Language::Vietnamese,
        }
    }

    /// As those who speak it call it.
    pub const fn own_name(self) -> &'static str {
        self.pick("Tiếng Việt", "English")
    }

    /// The one of two texts that is in this language.
    pub const fn pick<T: Copy>(self, vietnamese: T, english: T) -> T {
        match self {
            Language::Vietnamese => vietnamese,
            Language::English => english,
        }
    }

    /// From a code as settings and browsers write it: `vi`, `vi-VN`, `en_US`.
    pub fn from_code(code: &str) -> Option<Language> {
        let primary = code.trim().split(['-', '_']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
    }

    /// For the shop's customers: what the address asks for, else the shop's language if the browser's list has it
    /// or has neither of ours, else the one that stands first in that list.
    pub fn of_visitor(asked: Option<&str>, headers: &HeaderMap, shop: &str) -> Language {
        if let Some(language) = asked.and_then(Language::from_code) {
            return language;
        }
        let shop = Language::from_code(shop).unwrap_or(Language::Vietnamese);
        let wanted = accepted(headers);
        if wanted.contains(&shop) { shop } else { wanted.first().copied().unwrap_or(shop) }
    }
}

/// The languages of ours that a browser lists, the dearest first.
fn accepted(headers: &HeaderMap) -> Vec<Language> {
    let listed = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut weighed: Vec<(u32, Language)> = listed
        .split(',')
        .take(20)
        .filter_map(|entry| {
            let (code, weight) = entry.split_once(";q=").unwrap_or((entry, "1"));
            let weight = weight.trim().parse::<f64>().unwrap_or(0.0);
            let thousandths = (weight.clamp(0.0, 1.0) * 1_000.0) as u32;
            Language::from_code(code).filter(|_| thousandths > 0).map(|language| (thousandths, language))
        })
        .collect();
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighed.into_iter().map(|(_, language)| language).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_which_language() {
        use Language::{English, Vietnamese};
        let check = |asked: Option<&str>, listed: &str, shop: &str, expect: Language| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, listed.parse().unwrap());
            assert_eq!(Language::of_visitor(asked, &headers, shop), expect, "{asked:?} {listed:?} {shop:?}");
        };
        check(None, "", "vi", Vietnamese);
        check(None, "", "en", English);
        check(None, "en-US,en;q=0.9,vi;q=0.8", "vi", Vietnamese);
        check(None, "en-US,en;q=0.9", "vi", English);
        check(None, "vi-VN", "en", Vietnamese);
        check(None, "ja,ko;q=0.5", "vi", Vietnamese);
        check(None, "en;q=0,vi;q=0.1", "en", Vietnamese);
        check(Some("en"), "vi", "vi", English);
        check(Some("ja"), "vi", "vi", Vietnamese);
        check(None, "en;q=nonsense", "vi", Vietnamese);
    }
}
