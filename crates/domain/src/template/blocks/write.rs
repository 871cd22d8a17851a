//! The MJML of a document. Every block is a section of its own, so that Liquid may stand around any of them.

use super::rich::{attribute, cleaned, escaped};
use super::{
    Align, Block, Brand, Cart, Columns, Document, Footer, Hero, Join, Kind, Op, OrderBlock, Picked, Products,
    Recommendations, SocialLink, Source, Stars, Test, Voucher, When,
};

/// The words that the design itself adds.
struct Words {
    shop: &'static str,
    quantity: &'static str,
    product: &'static str,
    total: &'static str,
    subtotal: &'static str,
    discount: &'static str,
    shipping: &'static str,
    tax_code: &'static str,
    address: &'static str,
    why_marketing: &'static str,
    why_transactional: &'static str,
    unsubscribe: &'static str,
    preferences: &'static str,
    view: &'static str,
    stars: &'static str,
}

const VI: Words = Words {
    shop: "Cửa hàng",
    quantity: "Số lượng",
    product: "Sản phẩm",
    total: "Tổng cộng",
    subtotal: "Tạm tính",
    discount: "Giảm giá",
    shipping: "Phí vận chuyển",
    tax_code: "Mã số thuế",
    address: "Địa chỉ",
    why_marketing: "Bạn nhận được email này vì đã đồng ý nhận tin từ {{ shop.name | default: 'cửa hàng' }}.",
    why_transactional: "Email này báo tin về đơn hàng hoặc tài khoản của bạn tại {{ shop.name | default: 'cửa hàng' }}, không phải quảng cáo.",
    unsubscribe: "Hủy đăng ký",
    preferences: "Chọn loại tin muốn nhận",
    view: "Xem trên trình duyệt",
    stars: "sao",
};

const EN: Words = Words {
    shop: "Our shop",
    quantity: "Quantity",
    product: "Product",
    total: "Total",
    subtotal: "Subtotal",
    discount: "Discount",
    shipping: "Shipping",
    tax_code: "Tax code",
    address: "Address",
    why_marketing: "You get this e-mail because you agreed to hear from {{ shop.name | default: 'our shop' }}.",
    why_transactional: "This e-mail is about your order or your account with {{ shop.name | default: 'our shop' }}; it is no advertisement.",
    unsubscribe: "Unsubscribe",
    preferences: "Choose what you get",
    view: "View in your browser",
    stars: "stars",
};

/// The design in force: the brand's, with what the document has instead.
struct Theme<'a> {
    primary: &'a str,
    button_text: &'a str,
    background: &'a str,
    surface: &'a str,
    text: &'a str,
    muted: &'a str,
    family: &'static str,
    radius: u16,
    width: u16,
}

struct Writer<'a> {
    document: &'a Document,
    brand: &'a Brand,
    theme: Theme<'a>,
    words: &'static Words,
    is_marketing: bool,
    out: String,
}

const SIDE: u16 = 32;

pub(super) fn mjml(document: &Document, brand: &Brand, is_marketing: bool) -> String {
    let style = &document.style;
    fn of<'s>(own: &'s Option<String>, brands: &'s str) -> &'s str {
        own.as_deref().unwrap_or(brands)
    }
    let theme = Theme {
        primary: of(&style.primary, &brand.primary),
        button_text: of(&style.button_text, &brand.button_text),
        background: of(&style.background, &brand.background),
        surface: of(&style.surface, &brand.surface),
        text: of(&style.text, &brand.text),
        muted: of(&style.muted, &brand.muted),
        family: style.font.unwrap_or(brand.font).family(),
        radius: style.radius.unwrap_or(brand.radius),
        width: style.width.unwrap_or(600),
    };
    let words = if document.language == "en" { &EN } else { &VI };
    let mut writer =
        Writer { document, brand, theme, words, is_marketing, out: String::with_capacity(16_000) };
    writer.whole();
    writer.out
}

/// An address as an attribute: files of the shop's library get the address of this server.
fn address(url: &str) -> String {
    let url = url.trim();
    let whole = if url.starts_with("/media/") { format!("{{{{ base_url }}}}{url}") } else { url.to_owned() };
    attribute(&whole)
}

/// ` name="value"`, or nothing for an empty address.
fn leading(name: &str, url: &str) -> String {
    if url.trim().is_empty() { String::new() } else { format!(" {name}=\"{}\"", address(url)) }
}

fn condition(test: &Test) -> String {
    let field = &test.field;
    let value = test.value.trim();
    let told = if value.parse::<f64>().is_ok() || value == "true" || value == "false" {
        value.to_owned()
    } else {
        format!("'{value}'")
    };
    match test.op {
        Op::Exists => format!("{field} != blank"),
        Op::Missing => format!("{field} == blank"),
        Op::Eq => format!("{field} == {told}"),
        Op::Ne => format!("{field} != {told}"),
        Op::Gt => format!("{field} > {told}"),
        Op::Lt => format!("{field} < {told}"),
        Op::Contains => format!("{field} contains '{value}'"),
    }
}

fn opened(when: &When) -> String {
    let tests: Vec<String> = when.tests.iter().map(condition).collect();
    let joined = match when.join {
        Join::All => tests.join(" and "),
        Join::Any => tests.join(" or "),
    };
    format!("{{% if {joined} %}}\n")
}

/// A colour between two, `share` percent of the first.
fn mixed(one: &str, other: &str, share: u32) -> String {
    let read = |colour: &str| {
        let hex = colour.trim_start_matches('#');
        let hex = if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
        [0, 2, 4].map(|at| hex.get(at..at + 2).and_then(|two| u32::from_str_radix(two, 16).ok()).unwrap_or(0))
    };
    let (a, b) = (read(one), read(other));
    let mix = |n: usize| (a[n] * share + b[n] * (100 - share) + 50) / 100;
    format!("#{:02X}{:02X}{:02X}", mix(0), mix(1), mix(2))
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn whole(&mut self) {
        let Theme { primary, button_text, background, surface, text, muted, family, radius, width } =
            self.theme;
        let language = self.document.language.as_str();
        let faint = mixed(primary, surface, 8);
        let line = mixed(text, surface, 12);
        let inner = radius.min(14);
        self.push(&format!(
            "<mjml lang=\"{language}\">\n<mj-head>\n\
             <mj-title>{{{{ shop.name | default: '{shop}' }}}}</mj-title>\n\
             <mj-raw><meta name=\"color-scheme\" content=\"light dark\" /><meta name=\"supported-color-schemes\" content=\"light dark\" /></mj-raw>\n\
             <mj-attributes>\n\
             <mj-all font-family=\"{family}\" />\n\
             <mj-text font-size=\"16px\" line-height=\"1.6\" color=\"{text}\" padding=\"0\" />\n\
             <mj-button background-color=\"{primary}\" color=\"{button_text}\" border-radius=\"{inner}px\" font-size=\"16px\" font-weight=\"600\" inner-padding=\"14px 28px\" padding=\"0\" />\n\
             <mj-section padding=\"0\" />\n<mj-column padding=\"0\" />\n<mj-image padding=\"0\" />\n\
             </mj-attributes>\n\
             <mj-style>\n\
             h1,h2,h3,p,ul,ol{{margin:0}} p+p,p+ul,ul+p,p+ol,ol+p,h2+p,h3+p{{margin-top:12px}} ul,ol{{padding-left:22px}} li+li{{margin-top:4px}}\n\
             a{{color:{primary}}}\n\
             @media (max-width:480px){{.qs>table>tbody>tr>td{{padding-left:20px!important;padding-right:20px!important}}.qh1 h1{{font-size:26px!important}}.qhero h1{{font-size:28px!important}}}}\n\
             @media (prefers-color-scheme: dark){{body,.qb{{background:#121312!important}}.qs,.qs>table,.qs>table>tbody>tr>td{{background:#1E2020!important;background-color:#1E2020!important}}.qt div,.qt p,.qt h1,.qt h2,.qt h3,.qt li,.qt td,.qt span{{color:#EDEBE6!important}}.qm div,.qm p,.qm td{{color:#B5B0A8!important}}.qt a{{color:#8FD3BF!important}}.qf,.qf>table{{background:#121312!important}}.qv td{{background:#2A2D2C!important}}}}\n\
             </mj-style>\n</mj-head>\n\
             <mj-body background-color=\"{background}\" width=\"{width}px\" css-class=\"qb\">\n",
            shop = self.words.shop,
        ));
        // What stands on the background and what stands on the paper: a logo at the top and a footer at the end are
        // on the background.
        let blocks = &self.document.blocks;
        let is_outer = |block: &Block| matches!(block.kind, Kind::Logo(_) | Kind::Footer(_));
        let first = blocks.iter().position(|block| !is_outer(block));
        let last = blocks.iter().rposition(|block| !is_outer(block));
        for (at, block) in blocks.iter().enumerate() {
            if Some(at) == first && !matches!(block.kind, Kind::Hero(_)) {
                self.push(&format!(
                    "<mj-section css-class=\"qs\" background-color=\"{surface}\" border-radius=\"{radius}px {radius}px 0 0\" padding=\"{radius}px 0 0\"><mj-column><mj-spacer height=\"8px\" /></mj-column></mj-section>\n"
                ));
            }
            self.block(block, &faint, &line, muted);
            if Some(at) == last {
                self.push(&format!(
                    "<mj-section css-class=\"qs\" background-color=\"{surface}\" border-radius=\"0 0 {radius}px {radius}px\" padding=\"0 0 {radius}px\"><mj-column><mj-spacer height=\"12px\" /></mj-column></mj-section>\n"
                ));
            }
        }
        self.push("<mj-section padding=\"12px\"><mj-column><mj-spacer height=\"8px\" /></mj-column></mj-section>\n</mj-body>\n</mjml>\n");
    }

    /// A section on the paper around what a block holds.
    fn section(&mut self, block: &Block, top: u16, bottom: u16, inside: &str) {
        let surface = block.look.background.as_deref().unwrap_or(self.theme.surface);
        let class = if block.look.background.is_some() { "qsc" } else { "qs" };
        let (top, bottom) = (block.look.top.unwrap_or(top), block.look.bottom.unwrap_or(bottom));
        self.push(&format!(
            "<mj-section css-class=\"{class}\" background-color=\"{surface}\" padding=\"{top}px {SIDE}px {bottom}px\">\n{inside}\n</mj-section>\n"
        ));
    }

    fn text_class(&self, block: &Block) -> &'static str {
        // On a colour of the author's own, the dark scheme must not turn the text light.
        if block.look.background.is_some() || block.look.color.is_some() { "" } else { " css-class=\"qt\"" }
    }

    fn block(&mut self, block: &Block, faint: &str, line: &str, muted: &str) {
        if let Some(when) = &block.when {
            let opened = opened(when);
            self.push(&opened);
        }
        let column = |inside: &str| format!("<mj-column>{inside}</mj-column>");
        match &block.kind {
            Kind::Logo(logo) => {
                let side = block.look.align.unwrap_or(Align::Center).as_str();
                let link = if logo.link.trim().is_empty() { "{{ shop.url }}" } else { logo.link.trim() };
                let top = block.look.top.unwrap_or(28);
                let bottom = block.look.bottom.unwrap_or(22);
                let inside = if self.brand.logo.is_empty() {
                    format!(
                        "<mj-text align=\"{side}\" css-class=\"qt\" font-size=\"20px\" font-weight=\"700\" color=\"{}\">{{{{ shop.name | default: '{}' }}}}</mj-text>",
                        self.theme.text, self.words.shop
                    )
                } else {
                    format!(
                        "<mj-image src=\"{}\" alt=\"{{{{ shop.name | default: '{}' }}}}\" width=\"{}px\" align=\"{side}\" href=\"{}\" />",
                        address(&self.brand.logo),
                        self.words.shop,
                        self.brand.logo_width,
                        address(&link.replace("{{ shop.url }}", "{{ shop.url | default: '#' }}")),
                    )
                };
                self.push(&format!(
                    "<mj-section css-class=\"qf\" padding=\"{top}px {SIDE}px {bottom}px\">{}</mj-section>\n",
                    column(&inside)
                ));
            }
            Kind::Columns(columns) => self.columns(block, columns, line),
            Kind::Hero(hero) => self.hero(block, hero),
            Kind::Products(products) => self.products(block, products, muted),
            Kind::Cart(cart) => self.cart(block, cart, line, muted),
            Kind::Order(order) => self.order(block, order, line, muted),
            Kind::Voucher(voucher) => self.voucher(block, voucher, faint),
            Kind::Recommendations(products) => self.recommendations(block, products, muted),
            Kind::Stars(stars) => self.stars(block, stars, muted),
            Kind::Social(social) => {
                let links = if social.links.is_empty() { &self.brand.social } else { &social.links };
                if !links.is_empty() {
                    let inside =
                        self.social(links, block.look.align.unwrap_or(Align::Center), self.theme.muted);
                    self.section(block, 8, 16, &column(&inside));
                }
            }
            Kind::Footer(footer) => self.footer(block, footer),
            _ => {
                let inside = self.leaf(block, line);
                let (top, bottom) = match &block.kind {
                    Kind::Heading(heading) if heading.level == 1 => (16, 12),
                    Kind::Heading(_) => (14, 8),
                    Kind::Button(_) => (8, 24),
                    Kind::Image(_) => (8, 16),
                    Kind::Divider(_) => (8, 16),
                    Kind::Spacer(_) => (0, 0),
                    _ => (0, 16),
                };
                self.section(block, top, bottom, &column(&inside));
            }
        }
        if block.when.is_some() {
            self.push("{% endif %}\n");
        }
    }

    /// What may stand in a column: one element, or a few.
    fn leaf(&self, block: &Block, line: &str) -> String {
        let color = block.look.color.as_deref().unwrap_or(self.theme.text);
        let side = block.look.align.unwrap_or(Align::Left).as_str();
        let class = self.text_class(block);
        match &block.kind {
            Kind::Heading(heading) => {
                let size = match heading.level {
                    1 => 30,
                    2 => 22,
                    _ => 18,
                };
                let level = heading.level.clamp(1, 3);
                let class = match (level, class.is_empty()) {
                    (1, false) => " css-class=\"qt qh1\"",
                    (1, true) => " css-class=\"qh1\"",
                    _ => class,
                };
                format!(
                    "<mj-text align=\"{side}\" color=\"{color}\"{class}><h{level} style=\"font-size:{size}px;line-height:1.3;font-weight:700\">{}</h{level}></mj-text>",
                    escaped(&heading.text)
                )
            }
            Kind::Text(text) => {
                let size = if text.size == 0 { 16 } else { text.size };
                format!(
                    "<mj-text align=\"{side}\" color=\"{color}\" font-size=\"{size}px\"{class}>{}</mj-text>",
                    cleaned(&text.html)
                )
            }
            Kind::Image(image) => {
                if image.src.trim().is_empty() {
                    return String::new();
                }
                let whole = self.theme.width.saturating_sub(2 * SIDE);
                let width = u32::from(whole) * u32::from(image.width) / 100;
                let radius = if image.rounded { self.theme.radius.min(14) } else { 0 };
                let side = block.look.align.unwrap_or(Align::Center).as_str();
                format!(
                    "<mj-image src=\"{}\" alt=\"{}\" width=\"{width}px\" border-radius=\"{radius}px\" align=\"{side}\"{} />",
                    address(&image.src),
                    attribute(&image.alt),
                    leading("href", &image.link),
                )
            }
            Kind::Button(button) => {
                let side = block.look.align.unwrap_or(Align::Left).as_str();
                self.button(&button.label, &button.url, button.outline, button.wide, side)
            }
            Kind::Divider(divider) => {
                let color = if divider.color.is_empty() { line } else { &divider.color };
                format!("<mj-divider border-width=\"1px\" border-color=\"{color}\" padding=\"0\" />")
            }
            Kind::Spacer(spacer) => format!("<mj-spacer height=\"{}px\" />", spacer.height),
            Kind::Html(html) => format!("<mj-text color=\"{color}\"{class}>{}</mj-text>", html.html),
            _ => String::new(),
        }
    }

    fn button(&self, label: &str, url: &str, outline: bool, wide: bool, side: &str) -> String {
        let primary = self.theme.primary;
        let design = if outline {
            format!(
                " background-color=\"{}\" color=\"{primary}\" border=\"2px solid {primary}\" inner-padding=\"12px 26px\"",
                self.theme.surface
            )
        } else {
            String::new()
        };
        let width = if wide { " width=\"100%\"" } else { "" };
        format!(
            "<mj-button align=\"{side}\"{design}{width}{}>{}</mj-button>",
            leading("href", url),
            escaped(label)
        )
    }

    fn hero(&mut self, block: &Block, hero: &Hero) {
        let fill = block.look.background.clone().unwrap_or_else(|| self.theme.primary.to_owned());
        let color = block.look.color.clone().unwrap_or_else(|| self.theme.button_text.to_owned());
        let side = block.look.align.unwrap_or(Align::Center).as_str();
        let radius = self.theme.radius;
        let mut inside = String::new();
        if !hero.image.trim().is_empty() {
            inside.push_str(&format!(
                "<mj-image src=\"{}\" alt=\"{}\" width=\"{}px\" border-radius=\"{radius}px {radius}px 0 0\"{} />",
                address(&hero.image),
                attribute(&hero.alt),
                self.theme.width,
                leading("href", &hero.url),
            ));
        }
        let top = if hero.image.trim().is_empty() { 44 } else { 30 };
        inside.push_str(&format!("<mj-spacer height=\"{}px\" />", block.look.top.unwrap_or(top)));
        let part = |text: &str, open: &str, close: &str, size: u16, extra: &str, after: u16| {
            if text.trim().is_empty() {
                return String::new();
            }
            format!(
                "<mj-text align=\"{side}\" color=\"{color}\" font-size=\"{size}px\" padding=\"0 {SIDE}px {after}px\" css-class=\"qhero\"{extra}>{open}{}{close}</mj-text>",
                escaped(text)
            )
        };
        inside.push_str(&part(&hero.eyebrow, "", "", 14, " font-weight=\"600\"", 8));
        inside.push_str(&part(
            &hero.title,
            "<h1 style=\"font-size:36px;line-height:1.2;font-weight:800\">",
            "</h1>",
            36,
            "",
            12,
        ));
        inside.push_str(&part(&hero.text, "", "", 17, "", 22));
        if !hero.label.trim().is_empty() {
            inside.push_str(&format!(
                "<mj-button align=\"{side}\" background-color=\"{color}\" color=\"{fill}\" padding=\"0 {SIDE}px\"{}>{}</mj-button>",
                leading("href", &hero.url),
                escaped(&hero.label)
            ));
        }
        inside.push_str(&format!("<mj-spacer height=\"{}px\" />", block.look.bottom.unwrap_or(44)));
        self.push(&format!(
            "<mj-section css-class=\"qc\" background-color=\"{fill}\" border-radius=\"{radius}px {radius}px 0 0\" padding=\"0\"><mj-column>{inside}</mj-column></mj-section>\n\
             <mj-section css-class=\"qs\" background-color=\"{}\" padding=\"0\"><mj-column><mj-spacer height=\"20px\" /></mj-column></mj-section>\n",
            self.theme.surface
        ));
    }

    fn columns(&mut self, block: &Block, columns: &Columns, line: &str) {
        let count = columns.columns.len().max(1);
        let valign = if columns.middle { "middle" } else { "top" };
        let mut inside = String::new();
        for (at, column) in columns.columns.iter().enumerate() {
            let width =
                if column.width > 0 { format!(" width=\"{}%\"", column.width) } else { String::new() };
            let (left, right) = (if at == 0 { 0 } else { 8 }, if at + 1 == count { 0 } else { 8 });
            inside.push_str(&format!(
                "<mj-column{width} vertical-align=\"{valign}\" padding=\"0 {right}px 8px {left}px\">"
            ));
            for inner in &column.blocks {
                if let Some(when) = &inner.when {
                    inside.push_str(&opened(when));
                }
                inside.push_str(&self.leaf(inner, line));
                let below = inner.look.bottom.unwrap_or(10);
                if below > 0 && !matches!(inner.kind, Kind::Spacer(_)) {
                    inside.push_str(&format!("<mj-spacer height=\"{below}px\" />"));
                }
                if inner.when.is_some() {
                    inside.push_str("{% endif %}");
                }
            }
            inside.push_str("</mj-column>\n");
        }
        if !columns.stack {
            inside = format!("<mj-group>{inside}</mj-group>");
        }
        self.section(block, 8, 12, &inside);
    }

    /// A product as a card: `name`, `price` and the addresses are MJML already.
    fn card(&self, image: &str, name: &str, price: &str, button: &str) -> String {
        format!(
            "{image}<mj-text css-class=\"qt\" padding=\"10px 0 2px\" font-size=\"15px\" font-weight=\"600\" line-height=\"1.4\">{name}</mj-text>{price}{button}<mj-spacer height=\"14px\" />"
        )
    }

    fn picked_card(&self, product: &Picked, show_price: bool, label: &str, muted: &str) -> String {
        let radius = self.theme.radius.min(14);
        let image = if product.image.trim().is_empty() {
            String::new()
        } else {
            format!(
                "<mj-image src=\"{}\" alt=\"{}\" border-radius=\"{radius}px\"{} />",
                address(&product.image),
                attribute(&product.name),
                leading("href", &product.url)
            )
        };
        let name = if product.url.trim().is_empty() {
            escaped(&product.name)
        } else {
            format!(
                "<a href=\"{}\" style=\"color:{};text-decoration:none\">{}</a>",
                address(&product.url),
                self.theme.text,
                escaped(&product.name)
            )
        };
        let mut price = String::new();
        if show_price && !product.price.is_empty() {
            let before = if product.before.is_empty() {
                String::new()
            } else {
                format!("&nbsp;<s style=\"color:{muted};font-weight:400\">{}</s>", escaped(&product.before))
            };
            price = format!(
                "<mj-text css-class=\"qt\" font-size=\"15px\" font-weight=\"700\">{}{before}</mj-text>",
                escaped(&product.price)
            );
        }
        let button = self.small_button(label, &leading("href", &product.url));
        self.card(&image, &name, &price, &button)
    }

    fn small_button(&self, label: &str, href: &str) -> String {
        if label.trim().is_empty() {
            return String::new();
        }
        format!(
            "<mj-button align=\"left\" font-size=\"14px\" inner-padding=\"9px 16px\" padding=\"8px 0 0\"{href}>{}</mj-button>",
            escaped(label)
        )
    }

    /// Products that Liquid walks over, in rows of `per_row`.
    fn walked(
        &self,
        source: &str,
        per_row: u8,
        limit: u8,
        show_price: bool,
        label: &str,
        muted: &str,
    ) -> Vec<(u8, String)> {
        let radius = self.theme.radius.min(14);
        let share = 100.0 / f64::from(per_row);
        let name = format!(
            "{{% if item.url %}}<a href=\"{{{{ item.url }}}}\" style=\"color:{};text-decoration:none\">{{{{ item.name | default: '{product}' }}}}</a>{{% else %}}{{{{ item.name | default: '{product}' }}}}{{% endif %}}",
            self.theme.text,
            product = self.words.product,
        );
        // What an event tells may be a number or the text of one.
        let price = if show_price {
            format!(
                "{{% if item.price %}}<mj-text css-class=\"qm\" font-size=\"15px\" color=\"{muted}\">{{{{ item.price | times: 1 | money }}}}</mj-text>{{% endif %}}"
            )
        } else {
            String::new()
        };
        let image = format!(
            "{{% if item.image_url %}}<mj-image src=\"{{{{ item.image_url }}}}\" alt=\"{{{{ item.name | default: '{}' }}}}\" border-radius=\"{radius}px\" />{{% endif %}}",
            self.words.product
        );
        let button = if label.trim().is_empty() {
            String::new()
        } else {
            format!(
                "{{% if item.url %}}{}{{% endif %}}",
                self.small_button(label, " href=\"{{ item.url }}\"")
            )
        };
        let card = self.card(&image, &name, &price, &button);
        let pad = if per_row > 1 { "0 6px" } else { "0" };
        (0..limit)
            .step_by(usize::from(per_row))
            .map(|offset| {
                let most = per_row.min(limit - offset);
                let row = format!(
                    "{{% for item in {source} limit: {most} offset: {offset} %}}<mj-column width=\"{share:.2}%\" padding=\"{pad}\">{card}</mj-column>{{% endfor %}}"
                );
                (offset, row)
            })
            .collect()
    }

    #[expect(clippy::too_many_arguments, reason = "what a row looks like, each part once")]
    fn picked_rows(
        &mut self,
        block: &Block,
        picked: &[Picked],
        per_row: u8,
        limit: u8,
        show_price: bool,
        label: &str,
        muted: &str,
    ) {
        let shown: Vec<&Picked> = picked.iter().take(usize::from(limit)).collect();
        let share = 100.0 / f64::from(per_row);
        let pad = if per_row > 1 { "0 6px" } else { "0" };
        for row in shown.chunks(usize::from(per_row)) {
            let mut inside = String::new();
            for product in row {
                let card = self.picked_card(product, show_price, label, muted);
                inside.push_str(&format!(
                    "<mj-column width=\"{share:.2}%\" padding=\"{pad}\">{card}</mj-column>"
                ));
            }
            self.section(block, 4, 4, &inside);
        }
    }

    fn walked_rows(&mut self, block: &Block, source: &str, rows: Vec<(u8, String)>) {
        for (offset, row) in rows {
            self.push(&format!("{{% if {source}.size > {offset} %}}\n"));
            self.section(block, 4, 4, &row);
            self.push("{% endif %}\n");
        }
    }

    fn products(&mut self, block: &Block, products: &Products, muted: &str) {
        let per_row = products.per_row.clamp(1, 3);
        let source = match products.source {
            Source::Cart => "cart.items",
            Source::Order => "order.items",
            Source::Event => "products",
            Source::Recommendations => &format!("recommendations.{}", products.place),
            Source::Picked => {
                return self.picked_rows(
                    block,
                    &products.picked,
                    per_row,
                    products.limit,
                    products.show_price,
                    &products.label,
                    muted,
                );
            }
        };
        if per_row == 1 {
            return self.lines(block, source, products.limit, products.show_price, muted);
        }
        let rows = self.walked(source, per_row, products.limit, products.show_price, &products.label, muted);
        self.walked_rows(block, source, rows);
    }

    /// One product a line: the picture at the left, name, quantity and price beside it.
    fn lines(&mut self, block: &Block, source: &str, limit: u8, show_price: bool, muted: &str) {
        let radius = self.theme.radius.min(10);
        let surface = block.look.background.clone().unwrap_or_else(|| self.theme.surface.to_owned());
        let name = format!(
            "{{% if item.url %}}<a href=\"{{{{ item.url }}}}\" style=\"color:{};text-decoration:none\">{{{{ item.name | default: '{product}' }}}}</a>{{% else %}}{{{{ item.name | default: '{product}' }}}}{{% endif %}}",
            self.theme.text,
            product = self.words.product,
        );
        let price = if show_price {
            "{% if item.price %} · {{ item.price | times: 1 | money }}{% endif %}"
        } else {
            ""
        };
        let detail = format!("{}: {{{{ item.quantity | default: 1 }}}}{price}", self.words.quantity);
        let words = |pad: &str| {
            format!(
                "<mj-text css-class=\"qt\" padding=\"{pad}\" font-weight=\"600\" font-size=\"15px\" line-height=\"1.4\">{name}</mj-text><mj-text css-class=\"qm\" padding=\"{pad}\" font-size=\"14px\" color=\"{muted}\">{detail}</mj-text>"
            )
        };
        self.push(&format!(
            "{{% for item in {source} limit: {limit} %}}\n{{% if item.image_url %}}\n\
             <mj-section css-class=\"qs\" background-color=\"{surface}\" padding=\"6px {SIDE}px 10px\"><mj-group>\
             <mj-column width=\"24%\"><mj-image src=\"{{{{ item.image_url }}}}\" alt=\"{{{{ item.name | default: '{product}' }}}}\" border-radius=\"{radius}px\" align=\"left\" /></mj-column>\
             <mj-column width=\"76%\" vertical-align=\"middle\">{with}</mj-column></mj-group></mj-section>\n{{% else %}}\n\
             <mj-section css-class=\"qs\" background-color=\"{surface}\" padding=\"4px {SIDE}px 10px\"><mj-column>{without}</mj-column></mj-section>\n{{% endif %}}\n{{% endfor %}}\n",
            with = words("0 0 0 16px"),
            without = words("0"),
            product = self.words.product,
        ));
    }

    /// Two columns of words: what it is, and how much.
    fn sum(&self, label: &str, value: &str, strong: bool) -> String {
        let (weight, size) = if strong { (700, 17) } else { (400, 15) };
        format!(
            "<mj-text css-class=\"qt\" font-size=\"{size}px\"><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td style=\"padding:4px 0;font-weight:{weight}\">{label}</td><td align=\"right\" style=\"padding:4px 0;text-align:right;font-weight:{weight}\">{value}</td></tr></table></mj-text>"
        )
    }

    fn cart(&mut self, block: &Block, cart: &Cart, line: &str, muted: &str) {
        self.push("{% if cart.items.size > 0 %}\n");
        self.lines(block, "cart.items", cart.limit, true, muted);
        let mut inside =
            format!("<mj-divider border-width=\"1px\" border-color=\"{line}\" padding=\"0 0 8px\" />");
        if cart.show_total {
            let sum = self.sum(self.words.total, "{{ cart.total | money }}", true);
            inside.push_str(&format!("{{% if cart.total %}}{sum}{{% endif %}}"));
        }
        if !cart.label.trim().is_empty() {
            let side = block.look.align.unwrap_or(Align::Left).as_str();
            let button = self.button(&cart.label, "{{ cart.url }}", false, false, side);
            inside
                .push_str(&format!("{{% if cart.url %}}<mj-spacer height=\"14px\" />{button}{{% endif %}}"));
        }
        self.section(block, 2, 20, &format!("<mj-column>{inside}</mj-column>"));
        self.push("{% endif %}\n");
    }

    fn order(&mut self, block: &Block, order: &OrderBlock, line: &str, muted: &str) {
        self.push("{% if order.items.size > 0 %}\n");
        self.lines(block, "order.items", order.limit, true, muted);
        if order.show_totals {
            let words = self.words;
            let mut inside =
                format!("<mj-divider border-width=\"1px\" border-color=\"{line}\" padding=\"0 0 8px\" />");
            for (field, label) in
                [("subtotal", words.subtotal), ("discount", words.discount), ("shipping", words.shipping)]
            {
                let minus = if field == "discount" { "−" } else { "" };
                let sum = self.sum(label, &format!("{minus}{{{{ order.{field} | money }}}}"), false);
                inside.push_str(&format!("{{% if order.{field} %}}{sum}{{% endif %}}"));
            }
            let sum = self.sum(words.total, "{{ order.total | money }}", true);
            inside.push_str(&format!("{{% if order.total %}}{sum}{{% endif %}}"));
            self.section(block, 2, 16, &format!("<mj-column>{inside}</mj-column>"));
        }
        self.push("{% endif %}\n");
    }

    fn voucher(&mut self, block: &Block, voucher: &Voucher, faint: &str) {
        let radius = self.theme.radius;
        let primary = block.look.color.as_deref().unwrap_or(self.theme.primary);
        let text = self.theme.text;
        let mut inside = String::new();
        if !voucher.title.is_empty() {
            inside.push_str(&format!(
                "<mj-text align=\"center\" css-class=\"qt\" font-size=\"16px\" font-weight=\"600\" color=\"{text}\" padding=\"0 20px 6px\">{}</mj-text>",
                escaped(&voucher.title)
            ));
        }
        inside.push_str(&format!(
            "<mj-text align=\"center\" css-class=\"qt\" font-size=\"28px\" font-weight=\"800\" letter-spacing=\"3px\" color=\"{primary}\" padding=\"0 20px\">{}</mj-text>",
            escaped(&voucher.code)
        ));
        if !voucher.text.is_empty() {
            inside.push_str(&format!(
                "<mj-text align=\"center\" css-class=\"qm\" font-size=\"14px\" color=\"{}\" padding=\"6px 20px 0\">{}</mj-text>",
                self.theme.muted,
                escaped(&voucher.text)
            ));
        }
        if !voucher.label.trim().is_empty() {
            inside.push_str("<mj-spacer height=\"16px\" />");
            inside.push_str(&self.button(&voucher.label, &voucher.url, false, false, "center"));
        }
        let column = format!(
            "<mj-column css-class=\"qv\" background-color=\"{faint}\" border=\"2px dashed {primary}\" border-radius=\"{radius}px\" padding=\"0\"><mj-spacer height=\"22px\" />{inside}<mj-spacer height=\"22px\" /></mj-column>"
        );
        self.section(block, 8, 24, &column);
    }

    fn recommendations(&mut self, block: &Block, products: &Recommendations, muted: &str) {
        let per_row = products.per_row.clamp(1, 3);
        let title = (!products.title.is_empty()).then(|| {
            format!(
                "<mj-column><mj-text css-class=\"qt\"><h2 style=\"font-size:20px;line-height:1.3;font-weight:700\">{}</h2></mj-text></mj-column>",
                escaped(&products.title)
            )
        });
        let source = match products.place.as_str() {
            "" => "products".to_owned(),
            place => format!("recommendations.{place}"),
        };
        self.push(&format!("{{% if {source}.size > 0 %}}\n"));
        if let Some(title) = &title {
            self.section(block, 12, 8, title);
        }
        let rows = self.walked(&source, per_row, products.limit, true, &products.label, muted);
        self.walked_rows(block, &source, rows);
        if !products.picked.is_empty() {
            self.push("{% else %}\n");
            if let Some(title) = &title {
                self.section(block, 12, 8, title);
            }
            self.picked_rows(block, &products.picked, per_row, products.limit, true, &products.label, muted);
        }
        self.push("{% endif %}\n");
    }

    fn stars(&mut self, block: &Block, stars: &Stars, muted: &str) {
        let url = stars.url.trim();
        let sign = if url.contains('?') { '&' } else { '?' };
        let mut row = String::new();
        for number in 1..=5 {
            let star = "<span style=\"font-size:36px;line-height:1;color:#A86A12\">★</span>".to_owned();
            let cell = if url.is_empty() {
                star
            } else {
                let target = address(&format!("{url}{sign}rating={number}"));
                let label = self.words.stars;
                format!(
                    "<a href=\"{target}\" title=\"{number} {label}\" style=\"text-decoration:none\">{star}<br /><span style=\"font-size:13px;color:{muted}\">{number}</span></a>"
                )
            };
            row.push_str(&format!(
                "<td align=\"center\" style=\"padding:0 6px;text-align:center\">{cell}</td>"
            ));
        }
        let mut inside = format!(
            "<mj-text align=\"center\"><table role=\"presentation\" align=\"center\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:0 auto\"><tr>{row}</tr></table></mj-text>"
        );
        if !stars.low.is_empty() || !stars.high.is_empty() {
            inside.push_str(&format!(
                "<mj-text align=\"center\" css-class=\"qm\" font-size=\"13px\" color=\"{muted}\" padding=\"6px 0 0\">1 = {} · 5 = {}</mj-text>",
                escaped(&stars.low),
                escaped(&stars.high)
            ));
        }
        self.section(block, 8, 20, &format!("<mj-column>{inside}</mj-column>"));
    }

    fn social(&self, links: &[SocialLink], align: Align, color: &str) -> String {
        let links: Vec<String> = links
            .iter()
            .map(|link| {
                format!(
                    "<a href=\"{}\" style=\"color:{color};font-weight:600;text-decoration:none\">{}</a>",
                    address(&link.url),
                    escaped(&link.name)
                )
            })
            .collect();
        format!(
            "<mj-text align=\"{}\" css-class=\"qt\" font-size=\"14px\" padding=\"0 0 10px\">{}</mj-text>",
            align.as_str(),
            links.join("&nbsp;&nbsp;·&nbsp;&nbsp;")
        )
    }

    fn footer(&mut self, block: &Block, footer: &Footer) {
        let words = self.words;
        let color = block.look.color.as_deref().unwrap_or(self.theme.muted);
        let side = block.look.align.unwrap_or(Align::Center);
        let mut inside = String::new();
        if footer.social && !self.brand.social.is_empty() {
            inside.push_str(&self.social(&self.brand.social, side, color));
        }
        let side = side.as_str();
        let mut small = |text: &str, after: u16| {
            inside.push_str(&format!(
                "<mj-text align=\"{side}\" css-class=\"qm\" font-size=\"13px\" line-height=\"1.6\" color=\"{color}\" padding=\"0 0 {after}px\">{text}</mj-text>"
            ));
        };
        for note in [&footer.text, &self.brand.footer_note] {
            if !note.trim().is_empty() {
                small(&escaped(note).replace('\n', "<br />"), 10);
            }
        }
        let mut who = if self.brand.legal_name.trim().is_empty() {
            format!("<strong>{{{{ shop.name | default: '{}' }}}}</strong>", words.shop)
        } else {
            format!("<strong>{}</strong>", escaped(&self.brand.legal_name))
        };
        if !self.brand.tax_code.trim().is_empty() {
            who.push_str(&format!(" · {}: {}", words.tax_code, escaped(&self.brand.tax_code)));
        }
        who.push_str(&format!(
            "{{% if shop.address != blank %}}<br />{}: {{{{ shop.address }}}}{{% endif %}}",
            words.address
        ));
        who.push_str("{% if shop.phone != blank %}<br />{{ shop.phone }}{% endif %}");
        who.push_str("{% if shop.email != blank %} · {{ shop.email }}{% endif %}");
        small(&who, 10);
        let reason = if !footer.reason.trim().is_empty() {
            escaped(&footer.reason)
        } else if self.is_marketing {
            words.why_marketing.to_owned()
        } else {
            words.why_transactional.to_owned()
        };
        small(&reason, 6);
        let mut ways = Vec::new();
        let way = |field: &str, label: &str| {
            format!(
                "<a href=\"{{{{ {field} }}}}\" style=\"color:{color};text-decoration:underline\">{label}</a>"
            )
        };
        if self.is_marketing {
            ways.push(way("unsubscribe_url", words.unsubscribe));
            if footer.preferences {
                ways.push(way("preferences_url", words.preferences));
            }
        }
        if footer.view_link {
            ways.push(way("view_url", words.view));
        }
        if !ways.is_empty() {
            small(&ways.join("&nbsp;·&nbsp;"), 0);
        }
        let (top, bottom) = (block.look.top.unwrap_or(24), block.look.bottom.unwrap_or(8));
        self.push(&format!(
            "<mj-section css-class=\"qf\" padding=\"{top}px {SIDE}px {bottom}px\"><mj-column>{inside}</mj-column></mj-section>\n"
        ));
    }
}
