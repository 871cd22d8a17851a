//! One's own account, the second factor, the links in letters to staff, and further workspaces.

use crate::staff::{as_staff, join, sign_in};
use crate::world::{Answer, ORIGIN, OWNER, World};
use kit::Clock;
use ring::hmac;
use serde_json::{Value, json};

/// What an authenticator app shows for a secret in base 32, `ahead` steps from now.
fn code(world: &World, secret: &str, ahead: i64) -> String {
    let mut bits = String::new();
    for letter in secret.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
        bits.push_str(&format!("{value:05b}"));
    }
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|eight| u8::from_str_radix(std::str::from_utf8(eight).unwrap(), 2).unwrap())
        .collect();
    let step = world.clock.now().ms() / 30_000 + ahead;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

async fn try_to_sign_in(world: &World, email: &str, password: &str, more: Value) -> Answer {
    let mut told = json!({ "email": email, "password": password });
    told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.ask("POST", "/api/v1/session", &[], told.to_string()).await
}

/// Turns the second factor on; answers its secret and its recovery codes.
async fn secure(world: &World, cookie: &str, password: &str) -> (String, Vec<String>) {
    let told = json!({ "password": password });
    let begun = as_staff(world, cookie, "POST", "/account/second-factor", told).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    let told = json!({ "code": code(world, &secret, 0) });
    let on = as_staff(world, cookie, "POST", "/account/second-factor/confirm", told).await;
    assert_eq!(on.status, 200, "{}", on.text);
    let codes = on.json()["recovery_codes"].as_array().unwrap().clone();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_and_each_code_works_once() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let own =
        async |method: &str, path: &str, body: Value| as_staff(&world, &owner, method, path, body).await;
    assert_eq!(own("GET", "/account", Value::Null).await.json()["second_factor_since"], Value::Null);
    let refused = own("POST", "/account/second-factor", json!({ "password": "wrong password" })).await;
    assert_eq!(refused.code(), "wrong_credentials");
    assert_eq!(
        own("POST", "/account/second-factor/confirm", json!({ "code": "123456" })).await.code(),
        "second_factor_not_begun"
    );
    let begun = own("POST", "/account/second-factor", json!({ "password": OWNER.1 })).await.json();
    let uri = begun["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Quaylai%3Aowner%40shop.example?secret="), "{uri}");
    assert!(
        begun["qr_path"].as_str().unwrap().starts_with("M0 0h7v1h-7z")
            && begun["qr_size"].as_i64() > Some(20)
    );
    // What was only begun asks for nothing.
    sign_in(&world, OWNER.0, OWNER.1).await;
    let wrong = own("POST", "/account/second-factor/confirm", json!({ "code": "000000" })).await;
    assert_eq!(wrong.code(), "wrong_code");
    let (secret, codes) = secure(&world, &owner, OWNER.1).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(
        own("POST", "/account/second-factor", json!({ "password": OWNER.1 })).await.code(),
        "second_factor_on"
    );
    let account = own("GET", "/account", Value::Null).await.json();
    assert_eq!(
        (&account["recovery_codes_left"], account["second_factor_since"].is_string()),
        (&json!(10), true)
    );
    assert_eq!(own("GET", "/users", Value::Null).await.json()["items"][0]["second_factor"], true);
    // Neither the secret nor a recovery code lies open in the store.
    for (place, value) in world.dump() {
        assert!(!codes.contains(&value) && value != secret, "{place}");
    }

    let enter = async |more: Value| try_to_sign_in(&world, OWNER.0, OWNER.1, more).await;
    let needed = enter(json!({})).await;
    assert_eq!((needed.status.as_u16(), needed.code()), (401, "second_factor_needed".to_owned()));
    assert!(needed.header("set-cookie").is_empty());
    // The code that confirmed it is used up; the next one's turn comes within half a minute.
    assert_eq!(enter(json!({ "code": code(&world, &secret, 0) })).await.code(), "wrong_code");
    let next = code(&world, &secret, 1);
    assert_eq!(enter(json!({ "code": next })).await.status, 200);
    assert_eq!(enter(json!({ "code": next })).await.code(), "wrong_code");
    assert_eq!(enter(json!({ "code": code(&world, &secret, 2) })).await.code(), "wrong_code", "too early");
    world.advance_ms(60_000);
    // Nothing of a wrong password is told by asking for the factor.
    let told = json!({ "code": code(&world, &secret, 0) });
    assert_eq!(
        try_to_sign_in(&world, OWNER.0, "wrong password", told.clone()).await.code(),
        "wrong_credentials"
    );
    assert_eq!(enter(told).await.status, 200);

    // A recovery code, as somebody types it from paper.
    let typed = codes[3].replace('-', " ").to_uppercase();
    assert_eq!(enter(json!({ "recovery_code": typed })).await.status, 200);
    assert_eq!(enter(json!({ "recovery_code": typed })).await.code(), "wrong_code");
    assert_eq!(own("GET", "/account", Value::Null).await.json()["recovery_codes_left"], 9);
    let renewed =
        own("POST", "/account/second-factor/recovery-codes", json!({ "password": OWNER.1 })).await.json();
    assert_eq!(enter(json!({ "recovery_code": codes[4] })).await.code(), "wrong_code");
    let fresh = renewed["recovery_codes"][0].clone();
    assert_eq!(enter(json!({ "recovery_code": fresh })).await.status, 200);

    let log = own("GET", "/audit", Value::Null).await.json();
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in ["second_factor_failed", "recovery_code_used", "POST /account/second-factor/confirm"] {
        assert!(actions.contains(&action), "{action} in {actions:?}");
    }
    assert_eq!(
        own("POST", "/account/second-factor/off", json!({ "password": "wrong" })).await.code(),
        "wrong_credentials"
    );
    assert_eq!(own("POST", "/account/second-factor/off", json!({ "password": OWNER.1 })).await.status, 204);
    sign_in(&world, OWNER.0, OWNER.1).await;
    // A key has no account.
    world.refused("GET", "/account", Value::Null, 403, "session_needed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_of_a_code_are_few() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let (secret, _) = secure(&world, &owner, OWNER.1).await;
    world.advance_ms(60_000);
    for _ in 0..6 {
        let answer = try_to_sign_in(&world, OWNER.0, OWNER.1, json!({ "code": "000000" })).await;
        assert_eq!(answer.code(), "wrong_code");
    }
    let right = json!({ "code": code(&world, &secret, 0) });
    let late = try_to_sign_in(&world, OWNER.0, OWNER.1, right).await;
    assert_eq!((late.status.as_u16(), late.code()), (429, "too_many_requests".to_owned()));
    assert!(!late.header("retry-after").is_empty());
    world.advance_ms(11 * 60_000);
    let right = json!({ "code": code(&world, &secret, 0) });
    assert_eq!(try_to_sign_in(&world, OWNER.0, OWNER.1, right).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_second_factor_is_reset_by_who_manages_the_account_everywhere() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let admin = join(&world, &owner, "admin@shop.example", "admin").await;
    let marketer = join(&world, &owner, "m@shop.example", "marketer").await;
    secure(&world, &marketer, "mật khẩu marketer").await;
    secure(&world, &owner, OWNER.1).await;
    let users = as_staff(&world, &owner, "GET", "/users", Value::Null).await.json();
    let id_of = |email: &str| {
        let found = users["items"].as_array().unwrap().iter().find(|user| user["email"] == email).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let reset = async |cookie: &str, email: &str| {
        as_staff(&world, cookie, "DELETE", &format!("/users/{}/second-factor", id_of(email)), Value::Null)
            .await
    };
    assert_eq!(reset(&marketer, "m@shop.example").await.code(), "role_lacks_permission");
    assert_eq!(reset(&admin, OWNER.0).await.code(), "owners_only");
    assert_eq!(reset(&owner, OWNER.0).await.code(), "own_second_factor");
    assert_eq!(reset(&admin, "m@shop.example").await.status, 204);
    assert_eq!(as_staff(&world, &marketer, "GET", "/account", Value::Null).await.status, 401, "signed out");
    let marketer = sign_in(&world, "m@shop.example", "mật khẩu marketer").await;

    // Somebody who owns a shop of their own is not opened by who employs them in another.
    let told = json!({ "email": "admin@shop.example", "role": "owner" });
    let made =
        as_staff(&world, &owner, "POST", "/workspaces", json!({ "slug": "ao-cuoi", "name": "Áo cưới" }))
            .await;
    assert_eq!(made.status, 201, "{}", made.text);
    as_staff(&world, &owner, "PUT", "/session", json!({ "workspace": "ao-cuoi" })).await;
    let link = as_staff(&world, &owner, "POST", "/invitations", told).await.json();
    let token = link["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let accepted = json!({ "token": token, "password": "mật khẩu admin" }).to_string();
    let answer = world.ask("POST", "/api/v1/invitations/accept", &[], accepted).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let boss = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let told = json!({ "email": "m@shop.example", "role": "marketer" });
    let link = as_staff(&world, &boss, "POST", "/invitations", told).await.json();
    let token = link["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let accepted = json!({ "token": token, "password": "mật khẩu marketer" }).to_string();
    assert_eq!(world.ask("POST", "/api/v1/invitations/accept", &[], accepted).await.status, 200);
    // The admin of the first shop owns the second: manages the marketer in both.
    let id = id_of("m@shop.example");
    let path = format!("/users/{id}/reset-password");
    assert_eq!(as_staff(&world, &boss, "POST", &path, Value::Null).await.status, 200);
    // But not the owner of the first one, whom they manage in the second only.
    let path = format!("/users/{}/reset-password", id_of(OWNER.0));
    assert_eq!(as_staff(&world, &boss, "POST", &path, Value::Null).await.code(), "shared_account");
    assert_eq!(reset(&boss, OWNER.0).await.code(), "shared_account");
    drop(marketer);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_does_not_go_round_a_second_factor() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    as_staff(&world, &owner, "POST", "/workspaces", json!({ "slug": "hai", "name": "Hai" })).await;
    let guest = join(&world, &owner, "khach@shop.example", "analyst").await;
    let (secret, _) = secure(&world, &guest, "mật khẩu analyst").await;
    as_staff(&world, &owner, "PUT", "/session", json!({ "workspace": "hai" })).await;
    let told = json!({ "email": "khach@shop.example", "role": "admin" });
    let link = as_staff(&world, &owner, "POST", "/invitations", told).await.json();
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{ORIGIN}/app/invitation/")), "{url}");
    let token = url.rsplit('/').next().unwrap();
    let look = async |token: &str| {
        world.ask("POST", "/api/v1/invitations/look", &[], json!({ "token": token }).to_string()).await
    };
    let seen = look(token).await.json();
    assert_eq!(
        [&seen["shop"], &seen["email"], &seen["role"], &seen["is_known"]],
        [&json!("Hai"), &json!("khach@shop.example"), &json!("admin"), &json!(true)]
    );
    assert_eq!(look("wrong").await.code(), "link_worn_out");
    let accept = async |more: Value| {
        let mut told = json!({ "token": token, "password": "mật khẩu analyst" });
        told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.ask("POST", "/api/v1/invitations/accept", &[], told.to_string()).await
    };
    assert_eq!(accept(json!({})).await.code(), "second_factor_needed");
    assert_eq!(accept(json!({ "code": "000000" })).await.code(), "wrong_code");
    world.advance_ms(30_000);
    assert_eq!(accept(json!({ "code": code(&world, &secret, 0) })).await.status, 200);
    assert_eq!(look(token).await.code(), "link_worn_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_changes_their_name_and_language() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let change = async |body: Value| as_staff(&world, &owner, "PATCH", "/account", body).await;
    let changed = change(json!({ "name": " Chị Hạnh ", "language": "en" })).await.json();
    assert_eq!((&changed["name"], &changed["language"]), (&json!("Chị Hạnh"), &json!("en")));
    assert_eq!(as_staff(&world, &owner, "GET", "/session", Value::Null).await.json()["language"], "en");
    assert_eq!(change(json!({ "language": "fr" })).await.code(), "invalid_field");
    assert_eq!(change(json!({ "name": "a\nb" })).await.code(), "invalid_field");
    assert_eq!(change(json!({ "language": "" })).await.json()["language"], Value::Null);
    let door = world.ask("GET", "/api/v1/session/door", &[], "").await.json();
    assert_eq!(door["demo"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_new_password_is_looked_at_before_it_is_used() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let id = as_staff(&world, &owner, "GET", "/account", Value::Null).await.json()["id"].clone();
    let path = format!("/users/{}/reset-password", id.as_str().unwrap());
    let link = as_staff(&world, &owner, "POST", &path, Value::Null).await.json();
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{ORIGIN}/app/new-password/")), "{url}");
    let token = url.rsplit('/').next().unwrap();
    let look = async |token: &str| {
        world.ask("POST", "/api/v1/password-resets/look", &[], json!({ "token": token }).to_string()).await
    };
    assert_eq!(look(token).await.status, 204);
    assert_eq!(look(token).await.status, 204, "looking does not use it");
    assert_eq!(look("wrong").await.code(), "link_worn_out");
    world.advance_ms(kit::DAY_MS);
    assert_eq!(look(token).await.code(), "link_worn_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shop_is_opened_and_served_like_the_first() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    let admin = join(&world, &owner, "admin@shop.example", "admin").await;
    let wanted = json!({
        "slug": "ao-cuoi", "name": "Áo cưới Hạnh", "language": "en", "time_zone": "Europe/London", "currency": "GBP",
    });
    let make = async |cookie: &str, body: Value| as_staff(&world, cookie, "POST", "/workspaces", body).await;
    assert_eq!(make(&admin, wanted.clone()).await.code(), "role_lacks_permission");
    world.refused("POST", "/workspaces", wanted.clone(), 403, "session_needed").await;
    for (field, value) in [
        ("slug", "Áo"),
        ("slug", "-a"),
        ("slug", "a"),
        ("name", " "),
        ("currency", "đồng"),
        ("time_zone", "Hà Nội"),
        ("language", "fr"),
    ] {
        let mut wrong = wanted.clone();
        wrong[field] = json!(value);
        let answer = make(&owner, wrong).await;
        assert_eq!(
            (answer.code(), &answer.json()["problems"][0]["field"]),
            ("invalid_field".into(), &json!(field))
        );
    }
    let made = make(&owner, wanted.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(make(&owner, wanted).await.code(), "slug_taken");
    let session = as_staff(&world, &owner, "PUT", "/session", json!({ "workspace": "ao-cuoi" })).await.json();
    assert_eq!((&session["workspace"], &session["role"]), (&json!("ao-cuoi"), &json!("owner")));
    let settings = as_staff(&world, &owner, "GET", "/settings", Value::Null).await.json();
    assert_eq!(
        [&settings["currency"], &settings["time_zone"], &settings["language"], &settings["shop"]["name"]],
        ["GBP", "Europe/London", "en", "Áo cưới Hạnh"]
    );
    // The engine that ran before it was made takes in what its clients tell.
    let key =
        as_staff(&world, &owner, "POST", "/keys", json!({ "kind": "write", "name": "web" })).await.json();
    let basic = crate::world::basic(key["key"].as_str().unwrap());
    let told = json!({ "userId": "an", "traits": { "email": "an@mail.example" } }).to_string();
    let head = [("authorization", &*basic), ("content-type", "application/json")];
    assert_eq!(world.ask("POST", "/v1/identify", &head, told).await.status, 200);
    let note = json!({ "items": [{ "product_id": "settle" }] });
    assert_eq!(as_staff(&world, &owner, "PUT", "/products", note).await.status, 200);
    let people = as_staff(&world, &owner, "GET", "/profiles", Value::Null).await.json();
    assert_eq!(people["items"].as_array().unwrap().len(), 1, "{people}");
    assert_eq!(world.get("/profiles").await["items"], json!([]), "the first shop sees nothing of it");
    let rename = async |slug: &str| {
        let path = format!("/workspaces/{slug}");
        as_staff(&world, &owner, "PATCH", &path, json!({ "name": "Cưới" })).await
    };
    assert_eq!(rename("shop1").await.code(), "not_found", "not the one that is worked in");
    assert_eq!(rename("ao-cuoi").await.json()["name"], "Cưới");
    let session = as_staff(&world, &owner, "GET", "/session", Value::Null).await.json();
    assert_eq!(session["workspaces"][1]["name"], "Cưới");
    let log = as_staff(&world, &owner, "GET", "/audit?action=workspace_created", Value::Null).await.json();
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_narrowed_to_a_kind_of_thing() {
    let world = World::new();
    let owner = sign_in(&world, OWNER.0, OWNER.1).await;
    as_staff(&world, &owner, "PATCH", "/settings", json!({ "body_retention_days": 30 })).await;
    let id = world.customer("an").await;
    world.write("PATCH", &format!("/profiles/{id}"), json!({ "add_tags": ["vip"] })).await;
    let objects = async |query: &str| {
        let log = as_staff(&world, &owner, "GET", &format!("/audit?{query}"), Value::Null).await.json();
        let of = |entry: &Value| entry["object"].as_str().unwrap().to_owned();
        log["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(objects("kind=settings").await, ["settings"]);
    assert!(objects("kind=profiles").await.iter().all(|object| object.starts_with("profiles")));
    assert!(!objects("kind=profiles").await.is_empty() && objects("kind=prof").await.is_empty());
    assert_eq!(objects("kind=users&actor=account:owner").await, ["users/owner"]);
    assert_eq!(objects("kind=settings&actor=key:none").await, Vec::<String>::new());
}
