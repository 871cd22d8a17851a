use std::time::Duration;

use plugs::channels::smtp::{Security, SmtpChannel, SmtpConfig, SmtpTimeouts};
use plugs::{Channel, Content, Delivery, Egress, Outcome, Secret};
use tokio::time::timeout;

use crate::smtp_server::{AUTHORITY, At, Do, Script, SmtpServer};
use crate::{RECIPIENT, email, named};

/// Long enough for a slow machine to do work, and short enough to wait for where silence is the test.
const LONG_MS: u64 = 20_000;
const SHORT_MS: u64 = 200;

pub fn config(server: &SmtpServer) -> SmtpConfig {
    let timeouts = SmtpTimeouts {
        connect_ms: LONG_MS,
        command_ms: LONG_MS,
        body_ms: LONG_MS,
        reply_ms: LONG_MS,
        total_ms: 2 * LONG_MS,
    };
    SmtpConfig {
        timeouts,
        hello_name: Some("shop.may.example".into()),
        ..SmtpConfig::new("127.0.0.1", server.address.port(), Security::None)
    }
}

pub fn channel(config: &SmtpConfig) -> SmtpChannel {
    SmtpChannel::new(config, &Egress::open()).unwrap()
}

fn script(steps: &[(At, Do)]) -> Script {
    Script {
        steps: vec![steps.to_vec()],
        capabilities: vec!["PIPELINING", "SIZE 100000", "8BITMIME"],
        ..Script::default()
    }
}

fn check_violations(server: &SmtpServer) {
    assert_eq!(server.seen.lock().unwrap().violations, Vec::<String>::new());
}

/// What each misbehaviour of a server means for the message, with and without pipelining.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_follow_from_how_far_the_message_got() {
    use At::*;
    use Do::*;
    let table: &[(At, Do, &str)] = &[
        (Greeting, SayAndClose("421 4.3.2 too busy"), "retry Throttled"),
        (Greeting, SayAndClose("554 5.7.1 your address is blocked"), "misconfigured"),
        (Greeting, Close, "retry Network"),
        (Greeting, Say("garbage"), "retry Network"),
        (Greeting, Hang, "retry Timeout"),
        (Ehlo, Hang, "retry Timeout"),
        (Ehlo, Close, "retry Network"),
        (Ehlo, Say("550 5.7.1 not you"), "misconfigured"),
        (Mail, Hang, "retry Timeout"),
        (Mail, Say("530 5.7.0 log in first"), "misconfigured"),
        (Mail, Say("550 5.1.8 sender unknown"), "rejected Policy"),
        (Mail, Say("451 4.3.0 later"), "retry Temporary"),
        (Mail, Close, "retry Network"),
        (Rcpt, Say("450 4.2.2 mailbox full"), "retry MailboxFull"),
        (Rcpt, Say("451 4.7.1 greylisted"), "retry Throttled"),
        (Rcpt, Say("550 5.1.1 <binh@example.vn>: no such user"), "rejected HardBounce"),
        (Rcpt, Say("552 5.2.2 mailbox full"), "retry MailboxFull"),
        (Rcpt, Say("554 5.7.1 rejected by policy"), "rejected Policy"),
        (Rcpt, Hang, "retry Timeout"),
        (Rcpt, Close, "retry Network"),
        (Rcpt, SayAndClose("421 4.7.0 too many bad recipients"), "retry Throttled"),
        (Data, Say("451 4.3.0 not now"), "retry Temporary"),
        (Data, Hang, "retry Timeout"),
        (Data, Close, "retry Network"),
        (Body, Close, "retry Network"),
        (Body, SayAndClose("552 5.3.4 too much"), "rejected TooLarge"),
        (Body, SayAndClose("451 4.3.0 disk full"), "retry Temporary"),
        (Dot, Say("451 4.3.0 disk full"), "retry Temporary"),
        (Dot, Say("552 5.3.4 message too big"), "rejected TooLarge"),
        (Dot, Say("554 5.7.1 looks like spam"), "rejected Policy"),
        (Dot, SayAndClose("421 4.3.2 shutting down"), "retry Throttled"),
        // No 250, no responsibility: to be sent again (RFC 5321, section 6.1).
        (Dot, Close, "retry Network"),
        // It has the message and may yet deliver it.
        (Dot, Hang, "unknown"),
        (Dot, Say("garbage"), "unknown"),
        (Dot, SayHalfAndClose("250 2.0.0 O"), "unknown"),
        (Dot, SayHalfAndClose("451 4.3"), "retry Network"),
        (Accepted, Close, "accepted"),
    ];
    for pipelining in [true, false] {
        for (at, act, expect) in table {
            let mut script = script(&[(*at, *act)]);
            if !pipelining {
                script.capabilities.clear();
            }
            let server = SmtpServer::start(script).await;
            let mut config = config(&server);
            match (at, act) {
                (Dot, Hang) => config.timeouts.reply_ms = SHORT_MS,
                (_, Hang) => config.timeouts.command_ms = SHORT_MS,
                _ => {}
            }
            let outcome = channel(&config).deliver(&email("m1")).await;
            let case = format!("{at:?} {act:?} pipelining {pipelining}: {outcome:?}");
            assert_eq!(named(&outcome), *expect, "{case}");
            assert!(!outcome.detail().contains(RECIPIENT), "{case}");
            let seen = server.seen.lock().unwrap();
            assert_eq!(seen.violations, Vec::<String>::new(), "{case}");
            assert_eq!(seen.connections, 1, "{case}");
            assert_eq!(seen.messages.len(), usize::from(*expect == "accepted"), "{case}");
        }
    }
}

#[tokio::test]
async fn a_message_arrives_as_it_was_composed() {
    let server = SmtpServer::start(script(&[])).await;
    let channel = channel(&config(&server));
    let mail = email("m1");
    let Outcome::Accepted { provider_id, detail } = channel.deliver(&mail).await else { panic!() };
    assert_eq!(provider_id.as_deref(), Some("4FxQ7z"));
    assert_eq!(detail, "250 2.0.0 Ok: queued as 4FxQ7z");
    check_violations(&server);
    let seen = server.seen.lock().unwrap();
    let received = &seen.messages[0];
    assert_eq!((received.from.as_str(), received.to.as_str()), ("bounce+t0ken@may.example", RECIPIENT));
    let Content::Email(content) = &mail.content else { panic!() };
    let composed = plugs::email::compose(&mail, content, None).unwrap();
    assert_eq!(received.data.trim_end(), String::from_utf8(composed.message).unwrap().trim_end());
}

#[tokio::test]
async fn connections_are_used_again_and_then_retired() {
    let server = SmtpServer::start(script(&[(At::Rcpt, Do::Say("550 5.1.1 no such user"))])).await;
    let channel = channel(&SmtpConfig { messages_per_connection_max: 3, ..config(&server) });
    let mut outcomes = Vec::new();
    for key in ["m1", "m2", "m3", "m4", "m5"] {
        outcomes.push(named(&channel.deliver(&email(key)).await));
    }
    // The script is for the first connection, which carries three messages.
    let bounce = "rejected HardBounce";
    assert_eq!(outcomes, [bounce, bounce, bounce, "accepted", "accepted"]);
    timeout(Duration::from_millis(LONG_MS), server.ended.notified()).await.unwrap();
    check_violations(&server);
    let envelope = ["MAIL", "RCPT", "DATA"];
    let again = ["RSET", "MAIL", "RCPT", "DATA"];
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.verbs[0], [&["EHLO"][..], &envelope, &again, &again, &["QUIT"]].concat());
    assert_eq!(seen.verbs[1], [&["EHLO"][..], &envelope, &again].concat());
    assert_eq!(seen.connections, 2);
}

/// The server gave up an idle connection: the next message has not been touched and goes by a fresh one.
#[tokio::test]
async fn a_dead_idle_connection_costs_no_message() {
    use Do::*;
    for (at, act) in [
        (At::Accepted, Close),
        (At::Accepted, SayAndClose("421 4.4.2 idle for too long")),
        (At::Rset, Close),
        (At::Rset, SayAndClose("421 4.4.2 idle for too long")),
        (At::Rset, Say("500 5.5.1 what")),
    ] {
        for capabilities in [vec!["PIPELINING"], vec![]] {
            let server = SmtpServer::start(Script { capabilities, ..script(&[(at, act)]) }).await;
            let channel = channel(&config(&server));
            for key in ["m1", "m2", "m3"] {
                let outcome = channel.deliver(&email(key)).await;
                assert_eq!(named(&outcome), "accepted", "{at:?} {act:?} {key}: {outcome:?}");
            }
            check_violations(&server);
            let seen = server.seen.lock().unwrap();
            assert_eq!((seen.messages.len(), seen.connections), (3, 2), "{at:?} {act:?}");
        }
    }
}

/// One fresh try, not one after the other: when that fails too, the engine decides.
#[tokio::test]
async fn the_fresh_connection_is_the_last() {
    let mut script = script(&[(At::Rset, Do::Close)]);
    script.steps.push(vec![(At::Mail, Do::Close)]);
    let server = SmtpServer::start(script).await;
    let channel = channel(&config(&server));
    assert_eq!(named(&channel.deliver(&email("m1")).await), "accepted");
    assert_eq!(named(&channel.deliver(&email("m2")).await), "retry Network");
    assert_eq!(server.seen.lock().unwrap().connections, 2);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time() {
    let server = SmtpServer::start(script(&[])).await;
    let channel = channel(&SmtpConfig { idle_ms: 30, ..config(&server) });
    assert_eq!(named(&channel.deliver(&email("m1")).await), "accepted");
    timeout(Duration::from_millis(LONG_MS), server.ended.notified()).await.unwrap();
    assert_eq!(server.seen.lock().unwrap().verbs[0].last().unwrap(), "QUIT");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_share_the_pool() {
    let server = SmtpServer::start(script(&[])).await;
    let channel = std::sync::Arc::new(channel(&SmtpConfig { pool_max: 3, ..config(&server) }));
    assert_eq!(channel.concurrency(), 3);
    let sends: Vec<_> = (0..60)
        .map(|number| {
            let channel = channel.clone();
            tokio::spawn(async move { named(&channel.deliver(&email(&format!("m{number}"))).await) })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap(), "accepted");
    }
    check_violations(&server);
    let seen = server.seen.lock().unwrap();
    assert!(seen.open_most <= 3, "{}", seen.open_most);
    let mut ids: Vec<&str> =
        seen.messages.iter().filter_map(|m| m.data.lines().find(|l| l.starts_with("Message-ID"))).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((seen.messages.len(), ids.len()), (60, 60));
}

#[tokio::test]
async fn one_deadline_holds_for_the_whole_delivery() {
    for (at, expect) in [(At::Greeting, "retry Timeout"), (At::Rcpt, "retry Timeout"), (At::Dot, "unknown")] {
        let server = SmtpServer::start(script(&[(at, Do::Hang)])).await;
        let mut config = config(&server);
        config.timeouts.total_ms = if at == At::Dot { 10 * SHORT_MS } else { SHORT_MS };
        assert_eq!(named(&channel(&config).deliver(&email("m1")).await), expect, "{at:?}");
    }
}

#[tokio::test]
async fn a_server_that_stops_reading_is_left() {
    let server =
        SmtpServer::start(Script { capabilities: vec![], ..script(&[(At::Body, Do::Freeze)]) }).await;
    let mut config = config(&server);
    config.timeouts.body_ms = SHORT_MS;
    let mut mail = email("m1");
    if let Content::Email(content) = &mut mail.content {
        content.html = None;
        content.text = "bread and more bread, and then some\n".repeat(160_000);
    }
    assert_eq!(named(&channel(&config).deliver(&mail).await), "retry Timeout");
}

#[tokio::test]
async fn what_a_server_cannot_take_is_not_sent() {
    let server = SmtpServer::start(Script { capabilities: vec!["SIZE 500"], ..script(&[]) }).await;
    assert_eq!(named(&channel(&config(&server)).deliver(&email("m1")).await), "rejected TooLarge");
    assert_eq!(server.seen.lock().unwrap().verbs[0], ["EHLO"]);

    let unicode = Delivery { to: "bình@example.vn".into(), ..email("m2") };
    let server = SmtpServer::start(script(&[])).await;
    assert_eq!(named(&channel(&config(&server)).deliver(&unicode).await), "rejected Invalid");
    let capabilities = vec!["SMTPUTF8", "8BITMIME"];
    let server = SmtpServer::start(Script { capabilities, ..script(&[]) }).await;
    assert_eq!(named(&channel(&config(&server)).deliver(&unicode).await), "accepted");
    assert_eq!(server.seen.lock().unwrap().messages[0].to, "bình@example.vn");
}

#[tokio::test]
async fn encryption_is_for_the_name_in_the_settings() {
    let authority = Some(AUTHORITY.to_owned());
    // (how, host, authority known, anything goes, expected)
    let table = [
        (Security::Starttls, "localhost", true, false, "accepted"),
        (Security::Tls, "localhost", true, false, "accepted"),
        (Security::Starttls, "localhost", false, false, "misconfigured"),
        (Security::Tls, "localhost", false, false, "misconfigured"),
        // The certificate is for localhost, not for its address.
        (Security::Starttls, "127.0.0.1", true, false, "misconfigured"),
        (Security::Tls, "127.0.0.1", true, false, "misconfigured"),
        (Security::Tls, "127.0.0.1", false, true, "accepted"),
    ];
    for (security, host, known, anything, expect) in table {
        let tls = security == Security::Tls;
        let server = SmtpServer::start(Script { starttls: !tls, implicit_tls: tls, ..script(&[]) }).await;
        let config = SmtpConfig {
            host: host.to_owned(),
            security,
            ca_certificates_pem: authority.clone().filter(|_| known),
            allow_invalid_certificates: anything,
            ..config(&server)
        };
        let channel = channel(&config);
        let outcome = channel.deliver(&email("m1")).await;
        assert_eq!(named(&outcome), expect, "{security:?} {host} {known} {anything}: {outcome:?}");
        assert_eq!(channel.check().await.is_ok(), expect == "accepted", "{outcome:?}");
        check_violations(&server);
        assert!(server.seen.lock().unwrap().messages.iter().all(|message| message.encrypted));
    }
}

#[tokio::test]
async fn encryption_that_is_asked_for_is_not_gone_without() {
    use Do::*;
    let secret = || Some(Secret::new("mat khau bi mat"));
    for (starttls, steps, expect) in [
        (false, vec![], "misconfigured"),
        (true, vec![(At::StartTls, SayAndClose("454 4.7.0 no certificate today"))], "retry Throttled"),
        // What was slipped in before the handshake is not taken for the server's word.
        (true, vec![(At::StartTls, SayAndClose("220 go on\r\n250 2.0.0 injected"))], "misconfigured"),
        (true, vec![(At::StartTls, Hang)], "retry Timeout"),
        (true, vec![(At::StartTls, Close)], "retry Network"),
    ] {
        let server = SmtpServer::start(Script { starttls, ..script(&steps) }).await;
        let mut config = SmtpConfig {
            security: Security::Starttls,
            username: Some("may".into()),
            password: secret(),
            ..config(&server)
        };
        if steps.iter().any(|(_, act)| *act == Hang) {
            config.timeouts.command_ms = SHORT_MS;
        }
        let outcome = channel(&config).deliver(&email("m1")).await;
        assert_eq!(named(&outcome), expect, "{steps:?}: {outcome:?}");
        let seen = server.seen.lock().unwrap();
        assert!(!seen.verbs.concat().contains(&"AUTH".to_owned()) && seen.messages.is_empty());
    }
}

#[tokio::test]
async fn logins_are_plain_or_login() {
    let account = Some(("may", "mật khẩu"));
    for (capability, password, steps, expect) in [
        ("AUTH PLAIN LOGIN", "mật khẩu", vec![], "accepted"),
        ("AUTH LOGIN", "mật khẩu", vec![], "accepted"),
        ("AUTH=LOGIN PLAIN", "mật khẩu", vec![], "accepted"),
        ("AUTH PLAIN", "sai bét", vec![], "misconfigured"),
        ("AUTH LOGIN", "sai bét", vec![], "misconfigured"),
        ("AUTH XOAUTH2", "mật khẩu", vec![], "misconfigured"),
        ("SIZE 0", "mật khẩu", vec![], "misconfigured"),
        ("AUTH PLAIN", "mật khẩu", vec![(At::Auth, Do::Say("454 4.7.0 try later"))], "retry Throttled"),
    ] {
        let server =
            SmtpServer::start(Script { capabilities: vec![capability], account, ..script(&steps) }).await;
        let config = SmtpConfig {
            username: Some("may".into()),
            password: Some(Secret::new(password)),
            ..config(&server)
        };
        let channel = channel(&config);
        let outcome = channel.deliver(&email("m1")).await;
        assert_eq!(named(&outcome), expect, "{capability}: {outcome:?}");
        assert!(!format!("{outcome:?} {config:?}").contains(password));
        check_violations(&server);
        assert!(server.seen.lock().unwrap().messages.iter().all(|message| message.login));
    }
}

#[tokio::test]
async fn a_relay_in_a_private_network_is_the_owners_choice() {
    let server = SmtpServer::start(script(&[])).await;
    let config = config(&server);
    let refused = SmtpChannel::new(&config, &Egress::default()).err().unwrap();
    assert!(refused.contains("whoever runs this server can allow it"), "{refused}");
    // A name tells nothing before it is resolved.
    let named_host = SmtpConfig { host: "localhost".into(), ..config.clone() };
    let guarded = SmtpChannel::new(&named_host, &Egress::default()).unwrap();
    let outcome = guarded.deliver(&email("m1")).await;
    assert_eq!(named(&outcome), "misconfigured");
    assert!(outcome.detail().contains("whoever runs this server can allow it"), "{outcome:?}");
    assert!(guarded.check().await.is_err());
    assert_eq!(server.seen.lock().unwrap().connections, 0);
    for egress in [
        Egress { allow_private: true, ..Egress::default() },
        Egress { allowed: vec!["localhost".parse().unwrap()], ..Egress::default() },
    ] {
        let channel = SmtpChannel::new(&named_host, &egress).unwrap();
        assert_eq!(named(&channel.deliver(&email("m1")).await), "accepted");
    }
}

#[tokio::test]
async fn nobody_there_means_later() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let nobody = SmtpConfig::new("127.0.0.1", port, Security::None);
    assert_eq!(named(&channel(&nobody).deliver(&email("m1")).await), "retry Network");
}

#[tokio::test]
async fn a_check_sends_nothing() {
    let server = SmtpServer::start(script(&[])).await;
    let text = channel(&config(&server)).check().await.unwrap();
    assert_eq!(text, format!("connected to 127.0.0.1:{}, not encrypted, no login", server.address.port()));
    timeout(Duration::from_millis(LONG_MS), server.ended.notified()).await.unwrap();
    assert_eq!(server.seen.lock().unwrap().verbs[0], ["EHLO", "QUIT"]);
}
