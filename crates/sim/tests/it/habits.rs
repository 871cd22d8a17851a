//! Habits and open carts in a shop that learned them from its own past: segments turn on them at the very instant, and
//! messages show them.

use domain::condition::{Condition, Context, Past};
use domain::delivery::Content;
use engine::learning;
use engine::{Insight, ProfileFacts, zone_of};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, ProfileNo, Rng, Timestamp};
use serde_json::{Value, json};
use sim::Database;
use sim::world::{SHOP, World};

/// 2026-03-01 09:00 in Vietnam.
pub const BEGIN: Timestamp = Timestamp::from_ms(1_772_330_400_000);

pub fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.ms()).expect("an instant").to_string()
}

pub fn event(user: &str, name: &str, at: Timestamp, properties: Value) -> Value {
    json!({ "type": "track", "event": name, "userId": user, "timestamp": iso(at),
        "messageId": format!("{user}-{name}-{}", at.ms()), "properties": properties })
}

pub fn bought(user: &str, at: Timestamp, category: &str, price: i64) -> Value {
    let line = json!({ "product_id": category, "category": category, "brand": "Trung Nguyên", "price": price, "quantity": 1 });
    let order_id = format!("{user}-{}", at.ms());
    event(
        user,
        "Order Completed",
        at,
        json!({ "order_id": order_id, "total": price, "currency": "VND", "products": [line] }),
    )
}

pub fn world() -> World {
    World::new(Database::sqlite(), 7, BEGIN, domain::settings::Settings::default())
}

/// Sends what happened long ago, oldest first.
pub fn tell_history(world: &mut World, mut items: Vec<Value>) {
    items.sort_by_key(|item| item["timestamp"].as_str().map(str::to_owned));
    for items in items.chunks(100) {
        world.send_items(items.to_vec(), true);
        world.drain();
    }
}

pub fn learn(world: &mut World, kind: &str) {
    let now = world.now;
    let fitted = learning::learn(world.store(), SHOP, kind, now, &mut |_| true).expect("the store answers");
    let fitted = fitted.expect("there is something to learn from");
    assert_eq!(fitted.state, "serving", "{}", fitted.report);
    world.drain();
}

/// Whether a condition holds for somebody at an instant, asked of what the store knows.
pub fn means(world: &World, no: ProfileNo, condition: &Condition, at: Timestamp) -> bool {
    let settings = world.settings();
    let (stored, orders, messages, insight) = world.read(|tx| {
        Ok((
            tx.profile(SHOP, no)?,
            tx.past_orders_of(&[(SHOP, no)])?,
            tx.past_messages(SHOP, no)?,
            Insight::read(tx, SHOP)?,
        ))
    });
    let profile = stored.expect("the profile is there").profile;
    let past = Past { orders: orders.concat(), messages, ..Past::default() };
    let zone = zone_of(&profile, &settings.zone());
    let facts = ProfileFacts {
        profile: &profile,
        zone: &zone,
        now: at,
        currency: settings.currency(),
        past: &past,
        insight: &insight,
        segments: None,
    };
    condition.holds(&Context::of_profile(&facts, at))
}

/// The turns of a person in a segment while time goes on to `until`, each held against what the condition means just
/// before and at it, and at many instants between.
pub fn turns(
    world: &mut World,
    segment: &str,
    condition: &Condition,
    no: ProfileNo,
    until: Timestamp,
) -> Vec<(Timestamp, bool)> {
    let since = world.read(|tx| tx.last_transition_no());
    let from = world.now;
    world.advance_to(until);
    let mut rows = world.read(|tx| tx.transitions_of_segment(SHOP, segment, i64::MAX, 10_000));
    rows.retain(|row| row.transition_no > since && row.profile == no);
    rows.reverse();
    let before = rows.first().is_some_and(|row| !row.entered);
    for row in &rows {
        assert_eq!(means(world, no, condition, row.at.plus_ms(-1)), !row.entered, "just before {row:?}");
        assert_eq!(means(world, no, condition, row.at), row.entered, "at {row:?}");
    }
    let span = until.since_ms(from);
    for step in 0..60 {
        let at = from.plus_ms(span * step / 60);
        let told = rows.iter().rev().find(|row| row.at <= at).map_or(before, |row| row.entered);
        if !rows.is_empty() {
            assert_eq!(means(world, no, condition, at), told, "at {at:?}");
        }
    }
    rows.into_iter().map(|row| (row.at, row.entered)).collect()
}

#[test]
fn what_is_needed_again_turns_segments_and_stands_in_messages() {
    let mut world = world();
    let mut rng = Rng::seeded(4);
    let mut items = Vec::new();
    for person in 0..60 {
        let user = format!("u{person}");
        let rhythm = 14 + rng.below(16) as i64;
        let mut at = BEGIN.plus_ms(-200 * DAY_MS);
        while at < BEGIN.plus_ms(-DAY_MS) {
            items.push(bought(&user, at, "Cà phê", 60_000 + 1_000 * rng.below(40) as i64));
            at = at.plus_ms((rhythm + rng.below(5) as i64 - 2) * DAY_MS);
        }
    }
    tell_history(&mut world, items);
    learn(&mut world, "hours");

    let condition = json!({ "attribute": "replenish.ca_phe", "op": "within_next", "value": "3d" });
    world.put_segment("soon", &condition);
    world.put_plain_template(
        "again",
        "email",
        "{{ customer.favourite.category }}, {{ customer.replenish.next_category | default: '?' }}",
    );
    world.publish("again", &json!({
        "schema": 1,
        "name": "again",
            "trigger": { "type": "segment", "segment": "soon", "on": "entered" },
        "start": "s",
        "nodes": { "s": { "type": "send", "channel": "email", "template": "again", "purpose": "transactional" } },
    }));
    world.drain();

    // Somebody new, with two purchases three weeks apart.
    world.send_items(
        vec![json!({ "type": "identify", "userId": "an", "messageId": "i", "timestamp": iso(BEGIN),
        "traits": { "email": "an@example.com" } })],
        false,
    );
    world.send_items(vec![bought("an", BEGIN.plus_ms(-21 * DAY_MS), "cà phê", 70_000)], true);
    world.drain();
    world.send_items(vec![bought("an", BEGIN, "Cà phê", 70_000)], false);
    world.drain();
    let no = world.read(|tx| tx.last_profile_no(SHOP));
    let leaf = Condition::from_value(&condition, "").expect("of the grammar");
    let told = turns(&mut world, "soon", &leaf, no, BEGIN.plus_ms(60 * DAY_MS));
    let [(enters_at, true), (leaves_at, false)] = told.as_slice() else {
        panic!("in and out once: {told:?}")
    };
    let days = enters_at.since_ms(BEGIN) / DAY_MS;
    assert!((10..25).contains(&days) && leaves_at > enters_at, "after {days} days");
    let own = world.provider.taken.iter().filter(|taken| taken.attempt.to == "an@example.com");
    let words: Vec<String> = own
        .filter_map(|taken| match &taken.content {
            Content::Email(email) => email.html.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(words.len(), 1, "one message to the new one");
    assert!(words[0].contains("Cà phê, Cà phê"), "{}", words[0]);

    // The next purchase sets another date; who wants no profile has none.
    let now = world.now;
    world.send_items(vec![bought("an", now, "Cà phê", 70_000)], false);
    world.drain();
    let next = (0..200).find(|day| means(&world, no, &leaf, now.plus_ms(day * DAY_MS)));
    assert!(next.is_some_and(|next| next >= 5), "soon again after {next:?} days");
    world.send_items(
        vec![json!({ "type": "identify", "userId": "an", "messageId": "no", "timestamp": iso(now),
        "traits": { "consents": [{ "channel": "email", "purpose": "profiling", "state": "denied" }] } })],
        false,
    );
    world.drain();
    let exists = json!({ "attribute": "favourite.category", "op": "exists" });
    let exists = Condition::from_value(&exists, "").expect("of the grammar");
    let profile = world.read(|tx| tx.profile(SHOP, no)).expect("there").profile;
    assert_eq!(means(&world, no, &exists, now), profile.may_be_profiled());
    assert!(!profile.may_be_profiled(), "the refusal was taken");
}

#[test]
fn a_cart_that_is_left_alone_turns_at_the_landmarks_of_its_silence() {
    let mut world = world();
    let mut rng = Rng::seeded(9);
    let hat = json!({ "product_id": "non", "price": 200_000, "quantity": 1 });
    let mut items = Vec::new();
    for person in 0..420 {
        let user = format!("u{person}");
        let at = BEGIN.plus_ms(-(10 + rng.below(90) as i64) * DAY_MS + rng.below(20) as i64 * HOUR_MS);
        items.push(json!({ "type": "identify", "userId": user, "messageId": format!("i{user}"),
            "timestamp": iso(at.plus_ms(-DAY_MS)), "traits": {} }));
        items.push(event(&user, "Product Added", at, hat.clone()));
        // Half of those who begin to pay buy soon, hardly anybody else does.
        let pays = rng.chance(0.4);
        if pays {
            items.push(event(&user, "Checkout Started", at.plus_ms(MINUTE_MS), json!({})));
        }
        if rng.chance(if pays { 0.6 } else { 0.05 }) {
            items.push(bought(&user, at.plus_ms((5 + rng.below(400) as i64) * MINUTE_MS), "Nón", 200_000));
        }
    }
    tell_history(&mut world, items);
    learn(&mut world, "carts");

    let condition = json!({ "attribute": "cart.buys_alone", "op": "lt", "value": 0.3 });
    world.put_segment("helpless", &condition);
    world.drain();
    let leaf = Condition::from_value(&condition, "").expect("of the grammar");
    let now = world.now;
    world.send_items(vec![json!({ "type": "identify", "userId": "an", "messageId": "i", "timestamp": iso(now), "traits": {} })], false);
    world.send_items(vec![event("an", "Product Added", now, hat.clone())], false);
    world.send_items(vec![event("an", "Checkout Started", now.plus_ms(MINUTE_MS), json!({}))], false);
    world.advance_to(now.plus_ms(MINUTE_MS));
    world.drain();
    let no = world.read(|tx| tx.last_profile_no(SHOP));
    assert!(!means(&world, no, &leaf, world.now), "who begins to pay comes back alone");
    let told = turns(&mut world, "helpless", &leaf, no, now.plus_ms(5 * DAY_MS));
    // Beginning to pay leaves the cart as it is.
    let touched_at = now;
    let silences: Vec<i64> = told.iter().map(|(at, _)| at.since_ms(touched_at) / MINUTE_MS).collect();
    assert!(!told.is_empty() && told[0].1, "silence speaks against it: {told:?}");
    let edges = || models::carts::LANDMARKS.iter().copied().chain([models::carts::WINDOW_MINUTES]);
    assert!(silences.iter().all(|silent| edges().any(|edge| edge == *silent)), "{silences:?}");
    // When the window is over nothing is told of the cart any more.
    assert_eq!(
        told.last().map(|(at, entered)| (at.since_ms(touched_at) / MINUTE_MS, *entered)),
        Some((models::carts::WINDOW_MINUTES, false))
    );
    let delay = json!({ "attribute": "cart.best_delay_minutes", "op": "gte", "value": 30 });
    assert!(means(
        &world,
        no,
        &Condition::from_value(&delay, "").expect("of the grammar"),
        now.plus_ms(2 * MINUTE_MS)
    ));
}
