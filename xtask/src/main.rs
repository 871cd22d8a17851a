//! Chores of the repository that need more than a shell: `cargo run -p xtask -- tidy`.
//!
//! Never part of the product: no crate may depend on this one. Start reading at [`tidy::run`].

mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- tidy

  tidy    check the repository's own rules: crate edges, documentation that names what exists, dependencies explained";

fn main() -> ExitCode {
    // The folder it runs in, not the one it was built in: checkouts share a cache of built programs.
    let root = Path::new(".");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => match tidy::run(root) {
            Ok(found) => report(&found),
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn report(found: &tidy::Findings) -> ExitCode {
    for warning in &found.warnings {
        eprintln!("warning: {warning}");
    }
    for problem in &found.problems {
        eprintln!("error: {problem}");
    }
    if found.problems.is_empty() {
        println!("tidy: {} files, nothing to complain of", found.files);
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
