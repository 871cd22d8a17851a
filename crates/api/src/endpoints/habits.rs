//! What is known of one person's habits, and of their open cart.

use crate::caller::Reader;
use crate::endpoints::profiles::by_id;
use crate::listing::iso;
use crate::problem::Answer;
use crate::services::{Services, workspace_of};
use axum::Json;
use axum::extract::{Path, State};
use domain::habits::{BestTime, Due, Habits, Liked, date_of};
use engine::Insight;
use engine::habits::{CartChance, told_of};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Something that a person buys again and again.
#[derive(Debug, Serialize, ToSchema)]
struct FavouriteThing {
    name: String,
    /// Purchases that it was in.
    purchases: u32,
    /// The share of the person's purchases that it was in, recent ones counting more; 0 to 1.
    share: f64,
}

/// The next purchase of a category that is expected of a person.
#[derive(Debug, Serialize, ToSchema)]
struct ReplenishmentDue {
    category: String,
    /// Days on which it was bought.
    purchases: u32,
    /// The day by which half of the people like this one have bought it again.
    due_on: String,
    /// 80 % of them buy between these days.
    low_on: String,
    high_on: String,
}

/// When a person reads messages of a channel; `any` stands for all channels together.
#[derive(Debug, Serialize, ToSchema)]
struct BestTimeOfChannel {
    channel: String,
    /// 0 to 23, on the person's own clock.
    hour: u8,
    /// `mon` to `sun`.
    #[schema(value_type = String)]
    weekday: domain::journey::DayOfWeek,
    /// Own reads that it is told from; with 0 it is the shop's best.
    reads: u32,
    /// The share of reads that fall into this hour, 0 to 1.
    hour_share: f64,
    weekday_share: f64,
}

/// What is expected of an open cart.
#[derive(Debug, Serialize, ToSchema)]
struct OpenCartChance {
    /// The probability that it is bought without help; null where that is not known.
    buys_alone: Option<f64>,
    /// The wait after the last touch at which a first message pays most.
    best_delay_minutes: i64,
}

/// A product that turned while the person may have waited for it.
#[derive(Debug, Serialize, ToSchema)]
struct ProductOccasion {
    at: String,
    /// `Back In Stock` or `Price Dropped`.
    event: String,
    product_id: String,
    /// Why the person was not told: `told_today` (of others, as often as the shop allows in a day), `too_many` (for one
    /// event); null: they were told.
    #[schema(value_type = Option<String>)]
    left_out: Option<domain::occasion::LeftOut>,
}

/// What is known of a person's habits. What is null or empty is not known yet.
#[derive(Debug, Serialize, ToSchema)]
struct PersonHabits {
    as_of: String,
    /// Why nothing is told: `refused` (the person does not want to be profiled); else null.
    unknown: Option<&'static str>,
    categories: Vec<FavouriteThing>,
    brands: Vec<FavouriteThing>,
    /// `low`, `middle` or `high`: in which third of the shop's prices the person buys.
    #[schema(value_type = Option<String>)]
    price_level: Option<domain::habits::PriceLevel>,
    /// The share of the person's purchases with something taken off, shrunk to the shop's; 0 to 1.
    discount_affinity: Option<f64>,
    /// What is expected to be bought again, the earliest first.
    replenish: Vec<ReplenishmentDue>,
    best_times: Vec<BestTimeOfChannel>,
    #[schema(value_type = Option<String>)]
    preferred_channel: Option<domain::consent::Channel>,
    cart: Option<OpenCartChance>,
    /// Products that turned while the person may have waited for them, newest first: told of, or why not. The last 60 of
    /// each.
    occasions: Vec<ProductOccasion>,
}

fn things(liked: Vec<Liked>) -> Vec<FavouriteThing> {
    let thing = |Liked { name, purchases, share }| FavouriteThing { name, purchases, share };
    liked.into_iter().map(thing).collect()
}

fn due(due: Due) -> Option<ReplenishmentDue> {
    let on = |day| date_of(day).map(|date| date.to_string());
    Some(ReplenishmentDue {
        due_on: on(due.due)?,
        low_on: on(due.low)?,
        high_on: on(due.high)?,
        category: due.category,
        purchases: due.purchases,
    })
}

fn times(times: BTreeMap<String, BestTime>) -> Vec<BestTimeOfChannel> {
    let told = |(channel, time): (String, BestTime)| BestTimeOfChannel {
        channel,
        hour: time.hour,
        weekday: time.weekday,
        reads: time.reads,
        hour_share: time.hour_share,
        weekday_share: time.weekday_share,
    };
    times.into_iter().map(told).collect()
}

/// Show a person's habits
#[utoipa::path(get, path = "/profiles/{id}/habits", tag = "predictions", params(("id" = String, Path)),
    responses((status = 200, body = PersonHabits)))]
async fn show(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<PersonHabits>> {
    let workspace = caller.workspace;
    let stored = by_id(&services, workspace, &id).await?;
    let now = services.now();
    let occasions = stored.profile.occasions.clone();
    let told = services
        .read(move |tx| {
            let shop = workspace_of(tx, workspace)?;
            let insight = Insight::read(tx, workspace)?;
            told_of(tx, &shop, &stored.profile, &insight, now)
        })
        .await?;
    let unknown = told.is_none().then_some("refused");
    let occasion = |one: &domain::occasion::Told| ProductOccasion {
        at: crate::listing::iso_ms(one.at),
        event: one.event.clone(),
        product_id: one.product_id.clone(),
        left_out: one.left_out,
    };
    let (habits, cart): (Habits, Option<CartChance>) = told.unwrap_or_default();
    Ok(Json(PersonHabits {
        as_of: iso(now),
        unknown,
        categories: things(habits.categories),
        brands: things(habits.brands),
        price_level: habits.price_level,
        discount_affinity: habits.discount_affinity,
        replenish: habits.replenish.into_iter().filter_map(due).collect(),
        best_times: times(habits.best_times),
        preferred_channel: habits.preferred_channel,
        occasions: occasions.all().iter().rev().map(occasion).collect(),
        cart: cart.map(|cart| OpenCartChance {
            buys_alone: cart.buys_alone,
            best_delay_minutes: cart.best_delay_minutes,
        }),
    }))
}
