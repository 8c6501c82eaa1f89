//! How far a principal reaches into the members, graded: what its policies allow, what presumably lets it in there, and
//! what it did.
//!
//! Sources: Organizations User Guide, orgs_manage_accounts_access ("OrganizationAccountAccessRole is created in accounts
//! that Organizations makes, not in those that were invited"); the roles are those of `catalog::reach_roles`. Whether a
//! member's role still trusts this account cannot be seen from here: nothing is called more than presumed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::graph::{Graph, NodeId};
use super::moves::ASSUME_ROLE;
use crate::analysis::policy::Truth;
use crate::catalog::reach_roles::{self, AssumedBy, PresumedIn};
use crate::model::log::Field;
use crate::model::{AccountId, Arn, Facts, Text};

/// What a principal was seen to do in a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    pub roles: BTreeSet<Text>,
    pub times: u64,
    pub last: Option<Timestamp>,
}

/// How far one principal reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Members of which its policies allow it to assume at least one of the known roles, or one that they name; with the
    /// role's ARN.
    pub could: BTreeMap<AccountId, Text>,
    /// Of these, those in which the role is presumably there and lets this account in.
    pub presumed: BTreeSet<AccountId>,
    /// Members in which it was seen to assume a role.
    pub did: BTreeMap<AccountId, Entered>,
    /// It hangs on a condition that cannot be told.
    pub open: bool,
}

impl Reach {
    pub fn is_empty(&self) -> bool {
        self.could.is_empty() && self.did.is_empty()
    }

    /// `could 39, presumed 38, did 2`.
    pub fn words(&self) -> String {
        let open = if self.open { "?" } else { "" };
        let mut parts = Vec::new();
        if !self.could.is_empty() {
            parts.push(format!("could {}{open}", self.could.len()));
        }
        if !self.presumed.is_empty() {
            parts.push(format!("presumed {}{open}", self.presumed.len()));
        }
        if !self.did.is_empty() {
            parts.push(format!("did {}", self.did.len()));
        }
        parts.join(", ")
    }

    pub fn and(&mut self, other: &Self) {
        self.could.extend(other.could.clone());
        self.presumed.extend(other.presumed.iter().cloned());
        self.did.extend(other.did.clone());
        self.open |= other.open;
    }
}

/// The members, with the roles through which the management account gets into them.
#[derive(Debug, Default)]
pub struct Members {
    /// By member: a role's ARN, and whether it is presumably there.
    roles: Vec<(AccountId, Vec<(String, bool)>)>,
}

impl Members {
    pub fn of(facts: &Facts) -> Self {
        let management = facts.management_account().cloned().or_else(|| facts.subject_account());
        let partition = facts.roles.keys().chain(facts.users.keys()).find(|arn| arn.looks_valid());
        let partition = partition.map_or("aws", Arn::partition);
        let control_tower = facts.trusted_services.contains_key("controltower.amazonaws.com");
        let open = || {
            let of_this = |role: &&reach_roles::ReachRole| role.assumed_by == AssumedBy::AnyPrincipalHere;
            reach_roles::all().iter().filter(of_this).filter(|role| !role.name.contains('*'))
        };
        let members = facts.accounts.values().filter(|account| {
            Some(&account.id) != management.as_ref() && !matches!(account.state.as_str(), "CLOSED" | "SUSPENDED")
        });
        let roles = members
            .map(|account| {
                let roles = open().map(|role| {
                    let presumed = match role.presumed_in {
                        PresumedIn::CreatedAccounts => account.joined_method == "CREATED",
                        PresumedIn::ControlTower => control_tower,
                        _ => false,
                    };
                    (format!("arn:{partition}:iam::{}:role/{}", account.id, role.name), presumed)
                });
                (account.id.clone(), roles.collect())
            })
            .collect();
        Self { roles }
    }

    /// What its policies allow; what it did is for [`did`] to say.
    pub fn reach(&self, graph: &Graph, who: NodeId) -> Reach {
        let mut reach = Reach::default();
        let action = ASSUME_ROLE.get();
        let node = graph.node(who);
        // Root assumes no role itself (STS API Reference, AssumeRole), and makes users and roles that do.
        let root = node.kind == super::NodeKind::Root;
        if !root && node.summary.nowhere.contains(action) {
            return reach;
        }
        let named: Vec<String> = if root { Vec::new() } else { graph.examples(node, action) };
        for (member, roles) in &self.roles {
            let named = named.iter().filter_map(|arn| Some((role_in(arn, member)?, false)));
            for (arn, presumed) in roles.iter().cloned().chain(named) {
                let truth = if root { Truth::Yes } else { graph.permits(who, action, &arn) };
                if truth == Truth::No {
                    continue;
                }
                reach.open |= truth == Truth::Unknown;
                reach.could.entry(member.clone()).or_insert_with(|| Text::new(&arn));
                if presumed && reach.presumed.insert(member.clone()) {
                    reach.could.insert(member.clone(), Text::new(&arn));
                }
            }
        }
        reach
    }

    pub fn count(&self) -> usize {
        self.roles.len()
    }
}

/// A role that a statement names, in a member: its own account's, or any account's.
fn role_in(pattern: &str, member: &AccountId) -> Option<String> {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    match parts[..] {
        [arn, partition, "iam", region, account, role] if role.starts_with("role/") && !partition.contains('*') => {
            let names = account == member.as_str() || account == "*";
            names.then(|| [arn, partition, "iam", region, member.as_str(), role].join(":"))
        }
        _ => None,
    }
}

/// Who entered which member, by the events: successful `AssumeRole` calls whose role is in another account, and
/// `AssumeRoot` calls (IAM User Guide, cloudtrail-track-privileged-tasks). By the key under which a principal's events are
/// known.
pub fn did(facts: &Facts) -> HashMap<Text, BTreeMap<AccountId, Entered>> {
    let mut did: HashMap<Text, BTreeMap<AccountId, Entered>> = HashMap::new();
    let here = facts.subject_account();
    let is_member = |account: &AccountId| here.as_ref() != Some(account) && facts.accounts.contains_key(account);
    for event in facts.events.iter().filter(|event| event.word(Field::Error).is_empty()) {
        let into = match event.word(Field::Name) {
            "AssumeRole" | "AssumeRoot" => event.word(Field::Resources).split(' ').map(Arn::new),
            _ => continue,
        };
        for arn in into.filter(|arn| arn.service() == "iam") {
            let account = AccountId::new(arn.account());
            if !is_member(&account) {
                continue;
            }
            let entered = did.entry(event.text(Field::ActorKey)).or_default().entry(account).or_default();
            entered.roles.insert(arn.text().clone());
            entered.times += 1;
            entered.last = entered.last.max(event.time());
        }
    }
    did
}
