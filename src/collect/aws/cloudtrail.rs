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
