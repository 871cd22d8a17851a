//! Reading a document: every mistake is told with its block and its field.

use super::{
    BLOCKS_MAX, Block, BlockProblem, Document, Kind, Look, Op, PICKED_MAX, Picked, Source, Style,
    TEXT_BYTES_MAX, When, rich,
};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| [3, 6].contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn channels(colour: &str) -> Option<[f64; 3]> {
    let hex = colour.strip_prefix('#').filter(|_| is_colour(colour))?;
    let digit = |at: usize| hex.as_bytes().get(at).and_then(|b| (*b as char).to_digit(16)).unwrap_or(0);
    let value = |n: usize| if hex.len() == 3 { digit(n) * 17 } else { digit(n * 2) * 16 + digit(n * 2 + 1) };
    Some([0, 1, 2].map(|n| f64::from(value(n)) / 255.0))
}

/// The ratio of WCAG between two colours, from 1 to 21; `None` when one of them is no `#RRGGBB`.
pub fn contrast(one: &str, other: &str) -> Option<f64> {
    let luminance = |colour: &str| {
        let linear = channels(colour)?
            .map(|c| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        Some(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    };
    let (a, b) = (luminance(one)?, luminance(other)?);
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}

#[derive(Default)]
struct Checker {
    problems: Vec<BlockProblem>,
    block: String,
}

pub(super) fn read(told: &Value) -> Result<Document, Vec<BlockProblem>> {
    let mut checker = Checker::default();
    if !told.is_object() || !told.get("blocks").is_some_and(Value::is_array) {
        checker.tell("", "a document is an object with `blocks`, a list");
        return Err(checker.problems);
    }
    // Block by block, so that a mistake is told with its place.
    checker.shape("", told["blocks"].as_array().map_or(&[], Vec::as_slice));
    if !checker.problems.is_empty() {
        return Err(checker.problems);
    }
    let document: Document = match serde_json::from_value(told.clone()) {
        Ok(document) => document,
        Err(error) => {
            checker.tell("", &error.to_string());
            return Err(checker.problems);
        }
    };
    checker.document(&document);
    if checker.problems.is_empty() { Ok(document) } else { Err(checker.problems) }
}

impl Checker {
    fn tell(&mut self, field: &str, message: &str) {
        if self.problems.len() < 50 {
            let (block, field, message) = (self.block.clone(), field.to_owned(), message.to_owned());
            self.problems.push(BlockProblem { block, field, message });
        }
    }

    fn shape(&mut self, place: &str, blocks: &[Value]) {
        for (at, block) in blocks.iter().enumerate().take(BLOCKS_MAX + 1) {
            let place = format!("{place}blocks[{at}]");
            let held = block["props"]["columns"].as_array().filter(|_| block["type"] == "columns");
            if let Some(columns) = held {
                for (number, column) in columns.iter().enumerate() {
                    let inner = column["blocks"].as_array().map_or(&[][..], Vec::as_slice);
                    self.shape(&format!("{place}.columns[{number}]."), inner);
                }
            }
            if let Err(error) = serde_json::from_value::<Block>(block.clone()) {
                self.block = block["id"].as_str().map_or(place, str::to_owned);
                self.tell("", &error.to_string());
            }
        }
        self.block.clear();
    }

    fn document(&mut self, document: &Document) {
        if document.version != 1 {
            self.tell("version", "1");
        }
        if !["vi", "en"].contains(&document.language.as_str()) {
            self.tell("language", "vi or en");
        }
        self.style(&document.style);
        let all = document.all();
        if all.len() > BLOCKS_MAX {
            self.tell("blocks", &format!("at most {BLOCKS_MAX} blocks"));
            return;
        }
        let mut ids = BTreeSet::new();
        for block in all {
            self.block = block.id.clone();
            if block.id.is_empty()
                || block.id.len() > 60
                || !block.id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            {
                self.tell("id", "1 to 60 letters, digits, hyphens and underscores");
            }
            if !ids.insert(block.id.as_str()) {
                self.tell("id", "another block has it: ids are unique in a document");
            }
            self.look(&block.look);
            if let Some(when) = &block.when {
                self.when(when);
            }
            self.kind(&block.kind);
        }
        for block in &document.blocks {
            let Kind::Columns(columns) = &block.kind else { continue };
            self.block = block.id.clone();
            if !(1..=4).contains(&columns.columns.len()) {
                self.tell("props.columns", "1 to 4 columns");
            }
            let widths: u32 = columns.columns.iter().map(|column| u32::from(column.width)).sum();
            if widths > 100 {
                self.tell("props.columns", "the widths are percent: together at most 100");
            }
            for inner in columns.columns.iter().flat_map(|column| &column.blocks) {
                use Kind::{Button, Divider, Heading, Html, Image, Spacer, Text};
                if !matches!(
                    inner.kind,
                    Button(_) | Divider(_) | Heading(_) | Html(_) | Image(_) | Spacer(_) | Text(_)
                ) {
                    self.block = inner.id.clone();
                    self.tell(
                        "type",
                        "in columns stand heading, text, image, button, divider, spacer and html",
                    );
                }
            }
        }
    }

    fn colour(&mut self, field: &str, colour: Option<&str>) {
        if colour.is_some_and(|colour| !is_colour(colour)) {
            self.tell(field, "a colour such as #1F6F5C");
        }
    }

    fn style(&mut self, style: &Style) {
        for (field, colour) in [
            ("style.primary", &style.primary),
            ("style.button_text", &style.button_text),
            ("style.background", &style.background),
            ("style.surface", &style.surface),
            ("style.text", &style.text),
            ("style.muted", &style.muted),
        ] {
            self.colour(field, colour.as_deref());
        }
        if style.radius.is_some_and(|radius| radius > 40) {
            self.tell("style.radius", "at most 40 pixels");
        }
        if style.width.is_some_and(|width| !(320..=800).contains(&width)) {
            self.tell("style.width", "from 320 to 800 pixels");
        }
    }

    fn look(&mut self, look: &Look) {
        self.colour("look.background", look.background.as_deref());
        self.colour("look.color", look.color.as_deref());
        for (field, pixels) in [("look.top", look.top), ("look.bottom", look.bottom)] {
            if pixels.is_some_and(|pixels| pixels > 200) {
                self.tell(field, "at most 200 pixels");
            }
        }
    }

    fn when(&mut self, when: &When) {
        if !(1..=10).contains(&when.tests.len()) {
            self.tell("when.tests", "1 to 10 tests");
        }
        for test in &when.tests {
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
            if test.field.is_empty()
                || test.field.len() > 200
                || !test.field.chars().all(plain)
                || test.field.starts_with(|c: char| !c.is_alphabetic())
                || test.field.ends_with('.')
            {
                self.tell("when.tests.field", "a path such as customer.orders.count");
            }
            if test.value.len() > 300 || test.value.contains(['\'', '{', '}', '%', '\n']) {
                self.tell("when.tests.value", "a text without quotes and braces, or a number");
            }
            if !matches!(test.op, Op::Exists | Op::Missing) && test.value.is_empty() {
                self.tell("when.tests.value", "what to compare with");
            }
        }
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.len() > TEXT_BYTES_MAX {
            self.tell(field, &format!("at most {TEXT_BYTES_MAX} bytes"));
        } else if let Some(fault) = rich::liquid_fault(text) {
            self.tell(field, &fault);
        }
    }

    fn address(&mut self, field: &str, url: &str) {
        let lower = url.trim().to_ascii_lowercase();
        let leads = lower.is_empty()
            || ["https://", "http://", "mailto:", "tel:", "/media/", "{{", "{%", "#"]
                .iter()
                .any(|start| lower.starts_with(start));
        if !leads {
            self.tell(field, "an address that begins with https://, mailto: or tel:, or a field in {{ }}");
        }
        if url.len() > 4_000 {
            self.tell(field, "at most 4000 bytes");
        }
        self.text(field, url);
    }

    fn place(&mut self, place: &str, is_needed: bool) {
        if (is_needed || !place.is_empty()) && !crate::recommend::is_name(place) {
            self.tell("props.place", "the name of a place of recommendations, such as email");
        }
    }

    fn picked(&mut self, picked: &[Picked]) {
        if picked.len() > PICKED_MAX {
            self.tell("props.picked", &format!("at most {PICKED_MAX} products"));
        }
        for product in picked {
            self.text("props.picked.name", &product.name);
            self.text("props.picked.price", &product.price);
            self.text("props.picked.before", &product.before);
            self.address("props.picked.url", &product.url);
            self.address("props.picked.image", &product.image);
        }
    }

    fn between(&mut self, field: &str, value: u16, least: u16, most: u16) {
        if !(least..=most).contains(&value) {
            self.tell(field, &format!("from {least} to {most}"));
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Logo(logo) => self.address("props.link", &logo.link),
            Kind::Heading(heading) => {
                self.text("props.text", &heading.text);
                self.between("props.level", u16::from(heading.level), 1, 3);
            }
            Kind::Text(text) => {
                self.text("props.html", &text.html);
                if text.size != 0 {
                    self.between("props.size", text.size, 11, 40);
                }
            }
            Kind::Image(image) => {
                self.address("props.src", &image.src);
                self.address("props.link", &image.link);
                self.text("props.alt", &image.alt);
                self.between("props.width", image.width, 10, 100);
            }
            Kind::Hero(hero) => {
                for (field, text) in [
                    ("props.alt", &hero.alt),
                    ("props.eyebrow", &hero.eyebrow),
                    ("props.title", &hero.title),
                    ("props.text", &hero.text),
                    ("props.label", &hero.label),
                ] {
                    self.text(field, text);
                }
                self.address("props.image", &hero.image);
                self.address("props.url", &hero.url);
            }
            Kind::Button(button) => {
                self.text("props.label", &button.label);
                self.address("props.url", &button.url);
            }
            Kind::Columns(_) | Kind::Divider(_) => {}
            Kind::Products(products) => {
                self.between("props.per_row", u16::from(products.per_row), 1, 3);
                self.between("props.limit", u16::from(products.limit), 1, 12);
                self.text("props.label", &products.label);
                self.picked(&products.picked);
                self.place(&products.place, products.source == Source::Recommendations);
            }
            Kind::Cart(cart) => {
                self.between("props.limit", u16::from(cart.limit), 1, 20);
                self.text("props.label", &cart.label);
            }
            Kind::Order(order) => self.between("props.limit", u16::from(order.limit), 1, 50),
            Kind::Voucher(voucher) => {
                self.text("props.code", &voucher.code);
                self.text("props.title", &voucher.title);
                self.text("props.text", &voucher.text);
                self.text("props.label", &voucher.label);
                self.address("props.url", &voucher.url);
            }
            Kind::Recommendations(products) => {
                self.between("props.per_row", u16::from(products.per_row), 1, 3);
                self.between("props.limit", u16::from(products.limit), 1, 12);
                self.text("props.title", &products.title);
                self.text("props.label", &products.label);
                self.picked(&products.picked);
                self.place(&products.place, false);
            }
            Kind::Stars(stars) => {
                self.address("props.url", &stars.url);
                self.text("props.low", &stars.low);
                self.text("props.high", &stars.high);
            }
            Kind::Social(social) => {
                if social.links.len() > 10 {
                    self.tell("props.links", "at most 10 links");
                }
                for link in &social.links {
                    self.address("props.links.url", &link.url);
                }
            }
            Kind::Spacer(spacer) => self.between("props.height", spacer.height, 1, 200),
            Kind::Html(html) => self.text("props.html", &html.html),
            Kind::Footer(footer) => {
                self.text("props.text", &footer.text);
                self.text("props.reason", &footer.reason);
            }
        }
        if let Kind::Divider(divider) = kind
            && !divider.color.is_empty()
        {
            self.colour("props.color", Some(&divider.color));
        }
    }
}
