//! A line of policy tests from arbitrary text: reading and judging it never panic, the verdict is the same with its reasons
//! and without, and one more Deny, wherever it stands, never makes anything allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mgmtscope::analysis::policy::Verdict;
use mgmtscope::analysis::policy::cases::Case;
use serde_json::{Value, json};

fn judge(line: &str) -> Option<Verdict> {
    let prepared = Case::parse(line).ok()?.prepare().ok()?;
    let outcome = prepared.run();
    assert_eq!(outcome.verdict, prepared.verdict());
    Some(outcome.verdict)
}

fn push(list: Option<&mut Value>, item: Value) {
    if let Some(list) = list.and_then(Value::as_array_mut) {
        list.push(item);
    }
}

/// The line with one more statement that denies everything, each time in another place.
fn denied(line: &str) -> Vec<Value> {
    let Ok(case) = serde_json::from_str::<Value>(line) else { return Vec::new() };
    let statement = || json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
    let document = || json!({"Version": "2012-10-17", "Statement": [statement()]});
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Value)| {
        let mut case = case.clone();
        change(&mut case);
        all.push(case);
    };
    with(&|case| push(case.get_mut("identity_policies"), document()));
    with(&|case| push(case.pointer_mut("/resource_policy/Statement"), statement()));
    for place in ["permission_boundaries", "session_policies"] {
        // To the first policy: where there was none, one more would be the first limit.
        with(&|case| push(case.pointer_mut(&format!("/{place}/0/Statement")), statement()));
    }
    for place in ["scps", "rcps"] {
        with(&|case| push(case.pointer_mut(&format!("/{place}/0/policies")), document()));
    }
    all
}

fuzz_target!(|line: &str| {
    let Some(before) = judge(line) else { return };
    for case in denied(line) {
        let after = judge(&case.to_string());
        assert!(after != Some(Verdict::Allowed) || before == Verdict::Allowed, "{before:?}: {case}");
    }
});
