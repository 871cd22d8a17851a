//! Who the customers are: found, made, changed, joined.

use crate::caller::{Reader, Writer};
use crate::listing::{Page, Paging, iso_ms};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use domain::event::ItemKind;
use domain::identifier::{Identifier, IdentifierKind};
use domain::normalise::text::search_key;
use domain::profile::{NAME_BYTES_MAX, Profile, VALUE_BYTES_MAX};
use engine::Note;
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::people::StoredProfile;
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(find, change)).routes(routes!(merge))
}

/// A customer or visitor.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    pub id: String,
    pub name: Option<String>,
    /// How to greet the person: An of Nguyễn Văn An.
    pub given_name: Option<String>,
    pub identifiers: Vec<IdentifierView>,
    /// Where e-mails go: the newest address.
    pub email: Option<String>,
    pub phone: Option<String>,
    pub user_ids: Vec<String>,
    #[schema(value_type = Object)]
    pub attributes: Map<String, Value>,
    pub tags: Vec<String>,
    /// Ids of lists that the person is on.
    pub lists: Vec<String>,
    /// By channel and purpose: `email.marketing`.
    pub consents: BTreeMap<String, ConsentView>,
    pub lifecycle: LifecycleView,
    pub orders: OrderTotalsView,
    pub cart: Option<CartView>,
    /// Other profiles that turned out to be this person.
    pub merges: u32,
    /// Since when the person wants their data to be left alone.
    pub restricted_at: Option<String>,
    pub created_at: String,
    pub first_seen_at: String,
    pub last_seen_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct IdentifierView {
    /// `user_id`, `email`, `phone`, `zalo_id`, `anonymous_id`, `push`, `buyer:<source>` or `custom:<name>`.
    pub kind: String,
    /// As it is stored: e-mail in lower case, phone in E.164.
    pub value: String,
    pub first_seen_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentView {
    /// `granted`, `pending` or `denied`.
    pub state: String,
    pub at: String,
    pub source: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LifecycleView {
    /// `visitor`, `subscriber`, `shopper`, `customer`, `repeat_customer`, `lapsing` or `lost`.
    pub stage: String,
    /// When it changes if nothing else happens.
    pub changes_at: Option<String>,
    /// Days between two orders of this person on average, at least 30; null before a rhythm is known.
    pub rhythm_days: Option<i64>,
}

/// All orders in sum, net of refunds and cancellations.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderTotalsView {
    pub count: u32,
    pub revenue: i64,
    pub average: Option<i64>,
    pub refunded: i64,
    pub cancelled: u32,
    pub currency: String,
    pub first_at: Option<String>,
    pub last_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CartView {
    pub id: String,
    pub currency: String,
    pub total: i64,
    pub quantity: i64,
    pub lines: Vec<LineView>,
    pub url: Option<String>,
    pub updated_at: String,
    pub abandoned_at: Option<String>,
}

/// One product in a cart or an order; the price is for one piece.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    pub product_id: String,
    pub variant: Option<String>,
    pub name: Option<String>,
    pub sku: Option<String>,
    pub category: Option<String>,
    pub brand: Option<String>,
    pub price: i64,
    pub quantity: i64,
    pub discount: i64,
    pub total: i64,
    pub coupon: Option<String>,
    pub url: Option<String>,
    pub image_url: Option<String>,
}

impl LineView {
    pub fn of(line: &domain::commerce::CartLine) -> LineView {
        LineView {
            product_id: line.product_id.clone(),
            variant: line.variant.clone(),
            name: line.name.clone(),
            sku: line.sku.clone(),
            category: line.category.clone(),
            brand: line.brand.clone(),
            price: line.price,
            quantity: line.quantity,
            discount: line.discount,
            total: line.total(),
            coupon: line.coupon.clone(),
            url: line.url.clone(),
            image_url: line.image_url.clone(),
        }
    }
}

impl ProfileView {
    pub fn of(profile: &Profile, currency: &str, now: Timestamp) -> ProfileView {
        let (stage, changes_at) = profile.lifecycle(now);
        let totals = &profile.totals;
        let attributes = profile.attributes.iter().filter(|(_, attribute)| !attribute.value.is_null());
        ProfileView {
            id: profile.id.to_string(),
            name: profile.full_name(),
            given_name: profile.greeting_name(),
            identifiers: profile
                .identifiers
                .iter()
                .map(|known| IdentifierView {
                    kind: known.identifier.kind.to_string(),
                    value: known.identifier.value.clone(),
                    first_seen_at: iso_ms(known.at),
                })
                .collect(),
            email: profile.address(&IdentifierKind::Email).map(str::to_owned),
            phone: profile.address(&IdentifierKind::Phone).map(str::to_owned),
            user_ids: profile.identifiers_of(&IdentifierKind::UserId).map(str::to_owned).collect(),
            attributes: attributes.map(|(name, held)| (name.clone(), held.value.clone())).collect(),
            tags: profile.active_tags().map(str::to_owned).collect(),
            lists: profile.active_lists().map(str::to_owned).collect(),
            consents: profile
                .consents
                .iter()
                .map(|(slot, held)| {
                    (
                        slot.to_owned(),
                        ConsentView {
                            state: held.state.to_string(),
                            at: iso_ms(held.at),
                            source: held.source.clone(),
                        },
                    )
                })
                .collect(),
            lifecycle: LifecycleView {
                stage: stage.as_str().to_owned(),
                changes_at: crate::listing::iso_opt(changes_at),
                rhythm_days: profile.rhythm_ms().map(|ms| ms / kit::DAY_MS),
            },
            orders: OrderTotalsView {
                count: totals.orders,
                revenue: totals.revenue,
                average: totals.average(),
                refunded: totals.refunded,
                cancelled: totals.cancelled,
                currency: currency.to_owned(),
                first_at: totals.first_at.map(iso_ms),
                last_at: totals.last_at.map(iso_ms),
            },
            cart: profile.cart().map(|cart| CartView {
                id: cart.cart_id.clone(),
                currency: cart.currency.clone(),
                total: cart.total(),
                quantity: cart.quantity(),
                lines: cart.lines.iter().map(LineView::of).collect(),
                url: cart.url.clone(),
                updated_at: iso_ms(cart.updated_at),
                abandoned_at: cart.abandoned_at.map(iso_ms),
            }),
            merges: profile.merges,
            restricted_at: profile.restricted_at.map(iso_ms),
            created_at: iso_ms(profile.created_at),
            first_seen_at: iso_ms(profile.first_seen_at),
            last_seen_at: iso_ms(profile.last_seen_at),
        }
    }
}

/// Reads `email:an@example.com` and the like.
pub fn identifier(text: &str) -> Answer<Identifier> {
    text.parse::<Identifier>().map_err(|error| {
        Problem::unusable(error.code(), format!("the identifier cannot be used: {error}"))
            .with_problems([json!({ "field": "identifier", "message": error.to_string() })])
    })
}

/// The profile of an id in a path.
pub async fn by_id(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<StoredProfile> {
    let id: Id = id.parse().map_err(|_| Problem::not_found("the profile"))?;
    let found = services.read(move |tx| tx.profile_by_id(workspace, id)).await?;
    found.ok_or_else(|| Problem::not_found("the profile"))
}

pub fn by_identifier(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    identifier: &Identifier,
) -> Result<Option<StoredProfile>, StoreError> {
    match tx.find_identifiers(&[(workspace, identifier)])?.first() {
        Some(Some(no)) => tx.profile(workspace, *no),
        _ => Ok(None),
    }
}

/// Who a body is about: the id of a profile, or something that identifies it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Whom {
    pub profile_id: Option<String>,
    /// `email:an@example.com`, `user_id:42`, `phone:0901234567`.
    pub identifier: Option<String>,
}

impl Whom {
    pub async fn find(&self, services: &Arc<Services>, workspace: WorkspaceId) -> Answer<StoredProfile> {
        match (&self.profile_id, &self.identifier) {
            (Some(id), None) => by_id(services, workspace, id).await,
            (None, Some(text)) => {
                let identifier = identifier(text)?;
                let found = services.read(move |tx| by_identifier(tx, workspace, &identifier)).await?;
                found.ok_or_else(|| Problem::not_found("the profile"))
            }
            _ => Err(Problem::field("profile_id", "either profile_id or identifier is needed")),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `email:an@example.com`, also `user_id:`, `phone:`, `anonymous_id:`, `zalo_id:`, `buyer:<source>:`,
    /// `custom:<name>:`.
    identifier: Option<String>,
    /// Part of a name, address, number or id; tone marks do not matter.
    search: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Find profiles
///
/// By an identifier (none or one), by a search, or all, newest first.
#[utoipa::path(get, path = "/profiles", tag = "profiles", params(ListQuery), responses((status = 200, body = Page<ProfileView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<ProfileView>>> {
    let workspace = caller.workspace;
    let now = services.now();
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let before = ProfileNo(paging.after_number()?.unwrap_or(i64::MAX));
    let wanted = query.identifier.as_deref().map(identifier).transpose()?;
    let search = query.search.as_deref().map(search_key);
    if search.as_ref().is_some_and(|key| key.len() > 200) {
        return Err(Problem::field("search", "at most 200 bytes"));
    }
    let (rows, currency) = services
        .read(move |tx| {
            let currency = workspace_of(tx, workspace)?.settings.currency;
            let rows = match (&wanted, search) {
                (Some(identifier), _) => by_identifier(tx, workspace, identifier)?.into_iter().collect(),
                (None, Some(key)) if !key.is_empty() => {
                    tx.search_profiles(workspace, &key, before, limit + 1)?
                }
                (None, _) => tx.profile_page(workspace, before, limit + 1)?,
            };
            Ok((rows, currency))
        })
        .await?;
    let page = Page::of(
        rows,
        limit,
        |row: &StoredProfile| [row.profile.no.0.to_string()],
        |row| ProfileView::of(&row.profile, &currency, now),
    );
    Ok(Json(page))
}

async fn shown(services: &Arc<Services>, workspace: WorkspaceId, id: &str) -> Answer<Json<ProfileView>> {
    let stored = by_id(services, workspace, id).await?;
    let settings = services.read(move |tx| workspace_of(tx, workspace)).await?.settings;
    Ok(Json(ProfileView::of(&stored.profile, &settings.currency, services.now())))
}

/// Read a profile
///
/// By its id, or by the id of a profile that was joined into it.
#[utoipa::path(get, path = "/profiles/{id}", tag = "profiles", params(("id" = String, Path)), responses((status = 200, body = ProfileView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<ProfileView>> {
    shown(&services, caller.workspace, &id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProfile {
    /// At least one, each as `email:an@example.com`. A profile that has one of them is changed instead of made.
    identifiers: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    #[serde(default)]
    add_tags: Vec<String>,
}

/// Make or change a profile
///
/// Works like an `identify` call: the identifiers decide which profile it is, and may join two.
#[utoipa::path(post, path = "/profiles", tag = "profiles", request_body = NewProfile, responses((status = 200, body = ProfileView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<NewProfile>,
) -> Answer<Json<ProfileView>> {
    if told.identifiers.is_empty() || told.identifiers.len() > 20 {
        return Err(Problem::field("identifiers", "from 1 to 20 of them"));
    }
    check_changes(&told.attributes, &told.add_tags)?;
    let identifiers: Vec<Identifier> =
        told.identifiers.iter().map(|text| identifier(text)).collect::<Answer<_>>()?;
    let workspace = caller.workspace;
    let item = json!({
        "messageId": format!("api-{}", services.new_id()),
        "traits": told.attributes,
        "context": { "externalIds": external_ids(&identifiers), "channel": "api" },
    });
    services.tell(workspace, ItemKind::Identify, &item).await?;
    let wanted = identifiers.clone();
    let found = services
        .read(move |tx| {
            for identifier in &wanted {
                if let Some(stored) = by_identifier(tx, workspace, identifier)? {
                    return Ok(Some(stored));
                }
            }
            Ok(None)
        })
        .await?;
    let Some(stored) = found else {
        let detail = "none of the identifiers could be used; GET /api/v1/rejections says why";
        return Err(Problem::unusable("identifiers_unusable", detail));
    };
    let id = stored.profile.id.to_string();
    if !told.add_tags.is_empty() {
        let note = Note::Change {
            profile_id: id.clone(),
            at: services.now().into(),
            attributes: Map::new(),
            tags_added: told.add_tags,
            tags_removed: Vec::new(),
            lists_added: Vec::new(),
            lists_removed: Vec::new(),
            source: caller.source,
        };
        services.note(workspace, &note).await?;
    }
    shown(&services, workspace, &id).await
}

/// Identifiers as a message of a client carries them.
pub fn external_ids(identifiers: &[Identifier]) -> Vec<Value> {
    let told = identifiers.iter().map(|identifier| {
        json!({ "type": identifier.kind.to_string(), "id": identifier.value, "collection": "users" })
    });
    told.collect()
}

fn check_changes(attributes: &Map<String, Value>, tags: &[String]) -> Answer<()> {
    let mut problems = Vec::new();
    for (name, value) in attributes {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            let message = format!("the name of an attribute has 1 to {NAME_BYTES_MAX} bytes");
            problems.push(json!({ "field": format!("attributes.{name:.40}"), "message": message }));
        } else if value.to_string().len() > VALUE_BYTES_MAX {
            let message = format!("a value has at most {VALUE_BYTES_MAX} bytes as JSON");
            problems.push(json!({ "field": format!("attributes.{name}"), "message": message }));
        }
    }
    for tag in tags {
        if tag.trim().is_empty() || tag.len() > NAME_BYTES_MAX {
            let message = format!("a tag has 1 to {NAME_BYTES_MAX} bytes");
            problems.push(json!({ "field": "tags", "message": message }));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Problem::unusable("invalid_changes", "some of the changes cannot be made; nothing was changed")
        .with_problems(problems))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProfileChanges {
    /// Set, or removed by null.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    #[serde(default)]
    add_tags: Vec<String>,
    #[serde(default)]
    remove_tags: Vec<String>,
}

/// Change attributes and tags
///
/// Identifiers are added by `POST /profiles` with one that the profile has.
#[utoipa::path(patch, path = "/profiles/{id}", tag = "profiles", params(("id" = String, Path)), request_body = ProfileChanges, responses((status = 200, body = ProfileView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<ProfileChanges>,
) -> Answer<Json<ProfileView>> {
    let stored = by_id(&services, caller.workspace, &id).await?;
    let tags: Vec<String> = told.add_tags.iter().chain(&told.remove_tags).cloned().collect();
    check_changes(&told.attributes, &tags)?;
    let note = Note::Change {
        profile_id: stored.profile.id.to_string(),
        at: services.now().into(),
        attributes: told.attributes,
        tags_added: told.add_tags,
        tags_removed: told.remove_tags,
        lists_added: Vec::new(),
        lists_removed: Vec::new(),
        source: caller.source,
    };
    services.note(caller.workspace, &note).await?;
    shown(&services, caller.workspace, &id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MergeWith {
    /// The profile that is the same person.
    other_id: String,
}

/// Join two profiles
///
/// Staff say that two profiles are one person. Nothing of either is lost; the stricter of two consents holds. Both
/// ids lead to the joined profile afterwards.
#[utoipa::path(post, path = "/profiles/{id}/merge", tag = "profiles", params(("id" = String, Path)), request_body = MergeWith, responses((status = 200, body = ProfileView)))]
async fn merge(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<MergeWith>,
) -> Answer<Json<ProfileView>> {
    let workspace = caller.workspace;
    let one = by_id(&services, workspace, &id).await?;
    let other = by_id(&services, workspace, &told.other_id).await?;
    if one.profile.no == other.profile.no {
        return shown(&services, workspace, &id).await;
    }
    let note = Note::Merge {
        profile_id: one.profile.id.to_string(),
        other_id: other.profile.id.to_string(),
        at: services.now().into(),
    };
    services.note(workspace, &note).await?;
    let (one, other) =
        (by_id(&services, workspace, &id).await?, by_id(&services, workspace, &told.other_id).await?);
    if one.profile.no != other.profile.no {
        let detail = "the two stay apart; GET /api/v1/profiles/{id}/merges says why";
        return Err(Problem::conflict("merge_refused", detail));
    }
    shown(&services, workspace, &id).await
}
