//! The Identity Store: the groups and people behind assignments. Only those that are assigned are read.

use std::collections::BTreeSet;

use aws_sdk_identitystore::types as sdk;

use super::convert::{some_text, text};
use super::{Aws, Cursor};
use crate::collect::{Stopped, Task};
use crate::model::{Assignee, Assignment, Batch, Cause, DirectoryGroup, DirectoryUser, Instance, Text};

/// With more people than this one listing is cheaper than a call for each.
const ONE_BY_ONE: usize = 50;

/// Opens the groups of `assignments` to their members and names every person.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn read(aws: &Aws, task: &mut Task, instance: &Instance, assignments: &[Assignment]) -> Result<(), Stopped> {
    let of_kind = |kind: Assignee| -> BTreeSet<Text> {
        assignments.iter().filter(|a| a.kind == kind).map(|a| a.assignee.clone()).collect()
    };
    let mut people = of_kind(Assignee::User);
    for id in of_kind(Assignee::Group) {
        let group = DirectoryGroup {
            name: group_name(aws, task, instance, &id).await.unwrap_or_default(),
            members: members(aws, task, instance, &id).await,
            id,
        };
        people.extend(group.members.iter().flatten().cloned());
        task.rows(vec![group], Batch::DirectoryGroups).await?;
        if aws.is_stopped() {
            return Ok(());
        }
    }
    let users = if people.len() > ONE_BY_ONE {
        list_users(aws, task, instance, &people).await
    } else {
        describe_users(aws, task, instance, &people).await
    };
    if let Some(gone) = people.len().checked_sub(users.len()).filter(|&gone| gone > 0 && task.reading.gaps.is_empty()) {
        task.note(format!("{gone} assigned people are no longer in the directory"));
    }
    task.rows(users, Batch::DirectoryUsers).await
}

/// An assignee that was deleted leaves its assignment behind: that is no gap in the reading.
fn forget_deleted(task: &mut Task, operation: &str) {
    task.reading.gaps.retain(|gap| !(gap.what == operation && gap.cause == Cause::Absent));
}

async fn group_name(aws: &Aws, task: &mut Task, instance: &Instance, id: &Text) -> Option<Text> {
    const OPERATION: &str = "identitystore:DescribeGroup";
    let client = aws.identitystore(&instance.region);
    let send = || client.describe_group().identity_store_id(&*instance.identity_store).group_id(id.as_str()).send();
    let answer = aws.call_or_gap(task, OPERATION, Some(&instance.region), send).await;
    forget_deleted(task, OPERATION);
    some_text(answer?.display_name())
}

/// None when they could not be read to the end.
async fn members(aws: &Aws, task: &mut Task, instance: &Instance, group: &Text) -> Option<Vec<Text>> {
    let mut members = Vec::new();
    let mut cursor = Cursor::new("identitystore:ListGroupMemberships");
    while let Some(token) = cursor.next() {
        let client = aws.identitystore(&instance.region);
        let send = || {
            let list = client.list_group_memberships().identity_store_id(&*instance.identity_store);
            list.group_id(group.as_str()).set_next_token(token.clone()).send()
        };
        let page = aws.call_or_gap(task, cursor.operation(), Some(&instance.region), send).await;
        forget_deleted(task, cursor.operation());
        let page = page?;
        let ids = page.group_memberships().iter().filter_map(|membership| membership.member_id()?.as_user_id().ok());
        members.extend(ids.map(Text::from));
        if let Err(problem) = cursor.advance(page.next_token()) {
            task.gap(problem);
            return None;
        }
    }
    Some(members)
}

async fn describe_users(aws: &Aws, task: &mut Task, instance: &Instance, ids: &BTreeSet<Text>) -> Vec<DirectoryUser> {
    const OPERATION: &str = "identitystore:DescribeUser";
    let client = aws.identitystore(&instance.region);
    let mut users = Vec::new();
    for id in ids {
        let send = || client.describe_user().identity_store_id(&*instance.identity_store).user_id(id.as_str()).send();
        let answer = aws.call_or_gap(task, OPERATION, Some(&instance.region), send).await;
        forget_deleted(task, OPERATION);
        users.extend(answer.map(|user| DirectoryUser {
            id: id.clone(),
            user_name: text(user.user_name()),
            display_name: text(user.display_name()),
            email: email(user.emails()),
        }));
    }
    users
}

async fn list_users(aws: &Aws, task: &mut Task, instance: &Instance, ids: &BTreeSet<Text>) -> Vec<DirectoryUser> {
    let mut users = Vec::new();
    let mut cursor = Cursor::new("identitystore:ListUsers");
    while let Some(token) = cursor.next() {
        let client = aws.identitystore(&instance.region);
        let send =
            || client.list_users().identity_store_id(&*instance.identity_store).set_next_token(token.clone()).send();
        let Some(page) = aws.call_or_gap(task, cursor.operation(), Some(&instance.region), send).await else { break };
        users.extend(page.users().iter().filter(|user| ids.contains(user.user_id())).map(|user| DirectoryUser {
            id: Text::new(user.user_id()),
            user_name: text(user.user_name()),
            display_name: text(user.display_name()),
            email: email(user.emails()),
        }));
        if let Err(problem) = cursor.advance(page.next_token()) {
            task.gap(problem);
        }
    }
    users
}

/// The primary address, else the first.
fn email(from: &[sdk::Email]) -> Option<Text> {
    let primary = from.iter().find(|email| email.primary()).or(from.first());
    some_text(primary?.value())
}
