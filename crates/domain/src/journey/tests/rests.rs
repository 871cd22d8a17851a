//! Waits for conditions and for several events, the best hour, experiments, lists, and journeys that lead to others.

use super::scenario::{Person, check, timeline};
use crate::condition::PastMessage;
use crate::journey::*;
use crate::local_time::{Zone, parse_instant};
use kit::{HOUR_MS, Id, ProfileNo, Timestamp};
use serde_json::{Value, json};

fn journey(trigger: Value, start: &str, nodes: Value) -> Value {
    json!({ "schema": 1, "name": "j", "trigger": trigger, "start": start, "nodes": nodes })
}

fn signup() -> Value {
    json!({ "type": "event", "event": "signup" })
}

#[test]
fn a_condition_is_looked_at_when_something_happens_and_at_its_own_instant() {
    let wait = |when: Value| {
        let nodes = json!({
            "w": { "type": "wait_for", "when": when, "timeout": "3d", "on_met": "yes", "on_timeout": "no" },
            "yes": { "type": "exit", "reason": "yes" },
            "no": { "type": "exit", "reason": "no" },
        });
        journey(signup(), "w", nodes)
    };
    let twice = json!({ "did": { "event": "view", "value": 2 } });
    check(
        wait(twice),
        "+0h an does signup
         +0h binh does signup
         +5h an does view
         +6h an does view
         +80h end",
        "+0h an -: started by event
         +0h an w: waits for the condition until 2026-03-04 08:00
         +0h binh -: started by event
         +0h binh w: waits for the condition until 2026-03-04 08:00
         +6h an w: the condition came (did view count gte 2, is 2: yes)
         +6h an yes: came to an exit
         +6h an yes: left: yes
         +72h binh w: the condition did not come until 2026-03-04 08:00
         +72h binh no: came to an exit
         +72h binh no: left: no",
    );
    // By time alone: a day after the last view nobody calls, and the run looks by itself.
    let quiet = json!({ "none": [{ "did": { "event": "view", "window": { "last": "1d" } } }] });
    let told = timeline(
        wait(quiet.clone()),
        "+0h an does view
         +1h an does signup
         +3h an does view
         +80h end",
    );
    assert!(told.contains("+27h an w: the condition came"), "{told}");
    // At once when it holds already; a tag is a change.
    let told = timeline(wait(quiet), "+0h an does signup");
    assert!(told.contains("+0h an yes: left: yes"), "{told}");
    let told = timeline(wait(json!({ "tag": "vip" })), "+0h an does signup\n+4h an tag vip");
    assert!(told.contains("+4h an yes: left: yes"), "{told}");
}

#[test]
fn what_becomes_true_at_the_end_of_a_wait_is_in_time() {
    let nodes = json!({
        "w": { "type": "wait_for", "when": { "none": [{ "did": { "event": "signup", "window": { "last": "2h" } } }] },
               "timeout": "2h", "on_met": "yes" },
        "yes": { "type": "add_tag", "tag": "x" },
    });
    let told = timeline(journey(signup(), "w", nodes), "+0h an does signup\n+9h end");
    assert!(told.contains("+2h an yes: added the tag x"), "{told}");
}

#[test]
fn the_first_of_several_events_decides() {
    let nodes = json!({
        "w": { "type": "wait_for", "timeout": "1d", "on_event": "other", "any_of": [
            { "event": "click", "where": [{ "property": "url", "op": "contains", "value": "shoe" }], "next": "shoes" },
            { "event": "click" },
            { "event": "view" },
        ] },
        "shoes": { "type": "exit", "reason": "shoes" },
        "other": { "type": "exit", "reason": "other" },
    });
    check(
        journey(signup(), "w", nodes),
        r#"+0h an does signup
           +0h binh does signup
           +1h an does click {"url": "/shoe"}
           +1h binh does click {"url": "/hat"}
           +30h end"#,
        "+0h an -: started by event
         +0h an w: waits for click or view until 2026-03-02 08:00
         +0h binh -: started by event
         +0h binh w: waits for click or view until 2026-03-02 08:00
         +1h an w: click came
         +1h an shoes: came to an exit
         +1h an shoes: left: shoes
         +1h binh w: click came
         +1h binh other: came to an exit
         +1h binh other: left: other",
    );
}

fn started(definition: &Value, person: &Person, now: Timestamp) -> Stepped {
    let definition = Definition::from_value(definition).unwrap();
    let new = NewRun {
        run_id: Id::from_u128(5),
        journey_id: Id::from_u128(2),
        version: 1,
        profile: ProfileNo(4),
        depth: 0,
    };
    let event =
        crate::condition::EventView { id: "m", name: "signup", at: now, properties: &json!({ "size": 41 }) };
    start(&definition, new, Cause::Event(event), History::default(), person, now).unwrap()
}

#[test]
fn the_best_hour() {
    let nodes = json!({
        "w": { "type": "delay", "until_best_hour": { "otherwise": "09:30" }, "next": "x" },
        "x": { "type": "add_tag", "tag": "x" },
    });
    let definition = journey(signup(), "w", nodes);
    let now = parse_instant("2026-03-01T12:00", &Zone::vietnam()).unwrap();
    let read = |hours: &[i64]| {
        let message = |hour: &i64| {
            let at = now.plus_ms(-36 * HOUR_MS + hour * HOUR_MS + 60_000);
            PastMessage {
                id: String::new(),
                channel: "email".into(),
                purpose: "marketing".into(),
                template_id: None,
                journey_id: None,
                campaign_id: None,
                state: "accepted".into(),
                decided_at: at,
                accepted_at: Some(at),
                delivered_at: None,
                opened_at: Some(at),
                clicked_at: None,
                unsubscribed_at: None,
            }
        };
        let mut person = Person::with(json!({}));
        person.past.messages = hours.iter().map(message).collect();
        person
    };
    let until = |person: &Person| {
        let stepped = started(&definition, person, now);
        let line = stepped.log.last().unwrap();
        (
            line.params["until"].as_str().unwrap().to_owned(),
            line.params["best_hour"].as_str().unwrap().to_owned(),
        )
    };
    let expect = |person: &Person, at: &str, why: &str| assert_eq!(until(person), (at.into(), why.into()));
    expect(&Person::with(json!({})), "2026-03-02 09:30", "otherwise");
    expect(&Person::with(json!({ "best_hour": 20 })), "2026-03-01 20:00", "attribute");
    expect(&Person::with(json!({ "best_hour": "7" })), "2026-03-02 07:00", "attribute");
    expect(&Person::with(json!({ "best_hour": 25 })), "2026-03-02 09:30", "otherwise");
    expect(&read(&[21, 21]), "2026-03-02 09:30", "otherwise");
    expect(&read(&[21, 8, 21]), "2026-03-01 21:00", "reads");
    expect(&read(&[22, 8, 19]), "2026-03-02 08:00", "reads");
    // A click is the surer sign.
    let mut person = read(&[8, 8, 8]);
    for message in &mut person.past.messages {
        message.clicked_at = Some(message.accepted_at.unwrap().plus_ms(7 * HOUR_MS));
    }
    expect(&person, "2026-03-01 15:00", "reads");
    // What was learned comes before the mere count, once something was read at all.
    person.attributes.insert("best_time.any.hour".into(), json!(18));
    expect(&person, "2026-03-01 18:00", "learned");
    person.past.messages.clear();
    expect(&person, "2026-03-02 09:30", "otherwise");
    assert!(Definition::from_value(&definition).unwrap().wants().past_to_step.messages);

    // The channel of the next message on the straight way decides.
    let nodes = json!({
        "w": { "type": "delay", "until_best_hour": { "otherwise": "09:30" }, "next": "x" },
        "x": { "type": "add_tag", "tag": "x", "next": "s" },
        "s": { "type": "send", "channel": "email", "template": "t" },
    });
    let definition = journey(signup(), "w", nodes);
    let mut person = read(&[8]);
    person.attributes.insert("best_time.email.hour".into(), json!(21));
    let stepped = started(&definition, &person, now);
    let line = stepped.log.last().unwrap();
    assert_eq!(
        (&line.params["until"], &line.params["best_hour"]),
        (&json!("2026-03-01 21:00"), &json!("learned"))
    );
}

#[test]
fn an_experiment_is_fair_and_follows_the_profile() {
    let nodes = json!({
        "e": { "type": "experiment", "name": "subject", "variants": [
            { "name": "a", "weight": 3, "next": "x" }, { "name": "b", "weight": 1 } ] },
        "x": { "type": "add_tag", "tag": "x" },
    });
    let definition = journey(signup(), "e", nodes);
    let variant = |id: usize, at: i64| {
        let mut person = Person::with(json!({}));
        person.attributes.insert("id".into(), json!(format!("p{id}")));
        struct Named(Person);
        impl Facts for Named {
            fn value(&self, path: &str) -> Option<Value> {
                self.0.attributes.get(path).cloned()
            }
            fn has_tag(&self, _: &str) -> bool {
                false
            }
            fn time_zone(&self) -> &Zone {
                &self.0.zone
            }
        }
        let definition = Definition::from_value(&definition).unwrap();
        let new = NewRun {
            run_id: Id::from_u128(at as u128),
            journey_id: Id::from_u128(at as u128),
            version: 1,
            profile: ProfileNo(1),
            depth: 0,
        };
        let now = Timestamp::from_ms(at);
        let properties = json!({});
        let event = crate::condition::EventView { id: "m", name: "signup", at: now, properties: &properties };
        let stepped =
            start(&definition, new, Cause::Event(event), History::default(), &Named(person), now).unwrap();
        let Some(Effect { action: Action::Assign { variant, .. }, .. }) = stepped.effects.first() else {
            panic!("no variant: {:?}", stepped.effects)
        };
        assert_eq!(stepped.run.variants["subject"], *variant);
        variant.clone()
    };
    let mut a = 0;
    for id in 0..400 {
        let given = variant(id, 1);
        assert_eq!(given, variant(id, 99), "another run, another journey");
        a += usize::from(given == "a");
    }
    assert!((270..330).contains(&a), "{a} of 400");
}

#[test]
fn lists_are_seen_by_the_next_node_and_other_journeys_are_asked_for() {
    let nodes = json!({
        "on": { "type": "add_to_list", "list": "club", "next": "look" },
        "look": { "type": "branch", "paths": [{ "when": { "list": "club" }, "next": "go" }] },
        "go": { "type": "start_journey", "journey": "gift", "next": "stop",
                "properties": { "size": { "from": "event.properties.size" }, "code": "A", "gone": { "from": "profile.x" } } },
        "stop": { "type": "stop_journey", "journey": "cart", "next": "off" },
        "off": { "type": "remove_from_list", "list": "club" },
    });
    let stepped = started(&journey(signup(), "on", nodes), &Person::with(json!({})), Timestamp::from_ms(9));
    let actions: Vec<&Action> = stepped.effects.iter().map(|effect| &effect.action).collect();
    let club = || "club".to_owned();
    let expect = [
        Action::AddToList { list: club() },
        Action::StartJourney {
            journey: "gift".into(),
            properties: json!({ "size": 41, "code": "A", "gone": null }),
        },
        Action::StopJourney { journey: "cart".into(), reason: "stopped by another journey".into() },
        Action::RemoveFromList { list: club() },
    ];
    assert_eq!(actions, expect.iter().collect::<Vec<_>>());
}

#[test]
fn each_cause_starts_its_own_kind_of_journey() {
    let nodes = json!({ "x": { "type": "add_tag", "tag": "x" } });
    let all = "+0h an does signup
               +1h an calls x
               +2h an date
               +3h an enters vip
               +4h an leaves vip
               +5h an enters other
               +6h an occasion
               +7h an crosses
               +8h an after welcome
               +9h an after other";
    let starts = |trigger: Value| -> Vec<String> {
        let told = timeline(journey(trigger, "x", nodes.clone()), all);
        told.lines().filter(|line| line.contains("started by")).map(str::to_owned).collect()
    };
    let check = |trigger: Value, expect: &[&str]| assert_eq!(starts(trigger), expect);
    check(json!({ "type": "segment", "segment": "vip" }), &["+3h an -: started by segment"]);
    check(json!({ "type": "segment", "segment": "vip", "on": "left" }), &["+4h an -: started by segment"]);
    check(
        json!({ "type": "anniversary", "attribute": "a", "at": "09:00" }),
        &["+2h an -: started by anniversary"],
    );
    check(json!({ "type": "feast", "feast": "tet", "at": "09:00" }), &["+6h an -: started by feast"]);
    check(json!({ "type": "schedule", "every": "day", "at": "09:00" }), &["+6h an -: started by schedule"]);
    check(
        json!({ "type": "threshold", "attribute": "a", "crosses": 5 }),
        &["+7h an -: started by threshold"],
    );
    check(json!({ "type": "journey", "journey": "welcome" }), &["+8h an -: started by journey"]);
    check(json!({ "type": "journey", "journey": "welcome", "on": "exited" }), &[]);
    check(json!({ "type": "api" }), &["+1h an -: started by api"]);
}

#[test]
fn the_ninth_journey_in_a_row_is_not_started() {
    let definition = Definition::from_value(&journey(
        json!({ "type": "api" }),
        "x",
        json!({ "x": { "type": "add_tag", "tag": "x" } }),
    ))
    .unwrap();
    let person = Person::with(json!({}));
    let properties = json!({});
    let now = Timestamp::from_ms(1);
    let begin = |depth: u32| {
        let new = NewRun {
            run_id: Id::from_u128(1),
            journey_id: Id::from_u128(2),
            version: 1,
            profile: ProfileNo(1),
            depth,
        };
        let event = crate::condition::EventView { id: "c", name: "api", at: now, properties: &properties };
        start(&definition, new, Cause::Api(event), History::default(), &person, now)
    };
    assert_eq!(begin(JOURNEYS_IN_A_ROW_MAX).unwrap().run.depth, 8);
    assert_eq!(begin(JOURNEYS_IN_A_ROW_MAX + 1).unwrap_err().reason.code, Code::DeclinedByDepth);
}

#[test]
fn wants_name_what_conditions_read() {
    let nodes = json!({
        "w": { "type": "wait_for", "when": { "did": { "event": "view", "value": 2 } }, "timeout": "1d", "on_met": "b" },
        "b": { "type": "branch", "paths": [
            { "when": { "orders": { "measure": "count", "value": 1 } } },
            { "when": { "segment": "vip" } } ] },
    });
    let mut document = journey(json!({ "type": "segment", "segment": "hue" }), "w", nodes);
    document["entry"] = json!({ "when": { "message": { "did": "opened" } } });
    let definition = Definition::from_value(&document).unwrap();
    let wants = definition.wants();
    assert!(wants.to_step.contains("view") && wants.changes);
    assert!(wants.past_to_step.orders && wants.past_to_step.events.contains_key("view"));
    assert!(wants.past_to_start.messages && !wants.past_to_step.messages);
    assert_eq!(definition.segments().into_iter().collect::<Vec<_>>(), ["hue", "vip"]);
}
