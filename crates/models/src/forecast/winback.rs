//! The day from which winning a customer back pays.
//!
//! After each order a customer is silent. The chance that they buy within the next weeks by themselves is told by two
//! witnesses: the model of buying, put right per class of customers by what came, and the shop's own table of how many
//! came back after such a silence. The mean of their log-odds falls as the silence goes on; the first day on which it
//! is at or below what the shop accepts as waste is the win-back day. It depends on the orders alone, not on today.

use super::purchases::Summary;
use domain::btyd::{Customer, Tables, WEEK_DAYS};
use domain::commerce::Day;
use serde::{Deserialize, Serialize};

/// Customers with so many repeat orders and their returns.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tier {
    /// From so many repeat orders on, until the next tier begins.
    pub repeats: u32,
    /// Log-odds of a return = the first + the second x those of the model.
    pub calibration: (f64, f64),
    /// Log-odds of a return in the next weeks after 0, 1, 2 ... weeks of silence; the last stands for longer ones. Empty
    /// where too few orders are known.
    pub returns: Vec<f32>,
}

/// What serves for win-back days.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WinBack {
    /// Weeks within which somebody who comes back by themselves would have made an offer a waste.
    pub within_weeks: f64,
    /// No day before so many whole weeks of silence.
    pub floor_weeks: u32,
    /// After so many, whatever the chance.
    pub cap_weeks: u32,
    /// The chance at or below which the day has come.
    pub threshold: f64,
    /// Ascending by repeats, the first from 0.
    pub tiers: Vec<Tier>,
}

pub(super) fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

pub(super) fn sigmoid(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

impl WinBack {
    /// Without a history of its own: the model alone.
    pub fn plain(within_weeks: f64, floor_weeks: u32, cap_weeks: u32, threshold: f64) -> WinBack {
        let tier = Tier { repeats: 0, calibration: (0.0, 1.0), returns: Vec::new() };
        WinBack {
            within_weeks,
            floor_weeks,
            cap_weeks: cap_weeks.max(floor_weeks),
            threshold,
            tiers: vec![tier],
        }
    }

    pub(super) fn tier(&self, repeats: u32) -> Option<&Tier> {
        let after = self.tiers.partition_point(|tier| tier.repeats <= repeats);
        self.tiers[..after].last()
    }

    /// Chance of an order in the next [`WinBack::within_weeks`] after a silence of so many weeks.
    pub fn chance(&self, model: &Tables, customer: &Summary, silence: f64) -> f64 {
        let told = told(model, customer, silence, self.within_weeks);
        self.tier(customer.repeats()).map_or(told, |tier| tier.blend(told, silence))
    }

    /// Days of silence until winning back pays; between two weeks it is interpolated.
    pub fn silence_days(&self, model: &Tables, customer: &Summary) -> Day {
        due_silence(self.threshold, self.floor_weeks, self.cap_weeks, |week| {
            self.chance(model, customer, f64::from(week))
        })
    }

    /// Whether what was read makes sense.
    pub fn is_sound(&self) -> bool {
        let finite = self.tiers.iter().all(|tier| {
            tier.calibration.0.is_finite()
                && tier.calibration.1.is_finite()
                && tier.returns.iter().all(|odds| odds.is_finite())
        });
        finite
            && self.within_weeks > 0.0
            && self.threshold.is_finite()
            && self.floor_weeks <= self.cap_weeks
            && self.cap_weeks <= 520
            && self.tiers.windows(2).all(|pair| pair[0].repeats < pair[1].repeats)
    }
}

impl Tier {
    pub(super) fn blend(&self, told: f64, silence: f64) -> f64 {
        let model = self.calibration.0 + self.calibration.1 * logit(told);
        let known = silence.clamp(0.0, self.returns.len().saturating_sub(1) as f64);
        let at = |week: usize| self.returns.get(week).copied().map(f64::from);
        match (at(known.floor() as usize), at(known.ceil() as usize)) {
            (Some(before), Some(after)) => sigmoid((model + before + (after - before) * known.fract()) / 2.0),
            _ => sigmoid(model),
        }
    }
}

/// What the model says of a customer at their last order, after a silence from then on.
pub(super) fn told(model: &Tables, customer: &Summary, silence: f64, within: f64) -> f64 {
    let tx = (f64::from(customer.last) - f64::from(customer.first)) / WEEK_DAYS;
    let customer = Customer::new(customer.repeats(), tx, tx + silence.max(0.0));
    model.see(&customer).p_buy_within(within)
}

/// Days of silence until a chance, told week by week, is at or below the threshold.
pub(super) fn due_silence(threshold: f64, floor: u32, cap: u32, chance: impl Fn(u32) -> f64) -> Day {
    let week_days = WEEK_DAYS as Day;
    let mut before = chance(floor);
    if before <= threshold {
        return floor as Day * week_days;
    }
    for week in floor + 1..=cap {
        let now = chance(week);
        if now <= threshold {
            let share = (before - threshold) / (before - now);
            let days = (share * WEEK_DAYS).ceil().clamp(1.0, WEEK_DAYS) as Day;
            return (week as Day - 1) * week_days + days;
        }
        before = now;
    }
    cap as Day * week_days
}
