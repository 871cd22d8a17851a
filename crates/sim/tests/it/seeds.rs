//! Shops that nobody wrote down.

use sim::database::postgres_url;
use sim::{Crashes, Database, seeded};

/// Tests run side by side, so the seeds are in quarters.
fn check_seeds(seeds: std::ops::Range<u64>) {
    let (mut crashed, mut accepted, mut interrupted) = (0, 0, 0);
    for seed in seeds {
        let lived = seeded::check(seed, Database::sqlite);
        crashed += lived.crashed;
        accepted += lived.accepted;
        interrupted += lived.interrupted.len();
    }
    // Worlds in which nothing happens prove nothing.
    assert!(crashed > 0 && accepted > 100 && interrupted > 0, "{crashed} {accepted} {interrupted}");
}

#[test]
fn seeds_0_to_24() {
    check_seeds(0..25);
}

#[test]
fn seeds_25_to_49() {
    check_seeds(25..50);
}

#[test]
fn seeds_50_to_74() {
    check_seeds(50..75);
}

#[test]
fn seeds_75_to_99() {
    check_seeds(75..100);
}

#[test]
fn seeds_on_postgresql() {
    let Some(url) = postgres_url() else {
        eprintln!("skipped on PostgreSQL: QUAYLAI_TEST_POSTGRES is not set");
        return;
    };
    for seed in 0..2 {
        let there = seeded::check(seed, || Database::postgres(&url));
        let here = seeded::check(seed, Database::sqlite);
        assert!(there.timeline == here.timeline, "seed {seed} differs between the databases");
    }
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in [3, 31] {
        let once = seeded::check(seed, Database::sqlite);
        let again = seeded::check(seed, Database::sqlite);
        assert_eq!(once.timeline, again.timeline);
        assert_eq!(once.crashed, again.crashed);
    }
    let (one, other) = (7, 8);
    let lived = |seed| seeded::live(seed, Database::sqlite(), Crashes::Never, Default::default()).timeline;
    assert_ne!(lived(one), lived(other));
}

#[test]
fn a_clock_put_back_while_many_requests_wait_loses_none() {
    use kit::{SECOND_MS, Timestamp};
    use serde_json::json;
    let now = Timestamp::from_ms(1_772_416_800_000);
    let mut world = sim::World::new(Database::sqlite(), 5, now, domain::settings::Settings::default());
    // More than one batch takes, the later half from before the first.
    for n in 0..1_200 {
        world.now = if n < 300 { now.plus_ms(30 * SECOND_MS) } else { now };
        let item = json!({ "type": "track", "event": "x", "userId": format!("u{}", n % 7), "messageId": format!("m{n}") });
        world.send_items(vec![item], false);
    }
    world.now = now.plus_ms(40 * SECOND_MS);
    world.drain();
    assert_eq!(world.read(|tx| tx.event_count(sim::world::SHOP)), 1_200);
    assert_eq!(world.read(|tx| tx.backlog()).rows, 0);
}

#[test]
fn a_merge_between_a_resume_and_its_effect_forgets_no_run() {
    use kit::{HOUR_MS, SECOND_MS, Timestamp};
    use serde_json::json;
    let now = Timestamp::from_ms(1_772_416_800_000);
    let mut world = sim::World::new(Database::sqlite(), 5, now, domain::settings::Settings::default());
    let compiled =
        sim::notation::compile("hello", "on view -> wait 1h -> send email:hello transactional -> exit");
    world.put_plain_template("hello", "email", "hello");
    world.publish("hello", &compiled.definition);
    let viewed = json!({ "type": "track", "event": "Product Viewed", "anonymousId": "d1", "messageId": "v" });
    world.send_items(vec![viewed], false);
    world.drain();
    world.now = now.plus_ms(SECOND_MS);
    world.pause("hello");
    // The visitor turns out to be somebody, in a backlog of more than one batch; the journey goes on behind it.
    world.now = now.plus_ms(2 * HOUR_MS);
    let known = json!({ "type": "identify", "userId": "an", "traits": { "email": "an@example.com" }, "messageId": "i" });
    let same = json!({ "type": "alias", "previousId": "d1", "userId": "an", "messageId": "a" });
    world.send_items(vec![known, same], false);
    for n in 0..600 {
        let item =
            json!({ "type": "track", "event": "x", "userId": format!("u{n}"), "messageId": format!("m{n}") });
        world.send_items(vec![item], false);
    }
    world.now = now.plus_ms(2 * HOUR_MS + 1);
    world.resume("hello");
    world.drain();
    assert_eq!(world.provider.taken.len(), 1, "the run of the visitor went on as that of the person");
}
