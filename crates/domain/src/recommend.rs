//! Where a shop recommends products, of which kind, and by which rules: a document that the shop writes.
//!
//! A **place** is a named spot: the home page, the page of a product, the cart, an e-mail. It shows one **rail**, a kind
//! of recommendation, and where that has too few products the rails of its fall-back order. Rules say what may stand
//! there. Which product is best is not decided here.

use crate::commerce::Product;
use crate::profile::Ms;
use crate::words::words;
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

words! {
    /// A kind of recommendation.
    Rail {
        /// What customers bought who bought these.
        BoughtTogether = "bought_together",
        /// What customers looked at who looked at these.
        ViewedTogether = "viewed_together",
        /// Like these by name, category, brand and price.
        Similar = "similar",
        /// What this customer has not bought yet and may like.
        ForYou = "for_you",
        /// What this customer bought and may buy again.
        BuyAgain = "buy_again",
        /// Bought much lately by everybody.
        Popular = "popular",
        /// Bought much lately by the members of a segment.
        PopularInSegment = "popular_in_segment",
        /// What this customer looked at last.
        RecentlyViewed = "recently_viewed",
        /// What can be bought again; what this customer looked at comes first.
        BackInStock = "back_in_stock",
        /// What costs less than before; what this customer looked at comes first.
        PriceDropped = "price_dropped",
        /// Came into the range lately.
        New = "new",
    }
}

impl Rail {
    /// Whether it is made of what one customer did, and is empty for a stranger.
    pub const fn is_personal(self) -> bool {
        matches!(self, Rail::ForYou | Rail::BuyAgain | Rail::RecentlyViewed)
    }

    /// Whether it starts from products: those of the page or of the cart.
    pub const fn needs_products(self) -> bool {
        matches!(self, Rail::BoughtTogether | Rail::ViewedTogether | Rail::Similar)
    }

    /// Whether it shows what the customer has bought already, unless a rule says otherwise.
    pub const fn shows_bought(self) -> bool {
        matches!(self, Rail::BuyAgain)
    }
}

/// Products of one answer.
pub const LIMIT_MAX: usize = 50;
/// Places of one shop.
pub const PLACES_MAX: usize = 50;
/// Pinned products of one place.
pub const PINS_MAX: usize = 20;
/// Rails of a fall-back order.
pub const FALL_BACK_MAX: usize = 5;
/// Categories that a rule names.
pub const CATEGORIES_MAX: usize = 100;
/// Products that the shop hides by hand.
pub const HIDDEN_MAX: usize = 2_000;
/// Days within which somebody who looked at a product is told of it at most.
pub const WINDOW_DAYS_MAX: u16 = 365;

/// What is bought already and is not shown again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bought {
    /// Left out for ever, but for what the rail itself is about.
    #[default]
    Ever,
    /// Left out for so many days.
    Days(u16),
    /// Shown.
    Shown,
}

/// How far a price may lie from what the customer usually pays, in percent of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceBand {
    /// 0 to 100: 50 lets products in from half the customer's price level.
    pub below: u16,
    /// 0 to 1000: 100 lets products in up to twice the level.
    pub above: u16,
}

/// What may stand in a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Products that can't be bought are left out; those of which nobody said anything stay.
    pub in_stock_only: bool,
    /// Percent of the price; products whose cost is not known are left out.
    pub min_margin: Option<u8>,
    pub bought: Bought,
    /// What lies in the customer's cart is shown too.
    pub with_cart: bool,
    /// Products of one category at most.
    pub max_per_category: Option<u8>,
    /// Only products of these categories, where any are named.
    pub only_categories: BTreeSet<String>,
    pub never_categories: BTreeSet<String>,
    /// Without a known price level of the customer every price is shown.
    pub price_band: Option<PriceBand>,
    /// Only products with a picture and a page of their own.
    pub complete_only: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            in_stock_only: true,
            min_margin: None,
            bought: Bought::Ever,
            with_cart: false,
            max_per_category: None,
            only_categories: BTreeSet::new(),
            never_categories: BTreeSet::new(),
            price_band: None,
            complete_only: false,
        }
    }
}

/// A product at the top of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    pub product_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Ms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Ms>,
}

impl Pin {
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from.0 <= now) && self.until.is_none_or(|until| now < until.0)
    }
}

/// A named spot and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// A word of the shop's own, such as `home`: templates and pages name the place by it.
    pub id: String,
    #[serde(default)]
    pub name: String,
    pub rail: Rail,
    /// Rails that fill up what is missing, in their order.
    #[serde(default)]
    pub fall_back: Vec<Rail>,
    /// The segment of [`Rail::PopularInSegment`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Products where the caller names no number; 1 to [`LIMIT_MAX`].
    #[serde(default = "usual_limit")]
    pub limit: u8,
    #[serde(default)]
    pub rules: Rules,
    #[serde(default)]
    pub pins: Vec<Pin>,
}

fn usual_limit() -> u8 {
    8
}

/// When people are told that a product can be bought again or costs less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Occasions {
    /// Whether there are events `Back In Stock`.
    pub back_in_stock: bool,
    /// Whether there are events `Price Dropped`.
    pub price_dropped: bool,
    /// Days back within which somebody looked at the product, put it into a cart or bought it.
    pub window_days: u16,
    /// A price has fallen when it is lower by so many percent.
    pub min_drop: u8,
    /// Events of both names that somebody gets within 24 hours at most; 0: as many as there are.
    pub per_day: u8,
    /// Products that one event names at most.
    pub products: u8,
}

impl Default for Occasions {
    fn default() -> Occasions {
        Occasions {
            back_in_stock: true,
            price_dropped: true,
            window_days: 60,
            min_drop: 5,
            per_day: 1,
            products: 6,
        }
    }
}

/// All of a shop's places and rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Book {
    pub places: Vec<Place>,
    /// Products that stand nowhere.
    pub hidden: BTreeSet<String>,
    /// Categories that stand nowhere.
    pub hidden_categories: BTreeSet<String>,
    pub occasions: Occasions,
}

impl Default for Book {
    /// What a shop has before it writes anything.
    fn default() -> Book {
        let place = |id: &str, rail: Rail, fall_back: &[Rail], limit: u8| Place {
            id: id.into(),
            name: String::new(),
            rail,
            fall_back: fall_back.to_vec(),
            segment: None,
            limit,
            rules: Rules::default(),
            pins: Vec::new(),
        };
        use Rail::*;
        Book {
            places: vec![
                place("home", ForYou, &[Popular, New], 8),
                place("product", BoughtTogether, &[ViewedTogether, Similar, Popular], 8),
                place("cart", BoughtTogether, &[ForYou, Popular], 4),
                place("email", ForYou, &[Popular, New], 4),
            ],
            hidden: BTreeSet::new(),
            hidden_categories: BTreeSet::new(),
            occasions: Occasions::default(),
        }
    }
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// `places.home.rules.min_margin`.
    pub field: String,
    pub message: String,
}

/// Whether a word can be the name of a place or a rail.
pub fn is_name(name: &str) -> bool {
    is_place_id(name) || Rail::ALL.iter().any(|rail| rail.as_str() == name)
}

/// Whether a word can name a place: it stands in addresses and in Liquid.
pub fn is_place_id(id: &str) -> bool {
    let mut chars = id.chars();
    id.len() <= 40
        && chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && Rail::ALL.iter().all(|rail| rail.as_str() != id)
}

impl Place {
    /// A place of this rail alone, under the usual rules.
    pub fn of_rail(rail: Rail) -> Place {
        Place {
            id: rail.as_str().into(),
            name: String::new(),
            rail,
            fall_back: Vec::new(),
            segment: None,
            limit: usual_limit(),
            rules: Rules::default(),
            pins: Vec::new(),
        }
    }

    /// What is wrong with it; `at` is where it stands in the document, such as `places.home`.
    pub fn problems(&self, at: &str) -> Vec<RuleProblem> {
        let mut found = Vec::new();
        let mut tell = |field: &str, message: &str| {
            let field = if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") };
            found.push(RuleProblem { field, message: message.into() });
        };
        if !is_place_id(&self.id) {
            tell(
                "id",
                "small letters a to z, digits and _, at most 40, beginning with a letter, and no rail's name",
            );
        }
        if self.name.chars().count() > 100 {
            tell("name", "at most 100 characters");
        }
        if !(1..=LIMIT_MAX).contains(&usize::from(self.limit)) {
            tell("limit", "from 1 to 50");
        }
        if self.fall_back.len() > FALL_BACK_MAX {
            tell("fall_back", "at most 5 rails");
        }
        let rails = || std::iter::once(self.rail).chain(self.fall_back.iter().copied());
        if self.segment.is_none() && rails().any(|rail| rail == Rail::PopularInSegment) {
            tell("segment", "the rail popular_in_segment needs a segment");
        }
        if self.pins.len() > PINS_MAX {
            tell("pins", "at most 20 products");
        }
        for pin in &self.pins {
            if pin.product_id.is_empty() || pin.product_id.len() > 300 {
                tell("pins", "product_id has 1 to 300 bytes");
            }
            if pin.from.zip(pin.until).is_some_and(|(from, until)| from >= until) {
                tell("pins", "until lies behind from");
            }
        }
        let rules = &self.rules;
        if rules.min_margin.is_some_and(|margin| margin > 99) {
            tell("rules.min_margin", "from 0 to 99 percent");
        }
        if rules.max_per_category == Some(0) {
            tell("rules.max_per_category", "1 or more");
        }
        if let Bought::Days(days) = rules.bought
            && !(1..=3_650).contains(&days)
        {
            tell("rules.bought.days", "from 1 to 3650 days");
        }
        if rules.price_band.is_some_and(|band| band.below > 100 || band.above > 1_000) {
            tell("rules.price_band", "below is at most 100 and above at most 1000 percent");
        }
        for (field, named) in [
            ("rules.only_categories", &rules.only_categories),
            ("rules.never_categories", &rules.never_categories),
        ] {
            if named.len() > CATEGORIES_MAX || named.iter().any(|name| name.is_empty() || name.len() > 2_000)
            {
                tell(field, "at most 100 categories, each of 1 to 2,000 bytes");
            }
        }
        found
    }
}

impl Book {
    pub fn place(&self, id: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.id == id)
    }

    /// What a template or a page names: a place of the shop's, or a rail.
    pub fn named(&self, name: &str) -> Option<Place> {
        self.place(name).cloned().or_else(|| name.parse().ok().map(Place::of_rail))
    }

    pub fn problems(&self) -> Vec<RuleProblem> {
        let mut found = Vec::new();
        let mut tell = |field: &str, message: &str| {
            found.push(RuleProblem { field: field.into(), message: message.into() })
        };
        if self.places.len() > PLACES_MAX {
            tell("places", "at most 50 places");
        }
        let ids: BTreeSet<&str> = self.places.iter().map(|place| place.id.as_str()).collect();
        if ids.len() < self.places.len() {
            tell("places", "two places have the same id");
        }
        if self.hidden.len() > HIDDEN_MAX || self.hidden.iter().any(|id| id.is_empty() || id.len() > 300) {
            tell("hidden", "at most 2,000 products, each id of 1 to 300 bytes");
        }
        let categories = &self.hidden_categories;
        if categories.len() > CATEGORIES_MAX || categories.iter().any(|c| c.is_empty() || c.len() > 2_000) {
            tell("hidden_categories", "at most 100 categories, each of 1 to 2,000 bytes");
        }
        if !(1..=WINDOW_DAYS_MAX).contains(&self.occasions.window_days) {
            tell("occasions.window_days", "from 1 to 365 days");
        }
        if self.occasions.per_day > 5 {
            tell("occasions.per_day", "from 0 (no limit) to 5 events");
        }
        if !(1..=12).contains(&self.occasions.products) {
            tell("occasions.products", "from 1 to 12 products");
        }
        if !(1..=99).contains(&self.occasions.min_drop) {
            tell("occasions.min_drop", "from 1 to 99 percent");
        }
        for place in &self.places {
            found.extend(place.problems(&format!("places.{}", place.id)));
        }
        found
    }
}

words! {
    /// Why a product does not stand in a place.
    LeftOut {
        Hidden = "hidden",
        OutOfStock = "out_of_stock",
        Margin = "margin",
        Category = "category",
        Incomplete = "incomplete",
        Bought = "bought",
        InCart = "in_cart",
        OnPage = "on_page",
        Price = "price",
        CategoryFull = "category_full",
    }
}

/// What is known of the customer that rules ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Customer {
    /// What they usually pay for one product, in minor units of the shop's currency.
    pub price_level: Option<i64>,
}

impl Book {
    /// Why a product must not stand in a place for anybody; `None`: it may.
    pub fn leaves_out(&self, rules: &Rules, product: &Product) -> Option<LeftOut> {
        let hidden = |category: &str| self.hidden_categories.contains(category);
        if product.is_hidden()
            || self.hidden.contains(&product.product_id)
            || product.all_categories().any(hidden)
        {
            return Some(LeftOut::Hidden);
        }
        if rules.in_stock_only && product.is_available() == Some(false) {
            return Some(LeftOut::OutOfStock);
        }
        if let Some(least) = rules.min_margin
            && product.margin_percent().is_none_or(|margin| margin < i64::from(least))
        {
            return Some(LeftOut::Margin);
        }
        let only = &rules.only_categories;
        if product.all_categories().any(|category| rules.never_categories.contains(category))
            || (!only.is_empty() && !product.all_categories().any(|category| only.contains(category)))
        {
            return Some(LeftOut::Category);
        }
        if product.name.is_none()
            || (rules.complete_only && (product.url.is_none() || product.image_url.is_none()))
        {
            return Some(LeftOut::Incomplete);
        }
        None
    }
}

impl Rules {
    /// Why a product must not stand there for this customer, who bought it last at `bought`.
    pub fn leaves_out_for(
        &self,
        rail: Rail,
        product: &Product,
        customer: Customer,
        bought: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<LeftOut> {
        if let Some(bought) = bought {
            let out = match self.bought {
                Bought::Shown => false,
                Bought::Ever => !rail.shows_bought(),
                Bought::Days(days) => now.since_ms(bought) < i64::from(days) * kit::DAY_MS,
            };
            if out {
                return Some(LeftOut::Bought);
            }
        }
        if let (Some(band), Some(level), Some(price)) = (self.price_band, customer.price_level, product.price)
        {
            let (level, price) = (i128::from(level), i128::from(price));
            let low = level * i128::from(100 - band.below.min(100));
            let high = level * i128::from(100 + u32::from(band.above));
            if !(low..=high).contains(&(price * 100)) {
                return Some(LeftOut::Price);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_ms(day * kit::DAY_MS)
    }

    fn shirt() -> Product {
        Product {
            product_id: "ao".into(),
            name: Some("Áo thun".into()),
            category: Some("Áo".into()),
            categories: vec!["Áo".into(), "Mùa hè".into()],
            price: Some(200_000),
            cost: Some(150_000),
            stock: Some(3),
            ..Product::default()
        }
    }

    #[test]
    fn what_a_shop_has_at_first_is_right() {
        assert_eq!(Book::default().problems(), []);
        let read: Book = serde_json::from_value(json!({})).unwrap();
        assert_eq!(read, Book::default());
    }

    #[test]
    fn names_of_places_can_stand_in_liquid() {
        for (id, expect) in
            [("home", true), ("trang_chu_2", true), ("Home", false), ("a-b", false), ("", false)]
        {
            assert_eq!(is_place_id(id), expect, "{id}");
        }
        assert!(!is_place_id("popular"), "a rail's name is taken");
    }

    #[test]
    fn each_rule_leaves_out_what_it_says() {
        let check = |rules: serde_json::Value, change: fn(&mut Product), expect: Option<LeftOut>| {
            let rules: Rules = serde_json::from_value(rules).unwrap();
            let mut product = shirt();
            change(&mut product);
            assert_eq!(Book::default().leaves_out(&rules, &product), expect, "{rules:?}");
        };
        check(json!({}), |_| {}, None);
        check(json!({}), |p| p.stock = Some(0), Some(LeftOut::OutOfStock));
        check(json!({ "in_stock_only": false }), |p| p.stock = Some(0), None);
        check(json!({}), |p| p.stock = None, None);
        check(json!({}), |p| p.hidden = Some(true), Some(LeftOut::Hidden));
        check(json!({ "min_margin": 25 }), |_| {}, None);
        check(json!({ "min_margin": 26 }), |_| {}, Some(LeftOut::Margin));
        check(json!({ "min_margin": 1 }), |p| p.cost = None, Some(LeftOut::Margin));
        check(json!({ "never_categories": ["Mùa hè"] }), |_| {}, Some(LeftOut::Category));
        check(json!({ "only_categories": ["Mùa hè"] }), |_| {}, None);
        check(json!({ "only_categories": ["Giày"] }), |_| {}, Some(LeftOut::Category));
        check(json!({ "complete_only": true }), |_| {}, Some(LeftOut::Incomplete));
        check(json!({}), |p| p.name = None, Some(LeftOut::Incomplete));
        let hidden = Book { hidden_categories: BTreeSet::from(["Mùa hè".into()]), ..Book::default() };
        assert_eq!(hidden.leaves_out(&Rules::default(), &shirt()), Some(LeftOut::Hidden));
    }

    #[test]
    fn what_was_bought_and_what_is_too_dear_stays_away() {
        let check = |rules: serde_json::Value, rail, level: Option<i64>, bought: Option<i64>, expect| {
            let rules: Rules = serde_json::from_value(rules).unwrap();
            let customer = Customer { price_level: level };
            let out = rules.leaves_out_for(rail, &shirt(), customer, bought.map(at), at(100));
            assert_eq!(out, expect, "{rules:?} {rail:?}");
        };
        check(json!({}), Rail::ForYou, None, Some(1), Some(LeftOut::Bought));
        check(json!({}), Rail::BuyAgain, None, Some(1), None);
        check(json!({ "bought": { "days": 30 } }), Rail::BuyAgain, None, Some(80), Some(LeftOut::Bought));
        check(json!({ "bought": { "days": 30 } }), Rail::ForYou, None, Some(60), None);
        check(json!({ "bought": "shown" }), Rail::ForYou, None, Some(99), None);
        let band = json!({ "price_band": { "below": 50, "above": 100 } });
        check(band.clone(), Rail::ForYou, None, None, None);
        check(band.clone(), Rail::ForYou, Some(100_000), None, None);
        check(band.clone(), Rail::ForYou, Some(99_999), None, Some(LeftOut::Price));
        check(band.clone(), Rail::ForYou, Some(400_000), None, None);
        check(band, Rail::ForYou, Some(400_001), None, Some(LeftOut::Price));
    }

    #[test]
    fn problems_name_their_place() {
        let mut book = Book::default();
        book.places[0].rail = Rail::PopularInSegment;
        book.places[1].rules.min_margin = Some(100);
        book.places[2].id = "home".into();
        let found: Vec<String> = book.problems().into_iter().map(|problem| problem.field).collect();
        assert_eq!(found, ["places", "places.home.segment", "places.product.rules.min_margin"]);
    }
}
