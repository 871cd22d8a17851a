//! What people ask about their own data: taken in with the law's deadlines, acknowledged, done. And the means to do it:
//! erasing and restricting a profile, the register of erasures.

use crate::audit::Audit;
use crate::caller::{Admin, Caller};
use crate::endpoints::profiles::{by_id, by_identifier, identifier};
use crate::listing::{Page, Paging, bad_cursor, instant, iso, iso_ms, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::identifier::Identifier;
use domain::profile::Ms;
use domain::requests::{RequestKind, deadlines, rule_of};
use engine::{ErasedOrders, Note};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use store::Changeset;
use store::people::StoredProfile;
use store::privacy::{ErasureRow, RequestRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const TEXT_BYTES_MAX: usize = 4_000;
const IDENTIFIERS_MAX: usize = 20;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(policy))
        .routes(routes!(find))
        .routes(routes!(acknowledge))
        .routes(routes!(extend))
        .routes(routes!(refuse))
        .routes(routes!(complete))
        .routes(routes!(erase))
        .routes(routes!(restrict))
        .routes(routes!(erasures))
        .merge(super::person_export::router())
}

/// All of a request that no query asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Doc {
    /// As they were told; taken out when the person is erased.
    identifiers: Vec<String>,
    /// By which way it came: `email`, `phone`, `in_person`.
    channel: String,
    note: String,
    third_party: bool,
    acknowledge_by: Ms,
    extended_to: Ms,
    created_by: String,
    #[serde(default)]
    acknowledged_at: Option<Ms>,
    #[serde(default)]
    extended_at: Option<Ms>,
    #[serde(default)]
    extension_reason: String,
    #[serde(default)]
    closed_at: Option<Ms>,
    #[serde(default)]
    handled_by: Option<String>,
    #[serde(default)]
    outcome: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct RequestView {
    id: String,
    /// `access`, `rectify`, `erase`, `restrict`, `withdraw` or `object`.
    kind: String,
    /// `received`, `acknowledged`, `completed` or `refused`.
    state: String,
    profile_id: Option<String>,
    identifiers: Vec<String>,
    channel: String,
    note: String,
    third_party: bool,
    received_at: String,
    acknowledge_by: String,
    acknowledged_at: Option<String>,
    due_at: String,
    /// When the deadline was put off.
    extended_at: Option<String>,
    extension_reason: String,
    /// Whether a deadline has passed.
    is_overdue: bool,
    /// Who took it in.
    created_by: String,
    /// Who closed it.
    handled_by: Option<String>,
    closed_at: Option<String>,
    outcome: String,
    /// Whether the periods of its kind are confirmed; see `GET /requests/policy`.
    deadline_is_verified: bool,
    /// For `access`: where all that is known of the person is handed out.
    export_url: Option<String>,
}

fn is_open(state: &str) -> bool {
    matches!(state, "received" | "acknowledged")
}

fn doc_of(row: &RequestRow) -> Doc {
    serde_json::from_str(&row.doc).unwrap_or_default()
}

impl RequestView {
    fn of(row: RequestRow, now: Timestamp) -> RequestView {
        let doc = doc_of(&row);
        let late = row.due_at < now || (doc.acknowledged_at.is_none() && doc.acknowledge_by.0 < now);
        let kind = row.kind.parse::<RequestKind>().ok();
        let export = |id: &String| format!("/api/v1/profiles/{id}/export");
        RequestView {
            export_url: row.profile_id.as_ref().filter(|_| kind == Some(RequestKind::Access)).map(export),
            id: row.request_id,
            is_overdue: is_open(&row.state) && late,
            kind: row.kind,
            state: row.state,
            profile_id: row.profile_id,
            identifiers: doc.identifiers,
            channel: doc.channel,
            note: doc.note,
            third_party: doc.third_party,
            received_at: iso(row.received_at),
            acknowledge_by: iso_ms(doc.acknowledge_by),
            acknowledged_at: iso_opt(doc.acknowledged_at.map(|at| at.0)),
            due_at: iso(row.due_at),
            extended_at: iso_opt(doc.extended_at.map(|at| at.0)),
            extension_reason: doc.extension_reason,
            created_by: doc.created_by,
            handled_by: doc.handled_by,
            closed_at: iso_opt(doc.closed_at.map(|at| at.0)),
            outcome: doc.outcome,
            deadline_is_verified: kind.is_some_and(|kind| rule_of(kind).verified),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct RuleView {
    kind: String,
    acknowledge_working_days: u32,
    days: u32,
    /// When a processor or another third party must act too.
    days_with_third_party: u32,
    /// One extension by at most so many days.
    extension_days: u32,
    /// Whether sources agree on the figures; where not, the shortest that were reported are used.
    verified: bool,
    source: String,
}

/// Read the deadlines
///
/// The periods of Law 91/2025/QH15 and Decree 356/2025/ND-CP, and which of them are not confirmed.
#[utoipa::path(get, path = "/requests/policy", tag = "privacy", responses((status = 200, body = Page<RuleView>)))]
async fn policy(Admin(_): Admin) -> Json<Page<RuleView>> {
    let rules = RequestKind::ALL.into_iter().map(rule_of).map(|rule| RuleView {
        kind: rule.kind.as_str().to_owned(),
        acknowledge_working_days: rule.acknowledge_working_days,
        days: rule.days,
        days_with_third_party: rule.days_with_third_party,
        extension_days: rule.extension_days,
        verified: rule.verified,
        source: rule.source.to_owned(),
    });
    Json(Page::whole(rules.collect()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `received`, `acknowledged`, `completed` or `refused`.
    state: Option<String>,
    kind: Option<String>,
    /// Only what is open and past its deadline, most urgent first.
    overdue: Option<bool>,
    /// Only what is open, most urgent first.
    open: Option<bool>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List requests
///
/// Newest first; open and overdue ones by urgency.
#[utoipa::path(get, path = "/requests", tag = "privacy", params(ListQuery), responses((status = 200, body = Page<RequestView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<RequestView>>> {
    let (workspace, now) = (caller.workspace, services.now());
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let overdue = query.overdue == Some(true);
    if overdue || query.open == Some(true) {
        let (at, id) = match paging.after::<2>()? {
            Some([at, id]) => (Timestamp::from_ms(at.parse().map_err(|_| bad_cursor())?), id),
            None => (Timestamp::MIN, String::new()),
        };
        let until = if overdue { now } else { Timestamp::MAX };
        let rows = services.read(move |tx| tx.open_requests(workspace, until, (at, &id), limit + 1)).await?;
        return Ok(Json(Page::of(
            rows,
            limit,
            |row: &RequestRow| [row.due_at.ms().to_string(), row.request_id.clone()],
            |row| RequestView::of(row, now),
        )));
    }
    let before = paging.after::<1>()?.map_or_else(|| "~".to_owned(), |[id]| id);
    let (state, kind) = (query.state.unwrap_or_default(), query.kind.unwrap_or_default());
    let rows = services.read(move |tx| tx.request_page(workspace, &before, &state, &kind, limit + 1)).await?;
    Ok(Json(Page::of(rows, limit, |row| [row.request_id.clone()], |row| RequestView::of(row, now))))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRequest {
    /// `access`, `rectify`, `erase`, `restrict`, `withdraw` or `object`.
    kind: String,
    profile_id: Option<String>,
    /// As `email:an@example.com`; where no profile is named, the first that is known says whose request it is.
    #[serde(default)]
    identifiers: Vec<String>,
    /// When it came in; now when not given. The deadlines count from it.
    received_at: Option<String>,
    /// By which way it came: `email`, `phone`, `in_person`, `letter`.
    #[serde(default)]
    channel: String,
    #[serde(default)]
    note: String,
    /// Whether a processor or another third party must act too.
    #[serde(default)]
    third_party: bool,
}

fn text_told(field: &str, text: String) -> Answer<String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Problem::field(field, format!("at most {TEXT_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Take a request in
///
/// With the law's deadlines. Whether the person is who they say is yours to check before it is completed.
#[utoipa::path(post, path = "/requests", tag = "privacy", request_body = NewRequest, responses((status = 201, body = RequestView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    audit: Audit,
    Told(told): Told<NewRequest>,
) -> Answer<(StatusCode, Json<RequestView>)> {
    let kind: RequestKind = told.kind.parse().map_err(|error: String| Problem::field("kind", error))?;
    if told.identifiers.len() > IDENTIFIERS_MAX {
        return Err(Problem::field("identifiers", format!("at most {IDENTIFIERS_MAX}")));
    }
    if told.channel.len() > 100 {
        return Err(Problem::field("channel", "at most 100 bytes"));
    }
    let now = services.now();
    let received_at =
        told.received_at.as_deref().map(|text| instant("received_at", text)).transpose()?.unwrap_or(now);
    if received_at > now {
        return Err(Problem::field("received_at", "not in the future"));
    }
    let identifiers: Vec<Identifier> =
        told.identifiers.iter().map(|text| identifier(text)).collect::<Answer<_>>()?;
    let workspace = caller.workspace;
    let profile_id = match &told.profile_id {
        Some(id) => Some(by_id(&services, workspace, id).await?.profile.id.to_string()),
        None if identifiers.is_empty() => {
            return Err(Problem::field("profile_id", "either profile_id or identifiers are needed"));
        }
        None => {
            let asked = identifiers.clone();
            let found = services.read(move |tx| {
                for identifier in &asked {
                    if let Some(stored) = by_identifier(tx, workspace, identifier)? {
                        return Ok(Some(stored.profile.id.to_string()));
                    }
                }
                Ok(None)
            });
            found.await?
        }
    };
    let zone = services.read(move |tx| workspace_of(tx, workspace)).await?.settings.zone();
    let due = deadlines(kind, told.third_party, received_at, &zone);
    let doc = Doc {
        identifiers: identifiers.iter().map(ToString::to_string).collect(),
        channel: told.channel,
        note: text_told("note", told.note)?,
        third_party: told.third_party,
        acknowledge_by: due.acknowledge_by.into(),
        extended_to: due.extended_to.into(),
        created_by: caller.source,
        ..Doc::default()
    };
    let row = RequestRow {
        request_id: services.new_id().to_string(),
        kind: kind.as_str().to_owned(),
        state: "received".into(),
        received_at,
        due_at: due.due_at,
        profile_id,
        revision: 1,
        doc: written(&doc)?,
    };
    audit.detail("kind", kind.as_str());
    let mut changes = Changeset::new();
    changes.insert_request(workspace, row.clone());
    services.apply(changes).await?;
    Ok((StatusCode::CREATED, Json(RequestView::of(row, now))))
}

fn written(doc: &Doc) -> Answer<String> {
    serde_json::to_string(doc).map_err(|error| Problem::internal(&error.to_string()))
}

async fn stored(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<RequestRow> {
    let id = id.to_owned();
    let found = services.read(move |tx| tx.request(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the request"))
}

async fn open_one(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<RequestRow> {
    let row = stored(services, workspace, id).await?;
    if !is_open(&row.state) {
        return Err(Problem::conflict("request_closed", format!("this request is {}", row.state)));
    }
    Ok(row)
}

async fn save(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    mut row: RequestRow,
    doc: &Doc,
) -> Answer<Json<RequestView>> {
    row.doc = written(doc)?;
    let mut changes = Changeset::new();
    changes.update_request(workspace, row.clone());
    services.apply(changes).await?;
    Ok(Json(RequestView::of(row, services.now())))
}

/// Read a request
#[utoipa::path(get, path = "/requests/{id}", tag = "privacy", params(("id" = String, Path)), responses((status = 200, body = RequestView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<Json<RequestView>> {
    let row = stored(&services, caller.workspace, &id).await?;
    Ok(Json(RequestView::of(row, services.now())))
}

/// Acknowledge a request
///
/// Say that the person was told that it came in and how it goes on.
#[utoipa::path(post, path = "/requests/{id}/acknowledge", tag = "privacy", params(("id" = String, Path)), responses((status = 200, body = RequestView)))]
async fn acknowledge(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Answer<Json<RequestView>> {
    let mut row = open_one(&services, caller.workspace, &id).await?;
    let mut doc = doc_of(&row);
    doc.acknowledged_at = doc.acknowledged_at.or(Some(services.now().into()));
    row.state = "acknowledged".into();
    save(&services, caller.workspace, row, &doc).await
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Why {
    /// As the person is told.
    reason: String,
}

/// Put a deadline off
///
/// Once, to the latest that the law allows, with the reason that the person is told.
#[utoipa::path(post, path = "/requests/{id}/extend", tag = "privacy", params(("id" = String, Path)), request_body = Why, responses((status = 200, body = RequestView)))]
async fn extend(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Told(told): Told<Why>,
) -> Answer<Json<RequestView>> {
    let mut row = open_one(&services, caller.workspace, &id).await?;
    let mut doc = doc_of(&row);
    if doc.extended_at.is_some() {
        return Err(Problem::conflict("extended_already", "a request is put off once"));
    }
    if told.reason.trim().is_empty() {
        return Err(Problem::field("reason", "the reason that the person is told"));
    }
    doc.extension_reason = text_told("reason", told.reason)?;
    doc.extended_at = Some(services.now().into());
    row.due_at = doc.extended_to.0;
    save(&services, caller.workspace, row, &doc).await
}

/// Refuse a request
///
/// With the reason that the person is told.
#[utoipa::path(post, path = "/requests/{id}/refuse", tag = "privacy", params(("id" = String, Path)), request_body = Why, responses((status = 200, body = RequestView)))]
async fn refuse(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Told(told): Told<Why>,
) -> Answer<Json<RequestView>> {
    let mut row = open_one(&services, caller.workspace, &id).await?;
    if told.reason.trim().is_empty() {
        return Err(Problem::field("reason", "the reason that the person is told"));
    }
    let mut doc = doc_of(&row);
    doc.outcome = text_told("reason", told.reason)?;
    close(&services, &caller, &mut row, &mut doc, "refused");
    save(&services, caller.workspace, row, &doc).await
}

fn close(services: &Services, caller: &Caller, row: &mut RequestRow, doc: &mut Doc, state: &str) {
    row.state = state.to_owned();
    doc.closed_at = Some(services.now().into());
    doc.acknowledged_at = doc.acknowledged_at.or(doc.closed_at);
    doc.handled_by = Some(caller.source.clone());
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Completion {
    /// What was done, in words.
    outcome: String,
    /// Whether what the request asks for is done now: `erase` erases, `restrict` restricts, `withdraw` and `object` take
    /// every consent to advertising and profiling back. False when it was done otherwise.
    perform: bool,
    /// Of an erasure: `keep` (under a number, for the books) or `delete`.
    orders: String,
    /// Of an erasure: whether the addresses stay on the suppression list, as keyed hashes.
    keep_away: bool,
}

impl Default for Completion {
    fn default() -> Self {
        Completion { outcome: String::new(), perform: true, orders: "keep".into(), keep_away: true }
    }
}

fn orders_told(text: &str) -> Answer<ErasedOrders> {
    match text {
        "keep" => Ok(ErasedOrders::Keep),
        "delete" => Ok(ErasedOrders::Delete),
        _ => Err(Problem::field("orders", "keep or delete")),
    }
}

/// Complete a request
///
/// Does what it asks for, unless told that it was done otherwise. A request to see or mend data only closes: hand the
/// export over or change the profile first.
#[utoipa::path(post, path = "/requests/{id}/complete", tag = "privacy", params(("id" = String, Path)), request_body = Completion, responses((status = 200, body = RequestView)))]
async fn complete(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    audit: Audit,
    Told(told): Told<Completion>,
) -> Answer<Json<RequestView>> {
    let workspace = caller.workspace;
    let row = open_one(&services, workspace, &id).await?;
    let kind: RequestKind = row.kind.parse().map_err(|error: String| Problem::internal(&error))?;
    let orders = orders_told(&told.orders)?;
    let outcome = text_told("outcome", told.outcome)?;
    audit.detail("kind", kind.as_str());
    audit.detail("performed", told.perform);
    if let Some(profile_id) = row.profile_id.clone().filter(|_| told.perform) {
        audit.detail("profile", profile_id.clone());
        perform(&services, &caller, kind, &profile_id, orders, told.keep_away).await?;
    }
    // An erasure takes the person out of the request too: what is closed is what it left.
    let mut row = open_one(&services, workspace, &id).await?;
    let mut doc = doc_of(&row);
    doc.outcome = outcome;
    close(&services, &caller, &mut row, &mut doc, "completed");
    save(&services, workspace, row, &doc).await
}

async fn perform(
    services: &Arc<Services>,
    caller: &Caller,
    kind: RequestKind,
    profile_id: &str,
    orders: ErasedOrders,
    keep_away: bool,
) -> Answer<()> {
    let workspace = caller.workspace;
    let at = Ms::from(services.now());
    let profile_id = profile_id.to_owned();
    match kind {
        RequestKind::Access | RequestKind::Rectify => Ok(()),
        RequestKind::Erase => {
            services.note(workspace, &Note::Erase { profile_id, at, orders, keep_away }).await
        }
        RequestKind::Restrict => services.note(workspace, &Note::Restrict { profile_id, on: true, at }).await,
        RequestKind::Withdraw | RequestKind::Object => {
            let mut records = Vec::new();
            for channel in [Channel::Email, Channel::Sms, Channel::Zalo, Channel::Push, Channel::Onsite] {
                for purpose in [Purpose::Marketing, Purpose::Profiling, Purpose::Ads] {
                    let source = format!("request:{}", kind.as_str());
                    records.push(ConsentRecord::new(channel, purpose, ConsentState::Denied, at.0, &source));
                }
            }
            services.note(workspace, &Note::Consent { profile_id, records }).await
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Erase {
    /// `keep` (under a number, for the books) or `delete`.
    orders: String,
    /// Whether the addresses stay on the suppression list, as keyed hashes, so that a later import writes to nobody who
    /// was erased, unless they consent anew.
    keep_away: bool,
}

impl Default for Erase {
    fn default() -> Self {
        Erase { orders: "keep".into(), keep_away: true }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ErasureView {
    profile_id: String,
    /// The number under which orders and rows of the ledger stay.
    profile_no: i64,
    erased_at: String,
    /// Null while large amounts are still being deleted.
    finished_at: Option<String>,
    /// What became of orders: `keep` or `delete`.
    orders: String,
    keep_away: bool,
    /// Consents until the erasure, without the person: channel, purpose, state, instant, hash of the wording.
    #[schema(value_type = Vec<Object>)]
    consents: Value,
}

impl ErasureView {
    fn of(row: ErasureRow) -> ErasureView {
        let doc: Value = serde_json::from_str(&row.doc).unwrap_or_default();
        ErasureView {
            profile_id: row.profile_id,
            profile_no: row.profile.0,
            erased_at: iso(row.at),
            finished_at: iso_opt(row.finished_at),
            orders: doc["orders"].as_str().unwrap_or("keep").to_owned(),
            keep_away: doc["keep_away"].as_bool().unwrap_or(true),
            consents: doc["consents"].clone(),
        }
    }
}

/// Erase a person
///
/// Everywhere and for good: nobody can find the profile from the answer on; what is large goes in the seconds after,
/// and `GET /erasures` says when it is done. docs/people.md says what stays.
#[utoipa::path(post, path = "/profiles/{id}/erase", tag = "privacy", params(("id" = String, Path)), request_body = Erase, responses((status = 202, body = ErasureView)))]
async fn erase(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Told(told): Told<Erase>,
) -> Answer<(StatusCode, Json<ErasureView>)> {
    let workspace = caller.workspace;
    let orders = orders_told(&told.orders)?;
    let StoredProfile { profile, .. } = by_id(&services, workspace, &id).await?;
    let id = profile.id.to_string();
    perform(&services, &caller, RequestKind::Erase, &id, orders, told.keep_away).await?;
    let row = services.read(move |tx| tx.erasure(workspace, &id)).await?;
    let row = row.ok_or_else(Problem::late)?;
    Ok((StatusCode::ACCEPTED, Json(ErasureView::of(row))))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Restriction {
    restricted: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct RestrictionView {
    profile_id: String,
    restricted_at: Option<String>,
}

/// Restrict a person's data
///
/// Or let processing go on. While it is restricted nothing that advertises goes out and no journey begins, but those
/// that only tell of the person's own orders.
#[utoipa::path(post, path = "/profiles/{id}/restrict", tag = "privacy", params(("id" = String, Path)), request_body = Restriction, responses((status = 200, body = RestrictionView)))]
async fn restrict(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    audit: Audit,
    Told(told): Told<Restriction>,
) -> Answer<Json<RestrictionView>> {
    let workspace = caller.workspace;
    let profile_id = by_id(&services, workspace, &id).await?.profile.id.to_string();
    audit.detail("restricted", told.restricted);
    let note =
        Note::Restrict { profile_id: profile_id.clone(), on: told.restricted, at: services.now().into() };
    services.note(workspace, &note).await?;
    let stored = by_id(&services, workspace, &profile_id).await?;
    let restricted_at = stored.profile.restricted_at.map(iso_ms);
    Ok(Json(RestrictionView { profile_id, restricted_at }))
}

/// List erasures
///
/// Who was erased, as numbers and ids without a person behind them. Keep a copy beside your backups.
#[utoipa::path(get, path = "/erasures", tag = "privacy", params(Paging), responses((status = 200, body = Page<ErasureView>)))]
async fn erasures(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<ErasureView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let after = ProfileNo(paging.after_number()?.unwrap_or(0));
    let rows = services.read(move |tx| tx.erasure_page(workspace, after, limit + 1)).await?;
    Ok(Json(Page::of(rows, limit, |row: &ErasureRow| [row.profile.0.to_string()], ErasureView::of)))
}
