//! What is streamed for counting: everything in range, nothing of another workspace or name.

use super::history::{event, order};
use super::{A, B, at, get, id, no, on_stores, put};
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use std::collections::BTreeMap;
use store::Store;
use store::history::NewEvent;
use store::scans::EventRange;

pub const METHODS: &[&str] = &[
    "scan_profile_numbers",
    "scan_profile_docs",
    "scan_event_counts",
    "scan_event_sums",
    "scan_event_ends",
    "scan_event_bodies",
    "scan_orders",
    "list_members",
];

fn people(store: &Store, workspace: WorkspaceId, numbers: &[i64]) {
    put(store, |c| {
        for n in numbers {
            c.insert_profile(workspace, &Profile::new(no(*n), id(*n as u128), at(0)));
        }
    });
}

#[test]
fn profiles_come_by_number() {
    on_stores(|store| {
        people(store, A, &[1, 2, 3, 5, 70_000]);
        people(store, B, &[4]);
        let mut seen = Vec::new();
        get(store, |tx| tx.scan_profile_numbers(A, &mut |no| seen.push(no.0)));
        assert_eq!(seen, [1, 2, 3, 5, 70_000]);
        let mut seen = Vec::new();
        get(store, |tx| {
            tx.scan_profile_docs(A, (no(1), no(5)), &mut |no, doc| {
                assert!(doc.contains(&id(no.0 as u128).to_string()), "{doc}");
                seen.push(no.0);
                Ok(())
            })
        });
        assert_eq!(seen, [2, 3, 5]);
    });
}

fn events(store: &Store) {
    let mut event_no = 0;
    let mut add = |workspace, profile, name_no, when, amount| {
        event_no += 1;
        let event = event(workspace, profile, event_no, &format!("m{event_no}"));
        put(store, |c| c.insert_event(NewEvent { name_no, at: at(when), amount, ..event.clone() }));
    };
    add(A, 1, 1, 0, Some(10));
    add(A, 1, 1, 5, None);
    add(A, 2, 1, 5, Some(-7));
    add(A, 1, 1, 9, Some(3));
    add(A, 1, 1, 10, Some(1_000));
    add(A, 1, 2, 5, Some(1_000));
    add(B, 1, 1, 5, Some(1_000));
}

fn range(from: i64, to: i64) -> EventRange {
    EventRange { workspace: A, name_no: 1, from: at(from), to: at(to) }
}

#[test]
fn events_of_a_range_are_counted_and_summed_by_profile() {
    on_stores(|store| {
        events(store);
        let mut counts: BTreeMap<ProfileNo, i64> = BTreeMap::new();
        get(store, |tx| {
            tx.scan_event_counts(range(0, 10), &mut |no, n| *counts.entry(no).or_default() += n)
        });
        assert_eq!(counts, BTreeMap::from([(no(1), 3), (no(2), 1)]));
        let mut sums: BTreeMap<ProfileNo, (i64, i64)> = BTreeMap::new();
        get(store, |tx| {
            tx.scan_event_sums(range(0, 10), &mut |no, n, sum| {
                let slot = sums.entry(no).or_default();
                *slot = (slot.0 + n, slot.1 + sum);
            })
        });
        assert_eq!(sums, BTreeMap::from([(no(1), (2, 13)), (no(2), (1, -7))]));
        let mut ends: BTreeMap<ProfileNo, (Timestamp, Timestamp)> = BTreeMap::new();
        get(store, |tx| {
            tx.scan_event_ends(range(1, 11), &mut |no, first, last| {
                let slot = ends.entry(no).or_insert((first, last));
                *slot = (slot.0.min(first), slot.1.max(last));
            })
        });
        assert_eq!(ends, BTreeMap::from([(no(1), (at(5), at(10))), (no(2), (at(5), at(5)))]));
        let mut seen = Vec::new();
        get(store, |tx| {
            tx.scan_event_bodies(range(5, 10), &mut |no, event_no, when, body| {
                assert_eq!(body, "{}");
                seen.push((when, event_no, no.0));
                Ok(())
            })
        });
        seen.sort_unstable();
        assert_eq!(seen, [(at(5), 2, 1), (at(5), 3, 2), (at(9), 4, 1)]);
    });
}

#[test]
fn an_absurd_sum_stays_in_range() {
    on_stores(|store| {
        for n in 1..=2 {
            let event = event(A, 1, n, &format!("m{n}"));
            put(store, |c| c.insert_event(NewEvent { amount: Some(i64::MAX), ..event.clone() }));
        }
        let mut sum = 0i64;
        get(store, |tx| tx.scan_event_sums(range(0, 10), &mut |_, _, more| sum = sum.saturating_add(more)));
        assert_eq!(sum, i64::MAX);
    });
}

#[test]
fn orders_come_profile_by_profile() {
    on_stores(|store| {
        put(store, |c| {
            c.set_order(A, no(2), &order("site", "b", 1, 10));
            c.set_order(A, no(1), &order("site", "c", 9, 10));
            c.set_order(A, no(1), &order("site", "a", 3, 10));
            c.set_order(B, no(1), &order("site", "x", 3, 10));
        });
        let mut seen = Vec::new();
        get(store, |tx| {
            tx.scan_orders(A, &mut |no, order| {
                seen.push((no.0, order.order_id));
                Ok(())
            })
        });
        assert_eq!(seen, [(1, "a".to_owned()), (1, "c".to_owned()), (2, "b".to_owned())]);
    });
}

#[test]
fn a_list_tells_who_is_on_it() {
    on_stores(|store| {
        put(store, |c| {
            for n in 1..=6 {
                let mut profile = Profile::new(no(n), id(n as u128), at(0));
                // What an attribute or a tag says is no list.
                profile.set_attribute("note", serde_json::json!({ "vip": { "on": true } }), at(0)).unwrap();
                profile.set_tag("vip", true, at(0));
                profile.set_list("other", true, at(0));
                profile.set_list("vip", n % 2 == 0, at(1));
                c.insert_profile(A, &profile);
                c.insert_profile(B, &profile);
            }
        });
        assert_eq!(get(store, |tx| tx.list_members(A, "vip", no(0), 10)), [no(2), no(4), no(6)]);
        assert_eq!(get(store, |tx| tx.list_members(A, "vip", no(2), 1)), [no(4)]);
        assert!(get(store, |tx| tx.list_members(A, "vi", no(0), 10)).is_empty());
        assert_eq!(get(store, |tx| tx.list_members(B, "other", no(4), 10)), [no(5), no(6)]);
    });
}
