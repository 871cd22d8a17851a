//! Reads the e-commerce events of the Segment specification, version 2, and those that shops send beside them.

use super::cart::{CartChange, CartLine, LINES_MAX};
use super::order::{Contents, OrderPatch, Refund, order_status};
use super::product::{CATEGORIES_MAX, Product};
use crate::profile::Profile;
use kit::{Currency, Money, Timestamp};
use serde_json::{Map, Value};

/// What one event says of the shop's business.
#[derive(Debug, Default, PartialEq)]
pub struct CommerceEvent {
    pub order: Option<OrderPatch>,
    pub products: Vec<Product>,
    pub(crate) cart: Option<(String, Option<String>, CartChange)>,
    /// Codes of what could not be read.
    pub problems: Vec<&'static str>,
}

impl CommerceEvent {
    /// Applies what the event says of the person's cart. Returns whether the cart changed.
    pub fn apply_to_cart(&self, profile: &mut Profile, currency: &str, at: Timestamp) -> bool {
        match &self.cart {
            Some((cart_id, url, change)) => {
                profile.change_cart(cart_id, currency, url.clone(), change.clone(), at)
            }
            None => false,
        }
    }
}

fn text(properties: &Map<String, Value>, key: &str) -> Option<String> {
    match properties.get(key)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().chars().take(500).collect()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An amount in minor units, from a JSON number or from text as people write it.
pub fn amount(value: &Value, currency: Currency) -> Option<i64> {
    match value {
        Value::Number(number) => Money::from_f64(number.as_f64()?, currency).ok(),
        Value::String(text) => Money::parse(text, currency).ok(),
        _ => None,
    }
    .map(|money| money.minor)
}

/// One product line, or `None` without a product id (or a sku in its place).
pub fn read_line(properties: &Map<String, Value>, currency: Currency) -> Option<CartLine> {
    let money = |key: &str| properties.get(key).and_then(|value| amount(value, currency));
    let quantity = match properties.get("quantity") {
        Some(Value::Number(number)) => number.as_f64().unwrap_or(1.0),
        Some(Value::String(text)) => text.trim().parse().unwrap_or(1.0),
        _ => 1.0,
    };
    Some(CartLine {
        product_id: text(properties, "product_id")
            .or_else(|| text(properties, "productId"))
            .or_else(|| text(properties, "sku"))
            .or_else(|| text(properties, "id"))?,
        variant: text(properties, "variant"),
        name: text(properties, "name"),
        sku: text(properties, "sku"),
        category: text(properties, "category"),
        brand: text(properties, "brand"),
        price: money("price").unwrap_or(0),
        quantity: quantity.clamp(0.0, 1e9) as i64,
        discount: money("discount").unwrap_or(0),
        coupon: text(properties, "coupon"),
        url: text(properties, "url"),
        image_url: text(properties, "image_url").or_else(|| text(properties, "imageUrl")),
    })
}

fn read_lines(
    properties: &Map<String, Value>,
    currency: Currency,
    problems: &mut Vec<&'static str>,
) -> Vec<CartLine> {
    let Some(Value::Array(products)) = properties.get("products") else { return Vec::new() };
    if products.len() > LINES_MAX {
        problems.push("lines_too_many");
    }
    let lines: Vec<CartLine> = products
        .iter()
        .take(LINES_MAX)
        .filter_map(|product| read_line(product.as_object()?, currency))
        .collect();
    if lines.len() < products.len().min(LINES_MAX) {
        problems.push("line_without_product");
    }
    lines
}

fn instant(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::Number(number) => number.as_i64().map(Timestamp::from_ms),
        Value::String(text) => crate::event::parse_instant(text),
        _ => None,
    }
}

fn contents(properties: &Map<String, Value>, currency: Currency, lines: Vec<CartLine>) -> Option<Contents> {
    let money = |key: &str| properties.get(key).and_then(|value| amount(value, currency));
    let contents = Contents {
        lines,
        subtotal: money("subtotal"),
        discount: money("discount"),
        shipping: money("shipping"),
        tax: money("tax"),
        cost: money("cost"),
        revenue: money("revenue"),
        total: money("total").or_else(|| money("value")),
        coupon: text(properties, "coupon"),
    };
    (contents != Contents::default()).then_some(contents)
}

fn product_of(line: &CartLine, currency: Currency, at: Timestamp) -> Product {
    Product {
        product_id: line.product_id.clone(),
        name: line.name.clone(),
        sku: line.sku.clone(),
        category: line.category.clone(),
        brand: line.brand.clone(),
        price: (line.price > 0).then_some(line.price),
        currency: (line.price > 0).then(|| currency.code().to_owned()),
        url: line.url.clone(),
        image_url: line.image_url.clone(),
        updated_at: at.into(),
        ..Product::default()
    }
}

/// What a page tells of a product beyond its line in a cart.
fn with_details(mut product: Product, properties: &Map<String, Value>, currency: Currency) -> Product {
    let money = |key: &str| properties.get(key).and_then(|value| amount(value, currency)).filter(|m| *m > 0);
    product.compare_at_price = money("compare_at_price").or_else(|| money("compareAtPrice"));
    product.stock = ["stock", "inventory_quantity"].iter().find_map(|key| properties.get(*key)?.as_i64());
    product.in_stock = match properties.get("in_stock").or_else(|| properties.get("available")) {
        Some(Value::Bool(told)) => Some(*told),
        _ => match properties.get("availability").and_then(Value::as_str) {
            Some("in_stock" | "in stock" | "InStock") => Some(true),
            Some("out_of_stock" | "out of stock" | "OutOfStock") => Some(false),
            _ => None,
        },
    };
    if let Some(Value::Array(told)) = properties.get("categories") {
        let told = told.iter().filter_map(Value::as_str).map(str::trim).filter(|told| !told.is_empty());
        product.categories = told.take(CATEGORIES_MAX).map(|told| told.chars().take(500).collect()).collect();
        product.category = product.category.or_else(|| product.categories.first().cloned());
    }
    product
}

/// The products that an event speaks of, with what it tells of each.
fn products_of(
    properties: &Map<String, Value>,
    lines: &[CartLine],
    currency: Currency,
    at: Timestamp,
) -> Vec<Product> {
    let listed = match properties.get("products") {
        Some(Value::Array(told)) => told.as_slice(),
        _ => &[],
    };
    let listed = listed.iter().take(LINES_MAX).filter_map(Value::as_object);
    let mut told = listed.filter(|told| read_line(told, currency).is_some());
    let product = |line: &CartLine| {
        let details = told.next().unwrap_or(properties);
        with_details(product_of(line, currency, at), details, currency)
    };
    lines.iter().map(product).collect()
}

/// What the event `name` of instant `at` means, or `None` when it is about something else. `message_id` names a
/// refund that has no id of its own.
pub fn read(
    name: &str,
    properties: &Map<String, Value>,
    at: Timestamp,
    message_id: &str,
    shop_currency: Currency,
) -> Option<CommerceEvent> {
    let mut event = CommerceEvent::default();
    let told_currency = text(properties, "currency");
    let currency = match told_currency.as_deref().map(str::parse::<Currency>) {
        Some(Ok(currency)) => currency,
        Some(Err(_)) => {
            event.problems.push("currency_unknown");
            shop_currency
        }
        None => shop_currency,
    };
    let cart_id = text(properties, "cart_id").unwrap_or_else(|| "default".into());
    let cart_url = text(properties, "cart_url");
    let line = || read_line(properties, currency);
    let mut lines = Vec::new();
    let order_event = match name {
        "Order Completed" | "Order Placed" | "Order Created" => Some(Some("placed")),
        "Order Updated" | "Order Refunded" => Some(None),
        "Order Confirmed" => Some(Some("confirmed")),
        "Order Paid" => Some(Some("paid")),
        "Order Shipped" | "Order Fulfilled" => Some(Some("shipped")),
        "Order Delivered" => Some(Some("delivered")),
        "Order Returned" => Some(Some("returned")),
        "Order Cancelled" | "Order Canceled" => Some(Some("cancelled")),
        _ => None,
    };
    match name {
        "Product Viewed" | "Product Clicked" => lines.extend(line()),
        "Product Added" => {
            lines.extend(line());
            event.cart =
                lines.first().map(|line| (cart_id, cart_url, CartChange::Add(Box::new(line.clone()))));
        }
        "Product Removed" => {
            event.cart = line().map(|line| (cart_id, cart_url, CartChange::Remove(Box::new(line))));
        }
        "Cart Viewed" | "Cart Updated" | "Checkout Started" => {
            lines = read_lines(properties, currency, &mut event.problems);
            let checkout = name == "Checkout Started";
            let named = matches!(properties.get("products"), Some(Value::Array(_)));
            if named || checkout {
                event.cart =
                    Some((cart_id, cart_url, CartChange::Replace { lines: lines.clone(), checkout }));
            }
        }
        "Cart Cleared" | "Cart Emptied" => event.cart = Some((cart_id, None, CartChange::Clear)),
        _ if order_event.is_some() => {
            let Some(order_id) = text(properties, "order_id").or_else(|| text(properties, "orderId")) else {
                event.problems.push("order_without_id");
                return Some(event);
            };
            lines = read_lines(properties, currency, &mut event.problems);
            let refunded = name == "Order Refunded";
            let mut refunds = Vec::new();
            if refunded {
                refunds.push(Refund {
                    at: at.into(),
                    refund_id: text(properties, "refund_id").unwrap_or_else(|| message_id.to_owned()),
                    amount: ["total", "amount", "revenue", "value"]
                        .iter()
                        .find_map(|key| properties.get(*key).and_then(|value| amount(value, currency)))
                        .map(i64::abs)
                        .or_else(|| {
                            (!lines.is_empty()).then(|| lines.iter().map(CartLine::total).sum::<i64>())
                        }),
                });
            } else if let Some(Value::Array(list)) = properties.get("refunds") {
                refunds.extend(list.iter().filter_map(|refund| {
                    let refund = refund.as_object()?;
                    Some(Refund {
                        at: instant(refund.get("at")).unwrap_or(at).into(),
                        refund_id: text(refund, "refund_id").or_else(|| text(refund, "id"))?,
                        amount: refund.get("amount").and_then(|value| amount(value, currency)).map(i64::abs),
                    })
                }));
            }
            let told_status = text(properties, "status").map(|status| order_status(&status));
            let status = match order_event.flatten() {
                // "Order Completed" of a platform that sends it for every change carries the true status.
                Some("placed") => told_status.or_else(|| Some("placed".to_owned())),
                Some(status) => Some(status.to_owned()),
                None => told_status,
            };
            let placed_at = instant(properties.get("placed_at"))
                .or_else(|| (order_event.flatten() == Some("placed")).then_some(at));
            if order_event.flatten() == Some("placed") {
                event.cart = Some((cart_id, None, CartChange::Clear));
            }
            event.order = Some(OrderPatch {
                source: text(properties, "source")
                    .map_or_else(|| "site".into(), |source| source.to_lowercase()),
                order_id,
                at,
                placed_at,
                currency: told_currency.map(|_| currency.code().to_owned()),
                status,
                contents: if refunded { None } else { contents(properties, currency, lines.clone()) },
                refunds,
            });
        }
        _ => return None,
    }
    event.products = products_of(properties, &lines, currency, at);
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::Order;
    use kit::{Id, ProfileNo, Rng};
    use serde_json::json;

    fn event(name: &str, properties: Value, at: i64) -> CommerceEvent {
        let Value::Object(properties) = properties else { panic!("an object") };
        read(name, &properties, Timestamp::from_ms(at), "m1", Currency::VND).unwrap()
    }

    fn shopper() -> Profile {
        let at = Timestamp::from_ms(0);
        Profile::new(ProfileNo(1), Id::new(at, &mut Rng::seeded(1)), at)
    }

    #[test]
    fn a_cart_fills_changes_and_is_bought() {
        let mut p = shopper();
        let mut apply = |name: &str, properties: Value, at: i64| {
            event(name, properties, at).apply_to_cart(&mut p, "VND", Timestamp::from_ms(at));
            p.cart().map(|cart| (cart.quantity(), cart.total()))
        };
        let ao = json!({"product_id": "ao", "price": 100_000, "quantity": 1});
        assert_eq!(apply("Product Added", ao.clone(), 10), Some((1, 100_000)));
        assert_eq!(apply("Product Added", ao.clone(), 11), Some((2, 200_000)));
        assert_eq!(
            apply("Product Added", json!({"product_id": "non", "price": "50.000"}), 12),
            Some((3, 250_000))
        );
        assert_eq!(apply("Product Removed", ao.clone(), 13), Some((2, 150_000)));
        assert_eq!(apply("Order Completed", json!({"order_id": "1", "total": 150_000}), 14), None);
        p.totals.last_at = Some(crate::profile::Ms::from_ms(14));
        let late = event("Product Added", ao, 13);
        assert!(!late.apply_to_cart(&mut p, "VND", Timestamp::from_ms(13)));
        assert!(p.cart().is_none(), "a late message opens no cart again");
    }

    #[test]
    fn an_order_is_read_with_its_lines_and_money() {
        let told = event(
            "Order Completed",
            json!({"order_id": 77, "revenue": 300_000.0, "shipping": "30.000", "total": 330_000, "currency": "vnd",
                   "products": [{"product_id": "ao", "price": 150_000, "quantity": 2}, {"name": "no id"}]}),
            5,
        );
        assert_eq!(told.problems, ["line_without_product"]);
        let order = Order::new(&told.order.unwrap(), "VND");
        assert_eq!(
            (order.order_id.as_str(), order.gross(), order.contents.shipping),
            ("77", 300_000, Some(30_000))
        );
        assert_eq!(order.contents.lines.len(), 1);
        assert_eq!(told.products[0].price, Some(150_000));
    }

    #[test]
    fn a_refund_without_an_id_is_named_by_its_message() {
        let told = event("Order Refunded", json!({"order_id": "1", "total": -20_000}), 5);
        let refund = &told.order.unwrap().refunds[0];
        assert_eq!((refund.refund_id.as_str(), refund.amount), ("m1", Some(20_000)));
    }

    #[test]
    fn other_events_are_not_commerce() {
        assert_eq!(read("Signed Up", &Map::new(), Timestamp::from_ms(1), "m", Currency::VND), None);
    }
}
