//! What messages cost, and what they may cost.

use super::messages::message;
use super::{A, B, TEXTS, at, get, on_stores, put};
use store::messages::{MessageRow, Responses};
use store::spending::{BudgetRow, Spent};

pub const METHODS: &[&str] = &[
    "spend",
    "set_budget",
    "delete_budget",
    "spent",
    "spending_days",
    "budgets",
    "budgets_of",
    "guide_results",
];

fn spent(amount: i64, messages: i64) -> Spent {
    Spent { amount, messages }
}

#[test]
fn what_was_spent_adds_up_by_scope_and_day() {
    on_stores(|store| {
        put(store, |c| {
            c.spend(A, "", 20_261_121, spent(350, 1));
            c.spend(A, "", 20_261_121, spent(700, 1));
            c.spend(A, "", 20_261_122, spent(350, 1));
            // Given back: it was not taken.
            c.spend(A, "", 20_261_122, spent(-350, -1));
            c.spend(A, "campaign:c", 20_261_121, spent(350, 1));
            c.spend(B, "", 20_261_121, spent(9, 1));
        });
        let of = |workspace, scope: &str, from, to| get(store, |tx| tx.spent(workspace, scope, from, to));
        assert_eq!(of(A, "", 20_261_101, 20_261_130), spent(1_050, 2));
        assert_eq!(of(A, "", 20_261_122, 20_261_122), spent(0, 0));
        assert_eq!(of(A, "campaign:c", 0, i64::MAX), spent(350, 1));
        assert_eq!(of(B, "", 0, i64::MAX), spent(9, 1));
        assert_eq!(of(B, "campaign:c", 0, i64::MAX), Spent::default());
        let days = get(store, |tx| tx.spending_days(A, "", 20_261_121, 20_261_121));
        assert_eq!(days, [(20_261_121, spent(1_050, 2))]);
    });
}

#[test]
fn a_scope_has_one_budget() {
    on_stores(|store| {
        let budget = |workspace, scope: &str, amount| BudgetRow {
            workspace,
            scope: scope.to_owned(),
            amount,
            updated_at: at(amount),
        };
        for text in TEXTS {
            put(store, |c| c.set_budget(budget(A, text, 1)));
            put(store, |c| c.set_budget(budget(A, text, 2)));
            assert_eq!(get(store, |tx| tx.budgets_of(A)), [budget(A, text, 2)], "{text:?}");
            put(store, |c| c.delete_budget(A, text));
        }
        put(store, |c| {
            c.set_budget(budget(A, "month", 5));
            c.set_budget(budget(A, "day", 3));
            c.set_budget(budget(B, "day", 4));
            c.delete_budget(B, "month");
        });
        let all = [budget(A, "day", 3), budget(A, "month", 5), budget(B, "day", 4)];
        assert_eq!(get(store, |tx| tx.budgets()), all);
        assert_eq!(get(store, |tx| tx.budgets_of(B)), all[2..]);
    });
}

#[test]
fn what_became_of_the_messages_of_journeys_is_counted_by_channel() {
    on_stores(|store| {
        let of = |workspace, n: i64, journey: Option<&str>, channel: &str| MessageRow {
            journey_id: journey.map(str::to_owned),
            channel: channel.into(),
            decided_at: at(n),
            ..message(workspace, n, &format!("k{n}"))
        };
        let rows = [
            of(A, 1, Some("cart"), "email"),
            of(A, 2, Some("cart"), "sms"),
            of(A, 3, Some("cart"), "sms"),
            of(A, 4, None, "sms"),
            of(A, 5, Some("cart"), "sms"),
            of(B, 6, Some("cart"), "sms"),
        ];
        put(store, |c| rows.iter().for_each(|row| c.insert_message(row.clone())));
        put(store, |c| {
            // The fifth is still on its way.
            for row in rows.iter().filter(|row| row.message_no != 5) {
                c.claim_message(row, "x", at(9));
            }
            for n in [1, 2, 3, 4, 6] {
                c.accept_message(n, String::new(), at(9), None);
            }
            c.add_responses(A, 3, &Responses { clicks: 2, ..Responses::default() });
            c.add_responses(A, 1, &Responses { machine_clicks: 2, ..Responses::default() });
        });
        let found = |workspace, since, limit| get(store, |tx| tx.guide_results(workspace, at(since), limit));
        let line = |channel: &str, sent, clicked| ("cart".to_owned(), channel.to_owned(), sent, clicked);
        assert_eq!(found(A, 0, 99), [line("email", 1, 0), line("sms", 2, 1)]);
        assert_eq!((found(A, 3, 99), found(A, 0, 1)), (vec![line("sms", 1, 1)], vec![line("sms", 1, 1)]));
        assert_eq!(found(B, 0, 99), [line("sms", 1, 0)]);
    });
}
