//! What cells say: numbers, money, dates and yes-or-no as people and programs write them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use kit::{Currency, Timestamp};

/// Which mark stands before the decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notation {
    /// 1,234,567.89
    Point,
    /// 1.234.567,89
    Comma,
}

/// The order of day and month where both are numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayOrder {
    /// 31/12/2026
    Dmy,
    /// 12/31/2026
    Mdy,
    /// 2026-12-31
    Ymd,
}

/// A decimal number as it was written: `digits` times ten to the power of minus `scale`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    pub digits: i128,
    pub scale: u32,
}

/// Decimals that are kept exactly; finer ones are refused.
const SCALE_MAX: usize = 12;
const DIGITS_MAX: usize = 25;

impl Decimal {
    /// Reads a number in a notation. Spaces, apostrophes and a currency's sign or code around it are left out;
    /// brackets are a minus, as in accounts.
    pub fn read(text: &str, notation: Notation) -> Option<Decimal> {
        let mut body: String = text.trim().chars().filter(|c| !c.is_whitespace() && *c != '\'').collect();
        let mut negative = false;
        if let Some(inner) = body.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            negative = true;
            body = inner.to_owned();
        }
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+');
        let body = body.trim_matches(|c: char| !is_number(c));
        // 1.5e3, as programs write large and small numbers.
        let body = match body.strip_prefix('-') {
            Some(rest) => {
                negative = !negative;
                rest
            }
            None => body.strip_prefix('+').unwrap_or(body),
        };
        let (mantissa, exponent) = match body.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (body, 0),
        };
        let (group, point) = match notation {
            Notation::Point => (',', '.'),
            Notation::Comma => ('.', ','),
        };
        let (whole, fraction) = match mantissa.split_once(point) {
            Some((_, fraction)) if fraction.contains([point, group]) => return None,
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let groups: Vec<&str> = whole.split(group).collect();
        let grouped_well = groups.len() == 1
            || (groups[1..].iter().all(|part| part.len() == 3) && (1..=3).contains(&groups[0].len()));
        let digits = groups.concat() + fraction;
        if !grouped_well || digits.is_empty() || digits.len() > DIGITS_MAX || fraction.len() > SCALE_MAX {
            return None;
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut value = Decimal { digits: digits.parse().ok()?, scale: fraction.len() as u32 };
        if negative {
            value.digits = -value.digits;
        }
        match exponent {
            0 => {}
            1..=12 => value.digits = value.digits.checked_mul(10i128.pow(exponent as u32))?,
            -12..=-1 => value.scale += exponent.unsigned_abs(),
            _ => return None,
        }
        Some(value)
    }

    /// Rounded half away from zero to so many decimals.
    pub fn rounded(self, scale: u32) -> i128 {
        if self.scale <= scale {
            return self.digits.saturating_mul(10i128.pow(scale - self.scale));
        }
        let unit = 10i128.pow(self.scale - scale);
        let (whole, rest) = (self.digits / unit, self.digits % unit);
        whole + if rest.abs() * 2 >= unit { rest.signum() } else { 0 }
    }

    pub fn times(self, factor: i64) -> Decimal {
        Decimal { digits: self.digits.saturating_mul(i128::from(factor)), ..self }
    }

    /// In minor units of a currency, rounded half away from zero.
    pub fn minor(self, currency: Currency) -> Option<i64> {
        i64::try_from(self.rounded(currency.exponent())).ok()
    }

    /// Whole numbers only.
    pub fn whole(self) -> Option<i64> {
        let unit = 10i128.pow(self.scale);
        (self.digits % unit == 0).then(|| i64::try_from(self.digits / unit).ok()).flatten()
    }

    pub fn json(self) -> Option<serde_json::Value> {
        if let Some(whole) = self.whole() {
            return Some(whole.into());
        }
        // The decimal text is what the nearest binary number is taken from; nothing is computed with it.
        let text = format!("{}e-{}", self.digits, self.scale);
        serde_json::Number::from_f64(text.parse().ok()?).map(serde_json::Value::Number)
    }
}

/// What the numbers of a column tell of its notation: values that can only be read one way.
#[derive(Clone, Copy, Default, Debug)]
pub struct NumberEvidence {
    pub point: u32,
    pub comma: u32,
    pub numbers: u32,
    pub others: u32,
}

impl NumberEvidence {
    pub fn see(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let (point, comma) = (Decimal::read(text, Notation::Point), Decimal::read(text, Notation::Comma));
        match (point, comma) {
            (None, None) => self.others += 1,
            (Some(_), None) => (self.point, self.numbers) = (self.point + 1, self.numbers + 1),
            (None, Some(_)) => (self.comma, self.numbers) = (self.comma + 1, self.numbers + 1),
            (Some(_), Some(_)) => self.numbers += 1,
        }
    }

    /// The notation, and whether anything told it. Where nothing does (1.234), it is that of the currency's home:
    /// no đồng has decimals.
    pub fn verdict(&self, currency: Currency) -> (Notation, bool) {
        match self.point.cmp(&self.comma) {
            std::cmp::Ordering::Greater => (Notation::Point, true),
            std::cmp::Ordering::Less => (Notation::Comma, true),
            std::cmp::Ordering::Equal if currency == Currency::VND => (Notation::Comma, false),
            std::cmp::Ordering::Equal => (Notation::Point, false),
        }
    }
}

/// Which of three numbers is the day and which the month.
fn parts(text: &str) -> Option<(u32, u32, u32, usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '/' | '-' | '.'))?;
    let (date, rest) = text.split_at(end);
    let mut numbers = date.split(['/', '-', '.']);
    let (a, b, c) = (numbers.next()?, numbers.next()?, numbers.next()?);
    if numbers.next().is_some() {
        return None;
    }
    Some((a.parse().ok()?, b.parse().ok()?, c.parse().ok()?, a.len(), rest))
}

#[derive(Clone, Copy, Default, Debug)]
pub struct DateEvidence {
    pub dmy: u32,
    pub mdy: u32,
    pub dates: u32,
    pub others: u32,
}

impl DateEvidence {
    pub fn see(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let padded = format!("{text} ");
        match parts(&padded) {
            Some((_, _, _, 4, _)) => self.dates += 1,
            Some((a, b, _, _, _))
                if (1..=31).contains(&a) && (1..=31).contains(&b) && (a <= 12 || b <= 12) =>
            {
                self.dates += 1;
                self.dmy += u32::from(a > 12);
                self.mdy += u32::from(b > 12);
            }
            _ if domain::event::parse_instant(text).is_some() => self.dates += 1,
            _ => self.others += 1,
        }
    }

    /// The order, and whether a day above 12 told it. Without one it is the Vietnamese (and European) order.
    pub fn verdict(&self) -> (DayOrder, bool) {
        match self.dmy.cmp(&self.mdy) {
            std::cmp::Ordering::Greater => (DayOrder::Dmy, true),
            std::cmp::Ordering::Less => (DayOrder::Mdy, true),
            std::cmp::Ordering::Equal => (DayOrder::Dmy, false),
        }
    }
}

/// A date or a time of day on it, as a civil time or as an instant that the text itself fixes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum When {
    Date(Date),
    Civil(DateTime),
    Instant(Timestamp),
}

impl When {
    /// In the zone where the file was written. An hour that the clock skipped counts as the one after.
    pub fn instant(self, zone: &TimeZone) -> Option<Timestamp> {
        let civil = match self {
            When::Instant(at) => return Some(at),
            When::Date(date) => date.to_datetime(Time::midnight()),
            When::Civil(civil) => civil,
        };
        Some(Timestamp::from_ms(civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()))
    }

    pub fn date(self, zone: &TimeZone) -> Option<Date> {
        match self {
            When::Date(date) => Some(date),
            When::Civil(civil) => Some(civil.date()),
            When::Instant(at) => {
                let at = jiff::Timestamp::from_millisecond(at.ms()).ok()?;
                Some(at.to_zoned(zone.clone()).date())
            }
        }
    }
}

/// Reads a date, with or without a time of day, in an order of day and month; ISO 8601 in any order.
pub fn when(text: &str, order: DayOrder) -> Option<When> {
    let text = text.trim();
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(When::Instant(Timestamp::from_ms(at.as_millisecond())));
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        // Unix seconds or milliseconds; 8 digits are 20261231.
        let number: i64 = text.parse().ok()?;
        return match text.len() {
            8 => Date::new((number / 10_000) as i16, (number / 100 % 100) as i8, (number % 100) as i8)
                .ok()
                .map(When::Date),
            10 => Some(When::Instant(Timestamp::from_ms(number * 1_000))),
            13 => Some(When::Instant(Timestamp::from_ms(number))),
            _ => None,
        };
    }
    let padded = format!("{text} ");
    let (a, b, c, width, rest) = parts(&padded)?;
    let (year, month, day) = match (width, order) {
        (4, _) => (a, b, c),
        (_, DayOrder::Dmy) => (c, b, a),
        (_, DayOrder::Mdy) => (c, a, b),
        (_, DayOrder::Ymd) => (a, b, c),
    };
    let year = if year < 100 { year + if year < 70 { 2_000 } else { 1_900 } } else { year };
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let rest = rest.trim_start_matches(['T', ',']).trim();
    if rest.is_empty() {
        return Some(When::Date(date));
    }
    Some(When::Civil(date.to_datetime(time_of_day(rest)?)))
}

/// 9:05, 09:05:30.5, 9:05 PM, 9:05 SA, 21h05.
fn time_of_day(text: &str) -> Option<Time> {
    let lower = text.to_lowercase();
    let (clock, half) = match lower.split_once(|c: char| c.is_whitespace()) {
        Some((clock, half)) => (clock.to_owned(), half.trim().to_owned()),
        None => match lower.find(|c: char| c.is_alphabetic() && c != 'h') {
            Some(at) => (lower[..at].to_owned(), lower[at..].to_owned()),
            None => (lower.clone(), String::new()),
        },
    };
    let mut numbers = clock.split([':', 'h']).filter(|part| !part.is_empty());
    let mut hour: i8 = numbers.next()?.parse().ok()?;
    let minute: i8 = numbers.next().map_or(Some(0), |part| part.parse().ok())?;
    let second = numbers.next().unwrap_or("0");
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let second: i8 = second.parse().ok()?;
    let nanos: i32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    match half.as_str() {
        "" => {}
        "pm" | "ch" | "p.m." if hour < 12 => hour += 12,
        "pm" | "ch" | "p.m." => {}
        "am" | "sa" | "a.m." => hour %= 12,
        _ => return None,
    }
    Time::new(hour, minute, second, nanos).ok()
}

/// Yes or no, in English and Vietnamese.
pub fn yes(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "x" | "on" | "có" | "co" | "đúng" | "dung" | "đồng ý" | "dong y"
        | "subscribed" | "granted" | "opted in" | "opt-in" => Some(true),
        "0" | "false" | "no" | "n" | "off" | "không" | "khong" | "sai" | "từ chối" | "tu choi"
        | "unsubscribed" | "denied" | "opted out" | "opt-out" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Notation::{Comma, Point};

    #[test]
    fn numbers_in_both_notations() {
        let check = |text: &str, notation, expect: Option<(i128, u32)>| {
            assert_eq!(Decimal::read(text, notation).map(|d| (d.digits, d.scale)), expect, "{text}");
        };
        check("1,234,567.89", Point, Some((123_456_789, 2)));
        check("1.234.567,89", Comma, Some((123_456_789, 2)));
        check("1.234.567,89", Point, None);
        check("1.234", Point, Some((1_234, 3)));
        check("1.234", Comma, Some((1_234, 0)));
        check("199.000 ₫", Comma, Some((199_000, 0)));
        check("£12.75", Point, Some((1_275, 2)));
        check("(12.50)", Point, Some((-1_250, 2)));
        check("-3", Point, Some((-3, 0)));
        check("1 234,5", Comma, Some((12_345, 1)));
        check("12,34,56", Point, None);
        check("1e3", Point, Some((1_000, 0)));
        check("", Point, None);
        check("abc", Point, None);
        check("1.2.3", Point, None);
    }

    #[test]
    fn money_is_exact_and_rounds_half_away_from_zero() {
        let minor = |text: &str, code: &str| {
            Decimal::read(text, Point).unwrap().minor(code.parse().unwrap()).unwrap()
        };
        assert_eq!(minor("0.1", "USD"), 10);
        assert_eq!(minor("2.675", "USD"), 268);
        assert_eq!(minor("-2.675", "USD"), -268);
        assert_eq!(minor("1.0049", "USD"), 100);
        assert_eq!(minor("199000", "VND"), 199_000);
        assert_eq!(minor("90071992547409.93", "USD"), 9_007_199_254_740_993, "beyond what a float holds");
        assert_eq!(Decimal::read("0.001", Point).unwrap().times(3_000).minor(Currency::USD), Some(300));
    }

    #[test]
    fn a_column_tells_its_notation() {
        let see = |texts: &[&str]| {
            let mut evidence = NumberEvidence::default();
            texts.iter().for_each(|text| evidence.see(text));
            (evidence.verdict(Currency::USD), evidence.others)
        };
        assert_eq!(see(&["1.234", "5.5"]), ((Point, true), 0));
        assert_eq!(see(&["1.234", "5,5"]), ((Comma, true), 0));
        assert_eq!(see(&["1.234", "x"]), ((Point, false), 1));
        let mut vnd = NumberEvidence::default();
        vnd.see("199.000");
        assert_eq!(vnd.verdict(Currency::VND), (Comma, false));
    }

    #[test]
    fn dates_in_each_order() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let check = |text: &str, order, expect: Option<&str>| {
            let at = when(text, order).and_then(|at| at.instant(&zone));
            let expect = expect.map(|text| domain::event::parse_instant(text).unwrap());
            assert_eq!(at, expect, "{text}");
        };
        check("31/12/2026", DayOrder::Dmy, Some("2026-12-30T17:00:00Z"));
        check("12/31/2026 11:05 PM", DayOrder::Mdy, Some("2026-12-31T16:05:00Z"));
        check("31/12/2026", DayOrder::Mdy, None);
        check("2026-12-31 07:45:00", DayOrder::Mdy, Some("2026-12-31T00:45:00Z"));
        check("2026-12-31T07:45:00+07:00", DayOrder::Dmy, Some("2026-12-31T00:45:00Z"));
        check("31-12-26 9:05 CH", DayOrder::Dmy, Some("2026-12-31T14:05:00Z"));
        check("20261231", DayOrder::Dmy, Some("2026-12-30T17:00:00Z"));
        check("1798675200", DayOrder::Dmy, Some("2026-12-31T00:00:00Z"));
        check("29.2.2025", DayOrder::Dmy, None);
        check("31/12", DayOrder::Dmy, None);
        check("hôm qua", DayOrder::Dmy, None);
    }

    #[test]
    fn a_day_above_twelve_is_evidence() {
        let see = |texts: &[&str]| {
            let mut evidence = DateEvidence::default();
            texts.iter().for_each(|text| evidence.see(text));
            evidence.verdict()
        };
        assert_eq!(see(&["01/02/2026", "13/02/2026"]), (DayOrder::Dmy, true));
        assert_eq!(see(&["01/02/2026", "02/13/2026"]), (DayOrder::Mdy, true));
        assert_eq!(see(&["01/02/2026"]), (DayOrder::Dmy, false));
    }
}
