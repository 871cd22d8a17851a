//! Whether somebody who writes back wants no more advertisements.

use crate::normalise::text::{clean, nfc, strip_marks};

/// Words that mean stop, without spaces; they stop when they are the whole message. `dung` and `huy` are here as
/// phones without marks write `dừng` and `hủy`: whoever writes with marks is taken at their word, for `đúng` means yes.
const STOPS: [&str; 12] = [
    "tc",
    "tuchoi",
    "huy",
    "dung",
    "ngung",
    "stop",
    "stopall",
    "unsubscribe",
    "optout",
    "cancel",
    "end",
    "quit",
];

/// The keywords after which Vietnamese networks expect the name of the brand: `TC ANPHO`.
const BEFORE_A_BRAND: [&str; 4] = ["tc", "tuchoi", "stop", "unsubscribe"];

/// What can follow the other words without turning them into something else.
const ABOUT_ADVERTISEMENTS: [&str; 18] = [
    "qc",
    "quangcao",
    "dk",
    "dangky",
    "tin",
    "tinnhan",
    "nhantin",
    "guitin",
    "nhan",
    "gui",
    "nhanqc",
    "guiqc",
    "nhanquangcao",
    "guiquangcao",
    "tinqc",
    "tinquangcao",
    "tatca",
    "all",
];

/// Who writes `TU CHOI DON` or `TC GIAO HANG` speaks about an order, and who writes `TC LA GI` asks.
const NO_BRANDS: [&str; 25] = [
    "don", "dh", "hang", "order", "giao", "ship", "mua", "lich", "hen", "thanh", "toan", "goi", "doi", "tra",
    "o", "la", "gi", "sao", "nao", "khong", "chua", "dau", "duoc", "at", "by",
];

/// A brand's name has so many words at most.
const BRAND_WORDS_MAX: usize = 2;

/// `TC`, `Từ chối`, `STOP`, `TC ANPHO`, `HUY QC` and the like, in any case, with or without marks and punctuation.
/// A sentence that merely contains such a word is no stop: the shop reads it.
pub fn is_stop(text: &str) -> bool {
    let text = nfc(&clean(text, 200)).to_lowercase();
    let marked: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let plain: Vec<String> = marked.iter().map(|word| strip_marks(word)).collect();
    // `T.C`, `TU CHOI`, `un-subscribe`: the keyword can be written in several pieces.
    (1..=plain.len().min(4)).any(|pieces| {
        let keyword: String = plain[..pieces].concat();
        let (is_keyword, rest) = (STOPS.contains(&keyword.as_str()), &plain[pieces..]);
        is_keyword
            && is_meant(&keyword, &marked[..pieces].concat())
            && (rest.is_empty()
                || ABOUT_ADVERTISEMENTS.contains(&rest.concat().as_str()) && is_vietnamese(&keyword)
                || BEFORE_A_BRAND.contains(&keyword.as_str())
                    && rest.len() <= BRAND_WORDS_MAX
                    && !rest.iter().any(|word| NO_BRANDS.contains(&word.as_str())))
    })
}

fn is_vietnamese(keyword: &str) -> bool {
    ["tc", "tuchoi", "huy", "dung", "ngung"].contains(&keyword)
}

/// With marks a word is what it says: `dừng` is stop, `đúng` is yes, `dùng` is use.
fn is_meant(keyword: &str, marked: &str) -> bool {
    marked == keyword
        || match keyword {
            "dung" => marked == "dừng",
            "huy" => ["hủy", "huỷ"].contains(&marked),
            "ngung" => ["ngừng", "ngưng"].contains(&marked),
            "tuchoi" => marked == "từchối",
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::is_stop;

    #[test]
    fn a_word_alone_stops() {
        for text in [
            "TC",
            "tc.",
            "T.C",
            " tc\n",
            "“TC”",
            "TC!!!",
            "TUCHOI",
            "TU CHOI",
            "Từ chối",
            "từ chối.",
            "Tu\u{300}\u{31b} chô\u{301}i",
            "HUY",
            "Hủy",
            "Huỷ",
            "DUNG",
            "Dừng",
            "dừng!",
            "Ngừng",
            "STOP",
            " stop! ",
            "StopAll",
            "stop all",
            "Unsubscribe",
            "un-subscribe",
            "OPT OUT",
            "cancel",
            "quit",
            "END",
            "STOP 🙏",
            "\u{200b}STOP",
        ] {
            assert!(is_stop(text), "{text}");
        }
    }

    #[test]
    fn a_brand_or_what_it_is_about_may_follow() {
        for text in [
            "TC ANPHO",
            "tc anpho.",
            "TC Bánh Mây",
            "TUCHOI ANPHO",
            "Từ chối ANPHO",
            "TU CHOI QC",
            "STOP ANPHO",
            "stop sms",
            "HUY QC",
            "Hủy quảng cáo",
            "hủy đăng ký",
            "huy dk",
            "dừng gửi tin",
            "Dừng nhận tin",
            "ngừng gửi quảng cáo",
            "Từ chối nhận tin",
            "unsubscribe me",
        ] {
            assert!(is_stop(text), "{text}");
        }
    }

    #[test]
    fn other_words_and_sentences_do_not_stop() {
        for text in [
            "",
            "  ",
            "…",
            "🙏",
            "OK",
            "Cảm ơn shop",
            "tcp",
            "stopped",
            "Đúng",
            "đúng rồi shop",
            "Đúng rồi",
            "dùng",
            "đứng",
            "Dũng",
            "dung roi",
            "hủy đơn",
            "huy don giup em",
            "Huy Hoàng",
            "Từ chối nhận hàng",
            "TC giao hang",
            "tu choi don",
            "TC là gì",
            "đừng huỷ đơn của mình nhé",
            "Shop gửi hàng chưa, stop ở đâu?",
            "stop ở đâu",
            "Please don't stop",
            "cancel my order",
            "the end",
            "end of season?",
            "Anh muốn dừng nhận tin nhưng vẫn mua hàng",
            "bỏ",
            "Tôi chưa nhận được hàng, TC là gì vậy shop",
        ] {
            assert!(!is_stop(text), "{text}");
        }
    }
}
