//! E-mails made of blocks: the document that the editor and users of the API write, and the MJML made of it.
//!
//! A [`Document`] is read with [`Document::read`], which tells what is wrong block by block, and written out with
//! [`Document::mjml`]. Texts may hold Liquid everywhere. It must never let a text become markup by itself: only
//! [`rich`] texts hold elements, and of those only the few that mail programs show.

mod brand;
mod check;
mod rich;
#[cfg(test)]
mod tests;
mod write;

pub use brand::{Brand, Font, SocialLink};
pub use check::contrast;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Blocks in one document, those in columns counted.
pub const BLOCKS_MAX: usize = 120;
/// Bytes of one text.
pub const TEXT_BYTES_MAX: usize = 20_000;
/// Products that were picked by hand in one block.
pub const PICKED_MAX: usize = 12;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Of this grammar: 1.
    #[serde(default = "one")]
    pub version: u32,
    /// Of the words that the design itself adds: `vi` or `en`.
    #[serde(default = "vi")]
    pub language: String,
    #[serde(default, skip_serializing_if = "Style::is_plain")]
    pub style: Style,
    pub blocks: Vec<Block>,
}

fn one() -> u32 {
    1
}

fn vi() -> String {
    "vi".to_owned()
}

/// What this e-mail has instead of the brand's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Style {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_text: Option<String>,
    /// Around the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    /// Of the letter itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub font: Option<Font>,
    /// Of corners, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius: Option<u16>,
    /// In pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
}

impl Style {
    fn is_plain(&self) -> bool {
        *self == Style::default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// A word of the author's, unique in the document.
    pub id: String,
    /// Shown only to those of whom it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    #[serde(default, skip_serializing_if = "Look::is_plain")]
    pub look: Look,
    #[serde(flatten)]
    pub kind: Kind,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Look {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottom: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align: Option<Align>,
}

impl Look {
    fn is_plain(&self) -> bool {
        *self == Look::default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    Left,
    Center,
    Right,
}

impl Align {
    fn as_str(self) -> &'static str {
        match self {
            Align::Left => "left",
            Align::Center => "center",
            Align::Right => "right",
        }
    }
}

/// When a block is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// `all` or `any` of the tests.
    #[serde(default, rename = "match")]
    pub join: Join,
    pub tests: Vec<Test>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    #[default]
    All,
    Any,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// `customer.orders.count`.
    pub field: String,
    pub op: Op,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Exists,
    Missing,
    Eq,
    Ne,
    Gt,
    Lt,
    Contains,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "props", rename_all = "snake_case")]
pub enum Kind {
    Logo(Logo),
    Heading(Heading),
    Text(Text),
    Image(Image),
    Hero(Hero),
    Button(Button),
    Columns(Columns),
    /// Lines of products: of the cart, the order, the event, or picked by hand.
    Products(Products),
    Cart(Cart),
    Order(OrderBlock),
    Voucher(Voucher),
    Recommendations(Recommendations),
    Stars(Stars),
    Social(Social),
    Divider(Divider),
    Spacer(Spacer),
    Html(Html),
    Footer(Footer),
}

macro_rules! props {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty = $default:expr),* $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fdoc])* pub $field: $kind),* }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default),* }
            }
        }
    )+ };
}

props! {
    /// The brand's logo, or the shop's name where there is none.
    Logo { link: String = String::new() }
    Heading {
        text: String = String::new(),
        /// 1 to 3.
        level: u8 = 2,
    }
    Text {
        /// Paragraphs, lists, links, bold, italic and underlined text, as HTML.
        html: String = String::new(),
        /// In pixels; 16 when 0.
        size: u16 = 0,
    }
    Image {
        src: String = String::new(),
        alt: String = String::new(),
        link: String = String::new(),
        /// Percent of the letter's width.
        width: u16 = 100,
        rounded: bool = true,
    }
    /// A large opening: a picture, a title, a few words and a button, on a colour of its own.
    Hero {
        image: String = String::new(),
        alt: String = String::new(),
        eyebrow: String = String::new(),
        title: String = String::new(),
        text: String = String::new(),
        label: String = String::new(),
        url: String = String::new(),
    }
    Button {
        label: String = String::new(),
        url: String = String::new(),
        outline: bool = false,
        /// As wide as the letter.
        wide: bool = false,
    }
    Columns {
        columns: Vec<Column> = Vec::new(),
        /// Below each other on phones.
        stack: bool = true,
        /// In the middle of the height instead of at the top.
        middle: bool = false,
    }
    Column {
        /// Percent; equal shares when 0.
        width: u16 = 0,
        blocks: Vec<Block> = Vec::new(),
    }
    Products {
        source: Source = Source::Picked,
        /// 1 to 3 in a row.
        per_row: u8 = 2,
        /// At most so many.
        limit: u8 = 4,
        show_price: bool = true,
        /// Below each product; none when empty.
        label: String = String::new(),
        picked: Vec<Picked> = Vec::new(),
        /// Where the source is `recommendations`: a place of the shop's, or a rail.
        #[serde(skip_serializing_if = "String::is_empty")]
        place: String = String::new(),
    }
    Cart {
        limit: u8 = 5,
        show_total: bool = true,
        label: String = String::new(),
    }
    OrderBlock {
        limit: u8 = 20,
        show_totals: bool = true,
    }
    Voucher {
        /// Liquid where each customer has a code of their own.
        code: String = String::new(),
        title: String = String::new(),
        text: String = String::new(),
        label: String = String::new(),
        url: String = String::new(),
    }
    /// What is recommended in a place of the shop's, where one is named; else what the event names; else what was
    /// picked by hand.
    Recommendations {
        /// A place of the shop's, or a rail.
        #[serde(skip_serializing_if = "String::is_empty")]
        place: String = String::new(),
        title: String = String::new(),
        per_row: u8 = 3,
        limit: u8 = 3,
        label: String = String::new(),
        picked: Vec<Picked> = Vec::new(),
    }
    /// Five stars that lead to the place of the review, with `rating=1` to `5` added.
    Stars {
        url: String = String::new(),
        low: String = String::new(),
        high: String = String::new(),
    }
    /// The brand's pages when none are given.
    Social { links: Vec<SocialLink> = Vec::new() }
    Divider { color: String = String::new() }
    Spacer { height: u16 = 24 }
    /// HTML of the author's own.
    Html { html: String = String::new() }
    /// Who sends it, from where, why, and the way out.
    Footer {
        /// Above the legal part.
        text: String = String::new(),
        /// Why somebody receives it; the usual sentence when empty.
        reason: String = String::new(),
        social: bool = true,
        view_link: bool = true,
        preferences: bool = true,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Cart,
    Order,
    Event,
    Picked,
    /// What the shop recommends at the moment of sending.
    Recommendations,
}

/// A product as it was when it was picked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Picked {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product_id: String,
    pub name: String,
    pub url: String,
    pub image: String,
    /// As it is shown: `599.000 ₫`.
    pub price: String,
    /// The price before, struck through.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before: String,
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockProblem {
    /// The block's id, or its place when it has none; empty when it is about the whole.
    pub block: String,
    /// `props.src`.
    pub field: String,
    pub message: String,
}

impl std::fmt::Display for BlockProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.block.as_str(), self.field.as_str()) {
            ("", "") => f.write_str(&self.message),
            ("", field) => write!(f, "{field}: {}", self.message),
            (block, "") => write!(f, "block {block}: {}", self.message),
            (block, field) => write!(f, "block {block}, {field}: {}", self.message),
        }
    }
}

impl Document {
    /// Reads and checks a document as it was told.
    pub fn read(told: &Value) -> Result<Document, Vec<BlockProblem>> {
        check::read(told)
    }

    /// The MJML of it, with the brand's design.
    pub fn mjml(&self, brand: &Brand, is_marketing: bool) -> String {
        write::mjml(self, brand, is_marketing)
    }

    /// The blocks in order, those in columns after the one that holds them.
    pub fn all(&self) -> Vec<&Block> {
        let mut found = Vec::new();
        for block in &self.blocks {
            found.push(block);
            if let Kind::Columns(columns) = &block.kind {
                found.extend(columns.columns.iter().flat_map(|column| &column.blocks));
            }
        }
        found
    }
}
