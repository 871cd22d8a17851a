use crate::world::NOW;
use demo::{LivePace, LiveShoppers, Size, World, bench_events, standard_world};
use domain::commerce;
use domain::event::{Envelope, Item, ItemKind};
use kit::{Currency, MINUTE_MS, Timestamp};
use serde_json::Value;

/// Every item is taken, its addresses are taken, and what it says of the shop's business is understood.
fn check_understood(items: impl Iterator<Item = Value>, received_at: Timestamp) {
    let envelope = Envelope {
        received_at,
        kind: None,
        sent_at: None,
        context: None,
        historical: true,
        fallback_id: "none",
    };
    let (mut orders, mut identified) = (0, 0);
    for raw in items {
        let shown = raw.to_string();
        let item = Item::read(raw, &envelope).unwrap_or_else(|rejection| panic!("{rejection}: {shown}"));
        assert_ne!(item.message_id, "none");
        let (identifiers, refused) = item.identifiers();
        assert!(refused.is_empty() && !identifiers.is_empty(), "{refused:?}: {shown}");
        identified += u32::from(item.kind == ItemKind::Identify);
        if item.kind == ItemKind::Track
            && let Some(told) =
                commerce::read(&item.name, &item.properties, item.at, &item.message_id, Currency::VND)
        {
            assert!(told.problems.is_empty(), "{:?}: {shown}", told.problems);
            orders += u32::from(told.order.is_some());
        }
        if item.name == "Consent Given" {
            let text = |key: &str| item.properties[key].as_str().unwrap();
            text("channel").parse::<domain::consent::Channel>().unwrap();
            text("purpose").parse::<domain::consent::Purpose>().unwrap();
            assert!(!text("wording").is_empty() && !text("source").is_empty());
        }
    }
    assert!(orders > 20 && identified > 20, "{orders} {identified}");
}

#[test]
fn the_past_is_understood() {
    check_understood(World::generate(2, NOW, Size { customers: 300, months: 12 }), NOW);
}

#[test]
fn the_present_is_understood() {
    let world = World::generate(2, NOW, Size { customers: 300, months: 12 });
    let pace = LivePace { shoppers_per_minute: 20.0, ..LivePace::default() };
    let now = NOW.plus_ms(40 * MINUTE_MS);
    check_understood(LiveShoppers::new(2, world.facts(), NOW, pace).step(now).into_iter(), now);
}

#[test]
fn the_bulk_is_understood() {
    check_understood(standard_world(2, NOW, 500, 8_000).chain(bench_events(2, NOW, 500, 2_000)), NOW);
}
