//! The law and the shop's own rules, as the settings take them; consents with their proof.

use crate::world::World;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn laws_are_shown_with_what_can_be_set_aside() {
    let world = World::new();
    let laws = world.get("/policies").await;
    let vietnam = laws["items"].as_array().unwrap().iter().find(|law| law["code"] == "vn").unwrap();
    let cap =
        |rule: &str| vietnam["caps"].as_array().unwrap().iter().find(|cap| cap["rule"] == rule).cloned();
    assert_eq!(cap("vn.cap.email").unwrap()["weight"], "default");
    assert_eq!(vietnam["hours"][0]["weight"], "firm");
    assert_eq!(vietnam["do_not_call"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_law_is_loosened_aloud_or_not_at_all() {
    let world = World::new();
    let loose = json!({ "policy": { "caps": [
        { "channel": "sms", "count": 3, "hours": 24 }, { "channel": "email", "count": 6, "hours": 24 } ] } });
    let told = world.refused("PATCH", "/settings", loose.clone(), 422, "invalid_settings").await;
    assert!(told.to_string().contains("vn.cap.email"), "{told}");
    let with = |rule: &str, reason: &str| {
        let mut patch = loose.clone();
        patch["policy"]["overrides"] = json!([{ "rule": rule, "reason": reason, "by": "nobody", "at": 1 }]);
        patch
    };
    let reason = "our subscribers signed up for two letters in the morning and more";
    world.refused("PATCH", "/settings", with("vn.cap.email", "because"), 422, "invalid_settings").await;
    world.refused("PATCH", "/settings", with("vn.hours.sms", reason), 422, "invalid_settings").await;
    let settings = world.write("PATCH", "/settings", with("vn.cap.email", reason)).await;
    let held = &settings["policy"]["overrides"][0];
    assert_eq!(held["reason"], reason);
    assert_ne!(held["by"], "nobody", "the server says who");
    assert!(held["at"].as_i64().unwrap() > 1_000_000_000_000, "and when: {held}");
    // A later change of something else leaves it as it was said.
    world.advance_ms(60_000);
    let again = world.write("PATCH", "/settings", json!({ "policy": { "holdout_percent": 5 } })).await;
    assert_eq!(&again["policy"]["overrides"][0], held);
    let night = json!({ "policy": { "hours": [{ "channel": "sms", "from": 360, "to": 1380 }] } });
    world.refused("PATCH", "/settings", night, 422, "invalid_settings").await;
    world
        .refused("PATCH", "/settings", json!({ "policy": { "country": "none" } }), 422, "invalid_settings")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_kept_with_all_that_proves_it() {
    let mut world = World::new();
    let id = world.customer("an").await;
    let told = json!({ "channel": "email", "granted": false, "topic": "sale", "wording": "Không nhận khuyến mãi",
        "source": "counter", "evidence": "phiếu 17" });
    world.write("POST", &format!("/profiles/{id}/consents"), told).await;
    let until = json!({ "channel": "email", "granted": true, "expires_at": "2100-01-01T00:00:00Z" });
    world.write("POST", &format!("/profiles/{id}/consents"), until).await;
    let records = world.get(&format!("/profiles/{id}/consents")).await;
    let about_sale =
        records["items"].as_array().unwrap().iter().find(|record| record["about"] == "sale").unwrap();
    assert_eq!((&about_sale["aspect"], &about_sale["evidence"]), (&json!("topic"), &json!("phiếu 17")));
    assert_eq!(about_sale["wording_hash"].as_str().unwrap().len(), 64);
    assert!(about_sale["actor"].as_str().unwrap().starts_with("key:"), "{about_sale}");
    let template = |topic: Value| {
        json!({ "name": "Tin", "channel": "email", "subject": "Tin", "topic": topic,
            "body": { "kind": "html", "source": "<p>Tin</p><a href=\"{{ unsubscribe_url }}\">Ngừng</a>" } })
    };
    world.write("PUT", "/templates/sale", template(json!("sale"))).await;
    world.write("PUT", "/templates/news", template(json!("news"))).await;
    for name in ["sale", "news"] {
        let message = json!({ "profile_id": id, "template": name, "purpose": "marketing" });
        world.write("POST", "/messages", message).await;
    }
    world.settle().await;
    assert_eq!(world.deliver().len(), 1, "of what the person wants");
    let sent = world.get("/messages?limit=10").await;
    let of_sale = sent["items"].as_array().unwrap().iter().find(|row| row["template"] == "sale").unwrap();
    assert_eq!(of_sale["reason"], "topic_off", "{of_sale}");
}
