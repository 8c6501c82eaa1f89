//! The policy evaluation against whole cases: those that others wrote, where the corpus stands beside the checkout (else
//! skipped, and said so), and our own on federation, each after a page of AWS's documentation.

#![expect(clippy::print_stderr, reason = "a test that is skipped must say so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mgmtscope::analysis::policy::cases::{Case, Expected};

fn corpus(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: no corpus at {}", path.display());
    None
}

#[test]
fn every_case_of_the_corpus_has_its_expected_verdict() {
    let Some(path) = corpus("iam_eval/cases.jsonl") else { return };
    let text = std::fs::read_to_string(path).expect("it can be read");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let case = Case::parse(line).expect("a case");
        let expected = case.expected.expect("an expected verdict");
        let outcome = case.prepare().expect("it can be run").run();
        count += 1;
        if !expected.is_met_by(outcome.verdict) {
            let is = Expected::of(outcome.verdict).word();
            wrong.push(format!("{}: {} expected, is {is} {:?}", case.id, expected.word(), outcome.missing));
        }
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if let Some(blocked) = value.get("expected_blocked_by").and_then(|list| list.as_array()) {
            let mut wanted: Vec<&str> = blocked.iter().filter_map(|word| word.as_str()).collect();
            let mut is: Vec<&str> = outcome
                .blocked_by
                .iter()
                .map(|layer| match layer.word() {
                    "boundary" => "pb",
                    word => word,
                })
                .collect();
            wanted.sort_unstable();
            is.sort_unstable();
            if wanted != is {
                wrong.push(format!("{}: blocked by {wanted:?} expected, is {is:?}", case.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 440, "only {count} cases were read");
}

#[test]
fn every_case_of_federation_has_the_verdict_that_the_documentation_gives() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/federation.jsonl");
    let text = std::fs::read_to_string(path).expect("it can be read");
    let mut names = BTreeSet::new();
    let mut verdicts = BTreeMap::new();
    for line in text.lines() {
        let case = Case::parse(line).expect("a case");
        let outcome = case.prepare().expect("it can be run").run();
        let expected = case.expected.expect("an expected verdict");
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let (name, source) = (value["name"].as_str().expect("a name"), value["source"].as_str().expect("a source"));
        let is = Expected::of(outcome.verdict).word();
        assert!(expected.is_met_by(outcome.verdict), "{} ({name}) is {is}: {source}", case.id);
        assert!(outcome.oddities.is_empty(), "{}: {:?}", case.id, outcome.oddities);
        assert!(source.starts_with("https://docs.aws.amazon.com/"), "{}: {source}", case.id);
        assert!(names.insert(case.id.clone()), "{} twice", case.id);
        *verdicts.entry((case.request.action, is)).or_insert(0) += 1;
    }
    // Each way into a role, both ways.
    for action in ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "TagSession", "SetSourceIdentity"] {
        for verdict in ["Allowed", "ImplicitlyDenied"] {
            assert!(verdicts.contains_key(&(format!("sts:{action}"), verdict)), "{action} {verdict}");
        }
    }
}
