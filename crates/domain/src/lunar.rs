//! The Vietnamese lunar calendar and the feasts of the year.
//!
//! Months begin on the day of the new moon and the eleventh month holds the winter solstice, both by the clock of
//! UTC+7; where thirteen new moons lie between two solstices, the first month without a principal term is the leap
//! month. This is the rule and these are the series (after Meeus, *Astronomical Algorithms*) that Hồ Ngọc Đức
//! published. China's calendar goes by UTC+8 and differs in some years: Tết of 2030 is a day earlier in Vietnam.

use jiff::ToSpan;
use jiff::civil::Date;
use std::f64::consts::{PI, TAU};
use std::sync::LazyLock;

/// A date of the lunar calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LunarDate {
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 30.
    pub day: i8,
    /// In the second month of this number.
    pub is_leap: bool,
}

/// The years that are kept once they were reckoned; others are reckoned each time.
const KEPT: std::ops::RangeInclusive<i16> = 1899..=2200;

static YEARS: LazyLock<Vec<Year>> = LazyLock::new(|| KEPT.map(Year::reckon).collect());

/// A lunar year by its new moons.
#[derive(Clone, Debug)]
struct Year {
    /// The first day of each month, 12 or 13, and that of the next year's first: Julian day numbers.
    begins: Vec<i64>,
    /// The position of the leap month among them.
    leap: Option<usize>,
}

/// The Julian day number of a date at noon, by way of 2000-01-01.
fn day_number(date: Date) -> i64 {
    let since = jiff::civil::date(2000, 1, 1).until(date).map_or(0, |span| i64::from(span.get_days()));
    2_451_545 + since
}

fn date_of(day_number: i64) -> Option<Date> {
    jiff::civil::date(2000, 1, 1).checked_add((day_number - 2_451_545).days()).ok()
}

/// The instant of the `k`th new moon after that of 1900-01-01, as a Julian date.
fn new_moon(k: f64) -> f64 {
    let t = k / 1_236.85;
    let (t2, t3) = (t * t, t * t * t);
    let sin = |degrees: f64| degrees.to_radians().sin();
    let mean = 2_415_020.759_33 + 29.530_588_68 * k + 0.000_117_8 * t2 - 0.000_000_155 * t3
        + 0.000_33 * sin(166.56 + 132.87 * t - 0.009_173 * t2);
    // The mean anomalies of sun and moon, and the moon's argument of latitude.
    let sun = 359.224_2 + 29.105_356_08 * k - 0.000_033_3 * t2 - 0.000_003_47 * t3;
    let moon = 306.025_3 + 385.816_918_06 * k + 0.010_730_6 * t2 + 0.000_012_36 * t3;
    let latitude = 21.296_4 + 390.670_506_46 * k - 0.001_652_8 * t2 - 0.000_002_39 * t3;
    let correction = (0.173_4 - 0.000_393 * t) * sin(sun) + 0.002_1 * sin(2.0 * sun) - 0.406_8 * sin(moon)
        + 0.016_1 * sin(2.0 * moon)
        - 0.000_4 * sin(3.0 * moon)
        + 0.010_4 * sin(2.0 * latitude)
        - 0.005_1 * sin(sun + moon)
        - 0.007_4 * sin(sun - moon)
        + 0.000_4 * sin(2.0 * latitude + sun)
        - 0.000_4 * sin(2.0 * latitude - sun)
        - 0.000_6 * sin(2.0 * latitude + moon)
        + 0.001_0 * sin(2.0 * latitude - moon)
        + 0.000_5 * sin(2.0 * moon + sun);
    // From the time of the ephemerides to that of clocks.
    let clocks = if t < -11.0 {
        0.001 + 0.000_839 * t + 0.000_226_1 * t2 - 0.000_008_45 * t3 - 0.000_000_081 * t * t3
    } else {
        -0.000_278 + 0.000_265 * t + 0.000_262 * t2
    };
    mean + correction - clocks
}

/// The day, by the clock of UTC+7, of the `k`th new moon.
fn new_moon_day(k: i64) -> i64 {
    (new_moon(k as f64) + 0.5 + 7.0 / 24.0).floor() as i64
}

/// In which twelfth of its way, 0 to 11 from the spring equinox, the sun stands when a day begins at UTC+7.
fn sun_sector(day_number: i64) -> i64 {
    let t = (day_number as f64 - 0.5 - 7.0 / 24.0 - 2_451_545.0) / 36_525.0;
    let t2 = t * t;
    let anomaly = (357.529_10 + 35_999.050_30 * t - 0.000_155_9 * t2 - 0.000_000_48 * t * t2).to_radians();
    let mean = 280.466_45 + 36_000.769_83 * t + 0.000_303_2 * t2;
    let centre = (1.914_600 - 0.004_817 * t - 0.000_014 * t2) * anomaly.sin()
        + (0.019_993 - 0.000_101 * t) * (2.0 * anomaly).sin()
        + 0.000_290 * (3.0 * anomaly).sin();
    let longitude = (mean + centre).to_radians().rem_euclid(TAU);
    (longitude / PI * 6.0).floor() as i64
}

/// Which new moon begins the month of the winter solstice of a solar year.
fn eleventh_month(year: i16) -> i64 {
    let last_day = 2_451_545 + (days_since_2000(year + 1) - 1);
    let k = ((last_day - 2_415_021) as f64 / 29.530_588_853).floor() as i64;
    // The sun has passed the solstice when the month begins: the month before holds it.
    if sun_sector(new_moon_day(k)) >= 9 { k - 1 } else { k }
}

/// Days from 2000-01-01 to the first of January of a year.
fn days_since_2000(year: i16) -> i64 {
    let years = i64::from(year) - 1;
    let days = |years: i64| years * 365 + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    days(years) - days(1999)
}

impl Year {
    fn reckon(year: i16) -> Year {
        // From the eleventh month of the year before over this year's to the first of the next.
        let (before, own) = (eleventh_month(year - 1), eleventh_month(year));
        let leap_before = leap_after(before, own);
        let leap_own = leap_after(own, eleventh_month(year + 1));
        // The first month is the second after the eleventh, or the third with a leap month between.
        let first = |eleventh: i64, leap: Option<i64>| {
            eleventh + if leap.is_some_and(|leap| leap <= eleventh + 2) { 3 } else { 2 }
        };
        let (begin, end) = (first(before, leap_before), first(own, leap_own));
        let leap = [leap_before, leap_own]
            .into_iter()
            .flatten()
            .find(|leap| (begin..end).contains(leap))
            .and_then(|leap| usize::try_from(leap - begin).ok());
        Year { begins: (begin..=end).map(new_moon_day).collect(), leap }
    }

    /// The number of the month at a position.
    fn month(&self, at: usize) -> i8 {
        let repeated = usize::from(self.leap.is_some_and(|leap| leap <= at));
        i8::try_from(at + 1 - repeated).unwrap_or(12)
    }

    fn position(&self, month: i8, is_leap: bool) -> Option<usize> {
        (0..self.begins.len() - 1).find(|at| self.month(*at) == month && (self.leap == Some(*at)) == is_leap)
    }
}

/// The leap month between two eleventh months, as the number of its new moon: the first during which the sun
/// enters no new twelfth, if thirteen months lie between.
fn leap_after(eleventh: i64, next_eleventh: i64) -> Option<i64> {
    if next_eleventh - eleventh <= 12 {
        return None;
    }
    let sector = |k: i64| sun_sector(new_moon_day(k));
    (eleventh + 1..next_eleventh).find(|k| sector(*k) == sector(*k + 1))
}

fn with_year<T>(year: i16, look: impl FnOnce(&Year) -> T) -> T {
    let kept = usize::try_from(i32::from(year) - i32::from(*KEPT.start())).ok().and_then(|at| YEARS.get(at));
    match kept {
        Some(year) => look(year),
        None => look(&Year::reckon(year.clamp(-9_000, 9_000))),
    }
}

/// The lunar date of a day.
pub fn of_solar(date: Date) -> LunarDate {
    let day = day_number(date);
    let year =
        if with_year(date.year(), |year| year.begins[0] <= day) { date.year() } else { date.year() - 1 };
    with_year(year, |found| {
        let at = found.begins.partition_point(|begins| *begins <= day).clamp(1, found.begins.len() - 1) - 1;
        LunarDate {
            year,
            month: found.month(at),
            day: i8::try_from(day - found.begins[at] + 1).unwrap_or(30),
            is_leap: found.leap == Some(at),
        }
    })
}

/// The day of a lunar date; `None` when there is no such.
pub fn to_solar(date: LunarDate) -> Option<Date> {
    with_year(date.year, |year| {
        let at = year.position(date.month, date.is_leap)?;
        let length = year.begins[at + 1] - year.begins[at];
        let is_there = (1..=length).contains(&i64::from(date.day));
        if is_there { date_of(year.begins[at] + i64::from(date.day) - 1) } else { None }
    })
}

/// The day on which a lunar year comes round to a day of a month, the ordinary one of its number. A month of 29
/// days has the 29th for the 30th. `None` for what is no month (1 to 12) or no day (1 to 30).
pub fn in_year(year: i16, month: i8, day: i8) -> Option<Date> {
    let on = |day: i8| to_solar(LunarDate { year, month, day, is_leap: false });
    on(day).or_else(|| if day == 30 { on(29) } else { None })
}

/// The next day after `after` (not `after` itself) that is this day of this month, by the rule of [`in_year`].
pub fn next_solar(day: i8, month: i8, after: Date) -> Option<Date> {
    let year = of_solar(after).year;
    (0..=1).find_map(|years| in_year(year.checked_add(years)?, month, day).filter(|date| *date > after))
}

/// A day of the year that shops know by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feast {
    Tet,
    NguyenTieu,
    GioTo,
    DoanNgo,
    VuLan,
    TrungThu,
    OngTao,
    Valentine,
    WomensDay,
    ReunificationDay,
    LabourDay,
    ChildrensDay,
    NationalDay,
    VietnameseWomensDay,
    TeachersDay,
    ChristmasEve,
}

/// When a feast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeastDay {
    Lunar { day: i8, month: i8 },
    Solar { day: i8, month: i8 },
}

impl Feast {
    pub const ALL: [Feast; 16] = [
        Feast::Tet,
        Feast::NguyenTieu,
        Feast::GioTo,
        Feast::DoanNgo,
        Feast::VuLan,
        Feast::TrungThu,
        Feast::OngTao,
        Feast::Valentine,
        Feast::WomensDay,
        Feast::ReunificationDay,
        Feast::LabourDay,
        Feast::ChildrensDay,
        Feast::NationalDay,
        Feast::VietnameseWomensDay,
        Feast::TeachersDay,
        Feast::ChristmasEve,
    ];

    /// As definitions write it.
    pub const fn name(self) -> &'static str {
        match self {
            Feast::Tet => "tet",
            Feast::NguyenTieu => "nguyen_tieu",
            Feast::GioTo => "gio_to",
            Feast::DoanNgo => "doan_ngo",
            Feast::VuLan => "vu_lan",
            Feast::TrungThu => "trung_thu",
            Feast::OngTao => "ong_tao",
            Feast::Valentine => "valentine",
            Feast::WomensDay => "womens_day",
            Feast::ReunificationDay => "reunification_day",
            Feast::LabourDay => "labour_day",
            Feast::ChildrensDay => "childrens_day",
            Feast::NationalDay => "national_day",
            Feast::VietnameseWomensDay => "vietnamese_womens_day",
            Feast::TeachersDay => "teachers_day",
            Feast::ChristmasEve => "christmas_eve",
        }
    }

    pub fn from_name(name: &str) -> Option<Feast> {
        Feast::ALL.into_iter().find(|feast| feast.name() == name)
    }

    /// As Vietnamese people call it.
    pub const fn vietnamese(self) -> &'static str {
        match self {
            Feast::Tet => "Tết Nguyên đán",
            Feast::NguyenTieu => "Tết Nguyên tiêu",
            Feast::GioTo => "Giỗ Tổ Hùng Vương",
            Feast::DoanNgo => "Tết Đoan Ngọ",
            Feast::VuLan => "Lễ Vu Lan",
            Feast::TrungThu => "Tết Trung thu",
            Feast::OngTao => "Ông Công Ông Táo",
            Feast::Valentine => "Lễ tình nhân",
            Feast::WomensDay => "Quốc tế Phụ nữ",
            Feast::ReunificationDay => "Ngày Giải phóng miền Nam",
            Feast::LabourDay => "Quốc tế Lao động",
            Feast::ChildrensDay => "Quốc tế Thiếu nhi",
            Feast::NationalDay => "Quốc khánh",
            Feast::VietnameseWomensDay => "Ngày Phụ nữ Việt Nam",
            Feast::TeachersDay => "Ngày Nhà giáo Việt Nam",
            Feast::ChristmasEve => "Đêm Giáng sinh",
        }
    }

    pub const fn day(self) -> FeastDay {
        const fn lunar(day: i8, month: i8) -> FeastDay {
            FeastDay::Lunar { day, month }
        }
        const fn solar(day: i8, month: i8) -> FeastDay {
            FeastDay::Solar { day, month }
        }
        match self {
            Feast::Tet => lunar(1, 1),
            Feast::NguyenTieu => lunar(15, 1),
            Feast::GioTo => lunar(10, 3),
            Feast::DoanNgo => lunar(5, 5),
            Feast::VuLan => lunar(15, 7),
            Feast::TrungThu => lunar(15, 8),
            Feast::OngTao => lunar(23, 12),
            Feast::Valentine => solar(14, 2),
            Feast::WomensDay => solar(8, 3),
            Feast::ReunificationDay => solar(30, 4),
            Feast::LabourDay => solar(1, 5),
            Feast::ChildrensDay => solar(1, 6),
            Feast::NationalDay => solar(2, 9),
            Feast::VietnameseWomensDay => solar(20, 10),
            Feast::TeachersDay => solar(20, 11),
            Feast::ChristmasEve => solar(24, 12),
        }
    }
}

impl Feast {
    /// Its day in a year of its own calendar.
    pub fn in_year(self, year: i16) -> Option<Date> {
        match self.day() {
            FeastDay::Lunar { day, month } => in_year(year, month, day),
            FeastDay::Solar { day, month } => Date::new(year, month, day).ok(),
        }
    }
}

/// The next day of a feast after `after` (not `after` itself); [`Date::MAX`] at the end of the calendar.
pub fn next_on(feast: Feast, after: Date) -> Date {
    let found = match feast.day() {
        FeastDay::Lunar { day, month } => next_solar(day, month, after),
        FeastDay::Solar { day, month } => (0..=1).find_map(|years| {
            let date = Date::new(after.year().checked_add(years)?, month, day).ok()?;
            Some(date).filter(|date| *date > after)
        }),
    };
    found.unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn feasts_of_known_years() {
        // Tết, Giỗ Tổ, Vu Lan, Trung thu.
        const KNOWN: [(i16, [&str; 4]); 10] = [
            (2026, ["02-17", "04-26", "08-27", "09-25"]),
            (2027, ["02-06", "04-16", "08-16", "09-15"]),
            (2028, ["01-26", "04-04", "09-03", "10-03"]),
            (2029, ["02-13", "04-23", "08-24", "09-22"]),
            (2030, ["02-02", "04-12", "08-13", "09-12"]),
            (2031, ["01-23", "04-01", "09-01", "10-01"]),
            (2032, ["02-11", "04-19", "08-20", "09-19"]),
            (2033, ["01-31", "04-09", "08-09", "09-08"]),
            (2034, ["02-19", "04-28", "08-28", "09-26"]),
            (2035, ["02-08", "04-17", "08-18", "09-16"]),
        ];
        for (year, days) in KNOWN {
            let feasts = [Feast::Tet, Feast::GioTo, Feast::VuLan, Feast::TrungThu];
            for (feast, day) in feasts.into_iter().zip(days) {
                let found = next_on(feast, date(year, 1, 1));
                assert_eq!(found.to_string(), format!("{year}-{day}"), "{feast:?} {year}");
            }
        }
    }

    #[test]
    fn vietnam_is_not_china() {
        // Tết of the years in which the calendars of UTC+7 and UTC+8 differ.
        for (year, month, day) in
            [(1968, 1, 29), (1969, 2, 16), (1985, 1, 21), (2007, 2, 17), (2030, 2, 2), (2053, 2, 18)]
        {
            assert_eq!(in_year(year, 1, 1), Some(date(year, month, day)), "{year}");
        }
    }

    #[test]
    fn leap_months() {
        // The months that come twice, as Hồ Ngọc Đức's tables have them.
        for (year, month) in [
            (1984, None),
            (1987, Some(7)),
            (2001, Some(4)),
            (2004, Some(2)),
            (2006, Some(7)),
            (2009, Some(5)),
            (2012, Some(4)),
            (2014, Some(9)),
            (2017, Some(6)),
            (2020, Some(4)),
            (2023, Some(2)),
            (2025, Some(6)),
            (2026, None),
            (2028, Some(5)),
            (2031, Some(3)),
            (2033, Some(11)),
        ] {
            let found = with_year(year, |year| year.leap.map(|at| year.month(at)));
            assert_eq!(found, month, "{year}");
        }
        let leap = LunarDate { year: 2025, month: 6, day: 1, is_leap: true };
        assert_eq!(to_solar(leap), Some(date(2025, 7, 25)));
        assert_eq!(of_solar(date(2025, 7, 25)), leap);
        // Born in a leap month: the anniversary is in the ordinary one.
        assert_eq!(next_solar(1, 6, date(2025, 7, 25)), in_year(2026, 6, 1));
        assert_eq!(to_solar(LunarDate { year: 2026, ..leap }), None);
    }

    #[test]
    fn the_30th_of_a_short_month_is_its_29th() {
        let mut short = 0;
        for year in 1990..2060 {
            let last = to_solar(LunarDate { year, month: 12, day: 30, is_leap: false });
            let tet = in_year(year + 1, 1, 1).unwrap();
            assert_eq!(in_year(year, 12, 30).unwrap(), tet.yesterday().unwrap(), "{year}");
            short += usize::from(last.is_none());
        }
        assert!((20..50).contains(&short), "{short} of 70");
        assert_eq!(in_year(2026, 12, 31), None);
        assert_eq!(in_year(2026, 13, 1), None);
        assert_eq!(in_year(2026, 0, 1), None);
    }

    #[test]
    fn every_feast_comes_every_year() {
        for feast in Feast::ALL {
            assert_eq!(Feast::from_name(feast.name()), Some(feast));
            assert_eq!(serde_json::to_value(feast).unwrap(), feast.name());
            let mut on = date(1900, 1, 1);
            for _ in 0..300 {
                let next = next_on(feast, on);
                let days = on.until(next).unwrap().get_days();
                assert!(next > on && days <= 385, "{feast:?} after {on}: {next}");
                on = next;
            }
            assert!(on.year() >= 2199);
        }
        assert_eq!(next_on(Feast::ChristmasEve, date(2026, 12, 24)), date(2027, 12, 24));
        assert_eq!(next_on(Feast::OngTao, date(2026, 1, 1)), date(2026, 2, 10));
        let _ = (next_on(Feast::Tet, Date::MAX), next_on(Feast::Tet, Date::MIN));
        let _ = (of_solar(Date::MAX), of_solar(Date::MIN));
    }

    proptest! {
        #[test]
        fn there_and_back(days in 0i64..109_500) {
            let day = date(1900, 1, 1).checked_add(days.days()).unwrap();
            let lunar = of_solar(day);
            prop_assert_eq!(to_solar(lunar), Some(day), "{:?}", lunar);
            let tomorrow = of_solar(day.tomorrow().unwrap());
            let goes_on = tomorrow == LunarDate { day: lunar.day + 1, ..lunar };
            prop_assert!(goes_on || (tomorrow.day == 1 && lunar.day >= 29), "{:?} {:?}", lunar, tomorrow);
        }
    }
}
