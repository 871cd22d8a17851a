//! Home, search, the first steps of a shop, and the live connection.

#![expect(clippy::disallowed_methods, reason = "work of other threads is looked for until a deadline")]

use crate::world::World;
use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;

async fn order(world: &World, id: &str, user: &str, placed_at: &str, total: i64) {
    let body = json!({
        "order_id": id, "identifier": format!("user_id:{user}"), "placed_at": placed_at, "currency": "VND", "total": total,
        "lines": [{ "product_id": "p", "name": "Áo", "price": total, "quantity": 1 }],
    });
    world.write("POST", "/orders", body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_sums_up_two_periods_on_the_shops_calendar() {
    let world = World::new();
    let empty = world.get("/reports/overview?from=2023-11-01&to=2023-11-02").await;
    assert_eq!((&empty["has_orders"], &empty["has_messages"]), (&json!(false), &json!(false)));
    world.customer("an").await;
    world.customer("binh").await;
    // 23:30 on the first of November in Vietnam, and half past midnight on the second.
    order(&world, "1", "an", "2023-11-01T16:30:00Z", 100_000).await;
    order(&world, "2", "an", "2023-11-01T17:30:00Z", 50_000).await;
    order(&world, "3", "binh", "2023-10-31T05:00:00Z", 70_000).await;
    order(&world, "4", "binh", "2023-11-02T05:00:00Z", 30_000).await;
    // What was reckoned just now is shown for a moment longer.
    world.advance_ms(60_000);
    let told = world.get("/reports/overview?from=2023-11-01&to=2023-11-02").await;
    let totals = |name: &str| (told["totals"][name].as_i64(), told["totals_before"][name].as_i64());
    assert_eq!(totals("revenue"), (Some(180_000), Some(70_000)));
    assert_eq!(totals("orders"), (Some(3), Some(1)));
    assert_eq!(totals("buyers"), (Some(2), Some(1)));
    assert_eq!(totals("first_buyers"), (Some(1), Some(1)), "Bình had bought before");
    assert_eq!(told["before"], json!({ "from": "2023-10-30", "to": "2023-10-31" }));
    let days: Vec<(&str, i64)> = told["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| (day["date"].as_str().unwrap(), day["revenue"].as_i64().unwrap()))
        .collect();
    assert_eq!(days, [("2023-11-01", 100_000), ("2023-11-02", 80_000)]);
    for query in ["from=x", "from=2023-11-02&to=2023-11-01", "from=2020-01-01&to=2023-01-01"] {
        world.refused("GET", &format!("/reports/overview?{query}"), Value::Null, 422, "invalid_field").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_somebody_is_told() {
    let world = World::new();
    let calm = world.get("/reports/attention").await;
    assert_eq!((&calm["alerts"], &calm["next"]), (&json!([]), &json!([])));
    world.write("POST", "/scenarios/welcome/install", json!({})).await;
    world.write("POST", "/campaigns", json!({ "name": "Quà Tết" })).await;
    let told = world.get("/reports/attention").await;
    let kinds: Vec<&str> =
        told["alerts"].as_array().unwrap().iter().map(|alert| alert["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["journeys_draft", "campaigns_draft"]);
    assert_eq!(told["alerts"][1]["name"], "Quà Tết");
    assert_eq!(told["shop"]["journeys_draft"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_with_a_name_is_found_without_marks() {
    let world = World::new();
    let id = world.customer("an").await;
    world.write("POST", "/scenarios/cart-abandonment/install", json!({})).await;
    world.write("POST", "/campaigns", json!({ "name": "Giỏ quà Tết" })).await;
    world.write("POST", "/lists", json!({ "id": "ban-be", "name": "Giỏ của bạn bè" })).await;
    let found = async |q: &str| -> Vec<(String, String)> {
        let told = world.get(&format!("/search?q={q}")).await;
        let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
        let items = told["items"].as_array().unwrap();
        items.iter().map(|item| (text(item, "kind"), text(item, "title"))).collect()
    };
    let person = ("customer".to_owned(), "Nguyễn Văn An".to_owned());
    for q in ["nguyen%20van", "VAN%20AN", "an@mail.example", "an%40mail", id.as_str()] {
        assert_eq!(found(q).await.first(), Some(&person), "{q}");
    }
    let kinds: Vec<String> = found("gio").await.into_iter().map(|(kind, _)| kind).collect();
    for kind in ["journey", "campaign", "list", "template"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}: {kinds:?}");
    }
    assert_eq!(found("").await, []);
    assert_eq!(found("khong-co").await, []);
    let long = "a".repeat(101);
    world.refused("GET", &format!("/search?q={long}"), Value::Null, 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_shop_sees_what_it_lacks_and_puts_it_off() {
    let world = World::new();
    let state = |told: &Value, id: &str| {
        let steps = told["steps"].as_array().unwrap();
        steps.iter().find(|step| step["id"] == id).unwrap()["state"].as_str().unwrap().to_owned()
    };
    world.write("PATCH", "/settings", json!({ "shop": { "name": "" } })).await;
    let told = world.get("/setup").await;
    assert_eq!((state(&told, "shop"), told["current"].as_str()), ("todo".into(), Some("shop")));
    world.write("PATCH", "/settings", json!({ "shop": { "name": "Mộc Lan" } })).await;
    let told = world.write("PATCH", "/setup", json!({ "skipped": ["people"] })).await;
    assert_eq!((state(&told, "shop"), state(&told, "people")), ("done".into(), "skipped".into()));
    world.refused("PATCH", "/setup", json!({ "skipped": ["x"] }), 422, "invalid_field").await;
    let told = world.write("PATCH", "/setup", json!({ "closed": true })).await;
    assert_eq!((&told["closed"], &told["opens"]), (&json!(true), &json!(false)));
    assert_eq!(state(&told, "people"), "skipped", "what is not named stays");
    world.customer("an").await;
    assert_eq!(state(&world.get("/setup").await, "people"), "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_pretends_to_leave_a_cart_sets_everything_in_motion() {
    let world = World::new();
    let journey = json!({ "publish": true, "parameters": { "first_after": "0h" } });
    world.write("POST", "/scenarios/cart-abandonment/install", journey).await;
    world.write("POST", "/setup/try", json!({ "email": "toi@mail.example", "name": "Lan" })).await;
    world.advance_ms(1_000);
    world.settle().await;
    let trial = world.get("/setup").await["trial"].clone();
    assert_eq!((&trial["email"], &trial["cart_left"]), (&json!("toi@mail.example"), &json!(true)), "{trial}");
    assert_eq!(trial["messages"].as_array().map(Vec::len), Some(1), "{trial}");
    // Somebody's own address is nobody's toy.
    world.customer("an").await;
    let body = json!({ "email": "an@mail.example" });
    world.refused("POST", "/setup/try", body, 409, "address_taken").await;
    world.refused("POST", "/setup/try", json!({ "email": "nonsense" }), 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_hear_which_topics_changed() {
    let world = World::new();
    let request = Request::get("/api/v1/live")
        .header("authorization", format!("Bearer {}", world.keys.secret))
        .body(Body::empty())
        .unwrap();
    let response = world.open(request).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let mut next = async || {
        let piece = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.expect("in time");
        String::from_utf8(piece.unwrap().unwrap().to_vec()).unwrap()
    };
    assert!(next().await.starts_with("event: ready\n"));
    // The watcher has to have read once before there can be news.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    world.customer("an").await;
    let told = next().await;
    assert!(told.starts_with("event: changed\ndata: {\"topics\":[\"people\""), "{told}");
    let refused = world.ask("GET", "/api/v1/live", &[], Body::empty()).await;
    assert_eq!(refused.status, 401);
}
