use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::{DATABASE_FILE, DATABASE_URL_FILE};
use crate::secrets::write_private;
use anyhow::{Context, Result, bail};
use clap::Args;
use engine::Erased;
use kit::Clock;
use serde_json::json;
use std::path::{Path, PathBuf};
use store::{CATALOG, PostgresOptions, SqliteOptions, Store};

/// Bring a backup back into an empty data folder, or in place of one.
#[derive(Args, Debug)]
pub struct Restore {
    #[command(flatten)]
    data: DataArgs,
    /// A backup. One of SQLite can be restored into PostgreSQL and the other way round.
    file: PathBuf,
    /// Even if a server seems to run on the folder.
    #[arg(long)]
    force: bool,
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub fn run(self) -> Result<()> {
        let data = self.data.settle()?;
        let folder = &data.folder;
        let now = SystemClock.now();
        transfer::backup::verify(&self.file).with_context(|| format!("checking {}", self.file.display()))?;
        let name = folder.file_name().context("name a folder with --data")?.to_string_lossy().into_owned();
        let beside = |suffix: &str| folder.with_file_name(format!("{name}.{suffix}"));
        let is_used = folder.is_dir() && std::fs::read_dir(folder)?.next().is_some();
        if is_used && !self.force && is_running(folder)? {
            bail!("a server runs on {}; stop it, or say --force", folder.display());
        }
        let made = beside(&format!("restoring-{}", std::process::id()));
        std::fs::create_dir_all(&made).with_context(|| format!("making {}", made.display()))?;
        let filled = self.fill(&made, data.database.as_deref());
        if let Err(error) = filled {
            let _ = std::fs::remove_dir_all(&made);
            return Err(error);
        }
        // Whoever was erased since the backup was made stays erased.
        let register = if is_used { erased_in(folder) } else { Vec::new() };
        let erased = erase_again(&made, &register, now)?;
        let mut moved = None;
        if is_used {
            let aside = beside(&format!("before-restore-{}", now.ms()));
            std::fs::rename(folder, &aside).with_context(|| format!("moving {} aside", folder.display()))?;
            moved = Some(aside);
        } else if folder.is_dir() {
            std::fs::remove_dir(folder)?;
        }
        std::fs::rename(&made, folder).with_context(|| format!("naming {}", folder.display()))?;
        if self.json {
            println!("{}", json!({ "data": folder, "moved_aside": moved, "erased_again": erased }));
        } else {
            println!("restored into {}", folder.display());
            if let Some(aside) = moved {
                println!("  what was there before: {}", aside.display());
            }
            if erased > 0 {
                println!(
                    "  {erased} people who were erased since the backup are erased again at the next start"
                );
            }
        }
        Ok(())
    }

    fn fill(&self, made: &Path, database: Option<&str>) -> Result<()> {
        let copy = made.join(DATABASE_FILE);
        transfer::backup::unpack(&self.file, made, &copy)?;
        let now = SystemClock.now();
        let sqlite = |path: &Path| Store::open_sqlite(&SqliteOptions::new(path), &CATALOG, now);
        let Some(url) = database else {
            if copy.is_file() {
                Store::check_sqlite_file(&copy)?;
                return Ok(());
            }
            let store = sqlite(&copy)?;
            if !transfer::backup::load_tables(&self.file, &store)? {
                bail!("the backup holds no database");
            }
            return Ok(store.close()?);
        };
        let target =
            Store::open_postgres(&PostgresOptions::new(url), &CATALOG, now).context("opening PostgreSQL")?;
        if !transfer::backup::load_tables(&self.file, &target)? {
            let source = sqlite(&copy)?;
            transfer::backup::copy_tables(&source, &target)?;
            source.close()?;
            for ending in ["", "-wal", "-shm", ".lock"] {
                let mut path = copy.clone().into_os_string();
                path.push(ending);
                if Path::new(&path).exists() {
                    std::fs::remove_file(&path)?;
                }
            }
        }
        target.close()?;
        write_private(&made.join(DATABASE_URL_FILE), url.as_bytes())?;
        Ok(())
    }
}

/// Opens the database that a data folder holds or remembers; `None` when there is none.
fn store_of(folder: &Path) -> Result<Option<Store>> {
    let now = SystemClock.now();
    let remembered = folder.join(DATABASE_URL_FILE);
    if remembered.is_file() {
        let url = std::fs::read_to_string(remembered)?;
        return Ok(Some(Store::open_postgres(&PostgresOptions::new(url.trim()), &CATALOG, now)?));
    }
    let file = folder.join(DATABASE_FILE);
    match file.is_file() {
        true => Ok(Some(Store::open_sqlite(&SqliteOptions::new(&file), &CATALOG, now)?)),
        false => Ok(None),
    }
}

/// Who was erased in the database that a backup takes the place of. A restore is often asked for because that
/// database is broken, so not being able to read it stops nothing.
fn erased_in(folder: &Path) -> Vec<Erased> {
    let read = || -> Result<Vec<Erased>> {
        let Some(store) = store_of(folder)? else { return Ok(Vec::new()) };
        let register = engine::erasures_of(&store)?;
        store.close()?;
        Ok(register)
    };
    read().unwrap_or_else(|error| {
        eprintln!(
            "warning: the present database cannot be read ({error:#}): people who were erased since the backup \
             have to be erased again by hand"
        );
        Vec::new()
    })
}

/// Leaves the erasures in the inbox of the restored database, before it serves anybody. Answers how many it did not
/// know.
fn erase_again(restored: &Path, register: &[Erased], now: kit::Timestamp) -> Result<usize> {
    if register.is_empty() {
        return Ok(0);
    }
    let Some(store) = store_of(restored)? else { return Ok(0) };
    let erased = engine::reapply_erasures(&store, register, now)?;
    store.close()?;
    Ok(erased)
}

/// Whether somebody drives the engine on this folder. Nothing is opened but the lock beside the database.
fn is_running(folder: &Path) -> Result<bool> {
    let lock = folder.join(format!("{DATABASE_FILE}.lock"));
    if folder.join(DATABASE_URL_FILE).is_file() {
        let url = std::fs::read_to_string(folder.join(DATABASE_URL_FILE))?;
        let options = PostgresOptions::new(url.trim());
        // A database that does not answer has no server at work.
        let Ok(store) = Store::open_postgres(&options, &CATALOG, SystemClock.now()) else { return Ok(false) };
        return Ok(store.try_lead()?.is_none());
    }
    if !lock.is_file() {
        return Ok(false);
    }
    let file = std::fs::OpenOptions::new().write(true).open(&lock)?;
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(std::fs::TryLockError::WouldBlock) => Ok(true),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}
