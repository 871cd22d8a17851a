//! What the shop sells.

use crate::caller::{Reader, Writer};
use crate::listing::{Page, Paging, iso_ms};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::State;
use domain::commerce::Product;
use engine::Note;
use kit::Currency;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list, put))
}

/// Products in one call.
const PRODUCTS_MAX: usize = 1_000;

#[derive(Debug, Serialize, ToSchema)]
struct ProductView {
    product_id: String,
    name: Option<String>,
    sku: Option<String>,
    category: Option<String>,
    brand: Option<String>,
    price: Option<i64>,
    currency: Option<String>,
    url: Option<String>,
    image_url: Option<String>,
    updated_at: String,
    /// Told by the shop itself; otherwise gathered from events.
    from_catalogue: bool,
}

impl ProductView {
    fn of(product: Product) -> ProductView {
        ProductView {
            updated_at: iso_ms(product.updated_at),
            product_id: product.product_id,
            name: product.name,
            sku: product.sku,
            category: product.category,
            brand: product.brand,
            price: product.price,
            currency: product.currency,
            url: product.url,
            image_url: product.image_url,
            from_catalogue: product.from_catalogue,
        }
    }
}

/// List products
///
/// By id.
#[utoipa::path(get, path = "/products", tag = "commerce", params(Paging), responses((status = 200, body = Page<ProductView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<ProductView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let after = paging.after::<1>()?.map_or_else(String::new, |[after]| after);
    let rows = services.read(move |tx| tx.product_page(workspace, &after, limit + 1)).await?;
    Ok(Json(Page::of(rows, limit, |row| [row.product_id.clone()], ProductView::of)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProduct {
    product_id: String,
    name: Option<String>,
    sku: Option<String>,
    category: Option<String>,
    brand: Option<String>,
    /// In minor units.
    price: Option<i64>,
    /// The shop's own when not given.
    currency: Option<String>,
    url: Option<String>,
    image_url: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    /// At most 1,000.
    items: Vec<NewProduct>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Stored {
    stored: usize,
}

/// Tell of products
///
/// Each is made or changed; what is left out stays as it is. What the shop tells here wins over what events tell.
#[utoipa::path(put, path = "/products", tag = "commerce", request_body = Catalogue, responses((status = 200, body = Stored)))]
async fn put(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<Catalogue>,
) -> Answer<Json<Stored>> {
    if told.items.is_empty() || told.items.len() > PRODUCTS_MAX {
        return Err(Problem::field("items", format!("from 1 to {PRODUCTS_MAX} products")));
    }
    let workspace = caller.workspace;
    let settings = services.read(move |tx| workspace_of(tx, workspace)).await?.settings;
    let now = services.now();
    let mut products = Vec::with_capacity(told.items.len());
    for (at, item) in told.items.into_iter().enumerate() {
        let field = |name: &str| format!("items[{at}].{name}");
        if item.product_id.trim().is_empty() || item.product_id.len() > 300 {
            return Err(Problem::field(&field("product_id"), "from 1 to 300 bytes"));
        }
        if item.price.is_some_and(|price| price < 0) {
            return Err(Problem::field(&field("price"), "not negative"));
        }
        let texts = [&item.name, &item.sku, &item.category, &item.brand, &item.url, &item.image_url];
        if texts.into_iter().flatten().any(|text| text.len() > 2_000) {
            return Err(Problem::field(&format!("items[{at}]"), "texts have at most 2,000 bytes"));
        }
        let currency = match &item.currency {
            Some(code) => code
                .parse::<Currency>()
                .map_err(|error| Problem::field(&field("currency"), error.to_string()))?,
            None => settings.currency(),
        };
        products.push(Product {
            product_id: item.product_id.trim().to_owned(),
            name: item.name,
            sku: item.sku,
            category: item.category,
            brand: item.brand,
            currency: item.price.map(|_| currency.code().to_owned()),
            price: item.price,
            url: item.url,
            image_url: item.image_url,
            updated_at: now.into(),
            from_catalogue: true,
        });
    }
    let stored = products.len();
    services.note(workspace, &Note::Products { products }).await?;
    Ok(Json(Stored { stored }))
}
