//! Which channel suits what a message is for, by the table that ships and by the shop's own results.

use crate::caller::Reader;
use crate::listing::Page;
use crate::problem::Answer;
use crate::services::Services;
use axum::Json;
use axum::extract::State;
use domain::guide::{Outcome, Use, advice, use_of};
use domain::journey::Definition;
use kit::{DAY_MS, Timestamp, WorkspaceId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{ReadTx, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Results of the last so many days count, of at most so many messages.
const RESULT_DAYS: i64 = 90;
const RESULTS_MAX: i64 = 50_000;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(show))
}

#[derive(Debug, Serialize, ToSchema)]
struct GuideLine {
    /// `welcome`, `browse_abandonment`, `cart_abandonment`, `order_and_shipping`, `review_request`, `cross_sell`,
    /// `loyalty`, `reactivation` or `birthday`.
    #[serde(rename = "use")]
    for_use: String,
    channels: Vec<GuideVerdict>,
}

#[derive(Debug, Serialize, ToSchema)]
struct GuideVerdict {
    /// A channel, or `ads` for retargeting.
    channel: String,
    /// `recommended`, `possible` or `not_recommended`.
    verdict: String,
    /// The shop's own results say so, and not the table that ships.
    is_own: bool,
    /// Messages of journeys for this use in the last 90 days, and how many of them people clicked.
    sent: i64,
    clicked: i64,
}

/// Show which channel suits what
///
/// For each use of messages, what is said of each channel. Own results count from 200 messages on each of two channels.
#[utoipa::path(get, path = "/channel-guide", tag = "channels", responses((status = 200, body = Page<GuideLine>)))]
async fn show(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<GuideLine>>> {
    let (workspace, since) = (caller.workspace, services.now().plus_ms(-RESULT_DAYS * DAY_MS));
    let results = services.read(move |tx| results(tx, workspace, since)).await?;
    let none = BTreeMap::new();
    let line = |for_use: &Use| {
        let known = results.get(for_use).unwrap_or(&none);
        let verdicts = advice(*for_use, known).into_iter().map(|(channel, said)| {
            let outcome = known.get(&channel).copied().unwrap_or_default();
            GuideVerdict {
                verdict: said.verdict.to_string(),
                is_own: said.is_own,
                sent: outcome.sent,
                clicked: outcome.clicked,
                channel,
            }
        });
        GuideLine { for_use: for_use.to_string(), channels: verdicts.collect() }
    };
    Ok(Json(Page::whole(Use::ALL.iter().map(line).collect())))
}

type Results = BTreeMap<Use, BTreeMap<String, Outcome>>;

fn results(tx: &mut ReadTx<'_>, workspace: WorkspaceId, since: Timestamp) -> Result<Results, StoreError> {
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    for live in tx.live_journeys()?.into_iter().filter(|live| live.workspace == workspace) {
        let definition = serde_json::from_str::<Definition>(&live.definition).ok();
        if let Some(for_use) = definition.and_then(|definition| use_of(&definition.trigger)) {
            uses.insert(live.journey_id, for_use);
        }
    }
    let mut found = Results::new();
    for (journey_id, channel, sent, clicked) in tx.guide_results(workspace, since, RESULTS_MAX)? {
        if let Some(for_use) = uses.get(&journey_id) {
            let outcome = found.entry(*for_use).or_default().entry(channel).or_default();
            outcome.sent += sent;
            outcome.clicked += clicked;
        }
    }
    Ok(found)
}
