use crate::world::{NOW, at_ms, event};
use demo::{LivePace, LiveShoppers, WorldFacts, bench_events, standard_world};
use kit::{MINUTE_MS, SECOND_MS, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const FACTS: WorldFacts = WorldFacts { seed: 1, customers: 400 };

fn run(minutes: i64, every_ms: i64, pace: LivePace) -> Vec<Value> {
    let mut live = LiveShoppers::new(9, FACTS, NOW, pace);
    let mut items = Vec::new();
    for step in 1..=(minutes * MINUTE_MS / every_ms) {
        let now = NOW.plus_ms(step * every_ms);
        let new = live.step(now);
        assert!(new.iter().all(|item| at_ms(item) <= now.ms()));
        items.extend(new);
    }
    items
}

#[test]
fn how_often_it_is_stepped_changes_nothing() {
    let often = run(30, SECOND_MS, LivePace::default());
    assert_eq!(often, run(30, SECOND_MS, LivePace::default()));
    assert_eq!(often, run(30, 5 * MINUTE_MS, LivePace::default()));
    assert!(often.windows(2).all(|pair| at_ms(&pair[0]) <= at_ms(&pair[1])));
    let ids: BTreeSet<_> = often.iter().map(|item| item["messageId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), often.len());
}

#[test]
fn an_hour_has_everything_that_a_demo_shows() {
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    for item in run(60, SECOND_MS, LivePace { shoppers_per_minute: 10.0, ..LivePace::default() }) {
        *count.entry(event(&item).to_owned()).or_default() += 1;
        if let Some(status) = item["properties"]["status"].as_str() {
            *count.entry(status.to_owned()).or_default() += 1;
        }
    }
    println!("{count:?}");
    for (what, least) in [
        ("page", 400),
        ("Product Viewed", 1_000),
        ("identify", 80),
        ("Consent Given", 150),
        ("Product Added", 200),
        ("Order Completed", 80),
        ("shipped", 60),
        ("delivered", 40),
        ("Product Reviewed", 5),
    ] {
        assert!(count.get(what).copied().unwrap_or(0) >= least, "{what}: {count:?}");
    }
}

#[test]
fn a_cart_mail_brings_half_of_them_back_to_buy() {
    let pace = LivePace { shoppers_per_minute: 60.0, return_ms: 600 * MINUTE_MS, ..LivePace::default() };
    let mut live = LiveShoppers::new(4, FACTS, NOW, pace);
    let items = live.step(NOW.plus_ms(20 * MINUTE_MS));
    let of = |items: &[Value], name: &str| -> BTreeSet<String> {
        let named = items.iter().filter(|item| event(item) == name);
        named.filter_map(|item| item["userId"].as_str().map(str::to_owned)).collect()
    };
    let bought = of(&items, "Order Completed");
    let left: Vec<String> = of(&items, "Product Added").difference(&bought).cloned().collect();
    live.set_shoppers_per_minute(0.0);
    let mailed_at = NOW.plus_ms(20 * MINUTE_MS);
    let coming: BTreeSet<String> =
        left.iter().filter(|user| live.cart_mail_arrived(user, mailed_at)).cloned().collect();
    assert!(!live.cart_mail_arrived("nobody", mailed_at));
    let share = coming.len() as f64 / left.len() as f64;
    assert!(left.len() > 60 && (0.3..0.65).contains(&share), "{} of {}", coming.len(), left.len());
    let later = live.step(NOW.plus_ms(60 * MINUTE_MS));
    let back = of(&later, "Order Completed");
    assert!(coming.is_subset(&back), "{:?}", coming.difference(&back));
    let clicked =
        later.iter().filter(|item| item["context"]["campaign"]["name"] == "gio-hang-bo-quen").count();
    assert_eq!(clicked, coming.len());
}

#[test]
fn a_long_sleep_does_not_flood_the_shop() {
    let pace = LivePace { shoppers_per_minute: 30.0, ..LivePace::default() };
    let mut live = LiveShoppers::new(9, FACTS, NOW, pace);
    let items = live.step(NOW.plus_ms(30 * 24 * 60 * MINUTE_MS));
    assert!((100..60 * 30 * 40).contains(&items.len()), "{}", items.len());
    assert!(live.people_about() < 2_000);
    let empty = WorldFacts { seed: 1, customers: 0 };
    assert!(!LiveShoppers::new(9, empty, NOW, pace).step(NOW.plus_ms(MINUTE_MS)).is_empty());
}

#[test]
fn the_standard_world_has_exactly_its_size() {
    let (profiles, events) = (2_000u32, 25_000u64);
    let mut identified = BTreeSet::new();
    let (mut others, mut before, mut bytes) = (0u64, 0, 0);
    let mut ids = BTreeSet::new();
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    for item in standard_world(1, NOW, profiles, events) {
        let at = at_ms(&item);
        assert!(before <= at && at <= NOW.ms());
        before = at;
        bytes += item.to_string().len();
        assert!(ids.insert(item["messageId"].as_str().unwrap().to_owned()));
        let user = item["userId"].as_str().unwrap().to_owned();
        *count.entry(event(&item).to_owned()).or_default() += 1;
        if item["type"] == "identify" {
            assert!(identified.insert(user));
        } else {
            assert!(identified.contains(&user), "{user} acts before being known");
            others += 1;
        }
    }
    println!("{count:?}, {} bytes an item", bytes / ids.len());
    assert_eq!((identified.len(), others), (profiles as usize, events));
    let orders = f64::from(count["Order Completed"]) / events as f64;
    assert!((0.02..0.08).contains(&orders), "{orders}");
    for (profiles, events) in [(0, 10), (5, 0), (10, 3)] {
        let got = standard_world(1, NOW, profiles, events).count() as u64;
        assert_eq!(got, if profiles == 0 { 0 } else { u64::from(profiles) + events }, "{profiles} {events}");
    }
}

#[test]
fn the_load_is_of_the_promised_size() {
    let items: Vec<Value> = bench_events(1, NOW, 3_000, 5_000).collect();
    assert_eq!(items.len(), 5_000);
    assert_eq!(items, bench_events(1, NOW, 3_000, 5_000).collect::<Vec<_>>());
    let mean = items.iter().map(|item| item.to_string().len()).sum::<usize>() / items.len();
    assert!((500..1_100).contains(&mean), "{mean}");
    let known: BTreeSet<String> = (1..=3_000).map(|no| format!("KH{no:07}")).collect();
    assert!(items.iter().all(|item| known.contains(item["userId"].as_str().unwrap())));
    assert!(items.iter().all(|item| Timestamp::from_ms(at_ms(item)) <= NOW));
    let neighbours = items.windows(2).filter(|pair| pair[0]["userId"] == pair[1]["userId"]).count();
    assert!(neighbours < 200, "{neighbours}");
}
