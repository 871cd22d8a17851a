//! Clock times, weekdays and dates of a definition, and the instants they mean in a profile's zone.
//! What the wall clock itself does is [`crate::local_time`]'s.

use crate::condition::{Duration, Moment, kept_in_year, yearless};
use crate::local_time::{
    Zone, at_local, format_duration, local_date, minute_of_day, next_time_of_day, next_weekday,
};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use kit::{DAY_MS, MINUTE_MS, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// A time of day to the minute: `09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockTime {
    minutes: u16,
}

impl ClockTime {
    /// # Errors
    /// With what a time looks like, when `text` is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let two_digits = |part: &str| match part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())
        {
            true => part.parse::<u16>().ok(),
            false => None,
        };
        match text.split_once(':').map(|(hours, minutes)| (two_digits(hours), two_digits(minutes))) {
            Some((Some(hours @ 0..24), Some(minutes @ 0..60))) => {
                Ok(ClockTime { minutes: hours * 60 + minutes })
            }
            _ => Err(format!("\"{text}\" is not a time of day from 00:00 to 23:59")),
        }
    }

    /// `hour` from 0 to 23.
    pub(super) fn at_hour(hour: u8) -> Self {
        ClockTime { minutes: u16::from(hour % 24) * 60 }
    }

    pub(super) fn hour(self) -> u8 {
        (self.minutes / 60) as u8
    }

    pub(super) fn minute(self) -> u8 {
        (self.minutes % 60) as u8
    }

    /// The first instant from `now` on, `now` included, at which the zone's clock shows this time.
    pub(super) fn next(self, zone: &Zone, now: Timestamp) -> Timestamp {
        next_time_of_day(now, zone, self.hour(), self.minute())
    }

    /// As [`ClockTime::next`], on that weekday.
    pub(super) fn next_on(self, day: DayOfWeek, zone: &Zone, now: Timestamp) -> Timestamp {
        next_weekday(now, zone, day.weekday(), self.hour(), self.minute())
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayOfWeek {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl DayOfWeek {
    pub const ALL: [DayOfWeek; 7] = [
        DayOfWeek::Mon,
        DayOfWeek::Tue,
        DayOfWeek::Wed,
        DayOfWeek::Thu,
        DayOfWeek::Fri,
        DayOfWeek::Sat,
        DayOfWeek::Sun,
    ];

    pub(super) fn of(day: Weekday) -> DayOfWeek {
        match day {
            Weekday::Monday => DayOfWeek::Mon,
            Weekday::Tuesday => DayOfWeek::Tue,
            Weekday::Wednesday => DayOfWeek::Wed,
            Weekday::Thursday => DayOfWeek::Thu,
            Weekday::Friday => DayOfWeek::Fri,
            Weekday::Saturday => DayOfWeek::Sat,
            Weekday::Sunday => DayOfWeek::Sun,
        }
    }

    fn weekday(self) -> Weekday {
        match self {
            DayOfWeek::Mon => Weekday::Monday,
            DayOfWeek::Tue => Weekday::Tuesday,
            DayOfWeek::Wed => Weekday::Wednesday,
            DayOfWeek::Thu => Weekday::Thursday,
            DayOfWeek::Fri => Weekday::Friday,
            DayOfWeek::Sat => Weekday::Saturday,
            DayOfWeek::Sun => Weekday::Sunday,
        }
    }
}

/// A duration before (`-`) or after something: `-7d`, `-2h`, `1d12h`. Every full 24 hours of it is a day of
/// the calendar, the rest is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    ms: i64,
}

impl Offset {
    /// # Errors
    /// With what an offset looks like, when `text` is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (sign, length) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        Ok(Offset { ms: sign * Duration::parse(length)?.ms() })
    }

    pub const fn ms(self) -> i64 {
        self.ms
    }

    pub fn is_zero(&self) -> bool {
        self.ms == 0
    }

    pub fn is_whole_days(self) -> bool {
        self.ms % DAY_MS == 0
    }

    pub(super) fn days(self) -> i64 {
        self.ms / DAY_MS
    }

    fn rest_ms(self) -> i64 {
        self.ms % DAY_MS
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.ms))
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(ClockTime);
as_text!(Offset);

/// An instant as a person of that zone reads it: `2026-03-04 09:00`.
pub(super) fn written(at: Timestamp, zone: &Zone) -> String {
    let minute = minute_of_day(at, zone);
    format!("{} {:02}:{:02}", local_date(at, zone), minute / 60, minute % 60)
}

/// The date of a profile's value, and the time on its day that is meant: `time`, else the value's own, else
/// midnight.
struct DayAndTime {
    date: Date,
    minutes: u16,
    /// Seconds and less of the value's own time.
    rest_ms: i64,
}

impl DayAndTime {
    fn of(moment: &Moment, time: Option<ClockTime>, zone: &Zone) -> Self {
        let (minutes, rest_ms) = match time {
            Some(time) => (time.minutes, 0),
            None if moment.is_date_only => (0, 0),
            None => (minute_of_day(moment.at, zone), moment.at.ms().rem_euclid(MINUTE_MS)),
        };
        DayAndTime { date: moment.date, minutes, rest_ms }
    }

    /// On the day `offset` away from `date`: days by the calendar first, hours and minutes then exactly.
    fn shifted(&self, date: Date, offset: Offset, zone: &Zone) -> Option<Timestamp> {
        let date = date.checked_add(offset.days().days()).ok()?;
        let at = at_local(date, (self.minutes / 60) as u8, (self.minutes % 60) as u8, zone);
        (at < Timestamp::MAX).then(|| at.plus_ms(self.rest_ms).plus_ms(offset.rest_ms()))
    }
}

/// The date that a value names; of one without its year, in some leap year.
pub(super) fn date_of(value: &Value, zone: &Zone) -> Option<Date> {
    Moment::of(value, zone).map(|moment| moment.date).or_else(|| yearless(value))
}

/// The next time from `from` on, `from` included, that the year comes round to the date in `value`, shifted
/// by `offset`. The date itself is not yet such a time.
pub(super) fn next_anniversary(
    value: &Value,
    time: Option<ClockTime>,
    offset: Offset,
    zone: &Zone,
    from: Timestamp,
) -> Option<Timestamp> {
    let (day, origin) = match Moment::of(value, zone) {
        Some(moment) => (DayAndTime::of(&moment, time, zone), moment.date.year()),
        None => {
            let minutes = time.map_or(0, |time| time.minutes);
            (DayAndTime { date: yearless(value)?, minutes, rest_ms: 0 }, 0)
        }
    };
    // An offset moves it by up to 400 days, hence two years to either side.
    let first = local_date(from, zone).year().saturating_sub(2).max(origin.saturating_add(1));
    (0..6).find_map(|years| {
        let date = kept_in_year(day.date, first.checked_add(years)?)?;
        day.shifted(date, offset, zone).filter(|at| *at >= from)
    })
}

/// The instant that `value` names, at `time` of its day if given, shifted by `offset`.
pub(super) fn named_instant(
    value: &Value,
    time: Option<ClockTime>,
    offset: Offset,
    zone: &Zone,
) -> Option<Timestamp> {
    let moment = Moment::of(value, zone)?;
    if time.is_none() && offset.days() == 0 {
        // Not by way of local time, which names two instants where a clock is put back.
        return Some(moment.at.plus_ms(offset.rest_ms()));
    }
    DayAndTime::of(&moment, time, zone).shifted(moment.date, offset, zone)
}
