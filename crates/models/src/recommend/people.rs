//! What each customer did, item by item.

use super::{Interaction, Kind, Options};
use rustc_hash::FxHashMap;

const MINUTE: i64 = 60_000;
/// Instants are kept in minutes; this one is "nobody knows".
const UNKNOWN: i32 = i32::MIN;

/// All that a customer did with one item.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Past {
    pub item: u32,
    last: i32,
    last_bought: i32,
    /// Purchases halved by age, as of the last of them.
    fresh: f32,
    pub purchases: u16,
    pub carts: u16,
    pub views: u16,
}

impl Past {
    /// Nothing done yet.
    pub fn new(item: u32) -> Past {
        Past { item, last: UNKNOWN, last_bought: UNKNOWN, fresh: 0.0, purchases: 0, carts: 0, views: 0 }
    }

    /// Adds what was done; `half_life` in days.
    pub fn add(&mut self, kind: Kind, at: Option<i64>, weight: f32, half_life: f32) {
        let minute = at.map_or(UNKNOWN, minute);
        self.last = self.last.max(minute);
        match kind {
            Kind::View => self.views = self.views.saturating_add(1),
            Kind::Cart => self.carts = self.carts.saturating_add(1),
            Kind::Purchase if weight < 0.0 => {
                let kept = f32::from(self.purchases.saturating_sub(1)) / f32::from(self.purchases.max(1));
                self.fresh *= kept;
                self.purchases = self.purchases.saturating_sub(1);
            }
            Kind::Purchase => {
                self.purchases = self.purchases.saturating_add(1);
                if minute >= self.last_bought {
                    self.fresh = self.fresh * fade(self.last_bought, minute, half_life) + 1.0;
                    self.last_bought = minute;
                } else {
                    self.fresh += fade(minute, self.last_bought, half_life);
                }
            }
        }
    }

    /// The same customer's other history of the item.
    pub fn merge(&mut self, other: &Past, half_life: f32) {
        let newest = self.last_bought.max(other.last_bought);
        self.fresh = self.fresh * fade(self.last_bought, newest, half_life)
            + other.fresh * fade(other.last_bought, newest, half_life);
        self.last_bought = newest;
        self.last = self.last.max(other.last);
        self.purchases = self.purchases.saturating_add(other.purchases);
        self.carts = self.carts.saturating_add(other.carts);
        self.views = self.views.saturating_add(other.views);
    }

    /// When something was done last, milliseconds since 1970, to the minute.
    pub fn last(&self) -> Option<i64> {
        (self.last != UNKNOWN).then(|| i64::from(self.last) * MINUTE)
    }

    /// When it was bought last.
    pub fn last_bought(&self) -> Option<i64> {
        (self.last_bought != UNKNOWN).then(|| i64::from(self.last_bought) * MINUTE)
    }

    /// Purchases, each halved every `half_life` days; all of them where instants are not known.
    pub fn fresh_purchases(&self, now: i64, half_life: f32) -> f32 {
        self.fresh * fade(self.last_bought, minute(now), half_life)
    }

    /// The strongest thing that was done.
    pub fn strongest(&self) -> Kind {
        match (self.purchases, self.carts) {
            (1.., _) => Kind::Purchase,
            (0, 1..) => Kind::Cart,
            _ => Kind::View,
        }
    }

    /// Days from the last thing to `now`, never negative; `None` where nobody knows.
    pub fn age_days(&self, now: i64) -> Option<f32> {
        self.last().map(|last| ((now - last) as f64 / 86_400_000.0).max(0.0) as f32)
    }
}

fn minute(at: i64) -> i32 {
    i32::try_from(at / MINUTE).unwrap_or(if at < 0 { UNKNOWN + 1 } else { i32::MAX })
}

/// What is left of one after the time between; all of it where an instant is not known or lies behind the other.
fn fade(from: i32, to: i32, half_life: f32) -> f32 {
    if from == UNKNOWN || to == UNKNOWN || to <= from || half_life <= 0.0 {
        return 1.0;
    }
    let days = (i64::from(to) - i64::from(from)) as f32 / 1440.0;
    (-days / half_life * std::f32::consts::LN_2).exp()
}

/// Everybody's past.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    held: FxHashMap<u32, Vec<Past>>,
}

/// What one interaction changed.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Change {
    /// The customer had not bought the item before and has now; or had looked at nothing of it before.
    pub first_purchase: bool,
    pub first_look: bool,
    /// The only purchase of it was taken back.
    pub lost_purchase: bool,
    /// An item that was pushed out.
    pub dropped: Option<u32>,
}

impl People {
    pub fn of(&self, customer: u32) -> &[Past] {
        self.held.get(&customer).map_or(&[], Vec::as_slice)
    }

    /// All histories, by customer.
    pub fn all(&self) -> Vec<&[Past]> {
        let mut all: Vec<(&u32, &Vec<Past>)> = self.held.iter().collect();
        all.sort_unstable_by_key(|(customer, _)| **customer);
        all.into_iter().map(|(_, past)| past.as_slice()).collect()
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Pairs of customer and item.
    pub fn pairs(&self) -> usize {
        self.held.values().map(Vec::len).sum()
    }

    pub fn bytes(&self) -> usize {
        let own = std::mem::size_of::<(u32, Vec<Past>)>() + 1;
        self.held.capacity() * own
            + self.held.values().map(|past| past.capacity() * std::mem::size_of::<Past>()).sum::<usize>()
    }

    pub fn record(&mut self, done: &Interaction, options: &Options) -> Change {
        let past = self.held.entry(done.customer).or_default();
        let mut change = Change::default();
        let place = match past.iter().position(|held| held.item == done.item) {
            Some(place) => place,
            None => {
                if past.len() >= options.items_per_customer.max(1) {
                    let oldest = past.iter().enumerate().min_by_key(|(place, held)| (held.last, *place));
                    if let Some((oldest, _)) = oldest {
                        change.dropped = Some(past.remove(oldest).item);
                    }
                }
                past.push(Past::new(done.item));
                past.len() - 1
            }
        };
        let held = &mut past[place];
        let (purchases, looks) = (held.purchases, held.carts > 0 || held.views > 0);
        held.add(done.kind, done.at, done.weight, options.again_half_life);
        change.first_purchase = purchases == 0 && held.purchases > 0;
        change.lost_purchase = purchases > 0 && held.purchases == 0;
        change.first_look = !looks && done.kind != Kind::Purchase;
        change
    }

    pub fn remove(&mut self, customer: u32) -> Vec<Past> {
        self.held.remove(&customer).unwrap_or_default()
    }

    pub fn put(&mut self, customer: u32, past: Vec<Past>) {
        self.held.insert(customer, past);
    }
}
