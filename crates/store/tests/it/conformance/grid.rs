//! What changed, who is found, and views that staff keep.

use super::{A, B, TEXTS, apply, at, conflicts, duplicates, get, id, no, on_stores, put};
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp};
use store::grid::ViewRow;
use store::history::NewEvent;

pub const METHODS: &[&str] = &[
    "feed_ends",
    "feed_after",
    "seen_after",
    "search_between",
    "insert_view",
    "update_view",
    "delete_view",
    "view",
    "views",
];

fn profile(n: i64) -> Profile {
    Profile::new(no(n), id(n as u128), at(0))
}

#[test]
fn the_feed_tells_of_every_profile_that_is_written() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.feed_ends()), (0, 0));
        put(store, |c| (1..=3).for_each(|n| c.insert_profile(A, &profile(n))));
        put(store, |c| {
            c.insert_profile(B, &profile(1));
            c.update_profile(A, 1, &profile(2));
            c.update_profile(A, 2, &profile(2));
        });
        let (first, last) = get(store, |tx| tx.feed_ends());
        assert!(first > 0 && last > first);
        let numbers = |after: i64, limit: i64| -> Vec<Vec<ProfileNo>> {
            get(store, |tx| tx.feed_after(A, after, limit)).into_iter().map(|(_, numbers)| numbers).collect()
        };
        assert_eq!(numbers(0, 10), [vec![no(1), no(2), no(3)], vec![no(2)]]);
        assert_eq!(numbers(0, 1).len(), 1);
        assert_eq!(numbers(first, 10), [vec![no(2)]]);
        assert_eq!(numbers(last, 10), Vec::<Vec<ProfileNo>>::new());
        put(store, |c| c.absorb_profile(A, &profile(1), 1, no(2)));
        assert_eq!(numbers(last, 10), [vec![no(1)]], "who is gone is told of too");
        let (_, last) = get(store, |tx| tx.feed_ends());
        put(store, |c| c.delete_profile(A, &profile(3), 1));
        assert_eq!(numbers(last, 10), [vec![no(3)]]);
        assert!(apply(store, |c| c.update_profile(A, 9, &profile(2))).is_err());
        assert_eq!(numbers(last, 10).len(), 1, "what was refused is not told of");
    });
}

#[test]
fn events_tell_whose_they_are_and_a_search_goes_by_ranges() {
    on_stores(|store| {
        put(store, |c| {
            for workspace in [A, B] {
                c.insert_event_name(workspace, 1, "Seen");
            }
            for (n, workspace) in [(1, A), (2, A), (3, B), (4, A)] {
                c.insert_event(NewEvent {
                    event_no: n,
                    workspace,
                    profile: no(n % 3),
                    name_no: 1,
                    at: at(n * 10),
                    received_at: at(n * 10),
                    historical: false,
                    message_id: format!("m{n}"),
                    body: "{}".into(),
                    amount: None,
                });
            }
            for (n, text) in [(1, "nguyen van an"), (2, "tran an"), (3, "le"), (9, "an")] {
                c.set_search_text(A, no(n), text.into());
            }
            c.set_search_text(B, no(2), "an".into());
        });
        let mut seen: Vec<(ProfileNo, Timestamp)> = Vec::new();
        get(store, |tx| tx.seen_after(A, (1, 4), &mut |no, at| seen.push((no, at))));
        seen.sort_unstable();
        assert_eq!(seen, [(no(1), at(40)), (no(2), at(20))]);
        let mut found = Vec::new();
        get(store, |tx| tx.search_between(A, (no(1), no(9)), "an", &mut |no| found.push(no)));
        assert_eq!(found, [no(2), no(9)]);
    });
}

fn view(id: &str, text: &str) -> ViewRow {
    ViewRow {
        view_id: id.into(),
        area: "customers".into(),
        owner: "account:1".into(),
        shared: false,
        name: text.into(),
        doc: text.into(),
        place: 1,
        revision: 1,
        created_at: at(5),
        updated_at: at(5),
    }
}

#[test]
fn a_view_comes_back_as_it_was_and_is_changed_by_its_revision() {
    on_stores(|store| {
        for (n, text) in TEXTS.iter().enumerate() {
            put(store, |c| c.insert_view(A, view(&format!("v{n}"), text)));
        }
        put(store, |c| c.insert_view(B, view("v0", "another")));
        assert_eq!(get(store, |tx| tx.views(A)).len(), TEXTS.len());
        assert_eq!(get(store, |tx| tx.view(A, "v2")), Some(view("v2", TEXTS[2])));
        assert_eq!(get(store, |tx| tx.view(A, "none")), None);
        duplicates(store, "view_insert", |c| c.insert_view(A, view("v0", "again")));
        let changed = ViewRow {
            shared: true,
            name: "Khách quen".into(),
            place: 0,
            updated_at: at(9),
            ..view("v3", "{}")
        };
        put(store, |c| c.update_view(A, changed.clone()));
        conflicts(store, "view_update", |c| c.update_view(A, changed.clone()));
        let all = get(store, |tx| tx.views(A));
        assert_eq!(all.first(), Some(&ViewRow { revision: 2, ..changed }), "by its place");
        put(store, |c| c.delete_view(A, "v3"));
        assert_eq!(get(store, |tx| tx.view(A, "v3")), None);
        assert!(get(store, |tx| tx.view(B, "v0")).is_some());
    });
}
