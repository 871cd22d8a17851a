//! Webhooks and their queue.

use super::{A, B, TEXTS, at, conflicts, duplicates, get, on_stores, pages, put};
use kit::{Timestamp, WorkspaceId};
use store::Store;
use store::hooks::{HookDeliveryRow, HookRow};

pub const METHODS: &[&str] = &[
    "insert_hook",
    "update_hook",
    "delete_hook",
    "hook_is_well",
    "hook_fails",
    "disable_hook",
    "insert_hook_delivery",
    "settle_hook_delivery",
    "resend_hook_delivery",
    "expire_hook_deliveries",
    "hooks",
    "hook",
    "due_hook_deliveries",
    "next_hook_delivery",
    "waiting_hook_deliveries",
    "hook_delivery",
    "hook_delivery_page",
];

fn hook(workspace: WorkspaceId, id: &str) -> HookRow {
    HookRow {
        workspace,
        webhook_id: id.into(),
        doc: format!("{{\"name\":{:?}}}", TEXTS[2]),
        sealed: vec![0, 255, 7],
        state: "active".into(),
        created_at: at(0),
        updated_at: at(0),
        failing_since: None,
        delivered_at: None,
    }
}

fn all(store: &Store, workspace: WorkspaceId, id: &str) -> Vec<HookDeliveryRow> {
    get(store, |tx| tx.hook_delivery_page(workspace, id, i64::MAX, "", 100))
}

#[test]
fn a_webhook_is_made_changed_and_deleted_with_its_queue() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_hook(hook(A, "one"));
            c.insert_hook(hook(A, "two"));
            c.insert_hook(hook(B, "one"));
            c.insert_hook_delivery(A, "one", "webhook.test", at(1), "{}".into());
            c.insert_hook_delivery(B, "one", "webhook.test", at(1), "{}".into());
        });
        duplicates(store, "hook_insert", |c| c.insert_hook(hook(A, "one")));
        assert_eq!(get(store, |tx| tx.hooks()), [hook(A, "one"), hook(A, "two"), hook(B, "one")]);
        let changed = HookRow {
            doc: "{}".into(),
            sealed: vec![1],
            state: "paused".into(),
            updated_at: at(5),
            ..hook(A, "one")
        };
        put(store, |c| c.update_hook(changed.clone()));
        assert_eq!(get(store, |tx| tx.hook(A, "one")), Some(changed));
        assert_eq!(get(store, |tx| tx.hook(B, "one")), Some(hook(B, "one")));
        conflicts(store, "hook_update", |c| c.update_hook(hook(B, "two")));
        put(store, |c| c.delete_hook(A, "one"));
        conflicts(store, "hook_delete", |c| c.delete_hook(A, "one"));
        assert_eq!(get(store, |tx| tx.hook(A, "one")), None);
        assert_eq!((all(store, A, "one").len(), all(store, B, "one").len()), (0, 1));
    });
}

#[test]
fn how_a_webhook_does_is_kept() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_hook(hook(A, "one"));
            c.insert_hook(hook(B, "one"));
        });
        let of = |workspace| {
            let row = get(store, |tx| tx.hook(workspace, "one")).unwrap();
            (row.state, row.failing_since, row.delivered_at)
        };
        put(store, |c| c.hook_fails(A, "one", at(3)));
        put(store, |c| c.hook_fails(A, "one", at(9)));
        assert_eq!(of(A), ("active".into(), Some(at(3)), None), "the first failure counts");
        put(store, |c| c.disable_hook(A, "one", at(10)));
        assert_eq!(of(A), ("disabled".into(), Some(at(3)), None));
        let again = HookRow { state: "active".into(), ..hook(A, "one") };
        put(store, |c| c.update_hook(again));
        assert_eq!(of(A), ("active".into(), None, None), "switched on anew it has failed at nothing");
        put(store, |c| c.hook_fails(A, "one", at(11)));
        put(store, |c| c.hook_is_well(A, "one", at(12)));
        assert_eq!(of(A), ("active".into(), None, Some(at(12))));
        let paused = HookRow { state: "paused".into(), ..hook(A, "one") };
        put(store, |c| c.update_hook(paused));
        put(store, |c| c.disable_hook(A, "one", at(13)));
        assert_eq!(of(A).0, "paused", "what staff switched off stays so");
        assert_eq!(of(B), ("active".into(), None, None));
    });
}

#[test]
fn the_queue_gives_what_is_due_and_remembers_what_became_of_it() {
    on_stores(|store| {
        put(store, |c| {
            for n in [5, 1, 3] {
                c.insert_hook_delivery(A, "one", "order.created", at(n), format!("{{\"n\":{n}}}"));
            }
            c.insert_hook_delivery(A, "two", "order.created", at(0), TEXTS[3].into());
            c.insert_hook_delivery(B, "one", "order.created", at(0), "{}".into());
        });
        let due = |now: i64, limit| {
            let rows = get(store, |tx| tx.due_hook_deliveries(A, "one", at(now), limit));
            rows.into_iter().map(|row| row.at).collect::<Vec<Timestamp>>()
        };
        assert_eq!(due(0, 9), []);
        assert_eq!(due(4, 9), [at(1), at(3)]);
        assert_eq!(due(9, 2), [at(1), at(3)]);
        assert_eq!(get(store, |tx| tx.next_hook_delivery(A, "one")), Some(at(1)));
        assert_eq!(get(store, |tx| tx.waiting_hook_deliveries(A, "one")), 3);
        let first = get(store, |tx| tx.due_hook_deliveries(A, "one", at(9), 1)).remove(0);
        assert_eq!((first.state.as_str(), first.attempts, first.log.as_str()), ("waiting", 0, "[]"));
        let settled = HookDeliveryRow {
            state: "delivered".into(),
            attempts: 2,
            next_at: None,
            updated_at: at(20),
            status: Some(204),
            log: format!("[{:?}]", TEXTS[2]),
            ..first.clone()
        };
        put(store, |c| c.settle_hook_delivery(settled.clone()));
        assert_eq!(get(store, |tx| tx.hook_delivery(A, "one", first.delivery_no)), Some(settled));
        assert_eq!(get(store, |tx| tx.hook_delivery(B, "one", first.delivery_no)), None);
        assert_eq!(get(store, |tx| tx.hook_delivery(A, "two", first.delivery_no)), None);
        assert_eq!(due(9, 9), [at(3), at(5)]);
        put(store, |c| c.resend_hook_delivery(A, "one", first.delivery_no, at(30)));
        conflicts(store, "hook_delivery_again", |c| {
            c.resend_hook_delivery(B, "one", first.delivery_no, at(30))
        });
        let again = get(store, |tx| tx.hook_delivery(A, "one", first.delivery_no)).unwrap();
        assert_eq!((again.state.as_str(), again.next_at, again.attempts), ("waiting", Some(at(30)), 2));
        let gone = HookDeliveryRow { delivery_no: 10_000, ..first };
        put(store, |c| c.settle_hook_delivery(gone));
        let whole = all(store, A, "one");
        assert_eq!(whole.len(), 3);
        pages(&whole, |last: Option<&HookDeliveryRow>, limit| {
            let before = last.map_or(i64::MAX, |row| row.delivery_no);
            get(store, |tx| tx.hook_delivery_page(A, "one", before, "", limit))
        });
        assert_eq!(get(store, |tx| tx.hook_delivery_page(A, "one", i64::MAX, "failed", 9)), []);
        assert_eq!(get(store, |tx| tx.hook_delivery_page(A, "one", i64::MAX, "waiting", 9)), whole);
    });
}

#[test]
fn the_oldest_that_wait_for_nothing_go() {
    on_stores(|store| {
        put(store, |c| {
            for n in 0..4 {
                c.insert_hook_delivery(A, "one", "webhook.test", at(n), "{}".into());
            }
        });
        for row in all(store, A, "one").into_iter().filter(|row| row.at != at(1)) {
            put(store, |c| {
                c.settle_hook_delivery(HookDeliveryRow {
                    state: "failed".into(),
                    next_at: None,
                    ..row.clone()
                });
            });
        }
        put(store, |c| c.expire_hook_deliveries(at(3), 1));
        assert_eq!(all(store, A, "one").iter().map(|row| row.at).collect::<Vec<_>>(), [at(3), at(2), at(1)]);
        put(store, |c| c.expire_hook_deliveries(at(3), 9));
        assert_eq!(all(store, A, "one").iter().map(|row| row.at).collect::<Vec<_>>(), [at(3), at(1)]);
    });
}
