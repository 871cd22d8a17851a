//! The list of customers: how long each answer takes while somebody scrolls, filters, sorts and searches.

use crate::clock;
use crate::figures::{Samples, rounded};
use crate::http::{Client, Key, request};
use crate::modes::Bench;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

/// Pages that are read of a list that stands still.
const PAGES: u64 = 100;
/// Fresh selections of each kind: each another one, so that none is answered from memory.
const ROUNDS: i64 = 12;

struct Answered {
    ms: f64,
    total: u64,
    snapshot: String,
}

/// Beginnings of names that many have.
const COMMON: [&str; 12] = [
    "nguyen thi",
    "tran van",
    "le thi",
    "pham",
    "hoang",
    "vo thi",
    "dang",
    "bui",
    "do",
    "ho",
    "ngo",
    "duong",
];

fn ask(client: &mut Client, key: Key<'_>, body: &Value) -> Result<Answered> {
    let request = request("POST", "/api/v1/people/query", key, body.to_string().as_bytes());
    let started = clock::now();
    let answer = client.send(&request)?;
    let ms = clock::seconds_since(started) * 1_000.0;
    ensure!(answer.status == 200, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    let told: Value = serde_json::from_slice(&answer.body)?;
    Ok(Answered {
        ms,
        total: told["total"].as_u64().context("an answer without a total")?,
        snapshot: told["snapshot"].as_str().unwrap_or_default().to_owned(),
    })
}

type Kind = (&'static str, fn(i64) -> Value);

/// Choices of one kind; the number makes each another one.
fn kinds() -> Vec<Kind> {
    vec![
        (
            "everybody_by_last_seen",
            |n| json!({ "filters": [{ "field": "created", "beyond_days": 0, "not": n < 0 }, { "field": "orders", "min": -1 - n }] }),
        ),
        (
            "everybody_by_revenue",
            |n| json!({ "sort": "revenue", "filters": [{ "field": "orders", "min": -1 - n }] }),
        ),
        (
            "by_last_order_ascending",
            |n| json!({ "sort": "last_order", "ascending": true, "filters": [{ "field": "orders", "min": -1 - n }] }),
        ),
        ("few_by_another_column", |n| {
            json!({ "sort": "last_order", "filters": [
                { "field": "revenue", "min": 20_000_000 + n }, { "field": "tag", "any": ["vip"] }, { "field": "last_seen", "within_days": 30 + n },
            ] })
        }),
        ("stage_and_consent", |n| {
            json!({ "sort": "revenue", "filters": [
                { "field": "stage", "any": ["lapsing", "lost"] }, { "field": "consent", "channel": "email" }, { "field": "orders", "max": 1_000 + n },
            ] })
        }),
        ("not_tagged_without_phone", |n| {
            json!({ "sort": "created", "filters": [
                { "field": "tag", "any": ["vip"], "not": true }, { "field": "identifier", "any": ["phone"], "not": true }, { "field": "orders", "max": 1_000 + n },
            ] })
        }),
        ("search_common", |n| json!({ "search": COMMON[n as usize % COMMON.len()] })),
        ("search_rare", |n| json!({ "search": format!("{:07}", 123_457 + 7_919 * n) })),
        ("search_nobody", |n| json!({ "search": format!("khong co ai {n}") })),
    ]
}

pub fn measure(bench: &mut Bench) -> Result<Value> {
    let secret = bench.keys.secret.clone();
    let key = Key::Secret(&secret);
    let before = bench.server.memory();
    let client = &mut bench.client;
    let first = ask(client, key, &json!({ "choice": {}, "limit": 100 }))?;
    let mut worst: f64 = 0.0;
    let mut told = Map::new();
    for (name, choice) in kinds() {
        let mut samples = Samples::default();
        let mut total = 0;
        for n in 0..ROUNDS {
            // Longer than a picture of all people counts as fresh.
            clock::rest(if n % 4 == 0 { 1_100 } else { 50 });
            let answered = ask(client, key, &json!({ "choice": choice(n), "limit": 100 }))?;
            samples.push(answered.ms);
            worst = worst.max(answered.ms);
            total = answered.total;
        }
        told.insert(name.into(), json!({ "total": total, "ms": samples.summary() }));
        eprintln!("  {name}: {total}");
    }
    let list = ask(client, key, &json!({ "choice": { "sort": "revenue" }, "limit": 100 }))?;
    let mut pages = Samples::default();
    for n in 0..PAGES {
        // From one end to the other, as whoever drags the bar.
        let offset = (n * 7_919 % PAGES) * (list.total / PAGES);
        let body = json!({ "choice": { "sort": "revenue" }, "limit": 100, "offset": offset, "snapshot": list.snapshot });
        let answered = ask(client, key, &body)?;
        pages.push(answered.ms);
        worst = worst.max(answered.ms);
    }
    Ok(json!({
        "people": list.total,
        "first_look_ms": rounded(first.ms),
        "worst_ms": rounded(worst),
        "page_ms": pages.summary(),
        "fresh": told,
        "memory_before": before,
        "memory_after": bench.server.memory(),
    }))
}
