//! Opens a file as a table: rows of texts under named columns, whatever it was saved as.
//!
//! Everything is read as a stream; what a row, a cell, a sheet or a compressed file may hold is limited, because a
//! file comes from anywhere.

mod encoding;
mod sheet;
mod sniff;

pub use encoding::Decoding;
pub use sniff::{Format, Sniffed, sniff};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Largest file that is taken, as it lies on the disk.
pub const FILE_BYTES_MAX: u64 = 2 << 30;
/// Largest text that a compressed file may hold.
pub const INFLATED_BYTES_MAX: u64 = 16 << 30;
pub const COLUMNS_MAX: usize = 1_000;
pub const CELL_BYTES_MAX: usize = 32 << 10;
/// Longest row, with its quotes: more means that a quote was never closed.
const ROW_BYTES_MAX: u64 = 4 << 20;
/// Lines of JSON that are looked at for the names of columns.
const JSON_LINES_LOOKED_AT: usize = 1_000;

/// Why a file cannot be read as a table at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("the file has {bytes} bytes; at most {FILE_BYTES_MAX} are taken: split it")]
    FileTooLarge { bytes: u64 },
    #[error("the file holds more than {INFLATED_BYTES_MAX} bytes once it is unpacked; it is not taken")]
    InflatedTooLarge,
    #[error("the file is empty")]
    Empty,
    #[error("the file has {0} columns; at most {COLUMNS_MAX} are taken: leave out those that are not needed")]
    TooManyColumns(usize),
    #[error("the first row names no column; put the columns' names there")]
    NoHeader,
    #[error("this is no text that we can read ({0}): save it as CSV in UTF-8, or as XLSX")]
    NotText(String),
    #[error(
        "{0:?} is no encoding that we know; utf-8, utf-16le, utf-16be, windows-1258 and windows-1252 are"
    )]
    EncodingUnknown(String),
    #[error("the spreadsheet cannot be read: {0}")]
    Sheet(String),
    #[error("the spreadsheet is refused: {0}")]
    SheetTooLarge(String),
    #[error(
        "line {line} is longer than {ROW_BYTES_MAX} bytes: a quotation mark was opened there and never closed"
    )]
    RowTooLong { line: u64 },
    #[error("line {line} is no JSON object")]
    NotJson { line: u64 },
}

/// What is known of a file before it is read; what is left out is found out.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choices {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// The sheet of a spreadsheet; its first when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawRow {
    /// Where it stands in the file; the names of the columns stand on the first.
    pub line: u64,
    pub cells: Vec<String>,
    /// Why it cannot be used as it is: a code.
    pub fault: Option<&'static str>,
}

pub struct Table {
    pub columns: Vec<String>,
    pub sniffed: Sniffed,
    /// Of the file as it lies on the disk.
    pub bytes_total: u64,
    read: Arc<AtomicU64>,
    rows: Rows,
}

enum Rows {
    Csv {
        reader: Box<csv::Reader<Budget>>,
        record: csv::StringRecord,
        budget: Arc<AtomicU64>,
        by_record: bool,
    },
    Json {
        reader: Box<dyn BufRead + Send>,
        ahead: std::collections::VecDeque<(u64, BTreeMap<String, String>)>,
        line: u64,
    },
}

impl Table {
    /// `work` is a folder for what has to be unpacked; it must exist.
    pub fn open(path: &Path, choices: &Choices, work: &Path) -> Result<Table, ReadError> {
        let bytes_total = std::fs::metadata(path)?.len();
        if bytes_total > FILE_BYTES_MAX {
            return Err(ReadError::FileTooLarge { bytes: bytes_total });
        }
        let sniffed = sniff(path, choices)?;
        let read = Arc::new(AtomicU64::new(0));
        match sniffed.format {
            Format::Xlsx => {
                let spooled = sheet::spool(path, choices.sheet.as_deref(), &work.join("sheet.csv"))?;
                let text = plain(&spooled, &read)?;
                Self::csv(Box::new(text), b',', sniffed, std::fs::metadata(&spooled)?.len(), read, true)
            }
            Format::Csv => {
                let separator = sniffed.separator.unwrap_or(',') as u8;
                let text = decoded(path, &sniffed, &read)?;
                Self::csv(text, separator, sniffed, bytes_total, read, false)
            }
            Format::JsonLines => {
                let reader = BufReader::with_capacity(256 << 10, decoded(path, &sniffed, &read)?);
                Self::json(Box::new(reader), sniffed, bytes_total, read)
            }
        }
    }

    fn csv(
        text: Box<dyn Read + Send>,
        separator: u8,
        sniffed: Sniffed,
        bytes_total: u64,
        read: Arc<AtomicU64>,
        by_record: bool,
    ) -> Result<Table, ReadError> {
        let budget = Arc::new(AtomicU64::new(0));
        let limited = Budget { inner: text, used: Arc::clone(&budget) };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(64 << 10)
            .from_reader(limited);
        let mut record = csv::StringRecord::new();
        loop {
            if !next_record(&mut reader, &mut record, &budget)? {
                return Err(ReadError::Empty);
            }
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                break;
            }
        }
        let columns = columns(record.iter().map(str::to_owned).collect())?;
        let rows = Rows::Csv { reader: Box::new(reader), record, budget, by_record };
        Ok(Table { columns, sniffed, bytes_total, read, rows })
    }

    fn json(
        mut reader: Box<dyn BufRead + Send>,
        sniffed: Sniffed,
        bytes_total: u64,
        read: Arc<AtomicU64>,
    ) -> Result<Table, ReadError> {
        let mut ahead = std::collections::VecDeque::new();
        let mut line = 0;
        let mut names: Vec<String> = Vec::new();
        while ahead.len() < JSON_LINES_LOOKED_AT {
            let Some(object) = next_object(&mut reader, &mut line)? else { break };
            for name in object.keys() {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            if names.len() > COLUMNS_MAX {
                return Err(ReadError::TooManyColumns(names.len()));
            }
            ahead.push_back((line, object));
        }
        if ahead.is_empty() {
            return Err(ReadError::Empty);
        }
        let columns = columns(names)?;
        Ok(Table { columns, sniffed, bytes_total, read, rows: Rows::Json { reader, ahead, line } })
    }

    /// The next row, `None` at the end. Rows of blanks are left out.
    pub fn next_row(&mut self, row: &mut RawRow) -> Result<bool, ReadError> {
        row.fault = None;
        loop {
            match &mut self.rows {
                Rows::Csv { reader, record, budget, by_record } => {
                    if !next_record(reader, record, budget)? {
                        return Ok(false);
                    }
                    let at = record.position();
                    row.line = at.map_or(0, |at| if *by_record { at.record() + 1 } else { at.line() });
                    row.cells.resize(record.len(), String::new());
                    for (cell, told) in row.cells.iter_mut().zip(record.iter()) {
                        cell.clear();
                        cell.push_str(told);
                    }
                }
                Rows::Json { reader, ahead, line } => {
                    let object = match ahead.pop_front() {
                        Some((at, object)) => {
                            row.line = at;
                            object
                        }
                        None => match next_object(reader, line)? {
                            Some(object) => {
                                row.line = *line;
                                object
                            }
                            None => return Ok(false),
                        },
                    };
                    row.cells.clear();
                    let mut object = object;
                    row.cells.extend(self.columns.iter().map(|name| object.remove(name).unwrap_or_default()));
                }
            }
            if row.cells.iter().any(|cell| !cell.trim().is_empty()) {
                break;
            }
        }
        if self.sniffed.needs_composing() {
            for cell in row.cells.iter_mut().filter(|cell| !cell.is_ascii()) {
                *cell = domain::normalise::text::nfc(cell);
            }
        }
        row.fault = if row.cells.len() > self.columns.len() {
            Some("row_too_long")
        } else if row.cells.len() < self.columns.len() {
            Some("row_too_short")
        } else if row.cells.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
            Some("cell_too_large")
        } else if row.cells.iter().any(|cell| cell.contains(['\u{fffd}', '\0'])) {
            Some("encoding_garbled")
        } else {
            None
        };
        Ok(true)
    }

    /// Bytes of the file that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed).min(self.bytes_total)
    }
}

fn columns(names: Vec<String>) -> Result<Vec<String>, ReadError> {
    let mut names = names;
    while names.last().is_some_and(|name| name.trim().is_empty()) && names.len() > 1 {
        names.pop();
    }
    if names.len() > COLUMNS_MAX {
        return Err(ReadError::TooManyColumns(names.len()));
    }
    if names.iter().all(|name| name.trim().is_empty()) {
        return Err(ReadError::NoHeader);
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut unique = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let name = domain::normalise::text::nfc(name.trim().trim_start_matches('\u{feff}'));
        let name: String = if name.is_empty() { format!("column {}", place + 1) } else { name };
        let name: String = name.chars().take(200).collect();
        let times = seen.entry(name.clone()).or_insert(0);
        *times += 1;
        unique.push(if *times == 1 { name } else { format!("{name} ({times})") });
    }
    Ok(unique)
}

fn next_record(
    reader: &mut csv::Reader<Budget>,
    record: &mut csv::StringRecord,
    budget: &AtomicU64,
) -> Result<bool, ReadError> {
    budget.store(0, Ordering::Relaxed);
    let line = reader.position().line();
    reader.read_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            match error.to_string().as_str() {
                ROW_TOO_LONG => ReadError::RowTooLong { line },
                _ => ReadError::InflatedTooLarge,
            }
        }
        csv::ErrorKind::Io(error) => ReadError::Io(error),
        _ => ReadError::NotText("its rows cannot be told apart".into()),
    })
}

const ROW_TOO_LONG: &str = "a row is too long";

/// Lets through what one row may have.
struct Budget {
    inner: Box<dyn Read + Send>,
    used: Arc<AtomicU64>,
}

impl Read for Budget {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if self.used.fetch_add(read as u64, Ordering::Relaxed) > ROW_BYTES_MAX {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, ROW_TOO_LONG));
        }
        Ok(read)
    }
}

/// Counts what comes off the disk.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Ends with an error when more comes out than is allowed.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::InvalidData, "too much comes out of a compressed file")
        })?;
        Ok(read)
    }
}

fn plain(path: &Path, read: &Arc<AtomicU64>) -> Result<impl Read + Send + use<>, ReadError> {
    Ok(BufReader::with_capacity(256 << 10, Counted { inner: File::open(path)?, read: Arc::clone(read) }))
}

/// The bytes of a file, unpacked.
fn unpacked(path: &Path, gz: bool, read: &Arc<AtomicU64>) -> Result<Box<dyn Read + Send>, ReadError> {
    let file = plain(path, read)?;
    Ok(match gz {
        true => Box::new(Limited { inner: MultiGzDecoder::new(file), left: INFLATED_BYTES_MAX }),
        false => Box::new(file),
    })
}

fn decoded(path: &Path, sniffed: &Sniffed, read: &Arc<AtomicU64>) -> Result<Box<dyn Read + Send>, ReadError> {
    Ok(Box::new(Decoding::new(unpacked(path, sniffed.gz, read)?, sniffed.encoding)))
}

fn next_object(
    reader: &mut Box<dyn BufRead + Send>,
    line: &mut u64,
) -> Result<Option<BTreeMap<String, String>>, ReadError> {
    let mut text = Vec::new();
    loop {
        text.clear();
        *line += 1;
        let read = reader.by_ref().take(ROW_BYTES_MAX + 1).read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 > ROW_BYTES_MAX {
            return Err(ReadError::RowTooLong { line: *line });
        }
        if !text.iter().all(u8::is_ascii_whitespace) {
            break;
        }
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(&text) else {
        return Err(ReadError::NotJson { line: *line });
    };
    let mut flat = BTreeMap::new();
    flatten("", Value::Object(object), &mut flat, 0);
    Ok(Some(flat))
}

/// `{"address": {"city": "Huế"}}` is the column `address.city`; a list of texts is one text with semicolons.
fn flatten(prefix: &str, value: Value, flat: &mut BTreeMap<String, String>, depth: usize) {
    let text = match value {
        Value::Object(object) if depth < 5 => {
            for (name, value) in object {
                let path = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
                flatten(&path, value, flat, depth + 1);
            }
            return;
        }
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(list) if list.iter().all(|item| item.is_string() || item.is_number()) => {
            let texts = list.into_iter().map(|item| match item {
                Value::String(text) => text,
                other => other.to_string(),
            });
            texts.collect::<Vec<_>>().join(";")
        }
        other => other.to_string(),
    };
    flat.insert(prefix.to_owned(), text);
}

/// A folder for the files of one job, made if it is missing.
pub fn work_folder(data: &Path, job_id: &str) -> std::io::Result<PathBuf> {
    let folder = data.join("transfer").join(job_id);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
