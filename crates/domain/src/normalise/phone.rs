//! Phone numbers to E.164, with the habits of Vietnamese shops and the damage of spreadsheets undone.

use phonenumber::{Mode, Type, country, metadata::DATABASE};
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;

/// The country that a number without a country code belongs to (ISO 3166-1 alpha-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region(country::Id);

impl Region {
    pub const VN: Region = Region(country::Id::VN);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a region is a country code of two capital letters, such as VN")]
pub struct RegionError;

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        text.trim().to_ascii_uppercase().parse().map(Region).map_err(|_| RegionError)
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PhoneNumber {
    /// `+`, the country code and the national number: digits only, at most 15.
    pub e164: String,
    /// False for a Vietnamese mobile range that the numbering metadata does not know (parts of 05x): worth
    /// keeping and trying, not worth trusting.
    pub verified: bool,
}

impl PhoneNumber {
    /// The number as Zalo, eSMS and Meta want it: E.164 without the `+`.
    pub fn without_plus(&self) -> &str {
        self.e164.trim_start_matches('+')
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.e164)
    }
}

/// Why a text is no phone number. No message repeats the text: it may be somebody's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum PhoneError {
    #[error("no phone number given")]
    Empty,
    #[error("the phone number is masked")]
    Masked,
    #[error("a made-up phone number")]
    Placeholder,
    /// `8.49E+10`: the last digits are gone; the source column must be exported again as text.
    #[error("the spreadsheet turned the phone number into scientific notation")]
    Scientific,
    #[error("more than one phone number")]
    Several,
    #[error("too few digits for a phone number")]
    TooShort,
    #[error("too many digits for a phone number")]
    TooLong,
    #[error("characters that no phone number has")]
    NotANumber,
    #[error("no such phone number exists")]
    Invalid,
    /// Toll-free, premium-rate and shared-cost numbers (1800, 1900): a shop's line, never a customer's.
    #[error("a hotline, not a person's phone number")]
    Hotline,
}

/// Longest raw text looked at, in characters; a longer one is not a phone number.
const RAW_CHARS_MAX: usize = 64;
/// ITU-T E.164: country code and national number together.
const E164_DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 7;

/// The E.164 form of `raw`.
///
/// A number without a country code belongs to `default_region`, or carries that region's code without its `+`
/// (`84901234567`). Nothing else is guessed: eleven digits of unknown origin could be somebody else's phone.
/// For Vietnam also `0084`, `840`, `084` before the rest, a leading 0 that a spreadsheet dropped, `.0` that it
/// added, an apostrophe in front, and mobile numbers from before the renumbering of 2018.
///
/// A number of one repeated digit counts as made up although a few such numbers are sold at auction: a junk
/// number merges every customer who typed it, a refused one costs a channel.
pub fn normalise(raw: &str, default_region: Region) -> Result<PhoneNumber, PhoneError> {
    let (plus, digits) = read_digits(raw)?;
    if is_made_up(digits.trim_start_matches('0'), digits.len()) {
        return Err(PhoneError::Placeholder);
    }
    let (international, digits) = match digits.strip_prefix("00") {
        Some(rest) => (true, rest),
        // No country code begins with 0, so the plus before a national number is an ornament.
        None => (plus && !digits.starts_with('0'), digits.as_str()),
    };
    if digits.len() < DIGITS_MIN {
        return Err(PhoneError::TooShort);
    }
    if digits.len() > E164_DIGITS_MAX {
        return Err(PhoneError::TooLong);
    }
    if international {
        match digits.strip_prefix("84") {
            Some(national) => vietnamese(national),
            None => foreign(None, &format!("+{digits}")),
        }
    } else if default_region == Region::VN {
        vietnamese(without_country_code(digits))
    } else {
        foreign(Some(default_region.0), digits)
    }
}

/// Digits and whether a plus stood before them.
fn read_digits(raw: &str) -> Result<(bool, String), PhoneError> {
    if raw.chars().nth(RAW_CHARS_MAX).is_some() {
        return Err(PhoneError::NotANumber);
    }
    // Compatibility composition turns full-width digits and the full-width plus into ASCII.
    let text: String = raw.nfkc().filter(|c| !super::text::is_invisible(*c)).map(ascii_digit).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(PhoneError::Empty);
    }
    // Spreadsheets mark text by an apostrophe or wrap it as ="...".
    let text =
        text.trim_matches(|c: char| matches!(c, '\'' | '’' | '‘' | '`' | '"' | '=') || c.is_whitespace());
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    if is_masked(text) {
        return Err(PhoneError::Masked);
    }
    if is_scientific(text) {
        return Err(PhoneError::Scientific);
    }
    let full = |part: &str| part.bytes().filter(u8::is_ascii_digit).count() >= 9;
    if text.split(['/', ',', ';', '|', '\n']).filter(|part| full(part)).count() > 1 {
        return Err(PhoneError::Several);
    }
    let text = without_decimals(text);

    let mut plus = false;
    let mut digits = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() && !plus => plus = true,
            ' '
            | '.'
            | '-'
            | '('
            | ')'
            | '/'
            | ','
            | '['
            | ']'
            | '_'
            | '·'
            | '−'
            | '\u{2010}'..='\u{2015}' => {}
            c if c.is_whitespace() => {}
            _ => return Err(PhoneError::NotANumber),
        }
    }
    if digits.is_empty() {
        return Err(PhoneError::NotANumber);
    }
    Ok((plus, digits))
}

/// The decimal digit of other scripts as ASCII; compatibility composition leaves these alone.
fn ascii_digit(c: char) -> char {
    const ZEROS: [char; 10] = ['٠', '۰', '०', '০', '๐', '໐', '០', '၀', '༠', '߀'];
    let value = ZEROS.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|d| *d < 10));
    value.and_then(|d| char::from_digit(d, 10)).unwrap_or(c)
}

/// Marketplaces hide digits as `******12`, `61****7`, `09xxxxx567`. One `x` alone is an extension, not a mask.
fn is_masked(text: &str) -> bool {
    text.contains(['*', '•', '●', '∗', '#', '×'])
        || text.to_ascii_lowercase().replace([' ', '-', '.'], "").contains("xx")
}

fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let exponent = exponent.trim_start_matches(['+', '-']);
    let is_number = |s: &str, extra: &[char]| {
        !s.is_empty()
            && s.chars().all(|c| c.is_ascii_digit() || extra.contains(&c))
            && s.contains(|c: char| c.is_ascii_digit())
    };
    is_number(mantissa, &['.', ',', '+']) && is_number(exponent, &[])
}

/// `901234567.0` is a number cell printed as a float. A cell that kept its leading 0 was text, and there the
/// dot separates groups unless ten digits stand before it.
fn without_decimals(text: &str) -> &str {
    let Some((whole, decimals)) = text.split_once(['.', ',']) else { return text };
    let is_cell = whole.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit())
        && whole.len() >= if whole.starts_with('0') { 10 } else { 9 };
    if is_cell && !decimals.is_empty() && decimals.bytes().all(|b| b == b'0') { whole } else { text }
}

/// What people type when a form insists. `significant` has no leading zeros; `len` counts them.
fn is_made_up(significant: &str, len: usize) -> bool {
    const SEQUENCES: [&str; 4] = ["123456789", "1234567890", "12345678", "987654321"];
    let mut digits = significant.bytes();
    let first = digits.next();
    len >= DIGITS_MIN && (digits.all(|d| Some(d) == first) || SEQUENCES.contains(&significant))
}

/// The national part of digits that may begin with 84. The length decides: nine digits from 84 are a Vinaphone
/// number (084...) whose leading 0 was lost.
fn without_country_code(digits: &str) -> &str {
    match digits.strip_prefix("84") {
        Some(national) if digits.len() >= 11 => national,
        // People who are asked for 84... put it behind the 0 that they are used to.
        _ if digits.len() >= 12 && digits.starts_with("084") => &digits[3..],
        _ => digits,
    }
}

/// The renumbering from 2018-09-15 to 2019-06-30 of mobile numbers with eleven digits: the last seven stay.
const RENUMBERED: [(&str, &str); 18] = [
    ("120", "70"),
    ("121", "79"),
    ("122", "77"),
    ("123", "83"),
    ("124", "84"),
    ("125", "85"),
    ("126", "76"),
    ("127", "81"),
    ("128", "78"),
    ("129", "82"),
    ("162", "32"),
    ("163", "33"),
    ("164", "34"),
    ("165", "35"),
    ("166", "36"),
    ("167", "37"),
    ("168", "38"),
    ("169", "39"),
];
/// The same for Vietnamobile and Gmobile.
const RENUMBERED_SMALL: [(&str, &str); 3] = [("186", "56"), ("188", "58"), ("199", "59")];

fn vietnamese(national: &str) -> Result<PhoneNumber, PhoneError> {
    let national = national.strip_prefix('0').unwrap_or(national);
    if is_made_up(national.trim_start_matches('0'), national.len()) {
        return Err(PhoneError::Placeholder);
    }
    let renumbered = (national.len() == 10)
        .then(|| RENUMBERED.iter().chain(&RENUMBERED_SMALL).find(|(old, _)| national.starts_with(old)))
        .flatten()
        .map(|(_, new)| format!("{new}{}", &national[3..]));
    let national = renumbered.as_deref().unwrap_or(national);
    let e164 = format!("+84{national}");
    match foreign(None, &e164) {
        Ok(number) if number.e164 == e164 => Ok(number),
        // The metadata lists only the blocks of 05x known to be handed out when it was made; shops see others.
        Ok(_) | Err(PhoneError::Invalid) if national.len() == 9 && national.starts_with('5') => {
            Ok(PhoneNumber { e164, verified: false })
        }
        Ok(_) => Err(PhoneError::Invalid),
        Err(error) => Err(error),
    }
}

/// Validity by libphonenumber's metadata. `digits` has a plus exactly when `region` is absent.
fn foreign(region: Option<country::Id>, digits: &str) -> Result<PhoneNumber, PhoneError> {
    let read = |region, text: &str| phonenumber::parse(region, text).ok().filter(phonenumber::is_valid);
    let number = read(region, digits).ok_or(PhoneError::Invalid)?;
    if matches!(
        number.number_type(&DATABASE),
        Type::TollFree | Type::PremiumRate | Type::SharedCost | Type::Uan
    ) {
        return Err(PhoneError::Hotline);
    }
    let e164 = number.format().mode(Mode::E164).to_string();
    // The metadata reads national and carrier prefixes out of some plans. An identifier has to come back from
    // storage as itself, so a number whose stored form would be read differently is refused.
    let again = read(None, &e164).map(|number| number.format().mode(Mode::E164).to_string());
    if again.as_ref() != Some(&e164) {
        return Err(PhoneError::Invalid);
    }
    Ok(PhoneNumber { e164, verified: true })
}

/// A Vietnamese mobile network.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Carrier {
    Viettel,
    Vinaphone,
    Mobifone,
    Vietnamobile,
    Gmobile,
    Itel,
    Wintel,
}

impl Carrier {
    pub fn name(self) -> &'static str {
        match self {
            Carrier::Viettel => "Viettel",
            Carrier::Vinaphone => "Vinaphone",
            Carrier::Mobifone => "Mobifone",
            Carrier::Vietnamobile => "Vietnamobile",
            Carrier::Gmobile => "Gmobile",
            Carrier::Itel => "Itel",
            Carrier::Wintel => "Wintel",
        }
    }
}

/// The network that a Vietnamese mobile number was handed out by; `None` for fixed lines and other countries.
/// A hint for prices and reports only: numbers move between networks and keep their prefix.
pub fn carrier_hint(e164: &str) -> Option<Carrier> {
    let national = e164.strip_prefix("+84").filter(|n| n.len() == 9 && n.is_ascii())?;
    Some(match &national[..2] {
        "86" | "96" | "97" | "98" | "32" | "33" | "34" | "35" | "36" | "37" | "38" | "39" => Carrier::Viettel,
        "88" | "91" | "94" | "81" | "82" | "83" | "84" | "85" => Carrier::Vinaphone,
        "89" | "90" | "93" | "70" | "76" | "77" | "78" | "79" => Carrier::Mobifone,
        "92" | "52" | "56" | "58" => Carrier::Vietnamobile,
        "99" | "59" => Carrier::Gmobile,
        "87" => Carrier::Itel,
        "55" => Carrier::Wintel,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vn(raw: &str) -> Result<String, PhoneError> {
        normalise(raw, Region::VN).map(|n| n.e164)
    }

    #[test]
    fn one_number_written_in_many_ways() {
        for raw in [
            "0901234567",
            "+84901234567",
            "+84 90 123 45 67",
            "0084901234567",
            "84901234567",
            "840901234567",
            "084901234567",
            "+84 (0) 90-123-45-67",
            "(+84)901234567",
            "+0901234567",
            "901234567",
            "901234567.0",
            "84901234567.00",
            "0901234567.0",
            "901234567,0",
            "901,234,567",
            "'0901234567",
            "=\"0901234567\"",
            "tel:+84901234567",
            " 0901.234.567 ",
            "090\u{a0}123\u{200b}4567\u{202c}",
            "0901–234–567",
            "０９０１２３４５６７",
            "＋８４９０１２３４５６７",
            "٠٩٠١٢٣٤٥٦٧",
        ] {
            assert_eq!(vn(raw), Ok("+84901234567".into()), "{raw:?}");
        }
    }

    #[test]
    fn every_range_renumbered_in_2018() {
        for (old, new) in [
            ("0120", "+8470"),
            ("0121", "+8479"),
            ("0122", "+8477"),
            ("0126", "+8476"),
            ("0128", "+8478"),
            ("0123", "+8483"),
            ("0124", "+8484"),
            ("0125", "+8485"),
            ("0127", "+8481"),
            ("0129", "+8482"),
            ("0162", "+8432"),
            ("0163", "+8433"),
            ("0164", "+8434"),
            ("0165", "+8435"),
            ("0166", "+8436"),
            ("0167", "+8437"),
            ("0168", "+8438"),
            ("0169", "+8439"),
            ("0186", "+8456"),
            ("0188", "+8458"),
            ("0199", "+8459"),
        ] {
            let expect = Ok(format!("{new}7654321"));
            assert_eq!(vn(&format!("{old}7654321")), expect, "{old}");
            assert_eq!(vn(&format!("+84{}7654321", &old[1..])), expect, "{old} with country code");
            assert_eq!(vn(&format!("{}7654321", &old[1..])), expect, "{old} without its 0");
        }
        assert_eq!(vn("01681234567"), Ok("+84381234567".into()));
        assert_eq!(vn("01601234567"), Err(PhoneError::Invalid));
    }

    #[test]
    fn other_numbers() {
        let check = |raw: &str, expect: Result<&str, PhoneError>| {
            assert_eq!(vn(raw), expect.map(str::to_owned), "{raw:?}");
        };
        // Fixed lines have ten national digits.
        check("028 3812 3456", Ok("+842838123456"));
        check("2838123456", Ok("+842838123456"));
        check("+842438123456", Ok("+842438123456"));
        // Lost 0 before 84: Vinaphone, not a country code.
        check("841234567", Ok("+84841234567"));
        check("0841234567", Ok("+84841234567"));
        check("+1 202-456-1111", Ok("+12024561111"));
        check("001 202 456 1111", Ok("+12024561111"));
        check("+44 (0)20 7946 0018", Ok("+442079460018"));
        check("+39 06 6982 1234", Ok("+390669821234"));
        check("+82 10-2345-6789", Ok("+821023456789"));
        check("12024561111", Err(PhoneError::Invalid));
        check("8490123456", Err(PhoneError::Invalid));
        check("090123456", Err(PhoneError::Invalid));
        check("09012345678", Err(PhoneError::Invalid));
        check("0712345678", Err(PhoneError::Invalid));
        check("+999901234567", Err(PhoneError::Invalid));
        check("1900 6750", Err(PhoneError::Hotline));
        check("18001090", Err(PhoneError::Hotline));
        check("", Err(PhoneError::Empty));
        check(" \u{feff}\t", Err(PhoneError::Empty));
        check("113", Err(PhoneError::TooShort));
        check("0", Err(PhoneError::TooShort));
        check("+84 901 234 567 890 123", Err(PhoneError::TooLong));
        check("0901234567 ext 12", Err(PhoneError::NotANumber));
        check("0901234567 x12", Err(PhoneError::NotANumber));
        check("an@example.com", Err(PhoneError::NotANumber));
        check("090+1234567", Err(PhoneError::NotANumber));
        check("---", Err(PhoneError::NotANumber));
        check("0901234567\0", Err(PhoneError::NotANumber));
        check("0901234567/0912345678", Err(PhoneError::Several));
        check("0901234567, 0912345678", Err(PhoneError::Several));
        check("0901/234/567", Ok("+84901234567"));
        // A dot between groups is no decimal point.
        check("0901234.000", Ok("+84901234000"));
        check(&"9".repeat(10_000), Err(PhoneError::NotANumber));
    }

    #[test]
    fn masked_scientific_and_made_up() {
        for raw in [
            "******12",
            "61****7",
            "09xxxxx567",
            "84*****67",
            "090 XXX XX67",
            "****",
            "(+84)9******67",
            "090x.xxx.567",
        ] {
            assert_eq!(vn(raw), Err(PhoneError::Masked), "{raw}");
        }
        for raw in ["8.49E+10", "8,49E+10", "8.49e10", "9E+08", "'8.49012E+10"] {
            assert_eq!(vn(raw), Err(PhoneError::Scientific), "{raw}");
        }
        for raw in [
            "0000000000",
            "1111111111",
            "0123456789",
            "0999999999",
            "+84999999999",
            "840000000000",
            "0987654321",
            "1234567890",
            "+84 123456789",
        ] {
            assert_eq!(vn(raw), Err(PhoneError::Placeholder), "{raw}");
        }
    }

    #[test]
    fn ranges_the_metadata_does_not_know_are_kept_unverified() {
        let check = |raw: &str, verified: bool| {
            let number = normalise(raw, Region::VN).unwrap();
            assert_eq!(
                (number.e164.as_str(), number.verified),
                (format!("+84{}", &raw[1..]).as_str(), verified),
                "{raw}"
            );
        };
        check("0521234567", false);
        check("0551234567", false);
        check("0571234567", false);
        check("0522345678", true);
        check("0559123456", true);
        check("0561234567", true);
        check("0901234567", true);
    }

    #[test]
    fn the_default_region_reads_national_numbers() {
        let check = |raw: &str, region: &str, expect: Result<&str, PhoneError>| {
            let found = normalise(raw, region.parse().unwrap()).map(|n| n.e164);
            assert_eq!(found, expect.map(str::to_owned), "{raw} {region}");
        };
        check("(202) 456-1111", "US", Ok("+12024561111"));
        check("020 7946 0018", "gb", Ok("+442079460018"));
        check("0084901234567", "US", Ok("+84901234567"));
        check("+84 168 123 4567", "TH", Ok("+84381234567"));
        check("081 234 5678", "TH", Ok("+66812345678"));
        assert_eq!("Vietnam".parse::<Region>(), Err(RegionError));
        assert_eq!("".parse::<Region>(), Err(RegionError));
    }

    #[test]
    fn carriers() {
        let check = |e164: &str, expect: Option<Carrier>| assert_eq!(carrier_hint(e164), expect, "{e164}");
        check("+84981234567", Some(Carrier::Viettel));
        check("+84321234567", Some(Carrier::Viettel));
        check("+84851234567", Some(Carrier::Vinaphone));
        check("+84901234567", Some(Carrier::Mobifone));
        check("+84561234567", Some(Carrier::Vietnamobile));
        check("+84591234567", Some(Carrier::Gmobile));
        check("+84871234567", Some(Carrier::Itel));
        check("+84559123456", Some(Carrier::Wintel));
        check("+842838123456", None);
        check("+12024561111", None);
        check("+84ệệệ", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_stays_itself(raw in ".{0,70}|[+0-9 .x*E()/-]{0,24}|\\+[1-9][0-9]{6,14}") {
            for region in [Region::VN, "US".parse().unwrap(), "IT".parse().unwrap()] {
                if let Ok(number) = normalise(&raw, region) {
                    prop_assert!(number.e164.len() <= 16 && number.e164.starts_with('+'));
                    prop_assert!(number.e164[1..].bytes().all(|b| b.is_ascii_digit()));
                    for again in [Region::VN, region] {
                        prop_assert_eq!(normalise(&number.e164, again), Ok(number.clone()));
                    }
                }
            }
        }

        #[test]
        fn vietnamese_mobiles_in_every_dress(prefix in "(3[2-9]|7[06-9]|8[1-8]|9[0-8])", rest in "[0-9]{7}") {
            let national = format!("{prefix}{rest}");
            prop_assume!(!is_made_up(&national, 9));
            let expect = Ok(format!("+84{national}"));
            for dress in ["0", "84", "+84", "0084", "840", "+840", "'0", ""] {
                prop_assert_eq!(vn(&format!("{dress}{national}")), expect.clone(), "{}", dress);
            }
        }
    }
}
