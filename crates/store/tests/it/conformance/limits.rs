//! What the gate counts.

use super::messages::message;
use super::{A, B, at, get, no, on_stores, put};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use store::limits::{RegisterSourceRow, SentRow};
use store::messages::MessageRow;

pub const METHODS: &[&str] = &[
    "list_do_not_call",
    "drop_do_not_call",
    "recent_marketing",
    "recent_marketing_to",
    "waiting_marketing",
    "do_not_call",
    "do_not_call_count",
    "set_register_source",
    "register_fetched",
    "drop_register_source",
    "register_source",
    "register_sources",
];

fn message_of(workspace: WorkspaceId, profile: i64, message_no: i64, key: &str) -> MessageRow {
    MessageRow { profile: no(profile), ..message(workspace, message_no, key) }
}

#[test]
fn recent_advertisements_are_those_handed_over() {
    on_stores(|store| {
        // Number, profile, channel, purpose, when claimed, state afterwards.
        type Case = (i64, i64, &'static str, &'static str, Option<i64>, &'static str);
        let cases: &[Case] = &[
            (1, 1, "email", "marketing", Some(10), "accepted"),
            (2, 1, "sms", "marketing", Some(5), "sending"),
            (3, 1, "push", "marketing", Some(7), "unknown"),
            (4, 1, "zalo", "marketing", Some(8), "failed"),
            (5, 1, "email", "transactional", Some(8), "accepted"),
            (6, 1, "email", "marketing", None, "queued"),
            (7, 2, "email", "marketing", Some(8), "accepted"),
            (8, 1, "email", "marketing", Some(4), "accepted"),
            // One instant, several messages: their numbers decide.
            (9, 1, "zalo", "marketing", Some(10), "accepted"),
            (10, 1, "onsite", "marketing", Some(10), "accepted"),
            (11, 1, "email", "marketing", Some(9), "refused"),
        ];
        for (n, profile, channel, purpose, claimed, state) in cases {
            for (workspace, message_no) in [(A, *n), (B, 100 + n)] {
                let row = MessageRow {
                    channel: (*channel).into(),
                    purpose: (*purpose).into(),
                    ..message_of(workspace, *profile, message_no, &format!("k{n}"))
                };
                put(store, |c| {
                    c.insert_message(row.clone());
                    if let Some(claimed) = claimed {
                        c.claim_message(&row, if *n == 3 { "b" } else { "a" }, at(*claimed));
                    }
                    match *state {
                        "queued" | "sending" => {}
                        "accepted" => c.accept_message(message_no, String::new(), at(11), None),
                        "unknown" => {
                            c.turn_message(message_no, "sending", "unknown", "", String::new(), at(0), None)
                        }
                        "failed" => {
                            c.turn_message(message_no, "sending", "failed", "", String::new(), at(0), None)
                        }
                        _ => c.turn_message(message_no, "sending", "refused", "", String::new(), at(0), None),
                    }
                });
            }
        }
        put(store, |c| c.turn_message(101, "accepted", "failed", "", String::new(), at(0), None));
        let told = |list: &[SentRow]| -> Vec<(i64, String, i64)> {
            list.iter().map(|row| (row.message_no, row.channel.clone(), row.at.since_ms(at(0)))).collect()
        };
        let ask = |of: &[(WorkspaceId, ProfileNo, Timestamp)]| {
            let found = get(store, |tx| tx.recent_marketing(of));
            found.iter().map(|list| told(list)).collect::<Vec<_>>()
        };
        let late = |from: i64| -> Vec<(i64, String, i64)> {
            [(2, "sms", 5), (3, "push", 7), (1, "email", 10), (9, "zalo", 10), (10, "onsite", 10)]
                .into_iter()
                .filter(|(.., when)| *when > from)
                .map(|(no, channel, when)| (no, channel.to_owned(), when))
                .collect()
        };
        let mut there = late(4);
        there.iter_mut().for_each(|(no, ..)| *no += 100);
        there.retain(|(no, ..)| *no != 101);
        let asked =
            [(A, no(2), at(4)), (A, no(1), at(4)), (A, no(9), at(4)), (B, no(1), at(4)), (A, no(1), at(7))];
        assert_eq!(ask(&asked), [vec![(7, "email".into(), 8)], late(4), vec![], there, late(7)]);
        assert_eq!(ask(&[(A, no(1), at(3))])[0].len(), 6, "after, not at");
        assert!(ask(&[]).is_empty());
        // By address: whoever it was meant for.
        let by_address = [
            (A, "email", "a", at(4)),
            (A, "push", "a", at(0)),
            (A, "push", "b", at(0)),
            (B, "email", "a", at(8)),
        ];
        let found = get(store, |tx| tx.recent_marketing_to(&by_address));
        let numbers: Vec<Vec<i64>> =
            found.iter().map(|list| list.iter().map(|row| row.message_no).collect()).collect();
        assert_eq!(numbers, [vec![7, 1], vec![], vec![3], vec![]]);
        assert_eq!(found[0][0].purpose, "marketing");
    });
}

#[test]
fn what_is_due_to_a_person_waits_for_its_turn() {
    on_stores(|store| {
        let put_one = |workspace, profile, n: i64, channel: &str, purpose: &str, due: i64| {
            let row = MessageRow {
                channel: channel.into(),
                purpose: purpose.into(),
                due_at: at(due),
                context: format!("{{\"priority\":{n}}}"),
                ..message_of(workspace, profile, n, &format!("k{n}"))
            };
            put(store, |c| c.insert_message(row.clone()));
            row
        };
        put_one(A, 1, 1, "email", "marketing", 5);
        put_one(A, 1, 2, "sms", "ads", 4);
        put_one(A, 1, 3, "sms", "transactional", 4);
        put_one(A, 1, 4, "sms", "marketing", 6);
        put_one(A, 2, 5, "sms", "marketing", 5);
        put_one(B, 1, 6, "sms", "marketing", 5);
        let sending = put_one(A, 1, 7, "sms", "marketing", 5);
        put(store, |c| c.claim_message(&sending, "a", at(5)));
        let found = get(store, |tx| tx.waiting_marketing(&[(A, no(1)), (A, no(3)), (A, no(2))], at(5)));
        let numbers: Vec<Vec<i64>> =
            found.iter().map(|list| list.iter().map(|row| row.message_no).collect()).collect();
        assert_eq!(numbers, [vec![2, 1], vec![], vec![5]]);
        assert_eq!(found[0][0].purpose, "ads");
        assert_eq!(found[0][0].context, "{\"priority\":2}");
    });
}

#[test]
fn a_register_of_numbers_is_replaced_by_its_next_listing() {
    on_stores(|store| {
        put(store, |c| {
            c.list_do_not_call(A, "+84901234567", at(1));
            c.list_do_not_call(A, "+84907654321", at(1));
            c.list_do_not_call(B, "+84901234567", at(1));
        });
        put(store, |c| c.list_do_not_call(A, "+84901234567", at(2)));
        let asked = [(A, "+84901234567"), (A, "+84907654321"), (A, "+84900000000"), (B, "+84901234567")];
        assert_eq!(get(store, |tx| tx.do_not_call(&asked)), [true, true, false, true]);
        assert_eq!(get(store, |tx| tx.do_not_call_count(A)), (2, Some(at(2))));
        put(store, |c| c.drop_do_not_call(A, at(2)));
        assert_eq!(get(store, |tx| tx.do_not_call(&asked)), [true, false, false, true]);
        assert_eq!(get(store, |tx| tx.do_not_call_count(WorkspaceId(7))), (0, None));
        // The gate learns of it with the list of suppressed addresses, for text messages alone.
        let listed = get(store, |tx| {
            tx.suppressions_of(&[
                (A, "sms", "+84901234567"),
                (A, "zalo", "+84901234567"),
                (A, "sms", "+84907654321"),
            ])
        });
        assert_eq!(listed, [Some("do_not_call".to_owned()), None, None]);
    });
}

#[test]
fn where_the_register_is_fetched_comes_back_as_it_was() {
    on_stores(|store| {
        let row = |workspace, updated: i64| RegisterSourceRow {
            workspace,
            sealed: vec![0, 255, 7],
            hour: 3,
            next_at: at(90),
            failures: 0,
            fetched_at: None,
            fault: String::new(),
            job_id: String::new(),
            updated_at: at(updated),
        };
        let found = |workspace| get(store, |tx| tx.register_source(workspace));
        assert_eq!((found(A), get(store, |tx| tx.register_sources())), (None, vec![]));
        put(store, |c| c.set_register_source(row(B, 1)));
        put(store, |c| c.set_register_source(row(A, 1)));
        assert_eq!(get(store, |tx| tx.register_sources()), [row(A, 1), row(B, 1)]);
        let failed = RegisterSourceRow {
            next_at: at(95),
            failures: 1,
            fetched_at: Some(at(91)),
            fault: "HTTP 500".into(),
            job_id: "j".into(),
            ..row(A, 1)
        };
        put(store, |c| c.register_fetched(&failed));
        assert_eq!((found(A), found(B)), (Some(failed.clone()), Some(row(B, 1))));
        // The shop has written another address meanwhile: what the old one gave says nothing of it.
        put(store, |c| c.set_register_source(row(A, 2)));
        put(store, |c| c.register_fetched(&failed));
        assert_eq!(found(A), Some(row(A, 2)));
        put(store, |c| c.drop_register_source(A));
        assert_eq!((found(A), found(B)), (None, Some(row(B, 1))));
    });
}
