//! Recommendations that a shop learned from its own past: what was learned is served, a newer version is taken up, and
//! who refuses is a stranger to it.

use crate::habits::{BEGIN, event, iso, learn, tell_history, world};
use domain::identifier::IdentifierKind;
use domain::recommend::{Place, Rail};
use engine::learning;
use engine::shelf::{Question, Reason, Shelves};
use kit::{DAY_MS, MINUTE_MS, ProfileNo, Rng, Timestamp};
use serde_json::{Value, json};
use sim::world::{SHOP, World};
use std::sync::Arc;
use store::Changeset;
use store::models::ModelRow;

const PEOPLE: u64 = 160;
/// Products of one taste; there are three, and what is bought next stands beside what was bought.
const RANGE: u64 = 24;

fn bought(user: &str, at: Timestamp, product: u64) -> Value {
    let line = json!({ "product_id": format!("p{product}"), "name": format!("Món {} số {product}", product / RANGE),
        "price": 100_000, "quantity": 1 });
    let order_id = format!("{user}-{}", at.ms());
    let told = json!({ "order_id": order_id, "total": 100_000, "currency": "VND", "products": [line] });
    event(user, "Order Completed", at, told)
}

/// People of three tastes, who go through their part of the range one after the other, and buy what everybody buys.
fn shop() -> World {
    let mut world = world();
    let mut rng = Rng::seeded(4);
    let mut past = Vec::new();
    for person in 0..PEOPLE {
        let (taste, mut next) = (person % 3, rng.below(RANGE));
        for week in 0..16 {
            let at = BEGIN.plus_ms(-((16 - week) * 7 * DAY_MS) + (person as i64) * MINUTE_MS);
            let often = rng.below(100) < 25;
            let product = if often { 3 * RANGE + rng.below(3) } else { taste * RANGE + next % RANGE };
            past.push(bought(&format!("n{person}"), at, product));
            next += u64::from(!often);
        }
    }
    tell_history(&mut world, past);
    world
}

fn user_of(world: &World, no: i64) -> String {
    let profile = world.read(|tx| tx.profile(SHOP, ProfileNo(no))).expect("there").profile;
    let known = profile.identifiers.iter().find(|known| known.identifier.kind == IdentifierKind::UserId);
    known.expect("told").identifier.value.clone()
}

/// What is new for each of the first people.
fn lists(shelves: &Shelves, now: Timestamp) -> Vec<Vec<(String, Reason)>> {
    let place = Place { limit: 8, ..Place::of_rail(Rail::ForYou) };
    let of = |person: i64| {
        let question = Question {
            customer: Some(ProfileNo(person)),
            products: &[],
            cart: &[],
            limit: None,
            now,
            imagined: false,
        };
        let answer = shelves.ask_in(SHOP, &place, &question).expect("the store answers");
        answer.picks.into_iter().map(|pick| (pick.product.product_id, pick.reason)).collect()
    };
    (1..=40).map(of).collect()
}

fn told(world: &World) -> Value {
    let model = world.read(|tx| tx.model(SHOP, "recommend", 1)).expect("it was learned");
    serde_json::from_str(&model.report).expect("a report")
}

#[test]
fn what_was_learned_is_served_and_a_newer_version_is_taken_up() {
    let mut world = shop();
    let shelves = Shelves::new(Arc::clone(world.store()));
    let before = lists(&shelves, world.now);
    assert!(before.iter().all(|list| !list.is_empty()), "live lists answer before anything was learned");
    learn(&mut world, "recommend");
    let report = told(&world);
    assert_eq!(report["verdict"], "learned", "{report:#}");
    for rail in ["new", "again", "all"] {
        let of = |method: &Value| {
            let mut tried = report["tried"].as_array().expect("what was tried").iter();
            let found = tried.find(|one| one["rail"] == rail && one["method"] == *method);
            let one = found.unwrap_or_else(|| panic!("{rail} {method} in {report:#}"));
            one["ndcg_at_10"].as_f64().expect("a number") + one["recall_at_20"].as_f64().expect("a number")
        };
        let naive = if rail == "again" { "buy_again" } else { "popular" };
        assert!(of(&report["chosen"][rail]) >= of(&json!(naive)), "{rail}: {report:#}");
    }
    assert_eq!(report["data"]["customers"], PEOPLE);
    assert_eq!(report["data"]["interactions"], 16 * PEOPLE);

    // Looked for every minute, learned behind those who ask.
    let now = world.now.plus_ms(2 * MINUTE_MS);
    lists(&shelves, now);
    shelves.finish();
    let learned = lists(&shelves, now);
    assert_ne!(learned, before, "what was learned changes what is served");
    let again = lists(&shelves, now);
    assert_eq!(learned, again, "the same question, the same answer");
    // Another process, and the shelf that is read anew after a day, answer alike.
    let other = Shelves::new(Arc::clone(world.store()));
    lists(&other, now);
    other.finish();
    assert_eq!(lists(&other, now), learned);

    // What happens goes on counting: who buys the first of their list has it no more.
    let first = learned[4][0].0.clone();
    let number: u64 = first[1..].parse().expect("a number");
    let user = user_of(&world, 5);
    world.advance_to(now);
    world.send_items(vec![bought(&user, now, number)], false);
    world.drain();
    let later = world.now.plus_ms(5_000);
    assert!(lists(&shelves, later)[4].iter().all(|(product, _)| *product != first));

    // A newer version says that what is popular is as good as anything.
    let naive = json!({ "recipe": { "method": "popular", "looks": false, "half_life": null }, "new": null,
        "again": null, "all": null, "popular": true });
    let mut changes = Changeset::new();
    changes.retire_model(SHOP, "recommend");
    let row = ModelRow {
        kind: "recommend".into(),
        version: 2,
        fitted_at: world.now,
        state: "serving".into(),
        document: naive.to_string(),
        report: "{}".into(),
    };
    changes.insert_model(SHOP, row);
    engine::configure(world.store(), changes).expect("stored");
    let now = later.plus_ms(2 * MINUTE_MS);
    lists(&shelves, now);
    shelves.finish();
    let popular = lists(&shelves, now);
    assert!(popular.iter().flatten().all(|(_, reason)| *reason == Reason::Popular), "{popular:?}");
    assert_ne!(popular, learned);
}

#[test]
fn who_refuses_profiling_is_no_part_of_it() {
    let mut world = shop();
    learn(&mut world, "recommend");
    let shelves = Shelves::new(Arc::clone(world.store()));
    lists(&shelves, world.now);
    shelves.finish();
    assert!(!lists(&shelves, world.now)[0].is_empty());
    let user = user_of(&world, 1);
    let refusal = json!({ "type": "identify", "userId": user, "timestamp": iso(world.now), "messageId": "refusal",
        "traits": { "consents": [{ "channel": "email", "purpose": "profiling", "state": "denied" }] } });
    world.send_items(vec![refusal], false);
    world.drain();
    let later = world.now.plus_ms(5_000);
    let now = lists(&shelves, later);
    assert!(now[0].is_empty() && !now[1].is_empty(), "a stranger to it: {:?}", now[0]);
    // The next fit is of one person less.
    let fitted =
        learning::learn(world.store(), SHOP, "recommend", later, &mut |_| true).expect("the store answers");
    let report: Value = serde_json::from_str(&fitted.expect("fitted").report).expect("a report");
    assert_eq!(report["data"]["customers"], PEOPLE - 1);
    assert_eq!(report["data"]["interactions"], 16 * (PEOPLE - 1));
}

#[test]
fn a_shop_with_little_says_so_and_the_live_lists_serve() {
    let mut world = world();
    let past =
        (0..30).map(|n| bought(&format!("n{}", n % 10), BEGIN.plus_ms(-n * DAY_MS), n as u64 % 5)).collect();
    tell_history(&mut world, past);
    let stopped =
        learning::learn(world.store(), SHOP, "recommend", world.now, &mut |_| false).expect("answered");
    assert!(stopped.is_none(), "called off");
    let fitted =
        learning::learn(world.store(), SHOP, "recommend", world.now, &mut |_| true).expect("answered");
    let fitted = fitted.expect("fitted");
    assert_eq!((fitted.state.as_str(), fitted.document.as_str()), ("refused", ""));
    let report: Value = serde_json::from_str(&fitted.report).expect("a report");
    assert_eq!((&report["verdict"], &report["too_little"]), (&json!("too_little"), &json!(true)));
    let shelves = Shelves::new(Arc::clone(world.store()));
    assert!(!lists(&shelves, world.now)[0].is_empty());
}
