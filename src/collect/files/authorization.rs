//! The output of `aws iam get-account-authorization-details`: one page or all of them, documents decoded or not.
//! Field names: IAM API Reference, GetAccountAuthorizationDetails.

use serde_json::Value;

use super::json::{flag, list, number, some_text, tags, text, time};
use crate::collect::policy_text::policy_json;
use crate::model::{
    Arn, AttachedPolicy, Batch, Group, InlinePolicy, LastUsed, ManagedPolicy, PolicyVersion, Role, User,
};

/// What a document holds, and how many rows it is.
pub fn batches(document: &Value) -> (Vec<Batch>, u64) {
    let users: Vec<User> = list(document, "UserDetailList").iter().map(user).collect();
    let groups: Vec<Group> = list(document, "GroupDetailList").iter().map(group).collect();
    let roles: Vec<Role> = list(document, "RoleDetailList").iter().map(role).collect();
    let policies: Vec<ManagedPolicy> = list(document, "Policies").iter().map(policy).collect();
    let rows = users.len() + groups.len() + roles.len() + policies.len();
    let batches =
        vec![Batch::Users(users), Batch::Groups(groups), Batch::Roles(roles), Batch::ManagedPolicies(policies)];
    (batches, rows as u64)
}

fn arn(value: &Value, key: &str) -> Arn {
    Arn::new(text(value, key))
}

fn boundary(value: &Value) -> Option<Arn> {
    some_text(value.get("PermissionsBoundary")?, "PermissionsBoundaryArn").map(Arn::new)
}

fn attached(value: &Value) -> Vec<AttachedPolicy> {
    let policies = list(value, "AttachedManagedPolicies").iter();
    policies.map(|policy| AttachedPolicy { name: text(policy, "PolicyName"), arn: arn(policy, "PolicyArn") }).collect()
}

fn inline(value: &Value, key: &str) -> Vec<InlinePolicy> {
    let policies = list(value, key).iter();
    policies
        .map(|policy| InlinePolicy {
            name: text(policy, "PolicyName"),
            document: policy.get("PolicyDocument").map(policy_json).unwrap_or_default(),
        })
        .collect()
}

fn user(value: &Value) -> User {
    User {
        id: text(value, "UserId"),
        name: text(value, "UserName"),
        arn: arn(value, "Arn"),
        path: text(value, "Path"),
        created: time(value, "CreateDate"),
        inline: inline(value, "UserPolicyList"),
        attached: attached(value),
        groups: list(value, "GroupList").iter().filter_map(Value::as_str).map(Into::into).collect(),
        boundary: boundary(value),
        tags: tags(value),
    }
}

fn group(value: &Value) -> Group {
    Group {
        id: text(value, "GroupId"),
        name: text(value, "GroupName"),
        arn: arn(value, "Arn"),
        path: text(value, "Path"),
        created: time(value, "CreateDate"),
        inline: inline(value, "GroupPolicyList"),
        attached: attached(value),
    }
}

fn role(value: &Value) -> Role {
    // IAM sends an empty element for a role that was not used in the tracking period.
    let last_used = value.get("RoleLastUsed").and_then(|used| {
        let at = time(used, "LastUsedDate")?;
        Some(LastUsed { at: Some(at), region: some_text(used, "Region").map(crate::model::Region::new), service: None })
    });
    Role {
        id: text(value, "RoleId"),
        name: text(value, "RoleName"),
        arn: arn(value, "Arn"),
        path: text(value, "Path"),
        created: time(value, "CreateDate"),
        trust: value.get("AssumeRolePolicyDocument").map(policy_json).unwrap_or_default(),
        inline: inline(value, "RolePolicyList"),
        attached: attached(value),
        boundary: boundary(value),
        last_used,
        instance_profiles: list(value, "InstanceProfileList").iter().map(|profile| arn(profile, "Arn")).collect(),
        tags: tags(value),
    }
}

fn policy(value: &Value) -> ManagedPolicy {
    let versions = list(value, "PolicyVersionList").iter();
    ManagedPolicy {
        arn: arn(value, "Arn"),
        name: text(value, "PolicyName"),
        path: text(value, "Path"),
        default_version: text(value, "DefaultVersionId"),
        attachment_count: number(value, "AttachmentCount"),
        boundary_count: number(value, "PermissionsBoundaryUsageCount"),
        created: time(value, "CreateDate"),
        updated: time(value, "UpdateDate"),
        versions: versions
            .map(|version| PolicyVersion {
                id: text(version, "VersionId"),
                default: flag(version, "IsDefaultVersion"),
                document: version.get("Document").map(policy_json).unwrap_or_default(),
                created: time(version, "CreateDate"),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Facts;

    #[test]
    fn all_that_iam_says_arrives() {
        let document = serde_json::json!({
            "UserDetailList": [{ "UserName": "ann", "Arn": "arn:aws:iam::1:user/ann", "GroupList": ["ops"],
                "PermissionsBoundary": { "PermissionsBoundaryArn": "arn:aws:iam::1:policy/b" },
                "UserPolicyList": [{ "PolicyName": "p", "PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D" }] }],
            "GroupDetailList": [{ "GroupName": "ops", "Arn": "arn:aws:iam::1:group/ops",
                "AttachedManagedPolicies": [{ "PolicyName": "A", "PolicyArn": "arn:aws:iam::aws:policy/A" }] }],
            "RoleDetailList": [
                { "RoleName": "ci", "Arn": "arn:aws:iam::1:role/ci", "CreateDate": "2026-01-02T03:04:05+00:00",
                  "AssumeRolePolicyDocument": { "Statement": [] }, "Tags": [{ "Key": "k", "Value": "v" }],
                  "RoleLastUsed": { "LastUsedDate": "2026-02-02T00:00:00Z", "Region": "us-east-1" } },
                { "RoleName": "old", "Arn": "arn:aws:iam::1:role/old", "RoleLastUsed": {} } ],
            "Policies": [{ "PolicyName": "b", "Arn": "arn:aws:iam::1:policy/b", "PermissionsBoundaryUsageCount": null,
                "AttachmentCount": 2, "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": {} }] }]
        });
        let (batches, rows) = batches(&document);
        assert_eq!(rows, 5);
        let mut facts = Facts::default();
        batches.into_iter().for_each(|batch| facts.apply(batch));
        let user = &facts.users["arn:aws:iam::1:user/ann"];
        assert_eq!(user.inline[0].document, r#"{"Statement":[]}"#);
        assert_eq!(user.boundary.as_ref().map(Arn::as_str), Some("arn:aws:iam::1:policy/b"));
        assert_eq!(facts.groups["arn:aws:iam::1:group/ops"].attached.len(), 1);
        let role = &facts.roles["arn:aws:iam::1:role/ci"];
        assert_eq!((role.trust.as_str(), role.tags.len()), (r#"{"Statement":[]}"#, 1));
        assert!(role.last_used.as_ref().is_some_and(|used| used.at.is_some()));
        assert_eq!(facts.roles["arn:aws:iam::1:role/old"].last_used, None);
        let policy = &facts.managed_policies["arn:aws:iam::1:policy/b"];
        assert_eq!((policy.attachment_count, policy.versions[0].default), (2, true));
    }
}
