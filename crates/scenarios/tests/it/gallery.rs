//! Every message of the gallery, in both languages, for somebody of whom all is known and somebody of whom nothing is.

#![expect(clippy::unwrap_used, reason = "a piece that cannot be read fails its test")]

use domain::sms;
use domain::template::blocks::{Brand, Document};
use domain::template::design::{Design, Push, Zns};
use domain::template::lint::{GMAIL_BYTES_MAX, Letter, lint};
use domain::template::{Body, RenderOptions, TemplateSource};
use scenarios::Language;
use scenarios::gallery::{Piece, gallery};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn source(piece: &Piece, language: Language) -> TemplateSource {
    let template = piece.template(language);
    let word = |name: &str| template[name].as_str().unwrap_or_default().to_owned();
    let body = &template["body"]["source"];
    let design = match template["body"]["kind"].as_str() {
        Some("blocks") => {
            Design::Blocks(Document::read(body).unwrap_or_else(|found| panic!("{}: {found:?}", piece.id)))
        }
        Some("push") => Design::Push(serde_json::from_value::<Push>(body.clone()).unwrap()),
        Some("zns") => Design::Zns(serde_json::from_value::<Zns>(body.clone()).unwrap()),
        _ => {
            let body = Body::Text(body.as_str().unwrap().to_owned());
            return TemplateSource { subject: word("subject"), preheader: String::new(), body, text: None };
        }
    };
    let is_marketing = piece.purpose == "marketing";
    design.source(&word("subject"), &word("preheader"), None, &Brand::default(), is_marketing)
}

fn contexts(language: Language) -> [Value; 2] {
    let shop = json!({
        "base_url": "https://mail.shop.vn",
        "shop": { "name": "Nhà Tre", "url": "https://shop.vn", "address": "1 Hàng Bài, Hà Nội", "currency": "VND", "timezone": "Asia/Ho_Chi_Minh" },
        "customer": { "orders": { "count": 0 } },
        "unsubscribe_url": "https://mail.shop.vn/e/u/x", "preferences_url": "https://mail.shop.vn/e/p/x",
        "view_url": "https://mail.shop.vn/e/v/x",
    });
    let mut full = shop.clone();
    for (name, value) in scenarios::sample::context(language, "https://shop.vn").as_object().unwrap() {
        full[name] = value.clone();
    }
    [full, shop]
}

#[test]
fn the_gallery_holds_enough() {
    let all = gallery();
    let ids: BTreeSet<&str> = all.iter().map(|piece| piece.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "an id stands twice");
    let letters = all.iter().filter(|piece| piece.channel == "email").count();
    assert!(letters >= 24, "{letters} e-mails");
    let groups: BTreeSet<&str> = all.iter().map(|piece| piece.group).collect();
    assert_eq!(groups.len(), 8, "a file cannot be read: {groups:?}");
}

#[test]
fn every_piece_is_whole_for_everybody() {
    for piece in gallery() {
        for language in Language::ALL {
            let source = source(piece, language);
            let compiled =
                source.compile().unwrap_or_else(|found| panic!("{} {language}: {found:?}", piece.id));
            for context in contexts(language) {
                let rendered = compiled
                    .render(&context, &RenderOptions::default())
                    .unwrap_or_else(|error| panic!("{} {language}: {error}", piece.id));
                let Some(html) = rendered.html else { continue };
                assert!(html.len() < GMAIL_BYTES_MAX, "{}: {} bytes", piece.id, html.len());
                let found = lint(&Letter {
                    subject: &rendered.subject,
                    preheader: &rendered.preheader,
                    html: &html,
                    is_marketing: piece.purpose == "marketing",
                    has_unsubscribe: compiled.uses_unsubscribe_link(),
                    has_address: true,
                });
                assert_eq!(found, [], "{} {language}", piece.id);
            }
        }
    }
}

#[test]
fn text_messages_stay_within_two_parts_of_seven_bits() {
    for piece in gallery().iter().filter(|piece| piece.channel == "sms") {
        for language in Language::ALL {
            for context in contexts(language) {
                let text =
                    source(piece, language).compile().unwrap().render(&context, &RenderOptions::default());
                let dressed =
                    sms::dressed(&text.unwrap().text, piece.purpose == "marketing", "TC: soan TC gui 8xxx");
                let measured = sms::measure(&dressed);
                assert_eq!(measured.alphabet, sms::Alphabet::Gsm7, "{}: {dressed}", piece.id);
                assert!(measured.parts <= 2, "{}: {dressed}", piece.id);
            }
        }
    }
}
