//! When a Vietnamese fashion shop is busy: the year's feasts and sale days, the week, the hours of a day.
//!
//! The weights are this crate's own, chosen to look like such a shop; they are not measured from anybody's sales.

use crate::chance::exponential;
use jiff::civil::Date;
use kit::{DAY_MS, HOUR_MS, Rng, Timestamp};

/// Vietnam is at UTC+7 all year, without daylight saving, since 1975, so local days are plain arithmetic here.
const OFFSET_MS: i64 = 7 * HOUR_MS;

/// The first day of the lunar year (Tết) by solar date. Vietnam's own new moons at UTC+7: 2030 differs from China's.
const TET: [(i16, i8, i8); 13] = [
    (2024, 2, 10),
    (2025, 1, 29),
    (2026, 2, 17),
    (2027, 2, 6),
    (2028, 1, 26),
    (2029, 2, 13),
    (2030, 2, 2),
    (2031, 1, 23),
    (2032, 2, 11),
    (2033, 1, 31),
    (2034, 2, 19),
    (2035, 2, 8),
    (2036, 1, 28),
];

/// Days since 1970-01-01 in Vietnam.
pub fn local_day(at: Timestamp) -> i64 {
    (at.ms() + OFFSET_MS).div_euclid(DAY_MS)
}

/// 00:00 in Vietnam of that day.
pub fn day_start(day: i64) -> Timestamp {
    Timestamp::from_ms(day * DAY_MS - OFFSET_MS)
}

/// Hour of the day in Vietnam, 0..24.
pub fn local_hour(at: Timestamp) -> i64 {
    (at.ms() + OFFSET_MS).rem_euclid(DAY_MS) / HOUR_MS
}

pub fn date_of(day: i64) -> Date {
    let utc = jiff::Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or_default();
    utc.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn day_of(date: Date) -> i64 {
    date.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second().div_euclid(86_400))
}

/// The same date `months` earlier, as a local day.
pub fn months_before(day: i64, months: u32) -> i64 {
    let span = jiff::Span::new().months(i64::from(months.min(1_200)));
    date_of(day).checked_sub(span).map_or(day, day_of)
}

/// `2026-02-17T02:05:09.120Z`, as Segment's libraries write instants.
pub fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.ms())
        .map_or_else(|_| String::new(), |instant| format!("{instant:.3}"))
}

/// Days until the nearest Tết ahead (positive) or since the last one (negative), whichever is nearer; `None` when
/// none of the table is within 60 days.
pub fn days_to_tet(date: Date) -> Option<i64> {
    let day = day_of(date);
    TET.iter()
        .filter_map(|(year, month, dom)| Date::new(*year, *month, *dom).ok())
        .map(|tet| day_of(tet) - day)
        .filter(|gap| gap.abs() <= 60)
        .min_by_key(|gap| gap.abs())
}

/// How many orders a day draws beside an ordinary Tuesday in May (1.0).
pub fn order_season(date: Date) -> f64 {
    let (month, day) = (date.month(), date.day());
    let mut weight = [0.95, 0.9, 1.0, 0.95, 1.0, 0.95, 0.9, 0.92, 1.05, 1.1, 1.2, 1.25][month as usize - 1];
    // Orders are placed from desks and sofas: Sunday evening and the first half of the week, less on Saturday.
    weight *= [1.06, 1.03, 1.0, 1.0, 0.97, 0.88, 0.98][date.weekday().to_monday_zero_offset() as usize];
    if day == 15 || day == 25 {
        weight *= 1.2; // payday sales
    }
    weight *= match (month, day) {
        (9, 9) => 2.6,
        (10, 10) => 2.3,
        (11, 11) => 3.6,
        (12, 12) => 3.2,
        (11, 10) | (12, 11) | (11, 12) | (12, 13) => 1.5,
        (m, d) if m == d && m < 9 => 1.35,
        // Women's Day and Vietnamese Women's Day: presents are ordered in time to be delivered.
        (3, 2..=6) | (10, 13..=18) => 1.9,
        (3, 7) | (10, 19) => 1.5,
        (12, 15..=22) => 1.25,
        (4, 29..=30) | (5, 1) | (9, 1..=3) => 0.7,
        _ => 1.0,
    };
    weight *= black_friday_weight(date);
    weight * tet_weight(date)
}

/// Visits follow the same calendar at half its swing: people look more evenly than they buy.
pub fn visit_season(date: Date) -> f64 {
    0.5 + 0.5 * order_season(date)
}

/// The fourth Friday of November and the days around it.
fn black_friday_weight(date: Date) -> f64 {
    if date.month() != 11 {
        return 1.0;
    }
    let friday = (1..=7).find(|day| {
        Date::new(date.year(), 11, *day).is_ok_and(|d| d.weekday() == jiff::civil::Weekday::Friday)
    });
    match friday.map(|first| i64::from(date.day()) - i64::from(first + 21)) {
        Some(0) => 2.8,
        Some(-1 | 1) => 1.8,
        Some(-3 | -2 | 2) => 1.4,
        _ => 1.0,
    }
}

/// New clothes for Tết: rising for four weeks, stopping when parcels no longer arrive, dead over the feast.
fn tet_weight(date: Date) -> f64 {
    match days_to_tet(date) {
        Some(21..=28) => 1.35,
        Some(12..=20) => 1.9,
        Some(6..=11) => 2.3,
        Some(4..=5) => 1.3,
        Some(2..=3) => 0.6,
        Some(-4..=1) => 0.15,
        Some(-8..=-5) => 0.5,
        Some(-15..=-9) => 0.8,
        _ => 1.0,
    }
}

/// Share of a day's visits by hour: a rise at lunch, the peak from 20 to 22 h.
const HOURS: [f64; 24] = [
    2.1, 1.0, 0.5, 0.3, 0.3, 0.5, 1.2, 2.4, 3.8, 5.0, 5.6, 6.2, 6.4, 5.0, 4.8, 4.9, 4.7, 4.2, 4.2, 5.6, 7.4,
    8.0, 6.6, 4.1,
];

/// A day-by-day intensity over a period, which turns "so much activity later" into an instant.
///
/// It is the time change of an inhomogeneous process (Daley and Vere-Jones, "An introduction to the theory of point
/// processes", 7.4): gaps are drawn on an even clock whose unit is one ordinary day, and read off on the real one,
/// where busy days and hours are long.
#[derive(Clone, Debug)]
pub struct Pace {
    first_day: i64,
    /// Even time at the start of each day, from 0, with one more entry for the end.
    elapsed: Vec<f64>,
    /// Share of a day's activity before each hour, 25 entries from 0 to 1.
    before_hour: [f64; 25],
}

impl Pace {
    /// From 00:00 of `first_day` through the end of `last_day`; `weight` is above 0.
    pub fn new(first_day: i64, last_day: i64, weight: impl Fn(Date) -> f64) -> Self {
        let mut sum = 0.0;
        let mut elapsed = vec![0.0];
        for day in first_day..=last_day {
            sum += weight(date_of(day));
            elapsed.push(sum);
        }
        let total: f64 = HOURS.iter().sum();
        let mut before_hour = [0.0; 25];
        for hour in 0..24 {
            before_hour[hour + 1] = before_hour[hour] + HOURS[hour] / total;
        }
        Pace { first_day, elapsed, before_hour }
    }

    /// All the even time there is, in ordinary days.
    pub fn total(&self) -> f64 {
        self.elapsed.last().copied().unwrap_or(0.0)
    }

    /// The even time at an instant, held to the period.
    pub fn even(&self, at: Timestamp) -> f64 {
        let day = local_day(at) - self.first_day;
        if day < 0 {
            return 0.0;
        }
        let day = day as usize;
        if day + 1 >= self.elapsed.len() {
            return self.total();
        }
        let hours = (at.since_ms(day_start(self.first_day + day as i64))) as f64 / HOUR_MS as f64;
        let hour = (hours as usize).min(23);
        let share = self.before_hour[hour]
            + (hours - hour as f64) * (self.before_hour[hour + 1] - self.before_hour[hour]);
        self.elapsed[day] + share * (self.elapsed[day + 1] - self.elapsed[day])
    }

    /// The instant of an even time; `None` after the period's end.
    pub fn instant(&self, even: f64) -> Option<Timestamp> {
        if !(0.0..self.total()).contains(&even) {
            return None;
        }
        let day = self.elapsed.partition_point(|start| *start <= even).saturating_sub(1);
        let length = self.elapsed[day + 1] - self.elapsed[day];
        let share = (even - self.elapsed[day]) / length;
        let hour = self.before_hour.partition_point(|before| *before <= share).clamp(1, 24) - 1;
        let within = (share - self.before_hour[hour]) / (self.before_hour[hour + 1] - self.before_hour[hour]);
        let ms = (hour as f64 + within.clamp(0.0, 1.0)) * HOUR_MS as f64;
        Some(day_start(self.first_day + day as i64).plus_ms(ms as i64))
    }

    /// The instant `even_days` of activity after `at`; `None` after the period's end.
    pub fn after(&self, at: Timestamp, even_days: f64) -> Option<Timestamp> {
        self.instant(self.even(at) + even_days).map(|instant| instant.max(at))
    }
}

/// The first moment at or after `at` inside working hours (08-18 h), with some minutes of chance: parcels are packed
/// and handed over by people.
pub fn working_hours(at: Timestamp, rng: &mut Rng) -> Timestamp {
    let minutes = (exponential(rng) * 40.0).min(110.0) as i64;
    let opening = match local_hour(at) {
        0..=7 => day_start(local_day(at)).plus_ms(8 * HOUR_MS),
        18..=23 => day_start(local_day(at) + 1).plus_ms(8 * HOUR_MS),
        _ => return at,
    };
    opening.plus_ms(minutes * kit::MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_and_dates_agree() {
        let noon = Timestamp::from_ms(1_771_304_400_000); // 2026-02-17T05:00Z = 12:00 in Vietnam
        assert_eq!(date_of(local_day(noon)), date("2026-02-17"));
        assert_eq!(local_hour(noon), 12);
        assert_eq!(iso(noon), "2026-02-17T05:00:00.000Z");
        assert_eq!(date_of(months_before(local_day(noon), 18)), date("2024-08-17"));
        assert_eq!(day_start(local_day(noon)).since_ms(noon), -12 * HOUR_MS);
    }

    #[test]
    fn feasts_stand_out() {
        let check = |busy: &str, calm: &str, times: f64| {
            let (a, b) = (order_season(date(busy)), order_season(date(calm)));
            assert!(a > b * times, "{busy} {a} should be {times} times {calm} {b}");
        };
        check("2026-11-11", "2026-11-17", 2.5);
        check("2025-11-28", "2025-11-18", 2.0); // Black Friday
        check("2026-02-06", "2026-04-10", 1.8); // eleven days before Tết
        check("2026-04-10", "2026-02-17", 4.0); // Tết itself
        check("2026-03-05", "2026-03-19", 1.5);
        check("2026-10-16", "2026-10-28", 1.3);
    }

    #[test]
    fn even_time_is_the_inverse_of_the_instant() {
        let day = day_of(date("2026-01-10"));
        let pace = Pace::new(day, day + 60, order_season);
        for step in 0..600 {
            let even = pace.total() * f64::from(step) / 600.0;
            let back = pace.even(pace.instant(even).unwrap());
            assert!((back - even).abs() < 1e-4, "{even} {back}");
        }
        assert_eq!(pace.instant(pace.total()), None);
    }
}
