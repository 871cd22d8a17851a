//! The journeys and letters of the shop that is measured. They are kept apart from the library of ready scenarios, so that
//! figures of different versions of Quaylai tell of the same work.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

macro_rules! asset {
    ($path:literal) => {
        include_str!(concat!("../assets/", $path))
    };
}

const BODIES: [(&str, &str); 6] = [
    ("welcome", asset!("templates/welcome.vi.mjml")),
    ("silk_care", asset!("templates/silk_care.vi.mjml")),
    ("cart_abandoned", asset!("templates/cart_abandoned.vi.mjml")),
    ("order_confirmed", asset!("templates/order_confirmed.vi.mjml")),
    ("order_shipped", asset!("templates/order_shipped.vi.mjml")),
    ("order_delivered", asset!("templates/order_delivered.vi.mjml")),
];

const JOURNEYS: [&str; 3] = [
    asset!("journeys/welcome.json"),
    asset!("journeys/cart_abandoned.json"),
    asset!("journeys/order_status.json"),
];

#[derive(Deserialize)]
struct Entry {
    key: String,
    purpose: String,
    /// What journeys call it.
    name: String,
    subject: String,
    preheader: String,
}

/// The templates as the API takes them, with their keys.
pub fn templates() -> Result<Vec<(String, Value)>> {
    let entries: Vec<Entry> =
        serde_json::from_str(asset!("templates/index.json")).context("the templates")?;
    let document = |entry: Entry| {
        let body = BODIES.iter().find(|(key, _)| *key == entry.key);
        let (_, content) = body.with_context(|| format!("the template {} has no body", entry.key))?;
        let why = match entry.purpose.as_str() {
            "marketing" => "Bạn nhận thư này vì đã đồng ý nhận tin từ Nắng Lụa.",
            _ => "Bạn nhận thư này vì đã đặt hàng tại Nắng Lụa. Đây không phải thư quảng cáo.",
        };
        let frame = asset!("templates/frame.vi.mjml");
        let mjml = frame.replace("<!-- content -->", content.trim()).replace("<!-- why -->", why);
        let document = json!({
            "name": entry.name, "channel": "email", "purpose": entry.purpose, "subject": entry.subject,
            "preheader": entry.preheader, "body": { "mjml": mjml },
        });
        Ok((entry.key, document))
    };
    entries.into_iter().map(document).collect()
}

/// Three journeys that send them.
pub fn journeys() -> Result<Vec<Value>> {
    JOURNEYS.iter().map(|text| serde_json::from_str(text).context("a journey of the shop")).collect()
}
