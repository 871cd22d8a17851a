//! How the mailbox of returned mail stands.

use crate::world::{SHOP, World};
use axum::http::StatusCode;
use kit::{Clock, MINUTE_MS};
use serde_json::{Value, json};
use store::Changeset;
use store::deliverability::MailboxVisit;

fn visited(world: &World, fault: &str) {
    let mut changes = Changeset::new();
    let visit = MailboxVisit { validity: 7, uid: 41, visited_at: world.clock.now(), fault: fault.into() };
    changes.set_mailbox_visit(SHOP, visit);
    tokio::task::block_in_place(|| world.store.apply(changes)).unwrap();
}

async fn set_up(world: &World, returns: Value, enabled: bool) {
    let told = json!({ "provider": "smtp", "host": "mail", "returns": returns, "enabled": enabled });
    assert_eq!(world.call("PUT", "/channels/email", told).await.status, StatusCode::OK);
}

async fn alert(world: &World) -> Option<Value> {
    let told = world.get("/reports/attention").await;
    told["alerts"].as_array().unwrap().iter().find(|alert| alert["kind"] == "returns_unread").cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_cannot_be_read_is_told_of_until_it_can() {
    let world = World::new();
    let view = async || world.get("/channels/email/returns").await;
    let nothing = json!({ "address": null, "host": null, "visited_at": null, "fault": null });
    assert_eq!(view().await, nothing);
    let returns =
        json!({ "address": "bounce@shop.vn", "mailbox": { "host": "imap.shop.vn", "password": "geheim" } });
    set_up(&world, returns.clone(), true).await;
    let fresh =
        json!({ "address": "bounce@shop.vn", "host": "imap.shop.vn", "visited_at": null, "fault": null });
    assert_eq!(view().await, fresh);
    world.advance_ms(MINUTE_MS);
    visited(&world, "");
    let told = view().await;
    assert_eq!((&told["fault"], told["visited_at"].is_string()), (&Value::Null, true), "{told}");
    assert_eq!(alert(&world).await, None);

    world.advance_ms(MINUTE_MS);
    visited(&world, "the server said no: wrong password");
    let told = view().await;
    assert_eq!(told["fault"], "the server said no: wrong password");
    let alert_told = alert(&world).await.unwrap();
    assert_eq!(
        (&alert_told["level"], &alert_told["detail"], &alert_told["at"]),
        (&json!("warning"), &told["fault"], &told["visited_at"])
    );

    // What was wrong with other settings says nothing of these.
    world.advance_ms(MINUTE_MS);
    set_up(&world, returns.clone(), true).await;
    assert_eq!((view().await, alert(&world).await), (fresh, None));
    world.advance_ms(MINUTE_MS);
    visited(&world, "no connection to imap.shop.vn:993");
    assert!(alert(&world).await.is_some());
    // Nobody looks into it any more.
    world.advance_ms(MINUTE_MS);
    set_up(&world, json!({ "address": "bounce@shop.vn" }), true).await;
    let piped = json!({ "address": "bounce@shop.vn", "host": null, "visited_at": null, "fault": null });
    assert_eq!((view().await, alert(&world).await), (piped, None));
    set_up(&world, returns, false).await;
    assert_eq!((view().await, alert(&world).await), (nothing, None));
}
