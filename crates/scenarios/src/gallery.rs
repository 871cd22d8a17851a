//! The gallery: messages to begin with, in both languages, as documents of blocks.
//!
//! A file of `gallery/` holds pieces of one group. In a piece a block is its type `t` and its properties; wherever a
//! text stands, `{ vi, en }` may stand. Logo and footer are put around every e-mail.

use crate::document::{Language, Words};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

const FILES: &[(&str, &str)] = &[
    ("welcome", include_str!("../gallery/welcome.toml")),
    ("cart", include_str!("../gallery/cart.toml")),
    ("order", include_str!("../gallery/order.toml")),
    ("after", include_str!("../gallery/after.toml")),
    ("occasion", include_str!("../gallery/occasion.toml")),
    ("promotion", include_str!("../gallery/promotion.toml")),
    ("loyalty", include_str!("../gallery/loyalty.toml")),
    ("short", include_str!("../gallery/short.toml")),
];

#[derive(Debug, Deserialize)]
struct File {
    piece: Vec<Piece>,
}

/// One message to begin with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    pub id: String,
    /// `email`, `sms`, `zalo` or `push`.
    #[serde(default = "email")]
    pub channel: String,
    /// `marketing` or `transactional`.
    #[serde(default = "marketing")]
    pub purpose: String,
    pub name: Words,
    pub about: Words,
    #[serde(default)]
    subject: Option<Words>,
    #[serde(default)]
    preheader: Option<Words>,
    /// The text of a text message.
    #[serde(default)]
    text: Option<Words>,
    #[serde(default)]
    style: Map<String, Value>,
    #[serde(default)]
    block: Vec<Map<String, Value>>,
    /// The document of a push notification or a Zalo message.
    #[serde(default)]
    push: Option<Value>,
    #[serde(default)]
    zns: Option<Value>,
    /// The file that it stands in.
    #[serde(skip)]
    pub group: &'static str,
}

fn email() -> String {
    "email".to_owned()
}

fn marketing() -> String {
    "marketing".to_owned()
}

/// All pieces, in the order of the files. The files are part of the program and are read once; one that cannot be
/// read is left out, which a test forbids.
pub fn gallery() -> &'static [Piece] {
    static GALLERY: OnceLock<Vec<Piece>> = OnceLock::new();
    GALLERY.get_or_init(|| {
        let mut all = Vec::new();
        for (group, source) in FILES {
            let Ok(file) = toml::from_str::<File>(source) else { continue };
            all.extend(file.piece.into_iter().map(|piece| Piece { group, ..piece }));
        }
        all
    })
}

pub fn piece(id: &str) -> Option<&'static Piece> {
    gallery().iter().find(|piece| piece.id == id)
}

/// Short words for what nearly every piece asks for.
fn spelled(text: &str, language: Language) -> String {
    let name = match language {
        Language::Vi => "{{ customer.given_name | default: 'bạn' }}",
        Language::En => "{{ customer.given_name | default: 'there' }}",
    };
    text.replace("@name", name)
        .replace("@shop", "{{ shop.url | default: '#' }}")
        .replace("@cart", "{{ cart.url | default: shop.url | default: '#' }}")
        .replace("@order", "{{ order.url | default: shop.url | default: '#' }}")
}

/// The one language of texts in two.
fn told(value: &Value, language: Language) -> Value {
    match value {
        Value::Object(fields)
            if fields.len() == 2 && fields.contains_key("vi") && fields.contains_key("en") =>
        {
            told(&fields[language.as_str()], language)
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), told(value, language))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| told(item, language)).collect()),
        Value::String(text) => Value::String(spelled(text, language)),
        other => other.clone(),
    }
}

fn block(fields: &Map<String, Value>, id: String, language: Language) -> Value {
    let mut props = Map::new();
    let mut made = json!({ "id": id });
    for (key, value) in fields {
        let value = told(value, language);
        match key.as_str() {
            "t" => made["type"] = value,
            "when" | "look" => made[key] = value,
            _ => {
                props.insert(key.clone(), value);
            }
        }
    }
    if made["type"] == "columns" {
        for (number, column) in
            props.get_mut("columns").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
        {
            for (at, inner) in column["blocks"].as_array_mut().into_iter().flatten().enumerate() {
                let fields = inner.as_object().cloned().unwrap_or_default();
                *inner = block(
                    &fields,
                    format!("{}-{}-{}", made["id"].as_str().unwrap_or("c"), number + 1, at + 1),
                    language,
                );
            }
        }
    }
    made["props"] = Value::Object(props);
    made
}

impl Piece {
    /// The template in one language: what `POST /api/v1/templates` takes.
    pub fn template(&self, language: Language) -> Value {
        let word = |words: &Option<Words>| {
            spelled(words.as_ref().map_or("", |words| words.in_language(language)), language)
        };
        let body = if let Some(push) = &self.push {
            json!({ "kind": "push", "source": told(push, language) })
        } else if let Some(zns) = &self.zns {
            json!({ "kind": "zns", "source": told(zns, language) })
        } else if self.text.is_some() {
            json!({ "kind": "text", "source": word(&self.text) })
        } else {
            let mut blocks = vec![json!({ "id": "logo", "type": "logo", "props": {} })];
            for (at, fields) in self.block.iter().enumerate() {
                blocks.push(block(fields, format!("b{}", at + 1), language));
            }
            blocks.push(json!({ "id": "footer", "type": "footer", "props": {} }));
            let document = json!({
                "version": 1, "language": language.as_str(), "style": self.style, "blocks": blocks,
            });
            json!({ "kind": "blocks", "source": document })
        };
        json!({
            "name": self.name.in_language(language),
            "channel": self.channel,
            "purpose": self.purpose,
            "subject": word(&self.subject),
            "preheader": word(&self.preheader),
            "body": body,
        })
    }
}
