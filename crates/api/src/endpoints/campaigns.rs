//! Campaigns: written, checked, launched, halted, and what came of them.

mod check;
mod figures;
mod planning;
mod views;

pub use check::Checks;
pub use figures::Figures;

use crate::caller::{Caller, Reader, Sending, Writer};
use crate::endpoints::messages::{ACCEPTED, MessageLine, MessageView, lines, sent_under};
use crate::endpoints::profiles::Whom;
use crate::listing::{Page, Paging};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::campaign::{Campaign, DEFINITION_BYTES_MAX};
use domain::consent::Channel;
use domain::identifier::{Identifier, IdentifierKind};
use domain::normalise::text::search_key;
use engine::campaigns::{self, Conducted, Refused};
use engine::{EngineError, Note, derived_id};
use kit::{Id, ProfileNo, SECOND_MS, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::campaigns::{Archived, CampaignFilter, CampaignRow, RunKey};
use store::messages::{MessageRow, TemplateRow};
use store::{Changeset, ReadTx, Store, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use views::{CampaignView, ReportView};

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, put, remove))
        .routes(routes!(launch))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(cancel))
        .routes(routes!(recall))
        .routes(routes!(archive))
        .routes(routes!(restore))
        .routes(routes!(duplicate))
        .routes(routes!(test))
        .routes(routes!(report))
        .routes(routes!(messages))
        .merge(check::router())
        .merge(figures::router())
        .merge(planning::router())
}

/// The id that a path names: an id of ours, or a word of the client's own that always means the same campaign.
pub fn campaign_id(told: &str) -> Answer<String> {
    if let Ok(id) = told.parse::<Id>() {
        return Ok(id.to_string());
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if !(1..=60).contains(&told.len()) || !told.chars().all(plain) {
        return Err(Problem::field(
            "id",
            "an id, or a word of your own: 1 to 60 of a-z, 0-9, hyphen, dot and underscore",
        ));
    }
    Ok(derived_id(&["campaign", told]).to_string())
}

fn failed(error: EngineError) -> Problem {
    match error {
        EngineError::Store(error) => error.into(),
        other => Problem::internal(&other.to_string()),
    }
}

async fn row_of(services: &Arc<Services>, workspace: WorkspaceId, told: &str) -> Answer<CampaignRow> {
    let id = campaign_id(told)?;
    let found = services.read(move |tx| tx.campaign(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the campaign"))
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, told: &str) -> Answer<Json<CampaignView>> {
    let id = campaign_id(told)?;
    let shown = services
        .aside(move |services| {
            let now = services.now();
            let found = services.store.read(|tx| {
                let Some(row) = tx.campaign(workspace, &id)? else { return Ok(None) };
                let language = workspace_of(tx, workspace)?.settings.language;
                let progress = campaigns::progress(tx, workspace, &row, now);
                Ok(Some((row, language, progress)))
            })?;
            let Some((row, language, progress)) = found else {
                return Err(Problem::not_found("the campaign"));
            };
            Ok(CampaignView::of(row, &language, progress.map_err(failed)?))
        })
        .await?;
    Ok(Json(shown))
}

/// The campaign of a body: its keys, which may also stand under `definition`.
fn campaign_of(mut told: Value) -> Answer<Campaign> {
    if let Some(Value::Object(inner)) = told.as_object_mut().and_then(|told| told.remove("definition"))
        && let Some(outer) = told.as_object_mut()
    {
        for (key, value) in inner {
            outer.entry(key).or_insert(value);
        }
    }
    let unusable = |detail: String| Problem::unusable("invalid_campaign", detail);
    let campaign: Campaign = serde_json::from_value(told)
        .map_err(|error| unusable(format!("the campaign cannot be used: {error}; docs/campaigns.md")))?;
    let problems = campaign.problems();
    if let Some(first) = problems.first() {
        let detail = format!("the campaign cannot be used: {first}");
        return Err(unusable(detail).with_problems(problems));
    }
    if text_of(&campaign)?.len() > DEFINITION_BYTES_MAX {
        return Err(unusable(format!("a campaign has at most {DEFINITION_BYTES_MAX} bytes as JSON")));
    }
    Ok(campaign)
}

fn text_of(campaign: &Campaign) -> Answer<String> {
    serde_json::to_string(campaign).map_err(|error| Problem::internal(&error.to_string()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `draft`, `scheduled`, `sending`, `paused`, `done` or `cancelled`.
    state: Option<String>,
    channel: Option<String>,
    /// Part of the name; tone marks do not matter.
    search: Option<String>,
    /// Those that were put away instead of the others.
    archived: Option<bool>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List campaigns
///
/// Newest first, without their progress.
#[utoipa::path(get, path = "/campaigns", tag = "campaigns", params(ListQuery), responses((status = 200, body = Page<CampaignView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<CampaignView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let before = match paging.after::<2>()? {
        None => (Timestamp::MAX, String::new()),
        Some([at, id]) => {
            let at = at.parse().map_err(|_| crate::listing::bad_cursor())?;
            (Timestamp::from_ms(at), id)
        }
    };
    let (state, channel) = (query.state.unwrap_or_default(), query.channel.unwrap_or_default());
    let search = search_key(&query.search.unwrap_or_default());
    let archived = if query.archived == Some(true) { Archived::Only } else { Archived::No };
    let (rows, language) = services
        .read(move |tx| {
            let filter = CampaignFilter { state: &state, channel: &channel, search: &search, archived };
            let rows = tx.campaign_page(workspace, (before.0, &before.1), limit + 1, filter)?;
            Ok((rows, workspace_of(tx, workspace)?.settings.language))
        })
        .await?;
    let behind = |row: &CampaignRow| [row.created_at.ms().to_string(), row.campaign_id.clone()];
    Ok(Json(Page::of(rows, limit, behind, |row| CampaignView::of(row, &language, None))))
}

async fn insert(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    id: &str,
    campaign: &Campaign,
    created_by: String,
) -> Answer<()> {
    let now = services.now();
    let row = CampaignRow {
        campaign_id: id.to_owned(),
        name: campaign.name.clone(),
        state: "draft".into(),
        detail: String::new(),
        channel: campaign.channel.to_string(),
        definition: text_of(campaign)?,
        run_no: 0,
        next_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        created_by,
        archived_at: None,
    };
    let mut changes = Changeset::new();
    changes.insert_campaign(workspace, row);
    services.apply(changes).await
}

/// Make a campaign
///
/// A draft: nothing goes before it is launched. docs/campaigns.md tells the keys.
#[utoipa::path(post, path = "/campaigns", tag = "campaigns", request_body(content = Object), responses((status = 201, body = CampaignView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<Value>,
) -> Answer<(StatusCode, Json<CampaignView>)> {
    let campaign = campaign_of(told)?;
    let id = services.new_id().to_string();
    insert(&services, caller.workspace, &id, &campaign, caller.source).await?;
    Ok((StatusCode::CREATED, shown(&services, caller.workspace, &id).await?))
}

/// Read a campaign
///
/// With how far its last run is. The id is the one given out, or the word under which it was put.
#[utoipa::path(get, path = "/campaigns/{id}", tag = "campaigns", params(("id" = String, Path)), responses((status = 200, body = CampaignView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<CampaignView>> {
    shown(&services, caller.workspace, &id).await
}

/// Write a campaign
///
/// The whole of it. One that is scheduled goes at the time that it says now; of one that is being sent, or is over, only
/// the name can change. Under a word of your own the campaign is made if it does not exist.
#[utoipa::path(put, path = "/campaigns/{id}", tag = "campaigns", params(("id" = String, Path)), request_body(content = Object), responses((status = 200, body = CampaignView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(told_id): Path<String>,
    Told(told): Told<Value>,
) -> Answer<Json<CampaignView>> {
    let workspace = caller.workspace;
    let campaign = campaign_of(told)?;
    let id = campaign_id(&told_id)?;
    let looked_up = id.clone();
    match services.read(move |tx| tx.campaign(workspace, &looked_up)).await? {
        None if told_id.parse::<Id>().is_ok() => return Err(Problem::not_found("the campaign")),
        None => insert(&services, workspace, &id, &campaign, caller.source).await?,
        Some(row) => {
            if row.state != "draft" {
                ready(&services, workspace, &campaign).await?;
            }
            let named = id.clone();
            conduct(&services, move |store, now| campaigns::edit(store, workspace, &named, &campaign, now))
                .await?;
        }
    }
    shown(&services, workspace, &id).await
}

/// Delete a draft
///
/// What was launched stays: its messages refer to it.
#[utoipa::path(delete, path = "/campaigns/{id}", tag = "campaigns", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let row = row_of(&services, caller.workspace, &id).await?;
    if row.state != "draft" {
        return Err(wrong_state(&row.state));
    }
    let mut changes = Changeset::new();
    changes.delete_campaign(caller.workspace, &row.campaign_id, row.revision);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wrong_state(state: &str) -> Problem {
    let detail = match state {
        "draft" => "the campaign is a draft; launch it first",
        "scheduled" => "the campaign is scheduled; pause or cancel it first",
        "sending" => "the campaign is being sent; pause or cancel it, only its name can change",
        "paused" => {
            "the campaign is paused in the middle of a run; resume or cancel it, only its name can change"
        }
        "done" => "the campaign is done; duplicate it to send it again",
        _ => "the campaign was cancelled; duplicate it to send it again",
    };
    Problem::conflict("campaign_state", detail)
}

/// Does to a campaign what the engine knows how to do in one changeset.
async fn conduct(
    services: &Arc<Services>,
    act: impl FnOnce(&Store, Timestamp) -> Result<Conducted, EngineError> + Send + 'static,
) -> Answer<()> {
    let conducted =
        services.aside(move |services| act(&services.store, services.now()).map_err(failed)).await?;
    services.door.wake();
    match conducted {
        Ok(_) => Ok(()),
        Err(Refused::NotFound) => Err(Problem::not_found("the campaign")),
        Err(Refused::State(state)) => Err(wrong_state(&state)),
        Err(Refused::Past) => {
            let detail = "the time of the schedule is over; give it a later one";
            Err(Problem::unusable("schedule_is_past", detail))
        }
    }
}

/// The template that a campaign names, by its id or by its name.
fn template_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    named: &str,
) -> Result<Option<TemplateRow>, StoreError> {
    match tx.template(workspace, named)? {
        Some(row) => Ok(Some(row)),
        None => Ok(tx.templates(workspace)?.into_iter().find(|row| row.name == named)),
    }
}

/// Refuses a campaign that cannot go yet, with all that is missing.
async fn ready(services: &Arc<Services>, workspace: WorkspaceId, campaign: &Campaign) -> Answer<()> {
    let mut problems: Vec<Value> =
        campaign.gaps().into_iter().filter_map(|gap| serde_json::to_value(gap).ok()).collect();
    let asked = campaign.clone();
    let missing = services
        .read(move |tx| {
            let mut missing = Vec::new();
            let mut tell = |field: &str, message: String| {
                missing.push(json!({ "field": field, "message": message }));
            };
            if !asked.template.is_empty() {
                match template_of(tx, workspace, &asked.template)? {
                    None => tell("template", "no template has this id or name".into()),
                    Some(row) if row.channel != asked.channel.as_str() => {
                        tell("template", format!("this template is for the channel {}", row.channel));
                    }
                    Some(_) => {}
                }
            }
            for (field, ids) in [
                ("audience.segments", &asked.audience.segments),
                ("exclude.segments", &asked.exclude.segments),
            ] {
                for id in ids {
                    let found = tx.segment(workspace, id)?;
                    if found.is_none_or(|row| row.state == "archived") {
                        tell(field, format!("there is no segment {id}, or it is archived"));
                    }
                }
            }
            for (field, ids) in
                [("audience.lists", &asked.audience.lists), ("exclude.lists", &asked.exclude.lists)]
            {
                for id in ids {
                    if tx.list(workspace, id)?.is_none() {
                        tell(field, format!("there is no list {id}"));
                    }
                }
            }
            Ok(missing)
        })
        .await?;
    problems.extend(missing);
    if problems.is_empty() {
        return Ok(());
    }
    let detail = "the campaign cannot go yet; see what is missing";
    Err(Problem::unusable("campaign_incomplete", detail).with_problems(problems))
}

fn definition_of(row: &CampaignRow) -> Answer<Campaign> {
    campaigns::definition_of(row).map_err(failed)
}

/// The longest time in which a campaign that goes at once can be taken back.
const GRACE_SECONDS_MAX: u32 = 600;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LaunchQuery {
    /// What goes at once waits so many seconds, 0 to 600, in which `recall` makes it a draft again.
    in_seconds: Option<u32>,
}

/// Launch a campaign
///
/// A draft goes at the time of its schedule, from now on.
#[utoipa::path(post, path = "/campaigns/{id}/launch", tag = "campaigns", params(("id" = String, Path), LaunchQuery), responses((status = 200, body = CampaignView)))]
async fn launch(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
    Asked(query): Asked<LaunchQuery>,
) -> Answer<Json<CampaignView>> {
    let workspace = caller.workspace;
    let grace = query.in_seconds.unwrap_or(0);
    if grace > GRACE_SECONDS_MAX {
        return Err(Problem::field("in_seconds", "from 0 to 600"));
    }
    let grace_ms = i64::from(grace) * SECOND_MS;
    let row = row_of(&services, workspace, &id).await?;
    // What is launched stays launched: the same call again changes nothing.
    if !matches!(row.state.as_str(), "scheduled" | "sending") {
        ready(&services, workspace, &definition_of(&row)?).await?;
        let named = row.campaign_id.clone();
        conduct(&services, move |store, now| {
            campaigns::launch_after(store, workspace, &named, now, grace_ms)
        })
        .await?;
    }
    shown(&services, workspace, &row.campaign_id).await
}

macro_rules! conducts {
    ($(#[$doc:meta])* $name:ident $path:literal) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "campaigns", params(("id" = String, Path)), responses((status = 200, body = CampaignView)))]
        async fn $name(
            State(services): State<Arc<Services>>,
            Sending(caller): Sending,
            Path(id): Path<String>,
        ) -> Answer<Json<CampaignView>> {
            let workspace = caller.workspace;
            let named = campaign_id(&id)?;
            conduct(&services, move |store, now| campaigns::$name(store, workspace, &named, now)).await?;
            shown(&services, workspace, &id).await
        }
    };
}

conducts! {
    /// Pause a campaign
    ///
    /// Nothing more is handed over: what is queued is held, and nobody more is decided on.
    pause "/campaigns/{id}/pause"
}
conducts! {
    /// Resume a campaign
    ///
    /// It goes on where it stood, at its rate.
    resume "/campaigns/{id}/resume"
}
conducts! {
    /// Cancel a campaign
    ///
    /// What was not handed over will not be. It cannot be taken back.
    cancel "/campaigns/{id}/cancel"
}

conducts! {
    /// Take a launch back
    ///
    /// A campaign of which no run began is a draft again.
    recall "/campaigns/{id}/recall"
}

async fn put_away(
    services: &Arc<Services>,
    caller: &Caller,
    id: &str,
    away: bool,
) -> Answer<Json<CampaignView>> {
    let workspace = caller.workspace;
    let named = campaign_id(id)?;
    conduct(services, move |store, now| campaigns::put_away(store, workspace, &named, now, away)).await?;
    shown(services, workspace, id).await
}

/// Put a campaign away
///
/// A draft, or one that is over: it leaves the lists and keeps its report.
#[utoipa::path(post, path = "/campaigns/{id}/archive", tag = "campaigns", params(("id" = String, Path)), responses((status = 200, body = CampaignView)))]
async fn archive(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<Json<CampaignView>> {
    put_away(&services, &caller, &id, true).await
}

/// Take a campaign out of the archive
#[utoipa::path(post, path = "/campaigns/{id}/restore", tag = "campaigns", params(("id" = String, Path)), responses((status = 200, body = CampaignView)))]
async fn restore(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<Json<CampaignView>> {
    put_away(&services, &caller, &id, false).await
}

/// Duplicate a campaign
///
/// Makes a draft of the same content.
#[utoipa::path(post, path = "/campaigns/{id}/duplicate", tag = "campaigns", params(("id" = String, Path)), responses((status = 201, body = CampaignView)))]
async fn duplicate(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<(StatusCode, Json<CampaignView>)> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let mut campaign = definition_of(&row)?;
    let room = 200 - " (2)".len();
    campaign.name = format!("{} (2)", campaign.name.chars().take(room).collect::<String>());
    let id = services.new_id().to_string();
    insert(&services, workspace, &id, &campaign, caller.source).await?;
    Ok((StatusCode::CREATED, shown(&services, workspace, &id).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CampaignTest {
    /// With whose values.
    profile_id: Option<String>,
    identifier: Option<String>,
    /// The address or number that gets it; or several, such as one with each large mail provider.
    to: TestAddresses,
}

/// One address, or at most 20.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum TestAddresses {
    One(String),
    Several(Vec<String>),
}

/// The message to one address; for several, theirs in the order told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum CampaignTested {
    One(Box<MessageView>),
    Several { items: Vec<MessageView> },
}

const TEST_ADDRESSES_MAX: usize = 20;

impl TestAddresses {
    /// As they are stored, each once.
    fn of(&self, kind: &IdentifierKind) -> Answer<Vec<String>> {
        let (field, told) = match self {
            TestAddresses::One(to) => ("to".to_owned(), std::slice::from_ref(to)),
            TestAddresses::Several(all) => ("to[]".to_owned(), all.as_slice()),
        };
        if !(1..=TEST_ADDRESSES_MAX).contains(&told.len()) {
            return Err(Problem::field("to", format!("1 to {TEST_ADDRESSES_MAX} addresses")));
        }
        let mut addresses = Vec::with_capacity(told.len());
        for (at, to) in told.iter().enumerate() {
            let field = field.replace("[]", &format!("[{at}]"));
            let address = Identifier::new(kind.clone(), to);
            let address = address.map_err(|error| Problem::field(&field, error.to_string()))?.value;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }
}

/// Send a test
///
/// To the address given, or to each of several, with the values of a profile. Counts for nothing, and asks nobody for
/// consent.
#[utoipa::path(post, path = "/campaigns/{id}/test", tag = "campaigns", params(("id" = String, Path)), request_body = CampaignTest, responses((status = 202, body = CampaignTested)))]
async fn test(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
    Told(told): Told<CampaignTest>,
) -> Answer<(StatusCode, Json<CampaignTested>)> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let campaign = definition_of(&row)?;
    let named = campaign.template.clone();
    let template = services.read(move |tx| template_of(tx, workspace, &named)).await?;
    let template = template
        .filter(|row| row.channel == campaign.channel.as_str())
        .ok_or_else(|| Problem::unusable("campaign_incomplete", "choose a template of the channel first"))?;
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let profile = whom.find(&services, workspace).await?.profile;
    let kind = match campaign.channel {
        Channel::Email => IdentifierKind::Email,
        Channel::Sms => IdentifierKind::Phone,
        Channel::Zalo => IdentifierKind::ZaloId,
        Channel::Push | Channel::Onsite | Channel::Webhook => IdentifierKind::PushEndpoint,
    };
    let mut items = Vec::new();
    for to in told.to.of(&kind)? {
        let key = format!("test:{}", services.new_id());
        let note = Note::Send {
            profile_id: profile.id.to_string(),
            template_id: template.template_id.clone(),
            channel: campaign.channel,
            purpose: campaign.purpose,
            origin: "test".into(),
            address: Some(to),
            key: key.clone(),
            properties: json!({}),
            ways: Default::default(),
            at: services.now().into(),
        };
        services.note(workspace, &note).await?;
        items.push(sent_under(&services, workspace, profile.no, &key).await?);
    }
    let tested = match told.to {
        TestAddresses::One(_) => CampaignTested::One(Box::new(items.remove(0))),
        TestAddresses::Several(_) => CampaignTested::Several { items },
    };
    Ok((StatusCode::ACCEPTED, Json(tested)))
}

/// Report on a campaign
///
/// What became of everybody, and what came back: for all runs together and for each of the newest 200.
#[utoipa::path(get, path = "/campaigns/{id}/report", tag = "campaigns", params(("id" = String, Path)), responses((status = 200, body = ReportView)))]
async fn report(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<ReportView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let report = services
        .aside(move |services| {
            let (currency, reported) = services.store.read(|tx| {
                let currency = workspace_of(tx, workspace)?.settings.currency;
                let reported = campaigns::report(tx, workspace, &row, &currency);
                Ok((currency, reported))
            })?;
            let (totals, runs) = reported.map_err(failed)?;
            let days = definition_of(&row)?.attribution_days;
            Ok(ReportView::of(row.campaign_id, currency, days, totals, runs))
        })
        .await?;
    Ok(Json(report))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MessagesQuery {
    /// The number of a run; the last when not given.
    run: Option<i64>,
    /// As in the ledger: `sent`, `refused`, `queued`.
    state: Option<String>,
    /// `no_consent`, for example.
    reason: Option<String>,
    /// What was done with it: `opened`, `clicked` or `unsubscribed` by people, `machine` by machines only, `nothing`
    /// by people.
    did: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List the messages of a campaign
///
/// Of one run, with the reason of each.
#[utoipa::path(get, path = "/campaigns/{id}/messages", tag = "campaigns", params(("id" = String, Path), MessagesQuery), responses((status = 200, body = Page<MessageLine>)))]
async fn messages(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(query): Asked<MessagesQuery>,
) -> Answer<Json<Page<MessageLine>>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let number = |text: String| text.parse::<i64>().map_err(|_| crate::listing::bad_cursor());
    let after = match paging.after::<2>()? {
        None => (ProfileNo(0), 0),
        Some([no, message_no]) => (ProfileNo(number(no)?), number(message_no)?),
    };
    let state = query.state.unwrap_or_default();
    let state = if state == "sent" { ACCEPTED.to_owned() } else { state };
    let reason = query.reason.unwrap_or_default();
    let did = query.did.unwrap_or_default();
    if !["", "opened", "clicked", "unsubscribed", "machine", "nothing"].contains(&did.as_str()) {
        return Err(Problem::field("did", "opened, clicked, unsubscribed, machine or nothing"));
    }
    let run_no = query.run.unwrap_or(row.run_no);
    let (lines, next) = services
        .read(move |tx| {
            let run = RunKey { workspace, campaign_id: &row.campaign_id, run_no };
            let rows = tx.campaign_messages(run, after, limit + 1, (&state, &reason, &did))?;
            let behind = |row: &MessageRow| [row.profile.0.to_string(), row.message_no.to_string()];
            let Page { items, next } = Page::of(rows, limit, behind, |row| row);
            Ok((lines(tx, workspace, items)?, next))
        })
        .await?;
    Ok(Json(Page { items: lines, next }))
}
