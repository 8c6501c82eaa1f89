//! The one kind of error that reaches a user: what went wrong, why, and what would cure it.

use serde::{Deserialize, Serialize};

use super::Text;

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cause {
    /// AWS refused the call; `action` is the IAM action to add.
    Denied { action: Text },
    /// Still throttled after every retry.
    Throttled,
    /// Credentials are missing, expired or not valid.
    Credentials,
    /// No answer: offline, reset, timed out.
    Unreachable,
    /// The Region or the endpoint does not offer this call.
    Unsupported,
    /// The answer or the file could not be understood, in whole or in part.
    Malformed,
    /// Not there: no such file, no organization, no Identity Center instance.
    Absent,
    /// The user stopped it.
    Cancelled,
    /// Left out on purpose, to have no side effect.
    Withheld,
    /// The service failed.
    Service,
}

impl Cause {
    /// A short word for a table cell.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Throttled => "throttled",
            Self::Credentials => "credentials",
            Self::Unreachable => "unreachable",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
            Self::Absent => "absent",
            Self::Cancelled => "cancelled",
            Self::Withheld => "withheld",
            Self::Service => "service error",
        }
    }
}

/// Something that is missing from the picture, in words for the pane it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What was tried: `iam:ListUsers`, or a file and line.
    pub what: Text,
    pub cause: Cause,
    /// What was answered, cleaned and cut to a readable length.
    pub detail: Text,
    /// What the user can do; empty when there is nothing to do.
    pub cure: Text,
}

impl Problem {
    pub fn new(what: impl AsRef<str>, cause: Cause, detail: impl AsRef<str>, cure: impl AsRef<str>) -> Self {
        let detail: String = detail.as_ref().chars().take(400).collect();
        Self { what: Text::new(what.as_ref()), cause, detail: Text::new(&detail), cure: Text::new(cure.as_ref()) }
    }

    /// A denied call: the cure names the action.
    pub fn denied(operation: impl AsRef<str>, action: impl AsRef<str>, detail: impl AsRef<str>) -> Self {
        let action = Text::new(action.as_ref());
        let cure = format!("add {action} to the role (see `mgmtscope policy`)");
        Self::new(operation, Cause::Denied { action }, detail, cure)
    }

    /// Why, the cure, and what was tried: for a narrow place, where the end is cut.
    pub fn brief(&self) -> String {
        let cure = if self.cure.is_empty() { self.detail.as_str() } else { self.cure.as_str() };
        format!("{}: {cure} ({})", self.cause.word(), self.what)
    }

    /// One line: `iam:ListUsers: denied: not authorized; add iam:ListUsers`.
    pub fn line(&self) -> String {
        let mut line = format!("{}: {}", self.what, self.cause.word());
        if !self.detail.is_empty() {
            line.push_str(": ");
            line.push_str(&self.detail);
        }
        if !self.cure.is_empty() {
            line.push_str("; ");
            line.push_str(&self.cure);
        }
        line
    }
}
