//! Pages subscribe to notifications and fetch what waits for them; what a device that is gone does to a message.

use crate::world::{Answer, World};
use domain::consent::Channel;
use domain::delivery::{Content, Outcome, RejectClass};
use engine::Outgoing;
use serde_json::{Value, json};

const DEVICE: &str = "5a3f1c9e-6f0d-4c53-9a1e-000000000001";
const OTHER_DEVICE: &str = "5a3f1c9e-6f0d-4c53-9a1e-000000000002";

fn subscription(endpoint: &str) -> Value {
    json!({ "endpoint": endpoint, "keys": { "p256dh": "KEY", "auth": "AUTH" } })
}

/// As a page calls, with the write key in the body.
async fn page(world: &World, method: &str, path: &str, mut body: Value) -> Answer {
    if !body.is_null() {
        body["writeKey"] = json!(world.keys.write);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let told =
        [("origin", "https://shop.example"), ("content-type", "text/plain"), ("user-agent", "Mozilla/5.0")];
    let answer = world.ask(method, path, &told, body).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    answer
}

async fn subscribe(world: &World, body: Value) -> Answer {
    let answer = page(world, "POST", "/v1/push/subscribe", body).await;
    world.settle().await;
    answer
}

async fn world() -> World {
    let mut world = World::new();
    for channel in ["push", "onsite"] {
        let set_up = json!({ "host": "here", "push_key": "PUBLIC", "user_secret": "geheim" });
        world.write("PUT", &format!("/channels/{channel}"), set_up).await;
    }
    world.set_up_channels(&[Channel::Email, Channel::Push, Channel::Onsite, Channel::Webhook]);
    for channel in ["push", "onsite"] {
        let template = json!({
            "name": channel, "channel": channel, "subject": "Chào {{ customer.name | default: 'bạn' }}",
            "body": { "kind": "text", "source": "Giỏ hàng còn chờ" },
        });
        world.write("PUT", &format!("/templates/{channel}"), template).await;
    }
    world
}

async fn profile(world: &World, identifier: &str) -> Value {
    let found = world.get(&format!("/profiles?identifier={identifier}")).await;
    let id = found["items"][0]["id"].as_str().unwrap_or_default().to_owned();
    world.get(&format!("/profiles/{id}")).await
}

async fn send(world: &World, identifier: &str, template: &str, purpose: &str) {
    let id = profile(world, identifier).await["id"].clone();
    let body = json!({ "profile_id": id, "template": template, "purpose": purpose });
    world.write("POST", "/messages", body).await;
    world.settle().await;
}

fn accepted(_: &Outgoing) -> Outcome {
    Outcome::Accepted { provider_id: None, detail: "201".into() }
}

fn endpoint_of(outgoing: &Outgoing) -> String {
    let to: Value = serde_json::from_str(&outgoing.delivery.to).unwrap_or_default();
    to["endpoint"].as_str().map_or_else(|| outgoing.delivery.to.clone(), str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_allows_notifications_is_reached() {
    let mut world = world().await;
    let key = page(&world, "GET", &format!("/v1/push/key?writeKey={}", world.keys.write), Value::Null).await;
    assert_eq!(key.json(), json!({ "key": "PUBLIC" }));
    let told = json!({ "anonymousId": DEVICE, "subscription": subscription("https://push.example/a"),
        "wording": "Nhận tin giảm giá trên trình duyệt?", "prompted": true });
    let answer = subscribe(&world, told.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "success": true })));
    let found = profile(&world, &format!("anonymous_id:{DEVICE}")).await;
    let id = found["id"].as_str().unwrap();
    let consents = world.get(&format!("/profiles/{id}/consents")).await;
    let consent = &consents["items"][0];
    assert_eq!((&consent["channel"], &consent["state"]), (&json!("push"), &json!("granted")), "{consents}");
    assert_eq!(consent["source"], "push_permission");
    assert_eq!(consent["wording"], "Nhận tin giảm giá trên trình duyệt?");
    // The page says it again at every visit; that is no new statement.
    subscribe(&world, told).await;
    let consents = world.get(&format!("/profiles/{id}/consents")).await;
    assert_eq!(consents["items"].as_array().unwrap().len(), 1);

    send(&world, &format!("anonymous_id:{DEVICE}"), "push", "marketing").await;
    let outgoing = world.deliver_by(Channel::Push, accepted);
    assert_eq!(outgoing.len(), 1);
    let to: Value = serde_json::from_str(&outgoing[0].delivery.to).unwrap();
    assert_eq!(to, subscription("https://push.example/a"));
    let Content::Push(content) = &outgoing[0].delivery.content else { panic!() };
    assert_eq!((content.title.as_str(), content.body.as_str()), ("Chào bạn", "Giỏ hàng còn chờ"));
    // Who asks what is known of them is told of the device, without its keys.
    let known = world.get(&format!("/profiles/{id}/export")).await;
    assert_eq!(known["devices"][0]["address"], "https://push.example/a");
    assert!(!known.to_string().contains("AUTH"), "{known}");
    // The ledger names the device and not its keys.
    let messages = world.get("/messages").await;
    assert!(!messages.to_string().contains("AUTH"), "{messages}");

    // Whoever takes it back on their only device wants none any more.
    page(&world, "POST", "/v1/push/unsubscribe", json!({ "endpoint": "https://push.example/a" })).await;
    world.settle().await;
    let consents = world.get(&format!("/profiles/{id}/consents")).await;
    assert_eq!(consents["items"][0]["state"], "denied", "{consents}");
    send(&world, &format!("anonymous_id:{DEVICE}"), "push", "marketing").await;
    assert!(world.deliver_by(Channel::Push, accepted).is_empty());
    // A browser that only renews its endpoint does not get past that; one whose person answered anew does.
    let renewed = json!({ "anonymousId": DEVICE, "subscription": subscription("https://push.example/b") });
    subscribe(&world, renewed).await;
    let consents = world.get(&format!("/profiles/{id}/consents")).await;
    assert_eq!(consents["items"][0]["state"], "denied");
    let anew = json!({ "anonymousId": DEVICE, "subscription": subscription("https://push.example/c"), "prompted": true });
    subscribe(&world, anew).await;
    let consents = world.get(&format!("/profiles/{id}/consents")).await;
    assert_eq!(consents["items"][0]["state"], "granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_on_to_the_next_device_when_one_is_gone() {
    let mut world = world().await;
    for (at, endpoint) in ["https://push.example/old", "https://push.example/mid"].into_iter().enumerate() {
        world.advance_ms(1_000 * at as i64);
        let told = json!({ "anonymousId": DEVICE, "subscription": subscription(endpoint) });
        subscribe(&world, told).await;
    }
    world.advance_ms(1_000);
    subscribe(&world, json!({ "anonymousId": DEVICE, "token": "app-token" })).await;
    let whose = format!("anonymous_id:{DEVICE}");
    send(&world, &whose, "push", "marketing").await;
    let gone = |_: &Outgoing| Outcome::Rejected { class: RejectClass::HardBounce, detail: "HTTP 410".into() };
    let mut tried = Vec::new();
    for _ in 0..5 {
        world.advance_ms(1_000);
        tried.extend(world.deliver_by(Channel::Push, gone).iter().map(endpoint_of));
        world.ring();
        world.settle().await;
    }
    assert_eq!(tried, ["fcm:app-token", "https://push.example/mid", "https://push.example/old"]);
    let messages = world.get("/messages").await;
    assert_eq!(messages["items"][0]["reason"], "hard_bounce", "{messages}");
    assert_eq!(world.get("/suppressions?channel=push").await["items"], json!([]));
    // The person is not reachable there any more, and says so in no consent.
    let found = profile(&world, &whose).await;
    assert!(
        !found.to_string().contains("push.example") && !found.to_string().contains("app-token"),
        "{found}"
    );
    let id = found["id"].as_str().unwrap();
    let consents = world.get(&format!("/profiles/{id}/consents")).await;
    assert_eq!(consents["items"][0]["state"], "granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_belongs_to_who_signed_in_on_it_last() {
    let mut world = world().await;
    for (user, email) in [("kh-1", "an@mail.example"), ("kh-2", "binh@mail.example")] {
        let told = json!({ "userId": user, "traits": { "email": email, "phone": "" } });
        world.track("identify", told).await;
    }
    world.settle().await;
    let same = subscription("https://push.example/family");
    let hash = |user: &str| format!("geheim-{user}");
    for user in ["kh-1", "kh-2"] {
        world.advance_ms(1_000);
        let told = json!({ "userId": user, "userHash": hash(user), "subscription": same });
        assert_eq!(subscribe(&world, told).await.status, 200);
    }
    send(&world, "user_id:kh-1", "push", "marketing").await;
    send(&world, "user_id:kh-2", "push", "marketing").await;
    let outgoing = world.deliver_by(Channel::Push, accepted);
    assert_eq!(outgoing.len(), 1, "the first has no device any more");
    let first = profile(&world, "user_id:kh-1").await;
    let second = profile(&world, "user_id:kh-2").await;
    assert_ne!(first["id"], second["id"], "one browser does not make two people one");
    assert!(!first.to_string().contains("push.example/family"));
    assert!(second.to_string().contains("push.example/family"), "{second}");
    // Erased, nothing of the device is left.
    let path = format!("/profiles/{}/erase", second["id"].as_str().unwrap());
    world.write("POST", &path, json!({ "orders": "keep", "keep_away": false })).await;
    for _ in 0..5 {
        world.settle().await;
    }
    let left: Vec<_> = world
        .dump()
        .into_iter()
        .filter(|(place, text)| place.starts_with("push_device") && text.contains("push.example"))
        .collect();
    assert_eq!(left, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_with_a_reason() {
    let world = world().await;
    let good = subscription("https://push.example/a");
    for (body, status, code) in [
        (json!({ "anonymousId": DEVICE }), 400, "subscription_invalid"),
        (json!({ "anonymousId": DEVICE, "subscription": { "endpoint": "x" } }), 400, "subscription_invalid"),
        (json!({ "anonymousId": DEVICE, "subscription": good, "token": "t" }), 400, "subscription_invalid"),
        (json!({ "subscription": good }), 400, "id_missing"),
        (json!({ "userId": "kh-1", "subscription": good }), 403, "user_hash_invalid"),
        (
            json!({ "userId": "kh-1", "userHash": "geheim-kh-2", "subscription": good }),
            403,
            "user_hash_invalid",
        ),
    ] {
        let answer = page(&world, "POST", "/v1/push/subscribe", body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code.to_owned()), "{body}");
    }
    let no_key =
        world.ask("POST", "/v1/push/subscribe", &[], json!({ "anonymousId": DEVICE }).to_string()).await;
    assert_eq!(no_key.status, 401);
    let wrong = world.ask("GET", "/v1/push/key?writeKey=wrong", &[], "").await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (401, "invalid_write_key".to_owned()));
    let malformed = world.ask("POST", "/v1/push/subscribe", &[], "nothing").await;
    assert_eq!(malformed.status, 400);
    // Nothing of all that has made anybody.
    assert_eq!(world.get("/profiles").await["items"], json!([]));
}

async fn waiting(world: &World, whose: &str) -> Answer {
    let path = format!("/v1/onsite?writeKey={}&{whose}", world.keys.write);
    page(world, "GET", &path, Value::Null).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_waits_for_the_persons_own_page() {
    let mut world = world().await;
    for (device, user) in [(DEVICE, "kh-1"), (OTHER_DEVICE, "kh-2")] {
        let told = json!({ "anonymousId": device, "userId": user, "traits": { "name": "Nguyễn Văn An" } });
        world.track("identify", told).await;
    }
    world.settle().await;
    // Nobody has to consent to what stands on a page that they open themselves.
    send(&world, "user_id:kh-1", "onsite", "marketing").await;
    send(&world, "user_id:kh-1", "onsite", "transactional").await;
    assert!(world.deliver_by(Channel::Onsite, accepted).is_empty(), "there is nobody to hand it over to");
    let ledger = world.get("/messages").await;
    assert_eq!(ledger["items"][0]["state"], "sent", "{ledger}");

    let answer = waiting(&world, &format!("anonymousId={DEVICE}")).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let messages = answer.json()["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 1, "a device gets advertisements alone: {messages}");
    let message = &messages[0];
    assert_eq!(
        (&message["title"], &message["body"]),
        (&json!("Chào Nguyễn Văn An"), &json!("Giỏ hàng còn chờ"))
    );
    assert_eq!(message["shown"], false);
    // With the shop's word for who it is, all of it.
    let vouched = waiting(&world, "userId=kh-1&userHash=geheim-kh-1").await;
    assert_eq!(vouched.json()["messages"].as_array().unwrap().len(), 2);
    // Others get nothing, and who guesses nothing either.
    for whose in [format!("anonymousId={OTHER_DEVICE}"), "anonymousId=somebody-else-0001".to_owned()] {
        assert_eq!(waiting(&world, &whose).await.json()["messages"], json!([]), "{whose}");
    }
    for (whose, status, code) in [
        ("userId=kh-1", 400, "id_missing"),
        ("userId=kh-1&userHash=geheim-kh-2", 403, "user_hash_invalid"),
        ("anonymousId=1", 400, "anonymous_id_guessable"),
        ("", 400, "id_missing"),
    ] {
        let answer = waiting(&world, whose).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code.to_owned()), "{whose}");
    }

    let id = message["id"].as_str().unwrap().to_owned();
    for what in ["shown", "shown", "clicked", "closed"] {
        let answer = page(
            &world,
            "POST",
            &format!("/v1/onsite/{id}/{what}"),
            json!({ "url": "https://shop.example/gio" }),
        )
        .await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
        world.settle().await;
    }
    assert_eq!(waiting(&world, &format!("anonymousId={DEVICE}")).await.json()["messages"], json!([]));
    let told = world.get(&format!("/messages/{id}")).await;
    assert_eq!((&told["responses"]["opens"], &told["responses"]["clicks"]), (&json!(1), &json!(1)), "{told}");
    let answer = page(&world, "POST", "/v1/onsite/01ARZ3NDEKTSV4RRFFQ69G5FAV/shown", json!({})).await;
    assert_eq!(answer.status, 404);
    // A shop that has refused nothing else: who does not want it gets none.
    let person = profile(&world, "user_id:kh-2").await;
    let path = format!("/profiles/{}/consents", person["id"].as_str().unwrap());
    world.write("POST", &path, json!({ "channel": "onsite", "granted": false })).await;
    send(&world, "user_id:kh-2", "onsite", "marketing").await;
    world.deliver_by(Channel::Onsite, accepted);
    assert_eq!(waiting(&world, &format!("anonymousId={OTHER_DEVICE}")).await.json()["messages"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_of_staff_are_kept_and_never_shown_whole() {
    let world = world().await;
    let told = json!({ "bot_token": "geheim", "chat_id": "-1001" });
    let made = world.write("PUT", "/staff-contacts/telegram:ops", told).await;
    assert_eq!((&made["name"], &made["chat_id"]), (&json!("telegram:ops"), &json!("-1001")));
    assert!(!made.to_string().contains("geheim"), "{made}");
    let listed = world.get("/staff-contacts").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    for bad in ["ops", "pigeon:ops", "telegram:", "telegram:Ops!"] {
        let path = format!("/staff-contacts/{}", bad.replace('!', "%21"));
        world.refused("PUT", &path, json!({ "chat_id": "1" }), 422, "invalid_field").await;
    }
    world.refused("DELETE", "/staff-contacts/slack:x", Value::Null, 404, "not_found").await;
    let tried = world.write("POST", "/staff-contacts/telegram:ops/test", json!({})).await;
    assert_eq!(tried["ok"], true, "{tried}");
    assert_eq!(world.call("DELETE", "/staff-contacts/telegram:ops", Value::Null).await.status, 204);
    assert_eq!(world.get("/staff-contacts").await["items"], json!([]));
}
