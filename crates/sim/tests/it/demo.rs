//! The demo shop as it comes: its past is read in, its journeys run, and shoppers go in and out for a day.

use domain::settings::Settings;
use engine::install::{Installing, install_scenario};
use kit::{DAY_MS, MINUTE_MS, ProfileNo, Timestamp};
use sim::world::SHOP;
use sim::{Crashes, Database, World};
use std::collections::BTreeMap;

#[test]
fn a_day_in_the_demo_shop() {
    let now = Timestamp::from_ms(1_772_416_800_000);
    let mut settings = Settings::default();
    settings.shop.name = demo::shop().name.into();
    settings.shop.address = demo::shop().address.into();
    settings.shop.url = demo::shop().url.into();
    let mut world = World::new(Database::sqlite(), 11, now, settings);
    for scenario in scenarios::library() {
        let parameters = serde_json::Map::new();
        let language = scenarios::Language::Vi;
        let installing = Installing { language, parameters: &parameters, publish: true, by: "test" };
        install_scenario(world.store(), SHOP, scenario, &installing, now).expect("the scenario is installed");
    }
    let past = demo::World::generate(11, now, demo::Size { customers: 40, months: 3 });
    let facts = past.facts();
    let items: Vec<_> = past.collect();
    for part in items.chunks(200) {
        world.send_items(part.to_vec(), true);
    }
    world.drain();
    assert_eq!(world.read(|tx| tx.event_count(SHOP)), items.len() as i64, "the past is read in whole");
    assert!(world.provider.taken.is_empty(), "history sends nothing");

    world.crashes = Crashes::ByChance { per_mille: 2, rng: kit::Rng::seeded(11) };
    let pace = demo::LivePace { shoppers_per_minute: 0.1, ..demo::LivePace::default() };
    let mut live = demo::LiveShoppers::new(11, facts, now, pace);
    let mut told = items.len();
    while world.now < now.plus_ms(DAY_MS) {
        let next = world.now.plus_ms(10 * MINUTE_MS);
        world.advance_to(next);
        let items = live.step(next);
        told += items.len();
        if !items.is_empty() {
            world.send_items(items, false);
        }
    }
    world.crashes = Crashes::Never;
    world.advance_to(now.plus_ms(DAY_MS + MINUTE_MS));
    let own: i64 =
        ["Cart Abandoned"].iter().map(|name| world.read(|tx| tx.event_count_named(SHOP, name))).sum();
    assert_eq!(
        world.read(|tx| tx.event_count(SHOP)) - own,
        told as i64,
        "nothing is lost and nothing doubled"
    );

    let mut fates: BTreeMap<String, u32> = BTreeMap::new();
    let page = world.read(|tx| tx.message_page(SHOP, i64::MAX, 10_000, "", "", ""));
    for message in &page {
        *fates.entry(format!("{} {}", message.state, message.reason)).or_insert(0) += 1;
        let made = !["value_missing", "render_stopped", "template_missing", "template_broken"]
            .contains(&message.reason.as_str());
        assert!(made, "{:?} was not made: {} {}", message.template_id, message.reason, message.detail);
    }
    assert!(fates.get("accepted ").is_some_and(|count| *count > 5), "{fates:?}");
    assert!(own > 0, "carts are left");
    let profiles = world.read(|tx| tx.profile_page(SHOP, ProfileNo(i64::MAX), 10_000));
    assert!(profiles.iter().any(|stored| stored.profile.totals.orders > 1));
}
