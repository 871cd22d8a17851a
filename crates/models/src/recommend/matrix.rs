//! Rows of few numbers each: customers by items, and turned round.

/// A sparse matrix by rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sparse {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    pub width: usize,
}

impl Sparse {
    /// Of rows of (column, value); columns below `width`, each once a row.
    pub fn new<R: IntoIterator<Item = (u32, f32)>>(
        rows: impl IntoIterator<Item = R>,
        width: usize,
    ) -> Sparse {
        let mut sparse = Sparse { starts: vec![0], width, ..Sparse::default() };
        for row in rows {
            for (column, value) in row {
                sparse.columns.push(column);
                sparse.values.push(value);
            }
            sparse.starts.push(sparse.columns.len());
        }
        sparse
    }

    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn filled(&self) -> usize {
        self.columns.len()
    }

    pub fn row(&self, row: usize) -> impl ExactSizeIterator<Item = (u32, f32)> + Clone + '_ {
        let (columns, values) = self.parts(row);
        columns.iter().copied().zip(values.iter().copied())
    }

    pub fn parts(&self, row: usize) -> (&[u32], &[f32]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    pub fn transposed(&self) -> Sparse {
        let mut starts = vec![0usize; self.width + 1];
        for column in &self.columns {
            starts[*column as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let (mut columns, mut values) = (vec![0; self.filled()], vec![0.0; self.filled()]);
        for row in 0..self.rows() {
            for (column, value) in self.row(row) {
                let place = &mut next[column as usize];
                columns[*place] = row as u32;
                values[*place] = value;
                *place += 1;
            }
        }
        Sparse { starts, columns, values, width: self.rows() }
    }

    /// With some columns only, numbered by their place in `kept` (ascending).
    pub fn columns(&self, kept: &[u32]) -> Sparse {
        let mut place = vec![u32::MAX; self.width];
        for (at, column) in kept.iter().enumerate() {
            place[*column as usize] = at as u32;
        }
        let place = &place;
        let rows = (0..self.rows()).map(|row| {
            let row = self.row(row).map(move |(column, value)| (place[column as usize], value));
            row.filter(|(column, _)| *column != u32::MAX)
        });
        Sparse::new(rows, kept.len())
    }

    /// A square matrix over `kept` of `items` as one over all of them: the others' rows are empty.
    pub fn spread(&self, kept: &[u32], items: usize) -> Sparse {
        let mut at = vec![usize::MAX; items];
        for (row, item) in kept.iter().enumerate() {
            at[*item as usize] = row;
        }
        let rows = at.into_iter().map(|row| {
            let held = (row != usize::MAX).then(|| self.row(row));
            held.into_iter().flatten().map(|(column, value)| (kept[column as usize], value))
        });
        Sparse::new(rows, items)
    }

    pub fn bytes(&self) -> usize {
        self.starts.capacity() * 8 + self.columns.capacity() * 4 + self.values.capacity() * 4
    }
}

/// Runs `work` over `0..count` in as many pieces as there are `threads`, and gives the pieces' answers in order.
pub(crate) fn in_pieces<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(std::ops::Range<usize>) -> Vec<T> + Sync,
) -> Vec<T> {
    // Small pieces taken in turn: rows differ much in their cost.
    let threads = threads.clamp(1, 64);
    let piece = count.div_ceil(threads * 8).max(1);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(piece, std::sync::atomic::Ordering::Relaxed);
                    if from >= count {
                        return;
                    }
                    let answer = work(from..(from + piece).min(count));
                    done.lock().unwrap_or_else(|broken| broken.into_inner()).push((from, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|broken| broken.into_inner());
    done.sort_unstable_by_key(|(from, _)| *from);
    done.into_iter().flat_map(|(_, answer)| answer).collect()
}
