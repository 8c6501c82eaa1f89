//! The policy evaluation against cases that others wrote, where the corpus stands beside the checkout; else skipped, and
//! said so.

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
            (wanted.sort_unstable(), is.sort_unstable());
            if wanted != is {
                wrong.push(format!("{}: blocked by {wanted:?} expected, is {is:?}", case.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 440, "only {count} cases were read");
}
