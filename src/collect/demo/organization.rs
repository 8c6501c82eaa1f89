//! The sample's organization: reads `organization.toml` into the model's words.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files;
use super::made_up::moment;
use crate::model::{
    Account, AccountId, Arn, DelegatedAdministrator, DelegatedService, Organization, OrganizationPolicy,
    OrganizationalUnit, PolicyTarget, ResourcePolicy, Root, Text, TrustedService,
};

/// What the Organizations API would answer.
pub struct Answers {
    pub organization: Organization,
    pub root: Root,
    pub units: Vec<OrganizationalUnit>,
    pub accounts: Vec<Account>,
    pub parents: Vec<(AccountId, Text)>,
    pub policies: Vec<OrganizationPolicy>,
    pub delegated: Vec<DelegatedAdministrator>,
    pub trusted: Vec<TrustedService>,
    pub resource_policy: ResourcePolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    organization: Head,
    unit: Vec<Unit>,
    accounts: BTreeMap<String, Vec<Member>>,
    policy: Vec<Policy>,
    delegated: Vec<Delegated>,
    trusted: BTreeMap<String, String>,
    resource_policy: Resource,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Head {
    id: String,
    root: String,
    management: String,
    email: String,
    policy_types: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    id: String,
    name: String,
    parent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    id: String,
    name: String,
    joined: String,
    email: Option<String>,
    method: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Policy {
    id: String,
    name: String,
    kind: String,
    #[serde(default)]
    aws_managed: bool,
    description: String,
    targets: Vec<String>,
    document: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delegated {
    account: String,
    since: String,
    services: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    id: String,
    document: String,
}

/// # Panics
/// When the embedded file is not valid; see [`files::read`].
pub fn answers() -> Answers {
    let file: File = files::read(files::ORGANIZATION);
    let (id, management) = (&file.organization.id, &file.organization.management);
    let arn = |rest: &str| Arn::from(format!("arn:aws:organizations::{management}:{rest}"));
    let units = units(&file, &arn);
    let accounts = accounts(&file, &units, &arn);
    let parents = accounts.iter().filter_map(|a| Some((a.id.clone(), a.parent.clone()?))).collect();
    let policies = file.policy.iter().map(|policy| organization_policy(policy, &file, &units, &accounts, &arn));
    Answers {
        organization: Organization {
            id: Text::new(id),
            arn: arn(&format!("organization/{id}")),
            management_account: AccountId::new(management),
            management_email: Text::new(&file.organization.email),
            feature_set: "ALL".into(),
        },
        root: Root {
            id: Text::new(&file.organization.root),
            arn: arn(&format!("root/{id}/{}", file.organization.root)),
            name: "Root".into(),
            enabled_policy_types: file.organization.policy_types.clone(),
        },
        policies: policies.collect(),
        delegated: file.delegated.iter().map(|d| delegated(d, &accounts)).collect(),
        trusted: file.trusted.iter().map(|(principal, since)| trusted(principal, since)).collect(),
        resource_policy: ResourcePolicy {
            id: Text::new(&file.resource_policy.id),
            arn: arn(&format!("resourcepolicy/{id}/{}", file.resource_policy.id)),
            document: files::document(&file.resource_policy.document),
        },
        units,
        accounts,
        parents,
    }
}

/// The id of the unit of this name; the root's for `Root`.
fn place(name: &str, file: &File) -> Option<Text> {
    if name == "Root" {
        return Some(Text::new(&file.organization.root));
    }
    file.unit.iter().find(|unit| unit.name == name).map(|unit| Text::new(&unit.id))
}

fn units(file: &File, arn: &impl Fn(&str) -> Arn) -> Vec<OrganizationalUnit> {
    let unit = |unit: &Unit| OrganizationalUnit {
        id: Text::new(&unit.id),
        arn: arn(&format!("ou/{}/{}", file.organization.id, unit.id)),
        name: Text::new(&unit.name),
        parent: place(unit.parent.as_deref().unwrap_or("Root"), file).unwrap_or_default(),
    };
    file.unit.iter().map(unit).collect()
}

fn accounts(file: &File, units: &[OrganizationalUnit], arn: &impl Fn(&str) -> Arn) -> Vec<Account> {
    let mut accounts = Vec::new();
    for (unit, members) in &file.accounts {
        let parent = place(unit, file);
        debug_assert!(unit == "Root" || units.iter().any(|known| known.name == unit.as_str()), "no unit {unit}");
        for member in members {
            let email = || format!("aws+{}@quillfeather.example", member.name);
            accounts.push(Account {
                id: AccountId::new(&member.id),
                arn: arn(&format!("account/{}/{}", file.organization.id, member.id)),
                name: Text::new(&member.name),
                email: Text::from(member.email.clone().unwrap_or_else(email)),
                state: Text::new(member.state.as_deref().unwrap_or("ACTIVE")),
                joined_method: Text::new(member.method.as_deref().unwrap_or("CREATED")),
                joined: Some(moment(&member.joined, &member.id)),
                parent: parent.clone(),
            });
        }
    }
    accounts
}

fn organization_policy(
    policy: &Policy,
    file: &File,
    units: &[OrganizationalUnit],
    accounts: &[Account],
    arn: &impl Fn(&str) -> Arn,
) -> OrganizationPolicy {
    let kind_in_arn = policy.kind.to_lowercase();
    let path = format!("policy/{}/{kind_in_arn}/{}", file.organization.id, policy.id);
    let mut targets = Vec::new();
    for name in &policy.targets {
        match name.as_str() {
            "Root" => targets.push(target(&file.organization.root, "ROOT", "Root")),
            "*" => targets.extend(accounts.iter().map(|a| target(a.id.as_str(), "ACCOUNT", &a.name))),
            name => {
                let unit = units.iter().find(|unit| unit.name == name);
                targets.extend(unit.map(|unit| target(&unit.id, "ORGANIZATIONAL_UNIT", &unit.name)));
            }
        }
    }
    OrganizationPolicy {
        id: Text::new(&policy.id),
        arn: if policy.aws_managed {
            Arn::from(format!("arn:aws:organizations::aws:policy/{kind_in_arn}/{}", policy.id))
        } else {
            arn(&path)
        },
        name: Text::new(&policy.name),
        description: Text::new(&policy.description),
        kind: Text::new(&policy.kind),
        aws_managed: policy.aws_managed,
        document: Some(files::document(&policy.document)),
        targets: Some(targets),
    }
}

fn target(id: &str, kind: &str, name: &str) -> PolicyTarget {
    PolicyTarget { id: Text::new(id), kind: kind.into(), name: Text::new(name) }
}

fn delegated(delegated: &Delegated, accounts: &[Account]) -> DelegatedAdministrator {
    let account = accounts.iter().find(|account| account.id.as_str() == delegated.account).cloned().unwrap_or_default();
    let service = |(principal, since): (&String, &String)| DelegatedService {
        principal: Text::new(principal),
        since: Some(moment(since, principal)),
    };
    DelegatedAdministrator {
        account: account.id,
        arn: account.arn,
        name: account.name,
        email: account.email,
        state: account.state,
        since: Some(moment(&delegated.since, &delegated.account)),
        services: Some(delegated.services.iter().map(service).collect()),
    }
}

fn trusted(principal: &str, since: &str) -> TrustedService {
    TrustedService { principal: Text::new(principal), enabled: Some(moment(since, principal)) }
}
