//! What messages cost, by day and by what sent them, and what the shop lets them cost.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

/// A limit of the shop on what messages cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BudgetRow {
    pub workspace: WorkspaceId,
    /// `day`, `month`, `campaign:<id>` or `journey:<id>`.
    pub scope: String,
    /// Minor units of the shop's currency.
    pub amount: i64,
    pub updated_at: Timestamp,
}

/// What was spent, in minor units of the shop's currency, on how many messages with a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    pub amount: i64,
    pub messages: i64,
}

impl Changeset {
    /// Adds to what a scope has spent on a day (yyyymmdd): the empty scope is the shop's. Negative amounts give back.
    pub fn spend(&mut self, workspace: WorkspaceId, scope: &str, day: i64, more: Spent) {
        self.any(q::SPEND, vals![workspace, scope.to_owned(), day, more.amount, more.messages]);
    }

    pub fn set_budget(&mut self, budget: BudgetRow) {
        self.one(q::BUDGET_SET, vals![budget.workspace, budget.scope, budget.amount, budget.updated_at]);
    }

    pub fn delete_budget(&mut self, workspace: WorkspaceId, scope: &str) {
        self.any(q::BUDGET_DELETE, vals![workspace, scope.to_owned()]);
    }
}

fn read_budget(mut row: Row) -> Result<BudgetRow, StoreError> {
    Ok(BudgetRow {
        workspace: row.workspace(0)?,
        scope: row.take_text(1)?,
        amount: row.int(2)?,
        updated_at: row.at(3)?,
    })
}

impl ReadTx<'_> {
    /// What a scope has spent from a day to a day, both included.
    pub fn spent(
        &mut self,
        workspace: WorkspaceId,
        scope: &str,
        from_day: i64,
        to_day: i64,
    ) -> Result<Spent, StoreError> {
        let rows = self.query(q::SPENT, &vals![workspace, scope, from_day, to_day])?;
        let read = |row: &Row| Ok(Spent { amount: row.int(0)?, messages: row.int(1)? });
        rows.first().map_or(Ok(Spent::default()), read)
    }

    /// Day by day, without those on which nothing was spent.
    pub fn spending_days(
        &mut self,
        workspace: WorkspaceId,
        scope: &str,
        from_day: i64,
        to_day: i64,
    ) -> Result<Vec<(i64, Spent)>, StoreError> {
        let rows = self.query(q::SPENDING_DAYS, &vals![workspace, scope, from_day, to_day])?;
        let read = |row: &Row| Ok((row.int(0)?, Spent { amount: row.int(1)?, messages: row.int(2)? }));
        rows.iter().map(read).collect()
    }

    /// Of all workspaces.
    pub fn budgets(&mut self) -> Result<Vec<BudgetRow>, StoreError> {
        self.query(q::BUDGET_LIST, &vals![])?.into_iter().map(read_budget).collect()
    }

    /// What became of the newest messages of journeys: journey, channel, accepted, clicked by people.
    pub fn guide_results(
        &mut self,
        workspace: WorkspaceId,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<(String, String, i64, i64)>, StoreError> {
        let rows = self.query(q::GUIDE_RESULTS, &vals![workspace, since, limit])?;
        let read = |mut row: Row| Ok((row.take_text(0)?, row.take_text(1)?, row.int(2)?, row.int(3)?));
        rows.into_iter().map(read).collect()
    }

    pub fn budgets_of(&mut self, workspace: WorkspaceId) -> Result<Vec<BudgetRow>, StoreError> {
        self.query(q::BUDGETS_OF, &vals![workspace])?.into_iter().map(read_budget).collect()
    }
}
