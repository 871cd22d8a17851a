//! What people ask about their own data: handed out, erased everywhere, restricted; and what is kept no longer.

use crate::world::World;
use serde_json::{Value, json};

const NAME: &str = "Đặng Thùy Trâm Anh";
const EMAIL: &str = "thuytram.dang@mail.example";
const PHONE: &str = "+84901234567";

/// A customer with something of everything.
async fn person(world: &mut World) -> String {
    let body = json!({
        "identifiers": ["user_id:kh-007123", format!("email:{EMAIL}"), format!("phone:{PHONE}")],
        "attributes": { "name": NAME, "city": "Huế" },
    });
    let profile = world.write("POST", "/profiles", body).await;
    let id = profile["id"].as_str().unwrap().to_owned();
    let consent = json!({ "channel": "email", "granted": true, "wording": "Tôi đồng ý." });
    world.write("POST", &format!("/profiles/{id}/consents"), consent).await;
    world.write("PATCH", &format!("/profiles/{id}"), json!({ "attributes": { "city": "Đà Nẵng" } })).await;
    let template = json!({
        "name": "Chào", "channel": "email", "subject": "Chào {{ customer.name }}",
        "body": { "kind": "html", "source": "<p>{{ customer.name }}, thư gửi tới {{ customer.email }}</p><a href=\"{{ unsubscribe_url }}\">Ngừng</a>" },
    });
    world.write("PUT", "/templates/hello", template).await;
    for n in 0..3 {
        let viewed = json!({ "event": "Product Viewed", "userId": "kh-007123", "messageId": format!("v{n}"),
            "properties": { "product_id": "ao-1", "note": format!("gửi {EMAIL}") } });
        world.track("track", viewed).await;
    }
    let order = json!({ "event": "Order Completed", "userId": "kh-007123", "messageId": "o1",
        "properties": { "order_id": "DH-1", "total": 500_000, "currency": "VND", "email": EMAIL,
            "shipping_address": { "name": NAME, "phone": PHONE },
            "products": [{ "product_id": "ao-1", "price": 500_000, "quantity": 1 }] } });
    world.track("track", order).await;
    world.settle().await;
    let message = json!({ "profile_id": id, "template": "hello", "purpose": "marketing",
        "properties": { "greeting": NAME } });
    world.write("POST", "/messages", message).await;
    world.settle().await;
    assert_eq!(world.deliver().len(), 1);
    id
}

/// Every value of every table that holds one of the texts.
fn traces(world: &World, texts: &[&str]) -> Vec<String> {
    world
        .dump()
        .into_iter()
        .filter(|(_, value)| texts.iter().any(|text| value.contains(text)))
        .map(|(place, value)| format!("{place}: {value:.120}"))
        .collect()
}

async fn until_erased(world: &World) {
    for _ in 0..200 {
        let found = world.get("/erasures").await;
        if found["items"].as_array().unwrap().iter().all(|row| !row["finished_at"].is_null()) {
            return;
        }
        world.settle().await;
    }
    panic!("an erasure does not end");
}

const TEXTS: [&str; 6] = [NAME, "Thùy Trâm", "thuy tram", EMAIL, "901234567", "kh-007123"];

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_leaves_no_trace() {
    let mut world = World::new();
    let id = person(&mut world).await;
    let other = world.customer("khac").await;
    assert!(traces(&world, &TEXTS).len() > 10, "the scan finds what is there");
    let request = json!({ "kind": "erase", "identifiers": [format!("email:{EMAIL}")], "channel": "email",
        "note": format!("{NAME} gọi điện") });
    let request = world.write("POST", "/requests", request).await;
    assert_eq!(request["profile_id"], json!(id));
    let path = format!("/requests/{}", request["id"].as_str().unwrap());
    let done = world.write("POST", &format!("{path}/complete"), json!({ "outcome": "Đã xóa" })).await;
    assert_eq!((&done["state"], &done["identifiers"]), (&json!("completed"), &json!([])));
    world.refused("GET", &format!("/profiles/{id}"), Value::Null, 404, "not_found").await;
    until_erased(&world).await;
    assert_eq!(traces(&world, &TEXTS), [] as [String; 0]);
    // The order stays for the books, the ledger says that something was sent and nothing of whom.
    let orders = world.get("/orders").await;
    assert_eq!(orders["items"][0]["order_id"], "DH-1", "{orders}");
    let messages = world.get("/messages").await;
    assert_eq!(messages["items"][0]["state"], "sent", "{messages}");
    assert!(messages["items"][0]["to"].is_null() && messages["items"][0]["address"].is_null(), "{messages}");
    let register = world.get("/erasures").await;
    assert_eq!(register["items"][0]["profile_id"], json!(id));
    assert_eq!(register["items"][0]["consents"][0]["state"], "granted", "the proof without the person");
    assert_eq!(world.get(&format!("/profiles/{other}")).await["id"], json!(other));
    // What comes late makes somebody new, and an import writes to nobody who was erased.
    let late =
        json!({ "userId": "kh-007123", "messageId": "late", "traits": { "email": EMAIL, "name": "Trâm" } });
    world.track("identify", late).await;
    world.settle().await;
    let found = world.get("/profiles?identifier=user_id:kh-007123").await;
    let revenant = found["items"][0]["id"].as_str().unwrap().to_owned();
    assert_ne!(revenant, id);
    assert_eq!(found["items"][0]["orders"]["count"], 0);
    let record =
        |source: &str| json!({ "channel": "email", "granted": true, "wording": "Vâng", "source": source });
    world.advance_ms(1_000);
    world.write("POST", &format!("/profiles/{revenant}/consents"), record("import:old.csv")).await;
    let send = json!({ "profile_id": revenant, "template": "hello", "purpose": "marketing" });
    let refused = async |world: &mut World, reason: Option<&str>| {
        let answer = world.call("POST", "/messages", send.clone()).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        world.settle().await;
        let sent = world.deliver().len();
        let ledger = world.get(&format!("/profiles/{revenant}/messages")).await;
        let found = ledger["items"][0]["reason"].as_str().filter(|reason| !reason.is_empty());
        assert_eq!((sent, found), (usize::from(reason.is_none()), reason), "{ledger}");
    };
    refused(&mut world, Some("suppressed")).await;
    world.advance_ms(1_000);
    world.write("POST", &format!("/profiles/{revenant}/consents"), record("form:footer")).await;
    refused(&mut world, None).await;
}

/// Tables of which it was decided what an erasure does to them. A new one belongs here, and into `engine::erasure` when
/// it can name a person.
const TABLES: &str = "account account_workspace api_key attribute_change audit campaign campaign_audience campaign_run \
    channel condition_members consent_record erasure event event_message event_name idempotency identifier import_touch \
    inbox invitation job journey journey_count journey_run journey_step journey_version list login merge_log message \
    message_body message_log message_response order_line password_reset person_request product profile profile_alias \
    profile_search progress quarantine rejection schema_migration segment segment_condition segment_transition \
    segment_version shop_order sqlite_sequence sqlite_stat1 sqlite_stat4 suppression template template_version timer \
    setup topic_count workspace \
    second_factor recovery_code journey_canvas profile_feed saved_view webhook webhook_delivery sending_domain api_key_use \
    template_draft media media_content push_device onsite_message staff_contact soft_bounce sending_plan sending_count mailbox_visit do_not_call channel_token channel_authorisation provider_template spending budget register_source model lead product_seen recommendation_book";

#[tokio::test(flavor = "multi_thread")]
async fn every_table_was_thought_of() {
    let world = World::new();
    let tables = world.tables();
    let forgotten: Vec<&String> =
        tables.iter().filter(|table| !TABLES.split_whitespace().any(|known| known == *table)).collect();
    assert!(forgotten.is_empty(), "what does an erasure do to {forgotten:?}?");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_too_when_asked() {
    let mut world = World::new();
    let id = person(&mut world).await;
    let body = json!({ "orders": "delete", "keep_away": false });
    let answer = world.call("POST", &format!("/profiles/{id}/erase"), body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    until_erased(&world).await;
    assert_eq!(world.get("/orders").await["items"], json!([]));
    assert_eq!(world.get("/suppressions?channel=email").await["items"], json!([]));
    world.refused("POST", &format!("/profiles/{id}/erase"), json!({}), 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_known_of_a_person_is_handed_out() {
    let mut world = World::new();
    let id = person(&mut world).await;
    let all = world.get(&format!("/profiles/{id}/export")).await;
    assert_eq!(all["profile"]["email"], EMAIL);
    assert_eq!(all["attributes"]["city"]["value"], "Đà Nẵng");
    assert_eq!(
        all["attribute_changes"].as_array().unwrap().iter().filter(|row| row["name"] == "city").count(),
        2
    );
    assert_eq!(all["consents"][0]["wording"], "Tôi đồng ý.");
    let names: Vec<&str> =
        all["events"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| **name == "Product Viewed").count(), 3, "{names:?}");
    assert_eq!(all["orders"][0]["order_id"], "DH-1");
    let message = &all["messages"][0];
    assert_eq!(message["body"]["subject"], format!("Chào {NAME}"));
    assert!(message["body"]["html"].as_str().unwrap().contains(EMAIL), "{message}");
    for part in ["carts", "merges", "journeys", "segments", "requests", "lists"] {
        assert!(all[part].is_array(), "{part}");
    }
    let page =
        world.call("GET", &format!("/profiles/{id}/export?format=html&language=vi"), Value::Null).await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.text.contains("Dữ liệu của bạn") && page.text.contains(NAME) && page.text.contains("Đơn hàng")
    );
    let english =
        world.call("GET", &format!("/profiles/{id}/export?format=html&language=en"), Value::Null).await;
    assert!(english.text.contains("Your data at"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_person_is_left_alone() {
    let mut world = World::new();
    let id = person(&mut world).await;
    world.write("POST", &format!("/profiles/{id}/restrict"), json!({ "restricted": true })).await;
    let send = async |world: &mut World, purpose: &str| {
        let body = json!({ "profile_id": id, "template": "hello", "purpose": purpose });
        world.write("POST", "/messages", body).await;
        world.settle().await;
        world.deliver().len()
    };
    assert_eq!(send(&mut world, "marketing").await, 0);
    let ledger = world.get(&format!("/profiles/{id}/messages")).await;
    assert_eq!(ledger["items"][0]["reason"], "restricted", "{ledger}");
    assert_eq!(send(&mut world, "transactional").await, 1, "orders are still told of");
    world.write("POST", &format!("/profiles/{id}/restrict"), json!({ "restricted": false })).await;
    assert_eq!(send(&mut world, "marketing").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_have_deadlines_and_end_once() {
    let world = World::new();
    let id = world.customer("an").await;
    let post = async |body: Value| world.write("POST", "/requests", body).await;
    let withdraw = post(json!({ "kind": "withdraw", "profile_id": id })).await;
    assert_eq!(withdraw["deadline_is_verified"], true);
    world.advance_ms(1_000);
    let access = post(json!({ "kind": "access", "identifiers": ["email:ai.do@mail.example"] })).await;
    assert_eq!((&access["profile_id"], &access["deadline_is_verified"]), (&Value::Null, &json!(false)));
    let policy = world.get("/requests/policy").await;
    assert_eq!(policy["items"].as_array().unwrap().len(), 6);
    world
        .refused("POST", "/requests", json!({ "kind": "sue", "profile_id": id }), 422, "invalid_field")
        .await;
    world.refused("POST", "/requests", json!({ "kind": "erase" }), 422, "invalid_field").await;
    let ids = async |query: &str| {
        let found = world.get(&format!("/requests?{query}")).await;
        found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, ["access", "withdraw"]);
    assert_eq!(ids("open=true").await, ["access", "withdraw"], "the more urgent one first");
    world.advance_ms(11 * kit::DAY_MS);
    assert_eq!(ids("overdue=true").await, ["access"]);
    let path = format!("/requests/{}", access["id"].as_str().unwrap());
    world.write("POST", &format!("{path}/acknowledge"), Value::Null).await;
    world.refused("POST", &format!("{path}/extend"), json!({}), 422, "invalid_field").await;
    let extended =
        world.write("POST", &format!("{path}/extend"), json!({ "reason": "Cần thêm thời gian" })).await;
    assert_eq!(extended["is_overdue"], false, "{extended}");
    world.refused("POST", &format!("{path}/extend"), json!({ "reason": "x" }), 409, "extended_already").await;
    world.write("POST", &format!("{path}/refuse"), json!({ "reason": "Không xác minh được" })).await;
    world.refused("POST", &format!("{path}/complete"), json!({}), 409, "request_closed").await;
    let path = format!("/requests/{}", withdraw["id"].as_str().unwrap());
    let done = world.write("POST", &format!("{path}/complete"), json!({})).await;
    assert!(done["handled_by"].as_str().unwrap().starts_with("key:"));
    let profile = world.get(&format!("/profiles/{id}")).await;
    assert_eq!(profile["consents"]["email.marketing"]["state"], "denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_enough_goes_and_totals_stay() {
    let mut world = World::new();
    let id = person(&mut world).await;
    world.advance_ms(40 * kit::DAY_MS);
    let fresh =
        json!({ "event": "Product Viewed", "userId": "kh-007123", "messageId": "fresh", "properties": {} });
    world.track("track", fresh).await;
    world.settle().await;
    let rules =
        json!({ "retention": [{ "event": "Product Viewed", "days": 30 }, { "event": "*", "days": 35 }] });
    world.write("PATCH", "/settings", rules).await;
    world
        .refused(
            "PATCH",
            "/settings",
            json!({ "retention": [{ "event": "x", "days": 0 }] }),
            422,
            "invalid_settings",
        )
        .await;
    let due = world.get("/retention").await;
    let counts: Vec<(&str, i64)> = due["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["event"].as_str().unwrap(), row["count"].as_i64().unwrap()))
        .collect();
    assert!(counts.contains(&("Product Viewed", 3)) && counts.contains(&("Order Completed", 1)), "{due}");
    let before = world.get(&format!("/profiles/{id}")).await;
    assert_eq!(
        world.get("/events/count").await["count"].as_i64(),
        Some(counts.iter().map(|c| c.1).sum::<i64>() + 1)
    );
    world.clean().await;
    let due = world.get("/retention").await;
    assert!(due["events"].as_array().unwrap().iter().all(|row| row["count"] == 0), "{due}");
    assert_eq!(world.get("/events/count").await["count"], 1);
    let after = world.get(&format!("/profiles/{id}")).await;
    assert_eq!((&after["orders"], &after["last_seen_at"]), (&before["orders"], &before["last_seen_at"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_whom_nobody_saw_for_long_are_forgotten() {
    let world = World::new();
    for visitor in ["may-1", "may-2"] {
        let seen = json!({ "event": "Product Viewed", "anonymousId": visitor, "messageId": visitor, "properties": {} });
        world.track("track", seen).await;
    }
    let id = world.customer("an").await;
    world.advance_ms(20 * kit::DAY_MS);
    let seen =
        json!({ "event": "Product Viewed", "anonymousId": "may-2", "messageId": "again", "properties": {} });
    world.track("track", seen).await;
    world.settle().await;
    world.write("PATCH", "/settings", json!({ "visitor_retention_days": 10 })).await;
    assert_eq!(world.get("/retention").await["visitors"]["count"], 1);
    world.clean().await;
    let left = async |visitor: &str| {
        let found = world.get(&format!("/profiles?identifier=anonymous_id:{visitor}")).await;
        found["items"].as_array().unwrap().len()
    };
    assert_eq!((left("may-1").await, left("may-2").await), (0, 1));
    assert_eq!(world.get(&format!("/profiles/{id}")).await["id"], json!(id));
    assert_eq!(traces(&world, &["may-1"]), [] as [String; 0]);
}
