//! The pages that the server renders, asked over the router with a real store and a real engine behind it.

mod choices;
mod world;

use axum::http::{Method, StatusCode};
use domain::consent::{Channel, ConsentState, Purpose};
use engine::Link;
use world::{SHOP, World};

fn agreed(world: &World, channel: Channel) -> Option<ConsentState> {
    world.profile(SHOP, "an").consents.state(channel, Purpose::Marketing)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_never_unsubscribes() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Unsubscribe, &message);
    for answer in
        [world.get(&path).await, world.head(&path).await, world.get(&format!("{path}?undo=1")).await]
    {
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert!(world.get(&path).await.text.contains("<form method=\"post\">"));
    world.arrive().await;
    assert_eq!(agreed(&world, Channel::Email), Some(ConsentState::Granted));
    assert_eq!(world.responses(&message).unsubscribed_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_stops_once_and_can_be_taken_back() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Unsubscribe, &message);
    // A mail program's POST, its repetition, another spelling of the form, and the page's own button.
    for (content_type, body) in [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--",
        ),
        ("application/x-www-form-urlencoded", "stop=1"),
    ] {
        let answer = world.ask(Method::POST, &path, &[("content-type", content_type)], body).await;
        assert_eq!(answer.status, StatusCode::OK, "{body}");
        assert!(answer.text.contains("name=\"undo\""), "the way back is offered");
        assert_eq!(answer.header("location"), "");
    }
    world.arrive().await;
    assert_eq!(agreed(&world, Channel::Email), Some(ConsentState::Denied));
    assert_eq!(agreed(&world, Channel::Sms), Some(ConsentState::Granted), "the other channel is not touched");
    let first = world.responses(&message).unsubscribed_at;
    assert!(first.is_some());
    world.clock.advance_ms(3_600_000);
    assert_eq!(world.post(&path, "List-Unsubscribe=One-Click").await.status, StatusCode::OK);
    world.arrive().await;
    assert_eq!(world.events_named(message.profile, "Unsubscribed"), 1);

    world.clock.advance_ms(1_000);
    assert_eq!(world.post(&path, "undo=1").await.status, StatusCode::OK);
    world.arrive().await;
    assert_eq!(agreed(&world, Channel::Email), Some(ConsentState::Granted));
    let records = world.services.store.read(|tx| tx.consents(SHOP, message.profile)).unwrap();
    let back = records.iter().find(|record| record.source == "unsubscribe_undo").unwrap();
    assert!(back.wording.as_ref().unwrap().contains("Nắng <Lụa>"));
    assert_eq!(back.ip.as_deref(), Some("113.161.1.1"));
    assert!(back.user_agent.is_some());

    world.clock.advance_ms(120_000);
    world.post(&path, "stop=1").await;
    world.arrive().await;
    assert_eq!(agreed(&world, Channel::Email), Some(ConsentState::Denied), "no means no a second time too");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_agreed_to_is_not_brought_back() {
    let mut world = World::new();
    world.identify(SHOP, "binh", "Bình", &[]);
    let message = world.send(SHOP, "binh", Channel::Email);
    assert_eq!(message.state, "refused");
    let path = world.path(Link::Unsubscribe, &message);
    assert!(!world.post(&path, "stop=1").await.text.contains("name=\"undo\""));
    world.arrive().await;
    world.clock.advance_ms(1_000);
    world.post(&path, "undo=1").await;
    world.arrive().await;
    let state = world.profile(SHOP, "binh").consents.state(Channel::Email, Purpose::Marketing);
    assert_eq!(state, Some(ConsentState::Denied));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_machines_are_counted_apart() {
    // Each case with a message of its own: requests in order, and what they come to.
    /// Method and link, the link's number, headers, and the time that passes afterwards.
    type Asked = (&'static str, u32, &'static [(&'static str, &'static str)], i64);
    struct Case {
        name: &'static str,
        requests: &'static [Asked],
        expect: (i64, i64, i64, i64),
    }
    const GET_CLICK: &str = "GET c";
    const HEAD_CLICK: &str = "HEAD c";
    const OPEN: &str = "GET o";
    const HEAD_OPEN: &str = "HEAD o";
    const TRAP: &str = "GET h";
    let cases = [
        Case {
            name: "a person",
            requests: &[(OPEN, 0, &[], 0), (GET_CLICK, 1, &[], 0)],
            expect: (1, 1, 0, 0),
        },
        Case {
            name: "a picture that is fetched twice in a moment",
            requests: &[(OPEN, 0, &[], 300), (OPEN, 0, &[], 9_000), (OPEN, 0, &[], 0)],
            expect: (2, 0, 0, 0),
        },
        Case {
            name: "probes",
            requests: &[(HEAD_OPEN, 0, &[], 0), (HEAD_CLICK, 0, &[], 0)],
            expect: (0, 0, 1, 1),
        },
        Case {
            name: "a known scanner",
            requests: &[(GET_CLICK, 0, &[("user-agent", "Barracuda Sentinel (EE)")], 0)],
            expect: (0, 0, 0, 1),
        },
        Case {
            name: "a prefetch",
            requests: &[(GET_CLICK, 0, &[("sec-purpose", "prefetch")], 0)],
            expect: (0, 0, 0, 1),
        },
        Case {
            name: "a program that follows every link: the third gives it away",
            requests: &[(GET_CLICK, 0, &[], 100), (GET_CLICK, 1, &[], 100), (GET_CLICK, 2, &[], 100)],
            expect: (0, 2, 0, 1),
        },
        Case {
            name: "one that fell into the trap, and a person later",
            requests: &[
                (TRAP, 0, &[], 50),
                (GET_CLICK, 0, &[], 50),
                (OPEN, 0, &[], 60_000),
                (GET_CLICK, 0, &[], 0),
            ],
            expect: (0, 1, 1, 2),
        },
    ];
    for case in cases {
        let mut world = World::new();
        let message = world.send(SHOP, "an", Channel::Email);
        for (request, number, told, then_ms) in case.requests {
            let (method, letter) = request.split_once(' ').unwrap();
            let link = match letter {
                "o" => Link::Open,
                "h" => Link::Honeypot,
                _ => Link::Click(*number),
            };
            let answer = world.ask(method.parse().unwrap(), &world.path(link, &message), told, "").await;
            assert!(answer.status.is_success() || answer.status.is_redirection(), "{}", case.name);
            world.arrive().await;
            world.clock.advance_ms(*then_ms);
        }
        let r = world.responses(&message);
        assert_eq!((r.opens, r.clicks, r.machine_opens, r.machine_clicks), case.expect, "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_is_one_with_or_without_its_ending() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Open, &message);
    for path in [path.clone(), format!("{path}.gif")] {
        let answer = world.get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "image/gif"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_leads_only_to_what_was_in_the_message() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let check = async |number: u32, query: &str, expect: &str| {
        let answer = world.get(&format!("{}{query}", world.path(Link::Click(number), &message))).await;
        assert_eq!(answer.status, StatusCode::FOUND);
        let to = answer.header("location").to_owned();
        assert!(to.starts_with(expect), "{number}: {to}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    };
    check(0, "", "https://shop1.example/ao?").await;
    check(1, "?url=https://evil.example&to=//evil.example", "https://shop1.example/quan?a=1&b=2").await;
    check(99, "", "https://shop1.example").await;

    // What a template or a careless import could have left behind.
    let body = store::messages::Body {
        links: ["javascript:alert(1)", "//evil.example", "https://shop1.example/áo dài", "ftp://x"]
            .map(str::to_owned)
            .to_vec(),
        ..Default::default()
    };
    let mut changes = store::Changeset::new();
    changes.set_body(SHOP, message.message_no, message.decided_at, &body);
    world.store(changes);
    for number in [0, 1, 3] {
        check(number, "", "https://shop1.example").await;
    }
    check(2, "", "https://shop1.example/%C3%A1o%20d%C3%A0i").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_links_lead_to_a_friendly_page() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let real = world.path(Link::Unsubscribe, &message);
    let token = real.rsplit('/').next().unwrap();
    let mut gone = message.clone();
    gone.message_no = 999_999;
    let mut paths =
        vec!["/e/".into(), "/e/x/abc".into(), "/e/u/abc/def".into(), world.path(Link::View, &gone)];
    for letter in ["o", "c", "h", "p", "v"] {
        paths.push(format!("/e/{letter}/{token}"));
        paths.push(format!("/e/{letter}/AAAA"));
    }
    paths.push(format!("/e/u/{token}A"));
    paths.push(world.path(Link::Open, &gone) + ".gif");
    for path in &paths {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        if path != "/e/" {
            assert!(answer.text.contains("Không tìm thấy trang"), "{path}: {}", answer.text);
        }
    }
    for path in ["/e/u/AAAA", "/e/p/AAAA"] {
        assert_eq!(world.post(path, "stop=1").await.status, StatusCode::NOT_FOUND);
    }
    assert!(world.get("/e/u/AAAA?lang=en").await.text.contains("Page not found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_kept_with_their_proof() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Preferences, &message);
    let page = world.get(&path).await.text;
    assert!(page.contains("a•••@mail.example") && !page.contains("an@mail.example"), "{page}");
    assert!(
        page.contains("name=\"sms\"") && !page.contains("name=\"zalo\""),
        "only channels with an address"
    );
    let state = |world: &World| (agreed(world, Channel::Email), agreed(world, Channel::Sms));
    let (granted, denied) = (Some(ConsentState::Granted), Some(ConsentState::Denied));

    world.head(&path).await;
    world.post(&path, "do=save&email=on&was_email=on&sms=on&was_sms=on").await;
    world.arrive().await;
    let count =
        |world: &World| world.services.store.read(|tx| tx.consents(SHOP, message.profile)).unwrap().len();
    assert_eq!((state(&world), count(&world)), ((granted, granted), 2), "nothing changed, nothing written");

    world.clock.advance_ms(1_000);
    let answer = world.post(&path, "do=save&was_email=on&sms=on&was_sms=on").await;
    assert!(
        answer.text.contains("Đã lưu") && answer.text.contains("Không nhận qua email"),
        "{}",
        answer.text
    );
    // The engine has not come to it yet; a change of mind must not get lost.
    world.clock.advance_ms(1_000);
    world.post(&path, "do=save&email=on&was_email=off&was_sms=on").await;
    world.arrive().await;
    assert_eq!(state(&world), (granted, denied));
    let records = world.services.store.read(|tx| tx.consents(SHOP, message.profile)).unwrap();
    for record in records.iter().filter(|record| record.source == "preference_page") {
        assert!(record.wording.as_ref().unwrap().contains("Tôi đồng ý nhận"));
        assert_eq!(record.ip.as_deref(), Some("113.161.1.1"));
    }

    world.clock.advance_ms(1_000);
    world.post(&path, "do=stop_all&email=on&was_email=on&was_sms=off").await;
    world.arrive().await;
    assert_eq!(state(&world), (denied, denied));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_shown_in_the_browser_without_its_picture() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::View, &message);
    let answer = world.get(&path).await;
    assert!(answer.text.contains("Chào An &lt;script&gt;"), "{}", answer.text);
    assert!(!answer.text.contains("/e/o/") && answer.text.contains("/e/c/"));
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("sandbox ")
            && policy.contains("default-src 'none'")
            && !policy.contains("script-src")
    );
    assert!(!policy.contains("allow-scripts") && !policy.contains("allow-same-origin"));
    let sms = world.send(SHOP, "an", Channel::Sms);
    let text = world.get(&world.path(Link::View, &sms)).await;
    assert!(text.text.contains("Chào An &lt;script&gt;alert"));

    let mut changes = store::Changeset::new();
    changes.expire_bodies(SHOP, world.services.clock.now());
    world.store(changes);
    let answer = world.get(&path).await;
    assert_eq!(answer.status, StatusCode::GONE);
    assert!(answer.text.contains("Tin này đã cũ"));
    assert_eq!(world.get(&world.path(Link::Click(0), &message)).await.status, StatusCode::FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_somebody_knows_lead_to_the_app() {
    let world = World::new();
    let ways = [
        ("/", "/app/"),
        ("/sign-in", "/app/sign-in"),
        ("/forgot-password", "/app/forgot-password"),
        ("/outbox", "/app/outbox"),
        ("/outbox/01M80", "/app/messages/01M80"),
        ("/people", "/app/customers"),
        ("/people/01M80", "/app/customers/01M80"),
        ("/invitation/aB3", "/app/invitation/aB3"),
        ("/new-password/aB3%2F..%0d", "/app/new-password/aB3"),
    ];
    for (from, to) in ways {
        let answer = world.get(from).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, to), "{from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn public_pages_run_nothing() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    for path in [Link::Unsubscribe, Link::Preferences, Link::Honeypot].map(|link| world.path(link, &message))
    {
        for language in ["vi", "en"] {
            let joined = if path.contains('?') { "&" } else { "?" };
            let answer = world.get(&format!("{path}{joined}lang={language}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            check_page(&path, language, &answer);
        }
    }
}

/// What holds for every page: nothing personal runs away, nothing runs at all.
fn check_page(path: &str, language: &str, answer: &world::Answer) {
    let policy = answer.header("content-security-policy");
    for wanted in ["default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(wanted), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let html = &answer.text;
    assert!(html.contains(&format!("<html lang=\"{language}\">")), "{path}");
    assert!(!html.contains("<script"), "{path}: a script");
    let lower = html.to_lowercase();
    for forbidden in [" style=", " onclick", " onload", " onerror", "javascript:", "<script>alert"] {
        assert!(!lower.contains(forbidden), "{path}: {forbidden}");
    }
    assert!(!html.contains("Nắng <Lụa>") && !html.contains("Chào <khách>"), "{path}: not escaped");
    let title = html.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
    assert!(!title.contains("An") && !title.contains('@'), "{path}: {title}");
    assert_eq!(html.matches("<main").count(), 1, "{path}");
    assert_eq!(html.matches("<h1").count(), 1, "{path}");
    let stylesheet = html.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(stylesheet.starts_with("/e/-/look."));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_by_their_hash() {
    let world = World::new();
    let page = world.get("/e/nothing").await.text;
    let stylesheet = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = world.get(stylesheet).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(answer.header("cache-control").contains("immutable"));
    let old = world.get("/e/-/look.000000000000.css").await;
    assert_eq!((old.status, old.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!(world.get("/e/-/secret.css").await.status, StatusCode::NOT_FOUND);
}
