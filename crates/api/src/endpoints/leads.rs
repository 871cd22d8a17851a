//! Leads: the shop's rules of scoring, who has how many points, and what sales make of them.

mod views;

use crate::audit::Audit;
use crate::caller::{Reader, Writer};
use crate::endpoints::profiles::by_id;
use crate::listing::{Page, Paging, bad_cursor, cursor, iso};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::lead::{Status, is_assignee};
use domain::normalise::text;
use engine::leads::{self, LeadOrder, LeadWanted, RULES, RulesError};
use engine::{Insight, Note};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use views::{LeadDetail, LeadView, detail_of, lead_views};

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(rules, put_rules))
        .routes(routes!(history))
        .routes(routes!(preview))
        .routes(routes!(assignees))
        .routes(routes!(report))
        .routes(routes!(list))
        .routes(routes!(waiting, hand_over))
        .routes(routes!(find, change))
        .routes(routes!(add_note))
}

const HISTORY_SHOWN: i64 = 50;
/// People that a search among leads finds at most.
const SEARCHED_MAX: i64 = 2_000;

#[derive(Debug, Serialize, ToSchema)]
struct LeadRulesView {
    /// 0 while the shop has no rules.
    version: i64,
    updated_at: Option<String>,
    /// `account:<id>` or `key:<id>`.
    by: Option<String>,
    /// See docs/leads.md; null while the shop has no rules.
    #[schema(value_type = Option<Object>)]
    rules: Option<Value>,
}

async fn rules_of(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<LeadRulesView> {
    let newest = services
        .aside(move |services| Ok(leads::rules_history(&services.store, workspace, 1)?.into_iter().next()))
        .await?;
    Ok(match newest {
        None => LeadRulesView { version: 0, updated_at: None, by: None, rules: None },
        Some((version, at, by, rules)) => {
            LeadRulesView { version, updated_at: Some(iso(at)), by: Some(by), rules: Some(rules) }
        }
    })
}

/// The rules of lead scoring
#[utoipa::path(get, path = "/lead-rules", tag = "leads", responses((status = 200, body = LeadRulesView)))]
async fn rules(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<LeadRulesView>> {
    Ok(Json(rules_of(&services, caller.workspace).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadRulesTold {
    /// See docs/leads.md.
    #[schema(value_type = Object)]
    rules: Value,
    /// The version that was edited; another one in force is then not overwritten. 0: there were none.
    version: Option<i64>,
}

fn refused(error: RulesError) -> Problem {
    match error {
        RulesError::Problems(problems) => {
            let first = problems.first().map_or_else(String::new, ToString::to_string);
            Problem::unusable("invalid_rules", format!("the rules cannot be used: {first}"))
                .with_problems(problems)
        }
        RulesError::Changed(version) => {
            let detail =
                format!("somebody else changed the rules; version {version} is in force: read it first");
            Problem::conflict("rules_changed", detail)
        }
        RulesError::Store(error) => error.into(),
    }
}

/// Change the rules of lead scoring
///
/// They hold at once. By new rules alone nobody is handed over and no journey starts; `POST /leads/hand-over` hands over
/// whom they lifted above the threshold.
#[utoipa::path(put, path = "/lead-rules", tag = "leads", request_body = LeadRulesTold, responses((status = 200, body = LeadRulesView)))]
async fn put_rules(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Told(told): Told<LeadRulesTold>,
) -> Answer<Json<LeadRulesView>> {
    let workspace = caller.workspace;
    let rules = leads::read_rules(&told.rules).map_err(refused)?;
    let named = rules.handover.iter().flat_map(|handover| handover.assignees.clone()).collect();
    let unknown = unknown_assignees(&services, workspace, named).await?;
    if let Some((at, who)) = unknown.first() {
        let message = format!("{who} is no account of this workspace and no contact of staff");
        let path = format!("handover.assignees.{at}");
        let problem = json!({ "path": path, "code": "lead.assignee", "message": message });
        return Err(Problem::unusable(
            "invalid_rules",
            format!("the rules cannot be used: {path}: {message}"),
        )
        .with_problems([problem]));
    }
    let by = caller.source.clone();
    let version = services
        .aside(move |services| {
            let now = services.now();
            leads::save_rules(&services.store, workspace, &told.rules, told.version, &by, now)
                .map_err(refused)
        })
        .await?;
    services.door.wake();
    audit.object("lead-rules", RULES);
    audit.detail("version", version);
    audit.detail("rules", rules.rules.len());
    Ok(Json(rules_of(&services, workspace).await?))
}

async fn unknown_assignees(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    named: Vec<String>,
) -> Answer<Vec<(usize, String)>> {
    let known = services.read(move |tx| known_assignees(tx, workspace)).await?;
    let is_unknown = |(_, who): &(usize, String)| !known.iter().any(|one| one.address == *who);
    Ok(named.into_iter().enumerate().filter(is_unknown).collect())
}

#[derive(Debug, Serialize, ToSchema)]
struct LeadRulesVersion {
    version: i64,
    at: String,
    by: String,
    #[schema(value_type = Object)]
    rules: Value,
}

/// Earlier rules of lead scoring, newest first
#[utoipa::path(get, path = "/lead-rules/history", tag = "leads", responses((status = 200, body = Page<LeadRulesVersion>)))]
async fn history(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<LeadRulesVersion>>> {
    let workspace = caller.workspace;
    let rows = services
        .aside(move |services| Ok(leads::rules_history(&services.store, workspace, HISTORY_SHOWN)?))
        .await?;
    let shown = |(version, at, by, rules)| LeadRulesVersion { version, at: iso(at), by, rules };
    Ok(Json(Page::whole(rows.into_iter().map(shown).collect())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadPreviewTold {
    #[schema(value_type = Object)]
    rules: Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeadGradeCount {
    /// Null: below every grade.
    grade: Option<String>,
    people: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeadPreviewView {
    /// People of the shop in all.
    people: u64,
    /// Looked at: all, or with more than 20,000 an even sample.
    looked_at: u64,
    /// Of those looked at, who has a score.
    scored: u64,
    grades: Vec<LeadGradeCount>,
    /// Of those looked at, whose score is at or above that of the hand-over.
    at_handover: u64,
    /// People in ten equal parts of the range from the floor to the ceiling.
    histogram: Vec<u64>,
    /// The highest scores, with what made them.
    top: Vec<LeadView>,
}

/// Try rules of lead scoring
///
/// Says how many people would have which grade now, and who would be on top. Nothing is changed.
#[utoipa::path(post, path = "/lead-rules/preview", tag = "leads", request_body = LeadPreviewTold, responses((status = 200, body = LeadPreviewView)))]
async fn preview(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<LeadPreviewTold>,
) -> Answer<Json<LeadPreviewView>> {
    let workspace = caller.workspace;
    let rules = leads::read_rules(&told.rules).map_err(refused)?;
    let view = services.aside(move |services| {
        let now = services.now();
        let found = leads::preview(&services.store, workspace, &rules, now, leads::PREVIEW_MAX)?;
        let numbers: Vec<ProfileNo> = found.top.iter().map(|(no, _)| *no).collect();
        let insight = leads::insight_with(&services.store, workspace, rules.clone())?;
        let top = services.store.read(|tx| lead_views(tx, workspace, &insight, &numbers, now))?;
        let names = rules.grades.iter().map(|grade| Some(grade.name.clone())).chain([None]);
        let count = |(grade, people): (Option<String>, &u64)| LeadGradeCount { grade, people: *people };
        Ok(LeadPreviewView {
            people: found.people,
            looked_at: found.looked_at,
            scored: found.scored,
            grades: names.zip(&found.grades).map(count).collect(),
            at_handover: found.handed,
            histogram: found.histogram,
            top,
        })
    });
    Ok(Json(view.await?))
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct LeadAssignee {
    /// An account's e-mail address, or a contact of staff such as `telegram:sales`.
    address: String,
    /// Of an account.
    name: Option<String>,
}

fn known_assignees(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<Vec<LeadAssignee>, StoreError> {
    let accounts = tx.accounts(workspace)?.into_iter();
    let account =
        |row: store::accounts::AccountRow| LeadAssignee { address: row.email, name: Some(row.name) };
    let mut known: Vec<LeadAssignee> = accounts.map(account).collect();
    let contacts = tx.contacts()?.into_iter().filter(|row| row.workspace == workspace);
    known.extend(contacts.map(|row| LeadAssignee { address: row.name, name: None }));
    known.retain(|one| is_assignee(&one.address));
    Ok(known)
}

/// Whom leads can be given to
#[utoipa::path(get, path = "/leads/assignees", tag = "leads", responses((status = 200, body = Page<LeadAssignee>)))]
async fn assignees(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<LeadAssignee>>> {
    let workspace = caller.workspace;
    Ok(Json(Page::whole(services.read(move |tx| known_assignees(tx, workspace)).await?)))
}

#[derive(Debug, Serialize, ToSchema)]
struct LeadStatusCount {
    status: String,
    /// Empty: nobody.
    assignee: String,
    people: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeadReport {
    /// 0 while the shop has no rules.
    rules_version: i64,
    grades: Vec<LeadGradeCount>,
    /// New rules or settings are being applied: the numbers are not complete yet.
    is_computing: bool,
    statuses: Vec<LeadStatusCount>,
    /// When the chance to buy was learned last; null where it never was.
    learned_at: Option<String>,
    /// Whether the chance to buy is told of people.
    model_serves: bool,
    /// How good the model and the rules are at telling who buys, on people whom neither knew: see docs/leads.md.
    #[schema(value_type = Option<Object>)]
    comparison: Option<Value>,
}

/// How leads do, and how good rules and model are
#[utoipa::path(get, path = "/reports/leads", tag = "leads", responses((status = 200, body = LeadReport)))]
async fn report(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<LeadReport>> {
    let workspace = caller.workspace;
    let report = services.read(move |tx| {
        let insight = Insight::read(tx, workspace)?;
        let version = tx.last_model(workspace, RULES)?.map_or(0, |(version, _)| version);
        let (counts, is_computing) = match insight.scoring() {
            Some(scoring) => leads::grade_counts(tx, workspace, scoring)?,
            None => (Vec::new(), false),
        };
        let grades = insight.scoring().into_iter().flat_map(|scoring| &scoring.rules.grades);
        let count = |(grade, people): (&domain::lead::Grade, u64)| LeadGradeCount {
            grade: Some(grade.name.clone()),
            people,
        };
        let statuses = tx.lead_counts(workspace)?.into_iter();
        let newest = tx.model_history(workspace, leads::MODEL, 1)?.into_iter().next();
        Ok(LeadReport {
            rules_version: version,
            grades: grades.zip(counts).map(count).collect(),
            is_computing,
            statuses: statuses
                .map(|(status, assignee, people)| LeadStatusCount { status, assignee, people })
                .collect(),
            learned_at: newest.as_ref().map(|mark| iso(mark.fitted_at)),
            model_serves: insight.lead_model().is_some(),
            comparison: newest.and_then(|mark| serde_json::from_str(&mark.report).ok()),
        })
    });
    Ok(Json(report.await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LeadsQuery {
    /// The name of a grade.
    grade: Option<String>,
    /// `new`, `assigned`, `contacted`, `qualified`, `disqualified`, `won` or `lost`; `none` for those whom sales never
    /// had.
    status: Option<String>,
    /// An e-mail address or a contact of staff; `none` for those of sales whom nobody has.
    assignee: Option<String>,
    /// `score` (when not given): the highest first. `latest`: those first whose standing changed last; give a status or
    /// an assignee, and no grade.
    sort: Option<String>,
    /// Part of a name, address, number or id; tone marks do not matter.
    search: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeadsPage {
    items: Vec<LeadView>,
    next: Option<String>,
    /// How many there are in all.
    total: u64,
    /// New rules or settings are being applied: the list is not complete yet.
    is_computing: bool,
}

/// List leads
///
/// Everybody who has a grade, and everybody whom sales have or had, by score: the one told last, at most an hour ago. The
/// score of each lead is that of now.
#[utoipa::path(get, path = "/leads", tag = "leads", params(LeadsQuery), responses((status = 200, body = LeadsPage)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<LeadsQuery>,
) -> Answer<Json<LeadsPage>> {
    let (workspace, now) = (caller.workspace, services.now());
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = usize::try_from(paging.limit()?.min(200)).unwrap_or(50);
    let behind = match paging.after::<2>()? {
        None => None,
        Some([at, no]) => match (at.parse(), no.parse()) {
            (Ok(at), Ok(no)) => Some((at, ProfileNo(no))),
            _ => return Err(bad_cursor()),
        },
    };
    let word = |told: Option<String>| told.filter(|told| !told.is_empty());
    let status = match word(query.status) {
        Some(told) if told == "none" => Some(String::new()),
        Some(told) => {
            let known = told.parse::<Status>().map_err(|error| Problem::field("status", error))?;
            Some(known.to_string())
        }
        None => None,
    };
    let (grade, assignee) = (word(query.grade), word(query.assignee));
    let order = match query.sort.as_deref() {
        None | Some("" | "score") => LeadOrder::Score,
        Some("latest") if grade.is_none() && (status.is_some() || assignee.is_some()) => LeadOrder::Latest,
        Some("latest") => {
            return Err(Problem::field("sort", "latest takes a status or an assignee, and no grade"));
        }
        Some(_) => return Err(Problem::field("sort", "score or latest")),
    };
    let search = word(query.search).map(|told| text::search_key(&told));
    let page = services.read(move |tx| {
        let insight = Insight::read(tx, workspace)?;
        let among = match &search {
            None => None,
            Some(key) => {
                let found = tx.search_profiles(workspace, key, ProfileNo(i64::MAX), SEARCHED_MAX)?;
                Some(found.into_iter().map(|stored| stored.profile.no).collect())
            }
        };
        let wanted = LeadWanted {
            grade,
            status,
            assignee: assignee.map(|who| if who == "none" { String::new() } else { who }),
            among,
            order,
        };
        let page = leads::leads(tx, workspace, insight.scoring(), &wanted, behind, limit)?;
        let items = lead_views(tx, workspace, &insight, &page.people, now)?;
        let next = page.next.map(|(at, no)| cursor(&[at.to_string(), no.0.to_string()]));
        Ok(LeadsPage { items, next, total: page.total, is_computing: page.is_computing })
    });
    Ok(Json(page.await?))
}

/// People who wait to be handed over to sales.
#[derive(Debug, Serialize, ToSchema)]
struct LeadsWaiting {
    /// The version of the rules that this is said of; 0 while the shop has none.
    version: i64,
    /// Whose score is at or above the threshold, whom nobody of sales has, and who were never handed over.
    people: u64,
    /// The threshold; null where the rules hand nobody over.
    from: Option<i64>,
    /// Everybody is scored anew: the number is not complete yet.
    is_computing: bool,
}

impl LeadsWaiting {
    fn of(waiting: leads::Waiting) -> LeadsWaiting {
        let leads::Waiting { version, people, from, is_computing } = waiting;
        LeadsWaiting { version, people, from, is_computing }
    }
}

/// Who waits to be handed over
///
/// New rules, another time zone and the first fit of a model hand nobody over: those whom they lift above the threshold
/// wait until somebody asks for it.
#[utoipa::path(get, path = "/leads/hand-over", tag = "leads", responses((status = 200, body = LeadsWaiting)))]
async fn waiting(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<LeadsWaiting>> {
    let workspace = caller.workspace;
    Ok(Json(LeadsWaiting::of(services.read(move |tx| leads::waiting(tx, workspace)).await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadsHandOverTold {
    /// The version of the rules that the number of people was read for.
    version: i64,
}

/// Hand over all who wait
///
/// Each of them as by a crossing of the threshold: an assignee in turn, a notice where the rules say so, and once. In the
/// background; the answer says how many waited.
#[utoipa::path(post, path = "/leads/hand-over", tag = "leads", request_body = LeadsHandOverTold, responses((status = 202, body = LeadsWaiting)))]
async fn hand_over(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Told(told): Told<LeadsHandOverTold>,
) -> Answer<(StatusCode, Json<LeadsWaiting>)> {
    let workspace = caller.workspace;
    let waiting = services.read(move |tx| leads::waiting(tx, workspace)).await?;
    if waiting.version != told.version {
        let detail = format!(
            "somebody else changed the rules; version {} is in force: read who waits first",
            waiting.version
        );
        return Err(Problem::conflict("rules_changed", detail));
    }
    if waiting.from.is_none() {
        let detail = "these rules hand nobody over: give them a threshold first";
        return Err(Problem::conflict("no_handover", detail));
    }
    if waiting.is_computing {
        let detail = "everybody is scored anew; ask again when is_computing is false";
        return Err(Problem::conflict("still_computing", detail));
    }
    audit.object("leads", "hand-over");
    audit.detail("people", waiting.people);
    audit.detail("version", waiting.version);
    let note = Note::HandOver { version: told.version, after: 0, at: services.now().into() };
    services.note(workspace, &note).await?;
    Ok((StatusCode::ACCEPTED, Json(LeadsWaiting::of(waiting))))
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<Json<LeadDetail>> {
    let no = by_id(services, workspace, id).await?.profile.no;
    let now: Timestamp = services.now();
    let found = services.read(move |tx| {
        let insight = Insight::read(tx, workspace)?;
        workspace_of(tx, workspace)?;
        detail_of(tx, workspace, &insight, no, now)
    });
    Ok(Json(found.await?.ok_or_else(|| Problem::not_found("the profile"))?))
}

/// Read a lead
///
/// By the id of the profile: the score with what made it, what changed it lately, the chance to buy with its reasons,
/// and what sales made of it.
#[utoipa::path(get, path = "/leads/{id}", tag = "leads", params(("id" = String, Path)), responses((status = 200, body = LeadDetail)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<LeadDetail>> {
    shown(&services, caller.workspace, &id).await
}

/// What is not given stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadChanges {
    /// `new`, `assigned`, `contacted`, `qualified`, `disqualified`, `won` or `lost`.
    status: Option<String>,
    /// Of an account or a contact of staff; empty for nobody.
    assignee: Option<String>,
}

/// Say how it stands with a lead
#[utoipa::path(patch, path = "/leads/{id}", tag = "leads", params(("id" = String, Path)), request_body = LeadChanges, responses((status = 200, body = LeadDetail)))]
async fn change(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Path(id): Path<String>,
    Told(told): Told<LeadChanges>,
) -> Answer<Json<LeadDetail>> {
    let workspace = caller.workspace;
    let status = told.status.map(|told| told.parse::<Status>()).transpose();
    let status = status.map_err(|error| Problem::field("status", error))?;
    if status.is_none() && told.assignee.is_none() {
        return Err(Problem::field("status", "give a status, an assignee or both"));
    }
    if let Some(who) = told.assignee.as_ref().filter(|who| !who.is_empty())
        && !unknown_assignees(&services, workspace, vec![who.clone()]).await?.is_empty()
    {
        let message =
            "no account of this workspace and no contact of staff; GET /api/v1/leads/assignees lists them";
        return Err(Problem::field("assignee", message));
    }
    let profile_id = by_id(&services, workspace, &id).await?.profile.id.to_string();
    audit.object("leads", &profile_id);
    let told = leads::Told { status, assignee: told.assignee, note: None, by: caller.source };
    tell(&services, workspace, profile_id.clone(), told).await?;
    shown(&services, workspace, &profile_id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadNoteTold {
    note: String,
}

/// Add a note to a lead
#[utoipa::path(post, path = "/leads/{id}/notes", tag = "leads", params(("id" = String, Path)), request_body = LeadNoteTold, responses((status = 201, body = LeadDetail)))]
async fn add_note(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Path(id): Path<String>,
    Told(told): Told<LeadNoteTold>,
) -> Answer<(StatusCode, Json<LeadDetail>)> {
    let workspace = caller.workspace;
    let note = text::clean_lines(&told.note, leads::NOTE_CHARS_MAX + 1);
    if !(1..=leads::NOTE_CHARS_MAX).contains(&note.chars().count()) {
        return Err(Problem::field("note", format!("from 1 to {} characters", leads::NOTE_CHARS_MAX)));
    }
    let profile_id = by_id(&services, workspace, &id).await?.profile.id.to_string();
    audit.object("leads", &profile_id);
    let told = leads::Told { note: Some(note), by: caller.source, ..leads::Told::default() };
    tell(&services, workspace, profile_id.clone(), told).await?;
    Ok((StatusCode::CREATED, shown(&services, workspace, &profile_id).await?))
}

async fn tell(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    profile_id: String,
    told: leads::Told,
) -> Answer<()> {
    let call_id = services.new_id().to_string();
    let note = Note::Lead { profile_id, call_id, told, at: services.now().into() };
    services.note(workspace, &note).await
}
