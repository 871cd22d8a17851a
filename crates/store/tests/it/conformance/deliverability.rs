//! Addresses that bounce, what goes out under a plan, and the mailbox of returns.

use super::messages::message_of;
use super::{A, B, TEXTS, at, get, no, on_stores, put};
use store::deliverability::{MailboxVisit, SendingCount, SendingPlanRow, SoftBounces};
use store::messages::{MessageRow, Responses};

pub const METHODS: &[&str] = &[
    "count_soft_bounce",
    "clear_soft_bounces",
    "count_sending",
    "expire_sending_counts",
    "set_sending_plan",
    "delete_sending_plan",
    "set_mailbox_visit",
    "soft_bounces",
    "sending_counts",
    "sending_plans",
    "sending_plan",
    "mailbox_visit",
    "attention",
];

#[test]
fn soft_bounces_are_counted_until_something_arrives() {
    on_stores(|store| {
        let address = "an@example.vn";
        assert_eq!(get(store, |tx| tx.soft_bounces(A, "email", address)), None);
        put(store, |c| c.count_soft_bounce(A, "email", address, at(5), at(0)));
        put(store, |c| c.count_soft_bounce(A, "email", address, at(9), at(5)));
        put(store, |c| c.count_soft_bounce(B, "email", address, at(7), at(0)));
        let expect = SoftBounces { count: 2, first_at: at(5), last_at: at(9) };
        assert_eq!(get(store, |tx| tx.soft_bounces(A, "email", address)), Some(expect));
        assert_eq!(get(store, |tx| tx.soft_bounces(A, "sms", address)), None);
        // The last was too long ago.
        put(store, |c| c.count_soft_bounce(A, "email", address, at(20), at(10)));
        let expect = SoftBounces { count: 1, first_at: at(20), last_at: at(20) };
        assert_eq!(get(store, |tx| tx.soft_bounces(A, "email", address)), Some(expect));
        put(store, |c| c.clear_soft_bounces(A, "email", address));
        put(store, |c| c.clear_soft_bounces(A, "email", address));
        assert_eq!(get(store, |tx| tx.soft_bounces(A, "email", address)), None);
        assert_eq!(get(store, |tx| tx.soft_bounces(B, "email", address)).unwrap().count, 1);
    });
}

#[test]
fn what_goes_out_is_counted_by_the_hour() {
    on_stores(|store| {
        let count = |receiver: &str, hour, sent| SendingCount { receiver: receiver.into(), hour, sent };
        put(store, |c| {
            c.count_sending(A, "shop.vn", count("", 10, 3));
            c.count_sending(A, "shop.vn", count("", 10, 2));
            c.count_sending(A, "shop.vn", count("gmail.com", 10, 1));
            c.count_sending(A, "shop.vn", count("", 11, 1));
            c.count_sending(A, "other.vn", count("", 10, 9));
            c.count_sending(B, "shop.vn", count("", 10, 9));
        });
        let of = |hour| {
            let mut counts = get(store, |tx| tx.sending_counts(A, "shop.vn", hour));
            counts.sort_by_key(|count| (count.hour, count.receiver.clone()));
            counts
        };
        assert_eq!(of(10), [count("", 10, 5), count("gmail.com", 10, 1), count("", 11, 1)]);
        assert_eq!(of(11), [count("", 11, 1)]);
        put(store, |c| c.expire_sending_counts(A, "shop.vn", 11));
        assert_eq!(of(0), [count("", 11, 1)]);
        assert_eq!(get(store, |tx| tx.sending_counts(B, "shop.vn", 0)).len(), 1);
    });
}

#[test]
fn plans_are_kept_by_domain() {
    on_stores(|store| {
        let plan = |workspace, domain: &str, doc: &str| SendingPlanRow {
            workspace,
            domain: domain.into(),
            doc: doc.into(),
            updated_at: at(1),
        };
        put(store, |c| {
            c.set_sending_plan(plan(A, "b.vn", TEXTS[3]));
            c.set_sending_plan(plan(A, "a.vn", "1"));
            c.set_sending_plan(plan(B, "a.vn", "2"));
        });
        put(store, |c| c.set_sending_plan(plan(A, "a.vn", "3")));
        let all = [plan(A, "a.vn", "3"), plan(A, "b.vn", TEXTS[3]), plan(B, "a.vn", "2")];
        assert_eq!(get(store, |tx| tx.sending_plans()), all);
        assert_eq!(get(store, |tx| tx.sending_plan(A, "b.vn")), Some(all[1].clone()));
        assert_eq!(get(store, |tx| tx.sending_plan(B, "b.vn")), None);
        put(store, |c| c.delete_sending_plan(A, "a.vn"));
        assert_eq!(get(store, |tx| tx.sending_plans()), all[1..]);
    });
}

#[test]
fn a_mailbox_is_read_on_from_where_it_was_left() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.mailbox_visit(A)), None);
        let visit = |uid, fault: &str| MailboxVisit {
            validity: i64::from(u32::MAX),
            uid,
            visited_at: at(uid),
            fault: fault.into(),
        };
        put(store, |c| c.set_mailbox_visit(A, visit(1, TEXTS[2])));
        put(store, |c| c.set_mailbox_visit(A, visit(i64::from(u32::MAX), "")));
        assert_eq!(get(store, |tx| tx.mailbox_visit(A)), Some(visit(i64::from(u32::MAX), "")));
        assert_eq!(get(store, |tx| tx.mailbox_visit(B)), None);
    });
}

#[test]
fn attention_is_what_people_did_with_advertisements() {
    on_stores(|store| {
        for (number, purpose, attempted) in
            [(1, "marketing", 10), (2, "marketing", 20), (3, "transactional", 30)]
        {
            let row =
                MessageRow { purpose: purpose.into(), ..message_of(A, 7, number, &format!("k{number}")) };
            put(store, |c| c.insert_message(row.clone()));
            put(store, |c| c.claim_message(&row, "an@example.vn", at(attempted)));
            put(store, |c| c.accept_message(number, String::new(), at(attempted), None));
        }
        let of = |since| get(store, |tx| tx.attention(A, no(7), at(since)));
        assert_eq!((of(0), of(20), of(21)), ((2, None), (1, None), (0, None)));
        let opened = Responses { opens: 1, first_opened_at: Some(at(40)), ..Responses::default() };
        put(store, |c| c.add_responses(A, 1, &opened));
        let clicked = Responses { clicks: 1, first_clicked_at: Some(at(50)), ..Responses::default() };
        put(store, |c| c.add_responses(A, 2, &clicked));
        assert_eq!((of(0), of(20)), ((2, Some(at(50))), (1, Some(at(50)))));
        assert_eq!(get(store, |tx| tx.attention(B, no(7), at(0))), (0, None));
    });
}
