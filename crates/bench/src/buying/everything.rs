//! All that the server does with a shop's purchases when it learns anew, and then everything that it tells of everybody.

use super::people::AGE;
use crate::clock;
use crate::figures::{median, rounded};
use anyhow::{Result, anyhow};
use domain::commerce::Day;
use models::forecast::{self, Forecast, Outlook, Purchases, Settings, Shop};
use serde_json::{Map, Value, json};

/// Parts of a fit, and the share of it that is done when each ends.
const STEPS: [(&str, f64); 6] = [
    ("models_s", 0.2),
    ("value_s", 0.3),
    ("back_test_s", 0.6),
    ("trees_s", 0.8),
    ("win_back_s", 0.95),
    ("report_s", 1.0),
];

/// What everybody's forecasts come to: told so that it can be seen that they were made, and that threads do not matter.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Told {
    customers: u64,
    alive: f64,
    orders: f64,
    spend: i64,
    worth: i64,
    next_days: i64,
    due: u64,
}

impl Told {
    fn add(&mut self, one: &Forecast, today: Day) {
        self.customers += 1;
        self.alive += one.alive.unwrap_or_default();
        self.orders += one.orders[2].map_or(0.0, |orders| orders.value);
        self.spend += one.spend[2].map_or(0, |spend| spend.value);
        self.worth += one.clv.unwrap_or_default();
        self.next_days += one.next_order.map_or(0, |next| i64::from(next.value - today));
        self.due += u64::from(one.win_back_due);
    }

    fn and(self, other: Told) -> Told {
        Told {
            customers: self.customers + other.customers,
            alive: self.alive + other.alive,
            orders: self.orders + other.orders,
            spend: self.spend + other.spend,
            worth: self.worth + other.worth,
            next_days: self.next_days + other.next_days,
            due: self.due + other.due,
        }
    }
}

/// Learned from orders by day, judged beside what serves (which is itself), written, read, asked for the shop as a
/// whole, and for every field of everybody.
pub fn measure(held: &Purchases, threads: usize, runs: usize) -> Result<Value> {
    let today = AGE as Day;
    let mut seconds: Map<String, Value> = Map::new();
    let mut by_name: Vec<(&str, Vec<f64>)> = Vec::new();
    let mut note = |name: &'static str, taken: f64| match by_name.iter_mut().find(|(held, _)| *held == name) {
        Some((_, all)) => all.push(taken),
        None => by_name.push((name, vec![taken])),
    };
    let mut last = None;
    for _ in 0..runs {
        let begun = clock::now();
        let settings = Settings { threads, ..Settings::default() };
        let (mut step, mut since) = (0, begun);
        let learned = forecast::learn(held, today, &settings, &mut |share| {
            while let Some((name, _)) = STEPS.get(step).filter(|(_, end)| share >= *end - 1e-9) {
                note(name, clock::seconds_since(since));
                (step, since) = (step + 1, clock::now());
            }
            true
        })?;
        note("learn_s", clock::seconds_since(begun));
        let start = clock::now();
        let verdict = forecast::is_better(&learned.outlook, &learned, held, today, threads);
        note("verdict_s", clock::seconds_since(start));
        let outlook = Outlook::read(&learned.outlook.write()).map_err(|error| anyhow!(error))?;
        let start = clock::now();
        let shop = Shop::of(&outlook, held, today, None, threads);
        note("shop_s", clock::seconds_since(start));
        let start = clock::now();
        let told = outlook.fold_all(held, today, threads, Told::default, |told, _, one| told.add(one, today));
        let told = told.into_iter().fold(Told::default(), Told::and);
        note("forecast_s", clock::seconds_since(start));
        note("all_s", clock::seconds_since(begun));
        let churn: u64 = shop.churn.values().sum();
        last = Some(json!({
            "threads": threads,
            "customers": told.customers,
            "serves": learned.report.serves,
            "reasons": learned.report.reasons,
            "is_better": verdict.is_better,
            "in_classes": churn,
            "alive": told.alive,
            "orders_365d": told.orders,
            "spend_365d": told.spend,
            "clv": told.worth,
            "next_order_days": told.next_days,
            "win_back_due": told.due,
        }));
    }
    for (name, all) in &by_name {
        seconds.insert((*name).to_owned(), json!(rounded(median(all))));
    }
    if let Some(Value::Object(told)) = last {
        seconds.extend(told);
    }
    Ok(Value::Object(seconds))
}
