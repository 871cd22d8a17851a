//! What the figures were taken on.

use serde_json::{Value, json};

pub fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = after(&read("/proc/meminfo"), "MemTotal");
    let memory_mib =
        memory.and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok()).map(|kib| kib / 1_024);
    json!({
        "cpu": after(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory_mib": memory_mib,
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load": load(),
    })
}

/// The load averages of the machine over 1, 5 and 15 minutes: above nought before a run, others work too.
pub fn load() -> Vec<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).filter_map(|number| number.parse().ok()).collect()
}

/// Which database and which version of it. The server's SQLite is the one of this workspace; PostgreSQL is asked by
/// its own client, where that is installed.
pub fn database(url: Option<&str>) -> Value {
    let Some(url) = url else { return json!({ "kind": "sqlite", "version": rusqlite::version() }) };
    let asked = std::process::Command::new("psql").args(["-XAtc", "show server_version", url]).output();
    let version = asked.ok().filter(|output| output.status.success());
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    json!({ "kind": "postgres", "version": version })
}
