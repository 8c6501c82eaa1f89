//! The sample's IAM: reads `iam.toml` and `policies.toml` into what IAM's calls would answer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::files;
use super::made_up::{access_key, moment, unique_id};
use crate::model::iam::ReportedKey;
use crate::model::{
    AccessKey, Arn, AttachedPolicy, CredentialRow, Group, InlinePolicy, LastUsed, ManagedPolicy, MfaDevice,
    PolicyVersion, Region, Role, Tag, Text, User,
};

/// The account that the sample looks at.
pub const ACCOUNT: &str = "111122223333";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub root: RootUser,
    pub user: Vec<Person>,
    pub group: Vec<Team>,
    pub role: Vec<Part>,
    pub provider: Vec<super::providers::Provider>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RootUser {
    created: String,
    password_used: String,
    password_changed: String,
    mfa: String,
    keys: Vec<Key>,
}

/// An IAM user. The name is kept as it is: only the model's `Text` makes it safe to show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    #[serde(default = "slash")]
    pub path: String,
    created: String,
    #[serde(default)]
    groups: Vec<Text>,
    #[serde(default)]
    attached: Vec<String>,
    #[serde(default)]
    inline: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    password: Option<Password>,
    mfa: Option<String>,
    #[serde(default)]
    keys: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    used: String,
    changed: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(default = "yes")]
    active: bool,
    created: String,
    used: Option<String>,
    region: Option<Region>,
    service: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    name: String,
    created: String,
    #[serde(default)]
    attached: Vec<String>,
    #[serde(default)]
    inline: BTreeMap<String, String>,
}

/// An IAM role.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Part {
    pub name: String,
    #[serde(default = "slash")]
    pub path: String,
    created: String,
    trust: String,
    #[serde(default)]
    attached: Vec<String>,
    #[serde(default)]
    inline: BTreeMap<String, String>,
    boundary: Option<String>,
    used: Option<String>,
    #[serde(default)]
    instance_profile: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    policy: Vec<Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Policy {
    name: String,
    aws_path: Option<String>,
    created: Option<String>,
    /// Older versions, oldest first.
    #[serde(default)]
    older: Vec<String>,
    document: String,
}

fn slash() -> String {
    "/".to_owned()
}

fn yes() -> bool {
    true
}

/// The managed policies by name.
pub struct Policies(Vec<Policy>);

impl Policies {
    /// # Panics
    /// When the embedded file is not valid; so for `read` of [`File`].
    pub fn read() -> Self {
        Self(files::read::<PolicyFile>(files::POLICIES).policy)
    }

    /// # Panics
    /// When no such policy is in the file: an error of ours, found by the tests.
    pub fn arn(&self, name: &str) -> Arn {
        let Some(policy) = self.0.iter().find(|policy| policy.name == name) else {
            panic!("policies.toml has no policy {name}");
        };
        policy.arn()
    }

    pub fn attached(&self, names: &[String]) -> Vec<AttachedPolicy> {
        names.iter().map(|name| AttachedPolicy { name: Text::new(name), arn: self.arn(name) }).collect()
    }
}

impl Policy {
    fn arn(&self) -> Arn {
        let owner = if self.aws_path.is_some() { "aws" } else { ACCOUNT };
        Arn::from(format!("arn:aws:iam::{owner}:policy{}{}", self.aws_path.as_deref().unwrap_or("/"), self.name))
    }
}

impl File {
    pub fn read() -> Self {
        files::read(files::IAM)
    }

    pub fn users(&self, policies: &Policies) -> Vec<User> {
        let user = |person: &Person| User {
            id: unique_id("AIDA", &person.name).into(),
            name: Text::new(&person.name),
            arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:user{}{}", person.path, person.name)),
            path: Text::new(&person.path),
            created: Some(moment(&person.created, &person.name)),
            inline: inline(&person.inline),
            attached: policies.attached(&person.attached),
            groups: person.groups.clone(),
            boundary: None,
            tags: tags(&person.tags),
        };
        self.user.iter().map(user).collect()
    }

    pub fn groups(&self, policies: &Policies) -> Vec<Group> {
        let group = |team: &Team| Group {
            id: unique_id("AGPA", &team.name).into(),
            name: Text::new(&team.name),
            arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:group/{}", team.name)),
            path: "/".into(),
            created: Some(moment(&team.created, &team.name)),
            inline: inline(&team.inline),
            attached: policies.attached(&team.attached),
        };
        self.group.iter().map(group).collect()
    }

    pub fn roles(&self, policies: &Policies) -> Vec<Role> {
        let role = |part: &Part| Role {
            id: unique_id("AROA", &part.name).into(),
            name: Text::new(&part.name),
            arn: Arn::from(part.arn()),
            path: Text::new(&part.path),
            created: Some(moment(&part.created, &part.name)),
            trust: trust(&part.trust),
            inline: inline(&part.inline),
            attached: policies.attached(&part.attached),
            boundary: part.boundary.as_deref().map(|name| policies.arn(name)),
            last_used: part.used.as_deref().map(|used| LastUsed {
                at: Some(moment(used, &part.name)),
                region: Some("us-east-1".into()),
                service: None,
            }),
            instance_profiles: if part.instance_profile {
                vec![Arn::from(format!("arn:aws:iam::{ACCOUNT}:instance-profile/{}", part.name))]
            } else {
                Vec::new()
            },
            tags: tags(&part.tags),
        };
        self.role.iter().map(role).collect()
    }

    /// With the attachments counted over all users, groups and roles.
    pub fn managed_policies(&self, policies: &Policies) -> Vec<ManagedPolicy> {
        let attached = self.user.iter().map(|u| &u.attached);
        let attached =
            attached.chain(self.group.iter().map(|g| &g.attached)).chain(self.role.iter().map(|r| &r.attached));
        let attached: Vec<&String> = attached.flatten().collect();
        let boundaries: Vec<&String> = self.role.iter().filter_map(|role| role.boundary.as_ref()).collect();
        let count =
            |names: &[&String], name: &str| u32::try_from(names.iter().filter(|n| **n == name).count()).unwrap_or(0);
        policies.0.iter().map(|p| managed(p, count(&attached, &p.name), count(&boundaries, &p.name))).collect()
    }

    pub fn access_keys(&self) -> Vec<AccessKey> {
        let mut keys = Vec::new();
        for person in &self.user {
            for (n, key) in (1..).zip(&person.keys) {
                keys.push(AccessKey {
                    id: access_key(&person.name, n).into(),
                    user: Text::new(&person.name),
                    active: key.active,
                    created: Some(key.created(&person.name, n)),
                    last_used: Some(key.last_used(&person.name)),
                });
            }
        }
        keys
    }

    pub fn mfa_devices(&self) -> Vec<MfaDevice> {
        let root = MfaDevice {
            serial: Text::from(format!("arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device")),
            user: None,
            is_root: true,
            enabled: Some(moment(&self.root.mfa, "root")),
        };
        let of_user = |person: &Person| {
            Some(MfaDevice {
                serial: Text::from(format!("arn:aws:iam::{ACCOUNT}:mfa/{}", person.name)),
                user: Some(Text::new(&person.name)),
                is_root: false,
                enabled: Some(moment(person.mfa.as_ref()?, &person.name)),
            })
        };
        std::iter::once(root).chain(self.user.iter().filter_map(of_user)).collect()
    }

    pub fn credential_report(&self) -> Vec<CredentialRow> {
        let root = CredentialRow {
            user: "<root_account>".into(),
            arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:root")),
            created: Some(moment(&self.root.created, "root")),
            password_enabled: None,
            password_last_used: Some(moment(&self.root.password_used, "root")),
            password_changed: Some(moment(&self.root.password_changed, "root")),
            mfa_active: true,
            keys: reported(&self.root.keys, "root"),
            certificates_active: [false; 2],
        };
        let of_user = |person: &Person| CredentialRow {
            user: Text::new(&person.name),
            arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:user{}{}", person.path, person.name)),
            created: Some(moment(&person.created, &person.name)),
            password_enabled: Some(person.password.is_some()),
            password_last_used: person.password.as_ref().map(|p| moment(&p.used, &person.name)),
            password_changed: person.password.as_ref().map(|p| moment(&p.changed, &person.name)),
            mfa_active: person.mfa.is_some(),
            keys: reported(&person.keys, &person.name),
            certificates_active: [false; 2],
        };
        std::iter::once(root).chain(self.user.iter().map(of_user)).collect()
    }

    /// `GetAccountSummary`'s counts, as they follow from the rest.
    pub fn summary(&self) -> Vec<(Text, i64)> {
        let count = |n: usize| i64::try_from(n).unwrap_or(0);
        let in_use = self.user.iter().filter(|person| person.mfa.is_some()).count() + 1;
        let counts = [
            ("AccountAccessKeysPresent", count(self.root.keys.len())),
            ("AccountMFAEnabled", 1),
            ("AccountSigningCertificatesPresent", 0),
            ("AccountPasswordPresent", 1),
            ("Groups", count(self.group.len())),
            ("MFADevices", count(in_use)),
            ("MFADevicesInUse", count(in_use)),
            ("Providers", count(self.provider.len())),
            ("Roles", count(self.role.len())),
            ("Users", count(self.user.len())),
        ];
        counts.into_iter().map(|(name, n)| (Text::new(name), n)).collect()
    }
}

impl Part {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role{}{}", self.path, self.name)
    }
}

impl Key {
    fn created(&self, owner: &str, n: usize) -> Timestamp {
        moment(&self.created, &format!("{owner}#{n}"))
    }

    fn last_used(&self, owner: &str) -> LastUsed {
        match &self.used {
            None => LastUsed::default(),
            Some(used) => {
                LastUsed { at: Some(moment(used, owner)), region: self.region.clone(), service: self.service.clone() }
            }
        }
    }
}

fn reported(keys: &[Key], owner: &str) -> [ReportedKey; 2] {
    [0, 1].map(|n| {
        let Some(key) = keys.get(n) else { return ReportedKey::default() };
        ReportedKey { active: key.active, rotated: Some(key.created(owner, n + 1)), last_used: key.last_used(owner) }
    })
}

fn inline(policies: &BTreeMap<String, String>) -> Vec<InlinePolicy> {
    let inline = |(name, document): (&String, &String)| InlinePolicy {
        name: Text::new(name),
        document: files::document(document),
    };
    policies.iter().map(inline).collect()
}

fn tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: Text::new(key), value: Text::new(value) }).collect()
}

/// A role's trust policy from its short form.
fn trust(form: &str) -> Text {
    if let Some(service) = form.strip_prefix("service:") {
        return Text::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        ));
    }
    if form == "sso" {
        return Text::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{{"StringEquals":{{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}}}}]}}"#,
            super::providers::SSO
        ));
    }
    files::document(form)
}

fn managed(policy: &Policy, attachment_count: u32, boundary_count: u32) -> ManagedPolicy {
    let created = moment(policy.created.as_deref().unwrap_or("3400d"), &policy.name);
    let documents: Vec<&String> = policy.older.iter().chain([&policy.document]).collect();
    let newest = documents.len();
    let version = |(n, document): (usize, &&String)| PolicyVersion {
        id: Text::from(format!("v{n}")),
        default: n == newest,
        document: files::document(document),
        created: Some(created + jiff::SignedDuration::from_hours(24 * 90 * i64::try_from(n - 1).unwrap_or(0))),
    };
    let versions: Vec<PolicyVersion> = (1..).zip(&documents).map(version).collect();
    ManagedPolicy {
        arn: policy.arn(),
        name: Text::new(&policy.name),
        path: Text::new(policy.aws_path.as_deref().unwrap_or("/")),
        default_version: Text::from(format!("v{newest}")),
        attachment_count,
        boundary_count,
        created: Some(created),
        updated: versions.last().and_then(|version| version.created),
        versions,
    }
}
