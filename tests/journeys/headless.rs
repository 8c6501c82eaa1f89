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

/// A policy test: a user who may list roles asks for something.
fn policy_test(id: &str, action: &str, expected: &str) -> String {
    serde_json::json!({
        "id": id,
        "request": {"principal": "arn:aws:iam::111122223333:user/a", "action": action},
        "identity_policies": [{"Version": "2012-10-17", "Statement": [
            {"Sid": "Look", "Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]}],
        "expected": expected,
    })
    .to_string()
}

#[test]
fn policy_tests_pass_differ_or_are_none() {
    let program = Program::with(&[]);
    let file = program.path("cases.jsonl");
    let name = file.to_str().expect("a plain path");
    let (good, denied) =
        (policy_test("may list", "iam:ListRoles", "Allowed"), policy_test("no more", "iam:PassRole", "Denied"));
    let differs = policy_test("may pass", "iam:PassRole", "Allowed");
    let write = |lines: &[&str]| std::fs::write(&file, lines.join("\n")).expect("a file can be written");

    write(&[&good, "", &denied]);
    let said = program.run(&["evaluate", name], SOON);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let rows: Vec<Vec<&str>> = said.out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["may list", "Allowed", "by identity policy 1, statement 1 (Look)"]);
    assert_eq!(rows[1], ["no more", "ImplicitlyDenied"]);
    assert_eq!(said.err, "2 tests, 0 differ\n");

    write(&[&good, &differs]);
    let said = program.run(&["evaluate", name], SOON);
    assert_eq!(said.code, Some(1), "{said:#?}");
    assert!(said.out.contains("may pass\tImplicitlyDenied\tDIFFERS: Allowed was expected"), "{said:#?}");
    assert_eq!(said.err, "2 tests, 1 differs\n");

    // A line that is none is named, and the others are run all the same.
    write(&[&good, "{\"request\": 7}", &differs]);
    let said = program.run(&["evaluate", name], SOON);
    assert_eq!((said.code, said.out.lines().count()), (Some(2), 2), "{said:#?}");
    assert!(said.err.contains(&format!("{name}, line 2: ")) && !said.err.contains("line 1"), "{said:#?}");
    write(&[&good, "\u{feff}{", "7"]);
    let said = program.run(&["evaluate", name], SOON);
    assert!(said.err.contains("line 2") && said.err.contains("1 more"), "{said:#?}");
    std::fs::write(&file, [b"\xff\n", good.as_bytes()].concat()).expect("a file can be written");
    let said = program.run(&["evaluate", name], SOON);
    assert_eq!((said.code, said.out.lines().count()), (Some(2), 1), "{said:#?}");

    write(&[]);
    assert_eq!(program.run(&["evaluate", name], SOON).code, Some(2), "a file without a test");
    assert_eq!(program.run(&["evaluate", "/does/not/exist"], SOON).code, Some(2));
}

#[test]
fn policy_tests_come_from_standard_input_and_go_to_programs() {
    let program = Program::with(&[]);
    let input =
        format!("{}\r\n{}\n", policy_test("", "iam:ListRoles", "Allowed"), policy_test("x", "s3:GetObject", "Allowed"));
    let said = program.run_fed(&["evaluate", "-", "--format", "json"], &input, SOON);
    assert_eq!(said.code, Some(1), "{said:#?}");
    let rows: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows[0]["id"], "line 1");
    assert_eq!((&rows[0]["verdict"], &rows[0]["differs"]), (&"Allowed".into(), &false.into()));
    assert_eq!(rows[0]["deciding"][0], "identity policy 1, statement 1 (Look)");
    assert_eq!((&rows[1]["verdict"], &rows[1]["differs"]), (&"ImplicitlyDenied".into(), &true.into()));
    let said = program.run_fed(&["evaluate", "-"], "no test\n", SOON);
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.err.contains("standard input, line 1: "), "{said:#?}");
}

#[test]
fn our_own_policy_tests_pass() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/federation.jsonl");
    assert!(Program::with(&[]).run(&["evaluate", file], SOON).ok().lines().count() > 100);
}

/// A user who may do one thing, one whose policy hangs on an address, and one whose policy is no JSON.
fn three_users() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let user = |name: &str, document: &str| {
        serde_json::json!({
            "Path": "/", "UserName": name, "UserId": name, "Arn": format!("arn:aws:iam::111122223333:user/{name}"),
            "CreateDate": "2026-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
        })
    };
    let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}}"#;
    let home = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:PassRole",
        "Resource":"arn:aws:iam::111122223333:role/x","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}"#;
    let details = serde_json::json!({
        "UserDetailList": [user("sure", allow), user("home", home), user("torn", "{"), user("none", r#"{"Statement":[]}"#)],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
    });
    std::fs::write(folder.path().join("details.json"), details.to_string()).expect("written");
    folder
}

#[test]
fn who_can_tells_those_who_may_from_those_of_whom_it_cannot_be_told() {
    let folder = three_users();
    let program = Program::with(&["--from", folder.path().to_str().expect("a plain path")]);
    let said = program.run(&["who-can", "iam:PassRole", "--format", "json"], SOON);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&said.out).expect("a JSON array");
    let answers: std::collections::BTreeMap<&str, &str> =
        rows.iter().filter_map(|row| Some((row["name"].as_str()?, row["can"].as_str()?))).collect();
    assert_eq!(answers.get("sure"), Some(&"yes"), "{said:#?}");
    assert_eq!(answers.get("home"), Some(&"?"), "{said:#?}");
    assert_eq!(answers.get("torn"), Some(&"?"), "{said:#?}");
    assert_eq!(answers.get("none"), None, "{said:#?}");
    // What the file holds was read whole; what no file of this kind holds is said.
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_eq!(said.err.lines().count(), 1, "{said:#?}");
    assert!(said.err.contains("residents were not read"), "{said:#?}");
}

#[test]
fn can_answers_with_its_exit_code_and_its_reasons() {
    let folder = three_users();
    let program = Program::with(&["--from", folder.path().to_str().expect("a plain path")]);
    for (words, code, reason) in [
        (&["can", "sure", "iam:PassRole"][..], 0, "statement 1 of p"),
        (&["can", "none", "iam:PassRole"], 1, "nothing allows it"),
        (&["can", "home", "iam:PassRole"], 3, "cannot tell without aws:SourceIp"),
        (&["can", "home", "iam:PassRole", "arn:aws:iam::111122223333:role/y"], 1, "nothing allows it"),
        (&["can", "torn", "iam:PassRole"], 3, "cannot tell without"),
        (&["can", "nobody", "iam:PassRole"], 2, "there is no principal `nobody`"),
        (&["can", "sure", "PassRole"], 2, "`PassRole` is no action"),
        (&["who-can", "iam:Pass*"], 2, "`iam:Pass*` is no action"),
    ] {
        let said = program.run(words, SOON);
        assert_eq!(said.code, Some(code), "{words:?}: {said:#?}");
        assert!(said.out.contains(reason) || said.err.contains(reason), "{words:?}: {said:#?}");
    }
}

#[test]
fn elsewhere_lists_by_call_what_policies_of_a_unit_would_have_denied() {
    let demo = Program::demo();
    let said = demo.run(&["elsewhere", "Prod", "--format", "json"], SOON);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&said.out).expect("a JSON array");
    let row = rows.iter().find(|row| row["action"] == "iam:CreateUser").expect("the sample makes a user");
    assert_eq!(
        (&row["outcome"], &row["why"]),
        (&"denied".into(), &"deny-new-iam-users (p-nokeys055) of Prod, statement NoUsers".into(),)
    );
    // The sum over the calls is the number of events that the filter finds.
    let denied: u64 =
        rows.iter().filter(|row| row["outcome"] == "denied").filter_map(|row| row["events"].as_u64()).sum();
    let found = demo.run(&["query", "activity", "elsewhere=Prod", "--format", "count"], SOON);
    assert_eq!(found.out.trim(), denied.to_string());
    for (place, wanted) in
        [("Nowhere", "no unit or account `Nowhere`"), ("quillfeather-management", "never bind the management account")]
    {
        let said = demo.run(&["elsewhere", place], SOON);
        assert_eq!(said.code, Some(2), "{said:#?}");
        assert!(said.err.contains(wanted), "{said:#?}");
    }
    // Policies that were not read are no zero.
    let folder = three_users();
    let said =
        Program::with(&["--from", folder.path().to_str().expect("a plain path")]).run(&["elsewhere", "Prod"], SOON);
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{said:#?}");
    assert!(said.err.contains("needs organizations:ListPolicies"), "{said:#?}");
}

#[test]
fn every_claim_of_the_report_is_the_count_that_its_evidence_has() {
    let demo = Program::demo();
    let report = demo.run(&["report", "--format", "json"], SOON);
    let report: serde_json::Value = serde_json::from_str(&report.out).expect("JSON");
    let claims = report["claims"].as_array().expect("claims");
    assert!(claims.len() > 30, "{}", claims.len());
    for claim in claims.iter().filter(|claim| !claim["count"].is_null()) {
        let (pane, filter) = (&claim["evidence"]["pane"], &claim["evidence"]["filter"]);
        let (pane, filter) = (pane.as_str().expect("a pane"), filter.as_str().expect("a filter"));
        assert_eq!(Some(count(&demo, pane, filter) as u64), claim["count"].as_u64(), "{}", claim["id"]);
    }
}

#[test]
fn rules_of_the_users_own_judge_and_a_broken_one_is_named() {
    let program = Program::with(&[]);
    let folder = program.path("sigma");
    std::fs::create_dir_all(folder.join("deep")).expect("a folder can be made");
    let write = |name: &str, detection: &str| {
        let head = "title: Ours\nlogsource: {product: aws, service: cloudtrail}\nlevel: critical\ndetection:\n";
        std::fs::write(folder.join(name), format!("{head}{detection}")).expect("a file can be written");
    };
    write("deep/payroll.yml", "    s: {eventName: getobject, requestParameters.key|endswith: .xlsx}\n    condition: s");
    write("broken.yaml", "    s: {eventName|nonsense: x}\n    condition: s");
    let record = |id: u32, key: &str| {
        serde_json::json!({
            "eventVersion": "1.09", "eventID": format!("{id:08x}-0000-4000-8000-000000000000"),
            "eventTime": "2026-11-01T10:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "awsRegion": "us-east-1", "userIdentity": {"type": "IAMUser", "userName": "ann"},
            "requestParameters": {"bucketName": "b", "key": key}, "eventType": "AwsApiCall",
        })
    };
    let log = program.path("log.json");
    let records = serde_json::json!({ "Records": [record(1, "salaries.XLSX"), record(2, "notes.txt")] });
    std::fs::write(&log, records.to_string()).expect("a file can be written");
    let (log, named) = (log.to_str().expect("a plain path"), folder.to_str().expect("a plain path"));

    let words = ["query", "activity", "rule:sigma", "--format", "json", "--from", log];
    let said = program.run(&[&words[..], &["--rules", named]].concat(), SOON);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.err.contains("1 of 2 rule files not understood: broken.yaml"), "{said:#?}");
    assert!(said.err.contains("nonsense"), "{said:#?}");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&said.out).expect("a JSON array");
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert!(rows[0].to_string().contains("sigma.payroll") && rows[0].to_string().contains("critical"), "{rows:#?}");
    // The same from the configuration; without either there is none.
    let config = program.path("c.toml");
    std::fs::write(&config, "rules = \"sigma\"\n").expect("a file can be written");
    let config = config.to_str().expect("a plain path");
    let from_config = program.run(&[&words[..], &["--config", config]].concat(), SOON);
    assert_eq!((from_config.out, from_config.err), (said.out, said.err));
    let none: Vec<serde_json::Value> = serde_json::from_str(&program.run(&words, SOON).rows()).expect("a JSON array");
    assert!(none.is_empty(), "{none:#?}");
    // A folder that is not there is the user's mistake.
    let said = program.run(&[&words[..], &["--rules", "/does/not/exist"]].concat(), SOON);
    assert_eq!((said.code, said.err.lines().count()), (Some(2), 1), "{said:#?}");
    assert!(said.err.contains("/does/not/exist"), "{said:#?}");
}
