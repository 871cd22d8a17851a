//! What is refused, how conditions are written, what they want, what they refer to and what they tell.

use super::leaves::{NOW, at, read, shop};
use crate::condition::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
    assert_eq!(bucket_place("test-2026", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), 5_134);
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
