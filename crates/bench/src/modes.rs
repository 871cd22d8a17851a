//! What is measured: each mode drives a server that runs and answers with its figures.

use crate::clock;
use crate::figures::{Samples, median, rounded};
use crate::http::{Client, Key, request};
use crate::journeys;
use crate::load::{self, BATCH_ITEMS};
use crate::mail::Sink;
use crate::segments;
use crate::server::{Figures, Keys, Server, Setup, wait_drained};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// The longest wait for an inbox to be empty or for mail to arrive.
pub const DRAIN_WAIT: Duration = Duration::from_secs(1_800);

/// The world that a data folder was loaded with.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub seed: u64,
    pub profiles: u32,
    pub events: u64,
}

/// How much each mode does.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Events of one run of `ingest`.
    pub ingest: u64,
    pub connections: usize,
    /// Events a second offered by `latency`, and how many of them trigger a message.
    pub offered: u64,
    pub triggers: u64,
    pub latency_s: u64,
    /// Runs that `journeys` starts.
    pub journey_runs: u64,
    /// Messages that `messages` sends.
    pub messages: u64,
    /// Connections to the mail relay that the channel may use.
    pub mail_connections: usize,
    /// People that `campaign` writes to.
    pub recipients: u64,
    pub runs: usize,
}

/// A running server and all that is needed to drive it.
pub struct Bench {
    pub server: Server,
    pub keys: Keys,
    pub client: Client,
    pub sink: Sink,
    pub world: World,
    pub sizes: Sizes,
    /// Counts runs, so that no two name the same people.
    round: u64,
}

impl Bench {
    /// Starts the server and points its e-mail channel at the sink.
    pub fn open(setup: &Setup, world: World, sizes: Sizes) -> Result<Bench> {
        let server = Server::start(setup)?;
        let (keys, mut client, sink) = (server.keys()?, server.client()?, Sink::open()?);
        let channel = json!({
            "provider": "smtp", "host": "127.0.0.1", "port": sink.port, "security": "none",
            "pool_max": sizes.mail_connections,
            "from": { "name": "Nắng Lụa", "address": "chao@nanglua.example" },
        });
        client.call("PUT", "/api/v1/channels/email", Key::Secret(&keys.secret), Some(&channel))?;
        Ok(Bench { server, keys, client, sink, world, sizes, round: 0 })
    }

    fn drain(&mut self) -> Result<()> {
        wait_drained(&mut self.client, DRAIN_WAIT)
    }

    /// Waits until the mail of an earlier mode has left too and the server rests, so that nothing is in the way of
    /// what is measured next: a new world's first start looks at everybody once.
    pub fn settle(&mut self) -> Result<()> {
        self.drain()?;
        let started = clock::now();
        let mut before = (self.sink.messages(), self.server.cpu_s());
        loop {
            clock::rest(2_000);
            let now = (self.sink.messages(), self.server.cpu_s());
            if now.0 == before.0 && now.1 - before.1 < 0.2 {
                return Ok(());
            }
            before = now;
            ensure!(clock::now().duration_since(started) < DRAIN_WAIT, "the server does not come to rest");
        }
    }

    fn figure(&mut self, name: &str) -> Result<u64> {
        Figures::read(&mut self.client)?.get(name)
    }

    pub fn status(&mut self) -> Result<Value> {
        self.client.call("GET", "/api/v1/status", Key::Secret(&self.keys.secret), None)
    }

    /// So many of the standard segments live, and no others of ours.
    pub fn keep_segments(&mut self, most: usize) -> Result<()> {
        let secret = self.keys.secret.clone();
        segments::keep(&mut self.client, Key::Secret(&secret), most)?;
        self.drain()
    }

    /// A word that no other run of this or another bench uses.
    pub fn word(&mut self) -> String {
        self.round += 1;
        format!("{:x}-{}", clock::wall().ms(), self.round)
    }

    /// Sends items in batches and waits until they are processed; not measured.
    fn tell(&mut self, items: impl Iterator<Item = Value>) -> Result<()> {
        let requests = load::batch_requests(&self.keys.write, items);
        load::send_all(self.server.address, 2, requests.into_iter(), |_| {})?;
        self.drain()
    }

    /// Loads the standard world through `/v1/import`.
    pub fn prepare(&mut self) -> Result<Value> {
        let World { seed, profiles, events } = self.world;
        let total = u64::from(profiles) + events;
        let items = demo::standard_world(seed, clock::wall(), profiles, events);
        let key = self.keys.write.clone();
        let requests =
            load::batches(items).map(|(body, _)| request("POST", "/v1/import", Key::Write(&key), &body));
        let started = clock::now();
        let every = (total / BATCH_ITEMS as u64 / 20).max(1);
        let sent = load::send_all(self.server.address, self.sizes.connections, requests, |done| {
            if done % every == 0 {
                let items = (done * BATCH_ITEMS as u64).min(total);
                let rate = items as f64 / clock::seconds_since(started);
                eprintln!("  {items} of {total} items acknowledged, {rate:.0}/s");
            }
        })?;
        self.drain()?;
        let seconds = clock::seconds_since(started);
        Ok(json!({
            "n": total,
            "seconds": rounded(seconds),
            "rate": (total as f64 / seconds).round(),
            "acknowledged_rate": (total as f64 / sent.seconds).round(),
            "put_off": sent.put_off,
            "memory": self.server.memory(),
        }))
    }

    /// Events in, durable and fully processed.
    pub fn ingest(&mut self, with_journeys: bool) -> Result<Value> {
        let secret = self.keys.secret.clone();
        let active = if with_journeys {
            journeys::put_shop_templates(&mut self.client, Key::Secret(&secret))?;
            Some(journeys::publish(&mut self.client, Key::Secret(&secret), &journeys::standard()?)?)
        } else {
            None
        };
        let mut runs = Vec::new();
        for _ in 0..self.sizes.runs {
            runs.push(self.ingest_once()?);
        }
        if let Some(active) = active {
            active.archive(&mut self.client, Key::Secret(&secret))?;
        }
        let n = self.sizes.ingest;
        Ok(summary(&runs, json!({ "n": n, "journeys": if with_journeys { 5 } else { 0 } })))
    }

    pub fn ingest_once(&mut self) -> Result<Value> {
        let n = self.sizes.ingest;
        let items = demo::bench_events(self.world.seed, clock::wall(), self.world.profiles, n);
        let requests = load::batch_requests(&self.keys.write, items);
        let bytes: usize = requests.iter().map(Vec::len).sum();
        self.settle()?;
        let before = self.figure("quaylai_engine_items_total")?;
        let mails = self.sink.messages();
        let cpu_s = self.server.cpu_s();
        let started = clock::now();
        let sent = load::send_all(self.server.address, self.sizes.connections, requests.into_iter(), |_| {})?;
        self.drain()?;
        let seconds = clock::seconds_since(started);
        let cpu_s = self.server.cpu_s() - cpu_s;
        let processed = self.figure("quaylai_engine_items_total")? - before;
        ensure!(processed == n, "{processed} of {n} events were processed");
        Ok(json!({
            "seconds": rounded(seconds),
            "rate": (n as f64 / seconds).round(),
            "acknowledged_rate": (n as f64 / sent.seconds).round(),
            "put_off": sent.put_off,
            "event_bytes": (bytes as f64 / n as f64).round(),
            "server_cpu_us_per_event": rounded(cpu_s * 1e6 / n as f64),
            "mails_meanwhile": self.sink.messages() - mails,
            "memory": self.server.memory(),
        }))
    }

    /// From an event that is sent to the mail that it causes, under a steady load of events.
    pub fn latency(&mut self) -> Result<Value> {
        let secret = self.keys.secret.clone();
        self.client.call(
            "PUT",
            "/api/v1/templates/bench-short",
            Key::Secret(&secret),
            Some(&journeys::short_mail()),
        )?;
        let journey = journeys::one_mail("Bench Signal", "bench-short");
        let active = journeys::publish(&mut self.client, Key::Secret(&secret), &[journey])?;
        let mut runs = Vec::new();
        for _ in 0..self.sizes.runs {
            runs.push(self.latency_once()?);
        }
        active.archive(&mut self.client, Key::Secret(&secret))?;
        Ok(summary(&runs, json!({ "offered_rate": self.sizes.offered, "trigger_rate": self.sizes.triggers })))
    }

    fn latency_once(&mut self) -> Result<Value> {
        let Sizes { offered, triggers, latency_s, .. } = self.sizes;
        let word = self.word();
        let user = |place: u64| format!("signal-{word}-{place}");
        let people = (0..triggers * latency_s).map(|place| person(&user(place)));
        self.tell(people)?;
        let every = (offered / triggers.max(1)).max(1);
        let total = offered * latency_s;
        let mut others = demo::bench_events(self.world.seed, clock::wall(), self.world.profiles, total);
        let mut places = HashMap::new();
        let mut requests = Vec::new();
        for place in 0..total {
            let item = if place % every == every / 2 {
                let user = user(place / every);
                places.insert(address_of(&user), place as usize);
                json!({ "type": "track", "userId": user, "event": "Bench Signal", "messageId": format!("m-{user}") })
            } else {
                others.next().unwrap_or_default()
            };
            let call = item["type"].as_str().unwrap_or("track").to_owned();
            let body = item.to_string();
            requests.push(request(
                "POST",
                &format!("/v1/{call}"),
                Key::Write(&self.keys.write),
                body.as_bytes(),
            ));
        }
        self.settle()?;
        self.sink.take_arrivals();
        let cpu_s = self.server.cpu_s();
        let started = clock::now() + Duration::from_millis(100);
        let acknowledged =
            load::send_on_schedule(self.server.address, 32, &requests, started, offered as f64)?;
        let cpu_s = self.server.cpu_s() - cpu_s;
        let sent_s = clock::seconds_since(started);
        let mut delays = Samples::default();
        let waiting_since = clock::now();
        while delays.len() < places.len() && clock::seconds_since(waiting_since) < 30.0 {
            for (recipient, at) in self.sink.take_arrivals() {
                if let Some(place) = places.get(&recipient) {
                    let due = load::scheduled(started, offered as f64, *place);
                    delays.push(at.saturating_duration_since(due).as_secs_f64() * 1_000.0);
                }
            }
            clock::rest(20);
        }
        self.drain()?;
        let lost = places.len() - delays.len();
        ensure!(lost == 0, "{lost} of {} messages did not arrive within 30 s", places.len());
        Ok(json!({
            "n": total,
            "seconds": rounded(sent_s),
            "rate": (total as f64 / sent_s).round(),
            "event_to_message_ms": delays.summary(),
            "event_to_acknowledged_ms": acknowledged.summary(),
            "server_cores_busy": rounded(cpu_s / sent_s),
        }))
    }

    /// Every event starts a run of several nodes; then all runs come due at one instant.
    pub fn journeys(&mut self) -> Result<Value> {
        let secret = self.keys.secret.clone();
        let active =
            journeys::publish(&mut self.client, Key::Secret(&secret), &[journeys::steps("Bench Step")])?;
        let mut runs = Vec::new();
        for _ in 0..self.sizes.runs {
            runs.push(self.journeys_once()?);
        }
        active.archive(&mut self.client, Key::Secret(&secret))?;
        Ok(summary(&runs, json!({ "n": self.sizes.journey_runs })))
    }

    fn journeys_once(&mut self) -> Result<Value> {
        let n = self.sizes.journey_runs;
        let word = self.word();
        self.settle()?;
        // Late enough that none fires while others are still to come.
        let due_in_ms = 10_000 + n as i64;
        // Journeys read dates as text only.
        let due = jiff::Timestamp::from_millisecond(clock::wall().plus_ms(due_in_ms).ms())?.to_string();
        let due_instant = clock::now() + Duration::from_millis(due_in_ms as u64);
        let items = (0..n).map(|place| {
            json!({
                "type": "track", "event": "Bench Step", "messageId": format!("step-{word}-{place}"),
                "userId": format!("step-{word}-{place}"),
                "properties": { "size": place % 100, "due_at": due },
            })
        });
        let requests = load::batch_requests(&self.keys.write, items);
        let fired = self.figure("quaylai_engine_fired_total")?;
        let started = clock::now();
        load::send_all(self.server.address, self.sizes.connections, requests.into_iter(), |_| {})?;
        self.drain()?;
        let seconds = clock::seconds_since(started);
        let early = self.figure("quaylai_engine_fired_total")? - fired;
        clock::wait_until(due_instant);
        let due_at = clock::now();
        let mut done = early;
        while done < n {
            ensure!(clock::now().duration_since(due_at) < DRAIN_WAIT, "{done} of {n} runs came due");
            clock::rest(5);
            done = self.figure("quaylai_engine_fired_total")? - fired;
        }
        let fired_s = clock::seconds_since(due_at);
        Ok(json!({
            "seconds": rounded(seconds),
            "rate": (n as f64 / seconds).round(),
            "fired": n - early,
            "fired_s": rounded(fired_s),
            "fired_rate": ((n - early) as f64 / fired_s).round(),
            "memory": self.server.memory(),
        }))
    }

    /// A burst of messages with the person's cart in them.
    pub fn messages(&mut self) -> Result<Value> {
        let secret = self.keys.secret.clone();
        let template = journeys::cart_mail()?;
        self.client.call("PUT", "/api/v1/templates/bench-cart", Key::Secret(&secret), Some(&template))?;
        let journey = journeys::one_mail("Bench Mail", "bench-cart");
        let active = journeys::publish(&mut self.client, Key::Secret(&secret), &[journey])?;
        let mut runs = Vec::new();
        for _ in 0..self.sizes.runs {
            runs.push(self.messages_once()?);
        }
        active.archive(&mut self.client, Key::Secret(&secret))?;
        Ok(summary(
            &runs,
            json!({ "n": self.sizes.messages, "mail_connections": self.sizes.mail_connections }),
        ))
    }

    fn messages_once(&mut self) -> Result<Value> {
        let n = self.sizes.messages;
        let word = self.word();
        let user = |place: u64| format!("mail-{word}-{place}");
        self.tell((0..n).flat_map(|place| {
            let user = user(place);
            let known = person(&user);
            std::iter::once(known).chain((0..3).map(move |line| cart_line(&user, line)))
        }))?;
        let items = (0..n).map(|place| {
            let user = user(place);
            json!({ "type": "track", "userId": user, "event": "Bench Mail", "messageId": format!("m-{user}") })
        });
        let requests = load::batch_requests(&self.keys.write, items);
        self.settle()?;
        let (before, bytes) = (self.sink.messages(), self.sink.bytes());
        let cpu_s = self.server.cpu_s();
        let started = clock::now();
        load::send_all(self.server.address, 2, requests.into_iter(), |_| {})?;
        while self.sink.messages() - before < n {
            ensure!(clock::now().duration_since(started) < DRAIN_WAIT, "not all messages arrived");
            clock::rest(10);
        }
        let seconds = clock::seconds_since(started);
        let cpu_s = self.server.cpu_s() - cpu_s;
        self.sink.take_arrivals();
        Ok(json!({
            "seconds": rounded(seconds),
            "rate": rounded(n as f64 / seconds),
            "per_minute": (n as f64 / seconds * 60.0).round(),
            "message_bytes": (self.sink.bytes() - bytes) / n.max(1),
            "server_cpu_us_per_message": rounded(cpu_s * 1e6 / n as f64),
            "memory": self.server.memory(),
        }))
    }
}

/// Starting the process, `times` over: until it is ready, and what it then takes of memory.
pub fn start(setup: &Setup, times: usize) -> Result<Value> {
    let mut ready = Vec::new();
    let mut memory = Value::Null;
    for _ in 0..times.max(1) {
        let server = Server::start(setup)?;
        ready.push(server.ready_ms);
        // What is done once after the start is over by then.
        clock::rest(1_000);
        memory = server.memory();
        server.stop()?;
    }
    Ok(
        json!({ "n": ready.len(), "ready_ms": rounded(median(&ready)), "all_ms": ready, "memory_idle": memory }),
    )
}

/// The world that a data folder holds, as [`remember`] wrote it down.
pub fn remembered(folder: &Path) -> Option<World> {
    let text = std::fs::read_to_string(folder.join("bench-world.json")).ok()?;
    let told: Value = serde_json::from_str(&text).ok()?;
    Some(World {
        seed: told["seed"].as_u64()?,
        profiles: u32::try_from(told["profiles"].as_u64()?).ok()?,
        events: told["events"].as_u64()?,
    })
}

pub fn remember(folder: &Path, world: World) -> Result<()> {
    Ok(std::fs::write(folder.join("bench-world.json"), shown(world).to_string())?)
}

pub fn shown(world: World) -> Value {
    json!({ "seed": world.seed, "profiles": world.profiles, "events": world.events })
}

/// The runs, and beside them the median of every number that all of them have.
pub fn summary(runs: &[Value], mut about: Value) -> Value {
    let mut medians = serde_json::Map::new();
    if let Some(Value::Object(first)) = runs.first() {
        for name in first.keys() {
            let values: Vec<f64> = runs.iter().filter_map(|run| run[name].as_f64()).collect();
            if values.len() == runs.len() {
                medians.insert(name.clone(), rounded(median(&values)).into());
            }
        }
    }
    about["median"] = medians.into();
    about["runs"] = runs.into();
    about
}

fn address_of(user: &str) -> String {
    format!("{user}@khach.example.com")
}

fn person(user: &str) -> Value {
    json!({
        "type": "identify", "userId": user, "messageId": format!("i-{user}"),
        "traits": { "email": address_of(user), "name": "Nguyễn Thị Hạnh" },
    })
}

fn cart_line(user: &str, line: u64) -> Value {
    json!({
        "type": "track", "event": "Product Added", "userId": user, "messageId": format!("c{line}-{user}"),
        "properties": {
            "cart_id": format!("cart-{user}"), "product_id": format!("ao-dai-{line}"),
            "name": format!("Áo dài lụa số {line}"), "price": 890_000 + line * 10_000, "quantity": 1 + line,
            "currency": "VND", "url": format!("https://shop.example/ao-dai-{line}"),
            "image_url": format!("https://shop.example/ao-dai-{line}.jpg"), "category": "Áo dài",
        },
    })
}
