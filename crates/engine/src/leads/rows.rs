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
use store::leads::{ANY, LeadRow, NO_SCORE, Ranked};
use store::people::StoredProfile;
use store::{ReadTx, StoreError};

/// In which order leads are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LeadOrder {
    /// The highest score first.
    #[default]
    Score,
    /// Those first whose standing changed last: of whom sales have or had, by a status or an assignee.
    Latest,
}

/// Which leads are wanted. Without any word: all who have a grade, and all whom sales have or had.
#[derive(Clone, Debug, Default)]
pub struct LeadWanted {
    pub grade: Option<String>,
    /// `Some("")`: whom sales never had.
    pub status: Option<String>,
    /// `Some("")`: those of sales whom nobody has.
    pub assignee: Option<String>,
    /// People whom a search found, where one was made.
    pub among: Option<Vec<ProfileNo>>,
    pub order: LeadOrder,
}

/// One page: who, and behind which place of the list the next one begins.
#[derive(Clone, Debug, Default)]
pub struct LeadPage {
    pub people: Vec<ProfileNo>,
    pub total: u64,
    pub next: Option<(i64, ProfileNo)>,
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

/// Leads from behind a place of the list on. Scores are those told last, at most an hour ago; grades are exact.
pub fn leads(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    scoring: Option<&Scoring>,
    wanted: &LeadWanted,
    behind: Option<(i64, ProfileNo)>,
    limit: usize,
) -> Result<LeadPage, StoreError> {
    let is_computing = match scoring {
        Some(scoring) => !by_grade(tx, workspace, scoring)?.1,
        None => false,
    };
    let Some((low, high)) = range_of(scoring, wanted.grade.as_deref()) else {
        return Ok(LeadPage { is_computing, ..LeadPage::default() });
    };
    let (status, assignee) =
        (wanted.status.as_deref().unwrap_or(ANY), wanted.assignee.as_deref().unwrap_or(ANY));
    let all = Ranked { low, high, status, assignee };
    let (place, before) = behind.unwrap_or((i64::MAX, ProfileNo(i64::MAX)));
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (mut rows, total) = if let Some(among) = &wanted.among {
        let found = tx.leads_of(workspace, among)?;
        let mut rows: Vec<(ProfileNo, i64)> = found
            .into_iter()
            .filter(|row| is_of(row, all))
            .map(|row| match wanted.order {
                LeadOrder::Score => (row.profile, row.score),
                LeadOrder::Latest => (row.profile, row.status_at.ms()),
            })
            .collect();
        rows.sort_unstable_by_key(|(no, at)| std::cmp::Reverse((*at, *no)));
        let total = rows.len() as i64;
        rows.retain(|(no, at)| (*at, *no) < (place, before));
        (rows, total)
    } else if wanted.order == LeadOrder::Latest && (status != ANY || assignee != ANY) {
        let before = (Timestamp::from_ms(place), before);
        let rows = match assignee {
            ANY => tx.leads_by_status(workspace, status, before, most)?,
            _ => tx.leads_by_assignee(workspace, (assignee, status), before, most)?,
        };
        let whole = Ranked { low: NO_SCORE, high: i64::MAX, ..all };
        (rows.into_iter().map(|(no, at)| (no, at.ms())).collect(), tx.leads_counted(workspace, whole)?)
    } else {
        let rest = Ranked { high: high.min(place), ..all };
        // Who is below the page's own bound has not been seen.
        let before = if place > high { ProfileNo(i64::MAX) } else { before };
        (tx.leads_ranked(workspace, rest, before, most)?, tx.leads_counted(workspace, all)?)
    };
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| is_more).map(|(no, at)| (*at, *no));
    let people = rows.into_iter().map(|(no, _)| no).collect();
    Ok(LeadPage { people, total: u64::try_from(total).unwrap_or(0), next, is_computing })
}

/// The lowest and the highest score of a grade, or of any; `None` for a grade that there is not.
fn range_of(scoring: Option<&Scoring>, grade: Option<&str>) -> Option<(i64, i64)> {
    let Some(name) = grade else { return Some((NO_SCORE, i64::MAX)) };
    let grades = &scoring?.rules.grades;
    let place = grades.iter().position(|grade| grade.name == name)?;
    let better = place.checked_sub(1).map(|place| grades[place].from);
    Some((grades[place].from, better.map_or(i64::MAX, |from| from - 1)))
}

fn is_of(row: &LeadRow, wanted: Ranked<'_>) -> bool {
    (wanted.low..=wanted.high).contains(&row.score)
        && (wanted.status == ANY || wanted.status == row.status)
        && (wanted.assignee == ANY || (wanted.assignee == row.assignee && !row.status.is_empty()))
}

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
