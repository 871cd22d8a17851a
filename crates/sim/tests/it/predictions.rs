//! Forecasts of purchases in a shop that learned them from its own past: segments and journeys turn on them at the very
//! midnight, and a newer fit takes people along.

use crate::habits::{BEGIN, bought, learn, means, tell_history, turns, world};
use domain::condition::Condition;
use domain::delivery::Content;
use domain::local_time::{Zone, start_of_day};
use kit::{DAY_MS, ProfileNo, Rng};
use serde_json::json;
use sim::world::{SHOP, World};

/// A shop with a past of 40 weeks: 200 people with rhythms of their own, of whom many were lost on the way.
fn with_past(world: &mut World) {
    let mut rng = Rng::seeded(11);
    let mut items = Vec::new();
    for person in 0..200 {
        let user = format!("u{person}");
        let rhythm = 7 + rng.below(50) as i64;
        let mut at = BEGIN.plus_ms(-(280 - rng.below(120) as i64) * DAY_MS);
        while at < BEGIN.plus_ms(-DAY_MS) {
            items.push(bought(&user, at, "Áo", 100_000 + 1_000 * rng.below(300) as i64));
            if rng.below(100) < 25 {
                break;
            }
            at = at.plus_ms((1 + rhythm / 2 + rng.below(rhythm as u64 + 1) as i64) * DAY_MS);
        }
    }
    tell_history(world, items);
}

#[test]
fn a_win_back_falls_due_at_a_midnight_and_starts_what_waits_for_it() {
    let mut world = world();
    with_past(&mut world);
    learn(&mut world, "purchases");
    let condition = json!({ "attribute": "predicted.win_back_due", "op": "eq", "value": true });
    world.put_segment("due", &condition);
    world.put_plain_template(
        "back",
        "email",
        "{{ customer.predicted.churn | default: '?' }}, {{ customer.predicted.orders_90d | default: '?' }}",
    );
    world.publish("back", &json!({
        "schema": 1,
        "name": "back",
        "trigger": { "type": "segment", "segment": "due", "on": "entered" },
        "start": "s",
        "nodes": { "s": { "type": "send", "channel": "email", "template": "back", "purpose": "transactional" } },
    }));
    world.drain();
    // Those who were due already entered nothing by the first look.
    assert!(world.provider.taken.is_empty());
    let mails = json!({ "type": "identify", "userId": "an", "messageId": "i",
        "traits": { "email": "an@example.com" } });
    world.send_items(vec![mails, bought("an", BEGIN, "Áo", 200_000)], false);
    world.drain();
    let no = world.read(|tx| tx.last_profile_no(SHOP));
    let leaf = Condition::from_value(&condition, "").expect("of the grammar");
    let told = turns(&mut world, "due", &leaf, no, BEGIN.plus_ms(300 * DAY_MS));
    let [(at, true)] = told.as_slice() else { panic!("due once: {told:?}") };
    assert_eq!(*at, start_of_day(*at, &Zone::vietnam()), "at a midnight of the shop");
    let days = at.since_ms(BEGIN) / DAY_MS;
    assert!((27..=280).contains(&days), "after {days} days");
    let own: Vec<_> =
        world.provider.taken.iter().filter(|taken| taken.attempt.to == "an@example.com").collect();
    assert_eq!(own.len(), 1, "one message");
    let Content::Email(email) = &own[0].content else { panic!("an e-mail") };
    let words = email.html.as_deref().unwrap_or(&email.text);
    assert!(words.contains("at_risk, 0"), "{words}");

    // The next order puts it off.
    let now = world.now;
    world.send_items(vec![bought("an", now, "Áo", 200_000)], false);
    world.drain();
    assert!(!means(&world, no, &leaf, now.plus_ms(DAY_MS)));
    assert!(means(&world, no, &leaf, now.plus_ms(300 * DAY_MS)));
}

#[test]
fn a_chance_that_fades_with_silence_turns_a_segment_day_by_day() {
    let mut world = world();
    with_past(&mut world);
    learn(&mut world, "purchases");
    let condition = json!({ "attribute": "predicted.orders_90d", "op": "lt", "value": 0.4 });
    world.put_segment("few", &condition);
    world.drain();
    let orders = (0..4).map(|n| bought("binh", BEGIN.plus_ms((n - 4) * 20 * DAY_MS), "Áo", 90_000));
    world.send_items(orders.collect(), true);
    world.send_items(vec![bought("binh", BEGIN, "Áo", 90_000)], false);
    world.drain();
    let no = world.read(|tx| tx.last_profile_no(SHOP));
    let leaf = Condition::from_value(&condition, "").expect("of the grammar");
    assert!(!means(&world, no, &leaf, BEGIN));
    let told = turns(&mut world, "few", &leaf, no, BEGIN.plus_ms(200 * DAY_MS));
    let [(at, true)] = told.as_slice() else { panic!("in once: {told:?}") };
    assert_eq!(*at, start_of_day(*at, &Zone::vietnam()));
}

#[test]
fn a_first_fit_starts_nothing_and_a_newer_one_takes_people_along() {
    let mut world = world();
    with_past(&mut world);
    let condition = json!({ "attribute": "predicted.win_back_due", "op": "eq", "value": true });
    world.put_segment("due", &condition);
    world.drain();
    let told =
        |world: &World| world.read(|tx| tx.transitions_of_segment(SHOP, "due", i64::MAX, 10_000)).len();
    let members = |world: &World| {
        let leaf = Condition::from_value(&condition, "").expect("of the grammar");
        let last = world.read(|tx| tx.last_profile_no(SHOP)).0;
        (1..=last).filter(|no| means(world, ProfileNo(*no), &leaf, world.now)).count()
    };
    assert_eq!((told(&world), members(&world)), (0, 0));
    learn(&mut world, "purchases");
    let before = members(&world);
    assert!(before > 20, "{before} are due");
    assert_eq!(told(&world), 0, "a first fit moves people without a word");
    // The shop accepts less waste: the newer fit has other dates, and who is moved by it enters or leaves.
    world.change_settings(|settings| settings.forecast.win_back_waste_percent = 2.0);
    world.drain();
    learn(&mut world, "purchases");
    let after = members(&world);
    assert!(after < before, "{before} were due, {after} are");
    assert!(told(&world) >= before - after, "{} entered or left", told(&world));
}
