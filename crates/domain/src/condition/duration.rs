use crate::local_time::{format_duration, parse_duration};
use kit::DAY_MS;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Longest wait of a journey, in days.
pub const DURATION_DAYS_MAX: i64 = 400;

/// An exact length of time, 0 to 400 days, written as [`parse_duration`] reads it: `90m`, `1h30m`, `7d`. A
/// day is 24 hours here, also where a clock is put forward or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    ms: i64,
}

impl Duration {
    pub const fn ms(self) -> i64 {
        self.ms
    }

    /// # Errors
    /// With what is wrong, when `text` is no duration or one of more than 400 days.
    pub fn parse(text: &str) -> Result<Self, String> {
        match parse_duration(text) {
            Ok(ms) if ms <= DURATION_DAYS_MAX * DAY_MS => Ok(Duration { ms }),
            Ok(_) => Err(format!("\"{text}\" is more than {DURATION_DAYS_MAX} days")),
            Err(error) => Err(format!("\"{text}\": {error}")),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.ms))
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Duration::parse(&text).map_err(serde::de::Error::custom)
    }
}
