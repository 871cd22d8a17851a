//! What the shop's data speaks of: names of events, their properties, attributes, tags, and the values that there are.
//! Whoever writes a condition or a template picks from these instead of guessing.
//!
//! Everything is told from samples of fixed size, so that the answer comes as fast in a large shop as in a small one. What
//! is not in the sample is not told; it can still be written by hand.

mod tally;

use crate::caller::Reader;
use crate::listing::{Page, Paging, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::extract::State;
use domain::condition::{LINE_FIELDS, ORDER_FIELDS, values_of_order};
use domain::normalise::text::search_key;
use domain::profile::Profile;
use engine::segments::properties_of;
use kit::{DAY_MS, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{ReadTx, StoreError};
use tally::Tally;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(properties))
        .routes(routes!(attributes))
        .routes(routes!(tags))
        .routes(routes!(values))
}

/// Over how long events are counted.
const PULSE_DAYS: i64 = 30;
/// Events of a name that are counted at most.
const PULSE_MOST: i64 = 10_000;
/// The newest events of a name that are looked at.
const EVENTS_SAMPLED: i64 = 400;
/// Profiles looked at: the newest, and others spread over all.
const PROFILES_NEWEST: i64 = 200;
const PROFILES_SPREAD: i64 = 600;
/// The newest orders that are looked at.
const ORDERS_SAMPLED: i64 = 500;
/// Products that are looked at.
const PRODUCTS_SAMPLED: i64 = 5_000;
const SEARCH_BYTES_MAX: usize = 200;
const NAME_BYTES_MAX: usize = 1_000;
/// Values in one answer.
const VALUES_MAX: usize = 200;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NamesQuery {
    /// A part of the name; case and tone marks do not matter.
    search: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Events of one name.
#[derive(Debug, Serialize, ToSchema)]
struct CatalogEvent {
    name: String,
    /// When the newest one happened.
    last_at: Option<String>,
    /// How many happened within the last 30 days, counted up to 10,000.
    recent: i64,
    /// Whether there are more than were counted.
    more: bool,
}

fn searched(search: Option<&str>) -> Answer<String> {
    let search = search.unwrap_or_default();
    match search.len() {
        0..=SEARCH_BYTES_MAX => Ok(search_key(search)),
        _ => Err(Problem::field("search", format!("at most {SEARCH_BYTES_MAX} bytes"))),
    }
}

/// The names of events
///
/// By name. What a shop sends is known from the first event on.
#[utoipa::path(get, path = "/catalog/events", tag = "catalog", params(NamesQuery), responses((status = 200, body = Page<CatalogEvent>)))]
async fn events(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<NamesQuery>,
) -> Answer<Json<Page<CatalogEvent>>> {
    let workspace = caller.workspace;
    let search = searched(query.search.as_deref())?;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let after = paging.after::<1>()?.map(|[name]| name);
    let now = services.now();
    let since = now.plus_ms(-PULSE_DAYS * DAY_MS);
    let views = services
        .read(move |tx| {
            let mut names: Vec<(String, i64)> = tx
                .event_names()?
                .into_iter()
                .filter(|(of, _, name)| *of == workspace && search_key(name).contains(&search))
                .map(|(_, no, name)| (name, no))
                .filter(|(name, _)| after.as_ref().is_none_or(|after| name > after))
                .collect();
            names.sort_unstable();
            names.truncate(usize::try_from(limit + 1).unwrap_or(0));
            let mut views = Vec::with_capacity(names.len());
            for (name, no) in names {
                let (last, recent) = tx.scan_event_pulse((workspace, no), (since, now), PULSE_MOST + 1)?;
                let (more, recent) = (recent > PULSE_MOST, recent.min(PULSE_MOST));
                views.push(CatalogEvent { name, last_at: iso_opt(last), recent, more });
            }
            Ok(views)
        })
        .await?;
    Ok(Json(Page::of(views, limit, |view| [view.name.clone()], |view| view)))
}

/// Something that events or profiles have.
#[derive(Debug, Serialize, ToSchema)]
struct CatalogField {
    /// The path by which conditions name it: `products.category`, `city`.
    name: String,
    /// What its values are: `text`, `number`, `truth`, `date`; most frequent first.
    kinds: Vec<String>,
    /// Whether it comes as a list, or inside of one.
    list: bool,
    /// In how many of the sample it is, from 0 to 1.
    share: f64,
    /// The most frequent values.
    examples: Vec<Value>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PropertiesQuery {
    /// The event's name.
    event: String,
}

fn fields(tally: Tally) -> Page<CatalogField> {
    let field = |told: tally::Field| CatalogField {
        name: told.path,
        kinds: told.kinds.into_iter().map(str::to_owned).collect(),
        list: told.list,
        share: (told.share * 1_000.0).round() / 1_000.0,
        examples: told.examples,
    };
    Page::whole(tally.fields().into_iter().map(field).collect())
}

fn named(field: &str, name: &str) -> Answer<()> {
    match name.len() {
        1..=NAME_BYTES_MAX => Ok(()),
        _ => Err(Problem::field(field, format!("from 1 to {NAME_BYTES_MAX} bytes"))),
    }
}

/// The properties of the newest events of a name.
fn event_properties(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    name: &str,
    now: Timestamp,
) -> Result<Vec<Value>, StoreError> {
    let names = tx.event_names()?;
    let Some((_, no, _)) = names.into_iter().find(|(of, _, other)| *of == workspace && other == name) else {
        return Ok(Vec::new());
    };
    let rows = tx.scan_event_sample((workspace, no), now, EVENTS_SAMPLED)?;
    Ok(rows.iter().map(|(_, body)| properties_of(body)).collect())
}

/// The properties of an event
///
/// From its newest 400; the most frequent first. Through a list a path means any element.
#[utoipa::path(get, path = "/catalog/properties", tag = "catalog", params(PropertiesQuery), responses((status = 200, body = Page<CatalogField>)))]
async fn properties(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<PropertiesQuery>,
) -> Answer<Json<Page<CatalogField>>> {
    named("event", &query.event)?;
    let (workspace, now) = (caller.workspace, services.now());
    let sampled = services.read(move |tx| event_properties(tx, workspace, &query.event, now)).await?;
    let mut tally = Tally::default();
    sampled.iter().for_each(|one| tally.add(one));
    Ok(Json(fields(tally)))
}

/// The newest profiles and others spread over all of them.
fn some_profiles(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<Vec<Profile>, StoreError> {
    let last = tx.last_profile_no(workspace)?.0;
    let mut numbers: BTreeSet<i64> = ((last - PROFILES_NEWEST).max(0) + 1..=last).collect();
    let step = (last / PROFILES_SPREAD).max(1);
    numbers.extend((0..PROFILES_SPREAD).map(|n| 1 + n * step).filter(|no| *no <= last));
    let of: Vec<_> = numbers.into_iter().map(|no| (workspace, ProfileNo(no))).collect();
    Ok(tx.profiles(&of)?.into_iter().map(|(_, stored)| stored.profile).collect())
}

fn attributes_of(profile: &Profile) -> Value {
    profile
        .attributes
        .iter()
        .filter(|(_, attribute)| !attribute.value.is_null())
        .map(|(name, attribute)| (name.clone(), attribute.value.clone()))
        .collect()
}

/// The attributes of profiles
///
/// From a sample of 800; the most frequent first. The standard fields of a profile (docs/segments.md) are not told
/// here.
#[utoipa::path(get, path = "/catalog/attributes", tag = "catalog", responses((status = 200, body = Page<CatalogField>)))]
async fn attributes(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<CatalogField>>> {
    let workspace = caller.workspace;
    let sampled = services.read(move |tx| some_profiles(tx, workspace)).await?;
    let mut tally = Tally::default();
    sampled.iter().for_each(|profile| tally.add(&attributes_of(profile)));
    Ok(Json(fields(tally)))
}

/// A value, and how often it is in the sample.
#[derive(Debug, Serialize, ToSchema)]
struct CatalogValue {
    value: Value,
    /// What people call it: the name of a product.
    label: Option<String>,
    count: usize,
}

/// The tags that people carry
///
/// From a sample of 800 profiles; the most frequent first.
#[utoipa::path(get, path = "/catalog/tags", tag = "catalog", responses((status = 200, body = Page<CatalogValue>)))]
async fn tags(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<CatalogValue>>> {
    let workspace = caller.workspace;
    let sampled = services.read(move |tx| some_profiles(tx, workspace)).await?;
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in sampled.iter().flat_map(Profile::active_tags) {
        *tags.entry(tag).or_default() += 1;
    }
    let mut tags: Vec<_> = tags.into_iter().collect();
    tags.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    tags.truncate(VALUES_MAX);
    let view = |(tag, count): (&str, usize)| CatalogValue { value: tag.into(), label: None, count };
    Ok(Json(Page::whole(tags.into_iter().map(view).collect())))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ValuesQuery {
    /// `event`, `attribute`, `order`, `line` or `product`.
    of: String,
    /// The name of the event, where values of an event are asked for.
    event: Option<String>,
    /// A property's or attribute's path, a field of an order, a line or a product.
    name: String,
    /// A part of the value or of its label; case and tone marks do not matter.
    search: Option<String>,
    /// 1 to 200; 50 when not given.
    limit: Option<usize>,
}

const PRODUCT_FIELDS: [&str; 5] = ["product_id", "name", "sku", "category", "brand"];

/// What values are asked of.
enum Source {
    Event(String),
    Attribute,
    Order,
    Product,
}

fn source_of(query: &ValuesQuery) -> Answer<Source> {
    let field = |known: &[&str]| match known.contains(&query.name.as_str()) {
        true => Ok(()),
        false => Err(Problem::field("name", format!("one of: {}", known.join(", ")))),
    };
    match query.of.as_str() {
        "event" => {
            let event = query.event.clone().unwrap_or_default();
            named("event", &event)?;
            Ok(Source::Event(event))
        }
        "attribute" => Ok(Source::Attribute),
        "order" => field(&ORDER_FIELDS).map(|()| Source::Order),
        "line" => field(&LINE_FIELDS).map(|()| Source::Order),
        "product" => field(&PRODUCT_FIELDS).map(|()| Source::Product),
        _ => Err(Problem::field("of", "event, attribute, order, line or product")),
    }
}

/// The values of a field
///
/// Those of the newest events of a name, of a sample of profiles, of the newest orders, or of products: the most
/// frequent first.
#[utoipa::path(get, path = "/catalog/values", tag = "catalog", params(ValuesQuery), responses((status = 200, body = Page<CatalogValue>)))]
async fn values(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ValuesQuery>,
) -> Answer<Json<Page<CatalogValue>>> {
    named("name", &query.name)?;
    let search = searched(query.search.as_deref())?;
    let limit = query.limit.unwrap_or(50);
    if !(1..=VALUES_MAX).contains(&limit) {
        return Err(Problem::bad_request("invalid_limit", "limit is from 1 to 200"));
    }
    let source = source_of(&query)?;
    let (workspace, now, name) = (caller.workspace, services.now(), query.name);
    let found = services
        .read(move |tx| {
            let mut tally = Tally::default();
            match &source {
                Source::Event(event) => {
                    event_properties(tx, workspace, event, now)?.iter().for_each(|one| tally.add(one));
                }
                Source::Attribute => {
                    some_profiles(tx, workspace)?.iter().for_each(|one| tally.add(&attributes_of(one)));
                }
                Source::Order => {
                    for row in tx.recent_orders(workspace, (Timestamp::MAX, "", ""), ORDERS_SAMPLED)? {
                        tally.add_at(&name, &values_of_order(&row.order, &name));
                    }
                }
                Source::Product => {
                    for product in tx.product_page(workspace, "", PRODUCTS_SAMPLED)? {
                        let value = match name.as_str() {
                            "product_id" => Some(product.product_id),
                            "name" => product.name,
                            "sku" => product.sku,
                            "category" => product.category,
                            _ => product.brand,
                        };
                        tally.add_at(&name, &value.map(Value::from).into_iter().collect::<Vec<_>>());
                    }
                }
            }
            let mut found = tally.values(&name);
            let labels = labels_of(tx, workspace, &name, &found)?;
            found.retain(|(value, _)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let label = labels.get(&text).map(String::as_str).unwrap_or_default();
                search_key(&text).contains(&search) || search_key(label).contains(&search)
            });
            found.truncate(limit);
            let view = |(value, count): (Value, usize)| {
                let label = value.as_str().and_then(|text| labels.get(text).cloned());
                CatalogValue { value, label, count }
            };
            Ok(found.into_iter().map(view).collect())
        })
        .await?;
    Ok(Json(Page::whole(found)))
}

/// The names of products that a field holds the ids of.
fn labels_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    name: &str,
    found: &[(Value, usize)],
) -> Result<BTreeMap<String, String>, StoreError> {
    let field = name.rsplit('.').next().unwrap_or(name);
    if !matches!(field, "product_id" | "productId" | "product") {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<&str> = found.iter().filter_map(|(value, _)| value.as_str()).collect();
    let of: Vec<_> = ids.iter().map(|id| (workspace, *id)).collect();
    let products = tx.products_named(&of)?;
    let label =
        |(id, product): (&str, Option<domain::commerce::Product>)| Some((id.to_owned(), product?.name?));
    Ok(ids.into_iter().zip(products).filter_map(label).collect())
}
