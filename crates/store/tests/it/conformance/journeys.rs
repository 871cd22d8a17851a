//! Journeys, their runs, and the instants at which something happens by itself.

use super::history::order;
use super::messages::message_of;
use super::{A, B, TEXTS, at, conflicts, duplicates, get, no, on_stores, pages, put};
use kit::{Timestamp, WorkspaceId};
use store::Store;
use store::journeys::{
    CanvasRow, CountRow, DueRun, JourneyRow, LiveVersion, NodeMessages, Revenue, RunRange, RunRow, StateRow,
    StepRow, TimerRow,
};
use store::messages::{MessageRow, Responses};

pub const METHODS: &[&str] = &[
    "insert_journey",
    "update_journey",
    "insert_journey_version",
    "insert_run",
    "update_run",
    "hold_runs",
    "silence_run",
    "release_run",
    "insert_step",
    "add_count",
    "set_timer",
    "finish_timer",
    "clear_timer",
    "journey",
    "journeys",
    "journey_version",
    "live_journeys",
    "active_runs",
    "run",
    "runs_of_journey",
    "runs_of_profile",
    "run_history",
    "due_runs",
    "held_runs",
    "active_run_count",
    "steps",
    "journey_counts",
    "journey_active_nodes",
    "journey_messages",
    "journey_revenue",
    "set_canvas",
    "canvas",
    "journey_versions",
    "journey_totals",
    "journey_active_totals",
    "runs_of_journey_at",
    "journey_run_states",
    "journey_counts_of_runs",
    "journey_messages_of_runs",
    "journey_revenue_of_runs",
    "due_timers",
    "next_due",
];

/// A run of journey `j` as it is after it was stored.
pub fn run(run_id: &str, profile: i64, state: &str, due_at: Option<Timestamp>) -> RunRow {
    RunRow {
        run_id: run_id.into(),
        journey_id: "j".into(),
        version: 1,
        profile: no(profile),
        state: state.into(),
        node: "start".into(),
        due_at,
        started_at: at(0),
        ended_at: None,
        revision: 1,
        doc: "{}".into(),
    }
}

pub fn timer(workspace: WorkspaceId, kind: &str, profile: i64, subject: &str, due: i64) -> TimerRow {
    TimerRow { due_at: at(due), workspace, kind: kind.into(), profile: no(profile), subject: subject.into() }
}

fn journey_row(journey_id: &str, name: &str) -> JourneyRow {
    JourneyRow {
        journey_id: journey_id.into(),
        name: name.into(),
        status: "draft".into(),
        published: 0,
        latest: 1,
        revision: 1,
        created_at: at(0),
        updated_at: at(0),
        detail: String::new(),
    }
}

fn stored_run(store: &Store, workspace: WorkspaceId, run_id: &str) -> RunRow {
    get(store, |tx| tx.run(workspace, run_id)).unwrap()
}

#[test]
fn a_journey_comes_back_as_it_was() {
    on_stores(|store| {
        let mut ids = vec!["b", "B", "ă", "a", "10", "9"];
        put(store, |c| {
            for (journey_id, text) in ids.iter().zip(TEXTS) {
                c.insert_journey(A, journey_id, text, at(0));
                c.insert_journey(B, journey_id, "elsewhere", at(0));
            }
        });
        duplicates(store, "journey_insert", |c| c.insert_journey(A, "a", "again", at(1)));
        let name = |id: &str| TEXTS[ids.iter().position(|one| *one == id).unwrap()];
        for id in &ids {
            assert_eq!(get(store, |tx| tx.journey(A, id)), Some(journey_row(id, name(id))));
            assert_eq!(get(store, |tx| tx.journey(B, id)), Some(journey_row(id, "elsewhere")));
        }
        assert_eq!(get(store, |tx| tx.journey(A, "A")), None);
        let mut sorted: Vec<JourneyRow> = ids.iter().map(|id| journey_row(id, name(id))).collect();
        sorted.sort_by(|a, b| a.journey_id.cmp(&b.journey_id));
        assert_eq!(get(store, |tx| tx.journeys(A)), sorted);
        ids.clear();
        assert!(get(store, |tx| tx.journeys(WorkspaceId(0))).is_empty());
    });
}

#[test]
fn a_journey_is_stored_over_the_revision_that_was_read() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_journey(A, "j", "Chào", at(0));
            c.insert_journey(B, "j", "Chào", at(0));
        });
        let mut row = get(store, |tx| tx.journey(A, "j")).unwrap();
        row.name = "Tạm biệt 👋".into();
        row.status = "active".into();
        (row.published, row.latest) = (3, i64::MAX);
        put(store, |c| c.update_journey(A, &row, at(5)));
        let expect = JourneyRow { revision: 2, updated_at: at(5), ..row.clone() };
        assert_eq!(get(store, |tx| tx.journey(A, "j")), Some(expect.clone()));
        conflicts(store, "journey_update", |c| {
            c.insert_journey_version(A, "j", 9, "{}".into(), at(6));
            c.update_journey(A, &row, at(6));
        });
        assert_eq!(get(store, |tx| tx.journey_version(A, "j", 9)), None);
        conflicts(store, "journey_update", |c| c.update_journey(WorkspaceId(0), &row, at(6)));
        assert_eq!(get(store, |tx| tx.journey(A, "j")), Some(expect));
        assert_eq!(get(store, |tx| tx.journey(B, "j")), Some(journey_row("j", "Chào")));
    });
}

#[test]
fn versions_never_change() {
    on_stores(|store| {
        put(store, |c| {
            for (n, text) in TEXTS.iter().enumerate() {
                c.insert_journey_version(A, "j", n as i64, (*text).into(), at(n as i64));
            }
            c.insert_journey_version(B, "j", 1, "there".into(), at(0));
        });
        duplicates(store, "journey_version_insert", |c| {
            c.insert_journey_version(A, "j", 1, "again".into(), at(9));
        });
        let find = |workspace, id: &str, version| get(store, |tx| tx.journey_version(workspace, id, version));
        for (n, text) in TEXTS.iter().enumerate() {
            assert_eq!(find(A, "j", n as i64), Some(((*text).to_owned(), at(n as i64))));
        }
        assert_eq!(find(B, "j", 1), Some(("there".into(), at(0))));
        assert_eq!((find(B, "j", 2), find(A, "J", 1), find(A, "j", 99)), (None, None, None));
    });
}

#[test]
fn live_are_published_versions_and_those_that_runs_still_follow() {
    on_stores(|store| {
        // Journey, status, version published, versions of active runs, versions of ended runs.
        type Case = (WorkspaceId, &'static str, &'static str, i64, &'static [i64], &'static [i64]);
        let cases: &[Case] = &[
            (A, "draft", "draft", 0, &[], &[]),
            (A, "drained", "active", 3, &[], &[1, 2]),
            (A, "mixed", "paused", 3, &[1, 1, 3], &[2]),
            (A, "old", "archived", 2, &[1], &[]),
            (B, "mixed", "active", 1, &[2], &[]),
        ];
        for (n, (workspace, journey_id, status, published, active, ended)) in cases.iter().enumerate() {
            put(store, |c| {
                c.insert_journey(*workspace, journey_id, "", at(0));
                let row = JourneyRow {
                    status: (*status).into(),
                    published: *published,
                    latest: 3,
                    ..journey_row(journey_id, "")
                };
                c.update_journey(*workspace, &row, at(0));
                for version in 1..=3 {
                    let text = format!("{n} v{version}");
                    c.insert_journey_version(*workspace, journey_id, version, text, at(0));
                }
                for (state, versions) in [("active", active), ("ended", ended)] {
                    for (m, version) in versions.iter().enumerate() {
                        let one = RunRow {
                            journey_id: (*journey_id).into(),
                            version: *version,
                            ..run(&format!("{n}{state}{m}"), 1, state, None)
                        };
                        c.insert_run(*workspace, one);
                    }
                }
            });
        }
        let live: Vec<LiveVersion> = get(store, |tx| tx.live_journeys());
        let expect = [
            (A, "drained", "active", 3, 3, "1 v3"),
            (A, "mixed", "paused", 3, 1, "2 v1"),
            (A, "mixed", "paused", 3, 3, "2 v3"),
            (A, "old", "archived", 2, 1, "3 v1"),
            (A, "old", "archived", 2, 2, "3 v2"),
            (B, "mixed", "active", 1, 1, "4 v1"),
            (B, "mixed", "active", 1, 2, "4 v2"),
        ];
        let expect: Vec<LiveVersion> = expect
            .into_iter()
            .map(|(workspace, journey_id, status, published, version, definition)| LiveVersion {
                workspace,
                journey_id: journey_id.into(),
                status: status.into(),
                published,
                version,
                definition: definition.into(),
            })
            .collect();
        assert_eq!(live, expect);
    });
}

#[test]
fn a_run_comes_back_as_it_was() {
    on_stores(|store| {
        let mut rows = Vec::new();
        for (n, text) in TEXTS.iter().enumerate() {
            rows.push(RunRow {
                journey_id: (*text).into(),
                version: i64::MAX - n as i64,
                node: (*text).into(),
                started_at: at(-(n as i64)),
                ended_at: (n % 2 == 1).then(|| at(n as i64)),
                doc: (*text).into(),
                ..run(&format!("{n} {text}"), i64::MAX, "any", (n % 3 == 0).then_some(Timestamp::MAX))
            });
        }
        put(store, |c| {
            for row in &rows {
                c.insert_run(A, row.clone());
                c.insert_run(B, run(&row.run_id, 1, "ended", None));
            }
        });
        for row in &rows {
            assert_eq!(stored_run(store, A, &row.run_id), *row);
            assert_eq!(stored_run(store, B, &row.run_id), run(&row.run_id, 1, "ended", None));
            duplicates(store, "run_insert", |c| c.insert_run(A, row.clone()));
        }
        assert_eq!(get(store, |tx| tx.run(A, "none")), None);
        // A new run starts at revision 1 whatever the row says.
        put(store, |c| c.insert_run(A, RunRow { revision: 9, ..run("new", 1, "active", None) }));
        assert_eq!(stored_run(store, A, "new").revision, 1);
    });
}

#[test]
fn a_run_is_stored_over_the_revision_that_was_read() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_run(A, run("r", 1, "active", Some(at(1))));
            c.insert_run(B, run("r", 1, "active", Some(at(1))));
        });
        let changed = RunRow {
            state: "ended".into(),
            node: "exit".into(),
            due_at: None,
            ended_at: Some(at(7)),
            doc: "{\"x\":\"ạ\"}".into(),
            ..run("r", 1, "", None)
        };
        put(store, |c| c.update_run(A, changed.clone()));
        let expect = RunRow { revision: 2, ..changed.clone() };
        assert_eq!(stored_run(store, A, "r"), expect);
        for revision in [0, 1, 3] {
            conflicts(store, "run_update", |c| {
                c.insert_step(
                    A,
                    "r",
                    StepRow { seq: 1, at: at(0), node: "".into(), code: "".into(), params: "".into() },
                );
                c.update_run(A, RunRow { revision, ..changed.clone() });
            });
        }
        assert!(get(store, |tx| tx.steps(A, "r")).is_empty());
        assert_eq!(stored_run(store, A, "r"), expect);
        assert_eq!(stored_run(store, B, "r"), run("r", 1, "active", Some(at(1))));
    });
}

#[test]
fn runs_are_listed_by_profile_and_by_journey() {
    on_stores(|store| {
        let mut all = Vec::new();
        for n in 0..20i64 {
            all.push(RunRow {
                journey_id: ["j", "k"][n as usize % 2].into(),
                // Few instants, and ids against their order.
                started_at: at(n / 7),
                ..run(
                    &format!("r{:02}", (n * 13) % 20),
                    1 + n % 3,
                    ["active", "ended"][n as usize / 2 % 2],
                    None,
                )
            });
        }
        put(store, |c| {
            for row in &all {
                c.insert_run(A, row.clone());
                c.insert_run(B, RunRow { doc: "there".into(), ..row.clone() });
            }
        });
        let mut by_id = all.clone();
        by_id.sort_by(|a, b| a.run_id.cmp(&b.run_id));
        let of = |profile: i64, rows: &[RunRow]| {
            rows.iter().filter(|row| row.profile == no(profile)).cloned().collect::<Vec<_>>()
        };
        let active = |profile: i64| {
            of(profile, &by_id).into_iter().filter(|row| row.state == "active").collect::<Vec<_>>()
        };
        let found = get(store, |tx| tx.active_runs(&[(A, no(3)), (A, no(9)), (A, no(1)), (B, no(2))]));
        assert_eq!(found[..3], [active(3), vec![], active(1)]);
        assert!(!found[3].is_empty() && found[3].iter().all(|row| row.doc == "there"));
        assert!(get(store, |tx| tx.active_runs(&[])).is_empty());
        for profile in [1, 2, 3] {
            let mut newest = of(profile, &all);
            newest.sort_by_key(|row| std::cmp::Reverse((row.started_at, row.run_id.clone())));
            assert_eq!(get(store, |tx| tx.runs_of_profile(A, no(profile))), newest);
        }
        for journey in ["j", "k"] {
            let mut whole: Vec<RunRow> =
                by_id.iter().filter(|row| row.journey_id == journey).cloned().collect();
            whole.reverse();
            pages(&whole, |last, limit| {
                let first = "Z".repeat(26);
                // The ids of these runs are in small letters, which sort behind.
                let before = last.map_or_else(|| first.to_lowercase(), |row| row.run_id.clone());
                get(store, |tx| tx.runs_of_journey(A, journey, &before, limit))
            });
            let open = whole.iter().filter(|row| row.state == "active").count() as i64;
            assert_eq!(get(store, |tx| tx.active_run_count(A, journey)), open);
        }
        assert_eq!(get(store, |tx| tx.active_run_count(A, "none")), 0);
        assert!(get(store, |tx| tx.runs_of_journey(WorkspaceId(0), "j", "z", 9)).is_empty());
        let asked = [(A, no(1), "j"), (A, no(1), "none"), (B, no(3), "k"), (WorkspaceId(0), no(1), "j")];
        let history = |profile: i64, journey: &str| {
            let own: Vec<_> =
                all.iter().filter(|row| row.profile == no(profile) && row.journey_id == journey).collect();
            (own.len() as i64, own.iter().map(|row| row.started_at).max())
        };
        let expect = [history(1, "j"), (0, None), history(3, "k"), (0, None)];
        assert_eq!(get(store, |tx| tx.run_history(&asked)), expect);
    });
}

#[test]
fn a_profile_shows_its_newest_200_runs() {
    on_stores(|store| {
        put(store, |c| {
            for n in 0..205 {
                c.insert_run(A, RunRow { started_at: at(n), ..run(&format!("{n}"), 1, "ended", None) });
            }
        });
        let found = get(store, |tx| tx.runs_of_profile(A, no(1)));
        assert_eq!((found.len(), found[199].started_at), (200, at(5)));
    });
}

#[test]
fn due_runs_come_most_overdue_first() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.next_due()), None);
        let clocks =
            [("d", Some(5)), ("b", Some(1)), ("a", Some(5)), ("c", None), ("e", Some(-9)), ("f", Some(6))];
        put(store, |c| {
            for (run_id, due) in clocks {
                c.insert_run(A, run(run_id, 1, "active", due.map(at)));
            }
            c.insert_run(B, run("a", 2, "active", Some(at(5))));
        });
        let due = |until: i64, limit: i64| {
            get(store, |tx| tx.due_runs(at(until), limit))
                .into_iter()
                .map(|one| (one.run_id, one.workspace.0))
                .collect::<Vec<_>>()
        };
        let order = [("e", A), ("b", A), ("a", A), ("a", B), ("d", A), ("f", A)];
        let order: Vec<_> = order.map(|(run_id, ws)| (run_id.to_owned(), ws.0)).into();
        for (until, count) in [(-10, 0), (-9, 1), (0, 1), (4, 2), (5, 5), (100, 6)] {
            for limit in [0, 1, 3, 4, 100] {
                assert_eq!(due(until, limit), order[..count.min(limit as usize)], "{until} {limit}");
            }
        }
        let expect = DueRun { workspace: A, run_id: "e".into(), profile: no(1), due_at: at(-9) };
        assert_eq!(get(store, |tx| tx.due_runs(at(0), 1)), [expect]);
        assert_eq!(get(store, |tx| tx.next_due()), Some(at(-9)));
    });
}

#[test]
fn the_next_instant_is_the_earlier_of_runs_and_timers() {
    on_stores(|store| {
        let next = || get(store, |tx| tx.next_due());
        put(store, |c| c.set_timer(timer(B, "cart", 1, "x", 10)));
        assert_eq!(next(), Some(at(10)));
        put(store, |c| c.insert_run(A, run("r", 1, "active", Some(at(7)))));
        assert_eq!(next(), Some(at(7)));
        put(store, |c| c.hold_runs(A, "j"));
        assert_eq!(next(), Some(at(10)));
        put(store, |c| c.set_timer(timer(B, "cart", 1, "x", 20)));
        put(store, |c| c.release_run(A, &stored_run(store, A, "r"), at(30)));
        assert_eq!(next(), Some(at(20)));
        put(store, |c| c.finish_timer(timer(B, "cart", 1, "x", 20)));
        assert_eq!(next(), Some(at(30)));
    });
}

#[test]
fn a_paused_journey_holds_its_runs_and_gives_them_back() {
    on_stores(|store| {
        put(store, |c| {
            for workspace in [A, B] {
                c.insert_run(workspace, run("waits", 1, "active", Some(at(1))));
                c.insert_run(workspace, run("listens", 1, "active", None));
                c.insert_run(workspace, run("ended", 1, "ended", None));
                let other = RunRow { journey_id: "k".into(), ..run("other", 1, "active", Some(at(1))) };
                c.insert_run(workspace, other);
            }
        });
        let before = stored_run(store, A, "waits");
        put(store, |c| c.hold_runs(A, "j"));
        let held = stored_run(store, A, "waits");
        assert_eq!(held, RunRow { due_at: None, revision: 2, ..before.clone() });
        // Whoever computed a step before the pause does it again.
        conflicts(store, "run_update", |c| c.update_run(A, before.clone()));
        let due: Vec<_> = get(store, |tx| tx.due_runs(at(9), 9))
            .into_iter()
            .map(|one| (one.workspace, one.run_id))
            .collect();
        assert_eq!(due, [(A, "other".to_owned()), (B, "other".into()), (B, "waits".into())]);
        assert_eq!(stored_run(store, A, "listens").revision, 1);
        let expect = [("listens".to_owned(), "{}".to_owned(), 1), ("waits".into(), "{}".into(), 2)];
        assert_eq!(get(store, |tx| tx.held_runs(A, "j", "")), expect);
        assert_eq!(get(store, |tx| tx.held_runs(A, "j", "listens")), expect[1..]);
        assert_eq!(get(store, |tx| tx.held_runs(B, "j", "")).len(), 1, "only the one that listens");
        conflicts(store, "run_release", |c| c.release_run(A, &before, at(50)));
        put(store, |c| c.release_run(A, &held, at(50)));
        assert_eq!(
            stored_run(store, A, "waits"),
            RunRow { due_at: Some(at(50)), revision: 3, ..before.clone() }
        );
        conflicts(store, "run_release", |c| c.release_run(A, &held, at(60)));
        assert_eq!(stored_run(store, B, "waits"), before);
    });
}

#[test]
fn a_run_that_cannot_be_stepped_is_silenced() {
    on_stores(|store| {
        let row = run("r", 1, "active", Some(at(1)));
        put(store, |c| {
            c.insert_run(A, row.clone());
            c.insert_run(B, row.clone());
        });
        put(store, |c| {
            c.silence_run(A, "r");
            c.silence_run(A, "none");
        });
        assert_eq!(stored_run(store, A, "r"), RunRow { due_at: None, ..row.clone() });
        assert_eq!(stored_run(store, B, "r"), row);
        assert_eq!(get(store, |tx| tx.due_runs(Timestamp::MAX, 9)).len(), 1);
    });
}

#[test]
fn held_runs_are_paged_by_500() {
    on_stores(|store| {
        put(store, |c| {
            for n in 0..1_001 {
                c.insert_run(A, run(&format!("r{n:04}"), 1, "active", Some(at(n))));
            }
            c.hold_runs(A, "j");
        });
        let mut after = String::new();
        let mut sizes = Vec::new();
        let mut seen = Vec::new();
        while let page = get(store, |tx| tx.held_runs(A, "j", &after))
            && !page.is_empty()
        {
            sizes.push(page.len());
            seen.extend(page.into_iter().map(|(run_id, _, _)| run_id));
            after.clone_from(seen.last().unwrap());
        }
        assert_eq!(sizes, [500, 500, 1]);
        assert_eq!(seen, (0..1_001).map(|n| format!("r{n:04}")).collect::<Vec<_>>());
    });
}

#[test]
fn steps_are_listed_in_their_order() {
    on_stores(|store| {
        let step = |seq: i64, text: &str| StepRow {
            seq,
            at: at(-seq),
            node: text.into(),
            code: text.into(),
            params: text.into(),
        };
        let mut whole: Vec<StepRow> = TEXTS.iter().zip(1..).map(|(text, seq)| step(seq, text)).collect();
        put(store, |c| {
            for one in whole.iter().rev() {
                c.insert_step(A, "r", one.clone());
            }
            c.insert_step(B, "r", step(1, "there"));
            c.insert_step(A, "r2", step(1, "another"));
        });
        duplicates(store, "step_insert", |c| c.insert_step(A, "r", step(1, "again")));
        assert_eq!(get(store, |tx| tx.steps(A, "r")), whole);
        assert_eq!(get(store, |tx| tx.steps(B, "r")), [step(1, "there")]);
        assert!(get(store, |tx| tx.steps(B, "r2")).is_empty());
        put(store, |c| {
            for seq in 100..1_100 {
                c.insert_step(A, "r", step(seq, "loop"));
            }
        });
        whole.extend((100..1_100).map(|seq| step(seq, "loop")));
        assert_eq!(get(store, |tx| tx.steps(A, "r")), whole[..1_000]);
    });
}

#[test]
fn counts_add_up() {
    on_stores(|store| {
        let count = |version: i64, node: &str, code: &str, count: i64| CountRow {
            version,
            node: node.into(),
            code: code.into(),
            count,
        };
        put(store, |c| {
            for (node, n) in [("b", 1), ("a", 2), ("b", 10), ("Ạ", 3), ("a", i64::MAX - 2)] {
                c.add_count(A, "j", count(2, node, "entered", n));
            }
            c.add_count(A, "j", count(2, "a", "", 1));
            c.add_count(A, "j", count(1, "z", "entered", 1));
            c.add_count(A, "k", count(1, "a", "entered", 100));
            c.add_count(B, "j", count(1, "a", "entered", 200));
        });
        put(store, |c| c.add_count(A, "j", count(2, "b", "entered", -4)));
        let expect = [
            count(1, "z", "entered", 1),
            count(2, "a", "", 1),
            count(2, "a", "entered", i64::MAX),
            count(2, "b", "entered", 7),
            count(2, "Ạ", "entered", 3),
        ];
        assert_eq!(get(store, |tx| tx.journey_counts(A, "j")), expect);
        assert_eq!(get(store, |tx| tx.journey_counts(B, "j")), [count(1, "a", "entered", 200)]);
        assert!(get(store, |tx| tx.journey_counts(B, "k")).is_empty());
    });
}

#[test]
fn timers_are_set_moved_finished_and_cleared() {
    on_stores(|store| {
        let due = |until: Timestamp| get(store, |tx| tx.due_timers(until, 100));
        put(store, |c| {
            c.set_timer(timer(A, "cart", 1, "default", 5));
            c.set_timer(timer(B, "cart", 1, "default", 5));
        });
        // There is one of a kind and subject: setting it again moves it.
        put(store, |c| c.set_timer(timer(A, "cart", 1, "default", 9)));
        assert_eq!(due(at(5)), [timer(B, "cart", 1, "default", 5)]);
        // The one that fired was moved meanwhile, and stays.
        put(store, |c| c.finish_timer(timer(A, "cart", 1, "default", 5)));
        assert_eq!(due(at(9)), [timer(B, "cart", 1, "default", 5), timer(A, "cart", 1, "default", 9)]);
        put(store, |c| c.finish_timer(timer(A, "cart", 1, "default", 9)));
        put(store, |c| c.finish_timer(timer(A, "cart", 1, "default", 9)));
        assert_eq!(due(Timestamp::MAX), [timer(B, "cart", 1, "default", 5)]);
        let others =
            [timer(A, "date", 1, "Sinh nhật 🎂", 1), timer(A, "cart", 2, "x", 1), timer(A, "cart", 1, "", 1)];
        put(store, |c| {
            for one in others.iter().chain([&timer(A, "cart", 1, "x", 1)]) {
                c.set_timer(one.clone());
            }
        });
        put(store, |c| c.clear_timer(A, "cart", no(1), "x"));
        put(store, |c| c.clear_timer(A, "cart", no(1), "x"));
        let expect =
            [others[2].clone(), others[1].clone(), others[0].clone(), timer(B, "cart", 1, "default", 5)];
        assert_eq!(due(Timestamp::MAX), expect);
    });
}

#[test]
fn what_came_of_a_journey() {
    on_stores(|store| {
        let sent = |message_no: i64, profile: i64, node: &str, accepted: Option<i64>| MessageRow {
            journey_id: Some("j".into()),
            node: Some(node.into()),
            state: if accepted.is_some() { "sending" } else { "refused" }.into(),
            reason: if accepted.is_some() { "" } else { "no_consent" }.into(),
            accepted_at: accepted.map(at),
            ..message_of(A, profile, message_no, &format!("k{message_no}"))
        };
        let mut abroad = order("web", "7", 40, 9);
        abroad.currency = "USD".into();
        put(store, |c| {
            for run in
                [run("1", 1, "active", None), run("2", 2, "active", None), run("3", 3, "completed", None)]
            {
                c.insert_run(A, run);
            }
            for message in [
                sent(1, 1, "hello", Some(10)),
                sent(2, 2, "hello", None),
                sent(3, 1, "again", Some(60)),
                MessageRow { origin: "staff".into(), ..sent(4, 3, "hello", Some(10)) },
                MessageRow { journey_id: Some("other".into()), ..sent(5, 3, "hello", Some(10)) },
                MessageRow { workspace: B, ..sent(6, 1, "hello", Some(10)) },
            ] {
                c.insert_message(message.clone());
                if let Some(accepted_at) = message.accepted_at {
                    c.accept_message(message.message_no, String::new(), accepted_at, None);
                }
            }
            let read = Responses { opens: 2, first_opened_at: Some(at(20)), ..Responses::default() };
            c.add_responses(A, 1, &read);
            // Before, within and after the window of the first; in that of the second; somebody else's.
            for (profile, order) in [
                (1, order("web", "1", 9, 1)),
                (1, order("web", "2", 10, 20)),
                (1, order("web", "3", 50, 300)),
                (1, order("web", "4", 51, 4_000)),
                (1, order("web", "5", 100, 50_000)),
                (2, order("web", "6", 20, 600_000)),
                (1, abroad.clone()),
            ] {
                c.set_order(A, no(profile), &order);
            }
        });
        let nodes = get(store, |tx| tx.journey_active_nodes(A, "j"));
        assert_eq!(nodes, [(1, "start".to_owned(), 2)]);
        assert_eq!(get(store, |tx| tx.journey_active_nodes(B, "j")), []);
        let told = |node: &str, state: &str, reason: &str, opened| NodeMessages {
            node: node.into(),
            channel: "email".into(),
            state: state.into(),
            reason: reason.into(),
            messages: 1,
            opened,
            clicked: 0,
            unsubscribed: 0,
        };
        let expect = [
            told("again", "accepted", "", 0),
            told("hello", "accepted", "", 1),
            told("hello", "refused", "no_consent", 0),
        ];
        assert_eq!(get(store, |tx| tx.journey_messages(A, "j")), expect);
        assert_eq!(get(store, |tx| tx.journey_messages(A, "none")), []);
        let revenue =
            |currency: &str, orders, net| Revenue { currency: currency.into(), orders, buyers: 1, net };
        let expect = [revenue("USD", 1, 9), revenue("VND", 3, 50_320)];
        assert_eq!(get(store, |tx| tx.journey_revenue(A, "j", 40)), expect);
        assert_eq!(get(store, |tx| tx.journey_revenue(B, "j", 40)), []);
    });
}

#[test]
fn due_timers_are_in_one_order_for_all() {
    on_stores(|store| {
        let mut whole = Vec::new();
        for n in 0..24i64 {
            whole.push(timer(
                [A, B][n as usize % 2],
                ["cart", "date", "Ü"][n as usize % 3],
                n % 4,
                ["", "x", "ạ"][n as usize / 8],
                [0, 0, 7][n as usize % 3] + n / 12,
            ));
        }
        put(store, |c| {
            for one in &whole {
                c.set_timer(one.clone());
            }
        });
        // The order of the fields is the order promised.
        whole.sort();
        for until in [-1, 0, 1, 7, 8] {
            let expect: Vec<_> = whole.iter().filter(|one| one.due_at <= at(until)).cloned().collect();
            for limit in [1, 5, 24, 100] {
                let found = get(store, |tx| tx.due_timers(at(until), limit));
                assert_eq!(found, expect[..expect.len().min(limit as usize)], "{until} {limit}");
            }
        }
    });
}

#[test]
fn a_canvas_is_written_over_the_revision_that_was_read() {
    on_stores(|store| {
        let row = |revision: i64, draft: Option<&str>| CanvasRow {
            document: r#"{"notes":["Ghi chú 📝"]}"#.into(),
            draft: draft.map(str::to_owned),
            revision,
            updated_at: at(revision),
            updated_by: "user:an".into(),
        };
        assert_eq!(get(store, |tx| tx.canvas(A, "j")), None);
        put(store, |c| c.set_canvas(A, "j", row(0, None)));
        let first = CanvasRow { revision: 1, updated_at: at(0), ..row(0, None) };
        assert_eq!(get(store, |tx| tx.canvas(A, "j")), Some(first));
        put(store, |c| c.set_canvas(A, "j", row(1, Some("{}"))));
        let second = CanvasRow { revision: 2, updated_at: at(1), ..row(1, Some("{}")) };
        assert_eq!(get(store, |tx| tx.canvas(A, "j")), Some(second.clone()));
        conflicts(store, "canvas_set", |c| c.set_canvas(A, "j", row(1, None)));
        assert_eq!(get(store, |tx| tx.canvas(A, "j")), Some(second));
        assert_eq!(get(store, |tx| tx.canvas(B, "j")), None);
    });
}

#[test]
fn versions_totals_and_what_came_of_some_runs() {
    on_stores(|store| {
        let step = |node: &str, code: &str, seq: i64| StepRow {
            seq,
            at: at(seq),
            node: node.into(),
            code: code.into(),
            params: "{}".into(),
        };
        let count = |node: &str, code: &str, count: i64| CountRow {
            version: 1,
            node: node.into(),
            code: code.into(),
            count,
        };
        put(store, |c| {
            c.insert_journey(A, "j", "J", at(0));
            for version in 1..=3 {
                c.insert_journey_version(A, "j", version, "{}".into(), at(version));
            }
            for (id, profile, state, node) in
                [("1", 1, "active", "a"), ("2", 2, "exited", "b"), ("3", 3, "active", "b")]
            {
                c.insert_run(A, RunRow { node: node.into(), ..run(id, profile, state, None) });
                c.insert_step(A, id, step("", "run.started", 0));
                c.insert_step(A, id, step("a", "send.asked", 1));
            }
            c.insert_step(A, "2", step("b", "exit.come", 2));
            c.insert_run(B, run("2", 1, "active", None));
            c.add_count(A, "j", count("", "run.started", 3));
            c.add_count(A, "j", count("a", "send.asked", 3));
            c.add_count(A, "j", CountRow { version: 2, ..count("", "run.started", 2) });
            for (no, run_id, profile) in [(1, "1", 1), (2, "2", 2), (3, "3", 3)] {
                c.insert_message(MessageRow {
                    journey_id: Some("j".into()),
                    run_id: Some(run_id.into()),
                    node: Some("a".into()),
                    state: "sending".into(),
                    ..message_of(A, profile, no, &format!("k{no}"))
                });
                c.accept_message(no, String::new(), at(10), None);
            }
            for profile in 1..=3 {
                c.set_order(A, no(profile), &order("web", &profile.to_string(), 20, 100));
            }
        });
        assert_eq!(get(store, |tx| tx.journey_versions(A, "j", 3, 9)), [(2, at(2)), (1, at(1))]);
        assert_eq!(get(store, |tx| tx.journey_versions(A, "j", 9, 1)), [(3, at(3))]);
        assert_eq!(get(store, |tx| tx.journey_versions(B, "j", 9, 9)), []);
        let totals = get(store, |tx| tx.journey_totals(A));
        assert_eq!(totals, [("j".to_owned(), "run.started".to_owned(), 5)]);
        assert_eq!(get(store, |tx| tx.journey_active_totals(A)), [("j".to_owned(), 1, 2)]);
        let ids = |node: &str, state: &str, before: &str| -> Vec<String> {
            let rows = get(store, |tx| tx.runs_of_journey_at(A, "j", (node, state), before, 9));
            rows.into_iter().map(|row| row.run_id).collect()
        };
        assert_eq!(ids("", "", "9"), ["3", "2", "1"]);
        assert_eq!(ids("b", "", "9"), ["3", "2"]);
        assert_eq!(ids("b", "active", "9"), ["3"]);
        assert_eq!(ids("", "active", "3"), ["1"]);
        let range = RunRange { from: "2".into(), to: "3".into() };
        let state = StateRow { version: 1, node: "b".into(), state: "exited".into(), count: 1 };
        assert_eq!(get(store, |tx| tx.journey_run_states(A, "j", &range)), [state]);
        let expect = [count("", "run.started", 1), count("a", "send.asked", 1), count("b", "exit.come", 1)];
        assert_eq!(get(store, |tx| tx.journey_counts_of_runs(A, "j", &range)), expect);
        let messages = get(store, |tx| tx.journey_messages_of_runs(A, "j", &range));
        assert_eq!(
            messages.iter().map(|row| (row.node.as_str(), row.messages)).collect::<Vec<_>>(),
            [("a", 1)]
        );
        let revenue = Revenue { currency: "VND".into(), orders: 1, buyers: 1, net: 100 };
        assert_eq!(get(store, |tx| tx.journey_revenue_of_runs(A, "j", 40, &range)), [revenue]);
        assert_eq!(get(store, |tx| tx.journey_revenue_of_runs(B, "j", 40, &range)), []);
    });
}
