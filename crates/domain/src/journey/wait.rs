//! The nodes at which a run rests: delays, and waits for something to happen.

use super::local::{ClockTime, DayOfWeek, Offset};
use crate::condition::{Condition, Duration, EventPattern, PropertyFilter};
use serde::{Deserialize, Serialize};

/// Most events that one wait listens for.
pub const AWAITED_EVENTS_MAX: usize = 10;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DelayDocument", into = "DelayDocument")]
pub struct Delay {
    pub until: Until,
    pub next: Option<String>,
}

/// When a delay is over.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// This long after the run came here.
    For(Duration),
    /// The next time that the profile's clock shows this, now included.
    Time(ClockTime),
    /// The next such day at this time, now included.
    Weekday { weekday: DayOfWeek, time: ClockTime },
    /// A date or an instant that the profile carries.
    Attribute(UntilAttribute),
    /// The next time of the hour at which the profile reads messages, now included.
    BestHour(BestHour),
}

/// The hour at which a profile is most likely to read: its attribute `best_hour` (0 to 23), else the hour of most of
/// its own opens and clicks when there are at least [`BEST_HOUR_READS_MIN`], else this time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestHour {
    pub otherwise: ClockTime,
}

/// Messages that a profile must have read before their hours say something.
pub const BEST_HOUR_READS_MIN: usize = 3;

#[derive(Clone, Debug, PartialEq)]
pub struct UntilAttribute {
    pub attribute: String,
    /// Days first, by the calendar; hours and minutes then exactly.
    pub offset: Offset,
    /// The time of day; without it that of the value, midnight for a date.
    pub time: Option<ClockTime>,
    /// The next anniversary instead of the date itself.
    pub yearly: bool,
    pub when_past: Otherwise,
    pub when_missing: Otherwise,
}

/// What a delay does when there is nothing to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Goes on at once.
    #[default]
    Continue,
    /// Ends the run.
    Exit,
}

/// The fields of a delay as they are written; [`Until`] is what they may say together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DelayDocument {
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    duration: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_time: Option<ClockTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_weekday: Option<DayOfWeek>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_attribute: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_best_hour: Option<BestHour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<ClockTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yearly: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when_past: Option<Otherwise>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when_missing: Option<Otherwise>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl TryFrom<DelayDocument> for Delay {
    type Error = String;

    fn try_from(document: DelayDocument) -> Result<Self, String> {
        let DelayDocument {
            duration,
            until_time,
            until_weekday,
            until_attribute,
            until_best_hour,
            time,
            offset,
            yearly,
            when_past,
            when_missing,
            next,
        } = document;
        let of_attribute_alone =
            offset.is_some() || yearly.is_some() || when_past.is_some() || when_missing.is_some();
        if let Some(best_hour) = until_best_hour {
            let others = duration.is_some() || until_time.is_some() || until_weekday.is_some();
            if others || until_attribute.is_some() || time.is_some() || of_attribute_alone {
                return Err("until_best_hour stands alone, with its \"otherwise\" inside".into());
            }
            return Ok(Delay { until: Until::BestHour(best_hour), next });
        }
        let until = match (duration, until_time, until_weekday, until_attribute) {
            (None, None, None, Some(attribute)) => Until::Attribute(UntilAttribute {
                attribute,
                offset: offset.unwrap_or_default(),
                time,
                yearly: yearly.unwrap_or_default(),
                when_past: when_past.unwrap_or_default(),
                when_missing: when_missing.unwrap_or_default(),
            }),
            (Some(_), None, None, None) | (None, Some(_), None, None) | (None, None, Some(_), None)
                if of_attribute_alone =>
            {
                return Err("offset, yearly, when_past and when_missing go with until_attribute alone".into());
            }
            (None, None, Some(weekday), None) => {
                Until::Weekday { weekday, time: time.ok_or("until_weekday needs a time")? }
            }
            (Some(_), None, None, None) | (None, Some(_), None, None) if time.is_some() => {
                return Err("time goes with until_weekday and until_attribute alone".into());
            }
            (Some(duration), None, None, None) => Until::For(duration),
            (None, Some(time), None, None) => Until::Time(time),
            _ => {
                return Err(
                    "a delay has exactly one of: for, until_time, until_weekday, until_attribute, until_best_hour".into()
                );
            }
        };
        Ok(Delay { until, next })
    }
}

impl From<Delay> for DelayDocument {
    fn from(delay: Delay) -> Self {
        let rest = DelayDocument { next: delay.next, ..DelayDocument::default() };
        match delay.until {
            Until::For(duration) => DelayDocument { duration: Some(duration), ..rest },
            Until::Time(time) => DelayDocument { until_time: Some(time), ..rest },
            Until::Weekday { weekday, time } => {
                DelayDocument { until_weekday: Some(weekday), time: Some(time), ..rest }
            }
            Until::BestHour(best_hour) => DelayDocument { until_best_hour: Some(best_hour), ..rest },
            Until::Attribute(until) => DelayDocument {
                until_attribute: Some(until.attribute),
                time: until.time,
                offset: (!until.offset.is_zero()).then_some(until.offset),
                yearly: until.yearly.then_some(true),
                when_past: (until.when_past != Otherwise::default()).then_some(until.when_past),
                when_missing: (until.when_missing != Otherwise::default()).then_some(until.when_missing),
                ..rest
            },
        }
    }
}

/// Waits for an event, for one of several, or for a condition, at most this long. What happens at the very end of the
/// wait is in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WaitForDocument", into = "WaitForDocument")]
pub struct WaitFor {
    pub what: Awaited,
    pub timeout: Duration,
    pub on_timeout: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Awaited {
    Event {
        pattern: EventPattern,
        on_event: Option<String>,
    },
    /// The first of these to come; each has its own way on, or `on_event`.
    AnyOf {
        events: Vec<AwaitedEvent>,
        on_event: Option<String>,
    },
    /// At once when it holds already.
    Condition {
        when: Condition,
        on_met: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwaitedEvent {
    pub event: String,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PropertyFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl WaitFor {
    /// The events that can end it, with where each leads.
    pub(super) fn events(&self) -> Vec<(&str, &[PropertyFilter], &Option<String>)> {
        match &self.what {
            Awaited::Event { pattern, on_event } => vec![(&pattern.event, &pattern.filters, on_event)],
            Awaited::AnyOf { events, on_event } => {
                let way = |event: &'_ AwaitedEvent| event.next.is_some();
                let each = events.iter();
                each.map(|event| {
                    let next = if way(event) { &event.next } else { on_event };
                    (event.event.as_str(), event.filters.as_slice(), next)
                })
                .collect()
            }
            Awaited::Condition { .. } => Vec::new(),
        }
    }

    /// What it waits for, for the log.
    pub(super) fn told(&self) -> String {
        match &self.what {
            Awaited::Condition { .. } => "the condition".to_owned(),
            _ => {
                let mut names: Vec<&str> = self.events().iter().map(|(name, ..)| *name).collect();
                names.dedup();
                names.join(" or ")
            }
        }
    }
}

/// The fields of a wait as they are written; [`Awaited`] is what they may say together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitForDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    filters: Vec<PropertyFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any_of: Option<Vec<AwaitedEvent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<Condition>,
    timeout: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_met: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_timeout: Option<String>,
}

impl TryFrom<WaitForDocument> for WaitFor {
    type Error = String;

    fn try_from(document: WaitForDocument) -> Result<Self, String> {
        let WaitForDocument { event, filters, any_of, when, timeout, on_event, on_met, on_timeout } =
            document;
        if event.is_none() && !filters.is_empty() {
            return Err("\"where\" goes with an \"event\"".into());
        }
        if when.is_none() && on_met.is_some() {
            return Err("\"on_met\" goes with \"when\"; an event has \"on_event\"".into());
        }
        let what = match (event, any_of, when) {
            (Some(event), None, None) => {
                Awaited::Event { pattern: EventPattern { event, filters }, on_event }
            }
            (None, Some(events), None) => Awaited::AnyOf { events, on_event },
            (None, None, Some(_)) if on_event.is_some() => {
                return Err("\"on_event\" goes with an event; a condition has \"on_met\"".into());
            }
            (None, None, Some(when)) => Awaited::Condition { when, on_met },
            _ => return Err("a wait_for has exactly one of: event, any_of, when".into()),
        };
        Ok(WaitFor { what, timeout, on_timeout })
    }
}

impl From<WaitFor> for WaitForDocument {
    fn from(wait: WaitFor) -> Self {
        let mut document = WaitForDocument {
            event: None,
            filters: Vec::new(),
            any_of: None,
            when: None,
            timeout: wait.timeout,
            on_event: None,
            on_met: None,
            on_timeout: wait.on_timeout,
        };
        match wait.what {
            Awaited::Event { pattern, on_event } => {
                document.event = Some(pattern.event);
                document.filters = pattern.filters;
                document.on_event = on_event;
            }
            Awaited::AnyOf { events, on_event } => {
                document.any_of = Some(events);
                document.on_event = on_event;
            }
            Awaited::Condition { when, on_met } => {
                document.when = Some(when);
                document.on_met = on_met;
            }
        }
        document
    }
}
