//! What was acknowledged waits in its order and leaves exactly once.

use super::{A, B, TEXTS, apply, at, conflicts, duplicates, get, on_stores, put};
use kit::{Timestamp, WorkspaceId};
use store::inbox::{Arrival, Backlog, CONFIGURATION, InboxRow};
use store::{Changeset, Store, StoreError};

pub const METHODS: &[&str] = &[
    "append",
    "take_from_inbox",
    "quarantine",
    "touch_configuration",
    "expect_configuration",
    "set_progress",
    "release_quarantined",
    "discard_quarantined",
    "set_aside_page",
    "quarantined_row",
    "storage",
    "inbox_peek",
    "inbox_after",
    "inbox_outline",
    "backlog",
    "quarantined",
    "progress",
];

fn arrival(workspace: WorkspaceId, received_at: Timestamp, items: i64) -> Arrival {
    Arrival {
        workspace,
        received_at,
        kind: "batch".into(),
        items,
        meta: "{}".into(),
        payload: b"{\"batch\":[]}".to_vec(),
    }
}

fn waiting(store: &Store) -> Vec<Arrival> {
    get(store, |tx| tx.inbox_peek(1_000)).into_iter().map(|row| row.arrival).collect()
}

fn seqs(store: &Store) -> Vec<i64> {
    get(store, |tx| tx.inbox_peek(1_000)).iter().map(|row| row.seq).collect()
}

#[test]
fn what_arrives_comes_back_as_it_was() {
    on_stores(|store| {
        let mut sent = Vec::new();
        for (n, text) in TEXTS.iter().enumerate() {
            sent.push(Arrival {
                workspace: if n % 2 == 0 { A } else { B },
                received_at: at(-(n as i64)),
                kind: (*text).to_owned(),
                items: n as i64,
                meta: (*text).to_owned(),
                payload: text.as_bytes().to_vec(),
            });
        }
        sent.push(Arrival { payload: (0..=255).collect(), ..arrival(B, Timestamp::MAX, 0) });
        sent.push(Arrival { payload: vec![b'x'; 500_000], ..arrival(B, Timestamp::MIN, i64::MAX - 100) });
        for one in &sent {
            put(store, |c| c.append(one.clone()));
        }
        assert_eq!(waiting(store), sent, "in the order of their arrival, whatever their instant");
        assert!(seqs(store).is_sorted_by(|a, b| a < b));
        assert_eq!(get(store, |tx| tx.inbox_peek(3)).len(), 3);
        assert_eq!(get(store, |tx| tx.inbox_peek(0)).len(), 0);
        let all = seqs(store);
        let after: Vec<i64> = get(store, |tx| tx.inbox_after(all[1], 3)).iter().map(|row| row.seq).collect();
        assert_eq!(after, all[2..5]);
        assert!(get(store, |tx| tx.inbox_after(all[all.len() - 1], 10)).is_empty());
        let items: Vec<i64> = sent.iter().map(|one| one.items).collect();
        assert_eq!(get(store, |tx| tx.inbox_outline(1_000)), items);
        assert_eq!(get(store, |tx| tx.inbox_outline(2)), items[..2]);
        let total =
            Backlog { rows: sent.len() as i64, items: items.iter().sum(), oldest_at: Some(Timestamp::MIN) };
        assert_eq!(get(store, |tx| tx.backlog()), total);
    });
}

#[test]
fn an_empty_inbox_has_no_backlog() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.backlog()), Backlog::default());
        assert!(waiting(store).is_empty());
        assert!(get(store, |tx| tx.inbox_outline(10)).is_empty());
    });
}

#[test]
fn a_row_is_taken_exactly_once() {
    on_stores(|store| {
        for n in 0..3 {
            put(store, |c| c.append(arrival(A, at(n), n)));
        }
        let rows = seqs(store);
        conflicts(store, "inbox_delete", |c| {
            c.set_progress("processed", rows[0]);
            c.take_from_inbox(rows[0]);
            c.take_from_inbox(rows[0]);
        });
        assert_eq!((seqs(store), get(store, |tx| tx.progress("processed"))), (rows.clone(), None));
        put(store, |c| {
            c.set_progress("processed", rows[0]);
            c.take_from_inbox(rows[0]);
        });
        conflicts(store, "inbox_delete", |c| c.take_from_inbox(rows[0]));
        assert_eq!(seqs(store), rows[1..]);
        // Many at once: one wins, and only its other writes are stored.
        let winners: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let seq = rows[1];
                    scope.spawn(move || {
                        let outcome = apply(store, |c| {
                            c.append(arrival(B, at(n), 100 + n));
                            c.take_from_inbox(seq);
                        });
                        match outcome {
                            Ok(_) => 1,
                            Err(StoreError::Conflict { .. }) => 0,
                            Err(other) => panic!("{other:?}"),
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(winners, 1);
        assert_eq!(waiting(store).len(), 2, "the third row, and the winner's");
    });
}

#[test]
fn a_row_that_nobody_can_process_is_set_aside_once() {
    on_stores(|store| {
        for n in 0..2 {
            put(store, |c| c.append(Arrival { payload: (0..=255).collect(), ..arrival(B, at(n), n) }));
        }
        let row = get(store, |tx| tx.inbox_peek(1)).remove(0);
        assert_eq!(get(store, |tx| tx.quarantined()), 0);
        // The error may quote a character that neither database stores.
        put(store, |c| c.quarantine(row.clone(), at(9), "cannot read \"a\0b\" ạ".into()));
        assert_eq!((get(store, |tx| tx.quarantined()), waiting(store).len()), (1, 1));
        duplicates(store, "quarantine_insert", |c| c.quarantine(row.clone(), at(9), String::new()));
        let gone = InboxRow { seq: row.seq + 100, ..row };
        conflicts(store, "inbox_delete", |c| c.quarantine(gone.clone(), at(9), String::new()));
        assert_eq!((get(store, |tx| tx.quarantined()), waiting(store).len()), (1, 1));
    });
}

#[test]
fn a_number_is_never_given_out_twice() {
    on_stores(|store| {
        let mut highest = 0;
        for _ in 0..3 {
            let seq = apply(store, |c| c.append(arrival(A, at(0), 1))).unwrap().returned.unwrap();
            assert!(seq > highest, "{seq} after {highest}");
            assert_eq!(seqs(store), [seq]);
            put(store, |c| c.take_from_inbox(seq));
            highest = seq;
        }
    });
}

#[test]
fn queued_changesets_are_stored_in_their_order() {
    on_stores(|store| {
        let pending: Vec<_> = (0..20)
            .map(|n| {
                let mut changes = Changeset::new();
                assert!(changes.is_empty());
                changes.append(arrival(A, at(n), n));
                changes.append(arrival(B, at(n), n));
                assert_eq!((changes.len(), changes.is_empty()), (2, false));
                store.enqueue(changes)
            })
            .collect();
        for one in pending {
            one.wait().unwrap();
        }
        let expect: Vec<i64> = (0..20).flat_map(|n| [n, n]).collect();
        assert_eq!(get(store, |tx| tx.inbox_outline(100)), expect);
        assert_eq!(store.apply(Changeset::new()).unwrap().returned, None);
    });
}

#[test]
fn progress_is_kept_by_name_and_the_configuration_counts_up() {
    on_stores(|store| {
        let progress = |name: &str| get(store, |tx| tx.progress(name));
        assert_eq!((progress("x"), progress(CONFIGURATION)), (None, None));
        for value in [5, i64::MIN, i64::MAX, 0] {
            put(store, |c| c.set_progress("x", value));
            assert_eq!(progress("x"), Some(value));
        }
        put(store, |c| c.set_progress("Ž", 7));
        assert_eq!((progress("Ž"), progress("x"), progress("X")), (Some(7), Some(0), None));
        for count in 1..=3 {
            put(store, |c| c.touch_configuration());
            assert_eq!(progress(CONFIGURATION), Some(count));
        }
        put(store, |c| {
            c.touch_configuration();
            c.touch_configuration();
        });
        assert_eq!((progress(CONFIGURATION), progress("x")), (Some(5), Some(0)));
        put(store, |c| c.expect_configuration(5));
        assert_eq!(progress(CONFIGURATION), Some(6));
        conflicts(store, "progress_bump_expected", |c| c.expect_configuration(5));
    });
}

#[test]
fn what_was_set_aside_comes_back_or_goes() {
    on_stores(|store| {
        for (n, workspace) in [A, A, B].into_iter().enumerate() {
            put(store, |c| c.append(arrival(workspace, at(n as i64), 2)));
        }
        let rows = get(store, |tx| tx.inbox_peek(9));
        for row in rows.clone() {
            put(store, |c| c.quarantine(row.clone(), at(9), TEXTS[3].into()));
        }
        let page = get(store, |tx| tx.set_aside_page(A, i64::MAX, 9));
        assert_eq!(page.iter().map(|held| &held.row).collect::<Vec<_>>(), [&rows[1], &rows[0]]);
        assert_eq!((page[0].at, page[0].error.as_str()), (at(9), TEXTS[3]));
        assert_eq!(get(store, |tx| tx.set_aside_page(A, rows[1].seq, 9)).len(), 1);
        assert_eq!(get(store, |tx| tx.quarantined_row(A, rows[0].seq)).unwrap().row, rows[0]);
        assert_eq!(get(store, |tx| tx.quarantined_row(B, rows[0].seq)), None);
        conflicts(store, "set_aside_release", |c| c.release_quarantined(B, rows[0].seq));
        put(store, |c| c.release_quarantined(A, rows[0].seq));
        assert_eq!(waiting(store), [rows[0].arrival.clone()]);
        assert!(seqs(store)[0] > rows[2].seq, "behind all that came before");
        put(store, |c| c.discard_quarantined(A, rows[1].seq));
        conflicts(store, "quarantine_delete", |c| c.discard_quarantined(A, rows[1].seq));
        assert_eq!(get(store, |tx| tx.quarantined()), 1);
    });
}

#[test]
fn a_database_tells_its_size_and_name() {
    on_stores(|store| {
        let (bytes, name) = get(store, |tx| tx.storage());
        assert!(bytes > 10_000, "{bytes}");
        assert!(name.starts_with("SQLite 3.") || name.starts_with("PostgreSQL "), "{name}");
    });
}
