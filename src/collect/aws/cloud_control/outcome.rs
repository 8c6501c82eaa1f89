//! What became of one listing, and what is missing of a Region when all are done: one gap a cause, not one a type.
//!
//! Codes: Cloud Control API Reference, ListResources, errors. A handler's refusal may come as an error of its own
//! (`AccessDeniedException`) or as words in a `GeneralServiceException`.

use std::collections::BTreeSet;

use super::OPERATION;
use crate::catalog::resource_types::ResourceType;
use crate::collect::Stopped;
use crate::collect::aws::problem::{Again, Failure};
use crate::model::coverage::Tally;
use crate::model::{Cause, Problem, Text};

/// The action without which nothing can be listed.
const API: &str = "cloudformation:ListResources";
/// So many refusals of the API itself, and nothing listed: the rest is not tried.
const REFUSALS: u32 = 3;
/// So many listings without an answer of Cloud Control, and nothing listed: the rest is not tried.
const SILENCES: u32 = 5;
/// The most actions that a cure names.
const NAMED: usize = 40;

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Listed,
    Denied(Denial),
    /// To the end of all retries.
    Throttled,
    /// The Region lacks the type, or its list handler wants input after all.
    Unsupported,
    Failed(Problem),
    /// No answer of Cloud Control at all: offline, another server, no such API.
    Silent(Problem),
    /// Nothing more can be listed: stopped, or the session is over.
    Over(Problem),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Denial {
    /// The API itself was refused, not the service behind it.
    pub api: bool,
    pub actions: Vec<String>,
    pub problem: Problem,
}

/// A failure outside of a call.
pub fn plain(problem: Problem) -> Failure {
    Failure { problem, again: Again::Never, code: String::new(), expired: false }
}

pub fn stopped(_: Stopped) -> Failure {
    plain(Problem::new(OPERATION, Cause::Cancelled, "stopped", ""))
}

/// `listed`: something was listed in this Region before, so the API itself is allowed.
pub fn judge(kind: &ResourceType, answer: Result<(), Failure>, listed: bool) -> Outcome {
    let Err(failure) = answer else { return Outcome::Listed };
    let problem = failure.problem;
    let says = |words: &[&str]| words.iter().any(|word| problem.detail.contains(word));
    match (&problem.cause, failure.code.as_str()) {
        (Cause::Cancelled | Cause::Credentials, _) => Outcome::Over(problem),
        (Cause::Denied { .. }, _) => Outcome::Denied(denial(kind, problem, listed)),
        (_, "TypeNotFoundException" | "UnsupportedActionException" | "PrivateTypeException") => Outcome::Unsupported,
        (_, "ResourceNotFoundException" | "InvalidRequestException") => Outcome::Unsupported,
        _ if says(&["not authorized to perform", "AccessDenied", "UnauthorizedOperation"]) => {
            Outcome::Denied(denial(kind, problem, listed))
        }
        (Cause::Throttled, _) => Outcome::Throttled,
        _ if says(&["Rate exceeded", "Throttling"]) => Outcome::Throttled,
        (Cause::Unreachable | Cause::Malformed | Cause::Unsupported | Cause::Absent, _) => Outcome::Silent(problem),
        _ => Outcome::Failed(problem),
    }
}

fn denial(kind: &ResourceType, problem: Problem, listed: bool) -> Denial {
    let named = problem.detail.split("not authorized to perform").nth(1).and_then(|rest| {
        let action = rest.trim_start_matches([':', ' ']).split([' ', ',', ';']).next()?;
        action.contains(':').then(|| action.to_owned())
    });
    let api = match &named {
        Some(action) => action == API,
        None => !listed,
    };
    let actions = match named {
        Some(action) if api || !kind.not_read.contains(&action.as_str()) => vec![action],
        // It wants more than reads: that is not asked for.
        Some(_) => Vec::new(),
        None if api => vec![API.to_owned()],
        None => kind.read.iter().map(|action| (*action).to_owned()).collect(),
    };
    Denial { api, actions, problem }
}

/// What could not be listed in a Region, gathered.
#[derive(Debug, Default)]
pub struct Missing {
    listed: bool,
    refusals: u32,
    silences: u32,
    denied: Vec<&'static str>,
    actions: BTreeSet<String>,
    denial: Option<Problem>,
    throttled: Vec<&'static str>,
    failed: Vec<&'static str>,
    failure: Option<Problem>,
    over: Option<Problem>,
}

impl Missing {
    pub fn add(&mut self, kind: &'static ResourceType, outcome: Outcome) {
        match outcome {
            Outcome::Listed => self.listed = true,
            Outcome::Unsupported => {}
            Outcome::Throttled => self.throttled.push(kind.name),
            Outcome::Denied(denial) => {
                self.refusals += u32::from(denial.api);
                self.denied.push(kind.name);
                self.actions.extend(denial.actions);
                self.denial.get_or_insert(denial.problem);
            }
            Outcome::Failed(problem) => {
                self.failed.push(kind.name);
                self.failure.get_or_insert(problem);
            }
            Outcome::Silent(problem) => {
                self.silences += 1;
                self.failed.push(kind.name);
                self.failure.get_or_insert(problem);
            }
            Outcome::Over(problem) => {
                self.over.get_or_insert(problem);
            }
        }
    }

    /// True when there is no use in trying more.
    pub fn is_over(&self) -> bool {
        self.over.is_some() || (!self.listed && (self.refusals >= REFUSALS || self.silences >= SILENCES))
    }

    /// One gap a cause.
    pub fn gaps(&self, tally: &Tally) -> Vec<Problem> {
        let mut gaps: Vec<Problem> = self.over.iter().cloned().collect();
        gaps.extend(self.denied_gap(tally));
        if !self.throttled.is_empty() {
            let detail = format!("still throttled after every retry: {}", some(&self.throttled));
            gaps.push(Problem::new(OPERATION, Cause::Throttled, detail, "read again later"));
        }
        if let Some(failure) = &self.failure {
            let left = if self.is_over() { format!("; {} types not tried", tally.untried) } else { String::new() };
            let detail = format!("{}: {}{left}", some(&self.failed), failure.detail);
            gaps.push(Problem::new(OPERATION, failure.cause.clone(), detail, &*failure.cure));
        }
        if gaps.is_empty() && tally.listed == 0 {
            gaps.push(Problem::new(OPERATION, Cause::Unsupported, "no type can be listed here", ""));
        }
        gaps
    }

    fn denied_gap(&self, tally: &Tally) -> Option<Problem> {
        let first = self.denial.as_ref()?;
        if !self.listed && self.refusals >= REFUSALS {
            let detail = format!("{} of Cloud Control refused; {} types not tried", self.refusals, tally.untried);
            return Some(Problem::denied(OPERATION, API, format!("{detail}: {}", first.detail)));
        }
        let what = some(&self.denied);
        if self.actions.is_empty() {
            let cure = "none: these list handlers want permissions that are not reads";
            return Some(Problem::new(OPERATION, Cause::Denied { action: Text::default() }, what, cure));
        }
        let mut named: Vec<&str> = self.actions.iter().take(NAMED).map(String::as_str).collect();
        let more = format!("and {} more", self.actions.len().saturating_sub(NAMED));
        if self.actions.len() > NAMED {
            named.push(&more);
        }
        Some(Problem::denied(OPERATION, named.join(", "), what))
    }
}

/// `3 types: A, B, C`, the first few by name.
fn some(names: &[&str]) -> String {
    let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 5 { ", ..." } else { "" };
    let word = if names.len() == 1 { "type" } else { "types" };
    format!("{} {word}: {shown}{more}", names.len())
}
