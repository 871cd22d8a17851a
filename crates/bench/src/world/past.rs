//! What a shop's people did over 18 months, told in order of time: visits that go on side by side, orders with what
//! became of them, mail that was opened. Kept in memory is what somebody's next event follows from, and no more.

use super::people;
use super::words::{self, Words};
use demo::{Consent, Person, Product, Purpose};
use domain::commerce::{Cart, CartLine, Day, Order, OrderTotals, PurchaseHistory};
use domain::local_time::Zone;
use kit::{Currency, DAY_MS, HOUR_MS, Rng, Timestamp};
use serde_json::{Map, Value, json};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::ops::Range;

/// The names of events; an event's number is its place here, from 1.
pub const NAMES: [&str; 20] = [
    "Product Viewed",
    "Trang chủ",
    "Product List Viewed",
    "Products Searched",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Checkout Started",
    "Payment Info Entered",
    "Coupon Applied",
    "Order Completed",
    "Order Updated",
    "Order Cancelled",
    "Order Refunded",
    "Product Reviewed",
    "Product Added to Wishlist",
    "Email Opened",
    "Email Link Clicked",
    "Consent Given",
    "identify",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Name {
    Viewed = 1,
    Home,
    List,
    Searched,
    Added,
    Removed,
    CartViewed,
    Checkout,
    Payment,
    Coupon,
    Ordered,
    Updated,
    Cancelled,
    Refunded,
    Reviewed,
    Wished,
    Opened,
    Clicked,
    Consent,
    Identify,
}

pub struct EventRow {
    /// From 0; the profile's number is one more.
    pub person: u32,
    pub name: Name,
    pub at: i64,
    /// In ten-thousandths.
    pub amount: Option<i64>,
    pub body: String,
}

pub struct OrderRow {
    pub person: u32,
    pub order: Order,
}

/// What a profile's document says beside who the person is.
#[derive(Clone, Default)]
pub struct Tally {
    pub known_at: i64,
    pub shopped_at: Option<i64>,
    totals: OrderTotals,
    /// What was bought on which day.
    purchases: Vec<(Day, i64)>,
}

impl Tally {
    pub fn totals(&self) -> OrderTotals {
        let history = PurchaseHistory::of_days(self.purchases.iter().copied());
        OrderTotals { history, ..self.totals.clone() }
    }
}

/// Lines that a cart is filled to.
const CART_LINES_MAX: usize = 6;
/// Between two steps of one visit, about.
const STEP_MS: i64 = 2 * 60_000;
/// The share of people that the shop brought along when the 18 months began.
const KNOWN_BEFORE: f64 = 0.3;
/// Days of the past.
pub const DAYS: i64 = 548;

struct Visit {
    person: u32,
    /// Taken from the end.
    plan: Vec<Name>,
}

struct OpenCart {
    lines: Vec<(u16, u8)>,
    started_at: i64,
    updated_at: i64,
    checkout_at: Option<i64>,
}

struct OpenOrder {
    row: OrderRow,
    /// Notices about it that are still to come.
    notices: u8,
}

pub struct Past {
    seed: u64,
    rng: Rng,
    time: Range<i64>,
    profiles: u32,
    events: u64,
    place: u64,
    known: u32,
    greets: bool,
    stride: u64,
    products: Vec<Product>,
    words: Vec<Words>,
    popularity: Vec<f64>,
    visits: Vec<Visit>,
    side_by_side: usize,
    consents: VecDeque<(u32, Consent, i64)>,
    carts: HashMap<u32, OpenCart>,
    notices: BinaryHeap<Reverse<(i64, u64, u8)>>,
    orders: VecDeque<OpenOrder>,
    orders_done: u64,
    pub tallies: Vec<Tally>,
}

impl Past {
    /// `until` is the last instant of the past, a midnight of Vietnam.
    pub fn new(seed: u64, until: Timestamp, profiles: u32, events: u64) -> Past {
        let products = demo::catalogue();
        let mut rank: Vec<usize> = (0..products.len()).collect();
        let mut rng = Rng::seeded(seed ^ 0x776F_726C_6473);
        for at in (1..rank.len()).rev() {
            rank.swap(at, rng.below(at as u64 + 1) as usize);
        }
        let mut weights = vec![0.0; products.len()];
        for (place, product) in rank.iter().enumerate() {
            weights[*product] = 1.0 / (place as f64 + 4.0).powf(0.8);
        }
        let mut sum = 0.0;
        let running = weights.iter().map(|weight| {
            sum += weight;
            sum
        });
        let time = until.plus_ms(-DAYS * DAY_MS).ms()..until.ms();
        let gap = (time.end - time.start) / i64::try_from(events.max(1)).unwrap_or(i64::MAX);
        let greets = events >= 2 * u64::from(profiles);
        let before = if greets { (f64::from(profiles) * KNOWN_BEFORE) as u32 } else { profiles };
        let mut tallies = vec![Tally::default(); profiles as usize];
        for tally in &mut tallies[..before as usize] {
            tally.known_at = time.start;
        }
        // Neighbours in activity are no neighbours in number: a prime that does not divide makes a permutation.
        let strides = [611_953, 1_299_709, 15_485_863];
        let stride = strides.into_iter().find(|prime| u64::from(profiles) % prime != 0).unwrap_or(1);
        Past {
            seed,
            time,
            profiles,
            events,
            place: 0,
            known: before.max(1),
            greets,
            stride,
            words: products.iter().map(Words::of).collect(),
            popularity: running.collect(),
            products,
            visits: Vec::new(),
            side_by_side: (STEP_MS / gap.max(1)).clamp(4, 512) as usize,
            consents: VecDeque::new(),
            carts: HashMap::new(),
            notices: BinaryHeap::new(),
            orders: VecDeque::new(),
            orders_done: 0,
            tallies,
            rng,
        }
    }

    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The next events, about `most`, and the orders of which nothing more is to be told; `false` when all is told.
    pub fn tell(&mut self, most: usize, events: &mut Vec<EventRow>, orders: &mut Vec<OrderRow>) -> bool {
        for _ in 0..most {
            if self.place == self.events {
                while let Some(open) = self.orders.pop_front() {
                    self.settle(open, orders);
                }
                return false;
            }
            let at = self.instant();
            let event = self.next(at);
            self.place += 1;
            events.push(event);
        }
        while self.orders.front().is_some_and(|open| open.notices == 0) {
            if let Some(open) = self.orders.pop_front() {
                self.settle(open, orders);
            }
        }
        true
    }

    /// When the event of this place happens: more by day than by night, and more of late.
    fn instant(&mut self) -> i64 {
        let even = (self.place as f64 + self.rng.unit()) / self.events as f64;
        // The density grows from 0.7 to 1.3 of its mean.
        let grown = ((0.49 + 1.2 * even).sqrt() - 0.7) / 0.6;
        let linear = (grown * (self.time.end - self.time.start) as f64) as i64;
        let (day, of_day) = (linear / DAY_MS, (linear % DAY_MS) as f64 / DAY_MS as f64);
        // Six of a hundred fall between midnight and seven.
        let night = 7.0 / 24.0;
        let awake = if of_day < 0.06 {
            of_day / 0.06 * night
        } else {
            night + (of_day - 0.06) / 0.94 * (1.0 - night)
        };
        (self.time.start + day * DAY_MS + (awake * DAY_MS as f64) as i64).min(self.time.end)
    }

    fn next(&mut self, at: i64) -> EventRow {
        let told = (self.place + 1) as f64 / self.events as f64;
        let target = f64::from(self.profiles) * (KNOWN_BEFORE + (1.0 - KNOWN_BEFORE) * told / 0.97);
        if self.greets && self.known < self.profiles && f64::from(self.known) < target {
            return self.greet(at);
        }
        if let Some((person, consent, at)) = self.consents.pop_front() {
            let mut told = Map::new();
            told.insert("channel".into(), consent.channel.code().into());
            told.insert("purpose".into(), consent.purpose.code().into());
            told.insert("source".into(), people::CONSENT_SOURCE.into());
            told.insert("wording".into(), consent.wording().into());
            return self.told(person, Name::Consent, at, &told);
        }
        if let Some(Reverse((due, number, notice))) = self.notices.peek().copied()
            && due <= at
        {
            self.notices.pop();
            return self.notify(number, notice, at);
        }
        if self.visits.len() < self.side_by_side {
            let visit = self.visit();
            self.visits.push(visit);
        }
        let slot = self.rng.below(self.visits.len() as u64) as usize;
        let step = match self.visits[slot].plan.pop() {
            Some(step) => step,
            None => {
                self.visits[slot] = self.visit();
                self.visits[slot].plan.pop().unwrap_or(Name::Home)
            }
        };
        self.go_on(self.visits[slot].person, step, at)
    }

    fn greet(&mut self, at: i64) -> EventRow {
        let no = self.known;
        self.known += 1;
        self.tallies[no as usize].known_at = at;
        let person = Person::of(self.seed, u64::from(no));
        let given = person.consents.iter().filter(|consent| consent.purpose == Purpose::Marketing);
        self.consents.extend(given.map(|consent| (no, *consent, at)));
        let device = self.device(no);
        let traits = people::traits(self.seed, &person, at);
        let body = words::body_of("identify", "traits", &traits, no, &device);
        EventRow { person: no, name: Name::Identify, at, amount: None, body }
    }

    fn device(&self, no: u32) -> String {
        demo::device_of(self.seed, u64::from(no))
    }

    fn told(&self, person: u32, name: Name, at: i64, properties: &Map<String, Value>) -> EventRow {
        let kind = if name == Name::Home { "page" } else { "track" };
        let body = words::body_of(kind, "properties", properties, person, &self.device(person));
        let amount = domain::event::amount_of(NAMES[name as usize - 1], properties);
        EventRow { person, name, at, amount, body }
    }

    /// Somebody who is known, by how active they are: of 100 events the most active fifth of the people cause 77,
    /// by the law that the rank r visits in proportion to 1 / (r + P/1000). In a small world nobody stands out so far.
    fn somebody(&mut self) -> u32 {
        let all = f64::from(self.profiles);
        let head = (all / 1_000.0).max(20.0);
        loop {
            let rank = (head * (((all + head) / head).powf(self.rng.unit()) - 1.0)) as u64;
            let no = (rank * self.stride % u64::from(self.profiles)) as u32;
            if no < self.known {
                return no;
            }
        }
    }

    fn visit(&mut self) -> Visit {
        let person = self.somebody();
        let rng = &mut self.rng;
        // From the last step to the first.
        let mut plan = Vec::with_capacity(12);
        if rng.chance(0.4) {
            if rng.chance(0.5) {
                if rng.chance(0.62) {
                    plan.extend([Name::Ordered, Name::Payment]);
                    if rng.chance(0.2) {
                        plan.push(Name::Coupon);
                    }
                }
                plan.push(Name::Checkout);
            }
            if rng.chance(0.35) {
                plan.push(Name::CartViewed);
            }
            if rng.chance(0.12) {
                plan.push(Name::Removed);
            }
            plan.push(Name::Added);
            if rng.chance(0.35) {
                plan.extend([Name::Viewed, Name::Added]);
            }
        }
        if rng.chance(0.08) {
            plan.push(Name::Wished);
        }
        plan.push(Name::Viewed);
        while plan.len() < 11 && rng.chance(0.68) {
            plan.push(Name::Viewed);
        }
        if rng.chance(0.2) {
            plan.push(Name::Searched);
        }
        if rng.chance(0.35) {
            plan.push(Name::List);
        }
        if rng.chance(0.32) {
            // The visit began in a mail.
            if rng.chance(0.3) {
                plan.push(Name::Clicked);
            }
            plan.push(Name::Opened);
        } else {
            plan.push(Name::Home);
        }
        Visit { person, plan }
    }

    fn product(&mut self) -> usize {
        let at = self.rng.unit() * self.popularity.last().copied().unwrap_or(0.0);
        self.popularity.partition_point(|sum| *sum <= at).min(self.products.len() - 1)
    }

    fn go_on(&mut self, no: u32, step: Name, at: i64) -> EventRow {
        let held = self.carts.get(&no).map_or(0, |cart| cart.lines.len());
        let step = match step {
            // Nothing to buy, or no room for more: one looks on.
            Name::Removed
            | Name::CartViewed
            | Name::Checkout
            | Name::Payment
            | Name::Coupon
            | Name::Ordered
                if held == 0 =>
            {
                Name::Viewed
            }
            Name::Added if held >= CART_LINES_MAX => Name::Viewed,
            step => step,
        };
        let device = self.device(no);
        let plain = |name: Name, body: String| EventRow { person: no, name, at, amount: None, body };
        match step {
            Name::Added | Name::Removed | Name::CartViewed | Name::Checkout => {
                self.handle_cart(no, step, at, &device)
            }
            Name::Ordered => self.buy(no, at),
            Name::Wished => {
                let product = self.product();
                plain(step, self.words[product].viewed(no, &device))
            }
            Name::List | Name::Searched => {
                let product = self.product();
                let category = &self.words[product].category;
                let told = match step {
                    Name::List => words::body(
                        "track",
                        format_args!(r#""category":{category},"list_id":"danh-muc","sort":"moi-nhat""#),
                        no,
                        &device,
                    ),
                    _ => words::body("track", format_args!(r#""query":{category}"#), no, &device),
                };
                plain(step, told)
            }
            Name::Payment => {
                let told = format_args!(r#""payment_method":"cod","shipping_method":"standard""#);
                plain(step, words::body("track", told, no, &device))
            }
            Name::Coupon => {
                let told =
                    format_args!(r#""coupon_id":"QUAYLAI50","coupon_name":"QUAYLAI50","discount":50000"#);
                plain(step, words::body("track", told, no, &device))
            }
            Name::Opened | Name::Clicked => {
                let mail = self.rng.below(400);
                let url = demo::shop().url;
                let told = match step {
                    Name::Opened => words::body(
                        "track",
                        format_args!(
                            r#""channel":"email","email_id":"ban-tin-{mail:03}","journey_id":null,"link_url":null,"template_id":"ban-tin""#
                        ),
                        no,
                        &device,
                    ),
                    _ => words::body(
                        "track",
                        format_args!(
                            r#""channel":"email","email_id":"ban-tin-{mail:03}","journey_id":null,"link_url":"{url}/ban-tin/{mail:03}","template_id":"ban-tin""#
                        ),
                        no,
                        &device,
                    ),
                };
                plain(step, told)
            }
            Name::Home => {
                let url = demo::shop().url;
                let told = format_args!(r#""path":"/","title":"Trang chủ","url":"{url}/""#);
                plain(step, words::body("page", told, no, &device))
            }
            _ => {
                let product = self.product();
                plain(Name::Viewed, self.words[product].viewed(no, &device))
            }
        }
    }

    fn handle_cart(&mut self, no: u32, step: Name, at: i64, device: &str) -> EventRow {
        let product = self.product();
        let quantity = 1 + self.rng.below(10) as u8 / 8;
        let opened = || OpenCart { lines: Vec::new(), started_at: at, updated_at: at, checkout_at: None };
        let cart = self.carts.entry(no).or_insert_with(opened);
        let mut amount = None;
        if step != Name::CartViewed {
            cart.updated_at = at;
        }
        let body = match step {
            Name::Added => {
                self.tallies[no as usize].shopped_at.get_or_insert(at);
                match cart.lines.iter_mut().find(|line| usize::from(line.0) == product) {
                    Some(line) => line.1 = line.1.saturating_add(quantity),
                    None => cart.lines.push((product as u16, quantity)),
                }
                self.words[product].counted(quantity, no, device)
            }
            Name::Removed => {
                let (product, quantity) = cart.lines.remove(cart.lines.len() - 1);
                self.words[usize::from(product)].counted(quantity, no, device)
            }
            Name::CartViewed => words::body("track", format_args!(r#""cart_id":"default""#), no, device),
            _ => {
                cart.checkout_at = Some(at);
                let (lines, goods) = (cart.lines.clone(), value_of(&self.products, &cart.lines));
                amount = Some(goods * 10_000);
                let mut listed = String::new();
                for (product, quantity) in lines {
                    let words = &self.words[usize::from(product)];
                    let price = self.products[usize::from(product)].price_minor;
                    if !listed.is_empty() {
                        listed.push(',');
                    }
                    listed.push_str(&format!(
                        r#"{{"category":{},"price":{price},"product_id":{},"quantity":{quantity}}}"#,
                        words.category, words.id
                    ));
                }
                let told = format_args!(r#""currency":"VND","products":[{listed}],"value":{goods}"#);
                words::body("track", told, no, device)
            }
        };
        if step == Name::Removed && self.carts.get(&no).is_some_and(|cart| cart.lines.is_empty()) {
            self.carts.remove(&no);
        }
        EventRow { person: no, name: step, at, amount, body }
    }

    /// The cart becomes an order, read from its event by the code that reads those of clients.
    fn buy(&mut self, no: u32, at: i64) -> EventRow {
        let lines = self.carts.remove(&no).map_or_else(Vec::new, |cart| cart.lines);
        let subtotal = value_of(&self.products, &lines);
        let discount = if self.rng.chance(0.15) { subtotal / 10 } else { 0 };
        let shipping = if subtotal >= 500_000 { 0 } else { 30_000 };
        let number = self.orders_done + self.orders.len() as u64;
        let products: Vec<Value> = lines
            .iter()
            .map(|(product, quantity)| {
                let product = &self.products[usize::from(*product)];
                json!({
                    "product_id": product.product_id, "sku": product.sku, "name": product.name, "quantity": quantity,
                    "category": product.category_title, "brand": product.brand, "price": product.price_minor,
                })
            })
            .collect();
        let mut told = Map::new();
        let mut put = |key: &str, value: Value| told.insert(key.to_owned(), value);
        put("order_id", order_id(number).into());
        put("currency", "VND".into());
        put("subtotal", subtotal.into());
        put("shipping", shipping.into());
        put("revenue", (subtotal - discount).into());
        put("total", (subtotal - discount + shipping).into());
        put("value", (subtotal - discount).into());
        put("payment_method", "cod".into());
        put("products", products.into());
        if discount > 0 {
            put("discount", discount.into());
            put("coupon", "QUAYLAI10".into());
        }
        let event = self.told(no, Name::Ordered, at, &told);
        let Some(order) = patch("Order Completed", &told, at).map(|patch| Order::new(&patch, "VND")) else {
            return event;
        };
        let mut notices = 0;
        let mut announce = |kind: u8, after: i64, count: &mut u8| {
            self.notices.push(Reverse((at + after, number, kind)));
            *count += 1;
        };
        if self.rng.chance(0.04) {
            announce(0, DAY_MS, &mut notices);
        } else {
            announce(1, DAY_MS + self.rng.below(20) as i64 * HOUR_MS, &mut notices);
            announce(2, 3 * DAY_MS + self.rng.below(30) as i64 * HOUR_MS, &mut notices);
            if self.rng.chance(0.03) {
                announce(3, 8 * DAY_MS, &mut notices);
            } else if self.rng.chance(0.2) {
                announce(4, 9 * DAY_MS, &mut notices);
            }
        }
        self.orders.push_back(OpenOrder { row: OrderRow { person: no, order }, notices });
        event
    }

    fn notify(&mut self, number: u64, notice: u8, at: i64) -> EventRow {
        let place = (number - self.orders_done) as usize;
        let mut told = Map::new();
        told.insert("order_id".into(), order_id(number).into());
        told.insert("currency".into(), "VND".into());
        let name = match notice {
            0 => {
                told.insert("reason".into(), "khách đổi ý".into());
                Name::Cancelled
            }
            1 | 2 => {
                told.insert("status".into(), if notice == 1 { "shipped" } else { "delivered" }.into());
                told.insert("carrier".into(), "Nắng Lụa Giao Nhanh".into());
                told.insert("tracking_number".into(), format!("NLGN{number:09}").into());
                Name::Updated
            }
            3 => {
                let part = self.orders[place].row.order.gross() / if self.rng.chance(0.5) { 1 } else { 2 };
                told.insert("refund_id".into(), format!("ht-{number}").into());
                told.insert("total".into(), part.into());
                Name::Refunded
            }
            _ => {
                let product =
                    self.orders[place].row.order.contents.lines.first().map(|line| line.product_id.clone());
                told.insert("product_id".into(), product.into());
                told.insert("rating".into(), (3 + self.rng.below(3)).into());
                Name::Reviewed
            }
        };
        let person = self.orders[place].row.person;
        let open = &mut self.orders[place];
        open.notices -= 1;
        if let Some(patch) = patch(NAMES[name as usize - 1], &told, at) {
            open.row.order.apply(&patch);
        }
        self.told(person, name, at, &told)
    }

    /// Nothing more is to be told of an order: it counts in its person's totals as it is.
    fn settle(&mut self, open: OpenOrder, orders: &mut Vec<OrderRow>) {
        self.orders_done += 1;
        let one = OrderTotals::of([&open.row.order.summary()], "VND", &Zone::vietnam());
        let tally = &mut self.tallies[open.row.person as usize];
        tally.purchases.extend(one.history.map(|history| (history.first, history.paid)));
        let totals = &mut tally.totals;
        totals.orders += one.orders;
        totals.revenue += one.revenue;
        totals.refunded += one.refunded;
        totals.cancelled += one.cancelled;
        totals.first_at = [totals.first_at, one.first_at].into_iter().flatten().min();
        totals.last_at = totals.last_at.max(one.last_at);
        orders.push(open.row);
    }

    /// What is in somebody's cart now.
    pub fn cart(&self, no: u32) -> Option<Cart> {
        let open = self.carts.get(&no)?;
        let line = |(product, quantity): &(u16, u8)| {
            let product = &self.products[usize::from(*product)];
            CartLine {
                product_id: product.product_id.clone(),
                name: Some(product.name.clone()),
                sku: Some(product.sku.clone()),
                category: Some(product.category_title.to_owned()),
                brand: Some(product.brand.to_owned()),
                price: product.price_minor,
                quantity: i64::from(*quantity),
                url: Some(format!("{}{}", demo::shop().url, product.url_path)),
                ..CartLine::default()
            }
        };
        let ms = |at: i64| domain::profile::Ms::from_ms(at);
        Some(Cart {
            cart_id: "default".into(),
            currency: "VND".into(),
            lines: open.lines.iter().map(line).collect(),
            started_at: ms(open.started_at),
            updated_at: ms(open.updated_at),
            checkout_at: open.checkout_at.map(ms),
            abandoned_at: None,
            url: None,
        })
    }
}

fn value_of(products: &[Product], lines: &[(u16, u8)]) -> i64 {
    lines
        .iter()
        .map(|(product, quantity)| products[usize::from(*product)].price_minor * i64::from(*quantity))
        .sum()
}

/// In the order of their text as in that of their numbers.
fn order_id(number: u64) -> String {
    format!("NL{number:010}")
}

fn patch(name: &str, told: &Map<String, Value>, at: i64) -> Option<domain::commerce::OrderPatch> {
    let at = Timestamp::from_ms(at);
    domain::commerce::read(name, told, at, "", Currency::VND)?.order
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::commerce::OrderSummary;

    const UNTIL: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    fn told(seed: u64, profiles: u32, count: u64) -> (Vec<EventRow>, Vec<OrderRow>, Past) {
        let mut past = Past::new(seed, UNTIL, profiles, count);
        let (mut events, mut orders) = (Vec::new(), Vec::new());
        while past.tell(1_000, &mut events, &mut orders) {}
        (events, orders, past)
    }

    #[test]
    fn a_world_follows_from_its_seed() {
        let (events, orders, _) = told(7, 300, 6_000);
        let (again, _, _) = told(7, 300, 6_000);
        let (other, _, _) = told(8, 300, 6_000);
        let bodies = |events: &[EventRow]| events.iter().map(|event| event.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&events), bodies(&again));
        assert_ne!(bodies(&events), bodies(&other));
        assert_eq!(events.len(), 6_000);
        let viewed = events.iter().filter(|event| event.name == Name::Viewed).count();
        assert!((2_100..3_300).contains(&viewed), "{viewed} views");
        assert!(
            orders.is_sorted_by(|a, b| a.order.order_id < b.order.order_id),
            "orders come as their table is"
        );
        assert!(events.iter().all(|event| event.at <= UNTIL.ms()));
    }

    #[test]
    fn what_is_kept_beside_an_event_is_what_its_body_says() {
        for event in told(7, 100, 3_000).0 {
            let body: Value = serde_json::from_str(&event.body).expect("a body is JSON");
            let empty = Map::new();
            let told = body["properties"].as_object().unwrap_or(&empty);
            let name = NAMES[event.name as usize - 1];
            assert_eq!(event.amount, domain::event::amount_of(name, told), "{name}");
            assert_eq!(body["userId"], words::user_id(event.person));
        }
    }

    #[test]
    fn totals_are_those_of_the_orders() {
        let (events, orders, past) = told(7, 100, 8_000);
        let placed = events.iter().filter(|event| event.name == Name::Ordered).count();
        assert_eq!(orders.len(), placed);
        assert!(placed > 50, "{placed} orders");
        for (no, tally) in (0u32..).zip(&past.tallies) {
            let own: Vec<OrderSummary> =
                orders.iter().filter(|row| row.person == no).map(|row| row.order.summary()).collect();
            assert_eq!(tally.totals(), OrderTotals::of(&own, "VND", &Zone::vietnam()), "person {no}");
        }
    }
}
