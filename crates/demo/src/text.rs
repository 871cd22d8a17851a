/// Vietnamese text as bare ASCII letters, for addresses and links: `Áo dài lụa Đũi` → `Ao dai lua Dui`.
/// Other characters stay as they are.
pub fn without_marks(text: &str) -> String {
    text.chars().map(bare).collect()
}

/// Lower-case ASCII words joined by hyphens, as a shop's links have them.
pub fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in without_marks(text).chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

/// The precomposed (NFC) letters of Vietnamese; all text of this crate is NFC.
fn bare(letter: char) -> char {
    const TABLE: [(char, &str); 14] = [
        ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
        ('e', "èéẻẽẹêềếểễệ"),
        ('i', "ìíỉĩị"),
        ('o', "òóỏõọôồốổỗộơờớởỡợ"),
        ('u', "ùúủũụưừứửữự"),
        ('y', "ỳýỷỹỵ"),
        ('d', "đ"),
        ('A', "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ"),
        ('E', "ÈÉẺẼẸÊỀẾỂỄỆ"),
        ('I', "ÌÍỈĨỊ"),
        ('O', "ÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ"),
        ('U', "ÙÚỦŨỤƯỪỨỬỮỰ"),
        ('Y', "ỲÝỶỸỴ"),
        ('D', "Đ"),
    ];
    if letter.is_ascii() {
        return letter;
    }
    TABLE.iter().find(|(_, marked)| marked.contains(letter)).map_or(letter, |(plain, _)| *plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_bare_ascii() {
        let check = |text: &str, expect: &str| assert_eq!(slug(text), expect);
        check("Áo dài lụa tơ tằm Hạ Đỏ", "ao-dai-lua-to-tam-ha-do");
        check("Khăn lụa 90 × 90 (hoạ tiết sen)", "khan-lua-90-90-hoa-tiet-sen");
        check("Quần ống rộng, lưng thun.", "quan-ong-rong-lung-thun");
    }
}
