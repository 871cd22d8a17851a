//! Files brought in, as far as their states go: the thread that does the work is not there.

use crate::world::World;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_looked_at_tried_paused_and_resumed() {
    let world = World::new();
    let key = format!("Bearer {}", world.keys.secret);
    let file = "Email,Điểm,Nhận email\nan@mail.example,3,có\nkhông phải email,4,có\n";
    let told = [("authorization", &*key), ("content-type", "application/octet-stream")];
    let uploaded = world.ask("POST", "/api/v1/imports?kind=profiles&name=kh.csv", &told, file).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    let id = uploaded.json()["id"].as_str().unwrap().to_owned();
    let seen = world.write("POST", &format!("/imports/{id}/preview"), json!({})).await;
    assert_eq!((&seen["format"], &seen["separator"]), (&json!("csv"), &json!(",")));
    assert_eq!(
        seen["columns"][0],
        json!({
            "name": "Email", "samples": ["an@mail.example", "không phải email"], "filled": 2, "suggestion": "email",
        })
    );
    assert_eq!(seen["problems"][0]["code"], "consent_source_missing");
    let map = json!({ "map": { "columns": { "Email": "email", "Điểm": "attribute:points" } } });
    let tried = world.write("POST", &format!("/imports/{id}/dry-run"), map.clone()).await;
    assert_eq!(
        [&tried["rows_read"], &tried["rows_taken"], &tried["rows_rejected"], &tried["new"]],
        [&json!(2), &json!(1), &json!(1), &json!(1)]
    );
    assert!(tried["rejected"][0]["message_vi"].as_str().is_some_and(|reason| !reason.is_empty()), "{tried}");

    let turn = async |deed: &str, body: Value| {
        let answer = world.call("POST", &format!("/imports/{id}/{deed}"), body).await;
        match answer.status.as_u16() {
            200 => answer.json()["state"].as_str().unwrap().to_owned(),
            _ => answer.code(),
        }
    };
    assert_eq!(turn("pause", Value::Null).await, "state_unsuitable", "nothing is under way yet");
    assert_eq!(turn("start", map).await, "waiting");
    assert_eq!(turn("resume", Value::Null).await, "state_unsuitable");
    assert_eq!(turn("pause", Value::Null).await, "paused");
    assert_eq!(turn("pause", Value::Null).await, "state_unsuitable");
    let open = world.store.read(|tx| tx.open_jobs()).unwrap();
    assert!(open.is_empty(), "whoever does the work leaves it alone");
    assert_eq!(turn("resume", Value::Null).await, "waiting");
    assert_eq!(turn("pause", Value::Null).await, "paused");
    assert_eq!(turn("cancel", Value::Null).await, "cancelling");
}
