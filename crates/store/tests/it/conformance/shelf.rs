//! Who looked at what, what of the range changed, and the shop's places.

use super::history::order;
use super::{A, B, TEXTS, at, duplicates, get, no, on_stores, pages, put};
use crate::databases::NOW;
use domain::commerce::{CartLine, Product};
use kit::{ProfileNo, Timestamp};
use store::shelf::{BookRow, BoughtRow, SeenRow};

pub const METHODS: &[&str] = &[
    "note_seen",
    "forget_seen",
    "trim_seen",
    "insert_book",
    "prune_books",
    "seen_of",
    "bought_of",
    "scan_seen",
    "scan_bought",
    "interested_in",
    "products_changed",
    "last_product_change",
    "book",
    "books",
];

fn seen(product_id: &str, viewed: Option<i64>, carted: Option<i64>, views: i64) -> SeenRow {
    SeenRow { product_id: product_id.into(), viewed_at: viewed.map(at), carted_at: carted.map(at), views }
}

fn line(product_id: &str) -> CartLine {
    let told = serde_json::json!({ "product_id": product_id, "price": 1 });
    domain::commerce::read_line(told.as_object().unwrap(), kit::Currency::VND).unwrap()
}

#[test]
fn what_people_looked_at_adds_up() {
    on_stores(|store| {
        put(store, |c| {
            c.note_seen(A, no(1), seen("p", Some(5), None, 2));
            c.note_seen(A, no(2), seen("p", Some(1), Some(9), 1));
            c.note_seen(B, no(1), seen("p", Some(7), None, 1));
            for (n, text) in (10..).zip(TEXTS) {
                c.note_seen(A, no(n), seen(text, Some(1), None, 1));
            }
        });
        put(store, |c| {
            c.note_seen(A, no(1), seen("p", Some(3), Some(4), 1));
            c.note_seen(A, no(1), seen("q", None, Some(8), 0));
        });
        let mut found = get(store, |tx| tx.seen_of(&[(A, no(1)), (A, no(9)), (B, no(1))]));
        found[0].sort_by(|a, b| a.product_id.cmp(&b.product_id));
        assert_eq!(found[0], [seen("p", Some(5), Some(4), 3), seen("q", None, Some(8), 0)]);
        assert_eq!(found[1], []);
        assert_eq!(found[2], [seen("p", Some(7), None, 1)]);
        let scan = |after, to| {
            let mut all = Vec::new();
            get(store, |tx| tx.scan_seen(A, (no(after), no(to)), &mut |no, row| all.push((no.0, row))));
            all.sort_by(|a, b| (a.0, &a.1.product_id).cmp(&(b.0, &b.1.product_id)));
            all
        };
        assert_eq!(scan(1, 2), [(2, seen("p", Some(1), Some(9), 1))]);
        assert_eq!(scan(9, 100).len(), TEXTS.len());
        let after = |n: i64, since| get(store, |tx| tx.interested_in(A, "p", no(n), at(since), 10));
        assert_eq!(after(0, 0), [no(1), no(2)]);
        assert_eq!(after(1, 0), [no(2)]);
        assert_eq!(after(0, 6), [no(2)], "the cart counts");
        put(store, |c| c.trim_seen(A, (no(0), no(1)), at(6)));
        assert_eq!(get(store, |tx| tx.seen_of(&[(A, no(1))]))[0], [seen("q", None, Some(8), 0)]);
        assert_eq!(after(0, 0), [no(2)], "others are behind the range");
        put(store, |c| {
            c.forget_seen(A, no(2), "q");
            c.forget_seen(A, no(1), "q");
        });
        assert_eq!(get(store, |tx| tx.seen_of(&[(A, no(1))]))[0], []);
        assert_eq!(after(0, 0), [no(2)], "another product, another person");
    });
}

#[test]
fn what_people_bought_is_in_orders_that_count() {
    on_stores(|store| {
        let placed = |source: &str, id: &str, when, products: &[&str]| {
            let mut order = order(source, id, when, 10);
            order.contents.lines = products.iter().map(|product| line(product)).collect();
            order
        };
        let mut cancelled = placed("site", "x", 4, &["p"]);
        let change = domain::commerce::StatusChange { at: at(4).into(), status: "cancelled".into() };
        cancelled.history.push(change);
        put(store, |c| {
            c.set_order(A, no(1), &placed("site", "b", 2, &["p", "q", "p"]));
            c.set_order(A, no(1), &placed("app", "a", 1, &["p"]));
            c.set_order(A, no(2), &cancelled);
            c.set_order(A, no(3), &placed("site", "c", 9, &["p"]));
            c.set_order(B, no(1), &placed("site", "b", 2, &["z"]));
        });
        let bought = |product: &str, when, source: &str, order: &str| BoughtRow {
            product_id: product.into(),
            at: at(when),
            source: source.into(),
            order_id: order.into(),
        };
        let ones = [bought("p", 1, "app", "a"), bought("p", 2, "site", "b"), bought("q", 2, "site", "b")];
        let found = get(store, |tx| tx.bought_of(&[(A, no(1)), (A, no(2)), (B, no(2))]));
        assert_eq!(found, [ones.to_vec(), vec![], vec![]]);
        let mut all = Vec::new();
        get(store, |tx| tx.scan_bought(A, (no(0), no(2)), &mut |no, row| all.push((no, row))));
        assert_eq!(all, ones.map(|row| (no(1), row)));
        // Who bought is interested, in an order that was cancelled too.
        let interested = |since, limit| get(store, |tx| tx.interested_in(A, "p", no(0), at(since), limit));
        assert_eq!(interested(0, 10), [no(1), no(2), no(3)]);
        assert_eq!(interested(0, 2), [no(1), no(2)]);
        assert_eq!(interested(3, 10), [no(2), no(3)]);
        put(store, |c| c.note_seen(A, no(2), seen("p", Some(1), None, 1)));
        assert_eq!(interested(0, 10), [no(1), no(2), no(3)], "once each");
    });
}

#[test]
fn changes_of_products_are_found_by_their_numbers() {
    on_stores(|store| {
        let product = |id: &str, name: &str| Product {
            product_id: id.into(),
            name: Some(name.into()),
            updated_at: NOW.into(),
            ..Product::default()
        };
        assert_eq!(get(store, |tx| tx.last_product_change(A)), 0);
        put(store, |c| {
            c.set_product(A, &product("a", "1"));
            c.set_product(A, &product("b", "1"));
            c.set_product(B, &product("a", "other"));
        });
        let last = get(store, |tx| tx.last_product_change(A));
        assert_eq!(get(store, |tx| tx.products_changed(A, last, 10)), []);
        put(store, |c| c.set_product(A, &product("a", "2")));
        let found = get(store, |tx| tx.products_changed(A, last, 10));
        assert_eq!(found.iter().map(|(product, _)| product.clone()).collect::<Vec<_>>(), [product("a", "2")]);
        assert_eq!(get(store, |tx| tx.last_product_change(A)), found[0].1);
        let all = get(store, |tx| tx.products_changed(A, 0, 10));
        assert_eq!(all.iter().map(|(one, _)| one.product_id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let first = get(store, |tx| tx.products_changed(A, 0, 1));
        assert_eq!(first, all[..1]);
    });
}

#[test]
fn the_newest_version_of_the_places_holds() {
    on_stores(|store| {
        let book = |version: i64, doc: &str| BookRow {
            version,
            at: at(version),
            who: "account:1".into(),
            doc: doc.into(),
        };
        assert_eq!(get(store, |tx| tx.book(A)), None);
        put(store, |c| c.insert_book(B, book(9, "other")));
        let mut whole = Vec::new();
        for (version, text) in (1..).zip(TEXTS) {
            put(store, |c| c.insert_book(A, book(version, text)));
            whole.insert(0, book(version, text));
            assert_eq!(get(store, |tx| tx.book(A)).as_ref(), whole.first());
        }
        duplicates(store, "book_insert", |c| c.insert_book(A, book(1, "again")));
        pages(&whole, |last, limit| {
            let below = last.map_or(i64::MAX, |row| row.version);
            get(store, |tx| tx.books(A, below, limit))
        });
        put(store, |c| c.prune_books(A, 2));
        assert_eq!(get(store, |tx| tx.books(A, i64::MAX, 100)), whole[..whole.len() - 2]);
        assert_eq!(get(store, |tx| tx.books(B, i64::MAX, 100)), [book(9, "other")]);
    });
}

#[test]
fn looks_follow_a_merge_and_leave_with_the_person() {
    on_stores(|store| {
        let made = |n: i64| {
            let mut rng = kit::Rng::seeded(n.unsigned_abs());
            domain::profile::Profile::new(ProfileNo(n), kit::Id::new(NOW, &mut rng), Timestamp::from_ms(1))
        };
        let (kept, gone) = (made(1), made(2));
        put(store, |c| {
            c.insert_profile(A, &kept);
            c.insert_profile(A, &gone);
            c.note_seen(A, no(1), seen("p", Some(5), None, 2));
            c.note_seen(A, no(2), seen("p", Some(1), Some(9), 1));
            c.note_seen(A, no(2), seen("q", Some(2), None, 1));
            c.note_seen(B, no(2), seen("q", Some(2), None, 1));
        });
        put(store, |c| c.absorb_profile(A, &gone, 1, no(1)));
        let mut found = get(store, |tx| tx.seen_of(&[(A, no(1)), (A, no(2)), (B, no(2))]));
        found[0].sort_by(|a, b| a.product_id.cmp(&b.product_id));
        assert_eq!(found[0], [seen("p", Some(5), Some(9), 3), seen("q", Some(2), None, 1)]);
        assert_eq!((found[1].len(), found[2].len()), (0, 1));
        put(store, |c| c.erase_profile(A, no(1), &[]));
        assert_eq!(get(store, |tx| tx.seen_of(&[(A, no(1))]))[0], []);
    });
}
