//! What is forecast of one person.

use crate::caller::Reader;
use crate::endpoints::profiles::by_id;
use crate::listing::iso;
use crate::problem::Answer;
use crate::services::{Services, workspace_of};
use axum::Json;
use axum::extract::{Path, State};
use engine::Insight;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What is forecast of a person on a day. A field that is absent is not known yet.
#[derive(Debug, Serialize, ToSchema)]
struct PersonForecast {
    as_of: String,
    /// Why nothing is told: `no_model` (nothing was learned yet), `no_orders`, `refused` (the person does not want to
    /// be profiled); null where something is.
    unknown: Option<&'static str>,
    /// The version of the model that tells it.
    model: Option<i64>,
    /// As conditions name the fields below `predicted`; money in units of the shop's currency.
    #[schema(value_type = Object)]
    predicted: Map<String, Value>,
    /// `recency`, `frequency`, `monetary` (1 to 5), `cell`, `group`.
    #[schema(value_type = Object)]
    rfm: Map<String, Value>,
}

/// Show what is forecast of a person
#[utoipa::path(get, path = "/profiles/{id}/predictions", tag = "predictions", params(("id" = String, Path)),
    responses((status = 200, body = PersonForecast)))]
async fn show(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<PersonForecast>> {
    let workspace = caller.workspace;
    let stored = by_id(&services, workspace, &id).await?;
    let now = services.now();
    let told = services
        .read(move |tx| {
            let currency = workspace_of(tx, workspace)?.settings.currency();
            let insight = Insight::read(tx, workspace)?;
            let profile = &stored.profile;
            let model = insight.versions().find(|(kind, _)| *kind == "purchases").map(|(_, version)| version);
            let unknown = match () {
                () if !profile.may_be_profiled() => Some("refused"),
                () if model.is_none() => Some("no_model"),
                () if profile.totals.history.is_none() => Some("no_orders"),
                () => None,
            };
            let (predicted, rfm) = insight.all_foreseen(profile, currency, now);
            Ok(PersonForecast { as_of: iso(now), unknown, model, predicted, rfm })
        })
        .await?;
    Ok(Json(told))
}
