//! Wall-clock time in a zone: when a journey wakes, when sending is allowed, what a date in a file means.
//!
//! Nothing here reads a clock; the zone database is the one built into the binary, so every machine agrees.
//! Where a zone's clock jumps, the rules are those of RFC 5545: a time that the clock skips is read with the
//! offset before the jump (02:30 becomes 03:30), a time that comes twice means its first coming. An instant
//! outside the years -9999 to 9999 is held at that end; a search that leaves the range answers
//! [`Timestamp::MAX`], which a scheduler never reaches.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Zoned};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// Minutes in a day of wall-clock time: the largest `to` of a window, and its 24:00.
pub const DAY_MINUTES: u16 = 24 * 60;

/// A time zone. A clone is a pointer; the parsed rules are shared by the whole process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(TimeZone);

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no such time zone; use a name such as Asia/Ho_Chi_Minh")]
pub struct ZoneError;

impl Zone {
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// The zone of an IANA name, in any case. Parsed once; later look-ups find it in memory.
    pub fn named(name: &str) -> Result<Zone, ZoneError> {
        // jiff answers this name of CLDR with a zone whose times mean nothing.
        if name.eq_ignore_ascii_case("Etc/Unknown") {
            return Err(ZoneError);
        }
        TimeZone::get(name).map(Zone).map_err(|_| ZoneError)
    }

    /// `Asia/Ho_Chi_Minh`: UTC+7 all year.
    pub fn vietnam() -> Zone {
        Zone::named("Asia/Ho_Chi_Minh").unwrap_or(Zone(TimeZone::fixed(jiff::tz::offset(7))))
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

/// The local date at an instant.
pub fn local_date(at: Timestamp, zone: &Zone) -> Date {
    local(at, zone).date()
}

pub fn local_weekday(at: Timestamp, zone: &Zone) -> Weekday {
    local(at, zone).weekday()
}

/// Minutes on the wall clock since 00:00, `0..1440`.
pub fn minute_of_day(at: Timestamp, zone: &Zone) -> u16 {
    let local = local(at, zone);
    local.hour() as u16 * 60 + local.minute() as u16
}

/// The first instant of the local day: 00:00, or the end of the jump that skips it.
pub fn start_of_day(at: Timestamp, zone: &Zone) -> Timestamp {
    local(at, zone).start_of_day().map_or(at, |start| from_zoned(&start))
}

/// The first instant of the day after the one on which `at` is.
pub fn start_of_next_day(at: Timestamp, zone: &Zone) -> Timestamp {
    let day = local_date(at, zone);
    let next = day.tomorrow().ok().and_then(|next| next.to_zoned(zone.0.clone()).ok());
    next.map_or(Timestamp::MAX, |start| from_zoned(&start))
}

/// The instant of a wall-clock time. Skipped and repeated times by the rule of this module; a whole day that a
/// zone skipped (Samoa, 2011-12-30) gives the same time on the next. `hour` above 23 is held at 23, `minute`
/// above 59 at 59.
pub fn at_local(date: Date, hour: u8, minute: u8, zone: &Zone) -> Timestamp {
    zone.0
        .to_zoned(date.to_datetime(time_of_day(hour, minute)))
        .map_or(Timestamp::MAX, |zoned| from_zoned(&zoned))
}

/// The first instant not before `now` at which the wall clock shows `hour:minute`; `now` itself when it is that
/// instant to the millisecond. Once a day: of a time that comes twice only the first counts.
pub fn next_time_of_day(now: Timestamp, zone: &Zone, hour: u8, minute: u8) -> Timestamp {
    next_on(now, zone, hour, minute, 2, |_| true)
}

/// Like [`next_time_of_day`], on the next such weekday; up to a week away.
pub fn next_weekday(now: Timestamp, zone: &Zone, weekday: Weekday, hour: u8, minute: u8) -> Timestamp {
    next_on(now, zone, hour, minute, 8, |date| date.weekday() == weekday)
}

fn next_on(
    now: Timestamp,
    zone: &Zone,
    hour: u8,
    minute: u8,
    days_max: i64,
    wanted: impl Fn(Date) -> bool,
) -> Timestamp {
    let today = local_date(now, zone);
    // From yesterday, because a jump over midnight moves yesterday's late times into today.
    (-1..=days_max)
        .filter_map(|days| today.checked_add(Span::new().days(days)).ok())
        .filter(|date| wanted(*date))
        .map(|date| at_local(date, hour, minute, zone))
        .filter(|at| *at >= now)
        .min()
        .unwrap_or(Timestamp::MAX)
}

/// Whether the wall clock shows a time in the window `from_minutes..to_minutes`, in minutes since 00:00. A
/// window whose end comes before its beginning runs over midnight; one of no length is the whole day. `to` may
/// be 1440; what is larger wraps round.
pub fn is_within_hours(now: Timestamp, zone: &Zone, from_minutes: u16, to_minutes: u16) -> bool {
    let (from, to) = (from_minutes % DAY_MINUTES, to_minutes % DAY_MINUTES);
    let minute = minute_of_day(now, zone);
    match from.cmp(&to) {
        std::cmp::Ordering::Equal => true,
        std::cmp::Ordering::Less => (from..to).contains(&minute),
        std::cmp::Ordering::Greater => minute >= from || minute < to,
    }
}

/// The first instant not before `now` that is within the window ([`is_within_hours`]).
///
/// Exact over jumps of the clock: a window whose beginning is skipped opens at the end of the jump, and one
/// that the clock falls back into opens a second time. [`Timestamp::MAX`] only at the end of the calendar.
pub fn next_opening(now: Timestamp, zone: &Zone, from_minutes: u16, to_minutes: u16) -> Timestamp {
    let is_open = |at: &Timestamp| is_within_hours(*at, zone, from_minutes, to_minutes);
    if is_open(&now) {
        return now;
    }
    let from = from_minutes % DAY_MINUTES;
    let time = time_of_day((from / 60) as u8, (from % 60) as u8);
    let today = local_date(now, zone);
    // A jump can swallow a short window whole, so the opening may be days off; two is the most that zones skip.
    let beginnings =
        (-1..=3).filter_map(|days| today.checked_add(Span::new().days(days)).ok()).flat_map(|date| {
            let local = date.to_datetime(time);
            let ambiguous = zone.0.to_ambiguous_timestamp(local);
            let readings = match ambiguous.offset() {
                AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
                AmbiguousOffset::Fold { before, after } => [Some(before), Some(after)],
                AmbiguousOffset::Gap { .. } => [None, None],
            };
            readings.into_iter().flatten().filter_map(move |offset| offset.to_timestamp(local).ok())
        });
    let horizon = instant(now.plus_ms(4 * DAY_MS));
    let jumps = zone.0.following(instant(now)).map(|jump| jump.timestamp()).take_while(|at| *at <= horizon);
    beginnings
        .chain(jumps)
        .map(from_instant)
        .filter(|at| *at >= now && is_open(at))
        .min()
        .unwrap_or(Timestamp::MAX)
}

/// The years that a date in shop data can lie in. Outside are the empty dates of programs (`0001-01-01`).
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// A date as it is written: `2026-11-21`, `2026/11/21`, `21/11/2026`, `21-11-2026`, `21.11.2026`, or the date
/// in front of a time (`2026-11-21T09:00:00+07:00`, `21/11/2026 09:00`). Day before month, as in Vietnam. Years
/// 1900 to 2199 with four digits. For an instant in another offset see [`parse_date_in`].
pub fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
    let end = text.find(|c: char| c == 'T' || c == 't' || c.is_whitespace()).unwrap_or(text.len());
    if !text[end..].is_empty() && !looks_like_time(&text[end..]) {
        return None;
    }
    let written = &text[..end];
    let separator = written.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = written.split(separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
    let number = |s: &str, digits: std::ops::RangeInclusive<usize>| {
        (digits.contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit()))
            .then(|| s.parse::<i16>().ok())
            .flatten()
    };
    let year = number(year, 4..=4).filter(|year| YEARS.contains(year))?;
    Date::new(year, number(month, 1..=2)? as i8, number(day, 1..=2)? as i8).ok()
}

/// Like [`parse_date`], but an instant with an offset is read on the calendar of `zone`: programs turn a
/// birthday at local midnight into `1990-05-19T17:00:00Z`. Midnight UTC stays the date as written, for that is
/// how others write a date without a time.
pub fn parse_date_in(text: &str, zone: &Zone) -> Option<Date> {
    let written = parse_date(text)?;
    match text.trim().parse::<jiff::Timestamp>() {
        Ok(at) if at.as_millisecond().rem_euclid(DAY_MS) != 0 => Some(zone.0.to_datetime(at).date()),
        _ => Some(written),
    }
}

/// An instant: ISO 8601 with an offset, or a date with a time on the wall clock of `zone`
/// (`2026-11-21T09:00`, `21/11/2026 09:00:30`), or a date, meaning its first instant there. To the millisecond.
pub fn parse_instant(text: &str, zone: &Zone) -> Option<Timestamp> {
    let text = text.trim();
    let date = parse_date(text)?;
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(from_instant(at));
    }
    let Some(at) = text.find(|c: char| c == 'T' || c == 't' || c.is_whitespace()) else {
        return date.to_zoned(zone.0.clone()).ok().map(|start| from_zoned(&start));
    };
    let time: Time =
        text[at..].trim_start_matches(|c: char| c == 'T' || c == 't' || c.is_whitespace()).parse().ok()?;
    zone.0.to_zoned(date.to_datetime(time)).ok().map(|zoned| from_zoned(&zoned))
}

fn looks_like_time(rest: &str) -> bool {
    let time = rest.trim_start_matches(|c: char| c == 'T' || c == 't' || c.is_whitespace());
    let (hour, after) = time.split_once(':').unwrap_or((time, ""));
    (1..=2).contains(&hour.len())
        && hour.bytes().all(|b| b.is_ascii_digit())
        && after.starts_with(|c: char| c.is_ascii_digit())
        && after.bytes().all(|b| b.is_ascii_alphanumeric() || b":.+-,[]/_ ".contains(&b))
}

/// `21/11/2026`.
pub fn format_date_vn(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}

/// `21/11/2026 09:05`.
pub fn format_datetime_vn(at: Timestamp, zone: &Zone) -> String {
    let local = local(at, zone);
    format!("{} {:02}:{:02}", format_date_vn(local.date()), local.hour(), local.minute())
}

/// Longest duration that can be written, in milliseconds: ten years of 365 days.
pub const DURATION_MS_MAX: i64 = 3_650 * DAY_MS;

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DurationError {
    #[error("no duration given")]
    Empty,
    #[error("a duration is whole numbers with units w, d, h, m, s or ms, such as 1h30m")]
    Syntax,
    #[error("the units of a duration go from large to small, each once")]
    Order,
    #[error("a duration is ten years at most")]
    TooLong,
}

const UNITS: [(&str, i64); 6] =
    [("w", 7 * DAY_MS), ("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1)];

/// Milliseconds of `1h30m`, `2d`, `45m`, `1w`; spaces between the parts and capital letters are allowed. A day
/// is 24 hours and a week seven of them, whatever the wall clock does meanwhile.
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    let text = text.trim().to_ascii_lowercase();
    let mut rest = text.as_str();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut total_ms: i64 = 0;
    let mut units = UNITS.iter().enumerate();
    while !rest.is_empty() {
        let digits_end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(DurationError::Syntax)?;
        let (digits, after) = rest.split_at(digits_end);
        let after = after.trim_start();
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let place = UNITS.iter().position(|(name, _)| *name == unit).ok_or(DurationError::Syntax)?;
        if digits.is_empty() {
            return Err(DurationError::Syntax);
        }
        // The iterator only moves towards smaller units, so a unit that it has passed is out of order.
        let (_, (_, unit_ms)) = units.find(|(at, _)| *at == place).ok_or(DurationError::Order)?;
        let count: i64 = digits.parse().map_err(|_| DurationError::TooLong)?;
        total_ms = count
            .checked_mul(*unit_ms)
            .and_then(|ms| ms.checked_add(total_ms))
            .filter(|ms| *ms <= DURATION_MS_MAX)
            .ok_or(DurationError::TooLong)?;
        rest = after.trim_start();
    }
    Ok(total_ms)
}

/// A duration as [`parse_duration`] reads it: `1h30m`, `10d`, `2w` for whole weeks only, `0s` for none.
pub fn format_duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut out = if ms < 0 { "-".to_owned() } else { String::new() };
    let mut rest = ms.unsigned_abs();
    for (name, unit_ms) in UNITS {
        let unit_ms = unit_ms.unsigned_abs();
        let count = rest / unit_ms;
        // "1w3d" takes longer to understand than "10d".
        if count == 0 || (name == "w" && !rest.is_multiple_of(unit_ms)) {
            continue;
        }
        out.push_str(&format!("{count}{name}"));
        rest -= count * unit_ms;
    }
    out
}

fn time_of_day(hour: u8, minute: u8) -> Time {
    Time::constant(hour.min(23) as i8, minute.min(59) as i8, 0, 0)
}

fn local(at: Timestamp, zone: &Zone) -> Zoned {
    instant(at).to_zoned(zone.0.clone())
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    let end = if at.ms() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at.ms()).unwrap_or(end)
}

fn from_instant(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_ms(at.as_millisecond())
}

fn from_zoned(zoned: &Zoned) -> Timestamp {
    from_instant(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        from_instant(text.parse().unwrap_or_else(|e| panic!("{text}: {e}")))
    }

    #[test]
    fn zones_by_name() {
        assert_eq!(zone("asia/ho_chi_minh"), Zone::vietnam());
        assert_eq!(Zone::vietnam().name(), "Asia/Ho_Chi_Minh");
        assert_eq!(zone("UTC").name(), "UTC");
        for bad in ["", "Hanoi", "+07:00", "Etc/Unknown", "../etc/passwd", "UTC+7"] {
            assert_eq!(Zone::named(bad), Err(ZoneError), "{bad}");
        }
    }

    #[test]
    fn next_times_of_day() {
        let check = |now: &str, name: &str, (hour, minute): (u8, u8), expect: &str| {
            assert_eq!(
                next_time_of_day(at(now), &zone(name), hour, minute),
                at(expect),
                "{now} {name} {hour}:{minute}"
            );
        };
        let vn = "Asia/Ho_Chi_Minh";
        check("2026-11-21T08:59:00+07:00", vn, (9, 0), "2026-11-21T09:00:00+07:00");
        check("2026-11-21T09:00:00+07:00", vn, (9, 0), "2026-11-21T09:00:00+07:00");
        check("2026-11-21T09:00:00.001+07:00", vn, (9, 0), "2026-11-22T09:00:00+07:00");
        // Another date in UTC than in Vietnam.
        check("2026-11-21T17:30:00Z", vn, (1, 0), "2026-11-21T18:00:00Z");
        check("2026-12-31T23:59:59+07:00", vn, (0, 0), "2027-01-01T00:00:00+07:00");
        check("2026-11-21T08:00:00+07:00", vn, (99, 99), "2026-11-21T23:59:00+07:00");
        // Spring in New York: 02:30 does not exist on 2026-03-08.
        check("2026-03-08T01:00:00-05:00", "America/New_York", (2, 30), "2026-03-08T03:30:00-04:00");
        // Autumn: 01:30 comes twice, the second coming does not count.
        check("2026-11-01T01:00:00-04:00", "America/New_York", (1, 30), "2026-11-01T01:30:00-04:00");
        check("2026-11-01T01:40:00-04:00", "America/New_York", (1, 30), "2026-11-02T01:30:00-05:00");
        check("2026-11-01T01:20:00-05:00", "America/New_York", (1, 30), "2026-11-02T01:30:00-05:00");
        // Samoa had no 2011-12-30.
        check("2011-12-29T10:00:00-10:00", "Pacific/Apia", (9, 0), "2011-12-31T09:00:00+14:00");
        // Toronto jumped from 23:30 to 00:30 in 1919: yesterday's 23:45 falls into today.
        check("1919-03-31T00:35:00-04:00", "America/Toronto", (23, 45), "1919-03-31T00:45:00-04:00");
        assert_eq!(next_time_of_day(Timestamp::MAX, &Zone::vietnam(), 9, 0), Timestamp::MAX);
        assert!(next_time_of_day(Timestamp::MIN, &Zone::vietnam(), 9, 0) > Timestamp::MIN);
    }

    #[test]
    fn next_weekdays() {
        let check = |now: &str, weekday: Weekday, expect: &str| {
            assert_eq!(
                next_weekday(at(now), &Zone::vietnam(), weekday, 9, 0),
                at(expect),
                "{now} {weekday:?}"
            );
        };
        // 2026-11-21 is a Saturday.
        check("2026-11-21T08:00:00+07:00", Weekday::Saturday, "2026-11-21T09:00:00+07:00");
        check("2026-11-21T09:00:01+07:00", Weekday::Saturday, "2026-11-28T09:00:00+07:00");
        check("2026-11-21T10:00:00+07:00", Weekday::Monday, "2026-11-23T09:00:00+07:00");
        check("2026-11-21T10:00:00+07:00", Weekday::Friday, "2026-11-27T09:00:00+07:00");
        check("2026-11-22T17:30:00Z", Weekday::Monday, "2026-11-23T09:00:00+07:00");
    }

    #[test]
    fn days_begin() {
        let check = |now: &str, name: &str, expect: &str| {
            assert_eq!(start_of_day(at(now), &zone(name)), at(expect), "{now} {name}");
        };
        check("2026-11-21T17:30:00Z", "Asia/Ho_Chi_Minh", "2026-11-22T00:00:00+07:00");
        check("2026-11-21T00:00:00+07:00", "Asia/Ho_Chi_Minh", "2026-11-21T00:00:00+07:00");
        // Beirut jumps at midnight: the day begins at 01:00.
        check("2026-03-29T12:00:00+03:00", "Asia/Beirut", "2026-03-29T01:00:00+03:00");
    }

    #[test]
    fn windows() {
        let check = |now: &str, (from, to): (u16, u16), within: bool, opening: &str| {
            let vn = Zone::vietnam();
            assert_eq!(is_within_hours(at(now), &vn, from, to), within, "{now} {from}..{to}");
            assert_eq!(next_opening(at(now), &vn, from, to), at(opening), "{now} {from}..{to}");
        };
        let day = (8 * 60, 21 * 60 + 30);
        check("2026-11-21T07:59:59.999+07:00", day, false, "2026-11-21T08:00:00+07:00");
        check("2026-11-21T08:00:00+07:00", day, true, "2026-11-21T08:00:00+07:00");
        check("2026-11-21T21:29:59.999+07:00", day, true, "2026-11-21T21:29:59.999+07:00");
        check("2026-11-21T21:30:00+07:00", day, false, "2026-11-22T08:00:00+07:00");
        let night = (22 * 60, 6 * 60);
        check("2026-11-21T23:00:00+07:00", night, true, "2026-11-21T23:00:00+07:00");
        check("2026-11-21T05:59:00+07:00", night, true, "2026-11-21T05:59:00+07:00");
        check("2026-11-21T06:00:00+07:00", night, false, "2026-11-21T22:00:00+07:00");
        check("2026-11-21T03:00:00+07:00", (0, 0), true, "2026-11-21T03:00:00+07:00");
        check("2026-11-21T03:00:00+07:00", (0, 1440), true, "2026-11-21T03:00:00+07:00");
        check("2026-11-21T23:59:59+07:00", (8 * 60, 1440), true, "2026-11-21T23:59:59+07:00");
        check("2026-11-21T00:00:00+07:00", (8 * 60, 1440), false, "2026-11-21T08:00:00+07:00");
        assert_eq!(next_opening(Timestamp::MAX, &Zone::UTC, 0, 1), Timestamp::MAX);
    }

    #[test]
    fn openings_over_jumps() {
        let check = |now: &str, (from, to): (u16, u16), expect: &str| {
            assert_eq!(
                next_opening(at(now), &zone("America/New_York"), from, to),
                at(expect),
                "{now} {from}..{to}"
            );
        };
        // The beginning is skipped: open when the jump ends.
        check("2026-03-08T01:00:00-05:00", (150, 600), "2026-03-08T03:00:00-04:00");
        // The whole window is skipped: tomorrow.
        check("2026-03-08T01:00:00-05:00", (130, 170), "2026-03-09T02:10:00-04:00");
        // The clock falls back to before a beginning, and into the middle of a window.
        check("2026-11-01T01:50:00-04:00", (70, 100), "2026-11-01T01:10:00-05:00");
        check("2026-11-01T01:50:00-04:00", (45, 100), "2026-11-01T01:00:00-05:00");
    }

    #[test]
    fn dates_as_written() {
        let check = |text: &str, expect: Option<(i16, i8, i8)>| {
            assert_eq!(parse_date(text), expect.map(|(y, m, d)| jiff::civil::date(y, m, d)), "{text:?}");
        };
        for text in [
            "2026-11-21",
            "2026/11/21",
            "21/11/2026",
            "21-11-2026",
            "21.11.2026",
            " 21/11/2026 09:00 ",
            "2026-11-21T09:00:00Z",
            "2026-11-21T09:00:00.123+07:00",
            "2026-11-21 09:00:00",
            "2026-11-21T23:00:00-0800",
        ] {
            check(text, Some((2026, 11, 21)));
        }
        check("1/2/2026", Some((2026, 2, 1)));
        check("29/02/2028", Some((2028, 2, 29)));
        for text in [
            "",
            "11/21/2026",
            "29/02/2026",
            "21/11/26",
            "0001-01-01T00:00:00",
            "2026-11",
            "2026-11-21-01",
            "2026-11-21x",
            "2026-11-21 soon",
            "21/11-2026",
            "12345",
            "+2026-11-21",
            "2026-1a-01",
            "٢٠٢٦-11-21",
            "2026-11-21T",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn instants_on_the_calendar_of_a_zone() {
        let check = |text: &str, expect: Option<&str>| {
            let found = parse_date_in(text, &Zone::vietnam()).map(format_date_vn);
            assert_eq!(found.as_deref(), expect, "{text:?}");
        };
        check("1990-05-19T17:00:00Z", Some("20/05/1990"));
        check("1990-05-20T00:00:00Z", Some("20/05/1990"));
        check("1990-05-20T00:00:00+07:00", Some("20/05/1990"));
        check("1990-05-20T23:00:00", Some("20/05/1990"));
        check("20/05/1990", Some("20/05/1990"));
        check("soon", None);
        assert_eq!(
            parse_date_in("1990-05-20T00:00:00Z", &zone("America/New_York")).map(format_date_vn).as_deref(),
            Some("20/05/1990")
        );
    }

    #[test]
    fn instants() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(parse_instant(text, &Zone::vietnam()), expect.map(at), "{text:?}");
        };
        check("2026-11-21T09:00:00Z", Some("2026-11-21T09:00:00Z"));
        check("2026-11-21T09:00:00.5+01:00", Some("2026-11-21T08:00:00.5Z"));
        check("2026-11-21T09:00:00", Some("2026-11-21T02:00:00Z"));
        check("2026-11-21 09:00", Some("2026-11-21T02:00:00Z"));
        check("21/11/2026 09:00:30", Some("2026-11-21T02:00:30Z"));
        check("21/11/2026", Some("2026-11-20T17:00:00Z"));
        check("21/11/2026 25:00", None);
        check("", None);
    }

    #[test]
    fn dates_for_people() {
        let now = at("2026-11-21T17:05:00Z");
        assert_eq!(format_datetime_vn(now, &Zone::vietnam()), "22/11/2026 00:05");
        assert_eq!(format_date_vn(local_date(now, &Zone::UTC)), "21/11/2026");
        assert_eq!(local_weekday(now, &Zone::vietnam()), Weekday::Sunday);
        assert_eq!(minute_of_day(now, &Zone::vietnam()), 5);
    }

    #[test]
    fn durations() {
        let check = |text: &str, expect: Result<i64, DurationError>| {
            assert_eq!(parse_duration(text), expect, "{text:?}")
        };
        check("1h30m", Ok(90 * MINUTE_MS));
        check(" 1H 30 m ", Ok(90 * MINUTE_MS));
        check("2d", Ok(2 * DAY_MS));
        check("45m", Ok(45 * MINUTE_MS));
        check("1w", Ok(7 * DAY_MS));
        check("1w3d", Ok(10 * DAY_MS));
        check("1s500ms", Ok(1_500));
        check("0m", Ok(0));
        check("3650d", Ok(DURATION_MS_MAX));
        check("", Err(DurationError::Empty));
        for bad in ["5", "d", "1.5h", "-1h", "1x", "1h30", "1 h m", "1mo", "1h,30m", "1phút", "٣h"] {
            check(bad, Err(DurationError::Syntax));
        }
        for bad in ["30m1h", "1h1h", "1ms1s"] {
            check(bad, Err(DurationError::Order));
        }
        for bad in ["3651d", "99999999999999999999d", "9223372036854775807w"] {
            check(bad, Err(DurationError::TooLong));
        }
        let shown = |ms: i64, expect: &str| assert_eq!(format_duration(ms), expect);
        shown(90 * MINUTE_MS, "1h30m");
        shown(10 * DAY_MS, "10d");
        shown(14 * DAY_MS, "2w");
        shown(DAY_MS + 1, "1d1ms");
        shown(0, "0s");
        shown(-MINUTE_MS, "-1m");
        format_duration(i64::MIN);
    }

    const ZONES: [&str; 7] = [
        "Asia/Ho_Chi_Minh",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Cairo",
        "America/Sao_Paulo",
        "Europe/Dublin",
    ];

    proptest! {
        #[test]
        fn next_times_come_after_now_and_show_the_time(
            ms in 0i64..4_000_000_000_000, name in 0usize..ZONES.len(), hour in 0u8..24, minute in 0u8..60
        ) {
            let (now, zone) = (Timestamp::from_ms(ms), zone(ZONES[name]));
            let next = next_time_of_day(now, &zone, hour, minute);
            prop_assert!(next >= now && next.since_ms(now) <= 2 * DAY_MS + 2 * HOUR_MS);
            let shown = minute_of_day(next, &zone);
            let late = (i32::from(shown) - i32::from(hour) * 60 - i32::from(minute)).rem_euclid(1440);
            prop_assert!(late <= 60, "only a skipped time may be shown later, by the length of the jump");
            prop_assert_eq!(next_time_of_day(next, &zone, hour, minute), next);
        }

        #[test]
        fn an_opening_is_the_first_minute_inside(
            ms in 0i64..2_100_000_000_000, name in 0usize..ZONES.len(), from in 0u16..1440, to in 0u16..=1440
        ) {
            let (now, zone) = (Timestamp::from_ms(ms - ms % MINUTE_MS), zone(ZONES[name]));
            let opening = next_opening(now, &zone, from, to);
            // Offsets before 1970 had seconds; here every minute begins with the wall clock's.
            let mut stepped = now;
            while !is_within_hours(stepped, &zone, from, to) {
                stepped = stepped.plus_ms(MINUTE_MS);
            }
            prop_assert_eq!(opening, stepped);
        }

        #[test]
        fn durations_round_trip(ms in 0..=DURATION_MS_MAX) {
            prop_assert_eq!(parse_duration(&format_duration(ms)), Ok(ms));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,30}|[0-9/T:Z. -]{0,24}|[0-9wdhms ]{0,12}", ms in any::<i64>()) {
            let vn = Zone::vietnam();
            let _ = (parse_date_in(&text, &vn), parse_instant(&text, &vn), parse_duration(&text));
            let extreme = Timestamp::from_ms(ms);
            let _ = (next_weekday(extreme, &vn, Weekday::Monday, 9, 0), next_opening(extreme, &vn, 480, 1290));
            let _ = (start_of_day(extreme, &vn), format_datetime_vn(extreme, &vn));
        }

        #[test]
        fn dates_round_trip(day in 0i64..100_000) {
            let date = jiff::civil::date(1900, 1, 1) + Span::new().days(day);
            prop_assert_eq!(parse_date(&date.to_string()), Some(date));
            prop_assert_eq!(parse_date(&format_date_vn(date)), Some(date));
        }
    }
}
