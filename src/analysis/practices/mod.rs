//! The five practices AWS advises for a management account, each as claims that lead to their evidence.
//!
//! Source: AWS Organizations User Guide, "Best practices for the management account".

mod access;
mod draft;
mod duties;

#[cfg(test)]
mod tests;

use super::Assessment;
use super::activity::meaning::SPANS;

/// AWS's advice, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Practice {
    LimitAccess,
    ReviewAccess,
    OnlyManagementTasks,
    NoWorkloads,
    Delegate,
}

impl Practice {
    /// One word, for narrow columns and filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::LimitAccess => "access",
            Self::ReviewAccess => "review",
            Self::OnlyManagementTasks => "tasks",
            Self::NoWorkloads => "workloads",
            Self::Delegate => "delegate",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::LimitAccess => "Limit who has access",
            Self::ReviewAccess => "Review and track access, root's recovery included",
            Self::OnlyManagementTasks => "Use it only for tasks that only it can do",
            Self::NoWorkloads => "Keep workloads out",
            Self::Delegate => "Delegate everything else",
        }
    }
}

/// How a claim is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    Good,
    #[default]
    Note,
    /// Not enough was read to say.
    Unknown,
    Warn,
    Bad,
}

/// Where the rows behind a claim are: the pane's name and a filter on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    pub pane: &'static str,
    pub filter: String,
}

/// A part in percent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub percent: u8,
    /// In spans of equal length; none where there was nothing.
    pub spans: [Option<u8>; SPANS],
    /// When the first span begins, and how long one is, in seconds.
    pub from: u32,
    pub width: u32,
    /// Of what, in words.
    pub of: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Stable, kebab-case.
    pub id: &'static str,
    pub practice: Practice,
    pub standing: Standing,
    /// None: could not be counted, and `missing` says why.
    pub count: Option<u64>,
    /// How large a part that is of all that it is a part of, and how that went over the period.
    pub share: Option<Share>,
    /// In words, without the number: "IAM users with a console password and no MFA".
    pub text: String,
    /// What could not be read that this claim depends on; empty when nothing is missing.
    pub missing: String,
    pub evidence: Evidence,
    /// Why it matters, with its source.
    pub why: &'static str,
}

/// All claims, in the order of the practices; those whose sources were not read say so.
pub fn assess(a: &Assessment) -> Vec<Claim> {
    let mut claims = access::limit(a);
    claims.extend(access::review(a));
    claims.extend(duties::management_tasks(a));
    claims.extend(duties::workloads(a));
    claims.extend(duties::delegate(a));
    claims
}
