//! The list of customers, views of it, changes to many, and the one list of all that happened to somebody.

#![expect(clippy::disallowed_methods, reason = "work of other threads is looked for until a deadline")]

use crate::world::{OTHER_SHOP, SHOP, World};
use serde_json::{Value, json};
use transfer::bulk::BulkJob;
use transfer::{Step, work_folder};

const DAY_MS: i64 = 86_400_000;

/// Nine people: every third with a tag, the first two with orders.
async fn shop() -> (World, Vec<String>) {
    let world = World::new();
    let mut ids = Vec::new();
    for n in 0..9 {
        let name = if n == 4 { "Nguyễn Thị Ánh".to_owned() } else { format!("Khách {n}") };
        let told = json!({
            "identifiers": [format!("email:k{n}@shop.example"), format!("user_id:u{n}")],
            "attributes": { "name": name, "city": "Huế" },
            "add_tags": if n % 3 == 0 { vec!["vip"] } else { vec![] },
        });
        ids.push(world.write("POST", "/profiles", told).await["id"].as_str().unwrap().to_owned());
        world.advance_ms(1_000);
    }
    for (order, of, total) in [("1", 0, 100_000), ("2", 0, 50_000), ("3", 1, 900_000)] {
        let told = json!({
            "order_id": order, "identifier": format!("user_id:u{of}"), "total": total, "currency": "VND",
            "placed_at": "2026-11-01T05:00:00Z",
        });
        world.write("POST", "/orders", told).await;
    }
    world
        .write(
            "POST",
            &format!("/profiles/{}/consents", ids[2]),
            json!({ "channel": "email", "granted": true }),
        )
        .await;
    world.settle().await;
    (world, ids)
}

async fn found(world: &World, choice: Value) -> Vec<String> {
    let page = world.write("POST", "/people/query", json!({ "choice": choice })).await;
    assert_eq!(page["total"].as_u64().unwrap() as usize, page["items"].as_array().unwrap().len(), "{page}");
    page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_sorted_and_read_from_anywhere() {
    let (world, ids) = shop().await;
    let check = async |filter: Value, expect: &[usize]| {
        let choice = json!({ "filters": [filter], "sort": "created", "ascending": true });
        let expect: Vec<String> = expect.iter().map(|n| ids[*n].clone()).collect();
        assert_eq!(found(&world, choice.clone()).await, expect, "{choice}");
    };
    check(json!({ "field": "tag", "any": ["vip"] }), &[0, 3, 6]).await;
    check(json!({ "field": "tag", "any": ["vip"], "not": true }), &[1, 2, 4, 5, 7, 8]).await;
    check(json!({ "field": "orders", "min": 1 }), &[0, 1]).await;
    check(json!({ "field": "revenue", "min": 100_000, "max": 200_000 }), &[0]).await;
    check(json!({ "field": "average", "max": 80_000 }), &[0]).await;
    check(json!({ "field": "last_order", "never": true }), &[2, 3, 4, 5, 6, 7, 8]).await;
    check(json!({ "field": "last_order", "within_days": 60 }), &[0, 1]).await;
    check(json!({ "field": "last_order", "beyond_days": 60 }), &[]).await;
    check(json!({ "field": "last_order", "from": "2026-11-01", "to": "2026-11-01" }), &[0, 1]).await;
    check(json!({ "field": "consent", "channel": "email" }), &[2]).await;
    check(json!({ "field": "stage", "any": ["subscriber"] }), &[2]).await;
    check(json!({ "field": "stage", "any": ["customer", "repeat_customer"] }), &[0, 1]).await;
    check(json!({ "field": "identifier", "any": ["phone"] }), &[]).await;
    check(json!({ "field": "restricted", "not": true }), &[0, 1, 2, 3, 4, 5, 6, 7, 8]).await;
    let city = json!({ "attribute": "name", "op": "contains", "value": "Ánh" });
    check(json!({ "field": "condition", "definition": city }), &[4]).await;

    assert_eq!(found(&world, json!({ "search": "nguyen thi" })).await, [ids[4].clone()]);
    assert_eq!(found(&world, json!({ "search": "k7@shop" })).await, [ids[7].clone()]);
    let by_revenue = found(&world, json!({ "sort": "revenue" })).await;
    assert_eq!(by_revenue[..2], [ids[1].clone(), ids[0].clone()]);
    let by_last = found(&world, json!({ "sort": "last_order", "ascending": true })).await;
    assert_eq!(by_last.len(), 9, "whoever never ordered stands at the end");
    assert!(by_last[..2].contains(&ids[0]) && by_last[..2].contains(&ids[1]));

    let all = found(&world, json!({})).await;
    let page = json!({ "choice": {}, "offset": 7, "limit": 5, "attributes": ["city"] });
    let page = world.write("POST", "/people/query", page).await;
    let items = page["items"].as_array().unwrap();
    assert_eq!((items.len(), page["total"].as_u64(), page["everybody"].as_u64()), (2, Some(9), Some(9)));
    assert_eq!((&items[0]["index"], items[0]["id"].as_str()), (&json!(7), Some(all[7].as_str())));
    assert_eq!(items[0]["attributes"]["city"], "Huế");
    let beyond = world.write("POST", "/people/query", json!({ "choice": {}, "offset": 99 })).await;
    assert_eq!(beyond["items"], json!([]));

    for (choice, code) in [
        (json!({ "sort": "name" }), "invalid_field"),
        (json!({ "filters": [{ "field": "tag" }] }), "invalid_field"),
        (json!({ "filters": [{ "field": "segment", "any": ["none"] }] }), "segment_not_ready"),
    ] {
        let answer = world.call("POST", "/people/query", json!({ "choice": choice })).await;
        assert_eq!(answer.status.as_u16(), 422, "{choice} {code}: {}", answer.text);
    }
    let facets = world.get("/people/facets").await;
    assert_eq!(
        (&facets["everybody"], &facets["tags"][0]),
        (&json!(9), &json!({ "value": "vip", "count": 3 }))
    );
    assert!(OTHER_SHOP != SHOP);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_stands_still_while_it_is_read_and_follows_afterwards() {
    let (world, ids) = shop().await;
    let first =
        world.write("POST", "/people/query", json!({ "choice": { "sort": "created" }, "limit": 2 })).await;
    let snapshot = first["snapshot"].clone();
    world.advance_ms(60_000);
    let told = json!({ "identifiers": ["email:neu@shop.example"], "add_tags": ["vip"] });
    let new = world.write("POST", "/profiles", told).await["id"].as_str().unwrap().to_owned();
    world.write("POST", &format!("/profiles/{}/merge", ids[0]), json!({ "other_id": ids[8] })).await;
    let on = json!({ "choice": { "sort": "created" }, "offset": 2, "limit": 2, "snapshot": snapshot });
    let on = world.write("POST", "/people/query", on).await;
    assert_eq!((&on["snapshot"], &on["total"]), (&snapshot, &json!(9)));
    assert_eq!(on["items"][0]["id"].as_str(), Some(ids[6].as_str()));
    let vip =
        found(&world, json!({ "filters": [{ "field": "tag", "any": ["vip"] }], "sort": "created" })).await;
    assert_eq!(vip.first(), Some(&new), "who came is there");
    assert_eq!(found(&world, json!({})).await.len(), 9, "one came, and two became one");
    world.advance_ms(60_000);
    let seen = json!({ "userId": "u5", "event": "Seen", "messageId": "m1" });
    world.track("track", seen).await;
    world.settle().await;
    assert_eq!(found(&world, json!({})).await[0], ids[5], "by when they were last seen");
    world
        .write("POST", &format!("/profiles/{new}/erase"), json!({ "orders": "keep", "keep_away": false }))
        .await;
    world.advance_ms(60_000);
    assert_eq!(found(&world, json!({})).await.len(), 8);
    // A rhythm of 30 days is over after 60, and the person is lost after 120.
    let lost = json!({ "filters": [{ "field": "stage", "any": ["lost"] }] });
    assert_eq!(found(&world, lost.clone()).await.len(), 0);
    world.advance_ms(400 * DAY_MS);
    assert_eq!(found(&world, lost).await.len(), 2, "stages turn by themselves");
}

fn drive(world: &World, id: &str) {
    tokio::task::block_in_place(|| work(world, id));
}

fn work(world: &World, id: &str) {
    let job = world.store.read(|tx| tx.job(SHOP, id)).unwrap().unwrap();
    let folder = work_folder(&world.data(), id).unwrap();
    let mut bulk = BulkJob::open(world.store.clone(), job, folder).unwrap();
    loop {
        match bulk.step(kit::Clock::now(world.clock.as_ref())).unwrap() {
            Step::Worked => {}
            Step::Waiting => {
                world.ring();
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Step::Ended => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_changed_and_it_is_taken_back() {
    let (world, ids) = shop().await;
    let tagged = async |tag: &str| {
        world.advance_ms(60_000);
        found(&world, json!({ "filters": [{ "field": "tag", "any": [tag] }] })).await.len()
    };
    let call = json!({
        "action": "add_tag", "value": "vip", "choice": { "filters": [{ "field": "orders", "max": 5 }] },
        "without": [ids[1]], "expected": 8,
    });
    let job = world.write("POST", "/people/bulk", call).await;
    assert_eq!(
        (&job["kind"], &job["state"], &job["progress"]["total"]),
        (&json!("bulk"), &json!("waiting"), &json!(8))
    );
    let id = job["id"].as_str().unwrap().to_owned();
    drive(&world, &id);
    let done = world.get(&format!("/jobs/{id}")).await;
    assert_eq!(
        (&done["state"], &done["progress"]["done"], &done["progress"]["changed"]),
        (&json!("completed"), &json!(8), &json!(5))
    );
    assert_eq!(tagged("vip").await, 8);
    world.write("POST", &format!("/people/bulk/{id}/undo"), json!({})).await;
    drive(&world, &id);
    assert_eq!(tagged("vip").await, 3, "whoever had it before keeps it");
    world.refused("POST", &format!("/people/bulk/{id}/undo"), json!({}), 409, "state_unsuitable").await;

    world.write("POST", "/lists", json!({ "id": "quen", "name": "Khách quen" })).await;
    let call = json!({ "action": "add_to_list", "value": "quen", "ids": [ids[0], ids[1], ids[0]] });
    let job = world.write("POST", "/people/bulk", call).await;
    assert_eq!((&job["name"], &job["progress"]["total"]), (&json!("Khách quen"), &json!(2)));
    let id = job["id"].as_str().unwrap().to_owned();
    world.write("POST", &format!("/jobs/{id}/cancel"), json!({})).await;
    drive(&world, &id);
    assert_eq!(world.get(&format!("/jobs/{id}")).await["state"], "cancelled");
    assert_eq!(world.get("/lists/quen").await["count"], 0);

    let job = world
        .write("POST", "/people/bulk", json!({ "action": "suppress", "value": "email", "ids": [ids[5]] }))
        .await;
    drive(&world, job["id"].as_str().unwrap());
    assert_eq!(world.get("/suppressions").await["items"][0]["address"], "k5@shop.example");

    for (call, status, code) in [
        (json!({ "action": "add_tag", "value": "x", "ids": [ids[0]], "expected": 5 }), 409, "choice_changed"),
        (
            json!({ "action": "add_tag", "value": "x", "choice": { "search": "khong co ai" } }),
            422,
            "nobody_chosen",
        ),
        (json!({ "action": "add_to_list", "value": "none", "ids": [ids[0]] }), 404, "not_found"),
        (json!({ "action": "start_journey", "value": "none", "ids": [ids[0]] }), 404, "not_found"),
    ] {
        world.refused("POST", "/people/bulk", call, status, code).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_kept_by_whoever_made_them() {
    let (world, _) = shop().await;
    let doc = json!({ "choice": { "search": "an" }, "columns": ["stage"] });
    let made = world.write("POST", "/views", json!({ "name": " Khách  An ", "doc": doc })).await;
    assert_eq!(
        (&made["name"], &made["own"], &made["doc"], &made["area"]),
        (&json!("Khách An"), &json!(true), &doc, &json!("customers"))
    );
    let path = format!("/views/{}", made["id"].as_str().unwrap());
    let changed = world.write("PATCH", &path, json!({ "shared": true, "name": "An" })).await;
    assert_eq!((&changed["shared"], &changed["name"], &changed["doc"]), (&json!(true), &json!("An"), &doc));
    assert_eq!(world.get("/views?area=customers").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.get("/views?area=campaigns").await["items"], json!([]));
    assert_eq!(world.call("POST", "/views", json!({ "name": "", "doc": {} })).await.status.as_u16(), 422);
    assert_eq!(world.call("POST", "/views", json!({ "name": "x", "doc": [] })).await.status.as_u16(), 422);
    assert_eq!(world.call("DELETE", &path, json!({})).await.status.as_u16(), 204);
    assert_eq!(world.call("PATCH", &path, json!({})).await.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_happened_stands_in_one_list() {
    let (world, ids) = shop().await;
    let path = format!("/profiles/{}/timeline", ids[0]);
    let all = world.get(&path).await;
    let items = all["items"].as_array().unwrap();
    let kinds: std::collections::BTreeSet<&str> =
        items.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains("event") && kinds.contains("attribute"), "{kinds:?}");
    let times: Vec<&str> = items.iter().map(|item| item["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    for limit in [1, 2, 3] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("{path}?limit={limit}{cursor}")).await;
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let expect: Vec<Value> = items.iter().map(|item| item["id"].clone()).collect();
        assert_eq!(seen, expect, "in pages of {limit}");
    }
    let attributes = world.get(&format!("{path}?kinds=attribute")).await;
    assert!(attributes["items"].as_array().unwrap().iter().all(|item| item["kind"] == "attribute"));
    let hue = world.get(&format!("{path}?search=hue")).await;
    assert!(!hue["items"].as_array().unwrap().is_empty(), "without tone marks");
    assert_eq!(world.get(&format!("{path}?search=khong-co")).await["items"], json!([]));
    assert_eq!(world.call("GET", &format!("{path}?kinds=smoke"), json!({})).await.status.as_u16(), 422);

    let twin =
        json!({ "identifiers": ["email:zwei@shop.example"], "attributes": { "name": "Nguyễn thị Ánh" } });
    let twin = world.write("POST", "/profiles", twin).await;
    let same = world.get(&format!("/profiles/{}/duplicates", ids[4])).await;
    assert_eq!((&same["items"][0]["id"], &same["items"][0]["reason"]), (&twin["id"], &json!("same_name")));
    assert_eq!(same["items"].as_array().unwrap().len(), 1);
}
