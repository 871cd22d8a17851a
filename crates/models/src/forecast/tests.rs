//! Shops of all sizes, and histories that should not be.

use super::*;
use domain::commerce::{Day, PurchaseHistory};
use kit::Rng;

const TODAY: Day = 20_000;

/// Customers who buy at rates of their own until they leave, in a year and a half.
fn shop(customers: usize, seed: u64) -> Purchases {
    let mut rng = Rng::seeded(seed);
    let mut held = Purchases::default();
    for _ in 0..customers {
        let mut day = f64::from(TODAY) - 550.0 * rng.unit();
        let gap = 10.0 + 90.0 * rng.unit() * rng.unit();
        let leaves = 0.05 + 0.5 * rng.unit();
        let worth = 1_000.0 + 9_000.0 * rng.unit() * rng.unit();
        let mut orders = Vec::new();
        while day <= f64::from(TODAY) {
            orders.push((day as Day, (worth * (0.5 + rng.unit())) as i64));
            if rng.chance(leaves) {
                break;
            }
            day += 1.0 - gap * (1.0 - rng.unit()).ln();
        }
        held.push(&mut orders, 0..=TODAY);
    }
    held
}

fn fit(purchases: &Purchases) -> Learned {
    learn(purchases, TODAY, &Settings::default(), &mut |_| true).expect("not stopped")
}

fn one(days: &[(Day, i64)]) -> PurchaseHistory {
    PurchaseHistory::of_days(days.iter().copied()).expect("bought")
}

/// Everything that is public is finite, in range and in order.
fn check(outlook: &Outlook, history: &PurchaseHistory, today: Day) -> Forecast {
    let held = outlook.forecast(history, today);
    for share in [held.alive, held.buys_30d].into_iter().flatten() {
        assert!((0.0..=1.0).contains(&share), "{held:?}");
    }
    let mut before = 0.0;
    for (orders, spend) in held.orders.iter().zip(&held.spend) {
        let orders = orders.expect("a customer has a forecast");
        assert!(orders.value.is_finite() && orders.value >= before - 1e-9, "{held:?}");
        assert!(orders.low >= 0.0 && orders.low <= orders.high && orders.high.is_finite(), "{held:?}");
        before = orders.value;
        if let Some(spend) = spend {
            assert!(spend.low >= 0 && spend.low <= spend.high && spend.value >= 0, "{held:?}");
        }
    }
    assert!(held.clv.is_none_or(|clv| clv >= 0), "{held:?}");
    assert!(held.rhythm_days.is_none_or(|days| days.is_finite() && days >= 0.0), "{held:?}");
    if let Some(next) = held.next_order {
        assert!(today < next.low && next.low <= next.value && next.value <= next.high, "{held:?}");
    }
    assert_eq!(held.win_back_at, outlook.win_back_day(history));
    assert!(held.churn != Churn::Unknown && held.rfm.is_some(), "{held:?}");
    held
}

fn check_all(outlook: &Outlook) {
    let thousand: Vec<(Day, i64)> = (0..1_000).map(|n| (TODAY - n, 5_000)).collect();
    let histories = [
        one(&[(TODAY, 100)]),
        one(&[(TODAY - 5_000, 100)]),
        one(&[(TODAY - 3, 0)]),
        one(&[(TODAY - 400, -900), (TODAY - 30, 500)]),
        one(&thousand),
        one(&[(TODAY + 700, 1_000), (TODAY - 10, 1_000)]),
        one(&[(TODAY + 3_000, 1_000)]),
        one(&[(-200_000, 1_000), (TODAY, i64::MAX / 4)]),
        one(&[(Day::MIN / 2, 1), (Day::MAX / 2, 1)]),
    ];
    for history in &histories {
        check(outlook, history, TODAY);
        check(outlook, history, TODAY + 365);
    }
}

#[test]
fn a_shop_of_any_size_has_sensible_values() {
    for customers in [0, 1, 2, 10, 60, 400, 1_800] {
        let purchases = shop(customers, 7);
        let learned = fit(&purchases);
        check_all(&learned.outlook);
        let (flags, few) = (&learned.report.reasons, learned.report.data.repeaters < 300);
        assert_eq!(flags.contains(&Reason::PooledPrior), few, "{customers}");
        assert_eq!(flags.contains(&Reason::NoData), customers == 0);
        assert!(learned.report.back_test.is_some() == (customers >= 60), "{customers}: {flags:?}");
    }
}

#[test]
fn few_customers_have_wide_intervals() {
    let history = one(&[(TODAY - 200, 10), (TODAY - 120, 10), (TODAY - 60, 10), (TODAY - 10, 10)]);
    let wide = fit(&shop(10, 7)).outlook.forecast(&history, TODAY).orders[2].expect("known");
    let near = fit(&shop(1_800, 7)).outlook.forecast(&history, TODAY).orders[2].expect("known");
    assert!(wide.high - wide.low >= near.high - near.low, "{wide:?} {near:?}");
}

#[test]
fn odd_shops_can_be_learned() {
    let mut all_on_one_day = Purchases::default();
    let mut foreign = Purchases::default();
    let mut future = Purchases::default();
    for n in 0..200 {
        all_on_one_day.push(&mut [(TODAY - 5, 100)], 0..=TODAY);
        foreign.push(&mut [(TODAY - 300 + n, 0), (TODAY - n, 0)], 0..=TODAY);
        future.push(&mut [(TODAY + 1 + n, 100), (TODAY - 20 * 366 * 3, 5)], TODAY - DAYS_MAX..=TODAY);
    }
    for purchases in [&all_on_one_day, &foreign, &future] {
        check_all(&fit(purchases).outlook);
    }
    let without = fit(&foreign);
    assert!(without.report.reasons.contains(&Reason::NoAmounts));
    let told = without.outlook.forecast(&one(&[(TODAY - 30, 0), (TODAY - 3, 0)]), TODAY);
    assert_eq!((told.clv, told.spend), (None, [None; 3]));
    assert_eq!((future.customers(), future.left_out), (0, 400));
    assert!(fit(&future).report.reasons.contains(&Reason::OrdersLeftOut));
}

#[test]
fn the_same_orders_give_the_same_document_and_it_reads_back() {
    let purchases = shop(1_500, 3);
    let (one, other) = (fit(&purchases), fit(&purchases));
    assert_eq!(one, other);
    let read = Outlook::read(&one.outlook.write()).expect("what was written");
    let history = self::one(&[(TODAY - 90, 700), (TODAY - 33, 900)]);
    assert_eq!(read.forecast(&history, TODAY), one.outlook.forecast(&history, TODAY));
    assert_eq!(Outlook::read("{\"format\": 99}"), Err(Unreadable::Format(99)));
    assert!(matches!(Outlook::read("{}"), Err(Unreadable::Damaged(_))));
    let report = serde_json::to_string(&one.report).expect("written");
    assert!(!report.contains("NaN") && !report.contains("inf"));
}

#[test]
fn the_longer_the_silence_the_nearer_to_gone() {
    let outlook = fit(&shop(1_800, 5)).outlook;
    let history = one(&[(TODAY - 120, 10), (TODAY - 80, 10), (TODAY - 40, 10), (TODAY, 10)]);
    let due = outlook.win_back_day(&history).expect("a day");
    assert!(due >= TODAY + 28);
    let (mut order, mut alive) = (Churn::Active, 1.0);
    for day in (TODAY..TODAY + 900).step_by(10) {
        let held = check(&outlook, &history, day);
        assert_eq!(held.win_back_due, day >= due);
        assert_eq!(matches!(held.churn, Churn::AtRisk | Churn::Lost), day >= due);
        assert!(held.churn >= order, "{day}: {:?} after {order:?}", held.churn);
        order = held.churn;
        let now = outlook.timing.p_alive(&features::known(&Summary::from(&history), day));
        assert!(now <= alive + 1e-12);
        alive = now;
    }
    assert_eq!(order, Churn::Lost);
}

#[test]
fn a_fit_can_be_stopped() {
    let purchases = shop(300, 1);
    let mut told = Vec::new();
    let stopped = learn(&purchases, TODAY, &Settings::default(), &mut |share| {
        told.push(share);
        share < 0.25
    });
    assert_eq!(stopped, Err(Stopped));
    assert!(told.windows(2).all(|pair| pair[0] <= pair[1]) && told.len() > 2);
}

#[test]
fn a_rule_serves_where_it_is_better() {
    // Who bought every week buys every month from some day on, and the other way round: a model that counts all orders
    // alike cannot know, and what everybody did of late is right.
    let mut purchases = Purchases::default();
    for n in 0..600 {
        let (first, turn) = (TODAY - 700 + n % 28, TODAY - 400);
        let gap = |day: Day| if (day < turn) == (n % 2 == 0) { 7 } else { 28 };
        let mut orders = Vec::new();
        let mut day = first;
        while day <= TODAY {
            orders.push((day, 50));
            day += gap(day);
        }
        purchases.push(&mut orders, 0..=TODAY);
    }
    let learned = fit(&purchases);
    let test = learned.report.back_test.as_ref().expect("tested");
    let scores =
        |name: &str| test.candidates.iter().find(|one| one.name == name).map(|one| one.scores.clone());
    let (rule, model) = (scores("status_quo").expect("judged"), scores("model").expect("judged"));
    assert!(rule.rmse < model.rmse && rule.deviance < model.deviance, "{rule:?} {model:?}");
    assert_eq!(learned.report.serves, "status_quo");
    assert!(learned.report.reasons.contains(&Reason::RuleIsBetter));
    check_all(&learned.outlook);
}

#[test]
fn what_serves_stays_until_something_is_better() {
    let purchases = shop(1_800, 11);
    let learned = fit(&purchases);
    // A second fit of the same day is no better than the first.
    let verdict = is_better(&learned.outlook, &learned, &purchases, TODAY, 1);
    assert!(!verdict.is_better, "{verdict:?}");
    // One of nonsense is beaten, and said by what.
    let mut worse = learned.outlook.clone();
    worse.correction = vec![(-10.0, 2.0), (5.0, 2.0)];
    let verdict = is_better(&worse, &learned, &purchases, TODAY, 1);
    assert!(verdict.is_better, "{verdict:?}");
    assert!(verdict.reasons.iter().any(|reason| reason == "better_deviance"), "{verdict:?}");
    // And the other way round.
    let mut nonsense = learned.clone();
    let served = nonsense.report.serves.clone();
    for judged in nonsense.report.back_test.iter_mut().flat_map(|test| &mut test.candidates) {
        if judged.name == served {
            judged.scores.deviance = judged.scores.deviance.map(|deviance| deviance * 2.0);
            judged.scores.rmse = judged.scores.rmse.map(|rmse| rmse * 2.0);
        }
    }
    assert!(!is_better(&learned.outlook, &nonsense, &purchases, TODAY + 40, 1).is_better);
}
