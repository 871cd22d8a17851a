//! What keeps a sending domain's good name: how much goes out while it is new, how much a receiver gets in an hour,
//! when an address that bounces again and again is let alone, and when somebody who never looks gets no more
//! advertisements.

use crate::settings::SettingProblem;
use kit::{DAY_MS, HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// How much may go out of a sending domain.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendingPlan {
    /// When the warm-up began or begins, in milliseconds since 1970; `None`: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<i64>,
    /// Advertisements on its first day, its second and so on; behind the last day there is no limit.
    pub daily: Vec<u32>,
    /// Limits of receivers, by the domain of their addresses.
    pub receivers: Vec<ReceiverLimit>,
}

/// At most so many advertisements an hour to the addresses of a receiver.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiverLimit {
    /// Such as `gmail.com`; see [`receiver_of`] for those with several domains.
    pub domain: String,
    pub per_hour: u32,
}

/// Days that a warm-up may take.
const DAYS_MAX: usize = 120;
const RECEIVERS_MAX: usize = 50;

/// What went out of a sending domain, in hours since 1970.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Counts {
    /// Advertisements by hour.
    pub all: Vec<(i64, u64)>,
    /// Those of this hour to receivers with a limit.
    pub receivers: Vec<(String, u64)>,
}

/// Whether one more advertisement may go out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allowance {
    Free,
    /// The day's volume of the warm-up is used up until then.
    WarmUp(Timestamp),
    /// The receiver's hour is used up until then.
    Throttled(Timestamp),
}

impl Allowance {
    /// Until when a message waits, and the reason's stable code in the ledger.
    pub fn wait(self) -> Option<(Timestamp, &'static str)> {
        match self {
            Allowance::Free => None,
            Allowance::WarmUp(until) => Some((until, "warm_up")),
            Allowance::Throttled(until) => Some((until, "domain_throttled")),
        }
    }
}

/// How far a warm-up is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// From 1; 0 before it begins.
    pub day: u32,
    pub days: u32,
    /// What may go out today; `None`: as much as there is.
    pub today_max: Option<u32>,
    pub today_sent: u64,
}

/// Hours since 1970.
pub fn hour_of(at: Timestamp) -> i64 {
    at.ms().div_euclid(HOUR_MS)
}

/// The receiver that an address belongs to: its domain in lower case, and one name for those of a receiver that has
/// several and counts them together.
pub fn receiver_of(address: &str) -> String {
    let domain = address.rsplit('@').next().unwrap_or_default().trim().to_ascii_lowercase();
    let one = match domain.as_str() {
        "googlemail.com" => "gmail.com",
        "hotmail.com" | "live.com" | "msn.com" | "hotmail.com.vn" | "outlook.com.vn" => "outlook.com",
        "ymail.com" | "rocketmail.com" | "yahoo.com.vn" | "yahoo.com.sg" | "myyahoo.com" => "yahoo.com",
        "me.com" | "mac.com" => "icloud.com",
        _ => return domain,
    };
    one.to_owned()
}

/// Daily volumes that grow by half each day from 50 until they reach what goes out on a usual day.
pub fn suggested(daily_target: u32) -> Vec<u32> {
    let mut volumes = Vec::new();
    let mut volume = 50u32;
    while volume < daily_target && volumes.len() < DAYS_MAX {
        volumes.push(volume);
        volume = volume.saturating_add(volume / 2);
    }
    volumes
}

impl SendingPlan {
    pub fn problems(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let mut tell =
            |path, message: &str| problems.push(SettingProblem { path, message: message.to_owned() });
        if self.daily.len() > DAYS_MAX || self.daily.contains(&0) {
            tell("daily", "at most 120 days, each of at least one message");
        }
        if self.daily.windows(2).any(|pair| pair[1] < pair[0]) {
            tell("daily", "each day at least as many as the day before");
        }
        if self.starts_at.is_some() == self.daily.is_empty() {
            tell("starts_at", "a warm-up has a first day and the volumes of its days");
        }
        if self.starts_at.is_some_and(|at| !(0..=253_402_300_799_000).contains(&at)) {
            tell("starts_at", "milliseconds since 1970");
        }
        let mut names: Vec<&str> = self.receivers.iter().map(|limit| limit.domain.as_str()).collect();
        names.sort_unstable();
        let is_domain = |name: &str| name.contains('.') && name.len() <= 253 && receiver_of(name) == name;
        if names.len() > RECEIVERS_MAX || names.windows(2).any(|pair| pair[0] == pair[1]) {
            tell("receivers", "at most 50, each once");
        }
        if names.iter().any(|name| !is_domain(name)) {
            tell(
                "receivers",
                "domains in lower case; gmail.com, outlook.com, yahoo.com and icloud.com stand for all their owner has",
            );
        }
        if self.receivers.iter().any(|limit| limit.per_hour == 0) {
            tell("receivers", "at least one message an hour");
        }
        problems
    }

    /// The day of the warm-up at an instant, from 0, and where it begins. `None`: no limit by it.
    fn day_at(&self, now: Timestamp) -> Option<(usize, Timestamp)> {
        // Days begin with an hour, because that is how sending is counted.
        let start = self.starts_at?.div_euclid(HOUR_MS) * HOUR_MS;
        let day = (now.ms() - start).div_euclid(DAY_MS);
        let index = usize::try_from(day).ok().filter(|day| *day < self.daily.len())?;
        Some((index, Timestamp::from_ms(start + day * DAY_MS)))
    }

    /// From which hour on counts are needed to decide at an instant.
    pub fn counts_from(&self, now: Timestamp) -> i64 {
        self.day_at(now).map_or_else(|| hour_of(now), |(_, begins)| hour_of(begins))
    }

    /// The limit of a receiver.
    pub fn limit_of(&self, receiver: &str) -> Option<u32> {
        self.receivers.iter().find(|limit| limit.domain == receiver).map(|limit| limit.per_hour)
    }

    /// Whether one more advertisement may go to a receiver. What a person did is told them without asking.
    pub fn allowance(&self, receiver: &str, counts: &Counts, now: Timestamp) -> Allowance {
        if let Some((day, begins)) = self.day_at(now) {
            let sent = sent_since(counts, begins);
            if sent >= u64::from(self.daily[day]) {
                return Allowance::WarmUp(begins.plus_ms(DAY_MS));
            }
        }
        if let Some(limit) = self.limit_of(receiver) {
            let sent =
                counts.receivers.iter().filter(|(own, _)| own == receiver).map(|(_, sent)| sent).sum::<u64>();
            if sent >= u64::from(limit) {
                return Allowance::Throttled(Timestamp::from_ms((hour_of(now) + 1) * HOUR_MS));
            }
        }
        Allowance::Free
    }

    pub fn progress(&self, counts: &Counts, now: Timestamp) -> Progress {
        let days = self.daily.len() as u32;
        match (self.day_at(now), self.starts_at) {
            (Some((day, begins)), _) => Progress {
                day: day as u32 + 1,
                days,
                today_max: Some(self.daily[day]),
                today_sent: sent_since(counts, begins),
            },
            (None, Some(start)) if now.ms() < start => {
                Progress { day: 0, days, today_max: None, today_sent: 0 }
            }
            (None, _) => Progress { day: days, days, today_max: None, today_sent: 0 },
        }
    }
}

fn sent_since(counts: &Counts, begins: Timestamp) -> u64 {
    counts.all.iter().filter(|(hour, _)| *hour >= hour_of(begins)).map(|(_, sent)| sent).sum()
}

/// A soft bounce after so long a time is the first again: what arrived in between is often not told.
pub const SOFT_BOUNCE_GAP_MS: i64 = 30 * DAY_MS;

/// When addresses are let alone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deliverability {
    /// So many soft bounces in a row put an address on the suppression list.
    pub soft_bounces: u32,
    /// And so many days between the first and the last of them.
    pub soft_bounce_days: u32,
    /// No advertisements by e-mail to people who never look; `None`: the rule is off. It is off by default, because
    /// who does not let pictures load looks unseen; 10 messages in 180 days are a good beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunset: Option<Sunset>,
}

/// No advertisement to somebody who has got so many in so many days and did not open, click, visit or buy in them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sunset {
    pub messages: u32,
    pub days: u32,
}

impl Default for Deliverability {
    fn default() -> Self {
        Deliverability { soft_bounces: 5, soft_bounce_days: 3, sunset: None }
    }
}

/// What the sunset rule looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attention {
    /// Advertisements by e-mail that were accepted within the rule's days.
    pub sent: u32,
    /// The last instant at which a person, and no machine, opened, clicked, visited or bought.
    pub last_seen_at: Option<Timestamp>,
}

impl Deliverability {
    pub fn problems(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let mut tell =
            |path, message: &str| problems.push(SettingProblem { path, message: message.to_owned() });
        if !(2..=50).contains(&self.soft_bounces) {
            tell("deliverability.soft_bounces", "from 2 to 50");
        }
        if self.soft_bounce_days > 60 {
            tell("deliverability.soft_bounce_days", "at most 60");
        }
        if self
            .sunset
            .is_some_and(|rule| !(3..=100).contains(&rule.messages) || !(30..=730).contains(&rule.days))
        {
            tell("deliverability.sunset", "from 3 to 100 messages in 30 to 730 days");
        }
        problems
    }

    /// Whether an address has bounced softly for too long: `count` times in a row, from `first` to `last`.
    pub fn is_worn_out(&self, count: u32, first: Timestamp, last: Timestamp) -> bool {
        count >= self.soft_bounces && last.since_ms(first) >= i64::from(self.soft_bounce_days) * DAY_MS
    }
}

impl Sunset {
    /// Whether advertisements end.
    pub fn ends(&self, attention: &Attention, now: Timestamp) -> bool {
        let begins = now.plus_ms(-i64::from(self.days) * DAY_MS);
        attention.sent >= self.messages && attention.last_seen_at.is_none_or(|seen| seen < begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(START / HOUR_MS * HOUR_MS + ms)
    }

    fn plan() -> SendingPlan {
        SendingPlan {
            starts_at: Some(START),
            daily: vec![50, 100, 500],
            receivers: vec![ReceiverLimit { domain: "gmail.com".into(), per_hour: 20 }],
        }
    }

    #[test]
    fn a_day_of_a_warm_up_is_used_up_and_the_next_begins() {
        let plan = plan();
        assert_eq!(plan.problems(), []);
        let hour = hour_of(at(0));
        let counts = |sent: &[(i64, u64)]| Counts {
            all: sent.iter().map(|(after, sent)| (hour + after, *sent)).collect(),
            ..Counts::default()
        };
        let check = |sent: &[(i64, u64)], now: Timestamp, expect| {
            assert_eq!(plan.allowance("shop.vn", &counts(sent), now), expect, "{sent:?} {now:?}");
        };
        check(&[], at(0), Allowance::Free);
        check(&[(0, 49)], at(HOUR_MS), Allowance::Free);
        check(&[(0, 40), (1, 10)], at(HOUR_MS), Allowance::WarmUp(at(DAY_MS)));
        // Yesterday's do not count.
        check(&[(0, 50), (24, 99)], at(DAY_MS), Allowance::Free);
        check(&[(0, 50), (24, 100)], at(2 * DAY_MS - 1), Allowance::WarmUp(at(2 * DAY_MS)));
        check(&[(48, 9_999)], at(3 * DAY_MS), Allowance::Free);
        check(&[(-1, 9_999)], at(-1), Allowance::Free);
        assert_eq!(plan.counts_from(at(DAY_MS + 5 * HOUR_MS)), hour + 24);
        let progress = plan.progress(&counts(&[(24, 7)]), at(DAY_MS + HOUR_MS));
        assert_eq!(progress, Progress { day: 2, days: 3, today_max: Some(100), today_sent: 7 });
        assert_eq!(plan.progress(&counts(&[]), at(-HOUR_MS)).day, 0);
        let over = plan.progress(&counts(&[]), at(9 * DAY_MS));
        assert_eq!((over.day, over.today_max), (3, None));
    }

    #[test]
    fn a_receiver_gets_so_many_an_hour() {
        let plan = plan();
        let counts = |sent| Counts { receivers: vec![("gmail.com".into(), sent)], ..Counts::default() };
        let late = at(9 * DAY_MS + 5);
        let receiver = receiver_of("An@GoogleMail.com");
        assert_eq!(plan.allowance(&receiver, &counts(19), late), Allowance::Free);
        let full = plan.allowance(&receiver, &counts(20), late);
        assert_eq!(full, Allowance::Throttled(at(9 * DAY_MS + HOUR_MS)));
        assert_eq!(full.wait().map(|(_, reason)| reason), Some("domain_throttled"));
        assert_eq!(plan.allowance("yahoo.com", &counts(20), late), Allowance::Free);
    }

    #[test]
    fn plans_that_make_no_sense_are_told() {
        let check = |change: fn(&mut SendingPlan), expect: &str| {
            let mut plan = plan();
            change(&mut plan);
            assert_eq!(plan.problems().first().map(|problem| problem.path), Some(expect), "{plan:?}");
        };
        check(|plan| plan.daily = vec![], "starts_at");
        check(|plan| plan.starts_at = None, "starts_at");
        check(|plan| plan.daily = vec![100, 50], "daily");
        check(|plan| plan.daily = vec![0], "daily");
        check(|plan| plan.receivers.push(plan.receivers[0].clone()), "receivers");
        check(|plan| plan.receivers[0].domain = "hotmail.com".into(), "receivers");
        check(|plan| plan.receivers[0].per_hour = 0, "receivers");
        assert_eq!(SendingPlan::default().problems(), []);
        let days = suggested(10_000);
        assert!(days[0] == 50 && days.len() < 20 && *days.last().unwrap() < 10_000, "{days:?}");
        assert!(suggested(10).is_empty() && suggested(u32::MAX).len() <= DAYS_MAX);
    }

    #[test]
    fn an_address_wears_out_over_days_and_not_in_an_hour() {
        let rule = Deliverability::default();
        assert_eq!(rule.problems(), []);
        assert!(!rule.is_worn_out(4, at(0), at(30 * DAY_MS)));
        assert!(!rule.is_worn_out(9, at(0), at(3 * DAY_MS - 1)));
        assert!(rule.is_worn_out(5, at(0), at(3 * DAY_MS)));
    }

    #[test]
    fn who_never_looks_gets_no_more() {
        let rule = Sunset { messages: 10, days: 180 };
        let day = |day: i64| at(day * DAY_MS);
        let check = |sent, seen: Option<i64>, expect| {
            let attention = Attention { sent, last_seen_at: seen.map(day) };
            assert_eq!(rule.ends(&attention, day(200)), expect, "{sent} {seen:?}");
        };
        check(10, None, true);
        check(9, None, false);
        check(10, Some(19), true);
        check(10, Some(20), false);
        check(99, Some(199), false);
    }
}
