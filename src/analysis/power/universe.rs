//! The actions that matter: every one that a way to more power, a lever over the organization or a class of power asks
//! about. Each has a number, so that what a statement says of all of them fits into a few words of bits.

use std::collections::HashMap;
use std::ops::{BitAnd, BitOr, Not};
use std::sync::LazyLock;

use crate::catalog::escalation::Raise;
use crate::catalog::{actions, escalation, organization_paths, powers};

/// An action's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(u16);

impl ActionId {
    /// As AWS writes it: `iam:PassRole`.
    pub fn name(self) -> &'static str {
        UNIVERSE.actions[usize::from(self.0)].0
    }

    /// In lower case.
    pub fn lower(self) -> &'static str {
        &UNIVERSE.actions[usize::from(self.0)].1
    }

    /// It takes no resource: only a statement with `*` grants it (Service Authorization Reference).
    pub fn takes_only_star(self) -> bool {
        UNIVERSE.only_star.contains(self)
    }

    /// None: nothing asks about this action.
    pub fn find(name: &str) -> Option<Self> {
        UNIVERSE.by_name.get(&*name.to_ascii_lowercase()).copied()
    }

    /// Of a name that stands in one of the catalogues: the same answer as [`Self::find`], without reading the name.
    pub fn of(name: &'static str) -> Option<Self> {
        UNIVERSE.by_address.get(&name.as_ptr().addr()).copied().or_else(|| Self::find(name))
    }

    pub fn all() -> impl Iterator<Item = Self> {
        (0..u16::try_from(UNIVERSE.actions.len()).expect("it fits, as a test shows")).map(Self)
    }
}

struct Universe {
    actions: Vec<(&'static str, String)>,
    by_name: HashMap<String, ActionId>,
    /// By where the name stands in memory: each place of a catalogue that names an action.
    by_address: HashMap<usize, ActionId>,
    only_star: ActionSet,
}

static UNIVERSE: LazyLock<Universe> = LazyLock::new(|| {
    let mut universe = Universe {
        actions: Vec::new(),
        by_name: HashMap::new(),
        by_address: HashMap::new(),
        only_star: ActionSet::default(),
    };
    let ways = escalation::paths().iter().flat_map(|path| path.required.iter().copied());
    let levers = organization_paths::paths()
        .iter()
        .flat_map(|path| path.alternatives.iter())
        .flat_map(|one| one.actions.iter().copied());
    let classes = powers::classes().iter().flat_map(|class| class.probes.iter().map(|probe| probe.action));
    let raises = Raise::ALL.iter().map(|how| how.action());
    for name in EXTRA.iter().copied().chain(raises).chain(ways).chain(levers).chain(classes) {
        let lower = name.to_ascii_lowercase();
        if !universe.by_name.contains_key(&lower) {
            let id = ActionId(u16::try_from(universe.actions.len()).expect("it fits, as a test shows"));
            universe.actions.push((name, lower.clone()));
            universe.by_name.insert(lower.clone(), id);
            if actions::find(name).is_some_and(|action| action.takes_only_star()) {
                universe.only_star.insert(id);
            }
        }
        let id = universe.by_name[&lower];
        universe.by_address.insert(name.as_ptr().addr(), id);
    }
    universe
});

/// What the code asks about by name.
const EXTRA: &[&str] =
    &["sts:AssumeRole", "iam:PassRole", "s3:GetObject", "iam:DeleteAccessKey", "iam:DeletePolicyVersion"];

const WORDS: usize = 8;

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionSet([u64; WORDS]);

impl ActionSet {
    /// More actions than this do not fit.
    pub const MOST: usize = WORDS * 64;

    pub fn all() -> Self {
        !Self::default()
    }

    pub fn insert(&mut self, action: ActionId) {
        self.0[usize::from(action.0) / 64] |= 1 << (action.0 % 64);
    }

    pub fn contains(&self, action: ActionId) -> bool {
        self.0[usize::from(action.0) / 64] & (1 << (action.0 % 64)) != 0
    }

    pub fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    pub fn iter(&self) -> impl Iterator<Item = ActionId> + '_ {
        ActionId::all().filter(|action| self.contains(*action))
    }
}

impl FromIterator<ActionId> for ActionSet {
    fn from_iter<T: IntoIterator<Item = ActionId>>(actions: T) -> Self {
        let mut set = Self::default();
        actions.into_iter().for_each(|action| set.insert(action));
        set
    }
}

impl BitOr for ActionSet {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }
}

impl BitAnd for ActionSet {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] & other.0[n]))
    }
}

impl Not for ActionSet {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_place_in_a_set() {
        assert!(ActionId::all().count() <= ActionSet::MOST);
        let last = ActionId::all().last().expect("there are some");
        let set: ActionSet = [last].into_iter().collect();
        assert!(set.contains(last) && set.iter().eq([last]));
        assert_eq!(ActionId::find("IAM:passrole").map(ActionId::name), Some("iam:PassRole"));
    }
}
