//! Files that are broken, or made to break something: each gets a clear answer.

use crate::reading::{Folder, read};
use std::io::Write;
use transfer::ReadError;
use zip::write::SimpleFileOptions;

/// A workbook of one sheet with these rows.
pub fn workbook(rows: &str) -> Vec<u8> {
    let sheet = format!(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    );
    archive(&[("xl/worksheets/sheet1.xml", sheet.as_bytes())])
}

fn archive(extra: &[(&str, &[u8])]) -> Vec<u8> {
    let parts: [(&str, &str); 4] = [
        (
            "[Content_Types].xml",
            "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>",
        ),
        (
            "_rels/.rels",
            "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<?xml version=\"1.0\"?><workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
    ];
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let named = parts.iter().map(|(name, text)| (*name, text.as_bytes()));
    for (name, bytes) in named.chain(extra.iter().copied()) {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn what_is_no_table_is_refused_in_words() {
    let folder = Folder::new("refused");
    let check = |name: &str, bytes: &[u8], expect: &str| {
        let error = read(&folder.file(name, bytes), &folder.0).unwrap_err().to_string();
        assert!(error.contains(expect), "{name}: {error}");
    };
    check("empty.csv", b"", "empty");
    check("blank.csv", b"\n\n  \n", "empty");
    check("old.xls", &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], "old Excel");
    check("a.pdf", b"%PDF-1.7 ...", "PDF");
    check("binary.csv", &[1, 2, 3, 4, 5, 200, 201, 7, 8], "no text");
    let tcvn3 = b"Ten,Dia chi\nNguy\xd4n Th\xde H\xad\xeang,Tr\xc7n \xa7\xf8c Th\xbeng\nC\xb8c m\xb7t h\xb5ng,b\xb8n ch\xb9y m\xb8y\n".repeat(20);
    check("tcvn3.csv", &tcvn3, "TCVN3");
    let wide: Vec<String> = (0..10_000).map(|n| format!("c{n}")).collect();
    check("wide.csv", format!("{}\n1\n", wide.join(",")).as_bytes(), "10000 columns; at most 1000");
    let open = format!("a,b\n1,2\n3,\"never closed\n{}", "x,y\n".repeat(2_000_000));
    check("open.csv", open.as_bytes(), "never closed");
    check("fake.xlsx", b"PK\x03\x04 and nothing more", "cannot be read");
    check("no_sheet.xlsx", &archive(&[]), "cannot be read");
}

#[test]
fn rows_that_do_not_fit_are_told_by_their_line() {
    let folder = Folder::new("rows");
    let long = "x".repeat(40_000);
    let text = format!("a,b\n1,2\n3\n4,5,6\n\"7\",\"{long}\"\n8,9\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(b"broken \xff\xfe,1\n");
    let (_, rows) = read(&folder.file("a.csv", &bytes), &folder.0).unwrap();
    let told: Vec<(u64, Option<&str>)> = rows.iter().map(|row| (row.line, row.fault)).collect();
    assert_eq!(
        told[..5],
        [
            (2, None),
            (3, Some("row_too_short")),
            (4, Some("row_too_long")),
            (5, Some("cell_too_large")),
            (6, None)
        ]
    );
}

#[test]
fn a_spreadsheet_that_unpacks_to_too_much_is_refused() {
    let folder = Folder::new("bomb");
    let bomb = vec![b' '; 130 << 20];
    let packed = archive(&[("xl/sharedStrings.xml", bomb.as_slice())]);
    assert!(packed.len() < 1 << 20, "it looks harmless: {} bytes", packed.len());
    let refused = read(&folder.file("bomb.xlsx", &packed), &folder.0);
    assert!(matches!(refused, Err(ReadError::SheetTooLarge(_))), "{refused:?}");
    let ratio = archive(&[("xl/worksheets/sheet1.xml", &bomb[..64 << 20])]);
    let refused = read(&folder.file("ratio.xlsx", &ratio), &folder.0);
    assert!(matches!(refused, Err(ReadError::SheetTooLarge(_))), "{refused:?}");
    // A cell far to the right, as a formatted but empty sheet never has it.
    let far = workbook("<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row>");
    let refused = read(&folder.file("far.xlsx", &far), &folder.0);
    assert!(matches!(refused, Err(ReadError::TooManyColumns(16_384))), "{refused:?}");
}

#[test]
fn a_gzip_of_nothing_but_one_row_is_no_trap() {
    let folder = Folder::new("gzip");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(b"a,b\n").unwrap();
    for _ in 0..64 {
        packed.write_all(&vec![b'0'; 1 << 20]).unwrap();
    }
    let bytes = packed.finish().unwrap();
    let refused = read(&folder.file("zeros.csv.gz", &bytes), &folder.0);
    assert!(matches!(refused, Err(ReadError::RowTooLong { .. })), "{refused:?}");
}
