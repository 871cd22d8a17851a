//! The Official Account before a Zalo that hands out each refresh token once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use kit::Timestamp;
use plugs::channels::zalo::{Renewed, Standing, Template, ZaloChannel, ZaloConfig, challenge};
use plugs::{
    BoxFuture, Channel, ChannelConfig, Content, Delivery, Egress, Held, MessageClass, Outcome, Provider,
    RichContent, Secret, Surroundings, TemplateContent, TextContent, Vault,
};
use serde_json::{Value, json};

use crate::http_server::Answer;
use crate::zalo_server::{APP_ID, APP_SECRET, OA_ID, ZaloServer, error, grant_code, said};
use crate::{delivery, named};

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const PHONE: &str = "+84901234567";

/// The place for tokens of one installation, which any number of nodes share.
#[derive(Clone)]
pub struct TestVault {
    held: Arc<Mutex<(i64, Option<String>)>>,
    config: ZaloConfig,
    /// What the clock of whoever renews says.
    now: Arc<AtomicI64>,
}

impl TestVault {
    fn new(config: &ZaloConfig) -> TestVault {
        TestVault { held: Arc::default(), config: config.clone(), now: Arc::new(AtomicI64::new(NOW.ms())) }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now.load(Ordering::SeqCst))
    }

    /// Another channel with the same tokens.
    pub fn channel(&self, config: &ZaloConfig) -> ZaloChannel {
        channel(config, self)
    }

    fn document(&self) -> Value {
        serde_json::from_str(self.held.lock().unwrap().1.as_deref().unwrap()).unwrap()
    }
}

impl Vault for TestVault {
    fn read(&self) -> BoxFuture<'_, Result<Held, String>> {
        let (version, value) = self.held.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(Held { version, value: value.map(Secret::new) })))
    }

    fn swap(&self, version: i64, value: Secret) -> BoxFuture<'_, Result<bool, String>> {
        let mut held = self.held.lock().unwrap();
        let fits = held.0 == version;
        if fits {
            *held = (version + 1, Some(value.expose().to_owned()));
        }
        Box::pin(std::future::ready(Ok(fits)))
    }

    fn renew(&self, serial: i64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            channel(&self.config, self).renew(Some(serial), "a test", self.now()).await.map(drop)
        })
    }
}

pub fn config(server: &ZaloServer) -> ZaloConfig {
    let url = server.url();
    ZaloConfig {
        app_id: APP_ID.into(),
        app_secret: Some(Secret::new(APP_SECRET)),
        oa_id: OA_ID.into(),
        oa_secret_key: Some(Secret::new("oasecret")),
        oauth_base_url: url.clone(),
        business_base_url: url.clone(),
        openapi_base_url: url,
        ..ZaloConfig::default()
    }
}

fn channel(config: &ZaloConfig, vault: &TestVault) -> ZaloChannel {
    let surroundings =
        Surroundings { vault: Some(Arc::new(vault.clone())), ..Surroundings::bare(&Egress::open()) };
    ZaloChannel::new(config, &surroundings).unwrap()
}

/// A channel that was authorised, with where its tokens are.
pub async fn authorised(server: &ZaloServer, config: &ZaloConfig) -> (ZaloChannel, TestVault) {
    let vault = TestVault::new(config);
    let channel = channel(config, &vault);
    let code = grant_code(&mut server.state.lock().unwrap(), &challenge(VERIFIER));
    channel.authorise(&code, OA_ID, VERIFIER, NOW).await.unwrap();
    (channel, vault)
}

pub fn message(key: &str) -> Delivery {
    with(key, PHONE, &[("customer_name", "Bình"), ("order_code", "DH01")])
}

fn with(key: &str, to: &str, parameters: &[(&str, &str)]) -> Delivery {
    let parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    delivery(key, to, Content::Template(TemplateContent { template_id: "320131".into(), parameters }))
}

fn no_faults(server: &ZaloServer) {
    let state = server.state.lock().unwrap();
    assert!(state.faults.is_empty(), "{:?}", state.faults);
    assert_eq!(state.used_twice, 0);
}

#[tokio::test]
async fn a_template_goes_to_a_phone_or_a_user() {
    let server = ZaloServer::start().await;
    let config =
        ZaloConfig { over_quota_templates: vec!["320131".into()], development: true, ..config(&server) };
    let (channel, _) = authorised(&server, &config).await;
    let Outcome::Accepted { provider_id, .. } = channel.deliver(&message("01KEY")).await else { panic!() };
    assert_eq!(provider_id.as_deref(), Some("zalo-1"));
    // Decomposed, as a Mac types it.
    let decomposed = with("01KEY2", "5550001", &[("customer_name", " Bi\u{300}nh "), ("order_code", "DH01")]);
    assert_eq!(named(&channel.deliver(&decomposed).await), "accepted");
    let sent = server.state.lock().unwrap().messages.clone();
    assert_eq!(
        sent[0].1,
        json!({
            "phone": "84901234567", "template_id": "320131", "tracking_id": "01KEY", "mode": "development",
            "template_data": {"customer_name": "Bình", "order_code": "DH01"}, "sending_mode": "3",
        })
    );
    assert_eq!(
        (&sent[1].1["user_id"], &sent[1].1["template_data"]["customer_name"]),
        (&"5550001".into(), &"Bình".into())
    );
    let plain = ZaloConfig { over_quota_templates: vec![], development: false, ..config };
    let (channel, _) = authorised(&server, &plain).await;
    assert_eq!(named(&channel.deliver(&message("01KEY3")).await), "accepted");
    let last = server.state.lock().unwrap().messages.last().unwrap().1.clone();
    assert!(last.get("mode").is_none() && last.get("sending_mode").is_none());
    assert!(channel.check().await.unwrap().contains("497 of 500"), "{:?}", channel.check().await);
    assert!(channel.rate().is_some());
    no_faults(&server);
}

#[tokio::test]
async fn what_is_too_long_is_cut_once_its_length_is_known() {
    let server = ZaloServer::start().await;
    let (channel, _) = authorised(&server, &config(&server)).await;
    for key in ["k1", "k2"] {
        let long = with(key, PHONE, &[("customer_name", "Nguyễn Thị Thanh Bình"), ("order_code", "DH01")]);
        assert_eq!(named(&channel.deliver(&long).await), "accepted");
    }
    let sent = server.state.lock().unwrap().messages.clone();
    assert!(sent.iter().all(|(_, body)| body["template_data"]["customer_name"] == "Nguyễn Th…"), "{sent:?}");
    let missing = with("k3", PHONE, &[("customer_name", "Bình")]);
    assert_eq!(named(&channel.deliver(&missing).await), "rejected Template");
    no_faults(&server);
}

#[tokio::test]
async fn the_accounts_own_messages_go_to_people_it_knows() {
    let server = ZaloServer::start().await;
    let (channel, _) = authorised(&server, &config(&server)).await;
    let text = |class| Content::Text(TextContent { body: "Chào bạn".into(), class });
    let rich = |class| {
        Content::Rich(RichContent {
            class,
            headline: "Ưu đãi".repeat(30),
            text: "Bánh mới".into(),
            image_url: "https://may.example/banh.jpg".into(),
            rows: vec![("Mã".into(), "GIAM10".into())],
            buttons: vec![("Xem ngay".into(), "https://may.example/".into())],
        })
    };
    for (content, path) in [
        (text(MessageClass::Care), "cs"),
        (text(MessageClass::Advertising), "promotion"),
        (rich(MessageClass::Care), "transaction"),
        (rich(MessageClass::Advertising), "promotion"),
    ] {
        let outcome = channel.deliver(&delivery("k", "5550001", content.clone())).await;
        assert_eq!(named(&outcome), "accepted", "{outcome:?}");
        let (to, body) = server.state.lock().unwrap().messages.last().cloned().unwrap();
        assert_eq!(to, format!("/v3.0/oa/message/{path}"), "{body}");
        // A phone number says nothing about who follows the account.
        assert_eq!(named(&channel.deliver(&delivery("k", PHONE, content)).await), "rejected Recipient");
    }
    for (code, expect) in [
        (-230, "rejected Recipient"),
        (-213, "rejected Recipient"),
        (-32, "retry Throttled"),
        // The attempt is at 05:13:20 in Vietnam.
        (-234, "retry Rescheduled 2800000"),
        (-321, "misconfigured"),
    ] {
        server.state.lock().unwrap().answer_messages = vec![error(code)];
        let outcome = channel.deliver(&delivery("k", "5550001", text(MessageClass::Care))).await;
        assert_eq!(named(&outcome), expect, "{code} {outcome:?}");
    }
    let nobody = channel.deliver(&delivery("k", "binh@example.vn", text(MessageClass::Care))).await;
    assert_eq!(named(&nobody), "rejected Invalid");
    no_faults(&server);
}

#[tokio::test]
async fn outcomes_follow_from_the_number() {
    let server = ZaloServer::start().await;
    let config = ZaloConfig { timeout_ms: 500, ..config(&server) };
    let (channel, _) = authorised(&server, &config).await;
    let http =
        |status: &'static str, header: &str| Answer::Full(status, vec![header.to_owned()], "<html>".into());
    for (answer, expect) in [
        (error(-118), "rejected Recipient"),
        (error(-114), "rejected Recipient"),
        (error(-141), "rejected Stopped"),
        (error(-109), "rejected Template"),
        (error(-108), "rejected HardBounce"),
        (error(-133), "retry Rescheduled 2800000"),
        (error(-147), "retry Rescheduled 89200000"),
        (error(-115), "misconfigured"),
        (error(-100), "retry Temporary"),
        (error(-12345), "rejected Refused"),
        (said(json!({ "error": "-118", "message": "in words" })), "rejected Recipient"),
        (http("429 Too Many Requests", "Retry-After: 7"), "retry Throttled 7000"),
        (http("500 Internal Server Error", "x: y"), "retry Temporary"),
        (http("504 Gateway Timeout", "x: y"), "unknown"),
        (http("200 OK", "x: y"), "unknown"),
        (Answer::Hang, "unknown"),
        (Answer::Close, "unknown"),
        (Answer::HalfHeaders, "unknown"),
    ] {
        server.state.lock().unwrap().answer_messages = vec![answer.clone()];
        let outcome = channel.deliver(&message("k")).await;
        assert_eq!(named(&outcome), expect, "{answer:?} {outcome:?}");
        assert!(!outcome.detail().contains("901234567"), "{outcome:?}");
    }
    assert_eq!(server.state.lock().unwrap().messages.len(), 0);
    no_faults(&server);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_and_the_call_made_again() {
    let server = ZaloServer::start().await;
    let (channel, vault) = authorised(&server, &config(&server)).await;
    server.state.lock().unwrap().expire();
    assert_eq!(named(&channel.deliver(&message("k1")).await), "accepted");
    assert_eq!(vault.document()["serial"], 2);
    // -216 of the account's own messages says the same.
    server.state.lock().unwrap().expire();
    let text = Content::Text(TextContent { body: "Chào".into(), class: MessageClass::Care });
    assert_eq!(named(&channel.deliver(&delivery("k2", "5550001", text)).await), "accepted");
    assert_eq!(server.state.lock().unwrap().renewals, 2);
    // A token that is refused when it is new: the settings are wrong, and nobody goes round in circles.
    server.state.lock().unwrap().answer_messages = vec![error(-124), error(-220)];
    assert_eq!(named(&channel.deliver(&message("k3")).await), "misconfigured");
    assert_eq!(server.state.lock().unwrap().renewals, 3);
    // Reading does the same.
    server.state.lock().unwrap().expire();
    assert!(channel.check().await.is_ok());
    no_faults(&server);
}

#[tokio::test]
async fn without_an_authorisation_the_shop_is_told() {
    let server = ZaloServer::start().await;
    let config = config(&server);
    let vault = TestVault::new(&config);
    let channel = channel(&config, &vault);
    let outcome = channel.deliver(&message("k")).await;
    assert!(named(&outcome) == "misconfigured" && outcome.detail().contains("authorise"), "{outcome:?}");
    assert!(channel.check().await.unwrap_err().contains("authorise"));
    assert_eq!(channel.standing().await, Ok(Standing::Missing));
    let other = channel.authorise("code", "111", VERIFIER, NOW).await.unwrap_err();
    assert!(other.contains("another Official Account"), "{other}");
    let code = grant_code(&mut server.state.lock().unwrap(), &challenge(VERIFIER));
    let wrong = channel.authorise(&code, OA_ID, &"x".repeat(43), NOW).await.unwrap_err();
    assert!(wrong.contains("begin again"), "{wrong}");
    channel.authorise(&code, OA_ID, VERIFIER, NOW).await.unwrap();
    let again = channel.authorise(&code, OA_ID, VERIFIER, NOW).await.unwrap_err();
    assert!(again.contains("begin again"), "a code is taken once: {again}");
    let Ok(Standing::Good { oa_id, expires_at, .. }) = channel.standing().await else { panic!() };
    assert_eq!((oa_id.as_str(), expires_at), (OA_ID, NOW.plus_ms(90_000_000)), "told in a string");
    let url = channel
        .authorise_url("https://shop.example/hooks/zalo/authorised", "st", &challenge(VERIFIER))
        .unwrap();
    assert!(
        url.contains("/v4/oa/permission?app_id=4242&redirect_uri=https%3A%2F%2Fshop.example%2Fhooks"),
        "{url}"
    );
    assert!(url.ends_with("code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&state=st"), "{url}");
    no_faults(&server);
}

#[tokio::test]
async fn two_nodes_never_use_one_refresh_token() {
    for _ in 0..20 {
        let server = ZaloServer::start().await;
        let config = config(&server);
        let (first, vault) = authorised(&server, &config).await;
        let second = channel(&config, &vault);
        server.state.lock().unwrap().expire();
        let calls = (0..8).map(|n| {
            let node = if n % 2 == 0 { channel(&config, &vault) } else { channel(&config, &vault.clone()) };
            tokio::spawn(async move { node.deliver(&message(&format!("k{n}"))).await })
        });
        let calls: Vec<_> = calls.collect();
        let (one, other) =
            tokio::join!(first.renew(Some(1), "one", NOW), second.renew(Some(1), "other", NOW),);
        for call in calls {
            let outcome = call.await.unwrap();
            // Whoever came while it was renewed comes again.
            assert!(
                ["accepted", "retry Rescheduled 3000"].contains(&named(&outcome).as_str()),
                "{outcome:?}"
            );
        }
        for renewed in [one.unwrap(), other.unwrap()] {
            assert!(
                matches!(renewed, Renewed::Done | Renewed::Needless | Renewed::Elsewhere { .. }),
                "{renewed:?}"
            );
        }
        assert_eq!(server.state.lock().unwrap().renewals, 1);
        assert_eq!(vault.document()["serial"], 2);
        assert_eq!(named(&first.deliver(&message("last")).await), "accepted");
        no_faults(&server);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_one_more_try() {
    let server = ZaloServer::start().await;
    let config = config(&server);
    let (channel, vault) = authorised(&server, &config).await;
    // Zalo takes the token and its answer never arrives.
    server.state.lock().unwrap().answer_renewals = Some(Answer::Close);
    let due = NOW.plus_ms(30_000_000);
    assert_eq!(channel.due(due.plus_ms(-1)).await, Ok(None));
    assert_eq!(channel.due(due).await, Ok(Some(1)));
    assert!(matches!(channel.renew(None, "a test", due).await, Ok(Renewed::Fault(_))));
    // While it may still be under way nobody else tries.
    assert_eq!(channel.due(due).await, Ok(None));
    assert!(matches!(channel.renew(Some(1), "a test", due).await, Ok(Renewed::Elsewhere { .. })));
    assert_eq!(named(&channel.deliver(&message("k")).await), "retry Rescheduled 3000");
    let later = due.plus_ms(90_000);
    assert_eq!(channel.due(later).await, Ok(Some(1)));
    let Ok(Renewed::Lapsed(why)) = channel.renew(None, "a test", later).await else { panic!() };
    assert!(why.contains("interrupted"), "{why}");
    assert_eq!(server.state.lock().unwrap().used_twice, 1, "the one try that there is");
    let Ok(Standing::Lapsed { oa_id, why }) = channel.standing().await else { panic!() };
    assert!(oa_id == OA_ID && why.contains("interrupted"));
    let told = channel.check().await.unwrap_err();
    assert!(told.contains("authorise the Official Account again"), "{told}");
    assert_eq!(named(&channel.deliver(&message("k")).await), "misconfigured");
    assert_eq!(channel.due(later.plus_ms(90_000_000)).await, Ok(None), "never again with that token");
    // The shop authorises again.
    let code = grant_code(&mut server.state.lock().unwrap(), &challenge(VERIFIER));
    channel.authorise(&code, OA_ID, VERIFIER, later).await.unwrap();
    assert_eq!(vault.document()["serial"], 2);
    assert_eq!(named(&channel.deliver(&message("k")).await), "accepted");
}

#[tokio::test]
async fn a_failure_that_took_nothing_leaves_the_token_as_it_was() {
    let server = ZaloServer::start().await;
    let config = config(&server);
    let (channel, vault) = authorised(&server, &config).await;
    let due = NOW.plus_ms(30_000_000);
    // Busy, then a secret key that somebody changed, then a gateway that gave up, of which nobody knows.
    let busy = said(json!({ "error": -1, "error_name": "busy" }));
    server.state.lock().unwrap().refuse_tokens = Some(busy);
    assert!(matches!(channel.renew(None, "a test", due).await, Ok(Renewed::Fault(_))));
    assert_eq!(channel.due(due).await, Ok(None), "not at once");
    let wrong = ZaloConfig { app_secret: Some(Secret::new("other")), ..config.clone() };
    server.state.lock().unwrap().refuse_tokens = None;
    let (due, node) = (due.plus_ms(60_000), self::channel(&wrong, &vault));
    assert!(matches!(node.renew(None, "a test", due).await, Ok(Renewed::Fault(_))));
    server.state.lock().unwrap().expire();
    let outcome = node.deliver(&message("k")).await;
    assert!(named(&outcome) == "misconfigured" && outcome.detail().contains("secret key"), "{outcome:?}");
    server.state.lock().unwrap().refuse_tokens = Some(Answer::Full("502 Bad Gateway", vec![], String::new()));
    let due = due.plus_ms(60_000);
    assert!(matches!(channel.renew(None, "a test", due).await, Ok(Renewed::Fault(_))));
    server.state.lock().unwrap().refuse_tokens = None;
    let due = due.plus_ms(90_000);
    assert_eq!(channel.renew(None, "a test", due).await, Ok(Renewed::Done), "Zalo had not seen it");
    assert_eq!(named(&channel.deliver(&message("k")).await), "accepted");
    no_faults(&server);
}

/// Who may edit a channel cannot have its tokens sent to a server of their own.
#[tokio::test]
async fn tokens_go_nowhere_but_to_whom_they_were_given_by() {
    let (server, elsewhere) = (ZaloServer::start().await, ZaloServer::start().await);
    let own = config(&server);
    let (_, vault) = authorised(&server, &own).await;
    for moved in [
        ZaloConfig { business_base_url: elsewhere.url(), ..own.clone() },
        ZaloConfig { openapi_base_url: elsewhere.url(), ..own.clone() },
        ZaloConfig { oauth_base_url: elsewhere.url(), ..own.clone() },
        ZaloConfig { app_id: "5".into(), ..own.clone() },
    ] {
        let channel = vault.channel(&moved);
        assert_eq!(channel.standing().await, Ok(Standing::Missing));
        assert_eq!(named(&channel.deliver(&message("k")).await), "misconfigured");
        assert!(channel.check().await.is_err());
        let late = NOW.plus_ms(80_000_000);
        assert_eq!(channel.due(late).await, Ok(None));
        assert_eq!(channel.renew(Some(1), "a test", late).await, Ok(Renewed::Needless));
    }
    assert_eq!(server.state.lock().unwrap().renewals, 0);
    assert_eq!(named(&vault.channel(&own).deliver(&message("k")).await), "accepted");
    no_faults(&server);
    no_faults(&elsewhere);
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn templates_are_listed_with_their_parameters() {
    let server = ZaloServer::start().await;
    let (channel, _) = authorised(&server, &config(&server)).await;
    let templates = channel.templates().await.unwrap();
    let short: Vec<(&str, &str, usize)> = templates
        .iter()
        .map(|Template { template_id, status, parameters, .. }| {
            (template_id.as_str(), status.as_str(), parameters.len())
        })
        .collect();
    assert_eq!(short, [("320131", "ENABLE", 2), ("320132", "PENDING_REVIEW", 0)]);
    let first = &templates[0];
    assert_eq!(
        (first.quality.as_str(), first.tag.as_str(), first.parameters[0].max_length),
        ("HIGH", "TRANSACTION", 10)
    );
    let quota = channel.quota().await.unwrap();
    assert_eq!((quota.daily, quota.remaining), (500, 500));
    no_faults(&server);
}

#[test]
fn a_secret_does_not_survive_a_change_of_account() {
    let stored = ZaloConfig {
        app_id: APP_ID.into(),
        app_secret: Some(Secret::new("geheim-1")),
        oa_secret_key: Some(Secret::new("geheim-2")),
        ..ZaloConfig::default()
    };
    assert_eq!(stored.validate(), []);
    let shown = serde_json::to_string(&stored.redacted()).unwrap();
    assert!(!shown.contains("geheim") && !format!("{stored:?}").contains("geheim"), "{shown}");
    let told: ZaloConfig = serde_json::from_str(&shown).unwrap();
    assert_eq!(told.clone().merged(&stored), stored);
    let moved =
        ZaloConfig { oauth_base_url: "https://elsewhere.example".into(), ..told.clone() }.merged(&stored);
    assert!(moved.app_secret.is_none() && moved.oa_secret_key == stored.oa_secret_key);
    assert!(moved.validate().iter().any(|problem| problem.field == "app_secret"));
    let other = ZaloConfig { app_id: "5".into(), ..told }.merged(&stored);
    assert!(other.app_secret.is_none() && other.oa_secret_key.is_none());
    let json = json!({ "provider": "zalo", "app_id": APP_ID, "app_secret": "x", "colour": "blue" });
    assert!(serde_json::from_value::<ChannelConfig>(json).is_err());
    let fields: Vec<String> =
        ZaloConfig { openapi_base_url: "zalo".into(), app_id: "x".into(), ..ZaloConfig::default() }
            .validate()
            .into_iter()
            .map(|problem| problem.field)
            .collect();
    assert_eq!(fields, ["app_id", "app_secret", "openapi_base_url"]);
}
