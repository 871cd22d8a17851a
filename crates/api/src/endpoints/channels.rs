//! How messages travel: which provider, with which credentials. Secrets go in and never come out.

use crate::callbacks::callback_url;
use crate::caller::{Admin, Reader};
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use domain::consent::Channel;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use store::Changeset;
use store::access::{ChannelRow, Workspace};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(find, put))
        .routes(routes!(check))
        .routes(routes!(trial))
}

/// A channel's set-up, without its secrets: provider, sender, and what the provider wants.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelView {
    channel: String,
    /// Whether it was ever set up.
    is_set_up: bool,
    enabled: bool,
    updated_at: Option<String>,
    /// Where the provider's servers tell what became of messages: entered at the provider. It is a secret where the
    /// provider signs nothing.
    callback_url: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

impl ChannelView {
    fn of(
        services: &Services,
        own: &Workspace,
        channel: Channel,
        row: Option<&ChannelRow>,
    ) -> Answer<ChannelView> {
        let mut settings = match row {
            None => Map::new(),
            Some(row) => match services.desk.shown(&row.sealed) {
                Ok(Value::Object(shown)) => shown,
                Ok(_) => Map::new(),
                Err(error) => {
                    return Err(Problem::internal(&format!(
                        "the channel {channel} cannot be opened: {error}"
                    )));
                }
            },
        };
        for name in ["channel", "is_set_up", "enabled", "updated_at", "callback_url"] {
            settings.remove(name);
        }
        Ok(ChannelView {
            channel: channel.to_string(),
            is_set_up: row.is_some(),
            enabled: row.is_some_and(|row| row.enabled),
            updated_at: row.map(|row| iso(row.updated_at)),
            callback_url: callback_url(services, own.workspace, &own.settings.public_url, channel),
            settings,
        })
    }
}

fn named(told: &str) -> Answer<Channel> {
    told.parse().map_err(|_| Problem::not_found("the channel"))
}

async fn row_of(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    channel: Channel,
) -> Answer<Option<ChannelRow>> {
    services.read(move |tx| tx.channel(workspace, channel.as_str())).await
}

/// List channels
#[utoipa::path(get, path = "/channels", tag = "channels", responses((status = 200, body = Page<ChannelView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<ChannelView>>> {
    let workspace = caller.workspace;
    let (rows, own) = services.read(move |tx| Ok((tx.channels()?, workspace_of(tx, workspace)?))).await?;
    let view = |channel: &Channel| {
        let row = rows.iter().find(|row| row.workspace == workspace && row.channel == channel.as_str());
        ChannelView::of(&services, &own, *channel, row)
    };
    Ok(Json(Page::whole(Channel::ALL.iter().map(view).collect::<Answer<_>>()?)))
}

/// Read a channel's set-up
#[utoipa::path(get, path = "/channels/{channel}", tag = "channels", params(("channel" = String, Path)), responses((status = 200, body = ChannelView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(channel): Path<String>,
) -> Answer<Json<ChannelView>> {
    let channel = named(&channel)?;
    let row = row_of(&services, caller.workspace, channel).await?;
    let own = services.read(move |tx| workspace_of(tx, caller.workspace)).await?;
    Ok(Json(ChannelView::of(&services, &own, channel, row.as_ref())?))
}

/// Set a channel up
///
/// `provider`, the sender (`from: {name, address}`, `reply_to`), `enabled` (true when not given), and what the provider
/// wants, such as `host`, `port`, `security`, `username` and `password` of `smtp`. A secret that is left out stays as
/// it is.
#[utoipa::path(put, path = "/channels/{channel}", tag = "channels", params(("channel" = String, Path)), request_body(content = Object), responses((status = 200, body = ChannelView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(channel): Path<String>,
    Told(mut told): Told<Value>,
) -> Answer<Json<ChannelView>> {
    let (workspace, channel) = (caller.workspace, named(&channel)?);
    let enabled = match told.as_object_mut().map(|told| told.remove("enabled")) {
        None => return Err(Problem::field("body", "a JSON object")),
        Some(None) => true,
        Some(Some(Value::Bool(enabled))) => enabled,
        Some(Some(_)) => return Err(Problem::field("enabled", "true or false")),
    };
    let stored = row_of(&services, workspace, channel).await?;
    let row = services
        .aside(move |services| {
            let stored = stored.as_ref().map(|row| row.sealed.as_slice());
            let sealed = services.desk.prepare(channel, &told, stored).map_err(|problems| {
                let first = problems.first();
                let first = first.map_or_else(String::new, |one| format!("{}: {}", one.field, one.message));
                Problem::unusable("invalid_channel", format!("the set-up cannot be used: {first}"))
                    .with_problems(problems)
            })?;
            let updated_at = services.now();
            Ok(ChannelRow { workspace, channel: channel.to_string(), sealed, enabled, updated_at })
        })
        .await?;
    let mut changes = Changeset::new();
    changes.set_channel(row.clone());
    services.configure(changes).await?;
    let own = services.read(move |tx| workspace_of(tx, workspace)).await?;
    Ok(Json(ChannelView::of(&services, &own, channel, Some(&row))?))
}

#[derive(Debug, Serialize, ToSchema)]
struct ChannelCheckView {
    ok: bool,
    /// What the provider said, or why it could not be reached.
    detail: String,
}

/// Try a channel
///
/// Whether the provider answers and takes the credentials. Nothing is sent.
#[utoipa::path(post, path = "/channels/{channel}/check", tag = "channels", params(("channel" = String, Path)), responses((status = 200, body = ChannelCheckView)))]
async fn check(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(channel): Path<String>,
) -> Answer<Json<ChannelCheckView>> {
    let channel = named(&channel)?;
    let Some(row) = row_of(&services, caller.workspace, channel).await? else {
        return Err(Problem::conflict("channel_not_set_up", "set the channel up first"));
    };
    let wait = std::time::Duration::from_secs(30);
    let outcome =
        tokio::time::timeout(wait, services.desk.check_of(caller.workspace, channel, &row.sealed)).await;
    let outcome = outcome.unwrap_or_else(|_| Err("no answer within 30 seconds".into()));
    let ok = outcome.is_ok();
    Ok(Json(ChannelCheckView { ok, detail: outcome.unwrap_or_else(|error| error) }))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TrialTold {
    /// Where it goes; when not given, to the address that you sign in with.
    to: Option<String>,
}

/// Send yourself a test
///
/// A short text by the e-mail channel, past the ledger, with the channel's sender and signature. The answer is the
/// provider's.
#[utoipa::path(post, path = "/channels/{channel}/test", tag = "channels", params(("channel" = String, Path)), request_body = TrialTold, responses((status = 200, body = ChannelCheckView)))]
async fn trial(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(channel): Path<String>,
    Told(told): Told<TrialTold>,
) -> Answer<Json<ChannelCheckView>> {
    let (workspace, channel) = (caller.workspace, named(&channel)?);
    if channel != Channel::Email {
        let detail = "only the e-mail channel sends tests of its own; try a template instead";
        return Err(Problem::conflict("channel_has_no_test", detail));
    }
    let Some(row) = row_of(&services, workspace, channel).await? else {
        return Err(Problem::conflict("channel_not_set_up", "set the channel up first"));
    };
    let account_id = caller.seat.as_ref().map(|seat| seat.account_id.clone());
    let (own, settings) = services
        .read(move |tx| {
            let own = account_id.map(|id| tx.account(workspace, &id)).transpose()?.flatten();
            Ok((own, workspace_of(tx, workspace)?.settings))
        })
        .await?;
    let to = told.to.filter(|to| !to.trim().is_empty()).or_else(|| own.map(|account| account.email));
    let Some(to) = to else { return Err(Problem::field("to", "an e-mail address")) };
    let to = to.trim().to_owned();
    domain::normalise::email::normalise(&to)
        .map_err(|_| Problem::field("to", "an e-mail address, such as ban@shop.vn"))?;
    if let Err(wait) = services.memory.trials.take(&format!("channel {}", workspace.0), services.now()) {
        return Err(Problem::too_many("a channel is tried at most 20 times an hour", wait));
    }
    let (subject, text) = if settings.language == "en" {
        ("A test from Quaylai", "The e-mail channel works: this message came by it.")
    } else {
        ("Thư thử từ Quaylai", "Kênh e-mail hoạt động: thư này vừa được gửi qua kênh đó.")
    };
    let sent = services.desk.post_for(workspace, &row.sealed, &to, subject, text);
    let sent = tokio::time::timeout(std::time::Duration::from_secs(30), sent).await;
    let sent = sent.unwrap_or_else(|_| Err("no answer within 30 seconds".into()));
    Ok(Json(match sent {
        Ok(()) => ChannelCheckView { ok: true, detail: to },
        Err(detail) => ChannelCheckView { ok: false, detail },
    }))
}
