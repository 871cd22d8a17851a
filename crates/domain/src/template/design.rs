//! What the composers of the app keep beside the words that are sent: blocks, a push notification, a Zalo message.
//!
//! The words themselves are always a [`TemplateSource`]: whoever sends needs no design.

use super::blocks::{Brand, Document};
use super::{Body, TemplateSource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "source", rename_all = "snake_case")]
pub enum Design {
    Blocks(Document),
    Push(Push),
    Zns(Zns),
}

/// A notification on a phone or a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    pub title: String,
    pub body: String,
    pub image: String,
    pub url: String,
    /// At most two.
    pub actions: Vec<Action>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Action {
    pub label: String,
    pub url: String,
}

/// A message by a template that Zalo has approved: the shop tells what it says and fills its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Zns {
    /// The number that Zalo gave the template.
    pub template_id: String,
    pub title: String,
    /// As approved, with `<customer_name>` for parameters.
    pub paragraphs: Vec<String>,
    pub rows: Vec<ZnsRow>,
    pub buttons: Vec<Action>,
    /// The value of each parameter: a text, or Liquid.
    pub params: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZnsRow {
    pub label: String,
    pub value: String,
}

impl Push {
    /// Characters that phones show of a title and of a text before they cut it.
    pub const TITLE_SHOWN: usize = 50;
    pub const BODY_SHOWN: usize = 150;

    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        if self.title.chars().count() > 200 {
            found.push(("title", "at most 200 characters"));
        }
        if self.body.chars().count() > 1_000 {
            found.push(("body", "at most 1000 characters"));
        }
        if self.actions.len() > 2 {
            found.push(("actions", "at most two"));
        }
        if self.actions.iter().any(|action| action.label.chars().count() > 40) {
            found.push(("actions", "labels of at most 40 characters"));
        }
        let lead = |url: &str| {
            ["", "https://", "http://", "{{", "/media/"]
                .iter()
                .any(|start| if start.is_empty() { url.is_empty() } else { url.starts_with(start) })
        };
        if !lead(&self.url) || !self.actions.iter().all(|action| lead(&action.url)) {
            found.push(("url", "an address that begins with https://, or a field in {{ }}"));
        }
        if !lead(&self.image) {
            found.push(("image", "an address that begins with https:// or /media/"));
        }
        found
    }
}

impl Zns {
    /// The names of the parameters that the approved text asks for, in their order.
    pub fn asked(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let texts = std::iter::once(&self.title)
            .chain(&self.paragraphs)
            .chain(self.rows.iter().map(|row| &row.value));
        for text in texts {
            let mut rest = text.as_str();
            while let Some(start) = rest.find('<') {
                let Some(length) = rest[start..].find('>') else { break };
                let name = &rest[start + 1..start + length];
                if is_name(name) && !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
                rest = &rest[start + length + 1..];
            }
        }
        names
    }

    /// The approved text with the values in it.
    fn filled(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for name in self.asked() {
            if let Some(value) = self.params.get(&name).filter(|value| !value.trim().is_empty()) {
                out = out.replace(&format!("<{name}>"), value);
            }
        }
        out
    }

    /// What Zalo's rules refuse. Whether Zalo has approved a template nobody can tell here.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let length = |text: &str| text.chars().count();
        if !self.template_id.is_empty()
            && (self.template_id.len() > 40 || !self.template_id.chars().all(|c| c.is_ascii_alphanumeric()))
        {
            found.push(("template_id", "letters and digits, as Zalo gave it".to_owned()));
        }
        if self.paragraphs.len() > 4 || self.paragraphs.iter().any(|text| length(text) > 400) {
            found.push(("paragraphs", "1 to 4 paragraphs of at most 400 characters".to_owned()));
        }
        if length(&self.title) > 65 {
            found.push(("title", "9 to 65 characters".to_owned()));
        }
        let is_lawful = |row: &ZnsRow| length(&row.label) <= 35 && length(&row.value) <= 90;
        if self.rows.len() > 8 || !self.rows.iter().all(is_lawful) {
            found.push((
                "rows",
                "2 to 8 rows, labels of at most 35 and values of at most 90 characters".to_owned(),
            ));
        }
        if self.buttons.len() > 2 || self.buttons.iter().any(|button| length(&button.label) > 30) {
            found.push(("buttons", "at most 2 buttons with 5 to 30 characters".to_owned()));
        }
        if self.params.len() > 30
            || self.params.iter().any(|(name, value)| !is_name(name) || value.len() > 2_000)
        {
            found.push(("params", "at most 30 names of small letters, digits and underscores".to_owned()));
        }
        found
    }
}

fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Characters that Zalo takes in a parameter of a known name; 200 in others.
pub fn zns_param_max(name: &str) -> usize {
    match name {
        name if name.contains("phone") => 15,
        name if name.contains("customer_name") || name.ends_with("code") || name.contains("status") => 30,
        name if name.contains("amount") || name.contains("quantity") || name.contains("price") => 20,
        _ => 200,
    }
}

impl Design {
    /// The words of it.
    pub fn source(
        &self,
        subject: &str,
        preheader: &str,
        text: Option<String>,
        brand: &Brand,
        is_marketing: bool,
    ) -> TemplateSource {
        match self {
            Design::Blocks(document) => TemplateSource {
                subject: subject.to_owned(),
                preheader: preheader.to_owned(),
                body: Body::Mjml(document.mjml(brand, is_marketing)),
                text,
            },
            Design::Push(push) => TemplateSource {
                subject: push.title.clone(),
                preheader: String::new(),
                body: Body::Text(push.body.clone()),
                text: None,
            },
            Design::Zns(zns) => {
                let mut lines = Vec::new();
                if !zns.title.is_empty() {
                    lines.push(zns.filled(&zns.title));
                }
                lines.extend(zns.paragraphs.iter().map(|text| zns.filled(text)));
                lines.extend(zns.rows.iter().map(|row| format!("{}: {}", row.label, zns.filled(&row.value))));
                TemplateSource {
                    subject: String::new(),
                    preheader: String::new(),
                    body: Body::Text(lines.join("\n")),
                    text: None,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_of_an_approved_text_are_filled() {
        let zns = Zns {
            title: "Đơn hàng <order_code>".into(),
            paragraphs: vec!["Chào <customer_name>, đơn <order_code> đang giao.".into()],
            rows: vec![ZnsRow { label: "Trạng thái".into(), value: "<status>".into() }],
            params: [
                ("customer_name", "{{ customer.name | default: 'Quý khách' }}"),
                ("order_code", "{{ order.number }}"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            ..Zns::default()
        };
        assert_eq!(zns.asked(), ["order_code", "customer_name", "status"]);
        assert_eq!(zns.problems(), []);
        let source = Design::Zns(zns).source("", "", None, &Brand::default(), false);
        let Body::Text(text) = source.body else { panic!("a text") };
        assert_eq!(
            text,
            "Đơn hàng {{ order.number }}\nChào {{ customer.name | default: 'Quý khách' }}, đơn {{ order.number }} đang giao.\nTrạng thái: <status>"
        );
    }

    #[test]
    fn limits_of_zalo_and_of_phones() {
        let zns = Zns { title: "x".repeat(66), ..Zns::default() };
        assert_eq!(zns.problems().len(), 1);
        let push =
            Push { url: "javascript:x".into(), actions: vec![Action::default(); 3], ..Push::default() };
        assert_eq!(push.problems().len(), 2);
        assert_eq!(Push { title: "Chào".into(), body: "x".into(), ..Push::default() }.problems(), []);
    }
}
