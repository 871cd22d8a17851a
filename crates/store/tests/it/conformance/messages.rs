//! Templates, the message ledger, and what became of each message.

use super::{A, B, TEXTS, at, conflicts, duplicates, get, no, on_stores, pages, put};
use domain::consent::Channel;
use domain::ways::Results;
use kit::{Timestamp, WorkspaceId};
use store::Store;
use store::history::MessageKey;
use store::messages::{
    Body, Course, LedgerOf, MessageLogRow, MessageRow, Responses, SuppressionFilter, SuppressionRow,
    TemplateRow,
};

pub const METHODS: &[&str] = &[
    "insert_template",
    "update_template",
    "insert_message",
    "claim_message",
    "accept_message",
    "message_delivered",
    "message_seen",
    "message_returned",
    "set_message_price",
    "remember_telling",
    "course",
    "switch_message",
    "set_fall_back",
    "uncount_attempt",
    "set_ask",
    "asks_due",
    "next_ask",
    "fall_backs_due",
    "next_fall_back",
    "channel_results",
    "message_by_provider_id",
    "turn_message",
    "cancel_messages_of_run",
    "log_message",
    "set_body",
    "expire_bodies",
    "add_responses",
    "suppress",
    "release_suppression",
    "template",
    "templates",
    "template_version",
    "due_messages",
    "next_message_due",
    "stranded_messages",
    "message",
    "message_by_no",
    "message_by_key",
    "message_key_is_taken",
    "messages_of_profile",
    "message_page",
    "ledger",
    "subjects",
    "message_states",
    "message_log",
    "body",
    "responses",
    "suppressions_of",
    "suppression_page",
    "suppression_counts",
];

/// A queued advertisement to profile 1 as it is after it was stored.
pub fn message(workspace: WorkspaceId, message_no: i64, key: &str) -> MessageRow {
    MessageRow {
        message_no,
        workspace,
        id: format!("id{message_no}"),
        key: key.into(),
        profile: no(1),
        origin: "journey".into(),
        journey_id: None,
        run_id: None,
        node: None,
        campaign_id: None,
        campaign_run: None,
        template_id: None,
        template_version: None,
        channel: "email".into(),
        purpose: "marketing".into(),
        address: None,
        state: "queued".into(),
        reason: String::new(),
        detail: String::new(),
        decided_at: at(0),
        due_at: at(0),
        attempts: 0,
        attempted_at: None,
        accepted_at: None,
        provider_id: None,
        context: "{}".into(),
    }
}

pub fn message_of(workspace: WorkspaceId, profile: i64, message_no: i64, key: &str) -> MessageRow {
    MessageRow { profile: no(profile), ..message(workspace, message_no, key) }
}

fn by_no(store: &Store, workspace: WorkspaceId, message_no: i64) -> MessageRow {
    get(store, |tx| tx.message_by_no(workspace, message_no)).unwrap()
}

fn insert(store: &Store, rows: &[MessageRow]) {
    put(store, |c| rows.iter().for_each(|row| c.insert_message(row.clone())));
}

fn numbers(rows: &[MessageRow]) -> Vec<i64> {
    rows.iter().map(|row| row.message_no).collect()
}

fn template_row(template_id: &str, name: &str, source: &str) -> TemplateRow {
    TemplateRow {
        template_id: template_id.into(),
        name: name.into(),
        channel: "email".into(),
        version: 1,
        created_at: at(0),
        updated_at: at(0),
        source: source.into(),
    }
}

#[test]
fn a_template_comes_back_as_it_was() {
    on_stores(|store| {
        let ids = ["b", "B", "ă", "a", "10", "9", ""];
        let mut rows: Vec<_> =
            ids.iter().zip(TEXTS).map(|(one, text)| template_row(one, text, text)).collect();
        put(store, |c| {
            for row in &rows {
                c.insert_template(A, row);
                c.insert_template(B, &template_row(&row.template_id, "there", "there"));
            }
        });
        for row in &rows {
            assert_eq!(get(store, |tx| tx.template(A, &row.template_id)), Some(row.clone()));
            let there = template_row(&row.template_id, "there", "there");
            assert_eq!(get(store, |tx| tx.template(B, &row.template_id)), Some(there));
            duplicates(store, "template_insert", |c| c.insert_template(A, row));
        }
        rows.sort_by(|a, b| a.template_id.cmp(&b.template_id));
        assert_eq!(get(store, |tx| tx.templates(A)), rows);
        assert_eq!(get(store, |tx| tx.template(A, "none")), None);
        assert!(get(store, |tx| tx.templates(WorkspaceId(0))).is_empty());
    });
}

#[test]
fn a_template_keeps_its_versions() {
    on_stores(|store| {
        let first = template_row("t", "Chào", "{\"v\":1}");
        put(store, |c| {
            c.insert_template(A, &first);
            c.insert_template(B, &first);
        });
        let second = TemplateRow {
            name: "Chào lại".into(),
            channel: "sms".into(),
            source: "{\"v\":\"hai\"}".into(),
            updated_at: at(9),
            ..first.clone()
        };
        put(store, |c| c.update_template(A, &second));
        assert_eq!(get(store, |tx| tx.template(A, "t")), Some(TemplateRow { version: 2, ..second.clone() }));
        for version in [0, 1, 3] {
            conflicts(store, "template_update", |c| {
                c.suppress(A, suppression("email", "nobody@shop.vn", "manual"));
                c.update_template(A, &TemplateRow { version, ..second.clone() });
            });
        }
        assert!(get(store, |tx| tx.suppression_page(A, EMAIL, ("", ""), 9)).is_empty());
        let version = |workspace, of: &str, n| get(store, |tx| tx.template_version(workspace, of, n));
        assert_eq!(version(A, "t", 1).as_deref(), Some("{\"v\":1}"));
        assert_eq!(version(A, "t", 2).as_deref(), Some("{\"v\":\"hai\"}"));
        assert_eq!((version(A, "t", 3), version(B, "t", 2), version(A, "T", 1)), (None, None, None));
        assert_eq!(get(store, |tx| tx.template(B, "t")), Some(first));
    });
}

#[test]
fn a_decision_comes_back_as_it_was() {
    on_stores(|store| {
        let mut rows = Vec::new();
        for (n, text) in TEXTS.iter().enumerate() {
            let told = (n % 2 == 0).then(|| (*text).to_owned());
            rows.push(MessageRow {
                id: format!("id {n} {text}"),
                profile: no(i64::MAX - n as i64),
                origin: (*text).into(),
                journey_id: told.clone(),
                run_id: told.clone(),
                node: told.clone(),
                campaign_id: told.clone(),
                campaign_run: (n % 2 == 0).then_some(i64::MAX - n as i64),
                template_id: told.clone(),
                channel: (*text).into(),
                purpose: (*text).into(),
                address: told,
                state: (*text).into(),
                reason: (*text).into(),
                decided_at: at(-(n as i64)),
                due_at: Timestamp::MAX,
                context: (*text).into(),
                ..message(A, i64::MAX - n as i64, &format!("key {n} {text}"))
            });
        }
        insert(store, &rows);
        for row in &rows {
            assert_eq!(by_no(store, A, row.message_no), *row);
            assert_eq!(get(store, |tx| tx.message(A, &row.id)), Some(row.clone()));
            assert_eq!(get(store, |tx| tx.message_by_key(A, &row.key)), Some(row.clone()));
            assert!(get(store, |tx| tx.message_key_is_taken(A, &row.key)));
            // Nothing of it is seen from elsewhere.
            assert_eq!(get(store, |tx| tx.message_by_no(B, row.message_no)), None);
            assert_eq!(get(store, |tx| tx.message(B, &row.id)), None);
            assert_eq!(get(store, |tx| tx.message_by_key(B, &row.key)), None);
            assert!(!get(store, |tx| tx.message_key_is_taken(B, &row.key)));
        }
        // What only an attempt can know starts empty.
        let early = MessageRow {
            detail: "x".into(),
            template_version: Some(3),
            attempts: 9,
            attempted_at: Some(at(1)),
            accepted_at: Some(at(1)),
            provider_id: Some("x".into()),
            ..message(A, 1, "early")
        };
        insert(store, &[early]);
        assert_eq!(by_no(store, A, 1), message(A, 1, "early"));
        assert!(!get(store, |tx| tx.message_key_is_taken(A, "key")));
        assert_eq!(get(store, |tx| tx.message(A, "")), None);
    });
}

#[test]
fn a_decision_is_made_once() {
    on_stores(|store| {
        insert(store, &[message(A, 1, "run/step/1")]);
        let again = message(A, 2, "run/step/1");
        duplicates(store, "message_insert", |c| {
            c.log_message(A, 1, at(0), "decided", String::new());
            c.insert_message(again.clone());
        });
        assert!(get(store, |tx| tx.message_log(A, 1)).is_empty());
        duplicates(store, "message_insert", |c| {
            c.insert_message(MessageRow { id: "id1".into(), ..message(A, 2, "another") });
        });
        duplicates(store, "message_insert", |c| c.insert_message(message(B, 1, "any")));
        // The same key and id in another workspace are another message.
        insert(store, &[MessageRow { id: "id1".into(), ..message(B, 3, "run/step/1") }]);
        assert_eq!(get(store, |tx| tx.message(A, "id1")).unwrap().message_no, 1);
        assert_eq!(get(store, |tx| tx.message(B, "id1")).unwrap().message_no, 3);
    });
}

#[test]
fn messages_are_due_by_channel_in_their_order() {
    on_stores(|store| {
        // Number, workspace, channel, due, state.
        let cases = [
            (1, A, "email", 5, "queued"),
            (2, B, "email", 5, "queued"),
            (3, A, "email", -7, "queued"),
            (4, A, "email", 9, "queued"),
            (5, A, "email", -9, "cancelled"),
            (6, A, "sms", -20, "queued"),
            (7, B, "email", 5, "queued"),
        ];
        let rows: Vec<_> = cases
            .iter()
            .map(|(n, workspace, channel, due, state)| MessageRow {
                channel: (*channel).into(),
                due_at: at(*due),
                state: (*state).into(),
                ..message(*workspace, *n, &format!("k{n}"))
            })
            .collect();
        for channel in Channel::ALL {
            assert_eq!(get(store, |tx| tx.next_message_due(*channel)), None);
        }
        insert(store, &rows);
        for (until, expect) in
            [(-8, &[][..]), (-7, &[3]), (4, &[3]), (5, &[3, 1, 2, 7]), (9, &[3, 1, 2, 7, 4])]
        {
            for limit in [0, 1, 3, 100] {
                let due = get(store, |tx| tx.due_messages(Channel::Email, None, at(until), limit));
                assert_eq!(numbers(&due), expect[..expect.len().min(limit as usize)], "{until} {limit}");
            }
        }
        assert_eq!(get(store, |tx| tx.due_messages(Channel::Sms, None, at(0), 9)), rows[5..6]);
        assert!(get(store, |tx| tx.due_messages(Channel::Push, None, Timestamp::MAX, 9)).is_empty());
        let next = |channel| get(store, |tx| tx.next_message_due(channel));
        assert_eq!(
            (next(Channel::Email), next(Channel::Sms), next(Channel::Zalo)),
            (Some(at(-7)), Some(at(-20)), None)
        );
        put(store, |c| c.claim_message(&rows[2], "a@shop.vn", at(0)));
        assert_eq!(next(Channel::Email), Some(at(5)));
    });
}

#[test]
fn a_message_is_claimed_accepted_and_turned_only_from_the_state_it_is_in() {
    on_stores(|store| {
        let queued =
            MessageRow { reason: "quiet_hours".into(), template_id: Some("t".into()), ..message(A, 1, "k") };
        insert(store, &[queued.clone(), message(B, 2, "k")]);
        let other = || by_no(store, B, 2);
        conflicts(store, "message_accept", |c| c.accept_message(1, String::new(), at(1), None));
        let claim = MessageRow { template_version: Some(i64::MAX), ..queued.clone() };
        put(store, |c| c.claim_message(&claim, "ánh@shop.vn", at(3)));
        let sending = MessageRow {
            state: "sending".into(),
            reason: String::new(),
            attempts: 1,
            attempted_at: Some(at(3)),
            address: Some("ánh@shop.vn".into()),
            ..claim.clone()
        };
        assert_eq!(by_no(store, A, 1), sending);
        conflicts(store, "message_claim", |c| {
            c.log_message(A, 1, at(4), "claimed", String::new());
            c.claim_message(&claim, "x", at(4));
        });
        assert!(get(store, |tx| tx.message_log(A, 1)).is_empty());
        // Back into the queue, and out again without a template.
        put(store, |c| {
            c.turn_message(1, "sending", "queued", "busy", "429 ạ".into(), at(60), None);
        });
        let again = MessageRow {
            state: "queued".into(),
            reason: "busy".into(),
            detail: "429 ạ".into(),
            due_at: at(60),
            ..sending.clone()
        };
        assert_eq!(by_no(store, A, 1), again, "without an address the one it has stays");
        for from in ["sending", "accepted", "", "QUEUED"] {
            conflicts(store, "message_turn", |c| {
                c.turn_message(1, from, "failed", "", String::new(), at(0), None);
            });
        }
        put(store, |c| {
            c.turn_message(1, "queued", "queued", "", String::new(), at(70), Some("b@shop.vn".into()));
        });
        assert_eq!(by_no(store, A, 1).address.as_deref(), Some("b@shop.vn"));
        put(store, |c| c.claim_message(&MessageRow { template_version: None, ..claim.clone() }, "", at(71)));
        put(store, |c| c.accept_message(1, "250 ok".into(), at(72), Some("prov-1".into())));
        let accepted = MessageRow {
            state: "accepted".into(),
            reason: String::new(),
            detail: "250 ok".into(),
            due_at: at(70),
            attempts: 2,
            attempted_at: Some(at(71)),
            accepted_at: Some(at(72)),
            provider_id: Some("prov-1".into()),
            template_version: None,
            address: Some(String::new()),
            ..sending
        };
        assert_eq!(by_no(store, A, 1), accepted);
        conflicts(store, "message_accept", |c| c.accept_message(1, "again".into(), at(73), None));
        conflicts(store, "message_claim", |c| c.claim_message(&claim, "x", at(74)));
        put(store, |c| c.turn_message(1, "accepted", "failed", "bounced", "5.1.1".into(), at(70), None));
        assert_eq!(by_no(store, A, 1).state, "failed");
        assert_eq!(other(), message(B, 2, "k"), "the other workspace's message stays as it was");
        put(store, |c| c.claim_message(&other(), "b", at(1)));
        put(store, |c| c.accept_message(2, String::new(), Timestamp::MIN, None));
        assert_eq!((other().provider_id, other().accepted_at), (None, Some(Timestamp::MIN)));
    });
}

#[test]
fn stranded_are_those_whose_hand_over_was_begun() {
    on_stores(|store| {
        let rows: Vec<_> = [(5, A), (2, B), (9, A), (1, A)]
            .map(|(n, workspace)| message(workspace, n, &format!("k{n}")))
            .into();
        insert(store, &rows);
        assert!(get(store, |tx| tx.stranded_messages(9)).is_empty());
        put(store, |c| rows[..3].iter().for_each(|row| c.claim_message(row, "a", at(1))));
        let stranded = |limit| numbers(&get(store, |tx| tx.stranded_messages(limit)));
        assert_eq!((stranded(9), stranded(2), stranded(0)), (vec![2, 5, 9], vec![2, 5], vec![]));
        put(store, |c| c.turn_message(5, "sending", "unknown", "", String::new(), at(0), None));
        put(store, |c| c.accept_message(2, String::new(), at(2), None));
        assert_eq!(get(store, |tx| tx.stranded_messages(9)), [by_no(store, A, 9)]);
    });
}

#[test]
fn a_run_that_ends_calls_off_its_advertisements() {
    on_stores(|store| {
        let of = |n: i64, workspace, run_id: Option<&str>| MessageRow {
            run_id: run_id.map(str::to_owned),
            ..message(workspace, n, &format!("k{n}"))
        };
        let rows = [
            of(1, A, Some("r")),
            of(2, A, Some("r")),
            MessageRow { purpose: "transactional".into(), ..of(3, A, Some("r")) },
            of(4, A, Some("other")),
            of(5, A, None),
            of(6, B, Some("r")),
            of(7, A, Some("r")),
        ];
        insert(store, &rows);
        put(store, |c| c.claim_message(&rows[1], "a", at(0)));
        put(store, |c| c.cancel_messages_of_run(A, "r", "exit:order ạ"));
        put(store, |c| c.cancel_messages_of_run(A, "none", "x"));
        let states: Vec<_> = rows.iter().map(|row| by_no(store, row.workspace, row.message_no)).collect();
        let states: Vec<_> = states.iter().map(|row| (row.state.as_str(), row.reason.as_str())).collect();
        let (off, queued) = (("cancelled", "exit:order ạ"), ("queued", ""));
        assert_eq!(states, [off, ("sending", ""), queued, queued, queued, queued, off]);
    });
}

/// Messages over two workspaces, three profiles, and several states, channels and journeys.
fn ledger(store: &Store) -> Vec<MessageRow> {
    let mut rows = Vec::new();
    for n in 1..=24i64 {
        let at_n = n as usize;
        rows.push(MessageRow {
            workspace: if n % 4 == 0 { B } else { A },
            profile: no(1 + n % 3),
            state: ["queued", "accepted", "refused"][at_n / 2 % 3].into(),
            reason: ["", "quiet_hours"][at_n / 6 % 2].into(),
            channel: ["email", "sms"][at_n / 3 % 2].into(),
            journey_id: [None, Some("j"), Some("ĵ")][at_n % 3].map(str::to_owned),
            decided_at: at(n / 6),
            ..message(A, n, &format!("k{n}"))
        });
    }
    insert(store, &rows);
    rows.reverse();
    rows
}

#[test]
fn the_ledger_is_paged_newest_first() {
    on_stores(|store| {
        let rows = ledger(store);
        for workspace in [A, B] {
            let own: Vec<_> = rows.iter().filter(|row| row.workspace == workspace).cloned().collect();
            for profile in [1, 2, 3] {
                let whole: Vec<_> = own.iter().filter(|row| row.profile == no(profile)).cloned().collect();
                pages(&whole, |last, limit| {
                    let before = last.map_or(i64::MAX, |row| row.message_no);
                    get(store, |tx| tx.messages_of_profile(workspace, no(profile), before, limit))
                });
            }
            for state in ["", "queued", "accepted", "unknown"] {
                for channel in ["", "email", "sms", "push"] {
                    for journey in ["", "j", "ĵ", "none"] {
                        let passes = |filter: &str, value: &str| filter.is_empty() || filter == value;
                        let whole: Vec<_> = own
                            .iter()
                            .filter(|row| passes(state, &row.state) && passes(channel, &row.channel))
                            .filter(|row| passes(journey, row.journey_id.as_deref().unwrap_or_default()))
                            .cloned()
                            .collect();
                        pages(&whole, |last, limit| {
                            let before = last.map_or(i64::MAX, |row| row.message_no);
                            get(store, |tx| {
                                tx.message_page(workspace, before, limit, state, channel, journey)
                            })
                        });
                    }
                }
            }
        }
    });
}

#[test]
fn messages_are_counted_by_channel_state_and_reason() {
    on_stores(|store| {
        let rows = ledger(store);
        for (workspace, since) in
            [(A, Timestamp::MIN), (A, at(2)), (B, at(2)), (A, at(100)), (WorkspaceId(0), at(0))]
        {
            let mut expect: Vec<(String, String, String, i64)> = Vec::new();
            for row in rows.iter().filter(|row| row.workspace == workspace && row.decided_at >= since) {
                let same = expect.iter_mut().find(|(channel, state, reason, _)| {
                    *channel == row.channel && *state == row.state && *reason == row.reason
                });
                match same {
                    Some(found) => found.3 += 1,
                    None => expect.push((row.channel.clone(), row.state.clone(), row.reason.clone(), 1)),
                }
            }
            expect.sort();
            assert_eq!(get(store, |tx| tx.message_states(workspace, since)), expect);
        }
    });
}

#[test]
fn the_log_of_a_message_goes_on_in_order() {
    on_stores(|store| {
        let row = |n: usize| MessageLogRow {
            at: at(-(n as i64)),
            what: TEXTS[n % TEXTS.len()].into(),
            detail: TEXTS[n / 3 % TEXTS.len()].into(),
        };
        let whole: Vec<_> = (0..510).map(row).collect();
        // Several in one changeset, and one in each of several.
        let (first, rest) = whole.split_at(3);
        put(store, |c| {
            for one in first {
                c.log_message(A, 1, one.at, &one.what, one.detail.clone());
                c.log_message(B, 1, one.at, "there", String::new());
            }
            c.log_message(A, 2, at(0), "another", String::new());
        });
        put(store, |c| c.log_message(A, 1, rest[0].at, &rest[0].what, rest[0].detail.clone()));
        put(store, |c| {
            for one in &rest[1..] {
                c.log_message(A, 1, one.at, &one.what, one.detail.clone());
            }
        });
        assert_eq!(get(store, |tx| tx.message_log(A, 1)), whole[..500]);
        assert_eq!(get(store, |tx| tx.message_log(B, 1)).len(), 3);
        assert_eq!(get(store, |tx| tx.message_log(A, 2)).len(), 1);
        assert!(get(store, |tx| tx.message_log(B, 2)).is_empty());
    });
}

#[test]
fn a_body_comes_back_word_for_word() {
    on_stores(|store| {
        let long = "<p>Ưu đãi 🎁</p>".repeat(20_000);
        let bodies = [
            Body::default(),
            Body {
                subject: "Chào \"Ánh\" 🛒".into(),
                html: Some(long),
                text: Some("a\0b".into()),
                links: vec!["https://shop.vn/?a=1&b=%20ạ".into(), String::new()],
            },
            Body { html: Some(String::new()), ..Body::default() },
            Body {
                text: Some("x".into()),
                links: TEXTS.iter().map(|text| (*text).into()).collect(),
                ..Body::default()
            },
        ];
        for (n, body) in bodies.iter().enumerate() {
            put(store, |c| {
                c.set_body(A, n as i64, at(0), body);
                c.set_body(B, n as i64, at(0), &bodies[(n + 1) % bodies.len()]);
            });
        }
        for (n, body) in bodies.iter().enumerate() {
            assert_eq!(get(store, |tx| tx.body(A, n as i64)).as_ref(), Some(body));
            assert_eq!(get(store, |tx| tx.body(B, n as i64)).as_ref(), Some(&bodies[(n + 1) % bodies.len()]));
        }
        assert_eq!(get(store, |tx| tx.body(A, 99)), None);
        // A second try to send may have rendered anew.
        put(store, |c| c.set_body(A, 0, at(5), &bodies[1]));
        assert_eq!(get(store, |tx| tx.body(A, 0)).as_ref(), Some(&bodies[1]));
    });
}

#[test]
fn old_bodies_lose_their_words_and_keep_their_links() {
    on_stores(|store| {
        let body = Body {
            subject: "s".into(),
            html: Some("h".into()),
            text: Some("t".into()),
            links: vec!["https://shop.vn/1".into(), "https://shop.vn/2".into()],
        };
        put(store, |c| {
            c.set_body(A, 1, at(9), &body);
            c.set_body(A, 2, at(10), &body);
            c.set_body(A, 3, at(8), &Body { html: None, ..body.clone() });
            c.set_body(B, 1, at(9), &body);
        });
        for _ in 0..2 {
            put(store, |c| c.expire_bodies(A, at(10)));
            let expired = Some(Body { html: None, text: None, ..body.clone() });
            assert_eq!(get(store, |tx| tx.body(A, 1)), expired);
            assert_eq!(get(store, |tx| tx.body(A, 3)), expired);
            assert_eq!(get(store, |tx| tx.body(A, 2)), Some(body.clone()));
            assert_eq!(get(store, |tx| tx.body(B, 1)), Some(body.clone()));
        }
    });
}

#[test]
fn responses_add_up_and_keep_their_first_instants() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.responses(A, 1)), Responses::default());
        let add = |more: Responses| put(store, |c| c.add_responses(A, 1, &more));
        let one = Responses::default();
        add(Responses { machine_opens: 1, ..one });
        assert_eq!(get(store, |tx| tx.responses(A, 1)), Responses { machine_opens: 1, ..one });
        add(Responses { opens: 2, first_opened_at: Some(at(5)), ..one });
        add(Responses {
            opens: 1,
            first_opened_at: Some(at(6)),
            clicks: 1,
            first_clicked_at: Some(at(6)),
            ..one
        });
        add(Responses { machine_clicks: 4, clicks: 1, first_clicked_at: Some(at(7)), ..one });
        add(Responses { unsubscribed_at: Some(at(8)), ..one });
        add(Responses { unsubscribed_at: Some(at(9)), ..one });
        let expect = Responses {
            opens: 3,
            clicks: 2,
            machine_opens: 1,
            machine_clicks: 4,
            first_opened_at: Some(at(5)),
            first_clicked_at: Some(at(6)),
            unsubscribed_at: Some(at(8)),
        };
        assert_eq!(get(store, |tx| tx.responses(A, 1)), expect);
        put(store, |c| c.add_responses(B, 1, &Responses { opens: i64::MAX, ..one }));
        assert_eq!(get(store, |tx| tx.responses(B, 1)), Responses { opens: i64::MAX, ..one });
        assert_eq!(get(store, |tx| tx.responses(A, 1)), expect);
        assert_eq!(get(store, |tx| tx.responses(A, 2)), Responses::default());
    });
}

fn suppression(channel: &str, address: &str, reason: &str) -> SuppressionRow {
    SuppressionRow {
        channel: channel.into(),
        address: address.into(),
        reason: reason.into(),
        detail: "550 ạ".into(),
        at: at(1),
    }
}

#[test]
fn a_suppressed_address_keeps_its_first_reason() {
    on_stores(|store| {
        put(store, |c| {
            c.suppress(A, suppression("email", "a@shop.vn", "bounced"));
            c.suppress(A, suppression("email", "a@shop.vn", "complained"));
            c.suppress(B, suppression("email", "a@shop.vn", "manual"));
            c.suppress(A, suppression("sms", "+84901234567", ""));
        });
        let asked = [
            (A, "email", "a@shop.vn"),
            (A, "sms", "a@shop.vn"),
            (B, "email", "a@shop.vn"),
            (A, "email", "A@shop.vn"),
            (A, "sms", "+84901234567"),
            (B, "sms", "+84901234567"),
        ];
        let found = |store: &Store| get(store, |tx| tx.suppressions_of(&asked));
        let told = |reasons: [Option<&str>; 6]| reasons.map(|reason| reason.map(str::to_owned));
        assert_eq!(found(store), told([Some("bounced"), None, Some("manual"), None, Some(""), None]));
        put(store, |c| {
            c.release_suppression(A, "email", "a@shop.vn");
            c.release_suppression(A, "email", "never there");
        });
        assert_eq!(found(store), told([None, None, Some("manual"), None, Some(""), None]));
        put(store, |c| c.suppress(A, suppression("email", "a@shop.vn", "complained")));
        assert_eq!(found(store)[0].as_deref(), Some("complained"));
        assert!(get(store, |tx| tx.suppressions_of(&[])).is_empty());
    });
}

const EMAIL: SuppressionFilter<'static> = SuppressionFilter { channel: "email", reason: "", search: "" };

#[test]
fn suppressed_addresses_are_paged_by_channel_reason_and_part() {
    on_stores(|store| {
        let addresses = ["b@x.vn", "B@x.vn", "a%@x.vn", "ạ@x.vn", "_@x.vn", "z@x.vn"];
        let mut whole: Vec<SuppressionRow> = Vec::new();
        for (n, address) in addresses.into_iter().enumerate() {
            for channel in ["email", "sms"] {
                whole.push(suppression(channel, address, ["bounced", "manual"][n % 2]));
            }
        }
        put(store, |c| {
            for row in &whole {
                c.suppress(A, row.clone());
                c.suppress(B, SuppressionRow { reason: "there".into(), ..row.clone() });
            }
        });
        whole.sort_by(|a, b| (&a.channel, &a.address).cmp(&(&b.channel, &b.address)));
        for channel in ["", "email", "sms", "push"] {
            for reason in ["", "bounced", "none"] {
                for search in ["", "@x", "%", "_", "B@", "none"] {
                    let passes = |row: &&SuppressionRow| {
                        (channel.is_empty() || channel == row.channel)
                            && (reason.is_empty() || reason == row.reason)
                            && row.address.contains(search)
                    };
                    let rows: Vec<_> = whole.iter().filter(passes).cloned().collect();
                    let filter = SuppressionFilter { channel, reason, search };
                    pages(&rows, |last, limit| {
                        let after = last.map_or(("", ""), |row| (row.channel.as_str(), row.address.as_str()));
                        get(store, |tx| tx.suppression_page(A, filter, after, limit))
                    });
                }
            }
        }
        let counts = get(store, |tx| tx.suppression_counts(A));
        let counts: Vec<_> = counts.iter().map(|(c, r, n)| (c.as_str(), r.as_str(), *n)).collect();
        let three = |channel, reason| (channel, reason, 3);
        assert_eq!(
            counts,
            [
                three("email", "bounced"),
                three("email", "manual"),
                three("sms", "bounced"),
                three("sms", "manual")
            ]
        );
        assert!(get(store, |tx| tx.suppression_counts(WorkspaceId(0))).is_empty());
    });
}

#[test]
fn the_ledger_is_read_by_what_it_names() {
    on_stores(|store| {
        let mut rows = ledger(store);
        let more: Vec<MessageRow> = (25..=48i64)
            .map(|n| MessageRow {
                workspace: if n % 4 == 0 { B } else { A },
                profile: no(1 + n % 3),
                origin: "campaign".into(),
                campaign_id: Some(["c", "d"][n as usize % 2].into()),
                campaign_run: Some(1),
                state: ["queued", "accepted", "refused", "failed", "held", "unknown"][n as usize / 2 % 6]
                    .into(),
                reason: ["", "no_consent", "frequency_cap"][n as usize % 3].into(),
                decided_at: at(n % 7),
                ..message(A, n, &format!("k{n}"))
            })
            .collect();
        insert(store, &more);
        rows.extend(more);
        rows.sort_by_key(|row| std::cmp::Reverse((row.decided_at, row.message_no)));
        let by = [
            LedgerOf::Whole,
            LedgerOf::State("refused"),
            LedgerOf::State("held"),
            LedgerOf::State("accepted"),
            LedgerOf::Reason("no_consent"),
            LedgerOf::Reason("quiet_hours"),
            LedgerOf::Reason(""),
            LedgerOf::Campaign("c"),
            LedgerOf::Campaign("none"),
            LedgerOf::Profile(no(2)),
        ];
        for workspace in [A, B] {
            for of in by {
                for since in [Timestamp::MIN, at(2)] {
                    let fits = |row: &&MessageRow| match of {
                        LedgerOf::Whole => true,
                        // What goes is read with the whole.
                        LedgerOf::State(state) => state == row.state && state != "accepted",
                        LedgerOf::Reason(reason) => reason == row.reason && !reason.is_empty(),
                        LedgerOf::Campaign(id) => row.campaign_id.as_deref() == Some(id),
                        LedgerOf::Profile(no) => row.profile == no,
                    };
                    let own = rows.iter().filter(|row| row.workspace == workspace && row.decided_at >= since);
                    let whole: Vec<_> = own.filter(fits).cloned().collect();
                    pages(&whole, |last, limit| {
                        let before =
                            last.map_or((Timestamp::MAX, i64::MAX), |row| (row.decided_at, row.message_no));
                        get(store, |tx| tx.ledger(workspace, of, before, since, limit))
                    });
                }
            }
        }
        put(store, |c| c.set_body(A, 1, at(1), &Body { subject: "Chào Ánh 🛒".into(), ..Body::default() }));
        let subjects = get(store, |tx| tx.subjects(&[(A, 1), (A, 2), (B, 1)]));
        assert_eq!(subjects, [Some("Chào Ánh 🛒".to_owned()), None, None]);
    });
}

#[test]
fn what_a_provider_tells_later_is_written_on_its_message() {
    on_stores(|store| {
        insert(store, &[message(A, 1, "k"), message(A, 2, "k2"), message(B, 3, "k")]);
        let course = |n: i64| get(store, |tx| tx.course(A, n));
        assert_eq!(course(1), Course::default());
        // Nothing is known of a number in another workspace.
        put(store, |c| c.set_message_price(3, Some(9)));
        assert_eq!((course(3), get(store, |tx| tx.course(B, 3)).price), (Course::default(), Some(9)));

        put(store, |c| {
            c.claim_message(&message(A, 1, "k"), "+84901234567", at(3));
            c.claim_message(&message(A, 2, "k2"), "+84901234568", at(3));
        });
        put(store, |c| {
            c.accept_message(1, String::new(), at(4), Some("SM1".into()));
            c.turn_message(2, "sending", "unknown", "no_answer", String::new(), at(3), None);
        });
        assert_eq!(by_no(store, A, 1).attempts, 1);
        put(store, |c| c.uncount_attempt(1));
        put(store, |c| c.uncount_attempt(1));
        assert_eq!((by_no(store, A, 1).attempts, by_no(store, A, 2).attempts), (0, 1));
        let named =
            |workspace, channel| get(store, |tx| tx.message_by_provider_id(workspace, "SM1", channel));
        assert_eq!(named(A, Channel::Email), Some(1));
        assert_eq!((named(A, Channel::Sms), named(B, Channel::Email)), (None, None));

        put(store, |c| {
            c.message_delivered(1, at(5));
            c.message_delivered(1, at(9));
            c.message_seen(1, at(6));
            c.message_seen(1, at(9));
            c.set_message_price(1, Some(350));
            c.message_delivered(2, at(7));
        });
        let first =
            Course { delivered_at: Some(at(5)), seen_at: Some(at(6)), price: Some(350), fall_back_at: None };
        assert_eq!(course(1), first);
        // Nobody knew whether the second was taken; now it is known.
        let second = by_no(store, A, 2);
        assert_eq!((second.state.as_str(), second.reason.as_str()), ("accepted", ""));
        assert_eq!((second.accepted_at, course(2).delivered_at), (Some(at(7)), Some(at(7))));

        put(store, |c| c.message_returned(2, "hard_bounce", "550 no such user".into()));
        put(store, |c| c.message_returned(3, "hard_bounce", "it was never sent".into()));
        let (returned, queued) = (by_no(store, A, 2), by_no(store, B, 3));
        assert_eq!((returned.state.as_str(), returned.reason.as_str()), ("failed", "hard_bounce"));
        assert_eq!((returned.detail.as_str(), queued.state.as_str()), ("550 no such user", "queued"));
    });
}

#[test]
fn what_was_told_once_is_known() {
    on_stores(|store| {
        let seen = |workspace| {
            get(store, |tx| tx.seen_messages(&[(workspace, MessageKey::of("receipt sms esms 1"), at(9))]))
        };
        assert_eq!(seen(A), [false]);
        put(store, |c| c.remember_telling(A, "receipt sms esms 1", at(3)));
        assert_eq!((seen(A), seen(B)), (vec![true], vec![false]));
    });
}

#[test]
fn a_message_goes_another_way() {
    on_stores(|store| {
        insert(store, &[message(A, 1, "k"), message(B, 2, "k")]);
        let switch = |c: &mut store::Changeset, from| {
            let (reason, detail) = ("fell_back", "email: no_consent".to_owned());
            c.switch_message(1, from, Channel::Sms, "mau-sms", "{\"ways\":1}".into(), reason, detail, at(8));
        };
        conflicts(store, "message_switch", |c| switch(c, "sending"));
        put(store, |c| switch(c, "queued"));
        let row = by_no(store, A, 1);
        assert_eq!(
            (row.channel.as_str(), row.state.as_str(), row.reason.as_str()),
            ("sms", "queued", "fell_back")
        );
        assert_eq!((row.template_id.as_deref(), row.template_version), (Some("mau-sms"), None));
        assert_eq!((row.due_at, row.address, row.attempts), (at(8), None, 0));
        assert_eq!((row.context.as_str(), by_no(store, B, 2).channel.as_str()), ("{\"ways\":1}", "email"));

        assert_eq!(get(store, |tx| tx.next_fall_back()), None);
        put(store, |c| {
            c.set_fall_back(1, Some(at(20)));
            c.set_fall_back(2, Some(at(10)));
        });
        assert_eq!(get(store, |tx| tx.next_fall_back()), Some(at(10)));
        let due = |now, limit| get(store, |tx| tx.fall_backs_due(at(now), limit));
        assert_eq!((due(9, 10), due(10, 10)), (vec![], vec![(2, B)]));
        assert_eq!((due(20, 10), due(20, 1)), (vec![(2, B), (1, A)], vec![(2, B)]));
        put(store, |c| {
            c.set_fall_back(2, None);
            c.message_delivered(1, at(11));
        });
        assert_eq!(get(store, |tx| tx.next_fall_back()), None);
    });
}

#[test]
fn a_provider_is_asked_until_it_has_told() {
    on_stores(|store| {
        insert(store, &[message(A, 1, "k"), message(B, 2, "k"), message(A, 3, "l")]);
        assert_eq!(get(store, |tx| tx.next_ask()), None);
        for (n, workspace) in [(1, A), (2, B), (3, A)] {
            put(store, |c| c.claim_message(&by_no(store, workspace, n), "an@x.vn", at(1)));
            put(store, |c| c.accept_message(n, String::new(), at(2), Some(format!("P{n}"))));
            put(store, |c| c.set_ask(n, Some(at(10 * n))));
        }
        let due = |now, limit| -> Vec<i64> {
            get(store, |tx| tx.asks_due(at(now), limit)).iter().map(|row| row.message_no).collect()
        };
        assert_eq!(get(store, |tx| tx.next_ask()), Some(at(10)));
        assert_eq!((due(9, 9), due(20, 9), due(20, 1)), (vec![], vec![1, 2], vec![1]));
        let row = get(store, |tx| tx.asks_due(at(20), 9)).remove(1);
        assert_eq!((row.workspace, row.channel.as_str(), row.provider_id.as_str()), (B, "email", "P2"));
        assert_eq!((row.address.as_str(), row.accepted_at), ("an@x.vn", at(2)));
        assert!(!format!("{row:?}").contains("an@x"));
        put(store, |c| {
            c.message_delivered(1, at(11));
            c.message_returned(2, "refused_by_provider", String::new());
        });
        assert_eq!((due(99, 9), get(store, |tx| tx.next_ask())), (vec![3], Some(at(30))));
        put(store, |c| c.set_ask(3, None));
        assert_eq!(get(store, |tx| tx.next_ask()), None);
    });
}

#[test]
fn what_became_of_a_persons_messages_is_counted_by_channel() {
    on_stores(|store| {
        let sms =
            |workspace, n: i64, key: &str| MessageRow { channel: "sms".into(), ..message(workspace, n, key) };
        insert(store, &[message(A, 1, "a"), sms(A, 2, "b"), sms(A, 3, "c"), sms(A, 4, "d"), sms(B, 5, "a")]);
        put(store, |c| {
            for n in 1..=5 {
                c.claim_message(&message(if n == 5 { B } else { A }, n, "k"), "x", at(1));
            }
            for n in [1, 2, 3, 5] {
                c.accept_message(n, String::new(), at(2), None);
            }
            c.turn_message(4, "sending", "failed", "hard_bounce", String::new(), at(2), None);
            c.message_delivered(2, at(3));
            c.add_responses(A, 2, &Responses { clicks: 3, ..Responses::default() });
            c.add_responses(A, 3, &Responses { opens: 1, ..Responses::default() });
        });
        let found = get(store, |tx| tx.channel_results(A, no(1)));
        let results = |accepted, delivered, clicked, failed| Results {
            accepted,
            delivered,
            clicked,
            failed,
            ..Results::default()
        };
        let expect = [(Channel::Email, results(1, 0, 0, 0)), (Channel::Sms, results(2, 1, 1, 1))];
        assert_eq!(found, expect.into_iter().collect());
        assert_eq!(get(store, |tx| tx.channel_results(A, no(2))).len(), 0);
    });
}

#[test]
fn what_people_wait_for_goes_before_advertisements() {
    on_stores(|store| {
        let service = |workspace, n: i64| MessageRow {
            purpose: "transactional".into(),
            due_at: at(n),
            ..message(workspace, n, &format!("k{n}"))
        };
        let advertisement =
            |workspace, n: i64| MessageRow { due_at: at(n), ..message(workspace, n, &format!("k{n}")) };
        insert(
            store,
            &[advertisement(A, 1), advertisement(B, 2), service(A, 3), service(B, 4), service(A, 5)],
        );
        let due = |workspace, until, limit| {
            numbers(&get(store, |tx| tx.due_messages(Channel::Email, workspace, at(until), limit)))
        };
        assert_eq!(due(None, 9, 9), [3, 4, 5, 1, 2]);
        assert_eq!((due(None, 9, 2), due(None, 3, 9)), (vec![3, 4], vec![3, 1, 2]));
        assert_eq!((due(Some(A), 9, 9), due(Some(B), 9, 9)), (vec![3, 5, 1], vec![4, 2]));
        assert_eq!(due(Some(A), 9, 0), Vec::<i64>::new());
    });
}
