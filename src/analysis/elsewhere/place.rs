//! Places of the organization where work could have been done instead: the root, an organizational unit, an account.

use std::collections::BTreeSet;

use crate::model::{AccountId, Ask, Facts, Status, Text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    Root,
    Unit,
    Account,
}

impl PlaceKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Unit => "organizational unit",
            Self::Account => "account",
        }
    }
}

/// The root, a unit or an account on the way to a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub id: Text,
    pub name: Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub kind: PlaceKind,
    /// The root first, the place itself last: policies of each bind it.
    pub path: Vec<Step>,
    /// False: how the place hangs on the root is not known.
    pub whole: bool,
}

impl Place {
    pub fn id(&self) -> &Text {
        &self.itself().id
    }

    pub fn name(&self) -> &Text {
        &self.itself().name
    }

    fn itself(&self) -> &Step {
        self.path.last().expect("a place stands at the end of its own path")
    }

    /// Accounts at or below it, without the management account.
    pub fn accounts<'a>(&'a self, facts: &'a Facts) -> impl Iterator<Item = &'a AccountId> + 'a {
        let below = move |account: &&AccountId| {
            facts.management_account() != Some(*account)
                && (account.text() == self.id()
                    || facts
                        .parent_of(account)
                        .is_some_and(|parent| way(facts, parent).0.iter().any(|s| s.id == *self.id())))
        };
        facts.accounts.keys().filter(below)
    }

    /// `Workloads/Prod`, or the name alone right below the root.
    pub fn words(&self) -> String {
        let below: Vec<&str> = self.path.iter().skip(1).map(|step| step.name.as_str()).collect();
        if below.is_empty() { self.name().to_string() } else { below.join("/") }
    }

    fn of_unit(facts: &Facts, id: &Text) -> Self {
        let (path, whole) = way(facts, id);
        let kind = if facts.roots.contains_key(id) { PlaceKind::Root } else { PlaceKind::Unit };
        Self { kind, path, whole }
    }

    fn of_account(facts: &Facts, id: &AccountId) -> Self {
        let (mut path, whole) = facts.parent_of(id).map_or_else(Default::default, |parent| way(facts, parent));
        let name = facts.accounts.get(id).map(|account| account.name.clone()).unwrap_or_default();
        path.push(Step { id: id.text().clone(), name });
        Self { kind: PlaceKind::Account, path, whole }
    }
}

/// The steps from the root to a unit, and whether they begin with a root.
fn way(facts: &Facts, id: &Text) -> (Vec<Step>, bool) {
    let (mut path, mut at, mut seen) = (Vec::new(), id, BTreeSet::new());
    let mut whole = false;
    while seen.insert(at) {
        if let Some(root) = facts.roots.get(at) {
            path.push(Step { id: at.clone(), name: root.name.clone() });
            whole = true;
            break;
        }
        let Some(unit) = facts.units.get(at) else {
            path.push(Step { id: at.clone(), name: at.clone() });
            break;
        };
        path.push(Step { id: at.clone(), name: unit.name.clone() });
        at = &unit.parent;
    }
    path.retain(|step| !step.id.is_empty());
    path.reverse();
    (path, whole)
}

/// The roots and units, each as a place.
pub fn units(facts: &Facts) -> Vec<Place> {
    facts.roots.keys().chain(facts.units.keys()).map(|id| Place::of_unit(facts, id)).collect()
}

/// A place by id or name.
///
/// # Errors
/// There is no such place, or more than one; or it is the management account, which no policy binds.
pub fn find(facts: &Facts, text: &str) -> Result<Place, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a unit or account is needed, by id or name".to_owned());
    }
    let is = |id: &str, name: &str| id == text || name.eq_ignore_ascii_case(text);
    let roots = facts.roots.values().filter(|root| is(&root.id, &root.name)).map(|root| &root.id);
    let units = facts.units.values().filter(|unit| is(&unit.id, &unit.name)).map(|unit| &unit.id);
    let mut found: Vec<Place> = roots.chain(units).map(|id| Place::of_unit(facts, id)).collect();
    let accounts = facts.accounts.values().filter(|account| is(account.id.as_str(), &account.name));
    found.extend(accounts.map(|account| Place::of_account(facts, &account.id)));
    match &found[..] {
        [] => {
            let whole = [Ask::Tree, Ask::Accounts].iter().all(|&ask| facts.coverage.status(ask) == Status::Complete);
            let known = if whole { "" } else { ", as far as the organization could be read" };
            Err(format!("there is no unit or account `{text}`{known}"))
        }
        [place] if facts.management_account().is_some_and(|id| id.text() == place.id()) => {
            Err("SCPs and RCPs never bind the management account: name another place".to_owned())
        }
        [_] => Ok(found.remove(0)),
        [first, second, ..] => {
            Err(format!("`{text}` is more than one place, {} and {}: give the id", first.id(), second.id()))
        }
    }
}

/// Words that name a place and begin so, for completion.
pub fn beginning(facts: &Facts, text: &str) -> Vec<String> {
    let management = facts.management_account();
    let units = facts.roots.values().map(|root| &root.name).chain(facts.units.values().map(|unit| &unit.name));
    let accounts = facts.accounts.values().filter(|a| Some(&a.id) != management).map(|account| &account.name);
    let begins = |name: &&Text| name.to_lowercase().starts_with(&text.to_lowercase());
    units.chain(accounts).filter(begins).map(ToString::to_string).collect()
}
