//! Events by Athena: the binary against a server that executes the SQL. The list must be the one that the same records
//! give as files, whatever the filter; only a query may be started, and it is stopped when the user stops it.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::front::{Fault, Front};
use crate::support::ministack::{ACCOUNT, Ministack, OTHER_ACCOUNT, RESULTS, TABLE};
use crate::support::program::{Program, Said};
use crate::support::{PATIENCE, now};
use crate::{BOTH, SOON};

struct Log {
    server: Ministack,
    records: Vec<Value>,
}

/// The shared server with its table; none after a visible word, as for the world of moto.
fn log() -> Option<&'static Log> {
    static LOG: OnceLock<Result<Log, String>> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let server = Ministack::start()?;
        let records = records();
        server.seed(&records)?;
        Ok(Log { server, records })
    });
    match log {
        Ok(log) => Some(log),
        Err(why) if std::env::var_os("CI").is_some() => panic!("the tests of Athena cannot run: {why}"),
        Err(why) => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
            None
        }
    }
}

/// Events of all kinds of callers, over ten days, two Regions and two accounts.
fn records() -> Vec<Value> {
    let user = |name: &str| {
        json!({"type": "IAMUser", "principalId": "AIDAX", "arn": format!("arn:aws:iam::{ACCOUNT}:user/people/{name}"),
            "accountId": ACCOUNT, "accessKeyId": format!("AKIA{}", name.to_uppercase()), "userName": name})
    };
    let role = |name: &str, session: &str, mfa: bool| {
        json!({"type": "AssumedRole", "principalId": format!("AROAX:{session}"), "accountId": ACCOUNT,
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"), "accessKeyId": "ASIAROLE",
            "sessionContext": {"attributes": {"mfaAuthenticated": mfa.to_string(), "creationDate": "2026-01-01T00:00:00Z"},
                "sessionIssuer": {"type": "Role", "principalId": "AROAX", "accountId": ACCOUNT, "userName": name,
                    "arn": format!("arn:aws:iam::{ACCOUNT}:role/path/{name}")}}})
    };
    let root = json!({"type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"), "accountId": ACCOUNT});
    let service = json!({"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"});
    let person = json!({"type": "IdentityCenterUser", "accountId": ACCOUNT,
        "onBehalfOf": {"userId": "93d4-user", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"}});
    let bucket = json!([{"ARN": "arn:aws:s3:::trail-bucket", "accountId": ACCOUNT, "type": "AWS::S3::Bucket"}]);
    let mut records: Vec<Value> = Vec::new();
    let mut add = |hours: i64, source: &str, name: &str, who: &Value, more: Value| {
        let number = records.len();
        let time = now() - SignedDuration::from_hours(hours);
        let mut record = json!({
            "eventVersion": "1.11", "userIdentity": who, "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
            "awsRegion": BOTH[number % 2], "sourceIPAddress": format!("10.{}.0.{number}", number % 3),
            "userAgent": "aws-cli/2.0 Python", "requestID": format!("r-{number}"),
            "eventID": format!("00000000-0000-4000-8000-{number:012}"),
            "readOnly": name.starts_with("List") || name.starts_with("Get"),
            "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        });
        for (name, value) in more.as_object().expect("fields") {
            record[name] = value.clone();
        }
        records.push(record);
    };
    for hours in 1..20 {
        add(hours * 12, "s3", "ListBuckets", &role("Reader", "alice", false), json!({"userAgent": "Boto3/1.44"}));
        add(hours * 11, "iam", "GetUser", &user("carol"), json!({}));
    }
    add(
        2,
        "signin",
        "ConsoleLogin",
        &root,
        json!({"eventType": "AwsConsoleSignIn",
        "responseElements": {"ConsoleLogin": "Failure"}, "errorMessage": "Failed authentication",
        "additionalEventData": {"MFAUsed": "No"}}),
    );
    add(
        3,
        "signin",
        "ConsoleLogin",
        &root,
        json!({"eventType": "AwsConsoleSignIn",
        "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": "Yes"}}),
    );
    add(
        4,
        "iam",
        "CreateUser",
        &user("carol"),
        json!({"errorCode": "AccessDenied", "errorMessage": "no; it's denied"}),
    );
    add(5, "iam", "DeleteUser", &role("Admin", "bob@example.com", true), json!({"sourceIPAddress": "203.0.113.7"}));
    add(
        6,
        "s3",
        "PutBucketPolicy",
        &role("Admin", "bob@example.com", true),
        json!({"resources": bucket, "requestParameters": {"bucketName": "trail-bucket", "n": 1}}),
    );
    add(7, "s3", "DeleteBucket", &user("o'brien"), json!({"resources": bucket, "userAgent": "S3Console/0.4"}));
    add(8, "kms", "Decrypt", &service, json!({"sourceIPAddress": "cloudformation.amazonaws.com"}));
    add(9, "sso", "GetRoleCredentials", &person, json!({"sourceIPAddress": "2001:db8::7"}));
    add(
        10,
        "sts",
        "AssumeRoot",
        &role("Admin", "bob@example.com", true),
        json!({
        "requestParameters": {"targetPrincipal": OTHER_ACCOUNT}}),
    );
    add(
        11,
        "sts",
        "AssumeRole",
        &json!({"type": "AWSAccount", "principalId": "AROAZ:visitor", "accountId": "333344445555"}),
        json!({"responseElements": {"credentials": {"accessKeyId": "ASIAGIVENOUT"}}}),
    );
    add(
        12,
        "ec2",
        "RunInstances",
        &user("dave"),
        json!({"userAgent": "agent with % and _ and \"quotes\" \\ and 'ticks'"}),
    );
    add(13, "ec2", "TerminateInstances", &user("Ke\u{17f}\u{212a}i"), json!({"userAgent": "\u{130}stanbul"}));
    add(14, "organizations", "LeaveOrganization", &user("mallory"), json!({"recipientAccountId": OTHER_ACCOUNT}));
    add(
        15,
        "iam",
        "CreateAccessKey",
        &json!({"type": "SomethingNew", "principalId": "P1", "accountId": ACCOUNT}),
        json!({}),
    );
    add(24 * 40, "iam", "CreateRole", &user("carol"), json!({}));
    records
}

/// A front before the shared server, and the program that reads the log through it.
fn program(log: &Log) -> (Front, Program) {
    let front = Front::start(Some(log.server.address()));
    for service in ["iam", "organizations", "sso", "identitystore", "cloudcontrolapi", "tagging", "config"] {
        front.faults().on(service, Fault::Deny);
    }
    let program = Program::live(&front, &BOTH).variable("AWS_ACCESS_KEY_ID", ACCOUNT);
    (front, program)
}

fn query(program: &Program, filter: &str, more: &[&str]) -> Said {
    let mut words = vec!["query", "activity"];
    words.extend((!filter.is_empty()).then_some(filter));
    words.extend(["--athena", TABLE, "--output-location", RESULTS, "--format", "json"]);
    words.extend(more);
    program.run(&words, PATIENCE)
}

fn ids(out: &str) -> BTreeSet<String> {
    let rows: Vec<Value> = serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"));
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

const FILTERS: &[&str] = &[
    "",
    "event:CreateUser",
    "event:create|delete",
    "!event:list",
    "event!get",
    "event:/^Delete/",
    "event:/^(Put|Get)/",
    "event:/user$/",
    "source=iam",
    "source!=iam",
    "source:aws",
    "source:s",
    "principal=carol",
    "principal:alice",
    "principal=\"o'brien\"",
    "session=bob@example.com",
    "session:alice",
    "root",
    "!root",
    "kind:service",
    "kind:role|account",
    "kind=unknown",
    "kind!unknown",
    "write",
    "read",
    "rw:-",
    "mfa:yes",
    "mfa:no",
    "console",
    "!console",
    "error",
    "!error",
    "error:denied",
    "error=AccessDenied",
    "error:failed",
    "ip:10.0.0.0/8",
    "ip:10.1.0.0/16",
    "!ip:10.0.0.0/15",
    "ip=203.0.113.7",
    "ip:2001:db8::/32",
    "region:eu",
    "resource:trail-bucket",
    "resource!trail",
    "resource:210987654321",
    "agent:boto3",
    "agent:S3Console",
    "!agent:i",
    "agent:\"% and _\"",
    "agent:\"'ticks'\"",
    "agent:\"\\\\ and\"",
    "principal:keski",
    "key=ASIAROLE",
    "account=333344445555",
    "arn:role/Admin",
    "id:000000000042",
    "needs:any",
    "since:24h",
    "until:2d",
    "between:3d..1d",
    "age>50h",
    "time<2026-01-01",
    "alice",
    "!boto3",
    "trail-bucket",
    "~crus",
    "root OR error",
    "NOT (event:list OR kind:role)",
    "(root OR kind:user) !read since:3d",
    "severity:high",
    "rule:root",
    "first:address",
    "first:principal kind:role",
    "kind:user first:call",
    "person:carol",
    "critical",
    "denied",
    "needs:background",
    "!needs:background",
    "event:~crus",
];

#[test]
fn every_filter_lists_what_the_same_records_give_as_files() {
    let Some(log) = log() else { return };
    let (front, athena) = program(log);
    let file = athena.path("records.json");
    let own: Vec<&Value> = log.records.iter().filter(|record| record["recipientAccountId"] == ACCOUNT).collect();
    std::fs::write(&file, json!({ "Records": own }).to_string()).expect("the file can be written");
    let files = Program::with(&["--from", file.to_str().expect("a plain path")]);
    let mut sizes = BTreeSet::new();
    for filter in FILTERS {
        let mut words = vec!["query", "activity", "--format", "json"];
        words.extend((!filter.is_empty()).then_some(*filter));
        let expected = ids(&files.run(&words, SOON).ok());
        let said = query(&athena, filter, &["--since", "60d"]);
        let found = ids(&said.ok());
        assert_eq!(found, expected, "{filter}");
        sizes.insert(found.len());
    }
    assert!(sizes.len() > 10, "the filters tell little apart: {sizes:?}");
    let writes: BTreeSet<String> = front.writes().iter().map(|call| call.action()).collect();
    assert_eq!(writes, ["athena:StartQueryExecution".to_owned()].into());
    assert_eq!(front.count("athena:StartQueryExecution"), FILTERS.len());
    assert_eq!(front.count("cloudtrail:LookupEvents"), 0);
}

#[test]
fn sql_does_the_narrowing_and_the_cost_is_told_before_and_after() {
    let Some(log) = log() else { return };
    let (_front, athena) = program(log);
    let said = query(&athena, "event=DeleteUser since:2d", &[]);
    let (err, found) = (said.err.clone(), ids(&said.ok()));
    assert_eq!(found.len(), 1);
    // The period is that of the filter, and one row is all that came.
    assert!(err.contains("days (") && err.contains("x 2 Regions x 1 account"), "{err}");
    assert!(err.contains("no limit of the workgroup is known"), "{err}");
    assert!(err.contains("scanned") && err.contains("1 rows, 1 of them as asked"), "{err}");
    // The other account's log, when it is asked for.
    let said = query(&athena, "", &["--accounts", OTHER_ACCOUNT]);
    assert_eq!(ids(&said.ok()).len(), 1);
    let everyone = ids(&query(&athena, "", &["--accounts", "all", "--since", "60d"]).ok());
    assert_eq!(everyone.len(), log.records.len());
    // One Region.
    let here = ids(&query(&athena, "region:eu-west-1", &["--since", "60d"]).ok());
    let said = query(&athena, "", &["--since", "60d", "--regions", "eu-west-1"]);
    // The last --regions stands.
    assert!(said.code == Some(2) || ids(&said.ok()) == here);
}

#[test]
fn the_record_is_whole_again() {
    let Some(log) = log() else { return };
    let (_front, athena) = program(log);
    let file = athena.path("x.mgx");
    let file = file.to_str().expect("a plain path");
    let said = athena.run(
        &[
            "collect",
            "-o",
            file,
            "--athena",
            TABLE,
            "--output-location",
            RESULTS,
            "--since",
            "60d",
            "--ask",
            "event=PutBucketPolicy",
        ],
        PATIENCE,
    );
    // That the rest of the log was left out is told.
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("only what --ask wants was read: event=PutBucketPolicy"), "{said:#?}");
    let kept = Program::with(&["--from", file]);
    let rows = kept.run(&["query", "activity", "--format", "json"], SOON).rows();
    assert_eq!(ids(&rows).len(), 1);
    // Raw, as the detail shows it.
    let packed = std::fs::File::open(file).expect("it was written");
    let text = std::io::read_to_string(flate2::read::MultiGzDecoder::new(packed)).expect("lines of JSON");
    let line = text.lines().find(|line| line.starts_with(r#"{"batch":"events""#)).expect("events");
    for part in [r#""bucketName":"trail-bucket","n":1"#, r#""ARN":"arn:aws:s3:::trail-bucket""#, r#""readOnly":false"#]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
fn a_dry_run_prints_the_query_and_starts_none() {
    let Some(log) = log() else { return };
    let (front, athena) = program(log);
    let said = query(&athena, "root event:~crus principal:x", &["--dry-run"]);
    let out = said.ok();
    assert!(out.contains("-- no query was started") && out.contains("FROM \"logs\".\"cloudtrail\""), "{out}");
    assert!(out.contains("\"useridentity\".\"type\", '') = 'Root'"), "{out}");
    assert!(out.contains("not said here and decided by mgmtscope: event:~crus"), "{out}");
    assert!(out.contains("said too wide here and decided by mgmtscope: principal:x"), "{out}");
    assert_eq!((front.writes().len(), front.count("athena:StartQueryExecution")), (0, 0));
    assert!(front.count("athena:GetTableMetadata") == 1);
}

#[test]
fn unasked_nothing_of_athena_is_called() {
    let Some(log) = log() else { return };
    let (front, live) = program(log);
    live.run(&["query", "activity", "root", "--format", "count"], PATIENCE).rows();
    assert_eq!(front.count("athena:*"), 0);
    assert!(front.count("cloudtrail:LookupEvents") > 0);
    assert!(front.writes().is_empty());
}

#[test]
fn what_goes_wrong_is_told_with_its_cure() {
    let Some(log) = log() else { return };
    let (front, athena) = program(log);
    let told = |said: Said, parts: &[&str]| {
        assert_eq!(said.code, Some(3), "{said:#?}");
        for part in parts {
            assert!(said.err.contains(part), "{part}: {said:#?}");
        }
    };
    let run = |more: &[&str]| {
        let words = [&["query", "activity", "--format", "count", "--athena"], more].concat();
        athena.run(&words, PATIENCE)
    };
    told(run(&[TABLE]), &["No output location", "--output-location"]);
    told(run(&["logs.nothing", "--output-location", RESULTS]), &["no such table", "docs/athena.md"]);
    told(run(&[TABLE, "--output-location", "s3://no-such-bucket/x/"]), &["NoSuchBucket", "--output-location are"]);
    assert!(front.count("athena:StartQueryExecution") >= 2);
    front.faults().on("athena:StartQueryExecution", Fault::Deny);
    told(
        run(&[TABLE, "--output-location", RESULTS]),
        &["denied", "add athena:StartQueryExecution", "policy --athena logs.cloudtrail"],
    );
    // Without the right to the catalog the documented table is assumed, and the query goes on.
    front.faults().clear();
    front.faults().on("athena:GetTableMetadata", Fault::Deny);
    front.faults().on("athena:GetWorkGroup", Fault::Deny);
    let said = query(&athena, "event=DeleteUser", &[]);
    assert_eq!(ids(&said.rows()).len(), 1);
    // A stumble is no second query.
    let before = front.count("athena:StartQueryExecution");
    front.faults().clear();
    front.faults().times("athena:GetQueryResults", Fault::Throttle, 1);
    assert_eq!(ids(&query(&athena, "event=DeleteUser", &[]).ok()).len(), 1);
    assert_eq!(front.count("athena:StartQueryExecution"), before + 1);
    for (words, part) in [
        (&["--ask", "root", "query", "activity"][..], "--ask needs --athena"),
        (&["query", "activity", "--athena", "logs"][..], "DATABASE.TABLE"),
        (&["query", "activity", "--athena", "logs.x';--"][..], "DATABASE.TABLE"),
        (&["query", "activity", "--athena", TABLE, "--ask", "color:red"][..], "no field `color`"),
    ] {
        let said = athena.run(words, SOON);
        assert_eq!(said.code, Some(2), "{words:?}: {said:#?}");
        assert!(said.err.contains(part) && said.err.lines().count() == 1, "{words:?}: {said:#?}");
    }
}

#[test]
fn stopping_the_program_stops_the_query() {
    let Some(log) = log() else { return };
    let (front, _) = program(log);
    front.faults().on("athena:GetQueryExecution", Fault::Stall);
    let mut child = Command::new(Program::binary())
        .args(["query", "activity", "--athena", TABLE, "--output-location", RESULTS, "--regions", "us-east-1"])
        .args(["--endpoint-url", &front.url()])
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", ACCOUNT), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")])
        .envs([("HOME", "/nonexistent"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    front.wait_for_call("athena:GetQueryExecution", PATIENCE);
    let interrupted = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(interrupted.is_ok_and(|status| status.success()));
    front.wait_for_call("athena:StopQueryExecution", PATIENCE);
    front.faults().clear();
    let mut err = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("it is piped"), &mut err).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "{err}");
    assert!(err.contains("the query was stopped") && err.contains("events: cancelled"), "{err}");
}

#[test]
fn leaving_the_screen_stops_the_query() {
    let Some(log) = log() else { return };
    let (front, athena) = program(log);
    front.faults().on("athena:GetQueryExecution", Fault::Stall);
    let screen = athena.open_with(&["--athena", TABLE, "--output-location", RESULTS], crate::support::pty::SIZE);
    front.wait_for_call("athena:GetQueryExecution", PATIENCE);
    screen.send("q");
    front.wait_for_call("athena:StopQueryExecution", PATIENCE);
    front.faults().clear();
}
