//! What one process remembers between requests. All of it is small, bounded, and may be lost.

use crate::keys::KeyCache;
use crate::scans::Scans;
use kit::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names that a counter keeps apart; beyond it all are forgotten.
const NAMES_MAX: usize = 20_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change of these maps is one call: a thread that panicked left nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys seen lately, counters of limits, and writes under way.
#[derive(Debug)]
pub struct Memory {
    pub keys: KeyCache,
    /// Requests of one key to the tracking API.
    pub tracking: Bucket,
    /// Attempts to sign in from one address.
    pub sign_ins: Bucket,
    /// Attempts to sign in to one account, from wherever. Wider, so that nobody can easily lock its owner out.
    pub sign_ins_of_account: Bucket,
    /// Codes of a second factor that were wrong, of one account: guessing one takes years.
    pub second_factors: Bucket,
    /// Passwords that are compared at once: each takes 19 MiB and a core.
    pub comparisons: tokio::sync::Semaphore,
    /// Counts of segments.
    pub scans: Scans,
    /// Pictures of all people.
    pub(crate) grids: crate::grids::Grids,
    /// Campaigns that are looked at before they go.
    pub(crate) checks: crate::endpoints::Checks,
    /// Numbers of campaigns.
    pub(crate) figures: crate::endpoints::Figures,
    /// What was heard at the tracking API of late.
    pub(crate) heard: crate::heard::Heard,
    /// Trials of channels, webhooks and domains.
    pub(crate) trials: Bucket,
    /// Who hears of changes.
    pub(crate) live: crate::endpoints::Live,
    /// Overviews reckoned lately.
    pub(crate) overviews: crate::endpoints::Overviews,
    under_way: Mutex<HashSet<String>>,
}

impl Default for Memory {
    fn default() -> Self {
        Memory::with_tracking_limit(5_000)
    }
}

impl Memory {
    /// `per_second`: requests that one key may send to the tracking API.
    pub fn with_tracking_limit(per_second: u32) -> Memory {
        Memory {
            keys: KeyCache::default(),
            tracking: Bucket::new(per_second, per_second, SECOND_MS),
            sign_ins: Bucket::new(10, 10, 15 * MINUTE_MS),
            sign_ins_of_account: Bucket::new(100, 100, HOUR_MS),
            second_factors: Bucket::new(6, 6, HOUR_MS),
            comparisons: tokio::sync::Semaphore::new(2),
            scans: Scans::default(),
            grids: crate::grids::Grids::default(),
            checks: crate::endpoints::Checks::default(),
            figures: crate::endpoints::Figures::default(),
            heard: crate::heard::Heard::default(),
            trials: Bucket::new(20, 20, HOUR_MS),
            live: crate::endpoints::Live::default(),
            overviews: crate::endpoints::Overviews::default(),
            under_way: Mutex::default(),
        }
    }

    /// Claims a name until the returned guard is dropped; `None` while somebody else has it.
    pub fn claim(&self, name: String) -> Option<Claim<'_>> {
        let is_free = lock(&self.under_way).insert(name.clone());
        // Made only when the name is ours: a claim gives its name back when it is dropped, and takes the lock for it.
        is_free.then(|| Claim { memory: self, name })
    }
}

/// A name that is taken, see [`Memory::claim`].
#[derive(Debug)]
pub struct Claim<'m> {
    memory: &'m Memory,
    name: String,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        lock(&self.memory.under_way).remove(&self.name);
    }
}

/// A token bucket for every name: `burst` at once, `count` every `period_ms`.
#[derive(Debug)]
pub struct Bucket {
    burst: f64,
    per_ms: f64,
    /// What is left and when it was counted.
    names: Mutex<HashMap<String, (f64, Timestamp)>>,
}

impl Bucket {
    pub fn new(burst: u32, count: u32, period_ms: i64) -> Bucket {
        let per_ms = f64::from(count.max(1)) / period_ms as f64;
        Bucket { burst: f64::from(burst.max(1)), per_ms, names: Mutex::default() }
    }

    /// Takes one; otherwise the seconds after which there is one again.
    pub fn take(&self, name: &str, now: Timestamp) -> Result<(), u32> {
        let mut names = lock(&self.names);
        if names.len() >= NAMES_MAX && !names.contains_key(name) {
            names.clear();
        }
        if !names.contains_key(name) {
            names.insert(name.to_owned(), (self.burst, now));
        }
        let Some((left, at)) = names.get_mut(name) else { return Ok(()) };
        let passed_ms = now.since_ms(*at).max(0) as f64;
        *left = (*left + passed_ms * self.per_ms).min(self.burst);
        *at = now;
        if *left >= 1.0 {
            *left -= 1.0;
            return Ok(());
        }
        Err((((1.0 - *left) / self.per_ms / 1_000.0).ceil() as u32).max(1))
    }

    /// Gives the name its whole burst back, such as after a password that was right.
    pub fn forget(&self, name: &str) {
        lock(&self.names).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let bucket = Bucket::new(2, 2, SECOND_MS);
        let at = Timestamp::from_ms(50_000);
        assert_eq!((bucket.take("a", at), bucket.take("a", at)), (Ok(()), Ok(())));
        assert_eq!(bucket.take("a", at), Err(1));
        assert_eq!(bucket.take("b", at), Ok(()), "names do not share");
        assert_eq!(bucket.take("a", at.plus_ms(499)), Err(1));
        assert_eq!(bucket.take("a", at.plus_ms(500)), Ok(()));
        bucket.forget("a");
        assert_eq!((bucket.take("a", at), bucket.take("a", at)), (Ok(()), Ok(())));
    }

    #[test]
    fn a_claim_holds_until_it_is_dropped() {
        let memory = Memory::default();
        let claim = memory.claim("x".into());
        assert!(claim.is_some() && memory.claim("x".into()).is_none());
        drop(claim);
        assert!(memory.claim("x".into()).is_some());
    }
}
