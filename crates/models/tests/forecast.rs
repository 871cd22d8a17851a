//! Forecasts of real shops, trained before a day and judged after it. The data are found beside the project; a test
//! says where they are missing.
//!
//! The bounds are those of peers measured elsewhere on the same or on longer files (docs/predictions.md), with room for
//! what a tenth of the customers makes of chance.

use domain::btyd::Kind;
use models::forecast::Settings;
use models::standalone::{Asked, Columns, Judged, Orders, Predicted, day, predict};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

fn data(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if root.is_file() {
        return Some(root);
    }
    eprintln!("skipped: {} is missing", root.display());
    None
}

/// A customer, a day and an amount a row.
fn file(rows: impl IntoIterator<Item = (String, String, String)>) -> String {
    let mut text = String::from("customer,time,amount\n");
    for (customer, time, amount) in rows {
        text += &format!("{customer},{time},{amount}\n");
    }
    text
}

fn cdnow() -> Option<String> {
    let mut reader = csv::Reader::from_path(data("cdnow/cdnow_sample.csv")?).expect("a table");
    let rows = reader.records().map(|row| row.expect("a row"));
    Some(file(rows.map(|row| (row[0].to_owned(), row[2].to_owned(), row[4].to_owned()))))
}

/// Lines of invoices as orders: what an invoice comes to, cancellations below zero.
fn online_retail(path: &str) -> Option<String> {
    let mut text = String::new();
    let packed = std::fs::File::open(data(path)?).expect("opened");
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("unpacked");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut orders: BTreeMap<String, (String, String, f64)> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        let customer = row[6].trim_end_matches(".0").to_owned();
        if customer.is_empty() {
            continue;
        }
        let worth = row[3].parse::<f64>().expect("a quantity") * row[5].parse::<f64>().expect("a price");
        let order = orders.entry(row[0].to_owned()).or_insert((customer, row[4].to_owned(), 0.0));
        order.2 += worth;
    }
    Some(file(orders.into_values().map(|(customer, time, amount)| (customer, time, format!("{amount:.2}")))))
}

fn run(text: &str, until: &str, model: Option<Kind>) -> Predicted {
    let orders = Orders::read(text.as_bytes(), &Columns::default(), None).expect("readable");
    let asked = Asked { until: day(until), horizon_weeks: None, model, settings: Settings::default() };
    predict(orders, &asked).expect("possible")
}

fn judged<'a>(predicted: &'a Predicted, kind: &str, name: &str) -> &'a Judged {
    let holdout = predicted.head.holdout.as_ref().expect("a holdout");
    let is = |one: &&Judged| one.kind == kind && (name.is_empty() || one.name == name);
    holdout.judged.iter().find(is).expect("judged")
}

/// RMSE, deviance, calibration error, AUC.
fn figures(judged: &Judged) -> [f64; 4] {
    let scores = &judged.scores;
    [scores.rmse, scores.deviance, scores.calibration, scores.auc].map(|value| value.expect("defined"))
}

fn tell(what: &str, predicted: &Predicted) {
    let holdout = predicted.head.holdout.as_ref().expect("a holdout");
    println!("{what}: {} weeks, {} customers", holdout.weeks, holdout.customers);
    for one in &holdout.judged {
        let scores = &one.scores;
        println!(
            "  {:16} {:?} {:?} {:?} {:?}",
            one.name, scores.rmse, scores.deviance, scores.calibration, scores.auc
        );
    }
    println!("  worth {:?}", holdout.worth);
}

#[test]
fn cdnow_is_fitted_as_published() {
    let Some(text) = cdnow() else { return };
    for (kind, names, published, likelihood) in [
        (
            Kind::BgNbd,
            ["r", "alpha", "a", "b"],
            [0.242_594_5, 4.413_602, 0.792_922_0, 2.425_906_8],
            -9_582.429_21,
        ),
        (
            Kind::MbgNbd,
            ["r", "alpha", "a", "b"],
            [0.524_843_2, 6.183_085_3, 0.891_359_4, 1.614_002_2],
            -9_582.135_72,
        ),
        (
            Kind::ParetoNbd,
            ["r", "alpha", "s", "beta"],
            [0.553_277, 10.577_68, 0.606_240, 11.668_74],
            -9_594.976_18,
        ),
    ] {
        let predicted = run(&text, "1997-09-30", Some(kind));
        let model = predicted.head.model.as_ref().expect("fitted");
        assert_eq!((model.prior.as_str(), predicted.head.serves.as_str()), ("none", "model"));
        for (name, published) in names.into_iter().zip(published) {
            assert!((model.parameters[name] / published - 1.0).abs() < 1e-4, "{name}: {model:?}");
            assert!(model.standard_errors[name].is_some());
        }
        assert!((model.log_likelihood - likelihood).abs() < 1e-4, "{model:?}");
        // Orders that came are those of the papers.
        assert_eq!(predicted.head.holdout.as_ref().expect("a holdout").orders, 1_882.0);
    }
    // 946 customers with a second order, as the package of Gamma-Gamma's authors has them.
    let spend = run(&text, "1997-09-30", Some(Kind::BgNbd)).head.spend_of_repeats.expect("fitted");
    assert_eq!(spend.customers, 946);
    assert!((spend.log_likelihood + 4_055.917_69).abs() < 1e-2, "{spend:?}");
}

#[test]
fn cdnow_is_forecast_better_than_by_any_one_model() {
    let Some(text) = cdnow() else { return };
    let predicted = run(&text, "1997-09-30", None);
    tell("CDNOW", &predicted);
    let [rmse, deviance, calibration, auc] = figures(judged(&predicted, "served", ""));
    let [model_rmse, model_deviance, model_calibration, model_auc] =
        figures(judged(&predicted, "model", "mbg-cnbd-k"));
    // Of all customers, the best peer has 0.973 of the model's error and 0.935 of its deviance.
    assert!(rmse < 0.995 * model_rmse && deviance < 0.95 * model_deviance);
    assert!(calibration < model_calibration && calibration < 0.11 && auc > model_auc + 0.005);
    for rule in ["zeros", "past_rate", "status_quo"] {
        let [rule_rmse, rule_deviance, _, rule_auc] = figures(judged(&predicted, "naive", rule));
        assert!(rmse < rule_rmse && deviance < rule_deviance && auc > rule_auc, "{rule}");
    }
    let worth = predicted.head.holdout.as_ref().and_then(|holdout| holdout.worth.clone()).expect("amounts");
    assert!(worth.gini_clv > worth.gini_past_spend && worth.gini_clv > Some(0.68), "{worth:?}");
}

#[test]
fn online_retail_is_forecast_better_than_by_any_one_model() {
    let Some(text) = online_retail("online_retail/online_retail_2009_2010.csv.gz") else { return };
    let predicted = run(&text, "2010-06-08", None);
    tell("Online Retail 2009-10", &predicted);
    let [rmse, deviance, calibration, auc] = figures(judged(&predicted, "served", ""));
    let [model_rmse, model_deviance, _, model_auc] = figures(judged(&predicted, "model", "mbg-cnbd-k"));
    assert!(rmse < model_rmse && deviance < 0.96 * model_deviance && auc > model_auc + 0.01);
    assert!(calibration < 0.1);
    let worth = predicted.head.holdout.as_ref().and_then(|holdout| holdout.worth.clone()).expect("amounts");
    assert!(worth.gini_clv > Some(0.8), "{worth:?}");
}

#[test]
fn winning_back_comes_earlier_at_the_same_waste() {
    let Some(text) = cdnow() else { return };
    let win_back = run(&text, "1998-06-30", None).head.win_back;
    assert_eq!((win_back.within_weeks, win_back.cap_weeks), (13.0, 39));
    let fixed = |weeks: f64| win_back.fixed.iter().find(|point| point.at == weeks).expect("a rule");
    // The latest threshold that wastes no more than the fixed rule.
    let own = |waste: f64| win_back.curve.iter().rfind(|point| point.waste <= waste).expect("a point");
    for (weeks, at_most) in [(8.0, 6.5), (13.0, 10.0), (26.0, 26.0)] {
        let (fixed, own) = (fixed(weeks), own(fixed(weeks).waste));
        println!("fixed {weeks} weeks wastes {:.3}; as much after {:.1} weeks", fixed.waste, own.delay_weeks);
        assert!(own.delay_weeks < at_most, "{own:?} beside {fixed:?}");
    }
    let serves = win_back.serves.expect("judged");
    assert!(serves.waste <= 0.2 && serves.delay_weeks < 9.0, "{serves:?}");
}
