use crate::profile::Ms;
use kit::Timestamp;
use serde::{Deserialize, Serialize};

/// Categories that a product is in at most; more are left out.
pub const CATEGORIES_MAX: usize = 20;

/// What the shop sells, as last told by an event or by the API. Amounts are minor units of `currency`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Product {
    pub product_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// The first of its categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// All of its categories, where there are more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The price that is struck through beside the own one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<i64>,
    /// What one costs the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
    /// How many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<i64>,
    /// Whether it can be bought, whatever the quantity says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_stock: Option<bool>,
    /// Not shown to anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// When it came into the shop's range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Ms>,
    pub updated_at: Ms,
    /// Told by the shop itself through the API: events only fill what is missing.
    #[serde(default)]
    pub from_catalogue: bool,
    /// When the shop's catalogue last said that it can be bought again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restocked_at: Option<Ms>,
    /// When the shop's catalogue last named a lower price, and the price before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_at: Option<Ms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_from: Option<i64>,
}

/// What the shop's own catalogue told of a product that people may have waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turned {
    /// It can be bought again.
    BackInStock,
    /// It costs less than this, by the price before.
    PriceDropped { from: i64 },
}

impl Product {
    /// Folds in a later telling. Returns whether anything but the instant changed.
    pub fn apply(&mut self, told: &Product) -> bool {
        let overwrite = if self.from_catalogue {
            told.from_catalogue && told.updated_at >= self.updated_at
        } else {
            told.from_catalogue || told.updated_at >= self.updated_at
        };
        fn take<T: Clone>(overwrite: bool, ours: &mut Option<T>, theirs: &Option<T>) {
            if theirs.is_some() && (overwrite || ours.is_none()) {
                ours.clone_from(theirs);
            }
        }
        let before = self.clone();
        let o = overwrite;
        take(o, &mut self.name, &told.name);
        take(o, &mut self.sku, &told.sku);
        take(o, &mut self.brand, &told.brand);
        take(o, &mut self.url, &told.url);
        take(o, &mut self.image_url, &told.image_url);
        take(o, &mut self.hidden, &told.hidden);
        take(o, &mut self.cost, &told.cost);
        take(o, &mut self.created_at, &told.created_at);
        if told.category.is_some() && (o || self.category.is_none()) {
            self.category.clone_from(&told.category);
            // One category that is still among several leaves them; another puts itself in their place.
            if !told.categories.is_empty()
                || !self.categories.iter().any(|c| Some(c) == told.category.as_ref())
            {
                self.categories.clone_from(&told.categories);
            }
        }
        if told.price.is_some() && (o || self.price.is_none()) {
            self.price = told.price;
            self.currency.clone_from(&told.currency);
        }
        take(o, &mut self.compare_at_price, &told.compare_at_price);
        // A quantity and a word about it belong together: the later telling has both.
        let knows_stock = self.stock.is_some() || self.in_stock.is_some();
        if (told.stock.is_some() || told.in_stock.is_some()) && (o || !knows_stock) {
            self.stock = told.stock;
            self.in_stock = told.in_stock;
        }
        self.from_catalogue |= told.from_catalogue;
        let changed = *self != before;
        if changed && overwrite {
            self.updated_at = self.updated_at.max(told.updated_at);
        }
        changed
    }

    /// What turned from `before` to now, where the shop's own catalogue says so: what pages tell starts nothing. Notes
    /// the instant and the price before on the product. A price falls when it is lower by `percent` or more.
    pub fn turned(&mut self, before: &Product, percent: u8, at: Timestamp) -> Vec<Turned> {
        let mut turned = Vec::new();
        if !self.from_catalogue || !before.from_catalogue {
            return turned;
        }
        if before.is_available() == Some(false) && self.is_available() == Some(true) {
            self.restocked_at = Some(at.into());
            turned.push(Turned::BackInStock);
        }
        if let (Some(was), Some(is)) = (before.price, self.price)
            && before.currency == self.currency
            && is < was
        {
            let by = i128::from(was - is) * 100;
            if by >= i128::from(was) * i128::from(percent) {
                self.dropped_at = Some(at.into());
                self.dropped_from = Some(was);
                turned.push(Turned::PriceDropped { from: was });
            }
        }
        if self.dropped_from.is_some_and(|from| self.price.is_none_or(|price| price >= from)) {
            self.dropped_at = None;
            self.dropped_from = None;
        }
        turned
    }

    /// Whether it can be bought; `None` where nobody said.
    pub fn is_available(&self) -> Option<bool> {
        self.in_stock.or_else(|| self.stock.map(|stock| stock > 0))
    }

    pub fn is_hidden(&self) -> bool {
        self.hidden == Some(true)
    }

    /// What is left of the price after the cost, in percent of the price; `None` where one of both is unknown or the
    /// price is 0.
    pub fn margin_percent(&self) -> Option<i64> {
        let (price, cost) = (self.price?, self.cost?);
        if price <= 0 {
            return None;
        }
        i64::try_from((i128::from(price) - i128::from(cost)) * 100 / i128::from(price)).ok()
    }

    /// Its categories, the first one first.
    pub fn all_categories(&self) -> impl Iterator<Item = &str> {
        let first = self.category.as_deref();
        first.into_iter().chain(self.categories.iter().map(String::as_str).filter(move |c| Some(*c) != first))
    }

    pub fn updated_at(&self) -> Timestamp {
        self.updated_at.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(price: i64, stock: Option<i64>, at: i64, from_catalogue: bool) -> Product {
        Product {
            product_id: "ao".into(),
            price: Some(price),
            currency: Some("VND".into()),
            stock,
            updated_at: Ms::from_ms(at),
            from_catalogue,
            ..Product::default()
        }
    }

    fn turn(held: &mut Product, told: &Product) -> Vec<Turned> {
        let before = held.clone();
        held.apply(told);
        held.turned(&before, 5, told.updated_at.0)
    }

    #[test]
    fn the_catalogue_alone_turns_stock_and_price() {
        let mut held = told(100_000, Some(0), 1, true);
        assert_eq!(turn(&mut held, &told(90_000, Some(9), 2, false)), [], "a page says so");
        assert_eq!((held.price, held.stock), (Some(100_000), Some(0)));
        let turned = turn(&mut held, &told(90_000, Some(3), 3, true));
        assert_eq!(turned, [Turned::BackInStock, Turned::PriceDropped { from: 100_000 }]);
        assert_eq!((held.restocked_at, held.dropped_from), (Some(Ms::from_ms(3)), Some(100_000)));
        assert_eq!(turn(&mut held, &told(90_000, Some(2), 4, true)), [], "nothing new");
        assert_eq!(turn(&mut held, &told(89_000, Some(2), 5, true)), [], "less than five percent");
        assert_eq!(turn(&mut held, &told(100_000, Some(2), 6, true)), []);
        assert_eq!((held.dropped_at, held.dropped_from), (None, None), "it is dear again");
    }

    #[test]
    fn a_late_telling_changes_nothing_and_a_gap_is_filled() {
        let mut held = told(100_000, Some(5), 10, true);
        assert!(!held.apply(&told(50_000, Some(0), 9, true)));
        let page = Product { url: Some("https://shop.example/ao".into()), ..told(1, None, 11, false) };
        assert!(held.apply(&page));
        assert_eq!((held.price, held.url.is_some()), (Some(100_000), true));
    }

    #[test]
    fn margin_and_availability_are_unknown_without_numbers() {
        let mut product = told(100_000, None, 1, true);
        assert_eq!((product.margin_percent(), product.is_available()), (None, None));
        product.cost = Some(70_000);
        product.stock = Some(4);
        assert_eq!((product.margin_percent(), product.is_available()), (Some(30), Some(true)));
        product.in_stock = Some(false);
        assert_eq!(product.is_available(), Some(false), "the word counts before the quantity");
        product.price = Some(0);
        assert_eq!(product.margin_percent(), None);
    }

    #[test]
    fn one_category_among_several_leaves_them() {
        let several = Product {
            category: Some("ao".into()),
            categories: vec!["ao".into(), "he".into()],
            ..told(1, None, 1, true)
        };
        let mut held = several.clone();
        held.apply(&Product { category: Some("he".into()), ..told(1, None, 2, true) });
        assert_eq!(held.all_categories().collect::<Vec<_>>(), ["he", "ao"]);
        held.apply(&Product { category: Some("dong".into()), ..told(1, None, 3, true) });
        assert_eq!(held.all_categories().collect::<Vec<_>>(), ["dong"]);
    }
}
