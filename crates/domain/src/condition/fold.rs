//! Leaves that ask of a person no more than how many and how much. Everybody's events or orders are read once, in
//! whatever order, and each is folded into its person's two numbers: nobody's past has to be put together.

use super::measure::Brings;
use super::window::Frame;
use super::{
    Check, Condition, Context, EventView, Measure, Op, Operand, PropertyFilter, TEN_THOUSANDTHS, Window,
    filters_match,
};
use crate::commerce::Order;
use crate::condition::Moment;
use crate::local_time::Zone;
use kit::Timestamp;
use serde_json::Value;

/// What has to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldOf<'a> {
    /// How many events of this name there are.
    Events(&'a str),
    /// The events of this name that carry the number named by [`crate::event::measure_of`], and these numbers.
    Amounts(&'a str),
    /// The events of this name with their properties, for [`Fold::event`].
    Bodies(&'a str),
    /// How many orders count.
    Orders,
    /// The orders that count and are in the shop's currency, and what stays of them.
    Net,
    /// Whole orders, for [`Fold::order`]; only those that hold a product where one is named.
    Documents(Option<&'a str>),
}

/// A leaf that is decided by a count and a sum over `from <= at < to`.
#[derive(Clone, Debug)]
pub struct Fold<'a> {
    pub of: FoldOf<'a>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Whether it may be another for people of other time zones.
    pub is_zoned: bool,
    check: &'a Check,
    leaf: &'a Condition,
}

impl Fold<'_> {
    /// The verdict on somebody with so many, which come to `sum` ten-thousandths.
    pub fn holds(&self, count: i64, sum: i128) -> bool {
        let count = i128::from(count);
        self.check.holds(match self.check.measure {
            Measure::Average(_) => (count > 0).then_some((sum, count)),
            Measure::Sum(_) => Some((sum, 1)),
            _ => Some((count * i128::from(TEN_THOUSANDTHS), 1)),
        })
    }

    /// What an event of the range brings to the count and the sum. Of the context only the zone is looked at.
    pub fn event(&self, at: Timestamp, properties: &Value, context: &Context<'_>) -> Option<(i64, i128)> {
        let Condition::Did(did) = self.leaf else { return None };
        let event = EventView { id: "", name: &did.event, at, properties };
        let passes =
            did.filters.is_empty() || filters_match(&did.filters, &event, &Context { now: at, ..*context });
        passes.then(|| added(&Brings::of_event(&self.check.measure, &did.event, properties)))
    }

    /// What an order of the range brings to the count and the sum. Of the context only the zone and the currency are
    /// looked at.
    pub fn order(&self, order: &Order, context: &Context<'_>) -> Option<(i64, i128)> {
        let Condition::Orders(orders) = self.leaf else { return None };
        orders.filter.means(order, context).then(|| added(&orders.brings(order, context)))
    }
}

fn added(brings: &Brings) -> (i64, i128) {
    match brings {
        Brings::Itself => (1, 0),
        Brings::Numbers(numbers) => (
            i64::try_from(numbers.len()).unwrap_or(i64::MAX),
            numbers.iter().map(|number| i128::from(*number)).sum(),
        ),
        // Measures of values are not folded.
        Brings::Values(_) => (0, 0),
    }
}

impl Condition {
    /// How the verdict of this leaf at `now` is folded, for people of this zone; `None` when it asks for more.
    pub fn fold(&self, now: Timestamp, zone: &Zone) -> Option<Fold<'_>> {
        let (of, window, check, filters) = match self {
            Condition::Did(did) if did.not_followed_by.is_none() => {
                let measure = &did.check.measure;
                let of = if !did.filters.is_empty() {
                    FoldOf::Bodies(&did.event)
                } else if *measure == Measure::Count {
                    FoldOf::Events(&did.event)
                } else if measure.property() == Some(crate::event::measure_of(&did.event)) {
                    FoldOf::Amounts(&did.event)
                } else {
                    FoldOf::Bodies(&did.event)
                };
                (of, &did.window, &did.check, vec![&did.filters])
            }
            Condition::Orders(orders) => {
                let (filter, measure) = (&orders.filter, &orders.check.measure);
                let plain = filter.order.is_empty() && filter.lines.is_empty();
                let of = match measure {
                    Measure::Count if plain => FoldOf::Orders,
                    Measure::Sum(field) | Measure::Average(field) if plain && field == "net" => FoldOf::Net,
                    _ => FoldOf::Documents(filter.lines.iter().find_map(product_named)),
                };
                (of, &orders.window, &orders.check, vec![&filter.order, &filter.lines])
            }
            _ => return None,
        };
        let adds_up = matches!(check.measure, Measure::Count | Measure::Sum(_) | Measure::Average(_));
        let refers = |filter: &PropertyFilter| matches!(filter.test.operand, Some(Operand::From(_)));
        if !adds_up || filters.iter().copied().flatten().any(refers) {
            return None;
        }
        let is_zoned = window.as_ref().is_some_and(window_is_zoned)
            || filters.iter().copied().flatten().any(|filter| op_is_zoned(filter.test.op));
        let (from, to) = range(window.as_ref(), now, zone);
        Some(Fold { of, from, to, is_zoned, check, leaf: self })
    }
}

/// The product without which no line passes, as the store finds it: by its very text.
fn product_named(filter: &PropertyFilter) -> Option<&str> {
    match (&filter.test.operand, filter.test.op) {
        (Some(Operand::Literal(Value::String(id))), Op::Eq)
            if filter.property == "product_id" && id.is_ascii() =>
        {
            Some(id)
        }
        _ => None,
    }
}

/// A date, and a time without an offset, is another instant in every zone.
fn window_is_zoned(window: &Window) -> bool {
    let differs = |text: &Option<String>| {
        let at =
            |text: &String, zone: &Zone| Moment::of(&Value::from(text.as_str()), zone).map(|found| found.at);
        text.as_ref().is_some_and(|text| at(text, &Zone::UTC) != at(text, &Zone::vietnam()))
    };
    match window {
        Window::This(_) => true,
        Window::Between { from, to } => differs(from) || differs(to),
        _ => false,
    }
}

fn op_is_zoned(op: Op) -> bool {
    op.is_relative() || matches!(op, Op::Before | Op::After | Op::On)
}

/// The instants that count at `now`: the first, and the first after them.
fn range(window: Option<&Window>, now: Timestamp, zone: &Zone) -> (Timestamp, Timestamp) {
    let after = now.plus_ms(1);
    match Frame::of(window, zone, now) {
        Frame::Always => (Timestamp::MIN, after),
        Frame::Last(ms) => (after.plus_ms(-ms), after),
        Frame::Ago { from_ms, to_ms } => (after.plus_ms(-from_ms), after.plus_ms(-to_ms)),
        Frame::Between { from, to } => (from, to.min(after)),
        Frame::This { begins, .. } => (begins, after),
    }
}
