//! Orders from a CSV file of any shop: which columns mean what, dates and amounts as people write them.

use crate::forecast::{DAYS_MAX, Purchases};
use domain::commerce::Day;
use jiff::civil::Date;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::io::Read;

/// Problems that are told with their line.
pub const PROBLEMS_MAX: usize = 20;

/// Names of columns, where they are not the usual ones.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Columns {
    pub customer: Option<String>,
    pub time: Option<String>,
    pub amount: Option<String>,
}

/// Which number comes first in dates such as 03/04/2026.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    DayFirst,
    MonthFirst,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the file is empty")]
    Empty,
    #[error("no column for {what}: the file has {found}. Name it with --{what}-column, or call it {usual}")]
    NoColumn { what: &'static str, found: String, usual: &'static str },
    #[error("no row could be read; the first: {0}")]
    NoRows(String),
    #[error("the file cannot be read: {0}")]
    Broken(String),
}

/// A row that was left out.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Problem {
    pub line: u64,
    pub why: String,
}

/// What a file held.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Told {
    pub rows: u64,
    /// Rows that were left out: without a customer, with a date or an amount that is none.
    pub rows_left_out: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
    /// Rows with an amount below zero.
    pub refunds: u64,
    /// Of them those that were larger than all purchases before.
    pub refunds_without_purchase: u64,
    /// Purchases (days) that were wholly given back.
    pub purchases_given_back: u64,
    pub columns: [Option<String>; 3],
    /// How dates with slashes were read, where there were any.
    pub date_order: Option<DateOrder>,
    /// Whether amounts such as 100.000 were taken for a hundred thousand: when every point in the column has three
    /// digits behind it and at most three before.
    pub point_is_thousands: bool,
}

/// All rows of a file by customer.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// In the order in which they first occur.
    pub customers: Vec<String>,
    /// (customer, day, hundredths of a unit)
    rows: Vec<(u32, Day, i64)>,
    pub told: Told,
    pub has_amounts: bool,
}

const CUSTOMER: [&str; 19] = [
    "customer",
    "customerid",
    "customerno",
    "customernumber",
    "cust",
    "custid",
    "user",
    "userid",
    "client",
    "clientid",
    "buyer",
    "buyerid",
    "masterid",
    "householdid",
    "email",
    "phone",
    "makhachhang",
    "khachhang",
    "id",
];
const TIME: [&str; 20] = [
    "time",
    "date",
    "orderdate",
    "ordertime",
    "orderedat",
    "placedat",
    "createdat",
    "invoicedate",
    "purchasedate",
    "timestamp",
    "datetime",
    "transactiondate",
    "transactiontimestamp",
    "day",
    "ngay",
    "ngaydat",
    "ngaydathang",
    "ngaymua",
    "thoigian",
    "ngaytao",
];
const AMOUNT: [&str; 18] = [
    "amount",
    "total",
    "value",
    "ordertotal",
    "totalamount",
    "totalprice",
    "net",
    "netamount",
    "revenue",
    "sales",
    "salesvalue",
    "spend",
    "paid",
    "price",
    "sotien",
    "tongtien",
    "thanhtien",
    "doanhthu",
];

/// A header as it is compared: small letters and digits, Vietnamese marks taken off.
fn plain(header: &str) -> String {
    let base = |c: char| match c {
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ' | 'ẫ'
        | 'ậ' => 'a',
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ' => 'e',
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị' => 'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở' | 'ỡ'
        | 'ợ' => 'o',
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' => 'u',
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ' => 'y',
        'đ' => 'd',
        other => other,
    };
    header.to_lowercase().chars().map(base).filter(char::is_ascii_alphanumeric).collect()
}

fn find(
    headers: &csv::StringRecord,
    named: Option<&String>,
    usual: &[&str],
    what: &'static str,
) -> Result<Option<usize>, Unreadable> {
    let list = || headers.iter().map(|header| format!("{:?}", header.trim())).collect::<Vec<_>>().join(", ");
    match named {
        Some(name) => match headers.iter().position(|header| plain(header) == plain(name)) {
            Some(at) => Ok(Some(at)),
            None => Err(Unreadable::NoColumn { what, found: list(), usual: "as it is named there" }),
        },
        None => Ok(usual.iter().find_map(|usual| headers.iter().position(|header| plain(header) == *usual))),
    }
}

fn day_number(year: i16, month: i8, day: i8) -> Option<Day> {
    let date = Date::new(year, month, day).ok()?;
    date.since(Date::constant(1970, 1, 1)).ok().map(|span| span.get_days())
}

/// Digits at the beginning, how many they are, and the rest.
fn digits(text: &[u8]) -> (i64, usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).take(18).count();
    let number = text[..count].iter().fold(0i64, |number, byte| number * 10 + i64::from(byte - b'0'));
    (number, count, &text[count..])
}

/// A date as it was written: settled, or three numbers of which the first two may change places.
enum Written {
    Day(Day),
    Slashed(i64, i64, i64),
}

/// `2026-01-31`, with or without a time, `20260131`, `31/01/2026`, `31.01.2026`, `31-1-2026`, seconds or milliseconds
/// since 1970. The day is that of the calendar in which it was written; of a timestamp it is UTC's.
fn date(text: &str) -> Option<Written> {
    let text = text.trim().as_bytes();
    let (first, first_len, rest) = digits(text);
    if rest.is_empty() {
        return match first_len {
            8 => Some(Written::Day(day_number(
                i16::try_from(first / 10_000).ok()?,
                (first / 100 % 100) as i8,
                (first % 100) as i8,
            )?)),
            9 | 10 => Some(Written::Day(Day::try_from(first.div_euclid(86_400)).ok()?)),
            12 | 13 => Some(Written::Day(Day::try_from(first.div_euclid(86_400_000)).ok()?)),
            _ => None,
        };
    }
    let separator = *rest.first()?;
    if !matches!(separator, b'-' | b'/' | b'.') || !(1..=4).contains(&first_len) {
        return if first_len >= 9 && separator == b'.' {
            Some(Written::Day((first / 86_400) as Day))
        } else {
            None
        };
    }
    let (second, second_len, rest) = digits(&rest[1..]);
    if !(1..=2).contains(&second_len) || rest.first() != Some(&separator) {
        return None;
    }
    let (third, third_len, rest) = digits(&rest[1..]);
    // What follows a date is a time, and it begins with a space or a T.
    if third_len == 0 || rest.first().is_some_and(|next| !matches!(next, b' ' | b'T' | b't' | b',')) {
        return None;
    }
    if first_len == 4 {
        return Some(Written::Day(day_number(
            i16::try_from(first).ok()?,
            second as i8,
            i8::try_from(third).ok()?,
        )?));
    }
    let year = match third_len {
        4 => third,
        2 => third + if third < 70 { 2_000 } else { 1_900 },
        _ => return None,
    };
    Some(Written::Slashed(first, second, year))
}

/// A day as `2026-01-31` or in another of the forms that need no guess.
pub fn day(text: &str) -> Option<Day> {
    match date(text)? {
        Written::Day(day) => Some(day),
        Written::Slashed(day, month, year) => day_number(i16::try_from(year).ok()?, month as i8, day as i8),
    }
}

/// `1234.5`, `1,234.50`, `1.234,50`, `1.234.567`, `-5`, `(5)`, with a currency before or behind, in hundredths.
fn amount(text: &str) -> Option<i64> {
    let text = text.trim();
    let is_negative =
        text.contains('-') || text.contains('−') || (text.starts_with('(') && text.ends_with(')'));
    if let Ok(number) = text.parse::<f64>() {
        return (number.is_finite() && number.abs() < 9e14).then(|| (number * 100.0).round() as i64);
    }
    let kept: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.' || *c == ',').collect();
    let kept = kept.trim_matches(|c| c == '.' || c == ',');
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if kept.is_empty() || letters > 4 {
        return None;
    }
    let last = kept.rfind(['.', ',']);
    let is_decimal = last.is_some_and(|at| {
        let mark = kept.as_bytes()[at];
        let behind = kept.len() - at - 1;
        let alone = kept.bytes().filter(|byte| *byte == mark).count() == 1;
        let mixed = kept.contains('.') && kept.contains(',');
        alone && (behind != 3 || mixed)
    });
    let number: f64 = match (last, is_decimal) {
        (Some(at), true) => {
            let whole: String = kept[..at].chars().filter(char::is_ascii_digit).collect();
            format!("{whole}.{}", &kept[at + 1..]).parse().ok()?
        }
        _ => kept.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()?,
    };
    let number = if is_negative { -number } else { number };
    (number.abs() < 9e14).then(|| (number * 100.0).round() as i64)
}

/// Whether a number with a point is a decimal one for certain (`Some(false)`), or may be meant in thousands
/// (`Some(true)`); `None` without a point.
fn may_be_thousands(text: &str) -> Option<bool> {
    let (before, behind) = text.trim().trim_start_matches('-').split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    Some(
        digits(before)
            && digits(behind)
            && (1..=3).contains(&before.len())
            && behind.len() == 3
            && before != "0",
    )
}

impl Orders {
    /// Reads everything. Rows that make no sense are left out and told.
    ///
    /// # Errors
    /// [`Unreadable`] where a needed column is missing or no row is left.
    pub fn read(
        mut input: impl Read,
        columns: &Columns,
        order: Option<DateOrder>,
    ) -> Result<Orders, Unreadable> {
        let mut head = vec![0; 64 * 1024];
        let mut held = 0;
        while held < head.len() {
            match input.read(&mut head[held..]) {
                Ok(0) => break,
                Ok(count) => held += count,
                Err(error) => return Err(Unreadable::Broken(error.to_string())),
            }
        }
        head.truncate(held);
        if head.iter().all(u8::is_ascii_whitespace) {
            return Err(Unreadable::Empty);
        }
        if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
            return Err(Unreadable::Broken("it is UTF-16; save it as CSV in UTF-8".into()));
        }
        let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |mark: u8| first_line.iter().filter(|byte| **byte == mark).count();
        let delimiter = [b',', b';', b'\t', b'|']
            .into_iter()
            .max_by_key(|mark| (count(*mark), *mark == b','))
            .unwrap_or(b',');
        let start = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let whole = std::io::Cursor::new(head.split_off(start)).chain(input);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(whole);
        let headers = reader.headers().map_err(|error| Unreadable::Broken(error.to_string()))?.clone();
        let needed = |what, found: Option<usize>, usual| {
            let list =
                || headers.iter().map(|header| format!("{:?}", header.trim())).collect::<Vec<_>>().join(", ");
            found.ok_or_else(|| Unreadable::NoColumn { what, found: list(), usual })
        };
        let customer_at = needed(
            "customer",
            find(&headers, columns.customer.as_ref(), &CUSTOMER, "customer")?,
            "customer",
        )?;
        let time_at = needed("time", find(&headers, columns.time.as_ref(), &TIME, "time")?, "time")?;
        let amount_at = find(&headers, columns.amount.as_ref(), &AMOUNT, "amount")?;
        let mut orders = Orders { has_amounts: amount_at.is_some(), ..Orders::default() };
        orders.told.columns = [Some(customer_at), Some(time_at), amount_at]
            .map(|at| at.and_then(|at| headers.get(at)).map(|name| name.trim().to_owned()));
        let mut known: FxHashMap<Vec<u8>, u32> = FxHashMap::default();
        // Dates that may be read in two ways wait until all are seen: (row, first, second, year, line).
        let mut open: Vec<(usize, i64, i64, i64, u64)> = Vec::new();
        let (mut day_first, mut month_first) = (0u64, 0u64);
        let (mut in_thousands, mut is_decimal) = (Vec::new(), false);
        let mut lines: Vec<u64> = Vec::new();
        let mut row = csv::ByteRecord::new();
        loop {
            match reader.read_byte_record(&mut row) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => return Err(Unreadable::Broken(error.to_string())),
            }
            // A record's own position is that of the empty lines before it.
            let line = row.position().map_or(0, csv::Position::line).max(reader.position().line() - 1);
            if row.iter().all(|field| field.trim_ascii().is_empty()) {
                continue;
            }
            orders.told.rows += 1;
            let field = |at: usize| std::str::from_utf8(row.get(at).unwrap_or_default()).unwrap_or_default();
            let id = row.get(customer_at).unwrap_or_default().trim_ascii();
            if id.is_empty() {
                orders.leave_out(line, || "no customer".into());
                continue;
            }
            let paid = match amount_at.map(|at| (field(at), amount(field(at)))) {
                None => 0,
                Some((_, Some(paid))) => paid,
                Some((text, None)) => {
                    orders.leave_out(line, || format!("{text:?} is no amount"));
                    continue;
                }
            };
            let day = match date(field(time_at)) {
                Some(Written::Day(day)) => day,
                Some(Written::Slashed(first, second, year)) => {
                    day_first += u64::from(first > 12);
                    month_first += u64::from(second > 12);
                    open.push((orders.rows.len(), first, second, year, line));
                    Day::MIN
                }
                None => {
                    let text = field(time_at).to_owned();
                    orders.leave_out(line, || format!("{text:?} is no date"));
                    continue;
                }
            };
            let customer = match known.get(id) {
                Some(customer) => *customer,
                None => {
                    let customer = orders.customers.len() as u32;
                    orders.customers.push(String::from_utf8_lossy(id).into_owned());
                    known.insert(id.to_vec(), customer);
                    customer
                }
            };
            orders.told.refunds += u64::from(paid < 0);
            match amount_at.and_then(|at| may_be_thousands(field(at))) {
                Some(true) => in_thousands.push(orders.rows.len()),
                Some(false) => is_decimal = true,
                None => {}
            }
            orders.rows.push((customer, day, paid));
            lines.push(line);
        }
        if !is_decimal && !in_thousands.is_empty() {
            orders.told.point_is_thousands = true;
            in_thousands.iter().for_each(|at| orders.rows[*at].2 *= 1_000);
        }
        if !open.is_empty() {
            let order = order.unwrap_or(if month_first > day_first {
                DateOrder::MonthFirst
            } else {
                DateOrder::DayFirst
            });
            orders.told.date_order = Some(order);
            for (at, first, second, year, line) in open {
                let (day, month) =
                    if order == DateOrder::DayFirst { (first, second) } else { (second, first) };
                let found =
                    i16::try_from(year).ok().and_then(|year| day_number(year, month as i8, day as i8));
                match found {
                    Some(day) => orders.rows[at].1 = day,
                    None => orders.leave_out(line, || format!("{first}/{second}/{year} is no date")),
                }
            }
        }
        orders.leave_out_mistaken(&lines);
        if orders.rows.is_empty() {
            let first = orders.told.problems.first();
            let why =
                first.map_or("there is none".into(), |first| format!("line {}: {}", first.line, first.why));
            return Err(Unreadable::NoRows(why));
        }
        // By customer and day; on a day what was bought before what was given back.
        orders.rows.sort_unstable_by_key(|row| (row.0, row.1, row.2 < 0));
        Ok(orders)
    }

    /// Leaves out rows without a day, and those of which a clock or a keyboard was wrong: further from the middle one of
    /// all rows than a shop's history can reach, they would stretch it, or what came after it, by centuries.
    fn leave_out_mistaken(&mut self, lines: &[u64]) {
        let mut days: Vec<Day> = self.rows.iter().map(|row| row.1).filter(|day| *day != Day::MIN).collect();
        if days.is_empty() {
            self.rows.clear();
            return;
        }
        let middle = days.len() / 2;
        let middle = *days.select_nth_unstable(middle).1;
        let near = middle.saturating_sub(DAYS_MAX)..=middle.saturating_add(DAYS_MAX);
        let rows = std::mem::take(&mut self.rows);
        for (row, line) in rows.iter().zip(lines) {
            if row.1 != Day::MIN && !near.contains(&row.1) {
                self.leave_out(*line, || "its date is more than thirty years from those of most rows".into());
            }
        }
        self.rows = rows;
        self.rows.retain(|row| near.contains(&row.1));
    }

    fn leave_out(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.told.rows_left_out += 1;
        if self.told.problems.len() < PROBLEMS_MAX {
            self.told.problems.push(Problem { line, why: why() });
        }
    }

    /// First and last day.
    pub fn span(&self) -> Option<(Day, Day)> {
        Some((self.rows.iter().map(|row| row.1).min()?, self.rows.iter().map(|row| row.1).max()?))
    }

    /// The purchases by day until the end of a day, refunds taken off the purchases before them, the newest first; a
    /// purchase that was wholly given back is none. Beside them who each customer is, and (refunds larger than all
    /// purchases, purchases given back).
    pub fn purchases(&self, until: Day) -> (Purchases, Vec<u32>, (u64, u64)) {
        let mut purchases = Purchases::default();
        let mut who = Vec::new();
        let (mut beyond, mut given_back) = (0, 0);
        let mut days: Vec<(Day, i64)> = Vec::new();
        for of_one in self.rows.chunk_by(|one, other| one.0 == other.0) {
            days.clear();
            for (_, day, paid) in of_one.iter().filter(|row| row.1 <= until) {
                if *paid >= 0 {
                    match days.last_mut() {
                        Some(last) if last.0 == *day => last.1 = last.1.saturating_add(*paid),
                        _ => days.push((*day, *paid)),
                    }
                    continue;
                }
                let mut left = paid.saturating_neg();
                for held in days.iter_mut().rev() {
                    let taken = left.min(held.1);
                    held.1 -= taken;
                    left -= taken;
                    if taken > 0 && held.1 == 0 {
                        held.1 = -1;
                        given_back += 1;
                    }
                    if left == 0 {
                        break;
                    }
                }
                days.retain(|held| held.1 >= 0);
                beyond += u64::from(left > 0);
            }
            let before = purchases.customers();
            purchases.push(&mut days, Day::MIN..=Day::MAX);
            if purchases.customers() > before {
                who.push(of_one[0].0);
            }
        }
        (purchases, who, (beyond, given_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Orders {
        Orders::read(text.as_bytes(), &Columns::default(), None).expect("readable")
    }

    fn only(text: &str) -> Option<Day> {
        match date(text)? {
            Written::Day(day) => Some(day),
            Written::Slashed(..) => None,
        }
    }

    #[test]
    fn dates_as_people_and_programs_write_them() {
        let day = day_number(1997, 9, 30);
        for text in [
            "1997-09-30",
            "1997-09-30T23:59:59+07:00",
            "1997-09-30 08:00",
            "1997/9/30",
            "19970930",
            "875577600",
        ] {
            assert_eq!(only(text), day, "{text}");
        }
        assert_eq!(only("875577600000"), day);
        for text in ["", "soon", "1997-13-01", "1997-02-30", "12", "1997-09-3012", "-5"] {
            assert!(date(text).is_none(), "{text}");
        }
    }

    #[test]
    fn which_part_of_a_date_is_the_month_follows_from_all_of_them() {
        let of = |text: &str| read(text).rows.iter().map(|row| row.1).collect::<Vec<_>>();
        let spring = day_number(2026, 3, 4).expect("a day");
        assert_eq!(of("customer,date\na,04/03/2026\n"), [spring]);
        assert_eq!(of("customer,date\na,03/04/2026 10:00\na,03/25/26\n"), [spring, spring + 21]);
        let told = read("customer,date\na,03/04/2026\na,25/04/2026\nb,04/25/2026\n").told;
        assert_eq!((told.date_order, told.rows_left_out), (Some(DateOrder::DayFirst), 1));
    }

    #[test]
    fn amounts_as_people_write_them() {
        for (text, cents) in [
            ("12.5", 1_250),
            ("-3", -300),
            ("1,234.50", 123_450),
            ("1.234,50", 123_450),
            ("1.234.567", 123_456_700),
            ("250.000 ₫", 25_000_000),
            ("12,5", 1_250),
            ("£7.99", 799),
            ("(15.00)", -1_500),
            ("1e3", 100_000),
            ("120.000đ", 12_000_000),
        ] {
            assert_eq!(amount(text), Some(cents), "{text}");
        }
        for text in ["", "free", "NaN", "inf", "unknown 5"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }

    #[test]
    fn columns_by_their_usual_names_in_any_order() {
        let orders =
            read("\u{feff}Tổng tiền;Ngày đặt;Mã khách hàng\n100.000;2026-01-05;K1\n5;2026-01-06;K2\n");
        assert_eq!((orders.customers.as_slice(), orders.told.rows), (&["K1".to_owned(), "K2".into()][..], 2));
        assert_eq!(orders.rows[0].2, 10_000_000);
        let named = Columns { customer: Some("Who".into()), ..Columns::default() };
        let orders =
            Orders::read("who,id,time\nx,1,2026-01-05\n".as_bytes(), &named, None).expect("readable");
        assert_eq!((orders.customers.as_slice(), orders.has_amounts), (&["x".to_owned()][..], false));
        let error = Orders::read("a,b\n1,2\n".as_bytes(), &Columns::default(), None).expect_err("no columns");
        assert!(
            error.to_string().contains("--customer-column") && error.to_string().contains("\"a\", \"b\"")
        );
        assert!(matches!(Orders::read("".as_bytes(), &Columns::default(), None), Err(Unreadable::Empty)));
    }

    #[test]
    fn bad_rows_are_told_with_their_line_and_the_rest_is_read() {
        let orders = read(
            "customer,time,amount\na,2026-01-05,1\n,2026-01-05,1\nb,then,1\n\nc,2026-01-06,x\nd\na,2026-01-06,2\n",
        );
        let lines: Vec<u64> = orders.told.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(
            (lines.as_slice(), orders.told.rows_left_out, orders.told.rows),
            (&[3, 4, 6, 7][..], 4, 6)
        );
        let mistaken =
            read("customer,time\na,2026-01-05\na,9999-12-31\na,2026-02-05\na,0001-01-01\na,01/02/1926\n");
        let lines: Vec<u64> = mistaken.told.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(
            (lines.as_slice(), mistaken.told.rows_left_out, mistaken.rows.len()),
            (&[3, 5, 6][..], 3, 2)
        );
        let utf16: Vec<u8> = "\u{feff}customer,time".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let error = Orders::read(&utf16[..], &Columns::default(), None).expect_err("not readable");
        assert!(error.to_string().contains("UTF-8"), "{error}");
        assert!(matches!(
            Orders::read("customer,time\n,1\n".as_bytes(), &Columns::default(), None),
            Err(Unreadable::NoRows(why)) if why.contains("line 2")
        ));
    }

    #[test]
    fn refunds_take_off_the_purchases_before_them() {
        let orders = read(concat!(
            "customer,time,amount\n",
            "a,2026-01-01,10\na,2026-01-01,5\na,2026-02-01,20\na,2026-02-05,-25\na,2026-03-01,4\n",
            "b,2026-01-01,-7\nb,2026-01-02,3\nb,2026-01-03,-9\n",
        ));
        let (all, who, (beyond, given_back)) = orders.purchases(Day::MAX);
        let start = day_number(2026, 1, 1).expect("a day");
        assert_eq!(all.of(0), (&[start, start + 59][..], &[1_000, 400][..]));
        assert_eq!((all.customers(), who.as_slice(), beyond, given_back), (1, &[0][..], 2, 2));
        let (before, who, _) = orders.purchases(start + 35 - 1);
        assert_eq!((before.of(0).0, who.len()), (&[start, start + 31][..], 1));
    }
}
