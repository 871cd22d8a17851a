//! Products that people may have waited for: who looked at what is written down as it happens, and when the shop's
//! catalogue says that a product can be bought again or costs less, everybody who lately looked at it, put it into a
//! cart or bought it is told by an event, once an occasion. A few people at a time, each slice a note in the inbox.

use crate::EngineError;
use crate::note::Note;
use crate::world::World;
use domain::commerce::{CommerceEvent, Product, Turned};
use domain::profile::Ms;
use domain::recommend::Occasions;
use kit::{DAY_MS, Money, ProfileNo, Timestamp, WorkspaceId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::Changeset;
use store::shelf::SeenRow;

/// People who are told in one changeset.
const SLICE_PEOPLE: i64 = 200;
/// Profiles whose old looks go in one changeset.
const SLICE_TRIMMED: i64 = 2_000;
/// How long it is kept who looked at what, unless the shop keeps such events for less.
const SEEN_DAYS: i64 = 400;
/// Longer ids are no product's.
const ID_BYTES_MAX: usize = 200;

/// The events by which people are told.
pub const BACK_IN_STOCK: &str = "Back In Stock";
pub const PRICE_DROPPED: &str = "Price Dropped";

/// What people of this batch looked at.
#[derive(Default)]
pub struct Seen(BTreeMap<(WorkspaceId, ProfileNo, String), SeenRow>);

impl Seen {
    /// Notes what an event says of somebody and products.
    pub fn note(
        &mut self,
        (workspace, no): (WorkspaceId, ProfileNo),
        name: &str,
        told: &CommerceEvent,
        at: Timestamp,
    ) {
        let carted = match name {
            "Product Viewed" | "Product Clicked" => false,
            "Product Added" => true,
            _ => return,
        };
        for product in told.products.iter().filter(|product| product.product_id.len() <= ID_BYTES_MAX) {
            let key = (workspace, no, product.product_id.clone());
            let seen = self.0.entry(key).or_insert_with(|| SeenRow {
                product_id: product.product_id.clone(),
                viewed_at: None,
                carted_at: None,
                views: 0,
            });
            if carted {
                seen.carted_at = seen.carted_at.max(Some(at));
            } else {
                seen.viewed_at = seen.viewed_at.max(Some(at));
                seen.views += 1;
            }
        }
    }
}

/// What turned, as it travels in a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(tag = "turned", rename_all = "snake_case")]
pub enum Occasion {
    BackInStock,
    PriceDropped { from: i64 },
}

/// What housekeeping puts into the inbox of a workspace once a day.
pub fn daily_note(now: Timestamp) -> Option<Note> {
    (now.ms().rem_euclid(DAY_MS) < kit::HOUR_MS).then(|| Note::TrimSeen { after: 0, at: now.into() })
}

impl World<'_> {
    /// Writes down what people looked at, under the numbers that they have in the end.
    pub(crate) fn finish_seen(&mut self, changes: &mut Changeset) {
        for ((workspace, no, _), seen) in std::mem::take(&mut self.seen_products.0) {
            let no = self.final_no((workspace, no));
            if !self.erasures.gone.contains(&(workspace, no)) {
                changes.note_seen(workspace, no, seen);
            }
        }
    }

    /// Puts what turned into the inbox, where the shop wants people to be told.
    pub(crate) fn tell_turned(
        &mut self,
        workspace: WorkspaceId,
        product_id: &str,
        turned: &[Turned],
        occasions: &Occasions,
    ) {
        for one in turned {
            let what = match one {
                Turned::BackInStock if occasions.back_in_stock => Occasion::BackInStock,
                Turned::PriceDropped { from } if occasions.price_dropped => {
                    Occasion::PriceDropped { from: *from }
                }
                _ => continue,
            };
            let at = Ms(self.at);
            let note = Note::ProductTurned { product_id: product_id.to_owned(), what, after: 0, at };
            self.append(note.arrival(workspace, self.at));
        }
    }

    /// Tells the next people that a product can be bought again or costs less. `at` is the occasion's own instant.
    pub(crate) fn tell_interested(
        &mut self,
        workspace: WorkspaceId,
        product_id: &str,
        what: Occasion,
        after: i64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let store = self.store;
        let found = store.read(|tx| tx.products_named(&[(workspace, product_id)]))?;
        let Some(product) = found.into_iter().flatten().next() else { return Ok(()) };
        // It may have turned back meanwhile: who was not told yet is spared the disappointment.
        let holds = match what {
            Occasion::BackInStock => product.is_available() == Some(true),
            Occasion::PriceDropped { from } => product.price.is_some_and(|price| price < from),
        };
        if !holds || product.is_hidden() {
            return Ok(());
        }
        let shop = self.shop(workspace)?;
        let since = at.plus_ms(-i64::from(shop.occasions.window_days) * DAY_MS);
        let currency = shop.currency;
        let people = store
            .read(|tx| tx.interested_in(workspace, product_id, ProfileNo(after), since, SLICE_PEOPLE))?;
        let name = match what {
            Occasion::BackInStock => BACK_IN_STOCK,
            Occasion::PriceDropped { .. } => PRICE_DROPPED,
        };
        let properties = properties_of(&product, what, currency);
        let told_at = self.at;
        for no in &people {
            let Some(key) = self.current((workspace, *no))? else { continue };
            let Some(person) = self.people.get(&key) else { continue };
            if person.profile.restricted_at.is_some() {
                continue;
            }
            let message_id =
                crate::derived_id(&[name, product_id, &at.ms().to_string(), &person.profile.id.to_string()]);
            self.happen(key, name, &message_id.to_string(), properties.clone(), told_at)?;
        }
        if let Some(last) = people.last().filter(|_| people.len() as i64 == SLICE_PEOPLE) {
            let product_id = product_id.to_owned();
            let note = Note::ProductTurned { product_id, what, after: last.0, at: at.into() };
            self.append(note.arrival(workspace, self.at));
        }
        Ok(())
    }

    /// Forgets what people looked at long ago, of those behind a number.
    pub(crate) fn trim_seen(
        &mut self,
        workspace: WorkspaceId,
        after: i64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let settings = &self.shop(workspace)?.workspace.settings;
        let own = crate::retention_cutoff(settings, "Product Viewed", at);
        let before = at.plus_ms(-SEEN_DAYS * DAY_MS).max(own.unwrap_or(Timestamp::MIN));
        let store = self.store;
        let last = store.read(|tx| tx.last_profile_no(workspace))?.0;
        let to = after.saturating_add(SLICE_TRIMMED);
        self.erasures.last.trim_seen(workspace, (ProfileNo(after), ProfileNo(to)), before);
        if to < last {
            self.append(Note::TrimSeen { after: to, at: at.into() }.arrival(workspace, self.at));
        }
        Ok(())
    }
}

/// The product as pages tell it, in the currency's major unit.
fn properties_of(product: &Product, what: Occasion, shop_currency: kit::Currency) -> Value {
    let currency = product.currency.as_deref().and_then(|code| code.parse().ok()).unwrap_or(shop_currency);
    let money = |minor: i64| {
        if currency.exponent() == 0 { json!(minor) } else { json!(Money { minor, currency }.to_f64()) }
    };
    let mut told = Map::new();
    told.insert("product_id".into(), json!(product.product_id));
    let texts = [
        ("name", &product.name),
        ("sku", &product.sku),
        ("category", &product.category),
        ("brand", &product.brand),
        ("url", &product.url),
        ("image_url", &product.image_url),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            told.insert(name.into(), json!(text));
        }
    }
    told.insert("currency".into(), json!(currency.code()));
    let amounts = [("price", product.price), ("compare_at_price", product.compare_at_price)];
    for (name, amount) in amounts {
        if let Some(amount) = amount {
            told.insert(name.into(), money(amount));
        }
    }
    if let (Occasion::PriceDropped { from }, Some(price)) = (what, product.price) {
        told.insert("price_before".into(), money(from));
        told.insert("drop_percent".into(), json!((from - price) * 100 / from.max(1)));
    }
    if let Some(stock) = product.stock {
        told.insert("stock".into(), json!(stock));
    }
    Value::Object(told)
}
