use super::{Choices, ReadError, unpacked};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1258};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// How much of a file is looked at.
const LOOKED_AT_BYTES: u64 = 1 << 20;
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];
/// Rows by which a separator is judged.
const ROWS_LOOKED_AT: usize = 50;

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Csv,
    Xlsx,
    JsonLines,
}

/// What a file looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Sniffed {
    pub format: Format,
    pub gz: bool,
    pub encoding: &'static Encoding,
    pub separator: Option<char>,
}

impl Sniffed {
    /// Windows-1258 writes tone marks as letters of their own.
    pub fn needs_composing(&self) -> bool {
        self.encoding == WINDOWS_1258
    }
}

pub fn sniff(path: &Path, choices: &Choices) -> Result<Sniffed, ReadError> {
    let read = Arc::new(AtomicU64::new(0));
    let mut head = Vec::new();
    unpacked(path, false, &read)?.take(8).read_to_end(&mut head)?;
    let gz = head.starts_with(&[0x1f, 0x8b]);
    head.clear();
    unpacked(path, gz, &read)?.take(LOOKED_AT_BYTES).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(ReadError::Empty);
    }
    if head.starts_with(b"PK\x03\x04") {
        if gz {
            return Err(ReadError::Sheet("unpack the .gz first".into()));
        }
        return Ok(Sniffed { format: Format::Xlsx, gz, encoding: UTF_8, separator: None });
    }
    if head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(ReadError::NotText("an old Excel file, .xls".into()));
    }
    if head.starts_with(b"%PDF") || head.starts_with(b"\x89PNG") || head.starts_with(b"PAR1") {
        return Err(ReadError::NotText("a PDF, a picture or a Parquet file".into()));
    }
    let whole = (head.len() as u64) < LOOKED_AT_BYTES;
    let encoding = match &choices.encoding {
        Some(name) => {
            Encoding::for_label(name.as_bytes()).ok_or_else(|| ReadError::EncodingUnknown(name.clone()))?
        }
        None => encoding_of(&head, whole)?,
    };
    let (text, encoding, _) = encoding.decode(&head);
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{1a}' | '\0' | '\u{80}'..='\u{9f}'))
    {
        return Err(ReadError::NotText("it holds control characters".into()));
    }
    if choices.separator.is_none() && text.trim_start().starts_with('{') {
        return Ok(Sniffed { format: Format::JsonLines, gz, encoding, separator: None });
    }
    let separator = choices.separator.unwrap_or_else(|| separator_of(&text));
    if !separator.is_ascii() {
        return Err(ReadError::NotText("a separator is one ASCII character".into()));
    }
    Ok(Sniffed { format: Format::Csv, gz, encoding, separator: Some(separator) })
}

fn encoding_of(head: &[u8], whole: bool) -> Result<&'static Encoding, ReadError> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    match std::str::from_utf8(head) {
        Ok(text) if !text.contains('\0') => return Ok(UTF_8),
        // The last character may be cut in two.
        Err(error) if !whole && error.error_len().is_none() => return Ok(UTF_8),
        _ => {}
    }
    let zeros = |odd: usize| {
        let bytes = head.iter().skip(odd).step_by(2);
        bytes.clone().filter(|byte| **byte == 0).count() * 10 / bytes.count().max(1)
    };
    match (zeros(0), zeros(1)) {
        (0..=1, 3..) => return Ok(UTF_16LE),
        (3.., 0..=1) => return Ok(UTF_16BE),
        _ if head.contains(&0) => return Err(ReadError::NotText("it holds zero bytes".into())),
        _ => {}
    }
    let broken = std::str::from_utf8(head).err().map_or(head.len(), |error| error.valid_up_to());
    let longer = head.iter().filter(|byte| **byte >= 0x80).count();
    let well_formed = String::from_utf8_lossy(head);
    let lost = well_formed.chars().filter(|c| *c == '\u{fffd}').count();
    if longer > 20 && lost * 20 < longer && broken > 0 {
        // UTF-8 with a few broken bytes: the rows that hold them are told.
        return Ok(UTF_8);
    }
    let (vietnamese, western) = marks(head);
    if vietnamese > western {
        return Ok(WINDOWS_1258);
    }
    let text = WINDOWS_1252.decode_without_bom_handling(head).0;
    let letters = text.chars().filter(|c| c.is_alphabetic()).count().max(1);
    let odd = odd_inside_words(&text);
    if odd * 50 > letters {
        let what = "it looks like TCVN3, VNI or another old Vietnamese font encoding";
        return Err(ReadError::NotText(what.into()));
    }
    Ok(WINDOWS_1252)
}

/// How much speaks for Windows-1258 (tone marks behind vowels, đ ơ ư) and how much for Windows-1252.
fn marks(head: &[u8]) -> (usize, usize) {
    let is_vowel = |byte: u8| {
        b"aeiouyAEIOUY".contains(&byte)
            || matches!(
                byte,
                0xe2 | 0xe3 | 0xea | 0xf4 | 0xf5 | 0xfd | 0xc2 | 0xc3 | 0xca | 0xd4 | 0xd5 | 0xdd
            )
    };
    let (mut vietnamese, mut western) = (0, 0);
    for pair in head.windows(2) {
        match pair[1] {
            0xcc | 0xd2 | 0xde | 0xec | 0xf2 if is_vowel(pair[0]) => vietnamese += 2,
            0xf0 | 0xd0 if !pair[0].is_ascii_alphabetic() => vietnamese += 1,
            0xfd | 0xf5 if pair[0].is_ascii_alphabetic() => vietnamese += 1,
            0xcc | 0xd2 | 0xde | 0xec | 0xf2 | 0xf1 | 0xe8 | 0xe9 | 0xe0 | 0xfc | 0xf6 | 0xe4 | 0xdf
            | 0xe7 => western += 1,
            _ => {}
        }
    }
    (vietnamese, western)
}

/// Signs that stand between letters only where the encoding was guessed wrong.
fn odd_inside_words(text: &str) -> usize {
    let chars: Vec<char> = text.chars().take(200_000).collect();
    let odd = |c: char| matches!(c, '\u{80}'..='\u{bf}' | '†' | '‡' | '‰' | '×' | '÷');
    chars
        .windows(2)
        .filter(|pair| {
            pair[0].is_alphabetic()
                && odd(pair[1])
                && !matches!(pair[1], '\u{a0}' | '·' | '»' | '®' | '°' | '²' | '³')
        })
        .count()
}

/// The separator under which the rows have the same number of columns, and the most of them.
fn separator_of(text: &str) -> char {
    let score = |separator: char| -> (usize, usize) {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator as u8)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let widths: Vec<usize> =
            reader.records().take(ROWS_LOOKED_AT).map_while(Result::ok).map(|r| r.len()).collect();
        let Some(first) = widths.first().copied().filter(|width| *width > 1) else { return (0, 0) };
        let same = widths.iter().filter(|width| **width == first).count();
        (same * 100 / widths.len(), first)
    };
    let best = SEPARATORS.iter().map(|separator| (score(*separator), *separator));
    // The earlier one of two that are as good.
    best.fold(((0, 0), ','), |held, next| if next.0 > held.0 { next } else { held }).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let check = |bytes: &[u8], expect: Result<&'static Encoding, ()>| {
            assert_eq!(encoding_of(bytes, true).map_err(|_| ()), expect, "{bytes:?}");
        };
        let text = "Tên khách,Địa chỉ\nNguyễn Thị Hường,Đường Trần Hưng Đạo\nVõ Văn Tường,Quận Bình Thạnh\n";
        check(text.as_bytes(), Ok(UTF_8));
        check(&[b"\xef\xbb\xbf", text.as_bytes()].concat(), Ok(UTF_8));
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&[b"\xff\xfe", utf16.as_slice()].concat(), Ok(UTF_16LE));
        check(&"a,b\n1,2\n".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>(), Ok(UTF_16BE));
        let decomposed =
            "T\u{ea}n,\u{110}i\u{323}a chi\u{309}\nNguy\u{ea}\u{303}n Thi\u{323} H\u{1b0}\u{300}ng";
        let (cp1258, _, lost) = WINDOWS_1258.encode(decomposed);
        assert!(!lost);
        check(&cp1258, Ok(WINDOWS_1258));
        let (cp1252, _, _) = WINDOWS_1252.encode("Name,City\nJosé Muñoz,Málaga\nJürgen Weiß,Köln\n");
        check(&cp1252, Ok(WINDOWS_1252));
        // TCVN3: "Nguyễn Thị Hường, Trần Đức Thắng" in the bytes of an ABC font.
        let tcvn3 = b"Nguy\xd4n Th\xde H\xad\xeang,Tr\xc7n \xa7\xf8c Th\xbeng,C\xb8c m\xb7t h\xb5ng b\xb8n ch\xb9y,m\xb8y t\xddnh,qu\xb6 t\xc6ng\n".repeat(4);
        check(&tcvn3, Err(()));
        check(&[0, 1, 2, 3, 200, 0, 7], Err(()));
    }

    #[test]
    fn separators_are_found() {
        let check = |text: &str, expect: char| assert_eq!(separator_of(text), expect, "{text}");
        check("a,b,c\n1,2,3\n", ',');
        check("a;b;c\n1,5;2,5;3,5\n", ';');
        check("a\tb\n1,2\t3\n", '\t');
        check("a|b|c\n\"x|y\"|2|3\n", '|');
        check("name\nAn\n", ',');
        check("\"a;b\",c\n\"d;e\",f\n", ',');
    }
}
