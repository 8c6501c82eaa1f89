//! `evaluate`: runs policy tests from a file and prints what each came to. Format: `docs/evaluate.md`.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use serde_json::json;

use super::batch::Failure;
use crate::analysis::policy::Verdict;
use crate::analysis::policy::cases::{Case, Expected, Outcome};
use crate::model::text::clean;

/// No line of tests is longer.
const LONGEST: u64 = 64 << 20;

/// Whether every verdict was the expected one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub run: usize,
    pub expected: usize,
    pub differ: usize,
}

/// Runs every test of a file (`-` is standard input), a line each.
///
/// # Errors
/// The file cannot be read, or a line is no test: which, and why.
pub fn run(path: &Path, format: &str, out: &mut dyn Write, err: &mut dyn Write) -> Result<Tally, Failure> {
    let (shown, input): (String, Box<dyn Read>) = if path == Path::new("-") {
        ("standard input".to_owned(), Box::new(io::stdin().lock()))
    } else {
        let shown = path.display().to_string();
        let file = std::fs::File::open(path).map_err(|error| Failure::Input(format!("{shown}: {error}")))?;
        (shown, Box::new(file))
    };
    let mut tally = Tally::default();
    let mut reader = io::BufReader::new(input);
    let mut line = Vec::new();
    // A line that is no test does not hold up the others.
    let mut bad: Vec<String> = Vec::new();
    for number in 1.. {
        let at = |why: String| format!("{shown}, line {number}: {why}");
        let whole = match next_line(&mut reader, &mut line) {
            Ok(_) if line.is_empty() => break,
            Ok(whole) => whole,
            Err(error) => {
                bad.push(at(error.to_string()));
                break;
            }
        };
        let (outcome, case) = match test(&line, whole) {
            Ok(Some(test)) => test,
            Ok(None) => continue,
            Err(why) => {
                bad.push(at(why));
                continue;
            }
        };
        tally.run += 1;
        tally.expected += usize::from(case.expected.is_some());
        let differs = case.expected.is_some_and(|expected| !expected.is_met_by(outcome.verdict));
        tally.differ += usize::from(differs);
        let name = if case.id.is_empty() { format!("line {number}") } else { case.id.clone() };
        match format {
            "json" => writeln!(out, "{}", as_json(&name, &case, &outcome, differs))?,
            _ => as_text(&name, &case, &outcome, differs, out)?,
        }
    }
    out.flush()?;
    let rest = tally.run - tally.expected;
    let rest = if rest == 0 { String::new() } else { format!(", {rest} without an expected verdict") };
    let (tests, differ) =
        (if tally.run == 1 { "test" } else { "tests" }, if tally.differ == 1 { "differs" } else { "differ" });
    writeln!(err, "{} {tests}, {} {differ}{rest}", tally.run, tally.differ)?;
    match &bad[..] {
        [] if tally.run == 0 => {
            Err(Failure::Input(format!("{shown}: no test in it; one JSON object a line is looked for")))
        }
        [] => Ok(tally),
        [one] => Err(Failure::Input(one.clone())),
        [first, ..] => Err(Failure::Input(format!("{first} (and {} more lines that are no tests)", bad.len() - 1))),
    }
}

/// Reads a line; false: it is longer than [`LONGEST`], and its rest was skipped.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    reader.by_ref().take(LONGEST).read_until(b'\n', line)?;
    let whole = line.ends_with(b"\n") || (line.len() as u64) < LONGEST;
    if !whole {
        reader.skip_until(b'\n')?;
    }
    Ok(whole)
}

/// The test on a line, run; None: the line is empty.
fn test(line: &[u8], whole: bool) -> Result<Option<(Outcome, Case)>, String> {
    if !whole {
        return Err(format!("it is longer than {} MiB", LONGEST >> 20));
    }
    let line = std::str::from_utf8(line).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() {
        return Ok(None);
    }
    let case = Case::parse(line)?;
    let outcome = case.prepare()?.run();
    Ok(Some((outcome, case)))
}

fn as_text(name: &str, case: &Case, outcome: &Outcome, differs: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut words = vec![name.to_owned(), Expected::of(outcome.verdict).word().to_owned()];
    if let Some(expected) = case.expected.filter(|_| differs) {
        words.push(format!("DIFFERS: {} was expected", expected.word()));
    }
    if !outcome.deciding.is_empty() {
        let by = if outcome.verdict == Verdict::ImplicitlyDenied { "though allowed by" } else { "by" };
        words.push(format!("{by} {}", outcome.deciding.join(", ")));
    }
    if !outcome.blocked_by.is_empty() && outcome.verdict != Verdict::Allowed {
        let layers: Vec<&str> = outcome.blocked_by.iter().map(|layer| layer.word()).collect();
        words.push(format!("blocked by {}", layers.join(", ")));
    }
    if !outcome.missing.is_empty() {
        words.push(format!("missing {}", outcome.missing.join(", ")));
    }
    words.extend(outcome.oddities.iter().map(|oddity| format!("note: {oddity}")));
    let words: Vec<_> = words.iter().map(|word| clean(word)).collect();
    writeln!(out, "{}", words.join("\t"))
}

fn as_json(name: &str, case: &Case, outcome: &Outcome, differs: bool) -> serde_json::Value {
    let cleaned = |texts: &[String]| texts.iter().map(|text| clean(text).into_owned()).collect::<Vec<_>>();
    json!({
        "id": clean(name),
        "verdict": Expected::of(outcome.verdict).word(),
        "expected": case.expected.map(Expected::word),
        "differs": differs,
        "deciding": cleaned(&outcome.deciding),
        "blocked_by": outcome.blocked_by.iter().map(|layer| layer.word()).collect::<Vec<_>>(),
        "missing": cleaned(&outcome.missing),
        "oddities": cleaned(&outcome.oddities),
    })
}
