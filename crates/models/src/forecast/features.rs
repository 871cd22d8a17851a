//! What the boosted trees see of a customer on a day.

use super::purchases::Summary;
use domain::btyd::{Customer, Seen, WEEK_DAYS};
use domain::commerce::Day;

/// Their names, for the report.
pub const NAMES: [&str; COUNT] = [
    "orders",
    "silence_weeks",
    "age_weeks",
    "active_share",
    "mean_gap",
    "evenness",
    "last_gap",
    "silence_by_mean_gap",
    "silence_by_last_gap",
    "since_fourth_last",
    "since_eighth_last",
    "orders_quarter",
    "orders_half_year",
    "mean_paid",
    "expected_log",
    "alive",
    "buys",
];

/// How many they are.
pub const COUNT: usize = 17;

/// What stands for a number that a customer does not have yet, such as a gap before the second order.
const NONE: f32 = -1.0;

pub fn weeks(from: Day, to: Day) -> f64 {
    (f64::from(to) - f64::from(from)).max(0.0) / WEEK_DAYS
}

/// The customer as the models of buying know them. A last order after today (a clock that was wrong) counts as today's.
pub fn known(customer: &Summary, today: Day) -> Customer {
    let tx = weeks(customer.first, customer.last);
    Customer::new(customer.repeats(), tx, weeks(customer.first, today).max(tx))
}

/// What the model says of the time until the horizon: expected orders, P(alive), P(buys).
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub mean: f64,
    pub alive: f64,
    pub buys: f64,
}

impl Told {
    pub fn by(seen: &Seen<'_>, horizon: f64) -> Told {
        Told { mean: seen.expected(horizon), alive: seen.alive(), buys: seen.p_buy_within(horizon) }
    }
}

/// `value_mean` is the mean order of all customers, so that amounts of any currency are of one size.
pub fn of(customer: &Summary, today: Day, told: &Told, value_mean: f64) -> [f32; COUNT] {
    let silence = weeks(customer.last, today);
    let age = weeks(customer.first, today);
    let active = weeks(customer.first, customer.last);
    let repeats = f64::from(customer.repeats());
    let latest = customer.latest();
    let nth_last =
        |n: usize| latest.len().checked_sub(n).map(|at| weeks(latest[at], today) as f32).unwrap_or(NONE);
    let within = |weeks_ago: f64| latest.iter().filter(|day| weeks(**day, today) < weeks_ago).count() as f32;
    let (mut mean_gap, mut even, mut last_gap, mut by_mean, mut by_last) = (NONE, NONE, NONE, NONE, NONE);
    if customer.repeats() > 0 && active > 0.0 {
        let mean = active / repeats;
        let last = match latest {
            [.., before, last] => weeks(*before, *last),
            _ => mean,
        };
        mean_gap = mean as f32;
        last_gap = last as f32;
        // The geometric mean over the arithmetic one: 1 for a clockwork.
        even = ((customer.ln_gaps / repeats).exp() / (mean * WEEK_DAYS)).clamp(0.0, 1.0) as f32;
        by_mean = (silence / mean).min(1e4) as f32;
        by_last = (silence / last.max(1.0 / WEEK_DAYS)).min(1e4) as f32;
    }
    let paid = match customer.mean_paid() {
        Some(paid) if value_mean > 0.0 => (paid / value_mean).max(1e-3).ln() as f32,
        _ => -20.0,
    };
    let features = [
        repeats as f32,
        silence as f32,
        age as f32,
        if age > 0.0 { (active / age) as f32 } else { 1.0 },
        mean_gap,
        even,
        last_gap,
        by_mean,
        by_last,
        nth_last(4),
        nth_last(8),
        within(13.0),
        within(26.0),
        paid,
        told.mean.max(1e-4).ln() as f32,
        told.alive as f32,
        told.buys as f32,
    ];
    features.map(|value| if value.is_finite() { value } else { NONE })
}
