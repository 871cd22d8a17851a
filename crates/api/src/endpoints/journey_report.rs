//! What came of a journey: who entered, where they are, what its messages did, and what was bought after them.

use crate::caller::Reader;
use crate::endpoints::journeys::row_of;
use crate::listing::instant;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::extract::{Path, State};
use domain::journey::{Code, Definition, Node};
use kit::{Currency, DAY_MS, Id, Money, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::journeys::{CountRow, NodeMessages, RunRange, StateRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// For how long after a message an order counts, where the journey's goal does not say.
const REVENUE_DAYS: i64 = 7;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(report))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// Runs of one version alone; all when not given. Messages and revenue are those of all versions.
    version: Option<i64>,
    /// Only runs that began from this instant on, with their messages and the orders that followed them.
    from: Option<String>,
    /// Only runs that began before this instant.
    to: Option<String>,
}

impl ReportQuery {
    /// The ids of the runs of the period, if one is told: an id begins with the time of the start.
    fn range(&self) -> Answer<Option<RunRange>> {
        let edge = |field: &str, told: &Option<String>| -> Answer<Option<String>> {
            let at = told.as_deref().map(|text| instant(field, text)).transpose()?;
            let first = |at: Timestamp| Id::from_u128((at.ms().max(0) as u128 & ((1 << 48) - 1)) << 80);
            Ok(at.map(|at| first(at).to_string()))
        };
        let (from, to) = (edge("from", &self.from)?, edge("to", &self.to)?);
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        Ok(Some(RunRange { from: from.unwrap_or_default(), to: to.unwrap_or_else(|| "Z".repeat(26)) }))
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct JourneyReport {
    journey_id: String,
    /// Runs started.
    entered: i64,
    /// Runs under way now.
    active: i64,
    completed: i64,
    goal_reached: i64,
    /// Left by an exit rule, an exit node, or from outside.
    exited: i64,
    failed: i64,
    /// Of those that are over, how many reached the goal, from 0 to 1; null when none is over.
    goal_rate: Option<f64>,
    /// Asked for and not started, by the reason's code. Not told of a period.
    declined: BTreeMap<String, i64>,
    /// From the start on, each node once; then nodes of older versions.
    nodes: Vec<NodeReport>,
    /// All of the journey's messages.
    messages: MessageReport,
    revenue: RevenueReport,
}

#[derive(Debug, Serialize, ToSchema)]
struct NodeReport {
    node: String,
    /// Null for one that the published version does not have.
    r#type: Option<String>,
    /// How often runs came here.
    visits: i64,
    /// Visits by runs entered, from 0; a run that comes again counts again.
    share: Option<f64>,
    /// Runs that are here now.
    active: i64,
    /// Runs that ended here, by their state; told of a period alone.
    ended: Option<BTreeMap<String, i64>>,
    /// Of waits: how often they were met and ran out.
    met: i64,
    timed_out: i64,
    /// Of nodes that send.
    messages: Option<MessageReport>,
}

#[derive(Debug, Default, Clone, Serialize, ToSchema)]
struct MessageReport {
    /// Messages that were asked for.
    asked: i64,
    /// Taken by the channel.
    sent: i64,
    /// Not yet decided, or on their way.
    waiting: i64,
    /// Not sent because of a rule, by its code.
    refused: BTreeMap<String, i64>,
    /// Called off before they went.
    cancelled: i64,
    /// The channel did not take them, or nobody knows.
    failed: i64,
    /// Messages that a person opened, followed a link of, unsubscribed by; machines do not count.
    opened: i64,
    clicked: i64,
    unsubscribed: i64,
}

impl MessageReport {
    fn add(&mut self, row: &NodeMessages) {
        self.asked += row.messages;
        self.opened += row.opened;
        self.clicked += row.clicked;
        self.unsubscribed += row.unsubscribed;
        match row.state.as_str() {
            "accepted" => self.sent += row.messages,
            "refused" => *self.refused.entry(row.reason.clone()).or_insert(0) += row.messages,
            "cancelled" => self.cancelled += row.messages,
            "failed" | "unknown" => self.failed += row.messages,
            _ => self.waiting += row.messages,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct RevenueReport {
    /// The window: orders placed up to so many days after a message counted. The goal's `within` where it has one.
    days: f64,
    /// Orders that count (not cancelled, not refunded wholly), of profiles to whom the channel took a message of this
    /// journey, placed not before it and within the window. An order is counted once, by its placing, after refunds,
    /// and stands in the report of every journey whose message came before it: it is what followed, not what was caused.
    by_currency: Vec<CurrencyReport>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CurrencyReport {
    currency: String,
    orders: i64,
    buyers: i64,
    /// In the currency's own unit.
    revenue: f64,
}

/// The nodes in the order in which they can be reached from the start.
fn in_order(definition: &Definition) -> Vec<&str> {
    let mut order = vec![definition.start.as_str()];
    let mut seen = BTreeSet::from([definition.start.as_str()]);
    let mut place = 0;
    while let Some(id) = order.get(place).copied() {
        place += 1;
        for (_, next) in definition.nodes.get(id).map(Node::ways_on).into_iter().flatten() {
            if seen.insert(next) {
                order.push(next);
            }
        }
    }
    order
}

fn is_visit(code: &str) -> bool {
    Code::ALL.iter().any(|known| known.as_str() == code && known.is_visit())
}

/// Report on a journey
///
/// Runs, nodes, messages, and the orders that followed.
#[utoipa::path(get, path = "/journeys/{id}/report", tag = "journeys", params(("id" = String, Path), ReportQuery), responses((status = 200, body = JourneyReport)))]
async fn report(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(query): Asked<ReportQuery>,
) -> Answer<Json<JourneyReport>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let id = row.journey_id.clone();
    let shown_version = query.version.unwrap_or(if row.published > 0 { row.published } else { row.latest });
    let looked_up = id.clone();
    let found = services.read(move |tx| tx.journey_version(workspace, &looked_up, shown_version)).await?;
    let (text, _) = found.ok_or_else(|| Problem::not_found("the version"))?;
    let definition =
        Definition::parse(&text).map_err(|_| Problem::internal("a stored definition is broken"))?;
    let within = definition.goal.as_ref().and_then(|goal| goal.within);
    let window_ms = within.map_or(REVENUE_DAYS * DAY_MS, |within| within.ms());
    let looked_up = id.clone();
    let range = query.range()?;
    let (counts, active, messages, revenue, states): (_, Vec<_>, _, _, Option<Vec<StateRow>>) = services
        .read(move |tx| {
            if let Some(range) = range {
                let states = tx.journey_run_states(workspace, &looked_up, &range)?;
                let here = states.iter().filter(|row| row.state == "active");
                let active = here.map(|row| (row.version, row.node.clone(), row.count)).collect();
                return Ok((
                    tx.journey_counts_of_runs(workspace, &looked_up, &range)?,
                    active,
                    tx.journey_messages_of_runs(workspace, &looked_up, &range)?,
                    tx.journey_revenue_of_runs(workspace, &looked_up, window_ms, &range)?,
                    Some(states),
                ));
            }
            Ok((
                tx.journey_counts(workspace, &looked_up)?,
                tx.journey_active_nodes(workspace, &looked_up)?,
                tx.journey_messages(workspace, &looked_up)?,
                tx.journey_revenue(workspace, &looked_up, window_ms)?,
                None,
            ))
        })
        .await?;
    let of_version = |version: i64| query.version.is_none_or(|wanted| wanted == version);
    let counts: Vec<CountRow> = counts.into_iter().filter(|count| of_version(count.version)).collect();
    let total = |code: &str| -> i64 {
        counts.iter().filter(|count| count.code == code).map(|count| count.count).sum()
    };
    let at_node = |node: &str, wanted: &dyn Fn(&str) -> bool| -> i64 {
        let here = counts.iter().filter(|count| count.node == node && wanted(&count.code));
        here.map(|count| count.count).sum()
    };
    let entered = total("run.started");
    let mut declined = BTreeMap::new();
    for count in counts.iter().filter(|count| count.code.starts_with("declined.")) {
        *declined.entry(count.code.clone()).or_insert(0) += count.count;
    }
    let mut all = MessageReport::default();
    let mut by_node: BTreeMap<&str, MessageReport> = BTreeMap::new();
    for row in &messages {
        all.add(row);
        by_node.entry(&row.node).or_default().add(row);
    }
    let mut order = in_order(&definition);
    let known: BTreeSet<&str> = order.iter().copied().collect();
    let older: BTreeSet<&str> = counts
        .iter()
        .map(|count| count.node.as_str())
        .filter(|node| !node.is_empty() && !known.contains(node))
        .collect();
    order.extend(older);
    let nodes = order.into_iter().map(|id| {
        let node = definition.nodes.get(id);
        let visits = at_node(id, &is_visit);
        let sends = matches!(node, Some(Node::Send(_)));
        let here = active.iter().filter(|(version, node, _)| node == id && of_version(*version));
        NodeReport {
            node: id.to_owned(),
            r#type: node.map(|node| node.kind().to_owned()),
            visits,
            share: (entered > 0).then(|| visits as f64 / entered as f64),
            active: here.map(|(.., count)| count).sum(),
            ended: states.as_ref().map(|states| {
                let mut ended = BTreeMap::new();
                let over = states.iter().filter(|row| row.node == id && row.state != "active");
                for row in over.filter(|row| of_version(row.version)) {
                    *ended.entry(row.state.clone()).or_insert(0) += row.count;
                }
                ended
            }),
            met: at_node(id, &|code| code == "wait.met"),
            timed_out: at_node(id, &|code| code == "wait.timed_out"),
            messages: by_node.get(id).cloned().or_else(|| sends.then(MessageReport::default)),
        }
    });
    let nodes: Vec<NodeReport> = nodes.collect();
    let (completed, goal_reached) = (total("run.completed"), total("run.goal_reached"));
    let (exited, failed) = (total("run.exited"), total("run.failed"));
    let over = completed + goal_reached + exited + failed;
    let by_currency = revenue.into_iter().map(|row| {
        let currency = row.currency.parse::<Currency>().unwrap_or(Currency::VND);
        let revenue = Money { minor: row.net, currency }.to_f64();
        CurrencyReport { currency: row.currency, orders: row.orders, buyers: row.buyers, revenue }
    });
    Ok(Json(JourneyReport {
        journey_id: id,
        entered,
        active: active.iter().filter(|(version, ..)| of_version(*version)).map(|(.., count)| count).sum(),
        completed,
        goal_reached,
        exited,
        failed,
        goal_rate: (over > 0).then(|| goal_reached as f64 / over as f64),
        declined,
        nodes,
        messages: all,
        revenue: RevenueReport { days: window_ms as f64 / DAY_MS as f64, by_currency: by_currency.collect() },
    }))
}
