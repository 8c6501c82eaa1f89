//! What the documentation says is held against the program: paths and names exist, links lead somewhere, commands
//! parse, filters find something, the table of layers is the one that is enforced.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use mgmtscope::cli::Cli;
use mgmtscope::config::Settings;
use mgmtscope::panes::PaneId;
use mgmtscope::panes::filter::Filter;
use mgmtscope::panes::order::order;

use crate::house::LAYERS;
use crate::readme::{read, sample};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every document, with its place from the root.
fn documents() -> Vec<(String, String)> {
    let mut names: Vec<String> = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(str::to_owned).into();
    for folder in ["docs", "docs/decisions"] {
        for entry in fs::read_dir(root().join(folder)).expect(folder) {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                names.push(format!("{folder}/{name}"));
            }
        }
    }
    names.sort();
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

/// What stands in backticks outside of code blocks.
fn quoted(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// Lines in blocks of shell.
fn shell(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    blocks.flat_map(str::lines).map(str::trim)
}

#[test]
fn paths_exist() {
    const TOPS: [&str; 6] = ["src/", "assets/", "tests/", "docs/", ".ci/", "benches/"];
    let mut wrong = Vec::new();
    for (document, text) in documents() {
        for path in quoted(&text).into_iter().filter(|word| TOPS.iter().any(|top| word.starts_with(top))) {
            // `NAME` and `*` stand for something that is to be chosen.
            let open = path.contains(['*', '<', ' ']) || path.contains("NAME") || path.contains("NNNN");
            if !open && !root().join(path).exists() {
                wrong.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for (document, text) in documents() {
        let folder = root().join(&document).parent().map(Path::to_path_buf).unwrap_or_default();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if !link.starts_with("http") && !path.is_empty() && !folder.join(path).exists() {
                wrong.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Names of types, functions and tables in the description of the house are those of the code.
#[test]
fn names_in_the_code_exist() {
    fn gather(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                gather(&path, all);
            } else if let Ok(text) = fs::read_to_string(&path) {
                all.push_str(&text);
            }
        }
    }
    let mut code = read("Cargo.toml");
    for folder in ["src", "assets", "tests"] {
        gather(&root().join(folder), &mut code);
    }
    let mut wrong = Vec::new();
    for (document, text) in documents().into_iter().filter(|(name, _)| {
        name == "docs/architecture.md" || name.starts_with("docs/decisions/") || name == "CONTRIBUTING.md"
    }) {
        for word in quoted(&text) {
            let last = word.trim_end_matches("()").rsplit("::").next().unwrap_or(word);
            let named = !last.is_empty() && last.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if named && !code.contains(last) {
                wrong.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn commands_parse() {
    let mut seen = 0;
    for (document, text) in documents() {
        for line in shell(&text) {
            let line = line.split(" #").next().unwrap_or(line).trim();
            let words = match (line.strip_prefix("mgmtscope"), line.strip_prefix("cargo run --release --")) {
                (Some(rest), _) | (None, Some(rest)) => rest.split([';', '|', '>']).next().unwrap_or_default(),
                (None, None) => continue,
            };
            let words = words.split_whitespace().map(|word| word.trim_matches('\''));
            if let Err(error) = Cli::try_parse_from(std::iter::once("mgmtscope").chain(words)) {
                panic!("{document}: {line}\n{error}");
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} commands are shown");
}

#[test]
fn the_readme_names_every_command_and_option() {
    let readme = read("README.md");
    let cli = Cli::command();
    for subcommand in cli.get_subcommands() {
        assert!(readme.contains(&format!("`{}", subcommand.get_name())), "{}", subcommand.get_name());
    }
    let options = cli.get_arguments().chain(cli.get_subcommands().flat_map(clap::Command::get_arguments));
    for option in options.filter_map(clap::Arg::get_long) {
        assert!(readme.contains(&format!("--{option}")), "--{option}");
    }
}

/// Rows of the README's table of filters: pane, filter, meaning.
#[test]
fn filters_find_something_in_the_sample() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("<!-- begin filters -->").expect("the table of filters");
    let (table, _) = rest.split_once("<!-- end filters -->").expect("its end");
    let a = sample();
    let mut seen = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let mut parts = line.trim_matches('|').split(" | ");
        let pane = parts.next().unwrap_or_default().trim();
        let text = parts.next().unwrap_or_default().trim().trim_matches('`').replace("\\|", "|");
        let pane = PaneId::from_name(pane).unwrap_or_else(|| panic!("no pane `{pane}`: {line}")).pane();
        let filter = Filter::new(&text, pane).unwrap_or_else(|error| panic!("{text}: {error}"));
        let (rows, all) = (order(pane, &a, &filter, pane.default_sort()).len(), (pane.rows)(&a));
        assert!(rows > 0 && rows < all, "`{text}` finds {rows} of {all} rows of {}", pane.name);
        seen.insert(text);
    }
    assert!(seen.len() > 10, "{seen:?}");
}

#[test]
fn the_configuration_shown_can_be_used() {
    let readme = read("README.md");
    let shown = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    fs::write(&file, shown).expect("written");
    let settings = Settings::load(Some(&file), None, false).unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(settings.keymap, mgmtscope::app::keymap::Keymap::standard(), "the example changes a key");
}

#[test]
fn the_table_of_layers_is_the_one_that_is_enforced() {
    let text = read("docs/architecture.md");
    for (layer, allowed) in LAYERS {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{layer}` |")));
        let row = row.unwrap_or_else(|| panic!("{layer} is not in the table"));
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let said: BTreeSet<&str> = quoted(last).into_iter().collect();
        assert_eq!(said, allowed.iter().copied().collect(), "{layer}");
    }
}

#[test]
fn the_picture_is_short_and_every_decision_is_linked() {
    let text = read("docs/architecture.md");
    assert!(text.lines().count() < 200, "{} lines", text.lines().count());
    let mut numbers = BTreeSet::new();
    for (name, decision) in documents().into_iter().filter(|(name, _)| name.starts_with("docs/decisions/")) {
        let file = name.trim_start_matches("docs/");
        assert!(text.contains(&format!("]({file})")), "{name} is not linked from docs/architecture.md");
        let number = file.trim_start_matches("decisions/").split('-').next().unwrap_or_default().to_owned();
        assert!(decision.starts_with(&format!("# {number} ")), "{name} does not begin with its number");
        assert!(decision.lines().count() <= 45, "{name} is longer than a page");
        assert!(numbers.insert(number), "{name} takes a number twice");
    }
}
