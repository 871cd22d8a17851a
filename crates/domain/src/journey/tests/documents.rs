use crate::journey::{Definition, NODES_MAX, Node, Trigger};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn good() -> Value {
    json!({
        "schema": 1,
        "name": "cart",
        "trigger": { "type": "event", "event": "cart" },
        "entry": { "when": { "tag": "vip" } },
        "goal": { "event": "order" },
        "exit_when": [{ "event": "unsubscribe" }],
        "start": "a",
        "nodes": {
            "a": { "type": "delay", "for": "1h", "next": "b" },
            "b": { "type": "branch", "paths": [{ "when": { "tag": "x" }, "next": "c" }], "otherwise": "d" },
            "c": { "type": "send", "channel": "email", "template": "t", "next": "d" },
            "d": { "type": "exit" },
        },
    })
}

/// The document with `value` at a JSON pointer whose parent exists.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = good();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        object => object[key] = value,
    }
    document
}

#[test]
fn the_good_one_is_good() {
    let definition = Definition::from_value(&good()).unwrap();
    assert_eq!(Definition::parse(&serde_json::to_string(&definition).unwrap()), Ok(definition));
}

#[test]
fn every_mistake_has_its_place_and_code() {
    let check = |document: Value, expect: &[(&str, &str)]| {
        let problems = Definition::from_value(&document).expect_err(&format!("accepted: {document}"));
        let got: Vec<(&str, &str)> =
            problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect();
        assert_eq!(got, expect, "{problems:#?}");
    };
    let node = |node: Value, path: &str, code: &str| {
        let path = format!("nodes.c{path}");
        check(with("/nodes/c", node), &[(&path, code)]);
    };
    // The frame.
    check(json!([]), &[("", "json.type")]);
    check(
        json!({}),
        &[
            ("", "json.missing_key"),
            ("", "json.missing_key"),
            ("", "json.missing_key"),
            ("", "json.missing_key"),
            ("", "json.missing_key"),
        ],
    );
    check(with("/schema", json!(2)), &[("schema", "schema.unknown")]);
    check(with("/nmae", json!("x")), &[("nmae", "json.unknown_key")]);
    check(with("/name", json!(" ")), &[("name", "text.length")]);
    check(with("/name", json!("x".repeat(201))), &[("name", "text.length")]);
    check(with("/name", json!(7)), &[("name", "json.type")]);
    // Triggers.
    check(with("/trigger", json!({ "type": "moonrise" })), &[("trigger.type", "trigger.unknown")]);
    for kind in ["points", "predicted_date"] {
        check(with("/trigger", json!({ "type": kind })), &[("trigger.type", "json.not_yet")]);
    }
    let trigger = |trigger: Value, path: &str, code: &str| check(with("/trigger", trigger), &[(path, code)]);
    trigger(json!({ "type": "segment" }), "trigger", "json.type");
    trigger(json!({ "type": "segment", "segment": "" }), "trigger.segment", "text.length");
    trigger(
        json!({ "type": "segment", "segment": "a", "on": "left", "existing": true }),
        "trigger.existing",
        "trigger.existing",
    );
    trigger(
        json!({ "type": "anniversary", "attribute": "birthday", "at": "09:00", "offset": "-36h" }),
        "trigger.offset",
        "duration.range",
    );
    trigger(json!({ "type": "feast", "feast": "13-01", "at": "09:00" }), "trigger", "json.type");
    trigger(json!({ "type": "feast", "feast": "halloween", "at": "09:00" }), "trigger", "json.type");
    trigger(json!({ "type": "schedule", "every": "week", "at": "09:00" }), "trigger.on", "schedule.days");
    trigger(
        json!({ "type": "schedule", "every": "month", "at": "09:00", "on": ["mon"] }),
        "trigger.on",
        "schedule.days",
    );
    trigger(
        json!({ "type": "schedule", "every": "month", "at": "09:00", "on": 32 }),
        "trigger.on",
        "schedule.days",
    );
    trigger(
        json!({ "type": "schedule", "every": "day", "at": "09:00", "on": "mon" }),
        "trigger.on",
        "schedule.days",
    );
    trigger(json!({ "type": "schedule", "every": "day", "at": [] }), "trigger.at", "schedule.times");
    trigger(
        json!({ "type": "schedule", "every": "day", "at": "09:00", "months": [13] }),
        "trigger.months",
        "schedule.months",
    );
    trigger(
        json!({ "type": "threshold", "attribute": "orders.count", "crosses": "5" }),
        "trigger",
        "json.type",
    );
    trigger(json!({ "type": "journey", "journey": "a", "on": "failed" }), "trigger", "json.type");
    trigger(json!({ "type": "message", "did": "sent" }), "trigger", "json.type");
    trigger(json!({ "type": "form", "form": " " }), "trigger.form", "text.length");
    check(with("/trigger", json!("signup")), &[("trigger.type", "trigger.unknown")]);
    check(with("/trigger", json!({ "type": "event" })), &[("trigger", "json.type")]);
    check(
        with(
            "/trigger/where",
            json!([{ "property": "a", "op": "eq", "value": { "from": "event.properties.b" } }]),
        ),
        &[("trigger.where.0.value", "condition.reference")],
    );
    check(
        with("/trigger", json!({ "type": "date", "attribute": "birthday", "at": "9:00" })),
        &[("trigger", "json.type")],
    );
    check(
        with("/trigger", json!({ "type": "date", "attribute": "birthday", "at": "09:00", "offset": "2h" })),
        &[("trigger.offset", "duration.range")],
    );
    // Entry, goal, exits.
    check(with("/entry/max_runs_at_once", json!(2)), &[("entry.max_runs_at_once", "entry.range")]);
    check(with("/entry/cooldown", json!("0s")), &[("entry.cooldown", "duration.range")]);
    check(with("/entry/cooldown", json!("401d")), &[("entry", "json.type")]);
    check(
        with("/entry/when", json!({ "seen": { "event": "x" } })),
        &[("entry.when.seen", "condition.scope")],
    );
    check(with("/entry/reentry", json!("never")), &[("entry", "json.type")]);
    check(with("/goal/within", json!("0s")), &[("goal.within", "duration.range")]);
    check(with("/goal/event", json!("")), &[("goal.event", "text.length")]);
    check(with("/exit_when/0", json!({})), &[("exit_when.0", "exit.empty")]);
    check(
        with(
            "/exit_when/0",
            json!({ "when": { "tag": "x" }, "where": [{ "property": "a", "op": "exists" }] }),
        ),
        &[("exit_when.0.where", "exit.where")],
    );
    check(with("/exit_when", json!({ "event": "x" })), &[("exit_when", "json.type")]);
    // Conditions.
    let when = |condition: Value, path: &str, code: &str| {
        let path = format!("nodes.b.paths.0.when{path}");
        check(with("/nodes/b/paths/0/when", condition), &[(&path, code)]);
    };
    when(json!("vip"), "", "json.type");
    when(json!({}), "", "condition.kind");
    when(json!({ "tag": "x", "all": [] }), "", "condition.kind");
    when(json!({ "tag": 5 }), ".tag", "json.type");
    when(json!({ "tag": "" }), ".tag", "condition.text");
    when(json!({ "all": [] }), ".all", "condition.empty");
    when(json!({ "all": [{ "any": [{ "tag": "x" }, { "tgа": "y" }] }] }), ".all.0.any.1", "condition.kind");
    when(json!({ "attribute": "a", "op": "is", "value": 1 }), ".op", "condition.op");
    when(json!({ "attribute": "a", "op": "eq", "value": 1, "unit": "kg" }), ".unit", "json.unknown_key");
    when(json!({ "attribute": "a", "op": "eq" }), ".value", "condition.operand");
    when(json!({ "attribute": "a", "op": "exists", "value": 1 }), ".value", "condition.operand");
    when(json!({ "attribute": "a", "op": "gt", "value": "100" }), ".value", "condition.operand");
    when(json!({ "attribute": "a", "op": "in", "value": [] }), ".value", "condition.operand");
    when(json!({ "attribute": "a", "op": "in", "value": "x" }), ".value", "condition.operand");
    when(json!({ "attribute": "a", "op": "before", "value": "soon" }), ".value", "condition.operand");
    when(json!({ "attribute": "a", "op": "within_last", "value": 30 }), ".value", "condition.operand");
    when(json!({ "attribute": "a", "op": "eq", "value": { "x": 1 } }), ".value", "condition.operand");
    when(
        json!({ "attribute": "a", "op": "eq", "value": { "from": "order.id" } }),
        ".value",
        "condition.reference",
    );
    when(json!({ "event": {} }), ".event", "condition.empty");
    when(json!({ "seen": { "event": "x", "at_least": 0 } }), ".seen.at_least", "condition.operand");
    when(json!({ "seen": { "where": [] } }), ".seen", "json.missing_key");
    let mut deep = json!({ "tag": "x" });
    for _ in 0..8 {
        deep = json!({ "none": [deep] });
    }
    when(deep.clone(), &".none.0".repeat(8), "condition.too_deep");
    for _ in 0..40 {
        deep = json!({ "none": [deep] });
    }
    when(deep, &".none.0".repeat(33), "condition.too_deep");
    let wide: Vec<Value> = (0..200).map(|i| json!({ "tag": i.to_string() })).collect();
    when(json!({ "any": wide }), "", "condition.too_large");
    // Nodes.
    node(json!({ "type": "teleport" }), ".type", "node.unknown");
    node(json!({ "template": "t" }), ".type", "node.unknown");
    node(json!({ "type": "send", "channel": "email", "next": "d" }), "", "json.type");
    node(json!({ "type": "send", "channel": "pigeon", "template": "t" }), "", "json.type");
    node(json!({ "type": "send", "channel": "email", "template": "t", "nxt": "d" }), "", "json.type");
    node(json!({ "type": "send", "channel": "email", "template": "" }), ".template", "text.length");
    node(
        json!({ "type": "send", "channel": "email", "template": "t", "purpose": "ads" }),
        ".purpose",
        "send.purpose",
    );
    node(json!({ "type": "delay" }), "", "json.type");
    node(json!({ "type": "delay", "for": "1d", "until_time": "09:00" }), "", "json.type");
    node(json!({ "type": "delay", "for": "1d", "time": "09:00" }), "", "json.type");
    node(json!({ "type": "delay", "for": "-1d" }), "", "json.type");
    node(json!({ "type": "delay", "until_weekday": "mon" }), "", "json.type");
    node(json!({ "type": "delay", "until_time": "09:00", "offset": "1d" }), "", "json.type");
    node(json!({ "type": "wait_for", "event": "x" }), "", "json.type");
    node(json!({ "type": "wait_for", "event": "x", "timeout": "0s" }), ".timeout", "duration.range");
    node(json!({ "type": "branch", "paths": [] }), ".paths", "paths.count");
    node(json!({ "type": "split", "paths": [{ "weight": 1 }] }), ".paths", "paths.count");
    node(
        json!({ "type": "split", "paths": [{ "weight": 1 }, { "weight": 0 }] }),
        ".paths.1.weight",
        "split.weight",
    );
    node(json!({ "type": "split", "paths": [{ "weight": 1 }, { "weight": -1 }] }), "", "json.type");
    node(json!({ "type": "set_attribute", "name": "attributes.a", "value": 1 }), ".name", "attribute.name");
    node(
        json!({ "type": "set_attribute", "name": "a", "value": { "from": "x" } }),
        ".value",
        "condition.reference",
    );
    node(
        json!({ "type": "set_attribute", "name": "a", "value": "x".repeat(9_000) }),
        ".value",
        "text.length",
    );
    node(json!({ "type": "add_tag", "tag": "" }), ".tag", "text.length");
    node(json!({ "type": "webhook", "url": "ftp://x" }), ".url", "webhook.url");
    node(json!({ "type": "webhook", "url": "https://a b" }), ".url", "webhook.url");
    let headed = |name: &str, value: &str| json!({ "type": "webhook", "url": "https://x", "headers": { name: value } });
    node(headed("a b", "x"), ".headers.a b", "webhook.headers");
    node(headed("Host", "x"), ".headers.Host", "webhook.headers");
    node(headed("X-A", "x\r\ny"), ".headers.X-A", "webhook.headers");
    let notice = |to: Value, subject: &str| json!({ "type": "notify_staff", "to": to, "subject": subject, "message": "m" });
    node(notice(json!([]), "s"), ".to", "staff.count");
    node(notice(json!(["an"]), "s"), ".to.0", "staff.address");
    node(notice(json!(["an@example.com"]), "s\ns"), ".subject", "text.length");
    check(with("/nodes", json!({})), &[("nodes", "journey.empty")]);
    check(with("/nodes", json!([])), &[("nodes", "json.type")]);
    // The graph.
    check(with("/start", json!("z")), &[("start", "node.dangling")]);
    check(with("/nodes/c/next", json!("z")), &[("nodes.c.next", "node.dangling")]);
    check(with("/nodes/b/paths/0/next", json!("z")), &[("nodes.b.paths.0.next", "node.dangling")]);
    check(with("/nodes/e", json!({ "type": "exit" })), &[("nodes.e", "node.unreachable")]);
    check(
        with("/nodes/ê", json!({ "type": "exit" })),
        &[("nodes.ê", "node.id"), ("nodes.ê", "node.unreachable")],
    );
    node(json!({ "type": "send", "channel": "email", "template": "t", "next": "c" }), "", "node.cycle");
    check(with("/nodes/c/next", json!("b")), &[("nodes.b", "node.cycle")]);
    let every_day = |delay: Value| {
        let mut document = with("/nodes/d", delay);
        document["nodes"]["d"]["next"] = json!("b");
        document
    };
    check(every_day(json!({ "type": "delay", "until_time": "09:00" })), &[("nodes.b", "node.cycle")]);
    check(every_day(json!({ "type": "delay", "for": "59s" })), &[("nodes.b", "node.cycle")]);
    assert!(Definition::from_value(&every_day(json!({ "type": "delay", "for": "1m" }))).is_ok());
    // Two mistakes in two places are both told.
    let mut document = with("/nodes/c", json!({ "type": "teleport" }));
    document["trigger"] = json!({ "type": "moon" });
    check(document, &[("trigger.type", "trigger.unknown"), ("nodes.c.type", "node.unknown")]);
}

#[test]
fn long_chains_fit_into_one_step_or_are_refused() {
    let chain = |count: usize| {
        let nodes = (0..count).map(|i| {
            let next = if i + 1 < count { json!(format!("n{}", i + 1)) } else { json!(null) };
            (format!("n{i}"), json!({ "type": "add_tag", "tag": "x", "next": next }))
        });
        let nodes: serde_json::Map<String, Value> = nodes.collect();
        json!({ "schema": 1, "name": "chain", "trigger": { "type": "api" }, "start": "n0", "nodes": nodes })
    };
    let told = super::scenario::timeline(chain(99), "+0h an calls x");
    assert!(told.ends_with("+0h an n98: came to the end"), "{told}");
    for (count, place) in [(100, "nodes.n0"), (NODES_MAX + 1, "nodes")] {
        let problems = Definition::from_value(&chain(count)).unwrap_err();
        assert_eq!((problems[0].code, problems[0].path.as_str()), ("journey.too_large", place));
    }
    let large = " ".repeat(256 * 1024 + 1);
    assert_eq!(Definition::parse(&large).unwrap_err()[0].code, "journey.too_large");
    assert_eq!(Definition::parse("{").unwrap_err()[0].code, "json.syntax");
}

/// Every JSON block of the guide is a whole journey, and a good one; together they show everything there is.
#[test]
fn the_guide_is_right() {
    let guide = include_str!("../../../../../docs/journeys.md");
    let mut nodes = BTreeSet::new();
    let mut triggers = BTreeSet::new();
    let mut all = String::new();
    let blocks = guide.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut count = 0;
    for block in blocks {
        let definition = Definition::parse(block).unwrap_or_else(|problems| panic!("{block}\n{problems:#?}"));
        let again = serde_json::to_value(&definition).unwrap();
        assert_eq!(Definition::from_value(&again).as_ref(), Ok(&definition));
        nodes.extend(definition.nodes.values().map(Node::kind));
        triggers.insert(again["trigger"]["type"].as_str().unwrap().to_string());
        // As it is written: what is the default is not written again.
        all.push_str(&serde_json::from_str::<Value>(block).unwrap().to_string());
        count += 1;
    }
    assert!(count > 5, "{count} examples");
    assert_eq!(nodes, Node::KINDS.into_iter().collect());
    assert_eq!(triggers, Trigger::KINDS.into_iter().map(str::to_string).collect());
    let operators = crate::condition::Op::ALL.iter().map(|op| format!("\"op\":\"{}\"", op.name()));
    let keys = ["all", "any", "none", "tag", "event", "awaited", "seen", "attribute", "cooldown", "within"];
    let values = ["once", "when_not_running", "always", "continue", "exit", "marketing", "transactional"];
    let keys = keys.iter().map(|key| format!("\"{key}\":"));
    let values = values.iter().map(|value| format!("\"{value}\""));
    for shown in operators.chain(keys).chain(values) {
        assert!(all.contains(&shown), "the guide has no example of {shown}");
    }
}
