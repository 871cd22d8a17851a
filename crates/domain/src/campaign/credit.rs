//! Which run of a campaign an order is credited to.

use kit::{DAY_MS, Timestamp};

/// An open or a click of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touch<K> {
    /// What sent the message: a run of a campaign, or `None` for everything else.
    pub by: Option<K>,
    pub at: Timestamp,
}

/// An order of the person who did the touches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    pub placed_at: Timestamp,
    /// Minor units.
    pub net: i64,
}

/// The number of a person's orders, and what they come to, that are credited to `key`: each order belongs to the last
/// message that the person opened or clicked before it, whatever sent it, if that was within `days`.
pub fn credited<K: PartialEq>(key: &K, touches: &[Touch<K>], orders: &[Order], days: u32) -> (i64, i64) {
    let reach_ms = i64::from(days) * DAY_MS;
    let ours = orders.iter().filter(|order| {
        let before = touches.iter().filter(|touch| touch.at <= order.placed_at);
        let last = before.max_by_key(|touch| touch.at);
        last.is_some_and(|touch| {
            touch.by.as_ref() == Some(key) && order.placed_at.since_ms(touch.at) <= reach_ms
        })
    });
    ours.fold((0, 0), |(count, sum), order| (count + 1, sum + order.net))
}
