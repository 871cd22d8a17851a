use demo::{Template, catalogue, journeys, product_image_svg, templates};
use domain::template::{Body, RenderOptions, TemplateSource};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn compiled(template: &Template) -> domain::template::CompiledTemplate {
    let source = TemplateSource {
        subject: template.subject.clone(),
        preheader: template.preheader.clone(),
        body: Body::Mjml(template.mjml.clone()),
        text: None,
    };
    source.compile().unwrap_or_else(|problems| panic!("{}: {problems:?}", template.name))
}

fn links() -> Value {
    json!({
        "unsubscribe_url": "https://q.example/u", "preferences_url": "https://q.example/p",
        "view_url": "https://q.example/v", "customer": {}, "cart": {}, "order": {},
    })
}

fn item(name: &str, price: i64) -> Value {
    json!({
        "product_id": "ad-001", "name": name, "url": "https://demo.quaylai.example/x", "price": price, "quantity": 2,
        "image_url": "https://demo.quaylai.example/demo/img/ad-001.svg", "line_total": price * 2,
    })
}

#[test]
fn every_template_says_what_it_must_even_to_a_stranger() {
    let all = templates();
    assert_eq!(all.len(), 12);
    let names: BTreeSet<_> = all.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names.len(), all.len());
    for template in &all {
        let compiled = compiled(template);
        assert!(compiled.uses_unsubscribe_link(), "{}", template.name);
        // Nothing is known but the links: every other value needs its default.
        let bare = compiled.render(&links(), &RenderOptions::default()).unwrap();
        let html = bare.html.unwrap();
        for needed in ["https://q.example/u", "https://q.example/p", "https://q.example/v", "Thuận Hóa"] {
            assert!(html.contains(needed), "{} lacks {needed}", template.name);
        }
        assert!(!html.contains("<!-- why") && !html.contains("<!-- content"), "{}", template.name);
        assert!(!bare.subject.is_empty() && bare.subject.chars().count() <= 70, "{}", bare.subject);
        let document = template.document();
        assert!(document["body"]["mjml"].is_string() && document["channel"] == "email");
    }
}

#[test]
fn a_full_context_is_shown() {
    let mut context = links();
    context["customer"] = json!({ "given_name": "Lan" });
    context["cart"] = json!({
        "items": [item("Áo dài lụa tơ tằm Hạ Đỏ", 1_899_000), item("Nón lá bài thơ", 129_000)],
        "total": 4_056_000, "url": "https://demo.quaylai.example/gio-hang/7",
    });
    context["order"] =
        json!({ "id": "1", "number": "NL-7", "items": [item("Khăn lụa", 559_000)], "total": 1_118_000 });
    let check = |key: &str, expect: &[&str]| {
        let template = templates().into_iter().find(|t| t.key == key && t.language == "vi").unwrap();
        let rendered = compiled(&template).render(&context, &RenderOptions::default()).unwrap();
        let shown = format!("{}\n{}", rendered.subject, rendered.html.unwrap());
        for text in expect {
            assert!(shown.contains(text), "{key} lacks {text}");
        }
    };
    check("welcome", &["Chào Lan,", "Lan ơi", "CHAOBAN10"]);
    check(
        "cart_abandoned",
        &["Hạ Đỏ", "Nón lá bài thơ", "1.899.000\u{a0}₫", "4.056.000\u{a0}₫", "/gio-hang/7", "ad-001.svg"],
    );
    check("order_confirmed", &["NL-7", "Khăn lụa", "1.118.000\u{a0}₫"]);
    check("order_shipped", &["NL-7"]);
    check("order_delivered", &["NL-7"]);
}

#[test]
fn every_journey_is_of_the_grammar_and_finds_its_templates() {
    let names: BTreeSet<String> = templates().into_iter().map(|t| t.name).collect();
    let all = journeys();
    assert_eq!(all.len(), 3);
    for journey in all {
        let definition = domain::journey::Definition::from_value(&journey.definition)
            .unwrap_or_else(|problems| panic!("{}: {problems:?}", journey.key));
        for (_, template) in definition.templates() {
            assert!(names.contains(template), "{}: no template {template}", journey.key);
        }
    }
}

#[test]
fn every_image_of_the_catalogue_is_drawn() {
    for product in catalogue() {
        assert_eq!(product.image_path, format!("/demo/img/{}.svg", product.product_id));
        assert!(product_image_svg(&product.product_id).is_some());
    }
}
