//! Templates, journeys, runs, messages, channels and settings.

use crate::world::World;
use serde_json::{Value, json};

fn mail(subject: &str, inside: &str) -> Value {
    let source =
        format!("<mjml><mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>");
    json!({ "name": "Chào", "subject": subject, "body": { "mjml": source } })
}

fn hello() -> Value {
    mail(
        "Chào {{ customer.given_name }}",
        "<mj-text>Đơn {{ event.properties.order_id | default: 'mới' }}</mj-text>",
    )
}

fn journey(trigger: Value) -> Value {
    json!({
        "schema": 1, "name": "Chào khách", "trigger": trigger, "start": "wait",
        "nodes": {
            "wait": { "type": "delay", "for": "1h", "next": "send" },
            "send": { "type": "send", "channel": "email", "template": "hello" },
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_compiled_when_they_are_saved() {
    let world = World::new();
    let made = world.write("PUT", "/templates/hello", hello()).await;
    assert_eq!(
        (&made["id"], &made["version"], &made["channel"]),
        (&json!("hello"), &json!(1), &json!("email"))
    );
    assert_eq!((&made["body"]["kind"], &made["purpose"]), (&json!("mjml"), &json!("marketing")));
    assert!(made["variables"].as_array().unwrap().contains(&json!("customer.given_name")));
    assert_eq!(
        world.write("PUT", "/templates/hello", hello()).await["version"],
        1,
        "the same again is no version"
    );
    let other = mail("Xin chào", "<mj-text>x</mj-text>");
    assert_eq!(world.write("PUT", "/templates/hello", other).await["version"], 2);
    let mut spelled = hello();
    spelled["body"] = json!({ "kind": "html", "source": "<p>x</p>" });
    spelled["name"] = json!("Giỏ hàng bị bỏ quên!");
    assert_eq!(world.write("POST", "/templates", spelled.clone()).await["id"], "gio-hang-bi-bo-quen");
    world.refused("POST", "/templates", spelled, 409, "exists_already").await;
    let sms = json!({ "channel": "sms", "purpose": "transactional", "body": { "text": "Chào {{ customer.name }}" } });
    assert_eq!(world.write("PUT", "/templates/sms", sms).await["purpose"], "transactional");
    assert_eq!(world.get("/templates").await["items"].as_array().unwrap().len(), 3);
    let problem = world
        .refused("PUT", "/templates/bad", mail("x", "<mj-text>\n{% if %}</mj-text>"), 422, "invalid_template")
        .await;
    assert_eq!(
        (&problem["problems"][0]["place"], &problem["problems"][0]["line"]),
        (&json!("body"), &json!(2))
    );
    for (id, wrong, code) in [
        ("x", json!({ "body": { "mjml": 7 } }), "invalid_field"),
        ("x", json!({ "body": "text" }), "invalid_field"),
        ("x", json!({ "body": { "text": "x" }, "colour": "red" }), "invalid_body"),
        ("x", json!({ "body": { "html": "x" }, "channel": "sms" }), "invalid_field"),
        ("x", json!({ "body": { "text": "x" }, "channel": "fax" }), "invalid_field"),
        ("x%20y", json!({ "body": { "text": "x" } }), "invalid_field"),
    ] {
        world.refused("PUT", &format!("/templates/{id}"), wrong, 422, code).await;
    }
    world.refused("GET", "/templates/none", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_what_a_person_would_get_and_lack() {
    let world = World::new();
    let id = world.customer("an").await;
    world.write("PUT", "/templates/hello", hello()).await;
    let event = json!({ "properties": { "order_id": "DH-7" } });
    let told = json!({ "profile_id": id, "event": event });
    let shown = world.write("POST", "/templates/hello/preview", told).await;
    assert_eq!((&shown["subject"], &shown["missing"]), (&json!("Chào An"), &json!([])));
    assert!(shown["html"].as_str().unwrap().contains("Đơn DH-7"));
    assert!(shown["text"].as_str().unwrap().contains("Đơn DH-7"));
    let draft = json!({ "template": mail("{{ customer.nick }}", "<mj-text>x</mj-text>"), "identifier": "user_id:an" });
    let shown = world.write("POST", "/templates/preview", draft).await;
    assert_eq!(shown["missing"], json!(["customer.nick"]));
    let bomb = mail("x", "<mj-text>{% for i in (1..2000000000) %}x{% endfor %}</mj-text>");
    let answer =
        world.call("POST", "/templates/preview", json!({ "template": bomb, "profile_id": id })).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    world.refused("POST", "/templates/hello/preview", json!({}), 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_passes_the_gate_and_is_explained() {
    let mut world = World::new();
    let id = world.customer("an").await;
    world.write("PUT", "/templates/hello", hello()).await;
    let told =
        json!({ "profile_id": id, "template": "hello", "properties": { "order_id": "DH-1" }, "key": "once" });
    let queued = world.write("POST", "/messages", told.clone()).await;
    assert_eq!(
        (&queued["state"], &queued["origin"], &queued["template"]),
        (&json!("queued"), &json!("api"), &json!("hello"))
    );
    assert_eq!(world.write("POST", "/messages", told).await["id"], queued["id"], "a key is one message");
    let stranger =
        world.write("POST", "/profiles", json!({ "identifiers": ["email:la@mail.example"] })).await;
    let told = json!({ "profile_id": stranger["id"], "template": "hello" });
    let refused = world.write("POST", "/messages", told).await;
    assert_eq!(world.deliver().len(), 1);
    let sent = world.get(&format!("/messages/{}", queued["id"].as_str().unwrap())).await;
    assert_eq!(
        (&sent["state"], &sent["address"], &sent["attempts"]),
        (&json!("sent"), &json!("an@mail.example"), &json!(1))
    );
    assert_eq!((&sent["body"]["subject"], &sent["due_at"]), (&json!("Chào An"), &Value::Null));
    assert_eq!(sent["responses"]["opens"], 0);
    assert!(sent["log"].as_array().unwrap().iter().any(|line| line["what"] == "accepted"));
    let refused = world.get(&format!("/messages/{}", refused["id"].as_str().unwrap())).await;
    assert_eq!(
        (&refused["state"], &refused["reason"], &refused["body"]),
        (&json!("refused"), &json!("no_consent"), &Value::Null)
    );
    assert_eq!(world.get("/messages?state=sent&channel=email").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.get("/messages?state=queued").await["items"], json!([]));
    let own = world.get(&format!("/profiles/{id}/messages")).await;
    assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["id"]), (1, &queued["id"]));
    let wrong = json!({ "profile_id": id, "template": "none" });
    world.refused("POST", "/messages", wrong, 422, "invalid_field").await;
    world.refused("GET", "/messages/none", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_to_the_address_given() {
    let mut world = World::new();
    world.customer("an").await;
    world.write("PUT", "/templates/hello", hello()).await;
    let told = json!({ "to": "Me@Shop.example", "identifier": "user_id:an" });
    assert_eq!(world.write("POST", "/templates/hello/test", told).await["origin"], "test");
    let outgoing = world.deliver();
    assert_eq!(outgoing[0].delivery.to, "me@shop.example");
    let wrong = json!({ "to": "nobody", "identifier": "user_id:an" });
    world.refused("POST", "/templates/hello/test", wrong, 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_is_written_published_run_paused_and_resumed() {
    let mut world = World::new();
    let id = world.customer("an").await;
    let by_event = journey(json!({ "type": "event", "event": "Signed Up" }));
    let made = world.write("PUT", "/journeys/welcome", by_event.clone()).await;
    assert_eq!(
        (&made["status"], &made["latest"], &made["published"]),
        (&json!("draft"), &json!(1), &Value::Null)
    );
    let journey_id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(world.write("PUT", "/journeys/welcome", json!({ "definition": by_event })).await["latest"], 1);
    let problem =
        world.refused("POST", "/journeys/welcome/publish", Value::Null, 422, "journey_incomplete").await;
    assert_eq!(problem["problems"][0]["template"], "hello");
    world.write("PUT", "/templates/hello", hello()).await;
    let published = world.write("POST", &format!("/journeys/{journey_id}/publish"), Value::Null).await;
    assert_eq!((&published["status"], &published["published"]), (&json!("active"), &json!(1)));

    assert_eq!(world.track("track", json!({ "event": "Signed Up", "userId": "an" })).await.status, 200);
    world.settle().await;
    let runs = world.get("/journeys/welcome/runs").await;
    let run = &runs["items"][0];
    assert_eq!(
        (&run["state"], &run["node"], run["profile_id"].as_str()),
        (&json!("active"), &json!("wait"), Some(&*id))
    );
    let run_path = format!("/runs/{}", run["id"].as_str().unwrap());
    let log = world.get(&run_path).await["log"].clone();
    assert!(log[0]["text"].as_str().unwrap().starts_with("started by"), "{log}");
    assert_eq!(world.get(&format!("/profiles/{id}/runs")).await["items"][0]["id"], run["id"]);

    assert_eq!(world.write("POST", "/journeys/welcome/pause", Value::Null).await["status"], "paused");
    world.advance_ms(2 * kit::HOUR_MS);
    world.settle().await;
    assert_eq!(world.get(&run_path).await["due_at"], Value::Null, "it stands still");
    world.refused("POST", "/journeys/welcome/publish", Value::Null, 409, "journey_not_publishable").await;
    let listed = world.get("/messages?journey_id=welcome").await;
    assert_eq!(listed["items"], json!([]), "nothing was sent meanwhile");
    assert_eq!(world.write("POST", "/journeys/welcome/resume", Value::Null).await["status"], "active");
    world.settle().await;
    world.settle().await;
    let ended = world.get(&run_path).await;
    assert_eq!(ended["state"], "completed", "{ended}");
    assert_eq!(world.deliver().len(), 1);
    let counts = world.get("/journeys/welcome/counts").await;
    let sends =
        counts["items"].as_array().unwrap().iter().find(|row| row["code"] == "send.asked").unwrap().clone();
    assert_eq!((&sends["node"], &sends["count"]), (&json!("send"), &json!(1)));

    let mut second = by_event_with("Chào lần hai");
    assert_eq!(world.write("PUT", "/journeys/welcome", second.clone()).await["latest"], 2);
    assert_eq!(world.get("/journeys/welcome/versions/1").await["definition"]["name"], "Chào khách");
    world.refused("GET", "/journeys/welcome/versions/9", Value::Null, 404, "not_found").await;
    second["nodes"]["wait"]["next"] = json!("nowhere");
    let problem = world.refused("PUT", "/journeys/welcome", second, 422, "invalid_definition").await;
    assert!(problem["problems"][0]["path"].as_str().unwrap().starts_with("nodes.wait"), "{problem}");
    world
        .refused("PUT", "/journeys/Bad%20Word", journey(json!({ "type": "api" })), 422, "invalid_field")
        .await;
    world.refused("GET", "/journeys/none", Value::Null, 404, "not_found").await;
}

fn by_event_with(name: &str) -> Value {
    let mut definition = journey(json!({ "type": "event", "event": "Signed Up" }));
    definition["name"] = json!(name);
    definition
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_is_started_by_a_call_and_stopped() {
    let world = World::new();
    let id = world.customer("an").await;
    world.write("PUT", "/templates/hello", hello()).await;
    let made = world.write("POST", "/journeys", journey(json!({ "type": "api" }))).await;
    let path = format!("/journeys/{}", made["id"].as_str().unwrap());
    let told = json!({ "profile_id": id, "properties": { "order_id": "DH-9" }, "key": "call-1" });
    world.refused("POST", &format!("{path}/trigger"), told.clone(), 409, "journey_not_active").await;
    world.write("POST", &format!("{path}/publish"), Value::Null).await;
    let started = world.write("POST", &format!("{path}/trigger"), told.clone()).await;
    assert_eq!((&started["started"], &started["run"]["state"]), (&json!(true), &json!("active")));
    assert_eq!(world.write("POST", &format!("{path}/trigger"), told).await["started"], false);
    let run = format!("/runs/{}", started["run"]["id"].as_str().unwrap());
    let stopped = world.write("POST", &format!("{run}/stop"), json!({ "reason": "customer called" })).await;
    assert_eq!((&stopped["state"], &stopped["reason"]), (&json!("exited"), &json!("customer called")));

    let other = world.customer("binh").await;
    let started = world.write("POST", &format!("{path}/trigger"), json!({ "profile_id": other })).await;
    let archived = world.write("POST", &format!("{path}/archive"), Value::Null).await;
    assert_eq!((&archived["status"], &archived["active_runs"]), (&json!("archived"), &json!(0)));
    let run = world.get(&format!("/runs/{}", started["run"]["id"].as_str().unwrap())).await;
    assert_eq!(run["reason"], "journey_archived");
    world.refused("PUT", &path, journey(json!({ "type": "api" })), 409, "journey_archived").await;
    world.write("PUT", "/journeys/by-event", by_event_with("x")).await;
    world.write("POST", "/journeys/by-event/publish", Value::Null).await;
    let told = json!({ "profile_id": other });
    world.refused("POST", "/journeys/by-event/trigger", told, 409, "trigger_is_not_api").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_takes_secrets_in_and_never_out() {
    let world = World::new();
    world.refused("PUT", "/channels/email", json!({ "provider": "smtp" }), 422, "invalid_channel").await;
    world.refused("POST", "/channels/email/check", Value::Null, 409, "channel_not_set_up").await;
    let told = json!({ "provider": "smtp", "host": "mail.example", "password": "geheim", "enabled": false });
    let set = world.write("PUT", "/channels/email", told).await;
    assert_eq!(
        (&set["host"], &set["enabled"], set.get("password")),
        (&json!("mail.example"), &json!(false), None)
    );
    world.write("PUT", "/channels/email", json!({ "provider": "smtp", "host": "other.example" })).await;
    let checked = world.write("POST", "/channels/email/check", Value::Null).await;
    assert_eq!(
        checked,
        json!({ "ok": true, "detail": "6 bytes of a password" }),
        "the secret left out stays"
    );
    let listed = world.get("/channels").await;
    assert_eq!(
        (listed["items"].as_array().unwrap().len(), &listed["items"][1]["is_set_up"]),
        (6, &json!(false))
    );
    assert!(!listed.to_string().contains("geheim"));
    world.refused("GET", "/channels/fax", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_patched_and_checked() {
    let world = World::new();
    let changed = json!({ "shop": { "name": "Áo dài Hạnh" }, "allow_private_networks": true });
    let settings = world.write("PATCH", "/settings", changed).await;
    assert_eq!((&settings["shop"]["name"], &settings["currency"]), (&json!("Áo dài Hạnh"), &json!("VND")));
    let back = world.write("PATCH", "/settings", json!({ "allow_private_networks": null })).await;
    assert_eq!(
        (&back["allow_private_networks"], &back["shop"]["name"]),
        (&json!(false), &json!("Áo dài Hạnh"))
    );
    for wrong in [
        json!({ "currency": "đồng" }),
        json!({ "colour": "red" }),
        json!({ "time_zone": 7 }),
        json!({ "policy": { "caps": [] } }),
    ] {
        world.refused("PATCH", "/settings", wrong, 422, "invalid_settings").await;
    }
    assert_eq!(world.get("/settings").await, back);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_hears_of_what_happened_while_its_journey_stood_still() {
    let world = World::new();
    world.customer("an").await;
    let mut definition = json!({
        "schema": 1, "name": "Chờ mua", "trigger": { "type": "event", "event": "Signed Up" }, "start": "wait",
        "nodes": {
            "wait": { "type": "wait_for", "event": "Order Completed", "timeout": "7d", "on_event": "bought" },
            "bought": { "type": "exit", "reason": "bought" },
        },
    });
    world.write("PUT", "/journeys/wait", definition.clone()).await;
    world.write("POST", "/journeys/wait/publish", Value::Null).await;
    world.track("track", json!({ "event": "Signed Up", "userId": "an" })).await;
    world.settle().await;
    world.advance_ms(1_000);
    world.write("POST", "/journeys/wait/pause", Value::Null).await;
    world.advance_ms(1_000);
    world
        .track(
            "track",
            json!({ "event": "Order Completed", "userId": "an", "properties": { "order_id": 1 } }),
        )
        .await;
    world.settle().await;
    let run = world.get("/journeys/wait/runs").await["items"][0].clone();
    assert_eq!((&run["state"], &run["waits_for"]), (&json!("active"), &json!("Order Completed")));
    world.advance_ms(1_000);
    // An edit meanwhile must not move the instant from which the run catches up.
    definition["name"] = json!("Chờ mua, bản hai");
    world.write("PUT", "/journeys/wait", definition).await;
    world.write("POST", "/journeys/wait/resume", Value::Null).await;
    world.settle().await;
    world.settle().await;
    let run = world.get(&format!("/runs/{}", run["id"].as_str().unwrap())).await;
    assert_eq!((&run["state"], &run["reason"]), (&json!("exited"), &json!("bought")), "{run}");
}
