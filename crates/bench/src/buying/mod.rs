//! The models of buying over very many customers: made up with a fixed seed, counted together, fitted, asked. Each part
//! runs in a process of its own, whose peak memory is told; with another program's Python beside, that program does the
//! same over the same file.

mod everything;
mod people;

use crate::clock;
use crate::figures::{median, rounded};
use anyhow::{Context, Result, bail, ensure};
use domain::btyd::{Kind, Model, Prior, Sample, fit_on, spend};
use people::{Person, make, make_orders, read};
use serde_json::{Map, Value, json};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

const HORIZON: f64 = 52.0;
/// Customers over which the slow fit of another program's Pareto/NBD is compared.
const FEW: usize = 20_000;

/// Makes the customers, has each part measured by a process of its own, and then the other program's.
pub fn measure(
    data: &Path,
    customers: usize,
    seed: u64,
    runs: usize,
    beside: Option<&Path>,
) -> Result<Value> {
    std::fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let file = data.join("people.bin");
    make(&file, customers, seed)?;
    let orders = data.join("orders.bin");
    make_orders(&orders, customers, seed)?;
    let mut figures = Map::new();
    let program = std::env::current_exe()?;
    for part in ["bg-nbd", "mbg-nbd", "mbg-cnbd-k", "pareto-nbd", "gamma-gamma", "refresh", "everything"] {
        for threads in [1, 2] {
            if part == "gamma-gamma" && threads > 1 {
                continue;
            }
            let mut command = Command::new(&program);
            command.args(["models", "--part", part, "--people"]).arg(if part == "everything" {
                &orders
            } else {
                &file
            });
            command.args(["--threads", &threads.to_string(), "--runs", &runs.to_string()]);
            let name = if threads == 1 { part.to_owned() } else { format!("{part} on {threads} threads") };
            figures.insert(name, answer(command)?);
        }
    }
    let mut figure = json!({ "customers": customers, "seed": seed, "runs": runs, "parts": figures });
    if let Some(python) = beside {
        figure["beside"] = compare(data, &file, python, &figure)?;
    }
    Ok(figure)
}

/// The figures for people, on stderr.
pub fn table(figure: &Value) {
    let shown = |of: &Value, names: &[&str]| {
        let told = names.iter().filter_map(|name| Some(format!("{name} {}", of.get(*name)?)));
        told.collect::<Vec<_>>().join(", ")
    };
    let names = ["fit_s", "predict_s", "learn_s", "forecast_s", "all_s", "peak_mib"];
    for (name, part) in figure["parts"].as_object().into_iter().flatten() {
        eprintln!("  {name:28} {}", shown(part, &names));
    }
    for (name, part) in figure["beside"].as_object().into_iter().flatten() {
        eprintln!("  {name:28} lifetimes: {}", shown(&part["lifetimes"], &names));
        eprintln!("  {:28} times ours: {}", "", shown(&part["times"], &names));
    }
}

fn answer(mut command: Command) -> Result<Value> {
    let output = command.output().with_context(|| format!("starting {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What `lifetimes` takes for the same, and how many times as long that is.
fn compare(data: &Path, file: &Path, python: &Path, figure: &Value) -> Result<Value> {
    let csv = data.join("people.csv");
    let mut out = BufWriter::new(std::fs::File::create(&csv)?);
    writeln!(out, "frequency,recency,T,monetary_value")?;
    for person in read(file)? {
        let weeks = |days: u32| f64::from(days) / 7.0;
        writeln!(out, "{},{},{},{}", person.x, weeks(person.tx), weeks(person.t), person.mean)?;
    }
    out.flush()?;
    let script = data.join("beside.py");
    std::fs::write(&script, include_str!("../../assets/lifetimes_beside.py"))?;
    let mut measured = Map::new();
    for part in ["bg-nbd", "mbg-nbd", "gamma-gamma", "pareto-nbd-few"] {
        let mut command = Command::new(python);
        command.arg(&script).arg(&csv).arg(part).arg(FEW.to_string()).arg(HORIZON.to_string());
        let theirs = answer(command)?;
        let ours = if part == "pareto-nbd-few" {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["models", "--part", part, "--people"]).arg(file);
            answer(command)?
        } else {
            figure["parts"][part].clone()
        };
        let mut times = Map::new();
        for name in ["fit_s", "predict_s", "peak_mib"] {
            // Below a millisecond there is nothing to divide by.
            if let (Some(theirs), Some(ours)) =
                (theirs[name].as_f64(), ours[name].as_f64().filter(|s| *s > 0.0))
            {
                times.insert(name.to_owned(), json!(rounded(theirs / ours)));
            }
        }
        measured.insert(part.to_owned(), json!({ "lifetimes": theirs, "quaylai": ours, "times": times }));
    }
    Ok(Value::Object(measured))
}

// -- one part ---------------------------------------------------------------------------------------------------------

/// Measures one part over the customers of a file, in this process.
pub fn part(name: &str, file: &Path, threads: usize, runs: usize) -> Result<Value> {
    if name == "everything" {
        let orders = people::purchases(file)?;
        let at_start = memory("VmRSS");
        let mut figure = everything::measure(&orders, threads, runs)?;
        figure["data_mib"] = json!(rounded(at_start));
        figure["peak_mib"] = json!(rounded(memory("VmHWM")));
        return Ok(figure);
    }
    let mut people = read(file)?;
    if name.ends_with("-few") {
        people.truncate(FEW);
    }
    let at_start = memory("VmRSS");
    let mut figure = match name.trim_end_matches("-few") {
        "gamma-gamma" => spending(&people, runs)?,
        "refresh" => refresh(&people, threads)?,
        kind => {
            let kind = Kind::of(kind).with_context(|| format!("no part is named {name}"))?;
            buying(kind, &people, threads, runs)?
        }
    };
    figure["data_mib"] = json!(rounded(at_start));
    figure["peak_mib"] = json!(rounded(memory("VmHWM")));
    Ok(figure)
}

fn buying(kind: Kind, people: &[Person], threads: usize, runs: usize) -> Result<Value> {
    let [mut aggregate, mut fitting, mut asking] = [Vec::new(), Vec::new(), Vec::new()];
    let mut last = None;
    for _ in 0..runs {
        let start = clock::now();
        let sample = sample(people);
        aggregate.push(clock::seconds_since(start));
        let start = clock::now();
        let Some(fit) = fit_on(kind, &sample, &Prior::none(), threads) else { bail!("nobody to fit to") };
        fitting.push(clock::seconds_since(start));
        let rows = sample.len();
        drop(sample);
        let start = clock::now();
        let total = predict(&fit.model, people);
        asking.push(clock::seconds_since(start));
        last = Some((fit, rows, total));
    }
    let (fit, rows, total) = last.context("no run")?;
    let both: Vec<f64> = aggregate.iter().zip(&fitting).map(|(one, other)| one + other).collect();
    Ok(json!({
        "aggregate_s": rounded(median(&aggregate)),
        "search_s": rounded(median(&fitting)),
        "fit_s": rounded(median(&both)),
        "predict_s": rounded(median(&asking)),
        "rows": rows,
        "evaluations": fit.evaluations,
        "parameters": fit.model.parameters(),
        "log_likelihood": fit.log_likelihood,
        "expected": total,
        "threads": threads,
    }))
}

fn spending(people: &[Person], runs: usize) -> Result<Value> {
    let [mut fitting, mut asking] = [Vec::new(), Vec::new()];
    let mut last = None;
    for _ in 0..runs {
        let start = clock::now();
        let orders = spend::Orders::of(people.iter().map(|person| (person.x + 1, f64::from(person.mean))));
        let Some(fit) = spend::fit(&orders, false) else { bail!("nobody to fit to") };
        drop(orders);
        fitting.push(clock::seconds_since(start));
        let start = clock::now();
        let values =
            people.iter().map(|person| fit.model.expected_value(person.x + 1, f64::from(person.mean)));
        let total: f64 = values.flatten().sum();
        asking.push(clock::seconds_since(start));
        last = Some((fit, total));
    }
    let (fit, total) = last.context("no run")?;
    Ok(json!({
        "fit_s": rounded(median(&fitting)),
        "predict_s": rounded(median(&asking)),
        "evaluations": fit.evaluations,
        "parameters": [fit.model.p, fit.model.q, fit.model.v],
        "log_likelihood": fit.log_likelihood,
        "value": total,
    }))
}

/// Everything that a nightly refit has to do once: all models and spend fitted, all customers asked by each.
fn refresh(people: &[Person], threads: usize) -> Result<Value> {
    let start = clock::now();
    let sample = sample(people);
    let mut total = 0.0;
    for kind in Kind::ALL {
        let Some(fit) = fit_on(kind, &sample, &Prior::weak(kind), threads) else { bail!("nobody to fit to") };
        total += predict(&fit.model, people);
    }
    drop(sample);
    let orders = spend::Orders::of(people.iter().map(|person| (person.x + 1, f64::from(person.mean))));
    let Some(fit) = spend::fit(&orders, true) else { bail!("nobody to fit to") };
    let values = people.iter().map(|person| fit.model.expected_value(person.x + 1, f64::from(person.mean)));
    let value: f64 = values.flatten().sum();
    Ok(
        json!({ "all_s": rounded(clock::seconds_since(start)), "threads": threads, "expected": total, "value": value }),
    )
}

fn sample(people: &[Person]) -> Sample {
    Sample::of_days(people.iter().map(|person| (person.x, person.tx, person.t, f64::from(person.ln_gaps))))
}

/// Every customer's expected purchases, all of them in memory at once.
fn predict(model: &Model, people: &[Person]) -> f64 {
    let mut bulk = model.bulk(HORIZON);
    let expected: Vec<f64> =
        people.iter().map(|person| bulk.expected(person.x, person.tx, person.t)).collect();
    expected.iter().sum()
}

/// A line of this process's status in MiB.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1_024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_customers_gives_back_the_model_they_were_made_of() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("quaylai-bench-buying-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("people.bin");
        make(&file, 20_000, 5)?;
        let figure = part("bg-nbd", &file, 1, 1)?;
        let spent = part("gamma-gamma", &file, 1, 1)?;
        std::fs::remove_dir_all(&folder)?;
        assert!(figure["rows"].as_u64().is_some_and(|rows| rows > 5_000), "{figure}");
        let value = |figure: &Value, n: usize| figure["parameters"][n].as_f64().unwrap_or(f64::NAN);
        assert!(
            (value(&spent, 0) / 6.0 - 1.0).abs() < 0.1 && (value(&spent, 1) / 4.0 - 1.0).abs() < 0.1,
            "{spent}"
        );
        for (n, wanted) in [0.55, 10.6, 0.8, 2.4].into_iter().enumerate() {
            assert!((value(&figure, n) / wanted - 1.0).abs() < 0.25, "{n} {figure}");
        }
        Ok(())
    }

    /// Whatever the number of threads, everybody is told the same; and the trees serve, which cost the most.
    #[test]
    fn everything_of_everybody_is_the_same_on_any_number_of_threads() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("quaylai-bench-all-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("orders.bin");
        make_orders(&file, 9_000, 5)?;
        let (one, two) = (part("everything", &file, 1, 1)?, part("everything", &file, 2, 1)?);
        std::fs::remove_dir_all(&folder)?;
        let told = |figure: &Value, name: &str| figure[name].as_f64().unwrap_or(f64::NAN);
        for name in
            ["customers", "in_classes", "alive", "orders_365d", "spend_365d", "clv", "next_order_days"]
        {
            assert!(told(&one, name) > 0.0, "{name}: {one}");
        }
        for name in
            ["customers", "alive", "orders_365d", "spend_365d", "clv", "next_order_days", "win_back_due"]
        {
            assert_eq!(one[name], two[name], "{name}");
        }
        assert_eq!(
            (one["customers"].as_u64(), one["serves"].as_str()),
            (Some(9_000), Some("average")),
            "{one}"
        );
        Ok(())
    }
}
