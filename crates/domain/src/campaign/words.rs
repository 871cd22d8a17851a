//! A schedule in plain words.

use super::schedule::{Every, InZone, Recurring, Schedule, Weekday};

const DAYS_VI: [&str; 7] = ["thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn listed(parts: &[String], and: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

impl Schedule {
    /// In Vietnamese (`vi`), else in English.
    pub fn in_words(&self, language: &str) -> String {
        let vi = language == "vi";
        match self {
            Schedule::Now if vi => "gửi ngay".into(),
            Schedule::Now => "at once".into(),
            Schedule::At { at } if vi => format!("vào {at}"),
            Schedule::At { at } => format!("at {at}"),
            Schedule::Local { at, best_hour: true, .. } => {
                let date = at.split('T').next().unwrap_or(at);
                match vi {
                    true => format!("ngày {date}, vào giờ từng người nhận hay đọc"),
                    false => format!("on {date}, at the hour at which each recipient reads"),
                }
            }
            Schedule::Local { at, .. } if vi => format!("vào {at} theo giờ của từng người nhận"),
            Schedule::Local { at, .. } => format!("at {at} by each recipient's clock"),
            Schedule::Recurring(recurring) => recurring.in_words(vi),
        }
    }
}

impl Recurring {
    fn in_words(&self, vi: bool) -> String {
        let n = self.interval;
        let names = if vi { DAYS_VI } else { DAYS_EN };
        let and = if vi { "và" } else { "and" };
        let named = |day: &&Weekday| self.weekdays.contains(day);
        let week: Vec<String> =
            Weekday::ALL.iter().filter(named).map(|day| names[*day as usize].to_owned()).collect();
        let mut month = self.days.clone();
        month.sort_unstable();
        month.dedup();
        let short = month.last().is_some_and(|day| *day > 28);
        let month: Vec<String> = month.iter().map(u32::to_string).collect();
        let (week, month) = (listed(&week, and), listed(&month, and));
        let when = match (self.every, vi) {
            (Every::Day, true) if n == 1 => "hằng ngày".to_owned(),
            (Every::Day, true) => format!("{n} ngày một lần"),
            (Every::Day, false) if n == 1 => "every day".to_owned(),
            (Every::Day, false) => format!("every {n} days"),
            (Every::Week, true) if n == 1 => format!("{week} hằng tuần"),
            (Every::Week, true) => format!("{week}, {n} tuần một lần"),
            (Every::Week, false) if n == 1 => format!("every week on {week}"),
            (Every::Week, false) => format!("every {n} weeks on {week}"),
            (Every::Month, true) if n == 1 => format!("ngày {month} hằng tháng"),
            (Every::Month, true) => format!("ngày {month}, {n} tháng một lần"),
            (Every::Month, false) if n == 1 => format!("every month on day {month}"),
            (Every::Month, false) => format!("every {n} months on day {month}"),
        };
        let mut words = format!("{when} {} {}", if vi { "lúc" } else { "at" }, self.time);
        if self.zone == InZone::Recipient {
            words +=
                if vi { " theo giờ của từng người nhận" } else { " by each recipient's clock" };
        }
        if short {
            words += if vi {
                " (tháng ngắn hơn: ngày cuối tháng)"
            } else {
                " (the last day of a shorter month)"
            };
        }
        for (date, vi_word, en_word) in [(&self.from, "từ", "from"), (&self.until, "đến", "until")] {
            if let Some(date) = date {
                words += &format!(", {} {date}", if vi { vi_word } else { en_word });
            }
        }
        words
    }
}
