//! Random valid journeys, events and times: what must hold for every one of them.

use super::scenario::Person;
use crate::condition::EventView;
use crate::journey::*;
use crate::local_time::Zone;
use kit::{HOUR_MS, Id, MINUTE_MS, ProfileNo, Rng, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const EVENTS: [&str; 4] = ["click", "order", "view", "cart"];

fn condition(rng: &mut Rng, depth: u32) -> Value {
    match rng.below(if depth > 2 { 8 } else { 11 }) {
        0 => json!({ "tag": rng.pick(&["x", "y"]) }),
        1 => {
            json!({ "attribute": "score", "op": rng.pick(&["gte", "lt", "eq", "ne"]), "value": rng.below(5) })
        }
        2 => json!({ "seen": { "event": rng.pick(&EVENTS), "at_least": 1 + rng.below(3) } }),
        3 => json!({ "awaited": { "where": [{ "property": "n", "op": "lte", "value": rng.below(5) }] } }),
        4 => json!({ "attribute": "day", "op": "within_last", "value": "30d" }),
        5 => json!({ "list": rng.pick(&["l", "m"]) }),
        6 => json!({ "did": { "event": rng.pick(&EVENTS), "window": { "last": rng.pick(&["3h", "2d"]) },
                              "op": rng.pick(&["gte", "lt"]), "value": 1 + rng.below(2) } }),
        7 => json!({ "attribute": "day", "op": "older_than", "value": "5d" }),
        _ => {
            let parts: Vec<Value> = (0..1 + rng.below(3)).map(|_| condition(rng, depth + 1)).collect();
            let kind = *rng.pick(&["all", "any", "none"]).unwrap();
            json!({ kind: parts })
        }
    }
}

/// A journey in which every way leads forward, but for some that go back over a long delay.
fn definition(rng: &mut Rng) -> Definition {
    let count = 1 + rng.below(25) as usize;
    let mut nodes: BTreeMap<String, Value> = BTreeMap::new();
    for i in 0..count {
        let on = |rng: &mut Rng| match rng.below(8) {
            0 => Value::Null,
            // The next one most often, so that long ways come about.
            1..=4 if i + 1 < count => json!(format!("n{}", i + 1)),
            _ if i + 1 < count => json!(format!("n{}", i + 1 + rng.below((count - i - 1) as u64) as usize)),
            _ => Value::Null,
        };
        let next = on(rng);
        let node = match rng.below(20) {
            0 | 1 => json!({ "type": "send", "channel": "email", "template": format!("t{i}"), "next": next }),
            2 => json!({ "type": "delay", "for": rng.pick(&["0s", "1m", "2h30m", "7d"]), "next": next }),
            3 => json!({ "type": "delay", "until_time": "09:00", "next": next }),
            4 => json!({ "type": "delay", "until_weekday": "fri", "time": "18:00", "next": next }),
            5 => {
                json!({ "type": "delay", "until_attribute": "day", "offset": "-1d", "yearly": rng.chance(0.5),
                "when_past": rng.pick(&["continue", "exit"]), "next": next })
            }
            6 => {
                json!({ "type": "wait_for", "event": rng.pick(&EVENTS), "timeout": rng.pick(&["1m", "1d", "3d"]),
                "on_event": next, "on_timeout": on(rng) })
            }
            7 => {
                let paths: Vec<Value> = (0..1 + rng.below(3))
                    .map(|_| json!({ "when": condition(rng, 0), "next": on(rng) }))
                    .collect();
                json!({ "type": "branch", "paths": paths, "otherwise": next })
            }
            8 => {
                json!({ "type": "split", "paths": [{ "weight": 1, "next": next }, { "weight": 2, "next": on(rng) }] })
            }
            9 => json!({ "type": "set_attribute", "name": "score", "value": rng.below(5), "next": next }),
            10 => {
                json!({ "type": rng.pick(&["add_tag", "remove_tag"]), "tag": rng.pick(&["x", "y"]), "next": next })
            }
            12 => json!({ "type": "delay", "until_best_hour": { "otherwise": "20:00" }, "next": next }),
            13 => {
                let events: Vec<Value> = (0..1 + rng.below(3))
                    .map(|_| json!({ "event": rng.pick(&EVENTS), "next": on(rng) }))
                    .collect();
                json!({ "type": "wait_for", "any_of": events, "timeout": rng.pick(&["1m", "1d"]),
                        "on_event": next, "on_timeout": on(rng) })
            }
            14 | 15 => {
                json!({ "type": "wait_for", "when": condition(rng, 0), "timeout": rng.pick(&["1m", "1d", "9d"]),
                        "on_met": next, "on_timeout": on(rng) })
            }
            16 => json!({ "type": "experiment", "name": rng.pick(&["e", "f"]), "variants": [
                { "name": "a", "weight": 1, "next": next }, { "name": "b", "weight": 3, "next": on(rng) }] }),
            17 => {
                json!({ "type": rng.pick(&["add_to_list", "remove_from_list"]), "list": rng.pick(&["l", "m"]), "next": next })
            }
            18 => json!({ "type": "start_journey", "journey": "other",
                          "properties": { "n": { "from": "event.name" } }, "next": next }),
            11 if i > 0 && rng.chance(0.5) => {
                json!({ "type": "delay", "for": "1h", "next": format!("n{}", rng.below(i as u64 + 1)) })
            }
            11 => json!({ "type": "webhook", "url": "https://shop.example/hook", "next": next }),
            _ => json!({ "type": "exit" }),
        };
        nodes.insert(format!("n{i}"), node);
    }
    // What no way leads to is left out, as validation asks.
    let mut reached = BTreeSet::from(["n0".to_string()]);
    let mut open = vec!["n0".to_string()];
    while let Some(id) = open.pop() {
        let node: Node = serde_json::from_value(nodes[&id].clone()).unwrap();
        for (_, next) in node.ways_on() {
            if reached.insert(next.to_string()) {
                open.push(next.to_string());
            }
        }
    }
    nodes.retain(|id, _| reached.contains(id));
    let mut document = json!({
        "schema": 1, "name": "random", "trigger": { "type": "event", "event": "signup" }, "start": "n0", "nodes": nodes,
    });
    if rng.chance(0.3) {
        document["goal"] = json!({ "event": rng.pick(&EVENTS), "within": "5d" });
    }
    if rng.chance(0.3) {
        document["exit_when"] = json!([{ "event": rng.pick(&EVENTS), "when": condition(rng, 0) }]);
    }
    let parsed =
        Definition::from_value(&document).unwrap_or_else(|problems| panic!("{document}\n{problems:#?}"));
    let again = serde_json::to_value(&parsed).unwrap();
    assert_eq!(
        Definition::from_value(&again).unwrap(),
        parsed,
        "a definition changed on its way through JSON"
    );
    parsed
}

/// Runs one profile through the journey of `seed`; gives everything that was told and asked for.
fn play(seed: u64, stores: bool) -> Vec<String> {
    let mut rng = Rng::seeded(seed);
    let definition = definition(&mut rng);
    let begin = Timestamp::from_ms(1_780_000_000_000);
    let zone = Zone::named(rng.pick(&["Asia/Ho_Chi_Minh", "Europe/Berlin"]).unwrap()).unwrap();
    let attributes =
        BTreeMap::from([("score".to_string(), json!("3")), ("day".to_string(), json!("2026-06-15"))]);
    let mut person = Person { attributes, ..Person::nobody(zone) };
    let new = NewRun {
        run_id: Id::from_u128(u128::from(seed)),
        journey_id: Id::from_u128(1),
        version: 1,
        profile: ProfileNo(1),
        depth: 0,
    };
    let empty = json!({});
    let signup = EventView { id: "m", name: "signup", at: begin, properties: &empty };
    let mut told = Vec::new();
    let mut keys = BTreeSet::new();
    let mut take =
        |mut stepped: Stepped, before: u32, now: Timestamp, person: &mut Person, told: &mut Vec<String>| {
            person.apply(&stepped.effects);
            let visited = stepped.log.iter().filter(|entry| entry.code.is_visit()).count();
            assert_eq!(visited as u32, stepped.run.visits - before, "one log entry a visit");
            assert!(visited <= NODES_PER_STEP_MAX);
            assert!(
                !matches!(stepped.run.state, RunState::Failed { .. }) || stepped.run.visits == VISITS_MAX
            );
            for effect in &stepped.effects {
                assert!(keys.insert(effect.key.clone()), "{} twice", effect.key);
                told.push(format!("{effect:?}"));
            }
            told.extend(stepped.log.iter().map(|entry| format!("{:?} {:?} {entry}", entry.at, entry.node)));
            match stepped.run.due_at() {
                Some(due) => assert!(due > now, "due at once"),
                None => assert!(
                    stepped.run.is_over() && stepped.run.ended_at == Some(now),
                    "stuck: {:?}",
                    stepped.run
                ),
            }
            if stores {
                stepped.run = serde_json::from_slice(&serde_json::to_vec(&stepped.run).unwrap()).unwrap();
            }
            stepped.run
        };
    let Ok(started) = start(&definition, new, Cause::Event(signup), History::default(), &person, begin)
    else {
        return told;
    };
    let mut run = take(started, 0, begin, &mut person, &mut told);
    let mut events: Vec<(Timestamp, &str, Value)> = (0..rng.below(12))
        .map(|_| {
            let at = begin.plus_ms(rng.below(200) as i64 * HOUR_MS / 4);
            (at, *rng.pick(&EVENTS).unwrap(), json!({ "n": rng.below(5) }))
        })
        .collect();
    events.sort_by_key(|(at, ..)| *at);
    let mut events = events.into_iter().peekable();
    for turn in 0..300 {
        let Some(due) = run.due_at() else { break };
        let before = run.visits;
        let (stepped, now) = match events.next_if(|(at, ..)| *at <= due) {
            Some((at, name, properties)) => {
                let id = format!("e{turn}");
                let event = EventView { id: &id, name, at, properties: &properties };
                person.did(name, at, &properties);
                let now = at.plus_ms(rng.below(2) as i64 * MINUTE_MS / 2);
                if now >= due && at < due {
                    // The timer would have come before this late event arrived.
                    (step(&definition, run.clone(), Input::Due, &person, due), due)
                } else {
                    (step(&definition, run.clone(), Input::Event(event), &person, now.min(due)), now.min(due))
                }
            }
            None => (step(&definition, run.clone(), Input::Due, &person, due), due),
        };
        // An event that changes nothing at the very instant of a timer leaves the timer for the same instant.
        if stepped.run.due_at() == Some(now) {
            run = stepped.run;
            continue;
        }
        run = take(stepped, before, now, &mut person, &mut told);
    }
    if run.is_over() {
        let after = step(&definition, run.clone(), Input::Due, &person, Timestamp::MAX);
        assert_eq!(after, Stepped { run, effects: Vec::new(), log: Vec::new() }, "a run that is over moved");
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_ends_or_is_due_and_replays_equal(seed: u64) {
        let told = play(seed, false);
        prop_assert_eq!(&told, &play(seed, false));
        prop_assert_eq!(&told, &play(seed, true));
    }

    #[test]
    fn no_document_makes_the_reader_panic(seed: u64) {
        let mut rng = Rng::seeded(seed);
        let mut document = serde_json::to_value(definition(&mut rng)).unwrap();
        for _ in 0..1 + rng.below(4) {
            mangle(&mut document, &mut rng);
        }
        if let Err(problems) = Definition::from_value(&document) {
            prop_assert!(!problems.is_empty());
        }
    }
}

/// Puts something else into a random place.
fn mangle(value: &mut Value, rng: &mut Rng) {
    let odd =
        [json!(null), json!(-1), json!("n0"), json!([]), json!({}), json!({ "from": "x" }), json!(1e300)];
    match value {
        Value::Object(object) if !object.is_empty() && rng.chance(0.9) => {
            let key = object.keys().nth(rng.below(object.len() as u64) as usize).cloned().unwrap();
            if rng.chance(0.1) {
                object.remove(&key);
            } else {
                mangle(&mut object[&key], rng);
            }
        }
        Value::Array(list) if !list.is_empty() && rng.chance(0.9) => {
            let i = rng.below(list.len() as u64) as usize;
            mangle(&mut list[i], rng);
        }
        other => *other = rng.pick(&odd).unwrap().clone(),
    }
}
