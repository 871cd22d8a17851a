//! Where addresses that somebody knows lead: to the web app.

use axum::Router;
use axum::extract::Path;
use axum::response::Redirect;
use axum::routing::get;

pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || Redirect::to("/app/")))
        .route("/sign-in", get(async || Redirect::to("/app/sign-in")))
        .route("/forgot-password", get(async || Redirect::to("/app/forgot-password")))
        .route("/outbox", get(async || Redirect::to("/app/outbox")))
        .route("/outbox/{id}", get(async |Path(id): Path<String>| to("messages", &id)))
        .route("/people", get(async || Redirect::to("/app/customers")))
        .route("/people/{id}", get(async |Path(id): Path<String>| to("customers", &id)))
        .route("/invitation/{token}", get(async |Path(token): Path<String>| to("invitation", &token)))
        .route("/new-password/{token}", get(async |Path(token): Path<String>| to("new-password", &token)))
}

/// A link that was mailed or kept before the app had pages for it.
fn to(page: &str, token: &str) -> Redirect {
    let plain: String = token.chars().filter(char::is_ascii_alphanumeric).collect();
    Redirect::to(&format!("/app/{page}/{plain}"))
}
