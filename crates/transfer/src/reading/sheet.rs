//! Spreadsheets: checked for what they unpack to, then written out as CSV once, so that everything else reads one form.

use super::{COLUMNS_MAX, ReadError};
use calamine::{Data, DataRef, Reader, Xlsx};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

/// Parts of one file.
const ENTRIES_MAX: usize = 2_000;
/// All parts unpacked.
const INFLATED_MAX: u64 = 1 << 30;
/// The texts of all sheets, which have to be held in memory.
const TEXTS_MAX: u64 = 128 << 20;
/// From this size on a part must not be smaller packed than 1 to this.
const RATIO_FROM: u64 = 20 << 20;
const RATIO_MAX: u64 = 200;
const ROWS_MAX: u32 = 1_048_576;

/// Writes a sheet as CSV and answers where. An existing one is the same sheet's, of an earlier try.
pub(super) fn spool(path: &Path, sheet: Option<&str>, target: &Path) -> Result<PathBuf, ReadError> {
    check(path)?;
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(BufReader::new(File::open(path)?))
        .map_err(|error: calamine::XlsxError| ReadError::Sheet(error.to_string()))?;
    let names = book.sheet_names();
    let name = match sheet {
        Some(wanted) => names.iter().find(|name| *name == wanted).cloned().ok_or_else(|| {
            ReadError::Sheet(format!("it has no sheet {wanted:?}; it has {}", names.join(", ")))
        })?,
        None => names.first().cloned().ok_or_else(|| ReadError::Sheet("it has no sheet".into()))?,
    };
    let partial = target.with_extension("part");
    write(&mut book, &name, &partial)?;
    std::fs::rename(&partial, target)?;
    Ok(target.to_owned())
}

fn write<R: Read + std::io::Seek>(book: &mut Xlsx<R>, name: &str, target: &Path) -> Result<(), ReadError> {
    let broken = |error: calamine::XlsxError| ReadError::Sheet(error.to_string());
    let mut cells = book.worksheet_cells_reader(name).map_err(broken)?;
    let mut writer = csv::Writer::from_writer(BufWriter::new(File::create(target)?));
    let failed = |error: csv::Error| ReadError::Io(std::io::Error::other(error));
    let mut row: Vec<String> = Vec::new();
    let (mut at, mut width) = (0u32, 1usize);
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (line, column) = cell.get_position();
        if line >= ROWS_MAX {
            return Err(ReadError::SheetTooLarge(format!("it has more than {ROWS_MAX} rows")));
        }
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if column as usize >= COLUMNS_MAX {
            return Err(ReadError::TooManyColumns(column as usize + 1));
        }
        while at < line {
            end_row(&mut writer, &mut row, &mut width).map_err(failed)?;
            at += 1;
        }
        if row.len() <= column as usize {
            row.resize(column as usize + 1, String::new());
        }
        row[column as usize] = text;
    }
    end_row(&mut writer, &mut row, &mut width).map_err(failed)?;
    writer.flush()?;
    Ok(())
}

/// All rows are as wide as the widest so far; the first one that is not empty names the columns.
fn end_row<W: std::io::Write>(
    writer: &mut csv::Writer<W>,
    row: &mut Vec<String>,
    width: &mut usize,
) -> csv::Result<()> {
    *width = (*width).max(row.len());
    row.resize(*width, String::new());
    if *width == 1 && row[0].is_empty() {
        // A blank line would be no record, and the numbers of the rows would be wrong.
        row[0] = " ".into();
    }
    writer.write_record(row.iter())?;
    row.clear();
    Ok(())
}

fn text_of(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::Empty => String::new(),
        Data::String(text) => text,
        Data::Float(number) => number.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(at) if at.is_datetime() => serial(at.as_f64()),
        Data::DateTime(at) => at.as_f64().to_string(),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        Data::Error(error) => format!("#{error:?}"),
    }
}

/// A date as Excel counts: days since 1899-12-30, the time of day as the fraction.
fn serial(days: f64) -> String {
    let seconds = (days * 86_400.0).round() as i64;
    let start = jiff::civil::date(1899, 12, 30).to_datetime(jiff::civil::Time::midnight());
    match start.checked_add(jiff::SignedDuration::from_secs(seconds)) {
        Ok(at) if at.time() == jiff::civil::Time::midnight() => at.date().to_string(),
        Ok(at) => at.to_string(),
        Err(_) => days.to_string(),
    }
}

/// Refuses what says that it unpacks to too much, and what does so without saying.
fn check(path: &Path) -> Result<(), ReadError> {
    let broken = |error: zip::result::ZipError| ReadError::Sheet(error.to_string());
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(broken)?;
    if archive.len() > ENTRIES_MAX {
        return Err(ReadError::SheetTooLarge(format!("it has more than {ENTRIES_MAX} parts")));
    }
    let too_large = |name: &str| ReadError::SheetTooLarge(format!("its part {name:.80} unpacks to too much"));
    let (mut declared, mut actual) = (0u64, 0u64);
    for place in 0..archive.len() {
        let mut part = archive.by_index(place).map_err(broken)?;
        let name = part.name().map_err(broken)?.into_owned();
        let most = if name.to_lowercase().ends_with("sharedstrings.xml") { TEXTS_MAX } else { INFLATED_MAX };
        declared = declared.saturating_add(part.size());
        if part.size() > most || declared > INFLATED_MAX {
            return Err(too_large(&name));
        }
        // One byte more than may be there: what lies about its size is found out.
        let packed = part.compressed_size().max(1);
        let counted = std::io::copy(&mut part.by_ref().take(most + 1), &mut std::io::sink())
            .map_err(|error| ReadError::Sheet(error.to_string()))?;
        actual += counted;
        if counted > most || actual > INFLATED_MAX || (counted > RATIO_FROM && counted / packed > RATIO_MAX) {
            return Err(too_large(&name));
        }
    }
    Ok(())
}
