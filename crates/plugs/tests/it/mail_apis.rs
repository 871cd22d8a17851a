//! Amazon SES, SendGrid and Mailgun: what goes out, what is refused, and what they call back with.

use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::Timestamp;
use plugs::{
    About, Callback, CallbackRefusal, Channel, ChannelConfig, Egress, Receipt, Received, Surroundings, Told,
    build,
};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::http_server::{Answer, HttpServer};
use crate::mailgun_server::{self, MailgunServer};
use crate::sendgrid_server::{self, SendgridServer};
use crate::ses_server::{self, SesServer};
use crate::{RECIPIENT, email, named};

fn config(value: Value) -> ChannelConfig {
    serde_json::from_value(value).unwrap()
}

fn base(server: &HttpServer) -> String {
    format!("http://{}", server.address)
}

pub fn ses(base_url: &str) -> Value {
    json!({
        "provider": "ses", "region": ses_server::REGION, "access_key_id": ses_server::KEY_ID,
        "secret_access_key": ses_server::SECRET, "configuration_set": "may", "base_url": base_url,
    })
}

pub fn sendgrid(base_url: &str) -> Value {
    json!({ "provider": "sendgrid", "api_key": sendgrid_server::API_KEY, "base_url": base_url })
}

pub fn mailgun(base_url: &str) -> Value {
    json!({
        "provider": "mailgun", "api_key": mailgun_server::API_KEY, "domain": mailgun_server::DOMAIN,
        "base_url": base_url, "webhook_signing_key": "key-test",
    })
}

fn channel(value: Value) -> Arc<dyn Channel> {
    build(&config(value), &Surroundings::bare(&Egress::open())).unwrap()
}

#[tokio::test]
async fn ses_gets_the_whole_message_under_our_key() {
    let server = SesServer::start(None).await;
    let mut settings = ses(&base(&server.http));
    settings["session_token"] = "token/of=a+session".into();
    let outcome = channel(settings).deliver(&email("m1")).await;
    let plugs::Outcome::Accepted { provider_id, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(provider_id.as_deref(), Some("010001234567-aaaa"));
    let requests = server.http.requests.lock().unwrap();
    assert_eq!(requests[0].header("x-amz-security-token"), Some("token/of=a+session"));
    assert_eq!(requests[0].header("x-amz-date"), Some("20231114T221320Z"));
    let taken = server.taken.lock().unwrap();
    let (raw, told) = &taken[0];
    for line in [
        "List-Unsubscribe: <https://may.example/e/u/t0ken>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "Message-ID: <m1@may.example>\r\n",
    ] {
        assert!(raw.contains(line), "{raw}");
    }
    assert_eq!(told["EmailTags"], json!([{ "Name": "quaylai", "Value": "m1" }]));
    assert_eq!(told["ConfigurationSetName"], "may");
    assert_eq!(told["Destination"]["ToAddresses"], json!([RECIPIENT]));
    assert_eq!(told["FeedbackForwardingEmailAddress"], "bounce+t0ken@may.example");
}

#[tokio::test]
async fn sendgrid_gets_the_parts_with_the_headers_that_let_people_leave() {
    let server = SendgridServer::start(None).await;
    let outcome = channel(sendgrid(&base(&server.http))).deliver(&email("m1")).await;
    let plugs::Outcome::Accepted { provider_id, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(provider_id.as_deref(), Some("LRzXl_NHStOGhQ4kofSm_A"));
    let taken = server.taken.lock().unwrap();
    let headers = &taken[0]["headers"];
    assert_eq!(headers["List-Unsubscribe"], "<https://may.example/e/u/t0ken>");
    assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    assert_eq!(headers["Message-ID"], "<m1@may.example>");
    assert_eq!(taken[0]["personalizations"][0]["custom_args"], json!({ "quaylai_key": "m1" }));
    assert_eq!(taken[0]["from"], json!({ "email": "shop@may.example", "name": "Tiệm Bánh Mây" }));
    assert_eq!(taken[0]["tracking_settings"]["click_tracking"]["enable"], false);
}

#[tokio::test]
async fn mailgun_gets_the_whole_message_with_our_key() {
    let server = MailgunServer::start(None).await;
    let outcome = channel(mailgun(&base(&server.http))).deliver(&email("m1")).await;
    let plugs::Outcome::Accepted { provider_id, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(provider_id.as_deref(), Some("m1@may.example"));
    let taken = server.taken.lock().unwrap();
    let field = |name: &str| taken[0].iter().find(|(own, _)| own == name).unwrap().1.as_str();
    assert_eq!((field("to"), field("v:quaylai_key"), field("o:tracking")), (RECIPIENT, "m1", "no"));
    let message = field("message");
    assert!(message.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{message}");
}

#[tokio::test]
async fn errors_of_mail_apis_are_judged() {
    let check = async |kind: &str, status: &'static str, headers: Vec<String>, body: Value, expect: &str| {
        let answer = Answer::Full(status, headers, body.to_string());
        let (_server, settings) = match kind {
            "ses" => {
                let server = SesServer::start(Some(answer)).await.http;
                let settings = ses(&base(&server));
                (server, settings)
            }
            "sendgrid" => {
                let server = SendgridServer::start(Some(answer)).await.http;
                let settings = sendgrid(&base(&server));
                (server, settings)
            }
            _ => {
                let server = MailgunServer::start(Some(answer)).await.http;
                let settings = mailgun(&base(&server));
                (server, settings)
            }
        };
        let outcome = channel(settings).deliver(&email("m1")).await;
        assert_eq!(named(&outcome), expect, "{kind} {status} {body} {outcome:?}");
        assert!(!outcome.detail().contains(RECIPIENT), "{outcome:?}");
    };
    let aws = |error: &str| vec![format!("x-amzn-errortype: {error}:http://internal/")];
    let said = |message: &str| json!({ "message": message });
    let not_verified =
        "Email address is not verified. The following identities failed the check: shop@may.example";
    for (status, error, message, expect) in [
        ("400 Bad Request", "MessageRejected", "Email content contained a virus", "rejected Policy"),
        ("400 Bad Request", "MessageRejected", not_verified, "misconfigured"),
        ("400 Bad Request", "SendingPausedException", "paused", "misconfigured"),
        ("400 Bad Request", "AccountSuspendedException", "suspended", "misconfigured"),
        ("400 Bad Request", "MailFromDomainNotVerifiedException", "no MX", "misconfigured"),
        ("404 Not Found", "NotFoundException", "Configuration set <may> does not exist", "misconfigured"),
        (
            "400 Bad Request",
            "BadRequestException",
            &format!("Illegal address {RECIPIENT}"),
            "rejected Invalid",
        ),
        ("403 Forbidden", "SignatureDoesNotMatch", "no", "misconfigured"),
        ("403 Forbidden", "ExpiredTokenException", "no", "misconfigured"),
        (
            "429 Too Many Requests",
            "TooManyRequestsException",
            "Maximum sending rate exceeded.",
            "retry Throttled",
        ),
        (
            "400 Bad Request",
            "ThrottlingException",
            "Daily message quota exceeded.",
            "retry Rescheduled 3600000",
        ),
        ("503 Service Unavailable", "", "", "retry Temporary"),
    ] {
        check("ses", status, aws(error), said(message), expect).await;
    }
    let errors = |message: &str, field: &str| json!({ "errors": [{ "message": message, "field": field }] });
    for (status, body, expect) in [
        (
            "400 Bad Request",
            errors("Does not contain a valid address.", "personalizations.0.to.0.email"),
            "rejected Invalid",
        ),
        ("400 Bad Request", errors("not valid", "from.email"), "misconfigured"),
        ("401 Unauthorized", errors("Maximum credits exceeded", ""), "misconfigured"),
        (
            "403 Forbidden",
            errors("The from address does not match a verified Sender Identity", "from"),
            "misconfigured",
        ),
        ("413 Payload Too Large", json!({}), "rejected TooLarge"),
        ("500 Internal Server Error", json!({}), "retry Temporary"),
    ] {
        check("sendgrid", status, vec![], body, expect).await;
    }
    for (status, body, expect) in [
        (
            "400 Bad Request",
            said("'to' parameter is not a valid address. please check documentation"),
            "rejected Invalid",
        ),
        (
            "400 Bad Request",
            said("Domain mg.may.example is not allowed to send: The domain is unverified"),
            "misconfigured",
        ),
        ("404 Not Found", said("Domain not found: mg.may.example"), "misconfigured"),
        ("402 Payment Required", said("pay"), "misconfigured"),
        ("502 Bad Gateway", json!("<html>"), "retry Temporary"),
    ] {
        check("mailgun", status, vec![], body, expect).await;
    }
}

#[tokio::test]
async fn a_key_that_is_not_good_is_told_and_not_shown() {
    let servers =
        (SesServer::start(None).await, SendgridServer::start(None).await, MailgunServer::start(None).await);
    let mut wrong =
        [ses(&base(&servers.0.http)), sendgrid(&base(&servers.1.http)), mailgun(&base(&servers.2.http))];
    wrong[0]["secret_access_key"] = "another-secret".into();
    wrong[1]["api_key"] = "another-secret".into();
    wrong[2]["api_key"] = "another-secret".into();
    for settings in wrong {
        let shown = format!("{:?} {}", config(settings.clone()), json!(config(settings.clone()).redacted()));
        assert!(!shown.contains("another-secret"), "{shown}");
        let channel = channel(settings);
        let told = channel.check().await.unwrap_err();
        let outcome = channel.deliver(&email("m1")).await;
        assert_eq!(named(&outcome), "misconfigured", "{outcome:?}");
        assert!(!format!("{told}{outcome:?}").contains("another-secret"));
    }
    assert_eq!(servers.0.taken.lock().unwrap().len(), 0);
}

#[test]
fn keys_do_not_follow_to_another_account_or_server() {
    let check = |settings: Value, secret: &str, changes: &[(&str, &str)]| {
        let stored = config(settings.clone());
        let mut update = settings.clone();
        update.as_object_mut().unwrap().remove(secret);
        assert_eq!(config(update.clone()).merged(&stored), stored);
        for (field, value) in changes {
            let mut moved = update.clone();
            moved[*field] = json!(value);
            let merged = config(moved).merged(&stored);
            assert_eq!(merged.validate()[0].field, secret, "{field}");
        }
        let there_and_back: Value = json!(stored.redacted());
        assert_eq!(config(there_and_back).merged(&stored), stored);
    };
    let other = ("base_url", "https://other.example");
    check(ses("https://a.example"), "secret_access_key", &[other, ("access_key_id", "AKIAOTHER")]);
    check(sendgrid("https://a.example"), "api_key", &[other]);
    check(mailgun("https://a.example"), "api_key", &[other, ("domain", "b.example")]);
}

#[test]
fn settings_of_mail_apis_are_checked() {
    let check = |settings: Value, field: &str, value: Value| {
        let mut settings = settings;
        settings[field] = value;
        let problems = config(settings.clone()).validate();
        assert_eq!(problems.first().map(|problem| problem.field.as_str()), Some(field), "{settings}");
    };
    for good in [ses("https://a.example"), sendgrid("https://a.example/"), mailgun("http://127.0.0.1:8025")] {
        assert_eq!(config(good).validate(), []);
    }
    check(ses("https://a.example"), "region", "ap southeast".into());
    check(ses("https://a.example"), "topic_arn", "may".into());
    check(ses("https://a.example"), "base_url", "ftp://a".into());
    check(ses("https://a.example/path"), "per_second", 0.into());
    check(sendgrid("https://a.example"), "webhook_public_key", "MFkw".into());
    check(sendgrid("https://a.example?x=1"), "base_url", "https://a.example?x=1".into());
    check(mailgun("https://a.example"), "domain", "a/../b.c".into());
}

/// Receipts in one line each.
fn told(received: Result<Received, CallbackRefusal>) -> Vec<String> {
    let one = |receipt: &Receipt| {
        let about = match &receipt.about {
            About::Key(key) => format!("key {key}"),
            About::Provider(id) => format!("provider {id}"),
            About::Address(_) => "address".to_owned(),
            About::Template(_) => "template".to_owned(),
        };
        let what = match &receipt.what {
            Told::Opened { user_agent, ip } => format!("Opened {user_agent:?} {ip:?}"),
            Told::Clicked { url, user_agent, ip } => format!("Clicked {url:?} {user_agent:?} {ip:?}"),
            other => format!("{other:?}"),
        };
        format!("{about}: {what}")
    };
    received.unwrap().receipts.iter().map(one).collect()
}

fn refused<T: Debug>(received: Result<T, CallbackRefusal>) -> CallbackRefusal {
    received.unwrap_err()
}

fn callback<'a>(headers: &'a [(String, String)], body: &'a [u8], now_s: i64) -> Callback<'a> {
    Callback {
        method: "POST",
        url: "https://shop.example/hooks/t",
        query: "",
        headers,
        body,
        now: Timestamp::from_ms(now_s * 1_000),
    }
}

const CERTIFICATE: &str = include_str!("fixtures/sns_certificate.pem");
/// 2027-01-01
const SNS_NOW_S: i64 = 1_798_761_600;
const TOPIC: &str = "arn:aws:sns:ap-southeast-1:123456789012:may";

/// As SNS posts it, signed in the second version.
fn notification(message: &Value) -> Value {
    let pem = include_str!("fixtures/sns_key.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
    let (message, id, at) =
        (message.to_string(), "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "2027-01-01T00:00:00.000Z");
    let text = format!(
        "Message\n{message}\nMessageId\n{id}\nSubject\nAmazon SES\nTimestamp\n{at}\nTopicArn\n{TOPIC}\nType\nNotification\n"
    );
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    json!({
        "Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Subject": "Amazon SES", "Message": message,
        "Timestamp": at, "SignatureVersion": "2", "Signature": STANDARD.encode(signature),
        "SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-x.pem",
        "UnsubscribeURL": "https://sns.ap-southeast-1.amazonaws.com/?Action=Unsubscribe",
    })
}

#[test]
fn what_sns_posts_is_believed_by_its_certificate_alone() {
    let mut settings = ses("https://a.example");
    settings["topic_arn"] = TOPIC.into();
    let ses = config(settings);
    let event =
        json!({ "eventType": "Delivery", "mail": { "messageId": "id1", "tags": { "quaylai": ["m1"] } } });
    let good = notification(&event);
    let body = good.to_string();
    // First the certificate is asked for, and nothing else is said.
    let first = ses.receive(&callback(&[], body.as_bytes(), SNS_NOW_S)).unwrap();
    assert_eq!(
        first.needs_url.as_deref(),
        Some("https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-x.pem")
    );
    assert!(first.receipts.is_empty() && first.confirm_url.is_none());
    let then = |body: &str, now_s| ses.receive_with(&callback(&[], body.as_bytes(), now_s), CERTIFICATE);
    assert_eq!(told(then(&body, SNS_NOW_S)), ["key m1: Delivered"]);
    assert_eq!(refused(then(&body, SNS_NOW_S + 27 * 3_600)), CallbackRefusal::Stale);
    assert_eq!(refused(then(&body, SNS_NOW_S - 3_600)), CallbackRefusal::Stale);
    let with = |field: &str, value: &str| {
        let mut other = good.clone();
        other[field] = value.into();
        then(&other.to_string(), SNS_NOW_S)
    };
    for (field, value) in [
        ("Message", r#"{"eventType":"Complaint","mail":{"messageId":"id2"}}"#),
        ("TopicArn", "arn:aws:sns:ap-southeast-1:123456789012:other"),
        ("Signature", "AAAA"),
        ("SignatureVersion", "1"),
        ("SigningCertURL", "https://sns.ap-southeast-1.amazonaws.com.evil.example/x.pem"),
        ("SigningCertURL", "https://evil.example/sns.ap-southeast-1.amazonaws.com/x.pem"),
        ("SigningCertURL", "http://sns.ap-southeast-1.amazonaws.com/x.pem"),
        ("SigningCertURL", "https://sns.a.b.amazonaws.com/x.pem"),
        ("SigningCertURL", "https://user@sns.ap-southeast-1.amazonaws.com/x.pem"),
        ("SigningCertURL", "https://sns.ap-southeast-1.amazonaws.com/x"),
    ] {
        assert_eq!(refused(with(field, value)), CallbackRefusal::Unsigned, "{field} {value}");
    }
    assert!(matches!(refused(with("Type", "Other")), CallbackRefusal::Malformed(_)));
    assert!(matches!(
        refused(ses.receive_with(&callback(&[], body.as_bytes(), SNS_NOW_S), "no certificate")),
        CallbackRefusal::Malformed(_)
    ));
}

#[test]
fn a_subscription_is_confirmed_where_sns_itself_is() {
    let ses = config(ses("https://a.example"));
    let url = format!(
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
    );
    let confirmation = json!({
        "Type": "SubscriptionConfirmation", "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37", "TopicArn": TOPIC, "Message": "You have chosen to subscribe", "SubscribeURL": url,
        "Timestamp": "2027-01-01T00:00:00.000Z", "SignatureVersion": "1",
        // openssl dgst -sha1 -sign sns_key.pem
        "Signature": include_str!("fixtures/sns_confirmation_sha1.txt").trim(),
        "SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/x.pem",
    });
    let ask =
        |told: &Value| ses.receive_with(&callback(&[], told.to_string().as_bytes(), SNS_NOW_S), CERTIFICATE);
    let received = ask(&confirmation).unwrap();
    assert_eq!(received.confirm_url.as_deref(), Some(url.as_str()));
    assert!(received.receipts.is_empty() && received.needs_url.is_none());
    let mut elsewhere = confirmation.clone();
    elsewhere["SubscribeURL"] = "https://evil.example/".into();
    assert_eq!(refused(ask(&elsewhere)), CallbackRefusal::Unsigned);
}

#[test]
fn events_of_ses_are_told() {
    let ses = config(ses("https://a.example"));
    let check = |event: Value, expect: &[&str]| {
        let mut event = event;
        event["mail"] = json!({ "messageId": "id1" });
        let body = notification(&event).to_string();
        let found = told(ses.receive_with(&callback(&[], body.as_bytes(), SNS_NOW_S), CERTIFICATE));
        assert_eq!(
            found,
            expect.iter().map(|line| format!("provider id1: {line}")).collect::<Vec<_>>(),
            "{event}"
        );
    };
    let bounce = |kind: &str, sub: &str, status: &str, said: &str| {
        let recipient = json!({ "emailAddress": RECIPIENT, "status": status, "diagnosticCode": said });
        let bounce = json!({ "bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [recipient] });
        json!({ "notificationType": "Bounce", "bounce": bounce })
    };
    check(bounce("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"), &["Failed(HardBounce)"]);
    check(bounce("Permanent", "General", "5.0.0", "smtp; 554 no"), &["Failed(HardBounce)"]);
    check(bounce("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 policy"), &["Failed(Policy)"]);
    check(bounce("Permanent", "OnAccountSuppressionList", "5.1.1", ""), &["Failed(HardBounce)"]);
    check(bounce("Transient", "MailboxFull", "5.2.2", ""), &["SoftBounced"]);
    check(bounce("Transient", "General", "4.4.7", "smtp; 550 4.4.7 expired"), &["SoftBounced"]);
    check(bounce("Transient", "MessageTooLarge", "", ""), &["Failed(TooLarge)"]);
    check(bounce("Transient", "ContentRejected", "", ""), &["Failed(Policy)"]);
    check(bounce("Undetermined", "Undetermined", "", ""), &["Failed(Refused)"]);
    let complaint =
        |kind: &str| json!({ "eventType": "Complaint", "complaint": { "complaintFeedbackType": kind } });
    check(complaint("abuse"), &["Complained"]);
    check(complaint("not-spam"), &[]);
    check(json!({ "eventType": "Send" }), &[]);
    check(json!({ "eventType": "Reject", "reject": { "reason": "Bad content" } }), &["Failed(Policy)"]);
    check(
        json!({ "eventType": "DeliveryDelay", "deliveryDelay": { "delayType": "SpamDetected" } }),
        &["Delayed"],
    );
    let open =
        json!({ "ipAddress": "192.0.2.1", "userAgent": "Mozilla/5.0", "timestamp": "2027-01-01T00:00:00Z" });
    check(json!({ "eventType": "Open", "open": open }), &[r#"Opened Some("Mozilla/5.0") Some("192.0.2.1")"#]);
    let click = json!({ "ipAddress": "192.0.2.1", "userAgent": "A", "link": "https://x.example/" });
    check(
        json!({ "eventType": "Click", "click": click }),
        &[r#"Clicked Some("https://x.example/") Some("A") Some("192.0.2.1")"#],
    );
}

/// SendGrid's own test vector; see the fixtures of its public library.
const SENDGRID_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
const SENDGRID_SIGNATURE: &str =
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
const SENDGRID_BODY: &str = "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n";

#[test]
fn what_sendgrid_posts_is_believed_by_its_signature() {
    let mut settings = sendgrid("https://a.example");
    let unsigned = config(settings.clone());
    settings["webhook_public_key"] = SENDGRID_KEY.into();
    let sendgrid = config(settings);
    let headers = |signature: &str, stamp: &str| {
        vec![
            ("x-twilio-email-event-webhook-signature".to_owned(), signature.to_owned()),
            ("x-twilio-email-event-webhook-timestamp".to_owned(), stamp.to_owned()),
        ]
    };
    let good = headers(SENDGRID_SIGNATURE, "1600112502");
    let now_s = 1_600_112_503;
    let ask = |headers: &[(String, String)], body: &str, now_s| {
        sendgrid.receive(&callback(headers, body.as_bytes(), now_s))
    };
    assert_eq!(
        told(ask(&good, SENDGRID_BODY, now_s)),
        ["provider LRzXl_NHStOGhQ4kofSm_A: Failed(HardBounce)"]
    );
    let received = ask(&good, SENDGRID_BODY, now_s).unwrap();
    assert_eq!(
        received.receipts[0].event_id.as_deref(),
        Some("ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA")
    );
    assert_eq!(received.receipts[0].at, Some(1_600_112_492_000));
    assert_eq!(refused(ask(&good, SENDGRID_BODY, now_s + 301)), CallbackRefusal::Stale);
    // The line end counts.
    assert_eq!(refused(ask(&good, SENDGRID_BODY.trim_end(), now_s)), CallbackRefusal::Unsigned);
    assert_eq!(
        refused(ask(&headers(SENDGRID_SIGNATURE, "1600112503"), SENDGRID_BODY, now_s)),
        CallbackRefusal::Unsigned
    );
    assert_eq!(refused(ask(&headers("", "1600112502"), SENDGRID_BODY, now_s)), CallbackRefusal::Unsigned);
    assert_eq!(refused(ask(&[], SENDGRID_BODY, now_s)), CallbackRefusal::Unsigned);
    let by_nobody = unsigned.receive(&callback(&good, SENDGRID_BODY.as_bytes(), now_s));
    assert_eq!(refused(by_nobody), CallbackRefusal::Unsigned);
}

#[test]
fn events_of_sendgrid_are_told() {
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
    // The frame of a key is that of every P-256 key.
    let frame = STANDARD.decode(SENDGRID_KEY).unwrap()[..26].to_vec();
    let mut settings = sendgrid("https://a.example");
    settings["webhook_public_key"] = STANDARD.encode([&frame, pair.public_key().as_ref()].concat()).into();
    let sendgrid = config(settings);
    let check = |event: Value, expect: &[&str]| {
        let mut event = event;
        event["quaylai_key"] = "m1".into();
        let body = format!("{}\r\n", json!([event]));
        let signature = pair.sign(&random, format!("1700000000{body}").as_bytes()).unwrap();
        let headers = [
            ("x-twilio-email-event-webhook-signature".to_owned(), STANDARD.encode(signature)),
            ("x-twilio-email-event-webhook-timestamp".to_owned(), "1700000000".to_owned()),
        ];
        let found = told(sendgrid.receive(&callback(&headers, body.as_bytes(), 1_700_000_000)));
        assert_eq!(found, expect.iter().map(|line| format!("key m1: {line}")).collect::<Vec<_>>(), "{event}");
    };
    let bounce = |kind: &str, status: &str, reason: &str| json!({ "event": "bounce", "type": kind, "status": status, "reason": reason });
    check(json!({ "event": "processed" }), &[]);
    check(json!({ "event": "delivered", "response": "250 OK" }), &["Delivered"]);
    check(json!({ "event": "deferred", "response": "400 try again later" }), &["Delayed"]);
    check(bounce("bounce", "5.1.1", "550 5.1.1 user unknown"), &["Failed(HardBounce)"]);
    check(bounce("bounce", "5.0.0", "500 unknown recipient"), &["Failed(HardBounce)"]);
    check(bounce("bounce", "5.2.2", "552 mailbox full"), &["SoftBounced"]);
    check(bounce("blocked", "5.7.1", "550 spam"), &["Failed(Policy)"]);
    check(bounce("blocked", "5.0.0", "no"), &["Failed(Policy)"]);
    check(bounce("blocked", "4.4.7", "expired"), &["SoftBounced"]);
    for (reason, expect) in [
        ("Bounced Address", "Failed(HardBounce)"),
        ("Invalid", "Failed(HardBounce)"),
        ("Unsubscribed Address", "Failed(Stopped)"),
        ("Spam Reporting Address", "Failed(Stopped)"),
        ("Spam Content (if Spam Checker app is enabled)", "Failed(Policy)"),
        ("Recipient List over Package Quota", "Failed(Refused)"),
    ] {
        check(json!({ "event": "dropped", "reason": reason }), &[expect]);
    }
    check(json!({ "event": "spamreport" }), &["Complained"]);
    check(json!({ "event": "unsubscribe" }), &["Stopped"]);
    check(json!({ "event": "group_unsubscribe" }), &["Stopped"]);
    check(
        json!({ "event": "open", "useragent": "A", "ip": "192.0.2.1" }),
        &[r#"Opened Some("A") Some("192.0.2.1")"#],
    );
    check(json!({ "event": "open", "useragent": "A", "sg_machine_open": true }), &[]);
    check(
        json!({ "event": "click", "url": "https://x.example/", "useragent": "A", "ip": "192.0.2.1" }),
        &[r#"Clicked Some("https://x.example/") Some("A") Some("192.0.2.1")"#],
    );
}

#[test]
fn what_mailgun_posts_is_believed_by_its_signature() {
    let mailgun = config(mailgun("https://a.example"));
    let signature = json!({
        "timestamp": "1700000000", "token": "abcdef0123456789",
        "signature": "e914db435427674302484dce351bff74786885871440230fab9de4f37039eed4",
    });
    let now_s = 1_700_000_001;
    let check = |event: Value, expect: &[&str]| {
        let mut event = event;
        event["user-variables"] = json!({ "quaylai_key": "m1" });
        let body = json!({ "signature": signature, "event-data": event }).to_string();
        let received = mailgun.receive(&callback(&[], body.as_bytes(), now_s));
        for receipt in &received.as_ref().unwrap().receipts {
            assert_eq!(receipt.event_id.as_deref(), Some("abcdef0123456789"), "a token is used once");
        }
        assert_eq!(
            told(received),
            expect.iter().map(|line| format!("key m1: {line}")).collect::<Vec<_>>(),
            "{event}"
        );
    };
    let failed = |severity: &str, reason: &str, code: i64, said: &str| json!({ "event": "failed", "severity": severity, "reason": reason, "delivery-status": { "code": code, "message": said } });
    check(json!({ "event": "accepted" }), &[]);
    check(json!({ "event": "delivered", "timestamp": 1_700_000_000.5 }), &["Delivered"]);
    check(failed("temporary", "generic", 452, "4.2.2 mailbox full"), &["Delayed"]);
    check(failed("permanent", "bounce", 550, "5.1.1 no such user"), &["Failed(HardBounce)"]);
    check(failed("permanent", "bounce", 550, "no"), &["Failed(HardBounce)"]);
    check(failed("permanent", "generic", 550, "5.7.1 blocked"), &["Failed(Policy)"]);
    check(failed("permanent", "old", 602, "Too old"), &["SoftBounced"]);
    check(
        failed("permanent", "suppress-bounce", 605, "Not delivering to previously bounced address"),
        &["Failed(HardBounce)"],
    );
    check(failed("permanent", "suppress-unsubscribe", 606, ""), &["Failed(Stopped)"]);
    check(json!({ "event": "complained" }), &["Complained"]);
    check(json!({ "event": "unsubscribed" }), &["Stopped"]);
    let client = json!({ "user-agent": "A" });
    check(
        json!({ "event": "opened", "ip": "192.0.2.1", "client-info": client }),
        &[r#"Opened Some("A") Some("192.0.2.1")"#],
    );
    check(
        json!({ "event": "clicked", "ip": "192.0.2.1", "client-info": client, "url": "https://x.example/" }),
        &[r#"Clicked Some("https://x.example/") Some("A") Some("192.0.2.1")"#],
    );
    let event = json!({ "event": "delivered", "message": { "headers": { "message-id": "m1@may.example" } } });
    let ask = |signature: &Value, now_s| {
        let body = json!({ "signature": signature, "event-data": event }).to_string();
        mailgun.receive(&callback(&[], body.as_bytes(), now_s))
    };
    assert_eq!(told(ask(&signature, now_s)), ["provider m1@may.example: Delivered"]);
    assert_eq!(refused(ask(&signature, now_s + 301)), CallbackRefusal::Stale);
    for (field, value) in
        [("token", "abcdef012345678"), ("timestamp", "1700000001"), ("signature", "e9"), ("signature", "đ")]
    {
        let mut other = signature.clone();
        other[field] = value.into();
        assert_eq!(refused(ask(&other, now_s)), CallbackRefusal::Unsigned, "{field}");
    }
    assert!(matches!(
        refused(mailgun.receive(&callback(&[], b"token=x", now_s))),
        CallbackRefusal::Malformed(_)
    ));
}
