//! Unicode at the door, and the forms that search and SMS need.

use unicode_normalization::UnicodeNormalization;

/// Canonical composition. Keyboards on macOS and some POS systems send Vietnamese decomposed; stored text is
/// always NFC so that equal words are equal bytes.
pub fn nfc(s: &str) -> String {
    s.nfc().collect()
}

/// The key that search compares: no marks, `đ` as `d`, lower case, compatibility forms folded, one space
/// between words, none at the ends. `Thuý`, `Thúy` and `THUY` share a key; rank exact spellings above it.
///
/// Only U+0300..U+036F go: in Thai or Hindi the combining marks are vowels, and dropping them changes the word.
/// `search_key(search_key(s)) == search_key(s)`.
pub fn search_key(s: &str) -> String {
    if s.is_ascii() {
        return one_line(&s.to_ascii_lowercase());
    }
    // Decomposed before lower-casing: a compatibility form can hide a capital (a bold mathematical A), and the
    // lower case of a marked letter can be two characters (the Turkish dotted I).
    let bare: String = s.nfkd().filter(|c| !is_latin_mark(*c)).collect::<String>().to_lowercase();
    let bare: String = bare.nfc().map(|c| if c == 'đ' { 'd' } else { c }).collect();
    one_line(&bare)
}

/// Vietnamese without its marks, for SMS that must stay in the GSM 7-bit alphabet: marks dropped, `đ` to `d`,
/// typographic dashes, quotes, ellipsis, fixed spaces and `₫` to what stands for them on a phone keyboard.
/// Case, line breaks and every other character stay, so the result can still be outside GSM-7 (an emoji).
pub fn strip_marks(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.nfd() {
        match c {
            _ if is_latin_mark(c) => {}
            'đ' | '₫' => out.push('d'),
            'Đ' => out.push('D'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{2018}'..='\u{201B}' | '\u{2032}' => out.push('\''),
            '\u{201C}'..='\u{201F}' | '\u{2033}' => out.push('"'),
            '…' => out.push_str("..."),
            '\u{A0}' | '\u{2007}' | '\u{202F}' => out.push(' '),
            _ => out.push(c),
        }
    }
    nfc(&out)
}

/// One line of text fit to store and show: NFC, every run of white space and control characters (NUL, which
/// PostgreSQL refuses, among them) as one space, none at the ends, at most `max_chars` Unicode scalar values.
///
/// Invisible characters that only confuse comparison or reverse the reading direction of what follows them are
/// dropped; the joiners stay because emoji and several scripts need them.
pub fn clean(s: &str, max_chars: usize) -> String {
    truncate(&one_line(&nfc(s)), max_chars)
}

/// Like [`clean`], but line breaks stay (as `\n`) for notes, reviews and message bodies; blank lines at the
/// ends and spaces at the ends of a line go.
pub fn clean_lines(s: &str, max_chars: usize) -> String {
    let unified = nfc(s).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<String> = unified.split('\n').map(one_line).collect();
    truncate(lines.join("\n").trim_matches('\n'), max_chars)
}

fn truncate(s: &str, max_chars: usize) -> String {
    // A joiner or space left at the cut would join with, or stand before, whatever is appended later.
    s.chars()
        .take(max_chars)
        .collect::<String>()
        .trim_end_matches(|c: char| c.is_whitespace() || c == '\u{200D}')
        .to_owned()
}

fn one_line(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars().filter(|c| !is_invisible(*c)) {
        if !(c.is_whitespace() || c.is_control()) {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

fn is_latin_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Zero-width spaces, soft hyphens, byte order marks and bidirectional controls: pasted along unseen.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'
            | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn search_keys() {
        let check = |input: &str, expect: &str| assert_eq!(search_key(input), expect, "{input:?}");
        check("Nguyễn Thị Minh Ánh", "nguyen thi minh anh");
        check("Nguye\u{302}\u{303}n", "nguyen");
        check("ĐẶNG ĐÌNH ĐÔ", "dang dinh do");
        check("Thuý", "thuy");
        check("Thúy", "thuy");
        check("  Áo \t dài\n\u{a0}đỏ ", "ao dai do");
        check("ASCII  Only\0x", "ascii only x");
        check("Ｆｕｌｌ ﬁne", "full fine");
        check("İSTANBUL", "istanbul");
        check("𝐀𝐁", "ab");
        check("zero\u{200b}width", "zerowidth");
        check("ไม่", "ไม่");
        check("한글", "한글");
        check("ガ", "ガ");
        check("\u{301}", "");
        check("", "");
    }

    #[test]
    fn marks_for_sms() {
        let check = |input: &str, expect: &str| assert_eq!(strip_marks(input), expect, "{input:?}");
        check("Giảm 50% cho ĐƠN đầu – “hôm nay”…", "Giam 50% cho DON dau - \"hom nay\"...");
        check("199.000\u{a0}₫", "199.000 d");
        check("Quý khách\nvui lòng", "Quy khach\nvui long");
        check("Shop’s 🎁", "Shop's 🎁");
        check("Nguye\u{302}\u{303}n", "Nguyen");
        check("[QC] {x}", "[QC] {x}");
    }

    #[test]
    fn cleaning() {
        let check =
            |input: &str, max: usize, expect: &str| assert_eq!(clean(input, max), expect, "{input:?}");
        check("a\0b", 10, "a b");
        check("  Anh \r\n\t Bình\u{7} ", 50, "Anh Bình");
        check("Bi\u{300}nh", 50, "Bình");
        check("Bi\u{300}nh", 2, "Bì");
        check("ab cd", 3, "ab");
        check("\u{202e}evil\u{feff}", 50, "evil");
        check("👨\u{200d}👩\u{200d}👧", 50, "👨\u{200d}👩\u{200d}👧");
        check("👨\u{200d}👩\u{200d}👧", 2, "👨");
        check("abc", 0, "");
        assert_eq!(clean_lines("\r\n một \0 hai \r\n\r\nba\r", 50), "một hai\n\nba");
    }

    #[test]
    fn the_key_of_every_character_is_its_own_key() {
        // Letters with case and their compatibility forms all lie below; above are ideographs.
        for c in '\0'..='\u{1FFFF}' {
            let key = search_key(&format!("{c}\u{301}"));
            assert!(search_key(&key) == key && !key.nfd().any(is_latin_mark), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn applied_twice_is_applied_once(s in "\\PC*|.*|[À-ỹ đĐ\\u{300}-\\u{345}]*", max in 0usize..40) {
            let key = search_key(&s);
            prop_assert_eq!(search_key(&key), key.clone());
            prop_assert!(!key.contains("  ") && key.trim() == key);
            let bare = strip_marks(&s);
            prop_assert_eq!(strip_marks(&bare), bare);
            for cleaned in [clean(&s, max), clean_lines(&s, max)] {
                prop_assert!(cleaned.chars().count() <= max && !cleaned.contains('\0'));
            }
            let cleaned = clean(&s, max);
            prop_assert_eq!(clean(&cleaned, max), cleaned);
            let lines = clean_lines(&s, max);
            prop_assert_eq!(clean_lines(&lines, max), lines);
        }

        #[test]
        fn composed_and_decomposed_text_share_a_key(s in "[ A-Za-zÀ-ỹđĐ]{0,40}") {
            let decomposed: String = s.nfd().collect();
            prop_assert_eq!(search_key(&s), search_key(&decomposed));
            prop_assert_eq!(strip_marks(&s), strip_marks(&decomposed));
            prop_assert_eq!(clean(&s, 100), clean(&decomposed, 100));
        }
    }
}
