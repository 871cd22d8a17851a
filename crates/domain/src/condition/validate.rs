//! What is of the grammar and still wrong: an operand of the wrong kind, an empty list, a limit passed.

use super::dates::{ANNIVERSARY_DAYS_MAX, Calendar, days_of};
use super::parse::{join, problem};
use super::{
    Condition, DEPTH_MAX, EventLeaf, EventPattern, FILTERS_MAX, LIST_MAX, Op, Operand, PREDICATES_MAX,
    Problem, PropertyFilter, TEXT_BYTES_MAX, Test,
};
use crate::condition::Moment;
use crate::local_time::{Zone, parse_duration};
use serde_json::Value;

/// What there is to refer to where a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// An event that asks for a run or started it.
    pub event: bool,
    /// A run, with what it awaited and has seen.
    pub run: bool,
}

impl Scope {
    /// Nothing but the profile.
    pub const PROFILE: Scope = Scope { event: false, run: false };
}

impl Condition {
    /// Adds what is wrong with this condition, at paths below `path`.
    pub fn validate(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        let mut predicates = 0;
        self.check(scope, path, 1, &mut predicates, problems);
        if predicates > PREDICATES_MAX {
            let message = format!("{predicates} predicates in one condition; at most {PREDICATES_MAX}");
            problems.push(problem(path, "condition.too_large", message));
        }
    }

    fn check(
        &self,
        scope: Scope,
        path: &str,
        depth: usize,
        predicates: &mut usize,
        problems: &mut Vec<Problem>,
    ) {
        if depth > DEPTH_MAX {
            let message = format!("conditions nest at most {DEPTH_MAX} deep");
            problems.push(problem(path, "condition.too_deep", message));
            return;
        }
        *predicates += 1;
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                let key = match self {
                    Condition::All(_) => "all",
                    Condition::Any(_) => "any",
                    _ => "none",
                };
                let path = join(path, key);
                if parts.is_empty() {
                    problems.push(problem(&path, "condition.empty", "an empty list says nothing"));
                }
                for (i, part) in parts.iter().enumerate() {
                    part.check(scope, &join(&path, i), depth + 1, predicates, problems);
                }
            }
            Condition::Attribute { path: name, test } => {
                check_text(name, &join(path, "attribute"), problems);
                test.check(scope, path, problems);
            }
            Condition::Tag(tag) => check_text(tag, &join(path, "tag"), problems),
            Condition::Event(leaf) => leaf.check(scope, "event", path, problems),
            Condition::Awaited(leaf) => {
                if !scope.run {
                    problems.push(out_of_scope(&join(path, "awaited")));
                }
                leaf.check(scope, "awaited", path, problems);
            }
            Condition::Seen { pattern, at_least } => {
                let path = join(path, "seen");
                if !scope.run {
                    problems.push(out_of_scope(&path));
                }
                pattern.validate(scope, &path, problems);
                if *at_least == 0 {
                    let message = "counts from 1; for \"not at all\" put it into \"none\"";
                    problems.push(problem(&join(&path, "at_least"), "condition.operand", message));
                }
            }
            Condition::List(list) => check_text(list, &join(path, "list"), problems),
            Condition::Segment(segment) => check_text(segment, &join(path, "segment"), problems),
            Condition::Consent(_) => {}
            Condition::Did(leaf) => leaf.check(scope, &join(path, "did"), problems),
            Condition::EventPick(leaf) => leaf.check(scope, &join(path, leaf.key()), problems),
            Condition::Orders(leaf) => leaf.check(scope, &join(path, "orders"), problems),
            Condition::OrderPick(leaf) => leaf.check(scope, &join(path, leaf.key()), problems),
            Condition::Messages(leaf) => leaf.check(&join(path, "message"), problems),
            Condition::Runs(leaf) => leaf.check(&join(path, "journey"), problems),
            Condition::Bucket(leaf) => leaf.check(&join(path, "bucket"), problems),
        }
    }
}

fn out_of_scope(path: &str) -> Problem {
    problem(path, "condition.scope", "there is no such thing before a run has begun")
}

impl EventLeaf {
    fn check(&self, scope: Scope, key: &str, path: &str, problems: &mut Vec<Problem>) {
        let path = join(path, key);
        if !scope.event {
            problems.push(problem(&path, "condition.scope", "there is no event here"));
        }
        if self.name.is_none() && self.filters.is_empty() {
            problems.push(problem(&path, "condition.empty", "needs a \"name\", a \"where\", or both"));
        }
        if let Some(name) = &self.name {
            check_text(name, &join(&path, "name"), problems);
        }
        check_filters(&self.filters, scope, &path, problems);
    }
}

impl EventPattern {
    /// Adds what is wrong with this pattern, at paths below `path`.
    pub fn validate(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        check_text(&self.event, &join(path, "event"), problems);
        check_filters(&self.filters, scope, path, problems);
    }
}

pub(crate) fn check_filters(
    filters: &[PropertyFilter],
    scope: Scope,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    check_filter_list(filters, scope, &join(path, "where"), problems);
}

/// As [`check_filters`] for a list at `path` itself.
pub(super) fn check_filter_list(
    filters: &[PropertyFilter],
    scope: Scope,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    if filters.len() > FILTERS_MAX {
        let message = format!("{} filters; at most {FILTERS_MAX}", filters.len());
        problems.push(problem(path, "condition.too_large", message));
    }
    for (i, filter) in filters.iter().enumerate() {
        let path = join(path, i);
        check_text(&filter.property, &join(&path, "property"), problems);
        filter.test.check(scope, &path, problems);
    }
}

/// As [`check_filters`]; what the past is compared with has to stay as it is while time passes.
pub(super) fn check_filters_of_past(
    filters: &[PropertyFilter],
    scope: Scope,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    check_filters(filters, scope, path, problems);
    for (i, filter) in filters.iter().enumerate() {
        if filter.test.operand == Some(Operand::From("profile.lifecycle".to_owned())) {
            let path = join(&join(&join(path, "where"), i), "value");
            let message = "the lifecycle turns by time; ask for it beside, as an attribute";
            problems.push(problem(&path, "condition.reference", message));
        }
    }
}

impl Test {
    pub(super) fn check(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        if self.calendar != Calendar::Solar && !self.op.is_anniversary() {
            let message = "a calendar goes with anniversary_within and anniversary_passed alone";
            problems.push(problem(&join(path, "calendar"), "condition.operand", message));
        }
        let path = join(path, "value");
        let name = self.op.name();
        match &self.operand {
            None if self.op.stands_alone() => {}
            None => problems.push(problem(&path, "condition.operand", format!("\"{name}\" needs a value"))),
            Some(_) if self.op.stands_alone() => {
                problems.push(problem(&path, "condition.operand", format!("\"{name}\" takes no value")));
            }
            Some(Operand::From(reference)) => check_reference(reference, scope, &path, problems),
            Some(Operand::Literal(value)) => {
                if let Some(expected) = expected_instead(self.op, value) {
                    let message = format!("\"{name}\" takes {expected}");
                    problems.push(problem(&path, "condition.operand", message));
                }
            }
        }
    }
}

/// What the operator wants, when `value` is not it.
fn expected_instead(op: Op, value: &Value) -> Option<String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => text.len() <= TEXT_BYTES_MAX,
        Value::Bool(_) | Value::Number(_) => true,
        _ => false,
    };
    let text =
        |value: &Value| value.as_str().is_some_and(|text| !text.is_empty() && text.len() <= TEXT_BYTES_MAX);
    let (fits, expected) = match op {
        Op::Eq | Op::Ne => {
            (scalar(value), format!("text of at most {TEXT_BYTES_MAX} bytes, a number, true or false"))
        }
        Op::Gt | Op::Gte | Op::Lt | Op::Lte => (value.is_number(), "a number (without quotes)".to_string()),
        Op::Contains | Op::NotContains => (
            scalar(value) && value.as_str() != Some(""),
            format!("a part of a text (1 to {TEXT_BYTES_MAX} bytes) or an element of a list"),
        ),
        Op::StartsWith | Op::EndsWith | Op::Like => {
            (text(value), format!("text of 1 to {TEXT_BYTES_MAX} bytes"))
        }
        Op::In | Op::NotIn => (
            value
                .as_array()
                .is_some_and(|list| !list.is_empty() && list.len() <= LIST_MAX && list.iter().all(scalar)),
            format!("a list of 1 to {LIST_MAX} texts, numbers or truth values"),
        ),
        Op::Before | Op::After | Op::On => (
            Moment::of(value, &Zone::UTC).is_some(),
            "a date (2026-02-28) or an instant (2026-02-28T09:00:00+07:00)".to_string(),
        ),
        Op::AnniversaryWithin => {
            (days_of(value).is_some(), format!("whole days from 0d to {ANNIVERSARY_DAYS_MAX}d"))
        }
        Op::AnniversaryPassed => (
            days_of(value).is_some_and(|days| days > 0),
            format!("whole days from 1d to {ANNIVERSARY_DAYS_MAX}d"),
        ),
        Op::WithinLast | Op::WithinNext | Op::OlderThan | Op::FurtherThan => (
            value.as_str().is_some_and(|text| parse_duration(text).is_ok_and(|ms| ms > 0)),
            "a duration (30d, 12h, 1h30m) of at most ten years".to_string(),
        ),
        Op::Exists | Op::NotExists => return None,
    };
    if fits { None } else { Some(expected) }
}

/// References are `event.…`, `awaited.…` and `profile.…`.
pub(crate) fn check_reference(reference: &str, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
    let of_event = |rest: &str| {
        rest == "name"
            || rest == "at"
            || rest.strip_prefix("properties.").is_some_and(|path| !path.is_empty())
    };
    let fits = reference.len() <= TEXT_BYTES_MAX
        && match reference.split_once('.') {
            Some(("profile", rest)) => !rest.is_empty(),
            Some(("event", rest)) => scope.event && of_event(rest),
            Some(("awaited", rest)) => scope.run && of_event(rest),
            _ => false,
        };
    if !fits {
        let mut known = vec!["profile.…"];
        if scope.event {
            known.push("event.name, event.at, event.properties.…");
        }
        if scope.run {
            known.push("awaited.name, awaited.at, awaited.properties.…");
        }
        let message = format!("\"{reference}\" is none of: {}", known.join(", "));
        problems.push(problem(path, "condition.reference", message));
    }
}

pub(super) fn check_text(text: &str, path: &str, problems: &mut Vec<Problem>) {
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        problems.push(problem(path, "condition.text", format!("takes 1 to {TEXT_BYTES_MAX} bytes of text")));
    }
}
