//! Lists of leads, and one of them read.

use super::{Scoring, leaf_of};
use crate::facts::{ProfileFacts, zone_of};
use crate::insight::Insight;
use crate::segments::scan::pasts_of_profiles;
use crate::segments::{Population, leaf_members, leaf_text};
use domain::condition::{Past, Wants};
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use store::people::StoredProfile;
use store::{ReadTx, StoreError};

/// Which leads are wanted. Without any word: all who have a grade.
#[derive(Clone, Debug, Default)]
pub struct LeadWanted {
    pub grade: Option<String>,
    pub status: Option<String>,
    /// `Some("")`: those whom nobody has.
    pub assignee: Option<String>,
    /// People whom a search found, where one was made.
    pub among: Option<Vec<ProfileNo>>,
}

/// One page: who, by the place in the list that a next page goes on from.
#[derive(Clone, Debug, Default)]
pub struct LeadPage {
    pub people: Vec<ProfileNo>,
    pub total: u64,
    pub is_computing: bool,
}

/// What everybody's score is at the moment, from the leaves that the engine keeps true: best grade first.
fn by_grade(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    scoring: &Scoring,
) -> Result<(Vec<Population>, bool), StoreError> {
    let known = tx.conditions_of(workspace)?;
    let mut above = Population::default();
    let (mut found, mut live) = (Vec::new(), true);
    for grade in &scoring.rules.grades {
        let text = leaf_text(&leaf_of(grade.from));
        let row = known.iter().find(|row| row.leaf == text);
        live &= row.is_some_and(|row| row.live);
        let reached = match row {
            Some(row) => leaf_members(tx, workspace, row.condition_no)?,
            None => Population::default(),
        };
        found.push(reached.clone().without(&above));
        above = above.or(&reached);
    }
    Ok((found, live))
}

/// How many people have each grade now, best first, and whether that is being computed still.
pub fn grade_counts(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    scoring: &Scoring,
) -> Result<(Vec<u64>, bool), StoreError> {
    let (grades, live) = by_grade(tx, workspace, scoring)?;
    Ok((grades.iter().map(Population::len).collect(), !live))
}

const EVERY_STATUS: [&str; 7] = ["new", "assigned", "contacted", "qualified", "disqualified", "won", "lost"];

/// Leads from a place of the list on: by status or assignee the latest first, else the best grade first and in it those
/// who came last.
pub fn leads(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    scoring: Option<&Scoring>,
    wanted: &LeadWanted,
    from: usize,
    limit: usize,
) -> Result<LeadPage, StoreError> {
    let (grades, live) = match scoring {
        Some(scoring) => by_grade(tx, workspace, scoring)?,
        None => (Vec::new(), true),
    };
    let of_grade = match &wanted.grade {
        None => None,
        Some(name) => {
            let place =
                scoring.and_then(|scoring| scoring.rules.grades.iter().position(|grade| grade.name == *name));
            Some(place.map(|place| grades[place].clone()).unwrap_or_default())
        }
    };
    let mut people: Vec<ProfileNo> = Vec::new();
    if wanted.status.is_some() || wanted.assignee.is_some() {
        let end = (Timestamp::MAX, ProfileNo(i64::MAX));
        let mut found: Vec<(Timestamp, ProfileNo)> = Vec::new();
        match (&wanted.assignee, &wanted.status) {
            (Some(who), status) => {
                for (no, at, is) in tx.leads_by_assignee(workspace, who, end, LISTED_MAX)? {
                    if status.as_ref().is_none_or(|status| *status == is) {
                        found.push((at, no));
                    }
                }
            }
            (None, Some(status)) => {
                for known in EVERY_STATUS.iter().filter(|known| **known == status.as_str()) {
                    let rows = tx.leads_by_status(workspace, known, end, LISTED_MAX)?;
                    found.extend(rows.into_iter().map(|(no, at)| (at, no)));
                }
            }
            (None, None) => {}
        }
        people.extend(found.into_iter().map(|(_, no)| no));
        if let Some(of_grade) = &of_grade {
            people.retain(|no| of_grade.contains(*no));
        }
    } else {
        let all: Vec<&Population> = match &of_grade {
            Some(one) => vec![one],
            None => grades.iter().collect(),
        };
        for population in all {
            let mut members: Vec<ProfileNo> = population.iter().collect();
            members.reverse();
            people.extend(members);
        }
        if of_grade.is_none() {
            // Whom sales have is a lead whatever the score has become.
            let mut graded = Population::default();
            grades.iter().for_each(|population| graded = std::mem::take(&mut graded).or(population));
            let mut others = tx.lead_numbers(workspace)?;
            others.retain(|no| !graded.contains(*no));
            others.reverse();
            people.extend(others);
        }
    }
    if let Some(among) = &wanted.among {
        let among: BTreeSet<ProfileNo> = among.iter().copied().collect();
        people.retain(|no| among.contains(no));
    }
    let total = people.len() as u64;
    let people = people.into_iter().skip(from).take(limit).collect();
    Ok(LeadPage { people, total, is_computing: !live })
}

/// Rows of one status or one assignee that a list shows at most.
const LISTED_MAX: i64 = 10_000;

/// A person as leads are shown.
#[derive(Debug)]
pub struct Standing {
    pub stored: StoredProfile,
    pub past: Past,
}

/// People with as much of their past as scores and probabilities are made of, in the order of their numbers.
pub fn reading_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    insight: &Insight,
    people: &[ProfileNo],
    now: Timestamp,
) -> Result<Vec<Standing>, StoreError> {
    let mut wants = Wants::of_path("lead.probability");
    if let Some(scoring) = &insight.lead_rules {
        wants.merge(&scoring.wants);
    }
    let of: Vec<_> = people.iter().map(|no| (workspace, *no)).collect();
    let found: Vec<StoredProfile> = tx.profiles(&of)?.into_iter().map(|(_, stored)| stored).collect();
    let numbers: Vec<ProfileNo> = found.iter().map(|stored| stored.profile.no).collect();
    let pasts = pasts_of_profiles(tx, workspace, &numbers, &wants, now)?;
    Ok(found.into_iter().zip(pasts).map(|(stored, past)| Standing { stored, past }).collect())
}

/// As much of a person's past as scores and probabilities are made of.
pub fn past_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    insight: &Insight,
    no: ProfileNo,
    now: Timestamp,
) -> Result<Past, StoreError> {
    let mut wants = Wants::of_path("lead.probability");
    if let Some(scoring) = &insight.lead_rules {
        wants.merge(&scoring.wants);
    }
    Ok(pasts_of_profiles(tx, workspace, &[no], &wants, now)?.pop().unwrap_or_default())
}

/// What templates see as `customer.lead`: all of [`FIELDS`] that is known.
pub fn shown(facts: &ProfileFacts<'_>, now: Timestamp) -> Value {
    let known = |field: &&str| Some(((*field).to_owned(), facts.lead_at(field, now).0?));
    Value::Object(FIELDS.iter().filter_map(known).collect::<Map<_, _>>())
}

/// Every field below `lead`.
pub const FIELDS: &[&str] = &["score", "grade", "probability", "status", "assignee"];

/// Calls `ask` with a person as conditions see them.
pub fn with_facts<T>(
    insight: &Insight,
    settings: &domain::settings::Settings,
    profile: &Profile,
    past: &Past,
    now: Timestamp,
    ask: impl FnOnce(&ProfileFacts<'_>) -> T,
) -> T {
    let zone = zone_of(profile, &settings.zone());
    let currency = settings.currency();
    ask(&ProfileFacts { profile, zone: &zone, now, currency, past, insight, segments: None })
}

/// The scores of the people behind the first number up to the second.
pub(super) fn scores(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    insight: &Insight,
    wants: &Wants,
    (after, to): (i64, i64),
    now: Timestamp,
) -> Result<Vec<(ProfileNo, Option<i64>)>, StoreError> {
    let row = tx.workspaces()?.into_iter().find(|row| row.workspace == workspace);
    let row = row.ok_or_else(|| StoreError::Bug(format!("workspace {} does not exist", workspace.0)))?;
    let mut page = tx.profiles_after(workspace, ProfileNo(after), to - after)?;
    page.retain(|stored| stored.profile.no.0 <= to);
    let numbers: Vec<ProfileNo> = page.iter().map(|stored| stored.profile.no).collect();
    let pasts = pasts_of_profiles(tx, workspace, &numbers, wants, now)?;
    let score = |(stored, past): (StoredProfile, Past)| {
        let told = with_facts(insight, &row.settings, &stored.profile, &past, now, |facts| {
            super::standing_at(facts, now).map(|scored| scored.score)
        });
        (stored.profile.no, told)
    };
    Ok(page.into_iter().zip(pasts).map(score).collect())
}

/// What moves the chance that a person buys, strongest first; empty where no model serves.
pub fn causes_of(
    insight: &Insight,
    profile: &Profile,
    past: &Past,
    now: Timestamp,
    most: usize,
) -> Vec<models::leads::Cause> {
    let (Some(model), Some(zone)) = (&insight.leads, &insight.zone) else { return Vec::new() };
    let signals = models::leads::signals(profile, past, now, zone);
    model.causes(&signals, models::leads::source(profile).as_deref(), most)
}

/// What was learned of a shop, with other rules than those in force.
pub fn insight_with(
    store: &store::Store,
    workspace: WorkspaceId,
    rules: domain::lead::Rules,
) -> Result<Insight, StoreError> {
    let mut insight = store.read(|tx| Insight::read(tx, workspace))?;
    let wants = rules.wants();
    insight.lead_rules = Some(Scoring { rules, wants });
    Ok(insight)
}
