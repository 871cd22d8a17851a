//! A campaign to many people against the bench's own mail relay, and who would not get it.

use crate::clock;
use crate::figures::rounded;
use crate::http::Key;
use crate::journeys;
use crate::modes::{Bench, DRAIN_WAIT, summary};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const TEMPLATE: &str = "bench-campaign";
const SEGMENT: &str = "bench-audience";

pub fn measure(bench: &mut Bench) -> Result<Value> {
    let secret = bench.keys.secret.clone();
    let key = Key::Secret(&secret);
    let wanted = bench.sizes.recipients;
    bench.client.call(
        "PUT",
        &format!("/api/v1/templates/{TEMPLATE}"),
        key,
        Some(&journeys::campaign_mail()?),
    )?;
    let mut runs = Vec::new();
    for _ in 0..bench.sizes.runs {
        runs.push(once(bench, key, wanted)?);
    }
    bench.client.call("DELETE", &format!("/api/v1/segments/{SEGMENT}"), key, None)?;
    Ok(summary(&runs, json!({ "n": wanted, "mail_connections": bench.sizes.mail_connections })))
}

/// A live segment of about so many who may get marketing by e-mail, drawn anew for each run.
fn gather(bench: &mut Bench, key: Key<'_>, wanted: u64) -> Result<u64> {
    let consent = json!({ "consent": { "channel": "email", "purpose": "marketing", "state": "granted" } });
    let asked = json!({ "definition": consent, "exact": true });
    let told = bench.client.call("POST", "/api/v1/segments/preview", key, Some(&asked))?;
    let all = told["count"].as_u64().context("those who may get e-mail could not be counted")?;
    ensure!(all >= wanted, "only {all} people of this world may get marketing by e-mail; make a larger one");
    // Two decimals are all that a part of everybody may have.
    let percent = (wanted as f64 / all as f64 * 10_000.0).ceil() / 100.0;
    let bucket = json!({ "bucket": { "name": bench.word(), "from": 0, "to": percent } });
    let body = json!({ "name": "bench: audience", "definition": { "all": [consent, bucket] } });
    let path = format!("/api/v1/segments/{SEGMENT}");
    let state = bench.client.call("GET", &path, key, None).map(|told| told["state"].clone());
    if matches!(state.as_ref().map(Value::as_str), Ok(Some("archived"))) {
        bench.client.call("POST", &format!("{path}/restore"), key, None)?;
    }
    bench.client.call("PUT", &path, key, Some(&body))?;
    let started = clock::now();
    loop {
        let told = bench.client.call("GET", &path, key, None)?;
        if let (Some("live"), Some(count)) = (told["state"].as_str(), told["count"].as_u64()) {
            return Ok(count);
        }
        ensure!(clock::now().duration_since(started) < DRAIN_WAIT, "the audience is computed without an end");
        clock::rest(20);
    }
}

fn once(bench: &mut Bench, key: Key<'_>, wanted: u64) -> Result<Value> {
    let audience = gather(bench, key, wanted)?;
    let campaign = json!({
        "name": format!("bench {}", bench.word()), "channel": "email", "template": TEMPLATE, "purpose": "marketing",
        "audience": { "segments": [SEGMENT] }, "schedule": { "type": "now" },
    });
    let made = bench.client.call("POST", "/api/v1/campaigns", key, Some(&campaign))?;
    let id = made["id"].as_str().context("a campaign without id")?.to_owned();
    let path = format!("/api/v1/campaigns/{id}");
    bench.settle()?;

    let started = clock::now();
    bench.client.call("POST", &format!("{path}/check"), key, None)?;
    let checked = loop {
        let told = bench.client.call("GET", &format!("{path}/check"), key, None)?;
        match told["state"].as_str() {
            Some("running") => clock::rest(5),
            Some("done") => break told["result"].clone(),
            _ => anyhow::bail!("the check ended badly: {told}"),
        }
        ensure!(clock::now().duration_since(started) < DRAIN_WAIT, "a check without an end");
    };
    let check_s = clock::seconds_since(started);
    let goes = checked["goes"].as_u64().context("a check that does not say who would get it")?;
    ensure!(
        goes * 10 >= audience * 9,
        "only {goes} of {audience} would get it now ({checked}): people have had their messages of the day; use a fresh world"
    );

    let (before, bytes, cpu_s) = (bench.sink.messages(), bench.sink.bytes(), bench.server.cpu_s());
    let started = clock::now();
    bench.client.call("POST", &format!("{path}/launch"), key, None)?;
    let mut first_s = None;
    while bench.sink.messages() - before < goes {
        ensure!(clock::now().duration_since(started) < DRAIN_WAIT, "not all messages arrived");
        if bench.sink.messages() > before {
            first_s.get_or_insert_with(|| clock::seconds_since(started));
        }
        clock::rest(10);
    }
    let seconds = clock::seconds_since(started);
    let cpu_s = bench.server.cpu_s() - cpu_s;
    bench.sink.take_arrivals();
    let done = loop {
        let told = bench.client.call("GET", &path, key, None)?;
        if told["state"] == "done" {
            break clock::seconds_since(started);
        }
        ensure!(clock::now().duration_since(started) < DRAIN_WAIT, "a campaign without an end: {told}");
        clock::rest(50);
    };
    let report = bench.client.call("GET", &format!("{path}/report"), key, None)?;
    let accepted = report["total"]["accepted"].as_u64();
    let arrived = bench.sink.messages() - before;
    ensure!(accepted == Some(arrived), "the report says {accepted:?} accepted, and {arrived} arrived");
    Ok(json!({
        "audience": audience,
        "accepted": arrived,
        "check_s": rounded(check_s),
        "first_s": first_s.map(rounded),
        "seconds": rounded(seconds),
        "done_s": rounded(done),
        "per_minute": (arrived as f64 / seconds * 60.0).round(),
        "message_bytes": (bench.sink.bytes() - bytes) / arrived.max(1),
        "server_cpu_us_per_message": rounded(cpu_s * 1e6 / arrived.max(1) as f64),
        "memory": bench.server.memory(),
    }))
}
