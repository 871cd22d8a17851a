//! The shelves of all workspaces in one process: read when somebody asks, brought up to date by whoever asks first in
//! a second while the others are answered from what is there, and let go of when nobody asks.

use super::answer::{Answer, Question};
use super::behind::Behind;
use super::read::News;
use super::{Shelf, lock};
use crate::learning::recommend::{KIND, threads};
use crate::segments::Census;
use domain::recommend::{Place, Rail};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp, WorkspaceId};
use models::recommend::{Choice, Taste};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use store::{Store, StoreError};

/// How old a shelf may be before somebody brings it up to date.
const FRESH_MS: i64 = SECOND_MS;
/// Who finds it older than this waits for that; before, it is done behind them.
const STALE_MS: i64 = 2 * SECOND_MS;
/// A shelf is read anew after this, so that what is long ago leaves it.
const WHOLE_MS: i64 = DAY_MS;
/// How long what a segment buys is believed.
const SEGMENT_MS: i64 = 5 * MINUTE_MS;
/// A shelf of which nobody asks goes after this.
const IDLE_MS: i64 = 6 * HOUR_MS;
/// Products that went from the catalogue, and a newer model, are looked for this often.
const COUNT_MS: i64 = MINUTE_MS;
/// What is compared with everything else is made up this often.
const SETTLE_MS: i64 = HOUR_MS;
/// Pairs of person and product that are learned from, of people taken evenly: some 60 MB while it lasts.
const GROUND_PAIRS: usize = 1_000_000;

#[derive(Debug, Default)]
struct Turn {
    refreshed_at: Option<Timestamp>,
    counted_at: Option<Timestamp>,
    settled_at: Option<Timestamp>,
}

/// What was learned last, and of what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Lesson {
    /// The version of the model; 0 while there is none.
    version: i64,
    numbered_at: Option<Timestamp>,
    /// The state of the catalogue.
    catalogue: u64,
}

#[derive(Debug)]
struct Held {
    workspace: WorkspaceId,
    shelf: RwLock<Option<Shelf>>,
    /// Who holds it brings the shelf up to date.
    turn: Mutex<Turn>,
    lesson: Mutex<Lesson>,
    /// When it was brought up to date, and asked, last.
    fresh_at: Mutex<Option<Timestamp>>,
    used_at: Mutex<Timestamp>,
}

/// What every process recommends from.
#[derive(Debug)]
pub struct Shelves {
    store: Arc<Store>,
    held: Mutex<HashMap<WorkspaceId, Arc<Held>>>,
    behind: Arc<Behind>,
}

impl Shelves {
    pub fn new(store: Arc<Store>) -> Shelves {
        Shelves { store, held: Mutex::default(), behind: Arc::default() }
    }

    /// Waits for what is done behind those who ask: what is being read, and what is being learned.
    pub fn finish(&self) {
        self.behind.finish();
    }

    fn of(&self, workspace: WorkspaceId, now: Timestamp) -> Arc<Held> {
        let mut all = lock(&self.held);
        all.retain(|of, held| *of == workspace || now.since_ms(*lock(&held.used_at)) < IDLE_MS);
        let held = all.entry(workspace).or_insert_with(|| {
            Arc::new(Held {
                workspace,
                shelf: RwLock::default(),
                turn: Mutex::default(),
                lesson: Mutex::default(),
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
            self.follow(&held, now)?;
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

    /// Brings a shelf up to date: behind whoever asks where it is not much too old, else before they are answered.
    fn follow(&self, held: &Arc<Held>, now: Timestamp) -> Result<(), StoreError> {
        let age = lock(&held.fresh_at).map(|at| now.since_ms(at));
        match age {
            Some(0..FRESH_MS) => return Ok(()),
            Some(FRESH_MS..STALE_MS) => {
                let (store, held) = (Arc::clone(&self.store), Arc::clone(held));
                let behind = Arc::clone(&self.behind);
                self.behind.begin(held.workspace, "follow", move || {
                    if held.follow(&store, now)? {
                        Shelves::begin_to_learn(&behind, &store, &held, now);
                    }
                    Ok(())
                });
            }
            _ => {
                if held.follow(&self.store, now)? {
                    Shelves::begin_to_learn(&self.behind, &self.store, held, now);
                }
            }
        }
        Ok(())
    }

    fn begin_to_learn(behind: &Behind, store: &Arc<Store>, held: &Arc<Held>, now: Timestamp) {
        let (store, held) = (Arc::clone(store), Arc::clone(held));
        behind.begin(held.workspace, "learn", move || held.learn(&store, now));
    }

    fn follow_segment(
        &self,
        workspace: WorkspaceId,
        segment: &str,
        question: &Question<'_>,
    ) -> Result<(), StoreError> {
        let (now, imagined) = (question.now, question.imagined);
        let known = self.look_at(workspace, now, imagined, |shelf| {
            lock(&shelf.favourites).get(segment).map(|(at, _)| now.since_ms(*at).abs())
        })?;
        match known {
            Some(age) if imagined || age < SEGMENT_MS => Ok(()),
            Some(age) if age < 2 * SEGMENT_MS => {
                let (store, held) = (Arc::clone(&self.store), self.of(workspace, now));
                let segment = segment.to_owned();
                let name = format!("segment {segment}");
                self.behind.begin(workspace, &name, move || held.find_favourites(&store, &segment, now));
                Ok(())
            }
            _ => self.of(workspace, now).find_favourites(&self.store, segment, now),
        }
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
    fn find_favourites(&self, store: &Store, segment: &str, now: Timestamp) -> Result<(), StoreError> {
        let of = self.workspace;
        let members = store.read(|tx| Census::read(tx, of)?.members(tx, segment))?.unwrap_or_default();
        let members = crate::grid::bitmap_of(&members);
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = shelf.as_ref() {
            shelf.set_favourites(segment, &members, now);
        }
        Ok(())
    }

    /// Learns what the model that serves says to learn, from what the shelf holds, while it goes on answering.
    fn learn(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let model = store.read(|tx| tx.serving_models_of(self.workspace))?;
        let model = model.into_iter().find(|model| model.kind == KIND);
        let version = model.as_ref().map_or(0, |model| model.version);
        let choice: Choice = match model.map(|model| serde_json::from_str(&model.document)) {
            Some(Ok(choice)) => choice,
            Some(Err(error)) => {
                // Of another version of the program: until the next fit it is as if nothing had been learned.
                tracing::warn!(workspace.id = self.workspace.0, version, %error, "a stored model is not asked");
                Choice::default()
            }
            None => Choice::default(),
        };
        let held = *lock(&self.lesson);
        let (ground, lesson, known) = {
            let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
            let Some(shelf) = shelf.as_ref() else { return Ok(()) };
            let numbered_at = Some(shelf.numbered_at);
            let lesson = Lesson { version, numbered_at, catalogue: shelf.catalogue };
            // The same model: only the catalogue has changed.
            let is_known = held.version == version && held.numbered_at == numbered_at;
            let known = is_known.then(|| shelf.recommender.taste().1.map(Arc::clone));
            (shelf.recommender.ground(if is_known { 0 } else { GROUND_PAIRS }), lesson, known)
        };
        let taste = match known {
            // Where nothing was chosen the live lists answer, which need no learning.
            _ if version == 0 => None,
            Some(known) => known.map(|taste| Taste::clone(&taste)),
            None => ground.learn(&choice.recipe, threads()),
        };
        let kin = ground.kin(threads());
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = shelf.as_mut().filter(|shelf| Some(shelf.numbered_at) == lesson.numbered_at) {
            shelf.recommender.set_taste(choice, taste.map(|taste| Arc::new(taste.with(kin))));
            shelf.recommender.settle(now.ms());
            *lock(&self.lesson) = lesson;
        }
        Ok(())
    }

    /// Brings the shelf up to date, unless somebody else is at it and there is one already. Tells whether there is
    /// something to learn.
    fn follow(&self, store: &Store, now: Timestamp) -> Result<bool, StoreError> {
        let is_there = lock(&self.fresh_at).map(|at| (0..FRESH_MS).contains(&now.since_ms(at)));
        if is_there == Some(true) {
            return Ok(false);
        }
        let mut turn = match (self.turn.try_lock(), is_there) {
            (Ok(turn), _) => turn,
            (Err(TryLockError::WouldBlock), Some(_)) => return Ok(false),
            (Err(TryLockError::WouldBlock), None) => lock(&self.turn),
            (Err(TryLockError::Poisoned(poisoned)), _) => poisoned.into_inner(),
        };
        if turn.refreshed_at.is_some_and(|at| (0..FRESH_MS).contains(&now.since_ms(at))) {
            return Ok(false);
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
                let legacy = {
                    let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
                    shelf.as_ref().and_then(Shelf::legacy)
                };
                let read = Shelf::read(store, self.workspace, now, legacy)?;
                *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Some(read);
            }
        }
        let settles = turn.settled_at.is_none_or(|at| now.since_ms(at).abs() >= SETTLE_MS);
        let learns = (counts || is_there.is_none()) && self.is_behind(store, settles)?;
        if settles && !learns {
            let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(shelf) = shelf.as_mut() {
                shelf.recommender.settle(now.ms());
            }
        }
        if settles {
            turn.settled_at = Some(now);
        }
        if counts {
            turn.counted_at = Some(now);
        }
        turn.refreshed_at = Some(now);
        *lock(&self.fresh_at) = Some(now);
        Ok(learns)
    }

    /// Whether another model serves than was learned, or, where the catalogue is looked at too, that has changed.
    fn is_behind(&self, store: &Store, with_catalogue: bool) -> Result<bool, StoreError> {
        let serving = store.read(|tx| tx.serving_models())?.into_iter();
        let version = serving.filter(|(of, kind, _)| *of == self.workspace && kind == KIND).map(|one| one.2);
        let version = version.max().unwrap_or(0);
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        let Some(shelf) = shelf.as_ref() else { return Ok(false) };
        let held = *lock(&self.lesson);
        let is_new = version > 0 && (with_catalogue && held.catalogue != shelf.catalogue);
        Ok(held.version != version || (version > 0 && held.numbered_at != Some(shelf.numbered_at)) || is_new)
    }
}
