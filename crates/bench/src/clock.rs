//! The one place that reads a clock and waits for it.

use kit::Timestamp;
use std::time::{Duration, Instant, SystemTime};

#[expect(clippy::disallowed_methods, reason = "a stopwatch is what this program is")]
pub fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "live events carry the time at which they happen")]
pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

pub fn seconds_since(start: Instant) -> f64 {
    now().duration_since(start).as_secs_f64()
}

/// Lets the thread rest until `at`; returns at once when it is past.
pub fn wait_until(at: Instant) {
    loop {
        let left = at.saturating_duration_since(now());
        if left.is_zero() {
            return;
        }
        // May end early, hence the loop.
        std::thread::park_timeout(left);
    }
}

pub fn rest(for_ms: u64) {
    wait_until(now() + Duration::from_millis(for_ms));
}
