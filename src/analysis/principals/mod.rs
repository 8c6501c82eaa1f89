//! Who can act in the account, one row each: root, users, roles, people of Identity Center, identity providers, the
//! accounts and AWS services that roles trust; with what `analysis::power` says of each.

mod carried;
pub mod exposure;
mod outsiders;
mod roles;
pub mod trust;
mod users;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::analysis::policy::Truth;
use crate::analysis::power::reach::{Entered, did};
use crate::analysis::power::{NodeId, Power, Profile, Reach, Standing};
use crate::catalog::vendors;
use crate::model::event::principal_key;
use crate::model::{AccessKey, AccountId, Arn, Ask, AttachedPolicy, Facts, Group, Status, Text};

use super::Assessment;
use super::activity::Deeds;

pub use carried::carried_by;
pub use exposure::Exposure;
pub(crate) use outsiders::ANY_SUBJECT;
pub(crate) use roles::permission_set;
use trust::{Statement, Trusted};

/// The ARN's end of the AWS managed policy that allows everything.
const ADMINISTRATOR_ACCESS: &str = ":iam::aws:policy/AdministratorAccess";

/// What kind of principal, in the order of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    Root,
    #[default]
    User,
    /// Trusts principals of this account only.
    Role,
    CrossAccountRole,
    SamlRole,
    OidcRole,
    /// Made by Identity Center (`AWSReservedSSO_...`).
    IdentityCenterRole,
    /// `OrganizationAccountAccessRole`, as Organizations makes it in new accounts.
    AccountCreationRole,
    ServiceRole,
    ServiceLinkedRole,
    IdentityCenterGroup,
    IdentityCenterUser,
    SamlProvider,
    OidcProvider,
    /// Another account, named in a trust policy.
    Account,
    /// An AWS service that a trust policy lets in.
    Service,
    /// A subject, or a pattern of subjects, of an OIDC provider.
    OidcSubject,
    /// The same of a SAML provider.
    SamlSubject,
}

impl PrincipalKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::User => "user",
            Self::Role => "role",
            Self::CrossAccountRole => "cross-account-role",
            Self::SamlRole => "saml-role",
            Self::OidcRole => "oidc-role",
            Self::IdentityCenterRole => "sso-role",
            Self::AccountCreationRole => "account-creation-role",
            Self::ServiceRole => "service-role",
            Self::ServiceLinkedRole => "service-linked",
            Self::IdentityCenterGroup => "sso-group",
            Self::IdentityCenterUser => "sso-person",
            Self::SamlProvider => "saml-provider",
            Self::OidcProvider => "oidc-provider",
            Self::Account => "account",
            Self::Service => "service",
            Self::OidcSubject => "oidc-subject",
            Self::SamlSubject => "saml-subject",
        }
    }

    pub fn is_role(self) -> bool {
        matches!(
            self,
            Self::Role
                | Self::CrossAccountRole
                | Self::SamlRole
                | Self::OidcRole
                | Self::IdentityCenterRole
                | Self::AccountCreationRole
                | Self::ServiceRole
                | Self::ServiceLinkedRole
        )
    }
}

/// When something was last used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastUse {
    #[default]
    Unknown,
    /// Every source that would know says never. For roles IAM looks back 400 days.
    Never,
    At(Timestamp),
}

impl LastUse {
    /// Of an answer that was given: no time means never.
    fn told(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Never, Self::At)
    }

    /// The latest; `Never` only where nothing is unknown.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::At(a), Self::At(b)) => Self::At(a.max(b)),
            (Self::At(time), _) | (_, Self::At(time)) => Self::At(time),
            (Self::Never, Self::Never) => Self::Never,
            _ => Self::Unknown,
        }
    }

    /// With what the events say: they can only show use, never its absence.
    fn seen(self, time: Option<Timestamp>) -> Self {
        time.map_or(self, |time| self.and(Self::At(time)))
    }
}

/// What bounds a principal from above. SCPs and RCPs never bind the management account (Organizations User Guide,
/// orgs_manage_policies_scps), so that a permissions boundary is the only ceiling there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ceiling {
    /// Not a principal that acts with permissions of this account, or a role that only AWS can change.
    #[default]
    NotApplicable,
    None,
    Boundary,
}

impl Ceiling {
    pub fn word(self) -> &'static str {
        match self {
            Self::NotApplicable => "",
            Self::None => "no ceiling",
            Self::Boundary => "boundary",
        }
    }

    fn of(boundary: Option<&Arn>) -> Self {
        if boundary.is_some() { Self::Boundary } else { Self::None }
    }
}

/// Something about a principal that deserves a look; a fact of its documents, each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// A trust policy lets every AWS principal in, with no condition that says whose.
    Anyone,
    /// Trusts an account that is not of the organization, as far as the account list tells.
    UnknownAccount,
    /// Trusts an account outside the organization without asking for an external id.
    NoExternalId,
    /// Lets any subject of an OIDC provider in, or any repository of an owner.
    WideOidc,
    /// The trust policy could not be understood, in whole or in part.
    Unreadable,
    /// Trusts a principal that was deleted.
    DeletedPrincipal,
    /// The AWS managed policy AdministratorAccess is attached.
    AdministratorAccess,
}

impl Mark {
    pub fn word(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::UnknownAccount => "unknown-account",
            Self::NoExternalId => "no-external-id",
            Self::WideOidc => "wide-oidc",
            Self::Unreadable => "unreadable",
            Self::DeletedPrincipal => "deleted-principal",
            Self::AdministratorAccess => "administrator-access",
        }
    }

    /// A bad fact rather than a note.
    pub fn is_bad(self) -> bool {
        !matches!(self, Self::DeletedPrincipal | Self::AdministratorAccess)
    }
}

/// Whose account an id is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The account that was looked at.
    This,
    Member,
    /// The accounts were read to the end, and it is not among them.
    Foreign,
    /// The accounts were not read, or not to the end.
    NotKnown,
}

/// One way in, in words: a trust statement's principal with its conditions, or a credential.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    pub who: String,
    /// Each condition in words; also what is wrong with it.
    pub conditions: Vec<String>,
    pub marks: BTreeSet<Mark>,
    /// The other account concerned.
    pub account: Option<AccountId>,
    /// Of a trust policy: who is named.
    pub trusted: Option<Trusted>,
    /// Of an OIDC or SAML provider: the subjects that get in; empty: any.
    pub subjects: Vec<Text>,
}

/// An access key, from the key list or, without an id, from the credential report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyFacts {
    pub id: Text,
    pub active: bool,
    pub created: Option<Timestamp>,
    pub last: LastUse,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    pub attached: Vec<AttachedPolicy>,
    /// Names of inline policies.
    pub inline: Vec<Text>,
    /// `(group, policy)`.
    pub from_groups: Vec<(Text, Text)>,
    /// Names of permission sets, for people and groups of Identity Center; with the group in brackets.
    pub permission_sets: Vec<Text>,
}

impl Policies {
    /// In a few words: `AdministratorAccess, 2 inline`.
    pub fn words(&self) -> String {
        let mut parts: Vec<String> = self.attached.iter().map(|policy| policy.name.to_string()).collect();
        parts.extend(self.permission_sets.iter().map(ToString::to_string));
        if !self.inline.is_empty() {
            parts.push(format!("{} inline", self.inline.len()));
        }
        if !self.from_groups.is_empty() {
            parts.push(format!("{} from groups", self.from_groups.len()));
        }
        parts.join(", ")
    }
}

/// One principal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrincipalRow {
    /// [`principal_key`] of the ARN; an account's id; Identity Center's id of a person or group.
    pub key: Text,
    pub kind: PrincipalKind,
    pub name: Text,
    /// Empty where there is none.
    pub arn: Arn,
    /// How they get in, in a few words.
    pub entry: String,
    pub created: Option<Timestamp>,
    pub last: LastUse,
    /// None: not known, or does not apply.
    pub mfa: Option<bool>,
    /// A console password. None: not known, or does not apply.
    pub password: Option<bool>,
    /// None: not known, or does not apply.
    pub active_keys: Option<u32>,
    pub oldest_key: Option<Timestamp>,
    pub keys: Vec<KeyFacts>,
    pub boundary: Option<Arn>,
    pub ceiling: Ceiling,
    pub policies: Policies,
    pub gates: Vec<Gate>,
    pub deeds: Deeds,
    /// Of a person of Identity Center: the name that their sessions bear.
    pub session: Text,
    /// Keys of the residents that carry it: functions, instances and the like.
    pub residents: Vec<Text>,
    /// Keys of the residents that it made in the period, as far as events name them.
    pub made: Vec<Text>,
    pub marks: BTreeSet<Mark>,
    /// Why its trust policy could not be read.
    pub unreadable: Option<String>,
    /// Of an Identity Center group, its people; of a provider, account or service, the roles that trust it.
    pub related: Vec<Text>,
    /// The principals of the account as which it acts: itself, or those that it enters. Numbers of [`Power::graph`].
    pub nodes: Vec<NodeId>,
    /// What any of these may do.
    pub profile: Profile,
    /// Steps to an administrator, if it is none, and whether they are certain.
    pub steps: Option<(u32, Truth)>,
    pub reach: Reach,
    pub exposure: Exposure,
}

impl PrincipalRow {
    /// Whether anything is known of what it may do: not of root before the account is known, nor of a person whose
    /// permission sets were not read.
    pub fn power_is_known(&self) -> bool {
        !self.nodes.is_empty()
    }

    /// Unused for longer than `days`, and there for longer; only where that is known.
    pub fn is_dormant(&self, as_of: Timestamp, days: i64) -> bool {
        let old = |time: Timestamp| as_of.as_second() - time.as_second() > days * 86_400;
        self.created.is_some_and(old)
            && match self.last {
                LastUse::Unknown => false,
                LastUse::Never => true,
                LastUse::At(time) => old(time),
            }
    }
}

/// Everything that rows are made from, indexed once.
struct World<'a> {
    a: &'a Assessment,
    facts: &'a Facts,
    account: Option<AccountId>,
    groups: HashMap<&'a str, &'a Group>,
    keys: HashMap<&'a str, Vec<&'a AccessKey>>,
    carried: HashMap<Text, Vec<Text>>,
    made: HashMap<&'a Text, Vec<Text>>,
    power: &'a Power,
    did: HashMap<Text, BTreeMap<AccountId, Entered>>,
    /// The roles that Identity Center has made here, by the name of their permission set.
    sets: HashMap<String, Vec<NodeId>>,
    /// Some role's last use was told, so that silence about another means never.
    tells_last_use: bool,
}

impl<'a> World<'a> {
    fn of(a: &'a Assessment) -> Self {
        let facts = &a.facts;
        let mut keys: HashMap<&str, Vec<&AccessKey>> = HashMap::new();
        for key in facts.access_keys.values() {
            keys.entry(key.user.as_str()).or_default().push(key);
        }
        let root = facts.credential_report.values().find(|row| row.is_root()).map(|row| row.arn.account());
        let root = root.filter(|account| !account.is_empty()).map(AccountId::new);
        Self {
            a,
            facts,
            account: facts.subject_account().or(root),
            groups: facts.groups.values().map(|group| (group.name.as_str(), group)).collect(),
            keys,
            carried: carried::by_principal(a),
            made: carried::made_by_principal(a),
            power: &a.power,
            did: did(facts),
            sets: roles::by_permission_set(&a.power),
            tells_last_use: facts.roles.values().any(|role| role.last_used.is_some()),
        }
    }

    fn partition(&self) -> &str {
        let arn = self.facts.roles.keys().chain(self.facts.users.keys()).find(|arn| arn.looks_valid());
        arn.map_or("aws", Arn::partition)
    }

    fn membership(&self, account: &AccountId) -> Membership {
        if self.account.as_ref() == Some(account) {
            Membership::This
        } else if self.facts.accounts.contains_key(account) || self.facts.management_account() == Some(account) {
            Membership::Member
        } else if self.facts.coverage.status(Ask::Accounts) == Status::Complete {
            Membership::Foreign
        } else {
            Membership::NotKnown
        }
    }

    /// `111122223333 (Logs)`, `999900001111 (not in the organization)`.
    fn account_words(&self, account: &AccountId) -> String {
        match self.membership(account) {
            Membership::This => "this account".to_owned(),
            Membership::Member => {
                let name = self.facts.accounts.get(account).map_or("management account", |known| known.name.as_str());
                format!("{account} ({name})")
            }
            Membership::Foreign => match vendors::by_account(account) {
                Some(vendor) => format!("{account} ({}, not in the organization)", vendor.name),
                None => format!("{account} (not in the organization)"),
            },
            Membership::NotKnown => format!("{account} (accounts not read)"),
        }
    }

    fn deeds(&self, key: &str) -> Deeds {
        self.a.activity.of(key)
    }

    /// What concerns every row alike: deeds, last use by the events, residents.
    fn finish(&self, mut row: PrincipalRow) -> PrincipalRow {
        if row.kind != PrincipalKind::IdentityCenterUser {
            row.deeds = self.deeds(&row.key);
        }
        row.last = row.last.seen(row.deeds.last);
        row.residents = self.carried.get(&row.key).cloned().unwrap_or_default();
        row.made = self.made.get(&row.key).cloned().unwrap_or_default();
        let admin = |arn: &Arn| arn.as_str().ends_with(ADMINISTRATOR_ACCESS);
        if row.policies.attached.iter().any(|policy| admin(&policy.arn)) {
            row.marks.insert(Mark::AdministratorAccess);
        }
        row.marks.extend(row.gates.iter().flat_map(|gate| gate.marks.iter().copied()));
        self.empower(&mut row);
        row
    }

    /// What the policies give it, by itself or through those as which it acts.
    fn empower(&self, row: &mut PrincipalRow) {
        if row.nodes.is_empty() {
            let sets = row.policies.permission_sets.iter().filter_map(|set| self.sets.get(set.as_str()));
            row.nodes = sets.flatten().copied().chain(self.power.graph.find(&row.key)).collect();
        }
        for &node in &row.nodes {
            row.profile = row.profile.and(self.power.profile(node));
            row.reach.and(&self.power.members.reach(&self.power.graph, node));
            if let Standing::Reaches { steps, truth, .. } = self.power.routes.of_node(node) {
                let better = |(known, certain): (u32, Truth)| *truth > certain || *truth == certain && *steps < known;
                if row.steps.is_none_or(better) {
                    row.steps = Some((*steps, *truth));
                }
            }
        }
        row.reach.did = self.did.get(&row.key).cloned().unwrap_or_default();
        row.exposure = Exposure::of(row, self.a.as_of, self.power.members.count());
    }
}

/// One row for each principal: by kind, then name.
pub fn assess(a: &Assessment) -> Vec<PrincipalRow> {
    let world = World::of(a);
    let mut rows = Vec::new();
    rows.extend(users::root(&world));
    rows.extend(users::users(&world));
    rows.extend(world.facts.roles.values().map(|role| roles::role(&world, role)));
    rows.extend(outsiders::identity_center(&world));
    rows.extend(outsiders::providers(&world, &rows));
    rows.extend(outsiders::accounts(&world, &rows));
    rows.extend(outsiders::services(&world, &rows));
    rows.extend(outsiders::subjects(&world, &rows));
    let mut rows: Vec<PrincipalRow> = rows.into_iter().map(|row| world.finish(row)).collect();
    rows.sort_by(|a, b| (a.kind, &a.name, &a.key).cmp(&(b.kind, &b.name, &b.key)));
    rows
}

/// The key under which IAM's ARN of a principal is known.
fn key_of(arn: &Arn) -> Text {
    principal_key(arn.as_str())
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn never_is_claimed_only_when_nothing_is_unknown() {
        let at = LastUse::At(Timestamp::UNIX_EPOCH);
        assert_eq!(LastUse::Never.and(LastUse::Never), LastUse::Never);
        assert_eq!(LastUse::Never.and(LastUse::Unknown), LastUse::Unknown);
        assert_eq!(LastUse::Unknown.and(at), at);
        assert_eq!(LastUse::Never.seen(Some(Timestamp::UNIX_EPOCH)), at);
        assert_eq!(LastUse::Never.seen(None), LastUse::Never);
    }
}
