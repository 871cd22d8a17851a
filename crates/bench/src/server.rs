//! The real server process: started, asked for its figures, and stopped by its process id whatever happens.

use crate::clock;
use crate::http::{Client, Key, request};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest wait for a server to be ready, or to end.
const READY_WAIT: Duration = Duration::from_secs(120);

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Setup {
    pub binary: PathBuf,
    pub data: PathBuf,
    pub database: Option<String>,
}

pub struct Server {
    setup: Setup,
    child: Child,
    pub address: SocketAddr,
    /// From starting the process to the first answer 200 of `/readyz`.
    pub ready_ms: f64,
}

pub struct Keys {
    pub write: String,
    pub secret: String,
}

impl Server {
    pub fn start(setup: &Setup) -> Result<Server> {
        std::fs::create_dir_all(&setup.data)?;
        let log = File::create(setup.data.join("bench-server.log"))?;
        // Somebody else could take the port before the server does; then it says so and the bench ends.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let started = clock::now();
        let child = Command::new(&setup.binary)
            .args(["serve", "--listen", &address.to_string()])
            .args(setup.common())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", setup.binary.display()))?;
        let mut server = Server { setup: setup.clone(), child, address, ready_ms: 0.0 };
        server.wait_ready(started)?;
        server.ready_ms = clock::seconds_since(started) * 1_000.0;
        Ok(server)
    }

    fn wait_ready(&mut self, started: Instant) -> Result<()> {
        let ask = request("GET", "/readyz", Key::None, b"");
        while clock::seconds_since(started) < READY_WAIT.as_secs_f64() {
            if let Some(code) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.setup.data.join("bench-server.log"))?;
                bail!("the server ended by itself with {code}:\n{log}");
            }
            let answer = Client::connect(self.address).and_then(|mut client| client.send(&ask));
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            clock::rest(2);
        }
        bail!("the server was not ready after {} s", READY_WAIT.as_secs())
    }

    pub fn client(&self) -> Result<Client> {
        Client::connect(self.address)
    }

    pub fn keys(&self) -> Result<Keys> {
        self.setup.keys()
    }

    pub fn memory(&self) -> Value {
        memory_of(self.child.id())
    }

    /// User and system time of the process so far, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name in brackets may hold anything, so fields are counted from behind it; ticks are 1/100 s.
        let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = |at: usize| after.split_whitespace().nth(at).and_then(|n| n.parse::<f64>().ok());
        (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
    }

    /// Asks the process to end and waits for it.
    pub fn stop(mut self) -> Result<()> {
        // The standard library can only kill; a server that is asked folds its log into the database first.
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let asked = clock::now();
        while clock::seconds_since(asked) < READY_WAIT.as_secs_f64() {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            clock::rest(10);
        }
        bail!("the server did not end within {} s; it is killed", READY_WAIT.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill, and both say so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Setup {
    /// New keys, made by the command line, whether a server runs or not.
    pub fn keys(&self) -> Result<Keys> {
        let make = |kind: &str| -> Result<String> {
            let output = Command::new(&self.binary)
                .args(["key", "create", "--kind", kind, "--name", "bench", "--json"])
                .args(self.common())
                .stdin(Stdio::null())
                .output()?;
            let told = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "making a key failed: {told}");
            let made: Value = serde_json::from_slice(&output.stdout)?;
            Ok(made["key"].as_str().context("no key in what `key create` printed")?.to_owned())
        };
        Ok(Keys { write: make("write")?, secret: make("secret")? })
    }

    pub fn common(&self) -> Vec<String> {
        let mut arguments = vec!["--data".to_owned(), path_text(&self.data)];
        if let Some(url) = &self.database {
            arguments.extend(["--database".to_owned(), url.clone()]);
        }
        arguments
    }
}

/// Memory of a process in MiB: now, of that what is not a view of a file (SQLite maps part of the database, and the
/// system takes that back when it needs it), and the highest so far.
pub fn memory_of(process: u32) -> Value {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some((kib / 102.4).round() / 10.0)
    };
    json!({ "rss_mib": mib("VmRSS:"), "own_mib": mib("RssAnon:"), "high_water_mib": mib("VmHWM:") })
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Counters and gauges of `/metrics` by their name with labels.
pub struct Figures(String);

impl Figures {
    pub fn read(client: &mut Client) -> Result<Figures> {
        let answer = client.send(&request("GET", "/metrics", Key::None, b""))?;
        ensure!(answer.status == 200, "/metrics answered {}", answer.status);
        Ok(Figures(String::from_utf8_lossy(&answer.body).into_owned()))
    }

    pub fn get(&self, name: &str) -> Result<u64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = line.with_context(|| format!("{name} is not among the metrics"))?;
        Ok(value.trim().parse::<f64>()? as u64)
    }
}

/// Waits until everything acknowledged was processed.
pub fn wait_drained(client: &mut Client, at_most: Duration) -> Result<()> {
    let started = clock::now();
    while Figures::read(client)?.get("quaylai_inbox_waiting")? > 0 {
        ensure!(clock::now().duration_since(started) < at_most, "the inbox is not empty after {at_most:?}");
        clock::rest(5);
    }
    Ok(())
}
