//! Every leaf on one person's past, with the instant of its next turn.

use super::Shop;
use crate::commerce::{CartLine, Contents, Order, OrderPatch, Refund};
use crate::condition::*;
use crate::local_time::{Zone, parse_instant};
use crate::profile::Ms;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn at(text: &str) -> Timestamp {
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
        delivered_at: None,
        opened_at: None,
        clicked_at: None,
        unsubscribed_at: None,
    }
}

/// It is 2026-03-01 08:00 in Vietnam, a Sunday.
pub(super) const NOW: &str = "2026-03-01T08:00";

pub(super) fn shop() -> Shop {
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

pub(super) fn read(json: &Value) -> Condition {
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

/// A tree that never turns, of a leaf that turns more often than is looked at: early, and not late.
#[test]
fn past_the_bound_a_turn_is_told_early() {
    let mut shop = Shop::new(json!({}));
    let start = at("2026-01-01");
    let event = |n: i64| PastEvent {
        no: n,
        at: start.plus_ms(n * kit::MINUTE_MS),
        properties: json!({ "value": if n % 2 == 0 { 1 } else { -1 } }),
    };
    shop.past.events = BTreeMap::from([("View".to_owned(), (0..5_000).map(event).collect())]);
    let restless = json!({ "did": {
        "event": "View", "window": { "last": "30d" }, "measure": { "sum": "value" }, "op": "eq", "value": 0,
    } });
    let now = start.plus_ms(5_000 * kit::MINUTE_MS);
    let left = |n: i64| Some(start.plus_ms(n * kit::MINUTE_MS + 30 * kit::DAY_MS));
    let leaf = read(&restless).evaluate(&Context::of_profile(&shop, now));
    assert_eq!(leaf, Evaluation { holds: true, changes_at: left(0) });
    let tree = read(&json!({ "all": [restless, { "tag": "staff" }] }));
    let found = tree.evaluate(&Context::of_profile(&shop, now));
    assert_eq!(found, Evaluation { holds: false, changes_at: left(TURNS_MAX as i64) });
    let later = tree.evaluate(&Context::of_profile(&shop, left(4_000).unwrap()));
    assert_eq!(later, Evaluation { holds: false, changes_at: None });
}
