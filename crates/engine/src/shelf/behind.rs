//! What is done for a shelf behind those who ask, so that nobody waits for it: each thing once at a time.

use super::lock;
use kit::WorkspaceId;
use rustc_hash::FxHashSet;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use store::StoreError;

/// Threads that are at work, and what each is at.
#[derive(Debug, Default)]
pub(super) struct Behind {
    under_way: Arc<Mutex<FxHashSet<(WorkspaceId, String)>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Takes the mark away, also when the work broke off.
struct Mark {
    under_way: Arc<Mutex<FxHashSet<(WorkspaceId, String)>>>,
    of: (WorkspaceId, String),
}

impl Drop for Mark {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.of);
    }
}

impl Behind {
    /// Begins `work` in a thread of its own, unless the same is under way. What fails is told and tried again by
    /// whoever asks next.
    pub fn begin(
        &self,
        workspace: WorkspaceId,
        name: &str,
        work: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
    ) {
        let of = (workspace, name.to_owned());
        if !lock(&self.under_way).insert(of.clone()) {
            return;
        }
        let mark = Mark { under_way: Arc::clone(&self.under_way), of };
        let thread = std::thread::Builder::new().name("shelf".into()).spawn(move || {
            let name = &mark.of.1;
            if let Err(error) = work() {
                tracing::warn!(workspace.id = mark.of.0.0, work = name, %error, "a shelf could not be followed");
            }
        });
        match thread {
            Ok(thread) => {
                let mut threads = lock(&self.threads);
                threads.retain(|thread| !thread.is_finished());
                threads.push(thread);
            }
            Err(error) => tracing::warn!(workspace.id = workspace.0, %error, "no thread for a shelf"),
        }
    }

    /// Waits until nothing is under way.
    pub fn finish(&self) {
        loop {
            let threads = std::mem::take(&mut *lock(&self.threads));
            if threads.is_empty() {
                return;
            }
            for thread in threads {
                // One that broke off has told so itself.
                let _ = thread.join();
            }
        }
    }
}
