//! What is measured from now on the calendar: days, weeks and months of a zone, relative dates, anniversaries.

use super::Op;
use super::compare::Moment;
use super::course::{Step, earlier};
use crate::local_time::{Zone, at_local, local_date, parse_duration, start_of_day};
use crate::lunar;
use jiff::ToSpan;
use jiff::civil::Date;
use kit::{DAY_MS, Timestamp};
use serde_json::Value;

/// The last year in which an anniversary is looked for.
const YEAR_MAX: i16 = 2199;
/// Longest stretch of an anniversary operator, in days: shorter than every lunar year.
pub(super) const ANNIVERSARY_DAYS_MAX: i64 = 350;

/// The first instant of a date in a zone; of a date that the zone skipped, that of the next.
pub(super) fn start_of_date(date: Date, zone: &Zone) -> Timestamp {
    let noon = at_local(date, 12, 0, zone);
    if noon == Timestamp::MAX { noon } else { start_of_day(noon, zone) }
}

/// The date whose first instant came last. It never goes back, as the wall clock's date does where a clock is
/// put back over midnight.
pub(super) fn day_of(at: Timestamp, zone: &Zone) -> Date {
    let date = local_date(at, zone);
    match date.checked_add(1.day()) {
        Ok(next) if start_of_date(next, zone) <= at => next,
        _ => date,
    }
}

/// A part of the calendar. Weeks begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Period {
    pub const ALL: [Period; 5] = [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];

    pub const fn name(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::Quarter => "quarter",
            Period::Year => "year",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.name() == name)
    }

    /// Never fewer than it has, with a day for clocks that are put forward or back.
    pub(super) const fn days_max(self) -> i64 {
        match self {
            Period::Day => 3,
            Period::Week => 9,
            Period::Month => 33,
            Period::Quarter => 94,
            Period::Year => 368,
        }
    }

    /// The first instant of the period that `at` lies in, and that of the next.
    pub(super) fn bounds(self, at: Timestamp, zone: &Zone) -> (Timestamp, Timestamp) {
        let date = day_of(at, zone);
        let first = match self {
            Period::Day => date,
            Period::Week => {
                let since_monday = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(since_monday.days()).unwrap_or(date)
            }
            Period::Month => date.first_of_month(),
            Period::Quarter => {
                let month = (date.month() - 1) / 3 * 3 + 1;
                Date::new(date.year(), month, 1).unwrap_or(date)
            }
            Period::Year => date.first_of_year(),
        };
        let next = match self {
            Period::Day => first.checked_add(1.day()),
            Period::Week => first.checked_add(1.week()),
            Period::Month => first.checked_add(1.month()),
            Period::Quarter => first.checked_add(3.months()),
            Period::Year => first.checked_add(1.year()),
        };
        (start_of_date(first, zone), next.map_or(Timestamp::MAX, |next| start_of_date(next, zone)))
    }
}

/// By which calendar the year comes round to a date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calendar {
    #[default]
    Solar,
    /// The Vietnamese lunar calendar.
    Lunar,
}

impl Calendar {
    pub const fn name(self) -> &'static str {
        match self {
            Calendar::Solar => "solar",
            Calendar::Lunar => "lunar",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Calendar> {
        [Calendar::Solar, Calendar::Lunar].into_iter().find(|calendar| calendar.name() == name)
    }
}

/// The date in `date`, kept in `year`. 29 February is kept on 28 February in a year that has none, so that a
/// greeting comes in the month of birth.
pub(crate) fn kept_in_year(date: Date, year: i16) -> Option<Date> {
    Date::new(year, date.month(), date.day()).or_else(|_| Date::new(year, date.month(), date.day() - 1)).ok()
}

/// A birthday without its year: `--05-04` or `05-04`.
pub(crate) fn yearless(value: &Value) -> Option<Date> {
    let (month, day) = month_and_day(value)?;
    // 2000 is a leap year: 29 February is a birthday.
    Date::new(2000, month, day).ok()
}

/// The month and the day of a date without its year; not every calendar has each.
fn month_and_day(value: &Value) -> Option<(i8, i8)> {
    let text = value.as_str()?.trim();
    let text = text.strip_prefix("--").unwrap_or(text);
    let number = |part: &str| match part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()) {
        true => part.parse().ok(),
        false => None,
    };
    let (month, day) = text.split_once('-')?;
    Some((number(month)?, number(day)?))
}

/// Something that the year comes round to.
struct Yearly {
    origin: Origin,
    calendar: Calendar,
}

enum Origin {
    Dated(Date),
    /// A month and a day of the calendar, of an unknown year.
    Yearless {
        month: i8,
        day: i8,
    },
}

impl Yearly {
    /// The anniversary in a year of its calendar; not in the year of the date itself.
    fn in_year(&self, year: i16) -> Option<Date> {
        match (&self.origin, self.calendar) {
            (Origin::Dated(date), Calendar::Solar) => {
                if year > date.year() {
                    kept_in_year(*date, year)
                } else {
                    None
                }
            }
            (Origin::Yearless { month, day }, Calendar::Solar) => {
                kept_in_year(Date::new(2000, *month, *day).ok()?, year)
            }
            (Origin::Dated(date), Calendar::Lunar) => {
                let born = lunar::of_solar(*date);
                if year > born.year { lunar::in_year(year, born.month, born.day) } else { None }
            }
            (Origin::Yearless { month, day }, Calendar::Lunar) => lunar::in_year(year, *month, *day),
        }
    }

    /// The last before `today`, and the first from `today` on.
    fn around(&self, today: Date) -> (Option<Date>, Option<Date>) {
        let first_year = match &self.origin {
            Origin::Dated(date) => date.year().saturating_add(1),
            Origin::Yearless { .. } => i16::MIN,
        };
        let year = today.year();
        // A lunar year begins one or two months into the solar one; the first anniversary may be years off.
        let from = if first_year > year.saturating_add(2) { first_year - 1 } else { year.saturating_sub(2) };
        let near = (0..=4).filter_map(|years| self.in_year(from.checked_add(years)?));
        let (before, after): (Vec<Date>, Vec<Date>) = near.partition(|date| *date < today);
        let after = after.into_iter().min().filter(|date| date.year() <= YEAR_MAX);
        (before.into_iter().max(), after)
    }
}

fn day_after(date: Date, days: i64, zone: &Zone) -> Option<Timestamp> {
    date.checked_add(days.days()).ok().map(|date| start_of_date(date, zone))
}

/// Whole days of an anniversary operator.
pub(super) fn days_of(operand: &Value) -> Option<i64> {
    let ms = parse_duration(operand.as_str()?).ok()?;
    (ms % DAY_MS == 0 && ms <= ANNIVERSARY_DAYS_MAX * DAY_MS).then_some(ms / DAY_MS)
}

fn anniversary(yearly: &Yearly, op: Op, days: i64, now: Timestamp, zone: &Zone) -> Step {
    let today = day_of(now, zone);
    let (before, from_today) = yearly.around(today);
    let distance = |from: Date, to: Date| from.until(to).map_or(i64::MAX, |span| i64::from(span.get_days()));
    if op == Op::AnniversaryWithin {
        let Some(next) = from_today else { return Step::for_ever(false) };
        let holds = distance(today, next) <= days;
        return Step { holds, until: day_after(next, if holds { 1 } else { -days }, zone) };
    }
    match before.filter(|before| distance(*before, today) <= days) {
        Some(before) => Step { holds: true, until: day_after(before, days + 1, zone) },
        None => Step { holds: false, until: from_today.and_then(|next| day_after(next, 1, zone)) },
    }
}

/// From when on, and up to when, a moment is so far from now.
fn stretch(op: Op, at: Timestamp, span_ms: i64) -> (Timestamp, Timestamp) {
    match op {
        Op::WithinLast => (at, at.plus_ms(span_ms)),
        Op::OlderThan => (at.plus_ms(span_ms), Timestamp::MAX),
        Op::WithinNext => (at.plus_ms(1 - span_ms), at.plus_ms(1)),
        _ => (Timestamp::MIN, at.plus_ms(1 - span_ms)),
    }
}

/// Whether a moment compares with now as one of the relative operators says.
pub(super) fn of_moment(
    op: Op,
    calendar: Calendar,
    moment: &Moment,
    operand: &Value,
    now: Timestamp,
    zone: &Zone,
) -> Step {
    if op.is_anniversary() {
        let yearly = Yearly { origin: Origin::Dated(moment.date), calendar };
        return days_of(operand)
            .map_or(Step::for_ever(false), |days| anniversary(&yearly, op, days, now, zone));
    }
    let Some(span_ms) = operand.as_str().and_then(|text| parse_duration(text).ok()) else {
        return Step::for_ever(false);
    };
    let (from, to) = stretch(op, moment.at, span_ms);
    let until = if now < from { Some(from) } else { Some(to).filter(|to| now < *to && *to < Timestamp::MAX) };
    Step { holds: from <= now && now < to, until }
}

/// As [`of_moment`], for whatever a value says: a date, an instant, for anniversaries also a date without its
/// year; of a list any element.
pub(super) fn of_values(
    op: Op,
    calendar: Calendar,
    values: &[&Value],
    operand: &Value,
    now: Timestamp,
    zone: &Zone,
) -> Step {
    let one = |value: &Value| match Moment::of(value, zone) {
        Some(moment) => of_moment(op, calendar, &moment, operand, now, zone),
        None => match (op.is_anniversary().then(|| month_and_day(value)).flatten(), days_of(operand)) {
            (Some((month, day)), Some(days)) => {
                let origin = Origin::Yearless { month, day };
                anniversary(&Yearly { origin, calendar }, op, days, now, zone)
            }
            _ => Step::for_ever(false),
        },
    };
    let mut all = Step::for_ever(false);
    let mut take = |step: Step| {
        all.holds |= step.holds;
        all.until = earlier(all.until, step.until);
    };
    for value in values {
        match value {
            Value::Array(elements) => elements.iter().for_each(|element| take(one(element))),
            value => take(one(value)),
        }
    }
    all
}
