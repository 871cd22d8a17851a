//! Pictures of all people, one a workspace, and what was selected from them lately, so that a list can be read on
//! from anywhere without being sorted again. Made when somebody opens the app, or else first looks, and let go of when
//! nobody does.

use crate::problem::Answer;
use crate::services::Services;
use engine::grid::{Found, Grid, Query};
use kit::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp, WorkspaceId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use store::Store;

/// How old a picture may be.
const FRESH_MS: i64 = SECOND_MS;
/// How old a selection may be that somebody asks for without naming it.
const SELECTION_FRESH_MS: i64 = 5 * SECOND_MS;
/// Selections and searches kept a workspace.
const KEPT_MAX: usize = 8;
/// How long the members of a condition are believed.
const FOUND_FRESH_MS: i64 = 5 * MINUTE_MS;
/// People in all pictures beyond which none is made before somebody asks for it: some 200 MB.
const AHEAD_MAX: u64 = 4_000_000;
/// A picture at which nobody looks goes after this.
const IDLE_MS: i64 = 2 * HOUR_MS;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks guard is never left half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who fitted, in order.
#[derive(Debug)]
pub struct Selection {
    pub id: String,
    key: String,
    pub made_at: Timestamp,
    pub numbers: Vec<u32>,
    /// People that there were.
    pub everybody: u64,
}

#[derive(Debug, Default)]
struct Picture {
    grid: Option<Grid>,
    refreshed_at: Option<Timestamp>,
}

/// What is held for one workspace.
#[derive(Debug)]
pub struct Held {
    workspace: WorkspaceId,
    picture: RwLock<Picture>,
    selections: Mutex<Vec<Arc<Selection>>>,
    found: Mutex<Vec<(String, Timestamp, Arc<Found>)>>,
    used_at: Mutex<Timestamp>,
}

#[derive(Debug)]
pub struct Grids {
    held: Mutex<HashMap<WorkspaceId, Arc<Held>>>,
    /// Pictures are made ahead one after the other: who asks now does not wait behind those who may ask later.
    ahead: tokio::sync::Semaphore,
}

impl Default for Grids {
    fn default() -> Grids {
        Grids { held: Mutex::default(), ahead: tokio::sync::Semaphore::new(1) }
    }
}

impl Grids {
    pub fn of(&self, workspace: WorkspaceId, now: Timestamp) -> Arc<Held> {
        let mut all = lock(&self.held);
        all.retain(|of, held| *of == workspace || now.since_ms(*lock(&held.used_at)) < IDLE_MS);
        let held = all.entry(workspace).or_insert_with(|| {
            Arc::new(Held {
                workspace,
                picture: RwLock::default(),
                selections: Mutex::default(),
                found: Mutex::default(),
                used_at: Mutex::new(now),
            })
        });
        *lock(&held.used_at) = now;
        Arc::clone(held)
    }

    fn people(&self) -> u64 {
        lock(&self.held).values().map(|held| held.people()).sum()
    }
}

/// Makes the picture of a workspace before somebody asks for it, unless it is there or there are too many. Ends when
/// `is_wanted` no longer holds.
pub async fn make_ahead(
    services: Arc<Services>,
    workspace: WorkspaceId,
    is_wanted: impl Fn() -> bool + Send + Sync + 'static,
) {
    let held = services.memory.grids.of(workspace, services.now());
    if held.is_made_or_being_made() {
        return;
    }
    let Ok(_turn) = services.memory.grids.ahead.acquire().await else { return };
    let made = services.aside(move |services| {
        if services.memory.grids.people() >= AHEAD_MAX || !is_wanted() {
            return Ok(());
        }
        held.make(&services.store, services.now(), &is_wanted)
    });
    if let Err(problem) = made.await {
        // Whoever asks for the list makes it, or is told why it cannot be made.
        tracing::warn!(detail = problem.detail, "the list of customers could not be read ahead");
    }
}

impl Held {
    fn people(&self) -> u64 {
        // One that is being made is not counted yet: no other is made ahead meanwhile.
        self.picture.try_read().ok().and_then(|picture| picture.grid.as_ref().map(Grid::len)).unwrap_or(0)
    }

    fn is_made_or_being_made(&self) -> bool {
        self.picture.try_read().map_or(true, |picture| picture.grid.is_some())
    }

    /// Reads the picture where there is none. Who looks meanwhile waits for it.
    fn make(&self, store: &Store, now: Timestamp, is_wanted: &(dyn Fn() -> bool + Sync)) -> Answer<()> {
        let mut picture = self.picture.write().unwrap_or_else(PoisonError::into_inner);
        if picture.grid.is_none()
            && let Some(grid) = Grid::read_while(store, self.workspace, is_wanted)?
        {
            *picture = Picture { grid: Some(grid), refreshed_at: Some(now) };
        }
        Ok(())
    }

    /// Looks at the picture, as fresh as it has to be.
    pub fn look<T>(&self, store: &Store, now: Timestamp, look: impl FnOnce(&Grid) -> T) -> Answer<T> {
        {
            let picture = self.picture.read().unwrap_or_else(PoisonError::into_inner);
            let is_fresh = picture.refreshed_at.is_some_and(|at| now.since_ms(at) < FRESH_MS);
            if let (Some(grid), true) = (&picture.grid, is_fresh) {
                return Ok(look(grid));
            }
        }
        let mut picture = self.picture.write().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = picture.refreshed_at.is_some_and(|at| now.since_ms(at) < FRESH_MS);
        // Taken out while it is changed: one that could not be finished is read anew.
        let grid = match picture.grid.take() {
            Some(grid) if is_fresh => grid,
            Some(mut grid) => match grid.refresh(store)? {
                true => grid,
                false => Grid::read(store, self.workspace)?,
            },
            None => Grid::read(store, self.workspace)?,
        };
        let looked = look(&grid);
        *picture =
            Picture { grid: Some(grid), refreshed_at: Some(now.max(picture.refreshed_at.unwrap_or(now))) };
        Ok(looked)
    }

    /// The selection of this name, or a fresh one of this key.
    pub fn selected(&self, snapshot: Option<&str>, key: &str, now: Timestamp) -> Option<Arc<Selection>> {
        let all = lock(&self.selections);
        let fits = |one: &&Arc<Selection>| {
            one.key == key
                && match snapshot {
                    Some(id) => one.id == id,
                    None => now.since_ms(one.made_at) < SELECTION_FRESH_MS,
                }
        };
        all.iter().rev().find(fits).cloned()
    }

    pub fn select(
        &self,
        store: &Store,
        id: String,
        key: String,
        query: &Query,
        now: Timestamp,
    ) -> Answer<Arc<Selection>> {
        let (numbers, everybody) = self.look(store, now, |grid| (grid.select(query, now), grid.len()))?;
        let made = Arc::new(Selection { id, key, made_at: now, numbers, everybody });
        let mut all = lock(&self.selections);
        if all.len() >= KEPT_MAX {
            all.remove(0);
        }
        all.push(Arc::clone(&made));
        Ok(made)
    }

    /// The members of a condition or a text, if they were found lately.
    pub fn found(&self, key: &str, now: Timestamp, most_ms: i64) -> Option<Arc<Found>> {
        let all = lock(&self.found);
        all.iter()
            .rev()
            .find(|(of, at, _)| of == key && now.since_ms(*at) < most_ms.min(FOUND_FRESH_MS))
            .map(|(.., found)| Arc::clone(found))
    }

    pub fn keep_found(&self, key: String, found: Found, now: Timestamp) -> Arc<Found> {
        let found = Arc::new(found);
        let mut all = lock(&self.found);
        all.retain(|(of, ..)| *of != key);
        if all.len() >= KEPT_MAX {
            all.remove(0);
        }
        all.push((key, now, Arc::clone(&found)));
        found
    }
}
