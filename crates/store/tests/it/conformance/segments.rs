//! Segments as authored, their versions, and lists.

use super::{A, B, TEXTS, apply, at, conflicts, duplicates, get, no, on_stores, pages, put};
use store::membership::TransitionRow;
use store::segments::{ListRow, SegmentRow, SegmentVersionRow};

pub const METHODS: &[&str] = &[
    "insert_segment",
    "update_segment",
    "insert_segment_version",
    "insert_list",
    "update_list",
    "delete_list",
    "segment",
    "segments",
    "segment_versions",
    "entered_at",
    "lists",
    "list",
];

fn segment(id: &str, text: &str) -> SegmentRow {
    SegmentRow {
        segment_id: id.into(),
        name: text.into(),
        description: text.into(),
        state: "computing".into(),
        version: 1,
        live_version: 0,
        definition: text.into(),
        revision: 1,
        created_at: at(5),
        updated_at: at(5),
        computed_at: None,
    }
}

#[test]
fn a_segment_comes_back_as_it_was_and_is_changed_by_its_revision() {
    on_stores(|store| {
        for (n, text) in TEXTS.iter().enumerate() {
            put(store, |c| c.insert_segment(A, segment(&format!("s{n}"), text)));
        }
        put(store, |c| c.insert_segment(B, segment("s0", "another")));
        let all = get(store, |tx| tx.segments(A));
        assert_eq!(all.len(), TEXTS.len());
        for (n, text) in TEXTS.iter().enumerate() {
            assert_eq!(all[n], segment(&format!("s{n}"), text));
        }
        assert_eq!(get(store, |tx| tx.segment(A, "s99")), None);
        duplicates(store, "segment_insert", |c| c.insert_segment(A, segment("s0", "again")));
        let changed = SegmentRow {
            name: "Khách quen".into(),
            description: String::new(),
            state: "live".into(),
            version: 2,
            live_version: 2,
            definition: "{}".into(),
            computed_at: Some(at(9)),
            updated_at: at(8),
            ..segment("s0", "")
        };
        put(store, |c| c.update_segment(A, changed.clone()));
        let expect = SegmentRow { revision: 2, ..changed.clone() };
        assert_eq!(get(store, |tx| tx.segment(A, "s0")), Some(expect));
        assert_eq!(get(store, |tx| tx.segment(B, "s0")).unwrap().name, "another");
        conflicts(store, "segment_update", |c| c.update_segment(A, changed.clone()));
    });
}

#[test]
fn versions_are_paged_newest_first() {
    on_stores(|store| {
        let version = |n: i64| SegmentVersionRow {
            version: n,
            name: format!("tên {n}"),
            definition: format!("{{\"tag\":\"{n}\"}}"),
            created_at: at(n),
            created_by: "key:1".into(),
            change: None,
        };
        put(store, |c| {
            c.insert_segment(A, segment("s", "x"));
            for n in 1..=4 {
                c.insert_segment_version(A, "s", version(n));
            }
            c.insert_segment_version(A, "t", version(9));
            c.insert_segment_version(B, "s", version(9));
            c.segment_computed(A, "s", 3, at(1), (7, 4, 2));
        });
        let mut whole: Vec<_> = (1..=4).rev().map(version).collect();
        whole[1].change = Some((7, 4, 2));
        pages(&whole, |last, limit| {
            let before = last.map_or(i64::MAX, |last| last.version);
            get(store, |tx| tx.segment_versions(A, "s", before, limit))
        });
        duplicates(store, "segment_version_insert", |c| c.insert_segment_version(A, "s", version(4)));
    });
}

#[test]
fn the_last_entry_tells_since_when() {
    on_stores(|store| {
        let mut transition_no = 0;
        let mut turn = |workspace, segment_id: &str, profile, when, entered| {
            transition_no += 1;
            let row = TransitionRow {
                transition_no,
                segment_id: segment_id.into(),
                profile: no(profile),
                at: at(when),
                entered,
            };
            put(store, |c| c.insert_transition(workspace, row.clone()));
        };
        turn(A, "s", 1, 10, true);
        turn(A, "s", 1, 20, false);
        turn(A, "s", 1, 30, true);
        turn(A, "t", 1, 40, true);
        turn(B, "s", 1, 50, true);
        turn(A, "s", 2, 60, false);
        let found = get(store, |tx| tx.entered_at(A, "s", &[no(2), no(1), no(3)]));
        assert_eq!(found, [None, Some(at(30)), None]);
        assert!(get(store, |tx| tx.entered_at(A, "s", &[])).is_empty());
    });
}

#[test]
fn lists_are_made_changed_and_taken_away() {
    on_stores(|store| {
        let list = |id: &str, text: &str| ListRow {
            list_id: id.into(),
            name: text.into(),
            description: text.into(),
            created_at: at(1),
            updated_at: at(1),
        };
        for (n, text) in TEXTS.iter().enumerate() {
            put(store, |c| c.insert_list(A, list(&format!("l{n}"), text)));
        }
        put(store, |c| c.insert_list(B, list("l0", "another")));
        let whole: Vec<_> = TEXTS.iter().enumerate().map(|(n, text)| list(&format!("l{n}"), text)).collect();
        assert_eq!(get(store, |tx| tx.lists(A)), whole);
        duplicates(store, "list_insert", |c| c.insert_list(A, list("l0", "again")));
        let changed = ListRow { updated_at: at(7), ..list("l1", "đổi") };
        put(store, |c| c.update_list(A, changed.clone()));
        assert_eq!(get(store, |tx| tx.list(A, "l1")), Some(changed));
        put(store, |c| c.delete_list(A, "l0"));
        assert_eq!(get(store, |tx| tx.list(A, "l0")), None);
        assert_eq!(get(store, |tx| tx.list(B, "l0")), Some(list("l0", "another")));
        conflicts(store, "list_delete", |c| c.delete_list(A, "l0"));
        conflicts(store, "list_update", |c| c.update_list(A, list("l0", "x")));
        assert!(apply(store, |_| ()).is_ok());
    });
}
