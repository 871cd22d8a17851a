//! What the engine may rely on, whichever channel it holds.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plugs::channels::blackhole::{self, BlackholeConfig};
use plugs::channels::memory::{self, MemoryChannel, MemoryConfig, Outbox};
use plugs::channels::push as push_channel;
use plugs::channels::smtp::{self as smtp_channel, SmtpConfig, SmtpTimeouts};
use plugs::channels::webhook::{self as webhook_channel, WebhookConfig};
use plugs::channels::{Problem, esms, file, speedsms, stringee, twilio};
use plugs::channels::{mailgun, sendgrid, ses};
use plugs::{
    Channel, ChannelConfig, Content, Delivery, Egress, MessageClass, Outcome, Provider, Surroundings,
    TextContent, build,
};

use crate::http_server::{Answer, HttpServer, answer};
use crate::push_server::{Browser, fcm_error, firebase, push_service};
use crate::smtp_server::{At, Do, Script, SmtpServer};
use crate::zalo_server::{ZaloServer, error as zalo_error};
use crate::{PHONE, RECIPIENT, delivery, email, named, push, smtp, webhook, zalo};

/// What goes on at the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Situation {
    Fine,
    Refuses,
    /// Wants to be left alone for 7 seconds, where the protocol can say so.
    Throttles,
    InTrouble,
    /// Takes the message and falls silent.
    Silent,
    /// Takes the message and is gone.
    Gone,
    NobodyThere,
}

/// A channel in front of that other side.
struct Subject {
    channel: Arc<dyn Channel>,
    /// A message of the channel's kind under this key.
    message: Box<dyn Fn(&str) -> Delivery>,
    /// How many messages the other side holds, repeated ones counted once where it can tell.
    arrived: Box<dyn Fn() -> usize>,
    _folder: Option<Folder>,
}

/// A folder of a test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("plugs-{name}-{}-{number}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.join("out")).into_iter().flatten();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SHORT_MS: u64 = 500;

async fn smtp_subject(situation: Situation) -> Option<Subject> {
    let steps = match situation {
        Situation::Fine | Situation::NobodyThere => vec![],
        Situation::Refuses => vec![(At::Rcpt, Do::Say("550 5.1.1 <binh@example.vn>: no such user"))],
        Situation::Throttles => vec![(At::Mail, Do::SayAndClose("421 4.7.0 slow down"))],
        Situation::InTrouble => vec![(At::Dot, Do::Say("451 4.3.0 disk full"))],
        Situation::Silent => vec![(At::Dot, Do::Hang)],
        Situation::Gone => vec![(At::Dot, Do::Close)],
    };
    let server = SmtpServer::start(Script { steps: vec![steps], ..Script::default() }).await;
    let mut config = smtp::config(&server);
    if situation == Situation::Silent {
        config.timeouts.reply_ms = SHORT_MS;
    }
    if situation == Situation::NobodyThere {
        config.port = free_port().await;
    }
    Some(Subject {
        channel: build(&ChannelConfig::Smtp(config), &Surroundings::bare(&Egress::open())).unwrap(),
        message: Box::new(email),
        arrived: Box::new(move || server.seen.lock().unwrap().messages.len()),
        _folder: None,
    })
}

async fn webhook_subject(situation: Situation) -> Option<Subject> {
    let answer = match situation {
        Situation::Fine | Situation::NobodyThere => answer("200 OK"),
        Situation::Refuses => Answer::Full("400 Bad Request", vec![], format!("don't know {RECIPIENT}")),
        Situation::Throttles => {
            Answer::Full("429 Too Many Requests", vec!["Retry-After: 7".into()], String::new())
        }
        Situation::InTrouble => answer("500 Internal Server Error"),
        Situation::Silent => Answer::Hang,
        Situation::Gone => Answer::Close,
    };
    let server = HttpServer::start(answer).await;
    let timeout_ms = if situation == Situation::Silent { SHORT_MS } else { 20_000 };
    let config = WebhookConfig { timeout_ms, ..crate::webhook::config() };
    let url = match situation {
        Situation::NobodyThere => format!("http://127.0.0.1:{}/", free_port().await),
        _ => server.url(),
    };
    Some(Subject {
        channel: build(&ChannelConfig::Webhook(config), &Surroundings::bare(&Egress::open())).unwrap(),
        message: Box::new(move |key| webhook(key, &url)),
        arrived: Box::new(move || {
            let requests = server.requests.lock().unwrap();
            let keys = requests.iter().filter_map(|request| request.header("idempotency-key"));
            keys.collect::<BTreeSet<_>>().len()
        }),
        _folder: None,
    })
}

fn push_answer(situation: Situation, fine: &'static str) -> Answer {
    match situation {
        Situation::Fine | Situation::NobodyThere => answer(fine),
        Situation::Refuses => Answer::Full("404 Not Found", vec![], String::new()),
        Situation::Throttles => {
            Answer::Full("429 Too Many Requests", vec!["Retry-After: 7".into()], String::new())
        }
        Situation::InTrouble => answer("500 Internal Server Error"),
        Situation::Silent => Answer::Hang,
        Situation::Gone => Answer::Close,
    }
}

fn push_patience(situation: Situation) -> u64 {
    if situation == Situation::Silent { SHORT_MS } else { 20_000 }
}

async fn push_subject(situation: Situation) -> Option<Subject> {
    let browser = Browser::new();
    let config = push::web_config();
    let config = push_channel::PushConfig { timeout_ms: push_patience(situation), ..config };
    let server =
        push_service(push::public_key(&config), &browser, push_answer(situation, "201 Created")).await;
    let endpoint = match situation {
        Situation::NobodyThere => format!("http://127.0.0.1:{}/send/x", free_port().await),
        _ => push::endpoint(&server),
    };
    let to = browser.subscription(&endpoint);
    Some(Subject {
        channel: push::channel(&config),
        message: Box::new(move |key| push::push(key, &to)),
        arrived: Box::new(move || {
            let _alive = &server;
            browser.shown.lock().unwrap().len()
        }),
        _folder: None,
    })
}

async fn fcm_subject(situation: Situation) -> Option<Subject> {
    let fine = match situation {
        Situation::Refuses => fcm_error("404 Not Found", 404, "NOT_FOUND", "UNREGISTERED"),
        _ => push_answer(situation, "200 OK"),
    };
    let (server, firebase) = firebase(fine).await;
    let mut config = push::fcm_config(&server);
    config.timeout_ms = push_patience(situation);
    if situation == Situation::NobodyThere {
        let url = format!("http://127.0.0.1:{}", free_port().await);
        let fcm = config.fcm.as_mut().unwrap();
        (fcm.base_url, fcm.auth_url) = (url.clone(), url);
    }
    Some(Subject {
        channel: push::channel(&config),
        message: Box::new(|key| push::push(key, "fcm:app-token")),
        arrived: Box::new(move || {
            let _alive = &server;
            firebase.messages.lock().unwrap().len()
        }),
        _folder: None,
    })
}

async fn zalo_subject(situation: Situation) -> Option<Subject> {
    let server = ZaloServer::start().await;
    let mut config = zalo::config(&server);
    config.timeout_ms = push_patience(situation);
    if situation == Situation::NobodyThere {
        config.business_base_url = format!("http://127.0.0.1:{}", free_port().await);
    }
    let (channel, _vault) = zalo::authorised(&server, &config).await;
    let answer = match situation {
        Situation::Fine | Situation::NobodyThere => None,
        Situation::Refuses => Some(zalo_error(-118)),
        other => Some(push_answer(other, "200 OK")),
    };
    {
        let mut state = server.state.lock().unwrap();
        state.answer_messages = answer.into_iter().collect();
        state.answers_stay = true;
    }
    Some(Subject {
        channel: Arc::new(channel),
        message: Box::new(zalo::message),
        arrived: Box::new(move || server.state.lock().unwrap().messages.len()),
        _folder: None,
    })
}

async fn file_subject(situation: Situation) -> Option<Subject> {
    let folder = Folder::new(&format!("contract-{situation:?}"));
    match situation {
        Situation::Fine => {}
        // A file where the folder should be.
        Situation::InTrouble => {
            std::fs::create_dir_all(&folder.0).unwrap();
            std::fs::write(folder.0.join("out"), "").unwrap();
        }
        _ => return None,
    }
    let egress = Egress { files_root: Some(folder.0.clone()), ..Egress::default() };
    let config = ChannelConfig::File(file::FileConfig { folder: "out".into() });
    let path = Folder(folder.0.clone());
    Some(Subject {
        channel: build(&config, &Surroundings::bare(&egress)).unwrap(),
        message: Box::new(email),
        arrived: Box::new(move || path.names().len()),
        _folder: Some(folder),
    })
}

async fn memory_subject(situation: Situation) -> Option<Subject> {
    let outbox = Outbox::default();
    (situation == Situation::Fine).then(|| Subject {
        channel: Arc::new(MemoryChannel::new(&MemoryConfig::default(), outbox.clone())),
        message: Box::new(email),
        arrived: Box::new(move || {
            let outbox = outbox.lock().unwrap();
            outbox.iter().map(|delivery| delivery.key.as_str()).collect::<BTreeSet<_>>().len()
        }),
        _folder: None,
    })
}

/// Amazon SES, SendGrid or Mailgun.
async fn mail_api_subject(kind: &'static str, situation: Situation) -> Option<Subject> {
    let said = |message: &str| serde_json::json!({ "message": message }).to_string();
    let answer = match situation {
        Situation::Fine | Situation::NobodyThere => None,
        Situation::Refuses => {
            let headers = vec!["x-amzn-errortype: BadRequestException:".into()];
            Some(Answer::Full("400 Bad Request", headers, said(&format!("'to' is not valid: {RECIPIENT}"))))
        }
        Situation::Throttles => {
            let reset = vec!["Retry-After: 7".into(), "X-RateLimit-Reset: 1700000007".into()];
            Some(Answer::Full("429 Too Many Requests", reset, said("slow down")))
        }
        Situation::InTrouble => Some(answer("503 Service Unavailable")),
        Situation::Silent => Some(Answer::Hang),
        Situation::Gone => Some(Answer::Close),
    };
    let (address, arrived, mut config): (_, Box<dyn Fn() -> usize>, _) = match kind {
        ses::KIND => {
            let server = crate::ses_server::SesServer::start(answer).await;
            let taken = server.taken.clone();
            (server.http.address, Box::new(move || taken.lock().unwrap().len()), crate::mail_apis::ses(""))
        }
        sendgrid::KIND => {
            let server = crate::sendgrid_server::SendgridServer::start(answer).await;
            let taken = server.taken.clone();
            (
                server.http.address,
                Box::new(move || taken.lock().unwrap().len()),
                crate::mail_apis::sendgrid(""),
            )
        }
        _ => {
            let server = crate::mailgun_server::MailgunServer::start(answer).await;
            let taken = server.taken.clone();
            (
                server.http.address,
                Box::new(move || taken.lock().unwrap().len()),
                crate::mail_apis::mailgun(""),
            )
        }
    };
    let port = if situation == Situation::NobodyThere { free_port().await } else { address.port() };
    config["base_url"] = format!("http://127.0.0.1:{port}").into();
    if situation == Situation::Silent {
        config["timeout_ms"] = SHORT_MS.into();
    }
    let config: ChannelConfig = serde_json::from_value(config).unwrap();
    Some(Subject {
        channel: build(&config, &Surroundings::bare(&Egress::open())).unwrap(),
        message: Box::new(email),
        arrived,
        _folder: None,
    })
}

/// eSMS, SpeedSMS, Stringee or Twilio.
async fn sms_subject(kind: &'static str, situation: Situation) -> Option<Subject> {
    let spoken = |kind: &str| match kind {
        esms::KIND => r#"{"CodeResult":"108","ErrorMessage":"Phone 84901234567 is not valid"}"#.to_owned(),
        speedsms::KIND => {
            r#"{"status":"error","code":"105","message":"Phone number invalid: 0901234567"}"#.to_owned()
        }
        stringee::KIND => {
            r#"{"smsSent":"0","result":[{"r":7,"msg":"84901234567 is not allowed"}]}"#.to_owned()
        }
        _ => format!(r#"{{"code":21211,"message":"Invalid 'To' Phone Number: {PHONE}","status":400}}"#),
    };
    let answer = match situation {
        Situation::Fine | Situation::NobodyThere => None,
        Situation::Refuses => {
            let status = if kind == twilio::KIND { "400 Bad Request" } else { "200 OK" };
            Some(Answer::Full(status, vec![], spoken(kind)))
        }
        Situation::Throttles => {
            let header = if kind == speedsms::KIND { "X-Rate-Limit-Reset: 7" } else { "Retry-After: 7" };
            Some(Answer::Full("429 Too Many Requests", vec![header.into()], String::new()))
        }
        Situation::InTrouble => Some(answer("503 Service Unavailable")),
        Situation::Silent => Some(Answer::Hang),
        Situation::Gone => Some(Answer::Close),
    };
    let (address, arrived, mut config): (_, Box<dyn Fn() -> usize>, _) = match kind {
        esms::KIND => {
            let server = crate::esms_server::EsmsServer::start().await;
            server.esms.lock().unwrap().script.extend(answer);
            let esms = server.esms.clone();
            (server.http.address, Box::new(move || esms.lock().unwrap().care.len()), crate::sms::esms(""))
        }
        speedsms::KIND => {
            let server = crate::speedsms_server::SpeedsmsServer::start(answer).await;
            let taken = server.taken.clone();
            (server.http.address, Box::new(move || taken.lock().unwrap().len()), crate::sms::speedsms(""))
        }
        stringee::KIND => {
            let server = crate::stringee_server::StringeeServer::start(answer).await;
            let taken = server.taken.clone();
            (server.http.address, Box::new(move || taken.lock().unwrap().len()), crate::sms::stringee(""))
        }
        _ => {
            let server = crate::twilio_server::TwilioServer::start(answer).await;
            let taken = server.taken.clone();
            (server.http.address, Box::new(move || taken.lock().unwrap().len()), crate::sms::twilio(""))
        }
    };
    let port = if situation == Situation::NobodyThere { free_port().await } else { address.port() };
    config["base_url"] = format!("http://127.0.0.1:{port}").into();
    if situation == Situation::Silent {
        config["timeout_ms"] = SHORT_MS.into();
    }
    let config: ChannelConfig = serde_json::from_value(config).unwrap();
    Some(Subject {
        channel: build(&config, &Surroundings::bare(&Egress::open())).unwrap(),
        message: Box::new(|key| crate::sms::text(key, PHONE, "Đơn hàng của bạn đã giao", MessageClass::Care)),
        arrived,
        _folder: None,
    })
}

async fn subject(kind: &'static str, situation: Situation) -> Option<Subject> {
    match kind {
        ses::KIND | sendgrid::KIND | mailgun::KIND => mail_api_subject(kind, situation).await,
        esms::KIND | speedsms::KIND | stringee::KIND | twilio::KIND => sms_subject(kind, situation).await,
        smtp_channel::KIND => smtp_subject(situation).await,
        "zalo" => zalo_subject(situation).await,
        webhook_channel::KIND => webhook_subject(situation).await,
        push_channel::KIND => push_subject(situation).await,
        "push/fcm" => fcm_subject(situation).await,
        file::KIND => file_subject(situation).await,
        memory::KIND => memory_subject(situation).await,
        blackhole::KIND => (situation == Situation::Fine).then(|| Subject {
            channel: build(
                &ChannelConfig::Blackhole(BlackholeConfig::default()),
                &Surroundings::bare(&Egress::default()),
            )
            .unwrap(),
            message: Box::new(email),
            arrived: Box::new(|| 0),
            _folder: None,
        }),
        _ => panic!("{kind}"),
    }
}

async fn free_port() -> u16 {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// The kinds of channels; behind a slash, which way of one that has several.
const KINDS: [&str; 15] = [
    "zalo",
    esms::KIND,
    speedsms::KIND,
    stringee::KIND,
    twilio::KIND,
    smtp_channel::KIND,
    webhook_channel::KIND,
    push_channel::KIND,
    "push/fcm",
    file::KIND,
    memory::KIND,
    blackhole::KIND,
    ses::KIND,
    sendgrid::KIND,
    mailgun::KIND,
];

#[tokio::test]
async fn every_channel_keeps_the_contract() {
    use Situation::*;
    // Where a channel has no such situation, the row does not concern it.
    let table: [(Situation, &[(&str, &str)]); 7] = [
        (
            Fine,
            &[
                ("zalo", "accepted"),
                ("esms", "accepted"),
                ("speedsms", "accepted"),
                ("stringee", "accepted"),
                ("twilio", "accepted"),
                ("ses", "accepted"),
                ("sendgrid", "accepted"),
                ("mailgun", "accepted"),
                ("smtp", "accepted"),
                ("webhook", "accepted"),
                ("push", "accepted"),
                ("push/fcm", "accepted"),
                ("file", "accepted"),
                ("memory", "accepted"),
                ("blackhole", "accepted"),
            ],
        ),
        (
            Refuses,
            &[
                ("zalo", "rejected Recipient"),
                ("esms", "rejected Invalid"),
                ("speedsms", "rejected Invalid"),
                ("stringee", "rejected Refused"),
                ("twilio", "rejected HardBounce"),
                ("ses", "rejected Invalid"),
                ("sendgrid", "rejected Invalid"),
                ("mailgun", "rejected Invalid"),
                ("smtp", "rejected HardBounce"),
                ("webhook", "rejected Refused"),
                ("push", "rejected HardBounce"),
                ("push/fcm", "rejected HardBounce"),
            ],
        ),
        (
            Throttles,
            &[
                ("zalo", "retry Throttled 7000"),
                ("esms", "retry Throttled 7000"),
                ("speedsms", "retry Throttled 7000"),
                ("stringee", "retry Throttled 7000"),
                ("twilio", "retry Throttled 7000"),
                ("ses", "retry Throttled 7000"),
                ("sendgrid", "retry Throttled 7000"),
                ("mailgun", "retry Throttled 7000"),
                ("smtp", "retry Throttled"),
                ("webhook", "retry Throttled 7000"),
                ("push", "retry Throttled 7000"),
                ("push/fcm", "retry Throttled 7000"),
            ],
        ),
        (
            InTrouble,
            &[
                ("zalo", "retry Temporary"),
                ("esms", "retry Temporary"),
                ("speedsms", "retry Temporary"),
                ("stringee", "retry Temporary"),
                ("twilio", "retry Temporary"),
                ("ses", "retry Temporary"),
                ("sendgrid", "retry Temporary"),
                ("mailgun", "retry Temporary"),
                ("smtp", "retry Temporary"),
                ("webhook", "retry Temporary"),
                ("push", "retry Temporary"),
                ("push/fcm", "retry Temporary"),
                ("file", "misconfigured"),
            ],
        ),
        // A receiver of webhooks knows the key of a message that it may have got; a mail server does not.
        (
            Silent,
            &[
                ("zalo", "unknown"),
                ("esms", "retry Timeout"),
                ("speedsms", "unknown"),
                ("stringee", "unknown"),
                ("twilio", "unknown"),
                ("ses", "unknown"),
                ("sendgrid", "unknown"),
                ("mailgun", "unknown"),
                ("smtp", "unknown"),
                ("webhook", "retry Timeout"),
                ("push", "unknown"),
                ("push/fcm", "unknown"),
            ],
        ),
        (
            Gone,
            &[
                ("zalo", "unknown"),
                ("esms", "retry Network"),
                ("speedsms", "unknown"),
                ("stringee", "unknown"),
                ("twilio", "unknown"),
                ("ses", "unknown"),
                ("sendgrid", "unknown"),
                ("mailgun", "unknown"),
                ("smtp", "retry Network"),
                ("webhook", "retry Network"),
                ("push", "unknown"),
                ("push/fcm", "unknown"),
            ],
        ),
        (
            NobodyThere,
            &[
                ("zalo", "retry Network"),
                ("esms", "retry Network"),
                ("speedsms", "retry Network"),
                ("stringee", "retry Network"),
                ("twilio", "retry Network"),
                ("ses", "retry Network"),
                ("sendgrid", "retry Network"),
                ("mailgun", "retry Network"),
                ("smtp", "retry Network"),
                ("webhook", "retry Network"),
                ("push", "retry Network"),
                ("push/fcm", "retry Network"),
            ],
        ),
    ];
    for (situation, expected) in table {
        for kind in KINDS {
            let subject = subject(kind, situation).await;
            let expect = expected.iter().find(|(of, _)| *of == kind).map(|(_, expect)| *expect);
            assert_eq!(subject.is_some(), expect.is_some(), "{kind} {situation:?}");
            let (Some(subject), Some(expect)) = (subject, expect) else { continue };
            let message = (subject.message)("m1");
            let outcome = subject.channel.deliver(&message).await;
            let case = format!("{kind} {situation:?}: {outcome:?}");
            assert_eq!(named(&outcome), expect, "{case}");
            assert_eq!(Some(subject.channel.kind()), kind.split('/').next());
            assert!(subject.channel.concurrency() > 0, "{case}");
            let detail = outcome.detail();
            assert!(!detail.is_empty() && detail.chars().count() <= 301 && !detail.contains('\n'), "{case}");
            assert!(!detail.contains(RECIPIENT) && !case.contains(RECIPIENT), "{case}");
            assert!(!format!("{message:?}").contains(RECIPIENT));
            assert!(!case.contains("901234567") && !format!("{message:?}").contains("901234567"), "{case}");
        }
    }
}

#[tokio::test]
async fn a_repeated_key_is_one_message_where_the_other_side_can_tell() {
    for (kind, expect) in [("webhook", 1), ("file", 1), ("memory", 1), ("blackhole", 0)] {
        let subject = subject(kind, Situation::Fine).await.unwrap();
        let message = (subject.message)("m1");
        let first = subject.channel.deliver(&message).await;
        let second = subject.channel.deliver(&Delivery { attempt: 2, ..message }).await;
        assert_eq!(first, second, "{kind}");
        assert_eq!((subject.arrived)(), expect, "{kind}");
        assert_eq!(named(&subject.channel.deliver(&(subject.message)("m2")).await), "accepted");
        assert_eq!((subject.arrived)(), expect * 2, "{kind}");
    }
}

#[tokio::test]
async fn a_message_of_the_wrong_kind_is_rejected() {
    let text = delivery(
        "m1",
        "+84900000000",
        Content::Text(TextContent { body: "chào".into(), class: MessageClass::Care }),
    );
    for (kind, wrong) in [
        ("ses", text.clone()),
        ("sendgrid", text.clone()),
        ("mailgun", webhook("m1", "http://127.0.0.1/")),
        ("esms", email("m1")),
        ("speedsms", email("m1")),
        ("stringee", webhook("m1", "http://127.0.0.1/")),
        ("twilio", email("m1")),
        ("smtp", text.clone()),
        ("smtp", webhook("m1", "http://127.0.0.1/")),
        ("webhook", text.clone()),
        ("webhook", email("m1")),
        ("zalo", email("m1")),
        ("push", text.clone()),
        ("push/fcm", email("m1")),
    ] {
        let subject = subject(kind, Situation::Fine).await.unwrap();
        let outcome = subject.channel.deliver(&wrong).await;
        assert_eq!(named(&outcome), "rejected Invalid", "{kind} {outcome:?}");
        assert_eq!((subject.arrived)(), 0, "{kind}");
    }
    for kind in ["file", "memory", "blackhole"] {
        let subject = subject(kind, Situation::Fine).await.unwrap();
        for message in [email("m1"), webhook("m2", "http://127.0.0.1/"), text.clone()] {
            assert_eq!(named(&subject.channel.deliver(&message).await), "accepted", "{kind}");
        }
    }
}

#[tokio::test]
async fn a_check_tells_without_sending() {
    for kind in KINDS {
        let subject = subject(kind, Situation::Fine).await.unwrap();
        let text = subject.channel.check().await.unwrap();
        assert!(!text.is_empty(), "{kind}");
        assert_eq!((subject.arrived)(), 0, "{kind}");
    }
    for (kind, situation) in [
        ("esms", Situation::NobodyThere),
        ("speedsms", Situation::NobodyThere),
        ("twilio", Situation::NobodyThere),
        ("smtp", Situation::NobodyThere),
        ("zalo", Situation::NobodyThere),
        ("push/fcm", Situation::NobodyThere),
        ("file", Situation::InTrouble),
    ] {
        let subject = subject(kind, situation).await.unwrap();
        let text = subject.channel.check().await.unwrap_err();
        assert!(!text.is_empty() && !text.contains(env!("CARGO_TARGET_TMPDIR")), "{kind}: {text}");
    }
}

#[tokio::test]
async fn a_file_has_the_message_and_nothing_is_left_lying() {
    let folder = Folder::new("file");
    let egress = Egress { files_root: Some(folder.0.clone()), ..Egress::default() };
    let config = ChannelConfig::File(file::FileConfig { folder: "out".into() });
    let channel = build(&config, &Surroundings::bare(&egress)).unwrap();
    let odd = "../../etc/passwd\0 chào";
    for message in [email("m1"), email("M1"), email(odd).clone(), webhook("m1", "https://may.example/hook")] {
        let message = match message.content {
            // A key may be odd where a message id may not.
            Content::Email(content) => {
                let content = plugs::EmailContent { message_id: "id@may.example".into(), ..content };
                Delivery { content: Content::Email(content), ..message }
            }
            _ => message,
        };
        let outcome = channel.deliver(&message).await;
        let Outcome::Accepted { provider_id: Some(name), .. } = outcome else { panic!("{outcome:?}") };
        let written = std::fs::read_to_string(folder.0.join("out").join(&name)).unwrap();
        match &message.content {
            Content::Email(_) => {
                assert!(name.ends_with(".eml") && written.contains("Message-ID: <id@may.example>"))
            }
            _ => {
                let value: serde_json::Value = serde_json::from_str(&written).unwrap();
                assert_eq!((&value["key"], &value["body"]["name"]), (&"m1".into(), &"Bình".into()));
            }
        }
    }
    let names = folder.names();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
    // Without a folder from whoever runs the server there is no such channel.
    assert!(
        build(&config, &Surroundings::bare(&Egress::default())).err().unwrap().contains("whoever runs it")
    );
}

#[test]
fn memory_keeps_the_newest() {
    let outbox = Outbox::default();
    let channel = MemoryChannel::new(&MemoryConfig { kept_max: 10 }, outbox.clone());
    for number in 0..100 {
        drop(channel.deliver(&email(&format!("m{number}"))));
    }
    let outbox = outbox.lock().unwrap();
    assert!((10..=20).contains(&outbox.len()), "{}", outbox.len());
    assert_eq!(outbox.last().unwrap().key, "m99");
}

/// The deadlines as documented, for nobody else compares them.
#[test]
fn deadlines_are_bounded_by_default() {
    let SmtpTimeouts { connect_ms, command_ms, body_ms, reply_ms, total_ms } = SmtpTimeouts::default();
    assert_eq!(
        (connect_ms, command_ms, body_ms, reply_ms, total_ms),
        (10_000, 30_000, 180_000, 300_000, 600_000)
    );
    let config = SmtpConfig::new("relay.example", 587, plugs::channels::smtp::Security::Starttls);
    assert_eq!((config.pool_max, config.idle_ms, config.messages_per_connection_max), (8, 30_000, 100));
    assert_eq!(config.validate(), Vec::<Problem>::new());
}
