use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::{DEFAULT_WORKSPACE, Installation};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use kit::Clock;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use transfer::Step;
use transfer::export::{ExportFormat, ExportSpec, Exporter, List};

/// Write a list out as CSV or JSON Lines, or everything as an archive.
#[derive(Args, Debug)]
pub struct Export {
    #[command(flatten)]
    data: DataArgs,
    /// profiles, orders, events, products, messages, consents, segments, segment-members, journeys or everything.
    #[arg(value_parser = |text: &str| text.parse::<List>())]
    list: List,
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Orders, events, messages and consents from this instant on, such as 2026-01-31.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only members of this segment.
    #[arg(long, value_name = "ID")]
    segment: Option<String>,
    /// Columns of a CSV file, separated by commas; `attribute:city` is one.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    columns: Vec<String>,
    /// Where to write it; named after the list when left out.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

impl Export {
    pub fn run(self) -> Result<()> {
        let (installation, _) = Installation::open(&self.data.settle()?)?;
        let since = match &self.since {
            None => None,
            Some(text) => {
                let at = domain::event::parse_instant(text);
                Some(at.with_context(|| format!("--since {text:?} is no instant, such as 2026-01-31"))?.ms())
            }
        };
        let spec = ExportSpec {
            list: self.list,
            format: match self.format {
                Format::Csv => ExportFormat::Csv,
                Format::Jsonl => ExportFormat::Jsonl,
            },
            since,
            segment: self.segment,
            columns: self.columns,
            chosen: false,
        };
        let target = self.out.unwrap_or_else(|| PathBuf::from(spec.file_name()));
        let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        bar.set_style(ProgressStyle::with_template("  {msg}")?);
        let store = Arc::clone(&installation.store);
        let mut exporter = Exporter::new(store, DEFAULT_WORKSPACE, spec, &target)?;
        exporter.ask_at(SystemClock.now());
        while exporter.step()? == Step::Worked {
            let progress = &exporter.progress;
            bar.set_message(format!("{}: {} rows", progress.list, progress.rows));
        }
        bar.finish_and_clear();
        let progress = &exporter.progress;
        if self.json {
            println!("{}", json!({ "file": target, "rows": progress.rows, "bytes": progress.bytes }));
        } else {
            println!("{}: {} rows, {} bytes", target.display(), progress.rows, progress.bytes);
        }
        Ok(installation.store.close()?)
    }
}
