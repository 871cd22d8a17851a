//! A shop's own CSV file, read by the names of its columns: for the commands that work without a server
//! (`quaylai recommend`, `quaylai predict`).
//!
//! Columns are found by any of the names that people give them, in English or Vietnamese, whatever their case, marks,
//! spaces and underscores. What separates them (comma, semicolon, tab, bar) is seen from the first line. Rows that
//! cannot be read are counted by reason, never guessed.

use domain::normalise::text::strip_marks;
use serde::Serialize;
use std::collections::BTreeMap;

/// A column that is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// How messages call it.
    pub name: &'static str,
    /// Names that it may have, the likeliest first, as [`plain`] writes them.
    pub known_as: &'static [&'static str],
    pub needed: bool,
}

pub const CUSTOMER: Column = Column {
    name: "customer",
    known_as: &[
        "customer",
        "customerid",
        "customernumber",
        "customerno",
        "custid",
        "client",
        "clientid",
        "user",
        "userid",
        "visitorid",
        "visitor",
        "household",
        "householdid",
        "buyer",
        "buyerid",
        "member",
        "memberid",
        "profileid",
        "email",
        "customeremail",
        "phone",
        "khachhang",
        "makhachhang",
        "makh",
        "nguoimua",
        "sodienthoai",
        "sdt",
        "id",
    ],
    needed: true,
};

pub const PRODUCT: Column = Column {
    name: "product",
    known_as: &[
        "product",
        "productid",
        "sku",
        "item",
        "itemid",
        "stockcode",
        "productcode",
        "itemcode",
        "variantid",
        "lineitemsku",
        "asin",
        "movieid",
        "sanpham",
        "masanpham",
        "masp",
        "mahang",
        "mahanghoa",
        "productname",
        "lineitemname",
        "tensanpham",
    ],
    needed: true,
};

pub const TIME: Column = Column {
    name: "time",
    known_as: &[
        "time",
        "timestamp",
        "date",
        "datetime",
        "at",
        "when",
        "day",
        "createdat",
        "orderdate",
        "ordertime",
        "orderedat",
        "placedat",
        "invoicedate",
        "purchasedate",
        "purchasedat",
        "transactiontimestamp",
        "transactiondate",
        "eventtime",
        "eventdate",
        "occurredat",
        "paidat",
        "thoigian",
        "ngay",
        "ngaymua",
        "ngaydat",
        "ngaydathang",
        "ngaytao",
    ],
    needed: false,
};

pub const AMOUNT: Column = Column {
    name: "amount",
    known_as: &[
        "amount",
        "total",
        "value",
        "revenue",
        "spend",
        "spent",
        "sales",
        "salesvalue",
        "ordertotal",
        "ordervalue",
        "totalamount",
        "totalprice",
        "grandtotal",
        "nettotal",
        "price",
        "sotien",
        "tongtien",
        "doanhthu",
        "thanhtien",
        "giatri",
    ],
    needed: false,
};

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the file is empty")]
    Empty,
    #[error("no column for the {name}: the file has {found}; call one of them {name:?}")]
    Missing { name: &'static str, found: String },
    #[error("the first line cannot be read: {0}")]
    Header(#[from] csv::Error),
}

/// Rows that were left out, by reason.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Bad {
    pub rows: u64,
    pub reasons: BTreeMap<&'static str, u64>,
    /// The line of the first one, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_line: Option<u64>,
}

impl Bad {
    pub fn count(&mut self, reason: &'static str, line: u64) {
        self.rows += 1;
        *self.reasons.entry(reason).or_default() += 1;
        self.first_line.get_or_insert(line);
    }
}

/// A name without marks, case and anything but letters and digits.
pub fn plain(name: &str) -> String {
    let name = strip_marks(name.trim_start_matches('\u{feff}'));
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A file whose columns are known.
pub struct Table<'a> {
    reader: csv::Reader<&'a [u8]>,
    record: csv::ByteRecord,
    places: Vec<Option<usize>>,
    /// How the file calls the columns that were found, by our name.
    pub columns: BTreeMap<&'static str, String>,
}

impl<'a> Table<'a> {
    /// Of a whole file; `columns` in the order in which [`Row::text`] asks for them.
    pub fn open(bytes: &'a [u8], columns: &[Column]) -> Result<Table<'a>, TableError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
        if first_line.iter().all(u8::is_ascii_whitespace) {
            return Err(TableError::Empty);
        }
        let separator = [b',', b';', b'\t', b'|']
            .into_iter()
            .max_by_key(|separator| {
                (first_line.iter().filter(|byte| *byte == separator).count(), *separator == b',')
            })
            .unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(bytes);
        let header: Vec<String> = reader
            .byte_headers()?
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        let plain_names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let mut places = Vec::new();
        let mut found = BTreeMap::new();
        for column in columns {
            let place =
                column.known_as.iter().find_map(|known| plain_names.iter().position(|name| name == known));
            if place.is_none() && column.needed {
                return Err(TableError::Missing { name: column.name, found: header.join(", ") });
            }
            if let Some(place) = place {
                found.insert(column.name, header[place].clone());
            }
            places.push(place);
        }
        Ok(Table { reader, record: csv::ByteRecord::new(), places, columns: found })
    }

    /// Whether the file has the column of this place in the list that it was opened with.
    pub fn has(&self, column: usize) -> bool {
        self.places.get(column).copied().flatten().is_some()
    }

    /// The next row and its line; rows that are no CSV are counted.
    pub fn next_row(&mut self, bad: &mut Bad) -> Option<(Row<'_>, u64)> {
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return None,
                Ok(true) => break,
                Err(_) => bad.count("not readable", self.reader.position().line()),
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        Some((Row { record: &self.record, places: &self.places }, line))
    }
}

/// One row.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    record: &'a csv::ByteRecord,
    places: &'a [Option<usize>],
}

impl<'a> Row<'a> {
    /// A value without the blanks around it; empty where there is none or it is no text.
    pub fn text(&self, column: usize) -> &'a str {
        let place = self.places.get(column).copied().flatten();
        let bytes = place.and_then(|place| self.record.get(place)).unwrap_or(&[]);
        std::str::from_utf8(bytes).unwrap_or("").trim()
    }
}

/// A number as people write it: `1234.5`, `1.234,50`, `1,234`, `450.000 ₫`, `-3`. `None` for anything else.
pub fn number(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    let kept: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters > 3 || !kept.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let decimal = match (kept.rfind('.'), kept.rfind(',')) {
        (Some(dot), Some(comma)) => Some(dot.max(comma)),
        (Some(place), None) | (None, Some(place)) => {
            let groups = kept.len() - place - 1 == 3 || kept.matches(['.', ',']).count() > 1;
            (!groups).then_some(place)
        }
        (None, None) => None,
    };
    let written: String = kept
        .char_indices()
        .filter_map(|(place, c)| match c {
            '.' | ',' => (Some(place) == decimal).then_some('.'),
            _ => Some(c),
        })
        .collect();
    written.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Which of two numbers is the day in `03/04/2026`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DayOrder {
    month_first: bool,
}

impl DayOrder {
    /// Told by dates that leave no choice; the day first, as in Vietnam, where none does.
    pub fn seen<'a>(texts: impl IntoIterator<Item = &'a str>) -> DayOrder {
        for text in texts {
            let mut parts = text.split(['/', '-', '.']).map(|part| part.trim().parse::<u32>());
            if let (Some(Ok(first)), Some(Ok(second))) = (parts.next(), parts.next()) {
                if first > 12 && first <= 31 {
                    return DayOrder { month_first: false };
                }
                if first <= 12 && second > 12 && second <= 31 {
                    return DayOrder { month_first: true };
                }
            }
        }
        DayOrder::default()
    }

    /// Milliseconds since 1970 (UTC where the text has no zone) of a date, a date with a time, or a Unix time in
    /// seconds or milliseconds.
    pub fn instant(self, text: &str) -> Option<i64> {
        if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            let number: f64 = text.parse().ok()?;
            return Some(if number.abs() < 1e11 { number * 1000.0 } else { number } as i64);
        }
        let ms = |at: jiff::civil::DateTime| {
            at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_millisecond())
        };
        let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        let parts: Vec<&str> = date.split(['-', '/', '.']).collect();
        let numbers: Option<Vec<i32>> = parts.iter().map(|part| part.parse::<i32>().ok()).collect();
        let (year, month, day) = match (numbers.as_deref(), date.len()) {
            (Some([whole]), 8) => (whole / 10_000, whole / 100 % 100, whole % 100),
            (Some([year, month, day]), _) if parts[0].len() == 4 => (*year, *month, *day),
            (Some([first, second, year]), _) => {
                let year = if *year < 100 { year + 2000 } else { *year };
                if self.month_first { (year, *first, *second) } else { (year, *second, *first) }
            }
            _ => return None,
        };
        let date =
            jiff::civil::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
                .ok()?;
        let clock = clock.trim();
        if clock.is_empty() {
            return ms(date.to_datetime(jiff::civil::Time::midnight()));
        }
        if let Ok(time) = clock.parse::<jiff::civil::Time>() {
            return ms(date.to_datetime(time));
        }
        // With a zone, or with AM and PM.
        if let Ok(at) =
            format!("{date}T{}", clock.replace(" UTC", "Z").replace(' ', "")).parse::<jiff::Timestamp>()
        {
            return Some(at.as_millisecond());
        }
        let (hours, half) = clock.split_once(' ')?;
        let (hour, rest) = hours.split_once(':')?;
        let hour: u32 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
        let hour = hour % 12 + if half.eq_ignore_ascii_case("pm") { 12 } else { 0 };
        let time = format!("{hour:02}:{rest}").parse::<jiff::civil::Time>().ok()?;
        ms(date.to_datetime(time))
    }
}

/// Names in the order in which they came, and their numbers.
#[derive(Clone, Debug, Default)]
pub struct Names {
    numbers: rustc_hash::FxHashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

impl Names {
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.into(), number);
        self.names.push(name.into());
        number
    }

    pub fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_many_names() {
        for header in [
            "Customer ID,StockCode,InvoiceDate",
            "user_id;item_id;timestamp",
            "\u{feff}Mã khách hàng\tMã SP\tNgày",
        ] {
            let file = format!("{header}\n");
            let table = Table::open(file.as_bytes(), &[CUSTOMER, PRODUCT, TIME]).unwrap();
            assert_eq!(table.columns.len(), 3, "{header}");
        }
        let missing = Table::open(b"colour,size\n", &[CUSTOMER, PRODUCT]).err().unwrap().to_string();
        assert!(missing.contains("customer") && missing.contains("colour, size"), "{missing}");
        assert!(matches!(Table::open(b"\n", &[CUSTOMER]), Err(TableError::Empty)));
    }

    #[test]
    fn dates_are_read_as_the_file_writes_them() {
        let day = |text: &str, order: DayOrder| order.instant(text).map(|ms| ms / 86_400_000);
        let (vietnam, america) =
            (DayOrder::seen(["25/12/2025"]), DayOrder::seen(["03/04/2026", "12/25/2025"]));
        for text in
            ["2026-04-03", "2026-04-03 10:20:30", "2026-04-03T23:00:00+07:00", "20260403", "2026/04/03 9:05"]
        {
            assert!(day(text, vietnam).is_some() || text.contains(" 9:"), "{text}");
        }
        assert_eq!(day("03/04/2026", vietnam), day("2026-04-03", vietnam));
        assert_eq!(day("03/04/2026", america), day("2026-03-04", vietnam));
        assert_eq!(vietnam.instant("3/4/2026 1:30:00 PM"), vietnam.instant("2026-04-03 13:30:00"));
        assert_eq!(vietnam.instant("1700000000"), Some(1_700_000_000_000));
        assert_eq!(vietnam.instant("1700000000000"), Some(1_700_000_000_000));
        for text in ["", "soon", "32/01/2026", "2026-13-01", "-"] {
            assert_eq!(vietnam.instant(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, value) in [
            ("12.5", 12.5),
            ("1.234,50", 1234.5),
            ("1,234", 1234.0),
            ("450.000 ₫", 450_000.0),
            ("-3", -3.0),
            ("$1,234.56", 1234.56),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "NaN", "inf", "many", "-"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
