//! When what the calendar drives comes: feasts, schedules and anniversaries. Pure arithmetic; no clock.

use super::local::{self, ClockTime, DayOfWeek};
use super::trigger::{
    AnniversaryTrigger, Calendar, DateTrigger, FeastTrigger, LastDay, OneOrMore, Period, Round, ScheduleDay,
    ScheduleTrigger,
};
use crate::condition::{Moment, yearless};
use crate::local_time::{Zone, at_local, local_date};
use crate::lunar::{self, Feast};
use jiff::ToSpan;
use jiff::civil::Date;
use kit::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// How many days ahead a schedule is looked for: 29 February of a leap year, and the eight years around 1900.
const SCHEDULE_DAYS_MAX: i64 = 9 * 366;

/// A day that comes every year: a feast by its name, or a date (`03-08`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeastDay {
    Named(Feast),
    Fixed { month: i8, day: i8 },
}

impl FeastDay {
    /// # Errors
    /// With what a feast looks like, when `text` is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
        if let Some((Some(month), Some(day))) = text.split_once('-').map(|(m, d)| (digits(m), digits(d)))
            // 2000 is a leap year: 29 February is a day.
            && Date::new(2000, month, day).is_ok()
        {
            return Ok(FeastDay::Fixed { month, day });
        }
        Feast::from_name(text).map(FeastDay::Named).ok_or_else(|| {
            let known: Vec<&str> = Feast::ALL.iter().map(|feast| feast.name()).collect();
            format!("\"{text}\" is no day of the year (03-08) and none of the feasts: {}", known.join(", "))
        })
    }

    /// On the Gregorian calendar.
    fn in_year(self, year: i16) -> Option<Date> {
        match self {
            FeastDay::Named(feast) => feast.in_year(year),
            FeastDay::Fixed { month, day } => {
                Date::new(year, month, day).or_else(|_| Date::new(year, month, day - 1)).ok()
            }
        }
    }
}

impl fmt::Display for FeastDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeastDay::Named(feast) => f.write_str(feast.name()),
            FeastDay::Fixed { month, day } => write!(f, "{month:02}-{day:02}"),
        }
    }
}

impl Serialize for FeastDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FeastDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        FeastDay::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl FeastTrigger {
    /// The first instant after `after` (not `after` itself) at which the feast comes by the clock of `zone`.
    pub fn next_occurrence(&self, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        // A lunar feast can lie two months into the next year, and an offset moves it by up to a year.
        let first = local_date(after, zone).year().saturating_sub(2);
        (0..6).filter_map(|years| self.in_year(first.checked_add(years)?, zone)).find(|at| *at > after)
    }

    /// The same occurrence by the clock of another zone: `at` is its instant in `shop`.
    pub fn elsewhere(&self, at: Timestamp, shop: &Zone, zone: &Zone) -> Timestamp {
        self.at.on(local_date(at, shop), zone)
    }

    fn in_year(&self, year: i16, zone: &Zone) -> Option<Timestamp> {
        let date = self.feast.in_year(year)?.checked_add(self.offset.days().days()).ok()?;
        Some(self.at.on(date, zone)).filter(|at| *at < Timestamp::MAX)
    }
}

impl ScheduleTrigger {
    /// The first instant after `after` (not `after` itself) at which it is time, by the clock of `zone`.
    pub fn next_occurrence(&self, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        let today = local_date(after, zone);
        // From yesterday, because a jump over midnight moves yesterday's late times into today.
        (-1..SCHEDULE_DAYS_MAX).find_map(|days| {
            let date = today.checked_add(days.days()).ok()?;
            if !self.is_on(date) {
                return None;
            }
            let times = self.at.as_slice().iter().map(|time| time.on(date, zone));
            times.filter(|at| *at > after && *at < Timestamp::MAX).min()
        })
    }

    fn is_on(&self, date: Date) -> bool {
        let months = self.months.as_ref().map_or(&[][..], OneOrMore::as_slice);
        if !months.is_empty() && !months.contains(&(date.month() as u8)) {
            return false;
        }
        let days = self.on.as_ref().map_or(&[][..], OneOrMore::as_slice);
        match self.every {
            Period::Day => true,
            Period::Week => days
                .iter()
                .any(|day| matches!(day, ScheduleDay::OfWeek(day) if DayOfWeek::of(date.weekday()) == *day)),
            Period::Month => days.iter().any(|day| match day {
                ScheduleDay::OfMonth(day) => date.day() == (*day as i8).min(date.days_in_month()),
                ScheduleDay::Last(LastDay::Last) => date.day() == date.days_in_month(),
                ScheduleDay::OfWeek(_) => false,
            }),
        }
    }
}

impl ClockTime {
    fn on(self, date: Date, zone: &Zone) -> Timestamp {
        at_local(date, self.hour(), self.minute(), zone)
    }
}

impl DateTrigger {
    /// The first instant after `after` (not `after` itself) at which this trigger fires for a profile whose
    /// attribute has `value`; `None` when it never does again or `value` is no date.
    ///
    /// Dates are what [`crate::local_time::parse_date`] and [`crate::local_time::parse_instant`] read, for `yearly`
    /// also `--02-28`. Yearly fires from the year after the date's own; 29 February counts as 28 February in other
    /// years.
    pub fn next_occurrence(&self, value: &Value, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        if self.yearly {
            return local::next_anniversary(value, Some(self.at), self.offset, zone, after.plus_ms(1));
        }
        local::named_instant(value, Some(self.at), self.offset, zone).filter(|at| *at > after)
    }
}

impl AnniversaryTrigger {
    /// The first instant after `after` (not `after` itself) at which the date in `value` comes round; `None` when
    /// `value` is no date.
    ///
    /// The date itself is no such time. A day that a year or a month does not have is kept on its last.
    pub fn next_occurrence(&self, value: &Value, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        match (self.calendar, self.every) {
            (Calendar::Solar, Round::Year) => {
                local::next_anniversary(value, Some(self.at), self.offset, zone, after.plus_ms(1))
            }
            (Calendar::Solar, Round::Month) => {
                let origin = local::date_of(value, zone)?;
                // An offset moves it by up to a year.
                let days = self.offset.days();
                let start = local_date(after, zone).checked_sub((days + 40).days()).ok()?.first_of_month();
                let start = start.max(origin.first_of_month().checked_add(1.month()).ok()?);
                (0..16).find_map(|months| {
                    let month = start.checked_add(months.months()).ok()?;
                    let day = origin.day().min(month.days_in_month());
                    let date = Date::new(month.year(), month.month(), day).ok()?;
                    let at = self.at.on(date.checked_add(days.days()).ok()?, zone);
                    (at > after && at < Timestamp::MAX).then_some(at)
                })
            }
            (Calendar::Lunar, Round::Year) => {
                let (month, day, origin) = match Moment::of(value, zone).map(|moment| moment.date) {
                    Some(date) => {
                        let born = lunar::of_solar(date);
                        (born.month, born.day, born.year)
                    }
                    // Without its year it is a day of the lunar calendar.
                    None => yearless(value).map(|date| (date.month(), date.day(), i16::MIN))?,
                };
                let year = lunar::of_solar(local_date(after, zone)).year;
                let first = year.saturating_sub(2).max(origin.saturating_add(1));
                (0..6).find_map(|years| {
                    let date = lunar::in_year(first.checked_add(years)?, month, day)?;
                    self.on(date).map(|date| self.at.on(date, zone)).filter(|at| *at > after)
                })
            }
            (Calendar::Lunar, Round::Month) => {
                let origin = local::date_of(value, zone)?;
                let day = match Moment::of(value, zone) {
                    Some(_) => lunar::of_solar(origin).day,
                    None => origin.day(),
                };
                let start = local_date(after, zone).checked_sub((self.offset.days() + 1).days()).ok()?;
                let start = start.max(origin.tomorrow().ok()?);
                // A lunar month has 30 days at the most.
                (0..64).find_map(|days| {
                    let date = start.checked_add(days.days()).ok()?;
                    let here = lunar::of_solar(date).day;
                    // The 30th of a month of 29 days is its last.
                    let is_last = here == 29 && lunar::of_solar(date.tomorrow().ok()?).day == 1;
                    if here != day && !(day == 30 && is_last) {
                        return None;
                    }
                    self.on(date).map(|date| self.at.on(date, zone)).filter(|at| *at > after)
                })
            }
        }
    }

    /// The day of the trigger for a day of the anniversary.
    fn on(&self, date: Date) -> Option<Date> {
        date.checked_add(self.offset.days().days()).ok()
    }
}
