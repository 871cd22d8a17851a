//! What both databases promise to the rest of the store.

use crate::databases::{Database, NOW, on_each, on_postgres};
use kit::{Id, ProfileNo, Rng, Timestamp, WorkspaceId};
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Catalog, Expect, Migration, Queries, Row, SqliteOptions, Store, StoreError, Val, Write, vals};

mod q {
    store::queries! {
        files: ["backend.sql"];
        COUNTER_GET, COUNTER_ALL, COUNTER_INSERT, COUNTER_SET, COUNTER_ADD,
        LOG_APPEND, LOG_ALL, LOG_COUNT, LOG_FILL,
        TYPED_INSERT, TYPED_GET, TYPED_BY_TEXT,
    }
}

const BASE: &str = "
-- The smallest tables that show everything.
CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE log (
-- @sqlite seq INTEGER PRIMARY KEY AUTOINCREMENT,
-- @postgres seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE typed (no BIGINT NOT NULL PRIMARY KEY, i BIGINT, r DOUBLE PRECISION, t TEXT, b BYTEA, f BOOLEAN);
";

const CATALOG: Catalog =
    Catalog { queries: q::QUERIES, migrations: &[Migration { version: 1, name: "base", sql: BASE }] };

fn value(store: &Store, name: &str) -> Option<i64> {
    store.query_opt(q::COUNTER_GET, &vals![name]).unwrap().map(|row| row.int(0).unwrap())
}

fn insert(name: &str, value: i64) -> Write {
    Write::one(q::COUNTER_INSERT, vals![name.to_owned(), value])
}

fn set(name: &str, value: i64, was: i64) -> Write {
    Write::one(q::COUNTER_SET, vals![name.to_owned(), value, was])
}

fn append(body: &str) -> Write {
    Write::new(q::LOG_APPEND, vals![body.to_owned()])
}

fn bodies(store: &Store) -> Vec<String> {
    store.query(q::LOG_ALL, &[]).unwrap().into_iter().map(|row| row.into_text(1).unwrap()).collect()
}

#[test]
fn a_conflict_rolls_back_everything() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit(vec![insert("a", 1), insert("b", 1)]).unwrap();
        let outcome = store.commit(vec![append("x"), set("a", 2, 1), set("b", 2, 7), set("a", 3, 2)]);
        assert_eq!(outcome, Err(StoreError::Conflict { stmt: "counter_set" }));
        assert_eq!((value(&store, "a"), value(&store, "b")), (Some(1), Some(1)));
        assert!(bodies(&store).is_empty());
        // The same connection serves the next changeset.
        store.commit(vec![append("x"), set("a", 2, 1), set("b", 2, 1)]).unwrap();
        assert_eq!((value(&store, "a"), value(&store, "b")), (Some(2), Some(2)));
    });
}

#[test]
fn a_taken_key_is_a_duplicate_and_rolls_back_everything() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit(vec![insert("a", 1)]).unwrap();
        for expect in [Expect::Any, Expect::Rows(1)] {
            let again = Write::new(q::COUNTER_INSERT, vals!["a", 2]).expecting(expect);
            for writes in [vec![append("x"), again.clone(), append("y")], vec![again.clone()]] {
                match store.commit(writes) {
                    Err(StoreError::Duplicate { stmt: "counter_insert", key }) => {
                        assert!(key.contains("counter"))
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        assert!(bodies(&store).is_empty());
        assert_eq!(value(&store, "a"), Some(1));
    });
}

#[test]
fn expectations_count_rows_with_and_without_returning() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        let two = append("x").expecting(Expect::Rows(2));
        assert_eq!(store.commit(vec![two]), Err(StoreError::Conflict { stmt: "log_append" }));
        let filled = Write::new(q::LOG_FILL, vals![5i64]).expecting(Expect::Rows(5));
        assert_eq!(store.commit(vec![filled]).unwrap().returned, None);
        let first =
            store.commit(vec![append("x").expecting(Expect::Rows(1)), insert("a", 1)]).unwrap().returned;
        let second = store.commit(vec![append("y"), append("z")]).unwrap().returned;
        assert_eq!(second.unwrap() - first.unwrap(), 2, "the last row given back counts");
        assert_eq!(store.commit(vec![]).unwrap().returned, None);
    });
}

#[test]
fn many_submitters_share_transactions() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        let returned: Vec<i64> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..100)
                .map(|no| {
                    let store = &store;
                    scope.spawn(move || {
                        let pending: Vec<_> =
                            (0..5).map(|at| store.submit(vec![append(&format!("{no}/{at}"))])).collect();
                        pending
                            .into_iter()
                            .map(|pending| pending.wait().unwrap().returned.unwrap())
                            .collect::<Vec<i64>>()
                    })
                })
                .collect();
            handles
                .into_iter()
                .flat_map(|handle| {
                    let own = handle.join().unwrap();
                    assert!(own.is_sorted(), "a caller's changesets are stored in their order");
                    own
                })
                .collect()
        });
        let mut stored: Vec<i64> =
            store.query(q::LOG_ALL, &[]).unwrap().iter().map(|row| row.int(0).unwrap()).collect();
        let mut returned = returned;
        returned.sort_unstable();
        stored.sort_unstable();
        assert_eq!(returned, stored);
        assert_eq!(stored.len(), 500);
    });
}

#[test]
fn a_failing_changeset_does_not_poison_its_group() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit(vec![insert("taken", 0)]).unwrap();
        // A slow changeset first, so that the others gather behind it.
        let slow = store.submit(vec![Write::new(q::LOG_FILL, vals![20_000i64])]);
        let pending: Vec<_> = (0..60)
            .map(|no| {
                let name = format!("n{no}");
                let good = vec![insert(&name, 1), set(&name, 2, 1)];
                store.submit(match no % 6 {
                    0 => vec![insert(&name, 1), insert("taken", 1)],
                    1 => vec![insert(&name, 1), set(&name, 2, 9)],
                    2 => vec![insert("taken", 1)],
                    3 => vec![insert(&name, 1), Write::new(q::LOG_APPEND, vec![Val::Null])],
                    _ => good,
                })
            })
            .collect();
        slow.wait().unwrap();
        for (no, pending) in pending.into_iter().enumerate() {
            let outcome = pending.wait();
            let kept = value(&store, &format!("n{no}"));
            match no % 6 {
                0 | 2 => assert!(matches!(outcome, Err(StoreError::Duplicate { .. })), "{outcome:?}"),
                1 => assert_eq!(outcome, Err(StoreError::Conflict { stmt: "counter_set" })),
                3 => assert!(matches!(outcome, Err(StoreError::Bug(_))), "{outcome:?}"),
                _ => assert!(outcome.is_ok(), "{outcome:?}"),
            }
            assert_eq!(kept, (no % 6 > 3).then_some(2), "changeset {no}");
        }
    });
}

#[test]
fn a_reader_sees_one_snapshot() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit(vec![insert("a", 1)]).unwrap();
        let (before, after) = store
            .read(|tx| {
                let before = tx.query(q::COUNTER_ALL, &[])?;
                std::thread::scope(|scope| {
                    scope.spawn(|| store.commit(vec![set("a", 2, 1), insert("b", 1)]).unwrap());
                });
                Ok((before, tx.query(q::COUNTER_ALL, &[])?))
            })
            .unwrap();
        assert_eq!(before, after);
        assert_eq!(value(&store, "a"), Some(2), "a later read sees the change");
    });
}

#[test]
fn an_error_in_a_read_comes_back_and_harms_nobody() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        for _ in 0..10 {
            let failed: Result<(), _> = store.read(|tx| {
                tx.query(q::LOG_COUNT, &[])?;
                Err(StoreError::Closed)
            });
            assert_eq!(failed, Err(StoreError::Closed));
            assert!(
                matches!(store.query(q::COUNTER_GET, &[]), Err(StoreError::Bug(_))),
                "a parameter is missing"
            );
        }
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _: Result<(), _> = store.read(|tx| {
                tx.query(q::LOG_COUNT, &[])?;
                panic!("in the middle of a read");
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(value(&store, "none"), None);
    });
}

#[test]
fn many_parameter_sets_are_answered_in_their_order() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit((0..700).map(|no| insert(&format!("n{no}"), no)).collect()).unwrap();
        let sets: Vec<Vec<Val>> = (0..1_400).map(|no| vals![format!("n{no}")].to_vec()).collect();
        let answers = store.read(|tx| tx.query_many(q::COUNTER_GET, &sets)).unwrap();
        assert_eq!(answers.len(), 1_400);
        for (no, rows) in answers.iter().enumerate() {
            let found: Vec<i64> = rows.iter().map(|row| row.int(0).unwrap()).collect();
            assert_eq!(found, if no < 700 { vec![no as i64] } else { vec![] });
        }
        let none: [[Val; 1]; 0] = [];
        assert!(store.read(|tx| tx.query_many(q::COUNTER_GET, &none)).unwrap().is_empty());
        // Arrays do as well as vectors, and borrow.
        let name = String::from("n3");
        let borrowed = store.read(|tx| tx.query_many(q::COUNTER_GET, &[vals![&name], vals!["n4"]])).unwrap();
        assert_eq!(borrowed[1][0].int(0), Ok(4));
    });
}

#[test]
fn a_large_result_streams_and_can_be_left() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit(vec![Write::new(q::LOG_FILL, vals![30_000i64])]).unwrap();
        let mut seen = 0i64;
        store
            .read(|tx| {
                tx.for_each(q::LOG_ALL, &[], &mut |row: &mut Row| {
                    seen += 1;
                    assert_eq!(row.text(1)?, format!("row {seen}"));
                    Ok(())
                })?;
                // The snapshot goes on afterwards.
                assert_eq!(tx.query(q::LOG_COUNT, &[])?[0].int(0)?, seen);
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, 30_000);
        let left = store.read(|tx| {
            tx.for_each(q::LOG_ALL, &[], &mut |row: &mut Row| match row.int(0)? % 100 {
                0 => Err(StoreError::Closed),
                _ => Ok(()),
            })
        });
        assert_eq!(left, Err(StoreError::Closed));
        assert_eq!(store.query(q::LOG_COUNT, &[]).unwrap()[0].int(0), Ok(30_000));
    });
}

#[test]
fn types_round_trip() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        let rows: Vec<[Val<'static>; 5]> = vec![
            vals![i64::MIN, -0.5, "Nguyễn Thị Hoà 🛒 'quoted' $1 ?1", vec![0u8, 255, 10], true],
            vals![i64::MAX, f64::INFINITY, "", Vec::<u8>::new(), false],
            vals![0i64, 1.0, "123", b"123".to_vec(), true],
            vals![None::<i64>, None::<f64>, None::<String>, None::<Vec<u8>>, None::<bool>],
        ];
        for (no, row) in rows.iter().enumerate() {
            let params: Vec<Val> = std::iter::once(Val::Int(no as i64)).chain(row.iter().cloned()).collect();
            store.commit(vec![Write::one(q::TYPED_INSERT, params)]).unwrap();
            let found = store.query_opt(q::TYPED_GET, &vals![no as i64]).unwrap().unwrap();
            assert_eq!(Val::from(found.opt_int(0).unwrap()), row[0]);
            assert_eq!(Val::from(found.opt_real(1).unwrap()), row[1]);
            assert_eq!(Val::from(found.opt_text(2).unwrap()), row[2]);
            assert_eq!(Val::from(found.opt_bytes(3).unwrap()), row[3]);
            assert_eq!(Val::from(found.opt_bool(4).unwrap()), row[4]);
        }
        let mut row = store.query_opt(q::TYPED_GET, &vals![0i64]).unwrap().unwrap();
        assert!(matches!(row.text(0), Err(StoreError::Bug(what)) if what.contains("typed_get")));
        assert!(matches!(row.int(9), Err(StoreError::Bug(_))));
        assert!(matches!(row.id(2), Err(StoreError::Bug(_))));
        assert_eq!(row.take_bytes(3), Ok(vec![0, 255, 10]));
        let empty = store.query_opt(q::TYPED_GET, &vals![3i64]).unwrap().unwrap();
        assert!(matches!(empty.int(0), Err(StoreError::Bug(_))), "null is no integer");
    });
}

#[test]
fn ids_and_instants_round_trip() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        let id = Id::new(NOW, &mut Rng::seeded(1));
        let at = Timestamp::from_ms(-5);
        store
            .commit(vec![Write::one(q::TYPED_INSERT, vals![ProfileNo(7), at, 0.0, id, vec![1u8], true])])
            .unwrap();
        let row = store.query_opt(q::TYPED_GET, &vals![WorkspaceId(7)]).unwrap().unwrap();
        assert_eq!((row.at(0), row.id(2)), (Ok(at), Ok(id)));
    });
}

#[test]
fn text_sorts_by_its_bytes() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        let texts = ["Z", "a", "B", "ă", "b", "_", "1", "Đ"];
        let write = |(no, text): (usize, &&'static str)| {
            Write::one(q::TYPED_INSERT, vals![no as i64, 0i64, 0.0, *text, None::<Vec<u8>>, false])
        };
        store.commit(texts.iter().enumerate().map(write).collect()).unwrap();
        let rows = store.query(q::TYPED_BY_TEXT, &[]).unwrap();
        let found: Vec<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        let mut sorted = texts;
        sorted.sort_unstable();
        assert_eq!(found, sorted);
    });
}

#[test]
fn values_that_one_database_cannot_hold_are_refused_by_both() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        let nul = vec![append("fine"), append("a\0b")];
        let refused = StoreError::Invalid {
            stmt: "log_append",
            what: "parameter 1 is text with a NUL character".into(),
        };
        assert_eq!(store.commit(nul.clone()), Err(refused.clone()));
        assert_eq!(store.submit(nul).wait(), Err(refused));
        let params = vals![1i64, 1i64, f64::NAN, "", vec![0u8], true];
        let outcome = store.commit(vec![Write::new(q::TYPED_INSERT, params)]);
        assert!(matches!(outcome, Err(StoreError::Invalid { stmt: "typed_insert", .. })), "{outcome:?}");
        assert!(matches!(store.query(q::COUNTER_GET, &vals!["\0"]), Err(StoreError::Invalid { .. })));
        assert!(bodies(&store).is_empty());
    });
}

#[test]
fn what_was_stored_is_there_after_a_restart() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit(vec![append("one")]).unwrap();
        drop(store);
        let store = database.open(&CATALOG);
        let pending: Vec<_> = (0..50).map(|no| store.submit(vec![append(&no.to_string())])).collect();
        store.close().unwrap();
        for pending in pending {
            pending.wait().unwrap();
        }
        store.close().unwrap();
        assert_eq!(store.commit(vec![append("late")]), Err(StoreError::Closed));
        assert_eq!(store.submit(vec![append("late")]).wait(), Err(StoreError::Closed));
        assert_eq!(store.query(q::LOG_ALL, &[]), Err(StoreError::Closed));
        drop(store);
        assert_eq!(bodies(&database.open(&CATALOG)).len(), 51);
    });
}

#[test]
fn a_store_can_be_used_and_dropped_by_async_code() {
    on_each(|database| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let store = database_on_blocking_thread(database).await;
            assert!(store.submit(vec![append("x")]).await.unwrap().returned.is_some());
            let store = tokio::task::spawn_blocking(move || {
                store.commit(vec![append("y")]).unwrap();
                assert_eq!(store.read(|tx| tx.query(q::LOG_ALL, &[])).unwrap().len(), 2);
                store
            })
            .await
            .unwrap();
            drop(store);
        });
    });
}

async fn database_on_blocking_thread(database: &Database) -> Store {
    std::thread::scope(|scope| scope.spawn(|| database.open(&CATALOG)).join().unwrap())
}

#[test]
fn an_edited_migration_and_a_newer_database_are_refused() {
    const MORE: Migration = Migration {
        version: 2,
        name: "more",
        sql: "ALTER TABLE counter ADD COLUMN note TEXT NOT NULL DEFAULT '';",
    };
    on_each(|database| {
        let [base] = CATALOG.migrations else { panic!("one migration") };
        let newer =
            Catalog { migrations: &[Migration { version: 1, name: "base", sql: BASE }, MORE], ..CATALOG };
        drop(database.open(&CATALOG));
        let store = database.open(&newer);
        store.commit(vec![insert("a", 1)]).unwrap();
        drop(store);
        drop(database.open(&newer));
        match database.try_open(&CATALOG) {
            Err(StoreError::Migration(what)) => {
                assert!(what.contains("2 (more)") && what.contains("newer"), "{what}")
            }
            other => panic!("{other:?}"),
        }
        let edited: &'static str = format!("{}\n-- edited", base.sql).leak();
        let migrations: &'static [Migration] =
            vec![Migration { version: 1, name: "base", sql: edited }, MORE].leak();
        match database.try_open(&Catalog { migrations, ..CATALOG }) {
            Err(StoreError::Migration(what)) => assert!(what.contains("differs"), "{what}"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_failing_migration_leaves_nothing() {
    on_each(|database| {
        let migrations: &'static [Migration] = &[
            Migration { version: 1, name: "base", sql: BASE },
            Migration {
                version: 2,
                name: "bad",
                sql: "CREATE TABLE half (x BIGINT); CREATE TABLE counter (x BIGINT);",
            },
        ];
        match database.try_open(&Catalog { migrations, ..CATALOG }) {
            Err(StoreError::Migration(what)) => assert!(what.contains("migration 2 (bad)"), "{what}"),
            other => panic!("{other:?}"),
        }
        let fixed: &'static [Migration] = &[
            Migration { version: 1, name: "base", sql: BASE },
            Migration { version: 2, name: "good", sql: "CREATE TABLE half (x BIGINT);" },
        ];
        database.open(&Catalog { migrations: fixed, ..CATALOG });
    });
}

#[test]
fn a_bad_query_fails_at_the_start() {
    on_each(|database| {
        let queries = |sql: &'static str| Queries { files: vec![("bad.sql", sql)].leak(), names: &["BAD"] };
        for sql in
            ["-- name: bad\nSELECT nothing FROM counter", "-- name: bad\nSELEC 1", "-- name: other\nSELECT 1"]
        {
            match database.try_open(&Catalog { queries: queries(sql), ..CATALOG }) {
                Err(StoreError::Bug(what)) => {
                    assert!(what.contains("bad") || what.contains("other"), "{what}")
                }
                other => panic!("{sql}: {other:?}"),
            }
        }
        let numeric = queries("-- name: bad\nSELECT sum(value) FROM counter");
        let opened = database.try_open(&Catalog { queries: numeric, ..CATALOG });
        assert_eq!(opened.is_ok(), database.is_sqlite(), "PostgreSQL sums bigints as numeric");
    });
}

#[test]
fn one_leads_at_a_time() {
    on_each(|database| {
        let (one, two) = (database.open(&CATALOG), database.open(&CATALOG));
        let lead = one.try_lead().unwrap().expect("nobody leads yet");
        assert!(lead.is_held());
        assert!(two.try_lead().unwrap().is_none());
        two.commit(vec![append("written beside the leader")]).unwrap();
        drop(lead);
        // PostgreSQL notices the closed connection a moment later.
        let next = (0..1_000).find_map(|_| two.try_lead().unwrap());
        assert!(next.is_some());
        assert!(one.try_lead().unwrap().is_none());
    });
}

#[test]
fn two_stores_write_the_same_database() {
    on_each(|database| {
        let stores = [database.open(&CATALOG), database.open(&CATALOG)];
        std::thread::scope(|scope| {
            for at in 0..4usize {
                let store = &stores[at % 2];
                scope.spawn(move || {
                    for _ in 0..25 {
                        store.commit(vec![Write::one(q::COUNTER_ADD, vals!["sum", 1i64])]).unwrap();
                    }
                });
            }
        });
        assert_eq!(value(&stores[0], "sum"), Some(100));
    });
}

#[test]
fn more_readers_than_connections_wait_for_their_turn() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        store.commit(vec![insert("a", 1)]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let row =
                            store.read(|tx| tx.query_opt(q::COUNTER_GET, &vals!["a"])).unwrap().unwrap();
                        assert_eq!(row.int(0), Ok(1));
                    }
                });
            }
        });
    });
}

#[test]
fn size_is_told() {
    on_each(|database| {
        let store = database.open(&CATALOG);
        let before = store.size_bytes().unwrap();
        store.commit(vec![Write::new(q::LOG_FILL, vals![20_000i64])]).unwrap();
        assert!(store.size_bytes().unwrap() > before + 200_000);
    });
}

#[test]
fn a_full_sqlite_database_refuses_and_goes_on() {
    let database = Database::sqlite();
    let options = SqliteOptions { size_max_bytes: Some(1 << 20), ..database.sqlite_options() };
    let store = Store::open_sqlite(&options, &CATALOG, NOW).unwrap();
    store.commit(vec![insert("a", 1)]).unwrap();
    let outcome = store.commit(vec![set("a", 2, 1), Write::new(q::LOG_FILL, vals![200_000i64])]);
    assert!(matches!(outcome, Err(StoreError::Full(_))), "{outcome:?}");
    assert_eq!(value(&store, "a"), Some(1));
    store.commit(vec![set("a", 2, 1)]).unwrap();
    assert_eq!(value(&store, "a"), Some(2));
}

#[test]
fn a_sqlite_backup_is_one_state_while_writes_go_on() {
    let database = Database::sqlite();
    let store = database.open(&CATALOG);
    store.commit(vec![Write::new(q::LOG_FILL, vals![50_000i64]), insert("a", 50_000)]).unwrap();
    let target = database.sqlite_options().path.with_file_name("copy.db");
    let stopped = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for no in 50_000.. {
                store.commit(vec![append("more"), set("a", no + 1, no)]).unwrap();
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let mut told = (0, 0);
        store.backup_to(&target, &mut |done, all| told = (done, all)).unwrap();
        stopped.store(true, Ordering::SeqCst);
        assert!(told.0 > 0 && told.0 == told.1, "{told:?}");
    });
    assert!(
        matches!(store.backup_to(&target, &mut |_, _| ()), Err(StoreError::Unavailable(_))),
        "never overwrites"
    );
    let copy = Store::open_sqlite(&SqliteOptions::new(&target), &CATALOG, NOW).unwrap();
    let rows = copy.query(q::LOG_COUNT, &[]).unwrap()[0].int(0).unwrap();
    assert_eq!(value(&copy, "a"), Some(rows));
    assert!(rows >= 50_000);
}

#[test]
fn a_value_of_the_wrong_type_stores_nothing_on_postgres() {
    on_postgres(|database| {
        let store = database.open(&CATALOG);
        let wrong = Write::new(q::COUNTER_INSERT, vals!["a", true]);
        for writes in [vec![append("x"), wrong.clone(), append("y")], vec![wrong.clone()]] {
            match store.commit(writes.clone()) {
                Err(StoreError::Bug(what)) => assert!(what.contains("counter_insert: parameter 2"), "{what}"),
                other => panic!("{other:?}"),
            }
            assert!(matches!(store.submit(writes).wait(), Err(StoreError::Bug(_))));
        }
        assert!(bodies(&store).is_empty());
    });
}

#[test]
fn a_lost_postgres_connection_is_replaced() {
    on_postgres(|database| {
        let store = database.open(&CATALOG);
        store.submit(vec![append("before")]).wait().unwrap();
        store.commit(vec![insert("a", 1)]).unwrap();
        let lead = store.try_lead().unwrap().unwrap();
        database.postgres_batch(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quaylai {}'",
            database.schema()
        ));
        assert!(
            (0..1_000).any(|_| store.query(q::LOG_COUNT, &[]).is_ok() && !lead.is_held()),
            "the role is lost"
        );
        drop(lead);
        // The first tries may still meet the dead connections; they say so, and a later one succeeds.
        let again = (0..20).find_map(|_| match store.commit(vec![set("a", 2, 1)]) {
            Ok(committed) => Some(committed),
            Err(StoreError::Unavailable(_) | StoreError::Uncertain(_)) => None,
            Err(other) => panic!("{other:?}"),
        });
        assert!(again.is_some());
        let again = (0..20).find_map(|_| match store.submit(vec![append("after")]).wait() {
            Ok(committed) => Some(committed),
            Err(StoreError::Unavailable(_) | StoreError::Uncertain(_)) => None,
            Err(other) => panic!("{other:?}"),
        });
        assert!(again.is_some());
        assert_eq!(value(&store, "a"), Some(2));
    });
}

#[test]
fn a_postgres_address_is_never_shown() {
    let mut options = store::PostgresOptions::new("postgres://user:secret@127.0.0.1:1/none");
    let refused = Store::open_postgres(&options, &CATALOG, NOW).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert!(!refused.to_string().contains("secret"), "{refused}");
    options.url = "postgres://user:secret@host:port/none".into();
    assert!(!Store::open_postgres(&options, &CATALOG, NOW).unwrap_err().to_string().contains("secret"));
    options.schema = "no; such".into();
    assert!(Store::open_postgres(&options, &CATALOG, NOW).unwrap_err().to_string().contains("schema"));
}

#[test]
fn tls_without_readable_certificates_is_refused() {
    let database = Database::sqlite();
    let empty = database.sqlite_options().path.with_file_name("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    let mut options = store::PostgresOptions::new("postgres://user@127.0.0.1:1/none?sslmode=require");
    for (path, why) in
        [(empty.clone(), "there are none"), (empty.with_file_name("missing.pem"), "missing.pem")]
    {
        options.ca_file = Some(path);
        match Store::open_postgres(&options, &CATALOG, NOW) {
            Err(StoreError::Unavailable(what)) => assert!(what.contains(why), "{what}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_queries_and_migrations_of_quaylai_are_good() {
    on_each(|database| {
        let store = database.open(&store::CATALOG);
        store.close().unwrap();
        database.open(&store::CATALOG);
    });
}
