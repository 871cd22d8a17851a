//! Events, orders and products.

use super::{A, B, TEXTS, at, duplicates, get, no, on_stores, pages, put};
use domain::commerce::{Contents, Order, OrderSummary, Product, Refund, StatusChange};
use domain::profile::Ms;
use kit::{DAY_MS, Timestamp, WorkspaceId};
use store::Store;
use store::history::{EventRow, MessageKey, NewEvent, OrderRow, RejectionRow};

pub const METHODS: &[&str] = &[
    "insert_event",
    "insert_event_name",
    "insert_rejection",
    "trim_rejections",
    "set_product",
    "set_order",
    "seen_messages",
    "event_page",
    "event",
    "event_count",
    "event_count_named",
    "message_id_count",
    "event_names",
    "rejections",
    "products_named",
    "product_page",
    "product_count",
    "orders_named",
    "order_summaries",
    "order_page",
    "recent_orders",
    "order_count",
];

/// An event with name number 1.
pub fn event(workspace: WorkspaceId, profile: i64, event_no: i64, message_id: &str) -> NewEvent {
    NewEvent {
        event_no,
        workspace,
        profile: no(profile),
        name_no: 1,
        at: at(0),
        received_at: at(0),
        historical: false,
        message_id: message_id.into(),
        body: "{}".into(),
        amount: None,
    }
}

/// An order of one amount, placed so many milliseconds after the start.
pub fn order(source: &str, order_id: &str, placed: i64, total: i64) -> Order {
    Order {
        source: source.into(),
        order_id: order_id.into(),
        placed_at: at(placed).into(),
        placed_known: true,
        currency: "VND".into(),
        contents: Contents { total: Some(total), ..Contents::default() },
        contents_at: at(placed).into(),
        history: Vec::new(),
        refunds: Vec::new(),
    }
}

fn row(event: &NewEvent, name: &str) -> EventRow {
    EventRow {
        event_no: event.event_no,
        name: name.into(),
        at: event.at,
        received_at: event.received_at,
        historical: event.historical,
        message_id: event.message_id.clone(),
        body: event.body.clone(),
    }
}

const FIRST: (Timestamp, i64) = (Timestamp::MAX, i64::MAX);

#[test]
fn an_event_comes_back_as_it_was() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_event_name(A, 1, "Product Viewed");
            c.insert_event_name(B, 1, "Đã xem 🛒");
        });
        let mut sent = Vec::new();
        for (n, text) in TEXTS.iter().enumerate() {
            sent.push(NewEvent {
                at: at(n as i64 - 3),
                received_at: Timestamp::from_ms(n as i64),
                historical: n % 2 == 0,
                message_id: format!("{n} {text}"),
                body: (*text).into(),
                ..event(A, 1, n as i64 + 1, "")
            });
        }
        sent.push(NewEvent { event_no: i64::MAX, body: "ạ".repeat(100_000), ..event(B, 1, 0, "0 ") });
        for one in &sent {
            put(store, |c| c.insert_event(one.clone()));
        }
        for one in &sent {
            let (name, other) = if one.workspace == A { ("Product Viewed", B) } else { ("Đã xem 🛒", A) };
            assert_eq!(get(store, |tx| tx.event(one.workspace, one.event_no)), Some(row(one, name)));
            assert_eq!(get(store, |tx| tx.event(other, one.event_no)), None);
        }
        let counts = get(store, |tx| {
            Ok([
                tx.event_count(A)?,
                tx.event_count(B)?,
                tx.event_count(WorkspaceId(0))?,
                tx.event_count_named(A, "Product Viewed")?,
                tx.event_count_named(A, "product viewed")?,
                tx.event_count_named(A, "Đã xem 🛒")?,
                tx.event_count_named(B, "Đã xem 🛒")?,
            ])
        });
        assert_eq!(counts, [7, 1, 0, 7, 0, 0, 1]);
        let there = get(store, |tx| tx.event_page(B, no(1), FIRST, None, 10));
        assert_eq!(there, [row(&sent[7], "Đã xem 🛒")]);
        assert!(get(store, |tx| tx.event_page(A, no(2), FIRST, None, 10)).is_empty());
        duplicates(store, "event_insert", |c| c.insert_event(event(B, 1, 1, "another")));
    });
}

#[test]
fn event_names_are_listed_by_workspace_and_number() {
    on_stores(|store| {
        put(store, |c| {
            for (n, text) in TEXTS.iter().enumerate().rev() {
                c.insert_event_name(A, n as i64, text);
            }
            c.insert_event_name(B, 0, "x");
        });
        duplicates(store, "event_name_insert", |c| c.insert_event_name(A, 0, "another"));
        let mut expect: Vec<(WorkspaceId, i64, String)> =
            TEXTS.iter().enumerate().map(|(n, text)| (A, n as i64, (*text).to_owned())).collect();
        expect.push((B, 0, "x".into()));
        assert_eq!(get(store, |tx| tx.event_names()), expect);
    });
}

#[test]
fn events_are_paged_newest_first_and_those_of_one_instant_by_number() {
    on_stores(|store| {
        let names = ["viewed", "added"];
        let mut whole: Vec<(NewEvent, &str)> = Vec::new();
        put(store, |c| {
            for workspace in [A, B] {
                c.insert_event_name(workspace, 1, names[0]);
                c.insert_event_name(workspace, 2, names[1]);
            }
            for n in 1..=30i64 {
                let one =
                    NewEvent { at: at((n * 7) % 5), name_no: 1 + n % 2, ..event(A, 1, n, &format!("m{n}")) };
                c.insert_event(one.clone());
                c.insert_event(NewEvent { event_no: 100 + n, workspace: B, ..one.clone() });
                c.insert_event(event(A, 2, 200 + n, &format!("other {n}")));
                whole.push((one, names[(n % 2) as usize]));
            }
        });
        whole.sort_by_key(|(one, _)| std::cmp::Reverse((one.at, one.event_no)));
        for name in [None, Some("viewed"), Some("added"), Some("never")] {
            let expect: Vec<EventRow> = whole
                .iter()
                .filter(|(_, own)| name.is_none_or(|name| *own == name))
                .map(|(one, own)| row(one, own))
                .collect();
            assert_eq!(
                expect.len(),
                [30, 15, 15, 0][name.map_or(0, |n| match n {
                    "viewed" => 1,
                    "added" => 2,
                    _ => 3,
                })]
            );
            pages(&expect, |last, limit| {
                let before = last.map_or(FIRST, |row| (row.at, row.event_no));
                get(store, |tx| tx.event_page(A, no(1), before, name, limit))
            });
        }
    });
}

const BUCKET_MS: i64 = 32 * DAY_MS;

fn received(message_id: &str, event_no: i64, workspace: WorkspaceId, at_ms: i64) -> NewEvent {
    NewEvent { received_at: Timestamp::from_ms(at_ms), ..event(workspace, 1, event_no, message_id) }
}

#[test]
fn a_message_is_known_for_32_to_64_days() {
    on_stores(|store| {
        // The instants count from a border between two buckets: when it was taken in, when it is asked for.
        let start = 600 * BUCKET_MS;
        let cases = [
            (0, 0, true),
            (0, BUCKET_MS - 1, true),
            (0, BUCKET_MS, true),
            (0, 2 * BUCKET_MS - 1, true),
            (0, 2 * BUCKET_MS, false),
            (BUCKET_MS - 1, 0, true),
            (BUCKET_MS - 1, 2 * BUCKET_MS - 1, true),
            (BUCKET_MS - 1, 2 * BUCKET_MS, false),
            (-1, 0, true),
            (-1, BUCKET_MS - 1, true),
            (-1, BUCKET_MS, false),
            (0, -1, false),
        ];
        let ids: Vec<String> = (0..cases.len()).map(|n| format!("id {n} Ü")).collect();
        put(store, |c| {
            for (n, (taken, _, _)) in cases.iter().enumerate() {
                c.insert_event(received(&ids[n], n as i64, A, start + taken));
            }
            // The same around 1970, where milliseconds change their sign.
            c.insert_event(received("before 1970", 100, A, -1));
        });
        let mut asked: Vec<(WorkspaceId, MessageKey, Timestamp)> = Vec::new();
        let mut expect = Vec::new();
        for (n, (_, later, seen)) in cases.iter().enumerate() {
            let when = Timestamp::from_ms(start + later);
            asked.push((A, MessageKey::of(&ids[n]), when));
            asked.push((B, MessageKey::of(&ids[n]), when));
            expect.extend([*seen, false]);
        }
        for (when, seen) in [(-1, true), (0, true), (BUCKET_MS, false), (-BUCKET_MS - 1, false)] {
            asked.push((A, MessageKey::of("before 1970"), Timestamp::from_ms(when)));
            expect.push(seen);
        }
        asked.push((A, MessageKey::of("id 0 ü"), Timestamp::from_ms(start)));
        expect.push(false);
        assert_eq!(get(store, |tx| tx.seen_messages(&asked)), expect);
        assert!(get(store, |tx| tx.seen_messages(&[])).is_empty());
    });
}

#[test]
fn a_message_is_taken_in_once_a_bucket_and_workspace() {
    on_stores(|store| {
        put(store, |c| c.insert_event(received("m", 1, A, 0)));
        duplicates(store, "event_message_insert", |c| c.insert_event(received("m", 2, A, BUCKET_MS - 1)));
        assert_eq!(get(store, |tx| tx.event_count(A)), 1);
        put(store, |c| {
            c.insert_event(received("m", 3, B, 0));
            c.insert_event(received("M", 4, A, 0));
        });
    });
}

#[test]
fn the_count_of_a_message_id_goes_over_all_buckets() {
    on_stores(|store| {
        let count = |workspace, message_id: &str| get(store, |tx| tx.message_id_count(workspace, message_id));
        assert_eq!(count(A, "m"), 0, "an empty index");
        put(store, |c| {
            for (n, bucket) in [-3, 0, 1, 7, 600].into_iter().enumerate() {
                c.insert_event(received("m", n as i64, A, bucket * BUCKET_MS));
            }
            c.insert_event(received("once", 50, A, 9 * BUCKET_MS));
            c.insert_event(received("m", 51, B, 9 * BUCKET_MS));
        });
        assert_eq!([count(A, "m"), count(B, "m"), count(A, "once"), count(B, "once")], [5, 1, 1, 0]);
        assert_eq!(count(A, "never"), 0);
    });
}

#[test]
fn rejections_are_paged_newest_first_and_trimmed() {
    on_stores(|store| {
        let mut whole = Vec::new();
        put(store, |c| {
            for (n, text) in TEXTS.iter().enumerate() {
                let (mine, theirs) = (2 * n as i64 + 1, 2 * n as i64 + 2);
                c.insert_rejection(mine, A, at(-(n as i64)), text, (*text).into(), (*text).into());
                c.insert_rejection(theirs, B, at(0), "theirs", String::new(), String::new());
                whole.push(RejectionRow {
                    rejection_no: mine,
                    at: at(-(n as i64)),
                    code: (*text).into(),
                    detail: (*text).into(),
                    sample: (*text).into(),
                });
            }
        });
        whole.reverse();
        let check = |whole: &[RejectionRow]| {
            pages(whole, |last, limit| {
                let before = last.map_or(i64::MAX, |row| row.rejection_no);
                get(store, |tx| tx.rejections(A, before, limit))
            });
        };
        check(&whole);
        put(store, |c| c.trim_rejections(5));
        check(&whole[..whole.len() - 3]);
        assert_eq!(get(store, |tx| tx.rejections(B, i64::MAX, 100)).len(), TEXTS.len() - 2);
        put(store, |c| c.trim_rejections(0));
        check(&whole[..whole.len() - 3]);
        duplicates(store, "rejection_insert", |c| {
            c.insert_rejection(7, B, at(0), "", String::new(), String::new());
        });
    });
}

fn product(product_id: &str, name: Option<&str>) -> Product {
    Product {
        product_id: product_id.into(),
        name: name.map(str::to_owned),
        price: name.map(|_| i64::MAX),
        updated_at: at(1).into(),
        from_catalogue: name.is_none(),
        ..Product::default()
    }
}

#[test]
fn products_are_kept_by_id_and_the_last_telling_holds() {
    on_stores(|store| {
        let mut ids: Vec<&str> = vec!["a", "B", "b", "ă", "10", "9", "%", "🛒", "Z"];
        put(store, |c| {
            for product_id in &ids {
                c.set_product(A, &product(product_id, None));
                c.set_product(A, &product(product_id, Some("Áo dài \"lụa\"")));
                c.set_product(B, &product(product_id, Some("elsewhere")));
            }
            c.set_product(B, &product("only there", None));
        });
        ids.sort_unstable();
        let whole: Vec<Product> = ids.iter().map(|one| product(one, Some("Áo dài \"lụa\""))).collect();
        pages(&whole, |last, limit| {
            let after = last.map_or("", |product| product.product_id.as_str());
            get(store, |tx| tx.product_page(A, after, limit))
        });
        assert_eq!((get(store, |tx| tx.product_count(A)), get(store, |tx| tx.product_count(B))), (9, 10));
        let asked = [(B, "a"), (A, "missing"), (A, "b"), (A, "only there"), (B, "only there"), (A, "b")];
        let expect = [
            Some(product("a", Some("elsewhere"))),
            None,
            Some(whole[ids.iter().position(|one| *one == "b").unwrap()].clone()),
            None,
            Some(product("only there", None)),
            Some(product("b", Some("Áo dài \"lụa\""))),
        ];
        assert_eq!(get(store, |tx| tx.products_named(&asked)), expect);
        assert!(get(store, |tx| tx.products_named(&[])).is_empty());
    });
}

fn cancelled(mut order: Order) -> Order {
    order.history.push(StatusChange { at: at(9).into(), status: "cancelled".into() });
    order
}

#[test]
fn an_order_comes_back_as_it_was() {
    on_stores(|store| {
        let mut refunded = order("shopee", "1", -5, 300);
        refunded.refunds.push(Refund { at: at(3).into(), refund_id: "r".into(), amount: Some(100) });
        let mut odd = order("web", "Đơn \"1\" %_\\", 0, i64::MAX);
        odd.currency = "USD".into();
        odd.contents_at = Ms(Timestamp::MIN);
        odd.contents.coupon = Some("🎁".into());
        let orders = [refunded.clone(), odd.clone(), cancelled(order("web", "1", 7, 50))];
        put(store, |c| {
            for one in &orders {
                c.set_order(A, no(1), one);
            }
            c.set_order(B, no(1), &order("web", "1", 0, 1));
        });
        let asked = [
            (A, "web", "1"),
            (A, "shopee", "1"),
            (B, "shopee", "1"),
            (A, "web", odd.order_id.as_str()),
            (B, "web", "1"),
        ];
        let mine = |order: &Order| Some(OrderRow { profile: no(1), order: order.clone() });
        let expect = [mine(&orders[2]), mine(&refunded), None, mine(&odd), mine(&order("web", "1", 0, 1))];
        assert_eq!(get(store, |tx| tx.orders_named(&asked)), expect);
        let summaries = get(store, |tx| tx.order_summaries(&[(A, no(2)), (B, no(1)), (A, no(1))]));
        let in_brief =
            |orders: &[&Order]| orders.iter().map(|one| one.summary()).collect::<Vec<OrderSummary>>();
        let expect =
            [vec![], in_brief(&[&order("web", "1", 0, 1)]), in_brief(&[&refunded, &odd, &orders[2]])];
        assert_eq!(summaries, expect);
        assert_eq!((summaries[2][0].net, summaries[2][0].refunded), (200, 100));
        assert!(summaries[2][2].cancelled && !summaries[2][2].counts);
        // A later telling replaces all of it, and may name another owner.
        put(store, |c| c.set_order(A, no(2), &order("shopee", "1", 20, 5)));
        let moved = get(store, |tx| tx.orders_named(&[(A, "shopee", "1")]));
        assert_eq!(moved, [Some(OrderRow { profile: no(2), order: order("shopee", "1", 20, 5) })]);
        let found = get(store, |tx| tx.order_summaries(&[(A, no(1)), (A, no(2))]));
        assert_eq!(found, [in_brief(&[&odd, &orders[2]]), in_brief(&[&order("shopee", "1", 20, 5)])]);
    });
}

/// Orders over a few instants, sources and ids, and as they are listed: newest first, then by source and id.
fn shelves(store: &Store) -> Vec<OrderRow> {
    let mut rows = Vec::new();
    for n in 0..24i64 {
        let source = ["web", "shopee", "Ü"][n as usize % 3];
        let one = order(source, &format!("{}", (n * 5) % 24), n / 9, 10);
        rows.push(OrderRow { profile: no(1 + n % 2), order: one });
    }
    put(store, |c| {
        for row in &rows {
            c.set_order(A, row.profile, &row.order);
            c.set_order(B, row.profile, &Order { currency: "USD".into(), ..row.order.clone() });
        }
    });
    rows.sort_by(|a, b| {
        let key = |order: &Order| (order.source.clone(), order.order_id.clone());
        b.order.placed_at.cmp(&a.order.placed_at).then_with(|| key(&a.order).cmp(&key(&b.order)))
    });
    rows
}

#[test]
fn orders_are_paged_newest_first_and_those_of_one_instant_by_source_and_id() {
    on_stores(|store| {
        let rows = shelves(store);
        pages(&rows, |last, limit| {
            let behind = last.map_or((Timestamp::MAX, "", ""), |row| {
                (row.order.placed_at.0, row.order.source.as_str(), row.order.order_id.as_str())
            });
            get(store, |tx| tx.recent_orders(A, behind, limit))
        });
        for profile in [1, 2] {
            let own: Vec<Order> =
                rows.iter().filter(|row| row.profile == no(profile)).map(|row| row.order.clone()).collect();
            assert_eq!(own.len(), 12);
            for limit in [1, 5, 12, 20] {
                let seen: Vec<Order> = (0..12)
                    .step_by(limit)
                    .flat_map(|skip| {
                        get(store, |tx| tx.order_page(A, no(profile), skip as i64, limit as i64))
                    })
                    .collect();
                assert_eq!(seen, own);
            }
            assert!(get(store, |tx| tx.order_page(A, no(profile), 12, 5)).is_empty());
            let found = get(store, |tx| tx.order_summaries(&[(A, no(profile))]));
            let mut oldest_first: Vec<OrderSummary> = own.iter().map(Order::summary).collect();
            oldest_first.sort_by_key(|one| (one.placed_at, one.source.clone(), one.order_id.clone()));
            assert_eq!(found, [oldest_first]);
        }
    });
}

#[test]
fn orders_are_counted_with_what_they_left() {
    on_stores(|store| {
        put(store, |c| {
            c.set_order(A, no(1), &order("web", "1", 0, 100));
            c.set_order(A, no(1), &order("web", "2", 10, 1_000));
            c.set_order(A, no(2), &cancelled(order("web", "3", 20, 5)));
            c.set_order(B, no(1), &order("web", "1", 0, i64::MAX));
        });
        let count = |workspace, since| get(store, |tx| tx.order_count(workspace, since));
        assert_eq!(count(A, Timestamp::MIN), (3, 1_100));
        assert_eq!(count(A, at(10)), (2, 1_000), "that instant included");
        assert_eq!(count(A, at(11)), (1, 0));
        assert_eq!(count(A, Timestamp::MAX), (0, 0));
        assert_eq!(count(B, Timestamp::MIN), (1, i64::MAX));
        put(store, |c| {
            c.set_order(B, no(2), &order("web", "absurd", 5, i64::MAX));
            c.set_order(B, no(2), &order("web", "fine", 5, 9_007_199_254_740_993));
        });
        assert_eq!(count(B, Timestamp::MIN), (3, i64::MAX), "the end of the range, and no error");
        put(store, |c| c.set_order(B, no(2), &cancelled(order("web", "absurd", 0, i64::MAX))));
        assert_eq!(count(B, at(1)), (1, 9_007_199_254_740_993));
    });
}
