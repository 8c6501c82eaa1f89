//! A million events in files: who types while they are read gets an answer to every letter, and the right one at the end.
//! The events are made by the generator beside the repository, or where `MGMTSCOPE_SHARED` says; else it is skipped, visibly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::SOON;
use crate::support::program::Program;
use crate::visit::{ENTER, Visit, footer, shown};

const EVENTS: usize = 1_000_000;
/// Reading them takes seconds; a build without optimization on a busy machine, more.
const LONG: Duration = Duration::from_secs(240);

/// The folder of log files, made once.
#[allow(clippy::print_stdout, reason = "a skipped test must be seen")]
fn tree() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("MGMTSCOPE_SHARED").map_or_else(|| here.join("../shared"), PathBuf::from);
    let generator = shared.join("tools/gen_cloudtrail.py");
    if !generator.exists() {
        println!("skipped: {} is not here", generator.display());
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cloudtrail-{EVENTS}"));
    if folder.join("truth.json").exists() {
        return Some(folder);
    }
    let _ = std::fs::remove_dir_all(&folder);
    let events = EVENTS.to_string();
    let made = Command::new("python3")
        .arg(&generator)
        .arg(&folder)
        .args(["--events", &events, "--seed", "1", "--jobs", "2"])
        .output()
        .expect("python3 runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(folder)
}

#[test]
fn every_letter_is_answered_while_a_million_events_are_read() {
    const FILTER: &str = "event:assumerole error";
    let Some(tree) = tree() else { return };
    let program = Program::with(&["--from", tree.to_str().expect("a path")]);
    let visit = Visit::open(&program, (24, 80));
    visit.send("3");
    // The first rows are there long before the last.
    let screen = visit.terminal.wait_for("the first rows", LONG, |screen| shown(screen).is_some_and(|rows| rows > 0));
    assert!(shown(&screen).is_some_and(|rows| rows < EVENTS), "read before anybody could type: {}", footer(&screen));
    visit.send("/");
    for end in 1..=FILTER.len() {
        visit.send(&FILTER[end - 1..end]);
        let typed = format!("/{}", &FILTER[..end]);
        visit.terminal.wait_for(&typed, SOON, |screen| footer(screen).starts_with(typed.trim_end()));
    }
    let screen = visit.terminal.screen();
    assert!(!footer(&screen).contains(&EVENTS.to_string()), "all was read before the last letter: {}", footer(&screen));
    visit.send(ENTER);
    visit.settle(LONG);
    let counted = program.run(&["query", "activity", FILTER, "--format", "count"], LONG).number();
    visit.see_count(counted, SOON);
    visit.esc("all of them", |screen| shown(screen) == Some(EVENTS));
    visit.quit();
}
