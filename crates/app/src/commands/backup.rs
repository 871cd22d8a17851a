use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::Installation;
use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kit::Clock;
use serde_json::json;
use std::path::PathBuf;

/// Write everything into one file, while the server runs.
#[derive(Args, Debug)]
pub struct Backup {
    #[command(flatten)]
    data: DataArgs,
    /// Where to write it; it must not exist yet.
    file: PathBuf,
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub fn run(self) -> Result<()> {
        if self.file.exists() {
            bail!("{} exists already; name another file", self.file.display());
        }
        let (installation, _) = Installation::open(&self.data.settle()?)?;
        let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        bar.set_style(ProgressStyle::with_template("  {msg}")?);
        let made = transfer::backup::write_backup(
            &installation.store,
            &installation.folder,
            &self.file,
            env!("CARGO_PKG_VERSION"),
            SystemClock.now(),
            &mut |what, done| bar.set_message(format!("{what} {done}")),
        );
        bar.finish_and_clear();
        let manifest = made?;
        let bytes = std::fs::metadata(&self.file)?.len();
        if self.json {
            println!("{}", json!({ "file": self.file, "bytes": bytes, "entries": manifest.entries }));
        } else {
            println!("{}: {bytes} bytes, checked", self.file.display());
            println!("  it holds the key of the installation: keep it as safe as the data itself");
        }
        Ok(installation.store.close()?)
    }
}
