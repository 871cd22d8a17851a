//! A person's carts as they were, from what was told of them.

use super::{Rest, Seen, WINDOW_MINUTES};
use domain::commerce::{CommerceEvent, day_of};
use domain::local_time::Zone;
use domain::profile::Profile;
use kit::{Id, MINUTE_MS, ProfileNo, Timestamp};

/// The events that say something of a cart.
pub const CART_EVENTS: [&str; 10] = [
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Cart Updated",
    "Checkout Started",
    "Cart Cleared",
    "Cart Emptied",
    "Order Completed",
    "Order Placed",
    "Order Created",
];

/// Touches of one person that are learned from at most, the newest.
const RESTS_MAX: usize = 50;

/// One person's past as far as carts are learned from it.
pub struct Shopper<'a> {
    /// A number that has nothing to do with what they did.
    pub number: u64,
    /// From when on they could be written to: of carts before, who is a visitor then turns up as a customer only if
    /// they buy.
    pub known_from: Timestamp,
    pub first_seen_at: Timestamp,
    pub zone: &'a Zone,
    /// Of [`CART_EVENTS`], in any order.
    pub events: Vec<(Timestamp, CommerceEvent)>,
    /// When something was bought and kept.
    pub purchases: Vec<Timestamp>,
    /// When advertisements were taken for delivery.
    pub advertised: Vec<Timestamp>,
}

/// Every touch of a cart, seen as it was then, with what came of it. Touches whose window is not over by `now` are left
/// out.
pub fn rests(mut shopper: Shopper<'_>, currency: &str, now: Timestamp) -> Vec<Rest> {
    shopper.events.sort_by_key(|(at, _)| *at);
    shopper.purchases.sort_unstable();
    shopper.advertised.sort_unstable();
    let zone = shopper.zone;
    let mut days: Vec<_> = shopper.purchases.iter().map(|at| day_of(*at, zone)).collect();
    days.dedup();
    let mut profile = Profile::new(ProfileNo(0), Id::from_u128(0), shopper.first_seen_at);
    let mut touches: Vec<(Timestamp, Option<Seen>)> = Vec::new();
    for (at, event) in &shopper.events {
        if !event.apply_to_cart(&mut profile, currency, *at) {
            continue;
        }
        let touched = profile.cart().filter(|cart| cart.updated_at.0 == *at);
        let today = day_of(*at, zone);
        let before = days.partition_point(|day| *day < today);
        let since = before.checked_sub(1).map(|latest| f64::from(today) - f64::from(days[latest]));
        let orders = u32::try_from(before).unwrap_or(u32::MAX);
        let seen = touched.map(|cart| Seen::at(cart, orders, since, shopper.first_seen_at, zone));
        touches.push((*at, seen));
    }
    let window = WINDOW_MINUTES * MINUTE_MS;
    let after = |all: &[Timestamp], at: Timestamp| {
        all.get(all.partition_point(|one| *one <= at)).map(|next| next.since_ms(at))
    };
    let all: Vec<Timestamp> = touches.iter().map(|(at, _)| *at).collect();
    let is_open = |at: Timestamp| at >= shopper.known_from && now.since_ms(at) >= window;
    let mut found: Vec<Rest> = touches
        .iter()
        .filter(|(at, _)| is_open(*at))
        .filter_map(|(at, seen)| {
            Some(Rest {
                person: shopper.number,
                seen: (*seen)?,
                touched_ms: after(&all, *at),
                bought_ms: after(&shopper.purchases, *at),
                helped_ms: after(&shopper.advertised, *at),
            })
        })
        .collect();
    // A purchase empties the cart: that is no touch which comes before it.
    for rest in &mut found {
        if rest.touched_ms.is_some() && rest.touched_ms == rest.bought_ms {
            rest.touched_ms = None;
        }
    }
    found.drain(..found.len().saturating_sub(RESTS_MAX));
    found
}
