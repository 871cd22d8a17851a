//! What stands in a place: the rail's own order, under the shop's rules, with a reason for each product.

use super::{Shelf, bit, lock};
use domain::commerce::Product;
use domain::recommend::{Customer, LeftOut, Place, Rail};
use kit::{DAY_MS, ProfileNo, Timestamp};
use models::recommend::{Ask, Past, Scored, Why};
use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days for which a product counts as back in stock, or as cheaper than before.
const LATELY_DAYS: i64 = 30;
/// Products that a person's own past starts from, where a page names none.
const OWN_ANCHORS: usize = 5;
/// What members of a segment buy, at most.
const FAVOURITES_MAX: usize = 1_000;
/// Segments of which it is remembered what they buy.
const SEGMENTS_MAX: usize = 50;

/// Who asks, and where they are.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    pub customer: Option<ProfileNo>,
    /// The products of the page; the rails that need products start from them, or from the cart.
    pub products: &'q [String],
    pub cart: &'q [String],
    /// The place's own when `None`.
    pub limit: Option<usize>,
    pub now: Timestamp,
    /// `now` is not the present: what a rehearsal or a check ahead reckons with.
    pub imagined: bool,
}

/// Why a product stands there.
#[derive(Clone, PartialEq, Debug)]
pub enum Reason {
    /// The shop put it there.
    Pinned,
    /// So many customers bought it with this product; 0 where it is not counted.
    BoughtWith {
        product_id: String,
        customers: u32,
    },
    ViewedWith {
        product_id: String,
        customers: u32,
    },
    SimilarTo {
        product_id: String,
    },
    SameCategory {
        product_id: String,
    },
    BoughtBefore {
        times: u32,
        last: Option<Timestamp>,
    },
    /// Looked at or put into the cart, and not bought.
    Wanted {
        last: Option<Timestamp>,
    },
    Viewed {
        last: Option<Timestamp>,
    },
    Popular,
    PopularInSegment,
    Trending,
    New,
    BackInStock {
        at: Timestamp,
    },
    PriceDropped {
        at: Timestamp,
        from: i64,
    },
}

/// A product in a place.
#[derive(Clone, PartialEq, Debug)]
pub struct Pick {
    pub product: Product,
    /// The rail that it comes from; `None` for one that the shop put there.
    pub rail: Option<Rail>,
    pub reason: Reason,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    pub picks: Vec<Pick>,
    /// Whether the person's own past was used.
    pub is_personal: bool,
    /// Products of the catalogue, and how many the rules leave out for anybody, by the reason.
    pub products: usize,
    pub left_out: BTreeMap<LeftOut, usize>,
}

/// The picks as they are gathered.
struct Gathered<'s> {
    shelf: &'s Shelf,
    place: &'s Place,
    limit: usize,
    picks: Vec<Pick>,
    taken: FxHashSet<u32>,
    by_category: FxHashMap<String, u8>,
}

impl Gathered<'_> {
    fn is_full(&self) -> bool {
        self.picks.len() >= self.limit
    }

    fn has_room(&self, product: &Product) -> bool {
        let most = self.place.rules.max_per_category;
        let category = product.category.as_deref().unwrap_or_default();
        most.is_none_or(|most| self.by_category.get(category).is_none_or(|held| *held < most))
    }

    fn add(&mut self, place: u32, rail: Option<Rail>, reason: Reason) {
        let Some(product) = self.shelf.at(place) else { return };
        if self.is_full() || self.taken.contains(&place) || !self.has_room(product) {
            return;
        }
        let held = self.by_category.entry(product.category.clone().unwrap_or_default()).or_default();
        *held = held.saturating_add(1);
        self.taken.insert(place);
        self.picks.push(Pick { product: product.clone(), rail, reason });
    }
}

impl Shelf {
    /// What stands in a place for somebody. The same question of the same shelf has the same answer.
    pub fn answer(&self, place: &Place, question: &Question<'_>) -> Answer {
        let limit = question.limit.unwrap_or(usize::from(place.limit)).clamp(1, domain::recommend::LIMIT_MAX);
        let known = question.customer.filter(|no| !self.away.contains(bit(*no)));
        let history: &[Past] = known.map_or(&[], |no| self.recommender.history(bit(no)));
        let places = |ids: &[String]| -> Vec<u32> {
            let mut found: Vec<u32> = Vec::new();
            for place in ids.iter().filter_map(|id| self.places.get(id).copied()) {
                if !found.contains(&place) {
                    found.push(place);
                }
            }
            found
        };
        let (page, cart) = (places(question.products), places(question.cart));
        let screen = self.screened(&place.rules);
        let bought: FxHashMap<u32, Timestamp> = history
            .iter()
            .filter(|past| past.purchases > 0)
            .map(|past| (past.item, Timestamp::from_ms(past.last_bought().unwrap_or(i64::MIN))))
            .collect();
        let price_level = place.rules.price_band.and_then(|_| self.price_level(history));
        let customer = Customer { price_level };
        let mut gathered = Gathered {
            shelf: self,
            place,
            limit,
            picks: Vec::with_capacity(limit),
            taken: page.iter().copied().collect(),
            by_category: FxHashMap::default(),
        };
        if !place.rules.with_cart {
            gathered.taken.extend(&cart);
        }
        for pin in place.pins.iter().filter(|pin| pin.holds(question.now)) {
            if let Some(pinned) = self.places.get(&pin.product_id)
                && screen.contains(*pinned)
            {
                gathered.add(*pinned, None, Reason::Pinned);
            }
        }
        let mut is_personal = false;
        for rail in std::iter::once(place.rail).chain(place.fall_back.iter().copied()) {
            if gathered.is_full() {
                break;
            }
            let before = gathered.picks.len();
            let found = {
                let taken = &gathered.taken;
                let allowed = |item: u32| {
                    screen.contains(item)
                        && !taken.contains(&item)
                        && self.at(item).is_some_and(|product| {
                            let bought = bought.get(&item).copied();
                            place
                                .rules
                                .leaves_out_for(rail, product, customer, bought, question.now)
                                .is_none()
                        })
                };
                // Limits by category leave some out behind the question.
                let more = if place.rules.max_per_category.is_some() { limit * 8 } else { limit };
                let ask = Ask::new(more + taken.len().min(20), &allowed);
                self.rail(rail, place, history, &page, &cart, question.now, ask)
            };
            for (item, reason) in found {
                gathered.add(item, Some(rail), reason);
            }
            let own_start = rail.needs_products() && page.is_empty() && cart.is_empty();
            let own = !history.is_empty() && (rail.is_personal() || own_start);
            is_personal |= own && gathered.picks.len() > before;
        }
        Answer { picks: gathered.picks, is_personal, ..Answer::default() }
    }

    /// As [`Shelf::answer`], with how many products the rules leave out: for whoever writes them.
    pub fn explain(&self, place: &Place, question: &Question<'_>) -> Answer {
        let mut answer = self.answer(place, question);
        for product in self.products.iter().flatten() {
            answer.products += 1;
            if let Some(why) = self.book.leaves_out(&place.rules, product) {
                *answer.left_out.entry(why).or_default() += 1;
            }
        }
        answer
    }

    #[expect(clippy::too_many_arguments, reason = "all that a rail may start from")]
    fn rail(
        &self,
        rail: Rail,
        place: &Place,
        history: &[Past],
        page: &[u32],
        cart: &[u32],
        now: Timestamp,
        ask: Ask<'_>,
    ) -> Vec<(u32, Reason)> {
        let own: Vec<u32> = match (rail.needs_products(), page.is_empty() && cart.is_empty()) {
            (true, true) => latest(history).take(OWN_ANCHORS).map(|past| past.item).collect(),
            _ => Vec::new(),
        };
        let starts: &[u32] = match (page.is_empty(), cart.is_empty()) {
            (false, _) => page,
            (true, false) => cart,
            _ => &own,
        };
        let (recommender, ms) = (&self.recommender, now.ms());
        let scored = match rail {
            Rail::BoughtTogether => recommender.bought_together(starts, ask),
            Rail::ViewedTogether => recommender.viewed_together(starts, ask),
            Rail::Similar => alternating(
                starts.iter().take(OWN_ANCHORS).map(|item| recommender.similar(*item, ask)).collect(),
                ask.limit,
            ),
            Rail::ForYou if history.is_empty() => Vec::new(),
            Rail::ForYou => recommender.for_you(history, ms, ask),
            Rail::BuyAgain => recommender.buy_again(history, ms, ask),
            Rail::Popular => recommender.popular(ms, ask),
            Rail::New => recommender.newest(ms, ask),
            Rail::PopularInSegment => self.favourites_of(place, ask),
            Rail::RecentlyViewed => {
                let looked = latest(history).filter(|past| past.views > 0 || past.carts > 0);
                let last = |past: &Past| past.last().map(Timestamp::from_ms);
                return looked
                    .filter(|past| (ask.allowed)(past.item))
                    .take(ask.limit)
                    .map(|past| (past.item, Reason::Viewed { last: last(&past) }))
                    .collect();
            }
            Rail::BackInStock => return self.lately(&self.restocked, history, now, ask),
            Rail::PriceDropped => return self.lately(&self.dropped, history, now, ask),
        };
        scored.into_iter().filter_map(|one| Some((one.item, self.reason(one.why)?))).collect()
    }

    fn reason(&self, why: Why) -> Option<Reason> {
        let id = |item: u32| self.at(item).map(|product| product.product_id.clone());
        let at = |last: Option<i64>| last.map(Timestamp::from_ms);
        Some(match why {
            Why::BoughtWith { item, customers } => Reason::BoughtWith { product_id: id(item)?, customers },
            Why::ViewedWith { item, customers } => Reason::ViewedWith { product_id: id(item)?, customers },
            Why::SimilarTo { item } => Reason::SimilarTo { product_id: id(item)? },
            Why::SameCategory { item } => Reason::SameCategory { product_id: id(item)? },
            Why::YouBoughtBefore { times, last } => Reason::BoughtBefore { times, last: at(last) },
            Why::YouWanted { last, .. } => Reason::Wanted { last: at(last) },
            Why::PopularNow => Reason::Popular,
            Why::PopularInSegment => Reason::PopularInSegment,
            Why::Trending => Reason::Trending,
            Why::New => Reason::New,
        })
    }

    /// What turned lately: first what the person knows, the latest turn first.
    fn lately(
        &self,
        turned: &std::collections::BTreeSet<(Timestamp, u32)>,
        history: &[Past],
        now: Timestamp,
        ask: Ask<'_>,
    ) -> Vec<(u32, Reason)> {
        let known: FxHashSet<u32> = history.iter().map(|past| past.item).collect();
        let since = now.plus_ms(-LATELY_DAYS * DAY_MS);
        let mut found: Vec<(bool, Timestamp, u32)> = turned
            .range((since, 0)..)
            .filter(|(_, item)| (ask.allowed)(*item))
            .filter(|(_, item)| self.at(*item).is_some_and(|product| product.is_available() != Some(false)))
            .map(|(at, item)| (known.contains(item), *at, *item))
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.truncate(ask.limit);
        let is_drop = std::ptr::eq(turned, &self.dropped);
        let reason = |at: Timestamp, item: u32| match self.at(item).and_then(|product| product.dropped_from) {
            Some(from) if is_drop => Reason::PriceDropped { at, from },
            _ => Reason::BackInStock { at },
        };
        found.into_iter().map(|(_, at, item)| (item, reason(at, item))).collect()
    }

    fn favourites_of(&self, place: &Place, ask: Ask<'_>) -> Vec<Scored> {
        let Some(segment) = &place.segment else { return Vec::new() };
        let Some((_, favourites)) = lock(&self.favourites).get(segment).cloned() else { return Vec::new() };
        favourites.iter().filter(|one| (ask.allowed)(one.item)).take(ask.limit).copied().collect()
    }

    pub(super) fn set_favourites(&self, segment: &str, members: &RoaringBitmap, now: Timestamp) {
        let found = self.recommender.popular_among(members.iter(), now.ms(), Ask::any(FAVOURITES_MAX));
        let mut all = lock(&self.favourites);
        if all.len() >= SEGMENTS_MAX && !all.contains_key(segment) {
            all.clear();
        }
        all.insert(segment.to_owned(), (now, Arc::new(found)));
    }

    /// What somebody usually pays for one product: the middle of the prices of what they bought, else of what they
    /// looked at, as they are today.
    fn price_level(&self, history: &[Past]) -> Option<i64> {
        let prices = |bought: bool| {
            let mut prices: Vec<i64> = history
                .iter()
                .filter(|past| (past.purchases > 0) == bought)
                .filter_map(|past| self.at(past.item)?.price)
                .collect();
            prices.sort_unstable();
            prices.get(prices.len() / 2).copied()
        };
        prices(true).or_else(|| prices(false))
    }
}

/// A history by what was done last, the newest first.
fn latest(history: &[Past]) -> impl Iterator<Item = Past> + use<> {
    let mut latest = history.to_vec();
    latest.sort_by_key(|past| (std::cmp::Reverse(past.last()), past.item));
    latest.into_iter()
}

/// The first of each list, then the second of each, without repetitions.
fn alternating(lists: Vec<Vec<Scored>>, limit: usize) -> Vec<Scored> {
    let mut held: FxHashSet<u32> = FxHashSet::default();
    let mut found = Vec::new();
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    for place in 0..longest {
        for one in lists.iter().filter_map(|list| list.get(place)) {
            if found.len() < limit && held.insert(one.item) {
                found.push(*one);
            }
        }
    }
    found
}
