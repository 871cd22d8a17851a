//! Products that people may have waited for: who looked at what is written down as it happens, and when the shop's
//! catalogue says that a product can be bought again or costs less, everybody who lately looked at it, put it into a
//! cart or bought it is told by an event, once an occasion. A few people at a time, each slice a note in the inbox.

use crate::EngineError;
use crate::note::Note;
use crate::world::World;
use domain::commerce::{CommerceEvent, Product, Turned};
use domain::occasion::{LeftOut, Told};
use domain::profile::Ms;
use domain::recommend::Occasions;
use kit::{DAY_MS, Money, ProfileNo, Timestamp, WorkspaceId};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
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

/// What an event of an import that is taken back said of somebody and products, and what stays of it by the events that
/// are left. Looks whose events are not kept any more stay as they are counted.
#[derive(Default)]
pub(crate) struct Unseen {
    gone: Seen,
    kept: Seen,
}

impl Unseen {
    pub(crate) fn note(
        &mut self,
        key: (WorkspaceId, ProfileNo),
        name: &str,
        told: &CommerceEvent,
        at: Timestamp,
        is_gone: bool,
    ) {
        if is_gone { &mut self.gone } else { &mut self.kept }.note(key, name, told, at);
    }

    /// Writes what stays of the rows that held what is gone.
    pub(crate) fn write(mut self, changes: &mut Changeset, stored: Vec<SeenRow>) {
        let mut stored: BTreeMap<String, SeenRow> =
            stored.into_iter().map(|row| (row.product_id.clone(), row)).collect();
        for ((workspace, no, product_id), gone) in self.gone.0 {
            let Some(mut row) = stored.remove(&product_id) else { continue };
            let kept = self.kept.0.remove(&(workspace, no, product_id.clone()));
            let last = |held: Option<Timestamp>, gone: Option<Timestamp>, kept: Option<Timestamp>| {
                if held.is_some() && held == gone { kept } else { held }
            };
            let (viewed, carted) = kept.map_or((None, None), |kept| (kept.viewed_at, kept.carted_at));
            row.viewed_at = last(row.viewed_at, gone.viewed_at, viewed);
            row.carted_at = last(row.carted_at, gone.carted_at, carted);
            row.views = (row.views - gone.views).max(0);
            changes.forget_seen(workspace, no, &product_id);
            if row.viewed_at.is_some() || row.carted_at.is_some() {
                changes.note_seen(workspace, no, row);
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
        let (per_day, most) = (usize::from(shop.occasions.per_day), usize::from(shop.occasions.products));
        let told_at = self.at;
        let waited = self.turned_beside(workspace, &people, what, (since, told_at))?;
        for (no, beside) in people.iter().zip(waited) {
            let Some(key) = self.current((workspace, *no))? else { continue };
            let Some(person) = self.people.get_mut(&key) else { continue };
            let log = &mut person.profile.occasions;
            // Told already, together with another product.
            if person.profile.restricted_at.is_some() || log.was_told(name, product_id, told_at) {
                continue;
            }
            person.dirty = true;
            let told = |product_id: &str, left_out: Option<LeftOut>| {
                let (event, product_id) = (name.to_owned(), product_id.to_owned());
                Told { at: told_at.into(), event, product_id, left_out }
            };
            if per_day > 0 && log.events_in_day(told_at) >= per_day {
                log.add(told(product_id, Some(LeftOut::ToldToday)));
                continue;
            }
            let of_event: Vec<&Product> = std::iter::once(&product)
                .chain(beside.iter().filter(|other| {
                    other.product_id != product.product_id && !log.was_told(name, &other.product_id, told_at)
                }))
                .collect();
            let (named, rest) = of_event.split_at(most.clamp(1, of_event.len()));
            named.iter().for_each(|one| log.add(told(&one.product_id, None)));
            rest.iter().for_each(|one| log.add(told(&one.product_id, Some(LeftOut::TooMany))));
            let mut properties = properties_of(&product, what, currency);
            let all = named.iter().map(|one| properties_of(one, turned_of(one, what), currency));
            properties["products"] = all.collect();
            properties["products_more"] = json!(rest.len());
            let message_id =
                crate::derived_id(&[name, product_id, &at.ms().to_string(), &person.profile.id.to_string()]);
            self.happen(key, name, &message_id.to_string(), properties, told_at)?;
        }
        if let Some(last) = people.last().filter(|_| people.len() as i64 == SLICE_PEOPLE) {
            let product_id = product_id.to_owned();
            let note = Note::ProductTurned { product_id, what, after: last.0, at: at.into() };
            self.append(note.arrival(workspace, self.at));
        }
        Ok(())
    }

    /// Other products that turned in the same way within a day, of each person those that they may have waited for too:
    /// a sale of the whole shop is one event. The largest drop first.
    fn turned_beside(
        &self,
        workspace: WorkspaceId,
        people: &[ProfileNo],
        what: Occasion,
        (since, now): (Timestamp, Timestamp),
    ) -> Result<Vec<Vec<Product>>, EngineError> {
        let of: Vec<_> = people.iter().map(|no| (workspace, *no)).collect();
        let (seen, bought) = self.store.read(|tx| Ok((tx.seen_of(&of)?, tx.bought_of(&of)?)))?;
        let lately = |at: Option<Timestamp>| at.is_some_and(|at| at >= since);
        let wanted: Vec<BTreeSet<String>> = seen
            .into_iter()
            .zip(bought)
            .map(|(seen, bought)| {
                let seen = seen.into_iter().filter(|row| lately(row.viewed_at.max(row.carted_at)));
                let bought = bought.into_iter().filter(|row| lately(Some(row.at)));
                seen.map(|row| row.product_id).chain(bought.map(|row| row.product_id)).collect()
            })
            .collect();
        let ids: BTreeSet<&String> = wanted.iter().flatten().collect();
        let ids: Vec<(WorkspaceId, &str)> = ids.into_iter().map(|id| (workspace, id.as_str())).collect();
        let found = self.store.read(|tx| tx.products_named(&ids))?;
        let day = now.plus_ms(-DAY_MS);
        let turned = |product: &Product| {
            let at = match what {
                Occasion::BackInStock => {
                    product.restocked_at.filter(|_| product.is_available() == Some(true))
                }
                Occasion::PriceDropped { .. } => product.dropped_at,
            };
            at.is_some_and(|at| at.0 > day) && !product.is_hidden()
        };
        let found: BTreeMap<String, Product> = found
            .into_iter()
            .flatten()
            .filter(turned)
            .map(|product| (product.product_id.clone(), product))
            .collect();
        let of_person = |ids: BTreeSet<String>| {
            let mut products: Vec<Product> = ids.iter().filter_map(|id| found.get(id).cloned()).collect();
            products.sort_by_key(|product| std::cmp::Reverse(drop_percent(product)));
            products
        };
        Ok(wanted.into_iter().map(of_person).collect())
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

fn drop_percent(product: &Product) -> i64 {
    match (product.dropped_from, product.price) {
        (Some(from), Some(price)) => (from - price) * 100 / from.max(1),
        _ => 0,
    }
}

/// What turned of a product that is told of beside another.
fn turned_of(product: &Product, what: Occasion) -> Occasion {
    match (what, product.dropped_from) {
        (Occasion::PriceDropped { .. }, Some(from)) => Occasion::PriceDropped { from },
        _ => what,
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
