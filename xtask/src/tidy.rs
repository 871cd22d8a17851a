//! The repository's own rules, those that no compiler checks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use regex::Regex;
use toml::{Table, Value};

/// Where docs/dependencies.md turns from crates to packages.
const WEB_HEADING: &str = "\n## The web app\n";

/// Which crates a crate may depend on. Everything that is not listed is forbidden, in tests too.
///
/// `kit <- domain <- {models, store, plugs}` and `store <- engine <- api <- app`; the providers in `plugs` are reached by the
/// binary and by the simulator alone, the demo shop by those two and by the benchmarks.
const EDGES: &[(&str, &[&str])] = &[
    ("kit", &[]),
    ("domain", &["kit"]),
    ("models", &["kit", "domain"]),
    ("store", &["kit", "domain"]),
    ("plugs", &["kit", "domain"]),
    ("demo", &["kit", "domain"]),
    ("scenarios", &["domain"]),
    ("web", &[]),
    ("engine", &["kit", "domain", "models", "store", "scenarios"]),
    ("transfer", &["kit", "domain", "store", "engine"]),
    ("api", &["kit", "domain", "models", "store", "engine", "transfer", "scenarios", "web"]),
    (
        "app",
        &[
            "kit",
            "domain",
            "models",
            "store",
            "plugs",
            "engine",
            "transfer",
            "api",
            "demo",
            "scenarios",
            "web",
        ],
    ),
    ("sim", &["kit", "domain", "models", "store", "plugs", "engine", "api", "demo", "scenarios"]),
    ("bench", &["kit", "domain", "models", "store", "engine", "api", "demo"]),
];

const LINES_MAX: usize = 900;

/// Folders that a path in the documentation can start with.
const NAMED_FOLDERS: &[&str] = &["crates/", "docs/", "tests/", "xtask/", "ui/", "onsite/", ".ci/"];

/// What betrays a path of one developer's machine. Split, so that this file does not betray itself.
const LOCAL_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/Use", "rs/")];

#[derive(Default)]
pub struct Findings {
    pub files: usize,
    pub problems: Vec<String>,
    pub warnings: Vec<String>,
}

/// Reads the repository at `root` and tells everything that breaks a rule.
///
/// # Errors
/// If the repository cannot be read: no git checkout, a manifest that is not TOML.
pub fn run(root: &Path) -> Result<Findings> {
    let files = files(root)?;
    let mut found = Findings { files: files.len(), ..Findings::default() };
    let workspace = manifest(root, "Cargo.toml")?;
    let crates = crates(root)?;

    edges(&crates, &mut found);
    manifests(root, &crates, &mut found);
    dependencies(root, &workspace, &crates, &mut found)?;
    unused(root, &files, &crates, &mut found);
    let commands = commands(root, &files);
    for file in &files {
        // A binary file, or one that was deleted and not yet committed, has no text to check.
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        contents(file, &text, &mut found);
        if file.extension().is_some_and(|e| e == "md") {
            documentation(root, file, &text, &commands, &mut found);
        }
    }
    Ok(found)
}

/// Every file that is or would be committed.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .current_dir(root)
        .output()
        .context("running git")?;
    ensure!(listed.status.success(), "tidy reads a git checkout, and this is none");
    let mut paths: Vec<PathBuf> = String::from_utf8(listed.stdout)
        .context("a file name that is not UTF-8")?
        .split_terminator('\0')
        .map(PathBuf::from)
        .collect();
    paths.sort();
    Ok(paths)
}

fn manifest(root: &Path, path: &str) -> Result<Table> {
    let text = std::fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"))?;
    text.parse().with_context(|| format!("parsing {path}"))
}

/// The manifest of every crate, by the name of its folder.
fn crates(root: &Path) -> Result<BTreeMap<String, Table>> {
    let mut crates = BTreeMap::new();
    for entry in std::fs::read_dir(root.join("crates")).context("reading crates/")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if root.join("crates").join(&name).join("Cargo.toml").is_file() {
            let table = manifest(root, &format!("crates/{name}/Cargo.toml"))?;
            crates.insert(name, table);
        }
    }
    crates.insert("xtask".into(), manifest(root, "xtask/Cargo.toml")?);
    Ok(crates)
}

/// All dependencies of a manifest, whatever they are for, with their specification.
fn depends_on(manifest: &Table) -> Vec<(&str, &Value)> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flat_map(|table| table.iter().map(|(name, value)| (name.as_str(), value)))
        .collect()
}

fn edges(crates: &BTreeMap<String, Table>, found: &mut Findings) {
    for (name, manifest) in crates {
        if name == "xtask" {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(of, _)| of == name) else {
            found.problems.push(format!(
                "crates/{name}: a new crate needs a decision record in docs/adr and its edges in xtask/src/tidy.rs"
            ));
            continue;
        };
        for (dependency, _) in depends_on(manifest) {
            if crates.contains_key(dependency) && !allowed.contains(&dependency) {
                found.problems.push(format!("crates/{name} must not depend on {dependency}"));
            }
        }
    }
}

fn manifests(root: &Path, crates: &BTreeMap<String, Table>, found: &mut Findings) {
    for (name, manifest) in crates {
        let called = manifest.get("package").and_then(|p| p.get("name")).and_then(Value::as_str);
        if called != Some(name) {
            found.problems.push(format!("crates/{name}: the crate is not called like its folder"));
        }
        let inherits = manifest.get("lints").and_then(|l| l.get("workspace")).and_then(Value::as_bool);
        if inherits != Some(true) {
            found.problems.push(format!("crates/{name}: `[lints] workspace = true` is missing"));
        }
        if root.join("crates").join(name).join("clippy.toml").exists() {
            found
                .problems
                .push(format!("crates/{name}: a clippy.toml of its own would replace the bans of the root"));
        }
        for (dependency, value) in depends_on(manifest) {
            if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                found.problems.push(format!("crates/{name}: take {dependency} from the workspace"));
            }
        }
    }
}

/// Every outside dependency is used, and docs/dependencies.md says why it is here, and of nothing else.
fn dependencies(
    root: &Path,
    workspace: &Table,
    crates: &BTreeMap<String, Table>,
    found: &mut Findings,
) -> Result<()> {
    let declared: BTreeSet<&str> = workspace
        .get("workspace")
        .and_then(|w| w.get("dependencies"))
        .and_then(Value::as_table)
        .context("Cargo.toml has no [workspace.dependencies]")?
        .iter()
        .filter(|(_, value)| value.get("path").is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    let used: BTreeSet<&str> = crates.values().flat_map(depends_on).map(|(name, _)| name).collect();
    let text = std::fs::read_to_string(root.join("docs/dependencies.md")).unwrap_or_default();
    let (of_crates, of_packages) = text.split_once(WEB_HEADING).unwrap_or((&text, ""));
    packages(root, of_packages, found);
    let explained = explained(of_crates);
    for name in &declared {
        if !used.contains(name) {
            found.problems.push(format!("Cargo.toml: no crate uses {name}"));
        }
        if !explained.contains(name) {
            found.problems.push(format!("docs/dependencies.md: say in a line why {name} is here"));
        }
    }
    for name in explained.difference(&declared) {
        found
            .problems
            .push(format!("docs/dependencies.md: {name} is not a dependency of the workspace any more"));
    }
    Ok(())
}

/// The same for the packages of the web app.
fn packages(root: &Path, rows: &str, found: &mut Findings) {
    static PACKAGE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?m)^\s+"([@\w./-]+)": "\d+\.\d+[^"]*""#).expect("a valid pattern"));
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new("`([^`]+)`").expect("a valid pattern"));
    let manifests: String = ["web/package.json", "web/codegen/package.json"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(root.join(path)).ok())
        .collect();
    let declared: BTreeSet<&str> =
        PACKAGE.captures_iter(&manifests).filter_map(|c| c.get(1)).map(|m| m.as_str()).collect();
    let cells =
        rows.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |")).map(|(cell, _)| cell);
    let explained: BTreeSet<&str> = cells
        .flat_map(|cell| {
            QUOTED.captures_iter(cell).filter_map(|c| c.get(1)).map(|m| m.as_str()).collect::<Vec<_>>()
        })
        .collect();
    for name in declared.difference(&explained) {
        found.problems.push(format!("docs/dependencies.md: say in a line why the package {name} is here"));
    }
    for name in explained.difference(&declared) {
        found.problems.push(format!("docs/dependencies.md: {name} is not a package of the web app any more"));
    }
}

/// Warns of what a manifest asks for and no source of its crate names.
fn unused(root: &Path, files: &[PathBuf], crates: &BTreeMap<String, Table>, found: &mut Findings) {
    for (name, manifest) in crates {
        let folder = if name == "xtask" { PathBuf::from("xtask") } else { Path::new("crates").join(name) };
        let source: String = files
            .iter()
            .filter(|file| file.starts_with(&folder) && file.extension().is_some_and(|e| e == "rs"))
            .filter_map(|file| std::fs::read_to_string(root.join(file)).ok())
            .collect();
        for (dependency, _) in depends_on(manifest) {
            let word = dependency.replace('-', "_");
            if !source.contains(&format!("{word}::")) && !source.contains(&format!("use {word}")) {
                found.warnings.push(format!("{}: no source names {dependency}", folder.display()));
            }
        }
    }
}

/// The crates that a table of docs/dependencies.md has a row for: "| `name` | why |".
fn explained(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect()
}

fn contents(file: &Path, text: &str, found: &mut Findings) {
    let shown = file.display();
    for (number, line) in text.lines().enumerate() {
        if LOCAL_PATHS.iter().any(|path| line.contains(path)) {
            found.problems.push(format!("{shown}:{}: a path of one developer's machine", number + 1));
        }
    }
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or("");
    if file.file_name().is_some_and(|name| name == "package-lock.json") && text.contains("\"resolved\"") {
        found.problems.push(format!("{shown}: a lock file names no download addresses (see its .npmrc)"));
    }
    let lines = text.lines().count();
    // What a generator wrote nobody reads.
    let is_generated = file.ends_with("schema.d.ts");
    if !is_generated
        && matches!(extension, "rs" | "py" | "ts" | "tsx" | "js" | "mjs" | "sql" | "sh")
        && lines > LINES_MAX
    {
        found.warnings.push(format!("{shown}: {lines} lines; more than {LINES_MAX} ask to be split"));
    }
}

fn documentation(root: &Path, file: &Path, text: &str, commands: &BTreeSet<String>, found: &mut Findings) {
    let folder = root.join(file.parent().unwrap_or(Path::new("")));
    for (index, line) in text.lines().enumerate() {
        for target in links(line).into_iter().filter(|target| !folder.join(target).exists()) {
            found.problems.push(format!(
                "{}:{}: the link to {target} leads nowhere",
                file.display(),
                index + 1
            ));
        }
    }
    for (number, code) in code(text) {
        let place = format!("{}:{number}", file.display());
        for path in paths(code) {
            if !root.join(path).exists() {
                found.problems.push(format!("{place}: {path} does not exist"));
            }
        }
        for word in subcommands(code) {
            if !commands.is_empty() && !commands.contains(word) {
                found.problems.push(format!("{place}: there is no command `quaylai {word}`"));
            }
        }
    }
}

/// What a Markdown text sets as code: the lines of fenced blocks, and the spans in backticks; with line numbers.
fn code(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.push((index + 1, line));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(|span| (index + 1, span)));
        }
    }
    found
}

/// The words of `code` that are paths in this repository; patterns such as `crates/*` and `crates/<x>` are not.
fn paths(code: &str) -> Vec<&str> {
    code.split_whitespace()
        .map(|word| word.trim_matches(|c| matches!(c, '(' | ')' | ',' | ';' | '"' | '\'')))
        .map(|word| word.trim_end_matches(['.', ':']))
        .map(|word| word.split_once([':', '#']).map_or(word, |(path, _)| path))
        .filter(|word| word.starts_with("./") || NAMED_FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['*', '<', '>', '{', '[', '$', '…']) && !word.contains("NNN"))
        .collect()
}

/// The targets of the relative links of a line of Markdown.
fn links(line: &str) -> Vec<&str> {
    LINK.captures_iter(line)
        .filter_map(|captured| Some(captured.get(1)?.as_str()))
        .filter(|target| !target.contains(':') && !target.starts_with('/'))
        .collect()
}

static LINK: LazyLock<Regex> = LazyLock::new(|| regex(r"\]\(([^)#\s]+)"));
static SUBCOMMAND: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:^|[\s/=(])quaylai ([a-z][a-z-]*)(?:[\s\]).,;|]|$)"));
static VARIANT: LazyLock<Regex> = LazyLock::new(|| regex(r"^([A-Z][A-Za-z0-9]*)\s*(?:[,({]|$)"));
static RENAMED: LazyLock<Regex> = LazyLock::new(|| regex(r#"name\s*=\s*"([a-z-]+)""#));

#[expect(clippy::expect_used, reason = "the patterns are constants of this file, and its tests use each")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

fn subcommands(code: &str) -> Vec<&str> {
    SUBCOMMAND.captures_iter(code).filter_map(|captured| Some(captured.get(1)?.as_str())).collect()
}

/// The commands of the binary, read off the enums in crates/app that derive clap's `Subcommand`.
fn commands(root: &Path, files: &[PathBuf]) -> BTreeSet<String> {
    files
        .iter()
        .filter(|file| file.starts_with("crates/app/src") && file.extension().is_some_and(|e| e == "rs"))
        .filter_map(|file| std::fs::read_to_string(root.join(file)).ok())
        .flat_map(|source| subcommand_variants(&source))
        .collect()
}

/// The variants, as clap names them, of every enum in `source` that derives `Subcommand`.
fn subcommand_variants(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if !(line.contains("derive(") && line.contains("Subcommand")) {
            continue;
        }
        let mut depth = 0_i32;
        let mut renamed = None;
        for line in lines.by_ref() {
            let text = line.trim();
            if depth == 1 {
                if text.starts_with("#[") {
                    renamed = RENAMED.captures(text).map(|c| c[1].to_owned()).or(renamed);
                } else if let Some(variant) = VARIANT.captures(text) {
                    found.push(renamed.take().unwrap_or_else(|| kebab(&variant[1])));
                }
            }
            for symbol in line.chars() {
                match symbol {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
            }
            if depth == 0 && text.ends_with('}') {
                break;
            }
        }
    }
    found
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_fenced_blocks_and_backticks() {
        let text = "Run `a` and `b`.\n```sh\nquaylai serve\n```\nno code\n";
        assert_eq!(code(text), vec![(1, "a"), (1, "b"), (3, "quaylai serve")]);
    }

    #[test]
    fn paths_of_this_repository_and_no_others() {
        let check = |code: &str, expect: &[&str]| assert_eq!(paths(code), expect, "{code}");
        check("crates/kit/src/lib.rs:12", &["crates/kit/src/lib.rs"]);
        check("./run --data /var/lib/quaylai", &["./run"]);
        check("cat docs/operating.md.", &["docs/operating.md"]);
        check("crates/* and crates/<name>/src and docs/adr/NNN-*.md", &[]);
        check("https://example.com/docs/x", &[]);
        check("cargo test -p kit", &[]);
    }

    #[test]
    fn links_to_other_files() {
        assert_eq!(links("[a](docs/a.md#b), [c](https://example.com), [d](#d)"), ["docs/a.md"]);
    }

    #[test]
    fn commands_in_the_documentation() {
        assert_eq!(subcommands("quaylai key create --json"), ["key"]);
        assert_eq!(subcommands("ExecStart=/usr/local/bin/quaylai serve --data x"), ["serve"]);
        assert_eq!(subcommands("quaylai --help; libquaylai demo"), [] as [&str; 0]);
    }

    #[test]
    fn commands_in_the_source() {
        let source = r#"
            #[derive(Debug, clap::Subcommand)]
            enum Command {
                /// Serve.
                Serve(Serve),
                #[command(name = "back-up")]
                Backup {
                    #[arg(long)]
                    To: String,
                },
                DryRun,
            }
            enum Other { Not }
        "#;
        assert_eq!(subcommand_variants(source), ["serve", "back-up", "dry-run"]);
    }

    #[test]
    fn edges_have_no_cycle_and_no_stranger() {
        let mut seen: Vec<&str> = Vec::new();
        for (name, allowed) in EDGES {
            for dependency in *allowed {
                assert!(EDGES.iter().any(|(of, _)| of == dependency), "{name} -> {dependency}");
                assert_ne!(name, dependency);
            }
            seen.push(name);
        }
        let mut left: Vec<&(&str, &[&str])> = EDGES.iter().collect();
        while !left.is_empty() {
            let before = left.len();
            let names: Vec<&str> = left.iter().map(|(name, _)| *name).collect();
            left.retain(|(_, allowed)| allowed.iter().any(|dependency| names.contains(dependency)));
            assert!(left.len() < before, "a cycle among {names:?}");
        }
    }

    #[test]
    fn rows_of_the_dependency_table() {
        let text = "| crate | why |\n|---|---|\n| `axum` | HTTP |\nsee `regex`\n";
        assert_eq!(explained(text), BTreeSet::from(["axum"]));
    }
}
