//! What a person bought: orders, counted or measured, with filters on them and on their lines.

use super::course::{Course, Step};
use super::did::{Ask, End, pick_course, read_window};
use super::measure::{Brings, Check, Measure, Point, Tally, measured_map};
use super::parse::{filters, keyed_map, problem, read_filters};
use super::validate::check_filters_of_past;
use super::window::{Frame, Window};
use super::{Context, Problem, PropertyFilter, Scope, Trace, Wants, join, note};
use crate::commerce::{CartLine, Order, in_units};
use kit::{Currency, Timestamp};
use serde_json::{Map, Value, json};

/// What filters and measures know of an order. Amounts are in the unit of its currency.
pub const ORDER_FIELDS: [&str; 15] = [
    "source",
    "order_id",
    "status",
    "currency",
    "coupon",
    "net",
    "gross",
    "refunded",
    "total",
    "subtotal",
    "discount",
    "shipping",
    "tax",
    "cost",
    "item_count",
];
/// What filters and measures know of a line of an order.
pub const LINE_FIELDS: [&str; 9] =
    ["product_id", "variant", "sku", "name", "category", "brand", "price", "quantity", "line_total"];

const MONEY: [&str; 11] = [
    "net",
    "gross",
    "refunded",
    "total",
    "subtotal",
    "discount",
    "shipping",
    "tax",
    "cost",
    "price",
    "line_total",
];

/// Which orders are meant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderFilter {
    /// On fields of the order; without one on `status`, orders that are cancelled or wholly given back do not
    /// count.
    pub order: Vec<PropertyFilter>,
    /// An order is meant when one of its lines passes all of them.
    pub lines: Vec<PropertyFilter>,
}

fn order_field(order: &Order, field: &str) -> Option<Value> {
    let contents = &order.contents;
    let money = |minor: i64| in_units(minor, currency_of(order));
    Some(match field {
        "source" => json!(order.source),
        "order_id" => json!(order.order_id),
        "status" => json!(order.status()),
        "currency" => json!(order.currency),
        "coupon" => json!(contents.coupon.as_ref()?),
        "net" => money(order.net()),
        "gross" => money(order.gross()),
        "refunded" => money(order.refunded()),
        "total" => money(contents.total?),
        "subtotal" => money(contents.subtotal?),
        "discount" => money(contents.discount?),
        "shipping" => money(contents.shipping?),
        "tax" => money(contents.tax?),
        "cost" => money(contents.cost?),
        "item_count" => json!(contents.lines.len()),
        _ => return None,
    })
}

fn line_field(line: &CartLine, field: &str, currency: Currency) -> Option<Value> {
    Some(match field {
        "product_id" => json!(line.product_id),
        "variant" => json!(line.variant.as_ref()?),
        "sku" => json!(line.sku.as_ref()?),
        "name" => json!(line.name.as_ref()?),
        "category" => json!(line.category.as_ref()?),
        "brand" => json!(line.brand.as_ref()?),
        "price" => in_units(line.price, currency),
        "quantity" => json!(line.quantity),
        "line_total" => in_units(line.total(), currency),
        _ => return None,
    })
}

/// What an order has at a field of its own or of its lines, as filters see it.
pub fn values_of_order(order: &Order, field: &str) -> Vec<Value> {
    if ORDER_FIELDS.contains(&field) {
        return order_field(order, field).into_iter().collect();
    }
    let currency = currency_of(order);
    order.contents.lines.iter().filter_map(|line| line_field(line, field, currency)).collect()
}

fn currency_of(order: &Order) -> Currency {
    order.currency.parse().unwrap_or(Currency::VND)
}

/// Whether fields pass filters, as of an instant.
fn passes(
    filters: &[PropertyFilter],
    at: Timestamp,
    context: &Context<'_>,
    field: impl Fn(&str) -> Option<Value>,
) -> bool {
    filters.iter().all(|filter| {
        let value = field(&filter.property);
        let values: Vec<&Value> = value.iter().collect();
        filter.test.holds(&values, "", &Context { now: at, ..*context }, &mut None)
    })
}

impl OrderFilter {
    const KEYS: [&'static str; 2] = ["where", "lines"];

    fn read(object: &Map<String, Value>, path: &str) -> Result<OrderFilter, Problem> {
        let lines = match object.get("lines") {
            None => Vec::new(),
            Some(list) => read_filters(list, &join(path, "lines"))?,
        };
        Ok(OrderFilter { order: filters(object, path)?, lines })
    }

    fn write(&self, object: &mut Map<String, Value>) {
        for (key, list) in [("where", &self.order), ("lines", &self.lines)] {
            if !list.is_empty() {
                object.insert(key.into(), json!(list));
            }
        }
    }

    fn check(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        check_filters_of_past(&self.order, scope, path, problems);
        for (key, list, fields) in
            [("where", &self.order, &ORDER_FIELDS[..]), ("lines", &self.lines, &LINE_FIELDS[..])]
        {
            let path = join(path, key);
            for (i, filter) in list.iter().enumerate() {
                check_field(&filter.property, fields, &join(&join(&path, i), "property"), problems);
            }
        }
        super::validate::check_filter_list(&self.lines, scope, &join(path, "lines"), problems);
    }

    fn names(&self, field: &str) -> bool {
        self.order.iter().any(|filter| filter.property == field)
    }

    pub(super) fn means(&self, order: &Order, context: &Context<'_>) -> bool {
        (order.counts() || self.names("status"))
            && passes(&self.order, order.placed_at.0, context, |field| order_field(order, field))
            && (self.lines.is_empty() || self.lines_of(order, context).next().is_some())
    }

    /// The lines that pass; all of them where nothing is asked of lines.
    fn lines_of<'o>(
        &'o self,
        order: &'o Order,
        context: &'o Context<'_>,
    ) -> impl Iterator<Item = &'o CartLine> {
        let currency = currency_of(order);
        order.contents.lines.iter().filter(move |line| {
            passes(&self.lines, order.placed_at.0, context, |field| line_field(line, field, currency))
        })
    }

    fn wants(&self, wants: &mut Wants) {
        wants.orders = true;
        // A shop may tell of an order before the instant that it names for its placing.
        wants.time = true;
        wants.references(&self.order);
        wants.references(&self.lines);
    }
}

fn check_field(field: &str, known: &[&str], path: &str, problems: &mut Vec<Problem>) {
    if !known.contains(&field) {
        let message = format!("there is no \"{field}\" here; known: {}", known.join(", "));
        problems.push(problem(path, "condition.field", message));
    }
}

/// Orders that pass filters, in a window, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Orders {
    pub filter: OrderFilter,
    pub window: Option<Window>,
    /// On a field of orders, or of the lines that pass.
    pub check: Check,
}

impl Orders {
    pub(super) fn read(value: &Value, path: &str) -> Result<Orders, Problem> {
        let object = measured_map(value, path, &["where", "lines", "window"])?;
        Ok(Orders {
            filter: OrderFilter::read(object, path)?,
            window: read_window(object, path)?,
            check: Check::read(object, path)?,
        })
    }

    pub(super) fn json(&self) -> Value {
        let mut object = Map::new();
        self.filter.write(&mut object);
        self.window.iter().for_each(|window| drop(object.insert("window".into(), window.json())));
        self.check.write(&mut object);
        Value::Object(object)
    }

    pub(super) fn check(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        self.filter.check(scope, path, problems);
        self.window.iter().for_each(|window| window.check(&join(path, "window"), problems));
        self.check.check(path, problems);
        if let Some(field) = self.check.measure.property() {
            let known = [&ORDER_FIELDS[..], &LINE_FIELDS[..]].concat();
            check_field(field, &known, &join(path, "measure"), problems);
        }
    }

    pub(super) fn brings(&self, order: &Order, context: &Context<'_>) -> Brings {
        let measure = &self.check.measure;
        let Some(field) = measure.property() else { return Brings::Itself };
        // Money of another currency is not added to a sum of this one, unless that currency is asked for.
        let adds_up = matches!(measure, Measure::Distinct(_))
            || !MONEY.contains(&field)
            || self.filter.names("currency")
            || order.currency == context.facts.currency().code();
        if !adds_up {
            return Brings::of(measure, &[]);
        }
        let values: Vec<Value> = if LINE_FIELDS.contains(&field) {
            let currency = currency_of(order);
            self.filter
                .lines_of(order, context)
                .filter_map(|line| line_field(line, field, currency))
                .collect()
        } else {
            order_field(order, field).into_iter().collect()
        };
        Brings::of(measure, &values.iter().collect::<Vec<_>>())
    }

    fn tally(&self, context: &Context<'_>) -> Tally<'_> {
        let frame = Frame::of(self.window.as_ref(), context.facts.time_zone(), context.now);
        let mut points = Vec::new();
        for order in &context.facts.past().orders {
            let Some((from, to)) = frame.counts(order.placed_at.0) else { continue };
            if from < to && to > context.now && self.filter.means(order, context) {
                points.push(Point { from, to, brings: self.brings(order, context) });
            }
        }
        Tally::of(&self.check, points, context.now)
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        self.tally(context).test("orders", trace)
    }

    pub(super) fn course(&self, context: &Context<'_>) -> Course<'_> {
        self.tally(context).course()
    }

    pub(super) fn wants(&self, wants: &mut Wants) {
        self.filter.wants(wants);
    }
}

/// The first or the last order that passes filters.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderPick {
    pub end: End,
    pub filter: OrderFilter,
    /// Of a field of the order.
    pub ask: Ask,
}

impl OrderPick {
    pub(super) fn read(end: End, value: &Value, path: &str) -> Result<OrderPick, Problem> {
        let object = keyed_map(value, path, &[&OrderFilter::KEYS[..], &Ask::KEYS[..]].concat())?;
        Ok(OrderPick { end, filter: OrderFilter::read(object, path)?, ask: Ask::read(object, path)? })
    }

    pub(super) const fn key(&self) -> &'static str {
        match self.end {
            End::First => "first_order",
            End::Last => "last_order",
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut object = Map::new();
        self.filter.write(&mut object);
        self.ask.write(&mut object);
        Value::Object(object)
    }

    pub(super) fn check(&self, scope: Scope, path: &str, problems: &mut Vec<Problem>) {
        self.filter.check(scope, path, problems);
        self.ask.check(scope, path, problems);
        if let Ask::Property { property, .. } = &self.ask {
            check_field(property, &ORDER_FIELDS, &join(path, "property"), problems);
        }
    }

    fn orders<'c>(&self, context: &Context<'c>) -> Vec<&'c Order> {
        let mut found: Vec<&Order> =
            context.facts.past().orders.iter().filter(|order| self.filter.means(order, context)).collect();
        found.sort_by(|a, b| {
            (a.placed_at, &a.source, &a.order_id).cmp(&(b.placed_at, &b.source, &b.order_id))
        });
        found
    }

    pub(super) fn test(&self, context: &Context<'_>, trace: &mut Trace) -> bool {
        let orders = self.orders(context);
        let there = orders.partition_point(|order| order.placed_at.0 <= context.now);
        let picked = match self.end {
            End::First => orders[..there].first(),
            End::Last => orders[..there].last(),
        };
        let what = format!("{} {}", self.key(), self.ask.told());
        let Some(order) = picked else {
            note(trace, &what, "exists", &Value::Null, Value::Null, false);
            return false;
        };
        match &self.ask {
            Ask::At(test) => test.holds_at(order.placed_at.0, &what, context, trace),
            Ask::Property { property, test } => {
                let value = order_field(order, property);
                test.holds(&value.iter().collect::<Vec<_>>(), &what, context, trace)
            }
        }
    }

    pub(super) fn course<'a>(&'a self, context: &Context<'a>) -> Course<'a> {
        let orders = self.orders(context);
        let ats = orders.iter().map(|order| order.placed_at.0).collect();
        let (Ask::At(test) | Ask::Property { test, .. }) = &self.ask;
        let context = *context;
        pick_course(self.end, ats, test, context.now, move |picked, at| {
            let Some(order) = picked.and_then(|picked| orders.get(picked)) else {
                return Step::for_ever(false);
            };
            match &self.ask {
                Ask::At(test) => test.step_at(order.placed_at.0, &context, at),
                Ask::Property { property, test } => {
                    let value = order_field(order, property);
                    test.step(&value.iter().collect::<Vec<_>>(), &context, at)
                }
            }
        })
    }

    pub(super) fn wants(&self, wants: &mut Wants) {
        self.filter.wants(wants);
        self.ask.wants(wants);
    }
}
