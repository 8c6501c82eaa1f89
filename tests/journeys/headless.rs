//! The program without a screen: collect, query, doctor, policy, and bad input.

use std::time::Duration;

use crate::support::events;
use crate::support::front::Front;
use crate::support::front::iam::RootRow;
use crate::support::program::Program;
use crate::support::{PATIENCE, world};
use crate::{BOTH, SOON, assert_left_no_trace, audit_front};

fn count(program: &Program, pane: &str, filter: &str) -> usize {
    let mut words = vec!["query", pane];
    words.extend((!filter.is_empty()).then_some(filter));
    words.extend(["--format", "count"]);
    program.run(&words, PATIENCE).number()
}

#[test]
fn a_snapshot_holds_what_was_seeded_and_what_the_live_account_shows() {
    let Some(world) = world() else { return };
    let (front, seeded) = (audit_front(world), &world.seeded);
    front.iam().set_root(RootRow { mfa: true, ..RootRow::default() });
    let live = Program::live(&front, &BOTH);
    let file = live.path("x.mgx");
    let file = file.to_str().expect("a plain path");
    let said = live.run(&["collect", "-o", file], PATIENCE);
    // Only Cloud Control is missing, and it is said.
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("cloudformation:ListResources"), "{said:#?}");
    assert!(!said.err.contains("failed"), "{said:#?}");
    assert_left_no_trace(&front);
    assert_gentle(&front);

    let kept = Program::with(&["--from", file]);
    assert_eq!(count(&kept, "principals", "kind:user"), seeded.users.len());
    assert_eq!(count(&kept, "principals", "kind:role"), seeded.roles.len());
    assert_eq!(count(&kept, "principals", "kind:root"), 1);
    assert_eq!(count(&kept, "activity", ""), events::sample(seeded).len());
    for arn in &seeded.tagged_residents {
        assert_eq!(count(&kept, "residents", &format!("{arn:?}")), 1, "{arn}");
    }
    for account in seeded.delegated.keys() {
        assert!(count(&kept, "delegation", account) >= 1, "{account}");
    }
    for pane in ["principals", "delegation"] {
        assert_eq!(count(&kept, pane, ""), count(&live, pane, ""), "{pane}: snapshot and live");
    }
    let list = kept.run(&["query", "principals", "--format", "json"], SOON).rows();
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("a JSON array");
    assert_eq!(list.len(), count(&kept, "principals", ""));
}

/// Two lookups a second and Region, and nearly none refused: AWS starts with a full bucket, so must we allow one more.
fn assert_gentle(front: &Front) {
    for region in BOTH {
        let times: Vec<_> = front
            .calls()
            .into_iter()
            .filter(|call| call.operation == "LookupEvents" && call.region == region)
            .map(|call| call.at)
            .collect();
        assert!(!times.is_empty(), "no lookup in {region}");
        for window in times.windows(4) {
            let span = window[3].duration_since(window[0]);
            assert!(span >= Duration::from_millis(900), "4 lookups in {span:?} in {region}");
        }
    }
}

#[test]
fn the_sample_counts_the_same_in_every_format() {
    let demo = Program::demo();
    for pane in ["principals", "activity", "residents", "delegation"] {
        let list = demo.run(&["query", pane, "--format", "json"], SOON).rows();
        let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("a JSON array");
        assert_eq!(list.len(), count(&demo, pane, ""), "{pane}");
        assert!(!list.is_empty(), "{pane}");
        let csv = demo.run(&["query", pane, "--format", "csv"], SOON).rows();
        assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), list.len(), "{pane}");
    }
}

#[test]
fn a_zero_over_what_nobody_asked_is_said_to_be_none() {
    let program = Program::with(&[]);
    let file = program.path("organization.json");
    let organization = r#"{"Organization":{"Id":"o-abc1234567","MasterAccountId":"111122223333"}}"#;
    std::fs::write(&file, organization).expect("a file can be written");
    let said =
        program.run(&["query", "residents", "--format", "count", "--from", file.to_str().expect("a plain path")], SOON);
    assert_eq!((said.code, said.out.trim()), (Some(3), "0"), "{said:#?}");
    assert!(said.err.contains("nothing was read for residents"), "{said:#?}");
}

#[test]
fn the_doctor_names_what_is_denied() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    for target in ["iam:GetAccountAuthorizationDetails", "organizations:DescribeResourcePolicy", "account"] {
        front.faults().on(target, crate::support::front::Fault::Deny);
    }
    let said = Program::live(&front, &["us-east-1"]).run(&["doctor"], PATIENCE);
    assert!(said.out.contains(&world.seeded.management_account), "{said:#?}");
    for action in
        ["iam:GetAccountAuthorizationDetails", "organizations:DescribeResourcePolicy", "account:GetContactInformation"]
    {
        assert!(said.out.contains(action), "{action}: {said:#?}");
    }
    assert_left_no_trace(&front);
}

#[test]
fn the_policy_allows_reading_only() {
    let policy = Program::with(&[]).run(&["policy"], SOON).ok();
    // Several documents where one would be longer than IAM takes.
    let policies = serde_json::Deserializer::from_str(&policy).into_iter::<serde_json::Value>();
    let policies: Vec<_> = policies.collect::<Result<_, _>>().expect("JSON");
    let statements = policies.iter().flat_map(|policy| policy["Statement"].as_array().into_iter().flatten());
    let actions: Vec<&str> = statements
        .flat_map(|statement| statement["Action"].as_array().into_iter().flatten())
        .filter_map(serde_json::Value::as_str)
        .collect();
    assert!(actions.contains(&"organizations:DescribeOrganization"), "{actions:?}");
    for action in actions {
        let (_, operation) = action.split_once(':').expect("service and operation");
        let reads = ["Get", "List", "Describe", "Lookup", "Search", "Select", "BatchGet", "Generate"];
        assert!(reads.iter().any(|read| operation.starts_with(read)) && !operation.contains('*'), "{action}");
    }
}

#[test]
fn a_users_mistake_is_one_line_and_exit_code_2() {
    let program = Program::with(&[]);
    let unknown = program.path("notes.txt");
    std::fs::write(&unknown, "buy milk\n").expect("a file can be written");
    let unknown = unknown.to_str().expect("a plain path");
    for words in [
        &["query", "principals", "--from", "/does/not/exist"][..],
        &["query", "principals", "--from", unknown],
        &["query", "principals", "nosuchfield:x", "--demo"],
        &["query", "principals", "/(/", "--demo"],
        &["query", "nonsense", "--demo"],
        &["query", "principals", "--demo", "--regions", "mars"],
        &["query", "principals", "--endpoint-url", "nonsense"],
        &["query", "principals", "--demo", "--theme", "pink"],
        &["query", "principals", "--demo", "--config", "/does/not/exist"],
        &["collect", "--demo", "-o", "/does/not/exist/x.mgx"],
        &["--no-such-option"],
    ] {
        let said = program.run(words, SOON);
        assert_eq!(said.code, Some(2), "{words:?}: {said:#?}");
        assert!(said.out.is_empty(), "{words:?}: {said:#?}");
        assert_eq!(said.err.lines().count(), 1, "{words:?}: {said:#?}");
        assert!(!said.err.is_empty() && !said.err.contains("panicked") && !said.err.contains("BACKTRACE"), "{said:#?}");
    }
    let said = program.run(&["query", "principals", "--from", unknown], SOON);
    assert!(said.err.contains("notes.txt") && said.err.contains("CloudTrail"), "what was looked for: {said:#?}");
}
