//! What the home screen sums up is what the ledger, the orders and the timeline hold.

use super::history::{event, order};
use super::messages::message;
use super::{A, B, TEXTS, apply, at, get, id, no, on_stores, put};
use domain::profile::Profile;
use kit::ProfileNo;
use std::collections::BTreeMap;
use store::campaigns::CampaignRow;
use store::home::{Answer, Deed, NotSentRow, QUARTER_MS, Sale, ScheduledRow, SenderRow, Span};
use store::messages::{MessageRow, Responses, SuppressionRow};
use store::{Changeset, Store, Topic, TopicCounts};

pub const METHODS: &[&str] = &[
    "set_setup",
    "setup",
    "search_range",
    "sales",
    "bought_before",
    "first_sale_at",
    "first_sent_at",
    "deeds",
    "people_between",
    "sent",
    "senders",
    "not_sent",
    "answers",
    "machine_answers",
    "overdue",
    "waiting_reasons",
    "suppressed",
    "scheduled_campaigns",
    "find_campaigns",
];

fn span(from: i64, to: i64) -> Span {
    Span { from: at(from), to: at(to) }
}

#[test]
fn what_was_put_off_is_kept_for_each_shop() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.setup(A)), None);
        for text in TEXTS {
            put(store, |c| c.set_setup(A, (*text).to_owned()));
            assert_eq!(get(store, |tx| tx.setup(A)), Some((*text).to_owned()));
        }
        assert_eq!(get(store, |tx| tx.setup(B)), None);
    });
}

#[test]
fn a_search_looks_through_a_range_from_the_newest() {
    on_stores(|store| {
        put(store, |c| {
            for n in 1..=6 {
                c.set_search_text(A, no(n), format!("le thi {n}"));
            }
            c.set_search_text(B, no(9), "le thi".into());
        });
        let found = |from, to, part: &str, limit| {
            get(store, |tx| tx.search_range(A, ProfileNo(from), ProfileNo(to), part, limit))
        };
        assert_eq!(found(0, 9, "thi", 3), [no(6), no(5), no(4)]);
        assert_eq!(found(2, 4, "thi", 9), [no(4), no(3)]);
        assert_eq!(found(0, 9, "thi 2", 9), [no(2)]);
        assert_eq!(found(0, 9, "%", 9), []);
    });
}

#[test]
fn sales_are_orders_that_count_in_one_currency() {
    on_stores(|store| {
        let mut abroad = order("web", "4", 30, 40);
        abroad.currency = "USD".into();
        put(store, |c| {
            c.set_order(A, no(1), &order("web", "1", 20, 100));
            c.set_order(A, no(2), &order("web", "2", 10, 50));
            c.set_order(A, no(1), &order("web", "3", 100, 70));
            c.set_order(A, no(3), &abroad);
            c.set_order(B, no(1), &order("web", "1", 20, 900));
        });
        let sale = |ms, profile, net| Sale { at: at(ms), profile: no(profile), net };
        let sales = |from, to| get(store, |tx| tx.sales(A, span(from, to), "VND"));
        assert_eq!(sales(0, 100), [sale(10, 2, 50), sale(20, 1, 100)]);
        assert_eq!(sales(20, 101), [sale(20, 1, 100), sale(100, 1, 70)]);
        assert_eq!(sales(200, 300), []);
        let asked = [(no(1), at(100)), (no(1), at(20)), (no(9), at(100))];
        assert_eq!(get(store, |tx| tx.bought_before(A, &asked)), [true, false, false]);
        assert_eq!(get(store, |tx| tx.first_sale_at(A)), Some(at(10)));
        assert_eq!(get(store, |tx| tx.first_sale_at(kit::WorkspaceId(5))), None);
    });
}

#[test]
fn deeds_are_events_of_a_name() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_event_name(A, 1, "Email Opened");
            c.insert_event_name(A, 2, "Other");
            c.insert_event_name(B, 1, "Email Opened");
            for (n, workspace, profile, name_no, ms) in
                [(1, A, 7, 1, 30), (2, A, 8, 1, 10), (3, A, 7, 2, 20), (4, B, 7, 1, 20)]
            {
                let mut one = event(workspace, profile, n, &format!("m{n}"));
                (one.name_no, one.at) = (name_no, at(ms));
                c.insert_event(one);
            }
        });
        let deed = |ms, profile, event_no| Deed { at: at(ms), profile: no(profile), event_no };
        let deeds = |name: &str, from, to| get(store, |tx| tx.deeds(A, name, span(from, to)));
        assert_eq!(deeds("Email Opened", 0, 31), [deed(10, 8, 2), deed(30, 7, 1)]);
        assert_eq!(deeds("Email Opened", 11, 30), []);
        assert_eq!(deeds("None", 0, 99), []);
    });
}

#[test]
fn people_are_counted_by_the_time_in_their_ids() {
    on_stores(|store| {
        put(store, |c| {
            for n in 1..=5_i64 {
                c.insert_profile(A, &Profile::new(no(n), id(n as u128 * 10), at(0)));
            }
            c.insert_profile(B, &Profile::new(no(1), id(20), at(0)));
        });
        let range = |from: u128, to: u128| (id(from).to_string(), id(to).to_string());
        let ranges = [range(0, 31), range(31, 60), range(60, 99)];
        assert_eq!(get(store, |tx| tx.people_between(A, &ranges)), [3, 2, 0]);
    });
}

/// Messages 1 to 3 of A were taken at 0, 1 and 2 quarters of an hour by two channels; 4 to 7 came to other ends.
fn ledger(store: &Store) {
    let row = |n: i64, channel: &str| MessageRow {
        channel: channel.into(),
        journey_id: (n == 1).then(|| "j".into()),
        campaign_id: (n == 2).then(|| "c".into()),
        ..message(A, n, &format!("k{n}"))
    };
    let rows =
        [row(1, "email"), row(2, "email"), row(3, "sms"), row(4, "email"), row(5, "email"), row(6, "sms")];
    put(store, |c| {
        for row in &rows {
            c.insert_message(row.clone());
        }
        c.insert_message(MessageRow { id: "other".into(), ..message(B, 9, "k1") });
    });
    put(store, |c| {
        for row in &rows[..3] {
            c.claim_message(row, "a@b.example", at(1));
            c.accept_message(row.message_no, String::new(), at((row.message_no - 1) * QUARTER_MS), None);
        }
        c.turn_message(4, "queued", "refused", "no_consent", String::new(), at(0), None);
        c.turn_message(5, "queued", "refused", "no_consent", String::new(), at(0), None);
        c.turn_message(6, "queued", "failed", "hard_bounce", String::new(), at(0), None);
    });
}

/// The start of a quarter of an hour that holds an instant.
fn quarter(ms: i64) -> kit::Timestamp {
    kit::Timestamp::from_ms(at(ms).ms().div_euclid(QUARTER_MS) * QUARTER_MS)
}

#[test]
fn messages_are_summed_up_by_what_became_of_them() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.first_sent_at(A)), None);
        ledger(store);
        let sent = get(store, |tx| tx.sent(A, span(0, 2 * QUARTER_MS)));
        let told: Vec<_> =
            sent.iter().map(|row| (row.at, row.channel.as_str(), row.count, row.first_no)).collect();
        assert_eq!(told, [(quarter(0), "email", 1, 1), (quarter(QUARTER_MS), "email", 1, 2)]);
        let mut senders = get(store, |tx| tx.senders(A, span(0, 9 * QUARTER_MS)));
        senders.sort();
        let sender = |journey: Option<&str>, campaign: Option<&str>| SenderRow {
            journey_id: journey.map(str::to_owned),
            campaign_id: campaign.map(str::to_owned),
            count: 1,
        };
        assert_eq!(senders, [sender(None, None), sender(None, Some("c")), sender(Some("j"), None)]);
        let row = |channel: &str, state: &str, reason: &str, count| NotSentRow {
            channel: channel.into(),
            state: state.into(),
            reason: reason.into(),
            count,
        };
        let expect = [row("email", "refused", "no_consent", 2), row("sms", "failed", "hard_bounce", 1)];
        assert_eq!(get(store, |tx| tx.not_sent(A, span(0, 1))), expect);
        assert_eq!(get(store, |tx| tx.not_sent(A, span(1, 2))), []);
        assert_eq!(get(store, |tx| tx.first_sent_at(A)), Some(at(0)));
        assert_eq!(get(store, |tx| tx.sent(B, span(0, 9 * QUARTER_MS))), []);
    });
}

#[test]
fn what_people_and_machines_did_is_kept_apart() {
    on_stores(|store| {
        ledger(store);
        let person = Responses {
            opens: 2,
            clicks: 1,
            first_opened_at: Some(at(5)),
            first_clicked_at: Some(at(QUARTER_MS + 5)),
            unsubscribed_at: Some(at(6)),
            ..Responses::default()
        };
        let machine = Responses { machine_opens: 3, machine_clicks: 1, ..Responses::default() };
        put(store, |c| {
            c.add_responses(A, 1, &person);
            c.add_responses(A, 2, &machine);
            c.add_responses(A, 3, &Responses { machine_opens: 1, ..Responses::default() });
            c.add_responses(B, 9, &person);
        });
        let answers = |what, to| get(store, |tx| tx.answers(A, what, span(0, to)));
        assert_eq!(answers(Answer::Opened, 10), [(quarter(5), 1)]);
        assert_eq!(answers(Answer::Opened, 5), []);
        assert_eq!(answers(Answer::Clicked, 9 * QUARTER_MS), [(quarter(QUARTER_MS + 5), 1)]);
        assert_eq!(answers(Answer::Unsubscribed, 10), [(quarter(6), 1)]);
        let machines = |first, to| get(store, |tx| tx.machine_answers(A, first, span(0, to)));
        assert_eq!(machines(1, 9 * QUARTER_MS), (2, 1));
        assert_eq!(machines(1, 2 * QUARTER_MS), (1, 1));
        assert_eq!(machines(4, 9 * QUARTER_MS), (0, 0));
    });
}

#[test]
fn what_waits_is_counted_with_its_reasons() {
    on_stores(|store| {
        let rows = [(1, A, 5, ""), (2, A, -5, "channel_not_set_up"), (3, A, 50, ""), (4, B, -9, "")];
        put(store, |c| {
            for (n, workspace, due, reason) in rows {
                let row = message(workspace, n, &format!("k{n}"));
                c.insert_message(MessageRow { due_at: at(due), reason: reason.into(), ..row });
            }
        });
        assert_eq!(get(store, |tx| tx.overdue(A, "email", at(10), 100)), (2, Some(at(-5))));
        assert_eq!(get(store, |tx| tx.overdue(A, "email", at(10), 1)), (1, Some(at(-5))));
        assert_eq!(get(store, |tx| tx.overdue(A, "sms", at(10), 100)), (0, None));
        let reasons = get(store, |tx| tx.waiting_reasons(A, "email", 100));
        assert_eq!(reasons, BTreeMap::from([(String::new(), 2), ("channel_not_set_up".into(), 1)]));
    });
}

#[test]
fn suppressions_are_counted_by_when_they_came() {
    on_stores(|store| {
        let row = |address: &str, reason: &str, ms| SuppressionRow {
            channel: "email".into(),
            address: address.into(),
            reason: reason.into(),
            detail: String::new(),
            at: at(ms),
        };
        put(store, |c| {
            c.suppress(A, row("a@b.example", "hard_bounce", 1));
            c.suppress(A, row("b@b.example", "hard_bounce", 2));
            c.suppress(A, row("c@b.example", "complaint", 2));
            c.suppress(A, row("d@b.example", "complaint", 99));
            c.suppress(B, row("a@b.example", "complaint", 1));
        });
        let expect =
            [("email".to_owned(), "complaint".to_owned(), 1), ("email".into(), "hard_bounce".into(), 2)];
        assert_eq!(get(store, |tx| tx.suppressed(A, span(0, 10))), expect);
    });
}

#[test]
fn campaigns_are_found_by_name_and_by_what_comes_next() {
    on_stores(|store| {
        let row = |id: &str, name: &str, ms: i64| CampaignRow {
            campaign_id: id.into(),
            name: name.into(),
            state: "draft".into(),
            detail: String::new(),
            channel: "email".into(),
            definition: "{}".into(),
            run_no: 0,
            next_at: None,
            revision: 1,
            created_at: at(ms),
            updated_at: at(ms),
            archived_at: None,
            created_by: String::new(),
        };
        put(store, |c| {
            c.insert_campaign(A, row("a", "Quà Tết", 1));
            c.insert_campaign(A, row("b", "Quà 8/3", 2));
            c.insert_campaign(A, row("c", "Tin tức", 3));
            c.insert_campaign(B, row("a", "Quà Tết", 1));
        });
        let names = |part: &str, limit| -> Vec<String> {
            let found = get(store, |tx| tx.find_campaigns(A, part, limit));
            found.into_iter().map(|campaign| campaign.campaign_id).collect()
        };
        assert_eq!(names("qua", 9), ["b", "a"]);
        assert_eq!(names("qua", 1), ["b"]);
        assert_eq!(names("quà", 9), [""; 0]);
        let scheduled = |id: &str, name: &str, next| CampaignRow {
            state: "scheduled".into(),
            next_at: Some(at(next)),
            ..row(id, name, 1)
        };
        put(store, |c| {
            c.update_campaign(A, &scheduled("a", "Quà Tết", 90), at(5));
            c.update_campaign(A, &scheduled("b", "Quà 8/3", 70), at(5));
        });
        let next = get(store, |tx| tx.scheduled_campaigns(A, 9));
        let expect = |id: &str, name: &str, ms| ScheduledRow {
            campaign_id: id.into(),
            name: name.into(),
            state: "scheduled".into(),
            channel: "email".into(),
            next_at: at(ms),
        };
        assert_eq!(next, [expect("b", "Quà 8/3", 70), expect("a", "Quà Tết", 90)]);
    });
}

/// What changed since an earlier reading, other processes included.
fn news(store: &Store, earlier: &TopicCounts) -> Vec<Topic> {
    store.spread_topics().unwrap();
    store.topics(A).unwrap().changed_since(earlier)
}

#[test]
fn a_change_is_counted_when_it_is_stored_and_for_its_shop_alone() {
    on_stores(|store| {
        let start = store.topics(A).unwrap();
        put(store, |c| c.set_search_text(A, no(1), "x".into()));
        assert_eq!(news(store, &start), [], "what no screen shows");
        put(store, |c| {
            c.insert_message(message(A, 1, "k1"));
            c.set_order(A, no(1), &order("web", "1", 20, 100));
            c.set_setup(B, "{}".into());
        });
        assert_eq!(news(store, &start), [Topic::Events, Topic::Messages]);
        let earlier = store.topics(A).unwrap();
        assert!(apply(store, |c| c.insert_message(message(A, 1, "k1"))).is_err());
        assert_eq!(news(store, &earlier), [], "what was refused");
        store
            .enqueue({
                let mut changes = Changeset::new();
                changes.set_setup(A, "{}".into());
                changes
            })
            .wait()
            .unwrap();
        assert_eq!(news(store, &earlier), [Topic::Settings]);
    });
}
