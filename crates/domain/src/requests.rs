//! What people may ask about their own data, and by when the law wants it done.
//!
//! The periods are those of Law 91/2025/QH15 and Decree 356/2025/ND-CP (in force since 2026-01-01) as law firms
//! report them; [`Rule::verified`] says which of them could not be checked against the text. An engineering reading,
//! not legal advice.

use crate::local_time::{Zone, local_date, local_weekday, start_of_day};
use jiff::civil::Weekday;
use kit::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// What do you know of me?
    Access,
    /// This is wrong, mend it.
    Rectify,
    /// Forget me.
    Erase,
    /// Keep it, and do nothing with it.
    Restrict,
    /// I take my consent back.
    Withdraw,
    /// I object to advertising and profiling.
    Object,
}

impl RequestKind {
    pub const ALL: [RequestKind; 6] = [
        RequestKind::Access,
        RequestKind::Rectify,
        RequestKind::Erase,
        RequestKind::Restrict,
        RequestKind::Withdraw,
        RequestKind::Object,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            RequestKind::Access => "access",
            RequestKind::Rectify => "rectify",
            RequestKind::Erase => "erase",
            RequestKind::Restrict => "restrict",
            RequestKind::Withdraw => "withdraw",
            RequestKind::Object => "object",
        }
    }
}

impl FromStr for RequestKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        RequestKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("{text:?} is none of: access, rectify, erase, restrict, withdraw, object"))
    }
}

/// How long one kind of request may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Rule {
    pub kind: RequestKind,
    /// Working days (Monday to Friday; public holidays count as working days, which is the stricter reading) until
    /// the person is told that the request has come in and how it goes on.
    pub acknowledge_working_days: u32,
    /// Calendar days from receipt until it is done.
    pub days: u32,
    /// The same when a processor or another third party must act too.
    pub days_with_third_party: u32,
    /// Calendar days by which it may be put off, once, with a reason told to the person.
    pub extension_days: u32,
    /// Whether sources agree on these figures. Where they do not, ours are the shortest that were reported.
    pub verified: bool,
    pub source: &'static str,
}

const STATED: &str = "Decree 356/2025/ND-CP as reported by frasersvn.com and cdlaf.vn";
const REPORTED: &str =
    "Decree 356/2025/ND-CP; sources give a range of 10 to 20 days, the exact split is not confirmed";

/// The periods of one kind of request.
pub const fn rule_of(kind: RequestKind) -> Rule {
    let (days, days_with_third_party, verified, source) = match kind {
        RequestKind::Withdraw | RequestKind::Restrict | RequestKind::Object => (15, 20, true, STATED),
        RequestKind::Access | RequestKind::Rectify => (10, 10, false, REPORTED),
        RequestKind::Erase => (20, 20, false, REPORTED),
    };
    let acknowledge_working_days = 2;
    Rule { kind, acknowledge_working_days, days, days_with_third_party, extension_days: 15, verified, source }
}

/// By when a request is to be acknowledged and done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadlines {
    pub acknowledge_by: Timestamp,
    pub due_at: Timestamp,
    /// The latest that one extension could allow.
    pub extended_to: Timestamp,
}

/// The last instants of the days on which something must have happened, by the shop's calendar: the day of receipt
/// does not count.
pub fn deadlines(kind: RequestKind, third_party: bool, received_at: Timestamp, zone: &Zone) -> Deadlines {
    let rule = rule_of(kind);
    // Noon, so that no change of the clock moves a step of 24 hours into another day.
    let noon = |days: i64| start_of_day(received_at, zone).plus_ms(DAY_MS / 2 + days * DAY_MS);
    let end_of = |days: i64| start_of_day(noon(days + 1), zone).plus_ms(-1);
    let (mut left, mut day) = (rule.acknowledge_working_days, 0);
    while left > 0 {
        day += 1;
        if !matches!(local_weekday(noon(day), zone), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    let days = i64::from(if third_party { rule.days_with_third_party } else { rule.days });
    debug_assert!(local_date(noon(1), zone) > local_date(received_at, zone));
    Deadlines {
        acknowledge_by: end_of(day),
        due_at: end_of(days),
        extended_to: end_of(days + i64::from(rule.extension_days)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: RequestKind, third_party: bool, received: &str, expect: [&str; 3]) {
        let zone = Zone::vietnam();
        let read = |text: &str| crate::event::parse_instant(text).unwrap();
        let found = deadlines(kind, third_party, read(received), &zone);
        let found = [found.acknowledge_by, found.due_at, found.extended_to].map(|at| at.plus_ms(1));
        assert_eq!(found, expect.map(|day| read(&format!("{day}T00:00:00+07:00"))), "{kind:?} {received}");
    }

    #[test]
    fn days_are_counted_from_the_day_after_on_the_shops_calendar() {
        // A Friday evening: the two working days are Monday and Tuesday.
        let friday = "2026-11-20T23:30:00+07:00";
        check(RequestKind::Access, false, friday, ["2026-11-25", "2026-12-01", "2026-12-16"]);
        check(RequestKind::Erase, false, friday, ["2026-11-25", "2026-12-11", "2026-12-26"]);
        check(RequestKind::Withdraw, false, friday, ["2026-11-25", "2026-12-06", "2026-12-21"]);
        check(RequestKind::Object, true, friday, ["2026-11-25", "2026-12-11", "2026-12-26"]);
        let monday = "2026-11-16T00:00:00+07:00";
        check(RequestKind::Rectify, true, monday, ["2026-11-19", "2026-11-27", "2026-12-12"]);
    }

    #[test]
    fn what_is_not_confirmed_says_so() {
        for kind in RequestKind::ALL {
            let rule = rule_of(kind);
            assert_eq!(rule.verified, rule.source == STATED);
            assert!(rule.days >= 10 && rule.extension_days <= 15);
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }
}
