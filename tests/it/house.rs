//! The walls: who may import whom, what no layer may know, a header on every file, files that hold one idea.

use std::fs;
use std::path::{Path, PathBuf};

/// A layer and the layers it may use; itself always. See `docs/architecture.md`.
pub const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("catalog", &["model"]),
    ("analysis", &["model", "catalog"]),
    ("panes", &["model", "catalog", "analysis"]),
    ("collect", &["model", "catalog", "store"]),
    ("store", &["model"]),
    ("report", &["model", "catalog", "analysis", "panes"]),
    ("app", &["model", "catalog", "analysis", "panes", "collect"]),
    ("ui", &["model", "analysis", "panes", "app"]),
];

/// What only some may know: a crate's name, and the places that may use it.
const CRATES: &[(&str, &[&str])] = &[
    ("aws_sdk", &["collect/aws"]),
    ("aws_config", &["collect/aws"]),
    ("aws_smithy", &["collect/aws"]),
    ("crossterm", &["run", "main.rs"]),
    ("ratatui", &["ui", "run", "app/layout.rs"]),
    ("tokio", &["collect", "run", "main.rs"]),
    ("rsigma_", &["catalog/rules/sigma"]),
    ("clap", &["cli.rs", "main.rs"]),
    ("std::fs", &["collect", "store", "run", "config.rs"]),
    ("std::env", &["run", "main.rs", "config.rs", "collect/aws"]),
    ("Timestamp::now", &["run/clock.rs"]),
];

/// Files longer than this hold two ideas, unless named here with a reason.
const LONGEST: usize = 500;
const EXCUSED: &[(&str, &str)] = &[];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).expect("UTF-8"))
    };
    paths.into_iter().map(read).collect()
}

/// The code of a file: without comments, and without its tests, which may reach further.
fn code(text: &str) -> Vec<&str> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..tests].lines().filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// True for files that are tests as a whole.
fn is_test_file(name: &str) -> bool {
    name.ends_with("tests.rs") || name.ends_with("testing.rs") || name.contains("/tests/")
}

#[test]
fn layers_import_only_what_they_may() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some((layer, allowed)) = LAYERS.iter().find(|(layer, _)| name.starts_with(&format!("{layer}/"))) else {
            continue;
        };
        for line in code(&text) {
            for (other, _) in LAYERS.iter().chain(&[("run", &[][..]), ("cli", &[]), ("config", &[])]) {
                // Not `$the_sdk_crate::config`: the word must begin here.
                let path = format!("crate::{other}");
                let used = line.match_indices(&path).any(|(at, _)| {
                    let begins =
                        at == 0 || !line.as_bytes()[at - 1].is_ascii_alphanumeric() && line.as_bytes()[at - 1] != b'_';
                    begins && line[at + path.len()..].starts_with([':', ';'])
                });
                if used && other != layer && !allowed.contains(other) {
                    wrong.push(format!("{name}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports across a wall:\n{}", wrong.join("\n"));
}

#[test]
fn only_those_who_may_know_the_outside() {
    let mut wrong = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| !is_test_file(name)) {
        for line in code(&text) {
            for (word, places) in CRATES {
                let at_word_start = |at: usize| {
                    at == 0 || !line.as_bytes()[at - 1].is_ascii_alphanumeric() && line.as_bytes()[at - 1] != b'_'
                };
                let used = line.match_indices(word).any(|(at, _)| at_word_start(at)) && line.contains("::");
                if used && !places.iter().any(|place| name.starts_with(place)) {
                    wrong.push(format!("{name}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these know too much:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(name, _)| name).collect();
    assert!(silent.is_empty(), "no header: {silent:?}");
}

#[test]
fn no_file_holds_two_ideas() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(name, text)| (name, code(&text).len()))
        .filter(|(name, lines)| *lines > LONGEST && !EXCUSED.iter().any(|(excused, _)| excused == name))
        .map(|(name, lines)| format!("{name}: {lines}"))
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST} lines: {long:?}");
}
