use super::*;
use crate::condition::{Context, Facts, Past, PastEvent};
use crate::local_time::Zone;
use kit::{HOUR_MS, Rng, Timestamp};
use proptest::prelude::*;

const DAY: i64 = DAY_MS;

struct Person {
    past: Past,
    attributes: Map<String, Value>,
}

impl Facts for Person {
    fn value(&self, path: &str) -> Option<Value> {
        self.attributes.get(path).cloned()
    }

    fn has_tag(&self, _: &str) -> bool {
        false
    }

    fn past(&self) -> &Past {
        &self.past
    }

    fn time_zone(&self) -> &Zone {
        static UTC: Zone = Zone::UTC;
        &UTC
    }
}

fn person(events: &[(&str, i64, Value)]) -> Person {
    let mut past = Past::default();
    for (no, (name, at, properties)) in events.iter().enumerate() {
        let event = PastEvent { no: no as i64, at: Timestamp::from_ms(*at), properties: properties.clone() };
        past.events.entry((*name).to_owned()).or_default().push(event);
    }
    Person { past, attributes: Map::new() }
}

fn rules(list: Value) -> Rules {
    Rules::from_value(&json!({
        "rules": list,
        "floor": -1000,
        "ceiling": 1000,
        "grades": [{ "name": "A", "from": 60 }, { "name": "B", "from": 30 }, { "name": "C", "from": 1 }],
    }))
    .unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn value(rules: &Rules, person: &Person, ms: i64) -> (i64, Option<i64>) {
    let context = Context::of_profile(person, at(ms));
    let (score, until) = rules.read(&context, true).value_at(at(ms));
    (score.unwrap(), until.map(Timestamp::ms))
}

fn event(name: &str, ms: i64) -> (&str, i64, Value) {
    (name, ms, Value::Null)
}

#[test]
fn what_an_event_brought_is_halved_every_half_life() {
    let rules = rules(json!([
        { "id": "v", "name": "View", "on": { "event": "View" }, "points": 8, "half_life_days": 10 },
    ]));
    let who = person(&[event("View", 0)]);
    assert_eq!(value(&rules, &who, 0).0, 8);
    // 8 * 2^(-t/10) falls below 7.5 at 10 * log2(8 / 7.5) days.
    let (_, until) = value(&rules, &who, 0);
    let exact = 10.0 * (8.0f64 / 7.5).log2() * DAY as f64;
    // Rounding to millionths moves it by the time in which half a millionth is lost.
    assert!((until.unwrap() as f64 - exact).abs() < 200.0, "{until:?} is not {exact}");
    assert_eq!(value(&rules, &who, 10 * DAY).0, 4);
    assert_eq!(value(&rules, &who, 30 * DAY).0, 1);
    assert_eq!(value(&rules, &who, 400 * DAY), (0, None));
    // Before it happened there is nothing, and something comes.
    assert_eq!(value(&rules, &who, -5), (0, Some(0)));
}

#[test]
fn caps_limit_a_rule_at_any_instant_and_a_stretch_of_time() {
    let day = json!([
        { "id": "v", "name": "View", "on": { "event": "View" }, "points": 3, "cap": 10, "per": { "points": 5, "days": 1 } },
    ]);
    let rules = rules(day);
    let hours = |list: &[i64]| {
        let events: Vec<_> = list.iter().map(|hour| event("View", hour * HOUR_MS)).collect();
        person(&events)
    };
    let check = |list: &[i64], expect: i64| {
        assert_eq!(value(&rules, &hours(list), 100 * HOUR_MS).0, expect, "{list:?}");
    };
    check(&[0], 3);
    check(&[0, 1], 5);
    check(&[0, 1, 2, 3], 5);
    // At hour 24 the first is just a day ago and frees its 3 points.
    check(&[0, 1, 24], 8);
    check(&[0, 1, 23], 5);
    check(&[0, 1, 24, 25, 49, 50, 74], 10);
}

#[test]
fn conditions_give_while_they_hold_and_turn_the_score_at_their_instant() {
    let rules = rules(json!([
        { "id": "p", "name": "Phone", "when": { "attribute": "phone", "op": "exists" }, "points": 10 },
        { "id": "c", "name": "Cart", "when": { "did": { "event": "Cart", "window": { "last": "2d" } } }, "points": 20 },
        { "id": "u", "name": "Gone", "on": { "event": "Unsubscribed" }, "points": -15, "half_life_days": 30 },
    ]));
    let mut who = person(&[event("Cart", 0), event("Unsubscribed", DAY)]);
    assert_eq!(value(&rules, &who, 0), (20, Some(DAY)));
    who.attributes.insert("phone".into(), json!("+84901234567"));
    assert_eq!(value(&rules, &who, 0).0, 30);
    assert_eq!(value(&rules, &who, 2 * DAY - 1).0, 15);
    let (score, _) = value(&rules, &who, 2 * DAY);
    assert_eq!(score, -5);
    let context = Context::of_profile(&who, at(2 * DAY));
    let parts: Vec<f64> = rules.read(&context, true).parts(at(DAY)).iter().map(Part::points).collect();
    assert_eq!(parts, [10.0, 20.0, -15.0]);
    assert_eq!(rules.read(&context, false).value_at(at(0)), (None, None));
}

#[test]
fn reasons_name_the_rule_and_the_score_that_it_led_to() {
    let rules = rules(json!([
        { "id": "v", "name": "View", "on": { "event": "View", "where": [{ "property": "price", "op": "gte", "value": 100 }] }, "points": 4 },
        { "id": "u", "name": "Gone", "on": { "event": "Unsubscribed" }, "points": -6 },
    ]));
    let view = |ms, price: i64| ("View", ms, json!({ "price": price }));
    let who = person(&[view(10, 500), view(20, 5), view(30, 100), event("Unsubscribed", 40)]);
    let context = Context::of_profile(&who, at(50));
    let reading = rules.read(&context, true);
    let told: Vec<_> = reading
        .reasons((at(0), at(50)), 10)
        .into_iter()
        .map(|reason| (reason.at.ms(), reason.rule, reason.points, reason.score))
        .collect();
    assert_eq!(told, [(40, 1, -6, 2), (30, 0, 4, 8), (10, 0, 4, 4)]);
    assert_eq!(reading.reasons((at(10), at(39)), 10).len(), 1);
    assert_eq!(reading.reasons((at(0), at(50)), 2).len(), 2);
}

#[test]
fn a_document_says_all_that_is_wrong_with_it_at_its_place() {
    let check = |value: Value, expect: &[&str]| {
        let problems = Rules::from_value(&value).err().unwrap_or_default();
        let found: Vec<String> =
            problems.iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect();
        assert_eq!(found, expect, "{value}");
    };
    let rule = |more: Value| {
        let mut rule = json!({ "id": "r", "name": "R", "on": { "event": "View" }, "points": 1 });
        for (key, value) in more.as_object().unwrap() {
            match value.is_null() {
                true => drop(rule.as_object_mut().unwrap().remove(key)),
                false => rule[key] = value.clone(),
            }
        }
        json!({ "rules": [rule] })
    };
    check(json!({}), &[]);
    check(json!([]), &[" json.type"]);
    check(json!({ "rulez": [], "audience": "all" }), &["rulez json.unknown_key", "audience lead.audience"]);
    check(rule(json!({ "points": 0 })), &["rules.0.points lead.points"]);
    check(rule(json!({ "points": null })), &["rules.0.points json.missing_key"]);
    check(rule(json!({ "points": 1.5 })), &["rules.0.points json.type"]);
    check(rule(json!({ "cap": 0 })), &["rules.0.cap lead.cap"]);
    check(rule(json!({ "half_life_days": 0 })), &["rules.0.half_life_days lead.days"]);
    check(rule(json!({ "half_life_days": -1 })), &["rules.0.half_life_days lead.days"]);
    check(rule(json!({ "per": { "points": 1 } })), &["rules.0.per.days json.missing_key"]);
    check(rule(json!({ "on": null })), &["rules.0 lead.kind"]);
    check(rule(json!({ "when": { "tag": "x" } })), &["rules.0 lead.kind"]);
    check(rule(json!({ "on": { "event": "Lead Grade Changed" } })), &["rules.0.on.event lead.circle"]);
    let when = |when: Value| rule(json!({ "on": null, "when": when }));
    check(when(json!({ "tag": 5 })), &["rules.0.when.tag json.type"]);
    check(when(json!({ "attribute": "lead.score", "op": "gt", "value": 5 })), &["rules.0.when lead.circle"]);
    check(when(json!({ "none": [{ "segment": "vip" }] })), &["rules.0.when lead.segment"]);
    check(when(json!({ "seen": { "event": "View" } })), &["rules.0.when.seen condition.scope"]);
    check(
        rule(json!({ "on": null, "when": { "tag": "x" }, "half_life_days": 3 })),
        &["rules.0.half_life_days lead.permanent"],
    );
    let from = json!([{ "property": "id", "op": "eq", "value": { "from": "profile.email" } }]);
    check(
        rule(json!({ "on": { "event": "View", "where": from } })),
        &["rules.0.on.where.0.value lead.reference"],
    );
    let grades =
        json!([{ "name": "A", "from": 10 }, { "name": "A", "from": 50 }, { "name": "C", "from": 500 }]);
    check(
        json!({ "grades": grades }),
        &[
            "grades.1.name lead.twice",
            "grades.1.from lead.order",
            "grades.2.from lead.range",
            "grades.2.from lead.order",
        ],
    );
    check(json!({ "floor": 5, "ceiling": 5 }), &["ceiling lead.range"]);
    check(
        json!({ "handover": { "from": 200, "rearm_below": 300, "assignees": ["Lan"], "notify": true } }),
        &[
            "handover.from lead.range",
            "handover.rearm_below lead.range",
            "handover.assignees.0 lead.assignee",
        ],
    );
}

#[test]
fn a_document_reads_back_as_it_was_written() {
    let document = json!({
        "audience": "everyone",
        "floor": 0,
        "ceiling": 100,
        "rules": [
            { "id": "a", "name": "Xem hàng", "on": { "event": "Product Viewed" }, "points": 2, "cap": 20, "per": { "points": 6, "days": 1 }, "half_life_days": 14 },
            { "id": "b", "name": "Có số", "when": { "attribute": "phone", "op": "exists" }, "points": 10 },
        ],
        "grades": [{ "name": "Nóng", "from": 60 }, { "name": "Ấm", "from": 20 }],
        "handover": { "from": 60, "rearm_below": 40, "again_after_days": 30, "assignees": ["lan@shop.vn", "telegram:sale"], "notify": true },
    });
    let rules = Rules::from_value(&document).unwrap();
    assert_eq!(rules.to_value(), document);
    assert_eq!(
        (rules.grade_name(60), rules.grade_name(59), rules.grade_name(19)),
        (Some("Nóng"), Some("Ấm"), None)
    );
    let wants = rules.wants();
    assert_eq!(wants.events["Product Viewed"].reach_ms, Some(14 * 40 * DAY));
    assert!(wants.profile && wants.time && !wants.orders);
}

#[test]
fn who_was_handed_over_as_one_of_two_was_handed_over() {
    let mut a = LeadState::new(at(5).into());
    a.is_armed = true;
    let mut b = LeadState::new(at(3).into());
    (b.handed_at, b.handovers) = (Some(at(3).into()), 1);
    (b.status, b.status_at) = (Status::Contacted, at(9).into());
    let mut left = a.clone();
    left.absorb(b.clone());
    b.absorb(a);
    assert_eq!(left, b);
    assert_eq!((left.status, left.handovers, left.is_armed), (Status::Contacted, 1, false));
}

fn arbitrary_rules() -> impl Strategy<Value = Rules> {
    let rule = (0..3usize, prop_oneof![-40..-1i64, 1..40i64], 0..4u32, 0..3u8, 0..3u8).prop_map(
        |(event, points, half_life, cap, per)| {
            let mut rule = json!({ "name": "R", "on": { "event": format!("E{event}") }, "points": points });
            if half_life > 0 {
                rule["half_life_days"] = json!([1, 7, 60][half_life as usize - 1]);
            }
            if cap > 0 {
                rule["cap"] = json!(points.abs() * i64::from(cap) + 1);
            }
            if per > 0 {
                rule["per"] = json!({ "points": points.abs() * 2, "days": per });
            }
            rule
        },
    );
    let when = (0..3usize, 1..40i64).prop_map(|(event, points)| {
        let window = ["12h", "3d", "30d"][event];
        let did = json!({ "event": format!("E{event}"), "window": { "last": window } });
        json!({ "name": "W", "when": { "did": did }, "points": points })
    });
    (proptest::collection::vec(rule, 1..4), proptest::collection::vec(when, 0..2), any::<bool>()).prop_map(
        |(on, when, narrow)| {
            let mut list: Vec<Value> = on.into_iter().chain(when).collect();
            list.iter_mut().enumerate().for_each(|(at, rule)| rule["id"] = json!(format!("r{at}")));
            let (floor, ceiling) = if narrow { (0, 50) } else { (-5_000, 5_000) };
            Rules::from_value(&json!({ "rules": list, "floor": floor, "ceiling": ceiling })).unwrap()
        },
    )
}

fn arbitrary_events() -> impl Strategy<Value = Vec<(usize, i64)>> {
    proptest::collection::vec((0..3usize, 0..90 * DAY), 0..25)
}

fn person_of(events: &[(usize, i64)]) -> Person {
    let names = ["E0", "E1", "E2"];
    let events: Vec<_> = events.iter().map(|(name, at)| event(names[*name], *at)).collect();
    person(&events)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_score_is_another_at_its_instant_and_not_before(
        rules in arbitrary_rules(),
        events in arbitrary_events(),
        now in 0..100 * DAY,
        seed in any::<u64>(),
    ) {
        let who = person_of(&events);
        let (score, until) = value(&rules, &who, now);
        let mut rng = Rng::seeded(seed);
        match until {
            Some(until) => {
                prop_assert!(until > now);
                prop_assert_ne!(value(&rules, &who, until).0, score);
                prop_assert_eq!(value(&rules, &who, until - 1).0, score);
                for _ in 0..8 {
                    let between = now + rng.below((until - now) as u64) as i64;
                    prop_assert_eq!(value(&rules, &who, between), (score, Some(until)));
                }
            }
            None => {
                for later in [1, DAY, 30 * DAY, 400 * DAY, 4_000 * DAY] {
                    prop_assert_eq!(value(&rules, &who, now + later).0, score);
                }
            }
        }
    }

    #[test]
    fn the_order_of_events_does_not_matter(
        rules in arbitrary_rules(),
        events in arbitrary_events(),
        now in 0..100 * DAY,
        seed in any::<u64>(),
    ) {
        let mut shuffled = events.clone();
        let mut rng = Rng::seeded(seed);
        for last in (1..shuffled.len()).rev() {
            shuffled.swap(last, rng.below(last as u64 + 1) as usize);
        }
        prop_assert_eq!(value(&rules, &person_of(&events), now), value(&rules, &person_of(&shuffled), now));
    }

    #[test]
    fn no_rule_passes_its_cap_and_no_score_its_ends(
        rules in arbitrary_rules(),
        events in arbitrary_events(),
        now in 0..100 * DAY,
    ) {
        let who = person_of(&events);
        let context = Context::of_profile(&who, at(now));
        let reading = rules.read(&context, true);
        for part in reading.parts(at(now)) {
            let rule = &rules.rules[part.rule];
            prop_assert!(part.points() * rule.points.signum() as f64 >= 0.0);
            if let Some(cap) = rule.cap {
                prop_assert!(part.points().abs() <= cap as f64);
            }
        }
        let score = reading.score(at(now)).unwrap();
        prop_assert!((rules.floor..=rules.ceiling).contains(&score));
        let sum: f64 = reading.parts(at(now)).iter().map(Part::points).sum();
        let clamped = sum.clamp(rules.floor as f64, rules.ceiling as f64);
        prop_assert!((score as f64 - clamped).abs() <= 0.500_001);
    }
}
