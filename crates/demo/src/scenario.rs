use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A message template of the demo shop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// `welcome`, `silk_care`, `cart_abandoned`, `order_confirmed`, `order_shipped`, `order_delivered`.
    pub key: String,
    /// `vi` or `en`.
    pub language: &'static str,
    /// Unique; what journeys call it.
    pub name: String,
    /// `marketing` or `transactional`.
    pub purpose: String,
    /// Liquid, as the preheader and the body are.
    pub subject: String,
    pub preheader: String,
    pub mjml: String,
}

impl Template {
    /// As the API takes it.
    pub fn document(&self) -> Value {
        json!({
            "name": self.name, "channel": "email", "purpose": self.purpose, "subject": self.subject,
            "preheader": self.preheader, "body": { "mjml": self.mjml },
        })
    }
}

/// A ready journey of the demo shop, in the grammar of the domain (schema 1). It sends the Vietnamese templates.
#[derive(Clone, PartialEq, Debug)]
pub struct Journey {
    /// `welcome`, `cart_abandoned`, `order_status`.
    pub key: &'static str,
    pub definition: Value,
}

/// What a new demo workspace starts with.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenarios {
    pub templates: Vec<Template>,
    pub journeys: Vec<Journey>,
}

pub fn scenarios() -> Scenarios {
    Scenarios { templates: templates(), journeys: journeys() }
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    purpose: String,
    vi: Words,
    en: Words,
}

#[derive(Deserialize)]
struct Words {
    name: String,
    subject: String,
    preheader: String,
}

macro_rules! asset {
    ($path:literal) => {
        include_str!(concat!("../assets/", $path))
    };
}

/// Key, Vietnamese body, English body.
const BODIES: [(&str, &str, &str); 6] = [
    ("welcome", asset!("templates/welcome.vi.mjml"), asset!("templates/welcome.en.mjml")),
    ("silk_care", asset!("templates/silk_care.vi.mjml"), asset!("templates/silk_care.en.mjml")),
    (
        "cart_abandoned",
        asset!("templates/cart_abandoned.vi.mjml"),
        asset!("templates/cart_abandoned.en.mjml"),
    ),
    (
        "order_confirmed",
        asset!("templates/order_confirmed.vi.mjml"),
        asset!("templates/order_confirmed.en.mjml"),
    ),
    ("order_shipped", asset!("templates/order_shipped.vi.mjml"), asset!("templates/order_shipped.en.mjml")),
    (
        "order_delivered",
        asset!("templates/order_delivered.vi.mjml"),
        asset!("templates/order_delivered.en.mjml"),
    ),
];

/// All templates, each in Vietnamese and in English.
pub fn templates() -> Vec<Template> {
    // The assets are part of the program; that they are well formed is a test's business.
    let entries: Vec<Entry> = serde_json::from_str(asset!("templates/index.json")).unwrap_or_default();
    entries.into_iter().flat_map(both_languages).collect()
}

fn both_languages(entry: Entry) -> Vec<Template> {
    let Some((_, vi, en)) = BODIES.iter().find(|(key, ..)| *key == entry.key) else { return Vec::new() };
    let is_marketing = entry.purpose == "marketing";
    let make = |language, words: Words, content: &str| {
        let (frame, why) = match (language, is_marketing) {
            ("vi", true) => {
                let why = "Bạn nhận thư này vì đã đồng ý nhận tin từ Nắng Lụa.";
                (asset!("templates/frame.vi.mjml"), why)
            }
            ("vi", false) => {
                let why = "Bạn nhận thư này vì đã đặt hàng tại Nắng Lụa. Đây không phải thư quảng cáo.";
                (asset!("templates/frame.vi.mjml"), why)
            }
            (_, true) => {
                (asset!("templates/frame.en.mjml"), "You get this because you agreed to hear from Nắng Lụa.")
            }
            (_, false) => {
                (asset!("templates/frame.en.mjml"), "You get this because you ordered at Nắng Lụa.")
            }
        };
        Template {
            key: entry.key.clone(),
            language,
            name: words.name,
            purpose: entry.purpose.clone(),
            subject: words.subject,
            preheader: words.preheader,
            mjml: frame.replace("<!-- content -->", content.trim()).replace("<!-- why -->", why),
        }
    };
    vec![make("vi", entry.vi, vi), make("en", entry.en, en)]
}

/// All journeys.
pub fn journeys() -> Vec<Journey> {
    static DEFINITIONS: LazyLock<Vec<Journey>> = LazyLock::new(|| {
        let read = |key, text| Journey { key, definition: serde_json::from_str(text).unwrap_or_default() };
        vec![
            read("welcome", asset!("journeys/welcome.json")),
            read("cart_abandoned", asset!("journeys/cart_abandoned.json")),
            read("order_status", asset!("journeys/order_status.json")),
        ]
    });
    DEFINITIONS.clone()
}
