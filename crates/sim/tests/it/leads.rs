//! Leads in a shop with rules: every grade is won and lost at its very millisecond, and each crossing hands the lead
//! over once, whatever crashes.

use engine::leads::{LeadWanted, leads, reading_of, save_rules, with_facts};
use engine::{Insight, Note};
use kit::{DAY_MS, HOUR_MS, ProfileNo, Rng, Timestamp};
use serde_json::{Value, json};
use sim::world::{SHOP, World};
use sim::{Crashes, Database};

/// 2026-03-01 09:00 in Vietnam.
const BEGIN: Timestamp = Timestamp::from_ms(1_772_330_400_000);
const PEOPLE: i64 = 4;
const HANDED: &str = "Lead Handed Over";
const GRADED: &str = "Lead Grade Changed";

fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.ms()).expect("an instant").to_string()
}

fn rules() -> Value {
    json!({
        "rules": [
            { "id": "view", "name": "Xem hàng", "on": { "event": "Product Viewed" }, "points": 6, "cap": 30, "per": { "points": 18, "days": 1 }, "half_life_days": 3 },
            { "id": "cart", "name": "Thêm vào giỏ", "on": { "event": "Product Added" }, "points": 25, "half_life_days": 7 },
            { "id": "soon", "name": "Vừa hỏi", "when": { "did": { "event": "Asked", "window": { "last": "2d" } } }, "points": 15 },
            { "id": "gone", "name": "Ngừng nhận tin", "on": { "event": "Unsubscribed" }, "points": -20, "half_life_days": 10 },
        ],
        "grades": [{ "name": "A", "from": 40 }, { "name": "B", "from": 20 }, { "name": "C", "from": 5 }],
        "handover": { "from": 40, "rearm_below": 20, "again_after_days": 5, "assignees": ["lan@shop.vn", "vy@shop.vn"], "notify": true },
    })
}

fn event(user: &str, name: &str, at: Timestamp, id: usize) -> Value {
    json!({ "type": "track", "event": name, "userId": user, "timestamp": iso(at), "messageId": format!("m{id}"), "properties": {} })
}

fn world(seed: u64, database: Database) -> World {
    let mut world = World::new(database, seed, BEGIN, domain::settings::Settings::default());
    let items = (0..PEOPLE).map(|who| {
        json!({ "type": "identify", "userId": format!("u{who}"), "messageId": format!("i{who}"), "timestamp": iso(BEGIN), "traits": {} })
    });
    world.send_items(items.collect(), false);
    world.drain();
    let now = world.now;
    save_rules(world.store(), SHOP, &rules(), Some(0), "test", now).expect("rules");
    world.drain();
    world
}

fn score_at(world: &World, no: i64, at: Timestamp) -> Option<i64> {
    let settings = world.settings();
    world.read(|tx| {
        let insight = Insight::read(tx, SHOP)?;
        let read = reading_of(tx, SHOP, &insight, &[ProfileNo(no)], world.now)?.pop().expect("a person");
        Ok(with_facts(&insight, &settings, &read.stored.profile, &read.past, at, |facts| {
            facts.lead_reading(at).expect("rules").score(at)
        }))
    })
}

/// What happened to a person by these names, oldest first.
fn told(world: &World, no: i64, name: &str) -> Vec<(Timestamp, Value)> {
    let events =
        world.read(|tx| tx.event_page(SHOP, ProfileNo(no), (Timestamp::MAX, i64::MAX), None, 10_000));
    let mut found: Vec<_> = events
        .into_iter()
        .filter(|event| event.name == name)
        .map(|event| (event.at, engine::segments::properties_of(&event.body)))
        .collect();
    found.reverse();
    found
}

fn notices(world: &World) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for no in 1..=PEOPLE {
        let messages = world.read(|tx| tx.messages_of_profile(SHOP, ProfileNo(no), i64::MAX, 1_000));
        found.extend(
            messages
                .into_iter()
                .filter(|message| message.origin == "staff")
                .map(|message| (message.key, message.address.unwrap_or_default())),
        );
    }
    found.sort();
    found
}

type Course = Vec<(i64, Timestamp, Value)>;

fn live(seed: u64, crashes: bool) -> (Course, Course, Vec<(String, String)>) {
    let mut rng = Rng::seeded(seed);
    let mut world = world(seed, Database::sqlite());
    if crashes {
        world.crashes = Crashes::ByChance { per_mille: 60, rng: Rng::seeded(seed ^ 0x5eed) };
    }
    for step in 0..40 {
        let now = world.now;
        let user = format!("u{}", rng.below(PEOPLE as u64));
        let at = if rng.below(8) == 0 { now.plus_ms(-(rng.below(2 * DAY_MS as u64) as i64)) } else { now };
        let name = match rng.below(10) {
            0..=4 => "Product Viewed",
            5..=7 => "Product Added",
            8 => "Asked",
            _ => "Unsubscribed",
        };
        world.send_items(vec![event(&user, name, at, step)], false);
        world.drain();
        let pause = match rng.below(4) {
            0 => 0,
            1 => rng.below(30) as i64 * HOUR_MS + rng.below(1_000) as i64,
            2 => rng.below(3) as i64 * DAY_MS + 1,
            _ => rng.below(12) as i64 * DAY_MS,
        };
        let until = world.now.plus_ms(pause);
        world.advance_to(until);
        // Who has which grade by the leaves is who has it by the score.
        for no in 1..=PEOPLE {
            let score = score_at(&world, no, world.now).expect("a lead");
            let scoring = world.read(|tx| Insight::read(tx, SHOP));
            let grade = scoring.scoring().expect("rules").rules.grade_name(score).map(str::to_owned);
            let page = world.read(|tx| {
                let wanted = LeadWanted { grade: grade.clone(), ..LeadWanted::default() };
                leads(tx, SHOP, scoring.scoring(), &wanted, None, 100)
            });
            let listed = page.people.contains(&ProfileNo(no));
            assert!(
                listed || grade.is_none(),
                "seed {seed} step {step}: {no} with {score} is not in {grade:?}"
            );
            if let Some(row) = world.read(|tx| tx.lead(SHOP, ProfileNo(no))) {
                // What the list is sorted by is what was true within the last hour.
                let scores =
                    (0..=60).filter_map(|ago| score_at(&world, no, world.now.plus_ms(-ago * 60_000)));
                let scores: Vec<i64> = scores.collect();
                assert!(scores.contains(&row.score), "seed {seed} step {step}: {no} {row:?} {scores:?}");
            } else {
                assert!(score < 5, "seed {seed} step {step}: {no} with {score} is not listed");
            }
        }
    }
    let (mut graded, mut handed) = (Vec::new(), Vec::new());
    for no in 1..=PEOPLE {
        let turns = told(&world, no, GRADED);
        for (at, properties) in &turns {
            // Late events change what the score was; where none came since, the turn is exact.
            graded.push((no, *at, properties.clone()));
        }
        handed.extend(told(&world, no, HANDED).into_iter().map(|(at, properties)| (no, at, properties)));
    }
    (graded, handed, notices(&world))
}

#[test]
fn crashes_change_nothing_about_who_is_handed_over_and_when() {
    let mut handed = 0;
    for seed in 0..5 {
        let (quiet, torn) = (live(seed, false), live(seed, true));
        assert_eq!(quiet.0, torn.0, "seed {seed}: grades");
        assert_eq!(quiet.1, torn.1, "seed {seed}: hand-overs");
        assert_eq!(quiet.2, torn.2, "seed {seed}: notices");
        assert_eq!(quiet.2.len(), quiet.1.len(), "seed {seed}: one notice a hand-over");
        let mut keys: Vec<&String> = quiet.2.iter().map(|(key, _)| key).collect();
        keys.dedup();
        assert_eq!(keys.len(), quiet.2.len(), "seed {seed}: a notice came twice");
        handed += quiet.1.len();
    }
    assert!(handed > 6, "only {handed} hand-overs");
}

#[test]
fn a_grade_is_lost_at_the_millisecond_at_which_the_score_falls() {
    let mut world = world(3, Database::sqlite());
    let begin = world.now;
    world.send_items(
        vec![event("u0", "Product Added", begin, 0), event("u0", "Product Added", begin, 1)],
        false,
    );
    world.drain();
    assert_eq!(score_at(&world, 1, begin), Some(50));
    world.advance_to(begin.plus_ms(60 * DAY_MS));
    let turns = told(&world, 1, GRADED);
    let grades: Vec<&Value> = turns.iter().map(|(_, told)| &told["grade"]).collect();
    assert_eq!(grades, [&json!("B"), &json!("A"), &json!("B"), &json!("C"), &Value::Null]);
    for ((at, told), (before, after)) in turns[2..].iter().zip([(40, 39), (20, 19), (5, 4)]) {
        assert_eq!(score_at(&world, 1, at.plus_ms(-1)), Some(before), "{told}");
        assert_eq!(score_at(&world, 1, *at), Some(after), "{told}");
        assert_eq!(told["score"], json!(after));
    }
}

#[test]
fn a_lead_is_handed_over_again_only_after_it_cooled_and_sales_are_done() {
    let mut world = world(5, Database::sqlite());
    let mut id = 0;
    let mut heat = |world: &mut World| {
        let now = world.now;
        let items = (0..2).map(|at| event("u0", "Product Added", now, id + at)).collect();
        id += 2;
        world.send_items(items, false);
        world.drain();
    };
    let handed = |world: &World| told(world, 1, HANDED).len();
    heat(&mut world);
    assert_eq!(handed(&world), 1);
    heat(&mut world);
    assert_eq!(handed(&world), 1, "it is above already");
    // It cools and heats up again, but sales still have it.
    let until = world.now.plus_ms(30 * DAY_MS);
    world.advance_to(until);
    heat(&mut world);
    assert_eq!(handed(&world), 1, "sales have it");
    let profile_id =
        world.read(|tx| tx.profile(SHOP, ProfileNo(1))).expect("a person").profile.id.to_string();
    let say = |world: &mut World, call: &str, status: &str| {
        let note = json!({ "note": "lead", "profile_id": profile_id, "call_id": call, "at": world.now.ms(),
            "told": { "status": status, "by": "test" } });
        let note: Note = serde_json::from_value(note).expect("a note");
        world.note(&note);
        world.drain();
    };
    say(&mut world, "c1", "lost");
    let until = world.now.plus_ms(30 * DAY_MS);
    world.advance_to(until);
    heat(&mut world);
    assert_eq!(handed(&world), 2, "it cooled, and nobody has it");
    say(&mut world, "c2", "disqualified");
    let until = world.now.plus_ms(30 * DAY_MS);
    world.advance_to(until);
    heat(&mut world);
    assert_eq!(handed(&world), 2, "sales called it none");
    let row = world.read(|tx| tx.lead(SHOP, ProfileNo(1))).expect("a lead");
    assert_eq!((row.status.as_str(), row.assignee.as_str()), ("disqualified", "lan@shop.vn"));
}

#[test]
fn leads_are_shared_out_in_turn_and_won_by_an_order() {
    let mut world = world(6, Database::sqlite());
    for who in 0..3 {
        let now = world.now;
        let user = format!("u{who}");
        world.send_items(
            vec![event(&user, "Product Added", now, who), event(&user, "Product Added", now, who + 10)],
            false,
        );
        let until = world.now.plus_ms(1_000);
        world.advance_to(until);
    }
    let has = |no: i64| world.read(|tx| tx.lead(SHOP, ProfileNo(no))).expect("a lead").assignee;
    assert_eq!([has(1), has(2), has(3)], ["lan@shop.vn", "vy@shop.vn", "lan@shop.vn"]);
    let order = json!({ "type": "track", "event": "Order Completed", "userId": "u1", "messageId": "order", "timestamp": iso(world.now),
        "properties": { "order_id": "1", "total": 100_000, "currency": "VND" } });
    world.send_items(vec![order], false);
    world.drain();
    assert_eq!(world.read(|tx| tx.lead(SHOP, ProfileNo(2))).expect("a lead").status, "won");
    assert_eq!(score_at(&world, 2, world.now), None, "who bought is no lead by these rules");
}

#[test]
fn new_rules_alone_hand_nobody_over() {
    let mut world = world(8, Database::sqlite());
    let now = world.now;
    world.send_items(vec![event("u0", "Product Added", now, 1)], false);
    world.drain();
    assert_eq!(told(&world, 1, HANDED).len(), 0);
    let mut other = rules();
    other["rules"][1]["points"] = json!(90);
    save_rules(world.store(), SHOP, &other, Some(1), "test", now).expect("rules");
    world.drain();
    assert_eq!(score_at(&world, 1, now), Some(90));
    assert_eq!(
        (told(&world, 1, HANDED).len(), told(&world, 1, GRADED).len()),
        (0, 1),
        "B by the event, A quietly"
    );
    let page = world.read(|tx| {
        let insight = Insight::read(tx, SHOP)?;
        let wanted = LeadWanted { grade: Some("A".into()), ..LeadWanted::default() };
        leads(tx, SHOP, insight.scoring(), &wanted, None, 10)
    });
    assert_eq!((page.people, page.is_computing), (vec![ProfileNo(1)], false));
    assert!(
        save_rules(world.store(), SHOP, &other, Some(1), "test", now).is_err(),
        "an old version was edited"
    );
}

#[test]
fn whom_new_rules_made_hot_is_handed_over_when_somebody_asks_for_it_and_once() {
    {
        let mut world = world(9, Database::sqlite());
        let now = world.now;
        let items = (0..3).map(|who| event(&format!("u{who}"), "Product Added", now, who)).collect();
        world.send_items(items, false);
        world.drain();
        let mut other = rules();
        other["rules"][1]["points"] = json!(90);
        save_rules(world.store(), SHOP, &other, Some(1), "test", now).expect("rules");
        world.drain();
        let waiting = |world: &World| world.read(|tx| engine::leads::waiting(tx, SHOP));
        let told_of =
            |world: &World| (1..=PEOPLE).map(|no| told(world, no, HANDED).len()).collect::<Vec<_>>();
        assert_eq!((waiting(&world).people, waiting(&world).version, told_of(&world)), (3, 2, vec![0; 4]));
        let ask = |world: &mut World, version: i64| {
            world.note(&Note::HandOver { version, after: 0, at: world.now.into() });
            world.drain();
        };
        // For rules that hold no more, and what is asked twice.
        ask(&mut world, 1);
        assert_eq!(told_of(&world), [0; 4]);
        world.crashes = Crashes::ByChance { per_mille: 200, rng: Rng::seeded(4) };
        ask(&mut world, 2);
        ask(&mut world, 2);
        assert_eq!((told_of(&world), notices(&world).len()), (vec![1, 1, 1, 0], 3));
        assert_eq!((waiting(&world).people, waiting(&world).from), (0, Some(40)));
        let has = |no: i64| world.read(|tx| tx.lead(SHOP, ProfileNo(no))).expect("a lead").assignee;
        assert_eq!([has(1), has(2), has(3)], ["lan@shop.vn", "vy@shop.vn", "lan@shop.vn"], "in turn");
        // They are handed over again only by a crossing, as anybody.
        world.advance_to(world.now.plus_ms(60 * DAY_MS));
        ask(&mut world, 2);
        assert_eq!(told_of(&world), [1, 1, 1, 0]);
    }
}

#[test]
fn a_chance_that_is_no_better_any_more_is_told_no_longer() {
    let mut world = World::new(Database::sqlite(), 11, BEGIN, domain::settings::Settings::default());
    let identify = |who: usize| json!({ "type": "identify", "userId": format!("u{who}"), "messageId": format!("i{who}"), "timestamp": iso(BEGIN), "traits": {} });
    world.send_items((0..120).map(identify).collect(), false);
    world.drain();
    let mut changes = store::Changeset::new();
    let row = store::models::ModelRow {
        kind: engine::leads::MODEL.to_owned(),
        version: 1,
        fitted_at: BEGIN,
        state: "serving".to_owned(),
        document: "{}".to_owned(),
        report: "{}".to_owned(),
    };
    changes.insert_model(SHOP, row);
    engine::configure(world.store(), changes).expect("a model that was good once");
    let learn = |world: &World| {
        let fitted =
            engine::learning::learn(world.store(), SHOP, engine::leads::MODEL, world.now, &mut |_| true);
        let fitted = fitted.expect("the store answers").expect("people to learn from");
        let report: Value = serde_json::from_str(&fitted.report).expect("a report");
        let first = world.read(|tx| tx.model(SHOP, engine::leads::MODEL, 1)).expect("a model").state;
        (report["verdict"].as_str().unwrap_or_default().to_owned(), fitted.state, first)
    };
    let told = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    world.advance_to(BEGIN.plus_ms(32 * DAY_MS));
    assert_eq!(learn(&world), told("too_few", "refused", "serving"), "nothing speaks against it");
    // People who are all alike, some of whom buy.
    for month in 0..5 {
        world.advance_to(BEGIN.plus_ms((33 + 30 * month) * DAY_MS));
        let order = |who: i64| {
            json!({ "type": "track", "event": "Order Completed", "userId": format!("u{who}"), "messageId": format!("o{who}"), "timestamp": iso(world.now),
                "properties": { "order_id": who.to_string(), "total": 100_000, "currency": "VND" } })
        };
        world.send_items((month * 20..month * 20 + 20).map(order).collect(), false);
        world.drain();
    }
    world.advance_to(BEGIN.plus_ms(160 * DAY_MS));
    assert_eq!(learn(&world), told("not_better_than_base", "refused", "retired"));
    let serving = world.read(|tx| tx.serving_models_of(SHOP));
    assert!(serving.iter().all(|row| row.kind != engine::leads::MODEL), "and no chance is told");
}
