//! The counterfactual: this account's own calls, replayed against the SCPs and RCPs that bind another place of the
//! organization. What they would have denied there is the price of working in the one account that they do not bind.
//!
//! What is pretended and what is left out stands in `docs/elsewhere.md`. Events are put into groups of which one answer
//! holds (`groups`, by what `interest` finds that could decide), each is asked once for each place (`request`, `bounds`),
//! and answers are kept.

mod bounds;
mod calls;
mod groups;
mod interest;
pub mod place;
mod replay;
mod request;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use super::{Activity, Assessment};
use crate::model::{Ask, Facts, Status, Text};
use bounds::Library;
use groups::Groups;
use interest::Keys;
use request::Principals;

pub use calls::CallRow;
pub use place::{Place, beginning};
pub use replay::{Outcome, Reasons, Replay};

/// How many places' answers are kept.
const KEPT: usize = 32;

/// The events in groups, and the answers of the places that were asked about last.
#[derive(Debug, Default)]
pub struct Elsewhere {
    library: Library,
    groups: Groups,
    keys: Keys,
    principals: Principals,
    /// By what was typed, the latest last.
    kept: Mutex<Vec<(String, Arc<Replay>)>>,
    /// The place that the overview speaks of.
    chosen: Option<Arc<Replay>>,
}

impl Elsewhere {
    pub fn of(facts: &Facts, activity: &Activity) -> Self {
        let library = Library::of(facts);
        if library.all.is_empty() {
            return Self::default();
        }
        let own = facts.subject_account();
        let groups = Groups::of(&facts.events, &activity.order, &library, own.as_ref());
        let (keys, principals) = (Keys::of(&library), request::principals(facts));
        let mut all = Self { library, groups, keys, principals, ..Self::default() };
        all.chosen = all.choose(facts);
        all
    }

    /// The units under which active accounts work and that policies of the organization's own bind, those with most policies
    /// first.
    fn places(&self, facts: &Facts) -> Vec<Place> {
        let mut places: Vec<(usize, usize, Place)> = Vec::new();
        for place in place::units(facts) {
            let active = |id: &&crate::model::AccountId| facts.accounts.get(*id).is_some_and(|a| a.state == "ACTIVE");
            let accounts = place.accounts(facts).filter(active).count();
            let policies = self.library.bounds(&place).own_policies().len();
            if accounts > 0 && policies > 0 {
                places.push((policies, accounts, place));
            }
        }
        places.sort_by(|a, b| (b.0, b.1, a.2.id()).cmp(&(a.0, a.1, b.2.id())));
        places.into_iter().map(|(.., place)| place).collect()
    }

    /// The place whose answers tell most. One that lets nothing pass, a quarantine, is no place to work.
    fn choose(&self, facts: &Facts) -> Option<Arc<Replay>> {
        let replays = self.places(facts).into_iter().map(|place| Arc::new(self.replay(facts, place)));
        replays.into_iter().find(|replay| replay.events(Outcome::Denied) == 0 || replay.events(Outcome::Passes) > 0)
    }

    fn replay(&self, facts: &Facts, place: Place) -> Replay {
        Replay::of(self, facts, place)
    }

    /// How many groups the events make.
    pub fn groups(&self) -> usize {
        self.groups.all.len()
    }

    pub fn chosen(&self) -> Option<&Arc<Replay>> {
        self.chosen.as_ref()
    }
}

/// What a place was called, and what came of it there.
type Kept = (String, Arc<Replay>);

impl Assessment {
    /// The replay at a place, by its id or name.
    ///
    /// # Errors
    /// There is no such place, or what would have to be known was not read.
    pub fn replay(&self, text: &str) -> Result<Arc<Replay>, String> {
        let all = &self.elsewhere;
        if let Some(why) = unread(&self.facts) {
            return Err(why);
        }
        if all.library.all.is_empty() {
            return Err("the organization has no SCPs and no RCPs".to_owned());
        }
        let known = |kept: &Vec<Kept>, is: &dyn Fn(&Kept) -> bool| {
            kept.iter().find(|one| is(one)).map(|(_, replay)| Arc::clone(replay))
        };
        // What a panic elsewhere left is whole: entries are added in one step.
        let lock = || all.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(replay) = known(&lock(), &|(name, _)| name == text) {
            return Ok(replay);
        }
        let place = place::find(&self.facts, text)?;
        let same = |replay: &Arc<Replay>| replay.place == place;
        let found = known(&lock(), &|(_, replay)| same(replay)).or_else(|| all.chosen.clone().filter(same));
        let replay = found.unwrap_or_else(|| Arc::new(all.replay(&self.facts, place.clone())));
        let mut kept = lock();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((text.to_owned(), Arc::clone(&replay)));
        Ok(replay)
    }

    /// The replays of some units, those with most policies first, and how many units are left out.
    pub fn replays(&self) -> (Vec<Arc<Replay>>, usize) {
        let places = self.elsewhere.places(&self.facts);
        let some = places.iter().take(COMPARED).filter_map(|place| self.replay(place.id()).ok());
        (some.collect(), places.len().saturating_sub(COMPARED))
    }
}

/// How many units are compared: each is a replay.
const COMPARED: usize = 20;

/// Why nothing can be replayed at all: never a zero over policies that were not read.
pub fn unread(facts: &Facts) -> Option<String> {
    let read = |ask: Ask| matches!(facts.coverage.status(ask), Status::Complete | Status::Partial);
    let bind = |kind: &Text| *kind == *"SERVICE_CONTROL_POLICY" || *kind == *"RESOURCE_CONTROL_POLICY";
    if !facts.policies.values().any(|policy| bind(&policy.kind)) && !read(Ask::Policies) {
        let needs = "organizations:ListPolicies, organizations:DescribePolicy and organizations:ListTargetsForPolicy";
        return Some(format!("the organization's policies were not read: needs {needs}"));
    }
    if facts.roots.is_empty() && facts.units.is_empty() && !read(Ask::Tree) {
        let needs = "organizations:ListRoots and organizations:ListOrganizationalUnitsForParent";
        return Some(format!("the organizational units were not read: needs {needs}"));
    }
    None
}
