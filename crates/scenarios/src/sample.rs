//! Somebody who never was, for looking at letters before anybody gets them.

use crate::document::Language;
use serde_json::{Value, json};

/// What a full letter of the shop at `shop_url` may be filled with: `customer`, `cart`, `order`, and the `event` that
/// started the run, in the shape of [`domain::template`]. The links are those of whoever renders.
pub fn context(language: Language, shop_url: &str) -> Value {
    let names = match language {
        Language::Vi => ["Nguyễn Thị Lan", "Áo dài lụa tơ tằm", "Khăn lụa hoa sen", "Áo dài"],
        Language::En => ["Nguyễn Thị Lan", "Silk dress", "Silk scarf", "Dresses"],
    };
    let given_name = "Lan";
    let item = |id: &str, name: &str, price: i64, quantity: i64| {
        json!({
            "id": id, "product_id": id, "name": name, "category": names[3], "price": price, "quantity": quantity,
            "line_total": price * quantity, "url": format!("{shop_url}/{id}"), "image_url": null,
        })
    };
    let items = [item("ao-dai", names[1], 1_899_000, 1), item("khan-lua", names[2], 559_000, 2)];
    let total = 1_899_000 + 2 * 559_000;
    json!({
        "customer": {
            "name": names[0], "given_name": given_name, "email": "lan@example.com", "phone": "+84901234567",
            "lifecycle": "customer", "tags": [], "birthday": "1992-05-12", "gender": "female",
            "orders": { "count": 3, "revenue": 5_420_000, "average": 1_806_667 },
        },
        "event": { "name": "Order Completed", "properties": {
            "order_id": "SO-1024", "total": total, "products": items, "url": format!("{shop_url}/ao-dai"),
        } },
        "awaited": { "name": "Order Shipped", "properties": {
            "order_id": "SO-1024", "tracking_number": "VN123456789", "carrier": "VNPost",
            "tracking_url": format!("{shop_url}/theo-doi/VN123456789"),
        } },
        "products": items,
        "cart": { "items": items, "total": total, "quantity": 3, "currency": "VND", "url": format!("{shop_url}/gio-hang") },
        "order": {
            "id": "SO-1024", "number": "SO-1024", "status": "placed", "items": items, "total": total, "currency": "VND",
            "url": format!("{shop_url}/don-hang/SO-1024"),
        },
    })
}
