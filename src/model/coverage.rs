//! What was asked, what was answered, what is missing: printed beside every count.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Problem, Region, Text};

macro_rules! asks {
    ($($variant:ident, $name:literal, $title:literal, $regional:literal;)*) => {
        /// A question put to a source. One ask is one row of the coverage grid.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Ask { $(#[serde(rename = $name)] $variant,)* }

        impl Ask {
            pub const ALL: &'static [Ask] = &[$(Ask::$variant,)*];

            /// The stable kebab-case name, for filters, files and reports.
            pub fn name(self) -> &'static str {
                match self { $(Ask::$variant => $name,)* }
            }

            /// In words, for a person.
            pub fn title(self) -> &'static str {
                match self { $(Ask::$variant => $title,)* }
            }

            /// Asked once in each Region rather than once.
            pub fn is_regional(self) -> bool {
                match self { $(Ask::$variant => $regional,)* }
            }

            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Ask::$variant),)* _ => None }
            }
        }
    };
}

asks! {
    Caller, "caller", "Who is asking", false;
    Regions, "regions", "Regions of the account", false;
    Organization, "organization", "The organization", false;
    Tree, "tree", "Root and organizational units", false;
    Accounts, "accounts", "Accounts", false;
    Policies, "policies", "Organization policies", false;
    DelegatedAdministrators, "delegated-administrators", "Delegated administrators", false;
    TrustedAccess, "trusted-access", "Trusted access", false;
    ResourcePolicy, "resource-policy", "Organization resource policy", false;
    Handshakes, "handshakes", "Handshakes", false;
    AuthorizationDetails, "authorization-details", "IAM users, groups, roles, policies", false;
    CredentialReport, "credential-report", "IAM credential report", false;
    AccountSummary, "account-summary", "IAM account summary", false;
    AccessKeys, "access-keys", "Access keys and their last use", false;
    MfaDevices, "mfa-devices", "MFA devices", false;
    IdentityProviders, "identity-providers", "SAML and OIDC providers", false;
    AccountAliases, "account-aliases", "Account alias", false;
    OrganizationsFeatures, "organizations-features", "Central root access", false;
    IdentityCenter, "identity-center", "Identity Center instances", false;
    PermissionSets, "permission-sets", "Permission sets", false;
    Assignments, "assignments", "Assignments on this account", false;
    Directory, "directory", "Identity Center people and groups", false;
    Contacts, "contacts", "Account contacts", false;
    Trails, "trails", "CloudTrail trails", true;
    Events, "events", "CloudTrail events", true;
    Tagging, "tagging", "Tagged resources", true;
    Config, "config", "AWS Config inventory", true;
    ResourceExplorer, "resource-explorer", "Resource Explorer index", true;
    CloudControl, "cloud-control", "Cloud Control listing", true;
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One field of the grid: an ask, in a Region if it is regional.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    pub ask: Ask,
    pub region: Option<Region>,
}

impl Cell {
    pub fn global(ask: Ask) -> Self {
        Self { ask, region: None }
    }

    pub fn regional(ask: Ask, region: Region) -> Self {
        Self { ask, region: Some(region) }
    }
}

/// How far the reading of a cell has come. Worse is greater, so the worst of several is their maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Read to the end.
    Complete,
    /// Does not apply here, by nature: no Identity Center, a Region without the service.
    NotApplicable,
    /// Nobody asked.
    #[default]
    NotAsked,
    /// Planned, not begun.
    Waiting,
    Reading,
    /// Begun and slowed down by AWS; going on.
    Throttled,
    /// Ended with gaps.
    Partial,
    /// Stopped by the user.
    Cancelled,
    Denied,
    Failed,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "read",
            Self::NotApplicable => "n/a",
            Self::NotAsked => "not asked",
            Self::Waiting => "waiting",
            Self::Reading => "reading",
            Self::Throttled => "throttled",
            Self::Partial => "partial",
            Self::Cancelled => "cancelled",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    /// One letter, for the grid: never colour alone.
    pub fn letter(self) -> char {
        match self {
            Self::Complete => 'R',
            Self::NotApplicable => '-',
            Self::NotAsked => '.',
            Self::Waiting => 'w',
            Self::Reading => '>',
            Self::Throttled => 'T',
            Self::Partial => 'P',
            Self::Cancelled => 'C',
            Self::Denied => 'D',
            Self::Failed => 'F',
        }
    }

    /// Work is still going on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Reading | Self::Throttled)
    }

    /// Ended, and something is missing.
    pub fn is_gap(self) -> bool {
        matches!(self, Self::Partial | Self::Cancelled | Self::Denied | Self::Failed)
    }
}

/// For a cell that is many listings in one (Cloud Control: one a resource type).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub listed: u32,
    pub denied: u32,
    pub throttled: u32,
    pub unsupported: u32,
    pub failed: u32,
    pub untried: u32,
}

impl Tally {
    pub fn total(&self) -> u32 {
        self.listed + self.denied + self.throttled + self.unsupported + self.failed + self.untried
    }

    pub fn add(&mut self, other: &Self) {
        self.listed += other.listed;
        self.denied += other.denied;
        self.throttled += other.throttled;
        self.unsupported += other.unsupported;
        self.failed += other.failed;
        self.untried += other.untried;
    }
}

/// All that is known of the reading of one cell. A later reading replaces an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub status: Status,
    /// Items read so far.
    pub rows: u64,
    /// How many there will be, where that is known.
    pub of: Option<u64>,
    /// Everything from here on (and up to `until`) was read: for events.
    #[serde(default)]
    pub since: Option<Timestamp>,
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Seconds still needed, where that can be told honestly.
    #[serde(default)]
    pub eta: Option<u64>,
    #[serde(default)]
    pub tally: Option<Tally>,
    /// What is being done or was left out, in a few words.
    #[serde(default)]
    pub note: Text,
    #[serde(default)]
    pub gaps: Vec<Problem>,
}

impl Reading {
    pub fn of(status: Status) -> Self {
        Self { status, ..Self::default() }
    }

    /// Read to the end, `rows` items.
    pub fn complete(rows: u64) -> Self {
        Self { status: Status::Complete, rows, of: Some(rows), ..Self::default() }
    }
}

/// The grid: every cell that was planned, with its reading.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    cells: BTreeMap<Cell, Reading>,
}

impl Coverage {
    pub fn set(&mut self, cell: Cell, reading: Reading) {
        self.cells.insert(cell, reading);
    }

    pub fn get(&self, cell: &Cell) -> Option<&Reading> {
        self.cells.get(cell)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Cell, &Reading)> {
        self.cells.iter()
    }

    pub fn of_ask(&self, ask: Ask) -> impl Iterator<Item = (&Cell, &Reading)> {
        let from = Cell { ask, region: None };
        self.cells.range(from..).take_while(move |(cell, _)| cell.ask == ask)
    }

    /// The state of an ask over all its Regions: open while one is open, then the worst gap, then
    /// complete. `NotAsked` when no cell of it was planned.
    pub fn status(&self, ask: Ask) -> Status {
        let (mut open, mut gap, mut done, mut applicable) = (None, None, 0u32, 0u32);
        for (_, reading) in self.of_ask(ask) {
            match reading.status {
                s if s.is_open() => open = open.max(Some(s)),
                s if s.is_gap() => gap = gap.max(Some(s)),
                Status::NotAsked => continue,
                Status::NotApplicable => {
                    done += 1;
                    continue;
                }
                _ => done += 1,
            }
            applicable += 1;
        }
        match (open, gap) {
            (Some(open), _) => open,
            (None, Some(_)) if applicable > 1 && done > 0 => Status::Partial,
            (None, Some(gap)) => gap,
            (None, None) if applicable > 0 => Status::Complete,
            (None, None) if done > 0 => Status::NotApplicable,
            (None, None) => Status::NotAsked,
        }
    }

    pub fn rows(&self, ask: Ask) -> u64 {
        self.of_ask(ask).map(|(_, reading)| reading.rows).sum()
    }

    /// True once nothing is open and nothing is missing.
    pub fn is_complete(&self) -> bool {
        !self.cells.values().any(|reading| reading.status.is_open() || reading.status.is_gap())
    }

    pub fn is_open(&self) -> bool {
        self.cells.values().any(|reading| reading.status.is_open())
    }

    /// Everything that is missing, cell by cell.
    pub fn gaps(&self) -> impl Iterator<Item = (&Cell, &Problem)> {
        self.cells.iter().flat_map(|(cell, reading)| reading.gaps.iter().map(move |gap| (cell, gap)))
    }

    pub fn merge(&mut self, other: Self) {
        self.cells.extend(other.cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for &ask in Ask::ALL {
            assert_eq!(Ask::from_name(ask.name()), Some(ask));
        }
    }

    #[test]
    fn one_denied_region_of_two_is_partial_and_open_work_hides_it() {
        let mut coverage = Coverage::default();
        coverage.set(Cell::regional(Ask::Events, "eu-west-1".into()), Reading::complete(3));
        coverage.set(Cell::regional(Ask::Events, "us-east-1".into()), Reading::of(Status::Denied));
        assert_eq!(coverage.status(Ask::Events), Status::Partial);
        assert_eq!(coverage.status(Ask::Trails), Status::NotAsked);
        coverage.set(Cell::regional(Ask::Events, "us-west-2".into()), Reading::of(Status::Reading));
        assert_eq!(coverage.status(Ask::Events), Status::Reading);
        assert!(!coverage.is_complete());
    }
}
