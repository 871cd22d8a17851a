//! Journeys tried with a virtual clock, what came of them, and what they may name.

use crate::world::World;
use serde_json::{Value, json};

fn template(subject: &str) -> Value {
    json!({
        "channel": "email", "purpose": "marketing", "subject": subject,
        "body": { "kind": "html", "source": "<p>{{ customer.name | default: 'bạn' }}</p>" },
    })
}

fn definition() -> Value {
    json!({
        "schema": 1, "name": "Giỏ hàng", "trigger": { "type": "event", "event": "Cart Abandoned" },
        "goal": { "event": "Order Completed", "within": "5d" },
        "start": "first",
        "nodes": {
            "first": { "type": "send", "channel": "email", "template": "hello", "next": "wait" },
            "wait": { "type": "wait_for", "any_of": [{ "event": "Email Link Clicked" }], "timeout": "1d",
                      "on_timeout": "second" },
            "second": { "type": "send", "channel": "email", "template": "again", "next": "third" },
            "third": { "type": "send", "channel": "sms", "template": "sms", "next": "hook" },
            "hook": { "type": "webhook", "url": "https://crm.example.com/x" },
        },
    })
}

async fn with_templates(world: &World) {
    world.write("PUT", "/templates/hello", template("Chào {{ customer.email }}")).await;
    world.write("PUT", "/templates/again", template("Mã {{ customer.voucher }}")).await;
    let sms = json!({ "channel": "sms", "purpose": "marketing", "subject": "",
                      "body": { "kind": "text", "source": "Quay lai nhe" } });
    world.write("PUT", "/templates/sms", sms).await;
}

/// The lines of a kind, each as a few words.
fn lines(timeline: &Value, kind: &str) -> Vec<String> {
    let all = timeline["lines"].as_array().unwrap().iter().filter(|line| line["kind"] == kind);
    let told = all.map(|line| {
        let at = line["at"].as_str().unwrap().to_owned();
        let message = &line["message"];
        match message["verdict"].as_str() {
            None => format!("{at} {}", line["text"].as_str().unwrap()),
            Some(verdict) => {
                let why = message["reason"].as_str().unwrap_or_default();
                let subject = message["subject"].as_str().unwrap_or_default();
                format!("{at} {} {verdict} {why} {subject}", message["template"].as_str().unwrap())
            }
        }
    });
    told.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_tried_on_a_made_up_person_and_nothing_is_written() {
    let world = World::new();
    with_templates(&world).await;
    world.write("PUT", "/journeys/cart", definition()).await;
    let before = world.dump();
    let asked = json!({
        "profile": { "email": "an@example.com", "phone": "0901234567", "attributes": { "name": "An" } },
        "start_at": "2026-03-02T22:30", "properties": { "cart_id": "c" }, "horizon": "10d",
    });
    let told = world.call("POST", "/journeys/cart/dry-run", asked.clone()).await;
    assert_eq!(told.status, 200, "{}", told.json());
    let told = told.json();
    // The second lacks a value, the text message waits for the morning.
    assert_eq!(
        lines(&told, "message"),
        [
            "2026-03-02T15:30:00.000Z hello sent Chào an@example.com",
            "2026-03-03T15:30:00.000Z again refused value_missing Mã",
            "2026-03-03T15:30:00.000Z sms waits outside_hours",
            "2026-03-04T00:00:00.000Z sms sent",
        ]
    );
    assert_eq!(lines(&told, "webhook"), ["2026-03-03T15:30:00.000Z would call https://crm.example.com/x"]);
    assert_eq!(told["cut"], false);
    // Who orders in the meantime reaches the goal.
    let mut with_script = asked.clone();
    with_script["script"] = json!([
        { "after": "2h", "message": "opened" },
        { "after": "3h", "event": "Order Completed", "properties": { "order_id": "o", "total": 5 } },
    ]);
    let told = world.call("POST", "/journeys/cart/dry-run", with_script).await.json();
    let steps = lines(&told, "step");
    assert_eq!(
        steps.last().unwrap(),
        "2026-03-02T18:30:00.000Z reached the goal Order Completed",
        "{steps:?}"
    );
    // Who has not agreed gets nothing; a draft that is not stored is tried as well.
    let mut draft = asked.clone();
    draft["definition"] = definition();
    draft["profile"]["consents"] = json!([]);
    let told = world.call("POST", "/journeys/dry-run", draft).await.json();
    let messages = lines(&told, "message");
    assert!(messages.iter().all(|line| line.contains("refused no_consent")), "{messages:?}");
    assert_eq!(before, world.dump(), "a dry run wrote something");

    for (path, body, code) in [
        ("/journeys/dry-run", asked.clone(), "invalid_field"),
        ("/journeys/cart/dry-run", json!({}), "invalid_field"),
        ("/journeys/cart/dry-run", json!({ "profile": {}, "horizon": "500d" }), "invalid_field"),
        ("/journeys/cart/dry-run", json!({ "profile": {}, "script": [{ "after": "1h" }] }), "invalid_field"),
        ("/journeys/cart/dry-run", json!({ "profile": { "email": "x" } }), "invalid_field"),
    ] {
        world.refused("POST", path, body, 422, code).await;
    }
    world.refused("POST", "/journeys/none/dry-run", json!({ "profile": {} }), 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_tells_who_came_how_far_and_what_followed() {
    let mut world = World::new();
    with_templates(&world).await;
    world.customer("an").await;
    let mut journey = definition();
    journey["trigger"]["event"] = json!("Signed Up");
    world.write("PUT", "/journeys/cart", journey).await;
    world.write("POST", "/journeys/cart/publish", Value::Null).await;
    for name in ["an", "binh"] {
        let told = json!({ "event": "Signed Up", "userId": name });
        assert_eq!(world.track("track", told).await.status, 200);
    }
    world.settle().await;
    let outgoing = world.deliver();
    assert_eq!(outgoing.len(), 1, "the other has no address");
    world.advance_ms(kit::HOUR_MS);
    let order = json!({ "event": "Order Completed", "userId": "an", "properties": { "order_id": "o", "total": 250000 } });
    assert_eq!(world.track("track", order).await.status, 200);
    world.settle().await;
    let report = world.get("/journeys/cart/report").await;
    let total = |key: &str| report[key].as_i64().unwrap();
    let told = ["entered", "active", "goal_reached", "completed", "exited", "failed"].map(total);
    assert_eq!(told, [2, 1, 1, 0, 0, 0], "{report}");
    let nodes: Vec<(&str, i64, i64)> = report["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| {
            (
                node["node"].as_str().unwrap(),
                node["visits"].as_i64().unwrap(),
                node["active"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(nodes, [("first", 2, 0), ("wait", 2, 1), ("second", 0, 0), ("third", 0, 0), ("hook", 0, 0)]);
    let first = &report["nodes"][0]["messages"];
    assert_eq!(
        (&first["asked"], &first["sent"], &first["refused"]["no_address"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let revenue = &report["revenue"];
    assert_eq!(
        (&revenue["days"], &revenue["by_currency"]),
        (&json!(5.0), &json!([{ "currency": "VND", "orders": 1, "buyers": 1, "revenue": 250000.0 }]))
    );
    world.refused("GET", "/journeys/cart/report?version=7", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_journey_names_has_to_be_there() {
    let world = World::new();
    with_templates(&world).await;
    let mut journey = definition();
    journey["trigger"] = json!({ "type": "segment", "segment": "vip" });
    journey["nodes"]["hook"] = json!({ "type": "start_journey", "journey": "gift" });
    world.write("PUT", "/journeys/cart", journey.clone()).await;
    let problem =
        world.refused("POST", "/journeys/cart/publish", Value::Null, 422, "journey_incomplete").await;
    let named: Vec<&Value> = problem["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| if problem["segment"].is_null() { &problem["journey"] } else { &problem["segment"] })
        .collect();
    assert_eq!(named, [&json!("vip"), &json!("gift")], "{problem}");
    // The other journey has to be one that calls start.
    let gift = |trigger: Value| {
        json!({ "schema": 1, "name": "Quà", "trigger": trigger, "start": "x",
                                        "nodes": { "x": { "type": "add_tag", "tag": "gift" } } })
    };
    world.write("PUT", "/journeys/gift", gift(json!({ "type": "event", "event": "x" }))).await;
    journey["trigger"] = json!({ "type": "event", "event": "x" });
    world.write("PUT", "/journeys/cart", journey.clone()).await;
    let problem =
        world.refused("POST", "/journeys/cart/publish", Value::Null, 422, "journey_incomplete").await;
    assert_eq!(problem["problems"].as_array().unwrap().len(), 1, "{problem}");
    world.write("PUT", "/journeys/gift", gift(json!({ "type": "api" }))).await;
    assert_eq!(world.write("POST", "/journeys/cart/publish", Value::Null).await["status"], "active");
    let refused = gift(json!({ "type": "points" }));
    let problem = world.refused("PUT", "/journeys/club", refused, 422, "invalid_definition").await;
    assert!(problem["problems"][0]["message"].as_str().unwrap().contains("loyalty points"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_canvas_stands_beside_the_versions() {
    let world = World::new();
    with_templates(&world).await;
    world.write("PUT", "/journeys/cart", definition()).await;
    let canvas = world.get("/journeys/cart/canvas").await;
    assert_eq!((&canvas["revision"], &canvas["draft"]), (&json!(0), &Value::Null));
    let note = json!({ "id": "n1", "x": 1.5, "y": -20, "width": 200, "height": 120, "text": "Hỏi lại chị Lan", "colour": "yellow" });
    let mut told = json!({
        "revision": 0, "draft": { "schema": 1, "name": "" },
        "canvas": { "free": true, "places": { "first": { "x": 10, "y": 20 } }, "notes": [note] },
    });
    let stored = world.write("PUT", "/journeys/cart/canvas", told.clone()).await;
    assert_eq!(stored["revision"], 1);
    assert_eq!(stored["canvas"]["notes"][0]["text"], "Hỏi lại chị Lan");
    assert_eq!(stored["draft"]["name"], "");
    assert_eq!(world.get("/journeys/cart").await["latest"], 1, "a draft is no version");
    // Who was slower is told so, and nothing is written over.
    world.refused("PUT", "/journeys/cart/canvas", told.clone(), 409, "canvas_changed").await;
    told["revision"] = json!(1);
    told["draft"] = Value::Null;
    assert_eq!(world.write("PUT", "/journeys/cart/canvas", told.clone()).await["revision"], 2);
    told["revision"] = json!(2);
    for (place, value) in [
        ("/canvas/notes/0/colour", json!("plaid")),
        ("/canvas/notes/0/width", json!(1)),
        ("/canvas/notes/0/text", json!("x".repeat(2_001))),
        ("/canvas/places/first/x", json!(1e12)),
    ] {
        let mut wrong = told.clone();
        *wrong.pointer_mut(place).unwrap() = value;
        world.refused("PUT", "/journeys/cart/canvas", wrong, 422, "invalid_field").await;
    }
    world.refused("GET", "/journeys/none/canvas", Value::Null, 404, "not_found").await;
    world.write("POST", "/journeys/cart/archive", Value::Null).await;
    world.refused("PUT", "/journeys/cart/canvas", told, 409, "journey_archived").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_checked_at_its_places_and_versions_are_listed() {
    let world = World::new();
    with_templates(&world).await;
    let checked = async |definition: Value| -> Vec<String> {
        let told = world.write("POST", "/journeys/check", json!({ "definition": definition })).await;
        let problems = told["problems"].as_array().unwrap().iter();
        let text = |problem: &Value, key: &str| problem[key].as_str().unwrap().to_owned();
        problems.map(|problem| format!("{} {}", text(problem, "path"), text(problem, "code"))).collect()
    };
    assert_eq!(checked(definition()).await, Vec::<String>::new());
    let mut draft = definition();
    draft["nodes"]["second"]["template"] = json!("none");
    draft["nodes"]["third"]["template"] = json!("hello");
    draft["trigger"] = json!({ "type": "segment", "segment": "vip" });
    draft["nodes"]["hook"] = json!({ "type": "start_journey", "journey": "gift" });
    let told = checked(draft.clone()).await;
    assert_eq!(
        told,
        [
            "nodes.second.template template.missing",
            "nodes.third.template template.channel",
            "trigger.segment segment.missing",
            "nodes.hook.journey journey.missing",
        ]
    );
    draft["nodes"]["wait"]["timeout"] = json!("0s");
    assert_eq!(checked(draft).await, ["nodes.wait.timeout duration.range"]);

    world.write("PUT", "/journeys/cart", definition()).await;
    world.write("POST", "/journeys/cart/publish", Value::Null).await;
    let mut next = definition();
    next["name"] = json!("Giỏ hàng 2");
    world.write("PUT", "/journeys/cart", next).await;
    let versions = world.get("/journeys/cart/versions?limit=1").await;
    assert_eq!(
        (&versions["items"][0]["version"], &versions["items"][0]["published"]),
        (&json!(2), &json!(false))
    );
    let cursor = versions["next"].as_str().unwrap();
    let rest = world.get(&format!("/journeys/cart/versions?limit=1&cursor={cursor}")).await;
    assert_eq!((&rest["items"][0]["version"], &rest["items"][0]["published"]), (&json!(1), &json!(true)));
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_has_the_runs_that_began_in_it() {
    let mut world = World::new();
    with_templates(&world).await;
    world.customer("an").await;
    let mut journey = definition();
    journey["trigger"]["event"] = json!("Signed Up");
    world.write("PUT", "/journeys/cart", journey).await;
    world.write("POST", "/journeys/cart/publish", Value::Null).await;
    for name in ["an", "binh"] {
        assert_eq!(world.track("track", json!({ "event": "Signed Up", "userId": name })).await.status, 200);
    }
    world.settle().await;
    world.deliver();
    world.advance_ms(kit::HOUR_MS);
    let order = json!({ "event": "Order Completed", "userId": "an", "properties": { "order_id": "o", "total": 250000 } });
    assert_eq!(world.track("track", order).await.status, 200);
    world.settle().await;
    let report = world.get("/journeys/cart/report?from=2026-01-01T00:00:00Z").await;
    let total = |key: &str| report[key].as_i64().unwrap();
    assert_eq!(["entered", "active", "goal_reached"].map(total), [2, 1, 1], "{report}");
    let wait = &report["nodes"][1];
    assert_eq!(
        (&wait["visits"], &wait["active"], &wait["ended"]),
        (&json!(2), &json!(1), &json!({ "goal_reached": 1 }))
    );
    assert_eq!(report["nodes"][0]["messages"]["sent"], 1);
    assert_eq!(report["revenue"]["by_currency"][0]["orders"], 1);
    let later = world.get("/journeys/cart/report?from=2030-01-01T00:00:00Z&to=2031-01-01T00:00:00Z").await;
    assert_eq!((&later["entered"], &later["revenue"]["by_currency"]), (&json!(0), &json!([])));
    world.refused("GET", "/journeys/cart/report?from=soon", Value::Null, 422, "invalid_field").await;

    let here = world.get("/journeys/cart/runs?node=wait&state=active").await;
    assert_eq!(here["items"].as_array().unwrap().len(), 1, "{here}");
    assert_eq!(world.get("/journeys/cart/runs?node=second").await["items"], json!([]));
    let over = world.get("/journeys/cart/runs?state=goal_reached").await;
    assert!(over["items"][0]["person"].is_string(), "{over}");
    world.refused("GET", "/journeys/cart/runs?state=lost", Value::Null, 422, "invalid_field").await;

    let numbers = world.get("/journeys/numbers").await;
    let cart = &numbers["items"][0];
    assert_eq!(
        (&cart["entered"], &cart["active"], &cart["goal_reached"], &cart["goal_rate"]),
        (&json!(2), &json!(1), &json!(1), &json!(1.0))
    );
    assert_eq!(cart["revenue"][0]["minor"], 250_000);
}
