use plugs::channels::push::{FcmConfig, PushConfig, WebPushConfig};
use plugs::{
    Channel, ChannelConfig, Content, Delivery, Egress, Provider, PushContent, Secret, Surroundings, Urgency,
    build,
};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::http_server::{Answer, HttpServer, answer};
use crate::push_server::{Browser, fcm_error, firebase, push_service, service_account};
use crate::{delivery, named};

pub fn web_config() -> PushConfig {
    let web = WebPushConfig { subject: "mailto:shop@may.example".into(), ..WebPushConfig::default() };
    PushConfig { web: Some(web), ..PushConfig::default() }.completed().unwrap()
}

pub fn public_key(config: &PushConfig) -> &str {
    &config.web.as_ref().unwrap().public_key
}

pub fn fcm_config(server: &HttpServer) -> PushConfig {
    let url = format!("http://{}", server.address);
    let account = Some(Secret::new(service_account()));
    let fcm = FcmConfig { service_account: account, base_url: url.clone(), auth_url: url };
    PushConfig { fcm: Some(fcm), ..PushConfig::default() }
}

pub fn channel(config: &PushConfig) -> Arc<dyn Channel> {
    build(&ChannelConfig::Push(config.clone()), &Surroundings::bare(&Egress::open())).unwrap()
}

pub fn push(key: &str, to: &str) -> Delivery {
    let content = PushContent {
        title: "Giỏ hàng đang chờ".into(),
        body: "Bình ơi, bánh còn nóng".into(),
        url: "https://may.example/e/c/t0ken".into(),
        icon_url: "https://may.example/icon.png".into(),
        actions: vec![("Xem giỏ".into(), "https://may.example/e/c/t1".into())],
        ttl_s: 3_600,
        urgency: Urgency::High,
        topic: Some("giỏ hàng".into()),
        ..PushContent::default()
    };
    delivery(key, to, Content::Push(content))
}

pub fn endpoint(server: &HttpServer) -> String {
    format!("http://{}/send/gAAAAABl-secret", server.address)
}

#[tokio::test]
async fn the_browser_opens_what_was_sent() {
    let (config, browser) = (web_config(), Browser::new());
    let server = push_service(public_key(&config), &browser, answer("201 Created")).await;
    let to = browser.subscription(&endpoint(&server));
    let channel = channel(&config);
    assert_eq!(named(&channel.deliver(&push("m1", &to)).await), "accepted");
    let plain = PushContent { title: "Chào".into(), ..PushContent::default() };
    assert_eq!(named(&channel.deliver(&delivery("m2", &to, Content::Push(plain))).await), "accepted");
    let requests = server.requests.lock().unwrap();
    let header = |at: usize, name: &str| requests[at].header(name).map(str::to_owned);
    assert_eq!(header(0, "ttl").as_deref(), Some("3600"));
    assert_eq!(header(0, "urgency").as_deref(), Some("high"));
    assert_eq!(header(0, "topic").map(|topic| topic.len()), Some(32));
    assert_eq!(header(1, "ttl").as_deref(), Some("86400"), "a day where nothing is said");
    assert_eq!((header(1, "urgency").as_deref(), header(1, "topic")), (Some("normal"), None));
    let shown = browser.shown.lock().unwrap();
    assert_eq!(
        shown[0],
        json!({
            "title": "Giỏ hàng đang chờ", "body": "Bình ơi, bánh còn nóng", "tag": "giỏ hàng",
            "url": "https://may.example/e/c/t0ken", "icon": "https://may.example/icon.png",
            "actions": [{ "title": "Xem giỏ", "url": "https://may.example/e/c/t1" }],
        })
    );
    assert_eq!(shown[1], json!({ "title": "Chào", "body": "", "tag": "m2" }));
    assert_ne!(requests[0].body[..86], requests[1].body[..86], "no key or salt is used twice");
}

#[tokio::test]
async fn answers_of_push_services_mean_what_they_say() {
    let full = |status, header: &str| Answer::Full(status, vec![header.to_owned()], String::new());
    let table = [
        (answer("201 Created"), "accepted"),
        (answer("202 Accepted"), "accepted"),
        (answer("200 OK"), "accepted"),
        (answer("404 Not Found"), "rejected HardBounce"),
        (answer("410 Gone"), "rejected HardBounce"),
        (answer("413 Content Too Large"), "rejected TooLarge"),
        (full("429 Too Many Requests", "Retry-After: 7"), "retry Throttled 7000"),
        (full("503 Service Unavailable", "Retry-After: 9"), "retry Temporary 9000"),
        (answer("500 Internal Server Error"), "retry Temporary"),
        // An endpoint is a browser's: its refusal is no reason to stop the channel, nor to forget the device.
        (answer("400 Bad Request"), "rejected Policy"),
        (answer("401 Unauthorized"), "rejected Policy"),
        (answer("403 Forbidden"), "rejected Policy"),
        (full("301 Moved Permanently", "Location: http://127.0.0.1/"), "rejected Refused"),
        (Answer::Close, "unknown"),
        (Answer::HalfHeaders, "unknown"),
    ];
    for (answer, expect) in table {
        let (config, browser) = (web_config(), Browser::new());
        let server = push_service(public_key(&config), &browser, answer.clone()).await;
        let outcome = channel(&config).deliver(&push("m1", &browser.subscription(&endpoint(&server)))).await;
        assert_eq!(named(&outcome), expect, "{answer:?}: {outcome:?}");
    }
    // What the service says may hold the endpoint, which is as good as a key to the device.
    let (config, browser) = (web_config(), Browser::new());
    let server = HttpServer::judging(|request| {
        let host = request.header("host").unwrap_or_default();
        let path = request.line.split(' ').nth(1).unwrap_or_default();
        Answer::Full("410 Gone", vec![], format!("push subscription http://{host}{path} has expired"))
    })
    .await;
    let outcome = channel(&config).deliver(&push("m1", &browser.subscription(&endpoint(&server)))).await;
    assert_eq!(outcome.detail(), "HTTP 410: push subscription *** has expired");
    // A key that the subscription was not made for.
    let other = web_config();
    let server = push_service(public_key(&other), &browser, answer("201 Created")).await;
    let outcome = channel(&config).deliver(&push("m1", &browser.subscription(&endpoint(&server)))).await;
    assert_eq!(named(&outcome), "rejected Policy");
    assert!(browser.shown.lock().unwrap().is_empty());
}

#[tokio::test]
async fn browsers_cannot_send_the_server_into_its_own_network() {
    let (config, browser) = (web_config(), Browser::new());
    let server = push_service(public_key(&config), &browser, answer("201 Created")).await;
    let port = server.address.port();
    let guarded = build(&ChannelConfig::Push(config), &Surroundings::bare(&Egress::default())).unwrap();
    for endpoint in [
        format!("http://127.0.0.1:{port}/send/x"),
        format!("https://127.0.0.1:{port}/send/x"),
        format!("https://localhost:{port}/send/x"),
        format!("https://[::1]:{port}/send/x"),
        "https://169.254.169.254/latest".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "http://push.example/send/x".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let outcome = guarded.deliver(&push("m1", &browser.subscription(&endpoint))).await;
        assert_eq!(named(&outcome), "rejected Invalid", "{endpoint}: {outcome:?}");
    }
    assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_go_is_not_sent() {
    let (config, browser) = (web_config(), Browser::new());
    let server = push_service(public_key(&config), &browser, answer("201 Created")).await;
    let to = browser.subscription(&endpoint(&server));
    let (web, (fcm_server, firebase)) = (channel(&config), firebase(answer("200 OK")).await);
    let app = channel(&fcm_config(&fcm_server));
    let with = |change: fn(&mut PushContent), to: &str| {
        let mut message = push("m1", to);
        if let Content::Push(content) = &mut message.content {
            change(content);
        }
        message
    };
    for (channel, to) in [(&web, to.as_str()), (&app, "fcm:app-token")] {
        let long = with(|content| content.body = "x".repeat(4_200), to);
        assert_eq!(named(&channel.deliver(&long).await), "rejected TooLarge");
        let empty = with(|content| (content.title, content.body) = (" ".into(), String::new()), to);
        assert_eq!(named(&channel.deliver(&empty).await), "rejected Invalid");
    }
    for bad in ["", "an@example.vn", "fcm:", r#"{"endpoint":"https://push.example/"}"#] {
        assert_eq!(named(&web.deliver(&push("m1", bad)).await), "rejected Invalid", "{bad}");
    }
    // The other way is not set up: this person cannot be reached, others can.
    assert_eq!(named(&web.deliver(&push("m1", "fcm:app-token")).await), "rejected Recipient");
    assert_eq!(named(&app.deliver(&push("m1", &to)).await), "rejected Recipient");
    assert!(server.requests.lock().unwrap().is_empty() && firebase.messages.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_app_gets_its_message_by_firebase() {
    let (server, firebase) = firebase(answer("200 OK")).await;
    let channel = channel(&fcm_config(&server));
    let outcome = channel.deliver(&push("m1", "fcm:app-token")).await;
    let plugs::Outcome::Accepted { provider_id, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(provider_id.as_deref(), Some("projects/may-app/messages/1"));
    assert_eq!(named(&channel.deliver(&push("m2", "fcm:app-token")).await), "accepted");
    assert_eq!(*firebase.given.lock().unwrap(), 1, "the access token is kept");
    let expect = json!({
        "token": "app-token",
        "notification": { "title": "Giỏ hàng đang chờ", "body": "Bình ơi, bánh còn nóng" },
        "data": {
            "message_id": "m1", "url": "https://may.example/e/c/t0ken",
            "actions": r#"[{"title":"Xem giỏ","url":"https://may.example/e/c/t1"}]"#,
        },
        "android": { "ttl": "3600s", "priority": "HIGH", "collapse_key": "giỏ hàng" },
        "apns": { "headers": {
            "apns-priority": "10", "apns-expiration": "1700003600", "apns-collapse-id": "giỏ hàng",
        } },
        "webpush": { "fcm_options": { "link": "https://may.example/e/c/t0ken" } },
    });
    let strip = |mut message: Value| {
        // The order of the names in a text is not ours to promise.
        let actions = message["data"]["actions"].as_str().unwrap_or_default();
        message["data"]["actions"] = serde_json::from_str(actions).unwrap_or_default();
        message
    };
    assert_eq!(strip(firebase.messages.lock().unwrap()[0].clone()), strip(expect));
    // An hour later it has ended, and a token that is refused is asked for anew, once.
    let later = |ms: i64| Delivery {
        attempted_at: kit::Timestamp::from_ms(1_700_000_000_000 + ms),
        ..push("m3", "fcm:app-token")
    };
    assert_eq!(named(&channel.deliver(&later(200_000)).await), "accepted");
    assert_eq!(*firebase.given.lock().unwrap(), 1);
    *firebase.spoilt.lock().unwrap() = true;
    assert_eq!(named(&channel.deliver(&later(201_000)).await), "accepted");
    assert_eq!(*firebase.given.lock().unwrap(), 2);
    let grants = |server: &HttpServer| {
        server.requests.lock().unwrap().iter().filter(|r| r.line.contains("/token")).count()
    };
    assert_eq!(grants(&server), 2);
    // The fake's clock stands still and refuses the new grant; that one was asked for is what counts.
    assert_eq!(named(&channel.deliver(&later(3_800_000)).await), "misconfigured");
    assert_eq!(grants(&server), 3);
    assert!(channel.check().await.unwrap().contains("may-app"), "by the server's own time");
}

#[tokio::test]
async fn answers_of_firebase_mean_what_they_say() {
    let violated = json!({ "error": { "code": 400, "message": "not a valid FCM registration token", "status": "INVALID_ARGUMENT",
        "details": [
            { "errorCode": "INVALID_ARGUMENT" },
            { "fieldViolations": [{ "field": "message.token", "description": "Invalid registration token" }] },
        ] } });
    let table = [
        (fcm_error("404 Not Found", 404, "NOT_FOUND", "UNREGISTERED"), "rejected HardBounce"),
        (Answer::Full("400 Bad Request", vec![], violated.to_string()), "rejected HardBounce"),
        (fcm_error("400 Bad Request", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), "rejected Invalid"),
        (fcm_error("403 Forbidden", 403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "rejected Recipient"),
        (fcm_error("403 Forbidden", 403, "PERMISSION_DENIED", ""), "misconfigured"),
        (fcm_error("404 Not Found", 404, "NOT_FOUND", ""), "misconfigured"),
        (fcm_error("429 Too Many Requests", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), "retry Throttled"),
        (fcm_error("503 Service Unavailable", 503, "UNAVAILABLE", "UNAVAILABLE"), "retry Temporary"),
        (fcm_error("500 Internal Server Error", 500, "INTERNAL", "INTERNAL"), "retry Temporary"),
        (fcm_error("401 Unauthorized", 401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), "misconfigured"),
        (fcm_error("401 Unauthorized", 401, "UNAUTHENTICATED", ""), "misconfigured"),
        (answer("502 Bad Gateway"), "retry Temporary"),
        (Answer::Close, "unknown"),
    ];
    for (answer, expect) in table {
        let (server, _) = firebase(answer.clone()).await;
        let outcome = channel(&fcm_config(&server)).deliver(&push("m1", "fcm:app-token")).await;
        assert_eq!(named(&outcome), expect, "{answer:?}: {outcome:?}");
        assert!(!outcome.detail().contains("app-token") && !outcome.detail().contains("ya29"), "{outcome:?}");
    }
    // Where no access is given nothing was sent.
    for (status, expect) in [
        (answer("401 Unauthorized"), "misconfigured"),
        (answer("400 Bad Request"), "misconfigured"),
        (answer("503 Service Unavailable"), "retry Temporary"),
        (Answer::Close, "retry Network"),
    ] {
        let server = HttpServer::start(status.clone()).await;
        let outcome = channel(&fcm_config(&server)).deliver(&push("m1", "fcm:app-token")).await;
        assert_eq!(named(&outcome), expect, "{status:?}: {outcome:?}");
        assert!(channel(&fcm_config(&server)).check().await.is_err());
    }
}

#[test]
fn settings_are_made_kept_and_hidden() {
    let read = |value: Value| serde_json::from_value::<ChannelConfig>(value).unwrap();
    let first = read(json!({ "provider": "push", "web": { "subject": "mailto:shop@may.example" } }));
    let made = first.clone().completed().unwrap();
    assert_eq!(made.validate(), []);
    let ChannelConfig::Push(PushConfig { web: Some(web), .. }) = &made else { panic!() };
    let private = web.private_key.as_ref().unwrap().expose();
    assert_eq!((web.public_key.len(), private.len()), (87, 43));
    for text in [format!("{made:?}"), serde_json::to_string(&made.redacted()).unwrap()] {
        assert!(!text.contains(private), "{text}");
    }
    // Who says nothing of the keys keeps them, or every subscription would be lost.
    assert_eq!(first.merged(&made).completed().unwrap(), made);
    let shown = read(serde_json::to_value(made.redacted()).unwrap());
    assert_eq!(shown.merged(&made).completed().unwrap(), made);
    let other = web_config();
    let other = read(json!({ "provider": "push", "web": {
        "subject": "mailto:shop@may.example", "public_key": public_key(&other) } }));
    assert_eq!(other.merged(&made).validate()[0].field, "web.private_key");

    let account = service_account();
    let app = read(json!({ "provider": "push", "fcm": { "service_account": account } }));
    assert_eq!(app.validate(), []);
    let shown = app.redacted();
    let text = format!("{app:?}{}", serde_json::to_string(&shown).unwrap());
    assert!(!text.contains("PRIVATE KEY") && text.contains("***"), "{text}");
    assert_eq!(shown.clone().merged(&app), app);
    for address in ["base_url", "auth_url"] {
        let moved = json!({ "provider": "push", "fcm": { "service_account": "***", address: "https://other.example" } });
        assert_eq!(read(moved).merged(&app).validate()[0].field, "fcm.service_account", "{address}");
    }
    for (bad, field) in [
        (json!({}), "web"),
        (json!({ "web": { "subject": "shop@may.example" } }), "web.subject"),
        (json!({ "web": { "subject": "mailto:shop@localhost" } }), "web.subject"),
        (json!({ "web": { "subject": "https://localhost" } }), "web.subject"),
        (json!({ "fcm": {} }), "fcm.service_account"),
        (json!({ "fcm": { "service_account": "{}" } }), "fcm.service_account"),
        (json!({ "fcm": { "service_account": account, "base_url": "ftp://x" } }), "fcm.base_url"),
        (json!({ "fcm": { "service_account": account }, "timeout_ms": 0 }), "timeout_ms"),
        (json!({ "fcm": { "service_account": account }, "concurrency": 0 }), "concurrency"),
    ] {
        let mut value = bad.clone();
        value["provider"] = json!("push");
        let config = read(value).completed().unwrap();
        assert_eq!(config.validate()[0].field, field, "{bad}");
    }
}
