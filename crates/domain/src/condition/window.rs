//! Which part of the past counts, and from when to when each thing of it does.

use super::compare::Moment;
use super::dates::{Period, start_of_date};
use super::parse::{keyed_map, problem};
use super::{Problem, join};
use crate::local_time::{Zone, format_duration, parse_duration};
use jiff::ToSpan;
use kit::{DAY_MS, Timestamp};
use serde_json::{Value, json};
use std::fmt;

/// An exact length of time above 0 and of at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    ms: i64,
}

impl Span {
    pub const fn ms(self) -> i64 {
        self.ms
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Span, Problem> {
        let text = value.as_str().ok_or_else(|| {
            problem(path, "condition.window", "expected a duration such as \"30d\", \"12h\" or \"1h30m\"")
        })?;
        match parse_duration(text) {
            Ok(ms) if ms > 0 => Ok(Span { ms }),
            Ok(_) => Err(problem(path, "condition.window", "a duration of nothing; give one above 0")),
            Err(error) => Err(problem(path, "condition.window", format!("\"{text}\": {error}"))),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.ms))
    }
}

/// The part of the past that counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// After `now` minus the span, up to now.
    Last(Span),
    /// After `now - from`, up to `now - to`; `from` is the longer.
    Ago { from: Span, to: Span },
    /// Dates or instants as they were written. From the first on; up to the end of the day of a date, up to but
    /// without an instant. At least one is there.
    Between { from: Option<String>, to: Option<String> },
    /// The day, week, month, quarter or year of now in the profile's zone, up to now.
    This(Period),
}

impl Window {
    pub(super) fn read(value: &Value, path: &str) -> Result<Window, Problem> {
        let object = keyed_map(value, path, &["last", "from_ago", "to_ago", "from", "to", "this"])?;
        let has = |key: &str| object.contains_key(key);
        let kinds = [has("last"), has("from_ago") || has("to_ago"), has("from") || has("to"), has("this")];
        if kinds.into_iter().filter(|is_there| *is_there).count() != 1 {
            return Err(problem(
                path,
                "condition.window",
                "a window is one of: last; from_ago and to_ago; from, to or both; this",
            ));
        }
        let span = |key: &str| match object.get(key) {
            Some(value) => Span::read(value, &join(path, key)),
            None => Err(problem(path, "json.missing_key", format!("\"{key}\" is missing"))),
        };
        let bound = |key: &str| match object.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(problem(&join(path, key), "condition.window", "expected a date or an instant")),
        };
        if has("last") {
            Ok(Window::Last(span("last")?))
        } else if let Some(this) = object.get("this") {
            let period = this.as_str().and_then(Period::from_name).ok_or_else(|| {
                problem(
                    &join(path, "this"),
                    "condition.window",
                    "expected one of: day, week, month, quarter, year",
                )
            })?;
            Ok(Window::This(period))
        } else if has("from_ago") || has("to_ago") {
            Ok(Window::Ago { from: span("from_ago")?, to: span("to_ago")? })
        } else {
            Ok(Window::Between { from: bound("from")?, to: bound("to")? })
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Window::Last(span) => json!({ "last": span.to_string() }),
            Window::Ago { from, to } => json!({ "from_ago": from.to_string(), "to_ago": to.to_string() }),
            Window::Between { from, to } => {
                let mut object = json!({});
                from.iter().for_each(|from| object["from"] = json!(from));
                to.iter().for_each(|to| object["to"] = json!(to));
                object
            }
            Window::This(period) => json!({ "this": period.name() }),
        }
    }

    pub(super) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        match self {
            Window::Ago { from, to } if from <= to => {
                let message = format!("nothing lies between {from} and {to} ago; \"from_ago\" is the longer");
                problems.push(problem(path, "condition.window", message));
            }
            Window::Between { from, to } => {
                let mut moment = |key: &str, text: &Option<String>| {
                    let text = text.as_ref()?;
                    let moment = Moment::of(&Value::from(text.as_str()), &Zone::UTC);
                    if moment.is_none() {
                        let message = format!(
                            "\"{text}\" is no date (2026-02-28) and no instant (2026-02-28T09:00:00+07:00)"
                        );
                        problems.push(problem(&join(path, key), "condition.window", message));
                    }
                    moment
                };
                if let (Some(from), Some(to)) = (moment("from", from), moment("to", to))
                    && from.at >= end_of(&to, &Zone::UTC)
                {
                    let message = "nothing lies in it: \"to\" comes before \"from\"";
                    problems.push(problem(path, "condition.window", message));
                }
            }
            _ => {}
        }
    }

    /// How far back from now something may lie and still count; `None`: any distance.
    pub(super) fn reach_ms(&self) -> Option<i64> {
        match self {
            Window::Last(span) => Some(span.ms),
            Window::Ago { from, .. } => Some(from.ms),
            Window::This(period) => Some(period.days_max() * DAY_MS),
            Window::Between { .. } => None,
        }
    }

    /// Whether what counts changes with the passing of time.
    pub(super) fn is_relative(&self) -> bool {
        !matches!(self, Window::Between { .. })
    }
}

fn end_of(to: &Moment, zone: &Zone) -> Timestamp {
    if !to.is_date_only {
        return to.at;
    }
    to.date.checked_add(1.day()).map_or(Timestamp::MAX, |next| start_of_date(next, zone))
}

/// A window where and when it is looked through.
pub(super) enum Frame<'a> {
    Always,
    Last(i64),
    Ago { from_ms: i64, to_ms: i64 },
    Between { from: Timestamp, to: Timestamp },
    This { period: Period, zone: &'a Zone, begins: Timestamp },
}

impl<'a> Frame<'a> {
    pub(super) fn of(window: Option<&Window>, zone: &'a Zone, now: Timestamp) -> Frame<'a> {
        match window {
            None => Frame::Always,
            Some(Window::Last(span)) => Frame::Last(span.ms),
            Some(Window::Ago { from, to }) => Frame::Ago { from_ms: from.ms, to_ms: to.ms },
            Some(Window::Between { from, to }) => {
                let moment = |text: &String| Moment::of(&Value::from(text.as_str()), zone);
                Frame::Between {
                    from: from.as_ref().and_then(moment).map_or(Timestamp::MIN, |from| from.at),
                    to: to.as_ref().and_then(moment).map_or(Timestamp::MAX, |to| end_of(&to, zone)),
                }
            }
            Some(Window::This(period)) => {
                Frame::This { period: *period, zone, begins: period.bounds(now, zone).0 }
            }
        }
    }

    /// From when on, and up to when, what happened `at` counts. `None`: at no time from the frame's now on.
    pub(super) fn counts(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        match self {
            Frame::Always => Some((at, Timestamp::MAX)),
            Frame::Last(ms) => Some((at, at.plus_ms(*ms))),
            Frame::Ago { from_ms, to_ms } => Some((at.plus_ms(*to_ms), at.plus_ms(*from_ms))),
            Frame::Between { from, to } => (*from <= at && at < *to).then_some((at, Timestamp::MAX)),
            Frame::This { period, zone, begins } => (at >= *begins).then(|| (at, period.bounds(at, zone).1)),
        }
    }
}
