//! The library of ready scenarios: looked at, and installed as the shop's own.

use crate::caller::{Reader, Writer};
use crate::listing::Page;
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::commerce::{Cart, CartLine, Contents, Order};
use domain::identifier::{Identifier, IdentifierKind};
use domain::profile::Profile;
use domain::roles::Permission;
use engine::install::{InstallError, Installed, Installing, Part, install_scenario, prepare_scenario};
use engine::segments::save::SaveError;
use engine::{NO_INSIGHT, Occasion, RenderFailure};
use kit::{ProfileNo, Timestamp};
use scenarios::{Language, Needs, Parameter, ParameterProblem, Prepared, PreparedTemplate, Scenario, Words};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::{Arc, PoisonError};
use store::access::Workspace;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(find)).routes(routes!(install))
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
struct BothLanguages {
    vi: String,
    en: String,
}

impl From<&Words> for BothLanguages {
    fn from(words: &Words) -> Self {
        BothLanguages { vi: words.vi.clone(), en: words.en.clone() }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct NeedsView {
    events: Vec<String>,
    attributes: Vec<String>,
    /// `email.marketing`
    consents: Vec<String>,
    /// What has to be done by hand first.
    setup: Option<BothLanguages>,
}

impl From<&Needs> for NeedsView {
    fn from(needs: &Needs) -> Self {
        NeedsView {
            events: needs.events.clone(),
            attributes: needs.attributes.clone(),
            consents: needs.consents.clone(),
            setup: needs.setup.as_ref().map(BothLanguages::from),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ScenarioView {
    slug: String,
    /// `welcome`, `browsing`, `orders`, `after_purchase`, `win_back`, `occasions` or `leads`.
    category: String,
    name: BothLanguages,
    summary: BothLanguages,
    needs: NeedsView,
    /// `draft`, `active`, `paused` or `archived` as its main journey is; null when it is not installed.
    installed: Option<String>,
}

impl ScenarioView {
    fn of(scenario: &Scenario, installed: Option<String>) -> ScenarioView {
        ScenarioView {
            slug: scenario.slug.clone(),
            category: scenario.category.clone(),
            name: (&scenario.name).into(),
            summary: (&scenario.summary).into(),
            needs: (&scenario.needs).into(),
            installed,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ParameterView {
    name: String,
    /// `duration`, `offset`, `time`, `number`, `percent`, `amount`, `text`, `code`, `path` or `choice`.
    #[schema(value_type = String)]
    kind: scenarios::Kind,
    label: BothLanguages,
    #[schema(value_type = Object)]
    default: Value,
    /// Of numbers and amounts; of durations in hours, of offsets in days.
    min: Option<i64>,
    max: Option<i64>,
    /// Of a choice.
    options: Vec<String>,
}

impl ParameterView {
    fn of(parameter: &Parameter, language: Language) -> ParameterView {
        ParameterView {
            name: parameter.name.clone(),
            kind: parameter.kind,
            label: (&parameter.label).into(),
            default: parameter.default_in(language),
            min: parameter.min,
            max: parameter.max,
            options: parameter.options.clone(),
        }
    }
}

/// A text as somebody who never was would get it.
#[derive(Debug, Serialize, ToSchema)]
struct SamplePreview {
    subject: String,
    preheader: String,
    html: Option<String>,
    text: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ScenarioTemplate {
    id: String,
    name: String,
    channel: String,
    purpose: String,
    /// The channel that the step is meant for once it exists; until then it goes by `channel`.
    intended_channel: Option<String>,
    preview: SamplePreview,
}

#[derive(Debug, Serialize, ToSchema)]
struct ScenarioJourney {
    /// The word under which it will be found at `/journeys/{id}`.
    word: String,
    name: String,
    #[schema(value_type = Object)]
    definition: Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct ScenarioSegment {
    id: String,
    name: String,
    #[schema(value_type = Object)]
    definition: Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct WholeScenario {
    #[serde(flatten)]
    scenario: ScenarioView,
    language: String,
    parameters: Vec<ParameterView>,
    segments: Vec<ScenarioSegment>,
    journeys: Vec<ScenarioJourney>,
    templates: Vec<ScenarioTemplate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListAsked {
    category: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindAsked {
    language: Option<String>,
}

fn scenario_of(slug: &str) -> Answer<&'static Scenario> {
    scenarios::find(slug).ok_or_else(|| Problem::not_found("the scenario"))
}

/// The language asked for, else that of the workspace.
fn language_of(told: Option<&str>, workspace: &Workspace) -> Answer<Language> {
    match told {
        Some(told) => told.parse().map_err(|error: String| Problem::field("language", error)),
        None => Ok(workspace.settings.language.parse().unwrap_or(Language::Vi)),
    }
}

fn refused(problems: Vec<ParameterProblem>) -> Problem {
    let first =
        problems.first().map_or_else(String::new, |one| format!("{}: {}", one.parameter, one.message));
    Problem::unusable("invalid_parameters", format!("the parameters cannot be used: {first}"))
        .with_problems(problems)
}

/// What became of the main journey of each scenario in a workspace.
fn installed_as(
    services: &Services,
    workspace: kit::WorkspaceId,
    scenario: &Scenario,
) -> Answer<Option<String>> {
    let id = engine::derived_id(&["journey", &scenario.slug]).to_string();
    let row = services.store.read(|tx| tx.journey(workspace, &id))?;
    Ok(row.map(|row| row.status))
}

/// List the ready scenarios
///
/// All of them, in both languages; with `category` only those of one.
#[utoipa::path(get, path = "/scenarios", tag = "scenarios", params(("category" = Option<String>, Query)), responses((status = 200, body = Page<ScenarioView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Query(asked): Query<ListAsked>,
) -> Answer<Json<Page<ScenarioView>>> {
    let views = services.aside(move |services| {
        let wanted = |scenario: &&Scenario| {
            asked.category.as_ref().is_none_or(|category| *category == scenario.category)
        };
        let each = scenarios::library().iter().filter(wanted);
        each.map(|scenario| {
            Ok(ScenarioView::of(scenario, installed_as(services, caller.workspace, scenario)?))
        })
        .collect()
    });
    Ok(Json(Page::whole(views.await?)))
}

/// Read a ready scenario
///
/// In one language, with its parameters' defaults, and with every text as a made-up person would get it. `language` is
/// the workspace's own when not given.
#[utoipa::path(get, path = "/scenarios/{slug}", tag = "scenarios", params(("slug" = String, Path), ("language" = Option<String>, Query)), responses((status = 200, body = WholeScenario)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(slug): Path<String>,
    Query(asked): Query<FindAsked>,
) -> Answer<Json<WholeScenario>> {
    let scenario = scenario_of(&slug)?;
    let whole = services.aside(move |services| {
        let workspace = services.store.read(|tx| workspace_of(tx, caller.workspace))?;
        let language = language_of(asked.language.as_deref(), &workspace)?;
        let prepared = prepare_scenario(scenario, language, &Map::new()).map_err(refused)?;
        let templates = previews(services, &workspace, language, &prepared)?;
        Ok(WholeScenario {
            scenario: ScenarioView::of(scenario, installed_as(services, caller.workspace, scenario)?),
            language: language.to_string(),
            parameters: scenario.parameters.iter().map(|one| ParameterView::of(one, language)).collect(),
            segments: prepared
                .segments
                .into_iter()
                .map(|one| ScenarioSegment { id: one.id, name: one.name, definition: one.definition })
                .collect(),
            journeys: prepared
                .journeys
                .into_iter()
                .map(|one| ScenarioJourney { word: one.word, name: one.name, definition: one.definition })
                .collect(),
            templates,
        })
    });
    Ok(Json(whole.await?))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InstallAsked {
    /// `vi` or `en`; the workspace's own when not given.
    language: Option<String>,
    /// By name; the others are as the scenario says.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
    /// Puts the journeys in force at once; else they are drafts.
    #[serde(default)]
    publish: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct PartView {
    id: String,
    name: String,
    /// False when it was there before; it is then as the shop left it.
    created: bool,
}

impl From<Part> for PartView {
    fn from(part: Part) -> Self {
        PartView { id: part.id, name: part.name, created: part.created }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct JourneyPartView {
    id: String,
    word: String,
    name: String,
    /// `draft`, `active`, `paused` or `archived`.
    status: String,
    created: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct InstalledView {
    slug: String,
    language: String,
    /// Whether anything was made.
    created: bool,
    segments: Vec<PartView>,
    templates: Vec<PartView>,
    journeys: Vec<JourneyPartView>,
    /// Every text as a made-up person would get it, with the parameters that were told.
    previews: Vec<ScenarioTemplate>,
}

/// Install a ready scenario
///
/// Makes its templates, segments and journeys; from then on they are the shop's own. Installing again makes nothing and
/// tells what is there. With `publish` the journeys that are drafts are put in force, which needs the right to send.
#[utoipa::path(post, path = "/scenarios/{slug}/install", tag = "scenarios", params(("slug" = String, Path)), request_body = InstallAsked,
    responses((status = 201, body = InstalledView), (status = 200, body = InstalledView, description = "Everything was there.")))]
async fn install(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(slug): Path<String>,
    Told(told): Told<InstallAsked>,
) -> Answer<(StatusCode, Json<InstalledView>)> {
    let scenario = scenario_of(&slug)?;
    if told.publish {
        caller.needs(Permission::Send)?;
    }
    let view = services.aside(move |services| {
        let workspace = services.store.read(|tx| workspace_of(tx, caller.workspace))?;
        let language = language_of(told.language.as_deref(), &workspace)?;
        let prepared = prepare_scenario(scenario, language, &told.parameters).map_err(refused)?;
        let installing =
            Installing { language, parameters: &told.parameters, publish: told.publish, by: &caller.source };
        let now = services.now();
        let installed = install_scenario(&services.store, caller.workspace, scenario, &installing, now)
            .map_err(not_installed)?;
        let previews = previews(services, &workspace, language, &prepared)?;
        Ok(shown(&slug, language, installed, previews))
    });
    let view = view.await?;
    services.door.wake();
    Ok((if view.created { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

fn not_installed(error: InstallError) -> Problem {
    match error {
        InstallError::Parameters(problems) => refused(problems),
        InstallError::Segment(name, SaveError::TooMany) => {
            let detail = format!("the segment {name} cannot be made: there are too many; archive some");
            Problem::conflict("too_many_segments", detail)
        }
        InstallError::Segment(_, SaveError::Store(error)) => error.into(),
        InstallError::Engine(engine::EngineError::Store(error)) => error.into(),
        other => Problem::internal(&other.to_string()),
    }
}

fn shown(
    slug: &str,
    language: Language,
    installed: Installed,
    previews: Vec<ScenarioTemplate>,
) -> InstalledView {
    let parts = installed.segments.iter().chain(&installed.templates).map(|part| part.created);
    let created =
        parts.chain(installed.journeys.iter().map(|journey| journey.created)).any(|created| created);
    let journeys = installed.journeys.into_iter().map(|journey| JourneyPartView {
        id: journey.row.journey_id,
        word: journey.word,
        name: journey.row.name,
        status: journey.row.status,
        created: journey.created,
    });
    InstalledView {
        slug: slug.to_owned(),
        language: language.to_string(),
        created,
        segments: installed.segments.into_iter().map(PartView::from).collect(),
        templates: installed.templates.into_iter().map(PartView::from).collect(),
        journeys: journeys.collect(),
        previews,
    }
}

/// A made-up person with a cart and an order, in the shop's currency.
struct Sample {
    profile: Profile,
    order: Order,
    context: Value,
}

fn sample(language: Language, workspace: &Workspace, now: Timestamp) -> Answer<Sample> {
    let shop_url = workspace.settings.shop.url.trim_end_matches('/');
    let told = scenarios::sample::context(language, shop_url);
    let currency = workspace.settings.currency();
    // Of a currency with cents the same figures are a hundredth in its own unit, which is as plausible.
    let mut profile = Profile::new(ProfileNo(0), engine::derived_id(&["sample"]), now);
    let known = [
        (IdentifierKind::Email, &told["customer"]["email"]),
        (IdentifierKind::Phone, &told["customer"]["phone"]),
    ];
    for (kind, value) in known {
        if let Ok(identifier) = Identifier::new(kind, value.as_str().unwrap_or_default()) {
            profile.identifiers.push(domain::profile::KnownIdentifier { identifier, at: now.into() });
        }
    }
    for name in ["name", "birthday", "gender"] {
        // Within every limit of a profile.
        let _ = profile.set_attribute(name, told["customer"][name].clone(), now);
    }
    let lines = told["cart"]["items"].as_array().into_iter().flatten().map(|item| {
        let text = |name: &str| item[name].as_str().map(str::to_owned);
        CartLine {
            product_id: text("product_id").unwrap_or_default(),
            name: text("name"),
            category: text("category"),
            price: item["price"].as_i64().unwrap_or_default(),
            quantity: item["quantity"].as_i64().unwrap_or_default(),
            url: text("url"),
            ..CartLine::default()
        }
    });
    let lines: Vec<CartLine> = lines.collect();
    profile.carts.push(Cart {
        cart_id: "sample".into(),
        currency: currency.code().to_owned(),
        lines: lines.clone(),
        started_at: now.into(),
        updated_at: now.into(),
        checkout_at: None,
        abandoned_at: None,
        url: told["cart"]["url"].as_str().map(str::to_owned),
    });
    let order = Order {
        source: "site".into(),
        order_id: told["order"]["id"].as_str().unwrap_or_default().to_owned(),
        placed_at: now.into(),
        placed_known: true,
        currency: currency.code().to_owned(),
        contents: Contents { lines, ..Contents::default() },
        contents_at: now.into(),
        history: Vec::new(),
        refunds: Vec::new(),
    };
    let context = json!({ "event": told["event"], "awaited": told["awaited"] });
    Ok(Sample { profile, order, context })
}

fn previews(
    services: &Services,
    workspace: &Workspace,
    language: Language,
    prepared: &Prepared,
) -> Answer<Vec<ScenarioTemplate>> {
    let now = services.now();
    let sample = sample(language, workspace, now)?;
    prepared.templates.iter().map(|template| preview(services, workspace, template, &sample, now)).collect()
}

fn preview(
    services: &Services,
    workspace: &Workspace,
    template: &PreparedTemplate,
    sample: &Sample,
    now: Timestamp,
) -> Answer<ScenarioTemplate> {
    let broken =
        |why: String| Problem::internal(&format!("the template {} of the library: {why}", template.id));
    let compiled = template
        .source
        .compile()
        .map_err(|problems| broken(problems.first().map_or_else(String::new, ToString::to_string)))?;
    let occasion = Occasion {
        workspace,
        insight: &NO_INSIGHT,
        message_no: 0,
        channel: template.channel.as_str(),
        purpose: template.purpose,
        campaign: &template.id,
        context: &sample.context,
        order: Some(&sample.order),
        now,
        preview: true,
    };
    // The composer only remembers compiled templates: one that panicked left none half made.
    let composer = services.composer.lock().unwrap_or_else(PoisonError::into_inner);
    let composed = composer
        .compose_with(&compiled, &sample.profile, &occasion)
        .map_err(|failure: RenderFailure| broken(failure.detail()))?;
    Ok(ScenarioTemplate {
        id: template.id.clone(),
        name: template.name.clone(),
        channel: template.channel.to_string(),
        purpose: template.purpose.to_string(),
        intended_channel: template.intended_channel.map(|channel| channel.to_string()),
        preview: SamplePreview {
            subject: composed.body.subject,
            preheader: composed.preheader,
            html: composed.body.html,
            text: composed.body.text,
        },
    })
}
