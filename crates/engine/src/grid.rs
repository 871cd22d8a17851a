//! All people of a workspace at a glance, in memory: what a list of customers is filtered and sorted by, about
//! 50 bytes a person and a few bitmaps. It is read from the store once and then follows the feed of changed profiles
//! and the numbers of new events, so that any process can hold it.

use crate::segments::Population;
use domain::commerce::OrderTotals;
use domain::consent::{Consents, Purpose};
use domain::identifier::IdentifierKind;
use domain::profile::{KnownIdentifier, LifecycleFacts, LifecycleStage, Ms, Profile, TagState};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use store::{Store, StoreError};

/// People found elsewhere, by their numbers.
pub type Found = RoaringBitmap;

/// Profiles that are read at once.
const SLICE: i64 = 4_096;
/// Threads of a first reading; each holds one of the few connections for reading.
const THREADS: i64 = 2;
/// Entries of the feed that are read at once.
const FEED_SLICE: i64 = 500;

const SHOPPED: u8 = 1;
const SUBSCRIBED: u8 = 2;

/// One person. Instants are seconds; 0 stands for never.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
struct Brief {
    revenue: i64,
    created: u32,
    seen: u32,
    first: u32,
    last: u32,
    orders: u32,
    flags: u8,
}

/// What is read of a stored profile; the rest of the document is passed over.
#[derive(Deserialize)]
struct Light {
    created_at: Ms,
    first_seen_at: Ms,
    #[serde(default)]
    identifiers: Vec<KnownIdentifier>,
    #[serde(default)]
    tags: BTreeMap<String, TagState>,
    #[serde(default)]
    lists: BTreeMap<String, TagState>,
    #[serde(default)]
    consents: Consents,
    #[serde(default)]
    totals: OrderTotals,
    #[serde(default)]
    shopped_at: Option<Ms>,
    #[serde(default)]
    restricted_at: Option<Ms>,
    #[serde(default)]
    seen_at: Option<Ms>,
}

/// What a person is found by beside numbers and instants.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Mark {
    Tag(String),
    List(String),
    /// A kind of identifier: `email`.
    Known(String),
    /// `email.marketing` and its state.
    Consent(String, String),
    Restricted,
}

fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.ms().div_euclid(1_000)).unwrap_or(0)
}

fn instant(seconds: u32) -> Option<Timestamp> {
    (seconds > 0).then(|| Timestamp::from_ms(i64::from(seconds) * 1_000))
}

impl Light {
    fn of(profile: Profile) -> Light {
        Light {
            created_at: profile.created_at,
            first_seen_at: profile.first_seen_at,
            identifiers: profile.identifiers,
            tags: profile.tags,
            lists: profile.lists,
            consents: profile.consents,
            totals: profile.totals,
            shopped_at: profile.shopped_at,
            restricted_at: profile.restricted_at,
            seen_at: Some(profile.last_seen_at),
        }
    }

    fn brief(&self) -> Brief {
        let known = self.identifiers.iter().any(|one| one.identifier.kind.is_strong());
        let at = |at: Option<Ms>| at.map_or(0, |at| seconds(at.0));
        let mut flags = 0;
        if self.shopped_at.is_some() {
            flags |= SHOPPED;
        }
        if known && self.consents.granted_anywhere(Purpose::Marketing) {
            flags |= SUBSCRIBED;
        }
        Brief {
            revenue: self.totals.revenue,
            created: seconds(self.created_at.0),
            seen: at(self.seen_at).max(seconds(self.first_seen_at.0)),
            first: at(self.totals.first_at),
            last: at(self.totals.last_at),
            orders: self.totals.orders,
            flags,
        }
    }

    fn marks(&self, each: &mut dyn FnMut(Mark)) {
        for (tag, _) in self.tags.iter().filter(|(_, state)| state.on) {
            each(Mark::Tag(tag.clone()));
        }
        for (list, _) in self.lists.iter().filter(|(_, state)| state.on) {
            each(Mark::List(list.clone()));
        }
        let mut last: Option<&IdentifierKind> = None;
        for known in &self.identifiers {
            if last != Some(&known.identifier.kind) {
                each(Mark::Known(known.identifier.kind.to_string()));
            }
            last = Some(&known.identifier.kind);
        }
        for (slot, held) in self.consents.iter() {
            each(Mark::Consent(slot.to_owned(), held.state.to_string()));
        }
        if self.restricted_at.is_some() {
            each(Mark::Restricted);
        }
    }
}

/// What people are sorted by, and what can lie in a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    Created,
    LastSeen,
    FirstOrder,
    LastOrder,
    Orders,
    Revenue,
    Average,
}

impl Column {
    pub fn is_instant(self) -> bool {
        matches!(self, Column::Created | Column::LastSeen | Column::FirstOrder | Column::LastOrder)
    }

    /// Seconds for instants; `None` for never.
    fn of(self, brief: &Brief) -> Option<i64> {
        let at = |seconds: u32| (seconds > 0).then_some(i64::from(seconds));
        match self {
            Column::Created => at(brief.created),
            Column::LastSeen => at(brief.seen),
            Column::FirstOrder => at(brief.first),
            Column::LastOrder => at(brief.last),
            Column::Orders => Some(i64::from(brief.orders)),
            Column::Revenue => Some(brief.revenue),
            Column::Average => (brief.orders > 0).then(|| brief.revenue / i64::from(brief.orders)),
        }
    }
}

/// One demand. All of a query's have to hold.
#[derive(Clone, PartialEq, Debug)]
pub enum Demand {
    /// Found elsewhere: members of segments, people found by a text.
    Members(std::sync::Arc<RoaringBitmap>),
    /// Any of these.
    Marks(Vec<Mark>),
    Stages(Vec<LifecycleStage>),
    /// Both ends belong to it; instants in seconds. Whoever has no value is outside.
    Range(Column, Option<i64>, Option<i64>),
    /// There is no value.
    Never(Column),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Query {
    /// The demand, and whether it is turned round.
    pub demands: Vec<(Demand, bool)>,
    pub sort: Column,
    pub descending: bool,
}

#[derive(Debug)]
pub struct Grid {
    workspace: WorkspaceId,
    /// By number.
    rows: Vec<Brief>,
    everybody: RoaringBitmap,
    marks: FxHashMap<Mark, RoaringBitmap>,
    /// How far it is read.
    feed: i64,
    event: i64,
}

pub fn bitmap_of(population: &Population) -> RoaringBitmap {
    let mut bitmap = RoaringBitmap::new();
    for (chunk, low) in population.chunks() {
        bitmap.extend(low.iter().map(|low| (chunk << 16) | low));
    }
    bitmap
}

fn bit(no: ProfileNo) -> u32 {
    u32::try_from(no.0).unwrap_or(u32::MAX)
}

impl Grid {
    /// Reads everybody: seconds for a million people.
    pub fn read(store: &Store, workspace: WorkspaceId) -> Result<Grid, StoreError> {
        Grid::read_while(store, workspace, &|| true)?
            .ok_or_else(|| StoreError::Bug("reading all people was given up".into()))
    }

    /// As [`Grid::read`]; `None` when it was given up because `is_wanted` no longer holds, which is asked often.
    pub fn read_while(
        store: &Store,
        workspace: WorkspaceId,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Grid>, StoreError> {
        // What is written while it is read stands behind these numbers, and is read again by `refresh`.
        let (feed, event, last) = store
            .read(|tx| Ok((tx.feed_ends()?.1, tx.last_numbers()?.event, tx.last_profile_no(workspace)?.0)))?;
        let step = (last / THREADS + 1).div_euclid(SLICE) * SLICE + SLICE;
        let parts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|n| {
                    let (after, to) = (n * step, ((n + 1) * step).min(last));
                    scope.spawn(move || Grid::part(store, workspace, after, to, is_wanted))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        let mut grid = Grid {
            workspace,
            rows: Vec::with_capacity(usize::try_from(last + 1).unwrap_or(0)),
            everybody: RoaringBitmap::new(),
            marks: FxHashMap::default(),
            feed,
            event,
        };
        for part in parts {
            let part =
                part.unwrap_or_else(|_| Err(StoreError::Bug("reading all people ended early".into())))?;
            let Some(part) = part else { return Ok(None) };
            let from = usize::try_from(part.from).unwrap_or(0);
            grid.rows.resize(from, Brief::default());
            grid.rows.extend(part.rows);
            grid.everybody |= part.everybody;
            for (mark, members) in part.marks {
                *grid.marks.entry(mark).or_default() |= members;
            }
        }
        Ok(Some(grid))
    }

    fn part(
        store: &Store,
        workspace: WorkspaceId,
        after: i64,
        to: i64,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Part>, StoreError> {
        let mut part = Part {
            from: after + 1,
            rows: vec![Brief::default(); usize::try_from((to - after).max(0)).unwrap_or(0)],
            everybody: RoaringBitmap::new(),
            marks: FxHashMap::default(),
        };
        let mut at = after;
        while at < to {
            if !is_wanted() {
                return Ok(None);
            }
            let range = (ProfileNo(at), ProfileNo((at + SLICE).min(to)));
            // A short transaction each: nothing is held up by a long one.
            store.read(|tx| {
                tx.scan_profile_docs(workspace, range, &mut |no, doc| {
                    let light: Light = serde_json::from_str(doc)
                        .map_err(|error| StoreError::Bug(format!("a profile cannot be read: {error}")))?;
                    part.everybody.insert(bit(no));
                    light.marks(&mut |mark| {
                        part.marks.entry(mark).or_default().insert(bit(no));
                    });
                    if let Some(row) =
                        part.rows.get_mut(usize::try_from(no.0 - after - 1).unwrap_or(usize::MAX))
                    {
                        *row = light.brief();
                    }
                    Ok(())
                })?;
                tx.scan_last_seen(workspace, range, &mut |no, at| {
                    if let Some(row) =
                        part.rows.get_mut(usize::try_from(no.0 - after - 1).unwrap_or(usize::MAX))
                    {
                        row.seen = row.seen.max(seconds(at));
                    }
                })
            })?;
            at += SLICE;
        }
        Ok(Some(part))
    }

    /// Takes in what changed since it last looked. `false`: too much has happened, and it has to be read anew.
    pub fn refresh(&mut self, store: &Store) -> Result<bool, StoreError> {
        let workspace = self.workspace;
        loop {
            let (fits, entries, event) = store.read(|tx| {
                let (first, _) = tx.feed_ends()?;
                let entries = tx.feed_after(workspace, self.feed, FEED_SLICE)?;
                Ok((first <= self.feed + 1, entries, tx.last_numbers()?.event))
            })?;
            if !fits {
                return Ok(false);
            }
            let more = entries.len() as i64 >= FEED_SLICE;
            let changed: BTreeSet<ProfileNo> =
                entries.iter().flat_map(|(_, numbers)| numbers.iter().copied()).collect();
            let changed: Vec<ProfileNo> = changed.into_iter().collect();
            for some in changed.chunks(500) {
                let of: Vec<_> = some.iter().map(|no| (workspace, *no)).collect();
                let found = store.read(|tx| tx.profiles(&of))?;
                for no in some {
                    self.take_out(*no);
                }
                for (_, stored) in found {
                    self.put(stored.profile.no, &Light::of(stored.profile));
                }
            }
            if let Some((feed, _)) = entries.last() {
                self.feed = *feed;
            }
            if event > self.event {
                let range = (self.event, event);
                store.read(|tx| {
                    tx.seen_after(workspace, range, &mut |no, at| {
                        if let Some(row) = usize::try_from(no.0).ok().and_then(|no| self.rows.get_mut(no)) {
                            row.seen = row.seen.max(seconds(at));
                        }
                    })
                })?;
                self.event = event;
            }
            if !more {
                return Ok(true);
            }
        }
    }

    fn take_out(&mut self, no: ProfileNo) {
        if self.everybody.remove(bit(no)) {
            for members in self.marks.values_mut() {
                members.remove(bit(no));
            }
        }
    }

    fn put(&mut self, no: ProfileNo, light: &Light) {
        let at = usize::try_from(no.0).unwrap_or(0);
        if self.rows.len() <= at {
            self.rows.resize(at + 1, Brief::default());
        }
        let seen = self.rows[at].seen;
        self.rows[at] = light.brief();
        self.rows[at].seen = self.rows[at].seen.max(seen);
        self.everybody.insert(bit(no));
        light.marks(&mut |mark| {
            self.marks.entry(mark).or_default().insert(bit(no));
        });
    }

    pub fn len(&self) -> u64 {
        self.everybody.len()
    }

    pub fn is_empty(&self) -> bool {
        self.everybody.is_empty()
    }

    /// The highest number.
    pub fn last(&self) -> ProfileNo {
        ProfileNo(self.everybody.max().map_or(0, i64::from))
    }

    /// Every mark, with how many have it.
    pub fn marks(&self) -> impl Iterator<Item = (&Mark, u64)> {
        self.marks.iter().map(|(mark, members)| (mark, members.len())).filter(|(_, count)| *count > 0)
    }

    fn stage(brief: &Brief, now: Timestamp) -> LifecycleStage {
        let facts = LifecycleFacts {
            orders: brief.orders,
            first_at: instant(brief.first),
            last_at: instant(brief.last),
            shopped: brief.flags & SHOPPED != 0,
            subscribed: brief.flags & SUBSCRIBED != 0,
        };
        facts.stage(now).0
    }

    fn marked(&self, marks: &[Mark]) -> RoaringBitmap {
        let mut any = RoaringBitmap::new();
        for members in marks.iter().filter_map(|mark| self.marks.get(mark)) {
            any |= members;
        }
        any
    }

    /// Who fits, in order: the numbers. Whoever has no value stands at the end, and of equals the newest first.
    pub fn select(&self, query: &Query, now: Timestamp) -> Vec<u32> {
        let mut members = self.everybody.clone();
        let mut rest: Vec<(&Demand, bool)> = Vec::new();
        for (demand, not) in &query.demands {
            let found = match demand {
                Demand::Members(found) => std::borrow::Cow::Borrowed(found.as_ref()),
                Demand::Marks(marks) => std::borrow::Cow::Owned(self.marked(marks)),
                other => {
                    rest.push((other, *not));
                    continue;
                }
            };
            if *not {
                members -= found.as_ref();
            } else {
                members &= found.as_ref();
            }
        }
        let fits = |brief: &Brief| {
            rest.iter().all(|(demand, not)| {
                let holds = match demand {
                    Demand::Stages(stages) => stages.contains(&Grid::stage(brief, now)),
                    Demand::Range(column, min, max) => column.of(brief).is_some_and(|value| {
                        min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
                    }),
                    Demand::Never(column) => column.of(brief).is_none(),
                    Demand::Members(_) | Demand::Marks(_) => true,
                };
                holds != *not
            })
        };
        let mut found: Vec<(i64, u32)> = Vec::with_capacity(usize::try_from(members.len()).unwrap_or(0));
        for no in &members {
            let Some(brief) = self.rows.get(no as usize) else { continue };
            if fits(brief) {
                let key = match (query.sort.of(brief), query.descending) {
                    (None, _) => i64::MAX,
                    (Some(value), true) => -value,
                    (Some(value), false) => value,
                };
                found.push((key, !no));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, no)| !no).collect()
    }
}

struct Part {
    from: i64,
    rows: Vec<Brief>,
    everybody: RoaringBitmap,
    marks: FxHashMap<Mark, RoaringBitmap>,
}

/// Everybody whose search text holds `key`, which has no marks and is in lower case.
pub fn found_by_text(
    store: &Store,
    workspace: WorkspaceId,
    key: &str,
    last: ProfileNo,
) -> Result<RoaringBitmap, StoreError> {
    let half = ProfileNo(last.0 / 2);
    let ranges =
        if last.0 < 50_000 { vec![(ProfileNo(0), last)] } else { vec![(ProfileNo(0), half), (half, last)] };
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = ranges
            .into_iter()
            .map(|range| {
                scope.spawn(move || {
                    let mut found = RoaringBitmap::new();
                    store.read(|tx| {
                        tx.search_between(workspace, range, key, &mut |no| {
                            found.insert(bit(no));
                        })
                    })?;
                    Ok(found)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
    });
    let mut all = RoaringBitmap::new();
    for part in parts {
        all |= part.unwrap_or_else(|_| Err(StoreError::Bug("a search ended early".into())))?;
    }
    Ok(all)
}
