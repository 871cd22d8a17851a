//! Leaves that ask of a person no more than how many and how much: an index over everybody's events tells that, and
//! nobody's past has to be loaded.

use super::compare::Moment;
use super::{Check, Condition, Measure, TEN_THOUSANDTHS, Window};
use crate::local_time::Zone;
use kit::Timestamp;
use serde_json::Value;

/// What is counted and added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldOf<'a> {
    /// Events of this name.
    Events(&'a str),
    /// Events of this name that carry the number named by [`crate::event::measure_of`], and these numbers.
    Amounts(&'a str),
    /// Orders that count.
    Orders,
    /// Orders that count and are in the shop's currency, and what stays of them.
    Net,
}

/// A leaf that is decided by a count and a sum over `from <= at < to`, for everybody alike.
#[derive(Clone, Debug)]
pub struct Fold<'a> {
    pub of: FoldOf<'a>,
    pub from: Timestamp,
    pub to: Timestamp,
    check: &'a Check,
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
}

impl Condition {
    /// How the verdict of this leaf at `now` is folded; `None` when it asks for more, or for something that differs
    /// from one time zone to another.
    pub fn fold(&self, now: Timestamp) -> Option<Fold<'_>> {
        let (of, window, check) = match self {
            Condition::Did(did) if did.filters.is_empty() && did.not_followed_by.is_none() => {
                let of = match &did.check.measure {
                    Measure::Count => FoldOf::Events(&did.event),
                    Measure::Sum(property) | Measure::Average(property)
                        if property == crate::event::measure_of(&did.event) =>
                    {
                        FoldOf::Amounts(&did.event)
                    }
                    _ => return None,
                };
                (of, &did.window, &did.check)
            }
            Condition::Orders(orders) if orders.filter.order.is_empty() && orders.filter.lines.is_empty() => {
                let of = match &orders.check.measure {
                    Measure::Count => FoldOf::Orders,
                    Measure::Sum(field) | Measure::Average(field) if field == "net" => FoldOf::Net,
                    _ => return None,
                };
                (of, &orders.window, &orders.check)
            }
            _ => return None,
        };
        let (from, to) = range(window.as_ref(), now)?;
        Some(Fold { of, from, to, check })
    }
}

/// The instants that count at `now`: the first, and the first after them.
fn range(window: Option<&Window>, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let after = now.plus_ms(1);
    Some(match window {
        None => (Timestamp::MIN, after),
        Some(Window::Last(span)) => (after.plus_ms(-span.ms()), after),
        Some(Window::Ago { from, to }) => (after.plus_ms(-from.ms()), after.plus_ms(-to.ms())),
        Some(Window::Between { from, to }) => {
            // A date begins and ends at another instant in every zone.
            let instant = |text: &Option<String>, open: Timestamp| match text {
                None => Some(open),
                Some(text) => Moment::of(&Value::from(text.as_str()), &Zone::UTC)
                    .filter(|moment| !moment.is_date_only)
                    .map(|moment| moment.at),
            };
            (instant(from, Timestamp::MIN)?, instant(to, after)?.min(after))
        }
        Some(Window::This(_)) => return None,
    })
}
