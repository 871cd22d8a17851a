//! Addresses that are not to be written to.

use super::do_not_call::list_brought;
use super::jobs::JobView;
use crate::audit::Audit;
use crate::caller::{Member, Reader, Writer};
use crate::listing::{Page, Paging, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::Channel;
use domain::identifier::{Identifier, IdentifierKind};
use engine::Note;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::messages::{SuppressionFilter, SuppressionRow};
use store::{Changeset, ReadTx, StoreError};
use transfer::register::{Onto, SUPPRESSION_REASONS, SuppressionSpec};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(counts))
        .routes(routes!(bring_in))
        .routes(routes!(remove))
}

/// The largest file: about a million addresses.
const FILE_BYTES_MAX: u64 = 50 << 20;
const DETAIL_BYTES_MAX: usize = 500;

#[derive(Debug, Serialize, ToSchema)]
struct SuppressionView {
    channel: String,
    address: String,
    /// `hard_bounce`, `complaint` or `manual`. A hard bounce stops every message, the others advertisements.
    reason: String,
    detail: String,
    at: String,
    /// Whose address it is, if it is a customer's.
    profile_id: Option<String>,
    /// Their name.
    profile_name: Option<String>,
}

impl SuppressionView {
    fn of(row: SuppressionRow) -> SuppressionView {
        SuppressionView {
            channel: row.channel,
            address: row.address,
            reason: row.reason,
            detail: row.detail,
            at: iso(row.at),
            profile_id: None,
            profile_name: None,
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// All when not given.
    channel: Option<String>,
    /// `hard_bounce`, `complaint` or `manual`.
    reason: Option<String>,
    /// A part of the address.
    search: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// List suppressed addresses
///
/// By channel and address.
#[utoipa::path(get, path = "/suppressions", tag = "workspace", params(ListQuery), responses((status = 200, body = Page<SuppressionView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<SuppressionView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let after = paging.after::<2>()?.unwrap_or_default();
    let (channel, reason) = (query.channel.unwrap_or_default(), query.reason.unwrap_or_default());
    let mut search = query.search.unwrap_or_default().trim().to_lowercase();
    // A Vietnamese number is stored as +84..., however it is told.
    if search.starts_with('0') && search.chars().all(|c| c.is_ascii_digit()) {
        search.remove(0);
    }
    if search.chars().count() > 200 {
        return Err(Problem::field("search", "at most 200 characters"));
    }
    let (rows, owners) = services
        .read(move |tx| {
            let filter = SuppressionFilter { channel: &channel, reason: &reason, search: &search };
            let rows = tx.suppression_page(workspace, filter, (&after[0], &after[1]), limit + 1)?;
            let mut owners = Vec::with_capacity(rows.len());
            for row in &rows {
                owners.push(owner_of(tx, workspace, row)?);
            }
            Ok((rows, owners))
        })
        .await?;
    let behind =
        |row: &(SuppressionRow, Option<(String, String)>)| [row.0.channel.clone(), row.0.address.clone()];
    let rows: Vec<_> = rows.into_iter().zip(owners).collect();
    let show = |(row, owner): (SuppressionRow, Option<(String, String)>)| {
        let (profile_id, profile_name) = owner.unzip();
        SuppressionView { profile_id, profile_name, ..SuppressionView::of(row) }
    };
    Ok(Json(Page::of(rows, limit, behind, show)))
}

/// The id and the name of the customer whose address it is.
fn owner_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &SuppressionRow,
) -> Result<Option<(String, String)>, StoreError> {
    let kind = row.channel.parse().ok().map(kind_of);
    let Some(identifier) = kind.and_then(|kind| Identifier::new(kind, &row.address).ok()) else {
        return Ok(None);
    };
    let found = tx.find_identifiers(&[(workspace, &identifier)])?.into_iter().flatten().next();
    let Some(no) = found else { return Ok(None) };
    let Some(stored) = tx.profile(workspace, no)? else { return Ok(None) };
    let name = stored.profile.full_name().unwrap_or_default();
    Ok(Some((stored.profile.id.to_string(), name)))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuppressionCount)]
struct CountView {
    channel: String,
    reason: String,
    addresses: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuppressionCounts)]
struct CountsView {
    items: Vec<CountView>,
}

/// Count suppressed addresses
///
/// By channel and reason.
#[utoipa::path(get, path = "/suppressions/counts", tag = "workspace", responses((status = 200, body = CountsView)))]
async fn counts(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<CountsView>> {
    let rows = services.read(move |tx| tx.suppression_counts(caller.workspace)).await?;
    let show = |(channel, reason, addresses)| CountView { channel, reason, addresses };
    Ok(Json(CountsView { items: rows.into_iter().map(show).collect() }))
}

fn kind_of(channel: Channel) -> IdentifierKind {
    match channel {
        Channel::Email => IdentifierKind::Email,
        Channel::Sms => IdentifierKind::Phone,
        Channel::Zalo => IdentifierKind::ZaloId,
        Channel::Push | Channel::Onsite | Channel::Webhook => IdentifierKind::PushEndpoint,
    }
}

/// The address as it is stored.
fn address_of(channel: Channel, told: &str) -> Answer<String> {
    let address = Identifier::new(kind_of(channel), told);
    address.map(|found| found.value).map_err(|error| Problem::field("address", error.to_string()))
}

/// The reason told, or the usual one; what is said of it is of bearable length.
fn reason_of(told: Option<String>, detail: &str) -> Answer<String> {
    let reason = told.unwrap_or_else(|| "manual".into());
    if !SUPPRESSION_REASONS.contains(&reason.as_str()) {
        return Err(Problem::field("reason", "manual, hard_bounce or complaint"));
    }
    if detail.len() > DETAIL_BYTES_MAX {
        return Err(Problem::field("detail", "at most 500 bytes"));
    }
    Ok(reason)
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
    let reason = reason_of(told.reason, &told.detail)?;
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

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SuppressionUpload {
    /// `email`, when not given, or `sms`: what the addresses are.
    channel: Option<String>,
    /// Of rows that name none: `manual` when not given; also `hard_bounce`, `complaint`.
    reason: Option<String>,
    /// Where the list comes from; at most 500 bytes.
    detail: Option<String>,
}

/// Bring in suppressed addresses
///
/// The body is a CSV file of at most 50 MB with an address a row, in the first column that holds one. A cell that is
/// `hard_bounce`, `complaint` or `manual` is the reason of its row. It is read as a job of the kind `suppressions`,
/// whose progress counts the rows without an address and names the lines of the first. What is on the list already
/// keeps its first reason.
#[utoipa::path(post, path = "/suppressions/imports", tag = "workspace", params(SuppressionUpload), request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 201, body = JobView)))]
async fn bring_in(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Asked(told): Asked<SuppressionUpload>,
    body: Body,
) -> Answer<(StatusCode, Json<JobView>)> {
    let channel = match told.channel.as_deref().unwrap_or("email") {
        "email" => Channel::Email,
        "sms" => Channel::Sms,
        _ => return Err(Problem::field("channel", "email or sms")),
    };
    let detail = told.detail.unwrap_or_default();
    let reason = reason_of(told.reason, &detail)?;
    let onto = Onto::Suppressions(SuppressionSpec { channel, reason, detail });
    let job = list_brought(&services, caller.workspace, caller.source, onto, body, FILE_BYTES_MAX).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReleaseQuery {
    /// Why it is released, for the audit log; at most 200 characters.
    why: Option<String>,
}

/// Release an address
///
/// It may be written to again, if its owner consents.
#[utoipa::path(delete, path = "/suppressions/{channel}/{address}", tag = "workspace", params(("channel" = String, Path), ("address" = String, Path), ReleaseQuery), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Path((channel, address)): Path<(String, String)>,
    Asked(query): Asked<ReleaseQuery>,
) -> Answer<StatusCode> {
    let why = query.why.unwrap_or_default();
    if why.chars().count() > 200 {
        return Err(Problem::field("why", "at most 200 characters"));
    }
    if !why.trim().is_empty() {
        audit.detail("why", why.trim());
    }
    let channel: Channel = channel.parse().map_err(|_| Problem::not_found("the suppression"))?;
    let address = address_of(channel, &address)?;
    let mut changes = Changeset::new();
    changes.release_suppression(caller.workspace, channel.as_str(), &address);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}
