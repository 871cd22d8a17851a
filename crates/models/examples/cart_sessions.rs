//! Reads labelled cart sessions as CSV (`session_key`, `visitorid`, ..., `y`) and prints, as JSON, how well logistic
//! regression with isotonic calibration tells which are bought, beside silence alone and beside one share for all.
//!
//! `cargo run --release -p models --example cart_sessions < sessions.csv`

use models::carts::Quality;
use models::logistic::{Logistic, Row};
use models::measure::Isotonic;
use std::collections::BTreeMap;
use std::io::BufRead;

const COLUMNS: [&str; 12] = [
    "cutoff_k",
    "view_count",
    "addtocart_count",
    "unique_items_count",
    "view_to_cart_ratio",
    "seconds_since_first_event",
    "seconds_since_first_cart",
    "seconds_since_last_cart",
    "seconds_since_previous_event",
    "inter_event_interval_mean",
    "events_after_cart",
    "repeated_views_of_cart_items",
];
const FOLDS: u64 = 5;

fn main() {
    let mut lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let head: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    let mut rows: Vec<(u64, Row)> = Vec::new();
    for line in lines {
        let cells: BTreeMap<&str, &str> = head.iter().map(String::as_str).zip(line.split(',')).collect();
        let number = |name: &str| cells.get(name).and_then(|cell| cell.parse::<f64>().ok()).unwrap_or(0.0);
        let mut x: Vec<f64> = COLUMNS.iter().map(|name| number(name).max(0.0).ln_1p()).collect();
        let hour = number("hour_of_day");
        x.extend([f64::from(u8::from(hour < 7.0)), f64::from(u8::from(number("day_of_week") >= 5.0))]);
        let visitor = number("visitorid") as u64;
        rows.push((visitor / 5 % FOLDS, Row { x, came: number("y") > 0.5, weight: 1.0 }));
    }
    let at = |name: &str| COLUMNS.iter().position(|column| *column == name).unwrap_or(0);
    let recency_of = |row: &Row| Row { x: vec![row.x[at("seconds_since_last_cart")]], ..row.clone() };
    let all: Vec<Row> = rows.iter().map(|(_, row)| row.clone()).collect();
    let (mut model, mut recency, mut base) =
        (vec![0.0; all.len()], vec![0.0; all.len()], vec![0.0; all.len()]);
    for fold in 0..FOLDS {
        let others: Vec<Row> =
            rows.iter().filter(|(of, _)| *of != fold).map(|(_, row)| row.clone()).collect();
        let share = others.iter().filter(|row| row.came).count() as f64 / others.len().max(1) as f64;
        let features = Logistic::fit(&others, 2.0);
        let silence: Vec<Row> = others.iter().map(recency_of).collect();
        let silence = Logistic::fit(&silence, 2.0);
        for (place, (_, row)) in rows.iter().enumerate().filter(|(_, (of, _))| *of == fold) {
            model[place] = features.as_ref().map_or(share, |fit| fit.at(&row.x));
            recency[place] = silence.as_ref().map_or(share, |fit| fit.at(&recency_of(row).x));
            base[place] = share;
        }
    }
    let raw = model.clone();
    for fold in 0..FOLDS {
        let points = rows.iter().zip(&raw).filter(|((of, _), _)| *of != fold);
        let curve = Isotonic::rising(points.map(|((_, row), p)| (*p, f64::from(u8::from(row.came)), 1.0)));
        for (place, _) in rows.iter().enumerate().filter(|(_, (of, _))| *of == fold) {
            model[place] = curve.at(raw[place]).unwrap_or(raw[place]);
        }
    }
    let told = serde_json::json!({
        "sessions": all.len(),
        "model": Quality::of(&model, &all),
        "without_calibration": Quality::of(&raw, &all),
        "recency": Quality::of(&recency, &all),
        "base": Quality::of(&base, &all),
    });
    println!("{told:#}");
}
