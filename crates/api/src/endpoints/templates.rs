//! What messages say.

use crate::caller::{Reader, Writer};
use crate::listing::{Page, Paging, iso};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::{Channel, Purpose};
use domain::normalise::text::search_key;
use domain::template::blocks::{Brand, Document};
use domain::template::design::{Design, Push, Zns};
use domain::template::{Body, CompiledTemplate, TemplateSource};
use engine::Draft;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::content::TemplateDraftRow;
use store::messages::TemplateRow;
use store::{Changeset, ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, put, remove))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(uses))
        .routes(routes!(find_draft, put_draft, drop_draft))
}

#[derive(Debug, Serialize, ToSchema)]
struct TemplateView {
    id: String,
    name: String,
    channel: String,
    version: i64,
    created_at: String,
    updated_at: String,
    /// `marketing` or `transactional`, unless the journey says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    /// The id of one of the shop's topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    /// Of a text message: `keep` or `strip` the marks of Vietnamese; without it as the settings say.
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_marks: Option<String>,
    /// How it is written: `blocks`, `mjml`, `html`, `text`, `push` or `zns`.
    kind: String,
    /// Somebody works on a version that is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_draft: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// This and the rest are not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    preheader: Option<String>,
    /// `{"kind": "mjml", "source": "..."}`; of blocks, push and zns the source is their document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What it asks for: `cart.items[].name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<Vec<String>>,
}

fn kind_of(draft: &Draft) -> &'static str {
    match (&draft.design, &draft.source.body) {
        (Some(Design::Blocks(_)), _) => "blocks",
        (Some(Design::Push(_)), _) => "push",
        (Some(Design::Zns(_)), _) => "zns",
        (None, Body::Mjml(_)) => "mjml",
        (None, Body::Html(_)) => "html",
        (None, Body::Text(_)) => "text",
    }
}

impl TemplateView {
    fn brief(row: &TemplateRow) -> TemplateView {
        let draft = serde_json::from_str::<Draft>(&row.source).ok();
        TemplateView {
            id: row.template_id.clone(),
            name: row.name.clone(),
            channel: row.channel.clone(),
            version: row.version,
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            purpose: draft.as_ref().map(|draft| draft.purpose.to_string()),
            topic: draft.as_ref().map(|draft| draft.topic.clone()).filter(|topic| !topic.is_empty()),
            sms_marks: draft.as_ref().and_then(|draft| draft.sms_marks).map(|marks| marks.to_string()),
            kind: draft.as_ref().map_or("text", kind_of).to_owned(),
            has_draft: None,
            subject: draft.map(|draft| draft.source.subject),
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
        let body = match &draft.design {
            Some(design) => serde_json::to_value(design).ok(),
            None => serde_json::to_value(&draft.source.body).ok(),
        };
        TemplateView {
            body,
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
    /// The id of one of the shop's topics, which people can turn off.
    topic: Option<String>,
    /// Of a text message: `keep` or `strip` the marks of Vietnamese; as the settings say when not given.
    sms_marks: Option<String>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    preheader: String,
    /// `{"kind": "mjml", "source": "..."}`, or short `{"mjml": "..."}`; also `html` and `text`, and `blocks`, `push`
    /// and `zns`, whose source is a document, see docs/content.md.
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

/// A body as it was told: words, or a design that words are made of.
enum Written {
    Body(Body),
    Design(Design),
}

fn body_of(told: &Value) -> Answer<Written> {
    let wrong = || {
        Problem::field(
            "body",
            "{\"kind\": \"mjml\", \"source\": \"...\"} or {\"mjml\": \"...\"}; also html, text, blocks, push and zns",
        )
    };
    let object = told.as_object().ok_or_else(wrong)?;
    let (kind, source) =
        match (object.get("kind").and_then(Value::as_str), object.get("source"), object.len()) {
            (Some(kind), Some(source), 2) => (kind, source),
            (_, _, 1) => {
                let (kind, source) = object.iter().next().ok_or_else(wrong)?;
                (kind.as_str(), source)
            }
            _ => return Err(wrong()),
        };
    let text = || source.as_str().map(str::to_owned).ok_or_else(wrong);
    let unreadable = |error: serde_json::Error| Problem::field("body", error.to_string());
    Ok(match kind {
        "mjml" => Written::Body(Body::Mjml(text()?)),
        "html" => Written::Body(Body::Html(text()?)),
        "text" => Written::Body(Body::Text(text()?)),
        "blocks" => Written::Design(Design::Blocks(Document::read(source).map_err(|problems| {
            let first = problems.first().map_or_else(String::new, ToString::to_string);
            Problem::unusable("invalid_template", format!("the blocks cannot be used: {first}"))
                .with_problems(problems)
        })?)),
        "push" => {
            let push: Push = serde_json::from_value(source.clone()).map_err(unreadable)?;
            if let Some((field, message)) = push.problems().into_iter().next() {
                return Err(Problem::field(&format!("body.source.{field}"), message));
            }
            Written::Design(Design::Push(push))
        }
        "zns" => {
            let zns: Zns = serde_json::from_value(source.clone()).map_err(unreadable)?;
            if let Some((field, message)) = zns.problems().into_iter().next() {
                return Err(Problem::field(&format!("body.source.{field}"), message));
            }
            Written::Design(Design::Zns(zns))
        }
        _ => return Err(wrong()),
    })
}

impl NewTemplate {
    /// Reads and compiles it. Takes milliseconds: not on a thread that serves requests.
    pub fn check(self, brand: &Brand) -> Answer<Checked> {
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
        let topic = self.topic.unwrap_or_default();
        if topic.chars().count() > 100 || topic.contains(char::is_control) {
            return Err(Problem::field("topic", "one line of at most 100 characters"));
        }
        let sms_marks = self.sms_marks.as_deref().map(str::parse).transpose();
        let sms_marks = sms_marks.map_err(|error: String| Problem::field("sms_marks", error))?;
        if sms_marks.is_some() && channel != Channel::Sms {
            return Err(Problem::field("sms_marks", "for text messages alone"));
        }
        let (source, design) = match body_of(&self.body)? {
            Written::Body(body) => {
                let (subject, preheader, text) = (self.subject, self.preheader, self.text);
                (TemplateSource { subject, preheader, body, text }, None)
            }
            Written::Design(design) => {
                let fits = match design {
                    Design::Blocks(_) => channel == Channel::Email,
                    Design::Push(_) => matches!(channel, Channel::Push | Channel::Onsite),
                    Design::Zns(_) => channel == Channel::Zalo,
                };
                if !fits {
                    return Err(Problem::field(
                        "body",
                        "blocks are for email, push for push and zns for zalo",
                    ));
                }
                let is_marketing = purpose == Purpose::Marketing;
                let source = design.source(&self.subject, &self.preheader, self.text, brand, is_marketing);
                (source, Some(design))
            }
        };
        if channel != Channel::Email && !matches!(source.body, Body::Text(_)) {
            return Err(Problem::field("body", "other channels than e-mail take a text"));
        }
        let compiled = source.compile().map_err(|problems| {
            let first = problems.first().map_or_else(String::new, ToString::to_string);
            Problem::unusable("invalid_template", format!("the template cannot be used: {first}"))
                .with_problems(problems)
        })?;
        Ok(Checked {
            name: self.name,
            channel,
            draft: Draft { purpose, source, topic, sms_marks, design },
            compiled,
        })
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

/// The shop's design, for templates that are made of blocks.
pub async fn brand_of(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<Brand> {
    let row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    Ok(row.settings.brand)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of a name, a subject or an id; tone marks do not matter.
    search: Option<String>,
    /// `email`, `sms`, `zalo` or `push`.
    channel: Option<String>,
}

/// List templates
#[utoipa::path(get, path = "/templates", tag = "templates", params(ListQuery), responses((status = 200, body = Page<TemplateView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<TemplateView>>> {
    let workspace = caller.workspace;
    if query.search.as_ref().is_some_and(|search| search.len() > 200) {
        return Err(Problem::field("search", "at most 200 bytes"));
    }
    let (rows, drafts) =
        services.read(move |tx| Ok((tx.templates(workspace)?, tx.template_drafts(workspace)?))).await?;
    let wanted = query.search.as_deref().map(search_key).unwrap_or_default();
    let fits = |view: &TemplateView| {
        query.channel.as_ref().is_none_or(|channel| view.channel == *channel)
            && [&view.name, &view.id, view.subject.as_ref().unwrap_or(&view.id)]
                .iter()
                .any(|text| search_key(text).contains(&wanted))
    };
    let views = rows.iter().map(|row| TemplateView {
        has_draft: Some(drafts.iter().any(|(id, _)| *id == row.template_id)),
        ..TemplateView::brief(row)
    });
    Ok(Json(Page::whole(views.filter(fits).collect())))
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
    let brand = brand_of(&services, caller.workspace).await?;
    let checked = services.aside(move |_| told.check(&brand)).await?;
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
    let brand = brand_of(&services, workspace).await?;
    let checked = services.aside(move |_| told.check(&brand)).await?;
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
            // What was worked on is in force now.
            let mut changes = Changeset::new();
            changes.delete_template_draft(workspace, &id);
            if same {
                services.apply(changes).await?;
            } else {
                let row = TemplateRow { name, source, updated_at: services.now(), ..held };
                changes.update_template(workspace, &row);
                services.configure(changes).await?;
            }
        }
    }
    shown(&services, workspace, &id).await
}

/// A version of a template, in brief.
#[derive(Debug, Serialize, ToSchema)]
struct TemplateVersionView {
    version: i64,
    created_at: String,
    subject: String,
    /// How it is written: `blocks`, `mjml`, ...
    kind: String,
}

/// List a template's versions
///
/// Newest first; the newest is in force.
#[utoipa::path(get, path = "/templates/{id}/versions", tag = "templates", params(("id" = String, Path), Paging), responses((status = 200, body = Page<TemplateVersionView>)))]
async fn versions(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<TemplateVersionView>>> {
    let workspace = caller.workspace;
    row_of(&services, workspace, &id).await?;
    let limit = paging.limit()?;
    let below = paging.after_number()?.unwrap_or(i64::MAX);
    let rows = services.read(move |tx| tx.template_versions(workspace, &id, below, limit + 1)).await?;
    let behind = |row: &store::content::TemplateVersionRow| [row.version.to_string()];
    Ok(Json(Page::of(rows, limit, behind, |row| {
        let draft = serde_json::from_str::<Draft>(&row.source).ok();
        TemplateVersionView {
            version: row.version,
            created_at: iso(row.created_at),
            kind: draft.as_ref().map_or("text", kind_of).to_owned(),
            subject: draft.map(|draft| draft.source.subject).unwrap_or_default(),
        }
    })))
}

/// Read a version of a template
#[utoipa::path(get, path = "/templates/{id}/versions/{version}", tag = "templates", params(("id" = String, Path), ("version" = i64, Path)), responses((status = 200, body = TemplateView)))]
async fn version(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path((id, version)): Path<(String, i64)>,
) -> Answer<Json<TemplateView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let source = services.read(move |tx| tx.template_version(workspace, &id, version)).await?;
    let source = source.ok_or_else(|| Problem::not_found("this version of the template"))?;
    let row = TemplateRow { version, source, ..row };
    Ok(Json(services.aside(move |_| Ok(TemplateView::whole(&row))).await?))
}

/// Something that sends a template.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TemplateUse {
    /// `journey` or `campaign`.
    pub kind: String,
    pub id: String,
    pub name: String,
    pub state: String,
}

/// Journeys that are not archived and campaigns that are not over, by what their newest definitions name.
fn uses_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &TemplateRow,
) -> Result<Vec<TemplateUse>, StoreError> {
    fn names(value: &Value, row: &TemplateRow) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(key, value)| {
                (key == "template"
                    && value.as_str().is_some_and(|told| told == row.template_id || told == row.name))
                    || names(value, row)
            }),
            Value::Array(items) => items.iter().any(|item| names(item, row)),
            _ => false,
        }
    }
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let mut found = Vec::new();
    for journey in tx.journeys(workspace)? {
        if journey.status == "archived" {
            continue;
        }
        let mut named = false;
        for version in [journey.latest, journey.published] {
            if version > 0 && !named {
                let text = tx.journey_version(workspace, &journey.journey_id, version)?;
                named = text.is_some_and(|(text, _)| names(&read(&text), row));
            }
        }
        if named {
            found.push(TemplateUse {
                kind: "journey".into(),
                id: journey.journey_id,
                name: journey.name,
                state: journey.status,
            });
        }
    }
    let mut before = (kit::Timestamp::MAX, String::new());
    loop {
        let filter = store::campaigns::CampaignFilter {
            state: "",
            channel: "",
            search: "",
            archived: store::campaigns::Archived::No,
        };
        let page = tx.campaign_page(workspace, (before.0, &before.1), 500, filter)?;
        let Some(last) = page.last() else { break };
        before = (last.created_at, last.campaign_id.clone());
        for campaign in page {
            let is_over = ["done", "cancelled"].contains(&campaign.state.as_str());
            if !is_over && names(&read(&campaign.definition), row) {
                found.push(TemplateUse {
                    kind: "campaign".into(),
                    id: campaign.campaign_id,
                    name: campaign.name,
                    state: campaign.state,
                });
            }
        }
    }
    Ok(found)
}

/// Where a template is used
///
/// Journeys that are not archived and campaigns that are not over.
#[utoipa::path(get, path = "/templates/{id}/uses", tag = "templates", params(("id" = String, Path)), responses((status = 200, body = Page<TemplateUse>)))]
async fn uses(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<TemplateUse>>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let found = services.read(move |tx| uses_of(tx, workspace, &row)).await?;
    Ok(Json(Page::whole(found)))
}

/// Delete a template
///
/// With its versions. Refused while a journey or a campaign sends it; messages that were sent keep their words.
#[utoipa::path(delete, path = "/templates/{id}", tag = "templates", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let found = services.read(move |tx| uses_of(tx, workspace, &row)).await?;
    if !found.is_empty() {
        let named: Vec<String> = found.iter().map(|one| format!("{} \"{}\"", one.kind, one.name)).collect();
        let detail = format!("the template is used by {}; change these first", named.join(", "));
        return Err(Problem::conflict("template_in_use", detail).with_problems(found));
    }
    let mut changes = Changeset::new();
    changes.delete_template(workspace, &id);
    services.configure(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bytes of what somebody is writing.
const DRAFT_BYTES_MAX: usize = 1 << 20;

/// What somebody is writing; no message is made of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TemplateDraft {
    /// The version that it was begun on.
    base_version: i64,
    /// In the shape of a template, but it need not be whole.
    #[schema(value_type = Object)]
    template: Value,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    updated_by: Option<String>,
}

/// Read the draft of a template
///
/// What the editor saves by itself while somebody writes.
#[utoipa::path(get, path = "/templates/{id}/draft", tag = "templates", params(("id" = String, Path)), responses((status = 200, body = TemplateDraft)))]
async fn find_draft(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<TemplateDraft>> {
    let workspace = caller.workspace;
    let found = services.read(move |tx| tx.template_draft(workspace, &id)).await?;
    let row = found.ok_or_else(|| Problem::not_found("a draft of the template"))?;
    Ok(Json(TemplateDraft {
        base_version: row.base_version,
        template: serde_json::from_str(&row.doc).unwrap_or_default(),
        updated_at: Some(iso(row.updated_at)),
        updated_by: Some(row.updated_by),
    }))
}

/// Keep the draft of a template
#[utoipa::path(put, path = "/templates/{id}/draft", tag = "templates", params(("id" = String, Path)), request_body = TemplateDraft, responses((status = 200, body = TemplateDraft)))]
async fn put_draft(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<TemplateDraft>,
) -> Answer<Json<TemplateDraft>> {
    let workspace = caller.workspace;
    row_of(&services, workspace, &id).await?;
    if !told.template.is_object() {
        return Err(Problem::field("template", "an object in the shape of a template"));
    }
    let doc = told.template.to_string();
    if doc.len() > DRAFT_BYTES_MAX {
        return Err(Problem::field("template", "at most 1 MB: upload pictures and link to them"));
    }
    let now = services.now();
    let row = TemplateDraftRow {
        base_version: told.base_version,
        doc,
        updated_at: now,
        updated_by: caller.source.clone(),
    };
    let mut changes = Changeset::new();
    changes.set_template_draft(workspace, &id, row);
    services.apply(changes).await?;
    Ok(Json(TemplateDraft { updated_at: Some(iso(now)), updated_by: Some(caller.source), ..told }))
}

/// Drop the draft of a template
#[utoipa::path(delete, path = "/templates/{id}/draft", tag = "templates", params(("id" = String, Path)), responses((status = 204)))]
async fn drop_draft(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let workspace = caller.workspace;
    let mut changes = Changeset::new();
    changes.delete_template_draft(workspace, &id);
    services.apply(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}
