//! Addresses that are not to be written to.

use crate::caller::{Reader, Writer};
use crate::listing::{Page, Paging, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::Channel;
use domain::identifier::{Identifier, IdentifierKind};
use engine::Note;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::messages::SuppressionRow;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove))
}

#[derive(Debug, Serialize, ToSchema)]
struct SuppressionView {
    channel: String,
    address: String,
    /// `hard_bounce`, `complaint` or `manual`. A hard bounce stops every message, the others advertisements.
    reason: String,
    detail: String,
    at: String,
}

impl SuppressionView {
    fn of(row: SuppressionRow) -> SuppressionView {
        SuppressionView {
            channel: row.channel,
            address: row.address,
            reason: row.reason,
            detail: row.detail,
            at: iso(row.at),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `email` when not given.
    channel: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List suppressed addresses
///
/// Of one channel, by address.
#[utoipa::path(get, path = "/suppressions", tag = "workspace", params(ListQuery), responses((status = 200, body = Page<SuppressionView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<SuppressionView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let after = paging.after::<1>()?.map_or_else(String::new, |[after]| after);
    let channel = query.channel.unwrap_or_else(|| "email".into());
    let rows = services.read(move |tx| tx.suppression_page(workspace, &channel, &after, limit + 1)).await?;
    Ok(Json(Page::of(rows, limit, |row| [row.address.clone()], SuppressionView::of)))
}

/// The address as it is stored.
fn address_of(channel: Channel, told: &str) -> Answer<String> {
    let kind = match channel {
        Channel::Email => IdentifierKind::Email,
        Channel::Sms => IdentifierKind::Phone,
        Channel::Zalo => IdentifierKind::ZaloId,
        Channel::Push | Channel::Onsite | Channel::Webhook => IdentifierKind::PushEndpoint,
    };
    let address = Identifier::new(kind, told);
    address.map(|found| found.value).map_err(|error| Problem::field("address", error.to_string()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSuppression {
    /// `email` when not given.
    channel: Option<String>,
    address: String,
    /// `manual` when not given; also `hard_bounce`, `complaint`.
    reason: Option<String>,
    #[serde(default)]
    detail: String,
}

/// Suppress an address
///
/// One that is on the list keeps its first reason.
#[utoipa::path(post, path = "/suppressions", tag = "workspace", request_body = NewSuppression, responses((status = 201, body = SuppressionView)))]
async fn add(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<NewSuppression>,
) -> Answer<(StatusCode, Json<SuppressionView>)> {
    let channel: Channel = told
        .channel
        .as_deref()
        .unwrap_or("email")
        .parse()
        .map_err(|error: String| Problem::field("channel", error))?;
    let address = address_of(channel, &told.address)?;
    let reason = told.reason.unwrap_or_else(|| "manual".into());
    if !["manual", "hard_bounce", "complaint"].contains(&reason.as_str()) {
        return Err(Problem::field("reason", "manual, hard_bounce or complaint"));
    }
    if told.detail.len() > 500 {
        return Err(Problem::field("detail", "at most 500 bytes"));
    }
    let now = services.now();
    let row = SuppressionRow { channel: channel.to_string(), address, reason, detail: told.detail, at: now };
    let note = Note::Suppress {
        channel: row.channel.clone(),
        address: row.address.clone(),
        reason: row.reason.clone(),
        detail: row.detail.clone(),
        at: now.into(),
    };
    services.note(caller.workspace, &note).await?;
    Ok((StatusCode::CREATED, Json(SuppressionView::of(row))))
}

/// Release an address
///
/// It may be written to again, if its owner consents.
#[utoipa::path(delete, path = "/suppressions/{channel}/{address}", tag = "workspace", params(("channel" = String, Path), ("address" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path((channel, address)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let channel: Channel = channel.parse().map_err(|_| Problem::not_found("the suppression"))?;
    let address = address_of(channel, &address)?;
    let mut changes = Changeset::new();
    changes.release_suppression(caller.workspace, channel.as_str(), &address);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}
