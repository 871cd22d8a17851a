//! What a shop can recommend, in memory: the catalogue with its rules, and everybody's past as numbers. It is read from
//! the store when somebody first asks, then follows the feed of changed profiles, the numbers of new events and the
//! changes of products, so that any process can hold it. No name, address or text of a person is in it.

mod answer;
mod behind;
mod held;
mod read;
#[cfg(test)]
mod tests;
mod words;

pub use answer::{Answer, Pick, Question, Reason};
pub use held::Shelves;
pub(crate) use read::options;
pub use words::shown;

use domain::commerce::Product;
use domain::recommend::{Book, Rules};
use domain::settings::Settings;
use kit::{Currency, ProfileNo, Timestamp, WorkspaceId};
use models::recommend::{Choice, Item, Recommender, Scored, Taste};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{ReadTx, StoreError};

/// Rules whose screens are kept; a shop has as many as places at most.
const SCREENS_MAX: usize = 64;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks guard is never left half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shop's places and rules with their version; 0 while it has written none.
pub fn book(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<(i64, Book), StoreError> {
    let Some(row) = tx.book(workspace)? else { return Ok((0, Book::default())) };
    match serde_json::from_str(&row.doc) {
        Ok(book) => Ok((row.version, book)),
        Err(error) => {
            // What a later version wrote. Recommending by the usual rules harms nobody; not sending would.
            tracing::error!(workspace.id = workspace.0, %error, "the places of recommendations cannot be read");
            Ok((row.version, Book::default()))
        }
    }
}

/// Which products may stand in a place for anybody.
#[derive(Debug)]
struct Screen {
    rules: Rules,
    allowed: Arc<RoaringBitmap>,
}

/// By segment: what its members buy most, and when that was found.
type Favourites = FxHashMap<String, (Timestamp, Arc<Vec<Scored>>)>;

/// What is held of one workspace.
#[derive(Debug)]
pub struct Shelf {
    workspace: WorkspaceId,
    /// By place; `None` where one was taken out of the catalogue.
    products: Vec<Option<Product>>,
    places: FxHashMap<String, u32>,
    recommender: Recommender,
    /// People of whom nothing is reckoned: they want it so.
    away: RoaringBitmap,
    pub book: Arc<Book>,
    pub book_version: i64,
    /// The shop's, as it was within the last minute.
    pub language: String,
    pub currency: Currency,
    /// What can be bought again, and what costs less, by the instant.
    restocked: BTreeSet<(Timestamp, u32)>,
    dropped: BTreeSet<(Timestamp, u32)>,
    screens: Mutex<Vec<Screen>>,
    /// What members of a segment buy, and when that was reckoned.
    favourites: Mutex<Favourites>,
    /// How far it is read.
    feed: i64,
    event: i64,
    change: i64,
    built_at: Timestamp,
    /// Since when products have the numbers that they have.
    numbered_at: Timestamp,
    /// Counts the changes of the catalogue.
    catalogue: u64,
}

/// What a shelf that is read anew takes over: the numbers of the products, and by what it answers.
#[derive(Debug)]
pub(crate) struct Legacy {
    places: FxHashMap<String, u32>,
    numbered_at: Timestamp,
    choice: Choice,
    taste: Option<Arc<Taste>>,
}

/// What is learned of a product.
fn item_of(product: &Product) -> Item {
    Item {
        title: product.name.clone().unwrap_or_default(),
        category: product.category.clone(),
        brand: product.brand.clone(),
        price: product.price,
        created: product.created_at.map(|at| at.0.ms()),
    }
}

fn bit(no: ProfileNo) -> u32 {
    u32::try_from(no.0).unwrap_or(u32::MAX)
}

impl Shelf {
    fn empty(workspace: WorkspaceId, now: Timestamp) -> Shelf {
        Shelf {
            workspace,
            products: Vec::new(),
            places: FxHashMap::default(),
            recommender: Recommender::new(read::options(), now.ms()),
            away: RoaringBitmap::new(),
            book: Arc::default(),
            book_version: 0,
            language: Settings::default().language,
            currency: Settings::default().currency(),
            restocked: BTreeSet::new(),
            dropped: BTreeSet::new(),
            screens: Mutex::default(),
            favourites: Mutex::default(),
            feed: 0,
            event: 0,
            change: 0,
            built_at: now,
            numbered_at: now,
            catalogue: 0,
        }
    }

    /// `None` when so many products are gone that numbering them anew is better.
    fn legacy(&self) -> Option<Legacy> {
        let (choice, taste) = self.recommender.taste();
        (self.products() * 2 >= self.places.len()).then(|| Legacy {
            places: self.places.clone(),
            numbered_at: self.numbered_at,
            choice: choice.clone(),
            taste: taste.map(Arc::clone),
        })
    }

    /// The catalogue by number, as it is learned from.
    pub(crate) fn items(&self) -> Vec<Item> {
        self.products.iter().map(|product| product.as_ref().map(item_of).unwrap_or_default()).collect()
    }

    pub fn products(&self) -> usize {
        self.products.iter().flatten().count()
    }

    pub fn product(&self, product_id: &str) -> Option<&Product> {
        self.at(*self.places.get(product_id)?)
    }

    fn at(&self, place: u32) -> Option<&Product> {
        self.products.get(place as usize)?.as_ref()
    }

    /// People with a past.
    pub fn people(&self) -> usize {
        self.recommender.customers()
    }

    /// Memory in bytes, about.
    pub fn bytes(&self) -> usize {
        let texts = |product: &Product| {
            let texts = [&product.name, &product.category, &product.brand, &product.url, &product.image_url];
            texts.into_iter().flatten().map(String::capacity).sum::<usize>()
        };
        self.recommender.bytes()
            + self.products.capacity() * size_of::<Option<Product>>()
            + self.products.iter().flatten().map(texts).sum::<usize>()
    }

    /// The place of a product id; one that is new gets the next.
    fn place_of(&mut self, product_id: &str) -> u32 {
        if let Some(place) = self.places.get(product_id) {
            return *place;
        }
        let place = u32::try_from(self.products.len()).unwrap_or(u32::MAX);
        self.places.insert(product_id.to_owned(), place);
        self.products.push(None);
        place
    }

    /// Puts a product into the catalogue, or its new words in place of the old.
    fn put(&mut self, product: Product) {
        let place = self.place_of(&product.product_id);
        self.take_out(place);
        self.recommender.set_item(place, &item_of(&product));
        self.catalogue += 1;
        if let Some(at) = product.restocked_at {
            self.restocked.insert((at.0, place));
        }
        if let Some(at) = product.dropped_at {
            self.dropped.insert((at.0, place));
        }
        for screen in lock(&self.screens).iter_mut() {
            if self.book.leaves_out(&screen.rules, &product).is_none() {
                Arc::make_mut(&mut screen.allowed).insert(place);
            }
        }
        self.products[place as usize] = Some(product);
    }

    /// The product stands nowhere any more; what people did with it stays for the others'.
    fn take_out(&mut self, place: u32) {
        let Some(held) = self.products.get_mut(place as usize).and_then(Option::take) else { return };
        if let Some(at) = held.restocked_at {
            self.restocked.remove(&(at.0, place));
        }
        if let Some(at) = held.dropped_at {
            self.dropped.remove(&(at.0, place));
        }
        for screen in lock(&self.screens).iter_mut() {
            Arc::make_mut(&mut screen.allowed).remove(place);
        }
    }

    fn set_book(&mut self, version: i64, book: Book) {
        self.book = Arc::new(book);
        self.book_version = version;
        lock(&self.screens).clear();
    }

    /// Which products may stand in a place of these rules for anybody.
    fn screened(&self, rules: &Rules) -> Arc<RoaringBitmap> {
        let mut screens = lock(&self.screens);
        if let Some(screen) = screens.iter().find(|screen| screen.rules == *rules) {
            return Arc::clone(&screen.allowed);
        }
        let products = self.products.iter().enumerate();
        let allowed: RoaringBitmap = products
            .filter_map(|(place, product)| Some((u32::try_from(place).ok()?, product.as_ref()?)))
            .filter(|(_, product)| self.book.leaves_out(rules, product).is_none())
            .map(|(place, _)| place)
            .collect();
        if screens.len() >= SCREENS_MAX {
            screens.remove(0);
        }
        let allowed = Arc::new(allowed);
        screens.push(Screen { rules: rules.clone(), allowed: Arc::clone(&allowed) });
        allowed
    }
}
