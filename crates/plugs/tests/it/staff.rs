//! Messages to the shop's own people, before a Telegram, a Slack and a Discord that refuse what the real ones refuse.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use plugs::channels::memory::{MemoryChannel, MemoryConfig, Outbox};
use plugs::channels::staff::{StaffChannel, StaffContact};
use plugs::channels::webhook::WebhookConfig;
use plugs::{
    Channel, ChannelConfig, Content, Delivery, Egress, MessageClass, Secret, Surroundings, TextContent, build,
};
use serde_json::{Value, json};

use crate::http_server::{Answer, HttpServer, Request, answer};
use crate::{delivery, named, webhook};

const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

fn contacts(server: &HttpServer) -> BTreeMap<String, StaffContact> {
    let base = format!("http://{}", server.address);
    let read = |value: Value| serde_json::from_value::<StaffContact>(value).unwrap();
    BTreeMap::from([
        (
            "telegram:ops".to_owned(),
            read(json!({ "kind": "telegram", "bot_token": TOKEN, "chat_id": "-1001", "base_url": base })),
        ),
        (
            "slack:ban".to_owned(),
            read(json!({ "kind": "slack", "url": format!("{base}/services/T0/B0/geheim") })),
        ),
        (
            "discord:ban".to_owned(),
            read(json!({ "kind": "discord", "url": format!("{base}/api/webhooks/1/geheim") })),
        ),
        ("webhook:kho".to_owned(), read(json!({ "kind": "webhook", "url": format!("{base}/in/geheim") }))),
        ("zalo:chu".to_owned(), read(json!({ "kind": "zalo", "user_id": "4572947693969771653" }))),
    ])
}

fn channel(server: &HttpServer, zalo: Option<Arc<dyn Channel>>) -> StaffChannel {
    let egress = Egress::open();
    let hook = ChannelConfig::Webhook(WebhookConfig::default());
    let hook = build(&hook, &Surroundings::bare(&egress)).unwrap();
    StaffChannel::new(contacts(server), &egress, hook, zalo).unwrap()
}

fn notice(to: &str, text: &str) -> Delivery {
    let content = TextContent { body: text.to_owned(), class: MessageClass::Care };
    delivery("n1", to, Content::Text(content))
}

fn telegram_says(status: &'static str, code: u16, description: &str, more: Value) -> Answer {
    let mut body = json!({ "ok": false, "error_code": code, "description": description });
    if !more.is_null() {
        body["parameters"] = more;
    }
    Answer::Full(status, vec!["Content-Type: application/json".into()], body.to_string())
}

/// All of them in one, by their paths.
fn others(request: &Request, seen: &Mutex<Vec<(String, Value)>>) -> Answer {
    let path = request.line.split(' ').nth(1).unwrap_or_default().to_owned();
    if !request.line.starts_with("POST ") || request.header("content-type") != Some("application/json") {
        return answer("405 Method Not Allowed");
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(&request.body) else {
        return answer("400 Bad Request");
    };
    let only = |names: &[&str]| body.keys().all(|name| names.contains(&name.as_str()));
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let answered = match path.as_str() {
        p if p == format!("/bot{TOKEN}/sendMessage") => {
            let length = text("text").chars().count();
            if !only(&["chat_id", "text"]) || length == 0 || length > 4_096 {
                telegram_says("400 Bad Request", 400, "Bad Request: message is too long", Value::Null)
            } else if text("chat_id") != "-1001" {
                telegram_says("400 Bad Request", 400, "Bad Request: chat not found", Value::Null)
            } else {
                let body = json!({ "ok": true, "result": { "message_id": 42, "chat": { "id": -1001 } } });
                Answer::Full("200 OK", vec![], body.to_string())
            }
        }
        p if p == format!("/bot{TOKEN}/getChat") => {
            if text("chat_id") != "-1001" {
                return telegram_says("400 Bad Request", 400, "Bad Request: chat not found", Value::Null);
            }
            return Answer::Full(
                "200 OK",
                vec![],
                json!({ "ok": true, "result": { "id": -1001 } }).to_string(),
            );
        }
        p if p.starts_with("/bot") => {
            return telegram_says("401 Unauthorized", 401, "Unauthorized", Value::Null);
        }
        "/services/T0/B0/geheim" => {
            if !only(&["text"]) || text("text").is_empty() {
                return Answer::Full("400 Bad Request", vec![], "no_text".into());
            }
            Answer::Full("200 OK", vec![], "ok".into())
        }
        "/api/webhooks/1/geheim" => {
            let length = text("content").chars().count();
            if !only(&["content", "allowed_mentions"]) || length == 0 || length > 2_000 {
                return Answer::Full(
                    "400 Bad Request",
                    vec![],
                    r#"{"content":["Must be 2000 or fewer"]}"#.into(),
                );
            }
            answer("204 No Content")
        }
        "/in/geheim" => answer("202 Accepted"),
        _ => answer("404 Not Found"),
    };
    seen.lock().unwrap().push((path, Value::Object(body)));
    answered
}

#[tokio::test]
async fn a_notice_arrives_where_staff_talk() {
    let seen: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let kept = seen.clone();
    let server = HttpServer::judging(move |request| others(request, &kept)).await;
    let outbox = Outbox::default();
    let zalo: Arc<dyn Channel> = Arc::new(MemoryChannel::new(&MemoryConfig::default(), outbox.clone()));
    let channel = channel(&server, Some(zalo));
    let text = "Đơn lớn: <b>5.000.000 ₫</b> & @everyone";
    for to in ["telegram:ops", "slack:ban", "discord:ban", "webhook:kho", "zalo:chu"] {
        assert_eq!(named(&channel.deliver(&notice(to, text)).await), "accepted", "{to}");
    }
    let bodies: Vec<Value> = seen.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
    assert_eq!(bodies[0], json!({ "chat_id": "-1001", "text": text }), "no markup is read into it");
    assert_eq!(bodies[1], json!({ "text": "Đơn lớn: &lt;b&gt;5.000.000 ₫&lt;/b&gt; &amp; @everyone" }));
    assert_eq!(bodies[2], json!({ "content": text, "allowed_mentions": { "parse": [] } }));
    assert_eq!(bodies[3], json!({ "text": text }));
    let to_zalo = outbox.lock().unwrap().iter().map(|delivery| delivery.to.clone()).collect::<Vec<_>>();
    assert_eq!(to_zalo, ["4572947693969771653"]);
    // Long ones are cut to what each takes.
    for to in ["telegram:ops", "discord:ban"] {
        assert_eq!(named(&channel.deliver(&notice(to, &"ạ".repeat(9_000))).await), "accepted", "{to}");
    }
    // What names no contact goes on to the webhook.
    let hook = webhook("m1", &format!("http://{}/in/geheim", server.address));
    assert_eq!(named(&channel.deliver(&hook).await), "accepted");
    assert!(channel.check_contact("telegram:ops").await.is_ok());
    assert!(channel.check_contact("slack:ban").await.is_ok());
}

#[tokio::test]
async fn one_contact_that_fails_says_nothing_of_the_others() {
    let slack = |status, said: &str| Answer::Full(status, vec![], said.to_owned());
    let table = [
        (
            "telegram:ops",
            telegram_says("400 Bad Request", 400, "Bad Request: chat not found", Value::Null),
            "rejected Recipient",
        ),
        (
            "telegram:ops",
            telegram_says("401 Unauthorized", 401, "Unauthorized", Value::Null),
            "rejected Recipient",
        ),
        (
            "telegram:ops",
            telegram_says("403 Forbidden", 403, "Forbidden: bot was kicked", Value::Null),
            "rejected Recipient",
        ),
        (
            "telegram:ops",
            telegram_says("429 Too Many Requests", 429, "Too Many Requests", json!({ "retry_after": 7 })),
            "retry Throttled 7000",
        ),
        ("telegram:ops", slack("200 OK", r#"{"ok":false}"#), "rejected Refused"),
        ("telegram:ops", answer("502 Bad Gateway"), "retry Temporary"),
        ("slack:ban", slack("403 Forbidden", "invalid_token"), "rejected Recipient"),
        ("slack:ban", slack("404 Not Found", "no_service"), "rejected Recipient"),
        ("slack:ban", slack("400 Bad Request", "invalid_payload"), "rejected Refused"),
        ("discord:ban", slack("429 Too Many Requests", r#"{"retry_after":0.5}"#), "retry Throttled 500"),
        (
            "webhook:kho",
            Answer::Full("302 Found", vec!["Location: /".into()], String::new()),
            "rejected Refused",
        ),
        // Nobody there knows a repeated message.
        ("slack:ban", Answer::Close, "unknown"),
        ("telegram:nobody", answer("200 OK"), "rejected Recipient"),
        ("zalo:chu", answer("200 OK"), "rejected Recipient"),
    ];
    for (to, answer, expect) in table {
        let server = HttpServer::start(answer.clone()).await;
        let outcome = channel(&server, None).deliver(&notice(to, "chào")).await;
        assert_eq!(named(&outcome), expect, "{to} {answer:?}: {outcome:?}");
        assert!(!outcome.detail().contains("geheim") && !outcome.detail().contains("AAHdq"), "{outcome:?}");
    }
    let server = HttpServer::start(answer("200 OK")).await;
    let wrong = channel(&server, None).deliver(&crate::email("m1")).await;
    assert_eq!(named(&wrong), "rejected Invalid", "an e-mail with an address of its own is no notice");
    let guarded = StaffChannel::new(
        contacts(&server),
        &Egress::default(),
        build(&ChannelConfig::Webhook(WebhookConfig::default()), &Surroundings::bare(&Egress::default()))
            .unwrap(),
        None,
    );
    let outcome = guarded.unwrap().deliver(&notice("slack:ban", "chào")).await;
    assert_eq!(named(&outcome), "rejected Invalid");
    assert!(server.requests.lock().unwrap().is_empty());
}

#[test]
fn secrets_of_contacts_stay_inside() {
    let read = |value: Value| serde_json::from_value::<StaffContact>(value).unwrap();
    let telegram = read(json!({ "kind": "telegram", "bot_token": TOKEN, "chat_id": "@tiem_may" }));
    let slack = read(json!({ "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/geheim" }));
    for contact in [&telegram, &slack] {
        assert_eq!(contact.validate(), []);
        let shown = serde_json::to_value(contact.redacted()).unwrap();
        let text = format!("{contact:?}{shown}");
        assert!(text.contains("***") && !text.contains("AAHdq") && !text.contains("geheim"), "{text}");
        assert_eq!(read(shown).merged(contact), *contact);
    }
    let moved = json!({ "kind": "telegram", "chat_id": "@tiem_may", "base_url": "https://other.example" });
    assert_eq!(read(moved).merged(&telegram).validate()[0].field, "bot_token");
    assert_eq!(read(json!({ "kind": "discord" })).merged(&slack).validate()[0].field, "url");
    for (bad, field) in [
        (json!({ "kind": "telegram", "bot_token": "x/../y", "chat_id": "1" }), "bot_token"),
        (json!({ "kind": "telegram", "bot_token": TOKEN, "chat_id": "ops" }), "chat_id"),
        (json!({ "kind": "webhook", "url": "ftp://x" }), "url"),
        (json!({ "kind": "zalo", "user_id": "0901 234 567" }), "user_id"),
    ] {
        assert_eq!(read(bad.clone()).validate()[0].field, field, "{bad}");
    }
    assert_eq!(Secret::new("x").to_string(), "***");
}
