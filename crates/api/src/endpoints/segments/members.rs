//! Who is in a segment, since when, and why.

use super::{SegmentRow, row_of};
use crate::caller::Reader;
use crate::endpoints::profiles::{ProfileView, Whom, by_id};
use crate::listing::{Page, Paging, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Asked;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::condition::{Account, Compared, Condition};
use engine::segments::save::Trees;
use engine::segments::{Census, Population, scan};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use store::membership::TransitionRow;
use store::{ReadTx, StoreError};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(members))
        .routes(routes!(stream))
        .routes(routes!(explain))
        .routes(routes!(history))
}

/// Profiles that a stream reads at once.
const STREAM_STEP: usize = 500;

/// A profile in a segment.
#[derive(Debug, Serialize, ToSchema)]
struct MemberView {
    profile_id: String,
    /// When the profile entered last; when the segment was computed, if it was in it then.
    entered_at: Option<String>,
    #[serde(flatten)]
    profile: ProfileView,
}

fn computing(row: &SegmentRow) -> Problem {
    match row.state.as_str() {
        "archived" => Problem::conflict("segment_archived", "the segment is archived; restore it first"),
        _ => {
            let detail = "the segment is being computed for the first time; GET it for its progress";
            let problem = Problem::conflict("segment_computing", detail);
            Problem { retry_after_s: Some(1), ..problem }
        }
    }
}

pub async fn population(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    row: &SegmentRow,
) -> Answer<Population> {
    let id = row.segment_id.clone();
    let found = services.read(move |tx| Census::read(tx, workspace)?.members(tx, &id)).await?;
    found.ok_or_else(|| computing(row))
}

fn member_views(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &SegmentRow,
    numbers: &[ProfileNo],
    currency: &str,
    now: Timestamp,
) -> Result<Vec<(ProfileNo, MemberView)>, StoreError> {
    let of: Vec<_> = numbers.iter().map(|no| (workspace, *no)).collect();
    let entered: HashMap<ProfileNo, Option<Timestamp>> =
        numbers.iter().copied().zip(tx.entered_at(workspace, &row.segment_id, numbers)?).collect();
    let profiles = tx.profiles(&of)?;
    let view = |no: ProfileNo, profile: &domain::profile::Profile| MemberView {
        profile_id: profile.id.to_string(),
        entered_at: iso_opt(entered.get(&no).copied().flatten().or(row.computed_at)),
        profile: ProfileView::of(profile, currency, now),
    };
    Ok(profiles
        .iter()
        .map(|(_, stored)| (stored.profile.no, view(stored.profile.no, &stored.profile)))
        .collect())
}

/// The members of a segment
///
/// In the order in which the profiles were made.
#[utoipa::path(get, path = "/segments/{id}/members", tag = "segments", params(("id" = String, Path), Paging), responses((status = 200, body = Page<MemberView>)))]
async fn members(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<MemberView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let after = ProfileNo(paging.after_number()?.unwrap_or(0));
    let row = row_of(&services, workspace, &id).await?;
    let members = population(&services, workspace, &row).await?;
    let wanted = usize::try_from(limit + 1).unwrap_or(0);
    let numbers: Vec<ProfileNo> = members.after(after).take(wanted).collect();
    let now = services.now();
    let views = services
        .read(move |tx| {
            let currency = workspace_of(tx, workspace)?.settings.currency;
            member_views(tx, workspace, &row, &numbers, &currency, now)
        })
        .await?;
    Ok(Json(Page::of(views, limit, |(no, _)| [no.0.to_string()], |(_, view)| view)))
}

/// All members of a segment as a stream
///
/// One member a line, as JSON.
#[utoipa::path(get, path = "/segments/{id}/members.ndjson", tag = "segments", params(("id" = String, Path)), responses((status = 200, content_type = "application/x-ndjson", body = String)))]
async fn stream(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Response> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let members = population(&services, workspace, &row).await?;
    // A reader that is slow holds back what is read for it.
    let (lines, written) = mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    let reading = Arc::clone(&services);
    tokio::task::spawn_blocking(move || {
        let now = reading.now();
        let mut after = ProfileNo(0);
        loop {
            let numbers: Vec<ProfileNo> = members.after(after).take(STREAM_STEP).collect();
            let Some(last) = numbers.last() else { return };
            after = *last;
            let read = reading.store.read(|tx| {
                let currency = workspace_of(tx, workspace)?.settings.currency;
                member_views(tx, workspace, &row, &numbers, &currency, now)
            });
            let some = match read {
                Ok(views) => {
                    let mut some = Vec::with_capacity(views.len() * 1_000);
                    for (_, view) in views {
                        // A view has text keys only and cannot fail to be written.
                        let _ = serde_json::to_writer(&mut some, &view);
                        some.push(b'\n');
                    }
                    Ok(Bytes::from(some))
                }
                Err(error) => {
                    tracing::warn!(%error, "a stream of members ended early");
                    Err(std::io::Error::other("the members cannot be read"))
                }
            };
            let is_over = some.is_err();
            if lines.blocking_send(some).is_err() || is_over {
                return;
            }
        }
    });
    let body = futures_util::stream::unfold(written, |mut written| async move {
        written.recv().await.map(|some| (some, written))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(body)).into_response())
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExplainQuery {
    /// The id of a profile, or an identifier such as `email:an@example.com`.
    profile: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ComparedView {
    /// What was looked at.
    what: String,
    op: String,
    #[schema(value_type = Object)]
    expected: Value,
    #[schema(value_type = Object)]
    actual: Value,
    holds: bool,
}

impl ComparedView {
    fn of(one: Compared) -> ComparedView {
        let Compared { what, op, expected, actual, holds } = one;
        ComparedView { what, op: op.to_owned(), expected, actual, holds }
    }
}

/// The verdict of a part of a definition.
#[derive(Debug, Serialize, ToSchema)]
struct ExplanationView {
    /// `all`, `any`, `none`, `segment` or `leaf`.
    kind: String,
    /// Where it stands in the definition: `all.0.none.1`. Below a `segment`, in the definition of that one.
    path: String,
    /// Of a leaf and of a segment, as it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    condition: Option<Value>,
    holds: bool,
    /// What was compared.
    compared: Vec<ComparedView>,
    #[schema(no_recursion)]
    parts: Vec<ExplanationView>,
}

/// Of a condition as it is written, whose references are expanded in `account`; `trees` are those of the segments.
fn account_view(
    written: &Condition,
    account: Account,
    path: &str,
    trees: &HashMap<String, Condition>,
) -> ExplanationView {
    let Account { holds, compared, parts } = account;
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let whole = |kind: &str, parts: Vec<ExplanationView>, compared: Vec<Compared>| ExplanationView {
        kind: kind.to_owned(),
        path: path.to_owned(),
        condition: match written {
            Condition::All(_) | Condition::Any(_) | Condition::None(_) => None,
            leaf => serde_json::to_value(leaf).ok(),
        },
        holds,
        compared: compared.into_iter().map(ComparedView::of).collect(),
        parts,
    };
    let (kind, list) = match written {
        Condition::All(list) => ("all", list),
        Condition::Any(list) => ("any", list),
        Condition::None(list) => ("none", list),
        Condition::Segment(id) => {
            let tree = trees.get(id);
            let inner = tree.map(|tree| account_view(tree, Account { holds, compared, parts }, "", trees));
            return whole("segment", inner.into_iter().collect(), Vec::new());
        }
        _ => return whole("leaf", Vec::new(), compared),
    };
    let parts = list.iter().zip(parts).enumerate();
    let parts =
        parts.map(|(at, (one, account))| account_view(one, account, &below(&format!("{kind}.{at}")), trees));
    whole(kind, parts.collect(), compared)
}

/// Why a profile is in a segment or not.
#[derive(Debug, Serialize, ToSchema)]
struct ExplainedView {
    profile_id: String,
    /// Whether the newest definition holds for the profile now.
    member: bool,
    /// What was compared until that was certain.
    compared: Vec<ComparedView>,
    /// The verdicts of all parts of the definition.
    tree: ExplanationView,
    /// When it turns if nothing else happens; null: never.
    changes_at: Option<String>,
    /// When the profile entered last, if it is in.
    entered_at: Option<String>,
}

/// Explain why a profile is in or out
#[utoipa::path(get, path = "/segments/{id}/explain", tag = "segments", params(("id" = String, Path), ExplainQuery), responses((status = 200, body = ExplainedView)))]
async fn explain(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(query): Asked<ExplainQuery>,
) -> Answer<Json<ExplainedView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    if row.state == "archived" {
        return Err(computing(&row));
    }
    let whom = match query.profile.contains(':') {
        true => Whom { identifier: Some(query.profile), profile_id: None },
        false => Whom { profile_id: Some(query.profile), identifier: None },
    };
    let profile = whom.find(&services, workspace).await?.profile;
    let now = services.now();
    let (no, profile_id) = (profile.no, profile.id.to_string());
    let (explained, entered, written, trees) = services
        .aside(move |services| {
            let (rows, entered) = services.store.read(|tx| {
                let entered = tx.entered_at(workspace, &row.segment_id, &[no])?;
                Ok((tx.segments(workspace)?, entered.into_iter().next().flatten().or(row.computed_at)))
            })?;
            let read = |text: &str| {
                let definition: Value = serde_json::from_str(text).unwrap_or_default();
                engine::segments::save::read_definition(&definition)
            };
            let written = read(&row.definition)?;
            let condition = Trees::of(&rows).expand(&written)?;
            let explained = scan::explain(&services.store, workspace, &condition, no, now)?;
            let tree = |row: &SegmentRow| Some((row.segment_id.clone(), read(&row.definition).ok()?));
            let trees: HashMap<String, Condition> = rows.iter().filter_map(tree).collect();
            Ok((explained, entered, written, trees))
        })
        .await?;
    let explained = explained.ok_or_else(|| Problem::not_found("the profile"))?;
    let member = explained.evaluation.holds;
    Ok(Json(ExplainedView {
        profile_id,
        member,
        compared: explained.compared.into_iter().map(ComparedView::of).collect(),
        tree: account_view(&written, explained.account, "", &trees),
        changes_at: iso_opt(explained.evaluation.changes_at),
        entered_at: iso_opt(entered.filter(|_| member)),
    }))
}

/// Somebody entered or left.
#[derive(Debug, Serialize, ToSchema)]
struct TransitionView {
    profile_id: String,
    name: Option<String>,
    /// `entered` or `left`.
    turn: String,
    at: String,
}

/// Who entered and left a segment
///
/// Newest first. What an edit of the definition or an import of history moved is not told here.
#[utoipa::path(get, path = "/segments/{id}/history", tag = "segments", params(("id" = String, Path), Paging), responses((status = 200, body = Page<TransitionView>)))]
async fn history(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<TransitionView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    row_of(&services, workspace, &id).await?;
    let (rows, people) = services
        .read(move |tx| {
            let rows = tx.transitions_of_segment(workspace, &id, before, limit + 1)?;
            let of: Vec<_> = rows.iter().map(|row| (workspace, row.profile)).collect();
            let people: HashMap<ProfileNo, (String, Option<String>)> = tx
                .profiles(&of)?
                .into_iter()
                .map(|(_, stored)| {
                    (stored.profile.no, (stored.profile.id.to_string(), stored.profile.full_name()))
                })
                .collect();
            Ok((rows, people))
        })
        .await?;
    let show = |row: TransitionRow| {
        let (profile_id, name) = people.get(&row.profile).cloned().unwrap_or_default();
        let turn = if row.entered { "entered" } else { "left" };
        TransitionView { profile_id, name, turn: turn.into(), at: iso(row.at) }
    };
    Ok(Json(Page::of(rows, limit, |row| [row.transition_no.to_string()], show)))
}

/// A segment that a profile is in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentOfProfile {
    pub id: String,
    pub name: String,
    /// When the profile entered last; when the segment was computed, if it was in it then.
    pub since: Option<String>,
}

pub async fn segments_of_profile(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    profile_id: &str,
) -> Answer<Vec<SegmentOfProfile>> {
    let no = by_id(services, workspace, profile_id).await?.profile.no;
    services
        .read(move |tx| {
            let mut found = Vec::new();
            let rows = tx.segments(workspace)?;
            for id in Census::read(tx, workspace)?.of_profile(tx, no)? {
                let Some(row) = rows.iter().find(|row| row.segment_id == id) else { continue };
                let entered = tx.entered_at(workspace, &id, &[no])?.into_iter().next().flatten();
                let since = iso_opt(entered.or(row.computed_at));
                found.push(SegmentOfProfile { id, name: row.name.clone(), since });
            }
            Ok(found)
        })
        .await
}
