use std::fmt;
use std::str::FromStr;

/// An ISO 4217 code and with it the number of decimals of its minor unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const VND: Currency = Currency(*b"VND");
    pub const USD: Currency = Currency(*b"USD");

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the minor unit: 0 for the đồng, 2 for the dollar, 3 for the dinars (ISO 4217 table A.1).
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"VND" | b"JPY" | b"KRW" | b"CLP" | b"ISK" | b"PYG" | b"UGX" | b"RWF" | b"XAF" | b"XOF"
            | b"XPF" | b"VUV" | b"GNF" | b"KMF" | b"DJF" | b"BIF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.trim().as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|x| x.is_ascii_alphabetic()) => {
                Ok(Currency([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(MoneyError::Currency),
        }
    }
}

/// An amount in the minor unit of its currency (đồng, cents).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MoneyError {
    /// Not three letters.
    Currency,
    /// Not a number as people write it.
    Amount,
    /// Finer than the currency's minor unit, such as half a đồng.
    Fraction,
    /// Does not fit 64 bits of minor units.
    Range,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MoneyError::Currency => "a currency is three letters, such as VND",
            MoneyError::Amount => "not an amount of money",
            MoneyError::Fraction => "finer than the currency's smallest unit",
            MoneyError::Range => "too large an amount of money",
        })
    }
}

impl std::error::Error for MoneyError {}

impl Money {
    /// An amount as people and shops write it: `199000`, `199.000`, `199,000`, `199000.0`, `1.234.567,50`.
    /// A separator followed by exactly three digits groups thousands when the currency has no decimals or when
    /// it stands more than once; otherwise the last separator is the decimal point.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',') {
            return Err(MoneyError::Amount);
        }
        let exponent = currency.exponent();
        let last = digits.rfind(['.', ',']);
        let decimal_at = last.filter(|&at| {
            let separator = digits.as_bytes()[at];
            let tail = digits.len() - at - 1;
            let repeated = digits.bytes().filter(|b| *b == separator).count() > 1;
            let mixed = digits.bytes().any(|b| (b == b'.' || b == b',') && b != separator);
            !repeated && (tail != 3 || (exponent != 0 && (mixed || exponent == 3)))
        });
        let (whole, fraction) = match decimal_at {
            Some(at) => (&digits[..at], &digits[at + 1..]),
            None => (digits, ""),
        };
        let groups: Vec<&str> = whole.split(['.', ',']).collect();
        if groups.len() > 1 && groups[1..].iter().any(|group| group.len() != 3) {
            return Err(MoneyError::Amount);
        }
        let whole: String = groups.concat();
        if whole.is_empty() && fraction.is_empty() {
            return Err(MoneyError::Amount);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > exponent as usize {
            return Err(MoneyError::Fraction);
        }
        let padded = format!("{whole}{fraction:0<width$}", width = exponent as usize);
        let minor: i64 = padded.parse().map_err(|_| MoneyError::Range)?;
        Ok(Money { minor: if negative { -minor } else { minor }, currency })
    }

    /// A JSON number, rounded half away from zero to the minor unit: platforms send `119000.0000`.
    pub fn from_f64(value: f64, currency: Currency) -> Result<Money, MoneyError> {
        let minor = (value * 10f64.powi(currency.exponent() as i32)).round();
        if !minor.is_finite() {
            return Err(MoneyError::Amount);
        }
        if minor.abs() >= 9.0e15 {
            return Err(MoneyError::Range);
        }
        Ok(Money { minor: minor as i64, currency })
    }

    /// The amount in the currency's major unit, for templates and conditions; exact below 2^53 minor units.
    pub fn to_f64(self) -> f64 {
        self.minor as f64 / 10f64.powi(self.currency.exponent() as i32)
    }

    /// As the currency's home writes it: `1.234.567 ₫`; others in the English way with their code.
    pub fn display(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        let vietnamese = self.currency == Currency::VND;
        let separator = if vietnamese { '.' } else { ',' };
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        let sign = if self.minor < 0 { "-" } else { "" };
        match (vietnamese, exponent) {
            (true, _) => format!("{sign}{grouped}\u{a0}₫"),
            (false, 0) => format!("{sign}{grouped}\u{a0}{}", self.currency.code()),
            (false, _) => format!("{sign}{grouped}.{fraction}\u{a0}{}", self.currency.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_shops_write_them() {
        let check = |text: &str, currency: Currency, expect: Result<i64, MoneyError>| {
            assert_eq!(Money::parse(text, currency).map(|m| m.minor), expect, "{text} {currency:?}");
        };
        for text in ["199000", "199.000", "199,000", "199000.0", "199000.0000", " 199.000,0"] {
            check(text, Currency::VND, Ok(199_000));
        }
        check("1.234.567", Currency::VND, Ok(1_234_567));
        check("-50.000", Currency::VND, Ok(-50_000));
        check("0.5", Currency::VND, Err(MoneyError::Fraction));
        check("12.5", Currency::USD, Ok(1_250));
        check("1,234.56", Currency::USD, Ok(123_456));
        check("1.234,56", Currency::USD, Ok(123_456));
        check("1,234", Currency::USD, Ok(123_400));
        check("1.23.456", Currency::VND, Err(MoneyError::Amount));
        for text in ["", "abc", "1e5", ".", "-", "199k"] {
            check(text, Currency::VND, Err(MoneyError::Amount));
        }
        check("99999999999999999999", Currency::VND, Err(MoneyError::Range));
    }

    #[test]
    fn display_follows_the_home_of_the_currency() {
        assert_eq!(Money { minor: 1_234_567, currency: Currency::VND }.display(), "1.234.567\u{a0}₫");
        assert_eq!(Money { minor: -900, currency: Currency::VND }.display(), "-900\u{a0}₫");
        assert_eq!(Money { minor: 5, currency: Currency::USD }.display(), "0.05\u{a0}USD");
    }

    #[test]
    fn json_numbers_round_to_the_minor_unit() {
        assert_eq!(Money::from_f64(119_000.000_4, Currency::VND).map(|m| m.minor), Ok(119_000));
        assert_eq!(Money::from_f64(0.1 + 0.2, Currency::USD).map(|m| m.minor), Ok(30));
        assert_eq!(Money::from_f64(f64::NAN, Currency::USD), Err(MoneyError::Amount));
        assert_eq!(Money::from_f64(1e300, Currency::VND), Err(MoneyError::Range));
    }
}
