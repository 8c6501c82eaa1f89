//! IAM policy evaluation: documents parsed once into a compact form, and requests judged against them.
//!
//! Pure: no AWS crate, no file, no clock. Three verdicts, never two: allowed, denied, cannot tell. Every verdict can
//! name the statements that decided it. What AWS does is said with its source, by the name of the page of the IAM User
//! Guide (`reference_policies_...`) unless another guide is named.
//!
//! `document` reads, `glob`, `template`, `arn`, `operator`, `action`, `resource`, `principal` and `condition` match, `evaluate` joins the
//! layers, `special` holds what services do on top, `strangers` asks who gets in from outside, `cases` reads policy
//! tests in the neutral format.

pub mod action;
pub mod arn;
pub mod cases;
pub mod condition;
pub mod context;
pub mod document;
pub mod evaluate;
pub mod glob;
mod made_up;
pub mod operator;
pub mod principal;
pub mod resource;
pub mod special;
pub mod strangers;
pub mod template;

pub use context::{Context, Others, Value};
pub use document::{Effect, Policy, Statement};
pub use evaluate::{Evidence, Layer, Layers, Request, StatementRef, Verdict, evaluate, explain};
pub use principal::{Caller, Grant};

/// What a test of a statement comes to, when not everything about the request is known (Kleene's three values).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    #[default]
    No,
    Unknown,
    Yes,
}

impl Truth {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests;
