//! Journeys: written, published, paused, triggered.

use crate::caller::{Reader, Sending, Writer};
use crate::endpoints::journey_canvas::JourneyProblem;
use crate::endpoints::profiles::Whom;
use crate::endpoints::runs::RunView;
use crate::idempotency::IdempotencyKey;
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Told;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::journey::{DEFINITION_BYTES_MAX, Definition, Trigger};
use engine::{EngineError, Note, derived_id};
use kit::{Id, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::journeys::{CountRow, JourneyRow};
use store::{Changeset, ReadTx, Store, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, put))
        .routes(routes!(version))
        .routes(routes!(counts))
        .routes(routes!(publish))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(archive))
        .routes(routes!(trigger))
}

#[derive(Debug, Serialize, ToSchema)]
struct JourneyView {
    id: String,
    name: String,
    /// `draft`, `active`, `paused` or `archived`.
    status: String,
    /// Why it stands still, in the words of whoever refused its template; null where somebody paused it.
    detail: Option<String>,
    /// The version that new runs take; null when none was published.
    published: Option<i64>,
    latest: i64,
    created_at: String,
    updated_at: String,
    /// Of the latest version; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    definition: Option<Value>,
    /// Unfinished runs; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_runs: Option<i64>,
}

impl JourneyView {
    fn of(row: JourneyRow, definition: Option<Value>, active_runs: Option<i64>) -> JourneyView {
        JourneyView {
            id: row.journey_id,
            name: row.name,
            detail: (row.status == "paused" && !row.detail.is_empty()).then_some(row.detail),
            status: row.status,
            published: (row.published > 0).then_some(row.published),
            latest: row.latest,
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            definition,
            active_runs,
        }
    }
}

/// The id that a path names: an id of ours, or a word of the client's own that always means the same journey.
pub fn journey_id(told: &str) -> Answer<String> {
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
    Ok(derived_id(&["journey", told]).to_string())
}

pub async fn row_of(services: &Arc<Services>, workspace: WorkspaceId, told: &str) -> Answer<JourneyRow> {
    let id = journey_id(told)?;
    let found = services.read(move |tx| tx.journey(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the journey"))
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<Json<JourneyView>> {
    let id = journey_id(id)?;
    let found = services
        .read(move |tx| {
            let Some(row) = tx.journey(workspace, &id)? else { return Ok(None) };
            let definition = tx.journey_version(workspace, &id, row.latest)?;
            let active = tx.active_run_count(workspace, &id)?;
            Ok(Some((row, definition, active)))
        })
        .await?;
    let (row, definition, active) = found.ok_or_else(|| Problem::not_found("the journey"))?;
    let definition = definition.and_then(|(text, _)| serde_json::from_str(&text).ok());
    Ok(Json(JourneyView::of(row, definition, Some(active))))
}

/// The definition of a body, which is the definition itself or an object that holds it as `definition`.
pub fn definition_of(mut told: Value) -> Answer<Definition> {
    let inner = match told.as_object_mut() {
        Some(object) if object.len() == 1 => object.remove("definition"),
        _ => None,
    };
    Definition::from_value(inner.as_ref().unwrap_or(&told)).map_err(|problems| {
        let detail = problems.first().map_or_else(String::new, ToString::to_string);
        let detail = format!("the definition cannot be used: {detail}");
        Problem::unusable("invalid_definition", detail).with_problems(problems)
    })
}

/// List journeys
#[utoipa::path(get, path = "/journeys", tag = "journeys", responses((status = 200, body = Page<JourneyView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<JourneyView>>> {
    let workspace = caller.workspace;
    let rows = services.read(move |tx| tx.journeys(workspace)).await?;
    Ok(Json(Page::whole(rows.into_iter().map(|row| JourneyView::of(row, None, None)).collect())))
}

/// Make a journey
///
/// The body is the definition, or `{"definition": ...}`. It starts as a draft.
#[utoipa::path(post, path = "/journeys", tag = "journeys", request_body(content = Object), responses((status = 201, body = JourneyView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<Value>,
) -> Answer<(StatusCode, Json<JourneyView>)> {
    let definition = definition_of(told)?;
    let id = services.new_id().to_string();
    insert(&services, caller.workspace, &id, &definition).await?;
    Ok((StatusCode::CREATED, shown(&services, caller.workspace, &id).await?))
}

async fn insert(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    id: &str,
    definition: &Definition,
) -> Answer<()> {
    let now = services.now();
    let mut changes = Changeset::new();
    changes.insert_journey(workspace, id, &definition.name, now);
    changes.insert_journey_version(workspace, id, 1, text_of(definition)?, now);
    services.configure(changes).await
}

fn text_of(definition: &Definition) -> Answer<String> {
    let text = serde_json::to_string(definition).map_err(|error| Problem::internal(&error.to_string()))?;
    if text.len() > DEFINITION_BYTES_MAX {
        let detail =
            format!("a definition has at most {DEFINITION_BYTES_MAX} bytes; this has {}", text.len());
        return Err(Problem::unusable("invalid_definition", detail));
    }
    Ok(text)
}

/// Read a journey
///
/// With its latest definition. The id is the one given out, or the word under which it was put.
#[utoipa::path(get, path = "/journeys/{id}", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = JourneyView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<JourneyView>> {
    shown(&services, caller.workspace, &id).await
}

/// Write a journey
///
/// Adds a version; runs that are under way keep theirs, and new runs take the version published. The same definition
/// again changes nothing. Under a word of your own (`cart-reminder`) the journey is made if it does not exist.
#[utoipa::path(put, path = "/journeys/{id}", tag = "journeys", params(("id" = String, Path)), request_body(content = Object), responses((status = 200, body = JourneyView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(told_id): Path<String>,
    Told(told): Told<Value>,
) -> Answer<Json<JourneyView>> {
    let workspace = caller.workspace;
    let definition = definition_of(told)?;
    let id = journey_id(&told_id)?;
    let looked_up = id.clone();
    let found = services
        .read(move |tx| {
            let Some(row) = tx.journey(workspace, &looked_up)? else { return Ok(None) };
            let held = tx.journey_version(workspace, &looked_up, row.latest)?;
            Ok(Some((row, held.map(|(text, _)| text))))
        })
        .await?;
    match found {
        None if told_id.parse::<Id>().is_ok() => return Err(Problem::not_found("the journey")),
        None => insert(&services, workspace, &id, &definition).await?,
        Some((row, _)) if row.status == "archived" => {
            let detail = "an archived journey cannot be changed; make a new one";
            return Err(Problem::conflict("journey_archived", detail));
        }
        Some((mut row, held)) => {
            let text = text_of(&definition)?;
            if held.as_deref() != Some(&text) {
                let now = services.now();
                row.latest += 1;
                row.name.clone_from(&definition.name);
                let mut changes = Changeset::new();
                // While it is paused its instant is that of the pause, from which the runs catch up.
                let updated_at = if row.status == "paused" { row.updated_at } else { now };
                changes.update_journey(workspace, &row, updated_at);
                changes.insert_journey_version(workspace, &id, row.latest, text, now);
                services.configure(changes).await?;
            }
        }
    }
    shown(&services, workspace, &id).await
}

#[derive(Debug, Serialize, ToSchema)]
struct VersionView {
    journey_id: String,
    version: i64,
    created_at: String,
    #[schema(value_type = Object)]
    definition: Value,
}

/// Read one version
#[utoipa::path(get, path = "/journeys/{id}/versions/{version}", tag = "journeys", params(("id" = String, Path), ("version" = i64, Path)), responses((status = 200, body = VersionView)))]
async fn version(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path((id, version)): Path<(String, String)>,
) -> Answer<Json<VersionView>> {
    let workspace = caller.workspace;
    let journey_id = journey_id(&id)?;
    let not_found = || Problem::not_found("the version");
    let version: i64 = version.parse().map_err(|_| not_found())?;
    let looked_up = journey_id.clone();
    let found = services.read(move |tx| tx.journey_version(workspace, &looked_up, version)).await?;
    let (text, created_at) = found.ok_or_else(not_found)?;
    let definition = serde_json::from_str(&text).unwrap_or_default();
    Ok(Json(VersionView { journey_id, version, created_at: iso(created_at), definition }))
}

/// How often something happened at a node.
#[derive(Debug, Serialize, ToSchema)]
struct CountView {
    version: i64,
    /// Empty for the run as a whole.
    node: String,
    /// As in a run's log: `run.started`, `send.asked`, `branch.taken`.
    code: String,
    count: i64,
}

/// Count what happened at each node
#[utoipa::path(get, path = "/journeys/{id}/counts", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = Page<CountView>)))]
async fn counts(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<CountView>>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let rows = services.read(move |tx| tx.journey_counts(workspace, &row.journey_id)).await?;
    let show =
        |row: CountRow| CountView { version: row.version, node: row.node, code: row.code, count: row.count };
    Ok(Json(Page::whole(rows.into_iter().map(show).collect())))
}

/// What keeps a definition from being published: templates that do not exist or are for another channel.
fn missing_templates(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    definition: &Definition,
) -> Result<Vec<Value>, StoreError> {
    let mut problems = Vec::new();
    let templates = tx.templates(workspace)?;
    for (channel, named) in definition.templates() {
        let by_id = templates.iter().find(|row| row.template_id == named);
        let found = by_id.or_else(|| templates.iter().find(|row| row.name == named));
        let message = match found {
            None => ("template.missing", "no template has this id or name"),
            Some(row) if row.channel != channel.as_str() => {
                ("template.channel", "this template is for another channel")
            }
            Some(_) => continue,
        };
        let (code, message) = message;
        problems.push(json!({ "template": named, "channel": channel, "code": code, "message": message }));
    }
    Ok(problems)
}

/// What keeps a definition from being published: segments and journeys that are not there.
fn missing_references(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    own_id: &str,
    definition: &Definition,
) -> Result<Vec<Value>, StoreError> {
    let mut problems = Vec::new();
    let segments = tx.segments(workspace)?;
    let starts_existing = matches!(&definition.trigger, Trigger::Segment(trigger) if trigger.existing);
    for id in definition.segments() {
        let is_of_trigger = definition.trigger.segment() == Some(&id);
        let message = match segments.iter().find(|row| row.segment_id == id) {
            None => ("segment.missing", "there is no segment of this id"),
            Some(row) if row.state == "archived" => {
                ("segment.archived", "this segment is archived; restore it or name another")
            }
            Some(row) if is_of_trigger && starts_existing && row.live_version == 0 => (
                "segment.computing",
                "this segment is still being computed; publish when it is live, so that its members can start",
            ),
            Some(_) => continue,
        };
        let (code, message) = message;
        problems.push(json!({ "segment": id, "code": code, "message": message }));
    }
    for (named, by_api) in definition.journeys() {
        let id = engine::journey_id_of(&named);
        if id == own_id && !by_api {
            continue;
        }
        let message = match tx.journey(workspace, &id)? {
            None => ("journey.missing", "there is no journey of this id"),
            Some(row) if row.status == "archived" => ("journey.archived", "this journey is archived"),
            Some(row) if by_api => {
                let version = if row.published > 0 { row.published } else { row.latest };
                let text = tx.journey_version(workspace, &id, version)?.map(|(text, _)| text);
                let read = text.and_then(|text| Definition::parse(&text).ok());
                if read.is_some_and(|definition| matches!(definition.trigger, Trigger::Api(_))) {
                    continue;
                }
                (
                    "journey.not_by_api",
                    "this journey is not started by others: its trigger is not of the type api",
                )
            }
            Some(_) => continue,
        };
        let (code, message) = message;
        problems.push(json!({ "journey": named, "code": code, "message": message }));
    }
    Ok(problems)
}

/// The places in a definition at which `key` has this text.
fn places_of(document: &Value, key: &str, text: &str, at: &str, found: &mut Vec<String>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match document {
        Value::Object(object) => {
            for (name, inner) in object {
                if name == key && inner.as_str() == Some(text) {
                    found.push(below(name));
                }
                places_of(inner, key, text, &below(name), found);
            }
        }
        Value::Array(parts) => {
            for (place, inner) in parts.iter().enumerate() {
                places_of(inner, key, text, &below(&place.to_string()), found);
            }
        }
        _ => {}
    }
}

/// What keeps a definition that can run from being published, each at its places.
pub fn problems_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    own_id: &str,
    definition: &Definition,
) -> Result<Vec<JourneyProblem>, StoreError> {
    let document = serde_json::to_value(definition).unwrap_or_default();
    let mut told = missing_templates(tx, workspace, definition)?;
    told.extend(missing_references(tx, workspace, own_id, definition)?);
    let mut problems = Vec::new();
    for problem in told {
        let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        let key = ["template", "segment", "journey"].into_iter().find(|key| problem[*key].is_string());
        let key = key.unwrap_or_default();
        let mut places = Vec::new();
        places_of(&document, key, &text(key), "", &mut places);
        if key == "template" {
            // The same template may be named for two channels, of which one is right.
            places.retain(|place| {
                let of_node = place.strip_suffix(".template").unwrap_or_default().replace('.', "/");
                document.pointer(&format!("/{of_node}/channel")) == problem.get("channel")
            });
        }
        if places.is_empty() {
            places.push(String::new());
        }
        problems.extend(places.into_iter().map(|path| JourneyProblem {
            path,
            code: text("code"),
            message: text("message"),
        }));
    }
    Ok(problems)
}

/// Publish a journey
///
/// New runs take the latest version from now on. Its templates, and the segments and journeys that it names, must exist.
#[utoipa::path(post, path = "/journeys/{id}/publish", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = JourneyView)))]
async fn publish(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
) -> Answer<Json<JourneyView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    if matches!(row.status.as_str(), "archived" | "paused") {
        let detail = format!("the journey is {}; only a draft or an active one can be published", row.status);
        return Err(Problem::conflict("journey_not_publishable", detail));
    }
    let (journey_id, latest) = (row.journey_id.clone(), row.latest);
    let problems = services
        .read(move |tx| {
            let Some((text, _)) = tx.journey_version(workspace, &journey_id, latest)? else {
                return Ok(Vec::new());
            };
            match &Definition::parse(&text) {
                Ok(definition) => {
                    let mut problems = missing_templates(tx, workspace, definition)?;
                    problems.extend(missing_references(tx, workspace, &journey_id, definition)?);
                    Ok(problems)
                }
                Err(problems) => {
                    Ok(problems.iter().filter_map(|problem| serde_json::to_value(problem).ok()).collect())
                }
            }
        })
        .await?;
    if !problems.is_empty() {
        let detail = "the journey cannot be published yet; see what is missing";
        return Err(Problem::unusable("journey_incomplete", detail).with_problems(problems));
    }
    if row.status != "active" || row.published != row.latest {
        let journey_id = row.journey_id.clone();
        conduct(&services, move |store, now| {
            engine::publish_journey(store, workspace, &journey_id, latest, now)
        })
        .await?;
    }
    shown(&services, workspace, &id).await
}

/// Does to a journey what the engine knows how to do in one changeset.
async fn conduct(
    services: &Arc<Services>,
    act: impl FnOnce(&Store, Timestamp) -> Result<(), EngineError> + Send + 'static,
) -> Answer<()> {
    let acted = move |services: &Services| {
        act(&services.store, services.now()).map_err(|error| match error {
            EngineError::Store(error) => Problem::from(error),
            other => Problem::internal(&other.to_string()),
        })
    };
    services.aside(acted).await?;
    services.door.wake();
    Ok(())
}

/// Pause a journey
///
/// Nobody comes in, and the runs under way stand still.
#[utoipa::path(post, path = "/journeys/{id}/pause", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = JourneyView)))]
async fn pause(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
) -> Answer<Json<JourneyView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    match row.status.as_str() {
        "paused" => {}
        "active" => {
            conduct(&services, move |store, now| {
                engine::pause_journey(store, workspace, &row.journey_id, now)
            })
            .await?;
        }
        other => {
            let detail = format!("the journey is {other}; only an active one can be paused");
            return Err(Problem::conflict("journey_not_active", detail));
        }
    }
    shown(&services, workspace, &id).await
}

/// Ids and documents of the runs of a journey that stand still.
fn held_runs(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    journey_id: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut all: Vec<(String, String)> = Vec::new();
    loop {
        let after = all.last().map_or("", |(id, _)| id.as_str()).to_owned();
        let page = tx.held_runs(workspace, journey_id, &after)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page.into_iter().map(|(id, doc, _)| (id, doc)));
    }
}

/// Resume a journey
///
/// The runs that stood still hear first of what happened meanwhile, then go on.
#[utoipa::path(post, path = "/journeys/{id}/resume", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = JourneyView)))]
async fn resume(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
) -> Answer<Json<JourneyView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    match row.status.as_str() {
        "active" => {}
        "paused" => {
            conduct(&services, move |store, now| {
                engine::resume_journey(store, workspace, &row.journey_id, now)
            })
            .await?;
        }
        other => {
            let detail = format!("the journey is {other}; only a paused one can be resumed");
            return Err(Problem::conflict("journey_not_paused", detail));
        }
    }
    shown(&services, workspace, &id).await
}

/// Archive a journey
///
/// Nobody comes in any more, and the runs under way end. It cannot be taken back.
#[utoipa::path(post, path = "/journeys/{id}/archive", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = JourneyView)))]
async fn archive(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
) -> Answer<Json<JourneyView>> {
    let workspace = caller.workspace;
    let mut row = row_of(&services, workspace, &id).await?;
    let journey_id = row.journey_id.clone();
    if row.status != "archived" {
        row.status = "archived".into();
        let mut changes = Changeset::new();
        changes.update_journey(workspace, &row, services.now());
        changes.hold_runs(workspace, &journey_id);
        services.configure(changes).await?;
    }
    // Also when it is archived already: an earlier call may have been cut short.
    let held = services.read(move |tx| held_runs(tx, workspace, &journey_id)).await?;
    let at = services.now().into();
    let stop =
        |(run_id, _): (String, String)| Note::StopRun { run_id, reason: "journey_archived".into(), at };
    let notes: Vec<Note> = held.into_iter().map(stop).collect();
    let last = services.append_all(workspace, &notes).await?;
    if let Some(seq) = last {
        services.processed_up_to(seq).await?;
    }
    shown(&services, workspace, &id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TriggerCall {
    profile_id: Option<String>,
    identifier: Option<String>,
    /// What the journey's conditions and templates see as `event.properties`.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Value,
    /// Names this call: the same one starts no second run. Else the Idempotency-Key, else none.
    key: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Triggered {
    /// Whether a run was started; the entry rules of the journey can say no.
    started: bool,
    run: Option<RunView>,
}

/// Start a journey for a profile
///
/// For journeys with the trigger `api`.
#[utoipa::path(post, path = "/journeys/{id}/trigger", tag = "journeys", params(("id" = String, Path)), request_body = TriggerCall, responses((status = 200, body = Triggered)))]
async fn trigger(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
    idempotency: Option<Extension<IdempotencyKey>>,
    Told(told): Told<TriggerCall>,
) -> Answer<Json<Triggered>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    if row.status != "active" {
        let detail = format!("the journey is {}; publish or resume it first", row.status);
        return Err(Problem::conflict("journey_not_active", detail));
    }
    let (journey_id, published) = (row.journey_id.clone(), row.published);
    let looked_up = journey_id.clone();
    let text = services.read(move |tx| tx.journey_version(workspace, &looked_up, published)).await?;
    let by_api = text
        .and_then(|(text, _)| Definition::parse(&text).ok())
        .is_some_and(|definition| matches!(definition.trigger, Trigger::Api(_)));
    if !by_api {
        let detail = "this journey is not started by calls: its trigger is not of the type api";
        return Err(Problem::conflict("trigger_is_not_api", detail));
    }
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let profile = whom.find(&services, workspace).await?.profile;
    let key = told.key.or(idempotency.map(|Extension(key)| key.0));
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 200) {
        return Err(Problem::field("key", "from 1 to 200 bytes"));
    }
    let call_id = key.unwrap_or_else(|| services.new_id().to_string());
    let known = services.read(move |tx| tx.runs_of_profile(workspace, profile.no)).await?;
    let note = Note::Trigger {
        journey_id: journey_id.clone(),
        profile_id: profile.id.to_string(),
        call_id: format!("api:{call_id}"),
        properties: if told.properties.is_null() { json!({}) } else { told.properties },
        at: services.now().into(),
    };
    services.note(workspace, &note).await?;
    let runs = services.read(move |tx| tx.runs_of_profile(workspace, profile.no)).await?;
    let run = runs
        .into_iter()
        .find(|run| run.journey_id == journey_id && !known.iter().any(|before| before.run_id == run.run_id));
    let profile_id = profile.id.to_string();
    let run = run.map(|row| RunView::of(row, profile_id));
    Ok(Json(Triggered { started: run.is_some(), run }))
}
