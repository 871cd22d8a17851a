//! Blocks, drafts, versions, the gallery, the brand, and the library of pictures.

use crate::world::World;
use serde_json::{Value, json};

fn blocks(title: &str) -> Value {
    json!({
        "name": "Thư chào", "subject": "Chào {{ customer.name | default: 'bạn' }}, quà đây", "preheader": "Một món quà nhỏ cho đơn đầu tiên của bạn",
        "body": { "kind": "blocks", "source": { "language": "vi", "blocks": [
            { "id": "logo", "type": "logo", "props": {} },
            { "id": "a", "type": "heading", "props": { "text": title, "level": 1 } },
            { "id": "b", "type": "text", "props": { "html": "<p>Chào bạn, chúc một ngày vui.</p>" } },
            { "id": "c", "type": "button", "props": { "label": "Mua ngay hôm nay", "url": "https://shop.vn/" } },
            { "id": "footer", "type": "footer", "props": {} },
        ] } },
    })
}

fn png(width: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(2u32.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

impl World {
    async fn bring(&self, query: &str, bytes: Vec<u8>) -> crate::world::Answer {
        let key = format!("Bearer {}", self.keys.secret);
        let told = [("authorization", &*key), ("content-type", "application/octet-stream")];
        self.ask("POST", &format!("/api/v1/media{query}"), &told, bytes).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_blocks_is_kept_as_blocks_and_sent_as_html() {
    let world = World::new();
    let made = world.write("PUT", "/templates/hello", blocks("Xin chào <b>")).await;
    assert_eq!((&made["kind"], &made["body"]["kind"]), (&json!("blocks"), &json!("blocks")));
    assert_eq!(made["body"]["source"]["blocks"][1]["props"]["text"], "Xin chào <b>");
    let listed = world.get("/templates?channel=email&search=thu+chao").await;
    assert_eq!(listed["items"][0]["kind"], "blocks");
    assert_eq!(listed["items"][0]["subject"], made["subject"]);
    assert!(world.get("/templates?channel=sms").await["items"].as_array().unwrap().is_empty());

    let shown = world.write("POST", "/templates/hello/preview", json!({ "sample": "full" })).await;
    let html = shown["html"].as_str().unwrap();
    assert!(html.contains("Xin chào &lt;b&gt;") && html.contains("Hủy đăng ký"));
    assert_eq!(shown["subject"], "Chào Nguyễn Thị Lan, quà đây");
    assert!(shown["mjml"].as_str().unwrap().starts_with("<mjml"));
    assert_eq!(shown["missing"], json!([]));
    let nobody = world.write("POST", "/templates/hello/preview", json!({ "sample": "empty" })).await;
    assert_eq!(nobody["subject"], "Chào bạn, quà đây");
    let person = world.customer("an").await;
    let theirs = world.write("POST", "/templates/hello/preview", json!({ "profile_id": person })).await;
    assert_eq!(theirs["subject"], "Chào Nguyễn Văn An, quà đây");
    world
        .refused("POST", "/templates/hello/preview", json!({ "sample": "some" }), 422, "invalid_field")
        .await;

    let mut wrong = blocks("x");
    wrong["body"]["source"]["blocks"][3]["props"]["url"] = json!("javascript:alert(1)");
    let problem = world.refused("PUT", "/templates/hello", wrong, 422, "invalid_template").await;
    assert_eq!(problem["problems"][0]["block"], "c");
    let mut other = blocks("x");
    other["channel"] = json!("sms");
    world.refused("PUT", "/templates/short", other, 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_are_kept_beside_what_is_in_force() {
    let world = World::new();
    world.write("PUT", "/templates/hello", blocks("Một")).await;
    world.refused("GET", "/templates/hello/draft", Value::Null, 404, "not_found").await;
    let draft = json!({ "base_version": 1, "template": { "subject": "{{ not whole" } });
    world.write("PUT", "/templates/hello/draft", draft).await;
    assert_eq!(world.get("/templates/hello/draft").await["template"]["subject"], "{{ not whole");
    assert_eq!(world.get("/templates").await["items"][0]["has_draft"], true);
    world
        .refused(
            "PUT",
            "/templates/none/draft",
            json!({ "base_version": 0, "template": {} }),
            404,
            "not_found",
        )
        .await;
    world.write("PUT", "/templates/hello", blocks("Hai")).await;
    world.refused("GET", "/templates/hello/draft", Value::Null, 404, "not_found").await;
    let versions = world.get("/templates/hello/versions").await;
    let numbers: Vec<_> =
        versions["items"].as_array().unwrap().iter().map(|row| row["version"].clone()).collect();
    assert_eq!(numbers, [2, 1]);
    let first = world.get("/templates/hello/versions/1").await;
    assert_eq!(first["body"]["source"]["blocks"][1]["props"]["text"], "Một");
    world.refused("GET", "/templates/hello/versions/9", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_in_use_is_not_deleted() {
    let world = World::new();
    world.write("PUT", "/templates/hello", blocks("Một")).await;
    world.write("PUT", "/templates/other", blocks("Hai")).await;
    let journey = json!({
        "schema": 1, "name": "Chào", "start": "a", "trigger": { "type": "event", "event": "Signed Up" },
        "nodes": { "a": { "type": "send", "channel": "email", "template": "hello", "next": null } },
    });
    let made = world.call("PUT", "/journeys/j", journey).await;
    assert!(made.status.is_success(), "{}", made.text);
    assert_eq!(world.get("/templates/hello/uses").await["items"][0]["id"], made.json()["id"]);
    world.refused("DELETE", "/templates/hello", Value::Null, 409, "template_in_use").await;
    assert_eq!(world.call("DELETE", "/templates/other", Value::Null).await.status, 204);
    world.refused("GET", "/templates/other", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_and_costs_are_told() {
    let world = World::new();
    let mut letter = blocks("Một");
    letter["subject"] = json!("GIẢM GIÁ SỐC HÔM NAY");
    letter["preheader"] = json!("");
    let told = world.write("POST", "/templates/lint", json!({ "template": letter })).await;
    let codes: Vec<_> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        codes.contains(&"subject_capitals".into()) && codes.contains(&"preheader_missing".into()),
        "{codes:?}"
    );
    let mut strict = blocks("Một");
    strict["subject"] = json!("Điểm của bạn: {{ customer.points }}");
    let told = world.write("POST", "/templates/lint", json!({ "template": strict })).await;
    assert_eq!(told["missing"], json!(["customer.points"]));

    let texting = json!({ "sms_part_price": 800, "zns_price": 300, "sms_opt_out": "TC: soan TC gui 8xxx" });
    world.write("PUT", "/brand", json!({ "texting": texting })).await;
    let sms = json!({ "channel": "sms", "body": { "text": "Giảm giá 20% hôm nay" } });
    let told = world.write("POST", "/templates/preview", json!({ "template": &sms, "sample": "full" })).await;
    let (written, plain) = (&told["sms"]["written"], &told["sms"]["plain"]);
    assert_eq!(written["text"], "[QC] Giảm giá 20% hôm nay. TC: soan TC gui 8xxx");
    assert_eq!((&written["alphabet"], &plain["alphabet"]), (&json!("ucs2"), &json!("gsm7")));
    assert_eq!((&written["parts"], &written["price"]), (&json!(1), &json!(800)));

    let zns = json!({ "channel": "zalo", "purpose": "transactional", "body": { "kind": "zns", "source": {
        "template_id": "7895417a7d3f9461cd2e", "title": "Đơn <order_code>", "paragraphs": ["Chào <customer_name>"],
        "params": { "order_code": "{{ order.number | default: '-' }}", "customer_name": "{{ customer.name }}" } } } });
    let told = world.write("POST", "/templates/preview", json!({ "template": zns, "sample": "full" })).await;
    assert_eq!(told["text"], "Đơn SO-1024\nChào Nguyễn Thị Lan");
    assert_eq!(told["zns"]["params"][1]["max"], 30);
    assert_eq!(told["zns"]["price"], 300);

    let mut table = world.get("/brand").await["texting"].clone();
    assert_eq!((&table["sms_marks"], &table["prices"]["sms"]["care"]["any"]), (&json!("keep"), &json!(0)));
    table["prices"]["sms"]["advertising"]["any"] = json!(390);
    table["prices"]["zns"]["transaction"] = json!(200);
    table["sms_parts_max"]["advertising"] = json!(2);
    table["sms_marks"] = json!("strip");
    let kept = world.write("PUT", "/brand", json!({ "texting": table })).await;
    assert_eq!(kept["texting"], table);
    // Who does not know the newer fields leaves them as they are.
    let kept = world.write("PUT", "/brand", json!({ "texting": texting })).await;
    assert_eq!(kept["texting"], table);
    let told = world.write("POST", "/templates/preview", json!({ "template": sms, "sample": "full" })).await;
    assert_eq!((&told["sms"]["written"]["price"], &told["sms"]["parts_max"]), (&json!(390), &json!(2)));
    let told = world.write("POST", "/templates/preview", json!({ "template": zns, "sample": "full" })).await;
    assert_eq!(told["zns"]["price"], 200);
    // A template has its own word on marks.
    assert_eq!(told["sms"], json!(null));
    let mut own = sms.clone();
    let shown = async |template: &serde_json::Value| {
        let told = world
            .write("POST", "/templates/preview", json!({ "template": template, "sample": "full" }))
            .await;
        told["sms"]["marks"].clone()
    };
    assert_eq!(shown(&own).await, "strip", "as the settings say");
    own["sms_marks"] = json!("keep");
    assert_eq!(shown(&own).await, "keep");
    own["name"] = json!("Giảm giá");
    world.write("PUT", "/templates/giam-gia", own.clone()).await;
    assert_eq!(world.get("/templates/giam-gia").await["sms_marks"], "keep");
    own["sms_marks"] = json!("drop");
    world.refused("PUT", "/templates/giam-gia", own.clone(), 422, "invalid_field").await;
    own["channel"] = json!("push");
    own["sms_marks"] = json!("keep");
    world.refused("PUT", "/templates/giam-gia-2", own, 422, "invalid_field").await;
    for (pointer, wrong) in [
        ("/sms_marks", json!("drop")),
        ("/sms_parts_max/care", json!(9)),
        ("/prices/email_per_thousand", json!(-1)),
    ] {
        let mut bad = table.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        let code = if pointer == "/sms_marks" { "invalid_field" } else { "invalid_settings" };
        world.refused("PUT", "/brand", json!({ "texting": bad }), 422, code).await;
    }
    let push = json!({ "channel": "push", "body": { "kind": "push", "source": { "title": "Chào", "body": "x", "actions": [{}, {}, {}] } } });
    world.refused("PUT", "/templates/p", push, 422, "invalid_field").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brand_reaches_templates_that_are_there() {
    let world = World::new();
    world.write("PUT", "/templates/hello", blocks("Một")).await;
    let mut brand = world.get("/brand").await["brand"].clone();
    brand["primary"] = json!("#C02030");
    brand["legal_name"] = json!("Công ty Nắng & Gió");
    let kept = world.write("PUT", "/brand", json!({ "brand": brand })).await;
    assert_eq!((&kept["brand"]["primary"], &kept["templates"]), (&json!("#C02030"), &json!(1)));
    assert_eq!(world.get("/templates/hello").await["version"], 1);
    world.write("PUT", "/brand", json!({ "apply": true })).await;
    assert_eq!(world.get("/templates/hello").await["version"], 2);
    let html =
        world.write("POST", "/templates/hello/preview", json!({ "sample": "full" })).await["html"].clone();
    assert!(html.as_str().unwrap().contains("#C02030") && html.as_str().unwrap().contains("Nắng &amp; Gió"));
    world.write("PUT", "/brand", json!({ "apply": true })).await;
    assert_eq!(world.get("/templates/hello").await["version"], 2, "the same again is no version");
    brand["primary"] = json!("red");
    world.refused("PUT", "/brand", json!({ "brand": brand }), 422, "invalid_settings").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gallery_makes_templates() {
    let world = World::new();
    let all = world.get("/template-gallery?language=en").await["items"].as_array().unwrap().clone();
    assert!(all.len() >= 30, "{}", all.len());
    let letter = all.iter().find(|one| one["id"] == "cart-1").unwrap();
    assert_eq!((&letter["channel"], &letter["group"]), (&json!("email"), &json!("cart")));
    let whole = world.get("/template-gallery/cart-1?language=vi").await;
    assert!(whole["preview"]["html"].as_str().unwrap().contains("Áo dài lụa tơ tằm"));
    assert_eq!(whole["preview"]["missing"], json!([]));
    world.write("PUT", "/templates/mine", whole["template"].clone()).await;
    world.refused("GET", "/template-gallery/none", Value::Null, 404, "not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_taken_by_their_bytes_and_served_to_whoever_has_the_address() {
    let world = World::new();
    let made = world.bring("?name=%E1%BA%A2nh+b%C3%ACa.svg&alt=Hoa+mai", png(600)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let media = made.json();
    assert_eq!(
        (&media["kind"], &media["width"], &media["name"]),
        (&json!("image/png"), &json!(600), &json!("Ảnh bìa"))
    );
    let url = media["url"].as_str().unwrap();
    assert!(url.starts_with("/media/") && url.ends_with("/anh-bia.png"));
    let served = world.ask("GET", url, &[], "").await;
    assert_eq!((served.status.as_u16(), served.header("content-type")), (200, "image/png"));
    assert!(served.header("cache-control").contains("immutable"));
    assert_eq!(served.header("x-content-type-options"), "nosniff");
    let again = world.ask("GET", url, &[("if-none-match", served.header("etag"))], "").await;
    assert_eq!(again.status, 304);
    assert_eq!(world.ask("GET", "/media/none/x.png", &[], "").await.status, 404);
    assert_eq!(world.ask("GET", "/media/library/gift.png", &[], "").await.status, 200);
    for (bytes, code) in [
        (b"<svg xmlns='x' onload='alert(1)'/>".to_vec(), "svg_refused"),
        (b"<html><script>".to_vec(), "no_picture"),
        (Vec::new(), "file_empty"),
        (png(60_000), "file_too_large"),
        (png(600)[..20].to_vec(), "picture_damaged"),
    ] {
        let refused = world.bring("?name=a.png", bytes).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (422, code.to_owned()));
    }
    assert_eq!(world.bring("", vec![0; (5 << 20) + 1]).await.status, 413);

    let id = media["id"].as_str().unwrap();
    assert_eq!(world.get("/media?search=hoa").await["items"][0]["id"], id);
    assert!(world.get("/media?search=xyz").await["items"].as_array().unwrap().is_empty());
    let changed = world.write("PATCH", &format!("/media/{id}"), json!({ "name": "Bìa", "alt": "" })).await;
    assert_eq!(changed["name"], "Bìa");
    let mut letter = blocks("Một");
    letter["body"]["source"]["blocks"][2] =
        json!({ "id": "i", "type": "image", "props": { "src": url, "alt": "Hoa" } });
    world.write("PUT", "/templates/hello", letter).await;
    let html =
        world.write("POST", "/templates/hello/preview", json!({ "sample": "full" })).await["html"].clone();
    assert!(html.as_str().unwrap().contains(&format!("{}{url}", crate::world::ORIGIN)));
    assert_eq!(world.get(&format!("/media/{id}")).await["uses"][0]["id"], "hello");
    world.refused("DELETE", &format!("/media/{id}"), Value::Null, 409, "media_in_use").await;
    assert_eq!(world.call("DELETE", &format!("/media/{id}?force=true"), Value::Null).await.status, 204);
    assert_eq!(world.ask("GET", url, &[], "").await.status, 404);
}
