//! The one way in: everything that a source learns arrives as batches, in any order.

use serde::{Deserialize, Serialize};

use super::log::part::Part;
use super::{
    AccessKey, Account, AccountId, AlternateContact, Assignment, Caller, Cell, ContactInformation, CredentialRow,
    DelegatedAdministrator, DirectoryGroup, DirectoryUser, Event, Group, Handshake, IdentityProvider, Instance,
    ManagedPolicy, MfaDevice, Organization, OrganizationPolicy, OrganizationalUnit, Origin, PermissionSet, Reading,
    RegionStatus, Resident, ResourcePolicy, Role, Root, Text, Trail, TrustedService, User,
};

/// A part of the picture. Applying the same batch twice changes nothing; batches commute, but for two
/// readings of the same cell, where the later stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "batch", content = "items")]
pub enum Batch {
    Origin(Origin),
    Caller(Caller),
    Regions(Vec<RegionStatus>),
    Organization(Organization),
    Roots(Vec<Root>),
    OrganizationalUnits(Vec<OrganizationalUnit>),
    Accounts(Vec<Account>),
    /// `(account, root or unit)`: from the tree, which may come before or after the accounts.
    AccountParents(Vec<(AccountId, Text)>),
    Policies(Vec<OrganizationPolicy>),
    DelegatedAdministrators(Vec<DelegatedAdministrator>),
    TrustedServices(Vec<TrustedService>),
    /// None: the organization has none.
    ResourcePolicy(Option<ResourcePolicy>),
    Handshakes(Vec<Handshake>),
    Users(Vec<User>),
    Groups(Vec<Group>),
    Roles(Vec<Role>),
    ManagedPolicies(Vec<ManagedPolicy>),
    CredentialReport(Vec<CredentialRow>),
    /// `GetAccountSummary`'s map.
    AccountSummary(Vec<(Text, i64)>),
    AccessKeys(Vec<AccessKey>),
    MfaDevices(Vec<MfaDevice>),
    IdentityProviders(Vec<IdentityProvider>),
    AccountAliases(Vec<Text>),
    /// `ListOrganizationsFeatures`: `RootCredentialsManagement`, `RootSessions`; empty when off.
    OrganizationsFeatures(Vec<Text>),
    Instances(Vec<Instance>),
    PermissionSets(Vec<PermissionSet>),
    Assignments(Vec<Assignment>),
    DirectoryUsers(Vec<DirectoryUser>),
    DirectoryGroups(Vec<DirectoryGroup>),
    ContactInformation(ContactInformation),
    AlternateContacts(Vec<AlternateContact>),
    Trails(Vec<Trail>),
    #[serde(with = "records")]
    Events(Vec<Event>),
    /// The same in columns, as a reader of many makes them; never written to a file, where events are records.
    #[serde(skip)]
    Trail(Box<Part>),
    Residents(Vec<Resident>),
    Reading(Cell, Reading),
}

/// Events are kept in files as the records that they came from.
mod records {
    use super::Event;
    use serde::de::Error as _;
    use serde::ser::SerializeSeq;
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_json::value::RawValue;

    pub fn serialize<S: Serializer>(events: &[Event], serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let mut list = serializer.serialize_seq(Some(events.len()))?;
        for event in events {
            let raw = RawValue::from_string(event.raw.clone()).map_err(S::Error::custom)?;
            list.serialize_element(&raw)?;
        }
        list.end()
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Event>, D::Error> {
        let raws = Vec::<Box<RawValue>>::deserialize(deserializer)?;
        raws.iter().map(|raw| Event::from_record(raw.get()).map_err(D::Error::custom)).collect()
    }
}
