//! The ledger of messages: a row a decision, with its reason; and messages that the shop's own programs send.

use crate::caller::{Reader, Sending};
use crate::endpoints::journeys::journey_id;
use crate::endpoints::profiles::{Whom, by_id};
use crate::endpoints::templates::row_of;
use crate::idempotency::IdempotencyKey;
use crate::listing::{Page, Paging, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::consent::{Channel, Purpose};
use engine::{Draft, Note};
use kit::{ProfileNo, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::messages::MessageRow;
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(of_profile)).routes(routes!(list, send)).routes(routes!(find))
}

/// One decision about one message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageView {
    id: String,
    profile_id: String,
    /// `queued` (or waits, see the reason), `held` (its campaign is paused), `sending`, `sent` (the provider took it), `refused` (by us), `failed` (by
    /// the provider), `unknown` (nobody can say; not sent again) or `cancelled`.
    state: String,
    /// Stable code, empty while nothing speaks against it: `no_consent`, `frequency_cap`, `hard_bounce`.
    reason: String,
    detail: String,
    channel: String,
    purpose: String,
    /// `journey`, `campaign`, `api`, `test` or `staff`.
    origin: String,
    template: Option<String>,
    template_version: Option<i64>,
    journey_id: Option<String>,
    run_id: Option<String>,
    node: Option<String>,
    campaign_id: Option<String>,
    campaign_run: Option<i64>,
    address: Option<String>,
    decided_at: String,
    /// When it is tried next, while it is queued.
    due_at: Option<String>,
    attempts: i64,
    attempted_at: Option<String>,
    sent_at: Option<String>,
    provider_id: Option<String>,
}

/// The ledger's word for what callers know as `sent`.
pub const ACCEPTED: &str = "accepted";

impl MessageView {
    pub fn of(row: MessageRow, profile_id: String) -> MessageView {
        let due_at = (row.state == "queued").then(|| iso(row.due_at));
        MessageView {
            id: row.id,
            profile_id,
            state: if row.state == ACCEPTED { "sent".into() } else { row.state },
            reason: row.reason,
            detail: row.detail,
            channel: row.channel,
            purpose: row.purpose,
            origin: row.origin,
            template: row.template_id,
            template_version: row.template_version,
            journey_id: row.journey_id,
            run_id: row.run_id,
            node: row.node,
            campaign_id: row.campaign_id,
            campaign_run: row.campaign_run,
            address: row.address.filter(|address| !address.is_empty()),
            decided_at: iso(row.decided_at),
            due_at,
            attempts: row.attempts,
            attempted_at: iso_opt(row.attempted_at),
            sent_at: iso_opt(row.accepted_at),
            provider_id: row.provider_id,
        }
    }
}

/// A profile's messages
///
/// Newest first.
#[utoipa::path(get, path = "/profiles/{id}/messages", tag = "profiles", params(("id" = String, Path), Paging), responses((status = 200, body = Page<MessageView>)))]
async fn of_profile(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<MessageView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    let profile = by_id(&services, workspace, &id).await?.profile;
    let rows =
        services.read(move |tx| tx.messages_of_profile(workspace, profile.no, before, limit + 1)).await?;
    let show = |row: MessageRow| MessageView::of(row, profile.id.to_string());
    Ok(Json(Page::of(rows, limit, |row| [row.message_no.to_string()], show)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    state: Option<String>,
    channel: Option<String>,
    /// Of one journey, by its id or your own word for it.
    journey_id: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List messages
///
/// Newest first.
#[utoipa::path(get, path = "/messages", tag = "messages", params(ListQuery), responses((status = 200, body = Page<MessageView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<MessageView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    let state = query.state.unwrap_or_default();
    let state = if state == "sent" { ACCEPTED.to_owned() } else { state };
    let channel = query.channel.unwrap_or_default();
    let journey_id = query.journey_id.as_deref().map(journey_id).transpose()?.unwrap_or_default();
    let (rows, ids) = services
        .read(move |tx| {
            let rows = tx.message_page(workspace, before, limit + 1, &state, &channel, &journey_id)?;
            let keys: Vec<_> = rows.iter().map(|row| (workspace, row.profile)).collect();
            let ids: BTreeMap<_, _> = tx
                .profiles(&keys)?
                .into_iter()
                .map(|(_, stored)| (stored.profile.no, stored.profile.id.to_string()))
                .collect();
            Ok((rows, ids))
        })
        .await?;
    let show = |row: MessageRow| {
        let profile_id = ids.get(&row.profile).cloned().unwrap_or_default();
        MessageView::of(row, profile_id)
    };
    Ok(Json(Page::of(rows, limit, |row| [row.message_no.to_string()], show)))
}

#[derive(Debug, Serialize, ToSchema)]
struct LogView {
    at: String,
    what: String,
    detail: String,
}

/// What people did with a message; what machines did stands apart.
#[derive(Debug, Serialize, ToSchema)]
struct ResponsesView {
    opens: i64,
    clicks: i64,
    machine_opens: i64,
    machine_clicks: i64,
    first_opened_at: Option<String>,
    first_clicked_at: Option<String>,
    unsubscribed_at: Option<String>,
}

/// The words that were sent. They are forgotten after some time, see the settings.
#[derive(Debug, Serialize, ToSchema)]
struct BodyView {
    subject: String,
    html: Option<String>,
    text: Option<String>,
    links: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WholeMessage {
    #[serde(flatten)]
    message: MessageView,
    log: Vec<LogView>,
    responses: ResponsesView,
    body: Option<BodyView>,
}

/// Read a message
///
/// With its log, what came back, and its words.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", params(("id" = String, Path)), responses((status = 200, body = WholeMessage)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<WholeMessage>> {
    let workspace = caller.workspace;
    let found = services.read(move |tx| whole(tx, workspace, &id)).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("the message"))
}

fn whole(tx: &mut ReadTx<'_>, workspace: WorkspaceId, id: &str) -> Result<Option<WholeMessage>, StoreError> {
    let Some(row) = tx.message(workspace, id)? else { return Ok(None) };
    let no = row.message_no;
    let profile = tx.profile(workspace, row.profile)?;
    let log = tx.message_log(workspace, no)?;
    let responses = tx.responses(workspace, no)?;
    let body = tx.body(workspace, no)?;
    Ok(Some(WholeMessage {
        message: MessageView::of(
            row,
            profile.map(|stored| stored.profile.id.to_string()).unwrap_or_default(),
        ),
        log: log
            .into_iter()
            .map(|line| LogView { at: iso(line.at), what: line.what, detail: line.detail })
            .collect(),
        responses: ResponsesView {
            opens: responses.opens,
            clicks: responses.clicks,
            machine_opens: responses.machine_opens,
            machine_clicks: responses.machine_clicks,
            first_opened_at: iso_opt(responses.first_opened_at),
            first_clicked_at: iso_opt(responses.first_clicked_at),
            unsubscribed_at: iso_opt(responses.unsubscribed_at),
        },
        body: body.map(|body| BodyView {
            subject: body.subject,
            html: body.html,
            text: body.text,
            links: body.links,
        }),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    profile_id: Option<String>,
    identifier: Option<String>,
    /// The id of a template.
    template: String,
    /// The template's when not given.
    purpose: Option<String>,
    /// What the template sees as `event.properties`.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Value,
    /// Names the message: it is never sent twice. Else the Idempotency-Key, else none.
    key: Option<String>,
}

/// Send a message
///
/// To one profile, on the template's channel. It passes the gate like every other: consent, suppression, hours, caps.
/// The answer is its row in the ledger; read it again to see what became of it.
#[utoipa::path(post, path = "/messages", tag = "messages", request_body = NewMessage, responses((status = 202, body = MessageView)))]
async fn send(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    idempotency: Option<Extension<IdempotencyKey>>,
    Told(told): Told<NewMessage>,
) -> Answer<(StatusCode, Json<MessageView>)> {
    let workspace = caller.workspace;
    let template = row_of(&services, workspace, &told.template).await.map_err(|problem| {
        if problem.code == "not_found" {
            Problem::field("template", "no template has this id")
        } else {
            problem
        }
    })?;
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let profile = whom.find(&services, workspace).await?.profile;
    let draft: Option<Draft> = serde_json::from_str(&template.source).ok();
    let purpose = match told.purpose.as_deref() {
        None => draft.map_or(Purpose::Marketing, |draft| draft.purpose),
        Some("marketing") => Purpose::Marketing,
        Some("transactional") => Purpose::Transactional,
        Some(_) => return Err(Problem::field("purpose", "marketing or transactional")),
    };
    let key = told.key.or(idempotency.map(|Extension(key)| key.0));
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 200) {
        return Err(Problem::field("key", "from 1 to 200 bytes"));
    }
    let key = format!("api:{}", key.unwrap_or_else(|| services.new_id().to_string()));
    let note = Note::Send {
        profile_id: profile.id.to_string(),
        template_id: template.template_id,
        channel: template.channel.parse().unwrap_or(Channel::Email),
        purpose,
        origin: "api".into(),
        address: None,
        key: key.clone(),
        properties: told.properties,
        at: services.now().into(),
    };
    services.note(workspace, &note).await?;
    let message = sent_under(&services, workspace, profile.no, &key).await?;
    Ok((StatusCode::ACCEPTED, Json(message)))
}

/// The message that a profile was to get under a key.
pub async fn sent_under(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    profile: ProfileNo,
    key: &str,
) -> Answer<MessageView> {
    let key = key.to_owned();
    let found = services
        .read(move |tx| {
            let Some(stored) = tx.profile(workspace, profile)? else { return Ok(None) };
            let Some(row) = tx.message_by_key(workspace, &key)? else { return Ok(None) };
            Ok(Some(MessageView::of(row, stored.profile.id.to_string())))
        })
        .await?;
    found.ok_or_else(Problem::late)
}
