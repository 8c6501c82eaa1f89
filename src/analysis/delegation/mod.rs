//! Who else acts for the organization, and what stands around the account: delegates, trusted access, the delegation
//! policy, organization policies, accounts that are not active, open handshakes, contacts, root access, trails.

mod organization;
mod policy;
mod services;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::model::{AccountId, Facts, Text};

use super::Assessment;

pub use policy::Breadth;

/// What a row is, in the order of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DelegationKind {
    /// A member account administers a service for the organization.
    #[default]
    Delegated,
    /// A service may act in all accounts; nobody but the management account administers it.
    Trusted,
    /// A statement of the organization's resource policy.
    Statement,
    /// An organization policy.
    Policy,
    /// An account that is not active.
    Account,
    Handshake,
    /// An alternate contact of the management account.
    Contact,
    /// A feature of central root access.
    RootAccess,
    Trail,
    /// A service that could be delegated and has no trusted access.
    Possible,
}

impl DelegationKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::Trusted => "trusted",
            Self::Statement => "statement",
            Self::Policy => "policy",
            Self::Account => "account",
            Self::Handshake => "handshake",
            Self::Contact => "contact",
            Self::RootAccess => "root-access",
            Self::Trail => "trail",
            Self::Possible => "possible",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DelegationRow {
    /// Stays the same through refreshes: the kind and AWS's own ids.
    pub key: Text,
    pub kind: DelegationKind,
    /// How it stands, in a word or two.
    pub state: String,
    /// The service's, policy's, account's or safeguard's name.
    pub subject: Text,
    /// The service principal, or the id of what it is.
    pub id: Text,
    pub account: Option<AccountId>,
    pub account_name: Text,
    pub since: Option<Timestamp>,
    /// What it means, in a few words.
    pub what: String,
    /// What is wrong with it; empty when nothing is.
    pub problem: String,
    /// For a policy: whether it binds the management account. None: not known, or not a policy.
    pub binds: Option<bool>,
    /// Lines for the detail: what the delegate can do, sources.
    pub notes: Vec<String>,
}

/// Everything around the organization: by kind, then name.
pub fn assess(a: &Assessment) -> Vec<DelegationRow> {
    let facts = &a.facts;
    let mut rows = services::rows(facts);
    rows.extend(policy::statements(facts));
    rows.extend(organization::policies(facts));
    rows.extend(organization::accounts(facts));
    rows.extend(organization::handshakes(facts));
    rows.extend(organization::contacts(facts));
    rows.extend(organization::root_access(facts));
    rows.extend(organization::trails(facts));
    rows.sort_by(|a, b| (a.kind, &a.subject, &a.key).cmp(&(b.kind, &b.subject, &b.key)));
    rows
}

fn account_name(facts: &Facts, account: &AccountId) -> Text {
    facts.accounts.get(account).map(|known| known.name.clone()).unwrap_or_default()
}
