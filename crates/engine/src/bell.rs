use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Wakes a loop that has nothing to do. A ring while nobody waits is kept for the next who does.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    waiting: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        // The flag is a plain bool: a thread that panicked with it left nothing half done.
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.waiting.notify_all();
    }

    /// Blocks until somebody rings, or for `at_most`.
    pub fn wait(&self, at_most: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.waiting.wait_timeout_while(rung, at_most, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}
