//! All that is known, in one value that is cheap to clone: each table lies behind an `Arc`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccessKey, Account, AccountId, AlternateContact, Arn, Ask, Assignment, Batch, Caller, ContactInformation, Coverage,
    CredentialRow, DelegatedAdministrator, DirectoryGroup, DirectoryUser, EventLog, Group, Handshake, IdentityProvider,
    Instance, ManagedPolicy, MfaDevice, Organization, OrganizationPolicy, OrganizationalUnit, PermissionSet, Region,
    RegionStatus, Resident, ResourcePolicy, Role, Root, Text, Trail, TrustedService, User,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OriginKind {
    #[default]
    Live,
    Snapshot,
    Files,
    Demo,
}

impl OriginKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Snapshot => "snapshot",
            Self::Files => "files",
            Self::Demo => "demo",
        }
    }
}

/// Where a picture comes from and how old it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    pub kind: OriginKind,
    /// A profile, a path, or what else names it.
    pub name: Text,
    /// When the data was read from AWS; none when the files do not tell.
    pub as_of: Option<Timestamp>,
}

pub type Table<K, V> = Arc<BTreeMap<K, V>>;

/// The picture. [`Facts::apply`] is the only way to change it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub origins: Vec<Origin>,
    pub caller: Option<Caller>,
    pub regions: Table<Region, RegionStatus>,
    pub organization: Option<Organization>,
    pub roots: Table<Text, Root>,
    pub units: Table<Text, OrganizationalUnit>,
    pub accounts: Table<AccountId, Account>,
    pub account_parents: Table<AccountId, Text>,
    pub policies: Table<Text, OrganizationPolicy>,
    pub delegated_administrators: Table<AccountId, DelegatedAdministrator>,
    pub trusted_services: Table<Text, TrustedService>,
    /// Outer none: not read. Inner none: read, there is none.
    pub resource_policy: Option<Option<Arc<ResourcePolicy>>>,
    pub handshakes: Table<Text, Handshake>,
    pub users: Table<Arn, User>,
    pub groups: Table<Arn, Group>,
    pub roles: Table<Arn, Role>,
    pub managed_policies: Table<Arn, ManagedPolicy>,
    /// By user name; `<root_account>` is root.
    pub credential_report: Table<Text, CredentialRow>,
    pub account_summary: Table<Text, i64>,
    /// By key id.
    pub access_keys: Table<Text, AccessKey>,
    pub mfa_devices: Table<Text, MfaDevice>,
    pub identity_providers: Table<Arn, IdentityProvider>,
    pub account_aliases: Vec<Text>,
    /// None: not read.
    pub organizations_features: Option<Vec<Text>>,
    pub instances: Table<Arn, Instance>,
    pub permission_sets: Table<Arn, PermissionSet>,
    pub assignments: Table<Assignment, ()>,
    pub directory_users: Table<Text, DirectoryUser>,
    pub directory_groups: Table<Text, DirectoryGroup>,
    pub contact: Option<ContactInformation>,
    pub alternate_contacts: Table<Text, AlternateContact>,
    pub trails: Table<Arn, Trail>,
    pub events: Arc<EventLog>,
    pub residents: Table<Text, Resident>,
    pub coverage: Arc<Coverage>,
}

fn fill<K: Ord + Clone, V: Clone>(table: &mut Table<K, V>, items: Vec<V>, key: impl Fn(&V) -> K) {
    let table = Arc::make_mut(table);
    for item in items {
        table.insert(key(&item), item);
    }
}

impl Facts {
    pub fn apply(&mut self, batch: Batch) {
        match batch {
            Batch::Origin(origin) => {
                if let Err(at) = self.origins.binary_search(&origin) {
                    self.origins.insert(at, origin);
                }
            }
            Batch::Caller(caller) => self.caller = Some(caller),
            Batch::Regions(items) => fill(&mut self.regions, items, |r| r.region.clone()),
            Batch::Organization(organization) => self.organization = Some(organization),
            Batch::Roots(items) => fill(&mut self.roots, items, |r| r.id.clone()),
            Batch::OrganizationalUnits(items) => fill(&mut self.units, items, |u| u.id.clone()),
            Batch::Accounts(items) => fill(&mut self.accounts, items, |a| a.id.clone()),
            Batch::AccountParents(items) => Arc::make_mut(&mut self.account_parents).extend(items),
            Batch::Policies(items) => fill(&mut self.policies, items, |p| p.id.clone()),
            Batch::DelegatedAdministrators(items) => {
                fill(&mut self.delegated_administrators, items, |d| d.account.clone());
            }
            Batch::TrustedServices(items) => fill(&mut self.trusted_services, items, |t| t.principal.clone()),
            Batch::ResourcePolicy(policy) => self.resource_policy = Some(policy.map(Arc::new)),
            Batch::Handshakes(items) => fill(&mut self.handshakes, items, |h| h.id.clone()),
            Batch::Users(items) => fill(&mut self.users, items, |u| u.arn.clone()),
            Batch::Groups(items) => fill(&mut self.groups, items, |g| g.arn.clone()),
            Batch::Roles(items) => fill(&mut self.roles, items, |r| r.arn.clone()),
            Batch::ManagedPolicies(items) => fill(&mut self.managed_policies, items, |p| p.arn.clone()),
            Batch::CredentialReport(items) => fill(&mut self.credential_report, items, |c| c.user.clone()),
            Batch::AccountSummary(items) => Arc::make_mut(&mut self.account_summary).extend(items),
            Batch::AccessKeys(items) => fill(&mut self.access_keys, items, |k| k.id.clone()),
            Batch::MfaDevices(items) => fill(&mut self.mfa_devices, items, |m| m.serial.clone()),
            Batch::IdentityProviders(items) => fill(&mut self.identity_providers, items, |p| p.arn.clone()),
            Batch::AccountAliases(aliases) => self.account_aliases = aliases,
            Batch::OrganizationsFeatures(features) => self.organizations_features = Some(features),
            Batch::Instances(items) => fill(&mut self.instances, items, |i| i.arn.clone()),
            Batch::PermissionSets(items) => fill(&mut self.permission_sets, items, |p| p.arn.clone()),
            Batch::Assignments(items) => {
                Arc::make_mut(&mut self.assignments).extend(items.into_iter().map(|assignment| (assignment, ())));
            }
            Batch::DirectoryUsers(items) => fill(&mut self.directory_users, items, |u| u.id.clone()),
            Batch::DirectoryGroups(items) => fill(&mut self.directory_groups, items, |g| g.id.clone()),
            Batch::ContactInformation(contact) => self.contact = Some(contact),
            Batch::AlternateContacts(items) => fill(&mut self.alternate_contacts, items, |c| c.kind.clone()),
            Batch::Trails(items) => fill(&mut self.trails, items, |t| t.arn.clone()),
            Batch::Events(events) => {
                Arc::make_mut(&mut self.events).append(&events);
            }
            Batch::Trail(part) => {
                Arc::make_mut(&mut self.events).join(&part);
            }
            Batch::Residents(items) => {
                let table = Arc::make_mut(&mut self.residents);
                for item in items {
                    match table.entry(item.key()) {
                        std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().merge(item),
                        std::collections::btree_map::Entry::Vacant(free) => {
                            free.insert(item);
                        }
                    }
                }
            }
            Batch::Reading(cell, reading) => Arc::make_mut(&mut self.coverage).set(cell, reading),
        }
    }

    /// Sees which events that share an id say the same, and counts them once. This may fetch records from files.
    pub fn settle_events(&mut self) {
        if !self.events.twins().is_empty() {
            let (compared, twice) = (self.events.twins().len(), self.events.compare());
            Arc::make_mut(&mut self.events).settle(compared, &twice);
        }
    }

    /// The management account's id: from the organization, else from the caller.
    pub fn management_account(&self) -> Option<&AccountId> {
        self.organization.as_ref().map(|o| &o.management_account)
    }

    /// The account that was looked at: the caller's, else the one that IAM's ARNs name.
    pub fn subject_account(&self) -> Option<AccountId> {
        let from_iam = || {
            let arn = self.roles.keys().chain(self.users.keys()).next()?;
            (!arn.account().is_empty()).then(|| AccountId::new(arn.account()))
        };
        self.caller.as_ref().map(|c| c.account.clone()).or_else(from_iam).or_else(|| self.management_account().cloned())
    }

    /// False when it is known that another account than the management account was read.
    pub fn is_management_account(&self) -> Option<bool> {
        let management = self.management_account()?;
        Some(self.subject_account()? == *management)
    }

    /// Takes over what a later, whole reading of `ask` brought: what it no longer holds is gone. Events stay, since an
    /// event never changes; a resident stays while another source still sees it.
    pub fn adopt(&mut self, ask: Ask, fresh: &Self) {
        match ask {
            Ask::Regions => self.regions = fresh.regions.clone(),
            Ask::Tree => {
                self.roots = fresh.roots.clone();
                self.units = fresh.units.clone();
                self.account_parents = fresh.account_parents.clone();
            }
            Ask::Accounts => self.accounts = fresh.accounts.clone(),
            Ask::Policies => self.policies = fresh.policies.clone(),
            Ask::DelegatedAdministrators => self.delegated_administrators = fresh.delegated_administrators.clone(),
            Ask::TrustedAccess => self.trusted_services = fresh.trusted_services.clone(),
            Ask::Handshakes => self.handshakes = fresh.handshakes.clone(),
            Ask::AuthorizationDetails => {
                self.users = fresh.users.clone();
                self.groups = fresh.groups.clone();
                self.roles = fresh.roles.clone();
                self.managed_policies = fresh.managed_policies.clone();
            }
            Ask::CredentialReport => self.credential_report = fresh.credential_report.clone(),
            Ask::AccountSummary => self.account_summary = fresh.account_summary.clone(),
            Ask::AccessKeys => self.access_keys = fresh.access_keys.clone(),
            Ask::MfaDevices => self.mfa_devices = fresh.mfa_devices.clone(),
            Ask::IdentityProviders => self.identity_providers = fresh.identity_providers.clone(),
            Ask::IdentityCenter => self.instances = fresh.instances.clone(),
            Ask::PermissionSets => self.permission_sets = fresh.permission_sets.clone(),
            Ask::Assignments => self.assignments = fresh.assignments.clone(),
            Ask::Directory => {
                self.directory_users = fresh.directory_users.clone();
                self.directory_groups = fresh.directory_groups.clone();
            }
            Ask::Contacts => self.alternate_contacts = fresh.alternate_contacts.clone(),
            Ask::Trails => self.trails = fresh.trails.clone(),
            Ask::Tagging | Ask::Config | Ask::ResourceExplorer | Ask::CloudControl => {
                Arc::make_mut(&mut self.residents).retain(|key, resident| {
                    let seen = fresh.residents.get(key).is_some_and(|fresh| fresh.seen_by.contains(&ask));
                    if !seen {
                        resident.seen_by.remove(&ask);
                    }
                    !resident.seen_by.is_empty()
                });
            }
            // Single values replace themselves when they arrive.
            Ask::Caller
            | Ask::Organization
            | Ask::ResourcePolicy
            | Ask::AccountAliases
            | Ask::OrganizationsFeatures
            | Ask::Events => {}
        }
    }

    pub fn parent_of(&self, account: &AccountId) -> Option<&Text> {
        self.account_parents.get(account).or_else(|| self.accounts.get(account)?.parent.as_ref())
    }

    /// Everything as batches, for a snapshot.
    pub fn to_batches(&self) -> Vec<Batch> {
        fn values<K, V: Clone>(table: &Table<K, V>) -> Vec<V> {
            table.values().cloned().collect()
        }
        let mut batches: Vec<Batch> = self.origins.iter().cloned().map(Batch::Origin).collect();
        batches.extend(self.caller.clone().map(Batch::Caller));
        batches.extend(self.organization.clone().map(Batch::Organization));
        batches.extend(self.resource_policy.clone().map(|p| Batch::ResourcePolicy(p.map(|p| (*p).clone()))));
        batches.extend(self.organizations_features.clone().map(Batch::OrganizationsFeatures));
        batches.extend(self.contact.clone().map(Batch::ContactInformation));
        batches.extend([
            Batch::Regions(values(&self.regions)),
            Batch::Roots(values(&self.roots)),
            Batch::OrganizationalUnits(values(&self.units)),
            Batch::Accounts(values(&self.accounts)),
            Batch::AccountParents(self.account_parents.iter().map(|(a, p)| (a.clone(), p.clone())).collect()),
            Batch::Policies(values(&self.policies)),
            Batch::DelegatedAdministrators(values(&self.delegated_administrators)),
            Batch::TrustedServices(values(&self.trusted_services)),
            Batch::Handshakes(values(&self.handshakes)),
            Batch::Users(values(&self.users)),
            Batch::Groups(values(&self.groups)),
            Batch::Roles(values(&self.roles)),
            Batch::ManagedPolicies(values(&self.managed_policies)),
            Batch::CredentialReport(values(&self.credential_report)),
            Batch::AccountSummary(self.account_summary.iter().map(|(k, v)| (k.clone(), *v)).collect()),
            Batch::AccessKeys(values(&self.access_keys)),
            Batch::MfaDevices(values(&self.mfa_devices)),
            Batch::IdentityProviders(values(&self.identity_providers)),
            Batch::AccountAliases(self.account_aliases.clone()),
            Batch::Instances(values(&self.instances)),
            Batch::PermissionSets(values(&self.permission_sets)),
            Batch::Assignments(self.assignments.keys().cloned().collect()),
            Batch::DirectoryUsers(values(&self.directory_users)),
            Batch::DirectoryGroups(values(&self.directory_groups)),
            Batch::AlternateContacts(values(&self.alternate_contacts)),
            Batch::Trails(values(&self.trails)),
            Batch::Residents(values(&self.residents)),
        ]);
        batches.extend(self.coverage.iter().map(|(cell, reading)| Batch::Reading(cell.clone(), reading.clone())));
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ask, Cell, Reading};

    #[test]
    fn two_sightings_are_one_resident() {
        let sighting = |ask, name: Option<&str>| Resident {
            arn: Some("arn:aws:s3:::logs".into()),
            name: name.map(Text::new),
            seen_by: [ask].into(),
            ..Resident::default()
        };
        let mut facts = Facts::default();
        facts.apply(Batch::Residents(vec![sighting(Ask::Tagging, None)]));
        facts.apply(Batch::Residents(vec![sighting(Ask::CloudControl, Some("logs"))]));
        assert_eq!(facts.residents.len(), 1);
        let resident = facts.residents.values().next().expect("one");
        assert_eq!(resident.seen_by.len(), 2);
        assert_eq!(resident.name.as_ref().map(Text::as_str), Some("logs"));
    }

    #[test]
    fn batches_survive_json() {
        let mut facts = Facts::default();
        facts.apply(Batch::ResourcePolicy(None));
        facts.apply(Batch::Reading(Cell::global(Ask::Accounts), Reading::complete(4)));
        let mut again = Facts::default();
        for batch in facts.to_batches() {
            let json = serde_json::to_string(&batch).expect("to JSON");
            again.apply(serde_json::from_str(&json).expect("from JSON"));
        }
        assert_eq!(again.resource_policy, Some(None));
        assert_eq!(again.coverage, facts.coverage);
    }
}
