//! Whether somebody who writes back wants no more advertisements.

use crate::normalise::text::strip_marks;

/// Words that mean stop when they are the whole message, or its first word before the name of a brand.
const STOPS: &[&str] =
    &["tc", "tuchoi", "tu choi", "huy", "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "dung"];

/// `TC`, `Từ chối`, `STOP`, `HUY QC` and the like; a sentence that merely contains such a word is no stop.
pub fn is_stop(text: &str) -> bool {
    let plain = strip_marks(text).to_lowercase();
    let words: Vec<&str> =
        plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let whole = words.join(" ");
    STOPS.iter().any(|stop| {
        whole == *stop
            || words.len() <= stop.split(' ').count() + 1
                && whole.strip_prefix(stop).is_some_and(|rest| rest.starts_with(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::is_stop;

    #[test]
    fn a_word_alone_stops_and_a_sentence_does_not() {
        for text in ["TC", "tc.", "Từ chối", "TU CHOI", "STOP", "Huỷ", "hủy QC", "TC ANPHO", " stop! "] {
            assert!(is_stop(text), "{text}");
        }
        for text in ["", "Cảm ơn shop", "đừng huỷ đơn của mình nhé", "Shop gửi hàng chưa, stop ở đâu?", "tcp"] {
            assert!(!is_stop(text), "{text}");
        }
    }
}
