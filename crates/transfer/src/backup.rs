//! Backups of a whole installation, made while it goes on, and taken apart again.
//!
//! A backup is a ZIP: `database.sqlite3` (a copy of the file) or `tables.jsonl` (every row of every table, of one
//! snapshot), the files of the data folder under `folder/`, and `manifest.json` with the checksum of each. Either form
//! can be restored into either database.

use crate::importer::{Step, TransferError};
use crate::jobs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::{Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::transfers::JobRow;
use store::{Changeset, Piece, Store, StoreError, Val};

const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "database.sqlite3";
const TABLES: &str = "tables.jsonl";
const FOLDER: &str = "folder/";
const FORMAT: u32 = 1;
/// Not part of a backup: the database itself, where another one is, files of jobs.
const LEFT_OUT: [&str; 3] = ["quaylai.sqlite3", "database.url", "transfer"];
const DEPTH_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Of the program that made it.
    pub version: String,
    /// Of the schema.
    pub migrations: usize,
    pub created_at: String,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

fn archive_error(error: zip::result::ZipError) -> TransferError {
    TransferError::State(format!("the backup cannot be read: {error}"))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Counts and digests what goes through.
struct Digesting<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

type Archive = zip::ZipWriter<BufWriter<File>>;

fn entry(
    archive: &mut Archive,
    name: &str,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), TransferError>,
) -> Result<Entry, TransferError> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(1))
        .large_file(true);
    archive.start_file(name, options).map_err(archive_error)?;
    let mut digesting = Digesting { inner: archive, hash: Sha256::new(), bytes: 0 };
    fill(&mut digesting)?;
    Ok(Entry { name: name.to_owned(), bytes: digesting.bytes, sha256: hex(&digesting.hash.finalize()) })
}

/// Writes a backup and checks it. `tell` gets what is being done and the bytes so far. It appears under its name only
/// when it is whole and good.
pub fn write_backup(
    store: &Store,
    folder: &Path,
    target: &Path,
    version: &str,
    now: Timestamp,
    tell: &mut dyn FnMut(&str, u64),
) -> Result<Manifest, TransferError> {
    let partial = target.with_extension("part");
    let copy = target.with_extension("copy");
    let written = write_partial(store, folder, &partial, &copy, version, now, tell);
    let _ = std::fs::remove_file(&copy);
    let checked = written.and_then(|manifest| {
        tell("checking", 0);
        verify(&partial)?;
        Ok(manifest)
    });
    match checked {
        Ok(manifest) => {
            std::fs::rename(&partial, target)?;
            Ok(manifest)
        }
        Err(error) => {
            // Half a backup must not be taken for one.
            let _ = std::fs::remove_file(&partial);
            Err(error)
        }
    }
}

fn write_partial(
    store: &Store,
    folder: &Path,
    partial: &Path,
    copy: &Path,
    version: &str,
    now: Timestamp,
    tell: &mut dyn FnMut(&str, u64),
) -> Result<Manifest, TransferError> {
    let mut archive = zip::ZipWriter::new(BufWriter::with_capacity(256 << 10, File::create(partial)?));
    let mut entries = Vec::new();
    match store {
        Store::Sqlite(_) => {
            let _ = std::fs::remove_file(copy);
            store.backup_to(copy, &mut |done, _| tell("copying", done))?;
            tell("checking", 0);
            Store::check_sqlite_file(copy)?;
            entries.push(entry(&mut archive, DATABASE, |out| {
                std::io::copy(&mut BufReader::new(File::open(copy)?), out)?;
                Ok(())
            })?);
        }
        Store::Postgres(_) => {
            entries.push(entry(&mut archive, TABLES, |out| dump(store, out, tell))?);
        }
    }
    for (name, path) in files_of(folder)? {
        let name = format!("{FOLDER}{name}");
        entries.push(entry(&mut archive, &name, |out| {
            std::io::copy(&mut BufReader::new(File::open(&path)?), out)?;
            Ok(())
        })?);
    }
    let manifest = Manifest {
        format: FORMAT,
        version: version.to_owned(),
        migrations: store::CATALOG.migrations.len(),
        created_at: crate::export::time(now).as_str().unwrap_or_default().to_owned(),
        entries,
    };
    entry(&mut archive, MANIFEST, |out| {
        serde_json::to_writer_pretty(out, &manifest).map_err(std::io::Error::from)?;
        Ok(())
    })?;
    let file = archive.finish().map_err(archive_error)?;
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    Ok(manifest)
}

fn files_of(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), folder.to_owned(), 0)];
    while let Some((prefix, folder, depth)) = open.pop() {
        for item in std::fs::read_dir(&folder)? {
            let item = item?;
            let name = item.file_name().to_string_lossy().into_owned();
            let left_out = LEFT_OUT.iter().any(|start| name.starts_with(start));
            if prefix.is_empty() && left_out {
                continue;
            }
            let kind = item.file_type()?;
            if kind.is_dir() && depth < DEPTH_MAX {
                open.push((format!("{prefix}{name}/"), item.path(), depth + 1));
            } else if kind.is_file() {
                found.push((format!("{prefix}{name}"), item.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn dump(store: &Store, out: &mut dyn Write, tell: &mut dyn FnMut(&str, u64)) -> Result<(), TransferError> {
    let failed =
        |error: std::io::Error| StoreError::Unavailable(format!("the backup cannot be written: {error}"));
    let mut rows = 0u64;
    let mut line = Vec::new();
    store.dump(&mut |piece| {
        line.clear();
        let told = match &piece {
            Piece::Table { name, columns } => json!({ "table": name, "columns": columns }),
            Piece::Row(values) => {
                rows += 1;
                if rows.is_multiple_of(10_000) {
                    tell("copying", rows);
                }
                Value::Array(values.iter().map(written).collect())
            }
        };
        serde_json::to_writer(&mut line, &told).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        out.write_all(&line).map_err(failed)
    })?;
    Ok(())
}

fn written(value: &Val<'_>) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Int(number) => json!(number),
        Val::Real(number) => json!({ "real": number }),
        Val::Text(text) => json!(text),
        Val::Bytes(bytes) => json!({ "bytes": STANDARD.encode(bytes) }),
        Val::Bool(flag) => json!(flag),
    }
}

fn read_value(value: Value) -> Option<Val<'static>> {
    Some(match value {
        Value::Null => Val::Null,
        Value::Bool(flag) => Val::Bool(flag),
        Value::Number(number) => Val::Int(number.as_i64()?),
        Value::String(text) => Val::Text(text.into()),
        Value::Object(mut object) => match (object.remove("real"), object.remove("bytes")) {
            (Some(Value::Number(number)), _) => Val::Real(number.as_f64()?),
            (None, Some(Value::String(text))) => Val::Bytes(STANDARD.decode(text).ok()?.into()),
            _ => return None,
        },
        Value::Array(_) => return None,
    })
}

/// Reads every part of a backup and compares it with its checksum.
pub fn verify(path: &Path) -> Result<Manifest, TransferError> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(archive_error)?;
    let manifest = manifest_of(&mut archive)?;
    for entry in &manifest.entries {
        let mut part = archive.by_name(&entry.name).map_err(archive_error)?;
        let mut digesting = Digesting { inner: std::io::sink(), hash: Sha256::new(), bytes: 0 };
        let read = std::io::copy(&mut part, &mut digesting);
        if read.is_err() || digesting.bytes != entry.bytes || hex(&digesting.hash.finalize()) != entry.sha256
        {
            return Err(TransferError::State(format!(
                "the backup is damaged at {}; take another one",
                entry.name
            )));
        }
    }
    Ok(manifest)
}

fn manifest_of(archive: &mut zip::ZipArchive<BufReader<File>>) -> Result<Manifest, TransferError> {
    let no_backup = || TransferError::State("this file is no backup of Quaylai".into());
    let part = archive.by_name(MANIFEST).map_err(|_| no_backup())?;
    let manifest: Manifest = serde_json::from_reader(part.take(64 << 20)).map_err(|_| no_backup())?;
    if manifest.format != FORMAT {
        return Err(TransferError::State("the backup was made by a newer program; use that one".into()));
    }
    Ok(manifest)
}

/// Puts the files of a backup into an empty folder; the database's under `database`, where the backup has one.
pub fn unpack(path: &Path, folder: &Path, database: &Path) -> Result<(), TransferError> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(archive_error)?;
    let manifest = manifest_of(&mut archive)?;
    for entry in &manifest.entries {
        let target = match entry.name.strip_prefix(FOLDER) {
            Some(name) => {
                let plain =
                    Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
                if !plain {
                    return Err(TransferError::State("the backup names a file outside its folder".into()));
                }
                folder.join(name)
            }
            None if entry.name == DATABASE => database.to_owned(),
            None => continue,
        };
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut part = archive.by_name(&entry.name).map_err(archive_error)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        // The key among them is its owner's alone.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&target)?;
        std::io::copy(&mut part, &mut file)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Fills an empty database from a backup that holds tables.
pub fn load_tables(path: &Path, store: &Store) -> Result<bool, TransferError> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(archive_error)?;
    let manifest = manifest_of(&mut archive)?;
    if !manifest.entries.iter().any(|entry| entry.name == TABLES) {
        return Ok(false);
    }
    let part = archive.by_name(TABLES).map_err(archive_error)?;
    let mut lines = BufReader::with_capacity(256 << 10, part);
    let damaged = || StoreError::Unavailable("the backup is damaged".into());
    let mut line = String::new();
    store.load(&mut || {
        line.clear();
        let read = lines.read_line(&mut line).map_err(|_| damaged())?;
        if read == 0 {
            return Ok(None);
        }
        match serde_json::from_str::<Value>(&line).map_err(|_| damaged())? {
            Value::Array(values) => {
                let values: Option<Vec<_>> = values.into_iter().map(read_value).collect();
                Ok(Some(Piece::Row(values.ok_or_else(damaged)?)))
            }
            told => {
                let name = told["table"].as_str().ok_or_else(damaged)?.to_owned();
                let columns = serde_json::from_value(told["columns"].clone()).map_err(|_| damaged())?;
                Ok(Some(Piece::Table { name, columns }))
            }
        }
    })?;
    Ok(true)
}

/// Copies all of one database into another, empty one, whichever they are.
pub fn copy_tables(from: &Store, to: &Store) -> Result<(), TransferError> {
    let (sender, receiver) = std::sync::mpsc::sync_channel::<Piece>(1_024);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            from.dump(&mut |piece| {
                // Whoever loads has given up, and says why.
                sender.send(piece).map_err(|_| StoreError::Closed)
            })
        });
        let loaded = to.load(&mut || Ok(receiver.recv().ok()));
        drop(receiver);
        let read = reading.join().map_err(|_| TransferError::State("the copying ended by a panic".into()))?;
        loaded?;
        Ok(read?)
    })
}

/// Writes a new backup down as a job.
pub fn begin_backup(
    store: &Store,
    workspace: WorkspaceId,
    job_id: String,
    created_by: &str,
    now: Timestamp,
) -> Result<JobRow, TransferError> {
    let day = crate::export::time(now);
    let day = day.as_str().and_then(|text| text.get(..10)).unwrap_or("backup").to_owned();
    let name = format!("quaylai-{day}.backup");
    let job = JobRow { name, ..jobs::new_job(workspace, job_id, "backup", created_by, now) };
    Ok(jobs::insert(store, job)?)
}

/// Makes the backup of a job, in one step.
pub fn run_backup(
    store: &Arc<Store>,
    mut job: JobRow,
    data: &Path,
    work: &Path,
    version: &str,
    now: Timestamp,
) -> Result<Step, TransferError> {
    let mut progress = json!({ "started_at": now.ms() });
    let done = match job.state.as_str() {
        "cancelling" => Err(TransferError::State("cancelled".into())),
        _ => write_backup(store, data, &work.join(&job.name), version, now, &mut |_, _| {}),
    };
    match done {
        Ok(manifest) => {
            progress["bytes"] = json!(std::fs::metadata(work.join(&job.name))?.len());
            progress["entries"] = json!(manifest.entries.len());
            job.state = "completed".into();
        }
        Err(_) if job.state == "cancelling" => job.state = "cancelled".into(),
        Err(error) => {
            progress["error"] = json!(error.to_string());
            job.state = "failed".into();
        }
    }
    job.progress = progress.to_string();
    job.updated_at = now;
    let mut changes = Changeset::new();
    changes.update_job(&job);
    store.apply(changes)?;
    Ok(Step::Ended)
}
