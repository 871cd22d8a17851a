//! Where the do-not-call register is fetched every day, so that nobody has to bring it in by hand.

use crate::audit::Audit;
use crate::caller::Admin;
use crate::listing::{iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use domain::local_time::next_time_of_day;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::limits::RegisterSourceRow;
use store::{Changeset, ReadTx, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Binds what is sealed to its place.
pub const REGISTER_SEALED_ABOUT: &str = "do-not-call source";
/// Stands for a secret that is set.
const MASK: &str = "***";

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(set, remove)).routes(routes!(fetch_now))
}

/// What is sealed: the address itself may hold a key.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegisterSource {
    pub url: String,
    /// Empty: no header.
    pub header_name: String,
    pub header_value: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RegisterSourceView {
    url: String,
    /// Null: none is sent.
    header_name: Option<String>,
    /// `***`: one is set.
    header_value: Option<String>,
    /// Of the shop's day, 0 to 23.
    hour: i64,
    next_at: String,
    /// When it was tried last.
    fetched_at: Option<String>,
    /// Why the last try failed, in words; null: it did not. The register stays as it was.
    fault: Option<String>,
    /// The job that read what was fetched last.
    job_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegisterSourceTold {
    /// `https:` or `http:`; a CSV file with a number a row.
    url: String,
    /// A header that opens it, such as `Authorization`.
    #[serde(default)]
    header_name: Option<String>,
    /// Left out, or `***`: as it was, where address and header are those of before.
    #[serde(default)]
    header_value: Option<String>,
    /// Of the shop's day, 0 to 23.
    hour: i64,
}

/// What of an address decides who reads a header.
fn server_of(url: &str) -> Option<(String, String)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "https" | "http"))?;
    let authority = uri.authority().filter(|one| !one.as_str().contains('@') && !one.host().is_empty())?;
    Some((scheme.to_owned(), authority.as_str().to_ascii_lowercase()))
}

fn is_header_name(name: &str) -> bool {
    let reserved =
        ["host", "content-length", "connection", "transfer-encoding", "user-agent", "accept-encoding"];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.len() <= 100 && name.chars().all(plain) && !reserved.contains(&name.to_ascii_lowercase().as_str())
}

fn checked(told: &RegisterSourceTold, stored: Option<RegisterSource>) -> Answer<RegisterSource> {
    let url = told.url.trim().to_owned();
    let server = server_of(&url).filter(|_| url.len() <= 2_000);
    if server.is_none() {
        return Err(Problem::field(
            "url",
            "the whole address of the file, such as https://example.vn/dnc.csv",
        ));
    }
    if !(0..=23).contains(&told.hour) {
        return Err(Problem::field("hour", "from 0 to 23"));
    }
    let header_name = told.header_name.as_deref().unwrap_or_default().trim().to_owned();
    if !is_header_name(&header_name) {
        return Err(Problem::field("header_name", "the name of a header, such as Authorization"));
    }
    let header_value = match told.header_value.as_deref() {
        // It does not go to another server, lest somebody who may edit the address sends it to one of their own.
        None | Some(MASK) => stored
            .filter(|stored| {
                server_of(&stored.url) == server && stored.header_name.eq_ignore_ascii_case(&header_name)
            })
            .map(|stored| stored.header_value)
            .unwrap_or_default(),
        Some(value) => value.trim().to_owned(),
    };
    let is_plain = header_value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if header_value.len() > 2_000 || !is_plain {
        return Err(Problem::field("header_value", "at most 2,000 characters without marks or line ends"));
    }
    if header_name.is_empty() != header_value.is_empty() {
        let field = if header_name.is_empty() { "header_name" } else { "header_value" };
        return Err(Problem::field(field, "a header has a name and a value; enter both, or neither"));
    }
    Ok(RegisterSource { url, header_name, header_value })
}

fn opened(services: &Services, row: &RegisterSourceRow) -> Answer<RegisterSource> {
    let plain = services.desk.unseal(REGISTER_SEALED_ABOUT, &row.sealed);
    plain
        .and_then(|plain| serde_json::from_slice(&plain).map_err(|error| error.to_string()))
        .map_err(|error| Problem::internal(&error))
}

/// Why what was fetched could not be read.
pub fn unread(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    job_id: &str,
) -> Result<Option<String>, StoreError> {
    let job = if job_id.is_empty() { None } else { tx.job(workspace, job_id)? };
    Ok(job.filter(|job| job.state == "failed").and_then(|job| {
        let progress: serde_json::Value = serde_json::from_str(&job.progress).ok()?;
        progress["error"].as_str().map(str::to_owned)
    }))
}

pub async fn shown(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<Option<RegisterSourceView>> {
    let found = services
        .read(move |tx| {
            let Some(row) = tx.register_source(workspace)? else { return Ok(None) };
            let unread = unread(tx, workspace, &row.job_id)?;
            Ok(Some((row, unread)))
        })
        .await?;
    let Some((row, unread)) = found else { return Ok(None) };
    let source = opened(services, &row)?;
    let told = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Ok(Some(RegisterSourceView {
        url: source.url,
        header_name: told(&source.header_name),
        header_value: told(&source.header_value).map(|_| MASK.to_owned()),
        hour: row.hour,
        next_at: iso(row.next_at),
        fetched_at: iso_opt(row.fetched_at),
        fault: told(&row.fault).or(unread),
        job_id: told(&row.job_id),
    }))
}

async fn answer(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<Json<RegisterSourceView>> {
    shown(services, workspace).await?.map(Json).ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::not_found("the source of the do-not-call register")
}

/// Have the do-not-call register fetched every day
///
/// The file replaces the register. Where it cannot be fetched, holds no number, or holds fewer than half as many as the
/// register, nothing leaves the register, and the home page says so. It has at most 500 MB.
#[utoipa::path(put, path = "/do-not-call/source", tag = "workspace", request_body = RegisterSourceTold,
    responses((status = 200, body = RegisterSourceView)))]
async fn set(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    audit: Audit,
    Told(told): Told<RegisterSourceTold>,
) -> Answer<Json<RegisterSourceView>> {
    let workspace = caller.workspace;
    let (stored, own) =
        services.read(move |tx| Ok((tx.register_source(workspace)?, workspace_of(tx, workspace)?))).await?;
    let before = stored.as_ref().map(|row| opened(&services, row)).transpose()?;
    let source = checked(&told, before)?;
    audit.object("do_not_call", "source");
    audit.detail("hour", told.hour);
    let plain = serde_json::to_vec(&source).map_err(|error| Problem::internal(&error.to_string()))?;
    let sealed =
        services.desk.seal(REGISTER_SEALED_ABOUT, &plain).map_err(|error| Problem::internal(&error))?;
    let now = services.now();
    let hour = u8::try_from(told.hour).unwrap_or_default();
    let row = RegisterSourceRow {
        workspace,
        sealed,
        hour: told.hour,
        next_at: next_time_of_day(now, &own.settings.zone(), hour, 0),
        failures: 0,
        fetched_at: stored.as_ref().and_then(|row| row.fetched_at),
        fault: String::new(),
        job_id: String::new(),
        updated_at: now,
    };
    let mut changes = Changeset::new();
    changes.set_register_source(row);
    services.apply(changes).await?;
    answer(&services, workspace).await
}

/// No longer have the do-not-call register fetched
///
/// The register itself stays as it is.
#[utoipa::path(delete, path = "/do-not-call/source", tag = "workspace", responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    audit: Audit,
) -> Answer<StatusCode> {
    audit.object("do_not_call", "source");
    let mut changes = Changeset::new();
    changes.drop_register_source(caller.workspace);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Fetch the do-not-call register now
#[utoipa::path(post, path = "/do-not-call/source/fetch", tag = "workspace", responses((status = 200, body = RegisterSourceView)))]
async fn fetch_now(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    audit: Audit,
) -> Answer<Json<RegisterSourceView>> {
    let workspace = caller.workspace;
    audit.object("do_not_call", "source");
    let found = services.read(move |tx| tx.register_source(workspace)).await?;
    let row = found.ok_or_else(missing)?;
    let mut changes = Changeset::new();
    changes.register_fetched(&RegisterSourceRow { next_at: services.now(), ..row });
    services.apply(changes).await?;
    answer(&services, workspace).await
}
