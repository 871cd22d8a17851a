//! The gate: the one place where it is decided whether a message goes out, waits, or does not go, and why.
//!
//! Order of the rules: address, suppression, consent, holdout, legal hours and quiet hours, caps. A refusal is
//! final for that message; a wait is asked again when it ends.

use crate::consent::{Channel, ConsentState, Purpose};
use crate::local_time::{Zone, is_within_hours, next_opening};
use crate::settings::SettingProblem;
use kit::{DAY_MS, HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// Rules of a workspace. The defaults are those of Decree 91/2020/ND-CP (at most three advertising messages by
/// SMS and by e-mail to one address in 24 hours, SMS from 07:00 to 22:00), the same hours for Zalo and push by
/// prudence, and nights without marketing on any channel that wakes people up.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    pub caps: Vec<Cap>,
    pub hours: Vec<Hours>,
    /// Share of people, 0 to 50, who get no marketing, so that what marketing changed can be measured.
    pub holdout_percent: u8,
    /// A message that had to wait longer than this is given up.
    pub wait_hours_max: u32,
}

/// At most `count` marketing messages of a channel to one person in any `hours` hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// `None`: all channels together.
    #[serde(default)]
    pub channel: Option<Channel>,
    pub count: u32,
    pub hours: u32,
}

/// Marketing on a channel only from minute `from` to minute `to` of the person's local day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    pub channel: Channel,
    pub from: u16,
    pub to: u16,
}

impl Default for Policy {
    fn default() -> Self {
        let day = |channel| Hours { channel, from: 7 * 60, to: 22 * 60 };
        Policy {
            caps: vec![
                Cap { channel: Some(Channel::Email), count: 3, hours: 24 },
                Cap { channel: Some(Channel::Sms), count: 3, hours: 24 },
            ],
            hours: vec![day(Channel::Sms), day(Channel::Zalo), day(Channel::Push)],
            holdout_percent: 0,
            wait_hours_max: 72,
        }
    }
}

impl Policy {
    pub fn problems(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let mut tell =
            |path, message: &str| problems.push(SettingProblem { path, message: message.to_owned() });
        if self.caps.len() > 50 || self.caps.iter().any(|cap| cap.hours == 0 || cap.hours > 24 * 90) {
            tell("policy.caps", "at most 50, each over 1 hour to 90 days");
        }
        for channel in [Channel::Email, Channel::Sms] {
            let lawful =
                |cap: &Cap| cap.channel.is_none_or(|c| c == channel) && cap.count <= 3 && cap.hours >= 24;
            if !self.caps.iter().any(lawful) {
                tell(
                    "policy.caps",
                    "Decree 91 allows three advertising messages by e-mail and SMS in 24 hours",
                );
            }
        }
        if self.hours.iter().any(|hours| hours.from >= hours.to || hours.to > 24 * 60) {
            tell("policy.hours", "from and to are minutes of the day, from before to");
        }
        let lawful =
            |hours: &Hours| hours.channel == Channel::Sms && hours.from >= 7 * 60 && hours.to <= 22 * 60;
        if !self.hours.iter().any(lawful) {
            tell("policy.hours", "Decree 91 allows advertising SMS from 07:00 to 22:00");
        }
        if self.holdout_percent > 50 {
            tell("policy.holdout_percent", "from 0 to 50");
        }
        if !(1..=24 * 30).contains(&self.wait_hours_max) {
            tell("policy.wait_hours_max", "from 1 hour to 30 days");
        }
        problems
    }

    /// How far back the caps look, in milliseconds.
    pub fn longest_cap_ms(&self) -> i64 {
        self.caps.iter().map(|cap| i64::from(cap.hours) * HOUR_MS).max().unwrap_or(0)
    }
}

/// Why a message did not go, or waits. The text is the stable code in the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    NoAddress,
    /// The address refused mail for good (hard bounce), complained, or is on the shop's own list.
    Suppressed,
    /// The person asked for their data to be left alone.
    Restricted,
    NoConsent,
    ConsentPending,
    ConsentDenied,
    Holdout,
    OutsideHours,
    Capped,
    WaitedTooLong,
}

impl Reason {
    pub const fn code(self) -> &'static str {
        match self {
            Reason::NoAddress => "no_address",
            Reason::Suppressed => "suppressed",
            Reason::Restricted => "restricted",
            Reason::NoConsent => "no_consent",
            Reason::ConsentPending => "consent_pending",
            Reason::ConsentDenied => "consent_denied",
            Reason::Holdout => "holdout",
            Reason::OutsideHours => "outside_hours",
            Reason::Capped => "frequency_cap",
            Reason::WaitedTooLong => "waited_too_long",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    Send,
    /// Ask again at the instant, which is later than `now`.
    Wait(Timestamp, Reason),
    Refuse(Reason),
}

/// What stops every message to an address, or every advertisement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// The address does not exist: nothing goes there.
    HardBounce,
    /// The person reported an advertisement as spam.
    Complaint,
    /// Put on the list by the shop.
    Manual,
    /// Of somebody who was erased, and has not consented since.
    Erased,
    /// The person asked for their data to be left alone.
    Restricted,
}

impl Suppression {
    pub const fn stops(self, purpose: Purpose) -> bool {
        match self {
            Suppression::HardBounce => true,
            Suppression::Complaint | Suppression::Manual | Suppression::Erased | Suppression::Restricted => {
                !matches!(purpose, Purpose::Transactional)
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub channel: Channel,
    pub purpose: Purpose,
    pub has_address: bool,
    pub suppression: Option<Suppression>,
    pub consent: Option<ConsentState>,
    /// Marketing handed over to this person before, with its channel, within the longest cap.
    pub recent: &'a [(Channel, Timestamp)],
    /// 0 to 99, from [`holdout_bucket`].
    pub holdout_bucket: u8,
    pub time_zone: &'a Zone,
    pub decided_at: Timestamp,
}

/// Decides one message at `now`.
pub fn decide(policy: &Policy, request: &Request<'_>, now: Timestamp) -> Decision {
    if !request.has_address {
        return Decision::Refuse(Reason::NoAddress);
    }
    if let Some(suppression) = request.suppression.filter(|found| found.stops(request.purpose)) {
        let is_restricted = suppression == Suppression::Restricted;
        return Decision::Refuse(if is_restricted { Reason::Restricted } else { Reason::Suppressed });
    }
    match (request.purpose, request.consent) {
        (_, Some(ConsentState::Denied)) => return Decision::Refuse(Reason::ConsentDenied),
        (Purpose::Transactional, _) => return Decision::Send,
        (_, Some(ConsentState::Granted)) => {}
        (_, Some(ConsentState::Pending)) => return Decision::Refuse(Reason::ConsentPending),
        (_, None) => return Decision::Refuse(Reason::NoConsent),
    }
    if request.holdout_bucket < policy.holdout_percent {
        return Decision::Refuse(Reason::Holdout);
    }
    let wait = [open_hours(policy, request, now), under_caps(policy, request, now)]
        .into_iter()
        .flatten()
        .max_by_key(|w| w.0);
    match wait {
        None => Decision::Send,
        Some((until, _))
            if until.since_ms(request.decided_at) > i64::from(policy.wait_hours_max) * HOUR_MS =>
        {
            Decision::Refuse(Reason::WaitedTooLong)
        }
        Some((until, reason)) => Decision::Wait(until, reason),
    }
}

fn open_hours(policy: &Policy, request: &Request<'_>, now: Timestamp) -> Option<(Timestamp, Reason)> {
    let windows: Vec<&Hours> = policy.hours.iter().filter(|hours| hours.channel == request.channel).collect();
    // Every window of the channel must be open: the law's and the shop's own.
    let mut at = now;
    for _ in 0..=2 * windows.len() {
        let later = windows.iter().filter_map(|hours| opening(at, request.time_zone, hours)).max();
        match later {
            Some(opens) if opens > at => at = opens,
            _ => break,
        }
    }
    (at > now).then_some((at, Reason::OutsideHours))
}

/// The next opening of `hours`, or `None` when it is open at `now`.
fn opening(now: Timestamp, zone: &Zone, hours: &Hours) -> Option<Timestamp> {
    let open = is_within_hours(now, zone, hours.from, hours.to);
    (!open).then(|| next_opening(now, zone, hours.from, hours.to))
}

fn under_caps(policy: &Policy, request: &Request<'_>, now: Timestamp) -> Option<(Timestamp, Reason)> {
    let applies = |cap: &&Cap| cap.channel.is_none_or(|channel| channel == request.channel);
    policy
        .caps
        .iter()
        .filter(applies)
        .filter_map(|cap| {
            let window_ms = i64::from(cap.hours) * HOUR_MS;
            if cap.count == 0 {
                return Some(now.plus_ms(400 * DAY_MS));
            }
            let mut within: Vec<Timestamp> = request
                .recent
                .iter()
                .filter(|(channel, at)| {
                    cap.channel.is_none_or(|c| c == *channel) && now.since_ms(*at) < window_ms
                })
                .map(|(_, at)| *at)
                .collect();
            within.sort_unstable();
            // Free again when so many have left the window that one more fits.
            let too_many = (within.len() + 1).checked_sub(cap.count as usize).filter(|n| *n > 0)?;
            within.get(too_many - 1).map(|at| at.plus_ms(window_ms))
        })
        .max()
        .map(|until| (until.max(now.plus_ms(1)), Reason::Capped))
}

/// A person's place, 0 to 99, in the workspace's holdout: stable for life and unrelated to any other split.
pub fn holdout_bucket(salt: &str, profile_id: kit::Id) -> u8 {
    use sha2::{Digest, Sha256};
    let hash = Sha256::new()
        .chain_update(salt)
        .chain_update(":holdout:")
        .chain_update(profile_id.to_string())
        .finalize();
    (u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % 100) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::MINUTE_MS;

    fn zone() -> Zone {
        Zone::vietnam()
    }

    /// 2026-11-20 at the hour and minute, Vietnamese time.
    fn at(hour: i64, minute: i64) -> Timestamp {
        Timestamp::from_ms(1_795_107_600_000 + (hour * 60 + minute) * MINUTE_MS)
    }

    fn request<'a>(channel: Channel, purpose: Purpose, zone: &'a Zone) -> Request<'a> {
        Request {
            channel,
            purpose,
            has_address: true,
            suppression: None,
            consent: Some(ConsentState::Granted),
            recent: &[],
            holdout_bucket: 99,
            time_zone: zone,
            decided_at: at(9, 0),
        }
    }

    #[test]
    fn consent_and_suppression_come_before_all_else() {
        use Purpose::*;
        let zone = zone();
        let check = |purpose, consent, suppression, expect| {
            let request = Request { consent, suppression, ..request(Channel::Email, purpose, &zone) };
            assert_eq!(decide(&Policy::default(), &request, at(9, 0)), expect, "{purpose} {consent:?}");
        };
        check(Marketing, Some(ConsentState::Granted), None, Decision::Send);
        check(Marketing, None, None, Decision::Refuse(Reason::NoConsent));
        check(Marketing, Some(ConsentState::Pending), None, Decision::Refuse(Reason::ConsentPending));
        check(Marketing, Some(ConsentState::Denied), None, Decision::Refuse(Reason::ConsentDenied));
        check(Transactional, None, None, Decision::Send);
        check(Transactional, None, Some(Suppression::HardBounce), Decision::Refuse(Reason::Suppressed));
        check(Transactional, None, Some(Suppression::Complaint), Decision::Send);
        check(Transactional, None, Some(Suppression::Restricted), Decision::Send);
        let granted = Some(ConsentState::Granted);
        check(Marketing, granted, Some(Suppression::Restricted), Decision::Refuse(Reason::Restricted));
        check(Profiling, granted, Some(Suppression::Erased), Decision::Refuse(Reason::Suppressed));
        check(
            Marketing,
            Some(ConsentState::Granted),
            Some(Suppression::Complaint),
            Decision::Refuse(Reason::Suppressed),
        );
    }

    #[test]
    fn advertising_sms_keeps_the_lawful_hours() {
        let zone = zone();
        let check = |now: Timestamp, expect| {
            let request = request(Channel::Sms, Purpose::Marketing, &zone);
            assert_eq!(decide(&Policy::default(), &request, now), expect, "{now:?}");
        };
        check(at(7, 0), Decision::Send);
        check(at(21, 59), Decision::Send);
        check(at(22, 0), Decision::Wait(at(31, 0), Reason::OutsideHours));
        check(at(6, 59), Decision::Wait(at(7, 0), Reason::OutsideHours));
    }

    #[test]
    fn a_fourth_advertisement_waits_until_the_first_is_a_day_old() {
        let zone = zone();
        let sent = [(Channel::Email, at(1, 0)), (Channel::Email, at(2, 0)), (Channel::Email, at(3, 0))];
        let check = |recent: &[(Channel, Timestamp)], now, expect| {
            let request = Request { recent, ..request(Channel::Email, Purpose::Marketing, &zone) };
            assert_eq!(decide(&Policy::default(), &request, now), expect);
        };
        check(&sent[..2], at(9, 0), Decision::Send);
        check(&sent, at(9, 0), Decision::Wait(at(25, 0), Reason::Capped));
        check(&sent, at(25, 0), Decision::Send);
    }

    #[test]
    fn a_message_that_waited_too_long_is_given_up() {
        let zone = zone();
        let policy = Policy { wait_hours_max: 1, ..Policy::default() };
        let request = request(Channel::Sms, Purpose::Marketing, &zone);
        assert_eq!(decide(&policy, &request, at(22, 0)), Decision::Refuse(Reason::WaitedTooLong));
    }

    #[test]
    fn the_lawful_defaults_cannot_be_loosened() {
        assert_eq!(Policy::default().problems(), []);
        assert!(!Policy { caps: vec![], ..Policy::default() }.problems().is_empty());
        assert!(!Policy { hours: vec![], ..Policy::default() }.problems().is_empty());
    }
}
