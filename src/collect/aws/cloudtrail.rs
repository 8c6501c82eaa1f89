//! The trails of each Region: `DescribeTrails` without the shadows of trails at home elsewhere, so that each trail is
//! seen once, then `GetTrailStatus` and `GetEventSelectors` of each. Their limits are in `pace` (a rate of ten a second
//! for an account and Region: CloudTrail User Guide, "Quotas in AWS CloudTrail").
//!
//! A status or a selector that cannot be read is a gap; the trail is kept without it.

use std::sync::Arc;

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{self, AdvancedFieldSelector, EventSelector};
use serde_json::{Map, Value, json};

use super::convert::{some_text, text, time};
use super::{Aws, Collector, Halt};
use crate::collect::{BoxFuture, Stopped, Task};
use crate::model::{Arn, Ask, Batch, Cause, Cell, Problem, Region, Text, Trail};

pub const COLLECTORS: &[Collector] = &[Collector { asks: &[Ask::Trails], collect }];

fn collect(aws: Arc<Aws>, region: Option<Region>) -> BoxFuture<Result<(), Stopped>> {
    Box::pin(async move {
        let region = region.unwrap_or_else(|| aws.home.clone());
        let mut task = aws.start(Cell::regional(Ask::Trails, region.clone())).await?;
        let result = trails(&aws, &region, &mut task).await;
        aws.settle(task, result).await
    })
}

async fn trails(aws: &Aws, region: &Region, task: &mut Task) -> Result<(), Halt> {
    let client = aws.cloudtrail(region);
    let described = aws
        .call(task, "cloudtrail:DescribeTrails", Some(region), || {
            client.describe_trails().include_shadow_trails(false).send()
        })
        .await?;
    let mut trails = Vec::new();
    for described in described.trail_list() {
        let mut trail = trail(described, region);
        let name = described.trail_arn().or(described.name()).unwrap_or_default();
        if let Err(problem) = status(aws, region, task, name, &mut trail).await {
            gap(task, problem)?;
        }
        if let Err(problem) = selectors(aws, region, task, name, &mut trail).await {
            gap(task, problem)?;
        }
        trails.push(trail);
    }
    task.rows(trails, Batch::Trails).await?;
    Ok(())
}

/// One refusal is told once, however many trails it concerns. Nothing follows once the run is stopped.
fn gap(task: &mut Task, problem: Problem) -> Result<(), Halt> {
    if problem.cause == Cause::Cancelled {
        return Err(problem.into());
    }
    let told = |gap: &Problem| gap.what == problem.what && gap.cause == problem.cause;
    if !task.reading.gaps.iter().any(told) {
        task.gap(problem);
    }
    Ok(())
}

fn trail(described: &types::Trail, region: &Region) -> Trail {
    Trail {
        name: text(described.name()),
        arn: Arn::new(described.trail_arn().unwrap_or_default()),
        home_region: described.home_region().map_or_else(|| region.clone(), Region::new),
        multi_region: described.is_multi_region_trail().unwrap_or_default(),
        organization_trail: described.is_organization_trail().unwrap_or_default(),
        bucket: text(described.s3_bucket_name()),
        kms_key: some_text(described.kms_key_id()),
        log_file_validation: described.log_file_validation_enabled().unwrap_or_default(),
        log_group: some_text(described.cloud_watch_logs_log_group_arn()),
        ..Trail::default()
    }
}

async fn status(aws: &Aws, region: &Region, task: &mut Task, name: &str, trail: &mut Trail) -> Result<(), Problem> {
    let client = aws.cloudtrail(region);
    let status = aws
        .call(task, "cloudtrail:GetTrailStatus", Some(region), || client.get_trail_status().name(name).send())
        .await?;
    trail.logging = status.is_logging();
    trail.latest_delivery = time(status.latest_delivery_time());
    trail.latest_delivery_error = some_text(status.latest_delivery_error());
    trail.started = time(status.start_logging_time());
    trail.stopped = time(status.stop_logging_time());
    Ok(())
}

async fn selectors(aws: &Aws, region: &Region, task: &mut Task, name: &str, trail: &mut Trail) -> Result<(), Problem> {
    let client = aws.cloudtrail(region);
    let selectors = aws
        .call(task, "cloudtrail:GetEventSelectors", Some(region), || {
            client.get_event_selectors().trail_name(name).send()
        })
        .await?;
    trail.selectors = Some(Text::new(&selectors_json(&selectors).to_string()));
    Ok(())
}

/// As `GetEventSelectors` answers, without the trail's ARN: a trail has either kind of selectors.
fn selectors_json(selectors: &GetEventSelectorsOutput) -> Value {
    let advanced = selectors.advanced_event_selectors();
    if advanced.is_empty() {
        return json!({ "EventSelectors": selectors.event_selectors().iter().map(basic).collect::<Vec<_>>() });
    }
    let advanced: Vec<Value> = advanced
        .iter()
        .map(|selector| {
            let fields: Vec<Value> = selector.field_selectors().iter().map(field).collect();
            let mut json = Map::new();
            put(&mut json, "Name", selector.name());
            json.insert("FieldSelectors".to_owned(), fields.into());
            json.into()
        })
        .collect();
    json!({ "AdvancedEventSelectors": advanced })
}

fn basic(selector: &EventSelector) -> Value {
    let resources =
        selector.data_resources().iter().map(|data| json!({ "Type": data.r#type(), "Values": data.values() }));
    let mut json = Map::new();
    put(&mut json, "ReadWriteType", selector.read_write_type().map(types::ReadWriteType::as_str));
    put(&mut json, "IncludeManagementEvents", selector.include_management_events());
    json.insert("DataResources".to_owned(), resources.collect());
    let excluded = selector.exclude_management_event_sources();
    json.insert("ExcludeManagementEventSources".to_owned(), excluded.into());
    json.into()
}

fn field(selector: &AdvancedFieldSelector) -> Value {
    let mut json = Map::new();
    json.insert("Field".to_owned(), selector.field().into());
    for (word, values) in [
        ("Equals", selector.equals()),
        ("StartsWith", selector.starts_with()),
        ("EndsWith", selector.ends_with()),
        ("NotEquals", selector.not_equals()),
        ("NotStartsWith", selector.not_starts_with()),
        ("NotEndsWith", selector.not_ends_with()),
    ] {
        if !values.is_empty() {
            json.insert(word.to_owned(), values.into());
        }
    }
    json.into()
}

/// What is missing stays out.
fn put(json: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        json.insert(key.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Reply, Server, json, json_error};
    use crate::model::{Facts, Status};

    const DESCRIBED: &str = r#"{"trailList":[
        {"Name":"org","TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/org","HomeRegion":"us-east-1","S3BucketName":"logs",
         "IsMultiRegionTrail":true,"IsOrganizationTrail":true,"LogFileValidationEnabled":true,"KmsKeyId":"k"},
        {"Name":"old","TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/old","HomeRegion":"us-east-1","S3BucketName":"old"}]}"#;

    async fn read(answer: fn(&str, bool) -> Reply) -> (Facts, Status) {
        let server = Server::answering(move |request| {
            let body = request.body();
            match request.operation().as_str() {
                "DescribeTrails" => {
                    assert!(body.contains(r#""includeShadowTrails":false"#), "{body}");
                    json(DESCRIBED)
                }
                operation => answer(operation, body.contains("trail/org")),
            }
        });
        let (aws, mut inbox) = server.aws();
        let region = Region::new("us-east-1");
        collect(aws, Some(region.clone())).await.expect("a reader");
        let facts = inbox.facts();
        let status = facts.coverage.get(&Cell::regional(Ask::Trails, region)).expect("a reading").status;
        (facts, status)
    }

    #[tokio::test(start_paused = true)]
    async fn trails_come_with_status_and_selectors() {
        let (facts, status) = read(|operation, organization| match (operation, organization) {
            ("GetTrailStatus", true) => json(r#"{"IsLogging":true,"LatestDeliveryTime":1790000000.0,"StartLoggingTime":1780000000.0}"#),
            ("GetTrailStatus", false) => json(r#"{"IsLogging":false,"LatestDeliveryError":"NoSuchBucket"}"#),
            (_, true) => json(r#"{"AdvancedEventSelectors":[{"Name":"all","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]}"#),
            (_, false) => json(r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]}"#),
        })
        .await;
        assert_eq!((status, facts.trails.len()), (Status::Complete, 2));
        let trail = |name: &str| facts.trails.values().find(|trail| trail.name == name).expect("a trail");
        let (organization, old) = (trail("org"), trail("old"));
        assert!(organization.organization_trail && organization.multi_region && organization.log_file_validation);
        assert_eq!((organization.logging, old.logging), (Some(true), Some(false)));
        assert_eq!(organization.latest_delivery.map(|at| at.as_second()), Some(1_790_000_000));
        assert_eq!(old.latest_delivery_error.as_deref(), Some("NoSuchBucket"));
        assert_eq!(
            organization.selectors.as_deref(),
            Some(
                r#"{"AdvancedEventSelectors":[{"Name":"all","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]}"#
            )
        );
        assert_eq!(
            old.selectors.as_deref(),
            Some(
                r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]}"#
            )
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_denied_status_keeps_the_trails_and_is_told_once() {
        let (facts, status) = read(|operation, _| match operation {
            "GetTrailStatus" => json_error(400, "AccessDeniedException", "no"),
            _ => json(r#"{"EventSelectors":[]}"#),
        })
        .await;
        assert_eq!((status, facts.trails.len(), facts.coverage.gaps().count()), (Status::Partial, 2, 1));
        assert!(facts.trails.values().all(|trail| trail.logging.is_none() && trail.selectors.is_some()));
    }
}
