//! How likely people are to buy: those who had not bought at four instants, and whether they did within a month.

use super::{Going, Learned};
use crate::EngineError;
use crate::facts::ProfileFacts;
use crate::insight::Insight;
use crate::leads::with_facts;
use crate::segments::scan::pasts_of_profiles;
use domain::condition::{Past, Wants};
use domain::lead::SIGNALS;
use domain::local_time::{Zone, start_of_day};
use domain::profile::Profile;
use kit::{DAY_MS, ProfileNo, Timestamp};
use models::leads::{Example, HORIZON_DAYS, Verdict, as_of, learn as fit, signals, source};
use store::Store;
use store::access::Workspace;

/// Instants that people are looked at, a horizon apart.
const SNAPSHOTS: i64 = 4;
/// Examples that a fit takes, about; of a larger shop an even part of the people is looked at.
const EXAMPLES_MAX: i64 = 120_000;
/// Profiles that are read at once.
const STEP: i64 = 500;

/// Examples from everybody, or from an even part of them. `None`: told to stop.
fn examples(
    store: &Store,
    workspace: &Workspace,
    insight: &Insight,
    now: Timestamp,
    going: Going<'_>,
) -> Result<Option<Vec<Example>>, EngineError> {
    let id = workspace.workspace;
    let zone = workspace.settings.zone();
    // The latest ends where today begins: what is still to come is not known.
    let today = start_of_day(now, &zone);
    let instants: Vec<Timestamp> =
        (0..SNAPSHOTS).rev().map(|back| today.plus_ms(-(back + 1) * HORIZON_DAYS * DAY_MS)).collect();
    let reach_ms = SNAPSHOTS * HORIZON_DAYS * DAY_MS;
    let mut wants = Wants::of_path("lead.probability");
    if let Some(scoring) = insight.scoring() {
        wants.merge(&scoring.wants);
    }
    wants.events.values_mut().for_each(|want| want.reach_ms = want.reach_ms.map(|ms| ms + reach_ms + DAY_MS));
    let last = store.read(|tx| tx.last_profile_no(id))?.0;
    let stretches = last / STEP + 1;
    let skip = (stretches * STEP * SNAPSHOTS / EXAMPLES_MAX).max(1);
    let mut examples = Vec::new();
    let mut from = 0;
    while from <= last {
        if !going(0.9 * from as f64 / last.max(1) as f64) {
            return Ok(None);
        }
        let (page, pasts) = store.read(|tx| {
            let mut page = tx.profiles_after(id, ProfileNo(from), STEP)?;
            page.retain(|stored| stored.profile.no.0 <= from + STEP);
            let numbers: Vec<ProfileNo> = page.iter().map(|stored| stored.profile.no).collect();
            let pasts = pasts_of_profiles(tx, id, &numbers, &wants, now)?;
            Ok((page, pasts))
        })?;
        for (stored, past) in page.iter().zip(&pasts) {
            if stored.profile.may_be_profiled() {
                of_person(&stored.profile, past, workspace, &zone, insight, &instants, &mut examples);
            }
        }
        from += STEP * skip;
    }
    Ok(Some(examples))
}

fn of_person(
    profile: &Profile,
    past: &Past,
    workspace: &Workspace,
    zone: &Zone,
    insight: &Insight,
    instants: &[Timestamp],
    examples: &mut Vec<Example>,
) {
    let first_order = profile.totals.first_at.map(|at| at.0);
    for (snapshot, at) in instants.iter().enumerate() {
        if profile.first_seen_at.0 > *at || first_order.is_some_and(|first| first <= *at) {
            continue;
        }
        let then = as_of(profile, *at);
        // Of who is a device only, and was not there for a month, nothing is expected.
        let begins = at.plus_ms(-HORIZON_DAYS * DAY_MS);
        let was_there = SIGNALS
            .iter()
            .filter_map(|(name, _)| past.events.get(*name))
            .any(|events| events.iter().any(|event| event.at > begins && event.at <= *at));
        if !then.is_known() && !was_there {
            continue;
        }
        let scored =
            with_facts(insight, &workspace.settings, &then, past, *at, |facts: &ProfileFacts<'_>| {
                crate::leads::standing_at(facts, *at)
            });
        let score = scored.as_ref().map(|scored| scored.score);
        let grade = score.zip(insight.scoring()).and_then(|(score, scoring)| scoring.rules.grade_of(score));
        examples.push(Example {
            person: u64::try_from(profile.no.0).unwrap_or(0),
            snapshot: u32::try_from(snapshot).unwrap_or(0),
            signals: signals(&then, past, *at, zone),
            source: source(&then),
            score,
            grade,
            bought: first_order.is_some_and(|first| first <= at.plus_ms(HORIZON_DAYS * DAY_MS)),
        });
    }
}

pub(super) fn learn(
    store: &Store,
    workspace: &Workspace,
    now: Timestamp,
    going: Going<'_>,
) -> Result<Option<Learned>, EngineError> {
    let insight = store.read(|tx| Insight::read(tx, workspace.workspace))?;
    let Some(examples) = examples(store, workspace, &insight, now, going)? else { return Ok(None) };
    if examples.is_empty() || !going(0.9) {
        return Ok(None);
    }
    let grades: Vec<String> = insight
        .scoring()
        .map(|scoring| scoring.rules.grades.iter().map(|grade| grade.name.clone()).collect())
        .unwrap_or_default();
    let learned = fit(&examples, &grades);
    let text = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
    Ok(Some(Learned {
        document: learned.model.as_ref().map_or_else(String::new, |model| text(serde_json::to_string(model))),
        report: text(serde_json::to_string(&learned.report)),
        serves: learned.model.is_some(),
        // Judged on enough people, and no better than their rate: what was learned before is of another time. With too
        // few to judge by nothing speaks against it.
        retires: learned.report.verdict == Verdict::NotBetterThanBase,
    }))
}
