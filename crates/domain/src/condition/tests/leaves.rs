//! Every leaf on one person's past, with the instant of its next turn.

use super::Shop;
use crate::commerce::{CartLine, Contents, Order, OrderPatch, Refund};
use crate::condition::*;
use crate::local_time::{Zone, parse_instant};
use crate::profile::Ms;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    parse_instant(text, &Zone::vietnam()).unwrap_or_else(|| panic!("{text}"))
}

fn events(list: &[(&str, &str, Value)]) -> BTreeMap<String, Vec<PastEvent>> {
    let mut events: BTreeMap<String, Vec<PastEvent>> = BTreeMap::new();
    for (no, (name, when, properties)) in list.iter().enumerate() {
        let event = PastEvent { no: no as i64, at: at(when), properties: properties.clone() };
        events.entry((*name).to_owned()).or_default().push(event);
    }
    events
}

fn order(
    id: &str,
    when: &str,
    status: &str,
    currency: &str,
    total: i64,
    lines: &[(&str, &str, i64, i64)],
) -> Order {
    let lines = lines.iter().map(|(sku, category, price, quantity)| CartLine {
        product_id: format!("p-{sku}"),
        sku: Some((*sku).to_owned()),
        category: Some((*category).to_owned()),
        price: *price,
        quantity: *quantity,
        ..CartLine::default()
    });
    let refunds = match status {
        "given_back" => vec![Refund { at: Ms(at(when)), refund_id: "r".into(), amount: None }],
        _ => vec![],
    };
    Order::new(
        &OrderPatch {
            source: "site".into(),
            order_id: id.into(),
            at: at(when),
            placed_at: Some(at(when)),
            currency: Some(currency.into()),
            status: Some(if status == "given_back" { "completed" } else { status }.into()),
            contents: Some(Contents { total: Some(total), lines: lines.collect(), ..Contents::default() }),
            refunds,
        },
        "VND",
    )
}

fn message(id: &str, channel: &str, decided: &str) -> PastMessage {
    PastMessage {
        id: id.into(),
        channel: channel.into(),
        purpose: "marketing".into(),
        template_id: Some("hello".into()),
        journey_id: Some("welcome".into()),
        campaign_id: None,
        state: "accepted".into(),
        decided_at: at(decided),
        accepted_at: Some(at(decided)),
        opened_at: None,
        clicked_at: None,
        unsubscribed_at: None,
    }
}

/// It is 2026-03-01 08:00 in Vietnam, a Sunday.
const NOW: &str = "2026-03-01T08:00";

fn shop() -> Shop {
    let mut shop = Shop::new(json!({
        "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "birthday": "1990-03-20",
        "expires_at": "2026-03-10T00:00:00Z",
        "consents.email.marketing": "granted",
        "city": "Huế",
    }));
    shop.lapses_at = Some(at("2026-05-01T00:00"));
    shop.past.events = events(&[
        ("View", "2026-01-01T09:00", json!({ "category": "áo dài", "value": 100, "made_on": "2025-12-15" })),
        ("View", "2026-02-01T09:00", json!({ "category": "nón", "value": "250.5" })),
        ("View", "2026-02-26T09:00", json!({ "category": "nón", "value": 0.25 })),
        ("View", "2026-03-01T07:00", json!({ "category": "áo dài", "colours": ["đỏ", "xanh"] })),
        ("View", "2026-03-01T20:00", json!({ "category": "túi" })),
        ("Cart", "2026-02-10T10:00", json!({})),
        ("Cart", "2026-02-28T10:00", json!({})),
        ("Bought", "2026-02-11T10:00", json!({ "via": "web" })),
    ]);
    shop.past.orders = vec![
        order("1", "2025-12-05T10:00", "completed", "VND", 300_000, &[("A", "áo", 150_000, 2)]),
        order("2", "2026-01-20T10:00", "cancelled", "VND", 900_000, &[("B", "nón", 900_000, 1)]),
        order(
            "3",
            "2026-02-15T10:00",
            "delivered",
            "VND",
            500_000,
            &[("A", "áo", 150_000, 3), ("C", "túi", 50_000, 1)],
        ),
        order("4", "2026-02-20T10:00", "given_back", "VND", 700_000, &[("D", "áo", 700_000, 1)]),
        order("5", "2026-02-25T10:00", "paid", "USD", 2_050, &[("E", "áo", 2_050, 1)]),
    ];
    shop.past.messages = vec![
        PastMessage { opened_at: Some(at("2026-02-21T10:00")), ..message("m1", "email", "2026-02-20T10:00") },
        PastMessage {
            opened_at: Some(at("2026-02-28T10:00")),
            clicked_at: Some(at("2026-02-28T10:05")),
            ..message("m2", "email", "2026-02-28T09:00")
        },
        PastMessage {
            state: "refused".into(),
            accepted_at: None,
            ..message("m3", "sms", "2026-02-28T12:00")
        },
    ];
    let run = |journey: &str, state: &str, started: &str, ended: Option<&str>| PastRun {
        journey_id: journey.into(),
        state: state.into(),
        started_at: at(started),
        ended_at: ended.map(at),
    };
    shop.past.runs = vec![
        run("welcome", "completed", "2026-01-01T00:00", Some("2026-02-25T00:00")),
        run("cart", "active", "2026-02-28T10:00", None),
    ];
    shop
}

fn read(json: &Value) -> Condition {
    let condition = Condition::from_value(json, "").unwrap_or_else(|problem| panic!("{json}: {problem}"));
    let mut problems = Vec::new();
    condition.validate(Scope::PROFILE, "", &mut problems);
    assert_eq!(problems, [], "{json}");
    condition
}

/// Whether it holds now, and when that turns: a local time, or `never`.
fn check(json: Value, holds: bool, changes: &str) {
    let (shop, condition) = (shop(), read(&json));
    let context = Context::of_profile(&shop, at(NOW));
    let found = condition.evaluate(&context);
    let changes_at = (changes != "never").then(|| at(changes));
    assert_eq!(found, Evaluation { holds, changes_at }, "{json}");
    assert_eq!(condition.holds(&context), holds, "{json}");
    let verdict = condition.explain(&context);
    assert_eq!(verdict.holds, holds, "{json}");
    assert!(!verdict.compared.is_empty(), "{json}");
    if let Some(at) = changes_at {
        let then = |at| condition.holds(&Context::of_profile(&shop, at));
        assert_eq!((then(at.plus_ms(-1)), then(at)), (holds, !holds), "{json}");
    }
}

#[test]
fn events_are_counted_in_windows() {
    check(json!({ "did": { "event": "View" } }), true, "never");
    check(json!({ "did": { "event": "Nothing" } }), false, "never");
    check(json!({ "did": { "event": "View", "value": 4 } }), true, "never");
    // The fifth has an instant in the future.
    check(json!({ "did": { "event": "View", "value": 5 } }), false, "2026-03-01T20:00");
    check(json!({ "did": { "event": "View", "op": "eq", "value": 4 } }), true, "2026-03-01T20:00");
    check(
        json!({ "did": { "event": "View", "window": { "last": "30d" }, "value": 3 } }),
        true,
        "2026-03-28T09:00",
    );
    check(
        json!({ "did": { "event": "View", "window": { "last": "30d" }, "value": 4 } }),
        false,
        "2026-03-01T20:00",
    );
    check(json!({ "did": { "event": "Cart", "window": { "last": "30d" } } }), true, "2026-03-30T10:00");
    check(
        json!({ "did": { "event": "Cart", "window": { "last": "2d" }, "op": "lt" , "value": 1 } }),
        false,
        "2026-03-02T10:00",
    );
    check(
        json!({ "did": { "event": "View", "window": { "from_ago": "60d", "to_ago": "28d" } } }),
        true,
        "2026-04-30T20:00",
    );
    check(
        json!({ "did": { "event": "View", "window": { "from_ago": "10d", "to_ago": "5d" } } }),
        false,
        "2026-03-03T09:00",
    );
    check(
        json!({ "did": { "event": "View", "window": { "from": "2026-01-01", "to": "2026-02-01" }, "value": 2 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "View", "window": { "from": "2026-02-01T09:00" , "to": "2026-02-26T09:00" }, "op": "eq", "value": 1 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "View", "window": { "to": "2026-01-31" }, "op": "eq", "value": 1 } }),
        true,
        "never",
    );
    check(json!({ "did": { "event": "View", "window": { "this": "day" } } }), true, "2026-03-02");
    check(
        json!({ "did": { "event": "View", "window": { "this": "day" }, "value": 2 } }),
        false,
        "2026-03-01T20:00",
    );
    check(
        json!({ "did": { "event": "View", "window": { "this": "week" }, "value": 2 } }),
        true,
        "2026-03-02",
    );
    check(json!({ "did": { "event": "Bought", "window": { "this": "month" } } }), false, "never");
    check(json!({ "did": { "event": "View", "window": { "this": "month" } } }), true, "2026-04-01");
    check(
        json!({ "did": { "event": "View", "window": { "this": "quarter" }, "value": 4 } }),
        true,
        "2026-04-01",
    );
    check(
        json!({ "did": { "event": "View", "window": { "this": "year" }, "value": 4 } }),
        true,
        "2027-01-01",
    );
}

#[test]
fn events_are_filtered_and_measured() {
    let hat = json!([{ "property": "category", "op": "eq", "value": "nón" }]);
    check(json!({ "did": { "event": "View", "where": hat, "op": "eq", "value": 2 } }), true, "never");
    check(
        json!({ "did": { "event": "View", "measure": { "sum": "value" }, "op": "eq", "value": 350.75 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "View", "window": { "last": "30d" }, "measure": { "sum": "value" }, "value": 250 } }),
        true,
        "2026-03-03T09:00",
    );
    check(
        json!({ "did": { "event": "View", "measure": { "average": "value" }, "op": "gt", "value": 116.9 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "View", "measure": { "average": "value" }, "op": "lt", "value": 117 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "View", "measure": { "min": "value" }, "op": "eq", "value": 0.25 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "View", "measure": { "max": "value" }, "op": "gte", "value": 250.5 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "View", "measure": { "distinct": "category" }, "op": "gte", "value": 3 } }),
        false,
        "2026-03-01T20:00",
    );
    check(
        json!({ "did": { "event": "View", "measure": { "distinct": "colours" }, "op": "eq", "value": 2 } }),
        true,
        "never",
    );
    // Of nothing there is a sum, and neither an average nor an extreme.
    check(
        json!({ "did": { "event": "Cart", "measure": { "sum": "value" }, "op": "eq", "value": 0 } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "Cart", "measure": { "average": "value" }, "op": "lt", "value": 5 } }),
        false,
        "never",
    );
    check(
        json!({ "did": { "event": "Cart", "measure": { "max": "value" }, "op": "ne", "value": 5 } }),
        true,
        "never",
    );
    // A filter is judged as of the event: from there on 30 days are 30 days.
    let made = |op: &str, value: &str| json!({ "did": { "event": "View", "where": [{ "property": "made_on", "op": op, "value": value }] } });
    check(made("within_last", "30d"), true, "never");
    check(made("older_than", "30d"), false, "never");
    check(made("anniversary_within", "10d"), false, "never");
}

#[test]
fn one_thing_and_not_the_other() {
    let left = |within: &str| json!({ "did": { "event": "Cart", "not_followed_by": { "event": "Bought", "within": within } } });
    // The first was bought a day later, to the minute: in time. The second counts when its day is over.
    check(left("24h"), false, "2026-03-01T10:00");
    check(left("23h"), true, "never");
    check(left("20h"), true, "never");
    let by_phone = json!([{ "property": "via", "op": "eq", "value": "phone" }]);
    check(
        json!({ "did": { "event": "Cart", "not_followed_by": { "event": "Bought", "where": by_phone, "within": "24h" } } }),
        true,
        "never",
    );
    check(
        json!({ "did": { "event": "Cart", "window": { "last": "3d" }, "not_followed_by": { "event": "Bought", "within": "2d" } } }),
        false,
        "2026-03-02T10:00",
    );
    // What is looked for may be the same event: the next one of it.
    check(
        json!({ "did": { "event": "View", "not_followed_by": { "event": "View", "within": "30d" } } }),
        true,
        "never",
    );
}

#[test]
fn the_first_and_the_last() {
    check(
        json!({ "first": { "event": "View", "at": { "op": "within_last", "value": "60d" } } }),
        true,
        "2026-03-02T09:00",
    );
    check(
        json!({ "first": { "event": "View", "at": { "op": "on", "value": "2026-01-01" } } }),
        true,
        "never",
    );
    check(
        json!({ "first": { "event": "Nothing", "at": { "op": "before", "value": "2030-01-01" } } }),
        false,
        "never",
    );
    check(
        json!({ "last": { "event": "Cart", "at": { "op": "older_than", "value": "7d" } } }),
        false,
        "2026-03-07T10:00",
    );
    check(
        json!({ "last": { "event": "View", "property": "category", "op": "eq", "value": "áo dài" } }),
        true,
        "2026-03-01T20:00",
    );
    check(
        json!({ "first": { "event": "View", "property": "value", "op": "eq", "value": 100 } }),
        true,
        "never",
    );
    let hat = json!([{ "property": "category", "op": "eq", "value": "nón" }]);
    check(
        json!({ "last": { "event": "View", "where": hat, "at": { "op": "after", "value": "2026-02-25" } } }),
        true,
        "never",
    );
    check(
        json!({ "first": { "event": "Bought", "at": { "op": "anniversary_within", "value": "14d" } } }),
        false,
        "2027-01-28",
    );
}

#[test]
fn orders_count_by_their_state_and_money_by_its_currency() {
    check(json!({ "orders": { "op": "eq", "value": 3 } }), true, "never");
    check(
        json!({ "orders": { "window": { "last": "30d" }, "op": "eq", "value": 2 } }),
        true,
        "2026-03-17T10:00",
    );
    check(
        json!({ "orders": { "where": [{ "property": "status", "op": "eq", "value": "cancelled" }] } }),
        true,
        "never",
    );
    check(
        json!({ "orders": { "where": [{ "property": "status", "op": "exists" }], "op": "eq", "value": 5 } }),
        true,
        "never",
    );
    check(
        json!({ "orders": { "where": [{ "property": "net", "op": "gte", "value": 300000 }], "op": "eq", "value": 2 } }),
        true,
        "never",
    );
    check(json!({ "orders": { "measure": { "sum": "net" }, "op": "eq", "value": 800000 } }), true, "never");
    check(
        json!({ "orders": { "measure": { "average": "net" }, "op": "eq", "value": 400000 } }),
        true,
        "never",
    );
    check(json!({ "orders": { "measure": { "max": "total" }, "op": "eq", "value": 500000 } }), true, "never");
    check(
        json!({ "orders": { "where": [{ "property": "currency", "op": "eq", "value": "USD" }], "measure": { "sum": "net" }, "op": "eq", "value": 20.5 } }),
        true,
        "never",
    );
    let sku = |sku: &str| json!([{ "property": "sku", "op": "eq", "value": sku }]);
    check(json!({ "orders": { "lines": sku("A"), "op": "eq", "value": 2 } }), true, "never");
    check(json!({ "orders": { "lines": sku("B") } }), false, "never");
    check(
        json!({ "orders": { "lines": sku("A"), "measure": { "sum": "quantity" }, "op": "eq", "value": 5 } }),
        true,
        "never",
    );
    check(
        json!({ "orders": { "lines": sku("A"), "measure": { "sum": "line_total" }, "op": "eq", "value": 750000 } }),
        true,
        "never",
    );
    check(
        json!({ "orders": { "measure": { "distinct": "product_id" }, "op": "eq", "value": 3 } }),
        true,
        "never",
    );
    let both = json!([{ "property": "category", "op": "eq", "value": "túi" }, { "property": "price", "op": "gte", "value": 100000 }]);
    check(json!({ "orders": { "lines": both } }), false, "never");
    check(json!({ "first_order": { "at": { "op": "on", "value": "2025-12-05" } } }), true, "never");
    check(
        json!({ "last_order": { "at": { "op": "within_last", "value": "7d" } } }),
        true,
        "2026-03-04T10:00",
    );
    check(json!({ "last_order": { "property": "currency", "op": "eq", "value": "USD" } }), true, "never");
    check(
        json!({ "last_order": { "lines": sku("A"), "at": { "op": "older_than", "value": "30d" } } }),
        false,
        "2026-03-17T10:00",
    );
    check(
        json!({ "first_order": { "at": { "op": "anniversary_within", "value": "14d" } } }),
        false,
        "2026-11-21",
    );
}

#[test]
fn messages_journeys_and_what_a_person_is() {
    check(json!({ "message": { "did": "sent", "op": "eq", "value": 2 } }), true, "never");
    check(json!({ "message": { "did": "opened", "window": { "last": "7d" } } }), true, "2026-03-07T10:00");
    check(
        json!({ "message": { "did": "clicked", "channel": "email", "purpose": "marketing", "template": "hello", "journey": "welcome" } }),
        true,
        "never",
    );
    check(json!({ "message": { "did": "clicked", "campaign": "tet" } }), false, "never");
    check(json!({ "message": { "did": "refused", "channel": "sms" } }), true, "never");
    check(json!({ "message": { "did": "unsubscribed" } }), false, "never");
    check(json!({ "journey": { "journey": "welcome" } }), true, "never");
    check(
        json!({ "journey": { "journey": "welcome", "state": "completed", "window": { "last": "7d" } } }),
        true,
        "2026-03-04",
    );
    check(json!({ "journey": { "journey": "welcome", "window": { "last": "7d" } } }), false, "never");
    check(json!({ "journey": { "journey": "cart", "state": "active" } }), true, "never");
    check(json!({ "journey": { "journey": "cart", "state": "goal_reached" } }), false, "never");
    check(json!({ "consent": { "channel": "email", "purpose": "marketing" } }), true, "never");
    check(
        json!({ "consent": { "channel": "email", "purpose": "marketing", "state": "denied" } }),
        false,
        "never",
    );
    check(json!({ "list": "newsletter" }), true, "never");
    check(json!({ "segment": "regulars" }), true, "never");
    check(json!({ "tag": "staff" }), false, "never");
    check(json!({ "bucket": { "name": "a", "from": 0, "to": 100 } }), true, "never");
    check(json!({ "attribute": "city", "op": "eq", "value": "Huế" }), true, "never");
    check(
        json!({ "attribute": "expires_at", "op": "within_next", "value": "5d" }),
        false,
        "2026-03-05T07:00:00.001",
    );
    check(
        json!({ "attribute": "expires_at", "op": "within_next", "value": "10d" }),
        true,
        "2026-03-10T07:00:00.001",
    );
    check(
        json!({ "attribute": "expires_at", "op": "further_than", "value": "48h" }),
        true,
        "2026-03-08T07:00:00.001",
    );
    check(json!({ "attribute": "expires_at", "op": "older_than", "value": "1d" }), false, "2026-03-11T07:00");
    check(
        json!({ "attribute": "birthday", "op": "anniversary_within", "value": "14d" }),
        false,
        "2026-03-06",
    );
    check(json!({ "attribute": "birthday", "op": "anniversary_within", "value": "20d" }), true, "2026-03-21");
    check(json!({ "attribute": "birthday", "op": "anniversary_passed", "value": "3d" }), false, "2026-03-21");
    // Born on 24/2 of the lunar year, which is 11 April in 2026.
    check(
        json!({ "attribute": "birthday", "op": "anniversary_within", "value": "7d", "calendar": "lunar" }),
        false,
        "2026-04-04",
    );
    check(json!({ "attribute": "lifecycle", "op": "eq", "value": "lapsing" }), false, "2026-05-01");
}

#[test]
fn a_tree_turns_when_the_whole_does() {
    let view = json!({ "did": { "event": "View", "value": 5 } });
    let cart = json!({ "did": { "event": "Cart", "window": { "last": "2d" } } });
    check(json!({ "all": [view, cart] }), false, "2026-03-01T20:00");
    check(json!({ "all": [cart, { "tag": "staff" }] }), false, "never");
    check(json!({ "any": [view, { "list": "newsletter" }] }), true, "never");
    check(json!({ "none": [view, cart] }), false, "never");
    check(json!({ "any": [{ "none": [cart] }, { "tag": "staff" }] }), false, "2026-03-02T10:00");
    // Two that turn at one instant into each other's place.
    let other = json!({ "none": [cart] });
    check(json!({ "any": [cart, other] }), true, "never");
}

#[test]
fn the_days_of_a_zone_that_moves_its_clocks() {
    // In New York 2026-03-08 has 23 hours, 2026-11-01 has 25.
    let zone = Zone::named("America/New_York").unwrap();
    let local = |text: &str| parse_instant(text, &zone).unwrap();
    let condition = read(&json!({ "did": { "event": "View", "window": { "this": "day" } } }));
    for (when, hours) in [("2026-03-08T00:00", 23), ("2026-11-01T00:00", 25)] {
        let mut shop = Shop::new(json!({}));
        shop.zone = zone.clone();
        let event = PastEvent { no: 1, at: local(when), properties: json!({}) };
        shop.past.events = BTreeMap::from([("View".to_owned(), vec![event])]);
        let found = condition.evaluate(&Context::of_profile(&shop, local(when)));
        assert_eq!(found.changes_at, Some(local(when).plus_ms(hours * kit::HOUR_MS)), "{when}");
    }
}

#[test]
fn ten_thousand_events() {
    let mut shop = Shop::new(json!({}));
    let start = at("2025-01-01");
    let event = |n: i64| PastEvent {
        no: n,
        at: start.plus_ms(n * kit::HOUR_MS),
        properties: json!({ "value": (n * 7919) % 1000, "sku": format!("s{}", n % 300) }),
    };
    shop.past.events = BTreeMap::from([("View".to_owned(), (0..10_000).map(event).collect())]);
    let now = start.plus_ms(9_999 * kit::HOUR_MS);
    for (measure, value) in
        [("sum", 1000.0), ("average", 900.0), ("min", 990.0), ("max", 10.0), ("distinct", 3.0)]
    {
        let property = if measure == "distinct" { "sku" } else { "value" };
        let condition = read(&json!({ "did": {
            "event": "View", "window": { "last": "416d" }, "measure": { measure: property }, "op": "lte", "value": value,
        } }));
        let found = condition.evaluate(&Context::of_profile(&shop, now));
        if let Some(turn) = found.changes_at {
            let then = |at| condition.holds(&Context::of_profile(&shop, at));
            assert_eq!((then(turn.plus_ms(-1)), then(turn)), (found.holds, !found.holds), "{measure}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let wrong = |json: Value, path: &str, code: &str| {
        let mut problems = Vec::new();
        match Condition::from_value(&json, "") {
            Err(problem) => problems.push(problem),
            Ok(condition) => condition.validate(Scope::PROFILE, "", &mut problems),
        }
        let found: Vec<_> = problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect();
        assert_eq!(found, [(path, code)], "{json} {problems:?}");
    };
    wrong(json!({ "did": {} }), "did", "json.missing_key");
    wrong(json!({ "did": { "event": "" } }), "did.event", "condition.text");
    wrong(json!({ "did": { "event": "x", "at_least": 1 } }), "did.at_least", "json.unknown_key");
    wrong(json!({ "did": { "event": "x", "window": {} } }), "did.window", "condition.window");
    wrong(
        json!({ "did": { "event": "x", "window": { "last": "30d", "this": "day" } } }),
        "did.window",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "last": "0d" } } }),
        "did.window.last",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "last": "4000d" } } }),
        "did.window.last",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "last": 30 } } }),
        "did.window.last",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "from_ago": "3d" } } }),
        "did.window",
        "json.missing_key",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "from_ago": "3d", "to_ago": "3d" } } }),
        "did.window",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "from": "soon" } } }),
        "did.window.from",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "from": "2026-02-02", "to": "2026-02-01" } } }),
        "did.window",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "this": "decade" } } }),
        "did.window.this",
        "condition.window",
    );
    wrong(json!({ "did": { "event": "x", "measure": "sum" } }), "did.measure", "condition.measure");
    wrong(
        json!({ "did": { "event": "x", "measure": { "median": "a" }, "value": 1 } }),
        "did.measure",
        "condition.measure",
    );
    wrong(json!({ "did": { "event": "x", "measure": { "sum": "a" } } }), "did", "json.missing_key");
    wrong(json!({ "did": { "event": "x", "op": "like", "value": 3 } }), "did.op", "condition.op");
    wrong(json!({ "did": { "event": "x", "value": "3" } }), "did.value", "condition.operand");
    wrong(json!({ "did": { "event": "x", "value": 0.00001 } }), "did.value", "condition.operand");
    wrong(
        json!({ "did": { "event": "x", "not_followed_by": { "event": "y" } } }),
        "did.not_followed_by",
        "json.missing_key",
    );
    wrong(
        json!({ "did": { "event": "x", "window": { "last": "1d" }, "not_followed_by": { "event": "y", "within": "1d" } } }),
        "did.not_followed_by.within",
        "condition.window",
    );
    wrong(
        json!({ "did": { "event": "x", "where": [{ "property": "a", "op": "eq", "value": { "from": "profile.lifecycle" } }] } }),
        "did.where.0.value",
        "condition.reference",
    );
    wrong(
        json!({ "did": { "event": "x", "where": [{ "property": "a", "op": "eq", "value": { "from": "event.name" } }] } }),
        "did.where.0.value",
        "condition.reference",
    );
    wrong(json!({ "first": { "event": "x" } }), "first", "condition.kind");
    wrong(
        json!({ "last": { "event": "x", "at": { "op": "gt", "value": 3 } } }),
        "last.at.op",
        "condition.op",
    );
    wrong(
        json!({ "last": { "event": "x", "at": { "op": "on", "value": "2026-01-01" }, "op": "eq" } }),
        "last.op",
        "json.unknown_key",
    );
    wrong(
        json!({ "orders": { "where": [{ "property": "colour", "op": "exists" }] } }),
        "orders.where.0.property",
        "condition.field",
    );
    wrong(
        json!({ "orders": { "lines": [{ "property": "net", "op": "exists" }] } }),
        "orders.lines.0.property",
        "condition.field",
    );
    wrong(
        json!({ "orders": { "measure": { "sum": "colour" }, "value": 1 } }),
        "orders.measure",
        "condition.field",
    );
    wrong(json!({ "orders": { "lines": {} } }), "orders.lines", "json.type");
    wrong(
        json!({ "last_order": { "property": "sku", "op": "exists" } }),
        "last_order.property",
        "condition.field",
    );
    wrong(json!({ "message": { "did": "read" } }), "message.did", "condition.operand");
    wrong(json!({ "message": { "did": "sent", "channel": "fax" } }), "message.channel", "condition.operand");
    wrong(json!({ "message": { "did": "sent", "measure": "count" } }), "message.measure", "json.unknown_key");
    wrong(json!({ "journey": { "journey": "x", "state": "lost" } }), "journey.state", "condition.operand");
    wrong(json!({ "consent": { "channel": "email" } }), "consent", "json.missing_key");
    wrong(json!({ "bucket": { "name": "x", "from": 20, "to": 20 } }), "bucket.to", "condition.operand");
    wrong(json!({ "bucket": { "name": "x", "from": 0, "to": 100.001 } }), "bucket.to", "condition.operand");
    wrong(json!({ "list": "" }), "list", "condition.text");
    wrong(json!({ "segment": 5 }), "segment", "json.type");
    wrong(
        json!({ "attribute": "a", "op": "anniversary_within", "value": "36h" }),
        "value",
        "condition.operand",
    );
    wrong(
        json!({ "attribute": "a", "op": "anniversary_within", "value": "351d" }),
        "value",
        "condition.operand",
    );
    wrong(
        json!({ "attribute": "a", "op": "anniversary_passed", "value": "0d" }),
        "value",
        "condition.operand",
    );
    wrong(
        json!({ "attribute": "a", "op": "on", "value": "2026-01-01", "calendar": "lunar" }),
        "calendar",
        "condition.operand",
    );
    wrong(
        json!({ "attribute": "a", "op": "anniversary_within", "value": "1d", "calendar": "chinese" }),
        "calendar",
        "condition.operand",
    );
}

#[test]
fn equal_conditions_have_one_text() {
    let same = |a: Value, b: Value| {
        let (a, b) = (read(&a), read(&b));
        assert_eq!(a, b);
        assert_eq!(serde_json::to_string(&a).unwrap(), serde_json::to_string(&b).unwrap());
        let again: Condition = serde_json::from_str(&serde_json::to_string(&a).unwrap()).unwrap();
        assert_eq!(again, a);
    };
    same(
        json!({ "did": { "event": "x" } }),
        json!({ "did": { "event": "x", "measure": "count", "op": "gte", "value": 1.0, "where": [] } }),
    );
    same(
        json!({ "did": { "event": "x", "window": { "last": "30d" } } }),
        json!({ "did": { "window": { "last": "720h" }, "event": "x" } }),
    );
    same(
        json!({ "bucket": { "name": "x", "from": 0, "to": 12.5 } }),
        json!({ "bucket": { "name": "x", "from": 0.0, "to": 12.50 } }),
    );
    same(json!({ "journey": { "journey": "x" } }), json!({ "journey": { "journey": "x", "state": "any" } }));
    same(
        json!({ "consent": { "channel": "sms", "purpose": "ads" } }),
        json!({ "consent": { "channel": "sms", "purpose": "ads", "state": "granted" } }),
    );
    same(
        json!({ "attribute": "a", "op": "anniversary_within", "value": "1d" }),
        json!({ "attribute": "a", "op": "anniversary_within", "value": "1d", "calendar": "solar" }),
    );
}

#[test]
fn what_a_condition_wants() {
    let wants = |json: Value| read(&json).wants();
    let day = kit::DAY_MS;
    let event = |name: &str, properties, reach_ms| {
        BTreeMap::from([(name.to_owned(), EventWant { properties, reach_ms })])
    };
    let profile = Wants { profile: true, ..Wants::default() };
    assert_eq!(wants(json!({ "tag": "vip" })), profile);
    assert_eq!(wants(json!({ "list": "a" })), profile);
    assert_eq!(wants(json!({ "consent": { "channel": "sms", "purpose": "ads" } })), profile);
    assert_eq!(wants(json!({ "attribute": "a", "op": "before", "value": "2026-01-01" })), profile);
    let timed = Wants { time: true, ..profile };
    assert_eq!(wants(json!({ "attribute": "a", "op": "within_last", "value": "1d" })), timed);
    assert_eq!(wants(json!({ "attribute": "lifecycle", "op": "eq", "value": "lost" })), timed);
    assert_eq!(
        wants(json!({ "did": { "event": "x" } })),
        Wants { events: event("x", false, None), ..Wants::default() }
    );
    assert_eq!(
        wants(
            json!({ "did": { "event": "x", "window": { "last": "3d" }, "measure": { "sum": "value" }, "value": 1 } })
        ),
        Wants { events: event("x", true, Some(3 * day)), time: true, ..Wants::default() }
    );
    assert_eq!(
        wants(json!({ "did": { "event": "x", "window": { "from": "2026-01-01" } } })),
        Wants { events: event("x", false, None), ..Wants::default() }
    );
    let followed = wants(json!({ "did": { "event": "x", "window": { "last": "3d" }, "not_followed_by": {
        "event": "y", "within": "1d", "where": [{ "property": "a", "op": "eq", "value": { "from": "profile.city" } }],
    } } }));
    assert_eq!(followed.events["x"], EventWant { properties: false, reach_ms: Some(3 * day) });
    assert_eq!(followed.events["y"], EventWant { properties: true, reach_ms: Some(3 * day) });
    assert!(followed.time && followed.profile);
    let last =
        |op: &str| wants(json!({ "last": { "event": "x", "at": { "op": op, "value": "5d" } } })).events["x"];
    assert_eq!(last("within_last"), EventWant { properties: false, reach_ms: Some(5 * day) });
    assert_eq!(last("older_than"), EventWant { properties: false, reach_ms: None });
    let first = wants(json!({ "first": { "event": "x", "property": "a", "op": "eq", "value": 1 } }));
    assert_eq!(first, Wants { events: event("x", true, None), ..Wants::default() });
    assert!(wants(json!({ "orders": {} })).orders);
    assert!(wants(json!({ "message": { "did": "sent", "window": { "this": "day" } } })).time);
    assert_eq!(wants(json!({ "journey": { "journey": "x" } })), Wants { runs: true, ..Wants::default() });
    let both = wants(json!({ "any": [
        { "did": { "event": "x", "window": { "last": "3d" } } }, { "did": { "event": "x", "window": { "last": "9d" } } },
    ] }));
    assert_eq!(both.events["x"].reach_ms, Some(9 * day));
}

#[test]
fn references_to_segments_are_replaced() {
    let find = |id: &str| {
        let json = match id {
            "vip" => json!({ "all": [{ "tag": "vip" }, { "segment": "buyers" }] }),
            "buyers" => json!({ "orders": {} }),
            "a" => json!({ "any": [{ "segment": "b" }, { "tag": "x" }] }),
            "b" => json!({ "none": [{ "segment": "a" }] }),
            "lost" => json!({ "segment": "nowhere" }),
            "wide" => json!({ "any": vec![json!({ "segment": "wider" }); 100] }),
            "wider" => json!({ "any": vec![json!({ "tag": "x" }); 100] }),
            deep => match deep.strip_prefix("deep").and_then(|n| n.parse::<usize>().ok()) {
                Some(n) => json!({ "segment": format!("deep{}", n + 1) }),
                None => return None,
            },
        };
        Some(read(&json))
    };
    let expand = |json: Value| read(&json).expand(&find);
    let tree = read(&json!({ "none": [{ "segment": "vip" }, { "list": "l" }] }));
    let mut seen = Vec::new();
    tree.segments(&mut |id| seen.push(id));
    assert_eq!(seen, ["vip"]);
    let expanded = tree.expand(&find).unwrap();
    assert_eq!(
        serde_json::to_value(&expanded).unwrap(),
        json!({ "none": [{ "all": [{ "tag": "vip" }, { "orders": {} }] }, { "list": "l" }] })
    );
    let wrong = |json: Value, path: &str, code: &str| {
        let problem = expand(json).unwrap_err();
        assert_eq!((problem.path.as_str(), problem.code), (path, code), "{problem}");
    };
    wrong(json!({ "all": [{ "tag": "t" }, { "segment": "a" }] }), "all.1.segment", "segment.cycle");
    wrong(json!({ "segment": "lost" }), "segment", "segment.missing");
    wrong(json!({ "segment": "deep1" }), "segment", "segment.too_deep");
    wrong(json!({ "any": [{ "segment": "wide" }] }), "any.0.segment", "segment.too_large");
}

#[test]
fn buckets_are_even_and_independent() {
    let mut in_both = 0;
    let (mut first, mut second) = (0, 0);
    for n in 0..20_000 {
        let id = format!("profile-{n}");
        let (a, b) = (bucket_place("a", &id) < 2_000, bucket_place("b", &id) < 2_000);
        first += i32::from(a);
        second += i32::from(b);
        in_both += i32::from(a && b);
    }
    assert!((3_800..4_200).contains(&first) && (3_800..4_200).contains(&second), "{first} {second}");
    assert!((680..920).contains(&in_both), "{in_both}");
    // For ever: a changed formula would deal everybody anew.
    assert_eq!(
        bucket_place("test-2026", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        bucket_place("test-2026", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    );
}

#[test]
fn why_is_told_with_what_was_counted() {
    let shop = shop();
    let context = Context::of_profile(&shop, at(NOW));
    let told = |json: Value| {
        let compared = read(&json).explain(&context).compared;
        compared.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        told(json!({ "did": { "event": "View", "value": 5 } })),
        "did View count gte 5 (is 4) does not hold"
    );
    assert_eq!(
        told(json!({ "orders": { "measure": { "sum": "net" }, "value": 500000 } })),
        "orders sum of net gte 500000 (is 800000) holds"
    );
    assert_eq!(
        told(json!({ "last": { "event": "Bought", "at": { "op": "within_last", "value": "7d" } } })),
        "last Bought at within_last \"7d\" (is \"2026-02-11T03:00:00Z\") does not hold"
    );
    assert_eq!(told(json!({ "message": { "did": "opened" } })), "message opened count gte 1 (is 2) holds");
    assert_eq!(told(json!({ "segment": "regulars" })), "segment has \"regulars\" (is true) holds");
    assert_eq!(
        told(json!({ "consent": { "channel": "sms", "purpose": "ads" } })),
        "consents.sms.ads eq \"granted\" (is null) does not hold"
    );
}
