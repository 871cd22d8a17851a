//! The file of rows that were not taken: as they stood, with what is wrong and what to do, to be mended in a
//! spreadsheet and imported again.

use crate::rows::Fault;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Rows that the file keeps; more are counted only.
const ROWS_MAX: u64 = 1_000_000;

/// What to do about a code, in English and Vietnamese.
pub fn advice(code: &str) -> (&'static str, &'static str) {
    match code {
        "row_too_long" => (
            "more cells than columns: is there a separator inside a cell without quotation marks?",
            "nhiều ô hơn số cột: có dấu phân cách nằm trong ô mà không đặt trong dấu ngoặc kép?",
        ),
        "row_too_short" => {
            ("fewer cells than columns: complete the row", "thiếu ô so với số cột: hãy điền đủ hàng")
        }
        "cell_too_large" => ("a cell has more than 32 KB: shorten it", "một ô dài quá 32 KB: hãy rút gọn"),
        "encoding_garbled" => {
            ("characters were lost: save the file as UTF-8", "ký tự bị hỏng: hãy lưu tệp với bảng mã UTF-8")
        }
        "identifier_missing" => (
            "nobody is named: fill in e-mail, phone or id",
            "chưa có thông tin nhận diện: hãy điền email, số điện thoại hoặc mã khách",
        ),
        "identifier_malformed" => {
            ("this is no valid address or number", "địa chỉ hoặc số điện thoại không hợp lệ")
        }
        "identifier_masked" => (
            "a masked value (******12) identifies nobody",
            "giá trị đã bị che (******12) không nhận diện được ai",
        ),
        "identifier_placeholder" => (
            "a made-up value (0000000000, test@test.com) identifies nobody",
            "giá trị điền cho có (0000000000, test@test.com) không nhận diện được ai",
        ),
        "identifier_too_long" => ("an identifier has at most 300 bytes", "mã nhận diện dài tối đa 300 byte"),
        "number_unreadable" => {
            ("this is no number in the notation of the column", "đây không phải là số theo cách viết của cột")
        }
        "number_too_large" => ("the number is too large", "con số quá lớn"),
        "boolean_unreadable" => ("write yes or no", "hãy ghi có hoặc không"),
        "date_unreadable" => (
            "this is no date in the order of the column (dd/mm or mm/dd)",
            "đây không phải là ngày theo thứ tự của cột (dd/mm hay mm/dd)",
        ),
        "date_too_early" => ("the date lies before 1980", "ngày nằm trước năm 1980"),
        "date_in_the_future" => ("the date lies in the future", "ngày nằm trong tương lai"),
        "value_too_large" => ("the value is too long: shorten it", "giá trị quá dài: hãy rút gọn"),
        "id_unusable" => (
            "an id has at most 200 bytes and no control characters",
            "mã dài tối đa 200 byte và không chứa ký tự điều khiển",
        ),
        "order_id_missing" => ("fill in the order's number", "hãy điền mã đơn hàng"),
        "ordered_at_missing" => ("fill in when it was ordered", "hãy điền thời điểm đặt hàng"),
        "order_incomplete" => (
            "another line of this order was rejected; mend that one and import both",
            "một dòng khác của đơn này bị từ chối; hãy sửa dòng đó rồi nhập lại cả đơn",
        ),
        "order_too_large" => ("the order has more than 100,000 lines", "đơn hàng có hơn 100.000 dòng"),
        "quantity_not_whole" => ("a quantity is a whole number", "số lượng phải là số nguyên"),
        "quantity_negative" => ("the quantity is below zero", "số lượng nhỏ hơn 0"),
        "currency_unknown" => {
            ("a currency is three letters, such as VND", "mã tiền tệ gồm ba chữ cái, ví dụ VND")
        }
        "product_id_missing" => ("fill in the product's id", "hãy điền mã sản phẩm"),
        "price_negative" => ("the price is below zero", "giá nhỏ hơn 0"),
        "at_missing" => ("fill in when it happened", "hãy điền thời điểm xảy ra"),
        "event_missing" => ("fill in the event's name", "hãy điền tên sự kiện"),
        "event_name_too_long" => ("an event's name has at most 200 bytes", "tên sự kiện dài tối đa 200 byte"),
        "row_too_rich" => (
            "the row holds more than an import takes of one person",
            "hàng chứa nhiều dữ liệu hơn mức cho phép đối với một người",
        ),
        _ => ("see docs/data.md", "xem docs/data.md"),
    }
}

/// A text that a spreadsheet program does not take for a formula. A plain number stays what it is.
pub fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = text.parse::<f64>().is_ok();
    if risky && !number { format!("'{text}").into() } else { text.into() }
}

/// Writes the file anew; of the same import it is always the same.
pub struct Rejected {
    writer: csv::Writer<BufWriter<File>>,
    pub rows: u64,
}

impl Rejected {
    pub fn create(path: &Path, columns: &[String]) -> std::io::Result<Rejected> {
        let mut file = BufWriter::new(File::create(path)?);
        // By this mark Excel knows that it is UTF-8.
        file.write_all(b"\xef\xbb\xbf")?;
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
        let head = ["line", "code", "column", "what_to_do", "cach_xu_ly"];
        let named = columns.iter().map(|name| harmless(name).into_owned());
        writer.write_record(head.iter().map(|name| (*name).to_owned()).chain(named))?;
        Ok(Rejected { writer, rows: 0 })
    }

    pub fn add(&mut self, line: u64, fault: &Fault, cells: &[String]) -> std::io::Result<()> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Ok(());
        }
        let (english, vietnamese) = advice(fault.code);
        let head = [
            line.to_string(),
            fault.code.to_owned(),
            harmless(fault.column.as_deref().unwrap_or("")).into_owned(),
            english.to_owned(),
            vietnamese.to_owned(),
        ];
        let cells = cells.iter().map(|cell| harmless(cell).into_owned());
        Ok(self.writer.write_record(head.into_iter().chain(cells))?)
    }

    pub fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless() {
        let check = |text: &str, expect: &str| assert_eq!(harmless(text), expect);
        check("=1+1", "'=1+1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0");
        check("-12.5", "-12.5");
        check("-2+3", "'-2+3");
        check("+84901234567", "+84901234567");
        check("\t=1", "'\t=1");
        check("Hạnh", "Hạnh");
    }
}
