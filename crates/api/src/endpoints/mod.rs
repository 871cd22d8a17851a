//! `/api/v1`, one file a group of endpoints. What a group shows is its own set of shapes; the store's rows and the
//! domain's types are never written out as they are.

mod account;
mod audit;
mod brand;
mod budgets;
mod campaigns;
mod catalog;
mod channel_guide;
mod channels;
mod condition;
pub mod do_not_call;
mod domain_checks;
pub(crate) mod domains;
mod events;
mod exports;
mod habits;
mod history;
pub(crate) mod hooks;
mod imports;
pub(crate) mod invitations;
mod jobs;
mod journey_canvas;
mod journey_report;
mod journeys;
mod keys;
mod leads;
mod lists;
mod live;
pub(crate) mod media;
mod messages;
mod models;
mod orders;
mod overview;
mod people;
mod person_export;
mod policies;
mod predictions;
mod preview;
mod products;
mod profiles;
mod recommendations;
pub mod register_source;
mod rehearsals;
mod requests;
pub(crate) mod retention;
pub(crate) mod returns;
mod runs;
mod scenarios;
mod search;
mod segments;
mod sending_plans;
mod sessions;
mod settings;
mod setup;
mod staff_contacts;
mod status;
mod suppressions;
mod templates;
mod timeline;
pub(crate) mod users;
mod views;
mod workspaces;
pub(crate) mod zalo;

pub(crate) use campaigns::{Checks, Figures};
pub(crate) use live::Live;
pub(crate) use overview::Overviews;

use crate::problem::Problem;
use crate::services::Services;
use crate::{caller, idempotency, openapi};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What asks for no key: signing in, and what comes with a token of its own.
fn open() -> OpenApiRouter<Arc<Services>> {
    sessions::router().merge(invitations::open())
}

/// What asks for a key, group by group.
fn groups() -> Vec<OpenApiRouter<Arc<Services>>> {
    vec![
        profiles::router(),
        people::router(),
        timeline::router(),
        views::router(),
        budgets::router(),
        channel_guide::router(),
        history::router(),
        events::router(),
        orders::router(),
        products::router(),
        recommendations::router(),
        imports::router(),
        exports::router(),
        jobs::router(),
        journeys::router(),
        journey_report::router(),
        journey_canvas::router(),
        rehearsals::router(),
        campaigns::router(),
        runs::router(),
        templates::router(),
        brand::router(),
        media::router(),
        scenarios::router(),
        predictions::router(),
        habits::router(),
        preview::router(),
        messages::router(),
        models::router(),
        channels::router(),
        zalo::router(),
        domains::router(),
        returns::router(),
        sending_plans::router(),
        hooks::router(),
        condition::router(),
        settings::router(),
        keys::router(),
        staff_contacts::router(),
        suppressions::router(),
        do_not_call::router(),
        register_source::router(),
        policies::router(),
        status::router(),
        segments::router(),
        catalog::router(),
        leads::router(),
        lists::router(),
        live::router(),
        overview::router(),
        search::router(),
        setup::router(),
        users::router(),
        invitations::router(),
        sessions::own(),
        account::router(),
        workspaces::router(),
        audit::router(),
        requests::router(),
        retention::router(),
    ]
}

/// All routes that ask for a key, and the document that describes them and the open ones.
pub(crate) fn described() -> (Router<Arc<Services>>, utoipa::openapi::OpenApi) {
    let mut all = OpenApiRouter::new();
    for group in groups() {
        all = all.merge(group);
    }
    let (router, mut described) = all.split_for_parts();
    let (_, opened) = open().split_for_parts();
    described.merge(opened);
    let paths = std::mem::take(&mut described.paths.paths);
    described.paths.paths = paths.into_iter().map(|(path, item)| (format!("/api/v1{path}"), item)).collect();
    let mut document = openapi::base();
    document.merge(described);
    (router, openapi::finish(document))
}

pub fn router(services: &Arc<Services>) -> Router<Arc<Services>> {
    let (closed, document) = described();
    let document: Arc<str> = document.to_json().unwrap_or_default().into();
    let closed = closed
        .layer(from_fn_with_state(Arc::clone(services), idempotency::once))
        .layer(from_fn_with_state(Arc::clone(services), crate::audit::record))
        .layer(from_fn_with_state(Arc::clone(services), caller::authenticate));
    let json = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    Router::new()
        .merge(closed)
        .merge(open().split_for_parts().0)
        .route("/openapi.json", get(async move || (json, document.to_string())))
        .fallback(async || {
            let detail = "there is no such path; /api/v1/openapi.json lists them";
            Problem::new(StatusCode::NOT_FOUND, "path_unknown", detail)
        })
        .method_not_allowed_fallback(async || {
            let detail = "this path does not take this method; /api/v1/openapi.json lists them";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        })
        .layer(map_response(in_one_form))
}

/// What the framework refuses by itself, such as a path that is no UTF-8, it tells as plain text.
async fn in_one_form(response: Response) -> Response {
    let is_text = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(is_text && response.status().is_client_error()) {
        return response;
    }
    let detail = "the path or the headers of the request cannot be read";
    Problem::new(response.status(), "invalid_request", detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The document knows a shape by its name alone: of two with one name the later would stand for both.
    #[test]
    fn no_two_shapes_have_one_name() {
        let mut known = BTreeMap::new();
        for group in groups().into_iter().chain([open()]) {
            let components = group.into_openapi().components.unwrap_or_default();
            for (name, shape) in components.schemas {
                let shape = serde_json::to_string(&shape).expect("a schema is JSON");
                let before = known.entry(name.clone()).or_insert_with(|| shape.clone());
                assert_eq!(
                    *before, shape,
                    "{name} stands for two shapes: give one of them a name of its own"
                );
            }
        }
    }
}
