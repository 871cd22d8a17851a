//! What the shop recommends: products for somebody in a place, and the places with their rules.

use crate::audit::Audit;
use crate::caller::{Caller, Reader, Writer};
use crate::endpoints::profiles::by_id;
use crate::listing::{Page, Paging, instant, iso, iso_ms, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use domain::profile::Profile;
use domain::recommend::{
    Book, Bought, LIMIT_MAX, Occasions, PLACES_MAX, Pin, Place, PriceBand, Rail, RuleProblem, Rules,
};
use engine::shelf::{Pick, Question, Reason, Shelf, book};
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::Changeset;
use store::shelf::BookRow;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(recommend))
        .routes(routes!(preview))
        .routes(routes!(places))
        .routes(routes!(put_place, remove_place))
        .routes(routes!(rules, put_rules))
        .routes(routes!(versions))
}

/// Versions that are kept.
const VERSIONS_KEPT: i64 = 200;
/// Ids in one question.
const IDS_MAX: usize = 100;
const ID_BYTES_MAX: usize = 300;

/// Why a product is recommended.
#[derive(Debug, Serialize, ToSchema)]
struct RecommendationReason {
    /// `pinned`, `bought_together`, `viewed_together`, `similar`, `same_category`, `bought_before`, `wanted`,
    /// `viewed`, `popular`, `popular_in_segment`, `trending`, `new`, `back_in_stock` or `price_dropped`.
    code: &'static str,
    /// In words for the customer.
    vi: String,
    en: String,
    /// The product that it starts from.
    product_id: Option<String>,
    /// Customers who did the same with both, of those that were looked through; null where it is not counted.
    customers: Option<u32>,
    /// How often this customer bought it.
    times: Option<u32>,
    /// When the customer did it last, or when it turned.
    at: Option<String>,
    /// The price before it fell, in minor units.
    price_before: Option<i64>,
}

/// A product in a place.
#[derive(Debug, Serialize, ToSchema)]
struct Recommendation {
    product_id: String,
    name: Option<String>,
    sku: Option<String>,
    category: Option<String>,
    brand: Option<String>,
    /// In minor units of `currency`.
    price: Option<i64>,
    currency: Option<String>,
    compare_at_price: Option<i64>,
    url: Option<String>,
    image_url: Option<String>,
    in_stock: Option<bool>,
    /// The rail that it comes from; null for one that the shop pinned.
    rail: Option<&'static str>,
    reason: RecommendationReason,
}

impl Recommendation {
    fn of(shelf: &Shelf, pick: &Pick) -> Recommendation {
        let (product, reason) = (&pick.product, &pick.reason);
        let customers = match reason {
            Reason::BoughtWith { customers, .. } | Reason::ViewedWith { customers, .. } if *customers > 0 => {
                Some(*customers)
            }
            _ => None,
        };
        let (times, at, price_before) = match reason {
            Reason::BoughtBefore { times, last } => (Some(*times), *last, None),
            Reason::Wanted { last } | Reason::Viewed { last } => (None, *last, None),
            Reason::BackInStock { at } => (None, Some(*at), None),
            Reason::PriceDropped { at, from } => (None, Some(*at), Some(*from)),
            _ => (None, None, None),
        };
        Recommendation {
            product_id: product.product_id.clone(),
            name: product.name.clone(),
            sku: product.sku.clone(),
            category: product.category.clone(),
            brand: product.brand.clone(),
            price: product.price,
            currency: product.currency.clone(),
            compare_at_price: product.compare_at_price,
            url: product.url.clone(),
            image_url: product.image_url.clone(),
            in_stock: product.is_available(),
            rail: pick.rail.map(Rail::as_str),
            reason: RecommendationReason {
                code: reason.code(),
                vi: shelf.words(reason, "vi"),
                en: shelf.words(reason, "en"),
                product_id: reason.product_id().map(str::to_owned),
                customers,
                times,
                at: iso_opt(at),
                price_before,
            },
        }
    }
}

/// What stands in a place.
#[derive(Debug, Serialize, ToSchema)]
struct Recommendations {
    /// The place or the rail that was asked for.
    place: String,
    /// Best first; fewer than asked for where the shop has no more.
    items: Vec<Recommendation>,
    /// Whether the person's own past was used: not that of a stranger, nor of somebody who does not want it.
    is_personal: bool,
    /// Products of the catalogue, and how many of them the rules leave out for everybody, by the reason: `hidden`,
    /// `out_of_stock`, `margin`, `category`, `incomplete`. Only in a preview.
    products: usize,
    #[schema(value_type = BTreeMap<String, usize>)]
    left_out: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RecommendQuery {
    /// A place of the shop's, such as `home`. Either this or `rail`.
    place: Option<String>,
    /// `bought_together`, `viewed_together`, `similar`, `for_you`, `buy_again`, `popular`, `recently_viewed`,
    /// `back_in_stock`, `price_dropped` or `new`.
    rail: Option<String>,
    /// For whom: the id of a profile.
    profile: Option<String>,
    /// The products of the page, by id, with commas between them.
    products: Option<String>,
    /// What lies in the cart, by product id; the person's own cart when not given.
    cart: Option<String>,
    /// 1 to 50; the place's own when not given.
    limit: Option<usize>,
}

fn ids_of(field: &str, told: Option<&str>) -> Answer<Option<Vec<String>>> {
    let Some(told) = told else { return Ok(None) };
    let ids: Vec<String> =
        told.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    checked_ids(field, ids).map(Some)
}

fn checked_ids(field: &str, ids: Vec<String>) -> Answer<Vec<String>> {
    if ids.len() > IDS_MAX || ids.iter().any(|id| id.len() > ID_BYTES_MAX) {
        return Err(Problem::field(field, "at most 100 ids, each of at most 300 bytes"));
    }
    Ok(ids)
}

fn checked_limit(limit: Option<usize>) -> Answer<Option<usize>> {
    match limit {
        Some(limit) if !(1..=LIMIT_MAX).contains(&limit) => {
            Err(Problem::bad_request("invalid_limit", "limit is from 1 to 50"))
        }
        limit => Ok(limit),
    }
}

fn cart_of(profile: &Profile) -> Vec<String> {
    profile.cart().into_iter().flat_map(|cart| &cart.lines).map(|line| line.product_id.clone()).collect()
}

/// Who asks, about what.
struct Situation {
    profile: Option<Profile>,
    products: Vec<String>,
    cart: Option<Vec<String>>,
    limit: Option<usize>,
}

async fn answered(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    place: Place,
    situation: Situation,
    explained: bool,
) -> Answer<Json<Recommendations>> {
    let now = services.now();
    services
        .aside(move |services| {
            let Situation { profile, products, cart, limit } = situation;
            let cart = cart.unwrap_or_else(|| profile.as_ref().map(cart_of).unwrap_or_default());
            let customer = profile.filter(Profile::may_be_profiled).map(|profile| profile.no);
            let question =
                Question { customer, products: &products, cart: &cart, limit, now, imagined: false };
            let mut answer = services.shelves.ask_in(workspace, &place, &question)?;
            Ok(services.shelves.look(workspace, now, |shelf| {
                if explained {
                    answer = shelf.explain(&place, &question);
                }
                Recommendations {
                    place: place.id.clone(),
                    items: answer.picks.iter().map(|pick| Recommendation::of(shelf, pick)).collect(),
                    is_personal: answer.is_personal,
                    products: answer.products,
                    left_out: answer.left_out.iter().map(|(why, count)| (why.as_str(), *count)).collect(),
                }
            })?)
        })
        .await
        .map(Json)
}

/// Recommend products
///
/// For a person, a page, a cart, or for anybody: what stands in a place by the shop's rules, each with its reason.
#[utoipa::path(get, path = "/recommendations", tag = "recommendations", params(RecommendQuery), responses((status = 200, body = Recommendations)))]
async fn recommend(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<RecommendQuery>,
) -> Answer<Json<Recommendations>> {
    let workspace = caller.workspace;
    let now = services.now();
    let place = match (query.place, query.rail) {
        (Some(_), Some(_)) => return Err(Problem::field("rail", "either a place or a rail")),
        (Some(named), None) => services
            .aside(move |services| {
                Ok(services.shelves.look(workspace, now, |shelf| shelf.book.place(&named).cloned())?)
            })
            .await?
            .ok_or_else(|| Problem::not_found("place"))?,
        (None, Some(rail)) => Place::of_rail(rail_of("rail", &rail)?),
        (None, None) => return Err(Problem::field("place", "a place of the shop's, or a rail as `rail`")),
    };
    let profile = match query.profile {
        Some(id) => Some(by_id(&services, workspace, &id).await?.profile),
        None => None,
    };
    let situation = Situation {
        profile,
        products: ids_of("products", query.products.as_deref())?.unwrap_or_default(),
        cart: ids_of("cart", query.cart.as_deref())?,
        limit: checked_limit(query.limit)?,
    };
    answered(&services, workspace, place, situation, false).await
}

/// How far a price may lie from what the customer usually pays, in percent of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecommendationPriceBand {
    /// 0 to 100.
    below: u16,
    /// 0 to 1000.
    above: u16,
}

/// What may stand in a place.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct RecommendationRules {
    /// Products that can't be bought are left out; those of which nobody said anything stay.
    in_stock_only: bool,
    /// Percent of the price; products whose cost is not known are left out.
    min_margin: Option<u8>,
    /// What the person bought already: `ever` (left out for ever, but for what the rail itself is about), `days`
    /// (left out for `bought_days`) or `shown`.
    bought: String,
    bought_days: Option<u16>,
    /// What lies in the cart is shown too.
    with_cart: bool,
    /// Products of one category at most.
    max_per_category: Option<u8>,
    /// Only products of these categories, where any are named.
    only_categories: Vec<String>,
    never_categories: Vec<String>,
    /// Without a known price level of the person every price is shown.
    price_band: Option<RecommendationPriceBand>,
    /// Only products with a picture and a page of their own.
    complete_only: bool,
}

impl Default for RecommendationRules {
    fn default() -> RecommendationRules {
        RecommendationRules::of(&Rules::default())
    }
}

impl RecommendationRules {
    fn of(rules: &Rules) -> RecommendationRules {
        let (bought, bought_days) = match rules.bought {
            Bought::Ever => ("ever", None),
            Bought::Days(days) => ("days", Some(days)),
            Bought::Shown => ("shown", None),
        };
        RecommendationRules {
            in_stock_only: rules.in_stock_only,
            min_margin: rules.min_margin,
            bought: bought.into(),
            bought_days,
            with_cart: rules.with_cart,
            max_per_category: rules.max_per_category,
            only_categories: rules.only_categories.iter().cloned().collect(),
            never_categories: rules.never_categories.iter().cloned().collect(),
            price_band: rules
                .price_band
                .map(|band| RecommendationPriceBand { below: band.below, above: band.above }),
            complete_only: rules.complete_only,
        }
    }

    fn read(self) -> Answer<Rules> {
        let bought = match (self.bought.as_str(), self.bought_days) {
            ("ever", None) => Bought::Ever,
            ("shown", None) => Bought::Shown,
            ("days", Some(days)) => Bought::Days(days),
            ("days", None) => return Err(Problem::field("rules.bought_days", "how many days")),
            ("ever" | "shown", Some(_)) => {
                return Err(Problem::field("rules.bought_days", "only where bought is days"));
            }
            _ => return Err(Problem::field("rules.bought", "ever, days or shown")),
        };
        Ok(Rules {
            in_stock_only: self.in_stock_only,
            min_margin: self.min_margin,
            bought,
            with_cart: self.with_cart,
            max_per_category: self.max_per_category,
            only_categories: self.only_categories.into_iter().collect(),
            never_categories: self.never_categories.into_iter().collect(),
            price_band: self.price_band.map(|band| PriceBand { below: band.below, above: band.above }),
            complete_only: self.complete_only,
        })
    }
}

/// A product at the top of a place.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecommendationPin {
    product_id: String,
    /// An instant as ISO 8601; at once when not given.
    from: Option<String>,
    /// For ever when not given.
    until: Option<String>,
}

/// A place as it is told.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecommendationPlaceTold {
    #[serde(default)]
    name: String,
    /// As in `GET /recommendations`, and `popular_in_segment`.
    rail: String,
    /// Rails that fill up what is missing, in their order; at most 5.
    #[serde(default)]
    fall_back: Vec<String>,
    /// The segment of the rail `popular_in_segment`.
    segment: Option<String>,
    /// 1 to 50; 8 when not given.
    limit: Option<u8>,
    #[serde(default)]
    rules: RecommendationRules,
    /// At most 20.
    #[serde(default)]
    pins: Vec<RecommendationPin>,
    /// The version of the places that was read: another one since is a conflict. Not checked when not given.
    version: Option<i64>,
}

/// A named spot where the shop recommends.
#[derive(Debug, Serialize, ToSchema)]
struct RecommendationPlace {
    id: String,
    name: String,
    rail: &'static str,
    fall_back: Vec<&'static str>,
    segment: Option<String>,
    limit: u8,
    rules: RecommendationRules,
    pins: Vec<RecommendationPin>,
}

impl RecommendationPlace {
    fn of(place: &Place) -> RecommendationPlace {
        RecommendationPlace {
            id: place.id.clone(),
            name: place.name.clone(),
            rail: place.rail.as_str(),
            fall_back: place.fall_back.iter().map(|rail| rail.as_str()).collect(),
            segment: place.segment.clone(),
            limit: place.limit,
            rules: RecommendationRules::of(&place.rules),
            pins: place
                .pins
                .iter()
                .map(|pin| RecommendationPin {
                    product_id: pin.product_id.clone(),
                    from: pin.from.map(iso_ms),
                    until: pin.until.map(iso_ms),
                })
                .collect(),
        }
    }
}

fn rail_of(field: &str, told: &str) -> Answer<Rail> {
    told.parse().map_err(|error: String| Problem::field(field, error))
}

fn refused(problems: Vec<RuleProblem>) -> Answer<()> {
    match problems.into_iter().next() {
        Some(problem) => Err(Problem::field(&problem.field, problem.message)),
        None => Ok(()),
    }
}

impl RecommendationPlaceTold {
    fn read(self, id: &str) -> Answer<Place> {
        let fall_back = self.fall_back.iter().map(|rail| rail_of("fall_back", rail));
        let mut pins = Vec::with_capacity(self.pins.len());
        for pin in self.pins {
            let at = |field: &str, told: &Option<String>| {
                told.as_deref().map(|told| instant(field, told).map(Into::into)).transpose()
            };
            let (from, until) = (at("pins.from", &pin.from)?, at("pins.until", &pin.until)?);
            pins.push(Pin { product_id: pin.product_id, from, until });
        }
        let place = Place {
            id: id.to_owned(),
            name: self.name,
            rail: rail_of("rail", &self.rail)?,
            fall_back: fall_back.collect::<Answer<Vec<Rail>>>()?,
            segment: self.segment.filter(|segment| !segment.is_empty()),
            limit: self.limit.unwrap_or(8),
            rules: self.rules.read()?,
            pins,
        };
        refused(place.problems(""))?;
        Ok(place)
    }
}

/// All places, and which version of the shop's rules that is.
#[derive(Debug, Serialize, ToSchema)]
struct RecommendationPlaces {
    items: Vec<RecommendationPlace>,
    /// 0 while the shop has written none; then these are the usual ones.
    version: i64,
}

/// List the places of recommendations
#[utoipa::path(get, path = "/recommendations/places", tag = "recommendations", responses((status = 200, body = RecommendationPlaces)))]
async fn places(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<RecommendationPlaces>> {
    let workspace = caller.workspace;
    let (version, book) = services.read(move |tx| book(tx, workspace)).await?;
    let items = book.places.iter().map(RecommendationPlace::of).collect();
    Ok(Json(RecommendationPlaces { items, version }))
}

/// Stores what `change` makes of the places as a new version.
async fn write(
    services: &Arc<Services>,
    caller: &Caller,
    expected: Option<i64>,
    change: impl FnOnce(&mut Book) -> Answer<()>,
) -> Answer<(i64, Book)> {
    let workspace = caller.workspace;
    let (held, mut written) = services.read(move |tx| book(tx, workspace)).await?;
    if expected.is_some_and(|expected| expected != held) {
        let detail = "somebody else changed the places meanwhile: read them again and repeat the change";
        return Err(Problem::conflict("version_conflict", detail));
    }
    change(&mut written)?;
    refused(written.problems())?;
    let version = held + 1;
    let doc = serde_json::to_string(&written).map_err(|error| Problem::internal(&error.to_string()))?;
    let mut changes = Changeset::new();
    let row = BookRow { version, at: services.now(), who: caller.source.clone(), doc };
    changes.insert_book(workspace, row);
    changes.prune_books(workspace, version - VERSIONS_KEPT);
    services.configure(changes).await?;
    outdate(services, workspace).await?;
    Ok((version, written))
}

/// Whoever asks next hears of it.
async fn outdate(services: &Arc<Services>, workspace: WorkspaceId) -> Answer<()> {
    services
        .aside(move |services| {
            services.shelves.outdate(workspace);
            Ok(())
        })
        .await
}

/// Make or change a place of recommendations
#[utoipa::path(put, path = "/recommendations/places/{id}", tag = "recommendations", params(("id" = String, Path)), request_body = RecommendationPlaceTold, responses((status = 200, body = RecommendationPlace)))]
async fn put_place(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Path(id): Path<String>,
    Told(told): Told<RecommendationPlaceTold>,
) -> Answer<Json<RecommendationPlace>> {
    let expected = told.version;
    let place = told.read(&id)?;
    let view = RecommendationPlace::of(&place);
    audit.object("recommendation_places", &id);
    let after = serde_json::to_value(&view).unwrap_or_default();
    write(&services, &caller, expected, |book| {
        let count = book.places.len();
        match book.places.iter_mut().find(|held| held.id == place.id) {
            Some(held) => {
                let before = serde_json::to_value(RecommendationPlace::of(held)).unwrap_or_default();
                audit.difference(&before, &after);
                *held = place;
            }
            None if count >= PLACES_MAX => {
                let detail = "a shop has at most 50 places; remove some";
                return Err(Problem::conflict("too_many_places", detail));
            }
            None => book.places.push(place),
        }
        Ok(())
    })
    .await?;
    Ok(Json(view))
}

/// Remove a place of recommendations
///
/// Pages and templates that name it show nothing there.
#[utoipa::path(delete, path = "/recommendations/places/{id}", tag = "recommendations", params(("id" = String, Path)), responses((status = 204)))]
async fn remove_place(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Path(id): Path<String>,
) -> Answer<axum::http::StatusCode> {
    audit.object("recommendation_places", &id);
    write(&services, &caller, None, |book| {
        let before = book.places.len();
        book.places.retain(|place| place.id != id);
        if book.places.len() == before { Err(Problem::not_found("place")) } else { Ok(()) }
    })
    .await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// When people are told that a product can be bought again or costs less.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecommendationOccasions {
    /// Whether there are events `Back In Stock`.
    back_in_stock: bool,
    /// Whether there are events `Price Dropped`.
    price_dropped: bool,
    /// 1 to 365: days back within which somebody looked at the product, put it into a cart or bought it.
    window_days: u16,
    /// 1 to 99: a price has fallen when it is lower by so many percent.
    min_drop: u8,
    /// 0 to 5: events of both names that somebody gets within 24 hours at most; 0: as many as there are. 1 when not given.
    #[serde(default = "one_a_day")]
    per_day: u8,
    /// 1 to 12: products that one event names at most. 6 when not given.
    #[serde(default = "products_of_event")]
    products: u8,
}

fn one_a_day() -> u8 {
    Occasions::default().per_day
}

fn products_of_event() -> u8 {
    Occasions::default().products
}

/// What holds in all places.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecommendationSettings {
    /// Ids of products that stand nowhere; at most 2,000.
    hidden: Vec<String>,
    /// Categories that stand nowhere; at most 100.
    hidden_categories: Vec<String>,
    occasions: RecommendationOccasions,
    /// In an answer: of which version it is. In a request: the one that was read; another one since is a conflict.
    version: Option<i64>,
}

impl RecommendationSettings {
    fn of(version: i64, book: &Book) -> RecommendationSettings {
        let occasions = &book.occasions;
        RecommendationSettings {
            hidden: book.hidden.iter().cloned().collect(),
            hidden_categories: book.hidden_categories.iter().cloned().collect(),
            occasions: RecommendationOccasions {
                back_in_stock: occasions.back_in_stock,
                price_dropped: occasions.price_dropped,
                window_days: occasions.window_days,
                min_drop: occasions.min_drop,
                per_day: occasions.per_day,
                products: occasions.products,
            },
            version: Some(version),
        }
    }
}

/// Show what holds in all places
#[utoipa::path(get, path = "/recommendations/rules", tag = "recommendations", responses((status = 200, body = RecommendationSettings)))]
async fn rules(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<RecommendationSettings>> {
    let workspace = caller.workspace;
    let (version, book) = services.read(move |tx| book(tx, workspace)).await?;
    Ok(Json(RecommendationSettings::of(version, &book)))
}

/// Set what holds in all places
#[utoipa::path(put, path = "/recommendations/rules", tag = "recommendations", request_body = RecommendationSettings, responses((status = 200, body = RecommendationSettings)))]
async fn put_rules(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Told(told): Told<RecommendationSettings>,
) -> Answer<Json<RecommendationSettings>> {
    let after = serde_json::to_value(&told).unwrap_or_default();
    let expected = told.version;
    let (version, book) = write(&services, &caller, expected, |book| {
        let before = RecommendationSettings::of(expected.unwrap_or(0), book);
        audit.difference(&serde_json::to_value(before).unwrap_or_default(), &after);
        book.hidden = told.hidden.into_iter().collect::<BTreeSet<_>>();
        book.hidden_categories = told.hidden_categories.into_iter().collect();
        book.occasions = Occasions {
            back_in_stock: told.occasions.back_in_stock,
            price_dropped: told.occasions.price_dropped,
            window_days: told.occasions.window_days,
            min_drop: told.occasions.min_drop,
            per_day: told.occasions.per_day,
            products: told.occasions.products,
        };
        Ok(())
    })
    .await?;
    Ok(Json(RecommendationSettings::of(version, &book)))
}

/// A version of the places and rules.
#[derive(Debug, Serialize, ToSchema)]
struct RecommendationVersion {
    version: i64,
    at: String,
    /// Who made it: `account:<id>` or `key:<id>`.
    who: String,
    places: Vec<RecommendationPlace>,
    rules: RecommendationSettings,
}

/// List the versions of places and rules
///
/// The newest first; the last 200 are kept.
#[utoipa::path(get, path = "/recommendations/versions", tag = "recommendations", params(Paging), responses((status = 200, body = Page<RecommendationVersion>)))]
async fn versions(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<RecommendationVersion>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let below = paging.after_number()?.unwrap_or(i64::MAX);
    let rows = services.read(move |tx| tx.books(workspace, below, limit + 1)).await?;
    let view = |row: BookRow| {
        let book: Book = serde_json::from_str(&row.doc).unwrap_or_default();
        RecommendationVersion {
            version: row.version,
            at: iso(row.at),
            who: row.who,
            places: book.places.iter().map(RecommendationPlace::of).collect(),
            rules: RecommendationSettings::of(row.version, &book),
        }
    };
    Ok(Json(Page::of(rows, limit, |row| [row.version.to_string()], view)))
}

/// A place that is not stored, and who looks at it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecommendationPreview {
    place: RecommendationPlaceTold,
    /// The id of a profile; nobody when not given.
    profile: Option<String>,
    /// Products of the page, by id.
    #[serde(default)]
    products: Vec<String>,
    /// What lies in the cart, by product id; the person's own cart when not given.
    cart: Option<Vec<String>>,
}

/// Preview a place for a person
///
/// Nothing is stored. Tells beside the products how many of the catalogue the rules leave out.
#[utoipa::path(post, path = "/recommendations/preview", tag = "recommendations", request_body = RecommendationPreview, responses((status = 200, body = Recommendations)))]
async fn preview(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<RecommendationPreview>,
) -> Answer<Json<Recommendations>> {
    let place = told.place.read("preview")?;
    let profile = match told.profile {
        Some(id) => Some(by_id(&services, caller.workspace, &id).await?.profile),
        None => None,
    };
    let situation = Situation {
        profile,
        products: checked_ids("products", told.products)?,
        cart: told.cart.map(|cart| checked_ids("cart", cart)).transpose()?,
        limit: None,
    };
    answered(&services, caller.workspace, place, situation, true).await
}
