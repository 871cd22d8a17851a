//! What a text message costs: its alphabet, its units, its parts, and what the law adds to an advertisement.

use crate::delivery::MessageClass;
use crate::normalise::text::{nfc, strip_marks};
use serde::{Deserialize, Serialize};

crate::words::words! {
    /// How the characters of a text message are written.
    Alphabet {
        /// Seven bits a character: 160 in one part, 153 in each of several.
        Gsm7 = "gsm7",
        /// Sixteen bits: 70 in one part, 67 in each of several. Vietnamese with its marks needs it.
        Ucs2 = "ucs2",
    }
}

crate::words::words! {
    /// What becomes of the marks of Vietnamese, which make a text message cost more than twice as much.
    Marks {
        Keep = "keep",
        /// `Giảm giá` goes out as `Giam gia`; so do typographic dashes, quotes and spaces. An emoji stays.
        Strip = "strip",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro of closed lists derives no default")]
impl Default for Marks {
    fn default() -> Marks {
        Marks::Keep
    }
}

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED: &str = "{}[]~^|\\€\u{c}";

/// Parts that gateways in Vietnam take at most; beyond it a text is cut or refused.
pub const PARTS_MAX: usize = 4;

/// How many parts a shop pays for at most, by the class of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartsMax {
    /// From 1 to [`PARTS_MAX`].
    pub care: u8,
    /// From 1 to [`PARTS_MAX`].
    pub advertising: u8,
}

impl Default for PartsMax {
    fn default() -> PartsMax {
        PartsMax { care: PARTS_MAX as u8, advertising: PARTS_MAX as u8 }
    }
}

impl PartsMax {
    pub fn of(self, class: MessageClass) -> usize {
        usize::from(match class {
            MessageClass::Care => self.care,
            MessageClass::Advertising => self.advertising,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    pub alphabet: Alphabet,
    /// Septets or 16-bit units.
    pub units: usize,
    pub parts: usize,
    /// Units that the last part still takes.
    pub left: usize,
    /// Characters that GSM-7 lacks, each once, in the order of their first use.
    pub beyond: Vec<char>,
}

fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENDED.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// Measures a text as networks bill it, after it was composed (NFC).
pub fn measure(text: &str) -> Measured {
    let text = nfc(text);
    let mut beyond: Vec<char> = Vec::new();
    for c in text.chars().filter(|c| septets(*c).is_none()) {
        if !beyond.contains(&c) {
            beyond.push(c);
        }
    }
    let alphabet = if beyond.is_empty() { Alphabet::Gsm7 } else { Alphabet::Ucs2 };
    let sizes: Vec<usize> = match alphabet {
        Alphabet::Gsm7 => text.chars().filter_map(septets).collect(),
        Alphabet::Ucs2 => text.chars().map(char::len_utf16).collect(),
    };
    let (single, several) = match alphabet {
        Alphabet::Gsm7 => (160, 153),
        Alphabet::Ucs2 => (70, 67),
    };
    let units: usize = sizes.iter().sum();
    if units <= single {
        return Measured { alphabet, units, parts: usize::from(units > 0), left: single - units, beyond };
    }
    // A character of two units is not cut in two.
    let (mut parts, mut used) = (1, 0);
    for size in sizes {
        if used + size > several {
            parts += 1;
            used = 0;
        }
        used += size;
    }
    Measured { alphabet, units, parts, left: several - used, beyond }
}

/// An advertisement as it goes out: the label at its start and the way out at its end, each once.
pub fn dressed(text: &str, is_marketing: bool, opt_out: &str) -> String {
    let text = text.trim();
    if !is_marketing {
        return text.to_owned();
    }
    let mut out = String::new();
    if !["[QC]", "[AD]"].iter().any(|label| text.starts_with(label)) {
        out.push_str("[QC] ");
    }
    out.push_str(text);
    let opt_out = opt_out.trim();
    if !opt_out.is_empty() && !text.contains(opt_out) {
        if !out.ends_with(['.', '!', '?', ' ']) {
            out.push('.');
        }
        out.push(' ');
        out.push_str(opt_out);
    }
    out
}

/// A text as it goes out: what the law asks around it, then composed (NFC) or without its marks.
pub fn outgoing(text: &str, class: MessageClass, marks: Marks, opt_out: &str) -> String {
    let text = dressed(text, class == MessageClass::Advertising, opt_out);
    match marks {
        Marks::Keep => nfc(&text),
        Marks::Strip => strip_marks(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_as_networks_bill_them() {
        let check = |text: String, alphabet: Alphabet, units: usize, parts: usize| {
            let measured = measure(&text);
            assert_eq!(
                (measured.alphabet, measured.units, measured.parts),
                (alphabet, units, parts),
                "{text:.20}"
            );
        };
        for (length, parts) in [(0, 0), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (460, 4)] {
            check("a".repeat(length), Alphabet::Gsm7, length, parts);
        }
        for (length, parts) in [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (202, 4)] {
            check("ư".repeat(length), Alphabet::Ucs2, length, parts);
        }
        // The label of the law takes six, not four.
        check("[QC]".into(), Alphabet::Gsm7, 6, 1);
        check("{}[]~^|\\€".into(), Alphabet::Gsm7, 18, 1);
        // A sign of two is not cut: 152 and a bracket do not fit into 153.
        check(format!("{}[{}", "a".repeat(152), "b".repeat(152)), Alphabet::Gsm7, 306, 3);
        check("àèéìòùñÉÑ".into(), Alphabet::Gsm7, 9, 1);
        for c in "áýâôãõúđêơưăÀÈ₫–…".chars() {
            check(c.to_string(), Alphabet::Ucs2, 1, 1);
        }
        check("🎁".into(), Alphabet::Ucs2, 2, 1);
        // An emoji is not cut either.
        check(format!("{}🎁{}", "ư".repeat(66), "ư".repeat(66)), Alphabet::Ucs2, 134, 3);
        // Decomposed letters are composed before they are counted.
        check("e\u{300}".into(), Alphabet::Gsm7, 1, 1);
    }

    #[test]
    fn what_is_left_of_the_last_part() {
        let left = |text: &str| measure(text).left;
        assert_eq!(left(""), 160);
        assert_eq!(left("abc"), 157);
        assert_eq!(left("ư"), 69);
        assert_eq!(left(&"a".repeat(161)), 153 * 2 - 161);
        assert_eq!(measure("ưa₫ư").beyond, ['ư', '₫']);
    }

    #[test]
    fn without_marks_seven_bits_are_enough() {
        let bare = crate::normalise::text::strip_marks("Ưu đãi đặc biệt – chỉ 199.000\u{a0}₫ cho chị Hằng…");
        assert_eq!(measure(&bare).alphabet, Alphabet::Gsm7);
    }

    #[test]
    fn an_advertisement_is_labelled_once() {
        let check =
            |text: &str, expect: &str| assert_eq!(dressed(text, true, "TC: gui STOP den 8xxx"), expect);
        check("Giam 20%", "[QC] Giam 20%. TC: gui STOP den 8xxx");
        check("[QC] Giam 20%! TC: gui STOP den 8xxx", "[QC] Giam 20%! TC: gui STOP den 8xxx");
        assert_eq!(dressed(" Don hang da giao ", false, "STOP"), "Don hang da giao");
        assert_eq!(dressed("Xin chao", true, ""), "[QC] Xin chao");
    }

    #[test]
    fn marks_are_a_choice() {
        let check = |text: &str, class, marks, expect: &str| {
            assert_eq!(outgoing(text, class, marks, "Từ chối: soạn TC gửi 8xxx"), expect);
        };
        use MessageClass::{Advertising, Care};
        check("Đơn của chị Hằng đã giao", Care, Marks::Keep, "Đơn của chị Hằng đã giao");
        check("Đơn của chị Hằng đã giao", Care, Marks::Strip, "Don cua chi Hang da giao");
        check("Gia\u{309}m 20%", Advertising, Marks::Keep, "[QC] Giảm 20%. Từ chối: soạn TC gửi 8xxx");
        check(
            "Giảm 20% – chỉ 99.000\u{a0}₫!",
            Advertising,
            Marks::Strip,
            "[QC] Giam 20% - chi 99.000 d! Tu choi: soan TC gui 8xxx",
        );
        let stripped = outgoing("Ưu đãi “đặc biệt”…", Advertising, Marks::Strip, "Từ chối: TC");
        assert_eq!(measure(&stripped).alphabet, Alphabet::Gsm7, "{stripped}");
        assert_eq!(serde_json::from_str::<Marks>("\"strip\"").unwrap(), Marks::Strip);
    }

    #[test]
    fn parts_are_bounded_by_class() {
        let bounds: PartsMax = serde_json::from_str(r#"{"advertising":2}"#).unwrap();
        assert_eq!((bounds.of(MessageClass::Care), bounds.of(MessageClass::Advertising)), (PARTS_MAX, 2));
    }
}
