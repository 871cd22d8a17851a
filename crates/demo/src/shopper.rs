use crate::basket::{Buyer, Line, Order, Payment, Shelf, Taste};
use crate::calendar::{Pace, date_of, local_day, local_hour, working_hours};
use crate::chance::{between, exponential, gamma, mix, poisson};
use crate::item::{CameBy, Fact, Page, Scribe, Sender};
use crate::people::{Person, Purpose};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, Rng, SECOND_MS, Timestamp};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// What every shopper of a world shares.
pub struct Town {
    pub seed: u64,
    pub now: Timestamp,
    pub scribe: Scribe,
    /// The clocks that buying and looking run on.
    pub orders: Pace,
    pub visits: Pace,
}

/// A fact that waits for its moment.
struct Pending {
    at: Timestamp,
    /// Order of making, so that two facts of one millisecond keep their order.
    seq: u32,
    device: u8,
    fact: Fact,
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.seq) == (other.at, other.seq)
    }
}
impl Eq for Pending {}
impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Pending {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.seq).cmp(&(other.at, other.seq))
    }
}

/// One of a person's devices, as the shop's tracker sees it.
struct Browser {
    anonymous_id: String,
    /// The identify that names its user has been told.
    is_identified: bool,
    /// It is planned or told.
    will_identify: bool,
}

/// One person's life with the shop, played forward a visit at a time; what lies ahead is never more than the visit at
/// hand and the fate of the open orders.
///
/// Buying follows the family of models that buy-till-you-die estimators assume, on purpose not any one of them:
/// rates are gamma across people and each person leaves after an exponential time with a gamma rate (Pareto/NBD:
/// Schmittlein, Morrison and Colombo 1987), gaps are Erlang with a person's own regularity (as in Platzer and
/// Reutterer 2016), and the calendar bends it all.
pub struct Shopper {
    person: Person,
    taste: Taste,
    rng: Rng,
    pending: BinaryHeap<Reverse<Pending>>,
    made: u32,
    told: u32,
    browsers: Vec<Browser>,
    address_told: bool,
    is_customer: bool,
    created_at: Timestamp,
    /// After this the person no longer buys; looking fades too.
    leaves_at: Timestamp,
    orders_per_day: f64,
    /// Erlang shape of the gaps: 1 is memoryless, 3 is a habit.
    regularity: u32,
    visits_per_day: f64,
    next_order_at: Option<Timestamp>,
    next_visit_at: Option<Timestamp>,
    orders_made: u32,
    carts_made: u32,
}

impl Shopper {
    /// A customer, who says who they are at `start`.
    pub fn customer(town: &Town, no: u64, start: Timestamp) -> Shopper {
        let mut shopper = Shopper::new(town, no, start, true);
        let rng = &mut shopper.rng;
        // 16 of 100 leave an address for the voucher or the news and have not bought (yet).
        let ever_buys = rng.chance(0.84);
        // Mean one order in 16 weeks while active; a few order monthly, many once a year.
        shopper.orders_per_day = (gamma(rng, 0.8) / 0.8 / 112.0).min(0.09);
        shopper.regularity = [1, 1, 1, 2, 2, 3][rng.below(6) as usize];
        // Mean life about eight months, with a long tail: the loyal stay for years.
        let leave_rate = gamma(rng, 1.1) / 1.1 / 240.0;
        let life_days = (exponential(rng) / leave_rate.max(1e-5)).min(4_000.0);
        shopper.leaves_at = start.plus_ms((life_days * DAY_MS as f64) as i64);
        shopper.visits_per_day = (gamma(rng, 0.7) / 0.7 / 60.0).min(0.25);
        shopper.next_visit_at = shopper.visit_after(town, start);
        let buys_at_once = ever_buys && shopper.rng.chance(0.62);
        shopper.sign_up(town, start, buys_at_once);
        if ever_buys && !buys_at_once {
            shopper.next_order_at = shopper.order_after(town, start);
        }
        shopper.withdrawals(start);
        shopper
    }

    /// Somebody who looks once or a few times and never says who they are.
    pub fn stranger(town: &Town, no: u64, start: Timestamp) -> Shopper {
        let mut shopper = Shopper::new(town, no, start, false);
        shopper.browsers.truncate(1);
        shopper.visits_per_day = 0.03;
        shopper.leaves_at = start.plus_ms((exponential(&mut shopper.rng) * 20.0 * DAY_MS as f64) as i64);
        shopper.browse(town, start, 0);
        if shopper.rng.chance(0.3) {
            shopper.next_visit_at = shopper.visit_after(town, start);
        }
        shopper
    }

    fn new(town: &Town, no: u64, start: Timestamp, is_customer: bool) -> Shopper {
        let (person, taste, anonymous_ids, rng) = beginnings(town.seed, no);
        let browser = |anonymous_id| Browser { anonymous_id, is_identified: false, will_identify: false };
        let browsers = anonymous_ids.into_iter().map(browser).collect();
        Shopper {
            person,
            taste,
            rng,
            pending: BinaryHeap::new(),
            made: 0,
            told: 0,
            browsers,
            address_told: false,
            is_customer,
            created_at: start,
            leaves_at: start,
            orders_per_day: 0.0,
            regularity: 1,
            visits_per_day: 0.0,
            next_order_at: None,
            next_visit_at: None,
            orders_made: 0,
            carts_made: 0,
        }
    }

    /// When something happens next, if anything does before the world's now.
    pub fn next_at(&self) -> Option<Timestamp> {
        let fact = self.pending.peek().map(|Reverse(pending)| pending.at);
        [fact, self.next_order_at, self.next_visit_at].into_iter().flatten().min()
    }

    /// Plays until the next fact has happened and tells it; `None` when this life has nothing more to tell.
    pub fn step(&mut self, town: &Town) -> Option<(Timestamp, Value)> {
        loop {
            let at = self.next_at()?;
            if at > town.now {
                return None;
            }
            if self.next_order_at == Some(at) {
                self.next_order_at = None;
                let device = self.some_device();
                self.order_session(town, at, device);
                self.next_order_at = self.order_after(town, at);
            } else if self.next_visit_at == Some(at) {
                self.next_visit_at = None;
                let device = self.some_device();
                self.browse(town, at, device);
                self.next_visit_at = self.visit_after(town, at);
            } else {
                let Reverse(pending) = self.pending.pop()?;
                return Some((pending.at, self.tell(town, &pending)));
            }
        }
    }

    fn tell(&mut self, town: &Town, pending: &Pending) -> Value {
        let device = usize::from(pending.device);
        let browser = &mut self.browsers[device];
        browser.is_identified |= matches!(pending.fact, Fact::Identify { .. });
        let sender = Sender {
            person: &self.person,
            device,
            anonymous_id: &browser.anonymous_id,
            is_identified: browser.is_identified,
            created_at: self.created_at,
        };
        self.told += 1;
        let key = format!("{}-{}", self.person.no, self.told);
        town.scribe.item(&sender, &key, pending.at, &pending.fact)
    }

    fn plan(&mut self, at: Timestamp, device: usize, fact: Fact) {
        if let Fact::Identify { has_address } = fact {
            self.browsers[device].will_identify = true;
            self.address_told |= has_address;
        }
        self.made += 1;
        self.pending.push(Reverse(Pending { at, seq: self.made, device: device as u8, fact }));
    }

    fn order_after(&mut self, town: &Town, at: Timestamp) -> Option<Timestamp> {
        if self.orders_per_day <= 0.0 {
            return None;
        }
        let shape = f64::from(self.regularity);
        let even_days: f64 = (0..self.regularity).map(|_| exponential(&mut self.rng)).sum::<f64>() / shape;
        // Nobody orders again in the very hour: the parcel of the first is not packed yet.
        let next = town.orders.after(at, 0.5 + even_days / self.orders_per_day)?;
        (next <= self.leaves_at).then_some(next)
    }

    fn visit_after(&mut self, town: &Town, at: Timestamp) -> Option<Timestamp> {
        let next = town.visits.after(at, exponential(&mut self.rng) / self.visits_per_day.max(1e-6))?;
        (next <= self.leaves_at).then_some(next)
    }

    fn some_device(&mut self) -> usize {
        if self.rng.chance(0.6) { 0 } else { self.rng.below(self.browsers.len() as u64) as usize }
    }

    fn pause(&mut self, mean_s: f64) -> i64 {
        ((4.0 + exponential(&mut self.rng) * mean_s) * SECOND_MS as f64) as i64
    }

    /// The first minutes: looking round as a stranger, then an account, a form or a checkout, and the consents.
    fn sign_up(&mut self, town: &Town, start: Timestamp, buys_at_once: bool) {
        let shelf = Arc::clone(&town.scribe.shelf);
        let mut at = self.arrive(start, 0);
        for _ in 0..poisson(&mut self.rng, 0.9) {
            at = at.plus_ms(self.pause(40.0));
            let product = shelf.choose(&self.taste, date_of(local_day(at)), &mut self.rng);
            self.plan(at, 0, Fact::ProductViewed { product });
        }
        at = at.plus_ms(self.pause(60.0));
        self.created_at = at;
        self.plan(at, 0, Fact::Identify { has_address: buys_at_once });
        let source = if buys_at_once {
            "checkout"
        } else {
            *self.rng.pick(&["signup_form", "popup"]).unwrap_or(&"popup")
        };
        let consents = self.person.consents.clone();
        for consent in consents {
            at = at.plus_ms(SECOND_MS);
            self.plan(at, 0, Fact::ConsentGiven { consent, source });
        }
        if buys_at_once {
            self.fill_and_buy(town, at, 0);
            self.next_order_at = self.order_after(town, at.plus_ms(HOUR_MS));
        }
    }

    /// A tenth of those who let the shop advertise change their minds some day.
    fn withdrawals(&mut self, start: Timestamp) {
        let consents = self.person.consents.clone();
        for consent in consents.into_iter().filter(|c| c.purpose != Purpose::Transactional) {
            let probability = if consent.purpose == Purpose::Marketing { 0.12 } else { 0.03 };
            if self.rng.chance(probability) {
                let days = 5.0 + exponential(&mut self.rng) * 110.0;
                let at = start.plus_ms((days * DAY_MS as f64) as i64);
                let source = if consent.purpose == Purpose::Marketing {
                    "unsubscribe_link"
                } else {
                    "preference_page"
                };
                self.plan(at, 0, Fact::ConsentWithdrawn { consent, source });
            }
        }
    }

    /// The first page of a visit; on another device the person may log in now or later.
    fn arrive(&mut self, at: Timestamp, device: usize) -> Timestamp {
        let came_by = match self.rng.below(100) {
            0..=33 => CameBy::Direct,
            34..=56 => CameBy::Search,
            57..=76 => CameBy::Social,
            77..=91 => CameBy::Ad,
            _ if self.browsers[device].will_identify => CameBy::Newsletter,
            _ => CameBy::Direct,
        };
        let page = if self.rng.chance(0.45) { Page::Home } else { Page::Shelf(self.rng.below(14) as u8) };
        self.plan(at, device, Fact::Page { page, came_by });
        let is_stranger_here = self.is_customer && device > 0 && !self.browsers[device].will_identify;
        if is_stranger_here && self.rng.chance(0.55) {
            let login = at.plus_ms(self.pause(50.0));
            self.plan(login, device, Fact::Identify { has_address: self.address_told });
            return login;
        }
        at
    }

    fn new_cart(&mut self) -> Arc<str> {
        self.carts_made += 1;
        format!("gio-{}-{}", self.person.no, self.carts_made).into()
    }

    /// A visit without an order: looking, sometimes a cart that is left.
    fn browse(&mut self, town: &Town, start: Timestamp, device: usize) {
        let shelf = Arc::clone(&town.scribe.shelf);
        let mut at = self.arrive(start, device);
        let date = date_of(local_day(start));
        let mut seen = Vec::new();
        for _ in 0..poisson(&mut self.rng, 1.6).min(8) {
            at = at.plus_ms(self.pause(45.0));
            let product = shelf.choose(&self.taste, date, &mut self.rng);
            seen.push(product);
            self.plan(at, device, Fact::ProductViewed { product });
        }
        let Some(last) = seen.last().copied() else { return };
        let takes = if self.is_customer { 0.2 } else { 0.07 };
        if !self.rng.chance(takes) {
            return;
        }
        let cart_id = self.new_cart();
        at = at.plus_ms(self.pause(25.0));
        let line = shelf.line(last, &mut self.rng);
        self.plan(at, device, Fact::ProductAdded { line, cart_id: Arc::clone(&cart_id) });
        if self.rng.chance(0.18) {
            at = at.plus_ms(self.pause(60.0));
            self.plan(at, device, Fact::ProductRemoved { line, cart_id: Arc::clone(&cart_id) });
        } else if self.is_customer && self.rng.chance(0.3) {
            at = at.plus_ms(self.pause(60.0));
            let order = self.price(&shelf, &cart_id, vec![line], at);
            self.plan(at, device, Fact::CheckoutStarted { order });
        }
    }

    fn order_session(&mut self, town: &Town, start: Timestamp, device: usize) {
        let at = self.arrive(start, device);
        self.fill_and_buy(town, at, device);
    }

    fn price(&mut self, shelf: &Shelf, cart_id: &str, lines: Vec<Line>, at: Timestamp) -> Arc<Order> {
        let ids = (format!("NL{:07}-{:02}", self.person.no + 1, self.orders_made + 1), cart_id.to_owned());
        let buyer = Buyer { is_first_order: self.orders_made == 0, is_near: self.person.is_near };
        Arc::new(shelf.order(ids, lines, buyer, date_of(local_day(at)), &mut self.rng))
    }

    /// Fills a cart and pays, at once or, for one in five, some hours after leaving it.
    fn fill_and_buy(&mut self, town: &Town, start: Timestamp, device: usize) {
        let shelf = Arc::clone(&town.scribe.shelf);
        let cart_id = self.new_cart();
        let mut at = start;
        let mut lines: Vec<Line> = Vec::new();
        let wanted = [1, 1, 1, 1, 1, 1, 2, 2, 2, 3][self.rng.below(10) as usize]
            + poisson(&mut self.rng, 0.12) as usize;
        for _ in 0..wanted {
            let product = shelf.choose(&self.taste, date_of(local_day(at)), &mut self.rng);
            if lines.iter().any(|line| line.product == product) {
                continue;
            }
            at = at.plus_ms(self.pause(50.0));
            self.plan(at, device, Fact::ProductViewed { product });
            let line = shelf.line(product, &mut self.rng);
            lines.push(line);
            at = at.plus_ms(self.pause(20.0));
            self.plan(at, device, Fact::ProductAdded { line, cart_id: Arc::clone(&cart_id) });
        }
        if lines.len() > 1 && self.rng.chance(0.12) {
            at = at.plus_ms(self.pause(30.0));
            if let Some(line) = lines.pop() {
                self.plan(at, device, Fact::ProductRemoved { line, cart_id: Arc::clone(&cart_id) });
            }
        }
        if self.rng.chance(0.2) {
            at = at.plus_ms(HOUR_MS + (exponential(&mut self.rng) * 5.0 * HOUR_MS as f64) as i64);
            if local_hour(at) < 7 {
                // They sleep on it.
                at = at.plus_ms(7 * HOUR_MS);
            }
            let came_by = if self.rng.chance(0.4) { CameBy::CartMail } else { CameBy::Direct };
            self.plan(at, device, Fact::Page { page: Page::Cart, came_by });
        }
        at = at.plus_ms(self.pause(45.0));
        if !self.browsers[device].will_identify || !self.address_told {
            // Paying asks who you are and where you live: this is where a second device becomes known.
            self.plan(at, device, Fact::Identify { has_address: true });
            at = at.plus_ms(self.pause(15.0));
        }
        let order = self.price(&shelf, &cart_id, lines, at);
        self.plan(at, device, Fact::CheckoutStarted { order: Arc::clone(&order) });
        if order.coupon.is_some() {
            at = at.plus_ms(self.pause(20.0));
            self.plan(at, device, Fact::CouponApplied { order: Arc::clone(&order) });
        }
        at = at.plus_ms(self.pause(70.0));
        self.plan(at, device, Fact::OrderCompleted { order: Arc::clone(&order) });
        self.orders_made += 1;
        self.fate(order, at, device);
    }

    /// What becomes of an order: parcel, refusal, return, review.
    fn fate(&mut self, order: Arc<Order>, placed_at: Timestamp, device: usize) {
        let is_cod = order.payment == Payment::CashOnDelivery;
        if self.rng.chance(if is_cod { 0.025 } else { 0.015 }) {
            let at = placed_at
                .plus_ms(10 * MINUTE_MS + (exponential(&mut self.rng) * 3.0 * HOUR_MS as f64) as i64);
            let reason = *self
                .rng
                .pick(&["Khách đổi ý", "Đặt nhầm kích cỡ", "Muốn đổi địa chỉ nhận hàng", "Hết hàng"])
                .unwrap_or(&"Khách đổi ý");
            self.plan(at, device, Fact::OrderCancelled { order, reason });
            return;
        }
        let packed = placed_at.plus_ms((4 + self.rng.below(26) as i64) * HOUR_MS);
        let shipped_at = working_hours(packed, &mut self.rng);
        self.plan(shipped_at, device, Fact::OrderUpdated { order: Arc::clone(&order), status: "shipped" });
        let days =
            if self.person.is_near { between(&mut self.rng, 1, 2) } else { between(&mut self.rng, 2, 5) };
        let arrived = shipped_at.plus_ms(days * DAY_MS + self.rng.below(8) as i64 * HOUR_MS);
        let arrived_at = working_hours(arrived, &mut self.rng);
        if is_cod && self.rng.chance(0.022) {
            self.plan(arrived_at, device, Fact::OrderCancelled { order, reason: "Khách không nhận hàng" });
            return;
        }
        self.plan(arrived_at, device, Fact::OrderUpdated { order: Arc::clone(&order), status: "delivered" });
        if self.rng.chance(0.042) {
            let at = working_hours(arrived_at.plus_ms(between(&mut self.rng, 2, 9) * DAY_MS), &mut self.rng);
            let count = order.lines.len();
            let lines = if count > 1 && self.rng.chance(0.7) {
                between(&mut self.rng, 1, count as i64 - 1) as usize
            } else {
                count
            };
            self.plan(at, device, Fact::OrderRefunded { order, lines });
        } else if self.rng.chance(0.13) {
            let wait = between(&mut self.rng, 1, 12) * DAY_MS + self.rng.below(5) as i64 * HOUR_MS;
            let (rating, body) = draw_review(&mut self.rng);
            self.plan(arrived_at.plus_ms(wait), device, Fact::ProductReviewed { order, rating, body });
        }
    }
}

/// What a person starts life with: who they are, what they like, the anonymous id of each device, and the chance that
/// decides the rest. Live shoppers meet the world's people again through this.
pub fn beginnings(seed: u64, no: u64) -> (Person, Taste, Vec<String>, Rng) {
    let person = Person::of(seed, no);
    let mut rng = Rng::seeded(mix(seed ^ 0x6C69_6665, no));
    let taste = Taste::draw(&mut rng);
    let anonymous_ids = person.devices.iter().map(|_| anonymous_id(&mut rng)).collect();
    (person, taste, anonymous_ids, rng)
}

/// A version 4 UUID's shape, as browsers' SDKs make them.
fn anonymous_id(rng: &mut Rng) -> String {
    let (a, b) = (rng.next_u64(), rng.next_u64());
    let (time, middle, version) = (a >> 32, (a >> 16) & 0xFFFF, a & 0xFFF);
    format!("{time:08x}-{middle:04x}-4{version:03x}-{:04x}-{:012x}", 0x8000 | (b >> 50), b & 0xFFFF_FFFF_FFFF)
}

/// Stars and a few words, mostly content, as shops' reviews are.
pub fn draw_review(rng: &mut Rng) -> (u8, &'static str) {
    const FIVE: [&str; 6] = [
        "Vải mát, đường may kỹ, mặc lên rất ưng.",
        "Giao nhanh, gói đẹp, sẽ ủng hộ shop tiếp.",
        "Màu y như hình, đứng dáng. Mẹ mình khen mãi.",
        "Lần thứ hai mua ở đây, lần nào cũng hài lòng.",
        "Chất linen xịn, giặt máy không nhăn nhiều.",
        "Tặng bạn nhân ngày 20/10, bạn thích lắm!",
    ];
    const FOUR: [&str; 3] = [
        "Đẹp, chỉ hơi dài so với mình.",
        "Vải ổn so với giá, giao chậm hơn dự kiến một ngày.",
        "Form đẹp, màu ngoài đậm hơn hình một chút.",
    ];
    const LOW: [&str; 3] = [
        "Mặc hơi chật, nên lấy tăng một size.",
        "Chỉ thừa nhiều, mong shop kiểm hàng kỹ hơn.",
        "Màu khác hình khá nhiều.",
    ];
    let choose = |rng: &mut Rng, list: &[&'static str]| rng.pick(list).copied().unwrap_or_default();
    match rng.below(100) {
        0..=63 => (5, choose(rng, &FIVE)),
        64..=87 => (4, choose(rng, &FOUR)),
        88..=95 => (3, choose(rng, &LOW)),
        _ => (1 + rng.below(2) as u8, choose(rng, &LOW)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{months_before, order_season, visit_season};
    use crate::shop::SHOP;

    #[test]
    fn what_lies_ahead_of_a_shopper_stays_small() {
        let now = Timestamp::from_ms(1_795_230_000_000);
        let (last_day, seed) = (local_day(now), 3);
        let first_day = months_before(last_day, 120);
        let scribe =
            Scribe { shelf: Arc::new(Shelf::new(seed)), run: "t".to_owned(), site_url: SHOP.url.to_owned() };
        let orders = Pace::new(first_day, last_day, order_season);
        let visits = Pace::new(first_day, last_day, visit_season);
        let town = Town { seed, now, scribe, orders, visits };
        let start = now.plus_ms(-119 * 30 * DAY_MS);
        let (mut told, mut ahead) = (0, 0);
        for no in 0..60 {
            let mut shopper = Shopper::customer(&town, no, start);
            let mut before = start;
            while let Some((at, _)) = shopper.step(&town) {
                assert!(before <= at && at <= now);
                before = at;
                told += 1;
                ahead = ahead.max(shopper.pending.len());
            }
        }
        assert!(told > 3_000 && ahead < 64, "{told} told, up to {ahead} ahead");
    }
}
