//! How messages travel: the ways of one message, what providers tell afterwards, what messages may cost.

use crate::world::{SHOP, World};
use axum::http::StatusCode;
use domain::consent::Channel;
use domain::delivery::{About, Content, Outcome, Paid, Receipt, RejectClass, RetryClass, Told};
use engine::Note;
use kit::{Clock, HOUR_MS, MINUTE_MS, Timestamp};
use serde_json::{Value, json};

fn taken(id: &str) -> impl Fn(&engine::Outgoing) -> Outcome + use<> {
    let id = id.to_owned();
    move |_| Outcome::Accepted { provider_id: Some(id.clone()), detail: "taken".into() }
}

fn rejected(class: RejectClass) -> impl Fn(&engine::Outgoing) -> Outcome {
    move |_| Outcome::Rejected { class, detail: "no".into() }
}

fn receipt(about: About, what: Told) -> Receipt {
    Receipt { about, what, at: None, detail: "told".into(), event_id: None, price: None }
}

/// A shop with a text message and an e-mail of the same words, and somebody who has an address for both and wants the
/// channels named.
async fn shop(wanted: &[&str]) -> (World, String) {
    let mut world = World::new();
    world.set_up_channels(&[Channel::Email, Channel::Sms, Channel::Zalo]);
    let sms = json!({ "channel": "sms", "body": { "text": "Uu dai cho {{ customer.given_name }}" } });
    world.write("PUT", "/templates/sms", sms).await;
    let mail = json!({
        "channel": "email", "subject": "Ưu đãi",
        "body": { "mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>Chào</mj-text></mj-column></mj-section></mj-body></mjml>" },
    });
    world.write("PUT", "/templates/mail", mail).await;
    let body = json!({
        "identifiers": ["user_id:an", "email:an@mail.example", "phone:+84901234567"],
        "attributes": { "name": "Nguyễn Văn An" },
    });
    let profile = world.write("POST", "/profiles", body).await;
    let id = profile["id"].as_str().unwrap().to_owned();
    for channel in wanted {
        let consent = json!({ "channel": channel, "granted": true, "wording": "Tôi đồng ý." });
        world.write("POST", &format!("/profiles/{id}/consents"), consent).await;
    }
    (world, id)
}

/// An advertisement by text message, else by e-mail.
async fn send(world: &World, profile: &str, ways: Value) -> String {
    let body = json!({ "profile_id": profile, "template": "sms", "ways": ways });
    world.write("POST", "/messages", body).await["id"].as_str().unwrap().to_owned()
}

fn else_mail() -> Value {
    json!({ "also": [{ "channel": "email", "template": "mail" }] })
}

async fn read(world: &World, id: &str) -> Value {
    world.get(&format!("/messages/{id}")).await
}

fn logged(message: &Value) -> Vec<&str> {
    message["log"].as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_the_way_that_the_person_agreed_to() {
    let (mut world, an) = shop(&["email"]).await;
    let id = send(&world, &an, else_mail()).await;
    assert!(world.deliver_by(Channel::Sms, taken("s")).is_empty());
    let went = world.deliver_by(Channel::Email, taken("e"));
    assert_eq!((went.len(), went[0].delivery.to.as_str()), (1, "an@mail.example"));
    let message = read(&world, &id).await;
    assert_eq!((&message["channel"], &message["state"]), (&json!("email"), &json!("sent")));
    assert_eq!(logged(&message), ["decided", "fell_back", "accepted"]);
    assert!(message["log"][1]["detail"].as_str().unwrap().starts_with("sms: no_consent"), "{message}");

    // Nobody may be written to at all: it is refused, once, with the last reason.
    let (mut world, an) = shop(&[]).await;
    let id = send(&world, &an, else_mail()).await;
    assert!(world.deliver_by(Channel::Sms, taken("s")).is_empty());
    assert!(world.deliver_by(Channel::Email, taken("e")).is_empty());
    let message = read(&world, &id).await;
    assert_eq!((&message["state"], &message["reason"]), (&json!("refused"), &json!("no_consent")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_goes_another_way() {
    let (mut world, an) = shop(&["email", "sms"]).await;
    let id = send(&world, &an, else_mail()).await;
    assert_eq!(world.deliver_by(Channel::Sms, rejected(RejectClass::Recipient)).len(), 1);
    assert_eq!(world.deliver_by(Channel::Email, taken("e")).len(), 1);
    let message = read(&world, &id).await;
    assert_eq!((&message["channel"], &message["state"]), (&json!("email"), &json!("sent")));
    // An hour that the provider names is no failure, and no attempt.
    let id = send(&world, &an, else_mail()).await;
    let later = |_: &engine::Outgoing| Outcome::Retry {
        class: RetryClass::Rescheduled,
        after_ms: Some(8 * HOUR_MS),
        detail: "night".into(),
    };
    assert_eq!(world.deliver_by(Channel::Sms, later).len(), 1);
    let message = read(&world, &id).await;
    assert_eq!((&message["state"], &message["attempts"]), (&json!("queued"), &json!(0)));
    assert_eq!(message["reason"], "rescheduled");
    assert!(world.deliver_by(Channel::Sms, taken("s")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_arrive_in_its_time_goes_another_way_once() {
    let (mut world, an) = shop(&["email", "sms"]).await;
    let mut ways = else_mail();
    ways["fall_back_after_minutes"] = json!(60);
    let first = send(&world, &an, ways.clone()).await;
    let second = send(&world, &an, ways).await;
    assert_eq!(world.deliver_by(Channel::Sms, |going| taken(&going.delivery.key)(going)).len(), 2);
    let about = About::Provider(second.clone());
    let told = Note::Receipts {
        channel: Channel::Sms,
        provider: "esms".into(),
        receipts: vec![receipt(about, Told::Delivered)],
        at: world.clock.now().into(),
    };
    world.note(&told).await;
    world.advance_ms(59 * MINUTE_MS);
    assert_eq!(world.fall_back().await, 0);
    world.advance_ms(MINUTE_MS);
    assert_eq!(world.fall_back().await, 1);
    let went = world.deliver_by(Channel::Email, taken("e"));
    assert_eq!(went.len(), 1);
    assert_eq!(world.fall_back().await, 0);
    assert!(read(&world, &second).await["delivered_at"].is_string());
    assert_eq!(logged(&read(&world, &first).await), ["decided", "accepted", "fell_back"]);
    let messages = world.get(&format!("/profiles/{an}/messages")).await;
    assert_eq!(messages["items"].as_array().unwrap().len(), 3, "two, and the second way of one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customers_own_word_decides_on_the_first_way() {
    let (mut world, an) = shop(&["email", "sms"]).await;
    let attributes = json!({ "attributes": { "preferred_channel": "email" } });
    world.write("PATCH", &format!("/profiles/{an}"), attributes).await;
    let mut ways = else_mail();
    ways["choose"] = json!("best");
    let id = send(&world, &an, ways).await;
    assert!(world.deliver_by(Channel::Sms, taken("s")).is_empty());
    assert_eq!(world.deliver_by(Channel::Email, taken("e")).len(), 1);
    assert_eq!(logged(&read(&world, &id).await), ["decided", "way_chosen", "accepted"]);
    for (ways, field) in [
        (json!({ "also": [{ "channel": "sms", "template": "sms" }] }), "ways.also"),
        (json!({ "also": [{ "channel": "email", "template": "sms" }] }), "ways.also"),
        (
            json!({ "also": [{ "channel": "email", "template": "mail" }], "fall_back_after_minutes": 0 }),
            "ways.fall_back_after_minutes",
        ),
    ] {
        let body = json!({ "profile_id": an, "template": "sms", "ways": ways });
        let problem = world.refused("POST", "/messages", body, 422, "invalid_field").await;
        assert_eq!(problem["problems"][0]["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_providers_tell_is_believed_once_and_acted_on() {
    let (mut world, an) = shop(&["email", "sms"]).await;
    let id = send(&world, &an, json!({})).await;
    let key = world.deliver_by(Channel::Sms, taken("sms-1"))[0].delivery.key.clone();
    let tell = |receipts: Vec<Receipt>, at: Timestamp| Note::Receipts {
        channel: Channel::Sms,
        provider: "esms".into(),
        receipts,
        at: at.into(),
    };
    let now = world.clock.now();
    let delivered = Receipt { price: Some(Paid::vnd(820)), ..receipt(About::Key(key), Told::Delivered) };
    let opened = Receipt {
        event_id: Some("o1".into()),
        ..receipt(
            About::Provider("sms-1".into()),
            Told::Opened {
                user_agent: Some(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15".into(),
                ),
                ip: None,
            },
        )
    };
    for _ in 0..3 {
        world.note(&tell(vec![delivered.clone(), opened.clone()], now)).await;
    }
    let message = read(&world, &id).await;
    assert_eq!((&message["price"], &message["responses"]["opens"]), (&json!(820), &json!(1)), "{message}");
    assert_eq!(logged(&message).iter().filter(|what| **what == "delivered").count(), 1);

    // A receipt that is faster than our own bookkeeping waits for its message.
    let later = send(&world, &an, json!({})).await;
    world.note(&tell(vec![receipt(About::Provider("sms-2".into()), Told::Delivered)], now)).await;
    assert!(read(&world, &later).await["delivered_at"].is_null());
    assert_eq!(world.deliver_by(Channel::Sms, taken("sms-2")).len(), 1);
    world.advance_ms(10_000);
    world.settle().await;
    assert!(read(&world, &later).await["delivered_at"].is_string());

    // Somebody writes TC: no advertisement by text message any more, also not one that was decided on before.
    let decided = send(&world, &an, json!({})).await;
    let said = receipt(About::Address("+84901234567".into()), Told::Said { text: "Từ chối".into() });
    world.note(&tell(vec![said], world.clock.now())).await;
    assert!(world.deliver_by(Channel::Sms, taken("sms-3")).iter().all(|going| going.delivery.key != decided));
    let message = read(&world, &decided).await;
    assert_eq!((&message["state"], &message["reason"]), (&json!("refused"), &json!("consent_denied")));

    // It came back after all.
    let bounced = receipt(About::Key(id.clone()), Told::Failed { class: RejectClass::HardBounce });
    world.note(&tell(vec![bounced], world.clock.now())).await;
    let message = read(&world, &id).await;
    assert_eq!((&message["state"], &message["reason"]), (&json!("failed"), &json!("hard_bounce")));
    let listed = world.get("/suppressions?channel=sms").await;
    assert_eq!(listed["items"][0]["address"], "+84901234567", "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_never_passed() {
    let (mut world, an) = shop(&["sms"]).await;
    tokio::task::block_in_place(|| {
        let mut own = world.store.read(|tx| tx.workspaces()).unwrap().remove(0);
        assert_eq!(own.workspace, SHOP);
        own.settings.texting.sms_part_price = 300;
        let mut changes = store::Changeset::new();
        changes.update_workspace(&own);
        engine::configure(&world.store, changes).unwrap();
    });
    world.write("PUT", "/budgets/day", json!({ "amount": 700 })).await;
    world.refused("PUT", "/budgets/year", json!({ "amount": 7 }), 422, "invalid_field").await;
    world.refused("PUT", "/budgets/month", json!({ "amount": -1 }), 422, "invalid_field").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(send(&world, &an, json!({})).await);
    }
    // Booked when they are claimed, given back when nobody took them.
    assert_eq!(world.deliver_by(Channel::Sms, rejected(RejectClass::Policy)).len(), 2);
    let spent = world.get("/budgets").await["items"][0].clone();
    assert_eq!(
        (&spent["spent"], &spent["messages"], &spent["is_near"]),
        (&json!(0), &json!(0), &json!(false))
    );
    let waits = read(&world, &ids[2]).await;
    assert_eq!(
        (&waits["state"], &waits["reason"], &waits["detail"]),
        (&json!("queued"), &json!("over_budget"), &json!("day"))
    );
    world.advance_ms(HOUR_MS);
    let went = world.deliver_by(Channel::Sms, taken("s"));
    assert_eq!(went.len(), 1);
    let Content::Text(text) = &went[0].delivery.content else { panic!("a text") };
    assert!(text.body.starts_with("[QC] Uu dai cho An"), "{}", text.body);
    for _ in 0..2 {
        ids.push(send(&world, &an, json!({})).await);
    }
    assert_eq!(world.deliver_by(Channel::Sms, taken("s")).len(), 1);
    let spent = world.get("/budgets").await["items"][0].clone();
    assert_eq!(
        (&spent["spent"], &spent["messages"], &spent["is_near"]),
        (&json!(600), &json!(2), &json!(true))
    );
    let alerts = world.get("/reports/attention").await["alerts"].clone();
    assert!(alerts.as_array().unwrap().iter().any(|alert| alert["kind"] == "budget_near"), "{alerts}");
    let report = world.get("/reports/spending").await;
    assert_eq!((&report["amount"], &report["days"].as_array().unwrap().len()), (&json!(600), &1));
    assert_eq!(world.get(&format!("/messages/{}", ids[2])).await["price"], 300);
    assert_eq!(world.call("DELETE", "/budgets/day", Value::Null).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_the_other_side_refuses_stops_its_campaign() {
    let (mut world, _) = shop(&["sms"]).await;
    let draft =
        json!({ "name": "Ưu đãi", "channel": "sms", "template": "sms", "audience": { "everybody": true } });
    let id = world.write("POST", "/campaigns", draft).await["id"].as_str().unwrap().to_owned();
    world.write("POST", &format!("/campaigns/{id}/launch"), json!({})).await;
    let mut went = Vec::new();
    for _ in 0..20 {
        world.advance_ms(1_000);
        world.settle().await;
        went = world.deliver_by(Channel::Sms, rejected(RejectClass::Template));
        if !went.is_empty() {
            break;
        }
    }
    assert_eq!(went.len(), 1);
    let campaign = world.get(&format!("/campaigns/{id}")).await;
    assert_eq!(campaign["state"], "paused", "{campaign}");
    let alerts = world.get("/reports/attention").await["alerts"].clone();
    assert!(
        alerts
            .as_array()
            .unwrap()
            .iter()
            .any(|alert| alert["kind"] == "campaign_stopped" && alert["detail"] == "no"),
        "{alerts}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_the_other_side_refuses_stops_its_journey() {
    let (mut world, an) = shop(&["sms"]).await;
    let definition = json!({
        "schema": 1, "name": "Chào khách", "trigger": { "type": "api" }, "start": "send",
        "nodes": { "send": { "type": "send", "channel": "sms", "template": "sms" } },
    });
    let made = world.write("POST", "/journeys", definition).await;
    let path = format!("/journeys/{}", made["id"].as_str().unwrap());
    world.write("POST", &format!("{path}/publish"), Value::Null).await;
    let trigger = |key: &str| json!({ "profile_id": an, "key": key });
    world.write("POST", &format!("{path}/trigger"), trigger("1")).await;
    world.settle().await;
    // Somebody who cannot be reached says nothing of the template.
    assert_eq!(world.deliver_by(Channel::Sms, rejected(RejectClass::Recipient)).len(), 1);
    let journey = world.get(&path).await;
    assert_eq!((&journey["status"], &journey["detail"]), (&json!("active"), &Value::Null));

    world.write("POST", &format!("{path}/trigger"), trigger("2")).await;
    world.settle().await;
    assert_eq!(world.deliver_by(Channel::Sms, rejected(RejectClass::Template)).len(), 1);
    let journey = world.get(&path).await;
    assert_eq!((&journey["status"], &journey["detail"]), (&json!("paused"), &json!("no")));
    let alerts = world.get("/reports/attention").await["alerts"].clone();
    let kinds: Vec<&str> =
        alerts.as_array().unwrap().iter().filter_map(|alert| alert["kind"].as_str()).collect();
    assert!(kinds.contains(&"journey_stopped") && !kinds.contains(&"journeys_paused"), "{alerts}");
    let log = world.get("/audit").await["items"].clone();
    let entry = log.as_array().unwrap().iter().find(|entry| entry["action"] == "journey_stopped").unwrap();
    assert_eq!(
        (&entry["actor"], &entry["detail"]["reason"]),
        (&json!("system"), &json!("template_refused")),
        "{entry}"
    );
    assert_eq!(entry["object"], path.trim_start_matches('/'));

    // Whoever lets it go on has seen to it.
    let journey = world.write("POST", &format!("{path}/resume"), Value::Null).await;
    assert_eq!((&journey["status"], &journey["detail"]), (&json!("active"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_tells_only_when_asked_is_asked_until_it_has_told() {
    let (mut world, an) = shop(&["sms"]).await;
    let first = send(&world, &an, json!({})).await;
    let second = send(&world, &an, json!({})).await;
    let went = world.deliver_by(Channel::Sms, |going| Outcome::Accepted {
        provider_id: Some(format!("B#{}", going.message_no)),
        detail: "taken".into(),
    });
    assert_eq!(went.len(), 2);
    assert!(world.ask_providers().is_empty());
    world.advance_ms(10 * MINUTE_MS);
    assert_eq!(world.ask_providers(), [first.clone(), second.clone()]);
    assert!(world.ask_providers().is_empty(), "it was asked a moment ago");
    let receipts = vec![receipt(About::Key(first.clone()), Told::Delivered)];
    let at = world.clock.now();
    world.fates(Channel::Sms, receipts, at).await;
    assert!(!read(&world, &first).await["delivered_at"].is_null());
    // The other one has not told yet; it is asked less and less often, and not for ever.
    let mut asked = 0;
    for _ in 0..8 * 24 {
        world.advance_ms(HOUR_MS);
        let ids = world.ask_providers();
        assert!(ids.iter().all(|id| *id == second), "{ids:?}");
        asked += ids.len();
    }
    assert_eq!(asked, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_in_another_currency_is_not_the_shops() {
    let (mut world, an) = shop(&["sms"]).await;
    let id = send(&world, &an, json!({})).await;
    let key = world.deliver_by(Channel::Sms, taken("s1"))[0].delivery.key.clone();
    let told = |event: &str, price: Paid| Note::Receipts {
        channel: Channel::Sms,
        provider: "esms".into(),
        receipts: vec![Receipt {
            price: Some(price),
            event_id: Some(event.into()),
            ..receipt(About::Key(key.clone()), Told::Delayed)
        }],
        at: Timestamp::from_ms(0).into(),
    };
    world.note(&told("1", Paid::vnd(820))).await;
    assert_eq!(read(&world, &id).await["price"], 820);
    world.note(&told("2", Paid { minor: 5, currency: "USD".into() })).await;
    assert_eq!(read(&world, &id).await["price"], 820);
    world.write("PATCH", "/settings", json!({ "currency": "USD" })).await;
    world.note(&told("3", Paid::vnd(900))).await;
    assert_eq!(read(&world, &id).await["price"], 820, "900 dong are no 9 dollars");
}

/// What a provider of mail counted, told together; how the message's log reads afterwards.
async fn counted(receipts: Vec<(i64, Told)>, apart: bool) -> Value {
    let (mut world, an) = shop(&["email"]).await;
    let body = json!({ "profile_id": an, "template": "mail" });
    let id = world.write("POST", "/messages", body).await["id"].as_str().unwrap().to_owned();
    assert_eq!(world.deliver_by(Channel::Email, taken("m1")).len(), 1);
    let sent = world.clock.now();
    world.advance_ms(HOUR_MS);
    let receipts: Vec<Receipt> = receipts
        .into_iter()
        .enumerate()
        .map(|(n, (after_ms, what))| Receipt {
            at: Some(sent.plus_ms(after_ms).ms()),
            event_id: Some(format!("e{n}")),
            ..receipt(About::Provider("m1".into()), what)
        })
        .collect();
    let at = world.clock.now();
    let tell = |receipts| Note::Receipts {
        channel: Channel::Email,
        provider: "sendgrid".into(),
        receipts,
        at: at.into(),
    };
    if apart {
        for one in receipts {
            world.note(&tell(vec![one])).await;
        }
    } else {
        world.note(&tell(receipts)).await;
    }
    let message = read(&world, &id).await;
    let mut counts = message["responses"].clone();
    counts["log"] = json!(logged(&message));
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scanner_does_is_told_from_people_also_where_a_provider_counts() {
    const PHONE: &str = "Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
    let click = |url: &str| Told::Clicked {
        url: Some(url.into()),
        user_agent: Some(PHONE.into()),
        ip: Some("113.161.1.1".into()),
    };
    let open = || Told::Opened { user_agent: Some(PHONE.into()), ip: None };
    let people = |counts: &Value| (counts["opens"].as_i64().unwrap(), counts["clicks"].as_i64().unwrap());
    let machines = |counts: &Value| {
        (counts["machine_opens"].as_i64().unwrap(), counts["machine_clicks"].as_i64().unwrap())
    };

    // A person: one link, a minute later another.
    let told = vec![(60_000, open()), (61_000, click("https://a.vn/1")), (121_000, click("https://a.vn/2"))];
    let counts = counted(told.clone(), false).await;
    assert_eq!((people(&counts), machines(&counts)), ((1, 2), (0, 0)), "{counts}");
    assert_eq!(people(&counted(told, true).await), (1, 2));

    // A scanner follows all at once: told together the first is known by those behind it.
    let burst: Vec<_> = (0..4).map(|n| (60_000 + n * 300, click(&format!("https://a.vn/{n}")))).collect();
    let counts = counted(burst.clone(), false).await;
    assert_eq!((people(&counts), machines(&counts)), ((0, 0), (0, 4)), "{counts}");
    // One by one the first two cannot be told from a hurried person.
    let counts = counted(burst, true).await;
    assert_eq!((people(&counts), machines(&counts)), ((0, 2), (0, 2)), "{counts}");

    // The hidden link gives away all around it, opens too.
    let hidden = "https://shop.example/e/h/AAAA";
    let told = vec![(60_000, open()), (60_500, click("https://a.vn/1")), (61_000, click(hidden))];
    let counts = counted(told, false).await;
    assert_eq!((people(&counts), machines(&counts)), ((0, 0), (1, 2)), "{counts}");
    let told =
        vec![(60_000, click(hidden)), (61_000, click("https://a.vn/1")), (90_000, click("https://a.vn/1"))];
    let counts = counted(told, true).await;
    assert_eq!((people(&counts), machines(&counts)), ((0, 1), (0, 2)), "{counts}");

    // Our own links count for themselves, and a picture that is loaded twice at once was opened once.
    let told = vec![(60_000, open()), (60_900, open()), (61_000, click("https://shop.example/e/c/BBBB"))];
    let counts = counted(told, true).await;
    assert_eq!((people(&counts), machines(&counts)), ((1, 0), (0, 0)), "{counts}");
}
