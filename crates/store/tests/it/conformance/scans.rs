//! What is streamed for counting: everything in range, nothing of another workspace or name.

use super::history::{event, order};
use super::journeys::run;
use super::messages::message;
use super::{A, B, at, get, id, no, on_stores, put};
use domain::commerce::{CartLine, Order, StatusChange};
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use std::collections::BTreeMap;
use store::Store;
use store::history::NewEvent;
use store::journeys::RunRow;
use store::membership::TransitionRow;
use store::messages::MessageRow;
use store::scans::EventRange;

pub const METHODS: &[&str] = &[
    "scan_profile_numbers",
    "scan_profile_docs",
    "scan_event_counts",
    "scan_event_sums",
    "scan_event_ends",
    "scan_event_bodies",
    "scan_order_counts",
    "scan_order_nets",
    "scan_orders",
    "scan_own_zones",
    "scan_last_seen",
    "scan_messages",
    "scan_runs",
    "list_members",
    "scan_event_pulse",
    "scan_event_sample",
    "scan_transitions",
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
        get(store, |tx| tx.scan_event_counts(range(0, 10), &mut |no, n| *counts.entry(no).or_default() += n));
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
fn orders_that_count_are_counted_and_their_money_told() {
    on_stores(|store| {
        let placed = |id: &str, when, total| order("site", id, when, total);
        let mut cancelled = placed("c", 4, 700);
        cancelled.history = vec![StatusChange { at: at(5).into(), status: "cancelled".into() }];
        put(store, |c| {
            c.set_order(A, no(1), &placed("a", 0, 10));
            c.set_order(A, no(1), &placed("b", 9, 20));
            c.set_order(A, no(1), &cancelled);
            c.set_order(A, no(1), &placed("late", 10, 500));
            c.set_order(A, no(2), &Order { currency: "USD".into(), ..placed("d", 3, 40) });
            c.set_order(B, no(1), &placed("a", 3, 1_000));
        });
        let mut counts: BTreeMap<ProfileNo, i64> = BTreeMap::new();
        get(store, |tx| {
            tx.scan_order_counts(A, (at(0), at(10)), &mut |no, n| *counts.entry(no).or_default() += n)
        });
        assert_eq!(counts, BTreeMap::from([(no(1), 2), (no(2), 1)]));
        let mut nets = Vec::new();
        get(store, |tx| tx.scan_order_nets(A, (at(0), at(10)), "VND", &mut |no, net| nets.push((no.0, net))));
        nets.sort_unstable();
        assert_eq!(nets, [(1, 10), (1, 20)]);
        let line =
            |product: &str| CartLine { product_id: product.into(), quantity: 1, ..CartLine::default() };
        let with = |id: &str, lines| {
            let mut order = placed(id, 8, 10);
            order.contents.lines = lines;
            order
        };
        put(store, |c| {
            c.set_order(A, no(3), &with("e", vec![line("p"), line("p"), line("q")]));
            c.set_order(A, no(4), &with("f", vec![line("q")]));
            c.set_order(B, no(3), &with("e", vec![line("p")]));
            // Told anew with other lines.
            c.set_order(A, no(5), &with("g", vec![line("p")]));
            c.set_order(A, no(5), &with("g", vec![line("q")]));
        });
        let docs = |product, to| {
            let mut seen = Vec::new();
            get(store, |tx| {
                tx.scan_orders(A, (at(4), at(to)), product, &mut |no, order| {
                    seen.push((order.order_id, no.0))
                })
            });
            seen.sort();
            seen.into_iter().map(|(id, no)| format!("{id}{no}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(docs(None, 9), "c1 e3 f4 g5");
        assert_eq!(docs(Some("p"), 9), "e3");
        assert_eq!(docs(Some("q"), 9), "e3 f4 g5");
        assert_eq!(docs(Some("p"), 8), "");
    });
}

#[test]
fn what_a_range_of_profiles_did_comes_by_profile() {
    on_stores(|store| {
        events(store);
        put(store, |c| {
            for (n, profile) in [3, 1, 2, 3].into_iter().enumerate() {
                let n = n as i64;
                let key = format!("k{n}");
                let origin = if n == 3 { "test" } else { "journey" };
                c.insert_message(MessageRow {
                    profile: no(profile),
                    origin: origin.into(),
                    ..message(A, n + 1, &key)
                });
                c.insert_message(MessageRow { profile: no(profile), ..message(B, n + 10, &key) });
                let started = RunRow { started_at: at(n), ..run(&format!("r{n}"), profile, "active", None) };
                c.insert_run(A, started);
            }
        });
        let mut seen = Vec::new();
        get(store, |tx| tx.scan_last_seen(A, (no(0), no(1)), &mut |no, when| seen.push((no.0, when))));
        assert_eq!(seen, [(1, at(10))]);
        let mut seen = Vec::new();
        get(store, |tx| tx.scan_messages(A, (no(1), no(3)), &mut |no, message| seen.push((no.0, message))));
        let expect: Vec<_> = [2, 3]
            .into_iter()
            .flat_map(|n| get(store, |tx| tx.past_messages(A, no(n))).into_iter().map(move |m| (n, m)))
            .collect();
        assert_eq!(seen, expect);
        assert_eq!(seen.len(), 2, "the trial is no message to a person");
        let mut seen = Vec::new();
        get(store, |tx| {
            tx.scan_runs(A, (no(0), no(2)), &mut |no, run| seen.push((no.0, run.journey_id, run.started_at)))
        });
        assert_eq!(seen, [(1, "j".to_owned(), at(1)), (2, "j".to_owned(), at(2))]);
    });
}

#[test]
fn people_of_other_time_zones_are_found() {
    on_stores(|store| {
        put(store, |c| {
            for (n, key) in [(1, "city"), (2, "timezone"), (3, "time_zone"), (4, "timezones")] {
                let mut profile = Profile::new(no(n), id(n as u128), at(0));
                profile.set_attribute(key, serde_json::json!("Asia/Tokyo"), at(0)).unwrap();
                c.insert_profile(A, &profile);
                c.insert_profile(B, &profile);
            }
        });
        assert_eq!(get(store, |tx| tx.scan_own_zones(A, 10)), [no(2), no(3)]);
        assert_eq!(get(store, |tx| tx.scan_own_zones(A, 1)), [no(2)]);
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

#[test]
fn the_newest_events_of_a_name_are_sampled_and_counted_up_to_a_limit() {
    on_stores(|store| {
        events(store);
        let pulse =
            |since, now, most| get(store, |tx| tx.scan_event_pulse((A, 1), (at(since), at(now)), most));
        assert_eq!(pulse(1, 9, 10), (Some(at(9)), 3));
        assert_eq!(pulse(1, 9, 2), (Some(at(9)), 2));
        assert_eq!(pulse(8, 8, 10), (Some(at(5)), 0));
        assert_eq!(get(store, |tx| tx.scan_event_pulse((A, 9), (at(0), at(99)), 10)), (None, 0));
        let sampled = |now, limit| -> Vec<Timestamp> {
            let rows = get(store, |tx| tx.scan_event_sample((A, 1), at(now), limit));
            assert!(rows.iter().all(|(_, body)| body == "{}"));
            rows.into_iter().map(|(when, _)| when).collect()
        };
        assert_eq!(sampled(9, 10), [at(9), at(5), at(5), at(0)]);
        assert_eq!(sampled(99, 1), [at(10)]);
    });
}

#[test]
fn who_entered_and_left_is_counted_by_the_quarter_of_an_hour() {
    on_stores(|store| {
        let quarter = |n: i64| Timestamp::from_ms((at(0).ms() / 900_000 + n) * 900_000);
        let mut transition_no = 0;
        let mut turn = |workspace, segment_id: &str, when: Timestamp, entered| {
            transition_no += 1;
            let segment_id = segment_id.into();
            let row = TransitionRow { transition_no, segment_id, profile: no(1), at: when, entered };
            put(store, |c| c.insert_transition(workspace, row.clone()));
        };
        turn(A, "s", quarter(0), true);
        turn(A, "s", quarter(1).plus_ms(-1), true);
        turn(A, "s", quarter(1).plus_ms(-1), false);
        turn(A, "s", quarter(1), true);
        turn(A, "s", quarter(2), true);
        turn(A, "t", quarter(0), true);
        turn(B, "s", quarter(0), true);
        let mut found = get(store, |tx| tx.scan_transitions(A, "s", (quarter(0), quarter(2))));
        found.sort_unstable();
        assert_eq!(found, [(quarter(0), false, 1), (quarter(0), true, 2), (quarter(1), true, 1)]);
        assert!(get(store, |tx| tx.scan_transitions(A, "x", (quarter(0), quarter(2)))).is_empty());
    });
}
