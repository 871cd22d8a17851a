//! People whom sales have or had.

use super::{A, B, TEXTS, at, get, no, on_stores, put};
use kit::{ProfileNo, Timestamp};
use store::leads::LeadRow;

pub const METHODS: &[&str] = &[
    "set_lead",
    "delete_lead",
    "lead",
    "leads_by_status",
    "leads_by_assignee",
    "lead_counts",
    "lead_numbers",
    "lead_turn",
];

fn row(number: i64, status: &str, status_at: i64, assignee: &str, handed_at: i64) -> LeadRow {
    LeadRow {
        profile: no(number),
        status: status.into(),
        status_at: at(status_at),
        assignee: assignee.into(),
        handed_at: at(handed_at),
    }
}

const END: (Timestamp, ProfileNo) = (Timestamp::MAX, ProfileNo(i64::MAX));

#[test]
fn a_person_stands_one_way_with_sales() {
    on_stores(|store| {
        for text in TEXTS {
            put(store, |c| c.set_lead(A, row(1, "new", 5, text, 0)));
            put(store, |c| c.set_lead(A, row(1, "won", 6, text, 4)));
            assert_eq!(get(store, |tx| tx.lead(A, no(1))), Some(row(1, "won", 6, text, 4)), "{text:?}");
            assert_eq!(get(store, |tx| tx.lead_turn(A, text)), at(4));
        }
        assert_eq!(get(store, |tx| tx.lead(B, no(1))), None);
        put(store, |c| c.delete_lead(A, no(1)));
        put(store, |c| c.delete_lead(A, no(2)));
        assert_eq!(get(store, |tx| tx.lead(A, no(1))), None);
    });
}

#[test]
fn leads_are_listed_the_latest_first_page_by_page() {
    on_stores(|store| {
        put(store, |c| {
            c.set_lead(A, row(1, "new", 10, "", 0));
            c.set_lead(A, row(2, "new", 20, "lan@shop.vn", 20));
            c.set_lead(A, row(3, "new", 20, "lan@shop.vn", 9));
            c.set_lead(A, row(4, "won", 30, "lan@shop.vn", 0));
            c.set_lead(A, row(5, "won", 40, "vy@shop.vn", 40));
            c.set_lead(B, row(6, "new", 50, "lan@shop.vn", 50));
        });
        let by_status = |before, limit| -> Vec<i64> {
            let found = get(store, |tx| tx.leads_by_status(A, "new", before, limit));
            found.into_iter().map(|(no, _)| no.0).collect()
        };
        assert_eq!(by_status(END, 9), [3, 2, 1]);
        assert_eq!(by_status(END, 2), [3, 2]);
        assert_eq!(by_status((at(20), no(3)), 9), [2, 1]);
        let by_assignee = |before| -> Vec<(i64, String)> {
            let found = get(store, |tx| tx.leads_by_assignee(A, "lan@shop.vn", before, 9));
            found.into_iter().map(|(no, _, status)| (no.0, status)).collect()
        };
        let of = |no, status: &str| (no, status.to_owned());
        assert_eq!(by_assignee(END), [of(4, "won"), of(3, "new"), of(2, "new")]);
        assert_eq!(by_assignee((at(20), no(3))), [of(2, "new")]);
        let turn = |who: &str| get(store, |tx| tx.lead_turn(A, who));
        assert_eq!((turn("lan@shop.vn"), turn("nobody")), (at(20), Timestamp::from_ms(0)));
        let count = |status: &str, who: &str, count| (status.to_owned(), who.to_owned(), count);
        assert_eq!(
            get(store, |tx| tx.lead_counts(A)),
            [
                count("new", "", 1),
                count("new", "lan@shop.vn", 2),
                count("won", "lan@shop.vn", 1),
                count("won", "vy@shop.vn", 1),
            ]
        );
        assert_eq!(get(store, |tx| tx.lead_numbers(B)), [no(6)]);
    });
}
