//! Longer hunts than a test has time for: `cargo run -p sim -- --seeds 1..1000 [--database sqlite|postgres://...]
//! [--keep-going]`.

use sim::{Crashes, Database, plan, seeded};
use std::process::{Command, ExitCode};

struct Asked {
    seeds: std::ops::Range<u64>,
    database: String,
    keep_going: bool,
    /// Prints the timeline of one seed, lived through without a crash.
    print: bool,
}

const USAGE: &str = "usage: cargo run -p sim -- [--seeds FROM..TO] [--database sqlite|postgres://...] [--keep-going] [--print]";

fn asked() -> Option<Asked> {
    let mut asked = Asked { seeds: 0..100, database: "sqlite".into(), keep_going: false, print: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => {
                let seeds = words.next()?;
                let (from, to) = match seeds.split_once("..") {
                    Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
                    None => (seeds.parse().ok()?, seeds.parse::<u64>().ok()? + 1),
                };
                asked.seeds = from..to;
            }
            "--database" => asked.database = words.next()?,
            "--keep-going" => asked.keep_going = true,
            "--print" => asked.print = true,
            _ => return None,
        }
    }
    Some(asked)
}

/// The state of the code, so that a failure can be found again.
fn commit() -> String {
    let out = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    out.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()).unwrap_or_default()
}

fn main() -> ExitCode {
    let Some(asked) = asked() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let database = || match asked.database.as_str() {
        "sqlite" => Database::sqlite(),
        url => Database::postgres(url),
    };
    if asked.print {
        for seed in asked.seeds.clone() {
            let plan = plan::Plan::new(seed);
            println!("seed {seed}: {} instants, {} messages", plan.steps.len(), plan.valid.len());
            println!("{}", seeded::live(seed, database(), Crashes::Never, Default::default()).timeline);
        }
        return ExitCode::SUCCESS;
    }
    let mut failed = 0u64;
    for seed in asked.seeds.clone() {
        match std::panic::catch_unwind(|| seeded::check(seed, database)) {
            Ok(lived) => println!(
                "seed {seed}: {} events, {} messages taken, {} crashes, {} messages cut off",
                lived.events,
                lived.accepted,
                lived.crashed,
                lived.interrupted.len()
            ),
            Err(_) => {
                failed += 1;
                eprintln!(
                    "seed {seed} FAILED at commit {}; again with: cargo run -p sim -- --seeds {seed} --database {}",
                    commit(),
                    if asked.database == "sqlite" { "sqlite" } else { "URL" }
                );
                if !asked.keep_going {
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    if failed > 0 {
        eprintln!("{failed} of {} seeds failed", asked.seeds.end - asked.seeds.start);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
