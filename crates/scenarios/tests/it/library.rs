use domain::consent::{Channel, Purpose};
use domain::journey::Definition;
use domain::template::{CompiledTemplate, RenderOptions};
use scenarios::{Language, Prepared, PreparedTemplate, Scenario, find, library, sample, sources};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn id_of(kind: &str, word: &str) -> String {
    format!("{kind}:{word}")
}

fn prepared(scenario: &Scenario, language: Language) -> Prepared {
    scenario
        .prepare(language, &Map::new(), &id_of)
        .unwrap_or_else(|problems| panic!("{}: the defaults cannot be used: {problems:?}", scenario.slug))
}

/// Every scenario in both languages.
fn each(mut look: impl FnMut(&Scenario, Language, &Prepared)) {
    for scenario in library() {
        for language in Language::ALL {
            look(scenario, language, &prepared(scenario, language));
        }
    }
}

fn compiled(template: &PreparedTemplate) -> CompiledTemplate {
    template.source.compile().unwrap_or_else(|problems| panic!("{}: {problems:?}", template.id))
}

/// What a message sees of a shop that told nothing of itself and of a person of whom nothing is known.
fn nearly_empty() -> Value {
    json!({
        "customer": { "id": "1", "lifecycle": "visitor", "tags": [], "orders": { "count": 0, "revenue": 0 } },
        "event": null, "awaited": null, "products": [],
        "shop": { "name": "", "url": "", "currency": "VND", "timezone": "Asia/Ho_Chi_Minh", "address": "" },
        "unsubscribe_url": "https://q.example/u", "preferences_url": "https://q.example/p",
        "view_url": "https://q.example/v",
    })
}

fn full(language: Language) -> Value {
    let mut context = sample::context(language, "https://shop.example");
    context["shop"] = json!({
        "name": "Nắng Lụa & Co", "url": "https://shop.example", "currency": "VND", "timezone": "Asia/Ho_Chi_Minh",
        "address": "Huế",
    });
    // One line with a picture and one without.
    for lines in ["/cart/items/0", "/order/items/0", "/products/0"] {
        let line = context.pointer_mut(lines).expect("the sample has lines");
        line["image_url"] = "https://shop.example/ao-dai.png".into();
    }
    for (name, url) in [("unsubscribe_url", "u"), ("preferences_url", "p"), ("view_url", "v")] {
        context[name] = format!("https://q.example/{url}").into();
    }
    context
}

#[test]
fn every_document_is_read() {
    for (slug, text) in sources() {
        let read: Scenario = toml::from_str(text).unwrap_or_else(|error| panic!("{slug}: {error}"));
        assert_eq!(read.slug, *slug);
    }
    assert_eq!(library().len(), sources().len());
    let categories = ["welcome", "browsing", "orders", "after_purchase", "win_back", "occasions", "leads"];
    for scenario in library() {
        assert!(categories.contains(&scenario.category.as_str()), "{}", scenario.slug);
        assert_eq!(find(&scenario.slug), Some(scenario));
        for words in [&scenario.name, &scenario.summary] {
            assert!(
                !words.vi.is_empty() && !words.en.is_empty() && words.vi != words.en,
                "{}",
                scenario.slug
            );
        }
    }
    assert_eq!(find("no-such-scenario"), None);
}

#[test]
fn every_journey_can_run_and_finds_its_templates() {
    each(|scenario, language, prepared| {
        let slug = &scenario.slug;
        let mut sent = BTreeSet::new();
        for journey in &prepared.journeys {
            let definition = Definition::from_value(&journey.definition)
                .unwrap_or_else(|problems| panic!("{slug} {language}: {problems:?}"));
            assert_eq!(definition.name, journey.name);
            for (channel, template) in definition.templates() {
                let found = prepared.templates.iter().find(|held| held.id == template);
                let found = found.unwrap_or_else(|| panic!("{slug}: no template {template}"));
                assert_eq!(found.channel, channel, "{template}");
                sent.insert(template.to_owned());
            }
        }
        let all: BTreeSet<String> = prepared.templates.iter().map(|template| template.id.clone()).collect();
        assert_eq!(sent, all, "{slug}: every template is sent by a journey");
        let left =
            serde_json::to_string(&prepared.journeys.iter().map(|j| &j.definition).collect::<Vec<_>>());
        assert!(!left.unwrap().contains("[["), "{slug}: a mark is left");
    });
}

#[test]
fn every_segment_is_of_the_grammar() {
    each(|scenario, _, prepared| {
        for segment in &prepared.segments {
            domain::condition::Condition::from_value(&segment.definition, "definition")
                .unwrap_or_else(|problem| panic!("{}: {problem}", scenario.slug));
            let used = prepared.journeys.iter().any(|j| j.definition.to_string().contains(&segment.id));
            assert!(used, "{}: no journey uses {}", scenario.slug, segment.id);
        }
    });
}

#[test]
fn every_template_is_rendered_for_a_full_and_for_a_nearly_empty_profile() {
    each(|_, language, prepared| {
        for template in &prepared.templates {
            let (id, compiled) = (&template.id, compiled(template));
            for context in [nearly_empty(), full(language)] {
                let made = compiled
                    .render(&context, &RenderOptions::default())
                    .unwrap_or_else(|error| panic!("{id}: {error}"));
                let html = made.html.unwrap_or_default();
                for text in [&made.subject, &made.preheader, &html, &made.text] {
                    for left in ["[[", "]]", "{{", "{%", "**", "<!-- lines", "<!-- content", "<!-- why"] {
                        assert!(!text.contains(left), "{id}: {left} is left in {text}");
                    }
                }
                assert!(!made.text.trim().is_empty(), "{id} has no text");
                assert!(!made.text.contains("\n\n\n"), "{id}: gaps in\n{}", made.text);
                if template.channel == Channel::Email {
                    let chars = made.subject.chars().count();
                    assert!(
                        (10..=80).contains(&chars),
                        "{id}: a subject of {chars} characters: {}",
                        made.subject
                    );
                    assert!((10..=120).contains(&made.preheader.chars().count()), "{id}: {}", made.preheader);
                    assert!(html.contains(&format!("lang=\"{language}\"")), "{id} does not say its language");
                    let dead = ["href=\"\"", "href=\"/", "href=\"#"].iter().any(|dead| html.contains(dead));
                    assert!(!dead, "{id} has a link that leads nowhere");
                } else {
                    assert!(
                        made.text.chars().count() <= 320,
                        "{id} is too long for a short message: {}",
                        made.text
                    );
                }
            }
        }
    });
}

#[test]
fn the_law_s_footer_is_left_to_the_renderer() {
    each(|_, _, prepared| {
        for template in &prepared.templates {
            assert!(!compiled(template).uses_unsubscribe_link(), "{}", template.id);
        }
    });
}

#[test]
fn people_are_greeted_by_their_given_name_and_amounts_are_written_as_in_vietnam() {
    let render = |slug: &str, id: &str| {
        let prepared = prepared(find(slug).unwrap(), Language::Vi);
        let template = prepared.templates.iter().find(|template| template.id == id).unwrap();
        let made = compiled(template).render(&full(Language::Vi), &RenderOptions::default()).unwrap();
        (made.subject, made.html.unwrap_or_default(), made.text)
    };
    let (subject, html, text) = render("cart-abandonment", "cart-abandonment-first-vi");
    assert_eq!(subject, "Lan ơi, bạn để quên giỏ hàng này");
    for expect in
        ["Áo dài lụa tơ tằm", "1.899.000\u{a0}₫", "3.017.000\u{a0}₫", "https://shop.example/gio-hang"]
    {
        assert!(html.contains(expect) && text.contains(expect), "{expect}\n{text}");
    }
    assert!(html.contains("Nắng Lụa &amp; Co"), "a value is escaped once");
    assert_eq!(html.matches("ao-dai.png").count(), 1, "a picture where there is one");
    let (_, html, text) = render("spend-milestone", "spend-milestone-thanks-vi");
    assert!(html.contains("<strong>5.000.000\u{a0}₫</strong>") && text.contains("5.000.000\u{a0}₫"));
    let (_, _, text) = render("order-status", "order-status-shipped-text-vi");
    assert_eq!(
        text,
        "Nắng Lụa & Co: Đơn SO-1024 đã gửi đi, khoảng 2–5 ngày sẽ tới. Mã vận đơn VN123456789. Bạn để ý điện thoại nhé."
    );
}

/// The names of the events under one of `keys`, wherever they stand.
fn named(value: &Value, keys: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if let (true, Value::String(name)) = (keys.contains(&key.as_str()), field) {
                    found.insert(name.clone());
                }
                named(field, keys, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, keys, found)),
        _ => {}
    }
}

fn docs(file: &str) -> String {
    let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn what_a_scenario_needs_is_said_and_documented() {
    let tracking = docs("tracking.md");
    let fields = [&tracking, &docs("journeys.md"), &docs("segments.md")].map(String::as_str).concat();
    for scenario in library() {
        let slug = &scenario.slug;
        let (mut events, mut attributes) = (BTreeSet::new(), BTreeSet::new());
        let definitions = scenario.journeys.iter().map(|journey| &journey.definition);
        for definition in definitions.chain(scenario.segments.iter().map(|segment| &segment.definition)) {
            named(definition, &["event"], &mut events);
            named(definition, &["attribute"], &mut attributes);
        }
        let said: BTreeSet<String> = scenario.needs.events.iter().cloned().collect();
        assert!(events.is_subset(&said), "{slug}: {events:?} are listened for, {said:?} are said");
        for event in &said {
            assert!(
                tracking.contains(&format!("`{event}`")),
                "{slug}: docs/tracking.md does not tell of {event}"
            );
        }
        let said: BTreeSet<String> = scenario.needs.attributes.iter().cloned().collect();
        assert!(attributes.is_subset(&said), "{slug}: {attributes:?} are asked for, {said:?} are said");
        for attribute in &said {
            let root = attribute.split('.').next().unwrap_or_default();
            let known = [format!("`{attribute}`"), format!("`{root}."), format!("\"{attribute}\"")];
            let known = known.iter().any(|written| fields.contains(written));
            assert!(known, "{slug}: the attribute {attribute} is documented nowhere");
        }
        let markets = scenario.templates.iter().any(|template| template.purpose == Purpose::Marketing);
        assert_eq!(markets, !scenario.needs.consents.is_empty(), "{slug}: marketing needs a consent");
        // Codes are made by hand until vouchers exist.
        let has_code = scenario.parameters.iter().any(|parameter| parameter.name == "voucher_code");
        assert!(
            !has_code || scenario.needs.setup.is_some(),
            "{slug} does not say where its voucher comes from"
        );
    }
}

#[test]
fn parameters_are_taken_and_refused() {
    let win_back = find("win-back").unwrap();
    let prepare = |told: Value| {
        let told = told.as_object().cloned().unwrap_or_default();
        win_back.prepare(Language::En, &told, &id_of)
    };
    let prepared =
        prepare(json!({ "silent_for": "180d", "voucher_percent": 25, "voucher_code": "BACK25" })).unwrap();
    assert_eq!(prepared.segments[0].name, "Customers without an order for 180 days");
    assert_eq!(prepared.segments[0].definition["all"][1]["value"], "180d");
    assert!(prepared.templates.iter().any(|template| template.source.subject.starts_with("25% off")));
    let refused = |told: Value, parameter: &str| {
        let problems = prepare(told.clone()).expect_err(&format!("{told} is taken"));
        assert!(problems.iter().all(|problem| problem.parameter == parameter), "{problems:?}");
    };
    refused(json!({ "silent_for": "1d" }), "silent_for");
    refused(json!({ "silent_for": 90 }), "silent_for");
    refused(json!({ "voucher_percent": 0 }), "voucher_percent");
    refused(json!({ "voucher_percent": "15" }), "voucher_percent");
    refused(json!({ "voucher_code": "{{ shop.url }}" }), "voucher_code");
    refused(json!({ "at": "9:00" }), "at");
    refused(json!({ "at": "24:00" }), "at");
    refused(json!({ "wrong": 1 }), "wrong");

    let text = |told: &str| {
        let told = json!({ "topic_a": told });
        find("lead-nurture").unwrap().prepare(Language::Vi, told.as_object().unwrap(), &id_of)
    };
    for bad in ["", "{{ customer.email }}", "{% if x %}", "[[path_a]]", "two\nlines"] {
        assert!(text(bad).is_err(), "{bad:?} is taken");
    }
    let prepared = text("khăn <b> & \"mũ\"").unwrap();
    let letter = prepared.templates.iter().find(|template| template.id == "lead-nurture-topic-a-vi").unwrap();
    let html = compiled(letter).render(&full(Language::Vi), &RenderOptions::default()).unwrap().html.unwrap();
    assert!(html.contains("khăn &lt;b&gt; &amp; &quot;mũ&quot;") && !html.contains("khăn <b>"));
    let calendar = find("birthday").unwrap().prepare(
        Language::Vi,
        json!({ "calendar": "lunar", "offset": "0d" }).as_object().unwrap(),
        &id_of,
    );
    assert_eq!(calendar.unwrap().journeys[0].definition["trigger"]["calendar"], "lunar");
}
