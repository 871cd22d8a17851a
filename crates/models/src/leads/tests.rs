use super::*;
use domain::condition::{Past, PastEvent};
use domain::identifier::Identifier;
use domain::local_time::Zone;
use domain::profile::{KnownIdentifier, Profile};
use kit::{DAY_MS, Id, ProfileNo, Rng, Timestamp};

fn at(days: f64) -> Timestamp {
    Timestamp::from_ms((days * DAY_MS as f64) as i64)
}

fn code(signals: &[Signal], code: &str) -> f64 {
    signals.iter().find(|one| one.code == code).unwrap().value
}

#[test]
fn what_lies_after_the_instant_is_not_seen() {
    let mut profile = Profile::new(ProfileNo(1), Id::from_u128(1), at(1.0));
    let phone: Identifier = "phone:+84901234567".parse().unwrap();
    profile.add_identifier(KnownIdentifier { identifier: phone, at: at(50.0).into() });
    profile.set_attribute("city", "Huế".into(), at(60.0)).unwrap();
    let mut past = Past::default();
    for (no, day) in [2.0, 30.5, 30.9, 45.0].into_iter().enumerate() {
        let event = PastEvent { no: no as i64, at: at(day), properties: serde_json::Value::Null };
        past.events.entry("Product Viewed".into()).or_default().push(event);
    }
    let seen = |day: f64| {
        let then = as_of(&profile, at(day));
        (then.attribute("city").is_some(), signals(&then, &past, at(day), &Zone::UTC))
    };
    let (city, early) = seen(31.2);
    assert!(!city);
    assert_eq!((code(&early, "views"), code(&early, "has_phone")), (3.0, 0.0));
    assert_eq!((code(&early, "active_days"), code(&early, "days_since_seen")), (2.0, 1.0));
    let (_, later) = seen(59.0);
    assert_eq!(
        (code(&later, "views"), code(&later, "has_phone"), code(&later, "days_known")),
        (3.0, 1.0, 58.0)
    );
    // Nothing changes within a day.
    assert_eq!(seen(59.0).1, seen(59.999).1);
    assert!(seen(60.0).0);
}

/// People of whom those with carts buy with 30 %, the others with 3 %.
fn world(snapshots: u32, people: u64, tells: bool, seed: u64) -> Vec<Example> {
    let mut rng = Rng::seeded(seed);
    let mut examples = Vec::new();
    for snapshot in 0..snapshots {
        for person in 0..people {
            let carts = if rng.below(5) == 0 { 1.0 + rng.below(3) as f64 } else { 0.0 };
            let views = rng.below(20) as f64;
            let chance = if tells && carts > 0.0 { 30 } else { 3 };
            let signals = vec![
                Signal { code: "views", value: views, x: views.ln_1p() },
                Signal { code: "carts", value: carts, x: carts.ln_1p() },
            ];
            examples.push(Example {
                person: u64::from(snapshot) * people + person,
                snapshot,
                signals,
                source: Some(if person % 2 == 0 { "facebook" } else { "zalo" }.into()),
                score: Some(views as i64),
                grade: Some(usize::from(views < 10.0)),
                bought: rng.below(100) < chance,
            });
        }
    }
    examples
}

fn names() -> Vec<String> {
    vec!["A".into(), "B".into()]
}

#[test]
fn a_signal_that_tells_is_found_and_calibrated() {
    let learned = learn(&world(4, 2_000, true, 7), &names());
    let (report, model) = (learned.report, learned.model.unwrap());
    assert_eq!(report.verdict, Verdict::ModelBetter);
    assert!(report.model.auc.unwrap() > 0.7, "{report:?}");
    assert!(report.model.brier.unwrap() < report.base.brier.unwrap());
    assert!(
        (report.rules.unwrap().auc.unwrap() - 0.5).abs() < 0.08,
        "views tell nothing: {:?}",
        report.rules
    );
    assert_eq!(report.weights[0].0, "carts");
    assert_eq!(report.deciles.iter().map(|group| group.customers).sum::<usize>(), 2_000);
    let told: f64 = report.deciles.iter().map(|group| group.forecast * group.customers as f64).sum();
    let came: f64 = report.deciles.iter().map(|group| group.actual * group.customers as f64).sum();
    assert!((told / came - 1.0).abs() < 0.25, "{told} against {came}");
    let person = |carts: f64| {
        vec![
            Signal { code: "views", value: 5.0, x: 5f64.ln_1p() },
            Signal { code: "carts", value: carts, x: carts.ln_1p() },
        ]
    };
    let (without, with) = (model.probability(&person(0.0), None), model.probability(&person(2.0), None));
    assert!((0.01..0.06).contains(&without) && (0.2..0.45).contains(&with), "{without} {with}");
    let causes = model.causes(&person(2.0), Some("zalo"), 1);
    assert_eq!((causes[0].code.as_str(), causes[0].value), ("carts", 2.0));
    assert!(causes[0].effect > 0.0);
    assert_eq!(report.grades.len(), 2);
    assert_eq!(report.grades.iter().map(|grade| grade.people).sum::<usize>(), 2_000);
    let text = serde_json::to_string(&model).unwrap();
    let back = serde_json::from_str::<Model>(&text).unwrap().probability(&person(2.0), Some("zalo"));
    assert!((back - model.probability(&person(2.0), Some("zalo"))).abs() < 1e-12);
}

#[test]
fn where_nothing_tells_it_says_so() {
    let mut better = 0;
    for seed in 0..5 {
        let learned = learn(&world(3, 1_500, false, seed), &names());
        better += usize::from(learned.model.is_some());
        assert!(learned.report.model.auc.is_none_or(|auc| (auc - 0.5).abs() < 0.12));
    }
    assert!(better <= 2, "{better} of 5 fits to noise serve");
}

#[test]
fn rules_that_rank_better_are_told_to() {
    let mut examples = world(4, 2_000, true, 3);
    for one in &mut examples {
        // A rule that knows more than the signals.
        one.score = Some(if one.bought { 50 + (one.person % 40) as i64 } else { (one.person % 70) as i64 });
    }
    assert_eq!(learn(&examples, &names()).report.verdict, Verdict::RulesAsGood);
}

#[test]
fn from_too_few_nothing_is_learned() {
    for examples in [Vec::new(), world(1, 5_000, true, 1), world(4, 20, true, 1)] {
        let learned = learn(&examples, &names());
        assert_eq!((learned.report.verdict, learned.model), (Verdict::TooFew, None));
    }
    let mut everybody = world(3, 200, true, 1);
    everybody.iter_mut().for_each(|one| one.bought = true);
    assert_eq!(learn(&everybody, &names()).report.verdict, Verdict::TooFew);
}

#[test]
fn the_order_of_the_examples_does_not_matter() {
    let examples = world(3, 800, true, 11);
    let mut turned = examples.clone();
    turned.reverse();
    let (a, b) = (learn(&examples, &names()), learn(&turned, &names()));
    assert_eq!(a.report, b.report);
    assert_eq!(a.model, b.model);
}
