//! Whether a cart that rests is bought without help, and how long to wait before offering it.
//!
//! A cart rests from the last touch on. The question is asked at a few landmarks of that silence ([`LANDMARKS`]): of
//! carts like this one, silent for so long, how many were bought within [`WINDOW_MINUTES`] of the last touch while
//! nobody wrote to the person? [`fit`] answers it from a shop's past carts; [`Model`] for one cart.

mod fit;
mod replay;
mod seen;

use crate::logistic::Logistic;
use crate::measure::Isotonic;
use serde::{Deserialize, Serialize};

pub use fit::{Fitted, MODEL_CARTS_MIN, Quality, Report, Rest, fit};
pub use replay::{CART_EVENTS, Shopper, rests};
pub use seen::{FEATURES, Seen};

/// A cart is bought without help when it is within this of its last touch, in minutes: three days.
pub const WINDOW_MINUTES: i64 = 3 * 24 * 60;
/// Minutes of silence at which the question is asked. Between two of them the answer of the earlier one stands.
pub const LANDMARKS: [i64; 9] = [0, 15, 30, 60, 120, 240, 480, 1_440, 2_880];
/// The wait before the first message where nothing was learned, in minutes.
pub const DEFAULT_DELAY_MINUTES: i64 = 60;
/// Nobody is written to sooner after a touch: they may still be there.
const DELAY_MINUTES_MIN: i64 = 30;
/// What a message to somebody who would have bought anyway costs beside what a won purchase brings (a voucher given
/// away, a reader lost), where nothing else is said.
pub const WASTE_COST: f64 = 0.25;
/// After so many minutes a reminder wins `1/e` of what it would have won at once, where that was not learned.
pub const FADES_MINUTES: f64 = 24.0 * 60.0;

/// What serves: the document of the kind `carts`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Model {
    /// What a cart is worth in the middle, in minor units: values are seen beside it.
    pub typical_value: f64,
    /// By landmark: the share that is bought alone.
    pub by_silence: Vec<f64>,
    /// What features change; `None` where they were not found to tell more than silence alone.
    pub features: Option<Logistic>,
    pub calibration: Isotonic,
    /// How fast a reminder loses its effect, in minutes.
    pub fades_minutes: f64,
    pub waste_cost: f64,
}

impl Model {
    /// Place of the landmark that a silence has passed; `None` once the window is over.
    fn landmark(silent_minutes: i64) -> Option<usize> {
        if silent_minutes >= WINDOW_MINUTES {
            return None;
        }
        let passed = LANDMARKS.partition_point(|edge| *edge <= silent_minutes.max(0));
        Some(passed.saturating_sub(1))
    }

    /// The probability, 0 to 1, that a cart that has rested for so long is bought in what is left of its window when
    /// nobody helps, and how many minutes after the last touch the answer is another one. `None` when the window is
    /// over.
    pub fn buys_alone(&self, seen: &Seen, silent_minutes: i64) -> Option<(f64, i64)> {
        let landmark = Model::landmark(silent_minutes)?;
        let next = LANDMARKS.get(landmark + 1).copied().unwrap_or(WINDOW_MINUTES);
        Some((self.at(seen, landmark)?, next))
    }

    fn at(&self, seen: &Seen, landmark: usize) -> Option<f64> {
        let share = match &self.features {
            Some(features) => {
                let raw = features.at(&fit::inputs(seen, landmark, self.typical_value));
                self.calibration.at(raw).unwrap_or(raw)
            }
            None => *self.by_silence.get(landmark)?,
        };
        share.is_finite().then(|| share.clamp(0.0, 1.0))
    }

    /// How many minutes after the last touch the first message pays most.
    ///
    /// With `q` the share of carts, silent so far, that are bought alone: a message after `d` minutes wins `exp(-d /
    /// fades)` of those who do not come back alone, and is wasted on the `q / (1 - q)` as many who do. Both shrink as
    /// time passes; the best delay is where the difference is largest.
    pub fn best_delay_minutes(&self, seen: &Seen) -> i64 {
        let mut best: Option<(i64, f64)> = None;
        for (landmark, minutes) in LANDMARKS.iter().enumerate().filter(|(_, at)| **at >= DELAY_MINUTES_MIN) {
            let Some(alone) = self.at(seen, landmark) else { continue };
            let alone = alone.min(0.999);
            let worth =
                (-(*minutes as f64) / self.fades_minutes).exp() - self.waste_cost * alone / (1.0 - alone);
            if worth.is_finite() && best.is_none_or(|(_, most)| worth > most) {
                best = Some((*minutes, worth));
            }
        }
        best.map_or(DEFAULT_DELAY_MINUTES, |(minutes, _)| minutes)
    }
}

#[cfg(test)]
mod tests;
