//! The numbers of several campaigns beside each other, and what the shop is used to. They take a while to add up, so
//! that each process keeps them for a while.

use super::views::ResultView;
use super::{failed, row_of};
use crate::caller::Reader;
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Asked;
use axum::Json;
use axum::extract::{Path, State};
use engine::campaigns::{self, Totals};
use kit::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::campaigns::{Archived, CampaignFilter, CampaignRow};
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Campaigns whose numbers one call tells.
const ASKED_MAX: usize = 50;
/// Numbers that are kept.
const KEPT_MAX: usize = 2_000;
/// How long numbers are good: of what goes on, of what is over, of what is long over.
const FRESH_MS: i64 = 5 * SECOND_MS;
const OVER_MS: i64 = 60 * SECOND_MS;
const LONG_OVER_MS: i64 = 6 * HOUR_MS;
/// Campaigns that make up what is usual.
const USUAL_OF: i64 = 20;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(figures)).routes(routes!(usual)).routes(routes!(domains))
}

/// Numbers of campaigns, and when and of which revision they were added up. They may be lost.
#[derive(Debug, Default)]
pub struct Figures(Mutex<HashMap<(WorkspaceId, String), Known>>);

/// When, of which revision, and what.
type Known = (Timestamp, i64, Totals);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under this lock is one call: a thread that panicked left nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Figures {
    fn of(
        &self,
        tx: &mut ReadTx<'_>,
        workspace: WorkspaceId,
        row: &CampaignRow,
        currency: &str,
        now: Timestamp,
    ) -> Result<Totals, engine::EngineError> {
        let key = (workspace, row.campaign_id.clone());
        let good_ms = match row.state.as_str() {
            "done" | "cancelled" if now.since_ms(row.updated_at) > 30 * DAY_MS => LONG_OVER_MS,
            "done" | "cancelled" => OVER_MS,
            _ => FRESH_MS,
        };
        if let Some((at, revision, totals)) = lock(&self.0).get(&key)
            && *revision == row.revision
            && now.since_ms(*at) < good_ms
        {
            return Ok(totals.clone());
        }
        let totals = campaigns::totals(tx, workspace, row, currency)?;
        let mut kept = lock(&self.0);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, (now, row.revision, totals.clone()));
        Ok(totals)
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FiguresQuery {
    /// Ids of campaigns with commas between them, at most 50.
    ids: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignFigures)]
struct FiguresView {
    id: String,
    currency: String,
    runs: i64,
    #[serde(flatten)]
    total: ResultView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignFiguresList)]
struct FiguresList {
    items: Vec<FiguresView>,
}

/// Read the numbers of several campaigns
///
/// As in their reports, up to a minute old. What is no campaign is left out.
#[utoipa::path(get, path = "/campaigns/figures", tag = "campaigns", params(FiguresQuery), responses((status = 200, body = FiguresList)))]
async fn figures(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<FiguresQuery>,
) -> Answer<Json<FiguresList>> {
    let workspace = caller.workspace;
    let ids: Vec<String> =
        query.ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.len() > ASKED_MAX {
        return Err(Problem::field("ids", "at most 50"));
    }
    let items = services
        .aside(move |services| {
            let now = services.now();
            let mut items = Vec::with_capacity(ids.len());
            for told in ids {
                let Ok(id) = super::campaign_id(&told) else { continue };
                // A snapshot for each, so that none is held for long.
                let found = services.store.read(|tx| {
                    let Some(row) = tx.campaign(workspace, &id)? else { return Ok(None) };
                    let currency = workspace_of(tx, workspace)?.settings.currency;
                    let totals = services.memory.figures.of(tx, workspace, &row, &currency, now);
                    Ok(Some((row.campaign_id, currency, totals)))
                })?;
                let Some((id, currency, totals)) = found else { continue };
                let Totals { runs, counts, answers, orders, revenue } = totals.map_err(failed)?;
                items.push(FiguresView {
                    id,
                    currency,
                    runs,
                    total: ResultView::of(counts, answers, orders, revenue),
                });
            }
            Ok(items)
        })
        .await?;
    Ok(Json(FiguresList { items }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UsualQuery {
    /// `email` when not given.
    channel: Option<String>,
    /// A campaign that does not count.
    except: Option<String>,
}

/// What campaigns of a channel usually come to: of the newest 20 that are over and were sent to somebody, all people
/// together.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = UsualFigures)]
struct UsualView {
    campaigns: i64,
    accepted: i64,
    opened: i64,
    clicked: i64,
    unsubscribed: i64,
    orders: i64,
    /// In minor units of the workspace's currency.
    revenue: i64,
}

/// Read what is usual
///
/// The sum of the newest 20 campaigns of a channel that are over, to compare one with.
#[utoipa::path(get, path = "/campaigns/usual", tag = "campaigns", params(UsualQuery), responses((status = 200, body = UsualView)))]
async fn usual(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<UsualQuery>,
) -> Answer<Json<UsualView>> {
    let workspace = caller.workspace;
    let channel = query.channel.unwrap_or_else(|| "email".into());
    let except = query.except.unwrap_or_default();
    let view = services
        .aside(move |services| {
            let now = services.now();
            let filter = CampaignFilter {
                state: "done",
                channel: &channel,
                archived: Archived::Too,
                ..Default::default()
            };
            let (rows, currency) = services.store.read(|tx| {
                let rows = tx.campaign_page(workspace, (Timestamp::MAX, ""), USUAL_OF + 1, filter)?;
                Ok::<_, StoreError>((rows, workspace_of(tx, workspace)?.settings.currency))
            })?;
            let mut sum = UsualView::default();
            for row in rows.into_iter().filter(|row| row.campaign_id != except).take(USUAL_OF as usize) {
                let totals = services
                    .store
                    .read(|tx| Ok(services.memory.figures.of(tx, workspace, &row, &currency, now)))?
                    .map_err(failed)?;
                if totals.counts.accepted == 0 {
                    continue;
                }
                sum.campaigns += 1;
                sum.accepted += totals.counts.accepted;
                sum.opened += totals.answers.opened;
                sum.clicked += totals.answers.clicked;
                sum.unsubscribed += totals.answers.unsubscribed;
                sum.orders += totals.orders;
                sum.revenue += totals.revenue;
            }
            Ok(sum)
        })
        .await?;
    Ok(Json(view))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DomainsQuery {
    /// The number of a run; all when not given.
    run: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignDomain)]
struct DomainView {
    domain: String,
    /// Handed over at least once.
    tried: i64,
    accepted: i64,
    failed: i64,
    opened: i64,
    clicked: i64,
    unsubscribed: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignDomains)]
struct DomainsView {
    items: Vec<DomainView>,
}

/// Read a campaign's numbers by domain
///
/// Of e-mail: the 50 domains to which most of it went.
#[utoipa::path(get, path = "/campaigns/{id}/domains", tag = "campaigns", params(("id" = String, Path), DomainsQuery), responses((status = 200, body = DomainsView)))]
async fn domains(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(query): Asked<DomainsQuery>,
) -> Answer<Json<DomainsView>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let rows = services.read(move |tx| campaigns::domains(tx, workspace, &row, query.run)).await?;
    let items = rows
        .into_iter()
        .map(|row| DomainView {
            domain: row.domain,
            tried: row.tried,
            accepted: row.accepted,
            failed: row.failed,
            opened: row.opened,
            clicked: row.clicked,
            unsubscribed: row.unsubscribed,
        })
        .collect();
    Ok(Json(DomainsView { items }))
}
