//! How things of the past are counted, added up and compared with a number, and how that goes on in time.

use super::compare::{nfc, values_at};
use super::course::{Course, Step};
use super::parse::{keyed_map, problem, text};
use super::validate::check_text;
use super::{Op, Problem, Trace, join, note, number};
use kit::Timestamp;
use serde_json::{Map, Number, Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What is made of the things that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    Count,
    /// Of a property's numbers.
    Sum(String),
    Average(String),
    Min(String),
    Max(String),
    /// How many different values.
    Distinct(String),
}

impl Measure {
    const KINDS: [&'static str; 5] = ["sum", "average", "min", "max", "distinct"];

    /// The property that it looks at.
    pub fn property(&self) -> Option<&str> {
        match self {
            Measure::Count => None,
            Measure::Sum(property)
            | Measure::Average(property)
            | Measure::Min(property)
            | Measure::Max(property)
            | Measure::Distinct(property) => Some(property),
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Measure::Count => "count",
            Measure::Sum(_) => "sum",
            Measure::Average(_) => "average",
            Measure::Min(_) => "min",
            Measure::Max(_) => "max",
            Measure::Distinct(_) => "distinct",
        }
    }

    fn read(value: &Value, path: &str) -> Result<Measure, Problem> {
        if value == "count" {
            return Ok(Measure::Count);
        }
        let wrong = || {
            let kinds = Measure::KINDS.join(", ");
            problem(path, "condition.measure", format!("expected \"count\" or {{ kind: property }}: {kinds}"))
        };
        let object = value.as_object().filter(|object| object.len() == 1).ok_or_else(wrong)?;
        let (kind, property) = object.iter().next().ok_or_else(wrong)?;
        let property = property.as_str().ok_or_else(wrong)?.to_owned();
        Ok(match kind.as_str() {
            "sum" => Measure::Sum(property),
            "average" => Measure::Average(property),
            "min" => Measure::Min(property),
            "max" => Measure::Max(property),
            "distinct" => Measure::Distinct(property),
            _ => return Err(wrong()),
        })
    }

    /// `count`, `sum of value`: how a log names it.
    pub(super) fn told(&self) -> String {
        match self.property() {
            None => self.kind().to_owned(),
            Some(property) => format!("{} of {property}", self.kind()),
        }
    }
}

/// A measure, and the number that it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub measure: Measure,
    /// `eq`, `ne`, `gt`, `gte`, `lt` or `lte`.
    pub op: Op,
    pub value: Number,
}

const OPS: [Op; 6] = [Op::Eq, Op::Ne, Op::Gt, Op::Gte, Op::Lt, Op::Lte];

impl Check {
    /// From the keys `measure` (where `known` has it), `op` and `value` of a leaf.
    pub(super) fn read(object: &Map<String, Value>, path: &str) -> Result<Check, Problem> {
        let measure = match object.get("measure") {
            None => Measure::Count,
            Some(measure) => Measure::read(measure, &join(path, "measure"))?,
        };
        let op = match object.contains_key("op") {
            false => Op::Gte,
            true => {
                let name = text(object, "op", path)?;
                OPS.into_iter().find(|op| op.name() == name).ok_or_else(|| {
                    let known = OPS.map(Op::name).join(", ");
                    problem(
                        &join(path, "op"),
                        "condition.op",
                        format!("\"{name}\" is no operator here; known: {known}"),
                    )
                })?
            }
        };
        let value = match object.get("value") {
            Some(Value::Number(value)) => whole(value),
            Some(_) => {
                return Err(problem(&join(path, "value"), "condition.operand", "expected a number"));
            }
            None if measure == Measure::Count => Number::from(1),
            None => return Err(problem(path, "json.missing_key", "\"value\" is missing")),
        };
        Ok(Check { measure, op, value })
    }

    pub(super) fn write(&self, object: &mut Map<String, Value>) {
        if let Some(property) = self.measure.property() {
            object.insert("measure".into(), json!({ self.measure.kind(): property }));
        } else if self.op == Op::Gte && self.value == Number::from(1) {
            return;
        }
        object.insert("op".into(), Value::from(self.op.name()));
        object.insert("value".into(), Value::Number(self.value.clone()));
    }

    pub(super) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if let Some(property) = self.measure.property() {
            check_text(property, &join(path, "measure"), problems);
        }
        if number::exactly(&self.value).is_none() {
            let message = "a number below 922 trillion with at most four decimals";
            problems.push(problem(&join(path, "value"), "condition.operand", message));
        }
    }

    /// Of no value no comparison holds, only its negation.
    pub(super) fn holds(&self, result: Option<(i128, i128)>) -> bool {
        let (Some((numerator, denominator)), Some(value)) =
            (result, number::ten_thousandths(&Value::Number(self.value.clone())))
        else {
            return self.op == Op::Ne;
        };
        let order = numerator.cmp(&(i128::from(value) * denominator));
        match self.op {
            Op::Ne => order != Ordering::Equal,
            Op::Gt => order == Ordering::Greater,
            Op::Gte => order != Ordering::Less,
            Op::Lt => order == Ordering::Less,
            Op::Lte => order != Ordering::Greater,
            _ => order == Ordering::Equal,
        }
    }
}

/// 3.0 is 3, so that equal conditions have one text.
fn whole(value: &Number) -> Number {
    match number::exactly(value) {
        Some(exact) if exact % number::TEN_THOUSANDTHS == 0 => Number::from(exact / number::TEN_THOUSANDTHS),
        _ => value.clone(),
    }
}

/// Something that counts from an instant on, and up to another.
pub(super) struct Point {
    pub from: Timestamp,
    pub to: Timestamp,
    pub brings: Brings,
}

/// What a thing brings to the measure.
pub(super) enum Brings {
    Itself,
    /// In ten-thousandths.
    Numbers(Vec<i64>),
    Values(Vec<String>),
}

impl Brings {
    /// What the values at a property bring to a measure.
    pub(super) fn of(measure: &Measure, values: &[&Value]) -> Brings {
        let each = || {
            values.iter().flat_map(|value| match value {
                Value::Array(elements) => elements.as_slice(),
                value => std::slice::from_ref(*value),
            })
        };
        match measure {
            Measure::Count => Brings::Itself,
            Measure::Distinct(_) => Brings::Values(each().filter_map(name_of).collect()),
            _ => Brings::Numbers(each().filter_map(number::ten_thousandths).collect()),
        }
    }

    /// What an event brings. Of the property whose number the store keeps beside an event a list is no number.
    pub(super) fn of_event(measure: &Measure, event: &str, properties: &Value) -> Brings {
        match measure {
            Measure::Count | Measure::Distinct(_) => {}
            measure if measure.property() == Some(crate::event::measure_of(event)) => {
                let amount = properties.as_object().and_then(|all| crate::event::amount_of(event, all));
                return Brings::Numbers(amount.into_iter().collect());
            }
            _ => {}
        }
        let values = measure.property().map_or(Vec::new(), |property| values_at(properties, property));
        Brings::of(measure, &values)
    }
}

/// By what two values are told apart: their text.
fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(nfc(text).into_owned()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(whole(number).to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What counts at an instant, moving on from there.
pub(super) struct Tally<'a> {
    check: &'a Check,
    points: Vec<Point>,
    /// Comings and goings after now, and where the next one is. Sorted when they are first asked for.
    marks: Option<Vec<(Timestamp, bool, usize)>>,
    next: usize,
    count: i128,
    sum: i128,
    numbers: BTreeMap<i64, u32>,
    values: BTreeMap<String, u32>,
    now: Timestamp,
}

impl<'a> Tally<'a> {
    pub(super) fn of(check: &'a Check, points: Vec<Point>, now: Timestamp) -> Tally<'a> {
        let mut tally = Tally {
            check,
            points: Vec::new(),
            marks: None,
            next: 0,
            count: 0,
            sum: 0,
            numbers: BTreeMap::new(),
            values: BTreeMap::new(),
            now,
        };
        for point in &points {
            if point.from <= now && now < point.to {
                tally.turn(&point.brings, true);
            }
        }
        tally.points = points;
        tally
    }

    fn turn(&mut self, brings: &Brings, comes: bool) {
        fn keep<K: Ord + Clone>(held: &mut BTreeMap<K, u32>, key: &K, comes: bool) {
            if comes {
                *held.entry(key.clone()).or_default() += 1;
            } else if let Some(count) = held.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    held.remove(key);
                }
            }
        }
        let sign = if comes { 1 } else { -1 };
        match brings {
            Brings::Itself => self.count += sign,
            Brings::Numbers(numbers) => {
                for number in numbers {
                    self.count += sign;
                    self.sum += sign * i128::from(*number);
                    if matches!(self.check.measure, Measure::Min(_) | Measure::Max(_)) {
                        keep(&mut self.numbers, number, comes);
                    }
                }
            }
            Brings::Values(values) => values.iter().for_each(|value| keep(&mut self.values, value, comes)),
        }
    }

    /// The measure in ten-thousandths as a fraction; `None` for the average or an extreme of nothing.
    fn result(&self) -> Option<(i128, i128)> {
        let scale = i128::from(number::TEN_THOUSANDTHS);
        match self.check.measure {
            Measure::Count => Some((self.count * scale, 1)),
            Measure::Distinct(_) => Some((self.values.len() as i128 * scale, 1)),
            Measure::Sum(_) => Some((self.sum, 1)),
            Measure::Average(_) => (self.count > 0).then_some((self.sum, self.count)),
            Measure::Min(_) => self.numbers.keys().next().map(|least| (i128::from(*least), 1)),
            Measure::Max(_) => self.numbers.keys().next_back().map(|most| (i128::from(*most), 1)),
        }
    }

    /// The verdict at the instant reached, told to the trace as one comparison.
    pub(super) fn test(&self, what: &str, trace: &mut Trace) -> bool {
        let result = self.result();
        let holds = self.check.holds(result);
        if trace.is_some() {
            let actual =
                result.map_or(Value::Null, |(numerator, denominator)| number::shown(numerator, denominator));
            let what = format!("{what} {}", self.check.measure.told());
            note(trace, &what, self.check.op.name(), &Value::Number(self.check.value.clone()), actual, holds);
        }
        holds
    }

    fn look(&mut self, at: Timestamp) -> Step {
        let points = std::mem::take(&mut self.points);
        let marks = self.marks.take().unwrap_or_else(|| {
            let mut marks = Vec::with_capacity(points.len());
            for (i, point) in points.iter().enumerate() {
                if point.from < point.to && point.to > self.now {
                    if point.from > self.now {
                        marks.push((point.from, true, i));
                    }
                    if point.to < Timestamp::MAX {
                        marks.push((point.to, false, i));
                    }
                }
            }
            marks.sort_unstable();
            marks
        });
        while let Some((_, comes, i)) = marks.get(self.next).filter(|mark| mark.0 <= at) {
            self.turn(&points[*i].brings, *comes);
            self.next += 1;
        }
        let step =
            Step { holds: self.check.holds(self.result()), until: marks.get(self.next).map(|mark| mark.0) };
        self.points = points;
        self.marks = Some(marks);
        step
    }

    pub(super) fn course(mut self) -> Course<'a> {
        // Every point comes once and goes once.
        let looks_max = 2 * self.points.len();
        Course::of(self.now, looks_max, move |at| self.look(at))
    }
}

/// The keys that a leaf with a measure has besides its own.
pub(super) fn known_keys<'a>(own: &[&'a str]) -> Vec<&'a str> {
    [own, &["measure", "op", "value"]].concat()
}

/// As [`keyed_map`] with the keys of a measure.
pub(super) fn measured_map<'a>(
    value: &'a Value,
    path: &str,
    own: &[&str],
) -> Result<&'a Map<String, Value>, Problem> {
    keyed_map(value, path, &known_keys(own))
}
