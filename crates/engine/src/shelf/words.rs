//! Why a product is recommended, as a code and in words.

use super::{Pick, Reason, Shelf};
use kit::{Currency, Money};
use serde_json::{Map, Value, json};

impl Reason {
    pub const fn code(&self) -> &'static str {
        match self {
            Reason::Pinned => "pinned",
            Reason::BoughtWith { .. } => "bought_together",
            Reason::ViewedWith { .. } => "viewed_together",
            Reason::SimilarTo { .. } => "similar",
            Reason::SameCategory { .. } => "same_category",
            Reason::BoughtBefore { .. } => "bought_before",
            Reason::Wanted { .. } => "wanted",
            Reason::Viewed { .. } => "viewed",
            Reason::Popular => "popular",
            Reason::PopularInSegment => "popular_in_segment",
            Reason::Trending => "trending",
            Reason::New => "new",
            Reason::BackInStock { .. } => "back_in_stock",
            Reason::PriceDropped { .. } => "price_dropped",
        }
    }

    /// The product that it starts from.
    pub fn product_id(&self) -> Option<&str> {
        match self {
            Reason::BoughtWith { product_id, .. }
            | Reason::ViewedWith { product_id, .. }
            | Reason::SimilarTo { product_id }
            | Reason::SameCategory { product_id } => Some(product_id),
            _ => None,
        }
    }

    /// In words for the customer; `name` is that of the product it starts from.
    pub fn words(&self, language: &str, name: &str) -> String {
        let vietnamese = language != "en";
        let say = |vi: &str, en: &str| (if vietnamese { vi } else { en }).to_owned();
        match self {
            Reason::Pinned => say("Cửa hàng chọn cho bạn", "Picked by the shop"),
            Reason::BoughtWith { .. } if vietnamese => format!("Thường được mua cùng {name}"),
            Reason::BoughtWith { .. } => format!("Often bought with {name}"),
            Reason::ViewedWith { .. } if vietnamese => format!("Khách xem {name} cũng xem"),
            Reason::ViewedWith { .. } => format!("Viewed by those who viewed {name}"),
            Reason::SimilarTo { .. } if vietnamese => format!("Giống {name}"),
            Reason::SimilarTo { .. } => format!("Similar to {name}"),
            Reason::SameCategory { .. } if vietnamese => format!("Cùng loại với {name}"),
            Reason::SameCategory { .. } => format!("In the same category as {name}"),
            Reason::BoughtBefore { .. } => say("Bạn từng mua", "You bought it before"),
            Reason::Wanted { .. } => say("Bạn từng quan tâm", "You showed interest in it"),
            Reason::Viewed { .. } => say("Bạn vừa xem", "You looked at it lately"),
            Reason::Popular => say("Đang được mua nhiều", "Popular right now"),
            Reason::PopularInSegment => say("Khách giống bạn hay mua", "Popular among customers like you"),
            Reason::Trending => say("Đang lên", "On the rise"),
            Reason::New => say("Hàng mới về", "New in"),
            Reason::BackInStock { .. } => say("Có hàng trở lại", "Back in stock"),
            Reason::PriceDropped { .. } => say("Vừa giảm giá", "The price dropped"),
        }
    }
}

impl Shelf {
    /// Why a product stands there, in words for the customer.
    pub fn words(&self, reason: &Reason, language: &str) -> String {
        let product = reason.product_id().and_then(|id| self.product(id));
        let name = product.and_then(|product| product.name.as_deref()).unwrap_or("…");
        reason.words(language, name)
    }
}

/// A product as templates and pages see it: amounts in the currency's major unit, nothing about anybody.
pub fn shown(pick: &Pick, words: String, shop_currency: Currency) -> Value {
    let product = &pick.product;
    let currency = product.currency.as_deref().and_then(|code| code.parse().ok()).unwrap_or(shop_currency);
    let money = |minor: i64| {
        if currency.exponent() == 0 { json!(minor) } else { json!(Money { minor, currency }.to_f64()) }
    };
    let mut told = Map::new();
    told.insert("id".into(), json!(product.product_id));
    told.insert("product_id".into(), json!(product.product_id));
    told.insert("name".into(), json!(product.name.as_ref().unwrap_or(&product.product_id)));
    told.insert("sku".into(), json!(product.sku));
    told.insert("category".into(), json!(product.category));
    told.insert("brand".into(), json!(product.brand));
    told.insert("url".into(), json!(product.url));
    told.insert("image_url".into(), json!(product.image_url));
    told.insert("price".into(), json!(product.price.map(money)));
    told.insert("currency".into(), json!(currency.code()));
    let before = match pick.reason {
        Reason::PriceDropped { from, .. } => Some(from),
        _ => product.compare_at_price,
    };
    let before = before.filter(|before| product.price.is_some_and(|price| price < *before));
    told.insert("price_before".into(), json!(before.map(money)));
    told.insert("compare_at_price".into(), json!(product.compare_at_price.map(money)));
    told.insert("reason".into(), json!(words));
    told.insert("reason_code".into(), json!(pick.reason.code()));
    Value::Object(told)
}
