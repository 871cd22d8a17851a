//! What a file says, whatever it was saved as.

use std::io::Write;
use std::path::{Path, PathBuf};
use transfer::ReadError;
use transfer::reading::{Choices, RawRow, Table};

/// A folder of a test, gone when it ends.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("quaylai-transfer-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn read(path: &Path, work: &Path) -> Result<(Vec<String>, Vec<RawRow>), ReadError> {
    let mut table = Table::open(path, &Choices::default(), work)?;
    let mut rows = Vec::new();
    let mut row = RawRow::default();
    while table.next_row(&mut row)? {
        rows.push(row.clone());
    }
    Ok((table.columns.clone(), rows))
}

const TEXT: &str =
    "Tên;Thành phố;Ghi chú\n\"Nguyễn Thị Hường\";Đà Nẵng;\"một; hai\nba\"\nVõ Văn Tường;Huế;\n";

fn check(folder: &Folder, name: &str, bytes: &[u8]) {
    let (columns, rows) = read(&folder.file(name, bytes), &folder.0).unwrap();
    assert_eq!(columns, ["Tên", "Thành phố", "Ghi chú"], "{name}");
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells.clone()).collect();
    assert_eq!(
        cells,
        [["Nguyễn Thị Hường", "Đà Nẵng", "một; hai\nba"], ["Võ Văn Tường", "Huế", ""]],
        "{name}"
    );
    assert!(rows.iter().all(|row| row.fault.is_none()), "{name}");
}

#[test]
fn the_same_table_in_every_encoding() {
    let folder = Folder::new("encodings");
    check(&folder, "utf8.csv", TEXT.as_bytes());
    check(&folder, "mark.csv", &[b"\xef\xbb\xbf", TEXT.as_bytes()].concat());
    let utf16: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&folder, "utf16.csv", &[b"\xff\xfe", utf16.as_slice()].concat());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(TEXT.as_bytes()).unwrap();
    check(&folder, "packed.csv.gz", &packed.finish().unwrap());
    // Windows-1258 has â ê ô ơ ư đ as letters and the tones as marks behind them.
    let mut marked = String::new();
    for c in TEXT.chars() {
        let parts: &str = match c {
            'ễ' => "ê\u{303}",
            'ị' => "i\u{323}",
            'ờ' => "ơ\u{300}",
            'ẵ' => "ă\u{303}",
            'õ' => "o\u{303}",
            'ế' => "ê\u{301}",
            'ộ' => "ô\u{323}",
            'ố' => "ô\u{301}",
            other => {
                marked.push(other);
                continue;
            }
        };
        marked.push_str(parts);
    }
    let (bytes, _, lost) = encoding_rs::WINDOWS_1258.encode(&marked);
    assert!(!lost);
    check(&folder, "cp1258.csv", &bytes);
}

#[test]
fn json_lines_are_a_table_too() {
    let folder = Folder::new("json");
    let text = "{\"email\":\"a@b.vn\",\"address\":{\"city\":\"Huế\"},\"tags\":[\"x\",\"y\"],\"n\":1.50}\n\n{\"email\":null,\"more\":true}\n";
    let (columns, rows) = read(&folder.file("a.jsonl", text.as_bytes()), &folder.0).unwrap();
    assert_eq!(columns, ["address.city", "email", "n", "tags", "more"]);
    assert_eq!(rows[0].cells, ["Huế", "a@b.vn", "1.5", "x;y", ""]);
    assert_eq!((rows[1].line, rows[1].cells[4].as_str()), (3, "true"));
}

#[test]
fn a_spreadsheet_is_a_table_too() {
    let folder = Folder::new("sheet");
    let path = folder.file("a.xlsx", &super::hostile::workbook(
        "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Mã</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>Giá</t></is></c></row>\
         <row r=\"3\"><c r=\"A3\"><v>17850</v></c><c r=\"B3\"><v>2.5499999999999998</v></c></row>",
    ));
    let (columns, rows) = read(&path, &folder.0).unwrap();
    assert_eq!(columns, ["Mã", "Giá"]);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].line, rows[0].cells.clone()), (3, vec!["17850".to_owned(), "2.55".to_owned()]));
}
