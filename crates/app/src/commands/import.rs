use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::{DEFAULT_WORKSPACE, Installation, random_u64, seeded_rng};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use engine::{Bell, Engine};
use indicatif::{ProgressBar, ProgressStyle};
use kit::{Clock, Id, SECOND_MS, Timestamp};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use store::Store;
use transfer::{Importer, Kind, Map, Progress, Spec, Step};

/// Take in a file of customers, orders, products or events.
#[derive(Args, Debug)]
pub struct Import {
    #[command(flatten)]
    data: DataArgs,
    #[arg(value_enum)]
    kind: What,
    /// CSV, XLSX or JSON Lines; CSV and JSON Lines may be gzipped.
    file: PathBuf,
    /// What the columns hold, in JSON or TOML; without it the columns' names tell. See docs/data.md.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Read and check everything, say what would happen, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Where and how these people agreed to get messages; without it no marketing consent is taken.
    #[arg(long, value_name = "TEXT")]
    consent_source: Option<String>,
    /// The system the file comes from.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Put everybody in the file on this list.
    #[arg(long, value_name = "NAME")]
    list: Vec<String>,
    /// Give everybody in the file this tag.
    #[arg(long, value_name = "NAME")]
    tag: Vec<String>,
    /// Where the clock showed the times of the file, such as Asia/Ho_Chi_Minh; the shop's own zone when left out.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Of amounts that name none; the shop's own when left out.
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// utf-8, utf-16le, utf-16be, windows-1258 or windows-1252; found out when left out.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// Where to put the rows that were not taken; beside the data when left out.
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// A line of JSON a second, and a last one with the outcome.
    #[arg(long)]
    json: bool,
}

/// Take an import back, or list imports.
#[derive(Args, Debug)]
pub struct Imports {
    #[command(flatten)]
    data: DataArgs,
    /// Take this import back.
    #[arg(long, value_name = "ID")]
    undo: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    Profiles,
    Orders,
    Products,
    Events,
}

impl From<What> for Kind {
    fn from(what: What) -> Kind {
        match what {
            What::Profiles => Kind::Profiles,
            What::Orders => Kind::Orders,
            What::Products => Kind::Products,
            What::Events => Kind::Events,
        }
    }
}

impl Import {
    pub fn run(self) -> Result<()> {
        crate::start_logging(self.json);
        let (installation, _) = Installation::open(&self.data.settle()?)?;
        let store = Arc::clone(&installation.store);
        let kind = Kind::from(self.kind);
        let file = std::fs::canonicalize(&self.file)
            .with_context(|| format!("there is no file {}", self.file.display()))?;
        let mut rng = seeded_rng();
        let now = SystemClock.now();
        let job_id = Id::new(now, &mut rng).to_string();
        let work = transfer::work_folder(&installation.folder, &job_id)?;
        let outcome = self.import(&installation, &store, kind, file, &job_id, &work);
        if self.dry_run || outcome.is_err() {
            // Of a job that was gone on with the folder is another one.
            let _ = std::fs::remove_dir_all(&work);
        }
        outcome?;
        Ok(store.close()?)
    }

    fn import(
        &self,
        installation: &Installation,
        store: &Arc<Store>,
        kind: Kind,
        file: PathBuf,
        job_id: &str,
        work: &Path,
    ) -> Result<()> {
        let mut map = match &self.map {
            Some(path) => read_map(path)?,
            None => Map::default(),
        };
        if let Some(encoding) = &self.encoding {
            map.file.encoding = Some(encoding.clone());
        }
        if map.columns.is_empty() {
            let looked = transfer::preview(store, DEFAULT_WORKSPACE, kind, &file, Some(&map), work)?;
            map.columns = looked.suggested.columns;
            if !self.json {
                eprintln!("columns / các cột:");
                for (name, column) in &map.columns {
                    eprintln!("  {name} -> {}", column.detail().to);
                }
            }
        }
        map.source = self.source.clone().or(map.source);
        map.time_zone = self.time_zone.clone().or(map.time_zone);
        map.currency = self.currency.clone().or(map.currency);
        map.consent_source = self.consent_source.clone().or(map.consent_source);
        map.lists.extend(self.list.iter().cloned());
        map.tags.extend(self.tag.iter().cloned());
        let spec = Spec { kind, file, map };
        if self.dry_run {
            return self.dry_run(store, &spec, work);
        }
        let name = self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let now = SystemClock.now();
        let job = transfer::begin_import(
            store,
            DEFAULT_WORKSPACE,
            job_id.to_owned(),
            &spec,
            "command",
            &name,
            "command",
            "waiting",
            now,
        )?;
        let work = if job.job_id == job_id {
            work.to_owned()
        } else {
            let _ = std::fs::remove_dir_all(work);
            transfer::work_folder(&installation.folder, &job.job_id)?
        };
        let importer = Importer::open(Arc::clone(store), job, work.clone())?;
        let (job_id, progress) = drive(store, importer, self.json)?;
        let rejected = Importer::rejected_path(&work);
        let shown = match &self.rejected {
            Some(path) => {
                std::fs::copy(&rejected, path).with_context(|| format!("writing {}", path.display()))?;
                path.clone()
            }
            None => rejected,
        };
        self.told(&job_id, &progress, &shown)
    }

    fn told(&self, job_id: &str, progress: &Progress, rejected: &Path) -> Result<()> {
        let counts = &progress.counts;
        if self.json {
            let mut told = line("completed", job_id, progress);
            told["rejected_file"] = json!(rejected);
            println!("{told}");
            return Ok(());
        }
        for warning in &progress.warnings {
            println!("  note: {warning}");
        }
        println!(
            "import {job_id}: {} rows read, {} taken, {} rejected, {} left out by the map's rules",
            counts.rows_read,
            counts.rows_taken,
            counts.rows_rejected,
            counts.rows_left_out.values().sum::<u64>()
        );
        if counts.orders > 0 {
            println!("  {} orders", counts.orders);
        }
        for (why, rows) in &counts.rows_left_out {
            println!("  left out, {why}: {rows}");
        }
        if counts.rows_rejected > 0 {
            println!("  rejected rows, with reasons: {}", rejected.display());
        }
        println!("  take it back: quaylai imports --undo {job_id}");
        Ok(())
    }

    fn dry_run(&self, store: &Arc<Store>, spec: &Spec, work: &Path) -> Result<()> {
        let bar = bar(self.json)?;
        let now = SystemClock.now();
        let done = transfer::dry_run(store, DEFAULT_WORKSPACE, spec, work, now, &mut |counts| {
            bar.set_length(counts.bytes_total);
            bar.set_position(counts.bytes_read);
        })?;
        bar.finish_and_clear();
        if let Some(path) = &self.rejected {
            std::fs::copy(Importer::rejected_path(work), path)
                .with_context(|| format!("writing {}", path.display()))?;
        }
        if self.json {
            println!("{}", serde_json::to_string(&done)?);
            return Ok(());
        }
        let counts = &done.counts;
        println!(
            "dry run, nothing was written: {} rows read, {} good, {} rejected; {} new, {} known",
            counts.rows_read, counts.rows_taken, counts.rows_rejected, done.new, done.updated
        );
        for warning in &done.warnings {
            println!("  note: {warning}");
        }
        for (why, rows) in &counts.rows_left_out {
            println!("  left out, {why}: {rows}");
        }
        for fault in &done.rejected {
            let column = fault.column.as_deref().unwrap_or("");
            println!(
                "  line {}: {} {column}: {} / {}",
                fault.line, fault.code, fault.message, fault.message_vi
            );
        }
        for document in &done.sample {
            println!("{}", serde_json::to_string_pretty(document)?);
        }
        Ok(())
    }
}

impl Imports {
    pub fn run(self) -> Result<()> {
        crate::start_logging(self.json);
        let (installation, _) = Installation::open(&self.data.settle()?)?;
        let store = Arc::clone(&installation.store);
        if let Some(job_id) = &self.undo {
            let job = store.read(|tx| tx.job(DEFAULT_WORKSPACE, job_id))?;
            let job = job.with_context(|| format!("there is no import {job_id}"))?;
            let job = match job.state.as_str() {
                "undoing" => job,
                _ => transfer::request_undo(&store, job, SystemClock.now())?,
            };
            let server_runs = store.try_lead()?.is_none();
            let (job_id, progress) = if server_runs {
                // A server runs on this data; it takes back what it is asked to.
                follow(&store, job, self.json)?
            } else {
                let work = transfer::work_folder(&installation.folder, job_id)?;
                drive(&store, Importer::open(Arc::clone(&store), job, work)?, self.json)?
            };
            match self.json {
                true => println!("{}", line("undone", &job_id, &progress)),
                false => println!("import {job_id} was taken back: {} things undone", progress.undo_total),
            }
            return Ok(store.close()?);
        }
        for job in store.read(|tx| tx.job_page(DEFAULT_WORKSPACE, (Timestamp::MAX, ""), "import", 100))? {
            let progress: Progress = serde_json::from_str(&job.progress).unwrap_or_default();
            match self.json {
                true => println!("{}", line(&job.state, &job.job_id, &progress)),
                false => println!(
                    "{}  {:10}  {} rows, {} rejected  {}",
                    job.job_id, job.state, progress.counts.rows_read, progress.counts.rows_rejected, job.name
                ),
            }
        }
        Ok(store.close()?)
    }
}

fn read_map(path: &Path) -> Result<Map> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    let map = if is_toml { toml::from_str(&text).map_err(|e| e.to_string()) } else { Map::read_json(&text) };
    map.map_err(|error| anyhow::anyhow!("in {}: {error}", path.display()))
}

/// The engine on a thread of its own.
struct Driver {
    bell: Arc<Bell>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<()>>,
}

impl Driver {
    /// `None` while another process drives the engine.
    fn start(store: &Arc<Store>) -> Result<Option<Driver>> {
        let Some(leadership) = store.try_lead()? else { return Ok(None) };
        let (bell, stop) = (Arc::new(Bell::default()), Arc::new(AtomicBool::new(false)));
        let mut engine = Engine::open(Arc::clone(store), random_u64())?;
        let (rung, stops) = (Arc::clone(&bell), Arc::clone(&stop));
        let thread = std::thread::Builder::new().name("engine".into()).spawn(move || -> Result<()> {
            while !stops.load(Ordering::SeqCst) && leadership.is_held() {
                if engine.tick(SystemClock.now())?.did_nothing() {
                    rung.wait(Duration::from_millis(20));
                }
            }
            Ok(())
        })?;
        Ok(Some(Driver { bell, stop, thread }))
    }

    fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::SeqCst);
        self.bell.ring();
        self.thread.join().unwrap_or_else(|_| bail!("the engine ended by a panic"))
    }
}

/// Drives a job to its end, and the engine with it unless another process does so.
pub fn drive(store: &Arc<Store>, mut importer: Importer, as_json: bool) -> Result<(String, Progress)> {
    let bar = bar(as_json)?;
    let pause = Bell::default();
    // Beside the reading of the file; where a server runs on the data, it does the engine's work.
    let mut driver = Driver::start(store)?;
    let mut told_at = Timestamp::MIN;
    loop {
        let now = SystemClock.now();
        let step = importer.step(now)?;
        let progress = importer.progress();
        if now.since_ms(told_at) >= SECOND_MS {
            told_at = now;
            if as_json {
                println!("{}", line(&importer.job().state, &importer.job().job_id, progress));
            }
        }
        show(&bar, progress);
        match step {
            Step::Ended => break,
            Step::Worked => {}
            Step::Waiting => {
                if driver.as_ref().is_some_and(Driver::has_ended) {
                    driver.take().map_or(Ok(()), Driver::stop)?;
                }
                if driver.is_none() {
                    driver = Driver::start(store)?;
                }
                if let Some(driver) = &driver {
                    driver.bell.ring();
                }
                pause.wait(Duration::from_millis(5));
            }
        }
    }
    driver.map_or(Ok(()), Driver::stop)?;
    bar.finish_and_clear();
    let job = importer.job();
    match job.state.as_str() {
        "completed" | "undone" => Ok((job.job_id.clone(), importer.progress().clone())),
        "failed" => {
            bail!("{}", importer.progress().error.clone().unwrap_or_else(|| "the import failed".into()))
        }
        other => bail!(
            "the import was {other}; what it took in can be taken back: quaylai imports --undo {}",
            job.job_id
        ),
    }
}

/// Waits for work that the server does.
fn follow(store: &Store, job: store::transfers::JobRow, as_json: bool) -> Result<(String, Progress)> {
    let (pause, mut told_at) = (Bell::default(), Timestamp::MIN);
    loop {
        let found = store.read(|tx| tx.job(job.workspace, &job.job_id))?.context("the job is gone")?;
        let progress: Progress = serde_json::from_str(&found.progress)?;
        match found.state.as_str() {
            "undone" => return Ok((found.job_id, progress)),
            "undoing" => {}
            other => bail!("the import is {other}"),
        }
        let now = SystemClock.now();
        if as_json && now.since_ms(told_at) >= SECOND_MS {
            told_at = now;
            println!("{}", line(&found.state, &found.job_id, &progress));
        }
        pause.wait(Duration::from_millis(50));
    }
}

fn bar(hidden: bool) -> Result<ProgressBar> {
    let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(0) };
    let style = "  {msg:8} {bar:30} {bytes}/{total_bytes}  {prefix}  {eta}";
    bar.set_style(ProgressStyle::with_template(style)?);
    Ok(bar)
}

fn show(bar: &ProgressBar, progress: &Progress) {
    let counts = &progress.counts;
    bar.set_length(counts.bytes_total.max(1));
    bar.set_position(counts.bytes_read);
    bar.set_message(progress.phase.clone());
    bar.set_prefix(format!("{} rows, {} rejected", counts.rows_read, counts.rows_rejected));
}

fn line(state: &str, job_id: &str, progress: &Progress) -> serde_json::Value {
    let mut told = serde_json::to_value(progress).unwrap_or_default();
    told["state"] = json!(state);
    told["import_id"] = json!(job_id);
    if let Some(object) = told.as_object_mut() {
        object.remove("rejected");
    }
    told
}
