//! Campaigns, their runs, whom a run is still to reach, and what came of it.

use super::history::order;
use super::messages::message_of;
use super::{A, B, TEXTS, at, conflicts, duplicates, get, id, no, on_stores, pages, put};
use domain::consent::Channel;
use domain::profile::Profile;
use kit::{HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use store::Store;
use store::campaigns::{
    Answers, Archived, AudienceRow, CampaignFilter, CampaignRow, CampaignRunRow, DomainRow, LinkRow,
    OrderMark, RunKey, Touch,
};
use store::messages::{MessageRow, Responses};

pub const METHODS: &[&str] = &[
    "insert_campaign",
    "update_campaign",
    "delete_campaign",
    "insert_campaign_run",
    "update_campaign_run",
    "set_audience",
    "clear_audience",
    "clear_wave",
    "hold_campaign_messages",
    "release_message",
    "cancel_campaign_messages",
    "one_message_a_run",
    "campaign",
    "campaign_page",
    "campaign_run",
    "campaign_runs",
    "audience",
    "audience_waves",
    "audience_from",
    "audience_of_chunk",
    "profile_numbers",
    "profiles_exist",
    "profile_became",
    "campaign_has",
    "campaign_people_since",
    "channel_backlog",
    "campaign_open",
    "held_messages",
    "campaign_states",
    "campaign_messages",
    "campaign_answers",
    "campaign_hours",
    "campaign_domains",
    "campaign_runs_between",
    "campaign_links",
    "campaign_orders",
    "touches_of",
];

const RUN: RunKey<'static> = RunKey { workspace: A, campaign_id: "c", run_no: 1 };

fn campaign(id: &str, name: &str, created: i64) -> CampaignRow {
    CampaignRow {
        campaign_id: id.into(),
        name: name.into(),
        state: "draft".into(),
        detail: String::new(),
        channel: "email".into(),
        definition: "{}".into(),
        run_no: 0,
        next_at: None,
        revision: 1,
        created_at: at(created),
        updated_at: at(created),
        archived_at: None,
        created_by: "key:1".into(),
    }
}

fn run(run_no: i64) -> CampaignRunRow {
    CampaignRunRow {
        run_no,
        state: "gathering".into(),
        started_at: at(run_no),
        ended_at: None,
        doc: "{}".into(),
    }
}

/// A message of the run `RUN`, queued.
fn ours(profile: i64, message_no: i64) -> MessageRow {
    MessageRow {
        origin: "campaign".into(),
        campaign_id: Some("c".into()),
        campaign_run: Some(1),
        ..message_of(A, profile, message_no, &format!("campaign:c:1:{message_no}"))
    }
}

fn insert(store: &Store, rows: &[MessageRow]) {
    put(store, |c| rows.iter().for_each(|row| c.insert_message(row.clone())));
}

fn state_of(store: &Store, message_no: i64) -> (String, String) {
    let row = get(store, |tx| tx.message_by_no(A, message_no)).unwrap();
    (row.state, row.reason)
}

fn states(store: &Store, numbers: &[i64]) -> Vec<String> {
    numbers.iter().map(|message_no| state_of(store, *message_no).0).collect()
}

fn profile(n: i64) -> Profile {
    Profile::new(no(n), id(n as u128), at(0))
}

#[test]
fn a_campaign_comes_back_as_it_was() {
    on_stores(|store| {
        for (n, text) in TEXTS.iter().enumerate() {
            let row = CampaignRow {
                channel: (*text).into(),
                definition: (*text).into(),
                created_by: (*text).into(),
                ..campaign(&format!("c{n}"), text, n as i64)
            };
            put(store, |c| {
                // A draft whatever it says.
                let odd = CampaignRow { state: "done".into(), run_no: 7, revision: 9, ..row.clone() };
                c.insert_campaign(A, odd);
                c.insert_campaign(B, campaign(&row.campaign_id, "there", 0));
            });
            assert_eq!(get(store, |tx| tx.campaign(A, &row.campaign_id)), Some(row.clone()));
            duplicates(store, "campaign_insert", |c| c.insert_campaign(A, row.clone()));
            let changed = CampaignRow {
                name: format!("{text} anew"),
                state: "sending".into(),
                detail: (*text).into(),
                run_no: i64::MAX,
                next_at: Some(at(77)),
                archived_at: Some(at(78)),
                ..row.clone()
            };
            put(store, |c| c.update_campaign(A, &changed, at(99)));
            let stored = CampaignRow { revision: 2, updated_at: at(99), ..changed.clone() };
            assert_eq!(get(store, |tx| tx.campaign(A, &row.campaign_id)), Some(stored));
            conflicts(store, "campaign_update", |c| c.update_campaign(A, &changed, at(100)));
            assert_eq!(get(store, |tx| tx.campaign(B, &row.campaign_id)).unwrap().name, "there");
        }
        assert_eq!(get(store, |tx| tx.campaign(A, "none")), None);
    });
}

#[test]
fn only_a_draft_is_deleted() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_campaign(A, campaign("a", "a", 0));
            c.insert_campaign(B, campaign("a", "a", 0));
            c.insert_campaign(A, campaign("b", "b", 0));
            c.update_campaign(A, &CampaignRow { state: "done".into(), ..campaign("b", "b", 0) }, at(1));
        });
        conflicts(store, "campaign_delete", |c| c.delete_campaign(A, "a", 2));
        conflicts(store, "campaign_delete", |c| c.delete_campaign(A, "b", 2));
        put(store, |c| c.delete_campaign(A, "a", 1));
        assert_eq!(get(store, |tx| tx.campaign(A, "a")), None);
        assert!(get(store, |tx| tx.campaign(B, "a")).is_some());
    });
}

#[test]
fn campaigns_are_listed_newest_first_and_found_without_marks() {
    on_stores(|store| {
        let names = ["Tết Đinh Mùi", "Sale 8/3", "tet con", "Quà sinh nhật", "100% %_"];
        let mut rows: Vec<CampaignRow> = names
            .iter()
            .enumerate()
            .map(|(n, name)| campaign(&format!("c{n}"), name, n as i64 / 2))
            .collect();
        put(store, |c| {
            for row in &rows {
                c.insert_campaign(A, row.clone());
            }
            c.insert_campaign(B, campaign("x", "Tết", 0));
        });
        rows.reverse();
        rows.sort_by(|a, b| (b.created_at, &b.campaign_id).cmp(&(a.created_at, &a.campaign_id)));
        pages(&rows, |last, limit| {
            let before = last.map_or((Timestamp::MAX, ""), |row| (row.created_at, row.campaign_id.as_str()));
            get(store, |tx| tx.campaign_page(A, before, limit, CampaignFilter::default()))
        });
        let asked = |filter: CampaignFilter<'_>| {
            let rows = get(store, |tx| tx.campaign_page(A, (Timestamp::MAX, ""), 9, filter));
            rows.into_iter().map(|row| row.campaign_id).collect::<Vec<_>>()
        };
        let found =
            |state: &str, search: &str| asked(CampaignFilter { state, search, ..CampaignFilter::default() });
        assert_eq!(found("", "tet"), ["c2", "c0"]);
        assert_eq!(found("", "sinh nhat"), ["c3"]);
        assert_eq!(found("", "%_"), ["c4"]);
        assert_eq!(found("done", ""), Vec::<String>::new());
        assert_eq!(found("draft", "8/3"), ["c1"]);
        let away = rows.iter().find(|row| row.campaign_id == "c2").unwrap();
        put(store, |c| {
            c.update_campaign(A, &CampaignRow { archived_at: Some(at(5)), ..away.clone() }, at(5))
        });
        assert_eq!(found("", "tet"), ["c0"]);
        let archived =
            |archived| asked(CampaignFilter { archived, search: "tet", ..CampaignFilter::default() });
        assert_eq!(
            (archived(Archived::Only), archived(Archived::Too)),
            (vec!["c2".into()], vec!["c2".into(), "c0".into()])
        );
        let channel = |channel| asked(CampaignFilter { channel, ..CampaignFilter::default() }).len();
        assert_eq!((channel("email"), channel("sms")), (4, 0));
    });
}

#[test]
fn runs_come_back_as_they_were() {
    on_stores(|store| {
        let rows: Vec<CampaignRunRow> = (1..=5).rev().map(run).collect();
        put(store, |c| {
            for row in &rows {
                c.insert_campaign_run(A, "c", row.clone());
            }
            c.insert_campaign_run(A, "other", run(1));
            c.insert_campaign_run(B, "c", run(1));
        });
        duplicates(store, "campaign_run_insert", |c| c.insert_campaign_run(A, "c", run(1)));
        pages(&rows, |last, limit| {
            get(store, |tx| tx.campaign_runs(A, "c", last.map_or(i64::MAX, |row| row.run_no), limit))
        });
        let done =
            CampaignRunRow { state: "done".into(), ended_at: Some(at(9)), doc: TEXTS[3].into(), ..run(1) };
        put(store, |c| c.update_campaign_run(A, "c", done.clone()));
        assert_eq!(get(store, |tx| tx.campaign_run(RUN)), Some(done));
        assert_eq!(get(store, |tx| tx.campaign_run(RunKey { workspace: B, ..RUN })), Some(run(1)));
        assert_eq!(get(store, |tx| tx.campaign_run(RunKey { run_no: 6, ..RUN })), None);
        conflicts(store, "campaign_run_update", |c| c.update_campaign_run(A, "c", run(6)));
    });
}

#[test]
fn an_audience_is_kept_by_wave_and_chunk() {
    on_stores(|store| {
        let row = |wave, chunk, text: &str| AudienceRow { wave, chunk, members: text.as_bytes().to_vec() };
        let rows =
            [row(-1, 0, "l"), row(0, 2, "n"), row(7, 0, ""), row(7, 3, "\u{0}x"), row(i64::MAX, 1, "z")];
        put(store, |c| {
            for one in rows.iter().rev() {
                c.set_audience(RUN, one.clone());
            }
            c.set_audience(RunKey { run_no: 2, ..RUN }, row(7, 0, "another run"));
            c.set_audience(RunKey { workspace: B, ..RUN }, row(7, 0, "another shop"));
        });
        assert_eq!(get(store, |tx| tx.audience(RUN)), rows);
        assert_eq!(get(store, |tx| tx.audience_waves(RUN)), [-1, 0, 7, i64::MAX]);
        let from = |wave, chunk| get(store, |tx| tx.audience_from(RUN, wave, chunk));
        assert_eq!(from(7, 0), Some(rows[2].clone()));
        assert_eq!((from(7, 1), from(7, 4)), (Some(rows[3].clone()), None));
        let of = |wave, chunk| get(store, |tx| tx.audience_of_chunk(RUN, wave, chunk));
        assert_eq!((of(0, 2), of(0, 1)), (Some(b"n".to_vec()), None));
        put(store, |c| c.set_audience(RUN, row(0, 2, "more")));
        assert_eq!(of(0, 2), Some(b"more".to_vec()));
        put(store, |c| c.clear_wave(RUN, 7));
        assert_eq!(get(store, |tx| tx.audience_waves(RUN)), [-1, 0, i64::MAX]);
        put(store, |c| c.clear_audience(RUN));
        assert!(get(store, |tx| tx.audience(RUN)).is_empty());
        assert_eq!(get(store, |tx| tx.audience(RunKey { run_no: 2, ..RUN })).len(), 1);
        assert_eq!(get(store, |tx| tx.audience(RunKey { workspace: B, ..RUN })).len(), 1);
    });
}

#[test]
fn numbers_of_profiles_lead_to_who_they_became() {
    on_stores(|store| {
        put(store, |c| {
            (1..=4).for_each(|n| c.insert_profile(A, &profile(n)));
            c.insert_profile(B, &profile(9));
        });
        // 2 became 1, and then 1 became 3.
        put(store, |c| {
            c.absorb_profile(A, &profile(2), 1, no(1));
            c.log_merge(1, A, at(0), no(1), &profile(2), true, "joined", "staff");
            c.log_merge(2, A, at(0), no(1), &profile(4), false, "refused", "staff");
        });
        put(store, |c| {
            c.absorb_profile(A, &profile(1), 1, no(3));
            c.log_merge(3, A, at(0), no(3), &profile(1), true, "joined", "staff");
        });
        let mut numbers = get(store, |tx| tx.profile_numbers(A));
        numbers.sort_unstable();
        assert_eq!(numbers, [no(3), no(4)]);
        let of = [no(4), no(1), no(3), no(9)];
        assert_eq!(get(store, |tx| tx.profiles_exist(A, &of)), [true, false, true, false]);
        let became = |n| get(store, |tx| tx.profile_became(A, no(n)));
        assert_eq!((became(1), became(2), became(4), became(9)), (Some(no(3)), Some(no(3)), None, None));
        assert_eq!(get(store, |tx| tx.profile_became(B, no(1))), None);
    });
}

#[test]
fn what_is_open_of_a_run_is_held_released_and_called_off() {
    on_stores(|store| {
        let state = |profile, message_no, state: &str, due: i64| MessageRow {
            state: state.into(),
            due_at: at(due),
            ..ours(profile, message_no)
        };
        insert(
            store,
            &[
                state(1, 1, "queued", 30),
                state(2, 2, "queued", 20),
                state(3, 3, "sending", 10),
                state(4, 4, "accepted", 0),
                state(5, 5, "refused", 0),
                MessageRow { campaign_run: Some(2), key: "k6".into(), ..state(1, 6, "queued", 40) },
                MessageRow {
                    campaign_id: Some("other".into()),
                    key: "k7".into(),
                    ..state(1, 7, "queued", 5)
                },
                MessageRow { workspace: B, ..state(1, 8, "queued", 5) },
                MessageRow {
                    campaign_id: None,
                    campaign_run: None,
                    key: "k9".into(),
                    ..state(1, 9, "queued", 5)
                },
            ],
        );
        assert_eq!(get(store, |tx| tx.campaign_open(RUN)), (3, Some(at(10))));
        assert_eq!(get(store, |tx| tx.campaign_open(RunKey { run_no: 3, ..RUN })), (0, None));
        let has = |of: &[i64]| {
            let of: Vec<ProfileNo> = of.iter().map(|n| no(*n)).collect();
            get(store, |tx| tx.campaign_has(RUN, &of))
        };
        assert_eq!(has(&[5, 4, 3, 2, 9]), [false, true, true, true, false]);
        put(store, |c| c.hold_campaign_messages(A, "c"));
        assert_eq!(
            states(store, &[1, 2, 3, 4, 5, 6, 7, 9]),
            ["held", "held", "sending", "accepted", "refused", "held", "queued", "queued"]
        );
        assert_eq!(get(store, |tx| tx.message_by_no(B, 8)).unwrap().state, "queued");
        assert_eq!(get(store, |tx| tx.due_messages(Channel::Email, None, at(99), 9)).len(), 3);
        assert_eq!(get(store, |tx| tx.held_messages(RUN)), [(2, at(20)), (1, at(30))]);
        assert_eq!(get(store, |tx| tx.campaign_open(RUN)), (3, Some(at(10))));
        put(store, |c| c.release_message(A, 2, at(500), at(400)));
        let released = get(store, |tx| tx.message_by_no(A, 2)).unwrap();
        assert_eq!(
            (released.state.as_str(), released.due_at, released.decided_at),
            ("queued", at(500), at(400))
        );
        conflicts(store, "campaign_release", |c| c.release_message(A, 2, at(1), at(1)));
        put(store, |c| c.cancel_campaign_messages(A, "c", "campaign_cancelled"));
        assert_eq!(
            states(store, &[1, 2, 3, 4, 5, 6, 7, 9]),
            ["cancelled", "cancelled", "sending", "accepted", "refused", "cancelled", "queued", "queued"]
        );
        assert_eq!(state_of(store, 1).1, "campaign_cancelled");
        let told: Vec<_> = get(store, |tx| tx.campaign_states(RUN));
        let word = |state: &str, reason: &str, count| (state.to_owned(), reason.to_owned(), count);
        assert_eq!(
            told,
            [
                word("accepted", "", 1),
                word("cancelled", "campaign_cancelled", 2),
                word("refused", "", 1),
                word("sending", "", 1)
            ]
        );
    });
}

#[test]
fn somebody_who_was_two_gets_one_message_of_a_run() {
    on_stores(|store| {
        let state = |message_no, state: &str, run_no| MessageRow {
            state: state.into(),
            campaign_run: Some(run_no),
            ..ours(1, message_no)
        };
        insert(
            store,
            &[
                // Two that wait: the first stays.
                state(1, "queued", 1),
                state(2, "held", 1),
                // One that is out already.
                state(3, "queued", 2),
                state(4, "accepted", 2),
                // One that never will be.
                state(5, "refused", 3),
                state(6, "queued", 3),
                MessageRow { profile: no(2), ..state(7, "queued", 1) },
            ],
        );
        put(store, |c| c.one_message_a_run(A, no(1)));
        assert_eq!(
            states(store, &[1, 2, 3, 4, 5, 6, 7]),
            ["queued", "cancelled", "cancelled", "accepted", "refused", "queued", "queued"]
        );
        assert_eq!(state_of(store, 3).1, "merged");
    });
}

#[test]
fn the_messages_of_a_run_are_listed_by_person() {
    on_stores(|store| {
        let mut rows: Vec<MessageRow> = [(3, 1), (1, 2), (2, 3), (1, 4)].map(|(who, n)| ours(who, n)).into();
        rows[2].state = "refused".into();
        rows[2].reason = "no_consent".into();
        insert(store, &rows);
        insert(store, &[MessageRow { campaign_run: Some(2), key: "k5".into(), ..ours(1, 5) }]);
        rows.sort_by_key(|row| (row.profile, row.message_no));
        pages(&rows, |last, limit| {
            let after = last.map_or((no(0), 0), |row| (row.profile, row.message_no));
            get(store, |tx| tx.campaign_messages(RUN, after, limit, ("", "", "")))
        });
        let found = |state, reason| {
            get(store, |tx| tx.campaign_messages(RUN, (no(0), 0), 9, (state, reason, ""))).len()
        };
        assert_eq!((found("queued", ""), found("refused", ""), found("", "no_consent")), (3, 1, 1));
        assert_eq!(found("queued", "no_consent"), 0);
    });
}

#[test]
fn the_backlog_of_a_channel_is_counted_up_to_a_limit() {
    on_stores(|store| {
        let rows: Vec<MessageRow> =
            (1..=5).map(|n| MessageRow { due_at: at(n), ..message_of(A, n, n, &format!("k{n}")) }).collect();
        insert(store, &rows);
        let backlog = |channel, until, limit| get(store, |tx| tx.channel_backlog(channel, at(until), limit));
        assert_eq!(backlog(Channel::Email, 9, 9), 5);
        assert_eq!(backlog(Channel::Email, 3, 9), 3);
        assert_eq!(backlog(Channel::Email, 9, 2), 2);
        assert_eq!(backlog(Channel::Sms, 9, 9), 0);
    });
}

/// Hands a message over at the instant.
fn accept(store: &Store, message: &MessageRow, offset_ms: i64) {
    put(store, |c| {
        c.claim_message(message, "an@example.com", at(offset_ms));
        c.accept_message(message.message_no, String::new(), at(offset_ms), None);
    });
}

#[test]
fn who_got_a_campaign_of_late() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_campaign_run(A, "c", run(1));
            c.insert_campaign_run(A, "old", run(1));
            let ended = CampaignRunRow { ended_at: Some(at(50)), ..run(1) };
            c.update_campaign_run(A, "old", ended);
            c.insert_campaign_run(B, "c", run(1));
        });
        let old = |profile, n| MessageRow { campaign_id: Some("old".into()), ..ours(profile, n) };
        let rows = [ours(1, 1), ours(2, 2), ours(3, 3), old(4, 4), old(1, 5), ours(6, 6)];
        insert(store, &rows);
        accept(store, &rows[0], 100);
        accept(store, &rows[1], 60);
        accept(store, &rows[3], 40);
        accept(store, &rows[4], 45);
        put(store, |c| c.claim_message(&rows[5], "x", at(120)));
        let since = |offset| {
            let mut people = get(store, |tx| tx.campaign_people_since(A, at(offset)));
            people.sort_unstable();
            people.dedup();
            people.into_iter().map(|no| no.0).collect::<Vec<_>>()
        };
        assert_eq!(since(0), [1, 2, 4, 6]);
        assert_eq!(since(45), [1, 2, 6]);
        assert_eq!(since(61), [1, 6]);
        assert!(get(store, |tx| tx.campaign_people_since(B, at(0))).is_empty());
    });
}

#[test]
fn what_people_did_with_the_messages_of_a_run() {
    on_stores(|store| {
        let rows: Vec<MessageRow> = (1..=4).map(|n| ours(n, n)).collect();
        insert(store, &rows);
        let other = MessageRow { campaign_id: None, campaign_run: None, key: "j".into(), ..ours(1, 5) };
        let trial = MessageRow { origin: "test".into(), key: "t".into(), ..other.clone() };
        insert(store, &[other, MessageRow { message_no: 6, id: "id6".into(), ..trial }]);
        for (n, row) in rows.iter().enumerate().take(3) {
            accept(store, row, n as i64 * HOUR_MS);
        }
        let respond = |message_no, offset: i64, what: &'static str, detail: &str| {
            let counted = match what {
                "opened" => Responses { opens: 1, first_opened_at: Some(at(offset)), ..Responses::default() },
                "clicked" => {
                    Responses { clicks: 1, first_clicked_at: Some(at(offset)), ..Responses::default() }
                }
                "machine_opened" => Responses { machine_opens: 1, ..Responses::default() },
                _ => Responses { unsubscribed_at: Some(at(offset)), ..Responses::default() },
            };
            put(store, |c| {
                c.add_responses(A, message_no, &counted);
                c.log_message(A, message_no, at(offset), what, detail.to_owned());
            });
        };
        respond(1, HOUR_MS, "opened", "");
        respond(1, 2 * HOUR_MS, "opened", "");
        respond(1, 2 * HOUR_MS + 1, "clicked", "https://a");
        respond(1, 2 * HOUR_MS + 2, "clicked", "https://a");
        respond(2, HOUR_MS, "clicked", "https://b");
        respond(2, HOUR_MS + 5, "clicked", "https://a");
        respond(3, HOUR_MS, "machine_opened", "");
        respond(3, HOUR_MS, "unsubscribed", "");
        respond(5, 9 * HOUR_MS, "opened", "");
        respond(6, 9 * HOUR_MS, "opened", "");
        assert_eq!(
            get(store, |tx| tx.campaign_answers(RUN)),
            Answers { opened: 1, clicked: 2, unsubscribed: 1, machine: 1 }
        );
        assert_eq!(get(store, |tx| tx.campaign_answers(RunKey { run_no: 2, ..RUN })), Answers::default());
        let whose = |did| {
            let rows = get(store, |tx| tx.campaign_messages(RUN, (no(0), 0), 9, ("", "", did)));
            rows.into_iter().map(|row| row.message_no).collect::<Vec<_>>()
        };
        assert_eq!(
            (whose("opened"), whose("clicked"), whose("unsubscribed")),
            (vec![1], vec![1, 2], vec![3])
        );
        assert_eq!((whose("machine"), whose("nothing"), whose("else")), (vec![3], vec![3, 4], vec![]));
        let domains = get(store, |tx| tx.campaign_domains(RUN, 9));
        let domain = DomainRow {
            domain: "example.com".into(),
            tried: 3,
            accepted: 3,
            failed: 0,
            opened: 1,
            clicked: 2,
            unsubscribed: 1,
        };
        assert_eq!(domains, [domain]);
        assert!(get(store, |tx| tx.campaign_domains(RunKey { run_no: 2, ..RUN }, 9)).is_empty());
        let hour = |offset_hours: i64| {
            let ms = at(offset_hours * HOUR_MS).ms();
            Timestamp::from_ms(ms - ms % HOUR_MS)
        };
        let mut hours = get(store, |tx| tx.campaign_hours(RUN));
        hours.sort();
        let expected: Vec<(String, Timestamp, i64)> = [
            ("accepted", 0, 1),
            ("accepted", 1, 1),
            ("accepted", 2, 1),
            ("clicked", 1, 1),
            ("clicked", 2, 1),
            ("opened", 1, 1),
        ]
        .into_iter()
        .map(|(what, hours, count)| (what.to_owned(), hour(hours), count))
        .collect();
        assert_eq!(hours, expected);
        let link = |url: &str, people, clicks| LinkRow { url: url.into(), people, clicks };
        assert_eq!(
            get(store, |tx| tx.campaign_links(RUN, 9)),
            [link("https://a", 2, 3), link("https://b", 1, 1)]
        );
        assert_eq!(get(store, |tx| tx.campaign_links(RUN, 1)).len(), 1);
        let touch =
            |ours: bool, offset| Touch { campaign: ours.then(|| ("c".to_owned(), 1)), at: at(offset) };
        let touches = get(store, |tx| tx.touches_of(A, &[no(1), no(9), no(2)]));
        assert_eq!(
            touches,
            [
                vec![
                    touch(true, HOUR_MS),
                    touch(true, 2 * HOUR_MS),
                    touch(true, 2 * HOUR_MS + 1),
                    touch(true, 2 * HOUR_MS + 2),
                    touch(false, 9 * HOUR_MS)
                ],
                vec![],
                vec![touch(true, HOUR_MS), touch(true, HOUR_MS + 5)]
            ]
        );
        assert_eq!(get(store, |tx| tx.touches_of(B, &[no(1)])), [vec![]]);
    });
}

#[test]
fn runs_are_found_by_the_day_on_which_they_began() {
    on_stores(|store| {
        let run = |n, started| CampaignRunRow { started_at: at(started), ..run(n) };
        put(store, |c| {
            c.insert_campaign_run(A, "b", run(1, 10));
            c.insert_campaign_run(A, "a", run(1, 10));
            c.insert_campaign_run(A, "a", run(2, 20));
            c.insert_campaign_run(B, "a", run(3, 10));
        });
        let found = |from, until, limit| {
            let rows = get(store, |tx| tx.campaign_runs_between(A, at(from), at(until), limit));
            rows.into_iter().map(|(id, run)| (id, run.run_no)).collect::<Vec<_>>()
        };
        let word = |id: &str, n| (id.to_owned(), n);
        assert_eq!(found(0, 99, 9), [word("a", 1), word("b", 1), word("a", 2)]);
        assert_eq!(found(10, 20, 1), [word("a", 1)]);
        assert_eq!(found(11, 21, 9), [word("a", 2)]);
        assert_eq!(found(21, 99, 9), []);
    });
}

#[test]
fn orders_that_came_after_an_open_or_a_click() {
    on_stores(|store| {
        insert(store, &[ours(1, 1), ours(2, 2), ours(3, 3)]);
        put(store, |c| {
            let opened = Responses { opens: 1, first_opened_at: Some(at(100)), ..Responses::default() };
            c.add_responses(A, 1, &opened);
            let clicked = Responses { clicks: 1, first_clicked_at: Some(at(50)), ..Responses::default() };
            c.add_responses(A, 2, &clicked);
            c.set_order(A, no(1), &order("site", "early", 99, 5));
            c.set_order(A, no(1), &order("site", "on-time", 100, 7));
            c.set_order(A, no(2), &order("site", "later", 500, 11));
            c.set_order(A, no(3), &order("site", "untouched", 500, 13));
            c.set_order(B, no(1), &order("site", "there", 500, 17));
        });
        let mark = |order_id: &str, profile, placed, net| OrderMark {
            source: "site".into(),
            order_id: order_id.into(),
            profile: no(profile),
            placed_at: at(placed),
            net,
        };
        assert_eq!(
            get(store, |tx| tx.campaign_orders(RUN, "VND")),
            [mark("later", 2, 500, 11), mark("on-time", 1, 100, 7)]
        );
        assert!(get(store, |tx| tx.campaign_orders(RUN, "USD")).is_empty());
        assert!(get(store, |tx| tx.campaign_orders(RunKey { run_no: 2, ..RUN }, "VND")).is_empty());
    });
}

#[test]
fn shops_do_not_meet() {
    fn of(workspace: WorkspaceId) -> RunKey<'static> {
        RunKey { workspace, ..RUN }
    }
    on_stores(|store| {
        insert(store, &[ours(1, 1)]);
        assert_eq!(get(store, |tx| tx.campaign_open(of(B))), (0, None));
        assert!(get(store, |tx| tx.campaign_states(of(B))).is_empty());
        assert_eq!(get(store, |tx| tx.campaign_has(of(B), &[no(1)])), [false]);
        put(store, |c| {
            c.hold_campaign_messages(B, "c");
            c.cancel_campaign_messages(B, "c", "x");
            c.one_message_a_run(B, no(1));
        });
        assert_eq!(state_of(store, 1).0, "queued");
    });
}
