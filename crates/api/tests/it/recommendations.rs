//! What the shop recommends: places and rules, answers for people and pages, and people who wait for a product.

use crate::world::{Answer, World, basic};
use kit::{DAY_MS, SECOND_MS};
use serde_json::{Value, json};

/// A shop of ten products, of which some go together.
async fn shop() -> World {
    let world = World::new();
    let items: Vec<Value> = (0..10)
        .map(|n| {
            json!({ "product_id": format!("p{n}"), "name": format!("Sản phẩm {n}"), "price": 100_000 * (n + 1),
                "category": if n % 2 == 0 { "Áo" } else { "Quần" }, "stock": 5, "cost": 60_000 * (n + 1),
                "url": format!("https://shop.example/p{n}") })
        })
        .collect();
    world.write("PUT", "/products", json!({ "items": items })).await;
    // p0 and p1 are bought together by eight, p2 by some, p3 alone.
    for n in 0..8 {
        order(&world, &format!("khach-{n}"), &format!("d{n}"), &["p0", "p1"]).await;
    }
    for n in 0..3 {
        order(&world, &format!("khac-{n}"), &format!("e{n}"), &["p2", "p3"]).await;
    }
    look(&world).await;
    world
}

async fn order(world: &World, user: &str, order_id: &str, products: &[&str]) {
    let lines: Vec<Value> = products.iter().map(|id| json!({ "product_id": id, "quantity": 1 })).collect();
    let body = json!({ "event": "Order Completed", "userId": user, "messageId": format!("m-{order_id}"),
        "properties": { "order_id": order_id, "total": 300_000, "products": lines } });
    world.track("track", body).await;
}

async fn view(world: &World, user: &str, product: &str, message: &str) {
    let body = json!({ "event": "Product Viewed", "userId": user, "messageId": message,
        "properties": { "product_id": product } });
    world.track("track", body).await;
}

/// Everything that was told is known to who asks next.
async fn look(world: &World) {
    world.settle().await;
    world.advance_ms(2 * SECOND_MS);
}

async fn id_of(world: &World, user: &str) -> String {
    let found = world.get(&format!("/profiles?identifier=user_id:{user}")).await;
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

fn products(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["product_id"].as_str().unwrap()).collect()
}

fn place(rail: &str) -> Value {
    json!({ "rail": rail, "limit": 10 })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_its_reason() {
    let world = shop().await;
    let answer = world.get("/recommendations?place=product&products=p0&limit=1").await;
    assert_eq!(products(&answer), ["p1"]);
    let reason = &answer["items"][0]["reason"];
    assert_eq!((&reason["code"], &reason["product_id"]), (&json!("bought_together"), &json!("p0")));
    assert_eq!(reason["vi"], "Thường được mua cùng Sản phẩm 0");
    assert_eq!(reason["en"], "Often bought with Sản phẩm 0");
    assert_eq!((&answer["is_personal"], &answer["items"][0]["price"]), (&json!(false), &json!(200_000)));

    let popular = world.get("/recommendations?rail=popular&limit=2").await;
    let mut first = products(&popular);
    first.sort_unstable();
    assert_eq!(first, ["p0", "p1"]);

    let id = id_of(&world, "khach-0").await;
    let again = world.get(&format!("/recommendations?rail=buy_again&profile={id}")).await;
    assert_eq!((products(&again).len(), &again["is_personal"]), (2, &json!(true)));
    assert_eq!(again["items"][0]["reason"]["code"], "bought_before");
    assert_eq!(again["items"][0]["reason"]["times"], 1);

    view(&world, "khach-0", "p7", "v1").await;
    look(&world).await;
    let viewed = world.get(&format!("/recommendations?rail=recently_viewed&profile={id}")).await;
    assert_eq!(products(&viewed), ["p7"]);
    let home = world.get(&format!("/recommendations?place=home&profile={id}")).await;
    assert!(!products(&home).contains(&"p0"), "what was bought is not shown again: {home}");

    world.refused("GET", "/recommendations", Value::Null, 422, "invalid_field").await;
    world.refused("GET", "/recommendations?place=nowhere", Value::Null, 404, "not_found").await;
    world.refused("GET", "/recommendations?rail=bestest", Value::Null, 422, "invalid_field").await;
    world.refused("GET", "/recommendations?rail=popular&limit=51", Value::Null, 400, "invalid_limit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_the_shop_hold() {
    let world = shop().await;
    let shown = async |rules: Value, more: Value| -> Value {
        let mut told = place("popular");
        told["fall_back"] = json!(["new"]);
        told["rules"] = rules;
        for (name, value) in more.as_object().unwrap() {
            told[name] = value.clone();
        }
        world.write("PUT", "/recommendations/places/thu", told).await;
        world.get("/recommendations?place=thu").await
    };
    let all = shown(json!({}), json!({})).await;
    assert_eq!(products(&all).len(), 4, "what nobody bought is not popular: {all}");
    let patch = json!({ "items": [{ "product_id": "p0", "stock": 0 }] });
    world.write("PUT", "/products", patch).await;
    let without = shown(json!({}), json!({})).await;
    assert!(!products(&without).contains(&"p0"), "{without}");
    let with = shown(json!({ "in_stock_only": false }), json!({})).await;
    assert!(products(&with).contains(&"p0"), "{with}");
    // 40 percent are left everywhere.
    assert_eq!(products(&shown(json!({ "min_margin": 41 }), json!({})).await).len(), 0);
    assert_eq!(products(&shown(json!({ "min_margin": 40 }), json!({})).await).len(), 3);
    let odd = shown(json!({ "only_categories": ["Quần"] }), json!({})).await;
    assert_eq!(products(&odd).len(), 2, "{odd}");
    let one = shown(json!({ "max_per_category": 1 }), json!({})).await;
    assert_eq!(products(&one).len(), 2, "one of each category: {one}");
    let pinned = shown(
        json!({}),
        json!({ "pins": [{ "product_id": "p9" }, { "product_id": "p8",
        "until": "2001-01-01T00:00:00Z" }] }),
    )
    .await;
    assert_eq!(pinned["items"][0]["product_id"], "p9");
    assert_eq!(pinned["items"][0]["reason"]["code"], "pinned");
    assert!(!products(&pinned).contains(&"p8"), "its time is over: {pinned}");

    let rules = world.get("/recommendations/rules").await;
    let mut hidden = rules.clone();
    hidden["hidden"] = json!(["p9"]);
    world.write("PUT", "/recommendations/rules", hidden.clone()).await;
    let after = world.get("/recommendations?place=thu").await;
    assert!(!products(&after).contains(&"p9"), "hidden wins over pinned: {after}");
    world.refused("PUT", "/recommendations/rules", hidden, 409, "version_conflict").await;
    let versions = world.get("/recommendations/versions?limit=1").await;
    assert_eq!(versions["items"][0]["rules"]["hidden"], json!(["p9"]));
    assert!(versions["next"].is_string(), "{versions}");
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_written_checked_and_removed() {
    let world = shop().await;
    let usual = world.get("/recommendations/places").await;
    let ids: Vec<&str> =
        usual["items"].as_array().unwrap().iter().map(|place| place["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &usual["version"]), (vec!["home", "product", "cart", "email"], &json!(0)));
    for (id, told, field) in [
        ("Nha", place("popular"), "id"),
        ("popular", place("popular"), "id"),
        ("nha", json!({ "rail": "popular", "limit": 0 }), "limit"),
        ("nha", json!({ "rail": "popular_in_segment" }), "segment"),
        ("nha", json!({ "rail": "popular", "rules": { "bought": "days" } }), "rules.bought_days"),
        ("nha", json!({ "rail": "popular", "pins": [{ "product_id": "" }] }), "pins"),
    ] {
        let problem =
            world.refused("PUT", &format!("/recommendations/places/{id}"), told, 422, "invalid_field").await;
        assert_eq!(problem["problems"][0]["field"], field, "{problem}");
    }
    let mut told = place("popular");
    told["version"] = json!(0);
    world.write("PUT", "/recommendations/places/nha", told.clone()).await;
    world.refused("PUT", "/recommendations/places/nha", told, 409, "version_conflict").await;
    let answer = world.call("DELETE", "/recommendations/places/nha", Value::Null).await;
    assert_eq!(answer.status, 204);
    world.refused("DELETE", "/recommendations/places/nha", Value::Null, 404, "not_found").await;
    let audit = world.get("/audit").await;
    assert!(audit.to_string().contains("recommendation_places/nha"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_what_the_rules_leave_out_and_stores_nothing() {
    let world = shop().await;
    world.write("PUT", "/products", json!({ "items": [{ "product_id": "p0", "in_stock": false }] })).await;
    let told = json!({ "place": { "rail": "popular", "rules": { "only_categories": ["Áo"] } } });
    let shown = world.write("POST", "/recommendations/preview", told).await;
    assert_eq!(products(&shown), ["p2"]);
    // The product by which tests wait has neither category nor name.
    assert_eq!(shown["left_out"], json!({ "out_of_stock": 1, "category": 6 }));
    assert_eq!(shown["products"], 11);
    assert_eq!(world.get("/recommendations/places").await["version"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_or_is_erased_is_a_stranger() {
    let world = shop().await;
    let id = id_of(&world, "khach-0").await;
    let path = format!("/recommendations?rail=buy_again&profile={id}");
    assert_eq!(products(&world.get(&path).await).len(), 2);
    let refusal = json!({ "channel": "email", "purpose": "profiling", "granted": false, "wording": "Không" });
    world.write("POST", &format!("/profiles/{id}/consents"), refusal).await;
    look(&world).await;
    let answer = world.get(&path).await;
    assert_eq!((products(&answer).len(), &answer["is_personal"]), (0, &json!(false)));
    // Others are erased: the pair was bought by eight, and by four at the end.
    for n in 1..4 {
        let id = id_of(&world, &format!("khach-{n}")).await;
        let answer = world
            .call("POST", &format!("/profiles/{id}/erase"), json!({ "orders": "keep", "keep_away": false }))
            .await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }
    look(&world).await;
    let together = world.get("/recommendations?rail=bought_together&products=p0").await;
    assert_eq!(together["items"][0]["reason"]["customers"], 4, "{together}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_segment_has_its_own_popular_products() {
    let world = shop().await;
    for (name, city) in [("Hà Nội", "HN"), ("Sài Gòn", "SG")] {
        for n in 0..3 {
            let (user, product) = (format!("{city}-{n}"), if city == "HN" { "p4" } else { "p5" });
            let told = json!({ "identifiers": [format!("user_id:{user}")], "attributes": { "tinh": city } });
            world.write("POST", "/profiles", told).await;
            order(&world, &user, &format!("o-{user}"), &[product, "p0"]).await;
        }
        let definition = json!({ "attribute": "tinh", "op": "eq", "value": city });
        let segment =
            world.write("POST", "/segments", json!({ "name": name, "definition": definition })).await;
        let told = json!({ "rail": "popular_in_segment", "segment": segment["id"], "limit": 10 });
        world.write("PUT", &format!("/recommendations/places/{}", city.to_lowercase()), told).await;
    }
    look(&world).await;
    let of = async |city: &str| -> Vec<String> {
        let answer = world.get(&format!("/recommendations?place={city}")).await;
        for item in answer["items"].as_array().unwrap() {
            assert_eq!(item["reason"]["code"], "popular_in_segment", "{answer}");
        }
        let mut found: Vec<String> = products(&answer).into_iter().map(str::to_owned).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(of("hn").await, ["p0", "p4"], "what its members bought, and nothing of anybody else");
    assert_eq!(of("sg").await, ["p0", "p5"]);
    // It is believed for five minutes, then found anew.
    order(&world, "HN-1", "o-more", &["p7"]).await;
    look(&world).await;
    assert_eq!(of("hn").await, ["p0", "p4"]);
    world.advance_ms(11 * 60 * SECOND_MS);
    assert_eq!(of("hn").await, ["p0", "p4", "p7"]);
    assert_eq!(of("sg").await, ["p0", "p5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_brings_the_pasts_together() {
    let world = shop().await;
    let (one, two) = (id_of(&world, "khach-0").await, id_of(&world, "khac-0").await);
    let kept = world.write("POST", &format!("/profiles/{one}/merge"), json!({ "other_id": two })).await;
    look(&world).await;
    let id = kept["id"].as_str().unwrap_or(&one);
    let again = world.get(&format!("/recommendations?rail=buy_again&profile={id}")).await;
    let mut found = products(&again);
    found.sort_unstable();
    assert_eq!(found, ["p0", "p1", "p2", "p3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_is_not_bought() {
    let world = shop().await;
    let id = id_of(&world, "khac-0").await;
    let path = format!("/recommendations?rail=buy_again&profile={id}");
    assert_eq!(products(&world.get(&path).await).len(), 2);
    let body = json!({ "event": "Order Cancelled", "userId": "khac-0", "messageId": "c1",
        "properties": { "order_id": "e0" } });
    world.track("track", body).await;
    look(&world).await;
    assert_eq!(products(&world.get(&path).await).len(), 0);
}

async fn page(world: &World, query: &str, told: &[(&str, &str)]) -> Answer {
    let key = basic(&world.keys.write);
    let mut all = vec![("authorization", key.as_str()), ("origin", "https://shop.example")];
    all.extend(told);
    world.ask("GET", &format!("/v1/recommendations?{query}"), &all, axum::body::Body::empty()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_products_and_nothing_of_anybody() {
    let world = shop().await;
    let answer = page(&world, "place=product&products=p0&limit=1", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let told = answer.json();
    assert_eq!(
        (&told["items"][0]["product_id"], &told["items"][0]["price"]),
        (&json!("p1"), &json!(200_000))
    );
    assert_eq!(told["items"][0]["reason"], "Thường được mua cùng Sản phẩm 0");
    assert!(told["items"][0].get("cost").is_none() && told["items"][0].get("stock").is_none(), "{told}");
    let tag = answer.header("etag").to_owned();
    let again = page(&world, "place=product&products=p0&limit=1", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));

    // Whoever knows a user id learns nothing of what they bought; a device that names its own random id is served.
    let anonymous = "0b6f7a7e-2a8b-4a4e-9c64-2f1f2a3b4c5d";
    let body = json!({ "event": "Order Completed", "anonymousId": anonymous, "userId": "la", "messageId": "o9",
        "properties": { "order_id": "z", "total": 5, "products": [{ "product_id": "p5" }] } });
    world.track("track", body).await;
    look(&world).await;
    let named = page(&world, "place=buy_again&userId=la", &[]).await.json();
    assert_eq!(products(&named).len(), 0);
    let own = page(&world, &format!("place=buy_again&anonymousId={anonymous}"), &[]).await.json();
    assert_eq!(products(&own), ["p5"]);

    assert_eq!(page(&world, "place=nowhere", &[]).await.status, 404);
    assert_eq!(page(&world, "place=../x", &[]).await.status, 422);
    let bare = world.ask("GET", "/v1/recommendations?place=home", &[], axum::body::Body::empty()).await;
    assert_eq!(bare.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waited_for_a_product_is_told_once() {
    let world = shop().await;
    world.write("PUT", "/products", json!({ "items": [{ "product_id": "p7", "stock": 0 }] })).await;
    view(&world, "cho", "p7", "v1").await;
    view(&world, "khac", "p6", "v2").await;
    let long_ago = json!({ "event": "Product Viewed", "userId": "lau", "messageId": "v3",
        "timestamp": "2020-01-01T00:00:00Z", "properties": { "product_id": "p7" } });
    world.track("track", long_ago).await;
    look(&world).await;
    let told = async |user: &str, name: &str| {
        let id = id_of(&world, user).await;
        let events = world.get(&format!("/profiles/{id}/events")).await;
        let all = events["items"].as_array().unwrap().clone();
        all.into_iter().filter(|event| event["name"] == name).collect::<Vec<Value>>()
    };
    let mut rules = world.get("/recommendations/rules").await;
    assert_eq!((&rules["occasions"]["per_day"], &rules["occasions"]["products"]), (&json!(1), &json!(6)));
    rules["occasions"]["per_day"] = json!(2);
    world.write("PUT", "/recommendations/rules", rules).await;
    // What a page says of the stock starts nothing.
    let page = json!({ "event": "Product Viewed", "userId": "khac", "messageId": "v4",
        "properties": { "product_id": "p7", "in_stock": true, "price": 1 } });
    world.track("track", page).await;
    look(&world).await;
    assert_eq!(told("cho", "Back In Stock").await.len(), 0);
    for _ in 0..2 {
        world
            .write(
                "PUT",
                "/products",
                json!({ "items": [{ "product_id": "p7", "stock": 3, "price": 700_000 }] }),
            )
            .await;
        look(&world).await;
    }
    let back = told("cho", "Back In Stock").await;
    assert_eq!(back.len(), 1, "{back:?}");
    assert_eq!(back[0]["properties"]["product_id"], "p7");
    let dropped = told("cho", "Price Dropped").await;
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    let properties = &dropped[0]["properties"];
    assert_eq!((&properties["price"], &properties["price_before"]), (&json!(700_000), &json!(800_000)));
    assert_eq!(properties["drop_percent"], 12);
    assert_eq!(told("lau", "Back In Stock").await.len(), 0, "too long ago");
    // The rails show it too.
    for (rail, code) in [("back_in_stock", "back_in_stock"), ("price_dropped", "price_dropped")] {
        let answer = world.get(&format!("/recommendations?rail={rail}")).await;
        assert_eq!(products(&answer), ["p7"], "{answer}");
        assert_eq!(answer["items"][0]["reason"]["code"], code);
    }
    // The second time is another occasion.
    world.write("PUT", "/products", json!({ "items": [{ "product_id": "p7", "stock": 0 }] })).await;
    world.advance_ms(DAY_MS);
    world.write("PUT", "/products", json!({ "items": [{ "product_id": "p7", "stock": 1 }] })).await;
    look(&world).await;
    assert_eq!(told("cho", "Back In Stock").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_of_the_whole_shop_is_one_event_a_person_and_one_a_day() {
    let world = shop().await;
    for n in 0..9 {
        let viewed = json!({ "event": "Product Viewed", "userId": "cho", "messageId": format!("sale{n}"),
            "properties": { "product_id": format!("s{n}") } });
        world.track("track", viewed).await;
    }
    let priced = |price: &dyn Fn(i64) -> i64| {
        let item = |n| json!({ "product_id": format!("s{n}"), "name": format!("Món {n}"), "stock": 5, "price": price(n) });
        json!({ "items": (0..9).map(item).collect::<Vec<_>>() })
    };
    world.write("PUT", "/products", priced(&|_| 100_000)).await;
    look(&world).await;
    world.advance_ms(DAY_MS);
    // The last has fallen most.
    world.write("PUT", "/products", priced(&|n| 90_000 - n * 1_000)).await;
    look(&world).await;
    let id = id_of(&world, "cho").await;
    let told = async || {
        let events = world.get(&format!("/profiles/{id}/events?limit=100")).await;
        let all = events["items"].as_array().unwrap().clone();
        all.into_iter().filter(|event| event["name"] == "Price Dropped").collect::<Vec<Value>>()
    };
    let events = told().await;
    assert_eq!(events.len(), 1, "{events:?}");
    let properties = &events[0]["properties"];
    let named: Vec<&str> = properties["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["product_id"].as_str().unwrap())
        .collect();
    assert_eq!((named.len(), named[0] == properties["product_id"], named[1]), (6, true, "s8"), "{named:?}");
    assert_eq!(properties["products_more"], 3);
    assert_eq!(properties["products"][1]["price_before"], 100_000);
    let occasions =
        async || world.get(&format!("/profiles/{id}/habits")).await["occasions"].as_array().unwrap().clone();
    let count = |all: &[Value], why: Value| all.iter().filter(|one| one["left_out"] == why).count();
    let log = occasions().await;
    assert_eq!(count(&log, Value::Null), 6, "{log:?}");
    assert_eq!(count(&log, json!("too_many")) + count(&log, json!("told_today")), 3, "{log:?}");
    // A second fall on the same day is told to nobody who was told already, and a day later it is.
    world.advance_ms(DAY_MS / 2);
    world.write("PUT", "/products", priced(&|n| if n == 0 { 40_000 } else { 90_000 - n * 1_000 })).await;
    look(&world).await;
    assert_eq!(told().await.len(), 1);
    world.advance_ms(DAY_MS);
    world.write("PUT", "/products", priced(&|n| if n == 1 { 30_000 } else { 90_000 - n * 1_000 })).await;
    look(&world).await;
    let events = told().await;
    assert_eq!((events.len(), &events[0]["properties"]["product_id"]), (2, &json!("s1")), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_shows_what_is_recommended_when_it_is_sent() {
    let mut world = shop().await;
    let id = world.customer("an").await;
    let source = "{% recommendations place: \"email\", limit: 2 as them %}<ul>{% for p in them %}<li><a href=\"{{ p.url }}\">{{ p.name }}</a> {{ p.price | money }} {{ p.reason }}</li>{% endfor %}</ul>{% else %}<p>nothing</p>{% endrecommendations %}<a href=\"{{ unsubscribe_url }}\">x</a>";
    let template = json!({ "name": "Gợi ý", "channel": "email", "subject": "Cho bạn",
        "body": { "kind": "html", "source": source } });
    world.write("PUT", "/templates/goi-y", template).await;
    let preview = world.write("POST", "/templates/goi-y/preview", json!({ "profile_id": id })).await;
    assert!(preview["html"].as_str().unwrap().contains("Sản phẩm"), "{preview}");
    let message = json!({ "profile_id": id, "template": "goi-y", "purpose": "marketing" });
    world.write("POST", "/messages", message.clone()).await;
    world.settle().await;
    // What was popular until now cannot be bought when it is sent.
    let gone: Vec<Value> = ["p0", "p1"].iter().map(|id| json!({ "product_id": id, "stock": 0 })).collect();
    world.write("PUT", "/products", json!({ "items": gone })).await;
    look(&world).await;
    assert_eq!(world.deliver().len(), 1);
    let sent = world.get("/messages").await;
    let sent = world.get(&format!("/messages/{}", sent["items"][0]["id"].as_str().unwrap())).await;
    let html = sent["body"]["html"].as_str().unwrap_or_default().to_owned();
    assert!(html.contains("Sản phẩm 2") && html.contains("Đang được mua nhiều"), "{sent}");
    assert!(!html.contains("Sản phẩm 0") && !html.contains("nothing"), "{html}");
    assert!(sent.to_string().contains("https://shop.example/p2"), "its link is followed: {sent}");
    // With nothing to show the other words stand there.
    let all: Vec<Value> = (0..10).map(|n| json!({ "product_id": format!("p{n}"), "stock": 0 })).collect();
    world.write("PUT", "/products", json!({ "items": all })).await;
    look(&world).await;
    world.write("POST", "/messages", message).await;
    world.settle().await;
    let delivered = world.deliver();
    assert_eq!(delivered.len(), 1, "never a broken mail");
    let domain::delivery::Content::Email(mail) = &delivered[0].delivery.content else { panic!("an e-mail") };
    assert!(mail.html.as_deref().is_some_and(|html| html.contains("nothing")));
}
