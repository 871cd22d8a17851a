//! Makes of a row what the engine takes in, or says why not.

use crate::map::{Cancellations, Field, Guests, NegativeLines, NotProducts, SameLines, Target, ValueKind};
use crate::plan::{ColumnPlan, Plan};
use crate::values::{Decimal, When, when, yes};
use domain::commerce::{CATEGORIES_MAX, CartLine, Contents, Product, order_status};
use domain::consent::{ConsentRecord, ConsentState};
use domain::identifier::{Identifier, IdentifierKind};
use domain::normalise::text::search_key;
use domain::profile::VALUE_BYTES_MAX;
use engine::imports::{ImportedConsent, ImportedEvent, ImportedOrder, ImportedPerson, ImportedRow};
use kit::{Currency, DAY_MS, Timestamp};
use serde_json::{Map as Object, Value};
use std::collections::BTreeSet;

/// Lines that one order keeps; its sums count all of them.
pub const LINES_MAX: usize = 5_000;
/// Nothing a shop keeps on a computer is older: 1980-01-01.
const EARLIEST: Timestamp = Timestamp::from_ms(315_532_800_000);

/// Why a row is not taken. The code is stable, see [`crate::rejected::advice`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub code: &'static str,
    pub column: Option<String>,
}

impl Fault {
    pub fn of(code: &'static str) -> Fault {
        Fault { code, column: None }
    }

    fn at(code: &'static str, column: &ColumnPlan) -> Fault {
        Fault { code, column: Some(column.name.clone()) }
    }
}

/// What one line of an order says, as far as it is needed to tell whether it can be used.
#[derive(Clone, Debug, PartialEq)]
pub enum LineVerdict {
    /// It belongs to this order.
    Of(String),
    /// The rules leave it out.
    LeftOut(&'static str),
}

/// Reads the rows of one import.
pub struct Reading<'p> {
    pub plan: &'p Plan,
    pub job: &'p str,
    /// The instant of everything that has none of its own.
    pub told_at: Timestamp,
}

impl Reading<'_> {
    fn cell<'c>(&self, column: &ColumnPlan, cells: &'c [String]) -> &'c str {
        cells.get(column.place).map_or("", |cell| cell.trim())
    }

    fn field<'c>(&self, field: Field, cells: &'c [String]) -> Option<(&ColumnPlan, &'c str)> {
        let column = self.plan.columns.iter().find(|column| column.target == Target::Field(field))?;
        let cell = self.cell(column, cells);
        (!cell.is_empty()).then_some((column, cell))
    }

    fn text(&self, field: Field, cells: &[String]) -> Option<String> {
        self.field(field, cells).map(|(_, cell)| cell.chars().take(500).collect())
    }

    fn id(&self, field: Field, cells: &[String]) -> Result<Option<String>, Fault> {
        match self.field(field, cells) {
            Some((column, cell)) if cell.len() > 200 || cell.contains(char::is_control) => {
                Err(Fault::at("id_unusable", column))
            }
            found => Ok(found.map(|(_, cell)| plain_id(cell).to_owned())),
        }
    }

    fn decimal(&self, field: Field, cells: &[String]) -> Result<Option<Decimal>, Fault> {
        match self.field(field, cells) {
            None => Ok(None),
            Some((column, cell)) => match Decimal::read(cell, column.notation) {
                Some(number) => Ok(Some(number)),
                None => Err(Fault::at("number_unreadable", column)),
            },
        }
    }

    fn money(&self, field: Field, cells: &[String], currency: Currency) -> Result<Option<i64>, Fault> {
        match self.decimal(field, cells)? {
            None => Ok(None),
            Some(number) => match number.minor(currency).filter(|minor| minor.abs() < 1 << 53) {
                Some(minor) => Ok(Some(minor)),
                None => Err(Fault { code: "number_too_large", column: Some(field.as_str().to_owned()) }),
            },
        }
    }

    fn time(&self, column: &ColumnPlan, cell: &str) -> Result<Timestamp, Fault> {
        let read = when(cell, column.dates).and_then(|when| when.instant(&self.plan.zone));
        let at = read.ok_or_else(|| Fault::at("date_unreadable", column))?;
        if at < EARLIEST {
            return Err(Fault::at("date_too_early", column));
        }
        if at > self.told_at.plus_ms(DAY_MS) {
            return Err(Fault::at("date_in_the_future", column));
        }
        Ok(at.min(self.told_at))
    }

    fn time_field(&self, field: Field, cells: &[String], missing: &'static str) -> Result<Timestamp, Fault> {
        match self.field(field, cells) {
            Some((column, cell)) => self.time(column, cell),
            None => Err(Fault { code: missing, column: None }),
        }
    }

    fn currency(&self, cells: &[String]) -> Result<Currency, Fault> {
        match self.field(Field::Currency, cells) {
            None => Ok(self.plan.currency),
            Some((column, cell)) => cell.parse().map_err(|_| Fault::at("currency_unknown", column)),
        }
    }

    fn value(&self, column: &ColumnPlan, cell: &str) -> Result<Value, Fault> {
        let value = match column.kind {
            ValueKind::Text => Value::String(domain::normalise::text::nfc(cell)),
            ValueKind::Number => {
                let number = Decimal::read(cell, column.notation).and_then(Decimal::json);
                number.ok_or_else(|| Fault::at("number_unreadable", column))?
            }
            ValueKind::Boolean => {
                Value::Bool(yes(cell).ok_or_else(|| Fault::at("boolean_unreadable", column))?)
            }
            ValueKind::Date => {
                let date = when(cell, column.dates).and_then(|when| when.date(&self.plan.zone));
                Value::String(date.ok_or_else(|| Fault::at("date_unreadable", column))?.to_string())
            }
            ValueKind::Time => match when(cell, column.dates) {
                Some(When::Date(date)) => Value::String(date.to_string()),
                read => {
                    let at = read.and_then(|when| when.instant(&self.plan.zone));
                    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at.ms()).ok());
                    Value::String(at.ok_or_else(|| Fault::at("date_unreadable", column))?.to_string())
                }
            },
            ValueKind::List => Value::Array(items(column, cell).map(Value::String).collect()),
        };
        if cell.len() + 2 > VALUE_BYTES_MAX {
            return Err(Fault::at("value_too_large", column));
        }
        Ok(value)
    }

    /// Who a row is about. `at`: the instant of what it says of them.
    pub fn person(&self, cells: &[String], at: Timestamp) -> Result<ImportedPerson, Fault> {
        let mut person = ImportedPerson { at: at.into(), ..ImportedPerson::default() };
        let mut unusable: Option<Fault> = None;
        let mut consents: Vec<(ConsentState, &ColumnPlan)> = Vec::new();
        let mut consent_at = None;
        for column in &self.plan.columns {
            let cell = self.cell(column, cells);
            if cell.is_empty() {
                continue;
            }
            match &column.target {
                Target::Identifier(kind) => {
                    let told = if matches!(kind, IdentifierKind::Email | IdentifierKind::Phone) {
                        phone_of_number(kind, cell)
                    } else {
                        plain_id(cell).to_owned()
                    };
                    match Identifier::new(kind.clone(), &told) {
                        Ok(identifier) if !person.identifiers.contains(&identifier) => {
                            person.identifiers.push(identifier);
                        }
                        Ok(_) => {}
                        Err(error) => unusable = unusable.or(Some(Fault::at(error.code(), column))),
                    }
                }
                Target::Attribute(name) => {
                    let value = self.value(column, cell)?;
                    person.attributes.insert(name.clone(), value);
                }
                Target::Tags => person.tags.extend(items(column, cell)),
                Target::Lists => person.lists.extend(items(column, cell)),
                Target::Consent(..) => {
                    let state = match yes(cell) {
                        Some(true) => ConsentState::Granted,
                        Some(false) => ConsentState::Denied,
                        None => return Err(Fault::at("boolean_unreadable", column)),
                    };
                    consents.push((state, column));
                }
                Target::ConsentAt => consent_at = Some(self.time(column, cell)?),
                Target::UpdatedAt => person.at = self.time(column, cell)?.into(),
                Target::Property(_) | Target::Field(_) | Target::Ignore => {}
            }
        }
        if person.identifiers.is_empty()
            && let Some(fault) = unusable
        {
            return Err(fault);
        }
        // The surest first, whatever the order of the columns.
        person.identifiers.sort_by(|a, b| a.kind.cmp(&b.kind));
        person.tags.extend(self.plan.map.tags.iter().cloned());
        person.lists.extend(self.plan.map.lists.iter().cloned());
        let told = self.plan.map.consent_source.as_deref().unwrap_or("").trim();
        let source = format!("{} {told}", engine::imports::source_of(self.job));
        for (state, column) in consents {
            let Target::Consent(channel, purpose) = column.target else { continue };
            let record = ConsentRecord {
                channel,
                purpose,
                state,
                at: consent_at.unwrap_or(self.told_at).into(),
                source: source.trim().chars().take(200).collect(),
                wording: None,
                ip: None,
                user_agent: None,
                aspect: domain::consent::Aspect::Whole,
                proof: domain::consent::Proof::default(),
            };
            person.consents.push(ImportedConsent { record, dated: consent_at.is_some() });
        }
        Ok(person)
    }

    pub fn profile(&self, cells: &[String]) -> Result<ImportedRow, Fault> {
        let person = self.person(cells, self.told_at)?;
        if person.identifiers.is_empty() {
            return Err(Fault::of("identifier_missing"));
        }
        Ok(ImportedRow::Person(person))
    }

    pub fn product(&self, cells: &[String]) -> Result<ImportedRow, Fault> {
        let product_id = self.id(Field::ProductId, cells)?.ok_or(Fault::of("product_id_missing"))?;
        let currency = self.currency(cells)?;
        let price = self.money(Field::Price, cells, currency)?;
        if price.is_some_and(|price| price < 0) {
            return Err(Fault { code: "price_negative", column: Some("price".into()) });
        }
        let mut product = self.product_told(product_id, cells);
        product.currency = price.map(|_| currency.code().to_owned());
        product.price = price;
        product.compare_at_price =
            self.money(Field::CompareAtPrice, cells, currency)?.filter(|price| *price > 0);
        product.cost = self.money(Field::Cost, cells, currency)?.filter(|cost| *cost >= 0);
        product.stock = match self.field(Field::Stock, cells) {
            Some((column, cell)) => {
                let read = Decimal::read(cell, column.notation).and_then(Decimal::whole);
                Some(read.ok_or_else(|| Fault::at("number_unreadable", column))?)
            }
            None => None,
        };
        product.in_stock = self.told_truth(Field::InStock, cells)?;
        product.hidden = self.told_truth(Field::Hidden, cells)?;
        product.created_at = match self.field(Field::CreatedAt, cells) {
            Some((column, cell)) => Some(self.time(column, cell)?.into()),
            None => None,
        };
        if let Some((_, cell)) = self.field(Field::Categories, cells) {
            let told = cell.split(['|', ';', ',']).map(str::trim).filter(|told| !told.is_empty());
            product.categories =
                told.take(CATEGORIES_MAX).map(|told| told.chars().take(500).collect()).collect();
            product.category = product.category.or_else(|| product.categories.first().cloned());
        }
        product.updated_at = self.told_at.into();
        product.from_catalogue = true;
        Ok(ImportedRow::Product(Box::new(product)))
    }

    fn told_truth(&self, field: Field, cells: &[String]) -> Result<Option<bool>, Fault> {
        let Some((column, cell)) = self.field(field, cells) else { return Ok(None) };
        let told = match search_key(cell).as_str() {
            "in stock" | "in_stock" | "instock" | "con hang" | "dang ban" => Some(true),
            "out of stock" | "out_of_stock" | "outofstock" | "het hang" | "ngung ban" => Some(false),
            _ => yes(cell),
        };
        told.map(Some).ok_or_else(|| Fault::at("boolean_unreadable", column))
    }

    fn product_told(&self, product_id: String, cells: &[String]) -> Product {
        Product {
            product_id,
            name: self.text(Field::ProductName, cells),
            sku: self.text(Field::Sku, cells),
            category: self.text(Field::Category, cells),
            brand: self.text(Field::Brand, cells),
            url: self.text(Field::Url, cells),
            image_url: self.text(Field::ImageUrl, cells),
            ..Product::default()
        }
    }

    pub fn event(&self, cells: &[String]) -> Result<ImportedRow, Fault> {
        let at = self.time_field(Field::At, cells, "at_missing")?;
        let name = self.text(Field::EventName, cells).or_else(|| self.plan.map.event.clone());
        let name = name.ok_or(Fault::of("event_missing"))?;
        if name.len() > domain::event::NAME_BYTES_MAX {
            return Err(Fault::of("event_name_too_long"));
        }
        let person = self.person(cells, at)?;
        if person.identifiers.is_empty() {
            return Err(Fault::of("identifier_missing"));
        }
        let mut properties = Object::new();
        for column in &self.plan.columns {
            let cell = self.cell(column, cells);
            if let (Target::Property(name), false) = (&column.target, cell.is_empty()) {
                properties.insert(name.clone(), self.value(column, cell)?);
            }
        }
        let source = self.plan.source.as_str();
        let message_id = match self.id(Field::MessageId, cells)? {
            Some(id) => engine::derived_id(&["import-event-id", source, &id]),
            None => {
                // The same row is the same event, in whatever file it stands.
                let who: Vec<String> = person.identifiers.iter().map(Identifier::key).collect();
                let what = Value::Object(properties.clone()).to_string();
                engine::derived_id(&[
                    "import-event",
                    source,
                    &name,
                    &at.ms().to_string(),
                    &who.join("\n"),
                    &what,
                ])
            }
        };
        let message_id = format!("import:event:{message_id}");
        Ok(ImportedRow::Event {
            person,
            event: ImportedEvent { message_id, name, at: at.into(), properties },
        })
    }

    /// To which order a line belongs, once everything in it can be read.
    pub fn line(&self, cells: &[String]) -> Result<LineVerdict, Fault> {
        let order_id = self.id(Field::OrderId, cells)?.ok_or(Fault::of("order_id_missing"))?;
        let rules = &self.plan.map.orders;
        let begins =
            |prefixes: &[String]| prefixes.iter().any(|prefix| order_id.starts_with(prefix.as_str()));
        if begins(&rules.ignored_prefixes) {
            return Ok(LineVerdict::LeftOut("order_ignored"));
        }
        let cancelled = begins(&rules.cancelled_prefixes);
        if cancelled && rules.cancellations == Cancellations::LeftOut {
            return Ok(LineVerdict::LeftOut("cancellation"));
        }
        let product = self.id(Field::ProductId, cells)?;
        let charge = product.as_deref().is_some_and(|code| self.is_no_product(code));
        if charge && rules.not_products_are == NotProducts::LeftOut {
            return Ok(LineVerdict::LeftOut("no_product"));
        }
        let quantity = self.quantity(cells)?;
        if quantity < 0 && !cancelled {
            match rules.negative_quantities {
                NegativeLines::Keep => {}
                NegativeLines::LeftOut => return Ok(LineVerdict::LeftOut("negative_quantity")),
                NegativeLines::Reject => return Err(Fault::of("quantity_negative")),
            }
        }
        let at = self.time_field(Field::OrderedAt, cells, "ordered_at_missing")?;
        let currency = self.currency(cells)?;
        for field in [
            Field::Price,
            Field::LineTotal,
            Field::LineDiscount,
            Field::Total,
            Field::Revenue,
            Field::Discount,
            Field::Shipping,
            Field::Tax,
        ] {
            self.money(field, cells, currency)?;
        }
        let person = self.person(cells, at)?;
        if person.identifiers.is_empty() && rules.guests == Guests::LeftOut {
            return Ok(LineVerdict::LeftOut("guest"));
        }
        Ok(LineVerdict::Of(order_id))
    }

    /// The order that a line names, whatever else is wrong with it.
    pub fn order_id(&self, cells: &[String]) -> Option<String> {
        self.id(Field::OrderId, cells).ok().flatten()
    }

    fn quantity(&self, cells: &[String]) -> Result<i64, Fault> {
        match self.decimal(Field::Quantity, cells)? {
            None => Ok(1),
            Some(number) => match number.whole().filter(|whole| whole.abs() <= 1_000_000_000) {
                Some(whole) => Ok(whole),
                None => Err(Fault { code: "quantity_not_whole", column: Some("quantity".into()) }),
            },
        }
    }

    fn is_no_product(&self, code: &str) -> bool {
        self.plan.map.orders.not_products.iter().any(|rule| match rule.strip_suffix('*') {
            Some(start) => {
                code.len() >= start.len()
                    && code.is_char_boundary(start.len())
                    && code[..start.len()].eq_ignore_ascii_case(start)
            }
            None => code.eq_ignore_ascii_case(rule),
        })
    }

    /// One order of all its lines, each of which [`Reading::line`] found good. `None`: nothing of it is left.
    /// `tells` says whether a product is worth telling of.
    pub fn order(
        &self,
        order_id: &str,
        lines: &[Vec<String>],
        mut tells: impl FnMut(&Product) -> bool,
    ) -> Result<ImportedRow, Fault> {
        let rules = &self.plan.map.orders;
        let cancelled = rules.cancelled_prefixes.iter().any(|prefix| order_id.starts_with(prefix.as_str()));
        // What stands on any line counts for the order, the first one that says something.
        let whole: Vec<String> = (0..self.plan.width)
            .map(|place| {
                let mut told =
                    lines.iter().filter_map(|cells| cells.get(place)).filter(|c| !c.trim().is_empty());
                told.next().cloned().unwrap_or_default()
            })
            .collect();
        let mut at = Timestamp::MAX;
        for cells in lines {
            at = at.min(self.time_field(Field::OrderedAt, cells, "ordered_at_missing")?);
        }
        let currency = self.currency(&whole)?;
        let mut seen = BTreeSet::new();
        let mut contents = Contents::default();
        let mut products: Vec<Product> = Vec::new();
        let (mut revenue, mut charges, mut priced, mut charged) = (0i64, 0i64, false, false);
        for cells in lines {
            if rules.same_lines == SameLines::Once && !seen.insert(cells) {
                continue;
            }
            let Some(product_id) = self.id(Field::ProductId, cells)? else { continue };
            let quantity = self.quantity(cells)?;
            let price = self.decimal(Field::Price, cells)?;
            let told = self.money(Field::LineTotal, cells, currency)?;
            let less = self.money(Field::LineDiscount, cells, currency)?.unwrap_or(0);
            // The price of one may be finer than the smallest coin; the line's sum is rounded once.
            let exact = price.and_then(|price| price.times(quantity).minor(currency));
            let total = told.or_else(|| exact.map(|exact| exact.saturating_sub(less)));
            priced |= total.is_some();
            if self.is_no_product(&product_id) {
                charges = charges.saturating_add(total.unwrap_or(0));
                charged = true;
                continue;
            }
            let total = total.unwrap_or(0);
            revenue = revenue.saturating_add(total);
            let unit = match price {
                Some(price) => price.minor(currency).unwrap_or(0),
                None if quantity != 0 => total / quantity,
                None => 0,
            };
            let mut product = self.product_told(product_id.clone(), cells);
            product.price = (unit > 0).then_some(unit);
            product.currency = product.price.map(|_| currency.code().to_owned());
            product.updated_at = at.into();
            if contents.lines.len() < LINES_MAX {
                contents.lines.push(CartLine {
                    product_id,
                    variant: self.text(Field::Variant, cells),
                    name: product.name.clone(),
                    sku: product.sku.clone(),
                    category: product.category.clone(),
                    brand: product.brand.clone(),
                    price: unit,
                    quantity,
                    discount: unit.saturating_mul(quantity).saturating_sub(total),
                    coupon: None,
                    url: None,
                    image_url: None,
                });
            }
            if quantity > 0
                && !products.iter().any(|held| held.product_id == product.product_id)
                && tells(&product)
            {
                products.push(product);
            }
        }
        contents.discount = self.money(Field::Discount, &whole, currency)?;
        contents.shipping = self.money(Field::Shipping, &whole, currency)?;
        contents.tax = self.money(Field::Tax, &whole, currency)?;
        contents.coupon = self.text(Field::Coupon, &whole);
        contents.revenue = match self.money(Field::Revenue, &whole, currency)? {
            Some(told) => Some(told),
            None if priced => Some(revenue.saturating_sub(contents.discount.unwrap_or(0).abs())),
            None => None,
        };
        contents.total = match self.money(Field::Total, &whole, currency)? {
            Some(told) => Some(told),
            None if charged => contents.revenue.map(|revenue| revenue.saturating_add(charges)),
            None => None,
        };
        let mut person = self.person(&whole, at)?;
        if person.identifiers.is_empty() {
            // Nobody known: one profile an order, which no other order can ever be joined to.
            let guest = format!("guest:{}:{order_id}", self.plan.source);
            let guest = Identifier::new(IdentifierKind::Anonymous, &guest);
            person.identifiers.push(guest.map_err(|error| Fault::of(error.code()))?);
        }
        let status = match cancelled {
            true => Some("cancelled".to_owned()),
            false => self.text(Field::Status, &whole).map(|told| order_status(&told)),
        };
        let order = ImportedOrder {
            source: self.plan.source.clone(),
            order_id: order_id.to_owned(),
            at: at.into(),
            currency: Some(currency.code().to_owned()),
            status,
            contents,
            products,
        };
        Ok(ImportedRow::Order { person, order: Box::new(order) })
    }
}

/// The items of a list; where the default separator stands, commas separate too.
fn items<'c>(column: &'c ColumnPlan, cell: &'c str) -> impl Iterator<Item = String> + 'c {
    let by_default = column.separator == ";";
    let parts: Vec<&str> = match by_default {
        true => cell.split([';', ',']).collect(),
        false => cell.split(column.separator.as_str()).collect(),
    };
    parts.into_iter().map(|item| domain::normalise::text::nfc(item.trim())).filter(|item| !item.is_empty())
}

/// Programs write the number 17850 as `17850.0`.
fn plain_id(cell: &str) -> &str {
    match cell.strip_suffix(".0") {
        Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => number,
        _ => cell,
    }
}

/// A spreadsheet takes 0901234567 for a number and drops the zero: nine digits that begin like a Vietnamese mobile.
fn phone_of_number(kind: &IdentifierKind, cell: &str) -> String {
    let plain = plain_id(cell).trim_start_matches('\'');
    let bare = plain.len() == 9 && plain.bytes().all(|b| b.is_ascii_digit());
    if *kind == IdentifierKind::Phone && bare && plain.starts_with(['3', '5', '7', '8', '9']) {
        return format!("0{plain}");
    }
    plain.to_owned()
}
