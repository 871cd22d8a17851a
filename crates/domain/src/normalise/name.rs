//! Vietnamese personal names: family, middle, given ("Nguyễn Thị Minh Anh"), and a person is greeted by the
//! given name, the last word, or the last two where the given name is double ("Anh", "Minh Anh").

use super::text;
use regex::Regex;
use std::sync::LazyLock;

/// Longest name kept, in characters.
pub const NAME_CHARS_MAX: usize = 200;

/// The words to greet by, as [`given_names`] finds them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GivenNames {
    /// One word: "Anh".
    pub short: String,
    /// Two words where the name is long enough to spare them, "Minh Anh"; otherwise the same as `short`.
    pub long: String,
}

/// The one word to greet by; `None` when `full` holds no word. See [`given_names`].
pub fn given_name(full: &str) -> Option<String> {
    given_names(full).map(|names| names.short)
}

/// The given name in `full`, in title case when the whole name was typed in one case.
///
/// Words without a letter, and what stands in brackets or after a dash ("Lan (Q7)", "Lan - 0901234567"), are
/// notes of the shop, not names. Names that cannot be Vietnamese and do not begin with a Vietnamese family name
/// are read in the Western order, as are those that end in a family name which is never a given name.
pub fn given_names(full: &str) -> Option<GivenNames> {
    let words = words_of_name(full);
    let (last, before) = words.split_last()?;
    let first = &words[0];
    let vietnamese = rank_of_family_name(first).is_some() || words.iter().all(|w| is_vietnamese_syllable(w));
    let ends_in_family = FAMILY_ONLY.contains(&last.to_lowercase().as_str());
    if words.len() > 1 && (!vietnamese || ends_in_family && rank_of_family_name(first).is_none()) {
        return Some(GivenNames { short: first.clone(), long: first.clone() });
    }
    let spare =
        before.len() > 1 || (before.len() == 1 && rank_of_family_name(first).is_none() && !is_title(first));
    let long = match before.last() {
        Some(middle) if spare && !is_middle_mark(middle) => format!("{middle} {last}"),
        _ => last.clone(),
    };
    Some(GivenNames { short: last.clone(), long })
}

/// The whole name from what a source sent, in the order in which the person's language puts it.
///
/// `name` wins. Sources that have no field for it put the whole name in `first` (Haravan), or twice, or force a
/// "." into `last`; shops fill the two fields in either order. The family name is found by a list of common
/// Vietnamese ones, compared without marks; where both could be one, the more common is it.
pub fn full_name(first: Option<&str>, last: Option<&str>, name: Option<&str>) -> Option<String> {
    let present = |s: Option<&str>| {
        let s = text::clean(s?, NAME_CHARS_MAX);
        s.chars().any(char::is_alphabetic).then_some(s)
    };
    if let Some(name) = present(name) {
        return Some(name);
    }
    let (first, last) = match (present(first), present(last)) {
        (Some(first), Some(last)) => (first, last),
        (one, other) => return one.or(other),
    };
    let (first_key, last_key) = (text::search_key(&first), text::search_key(&last));
    if holds_whole(&first_key, &last_key) {
        return Some(first);
    }
    if holds_whole(&last_key, &first_key) {
        return Some(last);
    }
    let vietnamese = first_key.split(' ').chain(last_key.split(' ')).all(is_vietnamese_syllable);
    let rank = |s: &str| s.split(' ').next().and_then(rank_of_family_name);
    let family_is_last = match (rank(&first_key), rank(&last_key)) {
        (_, None) => false,
        (None, Some(_)) => vietnamese,
        (Some(of_first), Some(of_last)) => of_last <= of_first,
    };
    let joined = if family_is_last { format!("{last} {first}") } else { format!("{first} {last}") };
    Some(text::clean(&joined, NAME_CHARS_MAX))
}

/// Whether `part` already stands at an end of `whole`, word for word.
fn holds_whole(whole: &str, part: &str) -> bool {
    whole == part
        || whole.strip_prefix(part).is_some_and(|rest| rest.starts_with(' '))
        || whole.strip_suffix(part).is_some_and(|rest| rest.ends_with(' '))
}

fn words_of_name(full: &str) -> Vec<String> {
    let full = text::clean(full, NAME_CHARS_MAX);
    let name = full
        .split(['(', '[', '{', '/', '|', ',', ';', '–', '—', '_'])
        .find(|part| !part.trim().is_empty())
        .unwrap_or("");
    let name = name.split(" - ").next().unwrap_or(name);
    let words: Vec<&str> = name
        .split(' ')
        .map(|word| {
            word.trim_matches(|c: char| {
                !c.is_alphabetic() && !unicode_normalization::char::is_combining_mark(c)
            })
        })
        .filter(|word| word.chars().any(char::is_alphabetic) && !word.contains(|c: char| c.is_ascii_digit()))
        .collect();
    let one_case = {
        let letters = || words.iter().flat_map(|w| w.chars());
        let upper = letters().any(char::is_uppercase);
        let lower = letters().any(char::is_lowercase);
        // A single capital is an initial or a placeholder ("A"), not shouting.
        upper != lower && letters().count() > 1
    };
    words.iter().map(|word| if one_case { title_case(word) } else { (*word).to_owned() }).collect()
}

fn title_case(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => {
            text::nfc(&first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect::<String>())
        }
        None => String::new(),
    }
}

/// Marks of sex that stand between family and given name and are not part of a double given name.
fn is_middle_mark(word: &str) -> bool {
    matches!(text::search_key(word).as_str(), "thi" | "van")
}

/// Forms of address that people put before the name.
fn is_title(word: &str) -> bool {
    let word = word.to_lowercase();
    matches!(
        word.as_str(),
        "anh" | "chị" | "chi" | "cô" | "chú" | "bác" | "em" | "mr" | "mrs" | "ms" | "a" | "c" | "ông" | "bà"
    )
}

/// Place in the list of family names, the most common first.
fn rank_of_family_name(word: &str) -> Option<usize> {
    let key = text::search_key(word);
    FAMILY_NAMES.iter().position(|name| *name == key)
}

/// Common family names of Vietnam without marks, roughly by how many people bear them; the first fourteen cover
/// about nine people in ten.
const FAMILY_NAMES: [&str; 87] = [
    "nguyen", "tran", "le", "pham", "hoang", "huynh", "phan", "vu", "vo", "dang", "bui", "do", "ho", "ngo",
    "duong", "ly", "truong", "dinh", "doan", "trinh", "luong", "dao", "mai", "lam", "cao", "ha", "luu", "ta",
    "thai", "phung", "to", "quach", "chau", "chu", "tang", "trieu", "kieu", "vuong", "nghiem", "tong", "la",
    "diep", "ninh", "lai", "giang", "bach", "van", "nong", "hua", "khuat", "ma", "mac", "doi", "ton", "tu",
    "au", "quan", "lu", "luc", "kim", "khong", "than", "tieu", "thach", "son", "danh", "be", "hoa", "cu",
    "dam", "dau", "han", "phi", "tiet", "trang", "ung", "uong", "vi", "vien", "dong", "thieu", "phuong",
    "banh", "cung", "ong", "nhu", "thoi",
];

/// Family names that, spelt with their marks, are never a given name.
const FAMILY_ONLY: [&str; 7] = ["nguyễn", "trần", "phạm", "huỳnh", "đặng", "bùi", "trịnh"];

/// Whether a word could be a Vietnamese syllable, marks aside: an initial, vowels, a final. Lets "Ben" and
/// "Tom" through, which costs little; refuses "John", "Smith", "Maria".
fn is_vietnamese_syllable(word: &str) -> bool {
    static SYLLABLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            "^(?:ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdghklmnprstvx])?",
            "(?:ieu|yeu|oai|oay|oao|oeo|uay|uoi|uou|uya|uye|uyu|ia|ie|iu|ya|ye|oa|oe|oi|oo|ua|ue|ui|uo|uu|uy|ai|ao|au|ay|eo|eu|[aeiouy])",
            "(?:ch|ng|nh|[cmnpt])?$"
        ))
        .ok()
    });
    SYLLABLE.as_ref().is_some_and(|syllable| syllable.is_match(&text::search_key(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn given_names_to_greet_by() {
        let check = |full: &str, short: &str, long: &str| {
            let expect = GivenNames { short: short.into(), long: long.into() };
            assert_eq!(given_names(full), Some(expect), "{full:?}");
        };
        check("Nguyễn Thị Minh Anh", "Anh", "Minh Anh");
        check("Nguyễn Thị Lan", "Lan", "Lan");
        check("Trần Văn Hùng", "Hùng", "Hùng");
        check("Lê Hoàng Nam", "Nam", "Hoàng Nam");
        check("Nguyễn Anh", "Anh", "Anh");
        check("Minh Anh", "Anh", "Minh Anh");
        check("Lan", "Lan", "Lan");
        check("Chị Lan", "Lan", "Lan");
        check("NGUYỄN THỊ MINH ÁNH", "Ánh", "Minh Ánh");
        check("nguyen thi minh anh", "Anh", "Minh Anh");
        check("ĐỖ ĐÌNH ĐÔ", "Đô", "Đình Đô");
        check("Nguye\u{302}\u{303}n  Văn\u{a0}Bi\u{300}nh", "Bình", "Bình");
        check("Chị Lan (Q7)", "Lan", "Lan");
        check("Trần Thu Hà - 0901234567", "Hà", "Thu Hà");
        check("Trần Thu Hà 0901234567", "Hà", "Thu Hà");
        check("Nguyễn Văn A", "A", "A");
        check("John Smith", "John", "John");
        check("Maria Nguyễn", "Maria", "Maria");
        check("Lan Nguyễn", "Lan", "Lan");
        check("Trần Thị Nguyễn", "Nguyễn", "Nguyễn");
        check("Trần John", "John", "John");
        check("Thảo Nguyên", "Nguyên", "Thảo Nguyên");
        check("Ngọc Mai", "Mai", "Ngọc Mai");
        for blank in ["", "  ", ".", "- 0901234567", "123"] {
            assert_eq!(given_name(blank), None, "{blank:?}");
        }
    }

    #[test]
    fn whole_names_from_parts() {
        let check = |first: &str, last: &str, expect: &str| {
            assert_eq!(
                full_name(Some(first), Some(last), None).as_deref(),
                Some(expect),
                "{first:?} {last:?}"
            );
        };
        check("Anh", "Nguyễn Thị Minh", "Nguyễn Thị Minh Anh");
        check("Minh Anh", "Nguyễn", "Nguyễn Minh Anh");
        check("Nguyễn", "Văn An", "Nguyễn Văn An");
        check("Nguyen", "Lan", "Nguyen Lan");
        check("Mai", "Trần", "Trần Mai");
        check("Trần", "Mai", "Trần Mai");
        check("Nguyễn Thị Lan", "", "Nguyễn Thị Lan");
        check("Nguyễn Thị Lan", ".", "Nguyễn Thị Lan");
        check("", "Nguyễn Thị Lan", "Nguyễn Thị Lan");
        check("Nguyễn Thị Lan", "Nguyễn Thị Lan", "Nguyễn Thị Lan");
        check("Nguyễn Thị Lan", "Nguyen", "Nguyễn Thị Lan");
        check("Lan", "Nguyễn Thị Lan", "Nguyễn Thị Lan");
        check("John", "Smith", "John Smith");
        check("John", "Le", "John Le");
        check("Anna", "Kim", "Anna Kim");
        check(" Bi\u{300}nh\0 ", "Le\u{302}", "Lê Bình");
        assert_eq!(full_name(Some("An"), Some("Lê"), Some("Lê Văn An")).as_deref(), Some("Lê Văn An"));
        assert_eq!(full_name(Some("An"), None, Some(" . ")).as_deref(), Some("An"));
        assert_eq!(full_name(Some(" "), Some("-"), None), None);
        assert_eq!(full_name(None, None, None), None);
    }

    #[test]
    fn the_family_name_list_holds_keys_without_repeats() {
        for (at, name) in FAMILY_NAMES.iter().enumerate() {
            assert_eq!(rank_of_family_name(name), Some(at), "{name}");
            assert!(is_vietnamese_syllable(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(a in ".{0,40}|[A-Za-zÀ-ỹ ]{0,30}", b in ".{0,40}|[A-Za-zÀ-ỹ ]{0,30}") {
            if let Some(names) = given_names(&a) {
                prop_assert!(names.long.ends_with(&names.short) && !names.short.contains(' '));
            }
            if let Some(whole) = full_name(Some(&a), Some(&b), None) {
                prop_assert!(whole.chars().count() <= NAME_CHARS_MAX);
                prop_assert_eq!(full_name(Some(&whole), None, None), Some(whole.clone()));
            }
        }
    }
}
