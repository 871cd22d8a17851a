//! Campaigns: what a broadcast is, to whom, when, and how fast. docs/campaigns.md is the grammar.

mod credit;
mod schedule;
#[cfg(test)]
mod tests;
mod words;

pub use credit::{Order, Touch, credited};
pub use schedule::{
    Every, InZone, Late, Planned, Recurring, Schedule, Weekday, earliest_zone, latest_zone, local_time_of,
};

use crate::consent::{Channel, Purpose};
use crate::gate::Priority;
use crate::ways::Ways;
use kit::{HOUR_MS, MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// Segments and lists that one campaign may name, each.
pub const GROUPS_MAX: usize = 100;
/// The longest time that "got a campaign of late" may reach back, in days.
pub const RECENT_DAYS_MAX: u32 = 365;
/// The longest time after an open or a click in which an order is credited, in days.
pub const ATTRIBUTION_DAYS_MAX: u32 = 90;
/// Bytes of a definition as JSON.
pub const DEFINITION_BYTES_MAX: usize = 64 << 10;

/// A campaign as the shop writes it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    pub name: String,
    #[serde(default)]
    pub audience: Audience,
    #[serde(default)]
    pub exclude: Exclude,
    #[serde(default = "email")]
    pub channel: Channel,
    /// The id or the name of a template of the channel; empty while none is chosen.
    #[serde(default)]
    pub template: String,
    #[serde(default = "marketing")]
    pub purpose: Purpose,
    #[serde(default)]
    pub schedule: Schedule,
    /// Further ways for the same message.
    #[serde(default, skip_serializing_if = "Ways::is_single")]
    pub ways: Ways,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    #[serde(default, skip_serializing_if = "Utm::is_empty")]
    pub utm: Utm,
    /// How important it is beside other messages to the same person: 1 goes first, 5 last, 3 when not given.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// What it is about: one of the shop's topics, which people can turn off, or a word for the shop's own order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// An order counts for the campaign when it is placed within so many days of an open or a click.
    #[serde(default = "five")]
    pub attribution_days: u32,
}

fn email() -> Channel {
    Channel::Email
}

fn marketing() -> Purpose {
    Purpose::Marketing
}

fn five() -> u32 {
    5
}

/// Who gets it: whoever is in one of these.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audience {
    pub segments: Vec<String>,
    pub lists: Vec<String>,
    pub everybody: bool,
}

/// Who is left out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exclude {
    pub segments: Vec<String>,
    pub lists: Vec<String>,
    /// Whoever got any campaign within so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got_campaign_within_days: Option<u32>,
}

/// At most `count` messages in any minute or hour, evenly spread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub count: u32,
    pub per: Per,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    Minute,
    Hour,
}

impl Rate {
    fn period_ms(self) -> i64 {
        match self.per {
            Per::Minute => MINUTE_MS,
            Per::Hour => HOUR_MS,
        }
    }

    /// When the message of this place in line is due; the first has the place 0 and is due at `from`.
    pub fn due_at(self, from: Timestamp, place: i64) -> Timestamp {
        let after = i128::from(place) * i128::from(self.period_ms()) / i128::from(self.count.max(1));
        from.plus_ms(i64::try_from(after).unwrap_or(i64::MAX / 4))
    }

    /// Milliseconds that `messages` take.
    pub fn takes_ms(self, messages: i64) -> i64 {
        self.due_at(Timestamp::from_ms(0), messages).ms()
    }
}

/// Campaign parameters of the links; what is empty is taken from the settings and the campaign's name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Utm {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub medium: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub term: String,
}

impl Utm {
    pub fn is_empty(&self) -> bool {
        *self == Utm::default()
    }
}

/// What cannot be used, its place and what it should be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Problem {
    pub field: String,
    pub message: String,
}

fn problem(field: &str, message: impl Into<String>) -> Problem {
    Problem { field: field.to_owned(), message: message.into() }
}

impl Campaign {
    /// What no campaign may hold, not even a draft.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let line = |text: &str, max: usize| text.chars().count() <= max && !text.contains(char::is_control);
        if self.name.trim().is_empty() || !line(&self.name, 200) {
            found.push(problem("name", "one line of 1 to 200 characters"));
        }
        if !matches!(self.channel, Channel::Email | Channel::Sms | Channel::Zalo | Channel::Push) {
            found.push(problem("channel", "email, sms, zalo or push"));
        }
        for (field, message) in self.ways.problems(self.channel) {
            found.push(problem(field, message));
        }
        if !line(&self.template, 200) {
            found.push(problem("template", "the id or the name of a template"));
        }
        if !line(&self.topic, 100) {
            found.push(problem("topic", "one line of at most 100 characters"));
        }
        let groups = [
            ("audience.segments", &self.audience.segments),
            ("audience.lists", &self.audience.lists),
            ("exclude.segments", &self.exclude.segments),
            ("exclude.lists", &self.exclude.lists),
        ];
        for (field, ids) in groups {
            if ids.len() > GROUPS_MAX {
                found.push(problem(field, format!("at most {GROUPS_MAX}")));
            }
            if ids.iter().any(|id| id.is_empty() || !line(id, 200)) {
                found.push(problem(field, "each an id of 1 to 200 characters"));
            }
        }
        if self.exclude.got_campaign_within_days.is_some_and(|days| !(1..=RECENT_DAYS_MAX).contains(&days)) {
            let told = format!("from 1 to {RECENT_DAYS_MAX}");
            found.push(problem("exclude.got_campaign_within_days", told));
        }
        if self.rate.is_some_and(|rate| !(1..=1_000_000).contains(&rate.count)) {
            found.push(problem("rate.count", "from 1 to 1000000"));
        }
        if !(1..=ATTRIBUTION_DAYS_MAX).contains(&self.attribution_days) {
            found.push(problem("attribution_days", format!("from 1 to {ATTRIBUTION_DAYS_MAX}")));
        }
        let utm = &self.utm;
        let parts = [&utm.source, &utm.medium, &utm.campaign, &utm.content, &utm.term];
        if parts.iter().any(|part| !line(part, 100)) {
            found.push(problem("utm", "each part one line of at most 100 characters"));
        }
        found.extend(self.schedule.problems());
        found
    }

    /// What a draft may lack and a campaign that is to go may not.
    pub fn gaps(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if self.template.is_empty() {
            found.push(problem("template", "choose a template"));
        }
        let Audience { segments, lists, everybody } = &self.audience;
        if segments.is_empty() && lists.is_empty() && !everybody {
            found.push(problem("audience", "name segments or lists, or say everybody"));
        }
        if *everybody && !(segments.is_empty() && lists.is_empty()) {
            found.push(problem("audience", "either everybody, or segments and lists"));
        }
        found
    }

    /// The value of `utm_campaign`: the shop's own, else the name in plain letters.
    pub fn utm_campaign(&self) -> String {
        if !self.utm.campaign.is_empty() {
            return self.utm.campaign.clone();
        }
        let key = crate::normalise::text::search_key(&self.name);
        let words = key.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-")
    }
}
