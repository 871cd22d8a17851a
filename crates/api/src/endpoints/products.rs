//! What the shop sells.

use crate::caller::{Reader, Writer};
use crate::listing::{Page, Paging, iso_ms};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::State;
use domain::commerce::{CATEGORIES_MAX, Product};
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
    /// All of its categories, the first one first.
    categories: Vec<String>,
    brand: Option<String>,
    price: Option<i64>,
    currency: Option<String>,
    compare_at_price: Option<i64>,
    /// What one costs the shop, in minor units.
    cost: Option<i64>,
    stock: Option<i64>,
    /// Whether it can be bought; null where nobody said.
    in_stock: Option<bool>,
    /// Never recommended.
    hidden: bool,
    url: Option<String>,
    image_url: Option<String>,
    created_at: Option<String>,
    updated_at: String,
    /// When the shop's catalogue last said that it can be bought again.
    restocked_at: Option<String>,
    /// When its price last fell, unless it rose again since, and the price before.
    dropped_at: Option<String>,
    dropped_from: Option<i64>,
    /// Told by the shop itself; otherwise gathered from events.
    from_catalogue: bool,
}

impl ProductView {
    fn of(product: Product) -> ProductView {
        ProductView {
            updated_at: iso_ms(product.updated_at),
            created_at: product.created_at.map(iso_ms),
            restocked_at: product.restocked_at.map(iso_ms),
            dropped_at: product.dropped_at.map(iso_ms),
            dropped_from: product.dropped_from,
            in_stock: product.is_available(),
            hidden: product.is_hidden(),
            categories: product.all_categories().map(str::to_owned).collect(),
            product_id: product.product_id,
            name: product.name,
            sku: product.sku,
            category: product.category,
            brand: product.brand,
            price: product.price,
            currency: product.currency,
            compare_at_price: product.compare_at_price,
            cost: product.cost,
            stock: product.stock,
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
    /// The first of `categories` when not given.
    category: Option<String>,
    /// At most 20.
    #[serde(default)]
    categories: Vec<String>,
    brand: Option<String>,
    /// In minor units.
    price: Option<i64>,
    /// The shop's own when not given.
    currency: Option<String>,
    /// The price that is struck through beside the own one, in minor units.
    compare_at_price: Option<i64>,
    /// What one costs the shop, in minor units.
    cost: Option<i64>,
    /// How many there are. Together with `in_stock`: what is told here replaces both.
    stock: Option<i64>,
    /// Whether it can be bought, whatever the quantity says.
    in_stock: Option<bool>,
    /// True: it is never recommended.
    hidden: Option<bool>,
    /// When it came into the shop's range, as ISO 8601.
    created_at: Option<String>,
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
        for (name, amount) in
            [("price", item.price), ("compare_at_price", item.compare_at_price), ("cost", item.cost)]
        {
            if amount.is_some_and(|amount| !(0..1 << 53).contains(&amount)) {
                return Err(Problem::field(&field(name), "from 0 to 9007199254740991 minor units"));
            }
        }
        if item.categories.len() > CATEGORIES_MAX
            || item.categories.iter().any(|c| c.trim().is_empty() || c.len() > 2_000)
        {
            let detail = "at most 20 categories, each of 1 to 2,000 bytes";
            return Err(Problem::field(&field("categories"), detail));
        }
        let created_at = match &item.created_at {
            Some(told) => Some(
                domain::event::parse_instant(told)
                    .ok_or_else(|| Problem::field(&field("created_at"), "an instant as ISO 8601"))?,
            ),
            None => None,
        };
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
            category: item.category.or_else(|| item.categories.first().cloned()),
            categories: item.categories,
            brand: item.brand,
            currency: item.price.map(|_| currency.code().to_owned()),
            price: item.price,
            compare_at_price: item.compare_at_price,
            cost: item.cost,
            stock: item.stock,
            in_stock: item.in_stock,
            hidden: item.hidden,
            created_at: created_at.map(Into::into),
            url: item.url,
            image_url: item.image_url,
            updated_at: now.into(),
            from_catalogue: true,
            ..Product::default()
        });
    }
    let stored = products.len();
    services.note(workspace, &Note::Products { products }).await?;
    services
        .aside(move |services| {
            services.shelves.outdate(workspace);
            Ok(())
        })
        .await?;
    Ok(Json(Stored { stored }))
}
