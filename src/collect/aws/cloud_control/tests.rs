//! The sweep against a server that lists, denies, throttles and falls silent.

use std::collections::BTreeSet;

use super::*;
use crate::collect::aws::testing::{Reply, Seen, Server, json_error, reply};
use crate::model::coverage::Tally;
use crate::model::{Cause, Facts};

fn rest(body: &str) -> Reply {
    reply(200, "application/x-amz-json-1.0", body)
}

fn kind_of(request: &Seen<'_>) -> String {
    let body: serde_json::Value = serde_json::from_str(&request.body()).expect("JSON");
    body["TypeName"].as_str().expect("a type").to_owned()
}

async fn sweep(region: &str, answer: impl Fn(&Seen<'_>) -> Reply + Send + Sync + 'static) -> (Facts, usize, Tally) {
    let server = Server::answering(answer);
    let (aws, mut inbox) = server.aws();
    collect(&aws, &Region::new(region)).await.expect("a reader");
    let facts = inbox.facts();
    let (_, reading) = facts.coverage.of_ask(Ask::CloudControl).next().expect("a cell");
    let tally = reading.tally.expect("a tally");
    (facts.clone(), server.count(), tally)
}

#[test]
fn heavy_types_come_first_and_global_ones_once() {
    let (here, there) = (Region::new("us-east-1"), Region::new("eu-west-1"));
    let scope = [there.clone(), here.clone()];
    let names = |work: &VecDeque<Work>| work.iter().map(|w| w.kind.name).collect::<BTreeSet<_>>();
    let (east, west) = (plan(&here, &scope), plan(&there, &scope));
    let both: BTreeSet<&str> = names(&east).intersection(&names(&west)).copied().collect();
    assert_eq!(both.len(), 1190);
    assert!(names(&east).contains("AWS::IAM::Role") && !names(&west).contains("AWS::IAM::Role"));
    // us-west-2 is not in scope: its global types go to the first cell, and are asked there.
    let accelerator = west.iter().find(|w| w.kind.name == "AWS::GlobalAccelerator::Accelerator").expect("planned");
    assert_eq!(accelerator.place.as_str(), "us-west-2");
    assert_eq!(names(&east).union(&names(&west)).count(), 1293);
    let weights: Vec<u8> = east.iter().map(|w| residency::table().weight_of(w.kind.name)).collect();
    assert!(weights.windows(2).all(|pair| pair[0] >= pair[1]) && weights[0] >= 9);
    let gov = plan(&"us-gov-west-1".into(), &["us-gov-west-1".into()]);
    assert!(gov.iter().all(|work| work.place.as_str() == "us-gov-west-1"));
}

#[tokio::test(start_paused = true)]
async fn everything_is_tallied_and_grouped() {
    let (facts, _, tally) = sweep("us-east-1", |request| match kind_of(request).as_str() {
        "AWS::EC2::Instance" => rest(
            r#"{"ResourceDescriptions":[{"Identifier":"i-1","Properties":"{\"Tags\":[{\"Key\":\"Name\",\"Value\":\"web\"}]}"}]}"#,
        ),
        "AWS::SQS::Queue" => json_error(
            400,
            "AccessDeniedException",
            "User: x is not authorized to perform: sqs:ListQueues on resource: y",
        ),
        "AWS::DynamoDB::Table" => json_error(
            400,
            "GeneralServiceException",
            "User: x is not authorized to perform: dynamodb:ListTables (Service: DynamoDb, Status Code: 400)",
        ),
        "AWS::RDS::DBInstance" => json_error(400, "TypeNotFoundException", "no"),
        "AWS::EFS::FileSystem" => json_error(400, "HandlerInternalFailureException", "boom"),
        _ => rest(r#"{"ResourceDescriptions":[]}"#),
    })
    .await;
    assert_eq!((tally.denied, tally.unsupported, tally.failed, tally.untried), (2, 1, 1, 0));
    assert_eq!(tally.total(), 1190 + 103, "the global ones are asked from the only Region in scope");
    let instance = facts.residents.get("arn:aws:ec2:us-east-1:111122223333:instance/i-1");
    assert!(instance.is_none(), "no account is known to this run, so no ARN can be made");
    assert_eq!(facts.residents.len(), 1);
    assert_eq!(facts.coverage.status(Ask::CloudControl), Status::Partial);
    let gaps: Vec<_> = facts.coverage.gaps().map(|(_, gap)| gap.clone()).collect();
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert_eq!(gaps[0].cause, Cause::Denied { action: "dynamodb:ListTables, sqs:ListQueues".into() });
    assert!(gaps[1].detail.contains("AWS::EFS::FileSystem"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_api_ends_the_sweep_and_is_named() {
    let (facts, calls, tally) = sweep("us-east-1", |_| {
        json_error(400, "AccessDeniedException", "User: x is not authorized to perform: cloudformation:ListResources")
    })
    .await;
    assert!(calls <= 5, "{calls} calls");
    assert!(tally.untried > 1000 && tally.listed == 0);
    assert_eq!(facts.coverage.status(Ask::CloudControl), Status::Denied);
    assert!(facts.coverage.gaps().any(|(_, gap)| gap.cure.contains("cloudformation:ListResources")));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_cloud_control_is_left_alone() {
    let (facts, calls, tally) = sweep("us-east-1", |_| reply(404, "text/html", "<html>nothing</html>")).await;
    assert!(calls <= 8, "{calls} calls");
    assert!(tally.untried > 1000);
    assert_eq!(facts.coverage.status(Ask::CloudControl), Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_ends_the_sweep_with_a_cure() {
    let (facts, calls, tally) = sweep("us-east-1", |_| json_error(400, "ExpiredTokenException", "expired")).await;
    assert!(calls <= 2 && tally.untried > 1000);
    assert!(facts.coverage.gaps().any(|(_, gap)| gap.cause == Cause::Credentials && gap.cure.contains("sso login")));
}

#[tokio::test(start_paused = true)]
async fn throttling_is_shown_and_tried_once_more_at_the_end() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let tries = AtomicU32::new(0);
    let server = Server::answering(move |request| match kind_of(request).as_str() {
        "AWS::EC2::Instance" if tries.fetch_add(1, Ordering::SeqCst) < 9 => {
            json_error(400, "ThrottlingException", "Rate exceeded")
        }
        _ => rest(r#"{"ResourceDescriptions":[]}"#),
    });
    let (aws, mut inbox) = server.aws();
    collect(&aws, &"us-east-1".into()).await.expect("a reader");
    let batches = inbox.batches();
    let readings: Vec<_> =
        batches.iter().filter_map(|b| if let Batch::Reading(_, r) = b { Some(r.clone()) } else { None }).collect();
    assert!(readings.iter().any(|r| r.status == Status::Throttled && r.note.contains("slowed down")));
    let last = readings.last().expect("one");
    let tally = last.tally.expect("a tally");
    assert_eq!((last.status, tally.throttled, tally.untried), (Status::Complete, 0, 0));
}

#[test]
fn what_a_failure_means() {
    let instance = resource_types::table().get("AWS::EC2::Instance").expect("a type");
    let amplify = resource_types::table().get("AWS::Amplify::App").expect("a type");
    let failure = |cause, code: &str, detail: &str| {
        Err(Failure { code: code.into(), ..outcome::plain(crate::model::Problem::new(OPERATION, cause, detail, "")) })
    };
    let denied = |kind, detail: &str, listed| {
        let cause = Cause::Denied { action: "x".into() };
        match outcome::judge(kind, failure(cause, "AccessDeniedException", detail), listed) {
            Outcome::Denied(denial) => (denial.api, denial.actions),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        denied(instance, "not authorized to perform: ec2:DescribeInstances on", true).1,
        ["ec2:DescribeInstances"]
    );
    assert_eq!(denied(amplify, "not authorized to perform: iam:PassRole", true).1, Vec::<String>::new());
    assert_eq!(denied(instance, "no", false), (true, vec!["cloudformation:ListResources".to_owned()]));
    assert!(!denied(instance, "no", true).0);
    let invalid = failure(Cause::Service, "InvalidRequestException", "Missing or invalid ResourceModel property");
    assert_eq!(outcome::judge(instance, invalid, true), Outcome::Unsupported);
}
