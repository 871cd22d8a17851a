//! Figures of this process in the text format of Prometheus, without anything personal in them.

use axum::http::Method;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the latency histogram, in milliseconds.
const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

#[derive(Debug, Default)]
struct Histogram {
    /// Not cumulative; the last one is beyond every bound.
    buckets: [AtomicU64; BOUNDS_MS.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS_MS.iter().position(|bound| us <= bound * 1_000).unwrap_or(BOUNDS_MS.len());
        self.buckets[at].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let mut count = 0;
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS_MS) {
            count += bucket.load(Relaxed);
            let bound = bound as f64 / 1_000.0;
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
        }
        count += self.buckets[BOUNDS_MS.len()].load(Relaxed);
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
        let sum = self.sum_us.load(Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}");
    }
}

/// The surface that a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Tracking,
    Api,
    Public,
}

impl Surface {
    pub fn of_path(path: &str) -> Surface {
        if path.starts_with("/v1/") {
            Surface::Tracking
        } else if path.starts_with("/api/") {
            Surface::Api
        } else {
            Surface::Public
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Surface::Tracking => "tracking",
            Surface::Api => "api",
            Surface::Public => "public",
        }
    }
}

/// What the engine and the sender report of themselves, and what the API counts.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
    durations: [Histogram; 3],
    events_accepted: AtomicU64,
    requests_refused: AtomicU64,
    ticks: AtomicU64,
    items_processed: AtomicU64,
    timers_fired: AtomicU64,
    messages_decided: AtomicU64,
    messages_accepted: AtomicU64,
    messages_again: AtomicU64,
    messages_failed: AtomicU64,
    messages_unknown: AtomicU64,
}

impl Metrics {
    pub fn ticked(&self, tick: &engine::Tick) {
        self.ticks.fetch_add(1, Relaxed);
        self.items_processed.fetch_add(tick.items, Relaxed);
        self.timers_fired.fetch_add(tick.fired, Relaxed);
        self.messages_decided.fetch_add(tick.decided, Relaxed);
    }

    pub fn settled(&self, report: &engine::SettleReport) {
        self.messages_accepted.fetch_add(report.accepted, Relaxed);
        self.messages_again.fetch_add(report.again, Relaxed);
        self.messages_failed.fetch_add(report.failed, Relaxed);
        self.messages_unknown.fetch_add(report.unknown, Relaxed);
    }

    pub(crate) fn accepted(&self, items: i64) {
        self.events_accepted.fetch_add(u64::try_from(items).unwrap_or(0), Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.requests_refused.fetch_add(1, Relaxed);
    }

    /// `route` is the pattern that matched, never the path itself, which can hold anything.
    pub(crate) fn answered(
        &self,
        surface: Surface,
        route: &str,
        method: &Method,
        status: u16,
        took: Duration,
    ) {
        // Others than the common methods are one, so that nobody can fill the map.
        let method = match method.as_str() {
            known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "HEAD") => known,
            _ => "other",
        };
        // Counters only: a thread that panicked left none half written.
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.to_owned(), method.to_owned(), status)).or_insert(0) += 1;
        drop(requests);
        self.durations[surface as usize].observe(took);
    }

    /// `waiting` and `processed` are read by the caller, who knows where they are.
    pub(crate) fn text(&self, waiting: i64, processed: i64) -> String {
        let mut out = String::with_capacity(4_096);
        let mut plain = |kind: &str, name: &str, help: &str, value: i128| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        };
        plain(
            "gauge",
            "quaylai_inbox_waiting",
            "Messages acknowledged and not yet processed.",
            waiting.into(),
        );
        plain(
            "gauge",
            "quaylai_inbox_processed",
            "Number of the last inbox row processed.",
            processed.into(),
        );
        for (name, help, value) in [
            ("quaylai_events_accepted_total", "Messages of clients acknowledged.", &self.events_accepted),
            ("quaylai_tracking_refused_total", "Tracking requests refused.", &self.requests_refused),
            ("quaylai_engine_ticks_total", "Changesets computed by the engine.", &self.ticks),
            ("quaylai_engine_items_total", "Messages of clients processed.", &self.items_processed),
            ("quaylai_engine_fired_total", "Runs and timers that came due.", &self.timers_fired),
            (
                "quaylai_messages_decided_total",
                "Messages written to the ledger by the engine.",
                &self.messages_decided,
            ),
        ] {
            plain("counter", name, help, value.load(Relaxed).into());
        }
        out.push_str("# HELP quaylai_messages_settled_total Hand-overs to channels by outcome.\n");
        out.push_str("# TYPE quaylai_messages_settled_total counter\n");
        for (outcome, value) in [
            ("accepted", &self.messages_accepted),
            ("again", &self.messages_again),
            ("failed", &self.messages_failed),
            ("unknown", &self.messages_unknown),
        ] {
            let value = value.load(Relaxed);
            let _ = writeln!(out, "quaylai_messages_settled_total{{outcome=\"{outcome}\"}} {value}");
        }
        out.push_str("# HELP quaylai_http_requests_total Requests answered.\n");
        out.push_str("# TYPE quaylai_http_requests_total counter\n");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((route, method, status), count) in requests {
            let _ = writeln!(
                out,
                "quaylai_http_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}} {count}"
            );
        }
        out.push_str("# HELP quaylai_http_request_seconds Time from request to answer.\n");
        out.push_str("# TYPE quaylai_http_request_seconds histogram\n");
        for surface in [Surface::Tracking, Surface::Api, Surface::Public] {
            let labels = format!("surface=\"{}\"", surface.as_str());
            self.durations[surface as usize].write(&mut out, "quaylai_http_request_seconds", &labels);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_end_in_the_count() {
        let metrics = Metrics::default();
        for ms in [0, 3, 3, 60_000] {
            metrics.answered(Surface::Api, "/api/v1/status", &Method::GET, 200, Duration::from_millis(ms));
        }
        let text = metrics.text(7, 9);
        for line in [
            "quaylai_inbox_waiting 7",
            "quaylai_http_requests_total{route=\"/api/v1/status\",method=\"GET\",status=\"200\"} 4",
            "quaylai_http_request_seconds_bucket{surface=\"api\",le=\"0.002\"} 1",
            "quaylai_http_request_seconds_bucket{surface=\"api\",le=\"0.005\"} 3",
            "quaylai_http_request_seconds_bucket{surface=\"api\",le=\"10\"} 3",
            "quaylai_http_request_seconds_bucket{surface=\"api\",le=\"+Inf\"} 4",
            "quaylai_http_request_seconds_count{surface=\"api\"} 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
