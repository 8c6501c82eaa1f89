//! The organization plane: accounts, units, policies, delegation. Names follow the AWS Organizations API.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountId, Arn, Text};

/// From `DescribeOrganization`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    pub id: Text,
    pub arn: Arn,
    pub management_account: AccountId,
    pub management_email: Text,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: Text,
}

/// From `ListRoots`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Root {
    pub id: Text,
    pub arn: Arn,
    pub name: Text,
    /// Policy types that are enabled here, such as `SERVICE_CONTROL_POLICY`.
    pub enabled_policy_types: Vec<Text>,
}

/// From `ListOrganizationalUnitsForParent`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrganizationalUnit {
    pub id: Text,
    pub arn: Arn,
    pub name: Text,
    /// The root or unit above.
    pub parent: Text,
}

/// From `ListAccounts`, with the parent from `ListAccountsForParent`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub arn: Arn,
    pub name: Text,
    pub email: Text,
    /// `PENDING_ACTIVATION`, `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE` or `CLOSED`.
    pub state: Text,
    /// `CREATED` or `INVITED`.
    pub joined_method: Text,
    pub joined: Option<Timestamp>,
    /// The root or unit that holds it, when the tree could be read.
    pub parent: Option<Text>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyTarget {
    pub id: Text,
    /// `ACCOUNT`, `ORGANIZATIONAL_UNIT` or `ROOT`.
    pub kind: Text,
    pub name: Text,
}

/// From `ListPolicies`, `DescribePolicy` and `ListTargetsForPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    pub id: Text,
    pub arn: Arn,
    pub name: Text,
    pub description: Text,
    /// `SERVICE_CONTROL_POLICY`, `RESOURCE_CONTROL_POLICY`, `TAG_POLICY`, ...
    pub kind: Text,
    pub aws_managed: bool,
    /// The policy's JSON; none when it could not be read.
    pub document: Option<Text>,
    /// None when the targets could not be read.
    pub targets: Option<Vec<PolicyTarget>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DelegatedService {
    /// Such as `guardduty.amazonaws.com`.
    pub principal: Text,
    pub since: Option<Timestamp>,
}

/// From `ListDelegatedAdministrators` and `ListDelegatedServicesForAccount`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DelegatedAdministrator {
    pub account: AccountId,
    pub arn: Arn,
    pub name: Text,
    pub email: Text,
    pub state: Text,
    pub since: Option<Timestamp>,
    /// None when the services could not be read.
    pub services: Option<Vec<DelegatedService>>,
}

/// From `ListAWSServiceAccessForOrganization`: trusted access.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrustedService {
    pub principal: Text,
    pub enabled: Option<Timestamp>,
}

/// From `DescribeResourcePolicy`: the organization's delegation policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourcePolicy {
    pub id: Text,
    pub arn: Arn,
    pub document: Text,
}

/// From `ListHandshakesForOrganization`: invitations and the like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Handshake {
    pub id: Text,
    pub action: Text,
    pub state: Text,
    pub requested: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    /// `(kind, id)`, such as `("EMAIL", "x@example.com")`.
    pub parties: Vec<(Text, Text)>,
}
