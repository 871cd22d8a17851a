use demo::{Size, World, catalogue};
use kit::{DAY_MS, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// 2026-11-21T03:00:00Z.
pub const NOW: Timestamp = Timestamp::from_ms(1_795_230_000_000);
const SMALL: Size = Size { customers: 400, months: 18 };

pub fn at_ms(item: &Value) -> i64 {
    item["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

pub fn event(item: &Value) -> &str {
    item["event"].as_str().unwrap_or(item["type"].as_str().unwrap())
}

#[test]
fn the_same_seed_tells_the_same_past() {
    let tell = |seed| {
        World::generate(seed, NOW, Size { customers: 120, months: 18 })
            .map(|item| item.to_string())
            .collect::<Vec<_>>()
    };
    let first = tell(1);
    assert_eq!(first, tell(1));
    assert_ne!(first[..50], tell(2)[..50]);
}

#[test]
fn every_item_is_valid_on_the_wire() {
    let known: BTreeMap<String, i64> =
        catalogue().into_iter().map(|p| (p.product_id, p.price_minor)).collect();
    let check_product = |product: &Value| {
        let price = known.get(product["product_id"].as_str().unwrap());
        assert_eq!(price.copied(), product["price"].as_i64(), "{product}");
    };
    let mut before = 0;
    let mut message_ids = BTreeSet::new();
    let mut items = 0;
    for item in World::generate(7, NOW, SMALL) {
        let at = at_ms(&item);
        assert!(at >= before, "out of order: {item}");
        assert!(at <= NOW.ms(), "in the future: {item}");
        before = at;
        let message_id = item["messageId"].as_str().unwrap();
        assert!(message_id.len() <= 100 && message_ids.insert(message_id.to_owned()), "{message_id} again");
        assert!(item["anonymousId"].is_string() || item["userId"].is_string(), "{item}");
        let bytes = item.to_string().len();
        assert!(bytes <= 32 * 1024, "{bytes} bytes");
        match item["type"].as_str().unwrap() {
            "identify" => assert!(item["userId"].is_string() && item["traits"]["name"].is_string(), "{item}"),
            "page" => assert!(item["name"].is_string(), "{item}"),
            "track" => assert!(item["properties"].is_object(), "{item}"),
            other => panic!("{other}"),
        }
        let properties = &item["properties"];
        match event(&item) {
            "Product Viewed" | "Product Added" | "Product Removed" => check_product(properties),
            "Order Completed" | "Checkout Started" | "Order Cancelled" => {
                let products = properties["products"].as_array().unwrap();
                assert!(!products.is_empty());
                products.iter().for_each(check_product);
                let sum = |key: &str| properties[key].as_i64().unwrap();
                let lines: i64 = products
                    .iter()
                    .map(|p| p["price"].as_i64().unwrap() * p["quantity"].as_i64().unwrap())
                    .sum();
                assert_eq!(lines, sum("subtotal"));
                assert_eq!(sum("subtotal") - sum("discount"), sum("revenue"));
                assert_eq!(sum("revenue") + sum("shipping"), sum("total"));
                assert!(sum("revenue") > 0);
            }
            _ => {}
        }
        items += 1;
    }
    assert!(items > 5_000, "{items}");
}

#[test]
fn orders_have_one_fate_each_and_in_turn() {
    let mut states: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for item in World::generate(3, NOW, SMALL) {
        let step = match (event(&item), item["properties"]["status"].as_str()) {
            ("Order Completed", _) => "completed",
            ("Order Updated", Some("shipped")) => "shipped",
            ("Order Updated", Some("delivered")) => "delivered",
            ("Order Cancelled", _) => "cancelled",
            ("Order Refunded", _) => "refunded",
            _ => continue,
        };
        states.entry(item["properties"]["order_id"].as_str().unwrap().to_owned()).or_default().push(step);
    }
    for (order, steps) in &states {
        let is_possible = matches!(
            steps.as_slice(),
            ["completed"]
                | ["completed", "cancelled"]
                | ["completed", "shipped"]
                | ["completed", "shipped", "cancelled" | "delivered"]
                | ["completed", "shipped", "delivered", "refunded"]
        );
        assert!(is_possible, "{order}: {steps:?}");
    }
}

#[test]
fn the_shop_is_believable() {
    let size = Size { customers: 3_000, months: 18 };
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    let mut orders_by: BTreeMap<String, u32> = BTreeMap::new();
    let mut orders_on: BTreeMap<i64, u32> = BTreeMap::new();
    let mut orders_at_hour = [0u32; 24];
    let mut known_by: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut anonymous: BTreeSet<String> = BTreeSet::new();
    let mut consenting: BTreeSet<String> = BTreeSet::new();
    let (mut revenue, mut items) = (0, 0u32);
    for item in World::generate(11, NOW, size) {
        items += 1;
        *count.entry(event(&item).to_owned()).or_default() += 1;
        let user = item["userId"].as_str().map(str::to_owned);
        let device = item["anonymousId"].as_str().map(str::to_owned);
        if let (Some(user), Some(device)) = (&user, &device) {
            known_by.entry(user.clone()).or_default().insert(device.clone());
        }
        anonymous.extend(device);
        let Some(user) = user else { continue };
        match event(&item) {
            "Order Completed" => {
                let local = at_ms(&item) + 7 * 3_600_000;
                *orders_by.entry(user).or_default() += 1;
                *orders_on.entry(local.div_euclid(DAY_MS)).or_default() += 1;
                orders_at_hour[(local.rem_euclid(DAY_MS) / 3_600_000) as usize] += 1;
                revenue += item["properties"]["revenue"].as_i64().unwrap();
            }
            "Consent Given" => drop(consenting.insert(user)),
            _ => {}
        }
    }
    let orders = f64::from(count["Order Completed"]);
    let buyers = orders_by.len() as f64;
    let customers = known_by.len() as f64;
    println!("{items} items, {orders} orders, {count:?}");
    let check = |what: &str, figure: f64, range: std::ops::Range<f64>| {
        println!("{what}: {figure:.3}");
        assert!(range.contains(&figure), "{what}: {figure}");
    };
    check("items per customer", f64::from(items) / customers, 15.0..40.0);
    check("customers who bought", buyers / customers, 0.6..0.8);
    check("buyers who came back", orders_by.values().filter(|n| **n > 1).count() as f64 / buyers, 0.3..0.55);
    check("most orders of one buyer", f64::from(*orders_by.values().max().unwrap()), 10.0..120.0);
    check("orders per buyer", orders / buyers, 1.6..4.0);
    check("order value", revenue as f64 / orders, 350_000.0..900_000.0);
    check("refunded", f64::from(count["Order Refunded"]) / orders, 0.03..0.05);
    check("cancelled", f64::from(count["Order Cancelled"]) / orders, 0.023..0.04);
    check("with some consent", consenting.len() as f64 / customers, 0.82..0.88);
    check(
        "customers of several devices",
        known_by.values().filter(|d| d.len() > 1).count() as f64 / customers,
        0.08..0.35,
    );
    let known_devices: BTreeSet<_> = known_by.values().flatten().collect();
    check("devices never identified", 1.0 - known_devices.len() as f64 / anonymous.len() as f64, 0.25..0.6);
    check("orders from 20 to 22 h", f64::from(orders_at_hour[20] + orders_at_hour[21]) / orders, 0.13..0.22);
    check("orders from 3 to 5 h", f64::from(orders_at_hour[3] + orders_at_hour[4]) / orders, 0.0..0.02);

    // Days of a peak against the days around it, by local date.
    let day = |text: &str| {
        let date: jiff::civil::Date = text.parse().unwrap();
        date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second() / 86_400
    };
    let mean = |from: i64, to: i64| {
        (from..=to).map(|d| f64::from(orders_on.get(&d).copied().unwrap_or(0))).sum::<f64>()
            / (to - from + 1) as f64
    };
    let peak = |what: &str, from: &str, to: &str, calm: (&str, &str), times: f64| {
        let (busy, calm) = (mean(day(from), day(to)), mean(day(calm.0), day(calm.1)));
        println!("{what}: {busy:.1} orders a day against {calm:.1}");
        assert!(busy > times * calm, "{what}: {busy} against {calm}");
    };
    peak("11/11", "2025-11-11", "2025-11-11", ("2025-11-14", "2025-11-23"), 1.8);
    peak("12/12", "2025-12-12", "2025-12-12", ("2025-12-02", "2025-12-10"), 1.6);
    peak("before Tết", "2026-01-28", "2026-02-11", ("2026-03-10", "2026-03-31"), 1.4);
    peak("after Tết", "2026-03-10", "2026-03-31", ("2026-02-16", "2026-02-20"), 2.0);
    peak("8/3", "2026-03-02", "2026-03-06", ("2026-03-10", "2026-03-24"), 1.2);
    peak("20/10", "2026-10-13", "2026-10-18", ("2026-10-21", "2026-10-31"), 1.2);
    peak("9/9", "2026-09-09", "2026-09-09", ("2026-09-16", "2026-09-24"), 1.5);
}

#[test]
fn a_demo_names_its_own_site() {
    let mut viewed = 0;
    for item in World::generate(5, NOW, SMALL).at_site("http://127.0.0.1:8080/").take(2_000) {
        assert!(!item.to_string().contains("https://demo.quaylai"), "{item}");
        if event(&item) == "Product Viewed" {
            viewed += 1;
            let image = item["properties"]["image_url"].as_str().unwrap();
            assert!(image.starts_with("http://127.0.0.1:8080/demo/img/"), "{image}");
        }
    }
    assert!(viewed > 100);
}

#[test]
fn strange_sizes_are_worlds_too() {
    for (customers, months) in [(0, 18), (1, 1), (3, 0), (5, 10_000)] {
        let items = World::generate(5, NOW, Size { customers, months }).count();
        assert_eq!(items == 0, customers == 0, "{customers} {months}");
    }
}
