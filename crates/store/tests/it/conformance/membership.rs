//! Leaves, their members, transitions, and the past of people.

use super::history::{event, order};
use super::journeys::{run, timer};
use super::messages::message_of;
use super::{A, B, at, duplicates, get, id, no, on_stores, pages, put};
use domain::commerce::CartLine;
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use store::history::NewEvent;
use store::membership::{ConditionRow, EventMark, FollowedSegment, TransitionRow};
use store::segments::{SegmentRow, SegmentVersionRow};

pub const METHODS: &[&str] = &[
    "insert_condition",
    "set_condition_scanned",
    "delete_condition",
    "set_members",
    "segment_computed",
    "insert_transition",
    "conditions",
    "conditions_of",
    "condition_by_leaf",
    "last_condition_no",
    "members",
    "followed_segments",
    "last_transition_no",
    "transitions_of_segment",
    "transitions_of_profile",
    "profiles_after",
    "timers_of",
    "past_events",
    "past_events_between",
    "past_event_bodies_between",
    "past_event_bodies_of",
    "past_orders_of",
    "past_orders_between",
    "past_messages",
    "past_runs",
];

fn condition(workspace: WorkspaceId, condition_no: i64, live: bool, scanned_to: i64) -> ConditionRow {
    let leaf = format!("leaf {condition_no}");
    ConditionRow { workspace, condition_no, leaf, live, scanned_to }
}

fn hash(n: u8) -> [u8; 32] {
    [n; 32]
}

#[test]
fn a_leaf_is_computed_step_by_step() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.last_condition_no(A)), 0);
        put(store, |c| {
            for n in [1, 2] {
                c.insert_condition(A, n.into(), hash(n), format!("leaf {n}"), at(0));
            }
            c.insert_condition(B, 1, hash(1), "leaf 1".into(), at(0));
        });
        duplicates(store, "condition_insert", |c| c.insert_condition(A, 3, hash(2), "leaf 2".into(), at(0)));
        duplicates(store, "condition_insert", |c| c.insert_condition(A, 2, hash(3), "leaf 3".into(), at(0)));
        put(store, |c| c.set_condition_scanned(A, 1, 2_000, false));
        put(store, |c| c.set_condition_scanned(A, 2, 5_000, true));
        let of_a = vec![condition(A, 1, false, 2_000), condition(A, 2, true, 5_000)];
        assert_eq!(get(store, |tx| tx.conditions_of(A)), of_a);
        let all = [of_a, vec![condition(B, 1, false, 0)]].concat();
        assert_eq!(get(store, |tx| tx.conditions()), all);
        assert_eq!(get(store, |tx| tx.condition_by_leaf(A, &hash(1))), Some((1, false)));
        assert_eq!(get(store, |tx| tx.condition_by_leaf(A, &hash(2))), Some((2, true)));
        assert_eq!(get(store, |tx| tx.condition_by_leaf(A, &hash(9))), None);
        assert_eq!(get(store, |tx| tx.last_condition_no(A)), 2);

        put(store, |c| {
            c.set_members(A, 2, 1, vec![1, 2]);
            c.set_members(A, 2, 0, vec![0, 255]);
            c.set_members(A, 1, 0, vec![9]);
            c.set_members(B, 2, 0, vec![7]);
        });
        put(store, |c| c.set_members(A, 2, 1, vec![3]));
        assert_eq!(get(store, |tx| tx.members(A, 2)), [(0, vec![0, 255]), (1, vec![3])]);
        put(store, |c| c.delete_condition(A, 2));
        assert_eq!(get(store, |tx| tx.members(A, 2)), []);
        assert_eq!(get(store, |tx| tx.members(A, 1)), [(0, vec![9])]);
        assert_eq!(get(store, |tx| tx.members(B, 2)), [(0, vec![7])]);
        assert_eq!(get(store, |tx| tx.condition_by_leaf(A, &hash(2))), None);
        // Deleted while it was being computed: nothing to do.
        put(store, |c| c.set_condition_scanned(A, 2, 1, true));
    });
}

fn segment(segment_id: &str, state: &str, version: i64) -> SegmentRow {
    SegmentRow {
        segment_id: segment_id.into(),
        name: segment_id.into(),
        description: String::new(),
        state: state.into(),
        version,
        live_version: 0,
        definition: format!("definition {version}"),
        revision: 1,
        created_at: at(0),
        updated_at: at(0),
        computed_at: None,
    }
}

fn version(version: i64) -> SegmentVersionRow {
    SegmentVersionRow {
        version,
        name: String::new(),
        definition: format!("definition {version}"),
        created_at: at(0),
        created_by: String::new(),
        change: None,
    }
}

#[test]
fn segments_are_followed_by_the_version_in_force() {
    on_stores(|store| {
        put(store, |c| {
            for (workspace, segment_id, state) in
                [(A, "a", "computing"), (A, "gone", "archived"), (B, "a", "computing")]
            {
                c.insert_segment(workspace, segment(segment_id, state, 1));
                c.insert_segment_version(workspace, segment_id, version(1));
            }
        });
        let followed = |workspace, state: &str, version, in_force: Option<i64>| FollowedSegment {
            workspace,
            segment_id: "a".into(),
            state: state.into(),
            version,
            definition: format!("definition {version}"),
            in_force: in_force.map(|version| (version, format!("definition {version}"))),
        };
        let expect = [followed(A, "computing", 1, None), followed(B, "computing", 1, None)];
        assert_eq!(get(store, |tx| tx.followed_segments()), expect);
        put(store, |c| c.segment_computed(A, "a", 1, at(5), (10, 10, 0)));
        let expect = [followed(A, "live", 1, Some(1)), followed(B, "computing", 1, None)];
        assert_eq!(get(store, |tx| tx.followed_segments()), expect);
        put(store, |c| {
            c.update_segment(A, SegmentRow { live_version: 1, ..segment("a", "computing", 2) });
            c.insert_segment_version(A, "a", version(2));
        });
        let edited = followed(A, "computing", 2, Some(1));
        assert_eq!(get(store, |tx| tx.followed_segments())[0], edited);
        // What was computed of the first version comes too late.
        put(store, |c| c.segment_computed(A, "a", 1, at(6), (1, 1, 1)));
        assert_eq!(get(store, |tx| tx.followed_segments())[0], edited);
    });
}

#[test]
fn who_entered_and_left_is_read_newest_first() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.last_transition_no()), 0);
        let row = |transition_no: i64, segment_id: &str, profile: i64| TransitionRow {
            transition_no,
            segment_id: segment_id.into(),
            profile: no(profile),
            at: at(transition_no),
            entered: transition_no % 2 == 1,
        };
        put(store, |c| {
            for n in 1..=12 {
                c.insert_transition(A, row(n, if n % 3 == 0 { "x" } else { "y" }, n % 4));
            }
            c.insert_transition(B, row(13, "y", 1));
        });
        duplicates(store, "transition_insert", |c| c.insert_transition(A, row(13, "y", 1)));
        assert_eq!(get(store, |tx| tx.last_transition_no()), 13);
        let of_y: Vec<TransitionRow> =
            (1..=12).rev().filter(|n| n % 3 != 0).map(|n| row(n, "y", n % 4)).collect();
        pages(&of_y, |last, limit| {
            let before = last.map_or(i64::MAX, |row| row.transition_no);
            get(store, |tx| tx.transitions_of_segment(A, "y", before, limit))
        });
        let of_two: Vec<TransitionRow> =
            [10, 6, 2].map(|n| row(n, if n % 3 == 0 { "x" } else { "y" }, 2)).to_vec();
        pages(&of_two, |last, limit| {
            let before = last.map_or(i64::MAX, |row| row.transition_no);
            get(store, |tx| tx.transitions_of_profile(A, no(2), before, limit))
        });
    });
}

#[test]
fn profiles_are_passed_over_by_number() {
    on_stores(|store| {
        let numbers: Vec<i64> = vec![1, 2, 5, 9, 70_000];
        put(store, |c| {
            for n in &numbers {
                c.insert_profile(A, &Profile::new(no(*n), id(*n as u128), at(0)));
            }
            c.insert_profile(B, &Profile::new(no(3), id(3), at(0)));
        });
        pages(&numbers, |last, limit| {
            let after = no(last.copied().unwrap_or(0));
            let found = get(store, |tx| tx.profiles_after(A, after, limit));
            found.iter().map(|stored| stored.profile.no.0).collect()
        });
    });
}

#[test]
fn a_timer_is_found_by_kind_and_person() {
    on_stores(|store| {
        put(store, |c| {
            c.set_timer(timer(A, "segment", 1, "", 5));
            c.set_timer(timer(A, "segment", 2, "other", 6));
            c.set_timer(timer(A, "date", 1, "", 7));
            c.set_timer(timer(B, "segment", 1, "", 8));
        });
        let of = [(A, no(1)), (A, no(2)), (B, no(1))];
        let found = get(store, |tx| tx.timers_of("segment", "", &of));
        assert_eq!(found, [Some(at(5)), None, Some(at(8))]);
    });
}

#[test]
fn the_past_is_read_by_person_and_by_range() {
    on_stores(|store| {
        let one = |profile: i64, event_no: i64, offset: i64, name_no: i64| NewEvent {
            at: at(offset),
            name_no,
            body: format!("{{\"n\":{event_no}}}"),
            amount: Some(event_no),
            ..event(A, profile, event_no, &format!("m{event_no}"))
        };
        let events =
            [one(1, 1, 30, 1), one(1, 2, 10, 2), one(1, 3, 10, 1), one(2, 4, 20, 1), one(9, 5, 5, 1)];
        put(store, |c| {
            events.iter().for_each(|event| c.insert_event(event.clone()));
            c.insert_event(event(B, 1, 6, "m6"));
        });
        let mark = |event: &NewEvent| EventMark {
            profile: event.profile,
            at: event.at,
            name_no: event.name_no,
            event_no: event.event_no,
        };
        let of = [(A, no(1)), (A, no(7)), (A, no(2))];
        let found = get(store, |tx| tx.past_events(&of, at(10)));
        let [e1, e2, e3, e4, e5] = &events;
        assert_eq!(found, [vec![mark(e2), mark(e3), mark(e1)], vec![], vec![mark(e4)]]);
        assert_eq!(get(store, |tx| tx.past_events(&of[..1], at(11))), [vec![mark(e1)]]);
        let found = get(store, |tx| tx.past_event_bodies_of(&[(A, no(1), 1)], Timestamp::MIN));
        let bodies = &found[0];
        let told: Vec<(i64, &str)> = bodies.iter().map(|body| (body.event_no, body.body.as_str())).collect();
        assert_eq!(told, [(3, "{\"n\":3}"), (1, "{\"n\":1}")]);
        let of = [(A, no(2), 1), (A, no(1), 1), (A, no(1), 9)];
        let found = get(store, |tx| tx.past_event_bodies_of(&of, at(11)));
        let told: Vec<Vec<i64>> =
            found.iter().map(|bodies| bodies.iter().map(|body| body.event_no).collect()).collect();
        assert_eq!(told, [vec![4], vec![1], vec![]]);
        let range = (no(1), no(9));
        let mut found = get(store, |tx| tx.past_events_between(A, range, at(5)));
        found.sort();
        assert_eq!(found, [mark(e4), mark(e5)]);
        let found = get(store, |tx| tx.past_event_bodies_between(A, (no(0), no(2)), at(11), 1));
        let mut numbers: Vec<(ProfileNo, i64)> = found.iter().map(|e| (e.profile, e.event_no)).collect();
        numbers.sort();
        assert_eq!(numbers, [(no(1), 1), (no(2), 4)]);
    });
}

#[test]
fn orders_of_the_past_come_in_the_order_of_their_placing() {
    on_stores(|store| {
        let line =
            |product: &str| CartLine { product_id: product.into(), quantity: 1, ..CartLine::default() };
        let mut second = order("shop", "2", 20, 100);
        second.contents.lines = vec![line("p"), line("p"), line("q")];
        let first = order("shop", "1", 10, 100);
        let others = order("shop", "3", 5, 100);
        put(store, |c| {
            c.set_order(A, no(1), &second);
            c.set_order(A, no(1), &first);
            c.set_order(A, no(4), &others);
            c.set_order(B, no(1), &others);
        });
        assert_eq!(get(store, |tx| tx.past_orders_of(&[(A, no(1))])), [[first.clone(), second.clone()]]);
        let of = [(A, no(9)), (A, no(1)), (B, no(1))];
        let found = get(store, |tx| tx.past_orders_of(&of));
        assert_eq!(found, [vec![], vec![first.clone(), second.clone()], vec![others.clone()]]);
        let range = get(store, |tx| tx.past_orders_between(A, (no(0), no(4))));
        assert_eq!(range, [(no(1), first.clone()), (no(1), second.clone()), (no(4), others.clone())]);
        assert_eq!(get(store, |tx| tx.past_orders_between(A, (no(1), no(3)))), []);
        // Stored again, with other products.
        second.contents.lines = vec![line("q"), line("r")];
        put(store, |c| c.set_order(A, no(1), &second));
        assert_eq!(get(store, |tx| tx.past_orders_of(&[(A, no(1))])), [[first, second]]);
    });
}

#[test]
fn messages_and_runs_of_the_past() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_message(message_of(A, 1, 1, "k1"));
            c.insert_message(message_of(A, 1, 2, "k2"));
            c.insert_message(store::messages::MessageRow {
                origin: "test".into(),
                ..message_of(A, 1, 3, "k3")
            });
            c.insert_message(message_of(A, 2, 4, "k4"));
            c.add_responses(
                A,
                2,
                &store::messages::Responses {
                    opens: 1,
                    first_opened_at: Some(at(7)),
                    ..store::messages::Responses::default()
                },
            );
            c.insert_run(A, run("r2", 1, "active", None));
            c.insert_run(A, run("r1", 1, "exited", None));
            c.insert_run(A, run("r3", 2, "active", None));
        });
        let messages = get(store, |tx| tx.past_messages(A, no(1)));
        let told: Vec<_> = messages.iter().map(|m| (m.state.as_str(), m.opened_at)).collect();
        assert_eq!(told, [("queued", None), ("queued", Some(at(7)))]);
        assert_eq!(get(store, |tx| tx.past_messages(B, no(1))), []);
        let runs = get(store, |tx| tx.past_runs(A, no(1)));
        let told: Vec<_> = runs.iter().map(|run| (run.run_id.as_str(), run.state.as_str())).collect();
        assert_eq!(told, [("r1", "exited"), ("r2", "active")]);
    });
}
