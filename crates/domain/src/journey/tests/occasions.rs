//! When what the calendar drives comes.

use crate::journey::{
    AnniversaryTrigger, Direction, FeastDay, FeastTrigger, ScheduleTrigger, ThresholdTrigger, Trigger,
};
use crate::local_time::{Zone, parse_instant};
use kit::Timestamp;
use serde_json::{Value, json};

fn zone() -> Zone {
    Zone::vietnam()
}

fn at(text: &str) -> Timestamp {
    parse_instant(text, &zone()).unwrap()
}

fn written(at: Timestamp) -> String {
    crate::local_time::format_datetime_vn(at, &zone())
}

/// The next times after `from`, as many as are expected.
fn check(next: impl Fn(Timestamp) -> Option<Timestamp>, from: &str, expect: &[&str]) {
    let mut now = at(from);
    for expected in expect {
        now = next(now).expect("there is a next time");
        assert_eq!(written(now), *expected, "after {from}");
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[test]
fn feasts_by_both_calendars() {
    let feast = |feast: &str, offset: &str| -> FeastTrigger {
        read(json!({ "feast": feast, "offset": offset, "at": "09:00" }))
    };
    let tet = feast("tet", "-7d");
    let next = |at| tet.next_occurrence(&zone(), at);
    check(next, "2026-01-01", &["10/02/2026 09:00", "30/01/2027 09:00", "19/01/2028 09:00"]);
    check(next, "2026-02-10T08:59:59", &["10/02/2026 09:00"]);
    check(next, "2026-02-10T09:00", &["30/01/2027 09:00"]);
    let kitchen = feast("ong_tao", "0d");
    check(|at| kitchen.next_occurrence(&zone(), at), "2026-02-10T09:00", &["30/01/2027 09:00"]);
    let women = feast("03-08", "-366d");
    check(|at| women.next_occurrence(&zone(), at), "2026-01-01", &["07/03/2026 09:00", "08/03/2027 09:00"]);
    let leap = feast("02-29", "0d");
    check(|at| leap.next_occurrence(&zone(), at), "2026-03-01", &["28/02/2027 09:00", "29/02/2028 09:00"]);
    // By the clock of another zone it is the same day.
    let tokyo = Zone::named("Asia/Tokyo").unwrap();
    let shops = tet.next_occurrence(&zone(), at("2026-01-01")).unwrap();
    assert_eq!(written(tet.elsewhere(shops, &zone(), &tokyo)), "10/02/2026 07:00");
    for text in ["tet", "03-08", "trung_thu"] {
        assert_eq!(FeastDay::parse(text).unwrap().to_string(), text);
    }
    assert!(FeastDay::parse("02-30").is_err() && FeastDay::parse("3-8").is_err());
}

#[test]
fn schedules() {
    let schedule = |value: Value| -> ScheduleTrigger { read(value) };
    let day = schedule(json!({ "every": "day", "at": ["20:00", "08:30"] }));
    check(
        |at| day.next_occurrence(&zone(), at),
        "2026-03-01T08:30",
        &["01/03/2026 20:00", "02/03/2026 08:30", "02/03/2026 20:00"],
    );
    let week = schedule(json!({ "every": "week", "on": ["mon", "thu"], "at": "08:00" }));
    check(
        |at| week.next_occurrence(&zone(), at),
        "2026-03-01",
        &["02/03/2026 08:00", "05/03/2026 08:00", "09/03/2026 08:00"],
    );
    let month =
        schedule(json!({ "every": "month", "on": [15, "last", 31], "at": "08:00", "months": [2, 4] }));
    check(
        |at| month.next_occurrence(&zone(), at),
        "2026-01-20",
        &["15/02/2026 08:00", "28/02/2026 08:00", "15/04/2026 08:00", "30/04/2026 08:00", "15/02/2027 08:00"],
    );
    let one = schedule(json!({ "every": "month", "on": 1, "at": "00:00" }));
    check(|at| one.next_occurrence(&zone(), at), "2026-12-01T00:00", &["01/01/2027 00:00"]);
    // Where the clock is put forward over the hour, an hour on; where it is put back, once.
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let night = schedule(json!({ "every": "day", "at": "02:30" }));
    let mut now = parse_instant("2026-03-27T12:00", &berlin).unwrap();
    let mut told = Vec::new();
    for _ in 0..3 {
        now = night.next_occurrence(&berlin, now).unwrap();
        told.push(crate::local_time::format_datetime_vn(now, &berlin));
    }
    assert_eq!(told, ["28/03/2026 02:30", "29/03/2026 03:30", "30/03/2026 02:30"]);
    assert_eq!(day.next_occurrence(&zone(), Timestamp::MAX), None);
}

#[test]
fn anniversaries() {
    let trigger = |every: &str, calendar: &str, offset: &str| -> AnniversaryTrigger {
        let value = json!({ "attribute": "birthday", "every": every, "calendar": calendar, "offset": offset,
                            "at": "09:00" });
        read(value)
    };
    let check = |trigger: &AnniversaryTrigger, date: &str, from: &str, expect: &[&str]| {
        check(|at| trigger.next_occurrence(&json!(date), &zone(), at), from, expect);
    };
    let year = trigger("year", "solar", "-7d");
    check(&year, "1990-03-05", "2026-01-01", &["26/02/2026 09:00", "26/02/2027 09:00"]);
    check(&year, "--03-05", "2026-02-26T09:00", &["26/02/2027 09:00"]);
    // Not in the year of the date itself.
    check(&year, "2026-05-05", "2026-01-01", &["28/04/2027 09:00"]);
    let month = trigger("month", "solar", "0d");
    check(&month, "2026-01-31", "2026-01-01", &["28/02/2026 09:00", "31/03/2026 09:00", "30/04/2026 09:00"]);
    let before = trigger("month", "solar", "-45d");
    check(&before, "2026-01-31", "2026-02-20", &["16/03/2026 09:00", "16/04/2026 09:00"]);
    let moon = trigger("year", "lunar", "0d");
    // The 24th of the second lunar month; and by a lunar day without its year.
    check(&moon, "1990-03-20", "2026-01-01", &["11/04/2026 09:00", "31/03/2027 09:00"]);
    check(&moon, "--01-01", "2026-01-01", &["17/02/2026 09:00", "06/02/2027 09:00"]);
    // Born in a leap month (the sixth of 2025): kept in the ordinary one.
    check(&moon, "2025-07-25", "2025-07-26", &["14/07/2026 09:00"]);
    let full = trigger("month", "lunar", "-1d");
    check(&full, "2026-03-03", "2026-03-03", &["01/04/2026 09:00", "30/04/2026 09:00"]);
    assert_eq!(year.next_occurrence(&json!("soon"), &zone(), at("2026-01-01")), None);
    assert_eq!(full.next_occurrence(&json!(5), &zone(), at("2026-01-01")), None);
}

#[test]
fn thresholds() {
    let up: ThresholdTrigger = read(json!({ "attribute": "score", "crosses": 5 }));
    assert_eq!(up.direction, Direction::Up);
    let down: ThresholdTrigger = read(json!({ "attribute": "score", "crosses": 5, "direction": "down" }));
    let side = |trigger: &ThresholdTrigger, score: Value| {
        let person = super::scenario::Person::with(json!({ "score": score }));
        trigger.is_beyond(&person, Timestamp::from_ms(0))
    };
    let check = |trigger: &ThresholdTrigger, before: Value, after: Value, expect: bool| {
        let crossed = trigger.is_crossed(side(trigger, before.clone()), side(trigger, after.clone()));
        assert_eq!(crossed, expect, "{before} to {after}");
    };
    for (before, after, rises, falls) in [
        (json!(4), json!(5), true, false),
        (json!(null), json!("7.5"), true, false),
        (json!(5), json!(9), false, false),
        (json!(6), json!(5), false, true),
        (json!(9), json!(null), false, false),
        (json!(null), json!(1), false, false),
        (json!("many"), json!(6), true, false),
        (json!(4.99), json!(5.01), true, false),
        (json!(3), json!(2), false, false),
    ] {
        check(&up, before.clone(), after.clone(), rises);
        check(&down, before, after, falls);
    }
}

#[test]
fn what_a_message_or_a_form_trigger_asks_of_the_event() {
    let trigger: Trigger = read(json!({
        "type": "message", "did": "clicked", "journey": "J", "template": "t",
        "where": [{ "property": "link_url", "op": "contains", "value": "/giay" }],
    }));
    let pattern = trigger.pattern().unwrap();
    assert_eq!(pattern.event, "Email Link Clicked");
    let named: Vec<&str> = pattern.filters.iter().map(|filter| filter.property.as_str()).collect();
    assert_eq!(named, ["template_id", "journey_id", "link_url"]);
    let trigger: Trigger = read(json!({ "type": "form", "form": "size" }));
    assert_eq!(trigger.pattern().unwrap().event, "Form Submitted");
}
