//! Requests of people, erasing them, and what is kept no longer.

use super::people::{belongings, furnish, with_identifiers};
use super::{A, B, at, conflicts, duplicates, get, no, on_stores, pages, put};
use domain::identifier::Identifier;
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use store::Store;
use store::access::RememberedAnswer;
use store::history::MessageKey;
use store::inbox::{Arrival, InboxRow};
use store::messages::{Body, SuppressionRow};
use store::privacy::{ErasureRow, RequestRow};

pub const METHODS: &[&str] = &[
    "insert_request",
    "update_request",
    "insert_erasure",
    "finish_erasure",
    "erase_profile",
    "erase_slice",
    "erase_orders",
    "delete_rejection",
    "delete_quarantined",
    "forget_answer",
    "delete_old_event",
    "expire_rejections",
    "request",
    "request_page",
    "open_requests",
    "requests_of_profile",
    "erasure",
    "erasure_of",
    "erasure_page",
    "is_left_to_erase",
    "quarantine_page",
    "answer_page",
    "erased_address",
    "old_events",
    "old_event_count",
    "old_rejection_count",
    "old_body_count",
];

fn request(n: i64, state: &str, due: i64) -> RequestRow {
    RequestRow {
        request_id: format!("r{n}"),
        kind: if n % 2 == 0 { "erase".into() } else { "access".into() },
        state: state.into(),
        received_at: at(n),
        due_at: at(due),
        profile_id: (n > 1).then(|| format!("p{n}")),
        revision: 1,
        doc: format!("{{\"n\":{n}}}"),
    }
}

#[test]
fn a_request_is_stored_over_the_revision_that_was_read() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_request(A, request(1, "received", 5));
            c.insert_request(B, request(1, "received", 5));
        });
        duplicates(store, "request_insert", |c| c.insert_request(A, request(1, "received", 9)));
        let changed = RequestRow {
            state: "acknowledged".into(),
            due_at: at(50),
            profile_id: Some("p".into()),
            doc: "{}".into(),
            ..request(1, "", 0)
        };
        put(store, |c| c.update_request(A, changed.clone()));
        conflicts(store, "request_update", |c| c.update_request(A, changed.clone()));
        let found = |workspace| get(store, |tx| tx.request(workspace, "r1"));
        assert_eq!(found(A), Some(RequestRow { revision: 2, ..changed }));
        assert_eq!(found(B), Some(request(1, "received", 5)));
        assert_eq!(get(store, |tx| tx.request(A, "none")), None);
    });
}

#[test]
fn requests_are_listed_by_age_and_by_urgency() {
    on_stores(|store| {
        let states = ["received", "acknowledged", "completed", "refused", "received", "received"];
        let rows: Vec<RequestRow> =
            (1..).zip(states).map(|(n, state)| request(n, state, 20 - 2 * n)).collect();
        put(store, |c| {
            rows.iter().for_each(|row| c.insert_request(A, row.clone()));
            c.insert_request(B, request(9, "received", 0));
        });
        let newest: Vec<RequestRow> = rows.iter().rev().cloned().collect();
        pages(&newest, |last: Option<&RequestRow>, limit| {
            let before = last.map_or("~", |row| row.request_id.as_str());
            get(store, |tx| tx.request_page(A, before, "", "", limit))
        });
        let page = |state: &str, kind: &str| {
            let rows = get(store, |tx| tx.request_page(A, "~", state, kind, 50));
            rows.into_iter().map(|row| row.request_id).collect::<Vec<_>>()
        };
        assert_eq!(page("received", ""), ["r6", "r5", "r1"]);
        assert_eq!(page("received", "access"), ["r5", "r1"]);
        let mut urgent: Vec<RequestRow> = rows
            .iter()
            .filter(|row| ["received", "acknowledged"].contains(&row.state.as_str()))
            .cloned()
            .collect();
        urgent.sort_by_key(|row| row.due_at);
        pages(&urgent, |last: Option<&RequestRow>, limit| {
            let behind = last.map_or((Timestamp::MIN, ""), |row| (row.due_at, row.request_id.as_str()));
            get(store, |tx| tx.open_requests(A, Timestamp::MAX, behind, limit))
        });
        let late = get(store, |tx| tx.open_requests(A, at(11), (Timestamp::MIN, ""), 50));
        assert_eq!(late, urgent[..2]);
        assert_eq!(get(store, |tx| tx.requests_of_profile(A, "p4")), [rows[3].clone()]);
        assert_eq!(get(store, |tx| tx.requests_of_profile(B, "p4")), []);
    });
}

fn erasure(n: i64, number_last: i64) -> ErasureRow {
    ErasureRow {
        profile: no(n),
        profile_id: format!("id{n}"),
        at: at(n),
        finished_at: None,
        number_last,
        doc: "{\"orders\":\"keep\"}".into(),
    }
}

#[test]
fn the_register_remembers_and_keeps_numbers_taken() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_erasure(A, erasure(7, 12));
            c.insert_erasure(A, erasure(3, 3));
            c.insert_erasure(B, erasure(7, 7));
        });
        put(store, |c| c.insert_erasure(A, ErasureRow { doc: "other".into(), ..erasure(7, 99) }));
        put(store, |c| c.finish_erasure(A, no(7), at(50)));
        put(store, |c| c.finish_erasure(A, no(7), at(60)));
        let expect = ErasureRow { finished_at: Some(at(50)), ..erasure(7, 12) };
        assert_eq!(get(store, |tx| tx.erasure(A, "id7")), Some(expect.clone()));
        assert_eq!(get(store, |tx| tx.erasure_of(A, no(7))), Some(expect.clone()));
        assert_eq!(get(store, |tx| tx.erasure_of(B, no(7))), Some(erasure(7, 7)));
        assert_eq!(get(store, |tx| tx.erasure(B, "id3")), None);
        pages(&[erasure(3, 3), expect], |last: Option<&ErasureRow>, limit| {
            get(store, |tx| tx.erasure_page(A, last.map_or(ProfileNo(0), |row| row.profile), limit))
        });
        assert_eq!(get(store, |tx| tx.last_profile_no(A)), no(12), "no number is given to a second person");
        assert_eq!(get(store, |tx| tx.last_profile_no(B)), no(7));
    });
}

#[test]
fn an_erased_person_leaves_orders_and_a_ledger_without_them() {
    on_stores(|store| {
        let (one, two) =
            (with_identifiers(1, &["user_id:1", "email:mot@shop.vn"]), with_identifiers(2, &["user_id:2"]));
        let fill = |c: &mut store::Changeset, workspace: WorkspaceId, first: i64, profile: &Profile| {
            furnish(c, workspace, profile, first);
            let body =
                Body {
                    subject: "Chào Ánh".into(), html: None, text: Some("Ánh".into()), links: Vec::new()
                };
            c.set_body(workspace, first, at(0), &body);
            c.log_message(workspace, first, at(0), "accepted", "250 ok for mot@shop.vn".into());
        };
        put(store, |c| {
            c.insert_event_name(A, 1, "n");
            c.insert_event_name(B, 1, "n");
            fill(c, A, 10, &one);
            fill(c, A, 20, &two);
            fill(c, B, 35, &one);
        });
        // Another profile was not joined with this one, which its log names.
        put(store, |c| c.log_merge(90, A, at(0), no(2), &one, false, "refused", "email:mot@shop.vn"));
        let identifiers: Vec<Identifier> =
            one.identifiers.iter().map(|known| known.identifier.clone()).collect();
        let left = |workspace, n| get(store, |tx| tx.is_left_to_erase(workspace, no(n)));
        assert!(left(A, 1) && left(A, 2) && left(B, 1));
        put(store, |c| {
            c.erase_profile(A, no(1), &identifiers);
            c.erase_slice(A, no(1), 1);
        });
        assert!(left(A, 1), "there were two runs");
        put(store, |c| c.erase_slice(A, no(1), 1));
        assert!(!left(A, 1) && left(A, 2) && left(B, 1));
        // Events, changes, consents, orders, runs, active runs, messages, merge rows.
        assert_eq!(belongings(store, A, 1), [0, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(belongings(store, A, 2), [1, 1, 1, 1, 2, 1, 1, 1]);
        assert_eq!(belongings(store, B, 1), [1, 1, 1, 1, 2, 1, 1, 1]);
        assert_eq!(get(store, |tx| tx.profile(A, no(1))), None);
        let owners = get(store, |tx| tx.find_identifiers(&[(A, &identifiers[0]), (B, &identifiers[0])]));
        assert_eq!(owners, [None, Some(no(1))]);
        let message = get(store, |tx| tx.message_by_no(A, 10)).unwrap();
        assert_eq!(
            (message.address, message.context.as_str(), message.key.as_str()),
            (None, "{}", "erased:10")
        );
        assert_eq!((message.state.as_str(), message.reason.as_str()), ("cancelled", "erased"));
        assert_eq!(get(store, |tx| tx.body(A, 10)), None);
        assert!(get(store, |tx| tx.message_log(A, 10)).iter().all(|line| line.detail.is_empty()));
        put(store, |c| c.erase_orders(A, no(1)));
        assert_eq!(belongings(store, A, 1), [0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(belongings(store, B, 1)[3], 1);
    });
}

#[test]
fn the_number_of_an_erased_profile_is_somebody_elses_to_find() {
    on_stores(|store| {
        let (one, two) = (with_identifiers(1, &["user_id:1"]), with_identifiers(2, &["user_id:1"]));
        put(store, |c| furnish(c, A, &one, 10));
        // In one changeset the identifier goes over to somebody new; what is deleted after that is the first one's.
        let identifier = &one.identifiers[0].identifier;
        put(store, |c| {
            c.erase_profile(A, no(1), std::slice::from_ref(identifier));
            c.insert_profile(A, &two);
            c.insert_identifier(A, identifier, no(2));
            c.erase_profile(A, no(1), std::slice::from_ref(identifier));
        });
        assert_eq!(get(store, |tx| tx.find_identifiers(&[(A, identifier)])), [Some(no(2))]);
    });
}

fn aside(store: &Store, seq: i64, workspace: WorkspaceId, payload: &str) {
    let arrival = Arrival {
        workspace,
        received_at: at(0),
        kind: "batch".into(),
        items: 1,
        meta: "{\"ip\":\"1.2.3.4\"}".into(),
        payload: payload.as_bytes().to_vec(),
    };
    put(store, |c| c.append(arrival.clone()));
    let rows: Vec<InboxRow> = get(store, |tx| tx.inbox_peek(1));
    assert_eq!(rows[0].seq, seq);
    put(store, |c| c.quarantine(rows[0].clone(), at(1), "fault".into()));
}

#[test]
fn rows_that_are_nobodys_by_number_are_looked_through() {
    on_stores(|store| {
        aside(store, 1, A, "một");
        aside(store, 2, B, "hai");
        aside(store, 3, A, "ba");
        let seqs = |after: i64, limit: i64| {
            let rows = get(store, |tx| tx.quarantine_page(A, after, limit));
            rows.into_iter().map(|row| (row.seq, row.payload)).collect::<Vec<_>>()
        };
        assert_eq!(seqs(0, 9), [(1, "một".as_bytes().to_vec()), (3, b"ba".to_vec())]);
        assert_eq!(seqs(1, 9).len(), 1);
        put(store, |c| c.delete_quarantined(B, 1));
        assert_eq!(seqs(0, 9).len(), 2);
        put(store, |c| c.delete_quarantined(A, 1));
        assert_eq!(seqs(0, 9).len(), 1);
        let answer = |body: &str| RememberedAnswer { fingerprint: vec![1], status: 200, body: body.into() };
        put(store, |c| {
            c.remember_answer(A, "b", answer("2"), at(0));
            c.remember_answer(A, "a", answer("1"), at(0));
            c.remember_answer(B, "a", answer("3"), at(0));
        });
        let all = |workspace| get(store, |tx| tx.answer_page(workspace, "", 9));
        assert_eq!(all(A), [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(get(store, |tx| tx.answer_page(A, "a", 9)).len(), 1);
        put(store, |c| c.forget_answer(A, "a"));
        assert_eq!((all(A).len(), all(B).len()), (1, 1));
        put(store, |c| {
            for n in 1..=3 {
                c.insert_rejection(n, A, at(n), "code", "detail".into(), "sample".into());
                c.insert_rejection(n + 10, B, at(n), "code", "detail".into(), "sample".into());
            }
        });
        let old = |workspace| get(store, |tx| tx.old_rejection_count(workspace, at(3)));
        assert_eq!((old(A), old(B)), (2, 2));
        put(store, |c| c.delete_rejection(A, 12));
        put(store, |c| c.delete_rejection(A, 2));
        assert_eq!((old(A), old(B)), (1, 2));
        put(store, |c| c.expire_rejections(B, at(3), 1));
        put(store, |c| c.expire_rejections(A, at(3), 9));
        assert_eq!((old(A), old(B)), (0, 1));
    });
}

#[test]
fn an_erased_address_is_known_by_its_hash() {
    on_stores(|store| {
        let row = |reason: &str, address: &str| SuppressionRow {
            channel: "email".into(),
            address: address.into(),
            reason: reason.into(),
            detail: String::new(),
            at: at(5),
        };
        put(store, |c| {
            c.suppress(A, row("erased", "erased:aa"));
            c.suppress(A, row("manual", "erased:bb"));
        });
        let found = |workspace, hash: &str| get(store, |tx| tx.erased_address(workspace, "email", hash));
        assert_eq!(
            (found(A, "erased:aa"), found(A, "erased:bb"), found(B, "erased:aa")),
            (Some(at(5)), None, None)
        );
    });
}

#[test]
fn old_events_and_bodies_are_counted_and_go_one_by_one() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_event_name(A, 1, "Product Viewed");
            c.insert_event_name(B, 1, "Product Viewed");
            for n in 1..=5 {
                let mut event = super::history::event(A, n % 2 + 1, n, &format!("m{n}"));
                event.at = at(n);
                c.insert_event(event);
            }
            c.insert_event(super::history::event(B, 1, 9, "m9"));
        });
        let old = |workspace| get(store, |tx| tx.old_event_count(workspace, 1, at(4)));
        assert_eq!((old(A), old(B)), (3, 1));
        let rows = get(store, |tx| tx.old_events(A, 1, at(4), 2));
        assert_eq!(rows, [(1, no(2), at(1)), (2, no(1), at(2))]);
        put(store, |c| c.delete_old_event(B, 1));
        put(store, |c| rows.iter().for_each(|row| c.delete_old_event(A, row.0)));
        assert_eq!((old(A), old(B)), (1, 1));
        // A message that was counted is known again, though its event is gone.
        let seen = get(store, |tx| tx.seen_messages(&[(A, MessageKey::of("m1"), at(0))]));
        assert_eq!(seen, [true]);
        let body = Body { subject: "s".into(), html: Some("h".into()), text: None, links: Vec::new() };
        put(store, |c| {
            c.set_body(A, 1, at(1), &body);
            c.set_body(A, 2, at(9), &body);
        });
        let old = || get(store, |tx| tx.old_body_count(A, at(5)));
        assert_eq!(old(), 1);
        put(store, |c| c.expire_bodies(A, at(5)));
        assert_eq!(old(), 0);
    });
}
