//! `/v1/recommendations`: what a page of the shop shows of recommendations, asked with the write key, which everybody
//! can read in the page. The answer holds products and nothing else.
//!
//! Who holds the key alone must learn nothing of a person, and what somebody bought shows in what is recommended to
//! them. So a person's own past is used for a device that names its own long random id, and for a user id for which
//! the shop's own server vouches; for everybody else the answer is that for a stranger.

use crate::devices::{DEVICE_ID_CHARS_MIN, Whom, key_of, sealed_of, unvouched, vouched};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::tracking;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::consent::Channel;
use domain::identifier::{Identifier, IdentifierKind};
use domain::recommend::{LIMIT_MAX, is_name};
use engine::shelf::{Pick, Question, shown};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Products of a page or a cart in one question.
const IDS_MAX: usize = 50;
const ID_BYTES_MAX: usize = 300;

pub fn router() -> Router<Arc<Services>> {
    Router::new().route("/v1/recommendations", get(recommendations)).layer(tracking::cors())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageAsks {
    #[serde(flatten)]
    whom: Whom,
    /// A place of the shop's, or a rail.
    place: Option<String>,
    /// Ids with commas between them.
    products: Option<String>,
    cart: Option<String>,
    limit: Option<String>,
    /// `vi` or `en`, of the words for the reasons; the shop's own when not given.
    language: Option<String>,
}

async fn recommendations(
    State(services): State<Arc<Services>>,
    Query(asks): Query<PageAsks>,
    headers: HeaderMap,
) -> Response {
    match answer(&services, &asks, &headers).await {
        Ok(told) => cached(&told, &headers),
        Err(problem) => {
            services.metrics.refused();
            problem.for_tracking()
        }
    }
}

/// The answer, or that it is the one which the page has already.
fn cached(told: &Value, headers: &HeaderMap) -> Response {
    let body = told.to_string();
    let hash = Sha256::digest(body.as_bytes());
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..12]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    // Of one browser alone: it differs from person to person.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=15, must-revalidate"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn ids_of(field: &'static str, told: Option<&str>) -> Answer<Vec<String>> {
    let ids: Vec<String> = told
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect();
    if ids.len() > IDS_MAX || ids.iter().any(|id| id.len() > ID_BYTES_MAX) {
        return Err(Problem::field(field, "at most 50 ids, each of at most 300 bytes"));
    }
    Ok(ids)
}

async fn answer(services: &Arc<Services>, asks: &PageAsks, headers: &HeaderMap) -> Answer<Value> {
    let key = key_of(services, headers, asks.whom.write_key.as_deref()).await?;
    let named = asks.place.as_deref().map(str::trim).unwrap_or_default().to_owned();
    if !is_name(&named) {
        return Err(Problem::field(
            "place",
            "a place of the shop's, such as home, or a rail, such as popular",
        ));
    }
    let limit = match asks.limit.as_deref().filter(|limit| !limit.is_empty()) {
        None => None,
        Some(told) => match told.parse::<usize>() {
            Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => Some(limit),
            _ => return Err(Problem::field("limit", "from 1 to 50")),
        },
    };
    let (products, cart) =
        (ids_of("products", asks.products.as_deref())?, ids_of("cart", asks.cart.as_deref())?);
    let user = Whom::given(&asks.whom.user_id);
    let device =
        Whom::given(&asks.whom.anonymous_id).filter(|device| device.chars().count() >= DEVICE_ID_CHARS_MIN);
    let identifier = match (user, device) {
        (Some(user_id), _) if Whom::given(&asks.whom.user_hash).is_some() => {
            let onsite = sealed_of(services, &key, Channel::Onsite).await?;
            let hash = asks.whom.user_hash.as_deref();
            if vouched(services, onsite.as_deref(), user_id, hash) != Some(true) {
                return Err(unvouched());
            }
            Identifier::new(IdentifierKind::UserId, user_id).ok()
        }
        (_, Some(device)) => Identifier::new(IdentifierKind::Anonymous, device).ok(),
        _ => None,
    };
    let (workspace, now) = (key.workspace, services.now());
    let language = asks.language.clone();
    services
        .aside(move |services| {
            let customer = match &identifier {
                Some(identifier) => {
                    services.store.read(|tx| tx.find_identifiers(&[(workspace, identifier)]))?
                }
                None => Vec::new(),
            };
            let customer = customer.into_iter().next().flatten();
            let question =
                Question { customer, products: &products, cart: &cart, limit, now, imagined: false };
            let Some(answer) = services.shelves.ask(workspace, &named, &question)? else {
                return Err(Problem::not_found("place"));
            };
            let items = services.shelves.look(workspace, now, |shelf| {
                let language = language.as_deref().unwrap_or(&shelf.language);
                let shown = |pick: &Pick| shown(pick, shelf.words(&pick.reason, language), shelf.currency);
                answer.picks.iter().map(shown).collect::<Vec<Value>>()
            })?;
            Ok(json!({ "place": named, "items": items }))
        })
        .await
}
