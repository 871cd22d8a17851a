//! The program `quaylai`: one binary, its roles by subcommand.
//!
//! It wires the crates together and owns all that touches the machine: clock, chance, environment, files. It must
//! decide nothing about customers. Start with [`Command`].

mod channels;
mod clock;
mod commands;
mod config;
mod contacts;
mod grants;
mod hooks;
mod installation;
mod register;
mod returns;
mod runtime;
mod secrets;
mod server;
mod transfers;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::process::ExitCode;

#[derive(Parser, Debug)]
#[command(
    name = "quaylai",
    version,
    about = "Keeps an online shop's customers coming back",
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server.
    Serve(commands::serve::Serve),
    /// Run a demo shop with a made-up history and live shoppers.
    Demo(commands::demo::Demo),
    /// Make, list and revoke keys.
    Key(commands::key::Key),
    /// Make accounts and set passwords.
    User(commands::user::User),
    /// Take in a file of customers, orders, products or events.
    Import(Box<commands::import::Import>),
    /// List imports, or take one back.
    Imports(commands::import::Imports),
    /// Write a list out as CSV or JSON Lines, or everything as an archive.
    Export(commands::export::Export),
    /// Recommend products to the customers of a file, without a server.
    Recommend(commands::recommend::Recommend),
    /// Forecast who of a file's customers buys again, and judge it on what they did.
    Predict(Box<commands::predict::Predict>),
    /// Take in one returned mail from standard input, for a mail server's pipe.
    Bounce(commands::bounce::Bounce),
    /// Write everything into one file, while the server runs.
    Backup(commands::backup::Backup),
    /// Bring a backup back into an empty data folder, or in place of one.
    Restore(commands::restore::Restore),
    /// Renew what a provider has granted; the server does so by itself.
    RenewToken(commands::renew_token::RenewToken),
    /// Bring the database up to this version and say which it is.
    Migrate(commands::migrate::Migrate),
    /// Print the OpenAPI document of /api/v1.
    Openapi,
    /// Look for what is wrong with an installation.
    Doctor(commands::doctor::Doctor),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("quaylai: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match cli.command {
        Command::Serve(serve) => runtime()?.block_on(serve.run()).map(done),
        Command::Demo(demo) => runtime()?.block_on(demo.run()).map(done),
        Command::Key(key) => key.run().map(done),
        Command::User(user) => user.run().map(done),
        Command::Import(import) => import.run().map(done),
        Command::Imports(imports) => imports.run().map(done),
        Command::Export(export) => export.run().map(done),
        Command::Bounce(bounce) => Ok(bounce.run()),
        Command::Backup(backup) => backup.run().map(done),
        Command::Restore(restore) => restore.run().map(done),
        Command::RenewToken(renew) => runtime()?.block_on(renew.run()),
        Command::Recommend(recommend) => recommend.run().map(done),
        Command::Predict(predict) => predict.run().map(done),
        Command::Migrate(migrate) => migrate.run().map(done),
        Command::Openapi => {
            println!("{}", api::document());
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(doctor) => runtime()?.block_on(doctor.run()),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Logs to standard error; `RUST_LOG` chooses what.
fn start_logging(json: bool) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber is a mistake of a caller inside this process, and harmless.
    let _ = if json {
        logger.json().try_init()
    } else {
        logger.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
}
