//! Reads lines of baskets as CSV (`household_id`, `basket_id`, `transaction_timestamp`, `product_category`, `brand`,
//! `quantity`, `sales_value`, `retail_disc`, `coupon_disc`) and prints, as JSON, what is learned of the shop's habits and
//! how good it is. The time of a purchase stands for the time of a read, which the file does not have.
//!
//! `cargo run --release -p models --example shop_hours < lines.csv`

use domain::commerce::{CartLine, Contents, Order, OrderPatch, day_of};
use domain::condition::PastMessage;
use domain::local_time::{Zone, parse_instant};
use kit::Timestamp;
use models::hours::{Learner, Person};
use std::collections::BTreeMap;
use std::io::BufRead;

fn main() {
    let mut lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let head: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    let mut people: BTreeMap<u64, BTreeMap<String, (Timestamp, Contents)>> = BTreeMap::new();
    let mut last = Timestamp::MIN;
    for line in lines {
        let cells: BTreeMap<&str, &str> = head.iter().map(String::as_str).zip(line.split(',')).collect();
        let text = |name: &str| cells.get(name).copied().unwrap_or_default().to_owned();
        let cents = |name: &str| (text(name).parse::<f64>().unwrap_or(0.0) * 100.0).round() as i64;
        let Some(at) = parse_instant(&text("transaction_timestamp").replace(' ', "T"), &Zone::UTC) else {
            continue;
        };
        let quantity = text("quantity").parse::<i64>().unwrap_or(0);
        if quantity <= 0 {
            continue;
        }
        last = last.max(at);
        let category = text("product_category");
        let coupon = cents("coupon_disc");
        let line = CartLine {
            product_id: text("product_id"),
            category: (!category.is_empty()).then_some(category),
            price: cents("sales_value") / quantity,
            quantity,
            discount: coupon.max(0),
            ..CartLine::default()
        };
        let household = text("household_id").parse::<u64>().unwrap_or(0);
        let baskets = people.entry(household).or_default();
        let slot = baskets.entry(text("basket_id")).or_insert((at, Contents::default()));
        slot.1.lines.push(line);
    }
    let zone = Zone::UTC;
    let mut learner = Learner::new("USD", &zone, day_of(last, &zone));
    for (number, baskets) in &people {
        let orders: Vec<Order> = baskets
            .iter()
            .map(|(id, (at, contents))| {
                let patch = OrderPatch {
                    source: "pos".into(),
                    order_id: id.clone(),
                    at: *at,
                    placed_at: Some(*at),
                    currency: Some("USD".into()),
                    status: None,
                    contents: Some(contents.clone()),
                    refunds: Vec::new(),
                };
                Order::new(&patch, "USD")
            })
            .collect();
        let read = |order: &Order| PastMessage {
            id: String::new(),
            channel: "email".into(),
            purpose: "marketing".into(),
            template_id: None,
            journey_id: None,
            campaign_id: None,
            state: "accepted".into(),
            decided_at: order.placed_at.0,
            accepted_at: None,
            delivered_at: None,
            opened_at: None,
            clicked_at: Some(order.placed_at.0),
            unsubscribed_at: None,
        };
        let messages: Vec<PastMessage> = orders.iter().map(read).collect();
        learner.take(&Person { number: *number, orders: &orders, messages: &messages, zone: &zone });
    }
    let (_, report) = learner.finish();
    println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
}
