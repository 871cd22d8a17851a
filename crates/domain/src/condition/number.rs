//! Numbers that are added up: whole ten-thousandths, so that a sum is exact and the order of adding never matters.

use super::compare::is_decimal;
use serde_json::{Number, Value};

/// Ten-thousandths in one.
pub const TEN_THOUSANDTHS: i64 = 10_000;

/// A number, or a text that is wholly a decimal number, in ten-thousandths, rounded half away from zero. `None`
/// for anything else and beyond ±922 trillion, which 64 bits do not hold.
pub fn ten_thousandths(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => of_number(number).map(|(value, _)| value),
        Value::String(text) if is_decimal(text) => of_decimal(text).map(|(value, _)| value),
        _ => None,
    }
}

/// The number of ten-thousandths when it has no finer part.
pub(super) fn exactly(number: &Number) -> Option<i64> {
    of_number(number).and_then(|(value, is_exact)| is_exact.then_some(value))
}

fn of_number(number: &Number) -> Option<(i64, bool)> {
    match number.as_i128() {
        Some(whole) => {
            let value = whole.checked_mul(i128::from(TEN_THOUSANDTHS))?;
            Some((i64::try_from(value).ok()?, true))
        }
        // The shortest decimal text of a float is what its author wrote.
        None => of_decimal(&number.to_string()),
    }
}

/// Reads `-12.5` and `1.2e-7`; the second says whether nothing was rounded away.
fn of_decimal(text: &str) -> Option<(i64, bool)> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let significant = &digits[zeros..];
    if significant.is_empty() {
        return Some((0, true));
    }
    // How many of the significant digits stand in front of the unit that is kept.
    let kept = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()? + i64::from(exponent) + 4;
    let mut value: i128 = 0;
    for at in 0..kept.max(0) {
        let digit = usize::try_from(at).ok().and_then(|at| significant.get(at)).copied().unwrap_or(0);
        value = value * 10 + i128::from(digit);
        if value > i128::from(i64::MAX) {
            return None;
        }
    }
    let rest = match usize::try_from(kept) {
        Ok(kept) => significant.get(kept..).unwrap_or_default(),
        // The first significant digit comes later than the one that rounds.
        Err(_) => &[],
    };
    let is_exact = kept >= 0 && rest.iter().all(|digit| *digit == 0);
    if rest.first().is_some_and(|digit| *digit >= 5) {
        value += 1;
    }
    Some((i64::try_from(if is_negative { -value } else { value }).ok()?, is_exact))
}

/// For people: a whole number where it is one.
pub(super) fn shown(numerator: i128, denominator: i128) -> Value {
    let unit = i128::from(TEN_THOUSANDTHS) * denominator.max(1);
    match i64::try_from(numerator / unit) {
        Ok(whole) if numerator % unit == 0 => Value::from(whole),
        _ => Value::from(numerator as f64 / unit as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_in_ten_thousandths() {
        let check = |value: Value, expect: Option<i64>| {
            assert_eq!(ten_thousandths(&value), expect, "{value}");
        };
        check(json!(199_000), Some(1_990_000_000));
        check(json!(-1), Some(-10_000));
        check(json!(0.1), Some(1_000));
        check(json!(0.00005), Some(1));
        check(json!(-0.00005), Some(-1));
        check(json!(0.00004999), Some(0));
        check(json!(0.000004), Some(0));
        check(json!(1e-300), Some(0));
        check(json!(0.0), Some(0));
        check(json!(1e10), Some(100_000_000_000_000));
        check(json!(2.5e3), Some(25_000_000));
        check(json!("199000.50"), Some(1_990_005_000));
        check(json!("-2.5"), Some(-25_000));
        check(json!("0007"), Some(70_000));
        check(json!("1e3"), None);
        check(json!("+5"), None);
        check(json!(" 5"), None);
        check(json!(""), None);
        check(json!("5x"), None);
        check(json!(true), None);
        check(json!([5]), None);
        check(json!(922_337_203_685_477i64), Some(9_223_372_036_854_770_000));
        check(json!(922_337_203_685_478i64), None);
        check(json!(u64::MAX), None);
        check(json!(1e300), None);
        check(json!("9".repeat(5_000)), None);
        check(json!(format!("0.{}1", "0".repeat(5_000))), Some(0));
    }

    #[test]
    fn exact_or_not() {
        let number = |value: Value| value.as_number().cloned().unwrap();
        assert_eq!(exactly(&number(json!(99.5))), Some(995_000));
        assert_eq!(exactly(&number(json!(0.0001))), Some(1));
        assert_eq!(exactly(&number(json!(0.00001))), None);
        assert_eq!(exactly(&number(json!(0.000001))), None);
        assert_eq!(shown(995_000, 1), json!(99.5));
        assert_eq!(shown(30_000, 3), json!(1));
    }
}
