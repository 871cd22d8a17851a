//! The way of a new shop from the first sign-in to the first automatic message: what is done follows from what the shop
//! has; only what was put off is stored.

use crate::audit::Audit;
use crate::caller::{Member, Reader};
use crate::endpoints::profiles::{by_identifier, external_ids};
use crate::listing::iso_opt;
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::State;
use domain::consent::Channel;
use domain::event::ItemKind;
use domain::identifier::{Identifier, IdentifierKind};
use domain::roles::Permission;
use engine::segments::people_count;
use kit::{Id, MINUTE_MS, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Changeset, ReadTx, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// In the order in which they are done.
const STEPS: [&str; 5] = ["shop", "sender", "people", "journeys", "try"];
/// Journeys of the library that most shops begin with.
const RECOMMENDED: [&str; 3] = ["welcome", "cart-abandonment", "review-request"];
/// Whoever tries the shop's journeys out is told apart by this attribute.
const TRIAL: &str = "quaylai_trial";

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(find, change)).routes(routes!(try_out))
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Doc {
    skipped: BTreeSet<String>,
    closed: bool,
    /// The profile that journeys were tried with. No address: that goes when the person is erased.
    tried_as: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SetupView {
    steps: Vec<SetupStep>,
    /// The first step that is neither done nor put off; null when all are.
    current: Option<String>,
    /// Somebody has closed the wizard.
    closed: bool,
    /// Whether the wizard should open by itself: for an owner of a shop that has nothing yet.
    opens: bool,
    shop: SetupShop,
    sender: SetupSender,
    people: u64,
    /// Whether anything was heard of customers.
    has_events: bool,
    journeys_active: i64,
    journeys_draft: i64,
    /// Ready scenarios to begin with, by slug.
    recommended: Vec<String>,
    first_sent_at: Option<String>,
    trial: Option<TrialView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SetupStep {
    /// `shop`, `sender`, `people`, `journeys` or `try`.
    id: String,
    /// `done`, `skipped` or `todo`.
    state: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SetupShop {
    name: String,
    url: String,
    address: String,
    language: String,
    time_zone: String,
    currency: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SetupSender {
    is_set_up: bool,
    enabled: bool,
    provider: Option<String>,
    from_name: Option<String>,
    from_address: Option<String>,
    /// What is sent really leaves: the provider is none that keeps or drops it.
    delivers: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct TrialView {
    profile_id: String,
    email: String,
    /// The newest first, up to 5.
    messages: Vec<TrialMessage>,
    /// Whether the cart that was pretended counts as left by now.
    cart_left: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct TrialMessage {
    id: String,
    journey_id: Option<String>,
    journey: Option<String>,
    subject: Option<String>,
    channel: String,
    state: String,
    reason: String,
    detail: String,
    due_at: Option<String>,
    accepted_at: Option<String>,
}

fn read_doc(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<Doc, StoreError> {
    // What another version wrote is no reason to keep anybody from their shop.
    Ok(tx.setup(workspace)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

fn email_of(text: &str) -> Answer<Identifier> {
    format!("email:{}", text.trim()).parse().map_err(|_| Problem::field("email", "an e-mail address"))
}

fn trial(tx: &mut ReadTx<'_>, workspace: WorkspaceId, doc: &Doc) -> Result<Option<TrialView>, StoreError> {
    let Ok(id) = doc.tried_as.parse::<Id>() else { return Ok(None) };
    let Some(stored) = tx.profile_by_id(workspace, id)? else { return Ok(None) };
    let profile = stored.profile;
    let mut emails =
        profile.identifiers.iter().filter(|known| known.identifier.kind == IdentifierKind::Email);
    let email = emails.next_back().map(|known| known.identifier.value.clone()).unwrap_or_default();
    let mut messages = Vec::new();
    for row in tx.messages_of_profile(workspace, profile.no, i64::MAX, 5)? {
        let journey = match &row.journey_id {
            Some(id) => tx.journey(workspace, id)?.map(|journey| journey.name),
            None => None,
        };
        let subject = tx.body(workspace, row.message_no)?.map(|body| body.subject);
        messages.push(TrialMessage {
            id: row.id,
            journey_id: row.journey_id,
            journey,
            subject,
            channel: row.channel,
            state: row.state,
            reason: row.reason,
            detail: row.detail,
            due_at: Some(row.due_at).filter(|_| row.accepted_at.is_none()).map(crate::listing::iso),
            accepted_at: iso_opt(row.accepted_at),
        });
    }
    Ok(Some(TrialView {
        profile_id: profile.id.to_string(),
        email,
        messages,
        cart_left: profile.carts.iter().any(|cart| cart.abandoned_at.is_some()),
    }))
}

/// How far a new shop is
///
/// Steps are done when the shop has what they are for, whoever made it and however.
#[utoipa::path(get, path = "/setup", tag = "workspace", responses((status = 200, body = SetupView)))]
async fn find(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<SetupView>> {
    let may_manage = caller.needs(Permission::ManageWorkspace).is_ok();
    view(&services, caller.workspace, may_manage).await.map(Json)
}

async fn view(services: &Arc<Services>, workspace: WorkspaceId, may_manage: bool) -> Answer<SetupView> {
    let (shop, doc, people, has_events, journeys, first_sent, channel, trial) = services
        .read(move |tx| {
            let doc = read_doc(tx, workspace)?;
            let trial = trial(tx, workspace, &doc)?;
            let has_events = tx.event_names()?.iter().any(|(of, ..)| *of == workspace);
            Ok((
                workspace_of(tx, workspace)?,
                doc,
                people_count(tx, workspace)?,
                has_events,
                tx.journeys(workspace)?,
                tx.first_sent_at(workspace)?,
                tx.channel(workspace, Channel::Email.as_str())?,
                trial,
            ))
        })
        .await?;
    let settings = &shop.settings;
    let shown: Value = match &channel {
        Some(row) => services.desk.shown(&row.sealed).unwrap_or_default(),
        None => Value::Null,
    };
    let word = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let provider = word(&shown["provider"]);
    let sender = SetupSender {
        is_set_up: channel.is_some(),
        enabled: channel.as_ref().is_some_and(|row| row.enabled),
        from_name: word(&shown["from"]["name"]),
        from_address: word(&shown["from"]["address"]),
        delivers: provider.as_deref().is_some_and(|name| !matches!(name, "blackhole" | "memory" | "file")),
        provider,
    };
    let journeys_active = journeys.iter().filter(|row| row.status == "active").count() as i64;
    let journeys_draft = journeys.iter().filter(|row| row.status == "draft").count() as i64;
    // The person who tries things out is no customer yet.
    let customers = people.saturating_sub(u64::from(trial.is_some()));
    let is_done = |step: &str| match step {
        "shop" => !settings.shop.name.trim().is_empty(),
        "sender" => sender.is_set_up && sender.enabled,
        "people" => customers > 0,
        "journeys" => journeys_active > 0,
        _ => first_sent.is_some(),
    };
    let steps: Vec<SetupStep> = STEPS
        .iter()
        .map(|id| SetupStep {
            id: (*id).to_owned(),
            state: match (is_done(id), doc.skipped.contains(*id)) {
                (true, _) => "done",
                (false, true) => "skipped",
                (false, false) => "todo",
            }
            .to_owned(),
        })
        .collect();
    let current = steps.iter().find(|step| step.state == "todo").map(|step| step.id.clone());
    let is_empty = customers == 0 && journeys.is_empty();
    Ok(SetupView {
        current,
        closed: doc.closed,
        opens: may_manage && is_empty && !doc.closed,
        shop: SetupShop {
            name: settings.shop.name.clone(),
            url: settings.shop.url.clone(),
            address: settings.shop.address.clone(),
            language: settings.language.clone(),
            time_zone: settings.time_zone.clone(),
            currency: settings.currency.clone(),
        },
        sender,
        people: customers,
        has_events: has_events && customers > 0,
        journeys_active,
        journeys_draft,
        recommended: RECOMMENDED.iter().map(|slug| (*slug).to_owned()).collect(),
        first_sent_at: iso_opt(first_sent),
        trial,
        steps,
    })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetupChanges {
    /// Steps that are put off, all of them; they can still be done.
    skipped: Option<BTreeSet<String>>,
    closed: Option<bool>,
}

/// Put steps off, or close the wizard
#[utoipa::path(patch, path = "/setup", tag = "workspace", request_body = SetupChanges, responses((status = 200, body = SetupView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    Told(told): Told<SetupChanges>,
) -> Answer<Json<SetupView>> {
    if let Some(unknown) = told.skipped.iter().flatten().find(|step| !STEPS.contains(&step.as_str())) {
        return Err(Problem::field("skipped", format!("{unknown:.40} is none of: {}", STEPS.join(", "))));
    }
    let workspace = caller.workspace;
    let doc = services.read(move |tx| read_doc(tx, workspace)).await?;
    let now = Doc {
        skipped: told.skipped.unwrap_or_else(|| doc.skipped.clone()),
        closed: told.closed.unwrap_or(doc.closed),
        ..doc.clone()
    };
    audit.object("setup", "setup");
    if now == doc {
        audit.leave_out();
    } else {
        store_doc(&services, workspace, &now).await?;
    }
    view(&services, workspace, true).await.map(Json)
}

async fn store_doc(services: &Arc<Services>, workspace: WorkspaceId, doc: &Doc) -> Answer<()> {
    let text = serde_json::to_string(doc).map_err(|error| Problem::internal(&error.to_string()))?;
    let mut changes = Changeset::new();
    changes.set_setup(workspace, text);
    services.apply(changes).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TryAsked {
    /// An address of your own. It becomes a customer who has agreed to e-mails and has left a cart.
    email: String,
    #[serde(default)]
    name: String,
}

/// Pretend to be a customer who left a cart
///
/// Makes a customer of an address of your own, with consent to e-mails, and tells of a cart that was left long enough
/// ago. From there everything takes its usual course: journeys start, and messages pass every rule. Ask `GET /setup` for
/// what became of it.
#[utoipa::path(post, path = "/setup/try", tag = "workspace", request_body = TryAsked, responses((status = 200, body = SetupView)))]
async fn try_out(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    Told(told): Told<TryAsked>,
) -> Answer<Json<SetupView>> {
    let workspace = caller.workspace;
    let email = email_of(&told.email)?;
    let name = told.name.trim().to_owned();
    if name.chars().count() > 100 {
        return Err(Problem::field("name", "at most 100 characters"));
    }
    audit.object("setup", "try");
    let now = services.now();
    let settings = services.read(move |tx| workspace_of(tx, workspace)).await?.settings;
    let wanted = email.clone();
    let known = services.read(move |tx| by_identifier(tx, workspace, &wanted)).await?;
    if known.as_ref().is_some_and(|stored| !stored.profile.attributes.contains_key(TRIAL)) {
        let detail = "this address belongs to a customer already; use one that is your own and new";
        return Err(Problem::conflict("address_taken", detail));
    }
    let mut traits = json!({ TRIAL: true });
    if !name.is_empty() {
        traits["name"] = name.into();
    }
    let ids = external_ids(std::slice::from_ref(&email));
    let context = json!({ "externalIds": ids, "channel": "api" });
    let item =
        json!({ "messageId": format!("try-{}", services.new_id()), "traits": traits, "context": context });
    services.tell(workspace, ItemKind::Identify, &item).await?;
    let wanted = email.clone();
    let found = services.read(move |tx| by_identifier(tx, workspace, &wanted)).await?;
    let stored =
        found.ok_or_else(|| Problem::unusable("invalid_field", "email: an address that can be used"))?;
    // As a form of the shop tells it, so that whoever greets new subscribers greets this one.
    let event = json!({
        "messageId": format!("try-{}", services.new_id()),
        "event": "Consent Given",
        "properties": { "channel": "email", "purpose": "marketing", "source": "first_run_try" },
        "context": context,
    });
    services.tell(workspace, ItemKind::Track, &event).await?;
    let doc = services.read(move |tx| read_doc(tx, workspace)).await?;
    store_doc(&services, workspace, &Doc { tried_as: stored.profile.id.to_string(), ..doc }).await?;
    // Long enough ago for the cart to count as left at once.
    let minutes = i64::from(settings.cart_abandoned_after_minutes) + 2;
    let product = trial_product(&services, workspace, &settings.language).await?;
    let event = json!({
        "messageId": format!("try-{}", services.new_id()),
        "event": "Product Added",
        "timestamp": crate::listing::iso(now.plus_ms(-minutes * MINUTE_MS)),
        "properties": product,
        "context": context,
    });
    services.tell(workspace, ItemKind::Track, &event).await?;
    view(&services, workspace, true).await.map(Json)
}

/// What lies in the cart: the shop's first product, or a made-up one.
async fn trial_product(services: &Arc<Services>, workspace: WorkspaceId, language: &str) -> Answer<Value> {
    let first = services
        .read(move |tx| Ok((tx.product_page(workspace, "", 1)?, workspace_of(tx, workspace)?)))
        .await?;
    let (products, shop) = first;
    let currency = shop.settings.currency();
    let code = currency.code();
    let name = if language == "en" { "A sample product" } else { "Sản phẩm dùng thử" };
    let sample = if currency.exponent() == 0 { 250_000.0 } else { 25.0 };
    Ok(match products.into_iter().next() {
        Some(product) => {
            let price = product.price.map_or(sample, |minor| kit::Money { minor, currency }.to_f64());
            json!({
                "product_id": product.product_id, "name": product.name.as_deref().unwrap_or(name), "price": price,
                "quantity": 1, "currency": code, "url": product.url,
            })
        }
        None => json!({
            "product_id": "quaylai-trial", "name": name, "price": sample, "quantity": 1, "currency": code,
            "url": shop.settings.shop.url,
        }),
    })
}
