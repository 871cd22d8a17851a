//! Counts of segments that are under way: few at once, each with its progress until somebody has taken its result.

use crate::problem::Answer;
use engine::segments::reach::Reach;
use engine::segments::scan::Progress;
use kit::WorkspaceId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts at once. Each reads with two of the few connections for reading.
const AT_ONCE_MAX: usize = 2;
/// Results that wait for somebody to ask for them; beyond it the oldest goes.
const KEPT_MAX: usize = 100;

/// What a count found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pub count: u64,
    pub profiles: u64,
    pub took_ms: i64,
    /// A few of the members and where they can be reached, where that was asked for.
    pub people: Option<Arc<FoundPeople>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundPeople {
    pub sample: Vec<PersonInBrief>,
    pub reach: Reach,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonInBrief {
    pub profile_id: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

/// One count.
#[derive(Debug)]
pub struct Running {
    workspace: WorkspaceId,
    id: String,
    pub progress: Progress,
    outcome: Mutex<Option<Answer<Found>>>,
}

impl Running {
    /// `None` while it is under way.
    pub fn outcome(&self) -> Option<Answer<Found>> {
        lock(&self.outcome).clone()
    }

    pub fn finish(&self, outcome: Answer<Found>) {
        *lock(&self.outcome) = Some(outcome);
    }
}

/// All counts of this process, oldest first.
#[derive(Debug, Default)]
pub struct Scans(Mutex<Vec<Arc<Running>>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks guard is never left half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scans {
    /// `None` when as many are under way as may be.
    pub fn begin(&self, workspace: WorkspaceId, id: &str) -> Option<Arc<Running>> {
        let mut all = lock(&self.0);
        if all.iter().filter(|one| one.outcome().is_none()).count() >= AT_ONCE_MAX {
            return None;
        }
        if all.len() >= KEPT_MAX {
            all.retain(|one| one.outcome().is_none());
        }
        let running = Arc::new(Running {
            workspace,
            id: id.to_owned(),
            progress: Progress::default(),
            outcome: Mutex::new(None),
        });
        all.push(Arc::clone(&running));
        Some(running)
    }

    pub fn find(&self, workspace: WorkspaceId, id: &str) -> Option<Arc<Running>> {
        lock(&self.0).iter().find(|one| one.workspace == workspace && one.id == id).cloned()
    }

    pub fn forget(&self, id: &str) {
        lock(&self.0).retain(|one| one.id != id);
    }
}
