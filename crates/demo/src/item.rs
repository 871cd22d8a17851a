//! What happened, small, and how it is told on the wire: the Segment spec's items and its e-commerce events (V2).

use crate::basket::{Line, Order, Shelf};
use crate::calendar::iso;
use crate::people::{Consent, Person, USER_AGENTS};
use crate::shop::SHOP;
use kit::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// One thing that a person, or the shop about an order, did. Kept small: a world holds some thousands of them ahead of
/// time, and turns each into JSON only when its moment comes.
#[derive(Clone, Debug)]
pub enum Fact {
    Identify { has_address: bool },
    ConsentGiven { consent: Consent, source: &'static str },
    ConsentWithdrawn { consent: Consent, source: &'static str },
    Page { page: Page, came_by: CameBy },
    ProductViewed { product: u16 },
    ProductAdded { line: Line, cart_id: Arc<str> },
    ProductRemoved { line: Line, cart_id: Arc<str> },
    CouponApplied { order: Arc<Order> },
    CheckoutStarted { order: Arc<Order> },
    OrderCompleted { order: Arc<Order> },
    OrderUpdated { order: Arc<Order>, status: &'static str },
    OrderRefunded { order: Arc<Order>, lines: usize },
    OrderCancelled { order: Arc<Order>, reason: &'static str },
    ProductReviewed { order: Arc<Order>, rating: u8, body: &'static str },
}

impl Fact {
    /// Told by the shop's order system rather than by a browser.
    fn is_from_server(&self) -> bool {
        matches!(self, Fact::OrderUpdated { .. } | Fact::OrderRefunded { .. } | Fact::OrderCancelled { .. })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    Home,
    /// A shelf, by its place in [`crate::Category::ALL`].
    Shelf(u8),
    Cart,
}

/// How a visit began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CameBy {
    Direct,
    Search,
    Social,
    Ad,
    CartMail,
    Newsletter,
}

impl CameBy {
    fn referrer(self) -> &'static str {
        match self {
            CameBy::Search => "https://search.example/",
            CameBy::Social | CameBy::Ad => "https://social.example/",
            _ => "",
        }
    }

    fn campaign(self) -> Option<Value> {
        let (source, medium, name) = match self {
            CameBy::Ad => ("social", "cpc", "bo-suu-tap-moi"),
            CameBy::CartMail => ("quaylai", "email", "gio-hang-bo-quen"),
            CameBy::Newsletter => ("quaylai", "email", "ban-tin"),
            _ => return None,
        };
        Some(json!({ "source": source, "medium": medium, "name": name }))
    }
}

/// Who an item is about, as far as its sender knows.
pub struct Sender<'a> {
    pub person: &'a Person,
    /// Which of the person's devices; ignored for what the order system tells.
    pub device: usize,
    pub anonymous_id: &'a str,
    /// Whether this device has said who its user is.
    pub is_identified: bool,
    pub created_at: Timestamp,
}

/// Writes items.
pub struct Scribe {
    pub shelf: Arc<Shelf>,
    /// Tells worlds of different seeds and times apart, so that loading two never loses one's items as repeats.
    pub run: String,
    /// The root of every address in the items, without a slash at its end.
    pub site_url: String,
}

impl Scribe {
    /// One item. `message_key` is unique in the run and follows from what it names.
    pub fn item(&self, sender: &Sender<'_>, message_key: &str, at: Timestamp, fact: &Fact) -> Value {
        let mut item = Map::new();
        item.insert("messageId".into(), format!("{}-{message_key}", self.run).into());
        item.insert("timestamp".into(), iso(at).into());
        if fact.is_from_server() {
            item.insert("userId".into(), sender.person.user_id.as_str().into());
            item.insert(
                "context".into(),
                json!({ "library": { "name": "nang-lua-orders", "version": "1.4.0" }, "channel": "server" }),
            );
        } else {
            item.insert("anonymousId".into(), sender.anonymous_id.into());
            if sender.is_identified {
                item.insert("userId".into(), sender.person.user_id.as_str().into());
            }
            item.insert("context".into(), self.browser_context(sender, fact));
        }
        let mut track = |event: &str, properties: Value| {
            item.insert("type".into(), "track".into());
            item.insert("event".into(), event.into());
            item.insert("properties".into(), properties);
        };
        match fact {
            Fact::Identify { has_address } => {
                item.insert("type".into(), "identify".into());
                item.insert("traits".into(), traits(sender, *has_address));
            }
            Fact::Page { page, .. } => {
                let (name, path) = self.page_name(*page);
                item.insert("type".into(), "page".into());
                item.insert("name".into(), name.clone().into());
                let url = format!("{}{path}", self.site_url);
                item.insert("properties".into(), json!({ "title": name, "path": path, "url": url }));
            }
            Fact::ConsentGiven { consent, source } => {
                track("Consent Given", consent_properties(*consent, source))
            }
            Fact::ConsentWithdrawn { consent, source } => {
                track("Consent Withdrawn", consent_properties(*consent, source));
            }
            Fact::ProductViewed { product } => {
                let line = Line { product: *product, quantity: 1, variant: 0 };
                let mut properties = self.product(line, false);
                properties.insert("currency".into(), SHOP.currency.into());
                track("Product Viewed", properties.into());
            }
            Fact::ProductAdded { line, cart_id } => track("Product Added", self.cart_line(*line, cart_id)),
            Fact::ProductRemoved { line, cart_id } => {
                track("Product Removed", self.cart_line(*line, cart_id))
            }
            Fact::CouponApplied { order } => {
                let coupon = order.coupon.unwrap_or_default();
                let properties = json!({
                    "order_id": order.order_id, "cart_id": order.cart_id, "coupon_id": coupon, "coupon_name": coupon,
                    "discount": order.discount_minor, "currency": SHOP.currency,
                });
                track("Coupon Applied", properties);
            }
            Fact::CheckoutStarted { order } => {
                let mut properties = self.order(order);
                properties.insert("value".into(), order.revenue_minor().into());
                properties.insert("cart_id".into(), order.cart_id.as_str().into());
                properties.insert("cart_url".into(), self.cart_url(&order.cart_id).into());
                track("Checkout Started", properties.into());
            }
            Fact::OrderCompleted { order } => {
                let mut properties = self.order(order);
                properties.insert("cart_id".into(), order.cart_id.as_str().into());
                properties.insert("payment_method".into(), order.payment.code().into());
                properties.insert(
                    "shipping_address".into(),
                    json!({ "province": sender.person.province, "ward": sender.person.ward }),
                );
                track("Order Completed", properties.into());
            }
            Fact::OrderUpdated { order, status } => {
                // The whole order again: what is told later stands for what was told before.
                let mut properties = self.order(order);
                properties.insert("status".into(), (*status).into());
                properties.insert("carrier".into(), "Nắng Lụa Giao Nhanh".into());
                properties.insert("tracking_number".into(), tracking_number(order).into());
                properties.insert(
                    "tracking_url".into(),
                    format!("{}/don-hang/{}", self.site_url, order.order_id).into(),
                );
                track("Order Updated", properties.into());
            }
            Fact::OrderRefunded { order, lines } => {
                let returned = &order.lines[..(*lines).min(order.lines.len())];
                let is_full = returned.len() == order.lines.len();
                let goods = self.shelf.subtotal_minor(returned);
                // A share of the discount goes back with its goods; delivery is given back with the whole order only.
                let total = if is_full {
                    order.total_minor()
                } else {
                    goods - order.discount_minor * goods / order.subtotal_minor.max(1)
                };
                let properties = json!({
                    "order_id": order.order_id, "refund_id": format!("ht-{}", order.order_id),
                    "total": total, "currency": SHOP.currency, "refund_type": if is_full { "full" } else { "partial" },
                    "products": self.products(returned),
                });
                track("Order Refunded", properties);
            }
            Fact::OrderCancelled { order, reason } => {
                let mut properties = self.order(order);
                properties.insert("reason".into(), (*reason).into());
                properties.insert("payment_method".into(), order.payment.code().into());
                track("Order Cancelled", properties.into());
            }
            Fact::ProductReviewed { order, rating, body } => {
                let product_id = order.lines.first().map(|line| &self.shelf.product(line.product).product_id);
                let properties = json!({
                    "product_id": product_id, "review_id": format!("rv-{}", order.order_id), "review_body": body,
                    "rating": rating, "order_id": order.order_id,
                });
                track("Product Reviewed", properties);
            }
        }
        Value::Object(item)
    }

    fn page_name(&self, page: Page) -> (String, String) {
        match page {
            Page::Home => (format!("{} – {}", SHOP.name, SHOP.slogan), "/".to_owned()),
            Page::Cart => ("Giỏ hàng".to_owned(), "/gio-hang".to_owned()),
            Page::Shelf(at) => {
                let title = crate::Category::ALL[usize::from(at) % crate::Category::ALL.len()].title();
                (title.to_owned(), format!("/danh-muc/{}", crate::text::slug(title)))
            }
        }
    }

    fn browser_context(&self, sender: &Sender<'_>, fact: &Fact) -> Value {
        let (title, path) = match fact {
            Fact::Page { page, .. } => self.page_name(*page),
            Fact::ProductViewed { product } | Fact::ProductAdded { line: Line { product, .. }, .. } => {
                let product = self.shelf.product(*product);
                (product.name.clone(), product.url_path.clone())
            }
            Fact::ProductRemoved { .. } => self.page_name(Page::Cart),
            Fact::CheckoutStarted { .. } | Fact::CouponApplied { .. } | Fact::OrderCompleted { .. } => {
                ("Thanh toán".to_owned(), "/thanh-toan".to_owned())
            }
            _ => ("Tài khoản".to_owned(), "/tai-khoan".to_owned()),
        };
        let device = sender.person.devices.get(sender.device).map_or(0, |device| device.kind);
        let came_by = match fact {
            Fact::Page { came_by, .. } => *came_by,
            _ => CameBy::Direct,
        };
        let mut context = json!({
            "library": { "name": "quaylai.js", "version": "1.0.0" },
            "locale": SHOP.locale, "timezone": SHOP.time_zone,
            "userAgent": USER_AGENTS[device % USER_AGENTS.len()],
            "page": {
                "title": title, "url": format!("{}{path}", self.site_url), "path": path, "referrer": came_by.referrer(),
            },
        });
        if let Some(campaign) = came_by.campaign() {
            context["campaign"] = campaign;
        }
        context
    }

    /// Where a cart can be opened again, on any device.
    fn cart_url(&self, cart_id: &str) -> String {
        format!("{}/gio-hang/{cart_id}", self.site_url)
    }

    fn product(&self, line: Line, has_quantity: bool) -> Map<String, Value> {
        let product = self.shelf.product(line.product);
        let mut fields = Map::new();
        fields.insert("product_id".into(), product.product_id.as_str().into());
        fields.insert("sku".into(), product.sku.as_str().into());
        fields.insert("name".into(), product.name.as_str().into());
        fields.insert("category".into(), product.category_title.into());
        fields.insert("brand".into(), product.brand.into());
        fields.insert("price".into(), product.price_minor.into());
        fields.insert("url".into(), format!("{}{}", self.site_url, product.url_path).into());
        fields.insert("image_url".into(), format!("{}{}", self.site_url, product.image_path).into());
        if has_quantity {
            fields.insert("quantity".into(), line.quantity.into());
            if let Some(variant) = product.category.variants().get(usize::from(line.variant)) {
                fields.insert("variant".into(), (*variant).into());
            }
        }
        fields
    }

    fn products(&self, lines: &[Line]) -> Value {
        lines.iter().map(|line| Value::Object(self.product(*line, true))).collect()
    }

    fn cart_line(&self, line: Line, cart_id: &str) -> Value {
        let mut fields = self.product(line, true);
        fields.insert("cart_id".into(), cart_id.into());
        fields.insert("cart_url".into(), self.cart_url(cart_id).into());
        fields.insert("currency".into(), SHOP.currency.into());
        Value::Object(fields)
    }

    fn order(&self, order: &Order) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("order_id".into(), order.order_id.as_str().into());
        fields.insert("affiliation".into(), SHOP.name.into());
        fields.insert("subtotal".into(), order.subtotal_minor.into());
        fields.insert("discount".into(), order.discount_minor.into());
        fields.insert("shipping".into(), order.shipping_minor.into());
        fields.insert("revenue".into(), order.revenue_minor().into());
        fields.insert("total".into(), order.total_minor().into());
        fields.insert("currency".into(), SHOP.currency.into());
        if let Some(coupon) = order.coupon {
            fields.insert("coupon".into(), coupon.into());
        }
        fields.insert("products".into(), self.products(&order.lines));
        fields
    }
}

/// A made-up parcel number that follows from the order's.
fn tracking_number(order: &Order) -> String {
    format!("NLGN{}", order.order_id.chars().filter(char::is_ascii_digit).collect::<String>())
}

fn consent_properties(consent: Consent, source: &str) -> Value {
    json!({
        "channel": consent.channel.code(), "purpose": consent.purpose.code(), "wording": consent.wording(),
        "source": source,
    })
}

fn traits(sender: &Sender<'_>, has_address: bool) -> Value {
    let person = sender.person;
    let mut traits = Map::new();
    traits.insert("name".into(), person.name.as_str().into());
    traits.insert("lastName".into(), person.family_name.into());
    traits.insert("firstName".into(), person.given_name.as_str().into());
    traits.insert("createdAt".into(), iso(sender.created_at).into());
    let mut put = |key: &str, value: Option<&String>| {
        if let Some(value) = value {
            traits.insert(key.into(), value.as_str().into());
        }
    };
    put("email", person.email.as_ref());
    put("phone", person.phone.as_ref());
    put("birthday", person.birthday.as_ref());
    if person.gender_told {
        traits.insert("gender".into(), if person.is_female { "female" } else { "male" }.into());
    }
    if has_address {
        let address = json!({ "country": "VN", "province": person.province, "ward": person.ward });
        traits.insert("address".into(), address);
    }
    Value::Object(traits)
}
