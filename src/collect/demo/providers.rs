//! The sample's doors for people and machines from outside: identity providers, and Identity Center.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;

use super::files;
use super::iam::{ACCOUNT, Policies};
use super::made_up::{clock, hash, moment, uuid};
use crate::model::{
    Arn, Assignee, Assignment, DirectoryGroup, DirectoryUser, IdentityProvider, Instance, PermissionSet, ProviderKind,
    Region, Text,
};

/// Identity Center's SAML provider.
pub const SSO: &str = "arn:aws:iam::111122223333:saml-provider/AWSSSO_3a1b5c7d9e0f2468_DO_NOT_DELETE";
pub const CORPORATE: &str = "arn:aws:iam::111122223333:saml-provider/quillfeather-corp";
pub const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Provider {
    name: String,
    kind: ProviderKind,
    #[serde(default)]
    client_ids: Vec<Text>,
    created: String,
    /// Days that its certificate is still good.
    valid: Option<i64>,
}

impl Provider {
    pub fn answer(&self) -> IdentityProvider {
        let (kind, url) = match self.kind {
            ProviderKind::Saml => ("saml-provider", None),
            ProviderKind::Oidc => ("oidc-provider", Some(Text::new(&self.name))),
        };
        IdentityProvider {
            arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:{kind}/{}", self.name)),
            kind: self.kind,
            url,
            client_ids: self.client_ids.clone(),
            created: Some(moment(&self.created, &self.name)),
            valid_until: self.valid.map(|days| clock() + SignedDuration::from_hours(24 * days)),
        }
    }
}

/// `identity_center.toml`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IdentityCenter {
    instance: Home,
    permission_set: Vec<Set>,
    people: BTreeMap<String, String>,
    groups: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Home {
    arn: String,
    store: String,
    name: String,
    created: String,
    region: Region,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Set {
    name: String,
    description: String,
    duration: String,
    created: String,
    #[serde(default)]
    managed: Vec<String>,
    #[serde(default)]
    customer_managed: Vec<Text>,
    inline: Option<String>,
    boundary: Option<Text>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    users: Vec<String>,
}

/// The id of a user or group in the identity store.
fn directory_id(kind: &str, name: &str) -> String {
    uuid(hash(&format!("{kind}/{name}")))
}

/// The identity store's id of a person.
pub fn person_id(user_name: &str) -> String {
    directory_id("user", user_name)
}

impl IdentityCenter {
    /// # Panics
    /// When the embedded file is not valid; see [`files::read`].
    pub fn read() -> Self {
        files::read(files::IDENTITY_CENTER)
    }

    pub fn store(&self) -> &str {
        &self.instance.store
    }

    pub fn instance(&self) -> Instance {
        Instance {
            arn: Arn::new(&self.instance.arn),
            identity_store: Text::new(&self.instance.store),
            owner: ACCOUNT.into(),
            name: Text::new(&self.instance.name),
            created: Some(moment(&self.instance.created, "instance")),
            region: self.instance.region.clone(),
        }
    }

    fn set_arn(&self, set: &Set) -> Arn {
        let instance = self.instance.arn.rsplit('/').next().unwrap_or_default();
        Arn::from(format!("arn:aws:sso:::permissionSet/{instance}/ps-{:016x}", hash(&set.name)))
    }

    pub fn permission_sets(&self, policies: &Policies) -> Vec<PermissionSet> {
        let answer = |set: &Set| PermissionSet {
            arn: self.set_arn(set),
            instance: Arn::new(&self.instance.arn),
            name: Text::new(&set.name),
            description: Text::new(&set.description),
            session_duration: Text::new(&set.duration),
            created: Some(moment(&set.created, &set.name)),
            managed: policies.attached(&set.managed),
            customer_managed: set.customer_managed.clone(),
            inline: set.inline.as_deref().map(files::document),
            boundary: set.boundary.clone(),
        };
        self.permission_set.iter().map(answer).collect()
    }

    pub fn assignments(&self) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        for set in &self.permission_set {
            let groups = set.groups.iter().map(|name| (Assignee::Group, directory_id("group", name)));
            let users = set.users.iter().map(|name| (Assignee::User, person_id(name)));
            assignments.extend(groups.chain(users).map(|(kind, assignee)| Assignment {
                permission_set: self.set_arn(set),
                account: ACCOUNT.into(),
                kind,
                assignee: assignee.into(),
            }));
        }
        assignments
    }

    pub fn people(&self) -> Vec<DirectoryUser> {
        let user = |(name, display): (&String, &String)| DirectoryUser {
            id: person_id(name).into(),
            user_name: Text::new(name),
            display_name: Text::new(display),
            email: Some(Text::from(format!("{name}@quillfeather.example"))),
        };
        self.people.iter().map(user).collect()
    }

    pub fn groups(&self) -> Vec<DirectoryGroup> {
        let group = |(name, members): (&String, &Vec<String>)| DirectoryGroup {
            id: directory_id("group", name).into(),
            name: Text::new(name),
            members: Some(members.iter().map(|member| person_id(member).into()).collect()),
        };
        self.groups.iter().map(group).collect()
    }
}
