//! IAM Identity Center, as far as it concerns the management account: who was assigned what **here**.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountId, Arn, AttachedPolicy, Region, Text};

/// From `sso:ListInstances`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    pub arn: Arn,
    pub identity_store: Text,
    pub owner: AccountId,
    pub name: Text,
    pub created: Option<Timestamp>,
    pub region: Region,
}

/// From `ListPermissionSets` and the calls that describe one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PermissionSet {
    pub arn: Arn,
    pub instance: Arn,
    pub name: Text,
    pub description: Text,
    /// ISO 8601, such as `PT8H`.
    pub session_duration: Text,
    pub created: Option<Timestamp>,
    pub managed: Vec<AttachedPolicy>,
    /// Customer managed policies by path and name.
    pub customer_managed: Vec<Text>,
    pub inline: Option<Text>,
    /// ARN or name of the boundary.
    pub boundary: Option<Text>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assignee {
    #[default]
    User,
    Group,
}

/// From `ListAccountAssignments` for one account and permission set: what is assigned, never what is provisioned.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assignment {
    pub permission_set: Arn,
    pub account: AccountId,
    pub kind: Assignee,
    pub assignee: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectoryUser {
    pub id: Text,
    pub user_name: Text,
    pub display_name: Text,
    pub email: Option<Text>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectoryGroup {
    pub id: Text,
    pub name: Text,
    /// User ids; none when the members could not be read.
    pub members: Option<Vec<Text>>,
}
