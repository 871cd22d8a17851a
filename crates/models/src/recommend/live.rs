//! What serves: everybody's past, what is popular, what goes together, kept up with every interaction.

use super::content::Content;
use super::counters::Counters;
use super::people::{Past, People};
use super::rank::{Candidates, Rail, Weights, highest};
use super::taste::{Ground, Taste};
use super::together::Together;
use super::{Ask, Choice, Interaction, Item, Kind, Options, Scored, Why, best};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Items beyond this number are not taken: the caller's numbers are places in a list.
const ITEMS_MAX: u32 = 5_000_000;
/// Of a history, this many items are asked for what goes with them, the latest.
const HISTORY_MAX: usize = 100;
/// Popular items that are kept at hand.
const POPULAR_LIST: usize = 500;

/// Answers what goes with what, who may like what and what is popular, from interactions as they come.
///
/// Memory: about 28 bytes a pair of customer and item, 4 to 8 bytes for its place in the lists, up to 600 bytes a list
/// of neighbours that was asked for, and the words of the titles. [`Recommender::bytes`] says it.
#[derive(Debug)]
pub struct Recommender {
    options: Options,
    people: People,
    bought: Together,
    looked: Together,
    counters: Counters,
    content: Content,
    created: Vec<Option<i64>>,
    categories: Vec<Option<String>>,
    popular_now: Vec<u32>,
    all_done: f64,
    taste: Option<Arc<Taste>>,
    choice: Choice,
}

impl Recommender {
    /// Of nothing yet; `now` in milliseconds since 1970.
    pub fn new(options: Options, now: i64) -> Recommender {
        Recommender {
            options,
            people: People::default(),
            bought: Together::new(true),
            looked: Together::new(false),
            counters: Counters::new(now, options.popular_half_life),
            content: Content::default(),
            created: Vec::new(),
            categories: Vec::new(),
            popular_now: Vec::new(),
            all_done: 0.0,
            taste: None,
            choice: Choice::default(),
        }
    }

    /// Of a catalogue and what was done so far, in the order in which it was done.
    pub fn build(done: &[Interaction], items: &[Item], options: Options, now: i64) -> Recommender {
        let mut recommender = Recommender::new(options, now);
        for (place, item) in items.iter().enumerate() {
            recommender.set_item(place as u32, item);
        }
        for interaction in done {
            recommender.record(*interaction, now);
        }
        recommender.settle(now);
        recommender
    }

    /// Puts an item into the catalogue, or another one at its place. Numbers from five million on are not taken.
    pub fn set_item(&mut self, place: u32, item: &Item) {
        if !self.grow(place) {
            return;
        }
        self.content.set(place, item);
        self.created[place as usize] = item.created;
        self.categories[place as usize] = item.category.clone();
    }

    fn grow(&mut self, item: u32) -> bool {
        if item >= ITEMS_MAX {
            return false;
        }
        let items = item as usize + 1;
        self.bought.grow(items);
        self.looked.grow(items);
        self.counters.grow(items);
        if self.created.len() < items {
            self.created.resize(items, None);
            self.categories.resize(items, None);
        }
        true
    }

    /// Takes in one interaction; what is in the future counts as done now, what is
    /// before 1970 as done then. Works at once: the next question knows it.
    pub fn record(&mut self, done: Interaction, now: i64) {
        if !self.grow(done.item) {
            return;
        }
        let weight = if done.weight.is_finite() { done.weight } else { 1.0 };
        let done = Interaction { at: done.at.map(|at| at.clamp(0, now.max(0))), weight, ..done };
        let change = self.people.record(&done, &self.options);
        let past = self.people.of(done.customer);
        if let Some(dropped) = change.dropped {
            self.bought.drop_taker(done.customer, dropped, past);
            self.looked.drop_taker(done.customer, dropped, past);
        }
        if change.first_purchase {
            self.bought.add(done.customer, done.item, past);
        }
        if change.first_look {
            self.looked.add(done.customer, done.item, past);
        }
        if change.lost_purchase {
            self.bought.drop_taker(done.customer, done.item, past);
        }
        let amount = if done.kind == Kind::Purchase && weight < 0.0 { -1.0 } else { 1.0 };
        self.counters.add(done.item, done.kind, done.at, amount);
    }

    /// Forgets a customer wholly: their past, and their part in what goes together and what is popular (there to
    /// the day of the last purchase of each item).
    pub fn remove_customer(&mut self, customer: u32) {
        let past = self.people.remove(customer);
        for held in &past {
            self.bought.drop_taker(customer, held.item, &past);
            self.looked.drop_taker(customer, held.item, &past);
            for (kind, times) in
                [(Kind::Purchase, held.purchases), (Kind::Cart, held.carts), (Kind::View, held.views)]
            {
                let at = if kind == Kind::Purchase { held.last_bought() } else { held.last() };
                self.counters.add(held.item, kind, at, -f32::from(times));
            }
        }
    }

    /// Two customers turned out to be one person.
    pub fn merge_customers(&mut self, from: u32, into: u32) {
        if from == into {
            return;
        }
        let gone = self.people.remove(from);
        let mut past = self.people.of(into).to_vec();
        for held in &gone {
            self.bought.drop_taker(from, held.item, &gone);
            self.looked.drop_taker(from, held.item, &gone);
            match past.iter_mut().find(|own| own.item == held.item) {
                Some(own) => {
                    let (bought, looked) = (own.purchases > 0, own.carts > 0 || own.views > 0);
                    own.merge(held, self.options.again_half_life);
                    let own = *own;
                    if !bought && own.purchases > 0 {
                        self.bought.add(into, own.item, &past);
                    }
                    if !looked && (own.carts > 0 || own.views > 0) {
                        self.looked.add(into, own.item, &past);
                    }
                }
                None => {
                    past.push(*held);
                    if held.purchases > 0 {
                        self.bought.add(into, held.item, &past);
                    }
                    if held.carts > 0 || held.views > 0 {
                        self.looked.add(into, held.item, &past);
                    }
                }
            }
        }
        self.people.put(into, past);
    }

    /// What a customer did, item by item; empty for who is not known.
    pub fn history(&self, customer: u32) -> &[Past] {
        self.people.of(customer)
    }

    pub(crate) fn histories(&self) -> Vec<&[Past]> {
        self.people.all()
    }

    pub fn customers(&self) -> usize {
        self.people.len()
    }

    pub fn items(&self) -> usize {
        self.counters.len()
    }

    /// Pairs of customer and item that are held.
    pub fn pairs(&self) -> usize {
        self.people.pairs()
    }

    /// Memory in bytes, but for what the allocator adds.
    pub fn bytes(&self) -> usize {
        self.people.bytes()
            + self.bought.bytes()
            + self.looked.bytes()
            + self.counters.bytes()
            + self.content.bytes()
            + self.taste.as_ref().map_or(0, |taste| taste.bytes())
            + self.created.capacity() * 16
            + self.categories.iter().map(|name| 24 + name.as_ref().map_or(0, String::capacity)).sum::<usize>()
    }

    /// What customers bought who bought these: of an item page (one) or a cart (several).
    pub fn bought_together(&self, items: &[u32], ask: Ask<'_>) -> Vec<Scored> {
        self.together(&self.bought, items, ask, |item, customers| Why::BoughtWith { item, customers })
    }

    /// What customers looked at who looked at these.
    pub fn viewed_together(&self, items: &[u32], ask: Ask<'_>) -> Vec<Scored> {
        self.together(&self.looked, items, ask, |item, customers| Why::ViewedWith { item, customers })
    }

    fn together(
        &self,
        together: &Together,
        items: &[u32],
        ask: Ask<'_>,
        why: impl Fn(u32, u32) -> Why,
    ) -> Vec<Scored> {
        let own: FxHashSet<u32> = items.iter().copied().collect();
        let mut sums = Sums::default();
        for item in &items[items.len().saturating_sub(HISTORY_MAX)..] {
            for near in together.near(*item, &self.people, &self.options, true).iter() {
                if !own.contains(&near.item) {
                    sums.add(near.item, near.score, why(*item, near.customers));
                }
            }
        }
        sums.best(ask)
    }

    /// Like an item by title, category, brand and price; of equally alike ones the more popular.
    pub fn similar(&self, item: u32, ask: Ask<'_>) -> Vec<Scored> {
        let like = self.content.like(item).into_iter();
        let scored = like.filter(|(other, _)| (ask.allowed)(*other)).map(|(other, alike)| Scored {
            item: other,
            score: alike * (1.0 + self.bought.takers(other) as f32).sqrt(),
            why: Why::SimilarTo { item },
        });
        best(scored.collect(), ask.limit)
    }

    /// Popular in the category of an item.
    pub fn same_category(&self, item: u32, now: i64, ask: Ask<'_>) -> Vec<Scored> {
        let Some(Some(category)) = self.categories.get(item as usize) else { return Vec::new() };
        let faded = self.counters.faded(now);
        let others = self.categories.iter().enumerate().map(|(place, name)| (place as u32, name));
        let scored = others
            .filter(|(other, name)| {
                *other != item && name.as_ref() == Some(category) && (ask.allowed)(*other)
            })
            .map(|(other, _)| Scored {
                item: other,
                score: (self.counters.popularity(other) * faded) as f32,
                why: Why::SameCategory { item },
            });
        best(scored.collect(), ask.limit)
    }

    /// What can be learned from, at most about `pairs` pairs of customer and item (28 bytes each), of customers
    /// taken evenly.
    pub fn ground(&self, pairs: usize) -> Ground {
        let all = self.people.all();
        let step = self.people.pairs().div_ceil(pairs.max(1)).max(1);
        let histories = all.into_iter().step_by(step).map(<[Past]>::to_vec).collect();
        let buyers = self.buyers_by_item();
        Ground { histories, content: self.content.clone(), buyers, ease_items: self.options.ease_items }
    }

    /// Learns what customers like by a recipe, which [`super::choose`] found. `None` where it cannot. What is to go on
    /// answering meanwhile gives its [`Recommender::ground`] away to be learned from.
    pub fn learn(&self, choice: &Choice, threads: usize) -> Option<Taste> {
        let ground = self.ground(usize::MAX);
        Some(ground.learn(&choice.recipe, threads)?.with(ground.kin(threads)))
    }

    /// From now on [`Recommender::for_you`], [`Recommender::buy_again`] and [`Recommender::everything`] answer by this.
    pub fn set_taste(&mut self, choice: Choice, taste: Option<Arc<Taste>>) {
        self.choice = choice;
        self.taste = taste;
    }

    /// By what it answers.
    pub fn taste(&self) -> (&Choice, Option<&Arc<Taste>>) {
        (&self.choice, self.taste.as_ref())
    }

    /// Customers who bought an item.
    pub(crate) fn buyers(&self, item: u32) -> usize {
        self.bought.takers(item)
    }

    /// Times the root of `1 +` the buyers of each item.
    pub(crate) fn weigh_by_buyers(&self, scores: &mut [f32]) {
        for (item, score) in scores.iter_mut().enumerate().filter(|(_, score)| **score > 0.0) {
            *score *= (1.0 + self.buyers(item as u32) as f32).sqrt();
        }
    }

    pub(crate) fn buyers_by_item(&self) -> Vec<u32> {
        (0..self.items() as u32).map(|item| u32::try_from(self.buyers(item)).unwrap_or(u32::MAX)).collect()
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// Items that somebody with this history has not bought yet and may like, those they looked at among them; what
    /// is popular for who has no history.
    pub fn for_you(&self, history: &[Past], now: i64, ask: Ask<'_>) -> Vec<Scored> {
        let bought: FxHashSet<u32> =
            history.iter().filter(|past| past.purchases > 0).map(|past| past.item).collect();
        let new = |item: u32| !bought.contains(&item) && (ask.allowed)(item);
        let ask = Ask { limit: ask.limit, allowed: &new };
        let mut found = match (&self.choice.new, &self.taste) {
            _ if history.is_empty() || self.choice.popular => Vec::new(),
            (Some(weights), taste) => self.ranked(taste.as_deref(), weights, Rail::New, history, now, ask),
            (None, Some(taste)) => self.tasted(taste, history, now, ask),
            (None, None) => self.beside(history, ask),
        };
        if found.len() < ask.limit {
            // Where what is popular serves, nothing is put before it.
            let starts = if self.choice.popular { 0 } else { 5 };
            for past in latest(history, starts) {
                fill(&mut found, self.similar(past.item, ask), ask.limit);
            }
            fill(&mut found, self.popular(now, ask), ask.limit);
        }
        found
    }

    /// By hints that are weighed against each other.
    fn ranked(
        &self,
        taste: Option<&Taste>,
        weights: &Weights,
        rail: Rail,
        history: &[Past],
        now: i64,
        ask: Ask<'_>,
    ) -> Vec<Scored> {
        let candidates = Candidates::of(self, taste, history, now, rail, ask.allowed);
        let best = candidates.ranked(weights).into_iter().take(ask.limit);
        best.map(|(item, score)| Scored { item, score, why: self.why(item, taste, history, now) }).collect()
    }

    fn tasted(&self, taste: &Taste, history: &[Past], now: i64, ask: Ask<'_>) -> Vec<Scored> {
        let scores = self.scores(taste, history, now);
        let items = highest(&scores, ask.limit, ask.allowed).into_iter();
        items
            .map(|item| Scored {
                item,
                score: scores[item as usize],
                why: self.why(item, Some(taste), history, now),
            })
            .collect()
    }

    /// Every item's score for a history.
    pub(crate) fn scores(&self, taste: &Taste, history: &[Past], now: i64) -> Vec<f32> {
        let mut scores = vec![0.0; self.items()];
        taste.score(history, now, &mut scores);
        scores
    }

    /// What to tell a customer about an item.
    fn why(&self, item: u32, taste: Option<&Taste>, history: &[Past], now: i64) -> Why {
        if let Some(past) = history.iter().find(|past| past.item == item) {
            return if past.purchases > 0 {
                Why::YouBoughtBefore { times: u32::from(past.purchases), last: past.last_bought() }
            } else {
                Why::YouWanted { kind: past.strongest(), last: past.last() }
            };
        }
        let Some(own) = taste.and_then(|taste| taste.reason(history, now, item)) else {
            let likest = taste.and_then(|taste| taste.likest(history, item));
            return likest.map_or(Why::PopularNow, |item| Why::SimilarTo { item });
        };
        let with = |together: &Together| {
            let near = together.near(own, &self.people, &self.options, false);
            near.iter().find(|near| near.item == item).map(|near| near.customers)
        };
        match (with(&self.bought), with(&self.looked)) {
            (Some(customers), _) => Why::BoughtWith { item: own, customers },
            (None, Some(customers)) => Why::ViewedWith { item: own, customers },
            (None, None) => Why::BoughtWith { item: own, customers: 0 },
        }
    }

    /// By the live lists, before anything was learned.
    fn beside(&self, history: &[Past], ask: Ask<'_>) -> Vec<Scored> {
        let mut sums = Sums::default();
        for past in latest(history, HISTORY_MAX) {
            if past.purchases == 0 && (past.carts > 0 || past.views > 0) {
                let why = Why::YouWanted { kind: past.strongest(), last: past.last() };
                sums.add(past.item, past.strongest().strength(), why);
            }
            let strength = past.strongest().strength();
            for near in self.bought.near(past.item, &self.people, &self.options, false).iter() {
                let why = Why::BoughtWith { item: past.item, customers: near.customers };
                sums.add(near.item, near.score * strength, why);
            }
            for near in self.looked.near(past.item, &self.people, &self.options, false).iter() {
                let why = Why::ViewedWith { item: past.item, customers: near.customers };
                sums.add(near.item, near.score * strength * 0.5, why);
            }
        }
        sums.best(ask)
    }

    /// What somebody bought and may buy again: by the weights that were learned; before, own purchases, older ones
    /// counting less, then the more popular.
    pub fn buy_again(&self, history: &[Past], now: i64, ask: Ask<'_>) -> Vec<Scored> {
        if let Some(weights) = &self.choice.again {
            return self.ranked(self.taste.as_deref(), weights, Rail::Again, history, now, ask);
        }
        let faded = self.counters.faded(now);
        let bought = history.iter().filter(|past| past.purchases > 0 && (ask.allowed)(past.item));
        let scored = bought.map(|past| {
            let popularity = self.counters.popularity(past.item) * faded;
            Scored {
                item: past.item,
                score: past.fresh_purchases(now, self.options.again_half_life)
                    + (popularity / (popularity + 1.0)) as f32 * 1e-3,
                why: Why::YouBoughtBefore { times: u32::from(past.purchases), last: past.last_bought() },
            }
        });
        best(scored.collect(), ask.limit)
    }

    /// What somebody looked at or put into the cart and did not buy, the latest first.
    pub fn wanted(&self, history: &[Past], now: i64, ask: Ask<'_>) -> Vec<Scored> {
        let wanted = history.iter().filter(|past| past.purchases == 0 && (past.carts > 0 || past.views > 0));
        let scored = wanted.filter(|past| (ask.allowed)(past.item)).map(|past| Scored {
            item: past.item,
            score: past.strongest().strength() / (1.0 + past.age_days(now).unwrap_or(0.0)),
            why: Why::YouWanted { kind: past.strongest(), last: past.last() },
        });
        best(scored.collect(), ask.limit)
    }

    /// What to show where there is one list: what is bought again and what is new.
    pub fn everything(&self, history: &[Past], now: i64, ask: Ask<'_>) -> Vec<Scored> {
        let mut found = match &self.choice.all {
            Some(weights) if !history.is_empty() => {
                self.ranked(self.taste.as_deref(), weights, Rail::All, history, now, ask)
            }
            _ => self.buy_again(history, now, ask),
        };
        fill(&mut found, self.for_you(history, now, ask), ask.limit);
        found
    }

    /// Bought much lately.
    pub fn popular(&self, now: i64, ask: Ask<'_>) -> Vec<Scored> {
        let faded = self.counters.faded(now);
        self.by(ask, Why::PopularNow, |item| self.counters.popularity(item) * faded)
    }

    /// Bought more lately than usually.
    pub fn trending(&self, now: i64, ask: Ask<'_>) -> Vec<Scored> {
        self.by(ask, Why::Trending, |item| self.counters.rise(item, now))
    }

    fn by(&self, ask: Ask<'_>, why: Why, score: impl Fn(u32) -> f64) -> Vec<Scored> {
        let scores: Vec<f32> = (0..self.counters.len() as u32).map(|item| score(item) as f32).collect();
        let items = highest(&scores, ask.limit, ask.allowed).into_iter();
        items.map(|item| Scored { item, score: scores[item as usize], why }).collect()
    }

    /// Bought much lately by these customers. Costs as much as their histories are long: keep the answer for a while.
    pub fn popular_among(
        &self,
        customers: impl IntoIterator<Item = u32>,
        now: i64,
        ask: Ask<'_>,
    ) -> Vec<Scored> {
        let mut sums: Vec<f32> = vec![0.0; self.counters.len()];
        for past in customers.into_iter().flat_map(|customer| self.people.of(customer)) {
            let fresh = past.fresh_purchases(now, self.options.again_half_life);
            let age = past.age_days(now).unwrap_or(0.0) / self.options.popular_half_life.max(0.1);
            let looks =
                f32::from(past.views) * Kind::View.strength() + f32::from(past.carts) * Kind::Cart.strength();
            sums[past.item as usize] += fresh + looks * (-age).exp2();
        }
        self.by(ask, Why::PopularInSegment, |item| f64::from(sums[item as usize]))
    }

    pub(crate) fn popular_hints(&self, item: u32, now: i64) -> (f32, f32) {
        self.counters.hints(item, now, self.all_done)
    }

    pub(crate) fn again_half_life(&self) -> f32 {
        self.options.again_half_life
    }

    /// The most popular items as of the last [`Recommender::settle`], best first.
    pub(crate) fn popular_list(&self) -> &[u32] {
        &self.popular_now
    }

    /// Makes up what is compared with everything else (what is popular of all); from time to time, such as every
    /// hour. [`Recommender::build`] ends with it.
    pub fn settle(&mut self, now: i64) {
        self.all_done = self.counters.all();
        self.content.settle();
        self.popular_now =
            self.popular(now, Ask::any(POPULAR_LIST)).into_iter().map(|scored| scored.item).collect();
    }

    /// Came into the catalogue lately, the newest first.
    pub fn newest(&self, now: i64, ask: Ask<'_>) -> Vec<Scored> {
        self.by(ask, Why::New, |item| {
            let created = self.created[item as usize].filter(|created| *created <= now);
            created.map_or(0.0, |created| 1.0 / (1.0 + (now - created) as f64 / 86_400_000.0))
        })
    }
}

/// The latest of a history, the newest first.
fn latest(history: &[Past], most: usize) -> Vec<Past> {
    let mut latest: Vec<Past> = history.to_vec();
    latest.sort_by_key(|past| (std::cmp::Reverse(past.last().unwrap_or(i64::MIN)), past.item));
    latest.truncate(most);
    latest
}

/// Puts more behind what was found, without naming an item twice; scores go on falling.
fn fill(found: &mut Vec<Scored>, more: Vec<Scored>, limit: usize) {
    let held: FxHashSet<u32> = found.iter().map(|scored| scored.item).collect();
    let below = found.last().map_or(f32::INFINITY, |last| last.score);
    let top = more.first().map_or(1.0, |first| first.score).max(f32::MIN_POSITIVE);
    for scored in more {
        if found.len() >= limit {
            return;
        }
        if !held.contains(&scored.item) {
            let score = if below.is_finite() { below * 0.999 * (scored.score / top) } else { scored.score };
            found.push(Scored { score, ..scored });
        }
    }
}

/// Scores by item, with the strongest reason of each.
#[derive(Default)]
struct Sums {
    held: rustc_hash::FxHashMap<u32, (f32, f32, Option<Why>)>,
}

impl Sums {
    fn add(&mut self, item: u32, score: f32, why: Why) {
        let held = self.held.entry(item).or_insert((0.0, f32::MIN, None));
        held.0 += score;
        if score > held.1 {
            (held.1, held.2) = (score, Some(why));
        }
    }

    fn best(self, ask: Ask<'_>) -> Vec<Scored> {
        let allowed = self.held.into_iter().filter(|(item, _)| (ask.allowed)(*item));
        let scored = allowed.filter_map(|(item, (score, _, why))| Some(Scored { item, score, why: why? }));
        best(scored.collect(), ask.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const NOW: i64 = 20_000 * DAY;

    fn purchase(customer: u32, item: u32, day: i64) -> Interaction {
        Interaction { customer, item, at: Some(NOW + day * DAY), weight: 1.0, kind: Kind::Purchase }
    }

    fn items(scored: &[Scored]) -> Vec<u32> {
        scored.iter().map(|scored| scored.item).collect()
    }

    #[test]
    fn what_was_just_bought_together_is_known_at_once_and_forgotten_with_the_customer() {
        let mut shop = Recommender::new(Options::default(), NOW);
        for customer in 0..20 {
            shop.record(purchase(customer, 0, -3), NOW);
            shop.record(purchase(customer, 1, -3), NOW);
        }
        shop.record(purchase(50, 2, -2), NOW);
        assert_eq!(items(&shop.bought_together(&[0], Ask::any(5))), [1]);
        shop.record(purchase(50, 0, -1), NOW);
        let beside = shop.bought_together(&[0], Ask::any(5));
        assert_eq!(items(&beside), [1, 2]);
        assert_eq!(beside[1].why, Why::BoughtWith { item: 0, customers: 1 });
        assert_eq!(items(&shop.bought_together(&[2], Ask::any(5))), [0]);
        let popular = shop.popular(NOW, Ask::any(1));
        shop.remove_customer(50);
        assert_eq!(items(&shop.bought_together(&[0], Ask::any(5))), [1]);
        assert!(shop.history(50).is_empty());
        assert!(shop.popular(NOW, Ask::any(1))[0].score <= popular[0].score);
        assert!(shop.popular(NOW, Ask::any(10)).iter().all(|scored| scored.item != 2));
    }

    #[test]
    fn one_pair_in_common_does_not_beat_many() {
        let mut shop = Recommender::new(Options::default(), NOW);
        // Item 2 was bought once, with item 0: its raw lift is the highest there is.
        for customer in 0..40 {
            shop.record(purchase(customer, 0, -3), NOW);
            shop.record(purchase(customer, if customer < 25 { 1 } else { 3 }, -3), NOW);
        }
        shop.record(purchase(0, 2, -3), NOW);
        assert_eq!(items(&shop.bought_together(&[0], Ask::any(3))), [1, 3, 2]);
    }

    #[test]
    fn returns_odd_weights_and_broken_clocks_leave_sensible_answers() {
        let mut shop = Recommender::new(Options::default(), NOW);
        shop.record(purchase(0, 0, 4_000), NOW);
        assert_eq!(shop.history(0)[0].last(), Some(NOW), "the future is now");
        shop.record(Interaction { weight: f32::NAN, ..purchase(0, 1, -1) }, NOW);
        shop.record(Interaction { weight: -1.0, ..purchase(0, 0, 0) }, NOW);
        assert_eq!(items(&shop.buy_again(shop.history(0), NOW, Ask::any(5))), [1], "0 was taken back");
        shop.record(Interaction { weight: -1.0, ..purchase(7, 0, 0) }, NOW);
        assert!(shop.buy_again(shop.history(7), NOW, Ask::any(5)).is_empty());
        shop.record(purchase(0, u32::MAX, 0), NOW);
        shop.record(Interaction { at: Some(i64::MIN), ..purchase(1, 1, 0) }, NOW);
        let everything = shop.everything(shop.history(0), NOW, Ask::any(100));
        assert!(everything.iter().all(|scored| scored.score.is_finite()));
        assert!(shop.bought_together(&[u32::MAX, 17], Ask::any(5)).is_empty());
        assert!(shop.similar(99, Ask::any(5)).is_empty());
    }

    #[test]
    fn a_robot_keeps_its_latest_items_only() {
        let options = Options { items_per_customer: 100, ..Options::default() };
        let mut shop = Recommender::new(options, NOW);
        for item in 0..10_000 {
            shop.record(purchase(0, item, i64::from(item) / 100 - 200), NOW);
        }
        assert_eq!(shop.history(0).len(), 100);
        assert!(shop.history(0).iter().all(|past| past.item >= 9_900));
        assert!(shop.bought_together(&[3], Ask::any(5)).is_empty());
    }

    #[test]
    fn who_is_not_known_gets_what_is_popular_and_who_wanted_something_sees_it_first() {
        let mut shop = Recommender::new(Options::default(), NOW);
        assert!(shop.everything(&[], NOW, Ask::any(5)).is_empty(), "nothing is known of an empty shop");
        for customer in 0..9 {
            shop.record(purchase(customer, customer / 3, -i64::from(customer)), NOW);
        }
        assert_eq!(items(&shop.for_you(&[], NOW, Ask::any(2))), [0, 1], "the latest counts most");
        shop.record(Interaction { kind: Kind::Cart, ..purchase(99, 2, -1) }, NOW);
        let seen = shop.everything(shop.history(99), NOW, Ask::any(3));
        assert_eq!(seen[0].why, Why::YouWanted { kind: Kind::Cart, last: Some(NOW - DAY) });
        assert_eq!(items(&seen), [2, 0, 1]);
    }

    #[test]
    fn alike_are_items_of_the_same_words_and_price() {
        let item =
            |title: &str, price: i64| Item { title: title.into(), price: Some(price), ..Item::default() };
        let catalogue = [
            item("Áo sơ mi lụa trắng", 450_000),
            item("Áo sơ mi lụa đen", 470_000),
            item("Áo sơ mi lụa đen cao cấp", 4_500_000),
            item("Nồi cơm điện", 450_000),
        ];
        let mut shop = Recommender::build(&[], &catalogue, Options::default(), NOW);
        assert_eq!(items(&shop.similar(0, Ask::any(5))), [1, 2]);
        shop.set_item(1, &item("Chảo chống dính", 470_000));
        assert_eq!(items(&shop.similar(0, Ask::any(5))), [2]);
    }

    #[test]
    fn two_customers_who_are_one_have_one_past() {
        let mut shop = Recommender::new(Options::default(), NOW);
        for (customer, item) in [(1, 0), (1, 1), (2, 1), (2, 2)] {
            shop.record(purchase(customer, item, -2), NOW);
        }
        shop.merge_customers(1, 2);
        assert_eq!(shop.history(2).len(), 3);
        assert_eq!(items(&shop.bought_together(&[0], Ask::any(5))), [1, 2]);
        let again = shop.buy_again(shop.history(2), NOW, Ask::any(1));
        assert_eq!(again[0].why, Why::YouBoughtBefore { times: 2, last: Some(NOW - 2 * DAY) });
    }
}
