//! Segments: what conditions are written from, and what is told of them.

use crate::world::World;
use serde_json::{Value, json};

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

fn values(page: &Value) -> Vec<Value> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| json!([item["value"], item["count"]])).collect()
}

async fn shop(world: &World) {
    for (user, city, tags) in
        [("an", "Huế", json!(["vip", "si"])), ("binh", "Huế", json!(["vip"])), ("chi", "Hà Nội", json!([]))]
    {
        let told = json!({
            "identifiers": [format!("user_id:{user}"), format!("email:{user}@example.com")],
            "attributes": { "city": city, "size": { "top": "M" }, "joined": "2026-02-03" },
            "add_tags": tags,
        });
        world.write("POST", "/profiles", told).await;
    }
    let items = json!({ "items": [
        { "product_id": "p1", "name": "Áo dài lụa", "category": "Áo dài", "price": 500_000 },
        { "product_id": "p2", "name": "Quần ống rộng", "category": "Quần" },
    ] });
    world.write("PUT", "/products", items).await;
    for (product, category, price) in
        [("p1", "Áo dài", 500_000), ("p1", "Áo dài", 500_000), ("p2", "Quần", 0)]
    {
        let event = json!({
            "userId": "an", "event": "Product Viewed",
            "properties": { "product_id": product, "category": category, "price": price, "colors": ["đỏ", "xanh"] },
        });
        world.track("track", event).await;
    }
    let lines = json!([{ "product_id": "p1", "name": "Áo dài lụa", "category": "Áo dài", "price": 500_000, "quantity": 2 }]);
    let order = json!({
        "userId": "an", "event": "Order Completed",
        "properties": { "order_id": "1", "total": 1_000_000, "currency": "VND", "coupon": "TET", "products": lines },
    });
    world.track("track", order).await;
    world.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_tells_what_conditions_may_ask_for() {
    let world = World::new();
    assert_eq!(world.get("/catalog/attributes").await, json!({ "items": [], "next": null }));
    shop(&world).await;

    let events = world.get("/catalog/events").await;
    assert!(names(&events).contains(&"Order Completed") && names(&events).contains(&"Product Viewed"));
    let found = world.get("/catalog/events?search=viewed&limit=1").await;
    let viewed = &found["items"][0];
    assert_eq!(
        (&viewed["name"], &viewed["recent"], &viewed["more"]),
        (&json!("Product Viewed"), &json!(3), &json!(false))
    );
    assert_eq!(found["next"], Value::Null);
    let first = world.get("/catalog/events?limit=1").await;
    let second =
        world.get(&format!("/catalog/events?limit=1&cursor={}", first["next"].as_str().unwrap())).await;
    assert_ne!(names(&first), names(&second));

    let properties = world.get("/catalog/properties?event=Product%20Viewed").await;
    let category =
        properties["items"].as_array().unwrap().iter().find(|one| one["name"] == "category").unwrap();
    let expect = json!({ "name": "category", "kinds": ["text"], "list": false, "share": 1.0, "examples": ["Áo dài", "Quần"] });
    assert_eq!(*category, expect);
    assert!(
        properties["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "colors" && one["list"] == true)
    );
    assert_eq!(world.get("/catalog/properties?event=Nothing").await["items"], json!([]));

    let attributes = world.get("/catalog/attributes").await;
    assert!(
        ["city", "size.top", "joined"].iter().all(|name| names(&attributes).contains(name)),
        "{attributes}"
    );
    let tags = world.get("/catalog/tags").await;
    assert_eq!(values(&tags), [json!(["vip", 2]), json!(["si", 1])]);

    let cities = world.get("/catalog/values?of=attribute&name=city").await;
    assert_eq!(values(&cities), [json!(["Huế", 2]), json!(["Hà Nội", 1])]);
    let cities = world.get("/catalog/values?of=attribute&name=city&search=ha").await;
    assert_eq!(values(&cities), [json!(["Hà Nội", 1])]);
    let products =
        world.get("/catalog/values?of=event&event=Product%20Viewed&name=product_id&search=lua").await;
    assert_eq!(products["items"], json!([{ "value": "p1", "label": "Áo dài lụa", "count": 2 }]));
    let coupons = world.get("/catalog/values?of=order&name=coupon").await;
    assert_eq!(values(&coupons), [json!(["TET", 1])]);
    let lines = world.get("/catalog/values?of=line&name=category").await;
    assert_eq!(values(&lines), [json!(["Áo dài", 1])]);
    let categories = world.get("/catalog/values?of=product&name=category").await;
    assert_eq!(categories["items"].as_array().unwrap().len(), 2);

    for (path, status, code) in [
        ("/catalog/values?of=order&name=none", 422, "invalid_field"),
        ("/catalog/values?of=none&name=x", 422, "invalid_field"),
        ("/catalog/values?of=event&name=x", 422, "invalid_field"),
        ("/catalog/values?of=attribute&name=city&limit=0", 400, "invalid_limit"),
        ("/catalog/properties?event=", 422, "invalid_field"),
        ("/catalog/properties", 400, "invalid_query"),
    ] {
        world.refused("GET", path, Value::Null, status, code).await;
    }
    let long = format!("/catalog/events?search={}", "x".repeat(201));
    world.refused("GET", &long, Value::Null, 422, "invalid_field").await;
}
