//! What a person did: events, counted or measured, the first and the last of them.

use super::compare::{Moment, values_at};
use super::course::{Course, Step, earlier};
use super::measure::{Brings, Check, Point, Tally, measured_map};
use super::parse::{filters, keyed_map, problem, test, text};
use super::validate::{check_filters_of_past, check_text};
use super::window::{Frame, Span, Window};
use super::{
    Context, EventView, EventWant, Op, PastEvent, Problem, PropertyFilter, Scope, Test, Trace, Wants,
    filters_match, join, note,
};
use crate::local_time::local_date;
use kit::Timestamp;
use serde_json::{Map, Value, json};

/// Events of one name that pass filters, in a window, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Did {
    pub event: String,
    /// Judged as of the event's own instant.
    pub filters: Vec<PropertyFilter>,
    pub window: Option<Window>,
    pub check: Check,
    pub not_followed_by: Option<Followed>,
}

/// What must not come after an event, up to and with the end of a span. Until the span is over the event does not
/// count.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    pub event: String,
    pub filters: Vec<PropertyFilter>,
    pub within: Span,
}

/// Whether an event of the past passes filters, as of its own instant. Without properties at hand only no
/// filters are passed.
fn passes(event: &PastEvent, name: &str, filters: &[PropertyFilter], context: &Context<'_>) -> bool {
    let view = EventView { id: "", name, at: event.at, properties: &event.properties };
    filters.is_empty() || filters_match(filters, &view, &Context { now: event.at, ..*context })
}

impl Did {
    pub(super) fn read(value: &Value, path: &str) -> Result<Did, Problem> {
        let object = measured_map(value, path, &["event", "where", "window", "not_followed_by"])?;
        let followed = |value: &Value| {
            let path = join(path, "not_followed_by");
            let object = keyed_map(value, &path, &["event", "where", "within"])?;
            let within = object
                .get("within")
                .ok_or_else(|| problem(&path, "json.missing_key", "\"within\" is missing"))?;
            Ok(Followed {
                event: text(object, "event", &path)?,
                filters: filters(object, &path)?,
                within: Span::read(within, &join(&path, "within"))?,
            })
        };
        Ok(Did {
            event: text(object, "event", path)?,
            filters: filters(object, path)?,
            window: read_window(object, path)?,
            check: Check::read(object, path)?,
            not_followed_by: object.get("not_followed_by").map(followed).transpose()?,
        })
    }

    pub(super) fn json(&self) -> Value {
        let mut object = pattern_json(&self.event, &self.filters);
        self.window.iter().for_each(|window| drop(object.insert("window".into(), window.json())));
        self.check.write(&mut object);
        if let Some(followed) = &self.not_followed_by {
            let mut inner = pattern_json(&followed.event, &followed.filters);
            inner.insert("within".into(), Value::from(followed.within.to_string()));
            object.insert("not_followed_by".into(), Value::Object(inner));
        }
        Value::Object(object)
    }

    pub(super) fn check(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        check_text(&self.event, &join(path, "event"), problems);
        check_filters_of_past(&self.filters, scope, path, problems);
        self.window.iter().for_each(|window| window.check(&join(path, "window"), problems));
        self.check.check(path, problems);
        if let Some(followed) = &self.not_followed_by {
            let path = join(path, "not_followed_by");
            check_text(&followed.event, &join(&path, "event"), problems);
            check_filters_of_past(&followed.filters, scope, &path, problems);
            if let Some(Window::Last(last)) = &self.window
                && followed.within >= *last
            {
                let message = format!("the window of {last} is over before {} are", followed.within);
                problems.push(problem(&join(&path, "within"), "condition.window", message));
            }
        }
    }

    fn points(&self, context: &Context<'_>) -> Vec<Point> {
        let past = context.facts.past();
        let Some(events) = past.events.get(&self.event) else { return Vec::new() };
        let frame = Frame::of(self.window.as_ref(), context.facts.time_zone(), context.now);
        let followers: Vec<(Timestamp, i64)> = match &self.not_followed_by {
            None => Vec::new(),
            Some(followed) => {
                let events = past.events.get(&followed.event).map(Vec::as_slice).unwrap_or_default();
                let mut found: Vec<_> = events
                    .iter()
                    .filter(|event| passes(event, &followed.event, &followed.filters, context))
                    .map(|event| (event.at, event.no))
                    .collect();
                found.sort_unstable();
                found
            }
        };
        let mut points = Vec::new();
        for event in events {
            let Some((mut from, to)) = frame.counts(event.at) else { continue };
            if let Some(followed) = &self.not_followed_by {
                let end = event.at.plus_ms(followed.within.ms());
                let next = followers.partition_point(|follower| *follower <= (event.at, event.no));
                if followers.get(next).is_some_and(|(at, _)| *at <= end) {
                    continue;
                }
                from = from.max(end);
            }
            if from < to && to > context.now && passes(event, &self.event, &self.filters, context) {
                let brings = Brings::of_event(&self.check.measure, &self.event, &event.properties);
                points.push(Point { from, to, brings });
            }
        }
        points
    }

    fn tally(&self, context: &Context<'_>) -> Tally<'_> {
        Tally::of(&self.check, self.points(context), context.now)
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        self.tally(context).test(&format!("did {}", self.event), trace)
    }

    pub(super) fn course(&self, context: &Context<'_>) -> Course<'_> {
        self.tally(context).course()
    }

    pub(super) fn wants(&self, wants: &mut Wants) {
        let reach_ms = self.window.as_ref().and_then(Window::reach_ms);
        let properties = !self.filters.is_empty() || self.check.measure.property().is_some();
        wants.event(&self.event, EventWant { properties, reach_ms });
        wants.references(&self.filters);
        if let Some(followed) = &self.not_followed_by {
            // What follows an event lies no further back than the event.
            let properties = !followed.filters.is_empty();
            wants.event(&followed.event, EventWant { properties, reach_ms });
            wants.references(&followed.filters);
            wants.time = true;
        }
        wants.time |= self.window.as_ref().is_some_and(Window::is_relative);
    }
}

pub(super) fn read_window(object: &Map<String, Value>, path: &str) -> Result<Option<Window>, Problem> {
    object.get("window").map(|window| Window::read(window, &join(path, "window"))).transpose()
}

fn pattern_json(event: &str, filters: &[PropertyFilter]) -> Map<String, Value> {
    let mut object = Map::from_iter([("event".to_owned(), Value::from(event))]);
    if !filters.is_empty() {
        object.insert("where".into(), json!(filters));
    }
    object
}

/// Which one of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    First,
    Last,
}

/// What is asked of the one.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// When it was.
    At(Test),
    Property {
        property: String,
        test: Test,
    },
}

/// The operators that compare an instant.
const OPS_OF_INSTANTS: [Op; 9] = [
    Op::Before,
    Op::After,
    Op::On,
    Op::WithinLast,
    Op::WithinNext,
    Op::OlderThan,
    Op::FurtherThan,
    Op::AnniversaryWithin,
    Op::AnniversaryPassed,
];

impl Ask {
    pub(super) const KEYS: [&'static str; 5] = ["at", "property", "op", "value", "calendar"];

    pub(super) fn read(object: &Map<String, Value>, path: &str) -> Result<Ask, Problem> {
        match (object.get("at"), object.contains_key("property")) {
            (Some(at), false) => {
                if let Some(key) = ["op", "value", "calendar"].iter().find(|key| object.contains_key(**key)) {
                    let message = format!("\"{key}\" belongs into \"at\"");
                    return Err(problem(&join(path, key), "json.unknown_key", message));
                }
                let path = join(path, "at");
                Ok(Ask::At(test(keyed_map(at, &path, &["op", "value", "calendar"])?, &path)?))
            }
            (None, true) => {
                Ok(Ask::Property { property: text(object, "property", path)?, test: test(object, path)? })
            }
            _ => Err(problem(path, "condition.kind", "needs either \"at\" or \"property\"")),
        }
    }

    pub(super) fn write(&self, object: &mut Map<String, Value>) {
        match self {
            Ask::At(test) => drop(object.insert("at".into(), test.written_into(Map::new()))),
            Ask::Property { property, test } => {
                object.insert("property".into(), Value::from(property.as_str()));
                test.write(object);
            }
        }
    }

    pub(super) fn check(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        match self {
            Ask::At(test) => {
                let path = join(path, "at");
                if !OPS_OF_INSTANTS.contains(&test.op) {
                    let known = OPS_OF_INSTANTS.map(Op::name).join(", ");
                    let message = format!("\"{}\" compares no instant; known: {known}", test.op.name());
                    problems.push(problem(&join(&path, "op"), "condition.op", message));
                }
                test.check(scope, &path, problems);
            }
            Ask::Property { property, test } => {
                check_text(property, &join(path, "property"), problems);
                test.check(scope, path, problems);
            }
        }
    }

    /// How a log names it: `at`, or the property.
    pub(super) fn told(&self) -> &str {
        match self {
            Ask::At(_) => "at",
            Ask::Property { property, .. } => property,
        }
    }

    pub(super) fn wants(&self, wants: &mut Wants) {
        let (Ask::At(test) | Ask::Property { test, .. }) = self;
        wants.test(test);
    }
}

/// An instant as tests compare it.
pub(super) fn moment_of(at: Timestamp, context: &Context<'_>) -> Moment {
    Moment { date: local_date(at, context.facts.time_zone()), at, is_date_only: false }
}

/// The one of several that an end names at each instant, and how the answer goes on: of `at`s in ascending order
/// those up to now are there.
pub(super) fn pick_course<'a>(
    end: End,
    ats: Vec<Timestamp>,
    test: &'a Test,
    now: Timestamp,
    mut look: impl FnMut(Option<usize>, Timestamp) -> Step + 'a,
) -> Course<'a> {
    let looks_max = ats.len() + super::TURNS_MAX * usize::from(test.op.is_relative());
    Course::of(now, looks_max, move |at| {
        let there = ats.partition_point(|one| *one <= at);
        let picked = match end {
            End::First => (there > 0).then_some(0),
            End::Last => there.checked_sub(1),
        };
        let next = match (end, picked) {
            (End::First, Some(_)) => None,
            _ => ats.get(there).copied(),
        };
        let step = look(picked, at);
        Step { holds: step.holds, until: earlier(step.until, next) }
    })
}

/// The first or the last event of a name that passes filters.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPick {
    pub end: End,
    pub event: String,
    /// Judged as of the event's own instant.
    pub filters: Vec<PropertyFilter>,
    pub ask: Ask,
}

impl EventPick {
    pub(super) fn read(end: End, value: &Value, path: &str) -> Result<EventPick, Problem> {
        let object = keyed_map(value, path, &[&["event", "where"], &Ask::KEYS[..]].concat())?;
        Ok(EventPick {
            end,
            event: text(object, "event", path)?,
            filters: filters(object, path)?,
            ask: Ask::read(object, path)?,
        })
    }

    pub(super) const fn key(&self) -> &'static str {
        match self.end {
            End::First => "first",
            End::Last => "last",
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut object = pattern_json(&self.event, &self.filters);
        self.ask.write(&mut object);
        Value::Object(object)
    }

    pub(super) fn check(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        check_text(&self.event, &join(path, "event"), problems);
        check_filters_of_past(&self.filters, scope, path, problems);
        self.ask.check(scope, path, problems);
    }

    fn events<'c>(&self, context: &Context<'c>) -> Vec<&'c PastEvent> {
        let mut found: Vec<&PastEvent> = context
            .facts
            .past()
            .events
            .get(&self.event)
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .collect();
        found.retain(|event| passes(event, &self.event, &self.filters, context));
        found.sort_by_key(|event| (event.at, event.no));
        found
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        let events = self.events(context);
        let there = events.partition_point(|event| event.at <= context.now);
        let picked = match self.end {
            End::First => events[..there].first(),
            End::Last => events[..there].last(),
        };
        let what = format!("{} {} {}", self.key(), self.event, self.ask.told());
        let Some(event) = picked else {
            note(trace, &what, "exists", &Value::Null, Value::Null, false);
            return false;
        };
        match &self.ask {
            Ask::At(test) => test.holds_at(event.at, &what, context, trace),
            Ask::Property { property, test } => {
                test.holds(&values_at(&event.properties, property), &what, context, trace)
            }
        }
    }

    pub(super) fn course<'a>(&'a self, context: &Context<'a>) -> Course<'a> {
        let events = self.events(context);
        let ats = events.iter().map(|event| event.at).collect();
        let (Ask::At(test) | Ask::Property { test, .. }) = &self.ask;
        let context = *context;
        pick_course(self.end, ats, test, context.now, move |picked, at| {
            let Some(event) = picked.and_then(|picked| events.get(picked)) else {
                return Step::for_ever(false);
            };
            match &self.ask {
                Ask::At(test) => test.step_at(event.at, &context, at),
                Ask::Property { property, test } => {
                    test.step(&values_at(&event.properties, property), &context, at)
                }
            }
        })
    }

    pub(super) fn wants(&self, wants: &mut Wants) {
        let properties = !self.filters.is_empty() || matches!(self.ask, Ask::Property { .. });
        // When the last of all lies further back, so does every one.
        let reach_ms = match &self.ask {
            Ask::At(test) if self.end == End::Last && test.op == Op::WithinLast => test.span_ms(),
            _ => None,
        };
        wants.event(&self.event, EventWant { properties, reach_ms });
        wants.references(&self.filters);
        self.ask.wants(wants);
    }
}
