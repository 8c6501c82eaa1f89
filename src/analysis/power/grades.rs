//! What power each principal has, by class: the strongest answer to any of the class's questions.

use super::graph::{Graph, Need, NodeId, NodeKind};
use super::levers::{self, Ground};
use super::routes::{Routes, Standing};
use super::universe::ActionId;
use crate::analysis::policy::Truth;
use crate::catalog::organization_paths::{Group, Path, Reaches, paths};
use crate::catalog::powers::{Class, Power, Probe, classes};
use crate::model::Text;

/// How far a power goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    #[default]
    No,
    /// It hangs on a condition that cannot be told.
    Conditional,
    /// On some resources.
    Somewhere,
    /// On every resource.
    Everywhere,
}

impl Grade {
    pub fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Conditional => "cannot tell",
            Self::Somewhere => "on some resources",
            Self::Everywhere => "yes",
        }
    }
}

/// One question of a class with its answer.
#[derive(Clone, Debug)]
pub struct Shown {
    pub probe: &'static Probe,
    pub grade: Grade,
    pub need: Need,
    /// Preconditions that could not be told.
    pub open: Vec<String>,
}

/// Levers by their place in the catalogue, a bit each, so that two ways to act can be put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Levers(u64);

impl Levers {
    fn of<'a>(held: impl Iterator<Item = &'a levers::Lever>) -> Self {
        let place = |path: &Path| paths().iter().position(|known| known.id == path.id);
        Self(held.filter_map(|lever| place(lever.path)).fold(0, |bits, place| bits | 1 << place))
    }
}

/// The powers of a principal in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    grades: [Grade; Power::ALL.len()],
    /// Levers over the organization that are certainly held, and those that may be.
    levers: Levers,
    open_levers: Levers,
    /// Where the gravest lever that is certainly held leads.
    pub gravest: Option<Reaches>,
}

impl Profile {
    pub fn of(graph: &Graph, routes: &Routes, ground: &Ground, who: NodeId) -> Self {
        let mut profile = Self::default();
        let held = levers::held_by(graph, ground, who);
        let certain = || held.iter().filter(|lever| lever.truth == Truth::Yes);
        profile.levers = Levers::of(certain());
        profile.open_levers = Levers::of(held.iter().filter(|lever| lever.truth != Truth::Yes));
        profile.gravest = certain().map(|lever| lever.path.reaches).min();
        for class in classes() {
            profile.grades[class.power as usize] = match class.power {
                Power::Admin => match routes.of_node(who) {
                    Standing::Admin(Truth::Yes) => Grade::Everywhere,
                    Standing::Admin(_) => Grade::Conditional,
                    _ => Grade::No,
                },
                _ => grade(graph, ground, who, class),
            };
        }
        // What the levers reach is power over the organization too.
        let control = |group| matches!(group, Group::OrganizationControl | Group::IdentityCenter);
        let best = held.iter().filter(|lever| control(lever.path.group)).map(|lever| lever.truth).max();
        let organization = &mut profile.grades[Power::OrganizationControl as usize];
        *organization = (*organization).max(match best {
            Some(Truth::Yes) => Grade::Somewhere,
            Some(Truth::Unknown) => Grade::Conditional,
            Some(Truth::No) | None => Grade::No,
        });
        profile
    }

    /// How many levers are certainly held.
    pub fn levers(&self) -> u32 {
        self.levers.0.count_ones()
    }

    /// How many more may be.
    pub fn open_levers(&self) -> u32 {
        (self.open_levers.0 & !self.levers.0).count_ones()
    }

    pub fn grade(&self, power: Power) -> Grade {
        self.grades[power as usize]
    }

    /// The powers of two ways to act, together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            grades: std::array::from_fn(|n| self.grades[n].max(other.grades[n])),
            levers: Levers(self.levers.0 | other.levers.0),
            open_levers: Levers(self.open_levers.0 | other.open_levers.0),
            gravest: [self.gravest, other.gravest].into_iter().flatten().min(),
        }
    }

    /// `admin`, or the powers held with those that hang on conditions marked: `iam trail? data read`.
    pub fn words(&self) -> String {
        let all = Power::ALL.into_iter().filter(|power| self.grade(*power) != Grade::No);
        let word = |power: Power| {
            let open = if self.grade(power) == Grade::Conditional { "?" } else { "" };
            format!("{}{open}", short(power))
        };
        let words: Vec<String> = match self.grade(Power::Admin) {
            Grade::Everywhere => vec![word(Power::Admin)],
            _ => all.map(word).collect(),
        };
        words.join(" ")
    }

    /// The gravest power that is certainly held.
    pub fn strongest(&self) -> Option<Power> {
        Power::ALL.into_iter().find(|power| self.grade(*power) > Grade::Conditional)
    }
}

/// A power in a word that fits a column.
pub fn short(power: Power) -> &'static str {
    match power {
        Power::Admin => "admin",
        Power::OrganizationControl => "org",
        Power::IamControl => "iam",
        Power::RootRecovery => "root",
        Power::TrailControl => "trail",
        Power::BillingControl => "billing",
        Power::Data => "data",
        Power::Read => "read",
    }
}

fn grade(graph: &Graph, ground: &Ground, who: NodeId, class: &'static Class) -> Grade {
    let mut best = Grade::No;
    for probe in &class.probes {
        let Some(action) = ActionId::of(probe.action) else { continue };
        let node = graph.node(who);
        let root = node.kind == NodeKind::Root;
        if !root && node.summary.nowhere.contains(action) {
            continue;
        }
        // What is not allowed everywhere would add nothing to what is allowed somewhere.
        if best == Grade::Somewhere && !root && probe.on.is_empty() && !node.summary.everywhere.contains(action) {
            continue;
        }
        if let Some(shown) = ask(graph, ground, who, action, probe) {
            best = best.max(shown.grade);
        }
        if best == Grade::Everywhere {
            break;
        }
    }
    best
}

fn ask(graph: &Graph, ground: &Ground, who: NodeId, action: ActionId, probe: &'static Probe) -> Option<Shown> {
    let (needed, open) = ground.hold_all(&probe.needs);
    if needed == Truth::No {
        return None;
    }
    let (truth, resource) = if probe.on.is_empty() {
        graph.somewhere(who, action)
    } else {
        let needs: Vec<_> = probe.needs.iter().collect();
        let targets = probe.on.iter().flat_map(|template| ground.expand(template, &needs));
        targets.map(|one| (graph.permits(who, action, &one), Text::new(&one))).max_by_key(|(truth, _)| *truth)?
    };
    let grade = match truth.and(needed) {
        Truth::No => return None,
        Truth::Unknown => Grade::Conditional,
        Truth::Yes if resource == "*" || !probe.on.is_empty() => Grade::Everywhere,
        Truth::Yes => Grade::Somewhere,
    };
    Some(Shown { probe, grade, need: Need { who, action, resource, keys: Vec::new(), into: None }, open })
}

/// Every question of a class that is answered with anything but no, the strongest first.
pub fn shown(graph: &Graph, ground: &Ground, who: NodeId, class: &'static Class) -> Vec<Shown> {
    let mut all: Vec<Shown> =
        class.probes.iter().filter_map(|probe| ask(graph, ground, who, ActionId::of(probe.action)?, probe)).collect();
    all.sort_by_key(|shown| std::cmp::Reverse(shown.grade));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lever_has_a_bit_and_two_ways_to_act_hold_each_once() {
        assert!(paths().len() <= 64);
        let one = Profile { levers: Levers(0b0011), open_levers: Levers(0b0100), ..Profile::default() };
        let other = Profile { levers: Levers(0b0110), open_levers: Levers(0b1001), ..Profile::default() };
        let both = one.and(other);
        assert_eq!((both.levers(), both.open_levers()), (3, 1));
    }
}
