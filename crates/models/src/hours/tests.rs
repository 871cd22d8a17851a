use super::*;
use domain::commerce::{CartLine, Contents, OrderPatch};
use kit::{DAY_MS, HOUR_MS, Rng, Timestamp};

const DAY: i64 = 20_000;

fn at(day: i64, hour: i64) -> Timestamp {
    // Hours of Vietnam.
    Timestamp::from_ms(day * DAY_MS + (hour - 7) * HOUR_MS)
}

fn order(id: usize, at: Timestamp, category: &str, price: i64, discount: Option<i64>) -> Order {
    let line = CartLine {
        product_id: "p".into(),
        category: Some(category.into()),
        price,
        quantity: 1,
        ..CartLine::default()
    };
    let contents = Contents { lines: vec![line], discount, total: Some(price), ..Contents::default() };
    let patch = OrderPatch {
        source: "site".into(),
        order_id: id.to_string(),
        at,
        placed_at: Some(at),
        currency: Some("VND".into()),
        status: None,
        contents: Some(contents),
        refunds: Vec::new(),
    };
    Order::new(&patch, "VND")
}

fn message(at: Timestamp) -> PastMessage {
    PastMessage {
        id: String::new(),
        channel: "email".into(),
        purpose: "marketing".into(),
        template_id: None,
        journey_id: None,
        campaign_id: None,
        state: "accepted".into(),
        decided_at: at,
        accepted_at: Some(at),
        delivered_at: None,
        opened_at: None,
        clicked_at: Some(at),
        unsubscribed_at: None,
    }
}

struct Past {
    orders: Vec<Order>,
    messages: Vec<PastMessage>,
}

/// Everybody reads at an hour of their own, mostly; buys coffee every so many days of their own; half of them with
/// coupons, nearly always or nearly never.
fn people(count: u64, faithful: f64) -> Vec<Past> {
    let mut rng = Rng::seeded(3);
    (0..count)
        .map(|_| {
            let (own, rhythm, keen) = (rng.below(14) as i64 + 7, 10 + rng.below(40) as i64, rng.chance(0.5));
            let messages = (0..8)
                .map(|n| {
                    let hour = if rng.chance(faithful) { own } else { 7 + rng.below(14) as i64 };
                    message(at(DAY + n * 3, hour))
                })
                .collect();
            let mut day = DAY;
            let orders = (0..10)
                .map(|n| {
                    day += (rhythm + rng.below(7) as i64 - 3).max(1);
                    let discount = rng.chance(if keen { 0.9 } else { 0.1 }).then_some(5_000);
                    order(n, at(day, 12), "Cà phê", 50_000 + rng.below(100) as i64 * 1_000, discount)
                })
                .collect();
            Past { orders, messages }
        })
        .collect()
}

fn learn(people: &[Past], order: impl Iterator<Item = usize>) -> (Norms, Report) {
    let zone = Zone::vietnam();
    let mut learner = Learner::new("VND", &zone, 20_400);
    for number in order {
        let past = &people[number];
        learner.take(&Person {
            number: number as u64,
            orders: &past.orders,
            messages: &past.messages,
            zone: &zone,
        });
    }
    learner.finish()
}

#[test]
fn habits_that_people_have_are_found_and_shrunk_ones_are_best() {
    let people = people(240, 0.7);
    let (norms, report) = learn(&people, 0..240);
    let (low, high) = norms.prices["ca_phe"];
    assert!((80_000..86_000).contains(&low) && (113_000..119_000).contains(&high), "{low} {high}");
    let discounts = report.discounts.expect("learned");
    assert!((discounts.share - 0.5).abs() < 0.05 && discounts.shrunk < discounts.shop, "{discounts:?}");
    let gaps = &report.replenishment;
    assert_eq!((gaps.categories, norms.replenishment["ca_phe"].name.as_str()), (1, "Cà phê"));
    assert!(gaps.shrunk < gaps.shop && gaps.covered > Some(0.7), "{gaps:?}");
    assert!(norms.replenishment["ca_phe"].returns && norms.replenishment["ca_phe"].own);
    assert_eq!(
        report.clocks.iter().map(|clock| clock.channel.as_str()).collect::<Vec<_>>(),
        ["any", "email"]
    );
    let hours = report.clocks[1].hours;
    assert!(
        hours.serves_own && hours.learned && hours.shrunk < hours.shop && hours.shrunk < hours.own,
        "{hours:?}"
    );
    assert!(!report.clocks[1].weekdays.serves_own, "nobody has a day of their own");
    let shop: f64 = norms.reads["email"].hours.shop.iter().sum();
    assert!((shop - 1.0).abs() < 1e-12 && is_worth_serving(&norms));
}

#[test]
fn own_hours_that_mean_nothing_do_not_serve() {
    let (norms, report) = learn(&people(240, 0.0), 0..240);
    let hours = report.clocks[0].hours;
    assert!(hours.own > hours.shop, "own reads alone mislead: {hours:?}");
    assert!(!hours.serves_own || hours.strength >= 64.0, "{hours:?}");
    let told = norms.reads["email"].hours.of(&[5.0; 24], &[0.0; 24]);
    assert!(told.iter().zip(&norms.reads["email"].hours.shop).all(|(a, b)| (a - b).abs() < 0.05));
}

#[test]
fn the_order_of_people_does_not_matter() {
    let people = people(150, 0.5);
    assert_eq!(learn(&people, 0..150), learn(&people, (0..150).rev()));
}

#[test]
fn of_a_shop_without_a_past_nothing_is_known() {
    let (norms, report) = learn(&[], 0..0);
    assert_eq!((is_worth_serving(&norms), report.discounts, report.clocks.len()), (false, None, 0));
    let few = people(3, 0.5);
    let (norms, _) = learn(&few, 0..3);
    assert!(norms.discounts.is_none() && norms.replenishment.is_empty() && norms.reads.is_empty());
}
