//! Writes the shop's rules, and tells beforehand what they would make of everybody.

use super::{RULES, Scoring, leaf_of, thresholds};
use crate::insight::Insight;
use crate::segments::save::{SaveError, follow};
use domain::condition::{Condition, Problem};
use domain::lead::{DOCUMENT_BYTES_MAX, Rules};
use kit::{Timestamp, WorkspaceId};
use serde_json::{Value, json};
use store::models::ModelRow;
use store::{Changeset, ReadTx, Store, StoreError};

/// Versions of the rules that are remembered.
const REMEMBERED: i64 = 100;

#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    #[error("the rules cannot be used")]
    Problems(Vec<Problem>),
    #[error("somebody else wrote the rules meanwhile; they are version {0} now")]
    Changed(i64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads rules and says all that is wrong with them.
pub fn read_rules(document: &Value) -> Result<Rules, RulesError> {
    if document.to_string().len() > DOCUMENT_BYTES_MAX {
        let message = format!("at most {DOCUMENT_BYTES_MAX} bytes as JSON");
        let problem = Problem { path: String::new(), code: "lead.too_large", message };
        return Err(RulesError::Problems(vec![problem]));
    }
    Rules::from_value(document).map_err(RulesError::Problems)
}

/// Puts rules in force from now on, over the version `expected` where one is given (0: there were none). Scores are
/// others at once; nobody is handed over, and no journey starts, by new rules alone.
///
/// # Errors
/// [`RulesError`]; nothing was changed then.
pub fn save_rules(
    store: &Store,
    workspace: WorkspaceId,
    document: &Value,
    expected: Option<i64>,
    by: &str,
    now: Timestamp,
) -> Result<i64, RulesError> {
    let rules = read_rules(document)?;
    let written = rules.to_value();
    let mut changes = Changeset::new();
    let (version, generation) = store.read(|tx| {
        let last = tx.last_model(workspace, RULES)?.map_or(0, |(version, _)| version);
        let generation = tx.progress(store::inbox::CONFIGURATION)?.unwrap_or(0);
        let leaves: Vec<Condition> = thresholds(&rules).into_iter().map(leaf_of).collect();
        if !leaves.is_empty() && expected.is_none_or(|expected| expected == last) {
            follow(tx, &mut changes, workspace, &Condition::Any(leaves), now).map_err(
                |error| match error {
                    SaveError::Store(error) => error,
                    other => StoreError::Bug(other.to_string()),
                },
            )?;
        }
        Ok((last, generation))
    })?;
    if expected.is_some_and(|expected| expected != version) {
        return Err(RulesError::Changed(version));
    }
    changes.expect_configuration(generation);
    changes.retire_model(workspace, RULES);
    let next = version + 1;
    let model = ModelRow {
        kind: RULES.to_owned(),
        version: next,
        fitted_at: now,
        state: "serving".to_owned(),
        document: written.to_string(),
        // What is out of service loses its document; what the rules were stays known here.
        report: json!({ "by": by, "rules": written }).to_string(),
    };
    changes.insert_model(workspace, model);
    if super::ranks::listed_from(&rules).is_none() {
        // Nobody is asked anew by such rules, so nobody is taken off the list one by one.
        changes.drop_lead_scores(workspace);
    }
    changes.prune_models(workspace, RULES, next - REMEMBERED);
    crate::configure(store, changes)?;
    Ok(next)
}

/// Who is above the threshold and was never handed over, because nobody is by new rules alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Of the rules that this is said of; 0: there are none.
    pub version: i64,
    pub people: u64,
    /// The score that hands over; `None` where the rules hand nobody over.
    pub from: Option<i64>,
    /// Everybody is scored anew: the number is not complete.
    pub is_computing: bool,
}

/// How many people wait to be handed over.
pub fn waiting(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<Waiting, StoreError> {
    let insight = Insight::read(tx, workspace)?;
    let version = tx.last_model(workspace, RULES)?.map_or(0, |(version, _)| version);
    let none = Waiting { version, people: 0, from: None, is_computing: false };
    let Some(scoring) = insight.scoring() else { return Ok(none) };
    let Some(handover) = &scoring.rules.handover else { return Ok(none) };
    let is_computing = super::grade_counts(tx, workspace, scoring)?.1;
    let people = tx.leads_waiting_counted(workspace, handover.from)?;
    Ok(Waiting {
        people: u64::try_from(people).unwrap_or(0),
        from: Some(handover.from),
        is_computing,
        ..none
    })
}

/// The versions of the rules, newest first: number, when, by whom, and the document.
pub fn rules_history(
    store: &Store,
    workspace: WorkspaceId,
    limit: i64,
) -> Result<Vec<(i64, Timestamp, String, Value)>, StoreError> {
    let marks = store.read(|tx| tx.model_history(workspace, RULES, limit))?;
    let read = |mark: store::models::ModelMark| {
        let mut report: Value = serde_json::from_str(&mark.report).unwrap_or_default();
        let by = report["by"].as_str().unwrap_or_default().to_owned();
        (mark.version, mark.fitted_at, by, report["rules"].take())
    };
    Ok(marks.into_iter().map(read).collect())
}

/// What rules would make of the people of a shop.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Preview {
    /// People in all.
    pub people: u64,
    /// How many of them were looked at: all, or a sample.
    pub looked_at: u64,
    /// Those of them who have a score.
    pub scored: u64,
    /// By grade, best first, and below them all at the end.
    pub grades: Vec<u64>,
    /// Those whom the hand-over would take.
    pub handed: u64,
    /// Ten equal parts from the floor to the ceiling.
    pub histogram: Vec<u64>,
    /// Numbers and scores of the highest, best first.
    pub top: Vec<(kit::ProfileNo, i64)>,
}

/// People that a preview looks at, at most.
pub const PREVIEW_MAX: usize = 20_000;
const STEP: i64 = 500;
const TOP: usize = 20;

/// Scores people by rules that are not in force: all, or with more than [`PREVIEW_MAX`] an even sample.
pub fn preview(
    store: &Store,
    workspace: WorkspaceId,
    rules: &Rules,
    now: Timestamp,
    most: usize,
) -> Result<Preview, StoreError> {
    let scoring = Scoring { rules: rules.clone(), wants: rules.wants() };
    let insight = store.read(|tx| {
        let mut insight = Insight::read(tx, workspace)?;
        insight.lead_rules = Some(scoring.clone());
        Ok(insight)
    })?;
    let last = store.read(|tx| tx.last_profile_no(workspace))?.0;
    let mut found =
        Preview { grades: vec![0; rules.grades.len() + 1], histogram: vec![0; 10], ..Preview::default() };
    // Every so many stretches of numbers, so that old and new customers are there alike.
    let stretches = last / STEP + 1;
    let taken = (most as i64 / STEP).max(1);
    let skip = (stretches / taken).max(1);
    let mut from = 0;
    while from <= last {
        let scores = store.read(|tx| {
            super::rows::scores(tx, workspace, &insight, &scoring.wants, (from, from + STEP), now)
        })?;
        for (no, score) in scores {
            found.looked_at += 1;
            let Some(score) = score else { continue };
            found.scored += 1;
            found.grades[rules.grade_of(score).unwrap_or(rules.grades.len())] += 1;
            found.handed += u64::from(rules.handover.as_ref().is_some_and(|handover| score >= handover.from));
            let span = (rules.ceiling - rules.floor).max(1);
            let part = ((score - rules.floor) * 10 / span).clamp(0, 9);
            found.histogram[usize::try_from(part).unwrap_or(0)] += 1;
            found.top.push((no, score));
        }
        found.top.sort_by_key(|(no, score)| (std::cmp::Reverse(*score), *no));
        found.top.truncate(TOP);
        from += STEP * skip;
    }
    found.people = store.read(|tx| crate::segments::people_count(tx, workspace))?;
    Ok(found)
}
