//! The library of ready scenarios: listed, looked at, installed, and at work.

use crate::world::World;
use axum::http::StatusCode;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_library_is_listed_and_shown_in_both_languages() {
    let world = World::new();
    let all = world.get("/scenarios").await;
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), scenarios::library().len());
    assert!(items.iter().all(|item| item["installed"].is_null()));
    let welcome = items.iter().find(|item| item["slug"] == "welcome").unwrap();
    assert_eq!(welcome["name"], json!({ "vi": "Chào mừng người mới", "en": "Welcome series" }));
    assert_eq!(welcome["needs"]["consents"], json!(["email.marketing"]));
    let some = world.get("/scenarios?category=occasions").await;
    let slugs: Vec<&str> =
        some["items"].as_array().unwrap().iter().map(|item| item["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["birthday", "tet", "womens-day", "vietnamese-womens-day"]);
    assert_eq!(world.get("/scenarios?category=none").await["items"], json!([]));

    for (language, subject) in
        [("vi", "Lan ơi, bạn để quên giỏ hàng này"), ("en", "Lan, you left something in your cart")]
    {
        let whole = world.get(&format!("/scenarios/cart-abandonment?language={language}")).await;
        assert_eq!(whole["language"], language);
        let templates = whole["templates"].as_array().unwrap();
        let intended: Vec<&Value> = templates.iter().map(|one| &one["intended_channel"]).collect();
        assert_eq!(intended, [&json!("push"), &json!("push"), &Value::Null, &json!("push")]);
        let preview = &templates[0]["preview"];
        assert_eq!(preview["subject"], subject);
        // The footer that the law asks for is the renderer's.
        let html = preview["html"].as_str().unwrap();
        assert!(html.contains("1.899.000\u{a0}₫") && html.contains("/e/u/"), "{html}");
        assert!(preview["text"].as_str().unwrap().contains("1.899.000\u{a0}₫"));
        assert_eq!(whole["parameters"][0]["default"], "1d");
    }
    for scenario in scenarios::library() {
        let whole = world.get(&format!("/scenarios/{}", scenario.slug)).await;
        assert_eq!(whole["language"], "vi", "that of the workspace");
        for template in whole["templates"].as_array().unwrap() {
            assert!(!template["preview"]["text"].as_str().unwrap().is_empty(), "{}", template["id"]);
        }
    }
    world.refused("GET", "/scenarios/none", Value::Null, 404, "not_found").await;
    world.refused("GET", "/scenarios/tet?language=fr", Value::Null, 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_installed_once_and_stays_the_shop_s_own() {
    let world = World::new();
    let told = json!({ "language": "vi", "parameters": { "silent_for": "120d", "voucher_code": "QUAYLAI" } });
    let made = world.call("POST", "/scenarios/win-back/install", told.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["created"], &made["journeys"][0]["status"]), (&json!(true), &json!("draft")));
    assert!(made["previews"][1]["preview"]["html"].as_str().unwrap().contains("QUAYLAI"));
    let journey = world.get("/journeys/win-back").await;
    assert_eq!(journey["id"], made["journeys"][0]["id"]);
    assert_eq!(journey["definition"]["trigger"]["segment"], made["segments"][0]["id"]);
    let segment = world.get(&format!("/segments/{}", made["segments"][0]["id"].as_str().unwrap())).await;
    assert_eq!(segment["name"], "Khách đã mua, không đặt hàng trong 120 ngày");
    assert_eq!(world.get("/scenarios/win-back").await["installed"], "draft");

    // What the shop changes stays, and another language is not put beside it.
    let own = json!({ "name": "Của riêng", "subject": "Chào", "body": { "text": "Chào bạn" } });
    world.write("PUT", "/templates/win-back-miss-vi", own).await;
    for language in ["vi", "en"] {
        let again = json!({ "language": language, "publish": true });
        let again = world.call("POST", "/scenarios/win-back/install", again).await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.text);
        let again = again.json();
        assert_eq!((&again["created"], &again["journeys"][0]["created"]), (&json!(false), &json!(false)));
        assert_eq!(again["journeys"][0]["status"], "active");
        assert_eq!(again["segments"][0]["created"], false);
    }
    assert_eq!(world.get("/templates/win-back-miss-vi").await["name"], "Của riêng");
    let templates = world.get("/templates").await;
    let ids: Vec<&str> =
        templates["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert_eq!(world.get("/scenarios/win-back").await["installed"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_is_installed_and_put_in_force() {
    let world = World::new();
    for scenario in scenarios::library() {
        let path = format!("/scenarios/{}/install", scenario.slug);
        let made = world.write("POST", &path, json!({ "publish": true, "language": "en" })).await;
        let journeys = made["journeys"].as_array().unwrap();
        assert_eq!(journeys.len(), scenario.journeys.len());
        assert!(journeys.iter().all(|journey| journey["status"] == "active"), "{made}");
        assert_eq!(made["templates"].as_array().unwrap().len(), scenario.templates.len());
    }
    // One of them at work.
    let id = world.customer("an").await;
    let properties = json!({ "order_id": "1", "total": 350_000, "products": [] });
    world
        .track("track", json!({ "userId": "an", "event": "Order Completed", "properties": properties }))
        .await;
    world.settle().await;
    let messages = world.get(&format!("/messages?profile_id={id}")).await;
    let sent: Vec<&str> =
        messages["items"].as_array().unwrap().iter().filter_map(|one| one["template"].as_str()).collect();
    assert_eq!(sent, ["order-status-confirmed-en"], "{messages}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameters_are_told_and_rights_are_asked() {
    let world = World::new();
    let path = "/scenarios/second-order/install";
    let told = json!({ "parameters": { "voucher_percent": 200, "color": "red" } });
    let refused = world.refused("POST", path, told, 422, "invalid_parameters").await;
    let named: Vec<&str> = refused["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["parameter"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["color", "voucher_percent"]);
    world.refused("POST", "/scenarios/none/install", json!({}), 404, "not_found").await;
    assert_eq!(world.get("/journeys").await["items"], json!([]), "nothing was made");

    let reading = format!("Bearer {}", world.keys.reading);
    let asked = world.ask("POST", &format!("/api/v1{path}"), &[("authorization", &reading)], "{}").await;
    assert_eq!((asked.status, asked.code().as_str()), (StatusCode::FORBIDDEN, "scope_missing"));
    let asked = world.ask("GET", "/api/v1/scenarios", &[("authorization", &reading)], "").await;
    assert_eq!(asked.status, StatusCode::OK);
    // Without the right to send a scenario is installed as a draft, and not put in force.
    let key = world
        .write("POST", "/keys", json!({ "name": "kho", "kind": "secret", "scopes": ["read", "write"] }))
        .await;
    let writing = format!("Bearer {}", key["key"].as_str().unwrap());
    let told = [("authorization", &*writing), ("content-type", "application/json")];
    let asked = world.ask("POST", &format!("/api/v1{path}"), &told, r#"{"publish":true}"#).await;
    assert_eq!((asked.status, asked.code().as_str()), (StatusCode::FORBIDDEN, "scope_missing"));
    let asked = world.ask("POST", &format!("/api/v1{path}"), &told, "{}").await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);

    let other = format!("Bearer {}", world.keys.of_other_shop);
    let theirs = world.ask("GET", "/api/v1/scenarios/second-order", &[("authorization", &other)], "").await;
    assert_eq!(theirs.json()["installed"], Value::Null, "a shop sees its own");
}
