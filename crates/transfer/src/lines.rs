//! Brings the lines of one order together, wherever they stand in the file, in bounded memory: lines are sorted in
//! runs that are written out, and the runs are read side by side.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Memory for lines that wait to be sorted.
const RUN_BYTES: usize = 48 << 20;

type Line = (String, u64, Vec<String>);
/// The next line of a run: its key, its place in the file, which run, its cells.
type Head = Reverse<(String, u64, usize, Vec<String>)>;

pub struct Sorter {
    folder: PathBuf,
    run_bytes: usize,
    held: Vec<Line>,
    bytes: usize,
    runs: Vec<PathBuf>,
}

impl Sorter {
    pub fn new(folder: &Path) -> Sorter {
        Sorter {
            folder: folder.to_owned(),
            run_bytes: RUN_BYTES,
            held: Vec::new(),
            bytes: 0,
            runs: Vec::new(),
        }
    }

    pub fn push(&mut self, key: String, line: u64, cells: Vec<String>) -> std::io::Result<()> {
        self.bytes += key.len() + cells.iter().map(|cell| cell.len() + 24).sum::<usize>() + 64;
        self.held.push((key, line, cells));
        if self.bytes > self.run_bytes { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> std::io::Result<()> {
        self.held.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let path = self.folder.join(format!("lines-{}.run", self.runs.len()));
        let mut file = BufWriter::with_capacity(256 << 10, File::create(&path)?);
        for (key, line, cells) in self.held.drain(..) {
            put(&mut file, key.as_bytes())?;
            file.write_all(&line.to_le_bytes())?;
            file.write_all(&(cells.len() as u32).to_le_bytes())?;
            for cell in &cells {
                put(&mut file, cell.as_bytes())?;
            }
        }
        file.flush()?;
        self.runs.push(path);
        self.bytes = 0;
        Ok(())
    }

    /// The lines by key, those of one key by their place in the file.
    pub fn finish(mut self) -> std::io::Result<Groups> {
        self.held.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let mut groups = Groups { runs: Vec::new(), heads: BinaryHeap::new(), files: self.runs.clone() };
        groups.runs.push(Run::Memory(std::mem::take(&mut self.held).into_iter()));
        for path in &self.runs {
            groups.runs.push(Run::File(BufReader::with_capacity(64 << 10, File::open(path)?)));
        }
        for place in 0..groups.runs.len() {
            groups.refill(place)?;
        }
        Ok(groups)
    }
}

enum Run {
    Memory(std::vec::IntoIter<Line>),
    File(BufReader<File>),
}

pub struct Groups {
    runs: Vec<Run>,
    heads: BinaryHeap<Head>,
    files: Vec<PathBuf>,
}

/// All lines of one key.
#[derive(Default, Debug)]
pub struct Group {
    pub key: String,
    pub lines: Vec<u64>,
    pub cells: Vec<Vec<String>>,
}

impl Groups {
    fn refill(&mut self, place: usize) -> std::io::Result<()> {
        let next = match &mut self.runs[place] {
            Run::Memory(lines) => lines.next(),
            Run::File(file) => read_line(file)?,
        };
        if let Some((key, line, cells)) = next {
            self.heads.push(Reverse((key, line, place, cells)));
        }
        Ok(())
    }

    pub fn next_group(&mut self) -> std::io::Result<Option<Group>> {
        let mut group = Group::default();
        while let Some(Reverse(head)) = self.heads.peek() {
            if !group.lines.is_empty() && head.0 != group.key {
                break;
            }
            let Some(Reverse((key, line, place, cells))) = self.heads.pop() else { break };
            self.refill(place)?;
            group.key = key;
            group.lines.push(line);
            group.cells.push(cells);
        }
        Ok((!group.lines.is_empty()).then_some(group))
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for path in &self.files {
            // What is left behind goes with the folder of its job.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn put(file: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(&(bytes.len() as u32).to_le_bytes())?;
    file.write_all(bytes)
}

fn number(file: &mut impl Read) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn text(file: &mut impl Read, bytes: u32) -> std::io::Result<String> {
    let mut text = vec![0; bytes as usize];
    file.read_exact(&mut text)?;
    String::from_utf8(text).map_err(std::io::Error::other)
}

fn read_line(file: &mut impl Read) -> std::io::Result<Option<Line>> {
    let bytes = match number(file) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    };
    let key = text(file, bytes)?;
    let mut line = [0; 8];
    file.read_exact(&mut line)?;
    let cells = number(file)?;
    let cells = (0..cells).map(|_| number(file).and_then(|bytes| text(file, bytes)));
    Ok(Some((key, u64::from_le_bytes(line), cells.collect::<std::io::Result<_>>()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_together_whatever_is_held_in_memory() {
        let folder = std::env::temp_dir().join(format!("quaylai-lines-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for run_bytes in [1, 300, 1 << 20] {
            let mut sorter = Sorter { run_bytes, ..Sorter::new(&folder) };
            for line in 0..100u64 {
                sorter.push(format!("D{}", line * 7 % 13), line, vec![line.to_string(), "ô".into()]).unwrap();
            }
            let mut groups = sorter.finish().unwrap();
            let mut keys = Vec::new();
            let mut lines = 0;
            while let Some(group) = groups.next_group().unwrap() {
                assert!(group.lines.is_sorted());
                for (line, cells) in group.lines.iter().zip(&group.cells) {
                    assert_eq!(
                        (format!("D{}", line * 7 % 13), &cells[0]),
                        (group.key.clone(), &line.to_string())
                    );
                }
                lines += group.lines.len();
                keys.push(group.key);
            }
            assert_eq!((keys.len(), lines), (13, 100));
            assert!(keys.is_sorted());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
