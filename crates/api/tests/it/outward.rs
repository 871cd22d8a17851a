//! Webhooks, sending domains, what was heard, what was set aside.

#![expect(clippy::disallowed_methods, reason = "work of other threads is looked for until a deadline")]

use crate::world::{NOW, OTHER_SHOP, SHOP, World};
use serde_json::{Value, json};
use store::Changeset;
use store::inbox::Arrival;

async fn make_hook(world: &World, told: Value) -> Value {
    let answer = world.call("POST", "/webhooks", told).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

fn hook() -> Value {
    json!({ "name": "Kho", "url": "https://kho.shop.vn/nhan", "topics": ["profile.created", "consent.changed"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_changed_paused_and_deleted() {
    let world = World::new();
    let made = make_hook(&world, hook()).await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    let held = world.get(&path).await;
    assert_eq!(held["name"], "Kho");
    assert!(held.get("secret").is_none(), "it is shown once");
    let told = json!({ "state": "paused", "topics": ["order.created"] });
    let changed = world.call("PATCH", &path, told).await.json();
    assert_eq!((&changed["state"], &changed["url"]), (&json!("paused"), &held["url"]));
    assert_eq!(changed["topics"], json!(["order.created"]));
    let rotated = world.call("POST", &format!("{path}/secret"), json!({})).await;
    assert_eq!(rotated.status, 200);
    assert_ne!(rotated.json()["secret"], made["secret"]);
    for (told, field) in [
        (json!({ "url": "ftp://x" }), "url"),
        (json!({ "url": "https://an:pw@x.vn" }), "url"),
        (json!({ "topics": [] }), "topics"),
        (json!({ "topics": ["all"] }), "topics"),
        (json!({ "state": "disabled" }), "state"),
    ] {
        let answer = world.call("PATCH", &path, told.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["problems"][0]["field"]),
            (422, &json!(field)),
            "{told}"
        );
    }
    assert_eq!(world.call("DELETE", &path, json!({})).await.status, 204);
    assert_eq!(world.call("GET", &path, json!({})).await.status, 404);
    for _ in 0..20 {
        make_hook(&world, hook()).await;
    }
    assert_eq!(world.call("POST", "/webhooks", hook()).await.code(), "too_many_webhooks");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_waits_for_the_webhook_and_history_does_not() {
    let world = World::new();
    let made = make_hook(&world, hook()).await;
    let id = made["id"].as_str().unwrap();
    let profile = world.customer("u1").await;
    let log = world.get(&format!("/webhooks/{id}/deliveries")).await;
    let told: Vec<Value> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| serde_json::from_str(row["body"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(told.len(), 2, "{log}");
    assert_eq!(
        (&told[0]["type"], &told[0]["data"]["profile_id"]),
        (&json!("consent.changed"), &json!(profile))
    );
    assert_eq!(
        (&told[1]["type"], &told[1]["data"]["profile_id"]),
        (&json!("profile.created"), &json!(profile))
    );
    assert!(!log.to_string().contains("Nguy") && !log.to_string().contains("mail.example"), "ids only");
    let row = &log["items"][0];
    assert_eq!((&row["state"], &row["attempts"]), (&json!("waiting"), &json!(0)));
    assert!(row["message_id"].as_str().unwrap().starts_with("msg_"));
    assert_eq!(world.get(&format!("/webhooks/{id}/deliveries?state=failed")).await["items"], json!([]));
    assert_eq!(
        world.call("GET", &format!("/webhooks/{id}/deliveries?state=lost"), json!({})).await.status,
        422
    );
    let one = format!("/webhooks/{id}/deliveries/{}", row["id"].as_str().unwrap());
    assert_eq!(world.get(&one).await["topic"], "consent.changed");
    assert_eq!(world.call("POST", &format!("{one}/resend"), json!({})).await.status, 202);
    assert_eq!(world.call("POST", &format!("/webhooks/{id}/test"), json!({})).await.status, 202);
    assert_eq!(world.get(&format!("/webhooks/{id}")).await["waiting"], 3);
    // Paused, it is told nothing; what happened before it was there is not told either.
    world.call("PATCH", &format!("/webhooks/{id}"), json!({ "state": "paused" })).await;
    world.customer("u2").await;
    assert_eq!(world.get(&format!("/webhooks/{id}")).await["waiting"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sending_domain_says_what_to_write_and_what_is_there() {
    let world = World::new();
    let answer =
        world.call("POST", "/domains", json!({ "domain": "Shop.VN.", "spf": "relay.example" })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = answer.json();
    assert_eq!(
        (&made["domain"], &made["state"], &made["spf"]),
        (&json!("shop.vn"), &json!("unchecked"), &json!("include:relay.example"))
    );
    let record = |view: &Value, purpose: &str| {
        view["records"].as_array().unwrap().iter().find(|one| one["purpose"] == purpose).unwrap().clone()
    };
    assert_eq!(record(&made, "dkim")["name"], "quaylai._domainkey.shop.vn");
    assert_eq!(record(&made, "dkim")["value"], "v=DKIM1; k=rsa; p=PUBLIC");
    assert_eq!(record(&made, "spf")["value"], "v=spf1 include:relay.example ~all");
    // The name server of the tests knows this domain: DKIM and SPF are right, two DMARC records are one too many.
    let checked = world.call("POST", "/domains/shop.vn/check", json!({})).await.json();
    let states: Vec<Value> = ["dkim", "spf", "dmarc", "return_path"]
        .iter()
        .map(|p| record(&checked, p)["state"].clone())
        .collect();
    assert_eq!(states, ["ok", "ok", "several", "unknown"]);
    assert_eq!(checked["state"], "incomplete");
    assert!(checked["checked_at"].is_string());
    assert_eq!(world.get("/domains/shop.vn").await["records"], checked["records"], "what was found is kept");
    let judged = |view: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        view["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(&one["code"]), text(&one["state"])))
            .collect()
    };
    let of = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(code, state)| ((*code).to_owned(), (*state).to_owned())).collect()
    };
    assert_eq!(judged(&checked), of(&[("from", "unchecked")]), "no channel yet");
    let channel = json!({ "provider": "smtp", "host": "relay", "from": { "address": "chao@shop.vn" }, "return_path": "b@relay.example" });
    world.write("PUT", "/channels/email", channel).await;
    let aligned = world.get("/domains/shop.vn").await;
    let expect = [
        ("one_click", "passed"),
        ("from", "passed"),
        ("dkim_alignment", "passed"),
        ("return_path_alignment", "warning"),
        ("dmarc", "failed"),
    ];
    assert_eq!(judged(&aligned), of(&expect));
    let dmarc = &aligned["checks"][4];
    assert_eq!(
        dmarc["record"],
        json!({ "kind": "TXT", "name": "_dmarc.shop.vn", "value": "v=DMARC1; p=none; rua=mailto:dmarc@shop.vn" })
    );
    assert!(dmarc["message"].as_str().unwrap().contains("keep one"), "{dmarc}");
    let changed = world.call("PATCH", "/domains/shop.vn", json!({ "spf": "mx" })).await.json();
    assert_eq!(
        (&changed["state"], &record(&changed, "spf")["value"]),
        (&json!("unchecked"), &json!("v=spf1 mx ~all"))
    );
    for (told, code) in [
        (json!({ "domain": "shop.vn" }), "domain_exists"),
        (json!({ "domain": "shop" }), "invalid_field"),
        (json!({ "domain": "a b.vn" }), "invalid_field"),
        (json!({ "domain": "x.vn", "selector": "a.b" }), "invalid_field"),
        (json!({ "domain": "y.vn", "private_key_pem": "no key" }), "invalid_field"),
    ] {
        let answer = world.call("POST", "/domains", told.clone()).await;
        if told["selector"] == "a.b" {
            assert_eq!(answer.status, 201, "labels may be several: {}", answer.text);
        } else {
            assert_eq!(answer.code(), code, "{told}");
        }
    }
    assert_eq!(world.call("DELETE", "/domains/shop.vn", json!({})).await.status, 204);
    assert_eq!(world.call("GET", "/domains/shop.vn", json!({})).await.status, 404);
    assert!(!world.get("/audit").await.to_string().contains("PRIVATE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_is_shown_without_people() {
    let world = World::new();
    let body = json!({ "writeKey": world.keys.write, "event": "Product Viewed", "userId": "lan@shop.vn",
        "context": { "page": { "url": "https://shop.vn/ao?sdt=0901234567" }, "library": { "name": "lib", "version": "2" } } });
    let answer = world.ask("POST", "/v1/track", &[], body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let bad = json!({ "writeKey": world.keys.write, "batch": 1 });
    assert_eq!(world.ask("POST", "/v1/batch", &[], bad.to_string()).await.status, 400);
    let recent = world.get("/tracking/recent").await;
    let items = recent["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{recent}");
    assert_eq!(items[0]["refused"], "invalid_json");
    let heard = &items[1];
    assert_eq!(
        (&heard["kind"], &heard["name"], &heard["host"], &heard["library"], &heard["refused"]),
        (&json!("track"), &json!("Product Viewed"), &json!("shop.vn"), &json!("lib 2"), &Value::Null)
    );
    assert!(!recent.to_string().contains("lan@") && !recent.to_string().contains("0901"));
    assert_eq!(recent["keys"][0]["count"], 2);
    // The uses of keys are written beside the requests.
    for _ in 0..100 {
        let keys = world.get("/keys").await;
        let used = |kind: &str| {
            keys["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|key| key["kind"] == kind && key["used_at"].is_string())
        };
        if used("write") && used("secret") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the use of keys is not written down");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_tried_again_or_dropped() {
    let world = World::new();
    tokio::task::block_in_place(|| {
        for (workspace, payload) in
            [(SHOP, r#"{"event":"Late","userId":"u9"}"#), (SHOP, "{}"), (OTHER_SHOP, "{}")]
        {
            let mut changes = Changeset::new();
            changes.append(Arrival {
                workspace,
                received_at: NOW,
                kind: "track".into(),
                items: 1,
                meta: "{}".into(),
                payload: payload.as_bytes().to_vec(),
            });
            world.store.apply(changes).unwrap();
            let row = world.store.read(|tx| tx.inbox_peek(1)).unwrap().remove(0);
            let mut changes = Changeset::new();
            changes.quarantine(row, NOW, "panic: index".into());
            world.store.apply(changes).unwrap();
        }
    });
    assert_eq!(world.get("/condition").await["set_aside"], 3);
    let held = world.get("/set-aside").await;
    let rows = held["items"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "of this shop: {held}");
    assert_eq!((&rows[1]["error"], &rows[1]["kind"]), (&json!("panic: index"), &json!("track")));
    let (late, empty) = (rows[1]["id"].as_str().unwrap(), rows[0]["id"].as_str().unwrap());
    assert_eq!(world.call("DELETE", &format!("/set-aside/{empty}"), json!({})).await.status, 204);
    assert_eq!(world.call("DELETE", &format!("/set-aside/{empty}"), json!({})).await.status, 404);
    assert_eq!(world.call("POST", &format!("/set-aside/{late}/retry"), json!({})).await.status, 204);
    for _ in 0..200 {
        if world.get("/events/count?name=Late").await["count"] == 1 {
            assert_eq!(world.get("/condition").await["set_aside"], 1);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("what was tried again was not processed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sending_domain_has_a_plan_of_how_much_goes_out() {
    let world = World::new();
    let path = "/domains/shop.vn/plan";
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(
            world.call(method, path, json!({})).await.status,
            404,
            "{method} of a domain that is not there"
        );
    }
    world.write("POST", "/domains", json!({ "domain": "shop.vn" })).await;
    let none = world.get(path).await;
    assert_eq!(
        (&none["domain"], &none["starts_at"], &none["daily"], &none["receivers"]),
        (&json!("shop.vn"), &Value::Null, &json!([]), &json!([]))
    );
    assert_eq!(none["progress"], json!({ "day": 0, "days": 0, "today_max": null, "today_sent": 0 }));

    let limits = json!([{ "domain": "gmail.com", "per_hour": 500 }]);
    let set = world.write("PUT", path, json!({ "daily_target": 200, "receivers": limits })).await;
    assert_eq!((&set["daily"], &set["receivers"]), (&json!([50, 75, 112, 168]), &limits));
    assert!(set["starts_at"].is_string(), "it begins now: {set}");
    assert_eq!(set["progress"], json!({ "day": 1, "days": 4, "today_max": 50, "today_sent": 0 }));
    assert_eq!(world.get(path).await, set, "it is kept");
    world.clock.advance_ms(2 * kit::DAY_MS);
    assert_eq!(world.get(path).await["progress"]["today_max"], 112);
    world.clock.advance_ms(2 * kit::DAY_MS);
    let over = json!({ "day": 4, "days": 4, "today_max": null, "today_sent": 0 });
    assert_eq!(world.get(path).await["progress"], over, "behind the last day there is no limit");

    let later = json!({ "daily": [5, 9], "starts_at": "2031-01-01T00:00:00Z" });
    let later = world.write("PUT", path, later).await;
    assert_eq!(
        (&later["progress"]["day"], &later["receivers"]),
        (&json!(0), &json!([])),
        "it is put as a whole"
    );
    for wrong in [
        json!({ "daily": [5, 3] }),
        json!({ "daily": [0] }),
        json!({ "daily": vec![1; 121] }),
        json!({ "daily": [5], "daily_target": 9 }),
        json!({ "starts_at": "2031-01-01T00:00:00Z" }),
        json!({ "daily": [5], "starts_at": "soon" }),
        json!({ "receivers": [{ "domain": "Gmail.com", "per_hour": 1 }] }),
        json!({ "receivers": [{ "domain": "googlemail.com", "per_hour": 1 }] }),
        json!({ "receivers": [{ "domain": "gmail.com", "per_hour": 0 }] }),
        json!({ "receivers": [{ "domain": "a.vn", "per_hour": 1 }, { "domain": "a.vn", "per_hour": 2 }] }),
    ] {
        world.refused("PUT", path, wrong, 422, "invalid_field").await;
    }
    assert_eq!(world.get(path).await["daily"], json!([5, 9]), "what is refused changes nothing");

    // Whoever only reads may look; another shop sees nothing of it.
    let told = |key: &str| format!("Bearer {key}");
    let at = format!("/api/v1{path}");
    let (reading, other) = (told(&world.keys.reading), told(&world.keys.of_other_shop));
    assert_eq!(world.ask("GET", &at, &[("authorization", &reading)], "").await.status, 200);
    assert_eq!(world.ask("DELETE", &at, &[("authorization", &reading)], "").await.status, 403);
    assert_eq!(world.ask("GET", &at, &[("authorization", &other)], "").await.status, 404);

    assert_eq!(world.call("DELETE", path, Value::Null).await.status, 204);
    assert_eq!(world.get(path).await["daily"], json!([]));
    let audit = world.get("/audit").await.to_string();
    assert!(audit.contains("plan"), "{audit}");
}
