//! Letters in a short form, made into MJML of one calm design and into plain text.
//!
//! A block is a run of lines up to an empty one:
//!
//! | block | |
//! |---|---|
//! | `# ...` | the heading |
//! | `> ...` | small print |
//! | `- ...` on each line | a list |
//! | `[label](address)` alone | a button |
//! | `!code CODE` | a voucher's code |
//! | `!cart`, `!order`, `!products` | the lines of the cart, of the order, of what the run's event tells |
//! | `{% ... %}` alone | Liquid around the blocks that follow |
//! | anything else | a paragraph that keeps its line breaks; `**...**` is strong |
//!
//! Who sends the letter and how to stop it is not part of it: the renderer puts that at the end.

use crate::document::Language;
use domain::consent::Purpose;

const FRAME: &str = include_str!("../library/frame.mjml");
const LINES: &str = include_str!("../library/lines.mjml");
/// The name of a product, leading to it where that is known.
const NAME: &str = "{% if item.url %}<a href=\"{{ item.url }}\" style=\"color:#33302D;text-decoration:none\">\
                    {{ item.name | default: '<!-- product -->' }}</a>{% else %}\
                    {{ item.name | default: '<!-- product -->' }}{% endif %}";

#[derive(Debug, PartialEq)]
enum Block<'a> {
    Liquid(&'a str),
    Heading(&'a str),
    Paragraph(String),
    Small(String),
    List(Vec<&'a str>),
    Button { label: &'a str, address: &'a str },
    Code(&'a str),
    Lines(Lines),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lines {
    Cart,
    Order,
    Products,
}

impl Lines {
    fn source(self) -> &'static str {
        match self {
            Lines::Cart => "cart.items",
            Lines::Order => "order.items",
            Lines::Products => "products",
        }
    }

    /// Prices of carts and orders are numbers; what an event tells may be anything.
    fn has_prices(self) -> bool {
        !matches!(self, Lines::Products)
    }
}

fn block(text: &str) -> Block<'_> {
    let joined = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    if let Some(heading) = text.strip_prefix("# ") {
        return Block::Heading(heading);
    }
    if let Some(code) = text.strip_prefix("!code ") {
        return Block::Code(code);
    }
    match text {
        "!cart" => return Block::Lines(Lines::Cart),
        "!order" => return Block::Lines(Lines::Order),
        "!products" => return Block::Lines(Lines::Products),
        _ => {}
    }
    if text.starts_with("- ") {
        return Block::List(text.lines().map(|line| line.trim().trim_start_matches("- ")).collect());
    }
    if let Some(small) = text.strip_prefix("> ") {
        return Block::Small(joined(small));
    }
    let button = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(')')?.split_once("]("));
    if let Some((label, address)) = button {
        return Block::Button { label, address };
    }
    Block::Paragraph(joined(text))
}

fn blocks(body: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    for run in body.split("\n\n") {
        let mut rest = run.trim();
        // Liquid stands on lines of its own before, between and after the blocks.
        while !rest.is_empty() {
            let is_liquid = |line: &str| line.starts_with("{%") && line.ends_with("%}");
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            if is_liquid(line.trim()) {
                found.push(Block::Liquid(line.trim()));
                rest = after.trim_start();
                continue;
            }
            let mut end = rest.len();
            let mut at = 0;
            for line in rest.split_inclusive('\n') {
                if at > 0 && is_liquid(line.trim()) {
                    end = at;
                    break;
                }
                at += line.len();
            }
            found.push(block(rest[..end].trim()));
            rest = rest[end..].trim_start();
        }
    }
    found
}

/// Text and Liquid apart: every other piece, beginning with the second, is Liquid with its braces.
fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let start = rest.find("{{").into_iter().chain(rest.find("{%")).min().unwrap_or(rest.len());
        found.push(&rest[..start]);
        rest = &rest[start..];
        if rest.is_empty() {
            return found;
        }
        let end_mark = if rest.starts_with("{{") { "}}" } else { "%}" };
        let end = rest.find(end_mark).map_or(rest.len(), |at| at + 2);
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (number, piece) in pieces(text).into_iter().enumerate() {
        if number % 2 == 1 {
            html.push_str(piece);
            continue;
        }
        for c in piece.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                c => html.push(c),
            }
        }
    }
    html
}

/// Escaped, with what stands between two `**` made strong.
fn formatted(text: &str) -> String {
    let mut html = String::new();
    for (number, part) in escaped(text).split("**").enumerate() {
        match number {
            0 => {}
            number if number % 2 == 1 => html.push_str("<strong>"),
            _ => html.push_str("</strong>"),
        }
        html.push_str(&part.replace('\n', "<br />"));
    }
    html
}

/// The words of the design itself.
struct Labels {
    quantity: &'static str,
    product: &'static str,
    shop: &'static str,
    why: &'static str,
}

fn labels(language: Language, purpose: Purpose) -> Labels {
    let is_marketing = purpose == Purpose::Marketing;
    match language {
        Language::Vi => Labels {
            quantity: "Số lượng",
            product: "Sản phẩm",
            shop: "Cửa hàng",
            why: if is_marketing {
                "Bạn nhận thư này vì đã đồng ý nhận tin từ cửa hàng."
            } else {
                "Thư này báo tin về đơn hàng của bạn, không phải thư quảng cáo."
            },
        },
        Language::En => Labels {
            quantity: "Quantity",
            product: "Product",
            shop: "Our shop",
            why: if is_marketing {
                "You get this letter because you agreed to hear from us."
            } else {
                "This letter is about your order; it is no advertisement."
            },
        },
    }
}

fn section(element: &str) -> String {
    format!("    <mj-section>\n      <mj-column>\n        {element}\n      </mj-column>\n    </mj-section>\n")
}

/// The body as MJML. Every block is a section of its own, so that Liquid may stand around any of them.
pub(crate) fn mjml(body: &str, language: Language, purpose: Purpose) -> String {
    let labels = labels(language, purpose);
    let mut content = String::new();
    for block in blocks(body) {
        let made = match block {
            Block::Liquid(tag) => format!("    {tag}\n"),
            Block::Heading(text) => section(&format!("<mj-text><h1>{}</h1></mj-text>", formatted(text))),
            Block::Paragraph(text) => section(&format!("<mj-text>{}</mj-text>", formatted(&text))),
            Block::Small(text) => section(&format!(
                "<mj-text font-size=\"14px\" color=\"#6E6862\">{}</mj-text>",
                formatted(&text)
            )),
            Block::List(items) => {
                let items: Vec<String> =
                    items.into_iter().map(|item| format!("•&nbsp;{}", formatted(item))).collect();
                section(&format!("<mj-text>{}</mj-text>", items.join("<br />")))
            }
            Block::Button { label, address } => {
                section(&format!("<mj-button href=\"{}\">{}</mj-button>", escaped(address), formatted(label)))
            }
            Block::Code(code) => section(&format!(
                "<mj-text align=\"center\" font-size=\"22px\" font-weight=\"700\" letter-spacing=\"3px\" \
                 color=\"#24594C\" container-background-color=\"#EEF4F1\" padding=\"18px 0\">{}</mj-text>\n        \
                 <mj-spacer height=\"20px\" />",
                escaped(code)
            )),
            Block::Lines(lines) => {
                let detail = if lines.has_prices() {
                    "{{ labels }}: {{ item.quantity | default: 1 }}{% if item.price %} · {{ item.price | money }}{% endif %}"
                } else {
                    "{% if item.category %}{{ item.category }}{% endif %}"
                };
                LINES
                    .replace("<!-- lines -->", lines.source())
                    .replace("<!-- name -->", NAME)
                    .replace("<!-- detail -->", &detail.replace("{{ labels }}", labels.quantity))
                    .replace("<!-- product -->", labels.product)
            }
        };
        content.push_str(&made);
    }
    FRAME
        .replace("<!-- language -->", language.as_str())
        .replace("<!-- shop -->", labels.shop)
        .replace("<!-- why -->", labels.why)
        .replace("    <!-- content -->\n", &content)
}

/// The body as plain text.
pub(crate) fn plain(body: &str, language: Language) -> String {
    let labels = labels(language, Purpose::Marketing);
    let mut text = String::new();
    for block in blocks(body) {
        let made = match block {
            Block::Liquid(tag) => {
                text.push_str(tag);
                continue;
            }
            Block::Heading(line) | Block::Code(line) => line.to_owned(),
            Block::Paragraph(line) | Block::Small(line) => line,
            Block::List(items) => {
                items.into_iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
            }
            Block::Button { label, address } => format!("{label}: {address}"),
            Block::Lines(lines) => {
                let price = if lines.has_prices() {
                    "{% if item.price %} · {{ item.price | money }}{% endif %}"
                } else {
                    ""
                };
                let number = if lines.has_prices() { " × {{ item.quantity | default: 1 }}" } else { "" };
                text.push_str(&format!(
                    "{{% for item in {} limit: 8 %}}{{% if forloop.first %}}\n{{% endif %}}\n- {{{{ item.name | default: '{}' }}}}{number}{price}{{% endfor %}}",
                    lines.source(),
                    labels.product
                ));
                continue;
            }
        };
        text.push_str("\n\n");
        text.push_str(&made.replace("**", ""));
    }
    text.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_cut_into_blocks() {
        let body = "# Chào {{ customer.given_name | default: 'bạn' }}\n\nMột dòng\nhai dòng\n\n{% if cart.total %}\n!cart\n\
                    {% endif %}\n\n- một\n- hai\n\n!code ABC\n\n[Xem](https://x.example/?a=1&b=2)\n\n> nhỏ";
        let found = blocks(body);
        let expected = [
            Block::Heading("Chào {{ customer.given_name | default: 'bạn' }}"),
            Block::Paragraph("Một dòng\nhai dòng".into()),
            Block::Liquid("{% if cart.total %}"),
            Block::Lines(Lines::Cart),
            Block::Liquid("{% endif %}"),
            Block::List(vec!["một", "hai"]),
            Block::Code("ABC"),
            Block::Button { label: "Xem", address: "https://x.example/?a=1&b=2" },
            Block::Small("nhỏ".into()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn text_is_escaped_and_liquid_is_not() {
        let check = |text: &str, expect: &str| assert_eq!(formatted(text), expect);
        check("a < b & **c**", "a &lt; b &amp; <strong>c</strong>");
        check("{{ a | default: \"x\" }} \"y\"", "{{ a | default: \"x\" }} &quot;y&quot;");
        check("{% if a < 3 %}<{% endif %}", "{% if a < 3 %}&lt;{% endif %}");
    }
}
