//! Orders: of one person, of all, and told by the shop's own programs.

use crate::caller::{Reader, Writer};
use crate::endpoints::profiles::{LineView, Whom, by_id, external_ids, identifier};
use crate::listing::{Page, Paging, bad_cursor, instant, iso_ms};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use domain::commerce::Order;
use domain::event::ItemKind;
use domain::identifier::Identifier;
use kit::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::history::OrderRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(of_profile)).routes(routes!(list, put))
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderView {
    source: String,
    order_id: String,
    /// Whose it is; left out in the list of one profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_id: Option<String>,
    status: String,
    placed_at: String,
    currency: String,
    lines: Vec<LineView>,
    subtotal: Option<i64>,
    discount: Option<i64>,
    shipping: Option<i64>,
    tax: Option<i64>,
    /// What the goods cost the shop.
    cost: Option<i64>,
    /// Without shipping and tax.
    revenue: Option<i64>,
    /// All that the customer pays.
    total: Option<i64>,
    coupon: Option<String>,
    refunded: i64,
    /// What counts: revenue (else total) without refunds, 0 when cancelled.
    net: i64,
    history: Vec<StatusView>,
    refunds: Vec<RefundView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct StatusView {
    at: String,
    status: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct RefundView {
    at: String,
    refund_id: String,
    /// Null: all of it.
    amount: Option<i64>,
}

impl OrderView {
    fn of(order: &Order, profile_id: Option<String>) -> OrderView {
        let contents = &order.contents;
        OrderView {
            source: order.source.clone(),
            order_id: order.order_id.clone(),
            profile_id,
            status: order.status().to_owned(),
            placed_at: iso_ms(order.placed_at),
            currency: order.currency.clone(),
            lines: contents.lines.iter().map(LineView::of).collect(),
            subtotal: contents.subtotal,
            discount: contents.discount,
            shipping: contents.shipping,
            tax: contents.tax,
            cost: contents.cost,
            revenue: contents.revenue,
            total: contents.total,
            coupon: contents.coupon.clone(),
            refunded: order.refunded(),
            net: order.net(),
            history: order
                .history
                .iter()
                .map(|change| StatusView { at: iso_ms(change.at), status: change.status.clone() })
                .collect(),
            refunds: order
                .refunds
                .iter()
                .map(|refund| RefundView {
                    at: iso_ms(refund.at),
                    refund_id: refund.refund_id.clone(),
                    amount: refund.amount,
                })
                .collect(),
        }
    }
}

/// A profile's orders
///
/// Newest first.
#[utoipa::path(get, path = "/profiles/{id}/orders", tag = "profiles", params(("id" = String, Path), Paging), responses((status = 200, body = Page<OrderView>)))]
async fn of_profile(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<OrderView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let skip = paging.after_number()?.unwrap_or(0).max(0);
    let no = by_id(&services, workspace, &id).await?.profile.no;
    let rows = services.read(move |tx| tx.order_page(workspace, no, skip, limit + 1)).await?;
    let behind = |_: &Order| [(skip + limit).to_string()];
    Ok(Json(Page::of(rows, limit, behind, |order| OrderView::of(&order, None))))
}

/// List orders
///
/// Of all profiles, newest first.
#[utoipa::path(get, path = "/orders", tag = "commerce", params(Paging), responses((status = 200, body = Page<OrderView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<OrderView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let (at, source, order_id) = match paging.after::<3>()? {
        None => (Timestamp::MAX, String::new(), String::new()),
        Some([at, source, id]) => (Timestamp::from_ms(at.parse().map_err(|_| bad_cursor())?), source, id),
    };
    let (rows, ids) = services
        .read(move |tx| {
            let rows = tx.recent_orders(workspace, (at, &source, &order_id), limit + 1)?;
            let keys: Vec<_> = rows.iter().map(|row| (workspace, row.profile)).collect();
            let profiles = tx.profiles(&keys)?;
            let ids: BTreeMap<_, _> = profiles
                .into_iter()
                .map(|(_, stored)| (stored.profile.no, stored.profile.id.to_string()))
                .collect();
            Ok((rows, ids))
        })
        .await?;
    let behind = |row: &OrderRow| {
        [row.order.placed_at.0.ms().to_string(), row.order.source.clone(), row.order.order_id.clone()]
    };
    let show = |row: OrderRow| OrderView::of(&row.order, ids.get(&row.profile).cloned());
    Ok(Json(Page::of(rows, limit, behind, show)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrder {
    order_id: String,
    /// Where it was placed: `site` when not given; `shopee`, `pos`.
    source: Option<String>,
    /// Whose it is: a profile, or identifiers that may make one.
    profile_id: Option<String>,
    identifier: Option<String>,
    #[serde(default)]
    identifiers: Vec<String>,
    placed_at: Option<String>,
    /// When this became so; now when not given. Of two tellings the later holds.
    at: Option<String>,
    /// `placed`, `confirmed`, `paid`, `packed`, `shipped`, `delivered`, `completed`, `cancelled`, `returned`.
    status: Option<String>,
    currency: Option<String>,
    #[serde(default)]
    lines: Vec<NewLine>,
    subtotal: Option<i64>,
    discount: Option<i64>,
    shipping: Option<i64>,
    tax: Option<i64>,
    cost: Option<i64>,
    revenue: Option<i64>,
    total: Option<i64>,
    coupon: Option<String>,
    #[serde(default)]
    refunds: Vec<NewRefund>,
    /// Of the past: starts no journey.
    #[serde(default)]
    historical: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLine {
    product_id: String,
    variant: Option<String>,
    name: Option<String>,
    sku: Option<String>,
    category: Option<String>,
    brand: Option<String>,
    /// For one piece, in minor units.
    price: i64,
    /// 1 when not given.
    quantity: Option<i64>,
    /// Taken off the whole line.
    discount: Option<i64>,
    coupon: Option<String>,
    url: Option<String>,
    image_url: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRefund {
    /// The same one counts once.
    refund_id: String,
    /// Null: all of it.
    amount: Option<i64>,
    at: Option<String>,
}

/// An amount as events carry it: in the currency's major unit.
fn major(minor: i64, currency: Currency) -> Value {
    if currency.exponent() == 0 { json!(minor) } else { json!(Money { minor, currency }.to_f64()) }
}

impl NewOrder {
    /// The properties of an `Order Updated`.
    fn properties(&self, currency: Currency) -> Answer<Map<String, Value>> {
        let mut told = Map::new();
        told.insert("order_id".into(), json!(self.order_id.trim()));
        told.insert("currency".into(), json!(currency.code()));
        let texts = [("source", &self.source), ("status", &self.status), ("coupon", &self.coupon)];
        for (name, text) in texts {
            if let Some(text) = text {
                told.insert(name.into(), json!(text));
            }
        }
        if let Some(text) = &self.placed_at {
            told.insert("placed_at".into(), json!(instant("placed_at", text)?.ms()));
        }
        let amounts = [
            ("subtotal", self.subtotal),
            ("discount", self.discount),
            ("shipping", self.shipping),
            ("tax", self.tax),
            ("cost", self.cost),
            ("revenue", self.revenue),
            ("total", self.total),
        ];
        for (name, amount) in amounts {
            if let Some(minor) = amount {
                told.insert(name.into(), major(minor, currency));
            }
        }
        if !self.lines.is_empty() {
            let lines = self.lines.iter().map(|line| {
                json!({
                    "product_id": line.product_id, "variant": line.variant, "name": line.name, "sku": line.sku,
                    "category": line.category, "brand": line.brand, "price": major(line.price, currency),
                    "quantity": line.quantity.unwrap_or(1),
                    "discount": line.discount.map(|minor| major(minor, currency)),
                    "coupon": line.coupon, "url": line.url, "image_url": line.image_url,
                })
            });
            told.insert("products".into(), lines.collect());
        }
        let mut refunds = Vec::new();
        for (at, refund) in self.refunds.iter().enumerate() {
            let mut one = json!({ "refund_id": refund.refund_id });
            if let Some(minor) = refund.amount {
                one["amount"] = major(minor, currency);
            }
            if let Some(text) = &refund.at {
                one["at"] = json!(instant(&format!("refunds[{at}].at"), text)?.ms());
            }
            refunds.push(one);
        }
        if !refunds.is_empty() {
            told.insert("refunds".into(), Value::Array(refunds));
        }
        Ok(told)
    }
}

/// Tell of an order
///
/// Makes or changes it; what is left out stays as it is, and telling the same twice changes nothing. Goes in as the
/// event `Order Updated`.
#[utoipa::path(post, path = "/orders", tag = "commerce", request_body = NewOrder, responses((status = 200, body = OrderView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Told(told): Told<NewOrder>,
) -> Answer<Json<OrderView>> {
    let workspace = caller.workspace;
    if told.order_id.trim().is_empty() || told.order_id.len() > 300 {
        return Err(Problem::field("order_id", "from 1 to 300 bytes"));
    }
    let settings = services.read(move |tx| workspace_of(tx, workspace)).await?.settings;
    let currency = match &told.currency {
        Some(code) => {
            code.parse::<Currency>().map_err(|error| Problem::field("currency", error.to_string()))?
        }
        None => settings.currency(),
    };
    let identifiers: Vec<Identifier> = if told.identifiers.is_empty() {
        let whom = Whom { profile_id: told.profile_id.clone(), identifier: told.identifier.clone() };
        match (&whom.profile_id, &whom.identifier) {
            (None, Some(text)) => vec![identifier(text)?],
            _ => {
                let profile = whom.find(&services, workspace).await?.profile;
                let strongest = profile.identifiers.iter().min_by_key(|known| known.identifier.kind.clone());
                let detail = "this profile has no identifier that an event could carry";
                let known = strongest.ok_or_else(|| Problem::field("profile_id", detail))?;
                vec![known.identifier.clone()]
            }
        }
    } else {
        told.identifiers.iter().map(|text| identifier(text)).collect::<Answer<_>>()?
    };
    let now = services.now();
    let at = told.at.as_deref().map(|text| instant("at", text)).transpose()?.unwrap_or(now);
    let item = json!({
        "messageId": format!("api-{}", services.new_id()),
        "event": "Order Updated",
        "timestamp": crate::listing::iso(at),
        "properties": told.properties(currency)?,
        "context": { "externalIds": external_ids(&identifiers), "channel": "api", "historical": told.historical },
    });
    services.tell(workspace, ItemKind::Track, &item).await?;
    let source = told.source.as_deref().unwrap_or("site").trim().to_lowercase();
    let order_id = told.order_id.trim().to_owned();
    let found = services
        .read(move |tx| {
            let found = tx.orders_named(&[(workspace, &source, &order_id)])?.into_iter().flatten().next();
            let Some(row) = found else { return Ok(None) };
            let profile = tx.profile(workspace, row.profile)?;
            Ok(Some((row.order, profile.map(|stored| stored.profile.id.to_string()))))
        })
        .await?;
    let Some((order, profile_id)) = found else {
        let detail = "the order could not be taken in; GET /api/v1/rejections says why";
        return Err(Problem::unusable("order_unusable", detail));
    };
    Ok(Json(OrderView::of(&order, profile_id)))
}
