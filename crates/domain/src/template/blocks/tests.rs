use super::super::{Body, RenderOptions, TemplateSource};
use super::*;
use serde_json::json;

fn context() -> Value {
    let item = |name: &str, image: &str| json!({ "name": name, "price": 199_000, "quantity": 2, "url": "https://shop.vn/a", "image_url": image });
    json!({
        "base_url": "https://mail.shop.vn",
        "shop": { "name": "Nhà Tre & Mây", "url": "https://shop.vn", "address": "1 Hàng Bài, Hà Nội", "currency": "VND" },
        "customer": { "given_name": "Lan", "orders": { "count": 3 } },
        "cart": { "items": [item("Áo", "https://shop.vn/a.png"), item("Quần", "")], "total": 398_000, "url": "https://shop.vn/cart" },
        "products": [item("Một", ""), item("Hai", ""), item("Ba", ""), item("Bốn", "")],
        "unsubscribe_url": "https://mail.shop.vn/e/u/x", "preferences_url": "https://mail.shop.vn/e/p/x",
        "view_url": "https://mail.shop.vn/e/v/x",
    })
}

fn document(blocks: Value) -> Document {
    Document::read(&json!({ "version": 1, "blocks": blocks })).expect("a document")
}

fn html(blocks: Value, context: &Value) -> String {
    let mjml = document(blocks).mjml(&Brand::default(), true);
    let source =
        TemplateSource { subject: "x".into(), body: Body::Mjml(mjml.clone()), ..TemplateSource::default() };
    let compiled = source.compile().unwrap_or_else(|problems| panic!("{problems:?}\n{mjml}"));
    compiled
        .render(context, &RenderOptions::default())
        .unwrap_or_else(|error| panic!("{error}\n{mjml}"))
        .html
        .unwrap()
}

#[test]
fn every_block_becomes_mjml_that_compiles() {
    let picked = json!([{ "name": "Giỏ mây", "url": "https://shop.vn/gio", "image": "/media/x/gio.png", "price": "199.000 ₫", "before": "249.000 ₫" }]);
    let blocks = json!([
        { "id": "a", "type": "logo", "props": {} },
        { "id": "b", "type": "hero", "props": { "title": "Xin chào <bạn>", "text": "Mừng {{ customer.given_name | default: 'bạn' }}", "label": "Xem", "url": "https://shop.vn", "image": "/media/1/hero.png", "alt": "Hoa" } },
        { "id": "c", "type": "heading", "props": { "text": "Tiêu đề", "level": 1 } },
        { "id": "d", "type": "text", "props": { "html": "<p>Chào <strong>{{ customer.given_name | default: 'bạn' }}</strong></p><ul><li>một</li></ul>" } },
        { "id": "e", "type": "image", "props": { "src": "/media/1/a.png", "alt": "Áo", "link": "https://shop.vn" } },
        { "id": "f", "type": "button", "props": { "label": "Mua", "url": "{{ cart.url }}" } },
        { "id": "g", "type": "columns", "props": { "columns": [
            { "width": 40, "blocks": [{ "id": "g1", "type": "image", "props": { "src": "https://shop.vn/a.png", "alt": "Áo" } }] },
            { "blocks": [{ "id": "g2", "type": "text", "props": { "html": "<p>bên phải</p>" } }, { "id": "g3", "type": "button", "props": { "label": "Xem", "url": "https://shop.vn", "outline": true } }] } ] } },
        { "id": "h", "type": "products", "props": { "source": "event", "per_row": 3, "limit": 6, "label": "Xem" } },
        { "id": "i", "type": "products", "props": { "source": "picked", "per_row": 2, "picked": picked } },
        { "id": "j", "type": "cart", "props": { "label": "Về giỏ hàng" } },
        { "id": "k", "type": "order", "props": {} },
        { "id": "l", "type": "voucher", "props": { "code": "XINCHAO10", "title": "Giảm 10%", "text": "Hết hạn 30/12", "label": "Dùng mã", "url": "https://shop.vn" } },
        { "id": "m", "type": "recommendations", "props": { "title": "Có thể bạn thích", "picked": picked } },
        { "id": "n", "type": "stars", "props": { "url": "https://shop.vn/danh-gia", "low": "Chưa hài lòng", "high": "Rất hài lòng" } },
        { "id": "o", "type": "social", "props": { "links": [{ "name": "Facebook", "url": "https://facebook.com/x" }] } },
        { "id": "p", "type": "divider", "props": {} },
        { "id": "q", "type": "spacer", "props": { "height": 10 } },
        { "id": "r", "type": "html", "props": { "html": "<p>riêng</p>" } },
        { "id": "s", "type": "footer", "props": {} },
    ]);
    let full = html(blocks.clone(), &context());
    for expect in [
        "Xin chào &lt;bạn&gt;",
        "Mừng Lan",
        "https://mail.shop.vn/media/1/hero.png",
        "199.000",
        "XINCHAO10",
        "rating=5",
        "Hủy đăng ký",
        "https://mail.shop.vn/e/u/x",
        "1 Hàng Bài",
        "Nhà Tre &amp; Mây",
        "Facebook",
        "Bốn",
    ] {
        assert!(full.contains(expect), "{expect} in {full}");
    }
    // Somebody of whom nothing is known gets a whole message too.
    let empty = json!({ "base_url": "https://m.vn", "unsubscribe_url": "https://m.vn/u", "preferences_url": "https://m.vn/p", "view_url": "https://m.vn/v",
        "cart": { "url": "https://shop.vn/cart" } });
    let empty = html(blocks, &empty);
    assert!(empty.contains("Mừng bạn") && empty.contains("Giỏ mây"));
    assert!(!empty.contains("Tổng cộng"));
}

#[test]
fn conditions_become_liquid() {
    let block =
        |when: Value| json!([{ "id": "a", "when": when, "type": "text", "props": { "html": "<p>kín</p>" } }]);
    let check = |tests: Value, join: &str, expect: bool| {
        let shown = html(block(json!({ "match": join, "tests": tests })), &context()).contains("kín");
        assert_eq!(shown, expect, "{tests}");
    };
    check(json!([{ "field": "customer.orders.count", "op": "gt", "value": "2" }]), "all", true);
    check(json!([{ "field": "customer.orders.count", "op": "lt", "value": "3" }]), "all", false);
    check(json!([{ "field": "customer.given_name", "op": "eq", "value": "Lan" }]), "all", true);
    check(json!([{ "field": "customer.vip", "op": "exists" }]), "all", false);
    check(json!([{ "field": "customer.vip", "op": "missing" }]), "all", true);
    check(
        json!([{ "field": "customer.vip", "op": "exists" }, { "field": "customer.given_name", "op": "contains", "value": "La" }]),
        "any",
        true,
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    let check = |blocks: Value, block: &str, field: &str| {
        let problems = Document::read(&json!({ "blocks": blocks })).expect_err("a mistake");
        assert_eq!((problems[0].block.as_str(), problems[0].field.as_str()), (block, field), "{problems:?}");
    };
    let text = |html: &str| json!([{ "id": "a", "type": "text", "props": { "html": html } }]);
    check(json!([{ "id": "a", "type": "nonsense", "props": {} }]), "a", "");
    check(json!([{ "id": "a", "type": "text", "props": { "colour": "red" } }]), "a", "");
    check(text("{{ customer.name "), "a", "props.html");
    check(text("{% if a %}"), "a", "props.html");
    check(json!([{ "id": "", "type": "text", "props": {} }]), "", "id");
    check(
        json!([{ "id": "a", "type": "text", "props": {} }, { "id": "a", "type": "text", "props": {} }]),
        "a",
        "id",
    );
    check(
        json!([{ "id": "a", "type": "button", "props": { "url": "javascript:alert(1)" } }]),
        "a",
        "props.url",
    );
    check(
        json!([{ "id": "a", "type": "text", "look": { "background": "red" }, "props": {} }]),
        "a",
        "look.background",
    );
    check(
        json!([{ "id": "a", "type": "columns", "props": { "columns": [{ "blocks": [{ "id": "b", "type": "footer", "props": {} }] }] } }]),
        "b",
        "type",
    );
    check(
        json!([{ "id": "a", "type": "text", "when": { "tests": [{ "field": "a %}", "op": "exists" }] }, "props": {} }]),
        "a",
        "when.tests.field",
    );
    assert!(Document::read(&json!([])).is_err());
    assert!(Document::read(&json!({ "blocks": [], "style": { "primary": "red" } })).is_err());
}

#[test]
fn texts_are_cleaned() {
    let check = |source: &str, expect: &str| assert_eq!(rich::cleaned(source), expect, "{source}");
    check("<p>a <b>b</b></p>", "<p>a <b>b</b></p>");
    check("<p onclick='x'>a<script>alert(1)</script></p>", "<p>a</p>");
    check("<p>a", "<p>a</p>");
    check("a</p></div>", "a");
    check("<b><i>x</b></i>", "<b><i>x</i></b>");
    check("<a href='javascript:x'>y</a>", "<a>y</a>");
    check("<a href=\"{{ cart.url }}\" target=x>y</a>", "<a href=\"{{ cart.url }}\">y</a>");
    check("<span style='color:#ff0000;position:fixed'>x</span>", "<span style=\"color:#ff0000\">x</span>");
    check(
        "{% if a < 3 %}<p>{{ b | default: 'c' }}</p>{% endif %}",
        "{% if a < 3 %}<p>{{ b | default: 'c' }}</p>{% endif %}",
    );
    check("a < b & c<br>d", "a &lt; b &amp; c<br />d");
    check("<table><tr><td>x</td></tr></table>", "x");
}

#[test]
fn a_documents_own_style_wins_over_the_brand() {
    let told = json!({ "style": { "primary": "#C02030" }, "language": "en", "blocks": [{ "id": "a", "type": "button", "props": { "label": "x", "url": "https://a.vn" } }, { "id": "f", "type": "footer", "props": {} }] });
    let document = Document::read(&told).unwrap();
    let mjml = document.mjml(&Brand::default(), true);
    assert!(mjml.contains("#C02030") && mjml.contains("Unsubscribe"));
    assert_eq!(serde_json::to_value(&document).unwrap()["style"], told["style"]);
    assert!(!document.mjml(&Brand::default(), false).contains("unsubscribe_url"));
}

#[test]
fn contrast_as_wcag_counts_it() {
    assert_eq!(contrast("#000", "#ffffff").map(|ratio| ratio.round()), Some(21.0));
    assert_eq!(contrast("#fff", "#fff"), Some(1.0));
    assert_eq!(contrast("red", "#fff"), None);
}
