//! Measures recommendations: `cargo run --release -p models --example recommend -- FILE.csv [--time | --lists]`.
//!
//! `--lists` writes what `quaylai recommend FILE.csv --json` writes; `--time` says how long learning takes and answers
//! take and what they hold in memory, as JSON. `tests/clients/peers_recommend.py` uses both beside other programs.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use models::recommend::standalone::{Answers, Wanted, read};
use models::recommend::{Ask, Choice, Options, Recommender};
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(file) = arguments.first() else {
        eprintln!("usage: recommend FILE.csv [--time | --lists]");
        std::process::exit(2);
    };
    let start = Instant::now();
    let bytes = std::fs::read(file).unwrap();
    let read = read(&bytes).unwrap();
    drop(bytes);
    let read_seconds = start.elapsed().as_secs_f64();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = Wanted { top: 20, hold_out: None, threads };
    if arguments.iter().any(|argument| argument == "--lists") {
        let answers = Answers::of(&read, &read.items, wanted);
        return answers.write_json(std::io::BufWriter::new(std::io::stdout().lock())).unwrap();
    }

    let now = read.done.iter().filter_map(|done| done.at).max().unwrap_or(0);
    let start = Instant::now();
    let mut shop = Recommender::build(&read.done, &read.items, Options::default(), now);
    let build_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let choice = Choice::default();
    let taste = shop.learn(&choice, threads);
    let item_item_seconds = start.elapsed().as_secs_f64();
    shop.set_taste(choice, taste.map(Arc::new));
    let start = Instant::now();
    let (choice, report) = models::recommend::choose(
        &read.done,
        &read.items,
        Options::default(),
        models::recommend::HoldOut::suited(&read.done),
        threads,
    );
    let choose_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let taste = shop.learn(&choice, threads);
    let learn_seconds = start.elapsed().as_secs_f64();
    shop.set_taste(choice, taste.map(Arc::new));
    let customers: Vec<u32> =
        (0..read.customers.len() as u32).step_by((read.customers.len() / 5_000).max(1)).collect();
    let ask = Ask::any(20);
    let time = |what: &dyn Fn(u32)| {
        let mut each: Vec<f64> = customers
            .iter()
            .map(|customer| {
                let start = Instant::now();
                what(*customer);
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        each.sort_by(f64::total_cmp);
        let at = |share: f64| each[((each.len() - 1) as f64 * share) as usize];
        serde_json::json!({ "p50_ms": at(0.5), "p99_ms": at(0.99), "worst_ms": at(1.0) })
    };
    let newest = |customer: u32| shop.history(customer).last().map_or(0, |past| past.item);
    let first = time(&|customer| drop(shop.bought_together(&[newest(customer)], ask)));
    let latency = serde_json::json!({
        "bought_together_first": first,
        "bought_together": time(&|customer| drop(shop.bought_together(&[newest(customer)], ask))),
        "for_you": time(&|customer| drop(shop.for_you(shop.history(customer), now, ask))),
        "buy_again": time(&|customer| drop(shop.buy_again(shop.history(customer), now, ask))),
        "everything": time(&|customer| drop(shop.everything(shop.history(customer), now, ask))),
        "popular": time(&|_| drop(shop.popular(now, ask))),
    });
    // What comes in while it serves.
    let start = Instant::now();
    let some: Vec<_> = read.done.iter().rev().take(20_000).copied().collect();
    for done in &some {
        shop.record(*done, now);
    }
    let record_us = start.elapsed().as_secs_f64() * 1e6 / some.len().max(1) as f64;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(str::trim).unwrap_or("unknown");
    let figures = serde_json::json!({
        "interactions": read.done.len(), "customers": read.customers.len(), "products": read.products.len(),
        "threads": threads, "read_seconds": read_seconds, "build_seconds": build_seconds,
        "item_item_seconds": item_item_seconds, "choose_seconds": choose_seconds, "learn_seconds": learn_seconds,
        "chosen": report.chosen, "recommender_bytes": shop.bytes(), "peak_memory": peak, "record_us": record_us,
        "latency": latency,
    });
    println!("{figures:#}");
}
