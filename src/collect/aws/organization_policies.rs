//! The policies of AWS Organizations: every enabled type with documents and targets, and the resource policy.

use aws_sdk_organizations::types as sdk;

use super::convert::{some_text, text};
use super::organizations::list_roots;
use super::{Aws, Collector, Cursor, Halt, collector};
use crate::collect::Task;
use crate::model::{Arn, Batch, OrganizationPolicy, PolicyTarget, ResourcePolicy, Text};

pub const COLLECTORS: &[Collector] = &[collector!(Policies, policies), collector!(ResourcePolicy, resource_policy)];

/// Lists the policies of every type that is enabled at a root, then reads each with its targets.
async fn policies(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut types: Vec<Text> = Vec::new();
    for root in list_roots(aws, task).await? {
        for enabled in root.enabled_policy_types {
            if !types.contains(&enabled) {
                types.push(enabled);
            }
        }
    }
    task.note(match types.len() {
        0 => "no policy type is enabled".to_owned(),
        n => format!("{n} policy types are enabled: {}", types.join(", ")),
    });
    let mut found = Vec::new();
    for kind in &types {
        found.extend(policies_of(aws, task, kind).await?);
    }
    task.reading.of = Some(found.len() as u64);
    for mut policy in found {
        policy.document = document_of(aws, task, &policy.id).await;
        policy.targets = targets_of(aws, task, &policy.id).await?;
        task.rows(vec![policy], Batch::Policies).await?;
    }
    Ok(())
}

async fn policies_of(aws: &Aws, task: &mut Task, kind: &Text) -> Result<Vec<OrganizationPolicy>, Halt> {
    let mut found = Vec::new();
    let mut cursor = Cursor::new("organizations:ListPolicies");
    while let Some(token) = cursor.next() {
        let client = aws.organizations();
        let send =
            || client.list_policies().filter(sdk::PolicyType::from(kind.as_str())).set_next_token(token.clone()).send();
        let Some(page) = aws.call_or_gap(task, cursor.operation(), None, send).await else { break };
        found.extend(page.policies().iter().map(map_policy));
        cursor.advance(page.next_token())?;
    }
    Ok(found)
}

async fn document_of(aws: &Aws, task: &mut Task, id: &Text) -> Option<Text> {
    let send = || aws.organizations().describe_policy().policy_id(id.as_str()).send();
    let answer = aws.call_or_gap(task, "organizations:DescribePolicy", None, send).await?;
    some_text(answer.policy()?.content())
}

/// None when they could not be read to the end.
async fn targets_of(aws: &Aws, task: &mut Task, id: &Text) -> Result<Option<Vec<PolicyTarget>>, Halt> {
    let mut targets = Vec::new();
    let mut cursor = Cursor::new("organizations:ListTargetsForPolicy");
    while let Some(token) = cursor.next() {
        let client = aws.organizations();
        let send = || client.list_targets_for_policy().policy_id(id.as_str()).set_next_token(token.clone()).send();
        let Some(page) = aws.call_or_gap(task, cursor.operation(), None, send).await else { return Ok(None) };
        targets.extend(page.targets().iter().map(|target| PolicyTarget {
            id: text(target.target_id()),
            kind: text(target.r#type().map(sdk::TargetType::as_str)),
            name: text(target.name()),
        }));
        cursor.advance(page.next_token())?;
    }
    Ok(Some(targets))
}

/// That there is none is an answer.
async fn resource_policy(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let send = || aws.organizations().describe_resource_policy().send();
    let policy = match aws.attempt(task, "organizations:DescribeResourcePolicy", None, send).await {
        Ok(answer) => answer.resource_policy().map(map_resource_policy),
        Err(failure) if failure.code == "ResourcePolicyNotFoundException" => {
            task.note("the organization has no resource policy");
            None
        }
        Err(failure) => return Err(failure.into()),
    };
    task.reading.rows = u64::from(policy.is_some());
    task.send(Batch::ResourcePolicy(policy)).await?;
    Ok(())
}

fn map_policy(from: &sdk::PolicySummary) -> OrganizationPolicy {
    OrganizationPolicy {
        id: text(from.id()),
        arn: Arn::new(from.arn().unwrap_or_default()),
        name: text(from.name()),
        description: text(from.description()),
        kind: text(from.r#type().map(sdk::PolicyType::as_str)),
        aws_managed: from.aws_managed(),
        document: None,
        targets: None,
    }
}

fn map_resource_policy(from: &sdk::ResourcePolicy) -> ResourcePolicy {
    let summary = from.resource_policy_summary();
    ResourcePolicy {
        id: text(summary.and_then(sdk::ResourcePolicySummary::id)),
        arn: Arn::new(summary.and_then(sdk::ResourcePolicySummary::arn).unwrap_or_default()),
        document: text(from.content()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, json, json_error, reply, run};
    use crate::model::{Ask, Cause, Cell, Status};

    #[tokio::test]
    async fn every_enabled_type_is_read_with_documents_and_targets() {
        let server = Server::answering(|request| match (request.operation().as_str(), request.body()) {
            ("ListRoots", _) => json(
                r#"{"Roots":[{"Id":"r-1","PolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"},
                {"Type":"TAG_POLICY","Status":"PENDING_DISABLE"},{"Type":"BRAND_NEW_POLICY","Status":"ENABLED"}]}]}"#,
            ),
            ("ListPolicies", body) if body.contains("SERVICE_CONTROL") => {
                json(r#"{"Policies":[{"Id":"p-1","Name":"deny","Type":"SERVICE_CONTROL_POLICY","AwsManaged":false}]}"#)
            }
            ("ListPolicies", body) if body.contains("BRAND_NEW_POLICY") => {
                json(r#"{"Policies":[{"Id":"p-2","Name":"new","Type":"BRAND_NEW_POLICY"}]}"#)
            }
            ("DescribePolicy", _) => json(r#"{"Policy":{"Content":"{\"Version\":\"2012-10-17\"}"}}"#),
            ("ListTargetsForPolicy", body) if body.contains("NextToken") => {
                json(r#"{"Targets":[{"TargetId":"ou-1","Type":"ORGANIZATIONAL_UNIT","Name":"U"}]}"#)
            }
            ("ListTargetsForPolicy", _) => {
                json(r#"{"Targets":[{"TargetId":"r-1","Type":"ROOT","Name":"Root"}],"NextToken":"2"}"#)
            }
            (other, body) => panic!("{other} {body}"),
        });
        let facts = run(&server, COLLECTORS, Ask::Policies).await;
        assert_eq!(facts.policies.len(), 2);
        assert_eq!(facts.policies["p-2"].kind, "BRAND_NEW_POLICY");
        let policy = &facts.policies["p-1"];
        assert_eq!(policy.document.as_ref().map(Text::as_str), Some(r#"{"Version":"2012-10-17"}"#));
        assert_eq!(policy.targets.as_ref().map(Vec::len), Some(2));
        assert_eq!(facts.coverage.status(Ask::Policies), Status::Complete);
    }

    #[tokio::test]
    async fn no_resource_policy_is_an_answer() {
        let server = Server::answering(|_| json_error(400, "ResourcePolicyNotFoundException", "none"));
        let facts = run(&server, COLLECTORS, Ask::ResourcePolicy).await;
        assert_eq!(facts.resource_policy, Some(None));
        assert_eq!(facts.coverage.status(Ask::ResourcePolicy), Status::Complete);
    }

    #[tokio::test]
    async fn a_server_without_the_call_leaves_it_unknown() {
        let server = Server::answering(|_| reply(500, "text/html", "<!doctype html><title>500</title>"));
        let facts = run(&server, COLLECTORS, Ask::ResourcePolicy).await;
        assert_eq!(facts.resource_policy, None);
        let reading = facts.coverage.get(&Cell::global(Ask::ResourcePolicy)).expect("read");
        assert_eq!((reading.status, &reading.gaps[0].cause), (Status::Failed, &Cause::Malformed));
    }
}
