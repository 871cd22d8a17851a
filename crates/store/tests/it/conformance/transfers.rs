//! Long work is written down once and changed in turn; what an import touched is remembered as it was first.

use super::people::with_identifiers;
use super::{A, B, TEXTS, apply, at, conflicts, duplicates, get, no, on_stores, pages, put};
use domain::commerce::{CartLine, Contents, Order, OrderPatch, Product};
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::identifier::Identifier;
use domain::profile::{AttributeChange, Ms};
use kit::{Timestamp, WorkspaceId};
use serde_json::json;
use store::history::NewEvent;
use store::transfers::{JobRow, Touch, TouchKind, stamp_of};
use store::{Changeset, Piece, Store};

pub const METHODS: &[&str] = &[
    "insert_job",
    "update_job",
    "delete_job",
    "touch",
    "forget_touch",
    "delete_event",
    "delete_order",
    "delete_product",
    "delete_identifier",
    "delete_profile",
    "delete_changes_of",
    "delete_consent_record",
    "job",
    "job_page",
    "open_jobs",
    "touches",
    "touch_count",
    "has_touch",
    "profile_is_used",
    "changes_of",
    "consent_rows",
    "export_profiles",
    "export_orders",
    "export_events",
    "export_messages",
    "export_consents",
    "export_segments",
    "export_journeys",
];

fn job(workspace: WorkspaceId, n: i64, text: &str) -> JobRow {
    JobRow {
        workspace,
        job_id: format!("job-{n}"),
        kind: if n % 2 == 0 { "import" } else { "export" }.into(),
        state: "waiting".into(),
        runner: "server".into(),
        name: text.to_owned(),
        fingerprint: text.to_owned(),
        plan: text.to_owned(),
        progress: "{}".into(),
        created_by: text.to_owned(),
        revision: 1,
        created_at: at(n / 2),
        updated_at: at(n / 2),
    }
}

#[test]
fn jobs_are_written_once_changed_in_turn_and_listed_newest_first() {
    on_stores(|store| {
        let jobs: Vec<JobRow> = TEXTS.iter().zip(0..).map(|(text, n)| job(A, n, text)).collect();
        for row in jobs.iter().chain([&job(B, 0, "other")]) {
            put(store, |c| c.insert_job(row));
        }
        duplicates(store, "job_insert", |c| c.insert_job(&jobs[0]));
        for row in &jobs {
            assert_eq!(get(store, |tx| tx.job(A, &row.job_id)).as_ref(), Some(row));
        }
        assert_eq!(get(store, |tx| tx.job(A, "none")), None);
        let mut newest = jobs.clone();
        newest.sort_by(|a, b| (b.created_at, &b.job_id).cmp(&(a.created_at, &a.job_id)));
        pages(&newest, |last, limit| {
            let before = last.map_or((Timestamp::MAX, ""), |row| (row.created_at, row.job_id.as_str()));
            get(store, |tx| tx.job_page(A, before, "", limit))
        });
        let imports = get(store, |tx| tx.job_page(A, (Timestamp::MAX, ""), "import", 100));
        assert!(imports.iter().all(|row| row.kind == "import") && imports.len() == jobs.len().div_ceil(2));
        assert_eq!(get(store, |tx| tx.open_jobs()).len(), jobs.len() + 1);
        let changed = JobRow {
            state: "completed".into(),
            progress: "{\"rows\":1}".into(),
            plan: "p".into(),
            updated_at: at(99),
            ..jobs[0].clone()
        };
        put(store, |c| c.update_job(&changed));
        conflicts(store, "job_update", |c| c.update_job(&changed));
        assert_eq!(get(store, |tx| tx.job(A, "job-0")), Some(JobRow { revision: 2, ..changed }));
        assert_eq!(get(store, |tx| tx.open_jobs()).len(), jobs.len(), "one has ended");
        put(store, |c| c.delete_job(A, "job-1"));
        assert_eq!(get(store, |tx| tx.job(A, "job-1")), None);
        assert_eq!(get(store, |tx| tx.job(B, "job-0")).map(|row| row.name), Some("other".into()));
    });
}

#[test]
fn the_first_document_of_a_touch_stays_and_a_stranger_is_noticed() {
    on_stores(|store| {
        let touch = |kind, subject: &str, before: Option<&str>, stamp| Touch {
            kind,
            subject: subject.into(),
            before: before.map(str::to_owned),
            stamp,
            shared: false,
        };
        put(store, |c| {
            c.touch(A, "j", touch(TouchKind::Profile, "7", Some("first"), 2), 1);
            c.touch(A, "j", touch(TouchKind::Order, "[\"s\",\"1\"]", None, 5), 5);
            c.touch(B, "j", touch(TouchKind::Profile, "7", None, 1), 1);
        });
        put(store, |c| c.touch(A, "j", touch(TouchKind::Profile, "7", Some("second"), 3), 2));
        let order = touch(TouchKind::Order, "[\"s\",\"1\"]", None, 5);
        let profile = touch(TouchKind::Profile, "7", Some("first"), 3);
        assert_eq!(get(store, |tx| tx.touches(A, "j", 10)), [order.clone(), profile.clone()]);
        assert_eq!(get(store, |tx| tx.touches(A, "j", 1)), [order]);
        // Version 9 was somebody else's.
        put(store, |c| c.touch(A, "j", touch(TouchKind::Profile, "7", None, 10), 9));
        let shared = Touch { stamp: 10, shared: true, ..profile };
        assert_eq!(get(store, |tx| tx.touches(A, "j", 10))[1], shared);
        put(store, |c| c.touch(A, "j", touch(TouchKind::Profile, "7", None, 11), 10));
        assert!(get(store, |tx| tx.touches(A, "j", 10))[1].shared, "once shared, always");
        assert_eq!(
            (get(store, |tx| tx.touch_count(A, "j")), get(store, |tx| tx.touch_count(B, "j"))),
            (2, 1)
        );
        assert!(get(store, |tx| tx.has_touch(A, "j", TouchKind::Profile, "7")));
        assert!(!get(store, |tx| tx.has_touch(A, "j", TouchKind::Product, "7")));
        put(store, |c| c.forget_touch(A, "j", TouchKind::Profile, "7"));
        conflicts(store, "touch_delete", |c| c.forget_touch(A, "j", TouchKind::Profile, "7"));
        assert_eq!(
            (get(store, |tx| tx.touch_count(A, "j")), get(store, |tx| tx.touch_count(B, "j"))),
            (1, 1)
        );
    });
}

fn order(source: &str, order_id: &str, placed: i64) -> Order {
    let line = CartLine { product_id: "p".into(), price: 100, quantity: 2, ..CartLine::default() };
    let patch = OrderPatch {
        source: source.into(),
        order_id: order_id.into(),
        at: at(placed),
        placed_at: Some(at(placed)),
        currency: None,
        status: None,
        contents: Some(Contents { lines: vec![line], ..Contents::default() }),
        refunds: vec![],
    };
    Order::new(&patch, "VND")
}

fn consent(source: &str, n: i64) -> ConsentRecord {
    ConsentRecord {
        channel: Channel::Email,
        purpose: Purpose::Marketing,
        state: ConsentState::Granted,
        at: Ms(at(n)),
        source: source.into(),
        wording: None,
        ip: None,
        user_agent: None,
        aspect: domain::consent::Aspect::Whole,
        proof: domain::consent::Proof::default(),
    }
}

fn event(event_no: i64, workspace: WorkspaceId, owner: i64) -> NewEvent {
    NewEvent {
        event_no,
        workspace,
        profile: no(owner),
        name_no: 1,
        at: at(event_no),
        received_at: at(event_no),
        historical: true,
        message_id: format!("m-{event_no}"),
        body: "{}".into(),
        amount: None,
    }
}

fn fill(store: &Store) {
    let product = |n: i64| Product { product_id: format!("p{n}"), ..Product::default() };
    put(store, |c| {
        for workspace in [A, B] {
            c.insert_event_name(workspace, 1, "Order Completed");
            for n in 1..=3 {
                c.insert_profile(workspace, &with_identifiers(n, &[]));
                let identifier: Identifier = format!("email:p{n}@example.com").parse().unwrap();
                c.insert_identifier(workspace, &identifier, no(n));
                c.set_search_text(workspace, no(n), format!("p{n}"));
                c.set_product(workspace, &product(n));
                c.set_order(workspace, no(n), &order("shop", &format!("D{n}"), n));
                let shift = if workspace == A { 0 } else { 100 };
                c.insert_event(event(n + shift, workspace, n));
                c.insert_consent(
                    n + shift,
                    workspace,
                    no(n),
                    &consent(if n == 1 { "import:j" } else { "form" }, n),
                );
                let change =
                    AttributeChange { name: "city".into(), at: at(n), old: None, new: json!("Huế") };
                let source = if n == 1 { "import:j" } else { "staff" };
                c.log_attribute_change(n + shift, workspace, no(n), &change, source);
            }
        }
    });
}

#[test]
fn what_an_import_made_can_be_deleted_and_nothing_else_goes_with_it() {
    on_stores(|store| {
        fill(store);
        let changes = get(store, |tx| tx.changes_of(A, no(1), "import:j"));
        assert_eq!(changes.iter().map(|change| change.change_no).collect::<Vec<_>>(), [1]);
        assert!(get(store, |tx| tx.changes_of(A, no(2), "import:j")).is_empty());
        assert_eq!(get(store, |tx| tx.consent_rows(A, no(1))), [(1, consent("import:j", 1))]);
        assert!(!get(store, |tx| tx.profile_is_used(A, no(1))));
        put(store, |c| c.delete_changes_of(A, no(2), "import:j"));
        assert_eq!(get(store, |tx| tx.changes_of(A, no(2), "staff")).len(), 1, "another source's");
        put(store, |c| c.delete_changes_of(A, no(2), "staff"));
        assert!(get(store, |tx| tx.changes_of(A, no(2), "staff")).is_empty());
        put(store, |c| c.delete_consent_record(A, 2));
        conflicts(store, "consent_delete_one", |c| c.delete_consent_record(A, 2));
        assert_eq!(get(store, |tx| tx.consent_rows(A, no(3))).len(), 1);
        let told = get(store, |tx| tx.event_page(A, no(1), (Timestamp::MAX, i64::MAX), None, 9)).remove(0);
        put(store, |c| {
            c.delete_event(A, &told);
            c.delete_order(A, "shop", "D1");
            c.delete_product(A, "p1");
        });
        assert_eq!(get(store, |tx| tx.message_id_count(A, "m-1")), 0, "it can come again");
        conflicts(store, "event_delete", |c| c.delete_event(A, &told));
        conflicts(store, "order_delete", |c| c.delete_order(A, "shop", "D1"));
        conflicts(store, "product_delete", |c| c.delete_product(A, "p1"));
        let address: Identifier = "email:p2@example.com".parse().unwrap();
        put(store, |c| c.delete_identifier(A, &address, no(2)));
        assert_eq!(
            get(store, |tx| tx.find_identifiers(&[(A, &address), (B, &address)])),
            [None, Some(no(2))]
        );
        let found = get(store, |tx| tx.profile(A, no(1))).unwrap();
        conflicts(store, "profile_delete", |c| c.delete_profile(A, &found.profile, found.version + 1));
        put(store, |c| c.delete_profile(A, &found.profile, found.version));
        assert!(get(store, |tx| tx.profile(A, no(1))).is_none());
        assert!(get(store, |tx| tx.consent_rows(A, no(1))).is_empty());
        assert_eq!(get(store, |tx| tx.export_profiles(A, no(0), 10)).len(), 2);
        assert_eq!(get(store, |tx| tx.export_profiles(B, no(0), 10)).len(), 3, "the other workspace's stay");
        assert_eq!(get(store, |tx| tx.export_orders(B, ("", ""), Timestamp::MIN, 10)).len(), 3);
    });
}

#[test]
fn lists_are_exported_page_by_page() {
    on_stores(|store| {
        fill(store);
        let all = get(store, |tx| tx.export_profiles(A, no(0), 100));
        pages(&all, |last, limit| {
            get(store, |tx| tx.export_profiles(A, last.map_or(no(0), |row| row.profile.no), limit))
        });
        let all = get(store, |tx| tx.export_orders(A, ("", ""), Timestamp::MIN, 100));
        assert!(all.iter().all(|row| row.profile_id.is_some()) && all.len() == 3);
        pages(&all, |last, limit| {
            let after = last.map_or(("", ""), |row| (row.order.source.as_str(), row.order.order_id.as_str()));
            get(store, |tx| tx.export_orders(A, after, Timestamp::MIN, limit))
        });
        assert_eq!(get(store, |tx| tx.export_orders(A, ("", ""), at(3), 100)).len(), 1, "since an instant");
        let all = get(store, |tx| tx.export_events(A, 0, Timestamp::MIN, 100));
        assert_eq!(all.iter().map(|(event, _)| event.event_no).collect::<Vec<_>>(), [1, 2, 3]);
        pages(&all, |last, limit| {
            get(store, |tx| tx.export_events(A, last.map_or(0, |row| row.0.event_no), Timestamp::MIN, limit))
        });
        let all = get(store, |tx| tx.export_consents(A, 0, Timestamp::MIN, 100));
        assert_eq!(all.len(), 3);
        pages(&all, |last, limit| {
            get(store, |tx| tx.export_consents(A, last.map_or(0, |row| row.0), Timestamp::MIN, limit))
        });
        put(store, |c| {
            c.insert_message(super::messages::message(A, 1, "k"));
            c.insert_journey(A, "j", "Journey", at(0));
            c.insert_journey_version(A, "j", 1, "{}".into(), at(0));
        });
        let messages = get(store, |tx| tx.export_messages(A, 0, Timestamp::MIN, 10));
        assert_eq!(messages.len(), 1);
        assert!(messages[0].1.iter().any(|(name, _)| *name == "state"));
        assert!(get(store, |tx| tx.export_messages(B, 0, Timestamp::MIN, 10)).is_empty());
        assert_eq!(get(store, |tx| tx.export_journeys(A)).len(), 1);
        assert!(get(store, |tx| tx.export_segments(A)).is_empty());
    });
}

#[test]
fn a_dump_of_either_database_fills_the_other() {
    let dumped = |store: &Store| {
        let mut pieces = Vec::new();
        store
            .dump(&mut |piece| {
                pieces.push(piece);
                Ok(())
            })
            .unwrap();
        pieces
    };
    let mut dumps: Vec<Vec<Piece>> = Vec::new();
    let fresh = std::cell::RefCell::new(Vec::new());
    on_stores(|store| {
        fill(store);
        put(store, |c| {
            c.set_progress("processed", 41);
            c.insert_hook_delivery(A, "one", "webhook.test", at(0), "{}".into());
        });
        fresh.borrow_mut().push(dumped(store));
    });
    dumps.append(&mut fresh.borrow_mut());
    for pieces in &dumps {
        on_stores(|store| {
            let mut left = pieces.iter();
            store.load(&mut || Ok(left.next().cloned())).unwrap();
            assert_eq!(get(store, |tx| tx.export_profiles(A, no(0), 10)).len(), 3);
            let stamps = |store: &Store| {
                let orders = get(store, |tx| tx.export_orders(A, ("", ""), Timestamp::MIN, 10));
                orders.iter().map(|row| stamp_of(&row.order)).collect::<Vec<_>>()
            };
            let expect: Vec<i64> = (1..=3).map(|n| stamp_of(&order("shop", &format!("D{n}"), n))).collect();
            assert_eq!(stamps(store), expect);
            let seq = apply(store, |c: &mut Changeset| {
                c.append(store::inbox::Arrival {
                    workspace: A,
                    received_at: at(0),
                    kind: "batch".into(),
                    items: 1,
                    meta: "{}".into(),
                    payload: vec![1, 2, 255],
                });
            });
            assert_eq!(seq.unwrap().returned, Some(42), "no number is given out again");
            put(store, |c| c.insert_hook_delivery(A, "one", "webhook.test", at(1), "{}".into()));
            assert_eq!(get(store, |tx| tx.waiting_hook_deliveries(A, "one")), 2, "nor any other");
            let mut again = pieces.iter();
            assert!(store.load(&mut || Ok(again.next().cloned())).is_err(), "it is not empty any more");
        });
    }
}
