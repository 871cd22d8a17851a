//! The shelves of all workspaces in one process: read when somebody asks, brought up to date by whoever asks first in
//! a second while the others are answered from what is there, and let go of when nobody asks.

use super::answer::{Answer, Question};
use super::read::News;
use super::{Shelf, lock};
use crate::segments::Census;
use domain::recommend::{Place, Rail};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp, WorkspaceId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use store::{Store, StoreError};

/// How old a shelf may be.
const FRESH_MS: i64 = SECOND_MS;
/// A shelf is read anew after this, so that what is long ago leaves it.
const WHOLE_MS: i64 = DAY_MS;
/// How long what a segment buys is believed.
const SEGMENT_MS: i64 = 5 * MINUTE_MS;
/// A shelf of which nobody asks goes after this.
const IDLE_MS: i64 = 6 * HOUR_MS;
/// Products that went from the catalogue are looked for this often.
const COUNT_MS: i64 = MINUTE_MS;

#[derive(Debug, Default)]
struct Turn {
    refreshed_at: Option<Timestamp>,
    counted_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Held {
    workspace: WorkspaceId,
    shelf: RwLock<Option<Shelf>>,
    /// Who holds it brings the shelf up to date.
    turn: Mutex<Turn>,
    /// When it was brought up to date, and asked, last.
    fresh_at: Mutex<Option<Timestamp>>,
    used_at: Mutex<Timestamp>,
}

/// What every process recommends from.
#[derive(Debug)]
pub struct Shelves {
    store: Arc<Store>,
    held: Mutex<HashMap<WorkspaceId, Arc<Held>>>,
}

impl Shelves {
    pub fn new(store: Arc<Store>) -> Shelves {
        Shelves { store, held: Mutex::default() }
    }

    fn of(&self, workspace: WorkspaceId, now: Timestamp) -> Arc<Held> {
        let mut all = lock(&self.held);
        all.retain(|of, held| *of == workspace || now.since_ms(*lock(&held.used_at)) < IDLE_MS);
        let held = all.entry(workspace).or_insert_with(|| {
            Arc::new(Held {
                workspace,
                shelf: RwLock::default(),
                turn: Mutex::default(),
                fresh_at: Mutex::default(),
                used_at: Mutex::new(now),
            })
        });
        *lock(&held.used_at) = now;
        Arc::clone(held)
    }

    /// Looks at a workspace's shelf, at most a second old where nobody else is at it. Must not be called inside a
    /// reading of the store. Blocks.
    pub fn look<T>(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
        look: impl FnOnce(&Shelf) -> T,
    ) -> Result<T, StoreError> {
        self.look_at(workspace, now, false, look)
    }

    /// As [`Shelves::look`]; where `now` is imagined, a shelf that is there is not brought up to date by it.
    pub fn look_at<T>(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
        imagined: bool,
        look: impl FnOnce(&Shelf) -> T,
    ) -> Result<T, StoreError> {
        let held = self.of(workspace, now);
        if !imagined || lock(&held.fresh_at).is_none() {
            held.follow(&self.store, now)?;
        }
        let shelf = held.shelf.read().unwrap_or_else(PoisonError::into_inner);
        match shelf.as_ref() {
            Some(shelf) => Ok(look(shelf)),
            None => Err(StoreError::Bug("the shelf of recommendations is not there".into())),
        }
    }

    /// Answers what stands in a place of the shop's, or in a rail; `None` where there is neither.
    pub fn ask(
        &self,
        workspace: WorkspaceId,
        named: &str,
        question: &Question<'_>,
    ) -> Result<Option<Answer>, StoreError> {
        let named =
            self.look_at(workspace, question.now, question.imagined, |shelf| shelf.book.named(named))?;
        named.map(|place| self.ask_in(workspace, &place, question)).transpose()
    }

    /// Answers what would stand in a place as it is told here.
    pub fn ask_in(
        &self,
        workspace: WorkspaceId,
        place: &Place,
        question: &Question<'_>,
    ) -> Result<Answer, StoreError> {
        let mut rails = std::iter::once(place.rail).chain(place.fall_back.iter().copied());
        if let (Some(segment), true) = (&place.segment, rails.any(|rail| rail == Rail::PopularInSegment)) {
            self.follow_segment(workspace, segment, question)?;
        }
        self.look_at(workspace, question.now, question.imagined, |shelf| shelf.answer(place, question))
    }

    fn follow_segment(
        &self,
        workspace: WorkspaceId,
        segment: &str,
        question: &Question<'_>,
    ) -> Result<(), StoreError> {
        let (now, imagined) = (question.now, question.imagined);
        let known = self.look_at(workspace, now, imagined, |shelf| {
            let favourites = lock(&shelf.favourites);
            favourites.get(segment).is_some_and(|(at, _)| imagined || now.since_ms(*at).abs() < SEGMENT_MS)
        })?;
        if known {
            return Ok(());
        }
        let members =
            self.store.read(|tx| Census::read(tx, workspace)?.members(tx, segment))?.unwrap_or_default();
        let members = crate::grid::bitmap_of(&members);
        self.look_at(workspace, now, imagined, |shelf| shelf.set_favourites(segment, &members, now))
    }

    /// The next who asks hears of what was just stored.
    pub fn outdate(&self, workspace: WorkspaceId) {
        let held = lock(&self.held).get(&workspace).cloned();
        let Some(held) = held else { return };
        // Whoever is at it may have read before: their turn is waited for.
        lock(&held.turn).refreshed_at = None;
        let mut fresh_at = lock(&held.fresh_at);
        *fresh_at = fresh_at.map(|_| Timestamp::MIN);
    }
}

impl Held {
    /// Brings the shelf up to date, unless somebody else is at it and there is one already.
    fn follow(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let is_there = lock(&self.fresh_at).map(|at| (0..FRESH_MS).contains(&now.since_ms(at)));
        if is_there == Some(true) {
            return Ok(());
        }
        let mut turn = match (self.turn.try_lock(), is_there) {
            (Ok(turn), _) => turn,
            (Err(TryLockError::WouldBlock), Some(_)) => return Ok(()),
            (Err(TryLockError::WouldBlock), None) => lock(&self.turn),
            (Err(TryLockError::Poisoned(poisoned)), _) => poisoned.into_inner(),
        };
        if turn.refreshed_at.is_some_and(|at| (0..FRESH_MS).contains(&now.since_ms(at))) {
            return Ok(());
        }
        let mark = {
            let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
            shelf.as_ref().filter(|shelf| now.since_ms(shelf.built_at) < WHOLE_MS).map(Shelf::mark)
        };
        let counts = turn.counted_at.is_none_or(|at| now.since_ms(at).abs() >= COUNT_MS);
        let news = match &mark {
            Some(mark) => News::read(store, mark, counts)?,
            None => None,
        };
        match news {
            Some(news) => {
                let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
                // Taken out while it is changed: one that could not be finished is read anew.
                if let Some(mut taken) = shelf.take() {
                    taken.take(news, now);
                    *shelf = Some(taken);
                }
            }
            None => {
                let read = Shelf::read(store, self.workspace, now)?;
                *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Some(read);
            }
        }
        if counts {
            turn.counted_at = Some(now);
        }
        turn.refreshed_at = Some(now);
        *lock(&self.fresh_at) = Some(now);
        Ok(())
    }
}
