//! A world in words: everything that must be the same however often the process died on the way.

use crate::world::{SHOP, World};
use domain::profile::Profile;
use kit::{ProfileNo, Timestamp};
use serde_json::Value;
use std::fmt::Write as _;

/// All profiles, each with what the store calls it by.
pub fn people(world: &World) -> Vec<(String, i64, Profile)> {
    let stored = world.read(|tx| tx.profile_page(SHOP, ProfileNo(i64::MAX), 10_000));
    let mut people: Vec<(String, i64, Profile)> =
        stored.into_iter().map(|stored| (name(&stored.profile), stored.version, stored.profile)).collect();
    people.sort_by(|a, b| a.0.cmp(&b.0));
    people
}

/// A profile's own name: its identifiers, not its number.
pub fn name(profile: &Profile) -> String {
    let mut all: Vec<String> = profile.identifiers.iter().map(|known| known.identifier.to_string()).collect();
    all.sort_unstable();
    all.join(" ")
}

fn at(at: Timestamp) -> String {
    crate::plan::written(at)
}

fn at_if_any(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| "-".into(), at)
}

/// The canonical text. A message that a crash cut off is told as one that got no answer: to the ledger and to
/// everybody it is the same.
pub fn timeline(world: &World) -> String {
    let mut told = String::new();
    let mut journeys = world.read(|tx| tx.journeys(SHOP));
    journeys.sort_by(|a, b| a.name.cmp(&b.name));
    for (name, _, profile) in people(world) {
        let line = |told: &mut String, text: std::fmt::Arguments<'_>| {
            told.write_fmt(text).expect("text is written");
            told.push('\n');
        };
        line(&mut told, format_args!("profile {name}"));
        let document = serde_json::to_string(&profile).expect("a profile is JSON");
        line(&mut told, format_args!("  document {document}"));
        let mut events =
            world.read(|tx| tx.event_page(SHOP, profile.no, (Timestamp::MAX, i64::MAX), None, 10_000));
        events.sort_by(|a, b| (a.at, &a.message_id).cmp(&(b.at, &b.message_id)));
        for event in events {
            let (when, received) = (at(event.at), at(event.received_at));
            let history = if event.historical { " historical" } else { "" };
            let (name, id, body) = (event.name, event.message_id, event.body);
            line(&mut told, format_args!("  event {when} {name} {id} received {received}{history} {body}"));
        }
        let mut runs = world.read(|tx| tx.runs_of_profile(SHOP, profile.no));
        runs.sort_by(|a, b| a.run_id.cmp(&b.run_id));
        for run in runs {
            let journey = journeys.iter().find(|row| row.journey_id == run.journey_id);
            let journey = journey.map_or("?", |row| row.name.as_str());
            let doc: Value = serde_json::from_str(&run.doc).expect("a run is JSON");
            let (started, ended, due) = (at(run.started_at), at_if_any(run.ended_at), at_if_any(run.due_at));
            let (version, state, node, visits) = (run.version, &doc["state"], run.node, &doc["visits"]);
            line(
                &mut told,
                format_args!(
                    "  run {journey} v{version} {started} to {ended} due {due} {state} at {node} visits {visits}"
                ),
            );
            for step in world.read(|tx| tx.steps(SHOP, &run.run_id)) {
                let (when, node, code, params) = (at(step.at), step.node, step.code, step.params);
                line(&mut told, format_args!("    {when} {node} {code} {params}"));
            }
        }
        let mut messages = world.read(|tx| tx.messages_of_profile(SHOP, profile.no, i64::MAX, 10_000));
        messages.sort_by(|a, b| (a.decided_at, &a.key).cmp(&(b.decided_at, &b.key)));
        for m in messages {
            let reason = if m.reason == "interrupted" { "no_answer" } else { &m.reason };
            let journey = journeys.iter().find(|row| Some(&row.journey_id) == m.journey_id.as_ref());
            let journey = journey.map_or("-", |row| row.name.as_str());
            // Of what is settled it says when it last was to go, which nobody asks any more.
            let due = at_if_any(Some(m.due_at).filter(|_| m.state == "queued"));
            let (decided, accepted) = (at(m.decided_at), at_if_any(m.accepted_at));
            line(
                &mut told,
                format_args!(
                    "  message {journey} {} {} {} to {} {} {reason} decided {decided} due {due} attempts {} \
                     accepted {accepted}",
                    m.node.as_deref().unwrap_or("-"),
                    m.channel,
                    m.template_id.as_deref().unwrap_or("-"),
                    m.address.as_deref().unwrap_or("-"),
                    m.state,
                    m.attempts,
                ),
            );
        }
        for order in world.read(|tx| tx.order_page(SHOP, profile.no, 0, 1_000)) {
            let document = serde_json::to_string(&order).expect("an order is JSON");
            line(&mut told, format_args!("  order {document}"));
        }
    }
    for journey in journeys {
        for count in world.read(|tx| tx.journey_counts(SHOP, &journey.journey_id)) {
            let _ = writeln!(
                told,
                "count {} v{} {} {} {}",
                journey.name, count.version, count.node, count.code, count.count
            );
        }
    }
    for channel in ["email", "sms"] {
        let filter = store::messages::SuppressionFilter { channel, ..Default::default() };
        for row in world.read(|tx| tx.suppression_page(SHOP, filter, ("", ""), 1_000)) {
            let _ = writeln!(told, "suppressed {channel} {} {} {}", row.address, row.reason, at(row.at));
        }
    }
    // What a client sends again because it got no answer is refused again: once is enough here.
    let mut refused: Vec<String> = world
        .read(|tx| tx.rejections(SHOP, i64::MAX, 10_000))
        .into_iter()
        .map(|row| format!("rejected {} {} {}", row.code, row.sample, row.detail))
        .collect();
    refused.sort_unstable();
    refused.dedup();
    for line in refused {
        told.push_str(&line);
        told.push('\n');
    }
    told
}

/// The first lines in which two texts differ, with a few around them.
pub fn difference(a: &str, b: &str) -> Option<String> {
    if a == b {
        return None;
    }
    let (left, right): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let first = (0..left.len().max(right.len())).find(|n| left.get(*n) != right.get(*n)).unwrap_or(0);
    let mut told = String::new();
    let profile = left[..first.min(left.len())].iter().rev().find(|line| line.starts_with("profile"));
    let _ = writeln!(told, "line {first}, below {}", profile.unwrap_or(&"the start"));
    for n in first.saturating_sub(3)..first + 4 {
        let (l, r) = (left.get(n), right.get(n));
        if l == r {
            let _ = writeln!(told, "    {}", l.unwrap_or(&""));
        } else {
            let _ = writeln!(told, "  - {}\n  + {}", l.unwrap_or(&""), r.unwrap_or(&""));
        }
    }
    Some(told)
}
