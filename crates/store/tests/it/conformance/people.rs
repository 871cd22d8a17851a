//! Profiles, what identifies them, and how they come together.

use super::{A, B, TEXTS, at, conflicts, duplicates, get, id, no, on_stores, pages, put};
use domain::commerce::{Cart, CartLine};
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::identifier::{Identifier, IdentifierKind};
use domain::profile::{AttributeChange, KnownIdentifier, Ms, Profile};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde_json::{Value, json};
use store::people::{ChangeRow, LastNumbers, MergeRow, StoredProfile};
use store::{Changeset, Store};

pub const METHODS: &[&str] = &[
    "insert_profile",
    "update_profile",
    "set_search_text",
    "insert_identifier",
    "remove_identifier",
    "absorb_profile",
    "log_merge",
    "log_attribute_change",
    "insert_consent",
    "profile",
    "profiles",
    "profile_by_id",
    "find_identifiers",
    "profile_page",
    "search_profiles",
    "profile_count",
    "last_profile_no",
    "last_numbers",
    "attribute_changes",
    "consents",
    "merges",
    "refusal_is_logged",
];

fn plain(n: i64) -> Profile {
    Profile::new(no(n), id(n as u128), at(n))
}

fn named(n: i64, name: &str) -> Profile {
    let mut profile = plain(n);
    profile.set_attribute("name", json!(name), at(0)).unwrap();
    profile
}

/// A profile with something in every field.
fn full(n: i64) -> Profile {
    let mut profile = plain(n);
    profile.first_seen_at = Ms::from_ms(-1);
    // Told by the events: none here, so it is when the profile was first seen.
    profile.last_seen_at = profile.first_seen_at;
    for (key, text) in TEXTS.iter().enumerate() {
        profile.set_attribute(&format!("text {key} ệ"), json!(text), at(key as i64)).unwrap();
        profile.set_tag(&format!("tag {key} {text}"), key % 2 == 0, at(0));
    }
    let values = [Value::Null, json!(i64::MIN), json!(0.1), json!(true), json!({"a": [1, "\u{0}b"]})];
    for (key, value) in values.into_iter().enumerate() {
        profile.set_attribute(&format!("value {key}"), value, at(1)).unwrap();
    }
    for (key, told) in ["email:anh@shop.vn", "phone:0901234567", "custom:crm:Đ/7"].iter().enumerate() {
        profile
            .add_identifier(KnownIdentifier { identifier: told.parse().unwrap(), at: at(key as i64).into() });
    }
    profile.consents.apply(&consent(ConsentState::Denied, 3));
    profile.carts = vec![Cart {
        cart_id: "giỏ".into(),
        currency: "VND".into(),
        lines: vec![CartLine { product_id: "p".into(), price: i64::MAX, quantity: 1, ..CartLine::default() }],
        started_at: at(1).into(),
        updated_at: at(2).into(),
        checkout_at: None,
        abandoned_at: Some(at(3).into()),
        url: Some("https://shop.vn/?a=1&b=\"2\"".into()),
    }];
    profile.totals.orders = u32::MAX;
    profile.totals.revenue = i64::MAX;
    profile.totals.last_at = Some(at(9).into());
    profile.merges = 2;
    profile.shopped_at = Some(at(4).into());
    profile
}

fn consent(state: ConsentState, when: i64) -> ConsentRecord {
    ConsentRecord {
        channel: Channel::Email,
        purpose: Purpose::Marketing,
        state,
        at: at(when).into(),
        source: "form:footer".into(),
        wording: Some("Tôi đồng ý nhận tin 🛍".into()),
        ip: None,
        user_agent: None,
        aspect: domain::consent::Aspect::Whole,
        proof: domain::consent::Proof::default(),
    }
}

fn stored(version: i64, profile: &Profile) -> StoredProfile {
    StoredProfile { version, profile: profile.clone() }
}

fn profile(store: &Store, workspace: WorkspaceId, n: i64) -> Option<StoredProfile> {
    get(store, |tx| tx.profile(workspace, no(n)))
}

fn owner(store: &Store, workspace: WorkspaceId, of: u128) -> Option<i64> {
    get(store, |tx| tx.profile_by_id(workspace, id(of))).map(|found| found.profile.no.0)
}

fn identifier(text: &str) -> Identifier {
    text.parse().unwrap()
}

#[test]
fn a_profile_comes_back_as_it_was() {
    on_stores(|store| {
        let (here, there) = (full(i64::MAX), named(i64::MAX, "someone else"));
        put(store, |c| {
            c.insert_profile(A, &here);
            c.insert_profile(B, &there);
        });
        for (workspace, expect) in [(A, &here), (B, &there)] {
            let expect = stored(1, expect);
            assert_eq!(profile(store, workspace, i64::MAX), Some(expect.clone()));
            assert_eq!(get(store, |tx| tx.profile_by_id(workspace, expect.profile.id)), Some(expect.clone()));
            assert_eq!(get(store, |tx| tx.last_profile_no(workspace)), no(i64::MAX));
        }
        assert_eq!(profile(store, A, 1), None);
        assert_eq!(get(store, |tx| tx.profile_by_id(A, id(1))), None);
        assert_eq!(get(store, |tx| tx.profile(WorkspaceId(0), no(i64::MAX))), None);
        assert_eq!(get(store, |tx| tx.last_profile_no(WorkspaceId(0))), no(0));
    });
}

#[test]
fn many_profiles_are_read_in_the_order_asked() {
    on_stores(|store| {
        put(store, |c| {
            for n in 1..=3 {
                c.insert_profile(A, &named(n, &format!("a{n}")));
                c.insert_profile(B, &named(n, &format!("b{n}")));
            }
        });
        let asked = [(B, no(3)), (A, no(9)), (A, no(3)), (A, no(1)), (B, no(3))];
        let found: Vec<(WorkspaceId, StoredProfile)> = get(store, |tx| tx.profiles(&asked));
        let expect = [(B, 3, "b3"), (A, 3, "a3"), (A, 1, "a1"), (B, 3, "b3")];
        let expect: Vec<_> = expect.iter().map(|(ws, n, name)| (*ws, stored(1, &named(*n, name)))).collect();
        assert_eq!(found, expect);
        assert!(get(store, |tx| tx.profiles(&[])).is_empty());
    });
}

#[test]
fn an_update_needs_the_version_that_is_there() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_profile(A, &named(1, "a"));
            c.insert_profile(B, &named(1, "b"));
        });
        put(store, |c| c.update_profile(A, 1, &named(1, "a2")));
        for version in [1, 3, 0, -1] {
            conflicts(store, "profile_update", |c| {
                c.insert_profile(A, &plain(2));
                c.update_profile(A, version, &named(1, "never"));
            });
        }
        conflicts(store, "profile_update", |c| c.update_profile(A, 1, &plain(3)));
        assert_eq!(profile(store, A, 1), Some(stored(2, &named(1, "a2"))));
        assert_eq!(profile(store, A, 2), None, "nothing of a refused changeset is stored");
        assert_eq!(profile(store, B, 1), Some(stored(1, &named(1, "b"))));
        put(store, |c| {
            c.update_profile(A, 2, &named(1, "a3"));
            c.update_profile(A, 3, &named(1, "a4"));
        });
        assert_eq!(profile(store, A, 1), Some(stored(4, &named(1, "a4"))));
    });
}

#[test]
fn numbers_and_ids_of_a_workspace_are_unique() {
    on_stores(|store| {
        put(store, |c| c.insert_profile(A, &plain(1)));
        duplicates(store, "profile_insert", |c| c.insert_profile(A, &Profile::new(no(1), id(2), at(0))));
        duplicates(store, "profile_insert", |c| c.insert_profile(A, &Profile::new(no(2), id(1), at(0))));
        put(store, |c| c.insert_profile(B, &plain(1)));
    });
}

#[test]
fn identifiers_are_found_by_kind_value_and_workspace() {
    on_stores(|store| {
        let texts = [
            "email:anh@shop.vn",
            "phone:0901234567",
            "user_id:7",
            "zalo_id:7",
            "custom:crm:7",
            "buyer:shopee:7",
            "anonymous_id:Ünïcode %_\\ 'x'",
        ];
        put(store, |c| {
            for (n, text) in texts.iter().enumerate() {
                c.insert_identifier(A, &identifier(text), no(n as i64));
                c.insert_identifier(B, &identifier(text), no(i64::MAX - n as i64));
            }
            c.insert_identifier(A, &identifier("user_id:only here"), no(50));
        });
        for text in texts {
            duplicates(store, "identifier_insert", |c| c.insert_identifier(A, &identifier(text), no(99)));
        }
        let mut known: Vec<Identifier> = texts.iter().map(|text| identifier(text)).collect();
        known.reverse();
        known.push(identifier("user_id:only here"));
        known.push(identifier("user_id:ONLY HERE"));
        known.push(Identifier::new(IdentifierKind::Custom("crm2".into()), "7").unwrap());
        let asked: Vec<(WorkspaceId, &Identifier)> =
            known.iter().flat_map(|one| [(A, one), (B, one)]).collect();
        let expect: Vec<Option<ProfileNo>> = (0..7)
            .rev()
            .flat_map(|n| [Some(no(n)), Some(no(i64::MAX - n))])
            .chain([Some(no(50)), None, None, None, None, None])
            .collect();
        assert_eq!(get(store, |tx| tx.find_identifiers(&asked)), expect);
        assert!(get(store, |tx| tx.find_identifiers(&[])).is_empty());
        // Only from whom it belongs to.
        put(store, |c| {
            c.remove_identifier(A, &identifier("user_id:only here"), no(51));
            c.remove_identifier(A, &identifier(texts[0]), no(0));
        });
        let (gone, kept) = (identifier(texts[0]), identifier("user_id:only here"));
        let asked = [(A, &gone), (B, &gone), (A, &kept)];
        assert_eq!(get(store, |tx| tx.find_identifiers(&asked)), [None, Some(no(i64::MAX)), Some(no(50))]);
    });
}

#[test]
fn profiles_are_paged_newest_first() {
    on_stores(|store| {
        put(store, |c| {
            for n in [4, 1, 9, 7, 8, 2] {
                c.insert_profile(A, &named(n, "a"));
                c.insert_profile(B, &named(n, "b"));
                c.set_search_text(A, no(n), "a".into());
            }
        });
        let whole: Vec<_> = [9, 8, 7, 4, 2, 1].map(|n| stored(1, &named(n, "a"))).into();
        pages(&whole, |last, limit| {
            let before = last.map_or(no(i64::MAX), |row| row.profile.no);
            get(store, |tx| tx.profile_page(A, before, limit))
        });
        assert_eq!(get(store, |tx| tx.profile_count(A)), 6);
        assert_eq!(get(store, |tx| tx.profile_count(B)), 0, "counted are those that can be searched");
        assert_eq!(get(store, |tx| tx.last_profile_no(A)), no(9));
    });
}

#[test]
fn a_search_takes_every_sign_for_itself() {
    on_stores(|store| {
        let texts = [
            (1, "nguyen thi anh\nanh@shop.vn\n+84901234567"),
            (2, "100% cotton_shirt\\blue"),
            (3, "100x cottonyshirt/blue"),
            (4, "ANH in capitals"),
            (5, ""),
            (6, "đặng 🛒 'quote' $1"),
        ];
        put(store, |c| {
            for (n, text) in texts {
                c.insert_profile(A, &named(n, "a"));
                c.insert_profile(B, &named(n, "b"));
                c.set_search_text(A, no(n), text.into());
                c.set_search_text(B, no(n), "only there".into());
            }
        });
        let long = "x".repeat(200_000);
        let cases: &[(&str, &[i64])] = &[
            ("anh", &[1]),
            ("ANH", &[4]),
            ("shop.vn", &[1]),
            ("100%", &[2]),
            ("%", &[2]),
            ("_", &[2]),
            ("\\", &[2]),
            ("\\b", &[2]),
            ("100", &[3, 2]),
            ("cotton", &[3, 2]),
            ("n_s", &[2]),
            ("đặng 🛒", &[6]),
            ("'", &[6]),
            ("$1", &[6]),
            ("vn\n+84", &[1]),
            ("", &[6, 5, 4, 3, 2, 1]),
            ("only there", &[]),
            (&long, &[]),
        ];
        for (key, expect) in cases {
            let found = get(store, |tx| tx.search_profiles(A, key, no(i64::MAX), 10));
            let expect: Vec<_> = expect.iter().map(|n| stored(1, &named(*n, "a"))).collect();
            assert_eq!(found, expect, "{:?}", key.chars().take(20).collect::<String>());
        }
        let there: Vec<_> = [6, 5, 4, 3, 2, 1].map(|n| stored(1, &named(n, "b"))).into();
        pages(&there, |last, limit| {
            let before = last.map_or(no(i64::MAX), |row| row.profile.no);
            get(store, |tx| tx.search_profiles(B, "there", before, limit))
        });
        put(store, |c| c.set_search_text(A, no(1), "renamed".into()));
        assert!(get(store, |tx| tx.search_profiles(A, "nguyen", no(9), 9)).is_empty());
        assert_eq!(get(store, |tx| tx.search_profiles(A, "renamed", no(9), 9)).len(), 1);
        assert!(get(store, |tx| tx.search_profiles(A, "renamed", no(1), 9)).is_empty(), "only below");
        assert_eq!(get(store, |tx| tx.profile_count(A)), 6);
    });
}

#[test]
fn attribute_changes_are_paged_newest_first() {
    on_stores(|store| {
        let mut whole = Vec::new();
        put(store, |c| {
            for (n, text) in TEXTS.iter().enumerate() {
                let change_no = n as i64 + 1;
                let change = AttributeChange {
                    name: (*text).to_owned(),
                    // Told late: the number decides the order, not the instant.
                    at: at(-(n as i64)),
                    old: (n % 2 == 0).then(|| json!({"was": text})),
                    new: if n == 3 { Value::Null } else { json!(text) },
                };
                c.log_attribute_change(change_no, A, no(1), &change, text);
                c.log_attribute_change(100 + change_no, B, no(1), &change, "elsewhere");
                c.log_attribute_change(200 + change_no, A, no(2), &change, "another");
                whole.push(ChangeRow {
                    change_no,
                    name: change.name,
                    at: change.at,
                    old: change.old.map(|old| old.to_string()),
                    new: change.new.to_string(),
                    source: (*text).to_owned(),
                });
            }
        });
        whole.reverse();
        pages(&whole, |last, limit| {
            let before = last.map_or(i64::MAX, |row| row.change_no);
            get(store, |tx| tx.attribute_changes(A, no(1), before, limit))
        });
        let change = AttributeChange { name: "x".into(), at: at(0), old: None, new: json!(1) };
        duplicates(store, "attribute_change_insert", |c| {
            c.log_attribute_change(1, B, no(1), &change, "x");
        });
    });
}

#[test]
fn consents_are_listed_newest_first() {
    on_stores(|store| {
        let states = [ConsentState::Granted, ConsentState::Pending, ConsentState::Denied];
        let mut whole: Vec<(i64, ConsentRecord)> = Vec::new();
        put(store, |c| {
            for n in 0..510 {
                let record = ConsentRecord {
                    ip: (n % 3 == 0).then(|| "2001:db8::1".into()),
                    user_agent: (n % 2 == 0).then(|| TEXTS[n as usize % TEXTS.len()].into()),
                    ..consent(states[n as usize % 3], n / 7)
                };
                c.insert_consent(n + 1, A, no(1), &record);
                whole.push((n + 1, record));
            }
            c.insert_consent(1_000, B, no(1), &consent(ConsentState::Pending, 0));
        });
        whole.sort_by_key(|(record_no, record)| std::cmp::Reverse((record.at, *record_no)));
        let whole: Vec<ConsentRecord> = whole.into_iter().map(|(_, record)| record).take(500).collect();
        assert_eq!(get(store, |tx| tx.consents(A, no(1))), whole);
        assert_eq!(get(store, |tx| tx.consents(B, no(1))), [consent(ConsentState::Pending, 0)]);
        assert!(get(store, |tx| tx.consents(A, no(2))).is_empty());
        duplicates(store, "consent_insert", |c| {
            c.insert_consent(1, B, no(1), &consent(ConsentState::Denied, 0));
        });
    });
}

#[test]
fn joins_and_refusals_are_logged() {
    on_stores(|store| {
        let other = full(2);
        put(store, |c| {
            c.log_merge(1, A, at(5), no(1), &other, true, "same email", "email:anh@shop.vn");
            c.log_merge(2, A, at(5), no(1), &plain(3), false, "too many", "phone:Ü'%");
            c.log_merge(3, B, at(5), no(1), &plain(4), false, "", "");
        });
        let row = |other: &Profile, joined: bool, reason: &str, link: &str| MergeRow {
            at: at(5),
            other_no: other.no,
            other_id: other.id.to_string(),
            joined,
            reason: reason.into(),
            link: link.into(),
            other_doc: joined.then(|| serde_json::to_string(other).unwrap()),
        };
        let expect = [
            row(&plain(3), false, "too many", "phone:Ü'%"),
            row(&other, true, "same email", "email:anh@shop.vn"),
        ];
        assert_eq!(get(store, |tx| tx.merges(A, no(1))), expect);
        assert_eq!(get(store, |tx| tx.merges(B, no(1))), [row(&plain(4), false, "", "")]);
        assert!(get(store, |tx| tx.merges(A, no(2))).is_empty());
        let cases = [
            (A, 1, 3, "phone:Ü'%", true),
            (A, 1, 3, "phone:ü'%", false),
            (A, 3, 1, "phone:Ü'%", false),
            (B, 1, 3, "phone:Ü'%", false),
            (B, 1, 4, "", true),
            // It was joined, not refused.
            (A, 1, 2, "email:anh@shop.vn", false),
        ];
        for (workspace, kept, other, link, expect) in cases {
            let logged = get(store, |tx| tx.refusal_is_logged(workspace, no(kept), no(other), link));
            assert_eq!(logged, expect, "{workspace:?} {kept} {other} {link}");
        }
        duplicates(store, "merge_insert", |c| c.log_merge(3, A, at(0), no(1), &plain(2), false, "", ""));
    });
}

#[test]
fn the_last_numbers_are_over_all_workspaces() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.last_numbers()), LastNumbers::default());
        let change = AttributeChange { name: "x".into(), at: at(0), old: None, new: json!(1) };
        put(store, |c| {
            c.insert_event(super::history::event(A, 1, 70, "m"));
            c.insert_event(super::history::event(B, 1, 7, "m"));
            c.log_attribute_change(3, A, no(1), &change, "x");
            c.log_attribute_change(i64::MAX, B, no(1), &change, "x");
            c.insert_consent(5, B, no(1), &consent(ConsentState::Granted, 0));
            c.log_merge(6, A, at(0), no(1), &plain(2), true, "", "");
            c.insert_message(super::messages::message(B, 8, "k"));
            c.insert_rejection(9, A, at(0), "x", String::new(), String::new());
        });
        let expect =
            LastNumbers { event: 70, change: i64::MAX, consent: 5, merge: 6, message: 8, rejection: 9 };
        assert_eq!(get(store, |tx| tx.last_numbers()), expect);
    });
}

/// Gives profile `n` one of everything that a profile can own; the numbers start at `first`.
pub fn furnish(c: &mut Changeset, workspace: WorkspaceId, profile: &Profile, first: i64) {
    let n = profile.no;
    c.insert_profile(workspace, profile);
    for known in &profile.identifiers {
        c.insert_identifier(workspace, &known.identifier, n);
    }
    c.set_search_text(workspace, n, format!("text of {}", n.0));
    let change = AttributeChange { name: "x".into(), at: at(0), old: None, new: json!(n.0) };
    c.log_attribute_change(first, workspace, n, &change, "x");
    c.insert_consent(first, workspace, n, &consent(ConsentState::Granted, first));
    c.log_merge(first, workspace, at(0), n, &plain(first), false, "refused", "link");
    c.insert_event(super::history::event(workspace, n.0, first, &format!("m{first}")));
    let order = super::history::order("web", &first.to_string(), first, first);
    c.set_order(workspace, n, &order);
    for (run, state) in [("a", "active"), ("b", "ended")] {
        c.insert_run(workspace, super::journeys::run(&format!("{run}{first}"), n.0, state, Some(at(first))));
    }
    c.insert_message(super::messages::message_of(workspace, n.0, first, &format!("k{first}")));
    c.set_timer(super::journeys::timer(workspace, "cart", n.0, "default", first));
}

/// What a profile owns, counted: events, changes, consents, orders, runs, active runs, messages, merge rows.
pub fn belongings(store: &Store, workspace: WorkspaceId, n: i64) -> [usize; 8] {
    let of = [(workspace, no(n))];
    get(store, |tx| {
        Ok([
            tx.event_page(workspace, no(n), (Timestamp::MAX, i64::MAX), None, 100)?.len(),
            tx.attribute_changes(workspace, no(n), i64::MAX, 100)?.len(),
            tx.consents(workspace, no(n))?.len(),
            tx.order_summaries(&of)?[0].len(),
            tx.runs_of_profile(workspace, no(n))?.len(),
            tx.active_runs(&of)?[0].len(),
            tx.messages_of_profile(workspace, no(n), i64::MAX, 100)?.len(),
            tx.merges(workspace, no(n))?.len(),
        ])
    })
}

pub fn with_identifiers(n: i64, texts: &[&str]) -> Profile {
    let mut profile = plain(n);
    for text in texts {
        profile.add_identifier(KnownIdentifier { identifier: identifier(text), at: at(0).into() });
    }
    profile
}

const NOTHING: [usize; 8] = [0; 8];
const ONE: [usize; 8] = [1, 1, 1, 1, 2, 1, 1, 1];

/// Profiles 1, 2 and 3 in both workspaces, each with one of everything.
fn furnished(store: &Store) -> [Profile; 3] {
    let people = [
        with_identifiers(1, &["user_id:1"]),
        with_identifiers(2, &["user_id:2", "email:hai@shop.vn"]),
        with_identifiers(3, &["anonymous_id:3"]),
    ];
    put(store, |c| {
        for profile in &people {
            c.insert_event_name(A, profile.no.0, &format!("n{}", profile.no.0));
            c.insert_event_name(B, profile.no.0, &format!("n{}", profile.no.0));
            furnish(c, A, profile, profile.no.0 * 10);
            furnish(c, B, profile, profile.no.0 * 10 + 5);
        }
    });
    people
}

#[test]
fn an_absorbed_profile_leaves_everything_to_the_one_kept() {
    on_stores(|store| {
        let [_, mut second, third] = furnished(store);
        // The third had been the second before it became the first: an alias of an alias.
        second.absorb(third.clone());
        put(store, |c| {
            c.absorb_profile(A, &third, 1, no(2));
            c.update_profile(A, 1, &second);
        });
        assert_eq!(belongings(store, A, 2), ONE.map(|count| 2 * count));
        assert_eq!((owner(store, A, 3), owner(store, A, 2)), (Some(2), Some(2)));
        put(store, |c| c.absorb_profile(A, &second, 2, no(1)));
        assert_eq!(belongings(store, A, 1), ONE.map(|count| 3 * count));
        assert_eq!((belongings(store, A, 2), belongings(store, A, 3)), (NOTHING, NOTHING));
        for n in [1, 2, 3] {
            assert_eq!(owner(store, A, n), Some(1), "{n} is now the first");
        }
        assert_eq!((profile(store, A, 2), profile(store, A, 3)), (None, None));
        let texts = ["user_id:1", "user_id:2", "email:hai@shop.vn", "anonymous_id:3"].map(identifier);
        let asked: Vec<_> = texts.iter().map(|one| (A, one)).collect();
        assert_eq!(get(store, |tx| tx.find_identifiers(&asked)), [Some(no(1)); 4]);
        // What was theirs alone is gone: their clocks, and the texts by which they were found.
        let clocks: Vec<_> = get(store, |tx| tx.due_timers(Timestamp::MAX, 100))
            .into_iter()
            .filter(|timer| timer.workspace == A)
            .map(|timer| timer.profile.0)
            .collect();
        assert_eq!(clocks, [1]);
        assert_eq!(get(store, |tx| tx.profile_count(A)), 1);
        assert!(get(store, |tx| tx.search_profiles(A, "of 2", no(9), 9)).is_empty());
        // Rows keep their own content, and other workspaces keep everything.
        let orders = get(store, |tx| tx.order_summaries(&[(A, no(1))]));
        let ids: Vec<_> = orders[0].iter().map(|order| order.order_id.as_str()).collect();
        assert_eq!(ids, ["10", "20", "30"]);
        let named = get(store, |tx| tx.orders_named(&[(A, "web", "30")]));
        assert_eq!(named[0].as_ref().unwrap().profile, no(1));
        for n in [1, 2, 3] {
            assert_eq!(belongings(store, B, n), ONE, "profile {n} of the other workspace");
            assert_eq!(owner(store, B, n as u128), Some(n));
        }
        let there: Vec<_> = texts.iter().map(|one| (B, one)).collect();
        let expect = [Some(no(1)), Some(no(2)), Some(no(2)), Some(no(3))];
        assert_eq!(get(store, |tx| tx.find_identifiers(&there)), expect);
    });
}

#[test]
fn a_chain_of_joins_fits_into_one_changeset() {
    on_stores(|store| {
        let [_, mut second, third] = furnished(store);
        second.absorb(third.clone());
        put(store, |c| {
            c.absorb_profile(A, &third, 1, no(2));
            c.absorb_profile(A, &second, 1, no(1));
        });
        let asked = identifier("anonymous_id:3");
        assert_eq!(get(store, |tx| tx.find_identifiers(&[(A, &asked)])), [Some(no(1))]);
        assert_eq!(belongings(store, A, 1), ONE.map(|count| 3 * count));
        assert_eq!([1, 2, 3].map(|n| owner(store, A, n)), [Some(1); 3]);
    });
}

#[test]
fn a_profile_that_changed_meanwhile_is_not_absorbed() {
    on_stores(|store| {
        let [_, second, _] = furnished(store);
        put(store, |c| c.update_profile(A, 1, &second));
        conflicts(store, "profile_delete", |c| c.absorb_profile(A, &second, 1, no(1)));
        assert_eq!((belongings(store, A, 1), belongings(store, A, 2)), (ONE, ONE));
        assert_eq!(get(store, |tx| tx.profile_count(A)), 3);
        let asked = identifier("email:hai@shop.vn");
        assert_eq!(get(store, |tx| tx.find_identifiers(&[(A, &asked)])), [Some(no(2))]);
        put(store, |c| c.absorb_profile(A, &second, 2, no(1)));
        conflicts(store, "profile_delete", |c| c.absorb_profile(A, &second, 2, no(1)));
        assert_eq!(belongings(store, A, 1), ONE.map(|count| 2 * count));
    });
}

#[test]
fn the_number_of_an_absorbed_profile_is_not_given_out_again() {
    on_stores(|store| {
        let [_, _, third] = furnished(store);
        put(store, |c| {
            c.absorb_profile(A, &third, 1, no(1));
            c.log_merge(99, A, at(0), no(1), &third, true, "same person", "user_id:1");
        });
        assert_eq!(get(store, |tx| tx.last_profile_no(A)), no(3));
    });
}
