//! Webhooks: where the shop's own systems are told what happens, and what was delivered there.

use crate::audit::Audit;
use crate::caller::Member;
use crate::idempotency::NotRemembered;
use crate::listing::{Page, Paging, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::hook::{SECRET_OVERLAP_MS, SUBSCRIPTIONS_MAX, Subscription, Topic, body};
use engine::hooks::Attempt;
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Changeset;
use store::hooks::{HookDeliveryRow, HookRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the secrets of webhooks are sealed about.
const SEALED_ABOUT: &str = "webhook";

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(topics))
        .routes(routes!(find, change, remove))
        .routes(routes!(rotate))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .routes(routes!(delivery))
        .routes(routes!(resend))
}

/// One secret of a webhook, as it is sealed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HookSecret {
    pub secret: String,
    /// Milliseconds since 1970; `None`: the one in use.
    pub until: Option<i64>,
}

/// The secrets that sign now, the newest first.
pub fn hook_secrets(services: &Services, sealed: &[u8], now: Timestamp) -> Result<Vec<String>, String> {
    let held = held_secrets(services, sealed)?;
    let signs = |held: &HookSecret| held.until.is_none_or(|until| now.ms() < until);
    Ok(held.into_iter().filter(signs).map(|held| held.secret).collect())
}

fn held_secrets(services: &Services, sealed: &[u8]) -> Result<Vec<HookSecret>, String> {
    let plain = services.desk.unseal(SEALED_ABOUT, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| "secrets of another version".to_owned())
}

fn seal(services: &Services, secrets: &[HookSecret]) -> Answer<Vec<u8>> {
    let plain = serde_json::to_vec(secrets).unwrap_or_default();
    services.desk.seal(SEALED_ABOUT, &plain).map_err(|error| Problem::internal(&error))
}

fn new_secret(services: &Services) -> String {
    let mut random = [0; 32];
    (services.fill_random)(&mut random);
    format!("whsec_{}", STANDARD.encode(random))
}

#[derive(Debug, Serialize, ToSchema)]
struct HookView {
    id: String,
    name: String,
    url: String,
    topics: Vec<String>,
    /// `active`, `paused` by staff, or `disabled` because it took nothing for too long.
    state: String,
    created_at: String,
    updated_at: String,
    /// Since when nothing was taken there; null while all is well.
    failing_since: Option<String>,
    /// When something was taken last.
    delivered_at: Option<String>,
    /// Messages that wait to be delivered.
    waiting: i64,
}

fn view(row: HookRow, waiting: i64) -> HookView {
    let told: Subscription = serde_json::from_str(&row.doc).unwrap_or_else(|_| Subscription {
        name: String::new(),
        url: String::new(),
        topics: BTreeSet::new(),
    });
    HookView {
        id: row.webhook_id,
        name: told.name,
        url: told.url,
        topics: told.topics.iter().map(|topic| topic.as_str().to_owned()).collect(),
        state: row.state,
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
        failing_since: iso_opt(row.failing_since),
        delivered_at: iso_opt(row.delivered_at),
        waiting,
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookTold {
    #[serde(default)]
    name: String,
    /// `https://...`; without a user name or a password.
    url: String,
    /// Of `GET /webhooks/topics`.
    topics: Vec<String>,
}

fn subscription(told: HookTold) -> Answer<Subscription> {
    let mut topics = BTreeSet::new();
    for word in &told.topics {
        topics.insert(word.parse::<Topic>().map_err(|message| Problem::field("topics", message))?);
    }
    topics.remove(&Topic::Test);
    let subscription =
        Subscription { name: told.name.trim().to_owned(), url: told.url.trim().to_owned(), topics };
    let problems = subscription.problems();
    match problems.first() {
        None => Ok(subscription),
        Some((field, message)) => Err(Problem::field(field, *message)),
    }
}

fn doc_of(subscription: &Subscription) -> Answer<String> {
    serde_json::to_string(subscription).map_err(|error| Problem::internal(&error.to_string()))
}

async fn row_of(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<HookRow> {
    let id = id.to_owned();
    let found = services.read(move |tx| tx.hook(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the webhook"))
}

/// List webhooks
#[utoipa::path(get, path = "/webhooks", tag = "webhooks", responses((status = 200, body = Page<HookView>)))]
async fn list(State(services): State<Arc<Services>>, Member(caller): Member) -> Answer<Json<Page<HookView>>> {
    let workspace = caller.workspace;
    let rows = services
        .read(move |tx| {
            let own = tx.hooks()?.into_iter().filter(|row| row.workspace == workspace);
            own.map(|row| {
                let waiting = tx.waiting_hook_deliveries(workspace, &row.webhook_id)?;
                Ok((row, waiting))
            })
            .collect::<Result<Vec<_>, store::StoreError>>()
        })
        .await?;
    Ok(Json(Page::whole(rows.into_iter().map(|(row, waiting)| view(row, waiting)).collect())))
}

/// List what can be told
#[utoipa::path(get, path = "/webhooks/topics", tag = "webhooks", responses((status = 200, body = Page<String>)))]
async fn topics(Member(_): Member) -> Json<Page<String>> {
    let topics = Topic::ALL.iter().filter(|topic| **topic != Topic::Test);
    Json(Page::whole(topics.map(|topic| topic.as_str().to_owned()).collect()))
}

#[derive(Debug, Serialize, ToSchema)]
struct CreatedHook {
    /// What its messages are signed with. It is shown this once.
    secret: String,
    #[serde(flatten)]
    view: HookView,
}

type Created = (StatusCode, Extension<NotRemembered>, Json<CreatedHook>);

/// Make a webhook
///
/// Messages are signed by the Standard Webhooks specification (`webhook-id`, `webhook-timestamp`,
/// `webhook-signature`) with the secret of the answer, which cannot be shown again. Each is delivered at least once:
/// one with a `webhook-id` that was seen before is a repetition.
#[utoipa::path(post, path = "/webhooks", tag = "webhooks", request_body = HookTold, responses((status = 201, body = CreatedHook)))]
async fn create(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Told(told): Told<HookTold>,
) -> Answer<Created> {
    let (workspace, now) = (caller.workspace, services.now());
    let subscription = subscription(told)?;
    let held = services.read(|tx| tx.hooks()).await?;
    if held.iter().filter(|row| row.workspace == workspace).count() >= SUBSCRIPTIONS_MAX {
        let detail = format!("a shop has at most {SUBSCRIPTIONS_MAX} webhooks; delete one first");
        return Err(Problem::conflict("too_many_webhooks", detail));
    }
    let secret = new_secret(&services);
    let row = HookRow {
        workspace,
        webhook_id: services.new_id().to_string(),
        doc: doc_of(&subscription)?,
        sealed: seal(&services, &[HookSecret { secret: secret.clone(), until: None }])?,
        state: "active".into(),
        created_at: now,
        updated_at: now,
        failing_since: None,
        delivered_at: None,
    };
    let mut changes = Changeset::new();
    changes.insert_hook(row.clone());
    services.configure(changes).await?;
    Ok((StatusCode::CREATED, Extension(NotRemembered), Json(CreatedHook { secret, view: view(row, 0) })))
}

/// Read a webhook
#[utoipa::path(get, path = "/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), responses((status = 200, body = HookView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<HookView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let waiting = services.read(move |tx| tx.waiting_hook_deliveries(workspace, &id)).await?;
    Ok(Json(view(row, waiting)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookChange {
    name: Option<String>,
    url: Option<String>,
    topics: Option<Vec<String>>,
    /// `active` or `paused`. While it is paused nothing is written for it; what waits goes on.
    state: Option<String>,
}

/// Change a webhook
///
/// What is left out stays.
#[utoipa::path(patch, path = "/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), request_body = HookChange, responses((status = 200, body = HookView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
    audit: Audit,
    Told(told): Told<HookChange>,
) -> Answer<Json<HookView>> {
    let workspace = caller.workspace;
    let mut row = row_of(&services, workspace, &id).await?;
    let held: Subscription =
        serde_json::from_str(&row.doc).map_err(|error| Problem::internal(&error.to_string()))?;
    let words = held.topics.iter().map(|topic| topic.as_str().to_owned()).collect();
    let changed = subscription(HookTold {
        name: told.name.unwrap_or_else(|| held.name.clone()),
        url: told.url.unwrap_or_else(|| held.url.clone()),
        topics: told.topics.unwrap_or(words),
    })?;
    if let Some(state) = told.state {
        if !matches!(state.as_str(), "active" | "paused") {
            return Err(Problem::field("state", "active or paused"));
        }
        audit.detail("state", state.clone());
        row.state = state;
    }
    audit.detail("topics", changed.topics.len());
    row.doc = doc_of(&changed)?;
    row.updated_at = services.now();
    let mut changes = Changeset::new();
    changes.update_hook(row);
    services.configure(changes).await?;
    let row = row_of(&services, workspace, &id).await?;
    let waiting = services.read(move |tx| tx.waiting_hook_deliveries(workspace, &id)).await?;
    Ok(Json(view(row, waiting)))
}

/// Delete a webhook
///
/// With its log and all that waits for it.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let row = row_of(&services, caller.workspace, &id).await?;
    let mut changes = Changeset::new();
    changes.delete_hook(row.workspace, &row.webhook_id);
    services.configure(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, ToSchema)]
struct NewSecret {
    /// It is shown this once.
    secret: String,
    /// Until then messages carry the signature of the old secret as well.
    old_signs_until: String,
}

/// Change the secret of a webhook
///
/// For a day messages carry two signatures, by the new and by the old secret; one that fits is enough.
#[utoipa::path(post, path = "/webhooks/{id}/secret", tag = "webhooks", params(("id" = String, Path)), responses((status = 200, body = NewSecret)))]
async fn rotate(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<(Extension<NotRemembered>, Json<NewSecret>)> {
    let mut row = row_of(&services, caller.workspace, &id).await?;
    // Receivers live by the clock on the wall, whatever the shop's does.
    let now = services.wall.now();
    let until = now.plus_ms(SECRET_OVERLAP_MS);
    let held = held_secrets(&services, &row.sealed).map_err(|error| Problem::internal(&error))?;
    let secret = new_secret(&services);
    let mut secrets = vec![HookSecret { secret: secret.clone(), until: None }];
    // No more than two sign: whoever changes it twice in a day ends the first.
    let old = held.into_iter().find(|held| held.until.is_none());
    secrets.extend(old.map(|held| HookSecret { until: Some(until.ms()), ..held }));
    row.sealed = seal(&services, &secrets)?;
    row.updated_at = services.now();
    let mut changes = Changeset::new();
    changes.update_hook(row);
    services.configure(changes).await?;
    let answer = NewSecret { secret, old_signs_until: iso(until) };
    Ok((Extension(NotRemembered), Json(answer)))
}

/// Try a webhook
///
/// Puts a message of the topic `webhook.test` behind what waits; what becomes of it stands in the log.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "webhooks", params(("id" = String, Path)), responses((status = 202, body = HookView)))]
async fn test(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<(StatusCode, Json<HookView>)> {
    let row = row_of(&services, caller.workspace, &id).await?;
    if let Err(wait) = services.memory.trials.take(&format!("webhook {id}"), services.now()) {
        return Err(Problem::too_many("a webhook is tried at most 20 times an hour", wait));
    }
    let now = services.now();
    let mut changes = Changeset::new();
    let text = body(Topic::Test, now, &json!({ "webhook_id": row.webhook_id }));
    changes.insert_hook_delivery(row.workspace, &row.webhook_id, Topic::Test.as_str(), now, text);
    services.apply(changes).await?;
    Ok((StatusCode::ACCEPTED, Json(view(row, 1))))
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    at: String,
    /// Null: there was no answer.
    status: Option<u16>,
    duration_ms: i64,
    /// The beginning of the answer.
    answer: String,
    /// Why there was none.
    error: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct HookDeliveryView {
    /// Its number; attempts carry it in `webhook-id`.
    id: String,
    /// What receivers know it by.
    message_id: String,
    topic: String,
    created_at: String,
    /// `waiting`, `delivered` or `failed`.
    state: String,
    attempts: i64,
    /// When it is tried next; null: no more by itself.
    next_at: Option<String>,
    updated_at: String,
    /// Of the last answer.
    status: Option<i64>,
    /// What is sent, as it is sent.
    body: String,
    /// The latest last.
    log: Vec<AttemptView>,
}

fn delivery_view(row: HookDeliveryRow) -> HookDeliveryView {
    let log: Vec<Attempt> = serde_json::from_str(&row.log).unwrap_or_default();
    let attempt = |one: Attempt| AttemptView {
        at: iso(Timestamp::from_ms(one.at)),
        status: one.status,
        duration_ms: one.duration_ms,
        answer: one.answer,
        error: one.error,
    };
    HookDeliveryView {
        id: row.delivery_no.to_string(),
        message_id: engine::hooks::message_id(&row),
        topic: row.topic,
        created_at: iso(row.at),
        state: row.state,
        attempts: row.attempts,
        next_at: iso_opt(row.next_at),
        updated_at: iso(row.updated_at),
        status: row.status,
        body: row.body,
        log: log.into_iter().map(attempt).collect(),
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveriesQuery {
    /// Only `waiting`, `delivered` or `failed` ones.
    state: Option<String>,
    /// Messages in a page, 1 to 500; 50 when not given.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// List what was delivered to a webhook
///
/// Newest first, with what waits and what failed. Kept for 30 days.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "webhooks", params(("id" = String, Path), DeliveriesQuery), responses((status = 200, body = Page<HookDeliveryView>)))]
async fn deliveries(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
    Asked(query): Asked<DeliveriesQuery>,
) -> Answer<Json<Page<HookDeliveryView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    let state = query.state.unwrap_or_default();
    if !matches!(state.as_str(), "" | "waiting" | "delivered" | "failed") {
        return Err(Problem::field("state", "waiting, delivered or failed"));
    }
    let row = row_of(&services, workspace, &id).await?;
    let rows = services
        .read(move |tx| tx.hook_delivery_page(workspace, &row.webhook_id, before, &state, limit + 1))
        .await?;
    Ok(Json(Page::of(rows, limit, |row| [row.delivery_no.to_string()], delivery_view)))
}

async fn delivery_of(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    id: &str,
    delivery: &str,
) -> Answer<HookDeliveryRow> {
    let no: i64 = delivery.parse().map_err(|_| Problem::not_found("the message"))?;
    let id = id.to_owned();
    let found = services.read(move |tx| tx.hook_delivery(workspace, &id, no)).await?;
    found.ok_or_else(|| Problem::not_found("the message"))
}

/// Read one message to a webhook
#[utoipa::path(get, path = "/webhooks/{id}/deliveries/{delivery}", tag = "webhooks", params(("id" = String, Path), ("delivery" = String, Path)), responses((status = 200, body = HookDeliveryView)))]
async fn delivery(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path((id, delivery)): Path<(String, String)>,
) -> Answer<Json<HookDeliveryView>> {
    Ok(Json(delivery_view(delivery_of(&services, caller.workspace, &id, &delivery).await?)))
}

/// Deliver a message once more
///
/// Under the same `webhook-id`.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery}/resend", tag = "webhooks", params(("id" = String, Path), ("delivery" = String, Path)), responses((status = 202, body = HookDeliveryView)))]
async fn resend(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path((id, delivery)): Path<(String, String)>,
) -> Answer<(StatusCode, Json<HookDeliveryView>)> {
    let row = delivery_of(&services, caller.workspace, &id, &delivery).await?;
    let now = services.now();
    let mut changes = Changeset::new();
    changes.resend_hook_delivery(row.workspace, &row.webhook_id, row.delivery_no, now);
    services.apply(changes).await?;
    let row = HookDeliveryRow { state: "waiting".into(), next_at: Some(now), ..row };
    Ok((StatusCode::ACCEPTED, Json(delivery_view(row))))
}
