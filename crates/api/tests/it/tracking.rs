//! `/v1`, as the SDKs use it and as broken clients abuse it.

use crate::world::{NOW, World, basic};
use api::{Config, Memory};
use axum::body::Body;
use serde_json::{Value, json};
use std::io::Write;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(plain).unwrap();
    packer.finish().unwrap()
}

fn event(message_id: &str) -> Value {
    json!({ "type": "track", "event": "Product Viewed", "userId": "an", "messageId": message_id })
}

async fn count(world: &World, message_id: &str) -> i64 {
    world.settle().await;
    world.get(&format!("/events/count?message_id={message_id}")).await["count"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_in_every_spelling_is_taken() {
    let world = World::new();
    let authorization = basic(&world.keys.write);
    let calls = [
        "identify", "track", "page", "screen", "group", "alias", "i", "t", "p", "s", "g", "a", "track/", "t/",
    ];
    for (at, call) in calls.iter().enumerate() {
        let body = json!({
            "userId": "an", "anonymousId": "device", "previousId": "device", "groupId": "vip",
            "event": "Product Viewed", "name": "Trang chủ", "messageId": format!("m{at}"),
        });
        // Browsers send text/plain, beacons nothing at all.
        for content_type in ["application/json", "text/plain", "text/plain;charset=UTF-8", ""] {
            let told = [("authorization", &*authorization), ("content-type", content_type)];
            let answer = world.ask("POST", &format!("/v1/{call}"), &told, body.to_string()).await;
            assert_eq!((answer.status.as_u16(), &*answer.text), (200, r#"{"success":true}"#), "{call}");
            assert_eq!(answer.header("content-type"), "application/json");
        }
    }
    for (call, message_id) in [("batch", "b1"), ("b", "b2"), ("import", "b3"), ("batch/", "b4")] {
        let answer = world.track(call, json!({ "batch": [event(message_id)] })).await;
        assert_eq!(answer.status, 200, "{call}");
        assert_eq!(count(&world, message_id).await, 1, "{call}");
    }
    assert_eq!(world.track("nudge", event("x")).await.status, 404);
    let answer = world.ask("GET", "/v1/track", &[], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "method_not_allowed"));
    let profile = &world.get("/profiles?identifier=user_id:an").await["items"][0];
    let timeline = world.get(&format!("/profiles/{}/events", profile["id"].as_str().unwrap())).await;
    let imported = timeline["items"].as_array().unwrap().iter().find(|event| event["message_id"] == "b3");
    assert_eq!(imported.unwrap()["historical"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_may_stand_in_three_places_and_must_be_one() {
    let world = World::new();
    let (write, secret) = (world.keys.write.clone(), world.keys.secret.clone());
    let check = async |told: &[(&str, &str)], body: Value, status: u16, code: &str| {
        let answer = world.ask("POST", "/v1/track", told, body.to_string()).await;
        let found = if status == 200 { String::new() } else { answer.code() };
        assert_eq!((answer.status.as_u16(), found.as_str()), (status, code), "{told:?} {body}");
        if status != 200 {
            assert!(answer.json()["message"].as_str().is_some_and(|text| !text.is_empty()));
        }
    };
    let with_key = |key: &str| json!({ "event": "x", "userId": "u", "writeKey": key });
    let plain = json!({ "event": "x", "userId": "u" });
    check(&[("authorization", &basic(&write))], plain.clone(), 200, "").await;
    check(&[("authorization", &format!("Bearer {write}"))], plain.clone(), 200, "").await;
    check(&[("authorization", &format!("bearer {secret}"))], plain.clone(), 200, "").await;
    check(&[], with_key(&write), 200, "").await;
    check(&[], plain.clone(), 401, "write_key_missing").await;
    check(&[], with_key(""), 401, "write_key_missing").await;
    check(&[], with_key("qw_nobody"), 401, "invalid_write_key").await;
    check(&[("authorization", &basic("qw_nobody"))], with_key(&write), 401, "invalid_write_key").await;
    check(&[("authorization", &basic(&world.keys.revoked))], plain.clone(), 401, "invalid_write_key").await;
    check(&[("authorization", "Basic ???")], plain, 401, "write_key_missing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_stops_at_once() {
    let world = World::new();
    let made = world.write("POST", "/keys", json!({ "kind": "write", "name": "web" })).await;
    let told = [("authorization", basic(made["key"].as_str().unwrap()))];
    let told = [("authorization", &*told[0].1)];
    assert_eq!(world.ask("POST", "/v1/track", &told, event("before").to_string()).await.status, 200);
    let path = format!("/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(world.call("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.ask("POST", "/v1/track", &told, event("after").to_string()).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_limited_and_what_is_refused_is_not_stored() {
    let world = World::new();
    let padded = |id: &str, bytes: usize| {
        let mut item = event(id);
        item["properties"] = json!({ "pad": "" });
        let empty = item.to_string().len();
        item["properties"]["pad"] = json!("x".repeat(bytes - empty));
        item
    };
    assert_eq!(world.track("track", padded("fits", 32 * 1024)).await.status, 200);
    let answer = world.track("track", padded("large", 32 * 1024 + 1)).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "event_too_large"));
    let answer =
        world.track("batch", json!({ "batch": [event("beside"), padded("large", 33 * 1024)] })).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "event_too_large"));
    let many: Vec<Value> = (0..51).map(|n| padded(&format!("many{n}"), 10_100)).collect();
    let answer = world.track("batch", json!({ "batch": many })).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "batch_too_large"));
    let many: Vec<Value> =
        (0..2_501).map(|n| json!({ "type": "track", "event": "x", "messageId": n })).collect();
    let answer = world.track("batch", json!({ "batch": many })).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "batch_too_long"));
    let answer = world
        .ask("POST", "/v1/track", &[("authorization", &basic(&world.keys.write))], vec![b' '; 3 << 20])
        .await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "body_too_large"));
    for (id, expect) in [("fits", 1), ("large", 0), ("beside", 0), ("many0", 0), ("many50", 0)] {
        assert_eq!(count(&world, id).await, expect, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_is_unpacked_within_bounds() {
    let world = World::new();
    let check = async |body: Vec<u8>, encoding: &str, status: u16, code: &str| {
        let told = [("authorization", &*basic(&world.keys.write)), ("content-encoding", encoding)];
        let answer = world.ask("POST", "/v1/batch", &told, body).await;
        let found = if status == 200 { String::new() } else { answer.code() };
        assert_eq!((answer.status.as_u16(), found.as_str()), (status, code), "{encoding}: {}", answer.text);
    };
    let packed = gzip(json!({ "batch": [event("packed")] }).to_string().as_bytes());
    check(packed.clone(), "gzip", 200, "").await;
    check(packed.clone(), "GZIP", 200, "").await;
    for cut in [1, 10, packed.len() / 2, packed.len() - 1] {
        check(packed[..cut].to_vec(), "gzip", 400, "invalid_gzip").await;
    }
    check(b"{}".to_vec(), "gzip", 400, "invalid_gzip").await;
    check(packed.clone(), "br", 415, "encoding_unknown").await;
    check(packed, "", 400, "invalid_utf8").await;
    check(gzip(&vec![0; 64 << 20]), "gzip", 400, "batch_too_large").await;
    assert_eq!(count(&world, "packed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_object_is_refused_clearly() {
    let world = World::new();
    let brackets = "[".repeat(100_000);
    let deep = format!("{{\"batch\":[{}1{}]}}", "[".repeat(50_000), "]".repeat(50_000));
    let cases: [(&[u8], &str); 10] = [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"null", "invalid_json"),
        (b"\xff\xfe\x00", "invalid_utf8"),
        (b"{\"batch\": 7}", "invalid_json"),
        (b"{\"batch\": [7]}", "invalid_json"),
        (b"{}", "invalid_json"),
        (brackets.as_bytes(), "invalid_json"),
        (deep.as_bytes(), "event_too_large"),
    ];
    for (body, code) in cases {
        for told in [vec![("authorization", basic(&world.keys.write))], vec![]] {
            let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = world.ask("POST", "/v1/batch", &told, Body::from(body.to_vec())).await;
            let found = (answer.status.as_u16(), answer.code());
            let names_key = told.is_empty() && body.starts_with(b"{") && body.len() > 1;
            let expect = if names_key { (401, "write_key_missing") } else { (400, code) };
            assert_eq!(found, (expect.0, expect.1.to_owned()), "{:.40}", String::from_utf8_lossy(body));
        }
    }
    // Acknowledged, because the client cannot mend it, and told to the shop.
    assert_eq!(world.track("track", json!({ "userId": "u" })).await.status, 200);
    let told = [("authorization", basic(&world.keys.write))];
    let body = r#"{"event":"x","userId":"u","messageId":"twice","event":"y"}"#;
    assert_eq!(world.ask("POST", "/v1/track", &[("authorization", &*told[0].1)], body).await.status, 200);
    assert_eq!(count(&world, "twice").await, 1);
    let rejections = world.get("/rejections").await;
    assert_eq!(rejections["items"][0]["code"], "event_missing", "{rejections}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_ask_first_and_read_the_answer() {
    let world = World::new();
    let told = [
        ("origin", "https://aodaihanh.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,x-retry-count"),
    ];
    for path in ["/v1/t", "/v1/b", "/v1/m", "/v1/projects/x/settings"] {
        let answer = world.ask("OPTIONS", path, &told, Body::empty()).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let allowed = answer.header("access-control-allow-headers");
        assert!(["authorization", "content-type", "x-retry-count"].iter().all(|name| allowed.contains(name)));
    }
    let told = [("origin", "https://aodaihanh.example")];
    let answer = world.ask("POST", "/v1/t", &told, "{}").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*", "also a refusal can be read");
    assert!(answer.header("access-control-expose-headers").contains("retry-after"));
    let answer = world.ask("GET", "/api/v1/status", &told, Body::empty()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "", "the API is not for foreign pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_library_gets_its_settings_and_may_drop_its_figures() {
    let world = World::new();
    let path = format!("/v1/projects/{}/settings", world.keys.write);
    let settings = world.ask("GET", &path, &[], Body::empty()).await;
    assert_eq!(settings.status, 200);
    let segment = &settings.json()["integrations"]["Segment.io"];
    assert_eq!(
        (&segment["apiHost"], &segment["protocol"], &segment["apiKey"]),
        (&json!("quaylai.shop.example/v1"), &json!("https"), &json!(world.keys.write))
    );
    assert_eq!(world.ask("GET", "/v1/projects/qw_no/settings", &[], Body::empty()).await.status, 404);
    let figures = json!({ "series": [{ "type": "Counter" }] }).to_string();
    assert_eq!(world.ask("POST", "/v1/m", &[], figures).await.status, 200);
    world.settle().await;
    assert_eq!(world.get("/events/count").await["count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_cannot_take_more_than_its_share() {
    let world = World::with(Memory::with_tracking_limit(3), Config::default());
    for _ in 0..3 {
        assert_eq!(world.track("track", event("m")).await.status, 200);
    }
    let answer = world.track("track", event("m")).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "too_many_requests"));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("x-ratelimit-reset"), (NOW.ms() / 1_000 + 1).to_string());
    world.advance_ms(1_000);
    assert_eq!(world.track("track", event("m")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_client_is_believed_from_trusted_proxies_only() {
    for (trusted, expect) in
        [(vec![], "113.161.1.1"), (vec!["113.161.0.0/16".parse().unwrap()], "203.0.113.7")]
    {
        let config = Config { trusted_proxies: trusted, ..Config::default() };
        let world = World::with(Memory::default(), config);
        let told =
            [("authorization", &*basic(&world.keys.write)), ("x-forwarded-for", "9.9.9.9, 203.0.113.7")];
        let body = json!({
            "event": "Consent Given", "userId": "an", "properties": { "channel": "email" },
        });
        assert_eq!(world.ask("POST", "/v1/track", &told, body.to_string()).await.status, 200);
        world.settle().await;
        let profile = &world.get("/profiles?identifier=user_id:an").await["items"][0];
        let consents = world.get(&format!("/profiles/{}/consents", profile["id"].as_str().unwrap())).await;
        assert_eq!(consents["items"][0]["ip"], expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_that_cannot_be_stored() {
    let world = World::new();
    assert_eq!(world.track("track", event("before")).await.status, 200);
    world.settle().await;
    tokio::task::block_in_place(|| world.store.close()).unwrap();
    let answer = world.track("track", event("after")).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "store_unavailable"));
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    let ready = world.ask("GET", "/readyz", &[], Body::empty()).await;
    assert_eq!((ready.status.as_u16(), &ready.json()["store"]), (503, &json!(false)));
    assert_eq!(world.ask("GET", "/healthz", &[], Body::empty()).await.status, 200);
    let told = [("authorization", &*format!("Bearer {}", world.keys.secret))];
    let answer = world.ask("GET", "/api/v1/status", &told, Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "store_unavailable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_engine_has_not_come_to_says_so() {
    let world = World::new();
    let id = world.customer("an").await;
    world.stop_engine();
    let answer = world.call("PATCH", &format!("/profiles/{id}"), json!({ "add_tags": ["late"] })).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (202, "accepted_for_later"));
    assert_eq!(world.get("/status").await["inbox"]["rows"], 1, "it is stored");
    assert_eq!(world.ask("GET", "/readyz", &[], Body::empty()).await.json()["engine"], false);
}
