//! What is known of a person's habits: what they like to buy, when they need it again, when they read, and what reaches
//! them.
//!
//! Everything here is computed when it is asked, from the person's [`Past`] and from what is usual in the shop
//! ([`Norms`]). It does not depend on the order in which the past is given, and the same past gives the same habits.
//! What is not known is absent, never a number that was made up.

mod hours;
mod norms;
mod replenish;
mod taste;

use crate::commerce::{Day, Order};
use crate::condition::{Past, PastMessage, Wants};
use crate::consent::Channel;
use crate::local_time::Zone;
use crate::normalise::text::search_key;
use crate::ways;
use jiff::civil::Date;
use kit::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub use hours::{BOUGHT_WITHIN_MS, BestTime, Counts, best_time, read_at, results, slots};
pub use norms::{Blend, Clock, Gaps, Norms, STRENGTH, Share};
pub use replenish::{AHEAD_DAYS_MAX, Due, days_by_category, dues};
pub use taste::{
    HALF_LIFE_DAYS, LISTED_MAX, Liked, PURCHASES_MIN, PriceLevel, discount_affinity, is_discounted, liked,
    price_level,
};

/// Stands for all channels together in `best_time`.
pub const ANY_CHANNEL: &str = "any";

/// Names by which the values of this module begin.
pub const ROOTS: [&str; 4] = ["favourite", "replenish", "best_time", "preferred_channel"];

/// One key for all spellings of a category or a brand, fit for a path: `ca_phe_sua` for `Cà phê sữa`.
pub fn key_of(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for letter in search_key(name).chars() {
        if letter.is_alphanumeric() {
            key.push(letter);
        } else if !key.is_empty() && !key.ends_with('_') {
            key.push('_');
        }
    }
    key.truncate(key.trim_end_matches('_').len());
    if key.is_empty() { name.trim().to_owned() } else { key }
}

/// Whether a path is one of this module's.
pub fn is_habit(path: &str) -> bool {
    ROOTS.contains(&path.split('.').next().unwrap_or(path))
}

/// What has to be at hand for the value at a path; nothing for a path of others.
pub fn add_wants(path: &str, wants: &mut Wants) {
    let (root, rest) = path.split_once('.').unwrap_or((path, ""));
    match root {
        "favourite" => {
            wants.orders = true;
            wants.learned |= matches!(rest, "" | "price_level" | "discount_affinity");
        }
        // A date passes.
        "replenish" => (wants.orders, wants.learned, wants.time) = (true, true, true),
        "best_time" => (wants.orders, wants.messages, wants.learned) = (true, true, true),
        "preferred_channel" => (wants.orders, wants.messages) = (true, true),
        _ => {}
    }
}

/// One person, as far as habits are told from.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub past: &'a Past,
    /// What is usual in the shop, once that was learned.
    pub norms: Option<&'a Norms>,
    /// The person's: of the hours at which they read.
    pub zone: &'a Zone,
    /// The shop's: of the days on which they bought.
    pub shop_zone: &'a Zone,
    /// The channel that the person told the shop they prefer.
    pub stated: Option<Channel>,
    pub at: Timestamp,
}

/// All that is known of somebody's habits.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Habits {
    pub categories: Vec<Liked>,
    pub brands: Vec<Liked>,
    pub price_level: Option<PriceLevel>,
    pub discount_affinity: Option<f64>,
    /// What is expected to be bought again, the earliest first.
    pub replenish: Vec<Due>,
    pub best_times: BTreeMap<String, BestTime>,
    pub preferred_channel: Option<Channel>,
}

/// The date that a day is.
pub fn date_of(day: Day) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(i64::from(day)).ok()?).ok()
}

fn rounded(share: f64) -> Value {
    json!((share * 10_000.0).round() / 10_000.0)
}

impl<'a> Asked<'a> {
    /// Purchases up to now that were kept.
    fn orders(&self) -> Vec<&'a Order> {
        let past = self.past.orders.iter();
        past.filter(|order| order.placed_at.0 <= self.at && order.counts()).collect()
    }

    fn messages(&self) -> Vec<&'a PastMessage> {
        self.past.messages.iter().filter(|message| message.decided_at <= self.at).collect()
    }

    /// When the next thing is to happen that a clock ahead of ours told of already.
    fn next_of_orders(&self) -> Option<Timestamp> {
        self.past.orders.iter().map(|order| order.placed_at.0).filter(|at| *at > self.at).min()
    }

    fn next_of_messages(&self) -> Option<Timestamp> {
        let told = self.past.messages.iter();
        told.flat_map(|message| [Some(message.decided_at), message.clicked_at, message.opened_at])
            .flatten()
            .filter(|at| *at > self.at)
            .min()
    }

    fn best_time(&self, channel: &str) -> Option<BestTime> {
        let clock = self.norms?.reads.get(channel)?;
        let messages = self.past.messages.iter();
        let reads = messages.filter(|message| channel == ANY_CHANNEL || message.channel == channel);
        let reads = reads.filter_map(read_at).filter(|at| *at <= self.at);
        let bought = self.orders().into_iter().map(|order| order.placed_at.0);
        best_time(&Counts::of(reads, self.zone), &Counts::of(bought, self.zone), clock)
    }

    fn preferred_channel(&self) -> Option<Channel> {
        self.stated.or_else(|| ways::best(&results(&self.messages(), &self.orders())))
    }

    /// What is expected again and not over by now, the earliest first; and when the first of it is over.
    fn dues(&self) -> (Vec<Due>, Option<Timestamp>) {
        let Some(norms) = self.norms else { return (Vec::new(), None) };
        let today = crate::commerce::day_of(self.at, self.shop_zone);
        let found = dues(&self.orders(), norms, self.shop_zone);
        let mut open: Vec<Due> = found.into_values().filter(|due| due.over > today).collect();
        open.sort_by(|a, b| (a.due, &a.category).cmp(&(b.due, &b.category)));
        let first_over = open.iter().map(|due| due.over).min().and_then(date_of);
        (open, first_over.map(|date| crate::local_time::at_local(date, 0, 0, self.shop_zone)))
    }

    /// Everything at once.
    pub fn all(&self) -> Habits {
        let orders = self.orders();
        let best_times = self.norms.into_iter().flat_map(|norms| norms.reads.keys());
        Habits {
            categories: liked(&orders, |line| line.category.as_deref()),
            brands: liked(&orders, |line| line.brand.as_deref()),
            price_level: self.norms.and_then(|norms| price_level(&orders, norms)),
            discount_affinity: self.norms.and_then(|norms| discount_affinity(&orders, norms.discounts?)),
            replenish: self.dues().0,
            best_times: best_times
                .filter_map(|channel| Some((channel.clone(), self.best_time(channel)?)))
                .collect(),
            preferred_channel: self.preferred_channel(),
        }
    }

    /// The value at a path and the instant up to which it stays when nothing else happens. A path that names no single
    /// value has the object of all below it.
    pub fn value(&self, path: &str) -> (Option<Value>, Option<Timestamp>) {
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        match root {
            "favourite" => (self.favourite(rest), self.next_of_orders()),
            "replenish" => self.replenish(rest),
            "best_time" => {
                let until = [self.next_of_orders(), self.next_of_messages()].into_iter().flatten().min();
                (self.time_at(rest), until)
            }
            "preferred_channel" if rest.is_empty() => {
                let until = [self.next_of_orders(), self.next_of_messages()].into_iter().flatten().min();
                (self.preferred_channel().map(|channel| json!(channel.as_str())), until)
            }
            _ => (None, None),
        }
    }

    fn favourite(&self, name: &str) -> Option<Value> {
        let orders = self.orders();
        let names = |liked: Vec<Liked>| {
            let names: Vec<String> = liked.into_iter().map(|one| one.name).collect();
            (!names.is_empty()).then(|| json!(names))
        };
        let first = |liked: Vec<Liked>| liked.into_iter().next().map(|one| json!(one.name));
        let categories = || liked(&orders, |line| line.category.as_deref());
        let brands = || liked(&orders, |line| line.brand.as_deref());
        match name {
            "category" => first(categories()),
            "categories" => names(categories()),
            "brand" => first(brands()),
            "brands" => names(brands()),
            "price_level" => price_level(&orders, self.norms?).map(|level| json!(level.as_str())),
            "discount_affinity" => discount_affinity(&orders, self.norms?.discounts?).map(rounded),
            "" => {
                let names = ["category", "categories", "brand", "brands", "price_level", "discount_affinity"];
                let known =
                    names.into_iter().filter_map(|name| Some((name.to_owned(), self.favourite(name)?)));
                let known: serde_json::Map<String, Value> = known.collect();
                (!known.is_empty()).then_some(Value::Object(known))
            }
            _ => None,
        }
    }

    fn replenish(&self, name: &str) -> (Option<Value>, Option<Timestamp>) {
        let (open, first_over) = self.dues();
        let until = [first_over, self.next_of_orders()].into_iter().flatten().min();
        let date = |due: &Due| date_of(due.due).map(|date| json!(date.to_string()));
        let key = key_of(name);
        let value = match name {
            "" => {
                let mut known: serde_json::Map<String, Value> =
                    open.iter().filter_map(|due| Some((key_of(&due.category), date(due)?))).collect();
                if let Some(first) = open.first() {
                    known.insert("next_category".into(), json!(first.category));
                    known.extend(date(first).map(|date| ("next".to_owned(), date)));
                }
                (!known.is_empty()).then_some(Value::Object(known))
            }
            "next" => open.first().and_then(date),
            "next_category" => open.first().map(|due| json!(due.category)),
            _ => open.iter().find(|due| key_of(&due.category) == key).and_then(date),
        };
        (value, until)
    }

    fn time_at(&self, rest: &str) -> Option<Value> {
        let told = |time: BestTime| json!({ "hour": time.hour, "weekday": time.weekday });
        let (channel, what) = rest.split_once('.').unwrap_or((rest, ""));
        match (channel, what) {
            ("", _) => {
                let known = self.norms?.reads.keys();
                let known: serde_json::Map<String, Value> =
                    known.filter_map(|name| Some((name.clone(), told(self.best_time(name)?)))).collect();
                (!known.is_empty()).then_some(Value::Object(known))
            }
            (_, "") => self.best_time(channel).map(told),
            (_, "hour") => self.best_time(channel).map(|time| json!(time.hour)),
            (_, "weekday") => self.best_time(channel).map(|time| json!(time.weekday)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
