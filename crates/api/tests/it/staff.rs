//! The shop's staff: what each role may do, invitations, and the audit log.

use crate::world::{Answer, ORIGIN, OWNER, POSTED, World};
use axum::body::Body;
use domain::roles::{Need, Permission, Role, need_of};
use serde_json::{Value, json};

pub async fn sign_in(world: &World, email: &str, password: &str) -> String {
    let body = json!({ "email": email, "password": password }).to_string();
    let answer = world.ask("POST", "/api/v1/session", &[], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

pub async fn as_staff(world: &World, cookie: &str, method: &str, path: &str, body: Value) -> Answer {
    let told = [("cookie", cookie), ("origin", ORIGIN)];
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    world.ask(method, &format!("/api/v1{path}"), &told, body).await
}

/// Invites somebody and takes the invitation up; answers the cookie of their session.
pub async fn join(world: &World, owner: &str, email: &str, role: &str) -> String {
    let answer =
        as_staff(world, owner, "POST", "/invitations", json!({ "email": email, "role": role })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    let token = url.rsplit('/').next().unwrap();
    let told = json!({ "token": token, "name": "Bình", "password": format!("mật khẩu {role}") }).to_string();
    let answer = world.ask("POST", "/api/v1/invitations/accept", &[], told).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_says_what_it_needs_and_its_handler_agrees() {
    let world = World::new();
    let document = world.get("/openapi.json").await;
    let (mut missing, mut disagreeing) = (Vec::new(), Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        let below = path.strip_prefix("/api/v1").unwrap();
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            if need_of(&method, below).is_none() {
                missing.push(format!("{method} {below}"));
            }
            // It never ends.
            if below == "/live" {
                continue;
            }
            // A handler that asks for something else than the table answers 500.
            let mut concrete = path.clone();
            while let (Some(from), Some(to)) = (concrete.find('{'), concrete.find('}')) {
                concrete.replace_range(from..=to, "email");
            }
            let told = [("authorization", &*format!("Bearer {}", world.keys.secret))];
            let answer = world.ask(&method, &concrete, &told, "{}").await;
            if answer.status == 500 {
                disagreeing.push(format!("{method} {below}"));
            }
        }
    }
    assert!(disagreeing.is_empty(), "domain::roles asks something else:\n{}", disagreeing.join("\n"));
    assert!(missing.is_empty(), "domain::roles does not name:\n{}", missing.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_opens_what_the_table_says_and_nothing_else() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let document = world.get("/openapi.json").await;
    for role in [Role::Admin, Role::Marketer, Role::Analyst, Role::Support] {
        let cookie = join(&world, &owner, &format!("{role}@shop.example"), role.as_str()).await;
        for (path, item) in document["paths"].as_object().unwrap() {
            let below = path.strip_prefix("/api/v1").unwrap();
            // It never ends.
            if below == "/live" {
                continue;
            }
            for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
                let Some(Need::Permission(permission)) = need_of(&method, below) else { continue };
                let mut concrete = below.to_owned();
                while let (Some(from), Some(to)) = (concrete.find('{'), concrete.find('}')) {
                    concrete.replace_range(from..=to, "email");
                }
                if role.may(permission) && method != "GET" {
                    // Allowed writes would change the world; that they are let in shows at the reads.
                    continue;
                }
                let answer = as_staff(&world, &cookie, &method, &concrete, json!({})).await;
                let is_refused = answer.status == 403 && answer.code() == "role_lacks_permission";
                assert_eq!(is_refused, !role.may(permission), "{role} {method} {below}: {}", answer.text);
            }
        }
    }
    assert!(!Role::Admin.may(Permission::Unlisted));
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_are_managed_by_owners_and_the_last_one_stays() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let admin = join(&world, &owner, "admin@shop.example", "admin").await;
    let users = as_staff(&world, &admin, "GET", "/users", Value::Null).await.json();
    let id_of = |email: &str| {
        let found = users["items"].as_array().unwrap().iter().find(|user| user["email"] == email).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let (owner_id, admin_id) = (id_of(OWNER.0), id_of("admin@shop.example"));
    let check = async |cookie: &str, method: &str, id: &str, body: Value, status: u16, code: &str| {
        let answer = as_staff(&world, cookie, method, &format!("/users/{id}"), body).await;
        let found = if answer.status.is_success() { String::new() } else { answer.code() };
        assert_eq!((answer.status.as_u16(), found.as_str()), (status, code), "{}", answer.text);
    };
    check(&admin, "PATCH", &owner_id, json!({ "role": "analyst" }), 403, "owners_only").await;
    check(&admin, "PATCH", &admin_id, json!({ "role": "owner" }), 403, "owners_only").await;
    check(&admin, "DELETE", &owner_id, Value::Null, 403, "owners_only").await;
    check(&owner, "PATCH", &owner_id, json!({ "role": "admin" }), 409, "last_owner").await;
    check(&owner, "DELETE", &owner_id, Value::Null, 409, "last_owner").await;
    check(&owner, "PATCH", &owner_id, json!({ "role": "boss" }), 422, "invalid_field").await;
    let invited =
        as_staff(&world, &admin, "POST", "/invitations", json!({ "email": "x@y.example", "role": "owner" }));
    assert_eq!(invited.await.code(), "owners_only");
    // A key is no owner: who makes keys must not make owners with them.
    world
        .refused("PATCH", &format!("/users/{admin_id}"), json!({ "role": "owner" }), 403, "owners_only")
        .await;
    check(&owner, "PATCH", &admin_id, json!({ "role": "owner" }), 200, "").await;
    check(&admin, "PATCH", &owner_id, json!({ "role": "support" }), 200, "").await;
    check(&owner, "GET", "x", Value::Null, 405, "method_not_allowed").await;
    // A role holds from the next request on, and a removed account has no session.
    assert_eq!(as_staff(&world, &owner, "GET", "/users", Value::Null).await.code(), "role_lacks_permission");
    check(&admin, "DELETE", &owner_id, Value::Null, 204, "").await;
    assert_eq!(as_staff(&world, &owner, "GET", "/status", Value::Null).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_works_once_until_it_ends() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let invite = json!({ "email": " Moi@Shop.example", "role": "marketer" });
    let first = as_staff(&world, &owner, "POST", "/invitations", invite.clone()).await;
    assert_eq!((first.status.as_u16(), &first.json()["mailed"]), (201, &json!(false)));
    assert_eq!(as_staff(&world, &owner, "POST", "/invitations", invite).await.code(), "invitation_exists");
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let accept = async |url: &Value, password: &str| {
        let token = url.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let told = json!({ "token": token, "name": "Mới", "password": password }).to_string();
        world.ask("POST", "/api/v1/invitations/accept", &[], told).await
    };
    // With a channel, the link goes out by mail; the one before no longer works.
    let channel = json!({ "provider": "smtp", "host": "mail.example", "password": "x" });
    world.write("PUT", "/channels/email", channel).await;
    let again =
        as_staff(&world, &owner, "POST", &format!("/invitations/{id}/resend"), Value::Null).await.json();
    assert_eq!(again["mailed"], true, "{again}");
    let url = again["url"].as_str().unwrap().to_owned();
    assert!(
        POSTED.lock().unwrap().iter().any(|(to, _, text)| to == "moi@shop.example" && text.contains(&url))
    );
    assert_eq!(accept(&first.json()["url"], "mật khẩu mới").await.code(), "link_worn_out");
    assert_eq!(accept(&again["url"], "ngắn").await.code(), "invalid_field");
    assert_eq!(accept(&again["url"], "password123").await.code(), "invalid_field");
    assert_eq!(accept(&again["url"], "mật khẩu mới").await.json()["role"], "marketer");
    assert_eq!(accept(&again["url"], "mật khẩu mới").await.code(), "link_worn_out");
    world.advance_ms(1_000);
    let told = json!({ "email": "ba@shop.example", "role": "support" });
    let late = as_staff(&world, &owner, "POST", "/invitations", told).await.json();
    world.advance_ms(7 * kit::DAY_MS);
    assert_eq!(accept(&late["url"], "mật khẩu mới").await.code(), "link_worn_out");
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let listed = as_staff(&world, &owner, "GET", "/invitations", Value::Null).await.json();
    let states: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["expired", "accepted"]);
    assert!(!listed.to_string().contains("token"), "a link is shown once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_and_reset() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let other_device = sign_in(&world, OWNER.0, OWNER.1).await;
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let put = async |body: Value| as_staff(&world, &owner, "PUT", "/session/password", body).await;
    assert_eq!(put(change("wrong password", "mật khẩu khác")).await.code(), "wrong_credentials");
    assert_eq!(put(change(OWNER.1, "1234567890")).await.code(), "invalid_field");
    let sessions = as_staff(&world, &owner, "GET", "/sessions", Value::Null).await.json();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 2);
    assert_eq!(sessions["items"][0]["network"], "113.161.1.0/24");
    let changed = put(change(OWNER.1, "mật khẩu khác")).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    let here = changed.header("set-cookie").split(';').next().unwrap().to_owned();
    for (cookie, status) in [(&owner, 401), (&other_device, 401), (&here, 200)] {
        let answer = as_staff(&world, cookie, "GET", "/sessions", Value::Null).await;
        assert_eq!(answer.status.as_u16(), status);
    }
    // A session is revoked by its id.
    let lost = sign_in(&world, OWNER.0, "mật khẩu khác").await;
    let sessions = as_staff(&world, &here, "GET", "/sessions", Value::Null).await.json();
    let sessions = sessions["items"].as_array().unwrap().clone();
    let id = sessions.iter().find(|session| session["is_current"] == false).unwrap()["id"].as_str().unwrap();
    assert_eq!(as_staff(&world, &here, "DELETE", &format!("/sessions/{id}"), Value::Null).await.status, 204);
    assert_eq!(as_staff(&world, &lost, "GET", "/sessions", Value::Null).await.status, 401);
    // An admin's link sets a new password once.
    let marketer = join(&world, &here, "m@shop.example", "marketer").await;
    let users = as_staff(&world, &here, "GET", "/users", Value::Null).await.json();
    let users = users["items"].as_array().unwrap().clone();
    let id = users.iter().find(|user| user["email"] == "m@shop.example").unwrap()["id"].as_str().unwrap();
    let link =
        as_staff(&world, &here, "POST", &format!("/users/{id}/reset-password"), Value::Null).await.json();
    let token = link["url"].as_str().unwrap().rsplit('/').next().unwrap();
    let told = json!({ "token": token, "password": "mật khẩu thứ ba" }).to_string();
    let answer = world.ask("POST", "/api/v1/password-resets/confirm", &[], told.clone()).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(world.ask("POST", "/api/v1/password-resets/confirm", &[], told).await.code(), "link_worn_out");
    assert_eq!(as_staff(&world, &marketer, "GET", "/status", Value::Null).await.status, 401);
    sign_in(&world, "m@shop.example", "mật khẩu thứ ba").await;
    // A key has no account of its own.
    world.refused("GET", "/sessions", Value::Null, 403, "session_needed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_stands_in_the_log() {
    let world = World::new();
    let wrong = json!({ "email": OWNER.0, "password": "wrong password" }).to_string();
    world.ask("POST", "/api/v1/session", &[], wrong).await;
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    as_staff(&world, &owner, "PATCH", "/settings", json!({ "body_retention_days": 30 })).await;
    let id = world.customer("an").await;
    world.write("PATCH", &format!("/profiles/{id}"), json!({ "add_tags": ["vip"] })).await;
    world.write("POST", "/suppressions", json!({ "channel": "email", "address": "chan@mail.example" })).await;
    world.call("DELETE", "/suppressions/email/chan@mail.example", Value::Null).await;
    world.get(&format!("/profiles/{id}")).await;
    let exported = world.call("GET", &format!("/profiles/{id}/export"), Value::Null).await;
    assert_eq!(exported.status, 200);
    world.refused("PATCH", "/settings", json!({ "language": "xx" }), 422, "invalid_settings").await;
    let log = as_staff(&world, &owner, "GET", "/audit", Value::Null).await;
    assert_eq!(log.status, 200, "{}", log.text);
    assert!(!log.text.contains("mail.example") && !log.text.contains("Nguyễn"), "{}", log.text);
    let entries = log.json()["items"].as_array().unwrap().clone();
    let brief: Vec<(&str, &str)> = entries
        .iter()
        .rev()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["object"].as_str().unwrap()))
        .collect();
    assert_eq!(brief[0], ("sign_in_failed", "users/owner"));
    assert_eq!(brief[1], ("sign_in", "users/owner"));
    assert_eq!(brief[2], ("PATCH /settings", "settings"));
    for action in ["POST /profiles", "PATCH /profiles/{id}", "GET /profiles/{id}/export"] {
        assert!(brief.iter().any(|(found, _)| *found == action), "{action} in {brief:?}");
    }
    assert!(brief.contains(&("PATCH /profiles/{id}", &format!("profiles/{id}"))));
    assert!(!brief.iter().any(|(action, _)| *action == "GET /profiles/{id}"), "reading is not logged");
    let settings = entries.iter().find(|entry| entry["action"] == "PATCH /settings").unwrap();
    assert_eq!(settings["detail"], json!({ "body_retention_days": { "before": 60, "after": 30 } }));
    assert_eq!(
        [&settings["actor"], &settings["actor_name"], &settings["role"], &settings["ip"]],
        ["account:owner", "Hạnh", "owner", "113.161.1.0/24"]
    );
    let of_key = as_staff(&world, &owner, "GET", "/audit?action=POST%20/profiles", Value::Null).await.json();
    assert_eq!(of_key["items"].as_array().unwrap().len(), 1);
    assert!(of_key["items"][0]["actor"].as_str().unwrap().starts_with("key:"));
    let page =
        as_staff(&world, &owner, "GET", "/audit?limit=2&actor=account:owner", Value::Null).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
}
