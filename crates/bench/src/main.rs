//! Measures Quaylai from outside: starts the real server, drives it over loopback HTTP and a mail relay of its own,
//! and prints one JSON document of figures (a table for people goes to stderr).
//!
//! It must never reach beyond this machine, leave a server running, or be part of the product. Start with
//! [`modes::Bench`]; [`load`] is how requests go out.

mod buying;
mod campaign;
mod clock;
mod direct;
mod figures;
mod grid;
mod http;
mod import;
mod journeys;
mod load;
mod machine;
mod mail;
mod modes;
mod segments;
mod server;
mod shop;
mod world;

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use modes::{Bench, Sizes, World};
use serde_json::{Map, Value, json};
use server::Setup;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Mode {
    /// Make a world in the database itself: minutes for a million people and twenty million events.
    World,
    /// Load the standard world by way of the API.
    Prepare,
    /// Events a second, durable and fully processed: without journeys, and with five.
    Ingest,
    /// From an event to its message, at a steady load.
    Latency,
    /// Events that each start a run of several nodes, and runs that come due.
    Journeys,
    /// E-mails a minute.
    Messages,
    /// Live segments: start with them, computing 20, counts, new conditions, estimates, events in beside them.
    Segments,
    /// The list of customers: each answer while somebody scrolls, filters, sorts and searches.
    Grid,
    /// A campaign: who would not get it, and e-mails a minute.
    Campaign,
    /// Files of orders and of people into an empty folder by the command, and taken back.
    Import,
    /// From the start of the process to ready, and its memory.
    Start,
    /// Engine and store alone, in this process and without HTTP.
    Direct,
    /// The models of buying in this process: customers counted together, models fitted and asked. Alone.
    Models,
    /// `prepare` to `messages`, and `start`.
    All,
}

#[derive(Parser, Debug)]
#[command(name = "quaylai-bench", version, about = "Measures Quaylai and prints the figures as JSON")]
struct Arguments {
    #[arg(value_enum, required = true)]
    modes: Vec<Mode>,
    /// The server; by default `quaylai` beside this program.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The data folder; by default a new one below the system's folder for temporary files.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Keep the data folder, to be used again with --data.
    #[arg(long)]
    keep: bool,
    /// PostgreSQL instead of SQLite: an empty database, or the one that a kept folder belongs to.
    #[arg(long, value_name = "URL", alias = "postgres")]
    database: Option<String>,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    #[arg(long, default_value_t = 300_000)]
    profiles: u32,
    #[arg(long, default_value_t = 5_000_000)]
    events: u64,
    /// Runs of each measurement; medians are of these.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Events of one run of `ingest`.
    #[arg(long, default_value_t = 200_000)]
    ingest_events: u64,
    /// Events a second that `latency` offers.
    #[arg(long, default_value_t = 1_000)]
    offered: u64,
    /// How many of those trigger a message.
    #[arg(long, default_value_t = 50)]
    triggers: u64,
    #[arg(long, default_value_t = 20)]
    latency_seconds: u64,
    #[arg(long, default_value_t = 20_000)]
    journey_runs: u64,
    #[arg(long, default_value_t = 10_000)]
    messages: u64,
    /// Connections to the mail relay that the e-mail channel may use; a new channel has 8.
    #[arg(long, default_value_t = 32)]
    mail_connections: usize,
    /// Live segments, 0 to 20, beside what is measured; `segments` itself has all.
    #[arg(long, default_value_t = 0)]
    segments: usize,
    /// People that `campaign` writes to.
    #[arg(long, default_value_t = 100_000)]
    recipients: u64,
    /// Rows of each file of `import`.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// With `direct`: five active journeys.
    #[arg(long)]
    with_journeys: bool,
    /// Customers of `models`.
    #[arg(long, default_value_t = 1_000_000)]
    customers: usize,
    /// A Python that has PyPI's lifetimes, which `models` measures over the same customers.
    #[arg(long, value_name = "PYTHON")]
    beside: Option<PathBuf>,
    /// One part of `models`, in a process of its own.
    #[arg(long, hide = true, requires = "people")]
    part: Option<String>,
    #[arg(long, hide = true)]
    people: Option<PathBuf>,
    #[arg(long, hide = true, default_value_t = 1)]
    threads: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let (Some(part), Some(people)) = (&arguments.part, &arguments.people) {
        println!("{}", buying::part(part, people, arguments.threads, arguments.runs)?);
        return Ok(());
    }
    let made = arguments.data.is_none();
    let data = match &arguments.data {
        Some(data) => data.clone(),
        None => std::env::temp_dir().join(format!("quaylai-bench-{}", std::process::id())),
    };
    let measured = run(&arguments, &data);
    if made && !arguments.keep {
        std::fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))?;
    }
    println!("{}", serde_json::to_string_pretty(&measured?)?);
    Ok(())
}

fn run(arguments: &Arguments, data: &Path) -> Result<Value> {
    let a = arguments;
    let within = |what: &str, value: u64, least: u64, most: u64| {
        ensure!((least..=most).contains(&value), "--{what} is from {least} to {most}");
        Ok(())
    };
    within("profiles", u64::from(a.profiles), 1, 10_000_000)?;
    within("events", a.events, 0, 100_000_000)?;
    within("runs", a.runs as u64, 1, 100)?;
    within("connections", a.connections as u64, 1, 256)?;
    within("ingest-events", a.ingest_events, 1, 5_000_000)?;
    within("offered", a.offered, 1, 100_000)?;
    within("triggers", a.triggers, 1, a.offered)?;
    within("latency-seconds", a.latency_seconds, 1, 600)?;
    within("journey-runs", a.journey_runs, 1, 1_000_000)?;
    within("messages", a.messages, 1, 1_000_000)?;
    within("mail-connections", a.mail_connections as u64, 1, 100)?;
    within("segments", a.segments as u64, 0, segments::standard().len() as u64)?;
    within("recipients", a.recipients, 1, 10_000_000)?;
    within("rows", a.rows, 1, 10_000_000)?;
    within("customers", a.customers as u64, 100, 50_000_000)?;
    if a.modes.contains(&Mode::Models) {
        ensure!(a.modes.len() == 1, "`models` is measured alone: it starts no server");
        let machine = machine::machine();
        let figure = buying::measure(data, a.customers, a.seed, a.runs, a.beside.as_deref())?;
        buying::table(&figure);
        let load = machine::load();
        return Ok(json!({ "machine": machine, "load_after": load, "modes": { "models": figure } }));
    }
    let world = World { seed: a.seed, profiles: a.profiles, events: a.events };
    let machine = machine::machine();
    let mut figures = Map::new();
    if a.modes.contains(&Mode::Direct) {
        let figure = direct::run(data, a.database.as_deref(), world, a.ingest_events, a.with_journeys)?;
        table("direct", &figure);
        figures.insert("direct".into(), figure);
        if a.modes.len() == 1 {
            return Ok(json!({ "machine": machine, "world": modes::shown(world), "modes": figures }));
        }
    }
    let binary = match &a.binary {
        Some(binary) => binary.clone(),
        None => std::env::current_exe()?.with_file_name("quaylai"),
    };
    ensure!(binary.is_file(), "{} is not there: build it, or name it with --binary", binary.display());
    let setup = Setup { binary, data: data.to_path_buf(), database: a.database.clone() };
    // `all` is of what the standard world was first measured by.
    let is_asked = |mode: Mode| a.modes.contains(&mode);
    let wants = |mode: Mode| is_asked(mode) || is_asked(Mode::All);
    let mut note = |name: &str, figure: Value| {
        table(name, &figure);
        figures.insert(name.to_owned(), figure);
    };
    let mut held = modes::remembered(data);
    if is_asked(Mode::Import) {
        ensure!(
            a.database.is_none() || held.is_none(),
            "`import` needs an empty database: give it one of its own"
        );
        note("import", import::measure(&setup, a.seed, a.rows, a.runs)?);
        if a.modes.len() == 1 {
            return Ok(json!({
                "machine": machine,
                "load_after": machine::load(),
                "database": machine::database(a.database.as_deref()),
                "modes": figures,
            }));
        }
    }
    if is_asked(Mode::World) {
        ensure!(held.is_none(), "{} holds a world already", data.display());
        note("world", world::make(&setup, world)?);
        modes::remember(data, world)?;
        held = Some(world);
    }
    if wants(Mode::Start) && held.is_none() && a.database.is_none() {
        note("start_empty", modes::start(&Setup { data: data.join("empty"), ..setup.clone() }, 5)?);
    }
    let world = match held {
        Some(held) => held,
        None => world,
    };
    let sizes = Sizes {
        ingest: a.ingest_events,
        connections: a.connections,
        offered: a.offered,
        triggers: a.triggers,
        latency_s: a.latency_seconds,
        journey_runs: a.journey_runs,
        messages: a.messages,
        mail_connections: a.mail_connections,
        recipients: a.recipients,
        runs: a.runs,
    };
    let mut bench = Bench::open(&setup, world, sizes)?;
    let status = bench.status()?;
    if held.is_none() {
        // Every mode needs the people that it tells of.
        note("prepare", bench.prepare()?);
        modes::remember(data, world)?;
    } else if is_asked(Mode::Prepare) {
        bail!("{} holds a world already", data.display());
    }
    bench.keep_segments(a.segments)?;
    if wants(Mode::Ingest) {
        note("ingest", bench.ingest(false)?);
        note("ingest_with_journeys", bench.ingest(true)?);
    }
    if wants(Mode::Latency) {
        note("latency", bench.latency()?);
    }
    if wants(Mode::Journeys) {
        note("journeys", bench.journeys()?);
    }
    if wants(Mode::Messages) {
        note("messages", bench.messages()?);
    }
    if is_asked(Mode::Campaign) {
        note("campaign", campaign::measure(&mut bench)?);
    }
    if is_asked(Mode::Grid) {
        note("grid", grid::measure(&mut bench)?);
    }
    if is_asked(Mode::Segments) {
        note("segments", segments::measure(&mut bench)?);
    }
    bench.server.stop()?;
    if is_asked(Mode::Segments) {
        note("start_with_segments", segments::start(&setup, 5)?);
    }
    if wants(Mode::Start) {
        note("start_loaded", modes::start(&setup, 5)?);
    }
    Ok(json!({
        "machine": machine,
        "load_after": machine::load(),
        "build": status["build"],
        "database": machine::database(a.database.as_deref()),
        "world": modes::shown(world),
        "connections": a.connections,
        "segments": a.segments,
        "modes": figures,
    }))
}

/// The figures of one mode for people, on stderr.
fn table(mode: &str, figure: &Value) {
    eprintln!("{mode}");
    let shown = figure.get("median").unwrap_or(figure);
    for (name, value) in shown.as_object().into_iter().flatten() {
        eprintln!("  {name:28} {value}");
    }
    // Percentiles have no median over runs; the last run's are shown.
    let last = figure.get("runs").and_then(Value::as_array).and_then(|runs| runs.last());
    for (name, value) in last.and_then(Value::as_object).into_iter().flatten().filter(|(_, v)| v.is_object())
    {
        eprintln!("  {name:28} {value}");
    }
}
