//! The Official Account behind the Zalo channel, with an account that takes one code.

use crate::staff::{as_staff, join, sign_in};
use crate::world::{ORIGIN, OWNER, World};
use api::{BoxFuture, ProviderAccount, ProviderStanding, ProviderTemplate, ProviderTemplateParameter};
use axum::http::StatusCode;
use kit::{MINUTE_MS, Timestamp};
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
