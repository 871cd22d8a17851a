use crate::profile::Ms;
use kit::Timestamp;
use serde::{Deserialize, Serialize};

/// What the shop sells, as last told by an event or by the API.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Product {
    pub product_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    pub updated_at: Ms,
    /// Told by the shop itself through the API: events only fill what is missing.
    #[serde(default)]
    pub from_catalogue: bool,
}

impl Product {
    /// Folds in a later telling. Returns whether anything but the instant changed.
    pub fn apply(&mut self, told: &Product) -> bool {
        let overwrite = if self.from_catalogue {
            told.from_catalogue && told.updated_at >= self.updated_at
        } else {
            told.from_catalogue || told.updated_at >= self.updated_at
        };
        let before = self.clone();
        let take = |ours: &mut Option<String>, theirs: &Option<String>| {
            if theirs.is_some() && (overwrite || ours.is_none()) {
                ours.clone_from(theirs);
            }
        };
        take(&mut self.name, &told.name);
        take(&mut self.sku, &told.sku);
        take(&mut self.category, &told.category);
        take(&mut self.brand, &told.brand);
        take(&mut self.url, &told.url);
        take(&mut self.image_url, &told.image_url);
        if told.price.is_some() && (overwrite || self.price.is_none()) {
            self.price = told.price;
            self.currency.clone_from(&told.currency);
        }
        self.from_catalogue |= told.from_catalogue;
        let changed = *self != before;
        if changed && overwrite {
            self.updated_at = self.updated_at.max(told.updated_at);
        }
        changed
    }

    pub fn updated_at(&self) -> Timestamp {
        self.updated_at.0
    }
}
