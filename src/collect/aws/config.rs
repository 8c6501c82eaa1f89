//! AWS Config, only where a recorder is on: what it has recorded, by one query, or type by type.
//!
//! A recorder that is off answers with empty counts, which looks like an empty account: so its state comes first.
//! `SelectResourceConfig` knows what is recorded; `ListDiscoveredResources` is the fallback, 100 a page each.

use std::sync::Arc;

use serde_json::Value;

use super::residents::{Scene, tags_of};
use super::{Aws, Cursor, Halt};
use crate::collect::{Stopped, Task};
use crate::model::{Arn, Ask, Batch, Cause, Cell, Problem, Region, Resident, Status, Text};

const PAGE: i32 = 100;

/// Only what tells a default from a resource of one's own; whole configurations would be too much to keep.
const QUERY: &str = "SELECT arn, resourceId, resourceName, resourceType, awsRegion, accountId, resourceCreationTime, \
    tags, configuration.isDefault, configuration.defaultForAz, configuration.groupName, configuration.keyManager, \
    configuration.requesterManaged, configuration.snapshotType";

/// Asked one by one when Config can neither be queried nor counts: what tells most of a workload.
const TYPES: [&str; 24] = [
    "AWS::EC2::Instance",
    "AWS::EC2::Volume",
    "AWS::EC2::VPC",
    "AWS::EC2::NetworkInterface",
    "AWS::S3::Bucket",
    "AWS::Lambda::Function",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::EKS::Cluster",
    "AWS::ElasticLoadBalancing::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::CloudFormation::Stack",
    "AWS::CodePipeline::Pipeline",
    "AWS::CodeBuild::Project",
    "AWS::SecretsManager::Secret",
    "AWS::KMS::Key",
    "AWS::EFS::FileSystem",
    "AWS::Redshift::Cluster",
    "AWS::ApiGateway::RestApi",
];

/// Reads one Region.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn collect(aws: &Arc<Aws>, region: &Region) -> Result<(), Stopped> {
    let mut task = aws.start(Cell::regional(Ask::Config, region.clone())).await?;
    match recorder(aws, &mut task, region).await {
        Ok(Recorder::On) => {}
        Ok(Recorder::None) => {
            task.note("AWS Config has no recorder here, so it can tell nothing");
            return task.finish_as(Status::NotApplicable).await;
        }
        Ok(Recorder::Off) => {
            task.note("the AWS Config recorder is off here: what it remembers is old and is not taken");
            return task.finish_as(Status::NotApplicable).await;
        }
        Err(halt) => return aws.settle(task, Err(halt)).await,
    }
    let result = read(aws, &mut task, region).await;
    aws.settle(task, result).await
}

enum Recorder {
    On,
    Off,
    None,
}

async fn recorder(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<Recorder, Halt> {
    let client = aws.config(region);
    let send = || client.describe_configuration_recorders().send();
    let recorders = aws.call(task, "config:DescribeConfigurationRecorders", Some(region), send).await?;
    if recorders.configuration_recorders().is_empty() {
        return Ok(Recorder::None);
    }
    let send = || client.describe_configuration_recorder_status().send();
    let status = aws.call(task, "config:DescribeConfigurationRecorderStatus", Some(region), send).await?;
    let is_on = status.configuration_recorders_status().iter().any(|recorder| recorder.recording());
    Ok(if is_on { Recorder::On } else { Recorder::Off })
}

async fn read(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<(), Halt> {
    let counts = counts(aws, task, region).await;
    if let Ok(counts) = &counts {
        task.reading.of = Some(counts.iter().map(|(_, count)| *count).sum());
    }
    let unanswered = match select(aws, task, region).await {
        // An empty answer is believed only when the counts agree.
        Ok(()) if task.reading.rows > 0 || matches!(&counts, Ok(counts) if counts.is_empty()) => return Ok(()),
        Ok(()) => None,
        Err(Halt::Stopped(stopped)) => return Err(stopped.into()),
        Err(Halt::Problem(problem)) if !is_worth_a_fallback(&problem.cause) => return Err(problem.into()),
        Err(Halt::Problem(problem)) => Some(problem),
    };
    let (types, whole) = match &counts {
        Ok(counts) if !counts.is_empty() => (counts.iter().map(|(name, _)| name.clone()).collect(), true),
        _ => (TYPES.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), false),
    };
    task.gap(unanswered.unwrap_or_else(|| {
        Problem::new("config:SelectResourceConfig", Cause::Service, "no rows, though the recorder is on", "")
    }));
    if let (Err(problem), false) = (counts, whole) {
        task.gap(problem);
        task.note(format!("listed type by type, {} types only", types.len()));
    }
    for name in types {
        discovered(aws, task, region, &name).await?;
    }
    Ok(())
}

fn is_worth_a_fallback(cause: &Cause) -> bool {
    !matches!(cause, Cause::Cancelled | Cause::Credentials | Cause::Unreachable)
}

/// Recorded types with their counts; those of none are left out.
async fn counts(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<Vec<(String, u64)>, Problem> {
    let client = aws.config(region);
    let mut counts = Vec::new();
    let mut cursor = Cursor::new("config:GetDiscoveredResourceCounts");
    while let Some(token) = cursor.next() {
        let send = || client.get_discovered_resource_counts().limit(PAGE).set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), Some(region), send).await?;
        counts.extend(page.resource_counts().iter().filter_map(|row| {
            let count = u64::try_from(row.count()).ok().filter(|count| *count > 0)?;
            Some((row.resource_type()?.as_str().to_owned(), count))
        }));
        cursor.advance(page.next_token())?;
    }
    Ok(counts)
}

async fn select(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<(), Halt> {
    let client = aws.config(region);
    let scene = Scene::of(aws, Ask::Config, region);
    let mut cursor = Cursor::new("config:SelectResourceConfig");
    while let Some(token) = cursor.next() {
        let send =
            || client.select_resource_config().expression(QUERY).limit(PAGE).set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), Some(region), send).await?;
        let rows = page.results().iter().filter_map(|row| selected(&scene, row)).collect();
        task.rows(rows, Batch::Residents).await?;
        cursor.advance(page.next_token())?;
    }
    Ok(())
}

/// A row of a query, which is JSON. None when it names no resource.
fn selected(scene: &Scene, row: &str) -> Option<Resident> {
    let row: Value = serde_json::from_str(row).ok()?;
    let word = |key: &str| row.get(key).and_then(Value::as_str).filter(|word| !word.is_empty());
    let resource_type = word("resourceType")?;
    let tags = tags_of(&row);
    let mut resident = match word("arn").filter(|arn| Arn::new(arn).looks_valid()) {
        Some(arn) => Resident { resource_type: Text::new(resource_type), ..scene.by_arn(arn, tags) },
        None => {
            let identifier = identifier(resource_type, word("resourceId"), word("resourceName"))?;
            Resident { tags, ..scene.by_identifier(resource_type, identifier, None) }
        }
    };
    if let Some(region) = word("awsRegion") {
        resident.region = (region != "global").then(|| Region::new(region));
    }
    resident.account = word("accountId").map(Into::into).or(resident.account);
    resident.name = word("resourceName").map(Text::new).or(resident.name);
    resident.created = word("resourceCreationTime").and_then(|time| time.parse().ok());
    resident.properties = row.get("configuration").filter(|c| c.is_object()).map(|c| Text::new(&c.to_string()));
    Some(resident)
}

/// What Cloud Control would call it: Config's id is IAM's and RDS's internal one, but EC2's own.
fn identifier<'a>(resource_type: &str, id: Option<&'a str>, name: Option<&'a str>) -> Option<&'a str> {
    let by_name = !resource_type.starts_with("AWS::EC2::") && id.is_none_or(|id| !Arn::new(id).looks_valid());
    if by_name { name.or(id) } else { id.or(name) }
}

async fn discovered(aws: &Arc<Aws>, task: &mut Task, region: &Region, name: &str) -> Result<(), Halt> {
    let client = aws.config(region);
    let scene = Scene::of(aws, Ask::Config, region);
    let mut cursor = Cursor::new("config:ListDiscoveredResources");
    while let Some(token) = cursor.next() {
        let send = || {
            let request = client.list_discovered_resources().resource_type(name.into()).limit(PAGE);
            request.set_next_token(token.clone()).send()
        };
        let page = match aws.call(task, cursor.operation(), Some(region), send).await {
            Ok(page) => page,
            // A type that this endpoint or Region does not know is no reason to leave the others.
            Err(problem) if matches!(problem.cause, Cause::Service | Cause::Unsupported) => return Ok(()),
            Err(problem) => return Err(problem.into()),
        };
        let rows = page.resource_identifiers().iter().filter_map(|row| {
            let resource_type = row.resource_type()?.as_str();
            let id = identifier(resource_type, row.resource_id(), row.resource_name())?;
            let mut resident = match Arn::new(id).looks_valid() {
                true => Resident { resource_type: Text::new(resource_type), ..scene.by_arn(id, Vec::new()) },
                false => scene.by_identifier(resource_type, id, None),
            };
            resident.name = row.resource_name().filter(|name| !name.is_empty()).map(Text::new).or(resident.name);
            Some(resident)
        });
        task.rows(rows.collect(), Batch::Residents).await?;
        cursor.advance(page.next_token())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Seen, Server, json, json_error};

    fn recorder_says(request: &Seen<'_>, recording: bool) -> Option<String> {
        match request.operation().as_str() {
            "DescribeConfigurationRecorders" => Some(r#"{"ConfigurationRecorders":[{"name":"default"}]}"#.into()),
            "DescribeConfigurationRecorderStatus" => {
                Some(format!(r#"{{"ConfigurationRecordersStatus":[{{"name":"default","recording":{recording}}}]}}"#))
            }
            _ => None,
        }
    }

    #[tokio::test]
    async fn a_recorder_that_is_off_is_not_an_empty_account() {
        let server = Server::answering(|request| json(recorder_says(request, false).expect("no other call")));
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"us-east-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        assert_eq!(facts.coverage.status(Ask::Config), Status::NotApplicable);
        assert!(facts.coverage.iter().any(|(_, reading)| reading.note.contains("recorder is off")));
    }

    #[tokio::test]
    async fn a_query_gives_arns_and_what_tells_defaults() {
        let server = Server::answering(|request| {
            let answer = recorder_says(request, true).unwrap_or_else(|| match request.operation().as_str() {
                "GetDiscoveredResourceCounts" => {
                    r#"{"resourceCounts":[{"resourceType":"AWS::EC2::VPC","count":1}],"totalDiscoveredResources":1}"#
                        .into()
                }
                "SelectResourceConfig" => {
                    let row = r#"{"arn":"arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1","resourceId":"vpc-1",
                        "resourceType":"AWS::EC2::VPC","awsRegion":"us-east-1","accountId":"111122223333",
                        "configuration":{"isDefault":true},"tags":[{"key":"Name","value":"main"}]}"#;
                    serde_json::json!({ "Results": [row] }).to_string()
                }
                other => panic!("{other}"),
            });
            json(answer)
        });
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"us-east-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        let vpc = facts.residents.values().next().expect("one");
        assert_eq!((vpc.identifier.as_str(), vpc.name.as_deref()), ("vpc-1", Some("main")));
        assert_eq!(vpc.properties.as_deref(), Some(r#"{"isDefault":true}"#));
        assert_eq!(facts.coverage.status(Ask::Config), Status::Complete);
    }

    #[tokio::test(start_paused = true)]
    async fn without_query_and_counts_it_lists_type_by_type_and_says_so() {
        let server = Server::answering(|request| match recorder_says(request, true) {
            Some(answer) => json(answer),
            None if request.operation() != "ListDiscoveredResources" => json_error(400, "AccessDeniedException", "no"),
            None if request.body().contains("AWS::S3::Bucket") => json(
                r#"{"resourceIdentifiers":[{"resourceType":"AWS::S3::Bucket","resourceId":"logs","resourceName":"logs"}]}"#,
            ),
            None => json(r#"{"resourceIdentifiers":[]}"#),
        });
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"us-east-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        assert_eq!(facts.residents.len(), 1);
        assert_eq!(facts.coverage.status(Ask::Config), Status::Partial);
        let cures: Vec<String> = facts.coverage.gaps().map(|(_, gap)| gap.cure.to_string()).collect();
        assert!(cures.iter().any(|cure| cure.contains("config:SelectResourceConfig")), "{cures:?}");
    }

    #[test]
    fn ids_that_only_config_knows_give_way_to_names() {
        assert_eq!(identifier("AWS::RDS::DBInstance", Some("db-ABC"), Some("orders")), Some("orders"));
        assert_eq!(identifier("AWS::EC2::Instance", Some("i-1"), Some("web")), Some("i-1"));
        let topic = "arn:aws:sns:us-east-1:111122223333:t";
        assert_eq!(identifier("AWS::SNS::Topic", Some(topic), Some("t")), Some(topic));
    }
}
