//! When a campaign's runs begin, and when it reaches each person.

use super::{Problem, problem};
use crate::local_time::{Zone, at_local, local_date, parse_date, parse_instant};
use jiff::Span;
use jiff::civil::{Date, DateTime};
use kit::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// A run that was missed, such as over an outage, is made up for when it is at most so late.
const MISSED_MS_MAX: i64 = 6 * HOUR_MS;
/// From the first place on earth to reach a wall-clock time to the last.
const ROUND_THE_EARTH_MS: i64 = 26 * HOUR_MS;
/// Days that the search for the next date looks at: the rarest, such as a 31st every 99 months, is found.
const SEARCH_DAYS_MAX: i64 = 366 * 20;

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// As soon as it is launched.
    #[default]
    Now,
    /// At an instant; a time without an offset is the shop's.
    At {
        at: String,
    },
    /// When the wall clock of each recipient shows this date and time.
    Local {
        at: String,
        #[serde(default)]
        late: Late,
        /// Each recipient gets it on this date at the hour at which they read on the campaign's channel; the time stands
        /// for those of whom that is not known.
        #[serde(default, skip_serializing_if = "is_false")]
        best_hour: bool,
    },
    Recurring(Recurring),
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// What becomes of somebody whose wall clock is past the time when the run begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// They get it at once.
    #[default]
    Send,
    /// They do not get it.
    Skip,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recurring {
    pub every: Every,
    /// Every so many days, weeks or months, 1 to 99.
    #[serde(default = "one")]
    pub interval: u32,
    /// The days of a week.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<Weekday>,
    /// The days of a month, 1 to 31; a month that is shorter has its last day instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<u32>,
    /// `HH:MM`.
    pub time: String,
    #[serde(default)]
    pub zone: InZone,
    #[serde(default)]
    pub late: Late,
    /// The first day that counts; the day of the launch when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    Day,
    Week,
    Month,
}

/// Whose wall clock shows the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InZone {
    #[default]
    Shop,
    Recipient,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    pub(super) const ALL: [Weekday; 7] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

    fn of(date: Date) -> Weekday {
        Weekday::ALL[date.weekday().to_monday_zero_offset().unsigned_abs() as usize % 7]
    }
}

/// A run that is to begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Planned {
    pub starts_at: Timestamp,
    /// The wall-clock time at which each recipient is to get it; `None`: all at once, as the run begins.
    pub local: Option<DateTime>,
}

/// UTC+14, where every date begins first.
pub fn earliest_zone() -> Zone {
    Zone::named("Pacific/Kiritimati").unwrap_or(Zone::UTC)
}

/// UTC-12, where every date ends last.
pub fn latest_zone() -> Zone {
    Zone::named("Etc/GMT+12").unwrap_or(Zone::UTC)
}

/// The instant at which the wall clock of a zone shows the time.
pub fn local_time_of(local: DateTime, zone: &Zone) -> Timestamp {
    at_local(local.date(), local.hour().unsigned_abs(), local.minute().unsigned_abs(), zone)
}

/// `2026-11-25T09:00`, without an offset.
fn read_local(text: &str) -> Option<DateTime> {
    let shape = text.len() == 16 && text.as_bytes()[10] == b'T' && text.as_bytes()[13] == b':';
    text.parse::<DateTime>().ok().filter(|_| shape)
}

fn read_time(text: &str) -> Option<(i8, i8)> {
    let (hour, minute) = text.split_once(':').filter(|_| text.len() == 5)?;
    let (hour, minute) = (hour.parse::<i8>().ok()?, minute.parse::<i8>().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((hour, minute))
}

impl Schedule {
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        match self {
            Schedule::Now => {}
            Schedule::At { at } => {
                if at.len() > 40 || parse_instant(at, &Zone::UTC).is_none() {
                    found.push(problem("schedule.at", "an instant, such as 2026-11-25T09:00:00+07:00"));
                }
            }
            Schedule::Local { at, .. } => {
                if read_local(at).is_none() {
                    let told = "a date and a time without an offset, such as 2026-11-25T09:00";
                    found.push(problem("schedule.at", told));
                }
            }
            Schedule::Recurring(recurring) => found.extend(recurring.problems()),
        }
        found
    }

    pub fn recurs(&self) -> bool {
        matches!(self, Schedule::Recurring(_))
    }

    /// Whether each recipient gets it at the hour at which they read.
    pub fn is_at_best_hour(&self) -> bool {
        matches!(self, Schedule::Local { best_hour: true, .. })
    }

    pub fn late(&self) -> Late {
        match self {
            Schedule::Local { late, .. } => *late,
            Schedule::Recurring(recurring) => recurring.late,
            _ => Late::Send,
        }
    }

    /// The schedule as it is from its launch on: one that recurs from no day in particular does so from today.
    pub fn anchored(mut self, now: Timestamp, shop: &Zone) -> Schedule {
        if let Schedule::Recurring(recurring) = &mut self
            && recurring.from.is_none()
        {
            let zone = match recurring.zone {
                InZone::Shop => shop.clone(),
                InZone::Recipient => earliest_zone(),
            };
            recurring.from = Some(local_date(now, &zone).to_string());
        }
        self
    }

    /// The run with which a campaign begins that is launched now; `None` when its time is over.
    pub fn first(&self, now: Timestamp, shop: &Zone) -> Option<Planned> {
        match self {
            Schedule::Now => Some(Planned { starts_at: now, local: None }),
            Schedule::At { at } => {
                let starts_at = parse_instant(at, shop).filter(|at| *at >= now)?;
                Some(Planned { starts_at, local: None })
            }
            Schedule::Local { at, .. } => {
                let local = read_local(at)?;
                (local_time_of(local, &latest_zone()) >= now).then_some(())?;
                // The hour at which somebody reads may be any of the day.
                let first = if self.is_at_best_hour() { local.date().at(0, 0, 0, 0) } else { local };
                let starts_at = local_time_of(first, &earliest_zone()).max(now);
                Some(Planned { starts_at, local: Some(local) })
            }
            Schedule::Recurring(recurring) => recurring.after(now.plus_ms(-1), shop),
        }
    }

    /// The next runs of a campaign that is launched now, at most so many, none of them later than `until`.
    pub fn upcoming(&self, now: Timestamp, until: Timestamp, shop: &Zone, max: usize) -> Vec<Planned> {
        let mut found: Vec<Planned> = Vec::new();
        let anchored = self.clone().anchored(now, shop);
        let mut next = anchored.first(now, shop);
        while let Some(planned) = next.filter(|planned| planned.starts_at <= until && found.len() < max) {
            found.push(planned);
            next = match &anchored {
                Schedule::Recurring(recurring) => recurring.after(planned.starts_at, shop),
                _ => None,
            };
        }
        found
    }

    /// The run to begin with at `now` of those that were due since `due_at`, and the one after it. A run that is missed
    /// by hours is not made up for, and never more than one is.
    pub fn due(&self, due_at: Timestamp, now: Timestamp, shop: &Zone) -> (Option<Planned>, Option<Planned>) {
        let Schedule::Recurring(recurring) = self else {
            let local = match self {
                Schedule::Local { at, .. } => read_local(at),
                _ => None,
            };
            return (Some(Planned { starts_at: due_at, local }), None);
        };
        let late_ms_max = match recurring.zone {
            InZone::Shop => MISSED_MS_MAX,
            InZone::Recipient => MISSED_MS_MAX + ROUND_THE_EARTH_MS,
        };
        let mut last = None;
        let mut next = recurring.after(due_at.plus_ms(-1), shop);
        while let Some(planned) = next.filter(|planned| planned.starts_at <= now) {
            last = Some(planned);
            next = recurring.after(planned.starts_at, shop);
        }
        (last.filter(|planned| now.since_ms(planned.starts_at) <= late_ms_max), next)
    }
}

impl Recurring {
    fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if read_time(&self.time).is_none() {
            found.push(problem("schedule.time", "a time of day, 00:00 to 23:59"));
        }
        if !(1..=99).contains(&self.interval) {
            found.push(problem("schedule.interval", "from 1 to 99"));
        }
        match self.every {
            Every::Week if self.weekdays.is_empty() || self.weekdays.len() > 7 => {
                found.push(problem("schedule.weekdays", "some of mon, tue, wed, thu, fri, sat, sun"));
            }
            Every::Month if self.days.is_empty() || self.days.len() > 31 => {
                found.push(problem("schedule.days", "some of 1 to 31"));
            }
            _ => {}
        }
        if self.every != Every::Week && !self.weekdays.is_empty() {
            found.push(problem("schedule.weekdays", "only with every: week"));
        }
        if self.every != Every::Month && !self.days.is_empty() {
            found.push(problem("schedule.days", "only with every: month"));
        }
        if self.days.iter().any(|day| !(1..=31).contains(day)) {
            found.push(problem(
                "schedule.days",
                "each from 1 to 31; a shorter month has its last day instead",
            ));
        }
        let (from, until) = (&self.from, &self.until);
        for (field, date) in [("schedule.from", from), ("schedule.until", until)] {
            if date.as_deref().is_some_and(|text| parse_date(text).is_none()) {
                found.push(problem(field, "a date, such as 2026-11-25"));
            }
        }
        let dates = from.as_deref().and_then(parse_date).zip(until.as_deref().and_then(parse_date));
        if dates.is_some_and(|(from, until)| until < from) {
            found.push(problem("schedule.until", "not before schedule.from"));
        }
        found
    }

    /// Whether a date of the calendar is one of the schedule's.
    fn falls_on(&self, date: Date, from: Date) -> bool {
        if date < from || self.until.as_deref().and_then(parse_date).is_some_and(|until| date > until) {
            return false;
        }
        let interval = i64::from(self.interval.max(1));
        let days_between = |a: Date, b: Date| a.until(b).map_or(0, |span| i64::from(span.get_days()));
        match self.every {
            Every::Day => days_between(from, date) % interval == 0,
            Every::Week => {
                let monday = |date: Date| {
                    let back = i64::from(date.weekday().to_monday_zero_offset());
                    date.checked_sub(Span::new().days(back)).unwrap_or(date)
                };
                self.weekdays.contains(&Weekday::of(date))
                    && (days_between(monday(from), monday(date)) / 7) % interval == 0
            }
            Every::Month => {
                let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
                let last = u32::from(date.days_in_month().unsigned_abs());
                let day = u32::from(date.day().unsigned_abs());
                (months(date) - months(from)) % interval == 0
                    && self.days.iter().any(|wanted| (*wanted).min(last) == day)
            }
        }
    }

    /// The first run that begins later than the instant.
    fn after(&self, after: Timestamp, shop: &Zone) -> Option<Planned> {
        let (hour, minute) = read_time(&self.time)?;
        let zone = match self.zone {
            InZone::Shop => shop.clone(),
            InZone::Recipient => earliest_zone(),
        };
        let today = local_date(after, &zone);
        let from = self.from.as_deref().and_then(parse_date).unwrap_or(today);
        let until = self.until.as_deref().and_then(parse_date);
        // From yesterday, because a jump over midnight moves yesterday's late times into today.
        let first = today.checked_sub(Span::new().days(1)).unwrap_or(today).max(from);
        for days in 0..SEARCH_DAYS_MAX {
            let date = first.checked_add(Span::new().days(days)).ok()?;
            if until.is_some_and(|until| date > until) {
                return None;
            }
            if !self.falls_on(date, from) {
                continue;
            }
            let local = date.at(hour, minute, 0, 0);
            let starts_at = local_time_of(local, &zone);
            if starts_at > after {
                let local = (self.zone == InZone::Recipient).then_some(local);
                return Some(Planned { starts_at, local });
            }
        }
        None
    }
}
