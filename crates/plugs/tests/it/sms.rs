//! Text messages: what each gateway is sent, what its answers and callbacks mean, and whose secrets stay.

use std::sync::Arc;

use kit::Timestamp;
use plugs::channels::twilio::{Algorithm, signature};
use plugs::{
    About, Asked, Batch, Callback, CallbackRefusal, Channel, ChannelConfig, Content, Delivery, Egress,
    MessageClass, Outcome, Paid, Rate, Receipt, RejectClass, Secret, Surroundings, TextContent, Told, build,
};
use serde_json::{Value, json};

use crate::esms_server::{self, EsmsServer};
use crate::http_server::Answer;
use crate::speedsms_server::{self, SpeedsmsServer};
use crate::stringee_server::{self, StringeeServer};
use crate::twilio_server::{self, TwilioServer};
use crate::{PHONE, delivery, named};

const CALLBACK_URL: &str = "https://shop.example/hooks/t0ken";
const CARE: MessageClass = MessageClass::Care;
const ADVERTISING: MessageClass = MessageClass::Advertising;

pub fn text(key: &str, to: &str, body: &str, class: MessageClass) -> Delivery {
    delivery(key, to, Content::Text(TextContent { body: body.to_owned(), class }))
}

pub fn esms(base_url: &str) -> Value {
    json!({
        "provider": "esms", "api_key": esms_server::API_KEY, "secret_key": esms_server::SECRET_KEY,
        "brandname": esms_server::BRANDNAME, "base_url": base_url,
    })
}

pub fn speedsms(base_url: &str) -> Value {
    json!({ "provider": "speedsms", "token": speedsms_server::TOKEN, "sender": "MAYBAKERY", "base_url": base_url })
}

pub fn stringee(base_url: &str) -> Value {
    json!({
        "provider": "stringee", "key_sid": stringee_server::KEY_SID, "key_secret": stringee_server::KEY_SECRET,
        "brandname": "MAYBAKERY", "base_url": base_url,
    })
}

pub fn twilio(base_url: &str) -> Value {
    json!({
        "provider": "twilio", "account_sid": twilio_server::ACCOUNT, "auth_token": twilio_server::TOKEN,
        "from": "+12025550100", "base_url": base_url,
    })
}

fn config(value: Value) -> ChannelConfig {
    serde_json::from_value(value).unwrap()
}

fn channel(value: Value) -> Arc<dyn Channel> {
    let surroundings =
        Surroundings { callback_url: CALLBACK_URL.to_owned(), ..Surroundings::bare(&Egress::open()) };
    build(&config(value), &surroundings).unwrap()
}

fn url(server: &crate::http_server::HttpServer) -> String {
    format!("http://{}", server.address)
}

// eSMS, customer care

#[tokio::test]
async fn esms_is_told_what_it_asks_for() {
    let server = EsmsServer::start().await;
    let channel = channel(esms(&url(&server.http)));
    assert_eq!((channel.rate(), channel.batch(&text("m1", PHONE, "Chào", CARE))), (None, None));
    for (key, body) in [("m1", "Don hang da giao [MAY]"), ("m2", "Đơn hàng đã giao")] {
        let outcome = channel.deliver(&text(key, PHONE, body, CARE)).await;
        let Outcome::Accepted { provider_id: Some(_), .. } = outcome else { panic!("{outcome:?}") };
    }
    let taken = server.esms.lock().unwrap();
    let expect = |body: &str, key: &str, unicode: &str| {
        json!({
            "ApiKey": esms_server::API_KEY, "SecretKey": esms_server::SECRET_KEY, "Phone": "84901234567",
            "Content": body, "Brandname": "MAYBAKERY", "SmsType": "2", "IsUnicode": unicode, "RequestId": key,
            "Sandbox": "0", "CallbackUrl": CALLBACK_URL,
        })
    };
    assert_eq!(
        taken.care,
        [expect("Don hang da giao [MAY]", "m1", "0"), expect("Đơn hàng đã giao", "m2", "1")]
    );
}

#[tokio::test]
async fn esms_knows_a_message_that_it_has_taken() {
    let server = EsmsServer::start().await;
    let channel = channel(esms(&url(&server.http)));
    let message = text("m1", PHONE, "Chao", CARE);
    server.esms.lock().unwrap().script.push_back(Answer::Close);
    assert_eq!(named(&channel.deliver(&message).await), "retry Network");
    let again = channel.deliver(&Delivery { attempt: 2, ..message }).await;
    assert_eq!(named(&again), "accepted");
    assert!(again.detail().contains("124"), "{again:?}");
    assert_eq!(server.esms.lock().unwrap().care.len(), 1);
}

#[tokio::test]
async fn esms_tells_what_is_wrong_with_the_account() {
    let server = EsmsServer::start().await;
    let base = url(&server.http);
    let with = |name: &str, value: &str| {
        let mut value_of = esms(&base);
        value_of[name] = value.into();
        channel(value_of)
    };
    let message = text("m1", PHONE, "Chao", CARE);
    for wrong in [with("secret_key", "wrong"), with("brandname", "OTHER")] {
        assert_eq!(named(&wrong.deliver(&message).await), "misconfigured");
    }
    let no_balance = json!({ "CodeResult": "103", "CountRegenerate": 0 }).to_string();
    server.esms.lock().unwrap().script.push_back(Answer::Full("200 OK", vec![], no_balance));
    let outcome = channel(esms(&base)).deliver(&message).await;
    assert_eq!(named(&outcome), "misconfigured");
    assert!(outcome.detail().contains("balance"), "{outcome:?}");
    assert!(server.esms.lock().unwrap().care.is_empty());

    assert!(channel(esms(&base)).check().await.unwrap().contains("36693"));
    let refused = with("api_key", "wrong").check().await.unwrap_err();
    assert!(refused.contains("101") && !refused.contains("wrong"), "{refused}");
}

// eSMS, advertising

fn number(at: usize) -> String {
    format!("+849{:08}", 10_000_000 + at)
}

fn ads(count: usize, body: impl Fn(usize) -> String) -> Vec<Delivery> {
    (0..count).map(|at| text(&format!("a{at}"), &number(at), &body(at), ADVERTISING)).collect()
}

fn tally(outcomes: &[Outcome]) -> Vec<(String, usize)> {
    let mut tally: Vec<(String, usize)> = Vec::new();
    for outcome in outcomes {
        let name = named(outcome);
        match tally.iter_mut().find(|(own, _)| *own == name) {
            Some((_, count)) => *count += 1,
            None => tally.push((name, 1)),
        }
    }
    tally
}

fn one(name: &str, count: usize) -> Vec<(String, usize)> {
    vec![(name.to_owned(), count)]
}

const OFFER: &str = "[QC] Giam 20%. TC: soan TC gui 8xxx";

#[tokio::test]
async fn advertising_by_esms_goes_in_batches() {
    let server = EsmsServer::start().await;
    let channel = channel(esms(&url(&server.http)));
    let deliveries = ads(30, |_| OFFER.to_owned());
    assert_eq!(channel.batch(&deliveries[0]), Some(Batch { min: 30, max: 5_000 }));

    // Alone, or too few: they wait for others, and nothing goes out.
    let outcome = channel.deliver(&deliveries[0]).await;
    assert_eq!(named(&outcome), "retry Rescheduled 900000");
    assert!(outcome.detail().contains("30"), "{outcome:?}");
    let outcomes = channel.deliver_batch(&deliveries[..29]).await;
    assert_eq!(tally(&outcomes), one("retry Rescheduled 900000", 29));
    assert!(server.http.requests.lock().unwrap().is_empty());

    let outcomes = channel.deliver_batch(&deliveries).await;
    assert_eq!(tally(&outcomes), one("accepted", 30));
    let taken = server.esms.lock().unwrap();
    let [batch] = &taken.batches[..] else { panic!("{}", taken.batches.len()) };
    let phones: Vec<String> = (0..30).map(|at| number(at)[1..].to_owned()).collect();
    assert_eq!((&batch["Phones"], &batch["Content"]), (&json!(phones), &json!(OFFER)));
    assert_eq!((&batch["SmsType"], &batch["Brandname"]), (&json!("1"), &json!("MAYBAKERY")));
    // Each message of the ledger has a name of its own.
    let id = taken.by_request.values().next().unwrap();
    for (at, outcome) in outcomes.iter().enumerate() {
        let Outcome::Accepted { provider_id, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(provider_id.as_deref(), Some(format!("{id}#{at}").as_str()));
    }
}

#[tokio::test]
async fn a_large_batch_is_several_of_nearly_one_size() {
    let server = EsmsServer::start().await;
    let channel = channel(esms(&url(&server.http)));
    let outcomes = channel.deliver_batch(&ads(5_001, |_| OFFER.to_owned())).await;
    assert_eq!(tally(&outcomes), one("accepted", 5_001));
    let taken = server.esms.lock().unwrap();
    let sizes: Vec<usize> =
        taken.batches.iter().map(|batch| batch["Phones"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2_501, 2_500]);
    let mut ids: Vec<&str> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Accepted { provider_id: Some(id), .. } => id.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5_001);
}

#[tokio::test]
async fn a_batch_has_one_text_for_all() {
    let server = EsmsServer::start().await;
    let channel = channel(esms(&url(&server.http)));
    let outcomes = channel.deliver_batch(&ads(40, |at| format!("[QC] Chao khach {at}"))).await;
    assert_eq!(tally(&outcomes), one("rejected Invalid", 40));
    assert!(outcomes[0].detail().contains("one text for all"), "{:?}", outcomes[0]);
    assert!(server.http.requests.lock().unwrap().is_empty());

    // A few of another text do not stop the many, nor are they lost.
    let mut mixed = ads(33, |at| if at % 11 == 0 { "[QC] Khac".to_owned() } else { OFFER.to_owned() });
    // Two profiles with one number get one message.
    mixed.push(text("twin", &number(1), OFFER, ADVERTISING));
    mixed.push(text("care", &number(50), "Don hang da giao", CARE));
    mixed.push(text("odd", "0901234567", OFFER, ADVERTISING));
    mixed.push(text("abroad", "+12025550100", OFFER, ADVERTISING));
    let outcomes = channel.deliver_batch(&mixed).await;
    let names: Vec<String> = outcomes.iter().map(named).collect();
    for (at, name) in names.iter().enumerate() {
        let expect = match at {
            0 | 11 | 22 => "retry Rescheduled 900000",
            35 | 36 => "rejected Invalid",
            _ => "accepted",
        };
        assert_eq!(name, expect, "{at}");
    }
    assert_eq!(named(&outcomes[33]), "accepted");
    let Outcome::Accepted { provider_id: None, .. } = &outcomes[33] else { panic!("{:?}", outcomes[33]) };
    let taken = server.esms.lock().unwrap();
    assert_eq!((taken.batches[0]["Phones"].as_array().unwrap().len(), taken.care.len()), (30, 1));
}

#[tokio::test]
async fn a_batch_whose_answer_was_lost_is_asked_for_under_its_name() {
    let server = EsmsServer::start().await;
    let channel = channel(esms(&url(&server.http)));
    let deliveries = ads(30, |_| OFFER.to_owned());
    server.esms.lock().unwrap().script.push_back(Answer::Close);
    let outcomes = channel.deliver_batch(&deliveries).await;
    assert_eq!(tally(&outcomes), one("accepted", 30));
    assert_eq!(server.esms.lock().unwrap().batches.len(), 1);

    // Nobody can know: it is not sent again with other people in it.
    server.esms.lock().unwrap().by_request.clear();
    server.esms.lock().unwrap().script.extend([Answer::Close, Answer::Close]);
    let outcomes = channel.deliver_batch(&deliveries).await;
    assert_eq!(tally(&outcomes), one("unknown", 30));

    let refused = json!({ "CodeResult": "103", "ErrorMessage": "Balance not enough" }).to_string();
    server.esms.lock().unwrap().script.push_back(Answer::Full("200 OK", vec![], refused));
    let outcomes = channel.deliver_batch(&ads(31, |_| OFFER.to_owned())).await;
    assert_eq!(tally(&outcomes), one("misconfigured", 31));

    // eSMS counts fewer good numbers than we do.
    let mut short = ads(30, |_| OFFER.to_owned());
    short[7].to = "+849012345".into();
    let outcomes = channel.deliver_batch(&short).await;
    assert_eq!(tally(&outcomes), one("retry Rescheduled 900000", 30));
    assert!(outcomes[0].detail().contains("107"), "{:?}", outcomes[0]);
}

#[tokio::test]
async fn esms_is_asked_what_became_of_a_batch() {
    let server = EsmsServer::start().await;
    let channel = channel(esms(&url(&server.http)));
    let fate = |phone: &str, sent: bool, arrived: bool| json!({ "IsSent": sent, "NetworkName": "Viettel", "Phone": phone, "Retry": 0, "SentResult": arrived });
    server.esms.lock().unwrap().fates.insert(
        "B1".into(),
        json!([
            fate("0910000000", true, true),
            fate("0910000001", true, false),
            fate("0910000002", false, false)
        ]),
    );
    let asked =
        |key: &str, id: &str, at: usize| Asked { key: key.into(), provider_id: id.into(), to: number(at) };
    let messages = [
        asked("a0", "B1#0", 0),
        asked("a1", "B1#1", 1),
        asked("a2", "B1#2", 2),
        asked("a3", "B1#3", 3),
        asked("x", "B2", 9),
    ];
    let receipts = channel.ask(&messages).await.unwrap();
    let told: Vec<(About, Told)> = receipts.iter().map(|one| (one.about.clone(), one.what.clone())).collect();
    assert!(
        told == [
            (About::Key("a0".into()), Told::Delivered),
            (About::Key("a1".into()), Told::Failed { class: RejectClass::Refused })
        ],
        "{told:?}"
    );
    assert!(!format!("{messages:?}").contains("910000000"));
    // A batch that eSMS does not tell of stands in nobody's way, wherever it has its turn.
    let trouble = |code: &str| json!({ "CodeResult": code, "ErrorMessage": "Not now" });
    let troubles = [("A0".to_owned(), trouble("99")), ("B9".to_owned(), trouble("99"))];
    server.esms.lock().unwrap().troubles.extend(troubles);
    let mut more = messages.to_vec();
    more.extend([asked("t0", "A0#0", 4), asked("t1", "B9#0", 5)]);
    assert_eq!(channel.ask(&more).await.unwrap().len(), 2);
    let none = channel.ask(&more[5..]).await.unwrap_err();
    assert!(none.contains("99"), "{none}");
    // Too many requests: those behind wait for their next time, and what was told before counts.
    server.esms.lock().unwrap().troubles.insert("B2".into(), trouble("160"));
    let before = server.http.requests.lock().unwrap().len();
    assert_eq!(channel.ask(&more).await.unwrap().len(), 2);
    assert_eq!(server.http.requests.lock().unwrap().len() - before, 3, "A0, B1 and B2, and not B9");
    let mut wrong = esms(&url(&server.http));
    wrong["secret_key"] = "wrong".into();
    let refused = self::channel(wrong).ask(&messages).await.unwrap_err();
    assert!(refused.contains("101"), "{refused}");
}

// eSMS, callbacks

fn called<'a>(
    method: &'a str,
    url: &'a str,
    query: &'a str,
    headers: &'a [(String, String)],
    body: &'a [u8],
) -> Callback<'a> {
    Callback { method, url, query, headers, body, now: Timestamp::from_ms(1_700_000_100_000) }
}

fn heard(provider: Value, query: &str) -> Result<Vec<Receipt>, CallbackRefusal> {
    config(provider).receive(&called("GET", CALLBACK_URL, query, &[], b"")).map(|received| received.receipts)
}

#[test]
fn esms_calls_back_with_what_became_of_a_message() {
    let check = |query: &str, about: About, what: Told, price: Option<i64>| {
        let receipts = heard(esms("https://rest.esms.vn"), query).unwrap();
        let [receipt] = &receipts[..] else { panic!("{query}: {receipts:?}") };
        assert!(
            receipt.about == about && receipt.what == what && receipt.price == price.map(Paid::vnd),
            "{query}: {receipt:?}"
        );
        assert!(!receipt.detail.contains("901888484") && receipt.event_id.is_some(), "{query}");
    };
    let query = |status: &str, success: &str, failed: &str, request: &str| {
        format!(
            "SMSID=dc712784&SendFailed={failed}&SendStatus={status}&SendSuccess={success}&TotalPrice=850.0000&TotalReceiver=1&TotalSent=1\
             &RequestId={request}&TypeId=2&telcoid=1&phonenumber=0901888484&switchsmsid="
        )
    };
    let key = || About::Key("m1".into());
    check(&query("5", "1", "0", "m1"), key(), Told::Delivered, Some(850));
    check(&query("5", "0", "1", "m1"), key(), Told::Failed { class: RejectClass::Refused }, Some(850));
    check(&query("4", "0", "0", "m1"), key(), Told::Failed { class: RejectClass::Policy }, None);
    check(&query("2", "0", "0", "m1"), key(), Told::Delayed, None);
    check(&query("5", "1", "0", ""), About::Provider("dc712784".into()), Told::Delivered, Some(850));
    for silent in [query("7", "0", "0", "m1"), query("5", "0", "0", "m1")] {
        assert!(heard(esms("https://rest.esms.vn"), &silent).unwrap().is_empty(), "{silent}");
    }

    // Of advertising only sums are told: that nobody gets it is said of each.
    let batch = |status: &str| {
        format!(
            "SMSID=82b0&SendFailed=0&SendStatus={status}&SendSuccess=0&TotalPrice=0.0000&TotalReceiver=3&TotalSent=0&RequestId=&TypeId=1"
        )
    };
    let receipts = heard(esms("https://rest.esms.vn"), &batch("4")).unwrap();
    let about: Vec<_> = receipts.iter().map(|one| one.about.clone()).collect();
    assert!(about == [0, 1, 2].map(|at| About::Provider(format!("82b0#{at}"))));
    assert!(receipts.iter().all(|one| one.what == Told::Failed { class: RejectClass::Policy }));
    assert!(heard(esms("https://rest.esms.vn"), &batch("5")).unwrap().is_empty());
    let zalo = "SMSID=f6&SendFailed=1&SendStatus=5&SendSuccess=0&TypeId=25&error_info=%22%7B%7D%22";
    assert!(heard(esms("https://rest.esms.vn"), zalo).unwrap().is_empty());

    for bad in ["", "SendStatus=5", "SMSID=x", "%%%"] {
        assert!(
            matches!(heard(esms("https://rest.esms.vn"), bad), Err(CallbackRefusal::Malformed(_))),
            "{bad}"
        );
    }
    let posted = config(esms("https://rest.esms.vn")).receive(&called(
        "POST",
        CALLBACK_URL,
        "SMSID=x&SendStatus=5",
        &[],
        b"",
    ));
    assert!(matches!(posted, Err(CallbackRefusal::Malformed(_))));
}

// SpeedSMS and Stringee

#[tokio::test]
async fn speedsms_tells_classes_apart() {
    let server = SpeedsmsServer::start(None).await;
    let base = url(&server.http);
    let channel = channel(speedsms(&base));
    assert_eq!(channel.rate(), Some(Rate { count: 60, per_ms: 60_000 }));
    let outcome = channel.deliver(&text("m1", PHONE, "Đơn đã giao", CARE)).await;
    assert_eq!(
        outcome,
        Outcome::Accepted { provider_id: Some("1000001".into()), detail: "taken by SpeedSMS".into() }
    );
    // No advertisement goes out as customer care.
    let outcome = channel.deliver(&text("m2", PHONE, OFFER, ADVERTISING)).await;
    assert_eq!(named(&outcome), "rejected Invalid");
    assert!(outcome.detail().contains("advertising"), "{outcome:?}");
    let mut with_type = speedsms(&base);
    with_type["advertising_type"] = 1.into();
    assert_eq!(
        named(&self::channel(with_type).deliver(&text("m3", PHONE, OFFER, ADVERTISING)).await),
        "accepted"
    );
    let taken = server.taken.lock().unwrap();
    let expect = |content: &str, kind: u8| json!({ "to": ["84901234567"], "content": content, "sms_type": kind, "sender": "MAYBAKERY" });
    assert_eq!(*taken, [expect("Đơn đã giao", 3), expect(OFFER, 1)]);
}

#[tokio::test]
async fn speedsms_and_stringee_refuse_in_their_words() {
    let server = SpeedsmsServer::start(Some(speedsms_server::fault("007", "IP locked"))).await;
    let speed = channel(speedsms(&url(&server.http)));
    assert_eq!(named(&speed.deliver(&text("m1", PHONE, "Chao", CARE)).await), "misconfigured");
    assert!(speed.check().await.unwrap().contains("125000 VND"));
    let mut wrong = speedsms(&url(&server.http));
    wrong["token"] = "wrong".into();
    assert_eq!(
        named(&channel(wrong.clone()).deliver(&text("m1", PHONE, "Chao", CARE)).await),
        "misconfigured"
    );
    assert!(channel(wrong).check().await.unwrap_err().contains("401"));

    let server = StringeeServer::start(Some(stringee_server::refusal(7, "Brandname is not allowed"))).await;
    let outcome = channel(stringee(&url(&server.http))).deliver(&text("m1", PHONE, "Chao", CARE)).await;
    assert_eq!(named(&outcome), "rejected Refused");
    assert!(outcome.detail().contains("7: Brandname is not allowed"), "{outcome:?}");
    let mut wrong = stringee(&url(&server.http));
    wrong["key_secret"] = "wrong".into();
    assert_eq!(named(&channel(wrong).deliver(&text("m1", PHONE, "Chao", CARE)).await), "misconfigured");
    let nobody =
        config(speedsms("https://api.speedsms.vn")).receive(&called("POST", CALLBACK_URL, "", &[], b"{}"));
    assert_eq!(nobody.err(), Some(CallbackRefusal::Unexpected));
}

#[tokio::test]
async fn stringee_reads_our_token() {
    let server = StringeeServer::start(None).await;
    let channel = channel(stringee(&url(&server.http)));
    let outcome = channel.deliver(&text("m1", PHONE, "Đơn đã giao", CARE)).await;
    assert_eq!(named(&outcome), "accepted");
    assert_eq!(named(&channel.deliver(&text("m2", PHONE, OFFER, ADVERTISING)).await), "rejected Invalid");
    let mut two = stringee(&url(&server.http));
    two["advertising_brandname"] = "MAYQC".into();
    assert_eq!(named(&self::channel(two).deliver(&text("m3", PHONE, OFFER, ADVERTISING)).await), "accepted");
    let expect = |from: &str, body: &str| json!({ "from": from, "to": "84901234567", "text": body });
    assert_eq!(*server.taken.lock().unwrap(), [expect("MAYBAKERY", "Đơn đã giao"), expect("MAYQC", OFFER)]);
}

// Twilio

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn twilio_is_told_who_sends_and_where_to_call_back() {
    let server = TwilioServer::start(None).await;
    let message = text("m1", PHONE, "Đơn #1 & 2 đã giao + quà", CARE);
    let outcome = channel(twilio(&url(&server.http))).deliver(&message).await;
    let sid = format!("SM{:032}", 1);
    assert_eq!(outcome, Outcome::Accepted { provider_id: Some(sid), detail: "taken by Twilio".into() });
    let mut service = twilio(&url(&server.http));
    service["from"] = "".into();
    service["messaging_service_sid"] = "MG1".into();
    assert_eq!(named(&channel(service).deliver(&message).await), "accepted");
    let form = |sender: (&str, &str)| {
        pairs(&[
            ("To", PHONE),
            ("Body", "Đơn #1 & 2 đã giao + quà"),
            sender,
            ("StatusCallback", CALLBACK_URL),
        ])
    };
    assert_eq!(
        *server.taken.lock().unwrap(),
        [form(("From", "+12025550100")), form(("MessagingServiceSid", "MG1"))]
    );
    assert!(channel(twilio(&url(&server.http))).check().await.unwrap().contains("12.34 USD"));
    let mut wrong = twilio(&url(&server.http));
    wrong["auth_token"] = "wrong".into();
    assert!(channel(wrong).check().await.unwrap_err().contains("20003"));
}

const FORM: &[(&str, &str)] = &[
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
];
const SIGNED_URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

/// Of Twilio's own library, 9.13.0.
#[test]
fn twilio_signs_as_its_library_does() {
    let secret = Secret::new("12345");
    let check = |algorithm, url: &str, form: &[(&str, &str)], expect: &str| {
        assert_eq!(signature(algorithm, &secret, url, &pairs(form)), expect, "{url}");
    };
    check(Algorithm::Sha1, SIGNED_URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    check(Algorithm::Sha256, SIGNED_URL, FORM, "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=");
    check(
        Algorithm::Sha1,
        "https://mycompany.com:443/myapp.php?foo=1&bar=2",
        FORM,
        "kvajT1Ptam85bY51eRf/AJRuM3w=",
    );
}

struct Call {
    url: String,
    signed: String,
    /// Of the header that names the algorithm.
    settings: Option<&'static str>,
    form: Vec<(String, String)>,
}

fn encoded(form: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in form {
        let hex: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        out.push_str(&format!("{}{name}={hex}", if out.is_empty() { "" } else { "&" }));
    }
    out
}

fn twilio_heard(provider: &Value, call: &Call) -> Result<Vec<Receipt>, CallbackRefusal> {
    let mut headers = pairs(&[("x-twilio-signature", &call.signed)]);
    if let Some(settings) = call.settings {
        headers.extend(pairs(&[("x-twilio-webhooks-signature-settings", settings)]));
    }
    let query = call.url.split_once('?').map_or("", |(_, query)| query);
    let body = encoded(&call.form);
    let callback = called("POST", &call.url, query, &headers, body.as_bytes());
    config(provider.clone()).receive(&callback).map(|received| received.receipts)
}

fn signed(form: &[(&str, &str)]) -> Call {
    let form = pairs(form);
    let signed = signature(Algorithm::Sha1, &Secret::new(twilio_server::TOKEN), CALLBACK_URL, &form);
    Call { url: CALLBACK_URL.into(), signed, settings: None, form }
}

#[test]
fn twilio_calls_back_with_states_and_answers() {
    let provider = twilio("https://api.twilio.com");
    let check = |form: &[(&str, &str)], about: About, what: Told| {
        let receipts = twilio_heard(&provider, &signed(form)).unwrap();
        let [receipt] = &receipts[..] else { panic!("{form:?}: {receipts:?}") };
        assert!(
            receipt.about == about && receipt.what == what && receipt.event_id.is_some(),
            "{form:?}: {receipt:?}"
        );
        assert!(!receipt.detail.contains("901234567"), "{receipt:?}");
    };
    let sid = || About::Provider("SM1".into());
    let state = |status: &'static str| {
        vec![("MessageSid", "SM1"), ("MessageStatus", status), ("To", PHONE), ("From", "+12025550100")]
    };
    check(&state("delivered"), sid(), Told::Delivered);
    for (code, class) in [
        ("30003", RejectClass::Recipient),
        ("30005", RejectClass::HardBounce),
        ("30006", RejectClass::HardBounce),
        ("30007", RejectClass::Policy),
        ("21610", RejectClass::Stopped),
        ("21211", RejectClass::HardBounce),
        ("30008", RejectClass::Refused),
    ] {
        for status in ["undelivered", "failed"] {
            let mut form = state(status);
            form.push(("ErrorCode", code));
            check(&form, sid(), Told::Failed { class });
        }
    }
    for silent in ["queued", "sent", "accepted"] {
        assert!(twilio_heard(&provider, &signed(&state(silent))).unwrap().is_empty(), "{silent}");
    }
    let answer = [
        ("MessageSid", "SM2"),
        ("SmsStatus", "received"),
        ("From", PHONE),
        ("To", "+12025550100"),
        ("Body", "Từ chối"),
        ("NumMedia", "0"),
    ];
    check(&answer, About::Address(PHONE.into()), Told::Said { text: "Từ chối".into() });
    assert!(matches!(
        twilio_heard(&provider, &signed(&[("From", PHONE)])),
        Err(CallbackRefusal::Malformed(_))
    ));
}

#[test]
fn twilio_is_believed_by_its_signature_alone() {
    let mut provider = twilio("https://api.twilio.com");
    provider["webhook_key"] = "khoa-chung".into();
    let state = [("MessageSid", "SM1"), ("MessageStatus", "delivered")];
    let check = |provider: &Value, change: &dyn Fn(&mut Call), expect: bool| {
        let mut call = signed(&state);
        change(&mut call);
        let heard = twilio_heard(provider, &call);
        assert_eq!(heard.is_ok(), expect, "{} {:?} {heard:?}", call.url, call.settings);
        assert!(expect || heard.err() == Some(CallbackRefusal::Unsigned));
    };
    let with = |call: &mut Call, algorithm, key: &str, url: &str| {
        call.signed = signature(algorithm, &Secret::new(key), url, &call.form);
    };
    check(&provider, &|_| {}, true);
    check(&provider, &|call| call.signed.clear(), false);
    check(&provider, &|call| call.signed = "RSOYDt4T1cUTdK1PDd93/VVr8B8=".into(), false);
    check(&provider, &|call| call.form[1].1 = "failed".into(), false);
    check(&provider, &|call| call.url.push('x'), false);
    check(&provider, &|call| with(call, Algorithm::Sha1, "other", CALLBACK_URL), false);
    // With the port or without it, whichever it was signed with.
    const WITH_PORT: &str = "https://shop.example:443/hooks/t0ken";
    check(&provider, &|call| with(call, Algorithm::Sha1, "12345", WITH_PORT), true);
    check(&provider, &|call| call.url = WITH_PORT.into(), true);
    check(
        &provider,
        &|call| with(call, Algorithm::Sha1, "12345", "https://shop.example:8443/hooks/t0ken"),
        false,
    );
    check(
        &provider,
        &|call| {
            call.url = "http://localhost:8080/hooks/t".into();
            with(call, Algorithm::Sha1, "12345", "http://localhost:8080/hooks/t");
        },
        true,
    );
    // The shared key signs with the other algorithm, and only where it is set.
    const SHARED: &str = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256";
    let shared = |call: &mut Call| {
        call.settings = Some(SHARED);
        with(call, Algorithm::Sha256, "khoa-chung", CALLBACK_URL);
    };
    check(&provider, &shared, true);
    check(&twilio("https://api.twilio.com"), &shared, false);
    check(&provider, &|call| call.settings = Some(SHARED), false);
    check(&provider, &|call| call.settings = Some("key=1,algorithm=HMAC_MD5"), false);
    // What is no form is signed by its digest.
    const DIGEST: &str = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    let url = format!("https://mycompany.com/myapp.php?bodySHA256={DIGEST}");
    let headers = pairs(&[("x-twilio-signature", "+kSuX/0ZJYA1+JmgZwzpaeDUJPg=")]);
    for (body, expect) in [(br#"{"a":1}"#, true), (br#"{"a":2}"#, false)] {
        let query = format!("bodySHA256={DIGEST}");
        let heard = config(provider.clone()).receive(&called("POST", &url, &query, &headers, body));
        assert_eq!(heard.is_ok(), expect);
    }
}

// Settings

#[test]
fn settings_of_gateways_keep_their_form_and_their_secrets() {
    let secrets: [(Value, &[&str]); 4] = [
        (esms("https://rest.esms.vn"), &["api_key", "secret_key"]),
        (speedsms("https://api.speedsms.vn"), &["token"]),
        (stringee("https://api.stringee.com"), &["key_secret"]),
        (
            {
                let mut value = twilio("https://api.twilio.com");
                value["webhook_key"] = "khoa-chung".into();
                value
            },
            &["auth_token", "webhook_key"],
        ),
    ];
    for (value, secrets) in secrets {
        let stored = config(value.clone());
        assert_eq!(stored.validate(), [], "{value}");
        assert_eq!(stored.carries(), [domain::consent::Channel::Sms]);
        assert_eq!(config(serde_json::to_value(&stored).unwrap()), stored);
        let mut odd = value.clone();
        odd["tokn"] = "typo".into();
        assert!(serde_json::from_value::<ChannelConfig>(odd).is_err());

        let shown = serde_json::to_value(stored.redacted()).unwrap();
        for name in secrets {
            let secret = value[*name].as_str().unwrap();
            for text in [shown.to_string(), format!("{stored:?}"), format!("{:?}", stored.redacted())] {
                assert!(!text.contains(secret), "{name}: {text}");
            }
            assert_eq!(shown[*name], "***");
        }
        assert_eq!(config(shown.clone()).merged(&stored), stored);
        // A key does not go to another server.
        let mut moved = shown.clone();
        moved["base_url"] = "https://other.example".into();
        let moved = config(moved).merged(&stored);
        let fields: Vec<String> = moved.validate().into_iter().map(|problem| problem.field).collect();
        let sent: Vec<&str> = secrets.iter().copied().filter(|name| *name != "webhook_key").collect();
        assert_eq!(fields, sent, "{moved:?}");
        let mut masked = value.clone();
        masked[secrets[0]] = "***".into();
        assert_eq!(config(masked).validate()[0].field, secrets[0]);
    }
    // Nor does a secret stay with another account.
    for (stored, account, other, lost) in [
        (esms("https://rest.esms.vn"), "api_key", "ANOTHER-KEY", "secret_key"),
        (stringee("https://api.stringee.com"), "key_sid", "SK.other", "key_secret"),
        (twilio("https://api.twilio.com"), "account_sid", "AC2", "auth_token"),
    ] {
        let stored = config(stored);
        let mut update = serde_json::to_value(stored.redacted()).unwrap();
        update[account] = other.into();
        assert_eq!(config(update).merged(&stored).validate()[0].field, lost);
    }
}

#[test]
fn problems_of_gateways_are_named_by_field() {
    let check = |mut value: Value, field: &str, wrong: Value| {
        value[field] = wrong.clone();
        let problems = config(value).validate();
        assert_eq!(
            problems.first().map(|problem| problem.field.as_str()),
            Some(field),
            "{wrong} {problems:?}"
        );
    };
    check(esms("https://rest.esms.vn"), "brandname", "".into());
    check(
        esms("https://rest.esms.vn/MainService.svc"),
        "base_url",
        "https://rest.esms.vn/MainService.svc".into(),
    );
    check(esms("https://rest.esms.vn"), "timeout_ms", 0.into());
    check(speedsms("https://api.speedsms.vn"), "sender", "".into());
    check(speedsms("https://api.speedsms.vn"), "care_type", 1.into());
    check(speedsms("https://api.speedsms.vn"), "advertising_type", 0.into());
    check(stringee("https://api.stringee.com"), "key_sid", "a b".into());
    check(stringee("https://api.stringee.com"), "brandname", " ".into());
    check(twilio("https://api.twilio.com"), "account_sid", "XX1".into());
    check(twilio("https://api.twilio.com"), "from", "".into());
    let mut both = twilio("https://api.twilio.com");
    both["messaging_service_sid"] = "MG1".into();
    check(both, "from", "+12025550100".into());
    let mut service = twilio("https://api.twilio.com");
    service["from"] = "".into();
    check(service, "messaging_service_sid", "SM1".into());
}
