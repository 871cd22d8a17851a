//! Shops beside the first one, and what they are called.

use crate::audit::{Audit, Happened};
use crate::caller::{Admin, Member};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::session::Visitor;
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use domain::roles::Role;
use domain::settings::Settings;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Changeset;
use store::access::Workspace;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every batch and every send looks through the workspaces.
const WORKSPACES_MAX: usize = 200;
const SLUG_CHARS_MAX: usize = 40;
const NAME_BYTES_MAX: usize = 200;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(rename))
}

#[derive(Debug, Serialize, ToSchema)]
struct OwnWorkspaceView {
    /// Names the workspace in addresses and to programs; never changes.
    slug: String,
    name: String,
    language: String,
    time_zone: String,
    currency: String,
}

impl OwnWorkspaceView {
    fn of(row: Workspace) -> OwnWorkspaceView {
        OwnWorkspaceView {
            slug: row.slug,
            name: row.name,
            language: row.settings.language,
            time_zone: row.settings.time_zone,
            currency: row.settings.currency,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWorkspace {
    /// 2 to 40 of `a` to `z`, `0` to `9` and `-`. Never changes.
    slug: String,
    name: String,
    /// `vi` or `en`: of messages to customers. `vi` when left out.
    language: Option<String>,
    /// An IANA name; `Asia/Ho_Chi_Minh` when left out.
    time_zone: Option<String>,
    /// ISO 4217; `VND` when left out. The unit of every sum of money in the workspace.
    currency: Option<String>,
}

fn slug_told(slug: &str) -> Answer<String> {
    let slug = slug.trim();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_good = (2..=SLUG_CHARS_MAX).contains(&slug.len())
        && slug.chars().all(is_plain)
        && !slug.starts_with('-')
        && !slug.ends_with('-');
    if !is_good {
        let rule =
            "2 to 40 lower-case letters without marks, digits and -, with a letter or digit at both ends";
        return Err(Problem::field("slug", rule));
    }
    Ok(slug.to_owned())
}

fn shop_name_told(name: &str) -> Answer<String> {
    let name = name.trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
        return Err(Problem::field("name", format!("one line of 1 to {NAME_BYTES_MAX} bytes")));
    }
    Ok(name.to_owned())
}

/// Open another shop
///
/// A workspace of its own, with customers, journeys and settings that no other workspace sees. Whoever makes it
/// becomes its owner; `PUT /session` goes there. For owners who are signed in.
#[utoipa::path(post, path = "/workspaces", tag = "staff", request_body = NewWorkspace, responses((status = 201, body = OwnWorkspaceView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    request: Request,
) -> Answer<(StatusCode, Json<OwnWorkspaceView>)> {
    let seat = caller.signed_in()?.clone();
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let Told(told) =
        <Told<NewWorkspace> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    let (slug, name) = (slug_told(&told.slug)?, shop_name_told(&told.name)?);
    let mut settings = Settings::default();
    settings.shop.name = name.clone();
    settings.language = told.language.unwrap_or(settings.language);
    settings.time_zone = told.time_zone.unwrap_or(settings.time_zone);
    settings.currency = told.currency.unwrap_or(settings.currency);
    if let Some(problem) = settings.problems().first() {
        return Err(Problem::field(problem.path, problem.message.clone()));
    }
    let (workspace, id) = (caller.workspace, seat.account_id);
    let (rows, account) =
        services.read(move |tx| Ok((tx.workspaces()?, tx.account(workspace, &id)?))).await?;
    let account = account.ok_or_else(|| Problem::not_found("your account"))?;
    if rows.iter().any(|row| row.slug == slug) {
        let detail = "another workspace has this slug; take a different one";
        return Err(Problem::conflict("slug_taken", detail));
    }
    if rows.len() >= WORKSPACES_MAX {
        let detail =
            format!("this installation has {WORKSPACES_MAX} workspaces, which is as many as it may have");
        return Err(Problem::conflict("too_many_workspaces", detail));
    }
    let now = services.now();
    let row = Workspace {
        workspace: WorkspaceId(rows.iter().map(|row| row.workspace.0).max().unwrap_or(0) + 1),
        slug,
        name,
        settings,
        salt: services.new_id().to_string(),
        version: 1,
    };
    let mut changes = Changeset::new();
    changes.insert_workspace(&row, now);
    changes.insert_member(row.workspace, &account.account_id, Role::Owner.as_str(), now);
    let there =
        store::accounts::AccountRow { workspace: row.workspace, role: Role::Owner.to_string(), ..account };
    let actor = format!("account:{}", there.account_id);
    Happened::to_account(&there, "workspace_created", &actor, &visitor).add_to(&mut changes, now);
    audit.object("workspaces", &row.slug);
    // Of two that are made at once the second finds its number taken, and is made when it is asked for again.
    services.configure(changes).await?;
    Ok((StatusCode::CREATED, Json(OwnWorkspaceView::of(row))))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WorkspaceName {
    name: String,
}

/// Rename the workspace
///
/// The one that is worked in. Customers see the shop's name of the settings; this one is for its staff.
#[utoipa::path(patch, path = "/workspaces/{slug}", tag = "staff", params(("slug" = String, Path)), request_body = WorkspaceName, responses((status = 200, body = OwnWorkspaceView)))]
async fn rename(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(slug): Path<String>,
    audit: Audit,
    Told(told): Told<WorkspaceName>,
) -> Answer<Json<OwnWorkspaceView>> {
    let workspace = caller.workspace;
    let mut row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    if row.slug != slug {
        return Err(Problem::not_found("a workspace of this name; enter it first"));
    }
    let name = shop_name_told(&told.name)?;
    if name != row.name {
        audit.detail("name", serde_json::json!({ "before": row.name, "after": name }));
        row.name = name;
        let mut changes = Changeset::new();
        changes.update_workspace(&row);
        services.configure(changes).await?;
    }
    Ok(Json(OwnWorkspaceView::of(row)))
}
