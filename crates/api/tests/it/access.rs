//! Who may do what: keys, scopes, sessions, and the forms of refusal.

use crate::world::{ORIGIN, OWNER, World};
use api::{Config, Memory};
use axum::body::Body;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn keys_open_what_their_scopes_say() {
    let world = World::new();
    let check = async |told: Option<&str>, method: &str, path: &str, status: u16, code: &str| {
        let authorization = told.map(|key| format!("Bearer {key}"));
        let told: Vec<(&str, &str)> =
            authorization.iter().map(|key| ("authorization", key.as_str())).collect();
        let answer = world.ask(method, &format!("/api/v1{path}"), &told, "{}").await;
        let found = if answer.status.is_success() { String::new() } else { answer.code() };
        assert_eq!(
            (answer.status.as_u16(), found.as_str()),
            (status, code),
            "{method} {path}: {}",
            answer.text
        );
        if status == 401 {
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
        if !answer.status.is_success() {
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    };
    let keys = &world.keys;
    check(None, "GET", "/status", 401, "key_missing").await;
    check(Some("qs_nobody"), "GET", "/status", 401, "invalid_key").await;
    check(Some(&keys.revoked), "GET", "/status", 401, "invalid_key").await;
    check(Some(&keys.write), "GET", "/status", 403, "write_key_only_tracks").await;
    check(Some(&keys.write), "POST", "/profiles", 403, "write_key_only_tracks").await;
    check(Some(&keys.reading), "GET", "/status", 200, "").await;
    for (method, path) in [
        ("POST", "/profiles"),
        ("PATCH", "/profiles/x"),
        ("PUT", "/templates/x"),
        ("POST", "/messages"),
        ("POST", "/journeys/x/publish"),
        ("POST", "/journeys/x/trigger"),
        ("PUT", "/channels/email"),
        ("PATCH", "/settings"),
        ("GET", "/keys"),
        ("POST", "/keys"),
        ("DELETE", "/suppressions/email/a@b.example"),
    ] {
        check(Some(&keys.reading), method, path, 403, "scope_missing").await;
    }
    check(Some(&keys.secret), "GET", "/keys", 200, "").await;
    check(Some(&keys.secret), "GET", "/nothing", 404, "path_unknown").await;
    check(Some(&keys.secret), "DELETE", "/status", 405, "method_not_allowed").await;
    check(None, "GET", "/openapi.json", 200, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shop_sees_nothing() {
    let world = World::new();
    let id = world.customer("an").await;
    let told = format!("Bearer {}", world.keys.of_other_shop);
    let told = [("authorization", &*told)];
    for path in
        [format!("/profiles/{id}"), format!("/profiles/{id}/events"), format!("/profiles/{id}/consents")]
    {
        let answer = world.ask("GET", &format!("/api/v1{path}"), &told, Body::empty()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{path}");
    }
    for path in
        ["/profiles", "/profiles?identifier=user_id:an", "/profiles?search=nguyen", "/messages", "/orders"]
    {
        let answer = world.ask("GET", &format!("/api/v1{path}"), &told, Body::empty()).await;
        assert_eq!(answer.json(), json!({ "items": [], "next": null }), "{path}");
    }
    let answer = world.ask("PATCH", &format!("/api/v1/profiles/{id}"), &told, r#"{"add_tags":["x"]}"#).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_stands_for_the_owner_in_our_own_pages() {
    let config = Config { public_url: ORIGIN.into(), secure_cookies: true, ..Config::default() };
    let world = World::with(Memory::default(), config);
    let credentials = json!({ "email": " Owner@Shop.example", "password": OWNER.1 }).to_string();
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(
        world.ask("POST", "/api/v1/session", &foreign, credentials.clone()).await.code(),
        "cross_site_request"
    );
    let answer = world.ask("POST", "/api/v1/session", &[("origin", ORIGIN)], credentials).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["email"]), (200, &json!(OWNER.0)));
    let cookie = answer.header("set-cookie").to_owned();
    for flag in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=1209600"] {
        assert!(cookie.contains(flag), "{flag} in {cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let check = async |method: &str, told: &[(&str, &str)], status: u16| {
        let told: Vec<(&str, &str)> = told.iter().copied().chain([("cookie", cookie)]).collect();
        let answer = world.ask(method, "/api/v1/settings", &told, "{}").await;
        assert_eq!(answer.status.as_u16(), status, "{method} {told:?}: {}", answer.text);
    };
    check("GET", &[], 200).await;
    check("PATCH", &[], 403).await;
    check("PATCH", &[("origin", "https://evil.example")], 403).await;
    check("PATCH", &[("origin", "https://evil.example"), ("x-quaylai-csrf", "1")], 403).await;
    check("PATCH", &[("origin", "null")], 403).await;
    check("PATCH", &[("origin", ORIGIN)], 200).await;
    check("PATCH", &[("x-quaylai-csrf", "1")], 200).await;
    let told = [("cookie", cookie), ("origin", ORIGIN)];
    let ended = world.ask("DELETE", "/api/v1/session", &told, Body::empty()).await;
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    check("GET", &[], 401).await;
    assert_eq!(world.ask("GET", "/api/v1/session", &told, Body::empty()).await.code(), "not_signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_itself() {
    let world = World::new();
    let credentials = json!({ "email": OWNER.0, "password": OWNER.1 }).to_string();
    let answer = world.ask("POST", "/api/v1/session", &[], credentials).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let ask =
        async |cookie: &str| world.ask("GET", "/api/v1/session", &[("cookie", cookie)], Body::empty()).await;
    // Used every day it lasts two weeks; each day it gets another token, and the one before ends a minute later.
    let (mut cookie, mut old) = (cookie, String::new());
    for day in 0..13 {
        world.advance_ms(kit::DAY_MS);
        let answer = ask(&cookie).await;
        assert_eq!(answer.status, 200, "day {day}");
        old =
            std::mem::replace(&mut cookie, answer.header("set-cookie").split(';').next().unwrap().to_owned());
        assert_ne!(old, cookie);
    }
    assert_eq!(ask(&old).await.status, 200, "for requests under way");
    world.advance_ms(kit::MINUTE_MS);
    assert_eq!((ask(&old).await.status.as_u16(), ask(&cookie).await.status.as_u16()), (401, 200));
    world.advance_ms(kit::DAY_MS - kit::MINUTE_MS - 1);
    assert_eq!(ask(&cookie).await.status, 200);
    world.advance_ms(1);
    assert_eq!(ask(&cookie).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_uses_ends_after_three_days() {
    let world = World::new();
    let credentials = json!({ "email": OWNER.0, "password": OWNER.1 }).to_string();
    let answer = world.ask("POST", "/api/v1/session", &[], credentials).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    world.advance_ms(3 * kit::DAY_MS);
    assert_eq!(world.ask("GET", "/api/v1/session", &[("cookie", &cookie)], Body::empty()).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_slowed_down() {
    let world = World::new();
    let attempt = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password }).to_string();
        world.ask("POST", "/api/v1/session", &[], body).await
    };
    for n in 0..10 {
        let email = if n % 2 == 0 { OWNER.0 } else { "nobody@shop.example" };
        let answer = attempt(email, "wrong password").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "wrong_credentials"));
    }
    let answer = attempt(OWNER.0, OWNER.1).await;
    assert_eq!(answer.status, 429, "the right one waits too");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    world.advance_ms(15 * kit::MINUTE_MS);
    assert_eq!(attempt(OWNER.0, OWNER.1).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_made_within_bounds() {
    let world = World::new();
    let told = json!({ "kind": "secret", "name": "ERP", "scopes": ["read", "send"] });
    let made = world.write("POST", "/keys", told).await;
    assert!(made["key"].as_str().unwrap().starts_with("qs_"));
    let listed = world.get("/keys").await;
    let listed =
        listed["items"].as_array().unwrap().iter().find(|row| row["id"] == made["id"]).unwrap().clone();
    assert_eq!((&listed["scopes"], listed.get("key")), (&json!(["read", "send"]), None));
    world.refused("POST", "/keys", json!({ "kind": "root" }), 422, "invalid_field").await;
    world
        .refused("POST", "/keys", json!({ "kind": "write", "scopes": ["read"] }), 422, "invalid_field")
        .await;
    world
        .refused("POST", "/keys", json!({ "kind": "secret", "scopes": ["all"] }), 422, "invalid_field")
        .await;
    world.refused("DELETE", "/keys/nothing", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_with_an_idempotency_key_happens_once() {
    let world = World::new();
    let authorization = format!("Bearer {}", world.keys.secret);
    let post = async |key: &str, body: &str| {
        let told = [("authorization", &*authorization), ("idempotency-key", key)];
        world.ask("POST", "/api/v1/journeys", &told, body.to_owned()).await
    };
    let journey = json!({
        "schema": 1, "name": "Gọi", "trigger": { "type": "api" }, "start": "end", "nodes": { "end": { "type": "exit" } },
    });
    let first = post("k1", &journey.to_string()).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = post("k1", &journey.to_string()).await;
    assert_eq!((again.status.as_u16(), again.json()), (201, first.json()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = post("k1", &journey.to_string().replace("Gọi", "Khác")).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_key_reused"));
    // A refusal is not remembered: it can be mended under the same key.
    assert_eq!(post("k2", "{}").await.status, 422);
    assert_eq!(post("k2", &journey.to_string()).await.status, 201);
    assert_eq!(post("", &journey.to_string()).await.code(), "invalid_idempotency_key");
    assert_eq!(world.get("/journeys").await["items"].as_array().unwrap().len(), 2);
    // Keys are forgotten after a day.
    world.advance_ms(kit::DAY_MS + 1);
    assert_ne!(post("k1", &journey.to_string()).await.json()["id"], first.json()["id"]);
    // A key of the API is a secret and is not kept.
    let told = [("authorization", &*authorization), ("idempotency-key", "k9")];
    let body = json!({ "kind": "secret" }).to_string();
    let one = world.ask("POST", "/api/v1/keys", &told, body.clone()).await.json();
    let two = world.ask("POST", "/api/v1/keys", &told, body).await.json();
    assert_ne!(one["key"], two["key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_dressed_and_counted() {
    let world = World::new();
    let answer = world.ask("GET", "/healthz", &[("x-request-id", "from-the-proxy.7")], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-request-id")), (200, "from-the-proxy.7"));
    let answer =
        world.ask("GET", "/api/v1/status", &[("x-request-id", "bad id <script>")], Body::empty()).await;
    assert_eq!(answer.header("x-request-id").len(), 26);
    for (name, value) in
        [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")]
    {
        assert_eq!(answer.header(name), value);
    }
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    let ready = world.ask("GET", "/readyz", &[], Body::empty()).await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ready"]), (200, &json!(true)));
    world.customer("an").await;
    let metrics = world.ask("GET", "/metrics", &[], Body::empty()).await.text;
    for line in [
        "quaylai_http_requests_total{route=\"/api/v1/profiles/{id}/consents\",method=\"POST\",status=\"201\"} 1",
        "quaylai_http_requests_total{route=\"/readyz\",method=\"GET\",status=\"200\"} 1",
        "quaylai_inbox_waiting 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
    assert!(!metrics.contains("mail.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_queries_are_refused_in_one_form() {
    let world = World::new();
    world.refused("POST", "/profiles", json!({ "identifiers": [], "x": 1 }), 422, "invalid_body").await;
    world.refused("POST", "/profiles", json!({ "identifiers": [] }), 422, "invalid_field").await;
    world
        .refused("POST", "/profiles", json!({ "identifiers": ["fax:1"] }), 422, "identifier_kind_unknown")
        .await;
    world.refused("GET", "/profiles?limit=501", Value::Null, 400, "invalid_limit").await;
    world.refused("GET", "/profiles?limit=many", Value::Null, 400, "invalid_query").await;
    world.refused("GET", "/profiles?cursor=zzz", Value::Null, 400, "invalid_cursor").await;
    world.refused("GET", "/profiles?identifier=email:nobody", Value::Null, 422, "identifier_malformed").await;
    world.refused("GET", "/profiles/nobody", Value::Null, 404, "not_found").await;
    world.refused("GET", "/profiles/%FF", Value::Null, 400, "invalid_request").await;
    let authorization = format!("Bearer {}", world.keys.secret);
    let told = [("authorization", &*authorization)];
    assert_eq!(world.ask("POST", "/api/v1/profiles", &told, "{").await.code(), "invalid_json");
    let large = world.ask("POST", "/api/v1/profiles", &told, vec![b' '; (4 << 20) + 1]).await;
    assert_eq!((large.status.as_u16(), large.code().as_str()), (413, "body_too_large"));
}

#[test]
fn the_document_describes_every_route() {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..2]), Some("3."));
    assert_eq!(document["security"], json!([{ "key": [] }]));
    let mut names = std::collections::BTreeSet::new();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let place = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|text| text.len() > 5),
                "{place} has no summary"
            );
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("default"), "{place} says nothing of errors");
            assert!(
                responses.values().all(|r| r["description"] != ""),
                "{place} has an answer without a meaning"
            );
            assert!(names.insert(operation["operationId"].to_string()), "{place} shares its name");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
            let named: Vec<&str> =
                path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            for name in named {
                let parameters = operation["parameters"].as_array().unwrap();
                assert!(
                    parameters.iter().any(|p| p["name"] == name && p["in"] == "path"),
                    "{name} of {place}"
                );
            }
        }
    }
    assert!(operations >= 60, "{operations}");
    // Each name that a schema refers to is there.
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(!document["components"]["schemas"][name].is_null(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_document_is_served() {
    let world = World::new();
    let document = world.get("/openapi.json").await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let concrete = path.replace("{id}", "x").replace("{version}", "1").replace("{channel}", "email");
            let concrete = concrete.replace("{address}", "a@b.example");
            let told = [("authorization", &*format!("Bearer {}", world.keys.reading))];
            // The live connection's answer to GET does not end; its head is the same.
            let is_live = path.ends_with("/live") && method == "get";
            let method = if is_live { "HEAD".to_owned() } else { method.to_uppercase() };
            let answer = world.ask(&method, &concrete, &told, "{}").await;
            let missing = ["path_unknown", "method_not_allowed"];
            let code = if answer.text.starts_with('{') { answer.code() } else { String::new() };
            assert!(!missing.contains(&code.as_str()), "{method} {path}: {}", answer.text);
        }
    }
}
