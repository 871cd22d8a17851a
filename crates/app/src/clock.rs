//! The only place that asks what time it is.

use kit::{Clock, Timestamp};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "production's one source of time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Starts at an instant and runs `speed` times as fast as the world: the demo's clock.
pub struct FastClock {
    started: Instant,
    start: Timestamp,
    speed: f64,
}

impl FastClock {
    #[expect(clippy::disallowed_methods, reason = "the demo's one source of time")]
    pub fn starting_at(start: Timestamp, speed: f64) -> FastClock {
        FastClock { started: Instant::now(), start, speed }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let elapsed_ms = self.started.elapsed().as_secs_f64() * 1_000.0 * self.speed;
        self.start.plus_ms(elapsed_ms as i64)
    }
}

/// How long to wait in the world's time until `due` on a clock that runs at `speed`.
pub fn until(now: Timestamp, due: Option<Timestamp>, speed: f64, at_most: Duration) -> Duration {
    match due {
        None => at_most,
        Some(due) => {
            let ms = due.since_ms(now).max(0) as f64 / speed;
            Duration::from_secs_f64((ms / 1_000.0).min(at_most.as_secs_f64()))
        }
    }
}
