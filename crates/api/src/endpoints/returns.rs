//! How the mailbox stands to which undeliverable mail returns.

use crate::caller::Reader;
use crate::listing::iso;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use axum::Json;
use axum::extract::State;
use domain::consent::Channel;
use kit::WorkspaceId;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use store::access::ChannelRow;
use store::deliverability::MailboxVisit;
use store::{ReadTx, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(find))
}

#[derive(Debug, Default, Serialize, ToSchema)]
struct ReturnsView {
    /// The address to which undeliverable mail returns; null: none is set up, or the channel is off.
    address: Option<String>,
    /// The IMAP server whose mailbox is read; null: none, a mail server hands such mail to `quaylai bounce`.
    host: Option<String>,
    /// When the mailbox was looked into last with these settings; null: not yet.
    visited_at: Option<String>,
    /// Why it could not be read then, in the words of the mail server where it spoke; null: it could. Mail waits in
    /// the mailbox and is read when it opens again.
    fault: Option<String>,
}

/// The e-mail channel where it is on, and its last visit of the mailbox with the settings as they are now.
pub(crate) fn last_visit(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
) -> Result<Option<(ChannelRow, Option<MailboxVisit>)>, StoreError> {
    let Some(row) = tx.channel(workspace, Channel::Email.as_str())?.filter(|row| row.enabled) else {
        return Ok(None);
    };
    let visit = tx.mailbox_visit(workspace)?.filter(|visit| visit.visited_at >= row.updated_at);
    Ok(Some((row, visit)))
}

/// See how the mailbox of returned mail stands
///
/// Whether it could be read when it was looked into last.
#[utoipa::path(get, path = "/channels/email/returns", tag = "channels", responses((status = 200, body = ReturnsView)))]
async fn find(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<ReturnsView>> {
    let workspace = caller.workspace;
    let Some((row, visit)) = services.read(move |tx| last_visit(tx, workspace)).await? else {
        return Ok(Json(ReturnsView::default()));
    };
    let shown = services.desk.shown(&row.sealed);
    let shown =
        shown.map_err(|error| Problem::internal(&format!("the channel email cannot be opened: {error}")))?;
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let returns = &shown["returns"];
    let mut view = ReturnsView {
        address: word(&returns["address"]),
        host: word(&returns["mailbox"]["host"]),
        ..ReturnsView::default()
    };
    if let Some(visit) = visit.filter(|_| view.host.is_some()) {
        view.visited_at = Some(iso(visit.visited_at));
        view.fault = Some(visit.fault).filter(|fault| !fault.is_empty());
    }
    Ok(Json(view))
}
