//! What is sent and how: requests that are serialised before any clock runs, over a few connections.

use crate::clock;
use crate::http::{Client, Key, request};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Events in one batch.
pub const BATCH_ITEMS: usize = 100;
/// How long a client waits that is told to come back later. The server asks for seconds, which is right for shops
/// and would leave it idle here.
const COME_BACK_MS: u64 = 100;

/// Items as bodies of `/v1/batch` and `/v1/import`, `BATCH_ITEMS` each, made when they are asked for.
pub struct Batches<I> {
    items: I,
}

pub fn batches<I: Iterator<Item = Value>>(items: I) -> Batches<I> {
    Batches { items }
}

impl<I: Iterator<Item = Value>> Iterator for Batches<I> {
    /// The body and how many items it holds.
    type Item = (Vec<u8>, usize);

    fn next(&mut self) -> Option<(Vec<u8>, usize)> {
        let mut body = b"{\"batch\":[".to_vec();
        let mut count = 0;
        for item in self.items.by_ref().take(BATCH_ITEMS) {
            if count > 0 {
                body.push(b',');
            }
            // A value has text keys only and cannot fail to be written.
            body.extend(serde_json::to_vec(&item).unwrap_or_default());
            count += 1;
        }
        body.extend(b"]}");
        (count > 0).then_some((body, count))
    }
}

/// Items as whole requests to `/v1/batch`.
pub fn batch_requests(key: &str, items: impl Iterator<Item = Value>) -> Vec<Vec<u8>> {
    batches(items).map(|(body, _)| request("POST", "/v1/batch", Key::Write(key), &body)).collect()
}

/// How the server answered a load.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Answers 429, each followed by another try.
    pub put_off: u64,
    /// From the first request to the last 200.
    pub seconds: f64,
}

/// Sends requests over `connections`, each as soon as the one before it is answered, until all are acknowledged.
/// `requests` may be made on the way; `after_each` hears how many have been acknowledged.
pub fn send_all(
    address: SocketAddr,
    connections: usize,
    requests: impl Iterator<Item = Vec<u8>> + Send,
    after_each: impl Fn(u64) + Sync,
) -> Result<Sent> {
    let requests = Mutex::new(requests);
    let (put_off, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut clients = (0..connections).map(|_| Client::connect(address)).collect::<Result<Vec<_>>>()?;
    let started = clock::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let next = requests.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(next) = next else { return Ok(()) };
                        send_one(client, &next, &put_off)?;
                        after_each(acknowledged.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().ok().context("a sending thread panicked")??;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(Sent { put_off: put_off.into_inner(), seconds: clock::seconds_since(started) })
}

/// Until it is acknowledged.
fn send_one(client: &mut Client, request: &[u8], put_off: &AtomicU64) -> Result<()> {
    loop {
        let answer = client.send(request)?;
        match answer.status {
            200 => return Ok(()),
            429 => {
                put_off.fetch_add(1, Ordering::Relaxed);
                clock::rest(COME_BACK_MS);
            }
            status => bail!("the server answered {status}: {}", String::from_utf8_lossy(&answer.body)),
        }
    }
}

/// Sends request `i` at `i / rate` seconds from the start, whatever became of those before it; a request that finds
/// no free connection is late, and its delay counts from when it should have gone. Returns the delays from the
/// schedule to the answer, in milliseconds.
pub fn send_on_schedule(
    address: SocketAddr,
    connections: usize,
    requests: &[Vec<u8>],
    started: std::time::Instant,
    rate: f64,
) -> Result<crate::figures::Samples> {
    let mut clients = (0..connections).map(|_| Client::connect(address)).collect::<Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let mut delays = crate::figures::Samples::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(|| -> Result<crate::figures::Samples> {
                    let mut delays = crate::figures::Samples::default();
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(request) = requests.get(place) else { return Ok(delays) };
                        let at = scheduled(started, rate, place);
                        clock::wait_until(at);
                        let answer = client.send(request)?;
                        ensure!(answer.status == 200, "the server answered {}", answer.status);
                        delays.push(clock::seconds_since(at) * 1_000.0);
                    }
                })
            })
            .collect();
        for worker in workers {
            delays.extend(worker.join().ok().context("a sending thread panicked")??);
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(delays)
}

/// When request number `place` is to be sent.
pub fn scheduled(started: std::time::Instant, rate: f64, place: usize) -> std::time::Instant {
    started + std::time::Duration::from_secs_f64(place as f64 / rate)
}
