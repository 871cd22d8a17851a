use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::session::Session;

/// Idle connections, the one used last on top. It takes time from the runtime's clock, which decides here only how
/// long a socket stays open.
pub(super) struct Pool {
    idle: Mutex<Idle>,
    idle_for: Duration,
}

#[derive(Default)]
struct Idle {
    sessions: Vec<(Instant, Session)>,
    /// Whether a task waits to close them.
    watched: bool,
}

impl Pool {
    pub fn new(idle_for: Duration) -> Arc<Pool> {
        Arc::new(Pool { idle: Mutex::default(), idle_for })
    }

    pub fn take(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // One that is over its time is left for the task that closes it.
        idle.sessions
            .pop_if(|(since, _)| now.duration_since(*since) < self.idle_for)
            .map(|(_, session)| session)
    }

    pub fn put(self: &Arc<Self>, session: Session) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.sessions.push((Instant::now(), session));
        if !idle.watched {
            idle.watched = true;
            tokio::spawn(watch(Arc::downgrade(self), self.idle_for));
        }
    }

    /// The sessions over their time, and when to look again; `None` when nothing is left to watch.
    fn expired(&self) -> (Vec<Session>, Option<Instant>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // In order of their time: what is taken and put back goes to the end.
        let count = idle.sessions.partition_point(|(since, _)| now.duration_since(*since) >= self.idle_for);
        let expired = idle.sessions.drain(..count).map(|(_, session)| session).collect();
        let next = idle.sessions.first().map(|(since, _)| *since + self.idle_for);
        idle.watched = next.is_some();
        (expired, next)
    }
}

/// Closes idle sessions until there are none, or until the channel is gone.
async fn watch(pool: Weak<Pool>, idle_for: Duration) {
    let mut next = Instant::now() + idle_for;
    loop {
        let _ = timeout_at(next, std::future::pending::<()>()).await;
        let Some(pool) = pool.upgrade() else { return };
        let (expired, look_again) = pool.expired();
        drop(pool);
        for session in expired {
            session.quit().await;
        }
        match look_again {
            Some(at) => next = at,
            None => return,
        }
    }
}
