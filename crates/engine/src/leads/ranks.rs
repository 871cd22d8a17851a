//! Keeps the list of leads in the order of their scores.
//!
//! What a person scores is computed when it is asked and fades all the time, so a list cannot be sorted by it. What it
//! was when it was told last is stored: with every event and change of the person, when it passes a grade, and, while it
//! fades within one, once in [`FRESH_MS`].

use crate::EngineError;
use crate::facts::{ProfileFacts, zone_of};
use crate::segments::Plan;
use crate::world::{ProfileKey, World};
use domain::condition::Past;
use domain::lead::Rules;
use domain::profile::Profile;
use kit::{HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use store::Changeset;
use store::leads::NO_SCORE;

/// How old a stored score is at most, where the score changed since.
const FRESH_MS: i64 = HOUR_MS;

/// What the list is to say of somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rank {
    Score(i64),
    /// Sales have or had them, and they have no score.
    Unscored,
    /// They are no lead.
    Gone,
}

impl Rank {
    /// The score of somebody who is listed, of whom it is not known with which.
    pub(crate) const UNKNOWN: i64 = NO_SCORE + 1;
}

/// The lowest score that has somebody listed, of a grade or of the hand-over, and its place among the
/// [`thresholds`](super::thresholds); `None` where nobody is.
pub(super) fn listed_from(rules: &Rules) -> Option<(usize, i64)> {
    let shown = rules.grades.len() + usize::from(rules.handover.is_some());
    super::thresholds(rules).into_iter().take(shown).enumerate().min_by_key(|(_, from)| *from)
}

impl World<'_> {
    /// What the list is to say of somebody by their score now, and when it should be asked again; `None` where the
    /// score is not followed or was not asked. Whoever has no grade, and is not to be handed
    /// over, is listed only if sales have or had them.
    pub(crate) fn rank_of(
        &self,
        workspace: WorkspaceId,
        plan: &Plan,
        places: &[usize],
        profile: &Profile,
        past: &Past,
    ) -> Result<Option<(Rank, Option<Timestamp>)>, EngineError> {
        let shop = self.shop(workspace)?;
        let Some(scoring) = &shop.insight.lead_rules else { return Ok(None) };
        let Some((place, lowest)) = listed_from(&scoring.rules) else { return Ok(None) };
        let asked = plan.watch.0.get(place).copied().flatten();
        if !asked.is_some_and(|at| places.contains(&at)) {
            return Ok(None);
        }
        let zone = zone_of(profile, &shop.zone);
        let facts = ProfileFacts {
            profile,
            zone: &zone,
            now: self.at,
            currency: shop.currency,
            past,
            insight: &shop.insight,
            segments: None,
        };
        let reading = facts.lead_reading(self.at);
        let (score, until) = reading.map_or((None, None), |reading| reading.value_at(self.at));
        let is_held = profile.lead.is_some();
        let rank = match score {
            Some(score) if is_held || score >= lowest => Rank::Score(score),
            _ if is_held => Rank::Unscored,
            _ => Rank::Gone,
        };
        let ask_at = until.filter(|_| rank != Rank::Gone);
        Ok(Some((rank, ask_at.map(|at| at.max(self.at.plus_ms(FRESH_MS))))))
    }

    /// Takes down what the list is to say. `listed`: the score that it has of them so far.
    pub(crate) fn put_rank(&mut self, key: ProfileKey, rank: Rank, listed: Option<i64>) {
        // Most people are no leads, and of those who are most stand in a pass over everybody as before.
        let is_other = match rank {
            Rank::Score(score) => listed != Some(score),
            Rank::Unscored => listed != Some(NO_SCORE),
            Rank::Gone => listed.is_some(),
        };
        if is_other || self.lead_ranks.contains_key(&key) {
            self.lead_ranks.insert(key, rank);
        }
    }

    /// Whether somebody's score has them listed, as the leaves hold at this point of the batch.
    pub(crate) fn is_listed(&self, key: ProfileKey, plan: &Plan) -> bool {
        let scoring = self.directory.workspaces.get(&key.0).and_then(|shop| shop.insight.lead_rules.as_ref());
        let place = scoring.and_then(|scoring| listed_from(&scoring.rules)).map(|(place, _)| place);
        let at = place.and_then(|place| plan.watch.0.get(place).copied().flatten());
        at.is_some_and(|at| self.leaf_holds(key.0, plan.leaves[at].no, key.1))
    }

    /// What the list says of the people behind one number up to another, where their scores are computed anew.
    pub(crate) fn ranks_between(
        &self,
        workspace: WorkspaceId,
        plan: &Plan,
        places: &[usize],
        (from, to): (i64, i64),
    ) -> Result<Vec<(ProfileNo, i64)>, EngineError> {
        if !plan.tells_of_leads(places) {
            return Ok(Vec::new());
        }
        Ok(self.store.read(|tx| tx.lead_scores_between(workspace, (ProfileNo(from), ProfileNo(to))))?)
    }

    /// Writes the list. After [`World::finish_leads`], which writes how people stand.
    pub(crate) fn finish_ranks(&mut self, changes: &mut Changeset) {
        for (key, rank) in std::mem::take(&mut self.lead_ranks) {
            if !self.is_kept(key) || self.erasures.gone.contains(&key) {
                continue;
            }
            match rank {
                Rank::Score(score) => changes.set_lead_score(key.0, key.1, score),
                Rank::Unscored => changes.set_lead_score(key.0, key.1, NO_SCORE),
                Rank::Gone => changes.drop_lead_score(key.0, key.1),
            }
        }
    }
}
