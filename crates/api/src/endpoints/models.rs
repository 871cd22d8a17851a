//! What is learned of the shop: which models serve, how good they are, and fitting them anew.

use crate::audit::Audit;
use crate::caller::{Reader, Writer};
use crate::endpoints::jobs::JobView;
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use engine::learning::KINDS;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use store::models::{ModelMark, ModelRow};
use transfer::learning::{LEARN, LearnSpec, begin_learning};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(fit))
        .routes(routes!(find))
        .routes(routes!(history))
}

/// A fit of a kind and what is known of how good it is.
#[derive(Debug, Serialize, ToSchema)]
struct ModelFit {
    /// Counts up with each fit of the kind.
    version: i64,
    fitted_at: String,
    /// `serving`; `refused`: what served was better; `retired`: it served before.
    state: String,
    /// What it was fitted to, its parameters, its errors on purchases that it had not seen beside those of naive
    /// rules, its calibration, and why it serves or not. Its form differs by kind: docs/predictions.md.
    #[schema(value_type = Object)]
    report: Value,
}

/// What is learned of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct LearnedKind {
    /// `purchases`, `carts`, `leads`, `hours`, `recommend`.
    kind: String,
    /// What is asked now; null: nothing is known yet.
    serving: Option<ModelFit>,
    /// The newest fit, where it is another than the one that serves.
    refused: Option<ModelFit>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LearnedKinds {
    items: Vec<LearnedKind>,
    /// The newest job that fitted, or fits, them.
    job: Option<JobView>,
}

fn report_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

impl ModelFit {
    fn of_row(row: ModelRow) -> ModelFit {
        ModelFit {
            version: row.version,
            fitted_at: iso(row.fitted_at),
            state: row.state,
            report: report_of(&row.report),
        }
    }

    fn of_mark(mark: ModelMark) -> ModelFit {
        ModelFit {
            version: mark.version,
            fitted_at: iso(mark.fitted_at),
            state: mark.state,
            report: report_of(&mark.report),
        }
    }
}

/// List what is learned
///
/// Every kind of model, also those of which nothing is known yet.
#[utoipa::path(get, path = "/models", tag = "predictions", responses((status = 200, body = LearnedKinds)))]
async fn list(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<LearnedKinds>> {
    let workspace = caller.workspace;
    let (mut serving, newest, job) = services
        .read(move |tx| {
            let mut newest = Vec::new();
            for (kind, _) in KINDS {
                newest.push(tx.model_history(workspace, kind, 1)?.pop());
            }
            let job = tx.job_page(workspace, (kit::Timestamp::MAX, ""), LEARN, 1)?.pop();
            Ok((tx.serving_models_of(workspace)?, newest, job))
        })
        .await?;
    let items = KINDS.iter().zip(newest).map(|((kind, _), newest)| {
        let place = serving.iter().position(|row| row.kind == *kind);
        LearnedKind {
            kind: (*kind).to_owned(),
            serving: place.map(|place| ModelFit::of_row(serving.swap_remove(place))),
            refused: newest.filter(|mark| mark.state == "refused").map(ModelFit::of_mark),
        }
    });
    Ok(Json(LearnedKinds { items: items.collect(), job: job.map(JobView::of) }))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FitAsked {
    /// Which kinds; all when not given.
    #[serde(default)]
    kinds: Vec<String>,
}

/// Fit models anew
///
/// As a job of the kind `learn`, with progress, that can be cancelled. What serves goes on serving until a better fit is
/// there. Where such a job is open already, it is the answer.
#[utoipa::path(post, path = "/models/fit", tag = "predictions", request_body = FitAsked, responses((status = 202, body = JobView)))]
async fn fit(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    audit: Audit,
    Told(told): Told<FitAsked>,
) -> Answer<(StatusCode, Json<JobView>)> {
    if let Some(unknown) = told.kinds.iter().find(|asked| !KINDS.iter().any(|(kind, _)| kind == asked)) {
        let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        return Err(Problem::field("kinds", format!("{unknown} is none of {}", known.join(", "))));
    }
    let spec = if told.kinds.is_empty() { LearnSpec::all() } else { LearnSpec { kinds: told.kinds } };
    let job = services
        .aside(move |services| {
            let id = services.new_id().to_string();
            begin_learning(&services.store, caller.workspace, id, &spec, &caller.source, services.now())
                .map_err(Problem::from)
        })
        .await?;
    services.jobs_bell.ring();
    audit.object("models", &job.job_id);
    Ok((StatusCode::ACCEPTED, Json(JobView::of(job))))
}

/// The kind of a path.
fn known(kind: &str) -> Answer<&'static str> {
    let found = KINDS.iter().find(|(name, _)| *name == kind).map(|(name, _)| *name);
    found.ok_or_else(|| Problem::not_found("model of this kind"))
}

/// Show the model of a kind that serves
#[utoipa::path(get, path = "/models/{kind}", tag = "predictions", params(("kind" = String, Path)),
    responses((status = 200, body = ModelFit)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(kind): Path<String>,
) -> Answer<Json<ModelFit>> {
    let kind = known(&kind)?;
    let serving = services.read(move |tx| tx.serving_models_of(caller.workspace)).await?;
    let row = serving.into_iter().find(|row| row.kind == kind);
    row.map(|row| Json(ModelFit::of_row(row))).ok_or_else(|| {
        Problem::not_found("model of this kind that serves (there is too little to learn from yet)")
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FitsAsked {
    /// From 1 to 30; 30 when not given.
    limit: Option<u32>,
}

/// List the fits of a kind
///
/// Newest first, those that were refused too; the last thirty are remembered.
#[utoipa::path(get, path = "/models/{kind}/fits", tag = "predictions", params(("kind" = String, Path), FitsAsked),
    responses((status = 200, body = Page<ModelFit>)))]
async fn history(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(kind): Path<String>,
    Asked(asked): Asked<FitsAsked>,
) -> Answer<Json<Page<ModelFit>>> {
    let kind = known(&kind)?;
    let limit = asked.limit.unwrap_or(30);
    if !(1..=30).contains(&limit) {
        return Err(Problem::field("limit", "from 1 to 30"));
    }
    let marks = services.read(move |tx| tx.model_history(caller.workspace, kind, i64::from(limit))).await?;
    Ok(Json(Page { items: marks.into_iter().map(ModelFit::of_mark).collect(), next: None }))
}
