//! A message as one person would get it, and a trial of it in one's own mailbox.

use crate::caller::{Reader, Sending};
use crate::endpoints::messages::{MessageView, sent_under};
use crate::endpoints::profiles::Whom;
use crate::endpoints::templates::{NewTemplate, row_of};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::Channel;
use domain::identifier::{Identifier, IdentifierKind};
use domain::profile::Profile;
use domain::template::CompiledTemplate;
use engine::{Composed, Draft, Note, Occasion, RenderFailure, order_of_context};
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(draft)).routes(routes!(stored)).routes(routes!(test))
}

/// An event that a template sees.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EventTold {
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Value,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewAsked {
    profile_id: Option<String>,
    identifier: Option<String>,
    /// What would have started the journey.
    event: Option<EventTold>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DraftPreviewAsked {
    template: NewTemplate,
    profile_id: Option<String>,
    identifier: Option<String>,
    event: Option<EventTold>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Preview {
    subject: String,
    preheader: String,
    html: Option<String>,
    text: Option<String>,
    /// Where its links lead.
    links: Vec<String>,
    /// Values that this person lacks and that have no default: the message would not be sent.
    missing: Vec<String>,
}

struct Asked {
    workspace: WorkspaceId,
    profile: Profile,
    event: EventTold,
    channel: Channel,
    campaign: String,
}

/// Renders aside: a template may use its whole budget.
async fn preview(
    services: &Arc<Services>,
    asked: Asked,
    draft: Draft,
    compiled: impl FnOnce(&Draft) -> Answer<CompiledTemplate> + Send + 'static,
) -> Answer<Json<Preview>> {
    let composed = services
        .aside(move |services| {
            let compiled = compiled(&draft)?;
            let properties =
                if asked.event.properties.is_null() { json!({}) } else { asked.event.properties };
            let name = asked.event.name.unwrap_or_else(|| "api".into());
            let now = services.now();
            let context = json!({ "event": { "name": name, "at": now.ms(), "properties": properties } });
            let (workspace, order) = services.store.read(|tx| {
                Ok((workspace_of(tx, asked.workspace)?, order_of_context(tx, asked.workspace, &context)?))
            })?;
            let occasion = Occasion {
                workspace: &workspace,
                message_no: 0,
                channel: asked.channel.as_str(),
                purpose: draft.purpose,
                campaign: &asked.campaign,
                context: &context,
                order: order.as_ref(),
                now,
                preview: true,
            };
            // The composer only remembers compiled templates: one that panicked left none half made.
            let composer = services.composer.lock().unwrap_or_else(PoisonError::into_inner);
            composer.compose_with(&compiled, &asked.profile, &occasion).map_err(refused)
        })
        .await?;
    let Composed { body, preheader, missing, .. } = composed;
    let (subject, html, text, links) = (body.subject, body.html, body.text, body.links);
    Ok(Json(Preview { subject, preheader, html, text, links, missing }))
}

fn refused(failure: RenderFailure) -> Problem {
    Problem::unusable(failure.code(), failure.detail())
}

/// Preview a draft
///
/// Of a template that is not stored.
#[utoipa::path(post, path = "/templates/preview", tag = "templates", request_body = DraftPreviewAsked, responses((status = 200, body = Preview)))]
async fn draft(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<DraftPreviewAsked>,
) -> Answer<Json<Preview>> {
    let workspace = caller.workspace;
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let profile = whom.find(&services, workspace).await?.profile;
    let checked = services.aside(move |_| told.template.check()).await?;
    let asked = Asked {
        workspace,
        profile,
        event: told.event.unwrap_or_default(),
        channel: checked.channel,
        campaign: "draft".into(),
    };
    let compiled = checked.compiled;
    preview(&services, asked, checked.draft, move |_| Ok(compiled)).await
}

/// Preview a template
///
/// As one profile would get it.
#[utoipa::path(post, path = "/templates/{id}/preview", tag = "templates", params(("id" = String, Path)), request_body = PreviewAsked, responses((status = 200, body = Preview)))]
async fn stored(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Told(told): Told<PreviewAsked>,
) -> Answer<Json<Preview>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let profile = whom.find(&services, workspace).await?.profile;
    let broken = |error: &dyn std::fmt::Display| Problem::unusable("template_broken", error.to_string());
    let draft: Draft = serde_json::from_str(&row.source).map_err(|error| broken(&error))?;
    let asked = Asked {
        workspace,
        profile,
        event: told.event.unwrap_or_default(),
        channel: row.channel.parse().unwrap_or(Channel::Email),
        campaign: row.template_id,
    };
    preview(&services, asked, draft, |draft| {
        draft.source.compile().map_err(|problems| {
            let first = problems.first().map_or_else(String::new, ToString::to_string);
            Problem::unusable("template_broken", first).with_problems(problems)
        })
    })
    .await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestAsked {
    /// Your own address.
    to: String,
    /// Whose values fill the template.
    profile_id: Option<String>,
    identifier: Option<String>,
    event: Option<EventTold>,
}

/// Send a test
///
/// To the address given, with the values of a profile. Counts for nothing, and asks nobody for consent.
#[utoipa::path(post, path = "/templates/{id}/test", tag = "templates", params(("id" = String, Path)), request_body = TestAsked, responses((status = 202, body = MessageView)))]
async fn test(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
    Told(told): Told<TestAsked>,
) -> Answer<(StatusCode, Json<MessageView>)> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let profile = whom.find(&services, workspace).await?.profile;
    let channel: Channel = row.channel.parse().unwrap_or(Channel::Email);
    let kind = match channel {
        Channel::Email => IdentifierKind::Email,
        Channel::Sms => IdentifierKind::Phone,
        Channel::Zalo => IdentifierKind::ZaloId,
        Channel::Push | Channel::Onsite | Channel::Webhook => IdentifierKind::PushEndpoint,
    };
    let to = Identifier::new(kind, &told.to).map_err(|error| Problem::field("to", error.to_string()))?;
    let draft: Option<Draft> = serde_json::from_str(&row.source).ok();
    let key = format!("test:{}", services.new_id());
    let note = Note::Send {
        profile_id: profile.id.to_string(),
        template_id: row.template_id,
        channel,
        purpose: draft.map_or(domain::consent::Purpose::Marketing, |draft| draft.purpose),
        origin: "test".into(),
        address: Some(to.value),
        key: key.clone(),
        properties: told.event.unwrap_or_default().properties,
        at: services.now().into(),
    };
    services.note(workspace, &note).await?;
    let message = sent_under(&services, workspace, profile.no, &key).await?;
    Ok((StatusCode::ACCEPTED, Json(message)))
}
