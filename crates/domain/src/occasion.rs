//! What somebody was told of products that they may have waited for, and what they were spared.

use crate::profile::Ms;
use kit::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// What is remembered of somebody, of each: the newest. All that can be told of in a day where there is a limit.
const KEPT: usize = 60;

/// Why somebody was not told of a product.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// They were told of others within a day as often as the shop allows.
    ToldToday,
    /// One event names so many products at most.
    TooMany,
}

/// A product of which somebody was told or not, and when.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Told {
    #[serde(rename = "t")]
    pub at: Ms,
    /// The name of the event.
    #[serde(rename = "e")]
    pub event: String,
    #[serde(rename = "p")]
    pub product_id: String,
    /// Why not; `None`: they were told.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}

/// The newest of both, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OccasionLog(Vec<Told>);

impl OccasionLog {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Oldest first.
    pub fn all(&self) -> &[Told] {
        &self.0
    }

    /// How many events told of products in the day before an instant.
    pub fn events_in_day(&self, at: Timestamp) -> usize {
        let mut told: Vec<(Ms, &str)> = self.of_day(at).map(|one| (one.at, one.event.as_str())).collect();
        told.sort_unstable();
        told.dedup();
        told.len()
    }

    /// Whether such an event told of a product in the day before an instant.
    pub fn was_told(&self, event: &str, product_id: &str, at: Timestamp) -> bool {
        self.of_day(at).any(|one| one.event == event && one.product_id == product_id)
    }

    fn of_day(&self, at: Timestamp) -> impl Iterator<Item = &Told> {
        let since = at.plus_ms(-DAY_MS);
        self.0.iter().filter(move |one| one.left_out.is_none() && one.at.0 > since && one.at.0 <= at)
    }

    /// Takes one down. What they were told within a day stays, so that the limit holds.
    pub fn add(&mut self, told: Told) {
        let same = |one: &Told| {
            one.left_out.is_some()
                && told.left_out.is_some()
                && (one.event.as_str(), one.product_id.as_str())
                    == (told.event.as_str(), told.product_id.as_str())
        };
        self.0.retain(|one| !same(one));
        self.0.push(told);
        self.trim();
    }

    /// Takes in what another profile of the same person knows.
    pub fn absorb(&mut self, other: OccasionLog) {
        self.0.extend(other.0);
        self.0.sort();
        self.0.dedup();
        self.trim();
    }

    fn trim(&mut self) {
        for is_told in [true, false] {
            let held = self.0.iter().filter(|one| one.left_out.is_none() == is_told).count();
            let mut gone = held.saturating_sub(KEPT);
            self.0.retain(|one| {
                let goes = gone > 0 && one.left_out.is_none() == is_told;
                gone -= usize::from(goes);
                !goes
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(at: i64, event: &str, product: &str, left_out: Option<LeftOut>) -> Told {
        Told { at: Ms::from_ms(at), event: event.into(), product_id: product.into(), left_out }
    }

    #[test]
    fn events_of_a_day_are_counted_not_their_products() {
        let mut log = OccasionLog::default();
        let at = Timestamp::from_ms(10 * DAY_MS);
        for product in ["a", "b"] {
            log.add(told(10 * DAY_MS - 5, "Price Dropped", product, None));
        }
        log.add(told(10 * DAY_MS - 4, "Back In Stock", "c", Some(LeftOut::ToldToday)));
        assert_eq!(log.events_in_day(at), 1);
        assert!(log.was_told("Price Dropped", "b", at) && !log.was_told("Back In Stock", "c", at));
        assert_eq!(log.events_in_day(at.plus_ms(DAY_MS - 5)), 0, "a day later");
        let mut other = log.clone();
        other.add(told(10 * DAY_MS - 3, "Back In Stock", "d", None));
        log.absorb(other);
        assert_eq!((log.events_in_day(at), log.all().len()), (2, 4));
    }

    #[test]
    fn the_newest_are_kept_and_the_limit_outlives_what_was_left_out() {
        let mut log = OccasionLog::default();
        log.add(told(1, "Price Dropped", "first", None));
        for n in 0..200 {
            log.add(told(2 + n, "Price Dropped", &format!("p{n}"), Some(LeftOut::TooMany)));
            log.add(told(2 + n, "Price Dropped", "again", Some(LeftOut::ToldToday)));
        }
        assert_eq!(log.all().len(), 1 + KEPT);
        assert_eq!(log.events_in_day(Timestamp::from_ms(300)), 1);
        let read: OccasionLog = serde_json::from_str(&serde_json::to_string(&log).unwrap()).unwrap();
        assert_eq!(read, log);
    }
}
