use plugs::channels::webhook::{WebhookChannel, WebhookConfig, signature};
use plugs::{Channel, Content, Delivery, Egress, Secret};

use crate::http_server::{Answer, HttpServer, answer};
use crate::{named, webhook};

const SECRET: &str = "khoa-bi-mat-cua-tiem";

pub fn config() -> WebhookConfig {
    WebhookConfig {
        secret: Some(Secret::new(SECRET)),
        connect_timeout_ms: 20_000,
        timeout_ms: 20_000,
        ..WebhookConfig::default()
    }
}

pub fn channel(config: &WebhookConfig) -> WebhookChannel {
    WebhookChannel::new(config, &Egress::open()).unwrap()
}

fn with(status: &'static str, header: &str, body: &str) -> Answer {
    Answer::Full(status, vec![header.to_owned()], body.to_owned())
}

/// What each answer means for the message.
#[tokio::test]
async fn outcomes_follow_from_the_answer() {
    let table = [
        (answer("200 OK"), "accepted"),
        (answer("204 No Content"), "accepted"),
        (with("429 Too Many Requests", "Retry-After: 7", ""), "retry Throttled 7000"),
        (answer("429 Too Many Requests"), "retry Throttled"),
        // The attempt is at 2023-11-14T22:13:20Z.
        (
            with("503 Service Unavailable", "Retry-After: Tue, 14 Nov 2023 22:14:20 GMT", ""),
            "retry Temporary 60000",
        ),
        (answer("408 Request Timeout"), "retry Temporary"),
        (answer("500 Internal Server Error"), "retry Temporary"),
        (answer("502 Bad Gateway"), "retry Temporary"),
        (answer("400 Bad Request"), "rejected Refused"),
        (answer("401 Unauthorized"), "rejected Refused"),
        (answer("404 Not Found"), "rejected Refused"),
        (answer("410 Gone"), "rejected Refused"),
        (answer("413 Content Too Large"), "rejected TooLarge"),
        (Answer::Close, "retry Network"),
        (Answer::HalfHeaders, "retry Network"),
        (Answer::Hang, "retry Timeout"),
        (Answer::Endless("200 OK"), "accepted"),
        (Answer::Endless("500 Internal Server Error"), "retry Temporary"),
        // The status was the answer.
        (Answer::HalfBody("200 OK"), "accepted"),
        (Answer::HalfBody("400 Bad Request"), "rejected Refused"),
    ];
    for (answer, expect) in table {
        let server = HttpServer::start(answer.clone()).await;
        let silent = matches!(answer, Answer::Hang | Answer::HalfBody(_));
        let config = WebhookConfig { timeout_ms: if silent { 1_000 } else { 20_000 }, ..config() };
        let outcome = channel(&config).deliver(&webhook("m1", &server.url())).await;
        let case = format!("{answer:?}: {outcome:?}");
        assert_eq!(named(&outcome), expect, "{}", &case[..case.len().min(500)]);
        // The URL's token is nobody's business, and a long answer is cut.
        assert!(!outcome.detail().contains("geheim") && outcome.detail().chars().count() <= 301, "{case}");
    }
}

#[tokio::test]
async fn requests_are_signed_and_carry_their_key() {
    let server = HttpServer::start(answer("200 OK")).await;
    let delivery = webhook("run-7:step-2", &server.url());
    let channel = channel(&config());
    for _ in 0..2 {
        assert_eq!(named(&channel.deliver(&delivery).await), "accepted");
    }
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 2);
    for request in requests.iter() {
        assert_eq!(request.line, "POST /hook?token=geheim HTTP/1.1");
        assert_eq!(request.header("idempotency-key"), Some("run-7:step-2"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("x-shop"), Some("may"));
        let Content::Webhook(content) = &delivery.content else { panic!() };
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&request.body).unwrap(), content.body);
        let expect = signature(&Secret::new(SECRET), delivery.attempted_at, &request.body);
        assert_eq!(request.header("quaylai-signature"), Some(expect.as_str()));
        assert!(expect.starts_with("t=1700000000000,v1="));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = HttpServer::start(answer("200 OK")).await;
    for status in ["301 Moved Permanently", "307 Temporary Redirect"] {
        let server = HttpServer::start(with(status, &format!("Location: {}", target.url()), "")).await;
        let outcome = channel(&config()).deliver(&webhook("m1", &server.url())).await;
        assert_eq!(named(&outcome), "rejected Refused");
        assert!(outcome.detail().contains("redirects are not followed"));
    }
    assert!(target.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn private_places_are_out_of_bounds() {
    let server = HttpServer::start(answer("200 OK")).await;
    let port = server.address.port();
    let guarded = WebhookChannel::new(&config(), &Egress::default()).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00:ec2::254]",
    ] {
        let outcome = guarded.deliver(&webhook("m1", &format!("http://{host}:{port}/"))).await;
        assert_eq!(named(&outcome), "rejected Invalid", "{host}: {outcome:?}");
    }
    assert!(server.requests.lock().unwrap().is_empty());
    let egress = Egress { allowed: vec!["localhost".parse().unwrap()], ..Egress::default() };
    let listed = WebhookChannel::new(&config(), &egress).unwrap();
    let url = format!("http://localhost:{port}/");
    assert_eq!(named(&listed.deliver(&webhook("m1", &url)).await), "accepted");
    assert_eq!(named(&listed.deliver(&webhook("m2", &server.url())).await), "rejected Invalid");
}

#[tokio::test]
async fn malformed_requests_are_not_sent() {
    let server = HttpServer::start(answer("200 OK")).await;
    let channel = channel(&config());
    type Change = fn(&mut plugs::WebhookContent);
    let changes: [(&str, Change); 7] = [
        ("rejected Invalid", |content| content.url = "not a url".into()),
        ("rejected Invalid", |content| content.url = "file:///etc/passwd".into()),
        ("rejected Invalid", |content| content.method = "GET /other".into()),
        ("rejected Invalid", |content| content.headers = vec![("Host".into(), "other.example".into())]),
        ("rejected Invalid", |content| content.headers = vec![("Quaylai-Signature".into(), "t=1".into())]),
        ("rejected Invalid", |content| content.headers = vec![("X-A".into(), "a\r\nX-B: b".into())]),
        ("rejected TooLarge", |content| content.body = "x".repeat(2_000_000).into()),
    ];
    for (at, (expect, change)) in changes.into_iter().enumerate() {
        let mut delivery = webhook("m1", &server.url());
        if let Content::Webhook(content) = &mut delivery.content {
            change(content);
        }
        assert_eq!(named(&channel.deliver(&delivery).await), expect, "change {at}");
    }
    let delivery = Delivery { key: "a\nb".into(), ..webhook("m1", &server.url()) };
    assert_eq!(named(&channel.deliver(&delivery).await), "rejected Invalid");
    assert!(server.requests.lock().unwrap().is_empty());
}
