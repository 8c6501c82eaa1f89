//! The rules over events, against records whose attack or verdict others labelled, where the corpus stands beside the
//! checkout; else skipped, and said so. Holds the tables of `docs/rules.md`; `UPDATE_DOCS=1` writes them.
//!
//! Single records only: rules that take many records together are not counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use mgmtscope::catalog::rules::{Rule, Severity, rules};
use serde_json::Value;

/// Records with a label of their own rules, and why none of ours is raised.
const NOT_COVERED: &[(&str, &str)] = &[
    (
        "AWS.CloudTrail.EnableRegion",
        "the record's eventSource is cloudtrail.amazonaws.com; the call is account:EnableRegion",
    ),
    ("AWS.S3.CopyObjectToExternalAccountBucket", "takes a comparison of two accounts in one record"),
    ("AWS.S3.DeleteObject", "one object deleted is ordinary; many at once are a burst"),
    ("AWS.Software.Discovery", "one description is ordinary; many at once are a burst"),
    ("AWS.UnusedRegion", "takes a list of Regions that are in use"),
    ("Role.Assumed.by.AWS.Service", "a service that takes on its role is ordinary"),
];

#[allow(clippy::print_stdout, reason = "a skipped test must be seen")]
fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("MGMTSCOPE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("corpus/cloudtrail");
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("readable");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn raised(record: &Value) -> Vec<&'static Rule> {
    rules().raised(record).into_iter().filter(|rule| rule.burst.is_none()).collect()
}

/// Keeps a block of the page as it is made here.
fn keep(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let text = std::fs::read_to_string(&path).expect("the page");
    let (begin, end) = ("<!-- begin corpus -->\n", "<!-- end corpus -->");
    let (before, rest) = text.split_once(begin).expect("where the table begins");
    let (_, after) = rest.split_once(end).expect("where the table ends");
    let wanted = format!("{before}{begin}\n{table}\n{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, wanted).expect("the page can be written");
    } else {
        assert!(text == wanted, "docs/rules.md holds another table than\n{table}");
    }
}

#[test]
fn labelled_attacks_raise_a_rule_or_are_listed() {
    let Some(corpus) = corpus() else { return };
    let (events, labels) = (lines(&corpus.join("events.jsonl")), lines(&corpus.join("labels.jsonl")));
    assert_eq!(events.len(), labels.len());
    let mut techniques: BTreeMap<String, BTreeSet<(std::cmp::Reverse<Severity>, &str)>> = BTreeMap::new();
    let (mut wanted, mut met, mut missed) = (0, 0, BTreeSet::new());
    let (mut unwanted, mut quiet) = (0, 0);
    let (mut ordinary, mut ordinary_raised) = (0, 0);
    for (event, label) in events.iter().zip(&labels) {
        let found = raised(event);
        let list = label["labels"].as_array().expect("a list");
        ordinary += usize::from(list.is_empty());
        ordinary_raised += usize::from(list.is_empty() && found.iter().any(|rule| rule.severity > Severity::Info));
        for label in list {
            if let Some(technique) = label["technique"].as_str() {
                let of = techniques.entry(technique.to_owned()).or_default();
                of.extend(found.iter().map(|rule| (std::cmp::Reverse(rule.severity), rule.id.as_str())));
            } else if label["expected"] == true {
                wanted += 1;
                met += usize::from(!found.is_empty());
                if found.is_empty() {
                    missed.insert(label["rule"].as_str().unwrap_or("").to_owned());
                }
            } else {
                unwanted += 1;
                quiet += usize::from(!found.iter().any(|rule| rule.severity > Severity::Info));
            }
        }
    }
    // What only shows when many such records come together, which is not counted yet.
    let mut bursts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (event, label) in events.iter().zip(&labels) {
        let all = rules().raised(event);
        let of_burst = all.iter().filter(|rule| rule.burst.is_some() && rule.severity > Severity::Info);
        for technique in
            label["labels"].as_array().into_iter().flatten().filter_map(|label| label["technique"].as_str())
        {
            bursts.entry(technique).or_default().extend(of_burst.clone().map(|rule| rule.id.as_str()));
        }
    }
    let by_itself = |rules: &BTreeSet<(std::cmp::Reverse<Severity>, &str)>| {
        rules.iter().any(|(severity, _)| severity.0 > Severity::Info)
    };
    let mut table = String::from("| attack (stratus-red-team) | raises |\n|---|---|\n");
    for (technique, rules) in &techniques {
        let gravest: Vec<String> =
            rules.iter().take(3).map(|(severity, id)| format!("{id} ({})", severity.0.word())).collect();
        if !by_itself(rules) {
            let bursts = bursts.get(technique.as_str()).into_iter().flatten().copied().collect::<Vec<_>>();
            assert!(!bursts.is_empty(), "{technique} raises no rule");
            let _ = writeln!(
                table,
                "| {technique} | not covered yet: only many together tell it ({}) |",
                bursts.join(", ")
            );
            continue;
        }
        let more = if rules.len() > 3 { format!(", {} more", rules.len() - 3) } else { String::new() };
        let _ = writeln!(table, "| {technique} | {}{more} |", gravest.join(", "));
    }
    let _ = writeln!(
        table,
        "\nOf {wanted} records that a rule of panther-analysis wants to find, {met} raise one of ours. Of {unwanted} that it does\nnot want to find, {quiet} raise none above `info`; the others raise another rule, or one that is wider by intent. Of\n{ordinary} records without a label, {ordinary_raised} raise a rule above `info`.\n"
    );
    table.push_str("| not covered | why |\n|---|---|\n");
    for rule in &missed {
        let reason = NOT_COVERED.iter().find(|(name, _)| name == rule).map(|(_, why)| *why);
        let _ = writeln!(table, "| {rule} | {} |", reason.unwrap_or("NO REASON"));
    }
    assert!(!table.contains("NO REASON"), "a record is not covered, for no reason:\n{table}");
    keep(&table);
}
