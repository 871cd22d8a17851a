//! What happens in a made-up shop, written down before it begins: a function of the seed alone.

use crate::notation::{self, Compiled};
use crate::provider::Moods;
use crate::world::{batch, request};
use domain::consent::{Aspect, Channel, ConsentRecord, ConsentState, Often, Purpose};
use domain::event::ItemKind;
use domain::gate::{Cap, Hours};
use domain::settings::Settings;
use engine::{Request, Response};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, Rng, SECOND_MS, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// 2026-03-02T09:00:00+07:00.
const START: Timestamp = Timestamp::from_ms(1_772_416_800_000);
/// How long clients are active, in days. The world goes on for a while after.
const DAYS: i64 = 9;
const PEOPLE: u64 = 10;
const DEVICES: u64 = 9;

/// Journeys of every kind of node and trigger; a world has some of them.
const JOURNEYS: [(&str, &str); 17] = [
    ("welcome", "on signup (once) -> send email:hello -> wait 1d unless order -> send sms:nudge -> exit"),
    (
        "cart",
        "on abandoned (cooldown 1d) -> send email:cart -> wait-for clicked 20h ? exit clicked : send sms:cart -> exit",
    ),
    (
        "order",
        "on order (always) -> send email:thanks transactional -> wait 2d -> send email:rate transactional -> exit",
    ),
    (
        "browse",
        "on view (cooldown 6h) (exit-if tag:vip) -> wait 2h unless order -> split 50 ? send email:browse : send sms:browse -> wait-until 09:00 -> send email:morning -> exit",
    ),
    (
        "vip",
        "on order (once) (if orders.count>=2) -> tag +vip -> set tier=gold -> send email:vip -> notify staff@example.com VIP {{ customer.email }} -> exit",
    ),
    ("gift", "on date birthday 09:00 yearly -> send email:gift -> wait 1h -> send sms:gift -> exit"),
    (
        "look",
        "on signup (goal order) -> wait-for view 8h ? send email:saw : go -> if city=Hue ? webhook https://hook.example.com/a : send sms:far -> wait 36h -> send email:late -> exit",
    ),
    ("promo", "on api (always) -> send email:promo -> wait 30m -> send sms:promo -> exit"),
    (
        "confirm",
        "on Consent_Requested (cooldown 1h) -> send email:confirm transactional -> wait-for Consent_Given 1d ? send email:yes : exit silent -> exit",
    ),
    (
        "sorry",
        "on refund (always) (where total>=100000) -> wait 1h -> send sms:sorry transactional -> webhook https://hook.example.com/refund {{ event.properties.order_id }} -> exit",
    ),
    ("spend", "on threshold orders.revenue 300000 -> list +spender -> send email:spend -> exit"),
    ("buyer", "on segment buyers existing (once) -> wait-best 09:00 -> send email:buyer -> exit"),
    (
        "gone",
        "on segment fresh left (cooldown 1d) -> wait-when 30h segment:fresh ? send email:again : send sms:gone -> exit",
    ),
    (
        "news",
        "on schedule day 10:00 segment fresh -> experiment subject ? send email:news-a : send email:news-b -> exit",
    ),
    ("march", "on feast 03-08 09:00 -> wait-any view|order 6h ? send email:march : exit quiet -> exit"),
    (
        "after",
        "on journey welcome any -> wait-when 1d list:spender ? send email:rich : go -> send email:after -> exit",
    ),
    ("link", "on message clicked (always) -> start-journey promo code=5 -> stop-journey gone -> exit"),
];
/// Live segments that the journeys follow.
const SEGMENTS: [(&str, &str); 2] = [
    ("buyers", "orders.count>=1"),
    ("fresh", r#"{"did":{"event":"Product Viewed","window":{"last":"20h"}}}"#),
];
/// Second versions, published while runs of the first are under way.
const REVISIONS: [(&str, &str); 3] = [
    ("welcome", "on signup (once) -> wait 3h unless order -> send email:hello2 -> exit"),
    ("browse", "on view (cooldown 3h) (exit-if city=Hue) -> wait 1h -> send sms:browse2 -> exit"),
    (
        "order",
        "on order (always) (exit-on cancel) -> wait 5h -> send email:thanks2 transactional -> wait 1d -> exit",
    ),
];

/// Something that comes from outside at an instant.
#[derive(Clone, Debug)]
pub enum Step {
    Requests(Vec<Request>),
    Trigger {
        journey: String,
        person: String,
        call_id: String,
    },
    Merge(String, String),
    Publish(String, Compiled),
    Segment(String, Value),
    Pause(String),
    Resume(String),
    /// Somebody says on a page what they want.
    Says(String, ConsentRecord),
    /// Nobody works the engine for so long, in milliseconds; requests are taken in.
    Asleep(i64),
}

/// What a client told and what is to be found of it afterwards.
#[derive(Clone, PartialEq, Debug)]
pub struct OrderTold {
    pub order_id: String,
    pub at: Timestamp,
    pub name: &'static str,
    pub total: i64,
    pub message_id: String,
}

pub struct Plan {
    pub start: Timestamp,
    pub end: Timestamp,
    pub settings: Settings,
    pub moods: Moods,
    pub outages: Vec<(String, Timestamp, Timestamp)>,
    pub steps: BTreeMap<Timestamp, Vec<Step>>,
    /// Message ids that must each be one event.
    pub valid: BTreeSet<String>,
    /// Message ids that must each be a rejection.
    pub malformed: BTreeSet<String>,
    pub orders: Vec<OrderTold>,
}

struct Planner {
    rng: Rng,
    plan: Plan,
    said: u64,
    orders: u64,
}

impl Plan {
    pub fn new(seed: u64) -> Plan {
        let mut rng = Rng::seeded(seed);
        let mut settings = Settings::default();
        settings.shop.name = "Shop".into();
        if rng.chance(0.5) {
            settings.policy.caps.push(Cap::sliding(None, 2, 24));
        }
        if rng.chance(0.5) {
            let from = 60 * (7 + rng.below(3)) as u16;
            settings.policy.hours.push(Hours::of(Channel::Email, from, 20 * 60));
        }
        if rng.chance(0.3) {
            settings.policy.holdout_percent = 20;
        }
        let start = START.plus_ms(rng.below(14 * 24) as i64 * HOUR_MS);
        let moods = match rng.below(3) {
            0 => Moods::default(),
            1 => Moods { temporary: 150, throttled: 50, mailbox_full: 20, ..Moods::default() },
            _ => Moods {
                temporary: 100,
                throttled: 50,
                mailbox_full: 30,
                hard_bounce: 30,
                policy: 20,
                silent_taken: 30,
                silent_lost: 30,
            },
        };
        let plan = Plan {
            start,
            end: start.plus_ms((DAYS + 8) * DAY_MS),
            settings,
            moods,
            outages: Vec::new(),
            steps: BTreeMap::new(),
            valid: BTreeSet::new(),
            malformed: BTreeSet::new(),
            orders: Vec::new(),
        };
        let mut planner = Planner { rng, plan, said: 0, orders: 0 };
        planner.shop();
        planner.clients();
        planner.plan
    }
}

impl Planner {
    fn at(&mut self) -> Timestamp {
        // Every third instant on the hour: things that happen at one instant are where order matters.
        let ms = self.rng.below((DAYS * DAY_MS) as u64) as i64;
        let ms = if self.rng.chance(0.33) { ms / (30 * MINUTE_MS) * 30 * MINUTE_MS } else { ms };
        self.plan.start.plus_ms(ms + MINUTE_MS)
    }

    fn step(&mut self, at: Timestamp, step: Step) {
        self.plan.steps.entry(at).or_default().push(step);
    }

    /// What the shop itself does.
    fn shop(&mut self) {
        let start = self.plan.start;
        let mut chosen: Vec<&str> = Vec::new();
        for (name, text) in SEGMENTS {
            self.step(start, Step::Segment(name.to_owned(), notation::condition(text)));
        }
        for (name, text) in JOURNEYS {
            if self.rng.chance(0.7) {
                chosen.push(name);
                self.step(start, Step::Publish(name.to_owned(), notation::compile(name, text)));
            }
        }
        for (name, text) in REVISIONS {
            if chosen.contains(&name) && self.rng.chance(0.5) {
                let at = self.at();
                self.step(at, Step::Publish(name.to_owned(), notation::compile(name, text)));
            }
        }
        for name in &chosen {
            if self.rng.chance(0.25) {
                // Not at an instant of others: what is told at the very instant of a pause is on neither side of it.
                let from = self.at().plus_ms(7 * SECOND_MS + 13);
                let to = from.plus_ms(HOUR_MS + self.rng.below(2 * DAY_MS as u64) as i64);
                self.step(from, Step::Pause((*name).to_owned()));
                self.step(to, Step::Resume((*name).to_owned()));
            }
        }
        for _ in 0..self.rng.below(3) {
            let from = self.at();
            let length = self.rng.below(4 * HOUR_MS as u64) as i64;
            let channel = if self.rng.chance(0.5) { "email" } else { "" };
            self.plan.outages.push((channel.to_owned(), from, from.plus_ms(length)));
        }
        for _ in 0..self.rng.below(3) {
            let from = self.at();
            let length = self.rng.below(20 * HOUR_MS as u64) as i64;
            self.step(from, Step::Asleep(length));
        }
        if chosen.contains(&"promo") {
            for n in 0..self.rng.below(6) {
                let (at, person) = (self.at(), self.person());
                self.step(
                    at,
                    Step::Trigger { journey: "promo".into(), person, call_id: format!("call-{n}") },
                );
            }
        }
        for _ in 0..self.rng.below(12) {
            let (at, person) = (self.at(), self.person());
            let record = self.statement(at);
            self.step(at, Step::Says(person, record));
        }
        if self.rng.chance(0.3) {
            let (at, a, b) = (self.at(), self.person(), self.person());
            self.step(at, Step::Merge(a, b));
        }
    }

    fn statement(&mut self, at: Timestamp) -> ConsentRecord {
        let channel = if self.rng.chance(0.6) { Channel::Email } else { Channel::Sms };
        let mut record =
            ConsentRecord::new(channel, Purpose::Marketing, ConsentState::Denied, at, "preference_page");
        match self.rng.below(6) {
            0 => record.aspect = Aspect::Often(Often::Weekly),
            1 => record.aspect = Aspect::Often(Often::All),
            2 => {
                record.aspect = Aspect::Pause;
                record.proof.expires_at = Some(at.plus_ms(2 * DAY_MS).into());
            }
            3 => record.state = ConsentState::Pending,
            4 => record.state = ConsentState::Granted,
            _ => {}
        }
        record
    }

    fn person(&mut self) -> String {
        format!("u{}", self.rng.below(PEOPLE))
    }

    fn device(&mut self) -> String {
        format!("d{}", self.rng.below(DEVICES))
    }

    /// What tracking libraries, forms and the shop's own programs send.
    fn clients(&mut self) {
        let requests = 70 + self.rng.below(50);
        let mut sent: Vec<(Timestamp, Request)> = Vec::new();
        for n in 0..requests {
            let at = self.at();
            if n > 10 && self.rng.chance(0.05) {
                // A library that was offline sends what it sent before.
                if let Some((first, again)) = self.rng.pick(&sent).cloned() {
                    let at = first.plus_ms(self.rng.below(3 * DAY_MS as u64) as i64);
                    self.step(at, Step::Requests(vec![again]));
                }
                continue;
            }
            let count = 1 + self.rng.below(3) * self.rng.below(2);
            let historical = self.rng.chance(0.06);
            let items: Vec<Value> = (0..count).map(|_| self.item(at)).collect();
            let request = match items.as_slice() {
                [item] if self.rng.chance(0.3) => {
                    let kind = item["type"].as_str().and_then(ItemKind::parse);
                    match kind {
                        Some(kind) => request(Some(kind), item.to_string().into_bytes(), historical),
                        None => batch(&items, historical),
                    }
                }
                _ => batch(&items, historical),
            };
            sent.push((at, request.clone()));
            self.step(at, Step::Requests(vec![request]));
        }
    }

    fn item(&mut self, received_at: Timestamp) -> Value {
        self.said += 1;
        let id = format!("m{:05}", self.said);
        let person = self.person();
        let device = self.device();
        let mut item = json!({ "messageId": id });
        // Who: a person, a device, or both; a device of the same number is mostly the person's own.
        match self.rng.below(4) {
            0 => item["anonymousId"] = json!(device),
            1 => {
                item["userId"] = json!(person);
                item["anonymousId"] =
                    json!(if self.rng.chance(0.7) { person.replace('u', "d") } else { device });
            }
            _ => item["userId"] = json!(person),
        }
        let mut at = self.clock(&mut item, received_at);
        let properties;
        let name;
        match self.rng.below(20) {
            0..=4 => return self.identify(item, &person, id),
            5..=7 => (name, properties) = ("Signed Up", json!({})),
            8..=9 => (name, properties) = ("Product Viewed", json!({ "product_id": "ao", "price": 150_000 })),
            10..=11 => {
                let product = format!("p{}", self.rng.below(3));
                (name, properties) = ("Product Added", json!({ "product_id": product, "price": 90_000 }));
            }
            12..=14 => {
                // Its instant is its own: two tellings of one instant have no order.
                at = at.plus_ms(-(self.said as i64));
                item["timestamp"] = json!(written(at));
                item.as_object_mut().map(|fields| fields.remove("sentAt"));
                let (told, more) = self.order(at, &id);
                (name, properties) = (told, more);
            }
            15 => (name, properties) = ("Consent Withdrawn", json!({ "channel": self.channel() })),
            16 => (name, properties) = ("Consent Given", json!({ "channel": self.channel() })),
            17 => (name, properties) = ("Consent Requested", json!({ "channel": "email" })),
            18 => {
                item["type"] = json!("alias");
                item["userId"] = json!(person);
                item["previousId"] = json!(self.device());
                item.as_object_mut().map(|fields| fields.remove("anonymousId"));
                self.plan.valid.insert(id);
                return item;
            }
            _ => return self.malformed(item, id),
        }
        item["type"] = json!("track");
        item["event"] = json!(name);
        item["properties"] = properties;
        self.plan.valid.insert(id);
        item
    }

    /// The client's clock; answers the instant at which it happened by ours.
    fn clock(&mut self, item: &mut Value, received_at: Timestamp) -> Timestamp {
        let late = self.rng.below(3 * HOUR_MS as u64) as i64;
        match self.rng.below(5) {
            0 => {
                item["timestamp"] = json!(written(received_at.plus_ms(-late)));
                received_at.plus_ms(-late)
            }
            1 => {
                let skew = self.rng.below(400 * DAY_MS as u64) as i64 - 200 * DAY_MS;
                item["timestamp"] = json!(written(received_at.plus_ms(skew - late)));
                item["sentAt"] = json!(written(received_at.plus_ms(skew)));
                received_at.plus_ms(-late)
            }
            _ => received_at,
        }
    }

    fn channel(&mut self) -> &'static str {
        if self.rng.chance(0.6) { "email" } else { "sms" }
    }

    fn identify(&mut self, mut item: Value, person: &str, id: String) -> Value {
        let number = &person[1..];
        let mut traits = json!({});
        if self.rng.chance(0.8) {
            traits["email"] = json!(format!("U{number}@example.com"));
        }
        match self.rng.below(10) {
            0..=4 => traits["phone"] = json!(format!("09012345{number}0")),
            // Two people, one phone.
            5 => traits["phone"] = json!("0987654321"),
            6 => traits["phone"] = json!(format!("******{number}1")),
            _ => {}
        }
        if self.rng.chance(0.6) {
            traits["consents"] = json!([
                { "channel": "email", "state": "granted", "wording": "Có" },
                { "channel": "sms", "state": "granted" },
            ]);
        }
        if self.rng.chance(0.5) {
            traits["city"] = json!(*self.rng.pick(&["Hue", "Hanoi", "Saigon"]).unwrap_or(&"Hue"));
        }
        if self.rng.chance(0.3) {
            traits["timezone"] = json!(*self.rng.pick(&["Europe/Berlin", "America/Lima"]).unwrap_or(&""));
        }
        if self.rng.chance(0.4) {
            let date = written(self.at());
            traits["birthday"] = json!(format!("1990{}", &date[4..10]));
        }
        item["type"] = json!("identify");
        item["userId"] = json!(person);
        item["traits"] = traits;
        self.plan.valid.insert(id);
        item
    }

    fn order(&mut self, at: Timestamp, id: &str) -> (&'static str, Value) {
        let known = self.orders > 0 && self.rng.chance(0.45);
        let (name, number) = if known {
            let number = self.rng.below(self.orders);
            (
                *self
                    .rng
                    .pick(&["Order Refunded", "Order Refunded", "Order Cancelled", "Order Completed"])
                    .unwrap_or(&""),
                number,
            )
        } else {
            self.orders += 1;
            ("Order Completed", self.orders - 1)
        };
        let total = 50_000 * (1 + self.rng.below(8) as i64);
        let order_id = format!("o{number}");
        let mut properties = json!({ "order_id": order_id });
        if name != "Order Cancelled" {
            properties["total"] = json!(total);
        }
        self.plan.orders.push(OrderTold { order_id, at, name, total, message_id: id.to_owned() });
        (name, properties)
    }

    /// Well-formed JSON that is no message.
    fn malformed(&mut self, mut item: Value, id: String) -> Value {
        match self.rng.below(4) {
            0 => {
                item["type"] = json!("track");
            }
            1 => {
                item["type"] = json!("nudge");
            }
            2 => {
                item["type"] = json!("track");
                item["event"] = json!("x".repeat(300));
            }
            _ => {
                item["type"] = json!("alias");
                item["previousId"] = json!(null);
            }
        }
        self.plan.malformed.insert(id);
        item
    }
}

pub fn written(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.ms()).map(|at| at.to_string()).unwrap_or_default()
}

/// What whoever got a message does with it, and how long after: a function of the attempt alone.
pub fn reaction(seed: u64, attempt: &crate::provider::Attempt) -> Vec<(i64, Response)> {
    if attempt.channel != "email" {
        return Vec::new();
    }
    let at = attempt.at.ms().to_string();
    let drawn =
        engine::derived_id(&["reaction", &seed.to_string(), &attempt.to, &attempt.what, &at]).as_u128();
    let after = (drawn >> 64) as i64 & 0xFF_FFFF;
    match drawn % 10 {
        0..=2 => vec![(after, Response::Opened)],
        3 => vec![(after, Response::Opened), (after, Response::Opened)],
        4..=5 => vec![(after, Response::Opened), (after + 5_000, Response::Clicked)],
        6 => vec![(after, Response::Opened), (after, Response::Unsubscribed)],
        _ => Vec::new(),
    }
}
