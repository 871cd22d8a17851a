//! A message as one person would get it, and a trial of it in one's own mailbox.

use crate::caller::{Reader, Sending};
use crate::endpoints::messages::{MessageView, sent_under};
use crate::endpoints::profiles::Whom;
use crate::endpoints::templates::{NewTemplate, brand_of, row_of};
use crate::listing::Page;
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::consent::{Channel, Purpose};
use domain::delivery::MessageClass;
use domain::identifier::{Identifier, IdentifierKind};
use domain::price::{Priced, ZnsClass, price_of};
use domain::profile::Profile;
use domain::sms::{self, Marks};
use domain::template::design::{Design, Zns, zns_param_max};
use domain::template::lint::{Finding, Letter, Severity, lint};
use domain::template::{Body, CompiledTemplate, TemplateSource};
use engine::{Composed, Composer, Draft, Insight, Note, Occasion, RenderFailure, order_of_context};
use kit::WorkspaceId;
use scenarios::gallery::Piece;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(draft))
        .routes(routes!(check))
        .routes(routes!(stored))
        .routes(routes!(test))
        .routes(routes!(gallery))
        .routes(routes!(gallery_piece))
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
    /// Somebody who never was instead: `full` for one of whom all is known, `empty` for one of whom nothing is.
    sample: Option<String>,
    /// What would have started the journey.
    event: Option<EventTold>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DraftPreviewAsked {
    template: NewTemplate,
    profile_id: Option<String>,
    identifier: Option<String>,
    sample: Option<String>,
    event: Option<EventTold>,
}

/// What is worth another look before a message goes out.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// Stable: `subject_missing`, `alt_missing`, `contrast_low`, ...
    code: String,
    /// `error`, `warning` or `hint`.
    severity: String,
    /// What was found: a word, an address, a number.
    detail: String,
    message: String,
}

impl FindingView {
    fn of(finding: Finding) -> FindingView {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Hint => "hint",
        };
        FindingView {
            code: finding.code.to_owned(),
            severity: severity.to_owned(),
            detail: finding.detail,
            message: finding.message.to_owned(),
        }
    }
}

/// How networks bill a text.
#[derive(Debug, Serialize, ToSchema)]
struct SmsMeasure {
    /// As it goes out: an advertisement with its label and the way to stop.
    text: String,
    /// `gsm7` or `ucs2`.
    alphabet: String,
    units: usize,
    parts: usize,
    /// Units that the last part still takes.
    left: usize,
    /// Characters that make the text a `ucs2` one.
    beyond: Vec<String>,
    /// Of all parts, in minor units of the shop's currency; null when the price of a part is not set.
    price: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SmsView {
    written: SmsMeasure,
    /// The same without marks.
    plain: SmsMeasure,
    /// Which of the two goes out, as the template or the settings say: `keep` for `written`, `strip` for `plain`.
    marks: String,
    /// A text of more parts than this is not sent.
    parts_max: usize,
}

/// A parameter of a Zalo message with its value.
#[derive(Debug, Serialize, ToSchema)]
struct ZnsParam {
    name: String,
    value: String,
    length: usize,
    max: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct ZnsView {
    params: Vec<ZnsParam>,
    /// In minor units; null when it is not set.
    price: Option<i64>,
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
    /// What is worth another look, the most serious first.
    findings: Vec<FindingView>,
    /// Of the HTML, or of the text where there is none.
    bytes: usize,
    /// The MJML that was made of blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    mjml: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms: Option<SmsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zns: Option<ZnsView>,
}

/// Whose values fill a message.
enum Person {
    Known(Box<Profile>),
    /// Made up: with everything, or with nothing.
    Sample {
        full: bool,
    },
}

impl Person {
    async fn of(
        services: &Arc<Services>,
        workspace: WorkspaceId,
        whom: Whom,
        sample: Option<&str>,
    ) -> Answer<Person> {
        match sample {
            None => Ok(Person::Known(Box::new(whom.find(services, workspace).await?.profile))),
            Some(word @ ("full" | "empty")) => {
                if whom.profile_id.is_some() || whom.identifier.is_some() {
                    return Err(Problem::field("sample", "either a sample or a profile"));
                }
                Ok(Person::Sample { full: word == "full" })
            }
            Some(_) => Err(Problem::field("sample", "full or empty")),
        }
    }
}

struct Asked {
    workspace: WorkspaceId,
    person: Person,
    event: EventTold,
    channel: Channel,
    campaign: String,
}

/// Somebody who never was, in the language of the shop or of the message.
fn sample_context(base: &Value, language: &str) -> Value {
    let language = if language == "en" { scenarios::Language::En } else { scenarios::Language::Vi };
    let mut context = base.clone();
    let shop_url = base["shop"]["url"].as_str().filter(|url| !url.is_empty()).unwrap_or("https://shop.vn");
    let sample = scenarios::sample::context(language, shop_url.trim_end_matches('/'));
    let media = format!("{}/media/library", base["base_url"].as_str().unwrap_or_default());
    let fields = sample.as_object().into_iter().flatten();
    for (name, value) in fields {
        context[name] = value.clone();
    }
    for list in ["/cart/items", "/order/items", "/products", "/event/properties/products"] {
        let items = context.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (at, item) in items.enumerate() {
            item["image_url"] = json!(format!("{media}/product-{}.png", at % 4 + 1));
        }
    }
    // What the gallery's letters of one occasion ask for.
    let extra = json!({
        "points": 1_250, "points_expiring": 300, "points_expire_on": "31/12/2026", "tier": "VIP", "next_tier": "VIP",
        "voucher": "LAN20", "voucher_expires_on": "30/12/2026", "confirm_url": format!("{shop_url}/xac-nhan"),
        "old_price": 2_199_000, "price": 1_899_000, "name": context["products"][0]["name"],
        "image_url": context["products"][0]["image_url"],
    });
    for (name, value) in extra.as_object().into_iter().flatten() {
        if context["event"]["properties"].get(name).is_none() {
            context["event"]["properties"][name] = value.clone();
        }
    }
    context
}

/// Renders aside: a template may use its whole budget.
async fn preview(
    services: &Arc<Services>,
    asked: Asked,
    draft: Draft,
    compiled: impl FnOnce(&Draft) -> Answer<CompiledTemplate> + Send + 'static,
) -> Answer<Json<Preview>> {
    services.aside(move |services| shown(services, asked, &draft, compiled)).await.map(Json)
}

fn shown(
    services: &Services,
    asked: Asked,
    draft: &Draft,
    compiled: impl FnOnce(&Draft) -> Answer<CompiledTemplate>,
) -> Answer<Preview> {
    let compiled = compiled(draft)?;
    let properties = if asked.event.properties.is_null() { json!({}) } else { asked.event.properties };
    let name = asked.event.name.unwrap_or_else(|| "api".into());
    let now = services.now();
    let context = json!({ "event": { "name": name, "at": now.ms(), "properties": properties } });
    let (workspace, order, insight) = services.store.read(|tx| {
        let order = order_of_context(tx, asked.workspace, &context)?;
        Ok((workspace_of(tx, asked.workspace)?, order, Insight::read(tx, asked.workspace)?))
    })?;
    let occasion = Occasion {
        workspace: &workspace,
        insight: &insight,
        message_no: 0,
        channel: asked.channel.as_str(),
        purpose: draft.purpose,
        campaign: &asked.campaign,
        context: &context,
        order: order.as_ref(),
        now,
        preview: true,
    };
    let language = match &draft.design {
        Some(Design::Blocks(document)) => document.language.clone(),
        _ => workspace.settings.language.clone(),
    };
    if !compiled.recommendations().is_empty() {
        // What the shop just told is shown at once.
        services.shelves.look(asked.workspace, now, |_| ())?;
    }
    // The composer only remembers compiled templates: one that panicked left none half made.
    let composer = services.composer.lock().unwrap_or_else(PoisonError::into_inner);
    let values = match &asked.person {
        Person::Known(profile) => composer.values_for(&compiled, profile, &occasion),
        Person::Sample { full } => {
            let nobody = Profile::new(kit::ProfileNo(0), kit::Id::from_u128(0), now);
            let base = composer.values(&nobody, &occasion);
            if *full { sample_context(&base, &language) } else { base }
        }
    };
    let composed = composer.compose_in(&compiled, &values, &occasion).map_err(refused)?;
    let zns = match &draft.design {
        Some(Design::Zns(zns)) => Some(zns_of(zns, &composer, &values, &occasion)?),
        _ => None,
    };
    drop(composer);
    let Composed { body, preheader, missing, .. } = composed;
    let is_marketing = draft.purpose == Purpose::Marketing;
    let settings = &workspace.settings;
    let findings = match &body.html {
        Some(html) => lint(&Letter {
            subject: &body.subject,
            preheader: &preheader,
            html,
            is_marketing,
            has_unsubscribe: compiled.uses_unsubscribe_link(),
            has_address: !settings.shop.address.trim().is_empty(),
        }),
        None => Vec::new(),
    };
    let text = body.text.as_deref().unwrap_or_default();
    let class = if is_marketing { MessageClass::Advertising } else { MessageClass::Care };
    let sms = (asked.channel == Channel::Sms).then(|| {
        let measured = |marks: Marks| {
            let text = sms::outgoing(text, class, marks, &settings.texting.sms_opt_out);
            let measured = sms::measure(&text);
            // Nobody in particular is meant, so the network is not known.
            let message = Priced::Sms { to: "", class, parts: measured.parts };
            SmsMeasure {
                alphabet: measured.alphabet.to_string(),
                units: measured.units,
                parts: measured.parts,
                left: measured.left,
                beyond: measured.beyond.iter().take(20).map(char::to_string).collect(),
                price: price_of(&message, &settings.texting),
                text,
            }
        };
        let parts_max = settings.texting.sms_parts_max.of(class);
        let marks = draft.sms_marks.unwrap_or(settings.texting.sms_marks).to_string();
        SmsView { written: measured(Marks::Keep), plain: measured(Marks::Strip), marks, parts_max }
    });
    let mjml = match (&draft.design, &draft.source.body) {
        (Some(Design::Blocks(_)), Body::Mjml(mjml)) => Some(mjml.clone()),
        _ => None,
    };
    let zns_message = Priced::Zns { class: ZnsClass::Transaction, has_image: false };
    let zns_price = price_of(&zns_message, &settings.texting);
    Ok(Preview {
        bytes: body.html.as_deref().unwrap_or(text).len(),
        subject: body.subject,
        preheader,
        html: body.html,
        text: body.text,
        links: body.links,
        missing,
        findings: findings.into_iter().map(FindingView::of).collect(),
        mjml,
        sms,
        zns: zns.map(|params| ZnsView { params, price: zns_price }),
    })
}

/// The parameters that Zalo's template asks for, each with the value of this person.
fn zns_of(zns: &Zns, composer: &Composer, values: &Value, occasion: &Occasion<'_>) -> Answer<Vec<ZnsParam>> {
    let mut params = Vec::new();
    for name in zns.asked() {
        let source = TemplateSource {
            body: Body::Text(zns.params.get(&name).cloned().unwrap_or_default()),
            ..TemplateSource::default()
        };
        let compiled = source.compile().map_err(|problems| {
            let first = problems.first().map_or_else(String::new, ToString::to_string);
            Problem::unusable("invalid_template", format!("the parameter {name}: {first}"))
        })?;
        let value =
            composer.compose_in(&compiled, values, occasion).map_err(refused)?.body.text.unwrap_or_default();
        params.push(ZnsParam { length: value.chars().count(), max: zns_param_max(&name), value, name });
    }
    Ok(params)
}

fn refused(failure: RenderFailure) -> Problem {
    Problem::unusable(failure.code(), failure.detail())
}

/// Preview a draft
///
/// Of a template that is not stored, as one profile would get it or somebody made up, with what is worth another look.
#[utoipa::path(post, path = "/templates/preview", tag = "templates", request_body = DraftPreviewAsked, responses((status = 200, body = Preview)))]
async fn draft(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<DraftPreviewAsked>,
) -> Answer<Json<Preview>> {
    let workspace = caller.workspace;
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let person = Person::of(&services, workspace, whom, told.sample.as_deref()).await?;
    let brand = brand_of(&services, workspace).await?;
    let checked = services.aside(move |_| told.template.check(&brand)).await?;
    let asked = Asked {
        workspace,
        person,
        event: told.event.unwrap_or_default(),
        channel: checked.channel,
        campaign: "draft".into(),
    };
    let compiled = checked.compiled;
    preview(&services, asked, checked.draft, move |_| Ok(compiled)).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LintAsked {
    template: NewTemplate,
}

/// What is worth another look in a template.
#[derive(Debug, Serialize, ToSchema)]
struct LintView {
    findings: Vec<FindingView>,
    /// Values without a default: whoever lacks one does not get the message.
    missing: Vec<String>,
    /// Of the HTML, or of the text.
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms: Option<SmsView>,
}

/// Check a draft
///
/// Without anybody's data: filled with made-up values, and for `missing` with none.
#[utoipa::path(post, path = "/templates/lint", tag = "templates", request_body = LintAsked, responses((status = 200, body = LintView)))]
async fn check(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<LintAsked>,
) -> Answer<Json<LintView>> {
    let workspace = caller.workspace;
    let brand = brand_of(&services, workspace).await?;
    services
        .aside(move |services| {
            let again = told.template.clone();
            let one = |template: NewTemplate, full: bool| {
                let checked = template.check(&brand)?;
                let asked = Asked {
                    workspace,
                    person: Person::Sample { full },
                    event: EventTold::default(),
                    channel: checked.channel,
                    campaign: "draft".into(),
                };
                let compiled = checked.compiled;
                shown(services, asked, &checked.draft, move |_| Ok(compiled))
            };
            let (full, empty) = (one(told.template, true)?, one(again, false)?);
            Ok(Json(LintView {
                findings: full.findings,
                missing: empty.missing,
                bytes: full.bytes,
                sms: full.sms,
            }))
        })
        .await
}

/// Preview a template
///
/// As one profile would get it, or somebody made up.
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
    let person = Person::of(&services, workspace, whom, told.sample.as_deref()).await?;
    let broken = |error: &dyn std::fmt::Display| Problem::unusable("template_broken", error.to_string());
    let draft: Draft = serde_json::from_str(&row.source).map_err(|error| broken(&error))?;
    let asked = Asked {
        workspace,
        person,
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

/// A message to begin with.
#[derive(Debug, Serialize, ToSchema)]
struct GalleryPiece {
    id: String,
    /// `welcome`, `cart`, `order`, `after`, `occasion`, `promotion`, `loyalty` or `short`.
    group: String,
    channel: String,
    purpose: String,
    name: String,
    about: String,
    subject: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct WholePiece {
    #[serde(flatten)]
    piece: GalleryPiece,
    /// What `POST /templates` takes.
    #[schema(value_type = Object)]
    template: Value,
    /// As somebody made up would get it, in the shop's design.
    preview: Preview,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct LanguageAsked {
    /// `vi` or `en`; the workspace's own when not given.
    language: Option<String>,
}

impl LanguageAsked {
    fn language(&self, own: &str) -> Answer<scenarios::Language> {
        match self.language.as_deref().unwrap_or(own) {
            "en" => Ok(scenarios::Language::En),
            "vi" => Ok(scenarios::Language::Vi),
            _ => Err(Problem::field("language", "vi or en")),
        }
    }
}

fn piece_of(piece: &Piece, language: scenarios::Language) -> GalleryPiece {
    let template = piece.template(language);
    GalleryPiece {
        id: piece.id.clone(),
        group: piece.group.to_owned(),
        channel: piece.channel.clone(),
        purpose: piece.purpose.clone(),
        name: piece.name.in_language(language).to_owned(),
        about: piece.about.in_language(language).to_owned(),
        subject: template["subject"].as_str().unwrap_or_default().to_owned(),
    }
}

/// List the gallery
///
/// Messages to begin with, in one language.
#[utoipa::path(get, path = "/template-gallery", tag = "templates", params(LanguageAsked), responses((status = 200, body = Page<GalleryPiece>)))]
async fn gallery(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Query(asked): Query<LanguageAsked>,
) -> Answer<Json<Page<GalleryPiece>>> {
    let workspace = caller.workspace;
    let row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let language = asked.language(&row.settings.language)?;
    Ok(Json(Page::whole(
        scenarios::gallery::gallery().iter().map(|piece| piece_of(piece, language)).collect(),
    )))
}

/// Read a message of the gallery
///
/// With the template that it makes, and as somebody made up would get it.
#[utoipa::path(get, path = "/template-gallery/{id}", tag = "templates", params(("id" = String, Path), LanguageAsked), responses((status = 200, body = WholePiece)))]
async fn gallery_piece(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Query(asked): Query<LanguageAsked>,
) -> Answer<Json<WholePiece>> {
    let workspace = caller.workspace;
    let piece =
        scenarios::gallery::piece(&id).ok_or_else(|| Problem::not_found("the message of the gallery"))?;
    let row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let language = asked.language(&row.settings.language)?;
    services
        .aside(move |services| {
            let template = piece.template(language);
            let told: NewTemplate = serde_json::from_value(template.clone())
                .map_err(|error| Problem::internal(&format!("the gallery: {error}")))?;
            let checked = told.check(&row.settings.brand)?;
            let asked = Asked {
                workspace,
                person: Person::Sample { full: true },
                event: EventTold::default(),
                channel: checked.channel,
                campaign: "gallery".into(),
            };
            let compiled = checked.compiled;
            let preview = shown(services, asked, &checked.draft, move |_| Ok(compiled))?;
            Ok(Json(WholePiece { piece: piece_of(piece, language), template, preview }))
        })
        .await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TemplateTest {
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
#[utoipa::path(post, path = "/templates/{id}/test", tag = "templates", params(("id" = String, Path)), request_body = TemplateTest, responses((status = 202, body = MessageView)))]
async fn test(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    Path(id): Path<String>,
    Told(told): Told<TemplateTest>,
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
        ways: Default::default(),
        at: services.now().into(),
    };
    services.note(workspace, &note).await?;
    let message = sent_under(&services, workspace, profile.no, &key).await?;
    Ok((StatusCode::ACCEPTED, Json(message)))
}
