//! Profiles and what belongs to them, orders and products.

use crate::world::World;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_made_found_changed_and_explained() {
    let world = World::new();
    let told = json!({
        "identifiers": ["email:An@Example.com", "phone:0901234567", "buyer:shopee:77"],
        "attributes": { "firstName": "An", "lastName": "Nguyễn", "city": "Hà Nội", "size": { "top": "M" } },
        "add_tags": ["vip"],
    });
    let made = world.write("POST", "/profiles", told.clone()).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!((&made["name"], &made["given_name"]), (&json!("Nguyễn An"), &json!("An")));
    assert_eq!((&made["email"], &made["phone"]), (&json!("an@example.com"), &json!("+84901234567")));
    assert_eq!((&made["tags"], &made["attributes"]["size"]), (&json!(["vip"]), &json!({ "top": "M" })));
    assert_eq!((&made["orders"]["count"], &made["cart"]), (&json!(0), &Value::Null));
    assert_eq!(made["lifecycle"]["stage"], "visitor");
    assert_eq!(made["created_at"], "2026-11-20T05:00:00.000Z");
    assert_eq!(
        world.write("POST", "/profiles", told).await["id"],
        made["id"],
        "the same identifiers, the same person"
    );

    for found in [
        "/profiles?identifier=email:an@example.com",
        "/profiles?identifier=phone:%2B84901234567",
        "/profiles?identifier=phone:0901234567",
        "/profiles?identifier=buyer:shopee:77",
        "/profiles?search=nguyen%20an",
        "/profiles?search=Nguy%E1%BB%85n",
        "/profiles?search=0901234",
        "/profiles?search=",
    ] {
        let page = world.get(found).await;
        assert_eq!(page["items"][0]["id"], made["id"], "{found}");
        assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (1, &Value::Null), "{found}");
    }
    for empty in ["/profiles?identifier=user_id:an", "/profiles?search=%25"] {
        assert_eq!(world.get(empty).await["items"], json!([]), "{empty}");
    }

    world.advance_ms(1_000);
    let changes =
        json!({ "attributes": { "city": "Huế", "size": null }, "add_tags": ["b"], "remove_tags": ["vip"] });
    let changed = world.write("PATCH", &format!("/profiles/{id}"), changes).await;
    assert_eq!((&changed["attributes"]["city"], changed["attributes"].get("size")), (&json!("Huế"), None));
    assert_eq!(changed["tags"], json!(["b"]));
    let changes = world.get(&format!("/profiles/{id}/changes")).await;
    let city = changes["items"].as_array().unwrap().iter().find(|row| row["name"] == "city").unwrap().clone();
    assert_eq!((&city["old"], &city["new"]), (&json!("Hà Nội"), &json!("Huế")));
    assert!(city["source"].as_str().unwrap().starts_with("key:"));
    let long = json!({ "attributes": { "n".repeat(101): 1 } });
    world.refused("PATCH", &format!("/profiles/{id}"), long, 422, "invalid_changes").await;
    assert_eq!(world.get(&format!("/profiles/{id}/segments")).await, json!({ "items": [], "next": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn consents_are_proved_and_the_later_holds() {
    let world = World::new();
    let id = world.customer("an").await;
    world.advance_ms(1_000);
    let path = format!("/profiles/{id}/consents");
    let denied =
        json!({ "channel": "email", "state": "denied", "source": "phone call", "ip": "203.0.113.7" });
    let in_force = world.write("POST", &path, denied).await;
    assert_eq!(in_force["email.marketing"]["state"], "denied");
    let early = json!({ "channel": "email", "granted": true, "at": "2020-01-01T00:00:00Z" });
    assert_eq!(world.write("POST", &path, early).await["email.marketing"]["state"], "denied");
    let proof = world.get(&path).await;
    let states: Vec<&str> =
        proof["items"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["denied", "granted", "granted"]);
    assert_eq!(
        (&proof["items"][0]["ip"], &proof["items"][1]["wording"]),
        (&json!("203.0.113.7"), &json!("Tôi đồng ý."))
    );
    for wrong in [
        json!({ "channel": "fax", "granted": true }),
        json!({ "channel": "email" }),
        json!({ "channel": "email", "granted": true, "state": "denied" }),
        json!({ "channel": "email", "granted": true, "at": "2100-01-01T00:00:00Z" }),
        json!({ "channel": "email", "granted": true, "at": "yesterday" }),
    ] {
        world.refused("POST", &path, wrong, 422, "invalid_field").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_profiles_are_joined_and_told_why() {
    let world = World::new();
    let (an, binh) = (world.customer("an").await, world.customer("binh").await);
    let joined = world.write("POST", &format!("/profiles/{an}/merge"), json!({ "other_id": binh })).await;
    assert_eq!((&joined["user_ids"], &joined["merges"]), (&json!(["an", "binh"]), &json!(1)));
    for id in [&an, &binh] {
        assert_eq!(world.get(&format!("/profiles/{id}")).await["id"], joined["id"], "both ids lead there");
    }
    let merges = world.get(&format!("/profiles/{an}/merges")).await;
    assert_eq!((&merges["items"][0]["joined"], &merges["items"][0]["link"]), (&json!(true), &json!("staff")));
    assert_eq!(merges["items"][0]["explanation"], "joined, because staff said that they are one person");
    world
        .refused("POST", &format!("/profiles/{an}/merge"), json!({ "other_id": "x" }), 404, "not_found")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_page_by_page() {
    let world = World::new();
    for n in 0..7 {
        world.write("POST", "/profiles", json!({ "identifiers": [format!("user_id:u{n}")] })).await;
    }
    for n in 0..7 {
        let item = json!({
            "event": format!("E{n}"), "userId": "u0", "messageId": format!("m{n}"),
            "timestamp": "2026-01-01T00:00:00Z",
        });
        assert_eq!(world.track("track", item).await.status, 200);
        let order = json!({
            "order_id": format!("{n}"), "identifier": "user_id:u0", "total": 1_000 + n,
            "placed_at": "2026-01-01T00:00:00Z",
        });
        world.write("POST", "/orders", order).await;
    }
    world.settle().await;
    let u0 =
        world.get("/profiles?identifier=user_id:u0").await["items"][0]["id"].as_str().unwrap().to_owned();
    for (path, field, expect) in [
        ("/profiles".to_owned(), "id", 7),
        (format!("/profiles/{u0}/events"), "id", 15),
        (format!("/profiles/{u0}/orders"), "order_id", 7),
        ("/orders".to_owned(), "order_id", 7),
    ] {
        for limit in [1, 3, 7, 20] {
            let (mut seen, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let after = cursor.as_ref().map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
                let page = world.get(&format!("{path}?limit={limit}{after}")).await;
                let items = page["items"].as_array().unwrap();
                assert!(items.len() <= limit);
                seen.extend(items.iter().map(|item| item[field].as_str().unwrap().to_owned()));
                cursor = page["next"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen.len(), expect, "{path} in pages of {limit}: {seen:?}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), expect, "{path}: none twice");
        }
    }
    let named = world.get(&format!("/profiles/{u0}/events?name=E3")).await;
    assert_eq!((named["items"].as_array().unwrap().len(), &named["items"][0]["kind"]), (1, &json!("track")));
    let other = world.get("/profiles?limit=3").await["next"].as_str().unwrap().to_owned();
    world.refused("GET", &format!("/orders?cursor={other}"), Value::Null, 400, "invalid_cursor").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_told_again_and_again_without_harm() {
    let world = World::new();
    let id = world.customer("an").await;
    let told = json!({
        "order_id": "DH-1", "source": "Shopee", "profile_id": id, "status": "paid", "currency": "USD",
        "lines": [{ "product_id": "ao", "name": "Áo", "price": 1_250, "quantity": 2 }], "total": 2_999, "shipping": 499,
    });
    let order = world.write("POST", "/orders", told.clone()).await;
    assert_eq!(
        (&order["source"], &order["status"], &order["currency"]),
        (&json!("shopee"), &json!("paid"), &json!("USD"))
    );
    assert_eq!(
        (&order["total"], &order["shipping"], &order["net"]),
        (&json!(2_999), &json!(499), &json!(2_999))
    );
    assert_eq!((&order["lines"][0]["price"], &order["lines"][0]["total"]), (&json!(1_250), &json!(2_500)));
    assert_eq!(order["profile_id"].as_str(), Some(id.as_str()));
    world.write("POST", "/orders", told).await;
    world.advance_ms(1_000);
    let refund = json!({
        "order_id": "DH-1", "source": "shopee", "profile_id": id, "currency": "USD",
        "refunds": [{ "refund_id": "r1", "amount": 1_000 }],
    });
    for _ in 0..2 {
        let order = world.write("POST", "/orders", refund.clone()).await;
        assert_eq!(
            (&order["refunded"], &order["net"], &order["total"]),
            (&json!(1_000), &json!(1_999), &json!(2_999))
        );
    }
    let dong =
        json!({ "order_id": "DH-2", "identifier": "user_id:an", "total": 890_000, "status": "placed" });
    world.write("POST", "/orders", dong).await;
    let profile = world.get(&format!("/profiles/{id}")).await;
    assert_eq!((&profile["orders"]["count"], &profile["orders"]["revenue"]), (&json!(2), &json!(890_000)));
    let orders = world.get(&format!("/profiles/{id}/orders")).await;
    assert_eq!(orders["items"].as_array().unwrap().len(), 2);
    for (wrong, code) in [
        (json!({ "order_id": "" , "profile_id": id }), "invalid_field"),
        (json!({ "order_id": "1" }), "invalid_field"),
        (json!({ "order_id": "1", "profile_id": id, "currency": "đồng" }), "invalid_field"),
        (json!({ "order_id": "1", "profile_id": id, "placed_at": "soon" }), "invalid_field"),
        (json!({ "order_id": "1", "profile_id": id, "amount": 3 }), "invalid_body"),
    ] {
        world.refused("POST", "/orders", wrong, 422, code).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_of_the_shop_win_over_those_of_events() {
    let world = World::new();
    let item = json!({ "event": "Product Viewed", "userId": "an", "properties": { "product_id": "ao", "name": "cũ", "price": 5 } });
    assert_eq!(world.track("track", item).await.status, 200);
    let told = json!({ "items": [{ "product_id": "ao", "name": "Áo lụa", "price": 890_000 }, { "product_id": "non" }] });
    assert_eq!(world.write("PUT", "/products", told).await["stored"], 2);
    let page = world.get("/products?limit=1").await;
    let ao = &page["items"][0];
    assert_eq!(
        (&ao["name"], &ao["price"], &ao["currency"]),
        (&json!("Áo lụa"), &json!(890_000), &json!("VND"))
    );
    assert_eq!((&ao["from_catalogue"], page["next"].is_string()), (&json!(true), true));
    for wrong in [
        json!({ "items": [] }),
        json!({ "items": [{ "product_id": "" }] }),
        json!({ "items": [{ "product_id": "a", "price": -1 }] }),
    ] {
        world.refused("PUT", "/products", wrong, 422, "invalid_field").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn suppressed_addresses_are_listed_and_released() {
    let world = World::new();
    let told = json!({ "address": "An@Example.com", "detail": "asked by phone" });
    let row = world.write("POST", "/suppressions", told).await;
    assert_eq!((&row["address"], &row["reason"]), (&json!("an@example.com"), &json!("manual")));
    assert_eq!(world.get("/suppressions").await["items"][0]["address"], "an@example.com");
    assert_eq!(world.get("/suppressions?channel=sms").await["items"], json!([]));
    let gone = world.call("DELETE", "/suppressions/email/an@example.com", Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(world.get("/suppressions").await["items"], json!([]));
    world.refused("POST", "/suppressions", json!({ "address": "nobody" }), 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_when_everything_is_processed() {
    let world = World::new();
    world.customer("an").await;
    world.settle().await;
    let status = world.get("/status").await;
    assert_eq!((&status["inbox"]["length"], &status["inbox"]["rows"]), (&json!(0), &json!(0)));
    assert_eq!((&status["build"]["commit"], &status["profiles"]), (&json!("abc"), &json!(1)));
    assert!(status["processed"].as_i64().unwrap() >= 3);
}
