//! What messages cost, and what the shop lets them cost: a day, a month, a campaign, a journey.

use crate::audit::Audit;
use crate::caller::{Admin, Reader};
use crate::listing::{Page, iso};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use domain::local_time::local_date;
use engine::budgets::{DAY, MONTH, day_number, extent};
use jiff::ToSpan;
use jiff::civil::Date;
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::spending::{BudgetRow, Spent};
use store::{Changeset, ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove)).routes(routes!(spending))
}

/// Budgets of one workspace.
const BUDGETS_MAX: usize = 500;
/// A quadrillion: beyond every currency's sense, and far from the end of the numbers.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
/// A budget of which so much is spent is told of, in percent.
pub(crate) const WARN_PERCENT: i64 = 80;
/// Days that a report of spending has at most.
const REPORT_DAYS_MAX: i64 = 400;

/// A limit on what messages cost. What would pass it waits, and is not sent when the wait is too long.
#[derive(Debug, Serialize, ToSchema)]
struct BudgetView {
    /// `day` or `month` (of the shop's calendar), `campaign:<id>` or `journey:<id>`.
    scope: String,
    /// Minor units of the shop's currency.
    amount: i64,
    /// Of its day or month, or of all that the campaign or journey ever sent. What may have been sent counts.
    spent: i64,
    /// Messages with a price.
    messages: i64,
    /// 80 percent or more are spent.
    is_near: bool,
    updated_at: String,
}

pub(crate) fn spent_of(tx: &mut ReadTx<'_>, budget: &BudgetRow, today: Date) -> Result<Spent, StoreError> {
    let (scope, from, to) = extent(&budget.scope, today);
    tx.spent(budget.workspace, scope, from, to)
}

pub(crate) fn is_near(amount: i64, spent: i64) -> bool {
    i128::from(spent) * 100 >= i128::from(amount) * i128::from(WARN_PERCENT)
}

fn today(tx: &mut ReadTx<'_>, workspace: WorkspaceId, now: Timestamp) -> Result<Date, StoreError> {
    Ok(local_date(now, &workspace_of(tx, workspace)?.settings.zone()))
}

fn shown(tx: &mut ReadTx<'_>, budget: BudgetRow, today: Date) -> Result<BudgetView, StoreError> {
    let spent = spent_of(tx, &budget, today)?;
    Ok(BudgetView {
        amount: budget.amount,
        spent: spent.amount,
        messages: spent.messages,
        is_near: is_near(budget.amount, spent.amount),
        updated_at: iso(budget.updated_at),
        scope: budget.scope,
    })
}

/// List budgets
#[utoipa::path(get, path = "/budgets", tag = "budgets", responses((status = 200, body = Page<BudgetView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<BudgetView>>> {
    let (workspace, now) = (caller.workspace, services.now());
    let views = services.read(move |tx| {
        let today = today(tx, workspace, now)?;
        let rows = tx.budgets_of(workspace)?;
        rows.into_iter().map(|row| shown(tx, row, today)).collect::<Result<Vec<_>, _>>()
    });
    Ok(Json(Page::whole(views.await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BudgetTold {
    /// Minor units of the shop's currency; 0 stops everything that has a price.
    amount: i64,
}

fn scope_of(told: &str) -> Answer<String> {
    let named = |prefix: &str| {
        told.strip_prefix(prefix).is_some_and(|id| {
            (1..=100).contains(&id.len()) && id.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
        })
    };
    if matches!(told, DAY | MONTH) || named("campaign:") || named("journey:") {
        return Ok(told.to_owned());
    }
    Err(Problem::field("scope", "day, month, campaign:<id> or journey:<id>"))
}

/// Set a budget
#[utoipa::path(put, path = "/budgets/{scope}", tag = "budgets", params(("scope" = String, Path)), request_body = BudgetTold, responses((status = 200, body = BudgetView)))]
async fn put(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    audit: Audit,
    Path(scope): Path<String>,
    Told(told): Told<BudgetTold>,
) -> Answer<Json<BudgetView>> {
    let (workspace, now, scope) = (caller.workspace, services.now(), scope_of(&scope)?);
    if !(0..=AMOUNT_MAX).contains(&told.amount) {
        return Err(Problem::field("amount", "from 0 to a quadrillion, in minor units"));
    }
    let held = services.read(move |tx| tx.budgets_of(workspace)).await?;
    if held.len() >= BUDGETS_MAX && !held.iter().any(|row| row.scope == scope) {
        return Err(Problem::conflict(
            "too_many_budgets",
            "a workspace has at most 500 budgets; remove some",
        ));
    }
    audit.object("budgets", &scope);
    audit.detail("amount", told.amount);
    let row = BudgetRow { workspace, scope, amount: told.amount, updated_at: now };
    let mut changes = Changeset::new();
    changes.set_budget(row.clone());
    services.configure(changes).await?;
    let view = services.read(move |tx| {
        let today = today(tx, workspace, now)?;
        shown(tx, row, today)
    });
    Ok(Json(view.await?))
}

/// Remove a budget
#[utoipa::path(delete, path = "/budgets/{scope}", tag = "budgets", params(("scope" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(scope): Path<String>,
) -> Answer<axum::http::StatusCode> {
    let scope = scope_of(&scope)?;
    let mut changes = Changeset::new();
    changes.delete_budget(caller.workspace, &scope);
    services.configure(changes).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SpendingQuery {
    /// `campaign:<id>` or `journey:<id>`; all of the shop's messages when not given.
    scope: Option<String>,
    /// The first day on the shop's calendar, as 2026-11-01; 30 days ago when not given.
    from: Option<String>,
    /// The last day; today when not given.
    to: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SpendingReport {
    currency: String,
    from: String,
    to: String,
    /// Minor units of the currency.
    amount: i64,
    /// Messages with a price.
    messages: i64,
    /// Days on which something was spent.
    days: Vec<DaySpending>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DaySpending {
    day: String,
    amount: i64,
    messages: i64,
}

/// Report what messages cost
#[utoipa::path(get, path = "/reports/spending", tag = "budgets", params(SpendingQuery), responses((status = 200, body = SpendingReport)))]
async fn spending(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<SpendingQuery>,
) -> Answer<Json<SpendingReport>> {
    let (workspace, now) = (caller.workspace, services.now());
    let scope = match query.scope.as_deref() {
        None | Some("") => String::new(),
        Some(DAY | MONTH) => return Err(Problem::field("scope", "campaign:<id> or journey:<id>")),
        Some(told) => scope_of(told)?,
    };
    let (currency, today) = services
        .read(move |tx| {
            let own = workspace_of(tx, workspace)?;
            Ok((own.settings.currency.clone(), local_date(now, &own.settings.zone())))
        })
        .await?;
    let date = |field: &'static str, told: &Option<String>, otherwise: Date| match told {
        None => Ok(otherwise),
        Some(told) => told.parse::<Date>().map_err(|_| Problem::field(field, "a day, such as 2026-11-22")),
    };
    let to = date("to", &query.to, today)?;
    let from = date("from", &query.from, to.saturating_sub(29.days()))?;
    let days = from.until(to).map(|span| i64::from(span.get_days())).unwrap_or(-1);
    if !(0..REPORT_DAYS_MAX).contains(&days) {
        return Err(Problem::field("from", "at most 400 days before the last"));
    }
    let (first, last) = (day_number(from), day_number(to));
    let rows = services.read(move |tx| tx.spending_days(workspace, &scope, first, last)).await?;
    let day = |number: i64| format!("{:04}-{:02}-{:02}", number / 10_000, number / 100 % 100, number % 100);
    Ok(Json(SpendingReport {
        currency,
        from: from.to_string(),
        to: to.to_string(),
        amount: rows.iter().map(|(_, spent)| spent.amount).sum(),
        messages: rows.iter().map(|(_, spent)| spent.messages).sum(),
        days: rows
            .into_iter()
            .map(|(number, spent)| DaySpending {
                day: day(number),
                amount: spent.amount,
                messages: spent.messages,
            })
            .collect(),
    }))
}
