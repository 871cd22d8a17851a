//! What is looked at of a cart.

use domain::commerce::{Cart, day_of};
use domain::habits::slots;
use domain::local_time::Zone;
use domain::profile::Profile;
use kit::{DAY_MS, MINUTE_MS, Timestamp};

/// What is seen of a cart and its owner at the last touch.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Seen {
    /// In minor units.
    pub value: i64,
    pub lines: u32,
    pub quantity: i64,
    pub checkout: bool,
    /// Something is taken off already.
    pub discounted: bool,
    /// Minutes from the first touch to the last.
    pub age_minutes: f64,
    /// Days of purchase before.
    pub orders: u32,
    /// Since the latest of them.
    pub days_since_order: Option<f64>,
    /// Days since the person was first seen.
    pub known_days: f64,
    /// Of the last touch, on the person's clock.
    pub hour: u8,
    pub weekend: bool,
}

/// The names of the columns, as a report tells them.
pub const FEATURES: [&str; 13] = [
    "value",
    "value_high",
    "lines",
    "quantity",
    "checkout",
    "discounted",
    "age",
    "bought_before",
    "orders",
    "bought_lately",
    "new_here",
    "night",
    "weekend",
];

impl Seen {
    /// Of a cart at its last touch.
    pub fn of(profile: &Profile, cart: &Cart, zone: &Zone) -> Seen {
        let history = profile.totals.history.as_ref();
        let touched_at = cart.updated_at.0;
        // Purchases after the touch are of no cart that still rests.
        let orders = history.map_or(0, |history| history.days);
        let today = f64::from(day_of(touched_at, zone));
        let since = history.map(|history| (today - f64::from(history.last())).max(0.0));
        Seen::at(cart, orders, since, profile.first_seen_at.0, zone)
    }

    /// Of a cart at its last touch, with what its owner had bought until then.
    pub fn at(
        cart: &Cart,
        orders: u32,
        days_since_order: Option<f64>,
        first_seen_at: Timestamp,
        zone: &Zone,
    ) -> Seen {
        let touched_at = cart.updated_at.0;
        let (hour, weekday) = slots(touched_at, zone);
        let off = |line: &domain::commerce::CartLine| line.discount > 0 || line.coupon.is_some();
        Seen {
            value: cart.total(),
            lines: u32::try_from(cart.lines.len()).unwrap_or(u32::MAX),
            quantity: cart.quantity(),
            checkout: cart.checkout_at.is_some(),
            discounted: cart.lines.iter().any(off),
            age_minutes: (touched_at.since_ms(cart.started_at.0) as f64 / MINUTE_MS as f64).max(0.0),
            orders,
            days_since_order,
            known_days: (touched_at.since_ms(first_seen_at) as f64 / DAY_MS as f64).max(0.0),
            hour: u8::try_from(hour).unwrap_or(0),
            weekend: weekday >= 5,
        }
    }

    /// As columns, in the order of [`FEATURES`]; every one finite.
    pub(super) fn columns(&self, typical_value: f64) -> [f64; FEATURES.len()] {
        let truth = |truth: bool| f64::from(u8::from(truth));
        let value = (self.value.max(0) as f64 / typical_value.max(1.0)).min(1e6);
        let value = value.ln_1p();
        [
            value,
            (value - 2f64.ln()).max(0.0),
            f64::from(self.lines.min(500)).ln_1p(),
            (self.quantity.clamp(0, 100_000) as f64).ln_1p(),
            truth(self.checkout),
            truth(self.discounted),
            self.age_minutes.clamp(0.0, 1e7).ln_1p(),
            truth(self.orders > 0),
            f64::from(self.orders.min(100)).ln_1p(),
            self.days_since_order.map_or(0.0, |days| (-days.clamp(0.0, 1e5) / 30.0).exp()),
            truth(self.known_days < 1.0),
            truth(self.hour < 7),
            truth(self.weekend),
        ]
    }
}
