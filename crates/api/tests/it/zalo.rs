//! The Official Account behind the Zalo channel, with an account that takes one code.

use crate::staff::{as_staff, join, sign_in};
use crate::world::{ORIGIN, OWNER, World};
use api::{BoxFuture, ProviderAccount, ProviderStanding, ProviderTemplate, ProviderTemplateParameter};
use axum::http::StatusCode;
use domain::consent::Channel;
use domain::delivery::{About, Receipt, Told};
use engine::Note;
use kit::{Clock, MINUTE_MS, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The verifiers of accounts that were authorised, by the number of the app: a test has one of its own.
static AUTHORISED: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

pub struct FakeAccount(pub String);

impl ProviderAccount for FakeAccount {
    fn standing(&self) -> BoxFuture<'_, Result<ProviderStanding, String>> {
        let standing = match AUTHORISED.lock().unwrap().contains_key(&self.0) {
            true => ProviderStanding::Good {
                account_id: "777".into(),
                expires_at: Timestamp::from_ms(1_795_240_800_000),
                refresh_expires_at: Timestamp::from_ms(1_802_926_800_000),
                fault: None,
            },
            false => ProviderStanding::Lapsed { account_id: "777".into(), why: "it was used up".into() },
        };
        Box::pin(std::future::ready(Ok(standing)))
    }

    fn authorise_url(&self, redirect_uri: &str, state: &str, verifier: &str) -> Result<String, String> {
        Ok(format!("https://zalo.example/?to={redirect_uri}&state={state}&length={}", verifier.len()))
    }

    fn authorise<'a>(
        &'a self,
        code: &'a str,
        oa_id: &'a str,
        verifier: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        let good = (code, oa_id) == ("good", "777");
        if good {
            AUTHORISED.lock().unwrap().insert(self.0.clone(), verifier.to_owned());
        }
        Box::pin(std::future::ready(if good { Ok(()) } else { Err("another account & <more>".into()) }))
    }

    fn quota(&self) -> BoxFuture<'_, Result<(i64, i64), String>> {
        Box::pin(std::future::ready(Ok((500, 42))))
    }

    fn templates(&self) -> BoxFuture<'_, Result<Vec<ProviderTemplate>, String>> {
        let parameter = ProviderTemplateParameter {
            name: "customer_name".into(),
            is_required: true,
            kind: "STRING".into(),
            min_length: 0,
            max_length: 30,
        };
        let template = ProviderTemplate {
            template_id: "320131".into(),
            name: "Đơn hàng".into(),
            status: "ENABLE".into(),
            quality: "HIGH".into(),
            tag: "TRANSACTION".into(),
            preview_url: String::new(),
            parameters: vec![parameter],
        };
        // Listed twice, as pages that move may.
        Box::pin(std::future::ready(Ok(vec![template.clone(), template])))
    }

    fn try_template<'a>(
        &'a self,
        to: &'a str,
        template_id: &'a str,
        parameters: BTreeMap<String, String>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move { Ok(format!("{to} {template_id} {}", parameters["customer_name"])) })
    }
}

async fn set_up(world: &World, app_id: &str) {
    let told = json!({ "provider": "zalo", "host": "zalo", "app_id": app_id });
    let answer = world.call("PUT", "/channels/zalo", told).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

fn state_of(answer: &Value) -> String {
    let url = answer["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("https://zalo.example/?to={ORIGIN}/hooks/zalo/authorised&state=")),
        "{url}"
    );
    assert!(url.ends_with("&length=43"), "{url}");
    url.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

/// Where a browser with this cookie ends.
async fn brought_back(world: &World, cookie: &str, query: &str) -> String {
    let path = format!("/hooks/zalo/authorised?{query}");
    let answer = world.ask("GET", &path, &[("cookie", cookie)], "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(
        (answer.header("referrer-policy"), answer.header("cache-control")),
        ("no-referrer", "no-store")
    );
    let to = answer.header("location").to_owned();
    to.strip_prefix(&format!("{ORIGIN}/settings/channels/zalo?")).unwrap_or_else(|| panic!("{to}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorisation_ends_where_it_began_and_once() {
    let world = World::new();
    world.refused("POST", "/channels/zalo/authorise", json!({}), 409, "channel_not_set_up").await;
    let status = world.get("/channels/zalo/status").await;
    assert_eq!((&status["is_set_up"], &status["authorisation"]["state"]), (&json!(false), &json!("missing")));
    set_up(&world, "once").await;
    let lapsed = world.get("/channels/zalo/status").await;
    assert_eq!(lapsed["authorisation"]["state"], "lapsed");
    assert_eq!(lapsed["authorisation"]["problem"], "it was used up");
    assert_eq!(lapsed["redirect_url"], format!("{ORIGIN}/hooks/zalo/authorised"));
    assert!(lapsed["webhook_url"].as_str().unwrap().starts_with(&format!("{ORIGIN}/hooks/")), "{lapsed}");

    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let other = join(&world, &owner, "admin@shop.example", "admin").await;
    let begin = async || {
        let answer = as_staff(&world, &owner, "POST", "/channels/zalo/authorise", json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        state_of(&answer.json())
    };
    let no = |query: &str, word: &str| {
        assert!(query.starts_with("authorised=no&why=") && query.contains(word), "{query}")
    };
    let state = begin().await;
    let query = format!("code=good&oa_id=777&state={state}");
    // Another browser, or none: that of whoever was lured there.
    no(&brought_back(&world, &other, &query).await, "sign%20in");
    no(&brought_back(&world, "", &query).await, "sign%20in");
    no(&brought_back(&world, &owner, "code=good&oa_id=777&state=guessed").await, "begin%20again");
    no(&brought_back(&world, &owner, "code=good").await, "begin%20again");
    assert!(!AUTHORISED.lock().unwrap().contains_key("once"));
    assert_eq!(brought_back(&world, &owner, &query).await, "authorised=yes");
    assert_eq!(
        AUTHORISED.lock().unwrap().get("once").map(String::len),
        Some(43),
        "the verifier that was made for it"
    );
    no(&brought_back(&world, &owner, &query).await, "begin%20again");

    let good = world.get("/channels/zalo/status").await;
    assert_eq!(
        (&good["authorisation"]["state"], &good["authorisation"]["account_id"]),
        (&json!("good"), &json!("777"))
    );
    assert_eq!(
        (&good["quota"], &good["quota_problem"]),
        (&json!({ "daily": 500, "remaining": 42 }), &Value::Null)
    );

    // What Zalo said is told; the next try is a new one.
    let state = begin().await;
    let told = brought_back(&world, &owner, &format!("code=bad&oa_id=1&state={state}")).await;
    assert_eq!(told, "authorised=no&why=another%20account%20%26%20%3Cmore%3E");
    let state = begin().await;
    no(&brought_back(&world, &owner, &format!("error_description=denied&state={state}")).await, "denied");
    // Too late.
    let state = begin().await;
    world.advance_ms(15 * MINUTE_MS + 1);
    no(&brought_back(&world, &owner, &format!("code=good&oa_id=777&state={state}")).await, "begin%20again");
    // Neither the state nor the verifier lies in the database.
    let state = begin().await;
    assert!(world.dump().iter().all(|(_, value)| !value.contains(&state)));
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_kept_as_they_were_found() {
    let world = World::new();
    assert_eq!(world.get("/channels/zalo/templates").await["items"], json!([]));
    world.refused("POST", "/channels/zalo/templates/sync", json!({}), 409, "channel_not_set_up").await;
    set_up(&world, "templates").await;
    let answer = world.call("POST", "/channels/zalo/templates/sync", json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let listed = world.get("/channels/zalo/templates").await;
    assert_eq!(answer.json(), listed);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let template = &listed["items"][0];
    assert_eq!((&template["template_id"], &template["status"]), (&json!("320131"), &json!("ENABLE")));
    assert_eq!(
        template["parameters"],
        json!([{ "name": "customer_name", "is_required": true, "kind": "STRING", "min_length": 0, "max_length": 30 }])
    );
    let told = json!({ "to": "0901 234 567", "parameters": { "customer_name": "An" } });
    let tried = world.call("POST", "/channels/zalo/templates/320131/test", told).await.json();
    assert_eq!(tried, json!({ "ok": true, "detail": "+84901234567 320131 An" }));
    let nobody = json!({ "to": "binh@example.vn" });
    world.refused("POST", "/channels/zalo/templates/320131/test", nobody, 422, "invalid_field").await;
}

/// A message by Zalo's template of this number.
fn zns(template_id: &str) -> Value {
    json!({
        "channel": "zalo", "purpose": "transactional",
        "body": { "kind": "zns", "source": {
            "template_id": template_id, "title": "Đơn hàng của bạn",
            "paragraphs": ["Chào <customer_name>, đơn của bạn đang giao."],
            "params": { "customer_name": "{{ customer.given_name }}" },
        } },
    })
}

fn journey(name: &str, template: &str) -> Value {
    json!({
        "schema": 1, "name": name, "trigger": { "type": "api" }, "start": "wait",
        "nodes": {
            "wait": { "type": "delay", "for": "3d", "next": "send" },
            "send": { "type": "send", "channel": "zalo", "template": template, "purpose": "transactional" },
        },
    })
}

async fn begin(world: &World, definition: Value) -> String {
    let made = world.write("POST", "/journeys", definition).await;
    let path = format!("/journeys/{}", made["id"].as_str().unwrap());
    world.write("POST", &format!("{path}/publish"), Value::Null).await;
    path
}

async fn turned(world: &World, template_id: &str, status: &str, is_refused: bool, event_id: &str) {
    let receipt = Receipt {
        about: About::Template(template_id.into()),
        what: Told::TemplateTurned { status: status.into(), is_refused },
        at: None,
        detail: format!("Zalo {template_id} {status}: Sai mục đích"),
        event_id: Some(event_id.into()),
        price: None,
    };
    let at = world.clock.now();
    let provider = "zalo".to_owned();
    world
        .note(&Note::Receipts { channel: Channel::Zalo, provider, receipts: vec![receipt], at: at.into() })
        .await;
}

async fn state(world: &World, path: &str) -> (String, String) {
    let told = world.get(path).await;
    let word = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    (word(if path.starts_with("/journeys") { "status" } else { "state" }), word("detail"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sends_a_template_that_zalo_takes_back_stands_still_until_somebody_lets_it_go_on() {
    let mut world = World::new();
    world.set_up_channels(&[Channel::Zalo, Channel::Email]);
    set_up(&world, "turned").await;
    world.call("POST", "/channels/zalo/templates/sync", json!({})).await;
    world.write("PUT", "/templates/order", zns("320131")).await;
    world.write("PUT", "/templates/other", zns("320132")).await;
    let an =
        json!({ "identifiers": ["user_id:an", "phone:+84901234567"], "attributes": { "name": "Văn An" } });
    let an = world.write("POST", "/profiles", an).await["id"].as_str().unwrap().to_owned();
    let sends = begin(&world, journey("Đơn hàng", "order")).await;
    let other = begin(&world, journey("Khác", "other")).await;
    // Its runs began with the template; those to come use another.
    let older = begin(&world, journey("Cũ", "order")).await;
    world.write("POST", &format!("{older}/trigger"), json!({ "profile_id": an, "key": "1" })).await;
    world.settle().await;
    world.write("PUT", &older, journey("Cũ", "other")).await;
    world.write("POST", &format!("{older}/publish"), Value::Null).await;
    // Nobody runs its old version any more.
    let rid = begin(&world, journey("Đã bỏ", "order")).await;
    world.write("PUT", &rid, journey("Đã bỏ", "other")).await;
    world.write("POST", &format!("{rid}/publish"), Value::Null).await;
    let paused = begin(&world, journey("Nghỉ", "order")).await;
    world.write("POST", &format!("{paused}/pause"), Value::Null).await;
    let draft = |template: &str| {
        json!({
            "name": format!("Gửi {template}"), "channel": "zalo", "template": template, "purpose": "transactional",
            "audience": { "everybody": true }, "schedule": { "type": "at", "at": "2031-01-01T09:00:00+07:00" },
        })
    };
    let mut campaigns = Vec::new();
    for template in ["order", "other"] {
        let made = world.write("POST", "/campaigns", draft(template)).await;
        let path = format!("/campaigns/{}", made["id"].as_str().unwrap());
        world.write("POST", &format!("{path}/launch"), json!({})).await;
        campaigns.push(path);
    }

    // Looked at again, and as good as before.
    turned(&world, "320131", "ENABLE", false, "first").await;
    assert_eq!(state(&world, &sends).await, ("active".into(), String::new()));
    turned(&world, "320131", "REJECT", true, "second").await;
    let why = "Zalo 320131 REJECT: Sai mục đích".to_owned();
    for path in [&sends, &older, &campaigns[0]] {
        assert_eq!(state(&world, path).await, ("paused".into(), why.clone()), "{path}");
    }
    assert_eq!(state(&world, &paused).await, ("paused".into(), String::new()), "it stood still already");
    assert_eq!(state(&world, &campaigns[1]).await, ("scheduled".into(), String::new()));
    for path in [&other, &rid] {
        assert_eq!(state(&world, path).await, ("active".into(), String::new()), "{path}");
    }
    let templates = world.get("/channels/zalo/templates").await;
    assert_eq!(templates["items"][0]["status"], "REJECT");
    let alerts = world.get("/reports/attention").await["alerts"].clone();
    let count = |kind: &str| alerts.as_array().unwrap().iter().filter(|alert| alert["kind"] == kind).count();
    assert_eq!((count("journey_stopped"), count("campaign_stopped")), (2, 1), "{alerts}");
    let stops = async || {
        let log = world.get("/audit").await["items"].clone();
        let is_stop =
            |entry: &&Value| entry["action"] == "journey_stopped" || entry["action"] == "campaign_stopped";
        log.as_array().unwrap().iter().filter(is_stop).count()
    };
    assert_eq!(stops().await, 3);

    // Whoever lets it go on has seen to it, however often the same is told; a new telling is another matter.
    world.write("POST", &format!("{sends}/resume"), Value::Null).await;
    turned(&world, "320131", "REJECT", true, "second").await;
    assert_eq!((state(&world, &sends).await.0.as_str(), stops().await), ("active", 3));
    // That it is good again lets nothing go on by itself.
    turned(&world, "320131", "ENABLE", false, "third").await;
    assert_eq!(state(&world, &older).await.0, "paused");
    assert_eq!(state(&world, &campaigns[0]).await.0, "paused");
    assert_eq!(world.get("/channels/zalo/templates").await["items"][0]["status"], "ENABLE");
    turned(&world, "320131", "DISABLE", true, "fourth").await;
    assert_eq!((state(&world, &sends).await.0.as_str(), stops().await), ("paused", 4));
}
