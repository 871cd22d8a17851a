//! People whom sales have or had.

use super::{A, B, TEXTS, at, get, no, on_stores, put};
use kit::{ProfileNo, Timestamp};
use store::leads::{ANY, LeadRow, NO_SCORE, Ranked};

pub const METHODS: &[&str] = &[
    "set_lead",
    "delete_lead",
    "set_lead_score",
    "drop_lead_score",
    "drop_lead_scores",
    "lead",
    "leads_of",
    "lead_scores_between",
    "leads_ranked",
    "leads_counted",
    "leads_by_status",
    "leads_by_assignee",
    "leads_waiting",
    "leads_waiting_counted",
    "lead_counts",
    "lead_turn",
];

fn row(number: i64, status: &str, status_at: i64, assignee: &str, handed_at: i64) -> LeadRow {
    LeadRow {
        profile: no(number),
        status: status.into(),
        status_at: at(status_at),
        assignee: assignee.into(),
        handed_at: at(handed_at),
        score: NO_SCORE,
    }
}

/// Never handed over.
fn never(row: LeadRow) -> LeadRow {
    LeadRow { handed_at: Timestamp::from_ms(0), ..row }
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
        let by_assignee = |status, before| -> Vec<i64> {
            let found = get(store, |tx| tx.leads_by_assignee(A, ("lan@shop.vn", status), before, 9));
            found.into_iter().map(|(no, _)| no.0).collect()
        };
        assert_eq!(by_assignee(ANY, END), [4, 3, 2]);
        assert_eq!(by_assignee(ANY, (at(20), no(3))), [2]);
        assert_eq!(by_assignee("new", END), [3, 2]);
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
    });
}

#[test]
fn leads_are_listed_the_highest_score_first_page_by_page() {
    on_stores(|store| {
        put(store, |c| {
            // A score may be told before sales have somebody, or after.
            c.set_lead_score(A, no(1), 70);
            c.set_lead_score(A, no(2), 70);
            c.set_lead_score(A, no(3), -4);
            c.set_lead_score(A, no(4), 90);
            c.set_lead(A, row(4, "assigned", 30, "lan@shop.vn", 30));
            c.set_lead(A, never(row(5, "new", 20, "", 0)));
            c.set_lead_score(A, no(5), 40);
            c.set_lead(A, row(6, "lost", 10, "lan@shop.vn", 10));
            c.set_lead_score(B, no(7), 99);
        });
        let all = Ranked { low: NO_SCORE, high: i64::MAX, status: ANY, assignee: ANY };
        let ranked = |wanted: Ranked<'_>, before: i64, limit| -> Vec<(i64, i64)> {
            let found = get(store, |tx| tx.leads_ranked(A, wanted, no(before), limit));
            found.into_iter().map(|(no, score)| (no.0, score)).collect()
        };
        let end = i64::MAX;
        let whole = [(4, 90), (2, 70), (1, 70), (5, 40), (3, -4), (6, NO_SCORE)];
        assert_eq!(ranked(all, end, 9), whole);
        let mut paged = Vec::new();
        let (mut high, mut before) = (i64::MAX, end);
        while let Some((no, score)) = ranked(Ranked { high, ..all }, before, 1).first().copied() {
            paged.push((no, score));
            (high, before) = (score, no);
        }
        assert_eq!(paged, whole, "one a page");
        let count = |wanted| get(store, |tx| tx.leads_counted(A, wanted));
        let cases = [
            (all, vec![4, 2, 1, 5, 3, 6]),
            (Ranked { low: 40, high: 89, ..all }, vec![2, 1, 5]),
            (Ranked { status: "", ..all }, vec![2, 1, 3]),
            (Ranked { status: "new", ..all }, vec![5]),
            (Ranked { assignee: "lan@shop.vn", ..all }, vec![4, 6]),
            (Ranked { assignee: "lan@shop.vn", status: "lost", ..all }, vec![6]),
            (Ranked { assignee: "", ..all }, vec![5]),
            (Ranked { low: 100, ..all }, vec![]),
        ];
        for (wanted, expected) in cases {
            let found: Vec<i64> = ranked(wanted, end, 9).into_iter().map(|(no, _)| no).collect();
            assert_eq!(found, expected, "{wanted:?}");
            assert_eq!(count(wanted), expected.len() as i64, "{wanted:?}");
        }
        let between = get(store, |tx| tx.lead_scores_between(A, (no(2), no(5))));
        assert_eq!(between, [(no(3), -4), (no(4), 90), (no(5), 40)]);
        let of = get(store, |tx| tx.leads_of(A, &[no(5), no(9), no(7)]));
        assert_eq!(of, [LeadRow { score: 40, ..never(row(5, "new", 20, "", 0)) }]);
        // With nobody of sales, and never handed over.
        assert_eq!(get(store, |tx| tx.leads_waiting(A, 40, no(0), 9)), [no(1), no(2), no(5)]);
        assert_eq!(get(store, |tx| tx.leads_waiting(A, 40, no(1), 1)), [no(2)]);
        assert_eq!(get(store, |tx| tx.leads_waiting_counted(A, 40)), 3);
        put(store, |c| {
            c.drop_lead_score(A, no(2));
            c.drop_lead_score(A, no(4));
        });
        assert_eq!(ranked(all, end, 2), [(4, 90), (1, 70)], "whom sales have stays");
        put(store, |c| c.drop_lead_scores(A));
        assert_eq!(ranked(all, end, 9), [(6, NO_SCORE), (5, NO_SCORE), (4, NO_SCORE)]);
        assert_eq!(get(store, |tx| tx.leads_ranked(B, all, no(end), 9)), [(no(7), 99)]);
    });
}
