//! The calls, their order and their failures, against an AWS without a network.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use super::*;
use crate::catalog::operations::OnlyWith;
use crate::collect::aws::testing::{Inbox, Reply, Seen, Server, json, json_error};
use crate::collect::aws::{Context, Session};
use crate::collect::{Order, Outbox, RegionScope, RunId};
use crate::model::Facts;

/// Wants everything, and writes down what it hears.
#[derive(Default)]
struct Everything(Mutex<Vec<String>>);

impl Want for Everything {
    fn expr(&self, _: Timestamp) -> Expr {
        Expr::everything()
    }

    fn looks_at_all(&self) -> bool {
        false
    }

    fn words(&self) -> &'static str {
        ""
    }

    fn keep(&self, events: Vec<Event>, _: Timestamp) -> Vec<Event> {
        events.into_iter().filter(|event| event.name != "Unwanted").collect()
    }

    fn told(&self, told: &Told) {
        self.0.lock().expect("nobody panicked").push(told.to_string());
    }
}

struct Ran {
    facts: Facts,
    told: Vec<String>,
    cell: crate::model::Reading,
}

impl Ran {
    fn gap(&self) -> &Problem {
        self.cell.gaps.first().unwrap_or_else(|| panic!("no gap: {:?}", self.cell))
    }
}

async fn ran(server: &Server, narrowed: Option<&str>, stop: CancellationToken) -> Ran {
    let (sender, receiver) = tokio::sync::mpsc::channel(10_000);
    let now = "2026-11-25T12:00:00Z".parse().expect("a time");
    let order = Order::everything(RegionScope::Only(vec!["us-east-1".into()]), SignedDuration::from_hours(24), now);
    let want = Arc::new(Everything::default());
    let athena = Arc::new(Athena {
        table: TableName::parse("logs.trail").expect("plain"),
        workgroup: Some("audit".into()),
        output: Some("s3://results/x/".into()),
        accounts: Accounts::Only(vec!["111122223333".into()]),
        since: None,
        want: Arc::clone(&want) as Arc<dyn Want>,
        narrowed: narrowed.map(ToOwned::to_owned),
    });
    let context =
        Context { order, out: Outbox::new(RunId(1), sender), stop, profile: None, athena: Some(Arc::clone(&athena)) };
    let aws = Arc::new(Aws::new(&Session::asked(&server.config(), OnlyWith::Athena), context));
    read(aws, athena).await.expect("a reader");
    let facts = Inbox(receiver).facts();
    let cell = facts.coverage.get(&Cell::regional(Ask::Events, "us-east-1".into())).expect("planned").clone();
    let told = want.0.lock().expect("nobody panicked").clone();
    Ran { facts, told, cell }
}

const TABLE: &str = r#"{"TableMetadata":{"Name":"trail",
    "Columns":[{"Name":"eventname","Type":"string"},{"Name":"eventtime","Type":"string"},{"Name":"awsregion","Type":"string"}],
    "PartitionKeys":[{"Name":"account","Type":"string"},{"Name":"timestamp","Type":"string"}]}}"#;
const ENDED: &str = r#"{"QueryExecution":{"Status":{"State":"SUCCEEDED"},
    "Statistics":{"DataScannedInBytes":13421772800,"TotalExecutionTimeInMillis":4321}}}"#;

fn execution(state: &str, reason: &str) -> String {
    format!(
        r#"{{"QueryExecution":{{"Status":{{"State":"{state}","StateChangeReason":"{reason}"}},"Statistics":{{"DataScannedInBytes":2048}}}}}}"#
    )
}

fn rows(names: &[&str], token: Option<&str>) -> String {
    let row =
        |cells: [&str; 3]| serde_json::json!({ "Data": cells.map(|cell| serde_json::json!({ "VarCharValue": cell })) });
    let rows: Vec<_> = names
        .iter()
        .map(|name| match *name {
            "header" => row(["eventname", "eventtime", "awsregion"]),
            name => row([name, "2026-11-25T10:00:00Z", "us-east-1"]),
        })
        .collect();
    serde_json::json!({ "ResultSet": { "Rows": rows }, "NextToken": token }).to_string()
}

/// Everything goes well but for what `other` answers.
fn server(other: impl Fn(&Seen<'_>) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::answering(move |request| {
        if let Some(reply) = other(request) {
            return reply;
        }
        json(match request.operation().as_str() {
            "GetTableMetadata" => TABLE.to_owned(),
            "GetWorkGroup" => {
                r#"{"WorkGroup":{"Name":"audit","Configuration":{"BytesScannedCutoffPerQuery":1099511627776}}}"#
                    .to_owned()
            }
            "StartQueryExecution" => r#"{"QueryExecutionId":"q-1"}"#.to_owned(),
            "GetQueryExecution" => ENDED.to_owned(),
            "GetQueryResults" => rows(&["header"], None),
            other => panic!("{other} was not expected"),
        })
    })
}

fn only(operation: &'static str, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    server(move |request| (request.operation() == operation).then(&reply))
}

#[tokio::test(start_paused = true)]
async fn pages_are_followed_and_the_header_is_no_event() {
    let looks = AtomicUsize::new(0);
    let server = server(move |request| match request.operation().as_str() {
        "GetQueryExecution" if looks.fetch_add(1, Ordering::SeqCst) < 2 => Some(json(execution("RUNNING", ""))),
        "GetQueryResults" if request.body().contains("NextToken") => Some(json(rows(&["header", "ListUsers"], None))),
        "GetQueryResults" => Some(json(rows(&["header", "CreateUser", "Unwanted", ""], Some("2")))),
        _ => None,
    });
    let ran = ran(&server, None, CancellationToken::new()).await;
    // On a later page such a row is one of the log, of whatever Region; the row without a name is no record.
    assert_eq!(ran.facts.events.len(), 3);
    assert_eq!((ran.cell.rows, ran.cell.status), (2, Status::Partial));
    assert!(ran.gap().detail.contains("1 rows of the query make no record"));
    assert_eq!(ran.told.len(), 2, "{:?}", ran.told);
    assert!(ran.told[0].ends_with("the workgroup stops a query at 1.0 TB"), "{:?}", ran.told);
    assert_eq!(ran.told[1], "12.5 GB scanned in 4.3 s; 5 rows, 3 of them as asked");
    assert!(ran.cell.note.contains("12.5 GB scanned"), "{}", ran.cell.note);
    assert_eq!(ran.cell.since, "2026-11-24T12:00:00Z".parse().ok());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_comes_again_is_the_same_query() {
    let tokens: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&tokens);
    let server = server(move |request| {
        (request.operation() == "StartQueryExecution").then(|| {
            let body: serde_json::Value = serde_json::from_str(&request.body()).expect("JSON");
            assert_eq!(body["WorkGroup"], "audit");
            assert_eq!(body["ResultConfiguration"]["OutputLocation"], "s3://results/x/");
            let mut seen = seen.lock().expect("nobody panicked");
            seen.push(body["ClientRequestToken"].as_str().expect("a token").to_owned());
            if seen.len() < 3 {
                json_error(500, "InternalServerException", "later")
            } else {
                json(r#"{"QueryExecutionId":"q-1"}"#)
            }
        })
    });
    assert_eq!(ran(&server, None, CancellationToken::new()).await.cell.status, Status::Complete);
    let tokens = tokens.lock().expect("nobody panicked");
    assert!(tokens.len() == 3 && tokens.iter().all(|token| *token == tokens[0] && token.len() >= 32), "{tokens:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_on_purpose_is_no_whole_reading() {
    let ran = ran(&server(|_| None), Some("kind:root"), CancellationToken::new()).await;
    assert_eq!(ran.cell.status, Status::Partial);
    assert!(ran.gap().detail.contains("kind:root"));
}

#[tokio::test(start_paused = true)]
async fn every_end_of_a_query_has_a_cause_and_a_cure() {
    let denied = |action: &str| Cause::Denied { action: action.into() };
    for (state, reason, cause, cure, status) in [
        ("FAILED", "Bytes scanned limit was exceeded", Cause::Withheld, "narrow --since", Status::Failed),
        ("CANCELLED", "", Cause::Service, "narrow --since", Status::Failed),
        (
            "FAILED",
            "Access Denied (Service: Amazon S3; Status Code: 403)",
            denied("s3:GetObject"),
            "policy --athena logs.trail",
            Status::Denied,
        ),
        (
            "FAILED",
            "is not authorized to perform: glue:GetPartitions on resource",
            denied("glue:GetPartitions"),
            "add glue:GetPartitions",
            Status::Denied,
        ),
        ("FAILED", "TABLE_NOT_FOUND: line 1:1", Cause::Absent, "docs/athena.md", Status::Failed),
        (
            "FAILED",
            "COLUMN_NOT_FOUND: line 1:1: Column 'x' cannot be resolved",
            Cause::Service,
            "docs/athena.md",
            Status::Failed,
        ),
        ("FAILED", "Query exhausted resources", Cause::Service, "", Status::Failed),
    ] {
        let server = only("GetQueryExecution", move || json(execution(state, reason)));
        let ran = ran(&server, None, CancellationToken::new()).await;
        assert_eq!((&ran.gap().cause, ran.cell.status), (&cause, status), "{reason}");
        assert!(ran.gap().cure.contains(cure), "{reason}: {}", ran.gap().cure);
        assert!(ran.gap().detail.contains(reason), "{reason}: {}", ran.gap().detail);
        assert!(ran.told.iter().any(|told| told.starts_with("2.0 kB scanned")), "{:?}", ran.told);
    }
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_query_from_starting_is_told() {
    for (operation, code, message, cure, starts) in [
        ("StartQueryExecution", "InvalidRequestException", "No output location provided.", "--output-location", true),
        (
            "StartQueryExecution",
            "InvalidRequestException",
            "Unable to verify/create output bucket b",
            "--output-location",
            true,
        ),
        ("StartQueryExecution", "InvalidRequestException", "WorkGroup audit is not found.", "--workgroup", true),
        ("StartQueryExecution", "AccessDeniedException", "no", "policy --athena logs.trail", true),
        ("GetTableMetadata", "MetadataException", "Table trail not found", "docs/athena.md", false),
    ] {
        let started = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&started);
        let server = server(move |request| {
            if request.operation() == "StartQueryExecution" {
                count.fetch_add(1, Ordering::SeqCst);
            }
            (request.operation() == operation).then(|| json_error(400, code, message))
        });
        let ran = ran(&server, None, CancellationToken::new()).await;
        assert!(ran.gap().cure.contains(cure), "{message}: {:?}", ran.gap());
        assert!(matches!(ran.cell.status, Status::Failed | Status::Denied), "{message}: {:?}", ran.cell.status);
        assert_eq!(started.load(Ordering::SeqCst) > 0, starts, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_catalog_the_documented_table_is_asked() {
    let sql: Arc<Mutex<String>> = Arc::default();
    let seen = Arc::clone(&sql);
    let server = server(move |request| match request.operation().as_str() {
        "GetTableMetadata" | "GetWorkGroup" => Some(json_error(400, "AccessDeniedException", "no")),
        "StartQueryExecution" => {
            *seen.lock().expect("nobody panicked") = request.body();
            None
        }
        "GetQueryResults" => Some(json(rows(&[], None))),
        _ => None,
    });
    let ran = ran(&server, None, CancellationToken::new()).await;
    assert_eq!(ran.cell.status, Status::Complete);
    assert!(ran.told[0].ends_with("no limit of the workgroup is known"), "{:?}", ran.told);
    assert!(sql.lock().expect("nobody panicked").contains("tlsdetails"));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_stops_its_query() {
    let (stop, stopped) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let (now, count) = (stop.clone(), Arc::clone(&stopped));
    let server = server(move |request| match request.operation().as_str() {
        "GetQueryExecution" => {
            now.cancel();
            Some(json(execution("RUNNING", "")))
        }
        "StopQueryExecution" => {
            assert!(request.body().contains("q-1"));
            count.fetch_add(1, Ordering::SeqCst);
            Some(json("{}"))
        }
        _ => None,
    });
    let ran = ran(&server, None, stop).await;
    assert_eq!((ran.cell.status, stopped.load(Ordering::SeqCst)), (Status::Cancelled, 1));
    assert!(ran.told.last().is_some_and(|told| told.starts_with("the query was stopped")), "{:?}", ran.told);
}

#[test]
fn bytes_are_told_as_they_are_billed() {
    for (count, words) in
        [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 kB"), (10 << 20, "10.0 MB"), (i64::MAX, "8191.9 PB")]
    {
        assert_eq!(bytes(count), words);
    }
}
