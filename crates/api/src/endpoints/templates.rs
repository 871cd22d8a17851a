//! What messages say.

use crate::caller::{Reader, Writer};
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::{Channel, Purpose};
use domain::normalise::text::search_key;
use domain::template::{Body, CompiledTemplate, TemplateSource};
use engine::Draft;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::Changeset;
use store::messages::TemplateRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(find, put))
}

#[derive(Debug, Serialize, ToSchema)]
struct TemplateView {
    id: String,
    name: String,
    channel: String,
    version: i64,
    created_at: String,
    updated_at: String,
    /// `marketing` or `transactional`, unless the journey says otherwise. The rest is not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preheader: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What it asks for: `cart.items[].name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<Vec<String>>,
}

impl TemplateView {
    fn brief(row: &TemplateRow) -> TemplateView {
        TemplateView {
            id: row.template_id.clone(),
            name: row.name.clone(),
            channel: row.channel.clone(),
            version: row.version,
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            purpose: None,
            subject: None,
            preheader: None,
            body: None,
            text: None,
            variables: None,
        }
    }

    fn whole(row: &TemplateRow) -> TemplateView {
        let brief = TemplateView::brief(row);
        let Ok(draft) = serde_json::from_str::<Draft>(&row.source) else { return brief };
        let variables = draft.source.compile().ok().map(|compiled| compiled.variables().to_vec());
        TemplateView {
            purpose: Some(draft.purpose.to_string()),
            body: serde_json::to_value(&draft.source.body).ok(),
            subject: Some(draft.source.subject),
            preheader: Some(draft.source.preheader),
            text: draft.source.text,
            variables,
            ..brief
        }
    }
}

/// A template as its author writes it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTemplate {
    /// With POST: a word of your own, by which journeys name it. Made from the name when not given.
    id: Option<String>,
    name: Option<String>,
    /// `email` when not given.
    channel: Option<String>,
    /// `marketing` when not given, or `transactional`.
    purpose: Option<String>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    preheader: String,
    /// `{"kind": "mjml", "source": "..."}`, or short `{"mjml": "..."}`; also `html` and `text`.
    #[schema(value_type = Object)]
    body: Value,
    /// The text part of an e-mail; made from the HTML when not given.
    text: Option<String>,
}

/// A template that was read and compiles.
pub struct Checked {
    pub name: Option<String>,
    pub channel: Channel,
    pub draft: Draft,
    pub compiled: CompiledTemplate,
}

fn body_of(told: &Value) -> Answer<Body> {
    let wrong = || {
        Problem::field(
            "body",
            "{\"kind\": \"mjml\", \"source\": \"...\"} or {\"mjml\": \"...\"}; also html and text",
        )
    };
    let object = told.as_object().ok_or_else(wrong)?;
    let word = |key: &str| object.get(key).and_then(Value::as_str);
    let (kind, source) = match (word("kind"), word("source"), object.len()) {
        (Some(kind), Some(source), 2) => (kind, source),
        (_, _, 1) => {
            let (kind, source) = object.iter().next().ok_or_else(wrong)?;
            (kind.as_str(), source.as_str().ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    };
    match kind {
        "mjml" => Ok(Body::Mjml(source.to_owned())),
        "html" => Ok(Body::Html(source.to_owned())),
        "text" => Ok(Body::Text(source.to_owned())),
        _ => Err(wrong()),
    }
}

impl NewTemplate {
    /// Reads and compiles it. Takes milliseconds: not on a thread that serves requests.
    pub fn check(self) -> Answer<Checked> {
        let channel = self.channel.as_deref().unwrap_or("email");
        let channel: Channel = channel.parse().map_err(|error: String| Problem::field("channel", error))?;
        let purpose = match self.purpose.as_deref().unwrap_or("marketing") {
            "marketing" => Purpose::Marketing,
            "transactional" => Purpose::Transactional,
            _ => return Err(Problem::field("purpose", "marketing or transactional")),
        };
        if self.name.as_ref().is_some_and(|name| name.trim().is_empty() || name.len() > 300) {
            return Err(Problem::field("name", "from 1 to 300 bytes"));
        }
        let source = TemplateSource {
            subject: self.subject,
            preheader: self.preheader,
            body: body_of(&self.body)?,
            text: self.text,
        };
        if channel != Channel::Email && !matches!(source.body, Body::Text(_)) {
            return Err(Problem::field("body", "other channels than e-mail take a text"));
        }
        let compiled = source.compile().map_err(|problems| {
            let first = problems.first().map_or_else(String::new, ToString::to_string);
            Problem::unusable("invalid_template", format!("the template cannot be used: {first}"))
                .with_problems(problems)
        })?;
        Ok(Checked { name: self.name, channel, draft: Draft { purpose, source, design: None }, compiled })
    }
}

pub fn check_id(id: &str) -> Answer<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=100).contains(&id.len()) && id.chars().all(plain) {
        return Ok(());
    }
    Err(Problem::field("id", "1 to 100 letters, digits, hyphens, dots and underscores, without marks"))
}

/// A word made of a name: "Giỏ hàng bị bỏ quên" is `gio-hang-bi-bo-quen`.
pub fn id_from(name: &str) -> String {
    let key = search_key(name);
    let words = key.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut id = words.collect::<Vec<_>>().join("-");
    id.truncate(60);
    id
}

pub async fn row_of(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<TemplateRow> {
    let id = id.to_owned();
    let found = services.read(move |tx| tx.template(workspace, &id)).await?;
    found.ok_or_else(|| Problem::not_found("the template"))
}

/// List templates
#[utoipa::path(get, path = "/templates", tag = "templates", responses((status = 200, body = Page<TemplateView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<TemplateView>>> {
    let workspace = caller.workspace;
    let rows = services.read(move |tx| tx.templates(workspace)).await?;
    Ok(Json(Page::whole(rows.iter().map(TemplateView::brief).collect())))
}

/// Read a template
#[utoipa::path(get, path = "/templates/{id}", tag = "templates", params(("id" = String, Path)), responses((status = 200, body = TemplateView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<TemplateView>> {
    shown(&services, caller.workspace, &id).await
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<Json<TemplateView>> {
    let row = row_of(services, workspace, id).await?;
    Ok(Json(services.aside(move |_| Ok(TemplateView::whole(&row))).await?))
}

/// Make a template
///
/// It is compiled: what is wrong with it is told with its place and line.
#[utoipa::path(post, path = "/templates", tag = "templates", request_body = NewTemplate, responses((status = 201, body = TemplateView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<NewTemplate>,
) -> Answer<(StatusCode, Json<TemplateView>)> {
    let id = match (&told.id, &told.name) {
        (Some(id), _) => id.clone(),
        (None, Some(name)) => id_from(name),
        (None, None) => return Err(Problem::field("name", "a name or an id is needed")),
    };
    check_id(&id)?;
    let checked = services.aside(move |_| told.check()).await?;
    insert(&services, caller.workspace, &id, &checked).await?;
    Ok((StatusCode::CREATED, shown(&services, caller.workspace, &id).await?))
}

fn source_of(draft: &Draft) -> Answer<String> {
    serde_json::to_string(draft).map_err(|error| Problem::internal(&error.to_string()))
}

async fn insert(services: &Arc<Services>, workspace: WorkspaceId, id: &str, checked: &Checked) -> Answer<()> {
    let now = services.now();
    let row = TemplateRow {
        template_id: id.to_owned(),
        name: checked.name.clone().unwrap_or_else(|| id.to_owned()),
        channel: checked.channel.to_string(),
        version: 1,
        created_at: now,
        updated_at: now,
        source: source_of(&checked.draft)?,
    };
    let mut changes = Changeset::new();
    changes.insert_template(workspace, &row);
    services.configure(changes).await
}

/// Write a template
///
/// Makes it, or adds a version; messages that are made from now on use it. The same again changes nothing.
#[utoipa::path(put, path = "/templates/{id}", tag = "templates", params(("id" = String, Path)), request_body = NewTemplate, responses((status = 200, body = TemplateView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<NewTemplate>,
) -> Answer<Json<TemplateView>> {
    let workspace = caller.workspace;
    check_id(&id)?;
    if told.id.as_ref().is_some_and(|inner| *inner != id) {
        return Err(Problem::field("id", "differs from the one in the path"));
    }
    let checked = services.aside(move |_| told.check()).await?;
    let looked_up = id.clone();
    let found = services.read(move |tx| tx.template(workspace, &looked_up)).await?;
    match found {
        None => insert(&services, workspace, &id, &checked).await?,
        Some(held) => {
            let source = source_of(&checked.draft)?;
            let name = checked.name.unwrap_or_else(|| held.name.clone());
            let channel = checked.channel.to_string();
            if held.channel != channel {
                let detail = "a template stays with its channel; make another one";
                return Err(Problem::conflict("template_has_another_channel", detail));
            }
            let same = json!([held.name, held.source]) == json!([name, source]);
            if !same {
                let mut changes = Changeset::new();
                let row = TemplateRow { name, source, updated_at: services.now(), ..held };
                changes.update_template(workspace, &row);
                services.configure(changes).await?;
            }
        }
    }
    shown(&services, workspace, &id).await
}
