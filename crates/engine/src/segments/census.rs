//! The segments of one workspace as the store has them: who is in each, and how far it is computed.

use super::members::{Population, combine, leaf_members};
use super::plan::{EVERYBODY, Followed, Plan};
use domain::condition::Formula;
use kit::{ProfileNo, WorkspaceId};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use store::membership::ConditionRow;
use store::{ReadTx, StoreError};

/// Reads each leaf's bitmap at most once.
pub struct Census {
    workspace: WorkspaceId,
    plan: Plan,
    conditions: Vec<ConditionRow>,
    last: ProfileNo,
    held: FxHashMap<i64, Population>,
}

impl Census {
    pub fn read(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<Census, StoreError> {
        let followed = tx.followed_segments()?;
        let mine: Vec<_> = followed.into_iter().filter(|segment| segment.workspace == workspace).collect();
        let conditions = tx.conditions_of(workspace)?;
        let last = tx.last_profile_no(workspace)?;
        let plan = Plan::of(&conditions, &mine);
        Ok(Census { workspace, plan, conditions, last, held: FxHashMap::default() })
    }

    fn leaf(&mut self, tx: &mut ReadTx<'_>, no: i64) -> Result<Population, StoreError> {
        if let Some(held) = self.held.get(&no) {
            return Ok(held.clone());
        }
        let members = leaf_members(tx, self.workspace, no)?;
        self.held.insert(no, members.clone());
        Ok(members)
    }

    /// Those of whom a leaf is known, which is everybody there is.
    pub fn everybody(&mut self, tx: &mut ReadTx<'_>) -> Result<Population, StoreError> {
        self.leaf(tx, EVERYBODY)
    }

    /// The members by the version in force; `None` while none was computed, and for a segment that is archived or
    /// does not exist.
    pub fn members(
        &mut self,
        tx: &mut ReadTx<'_>,
        segment_id: &str,
    ) -> Result<Option<Population>, StoreError> {
        let Some(formula) = self.in_force(segment_id).cloned() else { return Ok(None) };
        let everybody = self.everybody(tx)?;
        let numbers: Vec<i64> = self.plan.leaves.iter().map(|leaf| leaf.no).collect();
        combine(&formula, &everybody, &mut |at| self.leaf(tx, numbers[at])).map(Some)
    }

    fn in_force(&self, segment_id: &str) -> Option<&Formula> {
        self.plan.segment(segment_id).and_then(|segment| segment.in_force.as_ref())
    }

    /// The live segments that a profile is in.
    pub fn of_profile(&mut self, tx: &mut ReadTx<'_>, profile: ProfileNo) -> Result<Vec<String>, StoreError> {
        let mut holds: FxHashMap<usize, bool> = FxHashMap::default();
        let wanted: Vec<(String, Formula)> = self
            .plan
            .segments
            .iter()
            .filter_map(|Followed { id, in_force, .. }| Some((id.clone(), in_force.clone()?)))
            .collect();
        for (_, formula) in &wanted {
            let mut places = Vec::new();
            formula.leaves(&mut |at| places.push(at));
            for at in places {
                if let Entry::Vacant(slot) = holds.entry(at) {
                    let no = self.plan.leaves[at].no;
                    slot.insert(self.leaf(tx, no)?.contains(profile));
                }
            }
        }
        let is_in = |formula: &Formula| formula.holds(&mut |at| holds.get(&at).copied().unwrap_or(false));
        Ok(wanted.into_iter().filter(|(_, formula)| is_in(formula)).map(|(id, _)| id).collect())
    }

    /// How far the newest version of a segment is computed, from 0 to 1; 1 for one that is live.
    pub fn progress(&self, segment_id: &str) -> f64 {
        let Some(next) = self.plan.segment(segment_id).and_then(|segment| segment.next.as_ref()) else {
            return 1.0;
        };
        let mut least: f64 = 1.0;
        next.leaves(&mut |at| {
            let no = self.plan.leaves[at].no;
            if let Some(row) = self.conditions.iter().find(|row| row.condition_no == no && !row.live) {
                least = least.min(row.scanned_to as f64 / self.last.0.max(1) as f64);
            }
        });
        least.clamp(0.0, 1.0)
    }
}
