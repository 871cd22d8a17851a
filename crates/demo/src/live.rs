use crate::basket::{Buyer, Line, Order, Shelf, Taste};
use crate::calendar::{date_of, local_day};
use crate::chance::{exponential, mix, poisson};
use crate::item::{CameBy, Fact, Page, Scribe, Sender};
use crate::people::Person;
use crate::shop::SHOP;
use crate::shopper::{beginnings, draw_review};
use crate::world::WorldFacts;
use kit::{HOUR_MS, MINUTE_MS, Rng, SECOND_MS, Timestamp};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

/// People in the shop or waiting for a parcel at one time; nobody else comes in above it.
const SHOPPERS_MAX: usize = 5_000;
/// A driver that was away for longer than this misses the arrivals before it.
const CATCH_UP_MS: i64 = HOUR_MS;
/// Live sign-ups are numbered from here up to [`LIVE_NUMBERS`] more, above every number of a world.
const FIRST_LIVE: u64 = 2_000_000;
const LIVE_NUMBERS: u64 = 7_000_000;

/// How fast the live shop runs. Its days are short: a parcel takes minutes, so that a visitor of the demo sees one arrive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LivePace {
    /// 0..=600, on average.
    pub shoppers_per_minute: f64,
    /// Share of arrivals that the shop has not seen before, 0..=1.
    pub newcomers: f64,
    /// Mean time after which somebody comes back to a cart without being asked.
    pub return_ms: i64,
    /// Mean time from the order to the parcel's leaving.
    pub shipping_ms: i64,
    /// Mean time from then to its arrival.
    pub delivery_ms: i64,
}

impl Default for LivePace {
    fn default() -> Self {
        LivePace {
            shoppers_per_minute: 6.0,
            newcomers: 0.45,
            return_ms: 25 * MINUTE_MS,
            shipping_ms: 3 * MINUTE_MS,
            delivery_ms: 5 * MINUTE_MS,
        }
    }
}

/// Where a shopper stands. Each act of theirs leads to the next of these.
#[derive(Clone, Debug)]
enum Stage {
    Arriving,
    Looking {
        views_left: u32,
    },
    Filling,
    Deciding,
    /// Gone, with a cart; `comes_back` of their own accord when due.
    Away {
        comes_back: bool,
    },
    /// Back on the cart's page.
    Returning {
        came_by: CameBy,
    },
    CheckingOut,
    Paying {
        order: Arc<Order>,
    },
    Packed {
        order: Arc<Order>,
    },
    OnTheWay {
        order: Arc<Order>,
    },
    Unpacked {
        order: Arc<Order>,
    },
}

struct LiveShopper {
    person: Person,
    taste: Taste,
    anonymous_id: String,
    rng: Rng,
    is_identified: bool,
    /// Knows the shop from its past.
    is_known: bool,
    created_at: Timestamp,
    seen: Vec<u16>,
    cart_id: Arc<str>,
    lines: Vec<Line>,
    stage: Stage,
    due_at: Timestamp,
    told: u32,
}

/// A trickle of people through the shop, from now on: they look, fill carts, leave, come back after a cart mail, sign
/// up, buy, and get their parcels some minutes later.
///
/// Time is only what [`LiveShoppers::step`] is told. How often it is called changes nothing but when items come out.
pub struct LiveShoppers {
    facts: WorldFacts,
    pace: LivePace,
    scribe: Scribe,
    rng: Rng,
    started_at: Timestamp,
    stepped_at: Timestamp,
    next_arrival_at: Option<Timestamp>,
    arrived: u64,
    about: BTreeMap<u64, LiveShopper>,
    /// (when, who); an entry that is not its shopper's `due_at` is out of date.
    queue: BinaryHeap<Reverse<(Timestamp, u64)>>,
}

impl LiveShoppers {
    /// Nobody is in the shop at `start`. The same seed started at another instant is another run, with new people.
    pub fn new(seed: u64, facts: WorldFacts, start: Timestamp, pace: LivePace) -> LiveShoppers {
        let run = mix(seed ^ 0x6C69_7665, start.ms() as u64);
        let mut live = LiveShoppers {
            facts,
            pace,
            scribe: Scribe {
                shelf: Arc::new(Shelf::new(facts.seed)),
                run: format!("live{:08x}", run >> 32),
                site_url: SHOP.url.to_owned(),
            },
            rng: Rng::seeded(run),
            started_at: start,
            stepped_at: start,
            next_arrival_at: None,
            arrived: 0,
            about: BTreeMap::new(),
            queue: BinaryHeap::new(),
        };
        live.next_arrival_at = live.arrival_after(start);
        live
    }

    /// As [`crate::World::at_site`].
    pub fn at_site(mut self, url: &str) -> LiveShoppers {
        self.scribe.site_url = url.trim_end_matches('/').to_owned();
        self
    }

    /// Changes how many come from here on; 0 closes the door and leaves those inside to finish.
    pub fn set_shoppers_per_minute(&mut self, rate: f64) {
        self.pace.shoppers_per_minute = rate;
        // The exponential has no memory, so the wait may be drawn anew.
        self.next_arrival_at = self.arrival_after(self.stepped_at);
    }

    /// People in the shop, away with a cart, or waiting for a parcel.
    pub fn people_about(&self) -> usize {
        self.about.len()
    }

    /// Everything that happened since the last step, in order of time, none later than `now`.
    pub fn step(&mut self, now: Timestamp) -> Vec<Value> {
        let mut items = Vec::new();
        if let Some(at) = self.next_arrival_at
            && now.since_ms(at) > CATCH_UP_MS
        {
            self.next_arrival_at = self.arrival_after(now.plus_ms(-CATCH_UP_MS));
        }
        loop {
            let due = self.queue.peek().map_or(Timestamp::MAX, |Reverse((at, _))| *at);
            let arrival = self.next_arrival_at.unwrap_or(Timestamp::MAX);
            if due.min(arrival) > now {
                break;
            }
            if arrival <= due {
                self.arrive(arrival);
                self.next_arrival_at = self.arrival_after(arrival);
                continue;
            }
            let Some(Reverse((at, no))) = self.queue.pop() else { break };
            let Some(mut shopper) = self.about.remove(&no) else { continue };
            if shopper.due_at != at {
                self.about.insert(no, shopper);
                continue;
            }
            if let Some((stage, wait_ms)) = self.act(no, &mut shopper, at, &mut items) {
                shopper.stage = stage;
                shopper.due_at = at.plus_ms(wait_ms.max(1));
                self.queue.push(Reverse((shopper.due_at, no)));
                self.about.insert(no, shopper);
            }
        }
        self.stepped_at = self.stepped_at.max(now);
        items
    }

    /// Tells the shop's visitor that a cart mail is in the inbox: about half come back for their cart, within minutes.
    /// Returns whether this one will. A visitor of another name, or with no cart left, does nothing.
    pub fn cart_mail_arrived(&mut self, user_id: &str, at: Timestamp) -> bool {
        let is_away = |shopper: &LiveShopper| {
            shopper.person.user_id == user_id && matches!(shopper.stage, Stage::Away { .. })
        };
        let Some((no, shopper)) = self.about.iter_mut().find(|(_, shopper)| is_away(shopper)) else {
            return false;
        };
        if !shopper.rng.chance(0.5) {
            return false;
        }
        let wait_ms = 30 * SECOND_MS + (exponential(&mut shopper.rng) * 90.0 * SECOND_MS as f64) as i64;
        shopper.stage = Stage::Returning { came_by: CameBy::CartMail };
        shopper.due_at = at.max(self.stepped_at).plus_ms(wait_ms);
        self.queue.push(Reverse((shopper.due_at, *no)));
        true
    }

    fn arrival_after(&mut self, at: Timestamp) -> Option<Timestamp> {
        let rate = self.pace.shoppers_per_minute.clamp(0.0, 600.0);
        (rate > 0.0).then(|| {
            let wait_ms = exponential(&mut self.rng) * MINUTE_MS as f64 / rate;
            at.plus_ms(1 + wait_ms.min(1e12) as i64)
        })
    }

    fn arrive(&mut self, at: Timestamp) {
        self.arrived += 1;
        let no = self.arrived;
        let is_known = self.facts.customers > 0 && !self.rng.chance(self.pace.newcomers);
        let chance = self.rng.next_u64();
        if self.about.len() >= SHOPPERS_MAX {
            return;
        }
        let person_no = if is_known {
            chance % u64::from(self.facts.customers.max(1))
        } else {
            // Runs that start at different seconds have different newcomers for as long as the numbers last.
            let run = (self.started_at.ms() / SECOND_MS) as u64 % (LIVE_NUMBERS / 50);
            FIRST_LIVE + (run * 50 + no) % LIVE_NUMBERS
        };
        let (person, taste, anonymous_ids, _) = beginnings(self.facts.seed, person_no);
        if self.about.values().any(|other| other.person.user_id == person.user_id) {
            return; // one person is not in the shop twice
        }
        let shopper = LiveShopper {
            anonymous_id: anonymous_ids.into_iter().next().unwrap_or_default(),
            person,
            taste,
            rng: Rng::seeded(chance),
            is_identified: is_known,
            is_known,
            created_at: at,
            seen: Vec::new(),
            cart_id: self.own_id("gio", no).into(),
            lines: Vec::new(),
            stage: Stage::Arriving,
            due_at: at,
            told: 0,
        };
        self.queue.push(Reverse((at, no)));
        self.about.insert(no, shopper);
    }

    /// An id of this run's own.
    fn own_id(&self, what: &str, no: u64) -> String {
        format!("{what}-{:x}-{no}", self.started_at.ms() / SECOND_MS)
    }

    /// Does what is due and says what comes next and when; `None` ends the visit.
    fn act(
        &self,
        no: u64,
        shopper: &mut LiveShopper,
        at: Timestamp,
        items: &mut Vec<Value>,
    ) -> Option<(Stage, i64)> {
        let mut tell = |shopper: &mut LiveShopper, fact: Fact| {
            shopper.is_identified |= matches!(fact, Fact::Identify { .. });
            let sender = Sender {
                person: &shopper.person,
                device: 0,
                anonymous_id: &shopper.anonymous_id,
                is_identified: shopper.is_identified,
                created_at: shopper.created_at,
            };
            shopper.told += 1;
            items.push(self.scribe.item(&sender, &format!("{no}-{}", shopper.told), at, &fact));
        };
        let shelf = &self.scribe.shelf;
        let today = date_of(local_day(at));
        let stage = shopper.stage.clone();
        match stage {
            Stage::Arriving => {
                let came_by = [CameBy::Direct, CameBy::Search, CameBy::Social, CameBy::Ad]
                    [shopper.rng.below(4) as usize];
                let page = if shopper.rng.chance(0.5) {
                    Page::Home
                } else {
                    Page::Shelf(shopper.rng.below(14) as u8)
                };
                tell(shopper, Fact::Page { page, came_by });
                let views_left = 1 + poisson(&mut shopper.rng, 1.8);
                Some((Stage::Looking { views_left }, shopper.pause(9.0)))
            }
            Stage::Looking { views_left } if views_left > 0 => {
                let product = shelf.choose(&shopper.taste, today, &mut shopper.rng);
                shopper.seen.push(product);
                tell(shopper, Fact::ProductViewed { product });
                Some((Stage::Looking { views_left: views_left - 1 }, shopper.pause(18.0)))
            }
            Stage::Looking { .. } => {
                if !shopper.is_identified && shopper.rng.chance(0.5) {
                    shopper.created_at = at;
                    tell(shopper, Fact::Identify { has_address: false });
                    for consent in shopper.person.consents.clone() {
                        tell(shopper, Fact::ConsentGiven { consent, source: "popup" });
                    }
                }
                shopper.rng.chance(0.6).then(|| (Stage::Filling, shopper.pause(10.0)))
            }
            Stage::Filling => {
                let product = match shopper.seen.pop() {
                    Some(product) => product,
                    None => shelf.popular(&mut shopper.rng),
                };
                let line = shelf.line(product, &mut shopper.rng);
                let is_held = shopper.lines.iter().any(|held| held.product == product);
                if !is_held {
                    shopper.lines.push(line);
                    tell(shopper, Fact::ProductAdded { line, cart_id: Arc::clone(&shopper.cart_id) });
                }
                let more = !shopper.seen.is_empty() && shopper.rng.chance(0.35);
                Some((if more { Stage::Filling } else { Stage::Deciding }, shopper.pause(15.0)))
            }
            Stage::Deciding if shopper.rng.chance(0.45) => Some((Stage::CheckingOut, shopper.pause(8.0))),
            Stage::Deciding => {
                // Whoever left no name cannot be written to, and in this play does not return.
                if !shopper.is_identified {
                    return None;
                }
                let comes_back = shopper.rng.chance(0.2);
                let mean_ms = if comes_back { self.pace.return_ms } else { 6 * HOUR_MS };
                Some((Stage::Away { comes_back }, shopper.wait(mean_ms)))
            }
            Stage::Away { comes_back: false } => None,
            Stage::Away { comes_back: true } => {
                tell(shopper, Fact::Page { page: Page::Cart, came_by: CameBy::Direct });
                Some((Stage::CheckingOut, shopper.pause(12.0)))
            }
            Stage::Returning { came_by } => {
                tell(shopper, Fact::Page { page: Page::Cart, came_by });
                Some((Stage::CheckingOut, shopper.pause(12.0)))
            }
            Stage::CheckingOut => {
                if !shopper.is_identified {
                    shopper.created_at = at;
                    tell(shopper, Fact::Identify { has_address: true });
                    for consent in shopper.person.consents.clone() {
                        tell(shopper, Fact::ConsentGiven { consent, source: "checkout" });
                    }
                } else if !shopper.is_known {
                    tell(shopper, Fact::Identify { has_address: true });
                }
                let ids = (self.own_id("NLT", no), shopper.cart_id.to_string());
                let buyer = Buyer { is_first_order: !shopper.is_known, is_near: shopper.person.is_near };
                let lines = std::mem::take(&mut shopper.lines);
                let order = Arc::new(shelf.order(ids, lines, buyer, today, &mut shopper.rng));
                tell(shopper, Fact::CheckoutStarted { order: Arc::clone(&order) });
                Some((Stage::Paying { order }, shopper.pause(25.0)))
            }
            Stage::Paying { order } => {
                if order.coupon.is_some() {
                    tell(shopper, Fact::CouponApplied { order: Arc::clone(&order) });
                }
                tell(shopper, Fact::OrderCompleted { order: Arc::clone(&order) });
                Some((Stage::Packed { order }, shopper.wait(self.pace.shipping_ms)))
            }
            Stage::Packed { order } => {
                if shopper.rng.chance(0.03) {
                    tell(shopper, Fact::OrderCancelled { order, reason: "Khách đổi ý" });
                    return None;
                }
                tell(shopper, Fact::OrderUpdated { order: Arc::clone(&order), status: "shipped" });
                Some((Stage::OnTheWay { order }, shopper.wait(self.pace.delivery_ms)))
            }
            Stage::OnTheWay { order } => {
                tell(shopper, Fact::OrderUpdated { order: Arc::clone(&order), status: "delivered" });
                shopper
                    .rng
                    .chance(0.25)
                    .then(|| (Stage::Unpacked { order }, shopper.wait(self.pace.delivery_ms)))
            }
            Stage::Unpacked { order } => {
                if shopper.rng.chance(0.16) {
                    let lines = order.lines.len();
                    tell(shopper, Fact::OrderRefunded { order, lines });
                } else {
                    let (rating, body) = draw_review(&mut shopper.rng);
                    tell(shopper, Fact::ProductReviewed { order, rating, body });
                }
                None
            }
        }
    }
}

impl LiveShopper {
    /// Some seconds between two clicks.
    fn pause(&mut self, mean_s: f64) -> i64 {
        ((2.0 + exponential(&mut self.rng) * mean_s).min(300.0) * SECOND_MS as f64) as i64
    }

    /// Around `mean_ms`, never less than half of it: parcels and people need their time.
    fn wait(&mut self, mean_ms: i64) -> i64 {
        let mean = mean_ms.max(0) as f64;
        (mean * (0.5 + 0.5 * exponential(&mut self.rng)).min(4.0)) as i64
    }
}
