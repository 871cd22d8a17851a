//! What messages may cost. The price of a message is booked when it is claimed and given back when nobody took it, so
//! that a budget is never passed, whatever hangs or dies in between.

use domain::local_time::{Zone, at_local, local_date, start_of_day};
use jiff::civil::Date;
use kit::{MINUTE_MS, Timestamp, WorkspaceId};
use std::collections::BTreeMap;
use store::messages::MessageRow;
use store::spending::{BudgetRow, Spent};
use store::{Changeset, ReadTx, Store, StoreError};

/// The scope of all of a shop's messages in `spending`.
const SHOP: &str = "";
/// Of a calendar day and month of the shop.
pub const DAY: &str = "day";
pub const MONTH: &str = "month";
/// A message over the budget of its campaign or journey asks again after this time: the budget may be raised.
const ASK_AGAIN_MS: i64 = 10 * MINUTE_MS;

/// The scope of what a campaign spends.
pub fn campaign_scope(id: &str) -> String {
    format!("campaign:{id}")
}

/// The scope of what a journey spends.
pub fn journey_scope(id: &str) -> String {
    format!("journey:{id}")
}

/// A day of the shop's calendar as `spending` has it: yyyymmdd.
pub fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

/// The scope in `spending` that a budget looks at, with its first and last day.
pub fn extent(scope: &str, today: Date) -> (&str, i64, i64) {
    match scope {
        DAY => (SHOP, day_number(today), day_number(today)),
        MONTH => (SHOP, day_number(today.first_of_month()), day_number(today.last_of_month())),
        scope => (scope, 0, i64::MAX),
    }
}

/// What a message has cost, and where it was booked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Booked {
    pub amount: i64,
    day: i64,
    /// Beside the shop's.
    scope: Option<String>,
}

impl Booked {
    pub fn write(&self, changes: &mut Changeset, workspace: WorkspaceId) {
        self.change(changes, workspace, Spent { amount: self.amount, messages: 1 });
    }

    /// Nobody took the message.
    pub fn give_back(&self, changes: &mut Changeset, workspace: WorkspaceId) {
        self.change(changes, workspace, Spent { amount: -self.amount, messages: -1 });
    }

    fn change(&self, changes: &mut Changeset, workspace: WorkspaceId, by: Spent) {
        changes.spend(workspace, SHOP, self.day, by);
        if let Some(scope) = &self.scope {
            changes.spend(workspace, scope, self.day, by);
        }
    }
}

/// The budgets of all shops, and what one round of decisions adds to what was spent.
#[derive(Default)]
pub(crate) struct Purse {
    budgets: BTreeMap<WorkspaceId, Vec<BudgetRow>>,
    /// By budget and its first day, as read and added to in this round.
    spent: BTreeMap<(WorkspaceId, String, i64), i64>,
}

impl Purse {
    pub fn read(tx: &mut ReadTx<'_>) -> Result<Purse, StoreError> {
        let mut purse = Purse::default();
        for budget in tx.budgets()? {
            purse.budgets.entry(budget.workspace).or_default().push(budget);
        }
        Ok(purse)
    }

    /// What was spent is read anew in each round.
    pub fn forget(&mut self) {
        self.spent.clear();
    }

    /// Books the price of a message, or tells when to ask again and which budget it would pass.
    pub fn book(
        &mut self,
        store: &Store,
        message: &MessageRow,
        price: i64,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Result<Booked, (Timestamp, String)>, StoreError> {
        let today = local_date(now, zone);
        let own = match (&message.campaign_id, &message.journey_id) {
            (Some(id), _) => Some(campaign_scope(id)),
            (None, Some(id)) => Some(journey_scope(id)),
            (None, None) => None,
        };
        let budgets = self.budgets.get(&message.workspace).into_iter().flatten();
        let concerned: Vec<&BudgetRow> = budgets
            .filter(|budget| {
                matches!(budget.scope.as_str(), DAY | MONTH) || Some(&budget.scope) == own.as_ref()
            })
            .collect();
        for budget in &concerned {
            let (scope, from, to) = extent(&budget.scope, today);
            let key = (message.workspace, budget.scope.clone(), from);
            let spent = match self.spent.get(&key) {
                Some(spent) => *spent,
                None => {
                    // Once a round and budget; without budgets nothing is read at all.
                    let spent = store.read(|tx| tx.spent(message.workspace, scope, from, to))?.amount;
                    self.spent.insert(key, spent);
                    spent
                }
            };
            if spent.saturating_add(price) > budget.amount {
                let until = match budget.scope.as_str() {
                    DAY => today.tomorrow().ok().map(|day| first_instant(day, zone)),
                    MONTH => today.last_of_month().tomorrow().ok().map(|day| first_instant(day, zone)),
                    _ => None,
                };
                let until = until.unwrap_or_else(|| now.plus_ms(ASK_AGAIN_MS)).max(now.plus_ms(1));
                // A budget may be raised before its time is over.
                return Ok(Err((until.min(now.plus_ms(6 * ASK_AGAIN_MS)), budget.scope.clone())));
            }
        }
        for budget in concerned {
            let (_, from, _) = extent(&budget.scope, today);
            if let Some(spent) = self.spent.get_mut(&(message.workspace, budget.scope.clone(), from)) {
                *spent = spent.saturating_add(price);
            }
        }
        Ok(Ok(Booked { amount: price, day: day_number(today), scope: own }))
    }
}

fn first_instant(day: Date, zone: &Zone) -> Timestamp {
    start_of_day(at_local(day, 12, 0, zone), zone)
}
