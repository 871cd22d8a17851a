use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An instant: milliseconds since 1970-01-01T00:00:00Z, the unit of both databases.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    pub const fn from_ms(ms: i64) -> Self {
        Timestamp(ms)
    }

    pub const fn ms(self) -> i64 {
        self.0
    }

    /// `self + ms`, held at the ends of the range.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Timestamp(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` came first.
    pub const fn since_ms(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}ms", self.0)
    }
}

/// Where a loop learns the time. Functions take a [`Timestamp`] instead.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// A clock that moves only when it is told to: simulations, backtests, tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn starting_at(now: Timestamp) -> Self {
        ManualClock(AtomicI64::new(now.ms()))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.ms(), Ordering::SeqCst);
    }

    pub fn advance_ms(&self, ms: i64) -> Timestamp {
        Timestamp::from_ms(self.0.fetch_add(ms, Ordering::SeqCst) + ms)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }
}
