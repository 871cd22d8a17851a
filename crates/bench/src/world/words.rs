//! The bodies of events, byte for byte as the engine writes them, without going through a JSON document for the many
//! of the common kinds.

use demo::Product;
use serde_json::{Map, Value};
use std::fmt::Write;

/// What every body ends with: where the event came from, and whose it is.
fn close(body: &mut String, no: u32, device: &str) {
    body.push_str(r#","context":{"locale":"vi-VN","timezone":"Asia/Ho_Chi_Minh"}"#);
    // Writing to a text cannot fail.
    let _ = write!(body, r#","userId":"{}","anonymousId":"{device}"}}"#, user_id(no));
}

/// Of person `no`, from 0; the load of `demo::bench_events` names people in the same way.
pub fn user_id(no: u32) -> String {
    format!("KH{:07}", u64::from(no) + 1)
}

/// `properties` is the inside of an object, its keys in order, or empty.
pub fn body(kind: &str, properties: std::fmt::Arguments<'_>, no: u32, device: &str) -> String {
    let mut body = String::with_capacity(360);
    let _ = write!(body, r#"{{"type":"{kind}","properties":{{{properties}}}"#);
    close(&mut body, no, device);
    body
}

/// Of an event whose properties were made as a document.
pub fn body_of(kind: &str, field: &str, told: &Map<String, Value>, no: u32, device: &str) -> String {
    let mut body = String::with_capacity(900);
    let _ = write!(body, r#"{{"type":"{kind}","{field}":"#);
    body.push_str(&serde_json::to_string(told).unwrap_or_default());
    close(&mut body, no, device);
    body
}

/// A product as the inside of an object, ready to be put into a body.
pub struct Words {
    /// `brand` to `product_id`.
    head: String,
    /// `sku`.
    tail: String,
    /// As a JSON text.
    pub id: String,
    pub category: String,
}

impl Words {
    pub fn of(product: &Product) -> Words {
        let text = |text: &str| Value::from(text).to_string();
        let (id, category) = (text(&product.product_id), text(product.category_title));
        let head = format!(
            r#""brand":{},"category":{category},"currency":"VND","name":{},"price":{},"product_id":{id}"#,
            text(product.brand),
            text(&product.name),
            product.price_minor
        );
        let tail = format!(r#""sku":{}"#, text(&product.sku));
        Words { head, tail, id, category }
    }

    pub fn viewed(&self, no: u32, device: &str) -> String {
        body("track", format_args!("{},{}", self.head, self.tail), no, device)
    }

    pub fn counted(&self, quantity: u8, no: u32, device: &str) -> String {
        let told = format_args!(r#"{},"quantity":{quantity},{}"#, self.head, self.tail);
        body("track", told, no, device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine writes the keys of an object in their order; a body that says the same in other bytes would be
    /// another row.
    #[test]
    fn bodies_are_as_the_engine_writes_them() {
        let product = demo::catalogue().remove(0);
        let words = Words::of(&product);
        for text in [words.viewed(6, "ab"), words.counted(2, 6, "ab")] {
            let read: Value = serde_json::from_str(&text).expect("a body is JSON");
            assert_eq!(read["userId"], "KH0000007");
            assert_eq!(read["properties"]["price"], product.price_minor);
            let told = read["properties"].as_object().expect("an object");
            assert!(text.contains(&serde_json::to_string(told).expect("writable")), "{text}");
            assert!((200..400).contains(&text.len()), "{} bytes", text.len());
        }
    }
}
