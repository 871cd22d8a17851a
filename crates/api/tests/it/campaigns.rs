//! Campaigns before they go, beside each other, on the calendar and put away; the ledger searched; suppressions.

#![expect(clippy::disallowed_methods, reason = "work of other threads is looked for until a deadline")]

use crate::world::World;
use serde_json::{Value, json};

/// Five people on a list: three who agreed, one who did not, one whose address is on the suppression list.
async fn shop() -> (World, String, Vec<String>) {
    let world = World::new();
    let mut ids = Vec::new();
    for (n, name) in ["Đặng Ánh", "Lê Bình", "Phạm Chi", "Võ Dũng", "Bùi Giang"].into_iter().enumerate()
    {
        let told =
            json!({ "identifiers": [format!("email:k{n}@shop.example")], "attributes": { "name": name } });
        let made = world.write("POST", "/profiles", told).await;
        let id = made["id"].as_str().unwrap().to_owned();
        if n != 3 {
            let consent = json!({ "channel": "email", "granted": true });
            world.write("POST", &format!("/profiles/{id}/consents"), consent).await;
        }
        ids.push(id);
    }
    world
        .write("POST", "/suppressions", json!({ "address": "K4@shop.example", "detail": "đã gọi điện" }))
        .await;
    world.write("POST", "/lists", json!({ "id": "tat-ca", "name": "Tất cả" })).await;
    world.write("POST", "/lists/tat-ca/members", json!({ "add": ids })).await;
    let body = json!({ "mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>Chào</mj-text></mj-column></mj-section></mj-body></mjml>" });
    world.write("PUT", "/templates/hello", json!({ "name": "Chào", "subject": "Chào", "body": body })).await;
    world.settle().await;
    let told = json!({ "name": "Quà Tết", "template": "hello", "audience": { "lists": ["tat-ca"] } });
    let made = world.write("POST", "/campaigns", told).await;
    let id = made["id"].as_str().unwrap().to_owned();
    (world, id, ids)
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_is_counted_with_those_who_can_be_reached() {
    let (world, ..) = shop().await;
    let told = world.write("POST", "/campaigns/reach", json!({ "audience": { "lists": ["tat-ca"] } })).await;
    assert_eq!((&told["named"], &told["audience"], &told["exact"]), (&json!(5), &json!(5), &json!(true)));
    let channel = |name: &str| {
        let found = told["channels"].as_array().unwrap().iter().find(|one| one["channel"] == name).unwrap();
        (found["address"].clone(), found["reachable"].clone())
    };
    assert_eq!((channel("email"), channel("sms")), ((json!(5), json!(3)), (json!(0), json!(0))));
    let email = told["channels"].as_array().unwrap().iter().find(|one| one["channel"] == "email").unwrap();
    let mut refused: Vec<_> =
        email["refused"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    refused.sort_unstable();
    assert_eq!(refused, ["no_consent", "suppressed"]);
    let less = json!({ "audience": { "everybody": true }, "exclude": { "lists": ["tat-ca"] } });
    let told = world.write("POST", "/campaigns/reach", less).await;
    assert_eq!((&told["audience"], &told["excluded"][0]["people"]), (&json!(0), &json!(5)));
    let unknown =
        world.write("POST", "/campaigns/reach", json!({ "audience": { "segments": ["none"] } })).await;
    assert_eq!(unknown["waits_for"], "none");
    let wrong = json!({ "audience": { "cities": [] } });
    world.refused("POST", "/campaigns/reach", wrong, 422, "invalid_campaign").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dates_of_a_schedule_are_told_and_stand_on_the_calendar() {
    let (world, id, _) = shop().await;
    let rule = json!({ "type": "recurring", "every": "week", "weekdays": ["mon", "thu"], "time": "09:00" });
    let told = world.write("POST", "/campaigns/upcoming", json!({ "schedule": rule, "limit": 3 })).await;
    let dates: Vec<_> = told["runs"].as_array().unwrap().iter().map(|run| run["starts_at"].clone()).collect();
    assert_eq!((dates.len(), told["words"].as_str().unwrap()), (3, "thứ Hai và thứ Năm hằng tuần lúc 09:00"));
    let past = json!({ "schedule": { "type": "at", "at": "2020-01-01T09:00:00+07:00" } });
    assert_eq!(world.write("POST", "/campaigns/upcoming", past).await["runs"], json!([]));
    world
        .refused(
            "POST",
            "/campaigns/upcoming",
            json!({ "schedule": rule, "limit": 21 }),
            422,
            "invalid_field",
        )
        .await;

    let mut whole = world.get(&format!("/campaigns/{id}")).await["definition"].clone();
    whole["schedule"] = rule;
    world.write("PUT", &format!("/campaigns/{id}"), whole).await;
    world.write("POST", &format!("/campaigns/{id}/launch"), json!({})).await;
    let range = |from: &str, until: &str| format!("/campaigns/calendar?from={from}&until={until}");
    let first = dates[0].as_str().unwrap().to_owned();
    let calendar = world.get(&range("2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z")).await;
    assert_eq!(calendar["items"][0]["at"], first);
    assert_eq!((&calendar["items"][0]["recurs"], &calendar["cut"]), (&json!(true), &json!(false)));
    let far = range("2026-11-01T00:00:00Z", "2027-12-01T00:00:00Z");
    world.refused("GET", &far, Value::Null, 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_is_taken_back_and_a_campaign_is_put_away() {
    let (world, id, _) = shop().await;
    let at = |deed: &str| format!("/campaigns/{id}/{deed}");
    world.refused("POST", &at("launch?in_seconds=601"), json!({}), 422, "invalid_field").await;
    let launched = world.write("POST", &at("launch?in_seconds=60"), json!({})).await;
    assert_eq!((&launched["state"], &launched["runs"]), (&json!("scheduled"), &json!(0)));
    world.refused("POST", &at("archive"), json!({}), 409, "campaign_state").await;
    assert_eq!(world.write("POST", &at("recall"), json!({})).await["state"], "draft");
    world.advance_ms(120_000);
    world.ring();
    world.settle().await;
    assert_eq!(world.get(&format!("/campaigns/{id}")).await["runs"], 0, "what was taken back does not go");

    assert!(world.write("POST", &at("archive"), json!({})).await["archived_at"].is_string());
    assert!(names(&world.get("/campaigns").await).is_empty());
    assert_eq!(names(&world.get("/campaigns?archived=true").await), ["Quà Tết"]);
    assert!(world.write("POST", &at("restore"), json!({})).await["archived_at"].is_null());
    assert_eq!(names(&world.get("/campaigns?channel=email").await), ["Quà Tết"]);
    assert!(names(&world.get("/campaigns?channel=sms").await).is_empty());
}

/// Until the campaign has decided on everybody.
async fn decided(world: &World, id: &str) {
    for _ in 0..200 {
        world.advance_ms(1_000);
        world.ring();
        world.settle().await;
        let told = world.get(&format!("/campaigns/{id}")).await;
        let counted =
            world.get(&format!("/messages?campaign_id={id}")).await["items"].as_array().unwrap().len();
        if told["progress"]["audience"] == 5 && counted == 5 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nobody was decided on: {}", world.get(&format!("/campaigns/{id}")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_searched_by_everything_it_names() {
    let (mut world, id, ids) = shop().await;
    world.write("POST", &format!("/campaigns/{id}/launch"), json!({})).await;
    decided(&world, &id).await;
    world.deliver();
    let count = async |query: &str| {
        let page = world.get(&format!("/messages?{query}")).await;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!((count("search=dang%20anh").await, count("search=k1%40shop").await), (1, 1));
    assert_eq!((count("search=nobody").await, count(&format!("profile_id={}", ids[2])).await), (0, 1));
    assert_eq!((count("reason=no_consent").await, count("reason=suppressed").await), (1, 1));
    assert_eq!((count("state=refused").await, count("state=refused,sent").await), (2, 5));
    assert_eq!((count("origin=campaign").await, count("origin=journey").await), (5, 0));
    assert_eq!((count("template=hello").await, count("template=none").await), (5, 0));
    assert_eq!((count("channel=email").await, count("channel=sms").await), (5, 0));
    assert_eq!(
        (count("until=2020-01-01T00:00:00Z").await, count("since=2020-01-01T00:00:00Z").await),
        (0, 5)
    );
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let page = world.get(&format!("/messages?campaign_id={id}&limit=2{next}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["id"].clone()));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    seen.dedup();
    assert_eq!(seen.len(), 5, "page by page, everybody once");
    let line = &world.get("/messages?search=dang%20anh").await["items"][0];
    assert_eq!((&line["name"], &line["campaign_name"]), (&json!("Đặng Ánh"), &json!("Quà Tết")));
    assert_eq!((&line["template_name"], &line["subject"]), (&json!("Chào"), &json!("Chào")));
    let whole = world.get(&format!("/messages/{}", line["id"].as_str().unwrap())).await;
    assert_eq!((&whole["name"], &whole["body"]["subject"]), (&json!("Đặng Ánh"), &json!("Chào")));

    let report = world.get(&format!("/campaigns/{id}/report")).await["total"].clone();
    let figures = world.get(&format!("/campaigns/figures?ids={id},none")).await;
    assert_eq!(figures["items"][0]["accepted"], report["accepted"]);
    let people = world.get(&format!("/campaigns/{id}/messages?did=nothing&state=sent")).await;
    assert_eq!(people["items"].as_array().unwrap().len(), 3);
    let domains = world.get(&format!("/campaigns/{id}/domains")).await;
    assert_eq!(
        (&domains["items"][0]["domain"], &domains["items"][0]["accepted"]),
        (&json!("shop.example"), &json!(3))
    );
    world.refused("GET", &format!("/campaigns/{id}/messages?did=x"), Value::Null, 422, "invalid_field").await;
    assert_eq!(world.get("/campaigns/usual?channel=sms").await["campaigns"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn suppressed_addresses_are_searched_counted_and_released_with_a_reason() {
    let (world, _, ids) = shop().await;
    world.write("POST", "/suppressions", json!({ "channel": "sms", "address": "0901234567" })).await;
    let found = async |query: &str| {
        let page = world.get(&format!("/suppressions{query}")).await;
        let of = |one: &Value| one["address"].as_str().unwrap().to_owned();
        page["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["k4@shop.example", "+84901234567"]);
    assert_eq!(found("?channel=sms").await, ["+84901234567"]);
    assert_eq!(found("?search=K4%40").await, ["k4@shop.example"]);
    assert_eq!(found("?search=0901").await, ["+84901234567"]);
    assert_eq!(found("?reason=complaint").await, Vec::<String>::new());
    let row = &world.get("/suppressions?channel=email").await["items"][0];
    assert_eq!((&row["profile_id"], &row["profile_name"]), (&json!(ids[4]), &json!("Bùi Giang")));
    let counts = world.get("/suppressions/counts").await;
    assert_eq!(counts["items"].as_array().unwrap().len(), 2);
    let path = "/suppressions/email/k4@shop.example";
    assert_eq!(world.call("DELETE", &format!("{path}?why=Kh%C3%A1ch%20xin"), Value::Null).await.status, 204);
    assert_eq!(found("?channel=email").await, Vec::<String>::new());
    let logged = world.get("/audit?limit=5").await;
    let why = logged["items"].as_array().unwrap().iter().any(|one| one["detail"]["why"] == "Khách xin");
    assert!(why, "{logged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_to_one_address_or_to_each_of_several() {
    let (world, id, ids) = shop().await;
    let path = format!("/campaigns/{id}/test");
    let test = |to: Value| json!({ "profile_id": ids[3], "to": to });
    let one = world.write("POST", &path, test(json!("Thu@shop.example"))).await;
    assert_eq!((&one["origin"], &one["address"]), (&json!("test"), &json!("thu@shop.example")));
    let seeds = json!(["a@seed.example", "b@seed.example", "A@seed.example"]);
    let several = world.write("POST", &path, test(seeds)).await;
    let told: Vec<_> =
        several["items"].as_array().unwrap().iter().map(|m| (&m["origin"], &m["address"])).collect();
    // Each address once; that the person did not agree, or that an address is suppressed, is not asked.
    assert_eq!(
        told,
        [(&json!("test"), &json!("a@seed.example")), (&json!("test"), &json!("b@seed.example"))]
    );
    let before = world.get("/messages").await["items"].as_array().unwrap().len();
    assert_eq!(before, 3);
    for (to, field) in [
        (json!([]), "to"),
        (json!((0..21).map(|n| format!("s{n}@seed.example")).collect::<Vec<_>>()), "to"),
        (json!(["c@seed.example", "no address"]), "to[1]"),
        (json!("no address"), "to"),
    ] {
        let problem = world.refused("POST", &path, test(to), 422, "invalid_field").await;
        assert!(problem.to_string().contains(&format!("\"{field}\"")), "{field}: {problem}");
    }
    // A list with a wrong address sends nothing at all.
    assert_eq!(world.get("/messages").await["items"].as_array().unwrap().len(), before);
    let most = json!((0..20).map(|n| format!("s{n}@seed.example")).collect::<Vec<_>>());
    assert_eq!(world.write("POST", &path, test(most)).await["items"].as_array().unwrap().len(), 20);
}

/// Does the long work that waits, as the server's thread would.
async fn work(world: &World) -> Value {
    let id = tokio::task::block_in_place(|| {
        let job = world.store.read(|tx| tx.open_jobs()).unwrap().remove(0);
        let id = job.job_id.clone();
        let folder = transfer::work_folder(&world.data(), &id).unwrap();
        let store = std::sync::Arc::clone(&world.store);
        let mut register = transfer::register::RegisterJob::open(store, job, folder.clone()).unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while register.step(crate::world::NOW).unwrap() != transfer::Step::Ended {
            assert!(std::time::Instant::now() < until, "the job does not end");
            world.ring();
            std::thread::yield_now();
        }
        assert!(!folder.join(transfer::register::REGISTER_FILE).exists(), "the file is not kept");
        id
    });
    world.get(&format!("/jobs/{id}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppression_list_is_brought_in_as_a_file() {
    let (world, ..) = shop().await;
    let key = format!("Bearer {}", world.keys.secret);
    let told = [("authorization", &*key), ("content-type", "text/csv")];
    let upload = async |query: &str, file: &str| {
        let path = format!("/api/v1/suppressions/imports{query}");
        world.ask("POST", &path, &told, file.to_owned()).await
    };
    let file =
        "email,why\nK0@shop.example,550 no such user\nk1@shop.example;complaint\nnobody\nk4@shop.example,x\n";
    let answer = upload("?reason=hard_bounce&detail=SendGrid", file).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["kind"]),
        (201, &json!("suppressions")),
        "{}",
        answer.text
    );
    let done = work(&world).await;
    assert_eq!(done["state"], "completed", "{done}");
    let progress = &done["progress"];
    assert_eq!(
        [
            &progress["rows_read"],
            &progress["numbers"],
            &progress["rows_rejected"],
            &progress["rejected_lines"]
        ],
        [&json!(5), &json!(3), &json!(2), &json!([1, 4])]
    );
    let list = world.get("/suppressions").await;
    let row = |address: &str| {
        let found = list["items"].as_array().unwrap().iter().find(|one| one["address"] == address).unwrap();
        (found["reason"].clone(), found["detail"].clone())
    };
    assert_eq!(row("k0@shop.example"), (json!("hard_bounce"), json!("SendGrid")));
    assert_eq!(row("k1@shop.example"), (json!("complaint"), json!("SendGrid")));
    assert_eq!(row("k4@shop.example"), (json!("manual"), json!("đã gọi điện")), "the first reason stays");

    assert_eq!(upload("?channel=sms", "ghi chú\n0901 234 567\n").await.status, 201);
    assert_eq!(work(&world).await["state"], "completed");
    let numbers = world.get("/suppressions?channel=sms").await;
    assert_eq!(numbers["items"][0]["address"], "+84901234567");
    assert_eq!(upload("", "0901234567\n").await.status, 201);
    let failed = work(&world).await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["progress"]["error"].as_str().unwrap().contains("no e-mail address"), "{failed}");
    for (query, file, code) in [
        ("?channel=zalo", "x", "invalid_field"),
        ("?reason=whim", "x", "invalid_field"),
        ("", "", "file_empty"),
    ] {
        assert_eq!(upload(query, file).await.code(), code, "{query}");
    }
    let long = format!("?detail={}", "x".repeat(501));
    assert_eq!(upload(&long, "a@b.vn\n").await.code(), "invalid_field");
    let reading = format!("Bearer {}", world.keys.reading);
    let answer =
        world.ask("POST", "/api/v1/suppressions/imports", &[("authorization", &reading)], "a@b.vn\n").await;
    assert_eq!(answer.status, 403);
}
