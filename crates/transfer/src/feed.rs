//! Reads a file to its end, row after row or order after order, always in the same sequence.

use crate::ReadError;
use crate::lines::{Groups, Sorter};
use crate::map::Kind;
use crate::plan::Plan;
use crate::reading::{RawRow, Table};
use crate::rejected::{Rejected, advice};
use crate::rows::{Fault, LineVerdict, Reading};
use domain::commerce::Product;
use engine::imports::ImportedRow;
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Rows that are looked at before the caller hears of it.
const ROWS_A_TIME: usize = 2_000;
/// Lines of one order.
const ORDER_LINES_MAX: usize = 100_000;
/// Rejected rows that are shown at once.
const SHOWN_MAX: usize = 20;
/// Products that were told of and are remembered.
const PRODUCTS_REMEMBERED: usize = 500_000;

/// How far a file has been read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub rows_read: u64,
    pub rows_taken: u64,
    pub rows_rejected: u64,
    /// By the rules of the map, and why.
    pub rows_left_out: BTreeMap<String, u64>,
    /// Orders that the lines came to.
    pub orders: u64,
    pub bytes_read: u64,
    pub bytes_total: u64,
}

/// A rejected row as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownFault {
    pub line: u64,
    pub code: String,
    pub column: Option<String>,
    pub message: String,
    pub message_vi: String,
    pub cells: Vec<String>,
}

pub enum Fed {
    /// Still at it; there is nothing to take yet.
    Working,
    Row(Box<ImportedRow>),
    End,
}

enum Stage {
    Rows,
    Sorting(Sorter),
    Groups(Box<Groups>),
    Ended,
}

pub struct Feed {
    pub plan: Plan,
    pub counts: Counts,
    pub shown: Vec<ShownFault>,
    job: String,
    told_at: Timestamp,
    table: Table,
    stage: Stage,
    rejected: Rejected,
    /// Orders of which a line cannot be used.
    broken: HashSet<String>,
    told: HashSet<u64>,
}

impl Feed {
    /// `rejected` is where the file of rejected rows goes, `work` a folder for what has to be sorted.
    pub fn new(
        plan: Plan,
        table: Table,
        job: &str,
        told_at: Timestamp,
        rejected: &Path,
        work: &Path,
    ) -> Result<Feed, ReadError> {
        let stage = match plan.kind {
            Kind::Orders => Stage::Sorting(Sorter::new(work)),
            _ => Stage::Rows,
        };
        let counts = Counts { bytes_total: table.bytes_total, ..Counts::default() };
        let rejected = Rejected::create(rejected, &table.columns)?;
        Ok(Feed {
            plan,
            counts,
            shown: Vec::new(),
            job: job.to_owned(),
            told_at,
            table,
            stage,
            rejected,
            broken: HashSet::new(),
            told: HashSet::new(),
        })
    }

    pub fn is_sorting(&self) -> bool {
        matches!(self.stage, Stage::Sorting(_))
    }

    /// The next thing to take in.
    pub fn advance(&mut self) -> Result<Fed, ReadError> {
        let fed = match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Rows => self.next_row()?,
            Stage::Sorting(sorter) => self.sort(sorter)?,
            Stage::Groups(groups) => self.next_order(groups)?,
            Stage::Ended => Fed::End,
        };
        self.counts.bytes_read = self.table.bytes_read();
        if matches!(fed, Fed::End) {
            self.counts.bytes_read = self.counts.bytes_total;
            self.rejected.flush()?;
        }
        Ok(fed)
    }

    fn next_row(&mut self) -> Result<Fed, ReadError> {
        let mut row = RawRow::default();
        for _ in 0..ROWS_A_TIME {
            if !self.table.next_row(&mut row)? {
                return Ok(Fed::End);
            }
            self.counts.rows_read += 1;
            let reading = Reading { plan: &self.plan, job: &self.job, told_at: self.told_at };
            let read = match (row.fault, self.plan.kind) {
                (Some(code), _) => Err(Fault::of(code)),
                (None, Kind::Profiles) => reading.profile(&row.cells),
                (None, Kind::Products) => reading.product(&row.cells),
                (None, Kind::Events | Kind::Orders) => reading.event(&row.cells),
            };
            match read {
                Ok(mut read) => {
                    if let ImportedRow::Person(person) = &mut read {
                        for consent in &mut person.consents {
                            // The job names the file.
                            let place = format!("{}#{}", engine::imports::source_of(&self.job), row.line);
                            consent.record.proof.evidence = Some(place);
                        }
                    }
                    self.counts.rows_taken += 1;
                    self.stage = Stage::Rows;
                    return Ok(Fed::Row(Box::new(read)));
                }
                Err(fault) => self.reject(row.line, &fault, &row.cells)?,
            }
        }
        self.stage = Stage::Rows;
        Ok(Fed::Working)
    }

    fn sort(&mut self, mut sorter: Sorter) -> Result<Fed, ReadError> {
        let mut row = RawRow::default();
        for _ in 0..ROWS_A_TIME {
            if !self.table.next_row(&mut row)? {
                self.stage = Stage::Groups(Box::new(sorter.finish()?));
                return Ok(Fed::Working);
            }
            self.counts.rows_read += 1;
            let reading = Reading { plan: &self.plan, job: &self.job, told_at: self.told_at };
            let verdict = match row.fault {
                Some(code) => Err(Fault::of(code)),
                None => reading.line(&row.cells),
            };
            match verdict {
                Ok(LineVerdict::Of(order_id)) => {
                    sorter.push(order_id, row.line, std::mem::take(&mut row.cells))?;
                }
                Ok(LineVerdict::LeftOut(why)) => {
                    *self.counts.rows_left_out.entry(why.to_owned()).or_insert(0) += 1;
                }
                Err(fault) => {
                    // An order without one of its lines would be a wrong order.
                    if let Some(order_id) = reading.order_id(&row.cells) {
                        self.broken.insert(order_id);
                    }
                    self.reject(row.line, &fault, &row.cells)?;
                }
            }
        }
        self.stage = Stage::Sorting(sorter);
        Ok(Fed::Working)
    }

    fn next_order(&mut self, mut groups: Box<Groups>) -> Result<Fed, ReadError> {
        for _ in 0..ROWS_A_TIME {
            let Some(group) = groups.next_group()? else { return Ok(Fed::End) };
            let reading = Reading { plan: &self.plan, job: &self.job, told_at: self.told_at };
            let told = &mut self.told;
            let read = if self.broken.contains(&group.key) {
                Err(Fault::of("order_incomplete"))
            } else if group.lines.len() > ORDER_LINES_MAX {
                Err(Fault::of("order_too_large"))
            } else {
                reading.order(&group.key, &group.cells, |product| is_news(told, product))
            };
            match read {
                Ok(read) => {
                    self.counts.orders += 1;
                    self.counts.rows_taken += group.lines.len() as u64;
                    self.stage = Stage::Groups(groups);
                    return Ok(Fed::Row(Box::new(read)));
                }
                Err(fault) => {
                    for (line, cells) in group.lines.iter().zip(&group.cells) {
                        self.reject(*line, &fault, cells)?;
                    }
                }
            }
        }
        self.stage = Stage::Groups(groups);
        Ok(Fed::Working)
    }

    fn reject(&mut self, line: u64, fault: &Fault, cells: &[String]) -> Result<(), ReadError> {
        self.counts.rows_rejected += 1;
        if self.shown.len() < SHOWN_MAX {
            let (english, vietnamese) = advice(fault.code);
            self.shown.push(ShownFault {
                line,
                code: fault.code.to_owned(),
                column: fault.column.clone(),
                message: english.to_owned(),
                message_vi: vietnamese.to_owned(),
                cells: cells.iter().take(50).map(|cell| cell.chars().take(100).collect()).collect(),
            });
        }
        Ok(self.rejected.add(line, fault, cells)?)
    }
}

/// Whether a product was not told of in these words before; a shop's file says the same on thousands of lines.
fn is_news(told: &mut HashSet<u64>, product: &Product) -> bool {
    if told.len() >= PRODUCTS_REMEMBERED {
        told.clear();
    }
    let mut hash = DefaultHasher::new();
    let Product { product_id, name, sku, category, brand, price, currency, .. } = product;
    (product_id, name, sku, category, brand, price, currency).hash(&mut hash);
    told.insert(hash.finish())
}
