use crate::parameter::Parameter;
use domain::consent::{Channel, Purpose};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// The languages in which every scenario is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    Vi,
    En,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::Vi, Language::En];

    pub const fn as_str(self) -> &'static str {
        match self {
            Language::Vi => "vi",
            Language::En => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(word: &str) -> Result<Language, String> {
        Language::ALL
            .into_iter()
            .find(|language| language.as_str() == word)
            .ok_or_else(|| "the scenarios are written in vi and en".to_owned())
    }
}

/// One text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub vi: String,
    pub en: String,
}

impl Words {
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Vi => &self.vi,
            Language::En => &self.en,
        }
    }
}

/// A ready scenario, as its document tells it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A word of `a-z` and hyphens that stays the same for ever.
    pub slug: String,
    /// `welcome`, `browsing`, `orders`, `after_purchase`, `win_back`, `occasions` or `leads`.
    pub category: String,
    pub name: Words,
    /// Why, and when which message goes.
    pub summary: Words,
    pub needs: Needs,
    #[serde(default, rename = "parameter")]
    pub parameters: Vec<Parameter>,
    #[serde(default, rename = "segment")]
    pub segments: Vec<Segment>,
    #[serde(rename = "journey")]
    pub journeys: Vec<Journey>,
    #[serde(rename = "template")]
    pub templates: Vec<Template>,
}

/// What a shop has to bring for a scenario to do anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Names of events, of the shop's or of Quaylai's own.
    #[serde(default)]
    pub events: Vec<String>,
    /// Fields and attributes of the profile.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// `email.marketing`.
    #[serde(default)]
    pub consents: Vec<String>,
    /// What has to be done by hand first, and what is different until a capability comes.
    #[serde(default)]
    pub setup: Option<Words>,
}

/// A segment that the journeys of a scenario use.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    pub key: String,
    pub name: Words,
    pub definition: Value,
}

/// A journey of a scenario. The one called `main` has the scenario's own slug as its word.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    pub key: String,
    pub definition: Value,
}

/// A text that the journeys of a scenario send.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub key: String,
    /// May be a parameter.
    #[serde(default = "email")]
    pub channel: String,
    #[serde(default = "marketing")]
    pub purpose: Purpose,
    /// The channel that the step is meant for, once it exists; until then it goes by `channel`.
    #[serde(default)]
    pub intended_channel: Option<Channel>,
    pub vi: Letter,
    pub en: Letter,
}

fn email() -> String {
    "email".to_owned()
}

fn marketing() -> Purpose {
    Purpose::Marketing
}

impl Template {
    pub fn in_language(&self, language: Language) -> &Letter {
        match language {
            Language::Vi => &self.vi,
            Language::En => &self.en,
        }
    }
}

/// One text in one language. An e-mail's body is of the short form that [`crate::letter`] describes; of the other
/// channels it is the message itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    pub name: String,
    #[serde(default)]
    pub subject: String,
    #[serde(default)]
    pub preheader: String,
    pub body: String,
}

macro_rules! documents {
    ($($slug:literal),+ $(,)?) => {
        [$(($slug, include_str!(concat!("../library/", $slug, ".toml")))),+]
    };
}

/// Slug and text of every document, in the order in which the library is shown.
pub fn sources() -> &'static [(&'static str, &'static str)] {
    const SOURCES: [(&str, &str); 14] = documents![
        "welcome",
        "lead-nurture",
        "browse-abandonment",
        "cart-abandonment",
        "order-status",
        "review-request",
        "cross-sell",
        "second-order",
        "spend-milestone",
        "win-back",
        "birthday",
        "tet",
        "womens-day",
        "vietnamese-womens-day",
    ];
    &SOURCES
}

/// All scenarios.
pub fn library() -> &'static [Scenario] {
    // The documents are part of the program; that each of them is well formed is a test's business.
    static LIBRARY: LazyLock<Vec<Scenario>> =
        LazyLock::new(|| sources().iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect());
    &LIBRARY
}

/// The scenario of this slug.
pub fn find(slug: &str) -> Option<&'static Scenario> {
    library().iter().find(|scenario| scenario.slug == slug)
}
