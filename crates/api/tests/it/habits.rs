//! What is known of a person's habits and of their open cart.

use crate::world::World;
use serde_json::{Value, json};

fn order(id: &str, at: &str, category: &str, brand: &str) -> Value {
    json!({
        "order_id": id, "identifier": "user_id:an", "total": 90_000, "currency": "VND", "placed_at": at,
        "lines": [{ "product_id": category, "category": category, "brand": brand, "price": 90_000, "quantity": 1 }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_habits_are_told_as_far_as_they_are_known() {
    let world = World::new();
    let told = json!({ "identifiers": ["user_id:an", "email:an@shop.example"] });
    let id = world.write("POST", "/profiles", told).await["id"].as_str().unwrap().to_owned();
    let path = format!("/profiles/{id}/habits");

    let nothing = world.get(&path).await;
    for (field, expect) in [
        ("unknown", Value::Null),
        ("categories", json!([])),
        ("brands", json!([])),
        ("price_level", Value::Null),
        ("discount_affinity", Value::Null),
        ("replenish", json!([])),
        ("best_times", json!([])),
        ("preferred_channel", Value::Null),
        ("cart", Value::Null),
    ] {
        assert_eq!(nothing[field], expect, "{field}: {nothing}");
    }

    for (id, at, category, brand) in [
        ("1", "2026-05-01T05:00:00Z", "Trà", "Cozy"),
        ("2", "2026-08-01T05:00:00Z", "Cà phê", "Trung Nguyên"),
        ("3", "2026-09-01T05:00:00Z", "cà phê", "Trung Nguyên"),
    ] {
        world.write("POST", "/orders", order(id, at, category, brand)).await;
    }
    world.settle().await;
    let known = world.get(&path).await;
    let [coffee] = known["categories"].as_array().unwrap().as_slice() else {
        panic!("once is no habit: {known}")
    };
    assert_eq!((&coffee["name"], &coffee["purchases"]), (&json!("cà phê"), &json!(2)));
    let share = coffee["share"].as_f64().unwrap();
    assert!((0.6..1.0).contains(&share), "recent purchases count more: {share}");
    assert_eq!(known["brands"][0]["name"], "Trung Nguyên");

    // An open cart has a wait, even where nothing was learned of carts.
    let added = json!({ "userId": "an", "event": "Product Added",
        "properties": { "product_id": "p", "price": 50_000, "quantity": 1 } });
    world.track("track", added).await;
    world.settle().await;
    assert_eq!(world.get(&path).await["cart"], json!({ "buys_alone": null, "best_delay_minutes": 60 }));

    // What the person told the shop comes first.
    world
        .write("PATCH", &format!("/profiles/{id}"), json!({ "attributes": { "preferred_channel": "Zalo" } }))
        .await;
    world.settle().await;
    assert_eq!(world.get(&path).await["preferred_channel"], "zalo");

    // Who does not want to be profiled has no habits.
    let refusal = json!({ "channel": "email", "purpose": "profiling", "granted": false });
    world.write("POST", &format!("/profiles/{id}/consents"), refusal).await;
    world.settle().await;
    let refused = world.get(&path).await;
    assert_eq!((&refused["unknown"], &refused["categories"]), (&json!("refused"), &json!([])));
    assert_eq!((&refused["preferred_channel"], &refused["cart"]), (&Value::Null, &Value::Null));
    world.refused("GET", "/profiles/0193-none/habits", Value::Null, 404, "not_found").await;
}
