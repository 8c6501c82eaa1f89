//! IAM Identity Center: instances, permission sets and the assignments on the management account itself.
//! Who stands behind an assignment is read in `directory.rs`.
//!
//! Assignments are asked for every permission set, never only for those "provisioned" here: a provisioned set
//! may have no assignment left, and one that is being provisioned is not listed yet.

use std::sync::Arc;

use aws_sdk_ssoadmin::types as sdk;

use super::convert::{some_text, text, time};
use super::{Aws, Collector, Cursor, Halt, directory};
use crate::collect::{Stopped, Task};
use crate::model::{
    AccountId, Arn, Ask, Assignee, Assignment, AttachedPolicy, Batch, Cause, Cell, Instance, PermissionSet, Problem,
    Region, Text,
};

pub const COLLECTORS: &[Collector] = &[Collector {
    asks: &[Ask::IdentityCenter, Ask::PermissionSets, Ask::Assignments, Ask::Directory],
    collect: |aws, _| Box::pin(async move { collect(&aws).await }),
}];

/// An instance with its permission sets' ARNs.
struct Listed {
    instance: Instance,
    sets: Vec<Arn>,
}

async fn collect(aws: &Arc<Aws>) -> Result<(), Stopped> {
    let mut of_instances = aws.start(Cell::global(Ask::IdentityCenter)).await?;
    let mut of_sets = aws.start(Cell::global(Ask::PermissionSets)).await?;
    let mut of_assignments = aws.start(Cell::global(Ask::Assignments)).await?;
    let mut of_people = aws.start(Cell::global(Ask::Directory)).await?;

    let instances = match find_instances(aws, &mut of_instances).await {
        Ok(instances) => instances,
        Err(Halt::Stopped(stopped)) => return Err(stopped),
        Err(Halt::Problem(problem)) => {
            for task in [&mut of_instances, &mut of_sets, &mut of_assignments, &mut of_people] {
                task.gap(problem.clone());
            }
            Vec::new()
        }
    };
    aws.settle(of_instances, Ok(())).await?;
    if instances.is_empty() {
        for mut task in [of_sets, of_assignments, of_people] {
            if task.reading.gaps.is_empty() {
                task.gap(no_instance());
            }
            aws.settle(task, Ok(())).await?;
        }
        return Ok(());
    }
    let mut listed = Vec::new();
    for instance in instances {
        match list_permission_sets(aws, &mut of_sets, &instance).await {
            Ok(sets) => listed.push(Listed { instance, sets }),
            Err(Halt::Stopped(stopped)) => return Err(stopped),
            Err(Halt::Problem(problem)) => {
                for task in [&mut of_sets, &mut of_assignments, &mut of_people] {
                    task.gap(problem.clone());
                }
            }
        }
    }
    let details = permission_sets(aws, &mut of_sets, &listed);
    let (details, assigned) = tokio::join!(details, assignments(aws, of_assignments, of_people, &listed));
    aws.settle(of_sets, details).await.and(assigned)
}

fn no_instance() -> Problem {
    Problem::new("sso:ListInstances", Cause::Absent, "no Identity Center instance was found", "")
}

/// The home Region first, then the others in scope until one has an instance: Identity Center lives in one Region.
async fn find_instances(aws: &Aws, task: &mut Task) -> Result<Vec<Instance>, Halt> {
    let elsewhere = aws.regions().iter().filter(|region| **region != aws.home);
    for region in std::iter::once(&aws.home).chain(elsewhere) {
        let found = if *region == aws.home {
            list_instances(aws, task, region).await?
        } else {
            // What fails elsewhere is a gap, not the end.
            match list_instances(aws, task, region).await {
                Ok(found) => found,
                Err(Halt::Problem(problem)) => {
                    task.gap(problem);
                    break;
                }
                Err(halt) => return Err(halt),
            }
        };
        if !found.is_empty() {
            task.note(format!("in {region}"));
            task.rows(found.clone(), Batch::Instances).await?;
            return Ok(found);
        }
        if aws.is_stopped() {
            break;
        }
    }
    if task.reading.gaps.is_empty() {
        task.gap(no_instance());
    }
    Ok(Vec::new())
}

async fn list_instances(aws: &Aws, task: &mut Task, region: &Region) -> Result<Vec<Instance>, Halt> {
    let mut found = Vec::new();
    let mut cursor = Cursor::new("sso:ListInstances");
    while let Some(token) = cursor.next() {
        let send = || aws.ssoadmin(region).list_instances().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), Some(region), send).await?;
        found.extend(page.instances().iter().map(|instance| map_instance(instance, region)));
        cursor.advance(page.next_token())?;
    }
    Ok(found)
}

async fn list_permission_sets(aws: &Aws, task: &mut Task, instance: &Instance) -> Result<Vec<Arn>, Halt> {
    let mut sets = Vec::new();
    let mut cursor = Cursor::new("sso:ListPermissionSets");
    while let Some(token) = cursor.next() {
        let client = aws.ssoadmin(&instance.region);
        let send = || {
            let list = client.list_permission_sets().instance_arn(instance.arn.as_str());
            list.set_next_token(token.clone()).send()
        };
        let page = aws.call(task, cursor.operation(), Some(&instance.region), send).await?;
        sets.extend(page.permission_sets().iter().map(Arn::new));
        cursor.advance(page.next_token())?;
    }
    Ok(sets)
}

async fn permission_sets(aws: &Aws, task: &mut Task, listed: &[Listed]) -> Result<(), Halt> {
    task.reading.of = Some(listed.iter().map(|listed| listed.sets.len() as u64).sum());
    for Listed { instance, sets } in listed {
        for arn in sets {
            let set = permission_set(aws, task, instance, arn).await?;
            task.rows(vec![set], Batch::PermissionSets).await?;
            if aws.is_stopped() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// One set with its policies; what could not be read of it is a gap.
async fn permission_set(aws: &Aws, task: &mut Task, instance: &Instance, arn: &Arn) -> Result<PermissionSet, Halt> {
    let region = &instance.region;
    let client = aws.ssoadmin(region);
    let (instance_arn, set_arn) = (instance.arn.as_str(), arn.as_str());
    let send = || client.describe_permission_set().instance_arn(instance_arn).permission_set_arn(set_arn).send();
    let answer = aws.call_or_gap(task, "sso:DescribePermissionSet", Some(region), send).await;
    let mut set = map_permission_set(answer.as_ref().and_then(|answer| answer.permission_set()), instance, arn);

    let mut cursor = Cursor::new("sso:ListManagedPoliciesInPermissionSet");
    while let Some(token) = cursor.next() {
        let send = || {
            let list = client.list_managed_policies_in_permission_set().instance_arn(instance_arn);
            list.permission_set_arn(set_arn).set_next_token(token.clone()).send()
        };
        let Some(page) = aws.call_or_gap(task, cursor.operation(), Some(region), send).await else { break };
        set.managed.extend(page.attached_managed_policies().iter().map(|policy| AttachedPolicy {
            name: text(policy.name()),
            arn: Arn::new(policy.arn().unwrap_or_default()),
        }));
        cursor.advance(page.next_token())?;
    }
    let mut cursor = Cursor::new("sso:ListCustomerManagedPolicyReferencesInPermissionSet");
    while let Some(token) = cursor.next() {
        let send = || {
            let list = client.list_customer_managed_policy_references_in_permission_set().instance_arn(instance_arn);
            list.permission_set_arn(set_arn).set_next_token(token.clone()).send()
        };
        let Some(page) = aws.call_or_gap(task, cursor.operation(), Some(region), send).await else { break };
        set.customer_managed.extend(page.customer_managed_policy_references().iter().map(reference));
        cursor.advance(page.next_token())?;
    }
    let send =
        || client.get_inline_policy_for_permission_set().instance_arn(instance_arn).permission_set_arn(set_arn).send();
    let answer = aws.call_or_gap(task, "sso:GetInlinePolicyForPermissionSet", Some(region), send).await;
    set.inline = answer.and_then(|answer| some_text(answer.inline_policy()));
    set.boundary = boundary(aws, task, instance, arn).await;
    Ok(set)
}

/// That a set has no boundary is an answer.
async fn boundary(aws: &Aws, task: &mut Task, instance: &Instance, arn: &Arn) -> Option<Text> {
    const OPERATION: &str = "sso:GetPermissionsBoundaryForPermissionSet";
    let absent = |task: &Task| task.reading.gaps.iter().filter(|gap| gap.cause == Cause::Absent).count();
    let before = absent(task);
    let client = aws.ssoadmin(&instance.region);
    let send = || {
        let get = client.get_permissions_boundary_for_permission_set().instance_arn(instance.arn.as_str());
        get.permission_set_arn(arn.as_str()).send()
    };
    let answer = aws.call_or_gap(task, OPERATION, Some(&instance.region), send).await;
    if absent(task) > before {
        task.reading.gaps.retain(|gap| !(gap.what == OPERATION && gap.cause == Cause::Absent));
    }
    let answer = answer?;
    let boundary = answer.permissions_boundary()?;
    some_text(boundary.managed_policy_arn()).or_else(|| boundary.customer_managed_policy_reference().map(reference))
}

/// The assignments on the management account, and then the people behind them.
async fn assignments(aws: &Aws, mut task: Task, mut of_people: Task, listed: &[Listed]) -> Result<(), Stopped> {
    let Some(account) = aws.management_account().or(aws.caller_account()).cloned() else {
        let unknown = "neither the organization nor the caller could be read";
        for mut task in [task, of_people] {
            task.gap(Problem::new("sso:ListAccountAssignments", Cause::Absent, unknown, ""));
            task.finish().await?;
        }
        return Ok(());
    };
    let total: usize = listed.iter().map(|listed| listed.sets.len()).sum();
    let mut read = 0;
    let mut result = Ok(());
    for Listed { instance, sets } in listed {
        let mut found = Vec::new();
        for set in sets {
            read += 1;
            task.note(format!("account {account}, permission set {read} of {total}"));
            match assignments_of(aws, &mut task, instance, set, &account).await {
                Ok(mut assignments) => found.append(&mut assignments),
                Err(Halt::Stopped(stopped)) => return Err(stopped),
                Err(halt) => result = Err(halt),
            }
            if aws.is_stopped() {
                break;
            }
        }
        directory::read(aws, &mut of_people, instance, &found).await?;
    }
    task.note(format!("account {account}, {total} permission sets"));
    if !task.reading.gaps.is_empty() {
        of_people.note("only those of the assignments that could be read");
    }
    aws.settle(task, result).await?;
    aws.settle(of_people, Ok(())).await
}

async fn assignments_of(
    aws: &Aws,
    task: &mut Task,
    instance: &Instance,
    set: &Arn,
    account: &AccountId,
) -> Result<Vec<Assignment>, Halt> {
    let mut all = Vec::new();
    let mut cursor = Cursor::new("sso:ListAccountAssignments");
    while let Some(token) = cursor.next() {
        let client = aws.ssoadmin(&instance.region);
        let send = || {
            let list = client.list_account_assignments().instance_arn(instance.arn.as_str());
            list.permission_set_arn(set.as_str()).account_id(account.as_str()).set_next_token(token.clone()).send()
        };
        let Some(page) = aws.call_or_gap(task, cursor.operation(), Some(&instance.region), send).await else { break };
        let rows: Vec<Assignment> = page.account_assignments().iter().map(|from| map_assignment(from, set)).collect();
        all.extend(rows.iter().cloned());
        task.rows(rows, Batch::Assignments).await?;
        cursor.advance(page.next_token())?;
    }
    Ok(all)
}

fn map_instance(from: &sdk::InstanceMetadata, region: &Region) -> Instance {
    Instance {
        arn: Arn::new(from.instance_arn().unwrap_or_default()),
        identity_store: text(from.identity_store_id()),
        owner: AccountId::new(from.owner_account_id().unwrap_or_default()),
        name: text(from.name()),
        created: time(from.created_date()),
        region: region.clone(),
    }
}

fn map_permission_set(from: Option<&sdk::PermissionSet>, instance: &Instance, arn: &Arn) -> PermissionSet {
    PermissionSet {
        arn: arn.clone(),
        instance: instance.arn.clone(),
        name: text(from.and_then(sdk::PermissionSet::name)),
        description: text(from.and_then(sdk::PermissionSet::description)),
        session_duration: text(from.and_then(sdk::PermissionSet::session_duration)),
        created: time(from.and_then(sdk::PermissionSet::created_date)),
        ..PermissionSet::default()
    }
}

/// Path and name, as IAM writes them: `/ops/deny-billing`.
fn reference(from: &sdk::CustomerManagedPolicyReference) -> Text {
    Text::from(format!("{}{}", from.path().unwrap_or("/"), from.name()))
}

fn map_assignment(from: &sdk::AccountAssignment, set: &Arn) -> Assignment {
    let is_group = from.principal_type() == Some(&sdk::PrincipalType::Group);
    Assignment {
        permission_set: from.permission_set_arn().map_or_else(|| set.clone(), Arn::new),
        account: AccountId::new(from.account_id().unwrap_or_default()),
        kind: if is_group { Assignee::Group } else { Assignee::User },
        assignee: text(from.principal_id()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Reply, Seen, Server, json, json_error};
    use crate::model::{Facts, Status};

    const GROUP: &str = r#"{"AccountAssignments":[{"AccountId":"111122223333","PermissionSetArn":"ps/a","PrincipalType":"GROUP","PrincipalId":"g-1"}]}"#;
    const USER: &str = r#"{"AccountAssignments":[{"AccountId":"111122223333","PermissionSetArn":"ps/a","PrincipalType":"USER","PrincipalId":"u-9"}],"NextToken":"2"}"#;

    fn centre(request: &Seen<'_>) -> Reply {
        let body = request.body();
        match request.operation().as_str() {
            "ListInstances" => json(
                r#"{"Instances":[{"InstanceArn":"arn:i","IdentityStoreId":"d-1","OwnerAccountId":"111122223333"}]}"#,
            ),
            "ListPermissionSets" => json(r#"{"PermissionSets":["ps/a","ps/b"]}"#),
            "DescribePermissionSet" if body.contains("ps/a") => {
                json(r#"{"PermissionSet":{"Name":"Admin","SessionDuration":"PT8H"}}"#)
            }
            "DescribePermissionSet" => json(r#"{"PermissionSet":{"Name":"Read"}}"#),
            "ListManagedPoliciesInPermissionSet" => {
                json(r#"{"AttachedManagedPolicies":[{"Name":"P","Arn":"arn:aws:iam::aws:policy/P"}]}"#)
            }
            "ListCustomerManagedPolicyReferencesInPermissionSet" => {
                json(r#"{"CustomerManagedPolicyReferences":[{"Name":"deny","Path":"/ops/"}]}"#)
            }
            "GetInlinePolicyForPermissionSet" => json(r#"{"InlinePolicy":""}"#),
            "GetPermissionsBoundaryForPermissionSet" if body.contains("ps/a") => {
                json(r#"{"PermissionsBoundary":{"ManagedPolicyArn":"arn:b"}}"#)
            }
            "GetPermissionsBoundaryForPermissionSet" => json_error(400, "ResourceNotFoundException", "none"),
            "ListAccountAssignments" if body.contains("NextToken") => json(GROUP),
            "ListAccountAssignments" if body.contains("ps/a") => json(USER),
            "ListGroupMemberships" => {
                json(r#"{"GroupMemberships":[{"MemberId":{"UserId":"u-1"}},{"MemberId":{"UserId":"u-9"}}]}"#)
            }
            "DescribeGroup" => json(r#"{"GroupId":"g-1","DisplayName":"Admins"}"#),
            "DescribeUser" if body.contains("u-1") => {
                json(r#"{"UserId":"u-1","UserName":"ann","Emails":[{"Value":"b@x"},{"Value":"a@x","Primary":true}]}"#)
            }
            "DescribeUser" => json_error(400, "ResourceNotFoundException", "gone"),
            _ => json("{}"),
        }
    }

    async fn read(server: &Server) -> Facts {
        let (aws, mut inbox) = server.aws();
        aws.learn_management_account("111122223333".into());
        aws.learn_regions(vec!["us-east-1".into(), "eu-west-1".into()]);
        collect(&aws).await.expect("a reader");
        inbox.facts()
    }

    #[tokio::test(start_paused = true)]
    async fn sets_assignments_and_the_people_behind_them() {
        let facts = read(&Server::answering(centre)).await;
        assert_eq!(facts.instances["arn:i"].region.as_str(), "us-east-1");
        let (admin, reader) = (&facts.permission_sets["ps/a"], &facts.permission_sets["ps/b"]);
        assert_eq!(
            (admin.name.as_str(), admin.boundary.as_deref(), admin.inline.as_ref()),
            ("Admin", Some("arn:b"), None)
        );
        assert_eq!((reader.boundary.as_ref(), reader.customer_managed[0].as_str()), (None, "/ops/deny"));
        assert_eq!(facts.assignments.len(), 2);
        assert_eq!(facts.directory_groups["g-1"].members.as_ref().map(Vec::len), Some(2));
        assert_eq!(facts.directory_groups["g-1"].name, "Admins");
        assert_eq!(facts.directory_users["u-1"].email.as_deref(), Some("a@x"));
        assert!(!facts.directory_users.contains_key("u-9"), "deleted, and no reason to fail");
        for ask in [Ask::IdentityCenter, Ask::PermissionSets, Ask::Assignments, Ask::Directory] {
            assert_eq!(facts.coverage.status(ask), Status::Complete, "{ask}: {:?}", facts.coverage.of_ask(ask).next());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_elsewhere_is_found() {
        let server = Server::answering(|request| {
            let elsewhere = request.header("authorization").is_some_and(|signed| signed.contains("/eu-west-1/"));
            match request.operation().as_str() {
                "ListInstances" if !elsewhere => json(r#"{"Instances":[]}"#),
                _ => centre(request),
            }
        });
        let facts = read(&server).await;
        assert_eq!(facts.instances["arn:i"].region.as_str(), "eu-west-1");
        assert_eq!(facts.coverage.status(Ask::IdentityCenter), Status::Complete);
    }

    #[tokio::test(start_paused = true)]
    async fn no_instance_does_not_apply() {
        let facts = read(&Server::answering(|_| json(r#"{"Instances":[]}"#))).await;
        for ask in [Ask::IdentityCenter, Ask::PermissionSets, Ask::Assignments, Ask::Directory] {
            assert_eq!(facts.coverage.status(ask), Status::NotApplicable, "{ask}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn denied_instances_are_denied_everywhere() {
        let facts = read(&Server::answering(|_| json_error(400, "AccessDeniedException", "no"))).await;
        for ask in [Ask::IdentityCenter, Ask::PermissionSets, Ask::Assignments, Ask::Directory] {
            assert_eq!(facts.coverage.status(ask), Status::Denied, "{ask}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_denied_group_is_kept_without_members() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "ListGroupMemberships" | "DescribeGroup" => json_error(400, "AccessDeniedException", "no"),
            _ => centre(request),
        });
        let facts = read(&server).await;
        assert_eq!(facts.directory_groups["g-1"].members, None);
        assert_eq!(facts.coverage.status(Ask::Directory), Status::Partial);
        assert_eq!(facts.coverage.status(Ask::Assignments), Status::Complete);
    }
}
