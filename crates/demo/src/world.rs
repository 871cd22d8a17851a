use crate::basket::Shelf;
use crate::calendar::{self, Pace, local_day, months_before, order_season, visit_season};
use crate::chance::mix;
use crate::item::Scribe;
use crate::shop::SHOP;
use crate::shopper::{Shopper, Town};
use kit::{Rng, Timestamp};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// How large a past to make up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// People who say who they are, at most 900,000. About six tenths as many strangers come on top.
    pub customers: u32,
    /// Calendar months of history before now, 1..=120.
    pub months: u32,
}

impl Default for Size {
    /// The demo's shop: 20,000 customers over a year and a half.
    fn default() -> Self {
        Size { customers: 20_000, months: 18 }
    }
}

/// What the live shoppers need to know of a world to meet its people again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorldFacts {
    pub seed: u64,
    pub customers: u32,
}

/// Customers are numbered from 0 in order of signing up, strangers from here.
const FIRST_STRANGER: u64 = 900_000;

/// The shop's past as Segment items (`identify`, `page`, `track`) in order of time, none later than now.
///
/// Memory is bounded by the people, not by what they do: 8 bytes for each who has yet to come and about 1 KB for each
/// who is still about; the JSON of an item exists from `next` on.
pub struct World {
    town: Town,
    facts: WorldFacts,
    /// First visits, latest first, so that the next is popped off the end.
    customers_to_come: Vec<Timestamp>,
    strangers_to_come: Vec<Timestamp>,
    customers_come: u64,
    strangers_come: u64,
    /// Whose next fact is next: instant, and the person's number for a total order.
    queue: BinaryHeap<Reverse<Due>>,
}

struct Due {
    at: Timestamp,
    no: u64,
    shopper: Box<Shopper>,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.no) == (other.at, other.no)
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.no).cmp(&(other.at, other.no))
    }
}

impl World {
    /// The same items for the same seed, now and size. (Another platform's logarithm may differ in its last bit, and with it
    /// an instant by a millisecond.)
    pub fn generate(seed: u64, now: Timestamp, size: Size) -> World {
        let last_day = local_day(now);
        let first_day = months_before(last_day, size.months.clamp(1, 120));
        let days = (last_day - first_day).max(1) as f64;
        // The shop grows: at the end twice as many sign up in an ordinary week as at the start.
        let epoch = calendar::date_of(first_day);
        let arrivals = Pace::new(first_day, last_day, |date| {
            let age = date.since(epoch).map_or(0.0, |span| f64::from(span.get_days()));
            order_season(date) * (1.0 + age / days)
        });
        let town = Town {
            seed,
            now,
            scribe: Scribe {
                shelf: Arc::new(Shelf::new(seed)),
                run: format!("{:08x}", mix(seed, now.ms() as u64) >> 32),
                site_url: SHOP.url.to_owned(),
            },
            orders: Pace::new(first_day, last_day, order_season),
            visits: Pace::new(first_day, last_day, visit_season),
        };
        let customers = size.customers.min(FIRST_STRANGER as u32);
        let mut rng = Rng::seeded(mix(seed, 0x6172_7269_7665));
        let until = arrivals.even(now);
        let mut draw = |count: u32| {
            let mut starts: Vec<Timestamp> =
                (0..count).filter_map(|_| arrivals.instant(rng.unit() * until)).collect();
            starts.sort_unstable_by(|a, b| b.cmp(a));
            starts
        };
        let customers_to_come = draw(customers);
        let strangers_to_come = draw((u64::from(customers) * 6 / 10) as u32);
        World {
            town,
            facts: WorldFacts { seed, customers },
            customers_to_come,
            strangers_to_come,
            customers_come: 0,
            strangers_come: 0,
            queue: BinaryHeap::new(),
        }
    }

    /// Gives every address in the items this root (`http://127.0.0.1:8080`) instead of the shop's own, which nobody
    /// serves: a demo that answers its products' pictures itself names where it listens.
    pub fn at_site(mut self, url: &str) -> World {
        self.town.scribe.site_url = url.trim_end_matches('/').to_owned();
        self
    }

    pub fn facts(&self) -> WorldFacts {
        self.facts
    }

    /// Lets everybody in whose first visit is not after the next known fact.
    fn admit(&mut self) {
        loop {
            let horizon = self.queue.peek().map_or(Timestamp::MAX, |Reverse(due)| due.at);
            let customer = self.customers_to_come.last().copied().unwrap_or(Timestamp::MAX);
            let stranger = self.strangers_to_come.last().copied().unwrap_or(Timestamp::MAX);
            let first = customer.min(stranger);
            if first == Timestamp::MAX || first > horizon {
                return;
            }
            let (no, shopper) = if customer <= stranger {
                self.customers_to_come.pop();
                self.customers_come += 1;
                let no = self.customers_come - 1;
                (no, Shopper::customer(&self.town, no, customer))
            } else {
                self.strangers_to_come.pop();
                self.strangers_come += 1;
                let no = FIRST_STRANGER + self.strangers_come - 1;
                (no, Shopper::stranger(&self.town, no, stranger))
            };
            self.enqueue(no, Box::new(shopper));
        }
    }

    fn enqueue(&mut self, no: u64, shopper: Box<Shopper>) {
        if let Some(at) = shopper.next_at()
            && at <= self.town.now
        {
            self.queue.push(Reverse(Due { at, no, shopper }));
        }
    }
}

impl Iterator for World {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            self.admit();
            let Reverse(mut due) = self.queue.pop()?;
            let told = due.shopper.step(&self.town);
            let overtaken = told.as_ref().is_some_and(|(at, _)| *at > due.at);
            debug_assert!(!overtaken, "a step tells what was due");
            self.enqueue(due.no, due.shopper);
            if let Some((_, item)) = told {
                return Some(item);
            }
        }
    }
}
