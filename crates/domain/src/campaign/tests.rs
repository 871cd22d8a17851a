use super::*;
use crate::local_time::{Zone, at_local, parse_instant};
use kit::{DAY_MS, SECOND_MS};
use serde_json::{Value, json};

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn at(text: &str, zone: &Zone) -> Timestamp {
    parse_instant(text, zone).unwrap()
}

fn schedule(told: Value) -> Schedule {
    let read: Schedule = serde_json::from_value(told).unwrap();
    assert_eq!(read.problems(), []);
    read
}

/// The first runs of a schedule as wall-clock times of the shop.
fn runs(told: Value, launched: &str, shop: &str, count: usize) -> Vec<String> {
    let shop = zone(shop);
    let now = at(launched, &shop);
    let schedule = schedule(told).anchored(now, &shop);
    let mut found = Vec::new();
    let mut next = schedule.first(now, &shop);
    while let Some(planned) = next.filter(|_| found.len() < count) {
        let text = crate::local_time::format_datetime_vn(planned.starts_at, &shop);
        found.push(text);
        next = schedule.due(planned.starts_at, planned.starts_at, &shop).1;
    }
    found
}

#[test]
fn the_runs_to_come_are_those_that_will_be() {
    let hanoi = zone(HANOI);
    let now = at("2026-11-25T08:00", &hanoi);
    let until = at("2027-12-31T00:00", &hanoi);
    let told = |told: Value, max| {
        let planned = schedule(told).upcoming(now, until, &hanoi, max);
        planned.iter().map(|p| crate::local_time::format_datetime_vn(p.starts_at, &hanoi)).collect::<Vec<_>>()
    };
    for rule in [
        json!({ "type": "recurring", "every": "day", "interval": 3, "time": "09:00" }),
        json!({ "type": "recurring", "every": "week", "interval": 2, "weekdays": ["mon", "thu"], "time": "07:30" }),
        json!({ "type": "recurring", "every": "month", "days": [1, 31], "time": "20:00" }),
    ] {
        assert_eq!(told(rule.clone(), 7), runs(rule, "2026-11-25T08:00", HANOI, 7));
    }
    let ends = json!({ "type": "recurring", "every": "day", "time": "07:00", "until": "2026-11-27" });
    assert_eq!(told(ends, 7).len(), 2);
    assert_eq!(told(json!({ "type": "now" }), 7).len(), 1);
    assert_eq!(told(json!({ "type": "at", "at": "2026-11-25T07:59" }), 7).len(), 0);
    assert_eq!(told(json!({ "type": "at", "at": "2028-01-01T09:00" }), 7).len(), 0, "too late");
    assert_eq!(told(json!({ "type": "local", "at": "2026-11-26T09:00" }), 7).len(), 1);
}

const HANOI: &str = "Asia/Ho_Chi_Minh";

#[test]
fn every_day_week_and_month() {
    let check = |told: Value, launched: &str, expect: &[&str]| {
        assert_eq!(runs(told.clone(), launched, HANOI, expect.len()), expect, "{told}");
    };
    let daily = json!({ "type": "recurring", "every": "day", "time": "09:00" });
    check(daily.clone(), "2026-11-22T08:59", &["22/11/2026 09:00", "23/11/2026 09:00", "24/11/2026 09:00"]);
    check(daily, "2026-11-22T09:01", &["23/11/2026 09:00", "24/11/2026 09:00"]);
    check(
        json!({ "type": "recurring", "every": "day", "interval": 3, "time": "00:00" }),
        "2026-12-30T10:00",
        &["02/01/2027 00:00", "05/01/2027 00:00"],
    );
    check(
        json!({ "type": "recurring", "every": "week", "weekdays": ["thu", "mon"], "time": "20:30" }),
        "2026-11-22T09:00",
        &["23/11/2026 20:30", "26/11/2026 20:30", "30/11/2026 20:30"],
    );
    // Every second week counts from the week of its first day, a Sunday here.
    check(
        json!({ "type": "recurring", "every": "week", "interval": 2, "weekdays": ["sun", "mon"], "time": "08:00" }),
        "2026-11-22T07:00",
        &["22/11/2026 08:00", "30/11/2026 08:00", "06/12/2026 08:00", "14/12/2026 08:00"],
    );
    check(
        json!({ "type": "recurring", "every": "month", "days": [31, 1], "time": "09:00" }),
        "2026-12-15T09:00",
        &["31/12/2026 09:00", "01/01/2027 09:00", "31/01/2027 09:00", "01/02/2027 09:00", "28/02/2027 09:00"],
    );
    // Of two days that a short month makes one, there is one run.
    check(
        json!({ "type": "recurring", "every": "month", "days": [30, 31], "time": "09:00" }),
        "2028-02-01T09:00",
        &["29/02/2028 09:00", "30/03/2028 09:00", "31/03/2028 09:00", "30/04/2028 09:00"],
    );
    check(
        json!({ "type": "recurring", "every": "month", "interval": 3, "days": [31], "time": "09:00" }),
        "2026-11-01T09:00",
        &["30/11/2026 09:00", "28/02/2027 09:00", "31/05/2027 09:00"],
    );
}

#[test]
fn a_schedule_begins_and_ends_on_its_days() {
    let told = json!({ "type": "recurring", "every": "day", "interval": 2, "time": "09:00",
                       "from": "2026-12-01", "until": "2026-12-05" });
    let expect = ["01/12/2026 09:00", "03/12/2026 09:00", "05/12/2026 09:00"];
    assert_eq!(runs(told, "2026-11-22T09:00", HANOI, 9), expect);
}

#[test]
fn nine_o_clock_stays_nine_o_clock_when_the_clocks_change() {
    let daily = |time: &str| json!({ "type": "recurring", "every": "day", "time": time });
    let paris = "Europe/Paris";
    // Clocks go forward on 28 March 2027 at 02:00, and back on 31 October 2027 at 03:00.
    assert_eq!(
        runs(daily("09:00"), "2027-03-27T00:00", paris, 3),
        ["27/03/2027 09:00", "28/03/2027 09:00", "29/03/2027 09:00"]
    );
    assert_eq!(
        runs(daily("02:30"), "2027-03-27T00:00", paris, 3),
        ["27/03/2027 02:30", "28/03/2027 03:30", "29/03/2027 02:30"]
    );
    // The time that comes twice is one run.
    assert_eq!(
        runs(daily("02:30"), "2027-10-30T00:00", paris, 3),
        ["30/10/2027 02:30", "31/10/2027 02:30", "01/11/2027 02:30"]
    );
    let shop = zone(paris);
    let schedule = schedule(daily("09:00"));
    let first = schedule.first(at("2027-03-27T09:00", &shop), &shop).unwrap();
    let next = schedule.due(first.starts_at, first.starts_at, &shop).1.unwrap();
    assert_eq!(next.starts_at.since_ms(first.starts_at), 23 * HOUR_MS);
}

#[test]
fn what_is_over_does_not_begin() {
    let shop = zone(HANOI);
    let now = at("2026-11-22T09:00", &shop);
    let first = |told: Value| schedule(told).first(now, &shop);
    assert_eq!(first(json!({ "type": "now" })), Some(Planned { starts_at: now, local: None }));
    assert_eq!(first(json!({ "type": "at", "at": "2026-11-22T08:59" })), None);
    let planned = first(json!({ "type": "at", "at": "2026-11-22T09:30" })).unwrap();
    assert_eq!(planned.starts_at.since_ms(now), 30 * MINUTE_MS, "a time without an offset is the shop's");
    let planned = first(json!({ "type": "at", "at": "2026-11-22T03:00:00Z" })).unwrap();
    assert_eq!(planned.starts_at.since_ms(now), HOUR_MS);
    assert_eq!(first(json!({ "type": "local", "at": "2026-11-20T09:00" })), None);
    assert_eq!(
        first(json!({ "type": "recurring", "every": "day", "time": "08:00", "until": "2026-11-22" })),
        None
    );
}

#[test]
fn a_local_time_comes_to_each_zone_in_its_turn() {
    let shop = zone(HANOI);
    let now = at("2026-11-22T09:00", &shop);
    let told = schedule(json!({ "type": "local", "at": "2026-11-25T09:00" }));
    let planned = told.first(now, &shop).unwrap();
    let local = planned.local.unwrap();
    assert_eq!(planned.starts_at, at("2026-11-24T19:00:00Z", &shop), "in the first place that gets there");
    for name in [HANOI, "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata", "Etc/GMT+12"] {
        let zone = zone(name);
        let due = local_time_of(local, &zone);
        assert_eq!(due, at_local(local.date(), 9, 0, &zone));
        assert!(due >= planned.starts_at && due.since_ms(planned.starts_at) <= 26 * HOUR_MS, "{name}");
    }
    // Half of the earth is past it: it begins at once, for the other half.
    let now = at("2026-11-25T10:00", &shop);
    assert_eq!(told.first(now, &shop).unwrap().starts_at, now);
    let weekly =
        schedule(json!({ "type": "recurring", "every": "week", "weekdays": ["wed"], "time": "09:00",
                                  "zone": "recipient" }));
    let planned = weekly.first(at("2026-11-22T09:00", &shop), &shop).unwrap();
    assert_eq!((planned.starts_at, planned.local), (at("2026-11-24T19:00:00Z", &shop), Some(local)));
}

#[test]
fn after_an_outage_at_most_one_run_is_made_up_for() {
    let shop = zone(HANOI);
    let daily =
        schedule(json!({ "type": "recurring", "every": "day", "time": "09:00", "from": "2026-11-01" }));
    let check = |now: &str, run: Option<&str>, next: &str| {
        let due_at = at("2026-11-20T09:00", &shop);
        let told = daily.due(due_at, at(now, &shop), &shop);
        assert_eq!(told.0.map(|planned| planned.starts_at), run.map(|text| at(text, &shop)), "{now}");
        assert_eq!(told.1.map(|planned| planned.starts_at), Some(at(next, &shop)), "{now}");
    };
    check("2026-11-20T09:00", Some("2026-11-20T09:00"), "2026-11-21T09:00");
    check("2026-11-20T14:00", Some("2026-11-20T09:00"), "2026-11-21T09:00");
    check("2026-11-20T16:00", None, "2026-11-21T09:00");
    check("2026-11-24T10:00", Some("2026-11-24T09:00"), "2026-11-25T09:00");
    // What was to go once goes, however late: nobody else will send it.
    let once = schedule(json!({ "type": "at", "at": "2026-11-20T09:00" }));
    let told = once.due(at("2026-11-20T09:00", &shop), at("2026-11-24T10:00", &shop), &shop);
    assert!(told.0.is_some() && told.1.is_none());
}

#[test]
fn a_rate_spreads_evenly_and_without_drift() {
    let rate = Rate { count: 7, per: Per::Minute };
    let from = Timestamp::from_ms(1_000);
    let due: Vec<i64> = (0..8).map(|place| rate.due_at(from, place).ms()).collect();
    assert_eq!(due, [1_000, 9_571, 18_142, 26_714, 35_285, 43_857, 52_428, 61_000]);
    assert_eq!(rate.due_at(from, 7_000_000).since_ms(from), 1_000_000 * MINUTE_MS);
    // In no minute more than so many.
    for count in [1, 3, 59, 1_000] {
        let rate = Rate { count, per: Per::Hour };
        let due: Vec<Timestamp> = (0..i64::from(count) * 3).map(|place| rate.due_at(from, place)).collect();
        for (place, at) in due.iter().enumerate() {
            let within = due[place..].iter().filter(|other| other.since_ms(*at) < HOUR_MS).count();
            assert!(within <= count as usize, "{within} of {count}");
        }
    }
    assert_eq!(Rate { count: 60, per: Per::Minute }.takes_ms(30), 30 * SECOND_MS);
}

#[test]
fn the_last_touch_has_the_order() {
    let touch = |by: Option<i64>, at: i64| Touch { by, at: Timestamp::from_ms(at) };
    let order = |at: i64, net: i64| Order { placed_at: Timestamp::from_ms(at), net };
    let check = |touches: &[Touch<i64>], orders: &[Order], expect: (i64, i64)| {
        assert_eq!(credited(&1, touches, orders, 5), expect);
    };
    check(&[touch(Some(1), 10)], &[order(10, 5), order(9, 7)], (1, 5));
    check(&[touch(Some(1), 10), touch(Some(2), 20)], &[order(15, 5), order(25, 7)], (1, 5));
    check(&[touch(Some(1), 10), touch(None, 20)], &[order(25, 7)], (0, 0));
    check(&[touch(Some(1), 0)], &[order(5 * DAY_MS, 5), order(5 * DAY_MS + 1, 7)], (1, 5));
    // A second open keeps it within reach.
    check(&[touch(Some(1), 0), touch(Some(1), DAY_MS)], &[order(6 * DAY_MS, 5)], (1, 5));
    check(&[], &[order(1, 5)], (0, 0));
}

#[test]
fn a_schedule_in_plain_words() {
    let check = |told: Value, vi: &str, en: &str| {
        let schedule = schedule(told);
        assert_eq!((schedule.in_words("vi").as_str(), schedule.in_words("en").as_str()), (vi, en));
    };
    check(json!({ "type": "now" }), "gửi ngay", "at once");
    check(
        json!({ "type": "recurring", "every": "week", "weekdays": ["thu", "mon"], "time": "09:00" }),
        "thứ Hai và thứ Năm hằng tuần lúc 09:00",
        "every week on Monday and Thursday at 09:00",
    );
    check(
        json!({ "type": "recurring", "every": "month", "interval": 2, "days": [31, 1], "time": "20:00",
                "zone": "recipient", "until": "2027-12-31" }),
        "ngày 1 và 31, 2 tháng một lần lúc 20:00 theo giờ của từng người nhận (tháng ngắn hơn: ngày cuối tháng), \
         đến 2027-12-31",
        "every 2 months on day 1 and 31 at 20:00 by each recipient's clock (the last day of a shorter month), \
         until 2027-12-31",
    );
    check(
        json!({ "type": "recurring", "every": "day", "interval": 3, "time": "07:30", "from": "2026-12-01" }),
        "3 ngày một lần lúc 07:30, từ 2026-12-01",
        "every 3 days at 07:30, from 2026-12-01",
    );
}

#[test]
fn a_definition_says_what_is_wrong_with_it() {
    let read = |told: Value| serde_json::from_value::<Campaign>(told);
    let draft = read(json!({ "name": "Sale 8/3" })).unwrap();
    assert_eq!(
        (draft.channel, draft.purpose, draft.attribution_days),
        (Channel::Email, Purpose::Marketing, 5)
    );
    assert_eq!(draft.problems(), []);
    let fields =
        |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>();
    assert_eq!(fields(draft.gaps()), ["template", "audience"]);
    assert_eq!(draft.utm_campaign(), "sale-8-3");
    for unknown in
        [json!({ "name": "a", "colour": 1 }), json!({ "name": "a", "schedule": { "type": "hourly" } })]
    {
        assert!(read(unknown.clone()).is_err(), "{unknown}");
    }
    let check = |told: Value, expect: &[&str]| {
        let mut whole = json!({ "name": "a" });
        for (key, value) in told.as_object().unwrap() {
            whole[key] = value.clone();
        }
        assert_eq!(fields(read(whole).unwrap().problems()), expect, "{told}");
    };
    check(json!({ "name": " " }), &["name"]);
    check(json!({ "channel": "webhook" }), &["channel"]);
    check(json!({ "rate": { "count": 0, "per": "minute" } }), &["rate.count"]);
    check(json!({ "exclude": { "got_campaign_within_days": 0 } }), &["exclude.got_campaign_within_days"]);
    check(json!({ "attribution_days": 91 }), &["attribution_days"]);
    check(json!({ "schedule": { "type": "local", "at": "2026-11-25T09:00:00+07:00" } }), &["schedule.at"]);
    let recurring = |more: Value| {
        let mut told = json!({ "type": "recurring", "every": "day", "time": "09:00" });
        for (key, value) in more.as_object().unwrap() {
            told[key] = value.clone();
        }
        json!({ "schedule": told })
    };
    check(recurring(json!({})), &[]);
    check(recurring(json!({ "time": "24:00" })), &["schedule.time"]);
    check(recurring(json!({ "every": "week" })), &["schedule.weekdays"]);
    check(recurring(json!({ "every": "month", "days": [0] })), &["schedule.days"]);
    check(recurring(json!({ "weekdays": ["mon"] })), &["schedule.weekdays"]);
    check(recurring(json!({ "interval": 0 })), &["schedule.interval"]);
    check(recurring(json!({ "from": "2026-12-02", "until": "2026-12-01" })), &["schedule.until"]);
}

#[test]
fn the_page_about_campaigns_shows_schedules_that_are_read() {
    let page = include_str!("../../../../docs/campaigns.md");
    let blocks: Vec<&str> =
        page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let lines: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    assert!(lines.len() >= 2);
    for line in lines {
        schedule(serde_json::from_str(line).unwrap());
    }
    let request = page.split("-d '").nth(1).and_then(|rest| rest.split("'\n").next()).unwrap();
    let campaign: Campaign = serde_json::from_str(request).unwrap();
    assert_eq!((campaign.problems(), campaign.gaps()), (vec![], vec![]));
}
