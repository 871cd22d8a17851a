//! Segments: what conditions are written from, and what is told of them.

#![expect(clippy::disallowed_methods, reason = "work of other threads is looked for until a deadline")]

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

/// Writes a segment and waits until its members are known.
async fn segment(world: &World, id: &str, definition: Value) -> Value {
    let told = json!({ "name": id, "definition": definition });
    world.write("PUT", &format!("/segments/{id}"), told).await;
    for _ in 0..200 {
        world.settle().await;
        let found = world.get(&format!("/segments/{id}")).await;
        if found["state"] == "live" {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("segment {id} was not computed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_definition_has_its_verdict() {
    let world = World::new();
    shop(&world).await;
    segment(&world, "vip", json!({ "tag": "vip" })).await;
    let whole = json!({ "all": [
        { "segment": "vip" },
        { "any": [{ "tag": "none" }, { "attribute": "city", "op": "eq", "value": "Huế" }] },
        { "none": [{ "orders": {} }] },
    ] });
    segment(&world, "whole", whole).await;
    let told = world.get("/segments/whole/explain?profile=user_id:an").await;
    let tree = &told["tree"];
    assert_eq!(
        (&told["member"], &tree["kind"], &tree["holds"]),
        (&json!(false), &json!("all"), &json!(false))
    );
    let verdicts: Vec<&Value> = tree["parts"].as_array().unwrap().iter().map(|part| &part["holds"]).collect();
    assert_eq!(verdicts, [&json!(true), &json!(true), &json!(false)]);
    let [vip, any, none] = [0, 1, 2].map(|at| &tree["parts"][at]);
    assert_eq!((&vip["kind"], &vip["condition"]), (&json!("segment"), &json!({ "segment": "vip" })));
    assert_eq!(vip["parts"][0]["condition"], json!({ "tag": "vip" }));
    // No part is left out where the whole is certain.
    assert_eq!((&any["parts"][0]["holds"], &any["parts"][1]["path"]), (&json!(false), &json!("all.1.any.1")));
    assert_eq!(any["parts"][1]["compared"][0]["actual"], "Huế");
    assert_eq!((&none["kind"], &none["parts"][0]["compared"][0]["actual"]), (&json!("none"), &json!(1)));
    let told = world.get("/segments/whole/explain?profile=user_id:binh").await;
    assert_eq!((&told["member"], &told["tree"]["holds"]), (&json!(true), &json!(true)));

    let uses = world.get("/segments/uses").await;
    assert_eq!(uses["items"][0]["id"], "vip");
    assert_eq!(uses["items"][0]["used_by"][0]["id"], "whole");
    assert_eq!(world.get("/segments/vip/usage").await["items"], uses["items"][0]["used_by"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exact_count_shows_some_people_and_where_they_are_reached() {
    let world = World::new();
    shop(&world).await;
    let consent = json!({ "channel": "email", "purpose": "marketing", "state": "granted", "source": "form", "wording": "x" });
    let id = world.get("/profiles?identifier=user_id:an").await["items"][0]["id"].clone();
    world.write("POST", &format!("/profiles/{}/consents", id.as_str().unwrap()), consent).await;
    let asked = json!({ "definition": { "tag": "vip" }, "exact": true, "people": true });
    let told = world.write("POST", "/segments/preview", asked).await;
    assert_eq!((&told["count"], told["people"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!((&told["reach"]["members"], &told["reach"]["exact"]), (&json!(2), &json!(true)));
    let email = &told["reach"]["channels"][0];
    assert_eq!((&email["channel"], &email["reachable"]), (&json!("email"), &json!(1)));
    assert_eq!(email["refused"], json!([{ "reason": "no_consent", "people": 1 }]));
    assert_eq!(told["reach"]["channels"][1]["refused"][0]["reason"], "no_address");
    let plain = world
        .write("POST", "/segments/preview", json!({ "definition": { "tag": "vip" }, "exact": true }))
        .await;
    assert!(plain.get("people").is_none() && plain.get("reach").is_none(), "{plain}");

    segment(&world, "vip", json!({ "tag": "vip" })).await;
    assert_eq!(world.get("/segments/vip/reach").await, told["reach"]);
    world.refused("GET", "/segments/none/reach", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn growth_is_told_day_by_day() {
    let world = World::new();
    shop(&world).await;
    segment(&world, "vip", json!({ "tag": "vip" })).await;
    let last = |told: &Value| told["items"][0]["days"].as_array().unwrap().last().unwrap().clone();
    let told = world.get("/segments/growth?ids=vip,none&days=3").await;
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
    let days = told["items"][0]["days"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["count"]), (3, &Value::Null));
    assert_eq!((&last(&told)["count"], &last(&told)["day"]), (&json!(2), &json!("2026-11-20")));
    world.advance_ms(kit::DAY_MS);
    let id = world.get("/profiles?identifier=user_id:chi").await["items"][0]["id"].clone();
    world
        .write("PATCH", &format!("/profiles/{}", id.as_str().unwrap()), json!({ "add_tags": ["vip"] }))
        .await;
    world.settle().await;
    let told = world.get("/segments/growth?ids=vip&days=2").await;
    let (today, before) = (last(&told), &told["items"][0]["days"][0]);
    assert_eq!((&today["count"], &today["entered"], &today["left"]), (&json!(3), &json!(1), &json!(0)));
    assert_eq!(before["count"], 2);
    world.refused("GET", "/segments/growth?ids=vip&days=0", Value::Null, 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_a_word_of_the_api_makes_another_id() {
    let world = World::new();
    let told = json!({ "name": "Growth", "definition": { "tag": "vip" } });
    let made = world.call("POST", "/segments", told).await.json();
    assert_eq!(made["id"], "growth-2");
}
