use crate::basket::{Buyer, Line, Order, Shelf};
use crate::calendar::{Pace, date_of, local_day, months_before, visit_season};
use crate::chance::{mix, poisson};
use crate::item::{CameBy, Fact, Page, Scribe, Sender};
use crate::people::{Channel, Person};
use crate::shop::SHOP;
use kit::{Rng, Timestamp};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// Visits that go on side by side. Enough that neighbours in the stream are different people, as at a shop's door.
const SIDE_BY_SIDE: usize = 256;
/// Items between an order and each of its two notices.
const NOTICE_AFTER_ITEMS: u64 = 20_000;

/// The benchmarks' world: `profiles` people, each told of once by an `identify`, and exactly `events` further items of a
/// shop's usual mix over the 18 months before now, in order of time.
///
/// Nothing here lives a life as in [`crate::World`]: it is meant to be made at a rate that a loader cannot outrun, in a
/// few hundred KB of memory whatever the sizes. The early numbers are the more active (a tenth of the people pays a
/// third of the visits).
pub fn standard_world(
    seed: u64,
    now: Timestamp,
    profiles: u32,
    events: u64,
) -> impl Iterator<Item = Value> + Send {
    let last_day = local_day(now);
    let pace = Pace::new(months_before(last_day, 18), last_day, visit_season);
    let until = pace.even(now);
    let total = u64::from(profiles) + events;
    let mut crowd = Crowd::new(seed, format!("std{:08x}", mix(seed, now.ms() as u64) >> 32));
    let mut jitter = Rng::seeded(mix(seed, 0x6A69_7474));
    let mut introduced: u32 = 0;
    (0..total).filter_map(move |place| {
        let even = until * (place as f64 + jitter.unit()) / total as f64;
        let at = pace.instant(even).unwrap_or(now).min(now);
        // Everybody is introduced in step with the items, the last when 95 % are told, or earlier if events run out.
        let target = u64::from(profiles) * (place + 1) * 20 / (total * 19).max(1);
        let events_left = events.saturating_sub(place - u64::from(introduced));
        let is_due = u64::from(introduced) <= target || introduced == 0 || events_left == 0;
        if introduced < profiles && is_due {
            introduced += 1;
            return Some(crowd.introduce(u64::from(introduced - 1), at));
        }
        crowd.next(u64::from(introduced), at)
    })
}

/// A load of `n` events as live clients send them, 0.5-1 KB each, about people of [`standard_world`] with the same seed
/// and `profiles`. Their instants are the last `n` milliseconds before `now`.
pub fn bench_events(seed: u64, now: Timestamp, profiles: u32, n: u64) -> impl Iterator<Item = Value> + Send {
    let mut crowd = Crowd::new(seed, format!("load{:08x}", mix(seed ^ 0x6C6F_6164, now.ms() as u64) >> 32));
    (0..n).filter_map(move |place| crowd.next(u64::from(profiles), now.plus_ms(place as i64 - n as i64)))
}

/// What a person of the crowd is doing.
struct Visit {
    person: Person,
    anonymous_id: String,
    /// Still to do; taken from the end.
    plan: Vec<Step>,
    cart_id: Arc<str>,
    lines: Vec<Line>,
    order: Option<Arc<Order>>,
}

#[derive(Clone, Copy)]
enum Step {
    Page,
    View,
    Add,
    Checkout,
    Order,
}

struct Notice {
    due_place: u64,
    person_no: u64,
    order: Arc<Order>,
    status: &'static str,
}

struct Crowd {
    seed: u64,
    scribe: Scribe,
    rng: Rng,
    visits: Vec<Visit>,
    /// Consents of people just introduced, as (person, index).
    consents: VecDeque<(u64, usize)>,
    notices: VecDeque<Notice>,
    told: u64,
    carts: u64,
}

impl Crowd {
    fn new(seed: u64, run: String) -> Crowd {
        Crowd {
            seed,
            scribe: Scribe {
                shelf: Arc::new(Shelf::new(seed)),
                run: run.clone(),
                site_url: SHOP.url.to_owned(),
            },
            rng: Rng::seeded(run.bytes().fold(seed, |sum, byte| mix(sum, u64::from(byte)))),
            visits: Vec::with_capacity(SIDE_BY_SIDE),
            consents: VecDeque::new(),
            notices: VecDeque::new(),
            told: 0,
            carts: 0,
        }
    }

    fn tell(&mut self, person: &Person, anonymous_id: &str, at: Timestamp, fact: &Fact) -> Value {
        self.told += 1;
        let sender = Sender { person, device: 0, anonymous_id, is_identified: true, created_at: at };
        self.scribe.item(&sender, &self.told.to_string(), at, fact)
    }

    fn introduce(&mut self, no: u64, at: Timestamp) -> Value {
        let person = Person::of(self.seed, no);
        let by_email = person.consents.iter().enumerate().filter(|(_, c)| c.channel == Channel::Email);
        self.consents.extend(by_email.map(|(index, _)| (no, index)));
        self.tell(&person, &device_of(self.seed, no), at, &Fact::Identify { has_address: true })
    }

    /// One more event of one of the first `known` people; `None` when there are none.
    fn next(&mut self, known: u64, at: Timestamp) -> Option<Value> {
        if known == 0 {
            return None;
        }
        if let Some((no, index)) = self.consents.pop_front() {
            let person = Person::of(self.seed, no);
            let consent = *person.consents.get(index)?;
            let fact = Fact::ConsentGiven { consent, source: "signup_form" };
            return Some(self.tell(&person, &device_of(self.seed, no), at, &fact));
        }
        if self.notices.front().is_some_and(|notice| notice.due_place <= self.told) {
            let Notice { person_no, order, status, .. } = self.notices.pop_front()?;
            let person = Person::of(self.seed, person_no);
            if status == "shipped" {
                self.notices.push_back(Notice {
                    due_place: self.told + NOTICE_AFTER_ITEMS,
                    person_no,
                    order: Arc::clone(&order),
                    status: "delivered",
                });
            }
            return Some(self.tell(&person, "", at, &Fact::OrderUpdated { order, status }));
        }
        if self.visits.len() < SIDE_BY_SIDE {
            let visit = self.new_visit(known);
            self.visits.push(visit);
        }
        let slot = self.rng.below(self.visits.len() as u64) as usize;
        if self.visits[slot].plan.is_empty() {
            self.visits[slot] = self.new_visit(known);
        }
        let mut visit = self.visits.swap_remove(slot);
        let item = self.go_on(&mut visit, at);
        self.visits.push(visit);
        Some(item)
    }

    fn new_visit(&mut self, known: u64) -> Visit {
        let skew = self.rng.unit().powi(2);
        let no = ((known as f64 * skew) as u64).min(known - 1);
        self.carts += 1;
        let mut plan = Vec::new();
        if self.rng.chance(0.32) {
            if self.rng.chance(0.55) {
                plan.push(Step::Order);
                plan.push(Step::Checkout);
            }
            plan.extend(std::iter::repeat_n(Step::Add, 1 + poisson(&mut self.rng, 0.5) as usize));
        }
        plan.extend(std::iter::repeat_n(Step::View, 1 + poisson(&mut self.rng, 1.4) as usize));
        plan.push(Step::Page);
        Visit {
            person: Person::of(self.seed, no),
            anonymous_id: device_of(self.seed, no),
            plan,
            cart_id: format!("gio-{}-{}", self.scribe.run, self.carts).into(),
            lines: Vec::new(),
            order: None,
        }
    }

    fn go_on(&mut self, visit: &mut Visit, at: Timestamp) -> Value {
        let shelf = Arc::clone(&self.scribe.shelf);
        let fact = match visit.plan.pop().unwrap_or(Step::Page) {
            Step::Page => {
                let page =
                    if self.rng.chance(0.4) { Page::Home } else { Page::Shelf(self.rng.below(14) as u8) };
                Fact::Page { page, came_by: if self.rng.chance(0.3) { CameBy::Ad } else { CameBy::Direct } }
            }
            Step::View => Fact::ProductViewed { product: shelf.popular(&mut self.rng) },
            Step::Add => {
                let line = shelf.line(shelf.popular(&mut self.rng), &mut self.rng);
                visit.lines.push(line);
                Fact::ProductAdded { line, cart_id: Arc::clone(&visit.cart_id) }
            }
            Step::Checkout => {
                let ids =
                    (format!("NL-{}-{}", self.scribe.run, self.carts + self.told), visit.cart_id.to_string());
                let buyer = Buyer { is_first_order: false, is_near: visit.person.is_near };
                let lines = visit.lines.clone();
                let order = Arc::new(shelf.order(ids, lines, buyer, date_of(local_day(at)), &mut self.rng));
                visit.order = Some(Arc::clone(&order));
                Fact::CheckoutStarted { order }
            }
            Step::Order => match visit.order.take() {
                Some(order) => {
                    self.notices.push_back(Notice {
                        due_place: self.told + NOTICE_AFTER_ITEMS,
                        person_no: visit.person.no,
                        order: Arc::clone(&order),
                        status: "shipped",
                    });
                    Fact::OrderCompleted { order }
                }
                None => Fact::Page { page: Page::Cart, came_by: CameBy::Direct },
            },
        };
        self.tell(&visit.person, &visit.anonymous_id, at, &fact)
    }
}

/// The one device that a person of the crowd has.
pub fn device_of(seed: u64, no: u64) -> String {
    format!("{:016x}", mix(seed ^ 0x6465_7669_6365, no))
}
