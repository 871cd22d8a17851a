//! For whom each leaf holds: Roaring bitmaps of profile numbers, in chunks of 65,536, as they stand in the store.

use super::plan::{EVERYBODY, Plan};
use domain::condition::Formula;
use kit::{ProfileNo, WorkspaceId};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use store::{ReadTx, StoreError};

pub type LeafKey = (WorkspaceId, i64);

/// A profile number as bitmaps hold it. Numbers are dense from 1, so that four billion people fit.
pub fn bit(no: ProfileNo) -> u32 {
    u32::try_from(no.0).unwrap_or(u32::MAX)
}

pub fn chunk_of(bit: u32) -> u32 {
    bit >> 16
}

/// A set of profiles, in chunks so that combining two never moves a member from one place to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Population {
    /// Of the low 16 bits; no chunk is empty.
    chunks: BTreeMap<u32, RoaringBitmap>,
}

impl Population {
    pub fn len(&self) -> u64 {
        self.chunks.values().map(RoaringBitmap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub fn contains(&self, no: ProfileNo) -> bool {
        let bit = bit(no);
        self.chunks.get(&chunk_of(bit)).is_some_and(|chunk| chunk.contains(bit & 0xffff))
    }

    pub fn insert(&mut self, no: ProfileNo) {
        let bit = bit(no);
        self.chunks.entry(chunk_of(bit)).or_default().insert(bit & 0xffff);
    }

    pub fn chunk(&self, chunk: u32) -> Option<&RoaringBitmap> {
        self.chunks.get(&chunk)
    }

    pub fn set_chunk(&mut self, chunk: u32, members: RoaringBitmap) {
        if members.is_empty() {
            self.chunks.remove(&chunk);
        } else {
            self.chunks.insert(chunk, members);
        }
    }

    pub fn chunks(&self) -> impl Iterator<Item = (u32, &RoaringBitmap)> {
        self.chunks.iter().map(|(chunk, members)| (*chunk, members))
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = ProfileNo> {
        self.chunks
            .iter()
            .flat_map(|(chunk, low)| low.iter().map(move |low| ProfileNo(i64::from((chunk << 16) | low))))
    }

    /// Those behind a number, in ascending order.
    pub fn after(&self, after: ProfileNo) -> impl Iterator<Item = ProfileNo> {
        let from = u32::try_from(after.0.saturating_add(1).max(0)).unwrap_or(u32::MAX);
        self.chunks.range(chunk_of(from)..).flat_map(move |(chunk, low)| {
            let first = if *chunk == chunk_of(from) { from & 0xffff } else { 0 };
            low.range(first..).map(move |low| ProfileNo(i64::from((chunk << 16) | low)))
        })
    }

    pub fn and(mut self, other: &Population) -> Population {
        self.chunks.retain(|chunk, members| match other.chunks.get(chunk) {
            Some(others) => {
                *members &= others;
                !members.is_empty()
            }
            None => false,
        });
        self
    }

    pub fn or(mut self, other: &Population) -> Population {
        for (chunk, others) in &other.chunks {
            *self.chunks.entry(*chunk).or_default() |= others;
        }
        self
    }

    pub fn without(mut self, other: &Population) -> Population {
        for (chunk, others) in &other.chunks {
            if let Some(members) = self.chunks.get_mut(chunk) {
                *members -= others;
            }
        }
        self.chunks.retain(|_, members| !members.is_empty());
        self
    }
}

impl FromIterator<ProfileNo> for Population {
    fn from_iter<I: IntoIterator<Item = ProfileNo>>(numbers: I) -> Self {
        let mut population = Population::default();
        numbers.into_iter().for_each(|no| population.insert(no));
        population
    }
}

/// One leaf's members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    pub members: Population,
    /// Profiles up to this number are computed.
    pub scanned_to: i64,
    /// All are computed.
    pub live: bool,
}

impl Held {
    /// Whether the verdict on this profile is known.
    pub fn knows(&self, no: ProfileNo) -> bool {
        self.live || no.0 <= self.scanned_to
    }
}

/// All leaves of all workspaces.
#[derive(Debug, Default)]
pub struct Members(pub FxHashMap<LeafKey, Held>);

impl Members {
    pub fn read(tx: &mut ReadTx<'_>) -> Result<Members, StoreError> {
        let mut all = Members::default();
        for row in tx.conditions()? {
            let members = leaf_members(tx, row.workspace, row.condition_no)?;
            let held = Held { members, scanned_to: row.scanned_to, live: row.live };
            all.0.insert((row.workspace, row.condition_no), held);
        }
        Ok(all)
    }

    /// Takes up leaves that are new in the store and lets go of those that are no longer there.
    pub fn follow(&mut self, rows: &[store::membership::ConditionRow]) {
        self.0.retain(|key, _| rows.iter().any(|row| (row.workspace, row.condition_no) == *key));
        for row in rows {
            let held = || Held { scanned_to: row.scanned_to, live: row.live, members: Population::default() };
            self.0.entry((row.workspace, row.condition_no)).or_insert_with(held);
        }
    }
}

/// The members of one leaf as the store has them.
pub fn leaf_members(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    condition_no: i64,
) -> Result<Population, StoreError> {
    let unreadable =
        |what: String| StoreError::Bug(format!("the members of leaf {condition_no} cannot be read: {what}"));
    let mut population = Population::default();
    for (chunk, bytes) in tx.members(workspace, condition_no)? {
        let chunk = u32::try_from(chunk).map_err(|error| unreadable(error.to_string()))?;
        let members =
            RoaringBitmap::deserialize_from(&bytes[..]).map_err(|error| unreadable(error.to_string()))?;
        population.set_chunk(chunk, members);
    }
    Ok(population)
}

/// How many profiles a workspace has: the size of the leaf for everybody, since counting rows reads them all.
pub fn people_count(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<u64, StoreError> {
    let live = tx.conditions_of(workspace)?.iter().any(|row| row.live && row.condition_no == EVERYBODY);
    match live {
        true => Ok(leaf_members(tx, workspace, EVERYBODY)?.len()),
        false => Ok(u64::try_from(tx.profile_count(workspace)?).unwrap_or(0)),
    }
}

pub fn serialise(members: &RoaringBitmap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(members.serialized_size());
    // Writing to memory cannot fail.
    let _ = members.serialize_into(&mut bytes);
    bytes
}

/// The members of a whole: algebra over those of its leaves. `everybody` is what `none` takes away from.
pub fn combine<E>(
    formula: &Formula,
    everybody: &Population,
    leaf: &mut dyn FnMut(usize) -> Result<Population, E>,
) -> Result<Population, E> {
    match formula {
        Formula::Leaf(at) => leaf(*at),
        Formula::All(parts) => {
            let mut all: Option<Population> = None;
            for part in parts {
                let members = combine(part, everybody, leaf)?;
                all = Some(match all {
                    None => members,
                    Some(all) => all.and(&members),
                });
            }
            Ok(all.unwrap_or_else(|| everybody.clone()))
        }
        Formula::Any(parts) => {
            let mut any = Population::default();
            for part in parts {
                any = any.or(&combine(part, everybody, leaf)?);
            }
            Ok(any)
        }
        Formula::None(parts) => {
            let mut none = everybody.clone();
            for part in parts {
                none = none.without(&combine(part, everybody, leaf)?);
            }
            Ok(none)
        }
    }
}

/// The members of a segment as the store has them, by the version in force; `None` while none was computed, or for a
/// segment that does not exist or is archived.
pub fn segment_members(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    segment_id: &str,
) -> Result<Option<Population>, StoreError> {
    let followed = tx.followed_segments()?;
    let mine: Vec<_> = followed.into_iter().filter(|segment| segment.workspace == workspace).collect();
    let plan = Plan::of(&tx.conditions_of(workspace)?, &mine);
    let Some(formula) = plan.segment(segment_id).and_then(|segment| segment.in_force.as_ref()) else {
        return Ok(None);
    };
    let everybody = leaf_members(tx, workspace, EVERYBODY)?;
    combine(formula, &everybody, &mut |at| leaf_members(tx, workspace, plan.leaves[at].no)).map(Some)
}
