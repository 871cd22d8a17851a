//! Leads: rules with their problems, a trial of them, lists, one lead with its reasons, and what sales say.

use crate::world::World;
use kit::DAY_MS;
use serde_json::{Value, json};

fn rules() -> Value {
    json!({
        "rules": [
            { "id": "view", "name": "Xem hàng", "on": { "event": "Product Viewed" }, "points": 10, "cap": 30, "half_life_days": 10 },
            { "id": "phone", "name": "Có số điện thoại", "when": { "attribute": "phone", "op": "exists" }, "points": 15 },
        ],
        "grades": [{ "name": "A", "from": 40 }, { "name": "B", "from": 10 }],
        "handover": { "from": 40, "rearm_below": 20, "assignees": [], "notify": false },
    })
}

async fn shop(world: &World) -> (String, String) {
    world.write("PUT", "/lead-rules", json!({ "rules": rules(), "version": 0 })).await;
    let told =
        json!({ "identifiers": ["user_id:an", "phone:0901234567"], "attributes": { "name": "Nguyễn An" } });
    let an = world.write("POST", "/profiles", told).await["id"].as_str().unwrap().to_owned();
    let told = json!({ "identifiers": ["user_id:binh"], "attributes": { "name": "Trần Bình" } });
    let binh = world.write("POST", "/profiles", told).await["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        world.track("track", json!({ "userId": "an", "event": "Product Viewed", "properties": {} })).await;
    }
    world.track("track", json!({ "userId": "binh", "event": "Product Viewed", "properties": {} })).await;
    world.settle().await;
    (an, binh)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_checked_kept_in_versions_and_not_overwritten_unseen() {
    let world = World::new();
    let none = world.get("/lead-rules").await;
    assert_eq!((&none["version"], &none["rules"]), (&json!(0), &Value::Null));
    let mut bad = rules();
    bad["rules"][0]["points"] = json!(0);
    bad["rules"][1]["when"] = json!({ "attribute": "lead.score", "op": "gt", "value": 5 });
    bad["handover"]["assignees"] = json!(["nobody"]);
    let refused = world.refused("PUT", "/lead-rules", json!({ "rules": bad }), 422, "invalid_rules").await;
    let paths: Vec<&str> =
        refused["problems"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["rules.0.points", "rules.1.when", "handover.assignees.0"]);
    let mut stranger = rules();
    stranger["handover"]["assignees"] = json!(["stranger@shop.vn"]);
    let refused =
        world.refused("PUT", "/lead-rules", json!({ "rules": stranger }), 422, "invalid_rules").await;
    assert_eq!(refused["problems"][0]["path"], "handover.assignees.0");

    let first = world.write("PUT", "/lead-rules", json!({ "rules": rules(), "version": 0 })).await;
    assert_eq!((&first["version"], &first["rules"]["grades"][0]["name"]), (&json!(1), &json!("A")));
    world
        .refused("PUT", "/lead-rules", json!({ "rules": rules(), "version": 0 }), 409, "rules_changed")
        .await;
    let mut next = rules();
    next["grades"][0]["name"] = json!("Nóng");
    world.write("PUT", "/lead-rules", json!({ "rules": next, "version": 1 })).await;
    let history = world.get("/lead-rules/history").await;
    let names: Vec<&Value> =
        history["items"].as_array().unwrap().iter().map(|one| &one["rules"]["grades"][0]["name"]).collect();
    assert_eq!(names, [&json!("Nóng"), &json!("A")]);
    let audit = world.get("/audit?limit=50").await;
    assert!(audit.to_string().contains("lead-rules"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_says_what_rules_would_make_of_everybody_and_changes_nothing() {
    let world = World::new();
    shop(&world).await;
    let mut other = rules();
    other["grades"] = json!([{ "name": "Hot", "from": 20 }, { "name": "Warm", "from": 5 }]);
    let tried = world.write("POST", "/lead-rules/preview", json!({ "rules": other })).await;
    assert_eq!(tried["people"], 2);
    assert_eq!(
        tried["grades"],
        json!([{ "grade": "Hot", "people": 1 }, { "grade": "Warm", "people": 1 }, { "grade": null, "people": 0 }])
    );
    assert_eq!((&tried["at_handover"], &tried["top"][0]["score"]), (&json!(1), &json!(45)));
    assert_eq!(tried["top"][0]["reasons"][0]["name"], "Xem hàng");
    assert_eq!(tried["histogram"].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>(), 2);
    assert_eq!(world.get("/lead-rules").await["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_listed_by_grade_status_and_search() {
    let world = World::new();
    let (an, binh) = shop(&world).await;
    let ids = async |query: &str| -> Vec<String> {
        let page = world.get(&format!("/leads{query}")).await;
        assert_eq!(page["is_computing"], false, "{page}");
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["profile_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, [an.clone(), binh.clone()]);
    assert_eq!(ids("?grade=B").await, std::slice::from_ref(&binh));
    assert_eq!(
        ids("?status=new").await,
        std::slice::from_ref(&an),
        "handed over by its score, to nobody yet"
    );
    assert_eq!(ids("?assignee=none").await, std::slice::from_ref(&an));
    assert_eq!(ids("?search=binh").await, std::slice::from_ref(&binh));
    assert_eq!(ids("?search=nobody").await, Vec::<String>::new());
    let first = world.get("/leads?limit=1").await;
    assert_eq!((&first["total"], &first["items"][0]["grade"]), (&json!(2), &json!("A")));
    let next = first["next"].as_str().unwrap();
    assert_eq!(ids(&format!("?limit=1&cursor={next}")).await, std::slice::from_ref(&binh));
    assert_eq!(ids("?status=none").await, std::slice::from_ref(&binh), "with nobody of sales");
    assert_eq!(ids("?status=new&sort=latest").await, std::slice::from_ref(&an));
    world.refused("GET", "/leads?sort=latest", Value::Null, 422, "invalid_field").await;
    world.refused("GET", "/leads?sort=name", Value::Null, 422, "invalid_field").await;
    world.refused("GET", "/leads?cursor=x", Value::Null, 400, "invalid_cursor").await;
    world.refused("GET", "/leads?status=hot", Value::Null, 422, "invalid_field").await;
    let report = world.get("/reports/leads").await;
    assert_eq!(report["grades"], json!([{ "grade": "A", "people": 1 }, { "grade": "B", "people": 1 }]));
    assert_eq!((&report["model_serves"], &report["comparison"]), (&json!(false), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_say_how_it_stands_and_history_keeps_it() {
    let world = World::new();
    let (an, _) = shop(&world).await;
    let lead = world.get(&format!("/leads/{an}")).await;
    assert_eq!((&lead["score"], &lead["grade"], &lead["status"]), (&json!(45), &json!("A"), &json!("new")));
    assert_eq!(lead["parts"][0]["points"], json!(30.0));
    assert_eq!(lead["turns"].as_array().unwrap().len(), 3);
    assert!(lead["score_until"].is_string() && lead["probability"].is_null());
    let path = format!("/leads/{an}");
    world.refused("PATCH", &path, json!({ "assignee": "nobody@shop.vn" }), 422, "invalid_field").await;
    world.refused("PATCH", &path, json!({}), 422, "invalid_field").await;
    let assignees = world.get("/leads/assignees").await;
    let owner = assignees["items"][0]["address"].as_str().unwrap().to_owned();
    let given = world.write("PATCH", &path, json!({ "assignee": owner })).await;
    assert_eq!((&given["status"], &given["assignee"]), (&json!("assigned"), &json!(owner)));
    world.write("PATCH", &path, json!({ "status": "contacted" })).await;
    let noted =
        world.write("POST", &format!("{path}/notes"), json!({ "note": "Hẹn gọi lại chiều mai" })).await;
    let history: Vec<&str> =
        noted["history"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(history[..3], ["note", "status", "status"], "{noted}");
    assert!(history.contains(&"handed") && history.contains(&"grade"));
    assert_eq!(noted["history"][0]["details"]["note"], "Hẹn gọi lại chiều mai");
    world.refused("POST", &format!("{path}/notes"), json!({ "note": "" }), 422, "invalid_field").await;

    // A segment on the score, as on any other attribute, and by what sales said.
    let condition = json!({ "all": [
        { "attribute": "lead.score", "op": "gte", "value": 40 },
        { "attribute": "lead.grade", "op": "eq", "value": "A" },
        { "attribute": "lead.status", "op": "eq", "value": "contacted" },
    ] });
    world.write("PUT", "/segments/hot", json!({ "name": "Nóng", "definition": condition })).await;
    world.settle().await;
    let explained = world.get(&format!("/segments/hot/explain?profile={an}")).await;
    assert_eq!(explained["member"], true, "{explained}");

    // An order wins it; by these rules who bought is no lead.
    let order = json!({ "userId": "an", "event": "Order Completed", "properties": { "order_id": "1", "total": 5, "currency": "VND" } });
    world.track("track", order).await;
    world.settle().await;
    let won = world.get(&path).await;
    assert_eq!((&won["status"], &won["score"]), (&json!("won"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn points_fade_and_who_wants_no_profile_has_none() {
    let world = World::new();
    let (_, binh) = shop(&world).await;
    world.advance_ms(10 * DAY_MS);
    world.settle().await;
    assert_eq!(world.get(&format!("/leads/{binh}")).await["score"], 5);
    let page = world.get("/leads?grade=B").await;
    assert!(!page.to_string().contains(&binh), "{page}");
    world.write("POST", &format!("/profiles/{binh}/restrict"), json!({ "restricted": true })).await;
    let lead = world.get(&format!("/leads/{binh}")).await;
    assert_eq!((&lead["score"], &lead["grade"], &lead["turns"]), (&Value::Null, &Value::Null, &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_goes_with_the_person() {
    let world = World::new();
    let (an, _) = shop(&world).await;
    world.write("POST", &format!("/profiles/{an}/erase"), json!({})).await;
    world.settle().await;
    world.advance_ms(1_000);
    world.settle().await;
    let page = world.get("/leads").await;
    assert!(!page.to_string().contains(&an), "{page}");
    let report = world.get("/reports/leads").await;
    assert_eq!(report["statuses"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_new_rules_made_hot_waits_until_somebody_hands_them_over() {
    let world = World::new();
    let (_, binh) = shop(&world).await;
    let none = world.get("/leads/hand-over").await;
    assert_eq!(none, json!({ "version": 1, "people": 0, "from": 40, "is_computing": false }));
    let mut other = rules();
    other["rules"][0] =
        json!({ "id": "view", "name": "Xem hàng", "on": { "event": "Product Viewed" }, "points": 60 });
    world.write("PUT", "/lead-rules", json!({ "rules": other, "version": 1 })).await;
    world.settle().await;
    let waiting = world.get("/leads/hand-over").await;
    assert_eq!(waiting, json!({ "version": 2, "people": 1, "from": 40, "is_computing": false }));
    let lead = world.get(&format!("/leads/{binh}")).await;
    assert_eq!((&lead["score"], &lead["status"]), (&json!(60), &Value::Null), "by new rules alone nobody is");
    let old = json!({ "version": 1 });
    world.refused("POST", "/leads/hand-over", old, 409, "rules_changed").await;
    for people in [1, 0] {
        let asked = world.write("POST", "/leads/hand-over", json!({ "version": 2 })).await;
        assert_eq!(asked["people"], people);
        world.settle().await;
    }
    let lead = world.get(&format!("/leads/{binh}")).await;
    let handed = lead["history"].as_array().unwrap().iter().filter(|one| one["what"] == "handed").count();
    assert_eq!((&lead["status"], handed), (&json!("new"), 1));
    assert!(world.get("/audit?limit=50").await.to_string().contains("hand-over"));
    let mut without = rules();
    without.as_object_mut().unwrap().remove("handover");
    world.write("PUT", "/lead-rules", json!({ "rules": without, "version": 2 })).await;
    world.refused("POST", "/leads/hand-over", json!({ "version": 3 }), 409, "no_handover").await;
}
