//! docs/scenarios.md lists the library as its documents tell it; with `QUAYLAI_REWRITE=1` the list is written anew.

use scenarios::{Kind, Language, Scenario, library};
use std::fmt::Write;

const MARK: &str =
    "<!-- From here on this page is made from the documents by the tests of crates/scenarios. -->\n";

fn path() -> String {
    format!("{}/../../docs/scenarios.md", env!("CARGO_MANIFEST_DIR"))
}

fn rewrites() -> bool {
    std::env::var_os("QUAYLAI_REWRITE").is_some()
}

fn told(scenario: &Scenario) -> String {
    let mut page = String::new();
    let Scenario { slug, category, name, summary, needs, .. } = scenario;
    let _ = writeln!(page, "\n### `{slug}`: {} / {}\n", name.vi, name.en);
    let _ = writeln!(page, "{}\n\n{}\n", summary.vi, summary.en);
    let list = |items: &[String]| items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ");
    let _ = writeln!(page, "Category `{category}`.");
    for (what, items) in
        [("Events", &needs.events), ("Fields", &needs.attributes), ("Consent", &needs.consents)]
    {
        if !items.is_empty() {
            let _ = writeln!(page, "{what}: {}.", list(items));
        }
    }
    if let Some(setup) = &needs.setup {
        let _ = writeln!(page, "\n{}\n{}", setup.vi, setup.en);
    }
    let _ = writeln!(page, "\n| text | channel | |\n|---|---|---|");
    for template in &scenario.templates {
        let intended = template.intended_channel.map(|channel| format!("; meant for {channel}"));
        let channel = template.channel.replace("[[", "by `").replace("]]", "`");
        let channel = format!("{channel}{}", intended.unwrap_or_default());
        let names = format!("{} / {}", template.vi.name, template.en.name);
        let _ = writeln!(page, "| `{}` | {channel}, {} | {names} |", template.key, template.purpose);
    }
    if !scenario.parameters.is_empty() {
        let _ = writeln!(page, "\n| parameter | default | |\n|---|---|---|");
    }
    for parameter in &scenario.parameters {
        let defaults = Language::ALL.map(|language| {
            let default = parameter.default_in(language);
            default.as_str().map_or_else(|| default.to_string(), str::to_owned)
        });
        let default = match &defaults {
            [vi, en] if vi == en => format!("`{vi}`"),
            [vi, en] => format!("`{vi}` / `{en}`"),
        };
        let options = match parameter.kind {
            Kind::Choice => format!(" ({})", parameter.options.join(", ")),
            _ => String::new(),
        };
        let label = format!("{} / {}{options}", parameter.label.vi, parameter.label.en);
        let _ = writeln!(page, "| `{}` | {default} | {label} |", parameter.name);
    }
    page
}

#[test]
fn the_handbook_lists_the_library_as_it_is() {
    let page = std::fs::read_to_string(path()).expect("docs/scenarios.md is there");
    let (intro, listed) = page.split_once(MARK).expect("docs/scenarios.md has its mark");
    let made: String = library().iter().map(told).collect();
    if rewrites() {
        std::fs::write(path(), format!("{intro}{MARK}{made}")).expect("docs/scenarios.md is written");
        return;
    }
    assert!(listed == made, "docs/scenarios.md is not what the documents say: run it with QUAYLAI_REWRITE=1");
}
