//! IAM of the management account. Names follow the IAM API; policy documents stay as their JSON.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Arn, Region, Text};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    pub key: Text,
    pub value: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InlinePolicy {
    pub name: Text,
    /// Decoded JSON.
    pub document: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttachedPolicy {
    pub name: Text,
    pub arn: Arn,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastUsed {
    pub at: Option<Timestamp>,
    pub region: Option<Region>,
    pub service: Option<Text>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: Text,
    pub name: Text,
    pub arn: Arn,
    pub path: Text,
    pub created: Option<Timestamp>,
    pub inline: Vec<InlinePolicy>,
    pub attached: Vec<AttachedPolicy>,
    pub groups: Vec<Text>,
    pub boundary: Option<Arn>,
    pub tags: Vec<Tag>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub id: Text,
    pub name: Text,
    pub arn: Arn,
    pub path: Text,
    pub created: Option<Timestamp>,
    pub inline: Vec<InlinePolicy>,
    pub attached: Vec<AttachedPolicy>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub id: Text,
    pub name: Text,
    pub arn: Arn,
    pub path: Text,
    pub created: Option<Timestamp>,
    /// The trust policy (AssumeRolePolicyDocument), decoded JSON.
    pub trust: Text,
    pub inline: Vec<InlinePolicy>,
    pub attached: Vec<AttachedPolicy>,
    pub boundary: Option<Arn>,
    /// None: IAM said nothing of use. IAM tracks 400 days (IAM User Guide, access_policies_last-accessed).
    pub last_used: Option<LastUsed>,
    pub instance_profiles: Vec<Arn>,
    pub tags: Vec<Tag>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub id: Text,
    pub default: bool,
    pub document: Text,
    pub created: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    pub arn: Arn,
    pub name: Text,
    pub path: Text,
    pub default_version: Text,
    pub attachment_count: u32,
    pub boundary_count: u32,
    pub created: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub versions: Vec<PolicyVersion>,
}

/// One of the two key slots of a credential report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportedKey {
    pub active: bool,
    pub rotated: Option<Timestamp>,
    pub last_used: LastUsed,
}

/// A line of the credential report; `<root_account>` is the root user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CredentialRow {
    pub user: Text,
    pub arn: Arn,
    pub created: Option<Timestamp>,
    /// None: not applicable or no information.
    pub password_enabled: Option<bool>,
    pub password_last_used: Option<Timestamp>,
    pub password_changed: Option<Timestamp>,
    pub mfa_active: bool,
    pub keys: [ReportedKey; 2],
    pub certificates_active: [bool; 2],
}

impl CredentialRow {
    pub fn is_root(&self) -> bool {
        self.user == "<root_account>"
    }
}

/// From `ListAccessKeys` and `GetAccessKeyLastUsed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: Text,
    pub user: Text,
    pub active: bool,
    pub created: Option<Timestamp>,
    /// None: could not be read. `at: None` inside: never used.
    pub last_used: Option<LastUsed>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MfaDevice {
    pub serial: Text,
    pub user: Option<Text>,
    pub is_root: bool,
    pub enabled: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    #[default]
    Saml,
    Oidc,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IdentityProvider {
    pub arn: Arn,
    pub kind: ProviderKind,
    pub url: Option<Text>,
    pub client_ids: Vec<Text>,
    pub created: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
}
