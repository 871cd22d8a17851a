//! The gate: the one place where it is decided whether a message goes out, waits, or does not go, and why.
//!
//! Order of the rules: address, suppression and the register of numbers not to be called, consent, topic, pause,
//! holdout, legal hours and quiet hours, caps, more important messages. A refusal is final for that message; a wait
//! is asked again when it ends. What a person did (an order, an account) is told them whatever caps, topics, pauses
//! and the holdout say.

use crate::consent::{Channel, ConsentState, CurrentConsent, Purpose, Wishes};
use crate::law::{Law, Weight, law};
use crate::local_time::{Zone, at_local, is_within_hours, local_date, next_opening, start_of_day};
use crate::profile::Ms;
use crate::settings::SettingProblem;
use jiff::Span;
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// A message that a more important one goes before asks again after this time.
const GIVE_WAY_MS: i64 = MINUTE_MS;
/// The rule that an [`Override`] names when the shop is under another law than the default.
pub const COUNTRY_RULE: &str = "country";

/// Rules of a workspace: those of a country's law, and the shop's own beside them, which can only be stricter. A law's
/// rule that leaves room is loosened by an [`Override`] alone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Which law: see [`crate::law::laws`].
    pub country: String,
    pub caps: Vec<Cap>,
    pub hours: Vec<Hours>,
    /// Share of people, 0 to 50, who get no marketing, so that what marketing changed can be measured.
    pub holdout_percent: u8,
    /// A message that had to wait longer than this is given up.
    pub wait_hours_max: u32,
    /// Where the shop has acknowledged that it does otherwise than the law's default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// A rule of the law that the shop sets aside, and why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The law's name of the rule, such as `vn.cap.email`; [`COUNTRY_RULE`] for a law other than the default.
    pub rule: String,
    /// Why the shop may do so, for whoever asks later.
    pub reason: String,
    /// Who acknowledged it; written by the server.
    #[serde(default)]
    pub by: String,
    /// When; written by the server.
    #[serde(default)]
    pub at: Ms,
}

/// How the time of a cap is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Any stretch of so many hours.
    #[default]
    Sliding,
    /// The customer's calendar day.
    Day,
    /// Monday to Sunday of the customer's calendar.
    Week,
}

impl Window {
    fn is_sliding(&self) -> bool {
        *self == Window::Sliding
    }
}

/// At most `count` messages to one person, and to one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// `None`: all channels together.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// `None`: all purposes but the transactional one, which is never capped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    pub count: u32,
    /// Of the sliding window; calendar windows have their own length.
    #[serde(default = "day_hours")]
    pub hours: u32,
    #[serde(default, skip_serializing_if = "Window::is_sliding")]
    pub window: Window,
}

fn day_hours() -> u32 {
    24
}

impl Cap {
    /// At most `count` in any `hours` hours.
    pub const fn sliding(channel: Option<Channel>, count: u32, hours: u32) -> Cap {
        Cap { channel, purpose: None, count, hours, window: Window::Sliding }
    }

    /// How far back it looks at most, in milliseconds.
    fn reach_ms(&self) -> i64 {
        match self.window {
            Window::Sliding => i64::from(self.hours) * HOUR_MS,
            // A day with a jump of the clock, and one that a zone repeated.
            Window::Day => 2 * DAY_MS,
            Window::Week => 8 * DAY_MS,
        }
    }

    fn covers(&self, channel: Channel, purpose: Purpose) -> bool {
        self.channel.is_none_or(|capped| capped == channel)
            && self.purpose.map_or(purpose != Purpose::Transactional, |capped| capped == purpose)
    }

    /// Whether nothing that keeps to this cap breaks the other.
    fn implies(&self, other: &Cap) -> bool {
        let wider = |ours: bool, same: bool| ours || same;
        wider(self.channel.is_none(), self.channel == other.channel)
            && wider(self.purpose.is_none(), self.purpose == other.purpose)
            && self.window == other.window
            && self.count <= other.count
            && (!self.window.is_sliding() || self.hours >= other.hours)
    }

    /// When one more fits in, if none does now.
    fn opens(&self, sent: &[&Sent], zone: &Zone, now: Timestamp) -> Option<Timestamp> {
        if self.count == 0 {
            return Some(now.plus_ms(400 * DAY_MS));
        }
        let counted = sent.iter().filter(|one| self.covers(one.channel, one.purpose)).map(|one| one.at);
        let (from, end) = match self.window {
            Window::Sliding => {
                let window_ms = i64::from(self.hours) * HOUR_MS;
                let mut within: Vec<Timestamp> = counted.filter(|at| now.since_ms(*at) < window_ms).collect();
                within.sort_unstable();
                // Free again when so many have left the window that one more fits.
                let too_many = (within.len() + 1).checked_sub(self.count as usize).filter(|n| *n > 0)?;
                return within.get(too_many - 1).map(|at| at.plus_ms(window_ms));
            }
            Window::Day => calendar(now, zone, 0, 1),
            Window::Week => {
                let since_monday = i64::from(local_date(now, zone).weekday().to_monday_zero_offset());
                calendar(now, zone, since_monday, 7)
            }
        };
        let within = counted.filter(|at| *at >= from).count();
        (within >= self.count as usize).then_some(end)
    }
}

/// The first instant of the local day `back` days ago, and of the one `days` after that.
fn calendar(now: Timestamp, zone: &Zone, back: i64, days: i64) -> (Timestamp, Timestamp) {
    let day = |offset: i64| {
        let date = local_date(now, zone).checked_add(Span::new().days(offset));
        // Noon is in the day whatever its midnight is like.
        date.map(|date| start_of_day(at_local(date, 12, 0, zone), zone)).unwrap_or(Timestamp::MAX)
    };
    (day(-back).min(now), day(days - back).max(now.plus_ms(1)))
}

/// Only from minute `from` to minute `to` of the person's local day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    pub channel: Channel,
    /// `None`: all purposes but the transactional one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    pub from: u16,
    pub to: u16,
}

impl Hours {
    pub const fn of(channel: Channel, from: u16, to: u16) -> Hours {
        Hours { channel, purpose: None, from, to }
    }

    fn covers(&self, channel: Channel, purpose: Purpose) -> bool {
        self.channel == channel
            && self.purpose.map_or(purpose != Purpose::Transactional, |held| held == purpose)
    }

    fn implies(&self, other: &Hours) -> bool {
        self.channel == other.channel
            && (self.purpose.is_none() || self.purpose == other.purpose)
            && self.from >= other.from
            && self.to <= other.to
    }
}

impl Default for Policy {
    fn default() -> Self {
        let law = law("vn");
        let general = |cap: &Cap| Cap { purpose: None, ..*cap };
        let always = |hours: &Hours| Hours { purpose: None, ..*hours };
        Policy {
            country: law.code.clone(),
            caps: law.caps.iter().rev().map(|rule| general(&rule.cap)).collect(),
            hours: law.hours.iter().map(|rule| always(&rule.hours)).collect(),
            holdout_percent: 0,
            wait_hours_max: 72,
            overrides: Vec::new(),
        }
    }
}

impl Policy {
    pub fn law(&self) -> &'static Law {
        law(&self.country)
    }

    /// Whether a rule of the law holds beside the shop's own: advice does not, and a default that the shop has set
    /// aside does not.
    fn holds(&self, rule: &str, weight: Weight) -> bool {
        match weight {
            Weight::Firm => true,
            Weight::Default => !self.overrides.iter().any(|held| held.rule == rule),
            Weight::Advice => false,
        }
    }

    /// The law's caps that hold and the shop's.
    pub fn caps_in_force(&self) -> impl Iterator<Item = &Cap> {
        let lawful = self.law().caps.iter().filter(|rule| self.holds(&rule.rule, rule.weight));
        self.caps.iter().chain(lawful.map(|rule| &rule.cap))
    }

    /// The law's hours that hold and the shop's.
    pub fn hours_in_force(&self) -> impl Iterator<Item = &Hours> {
        let lawful = self.law().hours.iter().filter(|rule| self.holds(&rule.rule, rule.weight));
        self.hours.iter().chain(lawful.map(|rule| &rule.hours))
    }

    pub fn problems(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let mut tell = |path, message: String| problems.push(SettingProblem { path, message });
        let law = self.law();
        if law.code != self.country {
            let codes: Vec<&str> = crate::law::laws().iter().map(|law| law.code.as_str()).collect();
            tell("policy.country", format!("one of {}", codes.join(", ")));
        }
        let acknowledged = |rule: &str| self.overrides.iter().any(|held| held.rule == rule);
        if self.country != crate::law::laws()[0].code && !acknowledged(COUNTRY_RULE) {
            let message = "another law than Vietnam's: say why in policy.overrides, with the rule country";
            tell("policy.country", message.into());
        }
        for held in &self.overrides {
            if held.reason.trim().chars().count() < 10 || held.reason.chars().count() > 500 {
                tell("policy.overrides", format!("{:.60}: a reason of 10 to 500 characters", held.rule));
            }
            if held.rule == COUNTRY_RULE {
                continue;
            }
            match law.weight(&held.rule) {
                Some(Weight::Default) => {}
                Some(Weight::Firm) => {
                    tell("policy.overrides", format!("{:.60} holds whatever the shop wants", held.rule));
                }
                _ => tell("policy.overrides", format!("{:.60} is no rule that can be set aside", held.rule)),
            }
        }
        if self.overrides.len() > 50 {
            tell("policy.overrides", "at most 50".into());
        }
        if self.caps.len() > 50 || self.caps.iter().any(|cap| cap.hours == 0 || cap.hours > 24 * 90) {
            tell("policy.caps", "at most 50, each over 1 hour to 90 days".into());
        }
        if self.caps.iter().any(|cap| cap.purpose == Some(Purpose::Transactional)) {
            tell("policy.caps", "what a person did is told them without a cap".into());
        }
        for rule in law.caps.iter().filter(|rule| self.holds(&rule.rule, rule.weight)) {
            if !self.caps.iter().any(|cap| cap.implies(&rule.cap)) {
                let Cap { count, hours, .. } = rule.cap;
                let of = rule.cap.channel.map_or("all channels", Channel::as_str);
                let way = if rule.weight == Weight::Default {
                    format!("; to do otherwise, say why in policy.overrides, with the rule {}", rule.rule)
                } else {
                    String::new()
                };
                let message =
                    format!("at most {count} advertisements by {of} in {hours} hours ({}){way}", rule.source);
                tell("policy.caps", message);
            }
        }
        if self.hours.len() > 50
            || self.hours.iter().any(|hours| hours.from >= hours.to || hours.to > 24 * 60)
        {
            tell("policy.hours", "from and to are minutes of the day, from before to".into());
        }
        for rule in law.hours.iter().filter(|rule| self.holds(&rule.rule, rule.weight)) {
            if !self.hours.iter().any(|hours| hours.implies(&rule.hours)) {
                let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
                let (from, to) = (clock(rule.hours.from), clock(rule.hours.to));
                let of = rule.hours.channel;
                tell("policy.hours", format!("advertising by {of} from {from} to {to} ({})", rule.source));
            }
        }
        if self.holdout_percent > 50 {
            tell("policy.holdout_percent", "from 0 to 50".into());
        }
        if !(1..=24 * 30).contains(&self.wait_hours_max) {
            tell("policy.wait_hours_max", "from 1 hour to 30 days".into());
        }
        problems
    }

    /// How far back the caps look, in milliseconds. A person's own cap may look further: see [`Wishes::often`].
    pub fn longest_cap_ms(&self) -> i64 {
        self.caps_in_force().map(Cap::reach_ms).max().unwrap_or(0)
    }
}

/// Why a message did not go, or waits. The text is the stable code in the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    NoAddress,
    /// The address refused mail for good (hard bounce), complained, or is on the shop's own list.
    Suppressed,
    /// The number is on the register of those that nobody may advertise to.
    DoNotCall,
    /// The person asked for their data to be left alone.
    Restricted,
    NoConsent,
    ConsentPending,
    ConsentDenied,
    /// The person wants nothing on this topic.
    TopicOff,
    /// The person wants nothing for a while.
    Paused,
    Holdout,
    OutsideHours,
    Capped,
    /// The person wants fewer messages than the shop's rules allow.
    PersonalCap,
    /// A more important message goes first.
    GivesWay,
    WaitedTooLong,
}

impl Reason {
    pub const ALL: &[Reason] = &[
        Reason::NoAddress,
        Reason::Suppressed,
        Reason::DoNotCall,
        Reason::Restricted,
        Reason::NoConsent,
        Reason::ConsentPending,
        Reason::ConsentDenied,
        Reason::TopicOff,
        Reason::Paused,
        Reason::Holdout,
        Reason::OutsideHours,
        Reason::Capped,
        Reason::PersonalCap,
        Reason::GivesWay,
        Reason::WaitedTooLong,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Reason::NoAddress => "no_address",
            Reason::Suppressed => "suppressed",
            Reason::DoNotCall => "do_not_call",
            Reason::Restricted => "restricted",
            Reason::NoConsent => "no_consent",
            Reason::ConsentPending => "consent_pending",
            Reason::ConsentDenied => "consent_denied",
            Reason::TopicOff => "topic_off",
            Reason::Paused => "paused",
            Reason::Holdout => "holdout",
            Reason::OutsideHours => "outside_hours",
            Reason::Capped => "frequency_cap",
            Reason::PersonalCap => "personal_cap",
            Reason::GivesWay => "gives_way",
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
    /// On the register of numbers that nobody may advertise to.
    DoNotCall,
    /// Of somebody who was erased, and has not consented since.
    Erased,
    /// The person asked for their data to be left alone.
    Restricted,
}

impl Suppression {
    pub const fn stops(self, purpose: Purpose) -> bool {
        match self {
            Suppression::HardBounce => true,
            Suppression::Complaint
            | Suppression::Manual
            | Suppression::DoNotCall
            | Suppression::Erased
            | Suppression::Restricted => !matches!(purpose, Purpose::Transactional),
        }
    }

    const fn reason(self) -> Reason {
        match self {
            Suppression::Restricted => Reason::Restricted,
            Suppression::DoNotCall => Reason::DoNotCall,
            _ => Reason::Suppressed,
        }
    }
}

/// A message that was handed over before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Sent {
    pub channel: Channel,
    pub purpose: Purpose,
    pub at: Timestamp,
}

/// How important a message is: 1 goes first, 5 last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

impl Priority {
    /// Of what says nothing.
    pub const NORMAL: Priority = Priority(3);

    pub const fn new(value: u8) -> Option<Priority> {
        if value >= 1 && value <= 5 { Some(Priority(value)) } else { None }
    }

    pub fn is_normal(&self) -> bool {
        *self == Priority::NORMAL
    }

    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Priority::NORMAL
    }
}

impl TryFrom<u8> for Priority {
    type Error = &'static str;

    fn try_from(value: u8) -> Result<Self, Self::Error> {
        Priority::new(value).ok_or("a priority is 1 to 5, of which 1 goes first")
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> u8 {
        priority.0
    }
}

#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub channel: Channel,
    pub purpose: Purpose,
    /// What of the shop's topics it is about.
    pub topic: Option<&'a str>,
    pub has_address: bool,
    pub suppression: Option<Suppression>,
    pub consent: Option<&'a CurrentConsent>,
    pub wishes: &'a Wishes,
    /// What was handed over before to this person or to this address, within the longest cap. What a person did
    /// may be among it and counts for nothing.
    pub recent: &'a [Sent],
    /// Messages to this person that are due at `now` and more important, with `now` as their instant.
    pub ahead: &'a [Sent],
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
        return Decision::Refuse(suppression.reason());
    }
    let is_transactional = request.purpose == Purpose::Transactional;
    let answer_hours = policy.law().answer_within_hours;
    match request.consent.and_then(|held| held.in_force(answer_hours, now)) {
        Some(ConsentState::Denied) => return Decision::Refuse(Reason::ConsentDenied),
        _ if is_transactional => {}
        Some(ConsentState::Granted) => {}
        Some(ConsentState::Pending) => return Decision::Refuse(Reason::ConsentPending),
        // Nothing is sent to anybody: the person opens the shop's own page, and a refusal stops it all the same.
        None if request.channel == Channel::Onsite => {}
        None => return Decision::Refuse(Reason::NoConsent),
    }
    let hours = open_hours(policy, request, now);
    if is_transactional {
        return wait_or_send(policy, request, hours);
    }
    if request.topic.is_some_and(|topic| request.wishes.refuses(topic)) {
        return Decision::Refuse(Reason::TopicOff);
    }
    if request.wishes.paused_until(now).is_some() {
        return Decision::Refuse(Reason::Paused);
    }
    if request.holdout_bucket < policy.holdout_percent {
        return Decision::Refuse(Reason::Holdout);
    }
    let recent: Vec<&Sent> = request.recent.iter().collect();
    let capped = [hours, under_caps(policy, request, &recent, now), under_own_cap(request, &recent, now)];
    let wait = capped.into_iter().flatten().max_by_key(|wait| wait.0);
    if wait.is_some() || request.ahead.is_empty() {
        return wait_or_send(policy, request, wait);
    }
    let with_those: Vec<&Sent> = request.recent.iter().chain(request.ahead).collect();
    let is_full = under_caps(policy, request, &with_those, now).is_some()
        || under_own_cap(request, &with_those, now).is_some();
    let until = now.plus_ms(GIVE_WAY_MS);
    // Whoever has let others go first for as long as it may wait goes before it is given up.
    let may_wait = until.since_ms(request.decided_at) <= i64::from(policy.wait_hours_max) * HOUR_MS;
    if is_full && may_wait { Decision::Wait(until, Reason::GivesWay) } else { Decision::Send }
}

fn wait_or_send(policy: &Policy, request: &Request<'_>, wait: Option<(Timestamp, Reason)>) -> Decision {
    let too_long =
        |until: Timestamp| until.since_ms(request.decided_at) > i64::from(policy.wait_hours_max) * HOUR_MS;
    match wait {
        None => Decision::Send,
        Some((until, Reason::PersonalCap)) if too_long(until) => Decision::Refuse(Reason::PersonalCap),
        Some((until, _)) if too_long(until) => Decision::Refuse(Reason::WaitedTooLong),
        Some((until, reason)) => Decision::Wait(until, reason),
    }
}

fn open_hours(policy: &Policy, request: &Request<'_>, now: Timestamp) -> Option<(Timestamp, Reason)> {
    let of_this = |hours: &&Hours| hours.covers(request.channel, request.purpose);
    let windows: Vec<&Hours> = policy.hours_in_force().filter(of_this).collect();
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

fn under_caps(
    policy: &Policy,
    request: &Request<'_>,
    sent: &[&Sent],
    now: Timestamp,
) -> Option<(Timestamp, Reason)> {
    policy
        .caps_in_force()
        .filter(|cap| cap.covers(request.channel, request.purpose))
        .filter_map(|cap| cap.opens(sent, request.time_zone, now))
        .max()
        .map(|until| (until.max(now.plus_ms(1)), Reason::Capped))
}

/// Whether the person's own wish lets one more through.
fn under_own_cap(request: &Request<'_>, sent: &[&Sent], now: Timestamp) -> Option<(Timestamp, Reason)> {
    let hours = request.wishes.often().hours()?;
    let until = Cap::sliding(None, 1, hours).opens(sent, request.time_zone, now)?;
    Some((until.max(now.plus_ms(1)), Reason::PersonalCap))
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
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{Often, Wish};
    use std::collections::BTreeMap;

    static GRANTED: CurrentConsent = held(ConsentState::Granted);
    static NO_WISHES: Wishes = Wishes { topics: BTreeMap::new(), often: None, pause: None };

    const fn held(state: ConsentState) -> CurrentConsent {
        CurrentConsent { state, at: Ms::from_ms(0), source: String::new(), expires_at: None }
    }

    fn sent(channel: Channel, at: Timestamp) -> Sent {
        Sent { channel, purpose: Purpose::Marketing, at }
    }

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
            topic: None,
            has_address: true,
            suppression: None,
            consent: Some(&GRANTED),
            wishes: &NO_WISHES,
            recent: &[],
            ahead: &[],
            holdout_bucket: 99,
            time_zone: zone,
            decided_at: at(9, 0),
        }
    }

    #[test]
    fn consent_and_suppression_come_before_all_else() {
        use Purpose::*;
        let zone = zone();
        let check = |purpose, consent: Option<ConsentState>, suppression, expect| {
            let consent = consent.map(|state| CurrentConsent { at: at(8, 0).into(), ..held(state) });
            let consent = consent.as_ref();
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
        let sent = [1, 2, 3].map(|hour| sent(Channel::Email, at(hour, 0)));
        let check = |recent: &[Sent], now, expect| {
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
    fn silence_for_a_day_is_a_refusal_and_the_register_comes_first() {
        let zone = zone();
        let asked = CurrentConsent { at: at(9, 0).into(), ..held(ConsentState::Pending) };
        let request = Request { consent: Some(&asked), ..request(Channel::Sms, Purpose::Marketing, &zone) };
        let check = |request: &Request<'_>, now, reason| {
            assert_eq!(decide(&Policy::default(), request, now), Decision::Refuse(reason));
        };
        check(&request, at(32, 59), Reason::ConsentPending);
        check(&request, at(33, 0), Reason::ConsentDenied);
        let listed = Request { suppression: Some(Suppression::DoNotCall), ..request };
        check(&listed, at(9, 0), Reason::DoNotCall);
        let order = Request { purpose: Purpose::Transactional, ..listed };
        assert_eq!(decide(&Policy::default(), &order, at(9, 0)), Decision::Send);
    }

    #[test]
    fn wishes_hold_for_advertisements_alone() {
        let zone = zone();
        let mut wishes = Wishes::default();
        wishes.topics.insert("sale".into(), Wish { value: false, at: Ms::from_ms(1) });
        let check = |wishes: &Wishes, purpose, topic, recent: &[Sent], expect| {
            let request = Request { wishes, topic, recent, ..request(Channel::Email, purpose, &zone) };
            assert_eq!(decide(&Policy::default(), &request, at(9, 0)), expect);
        };
        let (ads, order) = (Purpose::Marketing, Purpose::Transactional);
        check(&wishes, ads, Some("sale"), &[], Decision::Refuse(Reason::TopicOff));
        check(&wishes, ads, Some("news"), &[], Decision::Send);
        check(&wishes, order, Some("sale"), &[], Decision::Send);
        wishes.pause = Some(Wish { value: Some(at(9, 1).into()), at: Ms::from_ms(1) });
        check(&wishes, ads, None, &[], Decision::Refuse(Reason::Paused));
        check(&wishes, order, None, &[], Decision::Send);
        wishes.pause = Some(Wish { value: Some(at(9, 0).into()), at: Ms::from_ms(1) });
        wishes.often = Some(Wish { value: Often::Weekly, at: Ms::from_ms(1) });
        let by_sms = |hours: i64| [sent(Channel::Sms, at(9 - hours, 0))];
        check(&wishes, ads, None, &by_sms(24 * 7), Decision::Send);
        check(&wishes, ads, None, &by_sms(24 * 6), Decision::Wait(at(33, 0), Reason::PersonalCap));
        check(&wishes, ads, None, &by_sms(24), Decision::Refuse(Reason::PersonalCap));
        check(&wishes, order, None, &by_sms(24), Decision::Send);
    }

    #[test]
    fn calendar_caps_are_of_the_customers_calendar() {
        let zone = zone();
        let capped = |window| Policy {
            caps: vec![Cap { channel: None, purpose: None, count: 1, hours: 24, window }],
            ..Policy::default()
        };
        let check = |window, recent, now, expect| {
            let request = Request {
                recent: &[sent(Channel::Email, recent)],
                decided_at: now,
                ..request(Channel::Email, Purpose::Marketing, &zone)
            };
            assert_eq!(decide(&capped(window), &request, now), expect);
        };
        check(Window::Day, at(-1, 59), at(0, 0), Decision::Send);
        check(Window::Day, at(0, 0), at(23, 59), Decision::Wait(at(24, 0), Reason::Capped));
        // 2026-11-20 is a Friday: the week ends with Sunday, 2026-11-22.
        check(Window::Week, at(-4 * 24, 0), at(9, 0), Decision::Wait(at(72, 0), Reason::Capped));
        check(Window::Week, at(-4 * 24, -1), at(9, 0), Decision::Send);
    }

    #[test]
    fn caps_and_hours_of_one_purpose_leave_the_others_alone() {
        let zone = zone();
        let policy = Policy {
            caps: vec![Cap { purpose: Some(Purpose::Ads), ..Cap::sliding(None, 1, 24) }],
            hours: vec![Hours {
                purpose: Some(Purpose::Transactional),
                ..Hours::of(Channel::Sms, 8 * 60, 20 * 60)
            }],
            ..Policy::default()
        };
        let recent = [Sent { purpose: Purpose::Ads, ..sent(Channel::Sms, at(8, 0)) }];
        let check = |purpose, now, expect| {
            let request = Request { recent: &recent, ..request(Channel::Sms, purpose, &zone) };
            assert_eq!(decide(&policy, &request, now), expect, "{purpose}");
        };
        check(Purpose::Ads, at(9, 0), Decision::Wait(at(32, 0), Reason::Capped));
        check(Purpose::Marketing, at(9, 0), Decision::Send);
        check(Purpose::Transactional, at(20, 0), Decision::Wait(at(32, 0), Reason::OutsideHours));
        check(Purpose::Marketing, at(21, 0), Decision::Send);
    }

    #[test]
    fn the_more_important_goes_first_where_one_fits() {
        let zone = zone();
        let two = [1, 2].map(|hour| sent(Channel::Email, at(hour, 0)));
        let other = [sent(Channel::Email, at(9, 0))];
        let check = |recent: &[Sent], ahead: &[Sent], now, expect| {
            let request = Request { recent, ahead, ..request(Channel::Email, Purpose::Marketing, &zone) };
            assert_eq!(decide(&Policy::default(), &request, now), expect);
        };
        check(&two, &[], at(9, 0), Decision::Send);
        check(&two, &other, at(9, 0), Decision::Wait(at(9, 1), Reason::GivesWay));
        check(&two[..1], &other, at(9, 0), Decision::Send);
        check(&two, &[sent(Channel::Sms, at(9, 0))], at(9, 0), Decision::Send);
        check(&[], &[sent(Channel::Email, at(9 + 72, 0)); 3], at(9 + 72, 0), Decision::Send);
    }

    #[test]
    fn settings_of_before_are_read() {
        let old = r#"{"caps":[{"channel":"email","count":2,"hours":24},{"count":1,"hours":48}],
            "hours":[{"channel":"sms","from":480,"to":1200}],"holdout_percent":5,"wait_hours_max":48}"#;
        let policy: Policy = serde_json::from_str(old).unwrap();
        assert_eq!(policy.country, "vn");
        assert_eq!(policy.caps[1], Cap::sliding(None, 1, 48));
        assert_eq!(policy.hours, [Hours::of(Channel::Sms, 480, 1200)]);
        let text = serde_json::to_string(&Policy::default()).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), Policy::default());
    }

    #[test]
    fn a_default_is_loosened_with_a_reason_and_what_is_firm_is_not() {
        let acknowledged = |rule: &str, reason: &str| Override {
            rule: rule.into(),
            reason: reason.into(),
            by: String::new(),
            at: Ms::default(),
        };
        let reason = "every subscriber agreed to daily offers in our terms";
        let loose = Policy { caps: vec![Cap::sliding(None, 3, 24)], ..Policy::default() };
        assert_eq!(loose.problems(), []);
        let email = Cap::sliding(Some(Channel::Email), 9, 24);
        let loose =
            Policy { caps: vec![Cap::sliding(Some(Channel::Sms), 3, 24), email], ..Policy::default() };
        assert!(!loose.problems().is_empty());
        // What the law's default says holds although the document says otherwise.
        let zone = zone();
        let three = [1, 2, 3].map(|hour| sent(Channel::Email, at(hour, 0)));
        let request = Request { recent: &three, ..request(Channel::Email, Purpose::Marketing, &zone) };
        assert_eq!(decide(&loose, &request, at(9, 0)), Decision::Wait(at(25, 0), Reason::Capped));
        let said = Policy { overrides: vec![acknowledged("vn.cap.email", reason)], ..loose.clone() };
        assert_eq!(said.problems(), []);
        assert_eq!(decide(&said, &request, at(9, 0)), Decision::Send);
        let short = Policy { overrides: vec![acknowledged("vn.cap.email", "because")], ..loose };
        assert!(!short.problems().is_empty());
        let firm = Policy { overrides: vec![acknowledged("vn.hours.sms", reason)], ..Policy::default() };
        assert!(!firm.problems().is_empty());
        let firm = Policy { hours: vec![], ..firm };
        let night = Request { channel: Channel::Sms, recent: &[], ..request };
        assert_eq!(decide(&firm, &night, at(23, 0)), Decision::Wait(at(31, 0), Reason::OutsideHours));
        let abroad = Policy { country: "us".into(), caps: vec![], ..Policy::default() };
        assert!(!abroad.problems().is_empty());
        let abroad = Policy { overrides: vec![acknowledged("country", reason)], ..abroad };
        assert!(!abroad.problems().is_empty(), "8 to 21 o'clock there");
        let hours = vec![Hours::of(Channel::Sms, 9 * 60, 21 * 60)];
        assert_eq!(Policy { hours, ..abroad }.problems(), []);
    }

    #[test]
    fn the_lawful_defaults_cannot_be_loosened() {
        assert_eq!(Policy::default().problems(), []);
        assert!(!Policy { caps: vec![], ..Policy::default() }.problems().is_empty());
        assert!(!Policy { hours: vec![], ..Policy::default() }.problems().is_empty());
    }
}
