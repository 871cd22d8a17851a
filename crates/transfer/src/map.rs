//! What the columns of a file mean: the document that a shop writes, or that is suggested by the columns' names.

use crate::reading::Choices;
use crate::values::{DayOrder, Notation};
use domain::consent::{Channel, Purpose};
use domain::identifier::IdentifierKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Profiles,
    Orders,
    Products,
    Events,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Profiles => "profiles",
            Kind::Orders => "orders",
            Kind::Products => "products",
            Kind::Events => "events",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Kind, String> {
        [Kind::Profiles, Kind::Orders, Kind::Products, Kind::Events]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("{text:?} is none of: profiles, orders, products, events"))
    }
}

/// The mapping document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Map {
    /// What the columns hold, by their names. Columns that are not named are left out.
    pub columns: BTreeMap<String, Column>,
    /// The system the file comes from; orders and events of different sources are different ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where the clock on the wall showed the times of the file; the shop's own zone when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Given to everybody in the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
    /// Where and how people agreed: without it no marketing consent is taken from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_source: Option<String>,
    /// The name of every event of a file that has no column for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    pub orders: OrderRules,
    pub file: Choices,
}

/// A column: a target by itself, or with how to read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    Plain(String),
    Detailed(Detailed),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detailed {
    pub to: String,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ValueKind>,
    /// `point`: 1,234.5; `comma`: 1.234,5. Found out when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notation: Option<Notation>,
    /// `dmy`, `mdy`, `ymd`. Found out when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DayOrder>,
    /// Between the items of a list; `;` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    Text,
    Number,
    Boolean,
    /// A day, as `2026-12-31`.
    Date,
    /// An instant.
    Time,
    List,
}

/// What to do with what is no ordinary sale. See docs/data.md.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderRules {
    /// Order numbers that begin so are cancellations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cancelled_prefixes: Vec<String>,
    /// Cancellations become cancelled orders of their own, or are left out.
    pub cancellations: Cancellations,
    /// Order numbers that begin so are no orders at all (adjustments).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored_prefixes: Vec<String>,
    /// Lines with a quantity below zero in an order that is no cancellation.
    pub negative_quantities: NegativeLines,
    /// Codes that are no products; `*` at the end stands for anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_products: Vec<String>,
    /// Such lines are left out, or count as charges: in the total, not in the revenue.
    pub not_products_are: NotProducts,
    /// Lines that are the same in every column count each, or once.
    pub same_lines: SameLines,
    /// Orders of nobody known are kept, each under an anonymous profile of its own, or left out.
    pub guests: Guests,
}

impl Default for OrderRules {
    fn default() -> Self {
        OrderRules {
            cancelled_prefixes: Vec::new(),
            cancellations: Cancellations::Cancelled,
            ignored_prefixes: Vec::new(),
            negative_quantities: NegativeLines::Keep,
            not_products: Vec::new(),
            not_products_are: NotProducts::LeftOut,
            same_lines: SameLines::Count,
            guests: Guests::Anonymous,
        }
    }
}

macro_rules! choice {
    ($($name:ident { $($variant:ident),+ })+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }
    )+};
}

choice! {
    Cancellations { Cancelled, LeftOut }
    NegativeLines { Keep, LeftOut, Reject }
    NotProducts { LeftOut, Charges }
    SameLines { Count, Once }
    Guests { Anonymous, LeftOut }
}

/// What a column is taken for.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Ignore,
    Identifier(IdentifierKind),
    Attribute(String),
    Property(String),
    Tags,
    Lists,
    Consent(Channel, Purpose),
    ConsentAt,
    UpdatedAt,
    Field(Field),
}

macro_rules! fields {
    ($($name:ident = $text:literal),+ $(,)?) => {
        /// A fixed part of an order, a product or an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field { $($name),+ }
        impl Field {
            pub const ALL: &'static [(&'static str, Field)] = &[$(($text, Field::$name)),+];
            pub fn as_str(self) -> &'static str { match self { $(Field::$name => $text),+ } }
        }
    };
}

fields! {
    OrderId = "order_id", OrderedAt = "ordered_at", Status = "status", Currency = "currency", Total = "total",
    Revenue = "revenue", Discount = "discount", Shipping = "shipping", Tax = "tax", Coupon = "coupon",
    ProductId = "product_id", Sku = "sku", ProductName = "product_name", Variant = "variant",
    Category = "category", Brand = "brand", Price = "price", Quantity = "quantity", LineTotal = "line_total",
    LineDiscount = "line_discount", Url = "url", ImageUrl = "image_url", EventName = "event", At = "at",
    MessageId = "message_id", CompareAtPrice = "compare_at_price", Cost = "cost", Stock = "stock",
    InStock = "in_stock", Hidden = "hidden", Categories = "categories", CreatedAt = "created_at",
}

impl Field {
    pub fn is_money(self) -> bool {
        use Field::*;
        matches!(
            self,
            Total
                | Revenue
                | Discount
                | Shipping
                | Tax
                | Price
                | LineTotal
                | LineDiscount
                | CompareAtPrice
                | Cost
        )
    }

    pub fn is_time(self) -> bool {
        matches!(self, Field::OrderedAt | Field::At | Field::CreatedAt)
    }

    fn belongs_to(self, kind: Kind) -> bool {
        use Field::*;
        match kind {
            Kind::Profiles => false,
            Kind::Orders => !matches!(
                self,
                EventName
                    | At
                    | MessageId
                    | CompareAtPrice
                    | Cost
                    | Stock
                    | InStock
                    | Hidden
                    | Categories
                    | CreatedAt
            ),
            Kind::Products => matches!(
                self,
                ProductId
                    | Sku
                    | ProductName
                    | Category
                    | Brand
                    | Price
                    | Currency
                    | Url
                    | ImageUrl
                    | CompareAtPrice
                    | Cost
                    | Stock
                    | InStock
                    | Hidden
                    | Categories
                    | CreatedAt
            ),
            Kind::Events => matches!(self, EventName | At | MessageId),
        }
    }
}

impl Target {
    pub fn parse(text: &str, kind: Kind) -> Result<Target, String> {
        let name_of = |rest: &str| match rest.trim() {
            "" => Err(format!("{text:?} names nothing behind the colon")),
            name if name.len() > domain::profile::NAME_BYTES_MAX => {
                Err(format!("{name:?} is too long a name"))
            }
            name => Ok(name.to_owned()),
        };
        let people = kind != Kind::Products;
        Ok(match text.split_once(':') {
            Some(("attribute", rest)) if people => Target::Attribute(name_of(rest)?),
            Some(("property", rest)) if kind == Kind::Events => Target::Property(name_of(rest)?),
            Some(("consent", rest)) if people => {
                let (channel, purpose) = rest.split_once('.').unwrap_or((rest, "marketing"));
                Target::Consent(channel.parse()?, purpose.parse()?)
            }
            Some(("buyer", rest)) if people => {
                Target::Identifier(IdentifierKind::Buyer(slug(&name_of(rest)?)?))
            }
            Some(("custom", rest)) if people => {
                Target::Identifier(IdentifierKind::Custom(slug(&name_of(rest)?)?))
            }
            _ => match text {
                "ignore" => Target::Ignore,
                "user_id" if people => Target::Identifier(IdentifierKind::UserId),
                "email" if people => Target::Identifier(IdentifierKind::Email),
                "phone" if people => Target::Identifier(IdentifierKind::Phone),
                "zalo_id" if people => Target::Identifier(IdentifierKind::ZaloId),
                "anonymous_id" if people => Target::Identifier(IdentifierKind::Anonymous),
                "tags" if people => Target::Tags,
                "lists" if people => Target::Lists,
                "consent_at" if people => Target::ConsentAt,
                "updated_at" if people => Target::UpdatedAt,
                _ => match Field::ALL.iter().find(|(name, _)| *name == text) {
                    Some((_, field)) if field.belongs_to(kind) => Target::Field(*field),
                    Some(_) => return Err(format!("{text:?} is nothing of {}", kind.as_str())),
                    None => return Err(format!("{text:?} is no target; docs/data.md lists them")),
                },
            },
        })
    }

    /// As the document writes it.
    pub fn text(&self) -> String {
        match self {
            Target::Ignore => "ignore".into(),
            Target::Identifier(kind) => kind.to_string(),
            Target::Attribute(name) => format!("attribute:{name}"),
            Target::Property(name) => format!("property:{name}"),
            Target::Tags => "tags".into(),
            Target::Lists => "lists".into(),
            Target::Consent(channel, purpose) => format!("consent:{channel}.{purpose}"),
            Target::ConsentAt => "consent_at".into(),
            Target::UpdatedAt => "updated_at".into(),
            Target::Field(field) => field.as_str().into(),
        }
    }
}

fn slug(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.len() <= 40 && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err(format!("{name:?}: lower-case letters, digits, - and _, at most 40"))
}

impl Column {
    pub fn detail(&self) -> Detailed {
        match self {
            Column::Plain(to) => Detailed { to: to.clone(), ..Detailed::default() },
            Column::Detailed(detailed) => detailed.clone(),
        }
    }
}

impl Map {
    /// Reads a document in JSON or in TOML.
    pub fn read_json(text: &str) -> Result<Map, String> {
        serde_json::from_str(text).map_err(|error| format!("the map cannot be read: {error}"))
    }

    /// A map by the names of the columns alone, in Vietnamese or English, with or without marks.
    pub fn suggested(kind: Kind, columns: &[String]) -> Map {
        let mut map = Map::default();
        let mut taken: Vec<String> = Vec::new();
        for column in columns {
            let Some(target) = suggest(kind, column) else { continue };
            let text = target.text();
            if taken.contains(&text) {
                continue;
            }
            let column_kind = match &target {
                Target::Attribute(name) if name == "birthday" => Some(ValueKind::Date),
                _ => None,
            };
            taken.push(text.clone());
            let told = match column_kind {
                None => Column::Plain(text),
                Some(_) => Column::Detailed(Detailed { to: text, kind: column_kind, ..Detailed::default() }),
            };
            map.columns.insert(column.clone(), told);
        }
        // What nothing is known of stays with the person, or with the event.
        for column in columns {
            let name = domain::normalise::text::search_key(column)
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            let name = name.trim_matches('_').to_owned();
            if map.columns.contains_key(column) || name.is_empty() {
                continue;
            }
            match kind {
                Kind::Profiles => {
                    map.columns.insert(column.clone(), Column::Plain(format!("attribute:{name}")))
                }
                Kind::Events => map.columns.insert(column.clone(), Column::Plain(format!("property:{name}"))),
                Kind::Orders | Kind::Products => None,
            };
        }
        map
    }
}

/// Names of columns as shops and programs write them, without marks and in lower case.
fn suggest(kind: Kind, column: &str) -> Option<Target> {
    let key = domain::normalise::text::search_key(column);
    let key: String = key.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let key = key.split_whitespace().collect::<Vec<_>>().join(" ");
    let is = |names: &[&str]| names.contains(&key.as_str());
    let person = || -> Option<Target> {
        if is(&["email", "e mail", "mail", "email address", "dia chi email", "thu dien tu", "customer email"])
        {
            return Some(Target::Identifier(IdentifierKind::Email));
        }
        if is(&[
            "phone",
            "phone number",
            "mobile",
            "tel",
            "telephone",
            "sdt",
            "so dien thoai",
            "dien thoai",
            "di dong",
            "so dt",
            "customer phone",
            "phone no",
        ]) {
            return Some(Target::Identifier(IdentifierKind::Phone));
        }
        if is(&[
            "customer id",
            "customerid",
            "customer",
            "user id",
            "userid",
            "ma khach hang",
            "ma kh",
            "id khach hang",
            "customer code",
            "client id",
            "ma khach",
            "member id",
        ]) {
            return Some(Target::Identifier(IdentifierKind::UserId));
        }
        if is(&["zalo id", "zaloid", "zalo"]) {
            return Some(Target::Identifier(IdentifierKind::ZaloId));
        }
        let attribute = |name: &str| Some(Target::Attribute(name.to_owned()));
        if is(&[
            "name",
            "full name",
            "fullname",
            "ho ten",
            "ho va ten",
            "ten khach hang",
            "ten khach",
            "customer name",
            "ten",
        ]) {
            return attribute("name");
        }
        if is(&["first name", "firstname", "given name"]) {
            return attribute("first_name");
        }
        if is(&["last name", "lastname", "surname", "family name", "ho"]) {
            return attribute("last_name");
        }
        if is(&["birthday", "birth date", "birthdate", "date of birth", "dob", "ngay sinh", "sinh nhat"]) {
            return attribute("birthday");
        }
        if is(&["gender", "sex", "gioi tinh"]) {
            return attribute("gender");
        }
        if is(&["city", "province", "tinh", "thanh pho", "tinh thanh", "tinh thanh pho"]) {
            return attribute("city");
        }
        if is(&["country", "quoc gia", "nuoc"]) {
            return attribute("country");
        }
        if is(&["address", "dia chi"]) {
            return attribute("address");
        }
        if is(&["tags", "tag", "nhan", "the"]) {
            return Some(Target::Tags);
        }
        if is(&["list", "lists", "danh sach"]) {
            return Some(Target::Lists);
        }
        if is(&[
            "email marketing",
            "accepts marketing",
            "accepts email marketing",
            "newsletter",
            "nhan email",
            "dong y nhan email",
            "nhan tin khuyen mai qua email",
            "marketing",
        ]) {
            return Some(Target::Consent(Channel::Email, Purpose::Marketing));
        }
        if is(&["sms marketing", "accepts sms marketing", "nhan sms", "dong y nhan sms"]) {
            return Some(Target::Consent(Channel::Sms, Purpose::Marketing));
        }
        if is(&["consent date", "consent at", "ngay dong y", "opt in date"]) {
            return Some(Target::ConsentAt);
        }
        None
    };
    let field = |kind: Kind| -> Option<Field> {
        use Field::*;
        let names: &[(Field, &[&str])] = &[
            (
                OrderId,
                &[
                    "order id",
                    "order",
                    "order number",
                    "order no",
                    "invoice",
                    "invoice no",
                    "invoiceno",
                    "invoice id",
                    "ma don hang",
                    "ma don",
                    "so hoa don",
                    "so don hang",
                    "ma hoa don",
                ],
            ),
            (
                OrderedAt,
                &[
                    "order date",
                    "ordered at",
                    "invoice date",
                    "invoicedate",
                    "created at",
                    "date",
                    "ngay dat",
                    "ngay dat hang",
                    "ngay mua",
                    "ngay",
                    "thoi gian dat",
                    "ngay tao",
                    "thoi gian",
                    "purchase date",
                ],
            ),
            (Status, &["status", "order status", "trang thai", "trang thai don hang", "tinh trang"]),
            (Currency, &["currency", "tien te", "loai tien"]),
            (
                Total,
                &[
                    "total",
                    "order total",
                    "grand total",
                    "tong tien",
                    "tong cong",
                    "tong gia tri",
                    "thanh toan",
                ],
            ),
            (Discount, &["discount", "order discount", "giam gia", "chiet khau"]),
            (Shipping, &["shipping", "shipping fee", "phi van chuyen", "phi ship"]),
            (Tax, &["tax", "vat", "thue"]),
            (Coupon, &["coupon", "voucher", "ma giam gia", "discount code", "coupon code"]),
            (
                ProductId,
                &[
                    "product id",
                    "productid",
                    "stockcode",
                    "stock code",
                    "item id",
                    "product code",
                    "ma san pham",
                    "ma hang",
                    "ma sp",
                    "product",
                ],
            ),
            (Sku, &["sku", "ma sku"]),
            (
                ProductName,
                &[
                    "product name",
                    "item",
                    "item name",
                    "description",
                    "title",
                    "ten san pham",
                    "ten hang",
                    "ten sp",
                    "mo ta",
                    "san pham",
                ],
            ),
            (Variant, &["variant", "phan loai", "bien the"]),
            (Category, &["category", "product category", "danh muc", "nhom hang", "loai hang"]),
            (Brand, &["brand", "thuong hieu", "hang", "nhan hieu"]),
            (Price, &["price", "unit price", "unitprice", "don gia", "gia", "gia ban"]),
            (Quantity, &["quantity", "qty", "so luong", "sl"]),
            (LineTotal, &["line total", "subtotal", "thanh tien", "amount"]),
            (Url, &["url", "link", "duong dan"]),
            (ImageUrl, &["image", "image url", "hinh anh", "anh"]),
            (
                CompareAtPrice,
                &[
                    "compare at price",
                    "list price",
                    "original price",
                    "gia goc",
                    "gia niem yet",
                    "gia so sanh",
                ],
            ),
            (Cost, &["cost", "cost price", "cost per item", "gia von", "gia nhap"]),
            (
                Stock,
                &[
                    "stock",
                    "inventory",
                    "stock quantity",
                    "inventory quantity",
                    "quantity",
                    "ton kho",
                    "so luong ton",
                ],
            ),
            (InStock, &["in stock", "available", "availability", "con hang", "tinh trang"]),
            (Hidden, &["hidden", "an", "an san pham"]),
            (Categories, &["categories", "collections", "cac danh muc", "bo suu tap"]),
            (CreatedAt, &["created at", "date added", "ngay tao", "ngay dang"]),
            (EventName, &["event", "event name", "su kien", "ten su kien", "action"]),
            (
                At,
                &[
                    "at",
                    "time",
                    "timestamp",
                    "event time",
                    "date",
                    "datetime",
                    "created at",
                    "thoi gian",
                    "ngay",
                    "ngay gio",
                ],
            ),
            (MessageId, &["message id", "event id", "messageid"]),
        ];
        let found = names.iter().find(|(field, names)| field.belongs_to(kind) && is(names));
        match found {
            None if kind == Kind::Products && is(&["id"]) => Some(ProductId),
            None if kind == Kind::Products && is(&["name", "ten"]) => Some(ProductName),
            None if kind == Kind::Orders && is(&["id"]) => Some(OrderId),
            found => found.map(|(field, _)| *field),
        }
    };
    match kind {
        Kind::Profiles if is(&["id"]) => Some(Target::Identifier(IdentifierKind::UserId)),
        Kind::Profiles => person(),
        Kind::Products => field(kind).map(Target::Field),
        Kind::Orders | Kind::Events => field(kind).map(Target::Field).or_else(person),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_their_names_in_both_languages() {
        let check = |kind, column: &str, expect: &str| {
            assert_eq!(suggest(kind, column).map(|t| t.text()).unwrap_or_default(), expect, "{column}");
        };
        check(Kind::Profiles, "Số điện thoại", "phone");
        check(Kind::Profiles, "Họ và tên", "attribute:name");
        check(Kind::Profiles, "E-mail", "email");
        check(Kind::Profiles, "Đồng ý nhận email", "consent:email.marketing");
        check(Kind::Orders, "InvoiceNo", "order_id");
        check(Kind::Orders, "Mã đơn hàng", "order_id");
        check(Kind::Orders, "Customer ID", "user_id");
        check(Kind::Orders, "Đơn giá", "price");
        check(Kind::Orders, "StockCode", "product_id");
        check(Kind::Products, "Tên sản phẩm", "product_name");
        check(Kind::Products, "email", "");
    }

    #[test]
    fn targets_are_written_as_they_are_read() {
        for text in ["email", "buyer:shopee", "attribute:city", "consent:sms.marketing", "order_id", "tags"] {
            assert_eq!(Target::parse(text, Kind::Orders).unwrap().text(), text);
        }
        for bad in ["attribute:", "property:x", "consent:fax", "buyer:Shop Ee", "message_id", "nothing"] {
            assert!(Target::parse(bad, Kind::Orders).is_err(), "{bad}");
        }
    }
}
