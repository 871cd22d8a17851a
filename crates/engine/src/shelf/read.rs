//! How a shelf is read from the store, and how it follows what happens.

use super::{Legacy, Shelf, bit, book};
use domain::commerce::Product;
use domain::consent::Consents;
use domain::profile::{Ms, may_be_profiled};
use domain::recommend::Book;
use domain::settings::Settings;
use kit::{DAY_MS, MINUTE_MS, ProfileNo, Timestamp, WorkspaceId};
use models::recommend::{Interaction, Kind, Options};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use std::collections::BTreeSet;
use store::shelf::{BoughtRow, SeenRow};
use store::{Store, StoreError};

/// Profiles that are read at once.
const SLICE: i64 = 4_096;
/// Products that are read at once.
const PRODUCTS_SLICE: i64 = 5_000;
/// Entries of the feed that are read at once.
const FEED_SLICE: i64 = 500;
/// People whose past is compared at once.
const PEOPLE_SLICE: usize = 300;
/// Pairs of customer and product that are held: some 250 MB. Beyond it looks of further people are left out.
const PAIRS_MAX: usize = 6_000_000;
/// Products of one customer, the latest; more would be a robot's or a reseller's.
const PRODUCTS_OF_ONE: usize = 300;
/// Looks of one product that count; more tell nothing.
const LOOKS_MAX: i64 = 20;
/// Purchases of one product that count.
const PURCHASES_MAX: usize = 1_000;
/// What was only looked at longer ago is left out.
const LOOKS_DAYS: i64 = 180;
/// More changes than this and it is quicker to read everything anew.
const CHANGED_MAX: usize = 200_000;

/// EASE over more products than this would hold more memory than a small server has: 110 MB while it is learned.
const EASE_PRODUCTS: usize = 3_000;

pub(crate) fn options() -> Options {
    let items_per_customer = PRODUCTS_OF_ONE + 50;
    Options { items_per_customer, ease_items: EASE_PRODUCTS, ..Options::default() }
}

/// What is read of a stored profile; the rest of the document is passed over.
#[derive(Deserialize)]
struct Light {
    #[serde(default)]
    consents: Consents,
    #[serde(default)]
    restricted_at: Option<Ms>,
}

/// What happened to one person: nothing of somebody who is gone.
pub(super) enum Person {
    Gone,
    Away,
    Here { seen: Vec<SeenRow>, bought: Vec<BoughtRow> },
}

/// What changed since a shelf was last brought up to date.
pub(super) struct News {
    book: Option<(i64, Book)>,
    products: Vec<Product>,
    /// The ids that there are, where some may be gone.
    ids: Option<FxHashSet<String>>,
    settings: Option<Settings>,
    people: Vec<(ProfileNo, Person)>,
    feed: i64,
    event: i64,
    change: i64,
}

/// How far a shelf is read.
pub(super) struct Mark {
    workspace: WorkspaceId,
    book_version: i64,
    products: usize,
    feed: i64,
    event: i64,
    change: i64,
}

impl Shelf {
    /// Reads everything: seconds for a million people.
    pub(crate) fn read(
        store: &Store,
        workspace: WorkspaceId,
        now: Timestamp,
        legacy: Option<Legacy>,
    ) -> Result<Shelf, StoreError> {
        let (mut shelf, done) = Shelf::gather(store, workspace, now, legacy)?;
        for one in done {
            shelf.recommender.record(one, now.ms());
        }
        shelf.recommender.settle(now.ms());
        Ok(shelf)
    }

    /// The catalogue and the rules, and what people did in its order, nothing of which is recorded yet. Whoever may not
    /// be profiled is no part of it.
    pub(crate) fn gather(
        store: &Store,
        workspace: WorkspaceId,
        now: Timestamp,
        legacy: Option<Legacy>,
    ) -> Result<(Shelf, Vec<Interaction>), StoreError> {
        let mut shelf = Shelf::empty(workspace, now);
        if let Some(legacy) = legacy {
            shelf.products.resize_with(legacy.places.len(), || None);
            shelf.places = legacy.places;
            shelf.numbered_at = legacy.numbered_at;
            shelf.recommender.set_taste(legacy.choice, legacy.taste);
        }
        // What is written while it is read stands behind these numbers, and is read again by what follows.
        let (feed, event, last, (version, book)) = store.read(|tx| {
            let feed = tx.feed_ends()?.1;
            Ok((feed, tx.last_numbers()?.event, tx.last_profile_no(workspace)?.0, book(tx, workspace)?))
        })?;
        (shelf.feed, shelf.event) = (feed, event);
        shelf.set_book(version, book);
        shelf.set_settings(settings_of(store, workspace)?);
        shelf.change = store.read(|tx| tx.last_product_change(workspace))?;
        let mut after = String::new();
        loop {
            let page = store.read(|tx| tx.product_page(workspace, &after, PRODUCTS_SLICE))?;
            let more = page.len() as i64 >= PRODUCTS_SLICE;
            if let Some(product) = page.last() {
                after.clone_from(&product.product_id);
            }
            page.into_iter().for_each(|product| shelf.put(product));
            if !more {
                break;
            }
        }
        let mut done: Vec<Interaction> = Vec::new();
        let mut from = 0;
        while from < last {
            let range = (ProfileNo(from), ProfileNo((from + SLICE).min(last)));
            let mut here: FxHashMap<ProfileNo, (Vec<SeenRow>, Vec<BoughtRow>)> = FxHashMap::default();
            let away = &mut shelf.away;
            store.read(|tx| {
                tx.scan_profile_docs(workspace, range, &mut |no, doc| {
                    let light: Light = serde_json::from_str(doc)
                        .map_err(|error| StoreError::Bug(format!("a profile cannot be read: {error}")))?;
                    if may_be_profiled(&light.consents, light.restricted_at) {
                        here.insert(no, Default::default());
                    } else {
                        away.insert(bit(no));
                    }
                    Ok(())
                })?;
                // Orders of somebody who was erased stay for the books; they are nobody's here.
                tx.scan_seen(workspace, range, &mut |no, row| {
                    if let Some((seen, _)) = here.get_mut(&no) {
                        seen.push(row);
                    }
                })?;
                tx.scan_bought(workspace, range, &mut |no, row| {
                    if let Some((_, bought)) = here.get_mut(&no) {
                        bought.push(row);
                    }
                })
            })?;
            let mut numbers: Vec<ProfileNo> = here.keys().copied().collect();
            numbers.sort_unstable();
            for no in numbers {
                let Some((seen, bought)) = here.remove(&no) else { continue };
                shelf.wanting(no, seen, bought, now, &mut done);
            }
            from += SLICE;
        }
        if done.len() > PAIRS_MAX {
            // Purchases tell the most, then what is newest.
            done.sort_unstable_by_key(|one| (one.kind != Kind::Purchase, std::cmp::Reverse(one.at)));
            done.truncate(PAIRS_MAX);
        }
        done.sort_by_key(|one| (one.at, one.customer, one.item));
        Ok((shelf, done))
    }

    /// What is to be recorded of somebody beyond what is held.
    fn wanting(
        &mut self,
        no: ProfileNo,
        seen: Vec<SeenRow>,
        bought: Vec<BoughtRow>,
        now: Timestamp,
        into: &mut Vec<Interaction>,
    ) {
        #[derive(Default)]
        struct Told {
            purchases: Vec<Timestamp>,
            seen: Option<SeenRow>,
        }
        let mut by_product: FxHashMap<String, Told> = FxHashMap::default();
        for row in bought {
            by_product.entry(row.product_id).or_default().purchases.push(row.at);
        }
        let since = now.plus_ms(-LOOKS_DAYS * DAY_MS);
        for row in seen {
            if row.viewed_at.max(row.carted_at).is_some_and(|at| at >= since) {
                let told = by_product.entry(row.product_id.clone()).or_default();
                told.seen = Some(row);
            }
        }
        let mut told: Vec<(Timestamp, String, Told)> = by_product
            .into_iter()
            .filter_map(|(id, told)| {
                let looked = told.seen.as_ref().and_then(|seen| seen.viewed_at.max(seen.carted_at));
                Some((told.purchases.last().copied().max(looked)?, id, told))
            })
            .collect();
        told.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        told.truncate(PRODUCTS_OF_ONE);
        let customer = bit(no);
        for (_, product_id, told) in told {
            let item = self.place_of(&product_id);
            let held = self.recommender.history(customer).iter().find(|past| past.item == item);
            let (purchases, carts, views, last) = held.map_or((0, 0, 0, i64::MIN), |past| {
                (past.purchases, past.carts, past.views, past.last().unwrap_or(i64::MIN))
            });
            let one = |kind: Kind, at: Timestamp, weight: f32| {
                let at = Some(at.min(now).ms());
                Interaction { customer, item, at, weight, kind }
            };
            // Instants are held to the minute.
            let is_later = |at: Timestamp| at.ms() / MINUTE_MS > last.div_euclid(MINUTE_MS);
            if let Some(seen) = told.seen {
                if let Some(at) = seen.viewed_at {
                    let more = seen.views.min(LOOKS_MAX) - i64::from(views);
                    let more = if more <= 0 && is_later(at) { 1 } else { more };
                    into.extend((0..more).map(|_| one(Kind::View, at, 1.0)));
                }
                if let Some(at) = seen.carted_at.filter(|at| carts == 0 || is_later(*at)) {
                    into.push(one(Kind::Cart, at, 1.0));
                }
            }
            let kept = told.purchases.len().min(PURCHASES_MAX);
            let newest = &told.purchases[told.purchases.len() - kept..];
            let held = usize::from(purchases);
            into.extend(newest.iter().skip(held).map(|at| one(Kind::Purchase, *at, 1.0)));
            into.extend((kept..held).map(|_| one(Kind::Purchase, now, -1.0)));
        }
    }

    fn set_settings(&mut self, settings: Option<Settings>) {
        if let Some(settings) = settings {
            self.currency = settings.currency();
            self.language = settings.language;
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            workspace: self.workspace,
            book_version: self.book_version,
            products: self.products(),
            feed: self.feed,
            event: self.event,
            change: self.change,
        }
    }

    /// Takes in what changed. What somebody bought and gave back whole, of which no line is left, is found by its
    /// absence.
    pub(super) fn take(&mut self, news: News, now: Timestamp) {
        if let Some((version, book)) = news.book {
            self.set_book(version, book);
        }
        news.products.into_iter().for_each(|product| self.put(product));
        self.set_settings(news.settings);
        if let Some(ids) = news.ids {
            let gone = self.places.iter().filter(|(id, _)| !ids.contains(*id)).map(|(_, place)| *place);
            for place in gone.collect::<Vec<_>>() {
                self.take_out(place);
            }
        }
        let mut done = Vec::new();
        for (no, person) in news.people {
            match person {
                Person::Gone => {
                    self.away.remove(bit(no));
                    self.recommender.remove_customer(bit(no));
                }
                Person::Away => {
                    self.away.insert(bit(no));
                    self.recommender.remove_customer(bit(no));
                }
                Person::Here { seen, bought } => {
                    self.away.remove(bit(no));
                    self.take_back(no, &bought, now, &mut done);
                    self.wanting(no, seen, bought, now, &mut done);
                }
            }
        }
        for one in done {
            self.recommender.record(one, now.ms());
        }
        (self.feed, self.event, self.change) = (news.feed, news.event, news.change);
    }

    /// Purchases that are held and are in no order that counts.
    fn take_back(&self, no: ProfileNo, bought: &[BoughtRow], now: Timestamp, into: &mut Vec<Interaction>) {
        let customer = bit(no);
        let held = self.recommender.history(customer).iter().filter(|past| past.purchases > 0);
        let bought: FxHashSet<u32> =
            bought.iter().filter_map(|row| self.places.get(&row.product_id).copied()).collect();
        for past in held.filter(|past| !bought.contains(&past.item)) {
            let at = Some(now.ms());
            let one = Interaction { customer, item: past.item, at, weight: -1.0, kind: Kind::Purchase };
            into.extend((0..past.purchases).map(|_| one));
        }
    }
}

impl News {
    /// What happened since; `None`: so much that it has to be read anew. `counts` asks for products that are gone.
    pub(super) fn read(store: &Store, mark: &Mark, counts: bool) -> Result<Option<News>, StoreError> {
        let workspace = mark.workspace;
        let mut news = News {
            book: None,
            products: Vec::new(),
            ids: None,
            settings: None,
            people: Vec::new(),
            feed: mark.feed,
            event: mark.event,
            change: mark.change,
        };
        let mut changed: BTreeSet<ProfileNo> = BTreeSet::new();
        loop {
            let (fits, entries) = store.read(|tx| {
                let (first, _) = tx.feed_ends()?;
                Ok((first <= news.feed + 1, tx.feed_after(workspace, news.feed, FEED_SLICE)?))
            })?;
            if !fits {
                return Ok(None);
            }
            let more = entries.len() as i64 >= FEED_SLICE;
            news.feed = entries.last().map_or(news.feed, |(feed, _)| *feed);
            changed.extend(entries.into_iter().flat_map(|(_, numbers)| numbers));
            if !more {
                break;
            }
        }
        let event = store.read(|tx| Ok(tx.last_numbers()?.event))?;
        if event > mark.event {
            store.read(|tx| {
                tx.seen_after(workspace, (mark.event, event), &mut |no, _| {
                    changed.insert(no);
                })
            })?;
            news.event = event;
        }
        if changed.len() > CHANGED_MAX {
            return Ok(None);
        }
        let changed: Vec<ProfileNo> = changed.into_iter().collect();
        for some in changed.chunks(PEOPLE_SLICE) {
            let of: Vec<_> = some.iter().map(|no| (workspace, *no)).collect();
            let (profiles, seen, bought) =
                store.read(|tx| Ok((tx.profiles(&of)?, tx.seen_of(&of)?, tx.bought_of(&of)?)))?;
            let may: FxHashMap<ProfileNo, bool> = profiles
                .into_iter()
                .map(|(_, stored)| (stored.profile.no, stored.profile.may_be_profiled()))
                .collect();
            for ((no, seen), bought) in some.iter().zip(seen).zip(bought) {
                let person = match may.get(no) {
                    None => Person::Gone,
                    Some(false) => Person::Away,
                    Some(true) => Person::Here { seen, bought },
                };
                news.people.push((*no, person));
            }
        }
        loop {
            let page = store.read(|tx| tx.products_changed(workspace, news.change, PRODUCTS_SLICE))?;
            let more = page.len() as i64 >= PRODUCTS_SLICE;
            for (product, change) in page {
                news.change = news.change.max(change);
                news.products.push(product);
            }
            if !more {
                break;
            }
        }
        let (version, held) = store.read(|tx| book(tx, workspace))?;
        if version != mark.book_version {
            news.book = Some((version, held));
        }
        if counts {
            news.settings = settings_of(store, workspace)?;
            let there = store.read(|tx| tx.product_count(workspace))?;
            if usize::try_from(there).unwrap_or(0) < mark.products {
                news.ids = Some(all_ids(store, workspace)?);
            }
        }
        Ok(Some(news))
    }
}

fn settings_of(store: &Store, workspace: WorkspaceId) -> Result<Option<Settings>, StoreError> {
    let workspaces = store.read(|tx| tx.workspaces())?.into_iter();
    Ok(workspaces.filter(|row| row.workspace == workspace).map(|row| row.settings).next())
}

fn all_ids(store: &Store, workspace: WorkspaceId) -> Result<FxHashSet<String>, StoreError> {
    let mut ids: FxHashSet<String> = FxHashSet::default();
    let mut after = String::new();
    loop {
        let page = store.read(|tx| tx.product_page(workspace, &after, PRODUCTS_SLICE))?;
        let Some(last) = page.last() else { return Ok(ids) };
        after.clone_from(&last.product_id);
        ids.extend(page.into_iter().map(|product| product.product_id));
    }
}
