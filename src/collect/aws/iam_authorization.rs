//! `iam:GetAccountAuthorizationDetails`: users, groups, roles and managed policies with their documents, in one listing.

use aws_sdk_iam::types as sdk;

use super::convert::{document, some_text, text, time};
use super::{Aws, Collector, Cursor, Halt, collector};
use crate::collect::Task;
use crate::model::{
    Arn, AttachedPolicy, Batch, Group, InlinePolicy, LastUsed, ManagedPolicy, PolicyVersion, Region, Role, Tag, Text,
    User,
};

pub const COLLECTORS: &[Collector] = &[collector!(AuthorizationDetails, authorization_details)];

/// Users, roles and so on in one page; IAM allows up to 1,000.
const PAGE: i32 = 500;

async fn authorization_details(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut cursor = Cursor::new("iam:GetAccountAuthorizationDetails");
    while let Some(marker) = cursor.next() {
        let client = aws.iam();
        let send = || client.get_account_authorization_details().max_items(PAGE).set_marker(marker.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        task.rows(page.user_detail_list().iter().map(map_user).collect(), Batch::Users).await?;
        task.rows(page.group_detail_list().iter().map(map_group).collect(), Batch::Groups).await?;
        task.rows(page.role_detail_list().iter().map(map_role).collect(), Batch::Roles).await?;
        task.rows(page.policies().iter().map(map_managed_policy).collect(), Batch::ManagedPolicies).await?;
        cursor.advance(page.marker().filter(|_| page.is_truncated()))?;
    }
    Ok(())
}

fn arn(from: Option<&str>) -> Arn {
    Arn::new(from.unwrap_or_default())
}

fn inline(from: &[sdk::PolicyDetail]) -> Vec<InlinePolicy> {
    let policy = |from: &sdk::PolicyDetail| InlinePolicy {
        name: text(from.policy_name()),
        document: document(from.policy_document()),
    };
    from.iter().map(policy).collect()
}

fn attached(from: &[sdk::AttachedPolicy]) -> Vec<AttachedPolicy> {
    from.iter().map(|from| AttachedPolicy { name: text(from.policy_name()), arn: arn(from.policy_arn()) }).collect()
}

fn boundary(from: Option<&sdk::AttachedPermissionsBoundary>) -> Option<Arn> {
    from?.permissions_boundary_arn().map(Arn::new)
}

fn tags(from: &[sdk::Tag]) -> Vec<Tag> {
    from.iter().map(|from| Tag { key: Text::new(from.key()), value: Text::new(from.value()) }).collect()
}

fn map_user(from: &sdk::UserDetail) -> User {
    User {
        id: text(from.user_id()),
        name: text(from.user_name()),
        arn: arn(from.arn()),
        path: text(from.path()),
        created: time(from.create_date()),
        inline: inline(from.user_policy_list()),
        attached: attached(from.attached_managed_policies()),
        groups: from.group_list().iter().map(Text::from).collect(),
        boundary: boundary(from.permissions_boundary()),
        tags: tags(from.tags()),
    }
}

fn map_group(from: &sdk::GroupDetail) -> Group {
    Group {
        id: text(from.group_id()),
        name: text(from.group_name()),
        arn: arn(from.arn()),
        path: text(from.path()),
        created: time(from.create_date()),
        inline: inline(from.group_policy_list()),
        attached: attached(from.attached_managed_policies()),
    }
}

fn map_role(from: &sdk::RoleDetail) -> Role {
    Role {
        id: text(from.role_id()),
        name: text(from.role_name()),
        arn: arn(from.arn()),
        path: text(from.path()),
        created: time(from.create_date()),
        trust: document(from.assume_role_policy_document()),
        inline: inline(from.role_policy_list()),
        attached: attached(from.attached_managed_policies()),
        boundary: boundary(from.permissions_boundary()),
        last_used: from.role_last_used().and_then(map_last_used),
        instance_profiles: from.instance_profile_list().iter().map(|profile| Arn::new(profile.arn())).collect(),
        tags: tags(from.tags()),
    }
}

/// IAM sends an empty element for a role that was not used in the tracking period.
fn map_last_used(from: &sdk::RoleLastUsed) -> Option<LastUsed> {
    let at = time(from.last_used_date())?;
    Some(LastUsed { at: Some(at), region: from.region().map(Region::new), service: None })
}

/// Some servers leave out the name; it is the last word of the ARN.
fn map_managed_policy(from: &sdk::ManagedPolicyDetail) -> ManagedPolicy {
    let arn = arn(from.arn());
    let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
    let version = |from: &sdk::PolicyVersion| PolicyVersion {
        id: text(from.version_id()),
        default: from.is_default_version(),
        document: document(from.document()),
        created: time(from.create_date()),
    };
    ManagedPolicy {
        name: some_text(from.policy_name()).unwrap_or_else(|| Text::new(arn.name())),
        arn,
        path: text(from.path()),
        default_version: text(from.default_version_id()),
        attachment_count: count(from.attachment_count()),
        boundary_count: count(from.permissions_boundary_usage_count()),
        created: time(from.create_date()),
        updated: time(from.update_date()),
        versions: from.policy_version_list().iter().map(version).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, run, xml, xml_error};
    use crate::model::{Ask, Cell, Status};

    fn page(inner: &str) -> String {
        format!(
            "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>{inner}</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
        )
    }

    const FIRST: &str = "<IsTruncated>true</IsTruncated><Marker>m1</Marker><UserDetailList><member>
        <UserName>ann</UserName><UserId>AIDA1</UserId><Path>/</Path><Arn>arn:aws:iam::111122223333:user/ann</Arn>
        <CreateDate>2020-01-02T03:04:05Z</CreateDate><GroupList><member>ops</member></GroupList>
        <UserPolicyList><member><PolicyName>p</PolicyName><PolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</PolicyDocument></member></UserPolicyList>
        <AttachedManagedPolicies><member><PolicyName>A</PolicyName><PolicyArn>arn:aws:iam::aws:policy/A</PolicyArn></member></AttachedManagedPolicies>
        <Tags><member><Key>team</Key><Value>blue</Value></member></Tags></member></UserDetailList>";

    const SECOND: &str = "<IsTruncated>false</IsTruncated><RoleDetailList><member><RoleName>ci</RoleName>
        <Arn>arn:aws:iam::111122223333:role/ci</Arn><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>
        <RoleLastUsed><LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate><Region>us-east-1</Region></RoleLastUsed>
        <PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::111122223333:policy/b</PermissionsBoundaryArn></PermissionsBoundary></member>
        <member><RoleName>idle</RoleName><Arn>arn:aws:iam::111122223333:role/idle</Arn><RoleLastUsed/></member></RoleDetailList>
        <Policies><member><Arn>arn:aws:iam::111122223333:policy/x/deny</Arn><AttachmentCount>2</AttachmentCount><DefaultVersionId>v2</DefaultVersionId>
        <PolicyVersionList><member><VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion><Document>%7B%7D</Document></member></PolicyVersionList></member></Policies>";

    #[tokio::test]
    async fn two_pages_with_decoded_documents() {
        let server =
            Server::answering(|request| xml(page(if request.body().contains("Marker=m1") { SECOND } else { FIRST })));
        let facts = run(&server, COLLECTORS, Ask::AuthorizationDetails).await;
        assert_eq!(server.count(), 2);
        let user = &facts.users["arn:aws:iam::111122223333:user/ann"];
        assert_eq!(user.inline[0].document, r#"{"Statement":[]}"#);
        assert_eq!(
            (user.groups[0].as_str(), user.attached[0].arn.name(), user.tags[0].value.as_str()),
            ("ops", "A", "blue")
        );
        assert_eq!(user.created.map(|t| t.to_string()).as_deref(), Some("2020-01-02T03:04:05Z"));
        let role = &facts.roles["arn:aws:iam::111122223333:role/ci"];
        assert_eq!((role.trust.as_str(), role.boundary.as_ref().map(Arn::name)), ("{}", Some("b")));
        assert!(role.last_used.is_some());
        assert_eq!(facts.roles["arn:aws:iam::111122223333:role/idle"].last_used, None);
        let reading = facts.coverage.get(&Cell::global(Ask::AuthorizationDetails)).expect("read");
        assert_eq!((reading.status, reading.rows), (Status::Complete, 4));
    }

    #[tokio::test]
    async fn a_policy_without_name_takes_it_from_the_arn() {
        let server = Server::answering(|_| xml(page(SECOND)));
        let facts = run(&server, COLLECTORS, Ask::AuthorizationDetails).await;
        let policy = &facts.managed_policies["arn:aws:iam::111122223333:policy/x/deny"];
        assert_eq!((policy.name.as_str(), policy.attachment_count), ("deny", 2));
        assert!(policy.versions[0].default);
    }

    #[tokio::test]
    async fn the_second_page_denied_is_partial() {
        let server = Server::answering(|request| {
            if request.body().contains("Marker=") { xml_error(403, "AccessDenied", "no") } else { xml(page(FIRST)) }
        });
        let facts = run(&server, COLLECTORS, Ask::AuthorizationDetails).await;
        assert_eq!(facts.users.len(), 1);
        assert_eq!(facts.coverage.status(Ask::AuthorizationDetails), Status::Partial);
    }
}
