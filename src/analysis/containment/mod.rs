//! Containment: what would stop a principal here, what would not and why, what else each step would break, and the
//! AWS CLI commands for it. Only text: nothing here runs anything, and nothing that does may be added.

mod case;
mod ceilings;
mod identity_center;
mod outsiders;
pub mod pages;
mod roles;
mod shell;
#[cfg(test)]
mod tests;
mod users;
mod uses;

use crate::model::Text;

use super::Assessment;
use super::principals::{PrincipalKind, PrincipalRow};
use case::Case;
use shell::Command;

pub use uses::{Link, Tally, Use};

/// What a step does to the principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing that it holds works any more, as far as it acts as this principal.
    Stops,
    /// It closes one way, or ends what runs, and leaves another open.
    StopsInPart,
    /// It depends on what was not read, or on what AWS does not document.
    CannotTell,
    DoesNotStop,
}

impl Effect {
    /// A word that needs no colour.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stops => "STOPS",
            Self::StopsInPart => "IN PART",
            Self::CannotTell => "?",
            Self::DoesNotStop => "NO",
        }
    }
}

/// One row of the containment table.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place in the table, from 1: in the order in which one would do them, those that do not work at the end.
    pub order: usize,
    pub name: String,
    pub effect: Effect,
    pub why: String,
    /// What stays open after it.
    pub leaves: Option<String>,
    /// Who and what else uses what it takes away.
    pub breaks: Vec<Use>,
    /// AWS CLI version 2, for a POSIX shell, one command each, in their order. `<...>` stands for what is not known.
    pub commands: Vec<String>,
    /// Why a command that belongs here cannot be given as text.
    pub withheld: Option<String>,
    /// The page of AWS that says so.
    pub source: &'static str,
}

impl Step {
    fn new(effect: Effect, name: impl Into<String>, why: impl Into<String>, source: &'static str) -> Self {
        Self {
            order: 0,
            name: name.into(),
            effect,
            why: why.into(),
            leaves: None,
            breaks: Vec::new(),
            commands: Vec::new(),
            withheld: None,
            source,
        }
    }

    fn leaves(mut self, what: impl Into<String>) -> Self {
        self.leaves = Some(what.into());
        self
    }

    fn breaks(mut self, uses: Vec<Use>) -> Self {
        self.breaks = uses;
        self
    }

    /// Adds a command, or the reason why it is none.
    fn run(mut self, command: Command) -> Self {
        match command.finish() {
            Ok(text) => self.commands.push(text),
            Err(why) => self.withheld = Some(why),
        }
        self
    }

    fn run_all(self, commands: impl IntoIterator<Item = Command>) -> Self {
        commands.into_iter().fold(self, Self::run)
    }
}

/// The containment table of a principal.
pub fn steps(a: &Assessment, row: &PrincipalRow) -> Vec<Step> {
    let case = Case::of(a, row);
    let mut steps = match row.kind {
        PrincipalKind::Root => users::root(&case),
        PrincipalKind::User => users::user(&case),
        PrincipalKind::ServiceLinkedRole => roles::service_linked(&case),
        PrincipalKind::IdentityCenterRole => identity_center::role(&case),
        PrincipalKind::Role
        | PrincipalKind::CrossAccountRole
        | PrincipalKind::SamlRole
        | PrincipalKind::OidcRole
        | PrincipalKind::AccountCreationRole
        | PrincipalKind::ServiceRole => roles::role(&case),
        PrincipalKind::IdentityCenterGroup => identity_center::group(&case),
        PrincipalKind::IdentityCenterUser => identity_center::person(&case),
        PrincipalKind::SamlProvider | PrincipalKind::OidcProvider => outsiders::provider(&case),
        PrincipalKind::Account => outsiders::account(&case),
        PrincipalKind::Service => outsiders::service(&case),
        PrincipalKind::OidcSubject | PrincipalKind::SamlSubject => outsiders::subject(&case),
    };
    steps.extend(ceilings::of(&case));
    // Stable: those that work keep the order in which they were written, which is the order to do them in.
    steps.sort_by_key(|step| step.effect == Effect::DoesNotStop);
    for (step, order) in steps.iter_mut().zip(1..) {
        step.order = order;
    }
    steps
}

/// Some names, and how many more.
fn some<'a>(names: impl IntoIterator<Item = &'a Text>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<&Text> = names.into_iter().collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| name.as_str()).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `1 role`, `2 roles`.
fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
