//! Random conditions on random pasts against a second evaluator, which knows nothing of the first: it reads the JSON
//! and goes over everything at each instant.

use super::Shop;
use crate::commerce::{CartLine, Contents, Order, OrderPatch};
use crate::condition::*;
use crate::local_time::{Zone, local_date, parse_duration, parse_instant};
use crate::lunar;
use crate::profile::Ms;
use jiff::ToSpan;
use jiff::civil::Date;
use kit::{DAY_MS, HOUR_MS};
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONES: [&str; 4] = ["Asia/Ho_Chi_Minh", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe"];

/// Near the days on which the clocks of the zones change.
fn base() -> i64 {
    parse_instant("2026-03-20T12:00:00Z", &Zone::UTC).unwrap().ms()
}

fn instant(hours: i64) -> Timestamp {
    Timestamp::from_ms(base() + hours * HOUR_MS)
}

fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.ms()).unwrap().to_string()
}

fn compare(op: &str, actual: Option<f64>, value: f64) -> bool {
    let Some(actual) = actual else { return op == "ne" };
    match op {
        "eq" => actual == value,
        "ne" => actual != value,
        "gt" => actual > value,
        "gte" => actual >= value,
        "lt" => actual < value,
        _ => actual <= value,
    }
}

fn span(value: &Value) -> i64 {
    parse_duration(value.as_str().unwrap()).unwrap()
}

/// The period of a date, by its name.
fn period(name: &str, date: Date) -> (i16, i32) {
    match name {
        "day" => (date.year(), i32::from(date.day_of_year())),
        "week" => {
            let week = date.iso_week_date();
            (week.year(), i32::from(week.week()))
        }
        "month" => (date.year(), i32::from(date.month())),
        "quarter" => (date.year(), (i32::from(date.month()) + 2) / 3),
        _ => (date.year(), 0),
    }
}

fn in_window(window: Option<&Value>, at: Timestamp, now: Timestamp, zone: &Zone) -> bool {
    let Some(window) = window else { return at <= now };
    let (at_ms, now_ms) = (at.ms(), now.ms());
    if let Some(last) = window.get("last") {
        return now_ms - span(last) < at_ms && at_ms <= now_ms;
    }
    if let Some(from) = window.get("from_ago") {
        return now_ms - span(from) < at_ms && at_ms <= now_ms - span(&window["to_ago"]);
    }
    if let Some(this) = window.get("this").and_then(Value::as_str) {
        return at <= now && period(this, local_date(at, zone)) == period(this, local_date(now, zone));
    }
    let from_fits = window
        .get("from")
        .is_none_or(|from| local_date(at, zone).to_string().as_str() >= from.as_str().unwrap());
    let to_fits =
        window.get("to").is_none_or(|to| local_date(at, zone).to_string().as_str() <= to.as_str().unwrap());
    at <= now && from_fits && to_fits
}

fn measured(leaf: &Value, things: &[Vec<Value>]) -> bool {
    let op = leaf.get("op").and_then(Value::as_str).unwrap_or("gte");
    let value = leaf.get("value").and_then(Value::as_f64).unwrap_or(1.0);
    let Some(measure) = leaf.get("measure").filter(|measure| measure.is_object()) else {
        return compare(op, Some(things.len() as f64), value);
    };
    let kind = measure.as_object().unwrap().keys().next().unwrap().as_str();
    let values: Vec<&Value> = things.iter().flatten().collect();
    // The numbers of these tests have at most two decimals and are small: floats add them up exactly as hundredths.
    let number = |value: &&Value| match value {
        Value::Number(number) => number.as_f64().map(|value| (value * 100.0).round()),
        Value::String(text) => text.parse::<f64>().ok().map(|value| (value * 100.0).round()),
        _ => None,
    };
    let numbers: Vec<f64> = values.iter().filter_map(number).collect();
    let sum: f64 = numbers.iter().sum();
    match kind {
        "sum" => compare(op, Some(sum), value * 100.0),
        "average" if numbers.is_empty() => compare(op, None, value),
        "average" => compare(op, Some(sum), value * 100.0 * numbers.len() as f64),
        "min" => compare(op, numbers.iter().copied().reduce(f64::min), value * 100.0),
        "max" => compare(op, numbers.iter().copied().reduce(f64::max), value * 100.0),
        _ => {
            let mut texts: Vec<String> = values
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect();
            texts.sort();
            texts.dedup();
            compare(op, Some(texts.len() as f64), value)
        }
    }
}

fn filters_pass(filters: Option<&Value>, field: impl Fn(&str) -> Option<Value>) -> bool {
    let list = filters.and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().all(|filter| {
        let value = field(filter["property"].as_str().unwrap());
        match filter["op"].as_str().unwrap() {
            "exists" => value.is_some(),
            "eq" => value.is_some_and(|value| value == filter["value"]),
            "ne" => value.is_none_or(|value| value != filter["value"]),
            "gte" => value.is_some_and(|value| value.as_f64() >= filter["value"].as_f64()),
            other => panic!("{other}"),
        }
    })
}

fn named(shop: &Shop, leaf: &Value) -> Vec<PastEvent> {
    let mut events = shop.past.events.get(leaf["event"].as_str().unwrap()).cloned().unwrap_or_default();
    events.retain(|event| filters_pass(leaf.get("where"), |name| event.properties.get(name).cloned()));
    events.sort_by_key(|event| (event.at, event.no));
    events
}

/// Of an instant, by a relative operator.
fn relates(test: &Value, at: Timestamp, now: Timestamp, zone: &Zone) -> bool {
    let op = test["op"].as_str().unwrap();
    let (at_ms, now_ms) = (at.ms(), now.ms());
    match op {
        "within_last" => now_ms - span(&test["value"]) < at_ms && at_ms <= now_ms,
        "within_next" => now_ms <= at_ms && at_ms < now_ms + span(&test["value"]),
        "older_than" => at_ms <= now_ms - span(&test["value"]),
        "further_than" => at_ms >= now_ms + span(&test["value"]),
        "before" => local_date(at, zone).to_string().as_str() < test["value"].as_str().unwrap(),
        "after" => local_date(at, zone).to_string().as_str() > test["value"].as_str().unwrap(),
        "on" => local_date(at, zone).to_string().as_str() == test["value"].as_str().unwrap(),
        _ => comes_round(test, local_date(at, zone), local_date(now, zone)),
    }
}

fn comes_round(test: &Value, born: Date, today: Date) -> bool {
    let days = span(&test["value"]) / DAY_MS;
    let is_anniversary = |date: Date| {
        if test.get("calendar").is_some_and(|calendar| calendar == "lunar") {
            let (origin, day) = (lunar::of_solar(born), lunar::of_solar(date));
            let next = lunar::of_solar(date.tomorrow().unwrap());
            let is_day = day.day == origin.day || (origin.day == 30 && day.day == 29 && next.day == 1);
            return day.year > origin.year && !day.is_leap && day.month == origin.month && is_day;
        }
        let is_day = (date.month(), date.day()) == (born.month(), born.day())
            || ((born.month(), born.day()) == (2, 29)
                && !date.in_leap_year()
                && (date.month(), date.day()) == (2, 28));
        date.year() > born.year() && is_day
    };
    let mut offsets = if test["op"] == "anniversary_within" { 0..=days } else { -days..=-1 };
    offsets.any(|offset| is_anniversary(today.checked_add(offset.days()).unwrap()))
}

fn order_field(order: &Order, name: &str) -> Option<Value> {
    match name {
        "source" => Some(json!(order.source)),
        "status" => Some(json!(order.status())),
        "currency" => Some(json!(order.currency)),
        "net" if order.currency == "USD" => Some(json!(order.net() as f64 / 100.0)),
        "net" => Some(json!(order.net())),
        _ => None,
    }
}

fn line_field(line: &CartLine, name: &str) -> Option<Value> {
    match name {
        "sku" => line.sku.as_ref().map(|sku| json!(sku)),
        "quantity" => Some(json!(line.quantity)),
        _ => None,
    }
}

fn orders_of(shop: &Shop, leaf: &Value) -> Vec<Order> {
    let asks = |name: &str| {
        leaf.get("where")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|one| one["property"] == name))
    };
    let mut orders = shop.past.orders.clone();
    orders.retain(|order| {
        (order.status() != "cancelled" || asks("status"))
            && filters_pass(leaf.get("where"), |name| order_field(order, name))
            && (leaf.get("lines").is_none()
                || order
                    .contents
                    .lines
                    .iter()
                    .any(|line| filters_pass(leaf.get("lines"), |name| line_field(line, name))))
    });
    orders.sort_by(|a, b| (a.placed_at, &a.order_id).cmp(&(b.placed_at, &b.order_id)));
    orders
}

/// The second evaluator.
fn holds(condition: &Value, shop: &Shop, now: Timestamp) -> bool {
    let (key, leaf) = condition
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, _)| !["op", "value", "calendar"].contains(&key.as_str()))
        .unwrap();
    let parts = || leaf.as_array().unwrap().iter().map(|part| holds(part, shop, now));
    let zone = &shop.zone;
    let window = leaf.get("window");
    match key.as_str() {
        "all" => parts().all(|holds| holds),
        "any" => parts().any(|holds| holds),
        "none" => !parts().any(|holds| holds),
        "tag" => leaf == "vip",
        "attribute" => {
            let text = shop.values[leaf.as_str().unwrap()].as_str().unwrap();
            if condition["op"].as_str().unwrap().starts_with("anniversary") {
                return comes_round(
                    condition,
                    crate::local_time::parse_date_in(text, zone).unwrap(),
                    local_date(now, zone),
                );
            }
            relates(condition, parse_instant(text, zone).unwrap(), now, zone)
        }
        "did" => {
            let property = leaf
                .get("measure")
                .and_then(Value::as_object)
                .map(|measure| measure.values().next().unwrap());
            let mut things = Vec::new();
            for event in named(shop, leaf) {
                if !in_window(window, event.at, now, zone) {
                    continue;
                }
                if let Some(followed) = leaf.get("not_followed_by") {
                    let end = event.at.plus_ms(span(&followed["within"]));
                    let follows = |other: &PastEvent| {
                        (other.at, other.no) > (event.at, event.no) && other.at <= end && other.at <= now
                    };
                    if now < end || named(shop, followed).iter().any(follows) {
                        continue;
                    }
                }
                let value =
                    property.and_then(|property| event.properties.get(property.as_str().unwrap()).cloned());
                things.push(match value {
                    // A list is no number of its own, but each of its elements is a value.
                    Some(Value::Array(list)) if property.is_some_and(|name| name != "value") => list,
                    Some(Value::Array(_)) | None => vec![],
                    Some(value) => vec![value],
                });
            }
            measured(leaf, &things)
        }
        "first" | "last" => {
            let events: Vec<PastEvent> =
                named(shop, leaf).into_iter().filter(|event| event.at <= now).collect();
            let picked = if key == "first" { events.first() } else { events.last() };
            picked.is_some_and(|event| match leaf.get("at") {
                Some(test) => relates(test, event.at, now, zone),
                None => event.properties.get(leaf["property"].as_str().unwrap()) == leaf.get("value"),
            })
        }
        "orders" => {
            let field = leaf
                .get("measure")
                .and_then(Value::as_object)
                .map(|measure| measure.values().next().unwrap().as_str().unwrap());
            let mut things = Vec::new();
            for order in orders_of(shop, leaf) {
                if !in_window(window, order.placed_at.0, now, zone) {
                    continue;
                }
                let asks_currency =
                    leaf.get("where").is_some_and(|list| list.to_string().contains("\"currency\""));
                things.push(match field {
                    Some("net") if order.currency == "VND" || asks_currency => {
                        vec![order_field(&order, "net").unwrap()]
                    }
                    Some(line @ ("sku" | "quantity")) => order
                        .contents
                        .lines
                        .iter()
                        .filter(|one| filters_pass(leaf.get("lines"), |name| line_field(one, name)))
                        .filter_map(|one| line_field(one, line))
                        .collect(),
                    _ => vec![],
                });
            }
            measured(leaf, &things)
        }
        "first_order" | "last_order" => {
            let orders: Vec<Order> =
                orders_of(shop, leaf).into_iter().filter(|order| order.placed_at.0 <= now).collect();
            let picked = if key == "first_order" { orders.first() } else { orders.last() };
            picked.is_some_and(|order| relates(&leaf["at"], order.placed_at.0, now, zone))
        }
        "message" => {
            let when = |message: &PastMessage| match leaf["did"].as_str().unwrap() {
                "sent" => message.accepted_at,
                "opened" => message.opened_at,
                "clicked" => message.clicked_at,
                "unsubscribed" => message.unsubscribed_at,
                _ if message.state == "refused" => Some(message.decided_at),
                _ => None,
            };
            let of_channel = |message: &&PastMessage| {
                leaf.get("channel").is_none_or(|channel| *channel == message.channel)
            };
            let count = shop.past.messages.iter().filter(of_channel).filter_map(when);
            let count = count.filter(|at| in_window(window, *at, now, zone)).map(|_| vec![]);
            measured(leaf, &count.collect::<Vec<_>>())
        }
        "journey" => shop.past.runs.iter().any(|run| {
            let state = leaf.get("state").and_then(Value::as_str).unwrap_or("any");
            let at = if ["any", "active"].contains(&state) { Some(run.started_at) } else { run.ended_at };
            (state == "any" || state == run.state) && in_window(window, at.unwrap(), now, zone)
        }),
        other => panic!("{other}"),
    }
}

fn hours() -> impl Strategy<Value = i64> {
    // Many of them a whole day apart, so that ends of windows fall on events.
    prop_oneof![(-60i64..12).prop_map(|days| days * 24), -1_500i64..300]
}

fn shop() -> impl Strategy<Value = Shop> {
    let property = prop_oneof![
        Just(json!(null)),
        (-5i64..20).prop_map(|n| json!(n)),
        (-500i64..2_000).prop_map(|n| json!(n as f64 / 100.0)),
        (0i64..2_000).prop_map(|n| json!(format!("{}.{:02}", n / 100, n % 100))),
        Just(json!([3, 4])),
    ];
    let event = (0..3usize, hours(), property, prop_oneof![Just("x"), Just("y")]);
    let line = (0..3u8, 1..4i64);
    let order = (hours(), 0..3usize, any::<bool>(), proptest::collection::vec(line, 0..3), 1..9i64);
    let message = (hours(), 0..3usize, proptest::option::of(0..72i64));
    let run = (hours(), 0..3usize, 0..200i64);
    (
        0..ZONES.len(),
        proptest::collection::vec(event, 0..25),
        proptest::collection::vec(order, 0..8),
        proptest::collection::vec(message, 0..6),
        proptest::collection::vec(run, 0..4),
        (hours(), 0..20_000i64),
    )
        .prop_map(|(zone, events, orders, messages, runs, (expires, born))| {
            let born = jiff::civil::date(1960, 1, 1).checked_add(born.days()).unwrap();
            let mut shop = Shop::new(
                json!({ "expires_at": iso(instant(expires).plus_ms(1)), "born": born.to_string() }),
            );
            shop.zone = Zone::named(ZONES[zone]).unwrap();
            for (no, (name, at, value, kind)) in events.into_iter().enumerate() {
                let mut properties = json!({ "kind": kind });
                if !value.is_null() {
                    properties["value"] = value.clone();
                    properties["list"] = value;
                }
                let event = PastEvent { no: no as i64, at: instant(at), properties };
                shop.past.events.entry(["A", "B", "C"][name].to_owned()).or_default().push(event);
            }
            shop.past.events.values_mut().for_each(|list| list.sort_by_key(|event| (event.at, event.no)));
            for (no, (at, status, is_usd, lines, total)) in orders.into_iter().enumerate() {
                let at = instant(at);
                let lines = lines.into_iter().map(|(sku, quantity)| CartLine {
                    product_id: format!("p{sku}"),
                    sku: Some(format!("s{sku}")),
                    quantity,
                    price: 100,
                    ..CartLine::default()
                });
                let patch = OrderPatch {
                    source: "site".into(),
                    order_id: format!("o{no}"),
                    at,
                    placed_at: Some(at),
                    currency: Some(if is_usd { "USD" } else { "VND" }.into()),
                    status: Some(["placed", "completed", "cancelled"][status].into()),
                    contents: Some(Contents {
                        total: Some(total * 100),
                        lines: lines.collect(),
                        ..Contents::default()
                    }),
                    refunds: vec![],
                };
                shop.past.orders.push(Order::new(&patch, "VND"));
            }
            shop.past.orders.sort_by_key(|order| Ms(order.placed_at.0));
            for (at, state, opened) in messages {
                let at = instant(at);
                let is_sent = state > 0;
                shop.past.messages.push(PastMessage {
                    id: "m".into(),
                    channel: ["email", "email", "sms"][state].into(),
                    purpose: "marketing".into(),
                    template_id: None,
                    journey_id: None,
                    campaign_id: None,
                    state: if is_sent { "accepted" } else { "refused" }.into(),
                    decided_at: at,
                    accepted_at: is_sent.then_some(at),
                    delivered_at: None,
                    opened_at: opened.filter(|_| is_sent).map(|hours| at.plus_ms(hours * HOUR_MS)),
                    clicked_at: None,
                    unsubscribed_at: None,
                });
            }
            for (at, state, lasted) in runs {
                let started_at = instant(at);
                shop.past.runs.push(PastRun {
                    journey_id: "j".into(),
                    state: ["active", "completed", "exited"][state].into(),
                    started_at,
                    ended_at: (state > 0).then(|| started_at.plus_ms(lasted * HOUR_MS)),
                });
            }
            shop
        })
}

fn days(from: i64, to: i64) -> impl Strategy<Value = Value> {
    (from..to).prop_map(|days| json!(format!("{days}d")))
}

fn date() -> impl Strategy<Value = Value> {
    hours().prop_map(|hours| json!(local_date(instant(hours), &Zone::UTC).to_string()))
}

fn window() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        days(1, 40).prop_map(|last| Some(json!({ "last": last }))),
        (1i64..30, 1i64..30)
            .prop_map(|(a, b)| Some(json!({ "from_ago": format!("{}d", a + b), "to_ago": format!("{b}d") }))),
        (date(), date()).prop_map(|(a, b)| {
            let (from, to) = if a.as_str() <= b.as_str() { (a, b) } else { (b, a) };
            Some(json!({ "from": from, "to": to }))
        }),
        date().prop_map(|from| Some(json!({ "from": from }))),
        prop_oneof![Just("day"), Just("week"), Just("month"), Just("quarter"), Just("year")]
            .prop_map(|this| Some(json!({ "this": this }))),
    ]
}

fn check(kinds: &'static [(&'static str, &'static str)]) -> impl Strategy<Value = Value> {
    let op = proptest::sample::select(vec!["eq", "ne", "gt", "gte", "lt", "lte"]);
    (0..kinds.len() + 1, op, 0..8i64, any::<bool>()).prop_map(move |(kind, op, value, is_half)| {
        let value = if is_half && kind < kinds.len() { json!(value as f64 + 0.5) } else { json!(value) };
        let mut object = json!({ "op": op, "value": value });
        if let Some((kind, property)) = kinds.get(kind) {
            object["measure"] = json!({ *kind: property });
        }
        object
    })
}

fn with(mut leaf: Value, more: Value, window: Option<Value>) -> Value {
    for (key, value) in more.as_object().unwrap() {
        leaf[key] = value.clone();
    }
    if let Some(window) = window {
        leaf["window"] = window;
    }
    leaf
}

fn test_of_instant() -> impl Strategy<Value = Value> {
    let relative = proptest::sample::select(vec!["within_last", "older_than", "within_next", "further_than"]);
    prop_oneof![
        (relative, days(1, 40)).prop_map(|(op, value)| json!({ "op": op, "value": value })),
        (proptest::sample::select(vec!["before", "after", "on"]), date())
            .prop_map(|(op, value)| json!({ "op": op, "value": value })),
        days(0, 300).prop_map(|value| json!({ "op": "anniversary_within", "value": value })),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    let name = proptest::sample::select(vec!["A", "B", "C"]);
    let filter = prop_oneof![
        Just(None),
        Just(Some(json!([{ "property": "kind", "op": "eq", "value": "x" }]))),
        Just(Some(json!([{ "property": "value", "op": "exists" }]))),
    ];
    const MEASURES: [(&str, &str); 7] = [
        ("sum", "value"),
        ("average", "value"),
        ("min", "value"),
        ("max", "list"),
        ("distinct", "kind"),
        ("sum", "list"),
        ("distinct", "list"),
    ];
    let pattern = (name.clone(), filter).prop_map(|(name, filter)| {
        let mut pattern = json!({ "event": name });
        if let Some(filter) = filter {
            pattern["where"] = filter;
        }
        pattern
    });
    let followed = proptest::option::of((pattern.clone(), days(1, 8)));
    let did = (pattern.clone(), check(&MEASURES), window(), followed).prop_map(
        |(pattern, check, window, followed)| {
            let mut did = with(pattern, check, window);
            if let Some((mut pattern, within)) = followed {
                pattern["within"] = within.clone();
                let is_wide = did["window"].get("last").is_none_or(|last| span(last) > span(&within));
                if is_wide {
                    did["not_followed_by"] = pattern;
                }
            }
            if did["window"].is_null() {
                did.as_object_mut().unwrap().remove("window");
            }
            json!({ "did": did })
        },
    );
    let pick = (pattern, any::<bool>(), proptest::option::of(test_of_instant())).prop_map(
        |(mut pattern, is_first, at)| {
            match at {
                Some(at) => pattern["at"] = at,
                None => {
                    pattern = with(pattern, json!({ "property": "kind", "op": "eq", "value": "x" }), None)
                }
            }
            json!({ if is_first { "first" } else { "last" }: pattern })
        },
    );
    let order_filter = prop_oneof![
        Just(json!({})),
        Just(json!({ "where": [{ "property": "status", "op": "ne", "value": "completed" }] })),
        Just(json!({ "where": [{ "property": "currency", "op": "eq", "value": "USD" }] })),
        Just(json!({ "where": [{ "property": "net", "op": "gte", "value": 3 }] })),
        Just(json!({ "lines": [{ "property": "sku", "op": "eq", "value": "s1" }] })),
        Just(
            json!({ "lines": [{ "property": "sku", "op": "ne", "value": "s0" }, { "property": "quantity", "op": "gte", "value": 2 }] })
        ),
    ];
    const ORDER_MEASURES: [(&str, &str); 5] =
        [("sum", "net"), ("average", "net"), ("max", "net"), ("sum", "quantity"), ("distinct", "sku")];
    let orders = (order_filter.clone(), check(&ORDER_MEASURES), window())
        .prop_map(|(filter, check, window)| json!({ "orders": with(filter, check, window) }));
    let order_pick = (order_filter, any::<bool>(), test_of_instant()).prop_map(|(filter, is_first, at)| {
        let pick = with(filter, json!({ "at": at }), None);
        json!({ if is_first { "first_order" } else { "last_order" }: pick })
    });
    let message = (
        proptest::sample::select(vec!["sent", "opened", "clicked", "unsubscribed", "refused"]),
        any::<bool>(),
        check(&[]),
        window(),
    )
        .prop_map(|(did, by_email, check, window)| {
            let leaf =
                if by_email { json!({ "did": did, "channel": "email" }) } else { json!({ "did": did }) };
            json!({ "message": with(leaf, check, window) })
        });
    let run = (proptest::sample::select(vec!["any", "active", "completed", "exited"]), window())
        .prop_map(|(state, window)| json!({ "journey": with(json!({ "journey": "j", "state": state }), json!({}), window) }));
    let expires = (
        proptest::sample::select(vec!["within_last", "older_than", "within_next", "further_than"]),
        days(1, 40),
    )
        .prop_map(|(op, value)| json!({ "attribute": "expires_at", "op": op, "value": value }));
    let born = (any::<bool>(), any::<bool>(), days(1, 351)).prop_map(|(is_lunar, is_passed, value)| {
        let op = if is_passed { "anniversary_passed" } else { "anniversary_within" };
        let mut leaf = json!({ "attribute": "born", "op": op, "value": value });
        if is_lunar {
            leaf["calendar"] = json!("lunar");
        }
        leaf
    });
    let tag = any::<bool>().prop_map(|is| json!({ "tag": if is { "vip" } else { "staff" } }));
    prop_oneof![6 => did, 3 => pick, 4 => orders, 2 => order_pick, 2 => message, 1 => run, 1 => expires, 1 => born, 1 => tag]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 10, 3, |inner| {
        let key = proptest::sample::select(vec!["all", "any", "none"]);
        (key, proptest::collection::vec(inner, 1..4)).prop_map(|(key, parts)| json!({ key: parts }))
    })
}

fn read(json: &Value) -> Condition {
    let condition = Condition::from_value(json, "").unwrap_or_else(|problem| panic!("{json}: {problem}"));
    let mut problems = Vec::new();
    condition.validate(Scope::PROFILE, "", &mut problems);
    assert_eq!(problems, [], "{json}");
    condition
}

/// From an instant on, turn by turn.
fn agrees(json: &Value, shop: &Shop, start: Timestamp, samples: &[i64]) -> Result<(), TestCaseError> {
    let condition = read(json);
    let text = serde_json::to_string(&condition).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Condition>(&text).unwrap(), &condition, "{}", json);
    let mut now = start;
    for _ in 0..6 {
        let context = Context::of_profile(shop, now);
        let found = condition.evaluate(&context);
        prop_assert_eq!(found.holds, holds(json, shop, now), "{} at {} {}", json, now.ms(), shop.zone.name());
        prop_assert_eq!(found.holds, condition.holds(&context), "{}", json);
        let explained = condition.explain(&context);
        prop_assert_eq!(found.holds, explained.holds, "{}", json);
        let end = found.changes_at.unwrap_or(now.plus_ms(500 * DAY_MS));
        prop_assert!(end > now, "{}", json);
        for sample in samples {
            // In the minute after, in the days after, and in between.
            let between = now.plus_ms(end.since_ms(now) / 1_000 * (sample % 1_000));
            for at in [now.plus_ms(*sample), now.plus_ms(sample * 60_000), between] {
                if at < end {
                    prop_assert_eq!(
                        holds(json, shop, at),
                        found.holds,
                        "{} from {:?} at {:?}",
                        json,
                        now,
                        at
                    );
                }
            }
        }
        // No anniversary is looked for after 2199.
        let Some(turn) = found.changes_at.filter(|at| at.since_ms(start) < 36_500 * DAY_MS) else { break };
        prop_assert_eq!(holds(json, shop, turn.plus_ms(-1)), found.holds, "{} before {:?}", json, turn);
        prop_assert_eq!(holds(json, shop, turn), !found.holds, "{} from {:?} at {:?}", json, now, turn);
        now = turn;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn leaves_turn_when_they_are_said_to(
        json in leaf(), shop in shop(), start in hours(), samples in proptest::collection::vec(1i64..60_000, 4)
    ) {
        agrees(&json, &shop, instant(start), &samples)?;
    }

    #[test]
    fn trees_turn_when_they_are_said_to(
        json in tree(), shop in shop(), start in hours(), samples in proptest::collection::vec(1i64..60_000, 4)
    ) {
        agrees(&json, &shop, instant(start), &samples)?;
    }

    #[test]
    fn formulas_join_leaves_as_the_tree_does(json in tree(), shop in shop(), now in hours()) {
        let condition = read(&json);
        let context = Context::of_profile(&shop, instant(now));
        let mut leaves = Vec::new();
        let formula = Formula::of(&condition, &mut leaves);
        let joined = formula.holds(&mut |at| leaves[at].holds(&context));
        prop_assert_eq!(joined, condition.holds(&context));
    }

    /// What an index over everybody's events tells is what a person's past tells.
    #[test]
    fn a_fold_decides_as_the_past_does(json in leaf(), shop in shop(), now in hours()) {
        let condition = read(&json);
        let now = instant(now);
        let context = Context::of_profile(&shop, now);
        if let Some(fold) = condition.fold(now, &shop.zone) {
            let within = |at: &Timestamp| fold.from <= *at && *at < fold.to;
            let events = |name: &str| {
                let list = shop.past.events.get(name).cloned().unwrap_or_default();
                list.into_iter().filter(|event| within(&event.at)).collect::<Vec<_>>()
            };
            let amount = |name: &str, event: &PastEvent| {
                crate::event::amount_of(name, event.properties.as_object().unwrap())
            };
            let orders = || shop.past.orders.iter().filter(|order| within(&order.placed_at.0));
            let counted = || orders().filter(|order| order.counts());
            let brought: Vec<(i64, i128)> = match fold.of {
                FoldOf::Events(name) => events(name).iter().map(|_| (1, 0)).collect(),
                FoldOf::Amounts(name) => {
                    events(name).iter().filter_map(|event| Some((1, amount(name, event)?.into()))).collect()
                }
                FoldOf::Bodies(name) => events(name)
                    .iter()
                    .filter_map(|event| fold.event(event.at, &event.properties, &context))
                    .collect(),
                FoldOf::Orders => counted().map(|_| (1, 0)).collect(),
                FoldOf::Net => counted()
                    .filter(|order| order.currency == "VND")
                    .map(|order| (1, (order.net() * TEN_THOUSANDTHS).into()))
                    .collect(),
                FoldOf::Documents(_) => orders().filter_map(|order| fold.order(order, &context)).collect(),
            };
            let (count, sum) = brought.iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
            prop_assert_eq!(fold.holds(count, sum), condition.holds(&context), "{}", json);
        }
    }

    /// What a condition does not want cannot matter to it.
    #[test]
    fn what_is_not_wanted_does_not_matter(json in leaf(), shop in shop(), now in hours()) {
        let condition = read(&json);
        let now = instant(now);
        let whole = condition.evaluate(&Context::of_profile(&shop, now));
        let wants = condition.wants();
        let mut poor = Shop { values: shop.values.clone(), zone: shop.zone.clone(), lapses_at: None, past: Past::default() };
        for (name, want) in &wants.events {
            let mut events = shop.past.events.get(name).cloned().unwrap_or_default();
            events.retain(|event| want.reach_ms.is_none_or(|reach| event.at > now.plus_ms(-reach)));
            if !want.properties {
                events.iter_mut().for_each(|event| event.properties = Value::Null);
            }
            poor.past.events.insert(name.clone(), events);
        }
        if wants.orders {
            poor.past.orders.clone_from(&shop.past.orders);
        }
        if wants.messages {
            poor.past.messages.clone_from(&shop.past.messages);
        }
        if wants.runs {
            poor.past.runs.clone_from(&shop.past.runs);
        }
        prop_assert_eq!(condition.evaluate(&Context::of_profile(&poor, now)), whole, "{}", json);
        let nothing_ahead = shop.past.events.values().flatten().all(|event| event.at <= now)
            && shop.past.messages.iter().all(|message| message.decided_at <= now && message.opened_at.is_none_or(|at| at <= now))
            && shop.past.runs.iter().all(|run| run.started_at <= now && run.ended_at.is_none_or(|at| at <= now));
        if nothing_ahead && !wants.time {
            prop_assert_eq!(whole.changes_at, None, "{}", json);
        }
    }
}
