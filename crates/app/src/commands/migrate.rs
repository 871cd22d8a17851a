use crate::config::DataArgs;
use crate::installation::Installation;
use anyhow::Result;
use clap::Args;
use serde_json::json;

/// Opening a database brings it up to date; this says so and stops.
#[derive(Args, Debug)]
pub struct Migrate {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long)]
    json: bool,
}

impl Migrate {
    pub fn run(self) -> Result<()> {
        let (installation, _) = Installation::open(&self.data.settle()?)?;
        let schema = store::CATALOG.migrations.last().map_or(0, |migration| migration.version);
        let version = env!("CARGO_PKG_VERSION");
        if self.json {
            println!("{}", json!({ "version": version, "schema": schema }));
        } else {
            println!("The database has schema {schema}, as Quaylai {version} wants it.");
        }
        Ok(installation.store.close()?)
    }
}
