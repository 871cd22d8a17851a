//! At what hour and on what day somebody reads, and which channel reaches them.

use super::norms::Clock;
use crate::commerce::Order;
use crate::condition::PastMessage;
use crate::consent::Channel;
use crate::journey::DayOfWeek;
use crate::local_time::{Zone, local_weekday, minute_of_day};
use crate::ways::Results;
use kit::{DAY_MS, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// A purchase counts for the channel of a message that was clicked at most so long before it.
pub const BOUGHT_WITHIN_MS: i64 = 3 * DAY_MS;

/// What somebody did by hour of the day and by day of the week, from Monday.
#[derive(Clone, PartialEq, Debug)]
pub struct Counts {
    pub hours: [f64; 24],
    pub weekdays: [f64; 7],
    pub count: u32,
}

impl Default for Counts {
    fn default() -> Self {
        Counts { hours: [0.0; 24], weekdays: [0.0; 7], count: 0 }
    }
}

/// The hour and the day of the week (0 is Monday) that clocks of the zone show.
pub fn slots(at: Timestamp, zone: &Zone) -> (usize, usize) {
    let hour = usize::from(minute_of_day(at, zone) / 60).min(23);
    let weekday = local_weekday(at, zone).to_monday_zero_offset();
    (hour, usize::from(weekday.unsigned_abs()).min(6))
}

impl Counts {
    pub fn of(instants: impl IntoIterator<Item = Timestamp>, zone: &Zone) -> Counts {
        let mut counts = Counts::default();
        for at in instants {
            let (hour, weekday) = slots(at, zone);
            counts.hours[hour] += 1.0;
            counts.weekdays[weekday] += 1.0;
            counts.count += 1;
        }
        counts
    }
}

/// When a message was read by a person, if it was: a click is the surer sign, and each message counts once.
pub fn read_at(message: &PastMessage) -> Option<Timestamp> {
    message.clicked_at.or(message.opened_at)
}

/// When to write to somebody.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct BestTime {
    pub hour: u8,
    pub weekday: DayOfWeek,
    /// Own reads that it is told from; with none of them it is the shop's best.
    pub reads: u32,
    /// The share of reads that fall into this hour, 0 to 1.
    pub hour_share: f64,
    pub weekday_share: f64,
}

/// The best of a distribution; of equals the earliest.
fn best(shares: &[f64]) -> Option<(usize, f64)> {
    let mut found: Option<(usize, f64)> = None;
    for (slot, share) in shares.iter().enumerate() {
        if share.is_finite() && found.is_none_or(|(_, most)| *share > most) {
            found = Some((slot, *share));
        }
    }
    found
}

/// The best time on a channel, of reads and purchases in the person's own zone.
pub fn best_time(reads: &Counts, purchases: &Counts, shop: &Clock) -> Option<BestTime> {
    let (hour, hour_share) = best(&shop.hours.of(&reads.hours, &purchases.hours))?;
    let (weekday, weekday_share) = best(&shop.weekdays.of(&reads.weekdays, &purchases.weekdays))?;
    Some(BestTime {
        hour: u8::try_from(hour).ok().filter(|hour| *hour < 24)?,
        weekday: *DayOfWeek::ALL.get(weekday)?,
        reads: reads.count,
        hour_share,
        weekday_share,
    })
}

/// What became of somebody's messages by channel: the last 200 that were accepted or failed, as the way out counts them.
pub fn results(messages: &[&PastMessage], orders: &[&Order]) -> BTreeMap<Channel, Results> {
    let mut found: BTreeMap<Channel, Results> = BTreeMap::new();
    let settled =
        messages.iter().rev().filter(|message| matches!(message.state.as_str(), "accepted" | "failed"));
    for message in settled.take(crate::ways::RESULTS_OF_MESSAGES) {
        let Ok(channel) = message.channel.parse::<Channel>() else { continue };
        let slot = found.entry(channel).or_default();
        if message.state == "failed" {
            slot.failed += 1;
            continue;
        }
        slot.accepted += 1;
        slot.delivered += i64::from(message.delivered_at.is_some());
        if let Some(clicked_at) = message.clicked_at {
            slot.clicked += 1;
            let until = clicked_at.plus_ms(BOUGHT_WITHIN_MS);
            let bought = orders.iter().any(|order| (clicked_at..=until).contains(&order.placed_at.0));
            slot.bought += i64::from(bought);
        }
    }
    found
}
