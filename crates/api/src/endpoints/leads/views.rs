//! A lead as the API shows it: points with what gave them, the chance to buy with its reasons, and its course.

use crate::listing::{iso, iso_ms};
use crate::services::workspace_of;
use domain::identifier::IdentifierKind;
use domain::lead::{EVENT_GRADE, EVENT_HANDED, EVENT_STATUS};
use engine::Insight;
use engine::leads::{EVENT_NOTE, Standing, causes_of, reading_of, with_facts};
use kit::{DAY_MS, ProfileNo, Timestamp, WorkspaceId};
use serde::Serialize;
use serde_json::Value;
use store::{ReadTx, StoreError};
use utoipa::ToSchema;

/// Reasons of a score in a list.
const REASONS: usize = 3;
/// Reasons of a chance to buy.
const CAUSES: usize = 4;
/// How far back the course of a score goes, and how many turns of it are shown.
const COURSE_DAYS: i64 = 90;
const TURNS_MAX: usize = 100;

/// What a rule gives or takes now.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadReason {
    pub rule: String,
    pub name: String,
    /// To a hundredth of a point; below 0 for what is taken.
    pub points: f64,
    /// Events that counted, of a rule about events.
    pub events: usize,
    pub last_at: Option<String>,
}

/// A reason of the chance to buy: a signal, its value, and how strongly it speaks for (above 0) or against it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadCause {
    /// `views`, `carts`, `days_since_seen` and the like; `source:<name>` for where the person came from.
    pub code: String,
    pub value: f64,
    /// In log-odds beside an average person.
    pub effect: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LeadView {
    pub profile_id: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// Null for who has no score: the rules are not for them, or they want no profile to be made of them.
    pub score: Option<i64>,
    pub grade: Option<String>,
    /// From 0 to 1, that they buy within 30 days; null where no model serves, and for who bought before.
    pub probability: Option<f64>,
    /// `new`, `assigned`, `contacted`, `qualified`, `disqualified`, `won` or `lost`; null for who was never handed to
    /// sales.
    pub status: Option<String>,
    pub status_at: Option<String>,
    pub assignee: Option<String>,
    /// When the score handed the lead to sales last.
    pub handed_at: Option<String>,
    pub last_seen_at: String,
    /// What gives and takes most points now.
    pub reasons: Vec<LeadReason>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LeadTurn {
    pub at: String,
    pub rule: String,
    pub name: String,
    /// What the event brought, before the limit of the rule.
    pub points: i64,
    /// The score with it.
    pub score: i64,
}

/// Something that happened to the lead: a grade won or lost, handed over, a change of its standing, a note.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadEvent {
    pub at: String,
    /// `grade`, `handed`, `status` or `note`.
    pub what: String,
    #[schema(value_type = Object)]
    pub details: Value,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LeadDay {
    pub day_at: String,
    pub score: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LeadDetail {
    #[serde(flatten)]
    pub lead: LeadView,
    /// When the score is another if nothing else happens; null: never.
    pub score_until: Option<String>,
    /// All rules, those that give nothing now included.
    pub parts: Vec<LeadReason>,
    pub causes: Vec<LeadCause>,
    /// What events gave and took in the last 90 days, newest first.
    pub turns: Vec<LeadTurn>,
    /// The score a day apart over the last 90 days, the oldest first. Attributes count as they are now.
    pub course: Vec<LeadDay>,
    /// Newest first.
    pub history: Vec<LeadEvent>,
}

fn reasons(insight: &Insight, reading: &domain::lead::Reading<'_>, now: Timestamp) -> Vec<LeadReason> {
    let rules = insight.scoring().map(|scoring| scoring.rules.rules.as_slice()).unwrap_or_default();
    let parts = reading.parts(now).into_iter();
    let reason = |part: domain::lead::Part| {
        let rule = rules.get(part.rule)?;
        Some(LeadReason {
            rule: rule.id.clone(),
            name: rule.name.clone(),
            points: (part.points() * 100.0).round() / 100.0,
            events: part.events,
            last_at: part.last_at.map(iso),
        })
    };
    parts.filter_map(reason).collect()
}

fn view_of(
    insight: &Insight,
    settings: &domain::settings::Settings,
    standing: &Standing,
    now: Timestamp,
) -> LeadView {
    let profile = &standing.stored.profile;
    let (score, grade, mut top, probability) =
        with_facts(insight, settings, profile, &standing.past, now, |facts| {
            let reading = facts.lead_reading(now);
            let score = reading.as_ref().and_then(|reading| reading.score(now));
            let grade = reading
                .as_ref()
                .zip(score)
                .and_then(|(reading, score)| reading.rules().grade_name(score).map(str::to_owned));
            let top = reading.as_ref().filter(|_| score.is_some());
            let top = top.map(|reading| reasons(insight, reading, now)).unwrap_or_default();
            let told = domain::condition::look_up(facts, "lead.probability");
            (score, grade, top, told.as_ref().and_then(Value::as_f64))
        });
    top.retain(|reason| reason.points != 0.0);
    top.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()).then_with(|| a.rule.cmp(&b.rule)));
    top.truncate(REASONS);
    let lead = profile.lead.as_ref();
    LeadView {
        profile_id: profile.id.to_string(),
        name: profile.full_name(),
        email: profile.address(&IdentifierKind::Email).map(str::to_owned),
        phone: profile.address(&IdentifierKind::Phone).map(str::to_owned),
        score,
        grade,
        probability,
        status: lead.map(|lead| lead.status.to_string()),
        status_at: lead.map(|lead| iso_ms(lead.status_at)),
        assignee: lead.and_then(|lead| lead.assignee.clone()),
        handed_at: lead.and_then(|lead| lead.handed_at).map(iso_ms),
        last_seen_at: iso_ms(profile.last_seen_at),
        reasons: top,
    }
}

/// People in the order in which they are named.
pub fn lead_views(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    insight: &Insight,
    people: &[ProfileNo],
    now: Timestamp,
) -> Result<Vec<LeadView>, StoreError> {
    let settings = workspace_of(tx, workspace)?.settings;
    let read = reading_of(tx, workspace, insight, people, now)?;
    let find = |no: &ProfileNo| read.iter().find(|standing| standing.stored.profile.no == *no);
    Ok(people.iter().filter_map(find).map(|standing| view_of(insight, &settings, standing, now)).collect())
}

pub fn detail_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    insight: &Insight,
    no: ProfileNo,
    now: Timestamp,
) -> Result<Option<LeadDetail>, StoreError> {
    let settings = workspace_of(tx, workspace)?.settings;
    let Some(standing) = reading_of(tx, workspace, insight, &[no], now)?.pop() else { return Ok(None) };
    let profile = &standing.stored.profile;
    let lead = view_of(insight, &settings, &standing, now);
    let rules = insight.scoring().map(|scoring| scoring.rules.rules.as_slice()).unwrap_or_default();
    let begins = now.plus_ms(-COURSE_DAYS * DAY_MS);
    let (score_until, parts, turns, course) =
        with_facts(insight, &settings, profile, &standing.past, now, |facts| {
            let Some(reading) = facts.lead_reading(now) else {
                return (None, Vec::new(), Vec::new(), Vec::new());
            };
            let (score, until) = reading.value_at(now);
            if score.is_none() {
                return (None, Vec::new(), Vec::new(), Vec::new());
            }
            let turn = |reason: domain::lead::Reason| {
                let rule = rules.get(reason.rule)?;
                Some(LeadTurn {
                    at: iso(reason.at),
                    rule: rule.id.clone(),
                    name: rule.name.clone(),
                    points: reason.points,
                    score: reason.score,
                })
            };
            let turns = reading.reasons((begins, now), TURNS_MAX).into_iter().filter_map(turn).collect();
            let first = profile.first_seen_at.0;
            let days = (0..=COURSE_DAYS).rev().map(|back| now.plus_ms(-back * DAY_MS));
            let course = days
                .filter(|at| *at >= first)
                .filter_map(|at| Some(LeadDay { day_at: iso(at), score: reading.score(at)? }))
                .collect();
            (until.map(iso), reasons(insight, &reading, now), turns, course)
        });
    let round = |value: f64| (value * 1_000.0).round() / 1_000.0;
    let told = lead.probability.map(|_| causes_of(insight, profile, &standing.past, now, CAUSES));
    let told = told.into_iter().flatten();
    let causes = told
        .map(|cause| LeadCause { code: cause.code, value: cause.value, effect: round(cause.effect) })
        .collect();
    let history = history_of(tx, workspace, no)?;
    Ok(Some(LeadDetail { lead, score_until, parts, causes, turns, course, history }))
}

fn history_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    no: ProfileNo,
) -> Result<Vec<LeadEvent>, StoreError> {
    let kinds =
        [(EVENT_GRADE, "grade"), (EVENT_HANDED, "handed"), (EVENT_STATUS, "status"), (EVENT_NOTE, "note")];
    let names: Vec<(i64, &str)> = tx
        .event_names()?
        .into_iter()
        .filter(|(of, ..)| *of == workspace)
        .filter_map(|(_, name_no, name)| Some((name_no, kinds.iter().find(|(known, _)| *known == name)?.1)))
        .collect();
    let of: Vec<_> = names.iter().map(|(name_no, _)| (workspace, no, *name_no)).collect();
    let mut found: Vec<(Timestamp, i64, LeadEvent)> = Vec::new();
    for ((_, what), events) in names.iter().zip(tx.past_event_bodies_of(&of, Timestamp::MIN)?) {
        for event in events {
            let details = engine::segments::properties_of(&event.body);
            let shown = LeadEvent { at: iso(event.at), what: (*what).to_owned(), details };
            found.push((event.at, event.event_no, shown));
        }
    }
    found.sort_by_key(|(at, event_no, _)| std::cmp::Reverse((*at, *event_no)));
    found.truncate(TURNS_MAX);
    Ok(found.into_iter().map(|(.., shown)| shown).collect())
}
