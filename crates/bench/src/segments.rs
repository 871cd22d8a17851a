//! The segments that the bench installs, and the figures about segments: start, computing, counting, estimating, and
//! what they cost the way in.

use crate::clock;
use crate::figures::{Samples, rounded};
use crate::http::{Client, Key, request};
use crate::modes::{Bench, summary};
use crate::server::{Server, Setup, wait_drained};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest wait for segments to be computed, or for one exact count.
const COMPUTE_WAIT: Duration = Duration::from_secs(3_600);
/// Round trips of which percentiles are taken.
const ROUND_TRIPS: usize = 500;

/// The 20 live segments of the standard world, one of each kind: names and definitions.
pub fn standard() -> Vec<(&'static str, Value)> {
    let days = |n: u32| json!({ "last": format!("{n}d") });
    vec![
        (
            "views 5 in 30 days",
            json!({ "did": { "event": "Product Viewed", "window": days(30), "op": "gte", "value": 5 } }),
        ),
        ("ordered in 90 days", json!({ "orders": { "window": days(90), "op": "gte", "value": 1 } })),
        (
            "spent 3 million",
            json!({ "orders": { "measure": { "sum": "net" }, "op": "gte", "value": 3_000_000 } }),
        ),
        ("never ordered", json!({ "none": [{ "orders": { "op": "gte", "value": 1 } }] })),
        (
            "left a cart in 7 days",
            json!({ "did": { "event": "Product Added", "window": days(7),
                             "not_followed_by": { "event": "Order Completed", "within": "24h" } } }),
        ),
        ("lives in Ho Chi Minh City", json!({ "attribute": "city", "op": "eq", "value": "Hồ Chí Minh" })),
        ("birthday soon", json!({ "attribute": "birthday", "op": "anniversary_within", "value": "14d" })),
        (
            "lunar birthday soon",
            json!({ "attribute": "birthday", "op": "anniversary_within", "value": "7d", "calendar": "lunar" }),
        ),
        ("is vip", json!({ "tag": "vip" })),
        ("on the newsletter", json!({ "list": "ban-tin" })),
        (
            "may get e-mail",
            json!({ "consent": { "channel": "email", "purpose": "marketing", "state": "granted" } }),
        ),
        (
            "events worth 2 million",
            json!({ "did": { "event": "Order Completed", "measure": { "sum": "value" }, "op": "gte",
                             "value": 2_000_000 } }),
        ),
        (
            "first order in 60 days",
            json!({ "first_order": { "at": { "op": "within_last", "value": "60d" } } }),
        ),
        (
            "bought an ao dai",
            json!({ "orders": { "lines": [{ "property": "category", "op": "eq", "value": "Áo dài" }],
                                "op": "gte", "value": 1 } }),
        ),
        (
            "looked at 5 products in 14 days",
            json!({ "did": { "event": "Product Viewed", "window": days(14),
                             "measure": { "distinct": "product_id" }, "op": "gte", "value": 5 } }),
        ),
        ("opened a mail in 30 days", json!({ "did": { "event": "Email Opened", "window": days(30) } })),
        ("a fifth of all", json!({ "bucket": { "name": "bench", "from": 0, "to": 20 } })),
        (
            "was written to in 7 days",
            json!({ "message": { "did": "sent", "channel": "email", "window": days(7) } }),
        ),
        (
            "women with points, not written to",
            json!({ "all": [
                { "attribute": "gender", "op": "eq", "value": "female" },
                { "attribute": "points", "op": "gt", "value": 1_000 },
                { "none": [{ "message": { "did": "sent", "channel": "email", "window": days(7) } }] },
            ] }),
        ),
        (
            "buyers silent for 60 days",
            json!({ "all": [
                { "segment": "bench-02-spent" },
                { "last": { "event": "Product Viewed", "at": { "op": "older_than", "value": "60d" } } },
            ] }),
        ),
    ]
}

fn id_of(place: usize) -> String {
    // The last one refers to the third.
    if place == 2 { "bench-02-spent".into() } else { format!("bench-{place:02}") }
}

/// Definitions that no segment has, to be counted once.
fn unknown() -> Vec<(&'static str, Value)> {
    vec![
        (
            "count_30d",
            json!({ "did": { "event": "Product Viewed", "window": { "last": "30d" }, "op": "gte", "value": 3 } }),
        ),
        (
            "sum_all_time",
            json!({ "did": { "event": "Order Completed", "measure": { "sum": "value" }, "op": "gte",
                             "value": 1_000_000 } }),
        ),
        ("count_all_time", json!({ "did": { "event": "Product Viewed", "op": "gte", "value": 10 } })),
        (
            "bought_product",
            json!({ "orders": { "lines": [{ "property": "product_id", "op": "eq", "value": "ad-001" }],
                                "op": "gte", "value": 1 } }),
        ),
        (
            "orders_spent",
            json!({ "orders": { "measure": { "sum": "net" }, "op": "gte", "value": 1_000_000 } }),
        ),
        (
            "filtered_30d",
            json!({ "did": { "event": "Product Viewed", "window": { "last": "30d" },
                             "where": [{ "property": "category", "op": "eq", "value": "Đầm" }] } }),
        ),
        ("attribute", json!({ "attribute": "city", "op": "eq", "value": "Huế" })),
        (
            "mixed",
            json!({ "all": [
                { "attribute": "gender", "op": "eq", "value": "female" },
                { "did": { "event": "Product Added", "window": { "last": "60d" }, "op": "gte", "value": 2 } },
                { "none": [{ "orders": { "window": { "last": "60d" }, "op": "gte", "value": 1 } }] },
            ] }),
        ),
    ]
}

/// Makes the first `most` of the standard segments live, or wakes those that are archived, and archives the others.
/// Returns the seconds until all are live.
pub fn keep(client: &mut Client, key: Key<'_>, most: usize) -> Result<f64> {
    let standard = standard();
    ensure!(most <= standard.len(), "there are {} segments to be had", standard.len());
    let mut known = Vec::new();
    for state in ["?limit=500", "?limit=500&state=archived"] {
        known.extend(listed(client, key, state)?);
    }
    // From behind, since the last one refers to another.
    for place in (most..standard.len()).rev() {
        let id = id_of(place);
        if known.iter().any(|(held, state, _)| *held == id && state != "archived") {
            client.call("DELETE", &format!("/api/v1/segments/{id}"), key, None)?;
        }
    }
    let started = clock::now();
    for (place, (name, definition)) in standard.into_iter().enumerate().take(most) {
        let id = id_of(place);
        match known.iter().find(|(held, _, _)| *held == id).map(|(_, state, _)| state.as_str()) {
            None => {
                let body = json!({ "id": id, "name": format!("bench: {name}"), "definition": definition });
                client.call("POST", "/api/v1/segments", key, Some(&body))?;
            }
            Some("archived") => {
                client.call("POST", &format!("/api/v1/segments/{id}/restore"), key, None)?;
            }
            Some(_) => {}
        }
    }
    wait_live(client, key)?;
    Ok(clock::seconds_since(started))
}

/// Ids, states and counts.
fn listed(client: &mut Client, key: Key<'_>, query: &str) -> Result<Vec<(String, String, Option<u64>)>> {
    let answer = client.call("GET", &format!("/api/v1/segments{query}"), key, None)?;
    let list = answer["items"].as_array().with_context(|| format!("no list of segments in {answer}"))?;
    let read = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        (text("id"), text("state"), one["count"].as_u64())
    };
    Ok(list.iter().map(read).collect())
}

fn wait_live(client: &mut Client, key: Key<'_>) -> Result<()> {
    let started = clock::now();
    while !listed(client, key, "?state=computing&limit=1")?.is_empty() {
        ensure!(clock::now().duration_since(started) < COMPUTE_WAIT, "segments are computed without an end");
        clock::rest(20);
    }
    Ok(())
}

/// The members of each live segment, so that two databases can be compared.
pub fn counts(client: &mut Client, key: Key<'_>) -> Result<Value> {
    let held = listed(client, key, "?limit=500")?;
    Ok(held.into_iter().map(|(id, _, count)| (id, json!(count))).collect::<serde_json::Map<_, _>>().into())
}

/// Round trips of one request, in milliseconds.
fn round_trips(client: &mut Client, request: &[u8], times: usize) -> Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..times {
        let started = clock::now();
        let answer = client.send(request)?;
        samples.push(clock::seconds_since(started) * 1_000.0);
        ensure!(answer.status == 200, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(samples)
}

fn preview(key: Key<'_>, definition: &Value, exact: bool) -> Vec<u8> {
    let body = json!({ "definition": definition, "exact": exact }).to_string();
    request("POST", "/api/v1/segments/preview", key, body.as_bytes())
}

/// An exact count: the answer, and the milliseconds until it was there.
fn exact(client: &mut Client, key: Key<'_>, definition: &Value) -> Result<(Value, f64)> {
    let started = clock::now();
    let answer = client.send(&preview(key, definition, true))?;
    let mut told: Value = serde_json::from_slice(&answer.body)?;
    ensure!(matches!(answer.status, 200 | 202), "a preview answered {}: {told}", answer.status);
    while told["count"].is_null() {
        ensure!(clock::now().duration_since(started) < COMPUTE_WAIT, "a count without an end");
        let id = told["preview_id"].as_str().context("a count without a result or an id")?.to_owned();
        clock::rest(5);
        told = client.call("GET", &format!("/api/v1/segments/preview/{id}"), key, None)?;
    }
    Ok((told, clock::seconds_since(started) * 1_000.0))
}

/// From the start of the process to ready, and to working: an event sent as soon as it is ready is processed, so the
/// bitmaps are in memory.
pub fn start(setup: &Setup, times: usize) -> Result<Value> {
    let mut runs = Vec::new();
    let keys = setup.keys()?;
    for round in 0..times.max(1) {
        let started = clock::now();
        let server = Server::start(setup)?;
        let ready_ms = clock::seconds_since(started) * 1_000.0;
        let mut client = server.client()?;
        let id = format!("start-{:x}-{round}", clock::wall().ms());
        let event =
            json!({ "type": "track", "event": "Bench Start", "userId": "KH0000001", "messageId": id });
        client.call("POST", "/v1/track", Key::Write(&keys.write), Some(&event))?;
        wait_drained(&mut client, COMPUTE_WAIT)?;
        let working_ms = clock::seconds_since(started) * 1_000.0;
        // What is done once after the start is over by then.
        clock::rest(1_000);
        let memory = server.memory();
        server.stop()?;
        runs.push(json!({
            "ready_ms": rounded(ready_ms),
            "working_ms": rounded(working_ms),
            "rss_mib": memory["rss_mib"],
            "own_mib": memory["own_mib"],
            "high_water_mib": memory["high_water_mib"],
        }));
    }
    Ok(summary(&runs, json!({ "n": runs.len() })))
}

/// All figures but the start, on a running server.
pub fn measure(bench: &mut Bench) -> Result<Value> {
    let secret = bench.keys.secret.clone();
    let key = Key::Secret(&secret);
    let all = standard().len();
    let mut computed = Vec::new();
    for _ in 0..bench.sizes.runs {
        keep(&mut bench.client, key, 0)?;
        // Leaves that nobody uses any more are dropped.
        bench.settle()?;
        let cpu_s = bench.server.cpu_s();
        let seconds = keep(&mut bench.client, key, all)?;
        let cpu_s = bench.server.cpu_s() - cpu_s;
        computed.push(json!({
            "seconds": rounded(seconds), "server_cpu_s": rounded(cpu_s), "memory": bench.server.memory(),
        }));
    }
    let computed = summary(&computed, json!({ "segments": all }));
    let members = counts(&mut bench.client, key)?;
    eprintln!("  computed; counting");

    let client = &mut bench.client;
    let nothing = request("GET", "/healthz", Key::None, b"");
    let of_one = |place: usize| request("GET", &format!("/api/v1/segments/{}", id_of(place)), key, b"");
    let known = json!({ "all": [
        { "segment": id_of(0) }, { "segment": id_of(10) }, { "none": [{ "segment": id_of(1) }] },
    ] });
    let mut reads = Samples::default();
    for place in 0..all {
        reads.extend(round_trips(client, &of_one(place), (ROUND_TRIPS / all).max(1))?);
    }
    let count = json!({
        "healthz_ms": round_trips(client, &nothing, ROUND_TRIPS)?.summary(),
        "segment_ms": reads.summary(),
        "list_ms": round_trips(client, &request("GET", "/api/v1/segments", key, b""), ROUND_TRIPS / 10)?.summary(),
        "known_conditions_ms": round_trips(client, &preview(key, &known, true), ROUND_TRIPS / 5)?.summary(),
    });

    let mut new_condition = serde_json::Map::new();
    for (name, definition) in unknown() {
        let mut runs = Vec::new();
        for _ in 0..bench.sizes.runs {
            let (told, ms) = exact(client, key, &definition)?;
            runs.push(json!({ "ms": rounded(ms), "took_ms": told["took_ms"], "count": told["count"] }));
        }
        eprintln!("  {name}: {}", runs[runs.len() - 1]);
        new_condition.insert(name.into(), summary(&runs, json!({})));
    }

    let mut estimates = Samples::default();
    let mut estimated = serde_json::Map::new();
    for (name, definition) in unknown() {
        estimates.extend(round_trips(client, &preview(key, &definition, false), 10)?);
        let told = client.send(&preview(key, &definition, false))?;
        let told: Value = serde_json::from_slice(&told.body)?;
        let part = ["estimate", "low", "high", "sample"].map(|part| (part.to_owned(), told[part].clone()));
        estimated.insert(name.into(), Value::Object(part.into_iter().collect()));
    }
    let mut estimate = estimates.summary();
    estimate["of"] = estimated.into();
    eprintln!("  counted and estimated; events in");

    let mut ingest = Vec::new();
    for _ in 0..bench.sizes.runs {
        ingest.push(bench.ingest_once()?);
    }
    Ok(json!({
        "compute_20": computed,
        "members": members,
        "count": count,
        "new_condition": new_condition,
        "estimate_ms": estimate,
        "ingest": summary(&ingest, json!({ "n": bench.sizes.ingest, "segments": all })),
    }))
}
