use super::*;
use kit::{HOUR_MS, MINUTE_MS, Rng};
use proptest::prelude::*;

/// What somebody does of their own accord: buys or not, and after how many minutes.
fn alone(rng: &mut Rng, seen: &Seen) -> Option<i64> {
    let logit = -1.6 + 1.6 * f64::from(u8::from(seen.checkout)) + 0.9 * f64::from(u8::from(seen.orders > 0));
    let minutes = (-(1.0 - rng.unit()).ln() * 300.0) as i64;
    (rng.chance(crate::logistic::probability(logit)) && minutes <= WINDOW_MINUTES).then_some(minutes)
}

fn seen(rng: &mut Rng) -> Seen {
    Seen {
        value: 100_000 + rng.below(900_000) as i64,
        lines: 1 + rng.below(4) as u32,
        quantity: 1 + rng.below(6) as i64,
        checkout: rng.chance(0.3),
        orders: if rng.chance(0.4) { 1 + rng.below(5) as u32 } else { 0 },
        days_since_order: None,
        hour: rng.below(24) as u8,
        weekend: rng.chance(0.3),
        ..Seen::default()
    }
}

/// A shop that writes to everybody but a holdout an hour after the touch, and wins a fifth of the others by that.
fn shop(count: u64, holdout: f64, seed: u64) -> (Vec<Rest>, f64) {
    let mut rng = Rng::seeded(seed);
    let mut bought = 0.0;
    let rests = (0..count)
        .map(|person| {
            let seen = seen(&mut rng);
            let would = alone(&mut rng, &seen);
            bought += f64::from(u8::from(would.is_some()));
            let left_alone = rng.chance(holdout) || would.is_some_and(|minutes| minutes <= 60);
            let helped_ms = (!left_alone).then_some(HOUR_MS);
            let won = helped_ms.is_some() && would.is_none() && rng.chance(0.2);
            let bought_ms = would.or(won.then_some(90)).map(|minutes| minutes * MINUTE_MS);
            Rest { person, seen, touched_ms: None, bought_ms, helped_ms }
        })
        .collect();
    (rests, bought / count as f64)
}

#[test]
fn what_help_wins_is_not_taken_for_what_comes_alone() {
    let (rests, truth) = shop(6_000, 0.1, 7);
    let fitted = fit(&rests);
    let (model, report) = (fitted.model.expect("learned"), fitted.report);
    assert_eq!((report.serves.as_str(), report.why.as_deref()), ("model", None), "{report:?}");
    let found = model.by_silence[0];
    assert!((found - truth).abs() < 0.03, "{found} of {truth} buy alone");
    // Counting everybody who bought would have been far off, and so would leaving out whom was written to.
    let naive = rests.iter().filter(|rest| rest.bought_ms.is_some()).count() as f64 / 6_000.0;
    let untold: Vec<&Rest> = rests.iter().filter(|rest| rest.helped_ms.is_none()).collect();
    let left_out = untold.iter().filter(|rest| rest.bought_ms.is_some()).count() as f64 / untold.len() as f64;
    assert!(naive - truth > 0.05 && left_out - truth > 0.05, "{naive} {left_out} {truth}");
    let (loss, auc) = (|q: &Quality| q.log_loss.unwrap(), |q: &Quality| q.auc.unwrap());
    assert!(loss(&report.model) < loss(&report.recency) && loss(&report.recency) < loss(&report.base));
    assert!(auc(&report.model) > auc(&report.recency) + 0.05, "{report:?}");
    assert!(report.model.calibration_error.unwrap() < 0.2, "{report:?}");
}

#[test]
fn a_cart_at_the_checkout_is_left_alone_for_longer() {
    let model = fit(&shop(4_000, 0.3, 11).0).model.expect("learned");
    let mut rng = Rng::seeded(1);
    let plain = Seen { checkout: false, orders: 0, ..seen(&mut rng) };
    let keen = Seen { checkout: true, orders: 4, ..plain };
    let at = |seen: &Seen, minutes| model.buys_alone(seen, minutes).expect("within the window");
    assert!(at(&keen, 0).0 > at(&plain, 0).0 + 0.3, "{:?} {:?}", at(&keen, 0), at(&plain, 0));
    assert!(at(&keen, 0).0 > at(&keen, 2_880).0 + 0.2, "silence speaks against it");
    assert!(model.best_delay_minutes(&keen) > model.best_delay_minutes(&plain));
    // The answer stays between two landmarks, and is over with the window.
    assert_eq!((at(&keen, 60).1, at(&keen, 119)), (120, at(&keen, 60)));
    assert_eq!(at(&keen, 4_319).1, WINDOW_MINUTES);
    assert_eq!((model.buys_alone(&keen, 4_320), model.buys_alone(&keen, -5)), (None, Some(at(&keen, 0))));
}

#[test]
fn too_little_is_told_and_not_guessed() {
    let why = |rests: &[Rest]| {
        let fitted = fit(rests);
        assert_eq!((fitted.model, fitted.report.serves.as_str()), (None, "nothing"));
        fitted.report.why.expect("a reason")
    };
    assert_eq!(why(&[]), "too_few_carts");
    let (rests, _) = shop(4_000, 0.3, 3);
    assert_eq!(why(&rests[..299]), "too_few_carts");
    let unsold: Vec<Rest> = rests.iter().map(|rest| Rest { bought_ms: None, ..*rest }).collect();
    assert_eq!(why(&unsold), "too_few_bought");
    // Everybody is written to after an hour: nobody is left to learn from.
    let (all, _) = shop(1_000, 0.0, 3);
    let written: Vec<Rest> =
        all.iter().map(|rest| Rest { helped_ms: rest.helped_ms.or(Some(61 * MINUTE_MS)), ..*rest }).collect();
    assert_eq!(why(&written), "too_few_left_alone");
}

#[test]
fn features_that_tell_nothing_do_not_serve() {
    let mut rng = Rng::seeded(21);
    let rests: Vec<Rest> = (0..2_000)
        .map(|person| {
            let bought_ms = rng.chance(0.3).then(|| rng.below(4_000) as i64 * MINUTE_MS);
            Rest { person, seen: seen(&mut rng), touched_ms: None, bought_ms, helped_ms: None }
        })
        .collect();
    let fitted = fit(&rests);
    assert_eq!(fitted.report.serves, "recency", "{:?}", fitted.report);
    let model = fitted.model.expect("silence alone");
    assert!(model.features.is_none() && model.by_silence.windows(2).all(|pair| pair[1] <= pair[0] + 0.02));
    assert_eq!(fit(&rests).report, fitted.report, "the same again");
}

#[test]
fn how_fast_a_reminder_fades_is_learned_where_delays_differ() {
    let mut rng = Rng::seeded(5);
    let rests: Vec<Rest> = (0..5_000)
        .map(|person| {
            let seen = seen(&mut rng);
            let would = alone(&mut rng, &seen);
            let delay = [45, 180, 700][rng.below(3) as usize];
            let helped_ms =
                (rng.chance(0.7) && would.is_none_or(|minutes| minutes > delay)).then(|| delay * MINUTE_MS);
            let won =
                helped_ms.is_some() && would.is_none() && rng.chance(0.4 * (-delay as f64 / 500.0).exp());
            let bought_ms = would.or(won.then_some(delay + 20)).map(|minutes| minutes * MINUTE_MS);
            Rest { person, seen, touched_ms: None, bought_ms, helped_ms }
        })
        .collect();
    let report = fit(&rests).report;
    assert!(
        report.fades_learned && (300.0..900.0).contains(&report.fades_minutes),
        "{}",
        report.fades_minutes
    );
    assert!(!fit(&shop(2_000, 0.3, 2).0).report.fades_learned, "one delay tells nothing");
}

#[test]
fn carts_are_seen_as_they_were() {
    use domain::local_time::Zone;
    use kit::{DAY_MS, Timestamp};
    let zone = Zone::vietnam();
    let at = |minutes: i64| Timestamp::from_ms(20_000 * DAY_MS + minutes * MINUTE_MS);
    let told = |minutes: i64, name: &str, properties: serde_json::Value| {
        let properties = properties.as_object().cloned().unwrap_or_default();
        let event = domain::commerce::read(name, &properties, at(minutes), "m", kit::Currency::VND)
            .expect("commerce");
        (at(minutes), event)
    };
    let hat = serde_json::json!({ "product_id": "non", "price": 90_000, "quantity": 1 });
    let shopper = || Shopper {
        number: 4,
        known_from: at(5),
        first_seen_at: at(0),
        zone: &zone,
        events: vec![
            told(50, "Order Completed", serde_json::json!({ "order_id": "1", "total": 90_000 })),
            told(1, "Product Added", hat.clone()),
            told(10, "Checkout Started", serde_json::json!({})),
            told(9_000, "Product Added", hat.clone()),
        ],
        purchases: vec![at(50)],
        advertised: vec![at(9_060)],
    };
    let rests = rests(shopper(), "VND", at(20_000));
    assert_eq!(rests.len(), 2, "what was touched before the person was known is left out: {rests:?}");
    let (first, second) = (rests[0], rests[1]);
    assert_eq!((first.seen.value, first.seen.checkout, first.seen.orders), (90_000, true, 0));
    assert_eq!((first.touched_ms, first.bought_ms), (None, Some(40 * MINUTE_MS)));
    assert_eq!((second.seen.orders, second.seen.days_since_order), (1, Some(6.0)));
    assert_eq!((second.bought_ms, second.helped_ms), (None, Some(HOUR_MS)));
    // The window of the second is not over yet.
    assert_eq!(super::rests(shopper(), "VND", at(9_000 + WINDOW_MINUTES - 1)).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_answer_is_a_probability(
        value in any::<i64>(), quantity in any::<i64>(), lines in any::<u32>(), orders in any::<u32>(),
        days in proptest::option::of(any::<f64>()), age in any::<f64>(), known in any::<f64>(),
        minutes in any::<i64>(), checkout in any::<bool>(),
    ) {
        static MODEL: std::sync::OnceLock<Model> = std::sync::OnceLock::new();
        let model = MODEL.get_or_init(|| fit(&shop(1_500, 0.3, 9).0).model.expect("learned"));
        let finite = |x: f64| if x.is_nan() { 0.0 } else { x };
        let seen = Seen {
            value, quantity, lines, orders, checkout, days_since_order: days.map(finite),
            age_minutes: finite(age), known_days: finite(known), ..Seen::default()
        };
        if let Some((share, next)) = model.buys_alone(&seen, minutes) {
            prop_assert!((0.0..=1.0).contains(&share));
            prop_assert!(next > minutes && next <= WINDOW_MINUTES);
        }
        prop_assert!(LANDMARKS.contains(&model.best_delay_minutes(&seen)));
    }
}
