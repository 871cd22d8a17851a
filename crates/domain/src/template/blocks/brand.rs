//! How a shop looks in its messages.

use super::check::is_colour;
use serde::{Deserialize, Serialize};

/// Fonts that mail programs have, each with what stands in for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Font {
    #[default]
    System,
    Arial,
    Georgia,
    Verdana,
    Tahoma,
    Times,
    Trebuchet,
}

impl Font {
    pub(super) fn family(self) -> &'static str {
        match self {
            Font::System => {
                "'Be Vietnam Pro', -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
            }
            Font::Arial => "Arial, 'Helvetica Neue', Helvetica, sans-serif",
            Font::Georgia => "Georgia, 'Times New Roman', serif",
            Font::Verdana => "Verdana, Geneva, sans-serif",
            Font::Tahoma => "Tahoma, Verdana, sans-serif",
            Font::Times => "'Times New Roman', Times, serif",
            Font::Trebuchet => "'Trebuchet MS', Tahoma, sans-serif",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SocialLink {
    /// As it is shown: `Facebook`.
    pub name: String,
    pub url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Brand {
    /// `/media/...` of the shop's library, or an address; the shop's name stands where there is none.
    pub logo: String,
    /// In pixels.
    pub logo_width: u16,
    pub primary: String,
    pub button_text: String,
    pub background: String,
    pub surface: String,
    pub text: String,
    pub muted: String,
    pub font: Font,
    pub radius: u16,
    /// As it stands in the register of companies; the shop's name when empty.
    pub legal_name: String,
    /// The number of the tax office.
    pub tax_code: String,
    /// Below every letter, above the legal part.
    pub footer_note: String,
    pub social: Vec<SocialLink>,
}

impl Default for Brand {
    fn default() -> Self {
        Brand {
            logo: String::new(),
            logo_width: 140,
            primary: "#1F6F5C".into(),
            button_text: "#FFFFFF".into(),
            background: "#F3F1EC".into(),
            surface: "#FFFFFF".into(),
            text: "#26231F".into(),
            muted: "#66605A".into(),
            font: Font::System,
            radius: 12,
            legal_name: String::new(),
            tax_code: String::new(),
            footer_note: String::new(),
            social: Vec::new(),
        }
    }
}

impl Brand {
    /// What cannot be used: the field and what it should be.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        let colours = [
            ("brand.primary", &self.primary),
            ("brand.button_text", &self.button_text),
            ("brand.background", &self.background),
            ("brand.surface", &self.surface),
            ("brand.text", &self.text),
            ("brand.muted", &self.muted),
        ];
        for (path, colour) in colours {
            if !is_colour(colour) {
                found.push((path, "a colour such as #1F6F5C"));
            }
        }
        if !(24..=600).contains(&self.logo_width) {
            found.push(("brand.logo_width", "from 24 to 600 pixels"));
        }
        if self.radius > 40 {
            found.push(("brand.radius", "at most 40 pixels"));
        }
        if !self.logo.is_empty()
            && !["https://", "http://", "/media/"].iter().any(|start| self.logo.starts_with(start))
        {
            found.push(("brand.logo", "an address that begins with https:// or /media/"));
        }
        for (path, text, most) in [
            ("brand.logo", &self.logo, 2_000),
            ("brand.legal_name", &self.legal_name, 500),
            ("brand.tax_code", &self.tax_code, 50),
            ("brand.footer_note", &self.footer_note, 1_000),
        ] {
            if text.len() > most || text.chars().any(|c| c.is_control() && c != '\n') {
                found.push((path, "a shorter text"));
            }
        }
        let is_lawful = |link: &SocialLink| {
            !link.name.trim().is_empty()
                && link.name.len() <= 60
                && link.url.len() <= 2_000
                && (link.url.starts_with("https://") || link.url.starts_with("http://"))
        };
        if self.social.len() > 10 || !self.social.iter().all(is_lawful) {
            found.push((
                "brand.social",
                "at most 10 links, each with a name and an address that begins with https://",
            ));
        }
        found
    }
}
