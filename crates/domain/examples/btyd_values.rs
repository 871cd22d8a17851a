//! What the models of buying say of customers, for comparison with other implementations: reads JSON lines from stdin
//! and writes one for each to stdout.
//!
//! `{"model": "bg-nbd", "parameters": [r, alpha, a, b], "x": 2, "tx": 30.4, "t": 38.9, "ln_gaps": 4.1, "h": 39}`, times
//! in weeks, is answered with `p_alive`, `expected`, `p_buy` (in `h` weeks), `next` (median), `rhythm` (median after a
//! purchase), `due` (P(alive) = 0.5), `counts` (0 to 11 purchases in `h` weeks), `new` and `new_counts` (of somebody
//! new), and `log_likelihood`. For `"model": "gamma-gamma"`, with `x` orders of `mean`: `expected_value`,
//! `log_likelihood`.

use domain::btyd::{Customer, Kind, Model, Row, Sample, spend};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, Write};

#[derive(Deserialize)]
struct Asked {
    model: String,
    parameters: Vec<f64>,
    x: u32,
    #[serde(default)]
    tx: f64,
    #[serde(default)]
    t: f64,
    #[serde(default)]
    ln_gaps: f64,
    #[serde(default)]
    h: f64,
    #[serde(default)]
    mean: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line?)?;
        let answer =
            answer(&asked).ok_or_else(|| format!("{}: unknown, or its parameters are", asked.model))?;
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn answer(asked: &Asked) -> Option<Value> {
    if asked.model == "gamma-gamma" {
        let [p, q, v] = asked.parameters[..].try_into().ok()?;
        let model = spend::Spend::new(p, q, v)?;
        return Some(json!({
            "expected_value": model.expected_value(asked.x, asked.mean),
            "log_likelihood": model.log_likelihood(&spend::Orders::of([(asked.x, asked.mean)])),
        }));
    }
    let model = Model::new(Kind::of(&asked.model)?, &asked.parameters)?;
    let customer = Customer::new(asked.x, asked.tx, asked.t);
    let row = Row { x: asked.x, tx: asked.tx, t: asked.t, ln_gaps: asked.ln_gaps, weight: 1.0 };
    Some(json!({
        "p_alive": model.p_alive(&customer),
        "expected": model.expected(&customer, asked.h),
        "p_buy": model.p_buy_within(&customer, asked.h),
        "next": model.next_purchase(&customer, 0.5),
        "rhythm": model.next_purchase(&customer.after_silence(0.0), 0.5),
        "due": model.silence_until(&customer, 0.5),
        "counts": model.count_probabilities(&customer, asked.h, 11),
        "new": model.expected(&Customer::NEW, asked.h),
        "new_counts": model.count_probabilities(&Customer::NEW, asked.h, 11),
        "log_likelihood": model.log_likelihood(&Sample::of_rows([row])),
    }))
}
