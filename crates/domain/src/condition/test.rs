//! One value against one operand, now and from now on.

use super::compare::Moment;
use super::course::{Step, earlier};
use super::did::moment_of;
use super::{Context, Op, Operand, Test, Trace, dates, look_up_at, note};
use crate::local_time::parse_duration;
use kit::Timestamp;
use serde_json::Value;

impl Test {
    pub fn new(op: Op, operand: Option<Operand>) -> Test {
        Test { op, operand, calendar: dates::Calendar::Solar }
    }

    /// What is compared with at an instant, and up to when that stays.
    fn operand_at(&self, context: &Context<'_>, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        match &self.operand {
            None => (None, None),
            Some(Operand::Literal(value)) => (Some(value.clone()), None),
            Some(Operand::From(reference)) => match reference.strip_prefix("profile.") {
                Some(path) => look_up_at(context.facts, path, at),
                None => (context.resolve(reference), None),
            },
        }
    }

    /// The length of a relative operator's operand, when it stands in the condition.
    pub(super) fn span_ms(&self) -> Option<i64> {
        match &self.operand {
            Some(Operand::Literal(value)) => parse_duration(value.as_str()?).ok(),
            _ => None,
        }
    }

    pub(super) fn holds(
        &self,
        values: &[&Value],
        what: &str,
        context: &Context<'_>,
        trace: &mut Trace,
    ) -> bool {
        let holds = self.step(values, context, context.now).holds;
        if trace.is_some() {
            let actual = match values {
                [] => Value::Null,
                [one] => (*one).clone(),
                many => Value::Array(many.iter().take(5).map(|value| (*value).clone()).collect()),
            };
            self.tell(what, actual, holds, context, trace);
        }
        holds
    }

    fn tell(&self, what: &str, actual: Value, holds: bool, context: &Context<'_>, trace: &mut Trace) {
        let operand = self.operand_at(context, context.now).0.unwrap_or(Value::Null);
        note(trace, what, self.op.name(), &operand, actual, holds);
    }

    /// The verdict on values at an instant from now on.
    pub(super) fn step(&self, values: &[&Value], context: &Context<'_>, at: Timestamp) -> Step {
        let zone = context.facts.time_zone();
        if let (Some(Operand::Literal(operand)), false) = (&self.operand, self.op.is_relative()) {
            return Step::for_ever(self.op.holds(values, Some(operand), self.calendar, at, zone));
        }
        let (operand, until) = self.operand_at(context, at);
        let step = match &operand {
            // A reference to nothing compares with nothing: no operator but its negation can hold.
            None if self.operand.is_some() => Step::for_ever(self.op.is_negative()),
            Some(operand) if self.op.is_relative() => {
                dates::of_values(self.op, self.calendar, values, operand, at, zone)
            }
            operand => Step::for_ever(self.op.holds(values, operand.as_ref(), self.calendar, at, zone)),
        };
        Step { until: earlier(step.until, until), ..step }
    }

    /// As [`Test::holds`] for an instant of the past.
    pub(super) fn holds_at(
        &self,
        instant: Timestamp,
        what: &str,
        context: &Context<'_>,
        trace: &mut Trace,
    ) -> bool {
        let holds = self.step_at(instant, context, context.now).holds;
        if trace.is_some() {
            let text = jiff::Timestamp::from_millisecond(instant.ms()).map(|at| at.to_string());
            self.tell(what, text.map_or(Value::Null, Value::from), holds, context, trace);
        }
        holds
    }

    /// As [`Test::step`] for an instant of the past.
    pub(super) fn step_at(&self, instant: Timestamp, context: &Context<'_>, at: Timestamp) -> Step {
        let (operand, until) = self.operand_at(context, at);
        let Some(operand) = operand else { return Step { holds: false, until } };
        let zone = context.facts.time_zone();
        let moment: Moment = moment_of(instant, context);
        let step = match self.op {
            op if op.is_relative() => dates::of_moment(op, self.calendar, &moment, &operand, at, zone),
            Op::Before | Op::After | Op::On => Step::for_ever(moment.compares(self.op, &operand, zone)),
            // Validation refuses what compares no instants.
            _ => Step::for_ever(false),
        };
        Step { until: earlier(step.until, until), ..step }
    }
}
